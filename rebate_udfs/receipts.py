"""What became of each file of a delivery of filled statements: taken with its claims and disputes, or set aside with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .columns import BY_NAME
from .model import Problem, Tables
from .receive import SetAside, receive

FORMS = ("Claims", "Disputes")


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it came: its cells by sheet, or the sentence that says why it cannot be read."""

    name: str
    sha256: str
    cells: Mapping[str, Any] | str


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


def receipts_of(files: Iterable[Sent], tables: Tables, key: bytes | None, latest: Mapping[str, date], accept_unsigned: bool = False) -> list[Receipt]:
    """A receipt for each file; `latest` is the newest statement that was received from each participant before.

    What a file brings counts as known for those after it, so that two copies in one delivery bring it once.
    """
    newest, receipts = dict(latest), list[Receipt]()
    for sent in files:
        receipt = _receipt(sent, tables, key, newest, accept_unsigned)
        receipts.append(receipt)
        if receipt.taken and receipt.as_of:
            newest[receipt.participant_id] = receipt.as_of
            tables = _with(tables, receipt)
    return receipts


def _receipt(sent: Sent, tables: Tables, key: bytes | None, latest: Mapping[str, date], accept_unsigned: bool) -> Receipt:
    if isinstance(sent.cells, str):
        return Receipt(sent.name, sent.sha256, False, sent.cells)
    try:
        found = receive(sent.cells, tables, key, accept_unsigned, latest)
    except SetAside as refusal:
        return Receipt(sent.name, sent.sha256, False, str(refusal))
    who = found.identity
    return Receipt(
        sent.name, sent.sha256, True, "", who.participant_id, who.as_of, found.signed, found.claims, found.disputes, found.known, found.problems
    )


def _with(tables: Tables, receipt: Receipt) -> Tables:
    """The book as it will be."""
    claims, disputes = (tuple(_row(name, row) for row in rows) for name, rows in zip(FORMS, (receipt.claims, receipt.disputes), strict=True))
    return replace(tables, claims=(*tables.claims, *claims), disputes=(*tables.disputes, *disputes))


def _row(name: str, cells: Mapping[str, Any]) -> Any:
    table = BY_NAME[name]
    assert table.row_model is not None
    fields = {column.header: column.field for column in table.columns}
    return table.row_model(**{fields[header]: value for header, value in cells.items()})
