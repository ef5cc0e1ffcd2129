"""The commands Validate Claims, Make Statements and Receive Statements in LibreOffice.

Options for macros: Folder, File, Yes (append without asking).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import actions, report
from ..pipeline import verdicts
from ..receipts import Receipt
from . import calc_talk
from .calc_append import append
from .calc_messages import TITLE
from .calc_place import Place, Progress, contents, saved_file
from .calc_write import write_tables
from .receive import FILLED, IN_A_FOLDER, Registry, answer_senders, bring_claims, read_statements, received_folder
from .rows_below import additions_in_words
from .statement_key import known_key
from .statement_sending import MAIL_MERGE, Sending, send
from .statements import make_statements as write_statements


def validate_claims(place: Place) -> str:
    """Writes every claim line with its status, reasons and what to do."""
    book = contents(place)
    with Progress(place, 2) as begin:
        begin("checking the claims")
        outcome = actions.validate_claims(book.tables, place.as_of)
        begin("writing the sheet Claim Check")
        if outcome.tables:
            write_tables(place.document, outcome.run, outcome.tables, f"{TITLE}: Validate Claims")
    return "\n".join(outcome.messages)


def make_statements(place: Place) -> str:
    """Writes one workbook for each distributor into a folder; of a saved document signed, so that they can be received."""
    outcome = actions.make_statements(contents(place).tables, place.as_of)
    target, run = calc_talk.folder(place, "Folder", "The folder for the statements"), outcome.run
    if place.file is not None:
        with Progress(place, len(outcome.tables[0].rows)) as begin:
            made = send(run, place.file, target, Sending(), lambda done, total: begin(f"statement {done} of {total}"))
        return f"{report.count(len(made), 'statement')} in {target}; {MAIL_MERGE} is for your mail program."
    made = write_statements(run, target, jobs=1, verdicts=lambda ids: verdicts(run, ids))
    unsigned = "They are not signed, as this document is not saved: save it and make them again, or they cannot be received."
    return f"{report.count(len(made), 'statement')} in {target}. {unsigned}"


def receive_statements(place: Place) -> str:
    """Judges filled statements, shows what became of each file, asks, and appends their claims and disputes."""
    file = saved_file(place, "the receipts go into a folder beside it")
    book = contents(place)
    sources = _sources(place)
    with Progress(place, 3) as begin:
        begin("reading the statements")
        sent = [one for source in sources for one in read_statements(source, leave_out=(file, received_folder(file)))]
        begin("judging the statements")
        registry = Registry(file)
        found = actions.receive_statements(sent, book.tables, known_key(file, book.tables), registry.latest(book.tables))
        begin("writing the sheet Received")
        write_tables(place.document, None, found.tables, f"{TITLE}: Received", settings=book.tables.settings)
    if found.additions:
        question = (
            f"{found.messages[0]}. The sheet Received shows what became of each file.\n\nAppend the rows to {additions_in_words(found.additions)}?"
        )
        if not calc_talk.agreed(place, f"{question} Undo takes them out again, and the same files can then be received again."):
            return f"{found.messages[0]}. Nothing was appended, and no receipt was written."
        append(place.document, found.additions, f"{TITLE}: Receive Statements")
    registry.note(found.receipts)
    folder = _receipts(place, file, sources, found.receipts)
    saved = " Save the document, so that it keeps the rows." if found.additions else ""
    return f"{found.messages[0]}. Receipts are in {folder}.{saved} Next: Validate Claims."


def _sources(place: Place) -> list[Path]:
    """The folder, or the files, that the command names or the person chooses."""
    if place.option("Folder"):
        return [Path(place.option("Folder"))]
    if not place.option("File") and calc_talk.agreed(place, IN_A_FOLDER):
        return [calc_talk.folder(place, "Folder", "The folder with the filled statements")]
    return calc_talk.files(place, "File", "The filled statements", FILLED, many=True)


def _receipts(place: Place, file: Path, sources: Sequence[Path], receipts: Sequence[Receipt]) -> Path:
    """Write a receipt for each file, with how its claims stand now, and put aside what was not taken; returns the folder."""
    book = contents(place)  # with the rows that came in
    answers = actions.validate_claims(book.tables).run.claims if bring_claims(receipts) else ()
    return answer_senders(file, sources, receipts, answers, book.tables.settings.company)
