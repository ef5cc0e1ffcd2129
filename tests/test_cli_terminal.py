"""What reaches the terminal: money that lines up, cells one can go to, and no text of a workbook that steers the screen."""

from __future__ import annotations

import io
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rebate_udfs.model import Problem, ResultColumn, ResultTable, Severity
from rebate_udfs.terminal import PROBLEMS_SHOWN_MAX, address, amount, cell, plain, print_problems, result

PLACES = {("Transactions", "Distributor ID"): ("Transactions", "C"), ("Exchange Rates", "Rate"): ("Exchange Rates", "C")}


def printed(*things: object) -> str:
    out = Console(file=io.StringIO(), width=160, highlight=False, markup=False)
    for thing in things:
        out.print(thing)
    return out.file.getvalue()


def problem(severity: Severity = Severity.ERROR, table: str = "Transactions", row: int | None = 17, column: str | None = "Distributor ID") -> Problem:
    return Problem(severity, "UNKNOWN_DISTRIBUTOR", table, row, column, "D-9 is not in Distributors.", "Add it, or mend the id.")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("1234567.5"), "1,234,567.50 "),
        (Decimal("-0.01"), "(0.01)"),
        (Decimal("0.00"), "- "),
        (None, ""),
        (Fraction(5), "5.00 "),
    ],
)
def test_money_is_written_as_in_a_ledger(number, text):
    assert amount(number) == text


def test_the_decimal_points_of_a_column_line_up():
    table = ResultTable(
        "T", "", (ResultColumn("Amount (USD)", "money", "amount"),), ((Decimal("5.00"),), (Decimal("-1234.50"),), (Decimal("99999.99"),))
    )
    lines = printed(result(table)).splitlines()[2:]
    assert len({line.index(".") for line in lines}) == 1


@pytest.mark.parametrize(
    ("one", "where"),
    [
        (problem(), "Transactions!C17"),
        (problem(table="Exchange Rates", column="Rate"), "'Exchange Rates'!C17"),
        (problem(column="Amount"), "Transactions, row 17, Amount"),
        (problem(row=None), "Transactions, column Distributor ID"),
        (problem(row=None, column=None), "Transactions"),
        (problem(table="", row=None, column=None), "the workbook"),
    ],
)
def test_a_problem_says_where_it_is(one, where):
    assert address(one, PLACES) == where


def test_errors_come_before_warnings_and_nothing_is_hidden_without_a_word():
    out = Console(file=io.StringIO(), width=160, highlight=False, markup=False)
    print_problems(out, [problem(Severity.WARNING)] + [problem()] * (PROBLEMS_SHOWN_MAX + 5), PLACES)
    text = out.file.getvalue()
    assert text.index("45 errors") < text.index("1 warning")
    assert "and 5 more" in text
    assert text.count("Transactions!C17") == PROBLEMS_SHOWN_MAX + 1


def test_no_problem_is_said_too():
    out = Console(file=io.StringIO(), width=160, markup=False)
    print_problems(out, [], {})
    assert out.file.getvalue().startswith("OK")


@given(st.text(max_size=80))
def test_no_text_of_a_workbook_steers_the_terminal_or_becomes_markup(text: str):
    steering = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n", "\t"}
    assert not steering & set(printed(plain(text)))
    assert plain(text) == "".join(sign for sign in text if sign not in steering)
    assert plain("[red]x[/]\\") in printed(plain("[red]x[/]\\"))


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Fraction(1, 3), "number", "0.3333 "),
        (Fraction(27, 10), "number", "2.70 "),
        (Fraction(97), "number", "97 "),
        (Fraction(1, 8), "percent", "12.50 %"),
        (12000, "integer", "12,000"),
        (("Tiers", "C4"), "link", "Tiers!C4"),
        (None, "money", ""),
        ("[red]x\x1b", "text", "[red]x"),
    ],
)
def test_each_kind_of_cell_has_its_form(value, kind, text):
    assert cell(value, kind) == text
