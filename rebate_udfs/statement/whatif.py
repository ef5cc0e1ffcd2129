"""What planned additional purchases would earn, in a form that a spreadsheet computes without losing a cent.

The reward rule itself is asked, at exact points, and what it says is put into pieces: between two thresholds a rebate
is a straight line (Linear: a parabola) in the additional purchases x. A piece is a fraction of whole numbers, so a
sheet that knows only binary floats gets thresholds, half cents and their neighbours right: every number it meets is
a whole number below 10^14, which floats hold exactly. There is no second copy of any rule here; a piece that does
not agree with the rule at every point tried is refused.

Bounds: x from 0 to `WhatIf.most`, in units of 10^-places of the measure. More purchases scale every line alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, gcd, lcm

from ..model import Facts, Ladder, Method, Reward, Rounding, Terms
from ..money import places_of, scaled
from ..rewards import RULES
from .nouns import Piece, WhatIf

Rule = Callable[[Fraction], Reward]  # additional purchases -> reward

EXACT_LIMIT = 10**14  # whole numbers up to here survive every spreadsheet's own ideas about the 15th digit
LONG_STEPS = ((100, 6), (10, 12))  # long multiplication takes so much of x at a time, in so many steps
MOST = 10**12 - 1
ROOM, ROOM_FACTOR = 10**7, 100  # how much more one may plan: at least ten million, or a hundred times what matters so far
MOST_PIECES = 400
MOST_PLACES = 4  # decimals of a quantity that a person may plan
TRIED = (Fraction(0), Fraction(1, 2), Fraction(1), Fraction(1, 4), Fraction(5, 7))  # the first three make a piece, the others test it


class NotExact(ValueError):
    """This rebate cannot be put into pieces that a sheet computes to the cent; the message says why, for people."""


def with_more(facts: Facts, more: Fraction) -> Facts:
    """The facts when `more` is bought in addition, of the same goods in the same proportions.

    >>> with_more(Facts(Fraction(100), Fraction(500)), Fraction(20)).base
    Fraction(600, 1)

    Raises NotExact when there is nothing yet to take the proportions from.
    """
    same = facts.base_is_measure if facts.base_is_measure is not None else facts.measure == facts.base
    measure = facts.measure + more
    if same and facts.lines is None:
        return replace(facts, measure=measure, base=facts.base + more)
    if facts.measure <= 0:
        raise NotExact("There are no purchases yet from which this could be worked out.")
    factor = measure / facts.measure
    return replace(facts, measure=measure, base=facts.base * factor, lines_factor=facts.lines_factor * factor)


def places_for(measure: Fraction, unit: str) -> int:
    """Decimals in which additional purchases are planned: the currency's, or as many as the units bought have.

    >>> places_for(Fraction(15), "units"), places_for(Fraction("2.5"), "units"), places_for(Fraction(1, 3), "USD")
    (0, 1, 2)
    """
    if unit != "units":
        return places_of(unit)
    return next((places for places in range(MOST_PLACES) if (measure * 10**places).denominator == 1), MOST_PLACES)


def what_if(
    facts: Facts,
    ladder: Ladder,
    terms: Terms,
    rule: Callable[[Facts, Ladder, Terms], Reward],
    unit: str,
    currency: str,
    rounding: Rounding,
    cap: Decimal | None = None,
) -> WhatIf:
    """The pieces of one participant's rebate over additional purchases.

    `rule` is the product's reward rule; `cap` the Period Cap. Raises NotExact with a sentence for people when lines are
    walked over too many breaks, when nothing was bought yet, or when numbers grow beyond what a cell holds exactly.
    """
    places = places_for(facts.measure, unit)
    largest = max(abs(facts.measure), *(abs(edge) for edge in _edges(facts, ladder, terms)))
    most = min(MOST, 10**places * max(ROOM, ROOM_FACTOR * ceil(largest)))
    breaks = _breaks(facts, ladder, terms, places, most)
    if len(breaks) > MOST_PIECES:
        raise NotExact("Your rebate is worked out line by line, over more steps than a sheet can show; ask us for a forecast.")

    def at(more: Fraction) -> Reward:
        return rule(with_more(facts, more), ladder, terms)

    pieces = tuple(_pieces(at, breaks, places, places_of(currency)))
    exact_to = _exact_up_to(pieces, most)
    if exact_to < 10**places:
        raise NotExact("The figures are too large for a sheet to work out to the cent; ask us for a forecast.")
    kept = tuple(piece for piece in pieces if piece.starts_at <= exact_to)
    return WhatIf(kept, places, unit, places_of(currency), rounding is Rounding.HALF_EVEN, cap, exact_to)


def _edges(facts: Facts, ladder: Ladder, terms: Terms) -> set[Fraction]:
    """Every purchase of the period at which a ladder can change what it pays."""
    needed = RULES[terms.rebate_type].needed
    found = {needed(edge, facts, terms) for tier in ladder for edge in (tier.reached, tier.starts_at, tier.ends_at) if edge is not None}
    return found or {Fraction(0)}


def _breaks(facts: Facts, ladder: Ladder, terms: Terms, places: int, most: int) -> list[int]:
    """Where one formula may give way to the next: thresholds, band breaks, the base cap, and lines that cross a break."""
    measure, unit = facts.measure, 10**places
    points = {edge - measure for edge in _edges(facts, ladder, terms)}
    if terms.base_cap is not None and facts.base > 0:
        same = with_more(facts, Fraction(1)).base - facts.base == 1
        points.add(terms.base_cap - facts.base if same or measure <= 0 else measure * (terms.base_cap / facts.base - 1))
    if facts.lines is not None and terms.method in (Method.INCREMENTAL, Method.ROLLING):
        points |= _line_breaks(facts, ladder, terms)
    found = {0}
    for point in points:
        found |= {ceil(point * unit), floor(point * unit) + 1}  # reached at, and reached above
    return sorted(at for at in found if 0 <= at <= most)


def _line_breaks(facts: Facts, ladder: Ladder, terms: Terms) -> set[Fraction]:
    """The additional purchases at which the end of a line, stretched with all the others, meets a band's break."""
    points: set[Fraction] = set()
    position = base = Fraction(0)
    edges = [edge for edge in _edges(facts, ladder, terms) if edge > 0]
    for line in facts.lines or ():
        position, base = position + line.measure * facts.lines_factor, base + line.base * facts.lines_factor
        if position > 0:
            points |= {facts.measure * (edge / position - 1) for edge in edges if edge > position}
        if terms.base_cap is not None and 0 < base < terms.base_cap:
            points.add(facts.measure * (terms.base_cap / base - 1))
        if len(points) > MOST_PIECES:
            raise NotExact("Your rebate is worked out line by line, over more steps than a sheet can show; ask us for a forecast.")
    return points


