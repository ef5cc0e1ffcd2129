"""Claim lines that a close has posted: an entry each, without an amount of its own, that makes the line final.

A claim moves no balance by being approved (the figure it draws on is accrued, what is paid is settled), so the entry has
Amount 0. Its Source is the claim line, its reason says what was approved: `CLAIM (approved 60.00, calculated 60.00,
quantity 10)` and the codes that adjusted it. Source: domain.md section 6, "Who goes first".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .claim_case import Posted
from .model import ClaimResult, EntryKind, LedgerEntry, PeriodKind, Settings
from .periods import calendar_periods

SENTENCE = re.compile(r"CLAIM \(approved (-?[\d.]+), calculated (-?[\d.]+), quantity (-?[\d/]+)((?:, [A-Z_]+)*)\)")


def source_of(distributor_id: str, claim_id: str, line: str) -> str:
    """How the ledger names a claim line.

    >>> source_of("NORTH", "C-1", "2")
    'NORTH/C-1/2'
    """
    return f"{distributor_id}/{claim_id}/{line}"


def sentence(row: ClaimResult) -> str:
    """The reason of a claim line's entry: everything that is needed to hold it."""
    calculated = row.approved if row.calculated is None else row.calculated
    codes = "".join(f", {code}" for code in row.reasons)
    return f"CLAIM (approved {row.approved:f}, calculated {calculated:f}, quantity {row.quantity}{codes})"


def is_claim_line(entry: LedgerEntry) -> bool:
    """Whether an entry makes a claim line final."""
    return bool(entry.source) and not entry.amount and SENTENCE.match(entry.reason) is not None


def claim_entries(ledger: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """The entries that make claim lines final, without those that a reopening took back."""
    entries = tuple(ledger)
    taken_back = {entry.reverses for entry in entries if entry.kind is EntryKind.REVERSAL}
    return tuple(entry for entry in entries if is_claim_line(entry) and entry.kind is not EntryKind.REVERSAL and entry.entry_id not in taken_back)


def posted_lines(ledger: Iterable[LedgerEntry], settings: Settings, as_of: date) -> dict[str, Posted]:
    """The lines that closes up to a day have posted, by source; of several entries of one line the last."""
    ends: dict[str, date] = {}
    found: dict[str, Posted] = {}
    for entry in claim_entries(ledger):
        if entry.accounting_period not in ends:
            ends |= _month_ends(entry.accounting_period, settings)
        said, closed_on = SENTENCE.match(entry.reason), ends.get(entry.accounting_period)
        if said is None or closed_on is None or closed_on > as_of:
            continue
        codes = tuple(code for code in said[4].split(", ") if code)
        found[entry.source] = Posted(
            closed_on, Decimal(said[1]), Decimal(said[2]), Fraction(said[3]), codes, entry.participant_id, entry.earning_period
        )
    return found


def _month_ends(accounting_period: str, settings: Settings) -> Mapping[str, date]:
    year = int(accounting_period[:4]) if accounting_period[:4].isdigit() else 0
    if not 1990 <= year <= 2200:
        return {}
    months = calendar_periods(PeriodKind.MONTH, date(year - 1, 12, 1), date(year + 1, 1, 31), settings)
    return {period.period_id: period.ends_on for period in months}
