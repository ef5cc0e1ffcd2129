"""Raw tables to typed rows, cell by cell; every cell that cannot be read becomes a problem with its place and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .columns import BY_NAME, SETTINGS
from .describe import Column, Table
from .model import Problem, Row, Settings, Severity
from .parse import Cell, RawTable, Unreadable, is_blank, is_total, shown, text_of, value_of
from .words import key

# Tables whose rows stay in the book whatever is wrong with them, because a later check answers each row with its own code
ANSWERED_LATER = frozenset({"Claims"})
REFERENCE_KEPT = frozenset({"Claims", "Ledger"})


@dataclass(slots=True)
class Parsed:
    """What became of one table: the rows that can be read, and the values of those that cannot (as far as they go)."""

    table: Table
    rows: list[Any] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0


def problem(code: str, table: str, row: int | None, column: str | None, message: str, remedy: str, **more: Any) -> Problem:
    """A problem; an error unless `severity` says otherwise."""
    return Problem(more.pop("severity", Severity.ERROR), code, table, row, column, message, remedy, **more)


def match_columns(raw: RawTable, table: Table, problems: list[Problem]) -> dict[str, int]:
    """field -> position of its column; unknown columns are ignored, a second column of one header is a problem."""
    known = {key(column.header): column for column in table.columns}
    found: dict[str, int] = {}
    for position, header in enumerate(raw.headers):
        column = known.get(key(text_of(header).rstrip("*")))
        if column is None:
            continue
        if column.field in found:
            message = f"The header {column.header} stands twice; the first column is read."
            remedy = "Rename or remove the second column."
            problems.append(problem("DUPLICATE_COLUMN", table.name, raw.header_row, column.header, message, remedy))
            continue
        found[column.field] = position
    return found


def missing_columns(raw: RawTable, table: Table, positions: Mapping[str, int]) -> list[Problem]:
    """One problem for each required column that a table has not."""
    return [
        problem("MISSING_COLUMN", table.name, raw.header_row or None, column.header,
                f"Table {table.name} has no column {column.header}, so none of its rows can be used.",
                f"Add a column with the header {column.header}.")
        for column in table.columns if column.required and column.field not in positions
    ]  # fmt: skip


def data_rows(raw: RawTable, table: Table, positions: Mapping[str, int], problems: list[Problem]) -> Iterator[tuple[int, list[Cell]]]:
    """The rows that hold data: blank ones are skipped, total rows too, with a note."""
    required = [positions[column.field] for column in table.columns if column.required and column.field in positions]
    for number, cells in raw.rows:
        if all(is_blank(cell) for cell in cells):
            continue
        if is_total(cells) and any(is_blank(cell_at(cells, position)) for position in required):
            message, remedy = "The row is a total and is not read.", "Nothing, if it is one; else fill in its ids."
            problems.append(problem("TOTAL_ROW", table.name, number, None, message, remedy, severity=Severity.WARNING))
            continue
        yield number, cells


def cell_at(cells: Sequence[Cell], position: int) -> Cell:
    """A cell of a row that may be shorter than the headers."""
    return cells[position] if position < len(cells) else None


def parse_table(raw: RawTable, problems: list[Problem]) -> Parsed:
    """All rows of one table, typed. A row with an unreadable or missing cell is left out, with one problem a cell."""
    table = BY_NAME[raw.name]
    parsed = Parsed(table)
    positions = match_columns(raw, table, problems)
    missing = missing_columns(raw, table, positions)
    problems.extend(missing)
    columns = [(column, positions[column.field]) for column in table.columns if column.field in positions]
    for number, cells in data_rows(raw, table, positions, problems):
        parsed.read += 1
        values, wrong = _parse_row(number, cells, columns, table, raw.date_1904)
        problems.extend(wrong)
        fatal = missing or any(one.severity is Severity.ERROR for one in wrong)
        if fatal:
            parsed.failed.append({**values, "row": number})
        elif table.row_model is not None:
            parsed.rows.append(table.row_model(row=number, **values))
    return parsed


def _parse_row(
    number: int, cells: Sequence[Cell], columns: Sequence[tuple[Column, int]], table: Table, date_1904: bool
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    wrong: list[Problem] = []
    needed = {name for name, info in table.row_model.model_fields.items() if info.is_required()} if table.row_model else set()
    for column, position in columns:
        cell = cell_at(cells, position)
        later = table.name in ANSWERED_LATER and column.field not in needed
        severity = Severity.WARNING if later else Severity.ERROR
        if is_blank(cell):
            if column.required and not later:
                message, remedy = f"{column.header} is empty.", f"Fill in {column.header}: {column.hint}"
                wrong.append(problem("EMPTY_CELL", table.name, number, column.header, message, remedy))
            continue
        try:
            values[column.field] = value_of(cell, column, date_1904)
        except Unreadable as error:
            wrong.append(problem(error.code, table.name, number, column.header, error.message, error.remedy, severity=severity))
    return values, wrong


def parse_settings(raw: RawTable | None, problems: list[Problem]) -> Settings:
    """The settings; one that is unknown is a warning, one that cannot be read is an error and keeps its default."""
    if raw is None:
        return Settings()
    table = BY_NAME["Settings"]
    positions = match_columns(raw, table, problems)
    missing = missing_columns(raw, table, positions)
    problems.extend(missing)
    if missing:
        return Settings()
    known = {key(column.header): column for column in SETTINGS}
    values: dict[str, Any] = {}
    for number, cells in raw.rows:
        name, cell = cell_at(cells, positions["setting"]), cell_at(cells, positions["value"])
        if is_blank(name):
            continue
        column = known.get(key(text_of(name)))
        if column is None:
            message, remedy = f"There is no setting {shown(name)}; the row is ignored.", "Check its spelling against the list of settings."
            problems.append(problem("UNKNOWN_SETTING", "Settings", number, "Setting", message, remedy, severity=Severity.WARNING))
        elif column.field in values:
            message, remedy = f"The setting {column.header} stands twice; the first one counts.", "Remove one of the two rows."
            problems.append(problem("DUPLICATE_SETTING", "Settings", number, "Setting", message, remedy))
        elif not is_blank(cell):
            try:
                values[column.field] = value_of(cell, column, raw.date_1904)
            except Unreadable as error:
                message = f"{column.header}: {error.message} The default counts{' (' + column.default + ')' if column.default else ''}."
                problems.append(problem(error.code, "Settings", number, "Value", message, error.remedy))
    return Settings(**values)


def left_out(row: Row | Mapping[str, Any], field_name: str) -> Any:
    """A field of a row or of what could be read of one."""
    return row.get(field_name, "") if isinstance(row, Mapping) else getattr(row, field_name)
