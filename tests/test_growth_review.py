"""A growth program before launch: what its participants have shown, and where each baseline comes from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from smallbooks import book

from rebate_udfs import actions
from rebate_udfs.growth_review import growth_history, required_growth
from rebate_udfs.model import Tables

YEAR_END = date(2026, 12, 31)


def growth(first: str, bought: dict[int, int], **more: Any) -> Tables:
    """A growth program for 2026 that pays from `first`, and what A bought in each year."""
    program = {"Program ID": "G", "Rebate Type": "Growth", "Period": "Year", "Tiers": [[Decimal(first), Decimal("0.02")]]}
    purchases = [[date(year, 5, 1), "A", "F", 1, amount] for year, amount in bought.items()] + more.pop("purchases", [])
    return book(program, purchases, settings={"As Of": YEAR_END}, engine="polars", **more)


@pytest.mark.parametrize(
    ("first", "year_before", "warned"),
    [
        ("0.25", 103, True),  # 25 % required, 3 % seen
        ("0.13", 103, False),  # 13 % is 10 points above 3 %, not more
        ("0.14", 103, True),
        ("0.30", 115, False),  # 30 % is twice 15 %, not more
        ("0.31", 115, True),
        ("0.10", 80, True),  # they bought less
        ("0.05", 98, False),  # 5 % is within 10 points of -2 %
    ],
)
def test_a_growth_far_above_history_is_a_warning(first: str, year_before: int, warned: bool) -> None:
    found = required_growth(growth(first, {2024: 100, 2025: year_before, 2026: 1}))
    assert [problem.code for problem in found] == ["REQUIRED_GROWTH"] * warned


def test_the_warning_says_who_has_ever_grown_that_much() -> None:
    more = [[date(2024, 5, 1), "B", "F", 1, 100], [date(2025, 5, 1), "B", "F", 1, 130]]
    tables = growth("0.30", {2024: 300, 2025: 306, 2026: 1}, purchases=more)
    history = growth_history(tables)[0]
    assert (history.growth, history.participants, history.reached) == (Fraction(36, 400), 2, 1)
    problem = required_growth(tables)[0]
    assert problem.message == "G pays from 30 % growth, but the year before its 2 participants grew by 9 % together, and 1 of them by that much."


def test_without_two_years_of_history_nothing_is_said() -> None:
    assert growth_history(growth("0.5", {2025: 100, 2026: 110})) == []


def test_only_the_program_s_scope_and_participants_count() -> None:
    more = [[date(2025, 5, 1), "A", "TOY", 1, 9999], [date(2025, 5, 1), "B", "F", 1, 9999], [date(2024, 5, 1), "B", "F", 1, 1]]
    scopes = [{"Program ID": "G", "Rule": "Include", "Dimension": "SKU", "Value": "F"}]
    tables = growth("0.25", {2024: 100, 2025: 103, 2026: 1}, purchases=more, Scopes=scopes,
                    Enrollments=[{"Program ID": "G", "Distributor ID": "A", "Starts On": date(2026, 3, 1)}])  # fmt: skip
    assert [(one.growth, one.participants) for one in growth_history(tables)] == [(Fraction(3, 100), 1)]


def test_the_check_names_it() -> None:
    outcome = actions.check(growth("0.25", {2024: 100, 2025: 103, 2026: 1}))
    assert "REQUIRED_GROWTH" in {problem.code for problem in outcome.problems} and not outcome.has_errors


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"Baselines": [{"Program ID": "G", "Participant ID": "A", "Period": "2026", "Amount": 90, "Source": "ERP 2025", "Approved By": "CFO",
                         "Note": "less the plant sold"}]}, "the Baselines table, ERP 2025, approved by CFO, less the plant sold"),
        ({"Baselines": [{"Program ID": "G", "Participant ID": "A", "Period": "2026", "Units": 90}],
          "Enrollments": [{"Program ID": "G", "Distributor ID": "A", "Baseline": 80}]}, "the enrollment"),
        ({}, "the same period one year earlier"),
    ],
)  # fmt: skip
def test_the_explanation_says_where_the_baseline_comes_from(tables: dict[str, Any], said: str) -> None:
    outcome = actions.calculate(growth("0.1", {2025: 100, 2026: 120}, **tables))
    explained = next(table for table in outcome.tables if table.name == "Explanation")
    assert [row[3] for row in explained.rows if row[2] == "Baseline"] == [said]
