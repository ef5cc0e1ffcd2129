"""What every result table is made of: columns that know their cell and their unit, names, and sums of money by currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .model import Attainment, RebateType, ResultColumn, ResultTable, Run
from .money import places_of, with_cents


@dataclass(frozen=True, slots=True)
class Column:
    """A result column and how its cell is found in a row of the run; `unit` marks money of the row's currency."""

    header: str
    kind: str
    field: str
    cell: Callable[[Any], Any]
    unit: bool = False
    total: bool = False
    bar: bool = False


def table_of(
    name: str, title: str, columns: Iterable[Column | None], rows: Iterable[Any], currencies: Iterable[str], notes: Iterable[str] = ()
) -> ResultTable:
    """The table of these columns; headers carry the currency when there is one, and only then columns are totalled.

    Money of the row's currency gets all its places, for a cell shows as many as its amount has.
    """
    used, rows = sorted(set(currencies)), tuple(rows)
    unit = f" ({used[0]})" if len(used) == 1 else ""
    chosen = [column for column in columns if column is not None]
    if len(used) > 1:
        first = next((index for index, column in enumerate(chosen) if column.unit), len(chosen))
        chosen.insert(first, Column("Currency", "text", "currency", lambda row: row.currency))
    described = tuple(
        ResultColumn(column.header + (unit if column.unit else ""), column.kind, column.field,
                     column.total and (len(used) == 1 or not column.unit), column.bar)
        for column in chosen
    )  # fmt: skip
    cells = tuple(tuple(_whole(column, row) for column in chosen) for row in rows)
    sums = () if len(used) < 2 else tuple(_sums(column, rows) for column in chosen if column.unit and column.total)
    return ResultTable(name, title, described, cells, (*notes, *sums))


def _whole(column: Column, row: Any) -> Any:
    cell = column.cell(row)
    return with_cents(cell, row.currency) if column.unit and isinstance(cell, Decimal) else cell


def _sums(column: Column, rows: Iterable[Any]) -> str:
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


class Names:
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

    def columns(self) -> tuple[Column, ...]:
        """Who and what: the same four columns open every table of figures."""
        return (
            Column("Program ID", "id", "program_id", lambda row: row.program_id),
            Column("Program", "text", "program_name", lambda row: self.program(row.program_id)),
            Column("Participant ID", "id", "participant_id", lambda row: row.participant_id),
            Column("Participant", "text", "participant_name", lambda row: self.participant(row.participant_id)),
        )


def money_column(header: str, field: str, total: bool = True) -> Column:
    """A column of money: the field of that name, in the row's currency."""
    return Column(header, "money", field, lambda row: getattr(row, field), unit=True, total=total)


def figure_column() -> Column:
    """The figure's id, which closes every table of figures."""
    return Column("Figure ID", "id", "figure_id", lambda row: row.figure_id)


def period_column() -> Column:
    """The id of the row's period."""
    return Column("Period", "id", "period", lambda row: row.period.period_id)
