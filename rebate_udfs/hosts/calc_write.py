"""Result tables as sheets of an open LibreOffice document: one table a sheet, as in a workbook on disk.

A sheet of ours is written anew where it stands, so that formulas of the user that point to it stay. A sheet of the user's
is never touched: where one has a result's name nothing is written at all. Everything is one step to undo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..model import ResultColumn, ResultTable, Run, Settings
from ..version import VERSION
from . import look
from .calc_chart import chart_below, hide_chart
from .sheets import FREEZE, KEY_COLUMNS, NARROWEST, NUMERIC, PRINTED, WIDEST, WIDTH_SAMPLE

MARK = "_rebates_result"  # a name of the sheet's own, by which the next run knows it; files on disk carry the same
ROWS_AT_ONCE = 20_000
LAST_ROW = 1_048_575
WIDTH_OF_CHARACTER, POINT, INDENT = 215, 35, 250  # hundredths of a millimetre; of a character at least
SAMPLE_OF_TEXT, BOLD_IS_WIDER = "PURCHASES Northgate 2026-05-31", 1.08
MIDDLE = 2  # com.sun.star.table.CellVertJustify2
CONTENT = 1 | 2 | 4 | 16 | 32 | 512  # values, dates, texts, formulas, hard formats, edited texts; comments stay
BOLD = 150.0
PAGE_STYLE = "Rebates results"
Progress = Callable[[int, int], object]


class SheetTaken(ValueError):
    """A sheet of the user's has the name of a result sheet: one sentence, with what to do."""


def colour(text: str) -> int:
    """A colour as LibreOffice takes it.

    >>> colour("#1F6FB2")
    2060210
    """
    return int(text.lstrip("#"), 16)


def write_tables(
    document: Any, run: Run | None, tables: Sequence[ResultTable], title: str, progress: Progress | None = None, settings: Settings | None = None
) -> None:
    """Write result tables as sheets after the others; without a run `settings` say whose book it is and how it writes dates.

    Raises SheetTaken, before anything is written, for a name that is taken.
    """
    sheets = document.getSheets()
    taken = [table.name for table in tables if sheets.hasByName(table.name) and not is_ours(sheets.getByName(table.name))]
    if taken:
        raise SheetTaken(f"There is a sheet {' and a sheet '.join(taken)} that Rebates did not write. Rename it and press the button again.")
    settings = run.tables.settings if run is not None else settings or Settings()
    said = (f"as of {run.as_of.isoformat()}", f"run {run.run_id}", f"version {run.version}") if run is not None else (f"version {VERSION}",)
    footer = f"Run {run.run_id} · as of {run.as_of.isoformat()}" if run is not None else title
    book = _Book(document, " · ".join(filter(None, (settings.company, *said))), look.date_format(settings.date_format), footer)
    with OneStep(document, title):
        for done, table in enumerate(tables, start=1):
            _Sheet(book, table).write()
            if progress is not None:
                progress(done, len(tables))
    _freeze(document, tables, {table.name: header_row(table) for table in tables})


def is_ours(sheet: Any) -> bool:
    """Whether a sheet was written by us, or holds nothing."""
    if sheet.getPropertyValue("NamedRanges").hasByName(MARK):
        return True
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.getRangeAddress()
    return bool((end.EndRow, end.EndColumn) == (0, 0) and not cursor.getFormula())


def header_row(table: ResultTable) -> int:
    """The row (from 0) of the table's header: under the finding, the run, the notes and an empty row."""
    return len(table.notes) + 3


class OneStep:
    """Everything that changes meanwhile is one step of Undo; what fails half-way is undone.

    A class and no generator: an error of LibreOffice's cannot pass through `contextlib`, which wants to set its traceback.
    """

    def __init__(self, document: Any, title: str) -> None:
        self.document, self.title, self.undo = document, title, document.getUndoManager()

    def __enter__(self) -> None:
        self.undo.enterUndoContext(self.title)
        self.document.addActionLock()
        self.document.lockControllers()

    def __exit__(self, failure: type[BaseException] | None, *rest: object) -> None:
        self.document.unlockControllers()
        self.document.removeActionLock()
        self.undo.leaveUndoContext()
        if failure is not None and self.undo.isUndoPossible() and self.undo.getCurrentUndoActionTitle() == self.title:
            self.undo.undo()


