"""Power cuts: `rebates run` and `rebates statements` killed at any moment leave what was there or what should be there, never half.

Half of the kills come at a random moment of the whole run, the others just when a file is being written.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import ROOT

from rebate_udfs.demo import sample
from rebate_udfs.hosts.template import write_template

pytestmark = pytest.mark.slow
KILLS, MOST_KILLS = 8, 30  # more than the first number only while none has come at a moment that shows something
EARLIER, LATER = "2026-02-28", "2026-05-31"
SECONDS = 120
SALES = 900


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "rebate_udfs.cli", *map(str, arguments)]


def finish(*arguments: str | Path) -> str:
    """Run a command to its end; what it printed. The sample has one wrong row, so the exit status is 1."""
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's workbook, with its last sales only, and the results of an earlier day."""
    book, facts = tmp_path_factory.mktemp("demo") / "rebates.xlsx", sample()
    write_template(book, sample={**facts, "Transactions": facts["Transactions"][-SALES:]})
    finish("run", book, "--as-of", EARLIER, "--quiet")
    return book


def contents(package: Path) -> dict[str, bytes]:
    """Every part of a workbook with its bytes; a damaged one is refused here."""
    with zipfile.ZipFile(package) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def values(book: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The main results of a workbook as openpyxl sees them."""
    opened = openpyxl.load_workbook(book, read_only=True)
    found = {name: list(opened[name].iter_rows(values_only=True)) for name in ("Attainment", "Accruals", "Payable")}
    opened.close()
    return found


def kill_somewhere(arguments: list[str], lasts: float, folder: Path, chance: random.Random) -> bool:
    """Start a command and kill it with its helpers: at a random moment, or soon after it has touched the folder. Whether it was in time."""
    before = state(folder)
    started = time.monotonic()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, lasts))
    else:
        while process.poll() is None and state(folder) == before and time.monotonic() - started < SECONDS:
            time.sleep(0.001)
        time.sleep(chance.choice([0, 0.002, 0.01, 0.05, 0.2]))
    in_time = process.poll() is None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        in_time = False
    process.wait(SECONDS)
    return in_time


def state(folder: Path) -> list[tuple[str, int, int]]:
    """The files of a folder with their sizes and times."""

    def entries() -> Iterator[tuple[str, int, int]]:
        for entry in os.scandir(folder) if folder.is_dir() else ():
            try:
                found = entry.stat()
            except FileNotFoundError:  # renamed meanwhile
                continue
            yield entry.name, found.st_size, found.st_mtime_ns

    return sorted(entries())


def test_a_killed_run_leaves_the_old_workbook_or_the_new_one(demo: Path, tmp_path: Path) -> None:
    book = tmp_path / "rebates.xlsx"
    shutil.copy(demo, book)
    started = time.monotonic()
    finish("run", book, "--as-of", LATER, "--quiet")
    lasts = time.monotonic() - started
    old, new, before, after = values(demo), values(book), contents(demo), contents(book)
    assert old["Attainment"] != new["Attainment"]
    chance, killed, kept = random.Random(), 0, 0
    for number in range(MOST_KILLS):
        if number >= KILLS and killed > KILLS // 3 and kept:
            break
        shutil.copy(demo, book)
        killed += kill_somewhere(command("run", book, "--as-of", LATER, "--quiet"), lasts, tmp_path, chance)
        parts, found = contents(book), values(book)
        if found == old:
            kept += 1
            assert parts == before
        else:
            assert found == new, "the workbook is neither the old one nor the new one"
            assert parts.keys() == after.keys()
        if number % 4 == 3 or len(list(tmp_path.iterdir())) > 1:
            finish("run", book, "--as-of", LATER, "--quiet")
            assert values(book) == new
            assert [path.name for path in tmp_path.iterdir()] == [book.name], "something unfinished was left behind"
    assert killed > KILLS // 3, "most runs were over before they could be killed: this shows nothing"
    assert kept > 0


def test_killed_statements_resume(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "statements"
    arguments = ("statements", demo, "--out", out, "--as-of", LATER, "--jobs", "2")
    started = time.monotonic()
    finish(*arguments)
    lasts = time.monotonic() - started
    wanted = {path.name: contents(path) for path in out.glob("*.xlsx")}
    assert len(wanted) == 12
    chance, killed, resumed, reused = random.Random(), 0, 0, 0
    for number in range(MOST_KILLS):
        if number >= KILLS and killed > KILLS // 3 and (resumed or reused):
            break
        shutil.rmtree(out)
        killed += kill_somewhere(command(*arguments), lasts, out, chance)
        there = {path.name: path.stat().st_mtime_ns for path in out.glob("*.xlsx")} if out.is_dir() else {}
        for name in there:
            openpyxl.load_workbook(out / name, read_only=True).close()
            assert contents(out / name) == wanted[name], "a statement is not what it should be"
        said = finish(*arguments)
        assert {path.name: contents(path) for path in out.glob("*.xlsx")} == wanted
        unfinished = [path.name for path in out.iterdir() if path.suffix not in (".xlsx", ".json", ".csv")]
        assert unfinished == []
        kept = {name for name, at in there.items() if (out / name).stat().st_mtime_ns == at}
        said_kept = int(found[1]) if (found := re.search(r"(\d+) of them unchanged", said)) else 0
        assert said_kept == len(kept)
        assert len(there) - len(kept) <= 2, "statements that were finished are made again"  # each process may not have told of one
        resumed += 0 < len(there) < len(wanted)
        reused += len(kept)
    assert killed > KILLS // 3
    assert resumed > 0 or reused > 0, "no kill came between two statements: this shows nothing"
