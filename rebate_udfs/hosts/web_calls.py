"""Cell functions over the wire: a batch of calls in, an answer for each out; and the handle of a book from its blocks.

A call that cannot be answered gives an error in its own place, never one for the whole batch. Paths to transactions are
taken only below the folder that the server was started with.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..model import CellError
from ..registry import FUNCTIONS, RANGE
from . import web_wire as wire
from .web_blocks import Blocks

MOST_CALLS = 1000
MOST_BYTES = 1 << 20  # of a batch of more than one call
BOOK = "REBATE_BOOK"
PATHS = "transactions"  # the argument of REBATE_BOOK that may be a path
GLOB = "*?["


def batch(body: bytes, person: str, data: Path | None) -> dict[str, Any]:
    """The answers to a batch: {"calls": [{"name", "arguments"}], "date_1904"} -> {"answers": [...]}.

    Raises BadRequest for what is no batch (400) or more than one may hold (413).
    """
    request = wire.loads(body)
    calls = request.get("calls") if isinstance(request, dict) else None
    if not isinstance(calls, list):
        raise wire.BadRequest(400, "MALFORMED", "A batch is an object with a list of calls.")
    if len(calls) > MOST_CALLS or (len(calls) > 1 and len(body) > MOST_BYTES):
        raise wire.BadRequest(413, "TOO_LARGE", f"A batch holds at most {MOST_CALLS:,} calls or 1 MB.")
    date_1904 = request.get("date_1904") is True
    return {"answers": [_answer(call, person, data, date_1904) for call in calls]}


def _answer(call: Any, person: str, data: Path | None, date_1904: bool) -> dict[str, Any]:
    name, given = (call.get("name"), call.get("arguments")) if isinstance(call, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(given, list):
        raise wire.BadRequest(400, "MALFORMED", "A call has a name and a list of arguments.")
    if name not in FUNCTIONS:
        return wire.answer(CellError("#VALUE!", f"This server has no function {name[:40]}; its version may be older than the add-in's."))
    return wire.answer(call_function(name, [wire.argument(one) for one in given], person, data, date_1904), date_1904)


def call_function(name: str, given: list[Any], person: str, data: Path | None, date_1904: bool) -> Any:
    """The result of one cell function for cells as a host hands them over; None is an argument left out.

    A range of one cell counts as that cell, except where the argument is a range.
    """
    function = FUNCTIONS[name]
    if len(given) > len(function.arguments):
        return CellError("#VALUE!", f"{name} takes at most {len(function.arguments)} arguments")
    arguments: dict[str, Any] = {}
    for described, value in zip(function.arguments, given, strict=False):
        if value is None:
            continue
        one = described.kind != RANGE and isinstance(value, list) and len(value) == 1 and len(value[0]) == 1
        arguments[described.name] = value[0][0] if one else value
    lacking = next((one.name for one in function.arguments if one.required and one.name not in arguments), None)
    if lacking is not None:
        return CellError("#VALUE!", f"{lacking}: this argument is missing")
    if name == BOOK and PATHS in arguments:
        arguments[PATHS] = below(arguments[PATHS], data)
        if isinstance(arguments[PATHS], CellError):
            return arguments[PATHS]
    return _call(name, arguments)


def _call(name: str, arguments: dict[str, Any]) -> Any:
    from .. import functions

    return getattr(functions, name.lower())(**arguments)


def below(value: Any, data: Path | None) -> Any:
    """A path to transactions as the function may have it: below the folder of data; a table stays what it is."""
    cell = value[0][0] if isinstance(value, list) and len(value) == 1 and len(value[0]) == 1 else value
    if not isinstance(cell, str):
        return value
    if data is None:
        return CellError("#VALUE!", f"{PATHS}: this server was started without a folder of data (rebates serve --data DIR)")
    outside = CellError("#VALUE!", f"{PATHS}: name a file below the server's folder of data, such as sales.parquet")
    root, wanted = data.resolve(), Path(cell.strip())
    if not cell.strip() or "\0" in cell or wanted.is_absolute() or ".." in wanted.parts:
        return outside
    matches = root.glob(str(wanted)) if any(sign in cell for sign in GLOB) else [root / wanted]
    if not all(match.resolve().is_relative_to(root) for match in matches):
        return outside
    return os.fspath(root / wanted)


def book(body: bytes, person: str, data: Path | None, blocks: Blocks) -> dict[str, Any]:
    """The handle of a book: {"tables": {argument: {"blocks": [...]} or {"cell": ...}}, "date_1904"} -> an answer or what is missing.

    Raises BadRequest for what is no book.
    """
    request = wire.loads(body)
    tables = request.get("tables") if isinstance(request, dict) else None
    known = {argument.name for argument in FUNCTIONS[BOOK].arguments} if BOOK in FUNCTIONS else set()
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
    date_1904 = request.get("date_1904") is True
    return {"answer": wire.answer(call_function(BOOK, given, person, data, date_1904), date_1904)}


def digests(table: Any) -> list[str]:
    """The blocks of a table as a request names them. Raises BadRequest for anything else."""
    found = table.get("blocks", []) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) and len(one) == 64 and one.isalnum() for one in found):
        raise wire.BadRequest(400, "MALFORMED", "A table names its blocks by their SHA-256.")
    return found
