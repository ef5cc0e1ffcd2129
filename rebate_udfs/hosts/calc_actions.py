"""The commands of LibreOffice's menu: read the tables of the open document, run the action, write and say what came of it.

A command takes named options, as macros give them: AsOf (yyyy-mm-dd), Folder, Figure, Quiet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from .. import actions, report
from ..model import CellError, Severity, Tables
from ..parse import CannotRead
from ..pipeline import verdicts
from ..registry import ACTIONS
from ..tables import read
from ..version import VERSION
from . import calc, calc_opened, calc_paths
from .calc_messages import TITLE, say
from .calc_read import UnknownDates, read_document
from .calc_write import SheetTaken, write_tables

log = logging.getLogger(__name__)
FIGURE_COLUMN = "Figure ID"
STEPS_SHOWN = 30
RESULT_SHEET_ROWS = 30  # how far down a header with Figure ID is looked for


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command was given: the document and its window, and the command's options."""

    context: Any
    frame: Any
    document: Any
    given: Mapping[str, Any]

    @property
    def as_of(self) -> date | None:
        """The day to compute up to, where the command names one."""
        text = str(self.given.get("AsOf", "")).strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise actions.Refused(f"AsOf: {text} is no date; write it as 2026-03-31.") from error


def run(context: Any, frame: Any, name: str, given: Mapping[str, Any]) -> tuple[bool, str]:
    """Run a command; returns whether it was done, and the sentence that was shown."""
    document = frame.getController().getModel() if frame is not None else None
    place = Place(context, frame, document, given)
    try:
        return True, say(frame, COMMANDS.get(name, _elsewhere(name))(place), given)
    except (actions.Refused, CannotRead, SheetTaken, UnknownDates) as refusal:
        return False, say(frame, str(refusal), given, failed=True)
    except OSError as error:
        return False, say(frame, f"{error.filename or 'A file'}: {error.strerror or error}.", given, failed=True)
    except Exception as error:
        log.exception("%s failed", name)
        text = f"{name} failed unexpectedly ({type(error).__name__}); nothing was changed. Please report it, with the text on LibreOffice's console."
        return False, say(frame, text, given, failed=True)


def _elsewhere(name: str) -> Callable[[Place], str]:
    """An action that this host does not have yet says where it is."""

    def refuse(place: Place) -> str:
        action = ACTIONS.get(name)
        if action is None:
            raise actions.Refused(f"Rebates {VERSION} has no command {name}.")
        raise actions.Refused(f"{action.label} runs from the command line: save this book as .xlsx, then `rebates {action.verb} BOOK`.")

    return refuse


def _read(place: Place) -> tuple[Tables, report.ColumnPlaces]:
    raw, problems = read_document(place.document)
    if not raw and not problems:
        raise actions.Refused("This document holds none of the standard tables (Programs, Tiers, Distributors, ...). Begin with New Workbook.")
    return read(raw, as_of=place.as_of, problems=problems), actions.column_places(raw)


def check(place: Place) -> str:
    """Writes the sheet Check."""
    tables, places = _read(place)
    outcome = actions.check(tables, place.as_of, places)
    _write(place, outcome, "Check")
    return f"{_findings(outcome)} The sheet Check lists them." if outcome.problems else "Nothing is wrong with the tables."


def calculate(place: Place) -> str:
    """Writes all result sheets."""
    tables, places = _read(place)
    outcome = actions.calculate(tables, place.as_of, places)
    _write(place, outcome, "Calculate")
    found = f"\n\n{_findings(outcome)} The sheet Check lists them." if outcome.problems else ""
    return "\n".join(outcome.messages) + found


def _write(place: Place, outcome: actions.Outcome, step: str) -> None:
    indicator = place.frame.createStatusIndicator()
    indicator.start(f"{TITLE}: {step}", len(outcome.tables))
    try:
        write_tables(place.document, outcome.run, outcome.tables, f"{TITLE}: {step}", lambda done, total: indicator.setValue(done))
    finally:
        indicator.end()


def _findings(outcome: actions.Outcome) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in outcome.problems)
    others = len(outcome.problems) - errors
    return f"{report.count(errors, 'error')}, {report.count(others, 'warning')}."


def make_statements(place: Place) -> str:
    """Writes one workbook for each distributor into a folder; of a saved document signed, so that they can be received."""
    from .statement_sending import MAIL_MERGE, Sending, send
    from .statements import make_statements as write_statements

    tables, _ = _read(place)
    outcome = actions.make_statements(tables, place.as_of)
    folder = _folder(place)
    run, url = outcome.run, str(place.document.URL)
    if url.startswith("file:"):
        made = send(run, _path_of(url), folder, Sending())
        return f"{report.count(len(made), 'statement')} in {folder}; {MAIL_MERGE} is for your mail program."
    made = write_statements(run, folder, jobs=1, verdicts=lambda ids: verdicts(run, ids))
    unsigned = "They are not signed, as this document is not saved: save it and make them again, or they cannot be received."
    return f"{report.count(len(made), 'statement')} in {folder}. {unsigned}"


def _path_of(url: str) -> Path:
    return Path(url2pathname(unquote(urlparse(url).path)))


def _folder(place: Place) -> Path:
    """The folder that the command names, else the one that the person chooses."""
    if place.given.get("Folder"):
        return Path(str(place.given["Folder"]))
    picker = place.context.ServiceManager.createInstanceWithContext("com.sun.star.ui.dialogs.FolderPicker", place.context)
    picker.setTitle("The folder for the statements")
    if picker.execute() != 1:
        raise actions.Refused("No folder was chosen; nothing was written.")
    return _path_of(picker.getDirectory())


def explain_cell(place: Place) -> str:
    """Shows how the figure of the selected cell came about, or why the cell holds an error."""
    figure = str(place.given.get("Figure", "")).strip()
    if not figure:
        cell = _selected(place)
        if calc_opened.OURS in calc_opened.formula_of(cell).upper():
            return _explain_formula(place, cell)
        figure = _figure_of(cell)
    tables, _ = _read(place)
    return _told(actions.explain_cell(tables, figure, place.as_of))


def _selected(place: Place) -> Any:
    selection = place.document.getCurrentSelection()
    if selection is None or not hasattr(selection, "getCellByPosition"):
        raise actions.Refused("Select one cell: a figure of a result sheet, or a formula of Rebates.")
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
    raise actions.Refused("This cell names no figure. Select a row of Attainment, Accruals or Payable, or a formula of Rebates.")


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
        raise actions.Refused("The formula did not get as far as Rebates: look at the cells that it refers to.")
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
    desktop = place.context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", place.context)
    desktop.loadComponentFromURL(actions.new_workbook().as_uri(), "_blank", 0, (option, hidden))
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
    "make_statements": make_statements,
    "explain_cell": explain_cell,
    "new_workbook": new_workbook,
    "activate_functions": activate_functions,
    "help": help_text,
}
