"""What a claim line is granted: the terms' amount, then every limit in its order, each with its code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, State
from .claim_evidence import InvoiceLine, normalised
from .claim_reasons import Effect
from .earn import Key
from .exchange import MissingRate
from .model import (
    PayClaims,
    PriceMode,
    RewardKind,
)  # fmt: skip
from .money import money
from .rewards.ship_debit import support

ZERO, NOTHING = Fraction(0), Decimal(0)


def unit_support(state: State, case: Case) -> Fraction | None:
    price, claim = case.price, case.claim
    if price is None or (case.cost is None and price.mode is not PriceMode.DOWN_BY):
        return None
    sell_price = None if claim.sell_price is None else Fraction(claim.sell_price)
    return support(price.mode, case.cost or ZERO, Fraction(price.terms), sell_price)


def calculated_amount(state: State, case: Case) -> Fraction | None:
    """What the terms give for the whole of what is claimed, before limits; None where nothing is left to calculate with."""
    claim, agreement, key = case.claim, case.agreement, case.key
    if agreement is None or not case.known_distributor or "AMOUNT_NOT_A_NUMBER" in case.codes:
        return None
    if case.kind == "mdf":
        return Fraction(claim.activity_cost or 0) * Fraction(agreement.program.participation)
    if case.kind == "ship":
        unit = unit_support(state, case)
        if unit is None:
            return None
        quantity = Fraction(claim.quantity or 0)
        return taken_back(state, case, -quantity)[1] if quantity < 0 else quantity * unit
    if key is None or key not in state.entitlements.earned:
        return None
    if case.kind == "period":
        return Fraction(open_amount(state, key))
    if case.line is None or case.placed is None or not case.placed.counts or not case.line.quantity:
        return None
    earned, base = state.entitlements.earned[key].figure, state.entitlements.bases[key]
    if base <= 0:
        return ZERO
    whole = case.line.quantity if agreement.program.reward is RewardKind.PER_UNIT else in_currency(state, case)
    return Fraction(earned) / base * whole * Fraction(claim.quantity or 0) / case.line.quantity


def in_currency(state: State, case: Case) -> Fraction:
    assert case.line is not None and case.agreement is not None
    day = case.placed.counted_on if case.placed else case.line.invoice_date
    row = state.evidence.hierarchy.attributes_on(case.line.distributor_id, day)
    currency = case.line.currency or (row.currency if row else "") or state.settings.base_currency
    factor = state.rates.factor(currency, case.agreement.currency, day)
    if isinstance(factor, MissingRate):
        return ZERO
    return case.line.amount * factor

convert: Callable[[Agreement, InvoiceLine, date], Fraction] = staticmethod(lambda agreement, line, day: Fraction(1))


def open_amount(state: State, key: Key) -> Decimal:
    """What of a figure is left to claim: earned + adjustments - approved before - paid without a Claim ID."""
    figures = state.entitlements
    earned = figures.earned[key].figure if key in figures.earned else NOTHING
    left = earned + figures.adjusted.get(key, NOTHING) - state.drawn.of_figure[key] - figures.paid_without_claim.get(key, NOTHING)
    return max(left, NOTHING)


def fund(state: State, case: Case) -> Decimal:
    """What the fund of an activity holds; with Carry Over all funds begun by then."""
    assert case.agreement is not None and case.key is not None
    program_id, participant_id, _ = case.key
    if not case.agreement.program.carry_over:
        return open_amount(state, case.key)
    keys = [(program_id, participant_id, p.period_id) for p in case.agreement.periods if case.day and p.starts_on <= case.day]
    total = sum((state.entitlements.earned[key].figure for key in keys if key in state.entitlements.earned), NOTHING)
    total += sum((state.entitlements.adjusted.get(key, NOTHING) - state.entitlements.paid_without_claim.get(key, NOTHING) for key in keys), NOTHING)
    return max(total - sum((state.drawn.of_figure[key] for key in keys), NOTHING), NOTHING)


def grant(state: State, case: Case) -> None:
    """The limits in their order; from a code that rejects or holds on nothing more is asked."""
    assert case.agreement is not None and case.calculated is not None
    claim, currency = case.claim, case.agreement.currency
    amount = case.calculated
    if case.kind == "invoice":
        amount = limit_to_invoice(state, case, amount)
    elif case.kind == "ship":
        amount = limit_to_prices(state, case, amount)
    if case.effect is Effect.REJECTS:
        return
    limited = money(amount, currency, state.settings.rounding)
    if case.kind == "mdf":
        limited = limit_to_fund(state, case, limited)
    elif case.kind != "ship":
        limited = limit_to_entitlement(state, case, limited)
    if case.effect in (Effect.REJECTS, Effect.HOLDS):
        return
    claimed = claim.claimed_amount or NOTHING
    compare(state, case, claimed)
    case.approved = min(limited, claimed) if state.settings.pay_claims is PayClaims.LOWER and limited >= 0 else limited
    draw(state, case)


def limit_to_invoice(state: State, case: Case, amount: Fraction) -> Fraction:
    """No more than the quantity that is left on the invoice line."""
    assert case.line is not None and case.agreement is not None
    quantity, left = Fraction(case.claim.quantity or 0), left_on(state, case.agreement.program_id, case.line)
    case.granted_quantity = min(quantity, max(left, ZERO))
    if left <= 0:
        case.codes.append("ALREADY_CLAIMED")
    elif quantity > left:
        case.codes.append("QUANTITY_EXCEEDS_INVOICE")
        return amount * left / quantity
    return amount


def limit_to_prices(state: State, case: Case, amount: Fraction) -> Fraction:
    """No more than the row's Maximum Quantity and what was bought and not claimed; a return takes back what was approved."""
    claim = case.claim
    quantity = Fraction(claim.quantity or 0)
    if quantity < 0:
        taken, amount = taken_back(state, case, -quantity)
        case.granted_quantity = -taken
        if taken < -quantity:
            exceeds(state, case, taken)
        return amount
    assert case.agreement is not None and case.price is not None and claim.sale_date is not None
    program_id = case.agreement.program_id
    left = state.evidence.bought(program_id, case.participant_id, claim.sku, claim.sale_date)
    left -= state.drawn.of_sku[program_id, case.participant_id, claim.sku]
    if case.price.maximum_quantity is not None:
        left = min(left, Fraction(case.price.maximum_quantity) - state.drawn.of_price[case.price.row])
    left = max(left, ZERO)
    case.granted_quantity = min(quantity, left)
    if quantity > left:
        exceeds(state, case, left)
    unit = unit_support(state, case) or ZERO
    if claim.unit_cost is not None and case.cost is not None and Fraction(claim.unit_cost) != case.cost:
        case.codes.append("PRICE_MISMATCH")
    return case.granted_quantity * unit


