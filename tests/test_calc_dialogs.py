"""What a person is asked in LibreOffice: real dialogs, answered by pressing their buttons and typing into their fields.

LibreOffice draws into memory here, so no screen is needed; headless it would open no dialog.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_calc import Office, programs

from rebate_udfs import demo
from rebate_udfs.assets import asset
from rebate_udfs.hosts.template import write_template

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """LibreOffice with windows and the extension."""
    python, program = programs()
    drawn = {"SAL_USE_VCLPLUGIN": "svp", "REBATES_TEST_WINDOWS": "1", "REBATES_PYTHONPATH": sysconfig.get_path("purelib")}
    office = Office(python, program, tmp_path_factory.mktemp("windows"), drawn)
    office.environment.pop("DISPLAY", None)
    yield office.start()
    office.stop()


@pytest.fixture
def sample(windows: Office, tmp_path: Path) -> Path:
    """The sample company's workbook, open in a window."""
    path = tmp_path / "sample.xlsx"
    write_template(path, sample=demo.sample())
    windows.open(str(path), False)
    return path


def rows(windows: Office, table: str) -> int:
    """How many rows of a table are filled."""
    return sum(any(row) for row in windows.table(table))


def test_a_finding_is_told_in_a_box(windows: Office, sample: Path):
    done, said, words = windows.answer("check", {}, [["ok"]])
    assert done and words == [said] == ["1 error, 2 warnings. The sheet Check lists them."]


def test_an_export_is_chosen_shown_and_appended_only_on_yes(windows: Office, sample: Path):
    export = str(asset("examples/import_profiles") / "quickbooks_sales.csv")
    before = rows(windows, "Transactions")
    done, said, words = windows.answer("import_transactions", {}, [["open", export], ["no"], ["ok"]])
    assert done and said.endswith("Nothing was appended.") and "Append 3 rows to the table Transactions?" in words[1]
    assert rows(windows, "Transactions") == before
    done, said, words = windows.answer("import_transactions", {}, [["open", export], ["yes"], ["ok"]])
    assert done and "3 rows appended to Transactions" in words[2]
    assert rows(windows, "Transactions") == before + 3
    assert windows.undo() == "Rebates: Import Transactions"
    assert rows(windows, "Transactions") == before


def test_a_file_that_is_not_chosen_leaves_the_book_as_it_is(windows: Office, sample: Path):
    sheets = windows.sheets()
    for action in ("import_transactions", "reconcile"):
        done, said, words = windows.answer(action, {}, [["cancel"], ["ok"]])
        assert not done and said == words[1] == "No file was chosen; nothing was written."
    done, said, words = windows.answer("make_statements", {}, [["cancel"], ["ok"]])
    assert not done and said == words[1] == "No folder was chosen; nothing was written."
    assert windows.sheets() == sheets


def test_a_list_to_compare_with_is_chosen(windows: Office, sample: Path, tmp_path: Path):
    other = tmp_path / "theirs.xlsx"
    write_template(other, sample=demo.sample())
    done, said, _ = windows.answer("reconcile", {}, [["open", str(other)], ["ok"]])
    assert done and "3,000" in said, said


def test_a_period_is_closed_with_the_reason_that_is_typed(windows: Office, sample: Path):
    done, said, words = windows.answer("close_period", {}, [["cancel"], ["ok"]])
    assert not done and words[0].startswith("Which accounting period") and said == "Cancelled; nothing was written."
    done, said, words = windows.answer("close_period", {}, [["ok", "2026-04"], ["ok", ""], ["ok"]])
    assert not done and "2026-04 was not closed" in said and "In the way" in words[1]
    done, said, words = windows.answer("close_period", {}, [["ok", "2026-04"], ["ok", "known, the customer is new"], ["ok"]])
    assert done and said.startswith("2026-04 is closed"), said
    assert "known, the customer is new" in str(windows.table("Ledger")[1])


def test_statements_go_out_to_a_folder_and_come_back_from_files_or_a_folder(windows: Office, sample: Path, tmp_path: Path):
    folder = tmp_path / "statements"
    folder.mkdir()
    done, said, _ = windows.answer("make_statements", {}, [["select", str(folder)], ["ok"]])
    assert done and len(list(folder.glob("*.xlsx"))) > 5, said
    one = next(folder.glob("*.xlsx"))
    done, said, words = windows.answer("receive_statements", {}, [["no"], ["open", str(one)], ["ok"]])
    assert done and said.startswith("1 file taken") and "together in a folder?" in words[0], said
    done, said, _ = windows.answer("receive_statements", {}, [["yes"], ["select", str(folder)], ["ok"]])
    assert done and "Receipts are in" in said, said
