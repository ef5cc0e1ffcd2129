"""What the result tables say: findings in words, units in headers, sums that are sums, problems worst first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import runs
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs.model import Distributor, MeasureOf, Period, RebateType, ResultTable, RewardKind, Severity, Tier
from rebate_udfs.report import by_currency, near_next_tier, report, reward_words, way_to_next_tier


def tables(run: Any, **more: Any) -> dict[str, ResultTable]:
    return {table.name: table for table in report(run, **more)}


def column(table: ResultTable, field: str) -> list[Any]:
    index = next(place for place, found in enumerate(table.columns) if found.field == field)
    return [row[index] for row in table.rows]


def header(table: ResultTable, field: str) -> str:
    return next(found.header for found in table.columns if found.field == field)


def test_the_tables_come_in_the_order_in_which_people_need_them():
    assert list(tables(runs.run())) == ["Check", "Attainment", "Accruals", "Payable", "Journal", "Explanation", "Calendar", "Runs"]


def test_one_currency_stands_in_the_header_and_is_totalled():
    found = tables(runs.run(runs.attained("P-1", "NORTH", "9800"), runs.attained("P-1", "SOUTH", "12000")))
    assert header(found["Attainment"], "earned") == "Earned (USD)"
    assert "currency" not in [entry.field for entry in found["Attainment"].columns]
    assert [entry.field for entry in found["Accruals"].columns if entry.total] == ["earned", "accrued", "recognised", "true_up"]
    assert column(found["Attainment"], "earned") == [Decimal("196.00"), Decimal("480.00")]


def test_two_currencies_are_never_added_up():
    found = tables(runs.run(runs.attained("P-1", "NORTH", "9800"), runs.attained("P-2", "OSAKA", "12000", "JPY")))
    table = found["Attainment"]
    assert header(table, "earned") == "Earned"
    assert column(table, "currency") == ["USD", "JPY"]
    assert not any(entry.total for entry in table.columns)
    assert "Earned in total: JPY 480 and USD 196.00" in table.notes
    assert found["Journal"].title == "JPY 480 and USD 196.00 to post, debit and credit alike"


def test_money_and_units_in_one_column_say_which_is_which():
    programs = (runs.program("P-1"), runs.program("P-2", measure=MeasureOf.UNITS))
    table = tables(runs.run(runs.attained("P-1", "A", "9800"), runs.attained("P-2", "A", "120"), programs=programs))["Attainment"]
    assert header(table, "measure") == "Measure"
    assert column(table, "measured_in") == ["USD", "units"]


def test_who_is_near_a_tier_is_said_once_a_distributor_and_only_while_it_can_still_be_reached():
    over = replace(runs.attained("P-1", "EAST", "9900"), period=Period("2025-Q4", date(2025, 10, 1), date(2025, 12, 31)))
    run = runs.run(runs.attained("P-1", "NORTH", "9800"), runs.attained("P-2", "NORTH", "4999"), runs.attained("P-1", "SOUTH", "9499.99"), over)
    assert [row.figure_id for row in near_next_tier(run)] == ["P-2/NORTH/2026-Q1/earned", "P-1/NORTH/2026-Q1/earned"]
    assert tables(run)["Attainment"].title == "1 distributor is within 5 % of the next tier"


def test_exactly_five_percent_away_counts():
    assert len(near_next_tier(runs.run(runs.attained("P-1", "A", "9500")))) == 1
    assert len(near_next_tier(runs.run(runs.attained("P-1", "A", "9499.99")))) == 0


def test_without_anybody_near_the_title_says_what_is_earned():
    assert tables(runs.run(runs.attained("P-1", "NORTH", "12000")))["Attainment"].title == "1 distributor earned USD 480.00"
    assert tables(runs.run())["Attainment"].title.startswith("No period of a program has begun")


def test_the_way_to_the_next_tier():
    assert way_to_next_tier(runs.attained("P-1", "A", "7500")) == Fraction(3, 4)
    assert way_to_next_tier(runs.attained("P-1", "A", "30000")) == 1
    assert way_to_next_tier(runs.attained("P-1", "A", "-100")) == 0
    assert way_to_next_tier(replace(runs.attained("P-1", "A", "7500"), status="No Target")) is None


def test_a_mix_is_on_its_way_by_its_share():
    ladder = (Tier(1, Fraction("0.20"), Fraction("0.20"), None, Fraction("0.02")),)
    row = replace(runs.attained("P-1", "A", "4000"), percent=Fraction("0.19"), ladder=ladder, forecast=Fraction("0.21"), to_next_tier=Fraction(50))
    run = runs.run(row, programs=(runs.program("P-1", rebate_type=RebateType.MIX),))
    found = tables(run)["Attainment"]
    assert column(found, "way_to_next_tier") == [Fraction(95, 100)]
    assert found.title == "1 distributor is within 5 % of the next tier"
    assert (column(found, "forecast"), column(found, "forecast_share")) == ([None], [Fraction("0.21")])


def test_a_reward_is_said_as_people_say_it():
    row = runs.attained("P-1", "A", "9800")
    assert reward_words(runs.program("P-1"), row) == "2 %"
    assert reward_words(runs.program("P-1"), replace(row, rate=Fraction("0.0125"))) == "1.25 %"
    assert reward_words(runs.program("P-1", reward=RewardKind.PER_UNIT), replace(row, rate=Fraction("1.5"))) == "1.50 a unit"
    assert reward_words(runs.program("P-1", reward=RewardKind.LUMP_SUM), replace(row, rate=Fraction(5000))) == "5,000.00 once"
    assert reward_words(None, replace(row, attained_tier=0)) == ""


def test_problems_stand_worst_first_with_a_link_to_their_cell():
    warning = runs.problem(Severity.WARNING, table="Tiers", row=4, column="From", code="BOUNDARY_GAP")
    error, whole = runs.problem(), runs.problem(table="Exchange Rates", row=None, column=None)
    places = {("Transactions", "Distributor ID"): ("Sales", "F"), ("Tiers", "To"): ("Tiers", "C")}
    found = tables(runs.run(problems=(warning, error, whole, runs.problem(table="", row=None, column=None))), places=places)["Check"]
    assert column(found, "severity") == ["Error", "Error", "Error", "Warning"]
    assert column(found, "place") == [("Sales", "F17"), ("Exchange Rates", "A1"), None, ("Tiers", "4:4")]
    assert found.title == "3 errors and 1 warning: rows with an error are left out of the figures"


def test_a_clean_book_says_ok():
    assert tables(runs.run())["Check"].title.startswith("OK")
    assert tables(runs.run(problems=(runs.problem(Severity.WARNING),)))["Check"].title.startswith("1 warning, no errors")


def test_every_figure_is_explained_and_its_last_row_is_the_figure():
    row = runs.attained("P-1", "NORTH", "9800.33")
    found = tables(runs.run(row))["Explanation"]
    assert column(found, "figure_id") == [row.figure_id] * 2 + [row.figure_id.replace("earned", "accrued")] * 2
    assert column(found, "step") == ["Tier 1", "Earned", "Forecast", "Accrued"]
    assert column(found, "amount")[:2] == [Fraction("196.0066"), row.earned]
    assert column(found, "rate")[0] == Fraction("0.02")
    assert column(found, "rate_a_unit") == [None] * 4


def test_rates_a_unit_stand_in_a_column_of_their_own():
    programs = (runs.program("P-1", reward=RewardKind.PER_UNIT),)
    found = tables(runs.run(runs.attained("P-1", "NORTH", "9800"), programs=programs))["Explanation"]
    assert column(found, "rate")[0] is None
    assert column(found, "rate_a_unit")[0] == Fraction("0.02")


def test_rows_read_are_rows_used_and_excluded():
    found = tables(runs.run(runs.attained("P-1", "A", "1"), runs.attained("P-2", "A", "1")))["Runs"]
    for read, used, excluded, *reasons in zip(
        *(column(found, f) for f in ("read", "used", "excluded", "not_enrolled", "outside_program_dates")), strict=True
    ):
        assert read == used + excluded
        assert sum(reasons) == excluded
    assert header(found, "not_enrolled") == "Not Enrolled"
    assert found.title == "100 transactions read, 3 rows left out before any program looked"


def test_a_distributor_that_moved_is_called_what_it_is_called_now():
    run = runs.run(runs.attained("P-1", "NORTH", "9800"))
    old = Distributor(distributor_id="NORTH", distributor_name="Old name", member_to=date(2025, 12, 31))
    new = Distributor(distributor_id="NORTH", distributor_name="New name", member_from=date(2026, 1, 1))
    for order in ((old, new), (new, old)):
        found = tables(replace(run, tables=replace(run.tables, distributors=order)))["Accruals"]
        assert column(found, "participant_name") == ["New name"]


@pytest.mark.parametrize("name", ["Check", "Attainment", "Accruals", "Payable", "Journal", "Explanation", "Calendar", "Runs"])
def test_headers_are_unique_and_rows_fit(name: str):
    run = runs.run(runs.attained("P-1", "A", "9800"), runs.attained("P-2", "B", "1", "EUR"), problems=(runs.problem(),))
    found = tables(run)[name]
    headers = [entry.header.casefold() for entry in found.columns]
    assert len(set(headers)) == len(headers)
    assert all(len(row) == len(headers) for row in found.rows)
    assert all(entry.kind in {"text", "id", "date", "money", "number", "percent", "integer", "yes_no", "link"} for entry in found.columns)


@given(st.lists(st.tuples(st.sampled_from(["USD", "EUR", "JPY"]), st.decimals(-(10**9), 10**9, places=2)), max_size=30))
def test_sums_by_currency_hold_every_cent(amounts: list[tuple[str, Decimal]]):
    sums = by_currency(amounts)
    for currency, total in sums.items():
        assert total == sum(amount for code, amount in amounts if code == currency)
    assert set(sums) == {code for code, _ in amounts}
