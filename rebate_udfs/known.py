"""What is known of every slot by a day: its facts, and what its program has in common with those it is net of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from .agreements import Agreement
from .counting import COMMON, Counted
from .earn import Key, Position, slot_of
from .facts import Converter, Slot, facts_of, last_year_of, slot_key, slots_of
from .model import Baseline, Facts, ForecastMethod, Period

ZERO = Fraction(0)


class Known:
    """The facts of some slots as known by a day (None: as of the run), and how many rows are in them."""

    def __init__(self, slots: Iterable[Slot], counted: Counted, converter: Converter, day: date | None = None) -> None:
        self.slots = {slot_key(slot): slot for slot in slots}
        self.counted, self.converter, self.day = counted, converter, day
        self.facts: dict[Key, Facts] = {}
        self.rows: dict[Key, int] = {}
        for key, slot in self.slots.items():
            self.facts[key], self.rows[key] = facts_of(slot, converter, self._cut(slot.agreement))

    def _cut(self, agreement: Agreement) -> int | None:
        return None if self.day is None else self.counted.cut(agreement.program_id, self.day)

    def without_lost(self) -> list[Slot]:
        """Drop slots of open programs that no line is left in (all without an exchange rate): nobody takes part by enrollment there."""
        for key in [key for key, slot in self.slots.items() if slot.sums and not slot.agreement.enrollments and not self.rows[key]]:
            del self.slots[key], self.facts[key], self.rows[key]
        return list(self.slots.values())

    def add(self, slots: Iterable[Slot]) -> list[Slot]:
        """Take in slots that were not known of before; gives all of them."""
        for slot in slots:
            self.slots[slot_key(slot)] = slot
            self.facts[slot_key(slot)], self.rows[slot_key(slot)] = facts_of(slot, self.converter, self._cut(slot.agreement))
        return list(self.slots.values())

    def agreements(self) -> list[Agreement]:
        """The programs that have a slot."""
        return list({slot.agreement.program_id: slot.agreement for slot in self.slots.values()}.values())

    def learned_after(self, slot: Slot, day: date) -> bool:
        """Whether anything that counts in a slot became known after a day."""
        cut = self.counted.cut(slot.agreement.program_id, day)
        return any(each.cut > cut for each in slot.sums)

    def positions(self) -> list[Position]:
        return [Position(slot.agreement, slot.participant_id, slot.period, self.facts[key]) for key, slot in self.slots.items()]

    def common_share(self, key: Key, other: str) -> Fraction:
        """The part of another program's base that lies on lines which both count; 0 where it has no base."""
        slot = self.slots[key]
        second = self.slots.get((other, key[1], slot_of(slot.agreement, key[2]) or other))
        if second is None or self.facts[slot_key(second)].base <= 0:
            return ZERO
        at = slot.agreement.periods.index(slot.period)
        sums = self.counted.of(key[0], COMMON + other).get((key[1], at), ())
        common = self.converter.tally(second.agreement, sums, self._cut(slot.agreement)).base
        return common / self.facts[slot_key(second)].base


def all_slots(
    programs: Sequence[Agreement],
    counted: Counted,
    converter: Converter,
    baselines: Mapping[Key, Sequence[Baseline]],
    as_of: date,
    claimed: Mapping[str, Iterable[tuple[str, int]]],
) -> tuple[list[Slot], dict[Key, Fraction]]:
    """Every slot that has begun, and for seasonal forecasts the share of last year's measure by the same day.

    `claimed` are slots, by program, that only claims are about.
    """
    slots: list[Slot] = []
    shares: dict[Key, Fraction] = {}
    for agreement in programs:
        before = last_year_of(agreement, counted.of(agreement.program_id, "baseline"), converter)
        given = {
            key[1:]: amount for key, rows in baselines.items() if key[0] == agreement.program_id and (amount := _given(agreement, rows)) is not None
        }
        found = slots_of(agreement, as_of, counted.of(agreement.program_id), counted.lines[agreement.program_id], given, before,
                         claimed.get(agreement.program_id, ()))  # fmt: skip
        slots += found
        for slot in found if agreement.program.forecast_method is ForecastMethod.SEASONAL else ():
            last = before.get((slot.participant_id, slot.period.period_id))
            if last and last.whole > 0 and _holds(slot.period, as_of):
                shares[slot_key(slot)] = last.to_same_day / last.whole
    return slots, shares


def _holds(period: Period, day: date) -> bool:
    return period.starts_on <= day <= period.ends_on


def _given(agreement: Agreement, rows: Sequence[Baseline]) -> Fraction | None:
    """The Baselines row's figure: Units or Amount, whichever the program measures."""
    value = rows[0].units if agreement.measure_in_units else rows[0].amount
    return None if value is None else Fraction(value)
