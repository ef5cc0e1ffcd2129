"""From a run to the tables that people read: Check, Attainment, Accruals, Payable, Journal, Funds, Claim Check, ...

A table is a value (`model.ResultTable`); every host writes the same one. Its title is the finding in words. A money
column has its currency in the header where the whole column has one, else a Currency column stands before it and
sums are given by currency, since money of two currencies has no total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .baseline_source import baseline_step
from .model import (
    Accrual,
    Attainment,
    JournalRow,
    MeasureOf,
    Problem,
    Program,
    ResultTable,
    RewardKind,
    Run,
    Severity,
    Step,
)
from .report_aging import aging
from .report_calendar import calendar
from .report_charts import accrued_by_program, nearest
from .report_claims import claim_check
from .report_columns import Column, Names, by_currency, count, figure_column, money_column, period_column, table_of, words
from .report_disputes import dispute_check
from .report_funds import funds
from .report_timeliness import timeliness
from .roll_forward import by_program, roll_forward

__all__ = ["ColumnPlaces", "by_currency", "check", "count", "near_next_tier", "report", "reward_words", "way_to_next_tier", "words"]

NEAR_SHARE = Fraction(5, 100)  # of the next tier's threshold: who is that near is on the coach list
SEVERITIES = (Severity.ERROR, Severity.WARNING)
NO_MEASURE = {"No Baseline", "No Target"}
ColumnPlaces = Mapping[tuple[str, str], tuple[str, str]]  # (table, column header) -> (sheet, column letters)


def report(run: Run, places: ColumnPlaces | None = None) -> tuple[ResultTable, ...]:
    """All result tables of a run, in the order in which people need them.

    `places` says where a column stands in the workbook, so that a problem links to its cell; without it a problem
    links to its row on the sheet named as its table. Roll-Forward, Aging, Payment Timeliness, Funds, Claim Check and
    Dispute Check are there for books that have closed a period, owe something, and have such programs, claims and disputes.
    """
    found = [check(run, places), attainment(run), accruals(run), payable(run), journal(run), roll_forward(run), by_program(run), aging(run)]
    found += [timeliness(run), funds(run), claim_check(run), dispute_check(run)]
    return (*(table for table in found if table is not None), explanation(run), calendar(run), runs(run))


# ---- Check


def check(run: Run, places: ColumnPlaces | None = None) -> ResultTable:
    """Everything wrong, worst first, each with a link to the cell; the order within is that of the run."""
    problems = sorted(run.problems, key=lambda problem: SEVERITIES.index(problem.severity))
    errors, warnings = (sum(problem.severity is severity for problem in problems) for severity in SEVERITIES)
    columns = (
        Column("Severity", "text", "severity", lambda row: row.severity.value),
        Column("Where", "link", "place", lambda row: _link(row, places or {})),
        Column("What Is Wrong", "text", "message", lambda row: row.message),
        Column("What To Do", "text", "remedy", lambda row: sentence(row.remedy)),
        Column("Program ID", "id", "program_id", lambda row: row.program_id),
        Column("Table", "text", "table", lambda row: row.table),
        Column("Row", "integer", "row", lambda row: row.row),
        Column("Column", "text", "column", lambda row: row.column or ""),
        Column("Code", "id", "code", lambda row: row.code),
    )
    if not problems:
        title = "OK: nothing is wrong with what you typed"
    elif errors:
        title = f"{count(errors, 'error')} and {count(warnings, 'warning')}: {consequence(problems)}"
    else:
        title = f"{count(warnings, 'warning')}, no errors: every row is in the figures, somebody should look"
    return table_of("Check", title, columns, problems, ())


def consequence(problems: Iterable[Problem]) -> str:
    """What the errors among problems mean for the figures: a row is left out; a sheet, a column or a setting cannot be.

    An error of a setting has a row too, but what is left out there is the setting: its default counts.
    """
    of_rows = [one.row is not None and one.table != "Settings" for one in problems if one.severity is Severity.ERROR]
    if any(of_rows):
        return "rows with an error are left out of the figures"
    return "do not rely on the figures before this is mended"


def sentence(remedy: str) -> str:
    """A remedy as it is shown: with a capital, unless it starts with a command to type, and a full stop.

    >>> sentence("check the forecast"), sentence("rebates check BOOK"), sentence("Enter a date.")
    ('Check the forecast.', 'rebates check BOOK.', 'Enter a date.')
    """
    text = remedy.strip()
    if not text:
        return ""
    start = text if text.startswith("rebates ") else text[0].upper() + text[1:]
    return start if start[-1] in ".!?" else f"{start}."


def _link(problem: Problem, places: ColumnPlaces) -> tuple[str, str] | None:
    """Sheet and cell of a problem: its cell, else its row, else the top of its table; None where no table is concerned."""
    if not problem.table:
        return None
    place = places.get((problem.table, problem.column or ""))
    if place is not None:
        return place[0], f"{place[1]}{problem.row or 1}"
    sheet = next((found for (table, _), (found, _) in places.items() if table == problem.table), problem.table)
    return sheet, "A1" if problem.row is None else f"{problem.row}:{problem.row}"


# ---- Attainment


def way_to_next_tier(row: Attainment, mix: bool = False) -> Fraction | None:
    """How much of the next tier's threshold is reached, 1 at the top, None where nothing is measured against tiers.

    A mix is compared by its share, everything else by its purchases.
    """
    if row.status in NO_MEASURE or not row.ladder:
        return None
    if row.attained_tier >= len(row.ladder) or row.to_next_tier <= 0:
        return Fraction(1)
    threshold = row.ladder[row.attained_tier].reached if mix else row.measure + row.to_next_tier
    reached = row.percent if mix else row.measure
    return max(Fraction(0), reached / threshold) if reached is not None and threshold > 0 else Fraction(0)


def near_next_tier(run: Run) -> list[Attainment]:
    """The rows of periods still running that are within 5 % of their next tier, nearest first."""
    names = Names(run)
    going = (row for row in run.attainment if row.period.ends_on >= run.as_of)
    near = [(way, row) for row in going if (way := way_to_next_tier(row, names.is_mix(row))) is not None and 1 - NEAR_SHARE <= way < 1]
    return [row for _, row in sorted(near, key=lambda pair: -pair[0])]


def reward_words(program: Program | None, row: Attainment) -> str:
    """What the reached tier pays, as people say it: 4 %, 1.50 a unit, 5,000.00 once."""
    if not row.attained_tier:
        return ""
    if program is None or program.reward is RewardKind.PERCENT:
        return f"{_plain(row.rate * 100)} %"
    return f"{_plain(row.rate, 2)} {'a unit' if program.reward is RewardKind.PER_UNIT else 'once'}"


def _plain(number: Fraction, at_least: int = 0) -> str:
    """A number with as many decimals as it has, at most six."""
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):,.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    decimals = decimals.ljust(at_least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def attainment(run: Run) -> ResultTable:
    """Who has reached what: tiers, distance and worth of the next one, earned."""
    names, rows = Names(run), run.attainment
    units = {_measured_in(names, row) for row in rows}
    unit = f" ({units.pop()})" if len(units) == 1 else ""
    columns = (
        *names.columns(),
        period_column(),
        Column("Period Ends", "date", "period_ends_on", lambda row: row.period.ends_on),
        Column(f"Measure{unit}", "number", "measure", lambda row: row.measure),
        None if unit or not rows else Column("Measured In", "text", "measured_in", lambda row: _measured_in(names, row)),
        Column("Tier Reached", "integer", "attained_tier", lambda row: row.attained_tier),
        Column("Its Reward", "text", "reward", lambda row: reward_words(names.programs.get(row.program_id), row)),
        Column("Way to Next Tier", "percent", "way_to_next_tier", lambda row: way_to_next_tier(row, names.is_mix(row)), bar=True),
        Column(f"To Next Tier{unit}", "number", "to_next_tier", lambda row: row.to_next_tier),
        money_column("Next Tier Adds", "next_tier_value", total=False),
        money_column("Earned", "earned"),
        Column("Status", "text", "status", lambda row: row.status),
        Column(f"Forecast{unit}", "number", "forecast", lambda row: None if names.is_mix(row) else row.forecast),
        Column("Forecast Tier", "integer", "forecast_tier", lambda row: row.forecast_tier),
        Column("Accrual Tier", "integer", "accrual_tier", lambda row: row.accrual_tier),
        *_where_any(names, rows, unit),
        Column("Base", "number", "base", lambda row: row.base),
        Column("Transactions Used", "integer", "transactions_used", lambda row: row.transactions_used),
        Column("Transactions Excluded", "integer", "transactions_excluded", lambda row: row.transactions_excluded),
        figure_column(),
    )
    table = table_of("Attainment", _attainment_title(run), columns, rows, (row.currency for row in rows))
    return replace(table, chart=nearest(table, run.as_of, table.title if near_next_tier(run) else ""))


def _where_any(names: Names, rows: Iterable[Attainment], unit: str) -> list[Column]:
    """Target, baseline, percent (of target; growth; share) and a mix's forecast share, where a program has one."""
    every = (
        Column(f"Target{unit}", "number", "target", lambda row: row.target),
        Column(f"Baseline{unit}", "number", "baseline", lambda row: row.baseline),
        Column("Percent", "percent", "percent", lambda row: row.percent),
        Column("Forecast Share", "percent", "forecast_share", lambda row: row.forecast if names.is_mix(row) else None),
    )
    return [column for column in every if any(column.cell(row) is not None for row in rows)]


