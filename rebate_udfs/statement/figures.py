"""One figure of a statement: what a participant did and earned in one period, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil

from ..agreements import terms_of
from ..model import Attainment, Method, Program, RebateType, RewardKind, Settings, Terms, Threshold, TiersOn, Verdict
from ..money import allocate, places_of
from ..rewards import reward
from ..rewards.text import percent_text
from .in_words import ROUNDED, amount_text, date_text, money_text, reward_words
from .nouns import BranchShare, PeriodStatement, StepLine, WhatIf
from .whatif import NotExact, places_for, rebate, what_if

RATE_PLACES = 4  # of an interpolated rate, as people are told it
ROUNDING = "Rounding"  # the step that leads from the exact sum to the figure
LIMITED_ELSEWHERE = "What you earn here also depends on other programs or periods, so we do not estimate it; ask us for a forecast."
WITHOUT_FIGURE = {
    "No Target": "No target is agreed for this period, so nothing is earned yet",
    "No Baseline": "There is no baseline for this period, so nothing is earned yet",
}


def figure(row: Attainment, program: Program, settings: Settings, as_of: date, lines: Sequence[Verdict], names: Mapping[str, str]) -> PeriodStatement:
    """One Attainment as its participant is told it; `lines` are those that count for it, `names` its family's."""
    name = names.get(row.participant_id, row.participant_id)
    ended = as_of > row.period.ends_on
    plan, note = _what_if(row, program, settings, ended)
    return PeriodStatement(
        figure_id=row.figure_id,
        participant_id=row.participant_id,
        participant_name=name,
        period_id=row.period.period_id,
        starts_on=row.period.starts_on,
        ends_on=row.period.ends_on,
        ended=ended,
        measure=row.measure,
        measure_unit=row.measure_unit,
        percent=row.percent,
        target=row.target,
        baseline=row.baseline,
        tier=row.attained_tier,
        tier_text=_tier_text(row, program),
        progress=_progress(row),
        next_text=_next_text(row, program, settings, ended),
        earned=row.earned,
        currency=row.currency,
        steps=tuple(_step_lines(row)),
        what_if=plan,
        what_if_note=note,
        branches=branch_shares(row, program, lines, names),
    )


def _step_lines(row: Attainment) -> Iterable[StepLine]:
    """The rule's own steps; the rounding is said once, with the figure it leads to."""
    for step in row.reward.steps:
        if step.label != ROUNDING:
            yield StepLine(step.label, step.detail, step.quantity, step.rate, step.amount)
        elif step.amount:
            yield StepLine(f"{ROUNDED} {money_text(row.earned, row.currency)}", "", None, None, None)


def _tier_text(row: Attainment, program: Program) -> str:
    if row.status in WITHOUT_FIGURE:
        return WITHOUT_FIGURE[row.status]
    if not row.attained_tier:
        return "No tier reached yet" if row.ladder else "No tiers apply"
    if program.method is Method.LINEAR and program.reward is RewardKind.PERCENT and row.base > 0:
        rate = next((step.rate for step in row.reward.steps if step.rate is not None), row.rate)
        return f"Tier {row.attained_tier} reached (rate {percent_text(round(rate, RATE_PLACES))})"
    return f"Tier {row.attained_tier} reached ({reward_words(row.rate, program, row.currency)})"


def _progress(row: Attainment) -> Fraction | None:
    if row.to_next_tier <= 0 or row.measure + row.to_next_tier <= 0:
        return None
    return min(max(row.measure / (row.measure + row.to_next_tier), Fraction(0)), Fraction(1))


