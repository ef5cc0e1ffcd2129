"""Result tables into a workbook that is open in Excel: values, formats, widths, frozen header, bars, links; result sheets only.

A result sheet of an earlier run is written over in place, so that formulas, charts and pivots of the user that look at it
keep their references. A sheet of the same name that is not ours is refused, before anything is written. We know our sheets
by the same hidden name as the command line does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..actions import Refused
from ..model import ResultTable, Run, Settings
from .desktop_chart import chart_below, color_number
from .patch import MARK
from .web_tables import result

WINDOWS = sys.platform == "win32"
MOST_LINKS = 1_000  # each is a call to Excel of its own
CELLS_A_CALL = 50_000
PIXELS_A_CHARACTER, PADDING = 7, 12  # of the widths that web_tables gives
STYLE = "TableStyleLight1"
UNFINISHED = "Not finished: press the button again."
SUBTOTAL_SUM = 109  # leaves out what the filter hides
NUMBER, SOLID = 0, 0  # xlConditionValueNumber, xlDataBarFillSolid
BAR_COLOR = 0xE6C39C  # blue, green, red
Table = dict[str, Any]


def write_results(
    book: Any, run: Run | None, tables: Sequence[ResultTable], is_1904: bool, windows: bool = WINDOWS, settings: Settings | None = None
) -> None:
    """Write result tables as sheets of an xlwings book. Raises Refused for a sheet of that name that is not ours.

    A sheet says that it is not finished until it is, so that one on which Excel failed half-way is never taken for a result.
    """
    shown = [result(table, run, is_1904, settings) for table in tables]
    sheets = {sheet.name.casefold(): sheet for sheet in book.sheets}
    for table in shown:
        _refuse_foreign(sheets.get(table["name"].casefold()), table["name"])
    book.activate()  # somebody may have gone to another one while we computed
    with quiet(book.app):
        for number, table in enumerate(shown, start=1):
            book.app.status_bar = f"Rebates: writing {table['name']}, {number} of {len(shown)}"
            sheet = sheets.get(table["name"].casefold()) or _new_sheet(book, table["name"])
            _write(sheet, table, windows)
        book.sheets[shown[0]["name"]].activate()


def write_stacked(
    book: Any, name: str, run: Run | None, tables: Sequence[ResultTable], is_1904: bool, windows: bool = WINDOWS, settings: Settings | None = None
) -> None:
    """Write several small tables below one another on one sheet of ours, as Explain Cell does. Raises Refused as above."""
    sheet = next((one for one in book.sheets if one.name.casefold() == name.casefold()), None)
    _refuse_foreign(sheet, name)
    every = [result(table, run, is_1904, settings) for table in tables]
    book.activate()
    with quiet(book.app):
        if sheet is None:
            sheet = _new_sheet(book, name)
        sheet.used_range.clear()
        _put(sheet, 1, [[_literal(UNFINISHED)]])
        row = 1
        for shown in every:
            if row > 1:
                _heading(sheet, row, shown["title"])
            row = _table_cells(sheet, shown, row + 1) + 2
        _widths(sheet, max((shown["columns"] for shown in every), key=len))
        _heading(sheet, 1, every[0]["title"])
        sheet.activate()


def _heading(sheet: Any, row: int, title: str) -> None:
    _put(sheet, row, [[_literal(title)]])
    sheet.range((row, 1)).font.bold = True


@contextmanager
def quiet(app: Any) -> Iterator[None]:
    """Excel without redrawing, questions or computing, for as long as the block lasts; then as it was."""
    before = app.screen_updating, app.display_alerts, app.calculation
    app.screen_updating, app.display_alerts, app.calculation = False, False, "manual"
    try:
        yield
    finally:
        app.screen_updating, app.display_alerts, app.calculation = before


def _mark(sheet: Any) -> Any:
    """The hidden name of a sheet of ours, None on any other; its value is how many charts we put there."""
    return next((name for name in sheet.names if name.name.rpartition("!")[2] == MARK), None)


def _refuse_foreign(sheet: Any, name: str) -> None:
    if sheet is None:
        return
    mark = _mark(sheet)
    if mark is None:
        raise Refused(f"There is already a sheet {name} that was not made by Rebates; rename it and try again. Nothing was written.")
    if len(sheet.charts) > int(str(mark.refers_to).lstrip("=") or 0):
        raise Refused(f"You have put a chart on the sheet {name}, which is written anew; move it to a sheet of your own. Nothing was written.")


def _new_sheet(book: Any, name: str) -> Any:
    sheet = book.sheets.add(name, after=book.sheets[len(book.sheets) - 1])
    mark = sheet.names.add(MARK, "=0")
    if hasattr(mark.api, "Visible"):
        mark.api.Visible = False
    return sheet


def _write(sheet: Any, table: Table, windows: bool) -> None:
    """One table on its sheet: over the earlier one where there is one."""
    earlier = next((one for one in sheet.tables if one.name == table["table"]), None)
    top = earlier.range.row if earlier is not None else len(table["notes"]) + 3
    _make_room(sheet, earlier)
    while len(table["notes"]) > top - 3:  # a line of notes more than last time
        sheet.range("2:2").insert("down")
        top += 1
    width = len(table["columns"])
    _put(sheet, 1, [[_literal(UNFINISHED)]])
    bottom = top + max(1, len(table["rows"]))
    area = sheet.range((top, 1), (bottom, width))
    if earlier is not None:
        earlier.resize(area)
    _table_cells(sheet, table, top)
    if earlier is None:
        sheet.tables.add(source=area, name=table["table"], has_headers=True, table_style_name=STYLE)
    end = _totals(sheet, table, top, bottom)
    _widths(sheet, table["columns"])
    notes = [*table["notes"], *[None] * (top - 2 - len(table["notes"]))]
    if table["chart"]:
        _mark(sheet).refers_to = f"={chart_below(sheet, table, end + 2, _put_literally, windows)}"
        notes[-1] = f"{table['chart']['heading']}: from row {end + 2}"
    if windows:
        _bars(sheet, table, top, bottom)
        _links(sheet, table, top)
        _freeze(sheet, top, table["freeze"])
        sheet.api.Tab.Color = color_number(table["tab"])
    _put(sheet, 2, [[_literal(text)] for text in notes])
    _heading(sheet, 1, table["title"])


def _make_room(sheet: Any, earlier: Any) -> None:
    """Clear what the last run wrote; the table itself stays, since formulas may name it."""
    for chart in list(sheet.charts):
        chart.delete()
    _mark(sheet).refers_to = "=0"
    used = sheet.used_range
    last = (used.row + used.shape[0] - 1, used.column + used.shape[1] - 1)
    if earlier is None:
        used.clear()
        return
    area = earlier.range
    bottom = area.row + area.shape[0] - 1
    sheet.range((1, 1), (area.row - 1, last[1])).clear()
    sheet.range((area.row + 1, 1), (bottom, last[1])).clear()
    if last[0] > bottom:
        sheet.range((bottom + 1, 1), last).clear()


def _table_cells(sheet: Any, table: Table, top: int) -> int:
    """Header and rows from a row on; returns the last row."""
    columns, rows = table["columns"], table["rows"] or [[None] * len(table["columns"])]
    shown = [[_literal(cell) for cell in row] for row in rows]
    if not table["rows"]:
        shown[0][0] = _literal("nothing to show")
    for place, column in enumerate(columns, start=1):
        sheet.range((top + 1, place), (top + len(rows), place)).number_format = "General" if column["format"] == "@" else column["format"]
    _put(sheet, top, [[_literal(column["header"]) for column in columns]])
    sheet.range((top, 1), (top, len(columns))).font.bold = True
    step = max(1, CELLS_A_CALL // len(columns))
    for start in range(0, len(shown), step):
        _put(sheet, top + 1 + start, shown[start : start + step])
    return top + len(rows)


def _put(sheet: Any, row: int, rows: list[list[Any]]) -> None:
    sheet.range((row, 1), (row + len(rows) - 1, len(rows[0]))).value = rows


def _put_literally(sheet: Any, row: int, column: int, cells: list[list[Any]]) -> None:
    area = sheet.range((row, column), (row + len(cells) - 1, column + len(cells[0]) - 1))
    area.value = [[_literal(cell) for cell in line] for line in cells]


def _literal(cell: Any) -> Any:
    """A cell as Excel takes it literally: the apostrophe keeps a text from becoming a formula, a number or a date."""
    if isinstance(cell, dict):
        cell = cell.get("text", "")
    return f"'{cell}" if isinstance(cell, str) and cell else cell


def _totals(sheet: Any, table: Table, top: int, bottom: int) -> int:
    """The totals under the table; returns the last row with something in it."""
    summed = [place for place, column in enumerate(table["columns"], start=1) if column["total"]]
    if not summed or not table["rows"]:
        return bottom
    sheet.range((bottom + 1, 1)).value = "Total"
    for place in summed:
        cell = sheet.range((bottom + 1, place))
        cell.number_format = table["columns"][place - 1]["format"]
        cells = sheet.range((top + 1, place), (bottom, place)).get_address(False, False)
        cell.formula = f"=SUBTOTAL({SUBTOTAL_SUM},{cells})"
    sheet.range((bottom + 1, 1), (bottom + 1, len(table["columns"]))).font.bold = True
    return bottom + 1


def _widths(sheet: Any, columns: Sequence[Table]) -> None:
    for place, column in enumerate(columns, start=1):
        sheet.range((1, place)).column_width = (column["width"] - PADDING) / PIXELS_A_CHARACTER


def _bars(sheet: Any, table: Table, top: int, bottom: int) -> None:
    """Attainment as bars in the cells, from 0 to 100 %."""
    for place, column in enumerate(table["columns"], start=1):
        cells = sheet.range((top + 1, place), (bottom, place)).api
        cells.FormatConditions.Delete()
        if column["bar"] and table["rows"]:
            bar = cells.FormatConditions.AddDatabar()
            bar.MinPoint.Modify(NUMBER, 0)
            bar.MaxPoint.Modify(NUMBER, 1)
            bar.BarColor.Color = BAR_COLOR
            bar.BarFillType = SOLID


def _links(sheet: Any, table: Table, top: int) -> None:
    """Links to the cells that a table speaks of; beyond a thousand the text has to do."""
    places = [(row, column) for row, cells in enumerate(table["rows"], start=top + 1) for column, cell in enumerate(cells, start=1)
              if isinstance(cell, dict)]  # fmt: skip
    for row, column in places[:MOST_LINKS]:
        link = table["rows"][row - top - 1][column - 1]
        target = "'" + link["sheet"].replace("'", "''") + "'!" + link["cell"]
        sheet.api.Hyperlinks.Add(sheet.range((row, column)).api, "", target, "", link["text"])


def _freeze(sheet: Any, top: int, columns: int) -> None:
    """Header and key columns stay in sight."""
    sheet.activate()
    window = sheet.book.app.api.ActiveWindow
    window.FreezePanes = False
    window.ScrollRow, window.ScrollColumn = 1, 1
    window.SplitRow, window.SplitColumn = top, columns
    window.FreezePanes = True
