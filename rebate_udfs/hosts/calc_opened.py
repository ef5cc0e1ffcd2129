"""What happens to a spreadsheet with our functions when it is opened in LibreOffice, and on Activate Functions.

A handle in a saved file belongs to yesterday or to somebody else, so the cells that make one are computed anew. A file
from Excel may hold functions that this LibreOffice did not recognise: their formulas are entered again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"
OURS, HANDLE = "REBATE_", "REBATE_BOOK("


def has_functions(document: Any) -> bool:
    """Whether a document is a spreadsheet in which one of our functions is used."""
    return bool(document.supportsService(SPREADSHEET)) and next(_cells(document, OURS), None) is not None


def refresh(document: Any) -> int:
    """Compute the handles anew, and with them what depends on them; the document does not count as changed by it."""
    return _enter_again(document, HANDLE)


def activate(document: Any) -> int:
    """Enter every formula with a function of ours again; returns how many cells that were."""
    return _enter_again(document, OURS)


def _enter_again(document: Any, what: str) -> int:
    changed, undo = document.isModified(), document.getUndoManager()
    undo.lock()  # nobody wants to undo what changes nothing
    document.addActionLock()
    done = 0
    try:
        for cell in list(_cells(document, what)):
            enter_again(cell)
            done += 1
    finally:
        document.removeActionLock()
        undo.unlock()
    document.setModified(changed)
    return done


def formula_of(cell: Any) -> str:
    """A cell's formula as a person sees it; the other spelling names our functions by their service."""
    return str(cell.getPropertyValue("FormulaLocal"))


def enter_again(cell: Any) -> None:
    """Enter a cell's formula as it stands, also one that fills an array."""
    text = formula_of(cell)
    if not (text.startswith("{=") and text.endswith("}")):
        cell.setPropertyValue("FormulaLocal", text)
        return
    cursor = cell.getSpreadsheet().createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    cursor.setArrayFormula(cell.getFormula().removeprefix("{").removesuffix("}"))  # in the spelling of programs, which it reads


def _cells(document: Any, what: str) -> Iterator[Any]:
    """The cells whose formula holds a text."""
    sheets = document.getSheets()
    for at in range(sheets.getCount()):
        search = sheets.getByIndex(at).createSearchDescriptor()
        search.setSearchString(what)
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
                    if what in formula_of(cell).upper():
                        yield cell
