"""Activate Functions: formulas of ours that another program wrote are entered anew under their plain names.

One formula has four spellings in files: plain `REBATE_X(`; `_xldudf_REBATE_X(` by the web add-in; `[1]!REBATE_X(` or a path
before the name where the add-in stood elsewhere; `ORG.REBATES....REBATEX(` by an old LibreOffice. Nothing else is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..registry import FUNCTIONS

ADDIN = "rebates.xlam"
EXCEL_LINKS = 1  # xlExcelLinks, xlLinkTypeExcelLinks
NAMES = {name.replace("_", ""): name for name in FUNCTIONS}  # Calc's own names have no underscore
CALL = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")                            # a text
      | (?<!\w)(?P<lead>'(?:[^']|'')*'!                    # a path or a sheet in quotes
          | \[\d+\]!                                        # a link by its number
          | [^\s'"(),;{}+\-*/^&=<>!@]+!                     # a file's name
          | (?:_xldudf_|_xlfn\.|_xlws\.)+
          | (?:[A-Za-z]\w*\.)+ )?
        (?P<name>REBATE[A-Z0-9_]*)(?=\()
      | (?P<quoted>'(?:[^']|'')*')                          # a sheet's name before a cell""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Activated:
    """What was done: formulas entered anew, those that could not be, and the links that were broken."""

    entered: int
    failed: tuple[str, ...]
    links: int


def plain_formula(formula: str) -> str:
    """A formula with the plain names of our functions; any other formula as it is.

    >>> plain_formula("=SUM([1]!REBATE_TIER(A1,B1:C3),_xldudf_REBATE_VERSION())")
    '=SUM(REBATE_TIER(A1,B1:C3),REBATE_VERSION())'
    >>> plain_formula('=IF(A1="[1]!REBATE_TIER(","x",Sheet1!REBATES)')
    '=IF(A1="[1]!REBATE_TIER(","x",Sheet1!REBATES)'
    """

    def plain(found: re.Match[str]) -> str:
        known = NAMES.get((found["name"] or "").upper().replace("_", ""))
        return known if known else found[0]

    return CALL.sub(plain, formula)


def activate(book: Any) -> Activated:
    """Enter every formula of ours in an open workbook anew, and break the links to an add-in that stood elsewhere.

    `book` is xlwings' on Windows. A formula on a protected sheet stays as it is and is named; then no link is broken, since
    breaking it would turn that formula into its value.
    """
    entered, failed = 0, []
    before = book.app.calculation
    book.app.calculation = "manual"
    try:
        for sheet in book.sheets:
            for cell, formula in _ours(sheet):
                try:
                    _enter(cell, plain_formula(formula))
                    entered += 1
                except Exception as error:
                    if type(error).__name__ != "com_error":  # Excel's refusal, which pywin32 alone can name
                        raise
                    failed.append(f"{sheet.name}!{cell.get_address(False, False)}")
    finally:
        book.app.calculation = before
    return Activated(entered, tuple(failed), 0 if failed else _break_links(book))


def _ours(sheet: Any) -> Iterator[tuple[Any, str]]:
    """The cells of a sheet whose formula calls us, under whatever name; of an array formula its first cell."""
    area = sheet.used_range
    formulas = getattr(area.api, _property(area))
    rows = formulas if isinstance(formulas, (tuple, list)) else ((formulas,),)
    for line, row in enumerate(rows):
        for column, formula in enumerate(row):
            if isinstance(formula, str) and formula.startswith("=") and _calls_us(formula):
                cell = sheet.range((area.row + line, area.column + column))
                if _is_first(cell):
                    yield cell, formula


def _calls_us(formula: str) -> bool:
    return any((found["name"] or "").upper().replace("_", "") in NAMES for found in CALL.finditer(formula))


def _is_first(cell: Any) -> bool:
    """Whether a cell holds its formula itself: what spills into it, or an array around it, belongs to another."""
    if _spills(cell):
        return bool(cell.api.SpillParent.Address == cell.api.Address)
    return not cell.api.HasArray or bool(cell.api.CurrentArray.Cells(1, 1).Address == cell.api.Address)


def _enter(cell: Any, formula: str) -> None:
    if cell.api.HasArray and not _spills(cell):
        cell.api.CurrentArray.FormulaArray = formula
    else:
        setattr(cell.api, _property(cell), formula)


def _property(area: Any) -> str:
    """Where a range keeps its formulas: Formula2 lets them spill; Excel before 2020 has only Formula."""
    return "Formula2" if hasattr(area.api, "Formula2") else "Formula"


def _spills(cell: Any) -> bool:
    return bool(getattr(cell.api, "HasSpill", False))


def _break_links(book: Any) -> int:
    """Break the links to our add-in in another place; returns how many there were."""
    links = [link for link in book.api.LinkSources(EXCEL_LINKS) or () if re.split(r"[\\/]", link)[-1].casefold() == ADDIN]
    for link in links:
        book.api.BreakLink(link, EXCEL_LINKS)
    return len(links)
