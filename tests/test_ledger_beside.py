"""Which ledger a book's figures are computed from, and what becomes of a workbook and a ledger that do not belong together."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from closebooks import close, entries, ledger_of, load, rebates, run, write_book

from rebate_udfs.ledger import CannotOpen, Ledger, default_url

PROGRAM = {"Program ID": "P", "Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [[0, "5 %"]]}
SALES = [[date(2026, month, 10), "A", "F", 1, "10,000"] for month in range(1, 4)]


def book(folder: Path, name: str = "book.xlsx", **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_book(folder / name, [PROGRAM], SALES, settings={"Book ID": "B-TEST", "As Of": date(2026, 3, 31), **more})


def database(path: Path) -> Path:
    return path.with_name(f"{path.stem}.ledger.sqlite")


def run_json(path: Path, status: int = 0) -> tuple[Decimal, set[str]]:
    """What a run takes as recognised, and the codes of what is wrong."""
    done = rebates("run", path, "--json")
    assert done.returncode == status and "Traceback" not in done.stderr, done
    found = json.loads(done.stdout)
    return Decimal(found["accruals"][0]["recognised"]), {problem["code"] for problem in found["problems"]}


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A book with January and February closed; `before.xlsx` is the workbook after January."""
    path = book(tmp_path)
    close(path, "2026-01")
    shutil.copy(path, tmp_path / "before.xlsx")
    close(path, "2026-02")
    return path


def test_a_workbook_behind_its_ledger_is_computed_with_the_ledgers_entries_and_says_so(closed: Path) -> None:
    assert run_json(closed) == (Decimal("1000.00"), set())
    shutil.copy(closed.with_name("before.xlsx"), closed)  # somebody brought an older copy of the workbook back
    assert run_json(closed) == (Decimal("1000.00"), {"LEDGER_NOT_MIRRORED"})
    printed = run("run", str(closed))
    assert "1 of 2 entries" in printed and "rebates close" in printed
    assert "nothing to post" in close(closed, "2026-02")
    assert run_json(closed) == (Decimal("1000.00"), set())


def test_a_ledger_of_more_entries_than_a_sheet_shows_is_computed_with_and_its_sheet_left_as_it_is(closed: Path, monkeypatch: Any) -> None:
    from rebate_udfs.hosts import ledger_beside, ledger_sheet

    for module in (ledger_sheet, ledger_beside):
        monkeypatch.setattr(module, "SHOWN_MAX", 2)
    assert "shows at most 2 entries, and there are 3" in close(closed, "2026-03")
    assert len(load(closed).ledger) == 2
    found = ledger_beside.with_ledger_beside(load(closed), closed)
    assert len(found.ledger) == 3 and found.problems == load(closed).problems


