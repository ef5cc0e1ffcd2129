"""Cell functions over the wire: a batch of calls in, an answer for each out; and the handle of a book from its blocks.

A call that cannot be answered gives an error in its own place, never one for the whole batch. Paths to transactions are
taken only below the folder that the server was started with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..book import Session, acting_as
from ..calls import OMITTED, call
from ..model import CellError
from ..registry import FUNCTIONS, RANGE
from . import web_wire as wire
from .web_blocks import Blocks

MOST_CALLS = 1000
MOST_BYTES = 1 << 20  # of a batch of more than one call
BOOK = "REBATE_BOOK"
PATHS = [argument.name for argument in FUNCTIONS[BOOK].arguments].index("transactions")  # the argument that may be a path


def batch(body: bytes, session: Session) -> dict[str, Any]:
    """The answers to a batch: {"calls": [{"name", "arguments"}], "date_1904"} -> {"answers": [...]}.

    Raises BadRequest for what is no batch (400) or more than one may hold (413).
    """
    request = wire.loads(body)
    calls = request.get("calls") if isinstance(request, dict) else None
    if not isinstance(calls, list):
        raise wire.BadRequest(400, "MALFORMED", "A batch is an object with a list of calls.")
    if len(calls) > MOST_CALLS or (len(calls) > 1 and len(body) > MOST_BYTES):
        raise wire.BadRequest(413, "TOO_LARGE", f"A batch holds at most {MOST_CALLS:,} calls or 1 MB.")
    asked = [_call_of(one) for one in calls]
    session = replace(session, date_1904=request.get("date_1904") is True)
    with acting_as(session):
        return {"answers": [wire.answer(answer(name, given, session), session.date_1904) for name, given in asked]}


def _call_of(one: Any) -> tuple[str, list[Any]]:
    name, given = (one.get("name"), one.get("arguments")) if isinstance(one, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(given, list):
        raise wire.BadRequest(400, "MALFORMED", "A call has a name and a list of arguments.")
    return name, [wire.argument(value) for value in given]


def answer(name: str, given: Sequence[Any], session: Session) -> Any:
    """The result of one cell function for cells as a host hands them over; None is an argument left out.

    A range of one cell counts as that cell, except where the argument is a range. The caller acts as the session.
    """
    function = FUNCTIONS.get(name)
    if function is None:
        return CellError("#VALUE!", f"This server has no function {name[:40]}; its version may be older than the add-in's.")
    kinds = [argument.kind for argument in function.arguments] + [RANGE] * len(given)
    arguments = [OMITTED if value is None else _single(value) if kind != RANGE else value for kind, value in zip(kinds, given, strict=False)]
    if name == BOOK and session.data_folder is None and _is_path(arguments[PATHS:]):
        return CellError("#VALUE!", "transactions: this server was started without a folder of data (rebates serve --data DIR)")
    return call(name, arguments)


def _single(value: Any) -> Any:
    return value[0][0] if isinstance(value, list) and len(value) == 1 and len(value[0]) == 1 else value


def _is_path(arguments: Sequence[Any]) -> bool:
    return bool(arguments) and isinstance(_single(arguments[0]), str)


def book(body: bytes, person: str, session: Session, blocks: Blocks) -> dict[str, Any]:
    """The handle of a book: {"tables": {argument: {"blocks": [...]} or {"cell": ...}}, "date_1904"} -> an answer or what is missing.

    Raises BadRequest for what is no book.
    """
    request = wire.loads(body)
    tables = request.get("tables") if isinstance(request, dict) else None
    known = {argument.name for argument in FUNCTIONS[BOOK].arguments}
    if not isinstance(tables, dict) or not set(tables) <= known:
        raise wire.BadRequest(400, "MALFORMED", "A book is an object with tables, each under the name of its argument.")
    missing = blocks.missing(person, [digest for table in tables.values() for digest in digests(table)])
    if missing:
        return {"missing": missing}
    given: list[Any] = []
    for argument in FUNCTIONS[BOOK].arguments:
        table = tables.get(argument.name)
        if table is None:
            given.append(None)
        elif "cell" in table:
            given.append(wire.cell(table["cell"]))
        else:
            rows = blocks.rows(person, digests(table))
            if rows is None:
                return {"missing": digests(table)}
            given.append(rows)
    session = replace(session, date_1904=request.get("date_1904") is True)
    with acting_as(session):
        return {"answer": wire.answer(answer(BOOK, given, session), session.date_1904)}


def missing(body: bytes, person: str, blocks: Blocks) -> dict[str, Any]:
    """Which blocks this person has to send: {"blocks": [...]} -> {"missing": [...]}, or {} where none is. Raises BadRequest for no such list."""
    wanted = blocks.missing(person, digests(wire.loads(body)))
    return {"missing": wanted} if wanted else {}


def digests(table: Any) -> list[str]:
    """The blocks of a table as a request names them. Raises BadRequest for anything else."""
    found = table.get("blocks", []) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) and len(one) == 64 and one.isalnum() for one in found):
        raise wire.BadRequest(400, "MALFORMED", "A table names its blocks by their SHA-256.")
    return found
