"""Results in a workbook: the same figures to the cent, no formula from outside, totals that recalculate, a page to print."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import runs
from user_books import contents, digest, user_book, values

from rebate_udfs import package
from rebate_udfs.hosts import look
from rebate_udfs.hosts.files import write_results
from rebate_udfs.model import ResultColumn, ResultTable, Run, Severity
from rebate_udfs.report import report

RESULTS = ["Check", "Attainment", "Accruals", "Payable", "Journal", "Aging", "Explanation", "Calendar", "Runs"]
NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "=cmd|' /C calc'!A0",
    "{=1}",
    "http://evil.example",
    "'quoted",
    "00123",
    "1e5",
    "a\x01b",
    '<b>&"x"</b>',
]


@pytest.fixture
def run() -> Run:
    rows = [runs.attained(p, who, amount) for p in ("P-1", "P-2") for who, amount in (("NORTH", "9800"), ("SOUTH", "12000.50"), ("EAST", "30000"))]
    return runs.run(*rows, problems=(runs.problem(), runs.problem(Severity.WARNING, row=None, column=None)))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return user_book(tmp_path / "book.xlsx")


def opened(path: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(path, **options)


def table_of(sheet: Any, title: str) -> tuple[int, dict[str, int]]:
    """The header row of a result sheet, and its columns by header, from 1."""
    row = next(number for number in range(1, 20) if sheet.cell(number, 1).value == title)
    return row, {sheet.cell(row, column).value: column for column in range(1, sheet.max_column + 1) if sheet.cell(row, column).value}


def test_every_figure_on_the_sheets_is_the_figure_of_the_run(book: Path, run: Run):
    tables = report(run)
    assert write_results(book, run, tables) == ()
    found = opened(book)
    assert found.sheetnames == ["Transactions", "My notes", *RESULTS]
    for table in tables:
        sheet = found[table.name]
        assert sheet.cell(1, 1).value == table.title
        top, columns = table_of(sheet, table.columns[0].header)
        for number, row in enumerate(table.rows, start=top + 1):
            for column, expected in zip(table.columns, row, strict=True):
                same(sheet.cell(number, columns[column.header]).value, expected, column)


def same(value: Any, expected: Any, column: ResultColumn) -> None:
    if isinstance(expected, Decimal):
        assert Decimal(str(value)) == expected
    elif isinstance(expected, Fraction):
        assert value == pytest.approx(float(expected), rel=1e-14)
    elif isinstance(expected, date):
        assert value == datetime(expected.year, expected.month, expected.day)
    elif column.kind == "link":
        assert (value or "").startswith(expected[0] if expected else "")
    else:
        assert (value if value is not None else "") == (expected if expected is not None else "")


def test_nothing_of_the_users_changes_and_a_second_run_changes_nothing(book: Path, run: Run):
    before = contents(book)
    write_results(book, run, report(run))
    first, after = digest(book), contents(book)
    ours = {"[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/styles.xml", "xl/calcChain.xml"}
    assert all(after[name] == data for name, data in before.items() if name not in ours)
    write_results(book, run, report(run))
    assert digest(book) == first


@pytest.mark.parametrize("text", NASTY)
def test_text_from_outside_never_becomes_a_formula_or_a_link(book: Path, text: str):
    columns = (ResultColumn("Name", "text", "a"), ResultColumn("Code", "id", "b"), ResultColumn("Severity", "text", "severity"))
    table = ResultTable("Check", text, columns, ((text, text, text),), (text,))
    run = runs.run(company=text)
    write_results(book, run, (table,))
    sheet = opened(book)["Check"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)
    assert sum(text.strip("\r\t\x01") in str(cell.value) for cell in cells) >= 4 or "\x01" in text
    part = next(data for name, data in contents(book).items() if name.endswith("rebates_sheet1.xml"))
    assert b"<f>" not in part


def test_a_problem_links_to_its_cell(book: Path, run: Run):
    write_results(book, run, report(run, {("Transactions", "Distributor ID"): ("My notes", "F")}))
    sheet = opened(book)["Check"]
    links = {cell.value: cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert links == {"My notes F17": "'My notes'!F17", "My notes": "'My notes'!A1"}


def test_totals_recalculated_by_a_spreadsheet_agree_with_the_engine(book: Path, run: Run, recalculated: Any):
    tables = report(run)
    write_results(book, run, tables)
    stored, computed = opened(book), opened(recalculated(book), data_only=True)
    checked = 0
    for table in tables:
        top, columns = table_of(stored[table.name], table.columns[0].header)
        for index, column in enumerate(table.columns):
            if column.total and table.rows:
                total = sum(row[index] for row in table.rows)
                row = top + len(table.rows) + 1
                assert stored[table.name].cell(row, columns[column.header]).value.startswith("=SUBTOTAL(109,")
                assert Decimal(str(computed[table.name].cell(row, columns[column.header]).value)).quantize(total) == total
                checked += 1
    assert checked >= 12


def test_the_stored_totals_are_there_for_readers_that_do_not_compute(book: Path, run: Run):
    write_results(book, run, report(run))
    rows = values(book, "Accruals")
    total = next(row for row in rows if row[0] == "Total")
    assert Decimal(str(total[rows[3].index("Accrued (USD)")])) == sum(row.accrued for row in run.accruals)


def test_sheets_are_ready_to_print_and_to_read(book: Path, run: Run):
    write_results(book, run, report(run))
    found = opened(book)
    for name in RESULTS:
        sheet = found[name]
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "R-7F3A" in sheet.oddFooter.right.text
        assert "as of 2026-03-15" in sheet.oddFooter.right.text
        assert sheet.print_title_rows
        assert sheet.freeze_panes
        assert list(sheet.tables) == [f"Result_{name}"]
    assert found["Check"].sheet_properties.tabColor.rgb.endswith(look.PROBLEM[1:])
    assert found["Payable"].sheet_properties.tabColor.rgb.endswith(look.POSITIVE[1:])


def test_money_dates_and_percents_look_like_it(book: Path, run: Run):
    write_results(book, run, report(run))
    sheet = opened(book)["Attainment"]
    top, columns = table_of(sheet, "Program ID")
    formats = {header: sheet.cell(top + 1, column).number_format for header, column in columns.items()}
    assert formats["Earned (USD)"] == look.money_format(2)
    assert formats["Program ID"] == "@"
    assert formats["Way to Next Tier"] == "0.0%"
    assert formats["Period Ends"] == "yyyy-mm-dd"
    assert any(rule.type == "dataBar" for rules in sheet.conditional_formatting for rule in rules.rules)


def test_the_chart_is_titled_with_the_finding(book: Path, run: Run):
    write_results(book, run, report(run))
    chart = next(data for name, data in contents(book).items() if "charts/rebates_chart" in name)
    assert b"1 distributor is within 5 % of the next tier" in chart
    sheet = opened(book)["Attainment"]
    link = next(cell.hyperlink for row in sheet.iter_rows(max_row=6) for cell in row if cell.hyperlink)
    assert sheet[link.location.split("!")[1]].value == "Nearest to the next tier"


def test_a_book_that_another_program_saved_takes_the_next_run(book: Path, run: Run, recalculated: Any):
    write_results(book, run, report(run))
    saved = recalculated(book)
    assert write_results(saved, run, report(run)) == (), "our sheets were not known again"
    assert opened(saved).sheetnames == ["Transactions", "My notes", *RESULTS]
    assert opened(saved)["Attainment"].cell(1, 1).value == report(run)[1].title


def test_a_currency_has_its_own_places_and_the_settings_their_date_format(book: Path):
    run = runs.run(runs.attained("P-1", "OSAKA", "12000", "JPY"), runs.attained("P-2", "KUWAIT", "12000"), date_format="dd.mm.yyyy")
    write_results(book, run, report(run))
    sheet = opened(book)["Payable"]
    top, columns = table_of(sheet, "Program ID")
    assert [sheet.cell(top + row, columns["Due"]).number_format for row in (1, 2)] == [look.money_format(0), look.money_format(2)]
    assert sheet.cell(top + 1, columns["Due On"]).number_format == "dd.mm.yyyy"


def test_dates_are_right_in_a_book_that_counts_from_1904(tmp_path: Path, run: Run):
    book = user_book(tmp_path / "mac.xlsx", date_1904=True)
    assert write_results(book, run, report(run)) == ()
    sheet = opened(book)["Payable"]
    top, columns = table_of(sheet, "Program ID")
    assert sheet.cell(top + 1, columns["Due On"]).value == datetime(2026, 4, 30)


def test_nothing_to_show_says_so(book: Path):
    run = runs.run()
    assert write_results(book, run, report(run)) == ()
    for name in ("Check", "Attainment", "Accruals", "Payable", "Journal", "Explanation"):
        assert "nothing to show" in [row[0] for row in values(book, name)]


def test_a_refusal_is_an_error_with_a_remedy_and_leaves_the_book(book: Path, run: Run):
    book.write_bytes(package.OLE_MAGIC + b"\0" * 2000)
    before = digest(book)
    (found,) = write_results(book, run, report(run))
    assert (found.severity, found.code) == (Severity.ERROR, "WORKBOOK_NOT_WRITTEN")
    assert ".xls" in found.message
    assert found.remedy
    assert digest(book) == before


def test_a_book_open_elsewhere_is_written_with_a_warning(book: Path, run: Run):
    (book.parent / f".~lock.{book.name}#").write_text(",Ann,desk,now,file:///x;", encoding="utf-8")
    (found,) = write_results(book, run, report(run))
    assert (found.severity, found.code) == (Severity.WARNING, "WORKBOOK_OPEN")
    assert "in LibreOffice by Ann" in found.message
    assert "Payable" in opened(book).sheetnames


def test_more_rows_than_a_sheet_holds_are_counted_not_dropped_silently(book: Path, monkeypatch: pytest.MonkeyPatch):
    from rebate_udfs.hosts import sheets

    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    table = ResultTable("Journal", "t", (ResultColumn("No", "integer", "no", total=True),), tuple((number,) for number in range(5)))
    write_results(book, runs.run(), (table,))
    assert values(book, "Journal")[2][0].startswith("The first 3 of 5 rows")


def test_a_missing_book_is_an_error_in_words(tmp_path: Path, run: Run):
    (found,) = write_results(tmp_path / "none.xlsx", run, report(run))
    assert found.code == "WORKBOOK_NOT_WRITTEN"
    assert "none.xlsx is not there" in found.message


def test_a_copy_keeps_the_ending_that_its_content_needs(book: Path, run: Run, tmp_path: Path):
    (found,) = write_results(book, run, report(run), tmp_path / "copy.xlsm")
    assert "only under the ending .xlsx" in found.message
    assert not (tmp_path / "copy.xlsm").exists()
    assert write_results(book, run, report(run), tmp_path / "copy.xlsx") == ()
