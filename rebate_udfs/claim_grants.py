"""What a claim line is granted: the terms' amount, then every limit in its order, each with its code; and what it draws."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, State
from .claim_evidence import InvoiceLine, normalised
from .claim_reasons import Effect
from .earn import Key
from .exchange import MissingRate
from .model import Facts, PayClaims, PriceMode, RewardKind
from .money import amount_text, money
from .rewards.ship_debit import support

ZERO, NOTHING = Fraction(0), Decimal(0)


def unit_support(case: Case) -> Fraction | None:
    """What one unit of a ship-and-debit claim gets; None where price, cost or sell price is not known."""
    price, claim = case.price, case.claim
    if price is None or (case.cost is None and price.mode is not PriceMode.DOWN_BY):
        return None
    sell_price = None if claim.sell_price is None else Fraction(claim.sell_price)
    return support(price.mode, case.cost or ZERO, Fraction(price.terms), sell_price)


def calculated_amount(state: State, case: Case) -> Fraction | None:
    """What the terms give for the whole of what is claimed, before limits; None where nothing is left to calculate with."""
    claim, agreement, key = case.claim, case.agreement, case.key
    if agreement is None or not case.known_distributor:
        return None
    if case.kind == "mdf":
        return None if claim.activity_cost is None else max(Fraction(claim.activity_cost), ZERO) * Fraction(agreement.program.participation)
    if case.kind in ("ship", "invoice") and claim.quantity is None:
        return None
    if case.kind == "ship":
        quantity, unit = Fraction(claim.quantity or 0), unit_support(case)
        if quantity < 0:
            return quantity * approved_before(state, case)[1] if case.participant_id else None
        return None if unit is None else quantity * unit
    if key is None:
        return None
    if case.kind == "period":
        return Fraction(open_amount(state, key))
    if case.own_line is None or not case.own_line.quantity:
        return None
    return line_amount(state, case, key, agreement)


def line_amount(state: State, case: Case, key: Key, agreement: Agreement) -> Fraction:
    """The effective rate of the line's period x the claimed quantity's part of the line's base."""
    assert case.line is not None and case.placed is not None
    base = state.entitlements.bases.get(key, ZERO)
    if base <= 0 or not (case.placed.in_focus if agreement.on_focus else case.placed.in_base):
        return ZERO
    whole = case.line.quantity if agreement.program.reward is RewardKind.PER_UNIT else in_currency(state, agreement, case.line) or ZERO
    part = max(Fraction(case.claim.quantity or 0), ZERO) / case.line.quantity
    return Fraction(state.entitlements.earned[key].figure) / base * whole * part


def rewarded_base(agreement: Agreement, facts: Facts) -> Fraction:
    """What a figure is spread over, before limits: the lines that are rewarded; Growth too: all purchases."""
    return facts.focus_base if agreement.on_focus else facts.base


def in_currency(state: State, agreement: Agreement, line: InvoiceLine) -> Fraction | None:
    """A line's amount in the program's currency, at the rate of the day on which it counts; None without a rate."""
    day = state.evidence.placed(agreement.program_id, line).counted_on
    row = state.evidence.hierarchy.attributes_on(line.distributor_id, day)
    currency = line.currency or (row.currency if row else "") or state.settings.base_currency
    factor = state.rates.factor(currency, agreement.currency, day)
    return None if isinstance(factor, MissingRate) else line.amount * factor


def entitled(state: State, key: Key) -> Decimal:
    """What there is to claim of a figure before any claim: earned + adjustments - paid without a Claim ID."""
    figures = state.entitlements
    earned = figures.earned[key].figure if key in figures.earned else NOTHING
    return earned + figures.adjusted.get(key, NOTHING) - figures.paid_without_claim.get(key, NOTHING)


def open_amount(state: State, key: Key) -> Decimal:
    """What of a figure is left to claim: what it is entitled to less what was approved before."""
    return max(entitled(state, key) - state.drawn.of_figure[key], NOTHING)


