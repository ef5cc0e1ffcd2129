"""What the books say about claims: the invoice lines they name, returns of them, and what was bought of an SKU.

The frame ends here: from all transactions only the lines that some claim can concern come out, as values.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import narwhals as nw

from .agreements import Agreement
from .counting import MEASURE, classes_by_basis
from .model import Claim, DateBasis, RebateType, Tables
from .participants import Hierarchy
from .qualify import DATE_COLUMN, Classes, Counting, originals, profile, verdict

ZERO = Fraction(0)


def normalised(invoice_number: str) -> str:
    """An invoice number without case, blanks, punctuation and leading zeros of a run of digits.

    >>> normalised("INV-00123") == normalised("inv 123")
    True
    """
    kept = re.sub(r"[^0-9a-z]", "", invoice_number.casefold())
    return re.sub(r"(?<!\d)0+(?=\d)", "", kept)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One transaction as claims see it; quantity and amount as invoiced, exact."""

    transaction_id: str
    invoice_number: str
    line: str
    sku: str
    distributor_id: str
    type: str
    invoice_date: date
    dates: dict[DateBasis, date]
    original_transaction_id: str
    quantity: Fraction
    amount: Fraction
    currency: str


@dataclass(frozen=True, slots=True)
class Placed:
    """What one program says of one line."""

    participant_id: str
    period: int | None
    counted_on: date
    counts: bool
    reason: str


@dataclass(slots=True)
class Evidence:
    """Everything that claims are checked against, apart from figures."""

    agreements: dict[str, Agreement]
    hierarchy: Hierarchy
    as_of: date
    lines: dict[str, InvoiceLine] = field(default_factory=dict)  # by transaction id
    by_invoice: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    returns_of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_sku: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    countings: dict[str, tuple[Counting, Classes]] = field(default_factory=dict)
    original_dates: dict[DateBasis, dict[str, date]] = field(default_factory=dict)
    _placed: dict[tuple[str, str], Placed] = field(default_factory=dict)

    def placed(self, program_id: str, line: InvoiceLine) -> Placed:
        """Where a program puts a line, and whether it counts it."""
        key = (program_id, line.transaction_id)
        if key not in self._placed:
            counting, classes = self.countings[program_id]
            basis = classes.basis
            original = self.original_dates.get(basis, {}).get(line.original_transaction_id) if line.type != "Invoice" else None
            timing, participant, _, reason, _ = verdict(
                counting, classes, line.distributor_id, line.sku, line.dates[basis], original, line.type != "Invoice"
            )
            counted_on = timing.counted_on if timing else line.dates[basis]
            self._placed[key] = Placed(participant, timing.period if timing else None, counted_on, not reason, reason)
        return self._placed[key]

    def net_quantity(self, program_id: str, line: InvoiceLine) -> Fraction:
        """A line's quantity less the counted returns of it."""
        found = line.quantity
        for each in self.returns_of.get(line.transaction_id, ()):
            if self.placed(program_id, self.lines[each]).counts:
                found += self.lines[each].quantity
        return max(found, ZERO)

    def bought(self, program_id: str, participant_id: str, sku: str, until: date) -> Fraction:
        """What a participant with its branches bought of an SKU by a day, returns deducted."""
        total = ZERO
        for each in self.by_sku.get(sku, ()):
            line = self.lines[each]
            placed = self.placed(program_id, line)
            if placed.counts and placed.participant_id == participant_id and placed.counted_on <= until:
                total += line.quantity
        return total

    def own_price(self, program_id: str, participant_id: str, sku: str, until: date) -> Fraction | None:
        """The participant's price of an SKU on its last counted invoice line on or before a day."""
        best: tuple[date, str, str] | None = None
        price = None
        for each in self.by_sku.get(sku, ()):
            line = self.lines[each]
            placed = self.placed(program_id, line)
            if line.type == "Invoice" and placed.counts and placed.participant_id == participant_id and placed.counted_on <= until and line.quantity:
                rank = (placed.counted_on, line.invoice_number, line.transaction_id)
                if best is None or rank > best:
                    best, price = rank, line.amount / line.quantity
        return price

    def covers(self, distributor_id: str, other: str, day: date) -> bool:
        """Whether a distributor is another one or stands above it on a day."""
        return distributor_id in self.hierarchy.ancestors_on(other, day)


