"""What a close would post, in sums: what a person reads before agreeing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .closing import code_of
from .model import LedgerEntry, ResultColumn, ResultTable
from .report import count

COLUMNS = (
    ResultColumn("Program ID", "id", "program_id"),
    ResultColumn("Kind", "text", "kind"),
    ResultColumn("Reason", "text", "reason"),
    ResultColumn("Entries", "integer", "entries"),
    ResultColumn("Amount", "money", "amount"),
    ResultColumn("Currency", "text", "currency"),
    ResultColumn("Base Amount", "money", "base_amount"),
)


def closing_totals(entries: Iterable[LedgerEntry]) -> ResultTable:
    """Totals of entries by program, kind, reason and currency; Base Amount in Base Currency."""
    sums: dict[tuple[str, str, str, str], list[Decimal | int]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for entry in entries:
        total = sums[entry.program_id, entry.kind.value, code_of(entry.reason), entry.currency]
        total[0] += 1
        total[1] += entry.amount
        total[2] += entry.base_amount or Decimal(0)
    rows = tuple(
        (program, kind, reason, number, amount, currency, base) for (program, kind, reason, currency), (number, amount, base) in sorted(sums.items())
    )
    return ResultTable("Close", f"{count(sum(int(row[3]) for row in rows), 'entry', 'entries')} to post", COLUMNS, rows)
