"""The standard workbook is what the description says, for every reader, and is built, never edited."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from user_books import digest, values

from rebate_udfs.columns import BY_NAME, SETTINGS, TABLES
from rebate_udfs.describe import Table
from rebate_udfs.hosts import look
from rebate_udfs.hosts.analysis import Host
from rebate_udfs.hosts.dictionary import HEADERS, dictionary_page
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import TEMPLATE_VERSION, write_template

ROOT = Path(__file__).parents[1]
COMMAND = "run: python -m rebate_udfs.hosts.template"
FILLED = [table for table in TABLES if table.name != "Settings"]
named = pytest.mark.parametrize("table", FILLED, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("template") / "rebates.xlsx"
    write_template(made, analysis=Host.DESKTOP)
    return made


@pytest.fixture(scope="module")
def book(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(path)


def test_the_template_in_the_repository_is_up_to_date(path: Path):
    from user_books import contents

    assert contents(ROOT / "workbook_templates" / "rebates.xlsx") == contents(path), COMMAND


def test_the_page_of_the_docs_is_up_to_date():
    assert (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == dictionary_page(), COMMAND


def test_equal_content_gives_equal_bytes(path: Path, tmp_path: Path):
    write_template(tmp_path / "again.xlsx", analysis=Host.DESKTOP)
    assert digest(tmp_path / "again.xlsx") == digest(path)


def test_one_sheet_a_table_in_the_order_of_the_description(book: Any):
    assert book.sheetnames == ["Start", "Analysis", *(table.name for table in TABLES), "Data Dictionary"]
    assert book.active.title == "Start"
    assert not {table.excel_name.casefold() for table in TABLES} & {name.casefold() for name in book.defined_names}


@named
def test_a_table_has_its_headers_formats_and_hints(book: Any, table: Table):
    sheet = book[table.name]
    excel = sheet.tables[table.excel_name]
    assert [column.name for column in excel.tableColumns] == [column.header for column in table.columns]
    rules = [rule for rule in sheet.data_validations.dataValidation for _ in rule.sqref.ranges]
    by_column = {cells.min_col: rule for rule in rules for cells in rule.sqref.ranges}
    for index, column in enumerate(table.columns, start=1):
        rule, cell = by_column[index], sheet.cell(2, index)
        assert rule.prompt, f"{column.header} says nothing"
        assert column.hint[:60] in rule.prompt
        assert ("Required." in rule.prompt) == column.required
        if column.choices:
            assert rule.formula1 == '"' + ",".join(column.choices) + '"'
        if column.kind in ("id", "list"):
            assert cell.number_format == "@", "an id or a period would turn into a number or a date"
        if column.kind == "date":
            assert rule.type == "date"
            assert "yy" in cell.number_format
        assert cell.fill.fgColor.rgb.endswith(look.INPUT_FILL[1:])
        assert cell.font.color.rgb.endswith(look.INPUT_TEXT[1:])
        assert not cell.protection.locked


@named
def test_the_header_stays_in_sight_and_on_every_page(book: Any, table: Table):
    sheet = book[table.name]
    assert sheet.freeze_panes in ("B2", "C2")
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.max_row >= 51, "rows to fill"
    validated = {cells.max_row for rule in sheet.data_validations.dataValidation for cells in rule.sqref.ranges}
    assert validated == {sheet.max_row}


def test_settings_are_listed_with_their_own_drop_downs(book: Any):
    sheet = book["Settings"]
    assert [sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)] == [setting.header for setting in SETTINGS]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert '"Manufacturer,Distributor"' in lists
    assert '"Half up,Half even"' in lists
    version = next(row for row in values(ROOT / "workbook_templates" / "rebates.xlsx", "Settings") if row[0] == "Template Version")
    assert version[1] == TEMPLATE_VERSION


def test_the_data_dictionary_lists_every_column(path: Path):
    rows = values(path, "Data Dictionary")
    assert tuple(rows[0]) == HEADERS
    listed = {(row[0], row[1]) for row in rows[1:]}
    assert listed == {(table.name, column.header) for table in FILLED for column in table.columns} | {("Settings", one.header) for one in SETTINGS}


def test_an_empty_book_is_read_without_a_problem(path: Path):
    tables, problems = read_book(path)
    assert [table.name for table in tables] == [table.name for table in TABLES]
    assert not problems
    assert all(not table.rows for table in tables if table.name != "Settings")


SAMPLE = {
    "Programs": [
        {"Program ID": "00123", "Program Name": "=1+1", "Rebate Type": "Volume", "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31)}
    ],
    "Tiers": [{"Program ID": "00123", "From": Decimal("1000.5"), "Reward": Decimal("0.025"), "Pay From First": True}],
    "Forecasts": [{"Program ID": "00123", "Participant ID": "N", "Period": "2026-03", "Measure": 5}],
    "Settings": [{"Setting": "Company", "Value": "Acme"}],
}


def test_a_sample_comes_back_as_it_was_given(tmp_path: Path):
    write_template(tmp_path / "sample.xlsx", sample=SAMPLE, book_id="B-77")
    found = {table.name: table for table in read_book(tmp_path / "sample.xlsx")[0]}
    programs = dict(zip(found["Programs"].headers, found["Programs"].rows[0][1], strict=True))
    assert programs["Program ID"] == "00123"
    assert programs["Program Name"] == "=1+1"
    assert programs["Starts On"] in (date(2026, 1, 1), datetime(2026, 1, 1))
    assert found["Forecasts"].rows[0][1][2] == "2026-03"
    tier = dict(zip(found["Tiers"].headers, found["Tiers"].rows[0][1], strict=True))
    assert (tier["From"], tier["Reward"], tier["Pay From First"]) == (1000.5, 0.025, "Yes")
    settings = {row[1][0]: row[1][1] for row in found["Settings"].rows}
    assert (settings["Company"], settings["Book ID"]) == ("Acme", "B-77")


@pytest.mark.parametrize("sample", [{"Nonsense": []}, {"Tiers": [{"Froom": 1}]}, {"Settings": [{"Setting": "Colour", "Value": 1}]}], ids=str)
def test_a_sample_with_a_typo_is_refused(tmp_path: Path, sample: dict[str, Any]):
    with pytest.raises(ValueError, match="no such|no column"):
        write_template(tmp_path / "sample.xlsx", sample=sample)


def test_a_spreadsheet_opens_it_and_keeps_the_tables(path: Path, recalculated: Any):
    tables, problems = read_book(recalculated(path))
    assert [table.name for table in tables] == list(BY_NAME)
    assert not problems
    start = values(recalculated(path), "Start")
    assert any("Not checked yet" in str(cell) for row in start for cell in row)
