"""The ledger that a book's figures are computed from: its database where there is one, for the sheet is only its mirror.

A workbook that travels without the database shows its own entries, and says so when their chain is broken.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..ledger_chain import DATABASE_SUFFIX, LEDGER_VARIABLE, NO_ID, Break, first_break
from ..model import LedgerEntry, Problem, Severity, Tables
from .ledger_sheet import SHOWN_MAX

TABLE = "Ledger"


def with_ledger_beside(tables: Tables, book: str | os.PathLike[str]) -> Tables:
    """A book as read, with the entries of its ledger: that of REBATES_LEDGER, or of the file beside the workbook; nothing is written.

    Where the sheet does not show them, or the ledger cannot be asked, a warning says which entries the figures use; a
    broken chain is an error.
    """
    url = os.environ.get(LEDGER_VARIABLE) if tables.settings.book_id else None
    path = Path(book).resolve()
    if not url and not path.with_name(path.stem + DATABASE_SUFFIX).exists():
        return _judged(tables, tables.ledger, ())
    from ..ledger import default_url  # a database takes its time to load: only where there is one

    return with_ledger_at(tables, url or default_url(path))


def with_ledger_at(tables: Tables, url: str) -> Tables:
    """A book as read, with the entries of the ledger at a URL; warnings and errors as `with_ledger_beside` gives them."""
    from ..ledger import CannotOpen, Ledger

    try:
        ledger = Ledger(url, tables.settings.book_id or NO_ID, read_only=True)
        if tables.ledger and ledger.hashes() == [row.hash for row in tables.ledger] and first_break(tables.ledger) is None:
            return tables
        entries = ledger.entries()
    except CannotOpen as refusal:
        message, remedy = f"{refusal} The figures use the entries of the sheet Ledger.", "bring the ledger back, and run again"
        return _judged(tables, tables.ledger, (_warning("LEDGER_NOT_READ", message, remedy),))
    if len(tables.ledger) > len(entries) and first_break(tables.ledger) is None:
        message = f"the sheet shows {len(tables.ledger)} entries, the ledger {ledger.place} has {len(entries)}: the figures use those of the sheet"
        return _judged(tables, tables.ledger, (_warning("LEDGER_BEHIND", message, "bring the newest ledger file back to its place"),))
    if not entries:  # nothing was posted there yet
        return _judged(tables, tables.ledger, ())
    if len(entries) > SHOWN_MAX and all(row.hash == entry.hash for row, entry in zip(tables.ledger, entries, strict=False)):
        return _judged(replace(tables, ledger=()), entries, ())  # more than a sheet shows
    message = f"the sheet does not show the ledger ({len(tables.ledger)} of {len(entries)} entries, or other ones): the figures use the ledger's"
    remedy = "close a period again that is closed already (rebates close): it posts nothing, and writes the sheet from the ledger"
    problems = tuple(problem for problem in tables.problems if problem.table != TABLE)
    return _judged(replace(tables, problems=problems), entries, (_warning("LEDGER_NOT_MIRRORED", message, remedy),))


def _judged(tables: Tables, entries: Sequence[LedgerEntry], warnings: tuple[Problem, ...]) -> Tables:
    """The book with these entries, and an error where their chain is broken; entries without any seal were never posted by a close."""
    broken = first_break(entries) if any(row.hash for row in entries) else None
    found = (*warnings, *((_error(broken, entries),) if broken else ()))
    return replace(tables, ledger=tuple(entries), problems=(*tables.problems, *found)) if found or tables.ledger != tuple(entries) else tables


def _error(broken: Break, entries: Sequence[LedgerEntry]) -> Problem:
    at = min(broken.sequence, len(entries)) - 1
    message = f"the ledger is not as it was posted: {broken}"
    remedy = "find out who changed it (rebates audit verify), and restore the workbook or its ledger from a copy"
    return Problem(Severity.ERROR, "BROKEN_CHAIN", TABLE, entries[at].row or None, "Hash", message, remedy)


def _warning(code: str, message: str, remedy: str) -> Problem:
    return Problem(Severity.WARNING, code, TABLE, None, None, message, remedy)
