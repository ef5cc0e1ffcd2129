"""Settlements in the books, posted month by month through the command line: cumulative, separate, minimum, claims, final and after it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import balance, close, entries, kinds, load, run, write_book

from rebate_udfs.model import EntryKind
from rebate_udfs.pipeline import run as compute

D = Decimal
YEAR = {"Program ID": "P", "Period": "Year", "Settlement Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [["100,000", "5 %"]]}
SALES = [[date(2026, month, 10), "A", "F", 1, amount] for month, amount in ((2, "50,000"), (5, "75,000"), (8, "100,000"), (11, "75,000"))]
QUARTER_ENDS = (date(2026, 4, 30), date(2026, 7, 31), date(2026, 10, 31), date(2027, 1, 31))
MONTHS = [*(f"2026-{month:02d}" for month in range(1, 13)), *(f"2027-{month:02d}" for month in range(1, 6))]


def closed(path: Path, months: list[str]) -> None:
    for month in months:
        close(path, month)


def dues(path: Path, day: date) -> list[Decimal]:
    """What has fallen due at each settlement by a day, oldest first."""
    return [row.due for row in sorted(compute(load(path), day).payable, key=lambda row: row.settlement_end)]


def by_month(path: Path) -> dict[str, dict[str, Decimal]]:
    rows = entries(path)
    return {month: kinds(row for row in rows if row.accounting_period == month) for month in dict.fromkeys(row.accounting_period for row in rows)}


def paid(number: str, amount: str, day: date, period: str = "2026", **more: Any) -> dict[str, Any]:
    return {"Payment ID": number, "Program ID": "P", "Participant ID": "A", "Period": period, "Paid On": day, "Amount": amount, **more}


@pytest.mark.parametrize(("basis", "wanted"), [("Cumulative", [0, 6250, 5000, 3750]), ("Separate", [0, 0, 5000, 0])])
def test_a_year_settled_by_quarter_falls_due_and_accrues_by_its_basis(tmp_path: Path, basis: str, wanted: list[int]) -> None:
    path = write_book(tmp_path / "book.xlsx", [{**YEAR, "Settlement Basis": basis}], SALES)
    closed(path, MONTHS[:13])
    assert dues(path, date(2027, 1, 30)) == wanted
    assert balance(entries(path)) == sum(wanted)
    accrued = {month: sum(found.values()) for month, found in by_month(path).items()}
    assert accrued == {"Cumulative": {"2026-05": 6250, "2026-08": 5000, "2026-11": 3750}, "Separate": {"2026-08": 5000}}[basis]


@pytest.mark.parametrize(("minimum", "wanted", "lapsed"), [("6,000", [0, 6250, 0, 8750], 0), ("10,000", [0, 0, 11250, 0], 3750)])
def test_a_minimum_carries_and_what_is_left_below_it_at_the_end_lapses(tmp_path: Path, minimum: str, wanted: list[int], lapsed: int) -> None:
    path = write_book(tmp_path / "book.xlsx", [{**YEAR, "Minimum Payout": minimum}], SALES)
    closed(path, MONTHS[:12])
    assert balance(entries(path)) == 15000
    closed(path, ["2027-01"])
    assert dues(path, date(2027, 1, 31)) == wanted
    assert by_month(path).get("2027-01", {}) == ({"Forfeit": D(-lapsed)} if lapsed else {})
    assert balance(entries(path)) == 15000 - lapsed
    assert "nothing to post" in close(path, "2027-01")


CLAIMED = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Claim Required": "Yes", "Tiers": [[0, "5 %"]],
           "Ends On": date(2026, 3, 31)}  # fmt: skip
INVOICES = [
    [date(2026, 1, 10), "A", "F", 10, "18,000", {"Invoice Number": "I-1"}],
    [date(2026, 2, 10), "A", "F", 1, "82,000", {"Invoice Number": "I-2"}],
]
CLAIM_A = {"Claim ID": "CA", "Program ID": "P", "Distributor ID": "A", "Claim Date": date(2026, 4, 10), "Invoice Number": "I-1", "SKU": "F",
           "Quantity": 10, "Claimed Amount": "900"}  # fmt: skip
CLAIM_B = {
    "Claim ID": "CB",
    "Program ID": "P",
    "Distributor ID": "A",
    "Claim Date": date(2026, 5, 20),
    "Period": "2026-Q1",
    "Claimed Amount": "4,500",
}


@pytest.mark.parametrize("with_b", [True, False])
def test_a_quarter_that_must_be_claimed(tmp_path: Path, with_b: bool) -> None:
    """Worked book 17: 5,000 earned; 900 claimed and paid; the other 4,100 claimed as 4,500, or lapsed after 29 June."""
    path = write_book(tmp_path / "book.xlsx", [CLAIMED], INVOICES, Claims=[CLAIM_A, *([CLAIM_B] if with_b else [])],
                      Payments=[paid("X1", "900", date(2026, 5, 10), "2026-Q1", **{"Claim ID": "CA"})])  # fmt: skip
    closed(path, MONTHS[:4])
    assert balance(entries(path)) == 5000
    closed(path, MONTHS[4:5])
    assert by_month(path)["2026-05"] == {"Settlement": D(-900)}
    (settled,) = (row for row in entries(path) if row.kind is EntryKind.SETTLEMENT)
    assert settled.source == "X1" and settled.figure_id == "P/A/2026-Q1/payable"
    closed(path, MONTHS[5:7])
    open_ = sum(row.payable for row in compute(load(path), date(2026, 7, 31)).payable)
    if with_b:
        assert balance(entries(path)) == open_ == 4100
        claim = next(row for row in compute(load(path), date(2026, 7, 31)).claims if row.claim_id == "CB")
        assert claim.approved == 4100 and any("EXCEEDS_ENTITLEMENT" in str(reason) for reason in claim.reasons)
    else:
        assert by_month(path)["2026-06"] == {"Forfeit": D(-4100)} and balance(entries(path)) == open_ == 0


def test_partial_final_and_after_final_settlement_then_a_void_and_an_offset(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"

    def book(sales: list[Any], *payments: dict[str, Any]) -> None:
        ledger = load(path).ledger if path.exists() else ()
        write_book(path, [YEAR], sales, Payments=payments, ledger=ledger, settings={"As Of": date(2027, 5, 31)})

    partial, final = paid("X1", "4,000", date(2026, 8, 5)), paid("X2", "11,000", date(2027, 2, 5))
    book(SALES, partial)
    closed(path, MONTHS[:13])
    assert by_month(path)["2026-08"] == {"Accrual": D(5000), "Settlement": D(-4000)} and balance(entries(path)) == 11000
    book(SALES, partial, final)
    closed(path, ["2027-02"])
    assert by_month(path)["2027-02"] == {"Settlement": D(-11000)} and balance(entries(path)) == 0
    back = [*SALES, [date(2026, 12, 20), "A", "F", -1, "-20,000"]]  # after the final settlement: 1,000 of the 15,000 were too much
    book(back, partial, final)
    closed(path, ["2027-03"])
    assert by_month(path)["2027-03"] == {"True-Up": D(-1000)} and balance(entries(path)) == -1000
    found = compute(load(path), date(2027, 3, 31)).payable
    assert (sum(row.recoverable for row in found), sum(row.payable for row in found)) == (1000, 0)
    assert "Nothing is due" in run("pay", str(path), "--out", str(tmp_path / "out"), "--due", "2027-03-31")
    book(back, partial, final, paid("X2", "-11,000", date(2027, 4, 2)), paid("X3", "10,000", date(2027, 4, 6)))
    closed(path, ["2027-04"])  # the check was voided and made out again, with the right amount
    assert by_month(path)["2027-04"] == {"Settlement": D(1000)} and balance(entries(path)) == 0
    assert [(row.source, row.amount) for row in entries(path, "2027-04")] == [("X2", D(11000)), ("X3", D(-10000))]
    found = compute(load(path), date(2027, 4, 30)).payable
    assert (sum(row.recoverable for row in found), sum(row.payable for row in found)) == (0, 0)


def test_audit_show_tells_the_steps_once_and_no_entry_as_missing(tmp_path: Path) -> None:
    program = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [[0, "6 %"]]}
    sales = [[date(2026, 2, 10), "A", "F", 1, "17,232.50"]]
    payment = {"Payment ID": "X", "Program ID": "P", "Participant ID": "A", "Period": "2026-Q1", "Paid On": date(2026, 5, 5), "Amount": "1033.95"}
    path = write_book(tmp_path / "book.xlsx", [program], sales, Payments=[payment])
    for month in ("2026-03", "2026-04", "2026-05"):
        close(path, month)
    said = run("audit", "show", "P/A/2026-Q1/accrued", "--book", str(path))
    assert said.count("Accrued to date") == 1 and "Earned and accrued as at the close of 2026-03." in said
    assert "6.00 %" in said and "0.06" not in said and "missing" not in said and "1033.95" not in said
    assert said.count("computed again 1,033.95: the same cents") == 2
