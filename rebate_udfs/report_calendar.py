"""The result table Calendar: the periods that the book's programs use, as its calendar lays them out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from .model import CalendarKind, Period, PeriodKind, ResultTable, Run, Settings
from .periods import calendar_periods, clipped, periods_of_kind
from .report_columns import Column, count, table_of

LONGEST_FIRST = (PeriodKind.PROGRAM, PeriodKind.YEAR, PeriodKind.HALF, PeriodKind.QUARTER, PeriodKind.MONTH)


@dataclass(slots=True)
class _Row:
    """A period with the programs that earn or settle by it."""

    kind: PeriodKind
    period: Period
    programs: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)  # programs that have only some of its days, in words


def calendar(run: Run) -> ResultTable:
    """Each period of the book: id, first and last day, weeks, days, who uses it, and where a program clips it.

    Shown are the kinds of period that a program earns or settles by, over the days of the programs that do.
    """
    rows = _rows(run)
    columns = (
        Column("Period", "id", "period", lambda row: row.period.period_id),
        Column("Kind", "text", "kind", lambda row: row.kind.value),
        Column("First Day", "date", "starts_on", lambda row: row.period.starts_on),
        Column("Last Day", "date", "ends_on", lambda row: row.period.ends_on),
        Column("Weeks", "number", "weeks", lambda row: _weeks(row.period, run.tables.settings)),
        Column("Days", "integer", "days", lambda row: row.period.days),
        Column("Is", "text", "state", lambda row: _state(row.period, run.as_of)),
        Column("Programs", "text", "programs", lambda row: ", ".join(row.programs)),
        Column("Only In Part", "text", "in_part", lambda row: "; ".join(row.parts)),
    )
    return table_of("Calendar", _title(run, rows), columns, rows, ())


def _rows(run: Run) -> list[_Row]:
    settings = run.tables.settings
    used: dict[PeriodKind, set[str]] = defaultdict(set)
    for program in run.tables.programs:
        used[program.period].add(program.program_id)
        used[program.settlement_period or program.period].add(program.program_id)
    programs = {program.program_id: program for program in run.tables.programs}
    found: list[_Row] = []
    for kind in LONGEST_FIRST:
        members = [programs[one] for one in sorted(used[kind])]
        if kind is PeriodKind.PROGRAM:
            found += [_Row(kind, periods_of_kind(kind, program, settings)[0], [program.program_id]) for program in members]
        elif members:
            first, last = min(program.starts_on for program in members), max(program.ends_on for program in members)
            for period in calendar_periods(kind, first, last, settings):
                row = _Row(kind, period)
                for program in members:
                    part = clipped(period, program.starts_on, program.ends_on)
                    if part.days > 0:
                        row.programs.append(program.program_id)
                        row.parts += [f"{program.program_id} {part.starts_on} to {part.ends_on}"] if part != period else []
                found.append(row)
    return found


def _weeks(period: Period, settings: Settings) -> Fraction | None:
    """Whole weeks of a 4-4-5 calendar; None where months are counted."""
    return None if settings.calendar is CalendarKind.MONTHLY or period.days % 7 else Fraction(period.days, 7)


def _state(period: Period, as_of: date) -> str:
    if period.ends_on < as_of:
        return "over"
    return "to come" if period.starts_on > as_of else "running"


def _title(run: Run, rows: list[_Row]) -> str:
    settings = run.tables.settings
    if not rows:
        return "There is no program, so no period is in use"
    if settings.calendar is CalendarKind.MONTHLY:
        start = date(2000, settings.fiscal_year_start, 1)
        year = "calendar years" if settings.fiscal_year_start == 1 else f"fiscal years from {start:%B}"
    else:
        year = f"{settings.calendar.value} years that end on a {settings.week_end.value}"
        long = [row.period.period_id for row in rows if row.kind is PeriodKind.YEAR and row.period.days == 53 * 7]
        year += f" ({', '.join(long)} with 53 weeks)" if long else ""
    running = sum(_state(row.period, run.as_of) == "running" for row in rows)
    return f"{count(len(rows), 'period')} in {year}, {running:,} of them running on {run.as_of.isoformat()}"