def _measured_in(names: Names, row: Attainment) -> str:
    program = names.programs.get(row.program_id)
    return "units" if program is not None and program.measure is MeasureOf.UNITS else row.currency


def _attainment_title(run: Run) -> str:
    near = len({row.participant_id for row in near_next_tier(run)})
    if near:
        return f"{near} {'distributor is' if near == 1 else 'distributors are'} within 5 % of the next tier"
    if not run.attainment:
        return "No period of a program has begun, so nothing is earned yet"
    who = len({row.participant_id for row in run.attainment})
    return f"{count(who, 'distributor')} earned {words(by_currency((row.currency, row.earned) for row in run.attainment))}"


# ---- Accruals, Payable, Journal


def accruals(run: Run) -> ResultTable:
    """What the books should hold, what they hold, and the entry that is missing."""
    names, rows = Names(run), run.accruals
    columns = (
        *names.columns(),
        period_column(),
        Column("Accrual Policy", "text", "policy", lambda row: row.policy),
        *(money_column(header, field) for header, field in (
            ("Earned", "earned"), ("Accrued", "accrued"), ("Recognised", "recognised"), ("True-Up", "true_up"))),
        figure_column(),
    )  # fmt: skip
    accrued = words(by_currency((row.currency, row.accrued) for row in rows))
    missing = {currency: amount for currency, amount in by_currency((row.currency, row.true_up) for row in rows).items() if amount}
    entry = f"the entry is {words(missing)}" if missing else "the books hold it already"
    title = f"By {run.as_of.isoformat()} the books should hold {accrued}; {entry}" if rows else "Nothing is to be accrued yet"
    table = table_of("Accruals", title, columns, rows, (row.currency for row in rows))
    return replace(table, chart=accrued_by_program(table))


