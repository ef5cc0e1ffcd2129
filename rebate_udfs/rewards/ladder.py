"""From the typed rows of Tiers to a ladder that rules can trust: thresholds, gaps, overlaps, bounds (domain.md section 4).

A row with an error makes the whole ladder unusable: a rebate computed from part of a ladder would be a wrong number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..model import Ladder, Method, RebateType, RewardKind, RewardOn, Severity, Terms, Threshold, Tier, TiersOn
from .text import number_text, percent_text

ZERO = Fraction(0)
HUNDREDTH = Fraction(1, 100)
PERCENT_REFUSED = Fraction(1)  # "4" typed for 4 %
PERCENT_DOUBTED = Fraction(1, 2)
GROWTH_REFUSED = Fraction(5)  # a growth or a share of target of 500 % and more is a percent typed without its sign
SHARE_LIMIT = Fraction(1)
MOST_PLACES = 15  # a cell shows 15 digits


@dataclass(frozen=True, slots=True)
class LadderRow:
    """A tier as typed: From, To, Reward, Pay From First, and the sheet's row number where it has one."""

    starts_at: Fraction | None
    ends_at: Fraction | None
    reward: Fraction | None
    pay_from_first: bool = False
    row: int | None = None


@dataclass(frozen=True, slots=True)
class LadderProblem:
    """What is wrong with a ladder: `index` is the position of the row given, None when the terms do not fit together."""

    severity: Severity
    code: str
    index: int | None
    message: str
    remedy: str
    column: str | None = None


def read_ladder(rows: Sequence[LadderRow], terms: Terms) -> tuple[Ladder, tuple[LadderProblem, ...]]:
    """The ladder of the rows, in order, and everything wrong with it; with any error the ladder is empty.

    A `To` one quantum below the next From (one unit of the last decimal place of the longer of the two) joins the
    tiers: the band breaks at the printed To, the tier is reached at the next From.

    >>> rows = [LadderRow(Fraction(0), Fraction(14), Fraction(1, 10)), LadderRow(Fraction(15), None, Fraction(2, 10))]
    >>> ladder, problems = read_ladder(rows, Terms(method=Method.INCREMENTAL))
    >>> [(int(tier.reached), int(tier.starts_at), tier.ends_at and int(tier.ends_at)) for tier in ladder], problems
    ([(0, 0, 14), (15, 14, None)], ())
    """
    problems = [*_terms_problems(terms), *_row_problems(rows, terms)]
    if not any(problem.code == "TIER_INCOMPLETE" for problem in problems):
        problems += _order_problems(rows, terms)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return (), tuple(problems)
    ladder = _ladder(rows)
    problems += _falls(ladder, terms)
    return ladder, tuple(problems)


def tier_of(measure: Fraction, ladder: Ladder, threshold: Threshold) -> int:
    """The number of the tier that `measure` reaches, 0 for none; a measure between To and the next From has the lower one.

    >>> ladder, _ = read_ladder([LadderRow(Fraction(100), None, Fraction(1, 10))], Terms())
    >>> tier_of(Fraction(100), ladder, Threshold.AT_LEAST), tier_of(Fraction(100), ladder, Threshold.MORE_THAN)
    (1, 0)
    """
    numerator, denominator = measure.numerator, measure.denominator  # whole numbers compare several times faster
    more_than = threshold is Threshold.MORE_THAN
    number = 0
    for tier in ladder:
        reached = tier.reached
        distance = numerator * reached.denominator - reached.numerator * denominator
        if distance < 0 or (more_than and distance == 0):
            break
        number += 1
    return number


def rate_of(tier: int, ladder: Ladder) -> Fraction:
    """The reward of tier number `tier`, 0 for none."""
    return ladder[tier - 1].reward if tier else ZERO


def in_gap(measure: Fraction, ladder: Ladder) -> bool:
    """Whether the measure lies above a printed To and below the next From (warning BOUNDARY_GAP: it belongs to the lower tier)."""
    return any(tier.ends_at is not None and tier.ends_at < measure < following.reached for tier, following in pairwise(ladder))


def on_target(ladder: Ladder, target: Fraction) -> Ladder:
    """A ladder on fractions of a target as one on the measure: every threshold and break times the target."""
    return tuple(
        Tier(
            number=tier.number,
            reached=tier.reached * target,
            starts_at=tier.starts_at * target,
            ends_at=None if tier.ends_at is None else tier.ends_at * target,
            reward=tier.reward,
            pay_from_first=tier.pay_from_first,
        )
        for tier in ladder
    )


def _ladder(rows: Sequence[LadderRow]) -> Ladder:
    tiers: list[Tier] = []
    for number, row in enumerate(rows, start=1):
        following = rows[number].starts_at if number < len(rows) else None
        reached = row.starts_at or ZERO
        starts_at = tiers[-1].ends_at if tiers else reached
        ends_at = None if following is None else (row.ends_at if row.ends_at is not None else following)
        tiers.append(Tier(number, reached, reached if starts_at is None else starts_at, ends_at, row.reward or ZERO, row.pay_from_first))
    return tuple(tiers)


