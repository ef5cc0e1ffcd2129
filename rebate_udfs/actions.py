"""The actions behind the ribbon's buttons and the command line's verbs: tables in, result tables and messages out.

No host is in sight: whoever calls has read the tables and writes what comes back, a workbook, a task pane or a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from . import audit, imports, report
from .assets import asset
from .engines import open_engine
from .growth_review import required_growth
from .import_merge import new_rows
from .model import Attainment, Problem, ResultColumn, ResultTable, RewardKind, Run, Severity, Tables, Verdict
from .parse import RawTable, text_of
from .participants import Hierarchy
from .pipeline import run as compute
from .reconcile import Stakes, read_source
from .reconcile import reconcile as compare
from .reconcile import table as differences
from .report_claims import claim_check
from .statement import recipients
from .tables import BY_NAME
from .words import key

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


class Refused(Exception):
    """A call that cannot be answered as asked: one sentence that says why and what to do."""


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
        (line.transaction_id, line.invoice_date, line.invoice_number, line.line, line.distributor_id, line.sku, line.quantity, line.amount,
         line.currency, "Yes" if line.counts else "No", line.reason_text)
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
    title = f"{row.figure_id}: {row.currency} {row.earned:,} earned" + (f", {accrued:,} accrued" if accrued is not None else "")
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
