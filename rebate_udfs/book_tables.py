"""The tables that a cell spills: results of a run, its problems, the explanation of a figure; a header row and at least one more.

In them an empty cell is empty text, a date a serial number of the workbook's date system, a truth Yes or No.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import audit, report
from .allocation import Key
from .answers import EARNED, Answers
from .model import Accrual, CellError, ClaimResult, JournalRow, LedgerEntry, Payable, ResultColumn, ResultTable, Run, Verdict
from .parse import EPOCH_1900, EPOCH_1904
from .report_claims import claim_check
from .roll_forward import roll_forward

Grid = list[list[Any]]
VALUE = "#VALUE!"
ROWS_LIMIT = 1_048_575  # of a sheet, the header apart
NOTHING_TO_SHOW = "nothing to show"
ZERO = Decimal(0)
CHECK_HEADER = ("Severity", "Code", "Table", "Row", "Column", "Message", "Remedy")
EXPLAIN_HEADER = ("Step", "Detail", "Quantity", "Rate", "Amount")
TRANSACTION_HEADER = (
    "Program ID", "Participant ID", "Period", "Transaction ID", "Invoice Date", "Invoice Number", "Line", "Distributor ID", "SKU", "Type",
    "Quantity", "Amount", "Currency", "Counts", "Why Not",
)  # fmt: skip


def spilled(header: Sequence[str], rows: Iterable[Sequence[Any]], date_1904: bool) -> Grid:
    """A header and rows as cells; `nothing to show` below the header where there is no row."""
    epoch = EPOCH_1904 if date_1904 else EPOCH_1900
    cells = [[_cell(value, epoch) for value in row] for row in rows]
    return [list(header), *(cells or [[NOTHING_TO_SHOW, *([""] * (len(header) - 1))]])]


def _cell(value: Any, epoch: date) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return float((value - epoch).days)
    if isinstance(value, (int, Decimal, Fraction)):
        exact = Fraction(value)
        return exact.numerator / exact.denominator
    if isinstance(value, tuple):  # a link: where it leads to
        return "!".join(map(str, value))
    return str(value)


# ---- REBATE_TABLE


def coach(run: Run) -> ResultTable:
    """Who is near the next tier, nearest first: what it takes, and what it is worth."""
    names = {program.program_id: program.program_name for program in run.tables.programs}
    people = {row.distributor_id: row.distributor_name for row in reversed(run.tables.distributors)}
    rows = report.near_next_tier(run)
    headers = (
        ("Program ID", "id"), ("Program", "text"), ("Participant ID", "id"), ("Participant", "text"), ("Period", "id"), ("Period Ends", "date"),
        ("Measure", "number"), ("Measured In", "text"), ("Tier Reached", "integer"), ("To Next Tier", "number"), ("Next Tier Adds", "money"),
        ("Currency", "text"),
    )  # fmt: skip
    cells = tuple(
        (row.program_id, names.get(row.program_id, ""), row.participant_id, people.get(row.participant_id, ""), row.period.period_id,
         row.period.ends_on, row.measure, row.measure_unit, row.attained_tier, row.to_next_tier, row.next_tier_value, row.currency)
        for row in rows
    )  # fmt: skip
    columns = tuple(ResultColumn(header, kind, header.lower().replace(" ", "_")) for header, kind in headers)
    return ResultTable("Coach", f"{len(rows)} near the next tier", columns, cells)


TRANSACTIONS = "Transactions"
TABLES: Mapping[str, Callable[[Run], ResultTable | None]] = {
    "Attainment": report.attainment,
    "Accruals": report.accruals,
    "Payable": report.payable,
    "Journal": report.journal,
    "Roll-Forward": roll_forward,
    "Claims": claim_check,
    "Coach": coach,
}
NAMES = (*TABLES, TRANSACTIONS)


def table(answers: Answers, name: str, program_id: str, distributor_id: str, date_1904: bool) -> Grid | CellError:
    """A result table of a run, of one program or all, of one distributor (its whole figures, else its shares) or all."""
    if name == TRANSACTIONS:
        rows = [_transaction(line) for line in lines_of(answers, program_id, distributor_id)]
        if len(rows) > ROWS_LIMIT:
            return CellError(VALUE, f"{len(rows):,} rows are more than a sheet holds: name a program or a distributor")
        return spilled(TRANSACTION_HEADER, rows, date_1904)
    found = TABLES[name](narrowed(answers, program_id, distributor_id))
    if found is None:  # a book without claims or postings
        return spilled((name,), (), date_1904)
    return spilled([column.header for column in found.columns], found.rows, date_1904)


def narrowed(answers: Answers, program_id: str, distributor_id: str) -> Run:
    """The run with the figures of one program and one distributor only; of a figure that it shares, its part of each amount.

    Rows of Attainment stay whole: a tier is the participant's.
    """
    run = answers.run
    if not program_id and not distributor_id:
        return run
    wanted = {key for one in ([program_id] if program_id else answers.agreements) for key in _keys(answers, one, distributor_id)}
    return replace(
        run,
        attainment=tuple(row for row in run.attainment if (row.program_id, row.participant_id, row.period.period_id) in wanted),
        accruals=tuple(_accrual(answers, row, distributor_id) for row in run.accruals if _key(row.figure_id) in wanted),
        payable=tuple(_payable(answers, row, distributor_id) for row in run.payable if _key(row.figure_id) in wanted),
        journal=tuple(row for key, rows in _by_figure(run.journal).items() if key in wanted for row in _entry(answers, key, rows, distributor_id)),
        claims=tuple(row for row in run.claims if program_id in ("", row.program_id) and _is_of(answers, row, distributor_id)),
        tables=replace(run.tables, ledger=tuple(_postings(answers, wanted, program_id, distributor_id))),
    )


def _is_of(answers: Answers, row: ClaimResult, distributor_id: str) -> bool:
    """Whether a claim line is a distributor's: its own, a branch's, or one on its figure."""
    if distributor_id in ("", row.distributor_id, row.participant_id):
        return True
    return distributor_id in answers.hierarchy.ancestors_on(row.distributor_id, row.claim_date or answers.run.as_of)


def _postings(answers: Answers, wanted: Collection[Key], program_id: str, distributor_id: str) -> Iterator[LedgerEntry]:
    """The ledger of a program and a distributor: whole entries of the figures that are its own or its branches', else its shares."""
    base = answers.run.tables.settings.base_currency
    for entry in answers.run.tables.ledger:
        if program_id not in ("", entry.program_id):
            continue
        key = (entry.program_id, entry.participant_id, entry.earning_period)
        if distributor_id in ("", entry.participant_id):
            yield entry
        elif key in wanted and entry.program_id in answers.agreements:
            in_base = None if entry.base_amount is None else answers.split(entry.base_amount, key, distributor_id, base)
            yield entry.model_copy(update={"amount": answers.split(entry.amount, key, distributor_id), "base_amount": in_base})
        elif distributor_id in answers.hierarchy.ancestors_on(entry.participant_id, answers.run.as_of):
            yield entry