def _error(code: str, index: int | None, message: str, remedy: str, column: str | None = None) -> LadderProblem:
    return LadderProblem(Severity.ERROR, code, index, message, remedy, column)


def _terms_problems(terms: Terms) -> Iterator[LadderProblem]:
    """Terms that contradict each other, whatever the tiers."""
    kind, method = terms.rebate_type, terms.method
    allowed = {
        RebateType.GROWTH: (RewardOn.INCREMENT, RewardOn.OVER_THRESHOLD, RewardOn.ALL),
        RebateType.MIX: (RewardOn.ALL, RewardOn.FOCUS),
    }.get(kind, (RewardOn.ALL,))
    if terms.reward_on not in allowed:
        names = " or ".join(allowed)
        yield _error("REWARD_ON_NOT_ALLOWED", None, f"Reward On {terms.reward_on} does not fit a {kind} program", f"choose {names}", "Reward On")
    if terms.tiers_on is TiersOn.PERCENT_OF_TARGET and kind not in (RebateType.VOLUME, RebateType.MDF):
        yield _error(
            "TIERS_ON_NOT_ALLOWED", None, f"a {kind} program has its tiers on its own ratio, not on a target", "choose Tiers On Measure", "Tiers On"
        )
    lump_sum = terms.reward is RewardKind.LUMP_SUM
    if kind is RebateType.MIX and method is not Method.RETROSPECTIVE:
        yield _method_error(method, "a Mix program", "choose Retrospective")
    elif lump_sum and method in (Method.ROLLING, Method.LINEAR):
        yield _method_error(method, "a Lump Sum", "choose Retrospective, Incremental or Total")
    elif kind is RebateType.GROWTH:
        yield from _growth_problems(terms)


def _growth_problems(terms: Terms) -> Iterator[LadderProblem]:
    method = terms.method
    if method is Method.ROLLING:
        yield _method_error(method, "a Growth program", "choose Retrospective, Incremental, Total or Linear")
    elif method is Method.INCREMENTAL and terms.reward_on is RewardOn.ALL:
        yield _method_error(method, "Growth with Reward On All", "choose Reward On Increment, or Retrospective")
    elif method in (Method.TOTAL, Method.LINEAR) and terms.reward_on is RewardOn.OVER_THRESHOLD:
        yield _method_error(method, "Growth with Reward On Over Threshold", "choose Reward On Increment or All, or Retrospective")


def _method_error(method: Method, what: str, remedy: str) -> LadderProblem:
    return _error("METHOD_NOT_ALLOWED", None, f"Method {method} does not work with {what}", remedy, "Method")


def _row_problems(rows: Sequence[LadderRow], terms: Terms) -> Iterator[LadderProblem]:
    """What is wrong with a row by itself."""
    if not rows and terms.rebate_type in (RebateType.VOLUME, RebateType.GROWTH, RebateType.MIX):
        yield _error("NO_TIERS", None, "there is no tier", "give at least one tier: From and Reward")
    for index, row in enumerate(rows):
        if row.starts_at is None or row.reward is None:
            column = "From" if row.starts_at is None else "Reward"
            yield _error("TIER_INCOMPLETE", index, f"{column} is empty", f"give the {column} of this tier", column)
            continue
        yield from _reward_problems(index, row.reward, terms)
        yield from _from_problems(index, row.starts_at, terms)
        if row.ends_at is not None and row.ends_at < row.starts_at:
            message = f"To {number_text(row.ends_at)} is below From {number_text(row.starts_at)}"
            yield _error("TIER_TO_BELOW_FROM", index, message, "give a To at or above From, or leave it empty", "To")
        if row.pay_from_first and (terms.method is not Method.INCREMENTAL or terms.reward is RewardKind.LUMP_SUM):
            message = "Pay From First works only with Method Incremental and a Percent or Per Unit reward"
            yield _error("PAY_FROM_FIRST_NOT_ALLOWED", index, message, "set Pay From First to No, or Method to Incremental", "Pay From First")


def _reward_problems(index: int, reward: Fraction, terms: Terms) -> Iterator[LadderProblem]:
    if reward < 0:
        yield _error("TIER_REWARD_NEGATIVE", index, f"the reward {number_text(reward)} is negative", "give a reward of 0 or more", "Reward")
    elif terms.reward is RewardKind.PERCENT and reward >= PERCENT_REFUSED:
        typed = number_text(reward)
        remedy = f"enter {typed} %, not {typed}"
        yield _error("TIER_REWARD_NOT_A_PERCENT", index, f"a reward of {typed} means {percent_text(reward)} of purchases", remedy, "Reward")
    elif terms.reward is RewardKind.PERCENT and reward > PERCENT_DOUBTED:
        message = f"a reward of {percent_text(reward)} is more than half of the purchases"
        yield LadderProblem(Severity.WARNING, "TIER_REWARD_HIGH", index, message, "check that it is meant", "Reward")


