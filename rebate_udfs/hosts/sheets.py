"""Result tables as sheets of an XlsxWriter workbook: one table a sheet, titled with its finding, ready to print.

A sheet is: the finding, whose book and which run, notes, then the table under a frozen header, its totals as native
SUBTOTAL formulas (so that they follow the filter) with the result stored. Text goes through `write_string` only, so
that nothing from outside becomes a formula. Money is exact until the cell: `float` appears in this module only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import xlsxwriter
from xlsxwriter.utility import quote_sheetname, xl_col_to_name, xl_range

from ..model import ResultColumn, ResultTable, Run
from . import look
from .charts import chart_below

NUMERIC = look.NUMERIC
MAX_ROWS = 1_000_000  # of one sheet; Excel ends at 1,048,576
MAX_LINKS = 60_000  # Excel ends at 65,530 links on a sheet
WIDEST, NARROWEST = 52, 7
WIDTH_SAMPLE = 300  # rows
FREEZE = {"Check": 2, "Journal": 2, "Explanation": 1, "Runs": 1}  # key columns; of other tables who and what
KEY_COLUMNS = 4
PRINTED = {"Attainment": "status"}  # the last column on paper, where all would print too small to read; the screen has all
SEVERITY_COLORS = {"Error": look.PROBLEM, "Warning": look.ATTENTION}
DEFAULT_STYLE = "Table Style Light 1"


@dataclass
class Book:
    """A workbook being written, with its formats by their properties, and what its footers say."""

    workbook: Any
    name: str
    about: str
    footer: str
    date_format: str = look.DATE_FORMAT
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **properties: Any) -> Any:
        """The format with these properties over the common font."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.workbook.add_format({**look.FONT, "valign": "top", **properties})
        return self.formats[key]


