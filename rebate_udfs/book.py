"""A book as a value: the tables behind a handle, read and checked once, and its runs by as-of date.

The handle is text with counts and a content hash. It resolves from memory, else from the person's cache on disk, and only
for the session that made it: what stands in a saved file of somebody else, or of last year, is told to be stale.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any

from .answers import Answers
from .cache import Disk, Memory, default_folder
from .content import content_hash, seal, unseal
from .engines import FILE_KINDS
from .model import CellError, Tables
from .parse import CannotRead, RawTable
from .pipeline import book_date, run
from .ranges import VALUE, read_ranges
from .tables import read

BOOKS_IN_MEMORY, RUNS_IN_MEMORY, ANSWERS_IN_MEMORY = 8, 64, 200_000
MARK_LENGTH = 32  # hex digits of the content hash that a handle shows: 128 bits
HANDLE = re.compile(rf"^Rebates: .* #([0-9a-f]{{{MARK_LENGTH}}})$")
STALE = CellError(VALUE, "this handle is old or somebody else's: press Calculate")
CHANGED = CellError(VALUE, "the files of transactions have changed since the handle was made: press Calculate")


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, and under which rules: a person at a desk, or one of a server's users.

    `secret` parts one person's handles from another's. With a `data_folder` (a server's) paths of transactions are taken
    below it only. `date_1904` is the date system of the workbook whose cells are computed: dates come and go in it.
    """

    secret: bytes
    disk: Disk | None = None
    data_folder: Path | None = None
    date_1904: bool = False
    engine: str = "duckdb"


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of transactions as it was when the handle was made."""

    path: str
    size: int
    changed: int  # nanoseconds


@dataclass(slots=True)
class Book:
    """The tables of one handle, and everything that was computed from them."""

    mark: str
    tables: Tables
    files: tuple[FileState, ...] = ()
    answers: dict[Any, Any] = field(default_factory=dict)  # of single cells, by their arguments
    lock: Any = field(default_factory=RLock)  # held while the tables are computed on: an engine serves one thread at a time
    _runs: Memory[Answers] = field(default_factory=lambda: Memory(RUNS_IN_MEMORY))

    @property
    def handle(self) -> str:
        """Text with counts and the content hash, for example `Rebates: 6 programs, 12 distributors, 3,000 transactions #..`."""
        lines = self.tables.lines
        counts = (
            (self.tables.rows_read.get("Programs", 0), "program"),
            (len({row.distributor_id for row in self.tables.distributors}), "distributor"),
            (lines.rows_read if lines else 0, "transaction"),
        )
        words = ", ".join(f"{number:,} {noun}{'' if number == 1 else 's'}" for number, noun in counts)
        return f"Rebates: {words} #{self.mark}"

    def at(self, as_of: date | None = None) -> Answers | CellError:
        """The book computed as of a day (None: the book's own), once for each day."""
        day = as_of or book_date(self.tables)
        with self.lock:
            found = self._runs.get(day)
            if found is None:
                if self.files != tuple(_state(Path(each.path)) for each in self.files):
                    return CHANGED
                found = Answers(run(self.tables, day))
                self._runs.put(day, found)
            return found

    def remember(self, key: Any, answer: Any) -> Any:
        """Keep the answer to a cell, for the next cell that asks the same."""
        if len(self.answers) >= ANSWERS_IN_MEMORY:
            self.answers.clear()
        self.answers[key] = answer
        return answer


_books: Memory[Book] = Memory(BOOKS_IN_MEMORY)
_own: Memory[Session] = Memory(1)
_current: ContextVar[Session | None] = ContextVar("rebates_session", default=None)


def session() -> Session:
    """The session in whose name cells are computed: the host's, else that of the person who runs this process."""
    found = _current.get()
    return found if found is not None else _own.get_or_make("own", _own_session)


def _own_session() -> Session:
    disk = Disk(default_folder())
    return Session(disk.own_secret(), disk)


@contextmanager
def acting_as(other: Session) -> Any:
    """Compute cells in the name of another session, for as long as the block lasts."""
    token = _current.set(other)
    try:
        yield other
    finally:
        _current.reset(token)


def forget() -> None:
    """Drop every book from memory, as a restart would; what is on disk stays."""
    _books.clear()
    _own.clear()


def open_book(arguments: Mapping[str, Any]) -> str | CellError:
    """The handle of a book from the arguments of REBATE_BOOK; its tables are read and checked unless they are known."""
    who = session()
    found = read_ranges(arguments, who.date_1904)
    if isinstance(found, CellError):
        return found
    files = _files(found.path, who.data_folder) if found.path else ()
    if isinstance(files, CellError):
        return files
    sealed = {raw.name: seal(raw) for raw in found.tables}
    marks = {name: hashlib.sha256(data).hexdigest() for name, data in sealed.items()}
    parts = marks | ({"files": json.dumps([_listed(each) for each in files])} if files else {})
    mark = content_hash(parts)[:MARK_LENGTH]
    book = _books.get((who.secret, mark))
    if book is None:
        made = _read(mark, found.tables, files, who)
        if isinstance(made, CellError):
            return made
        book = made
        if who.disk is not None:
            for name, data in sealed.items():
                who.disk.write(who.secret, f"table:{marks[name]}", data)
            contents = {"tables": marks, "files": [_listed(each) for each in files]}
            who.disk.write(who.secret, f"book:{mark}", json.dumps(contents).encode())
    return book.handle


def resolve(handle: str) -> Book | CellError:
    """The book of a handle: from memory, else from disk; stale for every other text."""
    who = session()
    found = HANDLE.match(handle)
    if found is None:
        return CellError(VALUE, "book: give the cell that holds REBATE_BOOK") if not handle.startswith("Rebates:") else STALE
    book = _books.get((who.secret, found[1]))
    return book if book is not None else _from_disk(found[1], who)


def _from_disk(mark: str, who: Session) -> Book | CellError:
    contents = who.disk.read(who.secret, f"book:{mark}") if who.disk is not None else None
    if contents is None or who.disk is None:
        return STALE
    described = json.loads(contents)
    raws: list[RawTable] = []
    for name in described["tables"].values():
        data = who.disk.read(who.secret, f"table:{name}")
        if data is None:
            return STALE
        raws.append(unseal(data))
    files = tuple(FileState(*each) for each in described["files"])
    if files != tuple(_state(Path(each.path)) for each in files):
        return CHANGED
    return _read(mark, raws, files, who)


def _read(mark: str, raws: Sequence[RawTable], files: Sequence[FileState], who: Session) -> Book | CellError:
    try:
        tables = read(raws, engine=who.engine, transactions=[each.path for each in files])
    except CannotRead as error:
        return CellError(VALUE, f"transactions: {error}")
    book = Book(mark, tables, tuple(files))
    _books.put((who.secret, mark), book)
    return book


# ---- transactions in files


def _files(text: str, base: Path | None) -> tuple[FileState, ...] | CellError:
    """The files of a path, folder or pattern; with a base folder only what lies below it, links followed."""
    path = Path(text) if base is None else Path(os.path.normpath(base / text))
    outside = CellError(VALUE, "transactions: give a path below the folder of the server")
    if base is not None and not path.is_relative_to(os.path.normpath(base)):
        return outside  # before the disk is touched: an answer must not tell what exists elsewhere
    given = [path] if path.exists() else [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]
    files = [file for one in given for file in (sorted(one.rglob("*")) if one.is_dir() else [one])]
    listed = sorted({file.resolve() for file in files if file.is_file() and file.suffix.casefold() in FILE_KINDS})
    if base is not None and not all(file.is_relative_to(base.resolve()) for file in listed):
        return outside
    if not listed:
        return CellError(VALUE, f"transactions: {text} leads to no Parquet or CSV file")
    return tuple(_state(file) for file in listed)


def _state(file: Path) -> FileState:
    try:
        status = file.stat()
    except OSError:
        return FileState(str(file), -1, 0)
    return FileState(str(file), status.st_size, status.st_mtime_ns)


def _listed(file: FileState) -> list[Any]:
    return [file.path, file.size, file.changed]
