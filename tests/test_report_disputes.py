"""Dispute Check: how old each dispute is, how it ended, what was agreed, and what of it a close has posted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from smallbooks import computed

from rebate_udfs.model import ResultTable, Run
from rebate_udfs.report import report
from rebate_udfs.report_disputes import dispute_rows

DAY = date(2026, 6, 30)
DISPUTES = [
    {"Dispute ID": "D-1", "Opened On": date(2026, 6, 1), "Distributor ID": "A", "Figure ID": "P/A/2026/earned", "Reason": "An invoice is missing",
     "Disputed Amount": 40, "Status": "Resolved", "Resolution": "Adjusted", "Resolved On": date(2026, 6, 11), "Adjusted Amount": 25},
    {"Dispute ID": "D-2", "Opened On": date(2026, 6, 5), "Distributor ID": "A", "Invoice Number": "INV-9", "Reason": "A quantity is wrong"},
    {"Dispute ID": "D-3", "Opened On": date(2026, 5, 1), "Distributor ID": "A", "Figure ID": "P/A/2026/earned", "Reason": "Other",
     "Disputed Amount": 10, "Status": "Resolved", "Resolution": "Accepted", "Resolved On": date(2026, 7, 2)},
    {"Dispute ID": "D-4", "Opened On": date(2026, 6, 20), "Distributor ID": "A", "Figure ID": "P/A/2026/earned", "Reason": "Other",
     "Disputed Amount": 99, "Status": "Resolved", "Resolution": "Rejected", "Resolved On": date(2026, 6, 22), "Answer": "It counts in July."},
    {"Dispute ID": "D-5", "Opened On": date(2026, 7, 15), "Distributor ID": "A", "Invoice Number": "INV-9", "Reason": "Other"},
]  # fmt: skip


def entry(number: int, amount: int, kind: str, reason: str, source: str, reverses: str = "") -> dict[str, Any]:
    return {"Sequence": number, "Entry ID": f"E-{number}", "Accounting Period": "2026-06", "Figure ID": "P/A/2026/accrued", "Program ID": "P",
            "Participant ID": "A", "Earning Period": "2026", "Kind": kind, "Reason": reason, "Amount": Decimal(amount), "Source": source,
            "Reverses": reverses}  # fmt: skip


def book(as_of: date = DAY, **tables: Any) -> Run:
    program = {"Program ID": "P", "Period": "Year", "Tiers": [[0, "5 %"]]}
    return computed(program, [[date(2026, 2, 1), "A", "F", 1, 1000]], settings={"As Of": as_of}, **tables)


def sheet(run: Run) -> ResultTable:
    return next(table for table in report(run) if table.name == "Dispute Check")


def test_open_ones_stand_first_with_their_age_and_answered_ones_with_their_time():
    run = book(Disputes=DISPUTES)
    said = [(row.dispute.dispute_id, row.status, row.resolution, row.days, row.effect) for row in dispute_rows(run)]
    assert said == [
        ("D-3", "Under Review", "", 60, None),  # answered in July: not on the last of June
        ("D-2", "Open", "", 25, None),
        ("D-1", "Resolved", "Adjusted", 10, Decimal(25)),
        ("D-4", "Resolved", "Rejected", 2, Decimal(0)),
    ]
    table = sheet(run)
    assert table.title == "4 disputes: 2 open, the oldest for 60 days; 2 resolved, in 6 days on average; USD 25.00 agreed"
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_what_is_posted_is_what_closes_posted_and_did_not_take_back():
    ledger = [
        entry(1, 25, "Adjustment", "DISPUTE", "D-1"),
        entry(2, -25, "Reversal", "REVERSAL", "", "E-1"),
        entry(3, 50, "Accrual", "PURCHASES", ""),
    ]
    assert {row.dispute.dispute_id: row.posted for row in dispute_rows(book(Disputes=DISPUTES, Ledger=ledger))}["D-1"] == 0
    again = [*ledger, entry(4, 25, "Adjustment", "DISPUTE", "D-1")]
    assert {row.dispute.dispute_id: row.posted for row in dispute_rows(book(Disputes=DISPUTES, Ledger=again))}["D-1"] == 25


def test_what_was_posted_by_a_close_that_accepted_errors_is_posted_too():
    ledger = [entry(1, 25, "Adjustment", "DISPUTE (errors accepted: the rate comes tomorrow)", "D-1")]
    assert {row.dispute.dispute_id: row.posted for row in dispute_rows(book(Disputes=DISPUTES, Ledger=ledger))}["D-1"] == 25
    taken_back = [*ledger, entry(2, -25, "Reversal", "REVERSAL (too early)", "", "E-1")]
    assert {row.dispute.dispute_id: row.posted for row in dispute_rows(book(Disputes=DISPUTES, Ledger=taken_back))}["D-1"] == 0


def test_a_book_without_disputes_has_no_such_sheet_and_one_whose_are_later_says_so():
    assert "Dispute Check" not in {table.name for table in report(book())}
    assert sheet(book(date(2026, 4, 30), Disputes=DISPUTES)).title == "No dispute was opened up to this day"
