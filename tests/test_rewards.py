"""Laws that hold for every ladder and every purchase, and the rewards that a cell function does not reach."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs.model import Facts, Ladder, Method, RebateType, RewardKind, RewardOn, Severity, Step, Terms, Threshold, TiersOn, WalkLine
from rebate_udfs.rewards import (
    LadderRow,
    as_reached,
    at_next,
    at_tier,
    compared,
    next_value,
    period_cap,
    program_cap,
    read_ladder,
    reward,
    scaled,
    tier_of,
    to_next,
)  # fmt: skip

cents = st.integers(0, 10**9).map(lambda number: F(number, 100))
signed = st.integers(-(10**4), 10**4).map(lambda number: F(number, 100))
rates = st.integers(0, 400).map(lambda number: F(number, 1000))
methods = st.sampled_from(list(Method))


def ladder_of(*tiers: tuple[Any, ...], terms: Terms | None = None) -> Ladder:
    """A ladder of From, Reward pairs or From, To, Reward triples."""
    rows = [LadderRow(F(str(t[0])), F(str(t[1])) if len(t) == 3 and t[1] is not None else None, F(str(t[-1]))) for t in tiers]
    ladder, problems = read_ladder(rows, terms or Terms(reward=RewardKind.PER_UNIT))
    assert not [problem for problem in problems if problem.severity is Severity.ERROR], problems
    return ladder


@st.composite
def ladders(draw: st.DrawFn, rising: bool = False) -> Ladder:
    starts = sorted(draw(st.sets(st.integers(0, 10**5), min_size=1, max_size=5)))
    paid = draw(st.lists(rates, min_size=len(starts), max_size=len(starts)))
    if rising:
        paid = sorted(paid)
    rows = []
    for at, start in enumerate(starts):
        following = starts[at + 1] if at + 1 < len(starts) else None
        quantum = following is not None and following - 1 >= start and draw(st.booleans())
        rows.append(LadderRow(F(start), F(following - 1) if quantum and following is not None else None, paid[at]))
    ladder, problems = read_ladder(rows, Terms())
    assert ladder, problems
    return ladder


@st.composite
def walks(draw: st.DrawFn) -> tuple[WalkLine, ...]:
    pairs = draw(st.lists(st.tuples(signed, signed), max_size=8))
    return tuple(WalkLine(str(at), measure, base) for at, (measure, base) in enumerate(pairs))


def walking(lines: tuple[WalkLine, ...]) -> Facts:
    return Facts(sum((line.measure for line in lines), F(0)), sum((line.base for line in lines), F(0)), lines)


@given(methods, ladders(), cents, st.one_of(st.none(), cents), cents, st.sampled_from(list(Threshold)))
def test_the_amount_is_the_sum_of_its_steps(method: Method, ladder: Ladder, bought: F, cap: F | None, net_of: F, threshold: Threshold) -> None:
    terms = Terms(method=method, base_cap=cap, net_of=net_of, threshold=threshold)
    result = reward(Facts(bought, bought), ladder, terms)
    assert result.amount == sum(step.amount or 0 for step in result.steps)
    assert result.amount >= 0 and result.tier == tier_of(bought, ladder, threshold)
    for step in result.steps:
        if step.quantity is not None and step.rate is not None:
            assert step.quantity * step.rate == step.amount


@given(walks(), ladders(), st.sampled_from([Method.INCREMENTAL, Method.ROLLING]), st.one_of(st.none(), cents), cents)
def test_a_walk_is_the_sum_of_its_steps(lines: tuple[WalkLine, ...], ladder: Ladder, method: Method, cap: F | None, net_of: F) -> None:
    result = reward(walking(lines), ladder, Terms(method=method, base_cap=cap, net_of=net_of))
    assert result.amount == sum(step.amount or 0 for step in result.steps) and result.amount >= 0


@given(ladders(), cents)
def test_incremental_bands_sum_to_the_base_above_the_first_from(ladder: Ladder, bought: F) -> None:
    result = reward(Facts(bought, bought), ladder, Terms(method=Method.INCREMENTAL))
    assert sum(step.quantity or 0 for step in result.steps) == max(bought - ladder[0].reached, 0)


@given(ladders(rising=True), cents, cents, st.sampled_from([Method.RETROSPECTIVE, Method.INCREMENTAL, Method.TOTAL, Method.LINEAR]))
def test_more_purchases_never_earn_less_on_a_rising_ladder(ladder: Ladder, bought: F, more: F, method: Method) -> None:
    terms = Terms(method=method)
    assert reward(Facts(bought + more, bought + more), ladder, terms).amount >= reward(Facts(bought, bought), ladder, terms).amount


@given(ladders(rising=True), cents)
def test_the_methods_are_ordered_on_a_rising_ladder(ladder: Ladder, bought: F) -> None:
    incremental, retrospective, rolling, total = (
        reward(Facts(bought, bought), ladder, Terms(method=method)).amount
        for method in (Method.INCREMENTAL, Method.RETROSPECTIVE, Method.ROLLING, Method.TOTAL)
    )
    assert incremental <= retrospective <= rolling <= total


@given(ladders(), cents)
def test_one_tier_makes_all_methods_alike_from_zero(ladder: Ladder, bought: F) -> None:
    single = (replace(ladder[0], reached=F(0), starts_at=F(0), ends_at=None),)
    assert len({reward(Facts(bought, bought), single, Terms(method=method)).amount for method in Method}) == 1


@given(ladders(), cents, methods, st.integers(0, 5), st.sampled_from(list(Threshold)))
def test_twice_the_money_for_the_same_units_earns_twice(
    ladder: Ladder, bought: F, method: Method, paid_from_first: int, threshold: Threshold
) -> None:
    if method is Method.INCREMENTAL:
        ladder = tuple(replace(tier, pay_from_first=tier.number == paid_from_first) for tier in ladder)
    terms = Terms(method=method, threshold=threshold)
    assert reward(Facts(bought, bought * 2), ladder, terms).amount == 2 * reward(Facts(bought, bought), ladder, terms).amount


@given(walks(), ladders(), st.sampled_from([Method.INCREMENTAL, Method.ROLLING]), st.data())
def test_splitting_a_line_changes_nothing(lines: tuple[WalkLine, ...], ladder: Ladder, method: Method, data: st.DataObject) -> None:
    if not lines:
        return
    at = data.draw(st.integers(0, len(lines) - 1))
    share = F(data.draw(st.integers(1, 9)), 10)
    first = WalkLine("a", lines[at].measure * share, lines[at].base * share)
    second = WalkLine("b", lines[at].measure * (1 - share), lines[at].base * (1 - share))
    split = (*lines[:at], first, second, *lines[at + 1 :])
    assert reward(walking(split), ladder, Terms(method=method)).amount == reward(walking(lines), ladder, Terms(method=method)).amount


@given(st.lists(st.integers(1, 10**4), min_size=1, max_size=8), st.integers(1, 500), st.sampled_from([Method.INCREMENTAL, Method.ROLLING]))
def test_at_one_price_a_walk_is_the_split_in_proportion(units: list[int], price: int, method: Method) -> None:
    ladder = ladder_of((0, "0.1"), (300, "0.2"), (5000, "0.3"))
    lines = tuple(WalkLine(str(at), F(count), F(count * price, 100)) for at, count in enumerate(units))
    facts, terms = walking(lines), Terms(method=method)
    assert reward(facts, ladder, terms).amount == reward(replace(facts, lines=None), ladder, terms).amount


@given(walks(), ladders(), st.sampled_from([Method.INCREMENTAL, Method.ROLLING]), st.integers(1, 50), st.integers(1, 50))
def test_a_scaled_walk_is_the_walk_of_scaled_lines(lines: tuple[WalkLine, ...], ladder: Ladder, method: Method, over: int, under: int) -> None:
    factor = F(over, under)
    stretched = tuple(WalkLine(line.transaction_id, line.measure * factor, line.base * factor) for line in lines)
    terms = Terms(method=method, base_cap=F(20))
    assert reward(scaled(walking(lines), factor), ladder, terms).amount == reward(walking(stretched), ladder, terms).amount


@given(st.lists(st.integers(1, 10**5), min_size=1, max_size=30))
def test_a_sum_of_cents_that_equals_a_from_reaches_it(parts: list[int]) -> None:
    start = F(sum(parts), 100)
    ladder = ladder_of((start, "0.1"))
    bought = sum((F(part, 100) for part in parts), F(0))
    assert tier_of(bought, ladder, Threshold.AT_LEAST) == 1 and tier_of(bought, ladder, Threshold.MORE_THAN) == 0


@given(ladders(), st.integers(1, 10**9).map(lambda number: F(number, 100)), methods, st.sampled_from(list(Threshold)))
def test_the_next_tier_lies_where_to_next_says(ladder: Ladder, bought: F, method: Method, threshold: Threshold) -> None:
    terms = Terms(method=method, threshold=threshold)
    facts = Facts(bought, bought)
    there = at_next(facts, ladder, terms)
    if there is None:
        assert tier_of(bought, ladder, threshold) == len(ladder) and to_next(facts, ladder, terms) == 0
        return
    assert there.measure == there.base == bought + to_next(facts, ladder, terms)
    assert reward(there, ladder, as_reached(terms)).tier == tier_of(bought, ladder, threshold) + 1


def test_percent_of_target_scales_the_ladder() -> None:
    terms = Terms(tiers_on=TiersOn.PERCENT_OF_TARGET, method=Method.INCREMENTAL)
    ladder = ladder_of(("0.9", "0.01"), ("1", "0.02"), terms=terms)
    facts = Facts(F(1100), F(1100), target=F(1000))
    assert reward(facts, ladder, terms).amount == 100 * F(1, 100) + 100 * F(2, 100)
    assert compared(facts, terms) == F(11, 10)
    assert to_next(Facts(F(850), F(850), target=F(1000)), ladder, terms) == 50
    for target in (None, F(0), F(-5)):
        nothing = reward(replace(facts, target=target), ladder, terms)
        assert (nothing.amount, nothing.tier, nothing.steps[0].label) == (0, 0, "No Target")


def test_base_cap_leaves_the_tier_and_ends_the_base() -> None:
    ladder = ladder_of((0, "0.1"), (1000, "0.25"))
    facts = Facts(F(2000), F(2000))
    assert reward(facts, ladder, Terms(base_cap=F(1500))).amount == 375
    assert reward(facts, ladder, Terms(method=Method.INCREMENTAL, base_cap=F(1500))).amount == 100 + 125
    assert reward(facts, ladder, Terms(base_cap=F(0))).amount == 0
    assert reward(facts, ladder, Terms(base_cap=F(1500))).tier == 2


def test_net_of_comes_off_in_proportion() -> None:
    ladder = ladder_of((0, "0.1"), (1000, "0.25"))
    facts = Facts(F(2000), F(2000))
    assert reward(facts, ladder, Terms(method=Method.INCREMENTAL, net_of=F(500))).amount == F("262.50")
    assert reward(facts, ladder, Terms(net_of=F(500))).amount == 375
    assert reward(facts, ladder, Terms(net_of=F(5000))).amount == 0


def test_growth_on_money_with_the_tier_on_units() -> None:
    ladder = ladder_of(("0.1", "0.02"), ("0.2", "0.04"))
    facts = Facts(F(130), F(2600), baseline=F(100))
    paid = {
        on: reward(facts, ladder, Terms(RebateType.GROWTH, reward_on=on)).amount for on in (RewardOn.ALL, RewardOn.INCREMENT, RewardOn.OVER_THRESHOLD)
    }
    assert paid == {RewardOn.ALL: 104, RewardOn.INCREMENT: 2600 * F(30, 130) * F("0.04"), RewardOn.OVER_THRESHOLD: 2600 * F(10, 130) * F("0.04")}
    bands = Terms(RebateType.GROWTH, Method.INCREMENTAL, reward_on=RewardOn.INCREMENT)
    assert reward(facts, ladder, bands).amount == 2600 * F(10, 130) * F("0.02") + 2600 * F(10, 130) * F("0.04")
    assert to_next(Facts(F(90), F(90), baseline=F(100)), ladder, bands) == 20
    assert reward(replace(facts, baseline=None), ladder, bands).steps[0].label == "No Baseline"


def test_base_cap_and_net_of_on_growth_come_before_the_part_is_taken() -> None:
    ladder = ladder_of(("0.1", "0.02"))
    facts = Facts(F(125), F(125), baseline=F(100))
    terms = Terms(RebateType.GROWTH, reward_on=RewardOn.INCREMENT, base_cap=F(100), net_of=F(20))
    assert reward(facts, ladder, terms).amount == (100 - 20) * F(25, 125) * F("0.02")


def test_mix_on_all_or_on_focus_items() -> None:
    ladder = ladder_of(("0.2", "0.02"))
    facts = Facts(F(100), F(1000), focus=F(20), focus_base=F(300))
    assert reward(facts, ladder, Terms(RebateType.MIX)).amount == 20
    assert reward(facts, ladder, Terms(RebateType.MIX, reward_on=RewardOn.FOCUS)).amount == 6
    short = replace(facts, focus=F(10), focus_base=F(150))
    assert to_next(short, ladder, Terms(RebateType.MIX)) == F("12.5")
    there = at_next(short, ladder, Terms(RebateType.MIX))
    assert there is not None and there.focus / there.measure == F(1, 5)


def test_a_fund_is_a_percent_of_the_base_or_its_budget() -> None:
    terms = Terms(RebateType.MDF)
    ladder = ladder_of((0, "0.02"))
    assert reward(Facts(F(100000), F(100000)), ladder, terms).amount == 2000
    budget = reward(Facts(F(100000), F(100000), budget=F(750)), ladder, terms)
    assert (budget.amount, budget.tier) == (750, 0)
    assert next_value(Facts(F(1), F(1), budget=F(750)), ladder_of((5, "0.02")), terms) is None


def test_without_purchases_only_a_base_that_is_the_measure_can_grow() -> None:
    ladder = ladder_of((100, "0.1"))
    assert next_value(Facts(F(0), F(0)), ladder, Terms()) == (10, 0)
    assert next_value(Facts(F(0), F(0), base_is_measure=False), ladder, Terms()) == (0, 0)


def test_a_manual_tier_counts_as_reached_also_with_more_than() -> None:
    ladder = ladder_of((0, "0.1"), (100, "0.2"))
    terms = Terms(threshold=Threshold.MORE_THAN)
    there = at_tier(2, Facts(F(50), F(500)), ladder, terms)
    assert there is not None and (there.measure, there.base) == (100, 1000)
    assert reward(there, ladder, as_reached(terms)).amount == 200


def test_caps_are_steps_of_their_own() -> None:
    earned = reward(Facts(F(2000), F(2000)), ladder_of((0, "0.1")), Terms())
    assert [step.amount for step in period_cap(earned, F(150)).steps] == [200, -50]
    assert program_cap(earned, F(300), used=F(250)).amount == 50
    assert program_cap(earned, F(300), used=F(400)).amount == 0
    assert period_cap(earned, None) is earned and program_cap(earned, None, F(0)) is earned


def test_an_explanation_reads_like_the_agreement() -> None:
    ladder = ladder_of((5000, 10000, "0.02"), (10001, 25000, "0.04"))
    steps = reward(Facts(F(12000), F(12000)), ladder, Terms(method=Method.INCREMENTAL)).steps
    assert steps == (
        Step("Tier 1: from 5,000", "Incremental, 2 % of the part above 5,000 to 10,000", F(5000), F("0.02"), F(100)),
        Step("Tier 2: from 10,001", "Incremental, 4 % of the part above 10,000", F(2000), F("0.04"), F(80)),
    )


@pytest.mark.parametrize("method", [Method.RETROSPECTIVE, Method.TOTAL, Method.LINEAR])
def test_other_methods_take_the_tier_from_the_measure_and_the_money_from_the_base(method: Method) -> None:
    ladder = ladder_of((0, "0.1"), (10, "0.2"))
    lines = (WalkLine("1", F(12), F(100)),)
    rate = {Method.RETROSPECTIVE: F("0.2"), Method.TOTAL: F("0.3"), Method.LINEAR: F("0.2")}[method]
    assert reward(walking(lines), ladder, Terms(method=method)).amount == 100 * rate


def test_a_constraint_moves_the_tier_and_nothing_else() -> None:
    """IFRS 15.56: at 990 expected with 5 % caution the tier is that of 1,039.50, the money that of 990."""
    ladder = ladder_of((0, "0.1"), (1000, "0.25"))
    cautious = Facts(F(990), F(990), tier_measure=F("1039.50"))
    assert (reward(cautious, ladder, Terms()).amount, reward(cautious, ladder, Terms()).tier) == (990 * F("0.25"), 2)
    assert reward(cautious, ladder, Terms(method=Method.TOTAL)).amount == 990 * F("0.35")
