"""What the books should hold by the as-of date, and the entry that is missing.

Always on the cumulative, then differenced: entry = accrued to date - recognised, so re-running posts zero and a tier
crossing is caught up. Sources: IFRS 15 / ASC 606 (variable consideration, Example 24), design section 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from .agreements import Agreement
from .earn import Earned, Position
from .facts import Slot
from .model import (
    Account,
    AccrualPolicy,
    Adjustment,
    AdjustmentKind,
    Baseline,
    EntryKind,
    Facts,
    Forecast,
    JournalRow,
    LedgerEntry,
    Perspective,
    Presentation,
    Problem,
    RebateType,
    RewardKind,
    Settings,
    Severity,
    Step,
)  # fmt: skip
from .model import AccrualBasis as Basis
from .money import money
from .periods import accounting_period, find_period
from .rewards import as_reached, compared, needed, scaled, tier_of

ZERO, ONE = Fraction(0), Fraction(1)
EARLY = Fraction(1, 10)
NEAR = Fraction(5, 100)
TOLERANCE = Decimal("1e-9")  # of probabilities that add up to 1
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected at period end: one scenario, or several with their probabilities."""

    scenarios: tuple[tuple[Fraction, Fraction], ...]  # (probability, measure), at least one
    source: str  # in words: the Forecasts table, the run rate, ..
    elapsed: Fraction
    ended: bool

    @property
    def measure(self) -> Fraction:
        """The measure of the most probable scenario."""
        return max(self.scenarios, key=lambda scenario: scenario[0])[1]


def has_ended(slot: Slot, as_of: date) -> bool:
    """A period counts as ended Late Days after the participant's last day in it."""
    return as_of >= slot.last_day + timedelta(days=slot.agreement.program.late_days)


def expected(
    slot: Slot, facts: Facts, as_of: date, forecasts: Sequence[Forecast], shares: Mapping[Key, Fraction] | None = None
) -> tuple[Expected, list[Problem]]:
    """The measure expected at period end under the program's policy, and what is doubtful about it.

    `forecasts` are the rows of this participant and period, `shares` last year's share of the measure by the same day
    (Forecast Method Seasonal) by key.
    """
    elapsed, ended = slot.elapsed(as_of), has_ended(slot, as_of)
    problems: list[Problem] = []
    if ended:
        return Expected(((ONE, facts.measure),), "the period has ended", elapsed, True), problems
    policy = slot.agreement.policy
    scenarios = [row for row in forecasts if row.scenario or row.probability is not None]
    if policy is AccrualPolicy.EXPECTED_VALUE and scenarios and abs(_total(scenarios) - 1) > TOLERANCE:
        problems.append(_not_one(slot, scenarios))
        scenarios = []  # rows that cannot be used: the run rate goes on
    if policy in (AccrualPolicy.EXPECTED_VALUE, AccrualPolicy.MOST_LIKELY) and scenarios:
        weighted = [(Fraction(row.probability or 0), Fraction(row.measure)) for row in scenarios]
        found = Expected(tuple(weighted), "the scenarios in Forecasts", elapsed, False)
        if policy is AccrualPolicy.MOST_LIKELY:
            found = replace(found, scenarios=((ONE, found.measure),))
    else:
        found = _single(slot, facts, elapsed, [row for row in forecasts if not row.scenario], shares, problems)
    if slot.agreement.program.rebate_type is not RebateType.MIX and any(measure < facts.measure for _, measure in found.scenarios):
        if "Forecasts" in found.source:
            message = f"the forecast for {slot.participant_id} in {slot.period.period_id} is below what was already bought, which counts instead"
            problems.append(_warning("FORECAST_BELOW_MEASURE", "Forecasts", slot, message, "raise the forecast, or remove the row"))
        found = replace(found, scenarios=tuple((weight, max(measure, facts.measure)) for weight, measure in found.scenarios))
    return found, problems


