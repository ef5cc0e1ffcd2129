"""The tables that decide for one date basis: who belongs to whom, which product counts in which role, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from .model import Returns
from .participants import Place
from .qualify import ALL_TRUE, NO_ORIGINAL, Classes, Counting, timing
from .scopes import PARTY_DIMENSIONS, Flags, party_values

DAY = timedelta(days=1)
EVERY_BIT = 7


@dataclass(frozen=True, slots=True)
class Crowd:
    """Distributors with their participant, as arrays: who, on which day classes, for whom, with which currency and flags."""

    party: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    participant: np.ndarray
    home: np.ndarray
    flags: np.ndarray  # bits as in `Met`

    def anyone(self) -> Crowd:
        """The same crowd, whatever the party dimensions of a scope say."""
        return replace(self, flags=np.full_like(self.flags, EVERY_BIT))


@dataclass(frozen=True, slots=True)
class Moments:
    """For each (day, original, returned): the day class that counts, its period (-1: none), cut and rate day."""

    counted_day: np.ndarray
    period: np.ndarray
    cut: np.ndarray
    rate_day: np.ndarray
    by_original: np.ndarray

    def of(self, own: np.ndarray, others: np.ndarray) -> Moments:
        """The same for another list of moments, all of which are in `own`."""
        at = {tuple(moment): number for number, moment in enumerate(own.tolist())}
        which = np.array([at[tuple(moment)] for moment in others.tolist()], np.int64)
        return Moments(self.counted_day[which], self.period[which], self.cut[which], self.rate_day[which], self.by_original[which])


def bits_of(flags: Flags) -> int:
    """Qualifies 1, in the base 2, in the focus 4."""
    return flags[0] + 2 * flags[1] + 4 * flags[2]


class Placing:
    """Once for a date basis: crowds, product flags, and the moments of each counting."""

    def __init__(self, classes: Classes, multi_currency: bool) -> None:
        self.classes, self.multi_currency = classes, multi_currency
        self._participants: dict[str, int] = {}
        self._currencies: dict[str, int] = {"": 0}
        crowds: dict[Any, Crowd] = {}
        self.crowd_of: dict[int, Crowd] = {}
        for counting in classes.countings:
            by_party = counting.scope.uses_parties
            key = (id(counting.places), id(counting.scope) if by_party else 0)  # programs that agree share their crowd
            if key not in crowds:
                crowds[key] = self._crowd(counting, by_party)
            self.crowd_of[counting.number] = crowds[key]
        self.participants, self.currencies = list(self._participants), list(self._currencies)
        self._bits = np.array([[bits_of(flags) for flags in signature] for signature in classes.product_flags], np.int64)

    def product_bits(self, at: int) -> np.ndarray:
        """The flags of every product class for the counting at a position."""
        return self._bits[:, at]

    def _crowd(self, counting: Counting, by_party: bool) -> Crowd:
        rows = [row for place in counting.places for row in self._pieces(place, counting, by_party)]
        columns = np.array(rows, np.int64).reshape(-1, 6).T
        return Crowd(*columns)

    def _pieces(self, place: Place, counting: Counting, by_party: bool) -> Iterator[tuple[int, int, int, int, int, int]]:
        """A place, cut where the distributor's own attributes change."""
        hierarchy, classes = self.classes.hierarchy, self.classes
        cuts: list[date] = []
        if by_party or self.multi_currency:
            cuts = sorted(cut for cut in hierarchy.cuts(place.distributor_id) if place.starts_on < cut <= place.ends_on)
        starts = [place.starts_on, *cuts]
        party = classes.party_code[place.distributor_id]
        participant = self._participants.setdefault(place.participant_id, len(self._participants))
        for at, first in enumerate(starts):
            last = starts[at + 1] - DAY if at + 1 < len(starts) else place.ends_on
            flags = counting.scope.flags(PARTY_DIMENSIONS, party_values(place.distributor_id, first, hierarchy)) if by_party else ALL_TRUE
            home = self._home(place.distributor_id, first)
            yield party, classes.day_class(first), classes.day_class(last), participant, home, bits_of(flags)

    def _home(self, distributor_id: str, day: date) -> int:
        row = self.classes.hierarchy.attributes_on(distributor_id, day) if self.multi_currency else None
        return self._currencies.setdefault(row.currency if row else "", len(self._currencies))

    def moments(self, counting: Counting, table: np.ndarray, rows: np.ndarray) -> tuple[Moments, dict[str, int]]:
        """Place every moment for one counting, plain lines all at once, returns with a known original one by one.

        `table` has the columns day, original, returned; `rows` how many rows each holds, for the reasons of those without a place.
        """
        reasons: dict[str, int] = defaultdict(int)
        day, original, returned = table.T
        late = day >= self.classes.late
        both = (counting, counting.other) if counting.other else (counting,)  # Net Of: a line must count for both
        ignored = ~late & (returned == 1) & any(each.program.returns is Returns.IGNORE for each in both)
        alone = ~late & ~ignored & (original == NO_ORIGINAL)
        period_of, cut_of = self._by_day(counting)
        outside = alone & (period_of[day] < 0)
        for reason, which in (("AFTER_AS_OF", late), ("RETURN_IGNORED", ignored), ("OUTSIDE_PROGRAM_DATES", outside)):
            reasons[reason] += int(rows[which].sum())
        found = Moments(day.copy(), np.where(alone, period_of[day], -1), cut_of[day], np.zeros_like(day), np.zeros(len(day), bool))
        for which in np.flatnonzero(~late & ~ignored & (original != NO_ORIGINAL)).tolist():
            self._place_return(counting, which, table[which].tolist(), int(rows[which]), found, reasons)
        if self.multi_currency:
            found.rate_day[:] = found.counted_day
        return found, {reason: count for reason, count in reasons.items() if count}

    def _by_day(self, counting: Counting) -> tuple[np.ndarray, np.ndarray]:
        """For each day class its period (-1: none) and its cut, for a line that counts on its own day."""
        starts = np.array([start.toordinal() for start in self.classes.starts])
        firsts = np.array([period.starts_on.toordinal() for period in counting.periods])
        lasts = np.array([period.ends_on.toordinal() for period in counting.periods])
        period = np.searchsorted(firsts, starts, side="right") - 1
        period = np.where((period >= 0) & (starts <= lasts[period]), period, -1)
        cuts = np.searchsorted(np.array([each.toordinal() for each in counting.cut_days]), starts, side="left")
        if counting.other is not None:  # Net Of: both programs must put the line into the same period
            period = np.where(period == self._by_day(counting.other)[0], period, -1)
        return period, cuts

    def _place_return(self, counting: Counting, at: int, moment: list[int], rows: int, found: Moments, reasons: dict[str, int]) -> None:
        day, original, returned = moment
        placed = timing(counting, self.classes.starts[day], self.classes.starts[original], bool(returned))
        if isinstance(placed, str):
            reasons[placed] += rows
            return
        found.counted_day[at] = original if placed.by_original else day
        found.period[at], found.cut[at], found.by_original[at] = placed.period, placed.cut, placed.by_original
