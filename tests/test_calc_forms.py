"""Every cell function with every form that an argument can take in Calc, in a real LibreOffice: the same as in Python.

One workbook holds a formula for each argument in each form; it is computed as it was written, after Calc saved it as .ods,
and after Calc saved it as .xlsx. Where Calc differs by its nature, `meant`, `ended_by_calc` and `as_saved` say how.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from books import SOUND
from cells import cell as in_cell
from openpyxl.formula import Tokenizer
from test_calc import CODES, Office, office, opened
from test_desktop_forms import SOUND_CALLS, TABLES
from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell

from rebate_udfs import calls
from rebate_udfs.model import CellError
from rebate_udfs.registry import DATE, FUNCTIONS, ID, PERIOD, RANGE, TEXT, Argument

__all__ = ["office"]  # the fixture
OMIT = calls.OMITTED
LADDER = ((5000.0, 0.02), (10001.0, 0.04), (25001.0, 0.06))
LINK_FAILS = 504  # what Calc shows as Err:504: the argument is none that the function can be called with
NA, DIVIDED = CellError("#N/A", ""), CellError("#DIV/0!", "")
FORMULAS = {NA: "=NA()", DIVIDED: "=1/0"}
HELD: dict[str, list[list[Any]]] = {  # what cells hold: one cell is named by its address, several as a range
    "a number": [[12480.0]],
    "a small number": [[7.0]],
    "a share": [[0.01255]],
    "a number below zero": [[-3.5]],
    "zero": [[0.0]],
    "a text": [["NORTH"]],
    "a text of digits": [["12480"]],
    "TRUE": [[True]],
    "FALSE": [[False]],
    "an empty cell": [[None]],
    "a day": [[46112.0]],
    "a day as text": [["2026-03-31"]],
    "a period as text": [["2026-Q1"]],
    "#N/A": [[NA]],
    "#DIV/0!": [[DIVIDED]],
    "a row": [[4999.0, 5000.0]],
    "a column": [[0.25], [0.75]],
    "a square": [[5000.0, 0.02], [10001.0, 0.04]],
    "three columns": [[0.0, 1000.0, 0.1], [1000.0, 2500.0, 0.25]],
    "a table with its headers": [["From", "Reward"], [5000.0, 0.02]],
    "a column with a blank cell": [[1.0], [None]],
    "a column of blank cells": [[None], [None]],
    "a column with an error": [[12480.0], [NA]],
    "a column with texts": [["12480"], [True]],
}
FILLED = [[5000.0, 0.02], [10001.0, 0.04]]  # by an array formula
RANGES_OF_ONE = ("a number", "a text", "an empty cell", "#N/A")


@dataclass(frozen=True)
class Form:
    """One form of an argument: how a formula writes it, and the cells that it hands over."""

    name: str
    typed: str
    given: Any
    is_reference: bool = True
    is_array: bool = False  # computed as one, so that Calc does not pick the cell of the formula's own row
    is_last: bool = False  # with nothing after it


@dataclass(frozen=True)
class Case:
    """One formula, where it stands, and what it must show."""

    function: str
    argument: str
    form: str
    formula: str
    is_array: bool
    wanted: list[list[Any]]


def table(name: str) -> list[list[Any]]:
    """A table of the sound book as its cells hold it."""
    return [[None if value == "" else in_cell(value) for value in row] for row in SOUND[name]]


def places() -> dict[str, str]:
    """Where the cells of each entry of HELD stand on the sheet Data, below one another with a row between."""
    found, top = {}, 0
    for name, rows in HELD.items():
        found[name] = xl_range_abs(top, 0, top + len(rows) - 1, len(rows[0]) - 1)
        top += len(rows) + 1
    return found


def forms(handle: str) -> Iterator[Form]:
    """Every form: cells, ranges of one cell and of more, whole tables, names, arrays, what is typed into the formula, what is left out."""
    for name, place in places().items():
        rows = HELD[name]
        single = len(rows) == len(rows[0]) == 1
        yield Form(name, f"Data!{place}", rows[0][0] if single else rows)
        if name in RANGES_OF_ONE:
            yield Form(f"a range of one cell: {name}", f"Data!{place}:{place}", rows)
    yield Form("a whole table", "Tiers[[#All]]", table("Tiers"))
    yield Form("the rows of a table", "Tiers[[From]:[Reward]]", [row[1:] for row in table("Tiers")[1:]])
    yield Form("the named handle", "Rebates", handle)
    yield Form("what an array formula filled", "Data!$H$1:$I$2", FILLED)
    yield Form("an array computed in the formula", f"Data!{places()['a square']}*1", HELD["a square"], is_reference=False, is_array=True)
    yield Form("constants in a block", "{0,1000,0.1;1000,2500,0.25}", HELD["three columns"], is_reference=False)
    yield Form("a number typed", "12480", 12480.0, is_reference=False)
    yield Form("a number computed", "12000+480", 12480.0, is_reference=False)
    yield Form("a text typed", '"north"', "north", is_reference=False)
    yield Form("an empty text typed", '""', "", is_reference=False)
    yield Form("TRUE typed", "TRUE", True, is_reference=False)
    yield Form("a day computed", "DATE(2026,3,31)", 46112.0, is_reference=False)
    yield Form("an error computed", "NA()", NA, is_reference=False)
    yield Form("left out, others after it", "", OMIT, is_reference=False)
    yield Form("left out at the end", "", OMIT, is_reference=False, is_last=True)


def sound(name: str) -> list[tuple[str, Any]]:
    """Arguments with which a function gives a figure, as typed and as Python takes them."""
    if name == "REBATE_BOOK":
        return [(f"{one}[[#All]]", table(one)) for one in TABLES]
    first = FUNCTIONS[name].arguments[:1]
    given = SOUND_CALLS.get(name, ("Rebates",) if first and first[0].name == "book" else (12480.0, LADDER))
    return [(typed(value), value) for value in given]


def typed(value: Any) -> str:
    """A value as a formula has it."""
    if isinstance(value, tuple):
        return "{" + ";".join(",".join(map(str, row)) for row in value) + "}"
    return "Rebates" if value == "Rebates" else f'"{value}"' if isinstance(value, str) else repr(value)


def only_a_reference(function: str, argument: Argument) -> bool:
    """Whether Calc hands over the cells themselves: the five required tables, so that an error cell is a problem of its row."""
    return function == "REBATE_BOOK" and argument.required


def ended_by_calc(function: str, argument: Argument, form: Form) -> list[Any] | None:
    """How Calc ends a call by itself, before Python: an error within a range; no cells where only cells can be."""
    if only_a_reference(function, argument):
        reaches = form.is_reference or form.given is NA or (form.given is OMIT and not form.is_last)  # an error typed is passed on
        return None if reaches else ["error", LINK_FAILS]
    if isinstance(form.given, list) and any(isinstance(value, CellError) for row in form.given for value in row):
        return ["error", LINK_FAILS]
    return None


def meant(argument: Argument, value: Any) -> Any:
    """What Calc hands over: a truth is 1 or 0; a 0 where no number is wanted is an empty cell, also as a table that may be left out."""
    if isinstance(value, list):
        return [[float(one) if isinstance(one, bool) else one for one in row] for row in value]
    number = float(value) if isinstance(value, bool) else value
    may_be_empty = argument.kind in (TEXT, ID, DATE, PERIOD) or (argument.kind == RANGE and not argument.required)
    return None if number == 0 and may_be_empty else number


def shown(result: Any) -> list[list[Any]]:
    """A result of Python as the driver tells of cells."""

    def one(value: Any) -> Any:
        if isinstance(value, CellError):
            return ["error", CODES[value.code]]
        return value if isinstance(value, str) else "" if value is None else float(value)

    return [[one(value) for value in row] for row in result] if isinstance(result, list) else [[one(result)]]


def case(name: str, at: int, form: Form, handle: str) -> Case:
    """The formula of a function whose argument at a place has a form, all others sound."""
    arguments, base = FUNCTIONS[name].arguments, sound(name)
    before = [*base[:at], *[("", OMIT)] * (at - len(base))]
    after = [] if form.is_last else base[at + 1 :]
    if form.name == "left out, others after it" and not after:
        after = [("", OMIT)] if at + 1 < len(arguments) else []
    argument = arguments[at]
    own = [] if form.is_last else [(form.typed, meant(argument, form.given))]
    texts, values = zip(*parts, strict=True) if (parts := [*before, *own, *after]) else ((), ())
    ended = ended_by_calc(name, argument, form)
    result = [[ended]] if ended else shown(calls.call(name, [handle if value == "Rebates" else value for value in values]))
    return Case(name, argument.name, form.name, f"{name}({','.join(texts)})", form.is_array, result)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Handles that the tests make in Python stay out of the cache of the person who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBATES_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def handle(own_cache: None) -> str:
    made = calls.call("REBATE_BOOK", [table(name) for name in TABLES])
    assert str(made).startswith("Rebates: 2 programs")
    return str(made)


@pytest.fixture(scope="module")
def table_of_cases(handle: str) -> list[Case]:
    """Every function without arguments, and every argument of every other in every form."""
    every = list(forms(handle))
    found = [Case(name, "", "", f"{name}()", False, shown(calls.call(name, []))) for name, function in FUNCTIONS.items() if not function.arguments]
    for name, function in FUNCTIONS.items():
        found += [case(name, at, form, handle) for at in range(len(function.arguments)) for form in every]
    return found


def areas(cases: list[Case]) -> list[str]:
    """Where each case stands on the sheet Forms: those of one cell below one another in column A, each larger one in rows of its own at C."""
    found, single, top = [], 0, 0
    for one in cases:
        height, width = len(one.wanted), len(one.wanted[0])
        if height == width == 1:
            found.append(xl_rowcol_to_cell(single, 0))
            single += 1
        else:
            found.append(xl_range(top, 2, top + height - 1, 2 + width - 1))
            top += height
    return found


@pytest.fixture(scope="module")
def workbook(table_of_cases: list[Case], handle: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook as Excel saves it, without any result stored."""
    path = tmp_path_factory.mktemp("forms") / "forms.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, data, own = book.add_worksheet("Forms"), book.add_worksheet("Data"), book.add_worksheet("Handle")
        for name, place in places().items():
            top = int(re.findall(r"\d+", place)[0]) - 1
            for row, values in enumerate(HELD[name], start=top):
                for column, value in enumerate(values):
                    write(data, row, column, value)
        data.write_array_formula("H1:I2", f"{{={places()['a square']}*1}}")
        own.write_formula("A1", f"=REBATE_BOOK({','.join(f'{name}[[#All]]' for name in TABLES)})")
        book.define_name("Rebates", "=Handle!$A$1")
        for name in TABLES:
            write_table(book, name)
        for one, area in zip(table_of_cases, areas(table_of_cases), strict=True):
            if ":" in area or one.is_array:
                sheet.write_array_formula(area if ":" in area else f"{area}:{area}", f"{{={one.formula}}}")
            else:
                sheet.write_formula(area, f"={one.formula}")
    return path


