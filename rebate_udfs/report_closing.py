"""What a close would post, in sums: what a person reads before agreeing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .closing import code_of
from .model import LedgerEntry, ResultColumn, ResultTable
from .money import with_cents
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
NOTHING = Decimal(0)


def closing_totals(entries: Iterable[LedgerEntry], base: str) -> ResultTable:
    """Totals of entries by program, kind, reason and currency; Base Amount in Base Currency, which is `base`.

    Entries that move no amount (those that make a claim line final) are no lines of it; a note counts them.
    """
    entries = tuple(entries)
    booked = tuple(entry for entry in entries if entry.amount or entry.base_amount)
    sums: dict[tuple[str, str, str, str], tuple[int, Decimal, Decimal]] = defaultdict(lambda: (0, NOTHING, NOTHING))
    for entry in booked:
        key = (entry.program_id, entry.kind.value, code_of(entry.reason), entry.currency)
        number, amount, in_base = sums[key]
        sums[key] = (number + 1, amount + entry.amount, in_base + (entry.base_amount or NOTHING))
    rows = tuple(
        (program, kind, reason, number, with_cents(amount, currency), currency, with_cents(in_base, base))
        for (program, kind, reason, currency), (number, amount, in_base) in sorted(sums.items())
    )
    notes = [f"In all: {words(by_currency((entry.currency, entry.amount) for entry in booked))}."] if booked else []
    if rest := len(entries) - len(booked):
        notes.append(f"{count(rest, 'entry', 'entries')} more move{'s' if rest == 1 else ''} no amount: claim lines that become final.")
    return ResultTable("Close", f"{count(len(entries), 'entry', 'entries')} to post", COLUMNS, rows, tuple(notes))