def _keys(answers: Answers, program_id: str, distributor_id: str) -> Sequence[Key]:
    return answers.keys_of(program_id, distributor_id) if distributor_id else answers.keys.get(program_id, [])


def _key(figure_id: str) -> Key:
    """Program, participant and period of a figure id (none of the three holds a slash: figure ids could not be read back)."""
    program_id, participant_id, period_id = figure_id.split("/")[:3]
    return program_id, participant_id, period_id


def _accrual(answers: Answers, row: Accrual, distributor_id: str) -> Accrual:
    key = _key(row.figure_id)
    if not distributor_id or key[1] == distributor_id:
        return row
    earned, accrued, held = (answers.split(amount, key, distributor_id) for amount in (row.earned, row.accrued, row.recognised))
    return replace(row, earned=earned, accrued=accrued, recognised=held, true_up=accrued - held)


def _payable(answers: Answers, row: Payable, distributor_id: str) -> Payable:
    key = _key(row.figure_id)
    if not distributor_id or key[1] == distributor_id:
        return row
    amounts = (row.due, row.settled, row.payable, row.recoverable, row.carried, row.lapsed)
    due, settled, payable, recoverable, carried, lapsed = (answers.split(amount, key, distributor_id) for amount in amounts)
    return replace(row, due=due, settled=settled, payable=payable, recoverable=recoverable, carried=carried, lapsed=lapsed)


