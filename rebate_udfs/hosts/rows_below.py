"""What Excel on the desktop and LibreOffice do alike with rows that go below the last ones of a table.

Which columns are written together, what is refused, and how a person is told. Columns are counted from the table's
first; nothing here knows a cell of either program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .. import report
from ..actions import Addition
from ..model import Refused
from ..parse import is_blank
from ..words import key

Row = Mapping[str, Any]  # column header -> value


def columns_of(headers: Iterable[Any]) -> dict[str, int]:
    """Where each header stands.

    >>> columns_of(["Claim ID", None, "Line"])
    {'claimid': 0, 'line': 2}
    """
    return {key(str(header)): at for at, header in enumerate(headers) if not is_blank(header)}


def by_column(row: Row, columns: Mapping[str, int]) -> dict[int, Any]:
    """The values of a row by the column that holds them."""
    return {columns[key(header)]: value for header, value in row.items()}


def neighbours(rows: Iterable[Row], columns: Mapping[str, int], formulas: Collection[int], width: int) -> list[list[int]]:
    """Neighbouring columns that are written together: all but those that compute, unless a row brings a value for one.

    >>> columns = {"id": 0, "amount": 1, "tax": 2, "note": 3}
    >>> neighbours([{"ID": 1, "Tax": ""}], columns, {2}, 4), neighbours([{"ID": 1, "Tax": 3}], columns, {2}, 4)
    ([[0, 1], [3]], [[0, 1, 2, 3]])
    """
    given = {columns[key(header)] for row in rows for header, value in row.items() if value is not None and value != ""}
    found: list[list[int]] = []
    for at in range(width):
        if at in formulas and at not in given:
            continue
        if found and found[-1][-1] == at - 1:
            found[-1].append(at)
        else:
            found.append([at])
    return found


def refuse_unknown(table: str, rows: Iterable[Row], columns: Mapping[str, int]) -> None:
    """Raises Refused where a row brings a column that the table has not."""
    unknown = sorted({header for row in rows for header in row if key(header) not in columns})
    if unknown:
        raise Refused(f"The table {table} has no column {', '.join(unknown)}; add it and try again. Nothing was written.")


def refuse_no_room(table: str, rows: int, end: int, last: int) -> None:
    """Raises Refused where rows would end below the last row of a sheet."""
    if end > last:
        raise Refused(f"The sheet of {table} has no room for {rows:,} more rows; nothing was written.")


def refuse_what_is_below(table: str, cells: Iterable[Sequence[Any]], first: int) -> None:
    """Raises Refused where the rows below a table hold something; `first` is the sheet's own number of the first of them."""
    blocked = next((number for number, row in enumerate(cells, first) if any(not is_blank(cell) for cell in row)), None)
    if blocked is not None:
        raise Refused(f"Something stands in row {blocked:,} below the table {table}; move it and try again.")


def rows_in_words(first: int, last: int) -> str:
    """Where rows are, for a person; both ends included.

    >>> rows_in_words(7, 7), rows_in_words(999, 1200)
    ('row 7', 'rows 999 to 1,200')
    """
    return f"row {first:,}" if first == last else f"rows {first:,} to {last:,}"


def additions_in_words(additions: Iterable[Addition]) -> str:
    """Which tables get how many rows.

    >>> additions_in_words([Addition("Claims", ({}, {})), Addition("Disputes", ({},))])
    'Claims (2 rows) and Disputes (1 row)'
    """
    return " and ".join(f"{addition.table} ({report.count(len(addition.rows), 'row')})" for addition in additions)
