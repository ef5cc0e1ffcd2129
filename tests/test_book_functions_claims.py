"""REBATE_CLAIM and the tables of claims and balances: how a claim stands, whose it is, and how what is owed has moved."""

from __future__ import annotations

from datetime import date
from typing import Any

import cells
import pytest
from cells import code, handle
from smallbooks import raw_book

from rebate_udfs.functions import rebate_claim, rebate_table

own_session = cells.own_session  # the fixture
GROUP = [{"Distributor ID": "TOP"}, {"Distributor ID": "NORTH", "Parent ID": "TOP"}, {"Distributor ID": "ALONE"}]
SALES = [
    [date(2026, 1, 10), "NORTH", "A", 10, "1,000.00", {"Invoice Number": "INV-1"}],
    [date(2026, 2, 10), "ALONE", "A", 20, "2,000.00", {"Invoice Number": "INV-2"}],
]  # fmt: skip
PAID = {"Program ID": "P-1", "Period": "Quarter", "Claim Required": "Yes", "Tiers": [[0, "2 %"]]}
EUROS = {"Program ID": "P-2", "Period": "Quarter", "Currency": "EUR", "Claim Required": "Yes", "Tiers": [[0, "1 %"]]}
RATES = [{"Currency": "EUR", "Valid From": date(2026, 1, 1), "Rate": "1.10"}]
SENT = date(2026, 4, 10)


def claim(claim_id: Any, distributor: str, invoice: str, amount: str, program: str = "P-1", line: str = "1", **more: Any) -> dict[str, Any]:
    """A claim line on an invoice."""
    return {"Claim ID": claim_id, "Line": line, "Program ID": program, "Distributor ID": distributor, "Claim Date": SENT,
            "Invoice Number": invoice, "SKU": "A", "Quantity": 10 if invoice == "INV-1" else 20, "Claimed Amount": amount, **more}  # fmt: skip


CLAIMS = [
    claim("C-1", "NORTH", "INV-1", "20.00"),
    claim("C-1", "NORTH", "INV-9", "7.00", line="2"),  # no such invoice
    claim("C-2", "NORTH", "INV-1", "5.00"),  # claimed by C-1 before
    claim("C-2", "ALONE", "INV-2", "50.00"),  # 40.00 is what the terms give
    claim("700", "ALONE", "INV-2", "18.00", "P-2"),
]
PAYMENTS = [{"Payment ID": "1", "Program ID": "P-1", "Participant ID": "TOP", "Period": "2026-Q1", "Claim ID": "C-1", "Paid On": date(2026, 4, 20),
             "Amount": "15.00"}]  # fmt: skip


def posting(number: int, kind: str, participant: str, amount: str, program: str = "P-1") -> dict[str, Any]:
    """An entry of the ledger, as the sheet Ledger holds it."""
    return {"Sequence": number, "Entry ID": str(number), "Posted On": date(2026, 3, 31), "Accounting Period": "2026-03", "Program ID": program,
            "Participant ID": participant, "Earning Period": "2026-Q1", "Kind": kind, "Amount": amount, "Currency": "USD",
            "Base Amount": amount}  # fmt: skip


LEDGER = [posting(1, "Accrual", "TOP", "20.00"), posting(2, "Accrual", "ALONE", "40.00"), posting(3, "Settlement", "ALONE", "-15.00")]


@pytest.fixture
def book() -> str:
    raw = raw_book([PAID, EUROS], SALES, distributors=GROUP, settings={"As Of": date(2026, 4, 30)}, Claims=CLAIMS, Payments=PAYMENTS,
                   **{"Exchange Rates": RATES}, Ledger=LEDGER)  # fmt: skip
    return handle(raw)


def test_a_claim_of_several_lines_sums_its_amounts_and_shows_its_worst_status(book: str) -> None:
    assert rebate_claim(book, "C-1") == rebate_claim(book, "C-1", "Status") == rebate_claim(book, " c-1 ", "status") == "Rejected"
    shown = {name: rebate_claim(book, "C-1", name) for name in ("Claimed", "Calculated", "Approved", "Paid")}
    assert shown == {"Claimed": 27.0, "Calculated": 20.0, "Approved": 20.0, "Paid": 15.0}
    assert rebate_claim(book, "C-1", "Reasons") == "INVOICE_NOT_FOUND"
    assert rebate_claim(book, "C-1", "Remedy") == "Check invoice number and SKU against your statement."