def gather(tables: Tables, programs: Sequence[Agreement], claims: Iterable[Claim], as_of: date) -> Evidence:
    """The evidence for some claims: lines by transaction id and invoice number, their returns, and the SKUs of ship and debit."""
    hierarchy = Hierarchy(tables.distributors)
    evidence = Evidence({each.program_id: each for each in programs}, hierarchy, as_of)
    wanted = list(claims)
    if tables.lines is None or not wanted:
        return evidence
    for classes in classes_by_basis(tables, programs, hierarchy, as_of, (MEASURE,)).values():
        seen = profile(tables.lines, classes.basis)
        for counting in classes.countings:
            evidence.countings[counting.program.program_id] = (counting, classes)
        if seen and seen.has_originals and (table := originals(tables.lines, classes.basis)) is not None:
            evidence.original_dates[classes.basis] = {row["original_transaction_id"]: row["original_date"] for row in table.to_pylist()}
    for row in _rows(tables, _condition(tables, evidence, wanted)):
        _add(evidence, row, tables)
    return evidence


def _condition(tables: Tables, evidence: Evidence, claims: Sequence[Claim]) -> Any:
    """Which lines some claim can concern."""
    lines = tables.lines
    assert lines is not None
    ids = {claim.transaction_id for claim in claims if claim.transaction_id}
    numbers = {normalised(claim.invoice_number) for claim in claims if claim.invoice_number and not claim.transaction_id}
    supported = {each.program_id for each in evidence.agreements.values() if each.program.rebate_type is RebateType.SHIP_AND_DEBIT}
    skus = {claim.sku for claim in claims if claim.program_id in supported}
    spelled: set[str] = set()
    if numbers:
        every = lines.engine_run.collect(lines.frame.select("invoice_number").unique()).column("invoice_number").to_pylist()
        spelled = {number for number in every if normalised(number) in numbers}
    condition = _among("transaction_id", ids) | _among("invoice_number", spelled) | _among("sku", skus)
    named = lines.engine_run.collect(lines.frame.filter(condition).select("transaction_id")).column("transaction_id").to_pylist()
    return condition | _among("original_transaction_id", set(named))


def _among(column: str, values: set[str]) -> Any:
    """Rows whose column holds one of the values (never the empty one)."""
    return nw.col(column).is_in(sorted(values - {""}) or ["\0"])


def _rows(tables: Tables, condition: Any) -> list[dict[str, Any]]:
    lines = tables.lines
    assert lines is not None
    rows: list[dict[str, Any]] = lines.engine_run.collect(lines.frame.filter(condition)).to_pylist()
    return sorted(rows, key=lambda row: (row["invoice_date"], row["invoice_number"], row["line"], row["transaction_id"]))


def _add(evidence: Evidence, row: dict[str, Any], tables: Tables) -> None:
    assert tables.lines is not None
    line = InvoiceLine(
        transaction_id=row["transaction_id"],
        invoice_number=row["invoice_number"],
        line=row["line"],
        sku=row["sku"],
        distributor_id=row["distributor_id"],
        type=row["type"],
        invoice_date=row["invoice_date"],
        dates={basis: row[column] or row["invoice_date"] for basis, column in DATE_COLUMN.items()},
        original_transaction_id=row["original_transaction_id"],
        quantity=Fraction(int(row["quantity"]), 10**tables.lines.quantity_places),
        amount=Fraction(int(row["amount"]), 10**tables.lines.amount_places),
        currency=row["currency"],
    )
    evidence.lines[line.transaction_id] = line
    evidence.by_invoice[normalised(line.invoice_number)].append(line.transaction_id)
    evidence.by_sku[line.sku].append(line.transaction_id)
    if line.type != "Invoice" and line.original_transaction_id:
        evidence.returns_of[line.original_transaction_id].append(line.transaction_id)
