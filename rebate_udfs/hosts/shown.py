"""How typed numbers are shown in the standard workbook: a percent where the program's terms make it one.

One column of Tiers holds 4 %, 1.50 a unit or 5,000 once, as the program says. A conditional format looks the program
up and shows the cell accordingly; what is stored stays what was typed.
"""

from __future__ import annotations

from typing import Any

from xlsxwriter.utility import xl_col_to_name

from ..columns import BY_NAME
from ..describe import Table

PROGRAM_ROWS = 2000
NAMES = {"Program ID": "Program_IDs", "Reward": "Program_Rewards", "Rebate Type": "Program_Types", "Tiers On": "Program_Tiers_On"}
WHOLE, PERCENT = "#,##0", "0.00%"


def show_numbers(book: Any, sheet: Any, table: Table, last: int) -> None:
    """Add the conditional formats of a table's number columns over its rows 1 to `last` (from 0)."""
    if not last:
        return
    for index, column in enumerate(table.columns):
        if column.kind != "number":
            continue
        first = f"{xl_col_to_name(index)}2"
        if table.name == "Tiers":
            rule = _is("Reward", "Percent") if column.header == "Reward" else _is_share()
            _add(book, sheet, index, last, f"=AND(ISNUMBER({first}),{rule})", PERCENT)
        _add(book, sheet, index, last, f"=AND(ISNUMBER({first}),{first}=INT({first}))", WHOLE)


def _add(book: Any, sheet: Any, index: int, last: int, criteria: str, number_format: str) -> None:
    style = book.workbook.add_format({"num_format": number_format})
    sheet.conditional_format(1, index, last, index, {"type": "formula", "criteria": criteria, "format": style, "stop_if_true": True})


def name_terms(book: Any) -> None:
    """Name the columns of Programs that the formats look at: a rule may name a range of another sheet, not point at it."""
    headers = [column.header for column in BY_NAME["Programs"].columns]
    for header, name in NAMES.items():
        letter = xl_col_to_name(headers.index(header))
        book.workbook.define_name(name, f"=Programs!${letter}$2:${letter}${PROGRAM_ROWS}")


def _term(header: str) -> str:
    """The program's cell in that column, as text; ? where there is no such program."""
    return f'IFERROR(INDEX({NAMES[header]},MATCH($A2,{NAMES["Program ID"]},0))&"","?")'


def _is(header: str, default: str) -> str:
    """Whether the program has that value, which an empty cell means too."""
    return f'OR({_term(header)}="",{_term(header)}="{default}")'


def _is_share() -> str:
    """Whether the program's tiers are fractions: of growth, of a mix, of the target."""
    kind = _term("Rebate Type")
    return f'OR({kind}="Growth",{kind}="Mix",{_term("Tiers On")}="Percent of Target")'
