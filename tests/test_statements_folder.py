"""Many statements into a folder: every one whole, none made twice, a kill forgiven, names that every system takes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_runs import AS_OF, ROOT, attainment, hand_made, sample_run, sample_verdicts

from rebate_udfs.hosts.statements import LONGEST_NAME, MANIFEST, RESERVED, UNFINISHED, file_names, make_statements, safe_name
from rebate_udfs.model import Distributor, Run
from rebate_udfs.statement import Recipient

MANY = 40


def many(count: int = MANY) -> Run:
    """A run of so many distributors, one figure each."""
    figures = tuple(attainment(f"D-{number:04d}", str(4000 + number), "50000") for number in range(count))
    run = hand_made(*figures)
    distributors = tuple(Distributor(distributor_id=row.participant_id, distributor_name=f"Dealer {row.participant_id}") for row in figures)
    return replace(run, tables=replace(run.tables, distributors=distributors, payments=()))


def nothing(participant_ids):
    """No lines."""
    return []


def hashes(folder: Path) -> dict[str, str]:
    """File name -> SHA-256, of the workbooks."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.xlsx")}


def test_every_family_gets_a_file_and_progress_is_told(tmp_path: Path):
    seen: list[tuple[int, int]] = []
    made = make_statements(sample_run(), tmp_path, verdicts=sample_verdicts, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number + 1, len(made)) for number in range(len(made))]
    assert {one.path.name: one.sha256 for one in made} == hashes(tmp_path)
    assert not any(one.reused for one in made)
    assert all(zipfile.ZipFile(one.path).testzip() is None for one in made)


def test_the_second_call_makes_only_what_is_missing_changed_or_harmed(tmp_path: Path):
    run = many(4)
    first = make_statements(run, tmp_path, verdicts=nothing)
    first[0].path.unlink()
    first[1].path.write_bytes(first[1].path.read_bytes()[:-10])
    changed = replace(run, attainment=(*run.attainment[:2], attainment("D-0002", "9999", "99990"), run.attainment[3]))
    again = make_statements(changed, tmp_path, verdicts=nothing)
    assert [one.reused for one in again] == [False, False, False, True]
    assert [one.sha256 == before.sha256 for one, before in zip(again, first, strict=True)] == [True, True, False, True]
    assert all(one.reused for one in make_statements(changed, tmp_path, verdicts=nothing))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"a": {}}}', '{"files": {"a": null}}', "\x00"])
def test_a_manifest_that_is_broken_is_no_manifest(tmp_path: Path, text: str):
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    made = make_statements(many(2), tmp_path, verdicts=nothing)
    assert [one.reused for one in made] == [False, False]
    assert set(json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))["files"]) == {one.path.name for one in made}


def test_two_processes_make_the_same_bytes(tmp_path: Path):
    one = make_statements(many(12), tmp_path / "one", verdicts=nothing)
    two = make_statements(many(12), tmp_path / "two", jobs=2, verdicts=nothing)
    assert [(made.participant_id, made.sha256) for made in one] == [(made.participant_id, made.sha256) for made in two]


def test_half_written_files_of_a_killed_call_are_cleared(tmp_path: Path):
    (tmp_path / f".old{UNFINISHED}").write_bytes(b"half")
    make_statements(many(1), tmp_path, verdicts=nothing)
    assert not list(tmp_path.glob(f"*{UNFINISHED}")) and not list(tmp_path.glob(f".*{UNFINISHED}"))


KILLED = """
import sys
from pathlib import Path
from test_statements_folder import many, nothing
from rebate_udfs.hosts.statements import make_statements
if __name__ == "__main__":
    make_statements(many(), Path(sys.argv[1]), jobs=int(sys.argv[2]), verdicts=nothing)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("jobs", [1, 2])
def test_after_a_kill_at_any_moment_the_next_call_goes_on(tmp_path: Path, jobs: int):
    out, script = tmp_path / "out", tmp_path / "kill_me.py"
    script.write_text(KILLED, encoding="utf-8")
    expected = {one.path.name: one.sha256 for one in make_statements(many(), tmp_path / "whole", verdicts=nothing)}
    random_, kept = random.Random(jobs), 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    for _ in range(3):
        before = len(hashes(out))
        process = subprocess.Popen([sys.executable, str(script), str(out), str(jobs)], env=environment, start_new_session=True)
        deadline = time.monotonic() + 60
        while process.poll() is None and len(hashes(out)) <= before + random_.randint(3, 6) and time.monotonic() < deadline:
            time.sleep(random_.random() / 50)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert hashes(out).items() <= expected.items(), "a file is whole or not there"
        kept = len(hashes(out))
    made = make_statements(many(), out, verdicts=nothing)
    assert hashes(out) == expected
    assert kept > 6
    assert sum(one.reused for one in made) >= kept - 3 * jobs * 2, "at most what was just being noted is made again"


# ---- names

HARD = (  # reserved, empty, separators, hidden, invisible, too long
    "CON",
    "nul.txt",
    "com¹",
    "..",
    "",
    " ",
    "a/b\\c",
    'a:b*?"<>|',
    "~$lock",
    "Ünïcödé",
    "日本" * 80,
    "\u202egnp.exe",
    "a\x00b",
    "\ud800",
    "LPT1 ",
    ".hidden",
    "x" * 400,
)


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_hard_names_become_safe_ones(text: str):
    check_safe(safe_name(text))


@given(st.text(max_size=300))
def test_any_text_becomes_a_safe_name(text: str):
    check_safe(safe_name(text))


def check_safe(name: str) -> None:
    """What every file system and mail program takes."""
    assert name and not name.startswith((".", "~$", " ")) and not name.endswith((".", " "))
    assert not set(name) & set('<>:"/\\|?*') and name.isprintable()
    assert name.split(".")[0].strip().upper() not in RESERVED
    assert len(name.encode()) <= LONGEST_NAME + 1


@given(st.lists(st.text(max_size=30), unique=True, max_size=12))
def test_no_two_participants_share_a_file(ids: list[str]):
    names = file_names([Recipient(one, "", one) for one in ids], AS_OF)
    assert len({name.casefold() for name in names.values()}) == len(ids)


def test_names_that_differ_only_by_case_or_signs_are_parted_alike_on_every_run():
    same = [Recipient("A/B", "x", "A/B"), Recipient("a-b", "X", "a-b"), Recipient("C", "", "C")]
    names = file_names(same, date(2026, 5, 31))
    assert names == {**file_names(list(reversed(same)), date(2026, 5, 31))}
    assert names["C"] == "C 2026-05-31.xlsx" and len(set(names.values())) == 3


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        make_statements(many(1), tmp_path / "file" / "out", verdicts=nothing)
