"""Under the Attainment table: who is nearest to the next tier, as a short list and a native chart of it."""

from __future__ import annotations

from typing import Any

from ..model import ResultTable
from . import look

SHOWN = 10  # bars of the chart
ROW_PIXELS, CHART_WIDTH = 20, 760


def chart_of_nearest(book: Any, sheet: Any, table: ResultTable, top: int) -> None:
    """Write the list from row `top` (from 0) on and the chart beside it; nothing where nobody is on the way to a tier.

    The list is the chart's data, so that the chart stays true when somebody sorts the table. The chart's title is
    the table's finding.
    """
    fields = {column.field: index for index, column in enumerate(table.columns)}
    way, adds = fields["way_to_next_tier"], fields["next_tier_value"]
    near = sorted((row for row in table.rows if row[way] is not None and 0 < row[way] < 1), key=lambda row: -row[way])[:SHOWN]
    if not near:
        return
    header = book.format(bold=True, bottom=2, bottom_color=look.ACCENT, bg_color=look.BAND, valign="vcenter", text_wrap=True)
    right = book.format(bold=True, bottom=2, bottom_color=look.ACCENT, bg_color=look.BAND, valign="vcenter", text_wrap=True, align="right")
    sheet.set_row(top, 33)
    sheet.write_string(top, 0, "Nearest to the next tier", header)
    for column, text in ((1, ""), (2, table.columns[way].header), (3, table.columns[adds].header)):
        sheet.write_string(top, column, text, right)
    percent = book.format(num_format=look.percent_format(1))
    for number, row in enumerate(near, start=top + 1):
        who = row[fields["participant_name"]] or row[fields["participant_id"]]
        sheet.write_string(number, 0, look.safe_text(str(row[fields["program_id"]])), book.format(num_format="@"))
        sheet.write_string(number, 1, look.safe_text(f"{who} · {row[fields['program_id']]} · {row[fields['period']]}"), book.format())
        sheet.write_number(number, 2, float(row[way]), percent)
        sheet.write_number(number, 3, float(row[adds]), book.format(num_format=look.money_format(2)))
    sheet.insert_chart(top, 5, _chart(book, table, top + 1, top + len(near)))


def _chart(book: Any, table: ResultTable, first: int, last: int) -> Any:
    chart = book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Way to Next Tier",
            "categories": [table.name, first, 1, last, 1],
            "values": [table.name, first, 2, last, 2],
            "fill": {"color": look.ACCENT},
            "gap": 45,
            "data_labels": {"value": True, "num_format": "0.0%", "font": {"color": look.INK, "size": 9}},
        }
    )
    font = {"color": look.INK, "size": 9}
    chart.set_title({"name": table.title, "name_font": {"color": look.INK, "size": 12, "bold": True}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "num_font": font, "major_gridlines": {"visible": True, "line": {"color": look.LINE}}})
    chart.set_y_axis({"reverse": True, "num_font": font, "line": {"color": look.LINE}, "crossing": "min"})
    chart.set_size({"width": CHART_WIDTH, "height": max(240, (last - first + 5) * ROW_PIXELS + 60)})
    chart.set_chartarea({"border": {"color": look.LINE}})
    return chart
