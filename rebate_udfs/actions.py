"""The actions behind the ribbon's buttons and the command line's verbs: tables in, result tables and messages out.

No host is in sight: whoever calls has read the tables and writes what comes back, a workbook, a task pane or a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import audit, imports, report
from .assets import asset
from .engines import open_engine
from .growth_review import required_growth
from .import_merge import new_rows
from .model import Attainment, Period, Problem, Refused, ResultColumn, ResultTable, RewardKind, Run, Severity, Tables, Verdict
from .money import amount_text, with_cents
from .parse import RawTable, text_of
from .participants import Hierarchy
from .periods import DAY, accounting_period
from .pipeline import book_date, known_until
from .pipeline import run as compute
from .receipts import Receipt, Sent, receipts_of
from .reconcile import reconcile as compare
from .reconcile import table as differences
from .reconcile_sources import read_source
from .report_claims import claim_check
from .report_closing import closing_totals
from .report_received import received
from .stakes import Stakes
from .statement import recipients
from .tables import BY_NAME
from .words import key

if TYPE_CHECKING:
    from .bookkeeping import Preview
    from .ledger import Ledger

TRANSACTION_COLUMNS = (
    ResultColumn("Transaction", "id", "transaction_id"),
    ResultColumn("Date", "date", "invoice_date"),
    ResultColumn("Invoice", "id", "invoice_number"),
    ResultColumn("Line", "id", "line"),
    ResultColumn("Distributor", "id", "distributor_id"),
    ResultColumn("SKU", "id", "sku"),
    ResultColumn("Quantity", "number", "quantity"),
    ResultColumn("Amount", "money", "amount"),
    ResultColumn("Currency", "text", "currency"),
    ResultColumn("Counts", "yes_no", "counts"),
    ResultColumn("Why Not", "text", "reason_text"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action gives: the run it is about, the tables to show or write, and what to tell the person."""

    run: Run
    tables: tuple[ResultTable, ...]
    messages: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong with the data."""
        return self.run.problems

    @property
    def has_errors(self) -> bool:
        """Whether rows had to be left out; the results of all others are given."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Addition:
    """Rows for an input table of the workbook, for a host to write below its last one: column header -> value."""

    table: str
    rows: tuple[Mapping[str, Any], ...]


def check(tables: Tables, as_of: date | None = None, places: report.ColumnPlaces | None = None) -> Outcome:
    """Everything wrong with a book: with its rows, and with what the rows mean together."""
    run = compute(tables, as_of)
    run = replace(run, problems=(*run.problems, *required_growth(tables)))
    return Outcome(run, (report.check(run, places),))


def calculate(tables: Tables, as_of: date | None = None, places: report.ColumnPlaces | None = None) -> Outcome:
    """Every result of a book as of a day (None: the book's own): the sheets Check to Runs, and a sentence on each finding."""
    run = compute(tables, as_of)
    found = report.report(run, places)
    return Outcome(run, found, tuple(table.title for table in found))


def explain(tables: Tables, program_id: str, distributor_id: str, period: str | None = None, as_of: date | None = None) -> Outcome:
    """How the figures of one distributor in one program came about: for each period its transactions, then step by step.

    `period` None means all that have begun. Where a parent is measured, a branch gets the parent's figures, and a
    message says so. Raises Refused for a program, distributor or period that the book does not know or that has no figure.
    """
    known(tables, program_id, distributor_id)
    run = compute(tables, as_of)
    hierarchy = Hierarchy(tables.distributors)
    measured = {row.participant_id for row in run.attainment if row.program_id == program_id}
    participant = next((one for one in hierarchy.ancestors_on(distributor_id, run.as_of) if one in measured), None)
    if participant is None:
        raise Refused(f"{distributor_id} has no figure in {program_id} by {run.as_of}; {_some(sorted(measured))} have one.")
    rows = [row for row in run.attainment if (row.program_id, row.participant_id) == (program_id, participant)]
    if period:
        one = audit.attainment_of(run, program_id, participant, period)
        if one is None:
            begun = _some([row.period.period_id for row in rows])
            raise Refused(f"{program_id} has no period {period} for {participant} by {run.as_of}; it has {begun}.")
        rows = [one]
    found = [line for line in audit.verdicts(run, [participant]) if line.program_id == program_id]
    explained = [table for row in rows for table in (_transactions(row, found), _steps(run, row))]
    note = () if participant == distributor_id else (f"{distributor_id} counts with {participant}: these are the figures of {participant}.",)
    return Outcome(run, tuple(explained), note)


