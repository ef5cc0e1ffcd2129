"""Nothing is posted twice and nothing is lost: two closes at once, and a close that is killed at any moment, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy
from closebooks import close, ledger_of, load, run, write_book
from closer import start
from pgserver import postgresql

from rebate_udfs.hosts.ledger_sheet import is_mirror
from rebate_udfs.ledger import CLOSE, Ledger

RACES = int(os.environ.get("REBATES_RACES", "20"))  # how often two close at once
KILLS = int(os.environ.get("REBATES_KILLS", "20"))  # how often one is killed
SECONDS = 120
PROGRAM = {"Program ID": "P", "Period": "Month", "Starts On": date(2020, 1, 1), "Ends On": date(2040, 12, 31), "Tiers": [[0, "5 %"]]}


def months(count: int) -> list[str]:
    return [f"{2020 + at // 12}-{at % 12 + 1:02d}" for at in range(count)]


def sales(count: int) -> list[list[object]]:
    """Two distributors, one purchase each a month."""
    return [[date(2020 + at // 12, at % 12 + 1, 10), who, "F", 1, 1000 + at] for at in range(count) for who in ("A", "B")]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the ledger is: "" for the file beside the workbook."""
    return "" if request.param == "sqlite" else request.getfixturevalue("server")


def books(path: Path, url: str) -> Ledger:
    return Ledger(url, load(path).settings.book_id) if url else ledger_of(path, load(path).settings.book_id)


def check_whole(ledger: Ledger) -> None:
    """Every close is there with all its entries, numbered without a gap, or not at all."""
    entries, acts = ledger.read()
    assert ledger.verify() is None
    assert [row.sequence for row in entries] == list(range(1, len(entries) + 1))
    assert sum(act.entries for act in acts) == len(entries)
    closed = [act.accounting_period for act in acts if act.act == CLOSE]
    assert closed == months(len(closed)), "in order, each once"
    for act in acts:
        assert sum(row.accounting_period == act.accounting_period for row in entries) == act.entries == 2


def test_of_two_closes_at_once_exactly_one_wins_and_the_other_is_told(tmp_path: Path, url: str) -> None:
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], sales(RACES), settings={"Book ID": "B-RACE"})
    wanted = months(RACES)
    two = [start(str(path), url) for _ in range(2)]
    for period in wanted:
        for _, talk in two:
            talk.send(period)
        said = [talk.recv() for _, talk in two]
        assert sorted(line.split()[0] for line in said) == ["told", "won"], (period, said)
        told = next(line for line in said if line.startswith("told"))
        assert "Somebody else" in told or "nothing to post" in told, told
    for process, talk in two:
        talk.send(None)
        process.join(SECONDS)
        assert process.exitcode == 0
    ledger = books(path, url)
    check_whole(ledger)
    assert len(ledger.acts()) == RACES
    tables = load(path)
    assert is_mirror(tables.ledger, ledger.entries())


def test_a_close_that_is_killed_leaves_the_ledger_before_or_after_and_the_sheet_repairs_itself(tmp_path: Path, url: str) -> None:
    draw = random.Random(KILLS)
    count = 6 * KILLS
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], sales(count), settings={"Book ID": "B-KILL"})
    ledger, wanted, kills = books(path, url), months(count), 0
    while kills < KILLS:
        left = wanted[len(ledger.acts()) :]
        if not left:
            break
        process, talk = start(str(path), url)
        for period in left[: draw.choice((1, 2, 3))]:  # not always in the first close of a process
            talk.send(period)
        time.sleep(draw.uniform(0.05, 1.2))
        process.kill()
        process.join(SECONDS)
        kills += 1
        check_whole(ledger)
    assert kills == KILLS or len(ledger.acts()) == count
    following = wanted[len(ledger.acts()) :][:1]
    more = ("--ledger", url) if url else ()
    printed = close(path, following[0] if following else wanted[-1], *more)
    assert "closed" in printed
    check_whole(ledger)
    assert is_mirror(load(path).ledger, ledger.entries())


def test_two_books_in_one_database_keep_apart_and_two_workbooks_of_one_book_do_not(tmp_path: Path, server: str) -> None:
    one, other = (write_book(tmp_path / f"{name}.xlsx", [PROGRAM], sales(3), settings={"Book ID": f"B-{name}"}) for name in ("ONE", "OTHER"))
    for period in months(3):
        for path in (one, other):
            close(path, period, "--ledger", server)
    for path in (one, other):
        check_whole(books(path, server))
        assert is_mirror(load(path).ledger, books(path, server).entries()) and "6 entries" in run("audit", "verify", str(path), "--ledger", server)
    copy = write_book(tmp_path / "copy.xlsx", [PROGRAM], sales(3), settings={"Book ID": "B-ONE"})  # without entries: another workbook
    assert "nothing to post" in close(copy, "2020-03", "--ledger", server)
    assert is_mirror(load(copy).ledger, books(one, server).entries())
    assert "2020-04 is the next period" in close(copy, "2020-05", "--ledger", server, status=2)


def as_another_role(url: str) -> str:
    """The URL of somebody with a role of their own, who may read and append."""
    with sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://")).begin() as connection:
        connection.exec_driver_sql("CREATE ROLE checker LOGIN")
        connection.exec_driver_sql("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO checker")
    return url.replace("rebates@", "checker@")


def test_somebody_else_must_approve_what_was_proposed(tmp_path: Path, url: str) -> None:
    path = write_book(tmp_path / "book.xlsx", [PROGRAM], sales(2), settings={"Book ID": "B-FOUR-EYES", "Approval": "Yes"})
    more = ("--ledger", url) if url else ()
    assert "waits for approval" in close(path, "2020-01", *more)
    ledger = books(path, url)
    assert ledger.entries() == () and ledger.acts()[0].act == "Proposed Close"
    proposal = ledger.acts()[0].run_id
    assert "waits for approval" in close(path, "2020-01", *more) and len(ledger.acts()) == 1
    run("approve", str(path), proposal, *more, user="ann", status=2)
    if url:  # one database role may not do both, whatever the users call themselves
        run("approve", str(path), proposal, *more, user="bob", status=2)
        more = ("--ledger", as_another_role(url))
    assert "2 entries" in run("approve", str(path), proposal, *more, user="bob")
    assert {(row.posted_by, row.approved_by) for row in ledger.entries()} == {("ann", "bob")}
    assert "nothing to post" in close(path, "2020-01", *more)
    assert "waits for approval" in run("reopen", str(path), "2020-01", "--reason", "wrong rate", *more)
    back = ("--ledger", url) if url else more  # proposed by one role, approved by the other
    run("approve", str(path), ledger.acts()[-1].run_id, *back, user="bob")
    assert sum(row.amount for row in ledger.entries()) == 0 and ledger.verify() is None