def funds_of(case: Case) -> list[Key]:
    """The figures that a claim may draw on, oldest first: its own; with Carry Over all funds begun by its day."""
    if case.key is None or case.agreement is None:
        return []
    if case.kind != "mdf" or not case.agreement.program.carry_over or case.day is None:
        return [case.key]
    return [(case.key[0], case.key[1], each.period_id) for each in case.agreement.periods if each.starts_on <= case.day]


def open_in(state: State, case: Case) -> Decimal:
    """What is left in all the figures that a claim may draw on; a fund is what it has earned, less what was approved before."""
    if case.kind == "mdf":
        return max(sum((fund(state, key) - state.drawn.of_figure[key] for key in funds_of(case)), NOTHING), NOTHING)
    return open_amount(state, case.key) if case.key else NOTHING


def fund(state: State, key: Key) -> Decimal:
    """What a market-development fund has earned."""
    figures = state.entitlements.earned
    return figures[key].figure if key in figures else NOTHING


def grant(state: State, case: Case) -> None:
    """The limits in their order; after a code that rejects or holds nothing more is asked."""
    assert case.agreement is not None and case.calculated is not None
    claim, currency = case.claim, case.agreement.currency
    amount = case.calculated
    if case.kind == "invoice":
        amount = limit_to_invoice(state, case, amount)
    elif case.kind == "ship":
        amount = limit_to_prices(state, case, amount)
    limited = money(amount, currency, state.settings.rounding)
    if case.kind == "mdf":
        limited = limit_to_fund(state, case, limited)
    elif case.kind != "ship" and not case.stops:
        limited = limit_to_entitlement(state, case, limited)
    if case.stops:
        return
    claimed, case.limited = claim.claimed_amount or NOTHING, limited
    compare(state, case, claimed)
    lower = state.settings.pay_claims is PayClaims.LOWER and not case.takes_back
    case.approved = min(limited, max(claimed, NOTHING)) if lower else limited
    if "CLAIMED_TOO_LITTLE" in case.codes and ZERO < case.approved < limited:
        case.granted_quantity *= Fraction(case.approved) / Fraction(limited)  # the rest of it stays claimable
        case.details["CLAIMED_TOO_LITTLE"] = f"{amount_text(limited - case.approved, currency)} more can be claimed"


def limit_to_invoice(state: State, case: Case, amount: Fraction) -> Fraction:
    """No more than the quantity that is left on the invoice line."""
    assert case.line is not None and case.agreement is not None
    quantity, left = max(Fraction(case.claim.quantity or 0), ZERO), max(left_on(state, case.agreement.program_id, case.line), ZERO)
    case.granted_quantity = min(quantity, left)
    where = case.line.invoice_number or case.line.transaction_id
    if quantity > left:
        case.say("QUANTITY_EXCEEDS_INVOICE", f"{_plain(left)} of {_plain(case.line.quantity)} left on {where}")
    if left <= 0:
        case.say("ALREADY_CLAIMED", f"{where}, {case.line.sku}")
    return amount * case.granted_quantity / quantity if quantity else ZERO


def limit_to_prices(state: State, case: Case, amount: Fraction) -> Fraction:
    """No more than the row's Maximum Quantity and what was bought and not claimed; a return takes back what was approved."""
    claim, quantity = case.claim, Fraction(case.claim.quantity or 0)
    if quantity < 0:
        before, unit = approved_before(state, case)
        case.granted_quantity = max(quantity, -before)
        if before < -quantity:
            exceeds(case, before, "approved on that invoice")
        return case.granted_quantity * unit
    left, limit = left_of_price(state, case)
    case.granted_quantity = min(quantity, left)
    if quantity > left:
        exceeds(case, left, limit)
    if not case.stops and claim.unit_cost is not None and case.cost is not None and not same_cost(claim.unit_cost, case.cost):
        case.say("PRICE_MISMATCH", f"{claim.unit_cost:,} against {_plain(case.cost)}")
    return case.granted_quantity * (unit_support(case) or ZERO)


