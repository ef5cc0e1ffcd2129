"""How old what is unpaid is, how punctual payments were, and how balances moved: the tables beside the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import close, ledger_of, load, run, write_book
from openpyxl import load_workbook
from plaintext import beancount, hledger
from smallbooks import computed

from rebate_udfs.model import ResultTable, Run
from rebate_udfs.pipeline import run as compute
from rebate_udfs.report import report
from rebate_udfs.report_aging import aging
from rebate_udfs.report_timeliness import timeliness
from rebate_udfs.roll_forward import by_program, roll_forward

D = Decimal
QUARTERS = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Payment Terms Days": 30, "Tiers": [[0, "10 %"]]}
SALES = [[date(2026, month, 10), who, "F", 1, amount] for month, amount in ((2, "1,000"), (5, "2,000"), (8, "3,000"), (11, "4,000")) for who in "AB"]


def paid(number: str, period: str, day: date, amount: str, who: str = "A", program: str = "P") -> dict[str, Any]:
    return {"Payment ID": number, "Program ID": program, "Participant ID": who, "Period": period, "Paid On": day, "Amount": amount}


def book(as_of: date, *payments: dict[str, Any], **program: Any) -> Run:
    return computed([{**QUARTERS, **program}], SALES, settings={"As Of": as_of}, Payments=payments)


def rows(table: ResultTable | None) -> list[dict[str, Any]]:
    assert table is not None
    return [dict(zip((column.field for column in table.columns), cells, strict=True)) for cells in table.rows]


def ages(row: dict[str, Any]) -> list[int]:
    return [
        int(row[name]) for name in ("unpaid_not_due", "unpaid_1_to_30_days", "unpaid_31_to_60_days", "unpaid_61_to_90_days", "unpaid_over_90_days")
    ]


@pytest.mark.parametrize(("day", "wanted"), [
    (date(2026, 3, 31), [100, 0, 0, 0, 0]), (date(2026, 4, 30), [100, 0, 0, 0, 0]), (date(2026, 5, 1), [0, 100, 0, 0, 0]),
    (date(2026, 5, 30), [0, 100, 0, 0, 0]), (date(2026, 5, 31), [0, 0, 100, 0, 0]), (date(2026, 7, 1), [200, 0, 0, 100, 0]),
    (date(2026, 12, 31), [400, 0, 0, 300, 300]),
])  # fmt: skip
def test_what_is_unpaid_ages_by_the_days_since_it_fell_due(day: date, wanted: list[int]) -> None:
    first, second = rows(aging(book(day)))
    assert ages(first) == ages(second) == wanted and first["unpaid"] == sum(wanted)


def test_payments_take_the_oldest_and_what_is_recoverable_is_never_netted() -> None:
    found = book(date(2026, 12, 31), paid("X1", "2026-Q1", date(2026, 5, 1), "100"), paid("X2", "2026-Q2", date(2026, 8, 1), "50"),
                 paid("X3", "2026-Q1", date(2026, 5, 1), "130", "B"))  # fmt: skip
    first, second = rows(aging(found))
    assert ages(first) == [400, 0, 0, 300, 150] and first["recoverable"] == 0 and first["oldest_due_on"] == date(2026, 7, 30)
    assert ages(second) == [400, 0, 0, 300, 200] and second["recoverable"] == 30, "30 too much on Q1 leave Q2 as it is"
    table = aging(found)
    assert table is not None and table.title == "USD 1,750.00 are unpaid, USD 950.00 of it past its due date".replace("are", "is")


def test_nothing_unpaid_is_no_table() -> None:
    assert aging(book(date(2026, 2, 28))) is None and timeliness(book(date(2026, 2, 28))) is None


def test_punctuality_is_measured_on_the_day_that_each_part_was_due() -> None:
    """Q1 (100, due 30 April): 60 in time, 40 ten days late. Q2 (200, due 30 July): 50 twenty days late, 150 unpaid after 63 days."""
    found = book(date(2026, 10, 1), paid("X1", "2026-Q1", date(2026, 4, 30), "60"), paid("X2", "2026-Q1", date(2026, 5, 10), "40"),
                 paid("X3", "2026-Q2", date(2026, 8, 19), "50"))  # fmt: skip
    first, second = rows(timeliness(found))
    assert (first["due"], first["in_time"], first["late"], first["unpaid"]) == (300, 60, 90, 150)
    assert first["share"] == D("0.2") and first["longest"] == 63
    assert first["days_late"] == round((D(40 * 10) + 50 * 20 + 150 * 63) / 300, 1)
    assert (second["in_time"], second["unpaid"], second["longest"]) == (0, 300, 154)


def test_a_cumulative_year_is_matched_settlement_by_settlement() -> None:
    """One payment of 250 on 5 August pays the quarter due in April (97 days late), and 150 of the one due in July (6 days late)."""
    found = book(date(2026, 9, 30), paid("X1", "2026", date(2026, 8, 5), "250"), **{"Period": "Year", "Settlement Period": "Quarter"})
    row = rows(timeliness(found))[0]
    assert (row["late"], row["unpaid"], row["longest"]) == (250, 50, 97)
    assert row["days_late"] == round(D(100 * 97 + 150 * 6 + 50 * 62) / 300, 1)


VOIDS = [([("X1", "100"), ("X1", "-100")], 0), ([("X1", "100"), ("X2", "-30")], 70), ([("X1", "60"), ("X2", "40")], 100), ([("X1", "500")], 100)]


@pytest.mark.parametrize(("payments", "in_time"), VOIDS)
def test_a_void_is_no_payment_and_what_was_paid_too_much_is_not_punctual_twice(payments: Sequence[tuple[str, str]], in_time: int) -> None:
    found = book(date(2026, 6, 1), *(paid(name, "2026-Q1", date(2026, 4, 20), amount) for name, amount in payments))
    row = rows(timeliness(found))[0]
    assert row["in_time"] == in_time and row["unpaid"] == 100 - in_time


PERSPECTIVES = {"Manufacturer": "Accrued Rebates", "Distributor": "Rebates Receivable"}


@pytest.fixture(params=PERSPECTIVES)
def euros(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A program in euro beside one in dollars, closed for four months, with payments; Base Currency USD."""
    programs = [{**QUARTERS, "Program ID": "P-EUR", "Currency": "EUR"}, {**QUARTERS, "Program ID": "P-USD"}]
    rates = [{"Currency": "EUR", "Valid From": day, "Rate": rate} for day, rate in ((date(2026, 1, 1), "1.10"), (date(2026, 4, 1), "1.20"))]
    scopes = [{"Program ID": f"P-{name}", "Rule": "Include", "Dimension": "Distributor", "Value": who} for name, who in (("EUR", "A"), ("USD", "B"))]
    people = [{"Distributor ID": "A", "Currency": "EUR"}, {"Distributor ID": "B"}]
    payments = [paid("X1", "2026-Q1", date(2026, 4, 20), "40", "A", "P-EUR"), paid("X2", "2026-Q1", date(2026, 4, 20), "70", "B", "P-USD")]
    settings = {"As Of": date(2026, 4, 30), "Perspective": request.param}
    path = write_book(tmp_path / "book.xlsx", programs, SALES, settings=settings, distributors=people, Scopes=scopes,
                      Payments=payments, **{"Exchange Rates": rates})  # fmt: skip
    for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
        close(path, month)
    return path


