"""The seal of the ledger: each entry's hash covers its own columns and the hash before, so that nothing changes unseen.

Pure computation on `LedgerEntry` rows, whether they come from the database or from the workbook's Ledger sheet: a workbook
that travels without the database verifies its own chain. SHA-256 of all other columns as canonical text (domain.md section 2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .model import LedgerEntry

LEDGER_VARIABLE = "REBATES_LEDGER"  # names a shared ledger by its URL
DATABASE_SUFFIX = ".ledger.sqlite"  # of the file beside a workbook
NO_ID = "book"  # how that file names a book without Book ID
FIRST_HASH = ""  # what the first entry of a book names as the hash before it
SEALED = tuple(name for name in LedgerEntry.model_fields if name not in ("row", "hash"))


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain is broken: the sequence number, the entry as it names itself, and what is wrong, in words."""

    sequence: int
    entry_id: str
    what: str

    def __str__(self) -> str:
        return f"entry {self.sequence} ({self.entry_id or 'without id'}): {self.what}"


def canonical(value: Any) -> str:
    r"""One cell as text that a database and a workbook spell alike: numbers without trailing zeros, dates as ISO days.

    >>> canonical(Decimal("10.50")), canonical(date(2026, 3, 31)), canonical(None), canonical("a\nb")
    ('10.5', '2026-03-31', '', 'a\\nb')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\\", "\\\\").replace("\n", "\\n")


def seal_of(entry: LedgerEntry) -> str:
    """The hash that an entry should carry: SHA-256 of all its other columns, the hash before among them."""
    text = "\n".join(f"{name}={canonical(getattr(entry, name))}" for name in SEALED)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(entries: Iterable[LedgerEntry], last_sequence: int, last_hash: str) -> list[LedgerEntry]:
    """Entries numbered on from the last one and sealed, in order."""
    found = []
    for entry in entries:
        last_sequence += 1
        entry = entry.model_copy(update={"sequence": last_sequence, "previous_hash": last_hash, "hash": ""})
        last_hash = seal_of(entry)
        found.append(entry.model_copy(update={"hash": last_hash}))
    return found


def first_break(entries: Sequence[LedgerEntry], last_sequence: int | None = None, last_hash: str | None = None) -> Break | None:
    """The first entry that was edited, dropped, inserted or moved; None when the chain holds.

    `last_sequence` and `last_hash` say where the chain must end, as the record of the last close keeps it: without them a
    chain that was cut at its end can only be seen where it was cut within one close.
    """
    before = FIRST_HASH
    for number, entry in enumerate(entries, 1):
        if entry.sequence != number:
            found = "is missing" if entry.sequence > number else "stands in its place"
            what = f"entry {number} {found}" if entry.sequence > number else f"it {found} of entry {number}: inserted or moved"
            return Break(number, entry.entry_id, what)
        if entry.previous_hash != before:
            return Break(number, entry.entry_id, "it does not follow the entry before it: edited, inserted, moved, or the one before was")
        if entry.hash != seal_of(entry):
            return Break(number, entry.entry_id, "its content is not what was posted")
        before = entry.hash
    return _end(entries, before, last_sequence, last_hash)


def _end(entries: Sequence[LedgerEntry], before: str, last_sequence: int | None, last_hash: str | None) -> Break | None:
    """Whether the chain ends where it should: at the last close, and at the last entry of that close."""
    count = len(entries)
    if last_sequence is not None and count != last_sequence:
        at, what = min(count, last_sequence) + 1, "missing at the end" if count < last_sequence else "added behind the last close"
        return Break(at, entries[at - 1].entry_id if at <= count else "", what)
    if last_hash is not None and before != last_hash:
        return Break(count, entries[-1].entry_id if entries else "", "it is not the entry with which the last close ended")
    if entries and (part := entries[-1].entry_id.rpartition("-")[2].split("/")) and len(part) == 2 and part[0].lstrip("0") != part[1].lstrip("0"):
        return Break(count + 1, "", f"its close has {part[1].lstrip('0')} entries, the ledger ends at number {part[0].lstrip('0')}")
    return None
