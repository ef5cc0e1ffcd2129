"""The command line's part for the books: close, reopen, approve. Registered by `cli`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from . import actions, cli_books, report, terminal
from .model import Tables
from .terminal import plain

BookArgument = Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook with the standard tables.", show_default=False)]
PeriodArgument = Annotated[str, typer.Argument(metavar="PERIOD", help="The accounting period, as 2026-03 or 2026-P03.", show_default=False)]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="A PostgreSQL ledger instead of the file beside BOOK.", envvar="REBATES_LEDGER", show_default=False),
]
Transactions = Annotated[
    list[str] | None, typer.Option("--transactions", metavar="PATH", help="More rows for Transactions, as in `rebates run`. Repeatable.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Post without asking.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; every entry carries it.", show_default=False)]
Accept = Annotated[
    str, typer.Option("--accept-errors", metavar="REASON", help="Close although the Check has errors; every entry carries the reason.")
]
Load = Callable[[Path, list[str] | None], tuple[Tables, report.ColumnPlaces]]


def register(app: typer.Typer, load: Load) -> None:
    """Give the command line its verbs for the books; `load` reads a workbook as the other verbs do."""

    @app.command()
    def close(
        book: BookArgument,
        period: PeriodArgument,
        yes: Yes = False,
        accept_errors: Accept = "",
        ledger: LedgerOption = None,
        transactions: Transactions = None,
        quiet: Quiet = False,
    ) -> None:
        """Close an accounting period: show what it lacks, then post it to the ledger."""  # fmt: skip
        raise typer.Exit(_close(load, book, period, yes, accept_errors, ledger, transactions, quiet))

    @app.command()
    def reopen(book: BookArgument, period: PeriodArgument, reason: Reason, ledger: LedgerOption = None, quiet: Quiet = False) -> None:
        """Open the last closed period again, by entries that take back what its close has posted."""
        from . import bookkeeping

        tables, _ = load(book, None)
        with _told():
            books = bookkeeping.open_ledger(tables, str(book), ledger)
            done = bookkeeping.reopen(tables, books, period, reason, bookkeeping.user_name())
        _finish(book, tables, books, done.message, quiet)

    @app.command()
    def approve(
        book: BookArgument,
        run: Annotated[str, typer.Argument(metavar="RUN", help="The proposal's run id.", show_default=False)],
        ledger: LedgerOption = None,
        quiet: Quiet = False,
    ) -> None:
        """Post what somebody else has proposed (Approval = Yes on the sheet Settings)."""  # fmt: skip
        from . import bookkeeping

        tables, _ = load(book, None)
        with _told():
            books = bookkeeping.open_ledger(tables, str(book), ledger)
            done = bookkeeping.approve(books, run, bookkeeping.user_name())
        _finish(book, tables, books, done.message, quiet)

    cli_books.register(app, load, _told)


class _told:
    """What a ledger cannot do is said in one sentence, as every refusal is."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from .ledger import CannotOpen, LedgerMoved

        if isinstance(error, (CannotOpen, LedgerMoved)):
            raise actions.Refused(str(error)) from error


def _close(load: Load, book: Path, period: str, yes: bool, accepted: str, ledger: str | None, transactions: list[str] | None, quiet: bool) -> int:
    from . import bookkeeping

    out = terminal.console(quiet)
    with terminal.working(terminal.console(quiet, errors=True), "Computing"):
        tables, places = load(book, transactions)
        with _told():
            books = bookkeeping.open_ledger(tables, str(book), ledger)
            named = bookkeeping.period_named(period, tables)  # a script whose variable is empty does not close the next one
            closing = actions.close_period(tables, named.period_id, books, date.today())
    if not closing.done:
        head = f"{tables.settings.company or 'Rebates'}: closing {closing.period} as of {closing.preview.period.ends_on}"
        out.print(terminal.plain(head), style="bold")
        for table in closing.tables:
            if table.rows:
                out.print(terminal.result(table))
            for note in table.notes:
                out.print(terminal.plain(note), soft_wrap=True)
        for remark in closing.messages[1:]:
            out.print(terminal.plain(remark), soft_wrap=True)
        out.print()
    if closing.has_errors:
        terminal.print_problems(terminal.console(False, errors=not accepted), closing.problems, places)
        if not accepted:
            print(f"rebates: {closing.period} is not closed; mend these, or accept them: --accept-errors REASON", file=sys.stderr)
            return 1
    if not closing.done and not yes and not typer.confirm(f"Post {report.count(closing.entries, 'entry', 'entries')}?", default=False):
        out.print("Nothing was posted.")
        return 0
    with _told():
        closing = actions.post_period(closing, tables, books, bookkeeping.user_name(), accepted=accepted)
    _finish(book, tables, books, closing.messages[0], quiet)
    return 0


def _finish(book: Path, tables: Tables, books: Any, message: str, quiet: bool) -> None:
    """Bring the workbook's Ledger sheet up to date and say what was done."""
    from .hosts.ledger_sheet import mirror

    did, problem = mirror(book, tables, books.entries())
    out = terminal.console(quiet)
    out.print(plain(message), soft_wrap=True)
    if did == "repaired":
        out.print("The sheet Ledger did not show the ledger and was written anew from it.", soft_wrap=True)
    if problem:
        print(f"rebates: {report.sentence(problem.message)} {report.sentence(problem.remedy)}", file=sys.stderr)
