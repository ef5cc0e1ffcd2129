"""Cells of Excel as Python knows them: what xlwings and COM hand over, and back.

Over COM an error is an integer (a number in a cell is always a float), an empty cell None.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from ..model import CellError

ERRORS = {
    2000: "#NULL!", 2007: "#DIV/0!", 2015: "#VALUE!", 2023: "#REF!", 2029: "#NAME?", 2036: "#NUM!", 2042: "#N/A",
}  # fmt: skip
ERROR_TEXTS = frozenset(ERRORS.values())
ERROR_MASK, ERROR_BASE = 0xFFFF0000, 0x800A0000  # what COM puts above the number of the error
EPOCH, DAYS_1904 = date(1899, 12, 30), 1462


def cell_of(value: Any) -> Any:
    """A cell's plain value; errors of Excel that the functions do not know are #VALUE!.

    >>> cell_of(-2146826246), cell_of(-2146826243), cell_of(4.0), cell_of(True)
    (CellError(code='#N/A', message='the cell holds #N/A'), CellError(code='#VALUE!', message='the cell holds an error'), 4.0, True)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value < 0 and value & ERROR_MASK == ERROR_BASE:
        code = ERRORS.get(value & 0xFFFF)
        return CellError(code or "#VALUE!", f"the cell holds {code or 'an error'}")
    return value


def cells_of(row: Iterable[Any]) -> list[Any]:
    """A row of cells; only whole numbers can be errors, and there are few of them."""
    return [cell_of(cell) if type(cell) is int else cell for cell in row]


def rows_of(area: Any, windows: bool) -> list[list[Any]]:
    """The cells of an xlwings range as rows; on Windows as Value2, so that nothing is rounded and dates are numbers."""
    values = area.api.Value2 if windows else area.options(ndim=2, err_to_str=True).value
    rows = values if isinstance(values, (tuple, list)) else ((values,),)
    if windows:
        return [cells_of(row) for row in rows]
    return [[CellError(cell, f"the cell holds {cell}") if cell in ERROR_TEXTS else cell for cell in row] for row in rows]


def serial(day: date, is_1904: bool = False) -> int:
    """The number of a day in a workbook's date system.

    >>> serial(date(2026, 3, 31)), serial(date(2026, 3, 31), True)
    (46112, 44650)
    """
    return (day - EPOCH).days - (DAYS_1904 if is_1904 else 0)
