"""The sheet Analysis: formulas that a person finds working, spelled for the program that opens the book, with their figures stored."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner
from user_books import values

from rebate_udfs import book_functions, demo
from rebate_udfs.cli import app
from rebate_udfs.hosts import look
from rebate_udfs.hosts.analysis import ATTAINMENT, ATTAINMENT_SIZE, EXPLAINED, EXPLAINED_SIZE, HANDLE, MATRIX, NAME, Figures, Host, compute_figures
from rebate_udfs.hosts.desktop_formulas import plain_formula
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.registry import FUNCTIONS

COMPANY = demo.sample()


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Handles made here stay out of the cache of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBATES_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analysis") / "filled.xlsx"
    write_template(path, sample=COMPANY, analysis=Host.DESKTOP)
    return path


@pytest.fixture(scope="module")
def stored(filled: Path) -> list[list[Any]]:
    """The stored values of the sheet, from its first cell on, as a program sees them that does not compute."""
    return [list(row) for row in openpyxl.load_workbook(filled, data_only=True)[NAME].iter_rows(values_only=True)]


def formulas(path: Path) -> list[str]:
    """Every formula of the sheet, those of arrays too."""
    cells = (cell.value for row in openpyxl.load_workbook(path)[NAME].iter_rows() for cell in row)
    texts = [getattr(value, "text", value) for value in cells]
    return [text for text in texts if isinstance(text, str) and text.startswith("=")]


def new(path: Path, *options: str) -> Path:
    done = CliRunner().invoke(app, ["new", str(path), *options])
    assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize(("options", "spelled"), [((), ""), (("--for", "desktop"), ""), (("--for", "calc"), ""), (("--for", "web"), "_xldudf_")])
def test_formulas_are_spelled_for_the_program_that_opens_the_book(tmp_path: Path, options: tuple[str, ...], spelled: str):
    found = formulas(new(tmp_path / "new.xlsx", *options))
    calls = [call for text in found for call in re.findall(r"\w*REBATE_[A-Z]+(?=\()", text)]
    assert {call.removeprefix(spelled) for call in calls} == {"REBATE_BOOK", "REBATE_ACCRUAL", "REBATE_TABLE", "REBATE_EXPLAIN"}
    assert all(call.startswith(f"{spelled}REBATE_") for call in calls)
    assert len(calls) == 1 + 11 * 12 + 1 + 1, "the book; ten programs and all of them, twelve month ends; a table; an explanation"


def test_the_spellings_differ_in_nothing_else_and_activating_makes_them_plain(tmp_path: Path):
    plain, web = formulas(new(tmp_path / "plain.xlsx")), formulas(new(tmp_path / "web.xlsx", "--for", "web"))
    assert plain != web
    assert [plain_formula(text) for text in web] == plain


def test_an_unknown_program_is_refused_before_anything_is_written(tmp_path: Path):
    assert CliRunner().invoke(app, ["new", str(tmp_path / "new.xlsx"), "--for", "lotus"]).exit_code == 2
    assert not (tmp_path / "new.xlsx").exists()


def test_the_handle_takes_every_table_in_the_order_of_the_function(filled: Path):
    book = openpyxl.load_workbook(filled)
    assert book.defined_names["Rebates"].attr_text == "Analysis!$C$6"
    given = re.findall(r"(\w+)\[\[#All\]\]", book[NAME]["C6"].value)
    assert [name.casefold() for name in given] == [argument.name for argument in FUNCTIONS["REBATE_BOOK"].arguments]
    assert set(given) <= {table for sheet in book for table in sheet.tables}


def test_the_sheet_is_green_stands_after_start_and_is_never_protected(filled: Path):
    book = openpyxl.load_workbook(filled)
    assert book.sheetnames[:2] == ["Start", NAME]
    assert book[NAME].sheet_properties.tabColor.rgb.endswith(look.TAB_RESULT[1:])
    assert not any(sheet.protection.sheet for sheet in book)
    said = str(book[NAME]["B4"].value)
    assert "#NAME?" in said and "Activate Functions" in said


def test_no_format_depends_on_a_spilled_text_being_equal_to_another(filled: Path):
    rules = [rule for area in openpyxl.load_workbook(filled)[NAME].conditional_formatting for rule in area.rules]
    texts = [text for rule in rules for text in rule.formula]
    assert sum('&""="' in text for text in texts) >= 3
    assert not [text for text in texts if re.search(r'\$\d+="', text)], "LibreOffice finds a text that an add-in spilled equal to none"


def test_ids_and_periods_are_typed_as_text(filled: Path):
    sheet = openpyxl.load_workbook(filled)[NAME]
    row, column = EXPLAINED
    cells = [sheet.cell(row - 2 + number, column + 2) for number in range(3)]
    assert [cell.number_format for cell in cells] == ["@", "@", "@"], "2026-03 would turn into a date, 00123 into 123"
    assert all(cell.fill.fgColor.rgb.endswith(look.INPUT_FILL[1:]) for cell in cells)
    offered = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert [text.split("!")[0].strip("'") for text in offered] == ["Programs", "Distributors"]


def test_a_new_book_stores_no_figures_and_no_zeros(tmp_path: Path):
    path = new(tmp_path / "new.xlsx")
    rows = values(path, NAME)
    assert [cell for row in rows for cell in row if isinstance(cell, (int, float))] == []
    assert not read_book(path)[1]


def test_the_stored_figures_are_those_of_the_functions(stored: list[list[Any]]):
    (top, left), handle = MATRIX, stored[HANDLE[0]][HANDLE[1]]
    assert handle.startswith("Rebates: 10 programs, 18 distributors, 3,000 transactions")
    assert [row[left] for row in stored[top + 1 : top + 11]] == [row["Program ID"] for row in COMPANY["Programs"]]
    accruals = [row[left + 2 : left + 14] for row in stored[top + 1 : top + 12]]
    may = [book_functions.rebate_accrual(handle, row["Program ID"], "", "2026-05-31") for row in COMPANY["Programs"]]
    assert [row[-1] for row in accruals[:-1]] == may
    assert any(may)
    year_end = [book_functions.rebate_accrual(handle, row["Program ID"], "", "2025-12-31") for row in COMPANY["Programs"]]
    assert [row[6] for row in accruals[:-1]] == year_end
    assert year_end != may
    assert accruals[-1][-1] == book_functions.rebate_accrual(handle, "", "", "2026-05-31")
    assert stored[top][left + 13].date() == date(2026, 5, 31)


def test_the_stored_tables_are_those_of_the_functions(stored: list[list[Any]]):
    handle = stored[HANDLE[0]][HANDLE[1]]
    program, distributor = (stored[EXPLAINED[0] - back][EXPLAINED[1] + 1] for back in (3, 2))
    assert program and distributor
    explained = book_functions.rebate_explain(handle, program, distributor, "", "2026-05-31")
    attainment = book_functions.rebate_table(handle, "Attainment", "", "", "2026-05-31")
    for (top, left), (height, width), result in ((ATTAINMENT, ATTAINMENT_SIZE, attainment), (EXPLAINED, EXPLAINED_SIZE, explained)):
        assert 5 < len(result) <= height
        assert len(result[0]) <= width
        found = [row[left : left + width] for row in stored[top : top + height]]
        wanted = [[None if cell == "" else pytest.approx(cell, rel=1e-15) if isinstance(cell, float) else cell for cell in row] for row in result]
        assert [row[: len(result[0])] for row in found[: len(result)]] == wanted  # a file holds 16 digits
        assert not any(cell is not None for row in found[len(result) :] for cell in row), "zeros beyond the result would read as figures"
    assert explained[-1][-1] == book_functions.rebate_earned(handle, program, distributor, "", "2026-05-31")


def test_the_last_month_end_is_the_as_of_date_itself():
    middle = Figures(as_of=date(2026, 3, 15)).months
    assert (middle[0], middle[-2:]) == (date(2025, 4, 30), (date(2026, 2, 28), date(2026, 3, 15)))
    assert len(middle) == 12


def test_without_the_setting_the_as_of_date_is_the_latest_in_the_tables():
    facts = {**COMPANY, "Settings": []}
    latest = max(row[header] for name, header in (("Transactions", "Invoice Date"), ("Payments", "Paid On")) for row in COMPANY[name])
    assert compute_figures({**facts, "Programs": COMPANY["Programs"][:1]}).as_of == max(latest, *(row["Claim Date"] for row in COMPANY["Claims"]))


def test_a_calculation_leaves_the_sheet_as_it_is_and_comes_last(filled: Path, tmp_path: Path):
    out = tmp_path / "out.xlsx"
    CliRunner().invoke(app, ["run", str(filled), "--out", str(out), "--quiet"])
    assert formulas(out) == formulas(filled)
    assert values(out, NAME) == values(filled, NAME)
    names = openpyxl.load_workbook(out).sheetnames
    assert names.index("Check") > names.index("Data Dictionary")
