"""The README tells the truth: its commands run in the order printed, its output is what they print, its Python works, its links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STATUS = {"rebates check no-such-book.xlsx": 2, "rebates check agreements.xlsx": None}  # of others: 0, or 1 where the data has errors
SECONDS = 300


def blocks(language: str, text: str = TEXT) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def rebates(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a printed command line with the code of this checkout."""
    assert command.startswith("rebates "), command
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "rebate_udfs.cli", *shlex.split(command)[1:]]
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Every command of the README after installing, run in one folder in the order printed."""
    folder = tmp_path_factory.mktemp("tour")
    lines = [line for block in blocks("sh") for line in block.strip().splitlines()]
    commands = [line.removeprefix("pip install . && ") for line in lines if not line.startswith('pip install ".[test]"')]
    return {command: rebates(command, folder) for command in commands}


def test_the_first_two_commands_install_and_run():
    assert [block.strip() for block in blocks("sh")][:2] == ["pip install . && rebates demo", 'pip install ".[test]" && pytest']
    assert re.search(r'^pip install .*"\.\[test\]"$', (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_command_runs(toured):
    assert len(toured) >= 9
    for command, done in toured.items():
        assert "Traceback" not in done.stderr, done.stderr
        wanted = STATUS.get(command, 0 if command == "rebates demo" or any(word in command for word in (" explain ", " new ", " pay ")) else 1)
        if wanted is not None:
            assert done.returncode == wanted, (command, done.stdout, done.stderr)
    assert toured["rebates check no-such-book.xlsx"].stderr.startswith("rebates: There is no file no-such-book.xlsx.")


def test_the_printed_output_is_what_the_demo_prints(toured):
    (shown,) = blocks("text")
    printed = [" ".join(line.split()) for line in toured["rebates demo"].stdout.splitlines()]
    missing = [line for line in shown.splitlines() if line.strip() and " ".join(line.split()) not in printed]
    assert not missing, toured["rebates demo"].stdout


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("python", page.read_text(encoding="utf-8"))], ids=lambda page: page.name)
def test_the_python_works(page: Path):
    examples = "\n".join(blocks("python", page.read_text(encoding="utf-8")))
    report: list[str] = []
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(examples, {}, page.name, None, 0), out=report.append)
    assert runner.tries >= 4
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []
