"""What part of a participant's figure belongs to each of its branches: by the base of the lines, so that the parts add up.

Largest remainder on the lines' own base, before limits; a base of 0 or less gets nothing, ties go by Distributor ID, and
without any base the figure stays with the participant itself. Whose branch a line was is decided on the line's own date.
Source: domain.md section 3, step 3, "Allocation".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from .agreements import Agreement, agreements
from .counting import MEASURE, classes_by_basis, is_multi_currency
from .exchange import MissingRate, Rates
from .facts import Converter
from .measure import LOST, meetings
from .model import Run, Tables
from .money import allocate
from .participants import EARLIEST, Hierarchy
from .qualify import Classes

ZERO = Fraction(0)
NOTHING = Decimal(0)
IN_BASE, IN_FOCUS = 2, 4  # bits of `measure.Met.flags`
Key = tuple[str, str, str]  # program id, participant id, period id


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one distributor in one figure while it had the same parents: their base in the program's currency or units."""

    distributor_id: str
    chain: tuple[str, ...]  # the distributor, its parent then, and so on up to the top
    base: Fraction


def parts_of(run: Run, program_ids: Sequence[str]) -> dict[Key, list[Part]]:
    """The parts of every figure of some programs, in order of distributor; a figure without a line in its base is not there."""
    tables = run.tables
    hierarchy = Hierarchy(tables.distributors)
    programs = {each.program_id: each for each in agreements(tables, hierarchy)[0] if each.program_id in set(program_ids)}
    if tables.lines is None or not programs:
        return {}
    found: dict[Key, dict[tuple[str, tuple[str, ...]], Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for key, distributor_id, day, base in _bases(tables, list(programs.values()), hierarchy, run.as_of):
        found[key][distributor_id, hierarchy.ancestors_on(distributor_id, day)] += base
    return {key: [Part(*who, base) for who, base in sorted(parts.items())] for key, parts in found.items()}


def allocated(total: Decimal, parts: Sequence[Part], places: int) -> list[Decimal] | None:
    """What of a figure falls to each part; the amounts add up to it. None where no part has a base: it is the participant's.

    First over the distributors, as a statement shows it, then within a distributor that changed its parent meanwhile.

    >>> north, south = Part("N", ("N", "TOP"), Fraction(2)), Part("S", ("S", "TOP"), Fraction(1))
    >>> [str(amount) for amount in allocated(Decimal("100.00"), [north, south], 2)]
    ['66.67', '33.33']
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for at, part in enumerate(parts):
        groups[part.distributor_id].append(at)
    order = sorted(groups)
    weights = [sum((parts[at].base for at in groups[one]), ZERO) for one in order]
    if not any(weight > 0 for weight in weights):
        return None
    amounts = [NOTHING] * len(parts)
    for one, share in zip(order, allocate(total, weights, places), strict=True):
        members = groups[one]
        own = [parts[at].base for at in members]
        split = allocate(share, own, places) if any(base > 0 for base in own) else [NOTHING] * len(own)
        for at, amount in zip(members, split, strict=True):
            amounts[at] = amount
    return amounts


def _bases(tables: Tables, programs: list[Agreement], hierarchy: Hierarchy, as_of: date) -> Iterator[tuple[Key, str, date, Fraction]]:
    """(figure, distributor, first day of a class of days, base) of all lines that are in a base."""
    lines = tables.lines
    if lines is None:
        return
    by_id = {each.program_id: each for each in programs}
    converter = Converter(Rates(tables.settings.base_currency, tables.exchange_rates), lines.amount_places, lines.quantity_places)
    multi = is_multi_currency(tables, programs, hierarchy)
    for classes in classes_by_basis(tables, programs, hierarchy, as_of, (MEASURE,)).values():
        countings = {counting.number: counting for counting in classes.countings}
        on_focus = {number for number, each in countings.items() if by_id[each.program.program_id].on_focus}
        for row in _grouped(tables, classes, multi, on_focus):
            counting = countings[row["counting"]]
            agreement = by_id[counting.program.program_id]
            factor = converter.factor(agreement, row["currency"], row["rate_day"])
            if isinstance(factor, MissingRate):  # named by the run; such lines are in no figure
                continue
            money, units = row["amount"] * converter.amount_unit * factor, row["quantity"] * converter.quantity_unit
            key = (agreement.program_id, row["participant"], counting.periods[row["period"]].period_id)
            yield key, row["distributor_id"], row["day"], units if agreement.base_in_units else money


def _grouped(tables: Tables, classes: Classes, multi: bool, on_focus: Collection[int]) -> Iterator[dict[str, Any]]:
    """The sums of the lines in a base by figure, distributor and class of days, codes turned back into names."""
    if tables.lines is None:
        return
    starts = classes.starts
    for counting, found, met, placing in meetings(tables.lines, classes, multi):
        sums: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
        bits = IN_BASE | IN_FOCUS if counting.number in on_focus else IN_BASE
        keep = np.flatnonzero(((met.flags & bits) == bits) & (met.cut != LOST))
        at = met.at[keep]
        whose = (met.participant[keep], met.period[keep], found.party[at])
        keys = (*whose, met.counted_day[keep], met.rate_day[keep], met.home[keep], found.currency[at])
        rows = zip(*(key.tolist() for key in keys), found.amount[at].tolist(), found.quantity[at].tolist(), strict=True)
        for *key, amount, quantity in rows:
            entry = sums[tuple(key)]
            entry[0] += amount
            entry[1] += quantity
        for (participant, period, party, day, rate_day, home, currency), (amount, quantity) in sums.items():
            yield {
                "counting": counting.number,
                "participant": placing.participants[participant],
                "period": period,
                "distributor_id": classes.parties[party],
                "day": max(starts[day], EARLIEST),
                "currency": found.currencies[currency] or placing.currencies[home],
                "rate_day": starts[rate_day],
                "amount": amount,
                "quantity": quantity,
            }


def share(amounts: Sequence[Decimal], parts: Sequence[Part], distributor_id: str) -> Decimal:
    """What of allocated amounts belongs to a distributor: the parts that were its own or its branches'."""
    return sum((amounts[at] for at, part in enumerate(parts) if distributor_id in part.chain), NOTHING)
