"""What falls due, what of it is paid, what is open: settlements of a figure, oldest first.

A figure falls due Payment Terms Days after the last day of its settlement period. Cumulative: due = earned in the
period by then, less what fell due at earlier settlements. Source: design section 5, "Settlement".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from .agreements import Agreement
from .model import Adjustment, AdjustmentKind, Dispute, DisputeStatus, Payable, Payment, Period, RebateType, Resolution
from .periods import find_period

NOTHING = Decimal(0)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Due:
    """One settlement of one figure: what had been earned by its last day, and what therefore falls due."""

    key: Key
    settlement: Period
    due_on: date
    due: Decimal
    carried: Decimal = NOTHING  # below Minimum Payout: not due, tested again at the next settlement
    lapsed: Decimal = NOTHING  # still below it at the program's last settlement


def dues(agreement: Agreement, key: Key, period: Period, earned_by: Mapping[date, Decimal], as_of: date) -> list[Due]:
    """The settlements of a figure that have ended by the as-of date, oldest first.

    `earned_by` gives what was earned by the last day of each settlement. With Recover No a settlement is final:
    what falls due is never taken back.
    """
    found: list[Due] = []
    before = NOTHING
    if needs_claim(agreement):
        return found
    for settlement in agreement.settlements_of(period):
        if settlement.ends_on > as_of:
            break
        due = earned_by[settlement.ends_on] - before
        if not agreement.program.recover:
            due = max(due, NOTHING)
        before += due
        found.append(Due(key, settlement, settlement.ends_on + timedelta(days=agreement.program.payment_terms_days), due))
    return found


def with_minimum(agreement: Agreement, figures: Sequence[Due], as_of: date) -> list[Due]:
    """The settlements of one participant in one program with Minimum Payout applied.

    It is tested at each settlement on all that is due and carried: a sum from 0 up to the minimum is carried, with its
    figures; what is still below it at the program's last settlement lapses on that one's due date. A sum below 0 is not tested.
    """
    minimum = agreement.program.minimum_payout
    if minimum is None:
        return list(figures)
    found: list[Due] = []
    carried: list[int] = []  # positions in `found` of what waits
    for settlement in agreement.settlements:
        if settlement.ends_on > as_of:
            break
        own = [due for due in figures if due.settlement.ends_on == settlement.ends_on]
        pot = sum((due.due for due in own), NOTHING) + sum((found[at].carried for at in carried), NOTHING)
        due_on = settlement.ends_on + timedelta(days=agreement.program.payment_terms_days)
        if 0 <= pot < minimum:
            carried += range(len(found), len(found) + len(own))
            found += [replace(due, due=NOTHING, carried=due.due) for due in own]
            if settlement == agreement.settlements[-1] and due_on <= as_of:
                for at in carried:
                    found[at] = replace(found[at], lapsed=found[at].carried, carried=NOTHING)
            continue
        released = _released(found, carried, own, settlement, due_on)
        for at in carried:
            found[at] = replace(found[at], carried=NOTHING)  # it waits no more
        found += released
        carried = []
    return found


def _released(found: Sequence[Due], carried: Sequence[int], own: Sequence[Due], settlement: Period, due_on: date) -> list[Due]:
    """A settlement's own dues with what waited: on the same figure's row where there is one, else on a row of its own."""
    waiting: dict[Key, Decimal] = defaultdict(Decimal)
    for at in carried:
        waiting[found[at].key] += found[at].carried
    rows = [replace(due, due=due.due + waiting.pop(due.key, NOTHING)) for due in own]
    return rows + [Due(key, settlement, due_on, amount) for key, amount in waiting.items() if amount]


def needs_claim(agreement: Agreement) -> bool:
    """Whether only approved claims fall due: by Claim Required, and always for MDF and Ship and Debit."""
    return agreement.program.claim_required or agreement.program.rebate_type in (RebateType.MDF, RebateType.SHIP_AND_DEBIT)


Row = TypeVar("Row", Payment, Adjustment)


def resolve(agreements: Iterable[Agreement], rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """Rows of Payments or Adjustments by the figure they name; a period may be an id or a day in it."""
    programs = {agreement.program_id: agreement for agreement in agreements}
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        agreement = programs.get(row.program_id)
        period = find_period(row.period, agreement.periods) if agreement else None
        if period:
            found[row.program_id, row.participant_id, period.period_id].append(row)
    return found


def settled_of(rows: Iterable[Payment], as_of: date) -> Decimal:
    """What has been paid by a day; a row without Paid On is a proposal and not settled."""
    return sum((row.amount for row in rows if row.paid_on and row.paid_on <= as_of), NOTHING)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What adjustments and disputes have added to a figure: in all, and what of it is to be paid, by its date."""

    total: Decimal = NOTHING
    to_pay: tuple[tuple[date, Decimal], ...] = ()


