"""run(): from checked tables to every figure, on one screen; each step is a function of its own module."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from . import version
from .agreements import Agreement, agreements
from .ahead import book, earn_ahead, look_ahead
from .attain import attain, converter_problems, gap_problems, program_count
from .audit import verdicts
from .counting import count
from .earn import Earned, Key, Position, earn
from .exchange import Rates
from .facts import Converter, Slot, facts_of, slot_key, slots_of
from .model import Facts, Payable, Run, Tables
from .participants import Hierarchy
from .settle import Due, adjusted_of, dues, payable_rows, resolve, settled_of

__all__ = ["run", "verdicts"]


def run(tables: Tables, as_of: date | None = None) -> Run:
    """Compute every program of a book as of a day (default: Settings, else the latest date of usable rows).

    Returns values only: attainment, accruals, payables, journal, problems with place and remedy, and for each program
    rows read = used + excluded by reason. Rows and programs with errors are left out and named; nothing is raised for them.
    """
    day = as_of or book_date(tables)
    hierarchy = Hierarchy(tables.distributors)
    programs, problems = agreements(tables, hierarchy)
    counted = count(tables, programs, hierarchy, day)
    lines = tables.lines
    converter = Converter(
        Rates(tables.settings.base_currency, tables.exchange_rates), lines.amount_places if lines else 0, lines.quantity_places if lines else 0
    )
    slots = [slot for each in programs for slot in slots_of(each, day, counted.sums[each.program_id], counted.lines[each.program_id], {})]
    known = {slot_key(slot): facts_of(slot, converter) for slot in slots}
    facts = {key: pair[0] for key, pair in known.items()}
    rounding = tables.settings.rounding
    earned = earn([position(slot, facts[slot_key(slot)]) for slot in slots], rounding)
    ahead, doubts = look_ahead(tables, programs, slots, facts, day)
    rewards_ahead = earn_ahead(tables, slots, facts, ahead)
    figure_dues = settlements(slots, converter, earned, tables, day)
    accruals, journal = book(tables, programs, slots, facts, earned, ahead, rewards_ahead, figure_dues, day)
    attainment = tuple(
        attain(slot, known[slot_key(slot)], earned[slot_key(slot)], ahead[slot_key(slot)], counted, tables) for slot in slots
    )
    problems += [*doubts, *converter_problems(converter), *gap_problems(slots, facts)]
    return Run(
        as_of=day,
        run_id=run_id(tables.input_hash, day),
        input_hash=tables.input_hash,
        version=version.VERSION,
        engine=lines.engine if lines else "",
        tables=tables,
        problems=(*tables.problems, *problems),
        attainment=attainment,
        accruals=tuple(accruals),
        payable=tuple(payables(tables, programs, slots, earned, figure_dues, day)),
        journal=tuple(journal),
        counts=tuple(program_count(each, counted, converter, known) for each in programs),
        rows_excluded=lines.rows_excluded if lines else {},
    )


def book_date(tables: Tables) -> date:
    """As Of of the Settings; empty: the latest Invoice Date, Claim Date or Paid On of usable rows, so that a run repeats."""
    if tables.settings.as_of:
        return tables.settings.as_of
    days = [claim.claim_date for claim in tables.claims] + [payment.paid_on for payment in tables.payments]
    days.append(tables.lines.latest_invoice_date if tables.lines else None)
    return max((each for each in days if each), default=date(1900, 1, 1))


def run_id(input_hash: str, as_of: date) -> str:
    """The name of a run: the same inputs and day give the same name."""
    return hashlib.sha256(f"{input_hash}|{as_of}|{version.VERSION}".encode()).hexdigest()[:12]


def position(slot: Slot, facts: Facts) -> Position:
    return Position(slot.agreement, slot.participant_id, slot.period, facts)


def settlements(
    slots: Sequence[Slot], converter: Converter, earned: Mapping[Key, Earned], tables: Tables, as_of: date
) -> dict[Key, list[Due]]:
    """What fell due at each settlement that has ended: earned with what was known by its last day."""
    wanted: dict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        for settlement in slot.agreement.settlements_of(slot.period):
            if settlement.ends_on <= as_of:
                wanted[settlement.ends_on].append(slot)
    earned_by: dict[Key, dict[date, Decimal]] = defaultdict(dict)
    for day, group in wanted.items():
        early = [slot for slot in group if day < slot.period.ends_on]
        for slot in group:
            if day >= slot.period.ends_on:
                earned_by[slot_key(slot)][day] = earned[slot_key(slot)].figure
        if early:
            positions = [position(slot, facts_of(slot, converter, cut_of(slot, day))[0]) for slot in slots_upto(slots, early, day)]
            found = earn(positions, tables.settings.rounding)
            for slot in early:
                earned_by[slot_key(slot)][day] = found[slot_key(slot)].figure
    return {
        slot_key(slot): dues(slot.agreement, slot_key(slot), slot.period, earned_by[slot_key(slot)], as_of) for slot in slots
    }


def slots_upto(slots: Sequence[Slot], early: Sequence[Slot], day: date) -> list[Slot]:
    """The slots whose figures a settlement's figure can depend on: those of programs tied to it and earlier periods."""
    tied = {slot.agreement.program_id for slot in early}
    return [slot for slot in slots if slot.agreement.program_id in tied and slot.period.starts_on <= day]


def cut_of(slot: Slot, day: date) -> int:
    """The index of the last cut that a day includes."""
    ends = sorted({each.ends_on for each in slot.agreement.settlements})
    return sum(end <= day for end in ends) - 1


def payables(
    tables: Tables,
    programs: Sequence[Agreement],
    slots: Sequence[Slot],
    earned: Mapping[Key, Earned],
    figure_dues: Mapping[Key, Sequence[Due]],
    as_of: date,
) -> list[Payable]:
    """One row for each figure and settlement that has ended: due, settled, open."""
    payments, adjustments = resolve(programs, tables.payments), resolve(programs, tables.adjustments)
    disputes = defaultdict(list)
    for dispute in tables.disputes:
        disputes[tuple(dispute.figure_id.split("/")[:3])].append(dispute)
    found: list[Payable] = []
    for slot in slots:
        key = slot_key(slot)
        settled = settled_of(payments.get(key, ()), as_of)
        adjusted = adjusted_of(adjustments.get(key, ()), disputes.get(key, ()), as_of)
        found += payable_rows(slot.agreement, figure_dues[key], earned[key].figure, settled, adjusted, as_of)
    return found


