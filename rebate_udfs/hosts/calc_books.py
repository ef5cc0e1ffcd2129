"""The command Close Period in LibreOffice: a look, a question, the entries in the ledger, and its sheet brought up to date.

Options for macros: Period (else the next one), Yes (post without asking), Reason (why it closes although there are errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import actions
from ..model import Refused, ResultTable
from . import calc_talk, closing_talk
from .calc_append import append
from .calc_messages import TITLE
from .calc_place import Place, Progress, contents, saved_file
from .calc_read import read_document
from .calc_write import write_tables
from .closing_talk import PREVIEW
from .contents import Contents
from .statement_key import opened

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

IN_THE_WAY = "In The Way"  # the sheet beside that of the preview
ALL_LISTED = f", on the sheet {IN_THE_WAY}"
FINAL = "Undo does not take it back: `rebates reopen` does, by entries of its own."


def close_period(place: Place) -> str:
    """Shows on a sheet what an accounting period lacks, asks, posts it, and appends the entries to the sheet Ledger."""
    file = saved_file(place, "its ledger is a file beside it")
    book = contents(place, as_shown=True)
    ledger = opened(file, book.tables)
    period = calc_talk.text(place, "Period", "Which accounting period is to be closed?", actions.period_to_close(book.tables, ledger))
    with Progress(place, 2) as begin:
        begin(f"computing {period}")
        closing = actions.close_period(book.tables, period, ledger)
        if closing.done:
            return _show_ledger(place, book, ledger, closing)
        begin("writing the preview")
        _preview(place, book, closing)
    accepted = _agreement(place, closing, file)
    if accepted is None:
        return f"{closing.messages[0]} The sheet {PREVIEW} shows them. Nothing was posted."
    if read_document(place.document)[0] != book.raw:
        raise closing_talk.moved(closing)
    with Progress(place, 2) as begin:
        begin(f"posting {closing.period}")
        posted = closing_talk.post(closing, book.tables, ledger, accepted)
        begin("writing the sheet Ledger")
        return _show_ledger(place, book, ledger, posted)


def _preview(place: Place, book: Contents, closing: actions.Closing) -> None:
    """The totals by program, kind and reason, and what stops the close on a sheet of its own."""
    run = closing.preview.run
    assert run is not None, "a close that is not done has computed"
    tables: tuple[ResultTable, ...] = tuple(replace(table, name=PREVIEW) for table in closing.tables)
    if stops := closing_talk.in_the_way(closing, book.places):
        tables = (*tables, replace(stops, name=IN_THE_WAY))
    write_tables(place.document, run, tables, f"{TITLE}: {PREVIEW}")


def _agreement(place: Place, closing: actions.Closing, file: Path) -> str | None:
    """What the person says to a close: empty for yes, the reason why it closes with errors, None for no."""
    question = closing_talk.question(closing, file, FINAL, ALL_LISTED)
    if not closing.problems:
        return "" if calc_talk.agreed(place, question) else None
    reason = calc_talk.text(place, "Reason", question)
    if not reason:
        told = closing_talk.problems_told(closing, ALL_LISTED)
        raise Refused(f"{closing.period} was not closed; nothing was posted. In the way:\n{told}")
    return reason


def _show_ledger(place: Place, book: Contents, ledger: Ledger, closing: actions.Closing) -> str:
    """Bring the sheet Ledger up to date; returns what became of the close."""

    def below(additions: Sequence[actions.Addition]) -> str:
        (done,) = append(place.document, additions, f"{TITLE}: Ledger")
        return done.words

    return closing_talk.show_ledger(closing, book.tables, ledger, below, "save the document")
