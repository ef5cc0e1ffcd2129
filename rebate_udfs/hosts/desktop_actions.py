"""The ribbon's actions in Excel on the desktop: read the tables of the workbook, run the action, write and say what came of it."""

from __future__ import annotations

import inspect
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from .. import actions, report
from ..model import Severity, Tables
from ..parse import CannotRead
from ..pipeline import verdicts
from ..registry import ACTIONS
from ..tables import read
from ..version import VERSION
from . import desktop, desktop_formulas
from .desktop_cells import rows_of
from .desktop_read import read_tables
from .desktop_write import write_results, write_stacked
from .statements import make_statements as write_statements
from .template import write_template

WINDOWS = sys.platform == "win32"
EXPLAINED = "Explain Cell"  # the sheet
FIGURE_COLUMN = "Figure ID"
FIGURE = re.compile(r"[^/\s]+(/[^/]+){2,3}")
HEADER_ROWS = 30  # how far down a header with Figure ID is looked for

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a button was pressed: the workbook, the address of the selected cell, the workbook's date system."""

    book: Any
    cell: str
    is_1904: bool
    windows: bool = WINDOWS


def run(book: Any, action: str, cell: str = "", is_1904: bool = False, windows: bool = WINDOWS) -> tuple[bool, str]:
    """Run an action on an xlwings book; gives whether it was done and the sentence to show."""
    place = Place(book, cell, is_1904, windows)
    try:
        return True, COMMANDS.get(action, _plain(action))(place)
    except (actions.Refused, CannotRead) as refusal:
        return False, str(refusal)
    except OSError as error:
        return False, f"{error.filename or 'A file'}: {error.strerror or error}."
    except Exception as error:
        log.exception("%s failed", action)
        return False, f"{action} failed unexpectedly ({type(error).__name__}). Please report it, with what stands in {desktop.log_file()}."


def _plain(action: str) -> Callable[[Place], str]:
    """An action that wants nothing but the tables; any other says where it runs."""

    def do(place: Place) -> str:
        found = ACTIONS.get(action)
        function = getattr(actions, action, None)
        if found is None:
            raise actions.Refused(f"Rebates {VERSION} has no action {action}.")
        if function is None or not _takes_tables_only(function):
            raise actions.Refused(f"{found.label} runs from the command line: save this workbook, then `rebates {found.verb} BOOK`.")
        outcome = function(_tables(place)[0])
        write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
        return "\n".join(outcome.messages) or f"{found.label}: done."

    return do


def _takes_tables_only(function: Callable[..., Any]) -> bool:
    needed = [one.name for one in inspect.signature(function).parameters.values() if one.default is inspect.Parameter.empty]
    return needed == ["tables"]


def _tables(place: Place) -> tuple[Tables, report.ColumnPlaces]:
    raw, problems = read_tables(place.book, place.is_1904, place.windows)
    if not raw:
        raise actions.Refused("This workbook holds none of the standard tables (Programs, Tiers, Distributors, ...). Begin with New Workbook.")
    return read(raw, problems=problems), actions.column_places(raw)


def check(place: Place) -> str:
    """Writes the sheet Check."""
    tables, places = _tables(place)
    outcome = actions.check(tables, None, places)
    write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
    return _findings(outcome) or "Nothing is wrong with the tables."


def calculate(place: Place) -> str:
    """Writes all result sheets."""
    tables, places = _tables(place)
    outcome = actions.calculate(tables, None, places)
    write_results(place.book, outcome.run, outcome.tables, place.is_1904, place.windows)
    return "\n".join(filter(None, (*outcome.messages, _findings(outcome))))


def _findings(outcome: actions.Outcome) -> str:
    if not outcome.problems:
        return ""
    errors = sum(problem.severity is Severity.ERROR for problem in outcome.problems)
    others = len(outcome.problems) - errors
    return f"{report.count(errors, 'error')} and {report.count(others, 'other finding')}: the sheet Check lists them."


