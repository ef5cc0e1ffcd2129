"""The verbs for claims as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from returned import CLAIM, company, fill
from typer.testing import CliRunner

from rebate_udfs.cli import app
from rebate_udfs.hosts.reading import read_book


def typed(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_claims_receive_and_claims_again(tmp_path: Path) -> None:
    firm = company(tmp_path)
    filled = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM])
    (tmp_path / "back").mkdir()
    filled.rename(tmp_path / "back" / "filled.xlsx")
    (tmp_path / "back" / "letter.xlsx").write_bytes(b"Dear all")
    status, said = typed("receive", tmp_path / "back", "--book", firm.book)
    assert status == 1  # one was set aside
    assert "filled.xlsx: 1 claim line, no disputes" in said and "letter.xlsx: set aside. It is not a workbook." in said
    received = firm.book.with_name("rebates received")
    assert len(list(received.glob("*receipt.txt"))) == 2 and (received / "set aside" / "letter.xlsx").exists()
    _, said = typed("claims", firm.book)
    assert "C-77" in said and "claim lines:" in said


def test_reconcile_writes_a_workbook_to_send(tmp_path: Path) -> None:
    firm = company(tmp_path)
    out = tmp_path / "differences.xlsx"
    _, said = typed("reconcile", firm.book, firm.book, "--out", out)
    assert "lines agree, 0 differ or are missing" in said and out.exists(), said
    csv = tmp_path / "theirs.csv"
    csv.write_text("Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\nN-1,2026-02-03,D-1000,NEW,1,10\n")
    _, said = typed("reconcile", firm.book, csv, "--out", out)
    assert "0 lines agree" in said and "missing in the second" in said


@pytest.mark.parametrize("verb", ["claims", "receive", "reconcile"])
def test_help_says_what_it_does(verb: str) -> None:
    status, said = typed(verb, "--help")
    assert status == 0 and "Usage" in said


def test_a_book_without_claims_says_so(tmp_path: Path) -> None:
    typed("new", tmp_path / "empty.xlsx")
    assert read_book(tmp_path / "empty.xlsx")
    assert "no claims" in typed("claims", tmp_path / "empty.xlsx")[1]
