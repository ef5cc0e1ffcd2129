"""The nouns of a statement: what one distributor is told, and nothing else.

    Statement                  one participant, as of one day
      Sender                   whose name, colour and contact it carries
      [ProgramStatement]       a program it takes part in, with its terms in words
        [PeriodStatement]      .. what it did and earned in one period; it has ..
          [StepLine]           .. the arithmetic, line by line
          WhatIf               .. what more purchases would earn
          [BranchShare]        .. the same by branch
        [DueLine]              .. what falls due when
        [ClaimDue]             .. what can be claimed, and by when
      [AccountLine]            what became of each figure: paid, lapsed, open and due when
      [Moved]                  how each figure moved since the last statement
      [CountedLine] [ExcludedLine] [PaymentLine] [ClaimLine] [DisputeLine]

There is no noun here for an accrual, a forecast, a cost, a ledger entry or an internal note: what has no place
cannot slip into a workbook. Every value is plain (text, date, Decimal, Fraction), so that a statement can be handed
to another process and hashed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ..model import RebateType, RewardKind


@dataclass(frozen=True, slots=True)
class Sender:
    """The company that sends the statement, as its Settings describe it."""

    company: str
    contact: str = ""
    note: str = ""  # closing words
    accent_color: str = ""  # #RRGGBB, "" for the house colour
    logo_file: str = ""
    date_format: str = "yyyy-mm-dd"


@dataclass(frozen=True, slots=True)
class StepLine:
    """One line of arithmetic, as the rule made it: quantity x rate = amount where all three are given."""

    label: str
    detail: str
    quantity: Fraction | None
    rate: Fraction | None
    amount: Fraction | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of additional purchases x, from `starts_at` on, in which the rebate is one formula.

    Rebate in minor units = (constant + slope * x + curve * x * x) / divisor, all whole numbers, x in units of
    10^-places of the purchases; `tier` is the tier reached there.
    """

    starts_at: int
    tier: int
    divisor: int
    constant: int
    slope: int
    curve: int = 0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What planned additional purchases would earn, exact for every x from 0 to `most` (in units of 10^-places)."""

    pieces: tuple[Piece, ...]
    places: int
    unit: str  # "units" or the currency
    currency_places: int
    half_even: bool
    cap: Decimal | None  # Period Cap
    most: int


@dataclass(frozen=True, slots=True)
class BranchShare:
    """What one branch bought and what part of the rebate stands against its purchases; the parts add up."""

    distributor_id: str
    distributor_name: str
    lines: int
    quantity: Decimal
    amount: Decimal
    earned: Decimal | None  # None where lines in several currencies cannot be weighed


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """One participant of the family in one period of one program."""

    figure_id: str
    participant_id: str
    participant_name: str
    period_id: str
    starts_on: date
    ends_on: date
    ended: bool
    measure: Fraction
    measure_unit: str
    percent: Fraction | None
    target: Fraction | None
    baseline: Fraction | None
    tier: int
    tier_text: str  # Tier 2 reached (4 %)
    progress: Fraction | None  # of the way to the next tier; None where there is none
    next_text: str  # buy 2,521 more units by .. to earn .. more
    earned: Decimal
    currency: str
    steps: tuple[StepLine, ...]
    what_if: WhatIf | None
    what_if_note: str  # why there is none, or what it does not know
    branches: tuple[BranchShare, ...] = ()


@dataclass(frozen=True, slots=True)
class DueLine:
    """What one settlement makes due."""

    participant_id: str
    period_id: str
    settlement_end: date
    due_on: date
    due: Decimal
    paid: Decimal
    open: Decimal
    carried: Decimal
    lapsed: Decimal
    owed_back: Decimal


@dataclass(frozen=True, slots=True)
class ClaimDue:
    """What can be claimed of one figure now, and lapses if nobody does."""

    program_id: str
    participant_id: str
    period_id: str
    currency: str
    amount: Decimal
    by: date
    fund: bool  # a marketing fund: claimed by activity, up to the amount


@dataclass(frozen=True, slots=True)
class AccountLine:
    """What became of one figure: earned + agreed - paid - lapsed = open."""

    program_id: str
    participant_id: str
    period_id: str
    currency: str
    earned: Decimal
    agreed: Decimal  # in answers to disputes, and adjustments
    paid: Decimal
    lapsed: Decimal
    open: Decimal  # below 0: paid beyond what is owed
    when: str  # due on 2026-07-30


@dataclass(frozen=True, slots=True)
class Movement:
    """How a figure moved between two statements, with its reasons as codes; before + parts = now."""

    currency: str
    before: Decimal
    parts: Mapping[str, Decimal]
    now: Decimal


@dataclass(frozen=True, slots=True)
class Since:
    """What a participant was told last, and how every figure has moved since."""

    as_of: date
    figures: Mapping[tuple[str, str, str], Movement]  # program, participant, period


@dataclass(frozen=True, slots=True)
class Moved:
    """The same of one figure, as its participant is told it: answers to disputes and adjustments are part of the amounts."""

    program_id: str
    participant_id: str
    period_id: str
    currency: str
    before: Decimal  # as the last statement said
    parts: tuple[tuple[str, Decimal], ...]  # why, in words -> amount; before + parts = now
    now: Decimal


@dataclass(frozen=True, slots=True)
class TierLine:
    """A step of the ladder as people read it."""

    number: int
    from_text: str
    to_text: str
    reward_text: str


@dataclass(frozen=True, slots=True)
class ProgramStatement:
    """One program the distributor takes part in."""

    program_id: str
    program_name: str
    rebate_type: RebateType
    reward: RewardKind
    currency: str
    starts_on: date
    ends_on: date
    pays_for: str  # one sentence
    terms: tuple[str, ...]  # the whole program, sentence by sentence
    tiers: tuple[TierLine, ...]
    example: tuple[str, ...]
    periods: tuple[PeriodStatement, ...]  # in time order
    due: tuple[DueLine, ...]
    earned: Decimal
    paid: Decimal
    next_due_on: date | None  # of what is open or still being earned
    claim_text: str  # what has to be claimed by when; "" where nothing has
    period_ids: tuple[str, ...] = ()  # that a claim may name
    activities: tuple[str, ...] = ()
    agreed: Decimal = Decimal(0)  # in answers to disputes, and adjustments
    lapsed: Decimal = Decimal(0)
    claims_due: tuple[ClaimDue, ...] = ()

    @property
    def to_come(self) -> Decimal:
        """What is neither paid nor lapsed; below 0: paid beyond what is owed."""
        return self.earned + self.agreed - self.paid - self.lapsed

    @property
    def current(self) -> tuple[PeriodStatement, ...]:
        """The figures of the latest period: one, or one a branch."""
        last = max((period.starts_on for period in self.periods), default=None)
        return tuple(period for period in self.periods if period.starts_on == last)


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A transaction that counts for a program."""

    program_id: str
    period_id: str
    distributor_id: str
    invoice_number: str
    line: str
    invoice_date: date
    sku: str
    product_name: str
    kind: str  # Invoice, Credit Note, Return
    quantity: Decimal
    amount: Decimal
    currency: str
    counts_for: str  # tier and rebate, tier only, rebate only
    transaction_id: str


