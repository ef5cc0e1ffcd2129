"""Numbers as the steps of an explanation show them, remembered because the same thresholds and rates come again and again."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from ..model import RewardKind

PLACES_SHOWN = 6  # of a number that has no end, such as a target x 2/3


@lru_cache(maxsize=8192)
def _text(numerator: int, denominator: int) -> str:
    if denominator == 1:
        return f"{numerator:,}"
    number = Decimal(numerator) / Decimal(denominator)
    shown = f"{number:,.{PLACES_SHOWN}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def number_text(number: Fraction) -> str:
    """A number with thousands separators and no more decimals than it needs, six at most.

    >>> number_text(Fraction(10001)), number_text(Fraction("0.125")), number_text(Fraction(2, 3))
    ('10,001', '0.125', '0.666667')
    """
    return _text(number.numerator, number.denominator)


def percent_text(rate: Fraction) -> str:
    """A fraction as a percentage.

    >>> percent_text(Fraction("0.045"))
    '4.5 %'
    """
    return _text(*(rate * 100).as_integer_ratio()) + " %"


@lru_cache(maxsize=8192)
def _rate(numerator: int, denominator: int, kind: RewardKind) -> str:
    if kind is RewardKind.PERCENT:
        return percent_text(Fraction(numerator, denominator))
    return _text(numerator, denominator) + (" a unit" if kind is RewardKind.PER_UNIT else " lump sum")


def reward_text(reward: Fraction, kind: RewardKind) -> str:
    """A reward in its own terms.

    >>> reward_text(Fraction("0.04"), RewardKind.PERCENT), reward_text(Fraction(2), RewardKind.PER_UNIT)
    ('4 %', '2 a unit')
    """
    return _rate(reward.numerator, reward.denominator, kind)
