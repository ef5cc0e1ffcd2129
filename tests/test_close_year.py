"""A year of monthly closes of the sample company, with late invoices, returns, a changed tier and a moved branch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import balance, close, entries, ledger_of, load, run, sides, write_book
from plaintext import beancount, hledger

from rebate_udfs import demo
from rebate_udfs.closing import code_of
from rebate_udfs.columns import BY_NAME
from rebate_udfs.hosts.ledger_sheet import is_mirror
from rebate_udfs.hosts.template import write_template
from rebate_udfs.model import EntryKind, LedgerEntry, Run
from rebate_udfs.pipeline import run as compute
from rebate_udfs.roll_forward import movements, roll_forward

D = Decimal
YEAR = [*(f"2025-{month:02d}" for month in range(6, 13)), *(f"2026-{month:02d}" for month in range(1, 6))]
LEDGER_HEADERS = {column.field: column.header for column in BY_NAME["Ledger"].columns}


def known_by(month: str, facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The workbook as it stood some days after a month's end: every fortieth invoice comes a month late."""
    year, number = map(int, month.split("-"))
    end = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
    found = {name: [dict(row) for row in rows] for name, rows in facts.items()}
    found["Transactions"] = [
        row for at, row in enumerate(found["Transactions"])
        if row["Distributor ID"] != demo.UNKNOWN_DISTRIBUTOR and row["Invoice Date"] <= (end - timedelta(days=31) if at % 40 == 0 else end)
    ]  # fmt: skip
    found["Settings"] = [row for row in found["Settings"] if row["Setting"] != "As Of"] + [{"Setting": "As Of", "Value": end}]
    if month >= "2026-03":  # a better last tier, agreed late
        last = max((row for row in found["Tiers"] if row["Program ID"] == found["Tiers"][0]["Program ID"]), key=lambda row: row["From"])
        last["Reward"] += D("0.005")
    if month >= "2026-04":  # a branch has belonged to another parent since February
        branch = next(row for row in found["Distributors"] if row["Distributor ID"] == "D-1002")
        found["Distributors"].append({**branch, "Parent ID": "D-1600", "Member From": date(2026, 2, 1)})
        branch["Member To"] = date(2026, 1, 31)
    return found


def write(path: Path, month: str, facts: Mapping[str, Sequence[Mapping[str, Any]]], ledger: Sequence[LedgerEntry]) -> Path:
    tables = known_by(month, facts)
    tables["Ledger"] = [{LEDGER_HEADERS[name]: str(row.kind) if name == "kind" else getattr(row, name) for name in LEDGER_HEADERS} for row in ledger]
    write_template(path, sample=tables)
    return path


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, facts = tmp_path_factory.mktemp("year") / "rebates.xlsx", demo.sample()
    for month in YEAR:
        write(path, month, facts, load(path).ledger if path.exists() else ())
        close(path, month)
    return path


@pytest.fixture(scope="module")
def now(year: Path) -> Run:
    return compute(load(year), date(2026, 5, 31))


def test_every_balance_is_earned_less_settled(year: Path, now: Run) -> None:
    held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in ledger_of(year, "B-DEMO").entries():
        held[row.program_id, row.participant_id] += row.amount
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for accrual in now.accruals:
        if accrual.period.ends_on < now.as_of:
            assert accrual.accrued == accrual.earned, accrual.figure_id
        assert accrual.true_up == 0, accrual.figure_id
        owed[accrual.program_id, accrual.participant_id] += accrual.accrued
    for due in now.payable:
        owed[due.program_id, due.participant_id] -= due.settled + due.lapsed
    assert {key: amount for key, amount in held.items() if amount} == {key: amount for key, amount in owed.items() if amount}


def test_the_roll_forward_ties_to_the_ledger_and_to_the_journal(year: Path, now: Run) -> None:
    ledger = ledger_of(year, "B-DEMO").entries()
    rows = movements(ledger, "2026-01", "2026-05")
    for row in rows:
        own = [entry for entry in ledger if (entry.program_id, entry.participant_id) == (row.program_id, row.participant_id)]
        assert row.closing == balance(own) and row.base_closing == row.closing
        assert row.opening == balance(entry for entry in own if entry.accounting_period < "2026-01")
    table = roll_forward(now)
    assert table is not None and len(table.rows) == len(rows)
    closing = [column.field for column in table.columns].index("closing")
    assert sum(cells[closing] for cells in table.rows) == -sides(ledger)[account_of_accrued(year)]


def account_of_accrued(path: Path) -> str:
    return next(row.account for row in load(path).accounts if row.role == "Accrued Rebates")


def test_the_reasons_that_a_year_has_are_told(year: Path) -> None:
    codes = {code_of(row.reason) for row in ledger_of(year, "B-DEMO").entries()}
    assert {"PURCHASES", "RETURN", "LATE_TRANSACTION", "TERMS_CHANGE", "MEMBERSHIP_CHANGE", "FORECAST_CHANGE", "TIER_CROSSED", "PAYMENT"} <= codes


def test_ledger_and_sheet_hold_and_every_figure_is_computed_again_to_the_cent(year: Path) -> None:
    ledger = ledger_of(year, "B-DEMO")
    assert ledger.verify() is None and is_mirror(load(year).ledger, ledger.entries())
    figure = next(row.figure_id for row in ledger.entries() if row.reason == "MEMBERSHIP_CHANGE")
    printed = run("audit", "show", figure, "--book", str(year))
    assert "the same cents" in printed and "NOT the same" not in printed
    assert "Recognised: what the ledger holds" not in printed and "that is missing" not in printed
    assert "Accrued to date: " in printed