def write(sheet: Any, row: int, column: int, value: Any) -> None:
    """A value into a cell; an error is one that the cell computes."""
    if isinstance(value, CellError):
        sheet.write_formula(row, column, FORMULAS[value])
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif value is not None:
        sheet.write(row, column, value)


def write_table(book: xlsxwriter.Workbook, name: str) -> None:
    """A table of the sound book as an Excel table on a sheet of its own."""
    sheet, rows = book.add_worksheet(name), table(name)
    sheet.add_table(0, 0, len(rows) - 1, len(rows[0]) - 1, {"name": name, "columns": [{"header": header} for header in rows[0]]})
    for number, values in enumerate(rows[1:], start=1):
        for column, value in enumerate(values):
            write(sheet, number, column, value)


def differences(cases: list[Case], found: list[list[list[Any]]]) -> list[str]:
    """The formulas that do not show what Python gives."""
    return [
        f"{one.formula} ({one.argument}: {one.form}): {str(cells)[:200]}, Python {str(one.wanted)[:200]}"
        for one, cells in zip(cases, found, strict=True)
        if cells != one.wanted
    ]


def read(office: Office, cases: list[Case]) -> list[list[list[Any]]]:
    """What the cells of each case show, errors by their code; asked for in two blocks, which takes a tenth of the time."""
    places = areas(cases)
    singles = sum(":" not in area for area in places)
    height = sum(len(one.wanted) for one, area in zip(cases, places, strict=True) if ":" in area)
    width = max(len(one.wanted[0]) for one in cases)
    column = office.cells("Forms", xl_range(0, 0, singles - 1, 0))
    block = office.cells("Forms", xl_range(0, 2, height - 1, 2 + width - 1))
    found, single, top = [], iter(column), 0
    for one, area in zip(cases, places, strict=True):
        if ":" in area:
            rows = [row[: len(one.wanted[0])] for row in block[top : top + len(one.wanted)]]
            top += len(one.wanted)
        else:
            rows = [next(single)]
        found.append([[cell[:2] if isinstance(cell, list) else cell for cell in row] for row in rows])
    return found


