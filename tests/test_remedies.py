"""What a person is told to do about a mistake: the remedy fits the mistake, and is written as a sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from books import SOUND, raw, write

from rebate_udfs.hosts.reading import read_book
from rebate_udfs.model import CellError, Problem, Severity
from rebate_udfs.parse import NOT_CALCULATED, CannotRead
from rebate_udfs.report import consequence, sentence
from rebate_udfs.tables import read


def problems(**grids: Any) -> list[Problem]:
    """What is found in a book whose named tables are these, all others sound."""
    return list(read(raw({**SOUND, **grids})).problems)


def test_rows_of_a_program_that_is_left_out_send_the_reader_to_the_row_of_the_program():
    head, *rows = SOUND["Programs"]
    ends = head.index("Ends On")
    broken = [*rows[0][:ends], date(2000, 1, 1), *rows[0][ends + 1 :]]
    found = [one for one in problems(Programs=[head, broken, *rows[1:]]) if one.code == "UNKNOWN_PROGRAM"]
    assert found
    assert {one.remedy for one in found} == {"Mend row 2 of Programs."}


def test_a_branch_of_a_parent_that_is_left_out_sends_the_reader_to_the_row_of_the_parent():
    head = SOUND["Distributors"][0]
    grid = [head, ["TOP", "Top", "", date(2026, 2, 1), date(2026, 1, 1)], ["NORTH", "North", "TOP", "", ""], ["SOUTH", "South", "NOBODY", "", ""]]
    remedies = {one.row: one.remedy for one in problems(Distributors=grid) if one.code == "UNKNOWN_PARENT"}
    assert remedies[3] == "Mend row 2 of Distributors."
    assert remedies[4] == "Add the parent to Distributors, or correct the id."


def transaction(column: str, value: Any) -> Problem:
    """The problem of the first sound transaction with another value in one column."""
    head, first, *rest = SOUND["Transactions"]
    at = head.index(column)
    [found] = problems(Transactions=[head, [*first[:at], value, *first[at + 1 :]], *rest])
    return found


@pytest.mark.parametrize("column", ["Amount", "Quantity", "Invoice Date"])
def test_a_formula_without_a_result_is_calculated_by_excel_not_typed_anew(column: str):
    found = transaction(column, CellError(NOT_CALCULATED, ""))
    assert found.code == "CELL_ERROR"
    assert found.message == f"{column} holds a formula without a result."
    assert found.remedy.startswith("Open the workbook in Excel and save it")


@pytest.mark.parametrize("amount", [1e300, 3e22, 1e19])
def test_an_amount_beyond_every_sum_is_too_large_and_not_too_fine(amount: float):
    found = transaction("Amount", amount)
    assert found.code == "NUMBER_TOO_LARGE"
    assert "too large" in found.message


def test_an_amount_with_ten_places_has_too_many():
    assert transaction("Amount", 1.0123456789).code == "TOO_MANY_PLACES"


@pytest.mark.parametrize("ending", [".xls", ".xlsb", ".ods"])
def test_a_workbook_under_another_ending_is_renamed_not_repaired(tmp_path: Path, ending: str):
    write(tmp_path / "book.xlsx", SOUND)
    renamed = (tmp_path / "book.xlsx").rename(tmp_path / f"book{ending}")
    with pytest.raises(CannotRead, match=r"by its content\. Rename it to book\.xlsx\."):
        read_book(renamed)


def test_a_folder_is_named_also_where_it_was_given_as_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotRead, match=f"{tmp_path.name} is a folder"):
        read_book(".")


def wrong(table: str, row: int | None) -> Problem:
    """An error at a place."""
    return Problem(Severity.ERROR, "CODE", table, row, None, "Something is wrong.", "mend it")


def test_only_rows_are_said_to_be_left_out():
    assert "rows with an error are left out" in consequence([wrong("Tiers", 3), wrong("Tiers", None)])
    for one in (wrong("Transactions", None), wrong("Settings", 6)):
        assert "left out" not in consequence([one]), "a missing sheet and a bad As Of leave no row out"


def test_a_remedy_is_shown_as_a_sentence():
    assert sentence("give at least one tier") == "Give at least one tier."
    assert sentence("Enter a date.") == "Enter a date."
    assert sentence("") == ""
