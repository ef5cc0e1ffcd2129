"""The extension in a real LibreOffice: every function in cells, before and after saving, and the menu's commands.

What a cell shows must be what the function gives in Python for the same cells. REBATES_TEST_OFFICE names another
LibreOffice's program folder.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from conftest import absent, require_program, require_soffice

from rebate_udfs import actions, calls, demo
from rebate_udfs.hosts.build_calc import build_calc, groups
from rebate_udfs.hosts.calc import CODES
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.model import CellError
from rebate_udfs.registry import FUNCTIONS
from rebate_udfs.tables import read

DRIVER = Path(__file__).with_name("calc_driver.py")
SECONDS, ANSWER_SECONDS = 180, 420
OMIT = calls.OMITTED
pytestmark = pytest.mark.slow


class Office:
    """A LibreOffice of the tests' own, with the extension; each method is a command of calc_driver.py."""

    def __init__(self, python: str, program: Path, folder: Path, extra: dict[str, str]) -> None:
        self.folder = folder
        self.options = [f"-env:UserInstallation={(folder / 'profile').as_uri()}", f"-env:UNO_SHARED_PACKAGES={(folder / 'shared').as_uri()}",
                        f"-env:UNO_SHARED_PACKAGES_CACHE={(folder / 'shared' / 'cache').as_uri()}"]  # fmt: skip
        self.environment = {**os.environ, "REBATES_CACHE": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "settings"), **extra}
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):  # LibreOffice's own Python would take an activated environment for its home
            self.environment.pop(name, None)
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        self.environment["PATH"] = os.pathsep.join(each for each in folders if not each.startswith(sys.prefix))
        self.python, self.program = python, program
        self._install(build_calc(folder))

    def _install(self, extension: Path) -> None:
        (self.folder / "shared" / "cache").mkdir(parents=True)
        command = ["timeout", "-k", "5", str(SECONDS), str(self.program / "unopkg"), "add", "--shared", "--force", *self.options, str(extension)]
        for _ in range(3):  # a busy machine can keep the first one from its memory or its lock
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
        raise AssertionError(done.stdout + done.stderr)

    def start(self) -> Office:
        """Start LibreOffice, again where it has quit."""
        command = [self.python, str(DRIVER), str(self.program / "soffice.bin"), *self.options]
        self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = tuple(int(part) for part in self._answer().split("."))
        return self

    def stop(self) -> None:
        """Quit it."""
        if self.process.poll() is None:
            self.quit()
            self.process.wait(60)

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)  # one line answers one command, so nothing is read ahead
        if not ready:
            self.process.kill()
        assert ready, f"LibreOffice gave no answer in {ANSWER_SECONDS} s"
        line = self.process.stdout.readline()
        assert line, "LibreOffice ended"
        answer = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer["result"]

    def __getattr__(self, command: str) -> Any:
        def obey(*arguments: Any) -> Any:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps([command, *arguments]) + "\n")
            self.process.stdin.flush()
            return self._answer()

        return obey


def programs() -> tuple[str, Path]:
    """A Python that can talk to LibreOffice, and LibreOffice's program folder; skips where either is missing."""
    program = Path(os.environ.get("REBATES_TEST_OFFICE") or Path(require_soffice()).resolve().parent)
    for python in ("/usr/bin/python3", require_program("python3")):
        script = "import sys, uno; print(*sys.version_info[:2])"
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
        if done.returncode == 0 and tuple(map(int, done.stdout.split())) == sys.version_info[:2]:
            return python, program
    absent("no Python of this version talks to LibreOffice (python3-uno)")
    raise AssertionError("not reached")


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """LibreOffice with the extension, which finds its packages where these tests find theirs."""
    python, program = programs()
    made = Office(python, program, tmp_path_factory.mktemp("calc"), {"REBATES_PYTHONPATH": sysconfig.get_path("purelib")}).start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Handles that the tests make in Python stay out of the cache of the person who runs them."""
    monkeypatch.setenv("REBATES_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The sample company's workbook, without results."""
    path = tmp_path / "sample.xlsx"
    write_template(path, sample=demo.sample())
    return path


# ---- functions


@dataclass(frozen=True)
class Cells:
    """A range on the sheet Data, by its address there."""

    address: str