def adjusted_of(rows: Iterable[Adjustment], disputes: Iterable[Dispute], as_of: date) -> Adjusted:
    """Adjustments (Opening rows are none) and resolved disputes dated up to a day.

    Kinds Write-Off and Forfeit change what is owed, Adjustment and disputes are paid as well.
    """
    counted = [row for row in rows if row.kind is not AdjustmentKind.OPENING and row.dated_on <= as_of]
    to_pay = [(row.dated_on, row.amount) for row in counted if row.kind is AdjustmentKind.ADJUSTMENT]
    for dispute in disputes:
        if dispute.status is DisputeStatus.RESOLVED and dispute.resolved_on and dispute.resolved_on <= as_of and dispute_effect(dispute):
            to_pay.append((dispute.resolved_on, dispute_effect(dispute)))
    other = sum((row.amount for row in counted if row.kind is not AdjustmentKind.ADJUSTMENT), NOTHING)
    return Adjusted(other + sum((amount for _, amount in to_pay), NOTHING), tuple(sorted(to_pay)))


def with_adjustments(agreement: Agreement, key: Key, period: Period, figure: Sequence[Due], adjusted: Adjusted) -> list[Due]:
    """What adjustments add to the settlements: due with the next one, after the last one Payment Terms Days after their date."""
    found = list(figure)
    settlements = agreement.settlements_of(period)
    for dated_on, amount in adjusted.to_pay:
        following = next((each for each in settlements if each.ends_on >= dated_on), None)
        at = next((number for number, due in enumerate(found) if following and due.settlement == following), None)
        if at is not None:
            found[at] = replace(found[at], due=found[at].due + amount)
        elif following is None and settlements:
            found.append(Due(key, settlements[-1], dated_on + timedelta(days=agreement.program.payment_terms_days), amount))
    return found


def dispute_effect(dispute: Dispute) -> Decimal:
    """What a resolved dispute adds to the figure: Adjusted Amount; Accepted with none: Disputed Amount; Rejected: nothing."""
    if dispute.resolution is Resolution.REJECTED or dispute.resolution is None:
        return NOTHING
    if dispute.adjusted_amount is not None:
        return dispute.adjusted_amount
    return dispute.disputed_amount or NOTHING if dispute.resolution is Resolution.ACCEPTED else NOTHING


@dataclass(frozen=True, slots=True)
class Granted:
    """What claims on one figure have been granted: (due on, amount) each, what waits below the minimum, whether any is held."""

    amounts: tuple[tuple[date, Decimal], ...] = ()
    carried: Decimal = NOTHING
    held: bool = False
    lapsed: Decimal = NOTHING  # approved, but still below the minimum when the program's last settlement fell due

    @property
    def approved(self) -> Decimal:
        return sum((amount for _, amount in self.amounts), NOTHING)


def claims_close(agreement: Agreement, period: Period) -> date:
    """The last day on which a figure can be claimed; with Carry Over that of the program's last period."""
    last = agreement.periods[-1] if agreement.program.carry_over else period
    return last.ends_on + timedelta(days=agreement.program.claim_window_days)