def payable(run: Run) -> ResultTable:
    """What falls due when, what of it is settled, and what is open."""
    names, rows = Names(run), run.payable
    columns = (
        *names.columns(),
        Column("Period", "id", "period", lambda row: row.period),
        Column("Settlement Ends", "date", "settlement_end", lambda row: row.settlement_end),
        Column("Due On", "date", "due_on", lambda row: row.due_on),
        *(money_column(header, field) for header, field in (
            ("Due", "due"), ("Settled", "settled"), ("Payable", "payable"),
            ("Recoverable", "recoverable"), ("Carried", "carried"), ("Lapsed", "lapsed"))),
        figure_column(),
    )  # fmt: skip
    owed = {currency: amount for currency, amount in by_currency((row.currency, row.payable) for row in rows).items() if amount}
    title = f"{words(owed)} {'are' if len(owed) > 1 else 'is'} due and not settled" if owed else f"Nothing is open on {run.as_of.isoformat()}"
    return table_of("Payable", title, columns, rows, (row.currency for row in rows))


def journal(run: Run) -> ResultTable:
    """The entry that is missing, as accounts see it."""
    rows = run.journal
    centers = any(row.cost_center for row in rows)
    columns = (
        Column("Date", "date", "date", lambda row: row.date),
        Column("Account", "id", "account", lambda row: row.account),
        Column("Cost Center", "id", "cost_center", lambda row: row.cost_center) if centers else None,
        money_column("Debit", "debit"),
        money_column("Credit", "credit"),
        Column("Kind", "text", "kind", lambda row: row.kind),
        *Names(run).columns(),
        figure_column(),
    )
    return table_of("Journal", _journal_title(rows), columns, rows, (row.currency for row in rows))