def test_two_distributors_may_use_one_id_but_then_one_is_named(book: str) -> None:
    assert code(rebate_claim(book, "C-2")) == "#VALUE!"
    assert rebate_claim(book, "C-2", "Approved", "ALONE") == rebate_claim(book, "C-2", show="Approved", distributor="alone") == 40.0
    assert rebate_claim(book, "C-2", distributor="ALONE") == "Adjusted"
    assert rebate_claim(book, "C-2", "", "NORTH") == "Rejected"


def test_a_claim_id_may_be_a_number_and_what_is_not_there_is_said(book: str) -> None:
    assert rebate_claim(book, 700.0, "Claimed") == rebate_claim(book, "700", "Claimed") == 18.0
    assert code(rebate_claim(book, "C-99")) == code(rebate_claim(book, "C-1", distributor="ALONE")) == "#N/A"
    assert code(rebate_claim(book, "C-1", "Status", "NOBODY")) == "#N/A"
    assert code(rebate_claim(book, "")) == code(rebate_claim(book, "C-1", "Colour")) == code(rebate_claim("nothing", "C-1")) == "#VALUE!"


def test_lines_of_several_currencies_add_up_in_base_currency() -> None:
    lines = [claim("C-3", "ALONE", "INV-2", "40.00"), claim("C-3", "ALONE", "INV-2", "10.00", "P-2", "2")]
    raw = raw_book([PAID, EUROS], SALES, distributors=GROUP, settings={"As Of": date(2026, 4, 30)}, Claims=lines)
    rated = raw_book([PAID, EUROS], SALES, distributors=GROUP, settings={"As Of": date(2026, 4, 30)}, Claims=lines, **{"Exchange Rates": RATES})
    assert rebate_claim(handle(rated), "C-3", "Claimed") == 51.0
    assert code(rebate_claim(handle(raw), "C-3", "Claimed")) == "#N/A"


def table(book: str, name: str, **narrowed: str) -> list[dict[str, Any]]:
    """A spilled table by its headers."""
    header, *rows = rebate_table(book, name, **narrowed)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_table_of_claims_is_a_programs_and_a_distributors(book: str) -> None:
    in_order = sorted((str(each["Claim ID"]), each["Line"]) for each in CLAIMS)  # all of one day: by claim, then line
    assert [(row["Claim ID"], row["Line"]) for row in table(book, "claims")] == in_order
    assert [row["Distributor ID"] for row in table(book, "Claims", distributor="TOP")] == ["NORTH"] * 3
    assert [row["Claim ID"] for row in table(book, "Claims", program="P-2")] == ["700"]
    assert rebate_table(book, "Claims", "P-2", "NORTH")[1][0] == "nothing to show"


def test_the_roll_forward_is_a_programs_and_a_distributors(book: str) -> None:
    closing = {row["Participant ID"]: row["Closing (USD)"] for row in table(book, "Roll-Forward")}
    assert closing == {"TOP": 20.0, "ALONE": 25.0}
    assert {row["Participant ID"]: row["Closing (USD)"] for row in table(book, "Roll-Forward", distributor="ALONE")} == {"ALONE": 25.0}
    # NORTH's invoice is all that TOP's figure has
    assert [row["Closing (USD)"] for row in table(book, "Roll-Forward", program="P-1", distributor="NORTH")] == [20.0]
    assert rebate_table(book, "Roll-Forward", "P-2") == [["Roll-Forward"], ["nothing to show"]]


def test_a_book_without_claims_or_postings_has_nothing_to_show() -> None:
    book = handle(raw_book([PAID], SALES, distributors=GROUP))
    assert rebate_table(book, "Claims") == [["Claims"], ["nothing to show"]]
    assert rebate_table(book, "Roll-Forward") == [["Roll-Forward"], ["nothing to show"]]
    assert code(rebate_claim(book, "C-1")) == "#N/A"