def test_the_table_has_every_function_and_every_argument_in_every_form(table_of_cases: list[Case], handle: str):
    wanted = {(name, argument.name) for name, function in FUNCTIONS.items() for argument in function.arguments}
    every = {form.name for form in forms(handle)}
    for name, argument in wanted:
        assert {one.form for one in table_of_cases if (one.function, one.argument) == (name, argument)} == every
    assert {one.function for one in table_of_cases} == set(FUNCTIONS)
    assert {argument.kind for function in FUNCTIONS.values() for argument in function.arguments} >= {TEXT, ID, DATE, PERIOD, RANGE}
    figures = {one.function for one in table_of_cases if not str(one.wanted[0][0]).startswith("['error'")}
    assert figures >= set(FUNCTIONS) - {"REBATE_CLAIM"}, "each gives a figure in some form; the sound book has no claim"


@pytest.fixture(scope="module")
def computed(office: Office, workbook: Path, table_of_cases: list[Case]) -> tuple[list[list[list[Any]]], dict[str, Path]]:
    """What the workbook shows when Calc has computed it, and the files that Calc saved of it."""
    opened(office, workbook)
    saved = {kind: workbook.with_name(f"saved.{kind}") for kind in ("ods", "xlsx")}
    for path in saved.values():
        office.save(str(path))
    return read(office, table_of_cases), saved


