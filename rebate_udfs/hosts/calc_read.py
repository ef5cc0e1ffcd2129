"""The standard tables of an open LibreOffice document, read cell by cell as they stand there.

A table is a database range of its name (an Excel table becomes one), else the sheet of its name with a row of its headers
among the first rows: as in a file on disk. Nothing is imported from LibreOffice: the document brings its own methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..columns import TABLES
from ..describe import Table
from ..model import CellError, Problem, Severity
from ..parse import Cell, RawTable, is_blank, is_total
from ..words import key

CODES = {"#NULL!": 521, "#DIV/0!": 532, "#VALUE!": 519, "#REF!": 524, "#NAME?": 525, "#NUM!": 503, "#N/A": 32767}
NAMES = {code: name for name, code in CODES.items()}
HEADER_ROWS = 30
ERROR_RESULTS = 4  # com.sun.star.sheet.FormulaResult.ERROR
FIRST_YEARS = {1899: False, 1904: True}  # of the date systems that Excel has too
Rows = list[tuple[int, list[Cell]]]


class UnknownDates(ValueError):
    """A document counts dates in a way that we do not read: one sentence, with what to do."""


def cells(area: Any) -> list[list[Cell]]:
    """The cells of a range: None for an empty one, a CellError for an error."""
    rows = [[None if cell == "" else cell for cell in row] for row in area.getDataArray()]
    for row, column, error in _errors(area):
        rows[row][column] = error
    return rows


def _errors(area: Any) -> Iterator[tuple[int, int, CellError]]:
    """The error cells of a range, with row and column in it; only their own areas are looked at."""
    start = area.getRangeAddress()
    for found in area.queryFormulaCells(ERROR_RESULTS).getRangeAddresses():
        for row in range(found.StartRow - start.StartRow, found.EndRow - start.StartRow + 1):
            for column in range(found.StartColumn - start.StartColumn, found.EndColumn - start.StartColumn + 1):
                code = area.getCellByPosition(column, row).getError()
                if code:
                    yield row, column, error_of(code)


def error_of(number: int) -> CellError:
    """A Calc error code as an error of ours; codes that Excel does not know become #VALUE!.

    >>> error_of(532), error_of(504).code
    (CellError(code='#DIV/0!', message='The cell holds #DIV/0!.'), '#VALUE!')
    """
    name = NAMES.get(number)
    return CellError(name or "#VALUE!", f"The cell holds {name or f'Err:{number}'}.")


def counts_from_1904(document: Any) -> bool:
    """Whether a date is a number of days since 1904 in this document. Raises UnknownDates for a system that Excel does not have."""
    year = document.getPropertyValue("NullDate").Year
    if year not in FIRST_YEARS:
        raise UnknownDates(
            f"This document counts dates from {year}. Choose 12/30/1899 under Tools, Options, LibreOffice Calc, Calculate, and look at its dates."
        )
    return FIRST_YEARS[year]


def read_document(document: Any) -> tuple[list[RawTable], list[Problem]]:
    """The standard tables of a document and what is wrong with the tables as such; other sheets are not looked at."""
    return _Document(document).tables()


class _Document:
    """One open document: which range or sheet holds which table."""

    def __init__(self, document: Any) -> None:
        self.problems: list[Problem] = []
        self.date_1904 = counts_from_1904(document)
        sheets = document.getSheets()
        self.sheets = {key(name): sheets.getByName(name) for name in reversed(sheets.getElementNames())}
        self.by_index = [sheets.getByIndex(at) for at in range(sheets.getCount())]
        ranges = document.getPropertyValue("DatabaseRanges")
        self.ranges = {key(name): ranges.getByName(name).getDataArea() for name in ranges.getElementNames()}

    def tables(self) -> tuple[list[RawTable], list[Problem]]:
        """Every standard table that is there, in the order of the description."""
        found = []
        for table in TABLES:
            if (area := self.ranges.get(key(table.excel_name))) is not None:
                found.append(self._from_range(table, area))
            elif (sheet := self.sheets.get(key(table.name))) is not None and (raw := self._from_sheet(table, sheet)) is not None:
                found.append(raw)
        return found, self.problems

    def _from_range(self, table: Table, area: Any) -> RawTable:
        sheet = self.by_index[area.Sheet]
        last = max(_last_row(sheet), area.EndRow)
        rows = cells(sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, last))
        height = area.EndRow - area.StartRow + 1
        below = _numbered(rows[height:], area.EndRow + 2)
        first = next(iter(_filled(below)), None)
        if first is not None and first[0] == below[0][0] and not is_blank(first[1][0]) and not is_total(first[1]):
            message = f"The rows from {first[0]} on stand below the table {table.excel_name} on sheet {sheet.getName()} and are not part of it."
            remedy = f"Extend the range: Data, Define Range, {table.excel_name}."
            self.problems.append(Problem(Severity.WARNING, "ROWS_BELOW_TABLE", table.name, first[0], None, message, remedy))
        data = _filled(_numbered(rows[1:height], area.StartRow + 2))
        return RawTable(table.name, sheet.getName(), rows[0], area.StartRow + 1, data, self.date_1904)

    def _from_sheet(self, table: Table, sheet: Any) -> RawTable | None:
        rows = cells(sheet.getCellRangeByPosition(0, 0, _last_column(sheet), _last_row(sheet)))
        if not any(not is_blank(cell) for row in rows for cell in row):
            return None
        header = header_row(table, rows[:HEADER_ROWS])
        if header is None:
            wanted = ", ".join(column.header for column in table.columns if column.required)
            message = f"Sheet {sheet.getName()} has no row with the headers of {table.name} ({wanted})."
            remedy = "Put the headers into one row above the data."
            self.problems.append(Problem(Severity.ERROR, "MISSING_HEADER", table.name, None, None, message, remedy))
            return None
        data = _filled(_numbered(rows[header + 1 :], header + 2))
        return RawTable(table.name, sheet.getName(), rows[header], header + 1, data, self.date_1904)


def header_row(table: Table, rows: Sequence[Sequence[Cell]]) -> int | None:
    """The row (from 0) with the most headers of a table, the lowest of several; None when none has at least two of them."""
    known = {key(column.header) for column in table.columns}
    best, found = 2, None
    for number, row in enumerate(rows):
        matches = len({key(cell) for cell in row if isinstance(cell, str)} & known)
        if matches >= best:
            best, found = matches, number
    return found


def _numbered(rows: list[list[Cell]], first: int) -> Rows:
    return list(enumerate(rows, start=first))


def _filled(rows: Rows) -> Rows:
    return [row for row in rows if any(not is_blank(cell) for cell in row[1])]


def _last_row(sheet: Any) -> int:
    return int(_used(sheet).EndRow)


def _last_column(sheet: Any) -> int:
    return int(_used(sheet).EndColumn)


def _used(sheet: Any) -> Any:
    """The address of everything used on a sheet."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    return cursor.getRangeAddress()
