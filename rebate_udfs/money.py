"""From a cell's number to an exact one, and back to a cell: the only place where a float becomes money.

Sources: ISO 4217 for minor units; "half up" means away from zero at the half, as accountants round.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar

from .model import Rounding

ZERO = Fraction(0)
WHOLE_DIGITS = 10**15  # what 15 significant digits hold
MINOR_UNITS_DEFAULT = 2
MINOR_UNITS = {  # ISO 4217 currencies whose minor unit is not the hundredth
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def places_of(currency: str) -> int:
    """Decimal places of a currency's minor unit, 2 when it is not listed (ISO 4217).

    >>> places_of("USD"), places_of("jpy"), places_of("KWD")
    (2, 0, 3)
    """
    return MINOR_UNITS.get(currency.strip().upper(), MINOR_UNITS_DEFAULT)


def exact(value: float | int | Decimal | Fraction) -> Fraction:
    """The exact number a cell shows: a float is read as the decimal of its 15 significant digits.

    >>> exact(0.1 + 0.2) == Fraction(3, 10)
    True
    >>> exact(Decimal("2.675"))
    Fraction(107, 40)

    Raises ValueError for what is not finite.
    """
    if isinstance(value, float):
        whole = value.is_integer() and -WHOLE_DIGITS < value < WHOLE_DIGITS  # all its digits count, and none is behind the point
        return Fraction(int(value)) if whole else Fraction(decimal_of(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("not a finite number")
    return Fraction(value)


def decimal_of(value: float) -> Decimal:
    """The decimal of a float's 15 significant digits, as Excel shows it (functions.md).

    >>> decimal_of(1.1 * 3)
    Decimal('3.3')
    """
    try:
        number = Decimal(f"{value:.15g}")
    except InvalidOperation as error:  # pragma: no cover - %g always spells a number
        raise ValueError("not a number") from error
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number


Amount = TypeVar("Amount", Decimal, Decimal | None)


def with_cents(amount: Amount, currency: str) -> Amount:
    """An amount with all places of its currency, also where somebody typed fewer; more places than that are kept.

    >>> str(with_cents(Decimal("300"), "USD")), str(with_cents(Decimal("12"), "JPY")), str(with_cents(Decimal("0.005"), "USD"))
    ('300.00', '12', '0.005')
    """
    places = places_of(currency)
    if amount is None or not amount.is_finite() or -int(amount.as_tuple().exponent) >= places:
        return amount
    return amount.quantize(Decimal(1).scaleb(-places))


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount as a message says it: its currency, thousands, all places of the currency.

    >>> amount_text(Decimal("1507.5"), "USD"), amount_text(Decimal("-1200"), "JPY")
    ('USD 1,507.50', 'JPY -1,200')
    """
    return f"{currency} {with_cents(amount, currency):,f}"


def scaled(amount: Fraction, places: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """`amount` in units of 10^-places, rounded once; half up is away from zero.

    >>> scaled(Fraction("2.675"), 2), scaled(Fraction("-2.675"), 2)
    (268, -268)
    >>> scaled(Fraction("2.665"), 2, Rounding.HALF_EVEN)
    266
    """
    numerator, denominator = abs(amount.numerator) * 10**places, amount.denominator
    whole, rest = divmod(numerator, denominator)
    up = 2 * rest > denominator or (2 * rest == denominator and (rounding is Rounding.HALF_UP or whole % 2 == 1))
    return (whole + up) * (-1 if amount < 0 else 1)


def money(amount: Fraction, currency: str = "", rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """The one rounding at a figure: to the currency's minor unit.

    >>> money(Fraction("1.005"), "USD")
    Decimal('1.01')
    >>> money(Fraction("1.5"), "JPY")
    Decimal('2')
    """
    places = places_of(currency)
    return Decimal(scaled(amount, places, rounding)).scaleb(-places)


def allocate(total: Decimal, weights: Sequence[Fraction], places: int) -> list[Decimal]:
    """Split a rounded total by weight, largest remainder first, ties to the first; the parts add up.

    `weights` <= 0 get nothing; a negative total mirrors the positive one. Raises ValueError when no
    weight is above 0 and the total is not 0.

    >>> [str(part) for part in allocate(Decimal("100.00"), [Fraction(1)] * 3, 2)]
    ['33.34', '33.33', '33.33']
    """
    units = int(total.scaleb(places))
    shares = [max(weight, ZERO) for weight in weights]
    whole = sum(shares, ZERO)
    if whole <= 0:
        if units:
            raise ValueError("no weight is above 0")
        return [Decimal(0).scaleb(-places) for _ in shares]
    ideal = [abs(units) * share / whole for share in shares]
    floors = [int(part) for part in ideal]
    left = abs(units) - sum(floors)
    for index in sorted(range(len(shares)), key=lambda i: (floors[i] - ideal[i], i))[:left]:
        floors[index] += 1
    sign = -1 if units < 0 else 1
    return [Decimal(sign * part).scaleb(-places) for part in floors]
