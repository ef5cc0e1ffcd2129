"""From the sums of whole numbers to the facts that a rule reads: money in the program's currency, units, exact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .agreements import Agreement
from .exchange import MissingRate, Rates
from .measure import CountedLine, Sum
from .model import Facts, Period, RebateType, WalkLine
from .participants import Days, days_until, participant_days

ZERO = Fraction(0)


@dataclass(slots=True)
class Tally:
    """Sums of one participant and period while they are being added up."""

    measure: Fraction = ZERO
    base: Fraction = ZERO
    focus: Fraction = ZERO
    focus_base: Fraction = ZERO
    rows: int = 0


class Converter:
    """Turns the whole numbers of `Lines` into money and units, and remembers every rate that is missing."""

    def __init__(self, rates: Rates, amount_places: int, quantity_places: int) -> None:
        self.rates = rates
        self.amount_unit, self.quantity_unit = Fraction(1, 10**amount_places), Fraction(1, 10**quantity_places)
        self.missing: dict[tuple[str, MissingRate], int] = defaultdict(int)  # (program, rate) -> rows left out

    def factor(self, agreement: Agreement, currency: str, day: date) -> Fraction | MissingRate:
        """What one unit of a line's currency is worth in the program's, on the line's day."""
        return self.rates.factor(currency or self.rates.base_currency, agreement.currency, day)

    def tally(self, agreement: Agreement, sums: Iterable[Sum], cut: int | None = None) -> Tally:
        """Add up the sums that were known by a cut (None: all); rows without a rate are left out and remembered."""
        whole: dict[tuple[bool, bool, bool, str, date], list[int]] = defaultdict(lambda: [0, 0, 0])
        for each in sums:
            if cut is None or each.cut <= cut:
                entry = whole[each.in_measure, each.in_base, each.in_focus, each.currency, each.rate_day]
                entry[0] += each.amount
                entry[1] += each.quantity
                entry[2] += each.rows
        found = Tally()
        for (in_measure, in_base, in_focus, currency, day), (amount, quantity, rows) in whole.items():
            factor = self.factor(agreement, currency, day)
            if isinstance(factor, MissingRate):
                if cut is None:
                    self.missing[agreement.program_id, factor] += rows
                continue
            found.rows += rows
            money, units = amount * self.amount_unit * factor, quantity * self.quantity_unit
            measure, base = units if agreement.measure_in_units else money, units if agreement.base_in_units else money
            if in_measure:
                found.measure += measure
            if in_base:
                found.base += base
            if in_focus:
                found.focus += measure
                found.focus_base += base if in_base else ZERO
        return found

    def walk(self, agreement: Agreement, lines: Iterable[CountedLine], cut: int | None = None) -> tuple[WalkLine, ...]:
        """The lines of one participant and period as a walk needs them, in the order given."""
        found = []
        for line in lines:
            factor = self.factor(agreement, line.currency, line.rate_day)
            if isinstance(factor, MissingRate) or (cut is not None and line.cut > cut):
                continue
            money, units = line.amount * self.amount_unit * factor, line.quantity * self.quantity_unit
            measure, base = units if agreement.measure_in_units else money, units if agreement.base_in_units else money
            found.append(WalkLine(line.transaction_id, measure if line.in_measure else ZERO, base if line.in_base else ZERO))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Slot:
    """A participant and a period of one program that has a row: its sums, its lines where the rule walks them, its days."""

    agreement: Agreement
    participant_id: str
    period: Period
    sums: Sequence[Sum]
    lines: Sequence[CountedLine]
    days: Days
    target: Fraction | None
    baseline: Fraction | None
    budget: Fraction | None

    @property
    def last_day(self) -> date:
        """The participant's last day of the period: the period ends with it for the accrual."""
        return self.days[-1][1] if self.days else self.period.ends_on

    def elapsed(self, as_of: date) -> Fraction:
        """The share of the participant's days that lie on or before a day."""
        total = sum((last - first).days + 1 for first, last in self.days)
        return Fraction(days_until(self.days, as_of), total) if total else Fraction(1)


