"""The five methods, as the arithmetic that every kind of rebate shares: from a tier and a base to steps (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

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
    steps = []
    for part, number in zip(parts, tiers, strict=True):
        if part:
            tier = ladder[number - 1]
            detail = f"Incremental, {reward_text(tier.reward, terms.reward)} of the part {_stretch(tier, ratio)}"
            steps.append(Step(label_of(tier, ratio), detail, part, tier.reward, part * tier.reward))
    return tuple(steps)


def _stretch(tier: Tier, ratio: bool) -> str:
    shown = percent_text if ratio else number_text
    if tier.pay_from_first:
        return "from the first unit" + ("" if tier.ends_at is None else f" to {shown(tier.ends_at)}")
    return f"above {shown(tier.starts_at)}" + ("" if tier.ends_at is None else f" to {shown(tier.ends_at)}")


def rolling_steps(parts: list[Fraction], tier: int, ladder: Ladder, terms: Terms) -> tuple[Step, ...]:
    """Rolling: every reached tier pays on the base below its To, the highest reached one on the whole base."""
    steps, below, whole = [], ZERO, sum(parts, ZERO)
    for paid, part in zip(ladder[:tier], parts, strict=False):
        below += part
        base = whole if paid.number == tier else below
        base_word = ALL_PURCHASES if paid.number == tier or paid.ends_at is None else f"purchases to {number_text(paid.ends_at)}"
        steps.append(Step(label_of(paid), detail_of(Method.ROLLING, paid.reward, terms.reward, base_word), base, paid.reward, base * paid.reward))
    return tuple(steps)


def volume_reward(facts: Facts, ladder: Ladder, terms: Terms, tier: int) -> Reward:
    """What a ladder on the measure gives; `ladder` is on the measure itself and `tier` the one reached.

    The tier comes from the uncapped measure, the money from the base. Incremental and Rolling walk the lines where
    facts has them, else spread the base over the bands as the measure is.
    """
    if facts.base <= 0:
        return nothing(tier, "No base", "a base of zero or less earns nothing")
    base = capped(facts.base, terms.base_cap)
    in_bands = terms.method in IN_BANDS and terms.reward is not RewardKind.LUMP_SUM
    if not in_bands:
        if not tier or base <= 0:
            return below_first(ladder) if not tier else nothing(tier, "Base Cap", "the base ends at zero")
        return limited(tier, flat_steps(tier, facts.measure, base, ladder, terms), base, terms, facts.base)
    if not ladder or (terms.method is Method.ROLLING and not tier):
        return below_first(ladder)
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
