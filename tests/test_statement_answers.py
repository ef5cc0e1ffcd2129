"""How we answered: claim lines and disputes on the statement of who sent them, in words, and nothing of our own notes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from statement_runs import AS_OF, hand_made, sample_run, sample_statements, told

from rebate_udfs.hosts.statement_answers import ANSWERS
from rebate_udfs.hosts.statement_book import workbook_bytes
from rebate_udfs.model import Claim, ClaimResult, Dispute, Run
from rebate_udfs.statement import Statement


def answered(claim_id: str, distributor_id: str, status: str, approved: str, *reasons: str, **changes: Any) -> ClaimResult:
    """A claim line as validation gives it."""
    line = ClaimResult(
        claim_id=claim_id, line="1", distributor_id=distributor_id, program_id="P-1", participant_id="NORTH", period="2026-Q1", status=status,
        claimed=Decimal("50.00"), calculated=Decimal("40.00"), approved=Decimal(approved), paid=Decimal("10.00"), reasons=reasons,
        remedies=tuple(f"Do {reason.lower()}." for reason in reasons), currency="USD", claim_date=date(2026, 4, 2), details=("we guess a trick",),
    )  # fmt: skip
    return replace(line, **changes)


CLAIMS = (
    answered("C-1", "NORTH", "Approved", "50.00"),
    answered("C-2", "NORTH-1", "Adjusted", "40.00", "CLAIMED_TOO_MUCH", "FUND_EXHAUSTED", note="We pay the rest in June", row=3),
    answered(
        "C-3", "NORTH", "Rejected", "0.00", "UNKNOWN_PROGRAM", participant_id="", program_id="P-7", claimed=None, period="", row=4, note="Not yet"
    ),
    answered("SECRET-CLAIM", "SOUTH", "Approved", "77.77", participant_id="SOUTH"),
)
SENT = (
    Claim(claim_id="C-2", program_id="P-1", distributor_id="NORTH-1", decided_on=date(2026, 5, 1), row=3),
    Claim(claim_id="C-3", program_id="P-7", distributor_id="NORTH", decided_on=date(2026, 6, 15), row=4),
)


def dispute(dispute_id: str, distributor_id: str = "NORTH", **changes: Any) -> Dispute:
    """A dispute with a note of ours."""
    said = {"opened_on": date(2026, 5, 1), "figure_id": "P-1/NORTH/2026-Q2/earned", "reason": "The tier is wrong", "disputed_amount": "12.50"}
    return Dispute(dispute_id=dispute_id, distributor_id=distributor_id, note="OUR-OWN-NOTE", **{**said, **changes})


RESOLVED = {"status": "Resolved", "resolution": "Adjusted", "adjusted_amount": "5.00", "answer": "Half of it is right"}
DISPUTES = (
    dispute("D-2", opened_on=date(2026, 5, 11)),
    dispute("D-1", resolved_on=date(2026, 5, 21), **RESOLVED),
    dispute("D-3", "NORTH-1", figure_id="", invoice_number="INV-2", opened_on=date(2026, 5, 12), status="Under Review", answer="We look at it"),
    dispute("D-4", resolved_on=date(2026, 6, 1), opened_on=date(2026, 5, 13), **RESOLVED),
    dispute("D-5", figure_id="P-1/SOUTH/2026-Q2/earned", invoice_number="SECRET-INV", opened_on=date(2026, 5, 14)),
    dispute("D-6", opened_on=date(2026, 6, 2)),
    dispute("SECRET-DISPUTE", "SOUTH"),
)


@pytest.fixture
def made() -> Run:
    """The two families with claims and disputes."""
    run = hand_made()
    return replace(run, claims=CLAIMS, tables=replace(run.tables, claims=SENT, disputes=DISPUTES))


@pytest.fixture
def north(made: Run) -> Statement:
    return told(made)[0]


def rows(statement: Statement) -> list[list[Any]]:
    """The cells of the sheet with our answers."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_bytes(statement)))[ANSWERS]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_every_claim_line_says_how_it_stands_why_and_what_to_do(north: Statement) -> None:
    first, second, third = north.claims
    assert (first.claim_id, first.status, first.claimed, first.approved, first.paid) == ("C-1", "Approved", Decimal(50), Decimal(50), Decimal(10))
    assert (first.why, first.what_to_do, first.answer) == ("", "", "")
    assert second.why == "More is claimed than the terms give; the fund does not hold enough."
    assert (second.what_to_do, second.answer) == ("Do claimed_too_much. Do fund_exhausted.", "We pay the rest in June")
    assert (third.program_id, third.status, third.why) == ("P-7", "Rejected", "The program is not known.")


