"""The result table Claim Check: every claim line with its amounts, its status, why, and what the distributor can do."""

from __future__ import annotations

from collections import Counter

from .claim_reasons import BY_CODE
from .model import ClaimResult, ResultTable, Run
from .report_columns import Column, Names, by_currency, count, money_column, table_of, words

STATUSES = ("Approved", "Adjusted", "Held", "Rejected")


def claim_check(run: Run) -> ResultTable | None:
    """Each line as it stands: claimed, calculated, approved, paid, reasons and remedies; None for a book without claims."""
    if not run.tables.claims:
        return None
    names, rows = Names(run), run.claims
    columns = (
        Column("Claim ID", "id", "claim_id", lambda row: row.claim_id),
        Column("Line", "id", "line", lambda row: row.line),
        Column("Distributor ID", "id", "distributor_id", lambda row: row.distributor_id),
        Column("Distributor", "text", "distributor_name", lambda row: names.participant(row.distributor_id)),
        Column("Program ID", "id", "program_id", lambda row: row.program_id),
        Column("Period", "id", "period", lambda row: row.period),
        Column("Claim Date", "date", "claim_date", lambda row: row.claim_date),
        Column("Status", "text", "status", lambda row: row.status),
        money_column("Claimed", "claimed"),
        money_column("Calculated", "calculated", total=False),
        money_column("Approved", "approved"),
        money_column("Paid", "paid"),
        Column("Why", "text", "why", why),
        Column("What To Do", "text", "remedies", lambda row: " ".join(dict.fromkeys(row.remedies))),
        Column("Answer", "text", "note", lambda row: row.note),
        Column("Codes", "text", "reasons", lambda row: ", ".join(row.reasons)),
        Column("Row in Claims", "integer", "row", lambda row: row.row or None),
    )
    return table_of("Claim Check", _title(rows), columns, rows, (row.currency for row in rows))


def why(row: ClaimResult) -> str:
    """The reasons as one sentence; empty where the claim is simply approved."""
    said = "; ".join(BY_CODE[code].when for code in row.reasons if code in BY_CODE)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _title(rows: tuple[ClaimResult, ...]) -> str:
    if not rows:
        return "No claim is dated up to this day"
    found = Counter(row.status for row in rows)
    parts = ", ".join(f"{found[status]:,} {status.lower()}" for status in STATUSES if found[status])
    approved = words(by_currency((row.currency, row.approved) for row in rows if row.approved))
    return f"{count(len(rows), 'claim line')}: {parts}; {approved} approved"
