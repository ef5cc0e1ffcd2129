"""The cell functions as plain Python: the names of functions.md in lower case, the same arguments, no host needed.

Numbers may be ranges where the help says so: the result then has their shape. What is wrong with a cell comes back as a
`CellError` in its place; user data never raises. Amounts are rounded half up to 2 places, rates and distances are not.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from . import arguments
from .arguments import NOT_FOUND, NUM, OMITTED, VALUE, ZERO, amount, each, first_error, ladder_of, number, shown, single, word
from .book_functions import (
    rebate_accrual,
    rebate_attainment,
    rebate_book,
    rebate_check,
    rebate_claim,
    rebate_earned,
    rebate_explain,
    rebate_payable,
    rebate_table,
)  # fmt: skip
from .model import CellError, Facts, Ladder, Method, PriceMode, RebateType, RewardKind, RewardOn, Terms, Threshold
from .money import allocate, scaled
from .rewards import next_value, rate_of, reward, tier_of, to_next
from .rewards.mdf import reimbursable
from .rewards.ship_debit import support
from .version import TEMPLATE_VERSION, VERSION

__all__ = [
    "rebate_accrual", "rebate_accrue", "rebate_allocate", "rebate_amount", "rebate_attainment", "rebate_book", "rebate_check", "rebate_claim",
    "rebate_earned", "rebate_effective_rate", "rebate_expected", "rebate_explain", "rebate_growth", "rebate_mdf", "rebate_mix",
    "rebate_next_tier_value", "rebate_payable", "rebate_rate", "rebate_ship_debit", "rebate_table", "rebate_tier", "rebate_to_next_tier",
    "rebate_version",
]  # fmt: skip

MOST_PLACES = 15
TOLERANCE = Fraction(1, 10**9)  # of the sum of probabilities


def rebate_tier(measure: float, tiers: list[list[Any]], threshold: str = "At Least") -> Any:
    """The number of the tier that the measure reaches, 0 for none.

    >>> rebate_tier([[4999, 5000]], [[5000, 0.02], [10000, 0.04]])
    [[0.0, 1.0]]
    """
    terms, ladder = _plain(tiers, threshold)
    if isinstance(ladder, CellError):
        return ladder
    return each(lambda value: Fraction(tier_of(value, ladder, terms.threshold)), ("measure",), measure)


def rebate_rate(measure: float, tiers: list[list[Any]], threshold: str = "At Least") -> Any:
    """The reward of the tier that the measure reaches, 0 for none.

    >>> rebate_rate(210000, [[100000, 0.01], [200000, 0.02]])
    0.02
    """
    terms, ladder = _plain(tiers, threshold)
    if isinstance(ladder, CellError):
        return ladder
    return each(lambda value: rate_of(tier_of(value, ladder, terms.threshold), ladder), ("measure",), measure)


def rebate_amount(
    measure: float,
    tiers: list[list[Any]],
    method: str = "Retrospective",
    reward: str = "Percent",
    base: float = OMITTED,
    threshold: str = "At Least",
) -> Any:
    """The rebate of a measure; a base of its own is split over the bands as the measure is.

    >>> [rebate_amount(2000, [[0, 1000, 0.1], [1000, 2500, 0.25]], method) for method in ("Incremental", "D365 Rolling")]
    [350.0, 600.0]
    """
    terms, ladder = _volume(tiers, method, reward, threshold)
    if isinstance(ladder, CellError):
        return ladder
    return each(lambda value, own: amount(_earned(_facts(value, own), ladder, terms)), ("measure", "base"), measure, base)


def rebate_effective_rate(
    measure: float,
    tiers: list[list[Any]],
    method: str = "Retrospective",
    reward: str = "Percent",
    base: float = OMITTED,
    threshold: str = "At Least",
) -> Any:
    """The unrounded rebate as a share of the base, 0 when the base is 0.

    >>> rebate_effective_rate(12000, [[5000, 10000, 0.02], [10001, 25000, 0.04]], "Incremental")
    0.015
    """
    terms, ladder = _volume(tiers, method, reward, threshold)
    if isinstance(ladder, CellError):
        return ladder

    def rate(value: Fraction, own: Fraction) -> Fraction:
        facts = _facts(value, own)
        return _earned(facts, ladder, terms) / facts.base if facts.base else ZERO

    return each(rate, ("measure", "base"), measure, base)


def rebate_to_next_tier(measure: float, tiers: list[list[Any]], threshold: str = "At Least") -> Any:
    """What is missing to the next tier's From, 0 at the top; with More Than: what must be exceeded.

    >>> rebate_to_next_tier(12480, [[10001, 0.04], [25001, 0.06]])
    12521.0
    """
    terms, ladder = _plain(tiers, threshold)
    if isinstance(ladder, CellError):
        return ladder
    return each(lambda value: to_next(_facts(value), ladder, terms), ("measure",), measure)


def rebate_next_tier_value(
    measure: float,
    tiers: list[list[Any]],
    method: str = "Retrospective",
    reward: str = "Percent",
    base: float = OMITTED,
    threshold: str = "At Least",
) -> Any:
    """The rebate at the next tier's From minus the rebate here, each rounded; 0 at the top, negative where the payout falls.

    >>> rebate_next_tier_value(8000, [[5000, 0.02], [10000, 0.04]])
    240.0
    """
    terms, ladder = _volume(tiers, method, reward, threshold)
    if isinstance(ladder, CellError):
        return ladder

    def value_of(value: Fraction, own: Fraction) -> Fraction:
        counted = ZERO if value <= 0 and own is not OMITTED else own  # there is no measure to scale that base by
        both = next_value(_facts(value, counted), ladder, terms)
        return ZERO if both is None else amount(both[0]) - amount(both[1])

    return each(value_of, ("measure", "base"), measure, base)


def rebate_growth(
    current: float,
    baseline: float,
    tiers: list[list[Any]],
    reward_on: str = "Increment",
    method: str = "Retrospective",
    threshold: str = "At Least",
) -> Any:
    """The growth rebate; tiers are on (current - baseline) / baseline; #N/A without a baseline above 0.

    >>> rebate_growth(2350000, 2000000, [[0.1, 0.02], [0.15, 0.03], [0.2, 0.04]])
    10500.0
    """
    words = word(RewardOn, reward_on, RewardOn.INCREMENT, "reward_on"), word(Method, method, Method.RETROSPECTIVE, "method")
    limit = word(Threshold, threshold, Threshold.AT_LEAST, "threshold")
    on, way = words
    if isinstance(on, CellError) or isinstance(way, CellError) or isinstance(limit, CellError):
        return first_error(on, way, limit)
    terms = Terms(RebateType.GROWTH, way, RewardKind.PERCENT, limit, on)
    ladder = ladder_of(tiers, terms)
    if isinstance(ladder, CellError):
        return ladder

    def grown(now: Fraction, before: Fraction) -> Fraction | CellError:
        if before <= 0:
            return CellError(NOT_FOUND, "there is no baseline above 0 to grow from")
        return amount(_earned(Facts(now, now, baseline=before, base_is_measure=True), ladder, terms))

    return each(grown, ("current", "baseline"), current, baseline)


def rebate_mix(focus: float, total: float, tiers: list[list[Any]], base: float = OMITTED, threshold: str = "At Least") -> Any:
    """The mix rebate; tiers are on focus / total; 0 when the total or the base is 0 or less.

    >>> rebate_mix(20000, 100000, [[0.2, 0.02]])
    2000.0
    """
    limit = word(Threshold, threshold, Threshold.AT_LEAST, "threshold")
    if isinstance(limit, CellError):
        return limit
    terms = Terms(RebateType.MIX, threshold=limit)
    ladder = ladder_of(tiers, terms)
    if isinstance(ladder, CellError):
        return ladder

    def mixed(part: Fraction, whole: Fraction, own: Fraction) -> Fraction:
        return amount(_earned(Facts(whole, whole if own is OMITTED else own, focus=part), ladder, terms))

    return each(mixed, ("focus", "total", "base"), focus, total, base)


def rebate_mdf(cost: float, participation: float, available: float) -> Any:
    """What a market development fund reimburses: cost x participation, at most what is available, never below 0.

    >>> rebate_mdf(1800, 0.5, 2000), rebate_mdf([[1800], [5000]], 0.5, 2000)
    (900.0, [[900.0], [2000.0]])
    """
    share, left = number(single(participation, "participation"), "participation"), number(single(available, "available"), "available")
    if isinstance(share, CellError) or isinstance(left, CellError):
        return first_error(share, left)
    if not 0 <= share <= 1:
        return CellError(NUM, "participation: give a share from 0 to 1, such as 50 %")
    return each(lambda spent: amount(reimbursable(spent, share, left)), ("cost",), cost)


def rebate_ship_debit(quantity: float, cost: float, terms: float, mode: str = "Down To", sell_price: float = OMITTED) -> Any:
    """The claim under a special price: quantity x support a unit, neither below 0.

    >>> rebate_ship_debit(100, 20, 18), rebate_ship_debit(1, 1000, 0.25, "Margin", 900)
    (200.0, 325.0)
    """
    way = word(PriceMode, mode, PriceMode.DOWN_TO, "mode")
    if isinstance(way, CellError):
        return way
    if way is PriceMode.MARGIN and sell_price is OMITTED:
        return CellError(VALUE, "sell_price: Margin needs the price that the end customer pays")
    percent = way in (PriceMode.DOWN_BY_PERCENT, PriceMode.MARGIN)

    def claimed(units: Fraction, price: Fraction, agreed: Fraction, sold_at: Fraction) -> Fraction | CellError:
        if percent and agreed > 1:
            return CellError(VALUE, f"terms: enter {shown(agreed)} %, not {shown(agreed)}")
        granted = support(way, price, agreed, sold_at)
        return amount(max(units, ZERO) * (granted or ZERO))

    return each(claimed, ("quantity", "cost", "terms", "sell_price"), quantity, cost, terms, sell_price)


def rebate_accrue(
    base_to_date: float,
    forecast: float,
    tiers: list[list[Any]],
    method: str = "Retrospective",
    reward: str = "Percent",
    recognised: float = 0,
    forecast_base: float = OMITTED,
    threshold: str = "At Least",
) -> Any:
    """The entry to post: the effective rate at the forecast x the base to date, rounded, minus what is recognised.

    IFRS 15 / ASC 606 Example 24, second quarter: 575 units so far, more than 1,000 expected, 10 a unit.

    >>> rebate_accrue(575, 1200, [[1001, 10]], reward="Per Unit")
    5750.0
    """
    rule, ladder = _volume(tiers, method, reward, threshold)
    if isinstance(ladder, CellError):
        return ladder

    def entry(so_far: Fraction, expected: Fraction, booked: Fraction, own: Fraction) -> Fraction:
        if own is OMITTED:
            expected = max(expected, so_far)  # what has been bought will not be less at the end
        facts = _facts(expected, own)
        if so_far <= 0 or facts.base <= 0:
            return -booked
        return amount(_earned(facts, ladder, rule) / facts.base * so_far) - booked

    names = ("base_to_date", "forecast", "recognised", "forecast_base")
    return each(entry, names, base_to_date, forecast, recognised, forecast_base)


def rebate_expected(
    base_to_date: float,
    forecasts: list[list[Any]],
    probabilities: list[list[Any]],
    tiers: list[list[Any]],
    method: str = "Retrospective",
    reward: str = "Percent",
    recognised: float = 0,
    threshold: str = "At Least",
) -> Any:
    """The entry to post by expected value: sum(p x reward) / sum(p x forecast) x base to date, rounded, minus what is recognised.

    >>> rebate_expected(60000, [[90000], [120000]], [[0.5], [0.5]], [[100000, 0.04]])
    1371.43
    """
    rule, ladder = _volume(tiers, method, reward, threshold)
    so_far, booked = number(single(base_to_date, "base_to_date"), "base_to_date"), number(single(recognised, "recognised"), "recognised")
    measures, chances = _numbers(forecasts, "forecasts"), _numbers(probabilities, "probabilities")
    if isinstance(ladder, CellError) or isinstance(so_far, CellError) or isinstance(booked, CellError):
        return first_error(so_far, ladder, booked)
    if isinstance(measures, CellError) or isinstance(chances, CellError):
        return first_error(measures, chances)
    if len(measures) != len(chances):
        return CellError(VALUE, "probabilities: give as many as forecasts")
    if any(chance < 0 for chance in chances) or abs(sum(chances, ZERO) - 1) > TOLERANCE:
        return CellError(NUM, "probabilities: they must not be negative and must add to 1")
    if so_far <= 0:
        return shown(-booked)
    counted = [max(measure, so_far) for measure in measures]
    rewards = sum((chance * _earned(_facts(measure), ladder, rule) for chance, measure in zip(chances, counted, strict=True)), ZERO)
    expected = sum((chance * measure for chance, measure in zip(chances, counted, strict=True)), ZERO)
    return shown(amount(rewards / expected * so_far) - booked)


def rebate_allocate(total: float, weights: list[list[Any]], places: int = 2) -> Any:
    """The total, rounded to places, split over a range by largest remainder, so that the parts add up.

    >>> rebate_allocate(100, [[1], [1], [1]])
    [[33.34], [33.33], [33.33]]
    """
    whole, digits = number(single(total, "total"), "total"), number(single(places, "places"), "places")
    shares = _numbers(weights, "weights")
    if isinstance(whole, CellError) or isinstance(digits, CellError) or isinstance(shares, CellError):
        return first_error(whole, shares, digits)
    if digits.denominator != 1 or not 0 <= digits <= MOST_PLACES:
        return CellError(NUM, f"places: give a whole number from 0 to {MOST_PLACES}")
    rounded = Decimal(scaled(whole, int(digits))).scaleb(-int(digits))
    try:
        parts = [shown(Fraction(part)) for part in allocate(rounded, shares, int(digits))]
    except ValueError:
        return CellError(NUM, "weights: none is above 0")
    grid = arguments.grid_of(weights)
    if grid is None:
        return parts[0]
    columns = len(grid[0])
    return [parts[start : start + columns] for start in range(0, len(parts), columns)]


def rebate_version() -> str:
    """The version of the product and of the workbook template it expects.

    >>> rebate_version()
    '0.2.0 (template 1)'
    """
    return f"{VERSION} (template {TEMPLATE_VERSION})"


def _plain(tiers: Any, threshold: Any) -> tuple[Terms, Ladder | CellError]:
    """Terms and ladder of a function that has no reward argument: the kind of reward is unknown, so any size is accepted."""
    return _volume(tiers, None, RewardKind.PER_UNIT.value, threshold)


def _volume(tiers: Any, method: Any, kind: Any, threshold: Any) -> tuple[Terms, Ladder | CellError]:
    """The terms of a volume program as typed, and its ladder: read once for a thousand cells that name the same."""
    try:
        return _known_volume(arguments.frozen(tiers), method, kind, threshold)
    except TypeError:  # an argument that cannot be looked up, such as an array: read as it stands
        return _read_volume(tiers, method, kind, threshold)


@lru_cache(maxsize=256)
def _known_volume(tiers: Any, method: Any, kind: Any, threshold: Any) -> tuple[Terms, Ladder | CellError]:
    return _read_volume(tiers, method, kind, threshold)


def _read_volume(tiers: Any, method: Any, kind: Any, threshold: Any) -> tuple[Terms, Ladder | CellError]:
    way, what = word(Method, method, Method.RETROSPECTIVE, "method"), word(RewardKind, kind, RewardKind.PERCENT, "reward")
    limit = word(Threshold, threshold, Threshold.AT_LEAST, "threshold")
    if isinstance(way, CellError) or isinstance(what, CellError) or isinstance(limit, CellError):
        return Terms(), first_error(way, what, limit) or CellError(VALUE, "the terms cannot be read")
    terms = Terms(method=way, reward=what, threshold=limit)
    return terms, ladder_of(tiers, terms)


def _facts(measure: Fraction, base: Fraction = OMITTED) -> Facts:  # type: ignore[assignment]
    omitted = base is OMITTED
    return Facts(measure, measure if omitted else base, base_is_measure=omitted)


def _earned(facts: Facts, ladder: Ladder, terms: Terms) -> Fraction:
    return reward(facts, ladder, terms).amount


def _numbers(value: Any, name: str) -> list[Fraction] | CellError:
    """The numbers of a range that counts as a whole, row by row; the first bad cell makes it an error."""
    grid = arguments.grid_of(value)
    grid = [[value]] if grid is None else grid
    if not grid or not grid[0] or any(len(row) != len(grid[0]) for row in grid):
        return CellError(VALUE, f"{name}: the range is empty or not a rectangle")
    found: list[Fraction] = []
    for cell in (cell for row in grid for cell in row):
        read = number(cell, name)
        if isinstance(read, CellError):
            return read
        found.append(read)
    return found
