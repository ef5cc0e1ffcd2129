"""Import, Reconcile, Close Period, Validate Claims and Receive Statements in a real LibreOffice: what stands in the document afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from closebooks import entries, write_book
from conftest import ROOT
from returned import CLAIM, DISPUTE, company, fill
from test_calc import Office, office, own_cache, sample

from rebate_udfs.hosts.receive import received_folder

__all__ = ["office", "own_cache", "sample"]  # fixtures
PROFILES = ROOT / "examples" / "import_profiles"
PROGRAM = {"Program ID": "P", "Period": "Month", "Tiers": [[0, "2 %"]]}
SALES = [[date(2026, 1, 15), "NORTH", "A", 10, 1000], [date(2026, 2, 1), "NORTH", "A", 5, 500]]
EXPORT = """Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount,Invoice Number
T9,2026-02-11,NORTH,A,3,30.50,IN9
T10,2026-02-12,NORTH,A,1,=1+1,IN10
T11,2026-02-13,NORTH,00123,1,12.00,=cmd|'/C calc'!A0
"""
QUIET = {"Quiet": True}
AGREED = {"Quiet": True, "Yes": True}
pytestmark = pytest.mark.slow


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book.xlsx", [PROGRAM], SALES, settings={"As Of": date(2026, 2, 28)})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    return path


def rows(office: Office, name: str) -> list[dict[str, Any]]:
    """A table of the open document by its headers; blank rows at its end are not told."""
    header, *found = office.table(name)
    filled = [dict(zip(header, row, strict=True)) for row in found]
    while filled and not any(cell != "" for cell in filled[-1].values()):
        filled.pop()
    return filled


def place(office: Office, name: str, row: int, header: str) -> str:
    """The address of a cell of a table, by the number of its row from 1 below the header."""
    top, left = office.table_place(name)
    return f"{xlsxwriter.utility.xl_col_to_name(left + office.table(name)[0].index(header))}{top + 1 + row}"


def many_sales(path: Path, count: int) -> Path:
    """An export of so many sales, the amount of each its number."""
    lines = [f"N{number},2026-02-11,NORTH,A,1,{number}.00" for number in range(1, count + 1)]
    path.write_text("\n".join(["Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount", *lines, ""]), encoding="utf-8")
    return path


# ---- Import Transactions


def test_an_export_is_shown_and_appended_in_one_step_when_the_macro_agrees(office: Office, book: Path, export: Path):
    office.open(str(book), False)
    before = rows(office, "Transactions")
    done, said = office.run("import_transactions", QUIET | {"File": str(export)})
    assert done and "2 rows of 3 in export.csv for Transactions" in said and said.endswith("Nothing was appended.")
    assert rows(office, "Transactions") == before
    assert "2 rows of 3 in export.csv for Transactions" in str(office.strings("Import Preview", "A1:J20"))
    done, said = office.run("import_transactions", AGREED | {"File": str(export)})
    assert done and "2 rows appended to Transactions: rows 4 to 5. Next: Check." in said
    after = rows(office, "Transactions")
    assert after[:2] == before
    wanted = {"Transaction ID": "T9", "Invoice Date": 46064.0, "Distributor ID": "NORTH", "SKU": "A", "Quantity": 3.0, "Amount": 30.5}
    assert {name: after[2][name] for name in wanted} == wanted
    assert (after[3]["SKU"], after[3]["Invoice Number"]) == ("00123", "=cmd|'/C calc'!A0"), "texts, never formulas"
    for header in ("Invoice Date", "Amount", "SKU"):
        old, new = place(office, "Transactions", 1, header), place(office, "Transactions", 4, header)
        assert office.number_format("Transactions", new) == office.number_format("Transactions", old), header
    assert office.undo() == "Rebates: Import Transactions"
    assert rows(office, "Transactions") == before


def test_a_table_that_is_full_grows_with_its_formats_and_undo_gives_the_rows_back(office: Office, book: Path, tmp_path: Path):
    office.open(str(book), False)
    height = len(office.table("Transactions"))
    many = many_sales(tmp_path / "many.csv", height + 30)
    done, said = office.run("import_transactions", AGREED | {"File": str(many)})
    assert done, said
    assert len(office.table("Transactions")) == 3 + height + 30, "the table ends with the last row"
    last = len(rows(office, "Transactions"))
    assert rows(office, "Transactions")[-1]["Amount"] == height + 30
    for header in ("Invoice Date", "Amount", "Type"):
        old, new = place(office, "Transactions", 1, header), place(office, "Transactions", last, header)
        assert office.number_format("Transactions", new) == office.number_format("Transactions", old), header
        assert office.property("Transactions", new, "CellBackColor") == office.property("Transactions", old, "CellBackColor")
    assert office.choices("Transactions", place(office, "Transactions", last, "Type")), "the drop-down goes on"
    assert office.undo() == "Rebates: Import Transactions"
    assert (len(rows(office, "Transactions")), len(office.table("Transactions"))) == (2, height)


def test_the_same_export_is_appended_once_and_the_figures_and_handles_follow(office: Office, book: Path, export: Path):
    office.open(str(book), False)
    office.add_sheet("Analysis")
    office.put("Analysis", "A1", "=REBATE_BOOK(Programs[[#All]];Tiers[[#All]];Distributors[[#All]];Products[[#All]];Transactions[[#All]])")
    office.put("Analysis", "B1", '=REBATE_EARNED($A$1;"P";"NORTH";"2026-02")')
    assert office.cells("Analysis", "B1:B1") == [[10.0]]
    assert office.run("import_transactions", AGREED | {"File": str(export)})[0]
    assert office.cells("Analysis", "B1:B1") == [[10.85]], "2 % of 500.00, 30.50 and 12.00"
    done, said = office.run("import_transactions", AGREED | {"File": str(export)})
    assert done and "2 rows of export.csv are in the book already." in said and "Nothing is to be appended." in said
    assert len(rows(office, "Transactions")) == 4


def test_an_export_of_another_system_is_known_by_its_look(office: Office, sample: Path):
    office.open(str(sample), False)
    before = len(rows(office, "Transactions"))
    done, said = office.run("import_transactions", AGREED | {"File": str(PROFILES / "sap_billing_items.csv")})
    assert done and "Read as" in said and "SAP" in said, said
    assert len(rows(office, "Transactions")) > before


def test_what_cannot_be_imported_is_refused_in_a_sentence(office: Office, book: Path, tmp_path: Path):
    office.open(str(book), False)
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    assert not office.run("import_transactions", AGREED | {"File": str(strange)})[0]
    done, said = office.run("import_transactions", AGREED | {"File": str(tmp_path / "nowhere.csv")})
    assert not done and "nowhere.csv" in said
    assert office.run("import_transactions", AGREED) == [False, "Give the option File: there is nobody to ask."]
    bottom = len(office.table("Transactions"))
    office.put("Transactions", f"C{bottom + 2}", "a note of mine")
    done, said = office.run("import_transactions", AGREED | {"File": str(many_sales(tmp_path / "many.csv", bottom + 5))})
    assert not done and f"Something stands in row {bottom + 2}" in said
    assert len(rows(office, "Transactions")) == 2


# ---- Reconcile


def test_two_lists_are_compared_with_the_rebate_at_stake(office: Office, book: Path, tmp_path: Path):
    theirs = write_book(tmp_path / "theirs.xlsx", [PROGRAM], [SALES[0], [date(2026, 2, 1), "NORTH", "A", 5, 650]])
    office.open(str(book), False)
    done, said = office.run("reconcile", QUIET | {"File": str(theirs)})
    assert done, said
    shown = str(office.strings("Reconciliation", "A1:Z12"))
    assert all(text in shown for text in ("'500 '", "'650 '", "USD 3.00")), "both amounts, and 2 % of the difference"
    assert office.undo() == "Rebates: Reconcile"


# ---- Close Period


def test_a_close_shows_the_totals_and_posts_when_the_macro_agrees(office: Office, book: Path, tmp_path: Path):
    office.open(str(book), False)
    done, said = office.run("close_period", QUIET | {"Period": "2026-01"})
    assert done and said.endswith("Nothing was posted.")
    assert "20.00" in str(office.strings("Close Period", "A1:H10"))
    assert not entries(book)
    done, said = office.run("close_period", AGREED | {"Period": "2026-01"})
    assert done and "2026-01 is closed with 1 entry" in said and "row 2" in said
    (posted,) = entries(book)
    assert (posted.program_id, posted.amount) == ("P", Decimal("20.00"))
    (shown,) = rows(office, "Ledger")
    assert (shown["Amount"], shown["Figure ID"], shown["Hash"]) == (20.0, posted.figure_id, posted.hash)
    done, said = office.run("close_period", AGREED)
    assert done and "2026-02 is closed" in said, "without the option Period the next one"
    assert len(rows(office, "Ledger")) == 2
    assert office.run("check", QUIET) == [True, "Nothing is wrong with the tables."], "neither behind the ledger nor another one"
    office.save(str(tmp_path / "saved.xlsx"))


def test_a_book_without_a_ledger_sheet_gets_one_that_reads_as_the_ledger(office: Office, book: Path):
    office.open(str(book), False)
    office.remove_sheet("Ledger")
    assert office.run("close_period", AGREED | {"Period": "2026-01"})[0]
    assert office.sheets()[-1] == "Ledger" and len(rows(office, "Ledger")) == 1
    assert office.run("close_period", AGREED | {"Period": "2026-02"})[0]
    assert [row["Hash"] for row in rows(office, "Ledger")] == [entry.hash for entry in entries(book)]


def test_a_document_without_a_file_has_no_ledger_and_says_so(office: Office, book: Path):
    office.load_copy(str(book))
    for command, words in (("close_period", "its ledger is a file beside it"), ("receive_statements", "the receipts go into a folder beside it")):
        assert office.run(command, AGREED) == [False, f"Save the document in a folder of this computer first: {words}."]


def test_errors_in_the_data_stop_a_close_unless_somebody_says_why(office: Office, book: Path):
    office.open(str(book), False)
    office.put("Transactions", place(office, "Transactions", 2, "Distributor ID"), "NOBODY")
    done, said = office.run("close_period", AGREED | {"Period": "2026-01"})
    assert not done and "nothing was posted" in said and "In the way:" in said
    assert not entries(book)
    done, said = office.run("close_period", AGREED | {"Period": "2026-01", "Reason": "NOBODY is a test account"})
    assert done and "2026-01 is closed" in said
    assert len(entries(book)) == 1


# ---- claims and statements


def test_claims_are_answered_on_their_sheet(office: Office, sample: Path):
    office.open(str(sample), False)
    done, said = office.run("validate_claims", QUIET)
    assert done and "claim" in said, said
    assert "Approved" in str(office.strings("Claim Check", "A1:P20"))


def test_filled_statements_are_received_once_with_a_receipt(office: Office, tmp_path: Path):
    made = company(tmp_path)
    at = made.participants.index("D-1700")
    filled = tmp_path / "back" / "filled.xlsx"
    filled.parent.mkdir()
    fill(made.statements[at], filled, claims=[CLAIM], disputes=[DISPUTE])
    office.open(str(made.book), False)
    claims = len(rows(office, "Claims"))
    done, said = office.run("receive_statements", QUIET | {"Folder": str(filled.parent)})
    assert done and "Nothing was appended" in said and len(rows(office, "Claims")) == claims
    done, said = office.run("receive_statements", AGREED | {"Folder": str(filled.parent)})
    assert done and "1 file taken: 1 claim line, 1 dispute" in said and "Save the document" in said, said
    assert rows(office, "Claims")[-1]["Claim ID"] == "C-77" and rows(office, "Disputes")[-1]["Disputed Amount"] == 12.5
    (receipt,) = received_folder(made.book).glob("*receipt.txt")
    assert "Claim C-77 line 1:" in receipt.read_text(encoding="utf-8")
    done, said = office.run("receive_statements", AGREED | {"File": str(filled)})
    assert done and "no claim lines, no disputes" in said, said
    assert len(rows(office, "Claims")) == claims + 1


def test_a_table_that_cannot_grow_leaves_both_tables_as_they_were(office: Office, tmp_path: Path):
    made = company(tmp_path)
    filled = tmp_path / "filled.xlsx"
    fill(made.statements[made.participants.index("D-1700")], filled, claims=[CLAIM], disputes=[DISPUTE])
    office.open(str(made.book), False)
    office.protect("Disputes")
    before = rows(office, "Claims")
    done, said = office.run("receive_statements", AGREED | {"File": str(filled)})
    assert not done and "The sheet Disputes is protected" in said
    assert rows(office, "Claims") == before
    assert not list(received_folder(made.book).glob("*")), "no receipt for what was not taken"
