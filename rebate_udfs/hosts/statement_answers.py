"""The sheet with our answers: every claim line and every dispute of a distributor, how it stands, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..report_claims import STATUSES
from ..statement import ClaimLine, DisputeLine, Statement
from . import look
from .statement_pen import Pen, lines_of, number_of, with_currency

ANSWERS = "Claims and Disputes"
SENTENCE = 31.0
WIDTHS = (13.0, 6.0, 11.0, 12.0, 11.0, 18.0, 14.0, 14.0, 14.0, SENTENCE, SENTENCE, SENTENCE)
CHARACTERS = 28  # that a sentence's column shows on one line
RESOLVED = "Resolved"


def in_short(statement: Statement) -> str:
    """How claims and disputes stand, in one sentence for page one; nothing where there are none."""
    parts = []
    if statement.claims:
        found = Counter(line.status for line in statement.claims)
        parts.append(f"{_count(len(statement.claims), 'claim line')}: " + ", ".join(f"{found[one]} {one.lower()}" for one in STATUSES if found[one]))
    if statement.disputes:
        answered = sum(line.status.startswith(RESOLVED) for line in statement.disputes)
        parts.append(f"{_count(len(statement.disputes), 'dispute')}: {answered} resolved, {len(statement.disputes) - answered} open")
    return f"{'; '.join(parts)}. See the sheet {ANSWERS}." if parts else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def write_answers(pen: Pen) -> None:
    """Claims, then disputes below them; no sheet where there is neither."""
    statement = pen.statement
    if not (statement.claims or statement.disputes):
        return
    sheet = pen.sheet(ANSWERS, WIDTHS, look.TAB_REFERENCE)
    row = 0
    if statement.claims:
        pen.text(sheet, row, 0, "Your claims", "sheet_title")
        row = _claims(pen, sheet, row + 2, statement.claims) + 2
    if statement.disputes:
        pen.text(sheet, row, 0, "Your disputes", "sheet_title")
        _disputes(pen, sheet, row + 2, statement.disputes)


def _claims(pen: Pen, sheet: Any, row: int, claims: Sequence[ClaimLine]) -> int:
    """A row a claim line; gives the row after the last."""
    names = ("Claim ID", "Line", "Claim Date", "Program", "Period", "Status", "Claimed", "Approved", "Paid", "Why", "What You Can Do", "Our Answer")
    pen.header(sheet, row, [(name, name in ("Claimed", "Approved", "Paid")) for name in names[:9]])
    _indented(pen, sheet, row, names[9:])
    for line in claims:
        row += 1
        for column, text in ((0, line.claim_id), (1, line.line), (3, line.program_id), (4, line.period_id)):
            pen.text(sheet, row, column, text)
        pen.day(sheet, row, 2, line.claim_date)
        pen.text(sheet, row, 5, line.status, "bold")
        money = pen.style("number", with_currency(line.currency))
        for column, amount in enumerate((line.claimed, line.approved, line.paid), 6):
            if amount is not None:
                sheet.write_number(row, column, number_of(amount), money)
        _sentences(pen, sheet, row, (line.why, line.what_to_do, line.answer))
    return row + 1


def _disputes(pen: Pen, sheet: Any, row: int, disputes: Sequence[DisputeLine]) -> None:
    """A row a dispute."""
    names = ("Dispute ID", "Days", "Opened On", "Resolved On", "From", "Status", "You Expected", "Agreed", "", "About", "Your Reason", "Our Answer")
    pen.header(sheet, row, [(name, name in ("You Expected", "Agreed")) for name in names[:9]])
    _indented(pen, sheet, row, names[9:])
    for line in disputes:
        row += 1
        pen.text(sheet, row, 0, line.dispute_id)
        sheet.write_number(row, 1, line.days, pen.style("date", "0"))
        pen.day(sheet, row, 2, line.opened_on)
        pen.day(sheet, row, 3, line.resolved_on)
        pen.text(sheet, row, 4, line.distributor_id)
        pen.text(sheet, row, 5, line.status, "bold")
        money = pen.style("number", with_currency(line.currency) if line.currency else look.money_format(2))
        for column, amount in ((6, line.amount), (7, line.agreed)):
            if amount is not None:
                sheet.write_number(row, column, number_of(amount), money)
        _sentences(pen, sheet, row, (line.about, line.reason, line.answer))


def _indented(pen: Pen, sheet: Any, row: int, names: Sequence[str]) -> None:
    for column, name in enumerate(names, len(WIDTHS) - len(names)):
        pen.text(sheet, row, column, name, "header_indent")


def _sentences(pen: Pen, sheet: Any, row: int, texts: Sequence[str]) -> None:
    """Sentences in the last columns, the row high enough for the longest."""
    for column, text in enumerate(texts, len(WIDTHS) - len(texts)):
        if text:
            pen.text(sheet, row, column, text, "wrap_indent")
    sheet.set_row(row, 15.0 * max(lines_of(look.safe_text(text), CHARACTERS) for text in texts))