def test_a_workbook_that_travels_alone_shows_its_own_entries(closed: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "book.xlsx"
    alone.parent.mkdir()
    shutil.copy(closed, alone)
    assert run_json(alone) == (Decimal("1000.00"), set())
    assert not database(alone).exists(), "looking writes nothing"


def test_an_edited_sheet_is_an_error_where_no_ledger_can_say_otherwise(closed: Path, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    changed = load_workbook(closed)
    sheet = changed["Ledger"]
    sheet.cell(3, next(cell.column for cell in sheet[1] if cell.value == "Amount")).value = 77
    alone = tmp_path / "alone.xlsx"
    changed.save(alone)
    assert run_json(alone, status=1) == (Decimal("577.00"), {"BROKEN_CHAIN"})
    assert "entry 2" in rebates("check", alone).stdout
    changed.save(closed)  # beside its ledger: the ledger's entries count
    assert run_json(closed) == (Decimal("1000.00"), {"LEDGER_NOT_MIRRORED"})


def test_a_ledger_that_is_behind_the_sheet_is_not_believed(closed: Path, tmp_path: Path) -> None:
    old = book(tmp_path / "old")
    close(old, "2026-01")
    shutil.copy(closed, old)
    with sqlite3.connect(database(old)) as ours, sqlite3.connect(database(closed)) as theirs:  # its first act, as a backup would have it
        ours.execute("DROP TRIGGER ledger_entries_UPDATE")
        row = theirs.execute("SELECT hash FROM ledger_entries WHERE sequence = 1").fetchone()
        ours.execute("UPDATE ledger_entries SET hash = ? WHERE sequence = 1", row)
    assert run_json(old) == (Decimal("1000.00"), {"LEDGER_BEHIND"})
    assert "only 1 of this book" in close(old, "2026-03", status=2)


@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to be looked at as one" * 100, None])
def test_a_damaged_ledger_file_is_one_sentence(closed: Path, damage: bytes | None) -> None:
    file = database(closed)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    done = rebates("close", closed, "2026-03", "--yes")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr, done
    if damage != b"":  # an empty file is an empty database
        assert run_json(closed) == (Decimal("1000.00"), {"LEDGER_NOT_READ"})


def test_a_ledger_of_a_newer_version_is_left_alone(closed: Path) -> None:
    with sqlite3.connect(database(closed)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = database(closed).read_bytes()
    assert "newer version of rebates" in close(closed, "2026-03", status=2)
    assert run_json(closed) == (Decimal("1000.00"), {"LEDGER_NOT_READ"})
    assert database(closed).read_bytes() == before


def test_reading_writes_nothing(closed: Path) -> None:
    before = {path.name: path.read_bytes() for path in closed.parent.iterdir()}
    rebates("check", closed)
    assert {path.name: path.read_bytes() for path in closed.parent.iterdir()} == before
    ledger = Ledger(default_url(closed), "B-TEST", read_only=True)
    assert len(ledger.entries()) == 2
    with pytest.raises(CannotOpen, match="readonly"), ledger.locked() as connection:
        connection.exec_driver_sql("INSERT INTO ledger_inputs VALUES ('x', 'y')")
    with pytest.raises(CannotOpen):
        Ledger(default_url(closed.with_name("nothing.xlsx")), "B-TEST", read_only=True)
    assert not closed.with_name("nothing.ledger.sqlite").exists()


HALF_DONE = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the end
connection.execute("BEGIN IMMEDIATE")
for number in range(2000):
    connection.execute("INSERT INTO ledger_inputs VALUES (?, ?)", (str(number), b"x" * 2000))
os._exit(9)
"""


def test_what_a_killed_close_has_left_half_done_is_taken_back_by_whoever_reads_first(closed: Path) -> None:
    assert subprocess.run([sys.executable, "-c", HALF_DONE, str(database(closed))], check=False).returncode == 9
    assert database(closed).with_name(f"{database(closed).name}-journal").exists()
    assert run_json(closed) == (Decimal("1000.00"), set())
    assert "Every seal holds: 2 entries" in run("audit", "verify", str(closed))


def test_a_workbook_that_was_closed_elsewhere_is_not_overwritten(tmp_path: Path) -> None:
    """Two copies of a book and its ledger close February on their own; then one workbook comes to the other's ledger."""
    ours = book(tmp_path / "ours")
    close(ours, "2026-01")
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")
    theirs = tmp_path / "theirs" / "book.xlsx"
    close(ours, "2026-02")
    close(theirs, "2026-02", user="bob")
    assert entries(ours)[1].hash != entries(theirs)[1].hash
    shutil.copy(theirs, ours)
    before = ours.read_bytes()
    assert "was closed elsewhere" in close(ours, "2026-03", status=2)
    assert ours.read_bytes() == before and len(entries(ours)) == 2
    assert "differs from the database from entry 2" in run("audit", "verify", str(ours), status=1)


def test_rows_that_somebody_typed_into_the_ledger_sheet_are_not_lost(tmp_path: Path) -> None:
    path = book(tmp_path)
    close(path, "2026-01")
    typed = [row.model_copy(update={"hash": "", "previous_hash": "", "entry_id": "mine"}) for row in entries(path)]
    other = write_book(tmp_path / "typed.xlsx", [PROGRAM], SALES, ledger=typed)
    assert "no close has posted" in close(other, "2026-02", status=2)
    assert [row.entry_id for row in load(other).ledger] == ["mine"]


@pytest.mark.parametrize("name", ["a?b #1 %41.xlsx", "böök & co.xlsx", "book.v2.xlsx"])
def test_a_ledger_stands_beside_a_workbook_of_any_name(tmp_path: Path, name: str) -> None:
    path = book(tmp_path / "folder ?x=1#%20", name)
    close(path, "2026-01")
    assert database(path).is_file() and sorted(one.name for one in path.parent.iterdir()) == sorted([name, database(path).name])
    assert len(ledger_of(path).entries()) == 1 and run_json(path)[1] == set()


def test_a_book_without_id_closes_beside_its_workbook_and_says_so_when_it_gets_one(tmp_path: Path) -> None:
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], SALES, settings={"Book ID": None})
    close(path, "2026-01")
    assert len(ledger_of(path, "book").entries()) == 1
    assert "Book ID" in close(path, "2026-02", "--ledger", "postgresql://nobody@127.0.0.1:1/none", status=2)
    write_book(path, [PROGRAM], SALES, settings={"Book ID": "B-NEW"}, ledger=load(path).ledger)
    printed = close(path, "2026-02", status=2)
    assert "a book without Book ID" in printed and "put the Book ID of then back" in printed
