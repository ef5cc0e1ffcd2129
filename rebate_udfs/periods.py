"""Calendars as tables of days: months, fiscal quarters, halves, years and 4-4-5 families.

Rules never do date arithmetic: they ask here for the periods of a program, each with its id and days.
Source: design rules "Periods"; 4-4-5 calendars as retailers keep them (52 weeks, a 53rd where the year needs it).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from .model import CalendarKind, Period, PeriodKind, Program, Settings, SettlementBasis, Weekday, YearEndRule

DAY = timedelta(days=1)
MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6, PeriodKind.YEAR: 12}  # fiscal months in each
WEEKS = {  # weeks of the three fiscal months of a quarter
    CalendarKind.FOUR_FOUR_FIVE: (4, 4, 5),
    CalendarKind.FOUR_FIVE_FOUR: (4, 5, 4),
    CalendarKind.FIVE_FOUR_FOUR: (5, 4, 4),
}
WEEKDAY_NUMBER = {
    Weekday.MONDAY: 0, Weekday.TUESDAY: 1, Weekday.WEDNESDAY: 2, Weekday.THURSDAY: 3,
    Weekday.FRIDAY: 4, Weekday.SATURDAY: 5, Weekday.SUNDAY: 6,
}  # fmt: skip


def month_end(year: int, month: int) -> date:
    """The last day of a calendar month."""
    return date(year, month, monthrange(year, month)[1])


def fiscal_year_end(year: int, settings: Settings) -> date:
    """The last day of the fiscal year that is named `year`.

    >>> fiscal_year_end(2026, Settings(fiscal_year_start=7))
    datetime.date(2026, 6, 30)
    >>> fiscal_year_end(2025, Settings(calendar="4-4-5"))
    datetime.date(2026, 1, 3)
    """
    closing = settings.fiscal_year_start - 1 or 12
    last = month_end(year, closing)
    if settings.calendar is CalendarKind.MONTHLY:
        return last
    before = last - DAY * ((last.weekday() - WEEKDAY_NUMBER[settings.week_end]) % 7)
    if settings.year_end_rule is YearEndRule.LAST or (last - before).days <= 3:
        return before
    return before + 7 * DAY


def fiscal_months(year: int, settings: Settings) -> tuple[Period, ...]:
    """The twelve months (or 4-4-5 periods) of the fiscal year named `year`, in order, without gaps."""
    first, last = fiscal_year_end(year - 1, settings) + DAY, fiscal_year_end(year, settings)
    months, starts_on = [], first
    for number in range(12):
        if settings.calendar is CalendarKind.MONTHLY:
            ends_on, name = month_end(starts_on.year, starts_on.month), f"{starts_on:%Y-%m}"
        else:
            weeks = WEEKS[settings.calendar][number % 3]
            ends_on, name = starts_on + 7 * weeks * DAY - DAY, f"{year}-P{number + 1:02d}"
        ends_on = last if number == 11 else ends_on  # the 53rd week goes to the last period
        months.append(Period(name, starts_on, ends_on))
        starts_on = ends_on + DAY
    return tuple(months)


@lru_cache(maxsize=4096)
def fiscal_periods(year: int, kind: PeriodKind, settings: Settings) -> tuple[Period, ...]:
    """The months, quarters, halves or the year of the fiscal year named `year`.

    >>> [p.period_id for p in fiscal_periods(2026, PeriodKind.HALF, Settings(fiscal_year_start=7))]
    ['2026-H1', '2026-H2']
    """
    months, size = fiscal_months(year, settings), MONTHS[kind]
    if kind is PeriodKind.MONTH:
        return months
    name = {PeriodKind.QUARTER: f"{year}-Q", PeriodKind.HALF: f"{year}-H"}.get(kind)
    return tuple(
        Period(f"{name}{at // size + 1}" if name else str(year), months[at].starts_on, months[at + size - 1].ends_on) for at in range(0, 12, size)
    )


def calendar_periods(kind: PeriodKind, first: date, last: date, settings: Settings) -> Iterator[Period]:
    """Every period of a kind that holds a day from `first` to `last`, whole, in order."""
    for year in range(first.year - 1, last.year + 3):
        for period in fiscal_periods(year, kind, settings):
            if period.ends_on >= first and period.starts_on <= last:
                yield period


def clipped(period: Period, first: date, last: date) -> Period:
    """A period without the days outside `first` to `last`; thresholds are not prorated."""
    return Period(period.period_id, max(period.starts_on, first), min(period.ends_on, last))


def period_kind(program: Program) -> PeriodKind:
    """The kind of period that earns: with Settlement Basis Separate the Settlement Period takes its place."""
    if program.settlement_basis is SettlementBasis.SEPARATE and program.settlement_period:
        return program.settlement_period
    return program.period


def program_periods(program: Program, settings: Settings) -> tuple[Period, ...]:
    """The earning periods of a program, clipped to its dates.

    >>> p = Program(program_id="P-1", program_name="x", rebate_type="Volume", starts_on="2026-02-15", ends_on="2026-06-30", period="Quarter")
    >>> [(q.period_id, q.days) for q in program_periods(p, Settings())]
    [('2026-Q1', 45), ('2026-Q2', 91)]
    """
    return periods_of_kind(period_kind(program), program, settings)


def settlement_periods(program: Program, settings: Settings) -> tuple[Period, ...]:
    """The settlement periods of a program, clipped to its dates; the same as Period unless it says otherwise."""
    return periods_of_kind(program.settlement_period or program.period, program, settings)


def periods_of_kind(kind: PeriodKind, program: Program, settings: Settings) -> tuple[Period, ...]:
    """The periods of one kind that a program touches, clipped to its dates."""
    first, last = program.starts_on, program.ends_on
    if kind is PeriodKind.PROGRAM:
        return (Period(program.program_id, first, last),)
    return tuple(clipped(period, first, last) for period in calendar_periods(kind, first, last, settings))


def find_period(text: str, periods: tuple[Period, ...]) -> Period | None:
    """The period a person means: by its id, or by a day it holds (Excel turns 2026-03 into a date).

    >>> quarters = (Period("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),)
    >>> find_period("2026-02-01", quarters).period_id, find_period("2026-q1", quarters).period_id
    ('2026-Q1', '2026-Q1')
    """
    wanted = text.strip().casefold()
    for period in periods:
        if period.period_id.casefold() == wanted:
            return period
    try:
        day = date.fromisoformat(wanted[:10])
    except ValueError:
        return None
    return next((period for period in periods if period.starts_on <= day <= period.ends_on), None)


def accounting_period(day: date, settings: Settings) -> Period:
    """The month (or 4-4-5 period) in which a day is booked."""
    return next(calendar_periods(PeriodKind.MONTH, day, day, settings))


def baseline_periods(program: Program, settings: Settings) -> tuple[Period, ...]:
    """Each period of a program as it lay one fiscal year earlier, under the program's own period ids.

    A whole period becomes the whole period of the year before; a clipped one is clipped at the same month and day
    (4-4-5: week and weekday).

    >>> p = Program(program_id="P-1", program_name="x", rebate_type="Growth", starts_on="2025-01-01", ends_on="2025-03-15", period="Month")
    >>> [(f"{q.starts_on}", f"{q.ends_on}") for q in baseline_periods(p, Settings())][1:]
    [('2024-02-01', '2024-02-29'), ('2024-03-01', '2024-03-15')]
    """
    kind, found = period_kind(program), []
    for period in program_periods(program, settings):
        first, last = year_earlier(period.starts_on, settings), year_earlier(period.ends_on, settings)
        if kind is not PeriodKind.PROGRAM:
            whole = next(calendar_periods(kind, period.starts_on, period.starts_on, settings))
            before = _one_year_before(whole, kind, settings)
            first = before.starts_on if period.starts_on == whole.starts_on else first
            last = before.ends_on if period.ends_on == whole.ends_on else last
        found.append(Period(period.period_id, first, last))
    return tuple(found)


def _one_year_before(whole: Period, kind: PeriodKind, settings: Settings) -> Period:
    """The period with the same place in the fiscal year before."""
    year = int(next(calendar_periods(PeriodKind.YEAR, whole.starts_on, whole.starts_on, settings)).period_id)
    at = fiscal_periods(year, kind, settings).index(whole)
    return fiscal_periods(year - 1, kind, settings)[at]


def year_earlier(day: date, settings: Settings) -> date:
    """The same day one fiscal year earlier: month and day, or in 4-4-5 years week and weekday.

    >>> year_earlier(date(2024, 2, 29), Settings())
    datetime.date(2023, 2, 28)
    """
    if settings.calendar is CalendarKind.MONTHLY:
        return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
    year = next(calendar_periods(PeriodKind.YEAR, day, day, settings))
    first, last = fiscal_year_end(int(year.period_id) - 2, settings) + DAY, year.starts_on - DAY
    return min(first + (day - year.starts_on), last)  # the 53rd week has no week one year earlier