def test_audit_diff_names_the_tier_that_changed(year: Path) -> None:
    acts = {act.accounting_period: act.run_id for act in ledger_of(year, "B-DEMO").acts()}
    printed = run("audit", "diff", acts["2026-02"], acts["2026-03"], "--book", str(year))
    assert "Tiers, no longer" in printed and "Tiers, new" in printed


@pytest.mark.parametrize("reader", [beancount, hledger])
def test_plain_text_ledgers_read_the_exported_journal_and_it_balances(year: Path, tmp_path: Path, reader: Any) -> None:
    path = tmp_path / "journal"
    run("export", str(year), "all", "--format", reader.__name__, "--out", str(path))
    found = reader(path)
    assert sum(found.values()) == 0
    accrued = sum(amount for (account, _), amount in found.items() if account.startswith("Liabilities"))
    assert -accrued == balance(ledger_of(year, "B-DEMO").entries())


PROGRAM = {"Program ID": "P", "Period": "Year", "Accrual Policy": "Attained", "Tiers": [[0, "5 %"], ["200,000", "10 %"]]}
FIRST = [[date(2026, 1, 10), "A", "F", 1, "100,000"], [date(2026, 1, 20), "B", "F", 1, "50,000"]]
PEOPLE = [{"Distributor ID": "A"}, {"Distributor ID": "B"}, {"Distributor ID": "T"}]


def reasons(tmp_path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[tuple[str, str, str], Decimal]:
    """What February's close posts by participant, kind and reason when January closed on `then` and the book is `now`."""
    path = tmp_path / "book.xlsx"
    write_book(path, [then.get("program", PROGRAM)], then.get("sales", FIRST), distributors=then.get("people", PEOPLE))
    close(path, "2026-01")
    ledger = load(path).ledger
    write_book(path, [now.get("program", PROGRAM)], now.get("sales", FIRST), distributors=now.get("people", PEOPLE), ledger=ledger)
    close(path, "2026-02")
    return {(row.participant_id, row.kind.value, row.reason): row.amount for row in entries(path, "2026-02")}


def test_a_late_invoice(tmp_path: Path) -> None:
    late = [*FIRST, [date(2026, 1, 25), "A", "F", 1, "10,000"]]
    assert reasons(tmp_path, {}, {"sales": late}) == {("A", "True-Up", "LATE_TRANSACTION"): D(500)}


def test_a_late_invoice_that_reaches_the_next_tier_for_all_that_was_bought(tmp_path: Path) -> None:
    late = [*FIRST, [date(2026, 1, 25), "A", "F", 1, "100,000"]]
    assert reasons(tmp_path, {}, {"sales": late}) == {
        ("A", "True-Up", "LATE_TRANSACTION"): D(10000), ("A", "True-Up", "TIER_CROSSED"): D(5000),
    }  # fmt: skip


def test_a_late_return_and_one_of_the_month(tmp_path: Path) -> None:
    back = [*FIRST, [date(2026, 1, 28), "A", "F", -1, "-10,000"], [date(2026, 2, 5), "B", "F", -1, "-20,000"]]
    assert reasons(tmp_path, {}, {"sales": back}) == {("A", "True-Up", "RETURN"): D(-500), ("B", "Accrual", "RETURN"): D(-1000)}


def test_a_backdated_rate_and_purchases_at_the_new_one(tmp_path: Path) -> None:
    better = {**PROGRAM, "Tiers": [[0, "6 %"], ["200,000", "10 %"]]}
    sales = [*FIRST, [date(2026, 2, 10), "A", "F", 1, "10,000"]]
    assert reasons(tmp_path, {}, {"program": better, "sales": sales}) == {
        ("A", "Accrual", "PURCHASES"): D(600), ("A", "True-Up", "TERMS_CHANGE"): D(1000), ("B", "True-Up", "TERMS_CHANGE"): D(500),
    }  # fmt: skip


def test_a_branch_that_has_another_parent_since_january(tmp_path: Path) -> None:
    moved = [{"Distributor ID": "A"}, {"Distributor ID": "B", "Member To": date(2026, 1, 14)},
             {"Distributor ID": "B", "Parent ID": "A", "Member From": date(2026, 1, 15)}, {"Distributor ID": "T"}]  # fmt: skip
    sales = [*FIRST, [date(2026, 1, 5), "B", "F", 1, "1,000"]]
    assert reasons(tmp_path, {"sales": sales}, {"sales": sales, "people": moved}) == {
        ("A", "True-Up", "MEMBERSHIP_CHANGE"): D(2500), ("B", "True-Up", "MEMBERSHIP_CHANGE"): D(-2500),
    }  # fmt: skip


def test_kinds_and_reasons_add_up_to_what_accrued_moved_by(year: Path) -> None:
    """Figure by figure: all accruals and true-ups ever posted are what is accrued now."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in ledger_of(year, "B-DEMO").entries():
        if row.kind in (EntryKind.ACCRUAL, EntryKind.TRUE_UP):
            found[row.figure_id] += row.amount
    run_ = compute(load(year), date(2026, 5, 31))
    assert {figure: amount for figure, amount in found.items() if amount} == {row.figure_id: row.accrued for row in run_.accruals if row.accrued}
