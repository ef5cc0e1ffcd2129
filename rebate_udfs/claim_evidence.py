"""What the books say about claims: the invoice lines they name, returns of them, and what was bought of an SKU.

The frame ends here: from all transactions only the lines that some claim can concern come out, as values.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from .agreements import Agreement
from .counting import MEASURE, classes_by_basis
from .model import LINE_COLUMNS, Claim, DateBasis, Lines, RebateType, Tables
from .participants import Hierarchy
from .qualify import DATE_COLUMN, Classes, Counting, originals, profile, verdict
from .scopes import PRODUCT_DIMENSIONS, product_values

ZERO = Fraction(0)


@lru_cache(maxsize=65_536)
def normalised(invoice_number: str) -> str:
    """An invoice number without case, blanks, punctuation and leading zeros of a run of digits.

    >>> normalised("INV-00123") == normalised("inv 123")
    True
    """
    kept = re.sub(r"[\W_]", "", invoice_number.casefold())
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", kept)


def spellings(every: Any, wanted: set[str]) -> set[str]:
    """Which of a column of invoice numbers are one of the wanted (normalised) ones: plain texts are sieved first, all at once."""
    plain = pc.replace_substring_regex(pc.utf8_lower(every), pattern=r"[^0-9a-z]", replacement="")
    plain = pc.replace_substring_regex(plain, pattern=r"(^|[^0-9])0+([0-9])", replacement=r"\1\2")
    possible = pc.or_(pc.is_in(plain, value_set=pa.array(sorted(wanted), pa.string())), pc.invert(pc.string_is_ascii(every)))
    return {number for number in every.filter(possible).to_pylist() if normalised(number) in wanted}


def line_order(line: str) -> tuple[int, int, str]:
    """How lines follow one another: as numbers where they are some, nothing first.

    >>> sorted(["10", "2", "a", ""], key=line_order)
    ['', '2', '10', 'a']
    """
    return (1, int(line), "") if line.isascii() and line.isdigit() else (2 if line else 0, 0, line)


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
    in_base: bool = False  # rewarded, not only measured
    in_focus: bool = False


@dataclass(slots=True)
class Purchases:
    """What one participant bought of one SKU, in time order: running sums, and the last invoice line so far."""

    days: list[date] = field(default_factory=list)
    sums: list[Fraction] = field(default_factory=list)
    last_invoices: list[InvoiceLine | None] = field(default_factory=list)

    def add(self, day: date, line: InvoiceLine) -> None:
        """The next line."""
        priced = line.type == "Invoice" and line.quantity != 0
        self.days.append(day)
        self.sums.append((self.sums[-1] if self.sums else ZERO) + line.quantity)
        self.last_invoices.append(line if priced else self.last_invoices[-1] if self.last_invoices else None)

    def by(self, day: date) -> tuple[Fraction, InvoiceLine | None]:
        """The quantity bought by a day, and the last invoice line of it."""
        at = bisect_right(self.days, day)
        return (self.sums[at - 1], self.last_invoices[at - 1]) if at else (ZERO, None)


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
    _purchases: dict[tuple[str, str], dict[str, Purchases]] = field(default_factory=dict)

    def placed(self, program_id: str, line: InvoiceLine) -> Placed:
        """Where a program puts a line, and whether it counts it."""
        key = (program_id, line.transaction_id)
        if key not in self._placed:
            counting, classes = self.countings[program_id]
            basis = classes.basis
            original = self.original_dates.get(basis, {}).get(line.original_transaction_id) if line.type != "Invoice" else None
            timing, participant, flags, reason, _ = verdict(
                counting, classes, line.distributor_id, line.sku, line.dates[basis], original, line.type != "Invoice"
            )
            counted_on = timing.counted_on if timing else line.dates[basis]
            self._placed[key] = Placed(participant, timing.period if timing else None, counted_on, not reason, reason, flags[1], flags[2])
        return self._placed[key]

    def net_quantity(self, program_id: str, line: InvoiceLine) -> Fraction:
        """A line's quantity less the counted returns of it."""
        found = line.quantity
        for each in self.returns_of.get(line.transaction_id, ()):
            if self.placed(program_id, self.lines[each]).counts:
                found += self.lines[each].quantity
        return max(found, ZERO)

    def bought(self, program_id: str, participant_id: str, sku: str, until: date) -> tuple[Fraction, InvoiceLine | None]:
        """What a participant with its branches bought of an SKU by a day, returns deducted, and the last counted invoice line."""
        key = (program_id, sku)
        if key not in self._purchases:
            placed = [(self.placed(program_id, self.lines[each]), self.lines[each]) for each in self.by_sku.get(sku, ())]
            counted = [(place, line) for place, line in placed if place.counts]
            counted.sort(key=lambda pair: (pair[0].counted_on, pair[1].invoice_number, line_order(pair[1].line), pair[1].transaction_id))
            found: dict[str, Purchases] = defaultdict(Purchases)
            for place, line in counted:
                found[place.participant_id].add(place.counted_on, line)
            self._purchases[key] = found
        return self._purchases[key].get(participant_id, NO_PURCHASES).by(until)

    def in_scope(self, program_id: str, sku: str) -> bool:
        """Whether a program counts an SKU at all, as far as the product decides."""
        if program_id not in self.countings:
            return True
        counting, classes = self.countings[program_id]
        product = classes.products.get(sku)
        flags = counting.scope.flags(PRODUCT_DIMENSIONS, product_values(sku, product))
        return (flags[0] or flags[1]) and not (product is None and counting.scope.needs_products)

    def covers(self, distributor_id: str, other: str, day: date) -> bool:
        """Whether a distributor is another one or stands above it on a day."""
        return distributor_id in self.hierarchy.ancestors_on(other, day)


