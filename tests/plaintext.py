"""What hledger and Beancount make of an exported journal."""

from __future__ import annotations

import csv
import io
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from beancount import loader
from conftest import require_program


def hledger(path: Path, *query: str) -> dict[tuple[str, str], Decimal]:
    """Balances by account and currency, after hledger has read and checked the file; skipped where it is not installed (Debian: hledger)."""
    program = require_program("hledger")
    for command in (["check"], ["balance", "--flat", "--no-total", "--empty", "-O", "csv", *query]):
        done = subprocess.run([program, "-f", str(path), *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(done.stdout)):
        for part in row["balance"].split(", "):
            amount, _, currency = part.partition(" ")
            found[row["account"], currency] += Decimal(amount)
    return {key: amount for key, amount in found.items() if amount}


def beancount(path: Path) -> dict[tuple[str, str], Decimal]:
    """Balances by account and currency, after Beancount has read the file without an error."""
    directives, errors, _ = loader.load_file(str(path))
    assert not errors, errors[:3]
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for directive in directives:
        for posting in getattr(directive, "postings", ()):
            found[posting.account, posting.units.currency] += posting.units.number
    return {key: amount for key, amount in found.items() if amount}
