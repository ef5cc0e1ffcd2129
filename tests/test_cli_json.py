"""Numbers as text for other programs: exact where a decimal can be, never a binary float."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs.jsonout import decimal_text, value
from rebate_udfs.model import Period, Severity


@given(st.integers(-(10**30), 10**30), st.integers(0, 12), st.integers(0, 12))
def test_a_terminating_fraction_is_spelled_exactly(numerator: int, twos: int, fives: int):
    number = Fraction(numerator, 2**twos * 5**fives)
    text = decimal_text(number)
    assert Fraction(text) == number
    assert "E" not in text.upper()


@given(st.fractions())
def test_any_other_fraction_has_28_significant_digits(number: Fraction):
    text = decimal_text(number)
    assert "E" not in text.upper()
    assert abs(Fraction(text) - number) <= abs(number) / 10**27


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_money_keeps_its_cents(amount: Decimal):
    assert Decimal(decimal_text(amount)) == amount


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", None),
        ("D-100", "D-100"),
        (0, 0),
        (Decimal("-0.00"), "0.00"),
        (Decimal("1E+3"), "1000"),
        (Fraction(-1, 8), "-0.125"),
        (date(2026, 5, 31), "2026-05-31"),
        (Period("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)), "2026-Q1"),
        (Severity.ERROR, "Error"),
        (("A", "B"), ["A", "B"]),
    ],
)
def test_a_cell_becomes(cell: object, expected: object):
    assert value(cell) == expected
