"""The rules of the house, as tests: what every file of the package keeps to, so that a reader finds the same manners everywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rebate_udfs"
CODE = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PROSE = sorted(path for folder in (ROOT, ROOT / "docs", ROOT / "examples") for path in folder.glob("*.md"))
LINES_PER_FUNCTION_MAX, LINES_PER_FILE_MAX, LINES_PER_TEST_FILE_MAX, LINE_LENGTH_MAX = 50, 450, 700, 150
LINES_PER_NOUNS_MAX = 1000  # model.py: every noun in one place is what makes it findable
FLOATS_ALLOWED = ("hosts/", "terminal.py", "demo.py")  # page margins and column widths; nothing that becomes money
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|NotImplemented" r"Error")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|farm|Users)/\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def place(file: Path) -> str:
    """A file as people name it: relative to the repository, with forward slashes."""
    return file.relative_to(ROOT).as_posix()


def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public(tree: ast.Module) -> Iterator[Function]:
    """The functions of a module that others may call, and the public methods of its classes that do more than pass a value on."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


each_module = pytest.mark.parametrize("file", CODE, ids=place)
each_file = pytest.mark.parametrize("file", [*CODE, *TESTS], ids=place)


@each_module
def test_a_module_says_what_it_is_for_and_a_public_function_what_it_does(file: Path):
    if not file.read_text(encoding="utf-8").strip():
        assert file.name == "__init__.py", "an empty module"
        return  # it only makes a package
    tree = parsed(file)
    assert ast.get_docstring(tree), "say in one line what this file is for"
    silent = [f"{node.name} (line {node.lineno})" for node in public(tree) if not ast.get_docstring(node)]
    assert not silent, f"without a docstring: {', '.join(silent)}"


@each_file
def test_files_functions_and_lines_are_short(file: Path):
    lines = file.read_text(encoding="utf-8").splitlines()
    limit = LINES_PER_NOUNS_MAX if file.name == "model.py" else LINES_PER_FILE_MAX if file in CODE else LINES_PER_TEST_FILE_MAX
    assert len(lines) <= limit, "split it where its subject changes"
    wide = [number for number, line in enumerate(lines, 1) if len(line) > LINE_LENGTH_MAX]
    assert not wide, f"longer than {LINE_LENGTH_MAX} characters: lines {wide}"
    long = [f"{node.name} ({length} lines)" for node in functions(parsed(file)) if (length := lines_of(node)) > LINES_PER_FUNCTION_MAX]
    assert not long, f"longer than {LINES_PER_FUNCTION_MAX} lines: {', '.join(long)}"


def lines_of(node: Function) -> int:
    """The lines of a function, its docstring apart: explaining is never too long."""
    end = node.end_lineno or node.lineno
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return end - node.lineno + 1 - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


@each_module
def test_no_binary_float_is_part_of_a_sum(file: Path):
    inside = file.relative_to(PACKAGE).as_posix()
    if inside.startswith(FLOATS_ALLOWED):
        return
    floats = [node.lineno for node in ast.walk(parsed(file)) if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    assert not floats, f"a float literal in lines {floats}: money, quantities and rates are Decimal or Fraction"


@each_file
def test_nothing_is_left_unfinished_or_swallowed(file: Path):
    text = file.read_text(encoding="utf-8")
    unfinished = [number for number, line in enumerate(text.splitlines(), 1) if UNFINISHED.search(line)]
    assert not unfinished, f"finish it or write an issue: lines {unfinished}"
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: name the error that is expected"
            empty = all(isinstance(one, ast.Pass) for one in node.body)
            anything = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            assert not (empty and anything), f"line {node.lineno}: an error is swallowed"
    assert "from __future__ import annotations" in text or len(text.splitlines()) < 15


@pytest.mark.parametrize("file", [*CODE, *TESTS, *PROSE, ROOT / "pyproject.toml"], ids=place)
def test_no_path_of_one_machine_is_in_the_repository(file: Path):
    found = [number for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if MACHINE_PATH.search(line)]
    assert not found, f"a path of one machine: lines {found}"


@pytest.mark.parametrize("file", TESTS, ids=place)
def test_every_test_is_able_to_fail(file: Path):
    for node in functions(parsed(file)):
        if node.name.startswith("test_"):
            checks = [one for one in ast.walk(node) if isinstance(one, ast.Assert | ast.With | ast.Raise) or is_check(one)]
            assert checks, f"{node.name} (line {node.lineno}) checks nothing"


def is_check(node: ast.AST) -> bool:
    """Whether a node calls something that raises when the world is not as said: pytest.fail, assert_x(), check_x()."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    return name in ("fail", "raises") or name.startswith(("assert_", "check_"))


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=" ".join)
def test_the_linter_and_the_type_checker_have_nothing_to_say(command: tuple[str, ...]):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