def same_cost(claimed: Decimal, cost: Fraction) -> bool:
    """Whether a claimed unit cost is the cost, as far as its own decimals go (at least two).

    >>> same_cost(Decimal("3.33"), Fraction(10, 3)), same_cost(Decimal("3.3"), Fraction(10, 3))
    (True, False)
    """
    exponent = claimed.normalize().as_tuple().exponent
    places = max(-exponent, 2) if isinstance(exponent, int) else 2
    return abs(Fraction(claimed) - cost) * 2 <= Fraction(1, 10**places)


def left_of_price(state: State, case: Case) -> tuple[Fraction, str]:
    """The quantity that a ship-and-debit claim may still have, and what sets that limit."""
    assert case.agreement is not None and case.day is not None
    program_id, sku = case.agreement.program_id, case.claim.sku
    left, limit = state.evidence.bought(program_id, case.participant_id, sku, case.day)[0], "bought and not claimed"
    left -= state.drawn.of_sku[program_id, case.participant_id, sku]
    if case.price is not None and case.price.maximum_quantity is not None:
        of_row = Fraction(case.price.maximum_quantity) - state.drawn.of_price[case.price.row]
        if of_row < left:
            left, limit = of_row, f"of the maximum of {_plain(Fraction(case.price.maximum_quantity))}"
    return max(left, ZERO), limit


def exceeds(case: Case, left: Fraction, limit: str) -> None:
    """More than a limit on quantities; with nothing left it rejects."""
    case.say("QUANTITY_EXCEEDS_LIMIT", f"{_plain(left)} left {limit}", Effect.REJECTS if left <= 0 else None)


def supported_key(case: Case) -> tuple[str, str, str, str]:
    """What a return is set against: the distributor's own invoice and the SKU."""
    assert case.agreement is not None
    return (case.agreement.program_id, case.participant_id, normalised(case.claim.invoice_number), case.claim.sku)


def approved_before(state: State, case: Case) -> tuple[Fraction, Fraction]:
    """What a return can take back: the quantity approved of that invoice and SKU, and the support of one unit of it."""
    entries = state.drawn.supported[supported_key(case)]
    quantity = sum((approved for approved, _, _ in entries), ZERO)
    return quantity, sum((approved * unit for approved, unit, _ in entries), ZERO) / quantity if quantity else ZERO


def limit_to_fund(state: State, case: Case, amount: Decimal) -> Decimal:
    """No more than the fund holds."""
    left = open_in(state, case)
    if amount > left:
        assert case.agreement is not None
        case.say("FUND_EXHAUSTED", f"{amount_text(left, case.agreement.currency)} left", Effect.REJECTS if left <= 0 else None)
    return min(amount, left)


def limit_to_entitlement(state: State, case: Case, amount: Decimal) -> Decimal:
    """No more than is earned and open in the period; nothing while no tier is reached."""
    key = case.key
    assert key is not None and case.agreement is not None and case.period is not None
    figures, currency = state.entitlements, case.agreement.currency
    left, claimed = open_amount(state, key), case.claim.claimed_amount or NOTHING
    earned = figures.earned[key].figure if key in figures.earned else NOTHING
    if left <= 0 and earned + figures.adjusted.get(key, NOTHING) > 0:
        case.say("ALREADY_CLAIMED", f"{amount_text(earned, currency)} earned in {case.period.period_id}, nothing of it left")
    elif left <= 0 or (case.kind == "invoice" and earned <= 0):
        runs = state.evidence.as_of < case.period.ends_on + timedelta(days=case.agreement.program.late_days)
        case.say("TIER_NOT_REACHED", f"in {case.period.period_id}", Effect.HOLDS if runs else None)
    elif amount > left or (case.kind == "period" and claimed > left and beyond(state, claimed, left)):
        case.say("EXCEEDS_ENTITLEMENT", f"{amount_text(left, currency)} open in {case.period.period_id}")
    return min(amount, left)


def compare(state: State, case: Case, claimed: Decimal) -> None:
    """The claimed amount against the calculated one of the whole claimed quantity, beyond the tolerance."""
    assert case.calculated is not None and case.agreement is not None
    calculated = money(case.calculated, case.agreement.currency, state.settings.rounding)
    if "EXCEEDS_ENTITLEMENT" in case.codes and case.kind == "period":
        return
    if beyond(state, claimed, calculated):
        case.say(
            "CLAIMED_TOO_MUCH" if claimed > calculated else "CLAIMED_TOO_LITTLE",
            f"{money(Fraction(claimed), case.agreement.currency):,} against {calculated:,}",
        )


