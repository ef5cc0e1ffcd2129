"""The ledger's database: SQLite beside the workbook, or PostgreSQL by URL. With ledger_statements the only importer of SQLAlchemy.

Append-only: entries, the acts that posted them (closes, reopenings, proposals waiting for approval), and the inputs they were
computed from. One act is one transaction under a lock on the book, so that of two at once exactly one wins, and a process
that dies leaves the ledger before or after its act, never between. Acts are chained by hash as entries are.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from .ledger_chain import DATABASE_SUFFIX, FIRST_HASH, Break, canonical, first_break, sealed
from .model import LedgerEntry

REVISION = "0003"  # of the newest file in migrations/versions
BUSY_SECONDS = 120  # how long one close waits for another
CLOSE, REOPENING, PROPOSED_CLOSE, PROPOSED_REOPENING = "Close", "Reopening", "Proposed Close", "Proposed Reopening"
PROPOSED = {PROPOSED_CLOSE: CLOSE, PROPOSED_REOPENING: REOPENING}
SQLITE = "sqlite:///"

meta = sa.MetaData()
ENTRY_COLUMNS = tuple(name for name in LedgerEntry.model_fields if name not in ("row", "sequence"))
entries_table = sa.Table(
    "ledger_entries", meta, sa.Column("book", sa.Text, primary_key=True), sa.Column("sequence", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ENTRY_COLUMNS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done to a book: a period closed or reopened, or proposed to be."""

    number: int
    close_sequence: int  # of the acts on one accounting period, from 1
    entries: int
    last_sequence: int  # of the ledger after it
    act: str
    accounting_period: str
    as_of: str
    run_id: str
    input_hash: str
    version: str
    posted_by: str
    approved_by: str
    role: str  # the database role that did it
    done_at: str  # ISO, UTC
    note: str  # why: errors accepted, reopened
    manifest: str  # JSON: part of the inputs -> hash
    drafts: str  # JSON lines of entries that wait for approval
    last_hash: str  # of the ledger after it
    previous_hash: str = ""
    hash: str = ""

    @property
    def is_proposal(self) -> bool:
        """Whether it waits for somebody else's approval."""
        return self.act in PROPOSED

    @property
    def done_on(self) -> date:
        """The day of it, UTC."""
        return datetime.fromisoformat(self.done_at).date()


ACT_COLUMNS = tuple(each.name for each in fields(Act))
NUMBERS = ("number", "close_sequence", "entries", "last_sequence")
acts_table = sa.Table(
    "ledger_acts", meta, sa.Column("book", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer if name in NUMBERS else sa.Text, primary_key=name == "number") for name in ACT_COLUMNS),
)  # fmt: skip
inputs_table = sa.Table("ledger_inputs", meta, sa.Column("hash", sa.Text, primary_key=True), sa.Column("content", sa.LargeBinary))


class LedgerMoved(Exception):
    """Somebody else has posted since the preview: nothing was posted; the sentence says what to do."""


class CannotOpen(Exception):
    """The ledger's database cannot be reached or used: one sentence."""


def default_url(book_path: str | os.PathLike[str]) -> str:
    """The SQLite ledger beside a workbook: BOOK.ledger.sqlite."""
    path = Path(book_path).resolve()
    return f"{SQLITE}{path.with_name(path.stem + DATABASE_SUFFIX)}"


def seal_of_act(act: Act) -> str:
    """The hash that an act should carry."""
    text = "\n".join(f"{name}={canonical(getattr(act, name))}" for name in ACT_COLUMNS if name != "hash")
    return hashlib.sha256(text.encode()).hexdigest()