def test_a_decision_is_told_from_its_day_on(made: Run) -> None:
    assert told(made)[0].claims[2].answer == ""
    later = told(replace(made, as_of=date(2026, 6, 15)))[0]
    assert later.claims[2].answer == "Not yet"


def test_disputes_show_their_life_and_our_answer(north: Statement) -> None:
    said = {line.dispute_id: (line.status, line.days, line.agreed, line.answer) for line in north.disputes}
    assert said == {
        "D-1": ("Resolved: Adjusted", 20, Decimal("5.00"), "Half of it is right"),
        "D-2": ("Open", 20, None, ""),
        "D-3": ("Under Review", 19, None, "We look at it"),
        "D-4": ("Under Review", 18, None, ""),  # resolved the day after
        "D-5": ("Open", 17, None, ""),
    }
    about = {line.dispute_id: line.about for line in north.disputes}
    assert about["D-1"] == "P-1/NORTH/2026-Q2/earned"
    assert about["D-3"] == "invoice INV-2"
    assert about["D-5"] == "another invoice"  # neither the figure nor the invoice is theirs


def test_what_a_resolved_dispute_added_is_what_the_figure_got(made: Run) -> None:
    accepted = dispute("D-1", status="Resolved", resolution="Accepted", resolved_on=AS_OF)
    rejected = dispute("D-2", status="Resolved", resolution="Rejected", resolved_on=AS_OF, adjusted_amount="9")
    found = told(replace(made, tables=replace(made.tables, disputes=(accepted, rejected))))[0].disputes
    assert [line.agreed for line in found] == [Decimal("12.50"), Decimal(0)]


def test_nobody_elses_and_none_of_our_notes_is_told(made: Run) -> None:
    whole, one, two, south = told(made, branches=True)
    for secret in ("SECRET", "77.77", "OUR-OWN-NOTE", "we guess"):
        assert secret not in repr(whole) + repr(one) + repr(two), secret
    assert [line.claim_id for line in one.claims] == ["C-2"]
    assert [line.dispute_id for line in one.disputes] == ["D-3"]
    assert not two.claims and not two.disputes
    assert [line.claim_id for line in south.claims] == ["SECRET-CLAIM"]


def test_the_workbook_has_a_sheet_of_answers_and_says_so_on_page_one(north: Statement) -> None:
    cells = rows(north)
    assert cells[0][0] == "Your claims"
    assert cells[2][5:9] == ["Status", "Claimed", "Approved", "Paid"]
    assert cells[4][:2] == ["C-2", "1"] and cells[4][5:9] == ["Adjusted", 50, 40, 10] and cells[4][11] == "We pay the rest in June"
    assert cells[5][6] is None  # no number was claimed
    below = [row[0] for row in cells]
    assert below.index("Your disputes") < below.index("D-1") < below.index("D-2")
    assert cells[below.index("D-1")][11] == "Half of it is right"
    summary = openpyxl.load_workbook(io.BytesIO(workbook_bytes(north)))["Summary"]
    said = [cell.value for row in summary.iter_rows(max_col=1) for cell in row]
    sentence = "3 claim lines: 1 approved, 1 adjusted, 1 rejected; 5 disputes: 1 resolved, 4 open. See the sheet Claims and Disputes."
    assert sentence in said


def test_text_from_outside_stays_text(north: Statement) -> None:
    trick = "=cmd|' /C calc'!A0"
    claim = replace(north.claims[0], claim_id=trick, line=trick, program_id=trick, answer=trick, currency=trick)
    about = replace(north.disputes[0], dispute_id=trick, about=trick, reason=trick, answer=trick, status=trick)
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(replace(north, claims=(claim,), disputes=(about,)))))
    cells = [cell for row in book[ANSWERS].iter_rows() for cell in row]
    assert sum(cell.value == trick for cell in cells) >= 8
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]


def test_without_claims_and_disputes_there_is_no_such_sheet() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(told(hand_made())[0])))
    assert ANSWERS not in book.sheetnames


def test_an_answer_gives_another_content_hash(north: Statement) -> None:
    assert replace(north, claims=()).content_hash != north.content_hash != replace(north, disputes=()).content_hash


def test_every_claim_of_the_sample_company_is_answered_once() -> None:
    found = [(line.distributor_id, line.claim_id, line.line, line.status, line.approved) for each in sample_statements() for line in each.claims]
    wanted = [(row.distributor_id, row.claim_id, row.line, row.status, row.approved) for row in sample_run().claims]
    assert len(wanted) > 3
    assert sorted(found) == sorted(wanted)
