"""The result table Aging: what is owed to each participant and not paid, by the days since it fell due, and what is recoverable beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .model import ResultTable, Run
from .report_columns import Column, Names, by_currency, money_column, table_of, words

NOTHING = Decimal(0)
AGES = (
    (-1, "Not Due"),
    (0, "1 to 30 Days"),
    (30, "31 to 60 Days"),
    (60, "61 to 90 Days"),
    (90, "Over 90 Days"),
)  # more days than that since it fell due


@dataclass(slots=True)
class Aged:
    """One participant in one program: settled at nothing of it yet, by age; money in the program's currency."""

    program_id: str
    participant_id: str
    currency: str
    by_age: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    recoverable: Decimal = NOTHING
    oldest: date | None = None  # day on which the oldest of it fell due

    @property
    def overdue(self) -> Decimal:
        """What should have been paid by now."""
        return sum((amount for age, amount in self.by_age.items() if age >= 0), NOTHING)

    @property
    def unpaid(self) -> Decimal:
        """All that is owed by a settlement that has ended, due or not."""
        return sum(self.by_age.values(), NOTHING)


def age_of(due_on: date, as_of: date) -> int:
    """The age of what fell due on a day, as `AGES` has it; what falls due today is not late yet.

    >>> [age_of(date(2026, 1, 31), date(2026, month, day)) for month, day in ((1, 31), (2, 1), (3, 2), (3, 3), (12, 31))]
    [-1, 0, 0, 30, 90]
    """
    days = (as_of - due_on).days
    return max((lower for lower, _ in AGES if days > lower), default=-1)


def aged_rows(run: Run) -> list[Aged]:
    """What is unpaid by program and participant; a recoverable stands beside it and is never netted."""
    found: dict[tuple[str, str, str], Aged] = {}
    for due in run.payable:
        row = found.setdefault((due.program_id, due.participant_id, due.currency), Aged(due.program_id, due.participant_id, due.currency))
        amount = due.payable if due.due_on <= run.as_of else max(due.due - due.settled, NOTHING)
        row.recoverable += due.recoverable
        if amount:
            row.by_age[age_of(due.due_on, run.as_of)] += amount
            row.oldest = min(due.due_on, row.oldest or due.due_on)
    return [found[key] for key in sorted(found) if found[key].unpaid or found[key].recoverable]


def aging(run: Run) -> ResultTable | None:
    """The age of what is unpaid; None where no settlement has left anything open."""
    rows, names = aged_rows(run), Names(run)
    if not rows:
        return None
    columns = (
        *names.columns(),
        *(_aged(header, age) for age, header in AGES),
        Column("Unpaid", "money", "unpaid", lambda row: row.unpaid, unit=True, total=True),
        Column("Oldest Due On", "date", "oldest_due_on", lambda row: row.oldest),
        money_column("Recoverable", "recoverable"),
    )
    return table_of("Aging", _title(rows), columns, rows, (row.currency for row in rows))


def _aged(header: str, age: int) -> Column:
    name = f"unpaid_{header.lower().replace(' ', '_')}"
    return Column(header, "money", name, lambda row: row.by_age[age], unit=True, total=True)


def _title(rows: Iterable[Aged]) -> str:
    late = {currency: amount for currency, amount in by_currency((row.currency, row.overdue) for row in rows).items() if amount}
    open_ = {currency: amount for currency, amount in by_currency((row.currency, row.unpaid) for row in rows).items() if amount}
    if not open_:
        return "Nothing is unpaid; something is recoverable"
    return f"{words(open_)} {'are' if len(open_) > 1 else 'is'} unpaid, {words(late) + ' of it past its due date' if late else 'nothing of it late'}"
