"""Every cell function with every form that an argument can take in Excel, through xlwings' own conversion: the same as in Python.

The forms are what VBA hands over: Value2 of ranges, so dates are serial numbers, currencies are plain numbers and errors are COM's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import desktop_excel
import pytest
from books import SOUND
from desktop_excel import in_cells
from fake_excel import ERROR_NA, Book

from rebate_udfs import book as books
from rebate_udfs import functions
from rebate_udfs.model import CellError
from rebate_udfs.registry import FUNCTIONS

xlwings = desktop_excel.xlwings  # the fixture
HOST = "rebate_udfs.hosts.desktop"
LEFT_OUT, NUM_ERROR = "\0", -2146826252
NA, NUM = CellError("#N/A", "the cell holds #N/A"), CellError("#NUM!", "the cell holds #NUM!")
OMITTED = object()
FORMS: dict[str, tuple[Any, Any]] = {  # what VBA hands over, what a person would write in Python
    "left out": (LEFT_OUT, OMITTED),
    "an empty cell": (None, None),
    "a number": (12480.0, 12480.0),
    "a whole number of VBA": (7, 7),
    "a share of a currency cell": (0.01255, 0.01255),
    "a number below zero": (-3.5, -3.5),
    "a text": ("NORTH", "NORTH"),
    "a text of digits": ("12480", "12480"),
    "an empty text": ("", ""),
    "a day as its serial number": (46112.0, 46112.0),
    "a day as text": ("2026-03-31", "2026-03-31"),
    "TRUE": (True, True),
    "FALSE": (False, False),
    "an error cell": (ERROR_NA, NA),
    "a range of one cell": (((12480.0,),), [[12480.0]]),
    "a range of one error": (((NUM_ERROR,),), [[NUM]]),
    "a row": (((4999.0, 5000.0),), [[4999.0, 5000.0]]),
    "constants in a line": ((4999.0, 5000.0), [[4999.0, 5000.0]]),
    "a column": (((0.25,), (0.75,)), [[0.25], [0.75]]),
    "a square": (((5000.0, 0.02), (10001.0, 0.04)), [[5000.0, 0.02], [10001.0, 0.04]]),
    "three columns": (((0.0, 1000.0, 0.1), (1000.0, 2500.0, 0.25)), [[0.0, 1000.0, 0.1], [1000.0, 2500.0, 0.25]]),
    "a table with its headers": ((("From", "Reward"), (5000.0, 0.02)), [["From", "Reward"], [5000.0, 0.02]]),
    "a column with a blank cell": (((1.0,), (None,)), [[1.0], [None]]),
    "a column with an error": (((12480.0,), (ERROR_NA,)), [[12480.0], [NA]]),
    "a column with texts": ((("12480",), (True,)), [["12480"], [True]]),
}
LADDER = ((5000.0, 0.02), (10001.0, 0.04), (25001.0, 0.06))
SOUND_CALLS: dict[str, tuple[Any, ...]] = {  # arguments with which each function gives a figure; those not named are left out
    "REBATE_GROWTH": (2350000.0, 2000000.0, ((0.1, 0.02), (0.15, 0.03))),
    "REBATE_MIX": (20000.0, 100000.0, ((0.2, 0.02),)),
    "REBATE_MDF": (1800.0, 0.5, 2000.0),
    "REBATE_SHIP_DEBIT": (100.0, 20.0, 18.0),
    "REBATE_ACCRUE": (12000.0, 26000.0, LADDER),
    "REBATE_EXPECTED": (60000.0, ((90000.0,), (120000.0,)), ((0.5,), (0.5,)), ((100000.0, 0.04),)),
    "REBATE_ALLOCATE": (100.0, ((1.0,), (1.0,), (1.0,))),
    "REBATE_ATTAINMENT": ("Rebates", "P-2", "SOUTH"),
    "REBATE_CLAIM": ("Rebates", "C-1"),
    "REBATE_TABLE": ("Rebates", "Accruals"),
    "REBATE_EXPLAIN": ("Rebates", "P-2", "SOUTH"),
    "REBATE_VERSION": (),
}
TABLES = ("Programs", "Tiers", "Distributors", "Products", "Transactions")


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBATES_CACHE", str(tmp_path_factory.mktemp("cache") / "books"))
        yield


@pytest.fixture(scope="module")
def excel(xlwings: Any, own_cache: None) -> Any:
    """A cell function as its wrapper in VBA calls it."""
    server = xlwings.com_server.XLPython()
    return lambda name, values, is_1904: server.CallUDF(HOST, "answer", (name, values, "", is_1904), Book())


def tables(is_1904: bool) -> list[tuple[tuple[Any, ...], ...]]:
    """The sound book's tables as Value2 gives them in either date system."""
    found = []
    for name in TABLES:
        days = [at for at, header in enumerate(SOUND[name][0]) if header in ("Starts On", "Ends On", "Invoice Date")]
        rows = in_cells(SOUND[name])
        for row in rows[1:] if is_1904 else ():
            for at in days:
                row[at] -= 1462
        found.append(tuple(map(tuple, rows)))
    return found