LADDER, HEADED, BANDS, LUMPS, SHARES = Cells("A2:B4"), Cells("A1:B4"), Cells("D2:F4"), Cells("H2:I4"), Cells("K2:L4")
MEASURES, ROW, EMPTY, WRONG, TEXTUAL = Cells("N2:N5"), Cells("N7:P7"), Cells("R1"), Cells("R2"), Cells("N2:N6")
DATA = {
    "A1": [["From", "Reward"], [5000, 0.02], [10001, 0.04], [25001, 0.06]],
    "D2": [[5000, 10000, 0.02], [10000, 25000, 0.04], [25000, None, 0.06]],
    "H2": [[1000, 50], [2000, 120], [None, None]],
    "K2": [[0.1, 0.02], [0.15, 0.03], [0.2, 0.04]],
    "N2": [[4999.99], [10001], [12480], [60000.5], ["a text"]],
    "N7": [[100, 20, 18]],
}
CASES: list[tuple[str, list[Any]]] = [
    *(("REBATE_TIER", [measure, tiers]) for measure in (4999.99, 5000, 10001, 1e6) for tiers in (LADDER, HEADED)),
    ("REBATE_TIER", [10001, LADDER, "More Than"]),
    ("REBATE_TIER", [True, [[0, 0.1], [1, 0.2]]]),
    ("REBATE_TIER", [-5, LADDER]),
    ("REBATE_TIER", [EMPTY, LADDER]),
    ("REBATE_RATE", [12480, LADDER]),
    ("REBATE_RATE", [0, LADDER, EMPTY]),
    ("REBATE_RATE", [3000, LUMPS]),
    *(("REBATE_AMOUNT", [2000, [[0, 1000, 0.1], [1000, 2500, 0.25]], method]) for method in ("Retrospective", "Incremental", "rolling", "TOTAL")),
    ("REBATE_AMOUNT", [12480, BANDS, "Incremental"]),
    ("REBATE_AMOUNT", [12480, LADDER, OMIT, OMIT, 500]),
    ("REBATE_AMOUNT", [12480, LADDER, OMIT, OMIT, OMIT, "more than"]),
    ("REBATE_AMOUNT", [12480, LADDER, "Incremental", "Per Unit", EMPTY, "At Least"]),
    ("REBATE_AMOUNT", [2500, LUMPS, OMIT, "Lump Sum"]),
    ("REBATE_AMOUNT", [0.285, [[0, 0.1]]]),
    ("REBATE_AMOUNT", [100.5, [[0, 0.01]]]),
    ("REBATE_EFFECTIVE_RATE", [12000, [[5000, 10000, 0.02], [10001, 25000, 0.04]], "Incremental"]),
    ("REBATE_EFFECTIVE_RATE", [0, LADDER]),
    ("REBATE_EFFECTIVE_RATE", [12480, LADDER, "Rolling", OMIT, 30000]),
    ("REBATE_TO_NEXT_TIER", [12480, LADDER]),
    ("REBATE_TO_NEXT_TIER", [99999, LADDER]),
    ("REBATE_TO_NEXT_TIER", [1, LADDER, "More Than"]),
    ("REBATE_NEXT_TIER_VALUE", [8000, LADDER]),
    ("REBATE_NEXT_TIER_VALUE", [8000, LADDER, "Incremental", "Percent", 100]),
    ("REBATE_GROWTH", [2350000, 2000000, SHARES]),
    ("REBATE_GROWTH", [2350000, 2000000, SHARES, "All"]),
    ("REBATE_GROWTH", [2350000, 2000000, SHARES, OMIT, "Incremental", "More Than"]),
    ("REBATE_MIX", [20000, 100000, [[0.2, 0.02]]]),
    ("REBATE_MIX", [20000, 100000, SHARES, 5000]),
    ("REBATE_MIX", [20000, 0, SHARES]),
    ("REBATE_MDF", [1800, 0.5, 2000]),
    ("REBATE_MDF", [5000, 0.5, 2000]),
    ("REBATE_MDF", [-5, 0.5, 2000]),
    ("REBATE_SHIP_DEBIT", [100, 20, 18]),
    ("REBATE_SHIP_DEBIT", [Cells("N7"), Cells("O7"), Cells("P7")]),
    ("REBATE_SHIP_DEBIT", [100, 20, 1.5, "Down By"]),
    ("REBATE_SHIP_DEBIT", [100, 20, 0.1, "down by percent"]),
    ("REBATE_SHIP_DEBIT", [1, 1000, 0.25, "Margin", 900]),
    ("REBATE_ACCRUE", [575, 1200, [[1001, 10]], OMIT, "Per Unit"]),
    ("REBATE_ACCRUE", [60000, 120000, LADDER, "Incremental", OMIT, 700]),
    ("REBATE_ACCRUE", [60000, 120000, LADDER, OMIT, OMIT, OMIT, 90000, "More Than"]),
    ("REBATE_EXPECTED", [60000, [[90000], [120000]], [[0.5], [0.5]], [[100000, 0.04]]]),
    ("REBATE_EXPECTED", [60000, [[90000, 120000]], [[0.25, 0.75]], [[100000, 0.04]], "Incremental", OMIT, 100]),
    ("REBATE_VERSION", []),
]
SPREAD: list[tuple[str, list[Any]]] = [  # results that fill a range
    ("REBATE_TIER", [MEASURES, LADDER]),
    ("REBATE_TIER", [TEXTUAL, LADDER]),  # an error in its own place only
    ("REBATE_AMOUNT", [MEASURES, BANDS, "Incremental"]),
    ("REBATE_AMOUNT", [MEASURES, LADDER, OMIT, OMIT, MEASURES]),
    ("REBATE_MDF", [MEASURES, 0.5, 2000]),
    ("REBATE_SHIP_DEBIT", [ROW, 20, 18]),
    ("REBATE_ALLOCATE", [100, MEASURES]),
    ("REBATE_ALLOCATE", [-10, [[1, 1, 1]], 0]),
    ("REBATE_ALLOCATE", [1, Cells("H2:H4")]),
]
ERRORS: list[tuple[str, list[Any], str]] = [
    ("REBATE_AMOUNT", [2000, LADDER, "Sideways"], "#VALUE!"),
    ("REBATE_AMOUNT", ["12480", LADDER], "#VALUE!"),
    ("REBATE_AMOUNT", [12480, Cells("H2:L4")], "#VALUE!"),
    ("REBATE_AMOUNT", [12480, [[0, 4]]], "#VALUE!"),
    ("REBATE_AMOUNT", [12480], "#VALUE!"),
    ("REBATE_GROWTH", [100, 0, SHARES], "#N/A"),
    ("REBATE_MDF", [100, 1.5, 2000], "#NUM!"),
    ("REBATE_EXPECTED", [1, [[1, 2]], [[0.5, 0.6]], LADDER], "#NUM!"),
    ("REBATE_ALLOCATE", [5, [[0, 0]]], "#NUM!"),
    ("REBATE_TIER", [WRONG, LADDER], "#DIV/0!"),  # an error passed in is passed on
]


