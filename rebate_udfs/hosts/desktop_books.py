"""The button Close Period in Excel on the desktop: a look, a question, the entries in the ledger, and its sheet brought up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import actions, report
from ..model import Refused, ResultTable
from ..report_columns import words
from .desktop_append import append
from .desktop_place import Contents, Place, contents, saved_file, unchanged
from .desktop_talk import TEXT, Ask, Said, Talk, agreed, asked, shortened, working
from .desktop_write import write_stacked
from .statement_key import opened

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

PREVIEW = "Close Period"  # the sheet
PROBLEMS_TOLD = 3
FINAL = "Excel cannot undo it: `rebates reopen` takes a close back, by entries of its own."


def close_period(place: Place) -> Talk[Said]:
    """Shows on a sheet what an accounting period lacks, asks, posts it, and appends the entries to the sheet Ledger."""
    file = saved_file(place, "its ledger is a file beside it")
    book = yield from contents(place, as_shown=True)
    ledger = opened(file, book.tables)
    proposed = actions.period_to_close(book.tables, ledger)
    period = yield from asked(Ask(TEXT, "Which accounting period is to be closed?", proposed))
    closing = yield from working(f"computing {period}", lambda: actions.close_period(book.tables, period, ledger))
    if closing.done:
        return Said(True, " ".join(filter(None, (closing.messages[0], _show_ledger(place, book, ledger)))))
    _preview(place, book, closing)
    agreement = yield from _agreement(closing, file)
    if agreement is None:
        return Said(True, "Nothing was posted.")
    if not unchanged(place, book):
        raise Refused(f"The tables have changed since you looked; nothing was posted. Press the button again for {closing.period}.")
    posted = _post(closing, book, ledger, agreement)  # at once, so that nobody stops it half-way
    return Said(True, " ".join(filter(None, (posted.messages[0], _show_ledger(place, book, ledger)))))


def _post(closing: actions.Closing, book: Contents, ledger: Ledger, accepted: str) -> actions.Closing:
    from ..bookkeeping import user_name
    from ..ledger import CannotOpen, LedgerMoved

    try:
        return actions.post_period(closing, book.tables, ledger, user_name(), agreed=closing.run_id, accepted=accepted)
    except (CannotOpen, LedgerMoved) as error:
        raise Refused(str(error)) from error


def _preview(place: Place, book: Contents, closing: actions.Closing) -> None:
    """The totals by program, kind and reason, and what stops the close."""
    run = closing.preview.run
    assert run is not None, "a close that is not done has computed"
    tables: tuple[ResultTable, ...] = closing.tables
    if closing.problems:
        stops = report.check(replace(run, problems=closing.problems), book.places)
        tables = (*tables, replace(stops, title=f"{report.count(len(closing.problems), 'problem')} in the way of closing {closing.period}"))
    write_stacked(place.book, PREVIEW, run, tables, place.is_1904, place.windows)


def _agreement(closing: actions.Closing, file: Path) -> Talk[str | None]:
    """What the person says to a close: empty for yes, the reason why it closes with errors, None for no."""
    from ..bookkeeping import user_name

    amounts = report.by_currency((entry.currency, entry.amount) for entry in closing.preview.entries)
    head = f"{closing.messages[0]} They raise what is accrued by {words(amounts)}. The sheet {PREVIEW} shows them by program and reason."
    head = " ".join((head, *closing.messages[1:]))
    if closing.problems:
        told = "\n".join(f"- {problem.message}" for problem in closing.problems[:PROBLEMS_TOLD])
        more = f"\n(and {len(closing.problems) - PROBLEMS_TOLD} more)" if len(closing.problems) > PROBLEMS_TOLD else ""
        question = f"\n\nCancel, and mend these. Or say why {closing.period} closes although they stand; every entry will carry the reason. {FINAL}"
        reason = yield from asked(Ask(TEXT, shortened(f"{head}\n\nIn the way:\n{told}{more}{question}")))
        return reason.strip() or None
    yes = yield from agreed(shortened(f"{head}\n\nPost them as {user_name()}, for {file.name}? {FINAL}"))
    return "" if yes else None


def _show_ledger(place: Place, book: Contents, ledger: Ledger) -> str:
    """Bring the sheet Ledger up to date; the entries themselves are safe already. Returns where they stand."""
    additions = actions.ledger_rows(book.tables, ledger)
    if not additions:
        return ""
    try:
        done = append(place.book, additions, place.is_1904, place.windows)
    except Refused as refusal:
        return f"The ledger holds them, but not yet its sheet: {refusal} Then press Close Period for the same period again: nothing is posted twice."
    return f"The sheet Ledger shows them in {done[0].words}; save the workbook."
