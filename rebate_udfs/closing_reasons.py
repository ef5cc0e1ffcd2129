"""Why an accrual entry is what it is: from what the last close knew to what is known now, step by step.

First what changed about the time up to the last close (memberships, terms, rates, claims, late transactions, returns), then
what came after it (purchases, returns, forecast). Each step's change of accrued to date is a part; what a change of the
accrual tier does to the earlier measure is TIER_CROSSED. The parts of a figure add up to its entry, to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .closing import Key, Reasoned, key_of
from .model import AccrualPolicy, EntryKind, Method, RebateType, RewardKind, Rounding, Run
from .money import money, places_of

ZERO = Fraction(0)
PURCHASES, RETURN, LATE, FORECAST, CROSSED = "PURCHASES", "RETURN", "LATE_TRANSACTION", "FORECAST_CHANGE", "TIER_CROSSED"
BY_LINES = (LATE, RETURN)  # steps that move the measure: a tier that they cross is told apart
TO_ACCRUAL = (PURCHASES, RETURN, FORECAST)  # what an Accrual is made of first; all else is True-Up first


@dataclass(frozen=True, slots=True)
class State:
    """A figure at one step of the walk."""

    accrued: Fraction = ZERO
    measure: Fraction = ZERO
    tier: int = 0

    @property
    def rate(self) -> Fraction:
        """Accrued for each unit of the measure, 0 where there is none."""
        return self.accrued / self.measure if self.measure > 0 else ZERO


States = Mapping[Key, State]


def states_of(run: Run) -> dict[Key, State]:
    """Where every figure of a run stands; a run `for_books`."""
    return {key_of(row): State(Fraction(row.accrued), *run.standings[key_of(row)]) for row in run.accruals}


@dataclass(frozen=True, slots=True)
class Walk:
    """The steps between two closes: what each changed by the last close's day, then the state there and now.

    `steps` are (reason, states after it), the first of them being what the last close itself stored (reason ""); empty where
    nothing about that time changed. `without_returns` is the state now without the returns dated after the last close.
    """

    now: States
    before: States  # as of the day before the accounting period, with what is known now
    reached: States  # the same with the forecasts of the last close
    steps: Sequence[tuple[str, States]] = ()
    without_returns: States | None = None
    has_history: bool = True  # False: the first close, all that was bought is PURCHASES


def reasons_of(
    entries: Mapping[Key, Decimal], recognised: Mapping[Key, Decimal], walk: Walk, programs: Mapping[str, Agreement], rounding: Rounding
) -> dict[Key, list[Reasoned]]:
    """The parts of every accrual entry: by kind and reason, adding up to it.

    `recognised` is what the ledger holds by then, openings of this close included.
    """
    found = {}
    for key, entry in entries.items():
        agreement = programs[key[0]]
        parts = _walked(key, Fraction(recognised.get(key, Decimal(0))), walk, agreement)
        rounded = _to_cents(parts, entry, agreement.currency, rounding)
        found[key] = by_kind(rounded, entry, _dated_here(key, entry, walk, agreement.currency, rounding))
    return found


def _dated_here(key: Key, entry: Decimal, walk: Walk, currency: str, rounding: Rounding) -> Decimal:
    """Kind Accrual: accrued to date x measure dated in the accounting period / measure to date."""
    now, before = walk.now[key], walk.before.get(key, State())
    if now.measure <= 0:
        return entry if now.accrued else Decimal(0)
    return money(now.accrued * (now.measure - before.measure) / now.measure, currency, rounding)


def _walked(key: Key, recognised: Fraction, walk: Walk, agreement: Agreement) -> dict[str, Fraction]:
    parts: dict[str, Fraction] = defaultdict(Fraction)
    now = walk.now[key]
    if not walk.has_history:
        parts[_bought(agreement)] += now.accrued - recognised
        return parts
    at = walk.reached.get(key, State())
    if walk.steps:
        reached = walk.steps[0][1].get(key, State())
        parts["TERMS_CHANGE"] += reached.accrued - recognised  # what the product itself computes otherwise than then
        for reason, states in walk.steps[1:]:
            following = states.get(key, State())
            crossed = _crossing(reached, following, agreement) if reason in BY_LINES else ZERO
            parts[CROSSED] += crossed
            parts[reason] += following.accrued - reached.accrued - crossed
            reached = following
    else:
        reached = State(recognised, at.measure, at.tier)
    return _after(key, reached, now, walk, agreement, parts)


def _after(key: Key, at: State, now: State, walk: Walk, agreement: Agreement, parts: dict[str, Fraction]) -> dict[str, Fraction]:
    """What came after the last close: purchases and returns at the rate of then, the forecast, and the tier."""
    bought = _bought(agreement)
    whole = now.accrued - at.accrued
    if at.measure <= 0:
        parts[bought] += whole
        return parts
    crossed = _crossing(at, now, agreement)
    parts[CROSSED] += crossed
    gross = walk.without_returns.get(key, now).measure if walk.without_returns is not None else now.measure
    returned = now.measure - gross
    if _looks_ahead(agreement):
        parts[bought] += at.rate * (gross - at.measure)
        parts[RETURN] += at.rate * returned
        parts[FORECAST] += whole - crossed - at.rate * (now.measure - at.measure)
        return parts
    back = now.rate * returned if gross != at.measure else whole - crossed if returned else ZERO
    parts[RETURN] += back
    parts[bought] += whole - crossed - back
    return parts


def _bought(agreement: Agreement) -> str:
    return "CLAIM" if agreement.program.rebate_type is RebateType.SHIP_AND_DEBIT else PURCHASES


def _looks_ahead(agreement: Agreement) -> bool:
    claims = agreement.program.rebate_type in (RebateType.MDF, RebateType.SHIP_AND_DEBIT)
    return agreement.policy is not AccrualPolicy.ATTAINED and not claims


def _crossing(at: State, now: State, agreement: Agreement) -> Fraction:
    """What another accrual tier does to the measure of before; bands of an incremental ladder leave it as it is."""
    if at.tier == now.tier or at.measure <= 0:
        return ZERO
    program = agreement.program
    in_bands = program.method is Method.INCREMENTAL or (program.method is Method.TOTAL and program.reward is RewardKind.LUMP_SUM)
    from_first = any(tier.pay_from_first for ladder in agreement.ladders.values() for tier in ladder)
    if in_bands and not from_first and not _looks_ahead(agreement):
        return ZERO
    return (now.rate - at.rate) * at.measure


def _to_cents(parts: Mapping[str, Fraction], entry: Decimal, currency: str, rounding: Rounding) -> dict[str, Decimal]:
    """Parts in whole cents; what rounding leaves goes to the largest, so that they add up to the entry."""
    cents = {reason: money(amount, currency, rounding) for reason, amount in parts.items() if amount}
    left = entry - sum(cents.values(), Decimal(0))
    if left:
        largest = max(cents, key=lambda reason: abs(cents[reason]), default=PURCHASES)
        cents[largest] = cents.get(largest, Decimal(0).scaleb(-places_of(currency))) + left
    return {reason: amount for reason, amount in cents.items() if amount}


def by_kind(parts: Mapping[str, Decimal], entry: Decimal, accrual: Decimal) -> list[Reasoned]:
    """The parts as Accrual and True-Up: the Accrual takes purchases, returns and forecast first, until it is full.

    >>> parts = by_kind({"FORECAST_CHANGE": Decimal(5000), "TIER_CROSSED": Decimal(750)}, Decimal(5750), Decimal(5000))
    >>> [(part.kind.value, part.reason, str(part.amount)) for part in parts]
    [('Accrual', 'FORECAST_CHANGE', '5000'), ('True-Up', 'TIER_CROSSED', '750')]
    """
    taken: dict[str, Decimal] = {reason: parts[reason] for reason in TO_ACCRUAL if reason in parts}
    over = accrual - sum(taken.values(), Decimal(0))
    if over:
        order: Iterable[str] = [reason for reason in (FORECAST, PURCHASES, RETURN, *parts) if reason in parts]
        fits = (reason for reason in order if _between(taken.get(reason, Decimal(0)) + over, parts[reason]))
        at = next(fits, next(iter(order), PURCHASES))
        taken[at] = taken.get(at, Decimal(0)) + over
    found = [Reasoned(EntryKind.ACCRUAL, reason, amount) for reason, amount in taken.items() if amount]
    for reason in dict.fromkeys((*parts, *taken)):
        rest = parts.get(reason, Decimal(0)) - taken.get(reason, Decimal(0))
        if rest:
            found.append(Reasoned(EntryKind.TRUE_UP, reason, rest))
    return found


def _between(part: Decimal, whole: Decimal) -> bool:
    """Whether a part lies between nothing and the whole."""
    return min(whole, Decimal(0)) <= part <= max(whole, Decimal(0))
