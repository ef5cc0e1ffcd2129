"""The result table Payment Timeliness: what was paid on which day against the day on which it was due.

Payments settle the oldest due of a figure first, by their Paid On date (domain.md section 5, "Settlement"); what was due
and is not paid yet is as late as the as-of date makes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .agreements import agreements
from .model import Payable, Payment, ResultTable, Run
from .participants import Hierarchy
from .report_columns import Column, Names, money_column, table_of
from .settle import resolve

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what fell due: paid on a day, or (None) not yet."""

    amount: Decimal
    due_on: date
    paid_on: date | None


@dataclass(slots=True)
class Timeliness:
    """One participant in one program, up to the as-of date; money in the program's currency."""

    program_id: str
    participant_id: str
    currency: str
    in_time: Decimal = NOTHING
    late: Decimal = NOTHING
    unpaid: Decimal = NOTHING  # past its due date
    late_days: Decimal = NOTHING  # days x amount, of what was paid late or is unpaid
    longest: int = 0

    @property
    def due(self) -> Decimal:
        """All that had to be paid by now, and what was paid before it had to."""
        return self.in_time + self.late + self.unpaid

    @property
    def share(self) -> Fraction | None:
        """The part of it that was paid in time."""
        return Fraction(self.in_time) / Fraction(self.due) if self.due else None

    @property
    def days_late(self) -> Fraction:
        """Days late on average, weighted by amount; what was in time counts as 0 days."""
        return Fraction(self.late_days) / Fraction(self.due) if self.due else Fraction(0)


def parts_of(dues: Iterable[Payable], payments: Iterable[Payment], as_of: date) -> list[Part]:
    """The dues of one figure matched with its payments, oldest first; a voided or repaid payment counts with what is left of it."""
    left = _paid(payments, as_of)
    found: list[Part] = []
    for due in sorted(dues, key=lambda row: row.due_on):
        open_ = max(due.due, NOTHING)
        while left and open_ > 0:
            day, amount = left.pop(0)
            part = min(amount, open_)
            open_ -= part
            if amount > part:
                left.insert(0, (day, amount - part))
            found.append(Part(part, due.due_on, day))
        unpaid = min(open_, due.payable)  # not what later settlements have taken back
        if due.due_on < as_of and unpaid > 0:
            found.append(Part(unpaid, due.due_on, None))
    return found


def _paid(payments: Iterable[Payment], as_of: date) -> list[tuple[date, Decimal]]:
    """Days and amounts that were paid and stayed paid, oldest first: what is negative takes from the newest before it."""
    left: list[tuple[date, Decimal]] = []
    for row in sorted(payments, key=lambda each: each.paid_on or date.max):
        if row.paid_on is None or row.paid_on > as_of:
            continue
        if row.amount >= 0:
            left.append((row.paid_on, row.amount))
            continue
        back = -row.amount
        while left and back > 0:
            day, amount = left.pop()
            if amount > back:
                left.append((day, amount - back))
            back -= min(amount, back)
    return left


def timeliness_rows(run: Run) -> list[Timeliness]:
    """How punctual we were by program and participant, for all that fell due or was paid by the as-of date."""
    programs, _ = agreements(run.tables, Hierarchy(run.tables.distributors))
    paid = resolve(programs, run.tables.payments)
    dues: dict[tuple[str, str, str], list[Payable]] = defaultdict(list)
    for due in run.payable:
        dues[due.program_id, due.participant_id, due.period].append(due)
    found: dict[tuple[str, str], Timeliness] = {}
    for key, rows in dues.items():
        row = found.setdefault(key[:2], Timeliness(*key[:2], rows[0].currency))
        for part in parts_of(rows, paid.get(key, ()), run.as_of):
            _add(row, part, run.as_of)
    return [found[key] for key in sorted(found) if found[key].due]


def _add(row: Timeliness, part: Part, as_of: date) -> None:
    days = ((part.paid_on or as_of) - part.due_on).days
    if part.paid_on is None:
        row.unpaid += part.amount
    elif days > 0:
        row.late += part.amount
    else:
        row.in_time += part.amount
    if days > 0:
        row.late_days += days * part.amount
        row.longest = max(row.longest, days)


def timeliness(run: Run) -> ResultTable | None:
    """Paid on against due on; None where nothing has fallen due and nothing was paid."""
    rows, names = timeliness_rows(run), Names(run)
    if not rows:
        return None
    columns = (
        *names.columns(),
        money_column("Fell Due", "due"),
        money_column("Paid In Time", "in_time"),
        money_column("Paid Late", "late"),
        money_column("Unpaid And Late", "unpaid"),
        Column("Share In Time", "percent", "share", lambda row: row.share, bar=True),
        Column("Days Late On Average", "number", "days_late", lambda row: round(Decimal(row.days_late.numerator) / row.days_late.denominator, 1)),
        Column("Days Late At Most", "integer", "longest", lambda row: row.longest),
    )
    return table_of("Payment Timeliness", _title(rows), columns, rows, (row.currency for row in rows))


def _title(rows: Sequence[Timeliness]) -> str:
    """By amount where there is one currency, else by participants: money of two currencies has no share."""
    if len({row.currency for row in rows}) == 1:
        whole = sum((Fraction(row.due) for row in rows), Fraction(0))
        share = sum((Fraction(row.in_time) for row in rows), Fraction(0)) / whole
        days = sum((Fraction(row.late_days) for row in rows), Fraction(0)) / whole
        return f"{float_free(share * 100)} % of what fell due was paid in time; {float_free(days)} days late on average"
    punctual = sum(not row.late and not row.unpaid for row in rows)
    return f"{punctual} of {len(rows)} participants and programs were paid in time, always"


def float_free(number: Fraction) -> str:
    """A number with one decimal, without a detour over binary ones.

    >>> float_free(Fraction(200, 3)), float_free(Fraction(100))
    ('66.7', '100')
    """
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):.1f}"
    return text.removesuffix(".0")