def _transactions(row: Attainment, lines: Iterable[Verdict]) -> ResultTable:
    """Every line of a figure's period, those that count first, each of the others with the reason."""
    mine = [line for line in lines if line.period == row.period.period_id]
    mine.sort(key=lambda line: (not line.counts, line.invoice_date, line.transaction_id))
    counted = sum(line.counts for line in mine)
    title = f"{row.figure_id}: {report.count(counted, 'transaction')} counted, {len(mine) - counted:,} not"
    cells = tuple(
        (line.transaction_id, line.invoice_date, line.invoice_number, line.line, line.distributor_id, line.sku, line.quantity,
         with_cents(line.amount, line.currency), line.currency, "Yes" if line.counts else "No", line.reason_text)
        for line in mine
    )  # fmt: skip
    return ResultTable("Transactions", title, TRANSACTION_COLUMNS, cells)


def _steps(run: Run, row: Attainment) -> ResultTable:
    """The steps of a figure, as the computation made them; the accrual's follow."""
    program = next(one for one in run.tables.programs if one.program_id == row.program_id)
    percent = program.reward is RewardKind.PERCENT
    steps = audit.explain(run, row.program_id, row.participant_id, row.period.period_id)
    columns = (
        ResultColumn("Step", "text", "step"),
        ResultColumn("Detail", "text", "detail"),
        ResultColumn("Quantity", "number", "quantity"),
        ResultColumn("Rate", "percent" if percent else "number", "rate"),
        ResultColumn(f"Amount ({row.currency})", "number", "amount"),
    )
    cells = tuple((step.step, step.detail, step.quantity, step.rate, step.amount) for step in steps)
    accrued = next((one.accrued for one in run.accruals if one.figure_id == f"{row.figure_id.rsplit('/', 1)[0]}/accrued"), None)
    title = f"{row.figure_id}: {amount_text(row.earned, row.currency)} earned"
    title += f", {with_cents(accrued, row.currency):,} accrued" if accrued is not None else ""
    return ResultTable("Explanation", title, columns, cells)


def explain_cell(tables: Tables, figure_id: str, as_of: date | None = None) -> Outcome:
    """The explanation of the figure that a cell names: PROGRAM/PARTICIPANT/PERIOD/figure, as in the column Figure ID.

    Raises Refused for a text that is no figure id, or one that the book does not have.
    """
    parts = figure_id.strip().split("/")
    if len(parts) not in (3, 4) or not all(parts):
        raise Refused(f'"{figure_id}" is no figure id; one looks like P-100/NORTH/2026-Q1/earned.')
    return explain(tables, parts[0], parts[1], parts[2], as_of)


def make_statements(tables: Tables, as_of: date | None = None, branches: bool = False) -> Outcome:
    """Who gets a statement as of a day: one each top participant, with `branches` each branch too. A host writes them."""
    run = compute(tables, as_of)
    told = recipients(run, branches)
    columns = (ResultColumn("Participant ID", "id", "participant_id"), ResultColumn("Participant", "text", "participant_name"))
    title = f"{report.count(len(told), 'statement')} as of {run.as_of.isoformat()}"
    return Outcome(run, (ResultTable("Statements", title, columns, tuple((one.participant_id, one.name) for one in told)),), (title,))


def validate_claims(tables: Tables, as_of: date | None = None) -> Outcome:
    """Every claim line of a book with its status, amounts, reasons and what to do, as of a day (None: the book's own)."""
    run = compute(tables, as_of)
    found = claim_check(run)
    return Outcome(run, (found,), (found.title,)) if found else Outcome(run, (), ("The book has no claims.",))


@dataclass(frozen=True, slots=True)
class Receiving:
    """What a delivery of filled statements gives: a receipt for each file, and the rows for Claims and Disputes."""

    receipts: tuple[Receipt, ...]
    tables: tuple[ResultTable, ...]
    messages: tuple[str, ...]
    additions: tuple[Addition, ...] = ()


