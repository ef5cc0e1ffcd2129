"""The standard workbook, built from the description of its tables: never by hand.

    python -m rebate_udfs.hosts.template      builds workbook_templates/rebates.xlsx and docs/data-dictionary.md

One Excel table a sheet with blank rows ready to fill: drop-downs, formats, hints, a frozen header, a page to print.
Ids and periods are text (@), so that 00123 and 2026-03 stay what was typed. Equal content gives equal bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import xlsxwriter

from ..columns import BY_NAME, SETTINGS, TABLES
from ..describe import Column, Table
from . import look
from .analysis import Host, write_analysis
from .dictionary import HEADERS, dictionary_page, dictionary_rows, hint_of
from .sheets import Book
from .shown import name_terms, show_numbers
from .start import write_start

BLANK_ROWS = {"Settings": 0, "Programs": 50, "Tiers": 150, "Transactions": 200, "Ledger": 50}
BLANK_ROWS_DEFAULT = 100
SPARE_ROWS = 20  # below a sample's rows, to try something
REFERENCE_ROWS = 5000  # of the id column that a drop-down offers
LIST_LIMIT, HINT_LIMIT, HINT_TITLE_LIMIT = 255, 255, 32  # characters, Excel's own limits of a validation
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
MOST = 10**15  # a number of more digits is not exact in a cell
TEMPLATE_VERSION = "1"  # goes up when a table or a column of the description changes its meaning
CREATED = datetime(2026, 1, 1)
LEFT = {"align": "left", "indent": 1}
TEXT_KINDS = ("text", "id", "choice", "yes_no", "list")
Rows = Sequence[Mapping[str, Any]]


def write_template(
    path: str | os.PathLike[str], *, sample: Mapping[str, Rows] | None = None, book_id: str = "", analysis: Host | None = None
) -> None:
    """Write the standard workbook; `sample` fills tables: table name -> rows by column header; `book_id` is the book's own mark.

    `analysis` adds the sheet Analysis with formulas spelled for that host; the figures stored in it are those of the sample.
    Values are text, Decimal, int or date, None or absent for an empty cell. Raises ValueError for a table or a column
    that the description does not have.
    """
    filled = dict(sample or {})
    filled["Settings"] = [*_marks(book_id), *filled.get("Settings", ())]
    unknown = [name for name in filled if name not in BY_NAME]
    if unknown:
        raise ValueError(f"no such table: {', '.join(unknown)}")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(os.fspath(path), options)
    workbook.set_properties({"title": "Rebates", "created": CREATED})
    workbook.set_calc_mode("auto")
    book = Book(workbook, "Rebates", "", "Standard workbook")
    write_start(book)
    if analysis is not None:
        write_analysis(book, filled, analysis)
    for table in TABLES:
        _TableSheet(book, table, filled.get(table.name, ())).write()
    _dictionary(book)
    name_terms(book)
    workbook.close()


class _TableSheet:
    """One table of the workbook on its sheet, its header in the first row."""

    def __init__(self, book: Book, table: Table, rows: Rows) -> None:
        self.book, self.table = book, table
        self.rows = _settings_rows(rows) if table.name == "Settings" else list(rows)
        blank = SPARE_ROWS if rows else BLANK_ROWS.get(table.name, BLANK_ROWS_DEFAULT)
        self.last = len(self.rows) + (0 if table.name == "Settings" else blank)
        self.sheet = book.workbook.add_worksheet(table.name)

    def write(self) -> None:
        headers = {column.header for column in self.table.columns}
        unknown = {header for row in self.rows for header in row} - headers
        if unknown:
            raise ValueError(f"{self.table.name} has no column {', '.join(sorted(unknown))}")
        for index, column in enumerate(self.table.columns):
            self._column(index, column)
        show_numbers(self.book, self.sheet, self.table, self.last)
        self.sheet.add_table(0, 0, self.last, len(self.table.columns) - 1, self._options())
        self.sheet.set_row(0, 33)
        self.sheet.freeze_panes(1, 2 if self.table.name in ("Programs", "Distributors", "Products") else 1)
        self.sheet.hide_gridlines(2)
        self.sheet.set_tab_color(look.TAB_REFERENCE if self.table.name == "Ledger" else look.TAB_INPUT)
        look.page(self.sheet, self.book.name, 0, "Input")

    def _options(self) -> dict[str, Any]:
        columns = [{"header": column.header, "header_format": self._header(column)} for column in self.table.columns]
        return {"name": self.table.excel_name, "columns": columns, "style": None, "autofilter": True}

    def _header(self, column: Column) -> Any:
        """Required columns have a dark header; the hint of every cell below says so in words."""
        colors = {"bg_color": look.ACCENT, "font_color": "#FFFFFF"} if column.required else {"bg_color": look.BAND}
        side = LEFT if column.kind in TEXT_KINDS else {"align": "right"}
        return self.book.format(bold=True, valign="vcenter", text_wrap=True, bottom=2, bottom_color=look.ACCENT, **colors, **side)

    def _column(self, index: int, column: Column) -> None:
        number_format = column.number_format if column.number_format != "General" else ""
        base = {"num_format": number_format} if number_format else {}
        side = LEFT if column.kind in TEXT_KINDS else {}
        fill = {"font_color": look.INPUT_TEXT, "bg_color": look.INPUT_FILL, "border": 1, "border_color": look.LINE, "locked": False}
        cell = self.book.format(**base, **side, **fill)
        whole = self.book.format(font_color=look.INPUT_TEXT, locked=False, **base, **side)  # also below the table: pasted rows
        self.sheet.set_column(index, index, self._width(column), whole)
        for number in range(1, self.last + 1):
            value = self.rows[number - 1].get(column.header) if number <= len(self.rows) else None
            self._cell(number, index, column, value, cell)
        if self.last and self.table.name != "Settings":
            self.sheet.data_validation(1, index, self.last, index, validation(column))

    def _width(self, column: Column) -> int:
        if self.table.name == "Settings":
            return max(column.width, 46 if column.header == "Value" else 0)
        shown = [look.shown_length(row.get(column.header), column.kind, 2) for row in self.rows[:500]]
        return min(44, max([column.width, *shown]))

    def _cell(self, row: int, index: int, column: Column, value: Any, cell: Any) -> None:
        if self.table.name == "Settings":
            self._setting(row, index, value, cell)
        elif value is None or value == "":
            self.sheet.write_blank(row, index, None, cell)
        else:
            write_value(self.sheet, row, index, value, cell)

    def _setting(self, row: int, index: int, value: Any, cell: Any) -> None:
        """A row of Settings: its name stands there already, its value has that setting's own format and drop-down."""
        setting = SETTINGS[row - 1]
        if index == 0:
            self.sheet.write_string(row, 0, setting.header, self.book.format(bold=True, bottom=1, bottom_color=look.LINE))
            return
        number_format = {} if setting.number_format == "General" else {"num_format": setting.number_format}
        fill = {"font_color": look.INPUT_TEXT, "bg_color": look.INPUT_FILL, "border": 1, "border_color": look.LINE, "locked": False}
        style = self.book.format(align="left", **number_format, **fill)
        if value is None or value == "":
            self.sheet.write_blank(row, 1, None, style)
        else:
            write_value(self.sheet, row, 1, value, style)
        self.sheet.data_validation(row, 1, row, 1, validation(setting))
        self.sheet.write_string(row, 3, hint_of(setting), self.book.format(font_color=look.MUTED, italic=True))


