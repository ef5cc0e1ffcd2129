"""The ribbon's actions over the wire: the workbook's tables as blocks in, result tables, messages and files out.

Each calls the same function of `actions` that the command line calls. What a request names and the server has not got is
answered with `missing`; the add-in sends it and asks again.
"""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from .. import actions, report
from ..model import Tables
from ..parse import CannotRead
from ..pipeline import verdicts
from ..tables import read
from . import web_pane, web_tables
from . import web_wire as wire
from .statements import make_statements
from .web_blocks import Blocks
from .web_calls import digests

MOST_TABLES = 60
LARGEST_FILE = 64 << 20  # bytes of statements that one answer carries


@dataclass(frozen=True, slots=True)
class Request:
    """A book and what is wanted of it."""

    tables: Tables
    places: report.ColumnPlaces
    options: Mapping[str, str]
    date_1904: bool

    as_of: date | None = None  # None: the book's own


def run_action(name: str, body: bytes, person: str, blocks: Blocks) -> dict[str, Any]:
    """The answer of one action. Raises BadRequest for an unknown action (404), a bad request (400), or one the data refuses (422)."""
    do = ACTIONS.get(name)
    if do is None:
        raise wire.BadRequest(404, "UNKNOWN_ACTION", "This server has no such action.")
    request = wire.loads(body)
    if not isinstance(request, dict):
        raise wire.BadRequest(400, "MALFORMED", "An action takes an object with tables and options.")
    if name == "new_workbook":
        return _new_workbook()
    sent = _sent(request, person, blocks)
    if isinstance(sent, list) and sent and isinstance(sent[0], str):
        return {"missing": sent}
    try:
        return do(_request(request, sent))
    except (actions.Refused, CannotRead) as refusal:
        raise wire.BadRequest(422, "REFUSED", str(refusal)) from refusal


def _sent(request: dict[str, Any], person: str, blocks: Blocks) -> Any:
    """The tables of a request with their cells, or the blocks that are missing."""
    tables = request.get("tables")
    if not isinstance(tables, list) or len(tables) > MOST_TABLES or not all(_is_table(table) for table in tables):
        raise wire.BadRequest(400, "MALFORMED", "Each table has a name, a sheet, a place and its blocks.")
    wanted = [digest for table in tables for digest in digests(table)]
    missing = blocks.missing(person, wanted)
    if missing:
        return missing
    found = []
    for table in tables:
        rows = blocks.rows(person, digests(table))
        if rows is None:
            return digests(table)
        found.append(web_tables.Sent(table["name"], table["sheet"], table["row"], table["column"], table.get("is_table") is True, rows))
    return found


def _is_table(table: Any) -> bool:
    return (
        isinstance(table, dict)
        and all(isinstance(table.get(name), str) for name in ("name", "sheet"))
        and all(isinstance(table.get(name), int) and 0 <= table[name] < 1 << 21 for name in ("row", "column"))
    )


def _request(request: dict[str, Any], sent: list[web_tables.Sent]) -> Request:
    options = request.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(value, str) and len(value) < 300 for value in options.values()):
        raise wire.BadRequest(400, "MALFORMED", "Options are short texts.")
    date_1904 = request.get("date_1904") is True
    raw, problems = web_tables.raw_tables(sent, date_1904)
    if not raw:
        raise actions.Refused("This workbook holds none of the standard tables (Programs, Tiers, Distributors, ...). Start with New Workbook.")
    day = _day(options.get("as_of", ""))
    return Request(read(raw, as_of=day, problems=problems), actions.column_places(raw), options, date_1904, day)


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise actions.Refused(f'"{given[:40]}" is no day; write it as 2026-03-31.') from error


def _shown(outcome: actions.Outcome, request: Request, messages: tuple[str, ...] | None = None) -> dict[str, Any]:
    return {
        "tables": [web_tables.result(table, outcome.run, request.date_1904) for table in outcome.tables],
        "messages": list(outcome.messages if messages is None else messages),
        "problems": web_pane.problems_in_words(outcome.problems),
    }


def _overview(request: Request) -> dict[str, Any]:
    outcome = actions.check(request.tables, request.as_of, request.places)
    return {"overview": web_pane.overview(outcome.run, request.places)}


def _check(request: Request) -> dict[str, Any]:
    outcome = actions.check(request.tables, request.as_of, request.places)
    return _shown(outcome, request, (outcome.tables[0].title,)) | {"overview": web_pane.overview(outcome.run, request.places)}


def _calculate(request: Request) -> dict[str, Any]:
    outcome = actions.calculate(request.tables, request.as_of, request.places)
    return _shown(outcome, request) | {"overview": web_pane.overview(outcome.run, request.places)}


def _explain_cell(request: Request) -> dict[str, Any]:
    if figure := request.options.get("figure_id"):
        outcome = actions.explain_cell(request.tables, figure, request.as_of)
    else:
        wanted = [request.options.get(name, "") for name in ("program", "distributor")]
        if not all(wanted):
            raise actions.Refused("Select a cell with a figure: a row of a result sheet, or a cell with a REBATE formula.")
        outcome = actions.explain(request.tables, wanted[0], wanted[1], request.options.get("period") or None, request.as_of)
    return _shown(outcome, request)


def _make_statements(request: Request) -> dict[str, Any]:
    """All statements in one zip, for the browser to save."""
    run = actions.make_statements(request.tables, request.as_of).run
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        made = make_statements(run, Path(folder), verdicts=lambda ids: verdicts(run, ids))
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
            for one in made:
                package.write(one.path, one.path.name)
    if not made:
        raise actions.Refused("No distributor takes part in a program that has begun, so there is no statement to make.")
    if packed.tell() > LARGEST_FILE:
        raise actions.Refused(f"{len(made):,} statements are too many for a download; make them with: rebates statements BOOK --out DIR")
    file = {"name": f"statements {run.as_of.isoformat()}.zip", "type": "application/zip", "base64": base64.b64encode(packed.getvalue()).decode()}
    message = f"{report.count(len(made), 'statement')} as of {run.as_of.isoformat()}. Look at one before you send them."
    return {"tables": [], "messages": [message], "file": file}


def _new_workbook() -> dict[str, Any]:
    return {"tables": [], "messages": [], "workbook": base64.b64encode(actions.new_workbook().read_bytes()).decode()}


ACTIONS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "overview": _overview,
    "check": _check,
    "calculate": _calculate,
    "explain_cell": _explain_cell,
    "make_statements": _make_statements,
    "new_workbook": lambda request: _new_workbook(),
}
