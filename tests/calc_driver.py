"""A LibreOffice that tests talk to: run by a Python that has `uno`, it starts one, and obeys lines of JSON.

Each line is [command, arguments...]; the answer is one line, {"result": ..} or {"error": ..}.
Usage: python3 calc_driver.py SOFFICE OPTION ...   where the options are those of soffice (its profile, its extensions).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

try:
    import uno
except ImportError:  # read by a Python without LibreOffice, such as the one that collects the tests
    uno = None

FILTERS = {".ods": "calc8", ".xlsx": "Calc MS Excel 2007 XML", ".pdf": "calc_pdf_Export"}
ERROR_RESULTS = 4  # com.sun.star.sheet.FormulaResult.ERROR
WINDOWS = "REBATES_TEST_WINDOWS"  # set: dialogs open, and wait to be answered; headless they do not
RESTART = 81  # how soffice.bin ends when extensions have changed
START_SECONDS = 90
ANSWER_SECONDS = 120
DIALOGS, WORDS, FIELD, BUTTON = (1, 12), (30, 86), 60, 44  # com.sun.star.accessibility.AccessibleRole: alerts and dialogs, labels and texts
MOST_PARTS, SETTLED = 20, 0.5
FILE_NAME = "file_name"  # of LibreOffice's own dialog for files
WHOLE_SECONDS = 3600  # of a whole run of the tests, on a slow machine too


def option(name: str, value: Any) -> Any:
    """A named value as UNO takes it."""
    made = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    made.Name, made.Value = name, value
    return made


class Office:
    """One LibreOffice process and its documents."""

    def __init__(self, program: str, options: list[str]) -> None:
        self.pipe = f"rebates{os.getpid()}"
        shown = [] if os.environ.get(WINDOWS) else ["--headless"]
        self.command = ["timeout", "-k", "5", str(WHOLE_SECONDS), program, *shown, "--norestore", "--nologo", "--nodefault",
                        f"--accept=pipe,name={self.pipe};urp;", *options]  # fmt: skip
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        self.context = self._connect()
        self.manager = self.context.ServiceManager
        self.desktop = self.manager.createInstanceWithContext("com.sun.star.frame.Desktop", self.context)
        self.document: Any = None
        self.other: Any = None  # a second document that is open beside it

    def _connect(self) -> Any:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() == RESTART:
                self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
            try:
                return resolver.resolve(f"uno:pipe,name={self.pipe};urp;StarOffice.ComponentContext")
            except uno.getClass("com.sun.star.connection.NoConnectException"):
                time.sleep(0.1)
        raise TimeoutError("LibreOffice did not start")

    # ---- commands

    def open(self, path: str, hidden: bool = True) -> int:
        """Open a file (or "new") and compute all of it; returns the number of its sheets."""
        self.load(path, hidden)
        self.document.calculateAll()
        return int(self.document.Sheets.Count)

    def load(self, path: str, hidden: bool = True) -> None:
        """Open a file (or "new") as a person does: nothing is computed that LibreOffice would not compute."""
        if self.document is not None:
            self.document.close(True)
        url = "private:factory/scalc" if path == "new" else Path(path).as_uri()
        self.document = self.desktop.loadComponentFromURL(url, "_blank", 0, (option("Hidden", hidden),))

    def beside(self, path: str) -> None:
        """Open a file while the other document stays open; commands go to it from now on."""
        if self.other is not None:
            self.other.close(True)
        self.other, self.document = self.document, None
        self.open(path)

    def turn(self) -> None:
        """Go to the other of two open documents."""
        self.document, self.other = self.other, self.document

    def load_copy(self, path: str) -> None:
        """Open a file as a new document that has none of its own."""
        if self.document is not None:
            self.document.close(True)
        self.document = self.desktop.loadComponentFromURL(Path(path).as_uri(), "_blank", 0, (option("Hidden", True), option("AsTemplate", True)))

    def calculate(self) -> float:
        """Compute everything anew; returns the seconds."""
        began = time.perf_counter()
        self.document.calculateAll()
        return time.perf_counter() - began

    def save(self, path: str) -> None:
        self.document.storeToURL(Path(path).as_uri(), (option("FilterName", FILTERS[Path(path).suffix]),))

    def cells(self, sheet: str, area: str) -> list[list[Any]]:
        """The cells of a range: a number, a text, or ["error", its code, what is shown]."""
        found = self._sheet(sheet).getCellRangeByName(area)
        rows = [list(row) for row in found.getDataArray()]
        start = found.getRangeAddress()
        for area in found.queryFormulaCells(ERROR_RESULTS).getRangeAddresses():
            for row in range(area.StartRow - start.StartRow, area.EndRow - start.StartRow + 1):
                for column in range(area.StartColumn - start.StartColumn, area.EndColumn - start.StartColumn + 1):
                    cell = found.getCellByPosition(column, row)
                    rows[row][column] = ["error", cell.getError(), cell.getString()]
        return rows

    def strings(self, sheet: str, area: str) -> list[list[str]]:
        """The cells of a range as they are shown."""
        found = self._sheet(sheet).getCellRangeByName(area)
        address = found.getRangeAddress()
        height, width = address.EndRow - address.StartRow + 1, address.EndColumn - address.StartColumn + 1
        return [[found.getCellByPosition(column, row).getString() for column in range(width)] for row in range(height)]

    def data(self, sheet: str, area: str) -> list[list[Any]]:
        """The cells of a large range, errors as they come."""
        return [list(row) for row in self._sheet(sheet).getCellRangeByName(area).getDataArray()]

    def printed(self, sheet: str) -> list[list[int]]:
        """The areas that are printed, where that is not all: first column and row, last column and row."""
        areas = self._sheet(sheet).getPrintAreas()
        return [[one.StartColumn, one.StartRow, one.EndColumn, one.EndRow] for one in areas]

    def frozen(self, sheet: str) -> list[int]:
        """How many columns and rows stay in sight."""
        controller = self.document.getCurrentController()
        controller.setActiveSheet(self._sheet(sheet))
        return [controller.getSplitColumn(), controller.getSplitRow()]

    def table(self, name: str) -> list[list[Any]]:
        """The cells of a database range, which a table of Excel becomes."""
        area = self.document.getPropertyValue("DatabaseRanges").getByName(name).getDataArea()
        found = self.document.Sheets.getByIndex(area.Sheet).getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)
        return [list(row) for row in found.getDataArray()]

    def table_place(self, name: str) -> list[int]:
        """The first row and column (from 0) of a database range."""
        area = self.document.getPropertyValue("DatabaseRanges").getByName(name).getDataArea()
        return [area.StartRow, area.StartColumn]

    def remove_sheet(self, name: str) -> None:
        self.document.Sheets.removeByName(name)

    def protect(self, name: str) -> None:
        self._sheet(name).protect("")

    def add_sheet(self, name: str) -> None:
        self.document.Sheets.insertNewByName(name, self.document.Sheets.Count)

    def put_array(self, sheet: str, area: str, formula: str) -> None:
        """Fill a range with one array formula."""
        self._sheet(sheet).getCellRangeByName(area).setArrayFormula(formula.replace(",", ";"))

    def put(self, sheet: str, cell: str, value: Any) -> None:
        """Put a formula, text or number into a cell."""
        found = self._sheet(sheet).getCellRangeByName(cell)
        if isinstance(value, (int, float)):
            found.setValue(value)
        else:
            found.setPropertyValue("FormulaLocal", value)

    def formula(self, sheet: str, cell: str) -> str:
        return str(self._sheet(sheet).getCellRangeByName(cell).getPropertyValue("FormulaLocal"))

    def sheets(self) -> list[str]:
        return list(self.document.Sheets.ElementNames)

    def property(self, sheet: str, area: str, name: str) -> Any:
        found = self._sheet(sheet)
        return (found.getCellRangeByName(area) if area else found).getPropertyValue(name)

    def choices(self, sheet: str, cell: str) -> str:
        """What the validation of a cell allows."""
        return str(self._sheet(sheet).getCellRangeByName(cell).getPropertyValue("Validation").getFormula1())

    def charts(self, sheet: str) -> list[list[Any]]:
        """The charts of a sheet: the title, the names of the series, their values."""
        found = []
        charts = self._sheet(sheet).getCharts()
        for name in charts.getElementNames():
            drawn = charts.getByName(name).getEmbeddedObject()
            series = drawn.getFirstDiagram().getCoordinateSystems()[0].getChartTypes()[0].getDataSeries()
            labels = [one.getDataSequences()[0].getLabel() for one in series]
            names = [label.getData()[0] if label is not None else "" for label in labels]
            values = [list(one.getDataSequences()[0].getValues().getNumericalData()) for one in series]
            found.append([drawn.getTitle().getPropertyValue("String"), names, values])
        return found

    def draw(self, sheet: str, name: str, area: str) -> None:
        """Draw a chart of a range, as a person does."""
        found = self._sheet(sheet)
        rectangle = uno.createUnoStruct("com.sun.star.awt.Rectangle", 30000, 1000, 8000, 6000)
        found.getCharts().addNewByName(name, rectangle, (found.getCellRangeByName(area).getRangeAddress(),), False, False)

    def number_format(self, sheet: str, cell: str) -> str:
        key = self._sheet(sheet).getCellRangeByName(cell).getPropertyValue("NumberFormat")
        return str(self.document.getNumberFormats().getByKey(key).getPropertyValue("FormatString"))

    def select(self, sheet: str, cell: str) -> None:
        self.document.getCurrentController().select(self._sheet(sheet).getCellRangeByName(cell))

    def run(self, action: str, arguments: dict[str, Any]) -> list[Any]:
        """Run a command of our menu through the dispatcher; returns [whether it was done, what was said]."""
        helper = self.manager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", self.context)
        frame = self.document.getCurrentController().getFrame()
        done = helper.executeDispatch(frame, f"org.rebates.calc:{action}", "", 0, tuple(option(*pair) for pair in arguments.items()))
        return [done.State == 1, done.Result]

    def answer(self, action: str, arguments: dict[str, Any], answers: list[list[str]]) -> list[Any]:
        """Run a command as a person does, who answers each dialog: [button], or [button, what is typed].

        Returns whether it was done, what was said, and the words of each dialog; the last answer closes the box that says it.
        """
        came: list[list[Any]] = []
        given = threading.Thread(target=lambda: came.append(self.run(action, arguments)), daemon=True)
        given.start()
        words, before = [], None
        for button, *typed in answers:
            before = self._dialog(given, button, before)
            words.append(" ".join(part.getAccessibleName() for part in parts_of(before) if part.getAccessibleRole() in WORDS))
            if typed:
                self._type(before, *typed)
            pressed(before, button).doAccessibleAction(0)
        given.join(ANSWER_SECONDS)
        if not came:
            raise LookupError(f"the command goes on; the dialogs said {words}")
        return [*came[0], words]

    def _dialog(self, given: threading.Thread, button: str, before: Any) -> Any:
        """The dialog with a button that opens after another one."""
        toolkit = self.manager.createInstanceWithContext("com.sun.star.awt.Toolkit", self.context)
        until = time.monotonic() + ANSWER_SECONDS
        while given.is_alive() and time.monotonic() < until:
            windows = [toolkit.getTopWindow(at) for at in range(toolkit.getTopWindowCount())]
            found = next((window for window in windows if window not in (None, before) and asks(window, button)), None)
            if found is not None:
                return found
            time.sleep(0.2)
        raise LookupError(f"no dialog with {button} opened")

    def _type(self, dialog: Any, text: str) -> None:
        """Type into the field of a dialog, or into the name of the dialog for files."""
        field = next((part for part in parts_of(dialog) if part.getAccessibleRole() == FIELD), None)
        if field is not None:
            field.setText(text)
            return
        time.sleep(SETTLED)  # LibreOffice ends when it is asked for the focus while the window that had it goes
        window = self.manager.createInstanceWithContext("org.libreoffice.uitest.UITest", self.context).getTopFocusWindow()
        window.getChild(FILE_NAME).executeAction("TYPE", (option("KEYCODE", "CTRL+A"),))
        window.getChild(FILE_NAME).executeAction("TYPE", (option("TEXT", text),))

    def undo(self) -> str:
        """Undo one step; returns its title."""
        undo = self.document.getUndoManager()
        title = undo.getCurrentUndoActionTitle()
        undo.undo()
        return str(title)

    def wizard(self, name: str) -> Any:
        """What the function wizard knows of a function: description, arguments with their help."""
        known = self.manager.createInstanceWithContext("com.sun.star.sheet.FunctionDescriptions", self.context)
        found = {one.Name: one.Value for one in known.getByName(name)}
        return [found["Description"], [[one.Name, one.Description] for one in found["Arguments"] or ()]]

    def save_as(self, path: str) -> None:
        """Save under another name, which is the document's from now on."""
        self.document.storeAsURL(Path(path).as_uri(), (option("FilterName", FILTERS[Path(path).suffix]),))

    def banner(self) -> bool:
        """Whether a bar of ours stands above the document."""
        return bool(self.document.getCurrentController().hasInfobar("Rebates"))

    def documents(self) -> list[str]:
        """The titles of the spreadsheets that are open."""
        found, components = [], self.desktop.getComponents().createEnumeration()
        while components.hasMoreElements():
            one = components.nextElement()
            if hasattr(one, "Sheets"):
                found.append(f"{one.getTitle()}: {', '.join(one.Sheets.ElementNames[:3])}")
        return found

    def modified(self) -> bool:
        return bool(self.document.isModified())

    def null_date(self, year: int) -> None:
        """Count dates from another year: 1904."""
        date = self.document.getPropertyValue("NullDate")
        date.Year, date.Month, date.Day = year, 1, 1
        self.document.setPropertyValue("NullDate", date)

    def menu(self) -> list[str]:
        """The commands in the menu that the extension adds."""
        provider = self._configuration()
        path = option("nodepath", "/org.openoffice.Office.Addons/AddonUI/OfficeMenuBar/org.rebates.calc.menu/Submenu")
        access = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", (path,))
        return [access.getByName(name).getByName("URL") for name in sorted(access.getElementNames())]

    def version(self) -> str:
        provider = self._configuration()
        access = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", (option("nodepath", "/org.openoffice.Setup/Product"),)
        )
        return str(access.getByName("ooSetupVersion"))

    def quit(self) -> None:
        for document in (self.document, self.other):
            if document is not None:
                document.close(True)
        self.document = self.other = None
        try:
            self.desktop.terminate()
        finally:
            self.process.wait(30)

    def _configuration(self) -> Any:
        return self.manager.createInstanceWithContext("com.sun.star.configuration.ConfigurationProvider", self.context)

    def _sheet(self, name: str) -> Any:
        return self.document.Sheets.getByName(name)


