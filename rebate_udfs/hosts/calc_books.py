"""The command Close Period in LibreOffice: a look, a question, the entries in the ledger, and its sheet brought up to date.

Options for macros: Period (else the next one), Yes (post without asking), Reason (why it closes although there are errors).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import actions, report
from ..model import Refused, ResultTable
from ..report_columns import words
from . import calc_talk
from .calc_append import append
from .calc_messages import TITLE
from .calc_place import Contents, Place, Progress, contents, saved_file
from .calc_read import read_document
from .calc_write import write_tables
from .statement_key import opened

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

PREVIEW, IN_THE_WAY = "Close Period", "In The Way"  # the sheets
PROBLEMS_TOLD = 3
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
            return " ".join(filter(None, (closing.messages[0], _show_ledger(place, book, ledger))))
        begin("writing the preview")
        _preview(place, book, closing)
    accepted = _agreement(place, closing, file)
    if accepted is None:
        return f"{closing.messages[0]} The sheet {PREVIEW} shows them. Nothing was posted."
    if read_document(place.document)[0] != book.raw:
        raise Refused(f"The tables have changed since you looked; nothing was posted. Press the button again for {closing.period}.")
    with Progress(place, 2) as begin:
        begin(f"posting {closing.period}")
        posted = _post(closing, book, ledger, accepted)
        begin("writing the sheet Ledger")
        return " ".join(filter(None, (posted.messages[0], _show_ledger(place, book, ledger))))


def _post(closing: actions.Closing, book: Contents, ledger: Ledger, accepted: str) -> actions.Closing:
    from ..bookkeeping import user_name
    from ..ledger import CannotOpen, LedgerMoved

    try:
        return actions.post_period(closing, book.tables, ledger, user_name(), agreed=closing.run_id, accepted=accepted)
    except (CannotOpen, LedgerMoved) as error:
        raise Refused(str(error)) from error


def _preview(place: Place, book: Contents, closing: actions.Closing) -> None:
    """The totals by program, kind and reason, and what stops the close on a sheet of its own."""
    run = closing.preview.run
    assert run is not None, "a close that is not done has computed"
    tables: tuple[ResultTable, ...] = tuple(replace(table, name=PREVIEW) for table in closing.tables)
    if closing.problems:
        stops = report.check(replace(run, problems=closing.problems), book.places)
        title = f"{report.count(len(closing.problems), 'problem')} in the way of closing {closing.period}"
        tables = (*tables, replace(stops, name=IN_THE_WAY, title=title))
    write_tables(place.document, run, tables, f"{TITLE}: {PREVIEW}")


def _agreement(place: Place, closing: actions.Closing, file: Path) -> str | None:
    """What the person says to a close: empty for yes, the reason why it closes with errors, None for no."""
    from ..bookkeeping import user_name

    amounts = report.by_currency((entry.currency, entry.amount) for entry in closing.preview.entries)
    head = f"{closing.messages[0]} They raise what is accrued by {words(amounts)}. The sheet {PREVIEW} shows them by program and reason."
    head = " ".join((head, *closing.messages[1:]))
    if not closing.problems:
        return "" if calc_talk.agreed(place, f"{head}\n\nPost them as {user_name()}, for {file.name}? {FINAL}") else None
    told = "\n".join(f"- {problem.message}" for problem in closing.problems[:PROBLEMS_TOLD])
    more = f"\n(and {len(closing.problems) - PROBLEMS_TOLD} more, on the sheet {IN_THE_WAY})" if len(closing.problems) > PROBLEMS_TOLD else ""
    question = f"\n\nCancel, and mend these. Or say why {closing.period} closes although they stand; every entry will carry the reason. {FINAL}"
    reason = calc_talk.text(place, "Reason", f"{head}\n\nIn the way:\n{told}{more}{question}")
    if not reason:
        raise Refused(f"{closing.period} was not closed; nothing was posted. In the way:\n{told}{more}")
    return reason


def _show_ledger(place: Place, book: Contents, ledger: Ledger) -> str:
    """Bring the sheet Ledger up to date; the entries themselves are safe already. Returns where they stand."""
    additions = actions.ledger_rows(book.tables, ledger)
    if not additions:
        return ""
    try:
        (done,) = append(place.document, additions, f"{TITLE}: Ledger")
    except Refused as refusal:
        return f"The ledger holds them, but not yet its sheet: {refusal} Then press Close Period for the same period again: nothing is posted twice."
    return f"The sheet Ledger shows them in {done.words}; save the document."
