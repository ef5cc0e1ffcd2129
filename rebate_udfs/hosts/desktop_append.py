"""Rows below the last ones of the tables of an open workbook: all of them, or the workbook stays as it was.

The table grows. New rows look like the last one: its formats, its validations and the formulas of calculated columns are
copied down, then the values are written over. What was appended can be taken back as long as nobody has changed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..actions import Addition
from ..describe import Table
from ..model import Refused
from ..parse import is_blank
from ..tables import BY_NAME
from ..words import key
from . import look, rows_below
from .desktop_cells import rows_of, serial
from .desktop_write import CELLS_A_CALL, STYLE, quiet

MAX_SHEET_ROW = 1_048_576
AS_TEXT = "@"
FORMULA_STARTS = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Appended:
    """What was written where: rows of the sheet from 1, both ends included; `bottom` is where the table ended before."""

    sheet: str
    table: str
    first: int
    last: int
    bottom: int
    cells: tuple[tuple[Any, ...], ...]  # as they were read back
    made_table: bool = False

    @property
    def words(self) -> str:
        """Where the rows are, for a person."""
        return rows_below.rows_in_words(self.first, self.last)


def append(book: Any, additions: Sequence[Addition], is_1904: bool, windows: bool) -> list[Appended]:
    """Append the rows of each addition to its table; a standard table that is missing is made on a sheet of its own.

    Raises Refused, before anything is written, where there is no room or the table cannot grow. When Excel fails on the
    way, what was written is taken out again before the failure goes on.
    """
    done: list[_Job] = []
    jobs = [_Job(book, BY_NAME[one.table], one.rows, is_1904, windows) for one in additions]
    with quiet(book.app):
        try:
            for job in jobs:
                done.append(job)
                job.write()
        except BaseException:
            for job in reversed(done):
                job.clear()
            raise
    return [job.appended() for job in jobs]


def take_back(book: Any, appended: Sequence[Appended], windows: bool) -> None:
    """Take out again what `append` has written. Raises Refused, before anything is taken out, where it was changed since."""
    found = [(one, _table_of(book, one)) for one in appended]
    for one, table in found:
        area = _rows(table, one.first, one.last) if table is not None else None
        ends = table.range.row + table.range.shape[0] - 1 if table is not None else 0
        if area is None or ends != max(one.bottom, one.last) or _read(area, windows) != one.cells:
            raise Refused(f"The rows in {one.table} were changed since they were appended; nothing was taken back.")
    with quiet(book.app):
        for one, table in reversed(found):
            _clear(table, one.first, one.last, one.bottom)
            if one.made_table:
                book.sheets[one.sheet].delete()


class _Job:
    """The rows of one table: where they go and what stands there; nothing is written until `write`."""

    def __init__(self, book: Any, described: Table, rows: Sequence[Mapping[str, Any]], is_1904: bool, windows: bool) -> None:
        self.book, self.described, self.rows, self.is_1904, self.windows = book, described, rows, is_1904, windows
        self.table = _find(book, described)
        self.made = self.table is None
        if self.table is None:
            _refuse_taken_name(book, described)
            return
        self._place()

    def _place(self) -> None:
        area = self.table.range
        self.sheet, self.top, self.left = self.table.parent, area.row, area.column
        self.bottom, self.right = self.top + area.shape[0] - 1, self.left + area.shape[1] - 1
        headers = rows_of(self.sheet.range((self.top, self.left), (self.top, self.right)), self.windows)[0]
        self.columns = rows_below.columns_of(headers)
        self._refuse()
        self.model, self.formulas = self._last_filled()
        self.start = (self.model or self.top) + 1
        self.end = self.start + len(self.rows) - 1
        rows_below.refuse_no_room(self.described.name, len(self.rows), self.end, MAX_SHEET_ROW)
        if self.end > self.bottom:
            below = rows_of(self.sheet.range((self.bottom + 1, self.left), (self.end, self.right)), self.windows)
            rows_below.refuse_what_is_below(self.described.name, below, self.bottom + 1)

    def _refuse(self) -> None:
        rows_below.refuse_unknown(self.described.name, self.rows, self.columns)
        if self.windows and self.sheet.api.ProtectContents:
            raise Refused(f"The sheet {self.sheet.name} is protected; take the protection off (Review) and try again. Nothing was written.")
        if self.table.show_totals:
            raise Refused(f"The table {self.described.name} has a total row; take it off (Table Design, Total Row) and try again.")

    def _last_filled(self) -> tuple[int | None, frozenset[int]]:
        """The last row that holds something, None for none, and the columns (from 0) that compute by a formula; those do not fill a row."""
        formulas = self._formulas(self.bottom)
        for number in range(self.bottom, self.top, -1000):
            first = max(self.top + 1, number - 999)
            cells = rows_of(self.sheet.range((first, self.left), (number, self.right)), self.windows)
            for back, row in enumerate(reversed(cells)):
                if any(not is_blank(cell) for at, cell in enumerate(row) if at not in formulas):
                    return number - back, formulas | self._formulas(number - back)
        return None, formulas

    def _formulas(self, row: int) -> frozenset[int]:
        found = self.sheet.range((row, self.left), (row, self.right)).formula
        cells = found[0] if isinstance(found, (tuple, list)) and found and isinstance(found[0], (tuple, list)) else found
        cells = cells if isinstance(cells, (tuple, list)) else (cells,)
        return frozenset(at for at, cell in enumerate(cells) if row > self.top and isinstance(cell, str) and cell.startswith("="))

    def write(self) -> None:
        if self.made:
            self.table = _make(self.book, self.described)
            self._place()
        model = self.model or self.top + 1
        if self.end > self.bottom:
            self.table.resize(self.sheet.range((self.top, self.left), (self.end, self.right)))
        first = max(self.start, model + 1)
        if first <= self.end:
            source = self.sheet.range((model, self.left), (model, self.right))
            source.copy(self.sheet.range((first, self.left), (self.end, self.right)))
        texts = [self.sheet.range((model, self.left + at)).number_format == AS_TEXT for at in range(self.right - self.left + 1)]
        for run in rows_below.neighbours(self.rows, self.columns, self.formulas, self.right - self.left + 1):
            step = max(1, CELLS_A_CALL // len(run))
            for offset in range(0, len(self.rows), step):
                block = self.rows[offset : offset + step]
                values = [rows_below.by_column(row, self.columns) for row in block]
                cells = [[cell_for_excel(row.get(at), self.is_1904, texts[at]) for at in run] for row in values]
                top = self.start + offset
                self.sheet.range((top, self.left + run[0]), (top + len(block) - 1, self.left + run[-1])).value = cells

    def clear(self) -> None:
        """Nothing was appended: the blank rows are blank again, the table ends where it ended."""
        if self.made:
            for sheet in list(self.book.sheets):
                if sheet.name == self.described.name:
                    sheet.delete()
        elif self.table is not None:
            _clear(self.table, self.start, self.end, self.bottom)

    def appended(self) -> Appended:
        cells = _read(_rows(self.table, self.start, self.end), self.windows)
        return Appended(self.sheet.name, self.described.name, self.start, self.end, self.bottom, cells, self.made)


def cell_for_excel(value: Any, is_1904: bool, as_text: bool = False) -> Any:
    """A value as Excel keeps it literally: a day as its number, a text never as a formula.

    >>> cell_for_excel(date(2026, 3, 31), False), cell_for_excel(True, False), cell_for_excel("=1+1", False)
    (46112, 'Yes', "'=1+1")
    >>> cell_for_excel("00123", False, as_text=True), cell_for_excel(Decimal("1.50"), False)
    ('00123', 1.5)
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return serial(value, is_1904)
    if isinstance(value, (Decimal, Fraction)):
        return float(value)
    if isinstance(value, (int, float)):
        return value
    text = look.safe_text(str(value)).replace("\0", "")
    return text if as_text and not text.startswith(FORMULA_STARTS) else f"'{text}"


