"""A statement that comes back: whether it is ours and unchanged, and what its forms say. Values only; a host has read the file.

A statement carries a seal on a hidden sheet: its identity, a digest of every row of constants that nobody may change, and
a signature (HMAC-SHA-256) over both. A form may have been sorted, pasted over, merged, lengthened: rows are known by their
headers. Only the columns of our forms are read, so that a returned file cannot decide a claim or name a bank account.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .columns import BY_NAME
from .model import Claim, Dispute, Problem, Severity, Tables
from .parse import RawTable, is_blank, text_of
from .participants import Hierarchy
from .rows import parse_table
from .words import key

SEAL = "Seal"  # the hidden sheet
CHUNK = 30_000  # characters of one cell
MOST_LISTED = 20
EPOCH = date(1899, 12, 30)
CLAIM_HEADERS = (
    "Claim ID", "Line", "Program ID", "Claim Date", "Period", "Invoice Number", "SKU", "Quantity", "Claimed Amount", "Activity Type", "Activity Date",
    "Activity Cost", "Proof Reference", "Sale Date", "End Customer", "Unit Cost", "Sell Price",
)  # fmt: skip
DISPUTE_HEADERS = ("Opened On", "Figure ID", "Invoice Number", "Reason", "Note", "Disputed Amount")
EXAMPLE = "Example, not sent"

Grid = Mapping[str, Sequence[Sequence[Any]]]  # sheet -> rows of cells, from A1


class SetAside(Exception):
    """A file that is not taken: one sentence that says why."""


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


# ---- the seal


def plain(cell: Any) -> str:
    """A cell as every program that saves a workbook keeps it: numbers at 15 digits, days as their number, text without extra spaces.

    >>> plain(1.0), plain(" a  b "), plain(date(2026, 1, 1)), plain(None)
    ('1', 'a b', '46023', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, datetime):
        moment = cell - datetime(EPOCH.year, EPOCH.month, EPOCH.day)
        return f"{moment.days + moment.seconds / 86_400:.10g}"
    if isinstance(cell, date):
        return str((cell - EPOCH).days)
    if isinstance(cell, (int, float, Decimal)):
        return f"{float(cell):.15g}"
    return " ".join(str(cell).replace("_x000D_", " ").split())


def row_digest(cells: Iterable[tuple[int, Any]]) -> str:
    """Eight letters for the constants of one row, by column."""
    text = "\x1f".join(f"{column}\x1e{plain(cell)}" for column, cell in cells)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def seal(identity: str, rows: Iterable[tuple[str, int, Sequence[tuple[int, Any]]]], signing_key: bytes) -> list[str]:
    """The cells of the hidden sheet: identity, signature, then the digests of (sheet, row, [(column, constant)]) in chunks."""
    listed: dict[str, list[str]] = {}
    for sheet, row, cells in rows:
        mask = sum(1 << column for column, _ in cells)
        listed.setdefault(sheet, []).append(f"{row:x}.{mask:x}.{row_digest(cells)}")
    content = json.dumps(listed, separators=(",", ":"), ensure_ascii=True)
    return [identity, signature(identity, content, signing_key), *(content[at : at + CHUNK] for at in range(0, len(content), CHUNK))]


def signature(identity: str, content: str, signing_key: bytes) -> str:
    """HMAC-SHA-256 over identity and digests."""
    return hmac.new(signing_key, f"{identity}\n{content}".encode("utf-8", "backslashreplace"), hashlib.sha256).hexdigest()


def verify(grid: Grid, signing_key: bytes | None, accept_unsigned: bool = False) -> tuple[Identity, bool]:
    """Whose statement a workbook is, and whether its signature holds.

    Raises SetAside for a workbook that is none of ours, that another key has signed, or whose protected content was changed.
    """
    cells = [text_of(row[0]) for row in grid.get(SEAL, ()) if row]
    if len(cells) < 3:
        raise SetAside("It is not a statement of ours: it carries no seal.")
    text, signed, content = cells[0], cells[1], "".join(cells[2:])
    genuine = signing_key is not None and hmac.compare_digest(signature(text, content, signing_key), signed)
    if not genuine and not accept_unsigned:
        raise SetAside("Its signature is not that of this book: it was made elsewhere, or its seal was changed (--accept-unsigned reads it anyway).")
    try:
        said, listed = json.loads(text), json.loads(content)
        identity = Identity(str(said["participant"]), date.fromisoformat(said["as_of"]), text)
        changed = list(_changed(grid, listed))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SetAside("Its seal is damaged.") from error
    if changed:
        more = f" and {len(changed) - MOST_LISTED} more" if len(changed) > MOST_LISTED else ""
        raise SetAside(f"It was changed outside its input cells: {'; '.join(changed[:MOST_LISTED])}{more}.")
    return identity, genuine


