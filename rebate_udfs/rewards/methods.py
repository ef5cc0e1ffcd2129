"""The five methods, as the arithmetic that every kind of rebate shares: from a tier and a base to steps (domain.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise

from ..model import Facts, Ladder, Method, Reward, RewardKind, Step, Terms, Tier
from .bands import bands_of, in_proportion, walked
from .limits import capped, limited
from .text import _text, number_text, percent_text, reward_text

ZERO = Fraction(0)
ALL_PURCHASES = "all purchases"
IN_BANDS = (Method.INCREMENTAL, Method.ROLLING)


def label_of(tier: Tier, ratio: bool = False) -> str:
    """How a step names its tier; `ratio`: From is a growth or a share.

    >>> label_of(Tier(2, Fraction(10001), Fraction(10000), None, Fraction(4, 100)))
    'Tier 2: from 10,001'
    """
    return _label(tier.number, tier.reached.numerator, tier.reached.denominator, ratio)


@lru_cache(maxsize=8192)
def _label(number: int, numerator: int, denominator: int, ratio: bool) -> str:
    shown = percent_text(Fraction(numerator, denominator)) if ratio else _text(numerator, denominator)
    return f"Tier {number}: from {shown}"


@lru_cache(maxsize=8192)
def _detail(method: Method, numerator: int, denominator: int, kind: RewardKind, base_word: str) -> str:
    return f"{method}, {reward_text(Fraction(numerator, denominator), kind)} of {base_word}".replace(" a unit of ", " a unit on ")


def detail_of(method: Method, reward: Fraction, kind: RewardKind, base_word: str) -> str:
    """What a step does, in words.

    >>> detail_of(Method.RETROSPECTIVE, Fraction("0.04"), RewardKind.PERCENT, ALL_PURCHASES)
    'Retrospective, 4 % of all purchases'
    """
    return _detail(method, reward.numerator, reward.denominator, kind, base_word)


def nothing(tier: int, label: str, detail: str) -> Reward:
    """A reward of zero that says why."""
    return Reward(ZERO, tier, (Step(label, detail, amount=ZERO),))


def below_first(ladder: Ladder, ratio: bool = False) -> Reward:
    """The reward of whoever has not reached the first tier."""
    return nothing(0, "Below the first tier", label_of(ladder[0], ratio)) if ladder else Reward(ZERO, 0)


def lump_steps(tier: int, ladder: Ladder, method: Method, ratio: bool = False) -> tuple[Step, ...]:
    """Lump sums: retrospective pays the reached tier's, incremental and total those of all reached tiers."""
    paying = ladder[tier - 1 : tier] if method is Method.RETROSPECTIVE else ladder[:tier]
    return tuple(Step(label_of(paid, ratio), f"{method}, lump sum", amount=paid.reward) for paid in paying)


def flat_steps(
    tier: int, position: Fraction, base: Fraction, ladder: Ladder, terms: Terms, base_word: str = ALL_PURCHASES, ratio: bool = False
) -> tuple[Step, ...]:
    """Retrospective, Total and Linear: a rate that `position` decides, on the whole base. `tier` is at least 1."""
    method, kind = terms.method, terms.reward
    if kind is RewardKind.LUMP_SUM:
        return lump_steps(tier, ladder, method, ratio)
    reached = ladder[tier - 1]
    if method is Method.LINEAR:
        rate = _interpolated(position, tier, ladder)
        return (Step(label_of(reached, ratio), detail_of(method, rate, kind, base_word), base, rate, base * rate),)
    paying = ladder[:tier] if method is Method.TOTAL else (reached,)
    return tuple(
        Step(label_of(paid, ratio), detail_of(method, paid.reward, kind, base_word), base, paid.reward, base * paid.reward) for paid in paying
    )


def _interpolated(position: Fraction, tier: int, ladder: Ladder) -> Fraction:
    """The rate on the straight line between the reached tier's From and the next; from the last tier on its own."""
    lower = ladder[tier - 1]
    if tier == len(ladder):
        return lower.reward
    upper = ladder[tier]
    return lower.reward + (upper.reward - lower.reward) * (position - lower.reached) / (upper.reached - lower.reached)


def band_steps(parts: list[Fraction], tiers: tuple[int, ...], ladder: Ladder, terms: Terms, ratio: bool = False) -> tuple[Step, ...]:
    """Incremental: each band's part of the base at its tier's reward; bands without base are left out."""
    return tuple(_band_step(part, ladder[number - 1], terms, ratio) for part, number in zip(parts, tiers, strict=True) if part)


def _band_step(part: Fraction, tier: Tier, terms: Terms, ratio: bool = False) -> Step:
    ends = (None, 0) if tier.ends_at is None else tier.ends_at.as_integer_ratio()
    start = None if tier.pay_from_first else tier.starts_at
    detail = _band_detail(
        *tier.reward.as_integer_ratio(), terms.reward, *(start.as_integer_ratio() if start is not None else (None, 0)), *ends, ratio
    )
    return Step(label_of(tier, ratio), detail, part, tier.reward, part * tier.reward)