class _Book:
    """The document, with its number formats by their text, and what every sheet says."""

    def __init__(self, document: Any, about: str, date_format: str, footer: str) -> None:
        import uno

        self.uno, self.document, self.about, self.date_format, self.footer = uno, document, about, date_format, footer
        self.formats = document.getNumberFormats()
        self.english = uno.createUnoStruct("com.sun.star.lang.Locale", "en", "US", "")
        self.keys: dict[str, int] = {}
        null = document.getPropertyValue("NullDate")
        self.null_date = date(null.Year, null.Month, null.Day)
        self.page_style = _page_style(document, footer)
        self.character = self._width_of_character()

    def _width_of_character(self) -> float:
        """In the document's font, or in the wider one that is shown where it is not installed."""
        controller = self.document.getCurrentController()
        window = controller.getFrame().getContainerWindow() if controller is not None else None
        if window is None:
            return WIDTH_OF_CHARACTER
        style = self.document.getStyleFamilies().getByName("CellStyles").getByIndex(0)
        font = self.uno.createUnoStruct("com.sun.star.awt.FontDescriptor")
        pixels = window.getInfo().PixelPerMeterX
        font.Name, font.Height = style.getPropertyValue("CharFontName"), round(style.getPropertyValue("CharHeight") * pixels / 39.37 / 72)
        wide = window.getFont(font).getStringWidth(SAMPLE_OF_TEXT) / len(SAMPLE_OF_TEXT)
        return max(WIDTH_OF_CHARACTER, wide / pixels * 100_000 * BOLD_IS_WIDER)

    def number_format(self, text: str) -> int:
        text = text.replace('"-"_)', '"- "')  # LibreOffice shows the space-as-wide-as of a section without digits as it is written
        if text not in self.keys:
            found = self.formats.queryKey(text, self.english, False)
            self.keys[text] = found if found != -1 else self.formats.addNew(text, self.english)
        return self.keys[text]

    def line(self, text: str, width: int) -> Any:
        found = self.uno.createUnoStruct("com.sun.star.table.BorderLine2")
        found.Color, found.OuterLineWidth, found.LineWidth = colour(text), width, width
        return found


def _page_style(document: Any, footer: str) -> str:
    """The page of result sheets: A4 across, one page wide, with the run in the footer."""
    styles = document.getStyleFamilies().getByName("PageStyles")
    if not styles.hasByName(PAGE_STYLE):
        styles.insertByName(PAGE_STYLE, document.createInstance("com.sun.star.style.PageStyle"))
    style = styles.getByName(PAGE_STYLE)
    values = {"IsLandscape": True, "Width": 29700, "Height": 21000, "ScaleToPagesX": 1, "ScaleToPagesY": 0, "HeaderIsOn": False, "FooterIsOn": True}
    for name, value in values.items():
        style.setPropertyValue(name, value)
    content = style.getPropertyValue("RightPageFooterContent")
    content.getRightText().setString(footer)
    for text, kinds in ((content.getLeftText(), ("SheetName",)), (content.getCenterText(), ("PageNumber", " / ", "PageCount"))):
        text.setString("")
        for kind in kinds:
            cursor = text.createTextCursor()
            cursor.gotoEnd(False)
            if kind == " / ":
                text.insertString(cursor, kind, False)
            else:
                text.insertTextContent(cursor, document.createInstance(f"com.sun.star.text.TextField.{kind}"), False)
    style.setPropertyValue("RightPageFooterContent", content)
    return PAGE_STYLE