def open_book(path: str | os.PathLike[str], run: Run, name: str, *, date_1904: bool = False) -> Book:
    """A new workbook for the results of a run; `name` is what footers call the book. Close it with `book.workbook.close()`."""
    workbook = xlsxwriter.Workbook(
        os.fspath(path), {"date_1904": date_1904, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    workbook.set_properties({"created": datetime(2000, 1, 1), "title": "Rebates", "comments": f"Run {run.run_id}"})
    settings = run.tables.settings
    about = " · ".join(filter(None, (settings.company, f"as of {run.as_of.isoformat()}", f"run {run.run_id}", f"version {run.version}")))
    footer = f"Run {run.run_id} · as of {run.as_of.isoformat()}"
    return Book(workbook, name, about, footer, look.date_format(settings.date_format))


def write_tables(book: Book, tables: tuple[ResultTable, ...]) -> None:
    """One sheet for each table, in their order."""
    for table in tables:
        _Sheet(book, table).write()


class _Sheet:
    """One result table on its sheet."""

    def __init__(self, book: Book, table: ResultTable) -> None:
        self.book, self.table, self.rows = book, table, table.rows[:MAX_ROWS]
        self.sheet = book.workbook.add_worksheet(table.name)
        self.links = 0
        self.places = [self._places(index, column) for index, column in enumerate(table.columns)]

    def write(self) -> None:
        self.top = self._heading()
        self._cells()
        self._table()
        self._totals()
        self._bars()
        self._widths()
        keys = FREEZE.get(self.table.name, KEY_COLUMNS)
        self.sheet.freeze_panes(self.top + 1, min(keys, len(self.table.columns)))
        self.sheet.hide_gridlines(2)
        problem = self.table.name == "Check" and bool(self.table.rows)
        self.sheet.set_tab_color(look.TAB_PROBLEM if problem else look.TAB_RESULT)
        look.page(self.sheet, self.book.name, self.top, self.book.footer)
        end = chart_below(self.book, self.sheet, self.table, self.table.chart, self.bottom + 2) if self.table.chart else self.bottom
        if self.table.chart:
            place, style = f"A{self.bottom + 3}", self.book.format(font_color=look.POSITIVE, underline=1, font_size=9)
            words = f"{self.table.chart.heading}, and a chart: row {place[1:]}"
            self.sheet.write_url(self.top - 1, 0, f"internal:{quote_sheetname(self.table.name)}!{place}", style, words)
        self._paper(end)

    def _paper(self, end: int) -> None:
        """What is printed, where that is not all."""
        if (last := PRINTED.get(self.table.name)) is not None:
            fields = [column.field for column in self.table.columns]
            self.sheet.print_area(0, 0, end, fields.index(last))

    def _heading(self) -> int:
        """The finding, the run and the notes; returns the row of the table's header."""
        notes = list(self.table.notes)
        if len(self.rows) < len(self.table.rows):
            notes.append(f"The first {MAX_ROWS:,} of {len(self.table.rows):,} rows: a sheet holds no more. The others are in the JSON result.")
        self.sheet.set_row(0, 24)
        self.sheet.write_string(0, 0, look.safe_text(self.table.title), self.book.format(bold=True, font_size=15, valign="vcenter"))
        muted = self.book.format(font_color=look.MUTED, font_size=9)
        for row, text in enumerate([self.book.about, *notes], start=1):
            self.sheet.write_string(row, 0, look.safe_text(text), muted)
        return len(notes) + 3

    def _places(self, index: int, column: ResultColumn) -> int:
        if column.kind in ("number", "percent"):
            values = (row[index] for row in self.rows)
            if column.bar:
                return 1
            if column.kind == "percent":
                return max((look.places_of(Fraction(value) * 100, 4) for value in values if value is not None), default=0)
            return (
                look.column_places(values, 4)
                if column.field != "amount"
                else max(look.places_of(value, 4) for value in (*values, 0) if value is not None)
            )
        if column.kind == "money":
            return max((-int(row[index].as_tuple().exponent) for row in self.rows[:100] if isinstance(row[index], Decimal)), default=2)
        return 0

    def _cells(self) -> None:
        base = self.book.format(bottom=1, bottom_color=look.LINE)
        if not self.rows:
            self.sheet.write_string(self.top + 1, 0, "nothing to show", self.book.format(font_color=look.MUTED, italic=True))
        for index, column in enumerate(self.table.columns):
            write = self._writer(index, column)
            for number, row in enumerate(self.rows, start=self.top + 1):
                if row[index] is None or row[index] == "":
                    self.sheet.write_blank(number, index, None, base)
                else:
                    write(number, row[index])

    def _writer(self, index: int, column: ResultColumn) -> Any:
        """How the cells of a column are written, decided once for the column."""
        sheet, line = self.sheet, {"bottom": 1, "bottom_color": look.LINE}
        if column.kind in NUMERIC:
            default = self.book.format(num_format=self._number_format(column, self.places[index]), **line)
            if column.kind == "money" or column.field == "amount":
                return lambda row, value: sheet.write_number(row, index, float(value), self._money_format(column, value, default))
            if column.kind == "percent" and not column.bar:
                return lambda row, value: sheet.write_number(row, index, float(value), self._percent_format(value))
            return lambda row, value: sheet.write_number(row, index, float(value), default)
        if column.kind == "date":
            day = self.book.format(num_format=self.book.date_format, align="left", indent=1, **line)
            return lambda row, value: sheet.write_datetime(row, index, _moment(value), day)
        if column.kind == "link":
            return lambda row, value: self._link(row, index, value)
        if column.field == "severity":
            return lambda row, value: sheet.write_string(
                row, index, value, self.book.format(bold=True, font_color=SEVERITY_COLORS.get(value, look.INK), align="left", indent=1, **line)
            )
        text = self.book.format(num_format="@" if column.kind == "id" else "General", text_wrap=column.kind == "text", align="left", indent=1, **line)
        return lambda row, value: sheet.write_string(row, index, look.safe_text(_words(value)), text)

    def _number_format(self, column: ResultColumn, places: int) -> str:
        if column.kind == "percent":
            return look.percent_format(places)
        return "#,##0" if column.kind == "integer" else look.money_format(places)

    def _money_format(self, column: ResultColumn, value: Any, default: Any) -> Any:
        """The currency's own places, as columns may hold several; an explanation's rounded figure stands out among its steps."""
        if not isinstance(value, Decimal):
            return default
        places = max(-int(value.as_tuple().exponent), 0)
        bold = {"bold": True, "top": 1} if column.kind == "number" else {}
        return self.book.format(num_format=look.money_format(places), bottom=1, bottom_color=look.LINE, **bold)

    def _percent_format(self, value: Any) -> Any:
        """As many places as the rate needs; a computed fraction without end has two."""
        places = look.places_of(Fraction(value) * 100, 5)
        return self.book.format(num_format=look.percent_format(places if places < 5 else 2), bottom=1, bottom_color=look.LINE)

    def _link(self, row: int, index: int, place: tuple[str, str]) -> None:
        sheet, cell = place
        text = look.safe_text(_place_words(place))
        if self.links >= MAX_LINKS:
            self.sheet.write_string(row, index, text, self.book.format(bottom=1, bottom_color=look.LINE))
            return
        self.links += 1
        style = self.book.format(
            font_color=look.POSITIVE, underline=1, align="left", indent=1, bottom=1, bottom_color=look.LINE
        )  # green: to another sheet
        self.sheet.write_url(row, index, f"internal:{quote_sheetname(sheet)}!{cell}", style, text)

    def _table(self) -> None:
        self.bottom = self.top + max(1, len(self.rows))
        columns = []
        for column in self.table.columns:
            side = {"align": "right"} if column.kind in NUMERIC else {"align": "left", "indent": 1}
            header = self.book.format(
                bold=True, **side, valign="vcenter", text_wrap=True, bg_color=look.BAND, bottom=2, bottom_color=look.ACCENT, font_color=look.INK
            )
            columns.append({"header": column.header, "header_format": header})
        name = "Result_" + self.table.name.replace(" ", "_").replace("-", "_")
        options = {"name": name, "columns": columns, "style": DEFAULT_STYLE, "banded_rows": True}
        self.sheet.add_table(self.top, 0, self.bottom, len(columns) - 1, options)
        self.sheet.set_row(self.top, 33)

    def _totals(self) -> None:
        """Under the table, with a top border; SUBTOTAL 109 leaves out what the filter hides."""
        totals = [index for index, column in enumerate(self.table.columns) if column.total]
        if not totals or not self.rows:
            return
        row, border = self.bottom + 1, {"top": 1, "top_color": look.INK, "bold": True}
        for index in range(len(self.table.columns)):
            self.sheet.write_blank(row, index, None, self.book.format(**border))
        self.sheet.write_string(row, 0, "Total", self.book.format(align="left", indent=1, **border))
        for index in totals:
            column = self.table.columns[index]
            total = sum((Fraction(line[index]) for line in self.rows if line[index] is not None), Fraction(0))
            style = self.book.format(num_format=self._number_format(column, self.places[index]), **border)
            formula = f"=SUBTOTAL(109,{xl_range(self.top + 1, index, self.bottom, index)})"
            self.sheet.write_formula(row, index, formula, style, float(total))
        self.bottom = row

    def _bars(self) -> None:
        for index, column in enumerate(self.table.columns):
            if column.bar and self.rows:
                limits = {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
                bar = {"type": "data_bar", "data_bar_2010": True, "bar_color": "#9CC3E6", "bar_solid": True, **limits}
                self.sheet.conditional_format(self.top + 1, index, self.top + len(self.rows), index, bar)

    def _widths(self) -> None:
        for index, column in enumerate(self.table.columns):
            lengths = [look.shown_length(value, column.kind, self.places[index]) for value in self._longest(index, column)]
            longest_word = max(len(word) for word in column.header.split())
            header = max(longest_word, -(-len(column.header) // 2)) + 5  # headers wrap once; room for the filter's arrow, and a gap
            name = xl_col_to_name(index)
            self.sheet.set_column(f"{name}:{name}", min(WIDEST, max([NARROWEST, header, *lengths]) + 1))

    def _longest(self, index: int, column: ResultColumn) -> list[Any]:
        """What decides a column's width: of texts a sample, of numbers the largest, which a narrow cell would show as ####."""
        if column.kind not in NUMERIC:
            return [self._shown(row[index]) for row in self.rows[:WIDTH_SAMPLE]]
        numbers = [abs(row[index]) for row in self.rows if row[index] is not None]
        return [sum(numbers) if column.total else max(numbers)] if numbers else []

    def _shown(self, value: Any) -> Any:
        return _place_words(value) if isinstance(value, tuple) else value


def _place_words(place: tuple[str, str]) -> str:
    """A link's words: a cell by its address, a whole row by its number, a table by its name."""
    sheet, cell = place
    first, _, last = cell.partition(":")
    return f"{sheet} row {first}" if first == last else sheet if cell == "A1" else f"{sheet} {cell}"


def _words(value: Any) -> str:
    return ("Yes" if value else "No") if isinstance(value, bool) else str(value)


def _moment(value: date) -> datetime:
    return datetime(value.year, value.month, value.day)