def _single(
    slot: Slot, facts: Facts, elapsed: Fraction, rows: Sequence[Forecast], shares: Mapping[Key, Fraction] | None, problems: list[Problem]
) -> Expected:
    if rows:
        return Expected(((ONE, Fraction(rows[0].measure)),), "the Forecasts table", elapsed, False)
    if slot.agreement.program.rebate_type is RebateType.MIX:  # M is the share; without a row the share to date
        return Expected(((ONE, facts.focus / facts.measure if facts.measure > 0 else ZERO),), "the share to date", elapsed, False)
    share = (shares or {}).get((slot.agreement.program_id, slot.participant_id, slot.period.period_id), ZERO)
    if share > 0:
        return Expected(((ONE, facts.measure / share),), "last year's shape", elapsed, False)
    if elapsed < EARLY and facts.measure > 0 and slot.agreement.policy is not AccrualPolicy.ATTAINED:
        message = f"less than a tenth of {slot.period.period_id} has passed for {slot.participant_id}: the run rate is a guess"
        problems.append(_warning("EARLY_RUN_RATE", "Programs", slot, message, "give a row in Forecasts until more of the period has passed"))
    measure = facts.measure / elapsed if elapsed > 0 else facts.measure
    return Expected(((ONE, measure),), "the run rate", elapsed, False)


def _total(rows: Sequence[Forecast]) -> Decimal:
    return sum((row.probability or Decimal(0) for row in rows), Decimal(0))


def _not_one(slot: Slot, rows: Sequence[Forecast]) -> Problem:
    message = f"{slot.agreement.program_id}: the probabilities of {slot.participant_id} in {slot.period.period_id} add up to {_total(rows)}, not to 1"
    remedy = "correct them; until then the run rate is used"
    program_id = slot.agreement.program_id
    return Problem(Severity.ERROR, "PROBABILITIES_NOT_ONE", "Forecasts", rows[0].row or None, "Probability", message, remedy, program_id)


def _warning(code: str, table: str, slot: Slot, message: str, remedy: str) -> Problem:
    program_id = slot.agreement.program_id
    row = slot.agreement.program.row if table == "Programs" else None
    return Problem(Severity.WARNING, code, table, row or None, "Program ID" if row else None, f"{program_id}: {message}", remedy, program_id)


def forecast_positions(slot: Slot, facts: Facts, ahead: Expected, settings: Settings) -> list[Position]:
    """The position at period end, one for each scenario: every line scaled by M / measure to date."""
    found = []
    for _, measure in ahead.scenarios:
        found.append(Position(slot.agreement, slot.participant_id, slot.period, _at(slot, facts, measure, ahead, settings)))
    return found


def _at(slot: Slot, facts: Facts, measure: Fraction, ahead: Expected, settings: Settings) -> Facts:
    """The facts scaled to an expected measure, with the tier moved by the Constraint (IFRS 15.56)."""
    if ahead.ended or slot.agreement.policy is AccrualPolicy.ATTAINED or facts.measure <= 0:
        return facts
    if slot.agreement.program.rebate_type is RebateType.MIX:
        return replace(facts, focus=measure * facts.measure)
    there = scaled(facts, measure / facts.measure)
    constraint = Fraction(slot.agreement.program.constraint)
    if constraint:
        moved = measure * (1 + constraint if settings.perspective is Perspective.MANUFACTURER else 1 - constraint)
        there = replace(there, tier_measure=max(moved, facts.measure))
    return there


def accrued_to_date(slot: Slot, facts: Facts, ahead: Expected, rewards: Sequence[Earned]) -> tuple[Fraction, tuple[Step, ...]]:
    """What should be recognised by now, unrounded, with its steps; `rewards` are those of `forecast_positions`.

    reward(M) x measure to date / M: the effective rate expected for the whole period, on what was bought so far.
    """
    program = slot.agreement.program
    if facts.measure <= 0:
        return ZERO, (Step("Nothing bought", "nothing is accrued while the measure is 0 or below"),)
    pay = sum((weight * earned.reward.amount for (weight, _), earned in zip(ahead.scenarios, rewards, strict=True)), ZERO)
    measure = sum((weight * measure for weight, measure in ahead.scenarios), ZERO)
    head = Step("Expected at period end", ahead.source, quantity=measure)
    if program.reward is RewardKind.LUMP_SUM and program.accrual_basis is Basis.TIME:
        return pay * ahead.elapsed, (head, Step("Expected rebate x elapsed share", "Accrual Basis Time", pay, ahead.elapsed, pay * ahead.elapsed))
    if program.rebate_type is RebateType.MIX:
        return pay, (head, Step("Rebate at the expected share", "on the base to date", amount=pay))
    share = facts.measure / measure
    return pay * share, (head, Step("Expected rebate x bought to date / expected", ahead.source, pay, share, pay * share))