@pytest.mark.slow
def test_every_form_in_a_file_of_excel_shows_what_python_gives(computed: Any, table_of_cases: list[Case]):
    assert not differences(table_of_cases, computed[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_every_form_saved_by_calc_and_opened_again_shows_what_python_gives(
    office: Office, computed: Any, table_of_cases: list[Case], handle: str, kind: str
):
    opened(office, computed[1][kind])
    assert office.cells("Handle", "A1:A1") == [[handle]]
    wanted = as_saved(table_of_cases) if kind == "xlsx" and office.version >= (24, 2) else table_of_cases  # an older one saves names of its own
    assert not differences(wanted, read(office, wanted))


def as_saved(cases: list[Case]) -> list[Case]:
    """What is different in an .xlsx of Calc's: it saves a range of one cell as that cell, so an error in it is the error itself."""
    by_form = {(one.function, one.argument, one.form): one.wanted for one in cases}
    return [replace(one, wanted=by_form[one.function, one.argument, "#N/A"]) if one.form == "a range of one cell: #N/A" else one for one in cases]


@pytest.mark.slow
def test_formulas_in_an_xlsx_saved_by_calc_are_calls_that_excel_reads(office: Office, computed: Any, table_of_cases: list[Case]):
    """The plain name, with as many arguments as it had."""
    if office.version < (24, 2):
        pytest.skip("this LibreOffice saves the names of its own in files for Excel; it should save as .ods")
    sheet = openpyxl.load_workbook(computed[1]["xlsx"])["Forms"]
    for one, area in zip(table_of_cases, areas(table_of_cases), strict=True):
        value = sheet[area.partition(":")[0]].value
        text = str(getattr(value, "text", value))
        assert text.startswith(f"={one.function}("), (one.formula, text)
        assert separators(text) == separators(f"={one.formula}"), (one.formula, text)


def separators(formula: str) -> int:
    """How many commas part the arguments of a formula."""
    return sum(token.type == "SEP" and token.subtype == "ARG" for token in Tokenizer(formula).items)
