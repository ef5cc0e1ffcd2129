"""The sheet Analysis of the standard workbook: working formulas of ours that a person changes, copies and points charts at.

The handle of the book, named Rebates; an as-of date; a matrix of what was accrued by program and month end; a figure
explained; the attainment table. What spills has nothing below or beside it, so it never meets another cell.
Source: functions.md, "On the workbook"; architecture.md, "Spilled formulas in templates".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from ..book_functions import rebate_accrual, rebate_book, rebate_explain, rebate_table
from ..columns import BY_NAME
from ..describe import Table
from ..model import CellError
from ..registry import FUNCTIONS
from . import look
from .sheets import Book

NAME = "Analysis"
HANDLE_NAME = "Rebates"
TITLE = "Analysis: formulas that follow your tables"
ABOUT = "Change the yellow cells; copy the formulas where you need them. Calculating never writes on this sheet."
NOT_ACTIVE = "Cells show #NAME? or #VALUE!? Install the add-in (rebates addin install), then press Activate Functions on the tab Rebates."
PROGRAMS, MONTHS = 10, 12  # of the matrix
HANDLE, AS_OF = (5, 2), (6, 2)
MATRIX, EXPLAINED = (9, 1), (27, 1)  # row and column (from 0) of the header of a block
ASKED = (("Program ID", "Programs"), ("Distributor ID", "Distributors"), ("Period", ""))  # the input cells above the explanation
ATTAINMENT = (9, 16)
EXPLAINED_SIZE, ATTAINMENT_SIZE = (60, 5), (201, 26)  # where a program does not spill by itself: rows with the header, columns
WIDTHS = {0: 3, 1: 22, 2: 64, 15: 3, 17: 28, 19: 30}
WIDTH = 14
REFERENCE_ROWS = 5000  # of the id column that a drop-down offers
EXCEL_DAY_ZERO = date(1899, 12, 30)
DATED = (("Transactions", "Invoice Date"), ("Claims", "Claim Date"), ("Payments", "Paid On"))
Rows = Sequence[Mapping[str, Any]]


class Host(StrEnum):
    """For whom formulas are spelled."""

    DESKTOP = "desktop"
    WEB = "web"
    CALC = "calc"


PREFIX = {Host.DESKTOP: "", Host.WEB: "_xldudf_", Host.CALC: ""}  # in the file; a person types the plain name everywhere


@dataclass(frozen=True)
class Figures:
    """What the formulas of the sheet give for the rows of the book, stored with them for readers that do not compute."""

    handle: str = ""
    as_of: date | None = None
    programs: tuple[tuple[str, str], ...] = ()  # id and name
    accruals: tuple[tuple[Any, ...], ...] = ()  # one row a program, then all of them
    asked: tuple[str, ...] = ("", "", "")
    explained: list[list[Any]] = field(default_factory=list)
    attainment: list[list[Any]] = field(default_factory=list)

    @property
    def months(self) -> tuple[date, ...]:
        """The ends of twelve months; the last is the as-of date itself."""
        return () if self.as_of is None else tuple(min(self.as_of, end_of_month(self.as_of, back)) for back in range(1 - MONTHS, 1))


def end_of_month(day: date, months: int) -> date:
    """The last day of the month so many months later.

    >>> end_of_month(date(2026, 3, 31), -1), end_of_month(date(2026, 3, 31), 9)
    (datetime.date(2026, 2, 28), datetime.date(2026, 12, 31))
    """
    number = day.year * 12 + day.month + months  # of the month after
    return date(number // 12, number % 12 + 1, 1) - timedelta(days=1)


def book_formula() -> str:
    """The call of REBATE_BOOK on every table of the workbook, in the function's order.

    >>> book_formula()[:48]
    'REBATE_BOOK(Programs[[#All]],Tiers[[#All]],Distr'
    """
    return f"REBATE_BOOK({','.join(f'{table.excel_name}[[#All]]' for table in _book_tables())})"


def _book_tables() -> list[Table]:
    """The tables that REBATE_BOOK takes, in its order."""
    by_argument = {name.casefold().replace(" ", "_"): table for name, table in BY_NAME.items()}
    return [by_argument[argument.name] for argument in FUNCTIONS["REBATE_BOOK"].arguments]


def compute_figures(filled: Mapping[str, Rows]) -> Figures:
    """The figures of a book by its rows (table name -> rows by column header); none where it has no program."""
    programs = [row for row in filled.get("Programs", ()) if row.get("Program ID")]
    if not programs:
        return Figures()
    handle = rebate_book(*(_cells(table, filled.get(table.name, ())) for table in _book_tables()))
    if isinstance(handle, CellError):
        return Figures(handle.code)
    shown = tuple((str(row["Program ID"]), str(row.get("Program Name") or "")) for row in programs[:PROGRAMS])
    day = _as_of(filled)
    dated = Figures(handle, day, shown)
    text = day.isoformat() if day else ""
    accruals = tuple(tuple(_stored(rebate_accrual(handle, one, "", end.isoformat())) for end in dated.months) for one in (*(p for p, _ in shown), ""))
    attainment = rebate_table(handle, "Attainment", "", "", text)
    pair = next(((row[0], row[2]) for row in attainment[1:] if len(row) > 2 and row[2]), ("", "")) if isinstance(attainment, list) else ("", "")
    explained = rebate_explain(handle, pair[0], pair[1], "", text) if all(pair) else []
    return Figures(handle, day, shown, accruals, (*pair, ""), _rows(explained), _rows(attainment))


def _cells(table: Table, rows: Rows) -> list[list[Any]]:
    headers = [column.header for column in table.columns]
    return [list(headers), *([row.get(header) for header in headers] for row in rows)]


def _as_of(filled: Mapping[str, Rows]) -> date | None:
    """The As Of of the settings, else the latest date of what happened; as the cell's formula has it."""
    given = next((row.get("Value") for row in filled.get("Settings", ()) if row.get("Setting") == "As Of"), None)
    if isinstance(given, date):
        return given
    days = (row.get(header) for name, header in DATED for row in filled.get(name, ()))
    return max((day for day in days if isinstance(day, date)), default=None)


