"""Every tampering of a ledger is found, and the first entry that is not as it was posted is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy
from closebooks import close, ledger_of, load, run, write_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgserver import postgresql

from rebate_udfs.ledger import Ledger
from rebate_udfs.ledger_chain import SEALED, first_break, seal_of, sealed
from rebate_udfs.model import EntryKind, LedgerEntry

SALES = [[date(2026, month, 10), who, "F", 1, 1000] for month in (1, 2, 3) for who in ("A", "B")]
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12)
AMOUNTS = st.decimals(-(10**9), 10**9, places=2)


@st.composite
def ledgers(draw: st.DrawFn) -> list[LedgerEntry]:
    """A sealed ledger of two to twelve entries, in closes of two."""
    count = 2 * draw(st.integers(1, 6))
    rows = [
        LedgerEntry(
            sequence=0, entry_id=f"2026-{at // 2 + 1:02d}.1-{at % 2 + 1:03d}/002", accounting_period=f"2026-{at // 2 + 1:02d}",
            posted_on=date(2026, 1, 1),
            program_id=draw(TEXTS), participant_id=draw(TEXTS), earning_period="2026", kind=draw(st.sampled_from(EntryKind)), reason=draw(TEXTS),
            debit_account=draw(TEXTS), credit_account=draw(TEXTS), amount=draw(AMOUNTS), base_amount=draw(st.none() | AMOUNTS),
        )
        for at in range(count)
    ]  # fmt: skip
    return sealed(rows, 0, "")


@given(ledgers())
def test_an_untouched_ledger_holds(rows: list[LedgerEntry]) -> None:
    assert first_break(rows, len(rows), rows[-1].hash) is None
    cut = len(rows) // 2 * 2
    assert first_break(rows[:cut]) is None, "a workbook alone: whole closes"


@given(ledgers(), st.data())
def test_an_edited_entry_is_named(rows: list[LedgerEntry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from([name for name in (*SEALED, "hash") if name != "sequence"]))
    other = {"amount": Decimal("12.34") + rows[at].amount, "base_amount": Decimal("0.01") + (rows[at].base_amount or 0), "rate": Decimal("1.5"),
             "kind": next(kind for kind in EntryKind if kind is not rows[at].kind), "posted_on": date(2026, 1, 2)}  # fmt: skip
    changed = [*rows]
    changed[at] = rows[at].model_copy(update={name: other.get(name, f"{getattr(rows[at], name)}x")})
    broken = first_break(changed, len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence == at + 1


@given(ledgers(), st.data())
def test_an_entry_edited_and_sealed_again_is_named_or_its_follower_is(rows: list[LedgerEntry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    forged = rows[at].model_copy(update={"amount": rows[at].amount + 1})
    changed = [*rows]
    changed[at] = forged.model_copy(update={"hash": seal_of(forged)})
    broken = first_break(changed, len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence in (at + 1, at + 2)


@given(ledgers(), st.data())
def test_a_dropped_entry_is_named(rows: list[LedgerEntry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    broken = first_break([*rows[:at], *rows[at + 1 :]], len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence == at + 1


@given(ledgers(), st.data())
def test_two_entries_that_changed_places_are_named(rows: list[LedgerEntry], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(rows) - 2))
    second = data.draw(st.integers(first + 1, len(rows) - 1))
    changed = [*rows]
    changed[first], changed[second] = rows[second], rows[first]
    broken = first_break(changed, len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence == first + 1


@given(ledgers(), st.data())
def test_an_inserted_entry_is_named(rows: list[LedgerEntry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows)))
    copied = data.draw(st.sampled_from(rows))
    broken = first_break([*rows[:at], copied.model_copy(update={"sequence": at + 1}), *rows[at:]], len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence in (at + 1, at + 2)


@given(ledgers(), st.data())
def test_a_ledger_that_was_cut_off_is_found(rows: list[LedgerEntry], data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(rows) - 1))
    broken = first_break(rows[:left], len(rows), rows[-1].hash)
    assert broken is not None and broken.sequence == left + 1
    if left % 2:
        assert first_break(rows[:left]) is not None, "a workbook alone, cut within a close"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with three closes of two entries each."""
    path = tmp_path_factory.mktemp("chain") / "book.xlsx"
    write_book(path, [{"Program ID": "P", "Period": "Month", "Tiers": [[0, "5 %"]]}], SALES)
    for month in ("2026-01", "2026-02", "2026-03"):
        close(path, month)
    return path


