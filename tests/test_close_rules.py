"""What a close keeps to: order, once, nothing behind anybody's back; and what its entries book on which accounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import balance, close, entries, kinds, ledger_of, load, rebates, run, sides, write_book

from rebate_udfs.pipeline import run as compute
from rebate_udfs.roll_forward import roll_forward

D = Decimal
PROGRAM = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [[0, "5 %"]]}
SALES = [[date(2026, month, 10), "A", "F", 1, "10,000"] for month in range(1, 7)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book.xlsx", [PROGRAM], SALES)


def test_the_preview_comes_first_and_no_means_no(book: Path) -> None:
    done = rebates("close", book, "2026-01", input_text="n\n")
    assert done.returncode == 0 and "PURCHASES" in done.stdout and "500.00" in done.stdout and "Nothing was posted" in done.stdout, done
    assert "In all: USD 500.00." in done.stdout and "knows nothing after" not in done.stdout
    assert entries(book) == []
    assert "is closed with 1 entry" in rebates("close", book, "2026-01", input_text="y\n").stdout
    (entry,) = entries(book)
    assert (entry.posted_by, entry.posted_on is not None, entry.accounting_period, entry.earning_period) == ("ann", True, "2026-01", "2026-Q1")
    assert entry.run_id and entry.input_hash and entry.version and entry.figure_id == "P/A/2026-Q1/accrued"


def test_a_period_that_is_not_over_by_the_books_data_is_said_and_can_be_closed(book: Path) -> None:
    done = rebates("close", book, "2026-07", input_text="n\n")
    assert "2026-07 ends on 2026-07-31, and the book knows nothing after 2026-06-" in done.stdout, done
    assert "is closed with" in rebates("close", book, "2026-07", input_text="y\n").stdout


def test_periods_close_in_order_and_once(book: Path) -> None:
    close(book, "2026-02")  # the first may be any; it catches up January
    assert kinds(entries(book)) == {"Accrual": D(500), "True-Up": D(500)}
    assert "nothing to post" in close(book, "2026-02")
    assert "2026-03 is the next period to close" in close(book, "2026-05", status=2)
    assert "2026-03 is the next period to close" in close(book, "2026-01", status=2)
    for odd in ("2026-13", "March", "2026-3", "2026/03", "2026-03-31", "2026-P03", "20²6-03", "٢٠٢٦-03", "9999-01", "", "-", "2026-03\n2026-04"):
        assert "is no accounting period" in close(book, odd, status=2), odd
    assert "nothing to post" in close(book, " 2026-02 ")
    assert len(entries(book)) == 2


@pytest.mark.parametrize(("name", "value"), [("Base Currency", "EUR"), ("Perspective", "Distributor")])
def test_books_do_not_change_hands_or_currency_between_two_closes(book: Path, name: str, value: str) -> None:
    close(book, "2026-01")
    write_book(book, [PROGRAM], SALES, settings={name: value}, ledger=load(book).ledger)
    printed = close(book, "2026-02", status=2)
    assert f"{name} was " in printed and f"is {value} now" in printed
    assert len(entries(book)) == 1
    write_book(book, [PROGRAM], SALES, settings={"Company": "Acme"}, ledger=load(book).ledger)
    close(book, "2026-02")


def test_weeks_and_shifted_fiscal_years_close_in_their_own_periods(tmp_path: Path) -> None:
    path = write_book(tmp_path / "weeks.xlsx", [PROGRAM], SALES, settings={"Calendar": "4-4-5"})
    assert "is no accounting period" in close(path, "2026-01", status=2)
    for period in ("2026-P01", "2026-P02", "2026-P03"):
        close(path, period)
    assert "2026-P04 is the next period" in close(path, "2026-P05", status=2)
    assert [act.as_of for act in ledger_of(path).acts()] == ["2026-01-31", "2026-02-28", "2026-04-04"]
    path = write_book(tmp_path / "shifted.xlsx", [PROGRAM], SALES, settings={"Fiscal Year Start": 7})
    for period in ("2025-12", "2026-01"):
        close(path, period)
    assert kinds(entries(path)) == {"Accrual": D(500)}
    run("run", str(path), "--as-of", "2026-01-31")
    table = roll_forward(compute(load(path), date(2026, 1, 31)))
    assert table is not None and table.title.startswith("From 2025-07 to 2026-01")


def test_after_a_close_a_run_finds_nothing_to_post(book: Path) -> None:
    close(book, "2026-01")
    assert [row.true_up for row in compute(load(book), date(2026, 1, 31)).accruals] == [D(0)]
    assert compute(load(book), date(2026, 1, 31)).journal == ()


def test_only_the_last_period_reopens_with_a_reason_and_by_reversing_entries(book: Path) -> None:
    close(book, "2026-01")
    close(book, "2026-02")
    assert "Only the last closed period reopens" in run("reopen", str(book), "2026-01", "--reason", "x", status=2)
    assert "needs a reason" in run("reopen", str(book), "2026-02", "--reason", " ", status=2)
    run("reopen", str(book), "2026-02", "--reason", "a price list was wrong")
    reversal = entries(book)[-1]
    original = entries(book)[1]
    assert (reversal.kind.value, reversal.amount, reversal.reverses) == ("Reversal", -original.amount, original.entry_id)
    assert reversal.reason == "REVERSAL (a price list was wrong)"
    assert (reversal.debit_account, reversal.credit_account) == (original.credit_account, original.debit_account)
    close(book, "2026-02")
    assert balance(entries(book)) == D(1000) and sides(entries(book)) == {"Rebates": D(1000), "Accrued Rebates": D(-1000)}
    assert ledger_of(book).verify() is None


def test_errors_stop_a_close_unless_somebody_accepts_them(tmp_path: Path) -> None:
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], [*SALES, [date(2026, 1, 20), "NOBODY", "F", 1, 100]], distributors=[{"Distributor ID": "A"}])
    assert "UNKNOWN" in close(path, "2026-01", status=1)
    assert entries(path) == []
    close(path, "2026-01", "--accept-errors", "NOBODY is a test account")
    assert [row.reason for row in entries(path)] == ["PURCHASES (errors accepted: NOBODY is a test account)"]


@pytest.mark.parametrize(("amount", "rows", "status"), [("10,000", 1, 0), ("10,000", 2, 1), ("9,999.99", 1, 1)])
def test_a_control_total_that_differs_stops_a_close(tmp_path: Path, amount: str, rows: int, status: int) -> None:
    totals = [{"Accounting Period": "2026-01", "Amount": amount, "Rows": rows}, {"Accounting Period": "2026-09", "Amount": "1"}]
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], SALES, **{"Control Totals": totals})
    assert ("CONTROL_TOTAL" in close(path, "2026-01", status=status)) == bool(status)


def test_a_balance_without_a_figure_stops_a_close(book: Path) -> None:
    close(book, "2026-01")
    write_book(book, [{**PROGRAM, "Program ID": "OTHER"}], SALES, ledger=load(book).ledger)
    printed = close(book, "2026-02", status=1)
    assert "ORPHAN_BALANCE" in printed and "P/A/2026-Q1" in printed
    close(book, "2026-02", "--accept-errors", "P is written off by hand")
    assert balance(row for row in entries(book) if row.program_id == "P") == D(500), "left as it is"


def adjustment(number: str, kind: str, amount: str, day: date = date(2026, 1, 31)) -> dict[str, Any]:
    return {"Adjustment ID": number, "Program ID": "P", "Participant ID": "A", "Period": "2026-Q1", "Kind": kind, "Dated On": day, "Amount": amount,
            "Reason": "agreed"}  # fmt: skip


def test_adjustments_disputes_forfeits_and_write_offs_post_once_by_source(tmp_path: Path) -> None:
    disputes = [{"Dispute ID": "D1", "Opened On": date(2026, 1, 15), "Distributor ID": "A", "Figure ID": "P/A/2026-Q1/earned", "Reason": "price",
                 "Disputed Amount": "70", "Status": "Resolved", "Resolution": "Accepted", "Resolved On": date(2026, 1, 20)}]  # fmt: skip
    rows = [adjustment("A1", "Adjustment", "25"), adjustment("A2", "Forfeit", "-10"), adjustment("A3", "Write-Off", "3"),
            adjustment("A4", "Adjustment", "99", date(2026, 2, 1))]  # fmt: skip
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], SALES, Adjustments=rows, Disputes=disputes)
    close(path, "2026-01")
    found = [(row.kind.value, row.reason, row.source, row.amount) for row in entries(path)]
    assert found == [
        ("Accrual", "PURCHASES", "", D(500)), ("Adjustment", "ADJUSTMENT", "A1", D(25)), ("Adjustment", "DISPUTE", "D1", D(70)),
        ("Forfeit", "ADJUSTMENT", "A2", D(-10)), ("Write-Off", "ADJUSTMENT", "A3", D(3)),
    ]  # fmt: skip
    assert sides(entries(path)) == {"Rebates": D(588), "Accrued Rebates": D(-588)}
    close(path, "2026-02")
    assert kinds(entries(path, "2026-02")) == {"Accrual": D(500), "Adjustment": D(99)}


def test_what_lapses_below_the_minimum_is_forfeited(tmp_path: Path) -> None:
    program = {**PROGRAM, "Period": "Month", "Minimum Payout": "10,000", "Ends On": date(2026, 2, 28), "Payment Terms Days": 10}
    path = write_book(tmp_path / "book.xlsx", [program], SALES[:2])
    close(path, "2026-02")
    close(path, "2026-03")
    assert [(row.kind.value, row.reason, row.amount) for row in entries(path, "2026-03")] == [("Forfeit", "LAPSED", D(-500))] * 2
    assert balance(entries(path)) == 0 and sides(entries(path)) == {}
    close(path, "2026-04")
    assert entries(path, "2026-04") == []


def test_a_changed_payment_row_posts_the_difference(tmp_path: Path) -> None:
    payment = {"Payment ID": "X1", "Program ID": "P", "Participant ID": "A", "Period": "2026-Q1", "Paid On": date(2026, 1, 30), "Amount": "400"}
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], SALES, Payments=[payment])
    close(path, "2026-01")
    write_book(path, [PROGRAM], SALES, Payments=[{**payment, "Amount": "350", "Method": "Check"}], ledger=load(path).ledger)
    close(path, "2026-02")
    assert kinds(entries(path, "2026-02")) == {"Accrual": D(500), "Settlement": D(50)}
    write_book(path, [PROGRAM], SALES, ledger=load(path).ledger)
    close(path, "2026-03")
    assert kinds(entries(path, "2026-03")) == {"Accrual": D(500), "Settlement": D(350)}


def test_accounts_and_cost_centers_are_those_of_the_most_specific_row(tmp_path: Path) -> None:
    accounts = [{"Role": "Rebates", "Account": "4010", "Cost Center": "S-1"}, {"Role": "Rebates", "Account": "4020", "Program ID": "P"},
                {"Role": "Accrued Rebates", "Account": "2200", "Cost Center": "B-9"}]  # fmt: skip
    path = write_book(tmp_path / "book.xlsx", [PROGRAM, {**PROGRAM, "Program ID": "Q"}], SALES, Accounts=accounts)
    close(path, "2026-01")
    assert [(row.debit_account, row.credit_account, row.cost_center) for row in entries(path)] == [("4020", "2200", "B-9"), ("4010", "2200", "S-1")]
    printed = run("export", str(path), "2026-01", "--format", "csv")
    assert "4020" in printed and "S-1" in printed and ",500.00,,USD," in printed
    assert "is not closed" in run("export", str(path), "2026-02", status=2)


def test_a_marketing_fund_is_an_expense_only_as_far_as_claims_are_approved(tmp_path: Path) -> None:
    program = {"Program ID": "P", "Rebate Type": "MDF", "Period": "Year", "Participation": "50 %", "Presentation": "Marketing Expense",
               "Tiers": [[0, "2 %"]]}  # fmt: skip
    claim = {"Claim ID": "C1", "Program ID": "P", "Distributor ID": "A", "Claim Date": date(2026, 11, 20), "Claimed Amount": "900",
             "Activity Type": "Fair", "Activity Date": date(2026, 11, 10), "Activity Cost": "1,800", "Proof Reference": "F-1"}  # fmt: skip
    paid = {"Payment ID": "X1", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Claim ID": "C1", "Paid On": date(2026, 12, 20),
            "Amount": "900"}  # fmt: skip
    path = write_book(tmp_path / "book.xlsx", [program], [[date(2026, 2, 10), "A", "F", 1, "100,000"]], Claims=[claim], Payments=[paid])
    close(path, "2026-10")
    assert sides(entries(path)) == {"Rebates": D(2000), "Accrued Rebates": D(-2000)}
    close(path, "2026-11")
    assert sides(entries(path)) == {"Marketing Expense": D(900), "Rebates": D(1100), "Accrued Rebates": D(-2000)}
    for month in ("2026-12", "2027-01", "2027-02", "2027-03", "2027-04"):
        close(path, month)
    assert balance(entries(path)) == 0, "2,000 - 900 - 1,100 that nobody claimed"
    assert sides(entries(path)) == {"Marketing Expense": D(900), "Accounts Receivable": D(-900)}
    assert "nothing to post" in close(path, "2027-04")
