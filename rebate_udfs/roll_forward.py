"""The roll-forward: how the accrued balance of each program and participant moved, tied to the ledger, and how old what is unpaid is.

opening + accrual + true-up - settled - forfeited - written off + adjustments = closing, in program currency, with an exchange
column in Base Currency; a recoverable is never netted over participants. Source: domain.md section 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .model import EntryKind, LedgerEntry, PeriodKind, ResultColumn, ResultTable, Run
from .periods import accounting_period, calendar_periods

NOTHING = Decimal(0)
LOWERS = {EntryKind.SETTLEMENT: "settled", EntryKind.FORFEIT: "forfeited", EntryKind.WRITE_OFF: "written_off"}
RAISES = {EntryKind.ACCRUAL: "accrual", EntryKind.TRUE_UP: "true_up", EntryKind.ADJUSTMENT: "adjustments"}
AGES = ((0, "due within 30 days"), (30, "31 to 60 days"), (60, "61 to 90 days"), (90, "over 90 days"))


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
    aged: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

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
    """The fiscal year to the as-of date's accounting period, by program and participant, with the age of what is unpaid.

    None for a book whose ledger is empty: nothing has been posted yet.
    """
    if not run.tables.ledger:
        return None
    settings = run.tables.settings
    year = next(calendar_periods(PeriodKind.YEAR, run.as_of, run.as_of, settings))
    first, last = (accounting_period(day, settings).period_id for day in (year.starts_on, run.as_of))
    rows = movements(run.tables.ledger, first, last)
    _age(rows, run)
    currencies = sorted({row.currency for row in rows})
    one = len(currencies) == 1
    unit = f" ({currencies[0]})" if one else ""
    foreign = any(currency != settings.base_currency for currency in currencies)
    columns = [ResultColumn("Program ID", "id", "program_id"), ResultColumn("Program", "text", "program_name"),
               ResultColumn("Participant ID", "id", "participant_id"), ResultColumn("Participant", "text", "participant_name"),
               ResultColumn("Currency", "text", "currency")]  # fmt: skip
    columns += [ResultColumn(header + unit, "money", name, total=one) for header, name in COLUMNS]
    columns += [ResultColumn(f"Unpaid, {words}{unit}", "money", f"unpaid_{age}", total=one) for age, words in AGES]
    if foreign:
        base = settings.base_currency
        columns += [
            ResultColumn(f"Exchange ({base})", "money", "exchange", total=True),
            ResultColumn(f"Closing ({base})", "money", "base_closing", total=True),
        ]
    programs = {program.program_id: program.program_name for program in run.tables.programs}
    people = {row.distributor_id: row.distributor_name for row in reversed(run.tables.distributors)}
    cells = tuple(
        (row.program_id, programs.get(row.program_id, ""), row.participant_id, people.get(row.participant_id, ""), row.currency,
         *(getattr(row, name) for _, name in COLUMNS), *(row.aged[age] for age, _ in AGES),
         *((row.exchange, row.base_closing) if foreign else ()))
        for row in rows
    )  # fmt: skip
    return ResultTable("Roll-Forward", _title(rows, first, last), tuple(columns), cells, tuple(_subtotals(rows)))


COLUMNS = (("Opening", "opening"), ("Accrual", "accrual"), ("True-Up", "true_up"), ("Settled", "settled"), ("Forfeited", "forfeited"),
           ("Written Off", "written_off"), ("Adjustments", "adjustments"), ("Closing", "closing"))  # fmt: skip


def _title(rows: Iterable[Movement], first: str, last: str) -> str:
    sums = _by_currency(rows)
    if not sums:
        return "Nothing has been posted yet: close a period to see how balances move"
    return f"From {first} to {last} the accrued balance closes at " + " and ".join(f"{currency} {amount:,.2f}" for currency, amount in sums.items())


def _by_currency(rows: Iterable[Movement]) -> Mapping[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.currency] += row.closing
    return dict(sorted(found.items()))


def _subtotals(rows: Iterable[Movement]) -> Iterable[str]:
    """The closing balance of each program, in words."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.program_id, row.currency] += row.closing
    for (program, currency), amount in sorted(found.items()):
        yield f"{program} closes at {currency} {amount:,.2f}"


def _age(rows: Iterable[Movement], run: Run) -> None:
    """What is due and unpaid, by the days since it fell due."""
    by_key = {(row.program_id, row.participant_id): row for row in rows}
    for due in run.payable:
        row = by_key.get((due.program_id, due.participant_id))
        if row is not None and due.payable:
            row.aged[age_of(due.due_on, run.as_of)] += due.payable


def age_of(due_on: date, as_of: date) -> int:
    """The lower bound of the days since something fell due, as `AGES` has them.

    >>> age_of(date(2026, 1, 1), date(2026, 1, 31)), age_of(date(2026, 1, 1), date(2026, 2, 1)), age_of(date(2026, 1, 1), date(2026, 12, 31))
    (0, 30, 90)
    """
    days = (as_of - due_on).days
    return max((lower for lower, _ in AGES if days > lower), default=0)
