"""Entries written below the last row of the Ledger sheet as text: an element for each cell takes minutes and gigabytes for a large close.

Only where the sheet is as we left it, nothing below the rows that it shows; every other sheet goes the way of all appended rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name

from ..model import LedgerEntry
from ..package import CannotPatch, dump, parse
from . import look
from .append import MAX_SHEET_ROW, NOT_IN_XML, _Append

BEGIN, END, EMPTY = b"<sheetData>", b"</sheetData>", b"<sheetData/>"
ROW, CELL = re.compile(rb'<row\b[^>]*?\br="(\d+)"'), re.compile(rb'<c\b[^>]*?\br="([A-Z]+)\d+"[^>]*?\bs="(\d+)"')
FILLED = re.compile(rb"<(v|f|is)\b")
Writers = Sequence[tuple[str, str, Callable[[Any], str], str]]  # field, column, value -> the rest of the cell, style


def rows_behind(
    sheet: bytes, table: Any, shown: int, new: Sequence[LedgerEntry], make: Callable[[Any, Any], _Append], fields: Mapping[str, str]
) -> tuple[bytes, bytes] | None:
    """The sheet and its table with `new` behind the `shown` entries; None where something is not as we left it.

    `make` gives the table's place from the sheet and `table`, `fields` the entry's field of each header. Raises CannotPatch for a full sheet.
    """
    if sheet.count(BEGIN) != 1 or sheet.count(END) != 1:
        return None
    head, _, rest = sheet.partition(BEGIN)
    body, _, foot = rest.rpartition(END)
    job = make(parse(head + BEGIN + END + foot), table)
    start = job.top + 1 + shown  # rows from 0, as the table counts; in the file from 1
    parted = _parted(body, start)
    if parted is None or job.formulas:
        return None
    if start + len(new) >= MAX_SHEET_ROW:
        raise CannotPatch(f"the sheet of {job.name} has no room for {len(new):,} more rows")
    kept, last, below = parted
    styles = {name.decode(): f' s="{number.decode()}"' for name, number in CELL.findall(last if shown else below.partition(b"</row>")[0])}
    writers = _writers(job, fields, styles)
    made = "".join(_row(number, entry, writers) for number, entry in enumerate(new, start + 1))
    end = start + len(new) - 1
    if end > job.bottom:
        job._grow(end)
    left = next((below[match.start() :] for match in ROW.finditer(below) if int(match[1]) > end + 1), b"")
    shell = dump(job.sheet)
    if shell.count(EMPTY) != 1:
        return None
    return b"".join(_around(shell, kept, made.encode(), left)), dump(job.table)


def _around(shell: bytes, *parts: bytes) -> Sequence[bytes]:
    head, _, foot = shell.partition(EMPTY)
    return (head, BEGIN, *parts, END, foot)


def _parted(body: bytes, last_row: int) -> tuple[bytes, bytes, bytes] | None:
    """The rows to keep, the last of them, and the blank ones below `last_row` (from 1); None where those are not blank."""
    cut = len(body)
    while (at := body.rfind(b"<row", 0, cut)) >= 0:
        found = ROW.match(body, at)
        if found is None:
            return None
        if int(found[1]) <= last_row:
            break
        cut = at
    below = body[cut:]
    return None if FILLED.search(below) else (body[:cut], body[max(at, 0) : cut], below)


def _writers(job: _Append, fields: Mapping[str, str], styles: Mapping[str, str]) -> Writers:
    """How each column of the sheet that shows a field is written, from left to right."""
    places = sorted((job.columns[key], field) for header, field in fields.items() if (key := "".join(header.split()).casefold()) in job.columns)

    def day(value: datetime) -> str:
        days = datetime(value.year, value.month, value.day) - job.base
        return f"><v>{days.days}</v></c>"

    kinds: dict[str, Callable[[Any], str]] = {"posted_on": day}
    numbers = ("sequence", "amount", "rate", "base_amount")
    return [
        (field, xl_col_to_name(column), kinds.get(field, _number if field in numbers else _text), styles.get(xl_col_to_name(column), ""))
        for column, field in places
    ]


def _row(number: int, entry: LedgerEntry, writers: Writers) -> str:
    cells = [
        f'<c r="{column}{number}"{style}{write(value)}'
        for field, column, write, style in writers
        if (value := getattr(entry, field)) is not None and value != ""
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _number(value: int | Decimal) -> str:
    return f"><v>{value}</v></c>"


def _text(value: str) -> str:
    clean = escape(NOT_IN_XML.sub(" ", look.safe_text(str(value))))
    return f' t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'
