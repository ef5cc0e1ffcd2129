"""The key that signs statements: in the ledger's database, one for a book whoever is first, and the file of version 0.1 moved in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from closebooks import run as rebates
from pgserver import postgresql
from returned import CLAIM, Company, company, fill
from statement_runs import ROOT, hand_made

from rebate_udfs.hosts.receive import receive_statements
from rebate_udfs.hosts.statement_key import key_path, known_key, signing_key
from rebate_udfs.ledger import Ledger, default_url
from rebate_udfs.ledger_statements import keep_key
from rebate_udfs.model import Refused, Tables

TABLES: Tables = hand_made().tables
RACING = """
import sys
from pathlib import Path
from test_statement_key import TABLES
from rebate_udfs.hosts.statement_key import signing_key
print(signing_key(Path(sys.argv[1]), TABLES, sys.argv[2] or None).hex())
"""


def raced(folder: Path, url: str, processes: int = 4) -> set[str]:
    """The keys that so many processes get that ask for it at once."""
    script = folder / "race.py"
    script.write_text(RACING, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    started = [
        subprocess.Popen([sys.executable, str(script), str(folder / "book.xlsx"), url], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    answers = [process.communicate(timeout=120)[0].strip() for process in started]
    assert all(process.returncode == 0 for process in started)
    return set(answers)


def test_the_key_is_made_once_and_kept_in_the_ledger(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    assert known_key(book, TABLES) is None
    assert not list(tmp_path.iterdir()), "to look for a key makes nothing"
    key = signing_key(book, TABLES)
    assert len(key) == 32 and signing_key(book, TABLES) == known_key(book, TABLES) == key
    assert [path.name for path in tmp_path.iterdir()] == ["book.ledger.sqlite"]


def test_processes_that_ask_at_once_get_one_key(tmp_path: Path) -> None:
    found = raced(tmp_path, "")
    assert found == {(known_key(tmp_path / "book.xlsx", TABLES) or b"").hex()}


def test_a_key_file_of_before_is_moved_in(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    key_path(book).write_bytes(b"k" * 32)
    assert known_key(book, TABLES) == b"k" * 32 and key_path(book).exists(), "to receive changes nothing"
    assert signing_key(book, TABLES) == b"k" * 32
    assert not key_path(book).exists() and known_key(book, TABLES) == b"k" * 32


def test_a_key_file_never_takes_the_place_of_the_ledgers_key(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    key = signing_key(book, TABLES)
    key_path(book).write_bytes(b"k" * 32)
    assert signing_key(book, TABLES) == known_key(book, TABLES) == key
    assert key_path(book).exists(), "a key that is not in the ledger is not thrown away"


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    key_path(tmp_path / "book.xlsx").write_bytes(b"")
    assert known_key(tmp_path / "book.xlsx", TABLES) is None
    assert len(signing_key(tmp_path / "book.xlsx", TABLES)) == 32


def test_two_books_in_one_ledger_have_keys_of_their_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'both.sqlite'}"
    one, other = keep_key(Ledger(url, "B-1")), keep_key(Ledger(url, "B-2"))
    assert one != other and keep_key(Ledger(url, "B-1"), b"x" * 32) == one


def test_a_colleague_with_the_same_ledger_receives_and_one_without_does_not(tmp_path: Path) -> None:
    firm = company(tmp_path)
    filled = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM])
    colleague = Company(tmp_path / "elsewhere" / firm.book.name, firm.statements, firm.participants)
    colleague.book.parent.mkdir()
    shutil.copy2(firm.book, colleague.book)
    (receipt,) = receive_statements(filled, colleague.book, colleague.tables())
    assert not receipt.taken and "signature" in receipt.reason
    (receipt,) = receive_statements(filled, colleague.book, colleague.tables(), ledger=default_url(firm.book))
    assert receipt.taken and receipt.signed


def test_a_ledger_that_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be opened"):
        signing_key(tmp_path / "book.xlsx", TABLES, "sqlite:////no/such/folder/ledger.sqlite")


def test_statements_and_receive_take_a_shared_ledger_by_its_url(tmp_path: Path) -> None:
    with postgresql() as url:
        firm = company(tmp_path)
        out = tmp_path / "sent"
        rebates("statements", str(firm.book), "--out", str(out), "--ledger", url, "--jobs", "1", status=1)
        first = sorted(out.glob("*.xlsx"))[0]
        filled = fill(first, tmp_path / "filled.xlsx", [CLAIM])
        told = rebates("receive", str(filled), "--book", str(firm.book), status=1)
        assert "set aside" in told and "signature" in told, "the ledger beside the book has another key"
        assert "set aside" not in rebates("receive", str(filled), "--book", str(firm.book), "--ledger", url)
        assert len(raced(tmp_path, url)) == 1