def _changed(grid: Grid, listed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Rows of protected constants that are not as they were sent."""
    for sheet, rows in listed.items():
        found = grid.get(sheet)
        if found is None:
            yield f"sheet {sheet} is missing"
            continue
        for entry in rows:
            number, mask, digest = entry.split(".")
            row, columns = int(number, 16), int(mask, 16)
            cells = found[row] if row < len(found) else ()
            wanted = [at for at in range(columns.bit_length()) if columns >> at & 1]
            if row_digest((at, cells[at] if at < len(cells) else None) for at in wanted) != digest:
                yield f"{sheet} row {row + 1}"


# ---- the forms


def read_forms(grid: Grid, identity: Identity, tables: Tables) -> tuple[list[Claim], list[Dispute], list[Problem]]:
    """What the forms of a statement say, typed as the rows of the book; a row that cannot be read is a problem and is left out."""
    problems: list[Problem] = []
    claims = _form(grid, "Claims", CLAIM_HEADERS, {"Distributor ID": identity.participant_id}, problems)
    disputes = _form(grid, "Disputes", DISPUTE_HEADERS, {"Distributor ID": identity.participant_id, "Dispute ID": "-"}, problems)
    family = Hierarchy(tables.distributors).family(identity.participant_id)
    kept = []
    for dispute in disputes:
        parts = dispute.figure_id.split("/")
        if dispute.figure_id and (len(parts) < 3 or parts[1] not in family):
            message, remedy = f"{dispute.figure_id} is no figure of this statement.", "Choose a figure from the list, or name an invoice."
            problems.append(Problem(Severity.ERROR, "FIGURE_OF_ANOTHER", "Disputes", dispute.row, "Figure ID", message, remedy))
        else:
            kept.append(dispute.model_copy(update={"dispute_id": dispute_id(dispute)}))
    return claims, kept, problems


def dispute_id(dispute: Dispute) -> str:
    """A name for a dispute that a form sent, the same whenever it is sent."""
    facts = (dispute.distributor_id, dispute.figure_id, dispute.invoice_number.casefold(), key(dispute.reason), dispute.disputed_amount)
    return f"DS-{hashlib.sha256(repr(facts).encode('utf-8', 'backslashreplace')).hexdigest()[:10].upper()}"


def _form(grid: Grid, name: str, headers: Sequence[str], given: Mapping[str, str], problems: list[Problem]) -> list[Any]:
    """The rows below the header of a form, wherever it stands."""
    at = _header(grid, headers)
    if at is None:
        return []
    sheet, top = at
    wanted = {key(header): header for header in headers}
    columns = {position: wanted[name_] for position, cell in enumerate(grid[sheet][top])
               if (name_ := key(text_of(cell).rstrip("* "))) in wanted}  # fmt: skip
    rows = []
    for number, cells in enumerate(grid[sheet][top + 1 :], top + 2):
        own = [cells[position] if position < len(cells) else None for position in columns]
        if all(is_blank(cell) for cell in own) or any(text_of(cell) == EXAMPLE for cell in cells):
            continue
        rows.append((number, [*own, *given.values()]))
    found: list[Problem] = []
    parsed = parse_table(RawTable(name, sheet, [*columns.values(), *given], top + 1, rows), found)
    problems += found
    return parsed.rows


def _header(grid: Grid, headers: Sequence[str]) -> tuple[str, int] | None:
    """The sheet and row with most of a form's headers, at least three quarters of the first and at least four."""
    wanted = {key(header) for header in headers}
    best, place = 3, None
    for sheet, rows in grid.items():
        for number, cells in enumerate(rows[:60]):
            matches = len({key(text_of(cell).rstrip("* ")) for cell in cells} & wanted)
            if matches > best:
                best, place = matches, (sheet, number)
    return place


# ---- into the book, never twice


def new_claims(sent: Iterable[Claim], book: Sequence[Claim]) -> tuple[list[Claim], int]:
    """The claims that the book does not hold yet, and how many it does; a line that was changed is a resubmission of it."""
    lines: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in book:
        lines.setdefault(_line(claim), []).append(claim)
    found, known = [], 0
    for claim in sent:
        before = lines.setdefault(_line(claim), [])
        if any(_facts(claim) == _facts(each) for each in before):
            known += 1
            continue
        fresh = claim.model_copy(update={"resubmission": max((each.resubmission for each in before), default=-1) + 1})
        before.append(fresh)
        found.append(fresh)
    return found, known


def _line(claim: Claim) -> tuple[str, str, str]:
    return (claim.distributor_id, claim.claim_id, claim.line)


def _facts(claim: Claim) -> tuple[Any, ...]:
    """What a distributor says of a line; our own columns and the resubmission's number apart."""
    return tuple(getattr(claim, name) for name in FIELDS)


FIELDS = tuple(column.field for column in BY_NAME["Claims"].columns if column.header in CLAIM_HEADERS)


def cells_of(row: Claim | Dispute, name: str) -> dict[str, Any]:
    """A row as the cells of the book's table, empty ones left out."""
    found = {}
    for column in BY_NAME[name].columns:
        value = getattr(row, column.field, None)
        if value not in (None, ""):
            found[column.header] = value if isinstance(value, (int, Decimal, date)) else str(value)
    return found


def receive(grid: Grid, tables: Tables, signing_key: bytes | None, accept_unsigned: bool, latest: Mapping[str, date]) -> Received:
    """What one returned workbook brings. `latest` is the newest statement received of each participant. Raises SetAside."""
    identity, signed = verify(grid, signing_key, accept_unsigned)
    if identity.participant_id not in {row.distributor_id for row in tables.distributors}:
        raise SetAside(f"It is of {identity.participant_id}, which this book does not know.")
    newest = latest.get(identity.participant_id)
    if newest and identity.as_of < newest:
        raise SetAside(f"It is the statement as of {identity.as_of}; a newer one, as of {newest}, has been received.")
    found = Received(identity, signed)
    claims, disputes, found.problems = read_forms(grid, identity, tables)
    fresh, found.known = new_claims(claims, tables.claims)
    there = {dispute.dispute_id for dispute in tables.disputes}
    opened = {dispute.dispute_id: dispute for dispute in disputes if dispute.dispute_id not in there}
    found.known += len(disputes) - len(opened)
    found.claims = [cells_of(claim, "Claims") for claim in fresh]
    found.disputes = [cells_of(dispute, "Disputes") for dispute in opened.values()]
    return found
