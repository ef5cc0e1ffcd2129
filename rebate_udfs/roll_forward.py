"""The roll-forward: how the accrued balance of each program and participant moved, tied to the ledger and to the journal.

opening + accrual + true-up - settled - forfeited - written off + adjustments = closing, in program currency, with an exchange
column in Base Currency; a recoverable is never netted over participants. Source: domain.md section 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .accrue import account_of
from .closing_accounts import BALANCE
from .model import EntryKind, LedgerEntry, PeriodKind, Perspective, ResultColumn, ResultTable, Run
from .money import with_cents
from .periods import accounting_period, calendar_periods
from .report_columns import by_currency, words

NOTHING = Decimal(0)
LOWERS = {EntryKind.SETTLEMENT: "settled", EntryKind.FORFEIT: "forfeited", EntryKind.WRITE_OFF: "written_off"}
RAISES = {EntryKind.ACCRUAL: "accrual", EntryKind.TRUE_UP: "true_up", EntryKind.ADJUSTMENT: "adjustments"}


@dataclass(slots=True)
class Movement:
    """One program and participant: every column positive as its header says."""

    program_id: str
    participant_id: str
    currency: str
    opening: Decimal = NOTHING
    accrual: Decimal = NOTHING
    true_up: Decimal = NOTHING
    settled: Decimal = NOTHING
    forfeited: Decimal = NOTHING
    written_off: Decimal = NOTHING
    adjustments: Decimal = NOTHING
    base_opening: Decimal = NOTHING
    base_moved: Decimal = NOTHING  # in Base Currency, exchange apart
    exchange: Decimal = NOTHING

    @property
    def closing(self) -> Decimal:
        """What the columns give."""
        return self.opening + self.accrual + self.true_up - self.settled - self.forfeited - self.written_off + self.adjustments

    @property
    def base_closing(self) -> Decimal:
        """The balance in Base Currency."""
        return self.base_opening + self.base_moved + self.exchange


def movements(ledger: Iterable[LedgerEntry], first: str, last: str) -> list[Movement]:
    """How balances moved in the accounting periods `first` to `last`; what came before is the opening, as are Opening entries.

    Reversals count as what they reverse.
    """
    found: dict[tuple[str, str, str], Movement] = {}
    kinds: dict[str, EntryKind] = {}
    for entry in ledger:
        kinds[entry.entry_id] = entry.kind
        if entry.accounting_period > last:
            continue
        kind = kinds.get(entry.reverses, entry.kind) if entry.kind is EntryKind.REVERSAL else entry.kind
        key = (entry.program_id, entry.participant_id, entry.currency)
        row = found.setdefault(key, Movement(*key))
        in_base = entry.base_amount if entry.base_amount is not None else entry.amount
        if entry.accounting_period < first or kind is EntryKind.OPENING:
            row.opening += entry.amount
            row.base_opening += in_base
            continue
        if kind is EntryKind.REVALUATION:
            row.exchange += in_base
            continue
        row.base_moved += in_base
        name = RAISES.get(kind) or LOWERS[kind]
        setattr(row, name, getattr(row, name) + (entry.amount if kind in RAISES else -entry.amount))
    return [found[key] for key in sorted(found)]


def roll_forward(run: Run) -> ResultTable | None:
    """The fiscal year to the as-of date's accounting period, by program and participant.

    None for a book whose ledger is empty: nothing has been posted yet.
    """
    if not run.tables.ledger:
        return None
    rows, (first, last) = movements(run.tables.ledger, *_year(run)), _year(run)
    programs = {program.program_id: program.program_name for program in run.tables.programs}
    people = {row.distributor_id: row.distributor_name for row in reversed(run.tables.distributors)}
    who = (
        ("Program ID", "id", "program_id", lambda row: row.program_id),
        ("Program", "text", "program_name", lambda row: programs.get(row.program_id, "")),
        ("Participant ID", "id", "participant_id", lambda row: row.participant_id),
        ("Participant", "text", "participant_name", lambda row: people.get(row.participant_id, "")),
    )
    return _table("Roll-Forward", _title(rows, first, last), who, rows, run, (_tied(run, rows, first, last),))


def by_program(run: Run) -> ResultTable | None:
    """The same with a row for each program and currency: the subtotals of Roll-Forward."""
    if not run.tables.ledger:
        return None
    first, last = _year(run)
    sums: dict[tuple[str, str], Movement] = {}
    people: dict[tuple[str, str], int] = defaultdict(int)
    for row in movements(run.tables.ledger, first, last):
        key = (row.program_id, row.currency)
        people[key] += 1
        total = sums.setdefault(key, Movement(row.program_id, "", row.currency))
        for name in ADDED:
            setattr(total, name, getattr(total, name) + getattr(row, name))
    programs = {program.program_id: program.program_name for program in run.tables.programs}
    who = (
        ("Program ID", "id", "program_id", lambda row: row.program_id),
        ("Program", "text", "program_name", lambda row: programs.get(row.program_id, "")),
        ("Participants", "integer", "participants", lambda row: people[row.program_id, row.currency]),
    )
    return _table("Roll-Forward Programs", _title(sums.values(), first, last), who, list(sums.values()), run)


def _year(run: Run) -> tuple[str, str]:
    """The first accounting period of the as-of date's fiscal year, and the one that holds the date."""
    settings = run.tables.settings
    year = next(calendar_periods(PeriodKind.YEAR, run.as_of, run.as_of, settings))
    return accounting_period(year.starts_on, settings).period_id, accounting_period(run.as_of, settings).period_id


