"""What people make of a form: amounts and days in the spellings of many countries, rows without a line, overwritten examples, remarks.

Everything is taken as it was meant, or asked back with its cell; nothing is guessed, nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from returned import made
from smallbooks import raw_book

from rebate_udfs.form_cells import amount_of_text
from rebate_udfs.forms import CLAIM_HEADERS, DISPUTE_HEADERS, EXAMPLE, EXAMPLE_FACTS, Filled, numbered, read_forms
from rebate_udfs.hosts.receive_reader import cells
from rebate_udfs.model import Claim, Dispute, Tables
from rebate_udfs.parse import Unreadable
from rebate_udfs.receive import new_claims, new_disputes
from rebate_udfs.tables import read

AS_OF = date(2026, 5, 31)
CLAIM = {"Claim ID": "C-1", "Line": "1", "Program ID": "P", "Claim Date": datetime(2026, 5, 30), "Period": "2026-Q1", "Claimed Amount": 100.0}
DISPUTE = {"Opened On": datetime(2026, 5, 30), "Invoice Number": "INV-1", "Reason": "An amount is wrong", "Disputed Amount": 12.5}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return read(raw_book({"Program ID": "P"}, [[date(2026, 1, 5), "A", "S", 1, 100]], settings={"As Of": AS_OF}))


def grid(headers: tuple[str, ...], rows: list[Mapping[str, Any]], check: str = "Check") -> list[list[Any]]:
    """A form as it comes back: title, headers, rows."""
    return [["Form"], [], [*(f"{header} *" for header in headers), check], *([row.get(header, "") for header in (*headers, check)] for row in rows)]


def filled(tables: Tables, claims: list[Mapping[str, Any]] = [], disputes: list[Mapping[str, Any]] = [], **more: Any) -> Filled:  # noqa: B006
    sheets = {"Claim Form": grid(CLAIM_HEADERS, claims), "Dispute Form": grid(DISPUTE_HEADERS, disputes)}
    return read_forms(sheets | more, "A", AS_OF, tables)


@pytest.mark.parametrize(("text", "amount", "currency"), [
    ("1,234.50", "1234.50", ""), ("1.234,50 EUR", "1234.50", "EUR"), ("EUR 1.234,50", "1234.50", "EUR"), ("1 234,50 €", "1234.50", "EUR"),
    ("$1,250.50", "1250.50", ""), ("US$ 12", "12", "USD"), ("(50)", "-50", ""), ("($ 50.25)", "-50.25", ""), ("50,-", "50", ""), ("12,5", "12.5", ""),
    ("1'234.50", "1234.50", ""), ("1.234.567", "1234567", ""), ("0.125", "0.125", ""), ("\u221250", "-50", ""), ("100 usd ", "100", "USD"),
])  # fmt: skip
def test_amounts_are_read_as_they_are_written_in_many_countries(text: str, amount: str, currency: str):
    assert amount_of_text(text) == (Decimal(amount), currency)


@pytest.mark.parametrize(("text", "why"), [
    ("1,234", "could be 1234 or 1.234"), ("1.234", "could be 1234 or 1.234"), ("(1,234)", "could be 1234 or 1.234"), ("1.234 EUR", "could be"),
    ("12 pcs", "not an amount"), ("5 %", "not an amount"), ("about 50", "not an amount"), ("USD 5 EUR", "not an amount"), ("1,23,4", "not an amount"),
])  # fmt: skip
def test_an_amount_that_could_be_two_is_asked_back(text: str, why: str):
    with pytest.raises(Unreadable, match=why):
        amount_of_text(text)


def test_a_claim_keeps_its_place_while_its_amount_and_day_are_asked_back(tables: Tables):
    found = filled(tables, [{**CLAIM, "Claimed Amount": "1,234", "Claim Date": "3/4/2026"}])
    (row,) = found.claims
    assert row.claim.claimed_amount is None and row.claim.claim_date is None
    said = {problem.column: f"{problem.table} {problem.row}: {problem.message} {problem.remedy}" for problem in found.problems}
    assert said["Claimed Amount"].startswith('Claim Form 4: "1,234" could be 1234 or 1.234. It was taken without it. Enter a number')
    assert '"3/4/2026" could be two dates' in said["Claim Date"] and "2026-03-31" in said["Claim Date"]


@pytest.mark.parametrize(("text", "day"), [("04.03.2026", date(2026, 3, 4)), ("2026-03-04", date(2026, 3, 4)), ("4 Mar 2026", date(2026, 3, 4)),
                                           ("31/03/2026", date(2026, 3, 31)), ("3/31/2026", date(2026, 3, 31))])  # fmt: skip
def test_days_as_text_that_can_be_only_one(text: str, day: date, tables: Tables):
    assert filled(tables, [{**CLAIM, "Claim Date": text}]).claims[0].claim.claim_date == day


def test_a_currency_beside_an_amount_is_kept(tables: Tables):
    assert filled(tables, [{**CLAIM, "Claimed Amount": "1.234,50 EUR"}]).claims[0].claim.currency == "EUR"
    found = filled(tables, [{**CLAIM, "Claimed Amount": "5.00 EUR", "Activity Cost": "6.00 USD"}])
    assert not found.claims and "EUR and USD" in found.problems[0].message


@pytest.mark.parametrize(("header", "cell", "why"), [
    ("Period", "#N/A", "#N/A"), ("SKU", datetime(2026, 3, 4), "made a date of it"), ("Invoice Number", 12345678901234567.0, "more digits"),
    ("Quantity", "5 EUR", "an amount of money"), ("Claimed Amount", datetime(2026, 5, 1), "is a date"),
])  # fmt: skip
def test_what_a_spreadsheet_did_to_a_cell_is_said(header: str, cell: Any, why: str, tables: Tables):
    found = filled(tables, [{**CLAIM, header: cell}])
    assert any(why in problem.message and problem.column == header for problem in found.problems)
    assert bool(found.claims) == (header in ("Quantity", "Claimed Amount"))


def test_the_example_is_not_sent_but_what_is_written_over_it_is(tables: Tables):
    example = {"Claim ID": "C-2001", "Line": "1", "Program ID": "P", "Claim Date": datetime(2026, 5, 31), "Claimed Amount": 1250.0, "Check": EXAMPLE}
    assert filled(tables, [example]).claims == []
    assert filled(tables, [{**example, "Check": ""}]).claims == []  # its mark was deleted, the row was not
    written_over = filled(tables, [{**CLAIM, "Check": EXAMPLE}])
    assert [row.claim.claim_id for row in written_over.claims] == ["C-1"]


def test_the_example_of_a_real_statement_is_known():
    sheets = cells(made().statements[0].read_bytes())
    for sheet, headers, facts in (
        ("Claim Form", CLAIM_HEADERS, EXAMPLE_FACTS["Claims"]),
        ("Dispute Form", DISPUTE_HEADERS, EXAMPLE_FACTS["Disputes"]),
    ):
        top = next(at for at, row in enumerate(sheets[sheet]) if str(row[0]).rstrip("* ") in (headers[0],))
        said = dict(zip([str(cell).rstrip("* ") for cell in sheets[sheet][top]], sheets[sheet][top + 1], strict=True))
        assert {header: str(said[header]).removesuffix(".0") for header in facts} == facts and said["Check"] == EXAMPLE


def sent(found: Filled, book: list[Claim]) -> list[tuple[str, Decimal | None, int]]:
    """What goes into the book: line, amount, resubmission; the book has it afterwards."""
    fresh, _ = new_claims(numbered(found, book), book)
    book += fresh
    return [(claim.line, claim.claimed_amount, claim.resubmission) for claim in fresh]


def test_rows_without_a_line_are_lines_however_they_are_sorted(tables: Tables):
    rows = [{**CLAIM, "Line": "", "Claimed Amount": amount} for amount in (10.0, 20.0, 30.0)]
    book: list[Claim] = []
    assert sent(filled(tables, rows), book) == [("1", Decimal(10), 0), ("2", Decimal(20), 0), ("3", Decimal(30), 0)]
    assert sent(filled(tables, rows[::-1]), book) == []
    assert sent(filled(tables, [rows[2], {**rows[1], "Claimed Amount": 25.0}, rows[0]]), book) == [("2", Decimal(25), 1)]
    assert sent(filled(tables, [*rows[:1], {**rows[1], "Claimed Amount": 25.0}, *rows[2:], {**rows[0], "Claimed Amount": 40.0}]), book) == [
        ("4", Decimal(40), 0)
    ]
    unclear = filled(tables, [{**rows[0], "Claimed Amount": 99.0}])
    assert sent(unclear, book) == [] and unclear.problems[-1].code == "LINE_UNCLEAR"


def test_two_rows_with_one_line_are_asked_back_and_alike_ones_count_once(tables: Tables):
    twice = filled(tables, [CLAIM, {**CLAIM, "Claimed Amount": 90.0}])
    assert sent(twice, []) == [] and "rows 4 and 5" in twice.problems[-1].message
    assert sent(filled(tables, [CLAIM, CLAIM]), []) == [("1", Decimal(100), 0)]
    alike = filled(tables, [{**CLAIM, "Line": ""}, {**CLAIM, "Line": ""}])
    assert sent(alike, []) == [("1", Decimal(100), 0)] and alike.problems[-1].code == "ROW_TWICE"


def test_a_form_copied_to_a_sheet_of_its_own_or_below_itself_is_read_too(tables: Tables):
    more = [*grid(CLAIM_HEADERS, [{**CLAIM, "Line": "2"}]), [], [], *grid(CLAIM_HEADERS, [{**CLAIM, "Line": "3"}])]
    found = filled(tables, [CLAIM], [], **{"Claim Form (2)": more})
    assert [(row.sheet, row.claim.line) for row in found.claims] == [("Claim Form", "1"), ("Claim Form (2)", "2"), ("Claim Form (2)", "3")]


def test_own_columns_and_remarks_are_named(tables: Tables):
    form = grid(CLAIM_HEADERS, [CLAIM, {}])
    form[2].append("Our Reference")
    form[3].append("X-1")
    form[4] = [""] * 20 + ["see our letter"]
    found = read_forms({"Claim Form": form, "Dispute Form": grid(DISPUTE_HEADERS, [])}, "A", AS_OF, tables)
    said = " ".join(problem.message for problem in found.problems)
    assert "Our Reference: added to the form, and not read." in said and '"see our letter" stands in no column' in said


def test_a_form_that_is_gone_is_said(tables: Tables):
    found = read_forms({"Claim Form": grid(CLAIM_HEADERS, [CLAIM])}, "A", AS_OF, tables)
    assert [problem.message for problem in found.problems] == ["The Dispute Form was not found, so nothing was read from it."]


def test_a_line_that_was_prepared_and_not_claimed_is_no_claim(tables: Tables):
    found = filled(tables, [{"Program ID": "P", "Period": "2026-Q1", "Claimed Amount": 50.0}])
    assert (found.claims, found.problems, found.left) == ([], [], 1)


def test_a_dispute_that_is_opened_again_after_it_was_answered_is_a_new_one(tables: Tables):
    first, known = new_disputes(filled(tables, [], [DISPUTE, DISPUTE]).disputes, [])
    assert (len(first), known) == (1, 1)
    answered = {"status": "Resolved", "resolution": "Rejected", "resolved_on": date(2026, 6, 5)}
    book = [Dispute.model_validate(first[0].model_dump() | answered)]
    assert new_disputes(filled(tables, [], [DISPUTE]).disputes, book) == ([], 1)  # the same file again
    again, _ = new_disputes(filled(tables, [], [{**DISPUTE, "Opened On": datetime(2026, 7, 1)}]).disputes, book)
    assert [one.dispute_id for one in again] == [f"{first[0].dispute_id}-2"]


def test_a_dispute_needs_something_to_be_about(tables: Tables):
    found = filled(tables, [], [{**DISPUTE, "Invoice Number": ""}, {**DISPUTE, "Figure ID": "P/B/2026/earned"}])
    assert not found.disputes and [problem.code for problem in found.problems] == ["DISPUTE_WITHOUT_SUBJECT", "FIGURE_OF_ANOTHER"]
