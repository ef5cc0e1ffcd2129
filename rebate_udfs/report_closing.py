"""What a close would post, in sums: what a person reads before agreeing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .closing import code_of
from .model import LedgerEntry, ResultColumn, ResultTable
from .report_columns import by_currency, count, words

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
    """Totals of entries by program, kind, reason and currency; Base Amount in Base Currency.

    Entries that move no amount (those that make a claim line final) are no lines of it; a note counts them.
    """
    entries = tuple(entries)
    booked = tuple(entry for entry in entries if entry.amount or entry.base_amount)
    sums: dict[tuple[str, str, str, str], list[Decimal | int]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for entry in booked:
        total = sums[entry.program_id, entry.kind.value, code_of(entry.reason), entry.currency]
        total[0] += 1
        total[1] += entry.amount
        total[2] += entry.base_amount or Decimal(0)
    rows = tuple(
        (program, kind, reason, number, amount, currency, base) for (program, kind, reason, currency), (number, amount, base) in sorted(sums.items())
    )
    notes = [f"In all: {words(by_currency((entry.currency, entry.amount) for entry in booked))}."] if booked else []
    if rest := len(entries) - len(booked):
        notes.append(f"{count(rest, 'entry', 'entries')} more move{'s' if rest == 1 else ''} no amount: claim lines that become final.")
    return ResultTable("Close", f"{count(len(entries), 'entry', 'entries')} to post", COLUMNS, rows, tuple(notes))