def receive_statements(
    files: Iterable[Sent], tables: Tables, key: bytes | None, latest: Mapping[str, date], *, accept_unsigned: bool = False
) -> Receiving:
    """The claims and disputes of filled statements that the book does not have yet, and what became of each file.

    `key` signs the statements of the book (None: it has made none), `latest` is the newest statement received before from each participant.
    """
    receipts = tuple(receipts_of(files, tables, key, latest, accept_unsigned))
    found = (
        ("Claims", tuple(row for receipt in receipts for row in receipt.claims)),
        ("Disputes", tuple(row for receipt in receipts for row in receipt.disputes)),
    )
    taken = sum(receipt.taken for receipt in receipts)
    aside = f", {len(receipts) - taken} set aside" if taken < len(receipts) else ""
    title = f"{report.count(taken, 'file')} taken{aside}: {report.count(len(found[0][1]), 'claim line')}, {report.count(len(found[1][1]), 'dispute')}"
    return Receiving(receipts, (received(receipts, title),), (title,), tuple(Addition(name, rows) for name, rows in found if rows))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison gives: its table, and what is wrong with the sources."""

    tables: tuple[ResultTable, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether rows of a source could not be compared."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


Sources = tuple[Sequence[RawTable], Sequence[Path]]


def reconcile(first: Sources, second: Sources, book: Tables | None, names: tuple[str, str]) -> Comparison:
    """Two sources of transactions side by side; with a book (the first's) the rebate at stake on each difference.

    Each source is raw tables and files. Raises CannotRead for a source without transactions.
    """
    engine, problems = open_engine(), list[Problem]()
    sources = [read_source(*each, engine, problems) for each in (first, second)]
    found = compare(sources[0], sources[1], Stakes(compute(book)) if book else None)
    return Comparison((differences(found, names),), tuple(problems))


def new_workbook() -> Path:
    """The empty standard workbook, for a host to open a copy of."""
    return asset("workbook_templates/rebates.xlsx")


def known(tables: Tables, program_id: str, distributor_id: str) -> None:
    """Raises Refused, naming what there is, for an id that the book does not hold."""
    programs = sorted({program.program_id for program in tables.programs})
    if program_id not in programs:
        raise Refused(f"The book has no program {program_id}; it has {_some(programs)}.")
    distributors = sorted({row.distributor_id for row in tables.distributors})
    if distributor_id not in distributors:
        raise Refused(f"The book has no distributor {distributor_id}; it has {_some(distributors)}.")


def _some(names: list[str], most: int = 8) -> str:
    if not names:
        return "none"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def column_places(raw: Iterable[RawTable]) -> dict[tuple[str, str], tuple[str, str]]:
    """Where each column of a read book stands: (table, column header) -> (sheet, column letters)."""
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for table in raw:
        described = BY_NAME.get(table.name)
        headers = {key(column.header): column.header for column in described.columns} if described else {}
        for at, header in enumerate(table.headers):
            if (name := headers.get(key(text_of(header)))) is not None:
                places.setdefault((table.name, name), (table.place, column_letters(table.first_column + at)))
    return places


def column_letters(index: int) -> str:
    """The letters of a column, counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# ---- rows from other systems


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import gives: the rows to append, the tables to show, and what to tell the person."""

    imported: imports.Imported
    rows: tuple[imports.ImportedRow, ...]  # those that the book does not hold yet
    tables: tuple[ResultTable, ...]
    problems: tuple[Problem, ...]
    messages: tuple[str, ...] = ()

    @property
    def additions(self) -> tuple[Addition, ...]:
        """The rows, for the table of the profile."""
        return (Addition(self.imported.table.name, tuple(row.cells for row in self.rows)),) if self.rows else ()

    @property
    def has_errors(self) -> bool:
        """Whether rows had to be left out."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def import_transactions(profile: imports.Profile, cells: Sequence[Sequence[object]], place: str, book: Iterable[RawTable] = ()) -> ImportOutcome:
    """What an export gives under a profile, and which of its rows a book does not hold yet (without a book: all of them).

    Rows that the book holds already are counted and not appended again; a row whose key the book has with other values
    is an error and not appended either. A host writes `rows` into the table of the profile.
    """
    imported = imports.read_export(profile, cells, place)
    raw = next((table for table in book if table.name == profile.table), None)
    fresh = new_rows(imported, raw)
    found = replace(imported, problems=(*imported.problems, *fresh.problems))
    would, not_understood = imports.preview(replace(found, rows=fresh.rows))
    title = f"{report.count(len(fresh.rows), 'row')} of {imported.read:,} in {place} for {profile.table}"
    held = (f"{report.count(fresh.held, 'row')} of {place} {'is' if fresh.held == 1 else 'are'} in the book already.",) if fresh.held else ()
    tables = (replace(would, title=title), not_understood)
    return ImportOutcome(imported, fresh.rows, tables, found.problems, held)


# ---- the books


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing a period gives: before it is posted what would be, and afterwards what was."""

    period: str
    run_id: str  # names what would be posted
    entries: int
    tables: tuple[ResultTable, ...]  # totals by program, kind and reason
    problems: tuple[Problem, ...]  # what stops it until somebody accepts it with a reason
    messages: tuple[str, ...]
    preview: Preview
    done: bool = False  # nothing is left to post

    @property
    def has_errors(self) -> bool:
        """Whether something stops it."""
        return bool(self.problems) and not self.done


def period_to_close(tables: Tables, ledger: Ledger) -> str:
    """The accounting period that closes next: the one after the last closed, else the last one ended by the book's day."""
    from .ledger import closed_periods  # a database takes its time to load: only where books are closed

    settings, closed = tables.settings, closed_periods(ledger.acts())
    if closed:
        return accounting_period(date.fromisoformat(closed[-1].as_of) + DAY, settings).period_id
    day = book_date(tables)
    current = accounting_period(day, settings)
    return (current if current.ends_on <= day else accounting_period(current.starts_on - DAY, settings)).period_id


def close_period(tables: Tables, period: str, ledger: Ledger, today: date | None = None) -> Closing:
    """What an accounting period lacks in the ledger (`period` empty: the next one); `post_period` posts it.

    A period that is not over is said, on a line of its own, and can be closed. Raises Refused for a period that is not the
    next one, or without an exchange rate that it needs.
    """
    from . import bookkeeping

    made = bookkeeping.preview(tables, period.strip() or period_to_close(tables, ledger), ledger)
    if made.already or made.run is None or made.inputs is None:
        return Closing(made.period.period_id, "", 0, (), (), (made.already,), made, True)
    said = f"{report.count(len(made.entries), 'entry', 'entries')} to post for {made.period.period_id}, as of {made.period.ends_on}."
    name = bookkeeping.run_id(made.inputs.input_hash, made.run.as_of)
    messages = (said, *_not_over(made.period, tables, today))
    return Closing(
        made.period.period_id, name, len(made.entries), (closing_totals(made.entries, tables.settings.base_currency),), made.problems, messages, made
    )


def _not_over(period: Period, tables: Tables, today: date | None) -> Iterator[str]:
    """What to know before closing a period that ends after the last day that the book knows, or after today."""
    known = known_until(tables)
    if period.ends_on > known:
        yield (
            f"{period.period_id} ends on {period.ends_on}, and the book knows nothing after {known} (As Of on the sheet Settings, or the last "
            "transaction). What comes later for this period is posted by the next close."
        )
    elif today is not None and period.ends_on > today:
        yield f"{period.period_id} is not over: it ends on {period.ends_on}. What comes later for this period is posted by the next close."


def post_period(closing: Closing, tables: Tables, ledger: Ledger, user: str, *, agreed: str = "", accepted: str = "") -> Closing:
    """Post what a close has shown, or propose it where Approval is on.

    `agreed` is the run id that a person has seen: where tables have moved since, nothing is posted. `accepted` says why it
    closes although there are errors. Raises Refused, and LedgerMoved when somebody else was first.
    """
    from . import bookkeeping

    if closing.done:
        return closing
    if agreed and agreed != closing.run_id:
        raise Refused(f"The tables have changed since you looked; nothing was posted. Look at {closing.period} again.")
    posted = bookkeeping.post(closing.preview, ledger, user, accepted)
    return replace(closing, entries=len(posted.entries), messages=(posted.message,), done=True)


def ledger_rows(tables: Tables, ledger: Ledger) -> tuple[Addition, ...]:
    """The entries of the ledger behind those that the sheet of an open workbook shows, for its host to write.

    Raises Refused for a sheet that shows something else.
    """
    entries = ledger.entries()
    shown = len(tables.ledger)
    if any(one.hash != other.hash for one, other in zip(tables.ledger, entries, strict=False)) or shown > len(entries):
        raise Refused("The ledger is safe, but the sheet Ledger shows something else: delete the rows of its table, and press Close Period again.")
    columns = BY_NAME["Ledger"].columns
    rows = tuple({column.header: getattr(entry, column.field) for column in columns} for entry in entries[shown:])
    return (Addition("Ledger", rows),) if rows else ()
