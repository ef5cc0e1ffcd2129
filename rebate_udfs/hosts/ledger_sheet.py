"""The Ledger sheet as the mirror of the ledger: missing entries are appended, and what differs is written anew.

The sheet of somebody's workbook keeps everything else: only the cells of the table change, in one rename.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..columns import BY_NAME
from ..ledger_chain import SEALED, canonical
from ..model import LedgerEntry, Problem, Severity
from ..package import CannotPatch, Package, dump, is_true, remove_stale, tag
from .append import FIRST_DAY, FIRST_DAY_1904, _Append, _find
from .patch import refuse

TABLE = BY_NAME["Ledger"]
FIELDS = {column.header: column.field for column in TABLE.columns}


def same(first: LedgerEntry, second: LedgerEntry) -> bool:
    """Whether two entries say the same in every column, the hash included."""
    return first.hash == second.hash and all(canonical(getattr(first, name)) == canonical(getattr(second, name)) for name in SEALED)


def is_mirror(sheet: Sequence[LedgerEntry], entries: Sequence[LedgerEntry]) -> bool:
    """Whether a Ledger sheet shows the ledger, entry by entry."""
    return len(sheet) == len(entries) and all(map(same, sheet, entries))


def mirror(
    path: str | os.PathLike[str], sheet: Sequence[LedgerEntry], entries: Sequence[LedgerEntry], odd_rows: bool = False
) -> tuple[str, Problem | None]:
    """Make the Ledger sheet of a workbook show the ledger; `sheet` is what it shows now, `odd_rows` whether more stands there.

    Returns what was done ("" for nothing) and, where the workbook cannot be written, a warning: the ledger itself is safe.
    """
    if not odd_rows and is_mirror(sheet, entries):
        return "", None
    behind = not odd_rows and len(sheet) < len(entries) and all(map(same, sheet, entries))
    try:
        remove_stale(path)
        with Package(path) as package:
            office = package.office()
            refuse(package, office)
            base: datetime = FIRST_DAY_1904 if is_true(package.tree(office).find(tag("workbookPr")), "date1904") else FIRST_DAY
            sheet_part, table_part = _find(package, TABLE)
            job = _Append(package.tree(sheet_part), package.tree(table_part), TABLE, base)
            if not behind:
                _clear(job)
            new = entries[len(sheet) :] if behind else entries
            if new:
                job.run([_cells(entry, job.columns) for entry in new])
            package.changed |= {sheet_part: dump(job.sheet), table_part: dump(job.table)}
            package.save(path)
    except (CannotPatch, OSError) as refusal:
        message = f"the ledger holds everything, but the sheet Ledger could not be brought up to date: {refusal}"
        return "", Problem(
            Severity.WARNING, "LEDGER_NOT_MIRRORED", "Ledger", None, None, message, "mend that, and close again: nothing is posted twice"
        )
    return ("appended" if behind else "repaired"), None


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
