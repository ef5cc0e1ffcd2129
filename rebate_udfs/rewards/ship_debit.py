"""Ship and debit: the support a unit under a special price, and the claim rate expected on purchases (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Facts, Ladder, PriceMode, Reward, Terms
from .ladder import tier_of
from .methods import volume_reward

ZERO = Fraction(0)


def support(mode: PriceMode, cost: Fraction, terms: Fraction, sell_price: Fraction | None = None) -> Fraction | None:
    """What is granted for one unit, never below 0; None when Margin has no sell price.

    `terms` is the agreed price (Down To), the amount off (Down By), a fraction of the cost (Down By Percent) or the margin kept.

    >>> support(PriceMode.DOWN_TO, Fraction(20), Fraction(18)), support(PriceMode.DOWN_BY_PERCENT, Fraction(20), Fraction(1, 10))
    (Fraction(2, 1), Fraction(2, 1))
    >>> support(PriceMode.MARGIN, Fraction(1000), Fraction(1, 4), Fraction(900))
    Fraction(325, 1)
    """
    if mode is PriceMode.DOWN_TO:
        granted = cost - terms
    elif mode is PriceMode.DOWN_BY:
        granted = terms
    elif mode is PriceMode.DOWN_BY_PERCENT:
        granted = cost * terms
    elif sell_price is None:
        return None
    else:
        granted = cost - sell_price * (1 - terms)
    return max(granted, ZERO)


def expected(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """What purchases are expected to claim: base x the rate reached. Earned are the approved claims, not this."""
    return volume_reward(facts, ladder, terms, tier_of(facts.measure, ladder, terms.threshold))
