"""One row of Attainment: the three tiers side by side, the distance to the next one and what reaching it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from .accrue import Expected, forecast_positions, tier_at
from .agreements import Agreement
from .counting import Counted
from .earn import Earned, Key
from .facts import Converter, Slot, slot_key
from .known import Known
from .model import (
    AccrualPolicy,
    Attainment,
    Facts,
    Problem,
    ProgramCount,
    RebateType,
    Reward,
    Settings,
    Severity,
    Step,
    Tables,
    TiersOn,
)  # fmt: skip
from .money import money
from .rewards import compared, in_gap, next_value, on_measure, rate_of, to_next

ZERO = Fraction(0)


def attain(slot: Slot, known: Known, earned: Earned, ahead: Expected, tables: Tables) -> Attainment:
    """One row of Attainment: the three tiers side by side, the distance to the next one and what reaching it is worth."""
    agreement, key, terms = slot.agreement, slot_key(slot), slot.agreement.terms
    facts, rows = known.facts[key], known.rows[key]
    ladder = agreement.ladders[slot.period.period_id]
    tier = tier_at(slot, facts) if rows else 0
    forecast_tier = tier_at(slot, replace(facts, measure=ahead.measure)) if rows and agreement.program.rebate_type is not RebateType.MIX else tier
    worth = next_value(facts, ladder, terms) if ladder else None
    rounding, currency = tables.settings.rounding, agreement.currency
    gain = money(worth[0], currency, rounding) - money(worth[1], currency, rounding) if worth else money(ZERO, currency)
    return Attainment(
        figure_id="/".join((*key, "earned")),
        program_id=key[0],
        participant_id=key[1],
        period=slot.period,
        currency=currency,
        measure=facts.measure,
        percent=compared(facts, terms) if agreement.program.rebate_type is not RebateType.VOLUME or terms.tiers_on is not TiersOn.MEASURE else None,
        target=slot.target,
        baseline=slot.baseline,
        base=facts.focus_base if agreement.on_focus else facts.base,
        attained_tier=tier,
        accrual_tier=accrual_tier(slot, facts, ahead, tables.settings) if rows else 0,
        forecast_tier=forecast_tier if rows else 0,
        forecast=ahead.measure,
        to_next_tier=to_next(facts, ladder, terms) if ladder else ZERO,
        next_tier_value=gain,
        rate=rate_of(tier, ladder) if ladder else ZERO,
        earned=earned.figure,
        status=status_of(slot, facts, rows, tier),
        transactions_used=rows,
        transactions_excluded=max(known.counted.placed[key[0]].get(key[1:], 0) - rows, 0),
        reward=rounded_reward(earned),
        ladder=on_measure(ladder, facts, terms) if ladder else (),
        measure_unit=unit_of(agreement),
        facts=facts,
    )


def accrual_tier(slot: Slot, facts: Facts, ahead: Expected, settings: Settings) -> int:
    """The tier that the books use: that of the most probable scenario (ties: the first row) until the period has ended."""
    policy = slot.agreement.policy
    if ahead.ended or policy is AccrualPolicy.ATTAINED:
        return tier_at(slot, facts)
    if policy is AccrualPolicy.MANUAL:
        return max(slot.agreement.program.manual_tier or 0, tier_at(slot, facts))
    probable = max(range(len(ahead.scenarios)), key=lambda at: ahead.scenarios[at][0])
    return tier_at(slot, forecast_positions(slot, facts, ahead, settings)[probable].facts)


def standing(slot: Slot, known: Known, ahead: Expected, tables: Tables) -> tuple[Fraction, int]:
    """Measure and accrual tier alone: what a close asks of a figure besides what is accrued."""
    key = slot_key(slot)
    return known.facts[key].measure, accrual_tier(slot, known.facts[key], ahead, tables.settings) if known.rows[key] else 0


def rounded_reward(earned: Earned) -> Reward:
    """The reward with the one rounding as its last step, so that the steps add up to the figure."""
    difference = Fraction(earned.figure) - earned.reward.amount
    if not difference:
        return earned.reward
    steps = (*earned.reward.steps, Step("Rounding", f"once, to {earned.figure:,}", amount=difference))
    return Reward(Fraction(earned.figure), earned.reward.tier, steps)


def unit_of(agreement: Agreement) -> str:
    """What the measure is counted in."""
    return "units" if agreement.measure_in_units else agreement.currency


def status_of(slot: Slot, facts: Facts, rows: int, tier: int) -> str:
    """The first that applies: No Baseline, No Target, No Purchases, Below First Tier, In Tier, Top Tier."""
    agreement = slot.agreement
    if agreement.program.rebate_type is RebateType.GROWTH and (facts.baseline is None or facts.baseline <= 0):
        return "No Baseline"
    if agreement.terms.tiers_on is TiersOn.PERCENT_OF_TARGET and (facts.target is None or facts.target <= 0):
        return "No Target"
    if not rows:
        return "No Purchases"
    if not tier:
        return "Below First Tier"
    return "Top Tier" if tier == len(agreement.ladders[slot.period.period_id]) else "In Tier"


def program_count(agreement: Agreement, counted: Counted, converter: Converter) -> ProgramCount:
    """rows read = used + excluded by reason, for one program."""
    program_id = agreement.program_id
    used = sum(each.rows for entries in counted.of(program_id).values() for each in entries)
    no_rate = sum(rows for (program, _), rows in converter.missing.items() if program == program_id)
    in_place = sum(counted.placed[program_id].values())
    excluded = dict(counted.left_out.get(program_id, {}))
    measured, number = counted.measured.get(agreement.program.date_basis), counted.numbers.get(program_id, -1)
    lost = measured.lost[number].rows if measured and number in measured.lost else 0
    unknown = measured.unknown_skus.get(number, 0) if measured else 0
    not_enrolled = counted.read - sum(excluded.values()) - in_place
    for reason, rows in (
        ("RETURN_AFTER_CLAIM_WINDOW", lost),
        ("NOT_ENROLLED", not_enrolled),
        ("SKU_NOT_IN_PRODUCTS", unknown),
        ("OUT_OF_SCOPE", in_place - used - lost - unknown),
        ("NO_EXCHANGE_RATE", no_rate),
    ):
        if rows:
            excluded[reason] = rows
    return ProgramCount(program_id, counted.read, used - no_rate, excluded)


def converter_problems(converter: Converter) -> list[Problem]:
    """A missing rate is an error naming currency and date."""
    found = []
    for (program_id, missing), rows in sorted(converter.missing.items(), key=lambda item: (item[0][0], item[0][1].currency, item[0][1].day)):
        message = f"{program_id}: no exchange rate of {missing.currency} is valid on {missing.day}; {rows} transactions are left out"
        remedy = f"give a row in Exchange Rates for {missing.currency} with Valid From on or before {missing.day}"
        found.append(Problem(Severity.ERROR, "NO_EXCHANGE_RATE", "Exchange Rates", None, "Rate", message, remedy, program_id))
    return found


def gap_problems(slots: Sequence[Slot], facts: Mapping[Key, Facts]) -> list[Problem]:
    """A measure between a printed To and the next From belongs to the lower tier, with a warning."""
    found = []
    for slot in slots:
        at = compared(facts[slot_key(slot)], slot.agreement.terms)
        if at is not None and in_gap(at, slot.agreement.ladders[slot.period.period_id]):
            program_id = slot.agreement.program_id
            message = f"{program_id}: the measure of {slot.participant_id} in {slot.period.period_id} lies between a tier's To and the next From"
            remedy = "it earns by the lower tier; write the same number in To and the next From if that is not meant"
            found.append(Problem(Severity.WARNING, "BOUNDARY_GAP", "Tiers", None, "To", message, remedy, program_id))
    return found
