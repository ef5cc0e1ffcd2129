"""Exports of other systems: what is read, what is named as not understood, and that nothing comes into a book twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rebate_udfs.actions import import_transactions
from rebate_udfs.cli import app
from rebate_udfs.hosts.import_files import fitting_profiles, read_cells
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.imports import Imported, Profile, plain_number, preview, profile_text, read_export, read_profile
from rebate_udfs.parse import CannotRead, Unreadable
from rebate_udfs.tables import read

EXAMPLES = Path(__file__).parents[1] / "examples" / "import_profiles"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
SIMPLE = {"Transaction ID": "No", "Invoice Date": "Date", "Distributor ID": "Customer", "SKU": "Item", "Quantity": "Qty", "Amount": "Net"}
HEADER = ["No", "Date", "Customer", "Item", "Qty", "Net"]


def profile(**more: Any) -> Profile:
    return Profile.model_validate({"name": "x", "columns": {**SIMPLE, **more.pop("columns", {})}, **more})


def imported(rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER, **more: Any) -> Imported:
    return read_export(profile(**more), [header, *rows], "export.csv")


def example(name: str) -> Imported:
    found = read_profile(EXAMPLES / f"{name}.yaml")
    return read_export(found, read_cells(EXAMPLES / f"{name}.csv", found.file), f"{name}.csv")


# ---- the examples


@pytest.mark.parametrize(
    ("name", "rows", "amount", "unmapped", "codes"),
    [
        ("sap_billing_items", 5, "164871.30", ("PRCTR",), ["VALUE_NOT_MAPPED", "NOT_A_DATE"]),
        ("dynamics_365_invoice_lines", 4, "6535.00", ("InventorySiteId",), ["NOT_A_DATE"]),
        ("netsuite_sales", 4, "6878.00", ("Sales Rep",), ["VALUE_NOT_MAPPED"]),
        ("quickbooks_sales", 3, "6362.00", (), ["NOT_A_DATE"]),
    ],
)
def test_a_sales_export_of_another_system(name: str, rows: int, amount: str, unmapped: tuple[str, ...], codes: list[str]) -> None:
    """Each sample has a row that cannot be read, on purpose, and all but one a column that nobody mapped."""
    found = example(name)
    assert len(found.rows) == rows
    assert sum(row.cells["Amount"] for row in found.rows) == Decimal(amount)
    assert found.unmapped == unmapped
    assert [problem.code for problem in found.problems] == codes


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_an_example_is_taken_or_left_out_with_a_reason(name: str) -> None:
    found = example(name)
    assert found.read == len(found.rows) + sum(found.left_out.values()) and found.rows


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_profile_is_the_same_profile(name: str, tmp_path: Path) -> None:
    before = read_profile(EXAMPLES / f"{name}.yaml")
    (tmp_path / "again.yaml").write_text(profile_text(before), encoding="utf-8")
    assert read_profile(tmp_path / "again.yaml") == before


def test_sap_writes_returns_without_a_sign_and_numbers_with_a_comma() -> None:
    rows = {row.cells["Transaction ID"]: row.cells for row in example("sap_billing_items").rows}
    returned = rows["90000120-000010"]
    assert (returned["Type"], returned["Quantity"], returned["Amount"]) == ("Return", Decimal(-20), Decimal("-2400.00"))
    assert rows["90000114-000010"]["Quantity"] == 1250 and rows["90000101-000010"]["Distributor ID"] == "1000"


def test_quickbooks_names_the_customer_above_its_lines() -> None:
    found = example("quickbooks_sales")
    assert [(row.row, row.cells["Distributor ID"]) for row in found.rows] == [(7, "D-1000"), (8, "D-1000"), (11, "D-1100")]
    assert found.left_out == {"the name of a Customer": 2, "a total": 3, "a cell that cannot be read": 1}


def test_percents_written_as_4_are_4_percent() -> None:
    assert [row.cells["Reward"] for row in example("dynamics_365_rebate_lines").rows] == [Decimal(text) for text in ("0.02", "0.04", "0.06", "0.015")]


def test_contracts_become_programs() -> None:
    found = [(row.cells["Program ID"], row.cells["Rebate Type"], row.cells["Starts On"]) for row in example("sap_condition_contracts").rows]
    assert found == [("3000000041", "Volume", date(2026, 1, 1)), ("3000000042", "Growth", date(2026, 1, 1)), ("3000000043", "MDF", date(2026, 1, 1))]


# ---- cells


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.234,50", ",", "1234.50"), ("1,234.50", ".", "1234.50"), ("1.234", ",", "1234"), ("1.234", ".", "1.234"), ("12,5-", ",", "-12.5"),
        ("(12.00)", ".", "-12.00"), ("1 234,5", ",", "1234.5"), ("-.5", ".", "-0.5"), ("1'234.00", ".", "1234.00"), ("0", ",", "0"),
    ],
)  # fmt: skip
def test_numbers_as_the_file_writes_them(text: str, decimal: str, number: str) -> None:
    assert plain_number(text, decimal) == Decimal(number)


@pytest.mark.parametrize(("text", "decimal"), [("1,234.50", ","), ("12,34,5", "."), ("12 pcs", "."), ("(5", "."), ("", "."), ("1,23.4", ".")])
def test_what_is_no_number_is_never_guessed(text: str, decimal: str) -> None:
    with pytest.raises(Unreadable):
        plain_number(text, decimal)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([".", ","]))
def test_a_number_written_with_thousands_comes_back(number: Decimal, decimal: str) -> None:
    written = f"{number:,.2f}" if decimal == "." else f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
    assert plain_number(written, decimal) == number


def test_an_unreadable_cell_is_named_with_row_and_column_and_leaves_its_row_out() -> None:
    found = imported([["1", "2026-01-05", "A", "F", "ten", "100"], ["2", "2026-01-06", "A", "F", "1", "100"]])
    assert [row.cells["Transaction ID"] for row in found.rows] == ["2"]
    problem = found.problems[0]
    assert (problem.row, problem.column, problem.code) == (2, "Qty", "NOT_A_NUMBER") and '"ten"' in problem.message


def test_all_unreadable_cells_of_a_row_are_named() -> None:
    found = imported([["1", "soon", "A", "F", "ten", ""]])
    assert [(problem.column, problem.code) for problem in found.problems] == [
        ("Date", "NOT_A_DATE"),
        ("Qty", "NOT_A_NUMBER"),
        ("Net", "MISSING_VALUE"),
    ]


def test_a_date_that_could_be_two_needs_a_form_in_the_profile() -> None:
    row = ["1", "04/03/2026", "A", "F", "1", "100"]
    assert imported([row]).problems[0].code == "NOT_A_DATE"
    assert imported([row], file={"dates": "%d/%m/%Y"}).rows[0].cells["Invoice Date"] == date(2026, 3, 4)
    assert imported([row], file={"dates": "%m/%d/%Y"}).rows[0].cells["Invoice Date"] == date(2026, 4, 3)


def test_a_value_that_the_profile_does_not_know_is_not_passed_on() -> None:
    columns = {"Type": {"source": "Kind", "values": {"I": "Invoice", "": "Invoice"}}}
    rows = [["1", "2026-01-05", "A", "F", "1", "9", "I"], ["2", "2026-01-05", "A", "F", "1", "9", ""], ["3", "2026-01-05", "A", "F", "1", "9", "Z"]]
    found = imported(rows, [*HEADER, "Kind"], columns=columns)
    assert [row.cells["Type"] for row in found.rows] == ["Invoice", "Invoice"]
    assert "(empty)" in found.problems[0].message


def test_columns_that_nobody_mapped_are_named() -> None:
    found = imported([["1", "2026-01-05", "A", "F", "1", "9", "x", "y"]], [*HEADER, "Rep", "Memo"], ignore=["Memo"])
    assert found.unmapped == ("Rep",)
    would, not_understood = preview(found)
    assert would.title == "1 of 1 rows of export.csv would go to Transactions, 0 are left out"
    assert not_understood.rows == (("column Rep", "The profile does not name it, so it is not read.", "Map it, or add it to ignore."),)


def test_a_missing_column_stops_the_rows_that_need_it_and_no_others() -> None:
    assert not imported([["1", "2026-01-05", "A", "F", "1"]], HEADER[:-1]).rows
    found = imported([["1", "2026-01-05", "A", "F", "1", "9"]], columns={"Line": "Line No"})
    assert len(found.rows) == 1 and [problem.code for problem in found.problems] == ["MISSING_COLUMN"]


def test_a_file_of_another_kind_has_no_header_row() -> None:
    found = read_export(profile(), [["Employee", "Salary"], ["X", "1"]], "other.csv")
    assert [problem.code for problem in found.problems] == ["NO_HEADER_ROW"] and not found.rows


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\ncolumns: {Nonsense: a}", "no column Nonsense"),
        ("name: x\ncolumns: {SKU: a}", "Transaction ID"),
        ("name: x\ntable: Ledger\ncolumns: {}", "no table Ledger"),
        ("name: x\nfile: {decimal: ';'}\ncolumns: {}", "decimal sign"),
        ("name: [", "no YAML"),
        ("name: x\ncolour: red\ncolumns: {}", "colour"),
    ],
)
def test_a_profile_with_a_mistake_says_which(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CannotRead, match=says):
        read_profile(path)


def test_a_file_in_another_encoding_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("No;Größe".encode("cp1252"))
    with pytest.raises(CannotRead, match="cp1252"):
        read_cells(tmp_path / "x.csv", profile().file)


# ---- into a book


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    write_template(path, sample={"Transactions": [{"Transaction ID": "OLD-1", "Invoice Date": date(2026, 1, 2), "Distributor ID": "A", "SKU": "F",
                                                   "Quantity": 1, "Amount": Decimal("10.50")}]})  # fmt: skip
    return path


def run(*arguments: Any) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["import", *map(str, arguments)])
    return done.exit_code, " ".join(done.output.split())


def test_an_import_appends_once_and_the_second_time_nothing(book: Path) -> None:
    given = (EXAMPLES / "quickbooks_sales.csv", "--profile", EXAMPLES / "quickbooks_sales.yaml", "--into", book)
    status, said = run(*given)
    assert status == 1 and "3 rows appended to Transactions" in said and "rows 3 to 5" in said  # 1: a row could not be read
    after = book.read_bytes()
    status, said = run(*given)
    assert "3 rows of quickbooks_sales.csv are in the book already" in said and "Nothing is to be appended" in said
    assert book.read_bytes() == after
    raw, problems = read_book(book)
    tables = read(raw, problems=problems)
    assert tables.lines is not None and tables.lines.rows_read == 4


def test_a_preview_writes_nothing(book: Path) -> None:
    before = book.read_bytes()
    status, said = run(EXAMPLES / "netsuite_sales.csv", "--profile", EXAMPLES / "netsuite_sales.yaml")
    assert status == 1 and "Nothing is written" in said and "column Sales Rep" in said
    assert book.read_bytes() == before


def test_a_row_that_contradicts_the_book_is_not_appended_and_named(book: Path) -> None:
    rows = [["OLD-1", "2026-01-02", "A", "F", "1", "10.50"], ["NEW-1", "2026-01-03", "A", "F", "1", "5"], ["NEW-1", "2026-01-03", "A", "F", "2", "5"]]
    raw, _ = read_book(book)
    outcome = import_transactions(profile(), [HEADER, *rows], "export.csv", raw)
    assert [row.cells["Transaction ID"] for row in outcome.rows] == ["NEW-1"]
    assert outcome.messages == ("1 row of export.csv is in the book already.",)
    assert [(one.code, one.row, one.column) for one in outcome.problems] == [("DIFFERS_FROM_BOOK", 4, "Quantity")]
    changed = import_transactions(profile(), [HEADER, ["OLD-1", "2026-01-02", "A", "F", "1", "10.51"]], "export.csv", raw)
    assert not changed.rows and "row 2 of Transactions" in changed.problems[0].message


def test_rows_without_a_key_of_their_own_are_compared_as_a_whole(book: Path) -> None:
    given = (EXAMPLES / "dynamics_365_rebate_lines.csv", "--profile", EXAMPLES / "dynamics_365_rebate_lines.yaml", "--into", book)
    assert "4 rows appended to Tiers" in run(*given)[1]
    assert "4 rows of dynamics_365_rebate_lines.csv are in the book already" in run(*given)[1]


def test_a_workbook_is_an_export_too(book: Path) -> None:
    columns = {header: header for header in ("Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount")}
    found = Profile.model_validate({"name": "x", "columns": columns, "file": {"sheet": "Transactions"}})
    assert [row.cells["Amount"] for row in read_export(found, read_cells(book, found.file), "book.xlsx").rows] == [Decimal("10.5")]
    with pytest.raises(CannotRead, match="no sheet Sales"):
        read_cells(book, found.file.model_copy(update={"sheet": "Sales"}))


def test_a_call_that_cannot_work_says_so_in_one_sentence(book: Path, tmp_path: Path) -> None:
    for call, says in (
        ((tmp_path / "none.csv", "--profile", EXAMPLES / "netsuite_sales.yaml"), "no file"),
        ((EXAMPLES / "netsuite_sales.csv", "--profile", tmp_path / "none.yaml"), "no profile"),
    ):
        status, said = run(*call)
        assert status == 2 and says in said


@pytest.mark.parametrize("name", NAMES)
def test_a_button_finds_the_profile_that_an_export_fits(name: str) -> None:
    found = fitting_profiles(EXAMPLES / f"{name}.csv")
    assert found[0].name == read_profile(EXAMPLES / f"{name}.yaml").name


def test_a_file_with_our_own_headers_needs_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\nT-1,2026-01-05,D-1,S-1,1,10.50\n")
    ours = fitting_profiles(path)[0]
    found = read_export(ours, read_cells(path, ours.file), path.name)
    assert [row.cells["Amount"] for row in found.rows] == [Decimal("10.50")]


def test_a_file_that_fits_nothing_has_no_profile_and_one_that_is_no_table_is_refused(tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n")
    assert fitting_profiles(strange) == []
    strange.write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(CannotRead):
        fitting_profiles(strange)
