"""Exchange rates by validity date, and sums in several currencies turned into one.

A transaction is converted, unrounded, at the rate of its date through Base Currency to the program's currency.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .model import ExchangeRate

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class MissingRate:
    """No rate of a currency is valid on a day."""

    currency: str
    day: date


class Rates:
    """The Exchange Rates table: each row is valid until the next Valid From of its currency.

    >>> rates = Rates("EUR", [ExchangeRate(currency="USD", valid_from="2026-01-01", rate="1.1")])
    >>> rates.factor("USD", "EUR", date(2026, 5, 1))
    Fraction(11, 10)
    >>> rates.factor("USD", "EUR", date(2025, 5, 1))
    MissingRate(currency='USD', day=datetime.date(2025, 5, 1))
    """

    def __init__(self, base_currency: str, rows: Iterable[ExchangeRate]) -> None:
        self.base_currency = base_currency
        found: dict[str, list[tuple[date, Fraction]]] = defaultdict(list)
        for row in rows:
            found[row.currency].append((row.valid_from, Fraction(row.rate)))
        self.rows = {currency: sorted(rates) for currency, rates in found.items()}

    def days(self) -> set[date]:
        """The days on which a rate changes."""
        return {valid_from for rates in self.rows.values() for valid_from, _ in rates}

    def in_base(self, currency: str, day: date) -> Fraction | MissingRate:
        """What one unit of a currency is worth in Base Currency on a day."""
        if currency == self.base_currency:
            return ONE
        rates = self.rows.get(currency, [])
        at = bisect_right(rates, day, key=lambda rate: rate[0])
        return rates[at - 1][1] if at else MissingRate(currency, day)

    def factor(self, source: str, target: str, day: date) -> Fraction | MissingRate:
        """What one unit of `source` is worth in `target` on a day."""
        if source == target:
            return ONE
        first, second = self.in_base(source, day), self.in_base(target, day)
        if isinstance(first, MissingRate):
            return first
        if isinstance(second, MissingRate):
            return second
        return first / second
