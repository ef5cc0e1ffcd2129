"""The Ledger sheet as the mirror of the ledger: missing entries are appended, and what differs is written anew.

The sheet of somebody's workbook keeps everything else: only the cells of the table change, in one rename.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from ..columns import BY_NAME
from ..ledger_chain import SEALED, canonical
from ..model import LedgerEntry, Problem, Severity, Tables
from ..package import CannotPatch, Package, dump, is_true, remove_stale, tag
from ..parse import CannotRead
from ..rows import parse_table
from .append import FIRST_DAY, FIRST_DAY_1904, _Append, _find
from .ledger_rows import rows_behind
from .patch import refuse
from .reading import read_book

TABLE = BY_NAME["Ledger"]
_sealed_cells = attrgetter(*SEALED)
FIELDS = {column.header: column.field for column in TABLE.columns}


TOO_MANY = "LEDGER_NOT_SHOWN"
SHOWN_MAX = 200_000  # entries on a sheet: beyond it the workbook becomes slow to open, and its parts too large to read


def same(first: LedgerEntry, second: LedgerEntry) -> bool:
    """Whether two entries say the same in every column, the hash included."""
    return first.hash == second.hash and all(map(_alike, _sealed_cells(first), _sealed_cells(second)))


def _alike(one: Any, other: Any) -> bool:
    return bool(one == other) or canonical(one) == canonical(other)


def is_mirror(sheet: Sequence[LedgerEntry], entries: Sequence[LedgerEntry]) -> bool:
    """Whether a Ledger sheet shows the ledger, entry by entry."""
    return len(sheet) == len(entries) and all(map(same, sheet, entries))


def mirror(path: str | os.PathLike[str], tables: Tables, entries: Sequence[LedgerEntry]) -> tuple[str, Problem | None]:
    """Make the Ledger sheet of a workbook show the ledger; `tables` is the workbook as it was read.

    Returns what was done ("" for nothing, else "appended" or "repaired") and, where the workbook cannot be written, a
    warning: the ledger itself is safe. Two at once do no harm: what the sheet shows is looked at again before writing.
    """
    if len(entries) > SHOWN_MAX:
        message = f"the sheet Ledger is left as it is: it shows at most {SHOWN_MAX:,} entries, and there are {len(entries):,}"
        return "", Problem(Severity.WARNING, TOO_MANY, "Ledger", None, None, message, "nothing is to be done: runs take them from the ledger itself")
    if _is_clean(tables.problems) and is_mirror(tables.ledger, entries):
        return "", None
    try:
        sheet, clean = _shown(path)
        if clean and is_mirror(sheet, entries):
            return "", None
        behind = clean and len(sheet) < len(entries) and all(map(same, sheet, entries))
        remove_stale(path)
        _write(path, entries[len(sheet) :] if behind else entries, len(sheet) if behind else None)
    except (CannotPatch, CannotRead, OSError) as refusal:
        message = f"the ledger holds everything, but the sheet Ledger could not be brought up to date: {refusal}"
        return "", Problem(
            Severity.WARNING, "LEDGER_NOT_MIRRORED", "Ledger", None, None, message, "mend that, and close again: nothing is posted twice"
        )
    return ("appended" if behind else "repaired"), None


def _shown(path: str | os.PathLike[str]) -> tuple[list[LedgerEntry], bool]:
    """What the Ledger sheet shows, and whether every row of it can be read."""
    raw, problems = read_book(os.fspath(path))
    found = next((table for table in raw if table.name == TABLE.name), None)
    wrong = [problem for problem in problems if problem.table == TABLE.name]
    rows = parse_table(found, wrong).rows if found is not None else []
    return list(rows), _is_clean(wrong)


def _is_clean(problems: Iterable[Problem]) -> bool:
    return not any(problem.table == TABLE.name for problem in problems)


def _write(path: str | os.PathLike[str], new: Sequence[LedgerEntry], shown: int | None) -> None:
    """Write entries behind the `shown` ones that stand there, or (None) in place of all."""
    with Package(path) as package:
        office = package.office()
        refuse(package, office)
        base: datetime = FIRST_DAY_1904 if is_true(package.tree(office).find(tag("workbookPr")), "date1904") else FIRST_DAY
        sheet_part, table_part = _find(package, TABLE)

        def place(sheet: Any, table: Any) -> _Append:
            return _Append(sheet, table, TABLE, base)

        parts = None
        if shown is not None:
            parts = rows_behind(package.read(sheet_part), package.tree(table_part), shown, new, place, FIELDS)
        if parts is None:
            job = place(package.tree(sheet_part), package.tree(table_part))
            if shown is None:
                _clear(job)
            if new:
                job.run([_cells(entry, job.columns) for entry in new])
            parts = dump(job.sheet), dump(job.table)
        package.changed |= dict(zip((sheet_part, table_part), parts, strict=True))
        package.save(path)


def _clear(job: _Append) -> None:
    """Empty the table's rows; their formats stay."""
    for number in range(job.top + 1, job.bottom + 1):
        row = job.rows.get(number)
        for _, cell in job._cells(row) if row is not None else ():
            for child in list(cell):
                cell.remove(child)
            cell.attrib.pop("t", None)


def _cells(entry: LedgerEntry, columns: dict[str, int]) -> dict[str, Any]:
    """An entry as cells by header; columns that a person has taken out of the sheet are left away."""
    return {header: getattr(entry, field) for header, field in FIELDS.items() if "".join(header.split()).casefold() in columns}