def written(argument: Any) -> str:
    """An argument as a formula has it."""
    if argument is OMIT:
        return ""
    if isinstance(argument, Cells):
        first, _, last = argument.address.partition(":")
        return f"Data!{first}:{last}" if last else f"Data!{first}"
    if isinstance(argument, bool):
        return "TRUE" if argument else "FALSE"
    if isinstance(argument, list):
        return "{" + ";".join(",".join(map(str, row)) for row in argument) + "}"
    return f'"{argument}"' if isinstance(argument, str) else repr(argument)


def formula(name: str, arguments: list[Any]) -> str:
    """A call as a formula of Excel."""
    return f"={name}({','.join(map(written, arguments))})"


def at(address: str) -> tuple[int, int]:
    """Row and column (from 0) of a cell of A to Z."""
    return int(address[1:]) - 1, ord(address[0]) - ord("A")


GRID: dict[tuple[int, int], Any] = {
    (at(start)[0] + down, at(start)[1] + across): value
    for start, rows in DATA.items()
    for down, row in enumerate(rows)
    for across, value in enumerate(row)
}


def held(argument: Any) -> Any:
    """An argument as Python has it: the cells of a range, one value of one cell."""
    if not isinstance(argument, Cells):
        return argument
    first, _, last = argument.address.partition(":")
    (top, left), (bottom, right) = at(first), at(last or first)
    rows = [[GRID.get((row, column)) for column in range(left, right + 1)] for row in range(top, bottom + 1)]
    return rows if last else rows[0][0]


