"""The result table Claim Check: every claim line with its amounts, its status, why, and what the distributor can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from .claim_evidence import line_order
from .claim_reasons import BY_CODE
from .model import ClaimResult, ResultTable, Run
from .report_columns import Column, Names, by_currency, count, money_column, table_of, words

STATUSES = ("Approved", "Adjusted", "Held", "Rejected")
STALE = "STALE_RESUBMISSION"
TOO_LITTLE = "CLAIMED_TOO_LITTLE"
MORE = "more can be claimed"  # ends what validation says of a rest
LIMITS = frozenset({"FUND_EXHAUSTED", "EXCEEDS_ENTITLEMENT", "QUANTITY_EXCEEDS_LIMIT", "QUANTITY_EXCEEDS_INVOICE"})
POSTED = "posted by the close of "  # begins what validation says of a line that a close has fixed
LAST_DAY = date.max


def claim_check(run: Run) -> ResultTable | None:
    """Each line as it stands: claimed, calculated, approved, paid, reasons and remedies; None for a book without claims.

    In the order in which money is granted: by claim date, claim and line; what a newer row supersedes stands behind its
    line and in no total. A final line shows what the terms would give today beyond what stands.
    """
    if not run.tables.claims:
        return None
    names, rows = Names(run), tuple(sorted(run.claims, key=_place))
    columns = (
        Column("Claim ID", "id", "claim_id", lambda row: row.claim_id),
        Column("Line", "id", "line", lambda row: row.line),
        Column("Distributor ID", "id", "distributor_id", lambda row: row.distributor_id),
        Column("Distributor", "text", "distributor_name", lambda row: names.participant(row.distributor_id)),
        Column("Program ID", "id", "program_id", lambda row: row.program_id),
        Column("Period", "id", "period", lambda row: row.period),
        Column("Claim Date", "date", "claim_date", lambda row: row.claim_date),
        Column("Status", "text", "status", lambda row: row.status),
        Column("Claimed", "money", "claimed", _claimed, unit=True, total=True),
        money_column("Calculated", "calculated", total=False),
        money_column("Approved", "approved"),
        money_column("Paid", "paid"),
        Column("Why", "text", "why", why_and_what),
        Column("What To Do", "text", "remedies", what_to_do),
        Column("Answer", "text", "note", lambda row: row.note) if any(row.note for row in rows) else None,
        Column("Final", "text", "final", final) if any(map(final, rows)) else None,
        money_column("Later Difference", "difference") if any(row.difference for row in rows) else None,
        Column("Codes", "text", "reasons", lambda row: ", ".join(row.reasons)),
        Column("Row in Claims", "integer", "row", lambda row: row.row or None),
    )
    return table_of("Claim Check", _title(rows), columns, rows, (row.currency for row in rows))


def _place(row: ClaimResult) -> tuple[date, str, tuple[int, int, str], str, bool, int]:
    return (row.claim_date or LAST_DAY, row.claim_id, line_order(row.line), row.distributor_id, STALE in row.reasons, row.row)


def _claimed(row: ClaimResult) -> Decimal | None:
    return None if STALE in row.reasons else row.claimed


def why(row: ClaimResult) -> str:
    """The reasons as one sentence, as a distributor is told them; empty where the claim is simply approved."""
    return _sentence(_then(row), (BY_CODE[code].when for code in _told(row) if code in BY_CODE))


def why_and_what(row: ClaimResult) -> str:
    """The reasons as one sentence, each with what was found: for our own eyes."""
    details = dict(zip(row.reasons, row.details, strict=False))
    found = (BY_CODE[code].when + (f" ({details[code]})" if details.get(code) else "") for code in _told(row) if code in BY_CODE)
    return _sentence(_then(row), found)


def what_to_do(row: ClaimResult) -> str:
    """What the distributor can do; of a line that a close has fixed, what the terms would give today beside it."""
    if (day := _closed_on(row)) and row.difference:
        more, size = row.difference > 0, words({row.currency: abs(row.difference)})
        then = "more today, which can be claimed on a new line while claims are taken" if more else "less today, and what was approved stands"
        return f"Fixed by the close of {day}: the terms would give {size} {then}."
    remedies = dict(zip(row.reasons, row.remedies, strict=False))
    found = [remedies[code] for code in _told(row) if code in remedies and (code != TOO_LITTLE or _has_rest(row))]
    return " ".join(dict.fromkeys(found))


def _told(row: ClaimResult) -> tuple[str, ...]:
    """The reasons that bear on what is approved: a line approved in full is limited by nothing, there may only be a rest."""
    if row.status == "Approved" and row.approved == row.claimed:
        return tuple(code for code in row.reasons if code == TOO_LITTLE and _has_rest(row))
    return row.reasons


def _has_rest(row: ClaimResult) -> bool:
    """Whether more than what is approved can be claimed: validation says how much; a posted line has only its amounts."""
    if row.posted is not None:
        return row.calculated is not None and row.calculated > row.approved and not set(row.reasons) & LIMITS
    details = dict(zip(row.reasons, row.details, strict=False))
    return details.get(TOO_LITTLE, "").endswith(MORE)


def _closed_on(row: ClaimResult) -> str:
    """The last day of the close that fixed the line; "" where none did."""
    return next((text.removeprefix(POSTED) for text in row.details[len(row.reasons) :] if text.startswith(POSTED)), "")


def _then(row: ClaimResult) -> str:
    """What is no longer so today is told as of its day."""
    return f"as of {_closed_on(row)}, when a close fixed the line: " if _closed_on(row) and row.difference else ""


def _sentence(before: str, parts: Iterable[str]) -> str:
    said = "; ".join(parts)
    said = f"{before}{said}" if said else ""
    return f"{said[0].upper()}{said[1:]}." if said else ""


def final(row: ClaimResult) -> str:
    """Why a line is final, in words; empty while it is computed anew with every run."""
    more = row.details[len(row.reasons) :]
    said = next((text for text in more if text.startswith(("decided", "posted"))), "")
    return f"{said[:1].upper()}{said[1:]}"


def answers(run: Run, most: int) -> list[str]:
    """A sentence or two for each line that is not simply approved: what became of it, why, and what to do."""
    told = [row for row in sorted(run.claims, key=_place) if (_told(row) or (_closed_on(row) and row.difference)) and STALE not in row.reasons]
    lines = []
    for row in told[:most]:
        said = " ".join(filter(None, (why_and_what(row), what_to_do(row))))
        lines.append(f"{row.claim_id} line {row.line} of {row.distributor_id or 'nobody'}: {row.status}. {said}")
    return lines + ([f"... and {count(len(told) - most, 'line')} more: see the sheet Claim Check"] if len(told) > most else [])


def _title(rows: tuple[ClaimResult, ...]) -> str:
    if not rows:
        return "No claim is dated up to this day"
    current = [row for row in rows if STALE not in row.reasons]
    found = Counter(row.status for row in current)
    parts = ", ".join(f"{found[status]:,} {status.lower()}" for status in STATUSES if found[status])
    approved = words(by_currency((row.currency, row.approved) for row in current if row.approved))
    older = f"; {count(len(rows) - len(current), 'older version')} beside them" if len(rows) > len(current) else ""
    return f"{count(len(current), 'claim line')}: {parts}; {approved} approved{older}"