Who = tuple[str, str, str, Callable[[Movement], Any]]  # header, kind, field, cell


def _table(name: str, title: str, who: Sequence[Who], rows: Sequence[Movement], run: Run, notes: Iterable[str] = ()) -> ResultTable:
    """One row a movement; columns in Base Currency where a program has another."""
    base, currencies = run.tables.settings.base_currency, sorted({row.currency for row in rows})
    one = len(currencies) == 1
    unit = f" ({currencies[0]})" if one else ""
    in_base = (("Opening", "base_opening"), ("Moved", "base_moved"), ("Exchange", "exchange"), ("Closing", "base_closing"))
    foreign = in_base if any(currency != base for currency in currencies) else ()
    columns = [
        *(ResultColumn(*column[:3]) for column in who),
        ResultColumn("Currency", "text", "currency"),
        *(ResultColumn(header + unit, "money", field_, total=one) for header, field_ in COLUMNS),
        *(ResultColumn(f"{header} in Base ({base})", "money", field_, total=True) for header, field_ in foreign),
    ]
    cells = tuple(
        (*(cell(row) for *_, cell in who), row.currency, *(with_cents(getattr(row, field_), row.currency) for _, field_ in COLUMNS),
         *(with_cents(getattr(row, field_), base) for _, field_ in foreign))
        for row in rows
    )  # fmt: skip
    return ResultTable(name, title, tuple(columns), cells, tuple(note for note in notes if note))


COLUMNS = (("Opening", "opening"), ("Accrual", "accrual"), ("True-Up", "true_up"), ("Settled", "settled"), ("Forfeited", "forfeited"),
           ("Written Off", "written_off"), ("Adjustments", "adjustments"), ("Closing", "closing"))  # fmt: skip
ADDED = ("opening", "accrual", "true_up", "settled", "forfeited", "written_off", "adjustments", "base_opening", "base_moved", "exchange")


def _title(rows: Iterable[Movement], first: str, last: str) -> str:
    return f"From {first} to {last} the accrued balance closes at {words(by_currency((row.currency, row.closing) for row in rows))}"


def _tied(run: Run, rows: Sequence[Movement], first: str, last: str) -> str:
    """The same balances by account: what the journal has on the balance accounts at the end, Opening rows apart, which have no accounts."""
    manufacturer = run.tables.settings.perspective is Perspective.MANUFACTURER
    role, kinds = BALANCE[run.tables.settings.perspective], {program.program_id: program.rebate_type for program in run.tables.programs}
    names = {account_of(role, program, kind, run.tables.accounts)[0] for program, kind in kinds.items()}
    held, without = NOTHING, NOTHING
    for entry in run.tables.ledger:
        if entry.accounting_period > last:
            continue
        in_base = entry.base_amount if entry.base_amount is not None else entry.amount
        if not (entry.debit_account or entry.credit_account):
            without += in_base
            continue
        held += abs(in_base) * ((entry.credit_account in names) - (entry.debit_account in names)) * (1 if manufacturer else -1)
    closing, base = sum((row.base_closing for row in rows), NOTHING), run.tables.settings.base_currency
    opened = f" and {words({base: without})} of other books" if without else ""
    found = f"The journal to {last} leaves {words({base: held})} on {' and '.join(sorted(names))}{opened}"
    return f"{found}: the same as the closing balance." if held + without == closing else f"{found}, the closing balance is {words({base: closing})}."