def manual_facts(slot: Slot, facts: Facts) -> Position | None:
    """The position at the From of the Manual Tier, counted as reached; None where purchases are already beyond it."""
    agreement = slot.agreement
    ladder = agreement.ladders[slot.period.period_id]
    number = agreement.program.manual_tier or 0
    if not 1 <= number <= len(ladder) or facts.measure <= 0 or compared(facts, agreement.terms) is None:
        return None
    measure = needed(number, facts, ladder, agreement.terms)
    if measure <= facts.measure:
        return None
    reached = replace(agreement, terms=as_reached(agreement.terms))
    return Position(reached, slot.participant_id, slot.period, scaled(facts, measure / facts.measure))


def tier_at(slot: Slot, facts: Facts) -> int:
    """The tier that facts reach in a slot's ladder; 0 without target or baseline."""
    position = compared(facts, slot.agreement.terms)
    ladder = slot.agreement.ladders[slot.period.period_id]
    return 0 if position is None else tier_of(position, ladder, slot.agreement.terms.threshold)


def near_tier(slot: Slot, ahead: Expected) -> Problem | None:
    """M within 5 % below a From: a small error of the forecast moves the accrual to another tier."""
    ladder = slot.agreement.ladders[slot.period.period_id]
    if ahead.ended or slot.agreement.policy is AccrualPolicy.ATTAINED or slot.agreement.program.rebate_type is not RebateType.VOLUME:
        return None
    scale = slot.target if slot.agreement.terms.tiers_on.value != "Measure" and slot.target else ONE
    for tier in ladder:
        start = tier.reached * scale
        if start * (1 - NEAR) <= ahead.measure < start:
            message = f"the measure expected for {slot.participant_id} in {slot.period.period_id} is within 5 % below tier {tier.number}"
            return _warning("NEAR_TIER", "Programs", slot, message, "check the forecast: reaching the tier changes the accrual")
    return None


Row = TypeVar("Row", Forecast, Baseline)


def rows_by_key(agreements: Iterable[Agreement], rows: Iterable[Row], table: str) -> tuple[dict[Key, list[Row]], list[Problem]]:
    """Forecasts or Baselines by program, participant and period; a period that the program does not have is an error."""
    programs = {agreement.program_id: agreement for agreement in agreements}
    found: dict[Key, list[Row]] = defaultdict(list)
    problems: list[Problem] = []
    for row in rows:
        agreement = programs.get(row.program_id)
        if agreement is None:
            continue
        period = find_period(row.period, agreement.periods)
        if period is None:
            message = f"{row.program_id} has no period {row.period}"
            remedy = f"use one of its periods, for example {agreement.periods[0].period_id}"
            problems.append(Problem(Severity.ERROR, "UNKNOWN_PERIOD", table, row.row or None, "Period", message, remedy, row.program_id))
            continue
        if not _takes_part(agreement, row.participant_id):
            message = f"{row.participant_id} is no participant of {row.program_id}"
            remedy = "use a participant id as it stands on the Attainment sheet"
            problems.append(Problem(Severity.ERROR, "UNKNOWN_PARTICIPANT", table, row.row or None, "Participant ID", message, remedy, row.program_id))
            continue
        found[row.program_id, row.participant_id, period.period_id].append(row)
    return found, problems


def _takes_part(agreement: Agreement, participant_id: str) -> bool:
    return any(place.participant_id == participant_id for place in agreement.places)


RECOGNISING = (EntryKind.OPENING, EntryKind.ACCRUAL, EntryKind.TRUE_UP)


