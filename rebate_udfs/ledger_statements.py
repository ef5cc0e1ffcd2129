"""What the ledger's database keeps for statements: the key that signs those of a book, and what each participant was told last.

In the ledger's database because whoever has the ledger can then receive statements that a colleague has made, and
because the inputs behind what was told are kept there already. Source: domain.md section 7.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from .ledger import Ledger, inputs_table, meta, now_utc
from .stored_inputs import Stored

KEY_BYTES = 32
Figure = tuple[str, str, str]  # program, participant, period
keys_table = sa.Table("statement_keys", meta, sa.Column("book", sa.Text, primary_key=True), sa.Column("key", sa.Text), sa.Column("made_at", sa.Text))
told_table = sa.Table(
    "statements_told", meta, sa.Column("book", sa.Text, primary_key=True), sa.Column("participant_id", sa.Text, primary_key=True),
    sa.Column("as_of", sa.Text, primary_key=True), sa.Column("number", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("run_id", "version", "made_at", "inputs", "figures")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was said of one figure, in the program's currency."""

    earned: Decimal = Decimal(0)
    answered: Decimal = Decimal(0)  # added by resolved disputes
    adjusted: Decimal = Decimal(0)  # added by adjustments

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.earned + self.answered + self.adjusted


@dataclass(frozen=True, slots=True)
class Told:
    """What one participant's statement said of each figure."""

    participant_id: str
    as_of: date
    inputs: str  # hash of the manifest of what it was computed from
    figures: Mapping[Figure, Amounts]


# ---- the key


def key_of(ledger: Ledger) -> bytes | None:
    """The key that signs a book's statements, None before the first were made."""
    with ledger.locked() as connection:
        return _key(connection, ledger.book)


def keep_key(ledger: Ledger, found: bytes | None = None) -> bytes:
    """The key of a book; where it has none, `found` (else a new one of 32 random bytes) becomes it. Of two at once one wins."""
    with ledger.locked() as connection:
        known = _key(connection, ledger.book)
        if known is None:
            known = found or secrets.token_bytes(KEY_BYTES)
            connection.execute(keys_table.insert(), [{"book": ledger.book, "key": known.hex(), "made_at": now_utc()}])
        return known


def _key(connection: sa.Connection, book: str) -> bytes | None:
    text = connection.execute(sa.select(keys_table.c.key).where(keys_table.c.book == book)).scalar()
    return bytes.fromhex(text) if text else None


# ---- what was told


def told_before(ledger: Ledger, day: date) -> dict[str, Told]:
    """Of each participant the newest statement as of a day before `day`: one made again for the same day is not its own predecessor."""
    with ledger.locked() as connection:
        return _newest(connection, told_table.c.book == ledger.book, told_table.c.as_of < day.isoformat())


def remember(ledger: Ledger, told: Sequence[Told], inputs: Stored, run_id: str, version: str) -> None:
    """Keep what statements as of one day said and the inputs behind it, in one transaction.

    What was made again for the same day counts instead of what was made before; what says the same is not kept twice.
    """
    if not told:
        return
    day, moment = told[0].as_of.isoformat(), now_utc()
    with ledger.locked() as connection:
        of_the_day = told_table.c.book == ledger.book, told_table.c.as_of == day
        known = _newest(connection, *of_the_day)
        new = [one for one in told if known.get(one.participant_id) != one]
        if not new:
            return
        last = connection.execute(sa.select(sa.func.max(told_table.c.number)).where(*of_the_day)).scalar() or 0
        _keep_parts(connection, {**inputs.parts, manifest_hash(inputs): zlib.compress(inputs.manifest.encode())})
        connection.execute(told_table.insert(), [
            {"book": ledger.book, "participant_id": one.participant_id, "as_of": day, "number": last + 1, "run_id": run_id, "version": version,
             "made_at": moment, "inputs": one.inputs, "figures": _text(one.figures)}
            for one in new
        ])  # fmt: skip


def _newest(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> dict[str, Told]:
    """Of each participant the newest row: the latest day, and of several made for it the last."""
    rows = connection.execute(sa.select(told_table).where(*where).order_by(told_table.c.as_of, told_table.c.number))
    return {row.participant_id: Told(row.participant_id, date.fromisoformat(row.as_of), row.inputs, _figures(row.figures)) for row in rows}


def _text(figures: Mapping[Figure, Amounts]) -> str:
    rows = [[*key, str(said.earned), str(said.answered), str(said.adjusted)] for key, said in sorted(figures.items())]
    return json.dumps(rows, separators=(",", ":"))


def _figures(text: str) -> dict[Figure, Amounts]:
    return {(program, participant, period): Amounts(*map(Decimal, said)) for program, participant, period, *said in json.loads(text)}


def _keep_parts(connection: sa.Connection, parts: Mapping[str, bytes]) -> None:
    """Inputs that the database does not hold yet."""
    known = {row.hash for row in connection.execute(sa.select(inputs_table.c.hash).where(inputs_table.c.hash.in_(list(parts))))}
    if new := [{"hash": mark, "content": content} for mark, content in parts.items() if mark not in known]:
        connection.execute(inputs_table.insert(), new)


def manifest_hash(inputs: Stored) -> str:
    """The name under which the list of a run's input parts is kept."""
    return hashlib.sha256(inputs.manifest.encode()).hexdigest()


def manifest_of(ledger: Ledger, mark: str) -> dict[str, str]:
    """The parts of the inputs behind a statement: name -> hash."""
    found: dict[str, str] = json.loads(zlib.decompress(ledger.parts([mark])[mark]))
    return found
