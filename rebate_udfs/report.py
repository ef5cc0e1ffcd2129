"""From a run to the tables that people read: Check, Attainment, Accruals, Payable, Journal, Explanation, Runs.

A table is a value (`model.ResultTable`); every host writes the same one. Its title is the finding in words. A money
column has its currency in the header where the whole column has one, else a Currency column stands before it and
sums are given by currency, since money of two currencies has no total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .model import (
    Accrual,
    Attainment,
    JournalRow,
    MeasureOf,
    Problem,
    Program,
    RebateType,
    ResultColumn,
    ResultTable,
    RewardKind,
    Run,
    Severity,
    Step,
)
from .money import places_of

NEAR_SHARE = Fraction(5, 100)  # of the next tier's threshold: who is that near is on the coach list
SEVERITIES = (Severity.ERROR, Severity.WARNING)
NO_MEASURE = {"No Baseline", "No Target"}
ColumnPlaces = Mapping[tuple[str, str], tuple[str, str]]  # (table, column header) -> (sheet, column letters)


def report(run: Run, places: ColumnPlaces | None = None) -> tuple[ResultTable, ...]:
    """All result tables of a run, in the order in which people need them.

    `places` says where a column stands in the workbook, so that a problem links to its cell; without it a problem
    links to its row on the sheet named as its table.
    """
    return (check(run, places), attainment(run), accruals(run), payable(run), journal(run), explanation(run), runs(run))


# ---- columns


@dataclass(frozen=True, slots=True)
class _Column:
    """A result column and how its cell is found in a row of the run; `unit` marks money of the row's currency."""

    header: str
    kind: str
    field: str
    cell: Callable[[Any], Any]
    unit: bool = False
    total: bool = False
    bar: bool = False


def _table(
    name: str, title: str, columns: Iterable[_Column | None], rows: Iterable[Any], currencies: Iterable[str], notes: Iterable[str] = ()
) -> ResultTable:
    """The table of these columns; headers carry the currency when there is one, and only then columns are totalled."""
    used, rows = sorted(set(currencies)), tuple(rows)
    unit = f" ({used[0]})" if len(used) == 1 else ""
    chosen = [column for column in columns if column is not None]
    if len(used) > 1:
        first = next((index for index, column in enumerate(chosen) if column.unit), len(chosen))
        chosen.insert(first, _Column("Currency", "text", "currency", lambda row: row.currency))
    described = tuple(
        ResultColumn(column.header + (unit if column.unit else ""), column.kind, column.field,
                     column.total and (len(used) == 1 or not column.unit), column.bar)
        for column in chosen
    )  # fmt: skip
    cells = tuple(tuple(column.cell(row) for column in chosen) for row in rows)
    sums = () if len(used) < 2 else tuple(_sums(column, rows) for column in chosen if column.unit and column.total)
    return ResultTable(name, title, described, cells, (*notes, *sums))


def _sums(column: _Column, rows: Iterable[Any]) -> str:
    return f"{column.header} in total: {words(by_currency((row.currency, column.cell(row)) for row in rows))}"


def by_currency(amounts: Iterable[tuple[str, Decimal | None]]) -> dict[str, Decimal]:
    """Sums of money, one for each currency, in the order of the codes.

    >>> by_currency([("USD", Decimal("1.50")), ("EUR", Decimal("2.00")), ("USD", Decimal("1.00"))])
    {'EUR': Decimal('2.00'), 'USD': Decimal('2.50')}
    """
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        if amount is not None:
            sums[currency] = sums[currency] + amount if currency in sums else amount
    return dict(sorted(sums.items()))


