"""Under the Attainment table: who is nearest to the next tier, as a short list and a native chart of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..model import ResultTable
from . import look

SHOWN = 10  # bars of the chart
ROW_PIXELS, CHART_WIDTH = 20, 760
WHO = ("program_id", "program_name", "participant_id", "participant_name", "period")
WAY_COLUMN, CHART_COLUMN, LABEL_COLUMN = 6, 8, 9


def chart_of_nearest(book: Any, sheet: Any, table: ResultTable, top: int) -> bool:
    """Write the list from row `top` (from 0) on and the chart beside it; nothing where nobody is on the way to a tier in a period still running.

    The list is the chart's data, so that the chart stays true when somebody sorts the table. The chart's title is
    the table's finding. Returns whether there was something to show.
    """
    fields = {column.field: index for index, column in enumerate(table.columns)}
    way = fields["way_to_next_tier"]
    going = (row for row in table.rows if row[fields["period_ends_on"]] >= book.as_of and row[way] is not None)
    near = sorted((row for row in going if 0 < row[way] < 1), key=lambda row: -row[way])[:SHOWN]
    if not near:
        return False
    _header(book, sheet, table, top)
    text, percent = book.format(num_format="@", align="left", indent=1), book.format(num_format=look.percent_format(1))
    day = book.format(num_format=book.date_format, align="left", indent=1)
    for number, row in enumerate(near, start=top + 1):
        for column, name in enumerate(WHO):
            sheet.write_string(number, column, look.safe_text(str(row[fields[name]])), text)
        ends = row[fields["period_ends_on"]]
        sheet.write_datetime(number, WAY_COLUMN - 1, datetime(ends.year, ends.month, ends.day), day)
        sheet.write_number(number, WAY_COLUMN, float(row[way]), percent)
        who = row[fields["participant_name"]] or row[fields["participant_id"]]
        sheet.write_string(
            number, LABEL_COLUMN, look.safe_text(f"{who} · {row[fields['program_id']]}"), book.format(font_color=look.MUTED, font_size=9)
        )
    sheet.insert_chart(top, CHART_COLUMN, _chart(book, table, top + 1, top + len(near)))
    return True


def _header(book: Any, sheet: Any, table: ResultTable, top: int) -> None:
    """The list stands under the columns that it repeats; the labels of the bars lie behind the chart."""
    common = {"bold": True, "bottom": 2, "bottom_color": look.ACCENT, "bg_color": look.BAND, "valign": "vcenter", "text_wrap": True}
    sheet.set_row(top, 33)
    sheet.write_string(top - 1, 0, "Nearest to the next tier", book.format(bold=True, font_size=12))
    headers = {column.field: column.header for column in table.columns}
    for column, name in enumerate(WHO):
        sheet.write_string(top, column, headers[name], book.format(align="left", indent=1, **common))
    sheet.write_string(top, WAY_COLUMN - 1, headers["period_ends_on"], book.format(align="left", indent=1, **common))
    sheet.write_string(top, WAY_COLUMN, headers["way_to_next_tier"], book.format(align="right", **common))
    sheet.write_string(top, LABEL_COLUMN, "Labels of the chart", book.format(font_color=look.MUTED, font_size=9))


def _chart(book: Any, table: ResultTable, first: int, last: int) -> Any:
    chart = book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Way to Next Tier",
            "categories": [table.name, first, LABEL_COLUMN, last, LABEL_COLUMN],
            "values": [table.name, first, WAY_COLUMN, last, WAY_COLUMN],
            "fill": {"color": look.ACCENT},
            "gap": 45,
            "data_labels": {"value": True, "num_format": "0.0%", "font": {"color": look.INK, "size": 9}},
        }
    )
    font = {"color": look.INK, "size": 9}
    chart.set_title({"name": table.title, "name_font": {"color": look.INK, "size": 12, "bold": True}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_x_axis({"min": 0, "max": 1, "visible": False, "major_gridlines": {"visible": False}})  # the labels say it
    chart.set_y_axis({"reverse": True, "num_font": font, "line": {"color": look.LINE}})
    chart.set_size({"width": CHART_WIDTH, "height": max(240, (last - first + 5) * ROW_PIXELS + 60)})
    chart.set_chartarea({"border": {"color": look.LINE}})
    return chart
