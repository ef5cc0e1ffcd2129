"""The published worked cases and the sheet Analysis of a new book, computed by a real LibreOffice with the extension."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from conftest import SHARED, absent
from test_calc import CODES, Office, office, opened, own_cache, table_rows
from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell

from rebate_udfs import calls, demo
from rebate_udfs.hosts.analysis import AS_OF, ATTAINMENT, ATTAINMENT_SIZE, EXPLAINED, EXPLAINED_SIZE, HANDLE, MATRIX, NAME, Host, end_of_month
from rebate_udfs.hosts.template import write_template
from rebate_udfs.registry import FUNCTIONS

__all__ = ["office", "own_cache"]  # fixtures
WORKED = SHARED / "cases" / "worked.jsonl"
EMPTY = "Data!$A$1"
NO_NAME = ["error", 525, "#NAME?"]
BOOK_TABLES = [argument.name.title() for argument in FUNCTIONS["REBATE_BOOK"].arguments]
pytestmark = pytest.mark.slow


def cases() -> list[dict[str, Any]]:
    if not WORKED.exists():
        absent(f"the published cases are not at {WORKED}")
    return [json.loads(line) for line in WORKED.read_text(encoding="utf-8").splitlines() if line.strip()]


class Typed:
    """A workbook with one case a row: its tables on the sheet Data, its formula in column A of the sheet Cases."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(str(path))
        self.sheet, self.data = self.book.add_worksheet("Cases"), self.book.add_worksheet("Data")
        self.next_row, self.next_data = 0, 1

    def argument(self, value: Any) -> str:
        """An argument as a person types it; a table as the range that holds it, an empty one as an empty cell."""
        if value is None:
            return EMPTY
        if isinstance(value, str):
            return f'"{value}"'
        if not isinstance(value, list):
            return repr(value)
        top = self.next_data
        for row, line in enumerate(value):
            for column, cell in enumerate(line):
                if cell is not None:
                    self.data.write(top + row, column, cell)
        self.next_data += len(value) + 1
        return f"Data!{xl_range_abs(top, 0, top + len(value) - 1, max(map(len, value)) - 1)}"

    def add(self, case: dict[str, Any]) -> tuple[str, str]:
        """Type a case; returns where its result stands and its formula."""
        names = [argument.name for argument in FUNCTIONS[case["function"]].arguments]
        given = dict(zip(names, case["args"], strict=False)) | case["kwargs"]
        last = max(names.index(name) for name in given)
        typed = [self.argument(given[name]) if name in given else "" for name in names[: last + 1]]
        formula, result = f"={case['function']}({','.join(typed)})", case["expected"]
        height, width = (len(result), len(result[0])) if isinstance(result, list) else (1, 1)
        first, end = xl_rowcol_to_cell(self.next_row, 0), xl_rowcol_to_cell(self.next_row + height - 1, width - 1)
        if isinstance(result, list):
            self.sheet.write_array_formula(f"{first}:{end}", f"{{{formula}}}")
        else:
            self.sheet.write_formula(first, formula)
        self.next_row += height
        return f"{first}:{end}", formula


def wanted(result: Any) -> list[list[Any]]:
    """What a case expects, as the driver tells of cells."""
    if isinstance(result, dict):
        return [[["error", CODES[result["error"]], result["error"]]]]
    return [[float(cell) for cell in row] for row in result] if isinstance(result, list) else [[float(result)]]


def test_every_published_case_typed_into_a_cell_gives_what_is_published(office: Office, tmp_path: Path):
    book, all_cases = Typed(tmp_path / "worked.xlsx"), cases()
    typed = [book.add(case) for case in all_cases]
    book.book.close()
    opened(office, tmp_path / "worked.xlsx")
    found = [office.cells("Cases", area) for area, _ in typed]
    wrong = [
        (case["id"], formula, cells, case["expected"])
        for case, (_, formula), cells in zip(all_cases, typed, found, strict=True)
        if cells != wanted(case["expected"])
    ]
    assert not wrong
    assert len(found) >= 40


def stored(path: Path) -> list[list[Any]]:
    """What the file stores in the cells of the sheet, as Calc would show it."""

    def cell(value: Any) -> Any:
        if isinstance(value, datetime):
            value = (value - datetime(1899, 12, 30)).days
        return "" if value is None else pytest.approx(value, rel=1e-15) if isinstance(value, (int, float)) else value  # a file holds 16 digits

    return [[cell(value) for value in row] for row in openpyxl.load_workbook(path, data_only=True)[NAME].iter_rows(values_only=True)]


def computed(office: Office, height: int, width: int) -> list[list[Any]]:
    """What Calc shows; the tail of a result, which the sheet hides, as empty."""
    cells = office.cells(NAME, xl_range(0, 0, height - 1, width - 1))
    return [["" if isinstance(cell, list) and cell[2] == "#N/A" else cell for cell in row] for row in cells]


