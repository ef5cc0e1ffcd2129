"""The command `rebates`: from a workbook to checked figures, explanations and statements.

Exit status: 0 fine; 1 the data has errors (the results of everything else are still given); 2 the call was wrong or a
file cannot be read or written, said in one sentence; 130 it was stopped. Source: functions.md, "Command line".
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import typer

from . import actions, cli_addin, cli_claims, cli_import, cli_ledger, cli_serve, demo, report, terminal
from .cli_options import Engine, check_engine, day
from .hosts.analysis import Host
from .hosts.files import check_target, write_results
from .hosts.ledger_beside import with_ledger_beside
from .hosts.reading import read_book
from .hosts.statement_sending import LIST, MAIL_MERGE, Sending, send
from .hosts.template import write_template
from .jsonout import run_json
from .model import Problem, Run, Severity, Tables
from .parse import CannotRead
from .tables import read
from .version import VERSION

FINE, DATA_HAS_ERRORS, CALL_WAS_WRONG, STOPPED = 0, 1, 2, 130
BOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
DEMO_MARK = "READ ME.txt"  # tells a folder of ours from a folder of somebody else's


class _Verbs(typer.core.TyperGroup):
    """The verbs; what a person can mend ends in one sentence and exit status 2, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (CannotRead, actions.Refused) as error:
            _stop(str(error))
        except BrokenPipeError:  # `rebates run BOOK | head`: the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(FINE) from None
        except PermissionError as error:
            _stop(f"{error.filename or 'A file'} may not be written; close it where it is open, or choose another place.")
        except (FileExistsError, NotADirectoryError) as error:
            _stop(f"{error.filename or 'It'} is a file where a folder is needed; name another folder.")
        except OSError as error:
            _stop(f"{error.filename or 'A file'}: {error.strerror or error}. Check that path, or choose another place.")
        except KeyboardInterrupt:
            _stop("Stopped. What was finished is kept; run it again to go on.", STOPPED)


app = typer.Typer(
    name="rebates",
    cls=_Verbs,
    help="Rebate programs in a workbook: checked, computed to the cent, accrued, explained, and one statement per distributor.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

BookArgument = Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook with the standard tables.", show_default=False)]
AsOf = Annotated[
    date | None,
    typer.Option("--as-of", metavar="DATE", parser=day, help="Compute up to this day, as 2026-03-31. [default: the book's As Of]"),
]
Transactions = Annotated[
    list[str] | None,
    typer.Option(
        "--transactions", metavar="PATH", help="More rows for Transactions: CSV, Parquet (a file, folder or pattern) or a workbook. Repeatable."
    ),
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="What sums the transactions; all give the same cents.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="How many statements to write at once. [default: one for each processor]")]


def main() -> None:
    """Run the command line."""
    app()


def _stop(sentence: str, status: int = CALL_WAS_WRONG) -> NoReturn:
    print(f"rebates: {terminal.CONTROL.sub('', sentence)}", file=sys.stderr)
    raise SystemExit(status)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"rebates {VERSION}")
        raise typer.Exit(FINE)


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.", is_eager=True, callback=_show_version)] = False,
) -> None:
    """Rebate programs in a workbook: checked, computed to the cent, accrued, explained, and one statement per distributor."""


@app.command()
def new(
    book: BookArgument,
    host: Annotated[
        Host, typer.Option("--for", help="Where it will be opened first: how the formulas of its sheet Analysis are spelled.")
    ] = Host.DESKTOP,
    quiet: Quiet = False,
) -> None:
    """Write an empty standard workbook, with formulas on its sheet Analysis."""
    if book.exists():
        raise actions.Refused(f"{book} exists already; choose another name.")
    write_template(book, sample={"Settings": [{"Setting": "Book ID", "Value": f"B-{uuid4().hex[:8].upper()}"}]}, analysis=host)
    out = terminal.console(quiet)
    out.print(f"Wrote {terminal.plain(str(book))}: fill in its sheets from left to right; the sheet Start says how.", soft_wrap=True)
    out.print(f"Next: rebates check {terminal.plain(str(book))}", soft_wrap=True)


