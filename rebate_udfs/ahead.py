"""What is expected at period end, evaluated for every slot, and the accruals that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .accrue import (
    Expected,
    accrued_to_date,
    booked_in,
    expected,
    forecast_positions,
    journal_of,
    manual_facts,
    near_tier,
    recognised,
    rows_by_key,
)  # fmt: skip
from .agreements import Agreement
from .earn import CommonShare, Earned, Key, Position, earn
from .facts import Slot, slot_key
from .model import Accrual, AccrualPolicy, Facts, JournalRow, Problem, Step, Tables
from .money import money
from .settle import Due

ZERO, ONE = Fraction(0), Fraction(1)


def look_ahead(
    tables: Tables, programs: Sequence[Agreement], slots: Sequence[Slot], facts: Mapping[Key, Facts], shares: Mapping[Key, Fraction], as_of: date
) -> tuple[dict[Key, Expected], list[Problem]]:
    """What is expected at period end for every slot."""
    rows, problems = rows_by_key(programs, tables.forecasts, "Forecasts")
    ahead: dict[Key, Expected] = {}
    for slot in slots:
        key = slot_key(slot)
        ahead[key], found = expected(slot, facts[key], as_of, rows.get(key, []), shares)
        problems += found
        near = near_tier(slot, ahead[key])
        problems += [near] if near else []
    return ahead, problems


def earn_ahead(
    tables: Tables, slots: Sequence[Slot], facts: Mapping[Key, Facts], ahead: Mapping[Key, Expected], common_share: CommonShare
) -> dict[Key, list[Earned]]:
    """The reward at each scenario of every slot, limits included, unrounded sums underneath."""
    rounds = max((len(each.scenarios) for each in ahead.values()), default=1)
    found: dict[Key, list[Earned]] = defaultdict(list)
    for number in range(rounds):
        positions = []
        for slot in slots:
            key = slot_key(slot)
            if slot.agreement.policy is AccrualPolicy.MANUAL and not ahead[key].ended:
                here = Position(slot.agreement, slot.participant_id, slot.period, facts[key])
                options = [manual_facts(slot, facts[key]) or here]
            else:
                options = forecast_positions(slot, facts[key], ahead[key], tables.settings)
            positions.append(options[min(number, len(options) - 1)])
        for key, each in earn(positions, tables.settings.rounding, common_share=common_share, rounded=False).items():
            if number < len(ahead[key].scenarios):
                found[key].append(each)
    return found


def book(
    tables: Tables,
    programs: Sequence[Agreement],
    slots: Sequence[Slot],
    facts: Mapping[Key, Facts],
    earned: Mapping[Key, Earned],
    ahead: Mapping[Key, Expected],
    rewards_ahead: Mapping[Key, Sequence[Earned]],
    figure_dues: Mapping[Key, Sequence[Due]],
    as_of: date,
) -> tuple[list[Accrual], list[JournalRow]]:
    """The accrual of every slot, and the entries that the ledger still lacks."""
    before = recognised(programs, tables.ledger, tables.adjustments, as_of, tables.settings)
    accruals: list[Accrual] = []
    journal: list[JournalRow] = []
    for slot in slots:
        key, agreement = slot_key(slot), slot.agreement
        figure = earned[key].figure
        if ahead[key].ended or agreement.policy is AccrualPolicy.ATTAINED:
            words = "The period has ended" if ahead[key].ended else "Accrual Policy Attained"
            steps: tuple[Step, ...] = (Step("Accrued = earned", words, amount=earned[key].reward.amount),)
            accrued = figure
        else:
            exact, steps = accrued_as_planned(slot, facts[key], ahead[key], rewards_ahead[key])
            accrued = money(exact, agreement.currency, tables.settings.rounding)
        floor = min(figure, sum((due.due for due in figure_dues.get(key, ())), Decimal(0)))
        if accrued < floor:
            steps = (*steps, Step("Not below what settlements made due", amount=Fraction(floor) - sum((s.amount or ZERO for s in steps), ZERO)))
            accrued = floor
        entry = accrued - before.get(key, Decimal(0))
        figure_id = "/".join((*key, "accrued"))
        accruals.append(
            Accrual(figure_id, *key[:2], slot.period, agreement.policy.value, figure, accrued, accrued - entry, entry, agreement.currency, steps)
        )
        if entry or tables.ledger:
            resold = booked_in("Cost of Sales", key, tables.ledger, agreement, tables.accounts)
            journal += journal_of(agreement, key, entry, accrued, resold, as_of, tables.settings, tables.accounts)
    return accruals, journal


def accrued_as_planned(slot: Slot, facts: Facts, ahead: Expected, rewards: Sequence[Earned]) -> tuple[Fraction, tuple[Step, ...]]:
    """Accrued to date under a policy that looks ahead; Manual takes the From of its tier as what is expected."""
    if slot.agreement.policy is AccrualPolicy.MANUAL:
        manual = manual_facts(slot, facts)
        measure = manual.facts.measure if manual else facts.measure
        ahead = replace(ahead, scenarios=((ONE, measure),), source=f"the From of manual tier {slot.agreement.program.manual_tier}")
    return accrued_to_date(slot, facts, ahead, rewards)


