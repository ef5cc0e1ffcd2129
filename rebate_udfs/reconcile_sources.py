"""The transactions of one source that is to be compared: a workbook's, an export's, or a list as somebody else keeps it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from .engines import FILE_KINDS, Engine, EngineError, scan_sql
from .model import Lines, Problem
from .parse import CannotRead, RawTable, is_blank, text_of
from .sources import from_files
from .transactions import Known, read_lines
from .words import key

NO_NEWS = ("UNKNOWN_SKU",)  # a list of sales knows no products
TEXT_IN_FILES = ("TEXT_DATE", "TEXT_NUMBER")  # in a CSV file everything is text
IDS = ("Transaction ID", "Distributor ID")
SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")


def read_source(raws: Sequence[RawTable], paths: Sequence[str | Path], engine: Engine, problems: list[Problem]) -> Lines:
    """The transactions of one source, whoever its distributors are. Raises CannotRead for a source without any table of them.

    A list without a column Transaction ID or Distributor ID gets one, so that a distributor's own list can be read.
    """
    sheets = [_with_ids(raw) for raw in raws if raw.name == "Transactions"]
    whole = []
    for path in paths:
        raw = _as_table(path, engine)
        if raw is None:
            whole.append(path)
        else:
            sheets.append(_with_ids(raw))
    known = {text_of(cells[at]) for raw in sheets for at in [_column(raw, "Distributor ID")] for _, cells in raw.rows if at < len(cells)}
    for source in from_files(whole, engine, []):
        known |= set(engine.query(f"SELECT DISTINCT distributor_id FROM {source.view}").column("distributor_id").to_pylist())
    found: list[Problem] = []
    lines = read_lines(sheets, whole, engine, Known(distributors=known), found)
    files = {raw.place for raw in sheets} - {raw.place for raw in raws}
    usual = {*NO_NEWS, *(TEXT_IN_FILES if files else ())}
    problems += [problem for problem in found if problem.code not in usual]
    if lines is None:
        missing = " ".join(dict.fromkeys(problem.message for problem in found if problem.code == "MISSING_COLUMN"))
        sentence = missing or "There are no transactions to compare."
        raise CannotRead(sentence, "Name a file or a workbook with a table Transactions, with headers as in the standard workbook.")
    return lines


def _as_table(path: str | Path, engine: Engine) -> RawTable | None:
    """A file that lacks an id, or whose days are spelled month first, as a table; None for others, and for what `from_files` will refuse."""
    file = Path(path)
    if not file.is_file() or file.suffix.casefold() not in FILE_KINDS or not file.stat().st_size:
        return None
    try:
        scan = scan_sql([file])
        headers = [str(one["column_name"]) for one in engine.query(f"DESCRIBE SELECT * FROM {scan}").to_pylist()]
        named = RawTable("Transactions", file.name, list(headers), 1)
        has_ids = all(_column(named, header) < len(headers) for header in IDS)
        table = engine.query(f"SELECT * FROM {scan}") if not has_ids or file.suffix.casefold() != ".parquet" else None
    except EngineError:
        return None
    if table is None:
        return None
    columns = [column.to_pylist() for column in table.columns]
    at = _column(named, "Invoice Date")
    ordered = in_one_order(columns[at]) if at < len(columns) else None
    if has_ids and ordered is None:
        return None
    if ordered is not None:
        columns[at] = ordered
    return replace(named, rows=list(enumerate(map(list, zip(*columns, strict=True)), 2)))


def in_one_order(cells: Sequence[Any]) -> list[Any] | None:
    """Days spelled like 04/03/2026, read in the order that the others of their column show; None where they show none, or both.

    >>> in_one_order(["04/03/2026", "04/25/2026"]), in_one_order(["04/03/2026"]), in_one_order(["25/04/2026", "04/25/2026"])
    ([datetime.date(2026, 4, 3), datetime.date(2026, 4, 25)], None, None)
    """
    spelled = {cell: found for cell in set(cells) if isinstance(cell, str) and (found := SLASHED.fullmatch(cell.strip()))}
    pairs = [(int(found[1]), int(found[3])) for found in spelled.values()]
    day_first, month_first = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    if day_first == month_first:
        return None
    known: dict[Any, date] = {}
    for cell, found in spelled.items():
        one, other = int(found[1]), int(found[3])
        day, month = (one, other) if day_first else (other, one)
        year = int(found[4])
        if year and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]:
            known[cell] = date(year, month, day)
    return [known.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]


def _column(raw: RawTable, header: str) -> int:
    return next((at for at, found in enumerate(raw.headers) if key(text_of(found).rstrip("*")) == key(header)), len(raw.headers))


def _with_ids(raw: RawTable) -> RawTable:
    """The table with a Transaction ID and a Distributor ID for each row."""
    headers = list(raw.headers)
    more = [header for header in IDS if _column(raw, header) == len(raw.headers)]
    width = len(headers)
    rows = [
        (number, [*cells, *[None] * (width - len(cells)), *(f"row {number}" if header == "Transaction ID" else "-" for header in more)])
        for number, cells in raw.rows
        if not all(is_blank(cell) for cell in cells)
    ]
    return RawTable(raw.name, raw.place, [*headers, *more], raw.header_row, rows, raw.date_1904)
