"""Under a result table in LibreOffice: the short list that its chart is of, and the native chart (`model.Chart`).

As on disk: each column of the list stands under the table's column of that field, the chart stands under the list and hides
the labels of its bars. The chart of an earlier run is drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..actions import column_letters
from ..model import Chart, ResultTable
from . import look
from .charts import COLORS, ROW_PIXELS, WIDTH, height_rows, number_format

NAME = "Rebates chart"
PIXEL = 2540 / 96  # hundredths of a millimetre
BARS = "com.sun.star.chart.BarDiagram"
VALUES_SHOWN = 1  # com.sun.star.chart.ChartDataCaption.VALUE
GAP, BOLD = 45, 150.0
SINGLE_FLOATS = ("CharHeight", "CharWeight")
Put = Callable[[int, int, Any], Any]  # column, row, value -> the cell


def hide_chart(sheet: Any) -> None:
    """Hide what an earlier run has drawn on a sheet, until a run draws again.

    It is not deleted, for that could not be undone (see `chart_below`). Charts of the user's are left alone.
    """
    if (shape := _drawn(sheet)) is not None:
        _set(shape, Visible=False, Printable=False)


def _drawn(sheet: Any) -> Any:
    """The shape of our chart on a sheet, known by its name, which files keep; None where there is none."""
    page = sheet.getDrawPage()
    shapes = (page.getByIndex(at) for at in range(page.getCount()))
    return next((shape for shape in shapes if shape.getPropertyValue("Name") == NAME), None)


def chart_below(sheet: Any, table: ResultTable, top: int, put: Put, number: Callable[[str], int], undo: Any) -> int:
    """Write the heading of the list in row `top` (from 0), below it the list and the chart; returns the last row under it.

    `number` gives the key of a number format, `undo` is the document's undo manager.
    """
    import uno

    chart = table.chart
    assert chart is not None, "asked only for a table with a chart"
    places = {column.field: index for index, column in enumerate(table.columns)}
    _set(put(0, top, chart.heading), CharWeight=BOLD, CharHeight=12.0, IsTextWrapped=False)
    for field in chart.fields:
        column = table.columns[places[field]]
        side = uno.Enum("com.sun.star.table.CellHoriJustify", "RIGHT" if column.kind in look.NUMERIC else "LEFT")
        header = put(places[field], top + 1, column.header)
        _set(header, CharWeight=BOLD, CellBackColor=_colour(look.BAND), IsTextWrapped=True, HoriJustify=side)
    first = top + 2
    for row, values in enumerate(chart.rows, first):
        for field, value in zip(chart.fields, values, strict=True):
            column = table.columns[places[field]]
            cell = put(places[field], row, value)
            if column.kind in look.NUMERIC and value is not None:
                cell.setPropertyValue("NumberFormat", number(number_format(column, value)))
    last = first + len(chart.rows) - 1
    labels = last + 3
    for row, label in enumerate(chart.labels, labels):
        _set(put(0, row, label), CharColor=_colour(look.MUTED), CharHeight=9.0, IsTextWrapped=False)
    undo.lock()  # LibreOffice 25.2 ends when a chart is undone; with a sheet that is taken back it goes all the same
    try:
        _draw(sheet, table, chart, (first, last), labels, places, number)
    finally:
        undo.unlock()
    return labels + height_rows(chart)


def _draw(
    sheet: Any, table: ResultTable, chart: Chart, rows: tuple[int, int], labels: int, places: Mapping[str, int], number: Callable[[str], int]
) -> None:
    import uno

    corner = sheet.getCellByPosition(0, labels - 1).getPropertyValue("Position")
    size = int(WIDTH * PIXEL), int(height_rows(chart) * ROW_PIXELS * PIXEL)
    shape = _drawn(sheet)
    if shape is None:
        rectangle = uno.createUnoStruct("com.sun.star.awt.Rectangle", corner.X, corner.Y, *size)
        any_cells = sheet.getCellRangeByPosition(0, labels, 0, labels).getRangeAddress()  # without some a chart cannot take cells later
        sheet.getCharts().addNewByName(f"{NAME} {sheet.getName()}", rectangle, (any_cells,), False, False)
        page = sheet.getDrawPage()
        shape = page.getByIndex(page.getCount() - 1)
    else:
        shape.setPosition(corner)
        shape.setSize(uno.createUnoStruct("com.sun.star.awt.Size", *size))
    _set(shape, Name=NAME, Description=chart.title, Visible=True, Printable=True)
    drawn = shape.getPropertyValue("Model")
    drawn.lockControllers()
    try:
        diagram = drawn.createInstance(BARS)
        drawn.setDiagram(diagram)
        diagram.setPropertyValue("Vertical", True)
        made = _Series(uno, drawn, sheet.getName())
        made.put([(places[field], rows) for field in chart.values], (labels, labels + len(chart.labels) - 1))
        _look(drawn, diagram, table, chart, places, number)
    finally:
        drawn.unlockControllers()


class _Series:
    """The bars of a chart and what they are called, as cells of the sheet that the chart stands on."""

    def __init__(self, uno: Any, drawn: Any, sheet: str) -> None:
        self.context = uno.getComponentContext()
        self.provider, self.sheet = drawn.getDataProvider(), "'" + sheet.replace("'", "''") + "'"
        (self.system, *_) = drawn.getFirstDiagram().getCoordinateSystems()

    def put(self, columns: Sequence[tuple[int, tuple[int, int]]], labels: tuple[int, int]) -> None:
        """One series for each column and its rows, named by the cell above them; the labels are in the first column."""
        series = []
        for column, (first, last) in columns:
            one = self._new("com.sun.star.chart2.DataSeries")
            one.setData((self._labeled("values-y", (column, first, last), (column, first - 1, first - 1)),))
            series.append(one)
        (kind, *_) = self.system.getChartTypes()
        kind.setDataSeries(tuple(series))
        axis = self.system.getAxisByDimension(0, 0)
        scale = axis.getScaleData()
        scale.Categories = self._labeled("categories", (0, *labels))
        axis.setScaleData(scale)

    def _labeled(self, role: str, values: tuple[int, int, int], label: tuple[int, int, int] | None = None) -> Any:
        made = self._new("com.sun.star.chart2.data.LabeledDataSequence")
        made.setValues(self._cells(role, values))
        if label is not None:
            made.setLabel(self._cells("label", label))
        return made

    def _cells(self, role: str, place: tuple[int, int, int]) -> Any:
        column, first, last = place
        letters = column_letters(column)
        found = self.provider.createDataSequenceByRangeRepresentation(f"${self.sheet}.${letters}${first + 1}:${letters}${last + 1}")
        found.setPropertyValue("Role", role)
        return found

    def _new(self, service: str) -> Any:
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)


def _look(drawn: Any, diagram: Any, table: ResultTable, chart: Chart, places: Mapping[str, int], number: Callable[[str], int]) -> None:
    """Bars from left to right, the first on top, each with its value; no axis of numbers, no legend for one series."""
    import uno

    none, bottom = uno.Enum("com.sun.star.drawing.LineStyle", "NONE"), uno.Enum("com.sun.star.chart.ChartLegendPosition", "BOTTOM")
    empty = uno.Enum("com.sun.star.drawing.FillStyle", "NONE")
    _set(drawn, HasMainTitle=True, HasLegend=len(chart.values) > 1)
    if len(chart.values) > 1:
        _set(drawn.getLegend(), Alignment=bottom, FillStyle=empty, LineStyle=none, CharHeight=9.0)
    _set(drawn.getArea(), LineColor=_colour(look.LINE))
    _set(diagram.getWall(), FillStyle=empty, LineStyle=none)
    _set(drawn.getTitle(), String=look.safe_text(chart.title), CharHeight=12.0, CharWeight=BOLD, CharColor=_colour(look.INK))
    names, numbers = diagram.getXAxis(), diagram.getYAxis()
    _set(names, ReverseDirection=True, CharHeight=9.0, CharColor=_colour(look.INK), GapWidth=GAP)
    _set(diagram, HasYAxis=False, HasYAxisGrid=False)
    if chart.axis_end is not None:
        _set(numbers, AutoMin=False, AutoMax=False, Min=0.0, Max=float(chart.axis_end))
    for at, (field, shade) in enumerate(zip(chart.values, COLORS, strict=False)):
        shown = look.percent_format(1) if table.columns[places[field]].kind == "percent" else "#,##0"
        bar = diagram.getDataRowProperties(at)
        _set(
            bar,
            FillColor=_colour(shade),
            LineStyle=none,
            DataCaption=VALUES_SHOWN,
            NumberFormat=number(shown),
            LinkNumberFormatToSource=False,
            CharHeight=9.0,
        )


def _colour(text: str) -> int:
    return int(text.lstrip("#"), 16)


def _set(target: Any, **properties: Any) -> None:
    """Set properties; a size of letters as the single float that charts keep, for with a double one no file for Excel is written."""
    import uno

    for name, value in properties.items():
        if name in SINGLE_FLOATS:
            uno.invoke(target, "setPropertyValue", (name, uno.Any("float", value)))
        else:
            target.setPropertyValue(name, value)