@app.command()
def check(
    book: BookArgument, as_of: AsOf = None, transactions: Transactions = None, engine: EngineOption = Engine.DUCKDB, quiet: Quiet = False
) -> None:
    """List everything that is wrong with a workbook, each with its cell and what to do."""
    with terminal.working(terminal.console(quiet, errors=True), "Reading and checking"):
        tables, places = _load(book, as_of, transactions, engine)
        outcome = actions.check(tables, as_of, places)
    out = terminal.console(quiet)
    terminal.print_problems(out, outcome.problems, places)
    if outcome.has_errors:
        out.print("Next: mend these cells and check again; `rebates run` computes everything else meanwhile.")
    else:
        out.print(f"Next: rebates run {terminal.plain(str(book))}", soft_wrap=True)
    raise typer.Exit(DATA_HAS_ERRORS if outcome.has_errors else FINE)


@app.command()
def run(
    book: BookArgument,
    as_of: AsOf = None,
    transactions: Transactions = None,
    engine: EngineOption = Engine.DUCKDB,
    out_file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the results into a copy and leave BOOK as it is.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object; BOOK is written only with --out.")] = False,
    quiet: Quiet = False,
) -> None:
    """Compute a workbook and write the result sheets into it."""
    out = terminal.console(quiet or as_json)
    target = out_file or (None if as_json else book)
    with terminal.working(terminal.console(quiet, errors=True), "Computing"):
        tables, places = _load(book, as_of, transactions, engine)
        if target:
            check_target(book, target)  # before the long work, not after it
        outcome = actions.calculate(tables, as_of, places)
        written = write_results(book, outcome.run, outcome.tables, target) if target else ()
    if as_json:
        print(run_json(outcome.run))
    terminal.print_run(out, outcome.run)
    terminal.print_problems(out, outcome.problems, places)
    _stop_unless_written(written)
    for problem in written:
        print(f"rebates: {problem.message} {report.sentence(problem.remedy)}", file=sys.stderr)
    out.print(terminal.headline(outcome.run), soft_wrap=True)
    out.print(f"Next: open {terminal.plain(str(target))}; the sheets Check, Attainment and Accruals hold the details.", soft_wrap=True)
    raise typer.Exit(DATA_HAS_ERRORS if outcome.has_errors else FINE)


@app.command()
def explain(
    book: BookArgument,
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="The program's id.", show_default=False)],
    distributor: Annotated[str, typer.Argument(metavar="DISTRIBUTOR", help="The distributor's id.", show_default=False)],
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help="One period, as 2026-Q1 or 2026-03. [default: all that have begun]")
    ] = None,
    as_of: AsOf = None,
    transactions: Transactions = None,
    engine: EngineOption = Engine.DUCKDB,
    quiet: Quiet = False,
) -> None:
    """Show how a figure came about, from the transactions to the last cent."""
    with terminal.working(terminal.console(quiet, errors=True), "Computing"):
        tables, _ = _load(book, as_of, transactions, engine)
        outcome = actions.explain(tables, program, distributor, period, as_of)
    out = terminal.console(quiet)
    for table in outcome.tables:
        out.print(terminal.plain(table.title), style="bold")
        out.print(terminal.result(table))
        out.print()
    for message in outcome.messages:
        out.print(terminal.plain(message), soft_wrap=True)
    out.print(f"Next: the sheet Explanation of {terminal.plain(str(book))} holds every figure after `rebates run`.", soft_wrap=True)