@dataclass(frozen=True, slots=True)
class LastYear:
    """The measure of the same period one year earlier: the whole of it, and up to the same day."""

    whole: Fraction
    to_same_day: Fraction


def last_year_of(agreement: Agreement, sums: Mapping[tuple[str, int], Sequence[Sum]], converter: Converter) -> dict[tuple[str, str], LastYear]:
    """Last year's measures by (participant, period id); participants without a counted line then have none."""
    return {
        (participant_id, agreement.periods[at].period_id): LastYear(
            converter.tally(agreement, entries).measure, converter.tally(agreement, entries, 0).measure
        )
        for (participant_id, at), entries in sums.items()
    }


def slot_key(slot: Slot) -> tuple[str, str, str]:
    """Program, participant and period: the first three parts of a figure id."""
    return (slot.agreement.program_id, slot.participant_id, slot.period.period_id)


def facts_of(slot: Slot, converter: Converter, cut: int | None = None) -> tuple[Facts, int]:
    """The facts of a slot as known by a cut (None: as of the run), and how many rows are in them."""
    agreement, tally = slot.agreement, converter.tally(slot.agreement, slot.sums, cut)
    same = agreement.scope.same_base and agreement.measure_in_units == agreement.base_in_units
    facts = Facts(
        measure=tally.measure,
        base=tally.measure if same else tally.base,
        lines=converter.walk(agreement, slot.lines, cut) if agreement.walks else None,
        target=slot.target,
        baseline=slot.baseline,
        focus=tally.focus,
        focus_base=tally.focus_base,
        budget=slot.budget,
        base_is_measure=same,
    )
    return facts, tally.rows


def slots_of(
    agreement: Agreement,
    as_of: date,
    sums: Mapping[tuple[str, int], Sequence[Sum]],
    lines: Mapping[tuple[str, int], Sequence[CountedLine]],
    baselines: Mapping[tuple[str, str], Fraction],
    last_year: Mapping[tuple[str, str], LastYear],
    claimed: Iterable[tuple[str, int]] = (),
) -> list[Slot]:
    """A slot for each participant and period that has begun.

    Enrolled participants have one once a day of their enrollment has begun, in open programs those with a counted
    transaction. `sums` and `lines` are by (participant, period index), `baselines` (the table's) and `last_year` by
    (participant, period id); `claimed` are further slots that a claim names. A baseline is the table's, else the enrollment's, else last year's.
    """
    keys = {key for key in (*sums, *claimed) if agreement.periods[key[1]].starts_on <= as_of}
    for participant_id, own in agreement.own_places.items():
        for at, period in enumerate(agreement.periods):
            last = min(period.ends_on, as_of)
            if any(max(place.starts_on, period.starts_on) <= min(place.ends_on, last) for place in own):
                keys.add((participant_id, at))
    found = []
    for participant_id, at in sorted(keys, key=lambda key: (key[1], key[0])):
        period = agreement.periods[at]
        figures = agreement.figures(participant_id, period) if agreement.enrollments else None
        baseline = baselines.get((participant_id, period.period_id))
        if baseline is None and figures and figures.baseline is not None:
            baseline = Fraction(figures.baseline)
        before = last_year.get((participant_id, period.period_id))
        if baseline is None and before and agreement.program.rebate_type is RebateType.GROWTH:
            baseline = before.whole
        found.append(
            Slot(
                agreement,
                participant_id,
                period,
                sums.get((participant_id, at), ()),
                lines.get((participant_id, at), ()),
                _days(agreement, participant_id, period),
                Fraction(figures.target) if figures and figures.target is not None else None,
                baseline,
                Fraction(figures.budget) if figures and figures.budget is not None else None,
            )
        )
    return found


def _days(agreement: Agreement, participant_id: str, period: Period) -> Days:
    if not agreement.enrollments:
        return ((period.starts_on, period.ends_on),)
    own = agreement.own_places.get(participant_id, ())
    found = participant_days(agreement.program, period, own, agreement.enrollments.get(participant_id, ()))
    return found or ((period.starts_on, period.ends_on),)
