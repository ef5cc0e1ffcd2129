"""From the ranges that a workbook hands over to raw tables: which of the standard tables each of them is.

A range is known by its headers, so that a table in another's place is told instead of read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .columns import BY_NAME, TABLES
from .describe import Table
from .model import CellError
from .parse import Cell, RawTable, is_blank, text_of
from .words import key

VALUE = "#VALUE!"
ARGUMENTS: Mapping[str, str] = {  # argument of REBATE_BOOK -> the table it takes, in the order of functions.md
    "programs": "Programs", "tiers": "Tiers", "distributors": "Distributors", "products": "Products", "transactions": "Transactions",
    "enrollments": "Enrollments", "scopes": "Scopes", "settings": "Settings", "baselines": "Baselines", "forecasts": "Forecasts",
    "exchange_rates": "Exchange Rates", "claims": "Claims", "payments": "Payments", "disputes": "Disputes", "ledger": "Ledger",
    "special_prices": "Special Prices", "adjustments": "Adjustments", "accounts": "Accounts", "control_totals": "Control Totals",
}  # fmt: skip
REQUIRED = ("programs", "tiers", "distributors", "products", "transactions")

Rows = list[list[Cell]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the arguments of REBATE_BOOK hold: tables in the order of the arguments, and a path of transactions."""

    tables: tuple[RawTable, ...]
    path: str = ""


def read_ranges(arguments: Mapping[str, Any], date_1904: bool = False) -> Found | CellError:
    """The tables of REBATE_BOOK's arguments; the first that is none is one error, and an error given is passed on."""
    tables: list[RawTable] = []
    path = ""
    for argument, name in ARGUMENTS.items():
        rows = _rows(arguments.get(argument), argument)
        if isinstance(rows, CellError):
            return rows
        if not rows:
            if argument in REQUIRED:
                return CellError(VALUE, f"{argument}: give the table {name} with its header row, for example {BY_NAME[name].excel_name}[#All]")
            continue
        if argument == "transactions" and len(rows) == 1 and len(rows[0]) == 1 and isinstance(rows[0][0], str):
            path = text_of(rows[0][0])
            continue
        table = _table(rows, argument, BY_NAME[name], date_1904)
        if isinstance(table, CellError):
            return table
        tables.append(table)
    return Found(tuple(tables), path)


def _rows(value: Any, argument: str) -> Rows | CellError:
    """An argument as rows; none for what is omitted or empty, one cell for a single value."""
    if isinstance(value, CellError):
        return value
    if hasattr(value, "tolist"):  # numpy
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return [] if is_blank(value) else [[value]]
    rows = [list(row) if isinstance(row, (list, tuple)) else [row] for row in value]
    if len(rows) == 1 and len(rows[0]) == 1 and isinstance(rows[0][0], CellError):
        return rows[0][0]
    return rows if any(not is_blank(cell) for row in rows for cell in row) else []


def _table(rows: Rows, argument: str, expected: Table, date_1904: bool) -> RawTable | CellError:
    top = next(at for at, row in enumerate(rows) if any(not is_blank(cell) for cell in row))
    headers = rows[top]
    other = mistaken(headers, expected)
    if other is not None:
        return CellError(VALUE, f"{argument}: this is the table {other.name}, not {expected.name}; give {expected.excel_name}[#All] here")
    if not _known(headers, expected):
        wanted = ", ".join(column.header for column in expected.columns if column.required)
        return CellError(VALUE, f"{argument}: the range has none of the headers of {expected.name} ({wanted}); include the header row")
    data = list(enumerate(rows[top + 1 :], start=top + 2))
    return RawTable(expected.name, expected.name, headers, top + 1, data, date_1904)


def mistaken(headers: Sequence[Cell], expected: Table) -> Table | None:
    """The other table that these headers are rather of; None where they may well be of the expected one.

    >>> headers = ["Claim ID", "Program ID", "Distributor ID", "Claim Date", "Claimed Amount"]
    >>> mistaken(headers, BY_NAME["Enrollments"]).name, mistaken(headers, BY_NAME["Claims"])
    ('Claims', None)
    """
    own, wanted = len(_known(headers, expected)), _required(expected)
    complete = wanted <= {key(text_of(cell).rstrip("*")) for cell in headers}
    best: tuple[int, int, Table] | None = None
    for table in TABLES:
        required, matches = _required(table), len(_known(headers, table))
        if table is expected or not required <= _known(headers, table):
            continue
        if complete:  # a table that asks for more, all of it there, and has a column for everything the expected one asks for
            rather = len(required) > len(wanted) and wanted <= _all(table)
        else:
            rather = matches >= own
        if rather and (best is None or (len(required), matches) > best[:2]):
            best = (len(required), matches, table)
    if best is None and not complete:
        closest = max(TABLES, key=lambda table: (len(_known(headers, table)), table is expected))
        return closest if len(_known(headers, closest)) > max(own, 1) else None
    return best[2] if best else None


def _known(headers: Sequence[Cell], table: Table) -> set[str]:
    return {key(text_of(cell).rstrip("*")) for cell in headers} & _all(table)


def _all(table: Table) -> set[str]:
    return {key(column.header) for column in table.columns}


def _required(table: Table) -> set[str]:
    return {key(column.header) for column in table.columns if column.required}
