"""Close Period, Validate Claims and Receive Statements in Excel on the desktop, with a real ledger and real statements."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import desktop_excel
import pytest
from closebooks import entries, sheets
from desktop_excel import Person, act, excel_book, grids, rows_of, sheet_of
from fake_excel import Book
from returned import CLAIM, DISPUTE, company, fill

from rebate_udfs.demo import sample
from rebate_udfs.hosts import desktop
from rebate_udfs.hosts.receive import received_folder

press, xlwings, own_machine = desktop_excel.press, desktop_excel.xlwings, desktop_excel.own_machine  # fixtures
PROGRAM = {"Program ID": "P", "Period": "Month", "Tiers": [[0, "2 %"]]}
SALES = [[date(2026, 1, 15), "NORTH", "A", 10, 1000], [date(2026, 2, 1), "NORTH", "A", 5, 500]]


def book_of(folder: Path | None, *, as_of: date = date(2026, 2, 28), ledger_sheet: bool = True, purchases: Any = SALES, **settings: Any) -> Book:
    made = sheets([PROGRAM], purchases, settings={"As Of": as_of, **settings})
    return excel_book(made | ({"Ledger": []} if ledger_sheet else {}), folder)


def saw(book: Book, sheet: str) -> list[Any]:
    return [cell for row in sheet_of(book, sheet).rows() for cell in row if cell is not None]


# ---- Close Period


def test_a_close_proposes_the_period_shows_the_totals_and_posts_when_the_person_agrees(press, tmp_path: Path):
    book = book_of(tmp_path)
    done = press(book, "close_period", text=["2026-01"], yes=["yes"])
    assert done.done, done.said
    first, question = done.person.asked
    assert first.detail == "2026-02", "the last one that has ended"
    assert "USD 20.00" in question.words and "Post them as anna, for book.xlsx?" in question.words and "Excel cannot undo it" in question.words
    assert {"P", "Accrual", 20.0} <= set(saw(book, "Close Period"))
    posted = entries(tmp_path / "book.xlsx")
    assert [(row.program_id, row.amount, row.posted_by) for row in posted] == [("P", Decimal("20.00"), "anna")]
    (row,) = rows_of(book, "Ledger")
    assert (row["Amount"], row["Figure ID"], row["Hash"], row["Posted By"]) == (20.0, posted[0].figure_id, posted[0].hash, "anna")
    assert "2026-01 is closed with 1 entry" in done.said and "row 2" in done.said
    second = press(book, "close_period", text=["2026-02"], yes=["yes"])
    assert second.person.asked[0].detail == "2026-02", "now the one after the last closed"
    assert second.done and len(rows_of(book, "Ledger")) == 2


def test_the_sheet_that_a_close_has_written_shows_the_ledger_as_it_is(press, tmp_path: Path):
    book = book_of(tmp_path, ledger_sheet=False)
    assert press(book, "close_period", text=["2026-01"], yes=["yes"]).done
    assert press(book, "close_period", text=["2026-02"], yes=["yes"]).done
    assert press(book, "check").said == "Nothing is wrong with the tables.", "neither behind the ledger nor another one"
    (table,) = sheet_of(book, "Ledger").tables
    at = table.Range.Value2[0].index("Amount") + 1
    table.Parent.cells[2, at] = 99.0
    assert press(book, "check").done
    assert any("ledger" in str(cell) for cell in saw(book, "Check")), "an entry that somebody changed is found"


def test_a_shared_ledger_takes_the_close(press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REBATES_LEDGER", f"sqlite:///{tmp_path / 'shared.sqlite'}")
    book = book_of(tmp_path)
    assert press(book, "close_period", text=["2026-01"], yes=["yes"]).done
    assert [row["Amount"] for row in rows_of(book, "Ledger")] == [20.0]
    assert (tmp_path / "shared.sqlite").exists() and not (tmp_path / "book.ledger.sqlite").exists()


def test_a_book_without_a_ledger_sheet_gets_one(press, tmp_path: Path):
    book = book_of(tmp_path, ledger_sheet=False)
    before = grids(book)
    assert press(book, "close_period", text=["2026-01"], yes=["yes"]).done
    assert [sheet.Name for sheet in book.sheets] == [*before, "Close Period", "Ledger"]
    assert [row["Amount"] for row in rows_of(book, "Ledger")] == [20.0]
    ledger = sheet_of(book, "Ledger")
    (table,) = ledger.tables
    at = table.Range.Value2[0].index("Figure ID") + 1
    assert ledger.formats[2, at] == "@", "an id is text, also in a table that we have made"


@pytest.mark.parametrize("answers", [{"text": [None]}, {"text": ["2026-01"], "yes": ["no"]}])
def test_who_says_no_has_posted_nothing(press, tmp_path: Path, answers: dict[str, Any]):
    book = book_of(tmp_path)
    before = grids(book)
    assert press(book, "close_period", **answers).done
    assert not entries(tmp_path / "book.xlsx")
    assert {name: found for name, found in grids(book).items() if name != "Close Period"} == before


def test_what_stops_a_close_is_told_and_accepted_only_with_a_reason(press, tmp_path: Path):
    wrong = [*SALES, [date(2026, 1, 20), "NORTH", "A", 10, 5, {"Distributor ID": "NOBODY"}]]
    made = sheets([PROGRAM], wrong, settings={"As Of": date(2026, 2, 28)}, distributors=[{"Distributor ID": "NORTH"}])
    book = excel_book(made | {"Ledger": []}, tmp_path)
    stopped = press(book, "close_period", text=["2026-01", None])
    assert stopped.done and not entries(tmp_path / "book.xlsx")
    assert "NOBODY" in stopped.person.words and "every entry will carry the reason" in stopped.person.words
    assert any("NOBODY" in str(cell) for cell in saw(book, "Close Period"))
    done = press(book, "close_period", text=["2026-01", "a sale of another company"])
    assert done.done, done.said
    assert [row.reason.partition(" ")[2] for row in entries(tmp_path / "book.xlsx")] == ["(errors accepted: a sale of another company)"]


def test_a_workbook_that_was_never_saved_is_told_so(press):
    done = press(book_of(None), "close_period")
    assert (done.done, done.said) == (False, "Save the workbook in a folder of this computer first: its ledger is a file beside it.")


def test_where_a_second_person_approves_the_close_waits(press, tmp_path: Path):
    book = book_of(tmp_path, Approval="Yes")
    done = press(book, "close_period", text=["2026-01"], yes=["yes"])
    assert done.done and "waits for approval" in done.said, done.said
    assert not entries(tmp_path / "book.xlsx") and rows_of(book, "Ledger") == [{}]


def test_tables_that_moved_while_somebody_thought_are_not_posted(press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = book_of(tmp_path)
    before = Person.__call__

    def meanwhile(self: Person, ask: Any) -> Any:
        if ask.kind == "yes":
            sheet_of(book, "Transactions").cells[2, 6] = 1.0
        return before(self, ask)

    monkeypatch.setattr(Person, "__call__", meanwhile)
    done = press(book, "close_period", text=["2026-01"], yes=["yes"])
    assert not done.done and "have changed since you looked; nothing was posted" in done.said
    assert not entries(tmp_path / "book.xlsx")


def test_a_ledger_sheet_that_cannot_be_written_loses_nothing(press, tmp_path: Path):
    book = book_of(tmp_path)
    sheet_of(book, "Ledger").protected = True
    done = press(book, "close_period", text=["2026-01"], yes=["yes"])
    assert done.done and "The ledger holds them" in done.said and "protection" in done.said
    assert len(entries(tmp_path / "book.xlsx")) == 1
    sheet_of(book, "Ledger").protected = False
    again = press(book, "close_period", text=["2026-01"])
    assert "was closed at" in again.said and "row 2" in again.said and len(rows_of(book, "Ledger")) == 1


def test_a_period_that_is_not_the_next_one_is_refused(press, tmp_path: Path):
    book = book_of(tmp_path)
    assert press(book, "close_period", text=["2026-01"], yes=["yes"]).done
    done = press(book, "close_period", text=["2026-04"])
    assert not done.done and "2026-02 is the next period to close" in done.said


def test_figures_come_from_the_ledger_beside_the_workbook(press, tmp_path: Path):
    book = book_of(tmp_path)
    assert press(book, "close_period", text=["2026-01"], yes=["yes"]).done
    (table,) = sheet_of(book, "Ledger").tables
    for row in (2, 3):
        for at in range(1, table.Range.right + 1):
            table.Parent.cells.pop((row, at), None)
    assert press(book, "calculate").done
    (accruals,) = sheet_of(book, "Accruals").tables
    header, *rows = accruals.Range.Value2
    recognised = next(at for at, name in enumerate(header) if str(name).startswith("Recognised"))
    assert sum(row[recognised] or 0 for row in rows) == 20.0


# ---- a talk over the bridge to VBA


def test_vba_is_asked_question_by_question_until_all_is_said(xlwings, own_machine, tmp_path: Path):
    book = book_of(tmp_path)

    def press(action: str, answer: str = "") -> str:
        return act(xlwings, book, action, answer)

    assert press("close_period") == "?text\0Which accounting period is to be closed?\x002026-02"
    kind, words, detail = press("", "2026-01").split("\0")
    assert (kind, detail) == ("?yes", "") and "Post them as anna" in words
    assert press("", "yes").startswith("+2026-01 is closed with 1 entry")
    assert press("", "yes").startswith("!Excel's part and Python's part"), "nothing is under way"
    assert press("close_period").startswith("?text")
    assert press("", "\0") == "", "cancelled: there is nothing to say"
    assert press("close_period").startswith("?text") and press("check").startswith("+"), "a talk that was left alone is over"
    assert not desktop._talks


# ---- Validate Claims


def test_claims_are_checked_on_their_sheet(press):
    book = excel_book({name: [dict(row) for row in rows] for name, rows in sample().items()})
    done = press(book, "validate_claims")
    assert done.done and "claim lines" in done.said
    (table,) = sheet_of(book, "Claim Check").tables
    header, *rows = table.Range.Value2
    assert len(rows) == len(sample()["Claims"]) and {"Claim ID", "Status"} <= set(header)


def test_a_book_without_claims_says_so(press):
    book = book_of(None)
    assert press(book, "validate_claims").said == "The book has no claims."
    assert "Claim Check" not in [sheet.Name for sheet in book.sheets]


# ---- Receive Statements


@pytest.fixture
def delivery(tmp_path: Path) -> tuple[Book, Path]:
    """The sample company's workbook, open in Excel, and a folder with a filled statement and a file that is none."""
    made = company(tmp_path)
    book = excel_book({name: [dict(row) for row in rows] for name, rows in sample().items()} | {"Disputes": []}, made.book.parent, made.book.name)
    folder = tmp_path / "mail"
    folder.mkdir()
    fill(made.statements[0], folder / "back.xlsx", claims=[CLAIM], disputes=[DISPUTE])
    (folder / "other.xlsx").write_bytes(b"no workbook")
    return book, folder