def _next_due(agreement: Agreement, period: Period, dated_on: date) -> date:
    """When an adjustment falls due: with the next settlement of its figure, after the last one by its own date."""
    following = next((each.ends_on for each in agreement.settlements_of(period) if each.ends_on >= dated_on), dated_on)
    return following + timedelta(days=agreement.program.payment_terms_days)


def claim_rows(
    agreement: Agreement, key: Key, period: Period, earned: Decimal, granted: Granted, settled: Decimal, adjusted: Adjusted, as_of: date
) -> list[Payable]:
    """The rows of a figure that only claims make due: one for each due date; what nobody claimed in time lapses on the last.

    Approved amounts fall due Payment Terms Days after the Claim Date. Once the claim window has closed (Carry Over: that of
    the program's last period) and no claim is held, earned - approved lapses; a ship and debit figure is its claims.
    """
    closes_on = claims_close(agreement, period)
    lapses = as_of > closes_on and not granted.held and agreement.program.rebate_type is not RebateType.SHIP_AND_DEBIT
    unclaimed = max(earned + adjusted.total - granted.approved - granted.carried - granted.lapsed, NOTHING) if lapses else NOTHING
    lapsed = granted.lapsed + unclaimed
    by_date: dict[date, Decimal] = defaultdict(Decimal)
    to_pay = [(_next_due(agreement, period, dated_on), amount) for dated_on, amount in adjusted.to_pay]
    for due_on, amount in (*granted.amounts, *to_pay):
        by_date[due_on] += amount
    if not by_date and not (lapsed or settled or granted.carried):
        return []
    dues_ = [Due(key, period, due_on, amount) for due_on, amount in sorted(by_date.items())]
    if not dues_:
        dues_ = [Due(key, period, closes_on, NOTHING)]
    dues_[-1] = replace(dues_[-1], carried=granted.carried, lapsed=lapsed)
    return _rows(agreement, dues_, granted.approved, settled, adjusted.total, as_of, lapses=False)


def payable_rows(agreement: Agreement, figure: Sequence[Due], earned: Decimal, settled: Decimal, adjusted: Decimal, as_of: date) -> list[Payable]:
    """One row for each settlement of a figure (adjustments in its dues): due, settled (oldest first), open; recoverable on the last.

    Payable = due by the as-of date - settled, never below 0 nor above earned + adjustments - settled.
    """
    return _rows(agreement, figure, earned, settled, adjusted, as_of)


def _rows(
    agreement: Agreement, figure: Sequence[Due], owed: Decimal, settled: Decimal, adjusted: Decimal, as_of: date, *, lapses: bool = True
) -> list[Payable]:
    fallen = sum((due.due for due in figure if due.due_on <= as_of), NOTHING)
    payable = max(min(fallen, owed + adjusted) - settled, NOTHING)
    lapsed = sum((due.lapsed for due in figure), NOTHING) if lapses else NOTHING  # claims: what lapsed was never owed
    recoverable = max(settled + lapsed - owed - adjusted, NOTHING)
    rows: list[Payable] = []
    left = settled
    for at, due in enumerate(figure):
        last = at == len(figure) - 1
        share = left if last else min(max(left, NOTHING), max(due.due, NOTHING))
        left -= share
        rows.append(
            Payable(
                figure_id="/".join((*due.key, "payable")),
                program_id=due.key[0],
                participant_id=due.key[1],
                period=due.key[2],
                settlement_end=due.settlement.ends_on,
                due_on=due.due_on,
                due=due.due,
                settled=share,
                payable=max(due.due - share, NOTHING) if due.due_on <= as_of else NOTHING,
                recoverable=recoverable if last else NOTHING,
                carried=due.carried,
                lapsed=due.lapsed,
                currency=agreement.currency,
            )
        )
    return _newest_open(rows, payable)


def _newest_open(rows: list[Payable], payable: Decimal) -> list[Payable]:
    """Spread what a figure has open over its settlements: payments took the oldest, so the newest stay open."""
    found: list[Payable] = []
    for row in reversed(rows):
        part = min(row.payable, payable)
        payable -= part
        found.append(replace(row, payable=part))
    return found[::-1]