def _pieces(at: Rule, breaks: Sequence[int], places: int, currency_places: int) -> Iterable[Piece]:
    """One piece a stretch, neighbours that say the same joined."""
    last: Piece | None = None
    ends = [following - 1 for _, following in pairwise(breaks)] + [breaks[-1] + 10 ** (places + 6)]
    for start, end in zip(breaks, ends, strict=True):
        piece = _fitted(at, start, end, 10**places, 10**currency_places)
        if last is None or (piece.tier, piece.divisor, piece.constant, piece.slope, piece.curve) != (
            last.tier,
            last.divisor,
            last.constant,
            last.slope,
            last.curve,
        ):
            yield piece
            last = piece


def _fitted(at: Rule, start: int, end: int, unit: int, minor: int) -> Piece:
    """The parabola (mostly a line) through what the rule says in one stretch, refused where the rule disagrees."""
    points = [start + (end - start) * part for part in TRIED] if end > start else [Fraction(start)]
    said = [at(Fraction(point) / unit) for point in points]
    tiers = {reward.tier for reward in said}
    values = [reward.amount * minor for reward in said]
    constant, slope, curve = _through(points[:3], values[:3])
    if (
        len(tiers) > 1
        or min(values) < 0
        or any(constant + slope * point + curve * point**2 != value for point, value in zip(points, values, strict=True))
    ):
        raise NotExact("Your rebate changes in a way that a sheet cannot follow to the cent; ask us for a forecast.")
    divisor = lcm(constant.denominator, slope.denominator, curve.denominator)
    whole = [int(number * divisor) for number in (constant, slope, curve)]
    common = gcd(divisor, *whole)
    return Piece(start, said[0].tier, divisor // common, *(number // common for number in whole))


def _through(points: Sequence[Fraction], values: Sequence[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """The coefficients of the polynomial of lowest degree through one or three points."""
    if len(points) == 1:
        return values[0], Fraction(0), Fraction(0)
    (x0, x1, x2), (y0, y1, y2) = points, values
    first, second = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    curve = (second - first) / (x2 - x0)
    slope = first - curve * (x0 + x1)
    return y0 - slope * x0 - curve * x0**2, slope, curve


# ---- how far a sheet stays exact, and what it will say


def steps_for(pieces: Sequence[Piece], most: int) -> tuple[int, int] | None:
    """How x is multiplied: (the whole of it, once), else some digits at a time (their base, how often); None when neither stays exact.

    >>> steps_for([Piece(0, 1, 80, 0, 1)], 10**9), steps_for([Piece(0, 1, 10**10, 0, 1)], 10**9), steps_for([Piece(0, 1, 10**13, 0, 1)], 10**9)
    ((1000000002, 1), (100, 6), None)
    """
    divisor = max(piece.divisor for piece in pieces)
    return next((step for step in ((most + 2, 1), *LONG_STEPS) if 2 * divisor * step[0] <= EXACT_LIMIT), None)


def _exact_up_to(pieces: Sequence[Piece], most: int) -> int:
    """The largest x for which every whole number in the sheet stays below the limit."""
    if steps_for(pieces, most) is None:
        return 0
    while most and any(_largest(piece, most) > EXACT_LIMIT for piece in pieces if piece.starts_at <= most):
        most //= 10
    return most


def _largest(piece: Piece, most: int) -> int:
    """The largest whole number that a sheet meets in one piece, x up to `most`."""
    whole_slope = abs(piece.slope) // piece.divisor + 1 + (abs(piece.curve) // piece.divisor + 1) * most
    return max(most * whole_slope if piece.curve or whole_slope > 1 else most, abs(piece.constant) // piece.divisor + most * whole_slope)


def rebate(plan: WhatIf, more: int) -> tuple[Decimal, int]:
    """The rebate and the tier that the pieces give for `more` units of 10^-places.

    Raises ValueError outside 0 to `plan.most`.
    """
    if not 0 <= more <= plan.most:
        raise ValueError(f"{more} is not between 0 and {plan.most}")
    piece = next(piece for piece in reversed(plan.pieces) if piece.starts_at <= more)
    amount = Fraction(piece.constant + piece.slope * more + piece.curve * more**2, piece.divisor)
    rounding = Rounding.HALF_EVEN if plan.half_even else Rounding.HALF_UP
    earned = Decimal(scaled(amount, 0, rounding)).scaleb(-plan.currency_places)
    return (earned if plan.cap is None else min(earned, plan.cap)), piece.tier