def words(sums: Mapping[str, Decimal]) -> str:
    """Sums as a sentence says them.

    >>> words({"EUR": Decimal("2.00"), "USD": Decimal("12500.00")}), words({})
    ('EUR 2.00 and USD 12,500.00', 'nothing')
    """
    parts = [f"{currency} {amount:,.{places_of(currency)}f}" for currency, amount in sums.items()]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else "nothing"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "row"), count(2500, "row"), count(0, "entry", "entries")
    ('1 row', '2,500 rows', 'no entries')
    """
    return f"{number:,} {noun}" if number == 1 else f"{f'{number:,}' if number else 'no'} {plural or noun + 's'}"


class _Names:
    """What programs and distributors are called; of a distributor with several rows, the one that holds at the as-of date."""

    def __init__(self, run: Run) -> None:
        self.programs = {program.program_id: program for program in run.tables.programs}
        self._distributors: dict[str, str] = {}
        self._holds: set[str] = set()
        for row in run.tables.distributors:
            if row.distributor_id not in self._holds:
                self._distributors[row.distributor_id] = row.distributor_name
            if (row.member_from or date.min) <= run.as_of <= (row.member_to or date.max):
                self._holds.add(row.distributor_id)

    def program(self, program_id: str) -> str:
        found = self.programs.get(program_id)
        return found.program_name if found else ""

    def is_mix(self, row: Attainment) -> bool:
        """Whether the row's measure and forecast are shares."""
        found = self.programs.get(row.program_id)
        return found is not None and found.rebate_type is RebateType.MIX

    def participant(self, participant_id: str) -> str:
        return self._distributors.get(participant_id, "")

    def columns(self) -> tuple[_Column, ...]:
        """Who and what: the same four columns open every table of figures."""
        return (
            _Column("Program ID", "id", "program_id", lambda row: row.program_id),
            _Column("Program", "text", "program_name", lambda row: self.program(row.program_id)),
            _Column("Participant ID", "id", "participant_id", lambda row: row.participant_id),
            _Column("Participant", "text", "participant_name", lambda row: self.participant(row.participant_id)),
        )


def _money(header: str, field: str, total: bool = True) -> _Column:
    return _Column(header, "money", field, lambda row: getattr(row, field), unit=True, total=total)


def _figure() -> _Column:
    return _Column("Figure ID", "id", "figure_id", lambda row: row.figure_id)


def _period() -> _Column:
    return _Column("Period", "id", "period", lambda row: row.period.period_id)


# ---- Check


def check(run: Run, places: ColumnPlaces | None = None) -> ResultTable:
    """Everything wrong, worst first, each with a link to the cell; the order within is that of the run."""
    problems = sorted(run.problems, key=lambda problem: SEVERITIES.index(problem.severity))
    errors, warnings = (sum(problem.severity is severity for problem in problems) for severity in SEVERITIES)
    columns = (
        _Column("Severity", "text", "severity", lambda row: row.severity.value),
        _Column("Where", "link", "place", lambda row: _link(row, places or {})),
        _Column("What Is Wrong", "text", "message", lambda row: row.message),
        _Column("What To Do", "text", "remedy", lambda row: row.remedy),
        _Column("Program ID", "id", "program_id", lambda row: row.program_id),
        _Column("Table", "text", "table", lambda row: row.table),
        _Column("Row", "integer", "row", lambda row: row.row),
        _Column("Column", "text", "column", lambda row: row.column or ""),
        _Column("Code", "id", "code", lambda row: row.code),
    )
    if not problems:
        title = "OK: nothing is wrong with what you typed"
    elif errors:
        title = f"{count(errors, 'error')} and {count(warnings, 'warning')}: rows with an error are left out of the figures"
    else:
        title = f"{count(warnings, 'warning')}, no errors: every row is in the figures, somebody should look"
    return _table("Check", title, columns, problems, ())


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
    names = _Names(run)
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
    names, rows = _Names(run), run.attainment
    units = {_measured_in(names, row) for row in rows}
    unit = f" ({units.pop()})" if len(units) == 1 else ""
    columns = (
        *names.columns(),
        _period(),
        _Column("Period Ends", "date", "period_ends_on", lambda row: row.period.ends_on),
        _Column(f"Measure{unit}", "number", "measure", lambda row: row.measure),
        None if unit or not rows else _Column("Measured In", "text", "measured_in", lambda row: _measured_in(names, row)),
        _Column("Tier Reached", "integer", "attained_tier", lambda row: row.attained_tier),
        _Column("Its Reward", "text", "reward", lambda row: reward_words(names.programs.get(row.program_id), row)),
        _Column("Way to Next Tier", "percent", "way_to_next_tier", lambda row: way_to_next_tier(row, names.is_mix(row)), bar=True),
        _Column(f"To Next Tier{unit}", "number", "to_next_tier", lambda row: row.to_next_tier),
        _money("Next Tier Adds", "next_tier_value", total=False),
        _money("Earned", "earned"),
        _Column("Status", "text", "status", lambda row: row.status),
        _Column(f"Forecast{unit}", "number", "forecast", lambda row: None if names.is_mix(row) else row.forecast),
        _Column("Forecast Tier", "integer", "forecast_tier", lambda row: row.forecast_tier),
        _Column("Accrual Tier", "integer", "accrual_tier", lambda row: row.accrual_tier),
        *_where_any(names, rows, unit),
        _Column("Base", "number", "base", lambda row: row.base),
        _Column("Transactions Used", "integer", "transactions_used", lambda row: row.transactions_used),
        _Column("Transactions Excluded", "integer", "transactions_excluded", lambda row: row.transactions_excluded),
        _figure(),
    )
    return _table("Attainment", _attainment_title(run), columns, rows, (row.currency for row in rows))