def _marks(book_id: str) -> list[Mapping[str, Any]]:
    """The settings that the product fills in itself."""
    marks = {"Template Version": TEMPLATE_VERSION, "Book ID": book_id}
    return [{"Setting": name, "Value": value} for name, value in marks.items()]


def _settings_rows(rows: Rows) -> list[Mapping[str, Any]]:
    """Every setting in its order, with the value given for it."""
    given = {str(row.get("Setting", "")): row.get("Value") for row in rows}
    unknown = set(given) - {setting.header for setting in SETTINGS}
    if unknown:
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
    return [{"Setting": setting.header, "Value": given.get(setting.header)} for setting in SETTINGS]


def write_value(sheet: Any, row: int, column: int, value: Any, style: Any) -> None:
    """A value into a cell: text as text, whatever it begins with; numbers and dates as such."""
    if isinstance(value, bool):
        sheet.write_string(row, column, "Yes" if value else "No", style)
    elif isinstance(value, int | float | Decimal | Fraction):
        sheet.write_number(row, column, float(value), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)
    else:
        sheet.write_string(row, column, look.safe_text(str(value)), style)


def validation(column: Column) -> dict[str, Any]:
    """The data validation of a column: drop-down or bounds, the hint, and what a wrong entry is told.

    Other spellings and text that spells a number are read too, so a wrong entry is a question, not a wall; only
    Yes or No and bounds are strict.
    """
    rule: dict[str, Any] = {
        "input_title": column.header[:HINT_TITLE_LIMIT],
        "input_message": hint_of(column)[:HINT_LIMIT],
        "error_title": column.header[:HINT_TITLE_LIMIT],
        "ignore_blank": True,
    }
    if column.choices and len(",".join(column.choices)) <= LIST_LIMIT:
        strict = column.kind == "yes_no"
        told = (
            "Choose one from the list." if strict else "This is none of the list. Keep it only if you know that it is another name for one of them."
        )
        return {**rule, "validate": "list", "source": list(column.choices), "error_type": "stop" if strict else "warning", "error_message": told}
    if column.refers_to:
        source = f"='{column.refers_to}'!$A$2:$A${REFERENCE_ROWS}"  # every table that is referred to opens with its id
        return {**rule, "validate": "list", "source": source, "show_error": False}
    if column.kind == "date":
        told = "This is not a date. Type it as 2026-03-31."
        return {
            **rule,
            "validate": "date",
            "criteria": "between",
            "minimum": EARLIEST,
            "maximum": LATEST,
            "error_type": "warning",
            "error_message": told,
        }
    if column.kind in ("number", "money", "percent", "integer"):
        return {**rule, **_bounds(column)}
    return {**rule, "validate": "any"}


