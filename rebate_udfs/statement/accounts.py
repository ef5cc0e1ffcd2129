"""What became of every figure: earned, agreed in answers, paid, lapsed, open, and when the rest is due; and how it moved since the last statement.

Earned + agreed - paid - lapsed = open. What a dispute or an adjustment added stands beside earned, which is the figure
of the same id everywhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from ..agreements import Agreement, agreements
from ..model import Attainment, ClaimResult, Dispute, Payable, RebateType, Run
from ..participants import Hierarchy
from ..settle import adjusted_of, needs_claim, resolve
from .in_words import date_text, money_text
from .nouns import AccountLine, ClaimDue, Moved, Movement

Figure = tuple[str, str, str]  # program, participant, period
NOTHING = Decimal(0)
HELD = "Held"


@dataclass(slots=True)
class Account:
    """One figure with all that changes what is open of it."""

    row: Attainment
    agreement: Agreement
    answered: Decimal = NOTHING  # resolved disputes
    adjusted: Decimal = NOTHING  # adjustments, write-offs and forfeits by hand
    paid: Decimal = NOTHING
    paid_unclaimed: Decimal = NOTHING  # of it without a Claim ID
    payables: list[Payable] = field(default_factory=list)
    claims: list[ClaimResult] = field(default_factory=list)

    @property
    def agreed(self) -> Decimal:
        """What answers and adjustments have added."""
        return self.answered + self.adjusted

    @property
    def lapsed(self) -> Decimal:
        """What was not claimed in time, or stayed below the minimum payout."""
        return sum((row.lapsed for row in self.payables), NOTHING)

    @property
    def open(self) -> Decimal:
        """What is still to be paid or claimed; below 0: paid beyond what is owed."""
        return self.row.earned + self.agreed - self.paid - self.lapsed


def accounts_of(run: Run) -> dict[Figure, Account]:
    """The account of every figure that has begun by the as-of date."""
    programs = {each.program_id: each for each in agreements(run.tables, Hierarchy(run.tables.distributors))[0]}
    found = {
        (row.program_id, row.participant_id, row.period.period_id): Account(row, programs[row.program_id])
        for row in run.attainment
        if row.period.starts_on <= run.as_of and row.program_id in programs
    }
    for key, payments in resolve(programs.values(), run.tables.payments).items():
        if key in found:
            paid = [row for row in payments if row.paid_on and row.paid_on <= run.as_of]
            found[key].paid = sum((row.amount for row in paid), NOTHING)
            found[key].paid_unclaimed = sum((row.amount for row in paid if not row.claim_id), NOTHING)
    for key, rows in resolve(programs.values(), run.tables.adjustments).items():
        if key in found:
            found[key].adjusted = adjusted_of(rows, (), run.as_of).total
    for key, disputes in _disputes(run).items():
        if key in found:
            found[key].answered = adjusted_of((), disputes, run.as_of).total
    for payable in run.payable:
        if account := found.get((payable.program_id, payable.participant_id, payable.period)):
            account.payables.append(payable)
    for claim in run.claims:
        if account := found.get((claim.program_id, claim.participant_id, claim.period)):
            account.claims.append(claim)
    return found


def _disputes(run: Run) -> dict[Figure, list[Dispute]]:
    found: dict[Figure, list[Dispute]] = defaultdict(list)
    for dispute in run.tables.disputes:
        parts = dispute.figure_id.split("/")
        if len(parts) >= 3:
            found[parts[0], parts[1], parts[2]].append(dispute)
    return found


# ---- in lines


def account_line(account: Account, as_of: date, dates: str) -> AccountLine:
    """One figure's account as its participant is told it."""
    row = account.row
    return AccountLine(
        row.program_id, row.participant_id, row.period.period_id, row.currency, row.earned, account.agreed, account.paid, account.lapsed,
        account.open, _when(account, as_of, dates),
    )  # fmt: skip


def _when(account: Account, as_of: date, dates: str) -> str:
    """When what is open is paid: in one or several parts, each with its day."""
    left = account.open
    if left < 0:
        return "paid beyond what is owed: it is offset or returned"
    parts: list[tuple[Decimal, str]] = []
    due = [row for row in account.payables if row.payable > 0 and row.due_on <= as_of]
    if due:
        parts.append((sum((row.payable for row in due), NOTHING), f"due since {date_text(min(row.due_on for row in due), dates)}"))
    for row in sorted(account.payables, key=lambda row: row.due_on):
        if row.due_on > as_of and row.due > row.settled:
            parts.append((row.due - row.settled, f"due on {date_text(row.due_on, dates)}"))
    if carried := sum((row.carried for row in account.payables), NOTHING):
        parts.append((carried, "carried, as it is below the minimum payout"))
    rest = left - sum((amount for amount, _ in parts), NOTHING)
    held = min(rest, sum((claim.claimed or NOTHING for claim in account.claims if claim.status == HELD), NOTHING))
    if held > 0 and needs_claim(account.agreement):
        parts.append((held, "waits for your claim that we hold"))
        rest -= held
    if rest > 0:
        parts.append((rest, _later(account, as_of, dates)))
    if len(parts) == 1:
        return parts[0][1]
    return ", ".join(f"{money_text(amount, account.row.currency)} {words}" for amount, words in parts)