Change = Callable[[sqlite3.Connection], object]
TAMPERINGS: dict[str, tuple[str, int]] = {
    "edit": ("UPDATE ledger_entries SET amount = '5000' WHERE sequence = 3", 3),
    "delete": ("DELETE FROM ledger_entries WHERE sequence = 4", 4),
    "truncate": ("DELETE FROM ledger_entries WHERE sequence > 4", 5),
    "empty": ("DELETE FROM ledger_entries", 1),
    "insert": ("INSERT INTO ledger_entries SELECT book, 7, entry_id || 'x', run_id, posted_on, posted_by, approved_by, accounting_period, figure_id, "
               "program_id, participant_id, earning_period, kind, reason, debit_account, credit_account, cost_center, amount, currency, rate, "
               "base_amount, source, reverses, input_hash, version, previous_hash, hash FROM ledger_entries WHERE sequence = 6", 7),
    "record of a close": ("UPDATE ledger_acts SET posted_by = 'somebody' WHERE number = 2", 4),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_with_the_database_is_found_and_stops_the_next_close(closed: Path, tmp_path: Path, how: str) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(closed.read_bytes())
    database = tmp_path / "book.ledger.sqlite"
    database.write_bytes(closed.with_name("book.ledger.sqlite").read_bytes())
    assert "Every seal holds: 6 entries" in run("audit", "verify", str(path))
    sql, sequence = TAMPERINGS[how]
    with sqlite3.connect(database) as connection:
        if how != "insert":
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(sql)
    broken = ledger_of(path).verify()
    assert broken is not None and broken.sequence == sequence, broken
    if how not in ("truncate", "empty"):
        assert f"broken at entry {sequence}" in run("audit", "verify", str(path), status=1)
        assert "BROKEN_CHAIN" in close(path, "2026-04", status=1)


KINDS = ("edit", "delete", "swap", "insert", "truncate", "record", "forge")
COPIED = ("ledger_entries", "ledger_acts")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, closed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ledger of a book B-TEST with three closes, whose database no longer refuses changes."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("tampered") / "book.ledger.sqlite"
        path.write_bytes(closed.with_name("book.ledger.sqlite").read_bytes())
        url = f"sqlite:///{path}"
        with changing(url) as connection:
            for (trigger,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        yield url
        return
    with postgresql() as url:
        path = tmp_path_factory.mktemp("shared") / "book.xlsx"
        write_book(path, [{"Program ID": "P", "Period": "Month", "Tiers": [[0, "5 %"]]}], SALES)
        for month in ("2026-01", "2026-02", "2026-03"):
            close(path, month, "--ledger", url)
        for statement in ("UPDATE ledger_entries SET amount = '1'", "DELETE FROM ledger_acts", "TRUNCATE ledger_entries", "TRUNCATE ledger_acts"):
            with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), changing(url) as connection:
                connection.exec_driver_sql(statement)
        with changing(url) as connection:
            for table in COPIED:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield url


@contextmanager
def changing(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection of somebody who may do everything."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sqlalchemy.pool.NullPool)
    with engine.begin() as connection:
        yield connection


def copied(connection: sqlalchemy.Connection, name: str) -> None:
    """The whole ledger again under another Book ID, which no seal covers: a fresh one for each tampering."""
    for table in COPIED:
        columns = [column["name"] for column in sqlalchemy.inspect(connection).get_columns(table)]
        chosen = ", ".join(column for column in columns if column != "book")
        connection.exec_driver_sql(f"INSERT INTO {table} (book, {chosen}) SELECT '{name}', {chosen} FROM {table} WHERE book = 'B-TEST'")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KINDS), st.integers(1, 6), st.integers(1, 6), st.sampled_from(["amount", "reason", "debit_account", "figure_id", "posted_by"]))
