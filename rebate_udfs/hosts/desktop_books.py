"""The button Close Period in Excel on the desktop: a look, a question, the entries in the ledger, and its sheet brought up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import actions
from ..model import ResultTable
from . import closing_talk
from .closing_talk import PREVIEW
from .contents import Contents
from .desktop_append import append
from .desktop_place import Place, contents, saved_file, unchanged
from .desktop_talk import TEXT, Ask, Said, Talk, agreed, asked, shortened, working
from .desktop_write import write_stacked
from .statement_key import opened

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

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
        return _show_ledger(place, book, ledger, closing)
    _preview(place, book, closing)
    agreement = yield from _agreement(closing, file)
    if agreement is None:
        return Said(True, "Nothing was posted.")
    if not unchanged(place, book):
        raise closing_talk.moved(closing)
    posted = closing_talk.post(closing, book.tables, ledger, agreement)  # at once, so that nobody stops it half-way
    return _show_ledger(place, book, ledger, posted)


def _preview(place: Place, book: Contents, closing: actions.Closing) -> None:
    """The totals by program, kind and reason, and what stops the close."""
    stops = closing_talk.in_the_way(closing, book.places)
    tables: tuple[ResultTable, ...] = (*closing.tables, stops) if stops else closing.tables
    write_stacked(place.book, PREVIEW, closing.preview.run, tables, place.is_1904, place.windows)


def _agreement(closing: actions.Closing, file: Path) -> Talk[str | None]:
    """What the person says to a close: empty for yes, the reason why it closes with errors, None for no."""
    question = shortened(closing_talk.question(closing, file, FINAL))
    if closing.problems:
        reason = yield from asked(Ask(TEXT, question))
        return reason.strip() or None
    yes = yield from agreed(question)
    return "" if yes else None


def _show_ledger(place: Place, book: Contents, ledger: Ledger, closing: actions.Closing) -> Said:
    """Bring the sheet Ledger up to date; returns what became of the close."""

    def below(additions: Sequence[actions.Addition]) -> str:
        return append(place.book, additions, place.is_1904, place.windows)[0].words

    return Said(True, closing_talk.show_ledger(closing, book.tables, ledger, below, "save the workbook"))
