"""Mix: tiers on the share of the focus items in all eligible purchases (domain.md section 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Facts, Ladder, Reward, RewardOn, Terms
from .ladder import tier_of
from .limits import capped, limited
from .methods import ALL_PURCHASES, below_first, flat_steps, nothing

ZERO = Fraction(0)


def compared(facts: Facts, terms: Terms) -> Fraction | None:
    """The share of the focus measure in the total eligible measure; 0 when the total is not above 0.

    >>> compared(Facts(measure=Fraction(100), base=Fraction(100), focus=Fraction(20)), Terms())
    Fraction(1, 5)
    """
    focus = facts.focus if facts.tier_measure is None else facts.tier_measure
    return focus / facts.measure if facts.measure > 0 else ZERO


def earn(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """What the share earns, on all purchases or on the focus items."""
    share = compared(facts, terms) or ZERO
    on_focus = terms.reward_on is RewardOn.FOCUS
    whole = facts.focus_base if on_focus else facts.base
    base = capped(whole, terms.base_cap)
    if facts.measure <= 0 or base <= 0:
        tier = tier_of(share, ladder, terms.threshold) if facts.measure > 0 else 0
        return nothing(tier, "No base", "a total or base of zero or less earns nothing")
    tier = tier_of(share, ladder, terms.threshold)
    if not tier:
        return below_first(ladder, ratio=True)
    word = "purchases of focus items" if on_focus else ALL_PURCHASES
    return limited(tier, flat_steps(tier, share, base, ladder, terms, word, ratio=True), base, terms, whole)


def needed(start: Fraction, facts: Facts, terms: Terms) -> Fraction:
    """The total purchases at which a share is reached by buying focus items only: (focus + x) / (total + x) = From.

    A share of 100 % cannot be reached that way: then what there is.

    >>> needed(Fraction(1, 4), Facts(measure=Fraction(100), base=Fraction(100), focus=Fraction(10)), Terms())
    Fraction(120, 1)
    """
    if start >= 1:
        return facts.measure
    return facts.measure + (start * facts.measure - facts.focus) / (1 - start)
