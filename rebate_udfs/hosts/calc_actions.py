"""The commands of LibreOffice's menu: read the tables of the open document, run the action, write and say what came of it.

A command takes named options, as macros give them: AsOf (yyyy-mm-dd), Folder, File, Figure, Quiet, Yes and those that each command names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from .. import actions, report
from ..model import CellError, Refused, Severity
from ..parse import CannotRead
from ..registry import ACTIONS
from ..version import VERSION
from . import calc, calc_opened, calc_paths
from .calc_books import close_period
from .calc_claims import make_statements, receive_statements, validate_claims
from .calc_messages import TITLE, say
from .calc_place import Place, Progress, contents
from .calc_read import UnknownDates
from .calc_sales import import_transactions, reconcile
from .calc_write import SheetTaken, write_tables

log = logging.getLogger(__name__)
FIGURE_COLUMN = "Figure ID"
STEPS_SHOWN = 30
RESULT_SHEET_ROWS = 30  # how far down a header with Figure ID is looked for


def run(context: Any, frame: Any, name: str, given: Mapping[str, Any]) -> tuple[bool, str]:
    """Run a command; returns whether it was done, and the sentence that was shown."""
    document = frame.getController().getModel() if frame is not None else None
    place = Place(context, frame, document, given)
    try:
        return True, say(frame, COMMANDS.get(name, _plain(name))(place), given)
    except (Refused, CannotRead, SheetTaken, UnknownDates) as refusal:
        return False, say(frame, str(refusal), given, failed=True)
    except ModuleNotFoundError as lacking:
        return False, say(frame, calc_paths.complaint(lacking.name or ""), given, failed=True)
    except OSError as error:
        return False, say(frame, f"{error.filename or 'A file'}: {error.strerror or error}.", given, failed=True)
    except Exception as error:
        log.exception("%s failed", name)
        text = f"{name} failed unexpectedly ({type(error).__name__}); nothing was changed. Please report it, with the text on LibreOffice's console."
        return False, say(frame, text, given, failed=True)


def _plain(name: str) -> Callable[[Place], str]:
    """An action of the registry that wants nothing but the tables."""

    def do(place: Place) -> str:
        action, function = ACTIONS.get(name), getattr(actions, name, None)
        if action is None or function is None:
            raise Refused(f"Rebates {VERSION} has no command {name}.")
        outcome = function(contents(place).tables, place.as_of)
        _write(place, outcome, action.label)
        return "\n".join(outcome.messages) or f"{action.label}: done."

    return do


def check(place: Place) -> str:
    """Writes the sheet Check."""
    book = contents(place)
    outcome = actions.check(book.tables, place.as_of, book.places)
    _write(place, outcome, "Check")
    return f"{_findings(outcome)} The sheet Check lists them." if outcome.problems else "Nothing is wrong with the tables."


def calculate(place: Place) -> str:
    """Writes all result sheets, and makes the handles of the document anew: a cell that says its handle is old asks for it."""
    calc_opened.refresh(place.document)
    book = contents(place)
    outcome = actions.calculate(book.tables, place.as_of, book.places)
    _write(place, outcome, "Calculate")
    found = f"\n\n{_findings(outcome)} The sheet Check lists them." if outcome.problems else ""
    return "\n".join(outcome.messages) + found


def _write(place: Place, outcome: actions.Outcome, step: str) -> None:
    with Progress(place, len(outcome.tables)) as begin:
        write_tables(place.document, outcome.run, outcome.tables, f"{TITLE}: {step}", lambda done, total: begin(f"{step}, sheet {done} of {total}"))


def _findings(outcome: actions.Outcome) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in outcome.problems)
    others = len(outcome.problems) - errors
    return f"{report.count(errors, 'error')}, {report.count(others, 'warning')}."


def explain_cell(place: Place) -> str:
    """Shows how the figure of the selected cell came about, or why the cell holds an error."""
    figure = str(place.given.get("Figure", "")).strip()
    if not figure:
        cell = _selected(place)
        if calc_opened.OURS in calc_opened.formula_of(cell).upper():
            return _explain_formula(place, cell)
        figure = _figure_of(cell)
    return _told(actions.explain_cell(contents(place).tables, figure, place.as_of))


def _selected(place: Place) -> Any:
    selection = place.document.getCurrentSelection()
    if selection is None or not hasattr(selection, "getCellByPosition"):
        raise Refused("Select one cell: a figure of a result sheet, or a formula of Rebates.")
    return selection.getCellByPosition(0, 0)


def _figure_of(cell: Any) -> str:
    """The figure id in the row of a cell on a result sheet."""
    sheet, row = cell.getSpreadsheet(), cell.getCellAddress().Row
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = cursor.getRangeAddress().EndColumn
    for cells in sheet.getCellRangeByPosition(0, 0, last, RESULT_SHEET_ROWS).getDataArray():
        if FIGURE_COLUMN in cells:
            found = sheet.getCellByPosition(cells.index(FIGURE_COLUMN), row).getString()
            if "/" in found:
                return str(found)
    raise Refused("This cell names no figure. Select a row of Attainment, Accruals or Payable, or a formula of Rebates.")


def _explain_formula(place: Place, cell: Any) -> str:
    """What a formula's functions of ours were given and gave: an error with its message, a figure with its steps."""
    changed, undo = place.document.isModified(), place.document.getUndoManager()
    calc.listen(True)
    undo.lock()  # the cell is computed anew, which changes nothing
    try:
        calc_opened.enter_again(cell)
        cell.getString()
    finally:
        undo.unlock()
        calls = calc.listen(False)
        place.document.setModified(changed)
    if not calls:
        raise Refused("The formula did not get as far as Rebates: look at the cells that it refers to.")
    made = next((call for call in calls if call.errors), calls[0])
    if made.errors:
        return "\n".join(f"{made.function} gives {error.code}: {error.message}" for error in made.errors)
    if all(isinstance(made.arguments.get(name), str) for name in ("book", "program", "distributor")):
        steps = calc.explain(made, place.document)
        return steps.message if isinstance(steps, CellError) else _told_rows(steps)
    return f"{made.function} gives {cell.getString()}."


