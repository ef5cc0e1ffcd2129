"""One claim line with everything it refers to, and what a validation knows while it runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .agreements import Agreement
from .claim_evidence import Evidence, InvoiceLine, Placed, line_order
from .claim_reasons import BY_CODE, Effect
from .earn import Earned, Key
from .exchange import Rates
from .model import (
    Claim,
    Dimension,
    Period,
    Scope,
    ScopeRule,
    Settings,
    SpecialPrice,
)  # fmt: skip
from .participants import EARLIEST, LATEST, Hierarchy

ZERO, NOTHING = Fraction(0), Decimal(0)


LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What there is to claim: figures by key, and what changes them."""

    earned: Mapping[Key, Earned]
    bases: Mapping[Key, Fraction]  # before limits
    adjusted: Mapping[Key, Decimal]
    paid_without_claim: Mapping[Key, Decimal]


@dataclass(frozen=True, slots=True)
class Posted:
    """What a close has posted of a claim line: the line is final from that day on."""

    closed_on: date
    approved: Decimal
    calculated: Decimal  # with the effective rate of then; a higher rate later adds its increase
    quantity: Fraction = ZERO  # approved
    codes: tuple[str, ...] = ()
    participant_id: str = ""
    period: str = ""


@dataclass(slots=True)
class Drawn:
    """What the lines so far have been granted."""

    of_figure: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    of_line: dict[tuple[str, str], Fraction] = field(default_factory=lambda: defaultdict(Fraction))  # (program, transaction)
    of_price: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    of_sku: dict[tuple[str, str, str], Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    supported: dict[tuple[str, str, str, str], list[tuple[Fraction, Fraction, int]]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[tuple[Any, ...], list[Case]] = field(default_factory=lambda: defaultdict(list))  # by what they claim


@dataclass(slots=True)
class Case:
    """One claim line with everything it refers to."""

    claim: Claim
    claim_date: date | None  # the first row's: a resubmission keeps its place
    agreement: Agreement | None
    known_program: bool  # also one that cannot be computed, for an error in its terms
    known_distributor: bool
    final: bool = False  # a person has decided it, or a close has posted it
    posted: Posted | None = None
    stale: bool = False
    kind: str = ""  # invoice, period, mdf, ship
    line: InvoiceLine | None = None
    placed: Placed | None = None
    other_owner: bool = False
    day: date | None = None  # the day on which enrollment and dates are tested
    period: Period | None = None
    participant_id: str = ""
    price: SpecialPrice | None = None
    cost: Fraction | None = None
    codes: list[str] = field(default_factory=list)
    overrides: dict[str, Effect] = field(default_factory=dict)  # where a code does something else than usual
    details: dict[str, str] = field(default_factory=dict)  # by code: what was found, in words
    unplaced: bool = False  # it belongs to no figure of its own; a person has approved it all the same
    duplicate: bool | None = None  # of a final line: known from the lines in their own order
    calculated: Fraction | None = None
    granted_quantity: Fraction = ZERO
    limited: Decimal = NOTHING  # what the terms give within every limit but the claimed amount
    approved: Decimal = NOTHING
    difference: Decimal = NOTHING  # of a final line: what the terms give today, less what stands
    draws: dict[Key, Decimal] = field(default_factory=dict)  # what it takes from each figure
    waits: bool = False  # below Minimum Payout
    released_on: date | None = None  # when what had waited falls due
    lapses: bool = False  # still below Minimum Payout when the program's last settlement fell due
    status: str = ""

    @property
    def key(self) -> Key | None:
        """The figure it is tested against, None where there is none."""
        if self.agreement is None or self.period is None or not self.participant_id:
            return None
        return (self.agreement.program_id, self.participant_id, self.period.period_id)

    @property
    def own_line(self) -> InvoiceLine | None:
        """The invoice line found, where it counts and is the claimant's: its quantity can be claimed."""
        if self.line is None or self.placed is None or self.other_owner:
            return None
        return self.line if self.placed.counts and self.line.type == "Invoice" else None

    @property
    def takes_back(self) -> bool:
        """Whether it is the end customer's return to a ship-and-debit claim."""
        return self.kind == "ship" and (self.claim.quantity or 0) < 0

    @property
    def effect(self) -> Effect | None:
        """The strongest effect of the codes so far."""
        found = {self.overrides.get(code, BY_CODE[code].effect) for code in self.codes}
        return next((effect for effect in Effect if effect in found), None)

    @property
    def stops(self) -> bool:
        """Whether a code so far rejects or holds."""
        return self.effect in (Effect.REJECTS, Effect.HOLDS)

    def say(self, code: str, detail: str = "", effect: Effect | None = None) -> None:
        """Give it a code, with what was found and an effect other than the usual one."""
        self.codes.append(code)
        if detail:
            self.details[code] = detail
        if effect:
            self.overrides[code] = effect


@dataclass(slots=True)
class State:
    """One validation while it runs: what claims are checked against, and what has been granted so far."""

    evidence: Evidence
    entitlements: Entitlements
    settings: Settings
    programs: frozenset[str]  # all that claims may name, also those with an error in their terms
    distributors: frozenset[str]
    activities: Mapping[str, tuple[frozenset[str], frozenset[str]]]  # included and excluded activity types by program
    prices: Mapping[tuple[str, str], Sequence[SpecialPrice]]  # by program and SKU
    rates: Rates
    posted: Mapping[str, Posted] = field(default_factory=dict)  # by distributor/claim/line
    reserved: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))  # posted on a figure, not yet drawn
    drawn: Drawn = field(default_factory=Drawn)


def participant(hierarchy: Hierarchy, agreement: Agreement, distributor_id: str, day: date) -> str:
    """Who is measured for a distributor on a day, enrollment dates apart from the program's; "" when nobody."""
    chain = hierarchy.ancestors_on(distributor_id, day)
    if agreement.enrollments:
        chain = tuple(
            member
            for member in chain
            if any((row.starts_on or EARLIEST) <= day <= (row.ends_on or LATEST) for row in agreement.enrollments.get(member, ()))
        )
    if not chain:
        return ""
    return distributor_id if agreement.program.aggregate_by.value == "Branch" else chain[-1]


def participant_in(agreement: Agreement, distributor_id: str, period: Period | None) -> str:
    """The participant on the last day of a period on which there is one."""
    if period is None:
        return ""
    days = [place for place in agreement.places if place.distributor_id == distributor_id]
    fitting = [place for place in days if place.starts_on <= period.ends_on and place.ends_on >= period.starts_on]
    return fitting[-1].participant_id if fitting else ""


def place_of(case: Case) -> tuple[date, str, tuple[int, int, str], str]:
    """Claim date (none: last), then claim id, then line."""
    return (case.claim_date or LAST_DAY, case.claim.claim_id, line_order(case.claim.line), case.claim.distributor_id)


def activities_of(scopes: Iterable[Scope]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """The activity types that each program includes and excludes."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for row in scopes:
        if row.dimension is Dimension.ACTIVITY:
            found[row.program_id][0 if row.rule is ScopeRule.INCLUDE else 1].add(row.value.casefold())
    return {program_id: (frozenset(include), frozenset(exclude)) for program_id, (include, exclude) in found.items()}