def _later(account: Account, as_of: date, dates: str) -> str:
    """When what no settlement has made due yet can come."""
    agreement, period = account.agreement, account.row.period
    if needs_claim(agreement):
        if period.ends_on >= as_of and agreement.program.rebate_type is not RebateType.MDF:
            return f"to be claimed once {period.period_id} has ended"
        return f"claim it by {date_text(claim_by(account), dates)}"
    running = next((each.ends_on for each in agreement.settlements_of(period) if each.ends_on > as_of), None)
    if running is None:
        return "with the next settlement"
    return f"due on {date_text(running + timedelta(days=agreement.program.payment_terms_days), dates)}"


# ---- claims to make


def claim_by(account: Account) -> date:
    """The last day on which a figure can be claimed."""
    program = account.agreement.program
    last = account.agreement.periods[-1] if program.carry_over else account.row.period
    return last.ends_on + timedelta(days=program.claim_window_days)


def claims_due(accounts: Iterable[Account], as_of: date) -> tuple[ClaimDue, ...]:
    """What can be claimed now and lapses if it is not: ended periods of programs that ask for a claim, and marketing funds."""
    found = []
    for account in accounts:
        row, fund = account.row, account.agreement.program.rebate_type is RebateType.MDF
        ready = needs_claim(account.agreement) and (fund or row.period.ends_on < as_of) and as_of <= claim_by(account)
        if ready and account.agreement.program.rebate_type is not RebateType.SHIP_AND_DEBIT:
            taken = sum((claim.approved if claim.status != HELD else claim.claimed or NOTHING for claim in account.claims), NOTHING)
            amount = row.earned + account.agreed - taken - account.paid_unclaimed
            if amount > 0:
                found.append(ClaimDue(row.program_id, row.participant_id, row.period.period_id, row.currency, amount, claim_by(account), fund))
    return tuple(found)


def claim_text(due: Sequence[ClaimDue], accounts: Sequence[Account], dates: str) -> str:
    """What to claim by when, in one sentence for each period; "" where a program asks for no claim."""
    if not any(needs_claim(account.agreement) for account in accounts):
        return ""
    program = accounts[0].agreement.program
    if program.rebate_type is RebateType.SHIP_AND_DEBIT:
        return f"Claim each sale within {program.claim_window_days} days."
    if not due:
        return f"This rebate has to be claimed within {program.claim_window_days} days after a period has ended."
    sums: dict[tuple[str, date, str, bool], Decimal] = defaultdict(Decimal)
    for each in due:
        sums[each.period_id, each.by, each.currency, each.fund] += each.amount
    return " ".join(
        f"Claim {'up to ' if fund else ''}{money_text(amount, currency)}{' of your fund' if fund else ''} for {period} by {date_text(by, dates)}"
        " or it lapses."
        for (period, by, currency, fund), amount in sums.items()
    )


# ---- how it moved

REASONS = {  # in the order in which they are told; a reason of the walk between two closes -> our words for it
    "PURCHASES": "Purchases", "RETURN": "Returns", "LATE_TRANSACTION": "Late invoices", "TIER_CROSSED": "Another tier", "CLAIM": "Claims",
    "MEMBERSHIP_CHANGE": "Branches", "TERMS_CHANGE": "Terms changed", "RATE_CHANGE": "Exchange rates", "FORECAST_CHANGE": "Terms changed",
    "DISPUTE": "Answers to disputes", "ADJUSTMENT": "Adjustments",
}  # fmt: skip


def moved(figures: Sequence[Figure], since: Mapping[Figure, Movement]) -> tuple[Moved, ...]:
    """How each figure moved; those that neither had anything nor have are left out. The parts of a figure add up to its change."""
    found = []
    for key in (*figures, *sorted(set(since) - set(figures))):
        move = since.get(key)
        if move and (move.before or move.now or move.parts):
            parts: dict[str, Decimal] = {}
            for code, words in REASONS.items():
                if amount := move.parts.get(code, NOTHING):
                    parts[words] = parts.get(words, NOTHING) + amount
            found.append(Moved(*key, move.currency, move.before, tuple(parts.items()), move.now))
    return tuple(found)
