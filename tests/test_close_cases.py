"""The worked books of the design, closed month by month through the command line, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import balance, by_reason, close, entries, kinds, ledger_of, load, run, sides, write_book

from rebate_udfs.hosts.ledger_sheet import is_mirror
from rebate_udfs.pipeline import run as compute

D = Decimal
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Writes the workbook anew with other facts, its Ledger sheet as the last close left it."""
    path = tmp_path / "book.xlsx"

    def write(*args: Any, **more: Any) -> Path:
        known = load(path).ledger if path.exists() else ()
        return write_book(path, *args, ledger=known, **more)

    return write


def closed(path: Path, months: Iterable[str]) -> None:
    """Close one month after the other; each leaves a ledger that holds and a sheet that shows it."""
    for month in months:
        close(path, month)
    assert ledger_of(path).verify() is None
    assert is_mirror(load(path).ledger, ledger_of(path).entries())


def in_months(path: Path, months: Iterable[str], program: str | None = None) -> dict[str, Decimal]:
    wanted = set(months)
    return kinds((row for row in entries(path) if row.accounting_period in wanted), program)


def nothing_missing(path: Path, day: date) -> bool:
    """Whether a run of the workbook, with its sheet as the ledger, finds nothing left to post."""
    return all(row.true_up == 0 for row in compute(load(path), day).accruals)


EXAMPLE_24 = [{"Program ID": "P", "Period": "Year", "Measure": "Units", "Reward": "Per Unit", "Threshold": "More Than", "Tiers": [["1,000", 10]]}]
UNITS = [[date(2026, 2, 10), "A", "F", 75, "7,500"], [date(2026, 5, 10), "A", "F", 500, "50,000"]]


def forecast(measure: str, program: str = "P") -> list[dict[str, Any]]:
    return [{"Program ID": program, "Participant ID": "A", "Period": "2026", "Measure": measure}]


def test_example_24_books_5000_for_the_quarter_and_750_for_the_one_before(book: Callable[..., Path]) -> None:
    path = book(EXAMPLE_24, UNITS, Forecasts=forecast("900"))
    closed(path, MONTHS[:5][2:3])
    assert entries(path) == []
    path = book(EXAMPLE_24, UNITS, Forecasts=forecast("1,100"))
    closed(path, MONTHS[3:6])
    assert in_months(path, MONTHS[3:6]) == {"Accrual": D(5000), "True-Up": D(750)}
    assert by_reason(entries(path)) == {("Accrual", "PURCHASES"): D(5000), ("True-Up", "TIER_CROSSED"): D(750)}
    assert sides(entries(path)) == {"Rebates": D(5750), "Accrued Rebates": D(-5750)}
    assert nothing_missing(path, date(2026, 6, 30))


def test_example_24_with_the_forecast_raised_in_the_month_of_the_purchases(book: Callable[..., Path]) -> None:
    """At the forecast of before the 500 units would have earned nothing: what they add is the forecast's doing."""
    path = book(EXAMPLE_24, UNITS, Forecasts=forecast("900"))
    closed(path, ["2026-04"])
    path = book(EXAMPLE_24, UNITS, Forecasts=forecast("1,100"))
    closed(path, ["2026-05"])
    assert by_reason(entries(path)) == {("Accrual", "FORECAST_CHANGE"): D(5000), ("True-Up", "TIER_CROSSED"): D(750)}


def test_a_tier_that_pays_less_is_caught_up_in_the_month_that_reaches_it(book: Callable[..., Path]) -> None:
    program = {"Program ID": "P", "Period": "Year", "Measure": "Units", "Reward": "Per Unit", "Accrual Policy": "Attained",
               "Tiers": [[0, 10], [16, 5]]}  # fmt: skip
    path = book([program], [[date(2026, 1, 10), "A", "F", 15, "150"], [date(2026, 2, 10), "A", "F", 1, "10"]])
    closed(path, MONTHS[:3])
    assert [(row.accounting_period, row.kind.value, row.reason, row.amount) for row in entries(path)] == [
        ("2026-01", "Accrual", "PURCHASES", D(150)), ("2026-02", "Accrual", "PURCHASES", D(5)), ("2026-02", "True-Up", "TIER_CROSSED", D(-75)),
    ]  # fmt: skip


SALES_13 = [[date(2026, month, 10), "A", "F", 1, amount] for month, amount in ((2, "50,000"), (5, "75,000"), (8, "100,000"), (11, "75,000"))]


