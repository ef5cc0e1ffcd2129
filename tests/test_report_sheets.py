"""The sheets Calendar, Funds and Claim Check: what a finance person reads there, and that the funds add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from smallbooks import computed

from rebate_udfs.model import ResultTable, Run
from rebate_udfs.report import report
from rebate_udfs.report_funds import fund_rows

YEAR_END = date(2026, 12, 31)


def claim(number: int, day: date, cost: int, **more: Any) -> dict[str, Any]:
    """A claim of half the cost of an activity, sent ten days after it."""
    return {"Claim ID": f"C-{number}", "Program ID": "M", "Distributor ID": "A", "Claim Date": day.replace(day=day.day + 10), "Activity Type": "Fair",
            "Activity Date": day, "Activity Cost": cost, "Claimed Amount": Decimal(cost) / 2, "Proof Reference": f"INV-{number}", **more}  # fmt: skip


def marketing(as_of: date, carry_over: str = "No", **tables: Any) -> Run:
    """Quarterly funds of 2 %: 2,000 in the first quarter, 1,000 in the second."""
    program = {"Program ID": "M", "Rebate Type": "MDF", "Period": "Quarter", "Participation": Decimal("0.5"), "Carry Over": carry_over}
    program["Tiers"] = [[0, "2 %"]]
    purchases = [[date(2026, 2, 1), "A", "F", 1, 100_000], [date(2026, 5, 1), "A", "F", 1, 50_000]]
    return computed(program, purchases, settings={"As Of": as_of}, engine="polars", **tables)


def sheet(run: Run, name: str) -> ResultTable:
    return next(table for table in report(run) if table.name == name)


def cells(table: ResultTable, *fields: str) -> list[tuple[Any, ...]]:
    at = [next(index for index, column in enumerate(table.columns) if column.field == field) for field in fields]
    return [tuple(row[index] for index in at) for row in table.rows]


def test_a_book_without_funds_and_claims_has_no_such_sheets():
    run = computed({"Program ID": "P", "Tiers": [[0, "1 %"]]}, [[date(2026, 2, 1), "A", "F", 1, 100]], settings={"As Of": YEAR_END})
    assert {"Funds", "Claim Check"}.isdisjoint({table.name for table in report(run)})
    assert "Calendar" in {table.name for table in report(run)}


def test_a_fund_from_its_purchases_to_its_forfeit():
    claims = [claim(1, date(2026, 3, 10), 1800), claim(2, date(2026, 5, 10), 3000)]
    fields = ("period", "opening", "fund", "approved", "forfeited", "carried_over", "balance")
    before = sheet(marketing(date(2026, 6, 29), Claims=claims), "Funds")
    assert cells(before, *fields) == [("2026-Q1", 0, 2000, 900, 0, 0, 1100), ("2026-Q2", 0, 1000, 1000, 0, 0, 0)]
    assert before.title == "USD 1,100.00 is left in the funds"
    after = sheet(marketing(date(2026, 6, 30), Claims=claims), "Funds")  # 90 days after 31 March are 29 June
    assert cells(after, *fields)[0] == ("2026-Q1", 0, 2000, 900, 1100, 0, 0)
    assert after.title == "The funds hold nothing"


def test_what_is_carried_over_opens_the_next_period():
    run = marketing(date(2026, 6, 29), "Yes", Claims=[claim(1, date(2026, 3, 10), 1800), claim(2, date(2026, 5, 10), 4000)])
    fields = ("period", "opening", "fund", "approved", "carried_over", "balance")
    assert cells(sheet(run, "Funds"), *fields) == [("2026-Q1", 0, 2000, 900, 1100, 0), ("2026-Q2", 1100, 1000, 2000, 0, 100)]


def test_carried_funds_are_forfeited_at_the_end_of_the_program():
    run = marketing(date(2027, 4, 1), "Yes", Claims=[claim(1, date(2026, 3, 10), 1800)])
    last = fund_rows(run)[-1]
    assert (last.forfeited, last.balance) == (Decimal("2100.00"), 0)


def test_paid_claims_and_adjustments_stand_in_the_fund():
    paid = [{"Payment ID": "X", "Program ID": "M", "Participant ID": "A", "Period": "2026-Q1", "Claim ID": "C-1", "Paid On": date(2026, 4, 20),
             "Amount": 900}]  # fmt: skip
    more = [{"Adjustment ID": "J", "Program ID": "M", "Participant ID": "A", "Period": "2026-Q1", "Kind": "Adjustment", "Dated On": date(2026, 4, 1),
             "Amount": 250, "Reason": "fair was longer"}]  # fmt: skip
    run = marketing(date(2026, 6, 1), Claims=[claim(1, date(2026, 3, 10), 1800)], Payments=paid, Adjustments=more)
    assert cells(sheet(run, "Funds"), "fund", "adjusted", "approved", "paid", "balance")[0] == (2000, 250, 900, 900, 1350)


def test_opening_fund_and_what_left_it_add_up_in_every_row():
    for carry_over in ("No", "Yes"):
        for as_of in (date(2026, 3, 31), date(2026, 6, 30), date(2026, 12, 31), date(2027, 6, 30)):
            for row in fund_rows(marketing(as_of, carry_over, Claims=[claim(1, date(2026, 3, 10), 1800), claim(2, date(2026, 5, 10), 3000)])):
                left = row.opening + row.fund + row.adjusted - row.approved - row.forfeited - row.carried_over
                assert left == row.balance >= 0


def test_claim_check_says_why_and_what_to_do():
    claims = [claim(1, date(2026, 3, 10), 1800), claim(2, date(2026, 3, 11), 1800, **{"Proof Reference": None}), claim(3, date(2026, 3, 12), 4000)]
    table = sheet(marketing(date(2026, 6, 1), Claims=claims), "Claim Check")
    assert table.title == "3 claim lines: 1 approved, 1 adjusted, 1 held; USD 2,000.00 approved"
    assert cells(table, "claim_id", "status", "approved", "why", "remedies") == [
        ("C-1", "Approved", 900, "", ""),
        ("C-2", "Held", 0, "The proof is missing.", "Add the reference of the proof and send the line again."),
        ("C-3", "Adjusted", 1100, "The fund does not hold enough (USD 1,100.00 left).", "Nothing to do: we pay what the fund still holds."),
    ]


def calendar(program: dict[str, Any], settings: dict[str, Any]) -> ResultTable:
    whole = {"Program ID": "P", "Tiers": [[0, "1 %"]], **program}
    run = computed(whole, [[date(2026, 2, 1), "A", "F", 1, 100]], settings={"As Of": date(2026, 5, 1), **settings}, engine="polars")
    return sheet(run, "Calendar")


def test_the_calendar_shows_quarters_and_where_a_program_clips_them():
    table = calendar({"Period": "Quarter", "Starts On": date(2026, 2, 15), "Ends On": date(2026, 6, 30)}, {})
    assert cells(table, "period", "starts_on", "ends_on", "days", "state", "in_part") == [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), 90, "over", "P 2026-02-15 to 2026-03-31"),
        ("2026-Q2", date(2026, 4, 1), date(2026, 6, 30), 91, "running", ""),
    ]
    assert table.title == "2 periods in calendar years, 1 of them running on 2026-05-01"


def test_the_calendar_counts_the_weeks_of_a_year_with_53():
    program = {"Period": "Year", "Settlement Period": "Month", "Starts On": date(2025, 1, 1), "Ends On": date(2025, 12, 31)}
    table = calendar(program, {"Calendar": "4-4-5"})
    found = {period: (weeks, days) for period, weeks, days in cells(table, "period", "weeks", "days")}
    assert found["2025"] == (53, 371)
    assert [found[f"2025-P{number:02d}"][0] for number in range(1, 13)] == [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 6]
    assert table.title.startswith("13 periods in 4-4-5 years that end on a Saturday (2025 with 53 weeks)")


def test_a_program_of_its_own_length_is_one_period_under_its_id():
    table = calendar({"Period": "Program"}, {"Fiscal Year Start": 7})
    assert cells(table, "period", "kind", "days", "weeks") == [("P", "Program", 365, None)]
    assert "fiscal years from July" in table.title
