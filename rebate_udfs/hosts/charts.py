"""Under a result table: its chart, native, and the short list that it is drawn from (`model.Chart`).

Each column of the list stands under the table's column of that field and looks like it. The chart stands under the list
and hides the labels of its bars, so that all of it is cells of the same sheet.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ..model import Chart, ResultColumn, ResultTable
from . import look

ROW_PIXELS, WIDTH, MARGIN = 20, 760, 90  # the margin holds title, axis and legend
ROWS_A_LABEL = 2  # a bar with its gap is as high as that many rows; two bars need three
COLORS = (look.ACCENT, "#9CC3E6", look.POSITIVE)


def chart_below(book: Any, sheet: Any, table: ResultTable, chart: Chart, top: int) -> int:
    """Write the heading of the list in row `top` (from 0), below it the list and the chart; returns the last row that they need."""
    places = {column.field: index for index, column in enumerate(table.columns)}
    at = [places[field] for field in chart.fields]
    sheet.write_string(top, 0, look.safe_text(chart.heading), book.format(bold=True, font_size=12))
    sheet.set_row(top + 1, 33)
    for place in at:
        _header(book, sheet, top + 1, place, table.columns[place])
    first = top + 2
    for number, row in enumerate(chart.rows, start=first):
        for place, value in zip(at, row, strict=True):
            _cell(book, sheet, number, place, table.columns[place], value)
    last = first + len(chart.rows) - 1
    labels = last + 2
    for number, label in enumerate(chart.labels, start=labels + 1):
        sheet.write_string(number, 0, look.safe_text(label), book.format(font_color=look.MUTED, font_size=9))
    drawn, rows = _chart(book, table, chart, (first, last), labels + 1, places)
    sheet.insert_chart(labels, 0, drawn)
    return labels + rows


def height_rows(chart: Chart) -> int:
    """How many rows of a sheet a chart covers; always more than it has labels."""
    bars = ROWS_A_LABEL + len(chart.values) - 1
    return max(12, len(chart.rows) * bars + MARGIN // ROW_PIXELS + 1)


def _header(book: Any, sheet: Any, row: int, place: int, column: ResultColumn) -> None:
    side = {"align": "right"} if column.kind in look.NUMERIC else {"align": "left", "indent": 1}
    style = book.format(bold=True, bottom=2, bottom_color=look.ACCENT, bg_color=look.BAND, valign="vcenter", text_wrap=True, **side)
    sheet.write_string(row, place, look.safe_text(column.header), style)


def _cell(book: Any, sheet: Any, row: int, place: int, column: ResultColumn, value: Any) -> None:
    if value is None or value == "":
        return
    if column.kind in look.NUMERIC:
        sheet.write_number(row, place, float(value), book.format(num_format=number_format(column, value)))
    elif column.kind == "date":
        style = book.format(num_format=book.date_format, align="left", indent=1)
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), style)
    else:
        sheet.write_string(row, place, look.safe_text(str(value)), book.format(num_format="@", align="left", indent=1))


def number_format(column: ResultColumn, value: Any) -> str:
    """How a number of a list looks: money with its own places, a percent with one."""
    if column.kind == "percent":
        return look.percent_format(1)
    if column.kind == "integer":
        return "#,##0"
    return look.money_format(max(-int(value.as_tuple().exponent), 0) if isinstance(value, Decimal) else look.places_of(value, 4))


def _chart(book: Any, table: ResultTable, chart: Chart, rows: tuple[int, int], labels: int, places: dict[str, int]) -> tuple[Any, int]:
    """The chart of a list in these rows (from 0), and how many rows of the sheet it covers."""
    font = {"color": look.INK, "size": 9}
    drawn = book.workbook.add_chart({"type": chart.kind})
    for field, color in zip(chart.values, COLORS, strict=False):
        column = table.columns[places[field]]
        shown = look.percent_format(1) if column.kind == "percent" else "#,##0"
        drawn.add_series(
            {
                "name": column.header,
                "categories": [table.name, labels, 0, labels + len(chart.labels) - 1, 0],
                "values": [table.name, rows[0], places[field], rows[1], places[field]],
                "fill": {"color": color},
                "gap": 45,
                "data_labels": {"value": True, "num_format": shown, "font": font},
            }
        )
    drawn.set_title({"name": chart.title, "name_font": {"color": look.INK, "size": 12, "bold": True}, "overlay": False})
    drawn.set_legend({"none": True} if len(chart.values) == 1 else {"position": "bottom", "font": font})
    limits = {"min": 0, "max": float(chart.axis_end)} if chart.axis_end is not None else {}
    drawn.set_x_axis({**limits, "visible": False, "major_gridlines": {"visible": False}})  # the labels say it
    drawn.set_y_axis({"reverse": True, "num_font": font, "line": {"color": look.LINE}, "label_position": "low"})
    height = height_rows(chart)
    drawn.set_size({"width": WIDTH, "height": height * ROW_PIXELS})
    drawn.set_chartarea({"border": {"color": look.LINE}})
    return drawn, height