def sound(name: str, handle: str, is_1904: bool) -> list[Any]:
    """Arguments with which a function gives a figure."""
    if name == "REBATE_BOOK":
        return list(tables(is_1904))
    first = FUNCTIONS[name].arguments[0].name if FUNCTIONS[name].arguments else ""
    given = SOUND_CALLS.get(name, ("Rebates",) if first == "book" else (12480.0, LADDER))
    return [handle if value == "Rebates" else value for value in given]


def in_python(value: Any) -> Any:
    """What VBA hands over, as a person would write it: rows as lists."""
    return [list(row) for row in value] if isinstance(value, tuple) else value


def as_vba_takes_it(result: Any) -> Any:
    """A result of the plain function as xlwings hands it to VBA: errors marked, empty as an empty text, one row flat, one cell bare."""

    def cell(value: Any) -> Any:
        if isinstance(value, CellError):
            return f"\0{value.code}\0{value.message}"
        return "" if value is None else value

    if not isinstance(result, list):
        return cell(result)
    rows = [[cell(value) for value in (row if isinstance(row, list) else [row])] for row in result]
    if len(rows) == 1:
        return rows[0] if len(rows[0]) > 1 else rows[0][0]
    return rows


def of_python(name: str, given: list[Any], is_1904: bool) -> Any:
    """The plain function with the same arguments, in a workbook of that date system."""
    arguments = FUNCTIONS[name].arguments
    named = {argument.name: value for argument, value in zip(arguments, given, strict=False) if value is not OMITTED}
    missing = next((argument.name for argument in arguments if argument.required and argument.name not in named), None)
    if missing is not None:
        return CellError("#VALUE!", f"{name} needs the argument {missing}")
    with books.acting_as(replace(books.session(), date_1904=is_1904)):
        return getattr(functions, name.lower())(**named)


def plain(value: Any) -> Any:
    """Results side by side: whole numbers and floats alike, lines as lists."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@pytest.mark.parametrize("is_1904", [False, True], ids=["1900", "1904"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_in_every_form_gives_what_python_gives(excel: Any, name: str, is_1904: bool):
    handle = excel("REBATE_BOOK", tables(is_1904), is_1904)
    assert handle.startswith("Rebates: 2 programs")
    base = sound(name, handle, is_1904)
    whole = excel(name, base, is_1904)
    assert name == "REBATE_CLAIM" or not str(whole).startswith("\0"), f"{name} gives a figure to begin with: {whole!r}"
    for at, argument in enumerate(FUNCTIONS[name].arguments):
        for form, (handed, meant) in FORMS.items():
            padding = [LEFT_OUT] * (at - len(base))
            values = [*base[:at], *padding, handed, *base[at + 1 :]]
            written = [OMITTED if value == LEFT_OUT else in_python(value) for value in [*base[:at], *padding]] + [meant]
            written += [in_python(value) for value in base[at + 1 :]]
            found, wanted = excel(name, values, is_1904), as_vba_takes_it(of_python(name, written, is_1904))
            assert plain(found) == plain(wanted), f"{name}, {argument.name}: {form}"
            assert "unexpectedly" not in str(found), f"{name}, {argument.name}: {form}"


def test_a_spilled_result_keeps_its_rows_and_columns(excel: Any):
    handle = excel("REBATE_BOOK", tables(False), False)
    header, *rows = excel("REBATE_TABLE", [handle, "Transactions"], False)
    assert len(rows) >= 3 and {len(row) for row in rows} == {len(header)}
    assert all(isinstance(cell, (str, float, int)) for row in rows for cell in row), "nothing that VBA could not put into a cell"


def test_an_error_within_a_table_is_a_problem_of_its_row_not_of_the_book(excel: Any):
    given = tables(False)
    given[4] = (*given[4], ("T9", ERROR_NA, "NORTH", "A", 1.0, 5.0, None, "IN9"))
    handle = excel("REBATE_BOOK", given, False)
    assert handle.startswith("Rebates: 2 programs, 3 distributors")
    problems = excel("REBATE_CHECK", [handle], False)
    assert any("Invoice Date" in str(row) and "#N/A" in str(row) for row in problems)
