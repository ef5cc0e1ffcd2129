"""Rows below the last ones of the tables of an open LibreOffice document: all of them in one step of Undo, or none.

Rows go into blank rows of the table first; then its database range grows. New rows look like the last one: its formats,
validations and computed columns are filled down, then the values are written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..actions import Addition
from ..describe import Table
from ..model import Refused
from ..parse import is_blank
from ..tables import BY_NAME
from ..words import key
from . import calc_opened, rows_below
from .calc_read import HEADER_ROWS, header_row
from .calc_write import LAST_ROW, ROWS_AT_ONCE, WIDTH_OF_CHARACTER, OneStep, cell_for_calc

FORMULAS = 16  # com.sun.star.sheet.CellFlags.FORMULA
ROWS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Appended:
    """What was written where: rows of the sheet from 1, both ends included."""

    table: str
    first: int
    last: int

    @property
    def words(self) -> str:
        """Where the rows are, for a person."""
        return rows_below.rows_in_words(self.first, self.last)


def append(document: Any, additions: Sequence[Addition], title: str) -> list[Appended]:
    """Append the rows of each addition to its table; a standard table that is missing is made on a sheet of its own.

    Raises Refused, before anything is written, where there is no room or a column is missing. What fails on the way is undone.
    """
    jobs = [_Job(document, BY_NAME[one.table], one.rows) for one in additions]
    with OneStep(document, title):
        for job in jobs:
            job.write()
    calc_opened.refresh(document)  # a grown table is a new handle, also where a formula names the range and not its cells
    return [Appended(job.described.name, job.start + 1, job.end + 1) for job in jobs]


class _Job:
    """The rows of one table: where they go and what stands there (rows and columns from 0); nothing is written until `write`."""

    def __init__(self, document: Any, described: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        self.document, self.described, self.rows = document, described, rows
        null = document.getPropertyValue("NullDate")
        self.null_date = date(null.Year, null.Month, null.Day)
        self.range = _database_range(document, described)
        self.made = self.range is None and _sheet(document, described) is None
        if not self.made:
            self._place()

    def _place(self) -> None:
        self.sheet, self.top, self.left, self.bottom, self.right = self._area()
        headers = self._block(self.top, self.top)[0]
        self.columns = rows_below.columns_of(headers)
        self._refuse()
        self.formulas = self._formulas(self.bottom)
        filled = self._last_filled()
        self.model = filled if filled is not None else self.top + 1
        self.start = (self.top if filled is None else filled) + 1
        self.end = self.start + len(self.rows) - 1
        rows_below.refuse_no_room(self.described.name, len(self.rows), self.end, LAST_ROW)
        if self.end > self.bottom:
            rows_below.refuse_what_is_below(self.described.name, self._block(self.bottom + 1, self.end), self.bottom + 2)

    def _area(self) -> tuple[Any, int, int, int, int]:
        """The sheet of the table, and its first row and column and its last row and column."""
        if self.range is not None:
            area = self.range.getDataArea()
            return self.document.getSheets().getByIndex(area.Sheet), area.StartRow, area.StartColumn, area.EndRow, area.EndColumn
        sheet = _sheet(self.document, self.described)
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        used = cursor.getRangeAddress()
        shown = sheet.getCellRangeByPosition(0, 0, used.EndColumn, min(HEADER_ROWS, used.EndRow)).getDataArray()
        header = header_row(self.described, shown)
        if header is None:
            raise Refused(f"The sheet {sheet.getName()} has no row with the headers of {self.described.name} to append to. Nothing was written.")
        return sheet, header, 0, used.EndRow, used.EndColumn

    def _refuse(self) -> None:
        rows_below.refuse_unknown(self.described.name, self.rows, self.columns)
        if self.sheet.isProtected():
            raise Refused(f"The sheet {self.sheet.getName()} is protected; take the protection off and try again. Nothing was written.")

    def _block(self, first: int, last: int) -> Any:
        return self.sheet.getCellRangeByPosition(self.left, first, self.right, last).getDataArray()

    def _formulas(self, row: int) -> frozenset[int]:
        """The columns (from the table's first) that compute in a row; what they show fills no row."""
        if row <= self.top:
            return frozenset()
        found = self.sheet.getCellRangeByPosition(self.left, row, self.right, row).queryContentCells(FORMULAS).getRangeAddresses()
        return frozenset(at - self.left for area in found for at in range(area.StartColumn, area.EndColumn + 1))

    def _last_filled(self) -> int | None:
        for last in range(self.bottom, self.top, -ROWS_LOOKED_AT):
            first = max(self.top + 1, last - ROWS_LOOKED_AT + 1)
            for back, row in enumerate(reversed(self._block(first, last))):
                if any(not is_blank(cell) for at, cell in enumerate(row) if at not in self.formulas):
                    self.formulas |= self._formulas(last - back)
                    return last - back
        return None

    def write(self) -> None:
        """Fill down what the last row looks like and computes, write the values, let the table reach to them."""
        if self.made:
            self.range = _make(self.document, self.described)
            self._place()
        first = min(self.model, self.start)
        if first < self.end:
            self._fill_down(first)
        for run in rows_below.neighbours(self.rows, self.columns, self.formulas, self.right - self.left + 1):
            for offset in range(0, len(self.rows), ROWS_AT_ONCE):
                block = [rows_below.by_column(row, self.columns) for row in self.rows[offset : offset + ROWS_AT_ONCE]]
                top = self.start + offset
                area = self.sheet.getCellRangeByPosition(self.left + run[0], top, self.left + run[-1], top + len(block) - 1)
                area.setDataArray(tuple(tuple(cell_for_calc(row.get(at), self.null_date) for at in run) for row in block))
        if self.range is not None and self.end > self.bottom:
            area = self.range.getDataArea()
            area.EndRow = self.end
            self.range.setDataArea(area)

    def _fill_down(self, first: int) -> None:
        import uno

        down = uno.Enum("com.sun.star.sheet.FillDirection", "TO_BOTTOM")
        self.sheet.getCellRangeByPosition(self.left, first, self.right, self.end).fillAuto(down, 1)


def _database_range(document: Any, described: Table) -> Any:
    ranges = document.getPropertyValue("DatabaseRanges")
    found = next((name for name in ranges.getElementNames() if key(name) == key(described.excel_name)), None)
    return None if found is None else ranges.getByName(found)


def _sheet(document: Any, described: Table) -> Any:
    sheets = document.getSheets()
    found = next((name for name in sheets.getElementNames() if key(name) == key(described.name)), None)
    return None if found is None else sheets.getByName(found)


def _make(document: Any, described: Table) -> Any:
    """A standard table on a sheet of its own, empty, with the formats of its columns; returns its database range."""
    import uno

    sheets, formats = document.getSheets(), document.getNumberFormats()
    english = uno.createUnoStruct("com.sun.star.lang.Locale", "en", "US", "")
    sheets.insertNewByName(described.name, sheets.getCount())
    sheet = sheets.getByName(described.name)
    last = len(described.columns) - 1
    header = sheet.getCellRangeByPosition(0, 0, last, 0)
    header.setDataArray((tuple(column.header for column in described.columns),))
    header.setPropertyValue("CharWeight", 150.0)
    for at, column in enumerate(described.columns):
        found = formats.queryKey(column.number_format, english, False)
        number = found if found != -1 else formats.addNew(column.number_format, english)
        sheet.getCellByPosition(at, 1).setPropertyValue("NumberFormat", number)
        sheet.getColumns().getByIndex(at).setPropertyValue("Width", int(column.width * WIDTH_OF_CHARACTER))
    ranges = document.getPropertyValue("DatabaseRanges")
    ranges.addNewByName(described.excel_name, sheet.getCellRangeByPosition(0, 0, last, 1).getRangeAddress())
    made = ranges.getByName(described.excel_name)
    made.setPropertyValue("AutoFilter", True)
    return made
