"""The chart of a result table in an open workbook: the short list below the table, and on Windows the native chart of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .charts import COLORS, MARGIN, ROW_PIXELS, ROWS_A_LABEL, WIDTH

POINTS_A_PIXEL = 0.75
BAR_CLUSTERED = 57  # xlBarClustered
CATEGORIES, VALUES = 1, 2  # xlCategory, xlValue
AT_THE_BOTTOM, LOW, NONE = -4107, -4134, -4142  # xlLegendPositionBottom, xlTickLabelPositionLow, xlTickLabelPositionNone
KINDS = {"bar": BAR_CLUSTERED}
GAP = 45  # percent of a bar
Table = dict[str, Any]
Put = Callable[[Any, int, int, list[list[Any]]], None]  # sheet, row, column, cells


def chart_below(sheet: Any, table: Table, top: int, put: Put, windows: bool) -> int:
    """Write the heading of the list in row `top` (from 1), below it the list and the chart; returns how many charts were drawn."""
    chart, columns = table["chart"], table["columns"]
    put(sheet, top, 1, [[chart["heading"]]])
    sheet.range((top, 1)).font.bold = True
    first, last = top + 2, top + 1 + len(chart["rows"])
    for place, at in enumerate(chart["columns"]):
        put(sheet, top + 1, at + 1, [[columns[at]["header"]]])
        sheet.range((top + 1, at + 1)).font.bold = True
        cells = sheet.range((first, at + 1), (last, at + 1))
        cells.number_format = "General" if columns[at]["format"] == "@" else columns[at]["format"]
        put(sheet, first, at + 1, [[row[place]] for row in chart["rows"]])
    if not windows:
        return 0
    labels = last + 3  # the chart begins a row higher and hides them
    put(sheet, labels, 1, [[label] for label in chart["labels"]])
    _draw(sheet, table, (first, last), labels)
    return 1


def _draw(sheet: Any, table: Table, rows: tuple[int, int], labels: int) -> None:
    chart, corner = table["chart"], sheet.range((labels - 1, 1))
    count = len(chart["rows"])
    height = max(12, count * (ROWS_A_LABEL + len(chart["values"]) - 1) + MARGIN // ROW_PIXELS + 1) * ROW_PIXELS
    drawn = sheet.charts.add(corner.left, corner.top, WIDTH * POINTS_A_PIXEL, height * POINTS_A_PIXEL).api[1]
    drawn.ChartType = KINDS[chart["kind"]]
    while drawn.SeriesCollection().Count:  # Excel guesses some from the selected cell
        drawn.SeriesCollection(1).Delete()
    for at, color in zip(chart["values"], COLORS, strict=False):
        series = drawn.SeriesCollection().NewSeries()
        series.Name = table["columns"][at]["header"]
        series.XValues = sheet.range((labels, 1), (labels + count - 1, 1)).api
        series.Values = sheet.range((rows[0], at + 1), (rows[1], at + 1)).api
        series.Format.Fill.ForeColor.RGB = color_number(color)
        series.HasDataLabels = True
        series.DataLabels().NumberFormat = "0.0%" if table["columns"][at]["kind"] == "percent" else "#,##0"
    drawn.ChartGroups(1).GapWidth = GAP
    drawn.HasTitle = True
    drawn.ChartTitle.Text = chart["title"]
    drawn.HasLegend = len(chart["values"]) > 1
    if drawn.HasLegend:
        drawn.Legend.Position = AT_THE_BOTTOM
    _axes(drawn, chart["axisEnd"])


def _axes(drawn: Any, end: float | None) -> None:
    """Names on the left, the first on top; no numbers, for the labels say them."""
    names, numbers = drawn.Axes(CATEGORIES), drawn.Axes(VALUES)
    names.ReversePlotOrder = True
    names.TickLabelPosition = LOW
    numbers.HasMajorGridlines = False
    numbers.TickLabelPosition = NONE
    if end is not None:
        numbers.MinimumScale, numbers.MaximumScale = 0, end


def color_number(text: str) -> int:
    """A colour as Excel counts it: blue, green, red.

    >>> hex(color_number("#1F6FB2"))
    '0xb26f1f'
    """
    return int(text[5:7] + text[3:5] + text[1:3], 16)