class _Sheet:
    """One result table on its sheet."""

    def __init__(self, book: _Book, table: ResultTable) -> None:
        self.book, self.table, self.top = book, table, header_row(table)
        self.rows = table.rows[: LAST_ROW - self.top - 1]
        self.bottom = self.top + max(1, len(self.rows))
        self.places = [self._places(index, column) for index, column in enumerate(table.columns)]

    def write(self) -> None:
        self.sheet = self._own_sheet()
        self._widths()
        for index, column in enumerate(self.table.columns):
            self._style(index, column)  # before there is text: each change of a filled cell measures the height of its row
        self._heading()
        self._header()
        self._cells()
        self._totals()
        self._range()
        self._paper(self._chart())
        problems = self.table.name == "Check" and bool(self.rows)
        self.sheet.setPropertyValue("TabColor", colour(look.TAB_PROBLEM if problems else look.TAB_RESULT))
        self.sheet.setPropertyValue("PageStyle", self.book.page_style)
        self.sheet.setTitleRows(self._area(0, self.top).getRangeAddress())
        self.sheet.setPrintTitleRows(True)

    def _own_sheet(self) -> Any:
        """The sheet of that name emptied, or a new one behind the others; marked as ours."""
        sheets, name = self.book.document.getSheets(), self.table.name
        if sheets.hasByName(name):
            sheet = sheets.getByName(name)
            used = sheet.createCursor()
            used.gotoStartOfUsedArea(False)
            used.gotoEndOfUsedArea(True)
            used.clearContents(CONTENT)
            hide_chart(sheet)
        else:
            sheets.insertNewByName(name, sheets.getCount())
            sheet = sheets.getByName(name)
        names = sheet.getPropertyValue("NamedRanges")
        if not names.hasByName(MARK):
            place = sheet.getCellByPosition(0, 0).getCellAddress()
            names.addNewByName(MARK, "$A$1", place, 0)
        return sheet

    def _area(self, column: int, row: int, last_column: int | None = None, last_row: int | None = None) -> Any:
        return self.sheet.getCellRangeByPosition(column, row, column if last_column is None else last_column, row if last_row is None else last_row)

    def _one(self, column: int, row: int) -> Any:
        return self.sheet.getCellByPosition(column, row)

    def _heading(self) -> None:
        """The finding, the run and the notes."""
        title = self._one(0, 0)
        title.setString(look.safe_text(self.table.title))
        _set(title, CharWeight=BOLD, CharHeight=15.0, CharColor=colour(look.INK))
        for row, text in enumerate([self.book.about, *self.table.notes], start=1):
            cell = self._one(0, row)
            cell.setString(look.safe_text(text))
            _set(cell, CharHeight=9.0, CharColor=colour(look.MUTED))

    def _header(self) -> None:
        header = self._area(0, self.top, len(self.table.columns) - 1)
        header.setDataArray((tuple(column.header for column in self.table.columns),))
        _set(header, CharWeight=BOLD, CharColor=colour(look.INK), CellBackColor=colour(look.BAND), IsTextWrapped=True, VertJustify=MIDDLE,
             BottomBorder=self.book.line(look.ACCENT, POINT))  # fmt: skip
        for index, column in enumerate(self.table.columns):
            _set(self._area(index, self.top), HoriJustify=_justify(self.book, column), ParaIndent=_indent(column))

    def _cells(self) -> None:
        if not self.rows:
            empty = self._one(0, self.top + 1)
            empty.setString("nothing to show")
            _set(empty, CharColor=colour(look.MUTED))
            return
        last = len(self.table.columns) - 1
        for start in range(0, len(self.rows), ROWS_AT_ONCE):
            part = self.rows[start : start + ROWS_AT_ONCE]
            first = self.top + 1 + start
            cells = tuple(tuple(cell_for_calc(cell, self.book.null_date) for cell in row) for row in part)
            self._area(0, first, last, first + len(part) - 1).setDataArray(cells)

    def _style(self, index: int, column: ResultColumn) -> None:
        body = self._area(index, self.top + 1, index, self.bottom)
        _set(body, BottomBorder=self.book.line(look.LINE, 9), CharColor=colour(look.INK), HoriJustify=_justify(self.book, column), VertJustify=1,
             ParaIndent=_indent(column))  # fmt: skip
        if column.kind == "date":
            _set(body, NumberFormat=self.book.number_format(self.book.date_format))
        elif column.kind in NUMERIC:
            self._number_formats(index, column)
        else:
            _set(body, IsTextWrapped=column.kind == "text", NumberFormat=self.book.number_format("@" if column.kind == "id" else "General"))
        if column.field == "severity":
            _set(body, CharWeight=BOLD)

    def _number_formats(self, index: int, column: ResultColumn) -> None:
        """Each format over all its rows at once: currencies and rates have their own places."""
        wanted = [self._number_format(column, row[index], self.places[index]) for row in self.rows]
        areas: dict[str, list[Any]] = {}
        start = 0
        for at in range(1, len(wanted) + 1):
            if at == len(wanted) or wanted[at] != wanted[start]:
                area = self._area(index, self.top + 1 + start, index, self.top + at)
                areas.setdefault(wanted[start], []).append(area.getRangeAddress())
                start = at
        for text, found in areas.items():
            together = self.book.document.createInstance("com.sun.star.sheet.SheetCellRanges")
            together.addRangeAddresses(tuple(found), False)
            _set(together, NumberFormat=self.book.number_format(text))

    def _number_format(self, column: ResultColumn, value: Any, places: int) -> str:
        if column.kind == "percent":
            if value is not None and not column.bar:
                needed = look.places_of(Fraction(value) * 100, 5)
                places = needed if needed < 5 else 2
            return look.percent_format(places)
        if column.kind == "integer":
            return "#,##0"
        if isinstance(value, Decimal) and (column.kind == "money" or column.field == "amount"):
            places = max(-int(value.as_tuple().exponent), 0)
        return look.money_format(places)

    def _places(self, index: int, column: ResultColumn) -> int:
        if column.kind == "percent":
            return 1
        if column.kind == "number":
            return look.column_places((row[index] for row in self.rows), 4)
        if column.kind == "money":
            return max((-int(row[index].as_tuple().exponent) for row in self.rows[:100] if isinstance(row[index], Decimal)), default=2)
        return 0

    def _totals(self) -> None:
        """Under the table, with a top border; SUBTOTAL 109 leaves out what the filter hides."""
        self.total = any(column.total for column in self.table.columns) and bool(self.rows)
        if not self.total:
            return
        row = self.bottom + 1
        _set(self._area(0, row, len(self.table.columns) - 1), TopBorder=self.book.line(look.INK, 18), CharWeight=BOLD)
        self._one(0, row).setString("Total")
        for index, column in enumerate(self.table.columns):
            if column.total:
                cell, letters = self._one(index, row), _letters(index)
                cell.setFormula(f"=SUBTOTAL(109;{letters}{self.top + 2}:{letters}{self.bottom + 1})")
                _set(cell, NumberFormat=self.book.number_format(self._number_format(column, None, self.places[index])))

    def _chart(self) -> int:
        """The chart of the table and its list, two rows under the totals; returns the sheet's last row."""
        end = self.bottom + self.total
        if self.table.chart is None:
            return end
        undo = self.book.document.getUndoManager()
        return chart_below(self.sheet, self.table, end + 3, self._put, self.book.number_format, undo)

    def _paper(self, end: int) -> None:
        """What is printed, where that is not all."""
        if (last := PRINTED.get(self.table.name)) is not None:
            fields = [column.field for column in self.table.columns]
            self.sheet.setPrintAreas((self._area(0, 0, fields.index(last), end).getRangeAddress(),))

    def _put(self, column: int, row: int, value: Any) -> Any:
        cell, found = self._one(column, row), cell_for_calc(value, self.book.null_date)
        if isinstance(found, str):
            cell.setString(found)
        else:
            cell.setValue(found)
        if isinstance(value, date):
            cell.setPropertyValue("NumberFormat", self.book.number_format(self.book.date_format))
        return cell

    def _widths(self) -> None:
        columns = self.sheet.getColumns()
        for index, column in enumerate(self.table.columns):
            lengths = [look.shown_length(value, column.kind, self.places[index]) for value in self._longest(index, column)]
            word = max(len(word) for word in column.header.split())
            header = max(word, -(-len(column.header) // 2)) + 4  # headers wrap once; room for the filter's arrow
            columns.getByIndex(index).setPropertyValue("Width", round((min(WIDEST, max([NARROWEST, header, *lengths])) + 2) * self.book.character))

    def _longest(self, index: int, column: ResultColumn) -> list[Any]:
        """What decides a column's width: of texts a sample, of numbers the largest or their sum."""
        if column.kind not in NUMERIC:
            sample = (row[index] for row in self.rows[:WIDTH_SAMPLE])
            return [_place_words(value) if isinstance(value, tuple) else value for value in sample]
        numbers = [abs(row[index]) for row in self.rows if row[index] is not None]
        return [sum(numbers) if column.total else max(numbers)] if numbers else []

    def _range(self) -> None:
        """A database range with a filter over the table: a file saved for Excel has it as well."""
        ranges = self.book.document.getPropertyValue("DatabaseRanges")
        name = "Result_" + self.table.name.replace(" ", "_").replace("-", "_")
        address = self._area(0, self.top, len(self.table.columns) - 1, self.bottom).getRangeAddress()
        if ranges.hasByName(name):
            ranges.getByName(name).setDataArea(address)
        else:
            ranges.addNewByName(name, address)
        _set(ranges.getByName(name), AutoFilter=True)


def cell_for_calc(value: Any, null_date: date) -> float | str:
    """A value as a cell keeps it literally: a day as its number from the document's first, a text never as a formula.

    >>> cell_for_calc(date(2026, 3, 31), date(1899, 12, 30)), cell_for_calc(True, date(1904, 1, 1)), cell_for_calc("=1+1", date(1904, 1, 1))
    (46112.0, 'Yes', '=1+1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (int, Decimal, Fraction, float)):
        return float(value)
    if isinstance(value, date):
        return float((date(value.year, value.month, value.day) - null_date).days)
    return look.safe_text(_place_words(value) if isinstance(value, tuple) else str(value))


def _freeze(document: Any, tables: Iterable[ResultTable], headers: dict[str, int]) -> None:
    """Header and key columns stay in sight; the view ends on the first of the sheets."""
    controller = document.getCurrentController()
    if controller is None:
        return
    first = None
    for table in tables:
        sheet = document.getSheets().getByName(table.name)
        first = first or sheet
        controller.setActiveSheet(sheet)
        controller.freezeAtPosition(min(FREEZE.get(table.name, KEY_COLUMNS), len(table.columns)), headers[table.name] + 1)
        controller.setPropertyValue("ShowGrid", False)
    if first is not None:
        controller.setActiveSheet(first)


def _set(target: Any, **properties: Any) -> None:
    """Set properties of cells, all in one change where the target takes several, which wants their names in order."""
    if hasattr(target, "setPropertyValues"):
        names = tuple(sorted(properties))
        target.setPropertyValues(names, tuple(properties[name] for name in names))
        return
    for name, value in properties.items():
        target.setPropertyValue(name, value)


def _justify(book: _Book, column: ResultColumn) -> Any:
    return book.uno.Enum("com.sun.star.table.CellHoriJustify", "RIGHT" if column.kind in NUMERIC else "LEFT")


def _indent(column: ResultColumn) -> int:
    """Text keeps away from the number on its left."""
    return 0 if column.kind in NUMERIC else INDENT


def _place_words(place: tuple[str, str]) -> str:
    """A link's words: a cell by its address, a whole row by its number, a table by its name."""
    sheet, cell = place
    first, _, last = cell.partition(":")
    return f"{sheet} row {first}" if first == last else sheet if cell == "A1" else f"{sheet} {cell}"


def _letters(index: int) -> str:
    from ..actions import column_letters

    return column_letters(index)
