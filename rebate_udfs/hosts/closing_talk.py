"""What Close Period does alike in Excel on the desktop and in LibreOffice: what it says and asks, the posting, and what it says of the sheet Ledger.

Each of the two asks in its own way and writes its own sheets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import actions, report
from ..model import Refused, ResultTable, Tables
from ..report_columns import words

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

PREVIEW = "Close Period"  # the sheet
PROBLEMS_TOLD = 3


def in_the_way(closing: actions.Closing, places: report.ColumnPlaces) -> ResultTable | None:
    """What stops a close, with the cell of each; None where nothing does."""
    if not closing.problems:
        return None
    run = closing.preview.run
    assert run is not None, "a close that is not done has computed"
    title = f"{report.count(len(closing.problems), 'problem')} in the way of closing {closing.period}"
    return replace(report.check(replace(run, problems=closing.problems), places), title=title)


def question(closing: actions.Closing, file: Path, final: str, all_listed: str = "") -> str:
    """What a person is asked: whether to post, or, where something is in the way, why the period closes nevertheless.

    `final` says how a close is taken back, `all_listed` where all that is in the way is listed.
    """
    from ..bookkeeping import user_name

    amounts = report.by_currency((entry.currency, entry.amount) for entry in closing.preview.entries)
    said = f"{closing.messages[0]} They raise what is accrued by {words(amounts)}. The sheet {PREVIEW} shows them by program and reason."
    said = " ".join((said, *closing.messages[1:]))
    if not closing.problems:
        return f"{said}\n\nPost them as {user_name()}, for {file.name}? {final}"
    why = f"Cancel, and mend these. Or say why {closing.period} closes although they stand; every entry will carry the reason. {final}"
    return f"{said}\n\nIn the way:\n{problems_told(closing, all_listed)}\n\n{why}"


def problems_told(closing: actions.Closing, all_listed: str = "") -> str:
    """The first problems in the way, a line each, and how many more there are."""
    told = [f"- {problem.message}" for problem in closing.problems[:PROBLEMS_TOLD]]
    if (rest := len(closing.problems) - PROBLEMS_TOLD) > 0:
        told.append(f"(and {rest} more{all_listed})")
    return "\n".join(told)


def moved(closing: actions.Closing) -> Refused:
    """The refusal to post what a person has not seen."""
    return Refused(f"The tables have changed since you looked; nothing was posted. Press the button again for {closing.period}.")


def post(closing: actions.Closing, tables: Tables, ledger: Ledger, accepted: str) -> actions.Closing:
    """Post what a person has seen and agreed to; `accepted` says why it closes with errors. Raises Refused where the ledger cannot take it."""
    from ..bookkeeping import user_name
    from ..ledger import CannotOpen, LedgerMoved

    try:
        return actions.post_period(closing, tables, ledger, user_name(), agreed=closing.run_id, accepted=accepted)
    except (CannotOpen, LedgerMoved) as error:
        raise Refused(str(error)) from error


def show_ledger(closing: actions.Closing, tables: Tables, ledger: Ledger, append: Callable[[Sequence[actions.Addition]], str], save: str) -> str:
    """Bring the sheet Ledger up to date; the entries themselves are safe already. Returns what became of them and where they stand.

    `append` writes rows and says where they are, `save` is what remains to be done.
    """
    additions = actions.ledger_rows(tables, ledger)
    if not additions:
        return closing.messages[0]
    try:
        shown = f"The sheet Ledger shows them in {append(additions)}; {save}."
    except Refused as refusal:
        shown = f"The ledger holds them, but not yet its sheet: {refusal} Then press Close Period for the same period again: nothing is posted twice."
    return f"{closing.messages[0]} {shown}"
