"""The handle of a book: it changes exactly when a table does, survives a restart, and is nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from cells import code, handle, ranges
from smallbooks import raw_book

from rebate_udfs import book as books
from rebate_udfs.book import Session, acting_as
from rebate_udfs.cache import Disk
from rebate_udfs.columns import TABLES
from rebate_udfs.content import seal, unseal
from rebate_udfs.functions import rebate_book, rebate_check, rebate_earned, rebate_table
from rebate_udfs.model import CellError
from rebate_udfs.parse import RawTable
from rebate_udfs.ranges import mistaken

PROGRAM = {"Program ID": "P-1", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"], [1000, "2 %"]]}
SALES = [[date(2026, 1, 10), "NORTH", "A", 10, "1,000.00"], [date(2026, 2, 10), "SOUTH", "A", 5, "500.00"]]
SECRET = b"s" * 32
SECONDS = 120


@pytest.fixture(autouse=True)
def session(tmp_path: Path) -> Iterator[Session]:
    with acting_as(Session(SECRET, Disk(tmp_path / "cache"))) as mine:
        yield mine
    books.forget()


def raw(**more: Any) -> list[RawTable]:
    return raw_book(PROGRAM, SALES, settings={"As Of": date(2026, 3, 31)}, **more)


def test_the_handle_says_what_is_in_the_book() -> None:
    found = handle(raw())
    assert found.startswith("Rebates: 1 program, 2 distributors, 2 transactions #")
    assert found == handle(raw()), "the same tables, the same handle"


def test_the_handle_does_not_change_with_the_layout() -> None:
    given, found = ranges(raw()), handle(raw())
    turned = [[row[at] for at in range(len(row) - 1, -1, -1)] for row in given["programs"]]
    assert rebate_book(**{**given, "programs": turned}) == found, "the order of columns"
    shouted = [[text.upper() for text in given["tiers"][0]], *given["tiers"][1:]]
    assert rebate_book(**{**given, "tiers": shouted}) == found, "the spelling of headers"
    padded = [[*given["products"][0], "My note"], *([*row, "mine"] for row in given["products"][1:]), ["", None, None]]
    assert rebate_book(**{**given, "products": padded}) == found, "columns of one's own and blank rows below"
    whole = [[int(cell) if isinstance(cell, float) and cell == int(cell) else cell for cell in row] for row in given["transactions"]]
    assert rebate_book(**{**given, "transactions": whole}) == found, "100 and 100.0"
    assert rebate_book(**{**given, "scopes": None, "claims": "", "payments": [[None]]}) == found, "tables that are not there"


@pytest.mark.parametrize("argument", ["programs", "tiers", "distributors", "products", "transactions", "settings"])
def test_the_handle_changes_with_every_table(argument: str) -> None:
    given, found = ranges(raw()), handle(raw())
    changed = [list(row) for row in given[argument]]
    at = next(at for at, cell in enumerate(changed[1]) if cell is not None)
    changed[1][at] = "changed" if isinstance(changed[1][at], str) else changed[1][at] + 1
    made = rebate_book(**{**given, argument: changed})
    assert made != found and made.rpartition("#")[2] != found.rpartition("#")[2]
    assert rebate_book(**{**given, "scopes": [["Program ID", "Rule", "Dimension", "Value"], ["P-1", "Include", "SKU", "A"]]}) != found


# ---- which table is which


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("only_required", [False, True])
def test_every_table_is_told_from_every_other(table: Any, only_required: bool) -> None:
    headers = [column.header for column in table.columns if column.required or not only_required]
    assert mistaken(headers, table) is None
    for other in TABLES:
        if other is not table:
            assert mistaken(headers, other) is table, other.name


def test_a_table_in_anothers_place_is_told_with_both_names() -> None:
    given = ranges(raw())
    wrong = rebate_book(**{**given, "tiers": given["programs"]})
    assert code(wrong) == "#VALUE!" and "Programs" in wrong.message and "Tiers" in wrong.message
    assert code(rebate_book(**{**given, "programs": [["a", "b"], [1, 2]]})) == "#VALUE!"
    assert code(rebate_book(**{**given, "products": None})) == code(rebate_book(**{**given, "products": [[None, ""]]})) == "#VALUE!"
    assert code(rebate_book(**{**given, "tiers": CellError("#REF!", "gone")})) == "#REF!"


def test_a_table_with_columns_looked_up_from_another_is_itself() -> None:
    headers = ["Program ID", "Participant ID", "Period", "Measure", "Program Name", "Rebate Type", "Starts On", "Ends On"]
    assert mistaken(headers, next(table for table in TABLES if table.name == "Forecasts")) is None


def test_a_missing_column_and_an_error_cell_are_problems_of_the_book() -> None:
    given = ranges(raw())
    short = [row[:1] + row[2:] for row in given["programs"]]
    found = rebate_check(rebate_book(**{**given, "programs": short}))
    assert any(row[1] == "MISSING_COLUMN" and row[2] == "Programs" for row in found)
    broken = [list(row) for row in given["transactions"]]
    broken[2][broken[0].index("Amount")] = CellError("#DIV/0!", "")
    made = rebate_book(**{**given, "transactions": broken})
    assert any(row[2] == "Transactions" and row[3] == 3.0 and row[4] == "Amount" for row in rebate_check(made))
    assert rebate_earned(made) == 20.00


# ---- restarts and persons


def test_a_handle_survives_a_restart() -> None:
    found = handle(raw())
    figures, problems = rebate_table(found, "Accruals"), rebate_check(found)
    books.forget()
    assert rebate_earned(found, "P-1") == 25.00
    assert (rebate_table(found, "Accruals"), rebate_check(found)) == (figures, problems)


IN_A_PROCESS = """
import sys
from cells import handle
from test_book_functions_handle import SECRET, Disk, Session, acting_as, raw, rebate_earned
with acting_as(Session(SECRET, Disk(sys.argv[1]))):
    print(rebate_earned(sys.argv[2], "P-1"), handle(raw()))
