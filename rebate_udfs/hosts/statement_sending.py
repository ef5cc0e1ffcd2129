"""Statements ready to send: compared with the last ones, signed, written, remembered, with a table for mail merge and a manifest.

    send(run, book, folder, Sending(pdf=True))

The mail-merge table and the manifest are the sender's: they name everybody and go to nobody.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model import Refused, Run
from ..participants import Hierarchy
from ..pipeline import verdicts
from .statement_key import key_in, opened
from .statement_password import read_passwords
from .statements import Made, make_statements, write_whole

MAIL_MERGE, LIST = "mail merge.csv", "manifest.json"
COLUMNS = ("Distributor ID", "Distributor Name", "Email", "File", "PDF", "As Of", "Earned", "Paid", "To Come", "To Do")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Sending:
    """How statements are to be sent."""

    jobs: int | None = 1
    branches: bool = False
    pdf: bool = False
    passwords: Path | None = None
    ledger: str | None = None  # the URL of a shared one


def send(run: Run, book: Path | str, folder: Path, how: Sending, progress: Callable[[int, int], object] | None = None) -> list[Made]:
    """Make the statements of a run into a folder, remember in the ledger what they say, and list them for whoever sends them.

    Raises Refused where the ledger, a password or LibreOffice is missing, OSError where the folder cannot be written.
    """
    from ..ledger import CannotOpen
    from ..statement_history import look_back

    passwords = read_passwords(how.passwords) if how.passwords else None
    try:
        ledger = opened(book, run.tables, how.ledger)
        history = look_back(ledger, run, how.branches)
        made = make_statements(
            run, folder, jobs=how.jobs, verdicts=lambda ids: verdicts(run, ids), progress=progress, branches=how.branches,
            signing_key=key_in(ledger, book), passwords=passwords, pdf=how.pdf, since=history.since,
            written=lambda: history.keep(ledger, run),  # also where printing then fails: the workbooks may be sent
        )  # fmt: skip
    except CannotOpen as error:
        raise Refused(str(error)) from error
    write_lists(folder, run, made, encrypted=passwords is not None)
    return made


def write_lists(folder: Path, run: Run, made: Sequence[Made], *, encrypted: bool = False) -> tuple[Path, Path]:
    """The table for mail merge (CSV) and the manifest (JSON) of what was made for whom: the same inputs give the same bytes."""
    emails = _emails(run, made)
    table, manifest = folder / MAIL_MERGE, folder / LIST
    write_whole(table, _table([_row(each, emails[each.participant_id]) for each in made]).encode("utf-8-sig"))
    write_whole(manifest, _manifest(run, made, encrypted).encode())
    return table, manifest


def _emails(run: Run, made: Sequence[Made]) -> dict[str, str]:
    hierarchy = Hierarchy(run.tables.distributors)
    rows = {each.participant_id: hierarchy.attributes_on(each.participant_id, run.as_of) for each in made}
    return {one: row.email if row else "" for one, row in rows.items()}


def _row(each: Made, email: str) -> tuple[str, ...]:
    letter = each.letter
    return (each.participant_id, letter.name, email, each.path.name, each.pdf.name if each.pdf else "", letter.as_of.isoformat(), letter.earned,
            letter.paid, letter.to_come, letter.to_do)  # fmt: skip


def _table(rows: Sequence[Sequence[str]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return target.getvalue()


def plain(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula.

    >>> plain("=1+1"), plain("anna@example.com")
    ("'=1+1", 'anna@example.com')
    """
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return f"'{clean}" if clean.lstrip(" ").startswith(FORMULA_STARTS) else clean


def _manifest(run: Run, made: Sequence[Made], encrypted: bool) -> str:
    files: list[dict[str, Any]] = [
        {
            "distributor_id": each.participant_id,
            "file": each.path.name,
            "sha256": each.sha256,
            "pdf": each.pdf.name if each.pdf else None,
            "pdf_sha256": each.pdf_sha256 or None,
            "content_sha256": each.letter.content,
        }
        for each in made
    ]
    said = {"format": 1, "book_id": run.tables.settings.book_id, "as_of": run.as_of.isoformat(), "run_id": run.run_id, "version": run.version,
            "encrypted": encrypted, "statements": files}  # fmt: skip
    text = json.dumps(said, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace").decode() + "\n"