def test_an_unpaid_quarter_accrues_what_its_settlements_make_due(book: Callable[..., Path]) -> None:
    program = {"Program ID": "P", "Period": "Year", "Settlement Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [["100,000", "5 %"]]}
    path = book([program], SALES_13)
    closed(path, ["2026-05", "2026-06"])
    assert balance(entries(path)) == D(6250)
    paid = [{"Payment ID": "X1", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Paid On": date(2026, 10, 30), "Amount": "12,500"}]
    path = book([program], SALES_13, Payments=paid)
    closed(path, MONTHS[6:10])
    assert in_months(path, MONTHS[6:10]) == {"Accrual": D(5000), "Settlement": D(-12500)}
    assert balance(entries(path)) == D(-1250)  # recoverable
    closed(path, MONTHS[10:])
    assert balance(entries(path)) == D(2500)
    assert sides(entries(path)) == {"Rebates": D(15000), "Accrued Rebates": D(-2500), "Accounts Receivable": D(-12500)}


RETURNS_14: dict[str, Any] = {
    "Scopes": [{"Program ID": "P-100", "Rule": "Include", "Dimension": "SKU", "Value": "F"},
               {"Program ID": "P-200", "Rule": "Include", "Dimension": "SKU", "Value": "G"}],
    "Forecasts": forecast("250,000", "P-100"),
    "Payments": [
        {"Payment ID": payment, "Program ID": program, "Participant ID": "A", "Period": "2026", "Paid On": day, "Amount": amount}
        for payment, program, day, amount in (
            ("X1", "P-100", date(2026, 10, 30), "11,250"), ("X2", "P-200", date(2027, 1, 30), "4,000"),
            ("X2", "P-100", date(2027, 1, 30), "-4,000"), ("X3", "P-100", date(2027, 1, 31), "-7,250"))],
}  # fmt: skip
SALES_14 = [
    [date(2026, 2, 10), "A", "F", 1, "50,000"], [date(2026, 5, 10), "A", "F", 1, "75,000"], [date(2026, 8, 10), "A", "F", 1, "100,000"],
    [date(2026, 11, 10), "A", "F", 1, "20,000"], [date(2026, 11, 20), "A", "F", -1, "-50,000"], [date(2026, 12, 15), "A", "G", 1, "40,000"],
]  # fmt: skip


@pytest.mark.parametrize("recover", ["Yes", "No"])
def test_returns_after_a_settlement_take_the_accrual_back(book: Callable[..., Path], recover: str) -> None:
    programs = [
        {"Program ID": "P-100", "Period": "Year", "Settlement Period": "Quarter", "Recover": recover, "Tiers": [["200,000", "5 %"]]},
        {"Program ID": "P-200", "Period": "Year", "Tiers": [[0, "10 %"]]},
    ]
    path = book(programs, SALES_14, **RETURNS_14)
    closed(path, MONTHS[:6])
    assert in_months(path, MONTHS[:3]) == {"Accrual": D(2500)}
    assert in_months(path, MONTHS[3:6]) == {"Accrual": D(3750)}
    closed(path, MONTHS[6:9])
    assert in_months(path, MONTHS[6:9]) == {"Accrual": D(5000)}
    closed(path, MONTHS[9:])
    year_end = in_months(path, MONTHS[9:], "P-100")
    assert year_end.pop("Settlement") == D(-11250)
    if recover == "No":
        assert sum(year_end.values(), D(0)) == 0
        return
    assert sum(year_end.values(), D(0)) == D(-11250)
    assert balance(row for row in entries(path) if row.program_id == "P-100") == D(-11250)
    closed(path, ["2027-01"])
    assert in_months(path, ["2027-01"]) == {"Settlement": D(7250)}
    assert in_months(path, ["2027-01"], "P-100") == {"Settlement": D(11250)}
    assert balance(entries(path)) == 0


def test_returns_of_a_whole_quarter_closed_at_once_are_one_true_up(book: Callable[..., Path]) -> None:
    """As in the design's table: a close of Q4 alone has Accrual 0 and True-Up -11,250."""
    programs = [{"Program ID": "P-100", "Period": "Year", "Settlement Period": "Quarter", "Tiers": [["200,000", "5 %"]]}]
    path = book(programs, SALES_14[:4], settings={"Calendar": "Monthly"}, Forecasts=forecast("250,000", "P-100"))
    closed(path, ["2026-10", "2026-11"])
    path = book(programs, [*SALES_14[:4], [date(2026, 12, 20), "A", "F", -1, "-50,000"]], Forecasts=forecast("250,000", "P-100"))
    closed(path, ["2026-12"])
    rows = kinds(entries(path, "2026-12"))
    assert rows == {"True-Up": -balance(row for row in entries(path) if row.accounting_period < "2026-12")}


def test_the_distributors_books_move_from_inventory_to_cost_of_sales(book: Callable[..., Path]) -> None:
    program = [{"Program ID": "P", "Period": "Year", "Accrual Policy": "Attained", "Tiers": [[0, "10 %"]]}]
    sales = [[date(2026, 2, 10), "A", "F", 1, "100,000"], [date(2026, 5, 10), "A", "F", 1, "50,000"]]
    for share, months, wanted in (
        ("60 %", ["2026-03"], {"Rebates Receivable": 10000, "Cost of Sales": -6000, "Inventory": -4000}),
        ("70 %", MONTHS[3:6], {"Rebates Receivable": 5000, "Cost of Sales": -4500, "Inventory": -500}),
        ("100 %", MONTHS[6:9], {"Inventory": 4500, "Cost of Sales": -4500}),
    ):
        path = book(program, sales, settings={"Perspective": "Distributor", "Sold Share": share})
        closed(path, months)
        assert sides(row for row in entries(path) if row.accounting_period in months) == {name: D(amount) for name, amount in wanted.items()}
    assert balance(entries(path)) == D(15000)
    assert close(path, "2026-09").count("nothing to post") == 1


def test_another_currency_is_revalued_at_each_close_and_settled_at_the_rate_of_its_day(book: Callable[..., Path]) -> None:
    program = [{"Program ID": "P", "Period": "Year", "Currency": "EUR", "Settlement": "Check", "Accrual Policy": "Attained", "Tiers": [[0, "10 %"]]}]
    rates = [{"Currency": "EUR", "Valid From": day, "Rate": rate} for day, rate in (
        (date(2026, 1, 1), "1.10"), (date(2026, 6, 30), "1.05"), (date(2026, 7, 15), "1.08"))]  # fmt: skip
    paid = [{"Payment ID": "X1", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Paid On": date(2026, 7, 15), "Amount": "10,000"}]
    path = book(program, [[date(2026, 5, 10), "A", "F", 1, "100,000"]], distributors=[{"Distributor ID": "A", "Currency": "EUR"}],
                **{"Exchange Rates": rates}, Payments=paid)  # fmt: skip
    closed(path, MONTHS[4:7])
    assert [(row.kind.value, row.amount, row.rate, row.base_amount) for row in entries(path)] == [
        ("Accrual", D(10000), D("1.1"), D(11000)), ("Revaluation", D(0), D("1.05"), D(-500)),
        ("Settlement", D(-10000), D("1.08"), D(-10800)), ("Revaluation", D(0), D("1.08"), D(300)),
    ]  # fmt: skip
    assert sides(entries(path, "2026-07"), base=True) == {"Accrued Rebates": D(10500), "Exchange Difference": D(300), "Cash": D(-10800)}
    assert sum(row.base_amount or 0 for row in entries(path)) == 0


def test_an_opening_makes_the_first_close_post_the_difference_and_not_the_year(book: Callable[..., Path]) -> None:
    program = [{"Program ID": "P", "Period": "Year", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"]]}]
    path = book(
        program, [[date(2026, 2, 10), "A", "F", 1, "4,000,000"], [date(2026, 7, 10), "A", "F", 1, "700,000"]],
        Adjustments=[{"Adjustment ID": "O1", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Kind": "Opening",
                      "Dated On": date(2026, 6, 30), "Amount": "40,000", "Reason": "go-live"}],
        Payments=[{"Payment ID": "X1", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Paid On": date(2026, 5, 30), "Amount": "15,000"}],
    )  # fmt: skip
    closed(path, ["2026-07"])
    assert kinds(entries(path)) == {"Opening": D(40000), "Accrual": D(7000), "Settlement": D(-15000)}
    assert balance(entries(path)) == D(32000)
    assert sides(entries(path)) == {"Rebates": D(7000), "Accrued Rebates": D(-7000)}
    run("reopen", str(path), "2026-07", "--reason", "too early")
    assert balance(entries(path)) == 0 and sides(entries(path)) == {}
    closed(path, ["2026-07"])
    assert balance(entries(path)) == D(32000)
    assert sides(entries(path)) == {"Rebates": D(7000), "Accrued Rebates": D(-7000)}
