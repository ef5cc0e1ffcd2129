"""What became of each file of a delivery, as a result table."""

from __future__ import annotations

from collections.abc import Iterable

from .model import Problem, ResultColumn, ResultTable
from .receipts import Receipt

COLUMNS = (
    ResultColumn("File", "text", "name"),
    ResultColumn("Taken", "yes_no", "taken"),
    ResultColumn("Distributor ID", "id", "participant_id"),
    ResultColumn("As Of", "date", "as_of"),
    ResultColumn("Verified", "yes_no", "signed"),
    ResultColumn("Claim Lines", "integer", "claims"),
    ResultColumn("Disputes", "integer", "disputes"),
    ResultColumn("Known Before", "integer", "known"),
    ResultColumn("Why Not, and What to Mend", "text", "reason"),
)


def received(receipts: Iterable[Receipt], title: str) -> ResultTable:
    """One row a file: taken or set aside, how many claim lines and disputes it brought, and what is to be mended."""
    rows = tuple(
        (each.name, _yes(each.taken), each.participant_id or None, each.as_of, _yes(each.signed) if each.taken else None, len(each.claims),
         len(each.disputes), each.known, each.reason or " ".join((*map(_said, each.problems), *each.notes)))
        for each in receipts
    )  # fmt: skip
    return ResultTable("Received", title, COLUMNS, rows)


def _said(one: Problem) -> str:
    """A row of a form that somebody has to look at, with its place."""
    place = f"{one.table} row {one.row}: " if one.row else ""
    return f"{place}{one.message} {one.remedy}"


def _yes(truth: bool) -> str:
    return "Yes" if truth else "No"