def _bounds(column: Column) -> dict[str, Any]:
    low = float(column.low) if column.low is not None else -MOST
    high = float(column.high) if column.high is not None else MOST
    if column.kind == "percent":
        told = "Type a percent, such as 4%."
    elif column.low is not None:
        upper = " on" if column.high is None else f" to {column.high}"
        told = f"Type a {'whole ' if column.kind == 'integer' else ''}number from {column.low}{upper}."
    else:
        told = "Type a number."
    kind = "integer" if column.kind == "integer" else "decimal"
    strict = column.low is not None or column.high is not None
    return {
        "validate": kind,
        "criteria": "between",
        "minimum": low,
        "maximum": high,
        "error_type": "stop" if strict else "warning",
        "error_message": told,
    }


def _dictionary(book: Book) -> None:
    """The grey sheet that says what every column means."""
    sheet = book.workbook.add_worksheet("Data Dictionary")
    rows = list(dictionary_rows())
    header = book.format(bold=True, valign="vcenter", bg_color=look.BAND, bottom=2, bottom_color=look.ACCENT)
    line = book.format(bottom=1, bottom_color=look.LINE, text_wrap=True)
    for number, row in enumerate(rows, start=1):
        for index, text in enumerate(row):
            sheet.write_string(number, index, text, line)
    columns = [{"header": text, "header_format": header} for text in HEADERS]
    sheet.add_table(0, 0, len(rows), len(HEADERS) - 1, {"name": "Data_Dictionary", "columns": columns, "style": None})
    for index, width in enumerate((16, 24, 10, 14, 40, 16, 70)):
        sheet.set_column(index, index, width)
    sheet.set_row(0, 24)
    sheet.freeze_panes(1, 2)
    sheet.hide_gridlines(2)
    sheet.set_tab_color(look.TAB_REFERENCE)
    look.page(sheet, book.name, 0, "Reference")


def build(root: Path) -> tuple[Path, Path]:
    """Build the template and the page of the docs below the root of a checkout; returns both."""
    workbook, page = root / "workbook_templates" / "rebates.xlsx", root / "docs" / "data-dictionary.md"
    write_template(workbook, analysis=Host.DESKTOP)
    page.write_text(dictionary_page(), encoding="utf-8", newline="\n")
    return workbook, page


if __name__ == "__main__":
    for built in build(Path(__file__).parents[2]):
        print(built)