class Ledger:
    """The ledger of one book in one database."""

    def __init__(self, url: str, book: str, *, read_only: bool = False) -> None:
        """Open it, made or brought up to date where it is not; `read_only` writes nothing at all, not even a file."""
        self.book, self.url = book, _driver(url)
        options: dict[str, Any] = {"poolclass": sa.pool.NullPool}
        if self.url.startswith(SQLITE):
            path = self.url.removeprefix(SQLITE)
            options["creator"] = partial(_sqlite, path, read_only)
        try:
            self.engine = sa.create_engine(SQLITE if self.url.startswith(SQLITE) else self.url, **options)
            if self.engine.dialect.name == "sqlite":
                sa.event.listen(self.engine, "begin", _begin_reading if read_only else _begin)
            if read_only:
                _check_revision(self.engine)
            else:
                _bring_up_to_date(self.engine)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise CannotOpen(f"The ledger {self.place} cannot be opened: {_first_line(error)}.") from error

    @property
    def place(self) -> str:
        """Where it is, as a person may read it: without a password."""
        return self.url if self.url.startswith(SQLITE) or "://" not in self.url else sa.engine.make_url(self.url).render_as_string(hide_password=True)

    def books(self) -> list[str]:
        """The Book IDs that this database has acts of."""
        with self._connected() as connection:
            return list(connection.execute(sa.select(acts_table.c.book).distinct().order_by(acts_table.c.book)).scalars())

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A transaction of its own: all of it or nothing."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            raise CannotOpen(f"The ledger {self.place} did not answer: {_first_line(error)}.") from error

    @contextmanager
    def locked(self) -> Iterator[sa.Connection]:
        """A transaction of its own in which nobody else writes to this book."""
        try:
            with self._connected() as connection:
                _lock(connection, self.book)
                yield connection
        except sa.exc.ProgrammingError as error:  # a role that may not
            raise CannotOpen(f"The ledger refused: {_first_line(error)}.") from error

    @contextmanager
    def _one_moment(self) -> Iterator[sa.Connection]:
        """A transaction in which every query sees the same moment, whatever others post meanwhile."""
        options = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        try:
            with self.engine.execution_options(**options).begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            raise CannotOpen(f"The ledger {self.place} did not answer: {_first_line(error)}.") from error

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries in order, as they are, sealed or not."""
        with self._connected() as connection:
            return _entries(connection, self.book)

    def acts(self) -> tuple[Act, ...]:
        """All acts in order."""
        with self._connected() as connection:
            return _acts(connection, self.book)

    def read(self) -> tuple[tuple[LedgerEntry, ...], tuple[Act, ...]]:
        """Entries and acts of one moment."""
        with self._one_moment() as connection:
            return _entries(connection, self.book), _acts(connection, self.book)

    def role(self) -> str:
        """The database role that is at work; "" for SQLite, which has none."""
        with self._connected() as connection:
            return _role(connection)

    def parts(self, hashes: Sequence[str]) -> dict[str, bytes]:
        """Parts of stored inputs by hash."""
        with self._connected() as connection:
            found = connection.execute(sa.select(inputs_table).where(inputs_table.c.hash.in_(list(hashes))))
            return {row.hash: row.content for row in found}

    def post(self, act: Act, entries: Sequence[LedgerEntry], inputs: Mapping[str, bytes], after: int) -> tuple[Act, list[LedgerEntry]]:
        """One act with its entries and inputs, in one transaction; numbers, ids and seals are given here.

        `after` is the number of the last act that the caller knew. Raises LedgerMoved when there has been another since.
        """
        try:
            with self._connected() as connection:
                _lock(connection, self.book)
                before = _acts(connection, self.book)
                if len(before) != after:
                    raise LedgerMoved(_moved(before[-1]) if before else "The ledger is not the one that was read; read it again.")
                act, made = self._sealed(act, entries, before, _last(connection, self.book), _role(connection))
                self._insert(connection, act, made, inputs)
        except sa.exc.IntegrityError as error:
            raise LedgerMoved("Somebody else has just posted to this book; nothing was posted here. Run it again to see what is left.") from error
        return act, made

    def _sealed(
        self, act: Act, entries: Sequence[LedgerEntry], before: Sequence[Act], last: tuple[int, str], role: str
    ) -> tuple[Act, list[LedgerEntry]]:
        number = len(before) + 1
        count = sum(one.accounting_period == act.accounting_period for one in before) + 1
        width = max(3, len(str(len(entries))))
        common = {"run_id": act.run_id, "posted_on": act.done_on, "posted_by": act.posted_by, "approved_by": act.approved_by,
                  "input_hash": act.input_hash, "version": act.version}  # fmt: skip
        marked = [
            entry.model_copy(update={**common, "entry_id": f"{act.accounting_period}.{count}-{at:0{width}}/{len(entries):0{width}}"})
            for at, entry in enumerate(entries, 1)
        ]
        made = sealed(marked, *last)
        end = (made[-1].sequence, made[-1].hash) if made else last
        act = replace(act, number=number, close_sequence=count, entries=len(made), last_sequence=end[0], role=role, last_hash=end[1],
                      previous_hash=before[-1].hash if before else "", hash="")  # fmt: skip
        return replace(act, hash=seal_of_act(act)), made

    def _insert(self, connection: sa.Connection, act: Act, entries: Sequence[LedgerEntry], inputs: Mapping[str, bytes]) -> None:
        if entries:
            connection.execute(entries_table.insert(), [{"book": self.book, **_texts(entry)} for entry in entries])
        wanted = list(inputs)
        known = {row.hash for row in connection.execute(sa.select(inputs_table.c.hash).where(inputs_table.c.hash.in_(wanted)))}
        new = [{"hash": mark, "content": content} for mark, content in inputs.items() if mark not in known]
        if new:
            connection.execute(inputs_table.insert(), new)
        connection.execute(acts_table.insert(), [{"book": self.book, **{name: getattr(act, name) for name in ACT_COLUMNS}}])

    def hashes(self) -> list[str]:
        """The seals of all entries in order: enough to tell whether a sheet shows them."""
        with self._connected() as connection:
            chosen = sa.select(entries_table.c.hash).where(entries_table.c.book == self.book).order_by(entries_table.c.sequence)
            return list(connection.execute(chosen).scalars())

    def verify(self) -> Break | None:
        """The first thing in the database that is not as it was posted; None when every seal holds."""
        return first_fault(*self.read())


def first_fault(entries: Sequence[LedgerEntry], acts: Sequence[Act]) -> Break | None:
    """The first entry or record of an act that is not as it was written; None when every seal holds."""
    before = ""
    for number, act in enumerate(acts, 1):
        if act.number != number or act.previous_hash != before or act.hash != seal_of_act(act):
            return Break(act.last_sequence, "", f"the record of act {number} ({act.act} {act.accounting_period}) is not what was written")
        before = act.hash
    last = acts[-1] if acts else None
    broken = first_break(entries, last.last_sequence if last else 0, last.last_hash if last else "")
    if broken:
        return broken
    hashes = {entry.sequence: entry.hash for entry in entries}
    for act in acts:
        if act.last_sequence and hashes.get(act.last_sequence) != act.last_hash:
            return Break(act.last_sequence, "", f"it is not the entry with which {act.act} {act.accounting_period} ended")
    return None


def closed_periods(acts: Sequence[Act]) -> list[Act]:
    """The closes that stand, oldest first: a reopening takes the last one away."""
    found: list[Act] = []
    for act in acts:
        if act.act == CLOSE:
            found.append(act)
        elif act.act == REOPENING:
            found.pop()
    return found


def pending(acts: Sequence[Act]) -> Act | None:
    """The proposal that waits for approval: the last act, when it is one."""
    return acts[-1] if acts and acts[-1].is_proposal else None


def now_utc() -> str:
    """The time of day as acts keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _moved(last: Act) -> str:
    return (
        f"Somebody else was first: {last.act} {last.accounting_period} by {last.posted_by} at {last.done_at} (run {last.run_id}). "
        "Nothing was posted here; run it again to see what is left."
    )


