"""Charts of the result sheets in a real LibreOffice: native, of the list below the table, replaced by the next run, kept in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_calc import Office, office, own_cache, results, sample

from rebate_udfs.model import ResultTable

__all__ = ["office", "own_cache", "sample"]  # fixtures
pytestmark = pytest.mark.slow


def drawn_of(table: ResultTable) -> list[Any]:
    """What the driver should tell of a table's chart."""
    chart = table.chart
    assert chart is not None
    headers = {column.field: column.header for column in table.columns}
    values = [[float(row[chart.fields.index(field)]) for row in chart.rows] for field in chart.values]
    return [chart.title, [headers[field] for field in chart.values], values]


def test_a_chart_stands_below_its_table_and_the_next_run_replaces_it(office: Office, sample: Path, tmp_path: Path):
    charted = [table for table in results(sample).tables if table.chart is not None]
    assert len(charted) >= 2
    office.open(str(sample), False)
    for _ in range(2):
        assert office.run("calculate", {"Quiet": True})[0]
        for table in charted:
            assert office.charts(table.name) == [drawn_of(table)]
    shown = [row for row in office.strings("Attainment", "A1:Z200") if row[0].startswith("P-")]
    assert any("2026-" in cell for cell in shown[-1]), "a day in the list is a day"
    for kind in ("ods", "xlsx"):
        office.save(str(tmp_path / f"charts.{kind}"))
    for _ in range(2):
        assert office.undo() == "Rebates: Calculate"
    assert "Accruals" not in office.sheets(), "both runs are undone"
    for kind in ("ods", "xlsx"):
        office.load(str(tmp_path / f"charts.{kind}"))
        for table in charted:
            ((title, names, values),) = office.charts(table.name)
            wanted = drawn_of(table)
            assert (title, names) == (wanted[0], wanted[1]), kind
            assert values == [pytest.approx(one) for one in wanted[2]], "files keep 15 digits"


def test_a_chart_of_the_users_on_a_result_sheet_stays(office: Office, sample: Path):
    office.open(str(sample), False)
    assert office.run("calculate", {"Quiet": True})[0]
    office.draw("Accruals", "My own", "A6:A8")
    assert office.run("calculate", {"Quiet": True})[0]
    assert len(office.charts("Accruals")) == 2
