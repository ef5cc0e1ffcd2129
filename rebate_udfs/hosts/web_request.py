"""What an action of the web add-in is asked: the workbook's tables from their blocks, options, and who asks.

What a request names and the server has not got is answered with `missing`; the add-in sends it and asks again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .. import actions, report
from ..model import Tables
from ..parse import RawTable
from ..tables import read
from . import web_tables
from . import web_wire as wire
from .ledger_beside import with_ledger_at
from .web_blocks import Blocks
from .web_calls import digests

MOST_TABLES = 60
LONGEST_OPTION = 300  # characters


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the id that seals what is kept of them, and the name that the books show."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the server has for its actions: the blocks of tables, and the ledger by its URL (empty: it has none)."""

    blocks: Blocks
    ledger: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A book and what is wanted of it."""

    tables: Tables  # with the entries of the server's ledger, where it has one
    shown: Tables  # with those of the sheet Ledger
    raw: Sequence[RawTable]
    places: report.ColumnPlaces
    options: Mapping[str, str]
    date_1904: bool
    as_of: date | None = None  # None: the book's own
    user: str = ""
    ledger: str = ""


def request_of(asked: Any, caller: Caller, desk: Desk) -> Request | list[str]:
    """The request, or the blocks that are missing. Raises BadRequest (400), and Refused for a workbook that is none of ours."""
    if not isinstance(asked, dict):
        raise wire.BadRequest(400, "MALFORMED", "An action takes an object with tables and options.")
    tables = asked.get("tables")
    if not isinstance(tables, list) or len(tables) > MOST_TABLES or not all(_is_table(table) for table in tables):
        raise wire.BadRequest(400, "MALFORMED", "Each table has a name, a sheet, a place and its blocks.")
    options = asked.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(value, str) and len(value) < LONGEST_OPTION for value in options.values()):
        raise wire.BadRequest(400, "MALFORMED", "Options are short texts.")
    missing = desk.blocks.missing(caller.person, [digest for table in tables for digest in digests(table)])
    if missing:
        return missing
    sent = []
    for table in tables:
        rows = desk.blocks.rows(caller.person, digests(table))
        if rows is None:
            return digests(table)
        sent.append(web_tables.Sent(table["name"], table["sheet"], table["row"], table["column"], table.get("is_table") is True, rows))
    date_1904 = asked.get("date_1904") is True
    raw, problems = web_tables.raw_tables(sent, date_1904)
    if not raw:
        raise actions.Refused("This workbook holds none of the standard tables (Programs, Tiers, Distributors, ...). Start with New Workbook.")
    day = _day(options.get("as_of", ""))
    shown = read(raw, as_of=day, problems=problems)
    found = with_ledger_at(shown, desk.ledger) if desk.ledger and shown.settings.book_id else shown
    return Request(found, shown, raw, actions.column_places(raw), options, date_1904, day, caller.name, desk.ledger)


def _is_table(table: Any) -> bool:
    return (
        isinstance(table, dict)
        and all(isinstance(table.get(name), str) for name in ("name", "sheet"))
        and all(isinstance(table.get(name), int) and 0 <= table[name] < 1 << 21 for name in ("row", "column"))
    )


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise actions.Refused(f'"{given[:40]}" is no day; write it as 2026-03-31.') from error
