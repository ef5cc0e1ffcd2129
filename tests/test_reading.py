"""Workbooks as people leave them are read; what is none gets one clear sentence."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from books import SOUND, bent, raw, write
from conftest import SHARED, absent

from rebate_udfs.hosts.reading import find_header_row, read_book, read_inputs
from rebate_udfs.model import CellError, Tables
from rebate_udfs.parse import CannotRead, RawTable
from rebate_udfs.tables import BY_NAME, read


def book(path: Path) -> Tables:
    tables, problems = read_book(path)
    return read(tables, problems=problems)


def codes(tables: Tables) -> list[str]:
    return [one.code for one in tables.problems]


def table(path: Path, name: str) -> RawTable:
    return next(one for one in read_book(path)[0] if one.name == name)


@pytest.mark.parametrize("tables", [True, False], ids=["excel tables", "sheets"])
def test_a_sound_book_is_the_same_as_tables_and_as_sheets(tmp_path: Path, tables: bool) -> None:
    found = book(write(tmp_path / "book.xlsx", SOUND, tables))
    assert found.problems == ()
    assert [one.program_id for one in found.programs] == ["P-1", "P-2"]
    assert found.programs[0].row == 2 and found.distributors[1].parent_id == "TOP"
    assert found.input_hash == read(raw(SOUND)).input_hash
    assert found.rows_read == {"Programs": 2, "Tiers": 3, "Distributors": 3, "Products": 2, "Transactions": 3}


def test_headers_anywhere_in_any_order_and_case(tmp_path: Path) -> None:
    workbook = xlsxwriter.Workbook(str(tmp_path / "book.xlsx"))
    sheet = workbook.add_worksheet("exchange-rates")
    sheet.write(0, 0, "Rates of the treasury")
    sheet.write_row(4, 2, ["RATE", "ours", " valid_from ", "currency *"])
    sheet.write_row(5, 2, [1.1, "x", "2026-01-01", "eur "])
    sheet.write_row(7, 2, [1.2, "", "2026-02-01", "EUR"])
    workbook.close()
    found = book(tmp_path / "book.xlsx")
    assert [(one.currency, one.valid_from, str(one.rate), one.row) for one in found.exchange_rates] == [
        ("EUR", date(2026, 1, 1), "1.1", 6), ("EUR", date(2026, 2, 1), "1.2", 8),
    ]  # fmt: skip


def test_dates_of_the_1904_system(tmp_path: Path) -> None:
    grid = [["Currency", "Valid From", "Rate"], ["EUR", date(2026, 1, 1), 1.1], ["EUR", 44651, 1.2]]
    found = book(write(tmp_path / "book.xlsx", bent(Exchange_Rates=grid), date_1904=True))
    assert [one.valid_from for one in found.exchange_rates] == [date(2026, 1, 1), date(2026, 4, 1)]


def test_merged_header_cells(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Tiers"
    sheet["A1"], sheet["B1"], sheet["B2"], sheet["C2"], sheet["D1"] = "Program ID", "Measure", "From", "To", "Reward"
    for cells in ("A1:A2", "B1:C1", "D1:D2"):
        sheet.merge_cells(cells)
    sheet.append(["P-1", 0, 100, 0.01])
    workbook.save(tmp_path / "book.xlsx")
    tiers = table(tmp_path / "book.xlsx", "Tiers")
    assert tiers.headers == ["Program ID", "From", "To", "Reward"] and tiers.header_row == 2
    assert tiers.rows == [(3, ["P-1", 0.0, 100.0, 0.01])]


def test_blank_rows_and_total_rows_are_no_data(tmp_path: Path) -> None:
    grid = [*SOUND["Transactions"], [""] * 8, ["  "], ["Total", "", "", "", 14, 139.75]]
    found = book(write(tmp_path / "book.xlsx", bent(Transactions=grid)))
    assert found.lines is not None and found.lines.rows_read == 3
    assert codes(found) == ["TOTAL_ROW"] and found.problems[0].row == 7


def test_the_total_row_of_an_excel_table_and_rows_typed_below_a_table(tmp_path: Path) -> None:
    workbook = xlsxwriter.Workbook(str(tmp_path / "book.xlsx"))
    sheet = workbook.add_worksheet("Products")
    columns = [{"header": "SKU", "total_string": "Total"}, {"header": "Unit Cost", "total_function": "sum"}]
    sheet.add_table(0, 0, 2, 1, {"name": "Products", "columns": columns, "total_row": True})
    sheet.write_row(1, 0, ["A", 1.5])
    below = workbook.add_worksheet("Tiers")
    below.add_table(0, 0, 1, 2, {"name": "Tiers", "columns": [{"header": one} for one in ("Program ID", "From", "Reward")]})
    below.write_row(1, 0, ["P-1", 0, 0.01])
    below.write_row(2, 0, ["P-1", 10, 0.02])
    workbook.close()
    tables, problems = read_book(tmp_path / "book.xlsx")
    assert {one.name: len(one.rows) for one in tables} == {"Tiers": 1, "Products": 1}
    assert [(one.code, one.table, one.row) for one in problems] == [("ROWS_BELOW_TABLE", "Tiers", 3)]


def test_error_cells_are_named_and_only_their_rows_left_out(tmp_path: Path) -> None:
    grid = [*SOUND["Products"], ["C", "#N/A"], ["D", "Wire"]]
    found = book(write(tmp_path / "book.xlsx", bent(Products=grid)))
    [problem] = found.problems
    assert (problem.code, problem.table, problem.row, problem.column) == ("CELL_ERROR", "Products", 4, "Category")
    assert "#N/A" in problem.message
    assert [one.sku for one in found.products] == ["A", "B", "D"]


def test_a_formula_that_was_never_calculated_is_not_read_as_empty(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Products"
    workbook.active.append(["SKU", "Unit Cost"])
    workbook.active.append(["A", "=1+1"])
    workbook.save(tmp_path / "book.xlsx")
    [cell] = [row[1][1] for row in table(tmp_path / "book.xlsx", "Products").rows]
    assert isinstance(cell, CellError) and cell.code == "a formula without a result"


def test_result_sheets_and_other_sheets_are_not_input(tmp_path: Path) -> None:
    results = {"Check": [["Severity", "Code"], ["Error", "X"]], "Attainment": [["Program ID", "Earned"], ["P-1", 5]], "Notes": [["anything"]]}
    found = book(write(tmp_path / "book.xlsx", {**SOUND, **results}))
    assert found.problems == () and "Attainment" not in found.rows_read


def test_two_sheets_for_one_table_are_told(tmp_path: Path) -> None:
    found = book(write(tmp_path / "book.xlsx", {**SOUND, "Exchange Rates": [["Currency", "Valid From", "Rate"]], "exchange_rates": [["x"]]}))
    assert codes(found) == ["DUPLICATE_TABLE"]


def test_a_sheet_without_its_headers_is_told_once(tmp_path: Path) -> None:
    found = book(write(tmp_path / "book.xlsx", bent(Products=[["one", "two"], ["A", "B"]])))
    assert [one.code for one in found.problems if one.table == "Products"] == ["MISSING_HEADER"]


def test_codes_dates_and_noise_from_a_real_file(tmp_path: Path) -> None:
    grid = [["SKU", "Unit Cost", "Launched On"], ["00123", 0.1 + 0.2, "31.03.2026"], [123, " 1,000.50 ", 46112]]
    found = book(write(tmp_path / "book.xlsx", bent(Products=grid)))
    assert [(one.sku, str(one.unit_cost), one.launched_on) for one in found.products] == [
        ("00123", "0.3", date(2026, 3, 31)), ("123", "1000.50", date(2026, 3, 31)),
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 8, 29])
def test_the_header_row_is_found_however_far_down(rows: int) -> None:
    grid = [["Note", "From us"]] * rows + [["SKU", "Category", "Brand"], ["SKU-1", "Category A", "Brand B"]]
    assert find_header_row(BY_NAME["Products"], grid) == rows


def encrypted(path: Path) -> None:
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 2000)


def truncated(path: Path) -> None:
    whole = write(path.with_name("whole.xlsx"), SOUND)
    path.write_bytes(whole.read_bytes()[:3000])


def damaged_inside(path: Path) -> None:
    whole = write(path.with_name("whole.xlsx"), SOUND)
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, b"<worksheet><sheetData><row" if "sheet2" in name else good.read(name))


def no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("letter.txt", "hello")


BROKEN = {
    "missing": (lambda path: None, "There is no file"),
    "0 bytes": (lambda path: path.write_bytes(b""), "is empty"),
    "csv": (lambda path: path.write_text("a,b\n1,2\n"), "is a text file"),
    "encrypted": (encrypted, "encrypted with a password"),
    "truncated": (truncated, "damaged or incomplete"),
    "damaged": (damaged_inside, "damaged or incomplete"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "package": (no_workbook, "package without a workbook"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0"), "is not a workbook"),
    "empty workbook": (lambda path: openpyxl.Workbook().save(path), "none of the standard tables"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_gets_one_sentence_and_a_remedy(tmp_path: Path, kind: str) -> None:
    make, sentence = BROKEN[kind]
    make(tmp_path / "book.xlsx")
    with pytest.raises(CannotRead) as refused:
        read_book(tmp_path / "book.xlsx")
    assert sentence in refused.value.sentence and refused.value.sentence.endswith(".") and refused.value.remedy.endswith(".")


def test_a_really_encrypted_workbook_is_told(tmp_path: Path) -> None:
    msoffcrypto = pytest.importorskip("msoffcrypto.format.ooxml", reason="msoffcrypto-tool is not installed")
    plain = write(tmp_path / "plain.xlsx", SOUND)
    with plain.open("rb") as source, (tmp_path / "book.xlsx").open("wb") as target:
        msoffcrypto.OOXMLFile(source).encrypt("secret", target)
    with pytest.raises(CannotRead, match="encrypted"):
        read_book(tmp_path / "book.xlsx")


def test_transactions_of_another_workbook_are_added(tmp_path: Path) -> None:
    extra = [SOUND["Transactions"][0], ["T9", date(2026, 4, 1), "SOUTH", "A", 1, 9.99, "", "IN9"]]
    main, other = write(tmp_path / "book.xlsx", SOUND), write(tmp_path / "more.xlsx", {"Transactions": extra})
    tables, files, problems = read_inputs(main, [other, tmp_path / "lines.parquet"])
    assert files == [tmp_path / "lines.parquet"] and problems == []
    found = read(tables)
    assert found.lines is not None and found.lines.rows_read == 4 and found.lines.latest_invoice_date == date(2026, 4, 1)
    with pytest.raises(CannotRead, match="no table Transactions"):
        read_inputs(main, [write(tmp_path / "none.xlsx", {"Products": SOUND["Products"]})])


def test_the_worked_books_are_read_whole() -> None:
    books = sorted((SHARED / "cases" / "books").glob("*.xlsx"))
    if not books:
        absent("the worked books are not here")
    for path in books:
        found = book(path)
        assert found.lines is not None
        usable = found.lines.engine_run.collect(found.lines.frame).num_rows
        assert found.lines.rows_read == usable + sum(found.lines.rows_excluded.values()), path.name
        assert not [one for one in found.problems if one.severity == "Error" and one.table != "Transactions"], path.name
