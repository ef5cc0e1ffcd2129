"""What is expected at period end, evaluated for every slot, and the accruals that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
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
from .model import Accrual, AccrualPolicy, Facts, JournalRow, LedgerEntry, Problem, RebateType, Step, Tables
from .money import money
from .rewards import reward
from .settle import Due, Granted, needs_claim

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


def accrue(
    tables: Tables,
    programs: Sequence[Agreement],
    slots: Sequence[Slot],
    facts: Mapping[Key, Facts],
    earned: Mapping[Key, Earned],
    ahead: Mapping[Key, Expected],
    rewards_ahead: Mapping[Key, Sequence[Earned]],
    figure_dues: Mapping[Key, Sequence[Due]],
    granted: Mapping[Key, Granted],
    held: Mapping[Key, Fraction],
    as_of: date,
) -> list[Accrual]:
    """The accrual of every slot beside what the ledger holds of it."""
    before = recognised(programs, tables.ledger, tables.adjustments, as_of, tables.settings)
    accruals: list[Accrual] = []
    for slot in slots:
        key, agreement = slot_key(slot), slot.agreement
        figure = earned[key].figure
        if (special := by_claims(slot, facts[key], earned[key], ahead[key], held.get(key, ZERO))) is not None:
            exact, steps = special
            accrued = money(exact, agreement.currency, tables.settings.rounding)
        elif ahead[key].ended or agreement.policy is AccrualPolicy.ATTAINED:
            words = "The period has ended" if ahead[key].ended else "Accrual Policy Attained"
            steps = (Step("Accrued = earned", words, amount=earned[key].reward.amount),)
            accrued = figure
        else:
            exact, steps = accrued_as_planned(slot, facts[key], ahead[key], rewards_ahead[key])
            accrued = money(exact, agreement.currency, tables.settings.rounding)
        if needs_claim(agreement):
            accrued, steps = until_claimed(slot, accrued, steps, granted.get(key, Granted()), as_of)
        floor = min(figure, sum((due.due for due in figure_dues.get(key, ())), Decimal(0)))
        if accrued < floor:
            steps = (*steps, Step("Not below what settlements made due", amount=Fraction(floor) - sum((s.amount or ZERO for s in steps), ZERO)))
            accrued = floor
        entry = accrued - before.get(key, Decimal(0))
        figure_id = "/".join((*key, "accrued"))
        accruals.append(
            Accrual(figure_id, *key[:2], slot.period, agreement.policy.value, figure, accrued, accrued - entry, entry, agreement.currency, steps)
        )
    return accruals


def journal(tables: Tables, slots: Sequence[Slot], accruals: Sequence[Accrual], as_of: date) -> list[JournalRow]:
    """The entries that the ledger still lacks, by account; `accruals` are those of the slots."""
    posted: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    for entry in tables.ledger:
        posted[entry.program_id, entry.participant_id].append(entry)
    found: list[JournalRow] = []
    for slot, row in zip(slots, accruals, strict=True):
        key = slot_key(slot)
        if row.true_up or tables.ledger:
            resold = booked_in("Cost of Sales", key, posted[key[:2]], slot.agreement, tables.accounts)
            found += journal_of(slot.agreement, key, row.true_up, row.accrued, resold, as_of, tables.settings, tables.accounts)
    return found


def by_claims(slot: Slot, facts: Facts, earned: Earned, ahead: Expected, held: Fraction) -> tuple[Fraction, tuple[Step, ...]] | None:
    """The accrual of what only claims pay: an MDF fund, and Ship and Debit; None for every other type.

    MDF: the fund to date, a Budget by elapsed share under every policy. Ship and Debit: approved and held lines, or what
    purchases are expected to claim (its Tiers) where that is more.
    """
    kind = slot.agreement.program.rebate_type
    if kind is RebateType.MDF:
        share = ahead.elapsed if slot.budget is not None and not ahead.ended else ONE
        amount = earned.reward.amount
        return amount * share, (Step("The fund to date" if share == 1 else "Budget x elapsed share", "", amount, share, amount * share),)
    if kind is RebateType.SHIP_AND_DEBIT:
        claimed = earned.reward.amount + held
        ladder = slot.agreement.ladders[slot.period.period_id]
        purchases = reward(facts, ladder, slot.agreement.terms).amount if ladder else claimed
        words = "approved and held claims" if claimed >= purchases else "what purchases are expected to claim"
        return max(claimed, purchases), (Step("Support to date", words, amount=max(claimed, purchases)),)
    return None


def until_claimed(slot: Slot, accrued: Decimal, steps: tuple[Step, ...], granted: Granted, as_of: date) -> tuple[Decimal, tuple[Step, ...]]:
    """Where claims are required: x Expected Claims until the claim window ends, never below what is approved."""
    program = slot.agreement.program
    approved = granted.approved + granted.carried + granted.lapsed
    if program.expected_claims != 1 and as_of <= slot.period.ends_on + timedelta(days=program.claim_window_days):
        share = Fraction(program.expected_claims)
        part = money(Fraction(accrued) * share, slot.agreement.currency)
        steps, accrued = (*steps, Step("Expected Claims", "the share that will be claimed", amount=Fraction(part - accrued))), part
    if approved > accrued:
        steps, accrued = (*steps, Step("Not below approved claims", amount=Fraction(approved - accrued))), approved
    return accrued, steps


def accrued_as_planned(slot: Slot, facts: Facts, ahead: Expected, rewards: Sequence[Earned]) -> tuple[Fraction, tuple[Step, ...]]:
    """Accrued to date under a policy that looks ahead; Manual takes the From of its tier as what is expected."""
    if slot.agreement.policy is AccrualPolicy.MANUAL:
        manual = manual_facts(slot, facts)
        measure = manual.facts.measure if manual else facts.measure
        ahead = replace(ahead, scenarios=((ONE, measure),), source=f"the From of manual tier {slot.agreement.program.manual_tier}")
    return accrued_to_date(slot, facts, ahead, rewards)
