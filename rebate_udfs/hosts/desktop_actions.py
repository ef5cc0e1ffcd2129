"""The ribbon's actions in Excel on the desktop: read the tables of the workbook, run the action, write and say what came of it."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from .. import actions, report
from ..model import Refused, Severity
from ..parse import CannotRead
from ..registry import ACTIONS
from ..version import VERSION
from . import desktop_formulas
from .desktop_books import close_period
from .desktop_calls import called
from .desktop_cells import rows_of
from .desktop_claims import receive_statements, validate_claims
from .desktop_log import log_file
from .desktop_place import Place, contents, saved_file
from .desktop_sales import import_transactions, reconcile
from .desktop_talk import Ask, Cancelled, Said, Talk, hold, working
from .desktop_undo import undo
from .desktop_write import write_results, write_stacked
from .statement_sending import MAIL_MERGE, Sending, send
from .template import write_template

Command = Callable[[Place], Talk[Said]]
EXPLAINED = "Explain Cell"  # the sheet
FIGURE_COLUMN = "Figure ID"
FIGURE = re.compile(r"[^/\s]+(/[^/]+){2,3}")
HEADER_ROWS = 30  # how far down a header with Figure ID is looked for
WINDOWS = sys.platform == "win32"

log = logging.getLogger(__name__)


def talk(book: Any, action: str, cell: str = "", is_1904: bool = False, windows: bool = WINDOWS) -> Talk[Said]:
    """An action on an xlwings book, as a talk with the person; whatever goes wrong on the way ends it with a sentence."""
    place = Place(book, cell, is_1904, windows)
    try:
        return (yield from COMMANDS.get(action, _plain(action))(place))
    except Cancelled:
        return Said(True, "")
    except (Refused, CannotRead) as refusal:
        return Said(False, str(refusal))
    except OSError as error:
        return Said(False, f"{error.filename or 'A file'}: {error.strerror or error}.")
    except Exception as error:
        log.exception("%s failed", action)
        said = f"{action} failed unexpectedly ({type(error).__name__}). Please report it, with what stands in {log_file()}."
        return Said(False, said)


def run(
    book: Any, action: str, cell: str = "", is_1904: bool = False, windows: bool = WINDOWS, answer: Callable[[Ask], str | None] = lambda ask: ""
) -> tuple[bool, str]:
    """An action from beginning to end; gives whether it was done and the sentence to show."""
    said = hold(talk(book, action, cell, is_1904, windows), answer)
    return said.done, said.words


def _plain(action: str) -> Command:
    """An action of the registry that wants nothing but the tables."""

    def do(place: Place) -> Talk[Said]:
        found, function = ACTIONS.get(action), getattr(actions, action, None)
        if found is None or function is None:
            raise Refused(f"Rebates {VERSION} has no action {action}.")
        book = yield from contents(place)
        outcome = yield from working("computing", lambda: function(book.tables))
        write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
        return Said(True, "\n".join(outcome.messages) or f"{found.label}: done.")

    return do


def check(place: Place) -> Talk[Said]:
    """Writes the sheet Check."""
    book = yield from contents(place)
    outcome = yield from working("checking", lambda: actions.check(book.tables, None, book.places))
    write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
    return Said(True, _findings(outcome) or "Nothing is wrong with the tables.")


def calculate(place: Place) -> Talk[Said]:
    """Writes all result sheets."""
    book = yield from contents(place)
    outcome = yield from working("computing", lambda: actions.calculate(book.tables, None, book.places))
    write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
    return Said(True, "\n".join(filter(None, (*outcome.messages, _findings(outcome)))))


def _findings(outcome: actions.Outcome) -> str:
    if not outcome.problems:
        return ""
    errors = sum(problem.severity is Severity.ERROR for problem in outcome.problems)
    others = len(outcome.problems) - errors
    return f"{report.count(errors, 'error')} and {report.count(others, 'other finding')}: the sheet Check lists them."


@dataclass
class _Progress:
    """How far the statements are; stops them when the person has stopped waiting."""

    words: str = ""
    stopped: bool = False

    def __call__(self, done: int, total: int) -> None:
        if self.stopped:
            raise Cancelled
        self.words = f"statement {done} of {total}"


def make_statements(place: Place) -> Talk[Said]:
    """Writes one workbook for each distributor, into a folder beside the workbook."""
    file = saved_file(place, "the statements go into a folder beside it")
    book = yield from contents(place)
    run = (yield from working("computing", lambda: actions.make_statements(book.tables))).run
    target = file.parent / f"statements {run.as_of.isoformat()}"
    target.mkdir(exist_ok=True)
    progress = _Progress()
    try:
        made = yield from working("making statements", lambda: send(run, file, target, Sending(), progress), lambda: progress.words)
    except Cancelled:
        progress.stopped = True
        raise
    if not made:
        raise Refused("No distributor takes part in a program that has begun, so there is no statement to make.")
    return Said(True, f"{report.count(len(made), 'statement')} in {target}. Look at one before you send them; {MAIL_MERGE} is for your mail program.")


def explain_cell(place: Place) -> Talk[Said]:
    """Writes how the figure of the selected cell came about; what a cell with an error has to say is shown by VBA."""
    made = called(place.cell)
    texts = made.texts if made is not None and {"program", "distributor"} <= set(made.texts) else None
    figure = _figure(place) if texts is None else ""  # first: the person may go on to another cell
    book = yield from contents(place)
    if texts is not None:
        work = partial(actions.explain, book.tables, texts["program"], texts["distributor"], texts.get("period") or None)
    else:
        work = partial(actions.explain_cell, book.tables, figure)
    outcome = yield from working("explaining", work)
    write_stacked(place.book, EXPLAINED, outcome.run, outcome.tables, place.is_1904, place.windows)
    return Said(True, "\n".join((*outcome.messages, *(table.title for table in outcome.tables))))


def _figure(place: Place) -> str:
    """The figure id of the selected cell: its own text, or the one in its row under the header Figure ID."""
    selected = place.book.app.selection
    if selected is None:
        raise Refused("Select a cell with a figure: a row of a result sheet, or a cell with a REBATE formula.")
    cell = selected[0]
    if isinstance(cell.value, str) and FIGURE.fullmatch(cell.value):
        return str(cell.value)
    sheet = cell.sheet
    rows = rows_of(sheet.used_range, place.windows)
    line = cell.row - sheet.used_range.row
    for header in rows[:HEADER_ROWS]:
        if FIGURE_COLUMN in header and 0 <= line < len(rows):
            figure = rows[line][header.index(FIGURE_COLUMN)]
            if isinstance(figure, str) and FIGURE.fullmatch(figure):
                return figure
    raise Refused(
        "This cell names no figure. Select a row of Attainment, Accruals or Payable, or a formula of Rebates that names a program and a distributor."
    )


def new_workbook(place: Place) -> Said:
    """Opens an empty standard workbook with a book id of its own; on Windows it has no file until it is saved."""
    sample = {"Settings": [{"Setting": "Book ID", "Value": f"B-{uuid4().hex[:8].upper()}"}]}
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        file = (Path(folder) if place.windows else _documents()) / "rebates.xlsx"
        write_template(file, sample=sample)
        if place.windows:
            place.book.app.api.Workbooks.Add(str(file))
        else:
            place.book.app.books.open(str(file))
    return Said(True, "A new standard workbook: fill in its sheets from left to right; the sheet Start says how.")


def _documents() -> Path:
    """A new folder among the person's documents: a Mac opens no file of a folder that it was not allowed to see."""
    for number in range(1, 1000):
        folder = Path.home() / "Documents" / f"Rebates {number}"
        if not folder.exists():
            folder.mkdir(parents=True)
            return folder
    raise Refused("There are too many folders Rebates among your documents; remove some of them.")


