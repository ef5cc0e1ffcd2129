"""Market development funds: the fund of a period, and what of an activity's cost it reimburses (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Facts, Ladder, Reward, Step, Terms, TiersOn
from .ladder import on_target, tier_of
from .methods import nothing, volume_reward

ZERO = Fraction(0)


def fund(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """The fund: the Budget where there is one (tiers are then ignored), else the rewards of the tiers on the base."""
    if facts.budget is not None:
        return Reward(facts.budget, 0, (Step("Budget", "the fund agreed for the period", amount=facts.budget),))
    if terms.tiers_on is TiersOn.PERCENT_OF_TARGET:
        if facts.target is None or facts.target <= 0:
            return nothing(0, "No Target", "there is no target to measure against")
        ladder = on_target(ladder, facts.target)
    measure = facts.measure if facts.tier_measure is None else facts.tier_measure
    return volume_reward(facts, ladder, terms, tier_of(measure, ladder, terms.threshold))


def reimbursable(cost: Fraction, participation: Fraction, available: Fraction) -> Fraction:
    """What the fund pays of a cost: cost x participation, at most what is available, never below 0.

    >>> reimbursable(Fraction(1800), Fraction(1, 2), Fraction(2000))
    Fraction(900, 1)
    """
    return max(min(cost * participation, available), ZERO)