def _by_figure(rows: Iterable[JournalRow]) -> dict[Key, list[JournalRow]]:
    found: dict[Key, list[JournalRow]] = {}
    for row in rows:
        found.setdefault(_key(row.figure_id), []).append(row)
    return found


def _entry(answers: Answers, key: Key, rows: Sequence[JournalRow], distributor_id: str) -> list[JournalRow]:
    """A distributor's part of an entry; a cent that rounding leaves between the sides goes to the last row."""
    if not distributor_id or key[1] == distributor_id:
        return list(rows)
    nets = [answers.split(row.debit - row.credit, key, distributor_id) for row in rows]
    nets[-1] -= sum(nets, ZERO)
    return [replace(row, debit=max(net, ZERO), credit=max(-net, ZERO)) for row, net in zip(rows, nets, strict=True) if net]


def lines_of(answers: Answers, program_id: str, distributor_id: str) -> list[Verdict]:
    """What each program says of each transaction: of one program or all, of one distributor with its branches or all."""
    participants = None
    if distributor_id:
        family = answers.family(distributor_id)
        members = (place for each in answers.agreements.values() for one in family for place in answers.members(each).get(one, ()))
        participants = {distributor_id, *(place.participant_id for place in members)}
    found = []
    for line in audit.verdicts(answers.run, participants):
        if program_id and line.program_id != program_id:
            continue
        day = line.counted_on or line.invoice_date
        if (
            distributor_id
            and line.participant_id != distributor_id
            and distributor_id not in answers.hierarchy.ancestors_on(line.distributor_id, day)
        ):
            continue
        found.append(line)
    return found


def _transaction(line: Verdict) -> tuple[Any, ...]:
    return (line.program_id, line.participant_id, line.period, line.transaction_id, line.invoice_date, line.invoice_number, line.line,
            line.distributor_id, line.sku, line.type, line.quantity, line.amount, line.currency, line.counts, line.reason_text)  # fmt: skip


# ---- REBATE_CHECK and REBATE_EXPLAIN


def check(answers: Answers, date_1904: bool) -> Grid:
    """Everything wrong, errors first."""
    problems = sorted(answers.run.problems, key=lambda one: report.SEVERITIES.index(one.severity))
    rows = ((one.severity.value, one.code, one.table, one.row, one.column, one.message, one.remedy) for one in problems)
    return spilled(CHECK_HEADER, rows, date_1904)


def explain(answers: Answers, program_id: str, distributor_id: str, period: str, date_1904: bool) -> Grid | CellError:
    """How REBATE_EARNED of the same arguments came about, figure by figure; the last row is the figure."""
    periods = answers.period_ids([program_id], period) if period else {}
    if isinstance(periods, CellError):
        return periods
    keys = [key for key in answers.keys_of(program_id, distributor_id) if not periods or key[2] == periods[program_id]]
    keys = [key for key in keys if key in answers.attainment]
    keys.sort(key=lambda key: answers.attainment[key].period.starts_on)
    rows: list[tuple[Any, ...]] = []
    amounts = []
    for key in keys:
        steps = audit.explain_earned(answers.run, *key)
        rows += [(step.step, step.detail, step.quantity, step.rate, step.amount) for step in steps]
        amounts.append(answers.amount(EARNED, key, distributor_id))
        if key[1] != distributor_id:
            rows.append(_share_row(answers, key, distributor_id, amounts[-1]))
    if len(keys) != 1:
        detail = f"{len(keys)} figures of {distributor_id} in {program_id}" if keys else f"{distributor_id} has no figure in {program_id} yet"
        rows.append(("Earned", detail, None, None, sum(amounts, ZERO)))
    return spilled(EXPLAIN_HEADER, rows, date_1904)


def _share_row(answers: Answers, key: Key, distributor_id: str, amount: Decimal) -> tuple[Any, ...]:
    parts = answers.parts.get(key, ())
    own = sum((part.base for part in parts if distributor_id in part.chain), Fraction(0))
    return ("Share", f"{distributor_id} in what {key[1]} earned, by the base of the lines", own, None, amount)