NO_PURCHASES = Purchases()


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
    for number, row in enumerate(_rows(tables.lines, _asked_for(tables.lines, evidence, wanted))):
        _add(evidence, row | {"transaction_id": row["transaction_id"] or f"\0{number}"}, tables.lines)  # lines without an id stay apart
    return evidence


def _asked_for(lines: Lines, evidence: Evidence, claims: Sequence[Claim]) -> dict[str, set[str]]:
    """What claims name, by column of the lines: transaction ids, invoice numbers as our books spell them, SKUs of ship and debit."""
    numbers = {normalised(claim.invoice_number) for claim in claims if claim.invoice_number and not claim.transaction_id}
    supported = {each.program_id for each in evidence.agreements.values() if each.program.rebate_type is RebateType.SHIP_AND_DEBIT}
    every = lines.engine_run.collect(lines.frame.select("invoice_number").unique()).column("invoice_number") if numbers else None
    return {
        "transaction_id": {claim.transaction_id for claim in claims},
        "invoice_number": spellings(every, numbers) if every is not None else set(),
        "sku": {claim.sku for claim in claims if claim.program_id in supported},
    }


def _rows(lines: Lines, wanted: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """The lines that hold one of the wanted values, and the returns of them, in a total order."""
    found = _holding(lines, wanted)
    known = {row["transaction_id"] for row in found} - {""}
    found += [row for row in _holding(lines, {"original_transaction_id": known}) if row["transaction_id"] not in known]
    return sorted(found, key=lambda row: (row["invoice_date"], row["invoice_number"], line_order(row["line"]), row["transaction_id"]))


def _holding(lines: Lines, wanted: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Lines of which a column holds one of its values (never the empty one). Joined, not listed: a list is walked for every line."""
    frame, columns, marks = lines.frame, [name for name, _ in LINE_COLUMNS], []
    for column, values in wanted.items():
        if plain := sorted(values - {""}):
            marks.append(f"asked_{column}")
            keys = pa.table({column: pa.array(plain, pa.string()), marks[-1]: pa.array([1] * len(plain), pa.int64())})
            frame = frame.join(lines.engine_run.frame(keys), on=column, how="left")
    if not marks:
        return []
    asked = nw.any_horizontal(*(~nw.col(mark).is_null() for mark in marks), ignore_nulls=True)
    rows: list[dict[str, Any]] = lines.engine_run.collect(frame.filter(asked).select(*columns)).to_pylist()
    return rows


def _add(evidence: Evidence, row: dict[str, Any], lines: Lines) -> None:
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
        quantity=Fraction(int(row["quantity"]), 10**lines.quantity_places),
        amount=Fraction(int(row["amount"]), 10**lines.amount_places),
        currency=row["currency"],
    )
    evidence.lines[line.transaction_id] = line
    evidence.by_invoice[normalised(line.invoice_number)].append(line.transaction_id)
    evidence.by_sku[line.sku].append(line.transaction_id)
    if line.type != "Invoice" and line.original_transaction_id:
        evidence.returns_of[line.original_transaction_id].append(line.transaction_id)