def _rows(result: Any) -> list[list[Any]]:
    return result if isinstance(result, list) else [[_stored(result)]]


def _stored(value: Any) -> Any:
    return value.code if isinstance(value, CellError) else value


def write_analysis(book: Book, filled: Mapping[str, Rows], host: Host) -> None:
    """Write the sheet, its formulas spelled for `host`; `filled` are the rows of the book, from which follow the stored values."""
    _Analysis(book, compute_figures(filled), host).write()


class _Analysis:
    """The sheet being written."""

    def __init__(self, book: Book, figures: Figures, host: Host) -> None:
        self.book, self.figures, self.prefix = book, figures, PREFIX[host]
        self.sheet = book.workbook.add_worksheet(NAME)
        self.as_of = xl_rowcol_to_cell(*AS_OF, True, True)

    def write(self) -> None:
        self.sheet.set_column(0, ATTAINMENT[1] + ATTAINMENT_SIZE[1] - 1, WIDTH)
        for column, width in WIDTHS.items():
            self.sheet.set_column(column, column, width)
        self._top()
        self._matrix()
        self._explanation()
        self._attainment()
        self.sheet.set_row(ATTAINMENT[0], 30)  # for headers of two lines
        self.sheet.hide_gridlines(2)
        self.sheet.set_tab_color(look.TAB_RESULT)
        self.sheet.print_area(0, 0, EXPLAINED[0] + EXPLAINED_SIZE[0] - 1, ATTAINMENT[1] - 2)
        look.page(self.sheet, self.book.name, None, NAME)

    def _ours(self, formula: str) -> str:
        """A formula with our functions spelled for the host."""
        return f"={formula.replace('REBATE_', f'{self.prefix}REBATE_')}"

    def _input(self, **properties: Any) -> Any:
        fill = {"font_color": look.INPUT_TEXT, "bg_color": look.INPUT_FILL, "border": 1, "border_color": look.LINE, "locked": False}
        return self.book.format(align="left", indent=1, **fill, **properties)

    def _header(self, **properties: Any) -> Any:
        return self.book.format(bold=True, bg_color=look.BAND, bottom=2, bottom_color=look.ACCENT, **properties)

    def _heading(self, row: int, column: int, last: int, text: str) -> None:
        style = self.book.format(bold=True, font_size=12, font_color=look.ACCENT, bottom=2, bottom_color=look.ACCENT)
        self.sheet.set_row(row, 20)
        for each in range(column, last + 1):
            self.sheet.write_blank(row, each, None, style)
        self.sheet.write_string(row, column, text, style)

    def _top(self) -> None:
        """What the sheet is, the handle and the day."""
        sheet, label, muted = self.sheet, self.book.format(bold=True), self.book.format(font_color=look.MUTED)
        sheet.set_row(0, 12)
        sheet.set_row(1, 30)
        sheet.write_string(1, 1, TITLE, self.book.format(bold=True, font_size=20, valign="vcenter"))
        sheet.write_string(2, 1, ABOUT, muted)
        sheet.write_string(3, 1, NOT_ACTIVE, self.book.format(font_color=look.ATTENTION))
        link = self.book.format(font_color=look.POSITIVE, underline=1)
        sheet.write_url(5, 13, f"internal:'{NAME}'!{xl_rowcol_to_cell(*ATTAINMENT)}", link, "Attainment, to the right")
        sheet.write_string(HANDLE[0], 1, "Book", label)
        sheet.write_formula(*HANDLE, self._ours(book_formula()), self.book.format(font_color=look.MUTED), self.figures.handle)
        self.book.workbook.define_name(HANDLE_NAME, f"={NAME}!{xl_rowcol_to_cell(*HANDLE, True, True)}")
        sheet.write_string(AS_OF[0], 1, "As of", label)
        setting = 'INDEX(Settings[Value],MATCH("As Of",Settings[Setting],0))'
        latest = f"MAX({','.join(f'{BY_NAME[name].excel_name}[{header}]' for name, header in DATED)})"
        formula = f'=IF(N({setting})>0,{setting},IF({latest}>0,{latest},""))'
        sheet.write_formula(*AS_OF, formula, self._input(num_format=look.DATE_FORMAT), _serial(self.figures.as_of))
        hint = "The setting As Of, or the latest date in your tables. Type another day over it to look back."
        sheet.data_validation(*AS_OF, *AS_OF, {"validate": "any", "input_title": "As of", "input_message": hint})

    def _matrix(self) -> None:
        """Accrued to date: programs down, month ends across, all programs below."""
        (top, left), figures = MATRIX, self.figures
        self._heading(top - 1, left, left + 1 + MONTHS, "Accrued to date, by program and month end")
        for column, text in enumerate(("Program ID", "Program"), start=left):
            self.sheet.write_string(top, column, text, self._header())
        for number in range(MONTHS):
            day = f'=IF({self.as_of}="","",MIN({self.as_of},EOMONTH({self.as_of},{number + 1 - MONTHS})))'
            style = self._header(align="right", num_format=look.DATE_FORMAT)
            self.sheet.write_formula(top, left + 2 + number, day, style, _serial(figures.months[number]) if figures.months else "")
        line = {"bottom": 1, "bottom_color": look.LINE}
        for number in range(PROGRAMS):
            known = figures.programs[number] if number < len(figures.programs) else ("", "")
            for column, header in enumerate(("Program ID", "Program Name")):
                formula = f'=IFERROR(INDEX(Programs[{header}],{number + 1})&"","")'
                self.sheet.write_formula(top + 1 + number, left + column, formula, self.book.format(**line), known[column])
            values = figures.accruals[number] if number < len(figures.programs) else ()
            self._accruals(top + 1 + number, values, f'IF(OR({{program}}="",{{day}}=""),"",{_accrual("{program}")})', line)
        total = {"top": 1, "top_color": look.INK, "bold": True}
        for column, text in enumerate(("All programs", "in the base currency, those below the tenth too")):
            self.sheet.write_string(top + 1 + PROGRAMS, left + column, text, self.book.format(**total))
        values = figures.accruals[-1] if figures.accruals else ()
        self._accruals(top + 1 + PROGRAMS, values, f'IF({{day}}="","",{_accrual(chr(34) * 2)})', total)

    def _accruals(self, row: int, values: Sequence[Any], formula: str, look_of_row: Mapping[str, Any]) -> None:
        (top, left), style = MATRIX, self.book.format(num_format=look.money_format(2), **look_of_row)
        for number in range(MONTHS):
            day = xl_rowcol_to_cell(top, left + 2 + number, True, False)
            written = self._ours(formula.format(program=xl_rowcol_to_cell(row, left, False, True), day=day))
            self.sheet.write_formula(row, left + 2 + number, written, style, values[number] if values else "")

    def _explanation(self) -> None:
        """Three input cells, and how the figure that they name came about."""
        top, left = EXPLAINED
        first = top - len(ASKED)
        self._heading(first - 1, left, left + EXPLAINED_SIZE[1] - 1, "How a figure came about: type or choose a program and a distributor")
        for row, ((label, table), value) in enumerate(zip(ASKED, self.figures.asked, strict=True), start=first):
            self.sheet.write_string(row, left, label, self.book.format(bold=True))
            self.sheet.write_string(row, left + 1, value, self._input(num_format="@"))
            if table:
                source = f"='{table}'!$A$2:$A${REFERENCE_ROWS}"
                self.sheet.data_validation(row, left + 1, row, left + 1, {"validate": "list", "source": source, "show_error": False})
            else:
                hint = "As 2026-Q1, 2026-03 or 2026. Empty: all periods that have begun."
                self.sheet.data_validation(row, left + 1, row, left + 1, {"validate": "any", "input_title": label, "input_message": hint})
        program, distributor, period = (xl_rowcol_to_cell(first + number, left + 1, True, True) for number in range(len(ASKED)))
        explain = f"REBATE_EXPLAIN({HANDLE_NAME},{program},{distributor},{period},{self.as_of})"
        formula = f'IF(OR({program}="",{distributor}=""),"",{explain})'
        self._spill(EXPLAINED, EXPLAINED_SIZE, formula, self.figures.explained)
        self._number_rules(EXPLAINED, EXPLAINED_SIZE)

    def _attainment(self) -> None:
        """Where every participant stands, to the right of everything else."""
        (top, left), (_, width) = ATTAINMENT, ATTAINMENT_SIZE
        self._heading(top - 1, left, left + width - 1, "Attainment: where everybody stands")
        note = f"Excel shows as many rows as there are; LibreOffice, and Excel before 2021, the first {ATTAINMENT_SIZE[0] - 1}."
        self.sheet.write_string(top - 2, left, note, self.book.format(font_color=look.MUTED, font_size=9))
        formula = f'REBATE_TABLE({HANDLE_NAME},"Attainment","","",{self.as_of})'
        self._spill(ATTAINMENT, ATTAINMENT_SIZE, formula, self.figures.attainment)
        header, cell = xl_rowcol_to_cell(top, left, True, False), xl_rowcol_to_cell(top + 1, left)
        named = f'{header}&""'  # LibreOffice finds a text that an add-in spilled equal to none, until something is done with it
        self._rule(ATTAINMENT, ATTAINMENT_SIZE, f'=AND(ISNUMBER({cell}),{named}="Period Ends")', look.DATE_FORMAT)
        shares = f'OR(LEFT({header},4)="Way ",{named}="Percent",{named}="Forecast Share")'
        self._rule(ATTAINMENT, ATTAINMENT_SIZE, f"=AND(ISNUMBER({cell}),{shares})", look.percent_format(1))
        self._number_rules(ATTAINMENT, ATTAINMENT_SIZE)

    def _spill(self, place: tuple[int, int], size: tuple[int, int], formula: str, result: Sequence[Sequence[Any]]) -> None:
        """A formula over the largest size wanted, its result stored; what is beyond the result is hidden."""
        (top, left), (height, width) = place, size
        header, body = self._header(text_wrap=True), self.book.format()
        numbers = self._header(text_wrap=True, align="right")  # of an explanation, whose columns are always the same
        self.sheet.write_dynamic_array_formula(top, left, top + height - 1, left + width - 1, self._ours(formula), header, _at(result, 0, 0))
        for row in range(height):
            for column in range(width):
                above = numbers if place == EXPLAINED and column > 1 else header
                style, value = (body if row else above), _at(result, row, column)
                if (row, column) == (0, 0):
                    continue
                if isinstance(value, str) and value:
                    self.sheet.write_string(top + row, left + column, look.safe_text(value), style)
                elif isinstance(value, int | float):
                    self.sheet.write_number(top + row, left + column, value, style)
                else:
                    self.sheet.write_blank(top + row, left + column, None, style)
        hidden = self.book.workbook.add_format({"num_format": ";;;", "font_color": "#FFFFFF", "bg_color": "#FFFFFF"})
        rule = {"type": "formula", "criteria": f"=ISNA({xl_rowcol_to_cell(top, left)})", "format": hidden, "stop_if_true": True}
        self.sheet.conditional_format(top, left, top + height - 1, left + width - 1, rule)

    def _number_rules(self, place: tuple[int, int], size: tuple[int, int]) -> None:
        """Money as money; of other numbers those from 1 on with thousands, whole or with two places, small rates as they are."""
        header, cell = xl_rowcol_to_cell(*place, True, False), xl_rowcol_to_cell(place[0] + 1, place[1])
        money = f'OR({header}&""="Amount",LEFT({header},6)="Earned",LEFT({header},14)="Next Tier Adds")'
        self._rule(place, size, f"=AND(ISNUMBER({cell}),{money},ROUND({cell},2)={cell})", look.money_format(2))
        self._rule(place, size, f"=AND(ISNUMBER({cell}),ABS({cell})>=1,{cell}<>INT({cell}))", "#,##0.00_)")
        self._rule(place, size, f"=AND(ISNUMBER({cell}),{cell}=INT({cell}))", "#,##0_)")

    def _rule(self, place: tuple[int, int], size: tuple[int, int], criteria: str, number_format: str) -> None:
        (top, left), (height, width) = place, size
        style = self.book.workbook.add_format({"num_format": number_format})
        rule = {"type": "formula", "criteria": criteria, "format": style, "stop_if_true": True}
        self.sheet.conditional_format(top + 1, left, top + height - 1, left + width - 1, rule)


def _accrual(program: str) -> str:
    return f'REBATE_ACCRUAL({HANDLE_NAME},{program},"",{{day}})'


def _at(result: Sequence[Sequence[Any]], row: int, column: int) -> Any:
    return result[row][column] if row < len(result) and column < len(result[row]) else ""


def _serial(day: date | None) -> int | str:
    """A day as a cell stores it."""
    return "" if day is None else (date(day.year, day.month, day.day) - EXCEL_DAY_ZERO).days