def _from_problems(index: int, starts_at: Fraction, terms: Terms) -> Iterator[LadderProblem]:
    typed = number_text(starts_at)
    remedy = f"enter {typed} %, not {typed}"
    if terms.rebate_type is RebateType.MIX:
        if starts_at > SHARE_LIMIT:
            yield _error("TIER_FROM_NOT_A_PERCENT", index, f"a share of {percent_text(starts_at)} cannot be reached", remedy, "From")
    elif _on_ratio(terms) and starts_at >= GROWTH_REFUSED:
        what = "a growth" if terms.rebate_type is RebateType.GROWTH else "a target"
        yield _error("TIER_FROM_NOT_A_PERCENT", index, f"{what} of {percent_text(starts_at)} is not plausible", remedy, "From")


def _order_problems(rows: Sequence[LadderRow], terms: Terms) -> Iterator[LadderProblem]:
    """How a row follows the one before: ascending, without a gap or an overlap."""
    for index, (before, row) in enumerate(pairwise(rows), start=1):
        previous, start, printed = before.starts_at or ZERO, row.starts_at or ZERO, before.ends_at
        if start <= previous:
            message = f"From {number_text(start)} does not come after the From {number_text(previous)} of the tier before"
            yield _error("TIER_NOT_ASCENDING", index, message, "order the tiers by From, each From once", "From")
        elif printed is not None and printed > start:
            message = f"the tier before ends at {number_text(printed)}, above this From {number_text(start)}"
            yield _error("TIER_OVERLAP", index, message, f"let the tier before end at {number_text(start)}, or leave its To empty", "From")
        elif printed is not None and start - printed > _quantum(printed, start, terms):
            message = f"the tier before ends at {number_text(printed)}; from there to {number_text(start)} no tier applies"
            yield _error("TIER_GAP", index, message, f"let the tier before end at {number_text(start)}, or leave its To empty", "From")
        elif printed is not None and printed < start and terms.threshold is Threshold.MORE_THAN:
            message = f"with Threshold More Than, a To of {number_text(printed)} and a next From of {number_text(start)} leave a gap"
            yield _error("TIER_GAP_MORE_THAN", index, message, "write the same number in To and the next From", "From")


def _on_ratio(terms: Terms) -> bool:
    return terms.rebate_type in (RebateType.GROWTH, RebateType.MIX) or terms.tiers_on is TiersOn.PERCENT_OF_TARGET


def _quantum(ends_at: Fraction, starts_at: Fraction, terms: Terms) -> Fraction:
    """One unit of the last decimal place of the longer of the two; at most 0.01 where tiers are on a ratio."""
    quantum = Fraction(1, 10 ** max(_places(ends_at), _places(starts_at)))
    return min(quantum, HUNDREDTH) if _on_ratio(terms) else quantum


def _places(number: Fraction) -> int:
    return next((places for places in range(MOST_PLACES) if 10**places % number.denominator == 0), MOST_PLACES)


def _falls(ladder: Ladder, terms: Terms) -> Iterator[LadderProblem]:
    """A PAYOUT_FALLS warning at each tier where one more purchase can lower the payout."""
    for lower, upper in pairwise(ladder):
        if _payout_falls(ladder, lower, upper, terms):
            message = f"the payout can fall when purchases reach tier {upper.number}"
            remedy = "check the rewards: a higher tier usually pays at least as much as the one below"
            yield LadderProblem(Severity.WARNING, "PAYOUT_FALLS", upper.number - 1, message, remedy, "Reward")


def _payout_falls(ladder: Ladder, lower: Tier, upper: Tier, terms: Terms) -> bool:
    method, broken = terms.method, lower.ends_at if lower.ends_at is not None else upper.reached
    if terms.reward_on is RewardOn.OVER_THRESHOLD and method is Method.RETROSPECTIVE and terms.reward is not RewardKind.LUMP_SUM:
        return lower.reward > 0  # the base starts again from nothing at the next threshold
    if method is Method.RETROSPECTIVE:
        return upper.reward < lower.reward
    if method is Method.LINEAR:  # rate x volume is steepest downwards at the upper end
        slope = (upper.reward - lower.reward) / (upper.reached - lower.reached)
        return slope < 0 and (terms.rebate_type is not RebateType.VOLUME or upper.reward + slope * upper.reached < 0)
    if method is Method.ROLLING:
        return lower.reward * broken + upper.reward * upper.reached < lower.reward * upper.reached
    if method is Method.INCREMENTAL and upper.pay_from_first:
        return upper.reward * upper.reached < _before(ladder, upper)
    return False


def _before(ladder: Ladder, upper: Tier) -> Fraction:
    """What an incremental ladder pays just below the From of `upper`, which pays from the first unit."""
    paying = [tier for tier in ladder if tier.pay_from_first and tier.number < upper.number]
    first = paying[-1] if paying else None
    total = ZERO
    for tier in ladder[: upper.number - 1]:
        if first is not None and tier.number <= first.number:
            continue
        end = tier.ends_at if tier.ends_at is not None and tier.number < upper.number - 1 else upper.reached
        total += tier.reward * (end - max(tier.starts_at, ZERO))
    if first is not None:
        end = first.ends_at if first.ends_at is not None and first.number < upper.number - 1 else upper.reached
        total += first.reward * end
    return total