def _where_any(names: _Names, rows: Iterable[Attainment], unit: str) -> list[_Column]:
    """Target, baseline, percent (of target; growth; share) and a mix's forecast share, where a program has one."""
    every = (
        _Column(f"Target{unit}", "number", "target", lambda row: row.target),
        _Column(f"Baseline{unit}", "number", "baseline", lambda row: row.baseline),
        _Column("Percent", "percent", "percent", lambda row: row.percent),
        _Column("Forecast Share", "percent", "forecast_share", lambda row: row.forecast if names.is_mix(row) else None),
    )
    return [column for column in every if any(column.cell(row) is not None for row in rows)]


def _measured_in(names: _Names, row: Attainment) -> str:
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
    names, rows = _Names(run), run.accruals
    columns = (
        *names.columns(),
        _period(),
        _Column("Accrual Policy", "text", "policy", lambda row: row.policy),
        *(_money(header, field) for header, field in (
            ("Earned", "earned"), ("Accrued", "accrued"), ("Recognised", "recognised"), ("True-Up", "true_up"))),
        _figure(),
    )  # fmt: skip
    accrued = words(by_currency((row.currency, row.accrued) for row in rows))
    missing = {currency: amount for currency, amount in by_currency((row.currency, row.true_up) for row in rows).items() if amount}
    entry = f"the entry is {words(missing)}" if missing else "the books hold it already"
    title = f"By {run.as_of.isoformat()} the books should hold {accrued}; {entry}" if rows else "Nothing is to be accrued yet"
    return _table("Accruals", title, columns, rows, (row.currency for row in rows))


def payable(run: Run) -> ResultTable:
    """What falls due when, what of it is settled, and what is open."""
    names, rows = _Names(run), run.payable
    columns = (
        *names.columns(),
        _Column("Period", "id", "period", lambda row: row.period),
        _Column("Settlement Ends", "date", "settlement_end", lambda row: row.settlement_end),
        _Column("Due On", "date", "due_on", lambda row: row.due_on),
        *(_money(header, field) for header, field in (
            ("Due", "due"), ("Settled", "settled"), ("Payable", "payable"),
            ("Recoverable", "recoverable"), ("Carried", "carried"), ("Lapsed", "lapsed"))),
        _figure(),
    )  # fmt: skip
    owed = {currency: amount for currency, amount in by_currency((row.currency, row.payable) for row in rows).items() if amount}
    title = f"{words(owed)} {'are' if len(owed) > 1 else 'is'} due and not settled" if owed else f"Nothing is open on {run.as_of.isoformat()}"
    return _table("Payable", title, columns, rows, (row.currency for row in rows))


