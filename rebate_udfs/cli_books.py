"""The command line's part for what follows a close: pay, export, audit. Registered by `cli_ledger`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from . import actions, report, terminal
from .cli_options import day
from .model import ResultColumn, ResultTable, Tables
from .money import amount_text, with_cents
from .terminal import plain

BookArgument = Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook with the standard tables.", show_default=False)]
BookOption = Annotated[Path, typer.Option("--book", metavar="BOOK", help="The workbook with the standard tables.", show_default=False)]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="A PostgreSQL ledger instead of the file beside BOOK.", envvar="REBATES_LEDGER", show_default=False),
]
OutFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the documents.", show_default=False)]
Due = Annotated[date | None, typer.Option("--due", metavar="DATE", parser=day, help="What is due by this day. [default: the book's As Of]")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


NOT_TO_PAY_BY = ("BROKEN_CHAIN", "LEDGER_NOT_READ")  # what may be wrong with a ledger


class Format(StrEnum):
    """What an exported journal is for."""

    CSV = "csv"
    HLEDGER = "hledger"
    BEANCOUNT = "beancount"


FormatOption = Annotated[Format, typer.Option("--format", help="csv for any ERP, or a plain-text ledger.")]
OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to a file. [default: print]")]


def register(app: typer.Typer, load: Any, told: Any) -> None:
    """Give the command line these verbs; `load` reads a workbook, `told` turns what a ledger cannot do into a sentence."""

    @app.command()
    def pay(book: BookArgument, out_folder: OutFolder, due: Due = None, ledger: LedgerOption = None, quiet: Quiet = False) -> None:
        """Propose what is due and not paid: rows in Payments without Paid On, and their documents."""
        tables, _ = load(book, None)
        with told():
            tables = _as_posted(book, tables, ledger, terminal.console(quiet))
        _pay(book, tables, out_folder, due, quiet)

    @app.command()
    def export(
        book: BookArgument,
        period: Annotated[str, typer.Argument(metavar="PERIOD", help="The accounting period, as 2026-03, or all.")],
        format_: FormatOption = Format.CSV,
        out: OutFile = None,
        ledger: LedgerOption = None,
    ) -> None:
        """Print the journal of a closed period for an accounting system."""  # fmt: skip
        tables, _ = load(book, None)
        with told():
            text = journal(book, tables, period, format_.value, ledger)
        if out:
            out.write_text(text, encoding="utf-8")
        else:
            print(text, end="" if text.endswith("\n") else "\n")

    app.add_typer(_audit(load, told), name="audit")


def _as_posted(book: Path, tables: Tables, url: str | None, out: terminal.Console) -> Tables:
    """The book with the entries of its ledger, for a claim line that a close has posted is due as posted, whatever its sheet shows.

    Raises Refused where they cannot be relied on: somebody would be paid by them.
    """
    from .hosts.ledger_beside import with_ledger_at, with_ledger_beside

    if url and not tables.settings.book_id:
        raise actions.Refused("A shared ledger knows books by their Book ID; give this one a Book ID of its own on the sheet Settings.")
    found = with_ledger_at(tables, url) if url else with_ledger_beside(tables, book)
    for problem in (one for one in found.problems if one not in tables.problems):
        if problem.code in NOT_TO_PAY_BY:
            raise actions.Refused(f"Nothing was proposed: {problem.message.rstrip('.')}; {problem.remedy}.")
        out.print(plain(f"{report.sentence(problem.message)} {report.sentence(problem.remedy)}"), soft_wrap=True)
    return found


def _pay(book: Path, tables: Tables, folder: Path, due: date | None, quiet: bool) -> None:
    from .columns import BY_NAME
    from .hosts.append import append_rows
    from .hosts.payment_files import write_payment_files
    from .package import CannotPatch, check_writable
    from .payments import not_over, payment_rows, proposals
    from .pipeline import known_until
    from .pipeline import run as compute

    try:
        check_writable(book)  # before documents are made for proposals that the book cannot hold
    except CannotPatch as refusal:
        raise actions.Refused(f"Nothing was proposed: {refusal}.") from refusal
    run = compute(tables, due)
    found, held = proposals(run)
    out = terminal.console(quiet)
    for each in held:
        out.print(
            plain(f"{each.participant_id}: {amount_text(each.amount, each.currency)} is due and not proposed, because {each.why}."), soft_wrap=True
        )
    if not found:
        out.print(f"Nothing is due on {run.as_of} that is not paid or proposed already.")
        return
    made, notes = write_payment_files(folder, found, tables, run.as_of)
    try:
        first, last = append_rows(book, BY_NAME["Payments"], payment_rows(found))
    except CannotPatch as refusal:
        raise actions.Refused(f"The proposals could not be written into {book.name}: {refusal}.") from refusal
    if early := not_over(found, run, known_until(tables)):
        out.print(plain(early), soft_wrap=True)
    columns = (("Payment ID", "id", "payment_id"), ("Participant ID", "id", "participant_id"), ("Payee", "text", "payee"),
               ("Method", "text", "method"), ("Amount", "money", "amount"), ("Currency", "text", "currency"))  # fmt: skip
    rows = tuple((each.payment_id, each.participant_id, each.payee, each.method, each.amount, each.currency) for each in found)
    out.print(_table(columns, rows))
    for note in notes:
        out.print(plain(note), soft_wrap=True)
    documents = report.count(len(made), "file")
    out.print(plain(f"{documents} in {folder}; rows {first} to {last} of Payments are proposals until Paid On is filled in."), soft_wrap=True)


def _table(columns: Sequence[tuple[str, str, str]], rows: Sequence[tuple[Any, ...]]) -> Any:
    """Rows for the terminal; columns are (header, kind, field)."""
    return terminal.result(ResultTable("", "", tuple(ResultColumn(*column) for column in columns), tuple(rows)))


def journal(book: Path, tables: Tables, period: str, format_: str, url: str | None) -> str:
    """The journal of a period, or of all, as text. Raises Refused for a period that is not closed."""
    from . import bookkeeping, exports
    from .ledger import closed_periods

    entries, acts = bookkeeping.read_ledger(tables, str(book), url).read()
    if period.casefold() != "all":
        wanted = bookkeeping.period_named(period, tables).period_id
        if wanted not in {act.accounting_period for act in closed_periods(acts)}:
            raise actions.Refused(f"{wanted} is not closed, so it has no journal yet: rebates close {book} {wanted}")
        entries = tuple(entry for entry in entries if entry.accounting_period == wanted)
    days = {act.accounting_period: date.fromisoformat(act.as_of) for act in acts}
    base = tables.settings.base_currency
    if format_ == "csv":
        return exports.journal_csv(entries, days, base)
    return exports.WRITERS[format_](entries, days, base, tables.accounts)


def _audit(load: Any, told: Any) -> typer.Typer:
    audit = typer.Typer(help="Is the ledger as it was posted, where does a figure come from, what changed.", no_args_is_help=True)

    @audit.command()
    def verify(book: BookArgument, ledger: LedgerOption = None) -> None:
        """Check every seal of the ledger and of the sheet that shows it; name the first entry that is not as posted."""
        tables, _ = load(book, None)
        with told():
            raise typer.Exit(_verify(book, tables, ledger))

    @audit.command()
    def show(figure: Annotated[str, typer.Argument(metavar="FIGURE_ID")], book: BookOption, ledger: LedgerOption = None) -> None:
        """Compute a posted figure again from the inputs of its closes."""
        tables, _ = load(book, None)
        with told():
            raise typer.Exit(_show(book, tables, figure, ledger))

    @audit.command()
    def diff(
        first: Annotated[str, typer.Argument(metavar="RUN1")],
        second: Annotated[str, typer.Argument(metavar="RUN2")],
        book: BookOption,
        ledger: LedgerOption = None,
    ) -> None:
        """Say which inputs changed between two runs, and what that did."""  # fmt: skip
        tables, _ = load(book, None)
        with told():
            _diff(book, tables, first, second, ledger)

    return audit


def _verify(book: Path, tables: Tables, url: str | None) -> int:
    from . import bookkeeping, ledger_audit
    from .ledger_chain import DATABASE_SUFFIX, LEDGER_VARIABLE

    out = terminal.console()
    if not url and not os.environ.get(LEDGER_VARIABLE) and not book.with_name(book.stem + DATABASE_SUFFIX).exists():
        found = ledger_audit.verify_sheet(tables)
        out.print("There is no database beside the workbook; this is the chain of its Ledger sheet alone.")
    else:
        found = ledger_audit.verify(tables, bookkeeping.read_ledger(tables, str(book), url))
    for what, broken in (("The ledger", found.database), ("The Ledger sheet", found.sheet)):
        if broken:
            out.print(plain(f"{what} is broken at {broken}."), soft_wrap=True)
    if found.difference:
        out.print(plain(f"{found.difference}; the next close writes the sheet anew from the database."), soft_wrap=True)
    if found.holds:
        out.print(f"Every seal holds: {report.count(found.entries, 'entry', 'entries')}.")
        if found.last_seal:
            out.print(f"The last seal is {found.last_seal}.", soft_wrap=True)
    return 0 if found.holds else 1


def _show(book: Path, tables: Tables, figure: str, url: str | None) -> int:
    from . import bookkeeping, ledger_audit

    out = terminal.console()
    found = ledger_audit.show(bookkeeping.read_ledger(tables, str(book), url), figure)
    columns = (("Entry", "id", "entry_id"), ("Kind", "text", "kind"), ("Reason", "text", "reason"),
               ("Amount", "money", "amount"), ("Source", "id", "source"), ("By", "text", "posted_by"))  # fmt: skip
    before: Any = None
    for each in found:
        head = f"{each.act.accounting_period}, run {each.act.run_id}, by {each.act.posted_by} at {each.act.done_at}"
        out.print(plain(head), style="bold", soft_wrap=True)
        rows = tuple(
            (row.entry_id, row.kind.value, row.reason, with_cents(row.amount, row.currency), row.source, row.posted_by) for row in each.entries
        )
        out.print(_table(columns, rows))
        if before and before.steps == each.steps:  # a close that posted a payment or a dispute has not earned more
            out.print(plain(f"  Earned and accrued as at the close of {before.act.accounting_period}."), soft_wrap=True)
        else:
            _print_steps(out, each)
        before = each
        verdict = "the same cents" if each.agrees else "NOT the same"
        again = "nothing" if each.accrued is None else f"{each.accrued:,}"
        out.print(plain(f"Recognised by the entries up to this close {each.recognised:,}, computed again {again}: {verdict}."), soft_wrap=True)
        out.print()
    return 0 if all(each.agrees for each in found) else 1


def _print_steps(out: Any, each: Any) -> None:
    """The steps of a replayed close, a line each: shares as percent, amounts with separators."""
    for step in each.steps:
        rate = "percent" if each.in_percent else "number"
        values = ((step.quantity, "number"), (step.rate, rate), (step.amount, "number"))
        figures = "  ".join(terminal.cell(value, kind).strip() for value, kind in values if value is not None)
        out.print(plain(f"  {step.step}: {step.detail}  {figures}".rstrip()), soft_wrap=True)


def _diff(book: Path, tables: Tables, first: str, second: str, url: str | None) -> None:
    from . import bookkeeping, ledger_audit

    out = terminal.console()
    found = ledger_audit.diff(bookkeeping.read_ledger(tables, str(book), url), first, second)
    out.print(plain(f"{found.first.accounting_period} (run {found.first.run_id}) and {found.second.accounting_period} (run {found.second.run_id})"))
    for change in found.changes:
        out.print(plain(f"  {change.table}, {change.what}"), soft_wrap=True)
    columns = (("Figure ID", "id", "figure_id"), ("Accrued Then", "money", "then"), ("Accrued Now", "money", "now"),
               ("Difference", "money", "difference"))  # fmt: skip
    rows = tuple((figure, then, now, (now or 0) - (then or 0)) for figure, then, now in found.figures)
    if rows:
        out.print(_table(columns, rows))
    else:
        out.print("No figure moved.")
