"""The command line as a person meets it: what it prints, what it writes, which status it ends with, and never a traceback."""

from __future__ import annotations

import hashlib
import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from rebate_udfs.cli import app
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.jsonout import KEYS


def call(*arguments: object, folder: Path | None = None) -> Result:
    """Run the command line in this process."""
    before = Path.cwd()
    try:
        os.chdir(folder or before)
        return CliRunner().invoke(app, [str(one) for one in arguments])
    finally:
        os.chdir(before)


def digest(path: Path) -> str:
    """What a file holds, as a fingerprint."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The sample company, written once, and what writing it printed."""
    folder = tmp_path_factory.mktemp("demo") / "company"
    done = call("demo", folder)
    assert done.exit_code == 0, done.output
    return folder, done


@pytest.fixture
def book(demo: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of the sample's workbook to try something on."""
    copy = tmp_path / "book.xlsx"
    copy.write_bytes((demo[0] / "rebates.xlsx").read_bytes())
    return copy


@pytest.fixture(scope="module")
def figures(demo: tuple[Path, Result]) -> dict:
    """The sample as `run --json` prints it."""
    return json.loads(call("run", demo[0] / "rebates.xlsx", "--json").stdout)


# ---- demo


def test_the_demo_says_what_it_found_and_where_to_look(demo):
    folder, done = demo
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert there == ["READ ME.txt", "rebates.ledger.sqlite", "rebates.xlsx", "statements"]
    assert len(list((folder / "statements").glob("*.xlsx"))) == 12
    assert "Alder & Finch Tools" in done.stdout
    assert "D-9999" in done.stdout, "the wrong row is named"
    assert done.stdout.splitlines()[-2].startswith("Next: open ")


def test_rows_read_are_rows_used_and_rows_excluded_for_every_program(demo):
    lines = [re.split(r"\s{2,}", line.strip()) for line in demo[1].stdout.splitlines()]
    start = next(at for at, line in enumerate(lines) if "Rows read" in line)
    rows = lines[start + 2 : start + 12]
    assert [row[0] for row in rows] == ["P-100", "P-110", "P-120", "P-130", "P-140", "P-150", "P-160", "P-170", "P-180", "P-190"]
    for _, _, *numbers, because in rows:
        read, used, excluded = (int(number.replace(",", "")) for number in numbers)
        assert read == used + excluded == 2999
        assert sum(int(number.replace(",", "")) for number in re.findall(r"[\d,]+(?=,|$)", because)) == excluded, "each row left out has its reason"


def test_the_demo_can_be_repeated_and_replaces_nothing_of_others(demo, tmp_path):
    assert call("demo", demo[0], "--quiet").exit_code == 0
    (tmp_path / "taxes.xlsx").write_text("mine")
    refused = call("demo", tmp_path)
    assert refused.exit_code == 2
    assert "holds other files" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["taxes.xlsx"]
    assert call("demo", tmp_path / "taxes.xlsx").exit_code == 2


# ---- run


def test_json_has_exactly_the_keys_that_programs_rely_on(figures):
    assert set(figures) == {"as_of", "run_id", "input_hash", *KEYS}
    for name, keys in KEYS.items():
        for row in figures[name]:
            assert tuple(row) == keys
    assert figures["as_of"] == "2026-05-31"
    assert figures["attainment"]
    assert figures["accruals"]


def test_json_amounts_are_decimal_text_and_the_journal_balances(figures):
    for row in figures["accruals"]:
        assert Decimal(row["accrued"]) == Decimal(row["recognised"]) + Decimal(row["true_up"])
        assert isinstance(row["earned"], str)
    assert sum(Decimal(row["debit"]) for row in figures["journal"]) == sum(Decimal(row["credit"]) for row in figures["journal"]) > 0


def test_json_alone_leaves_the_book_as_it_is(book):
    before = digest(book)
    done = call("run", book, "--json")
    assert done.exit_code == 1, "the sample has one wrong row"
    assert json.loads(done.stdout)["problems"]
    assert digest(book) == before


def test_a_run_writes_its_sheets_into_the_book_and_nothing_else(book):
    before = {table.name: table.rows for table in read_book(book)[0]}
    done = call("run", book)
    assert done.exit_code == 1
    assert {table.name: table.rows for table in read_book(book)[0]} == before
    assert "Next: open" in done.stdout.splitlines()[-1]


def test_out_writes_a_copy(book, tmp_path):
    before = digest(book)
    done = call("run", book, "--out", tmp_path / "results.xlsx")
    assert done.exit_code == 1, done.output
    assert digest(book) == before
    assert (tmp_path / "results.xlsx").stat().st_size > book.stat().st_size // 2


def test_an_earlier_day_gives_earlier_figures(book, figures):
    early = json.loads(call("run", book, "--json", "--as-of", "2026-03-31").stdout)
    assert early["as_of"] == "2026-03-31"
    assert early["run_id"] != figures["run_id"]
    earned = {row["figure_id"]: Decimal(row["earned"]) for row in early["attainment"]}
    assert sum(earned.values()) < sum(Decimal(row["earned"]) for row in figures["attainment"])
    assert not any("2026-Q2" in figure for figure in earned)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_every_engine_gives_the_same_cents(book, figures, engine):
    other = json.loads(call("run", book, "--json", "--engine", engine).stdout)
    assert other == figures


def test_more_transactions_come_from_a_file(book, figures, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\nX-1,2026-05-30,D-1700,KD-320,1,400.00\n")
    with_more = json.loads(call("run", book, "--json", "--transactions", more).stdout)

    def measure(result: dict) -> Decimal:
        return next(Decimal(row["measure"]) for row in result["attainment"] if row["figure_id"] == "P-110/D-1700/2026-Q2/earned")

    assert measure(with_more) == measure(figures) + 400 == Decimal(10401)


# ---- check, explain, statements, new


def test_check_names_the_cell(book):
    done = call("check", book)
    assert done.exit_code == 1
    line = next(line for line in done.stdout.splitlines() if "D-9999" in line)
    assert line.startswith("Transactions!C"), line
    assert done.stdout.splitlines()[0].startswith("1 error")


def test_explain_adds_up_to_the_figure(book):
    done = call("explain", book, "P-110", "D-1700", "--period", "2026-Q2")
    assert done.exit_code == 0, done.output
    assert "P-110/D-1700/2026-Q2" in done.stdout
    assert "USD 100.04 earned" in done.stdout, "2 % of the 5,000 above 5,000 and 4 % of the 1 above 10,000"
    assert "2 transactions counted, 3 not" in done.stdout
    assert "not in the program's scope" in done.stdout


def test_explain_of_a_branch_gives_the_figures_of_its_parent_and_says_so(book):
    done = call("explain", book, "P-110", "D-1001", "--period", "2026-Q1")
    assert done.exit_code == 0, done.output
    assert "P-110/D-1000/2026-Q1/earned" in done.stdout
    assert "D-1001 counts with D-1000" in done.stdout


def test_explain_of_a_period_that_has_not_begun_names_those_that_have(book):
    done = call("explain", book, "P-110", "D-1000", "--period", "2026-Q4")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "2026-Q1, 2026-Q2" in done.stderr


@pytest.mark.parametrize(
    ("program", "distributor", "sentence"),
    [("P-999", "D-1700", "no program P-999"), ("P-110", "D-0", "no distributor D-0")],
)
def test_explain_of_what_is_not_there_names_what_is(book, program, distributor, sentence):
    done = call("explain", book, program, distributor)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "it has" in done.stderr


def test_statements_resume_and_say_how_many(book, tmp_path):
    done = call("statements", book, "--out", tmp_path / "out", "--jobs", "1")
    assert done.exit_code == 1
    assert "12 statements in" in done.stdout
    assert call("statements", book, "--out", tmp_path / "out", "--quiet").stdout == ""


def test_a_new_book_is_empty_and_fine_to_check(tmp_path):
    assert call("new", tmp_path / "mine.xlsx").exit_code == 0
    again = call("new", tmp_path / "mine.xlsx")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "exists already" in again.stderr
    other = tmp_path / "other.xlsx"
    assert call("new", other, "--quiet").stdout == ""
    ids = [[row[1] for _, row in read_book(path)[0][0].rows if row[0] == "Book ID"] for path in (tmp_path / "mine.xlsx", other)]
    assert ids[0] != ids[1], "every book has an id of its own, made once"
    checked = call("check", tmp_path / "mine.xlsx")
    assert checked.exit_code in (0, 1)
    assert not checked.stderr


# ---- wrong calls


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.xlsx", None),
        ("empty.xlsx", b""),
        ("text.xlsx", b"Program ID,From,Reward\nP-100,0,0.02\n"),
        ("broken.xlsx", b"PK\x03\x04" + bytes(200)),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    ],
)
@pytest.mark.parametrize("verb", ["check", "run"])
def test_what_is_no_workbook_gets_one_sentence(tmp_path, verb, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = call(verb, tmp_path / name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("rebates: ")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "book.xlsx", "--as-of", "31.3."),
        ("run", "book.xlsx", "--engine", "abacus"),
        ("statements", "book.xlsx"),
        ("no-such-verb",),
        ("explain",),
    ],
)
def test_a_wrong_call_ends_with_two(arguments):
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_transactions_that_cannot_be_read_get_one_sentence(book, tmp_path):
    done = call("run", book, "--transactions", tmp_path / "none.csv", "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "none.csv" in done.stderr


def test_quiet_is_quiet(book):
    assert call("run", book, "--quiet").stdout == ""
    assert call("check", book, "--quiet").stdout == ""


def test_version_and_help():
    assert call("--version").stdout.startswith("rebates 0.")
    shown = call("--help").stdout
    assert all(verb in shown for verb in ("new", "demo", "check", "run", "explain", "statements"))