@app.command()
def statements(
    book: BookArgument,
    out_folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the workbooks.", show_default=False)],
    as_of: AsOf = None,
    transactions: Transactions = None,
    engine: EngineOption = Engine.DUCKDB,
    jobs: Jobs = None,
    branches: Annotated[bool, typer.Option("--branches", help="One more for each branch, with its own part.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="A PDF of page one and of the programs beside each, printed by LibreOffice.")] = False,
    passwords: Annotated[
        Path | None,
        typer.Option("--passwords", metavar="FILE", help="Encrypt each with its password: a CSV with Distributor ID, Password.", show_default=False),
    ] = None,
    ledger: cli_ledger.LedgerOption = None,
    quiet: Quiet = False,
) -> None:
    """Write one workbook for each distributor that takes part in a program."""
    with terminal.working(terminal.console(quiet, errors=True), "Computing"):
        tables, _ = _load(book, as_of, transactions, engine)
        outcome = actions.make_statements(tables, as_of, branches)
    out = terminal.console(quiet)
    _write_statements(outcome.run, book, out_folder, Sending(jobs, branches, pdf, passwords, ledger), quiet, out)
    lists = f"{MAIL_MERGE} is for your mail program, {LIST} lists every file with its SHA-256"
    if outcome.has_errors:
        out.print(f"{terminal.errors_in_short(outcome.problems)}. See them: rebates check {terminal.plain(str(book))}", soft_wrap=True)
    out.print(f"Next: look at one in {terminal.plain(str(out_folder))} before you send them; {lists}.", soft_wrap=True)
    raise typer.Exit(DATA_HAS_ERRORS if outcome.has_errors else FINE)


@app.command("demo")
def write_demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder, or an earlier demo.")] = Path("rebates-demo"),
    quiet: Quiet = False,
) -> None:
    """Write a sample company, compute it and make its statements."""
    _take_folder(folder)
    out = terminal.console(quiet)
    book, out_folder = folder / "rebates.xlsx", folder / "statements"
    write_template(book, sample=demo.sample())
    tables, places = _load(book, None, None, Engine.DUCKDB)
    outcome = actions.calculate(tables, None, places)
    _stop_unless_written(write_results(book, outcome.run, outcome.tables))
    _remember(book)
    terminal.print_run(out, outcome.run)
    terminal.print_problems(out, outcome.problems, places)
    _write_statements(outcome.run, book, out_folder, Sending(jobs=None, ledger=str(book.with_suffix(".ledger.sqlite"))), quiet, out)
    out.print(terminal.headline(outcome.run), soft_wrap=True)
    shown = terminal.plain(str(folder))
    out.print(
        f"Next: open {shown}/rebates.xlsx (the sheet Check shows one wrong row, on purpose), then a workbook in {shown}/statements.", soft_wrap=True
    )
    out.print(f"Try: rebates explain {shown}/rebates.xlsx P-110 D-1700 --period 2026-Q2", soft_wrap=True)


def _take_folder(folder: Path) -> None:
    """Make the folder ours, or refuse: files of somebody else are never overwritten."""
    if folder.exists() and not folder.is_dir():
        raise actions.Refused(f"{folder} is a file; name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DEMO_MARK).is_file():
        raise actions.Refused(f"{folder} holds other files; name a new folder, as in: rebates demo my-demo")
    book, mark = folder / "rebates.xlsx", folder / DEMO_MARK
    if book.is_file() and _digest(book) not in mark.read_text(encoding="utf-8", errors="replace"):
        raise actions.Refused(f"{book} is no longer as the demo wrote it; name another folder, as in: rebates demo my-demo")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(demo.READ_ME, encoding="utf-8")


def _remember(book: Path) -> None:
    """Note what the demo wrote, so that a later one does not replace what somebody has changed in it."""
    note = f"\nrebates.xlsx as the demo wrote it (SHA-256): {_digest(book)}\n"
    (book.parent / DEMO_MARK).write_text(demo.READ_ME + note, encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _load(
    book: Path, as_of: date | None, transactions: list[str] | None, engine: Engine, *, as_shown: bool = False
) -> tuple[Tables, report.ColumnPlaces]:
    """A book read and checked, and where its columns stand; with the ledger's entries, unless those of the sheet are asked for."""
    check_engine(engine)
    raw, found = read_book(book)
    places = actions.column_places(raw)
    files = []
    for path in transactions or []:
        if Path(path).suffix.lower() not in BOOK_SUFFIXES:
            files.append(path)
            continue
        more, wrong = read_book(path)
        raw += [replace(table, place=f"{Path(path).name}, {table.place}") for table in more if table.name == "Transactions"]
        found += [problem for problem in wrong if problem.table == "Transactions"]
    tables = read(raw, engine=engine.value, transactions=files, as_of=as_of, problems=found)
    return tables if as_shown else with_ledger_beside(tables, book), places


cli_import.register(app)
cli_claims.register(app, lambda book: _load(book, None, None, Engine.DUCKDB))
app.add_typer(cli_addin.app, name="addin")
app.add_typer(cli_serve.app, name="serve")
cli_ledger.register(app, lambda book, transactions: _load(book, None, transactions, Engine.DUCKDB, as_shown=True))


def _write_statements(run: Run, book: Path, folder: Path, how: Sending, quiet: bool, out: terminal.Console) -> None:
    with terminal.progress(terminal.console(quiet, errors=True), "Statements") as advance:
        made = send(run, book, folder, how, advance)
    kept = sum(one.reused for one in made)
    out.print(
        f"{report.count(len(made), 'statement')} in {terminal.plain(str(folder))}"
        + (f", {kept} of them unchanged since they were made." if kept else ".")
    )


def _stop_unless_written(written: tuple[Problem, ...]) -> None:
    for problem in written:
        if problem.severity is Severity.ERROR:
            _stop(f"{problem.message} {report.sentence(problem.remedy)}")


if __name__ == "__main__":
    main()
