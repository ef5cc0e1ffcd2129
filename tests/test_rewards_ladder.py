"""What makes a ladder usable: thresholds, printed To, gaps, overlaps, rewards that cannot be meant."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import pytest

from rebate_udfs.model import Method, RebateType, RewardKind, RewardOn, Severity, Terms, Threshold, TiersOn
from rebate_udfs.rewards import LadderRow, in_gap, rate_of, read_ladder, tier_of

VOLUME = Terms()
GROWTH = Terms(RebateType.GROWTH, reward_on=RewardOn.INCREMENT)
MIX = Terms(RebateType.MIX)
TARGET = Terms(tiers_on=TiersOn.PERCENT_OF_TARGET)
MORE_THAN = Terms(threshold=Threshold.MORE_THAN)
UNITS = Terms(reward=RewardKind.PER_UNIT)


def rows(*typed: tuple[Any, ...]) -> list[LadderRow]:
    """Tiers as typed: From, To, Reward."""
    return [LadderRow(*(None if cell is None else F(str(cell)) for cell in row[:3]), *row[3:], row=at) for at, row in enumerate(typed, 2)]


@pytest.mark.parametrize(
    ("typed", "terms", "codes"),
    [
        ([(0, 10000, "0.02"), (10001, None, "0.04")], VOLUME, []),
        ([(0, 100, "0.1"), ("100.01", None, "0.2")], VOLUME, []),
        ([(0, "100.5", "0.1"), ("100.6", None, "0.2")], VOLUME, []),
        ([(0, "100.5", "0.1"), (101, None, "0.2")], VOLUME, ["TIER_GAP"]),
        ([(0, 100, "0.1"), (102, None, "0.2")], VOLUME, ["TIER_GAP"]),
        ([(0, 10000, "0.1"), (10010, None, "0.2")], VOLUME, ["TIER_GAP"]),
        ([("0.10", "0.14", "0.02"), ("0.15", None, "0.03")], GROWTH, []),
        ([("0.1", "0.2", "0.02"), ("0.3", None, "0.03")], GROWTH, ["TIER_GAP"]),
        ([(0, 1, "0.02"), (2, None, "0.03")], TARGET, ["TIER_GAP"]),
        ([("0.1", "0.199", "0.02"), ("0.2", None, "0.03")], MIX, []),
        ([(0, 100, "0.1"), (101, None, "0.2")], MORE_THAN, ["TIER_GAP_MORE_THAN"]),
        ([(0, 100, "0.1"), (100, None, "0.2")], MORE_THAN, []),
        ([(0, 100, "0.1"), (99, None, "0.2")], VOLUME, ["TIER_OVERLAP"]),
        ([(100, 99, "0.1")], VOLUME, ["TIER_TO_BELOW_FROM"]),
        ([(100, None, "0.1"), (100, None, "0.2")], VOLUME, ["TIER_NOT_ASCENDING"]),
        ([(100, None, "0.1"), (50, None, "0.2")], VOLUME, ["TIER_NOT_ASCENDING"]),
        ([(0, None, "-0.1")], VOLUME, ["TIER_REWARD_NEGATIVE"]),
        ([(0, None, 4)], VOLUME, ["TIER_REWARD_NOT_A_PERCENT"]),
        ([(0, None, 1)], VOLUME, ["TIER_REWARD_NOT_A_PERCENT"]),
        ([(0, None, "0.51")], VOLUME, ["TIER_REWARD_HIGH"]),
        ([(0, None, "0.5")], VOLUME, []),
        ([(0, None, 4)], UNITS, []),
        ([(5, None, "0.02")], GROWTH, ["TIER_FROM_NOT_A_PERCENT"]),
        ([("4.99", None, "0.02")], GROWTH, []),
        ([(90, None, "0.02")], TARGET, ["TIER_FROM_NOT_A_PERCENT"]),
        ([("1.01", None, "0.02")], MIX, ["TIER_FROM_NOT_A_PERCENT"]),
        ([(1, None, "0.02")], MIX, []),
        ([], VOLUME, ["NO_TIERS"]),
        ([], Terms(RebateType.MDF), []),
        ([(None, None, "0.1")], VOLUME, ["TIER_INCOMPLETE"]),
        ([(1, None, None)], VOLUME, ["TIER_INCOMPLETE"]),
        ([(0, None, "0.1", True)], VOLUME, ["PAY_FROM_FIRST_NOT_ALLOWED"]),
        ([(0, None, 9, True)], Terms(method=Method.INCREMENTAL, reward=RewardKind.LUMP_SUM), ["PAY_FROM_FIRST_NOT_ALLOWED"]),
        ([(0, None, 9)], Terms(method=Method.ROLLING, reward=RewardKind.LUMP_SUM), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, 9)], Terms(method=Method.LINEAR, reward=RewardKind.LUMP_SUM), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(reward_on=RewardOn.FOCUS), ["REWARD_ON_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.MIX, reward_on=RewardOn.INCREMENT), ["REWARD_ON_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.MIX, Method.TOTAL), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.GROWTH, Method.ROLLING), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.GROWTH, Method.INCREMENTAL), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.GROWTH, Method.LINEAR, reward_on=RewardOn.OVER_THRESHOLD), ["METHOD_NOT_ALLOWED"]),
        ([(0, None, "0.1")], Terms(RebateType.MIX, tiers_on=TiersOn.PERCENT_OF_TARGET), ["TIERS_ON_NOT_ALLOWED"]),
        ([(0, None, 4), (0, None, -1)], VOLUME, ["TIER_REWARD_NOT_A_PERCENT", "TIER_REWARD_NEGATIVE", "TIER_NOT_ASCENDING"]),
    ],
)
def test_ladder(typed: list[tuple[Any, ...]], terms: Terms, codes: list[str]) -> None:
    ladder, problems = read_ladder(rows(*typed), terms)
    assert [problem.code for problem in problems] == codes
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    assert len(ladder) == (0 if wrong else len(typed))
    assert all(problem.message and problem.remedy for problem in problems)


def test_four_for_four_percent_says_what_to_enter() -> None:
    _, problems = read_ladder(rows((0, None, 4)), VOLUME)
    assert problems[0].remedy == "enter 4 %, not 4"


@pytest.mark.parametrize(
    ("typed", "terms", "falls"),
    [
        ([(0, None, "0.2"), (10, None, "0.1")], VOLUME, True),
        ([(0, None, "0.1"), (10, None, "0.1")], VOLUME, False),
        ([(0, None, "0.2"), (10, None, "0.1")], Terms(method=Method.INCREMENTAL), False),
        ([(0, None, "0.2"), (10, None, "0.1", True)], Terms(method=Method.INCREMENTAL), True),
        ([(0, None, "0.1"), (10, None, "0.2", True)], Terms(method=Method.INCREMENTAL), False),
        ([(5, None, "0.2"), (10, None, "0.1", True)], Terms(method=Method.INCREMENTAL), False),
        ([(0, None, "0.2"), (10, None, "0.1")], Terms(method=Method.TOTAL), False),
        ([(0, None, "0.2"), (10, None, "0.1")], Terms(method=Method.ROLLING), False),
        ([(0, 10, "0.2"), (11, None, "0")], Terms(method=Method.ROLLING), True),
        ([(0, None, "0.2"), (10, None, "0.1")], Terms(method=Method.LINEAR), False),
        ([(10, None, "0.2"), (20, None, "0")], Terms(method=Method.LINEAR), True),
        ([("0.1", None, "0.02"), ("0.2", None, "0.03")], Terms(RebateType.GROWTH, reward_on=RewardOn.OVER_THRESHOLD), True),
    ],
)
def test_a_ladder_whose_payout_can_fall_is_named(typed: list[tuple[Any, ...]], terms: Terms, falls: bool) -> None:
    ladder, problems = read_ladder(rows(*typed), terms)
    assert ladder
    assert [problem.code for problem in problems] == (["PAYOUT_FALLS"] if falls else [])


def test_a_measure_between_to_and_the_next_from_has_the_lower_tier() -> None:
    ladder, _ = read_ladder(rows((0, 14, "0.1"), (15, None, "0.2")), VOLUME)
    assert [tier_of(F(measure), ladder, Threshold.AT_LEAST) for measure in ("14", "14.5", "15")] == [1, 1, 2]
    assert [in_gap(F(measure), ladder) for measure in ("14", "14.5", "15")] == [False, True, False]
    assert rate_of(2, ladder) == F(1, 5) and rate_of(0, ladder) == 0