def _next_text(row: Attainment, program: Program, settings: Settings, ended: bool) -> str:
    """Buy 2,521 more units by .. to earn .. more: rounded up to what can be bought, so that it is never too little."""
    if row.status in WITHOUT_FIGURE or not row.ladder:
        return ""
    day = date_text(row.period.ends_on, settings.date_format)
    if ended:
        return f"This period ended on {day}."
    if row.to_next_tier <= 0:
        return "You have reached the highest tier."
    unit = row.currency if row.measure_unit == "%" else row.measure_unit
    places = places_for(row.measure, unit)
    more = Fraction(ceil(row.to_next_tier * 10**places), 10**places)
    shown = amount_text(more, unit)
    if unit == "units":
        number, word = shown.split(" ")
        shown = f"{number} more {word}"
    else:
        shown = f"{shown} more"
    if program.rebate_type is RebateType.MIX:
        shown += " of the focus range"
    over = "more than " if program.threshold is Threshold.MORE_THAN and more == row.to_next_tier else ""
    shown = shown.replace("more units", "units on top").replace("more unit", "unit on top") if over else shown
    worth = f" to earn {money_text(row.next_tier_value, row.currency)} more" if row.next_tier_value > 0 else " to reach the next tier"
    return f"Buy {over}{shown} by {day}{worth}."


def _what_if(row: Attainment, program: Program, settings: Settings, ended: bool) -> tuple[WhatIf | None, str]:
    """The what-if of one figure, or the sentence that says why there is none."""
    if ended:
        return None, "This period has ended; new purchases count for the next one."
    if row.status in WITHOUT_FIGURE:
        return None, WITHOUT_FIGURE[row.status] + "."
    if row.facts is None or not row.ladder or program.rebate_type not in (RebateType.VOLUME, RebateType.GROWTH):
        return None, "What more purchases would earn cannot be worked out here; ask us for a forecast."
    if program.net_of or program.best_of_group or program.program_cap is not None:
        return None, LIMITED_ELSEWHERE
    terms: Terms = replace(terms_of(program), tiers_on=TiersOn.MEASURE)  # the ladder of a figure is already on the measure
    unit = "units" if row.measure_unit == "units" else row.currency
    try:
        plan = what_if(row.facts, row.ladder, terms, reward, unit, row.currency, settings.rounding, program.period_cap)
    except NotExact as reason:
        return None, str(reason)
    if rebate(plan, 0)[0] != row.earned:
        return None, LIMITED_ELSEWHERE
    walked = row.facts.lines is not None
    priced = walked or (row.facts.base_is_measure is False) or row.facts.base != row.facts.measure
    return plan, "Assumes more of what you bought so far, in the same proportions and at the same prices." if priced else ""


def branch_shares(row: Attainment, program: Program, lines: Iterable[Verdict], names: Mapping[str, str]) -> tuple[BranchShare, ...]:
    """What each branch bought and its part of the rebate, by base, largest remainder; nothing where only the participant itself bought."""
    by_branch: dict[str, list[Verdict]] = {}
    for line in lines:
        if line.in_base or line.in_measure:
            by_branch.setdefault(line.distributor_id, []).append(line)
    if not set(by_branch) - {row.participant_id}:
        return ()
    order = sorted(by_branch)
    per_unit = program.reward is RewardKind.PER_UNIT
    currencies = {line.currency for lines in by_branch.values() for line in lines}
    weights = [sum((Fraction(line.quantity if per_unit else line.amount) for line in by_branch[one] if line.in_base), Fraction(0)) for one in order]
    earned: list[Decimal | None] = [None] * len(order)
    if per_unit or len(currencies) == 1:
        if any(weight > 0 for weight in weights):
            earned = list(allocate(row.earned, weights, places_of(row.currency)))
        elif not row.earned:
            earned = [row.earned] * len(order)
    return tuple(
        BranchShare(
            one,
            names.get(one, one),
            len(by_branch[one]),
            sum((line.quantity for line in by_branch[one]), Decimal(0)),
            sum((line.amount for line in by_branch[one]), Decimal(0)) if len({line.currency for line in by_branch[one]}) == 1 else Decimal(0),
            part,
        )
        for one, part in zip(order, earned, strict=True)
    )