"""


def test_two_processes_share_a_book(tmp_path: Path) -> None:
    found = handle(raw())
    command = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / "cache"), found]
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent)])
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}) for _ in range(2)]
    assert [one.communicate(timeout=SECONDS)[0].strip() for one in started] == [f"25.0 {found}"] * 2


@pytest.mark.parametrize("spoil", ["gone", "broken"])
def test_what_cannot_be_found_again_says_press_calculate(spoil: str, session: Session) -> None:
    found = handle(raw())
    books.forget()
    assert session.disk is not None
    for path in session.disk.folder.glob("*.sealed"):
        path.unlink() if spoil == "gone" else path.write_bytes(path.read_bytes()[:-1])
    stale = rebate_earned(found)
    assert code(stale) == "#VALUE!" and "press Calculate" in stale.message
    assert handle(raw()) == found and rebate_earned(found) == 25.00, "computing the cell again heals it"


def test_a_handle_of_somebody_else_does_not_resolve(session: Session) -> None:
    found = handle(raw())
    with acting_as(Session(b"other" * 8, session.disk)):
        assert code(rebate_earned(found)) == "#VALUE!"
        assert handle(raw()) == found and rebate_earned(found) == 25.00, "who has the same tables has the same handle"


@pytest.mark.parametrize("text", ["", "P-1", "Rebates: 1 program, 2 distributors, 2 transactions #00000000000000000000000000000000", None, 7.0, True])
def test_what_is_no_handle_is_an_error(text: Any) -> None:
    assert code(rebate_earned(text)) == code(rebate_check(text)) == "#VALUE!"
    assert code(rebate_check(CellError("#REF!", "gone"))) == "#REF!"


# ---- transactions in files


def sales_table(amount: str = "1000.00") -> pa.Table:
    return pa.table({"Transaction ID": ["T1", "T2"], "Invoice Date": [date(2026, 1, 10), date(2026, 2, 10)], "Distributor ID": ["NORTH", "SOUTH"],
                     "SKU": ["A", "A"], "Quantity": [10, 5], "Amount": [amount, "500.00"]})  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    pa.parquet.write_table(sales_table(), made / "sales.parquet")
    pa.csv.write_csv(sales_table(), made / "sales.csv")
    return made


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_transactions_may_be_a_path(folder: Path, kind: str) -> None:
    path = folder / f"sales.{kind}"
    found = handle(raw(), transactions=str(path))
    assert "2 transactions" in found and rebate_earned(found) == 25.00
    assert handle(raw(), transactions=[[str(path)]]) == found, "a cell handed over as a range"
    assert rebate_earned(handle(raw(), transactions=str(folder / f"*.{kind}"))) == 25.00
    assert code(rebate_book(**{**ranges(raw()), "transactions": str(folder / "none.parquet")})) == "#VALUE!"
    assert code(rebate_book(**{**ranges(raw()), "transactions": __file__})) == "#VALUE!"


def test_a_file_that_changes_makes_the_handle_old(folder: Path) -> None:
    path = folder / "sales.parquet"
    found = handle(raw(), transactions=str(path))
    assert rebate_earned(found) == 25.00
    pa.parquet.write_table(sales_table("100000.00"), path)
    stale = rebate_earned(found, as_of="2026-01-31")
    assert code(stale) == "#VALUE!" and "press Calculate" in stale.message, "no figure mixes the old file and the new one"
    books.forget()
    assert code(rebate_earned(found)) == "#VALUE!"
    made = handle(raw(), transactions=str(path))
    assert made != found and rebate_earned(made) == 2005.00


def test_a_server_reads_below_its_folder_only(folder: Path, tmp_path: Path) -> None:
    pa.parquet.write_table(sales_table(), tmp_path / "secret.parquet")
    (folder / "link.parquet").symlink_to(tmp_path / "secret.parquet")
    given = ranges(raw())
    with acting_as(Session(SECRET, data_folder=folder)):
        assert rebate_earned(handle(raw(), transactions="sales.parquet")) == 25.00
        assert rebate_earned(handle(raw(), transactions=str(folder / "sales.parquet"))) == 25.00
        for path in (str(tmp_path / "secret.parquet"), "../secret.parquet", "../*.parquet", "link.parquet", "*.parquet", "sub/../../secret.parquet"):
            refused = rebate_book(**{**given, "transactions": path})
            assert code(refused) == "#VALUE!" and str(tmp_path) not in refused.message, path
        absent = rebate_book(**{**given, "transactions": "/no/such/folder/*.parquet"})
        assert absent == rebate_book(**{**given, "transactions": str(tmp_path / "secret.parquet")}), "it does not tell what exists elsewhere"


# ---- what is stored


def test_a_table_comes_back_as_it_was() -> None:
    cells = [1.5, "text", "00123", True, 7, 10**18, date(2026, 3, 31), CellError("#N/A", "gone"), 0.1 + 0.2, None, -0.0]
    table = RawTable(
        "Products", "Products", ["SKU", "Product Name", "My own"], 3, [(4 + at, [cell, "x", "y"]) for at, cell in enumerate(cells)], True
    )
    found = unseal(seal(table))
    assert (found.name, found.place, found.header_row, found.date_1904, found.headers) == ("Products", "Products", 3, True, ["SKU", "Product Name"])
    assert found.rows == [(4 + at, [cell, "x"]) for at, cell in enumerate(cells)]
    assert [type(row[0]) for _, row in found.rows][2:4] == [str, bool]


def test_what_is_stored_is_arrow_and_never_runs() -> None:
    data = seal(next(table for table in raw() if table.name == "Programs"))
    assert pa.ipc.open_stream(data).read_all().num_rows == 1
    with pytest.raises(ValueError, match=r".+"):
        unseal(b"cos\nsystem\n(S'true'\ntR.")


def test_threads_of_a_server_get_the_same_figures() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": one, "Parent ID": "TOP"} for one in ("NORTH", "SOUTH"))]
    found, names = handle(raw(distributors=people)), ["TOP", "NORTH", "SOUTH"] * 8

    def ask(name: str) -> Any:
        with acting_as(Session(SECRET)):  # a thread has no session until it is told
            return rebate_earned(found, "P-1", name, as_of=f"2026-03-{len(name):02}"), rebate_table(found, "Transactions", "", name)[-1][3]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, names, timeout=SECONDS))
    assert answers == [(30.0, "T2"), (20.0, "T1"), (10.0, "T2")] * 8
