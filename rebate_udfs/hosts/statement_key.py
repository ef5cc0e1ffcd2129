"""The key that signs the statements of a book: kept in the ledger's database, so that whoever has the ledger can receive them.

Version 0.1 kept it in a hidden file beside the workbook; such a file is moved into the database when the key is next needed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..ledger_chain import LEDGER_VARIABLE
from ..model import Refused, Tables

if TYPE_CHECKING:  # a database takes its time to load: only where statements are made or received
    from ..ledger import Ledger


def opened(book: Path | str, tables: Tables, url: str | None = None) -> Ledger:
    """The ledger of a book: a shared one by its URL, else the file beside the book. Raises Refused where it cannot be used."""
    from .. import bookkeeping
    from ..ledger import CannotOpen

    try:
        return bookkeeping.open_ledger(tables, str(book), url)
    except CannotOpen as error:
        raise Refused(str(error)) from error


def signing_key(book: Path | str, tables: Tables, url: str | None = None) -> bytes:
    """The key of a book, made when it has none yet. Raises Refused where the ledger cannot be used."""
    return key_in(opened(book, tables, url), book)


def key_in(ledger: Ledger, book: Path | str) -> bytes:
    """The key of a book in its ledger, made when it has none yet; a key file of version 0.1 is moved in."""
    from ..ledger_statements import keep_key

    file = key_path(book)
    found = _in_file(file)
    kept = keep_key(ledger, found)
    if found == kept:
        file.unlink(missing_ok=True)
    return kept


def known_key(book: Path | str, tables: Tables, url: str | None = None) -> bytes | None:
    """The key of a book, None where it has none yet; nothing is made. Raises Refused where the ledger cannot be used."""
    from ..ledger import default_url
    from ..ledger_statements import key_of

    beside = Path(default_url(book).removeprefix("sqlite:///"))
    if (url or os.environ.get(LEDGER_VARIABLE) or beside.exists()) and (kept := key_of(opened(book, tables, url))):
        return kept
    return _in_file(key_path(book))


def key_path(book: Path | str) -> Path:
    """Where version 0.1 kept the key of a book."""
    book = Path(book)
    return book.with_name(f".{book.stem}.rebates_key")


def _in_file(path: Path) -> bytes | None:
    """The key that a file holds; an empty one holds none."""
    try:
        return path.read_bytes() or None
    except FileNotFoundError:
        return None
