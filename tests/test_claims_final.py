"""A claim line that a close has posted is final: it is not computed anew, draws first, and later facts show beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from smallbooks import book

from rebate_udfs import bookkeeping, ledger_audit
from rebate_udfs.claim_posting import claim_entries
from rebate_udfs.claim_results import claim_value
from rebate_udfs.ledger import Ledger
from rebate_udfs.model import ClaimResult, Run, Tables
from rebate_udfs.pipeline import run
from rebate_udfs.report_claims import answers, what_to_do
from rebate_udfs.statement.answers import claim_line

CLAIM = {"Program ID": "P", "Distributor ID": "NORTH"}
VOLUME = {"Program ID": "P", "Period": "Year", "Claim Required": "Yes", "Accrual Policy": "Attained", "Tiers": [[0, "2 %"], [2000, "4 %"]]}
MDF = {"Program ID": "P", "Rebate Type": "MDF", "Period": "Year", "Tiers": [[0, "2 %"]]}
FIRST = ["2026-01-10", "NORTH", "S", 10, 1000, {"Invoice Number": "INV-1"}]
SECOND = ["2026-02-10", "NORTH", "S", 10, 1500, {"Invoice Number": "INV-2"}]
RETURNED = ["2026-03-10", "NORTH", "S", -10, -1500, {"Original Transaction ID": "T2"}]
LINE = CLAIM | {"Claim ID": "A", "Claim Date": "2026-01-20", "Invoice Number": "INV-1", "SKU": "S", "Quantity": 10, "Claimed Amount": 20}
Rows = Sequence[Mapping[str, Any]]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    yield Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", "B-TEST")


def books(ledger: Ledger, as_of: str, program: Mapping[str, Any], purchases: Sequence[Any], claims: Rows) -> Tables:
    found = book(program, purchases, settings={"As Of": as_of, "Book ID": "B-TEST"}, Claims=claims)
    return replace(found, ledger=ledger.entries())


def close(tables: Tables, period: str, ledger: Ledger) -> dict[str, str]:
    """Close a period; what was posted of claim lines, by source."""
    done = bookkeeping.post(bookkeeping.preview(tables, period, ledger), ledger, "ann")
    return {entry.source: entry.reason for entry in claim_entries(done.entries)}


def line(found: Run, claim_id: str) -> ClaimResult:
    return next(row for row in found.claims if row.claim_id == claim_id and "STALE_RESUBMISSION" not in row.reasons)


def amounts(row: ClaimResult) -> tuple[Decimal, Decimal]:
    return row.approved, row.difference


def test_a_posted_line_draws_first_follows_a_higher_rate_and_never_a_lower_one(ledger: Ledger) -> None:
    posted = close(books(ledger, "2026-01-31", VOLUME, [FIRST], [LINE]), "2026-01", ledger)
    assert posted == {"NORTH/A/1": "CLAIM (approved 20.00, calculated 20.00, quantity 10)"}  # 2 % of 1,000
    early = CLAIM | {"Claim ID": "0", "Claim Date": "2026-01-05", "Period": "2026", "Claimed Amount": 90}

    risen = run(books(ledger, "2026-02-28", VOLUME, [FIRST, SECOND], [LINE, early]))  # 4 % of 2,500 is 100.00
    assert amounts(line(risen, "A")) == (Decimal("40.00"), 0)  # 4 % of its 1,000, with no new claim
    assert amounts(line(risen, "0")) == (Decimal("60.00"), 0)  # dated earlier, but the final line drew first
    assert line(risen, "0").reasons == ("EXCEEDS_ENTITLEMENT",)
    posted = close(books(ledger, "2026-02-28", VOLUME, [FIRST, SECOND], [LINE, early]), "2026-02", ledger)
    assert set(posted) == {"NORTH/A/1", "NORTH/0/1"}

    fallen = run(books(ledger, "2026-03-31", VOLUME, [FIRST, SECOND, RETURNED], [LINE, early]))  # 20.00 earned again
    assert amounts(line(fallen, "0")) == (Decimal("60.00"), Decimal("-40.00"))  # today the 20.00 would go to the earlier date
    assert amounts(line(fallen, "A")) == (Decimal("40.00"), Decimal("-40.00"))
    assert line(fallen, "0").reasons == ("EXCEEDS_ENTITLEMENT",)  # as it was posted
    assert close(books(ledger, "2026-03-31", VOLUME, [FIRST, SECOND, RETURNED], [LINE, early]), "2026-03", ledger) == {}


def test_a_resubmission_of_a_posted_line_is_stale_and_a_decision_outranks_the_close(ledger: Ledger) -> None:
    close(books(ledger, "2026-01-31", VOLUME, [FIRST], [LINE]), "2026-01", ledger)
    again = LINE | {"Resubmission": 1, "Claim Date": "2026-02-03", "Claimed Amount": 5}
    found = run(books(ledger, "2026-02-28", VOLUME, [FIRST], [LINE, again]))
    assert [(row.claimed, row.approved, row.reasons) for row in found.claims] == [(20, 20, ()), (5, 0, ("STALE_RESUBMISSION",))]
    decided = LINE | {"Decision": "Approve", "Decided Amount": 15, "Decided On": "2026-02-10"}
    found = run(books(ledger, "2026-02-28", VOLUME, [FIRST], [decided]))
    assert [(row.approved, row.difference, row.posted) for row in found.claims] == [(15, 5, 20)]
    refused = run(books(ledger, "2026-02-28", VOLUME, [FIRST], [LINE | {"Decision": "Reject", "Decided On": "2026-02-10"}]))
    assert [(row.status, row.approved) for row in refused.claims] == [("Rejected", 0)]


def test_a_posted_claim_keeps_its_money_when_the_fund_shrinks_and_a_later_one_gets_the_rest(ledger: Ledger) -> None:
    show = CLAIM | {"Activity Type": "Show", "Proof Reference": "R", "Activity Date": "2026-01-15", "Claim Date": "2026-01-20"}
    first = show | {"Claim ID": "B", "Activity Cost": 15, "Claimed Amount": 15}
    other = show | {"Claim ID": "A", "Activity Cost": 9, "Claimed Amount": 9, "Claim Date": "2026-01-18"}  # found later, dated earlier
    posted = close(books(ledger, "2026-01-31", MDF, [FIRST], [first]), "2026-01", ledger)  # fund 20.00
    assert posted == {"NORTH/B/1": "CLAIM (approved 15.00, calculated 15.00, quantity 0)"}
    found = run(books(ledger, "2026-02-28", MDF, [FIRST], [first, other]))
    assert {row.claim_id: (row.approved, row.reasons) for row in found.claims} == {"B": (15, ()), "A": (5, ("FUND_EXHAUSTED",))}
    back = ["2026-02-20", "NORTH", "S", -5, -500, {"Original Transaction ID": "T1"}]
    found = run(books(ledger, "2026-02-28", MDF, [FIRST, back], [first]))  # fund 10.00
    assert [(row.status, row.approved, row.difference) for row in found.claims] == [("Approved", 15, -5)]
    assert [row.accrued for row in found.accruals] == [15]  # never below what is approved


def test_a_line_that_a_close_limited_says_today_what_a_new_line_could_claim(ledger: Ledger) -> None:
    show = CLAIM | {"Activity Type": "Show", "Proof Reference": "R", "Activity Date": "2026-01-15", "Claim Date": "2026-01-20"}
    sent = show | {"Claim ID": "B", "Activity Cost": 100, "Claimed Amount": 50}
    before = run(books(ledger, "2026-01-31", MDF, [FIRST], [sent]))  # fund 20.00
    assert what_to_do(line(before, "B")) == "Nothing to do: we pay what the fund still holds."
    close(books(ledger, "2026-01-31", MDF, [FIRST], [sent]), "2026-01", ledger)
    later = run(books(ledger, "2026-02-28", MDF, [FIRST, SECOND], [sent]))  # fund 50.00
    row = line(later, "B")
    assert amounts(row) == (Decimal("20.00"), Decimal("30.00"))
    fixed = "Fixed by the close of 2026-01-31: the terms would give USD 30.00 more today, which can be claimed on a new line while claims are taken."
    (told,) = answers(later, 5)
    assert told.endswith(fixed) and "Nothing to do" not in told and "as of 2026-01-31" in told.casefold()
    assert claim_line(row, None, later.as_of).what_to_do == fixed
    new = sent | {"Claim ID": "C", "Claim Date": "2026-02-27", "Activity Date": "2026-02-20", "Proof Reference": "R2", "Claimed Amount": 30}
    assert line(run(books(ledger, "2026-02-28", MDF, [FIRST, SECOND], [sent, new])), "C").approved == Decimal("30.00")


def test_who_sent_a_line_that_a_close_limited_is_not_told_to_correct_it(ledger: Ledger) -> None:
    """A new version of the line would be stale."""
    sent = LINE | {"Quantity": 12, "Claimed Amount": 24}
    before = run(books(ledger, "2026-01-31", VOLUME, [FIRST], [sent]))
    assert line(before, "A").reasons[0] == "QUANTITY_EXCEEDS_INVOICE"
    assert what_to_do(line(before, "A")) == claim_value(before, "A", "Remedy") == "Claim only the quantity that is left on the invoice line."
    close(books(ledger, "2026-01-31", VOLUME, [FIRST], [sent]), "2026-01", ledger)
    after = run(books(ledger, "2026-02-28", VOLUME, [FIRST], [sent]))
    assert line(after, "A").reasons == line(before, "A").reasons and line(after, "A").posted == 20
    assert what_to_do(line(after, "A")) == claim_value(after, "A", "Remedy") == "Nothing to do: the line is final."


def test_the_rest_of_a_line_that_a_close_has_posted_can_still_be_claimed(ledger: Ledger) -> None:
    sent = LINE | {"Claimed Amount": 15}
    close(books(ledger, "2026-01-31", VOLUME, [FIRST], [sent]), "2026-01", ledger)
    after = run(books(ledger, "2026-02-28", VOLUME, [FIRST], [sent]))
    assert what_to_do(line(after, "A")) == "Claim the rest in a line of its own."


def test_reopening_frees_the_line_and_an_earlier_day_does_not_know_of_the_close(ledger: Ledger) -> None:
    close(books(ledger, "2026-01-31", VOLUME, [FIRST], [LINE]), "2026-01", ledger)
    assert line(run(books(ledger, "2026-01-25", VOLUME, [FIRST], [LINE])), "A").posted is None
    bookkeeping.reopen(books(ledger, "2026-01-31", VOLUME, [FIRST], [LINE]), ledger, "2026-01", "too early", "ann")
    free = line(run(books(ledger, "2026-02-28", VOLUME, [FIRST], [LINE | {"Claimed Amount": 12}])), "A")
    assert (free.posted, free.approved) == (None, 12)


def test_entries_of_claim_lines_book_nothing_and_a_replay_holds_the_lines_that_were_final(ledger: Ledger) -> None:
    close(books(ledger, "2026-01-31", VOLUME, [FIRST], [LINE]), "2026-01", ledger)
    for purchases, period in (([FIRST, SECOND], "2026-02"), ([FIRST, SECOND, RETURNED], "2026-03")):
        close(books(ledger, f"{date(2026, int(period[-2:]), 28)}", VOLUME, purchases, [LINE]), period, ledger)
    for entry in claim_entries(ledger.entries()):
        assert (entry.amount, entry.base_amount, entry.debit_account, entry.credit_account) == (0, 0, "", "")
    last = ledger.acts()[-1]
    assert amounts(line(ledger_audit.replay(ledger, last), "A")) == (Decimal("40.00"), Decimal("-20.00"))
    assert ledger.verify() is None