def journal(run: Run) -> ResultTable:
    """The entry that is missing, as accounts see it."""
    rows = run.journal
    centers = any(row.cost_center for row in rows)
    columns = (
        _Column("Date", "date", "date", lambda row: row.date),
        _Column("Account", "id", "account", lambda row: row.account),
        _Column("Cost Center", "id", "cost_center", lambda row: row.cost_center) if centers else None,
        _money("Debit", "debit"),
        _money("Credit", "credit"),
        _Column("Kind", "text", "kind", lambda row: row.kind),
        *_Names(run).columns(),
        _figure(),
    )
    return _table("Journal", _journal_title(rows), columns, rows, (row.currency for row in rows))


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
    names, lines = _Names(run), list(_lines(run))
    columns = (
        _Column("Figure ID", "id", "figure_id", lambda line: line.figure.figure_id),
        _Column("Participant", "text", "participant_name", lambda line: names.participant(line.figure.participant_id)),
        _Column("Step", "text", "step", lambda line: line.step.label),
        _Column("Detail", "text", "detail", lambda line: line.step.detail),
        _Column("Quantity", "number", "quantity", lambda line: line.step.quantity),
        _Column("Rate", "percent", "rate", lambda line: line.step.rate if line.percent else None),
        _Column("Rate a Unit", "number", "rate_a_unit", lambda line: None if line.percent else line.step.rate),
        _Column("Amount", "number", "amount", lambda line: line.amount, unit=True),
    )
    figures = len({line.figure.figure_id for line in lines})
    title = f"How {count(figures, 'figure')} came about, step by step" if figures else "There is no figure to explain yet"
    return _table("Explanation", title, columns, lines, (line.currency for line in lines))


def _lines(run: Run) -> Iterable[_Line]:
    programs = {program.program_id: program for program in run.tables.programs}
    accrued = {(row.program_id, row.participant_id, row.period.period_id): row for row in run.accruals}
    for row in run.attainment:
        program = programs.get(row.program_id)
        percent = program is None or program.reward is RewardKind.PERCENT
        yield from _figure_lines(row, row.reward.steps, "Earned", row.earned, percent)
        booked = accrued.get((row.program_id, row.participant_id, row.period.period_id))
        if booked is not None:
            yield from _figure_lines(booked, booked.steps, "Accrued", booked.accrued, percent)


def _figure_lines(figure: Attainment | Accrual, steps: Iterable[Step], label: str, amount: Decimal, percent: bool) -> Iterable[_Line]:
    for step in steps:
        yield _Line(figure, step, percent, step.amount)
    yield _Line(figure, Step(label, "the figure"), percent, amount)


def runs(run: Run) -> ResultTable:
    """Rows read, used and excluded for each program and reason: read = used + excluded, so nothing is dropped silently."""
    names = _Names(run)
    reasons = sorted({reason for row in run.counts for reason in row.excluded})
    columns = (
        _Column("Program ID", "id", "program_id", lambda row: row.program_id),
        _Column("Program", "text", "program_name", lambda row: names.program(row.program_id)),
        _Column("Rows Read", "integer", "read", lambda row: row.read),
        _Column("Used", "integer", "used", lambda row: row.used),
        _Column("Excluded", "integer", "excluded", lambda row: sum(row.excluded.values())),
        *(_Column(_reason_words(reason), "integer", reason.lower(), _reason_count(reason)) for reason in reasons),
    )
    read = run.tables.lines.rows_read if run.tables.lines else run.tables.rows_read.get("Transactions", 0)
    left_out = sum(run.rows_excluded.values())
    title = f"{count(read, 'transaction')} read, {count(left_out, 'row')} left out before any program looked"
    before = tuple(f"Left out before any program looked: {_reason_words(reason)} {number:,}" for reason, number in sorted(run.rows_excluded.items()))
    identity = f"Run {run.run_id}, version {run.version}, engine {run.engine}, input {run.input_hash[:12]}"
    return _table("Runs", title, columns, run.counts, (), (identity, *before))


def _reason_count(reason: str) -> Callable[[Any], int]:
    return lambda row: row.excluded.get(reason, 0)


def _reason_words(code: str) -> str:
    """A reason code as a header.

    >>> _reason_words("NOT_ENROLLED")
    'Not Enrolled'
    """
    return code.replace("_", " ").title()
