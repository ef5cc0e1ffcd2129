"""Whole workbooks that are closed month by month through the command line, and what then stands in their ledgers."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from smallbooks import YEAR, Rows, number, tiers, transactions

from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.ledger import Ledger, default_url
from rebate_udfs.model import EntryKind, LedgerEntry, Tables
from rebate_udfs.tables import read

ROOT = Path(__file__).parents[1]


def sheets(
    programs: Rows, purchases: Iterable[Sequence[Any]] = (), *, settings: Mapping[str, Any] | None = None, distributors: Rows = (), **tables: Rows
) -> dict[str, list[dict[str, Any]]]:
    """The tables of a workbook from facts as `smallbooks.book` takes them."""
    sales = transactions(purchases)
    people = [dict(row) for row in distributors] or [{"Distributor ID": one} for one in dict.fromkeys(row["Distributor ID"] for row in sales)]
    found = {
        "Settings": [{"Setting": name, "Value": value} for name, value in {"Book ID": "B-TEST", **(settings or {})}.items()],
        "Programs": [
            {"Program Name": row["Program ID"], "Rebate Type": "Volume", **YEAR, **{name: cell for name, cell in row.items() if name != "Tiers"}}
            for row in programs
        ],
        "Tiers": [tier for row in programs for tier in tiers(row["Program ID"], row.get("Tiers", ()))],
        "Distributors": [{"Distributor Name": row["Distributor ID"], **row} for row in people],
        "Products": [{"SKU": one} for one in dict.fromkeys(row["SKU"] for row in sales)],
        "Transactions": sales,
        **{name.replace("_", " "): [dict(row) for row in rows] for name, rows in tables.items()},
    }
    return {name: [{header: number(cell) for header, cell in row.items()} for row in rows] for name, rows in found.items()}


def write_book(path: Path, *args: Any, ledger: Sequence[LedgerEntry] = (), **more: Any) -> Path:
    """A workbook of these facts; `ledger` fills its Ledger sheet, as a copy of the book that went on would show it."""
    tables = sheets(*args, **more)
    columns = {"sequence": "Sequence", **{name: name.replace("_", " ").title().replace(" Id", " ID") for name in LedgerEntry.model_fields}}
    if ledger:
        tables["Ledger"] = [{columns[name]: getattr(row, name) for name in LedgerEntry.model_fields if name != "row"} for row in ledger]
        for row in tables["Ledger"]:
            row["Kind"] = str(row["Kind"])
    write_template(path, sample=tables)
    return path


def load(path: Path) -> Tables:
    """A workbook as the command line reads it."""
    raw, problems = read_book(path)
    return read(raw, problems=problems)


def rebates(*args: object, user: str = "ann", input_text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run([sys.executable, "-m", "rebate_udfs.cli", *map(str, args)], cwd=ROOT, capture_output=True, text=True, check=False,
                          input=input_text, env={**os.environ, "REBATES_USER": user, **env})  # fmt: skip


def close(path: Path, period: str, *more: str, user: str = "ann", status: int = 0) -> str:
    """Close a period through the command line, in this process; what it printed."""
    return run("close", str(path), period, "--yes", *more, user=user, status=status)


def run(*args: str, user: str = "ann", status: int = 0) -> str:
    """A verb of the command line in this process; what it printed on both streams."""
    from typer.testing import CliRunner

    from rebate_udfs.cli import app  # here: processes that only close need no command line

    done = CliRunner().invoke(app, list(args), env={"REBATES_USER": user})
    printed = done.output
    trace = "".join(traceback.format_tb(done.exception.__traceback__)[-4:]) if done.exception else ""
    assert done.exit_code == status, f"{args}: {done.exit_code}, {printed}\n{trace}{done.exception!r}"
    return printed


def ledger_of(path: Path, book: str = "B-TEST") -> Ledger:
    """The ledger beside a workbook."""
    return Ledger(default_url(path), book)


def entries(path: Path, period: str | None = None) -> list[LedgerEntry]:
    """What the ledger beside a workbook holds, of one accounting period or of all."""
    return [row for row in ledger_of(path).entries() if period in (None, row.accounting_period)]


def kinds(rows: Iterable[LedgerEntry], program: str | None = None) -> dict[str, Decimal]:
    """Amounts by kind."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if program in (None, row.program_id):
            found[row.kind.value] += row.amount
    return {kind: amount for kind, amount in found.items() if amount}


def by_reason(rows: Iterable[LedgerEntry]) -> dict[tuple[str, str], Decimal]:
    """Amounts by kind and reason."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.kind.value, row.reason] += row.amount
    return dict(found)


def sides(rows: Iterable[LedgerEntry], base: bool = False) -> dict[str, Decimal]:
    """What each account is debited (+) and credited (-), in all."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        size = abs(row.base_amount or Decimal(0)) if base else abs(row.amount)
        if row.debit_account or row.credit_account:
            found[row.debit_account] += size
            found[row.credit_account] -= size
    return {account: amount for account, amount in found.items() if amount}


def balance(rows: Iterable[LedgerEntry]) -> Decimal:
    """The accrued balance that the rows leave."""
    return sum((row.amount for row in rows), Decimal(0))


ACCRUING = (EntryKind.ACCRUAL, EntryKind.TRUE_UP)
