"""run(): from checked tables to every figure, on one screen; each step is a function of its own module."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from . import version
from .accrue import rows_by_key
from .agreements import Agreement, agreements
from .ahead import accrue, earn_ahead, journal, look_ahead
from .attain import attain, converter_problems, gap_problems, program_count, standing
from .audit import verdicts
from .claim_results import claim_problems, claimed_slots, claims_of, granted_by_key, held_by_key, results, ship_and_debit, slots_by_decision
from .control_totals import control_problems
from .counting import clusters, count
from .doubts import line_doubts, part_periods, unknown_figures
from .earn import Earned, Key, earn
from .exchange import Rates
from .facts import Converter, Slot, slot_key
from .known import Known, all_slots
from .model import Dispute, Payable, Payment, Reward, Run, Settings, Step, Tables
from .participants import Hierarchy
from .settle import (
    Adjusted,
    Due,
    Granted,
    adjusted_of,
    claim_rows,
    dues,
    needs_claim,
    payable_rows,
    resolve,
    settled_of,
    with_adjustments,
    with_minimum,
)

__all__ = ["run", "verdicts"]


def run(tables: Tables, as_of: date | None = None, *, for_books: bool = False) -> Run:
    """Compute every program of a book as of a day (default: Settings, else the latest date of usable rows).

    Returns values only: attainment, accruals, payables, journal, problems with place and remedy, and for each program
    rows read = used + excluded by reason. Rows and programs with errors are left out and named; nothing is raised for them.
    `for_books`: what a close needs, in half the time: the standings of figures instead of attainment, and no journal.
    """
    day, settings, lines = as_of or book_date(tables), tables.settings, tables.lines
    hierarchy = Hierarchy(tables.distributors)
    programs, problems = agreements(tables, hierarchy)
    counted = count(tables, programs, hierarchy, day)
    places = (lines.amount_places, lines.quantity_places) if lines else (0, 0)
    converter = Converter(Rates(settings.base_currency, tables.exchange_rates), *places)
    baselines, unknown = rows_by_key(programs, tables.baselines, "Baselines")
    slots, shares = all_slots(programs, counted, converter, baselines, day, claimed_slots(tables, programs, hierarchy, day))
    known = Known(slots, counted, converter)
    slots = known.without_lost()
    earned = earn(known.positions(), settings.rounding, common_share=known.common_share)
    figure_dues = settlements(known, earned, settings, day)
    earned = final(slots, earned, figure_dues)
    payments, adjusted = resolve(programs, tables.payments), adjustments_by_key(tables, programs, day)
    cases = claims_of(tables, programs, known, earned, {key: each.total for key, each in adjusted.items()}, payments, day)
    slots = known.add(slots_by_decision(known, cases))
    earned, granted = ship_and_debit(known, earned, cases), granted_by_key(cases)
    ahead, doubts = look_ahead(tables, programs, slots, known.facts, shares, day)
    rewards_ahead = earn_ahead(tables, slots, known.facts, ahead, known.common_share)
    accruals = accrue(tables, programs, slots, known.facts, earned, ahead, rewards_ahead, figure_dues, granted, held_by_key(cases), day)
    problems += [*unknown, *doubts, *converter_problems(converter), *gap_problems(slots, known.facts), *line_doubts(tables, programs, counted)]
    problems += [*control_problems(tables, day), *part_periods(slots), *unknown_figures(programs, slots, tables, day), *claim_problems(cases, tables)]
    return Run(
        as_of=day,
        run_id=run_id(tables.input_hash, day),
        input_hash=tables.input_hash,
        version=version.VERSION,
        engine=lines.engine if lines else "",
        tables=tables,
        problems=(*tables.problems, *problems),
        attainment=() if for_books else tuple(attain(slot, known, earned[slot_key(slot)], ahead[slot_key(slot)], tables) for slot in slots),
        accruals=tuple(accruals),
        payable=tuple(payables(programs, slots, earned, figure_dues, granted, payments, adjusted, day)),
        journal=() if for_books else tuple(journal(tables, slots, accruals, day)),
        counts=tuple(program_count(each, counted, converter) for each in programs),
        rows_excluded=lines.rows_excluded if lines else {},
        claims=tuple(results(cases, tables.payments, tables, day)),
        standings={slot_key(slot): standing(slot, known, ahead[slot_key(slot)], tables) for slot in slots} if for_books else {},
    )


def book_date(tables: Tables) -> date:
    """As Of of the Settings; empty: the latest Invoice Date, Claim Date or Paid On of usable rows, so that a run repeats."""
    if tables.settings.as_of:
        return tables.settings.as_of
    days = [claim.claim_date for claim in tables.claims] + [payment.paid_on for payment in tables.payments]
    days.append(tables.lines.latest_invoice_date if tables.lines else None)
    return max((each for each in days if each), default=date(1900, 1, 1))


def known_until(tables: Tables) -> date:
    """The last day that a book says something about: its own day, or its last transaction where that is later."""
    latest = tables.lines.latest_invoice_date if tables.lines else None
    return max(book_date(tables), latest or date.min)


def run_id(input_hash: str, as_of: date) -> str:
    """The name of a run: the same inputs and day give the same name."""
    return hashlib.sha256(f"{input_hash}|{as_of}|{version.VERSION}".encode()).hexdigest()[:12]


def settlements(known: Known, earned: Mapping[Key, Earned], settings: Settings, as_of: date) -> dict[Key, list[Due]]:
    """What fell due at each settlement that has ended: earned with what was known by its last day."""
    ended: dict[date, list[Slot]] = defaultdict(list)
    for slot in known.slots.values():
        for settlement in slot.agreement.settlements_of(slot.period):
            if settlement.ends_on <= as_of:
                ended[settlement.ends_on].append(slot)
    earned_by: dict[Key, dict[date, Decimal]] = defaultdict(dict)
    cluster_of = {each.program_id: number for number, cluster in enumerate(clusters(known.agreements())) for each in cluster}
    for day, group in ended.items():
        settling = {(cluster_of[slot.agreement.program_id], slot.participant_id) for slot in group}
        began = [slot for slot in known.slots.values() if slot.period.starts_on <= day]
        changed = {(cluster_of[slot.agreement.program_id], slot.participant_id) for slot in began if known.learned_after(slot, day)} & settling
        then = Known([slot for slot in began if (cluster_of[slot.agreement.program_id], slot.participant_id) in changed], known.counted,
                     known.converter, day)  # fmt: skip
        figures = earn(then.positions(), settings.rounding, common_share=then.common_share)
        for slot in group:
            key = slot_key(slot)
            earned_by[key][day] = (figures.get(key) or earned[key]).figure
    return {key: dues(slot.agreement, key, slot.period, earned_by[key], as_of) for key, slot in known.slots.items()}


def final(slots: Sequence[Slot], earned: Mapping[Key, Earned], figure_dues: Mapping[Key, Sequence[Due]]) -> dict[Key, Earned]:
    """With Recover No what settlements made due is final: earned never falls below their sum."""
    found = dict(earned)
    for slot in slots:
        key = slot_key(slot)
        kept = sum((due.due for due in figure_dues[key]), Decimal(0))
        if not slot.agreement.program.recover and kept > found[key].figure:
            reward = found[key].reward
            step = Step("Recover No", "settlements that have ended are final", amount=Fraction(kept) - reward.amount)
            found[key] = Earned(Reward(Fraction(kept), reward.tier, (*reward.steps, step)), kept)
    return found


def adjustments_by_key(tables: Tables, programs: Sequence[Agreement], as_of: date) -> dict[Key, Adjusted]:
    """What adjustments and resolved disputes have added to each figure by a day."""
    disputes: dict[Key, list[Dispute]] = defaultdict(list)
    for dispute in tables.disputes:
        parts = dispute.figure_id.split("/")
        if len(parts) >= 3:
            disputes[parts[0], parts[1], parts[2]].append(dispute)
    rows = resolve(programs, tables.adjustments)
    return {key: adjusted_of(rows.get(key, ()), disputes.get(key, ()), as_of) for key in {*rows, *disputes}}


def payables(
    programs: Sequence[Agreement],
    slots: Sequence[Slot],
    earned: Mapping[Key, Earned],
    figure_dues: Mapping[Key, Sequence[Due]],
    granted: Mapping[Key, Granted],
    payments: Mapping[Key, Sequence[Payment]],
    adjusted: Mapping[Key, Adjusted],
    as_of: date,
) -> list[Payable]:
    """One row for each figure and settlement that has ended, or claim date: due, settled, open."""
    by_participant: dict[tuple[str, str], list[Due]] = defaultdict(list)
    for slot in slots:
        key = slot_key(slot)
        by_participant[key[:2]] += with_adjustments(slot.agreement, key, slot.period, figure_dues.get(key, ()), adjusted.get(key, Adjusted()))
    programs_by_id = {each.program_id: each for each in programs}
    after: dict[Key, list[Due]] = defaultdict(list)
    for (program_id, _), rows in by_participant.items():
        for due in with_minimum(programs_by_id[program_id], rows, as_of):
            after[due.key].append(due)
    found: list[Payable] = []
    for slot in slots:
        key, figure = slot_key(slot), earned[slot_key(slot)].figure
        settled, added = settled_of(payments.get(key, ()), as_of), adjusted.get(key, Adjusted())
        if needs_claim(slot.agreement):
            found += claim_rows(slot.agreement, key, slot.period, figure, granted.get(key, Granted()), settled, added, as_of)
        else:
            found += payable_rows(slot.agreement, after[key], figure, settled, added.total, as_of)
    return found
