"""A statement that comes back: whether it is ours and unchanged, and what it brings that the book does not have.

Values only; a host has read the file.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .columns import BY_NAME
from .forms import claim_facts, dispute_id, numbered, read_forms
from .model import Claim, Dispute, DisputeStatus, Problem, Tables
from .seal import Change, Compared, Returned, parts_of, signature

MOST_LISTED = 10  # in the sentence that sets a file aside; the receipt lists more


class SetAside(Exception):
    """A file that is not taken: one sentence that says why and what to do, and the cells that were changed."""

    def __init__(self, reason: str, changes: Sequence[Change] = ()) -> None:
        super().__init__(reason)
        self.changes = tuple(changes)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose statement it is, and as of when."""

    participant_id: str
    as_of: date
    text: str


@dataclass(slots=True)
class Received:
    """What one file brings: rows to append, rows that are there already, and what is wrong with others."""

    identity: Identity
    signed: bool
    claims: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def _identity(found: Returned, signing_key: bytes | None, accept_unsigned: bool) -> tuple[Identity, bool]:
    """Whose statement it is, and whether its signature holds. Raises SetAside for one that another key has signed."""
    text, signed, content = parts_of(found.seal)
    genuine = signing_key is not None and hmac.compare_digest(signature(text, content, signing_key).encode(), signed.encode("utf-8", "replace"))
    if not genuine and not accept_unsigned:
        raise SetAside("Its signature is not that of this book: another book made it, or somebody changed its seal. "
                       "Fill in the statement as it was sent; --accept-unsigned reads this one anyway.")  # fmt: skip
    try:
        said = json.loads(text)
        return Identity(str(said["participant"]), date.fromisoformat(said["as_of"]), text), genuine
    except (ValueError, KeyError, TypeError) as error:
        raise SetAside("Its seal is damaged.") from error


def _unchanged(compared: Compared) -> None:
    """Raises SetAside, with the cells, for a file that was changed outside its input cells."""
    said = [f"the sheet {sheet} is missing" for sheet in compared.missing] + [str(change) for change in compared.changed]
    if not said:
        return
    rest = len(said) + compared.more - MOST_LISTED
    listed = "; ".join(said[:MOST_LISTED]) + (f"; and {rest:,} more" if rest > 0 else "")
    reason = f"It was changed outside its input cells: {listed}. Fill in the forms of the statement as it was sent."
    raise SetAside(reason, compared.changed)


def receive(found: Returned, tables: Tables, signing_key: bytes | None, accept_unsigned: bool, latest: Mapping[str, date]) -> Received:
    """What one returned workbook brings. `latest` is the newest statement received of each participant. Raises SetAside."""
    identity, signed = _identity(found, signing_key, accept_unsigned)
    _unchanged(found.compared)
    if identity.participant_id not in {row.distributor_id for row in tables.distributors}:
        raise SetAside(f"It is of {identity.participant_id}, which this book does not know.")
    newest = latest.get(identity.participant_id)
    if newest and identity.as_of < newest:
        raise SetAside(f"It is the statement as of {identity.as_of}, and the one as of {newest} has been received already. "
                       "Fill in the newest statement.")  # fmt: skip
    filled = read_forms(found.sheets, identity.participant_id, identity.as_of, tables)
    result = Received(identity, signed, notes=(*found.notes, *_notes(found), *_left(filled.left)))
    own = [claim for claim in tables.claims if claim.distributor_id == identity.participant_id]
    claims, known_claims = new_claims(numbered(filled, own), own)
    disputes, known_disputes = new_disputes(filled.disputes, tables.disputes)
    result.known, result.problems = known_claims + known_disputes, filled.problems
    result.claims = [cells_of(claim, "Claims") for claim in claims]
    result.disputes = [cells_of(dispute, "Disputes") for dispute in disputes]
    return result


def _notes(found: Returned) -> Iterable[str]:
    """What the file holds besides that nobody else will mention."""
    for change in found.compared.added:
        yield f"{change.sheet} {change.cell} was empty, is {json.dumps(change.now[:200], ensure_ascii=False)}; it is no input cell and was not read."
    for sheet in found.compared.moved:
        yield f"The rows of {sheet} stand in another order than they were sent; their content is unchanged."


def _left(lines: int) -> Iterable[str]:
    if lines:
        one = "line has" if lines == 1 else "lines have"
        yield f"{lines:,} {one} no Claim ID and no Claim Date and {'was' if lines == 1 else 'were'} not claimed; fill in both to claim."


# ---- into the book, never twice


def new_claims(sent: Iterable[Claim], book: Sequence[Claim]) -> tuple[list[Claim], int]:
    """The claims that the book does not hold yet, and how many it does; a line that was changed is a resubmission of it."""
    lines: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in book:
        lines.setdefault(_line(claim), []).append(claim)
    found, known = [], 0
    for claim in sent:
        before = lines.setdefault(_line(claim), [])
        if any(claim_facts(claim) == claim_facts(each) for each in before):
            known += 1
            continue
        fresh = claim.model_copy(update={"resubmission": max((each.resubmission for each in before), default=-1) + 1})
        before.append(fresh)
        found.append(fresh)
    return found, known


def _line(claim: Claim) -> tuple[str, str, str]:
    return (claim.distributor_id, claim.claim_id, claim.line)


def new_disputes(sent: Iterable[Dispute], book: Iterable[Dispute]) -> tuple[list[Dispute], int]:
    """The disputes that the book does not hold yet, and how many it does; one that is opened after it was resolved is a new one."""
    there = {dispute.dispute_id: dispute for dispute in book}
    found, known = [], 0
    for dispute in sent:
        again, name = 0, dispute.dispute_id
        while (before := there.get(name)) is not None and _is_over(before, dispute.opened_on):
            again += 1
            name = dispute_id(dispute, again)
        if before is not None:
            known += 1
            continue
        fresh = dispute.model_copy(update={"dispute_id": name})
        there[name] = fresh
        found.append(fresh)
    return found, known


def _is_over(dispute: Dispute, day: date) -> bool:
    """Whether a dispute was resolved before a day."""
    return dispute.status is DisputeStatus.RESOLVED and dispute.resolved_on is not None and dispute.resolved_on < day


def cells_of(row: Claim | Dispute, name: str) -> dict[str, Any]:
    """A row as the cells of the book's table, empty ones left out."""
    found = {}
    for column in BY_NAME[name].columns:
        value = getattr(row, column.field, None)
        if value not in (None, ""):
            found[column.header] = value if isinstance(value, (int, Decimal, date)) else str(value)
    return found
