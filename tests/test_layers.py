"""Who may import whom: the data flows one way, frames stay behind narwhals, and workbooks and hosts stay in hosts/."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rebate_udfs"
FILES = sorted(PACKAGE.rglob("*.py"))
ENGINE_PACKAGES = frozenset({"pandas", "polars", "duckdb", "pyspark"})
HOST_PACKAGES = frozenset({"openpyxl", "xlsxwriter", "python_calamine", "xlwings", "uno", "fastapi"})
ALLOWED = (  # package, the modules that may import it (a folder ends with /)
    *((name, ("engines.py",)) for name in sorted(ENGINE_PACKAGES)),
    *((name, ("hosts/",)) for name in sorted(HOST_PACKAGES)),
    ("lxml", ("package.py", "hosts/")),
    ("narwhals", ("engines.py", "tables.py", "transactions.py", "qualify.py", "measure.py", "claims.py", "claim_evidence.py", "reconcile.py")),
    ("typer", ("cli.py", "cli_addin.py", "cli_books.py", "cli_claims.py", "cli_import.py", "cli_ledger.py", "cli_options.py", "cli_serve.py")),
    ("rich", ("cli.py", "terminal.py")),
    *((name, ("ledger.py", "ledger_statements.py", "migrations/")) for name in ("sqlalchemy", "alembic")),
)


def imported(file: Path) -> Iterator[str]:
    """Every package that a file imports from outside, at whatever depth of the file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def may_import(place: str, package: str) -> bool:
    """Whether the file at `place` (relative to the package) may import `package`."""
    allowed = dict(ALLOWED).get(package)
    return allowed is None or any(place == one or (one.endswith("/") and place.startswith(one)) for one in allowed)


def test_the_data_flows_one_way():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "KEPT" in done.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_frames_and_workbooks_stay_where_they_belong(file: Path):
    place = file.relative_to(PACKAGE).as_posix()
    strays = [package for package in imported(file) if not may_import(place, package)]
    assert not strays, f"{place} imports {strays}; see ALLOWED"


def test_the_rule_is_able_to_object():
    assert not may_import("settle.py", "pandas")
    assert not may_import("cli.py", "xlsxwriter")
    assert may_import("hosts/files.py", "xlsxwriter")
    assert may_import("measure.py", "narwhals")
