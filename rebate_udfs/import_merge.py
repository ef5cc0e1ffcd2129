"""Which rows of an export a book does not hold yet, so that an export that is read twice counts once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .check import KEYS
from .describe import Column, Table
from .imports import Imported, ImportedRow
from .model import Problem, Severity
from .parse import Cell, RawTable, Unreadable, is_blank, text_of, value_of
from .rows import match_columns


@dataclass(frozen=True, slots=True)
class Fresh:
    """The rows to append, how many the book holds already, and rows that contradict it."""

    rows: tuple[ImportedRow, ...]
    held: int
    problems: tuple[Problem, ...]


def new_rows(imported: Imported, book: RawTable | None) -> Fresh:
    """The rows whose key neither the book nor an earlier row of the export has.

    The key is that of the table (Transactions: Transaction ID); of a table without one the whole row. A row of a known
    key with other values in the columns that the export gives is an error: it is not appended, and the book's row stays.
    """
    table = imported.table
    columns = {column.header: column for column in table.columns}
    headers = key_of(table) or tuple(column.header for column in table.columns)
    known: dict[tuple[Any, ...], tuple[Mapping[str, Any], str]] = {}
    for number, held_row in _rows_of(book, table) if book else ():
        known.setdefault(_key(held_row, headers), (held_row, f"row {number} of {table.name}"))
    fresh: list[ImportedRow] = []
    problems: list[Problem] = []
    held = 0
    for row in imported.rows:
        cells = {header: _comparable(value, columns[header]) for header, value in row.cells.items()}
        key = _key(cells, headers)
        if key not in known:
            known[key] = (cells, f"row {row.row} of {imported.place}")
            fresh.append(row)
            continue
        before, where = known[key]
        differing = [header for header, value in cells.items() if before.get(header, _default(columns[header])) != value]
        if differing:
            said = " ".join(str(cells.get(header, "")) for header in headers)
            message = f"{' and '.join(headers)} {said} stands in {where} with another {', '.join(differing)}; the row is not appended."
            remedy = "Correct the one that is wrong; a change of the past is a new transaction."
            problems.append(Problem(Severity.ERROR, "DIFFERS_FROM_BOOK", imported.place, row.row, differing[0], message, remedy))
        else:
            held += 1
    return Fresh(tuple(fresh), held, tuple(problems))


def key_of(table: Table) -> tuple[str, ...]:
    """The headers that tell two rows of a table apart; () where only the whole row does."""
    if table.name == "Transactions":
        return ("Transaction ID",)
    fields = KEYS.get(table.name, ("", ()))[1] if table.name != "Payments" else ()
    return tuple(column.header for column in table.columns if column.field in fields)


def _rows_of(book: RawTable, table: Table) -> list[tuple[int, dict[str, Any]]]:
    positions = match_columns(book, table, [])
    found = []
    for number, cells in book.rows:
        row = {
            column.header: _comparable(cells[at], column)
            for column in table.columns
            if (at := positions.get(column.field)) is not None and at < len(cells) and not is_blank(cells[at])
        }
        if row:
            found.append((number, row))
    return found


def _key(row: Mapping[str, Any], headers: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row.get(header) for header in headers)


def _comparable(cell: Cell, column: Column) -> Any:
    try:
        return value_of(cell, column)
    except Unreadable:
        return text_of(cell)


def _default(column: Column) -> Any:
    return _comparable(column.default, column) if column.default else None
