"""The charts of the result sheets: what they find, in words, and that what is drawn stands in the cells it says it is drawn from."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import runs
from user_books import contents, user_book

from rebate_udfs.hosts.files import write_results
from rebate_udfs.hosts.web_tables import result
from rebate_udfs.model import Chart, Run
from rebate_udfs.report import report

ATTAINED = [("P-1", "NORTH", "9800"), ("P-1", "SOUTH", "12000"), ("P-2", "NORTH", "26000"), ("P-2", "WEST", "100")]


@pytest.fixture
def run() -> Run:
    return runs.run(*(runs.attained(*one) for one in ATTAINED))


def chart(run: Run, name: str) -> Chart | None:
    return next(table.chart for table in report(run) if table.name == name)


def column(found: Chart, field: str) -> list[Any]:
    return [row[found.fields.index(field)] for row in found.rows]


def test_the_nearest_to_a_tier_come_first_and_those_at_the_top_not_at_all(run: Run):
    found = chart(run, "Attainment")
    assert column(found, "participant_id") == ["NORTH", "SOUTH", "WEST"]
    assert column(found, "way_to_next_tier") == [Fraction("0.98"), Fraction("0.48"), Fraction("0.02")]
    assert (found.title, found.axis_end) == ("1 distributor is within 5 % of the next tier", 1)
    assert found.labels[0] == "North Trading · P-1"


def test_where_nobody_is_near_the_title_names_the_nearest():
    assert chart(runs.run(runs.attained("P-1", "SOUTH", "12000")), "Attainment").title == (
        "South Trading · P-1 is nearest to the next tier: 48.0 % of the way"
    )
    assert chart(runs.run(runs.attained("P-1", "NORTH", "26000")), "Attainment") is None, "nobody is on the way to a tier"


def test_accrued_by_program_adds_up_and_says_who_is_most_of_it(run: Run):
    found = chart(run, "Accruals")
    assert column(found, "program_id") == ["P-2", "P-1"]
    assert column(found, "earned") == column(found, "accrued") == [Decimal("1560.00"), Decimal("676.00")]
    assert found.title == "Program P-2 · P-2 is 70 % of what should be accrued"


def test_money_of_two_currencies_is_on_no_common_axis():
    run = runs.run(runs.attained("P-1", "NORTH", "9800"), runs.attained("P-2", "OSAKA", "12000", "JPY"))
    assert chart(run, "Accruals") is None


def test_of_many_programs_the_largest_are_shown_and_the_list_says_so():
    found = chart(runs.run(*(runs.attained(f"P-{number:02}", "NORTH", str(12_000 + number)) for number in range(12))), "Accruals")
    assert len(found.rows) == 10
    assert found.heading == "Earned and accrued by program: the 10 largest of 12"
    assert column(found, "program_id")[0] == "P-11"


@pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl does not read data bars of 2010
def test_what_is_drawn_is_what_the_list_in_the_sheet_says(tmp_path: Path, run: Run):
    book = user_book(tmp_path / "book.xlsx")
    write_results(book, run, report(run))
    parts, opened = contents(book), openpyxl.load_workbook(book)
    drawings = {name: data.decode() for name, data in parts.items() if re.match(r"xl/charts/rebates_(\d+_)?chart", name)}
    assert len(drawings) == 2
    for name in ("Attainment", "Accruals"):
        found, sheet = chart(run, name), opened[name]
        drawing = next(text for text in drawings.values() if f"<c:f>{name}!" in text)
        assert found.title in drawing
        ranges = [list(sheet[address.split("!")[1].replace("$", "")]) for address in re.findall(r"<c:f>([^<]+)</c:f>", drawing)]
        drawn = [[cell[0].value for cell in cells] for cells in ranges]
        assert drawn[0::2] == [list(found.labels)] * len(found.values)
        assert drawn[1::2] == [[float(value) for value in column(found, field)] for field in found.values]


def charts(book: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(book).items() if "/charts/" in name}


def test_a_second_run_replaces_the_charts_of_the_first(tmp_path: Path, run: Run):
    book = user_book(tmp_path / "book.xlsx")
    write_results(book, run, report(run))
    first = charts(book)
    fewer = runs.run(runs.attained("P-1", "NORTH", "9800"))
    write_results(book, fewer, report(fewer))
    parts = [name for name in contents(book) if re.match(r"xl/(charts|drawings)/rebates", name)]
    assert len(parts) == 2, "one program alone makes no chart of programs, and the drawing of the first run is gone"
    write_results(book, run, report(run))
    assert charts(book) == first


def test_a_host_is_told_under_which_columns_the_list_stands(run: Run):
    table = next(table for table in report(run) if table.name == "Accruals")
    shown = result(table, run)
    assert [shown["columns"][place]["field"] for place in shown["chart"]["columns"]] == ["program_id", "program_name", "earned", "accrued"]
    assert shown["chart"]["rows"][0] == ["P-2", "Program P-2", 1560.0, 1560.0]
    assert [shown["columns"][place]["field"] for place in shown["chart"]["values"]] == ["earned", "accrued"]
    assert result(report(run)[0], run)["chart"] is None