def make_statements(place: Place) -> str:
    """Writes one workbook for each distributor, into a folder beside the workbook."""
    folder = _folder(place.book)
    run = actions.make_statements(_tables(place)[0]).run
    target = folder / f"statements {run.as_of.isoformat()}"
    target.mkdir(exist_ok=True)

    def progress(done: int, total: int) -> None:
        place.book.app.status_bar = f"Rebates: statement {done} of {total}"

    made = write_statements(run, target, jobs=1, verdicts=lambda ids: verdicts(run, ids), progress=progress)
    if not made:
        raise actions.Refused("No distributor takes part in a program that has begun, so there is no statement to make.")
    return f"{report.count(len(made), 'statement')} in {target}. Look at one before you send them."


def _folder(book: Any) -> Path:
    """The folder of the workbook on this computer."""
    path = Path(book.fullname)
    if "://" in str(book.fullname) or not path.parent.is_dir() or path.parent == Path():
        raise actions.Refused("Save the workbook in a folder of this computer first: the statements go into a folder beside it.")
    return path.parent


def explain_cell(place: Place) -> str:
    """Writes how the figure of the selected cell came about; what a cell with an error has to say is shown by VBA."""
    made = desktop.called(place.cell)
    tables, _ = _tables(place)
    if made is not None and {"program", "distributor"} <= set(made.texts):
        outcome = actions.explain(tables, made.texts["program"], made.texts["distributor"], made.texts.get("period") or None)
    else:
        outcome = actions.explain_cell(tables, _figure(place))
    write_stacked(place.book, EXPLAINED, outcome.run, outcome.tables, place.is_1904, place.windows)
    return "\n".join((*outcome.messages, *(table.title for table in outcome.tables)))


def _figure(place: Place) -> str:
    """The figure id of the selected cell: its own text, or the one in its row under the header Figure ID."""
    selected = place.book.app.selection
    if selected is None:
        raise actions.Refused("Select a cell with a figure: a row of a result sheet, or a cell with a REBATE formula.")
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
    raise actions.Refused(
        "This cell names no figure. Select a row of Attainment, Accruals or Payable, or a formula of Rebates that names a program and a distributor."
    )


def new_workbook(place: Place) -> str:
    """Opens an empty standard workbook with a book id of its own; on Windows it has no file until it is saved."""
    sample = {"Settings": [{"Setting": "Book ID", "Value": f"B-{uuid4().hex[:8].upper()}"}]}
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        file = (Path(folder) if place.windows else _documents()) / "rebates.xlsx"
        write_template(file, sample=sample)
        if place.windows:
            place.book.app.api.Workbooks.Add(str(file))
        else:
            place.book.app.books.open(str(file))
    return "A new standard workbook: fill in its sheets from left to right; the sheet Start says how."


def _documents() -> Path:
    """A new folder among the person's documents: a Mac opens no file of a folder that it was not allowed to see."""
    for number in range(1, 1000):
        folder = Path.home() / "Documents" / f"Rebates {number}"
        if not folder.exists():
            folder.mkdir(parents=True)
            return folder
    raise actions.Refused("There are too many folders Rebates among your documents; remove some of them.")


def activate_functions(place: Place) -> str:
    """Enters formulas that came from another program anew."""
    if not place.windows:
        raise actions.Refused("On a Mac the functions come from the web add-in: install it, and press Activate Functions there.")
    done = desktop_formulas.activate(place.book)
    said = f"{report.count(done.entered, 'formula')} of Rebates entered anew."
    if done.links:
        said += f" {report.count(done.links, 'link')} to the add-in in another place broken."
    if done.failed:
        shown = ", ".join(done.failed[:5]) + (f" and {len(done.failed) - 5} more" if len(done.failed) > 5 else "")
        raise actions.Refused(f"{said} Not possible in {shown}: take the protection off these sheets and press it again.")
    return said


def help_text(place: Place) -> str:
    """What this is, and where things are."""
    return (
        f"Rebates {VERSION}\nPython: {sys.executable}\nLog: {desktop.log_file()}\n\n"
        "Functions: type =REBATE in a cell. Every button says what it does when you point at it.\n"
        "Only one of the two add-ins should be loaded, this one or the web add-in: their functions have the same names."
    )


COMMANDS: Mapping[str, Callable[[Place], str]] = {
    "check": check,
    "calculate": calculate,
    "make_statements": make_statements,
    "explain_cell": explain_cell,
    "new_workbook": new_workbook,
    "activate_functions": activate_functions,
    "help": help_text,
}
