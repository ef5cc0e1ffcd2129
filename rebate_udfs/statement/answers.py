"""How we answered a distributor: its claims line by line with the reasons in words, and its disputes; never our own notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from ..model import Claim, ClaimResult, Dispute, DisputeStatus
from ..report_claims import what_to_do, why
from ..settle import dispute_effect
from .nouns import ClaimLine, DisputeLine

NOT_THEIRS = "another invoice"  # what a dispute is about that names no invoice of the reader's: it may be somebody else's


def claim_line(row: ClaimResult, claim: Claim | None, as_of: date) -> ClaimLine:
    """One claim line as its distributor is told it; a decision's note is told from the day on which it counts."""
    decided = claim is None or claim.decided_on is None or claim.decided_on <= as_of
    return ClaimLine(
        claim_id=row.claim_id,
        line=row.line,
        claim_date=row.claim_date,
        program_id=row.program_id,
        period_id=row.period,
        distributor_id=row.distributor_id,
        status=row.status,
        claimed=row.claimed,
        approved=row.approved,
        paid=row.paid,
        why=why(row),
        what_to_do=what_to_do(row),
        answer=row.note if decided else "",
        currency=row.currency,
    )


def dispute_line(row: Dispute, as_of: date, is_own: Callable[[str], bool], invoices: Iterable[str], currencies: dict[str, str]) -> DisputeLine:
    """One dispute with our answer; what is resolved after the as-of date is still under review, and its answer is not told yet.

    `is_own` says whether a participant's figure is the reader's, `invoices` are its own invoice numbers, `currencies` those of its
    programs: a figure or an invoice that is not its own is not named.
    """
    resolved = row.status is DisputeStatus.RESOLVED and row.resolved_on is not None and row.resolved_on <= as_of
    parts = row.figure_id.split("/")
    named = len(parts) > 2 and parts[0] in currencies and is_own(parts[1])
    about = [row.figure_id] if named else []
    if row.invoice_number:
        about.append(f"invoice {row.invoice_number}" if row.invoice_number in set(invoices) else NOT_THEIRS)
    return DisputeLine(
        dispute_id=row.dispute_id,
        opened_on=row.opened_on,
        distributor_id=row.distributor_id,
        about=", ".join(about),
        reason=row.reason,
        amount=row.disputed_amount,
        currency=currencies[parts[0]] if named else "",
        status=_status(row, resolved),
        resolved_on=row.resolved_on if resolved else None,
        days=((row.resolved_on if resolved and row.resolved_on else as_of) - row.opened_on).days,
        agreed=dispute_effect(row) if resolved else None,
        answer="" if row.status is DisputeStatus.RESOLVED and not resolved else row.answer,
    )


def _status(row: Dispute, resolved: bool) -> str:
    if row.status is not DisputeStatus.RESOLVED:
        return row.status.value
    return f"{row.status.value}: {row.resolution.value}" if resolved and row.resolution else DisputeStatus.UNDER_REVIEW.value
