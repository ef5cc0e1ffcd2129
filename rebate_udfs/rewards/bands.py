"""How much of the base lies in each band of a ladder: in proportion to the measure, or by walking the lines.

A band belongs to one tier. Bands lie where the ladder puts them, also above the tier that is reached at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf, lcm

from ..model import Facts, Ladder, Method, Terms
from .ladder import tier_of

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands of a ladder for one participant: band i begins at `starts[i]`, ends where the next begins and is tier `tiers[i]`'s."""

    starts: tuple[Fraction, ...]
    tiers: tuple[int, ...]
    open_below: bool  # a return that goes below zero takes the first band back, else nothing


def bands_of(ladder: Ladder, reached: int, method: Method) -> Bands:
    """The bands of an incremental or rolling ladder once tier `reached` is reached.

    Rolling bands begin at zero, for every To above a unit counts. A reached Pay From First tier takes everything up to its To.
    """
    if method is Method.ROLLING:
        starts = (ZERO, *(tier.starts_at for tier in ladder[1:]))
        return Bands(starts, tuple(tier.number for tier in ladder), open_below=True)  # every To lies above what is below zero
    first = next((tier.number for tier in reversed(ladder[:reached]) if tier.pay_from_first), 0)
    if first:
        kept = ladder[first - 1 :]
        return Bands((ZERO, *(tier.starts_at for tier in kept[1:])), tuple(tier.number for tier in kept), open_below=True)
    starts = tuple(max(tier.starts_at, ZERO) for tier in ladder)
    return Bands(starts, tuple(tier.number for tier in ladder), open_below=ladder[0].reached <= 0)


def in_proportion(measure: Fraction, base: Fraction, bands: Bands, reached: int) -> list[Fraction]:
    """The base of each band when it is spread evenly over the measure from zero; a measure of 0 lies in the tier it reaches.

    What lies between the reached tier's printed To and the next From belongs to the reached tier.

    >>> bands = Bands((Fraction(0), Fraction(1000)), (1, 2), open_below=True)
    >>> [int(part) for part in in_proportion(Fraction(2000), Fraction(500), bands, 2)]
    [250, 250]
    """
    starts = bands.starts
    if measure <= 0:
        parts = [ZERO] * len(starts)
        if reached:
            parts[_band_of_tier(bands, reached)] = base
        return parts
    bounds = [*(start if start < measure else measure for start in starts), measure]
    parts = [bounds[index + 1] - bounds[index] for index in range(len(starts))]
    fold(parts, reached - bands.tiers[0])
    if measure == base:
        return parts
    share = base / measure
    return [part * share for part in parts]


def fold(parts: list[Fraction], top: int) -> None:
    """Give what lies in bands above band number `top`, which can only be the gap before the next From, to that band."""
    if top >= 0:
        for index in range(top + 1, len(parts)):
            if parts[index]:
                parts[top] += parts[index]
                parts[index] = ZERO


def _band_of_tier(bands: Bands, tier: int) -> int:
    """The band that tier number `tier` lies in: its own, or that of the Pay From First tier that swallowed it."""
    return max(tier - bands.tiers[0], 0)


def walked(facts: Facts, ladder: Ladder, bands: Bands, terms: Terms) -> tuple[list[Fraction], Fraction]:
    """The base of each band, and the base walked in all, when the lines are walked in order and crossing ones split by the measure.

    Returns walk back. A line outside the Qualify scope, or with measure 0, takes the band of the tier that the position
    reaches. With a base cap the walk stops where it is used up: that line counts in part, later ones not at all.
    """
    return _Walk(facts, ladder, bands, terms).run()


class _Walk:
    """One walk over the lines, in whole numbers: positions and bases over a common denominator, exact and fast."""

    def __init__(self, facts: Facts, ladder: Ladder, bands: Bands, terms: Terms) -> None:
        self.lines = facts.lines or ()
        self.factor = facts.lines_factor
        self.ladder, self.bands, self.threshold = ladder, bands, terms.threshold
        scaled = [start / self.factor for start in bands.starts]  # shrink the ladder rather than stretch every line
        self.unit = lcm(*{line.measure.denominator for line in self.lines}, *(start.denominator for start in scaled))
        self.starts = [_whole(start, self.unit) for start in scaled]
        self.base_unit = lcm(*{line.base.denominator for line in self.lines})
        self.cap = None if terms.base_cap is None else terms.base_cap * self.base_unit / self.factor
        self.sums: list[Fraction] = [ZERO] * (len(self.starts) + 1)  # the last is what lies in no band

    def run(self) -> tuple[list[Fraction], Fraction]:
        """Walk, and give the base of each band and of the whole walk."""
        position, used, whole, cap = 0, 0, [0] * len(self.sums), self.cap
        band, low, high = self._at(position)
        for line in self.lines if cap is None or cap > 0 else ():
            step, base = _whole(line.measure, self.unit), _whole(line.base, self.base_unit)
            if cap is not None and used + base >= cap:
                self._part(position, step, base, Fraction(cap - used) / base)  # base > 0: what is used lies below the cap
                break
            following = position + step
            if step and low <= position <= high and low <= following <= high:
                whole[band] += base  # the usual line: it begins and ends in one band
            else:
                self._part(position, step, base, Fraction(1))
                band, low, high = self._at(following)
            position, used = following, used + base
        parts = [(total + self.sums[index]) * self.factor / self.base_unit for index, total in enumerate(whole)]
        return parts[:-1], sum(parts, ZERO)

    def _at(self, position: int) -> tuple[int, float, float]:
        """The band that holds a position, and its bounds."""
        last = len(self.starts) - 1
        for index in range(last, -1, -1):
            if position >= self.starts[index]:
                return index, self.starts[index], self.starts[index + 1] if index < last else inf
        return self._below(), -inf, self.starts[0]

    def _below(self) -> int:
        """Where a position below every band counts: in the first band, or in none (-1, the last of the sums)."""
        return 0 if self.bands.open_below else -1

    def _part(self, position: int, step: int, base: int, share: Fraction) -> None:
        """Book `share` of a line: split over the bands it crosses, or whole at the position when it does not move it."""
        if not step:
            self.sums[self._point(position)] += base * share
            return
        here, there = Fraction(position), Fraction(position + step * share)
        low, high = (here, there) if here <= there else (there, here)
        edges = [low, *(Fraction(start) for start in self.starts if low < start < high), high]
        for start, end in pairwise(edges):
            band = max((index for index, bound in enumerate(self.starts) if start >= bound), default=self._below())
            self.sums[band] += base * (end - start) / abs(step)

    def _point(self, position: int) -> int:
        """The band of a line that does not move the position: that of the tier which the position reaches."""
        reached = tier_of(Fraction(position, self.unit) * self.factor, self.ladder, self.threshold)
        if reached:
            return _band_of_tier(self.bands, reached)
        begun = position >= 0 and self.starts[0] <= 0 < self.ladder[0].reached  # bands that begin below the first From
        return 0 if begun else -1


def _whole(number: Fraction, unit: int) -> int:
    return number.numerator * (unit // number.denominator)