def exceeds(state: State, case: Case, left: Fraction) -> None:
    case.codes.append("QUANTITY_EXCEEDS_LIMIT")
    if left <= 0:
        case.overrides["QUANTITY_EXCEEDS_LIMIT"] = Effect.REJECTS


def supported_key(state: State, case: Case) -> tuple[str, str, str, str]:
    assert case.agreement is not None
    return (case.agreement.program_id, case.participant_id, normalised(case.claim.invoice_number), case.claim.sku)


def taken_back(state: State, case: Case, quantity: Fraction) -> tuple[Fraction, Fraction]:
    """How much of a return was approved before, and at which support (newest first)."""
    taken, amount = ZERO, ZERO
    for approved, unit, _ in reversed(state.drawn.supported[supported_key(state, case)]):
        part = min(approved, quantity - taken)
        taken, amount = taken + part, amount - part * unit
    return taken, amount


def limit_to_fund(state: State, case: Case, amount: Decimal) -> Decimal:
    left = fund(state, case) if case.key else NOTHING
    if amount > left:
        case.codes.append("FUND_EXHAUSTED")
        if left <= 0:
            case.overrides["FUND_EXHAUSTED"] = Effect.REJECTS
    return min(amount, left)


def limit_to_entitlement(state: State, case: Case, amount: Decimal) -> Decimal:
    """No more than is earned and open in the period; nothing while no tier is reached."""
    assert case.key is not None
    left, claimed = open_amount(state, case.key), case.claim.claimed_amount or NOTHING
    earned = state.entitlements.earned[case.key].figure
    if left <= 0 and earned > 0:
        case.codes.append("ALREADY_CLAIMED")
        return NOTHING
    if not state.entitlements.tiers.get(case.key) or earned <= 0:
        case.codes.append("TIER_NOT_REACHED")
        if case.period and state.evidence.as_of <= case.period.ends_on:
            case.overrides["TIER_NOT_REACHED"] = Effect.HOLDS
        return NOTHING
    if amount > left or (case.kind == "period" and beyond(state, claimed, left) and claimed > left):
        case.codes.append("EXCEEDS_ENTITLEMENT")
    return min(amount, left)


def compare(state: State, case: Case, claimed: Decimal) -> None:
    """The claimed amount against the calculated one of the whole claimed quantity, beyond the tolerance."""
    assert case.calculated is not None and case.agreement is not None
    calculated = money(case.calculated, case.agreement.currency, state.settings.rounding)
    if "EXCEEDS_ENTITLEMENT" in case.codes and case.kind == "period":
        return
    if beyond(state, claimed, calculated):
        case.codes.append("CLAIMED_TOO_MUCH" if claimed > calculated else "CLAIMED_TOO_LITTLE")


def beyond(state: State, claimed: Decimal, other: Decimal) -> bool:
    """Beyond the tolerance: more than the amount or more than the percent of the claimed amount."""
    difference = abs(claimed - other)
    percent = abs(claimed) * state.settings.claim_tolerance_percent
    return difference > state.settings.claim_tolerance_amount or difference > percent


def draw(state: State, case: Case) -> None:
    """What a line was granted is gone for later ones."""
    assert case.agreement is not None
    program_id = case.agreement.program_id
    if case.key:
        state.drawn.of_figure[case.key] += case.approved
    if case.line and case.kind == "invoice":
        state.drawn.of_line[program_id, case.line.transaction_id] += case.granted_quantity
    if case.kind == "ship":
        draw_ship(state, case)


def draw_ship(state: State, case: Case) -> None:
    assert case.agreement is not None
    quantity, entries = case.granted_quantity, state.drawn.supported[supported_key(state, case)]
    row = case.price.row if case.price else 0
    state.drawn.of_sku[case.agreement.program_id, case.participant_id, case.claim.sku] += quantity
    if quantity > 0:
        entries.append((quantity, Fraction(case.approved) / quantity, row))
        state.drawn.of_price[row] += quantity
    left = -quantity
    while left > 0 and entries:
        approved, unit, price_row = entries.pop()
        part = min(approved, left)
        state.drawn.of_price[price_row] -= part
        left -= part
        if approved > part:
            entries.append((approved - part, unit, price_row))


def left_on(state: State, program_id: str, line: InvoiceLine) -> Fraction:
    return state.evidence.net_quantity(program_id, line) - state.drawn.of_line[program_id, line.transaction_id]
