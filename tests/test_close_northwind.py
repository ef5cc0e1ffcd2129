"""A year of monthly closes of Northwind: late invoices, returns, a changed tier, a branch that moved, funds that lapse, dues that are paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import balance, close, ledger_of, load, run, sides, write_book
from plaintext import beancount, hledger
from test_northwind import northwind_facts

from rebate_udfs.closing import code_of, posted
from rebate_udfs.hosts.ledger_sheet import is_mirror
from rebate_udfs.ledger_audit import replay
from rebate_udfs.model import LedgerEntry, Run
from rebate_udfs.pipeline import run as compute
from rebate_udfs.roll_forward import by_program, movements

D = Decimal
MONTHS = [f"1997-{month:02d}" for month in range(1, 13)]
MOVED = "SAVEA"  # a branch of GROUP USA
Facts = dict[str, Any]


def last_day(month: str) -> date:
    year, number = map(int, month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)


def known_by(month: str, facts: Facts, payments: list[dict[str, Any]]) -> Facts:
    """The facts of `write_book` as they stood some days after a month's end."""
    end, purchases = last_day(month), []
    for at, (day, who, sku, quantity, amount, more) in enumerate(facts["purchases"]):
        if day <= (end - timedelta(days=31) if at % 40 == 0 else end):  # every fortieth line comes a month late
            purchases.append([day, who, sku, quantity, amount, more])
        back = day + timedelta(days=45)
        if at % 50 == 7 and back <= end:  # and another fiftieth goes back after six weeks
            purchases.append([back, who, sku, -quantity, -amount, {**more, "Transaction ID": f"R-{more['Transaction ID']}"}])
    programs = [dict(row) for row in facts["programs"]]
    if month >= "1997-06":  # a better last tier, agreed late
        programs[0]["Tiers"] = [*programs[0]["Tiers"][:-1], ["25,000", "6.5 %"]]
    people = [dict(row) for row in facts["distributors"]]
    if month >= "1997-08":  # SAVEA stands on its own since July
        branch = next(row for row in people if row["Distributor ID"] == MOVED)
        people.append({**branch, "Parent ID": None, "Member From": date(1997, 7, 1)})
        branch["Member To"] = date(1997, 6, 30)
    return {"programs": programs, "purchases": purchases, "distributors": people, "Products": facts["products"], "Scopes": facts["Scopes"],
            "settings": {"Book ID": "B-NW", "As Of": end, "Company": "Northwind"}, "Payments": payments}  # fmt: skip


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook after twelve closes; what was due at a month's end is paid on the fifth of the next month."""
    path, facts = tmp_path_factory.mktemp("northwind") / "northwind.xlsx", northwind_facts()
    payments: list[dict[str, Any]] = []
    ledger: tuple[LedgerEntry, ...] = ()
    for month in MONTHS:
        write_book(path, ledger=ledger, **known_by(month, facts, payments))
        close(path, month)
        closed = load(path)
        ledger = closed.ledger
        payments += to_pay(closed, last_day(month))
    return path


def to_pay(tables: Any, end: date) -> Iterator[dict[str, Any]]:
    """Payments of everything that is payable on a day."""
    for at, due in enumerate(row for row in compute(tables, end).payable if row.payable > 0):
        yield {"Payment ID": f"PAY-{end:%m}-{at}", "Program ID": due.program_id, "Participant ID": due.participant_id, "Period": due.period,
               "Paid On": end + timedelta(days=5), "Amount": due.payable}  # fmt: skip


@pytest.fixture(scope="module")
def now(year: Path) -> Run:
    return compute(load(year), date(1997, 12, 31))


@pytest.fixture(scope="module")
def ledger(year: Path) -> tuple[LedgerEntry, ...]:
    return ledger_of(year, "B-NW").entries()


def test_every_balance_is_earned_less_settled_and_lapsed(ledger: tuple[LedgerEntry, ...], now: Run) -> None:
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in now.accruals:
        if row.period.ends_on <= now.as_of:
            assert row.accrued == row.earned, row.figure_id
        assert row.true_up == 0, row.figure_id
        owed[row.program_id, row.participant_id] += row.accrued
    for due in now.payable:
        owed[due.program_id, due.participant_id] -= due.settled + due.lapsed
    held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in ledger:
        held[entry.program_id, entry.participant_id] += entry.amount
    assert {key: amount for key, amount in held.items() if amount} == {key: amount for key, amount in owed.items() if amount}
    assert len(held) > 400 and sum(due.settled for due in now.payable) > 0 and sum(due.lapsed for due in now.payable) > 0


def test_the_reasons_that_a_year_has_are_told(ledger: tuple[LedgerEntry, ...]) -> None:
    codes = {code_of(row.reason) for row in ledger}
    assert {"PURCHASES", "RETURN", "LATE_TRANSACTION", "TERMS_CHANGE", "MEMBERSHIP_CHANGE", "FORECAST_CHANGE", "TIER_CROSSED", "PAYMENT",
            "LAPSED"} <= codes  # fmt: skip
    moved = [row for row in ledger if row.reason == "MEMBERSHIP_CHANGE" and row.program_id == "RETRO"]
    assert {row.participant_id for row in moved} == {"GROUP USA", MOVED} and {row.accounting_period for row in moved} == {"1997-08"}
    assert {row.accounting_period for row in ledger if row.reason == "TERMS_CHANGE"} == {"1997-06"}


@pytest.mark.parametrize("month", ["1997-01", "1997-06", "1997-08", "1997-12"])
def test_what_a_close_left_recognised_is_what_its_stored_inputs_give(year: Path, month: str) -> None:
    """Every figure of the close: the split by kind and reason adds up to the entry, and the entries to what is accrued."""
    book = ledger_of(year, "B-NW")
    act = next(one for one in book.acts() if one.accounting_period == month)
    recognised = posted(row for row in book.entries() if row.sequence <= act.last_sequence).recognised
    accrued = {(row.program_id, row.participant_id, row.period.period_id): row.accrued for row in replay(book, act).accruals}
    assert {key: amount for key, amount in recognised.items() if amount} == {key: amount for key, amount in accrued.items() if amount}


def test_ledger_sheet_roll_forward_and_journal_agree(year: Path, now: Run, ledger: tuple[LedgerEntry, ...]) -> None:
    assert ledger_of(year, "B-NW").verify() is None and is_mirror(load(year).ledger, ledger)
    rows = movements(ledger, "1997-01", "1997-12")
    assert sum(row.closing for row in rows) == balance(ledger) == -sides(ledger)["Accrued Rebates"]
    table = by_program(now)
    assert table is not None
    closing = [column.field for column in table.columns].index("closing")
    assert sum(cells[closing] for cells in table.rows) == balance(ledger)


def test_hledger_and_beancount_read_the_exported_journal_and_it_balances(year: Path, tmp_path: Path, ledger: tuple[LedgerEntry, ...]) -> None:
    wanted = {account: amount for account, amount in sides(ledger).items() if amount}
    for name, read in (("hledger", hledger), ("beancount", beancount)):
        path = tmp_path / f"journal.{name}"
        run("export", str(year), "all", "--format", name, "--out", str(path))
        found = read(path)
        assert sum(found.values()) == 0
        assert {account.rpartition(":")[2].replace("-", " "): amount for (account, _), amount in found.items()} == wanted
