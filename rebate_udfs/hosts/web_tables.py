"""Tables between the workbook that the add-in reads and the actions: sent ranges to raw tables, result tables to cells.

A result table crosses as values with a number format, an alignment and a width for each column; the JavaScript writes them
and knows nothing of rebates. Texts are marked as such there, so that none becomes a formula, a date or a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..actions import Addition
from ..model import Chart, Problem, ResultColumn, ResultTable, Run, Settings, Severity
from ..parse import Cell, RawTable, is_blank
from ..tables import BY_NAME
from ..version import VERSION
from . import look
from . import web_wire as wire
from .reading import HEADER_ROWS, find_header_row
from .sheets import FREEZE, KEY_COLUMNS, NUMERIC, WIDEST

MOST_ROWS = 200_000  # of a result table over the wire; the command line writes more
PIXELS_A_CHARACTER, PADDING = 7, 12
NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Sent:
    """A range as the add-in read it: whose table, where it stands (from 0), and whether it is an Excel table."""

    name: str
    sheet: str
    row: int
    column: int
    is_table: bool
    cells: list[list[Cell]]


def raw_tables(sent: Sequence[Sent], date_1904: bool) -> tuple[list[RawTable], list[Problem]]:
    """The standard tables among sent ranges, and what is wrong with them as such."""
    found, problems = [], []
    for one in sent:
        described = BY_NAME.get(one.name)
        if described is None or not any(not is_blank(cell) for row in one.cells for cell in row):
            continue
        header = 0 if one.is_table else find_header_row(described, one.cells[:HEADER_ROWS])
        if header is None:
            needed = ", ".join(column.header for column in described.columns if column.required)
            message = f"Sheet {one.sheet} has no row with the headers of {one.name} ({needed})."
            problems.append(Problem(Severity.ERROR, "MISSING_HEADER", one.name, None, None, message, "Put the headers into one row above the data."))
            continue
        left: list[Cell] = [None] * one.column  # so that a column's letters are those of the sheet
        data = [(one.row + number + 1, left + cells) for number, cells in enumerate(one.cells) if number > header]
        filled = [row for row in data if any(not is_blank(cell) for cell in row[1])]
        found.append(RawTable(one.name, one.sheet, left + one.cells[header], one.row + header + 1, filled, date_1904))
    return found, problems


def result(table: ResultTable, run: Run | None, date_1904: bool = False, settings: Settings | None = None) -> dict[str, Any]:
    """A result table as the add-in writes it: title, notes, columns with formats and widths, rows of plain cells.

    A table that is about no run, such as the preview of an import, follows the `settings` of the workbook.
    """
    rows = table.rows[:MOST_ROWS]
    notes = [*table.notes]
    if len(rows) < len(table.rows):
        notes.append(f"The first {MOST_ROWS:,} of {len(table.rows):,} rows; the command line writes all of them.")
    settings = run.tables.settings if run else settings or Settings()
    of_run = (f"as of {run.as_of.isoformat()}", f"run {run.run_id}") if run else ()
    about = " · ".join(filter(None, (settings.company, *of_run, f"version {VERSION}")))
    return {
        "name": table.name,
        "table": "Result_" + table.name.replace(" ", "_").replace("-", "_"),
        "title": table.title,
        "notes": [about, *notes],
        "columns": [_column(index, column, rows, look.date_format(settings.date_format)) for index, column in enumerate(table.columns)],
        "rows": [[_cell(value, column, date_1904) for value, column in zip(row, table.columns, strict=True)] for row in rows],
        "freeze": min(FREEZE.get(table.name, KEY_COLUMNS), len(table.columns)),
        "tab": look.TAB_PROBLEM if table.name == "Check" and table.rows else look.TAB_RESULT,
        "chart": _chart(table.chart, table.columns, date_1904) if table.chart else None,
    }


def addition(rows: Addition, date_1904: bool = False) -> dict[str, Any]:
    """New rows of an input table as the add-in appends them: the columns that they fill, with the formats of a table of our own."""
    described = BY_NAME[rows.table]
    used = {header for row in rows.rows for header in row}
    columns = [column for column in described.columns if column.header in used]
    return {
        "name": rows.table,
        "table": described.excel_name,
        "columns": [{"header": column.header, "format": column.number_format, "right": column.kind in NUMERIC} for column in columns],
        "rows": [[_plain(row.get(column.header), date_1904) for column in columns] for row in rows.rows],
    }


def _plain(value: Any, date_1904: bool) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    shown = wire.shown(value, date_1904)
    return look.safe_text(shown) if isinstance(shown, str) else shown


def _chart(chart: Chart, columns: Sequence[ResultColumn], date_1904: bool) -> dict[str, Any]:
    """The short list below the table and its chart; `columns` are the places (from 0) of the table's columns under which it stands."""
    at = {column.field: place for place, column in enumerate(columns)}
    places = [at[field] for field in chart.fields]
    return {
        "kind": chart.kind,
        "title": chart.title,
        "heading": chart.heading,
        "columns": places,
        "rows": [[_cell(value, columns[place], date_1904) for value, place in zip(row, places, strict=True)] for row in chart.rows],
        "labels": [look.safe_text(label) for label in chart.labels],
        "values": [at[field] for field in chart.values],
        "axisEnd": float(chart.axis_end) if chart.axis_end is not None else None,
    }


def _column(index: int, column: ResultColumn, rows: Sequence[tuple[Any, ...]], date_format: str) -> dict[str, Any]:
    values = [row[index] for row in rows if row[index] is not None]
    places = _places(column, values)
    words = max((len(word) for word in column.header.split()), default=0)
    shown = max((look.shown_length(_words(value), column.kind, places) for value in values[:300]), default=0)
    characters = min(WIDEST, max(NARROWEST, words + 4, -(-len(column.header) // 2) + 3, shown) + 1)
    formats = {"money": look.money_format(places), "number": look.money_format(places), "integer": "#,##0", "percent": look.percent_format(places),
               "date": date_format}  # fmt: skip
    return {
        "header": column.header,
        "field": column.field,
        "kind": column.kind,
        "format": formats.get(column.kind, "@"),
        "right": column.kind in NUMERIC,
        "wrap": column.kind == "text",
        "width": characters * PIXELS_A_CHARACTER + PADDING,
        "total": column.total,
        "bar": column.bar,
    }


def _places(column: ResultColumn, values: Sequence[Any]) -> int:
    if column.kind == "money":
        return max((-int(value.as_tuple().exponent) for value in values if isinstance(value, Decimal)), default=2)
    if column.kind == "percent":
        return 1 if column.bar else max((_few(look.places_of(Fraction(value) * 100, 5)) for value in values), default=0)
    if column.kind == "number":
        return look.column_places(values, 4)
    return 0


def _few(places: int, most: int = 4) -> int:
    """Places of a percent; a computed fraction without end has two."""
    return places if places <= most else 2


def _cell(value: Any, column: ResultColumn, date_1904: bool) -> Any:
    if column.kind == "link" and value:
        sheet, cell = value
        return {"text": _words(value), "sheet": sheet, "cell": cell}
    return _plain(value, date_1904)


def _words(value: Any) -> Any:
    """A link's words: a cell by its address, a whole row by its number, a table by its name."""
    if not isinstance(value, tuple):
        return value
    sheet, cell = value
    first, _, last = cell.partition(":")
    return f"{sheet} row {first}" if first == last else sheet if cell == "A1" else f"{sheet} {cell}"