def _driver(url: str) -> str:
    """The URL with our driver: psycopg for PostgreSQL."""
    for start in ("postgresql://", "postgres://"):
        if url.startswith(start):
            return "postgresql+psycopg://" + url.removeprefix(start)
    return url if "://" in url else f"{SQLITE}{Path(url).resolve()}"


def _sqlite(path: str, read_only: bool) -> sqlite3.Connection:
    """A connection whose transactions are ours: sqlite3 would begin only at the first change, after others may have read.

    What a killed process has left half-done is in a journal beside the file, and whoever reads first takes it back: the only writing of a reader.
    """
    unfinished = Path(f"{path}-journal").exists()
    name = Path(path).resolve().as_uri() + (f"?mode={'rw' if unfinished else 'ro'}" if read_only else "")
    connection = sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    if not read_only:
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def _begin_reading(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lock(connection: sa.Connection, book: str) -> None:
    """One at a time on a book: SQLite's transaction has locked the file already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:book, 7))"), {"book": book})


def _role(connection: sa.Connection) -> str:
    return str(connection.execute(sa.text("SELECT current_user")).scalar()) if connection.dialect.name == "postgresql" else ""


def _check_revision(engine: sa.Engine) -> str:
    """How far a database is; "" for a new one. Raises CannotOpen for one that a newer version has written."""
    with engine.begin() as connection:
        found = _revision(connection)
    if found > REVISION:
        raise CannotOpen(f"A newer version of rebates has written this ledger (step {found}, this version knows {REVISION}): update rebates first.")
    return found


def _bring_up_to_date(engine: sa.Engine) -> None:
    """Run the migrations that a database still lacks; a new one gets them all."""
    if _check_revision(engine) == REVISION:
        return
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        _lock(connection, "migrations")
        if _revision(connection) == REVISION:
            return
        context = EnvironmentContext(config, script, fn=lambda current, _: script._upgrade_revs("head", current))
        with context:
            context.configure(connection=connection, target_metadata=None)
            context.run_migrations()


def _revision(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def _texts(entry: LedgerEntry) -> dict[str, Any]:
    """An entry as the database holds it: every cell the text that its seal is made of."""
    return {"sequence": entry.sequence, **{name: _text(getattr(entry, name)) for name in ENTRY_COLUMNS}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _entries(connection: sa.Connection, book: str) -> tuple[LedgerEntry, ...]:
    rows = connection.execute(sa.select(entries_table).where(entries_table.c.book == book).order_by(entries_table.c.sequence)).mappings()
    optional = ("rate", "base_amount", "posted_on")
    return tuple(
        LedgerEntry(**{name: (row[name] or None) if name in optional else row[name] for name in ("sequence", *ENTRY_COLUMNS)}) for row in rows
    )


def _last(connection: sa.Connection, book: str) -> tuple[int, str]:
    """Number and seal of the last entry; 0 and "" for an empty ledger."""
    chosen = sa.select(entries_table.c.sequence, entries_table.c.hash).where(entries_table.c.book == book)
    row = connection.execute(chosen.order_by(entries_table.c.sequence.desc()).limit(1)).first()
    return (row.sequence, row.hash) if row else (0, FIRST_HASH)


def _acts(connection: sa.Connection, book: str) -> tuple[Act, ...]:
    rows = connection.execute(sa.select(acts_table).where(acts_table.c.book == book).order_by(acts_table.c.number)).mappings()
    return tuple(Act(**{name: row[name] for name in ACT_COLUMNS}) for row in rows)


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