def parts_of(thing: Any) -> list[Any]:
    """What a window or a part of one consists of, as a screen reader finds it."""
    context = thing.getAccessibleContext() if hasattr(thing, "getAccessibleContext") else thing
    return [context.getAccessibleChild(at).getAccessibleContext() for at in range(min(context.getAccessibleChildCount(), MOST_PARTS))]


def asks(window: Any, button: str) -> bool:
    """Whether a window is a dialog with a button; one that is being closed is gone at any moment."""
    try:
        context = window.getAccessibleContext()
        return context is not None and context.getAccessibleRole() in DIALOGS and pressed(window, button) is not None
    except uno.getClass("com.sun.star.uno.RuntimeException"):
        return False


def pressed(thing: Any, button: str, depth: int = 8) -> Any:
    """The button of that name in a dialog, None where there is none."""
    for part in parts_of(thing):
        if part.getAccessibleRole() == BUTTON and part.getAccessibleName().casefold() == button:
            return part
        found = pressed(part, button, depth - 1) if depth else None
        if found is not None:
            return found
    return None


def main() -> None:
    """Obey until there is nothing more to read."""
    office = Office(sys.argv[1], sys.argv[2:])
    print(json.dumps({"result": office.version()}), flush=True)
    try:
        for line in sys.stdin:
            name, *arguments = json.loads(line)
            try:
                answer = {"result": getattr(office, name)(*arguments)}
            except (uno.getClass("com.sun.star.uno.Exception"), AttributeError, LookupError, OSError, TypeError, ValueError):
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), flush=True)
            if name == "quit":
                return
    finally:
        office.process.terminate()


if __name__ == "__main__":
    main()