def _journal_title(rows: tuple[JournalRow, ...]) -> str:
    if not rows:
        return "The books hold everything already: there is nothing to post"
    debit, credit = (by_currency((row.currency, getattr(row, side)) for row in rows) for side in ("debit", "credit"))
    return f"{words(debit)} to post, debit and credit alike" if debit == credit else f"Not balanced: debit {words(debit)}, credit {words(credit)}"


# ---- Explanation and Runs


@dataclass(frozen=True, slots=True)
class _Line:
    """A step of a figure as a row, or its last row: the rounded figure."""

    figure: Attainment | Accrual
    step: Step
    percent: bool  # its rate is a fraction, no amount a unit
    amount: Fraction | Decimal | None

    @property
    def currency(self) -> str:
        return self.figure.currency


def explanation(run: Run) -> ResultTable:
    """Every figure with its arithmetic: the amounts of its steps add up to the last row, which is rounded."""
    names, lines = Names(run), list(_lines(run))
    columns = (
        Column("Figure ID", "id", "figure_id", lambda line: line.figure.figure_id),
        Column("Participant", "text", "participant_name", lambda line: names.participant(line.figure.participant_id)),
        Column("Step", "text", "step", lambda line: line.step.label),
        Column("Detail", "text", "detail", lambda line: line.step.detail),
        Column("Quantity", "number", "quantity", lambda line: line.step.quantity),
        Column("Rate", "percent", "rate", lambda line: line.step.rate if line.percent else None),
        Column("Rate a Unit", "number", "rate_a_unit", lambda line: None if line.percent else line.step.rate),
        Column("Amount", "number", "amount", lambda line: line.amount, unit=True),
    )
    figures = len({line.figure.figure_id for line in lines})
    title = f"How {count(figures, 'figure')} came about, step by step" if figures else "There is no figure to explain yet"
    return table_of("Explanation", title, columns, lines, (line.currency for line in lines))


def _lines(run: Run) -> Iterable[_Line]:
    programs = {program.program_id: program for program in run.tables.programs}
    accrued = {(row.program_id, row.participant_id, row.period.period_id): row for row in run.accruals}
    for row in run.attainment:
        program = programs.get(row.program_id)
        percent = program is None or program.reward is RewardKind.PERCENT
        baseline = baseline_step(row, run.tables)
        yield from _figure_lines(row, (*((baseline,) if baseline else ()), *row.reward.steps), "Earned", row.earned, percent)
        booked = accrued.get((row.program_id, row.participant_id, row.period.period_id))
        if booked is not None:
            yield from _figure_lines(booked, booked.steps, "Accrued", booked.accrued, percent)


def _figure_lines(figure: Attainment | Accrual, steps: Iterable[Step], label: str, amount: Decimal, percent: bool) -> Iterable[_Line]:
    for step in steps:
        yield _Line(figure, step, percent, step.amount)
    yield _Line(figure, Step(label, "the figure"), percent, amount)


def runs(run: Run) -> ResultTable:
    """Rows read, used and excluded for each program and reason: read = used + excluded, so nothing is dropped silently."""
    names = Names(run)
    reasons = sorted({reason for row in run.counts for reason in row.excluded})
    columns = (
        Column("Program ID", "id", "program_id", lambda row: row.program_id),
        Column("Program", "text", "program_name", lambda row: names.program(row.program_id)),
        Column("Rows Read", "integer", "read", lambda row: row.read),
        Column("Used", "integer", "used", lambda row: row.used),
        Column("Excluded", "integer", "excluded", lambda row: sum(row.excluded.values())),
        *(Column(_reason_words(reason), "integer", reason.lower(), _reason_count(reason)) for reason in reasons),
    )
    read = run.tables.lines.rows_read if run.tables.lines else run.tables.rows_read.get("Transactions", 0)
    left_out = sum(run.rows_excluded.values())
    title = f"{count(read, 'transaction')} read, {count(left_out, 'row')} left out before any program looked"
    before = tuple(f"Left out before any program looked: {_reason_words(reason)} {number:,}" for reason, number in sorted(run.rows_excluded.items()))
    identity = f"Run {run.run_id}, version {run.version}, engine {run.engine}, input {run.input_hash[:12]}"
    return table_of("Runs", title, columns, run.counts, (), (identity, *before))


def _reason_count(reason: str) -> Callable[[Any], int]:
    return lambda row: row.excluded.get(reason, 0)


def _reason_words(code: str) -> str:
    """A reason code as a header.

    >>> _reason_words("NOT_ENROLLED")
    'Not Enrolled'
    """
    return code.replace("_", " ").title()
