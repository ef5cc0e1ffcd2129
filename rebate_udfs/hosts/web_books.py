"""The books on the web: closing a period in the server's ledger, and the statements that its key signs.

A server keeps the books of many workbooks, each known by its Book ID; whoever may sign in may work on all of them.
"""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import actions, report
from ..model import Run
from ..pipeline import verdicts
from . import web_pane, web_tables
from . import web_wire as wire
from .statement_sending import write_lists
from .statements import Made, make_statements
from .web_request import Request

if TYPE_CHECKING:  # a database takes its time to load: only where books are closed
    from ..ledger import Ledger

LARGEST_FILE = 64 << 20  # bytes of statements that one answer carries
BESIDE = "the workbook"  # what a message calls the book: the server does not know its file
NO_LEDGER = (
    "This server was started without a ledger, so it cannot close a period. Start it with one (rebates serve --ledger URL, a PostgreSQL "
    "database), or save the workbook and run: rebates close BOOK PERIOD"
)
UNSIGNED = "They carry no seal, as {why}: what is filled in on them cannot be received."


@contextmanager
def told() -> Iterator[None]:
    """What a ledger cannot do is said in a sentence: 409 when somebody else was first, 503 when it does not answer."""
    from ..ledger import CannotOpen, LedgerMoved

    try:
        yield
    except LedgerMoved as error:
        raise wire.BadRequest(409, "MOVED", str(error)) from error
    except CannotOpen as error:
        raise wire.BadRequest(
            503, "LEDGER", "The server's ledger does not answer. Nothing was posted; try again, or ask who runs the server."
        ) from error


def opened(request: Request) -> Ledger:
    """The book's ledger. Raises Refused where the server has none, or the book no Book ID."""
    from ..bookkeeping import open_ledger

    if not request.ledger:
        raise actions.Refused(NO_LEDGER)
    return open_ledger(request.shown, BESIDE, request.ledger)


def close_period(request: Request) -> dict[str, Any]:
    """What a period lacks in the ledger; with the option `agreed` (the run id that was seen) it is posted.

    The entries that the workbook's sheet Ledger does not show yet come back as rows to append.
    """
    from ..bookkeeping import user_name

    wanted, user = request.options, request.user or user_name()
    with told():
        ledger = opened(request)
        closing = actions.close_period(request.shown, wanted.get("period", ""), ledger)
        if agreed := wanted.get("agreed", ""):
            closing = actions.post_period(closing, request.shown, ledger, user, agreed=agreed, accepted=wanted.get("accepted", "").strip())
        rows = actions.ledger_rows(request.shown, ledger) if closing.done else ()
    return {
        "closing": {"period": closing.period, "run_id": closing.run_id, "entries": closing.entries, "done": closing.done, "posted": bool(agreed),
                    "stopped": closing.has_errors, "user": user},
        "tables": [web_tables.result(table, None, request.date_1904, request.tables.settings) for table in closing.tables],
        "messages": list(closing.messages),
        "problems": [web_pane.problem(one, request.places) for one in closing.problems[: web_pane.MOST_PROBLEMS]],
        "additions": [web_tables.addition(one, request.date_1904) for one in rows],
    }  # fmt: skip


# ---- statements


def statements(request: Request) -> dict[str, Any]:
    """All statements in one zip for the browser to save, with the lists for whoever sends them; signed where the server has a ledger."""
    run = actions.make_statements(request.tables, request.as_of).run
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        made, note = _made(request, run, Path(folder))
        if not made:
            raise actions.Refused("No distributor takes part in a program that has begun, so there is no statement to make.")
        lists = write_lists(Path(folder), run, made)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
            for path in (*(one.path for one in made), *lists):
                package.write(path, path.name)
    if packed.tell() > LARGEST_FILE:
        raise actions.Refused(f"{len(made):,} statements are too many for a download; make them with: rebates statements BOOK --out DIR")
    file = {"name": f"statements {run.as_of.isoformat()}.zip", "type": "application/zip", "base64": base64.b64encode(packed.getvalue()).decode()}
    message = f"{report.count(len(made), 'statement')} as of {run.as_of.isoformat()}. Look at one before you send them."
    return {"tables": [], "messages": [message, note], "file": file}


def _made(request: Request, run: Run, folder: Path) -> tuple[list[Made], str]:
    """The statements, and what is to be said of their signature."""
    if not request.ledger or not request.tables.settings.book_id:
        why = "this workbook has no Book ID on its sheet Settings" if request.ledger else "this server has no ledger that keeps a key"
        return make_statements(run, folder, verdicts=lambda ids: verdicts(run, ids)), UNSIGNED.format(why=why)
    from ..ledger_statements import keep_key
    from ..statement_history import look_back

    with told():
        ledger = opened(request)
        history = look_back(ledger, run)
        key = keep_key(ledger, None)
        made = make_statements(run, folder, verdicts=lambda ids: verdicts(run, ids), signing_key=key, since=history.since)
        history.keep(ledger, run)
    return made, "They are signed with the key of this server's ledger."