def expected(name: str, arguments: list[Any]) -> Any:
    """What the function gives in Python."""
    return calls.call(name, [held(argument) for argument in arguments])


def shown(result: Any) -> Any:
    """A result of Python as the driver tells of a cell."""
    if isinstance(result, CellError):
        return ["error", CODES[result.code], result.code]
    return result if isinstance(result, str) else float(result or 0)


@pytest.fixture(scope="session")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook as Excel would save it: every case of a single cell below one another, every case that fills a range side by side."""
    path = tmp_path_factory.mktemp("formulas") / "formulas.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, data = book.add_worksheet("Cases"), book.add_worksheet("Data")
        for row, (name, arguments) in enumerate([*CASES, *((name, arguments) for name, arguments, _ in ERRORS)]):
            sheet.write_formula(row, 0, formula(name, arguments))
        for number, (name, arguments) in enumerate(SPREAD):
            result = expected(name, arguments)
            last_row, last_column = len(result) - 1, 2 + 4 * number + len(result[0]) - 1
            sheet.write_array_formula(0, 2 + 4 * number, last_row, last_column, "{" + formula(name, arguments) + "}")
        for (row, column), value in GRID.items():
            data.write(row, column, value)
        data.write_formula("R2", "=1/0")
    return path


def check_cells(office: Office) -> None:
    """Every formula of the open document shows what Python gives."""
    column = office.cells("Cases", f"A1:A{len(CASES) + len(ERRORS)}")
    wrong = []
    for row, (name, arguments) in enumerate(CASES):
        if column[row][0] != shown(expected(name, arguments)):
            wrong.append((formula(name, arguments), column[row][0], expected(name, arguments)))
    for row, (name, arguments, code) in enumerate(ERRORS, start=len(CASES)):
        if column[row][0] != ["error", CODES[code], code]:
            wrong.append((formula(name, arguments), column[row][0], code))
    for number, (name, arguments) in enumerate(SPREAD):
        result = expected(name, arguments)
        left, right = (xlsxwriter.utility.xl_col_to_name(2 + 4 * number + across) for across in (0, len(result[0]) - 1))
        cells = office.cells("Cases", f"{left}1:{right}{len(result)}")
        if cells != [[shown(value) for value in row] for row in result]:
            wrong.append((formula(name, arguments), cells, result))
    assert not wrong


def opened(office: Office, path: Path) -> None:
    """Open a file and compute all of it; an old LibreOffice recognises our names in files of Excel only when they are entered again."""
    office.open(str(path))
    if office.version < (24, 2) and path.suffix == ".xlsx":
        office.run("activate_functions", {"Quiet": True})
        office.calculate()


def test_the_cases_cover_every_direct_function_and_many_forms_of_arguments():
    direct = {name for name, function in FUNCTIONS.items() if function.section == "direct"}
    assert {name for name, _ in [*CASES, *SPREAD]} == direct
    assert len(CASES) + len(SPREAD) + len(ERRORS) >= 60


def test_every_cell_shows_what_python_gives(office: Office, formulas: Path):
    opened(office, formulas)
    check_cells(office)


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_the_same_after_saving_and_opening_again(office: Office, formulas: Path, tmp_path: Path, kind: str):
    opened(office, formulas)
    saved = tmp_path / f"saved.{kind}"
    office.save(str(saved))
    opened(office, saved)
    assert office.formula("Cases", "A1").startswith("=REBATE_TIER(")
    check_cells(office)


def test_a_file_saved_by_calc_names_the_functions_as_excel_does(office: Office, formulas: Path, tmp_path: Path):
    import openpyxl

    opened(office, formulas)
    if office.version < (24, 2):
        pytest.skip("this LibreOffice saves the names of its own in files for Excel; it should save as .ods")
    office.save(str(tmp_path / "saved.xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "saved.xlsx")["Cases"]
    found = [str(sheet.cell(row, 1).value) for row in range(1, len(CASES) + 1)]
    wrong = [text for text, (name, _) in zip(found, CASES, strict=True) if not text.startswith(f"={name}(")]
    assert not wrong


def test_a_range_with_an_error_cell_gives_an_error_not_a_figure(office: Office):
    office.open("new")
    for cell, value in (("A1", 1.0), ("A2", "=1/0"), ("A3", 3.0)):
        office.put("Sheet1", cell, value)
    office.put("Sheet1", "C1", "=SUM(REBATE_AMOUNT(A1:A3,{0,0.1}))")
    assert office.cells("Sheet1", "C1:C1")[0][0][0] == "error"


def test_the_function_wizard_explains_every_function_and_argument_in_order(office: Office):
    for name, function in FUNCTIONS.items():
        summary, arguments = office.wizard(name)
        assert summary == function.summary
        assert [argument for argument, _ in arguments] == [argument.name for argument in function.arguments]
        assert all(text.endswith(argument.help) for (_, text), argument in zip(arguments, function.arguments, strict=True))


def test_the_benchmark_of_cells_computes_and_says_how_they_compare_with_native_formulas(office: Office, capsys: pytest.CaptureFixture[str]):
    from benchmarks.calc_cells import FORMULAS, microseconds

    taken = {name: microseconds(office, FORMULAS[name], tries=2) for name in ("native", "REBATE_AMOUNT", "REBATE_MDF")}
    with capsys.disabled():
        for name, each in taken.items():
            print(f"\n  1,000 cells of {name}: {each:.0f} us a cell, {each / taken['native']:.1f} x native", end="")
    assert office.cells("Sheet1", "D1000:D1000") == [[expected("REBATE_MDF", [17000, 0.5, 2000])]]


# ---- the book


def table_rows(office: Office, name: str) -> list[list[Any]]:
    """A table of the open document as Python takes it: its rows from the header on."""
    return [[None if cell == "" else cell for cell in row] for row in office.table(name)]


TABLES = ["Programs", "Tiers", "Distributors", "Products", "Transactions", "Enrollments", "Scopes", "Settings"]
BOOK_CASES: list[tuple[str, list[Any]]] = [
    ("REBATE_ACCRUAL", []),
    ("REBATE_ACCRUAL", ["P-110"]),
    ("REBATE_ACCRUAL", ["P-110", "D-1700"]),
    ("REBATE_ACCRUAL", [OMIT, "D-1700", "2026-04-30"]),
    ("REBATE_ACCRUAL", ["P-110", "D-1700", 46142]),
    ("REBATE_EARNED", ["p-110", "d-1700"]),
    ("REBATE_EARNED", ["P-110", OMIT, "2026-Q1"]),
    ("REBATE_EARNED", ["P-110", "D-1700", "2026-Q2", "2026-05-31"]),
    ("REBATE_PAYABLE", []),
    ("REBATE_PAYABLE", ["P-110"]),
    *(("REBATE_ATTAINMENT", ["P-110", "D-1700", OMIT, show]) for show in ("Tier", "Rate", "Measure", "To Next", "Next Value", "Status")),
    ("REBATE_ATTAINMENT", ["P-110", "D-1700"]),
    ("REBATE_EARNED", ["P-999"]),
    ("REBATE_EARNED", ["P-110", "NOBODY"]),
    ("REBATE_ATTAINMENT", ["P-110", "D-1700", OMIT, "Mood"]),
]


def with_book(office: Office, sample: Path) -> tuple[str, Any]:
    """Open the sample, put the handle into a sheet of its own; returns the handle as Calc shows it and as Python gives it."""
    office.open(str(sample))
    office.add_sheet("Analysis")
    office.put("Analysis", "A1", f"=REBATE_BOOK({','.join(f'{name}[[#All]]' for name in TABLES)})")
    made = calls.call("REBATE_BOOK", [table_rows(office, name) for name in TABLES])
    return office.cells("Analysis", "A1:A1")[0][0], made


def test_functions_on_the_book_show_what_python_gives(office: Office, sample: Path):
    handle, made = with_book(office, sample)
    assert handle == made
    wrong = []
    for row, (name, arguments) in enumerate(BOOK_CASES, start=1):
        office.put("Analysis", f"B{row}", formula(name, [Cells("book"), *arguments]).replace("Data!book", "$A$1"))
        cell, result = office.cells("Analysis", f"B{row}:B{row}")[0][0], calls.call(name, [made, *arguments])
        if cell != shown(result):
            wrong.append((name, arguments, cell, result))
    assert not wrong
    assert all(name in {case for case, _ in BOOK_CASES} | {"REBATE_BOOK", "REBATE_TABLE", "REBATE_EXPLAIN", "REBATE_CHECK", "REBATE_CLAIM"}
               for name, function in FUNCTIONS.items() if function.section == "book")  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), [("REBATE_TABLE", ["Attainment"]), ("REBATE_EXPLAIN", ["P-110", "D-1700"]), ("REBATE_CHECK", [])])
def test_tables_of_the_book_fill_a_range(office: Office, sample: Path, name: str, arguments: list[str]):
    _, made = with_book(office, sample)
    result = calls.call(name, [made, *arguments])
    last = xlsxwriter.utility.xl_col_to_name(2 + len(result[0]) - 1)
    text = formula(name, [Cells("book"), *arguments]).replace("Data!book", "$A$1")
    office.put_array("Analysis", f"C1:{last}{len(result)}", text)
    assert office.cells("Analysis", f"C1:{last}{len(result)}") == [[shown(cell) if cell not in (None, "") else "" for cell in row] for row in result]


def test_an_error_cell_in_a_table_is_a_problem_of_its_row(office: Office, sample: Path):
    office.open(str(sample))
    office.put("Programs", "B3", "=1/0")
    office.add_sheet("Analysis")
    office.put("Analysis", "A1", f"=REBATE_BOOK({','.join(f'{name}[[#All]]' for name in TABLES)})")
    office.put_array("Analysis", "C1:I20", "=REBATE_CHECK($A$1)")
    assert str(office.cells("Analysis", "A1:A1")[0][0]).startswith("Rebates: ")
    found = [row for row in office.cells("Analysis", "C2:I20") if row[2] == "Programs" and row[3] == 3.0]
    assert found and "#DIV/0!" in str(found)


def test_a_changed_cell_gives_a_new_handle_and_new_figures(office: Office, sample: Path):
    handle, _ = with_book(office, sample)
    office.put("Analysis", "B1", "=REBATE_EARNED($A$1)")
    before = office.cells("Analysis", "B1:B1")[0][0]
    amount = xlsxwriter.utility.xl_col_to_name(table_rows(office, "Transactions")[0].index("Amount"))
    for row in range(2900, 2930):  # of this year; the first rows are before every program
        office.put("Transactions", f"{amount}{row}", 99999.0 + row)
    made = calls.call("REBATE_BOOK", [table_rows(office, name) for name in TABLES])
    assert office.cells("Analysis", "A1:A1") == [[made]] != [[handle]]
    assert office.cells("Analysis", "B1:B1") == [[calls.call("REBATE_EARNED", [made])]] != [[before]]


def test_dates_count_from_1904_where_the_document_says_so(office: Office, sample: Path):
    _, made = with_book(office, sample)
    office.put("Analysis", "B1", "=REBATE_EARNED($A$1;;;;DATE(2026;4;30))")
    wanted = calls.call("REBATE_EARNED", [made, OMIT, OMIT, OMIT, "2026-04-30"])
    assert office.cells("Analysis", "B1:B1") == [[wanted]]
    office.null_date(1904)
    office.put("Settings", "Z1", "moved")  # the serial numbers of the typed dates now mean other days
    office.calculate()
    assert office.cells("Analysis", "B1:B1") != [[wanted]]


def test_a_handle_saved_by_somebody_else_is_made_anew_on_opening(office: Office, sample: Path, tmp_path: Path):
    with_book(office, sample)
    office.put("Analysis", "B1", "=REBATE_EARNED($A$1)")
    figure = office.cells("Analysis", "B1:B1")
    office.save(str(tmp_path / "book.ods"))
    office.stop()
    office.environment["REBATES_CACHE"] = str(tmp_path / "another person")
    office.start()
    office.load(str(tmp_path / "book.ods"), False)  # what runs on opening runs for a document that is shown
    assert office.cells("Analysis", "B1:B1") == figure
    office.put("Analysis", "B2", "=REBATE_EARNED($A$1)")
    assert office.cells("Analysis", "B2:B2") == figure


def test_an_older_libreoffice_says_that_excel_will_not_know_the_functions(office: Office, sample: Path, tmp_path: Path):
    with_book(office, sample)
    for kind in ("xlsx", "ods"):
        office.save(str(tmp_path / f"book.{kind}"))
        office.load(str(tmp_path / f"book.{kind}"), False)
        assert office.banner() == (kind == "xlsx" and office.version < (24, 2)), kind
    office.save_as(str(tmp_path / "again.xlsx"))
    assert office.banner() == (office.version < (24, 2))


# ---- the menu


def results(book: Path) -> actions.Outcome:
    """What Calculate gives for a workbook on disk."""
    raw, problems = read_book(book)
    return actions.calculate(read(raw, problems=problems), None, actions.column_places(raw))


def test_the_menu_has_every_action(office: Office):
    wanted: list[str] = []
    for names in groups().values():
        wanted += [*(["private:separator"] if wanted else []), *(f"org.rebates.calc:{name}" for name in names)]
    assert office.menu() == wanted


def test_calculate_writes_the_result_sheets_and_undo_takes_them_back(office: Office, sample: Path):
    office.open(str(sample), False)
    before = office.sheets()
    inputs = {name: office.table(name) for name in TABLES}
    done, said = office.run("calculate", {"Quiet": True})
    assert done, said
    assert office.sheets() == before + [table.name for table in results(sample).tables]
    assert {name: office.table(name) for name in TABLES} == inputs
    title = office.undo()
    assert title == "Rebates: Calculate"
    assert office.sheets() == before


def test_result_sheets_hold_the_figures_of_the_run_as_money_and_dates(office: Office, sample: Path):
    outcome = results(sample)
    office.open(str(sample), False)
    office.run("calculate", {"Quiet": True})
    for table in outcome.tables:
        top = len(table.notes) + 4  # the header's row, from 1
        last = xlsxwriter.utility.xl_col_to_name(len(table.columns) - 1)
        cells = office.data(table.name, f"A{top}:{last}{top + len(table.rows)}")
        assert cells[0] == [column.header for column in table.columns]
        for index, column in enumerate(table.columns):
            found = [row[index] for row in cells[1:]]
            if column.kind in ("money", "number", "percent", "integer"):
                assert found == ["" if row[index] is None else float(row[index]) for row in table.rows], (table.name, column.header)
            if column.kind in ("id", "text"):
                assert found == [str(row[index] or "") for row in table.rows], (table.name, column.header)
    accruals = next(table for table in outcome.tables if table.name == "Accruals")
    headers, top = [column.header for column in accruals.columns], len(accruals.notes) + 4
    money = xlsxwriter.utility.xl_col_to_name(next(at for at, column in enumerate(accruals.columns) if column.kind == "money"))
    assert office.number_format("Accruals", f"{money}{top + 1}") == '#,##0.00_);(#,##0.00);"- "'
    assert office.property("Accruals", f"{money}{top + 1}", "CharColor") == 0x1F2937
    assert office.frozen("Accruals")[1] == top
    shown_money = [row[0] for row in office.strings("Accruals", f"{money}{top + 1}:{money}{top + len(accruals.rows)}")]
    assert not [text for text in shown_money if "_" in text]
    assert headers[0] == office.strings("Accruals", f"A{top}:A{top}")[0][0]


def test_calculating_again_keeps_what_points_to_a_result(office: Office, sample: Path, tmp_path: Path):
    office.open(str(sample))
    office.run("calculate", {"Quiet": True})
    office.put("Start", "Z1", "=Accruals.A6")
    for kind in ("xlsx", "ods"):
        assert office.run("calculate", {"Quiet": True})[0]
        assert office.cells("Start", "Z1:Z1") == office.cells("Accruals", "A6:A6")
        office.save(str(tmp_path / f"again.{kind}"))
        office.open(str(tmp_path / f"again.{kind}"))
    done, said = office.run("calculate", {"Quiet": True})
    assert done, said


def test_attainment_is_printed_up_to_its_status(office: Office, sample: Path):
    """As on disk: with all its columns it would print too small to read."""
    office.open(str(sample))
    office.run("calculate", {"Quiet": True})
    header = next(row for row in office.data("Attainment", "A1:Z8") if "Status" in row)
    (area,) = office.printed("Attainment")
    assert area[:3] == [0, 0, header.index("Status")] and area[3] > 90, "with the chart under the table"
    assert office.printed("Accruals") == []


def test_a_sheet_of_the_users_is_never_written_over(office: Office, sample: Path):
    office.open(str(sample))
    office.add_sheet("Payable")
    office.put("Payable", "B2", "my own notes")
    done, said = office.run("calculate", {"Quiet": True})
    assert not done and "Payable" in said
    assert office.cells("Payable", "B2:B2") == [["my own notes"]]
    assert "Attainment" not in office.sheets()


def test_check_says_what_is_wrong_and_where(office: Office, sample: Path):
    office.open(str(sample))
    office.put("Programs", "B4", "=1/0")
    done, said = office.run("check", {"Quiet": True})
    assert done and "error" in said
    assert "#DIV/0!" in str(office.strings("Check", "A1:J20"))


def test_explain_cell_tells_a_figure_and_why_a_cell_is_an_error(office: Office, sample: Path):
    with_book(office, sample)
    office.put("Analysis", "B1", '=REBATE_EARNED($A$1;"P-110";"D-1700")')
    office.put("Analysis", "B2", "=REBATE_MDF(100;1.5;2000)")
    office.select("Analysis", "B1")
    done, said = office.run("explain_cell", {"Quiet": True})
    assert done and "Tier" in said
    office.select("Analysis", "B2")
    assert office.run("explain_cell", {"Quiet": True}) == [True, "REBATE_MDF gives #NUM!: participation: give a share from 0 to 1, such as 50 %"]
    assert office.run("explain_cell", {"Quiet": True, "Figure": "P-110/D-1700/2026-Q2"})[0]
    office.select("Programs", "A2")
    done, said = office.run("explain_cell", {"Quiet": True})
    assert not done and "names no figure" in said
    office.run("calculate", {"Quiet": True})
    office.select("Attainment", "E6")
    done, said = office.run("explain_cell", {"Quiet": True})
    assert done and "/earned" in said


def test_statements_new_workbook_help_and_what_cannot_be_done(office: Office, sample: Path, tmp_path: Path):
    office.open(str(sample))
    done, said = office.run("make_statements", {"Quiet": True, "Folder": str(tmp_path / "statements")})
    assert done, said
    assert len(list((tmp_path / "statements").glob("*.xlsx"))) > 5
    assert "mail merge.csv" in said and (tmp_path / "statements" / "manifest.json").is_file()
    assert sample.with_name(f"{sample.stem}.ledger.sqlite").is_file(), "signed with the book's key, and remembered"
    assert office.run("new_workbook", {"Quiet": True, "Hidden": True})[0]
    assert any("Start, Settings" in title for title in office.documents())
    assert "rebate" in office.run("help", {"Quiet": True})[1].lower()
    assert office.run("calculate", {"Quiet": True, "AsOf": "yesterday"}) == [False, "AsOf: yesterday is no date; write it as 2026-03-31."]
    office.open("new")
    done, said = office.run("calculate", {"Quiet": True})
    assert not done and "New Workbook" in said


def test_without_its_packages_the_extension_says_what_to_install(tmp_path: Path):
    python, program = programs()
    bare = Office(python, program, tmp_path, {"REBATES_PYTHONPATH": str(tmp_path / "nowhere"), "PYTHONNOUSERSITE": "1"}).start()
    try:
        bare.open("new")
        bare.put("Sheet1", "A1", "=REBATE_MDF(1;1;1)")
        done, said = bare.run("check", {"Quiet": True})
        if done or "pydantic" not in said:
            pytest.skip("LibreOffice's own Python has the packages")
        assert bare.cells("Sheet1", "A1:A1") == [[["error", 519, "#VALUE!"]]]
        assert "pip install rebate-udfs" in said and "nowhere" in said
        assert "calc-pythonpath.txt" in said
    finally:
        bare.stop()
