"""Two sources of the same transactions, side by side: what agrees, what is missing on either side, what differs, and what it costs.

Lines are matched by Transaction ID, then by invoice, line and SKU, then with the nearest plausible one. Lines that agree
in everything stay in the engine; only the others become values. Source: design section 6, "Reconciliation".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import partial
from typing import Any

import narwhals as nw

from .claim_evidence import normalised
from .model import Lines, ResultColumn, ResultTable
from .money import amount_text, with_cents
from .stakes import Entry, Stakes

ZERO = Fraction(0)
PLAUSIBLE_DAYS = 31  # how far apart two dates of one line may lie when nothing else names it
COMPARED = ("invoice_date", "distributor_id", "sku", "type", "invoice_number", "line")


class Match(StrEnum):
    """How two lines were found to be one."""

    ID = "Transaction ID"
    INVOICE = "invoice, line and SKU"
    NEAREST = "nearest"
    NONE = ""


class Finding(StrEnum):
    """What is different."""

    MISSING_FIRST = "missing in the first"
    MISSING_SECOND = "missing in the second"
    QUANTITY = "quantity"
    AMOUNT = "amount"
    DATE = "date"
    SKU = "SKU"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two lines that are one and differ, or one that the other source lacks; at stake: what the second's version would earn more."""

    first: Entry | None
    second: Entry | None
    match: Match
    findings: tuple[Finding, ...]
    at_stake: Mapping[str, Decimal] = field(default_factory=dict)  # by currency


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was found: differences, and how many lines agree."""

    matched: int
    differences: tuple[Difference, ...]
    rows: tuple[int, int]
    at_stake: Mapping[str, Decimal] = field(default_factory=dict)  # of all differences together, which may reach a tier that none reaches alone


def reconcile(first: Lines, second: Lines, stakes: Stakes | None = None) -> Reconciliation:
    """Compare two sources read on one engine; `stakes` (of a computed book) prices the differences."""
    same = _same(first, second)
    left, right = _entries(first, same), _entries(second, same)
    matched, differences, changes = len(same), [], []
    for one, other, match in pairs(left, right):
        findings = _findings(one, other)
        if not findings:
            matched += 1
            continue
        changes.append(stakes.change(one, other) if stakes else {})
        differences.append(Difference(one, other, match, findings, stakes.of(changes[-1:]) if stakes else {}))
    differences.sort(key=_place)
    return Reconciliation(matched, tuple(differences), (first.rows_read, second.rows_read), stakes.of(changes) if stakes else {})


def _same(first: Lines, second: Lines) -> set[str]:
    """The transaction ids whose lines agree in everything; found in the engine."""
    quantity = _to_common(first.quantity_places, second.quantity_places)
    amount = _to_common(first.amount_places, second.amount_places)
    columns = ("transaction_id", "quantity", "amount", *COMPARED)
    other = second.frame.select(**{f"{name}_2": nw.col(name) for name in columns})
    joined = first.frame.select(*columns).join(other, left_on="transaction_id", right_on="transaction_id_2", how="inner")
    agree = nw.col("quantity") * quantity[0] == nw.col("quantity_2") * quantity[1]
    agree = agree & (nw.col("amount") * amount[0] == nw.col("amount_2") * amount[1])
    for name in COMPARED:
        agree = agree & (nw.col(name) == nw.col(f"{name}_2"))
    found = first.engine_run.collect(joined.filter(agree).select("transaction_id"))
    return set(found.column("transaction_id").to_pylist())


def _to_common(one: int, other: int) -> tuple[int, int]:
    """What brings numbers of two scales to the finer one."""
    return 10 ** max(0, other - one), 10 ** max(0, one - other)


def _entries(lines: Lines, same: set[str]) -> list[Entry]:
    """The lines that do not simply agree, in time order."""
    columns = ("transaction_id", "invoice_date", "distributor_id", "sku", "quantity", "amount", "type", "invoice_number", "line", "row", "currency")
    table = lines.engine_run.collect(lines.frame.select(*columns))
    keep = [transaction_id not in same for transaction_id in table.column("transaction_id").to_pylist()]
    found = [
        Entry(**{**row, "quantity": Fraction(int(row["quantity"]), 10**lines.quantity_places),
                 "amount": Fraction(int(row["amount"]), 10**lines.amount_places)})
        for row in table.filter(keep).to_pylist()
    ]  # fmt: skip
    return sorted(found, key=lambda entry: (entry.invoice_date, entry.invoice_number, entry.line, entry.transaction_id))


def pairs(left: Iterable[Entry], right: Iterable[Entry]) -> Iterator[tuple[Entry | None, Entry | None, Match]]:
    """Every line once: by Transaction ID, then by invoice, line and SKU, then with the nearest plausible one, else alone."""
    ours, theirs = {entry.transaction_id: entry for entry in left}, {entry.transaction_id: entry for entry in right}
    for transaction_id in [each for each in ours if each in theirs]:
        yield ours.pop(transaction_id), theirs.pop(transaction_id), Match.ID
    for line_matters in (True, False):
        waiting: dict[Any, list[Entry]] = defaultdict(list)
        for entry in theirs.values():
            waiting[_invoice_key(entry, line_matters)].append(entry)
        for entry in [each for each in ours.values() if each.invoice_number]:
            found = waiting.get(_invoice_key(entry, line_matters))
            if found:
                other = min(found, key=partial(_unlike, entry))
                found.remove(other)
                yield ours.pop(entry.transaction_id), theirs.pop(other.transaction_id), Match.INVOICE
    yield from _nearest(ours, theirs)
    yield from ((entry, None, Match.NONE) for entry in ours.values())
    yield from ((None, entry, Match.NONE) for entry in theirs.values())


def _unlike(one: Entry, other: Entry) -> tuple[bool, bool, Fraction]:
    return (other.quantity != one.quantity, other.amount != one.amount, abs(other.amount - one.amount))


def _invoice_key(entry: Entry, line_matters: bool) -> tuple[str, str, str]:
    return (normalised(entry.invoice_number), entry.line if line_matters else "", entry.sku)


def _nearest(ours: dict[str, Entry], theirs: dict[str, Entry]) -> Iterator[tuple[Entry, Entry, Match]]:
    """Lines without a common name: the same quantity and amount but another SKU, or the same SKU within a month and one figure alike."""
    by_sku: dict[str, list[Entry]] = defaultdict(list)
    by_figures: dict[Any, list[Entry]] = defaultdict(list)
    for other in theirs.values():
        by_sku[other.sku].append(other)
        by_figures[other.quantity, other.amount].append(other)
    for entry in list(ours.values()):
        candidates = [each for each in (*by_sku.get(entry.sku, ()), *by_figures.get((entry.quantity, entry.amount), ())) if plausible(entry, each)]
        candidates = [each for each in candidates if each.transaction_id in theirs]
        if candidates:
            best = min(candidates, key=partial(_distance, entry))
            yield ours.pop(entry.transaction_id), theirs.pop(best.transaction_id), Match.NEAREST


def _distance(one: Entry, other: Entry) -> tuple[Any, ...]:
    return (abs((other.invoice_date - one.invoice_date).days), other.sku != one.sku, abs(other.amount - one.amount), other.transaction_id)


def plausible(one: Entry, other: Entry) -> bool:
    """Whether two lines without a common name may be one: nobody else's, of one kind, a month apart at most, a figure alike.

    A line that names another invoice is another one.
    """
    whose = one.distributor_id == other.distributor_id or "-" in (one.distributor_id, other.distributor_id)
    names = {normalised(entry.invoice_number) for entry in (one, other)} - {""}
    near = abs((one.invoice_date - other.invoice_date).days) <= PLAUSIBLE_DAYS
    alike = one.quantity == other.quantity if one.sku != other.sku else one.quantity == other.quantity or one.amount == other.amount
    return whose and len(names) < 2 and one.type == other.type and near and alike


def _findings(one: Entry | None, other: Entry | None) -> tuple[Finding, ...]:
    if one is None or other is None:
        return (Finding.MISSING_FIRST if one is None else Finding.MISSING_SECOND,)
    checks = ((Finding.QUANTITY, "quantity"), (Finding.AMOUNT, "amount"), (Finding.DATE, "invoice_date"), (Finding.SKU, "sku"))
    return tuple(finding for finding, name in checks if getattr(one, name) != getattr(other, name))


def _place(difference: Difference) -> tuple[Any, ...]:
    entry = difference.first or difference.second
    assert entry is not None
    weight = max((abs(amount) for amount in difference.at_stake.values()), default=Decimal(0))
    return (-weight, entry.invoice_date, entry.invoice_number, entry.transaction_id)


def table(found: Reconciliation, names: tuple[str, str]) -> ResultTable:
    """The differences as a table to send, the dearest first; the title counts what agrees."""
    currencies = sorted({currency for each in found.differences for currency in each.at_stake})
    columns = [ResultColumn("Finding", "text", "finding"), ResultColumn("Matched By", "text", "match")]
    for header, kind, name in SHOWN:
        columns += [ResultColumn(f"{header} {at}", kind, f"{name}_{at}") for at in (1, 2)]
    columns += [ResultColumn(f"At Stake ({currency})", "money", f"at_stake_{currency.lower()}") for currency in currencies]
    rows = []
    for each in found.differences:
        cells: list[Any] = [", ".join(each.findings), each.match.value]
        for _, _, name in SHOWN:
            cells += [None if entry is None else getattr(entry, name) for entry in (each.first, each.second)]
        rows.append((*cells, *(with_cents(each.at_stake.get(currency), currency) for currency in currencies)))
    title = f"{found.matched:,} lines agree, {len(found.differences):,} differ or are missing"
    notes: tuple[str, ...] = (f"1 is {names[0]} ({found.rows[0]:,} rows), 2 is {names[1]} ({found.rows[1]:,} rows).",)
    if currencies:
        together = " and ".join(amount_text(amount, currency) for currency, amount in found.at_stake.items()) or "nothing"
        notes += ("At stake: what the second version of a line alone would earn more than the first.",
                  f"All differences together: {together}.")  # fmt: skip
    return ResultTable("Reconciliation", title, tuple(columns), tuple(rows), notes)


SHOWN = (
    ("Transaction", "id", "transaction_id"), ("Invoice", "id", "invoice_number"), ("Line", "id", "line"), ("Date", "date", "invoice_date"),
    ("Distributor", "id", "distributor_id"), ("SKU", "id", "sku"), ("Quantity", "number", "quantity"), ("Amount", "number", "amount"),
    ("Row", "integer", "row"),
)  # fmt: skip