def recognised(
    agreements: Iterable[Agreement], ledger: Sequence[LedgerEntry], adjustments: Iterable[Adjustment], as_of: date, settings: Settings
) -> dict[Key, Decimal]:
    """What the ledger holds of Opening, Accrual and True-Up up to the accounting period of the as-of date, by figure.

    A Reversal counts as what it reverses; an Opening row of Adjustments counts as recognised from its date.
    """
    programs = {agreement.program_id: agreement for agreement in agreements}
    kinds = {entry.entry_id: entry.kind for entry in ledger}
    found: dict[Key, Decimal] = defaultdict(Decimal)
    taken_back = {entry.reverses for entry in ledger if entry.kind is EntryKind.REVERSAL}
    posted_openings = {entry.source for entry in ledger if entry.kind is EntryKind.OPENING and entry.entry_id not in taken_back}
    for entry in ledger:
        kind = kinds.get(entry.reverses, entry.kind) if entry.kind is EntryKind.REVERSAL else entry.kind
        agreement = programs.get(entry.program_id)
        if kind not in RECOGNISING or agreement is None or not _posted_by(entry.accounting_period, as_of, settings):
            continue
        period = find_period(entry.earning_period, agreement.periods)
        found[entry.program_id, entry.participant_id, period.period_id if period else entry.earning_period] += entry.amount
    for row in adjustments:
        agreement = programs.get(row.program_id)
        if row.kind is AdjustmentKind.OPENING and row.dated_on <= as_of and agreement and row.adjustment_id not in posted_openings:
            period = find_period(row.period, agreement.periods)
            if period:
                found[row.program_id, row.participant_id, period.period_id] += row.amount
    return found


def _posted_by(accounting: str, as_of: date, settings: Settings) -> bool:
    """Whether an accounting period is not after that of the as-of date: ids of one calendar sort by time."""
    current = accounting_period(as_of, settings).period_id
    if len(accounting) > 7 and accounting[4:8].count("-") == 2:  # Excel has turned 2026-03 into a date
        accounting = accounting_period(date.fromisoformat(accounting[:10]), settings).period_id
    return accounting <= current


# ---- journal


def account_of(role: str, program_id: str, rebate_type: RebateType, accounts: Sequence[Account]) -> tuple[str, str]:
    """The account and cost center of a role; the most specific row of Accounts counts, without one the role is the account."""
    rows = [row for row in accounts if row.role.casefold() == role.casefold()]
    for match in (
        [row for row in rows if row.program_id == program_id],
        [row for row in rows if not row.program_id and row.rebate_type is rebate_type],
        [row for row in rows if not row.program_id and row.rebate_type is None],
    ):
        if match:
            return match[0].account, match[0].cost_center
    return role, ""


EXPENSE_ROLE = {
    Presentation.CONTRA_REVENUE: "Rebates",
    Presentation.MARKETING_EXPENSE: "Marketing Expense",
    Presentation.COST_OF_SALES: "Cost of Sales",
}


def journal_of(
    agreement: Agreement,
    key: Key,
    entry: Decimal,
    accrued: Decimal,
    in_cost_of_sales: Decimal,
    day: date,
    settings: Settings,
    accounts: Sequence[Account],
) -> list[JournalRow]:
    """The balanced rows of one entry; a negative entry exchanges the sides, amounts carry no sign.

    Distributor's books: what has been resold lowers Cost of Sales, the rest Inventory; `in_cost_of_sales` is what
    earlier entries of this figure have put there.
    """
    if settings.perspective is Perspective.MANUFACTURER:
        sides = [(EXPENSE_ROLE[agreement.program.presentation], entry), ("Accrued Rebates", -entry)]
    else:
        sold = money(Fraction(accrued) * Fraction(settings.sold_share), agreement.currency, settings.rounding) - in_cost_of_sales
        sides = [("Rebates Receivable", entry), ("Cost of Sales", -sold), ("Inventory", sold - entry)]
    rows = []
    for role, amount in sides:
        if amount:
            account, cost_center = account_of(role, key[0], agreement.program.rebate_type, accounts)
            debit, credit = (amount, Decimal(0)) if amount > 0 else (Decimal(0), -amount)
            rows.append(
                JournalRow(day, account, debit, credit, agreement.currency, key[0], key[1], "/".join((*key, "accrued")), "Accrual", cost_center)
            )
    return rows


def booked_in(role: str, key: Key, ledger: Sequence[LedgerEntry], agreement: Agreement, accounts: Sequence[Account]) -> Decimal:
    """What the ledger has credited to a role's account for a figure (debits count against it); `ledger`: its participant's entries."""
    account, _ = account_of(role, key[0], agreement.program.rebate_type, accounts)
    total = Decimal(0)
    for entry in ledger:
        period = find_period(entry.earning_period, agreement.periods) if entry.program_id == key[0] and entry.participant_id == key[1] else None
        if period and period.period_id == key[2]:
            total += entry.amount if entry.credit_account == account else Decimal(0)
            total -= entry.amount if entry.debit_account == account and entry.kind is not EntryKind.SETTLEMENT else Decimal(0)
    return total
