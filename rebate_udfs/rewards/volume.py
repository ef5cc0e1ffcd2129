"""Volume: tiers on what was bought, as money, units or a share of a target (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Facts, Ladder, Reward, Terms, TiersOn
from .ladder import on_target, tier_of
from .methods import nothing, volume_reward

ZERO = Fraction(0)


def compared(facts: Facts, terms: Terms) -> Fraction | None:
    """What is compared with the ladder's thresholds: the measure, as a fraction of the target where tiers are on it; None without one."""
    measure = facts.measure if facts.tier_measure is None else facts.tier_measure
    if terms.tiers_on is TiersOn.MEASURE:
        return measure
    return measure / facts.target if facts.target is not None and facts.target > 0 else None


def on_measure(ladder: Ladder, facts: Facts, terms: Terms) -> Ladder:
    """The ladder in money or units: thresholds times the target where they are fractions of it; empty without a target."""
    if terms.tiers_on is TiersOn.MEASURE:
        return ladder
    return on_target(ladder, facts.target) if facts.target is not None and facts.target > 0 else ()


def earn(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """What the purchases earn.

    >>> from .ladder import LadderRow, read_ladder
    >>> terms = Terms()
    >>> ladder, _ = read_ladder([LadderRow(Fraction(0), None, Fraction("0.1")), LadderRow(Fraction(1000), None, Fraction("0.25"))], terms)
    >>> reward = earn(Facts(measure=Fraction(2000), base=Fraction(2000)), ladder, terms)
    >>> reward.amount, [step.label for step in reward.steps]
    (Fraction(500, 1), ['Tier 2: from 1,000'])
    """
    if terms.tiers_on is not TiersOn.MEASURE:
        ladder = on_measure(ladder, facts, terms)
        if not ladder:
            return nothing(0, "No Target", "there is no target to measure against")
    measure = facts.measure if facts.tier_measure is None else facts.tier_measure
    return volume_reward(facts, ladder, terms, tier_of(measure, ladder, terms.threshold))


def needed(start: Fraction, facts: Facts, terms: Terms) -> Fraction:
    """The purchases at which a From is reached: From itself, or From x target."""
    return start if terms.tiers_on is TiersOn.MEASURE else start * (facts.target or ZERO)
