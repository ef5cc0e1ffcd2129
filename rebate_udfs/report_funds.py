"""The result table Funds: what each market-development fund received, granted, paid, forfeited and carried over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .model import Attainment, Period, RebateType, ResultTable, Run
from .periods import find_period
from .report_columns import Column, Names, by_currency, figure_column, money_column, table_of, words
from .settle import adjusted_of

NOTHING = Decimal(0)
Figure = tuple[str, str, str]  # program, participant and period id


@dataclass(frozen=True, slots=True)
class Fund:
    """One participant's fund in one period: opening + fund + adjusted - approved - forfeited - carried over = balance."""

    figure_id: str
    program_id: str
    participant_id: str
    period: Period
    currency: str
    opening: Decimal  # carried over from the period before
    fund: Decimal  # as earned: a percent of purchases, or the budget
    adjusted: Decimal
    approved: Decimal  # claims with an Activity Date in the period
    paid: Decimal
    forfeited: Decimal
    carried_over: Decimal
    balance: Decimal


def funds(run: Run) -> ResultTable | None:
    """The ledger view of every fund; None for a book without MDF programs."""
    if not any(program.rebate_type is RebateType.MDF for program in run.tables.programs):
        return None
    names, rows = Names(run), fund_rows(run)
    columns = (
        *names.columns(),
        Column("Period", "id", "period", lambda row: row.period.period_id),
        money_column("Opening", "opening", total=False),
        *(money_column(header, field) for header, field in (
            ("Fund", "fund"), ("Adjusted", "adjusted"), ("Claims Approved", "approved"), ("Paid", "paid"), ("Forfeited", "forfeited"))),
        money_column("Carried Over", "carried_over", total=False),
        money_column("Balance", "balance"),
        figure_column(),
    )  # fmt: skip
    left = {currency: amount for currency, amount in by_currency((row.currency, row.balance) for row in rows).items() if amount}
    title = f"{words(left)} {'are' if len(left) > 1 else 'is'} left in the funds" if left else "The funds hold nothing"
    return table_of("Funds", title, columns, rows, (row.currency for row in rows))


def fund_rows(run: Run) -> list[Fund]:
    """Each fund by program, participant and period in time order; with Carry Over what is left opens the next period."""
    programs = {program.program_id: program for program in run.tables.programs if program.rebate_type is RebateType.MDF}
    lapsed, claims = _lapsed(run), _claims(run)
    chains: dict[tuple[str, str], list[Attainment]] = defaultdict(list)
    for row in run.attainment:
        if row.program_id in programs:
            chains[row.program_id, row.participant_id].append(row)
    found: list[Fund] = []
    for (program_id, participant_id), chain in sorted(chains.items()):
        carries, opening = programs[program_id].carry_over, NOTHING
        chain.sort(key=lambda row: row.period.starts_on)
        whole = sum((lapsed[program_id, participant_id, row.period.period_id] for row in chain), NOTHING)
        for at, row in enumerate(chain):
            key = (program_id, participant_id, row.period.period_id)
            is_last = at == len(chain) - 1
            forfeited = (whole if is_last else NOTHING) if carries else lapsed[key]  # a fund that is carried lapses with the last one
            adjusted, (approved, paid) = _adjusted(run, key, row.period), claims[key]
            left = opening + row.earned + adjusted - approved - forfeited
            over = left if carries and not is_last else NOTHING
            found.append(Fund(row.figure_id, program_id, participant_id, row.period, row.currency, opening, row.earned, adjusted, approved,
                              paid, forfeited, over, left - over))  # fmt: skip
            opening = over
    return found


def _lapsed(run: Run) -> dict[Figure, Decimal]:
    found: dict[Figure, Decimal] = defaultdict(Decimal)
    for row in run.payable:
        found[row.program_id, row.participant_id, row.period] += row.lapsed
    return found


def _claims(run: Run) -> dict[Figure, tuple[Decimal, Decimal]]:
    """What claims were approved and paid, by the figure of their period."""
    found: dict[Figure, tuple[Decimal, Decimal]] = defaultdict(lambda: (NOTHING, NOTHING))
    for claim in run.claims:
        key = (claim.program_id, claim.participant_id, claim.period)
        approved, paid = found[key]
        found[key] = (approved + claim.approved, paid + claim.paid)
    return found


def _adjusted(run: Run, key: Figure, period: Period) -> Decimal:
    """What adjustments and resolved disputes changed of a fund; forfeits typed as adjustments are among them."""
    rows = (row for row in run.tables.adjustments if (row.program_id, row.participant_id) == key[:2] and _is(row.period, period))
    disputes = (row for row in run.tables.disputes if tuple(row.figure_id.split("/")[:2]) == key[:2] and _is(_third(row.figure_id), period))
    return adjusted_of(rows, disputes, run.as_of).total


def _third(figure_id: str) -> str:
    parts: Iterable[str] = figure_id.split("/")[2:3]
    return next(iter(parts), "")


def _is(text: str, period: Period) -> bool:
    return bool(text) and find_period(text, (period,)) is not None
