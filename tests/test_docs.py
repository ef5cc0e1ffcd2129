"""The docs tell the truth: the tutorial is followed to its end, the reference is of today, what exists is described and nothing else."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typer

from rebate_udfs import cli, reference
from rebate_udfs.registry import ACTIONS, FUNCTIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECONDS = 120
PICTURE_BYTES = 150 * 1024


def page(name: str) -> str:
    """A page of the docs, or the README."""
    return (ROOT / name).read_text(encoding="utf-8")


def verbs() -> list[str]:
    """Every verb of the command line, as a person types it."""

    def below(command: Any, said: str) -> list[str]:
        inner = getattr(command, "commands", {})
        own = [said] if said and (not inner or getattr(command, "invoke_without_command", False)) else []
        return own + [one for name, child in inner.items() for one in below(child, f"{said} {name}".strip())]

    return below(typer.main.get_command(cli.app), "")


# ---- the reference


def test_the_reference_of_the_functions_is_up_to_date():
    assert page("docs/functions.md") == reference.functions_page(), "python -m rebate_udfs.reference"


def test_every_function_and_every_argument_is_in_it():
    text = page("docs/functions.md")
    for function in FUNCTIONS.values():
        section = text.split(f"### {function.name}\n")[1].split("\n### ")[0]
        assert function.summary in section and reference.formula(function) in section
        for argument in function.arguments:
            assert argument.help.replace("|", "\\|") in section, (function.name, argument.name)


# ---- what exists is described


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_its_how_to(verb: str):
    assert re.search(rf"^rebates {verb}\b", "\n".join(blocks(page("docs/how-to.md"))), re.MULTILINE), f"docs/how-to.md: rebates {verb}"
    assert f"rebates {verb.split()[0]}" in page("README.md")


@pytest.mark.parametrize("label", [action.label for action in ACTIONS.values()])
def test_every_button_has_its_how_to(label: str):
    assert f"**{label}**" in page("docs/how-to.md")


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{name}" for name in ("how-to.md", "tutorial.md", "tested.md"))])
def test_no_verb_and_no_option_is_described_that_does_not_exist(name: str):
    app = typer.main.get_command(cli.app)
    for line in re.findall(r"\brebates ([a-z][^`\n]*)", "\n".join([*blocks(page(name)), *re.findall(r"`([^`\n]+)`", page(name))])):
        command, words = app, shlex.split(line, comments=True)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert command is not app, f"{name}: there is no verb rebates {line}"
        options = {option for one in command.params for option in one.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, f"{name}: rebates {line}"


def blocks(text: str) -> list[str]:
    """The commands of a page, one text for each block."""
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# ---- pictures


def test_every_picture_is_small_and_shown():
    pages = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS.glob("*.md")])
    pictures = sorted((DOCS / "pictures").glob("*.png"))
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < PICTURE_BYTES, picture.name
        assert re.search(rf"!\[[^\]]{{10,}}\]\([^)]*{picture.name}\)", pages), f"{picture.name}: show it, and say in words what it shows"


# ---- the tutorial


def steps() -> list[str]:
    """The steps of the tutorial."""
    return re.split(r"^## \d+\. ", page("docs/tutorial.md"), flags=re.MULTILINE)[1:]


def table_of(step: str) -> list[list[str]]:
    """The table that a step prints, its headers first."""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in step.splitlines() if line.startswith("|")]
    return [row for row in rows if not set("".join(row)) <= {"-"}]


def typed(text: str) -> object:
    """What a cell holds after somebody typed a text into it."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    if re.fullmatch(r"\d+%", text):
        return int(text[:-1]) / 100
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text or None


def type_into(path: Path, sheet: str, rows: list[list[str]]) -> None:
    """Fill in a sheet as a person does: below its headers, or beside the names of Settings."""
    book = openpyxl.load_workbook(path)
    page = book[sheet]
    headers = {cell.value: cell.column for cell in page[1]}
    for number, row in enumerate(rows[1:], 2):
        for header, text in zip(rows[0], row, strict=True):
            if sheet == "Settings":
                number = next(cell.row for cell in page["A"] if cell.value == row[0])
            page.cell(number, headers[header], typed(text))
    book.save(path)


def rebates(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A printed command line, run with the code of this checkout."""
    arguments = [sys.executable, "-m", "rebate_udfs.cli", *shlex.split(command)[1:]]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "200", "HOME": str(folder)}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.slow
def test_the_tutorial_leads_from_an_empty_book_to_a_statement(tmp_path: Path):
    book, said = tmp_path / "paint.xlsx", []
    assert len(steps()) == 15
    for step in steps():
        if rows := table_of(step):
            (sheet,) = re.findall(r"sheet \*\*(\w+)\*\*", step)
            type_into(book, sheet, rows)
        if mended := re.search(r"put (\w+) into cell \*\*([A-Z])(\d+)\*\* of (\w+)", step):
            text, column, row, sheet = mended.groups()
            changed = openpyxl.load_workbook(book)
            changed[sheet][f"{column}{row}"] = text
            changed.save(book)
        for command in "".join(blocks(step)).splitlines():
            said.append(rebates(command, tmp_path))
            assert said[-1].returncode == (1 if step.startswith("Check") else 0), (command, said[-1].stdout, said[-1].stderr)
    checked, ran, explained = said[1], said[3], said[4]
    assert "Transactions!C7" in checked.stdout and '"SUOTH"' in checked.stdout
    (shown,) = re.findall(r"^```text\n(.*?)^```", page("docs/tutorial.md"), re.MULTILINE | re.DOTALL)
    assert shown.split() in [line.split() for line in ran.stdout.splitlines()], ran.stdout
    assert "10,000.00" in explained.stdout and "400.00" in explained.stdout
    made = sorted(path.name for path in (tmp_path / "statements").glob("*.xlsx"))
    assert [name.split()[0] for name in made] == ["NORTH", "SOUTH"], made
    summary = openpyxl.load_workbook(tmp_path / "statements" / made[1], data_only=True).worksheets[0]
    texts = " ".join(str(cell.value) for row in summary.iter_rows() for cell in row if isinstance(cell.value, str))
    (promised,) = re.findall(r"\*(Buy [^*]+)\*", steps()[-1])
    assert promised in texts
