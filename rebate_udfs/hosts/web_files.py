"""The actions of the web add-in that read a file: an export to import, a list to compare with, filled statements that came back.

Each is asked twice at most: once to look, and the workbook's own JavaScript then appends the rows that were shown. The
server keeps neither file nor rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import actions, imports
from ..model import Problem, ResultTable
from ..parse import CannotRead
from . import web_pane, web_tables
from . import web_wire as wire
from .import_files import fitting_profiles, read_cells
from .reading import source_of
from .receive import read_statements
from .web_books import opened, told
from .web_request import Caller, Desk, Request, request_of
from .web_uploads import Upload, look_apart, on_disk, parted

MOST_ADDED = 50_000  # rows that the task pane appends at once
PROFILES = (".yaml", ".yml")
NO_KEY = "The ledger of this server has not signed a statement of this book yet"


def run_upload(name: str, body: bytes, caller: Caller, desk: Desk) -> dict[str, Any]:
    """The answer of an action with files. Raises BadRequest for an unknown action (404), a bad request (400), or one the data refuses (422)."""
    do = UPLOADS.get(name)
    if do is None:
        raise wire.BadRequest(404, "UNKNOWN_ACTION", "This server has no such action.")
    asked, files = parted(body)
    try:
        request = request_of(asked, caller, desk)
        if isinstance(request, list):
            return {"missing": request}
        return _answered(do, request, files)
    except (actions.Refused, CannotRead) as refusal:
        raise wire.BadRequest(422, "REFUSED", str(refusal)) from refusal


def _answered(do: Answer, request: Request, files: Sequence[Upload]) -> dict[str, Any]:
    """What the action says, without the name of our folder, which a person does not know."""
    with on_disk(files) as paths:
        folder = str(paths[0].parent)
        try:
            found: dict[str, Any] = _without(do(request, paths), folder)
        except (actions.Refused, CannotRead) as refusal:
            raise actions.Refused(_without(str(refusal), folder)) from refusal
    return found


def _without(said: Any, folder: str) -> Any:
    if isinstance(said, str):
        return said.replace(folder + os.sep, "").replace(folder, "these files") if folder in said else said
    if isinstance(said, list):
        return [_without(one, folder) for one in said]
    return {name: _without(one, folder) for name, one in said.items()} if isinstance(said, dict) else said


def _one(paths: Sequence[Path]) -> Path:
    if len(paths) != 1:
        raise actions.Refused("Choose one file.")
    return paths[0]


def _said(
    request: Request, tables: Sequence[ResultTable], messages: Sequence[str], problems: Sequence[Problem], additions: Sequence[actions.Addition]
) -> dict[str, Any]:
    return {
        "tables": [web_tables.result(table, None, request.date_1904, request.tables.settings) for table in tables],
        "messages": list(messages),
        "problems": [web_pane.problem(one, request.places) for one in problems[: web_pane.MOST_PROBLEMS]],
        "problem_count": len(problems),
        "additions": [web_tables.addition(one, request.date_1904) for one in additions],
    }


def import_transactions(request: Request, paths: Sequence[Path]) -> dict[str, Any]:
    """The rows that an export would append, and what is not understood; a profile of the person's own (YAML) may come with it.

    Of several fitting profiles the option `profile` names one, else the first is taken.
    """
    own = [path for path in paths if path.suffix in PROFILES]
    export = _one([path for path in paths if path not in own])
    fitting = look_apart("import", export, own)["profiles"]
    if not fitting:
        raise actions.Refused(
            f"The headers of {export.name} fit no import profile, and are not those of our own tables. Choose the file together with a profile "
            "of yours (YAML), which says which column is which."
        )
    known = {profile.name: profile for profile in fitting_profiles(export, [imports.read_profile(path) for path in own])}
    wanted = request.options.get("profile") or fitting[0]
    if wanted not in known:
        raise actions.Refused(f'{export.name} does not fit the profile "{wanted}".')
    profile = known[wanted]
    outcome = actions.import_transactions(profile, read_cells(export, profile.file), export.name, request.raw)
    if len(outcome.rows) > MOST_ADDED:
        raise actions.Refused(
            f"{export.name} has {len(outcome.rows):,} rows to append; here at most {MOST_ADDED:,} are. Save the workbook and use the command "
            "line (rebates import), or keep so many sales outside the workbook (rebates serve --data)."
        )
    return _said(request, outcome.tables, outcome.messages, outcome.problems, outcome.additions) | {
        "profile": wanted,
        "profiles": list(fitting),
        "target": profile.table,
    }


def reconcile(request: Request, paths: Sequence[Path]) -> dict[str, Any]:
    """The workbook's transactions against those of a file: a list, an export or another workbook."""
    path = _one(paths)
    look_apart("transactions", path)
    outcome = actions.reconcile((request.raw, []), source_of(path), request.tables, ("This workbook", path.name))
    return _said(request, outcome.tables, [table.title for table in outcome.tables], outcome.problems, ())


def receive_statements(request: Request, paths: Sequence[Path]) -> dict[str, Any]:
    """What became of each filled statement, and the rows for Claims and Disputes; each is read apart.

    With the option `unsigned` also those are taken that the key of this server's ledger has not signed.
    """
    key, why = _key(request)
    sent = read_statements(paths[0].parent, jobs=2)
    received = actions.receive_statements(sent, request.tables, key, {}, accept_unsigned=request.options.get("unsigned") == "yes")
    problems = [problem for receipt in received.receipts for problem in receipt.problems]
    aside = sum(not receipt.taken for receipt in received.receipts)
    messages = [*received.messages, *([f"{why}, so no signature can be checked here."] if why else ())]
    return _said(request, received.tables, messages, problems, received.additions) | {"aside": aside, "verified": not why}


def _key(request: Request) -> tuple[bytes | None, str]:
    """The key that statements of this book are signed with, or why there is none."""
    if not request.ledger:
        return None, "This server has no ledger"
    if not request.tables.settings.book_id:
        return None, "This workbook has no Book ID on its sheet Settings"
    from ..ledger_statements import key_of

    with told():
        key = key_of(opened(request))
    return key, "" if key else NO_KEY


Answer = Callable[[Request, Sequence[Path]], dict[str, Any]]
UPLOADS: Mapping[str, Answer] = {
    "import_transactions": import_transactions,
    "reconcile": reconcile,
    "receive_statements": receive_statements,
}
