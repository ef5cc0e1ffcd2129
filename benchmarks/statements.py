"""Statements beside the same cells written by bare XlsxWriter; and two processes beside one.

Run: python -m benchmarks.statements [STATEMENTS]. Ours goes from a statement as a value to the bytes of a signed workbook: sentences,
what-if, drop-downs, conditional formats and seal. The bare version writes the same cells (text, numbers, formulas with their values,
formats, column widths) that were recorded from it, and nothing else. Both are the least processor time of several tries. The second
part writes a folder of so many statements with one process and with two; it says something only where nothing else runs.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import xlsxwriter

from benchmarks.measuring import seconds
from rebate_udfs.audit import verdicts
from rebate_udfs.hosts import statements as hosts
from rebate_udfs.hosts.statement_book import OPTIONS, workbook_bytes
from rebate_udfs.hosts.statement_sample import sample_run
from rebate_udfs.model import Run
from rebate_udfs.statement import Recipient, Statement, statements

KEY = b"k" * 32
TRIES = 5
FORMAT = ("num_format", "font_name", "font_size", "font_color", "bold", "italic", "text_wrap", "locked", "bottom", "top", "indent")
Cell = tuple[int, int, str, Any, Any, int]


def recorded(statement: Statement) -> tuple[list[tuple[str, dict[int, float], list[Cell]]], list[dict[str, Any]]]:
    """The cells of a statement's workbook by sheet, and its formats."""
    books: list[Any] = []
    close = xlsxwriter.Workbook.close

    def keep(self: Any) -> None:
        texts = sorted(self.str_table.string_table, key=self.str_table.string_table.__getitem__)
        places = {id(style): number for number, style in enumerate(self.formats)}
        widths = ({at: info.width for at, info in sheet.col_info.items()} for sheet in self.worksheets())
        books.append([(sheet.name, each, list(_cells(sheet, texts, places))) for sheet, each in zip(self.worksheets(), widths, strict=True)])
        books.append([{name: getattr(style, name) for name in FORMAT} for style in self.formats])
        close(self)

    with mock.patch.object(xlsxwriter.Workbook, "close", keep):
        workbook_bytes(statement, KEY)
    return books[0], books[1]


def _cells(sheet: Any, texts: Sequence[str], places: Mapping[int, int]) -> Iterator[Cell]:
    for row, cells in sorted(sheet.table.items()):
        for column, cell in sorted(cells.items()):
            kind = type(cell).__name__
            value = texts[cell.string] if kind == "String" else getattr(cell, "number", getattr(cell, "formula", None))
            yield row, column, kind, value, getattr(cell, "value", None), places.get(id(cell.format), -1)


def bare(sheets: Sequence[tuple[str, dict[int, float], list[Cell]]], formats: Sequence[dict[str, Any]]) -> bytes:
    """The same cells by XlsxWriter alone."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, OPTIONS)
    styles = [book.add_format({name: value for name, value in each.items() if value}) for each in formats]
    for name, widths, cells in sheets:
        sheet = book.add_worksheet(name)
        for column, width in widths.items():
            sheet.set_column_pixels(column, column, width)
        for row, column, kind, value, result, style in cells:
            form = styles[style] if style >= 0 else None
            if kind == "String":
                sheet.write_string(row, column, value, form)
            elif kind == "Number":
                sheet.write_number(row, column, value, form)
            elif kind == "Formula":
                sheet.write_formula(row, column, f"={value}", form, result)
            else:
                sheet.write_blank(row, column, None, form)
    book.close()
    return target.getvalue()


def processor(work: Callable[[], object]) -> float:
    """The processor time of this process that a piece of work takes: what else runs meanwhile hardly changes it."""
    started = time.process_time()
    work()
    return time.process_time() - started


def folder_of(copies: Sequence[Statement], found: Run, jobs: int) -> int:
    """Write so many statements into a folder."""
    people = tuple(Recipient(each.participant_id, each.participant_name, each.participant_id) for each in copies)
    with (
        TemporaryDirectory() as folder,
        mock.patch.object(hosts, "statements", lambda *_: iter(copies)),
        mock.patch.object(hosts, "recipients", lambda *_: people),
    ):
        return len(hosts.make_statements(found, Path(folder), jobs=jobs, verdicts=lambda _: (), signing_key=KEY))


def main() -> None:
    """Print both ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    found = sample_run()
    told = list(statements(found, lambda ids: verdicts(found, ids)))
    records = [recorded(statement) for statement in told]
    ours = plain = float("inf")
    for _ in range(TRIES):  # by turns, so that what else runs meanwhile slows both
        ours = min(ours, processor(lambda: [workbook_bytes(statement, KEY) for statement in told]))
        plain = min(plain, processor(lambda: [bare(*record) for record in records]))
    cells = sum(len(sheet[2]) for record in records for sheet in record[0])
    print(f"{len(told)} statements, {cells:,} cells: {1000 * ours / len(told):.0f} ms each, bare XlsxWriter {1000 * plain / len(told):.0f} ms: "
          f"{ours / plain:.2f} x")  # fmt: skip
    copies = [replace(told[number % len(told)], participant_id=f"D-{number:05d}") for number in range(count)]
    one, two = (seconds(lambda jobs=jobs: folder_of(copies, found, jobs))[0] for jobs in (1, 2))
    print(f"{count} statements with one process {one:.1f} s, with two {two:.1f} s: {one / two:.2f} x faster")


if __name__ == "__main__":
    main()
