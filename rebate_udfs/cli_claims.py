"""The command line's part for claims: claims, receive, reconcile. Registered by `cli`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from . import actions, report, report_claims, terminal
from .hosts.comparison import write_comparison
from .hosts.reading import WORKBOOKS, read_book, source_of
from .hosts.receive import answer_senders, bring_claims, one_at_a_time, receive_statements
from .hosts.statement_password import read_passwords
from .model import ResultTable, Tables
from .package import CannotPatch
from .terminal import plain

BookArgument = Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook with the standard tables.", show_default=False)]
BookOption = Annotated[Path, typer.Option("--book", metavar="BOOK", help="The workbook to append to.", show_default=False)]
PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="A filled statement, a folder or a zip of them.", show_default=False)]
First = Annotated[Path, typer.Argument(metavar="A", help="A book, workbook, CSV or Parquet file.", show_default=False)]
Second = Annotated[Path, typer.Argument(metavar="B", help="The other one.", show_default=False)]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the differences to this workbook.", show_default=False)]
Unsigned = Annotated[bool, typer.Option("--accept-unsigned", help="Read files also whose signature is not that of this book.")]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="A PostgreSQL ledger instead of the file beside BOOK.", envvar="REBATES_LEDGER", show_default=False),
]
Passwords = Annotated[
    Path | None,
    typer.Option("--passwords", metavar="FILE", help="Open encrypted ones: a CSV with Distributor ID, Password.", show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
SHOWN = ("claim_id", "line", "distributor_id", "program_id", "status", "claimed", "calculated", "approved", "paid", "reasons", "finding", "match",
         "transaction_id", "quantity", "amount", "at_stake")  # fmt: skip
LEAST = ("match", "distributor_id_2", "distributor_id", "quantity")  # what a narrow terminal does without, in this order
MOST_ROWS = 30
Load = Callable[[Path], tuple[Tables, report.ColumnPlaces]]


def register(app: typer.Typer, load: Load) -> None:
    """Give the command line its verbs for claims; `load` reads a workbook as the other verbs do."""

    @app.command()
    def claims(book: BookArgument, quiet: Quiet = False) -> None:
        """Validate every claim: what it is due, why not more, and what to do."""
        tables, places = load(book)
        outcome = actions.validate_claims(tables)
        out = terminal.console(quiet)
        for table in outcome.tables:
            out.print(terminal.result(_some_columns(table)))
        for answer in report_claims.answers(outcome.run, MOST_ROWS) if outcome.run else ():
            out.print(plain(answer), soft_wrap=True)
        out.print(outcome.messages[0])
        terminal.print_problems(out, outcome.problems, places)
        raise typer.Exit(1 if outcome.has_errors else 0)

    @app.command()
    def receive(
        path: PathArgument,
        book: BookOption,
        accept_unsigned: Unsigned = False,
        ledger: LedgerOption = None,
        passwords: Passwords = None,
        quiet: Quiet = False,
    ) -> None:
        """Read filled statements: check them, append their claims and disputes to the workbook once, and write a receipt for each."""
        raise typer.Exit(_receive(load, path, book, accept_unsigned, ledger, passwords, terminal.console(quiet)))

    @app.command()
    def reconcile(first: First, second: Second, out: OutOption = None, quiet: Quiet = False) -> None:
        """Compare two sources of transactions, with the rebate at stake on each difference."""
        console = terminal.console(quiet)
        tables = load(first)[0] if first.suffix.lower() in WORKBOOKS and _is_book(first) else None
        outcome = actions.reconcile(source_of(first), source_of(second), tables, (first.name, second.name))
        for table in outcome.tables:
            if table.rows:
                shown, left = terminal.fitting(_some_columns(table, MOST_ROWS), console.width, LEAST)
                console.print(shown)
                if left:
                    console.print(f"Not shown, for want of room: {', '.join(left)}. --out FILE writes everything.", soft_wrap=True)
            console.print(f"{table.title}.", *table.notes, soft_wrap=True)
        if outcome.problems:  # nothing is said of a list in which nothing is wrong: the differences are the news
            terminal.print_problems(console, outcome.problems, {})
        if out is not None:
            write_comparison(out, outcome.tables)
            console.print(f"Wrote {plain(str(out))}.", soft_wrap=True)
        raise typer.Exit(1 if outcome.has_errors else 0)


def _receive(load: Load, path: Path, book: Path, accept_unsigned: bool, ledger: str | None, passwords: Path | None, out: terminal.Console) -> int:
    opening = read_passwords(passwords) if passwords else None
    try:
        with one_at_a_time(book):
            receipts = receive_statements(path, book, load(book)[0], accept_unsigned=accept_unsigned, ledger=ledger, passwords=opening)
    except CannotPatch as refusal:
        raise actions.Refused(f"{book.name} was left as it is: {refusal}.") from refusal
    tables, taken = load(book)[0], [receipt for receipt in receipts if receipt.taken]
    answers = actions.validate_claims(tables).run.claims if bring_claims(receipts) else ()
    folder = answer_senders(book, [path], receipts, answers, tables.settings.company)
    for receipt in receipts:
        if receipt.taken:
            known = f", {receipt.known} known already" if receipt.known else ""
            said = f"{report.count(len(receipt.claims), 'claim line')}, {report.count(len(receipt.disputes), 'dispute')}{known}"
            said += "" if receipt.signed else " (not verified)"
            remarks = len(receipt.problems) + len(receipt.notes)
            said += f"; {report.count(remarks, 'remark')} on the receipt" if remarks else ""
        else:
            said = f"set aside. {receipt.reason}"
        out.print(plain(f"{receipt.name}: {said}"), soft_wrap=True)
    out.print(plain(f"Receipts are in {folder}. Next: rebates claims {book}"), soft_wrap=True)
    return 0 if len(taken) == len(receipts) else 1


def _some_columns(table: ResultTable, most: int | None = None) -> ResultTable:
    """What a terminal has room for; the rest is on the sheet."""
    at = [number for number, column in enumerate(table.columns) if column.field.startswith(SHOWN)]
    columns, rows = tuple(table.columns[number] for number in at), tuple(tuple(row[number] for number in at) for row in table.rows[:most])
    return ResultTable(table.name, table.title, columns, rows)


def _is_book(path: Path) -> bool:
    return any(table.name == "Programs" for table in read_book(path)[0])