def _told(outcome: actions.Outcome) -> str:
    """An explanation as lines of text."""
    lines: list[str] = [*outcome.messages]
    for table in outcome.tables:
        lines += ["", table.title] if lines else [table.title]
        if table.name == "Explanation":
            lines += [f"{row[0]}: {row[1]}" for row in table.rows[:STEPS_SHOWN]]
    return "\n".join(lines)


def _told_rows(rows: list[list[Any]]) -> str:
    return "\n".join(" · ".join(str(cell) for cell in row if cell not in (None, "")) for row in rows[1 : STEPS_SHOWN + 1])


def new_workbook(place: Place) -> str:
    """Opens a copy of the empty standard workbook."""
    import uno

    option = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    option.Name, option.Value = "AsTemplate", True
    hidden = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    hidden.Name, hidden.Value = "Hidden", bool(place.given.get("Hidden"))
    place.service("com.sun.star.frame.Desktop").loadComponentFromURL(actions.new_workbook().as_uri(), "_blank", 0, (option, hidden))
    return "A new standard workbook: fill in its sheets from left to right; the sheet Start says how."


def activate_functions(place: Place) -> str:
    """Enters every formula of ours again."""
    done = calc_opened.activate(place.document)
    return f"{report.count(done, 'formula')} of Rebates computed anew."


def help_text(place: Place) -> str:
    """What this is, and where it looks for packages."""
    found = ", ".join(map(str, calc_paths.folders())) or "LibreOffice's own Python"
    return f"Rebates {VERSION}.\nPackages from: {found}.\nSettings file: {calc_paths.settings_file()}.\nFunctions: Insert, Function, type REBATE."


COMMANDS: Mapping[str, Callable[[Place], str]] = {
    "check": check,
    "calculate": calculate,
    "import_transactions": import_transactions,
    "validate_claims": validate_claims,
    "close_period": close_period,
    "reconcile": reconcile,
    "make_statements": make_statements,
    "receive_statements": receive_statements,
    "explain_cell": explain_cell,
    "new_workbook": new_workbook,
    "activate_functions": activate_functions,
    "help": help_text,
}
