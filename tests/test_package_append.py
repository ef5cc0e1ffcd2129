"""Rows go into an input table as if somebody had typed them below the last one; nothing else changes."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from user_books import contents, digest, edit, user_book, values

from rebate_udfs.columns import BY_NAME
from rebate_udfs.hosts.append import append_rows
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.package import CannotPatch

PAYMENTS = BY_NAME["Payments"]
ROW = {
    "Payment ID": "007",
    "Program ID": "P-1",
    "Participant ID": "=1+1",
    "Period": "2026-03",
    "Paid On": date(2026, 3, 31),
    "Amount": Decimal("-12.34"),
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    write_template(tmp_path / "book.xlsx", sample={"Payments": [ROW]})
    return tmp_path / "book.xlsx"


def read(path: Path, name: str) -> Any:
    return {table.name: table for table in read_book(path)[0]}[name]


def opened(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(path)


def test_rows_fill_the_blank_ones_first(book: Path):
    before = contents(book)
    assert append_rows(book, PAYMENTS, [{**ROW, "Payment ID": "00123"}]) == (3, 3)
    after = contents(book)
    changed = {name for name in before if before[name] != after[name]}
    assert len(changed) <= 2
    assert all("worksheets/" in name or "tables/" in name for name in changed)
    assert "xl/sharedStrings.xml" not in changed
    sheet = opened(book)["Payments"]
    assert [sheet.cell(3, 1).value, sheet.cell(3, 3).value, sheet.cell(3, 3).data_type] == ["00123", "=1+1", "s"]
    assert sheet.cell(3, 8).value == datetime(2026, 3, 31)
    assert (sheet.cell(3, 9).value, sheet.cell(3, 9).number_format) == (-12.34, sheet.cell(2, 9).number_format)
    assert len(read(book, "Payments").rows) == 2


def test_beyond_the_blank_rows_the_table_grows_with_all_that_belongs_to_it(book: Path):
    old = opened(book)["Payments"].max_row
    rows = [{**ROW, "Payment ID": f"N-{number}"} for number in range(old + 30)]
    assert append_rows(book, PAYMENTS, rows) == (3, old + 32)
    sheet = opened(book)["Payments"]
    assert sheet.tables["Payments"].ref.endswith(str(old + 32))
    assert sheet.tables["Payments"].autoFilter.ref == sheet.tables["Payments"].ref
    ends = {cells.max_row for rule in sheet.data_validations.dataValidation for cells in rule.sqref.ranges}
    assert ends == {old + 32}
    assert sheet.cell(old + 32, 1).number_format == "@"
    assert sheet.dimensions.endswith(str(old + 32))
    assert [row[1][0] for row in read(book, "Payments").rows] == ["007", *(row["Payment ID"] for row in rows)]


def test_a_spreadsheet_opens_the_longer_table(book: Path, recalculated: Any):
    append_rows(book, PAYMENTS, [{**ROW, "Payment ID": f"N-{number}"} for number in range(150)])
    assert len(read(recalculated(book), "Payments").rows) == 151


def test_a_users_own_table_takes_rows_too_and_the_rest_keeps_its_bytes(tmp_path: Path):
    book = user_book(tmp_path / "mac.xlsx", date_1904=True)
    before = contents(book)
    placed = append_rows(book, BY_NAME["Transactions"], [{"transaction  id": "T-9", "Amount": 5, "Invoice Date": date(2026, 5, 1)}])
    assert placed == (22, 22)
    assert {name for name, data in contents(book).items() if before[name] != data} == {"xl/worksheets/sheet1.xml", "xl/tables/table1.xml"}
    assert values(book, "Transactions")[-1] == ["T-9", 5.0, date(2026, 5, 1)]
    rules = opened(book)["Transactions"].conditional_formatting
    assert [str(rule.sqref) for rule in rules] == ["B2:B22"]


def test_what_stands_below_the_table_is_never_overwritten(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx")
    last = '<row r="22"><c r="A22"><v>1</v></c></row></sheetData>'
    edit(book, "xl/worksheets/sheet1.xml", lambda text: text.replace("</sheetData>", last))
    before = digest(book)
    with pytest.raises(CannotPatch, match="row 22 below the table"):
        append_rows(book, BY_NAME["Transactions"], [{"Transaction ID": "T-9"}])
    assert digest(book) == before


def test_a_missing_table_a_total_row_and_a_typo_are_told(book: Path, tmp_path: Path):
    other = user_book(tmp_path / "other.xlsx")
    with pytest.raises(CannotPatch, match="no Excel table Payments"):
        append_rows(other, PAYMENTS, [ROW])
    with pytest.raises(ValueError, match="no column Amont"):
        append_rows(book, PAYMENTS, [{"Amont": 1}])
    with pytest.raises(ValueError, match="no rows"):
        append_rows(book, PAYMENTS, [])
    edit(other, "xl/tables/table1.xml", lambda text: text.replace('totalsRowShown="0"', 'totalsRowCount="1"'))
    with pytest.raises(CannotPatch, match="total row"):
        append_rows(other, BY_NAME["Transactions"], [{"Amount": 1}])


def test_a_column_that_computes_itself_goes_on_computing(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx")
    formula = '<tableColumn id="2" name="Amount"><calculatedColumnFormula>1+1</calculatedColumnFormula></tableColumn>'
    edit(book, "xl/tables/table1.xml", lambda text: text.replace('<tableColumn id="2" name="Amount"/>', formula))
    append_rows(book, BY_NAME["Transactions"], [{"Transaction ID": "T-9"}])
    assert opened(book)["Transactions"]["B22"].value == "=1+1"