def differences(office: Office, path: Path) -> list[tuple[int, int]]:
    """The cells of the sheet that do not show what Python stored in the file; of the handle the counts are compared.

    Its hash is of the cells as they stand, blank rows too, which a book by its rows has not.
    """
    wanted = stored(path)
    found = computed(office, len(wanted), len(wanted[0]))
    assert all(found[top + 1][left] and found[top + 2][left] for top, left in (ATTAINMENT, EXPLAINED)), "there is a figure to compare"
    for rows in (wanted, found):
        rows[HANDLE[0]][HANDLE[1]] = rows[HANDLE[0]][HANDLE[1]].partition(" #")[0]
    cells = [(row, column) for row in range(len(wanted)) for column in range(len(wanted[0]))]
    return [(row, column) for row, column in cells if found[row][column] != wanted[row][column]]


def test_the_sheet_analysis_of_excel_on_the_web_computes_once_functions_are_activated(office: Office, tmp_path: Path):
    path = tmp_path / "web.xlsx"
    write_template(path, sample=demo.sample(), analysis=Host.WEB)
    office.open(str(path))
    assert office.cells(NAME, xl_range(*HANDLE, *HANDLE)) == [[NO_NAME]]
    assert office.run("activate_functions", {"Quiet": True}) == [True, "135 formulas of Rebates computed anew."]
    office.calculate()
    assert office.formula(NAME, xl_rowcol_to_cell(*EXPLAINED)).startswith('{=IF(OR($C$25="",$C$26=""),"",REBATE_EXPLAIN(Rebates,')
    assert differences(office, path) == []


def test_the_sheet_analysis_follows_the_book_and_its_input_cells(office: Office, tmp_path: Path):
    path = tmp_path / "analysis.xlsx"
    write_template(path, sample=demo.sample(), analysis=Host.CALC)
    opened(office, path)
    handle = office.cells(NAME, xl_range(*HANDLE, *HANDLE))[0][0]
    made = calls.call("REBATE_BOOK", [table_rows(office, one) for one in BOOK_TABLES])
    assert handle == made
    assert differences(office, path) == []
    (top, left), as_of = MATRIX, "2026-04-15"  # a day of which no figure was stored
    office.put(NAME, xl_rowcol_to_cell(*AS_OF), as_of)
    for back, value in ((3, "P-110"), (2, "D-1700"), (1, "2026-Q1")):
        office.put(NAME, xl_rowcol_to_cell(EXPLAINED[0] - back, EXPLAINED[1] + 1), value)
    office.calculate()
    programs = [row["Program ID"] for row in demo.sample()["Programs"]]
    months = [*(end_of_month(date(2026, 4, 15), back).isoformat() for back in range(-11, 0)), as_of]
    assert office.strings(NAME, xl_range(top, left + 2, top, left + 13)) == [months]
    assert office.strings(NAME, xl_range(top + 1, left, top + 10, left)) == [[one] for one in programs]
    found = office.cells(NAME, xl_range(top + 1, left + 2, top + 11, left + 13))
    assert found == [[calls.call("REBATE_ACCRUAL", [made, one, "", day]) for day in months] for one in (*programs, "")]
    assert any(row[-1] for row in found)
    attainment = calls.call("REBATE_TABLE", [made, "Attainment", "", "", as_of])
    explained = calls.call("REBATE_EXPLAIN", [made, "P-110", "D-1700", "2026-Q1", as_of])
    for (first, column), (height, width), result in ((ATTAINMENT, ATTAINMENT_SIZE, attainment), (EXPLAINED, EXPLAINED_SIZE, explained)):
        cells = office.cells(NAME, xl_range(first, column, first + height - 1, column + width - 1))
        assert [row[: len(result[0])] for row in cells[: len(result)]] == [["" if cell is None else cell for cell in row] for row in result]
        assert {cell[2] for row in cells[len(result) :] for cell in row} == {"#N/A"}, "the tail that the sheet hides"


def test_the_sheet_analysis_of_an_empty_book_shows_no_error(office: Office, tmp_path: Path):
    path = tmp_path / "empty.xlsx"
    write_template(path, analysis=Host.CALC)
    opened(office, path)
    (top, left), last = MATRIX, EXPLAINED[0] + EXPLAINED_SIZE[0] - 1
    cells = office.cells(NAME, xl_range(0, 0, last, left + 13))
    assert not [cell for row in cells for cell in row if isinstance(cell, list)]
    assert cells[HANDLE[0]][HANDLE[1]].startswith("Rebates: 0 programs")
    assert not any(cell for row in cells[top + 1 : top + 11] for cell in row)
    nothing = office.cells(NAME, xl_range(ATTAINMENT[0], ATTAINMENT[1], ATTAINMENT[0] + 1, ATTAINMENT[1]))
    assert nothing == [["Program ID"], ["nothing to show"]]
