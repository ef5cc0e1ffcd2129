"""What became of each file of a delivery of filled statements: taken with its claims and disputes, or set aside with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .columns import BY_NAME
from .model import Problem, Tables
from .receive import SetAside, receive
from .seal import Change, Returned

FORMS = ("Claims", "Disputes")


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it came: what its reader found, or the sentence that says why it cannot be read."""

    name: str
    sha256: str
    found: Returned | str


@dataclass(slots=True)
class Receipt:
    """What became of one file."""

    name: str
    sha256: str
    taken: bool
    reason: str = ""  # why it was set aside
    participant_id: str = ""
    as_of: date | None = None
    signed: bool = False
    claims: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    problems: list[Problem] = field(default_factory=list)
    changes: tuple[Change, ...] = ()  # cells outside the forms that are not as they were sent
    notes: tuple[str, ...] = ()  # what else was found, and not read


def receipts_of(files: Iterable[Sent], tables: Tables, key: bytes | None, latest: Mapping[str, date], accept_unsigned: bool = False) -> list[Receipt]:
    """A receipt for each file; `latest` is the newest statement that was received from each participant before.

    What a file brings counts as known for those after it, so that two copies in one delivery bring it once. Of a delivery the
    oldest statements are judged first, whatever the files are called.
    """
    newest, receipts = dict(latest), dict[int, Receipt]()
    for at, sent in sorted(enumerate(files), key=lambda pair: (_day(pair[1]), pair[0])):
        receipt = receipts[at] = _receipt(sent, tables, key, newest, accept_unsigned)
        if receipt.taken and receipt.as_of:
            newest[receipt.participant_id] = receipt.as_of
            tables = _with(tables, receipt)
    return [receipts[at] for at in sorted(receipts)]


def _day(sent: Sent) -> str:
    """The day that a statement says it is of, only to look at older ones first."""
    try:
        return "" if isinstance(sent.found, str) else str(json.loads(sent.found.seal[0])["as_of"])
    except (ValueError, KeyError, TypeError):
        return ""


def _receipt(sent: Sent, tables: Tables, key: bytes | None, latest: Mapping[str, date], accept_unsigned: bool) -> Receipt:
    if isinstance(sent.found, str):
        return Receipt(sent.name, sent.sha256, False, sent.found)
    try:
        found = receive(sent.found, tables, key, accept_unsigned, latest)
    except SetAside as refusal:
        return Receipt(sent.name, sent.sha256, False, str(refusal), changes=refusal.changes)
    who = found.identity
    return Receipt(
        sent.name, sent.sha256, True, "", who.participant_id, who.as_of, found.signed, found.claims, found.disputes, found.known, found.problems,
        notes=found.notes,
    )  # fmt: skip


def _with(tables: Tables, receipt: Receipt) -> Tables:
    """The book as it will be."""
    claims, disputes = (tuple(_row(name, row) for row in rows) for name, rows in zip(FORMS, (receipt.claims, receipt.disputes), strict=True))
    return replace(tables, claims=(*tables.claims, *claims), disputes=(*tables.disputes, *disputes))


def _row(name: str, cells: Mapping[str, Any]) -> Any:
    table = BY_NAME[name]
    assert table.row_model is not None
    fields = {column.header: column.field for column in table.columns}
    return table.row_model(**{fields[header]: value for header, value in cells.items()})