@lru_cache(maxsize=8192)
def _band_detail(
    rate: int, rate_under: int, kind: RewardKind, start: int | None, start_under: int, end: int | None, end_under: int, ratio: bool
) -> str:
    shown = percent_text if ratio else number_text
    begins = "from the first unit" if start is None else f"above {shown(Fraction(start, start_under))}"
    ends = "" if end is None else f" to {shown(Fraction(end, end_under))}"
    return f"Incremental, {reward_text(Fraction(rate, rate_under), kind)} of the part {begins}{ends}"


def rolling_steps(parts: list[Fraction], tier: int, ladder: Ladder, terms: Terms) -> tuple[Step, ...]:
    """Rolling: every reached tier pays on the base below its To, the highest reached one on the whole base."""
    steps, below, whole = [], ZERO, sum(parts, ZERO)
    for paid, part in zip(ladder[:tier], parts, strict=False):
        below += part
        base = whole if paid.number == tier else below
        base_word = ALL_PURCHASES if paid.number == tier or paid.ends_at is None else f"purchases to {number_text(paid.ends_at)}"
        steps.append(Step(label_of(paid), detail_of(Method.ROLLING, paid.reward, terms.reward, base_word), base, paid.reward, base * paid.reward))
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class _Whole:
    """The bands of a ladder that are full whenever a higher tier is reached: their steps never change."""

    ladder: Ladder  # kept, so that its id stays its own
    starts: tuple[Fraction, ...]
    first: int  # the tier of the first band
    steps: tuple[Step, ...]  # of every band but the last
    sums: tuple[Fraction, ...]  # of the steps before each band


_WHOLE: dict[tuple[int, Method, RewardKind, int], _Whole] = {}
MOST_REMEMBERED = 4096  # ladders; a run has a few hundred


def _whole_of(ladder: Ladder, tier: int, terms: Terms) -> _Whole:
    """The full bands of a ladder, remembered by the ladder itself: the same one serves every participant."""
    first = next((each.number for each in reversed(ladder[:tier]) if each.pay_from_first), 1)
    key = (id(ladder), terms.method, terms.reward, first)
    known = _WHOLE.get(key)
    if known is not None:
        return known
    if len(_WHOLE) >= MOST_REMEMBERED:
        _WHOLE.clear()
    bands = bands_of(ladder, tier, terms.method)
    full = [after - start for start, after in pairwise(bands.starts)]
    if terms.method is Method.ROLLING:
        steps = rolling_steps([*full, ZERO], len(ladder), ladder, terms)[:-1]
    else:
        steps = tuple(_band_step(part, ladder[number - 1], terms) for part, number in zip(full, bands.tiers, strict=False))
    sums = tuple(accumulate((step.amount or ZERO for step in steps), initial=ZERO))
    _WHOLE[key] = _Whole(ladder, bands.starts, bands.tiers[0], steps, sums)
    return _WHOLE[key]


def _whole_bands(base: Fraction, tier: int, ladder: Ladder, terms: Terms) -> tuple[tuple[Step, ...], Fraction]:
    """The steps of an uncapped base that is the measure itself, and their sum: full bands, and the part above the reached From."""
    whole, reached = _whole_of(ladder, tier, terms), ladder[tier - 1]
    band = tier - whole.first
    if terms.method is Method.ROLLING:
        detail = detail_of(Method.ROLLING, reached.reward, terms.reward, ALL_PURCHASES)
        last = Step(label_of(reached), detail, base, reached.reward, base * reached.reward)
    else:
        last = _band_step(base - whole.starts[band], reached, terms)
    total = last.amount or ZERO
    return (*whole.steps[:band], last), whole.sums[band] + total if band else total


def volume_reward(facts: Facts, ladder: Ladder, terms: Terms, tier: int) -> Reward:
    """What a ladder on the measure gives; `ladder` is on the measure itself and `tier` the one reached.

    The tier comes from the uncapped measure, the money from the base. Incremental and Rolling walk the lines where
    facts has them, else spread the base over the bands as the measure is.
    """
    if facts.base.numerator <= 0:  # the sign alone: a comparison of fractions costs more
        return nothing(tier, "No base", "a base of zero or less earns nothing")
    base = capped(facts.base, terms.base_cap)
    in_bands = terms.method in IN_BANDS and terms.reward is not RewardKind.LUMP_SUM
    if not in_bands:
        if not tier or base.numerator <= 0:
            return below_first(ladder) if not tier else nothing(tier, "Base Cap", "the base ends at zero")
        return limited(tier, flat_steps(tier, facts.measure, base, ladder, terms), base, terms, facts.base)
    if not ladder or (terms.method is Method.ROLLING and not tier):
        return below_first(ladder)
    if tier and facts.lines is None and facts.tier_measure is None and base == facts.measure == facts.base:
        whole_steps, amount = _whole_bands(base, tier, ladder, terms)
        return limited(tier, whole_steps, base, terms, facts.base, amount)
    bands = bands_of(ladder, tier, terms.method)
    if facts.lines is not None:
        parts, base = walked(facts, ladder, bands, terms)
    else:
        measure = facts.measure if base == facts.base else facts.measure * base / facts.base
        parts = in_proportion(measure, base, bands, tier)
    steps = rolling_steps(parts, tier, ladder, terms) if terms.method is Method.ROLLING else band_steps(parts, bands.tiers, ladder, terms)
    if steps:
        return limited(tier, steps, base, terms, facts.base)
    return nothing(tier, label_of(ladder[tier - 1]), "nothing of the base lies above it yet") if tier else below_first(ladder)
