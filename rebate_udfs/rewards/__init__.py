"""What purchases earn: one file for each way of earning, and the table that finds it.

The ladder given to every function here is the one that `read_ladder` made: with Tiers On = Percent of Target on
fractions of the target (the rules scale it), with Growth on growth, with Mix on the share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from ..model import Facts, Ladder, RebateType, Reward, Terms, Threshold
from . import growth, mdf, mix, ship_debit, volume
from .ladder import LadderProblem, LadderRow, in_gap, rate_of, read_ladder, tier_of
from .limits import limit_to, period_cap, program_cap
from .volume import on_measure

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A way of earning: the reward, what is compared with the thresholds, and the purchases that a threshold takes."""

    earn: Callable[[Facts, Ladder, Terms], Reward]
    compared: Callable[[Facts, Terms], Fraction | None]
    needed: Callable[[Fraction, Facts, Terms], Fraction]


RULES: dict[RebateType, Rule] = {
    RebateType.VOLUME: Rule(volume.earn, volume.compared, volume.needed),
    RebateType.GROWTH: Rule(growth.earn, growth.compared, growth.needed),
    RebateType.MIX: Rule(mix.earn, mix.compared, mix.needed),
    RebateType.MDF: Rule(mdf.fund, volume.compared, volume.needed),
    RebateType.SHIP_AND_DEBIT: Rule(ship_debit.expected, volume.compared, volume.needed),
}
if set(RULES) != set(RebateType):
    raise AssertionError("a rebate type without a rule must not ship")


def reward(facts: Facts, ladder: Ladder, terms: Terms) -> Reward:
    """What the facts earn: unrounded, after Base Cap and Net Of, with its steps; the amount is the sum of theirs.

    >>> rows = [LadderRow(Fraction(0), None, Fraction("0.1")), LadderRow(Fraction(1000), None, Fraction("0.25"))]
    >>> ladder, _ = read_ladder(rows, Terms())
    >>> reward(Facts(measure=Fraction(2000), base=Fraction(2000)), ladder, Terms()).amount
    Fraction(500, 1)
    """
    return RULES[terms.rebate_type].earn(facts, ladder, terms)


def compared(facts: Facts, terms: Terms) -> Fraction | None:
    """What is compared with the thresholds: measure, fraction of target, growth or share; None without target or baseline."""
    return RULES[terms.rebate_type].compared(facts, terms)


def scaled(facts: Facts, factor: Fraction) -> Facts:
    """The facts with measure, base and focus of every line times `factor` (above 0); target, baseline and budget stay."""
    measure = facts.measure * factor
    return Facts(
        measure=measure,
        base=measure if facts.base == facts.measure else facts.base * factor,
        lines=facts.lines,
        target=facts.target,
        baseline=facts.baseline,
        focus=facts.focus * factor if facts.focus else ZERO,
        focus_base=facts.focus_base * factor if facts.focus_base else ZERO,
        budget=facts.budget,
        lines_factor=factor if facts.lines_factor == 1 else facts.lines_factor * factor,
        base_is_measure=facts.base_is_measure,
    )


def to_next(facts: Facts, ladder: Ladder, terms: Terms) -> Fraction:
    """The purchases missing to the next tier (with More Than: what must be exceeded); 0 at the top, without target or baseline."""
    tier = _next(facts, ladder, terms)
    return ZERO if tier is None else max(needed(tier, facts, ladder, terms) - facts.measure, ZERO)


def needed(tier: int, facts: Facts, ladder: Ladder, terms: Terms) -> Fraction:
    """The purchases of the period at which tier number `tier` (from 1) is reached; Mix: by buying focus items only."""
    return RULES[terms.rebate_type].needed(ladder[tier - 1].reached, facts, terms)


def as_reached(terms: Terms) -> Terms:
    """The same terms with a From counted as reached: what stands just above it under More Than."""
    return terms if terms.threshold is Threshold.AT_LEAST else replace(terms, threshold=Threshold.AT_LEAST)


def at_tier(tier: int, facts: Facts, ladder: Ladder, terms: Terms) -> Facts | None:
    """The facts as they would be at the From of tier number `tier`, every line scaled alike; evaluate them with `as_reached`.

    Mix scales the lines of focus items only. Without purchases there is nothing to scale: a base that is the measure
    itself becomes what the tier needs, another base counts as 0. None when the tier cannot be reached.
    """
    wanted = needed(tier, facts, ladder, terms)
    if terms.rebate_type is RebateType.MIX:
        return _with_focus(facts, wanted, ladder[tier - 1].reached)
    if facts.measure.numerator > 0:
        return scaled(facts, wanted / facts.measure)
    base = wanted if _same(facts) else ZERO
    return replace(facts, measure=wanted, base=base, lines=None)


def at_next(facts: Facts, ladder: Ladder, terms: Terms) -> Facts | None:
    """The facts at the next tier's From (see `at_tier`); None at the top, without target or baseline."""
    tier = _next(facts, ladder, terms)
    return None if tier is None else at_tier(tier, facts, ladder, terms)


def next_value(facts: Facts, ladder: Ladder, terms: Terms) -> tuple[Fraction, Fraction] | None:
    """The reward at the next tier's From and the reward here, both unrounded; None when there is no next tier to reach."""
    there = at_next(facts, ladder, terms)
    if there is None:
        return None
    return reward(there, ladder, as_reached(terms)).amount, reward(facts, ladder, terms).amount


def _next(facts: Facts, ladder: Ladder, terms: Terms) -> int | None:
    position = compared(facts, terms)
    if position is None or facts.budget is not None:
        return None
    tier = tier_of(position, ladder, terms.threshold) + 1
    return tier if tier <= len(ladder) else None


def _same(facts: Facts) -> bool:
    return facts.measure == facts.base if facts.base_is_measure is None else facts.base_is_measure


def _with_focus(facts: Facts, wanted: Fraction, share: Fraction) -> Facts | None:
    """The facts with `wanted` - measure more focus items, at the prices of those bought so far."""
    more = wanted - facts.measure
    if share >= 1:
        return None
    base = more if _same(facts) else (facts.focus_base * more / facts.focus if facts.focus > 0 else ZERO)
    return replace(facts, measure=wanted, focus=facts.focus + more, base=facts.base + base, focus_base=facts.focus_base + base)


__all__ = [
    "RULES", "LadderProblem", "LadderRow", "Rule", "as_reached", "at_next", "at_tier", "compared", "in_gap", "limit_to",
    "needed", "next_value", "on_measure", "period_cap", "program_cap", "rate_of", "read_ladder", "reward", "scaled", "tier_of", "to_next",
]  # fmt: skip