def activate_functions(place: Place) -> Said:
    """Enters formulas that came from another program anew."""
    if not place.windows:
        raise Refused("On a Mac the functions come from the web add-in: install it, and press Activate Functions there.")
    done = desktop_formulas.activate(place.book)
    said = f"{report.count(done.entered, 'formula')} of Rebates entered anew."
    if done.links:
        said += f" {report.count(done.links, 'link')} to the add-in in another place broken."
    if done.failed:
        shown = ", ".join(done.failed[:5]) + (f" and {len(done.failed) - 5} more" if len(done.failed) > 5 else "")
        raise Refused(f"{said} Not possible in {shown}: take the protection off these sheets and press it again.")
    return Said(True, said)


def help_text(place: Place) -> Said:
    """What this is, and where things are."""
    return Said(
        True,
        f"Rebates {VERSION}\nPython: {sys.executable}\nLog: {log_file()}\n\n"
        "Functions: type =REBATE in a cell. Every button says what it does when you point at it.\n"
        "Only one of the two add-ins should be loaded, this one or the web add-in: their functions have the same names.",
    )


def _at_once(command: Callable[[Place], Said]) -> Command:
    """A command that asks nothing and takes no time."""

    def do(place: Place) -> Talk[Said]:
        return command(place)
        yield  # so that it is a talk as the others are

    return do


COMMANDS: Mapping[str, Command] = {
    "check": check,
    "calculate": calculate,
    "validate_claims": validate_claims,
    "close_period": close_period,
    "import_transactions": import_transactions,
    "reconcile": reconcile,
    "make_statements": make_statements,
    "receive_statements": receive_statements,
    "explain_cell": explain_cell,
    "new_workbook": _at_once(new_workbook),
    "activate_functions": _at_once(activate_functions),
    "help": _at_once(help_text),
    "undo": _at_once(undo),  # of the menu Edit, not of the ribbon
}
