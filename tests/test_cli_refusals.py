"""What the command line refuses or leaves alone: said in one sentence with a remedy, before anything is computed or replaced."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from datetime import date
from importlib.machinery import ModuleSpec
from pathlib import Path

import closebooks
import pytest
from books import SOUND, bent, more, write
from click.testing import Result
from openpyxl import load_workbook
from rich.console import Console
from typer.testing import CliRunner

from rebate_udfs import cli, cli_options, terminal
from rebate_udfs.model import ResultColumn, ResultTable

EXPORTS = Path(__file__).parents[1] / "examples" / "import_profiles"


def call(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli.app, [str(one) for one in arguments])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A small sound workbook."""
    return write(tmp_path / "book.xlsx", SOUND)


@pytest.fixture
def no_computing(monkeypatch: pytest.MonkeyPatch):
    """Computing takes minutes with a large book: what can be refused before must be."""

    def never(*_: object):
        raise AssertionError("it was computed before it was refused")

    monkeypatch.setattr(cli.actions, "calculate", never)


@pytest.mark.parametrize(
    ("out", "said"),
    [("nowhere/out.xlsx", "was not written: there is no folder"), ("", "it is a folder"), ("out.txt", "only under the ending .xlsx")],
)
def test_where_no_results_can_go_is_refused_before_computing(book: Path, no_computing: None, out: str, said: str):
    done = call("run", book, "--out", book.parent / out)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "left as it is" not in done.stderr, "there was no file before"


