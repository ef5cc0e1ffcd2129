"""What limits a reward, each limit a line of its own: Base Cap, Net Of, Period Cap and Program Cap (domain.md section 3, step 4)."""

from __future__ import annotations

from fractions import Fraction

from ..model import Reward, Step, Terms
from .text import number_text

ZERO = Fraction(0)


def capped(base: Fraction, cap: Fraction | None) -> Fraction:
    """The base that counts: at most the Base Cap.

    >>> capped(Fraction(2500), Fraction(1000))
    Fraction(1000, 1)
    """
    return base if cap is None or base <= cap else cap


def limited(tier: int, steps: tuple[Step, ...], base: Fraction, terms: Terms, whole: Fraction, amount: Fraction | None = None) -> Reward:
    """The reward of `steps`, with the lines of Base Cap and Net Of.

    `base` is what the steps were applied to, after the cap; `whole` what there was before; `amount` the sum of the
    steps where it is known already. What earlier programs earned
    on the same transactions comes off in proportion, so that bands stay where the measure puts them:
    2,000 earning 350, net of 500, leaves 350 x 1,500 / 2,000.

    >>> from ..model import Terms
    >>> limited(2, (Step("Tier 2", amount=Fraction(350)),), Fraction(2000), Terms(net_of=Fraction(500)), Fraction(2000)).amount
    Fraction(525, 2)
    """
    if len(steps) == 1 and not terms.net_of and terms.base_cap is None and (steps[0].amount or ZERO).numerator >= 0:
        return Reward(steps[0].amount or ZERO, tier, steps)
    if amount is None:
        amount = sum((step.amount for step in steps if step.amount is not None), ZERO)
    if terms.base_cap is not None and whole > terms.base_cap:
        note = Step("Base Cap", f"the base ends at {number_text(terms.base_cap)} of {number_text(whole)}")
        steps = (note, *steps)
    if terms.net_of.numerator > 0 and amount and base.numerator > 0:
        share = min(terms.net_of / base, Fraction(1))
        detail = f"{number_text(terms.net_of)} of the base of {number_text(base)} was earned by earlier programs"
        steps = (*steps, Step("Net Of", detail, quantity=amount, rate=-share, amount=-amount * share))
        amount -= amount * share
    if amount.numerator < 0:  # a walk whose returns were dearer than what they walk back over
        steps = (*steps, Step("Not below zero", "a period earns nothing, never less", amount=-amount))
        amount = ZERO
    return Reward(amount, tier, steps)


def limit_to(reward: Reward, limit: Fraction, label: str, detail: str) -> Reward:
    """The reward held at `limit`, with a line that says so; unchanged when it is not above.

    >>> limit_to(Reward(Fraction(1200), 1, (Step("Tier 1", amount=Fraction(1200)),)), Fraction(1000), "Period Cap", "at most 1,000").amount
    Fraction(1000, 1)
    """
    if reward.amount <= limit:
        return reward
    return Reward(limit, reward.tier, (*reward.steps, Step(label, detail, amount=limit - reward.amount)))


def period_cap(reward: Reward, cap: Fraction | None) -> Reward:
    """The reward held at the Period Cap; None means no cap."""
    return reward if cap is None else limit_to(reward, cap, "Period Cap", f"at most {number_text(cap)} in a period")


def program_cap(reward: Reward, cap: Fraction | None, used: Fraction) -> Reward:
    """The reward held at what earlier periods left of the Program Cap: `used` is the sum of their rounded figures."""
    if cap is None:
        return reward
    left = max(cap - used, ZERO)
    return limit_to(reward, left, "Program Cap", f"{number_text(left)} left of {number_text(cap)} after earlier periods")