def _find(book: Any, described: Table) -> Any:
    name = key(described.excel_name)
    return next((table for sheet in book.sheets for table in sheet.tables if key(table.name) == name), None)


def _table_of(book: Any, one: Appended) -> Any:
    return _find(book, BY_NAME[one.table])


def _refuse_taken_name(book: Any, described: Table) -> None:
    if any(key(sheet.name) == key(described.name) for sheet in book.sheets):
        raise Refused(
            f"The sheet {described.name} holds no Excel table {described.excel_name} to append to: select its rows with the headers, "
            f"press Insert, Table, and name it so under Table Design. Nothing was written."
        )


def _make(book: Any, described: Table) -> Any:
    """A standard table on a sheet of its own, empty, with the formats of its columns."""
    sheet = book.sheets.add(described.name, after=book.sheets[len(book.sheets) - 1])
    width = len(described.columns)
    sheet.range((1, 1), (1, width)).value = [[column.header for column in described.columns]]
    for at, column in enumerate(described.columns, 1):
        sheet.range((2, at)).number_format = column.number_format
        sheet.range((1, at)).column_width = column.width
    return sheet.tables.add(source=sheet.range((1, 1), (2, width)), name=described.excel_name, has_headers=True, table_style_name=STYLE)


def _rows(table: Any, first: int, last: int) -> Any:
    area = table.range
    return table.parent.range((first, area.column), (last, area.column + area.shape[1] - 1))


def _read(area: Any, windows: bool) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, rows_of(area, windows)))


def _clear(table: Any, first: int, last: int, bottom: int) -> None:
    """Empty the rows of the table that were blank before, and give back those by which it grew."""
    area = table.range
    sheet, left, right = table.parent, area.column, area.column + area.shape[1] - 1
    if area.row + area.shape[0] - 1 > bottom:
        table.resize(sheet.range((area.row, left), (bottom, right)))
    if last > bottom:
        sheet.range((max(first, bottom + 1), left), (last, right)).clear()
    if first <= bottom:
        kept = sheet.range((first, left), (min(last, bottom), right))
        for at in range(left, right + 1):
            cell = sheet.range((first, at)).formula
            if not (isinstance(cell, str) and cell.startswith("=")):
                sheet.range((first, at), (kept.row + kept.shape[0] - 1, at)).clear_contents()
