"""What happens to a spreadsheet with our functions when it is opened in LibreOffice, and on Activate Functions.

A handle in a saved file belongs to yesterday or to somebody else, so the cells that make one are computed anew. A file
from Excel may hold functions that this LibreOffice did not recognise: Activate Functions enters their formulas again, under
the plain names also where Excel on the web or an old LibreOffice wrote others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .desktop_formulas import plain_formula

SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"
OURS, HANDLE, UNDER_ANY_NAME = "REBATE_", "REBATE_BOOK(", "REBATE"
Spelling = Callable[[str], str]


def has_functions(document: Any) -> bool:
    """Whether a document is a spreadsheet in which one of our functions is used."""
    return bool(document.supportsService(SPREADSHEET)) and next(_cells(document, OURS), None) is not None


def refresh(document: Any) -> int:
    """Compute the handles anew, and with them what depends on them; the document does not count as changed by it."""
    return _enter_again(document, HANDLE)


def activate(document: Any) -> int:
    """Enter every formula with a function of ours again, under its plain name; returns how many formulas that were."""
    return _enter_again(document, OURS, plain_formula)


def _as_it_stands(formula: str) -> str:
    return formula


def _enter_again(document: Any, what: str, spelling: Spelling = _as_it_stands) -> int:
    changed, undo = document.isModified(), document.getUndoManager()
    undo.lock()  # nobody wants to undo what changes nothing
    document.addActionLock()
    done = 0
    try:
        for cell in list(_cells(document, what, spelling)):
            enter_again(cell, spelling)
            done += 1
    finally:
        document.removeActionLock()
        undo.unlock()
    document.setModified(changed)
    return done


def formula_of(cell: Any) -> str:
    """A cell's formula as a person sees it; the other spelling names our functions by their service."""
    return str(cell.getPropertyValue("FormulaLocal"))


def enter_again(cell: Any, spelling: Spelling = _as_it_stands) -> None:
    """Enter a cell's formula, also one that fills an array."""
    text = formula_of(cell)
    if not _is_array(text):
        cell.setPropertyValue("FormulaLocal", spelling(text))
        return
    formula = cell.getFormula().removeprefix("{").removesuffix("}")  # in the spelling of programs, which it reads
    _array_of(cell).setArrayFormula(spelling(formula))


def _is_array(formula: str) -> bool:
    return formula.startswith("{=") and formula.endswith("}")


def _array_of(cell: Any) -> Any:
    """All cells that one array formula fills."""
    cursor = cell.getSpreadsheet().createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    return cursor


def _cells(document: Any, what: str, spelling: Spelling = _as_it_stands) -> Iterator[Any]:
    """The cells whose formula, in a spelling, holds a text; of an array formula its first cell."""
    sheets = document.getSheets()
    for at in range(sheets.getCount()):
        search = sheets.getByIndex(at).createSearchDescriptor()
        search.setSearchString(what if spelling is _as_it_stands else UNDER_ANY_NAME)
        search.setPropertyValue("SearchType", 0)  # in formulas
        found = sheets.getByIndex(at).findAll(search)
        if found is None:
            continue
        areas = [found.getByIndex(number) for number in range(found.getCount())]
        for area in areas:
            address = area.getRangeAddress()
            for row in range(address.EndRow - address.StartRow + 1):
                for column in range(address.EndColumn - address.StartColumn + 1):
                    cell = area.getCellByPosition(column, row)
                    if _holds_its_own(cell, what, spelling):
                        yield cell


def _holds_its_own(cell: Any, what: str, spelling: Spelling) -> bool:
    """Whether a cell has a formula with a text in it, and is not one of the further cells of an array."""
    text = formula_of(cell)
    if not text.startswith(("=", "{=")) or what not in spelling(text).upper():
        return False
    if not _is_array(text):
        return True
    first, own = _array_of(cell).getRangeAddress(), cell.getCellAddress()
    return (first.StartRow, first.StartColumn) == (own.Row, own.Column)