def test_filled_statements_are_judged_shown_and_appended_once(press, delivery: tuple[Book, Path]):
    book, folder = delivery
    before = len(rows_of(book, "Claims"))
    done = press(book, "receive_statements", yes=["yes", "yes"], folder=[str(folder)])
    assert done.done, done.said
    assert "1 file taken, 1 set aside: 1 claim line, 1 dispute" in done.person.words and "Claims (1 row) and Disputes (1 row)" in done.person.words
    assert len(rows_of(book, "Claims")) == before + 1 and rows_of(book, "Claims")[-1]["Claim ID"] == "C-77"
    assert rows_of(book, "Disputes")[-1]["Disputed Amount"] == 12.5
    assert {"back.xlsx", "other.xlsx", "Yes", "No"} <= set(saw(book, "Received"))
    receipts = received_folder(Path(book.FullName))
    assert len(list(receipts.glob("*receipt.txt"))) == 2 and [one.name for one in (receipts / "set aside").iterdir()] == ["other.xlsx"]
    assert str(receipts) in done.said and "Save the workbook" in done.said
    again = press(book, "receive_statements", yes=["no"], files=[f"{folder / 'back.xlsx'}\0{folder / 'other.xlsx'}"])
    assert again.done and "no claim lines, no disputes" in again.said
    assert len(rows_of(book, "Claims")) == before + 1


def test_who_says_no_has_taken_nothing(press, delivery: tuple[Book, Path]):
    book, folder = delivery
    before = grids(book)
    done = press(book, "receive_statements", yes=["yes", "no"], folder=[str(folder)])
    assert done.done and "Nothing was appended" in done.said
    assert {name: found for name, found in grids(book).items() if name != "Received"} == before
    assert not received_folder(Path(book.FullName)).exists()


def test_rows_of_claims_are_taken_out_again_when_the_disputes_fail(press, delivery: tuple[Book, Path]):
    book, folder = delivery
    before = grids(book)
    sheet_of(book, "Disputes").failing = 2
    done = press(book, "receive_statements", yes=["yes", "yes"], folder=[str(folder)])
    assert not done.done
    assert {name: found for name, found in grids(book).items() if name != "Received"} == before
    assert not received_folder(Path(book.FullName)).exists()


def test_receipts_need_a_place_beside_the_workbook(press):
    assert "receipts go into a folder beside it" in press(book_of(None), "receive_statements").said
