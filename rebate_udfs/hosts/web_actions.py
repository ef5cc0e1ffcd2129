"""The ribbon's actions over the wire: the workbook's tables as blocks in, result tables, messages and files out.

Each calls the same function of `actions` that the command line calls; those that read a file are in `web_files`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from .. import actions
from ..parse import CannotRead
from . import web_books, web_pane, web_tables
from . import web_wire as wire
from .web_request import Caller, Desk, Request, request_of


def run_action(name: str, body: bytes, caller: Caller, desk: Desk) -> dict[str, Any]:
    """The answer of one action. Raises BadRequest for an unknown action (404), a bad request (400), or one the data refuses (422)."""
    do = ACTIONS.get(name)
    if do is None and name != NEW_WORKBOOK:
        raise wire.BadRequest(404, "UNKNOWN_ACTION", "This server has no such action.")
    asked = wire.loads(body)
    if do is None:
        return _new_workbook()
    try:
        request = request_of(asked, caller, desk)
        return {"missing": request} if isinstance(request, list) else do(request)
    except (actions.Refused, CannotRead) as refusal:
        raise wire.BadRequest(422, "REFUSED", str(refusal)) from refusal


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


def _validate_claims(request: Request) -> dict[str, Any]:
    return _shown(actions.validate_claims(request.tables, request.as_of), request)


def _explain_cell(request: Request) -> dict[str, Any]:
    if figure := request.options.get("figure_id"):
        outcome = actions.explain_cell(request.tables, figure, request.as_of)
    else:
        wanted = [request.options.get(name, "") for name in ("program", "distributor")]
        if not all(wanted):
            raise actions.Refused("Select a cell with a figure: a row of a result sheet, or a cell with a REBATE formula.")
        outcome = actions.explain(request.tables, wanted[0], wanted[1], request.options.get("period") or None, request.as_of)
    return _shown(outcome, request)


def _new_workbook() -> dict[str, Any]:
    return {"tables": [], "messages": [], "workbook": base64.b64encode(actions.new_workbook().read_bytes()).decode()}


NEW_WORKBOOK = "new_workbook"  # the one that needs no tables
ACTIONS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "overview": _overview,
    "check": _check,
    "calculate": _calculate,
    "validate_claims": _validate_claims,
    "close_period": web_books.close_period,
    "make_statements": web_books.statements,
    "explain_cell": _explain_cell,
}