@pytest.mark.parametrize("verb", ["run", "statements"])
def test_an_engine_that_is_not_installed_is_told_with_how_to_install_it(book: Path, monkeypatch: pytest.MonkeyPatch, verb: str):
    def absent(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(cli_options, "find_spec", absent)
    done = call(verb, book, "--engine", "polars", "--out", book.parent / "out.xlsx")
    assert done.exit_code == 2
    assert done.stderr == 'rebates: Polars is not installed. Install it with pip install ".[polars]", or leave --engine away.\n'


@pytest.mark.parametrize(("verb", "option"), [("check", "--as-of"), ("run", "--as-of"), ("pay", "--due")])
@pytest.mark.parametrize("text", ["31.03.2026", "2026-13-01", "20260331"])
def test_a_day_in_another_spelling_is_refused_with_an_example(book: Path, verb: str, option: str, text: str):
    done = call(verb, book, option, text)
    assert done.exit_code == 2
    assert "Enter a date such as 2026-03-31." in " ".join(done.stderr.replace("│", "").split())


def test_a_workbook_marked_read_only_is_not_replaced_unless_a_copy_is_asked_for(book: Path):
    before = book.read_bytes()
    book.chmod(0o444)
    done = call("run", book)
    assert done.exit_code == 2
    assert "book.xlsx is read-only; take the protection off" in done.stderr
    assert book.read_bytes() == before
    assert call("run", book, "--out", book.parent / "copy.xlsx").exit_code == 0
    assert (book.parent / "copy.xlsx").is_file()


def test_a_file_in_place_of_the_folder_of_the_statements_has_a_remedy(book: Path):
    file = book.parent / "afile"
    file.touch()
    done = call("statements", book, "--out", file)
    assert done.exit_code == 2
    assert done.stderr.endswith("afile is a file where a folder is needed; name another folder.\n")


def test_statements_of_a_book_with_errors_say_why_the_status_is_1(tmp_path: Path):
    head, first, *_ = SOUND["Transactions"]
    wrong = ["NOBODY" if name == "Distributor ID" else "T-999" if name == "Transaction ID" else cell for name, cell in zip(head, first, strict=True)]
    book = write(tmp_path / "book.xlsx", bent(Transactions=more("Transactions", wrong)))
    done = call("statements", book, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert f"1 error: rows with an error are left out of the figures. See them: rebates check {book}" in done.stdout


def test_a_demo_that_somebody_has_changed_is_not_replaced(tmp_path: Path):
    folder = tmp_path / "demo"
    assert call("demo", folder, "--quiet").exit_code == 0
    assert call("demo", folder, "--quiet").exit_code == 0, "as it was written, it may be written again"
    workbook = load_workbook(folder / "rebates.xlsx")
    workbook["Settings"]["B2"] = "My company"
    workbook.save(folder / "rebates.xlsx")
    edited = (folder / "rebates.xlsx").read_bytes()
    done = call("demo", folder)
    assert done.exit_code == 2
    assert "is no longer as the demo wrote it; name another folder" in done.stderr
    assert (folder / "rebates.xlsx").read_bytes() == edited


def test_two_lists_that_differ_are_not_called_all_right(tmp_path: Path):
    head, _, *rest = SOUND["Transactions"]
    one = write(tmp_path / "one.xlsx", SOUND)
    other = write(tmp_path / "other.xlsx", bent(Transactions=[head, *rest]))
    done = call("reconcile", one, other)
    assert "differ or are missing" in done.stdout
    assert "nothing is wrong" not in done.stdout


def test_a_narrow_terminal_gets_fewer_columns_and_no_broken_headers():
    headers = ["Finding", "Matched By", "Transaction 1", "Amount 1", "Amount 2", "At Stake (USD)"]
    columns = tuple(ResultColumn(header, "text", header.lower().replace(" ", "_")) for header in headers)
    table = ResultTable("Differences", "", columns, (("amount", "Transaction ID", "T-1", "4,800", "999", "(276.02)"),))
    shown, left = terminal.fitting(table, 60, ("matched", "transaction"))
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(shown)
    text = console.export_text()
    assert left == ("Matched By", "Transaction 1")
    assert text.splitlines()[0].split("   ") == ["Finding", "Amount 1", "Amount 2", "At Stake (USD)"]
    assert terminal.fitting(table, 160)[1] == ()


def test_a_certificate_that_is_missing_is_told_before_anything_is_served(tmp_path: Path):
    done = call("serve", "--cert", tmp_path / "cert.pem", "--key", tmp_path / "key.pem")
    assert done.exit_code == 2
    assert "Serving" not in done.stdout
    assert "openssl req -x509" in done.stderr


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5])
def test_ctrl_c_while_it_loads_ends_as_it_does_later(book: Path, seconds: float):
    code = "from rebate_udfs import __main__ as start; print('on', flush=True); start.main()"
    with subprocess.Popen([sys.executable, "-c", code, "check", str(book)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline() == "on\n"
        time.sleep(seconds)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == "rebates: Stopped. What was finished is kept; run it again to go on.\n"


def test_an_import_into_a_workbook_marked_read_only_appends_nothing(tmp_path: Path):
    book = tmp_path / "book.xlsx"
    assert call("new", book).exit_code == 0
    before = book.read_bytes()
    book.chmod(0o444)
    done = call("import", EXPORTS / "quickbooks_sales.csv", "--profile", EXPORTS / "quickbooks_sales.yaml", "--into", book)
    assert done.exit_code == 2
    assert "is read-only; take the protection off" in done.stderr
    assert book.read_bytes() == before


def test_nothing_is_proposed_into_a_workbook_marked_read_only(tmp_path: Path):
    program = {"Program ID": "P", "Period": "Quarter", "Tiers": [[0, "5 %"]]}
    sales = [[date(2026, 1, 10), "A", "F", 1, "10,000"]]
    book = closebooks.write_book(tmp_path / "book.xlsx", [program], sales, settings={"Book ID": "B-TEST", "As Of": date(2026, 6, 30)})
    book.chmod(0o444)
    done = call("pay", book, "--out", tmp_path / "payments")
    assert done.exit_code == 2
    assert "Nothing was proposed: book.xlsx is read-only; take the protection off." in done.stderr
    assert not (tmp_path / "payments").exists(), "no document without its row"
    book.chmod(0o644)
    assert call("pay", book, "--out", tmp_path / "payments").exit_code == 0


def test_a_close_of_a_workbook_marked_read_only_posts_and_says_that_its_sheet_is_behind(tmp_path: Path):
    program = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [[0, "5 %"]]}
    sales = [[date(2026, 1, 10), "A", "F", 1, "10,000"]]
    book = closebooks.write_book(tmp_path / "book.xlsx", [program], sales, settings={"Book ID": "B-TEST", "As Of": date(2026, 3, 31)})
    before = book.read_bytes()
    book.chmod(0o444)
    said = closebooks.close(book, "2026-01")
    assert "could not be brought up to date: book.xlsx is read-only" in said
    assert "nothing is posted twice." in said
    assert book.read_bytes() == before
    assert closebooks.entries(book), "the ledger holds the close"


def test_rows_that_an_import_leaves_out_are_told_with_the_column_and_what_it_holds():
    done = call("import", EXPORTS / "netsuite_sales.csv", "--profile", EXPORTS / "netsuite_sales.yaml")
    assert 'left out: the column "*" holds "*", which the profile leaves out.' in " ".join(done.stdout.split())
