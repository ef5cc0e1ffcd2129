"""What a covering letter says of a statement: earned, paid, to come, and what to do by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .in_words import money_text
from .nouns import Statement

MOST_HINTS = 3  # ways to the next tier that a letter names


@dataclass(frozen=True, slots=True)
class Letter:
    """One distributor's covering letter, in words that a mail program can merge."""

    participant_id: str
    name: str
    as_of: date
    content: str  # hash of what the statement says
    earned: str
    paid: str
    to_come: str
    to_do: str


def letter_of(statement: Statement) -> Letter:
    """The letter that goes with a statement."""
    return Letter(
        statement.participant_id,
        statement.participant_name,
        statement.as_of,
        statement.content_hash,
        _amounts(statement.earned),
        _amounts(statement.paid),
        _amounts(statement.to_come),
        " ".join(_to_do(statement)),
    )


def _amounts(by_currency: tuple[tuple[str, Decimal], ...]) -> str:
    return "; ".join(money_text(amount, currency) for currency, amount in by_currency)


def _to_do(statement: Statement) -> list[str]:
    """What lapses if nobody claims it, then what more purchases would bring."""
    found = [f"{program.program_name}: {program.claim_text}" for program in statement.programs if program.claims_due]
    hints = [f"{program.program_name}: {period.next_text}" for program in statement.programs for period in program.current
             if period.next_text.startswith("Buy")]  # fmt: skip
    return found + hints[:MOST_HINTS]
