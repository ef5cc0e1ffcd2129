"""Growth: tiers on (current - baseline) / baseline, paid on the increase or on everything (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Facts, Ladder, Method, Reward, RewardKind, RewardOn, Terms
from .bands import fold
from .ladder import tier_of
from .limits import capped, limited
from .methods import ALL_PURCHASES, band_steps, below_first, flat_steps, nothing

ZERO = Fraction(0)
BASE_WORDS = {
    RewardOn.ALL: ALL_PURCHASES,
    RewardOn.INCREMENT: "the increase over the baseline",
    RewardOn.OVER_THRESHOLD: "purchases over the threshold",
}


def compared(facts: Facts, terms: Terms) -> Fraction | None:
    """The growth; None without a baseline above 0.

    >>> compared(Facts(measure=Fraction(2350), base=Fraction(2350), baseline=Fraction(2000)), Terms())
    Fraction(7, 40)
    """
    if facts.baseline is None or facts.baseline <= 0:
        return None
    measure = facts.measure if facts.tier_measure is None else facts.tier_measure
    return (measure - facts.baseline) / facts.baseline


def earn(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """What the growth earns: on the increment over the baseline, on purchases over the reached threshold, or on all of them.

    Where base and measure are different things, the base counts in the same proportion: base x (current - baseline) / current.
    """
    growth = compared(facts, terms)
    if growth is None or facts.baseline is None:
        return nothing(0, "No Baseline", "there is no baseline to grow from")
    tier = tier_of(growth, ladder, terms.threshold)
    base = capped(facts.base, terms.base_cap)
    if base <= 0 or facts.measure <= 0:
        return nothing(tier, "No base", "a base of zero or less earns nothing")
    if not tier:
        return below_first(ladder, ratio=True)
    if terms.method is Method.INCREMENTAL and terms.reward is not RewardKind.LUMP_SUM:
        parts = _bands(facts.measure, facts.baseline, ladder, tier, base)
        steps = band_steps(parts, tuple(band.number for band in ladder), ladder, terms, ratio=True)
        return limited(tier, steps, base, terms, facts.base) if steps else nothing(tier, "No base", "nothing lies above the first threshold")
    part = _part(facts.measure, facts.baseline, ladder[tier - 1].reached, terms.reward_on)
    if part <= 0:
        return nothing(tier, "No base", f"{BASE_WORDS[terms.reward_on]}: nothing")
    counted = part if base == facts.measure else base * part / facts.measure
    return limited(tier, flat_steps(tier, growth, counted, ladder, terms, BASE_WORDS[terms.reward_on], ratio=True), base, terms, facts.base)


def _part(current: Fraction, baseline: Fraction, threshold: Fraction, reward_on: RewardOn) -> Fraction:
    """The part of the purchases that the reward is applied to."""
    if reward_on is RewardOn.ALL:
        return current
    return current - (baseline if reward_on is RewardOn.INCREMENT else baseline * (1 + threshold))


def _bands(current: Fraction, baseline: Fraction, ladder: Ladder, tier: int, base: Fraction) -> list[Fraction]:
    """The base of each band of growth: between two thresholds x baseline, below the first nothing."""
    starts = [min(baseline * (1 + max(tier.starts_at, ZERO)), current) for tier in ladder]
    ends = [*starts[1:], current]
    parts = [end - start for start, end in zip(starts, ends, strict=True)]
    fold(parts, tier - 1)
    share = base / current
    return parts if share == 1 else [part * share for part in parts]


def needed(start: Fraction, facts: Facts, terms: Terms) -> Fraction:
    """The purchases at which a growth is reached: baseline x (1 + From)."""
    return (facts.baseline or ZERO) * (1 + start)