def test_the_roll_forward_adds_up_in_both_currencies_and_agrees_with_ledger_and_journal(euros: Path) -> None:
    found = compute(load(euros), date(2026, 4, 30))
    detail, programs = rows(roll_forward(found)), rows(by_program(found))
    assert [(row["program_id"], row["currency"], row["closing"]) for row in detail] == [("P-EUR", "EUR", D(60)), ("P-USD", "USD", D(30))]
    euro = detail[0]
    assert (euro["accrual"], euro["settled"]) == (100, 40)
    assert euro["base_opening"] + euro["base_moved"] + euro["exchange"] == euro["base_closing"] == D(72), "60 at 1.20"
    assert euro["exchange"] == D("10.00"), "100 rose from 1.10 to 1.20 before 40 were paid at 1.20"
    for row in detail:
        own = [entry for entry in ledger_of(euros).entries() if entry.program_id == row["program_id"]]
        assert row["closing"] == sum(entry.amount for entry in own) and row["base_closing"] == sum(entry.base_amount or 0 for entry in own)
        assert (
            row["opening"] + row["accrual"] + row["true_up"] - row["settled"] - row["forfeited"] - row["written_off"] + row["adjustments"]
            == row["closing"]
        )
    assert [(row["program_id"], row["participants"], row["closing"], row["base_closing"]) for row in programs] == [
        ("P-EUR", 1, D(60), D(72)), ("P-USD", 1, D(30), D(30))]  # fmt: skip
    table, account = roll_forward(found), PERSPECTIVES[found.tables.settings.perspective.value]
    assert table is not None and table.notes == (f"The journal to 2026-04 leaves USD 102.00 on {account}: the same as the closing balance.",)


@pytest.mark.parametrize("reader", [beancount, hledger])
def test_a_journal_in_two_currencies_balances_in_plain_text_ledgers(euros: Path, tmp_path: Path, reader: Any) -> None:
    path = tmp_path / "journal"
    run("export", str(euros), "all", "--format", reader.__name__, "--out", str(path))
    found = reader(path)
    for currency in ("EUR", "USD"):
        assert sum(amount for (_, shown), amount in found.items() if shown == currency) == 0
    held = PERSPECTIVES[load(euros).settings.perspective.value].replace(" ", "-")
    assert [abs(amount) for (account, currency), amount in found.items() if currency == "EUR" and account.replace(" ", "-").endswith(held)] == [D(60)]


def test_a_journal_that_does_not_agree_is_said(euros: Path) -> None:
    found = compute(load(euros), date(2026, 4, 30))
    other = tuple(
        entry.model_copy(update={"credit_account": "9999", "debit_account": "9998"}) if entry.sequence == 1 else entry
        for entry in found.tables.ledger
    )
    table = roll_forward(replace(found, tables=replace(found.tables, ledger=other)))
    assert table is not None and "the closing balance is USD 102.00" in table.notes[0]


def test_the_sheets_stand_in_the_workbook_with_totals_that_follow_the_filter(euros: Path) -> None:
    run("run", str(euros))
    found = load_workbook(euros)
    for name in ("Roll-Forward", "Roll-Forward Programs", "Aging", "Payment Timeliness"):
        assert name in found.sheetnames
    cells = (str(cell.value) for row in found["Roll-Forward Programs"].iter_rows() for cell in row)
    bottom = [text for text in cells if "SUBTOTAL" in text]
    assert bottom, "in Base Currency there is a total over currencies"
    assert [table.name for table in report(compute(load(euros), date(2026, 4, 30)))].index("Roll-Forward") == 5