def test_every_tampering_with_a_database_is_found(ledger_url: str, how: str, at: int, other: int, column: str) -> None:
    name = f"B-{uuid4().hex}"
    here = f"book = '{name}' AND sequence"
    with changing(ledger_url) as connection:
        copied(connection, name)
    ledger = Ledger(ledger_url, name)
    assert ledger.verify() is None
    rows = ledger.entries()
    with changing(ledger_url) as connection:
        say = connection.exec_driver_sql
        if how == "edit":
            say(f"UPDATE ledger_entries SET {column} = '7{at}' WHERE {here} = {at}")
        elif how == "forge":  # sealed again by somebody who knows how
            forged = rows[at - 1].model_copy(update={"amount": rows[at - 1].amount + 1})
            say(f"UPDATE ledger_entries SET amount = '{forged.amount}', hash = '{seal_of(forged)}' WHERE {here} = {at}")
        elif how == "delete":
            say(f"DELETE FROM ledger_entries WHERE {here} = {at}")
        elif how == "truncate":
            say(f"DELETE FROM ledger_entries WHERE {here} >= {at}")
        elif how == "record":
            say(f"UPDATE ledger_acts SET posted_by = 'somebody' WHERE book = '{name}' AND number = {(at + 1) // 2}")
        elif how == "swap":
            for old, new in ((at, 100), (other, at), (100, other)):
                say(f"UPDATE ledger_entries SET sequence = {new} WHERE {here} = {old}")
        else:
            for moved in range(6, at - 1, -1):
                say(f"UPDATE ledger_entries SET sequence = {moved + 1} WHERE {here} = {moved}")
            names = [each["name"] for each in sqlalchemy.inspect(connection).get_columns("ledger_entries")]
            cells = {"book": f"'{name}'", "sequence": str(at), "entry_id": "'inserted'"}
            say(f"INSERT INTO ledger_entries ({', '.join(names)}) SELECT {', '.join(cells.get(each, each) for each in names)} "
                f"FROM ledger_entries WHERE {here} = {at + 1}")  # fmt: skip
    broken = ledger.verify()
    if how == "swap" and at == other:
        assert broken is None
        return
    assert broken is not None
    first = {"swap": min(at, other), "record": 2 * ((at + 1) // 2)}.get(how, at)
    assert broken.sequence in ((first, first + 1) if how == "forge" else (first,)), broken


def test_a_workbook_without_its_database_verifies_its_own_chain_and_refuses_to_close(closed: Path, tmp_path: Path) -> None:
    path = tmp_path / "travelled.xlsx"
    path.write_bytes(closed.read_bytes())
    assert "Every seal holds: 6 entries" in run("audit", "verify", str(path))
    assert "Ledger sheet holds 6 entries" in close(path, "2026-04", status=2)
    assert f"The last seal is {ledger_of(closed).entries()[-1].hash}." in run("audit", "verify", str(path)), "what an auditor keeps"


def test_a_sheet_that_somebody_changed_is_named_and_written_anew(closed: Path, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = tmp_path / "book.xlsx"
    book = load_workbook(closed)
    sheet = book["Ledger"]
    amount = next(cell.column for cell in sheet[1] if cell.value == "Amount")
    sheet.cell(4, amount).value = 77
    book.save(path)
    (tmp_path / "book.ledger.sqlite").write_bytes(closed.with_name("book.ledger.sqlite").read_bytes())
    assert "The Ledger sheet is broken at entry 3" in run("audit", "verify", str(path), status=1)
    assert "written anew" in close(path, "2026-03")
    assert "Every seal holds" in run("audit", "verify", str(path))
    assert [row.amount for row in load(path).ledger] == [row.amount for row in ledger_of(path).entries()]
