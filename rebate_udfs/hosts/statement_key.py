"""The key that signs the statements of a book: kept in the ledger's database, so that whoever has the ledger can receive them.

Version 0.1 kept it in a hidden file beside the workbook; such a file is moved into the database when the key is next needed.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..model import Refused, Tables

LEDGER_VARIABLE = "REBATES_LEDGER"


def signing_key(book: Path | str, tables: Tables, ledger: str | None = None) -> bytes:
    """The key of a book, made when it has none yet; `ledger` is the URL of a shared one, else the file beside the book.

    Raises Refused where the ledger cannot be opened or is not this book's.
    """
    from .. import bookkeeping
    from ..ledger import CannotOpen
    from ..ledger_statements import keep_key

    file = key_path(book)
    found = _in_file(file)
    try:
        kept = keep_key(bookkeeping.open_ledger(tables, str(book), ledger), found)
    except CannotOpen as error:
        raise Refused(str(error)) from error
    if found == kept:
        file.unlink(missing_ok=True)
    return kept


def known_key(book: Path | str, tables: Tables, ledger: str | None = None) -> bytes | None:
    """The key of a book, None where it has none yet; nothing is made. Raises Refused as signing_key does."""
    from .. import bookkeeping
    from ..ledger import CannotOpen, default_url
    from ..ledger_statements import key_of

    if ledger or os.environ.get(LEDGER_VARIABLE) or Path(default_url(book).removeprefix("sqlite:///")).exists():
        try:
            kept = key_of(bookkeeping.open_ledger(tables, str(book), ledger))
        except CannotOpen as error:
            raise Refused(str(error)) from error
        if kept:
            return kept
    return _in_file(key_path(book))


def key_path(book: Path | str) -> Path:
    """Where version 0.1 kept the key of a book."""
    book = Path(book)
    return book.with_name(f".{book.stem}.rebates_key")


def _in_file(path: Path) -> bytes | None:
    """The key that a file holds; one that is cut short is none."""
    try:
        return path.read_bytes() or None
    except FileNotFoundError:
        return None
