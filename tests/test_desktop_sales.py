"""Import Transactions and Reconcile in Excel on the desktop, on an Excel that is a grid in memory."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import desktop_excel
import pytest
from closebooks import sheets
from conftest import ROOT
from desktop_excel import excel_book, grids, rows_of, sheet_of
from fake_excel import Book, Range

press, xlwings, own_machine = desktop_excel.press, desktop_excel.xlwings, desktop_excel.own_machine  # fixtures
PROFILES = ROOT / "examples" / "import_profiles"
PROGRAM = {"Program ID": "P", "Period": "Quarter", "Tiers": [[0, "2 %"]]}
OWN = """Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount,Invoice Number
T9,2026-04-01,NORTH,A,3,30.50,IN9
T10,2026-04-02,NORTH,A,1,=1+1,IN10
T11,2026-04-03,NORTH,00123,1,12.00,=cmd|'/C calc'!A0
"""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = sheets([PROGRAM], [[date(2026, 2, 1), "NORTH", "A", 10, 1000], [date(2026, 3, 1), "NORTH", "A", 5, 500]])
    return excel_book(made, tmp_path)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.mark.parametrize("windows", [True, False], ids=["Windows", "Mac"])
def test_an_export_is_shown_and_appended_when_the_person_agrees(press, book: Book, export: Path, windows: bool):
    before = rows_of(book, "Transactions")
    done = press(book, "import_transactions", windows=windows, file=[str(export)], yes=["yes"])
    assert done.done, done.said
    assert "2 rows of 3 in export.csv for Transactions" in done.person.words and "Undo takes it back" in done.person.words
    assert done.said == "2 rows appended to Transactions: rows 4 to 5. Next: Check."
    after = rows_of(book, "Transactions")
    assert after[:2] == before
    wanted = {
        "Transaction ID": "T9",
        "Invoice Date": 46113.0,
        "Distributor ID": "NORTH",
        "SKU": "A",
        "Quantity": 3.0,
        "Amount": 30.5,
        "Invoice Number": "IN9",
    }
    assert {name: after[2][name] for name in wanted} == wanted
    assert (after[3]["SKU"], after[3]["Invoice Number"]) == ("00123", "=cmd|'/C calc'!A0")  # texts, see the test below
    preview = [cell for row in sheet_of(book, "Import Preview").rows() for cell in row if isinstance(cell, str)]
    assert "2 rows of 3 in export.csv for Transactions" in preview
    assert any("=1+1" in text for text in preview), "what was not understood is shown"


def test_a_text_of_an_export_is_never_given_to_excel_as_a_formula(press, book: Book, export: Path, monkeypatch: pytest.MonkeyPatch):
    written: list[Any] = []
    original = Range.Value.fset

    def note(self: Range, data: Any) -> None:
        written.extend(cell for row in (data if isinstance(data, (list, tuple)) else [[data]]) for cell in row if isinstance(cell, str))
        original(self, data)

    monkeypatch.setattr(Range, "Value", Range.Value.setter(note))
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).done
    assert any("cmd" in text for text in written)
    assert not [text for text in written if text.startswith(("=", "+", "-", "@"))]


def test_the_new_rows_look_like_the_last_one_and_compute_what_it_computes(press, book: Book, export: Path):
    sheet, (table,) = sheet_of(book, "Transactions"), sheet_of(book, "Transactions").tables
    extra = table.Range.right + 1
    sheet.cells[1, extra] = "My Column"
    for row in (2, 3):
        sheet.cells[row, extra] = "=[@Amount]*2"
        sheet.formats[row, extra] = "0.000"
    sheet.validations[3, 1] = "at most 20 characters"
    table.Range = Range(sheet, 1, 1, 3, extra)
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).done
    for row in (4, 5):
        assert sheet.cells[row, extra] == "=[@Amount]*2"
        assert sheet.validations[row, 1] == "at most 20 characters"
        assert {at: text for (line, at), text in sheet.formats.items() if line == row} == {
            at: text for (line, at), text in sheet.formats.items() if line == 3
        }


def test_a_second_time_nothing_is_new(press, book: Book, export: Path):
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).done
    before = rows_of(book, "Transactions")
    again = press(book, "import_transactions", file=[str(export)])
    assert again.done and "2 rows of export.csv are in the book already" in again.said and "Nothing is to be appended" in again.said
    assert rows_of(book, "Transactions") == before


@pytest.mark.parametrize("answers", [{"file": [None]}, {"file": ["export"], "yes": ["no"]}, {"file": ["export"], "yes": [None]}])
def test_who_says_no_has_changed_nothing(press, book: Book, export: Path, answers: dict[str, Any]):
    before = grids(book)
    chosen = [str(export) if one else None for one in answers["file"]]
    done = press(book, "import_transactions", **{**answers, "file": chosen})
    assert done.done and done.said in ("", "Nothing was appended.")
    assert {name: found for name, found in grids(book).items() if name != "Import Preview"} == before


def test_undo_takes_out_what_was_appended(press, book: Book, export: Path):
    before = grids(book)
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).done
    done = press(book, "undo")
    assert done.done and done.said == "Taken out again: rows 4 to 5 of Transactions."
    assert {name: found for name, found in grids(book).items() if name != "Import Preview"} == before
    assert not press(book, "undo").done, "once"


def test_undo_leaves_rows_alone_that_somebody_has_changed(press, book: Book, export: Path):
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).done
    sheet_of(book, "Transactions").cells[4, 6] = 99.0
    before = grids(book)
    done = press(book, "undo")
    assert not done.done and "were changed since" in done.said and grids(book) == before


def test_blank_rows_of_the_table_are_filled_first(press, book: Book, export: Path):
    (table,) = sheet_of(book, "Transactions").tables
    table.Range = Range(table.Parent, 1, 1, 4, table.Range.right)
    assert press(book, "import_transactions", file=[str(export)], yes=["yes"]).said.startswith("2 rows appended to Transactions: rows 4 to 5.")
    assert table.Range.bottom == 5
    assert press(book, "undo").done and table.Range.bottom == 4


def test_what_is_in_the_way_is_named_and_nothing_is_written(press, book: Book, export: Path):
    sheet = sheet_of(book, "Transactions")
    (table,) = sheet.tables

    def refused() -> str:
        before = grids(book)
        done = press(book, "import_transactions", file=[str(export)], yes=["yes"])
        assert not done.done
        assert {name: found for name, found in grids(book).items() if name != "Import Preview"} == {
            name: found for name, found in before.items() if name != "Import Preview"
        }
        return done.said

    sheet.cells[5, 2] = "my note"
    assert refused() == "Something stands in row 5 below the table Transactions; move it and try again."
    del sheet.cells[5, 2]
    table.ShowTotals = True
    assert "has a total row" in refused()
    table.ShowTotals = False
    sheet.protected = True
    assert "is protected" in refused()
    sheet.protected = False
    sheet.tables.clear()
    assert "holds no Excel table Transactions" in refused()


def test_when_excel_fails_on_the_way_the_workbook_is_as_it_was(press, book: Book, export: Path):
    before, sheet = grids(book), sheet_of(book, "Transactions")
    sheet.failing = 5
    done = press(book, "import_transactions", file=[str(export)], yes=["yes"])
    assert not done.done and "failed unexpectedly" in done.said
    assert {name: found for name, found in grids(book).items() if name != "Import Preview"} == before


def test_tables_that_moved_while_somebody_thought_are_not_written_to(press, book: Book, export: Path, monkeypatch: pytest.MonkeyPatch):
    from rebate_udfs.hosts import desktop_sales

    original = desktop_sales.agreed

    def meanwhile(words: str) -> Any:
        sheet_of(book, "Transactions").cells[2, 6] = 1.0
        return original(words)

    monkeypatch.setattr(desktop_sales, "agreed", meanwhile)
    done = press(book, "import_transactions", file=[str(export)], yes=["yes"])
    assert not done.done and "have changed since you looked" in done.said and len(rows_of(book, "Transactions")) == 2


def test_an_export_of_a_known_system_is_read_without_being_told_which(press, book: Book):
    done = press(book, "import_transactions", file=[str(PROFILES / "netsuite_sales.csv")], text=["1"] * 3, yes=["yes"])
    assert done.done, done.said
    assert "NetSuite" in done.person.words
    assert len(rows_of(book, "Transactions")) > 2


def test_an_export_that_fits_several_profiles_is_asked_about(press, book: Book, tmp_path: Path, export: Path):
    folder = tmp_path / "import profiles"
    folder.mkdir()
    mapping = "".join(f"  {name}: {name}\n" for name in OWN.splitlines()[0].split(","))
    (folder / "ours.yaml").write_text(f"name: Our shop\ncolumns:\n{mapping}", encoding="utf-8")
    done = press(book, "import_transactions", file=[str(export)], text=["7", "1"], yes=["no"])
    assert "can be read in several ways" in done.person.words and "1  Our shop" in done.person.words
    assert "Type a number from 1 to 2." in done.person.words
    assert "Read as Our shop." in done.person.words


def test_an_export_that_nothing_fits_says_where_to_look(press, book: Book, tmp_path: Path):
    path = tmp_path / "strange.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    done = press(book, "import_transactions", file=[str(path)])
    assert not done.done and "fits no import profile" in done.said and "examples/import_profiles/README.md" in done.said


def test_days_follow_the_date_system_of_the_workbook(press, book: Book, export: Path):
    assert press(book, "import_transactions", is_1904=True, file=[str(export)], yes=["yes"]).done
    assert rows_of(book, "Transactions")[2]["Invoice Date"] == 46113.0 - 1462


def test_a_list_of_somebody_else_is_compared_on_a_sheet_of_its_own(press, book: Book, tmp_path: Path):
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\nT1,2026-02-01,NORTH,A,10,1000\nT2,2026-03-01,NORTH,A,5,450\n")
    before = grids(book)
    done = press(book, "reconcile", file=[str(theirs)])
    assert done.done, done.said
    assert {name: found for name, found in grids(book).items() if name != "Reconciliation"} == before
    cells = [cell for row in sheet_of(book, "Reconciliation").rows() for cell in row]
    assert {500.0, 450.0, -1.0} <= set(cells), "both amounts, and 2 % of the 50 between them"
    shutil.move(theirs, tmp_path / "gone.csv")
    gone = press(book, "reconcile", file=[str(theirs)])
    assert not gone.done and "There is no file" in gone.said
