"""Excel on the desktop: cells and buttons through xlwings' own Windows code, on an Excel that is a grid in memory.

What real Excel does with the add-in has not been seen here; every call that our side makes to xlwings and to COM has.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import desktop_excel
import pytest
from books import SOUND, more
from desktop_excel import act, in_cells
from fake_excel import ERROR_NA, Book, Range

from rebate_udfs.hosts import desktop_actions

xlwings = desktop_excel.xlwings  # the fixture
HOST = "rebate_udfs.hosts.desktop"
TIERS = ((5000.0, 0.02), (10001.0, 0.04), (25001.0, 0.06))
OMITTED = "\0"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBATES_CACHE", str(tmp_path / "cache" / "books"))


@pytest.fixture
def call(xlwings: Any) -> Any:
    """A cell function as the wrapper in VBA calls it: through the COM server of xlwings."""
    server = xlwings.com_server.XLPython()

    def ask(name: str, *values: Any, place: str = "", is_1904: bool = False) -> Any:
        return server.CallUDF(HOST, "answer", (name, values, place, is_1904), Book())

    return ask


def workbook(folder: Path | None = None, tables: dict[str, Any] | None = None) -> Book:
    book = Book(folder=str(folder) if folder else "")
    for name, grid in (tables or dict(SOUND)).items():
        book.add(name, in_cells(grid), name.replace(" ", ""), at="B3" if name == "Tiers" else "A1")
    return book


@pytest.fixture
def press(xlwings: Any) -> Any:
    """A button of the ribbon, pressed in a workbook on Windows: whether it was done, and what was said."""

    def run(book: Book, action: str, cell: str = "", is_1904: bool = False) -> tuple[bool, str]:
        xlwings._xlwindows.BOOK_CALLER = book
        return desktop_actions.run(xlwings.Book.caller(), action, cell, is_1904, windows=True)

    return run


# ---- cells


def test_every_form_of_an_argument_goes_through_xlwings(call):
    assert call("REBATE_TIER", 12480.0, TIERS, OMITTED) == 2
    assert call("REBATE_TIER", 12480.0, TIERS, "more than") == 2
    assert call("REBATE_TIER", 12480, TIERS) == 2  # from VBA a whole number may come
    assert call("REBATE_TIER", ((12480.0,),), TIERS) == 2  # one cell is one value
    assert call("REBATE_TIER", ((4999.0, 5000.0),), TIERS) == [0, 1]  # a line comes back flat: so VBA makes a row of it
    assert call("REBATE_TIER", (4999.0, 5000.0), TIERS) == [0, 1]  # constants {4999,5000} come as a flat array
    assert call("REBATE_TIER", ((4999.0,), (5000.0,)), TIERS) == [[0], [1]]
    assert call("REBATE_TIER", True, TIERS) == 0
    assert call("REBATE_TIER", None, TIERS) == 0  # an empty cell is 0
    assert call("REBATE_TIER", 12480.0, (("From", "Reward"), *TIERS, (None, None))) == 2
    assert call("REBATE_AMOUNT", 2000.0, ((0.0, 1000.0, 0.1), (1000.0, 2500.0, 0.25)), OMITTED, OMITTED, OMITTED, OMITTED) == 500
    assert call("REBATE_AMOUNT", 2000.0, ((0.0, 0.1),), OMITTED, OMITTED, None) == 0  # an empty base is 0, an omitted one the measure
    assert call("REBATE_ALLOCATE", 100.0, ((1.0,), (1.0,), (1.0,))) == [[33.34], [33.33], [33.33]]
    assert str(call("REBATE_VERSION")).startswith("0.")


def test_errors_stay_errors_in_their_places_and_carry_their_message(call):
    assert call("REBATE_TIER", ERROR_NA, TIERS) == "\0#N/A\0the cell holds #N/A"
    spread = call("REBATE_TIER", ((12480.0,), (ERROR_NA,), ("12480",)), TIERS)
    assert spread[0] == [2] and spread[1] == ["\0#N/A\0the cell holds #N/A"] and spread[2][0].startswith("\0#VALUE!\0")
    assert call("REBATE_TIER", 1.0).startswith("\0#VALUE!\0REBATE_TIER needs the argument tiers")
    assert call("REBATE_AMOUNT", 1.0, ((0.0, 4.0),)).startswith("\0#VALUE!\0")  # 4 for 4 %
    assert call("REBATE_GROWTH", 1.0, 0.0, ((0.1, 0.02),)).startswith("\0#N/A\0there is no baseline")


def test_a_currency_cell_keeps_its_decimals(call):
    assert call("REBATE_EFFECTIVE_RATE", 1000.0, ((0.0, 0.01255),)) == 0.01255


def test_a_book_is_computed_from_the_ranges_and_explained_by_its_cell(call, press):
    tables = [tuple(map(tuple, in_cells(SOUND[name]))) for name in ("Programs", "Tiers", "Distributors", "Products", "Transactions")]
    handle = call("REBATE_BOOK", *tables, *[OMITTED] * 2, tuple(map(tuple, in_cells(SOUND["Settings"]))))
    assert handle.startswith("Rebates: 2 programs, 3 distributors, 3 transactions #")
    assert call("REBATE_EARNED", handle, "P-2", OMITTED, OMITTED, OMITTED) == 4.19  # 3 % of 100.25 + 50 - 10.50
    assert call("REBATE_EARNED", handle, "P-9").startswith("\0#N/A\0")
    header, *rows = call("REBATE_TABLE", handle, "Attainment")
    assert "Program ID" in header and len(rows) == 4
    call("REBATE_EARNED", handle, "P-2", "SOUTH", place="[book.xlsx]Sheet1!$A$1")
    book = workbook()
    done, said = press(book, "explain_cell", "[book.xlsx]Sheet1!$A$1")
    assert done and "P-2/SOUTH/2026/earned" in said
    assert book.sheets[-1].Name == "Explain Cell"


def test_dates_follow_the_date_system_of_the_workbook(call):
    tables = {name: in_cells(SOUND[name]) for name in ("Programs", "Tiers", "Distributors", "Products", "Transactions")}
    for name, columns in (("Programs", (3, 4)), ("Transactions", (1,))):
        for row in tables[name][1:]:
            for column in columns:
                row[column] -= 1462
    handle = call("REBATE_BOOK", *(tuple(map(tuple, one)) for one in tables.values()), is_1904=True)
    march, january = 46112.0 - 1462, 46053.0 - 1462
    assert call("REBATE_EARNED", handle, "P-2", OMITTED, OMITTED, march, is_1904=True) == 4.19
    assert call("REBATE_EARNED", handle, "P-2", OMITTED, OMITTED, january, is_1904=True) == 3.01  # 100.25 by the end of January


# ---- buttons


def test_calculate_writes_result_sheets_and_a_second_time_over_them(press):
    book = workbook()
    typed = {sheet.Name: sheet.rows() for sheet in book.sheets}
    done, said = press(book, "calculate")
    assert done, said
    assert "2 distributors earned USD 5.59" in said
    first = {sheet.Name: (sheet, sheet.rows(), [(one.Name, one.Range.Address) for one in sheet.tables]) for sheet in book.sheets}
    assert list(first)[: len(typed)] == list(typed)  # ours come last
    attainment = first["Attainment"][0]
    header = next(row for row in attainment.rows() if "Earned" in row or "Earned (USD)" in row)
    assert attainment.tables[0].Name == "Result_Attainment"
    assert attainment.bars, "attainment is shown as bars"
    assert any("%" in text for text in attainment.formats.values()) and any("#,##0.00" in text for text in attainment.formats.values())
    assert attainment.widths and (attainment.Application.ActiveWindow.FreezePanes and "Program ID" in header)
    assert [name.Name for name in attainment.names] == ["Attainment!_rebates_result"] and not attainment.names[0].Visible
    assert {name: sheet.rows() for name, (sheet, _, _) in first.items() if name in typed} == typed
    assert press(book, "calculate")[0]
    again = {sheet.Name: (sheet, sheet.rows(), [(one.Name, one.Range.Address) for one in sheet.tables]) for sheet in book.sheets}
    assert again == first  # the same objects: what looks at them keeps its references
    assert book.Application.ScreenUpdating and book.Application.Calculation == -4105


def test_fewer_and_more_rows_leave_nothing_of_the_last_run(press):
    book = workbook(tables={**SOUND, "Transactions": more("Transactions", ["T4", date(2026, 2, 9), "NOBODY", "A", 1, 5.0, "", "IN4"])})
    assert press(book, "check") == (True, "1 error and no other findings: the sheet Check lists them.")
    sheet = next(one for one in book.sheets if one.Name == "Check")
    assert any("NOBODY" in str(cell) for row in sheet.rows() for cell in row)
    assert sheet.links and all(target.startswith("'Transactions'!") for _, target in sheet.links)
    transactions = next(one for one in book.sheets if one.Name == "Transactions")
    transactions.Cells(5, 3).Value = "NORTH"
    assert press(book, "check") == (True, "Nothing is wrong with the tables.")
    assert not any("NOBODY" in str(cell) for row in sheet.rows() for cell in row)


def test_a_text_never_becomes_a_formula(press):
    tables = {**SOUND, "Distributors": more("Distributors", ["=1+1", "=cmd|' /C calc'!A0", "", "", ""]),
              "Transactions": more("Transactions", ["T4", date(2026, 2, 9), "=1+1", "A", 1, 5.0, "", "IN4"])}  # fmt: skip
    book = workbook(tables=tables)
    written: list[Any] = []
    original = Range.Value.fset

    def note(self: Range, data: Any) -> None:
        rows = data if isinstance(data, (list, tuple)) else [[data]]
        written.extend(cell for row in rows for cell in row if isinstance(cell, str))
        original(self, data)

    Range.Value = Range.Value.setter(note)
    try:
        assert press(book, "calculate")[0]
    finally:
        Range.Value = Range.Value.setter(original)
    assert any("=1+1" in text for text in written)
    assert not [text for text in written if text and text != "Total" and not text.startswith("'")]


def test_a_sheet_of_somebody_else_is_never_written_over(press):
    book = workbook()
    mine = book.add("Accruals", [["mine"]])
    done, said = press(book, "calculate")
    assert not done and "already a sheet Accruals" in said
    assert mine.rows() == [["mine"]] and len(book.sheets) == len(SOUND) + 1


def test_a_chart_on_a_result_sheet_is_not_lost(press):
    book = workbook()
    assert press(book, "check")[0]
    book.sheets[-1].charts.append(SimpleNamespace(Name="Chart 1"))
    done, said = press(book, "check")
    assert not done and "chart on the sheet Check" in said and len(book.sheets[-1].charts) == 1


def test_a_workbook_without_our_tables_is_told_so(press):
    book = Book()
    book.add("Sheet1", [["Hello"]])
    done, said = press(book, "calculate")
    assert not done and "New Workbook" in said and len(book.sheets) == 1


def test_a_table_is_found_by_its_sheet_and_headers_too(press):
    book = Book()
    for name, grid in SOUND.items():
        book.add(name, [["Our " + name], *in_cells(grid)])
    assert press(book, "check") == (True, "Nothing is wrong with the tables.")


def test_statements_go_beside_the_workbook(press, tmp_path: Path):
    assert "Save the workbook" in press(workbook(), "make_statements")[1]
    done, said = press(workbook(tmp_path), "make_statements")
    assert done and "2 statements" in said
    assert len(list((tmp_path / "statements 2026-03-05").glob("*.xlsx"))) == 2


def test_explain_cell_takes_the_figure_of_the_row(press):
    book = workbook()
    assert press(book, "calculate")[0]
    attainment = next(one for one in book.sheets if one.Name == "Attainment")
    row = next(number for number, cells in enumerate(attainment.rows(), start=1) if "SOUTH" in cells and "P-2" in cells)
    book.Application.Selection = attainment.Cells(row, 1)
    done, said = press(book, "explain_cell")
    assert done and "P-2/SOUTH/2026/earned" in said, said
    explained = next(one for one in book.sheets if one.Name == "Explain Cell")
    assert any("T2" in row for row in explained.rows())
    book.Application.Selection = attainment.Cells(1, 1)
    assert "names no figure" in press(book, "explain_cell")[1]


def test_new_workbook_opens_a_template_with_an_id_of_its_own(press):
    book = workbook()
    done, said = press(book, "new_workbook")
    assert done and "left to right" in said and book.Application.added[0].endswith("rebates.xlsx")


def test_the_whole_way_through_the_com_server(xlwings):
    book = workbook()
    assert act(xlwings, book, "check") == "+Nothing is wrong with the tables."
    assert act(xlwings, book, "dance").startswith("!Rebates 0.")


def test_what_nobody_foresaw_says_where_the_log_is_and_shows_nothing_else(press, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(desktop_actions.COMMANDS, "check", lambda place: 1 / 0)  # type: ignore[arg-type]
    done, said = press(workbook(), "check")
    assert not done and "ZeroDivisionError" in said and "log" in said and "Traceback" not in said


# ---- formulas that came from elsewhere

SPELLINGS = (
    ("=REBATE_TIER(A1,B1:C3)", "=REBATE_TIER(A1,B1:C3)"),
    ("=_xldudf_REBATE_TIER(A1,B1:C3)", "=REBATE_TIER(A1,B1:C3)"),
    ("=[1]!REBATE_TIER(A1,B1:C3)*2", "=REBATE_TIER(A1,B1:C3)*2"),
    ("='C:\\Users\\o''neil\\rebates.xlam'!REBATE_TIER(A1,B1:C3)", "=REBATE_TIER(A1,B1:C3)"),
    ("=rebates.xlam!REBATE_TIER(A1,B1:C3)", "=REBATE_TIER(A1,B1:C3)"),
    ("=ORG.REBATES.CALC.REBATEFUNCTIONS.REBATETIER(A1,B1:C3)", "=REBATE_TIER(A1,B1:C3)"),
    ("=org.rebates.calc.RebateFunctions.rebateNextTierValue(A1,B1:C3)", "=REBATE_NEXT_TIER_VALUE(A1,B1:C3)"),
    ("=IFERROR([2]!REBATE_TIER(A1,'My Sheet'!B1:C3),[1]!REBATE_RATE(A1,B1:C3))", "=IFERROR(REBATE_TIER(A1,'My Sheet'!B1:C3),REBATE_RATE(A1,B1:C3))"),
    ('="[1]!REBATE_TIER("&A1', '="[1]!REBATE_TIER("&A1'),
    ("=[1]!REBATE_UNKNOWN(A1)", "=[1]!REBATE_UNKNOWN(A1)"),
    ("=MYREBATE_TIER(A1)", "=MYREBATE_TIER(A1)"),
    ("='REBATE_TIER(1)'!A1+[1]Sheet1!A1", "='REBATE_TIER(1)'!A1+[1]Sheet1!A1"),
)


@pytest.mark.parametrize(("written", "plain"), SPELLINGS)
def test_the_four_spellings_become_the_plain_name(written: str, plain: str):
    from rebate_udfs.hosts.desktop_formulas import plain_formula

    assert plain_formula(written) == plain
    assert plain_formula(plain) == plain


def test_activate_functions_enters_formulas_anew_and_breaks_the_link(press):
    book = Book(links=("C:\\old\\Rebates.xlam", "C:\\other\\prices.xlsx"))
    sheet = book.add("Analysis", [["=[1]!REBATE_TIER(5,A1:B2)", "=SUM(A1)"], ["=_xldudf_REBATE_VERSION()", "REBATE_TIER("]])
    assert press(book, "activate_functions") == (True, "2 formulas of Rebates entered anew. 1 link to the add-in in another place broken.")
    assert sheet.rows() == [["=REBATE_TIER(5,A1:B2)", "=SUM(A1)"], ["=REBATE_VERSION()", "REBATE_TIER("]]
    assert book.links == ["C:\\other\\prices.xlsx"]


def test_a_protected_sheet_keeps_its_formulas_and_its_link(press):
    book = Book(links=("C:\\old\\rebates.xlam",))
    sheet = book.add("Analysis", [["=[1]!REBATE_VERSION()"]])
    sheet.protected = True
    done, said = press(book, "activate_functions")
    assert not done and "Analysis!A1" in said and "protection" in said
    assert book.links and sheet.rows() == [["=[1]!REBATE_VERSION()"]]


# ---- a Mac, an old Excel


def test_a_mac_reads_and_writes_without_com_and_says_where_functions_come_from(xlwings):
    book = workbook()
    xlwings._xlwindows.BOOK_CALLER = book
    front = xlwings.Book.caller()
    done, said = desktop_actions.run(front, "calculate", windows=False)
    assert done and "2 distributors earned USD 5.59" in said
    attainment = next(one for one in book.sheets if one.Name == "Attainment")
    assert attainment.tables and not attainment.bars  # bars, links and frozen panes are Windows' own calls
    done, said = desktop_actions.run(front, "activate_functions", windows=False)
    assert not done and "web add-in" in said


def test_an_excel_without_spilling_formulas_is_served_too(press, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(Range, "Formula2")
    book = Book()
    sheet = book.add("Analysis", [["=[1]!REBATE_VERSION()"]])
    assert press(book, "activate_functions") == (True, "1 formula of Rebates entered anew.")
    assert sheet.rows() == [["=REBATE_VERSION()"]]
