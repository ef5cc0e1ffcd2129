"""The result table Dispute Check: every dispute with its age, how it ended, what that is worth and what of it is posted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .closing import code_of
from .model import Dispute, DisputeStatus, EntryKind, ResultTable, Run
from .report_columns import Column, Names, by_currency, count, money_column, table_of, words
from .settle import dispute_effect

REASON = "DISPUTE"  # of the entries that a close posts for resolved disputes
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One dispute as it stands on the as-of date; what is resolved later is still under review."""

    dispute: Dispute
    status: str
    resolution: str
    days: int  # open until the as-of date, or until it was resolved
    effect: Decimal | None  # what the resolution adds to the figure; None while it is open
    posted: Decimal
    currency: str

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to answer."""
        return self.effect is None

    @property
    def disputed(self) -> Decimal | None:
        """What the distributor expects more than our figure."""
        return self.dispute.disputed_amount


def dispute_check(run: Run) -> ResultTable | None:
    """Each dispute opened by the as-of date: open ones first, the oldest before the others; None for a book without disputes."""
    if not run.tables.disputes:
        return None
    names, rows = Names(run), dispute_rows(run)
    columns = (
        Column("Dispute ID", "id", "dispute_id", lambda row: row.dispute.dispute_id),
        Column("Distributor ID", "id", "distributor_id", lambda row: row.dispute.distributor_id),
        Column("Distributor", "text", "distributor_name", lambda row: names.participant(row.dispute.distributor_id)),
        Column("Figure ID", "id", "figure_id", lambda row: row.dispute.figure_id),
        Column("Invoice", "id", "invoice_number", lambda row: row.dispute.invoice_number),
        Column("Reason", "text", "reason", lambda row: row.dispute.reason),
        Column("Status", "text", "status", lambda row: row.status),
        Column("Opened On", "date", "opened_on", lambda row: row.dispute.opened_on),
        Column("Resolved On", "date", "resolved_on", lambda row: None if row.is_open else row.dispute.resolved_on),
        Column("Days Open", "integer", "days_open", lambda row: row.days if row.is_open else None),
        Column("Days to Resolution", "integer", "days_to_resolution", lambda row: None if row.is_open else row.days),
        Column("Resolution", "text", "resolution", lambda row: row.resolution),
        money_column("Disputed", "disputed"),
        money_column("Agreed", "effect"),
        money_column("Posted", "posted"),
        Column("Answer", "text", "answer", lambda row: row.dispute.answer),
        Column("Row in Disputes", "integer", "row", lambda row: row.dispute.row or None),
    )
    return table_of("Dispute Check", _title(rows), columns, rows, (row.currency for row in rows))


def dispute_rows(run: Run) -> list[DisputeRow]:
    """The disputes opened by the as-of date, open ones first, each group in order of time."""
    currencies = {program.program_id: program.currency for program in run.tables.programs}
    posted = _posted(run)
    found = []
    for row in run.tables.disputes:
        if row.opened_on > run.as_of:
            continue
        resolved = row.status is DisputeStatus.RESOLVED and row.resolved_on is not None and row.resolved_on <= run.as_of
        status = DisputeStatus.UNDER_REVIEW if row.status is DisputeStatus.RESOLVED and not resolved else row.status
        end = row.resolved_on if resolved and row.resolved_on else run.as_of
        currency = currencies.get(row.figure_id.split("/")[0]) or run.tables.settings.base_currency
        resolution = row.resolution.value if resolved and row.resolution else ""
        effect = dispute_effect(row) if resolved else None
        found.append(DisputeRow(row, status.value, resolution, (end - row.opened_on).days, effect, posted[row.dispute_id], currency))
    return sorted(found, key=lambda row: (not row.is_open, row.dispute.opened_on, row.dispute.dispute_id))


def _posted(run: Run) -> dict[str, Decimal]:
    """What closes have posted for each dispute; what was reversed is not posted."""
    mine = {entry.entry_id: entry.source for entry in run.tables.ledger if code_of(entry.reason) == REASON}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in run.tables.ledger:
        source = mine.get(entry.reverses if entry.kind is EntryKind.REVERSAL else entry.entry_id, "")
        if source:
            found[source] += entry.amount
    return found


def _title(rows: list[DisputeRow]) -> str:
    if not rows:
        return "No dispute was opened up to this day"
    waiting, ended = [row for row in rows if row.is_open], [row for row in rows if not row.is_open]
    parts = []
    if waiting:
        parts.append(f"{len(waiting):,} open, the oldest for {count(max(row.days for row in waiting), 'day')}")
    if ended:
        average = round(Fraction(sum(row.days for row in ended), len(ended)))
        agreed = words(by_currency((row.currency, row.effect) for row in ended if row.effect))
        parts.append(f"{len(ended):,} resolved, in {count(average, 'day')} on average; {agreed} agreed")
    return f"{count(len(rows), 'dispute')}: {'; '.join(parts)}"