def beyond(state: State, claimed: Decimal, other: Decimal) -> bool:
    """Beyond the tolerance: more than the amount, or more than the percent of the claimed amount."""
    difference = abs(claimed - other)
    percent = abs(claimed) * state.settings.claim_tolerance_percent
    return difference > state.settings.claim_tolerance_amount or difference > percent


def left_for(state: State, case: Case) -> tuple[Decimal, Fraction]:
    """What is left for a line that a person decides: the most it may get, and the quantity that it takes."""
    claim, quantity = case.claim, Fraction(case.claim.quantity or 0)
    wanted = max(claim.claimed_amount or NOTHING, NOTHING)
    if case.agreement is None:
        return wanted, ZERO
    currency = case.agreement.currency
    if case.unplaced:  # nothing of ours limits it
        return claim.claimed_amount or NOTHING, ZERO
    if case.kind == "ship":
        if quantity < 0:
            before, unit = approved_before(state, case)
            taken = max(quantity, -before)
            return money(taken * unit, currency, state.settings.rounding), taken
        left = min(quantity, left_of_price(state, case)[0])
        part = left / quantity if quantity else ZERO
        return money(Fraction(wanted) * part, currency, state.settings.rounding), left
    most = open_in(state, case)
    if case.own_line is not None and quantity > 0:
        left = min(quantity, max(left_on(state, case.agreement.program_id, case.own_line), ZERO))
        return min(most, money(Fraction(wanted) * left / quantity, currency, state.settings.rounding)), left
    return most, ZERO


def draw(state: State, case: Case) -> None:
    """What a line was granted is gone for later ones: the oldest fund first, what exceeds all of them from its own."""
    if case.agreement is None:
        return
    left = case.approved
    for key in funds_of(case):
        part = min(left, max(fund(state, key) - state.drawn.of_figure[key], NOTHING)) if case.approved > 0 and case.kind == "mdf" else NOTHING
        left -= part
        if part:
            case.draws[key] = part
    if left and case.key:
        case.draws[case.key] = case.draws.get(case.key, NOTHING) + left
    for key, part in case.draws.items():
        state.drawn.of_figure[key] += part
    if case.own_line is not None:
        state.drawn.of_line[case.agreement.program_id, case.own_line.transaction_id] += case.granted_quantity
    if case.kind == "ship" and case.participant_id:
        draw_ship(state, case)


def draw_ship(state: State, case: Case) -> None:
    """Quantities of a special price and an SKU: taken by a sale, given back by a return."""
    assert case.agreement is not None
    quantity, entries = case.granted_quantity, state.drawn.supported[supported_key(case)]
    row = case.price.row if case.price else 0
    state.drawn.of_sku[case.agreement.program_id, case.participant_id, case.claim.sku] += quantity
    if quantity > 0:
        entries.append((quantity, Fraction(case.approved) / quantity, row))
        state.drawn.of_price[row] += quantity
    left, unit = -quantity, approved_before(state, case)[1]
    while left > 0 and entries:
        approved, _, price_row = entries.pop()
        part = min(approved, left)
        state.drawn.of_price[price_row] -= part
        left -= part
        if approved > part:
            entries.append((approved - part, unit, price_row))
    if quantity < 0:  # what remains is worth what it was on average
        entries[:] = [(approved, unit, price_row) for approved, _, price_row in entries]


def left_on(state: State, program_id: str, line: InvoiceLine) -> Fraction:
    """The quantity of an invoice line that no claim has had, returns of it deducted."""
    return state.evidence.net_quantity(program_id, line) - state.drawn.of_line[program_id, line.transaction_id]


def _plain(number: Fraction) -> str:
    """A quantity or a price as people write it."""
    return f"{money(number) if number.denominator != 1 else int(number):,}"
