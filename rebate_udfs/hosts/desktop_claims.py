"""The buttons Validate Claims and Receive Statements in Excel on the desktop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import actions
from ..receipts import Receipt, Sent
from .desktop_append import append
from .desktop_place import Place, contents, saved_file
from .desktop_talk import DIVIDER, FILES, FOLDER, Ask, Said, Talk, agreed, asked, working
from .desktop_write import write_results
from .receive import FILLED, IN_A_FOLDER, Registry, answer_senders, bring_claims, read_statements, received_folder
from .rows_below import additions_in_words
from .statement_key import known_key

FINAL = "Excel cannot undo it; where you delete the rows again, the same files can be received again."


def validate_claims(place: Place) -> Talk[Said]:
    """Writes every claim line with its status, reasons and what to do."""
    book = yield from contents(place)
    outcome = yield from working("checking the claims", lambda: actions.validate_claims(book.tables))
    if outcome.tables:
        write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
    return Said(True, "\n".join(outcome.messages))


def receive_statements(place: Place) -> Talk[Said]:
    """Judges filled statements, shows what became of each file, asks, and appends their claims and disputes."""
    file = saved_file(place, "the receipts go into a folder beside it")
    book = yield from contents(place)
    sources = yield from _sources()
    sent = yield from working("reading the statements", lambda: _read(sources, file))
    registry, key = Registry(file), known_key(file, book.tables)
    found = yield from working("judging the statements", lambda: actions.receive_statements(sent, book.tables, key, registry.latest(book.tables)))
    write_results(place.book, None, found.tables, place.is_1904, place.windows, book.tables.settings)
    if found.additions:
        question = (
            f"{found.messages[0]}. The sheet Received shows what became of each file.\n\nAppend the rows to {additions_in_words(found.additions)}?"
        )
        if not (yield from agreed(f"{question} {FINAL}")):
            return Said(True, "Nothing was appended, and no receipt was written.")
        append(place.book, found.additions, place.is_1904, place.windows)
    registry.note(found.receipts)
    folder = yield from _receipts(place, file, sources, found.receipts)
    saved = " Save the workbook, so that it keeps the rows." if found.additions else ""
    return Said(True, f"{found.messages[0]}. Receipts are in {folder}.{saved} Next: Validate Claims.")


def _sources() -> Talk[list[Path]]:
    """The folder, or the files, that the person chooses."""
    if (yield from agreed(IN_A_FOLDER)):
        return [Path((yield from asked(Ask(FOLDER, "The folder with the filled statements"))))]
    files = yield from asked(Ask(FILES, "The filled statements", FILLED))
    return [Path(name) for name in files.split(DIVIDER)]


def _read(sources: Sequence[Path], file: Path) -> list[Sent]:
    return [sent for source in sources for sent in read_statements(source, leave_out=(file, received_folder(file)))]


def _receipts(place: Place, file: Path, sources: Sequence[Path], receipts: Sequence[Receipt]) -> Talk[Path]:
    """Write a receipt for each file, with how its claims stand now, and put aside what was not taken; returns the folder."""
    book = yield from contents(place)  # with the rows that came in
    checked = (yield from working("checking the claims", lambda: actions.validate_claims(book.tables))) if bring_claims(receipts) else None
    return answer_senders(file, sources, receipts, checked.run.claims if checked else (), book.tables.settings.company)