@dataclass(frozen=True, slots=True)
class ExcludedLine:
    """A transaction that does not count for a program, and why."""

    program_id: str
    distributor_id: str
    invoice_number: str
    line: str
    invoice_date: date
    sku: str
    product_name: str
    kind: str
    quantity: Decimal
    amount: Decimal
    currency: str
    reason: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment made."""

    paid_on: date
    program_id: str
    participant_id: str
    period_id: str
    method: str
    reference: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One line of a claim and how it stands."""

    claim_id: str
    line: str
    claim_date: date | None
    program_id: str
    period_id: str
    distributor_id: str
    status: str  # Approved, Adjusted, Held, Rejected
    claimed: Decimal | None
    approved: Decimal
    paid: Decimal
    why: str  # the reasons as one sentence; "" where it is simply approved
    what_to_do: str
    answer: str  # what a person decided about it, in our words
    currency: str


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """One dispute and what has come of it."""

    dispute_id: str
    opened_on: date
    distributor_id: str
    about: str  # the figure, the invoice, or both
    reason: str
    amount: Decimal | None
    currency: str  # "" where it names no figure
    status: str  # Open, Under Review, Resolved: Accepted
    resolved_on: date | None
    days: int  # since it was opened; of a resolved one, until then
    agreed: Decimal | None  # what it added to the figure; None until it is resolved
    answer: str


@dataclass(frozen=True, slots=True)
class Statement:
    """All that one distributor is told as of one day."""

    statement_id: str
    participant_id: str
    participant_name: str
    as_of: date
    run_id: str
    sender: Sender
    programs: tuple[ProgramStatement, ...]
    counted: tuple[CountedLine, ...]
    excluded: tuple[ExcludedLine, ...]
    payments: tuple[PaymentLine, ...]
    members: tuple[tuple[str, str], ...]  # id and name: the participant first, then its branches
    parent_id: str = ""  # a branch's own statement: whose branch it is
    claims: tuple[ClaimLine, ...] = ()
    disputes: tuple[DisputeLine, ...] = ()
    accounts: tuple[AccountLine, ...] = ()
    moved: tuple[Moved, ...] = ()
    last_as_of: date | None = None  # of the statement before this one
    knows_last: bool = False  # whether earlier statements are remembered: without a last one this is then the first

    @property
    def earned(self) -> tuple[tuple[str, Decimal], ...]:
        """Earned so far by currency, the largest first."""
        return _by_currency((program.currency, program.earned) for program in self.programs)

    @property
    def paid(self) -> tuple[tuple[str, Decimal], ...]:
        """Paid so far by currency, the largest first."""
        return _by_currency((program.currency, program.paid) for program in self.programs)

    @property
    def agreed(self) -> tuple[tuple[str, Decimal], ...]:
        """Agreed in answers to disputes and by adjustments, by currency."""
        return _by_currency((program.currency, program.agreed) for program in self.programs)

    @property
    def lapsed(self) -> tuple[tuple[str, Decimal], ...]:
        """Lapsed so far by currency."""
        return _by_currency((program.currency, program.lapsed) for program in self.programs)

    @property
    def to_come(self) -> tuple[tuple[str, Decimal], ...]:
        """Neither paid nor lapsed, by currency."""
        return _by_currency((program.currency, program.to_come) for program in self.programs)

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything in the statement but the run that made it: equal content, equal workbook."""
        content = repr(
            (
                FORMAT,
                self.statement_id,
                self.participant_id,
                self.participant_name,
                self.as_of,
                self.sender,
                self.programs,
                self.counted,
                self.excluded,
                self.payments,
                self.members,
                self.parent_id,
                self.claims,
                self.disputes,
                self.accounts,
                self.moved,
                self.last_as_of,
                self.knows_last,
            )
        )
        return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()


FORMAT = "rebates statement 2"  # raised when the same content is to give another workbook


def _by_currency(amounts: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + amount
    return tuple(sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])))
