"""The checks of facts: each a code and a test, in order of precedence.

Every code that applies and can be tested is given. A test answers whether its code applies, or with what was found in
words; what cannot be tested (an unknown program has no dates) answers no.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from .claim_case import Case, State, place_of
from .claim_evidence import normalised
from .claim_grants import left_on
from .claim_reasons import LAST_OF_FACTS, ORDER, Effect
from .model import PriceMode
from .money import money

Answer = bool | str


def _amount_not_a_number(state: State, case: Case) -> Answer:
    claim, missing = case.claim, []
    if claim.claimed_amount is None:
        missing.append("Claimed Amount")
    if case.kind in ("ship", "invoice") and claim.quantity is None:
        missing.append("Quantity")
    if case.kind == "mdf" and claim.activity_cost is None:
        missing.append("Activity Cost")
    if case.price is not None and case.price.mode is PriceMode.MARGIN and claim.sell_price is None and not case.takes_back:
        missing.append("Sell Price")
    return f"without {' and '.join(missing)}" if missing else False


def _not_enrolled(state: State, case: Case) -> Answer:
    if case.agreement is None or not case.known_distributor or case.participant_id:
        return False
    if case.kind == "period":
        return "on no day of the period" if case.period is not None else False
    if case.day is None or (case.kind == "invoice" and case.line is None):
        return False
    return f"on {case.day}"


def _duplicate(state: State, case: Case) -> Answer:
    if case.stale or (case.duplicate is not None and not case.duplicate):
        return False
    sign = signature(case)
    if sign is None:
        return False
    place = place_of(case)
    same = (each for each in state.drawn.seen.get(sign, ()) if each.status != Effect.REJECTS.value)
    before = next((each for each in same if place_of(each) < place or (each.final and "DUPLICATE" not in each.codes)), None)
    if before is None and not case.duplicate:
        return False
    if case.kind == "invoice" and case.line is not None and left_on(state, case.claim.program_id, case.line) > 0:
        case.overrides["DUPLICATE"] = Effect.HOLDS
    return same_as(case, before) if before is not None else True


def same_as(case: Case, before: Case) -> str:
    """Which line was earlier, and why two spellings of an invoice number are one."""
    one, two = case.claim, before.claim
    text = f"the same as claim {two.claim_id} line {two.line}"
    if one.invoice_number and two.invoice_number and one.invoice_number != two.invoice_number:
        text += f": invoice numbers {two.invoice_number} and {one.invoice_number} are one without case, blanks, punctuation and leading zeros"
    return text


def signature(case: Case) -> tuple[Any, ...] | None:
    """What makes two lines of one program and distributor claim the same; None where that cannot be told."""
    claim = case.claim
    whose = (claim.program_id, claim.distributor_id, case.kind)
    if case.agreement is None or not case.known_distributor:
        return None
    if case.kind == "invoice":
        return (*whose, case.line.transaction_id, claim.quantity) if case.line and claim.quantity is not None else None
    if case.kind == "period":
        return (*whose, case.period.period_id, claim.claimed_amount) if case.period and claim.claimed_amount is not None else None
    if case.kind == "mdf":
        return (*whose, claim.activity_type.casefold(), claim.activity_date, claim.activity_cost, claim.proof_reference.casefold())
    return (*whose, normalised(claim.invoice_number), claim.sku, claim.end_customer.casefold(), claim.sale_date, claim.quantity)


def _stale(state: State, case: Case) -> Answer:
    asked = case.claim.claimed_amount
    return case.stale and (f"it asked for {money(Fraction(asked)):,}" if asked is not None else True)


def _not_found(state: State, case: Case) -> Answer:
    if case.kind != "invoice" or not case.known_distributor or case.line is not None:
        return False
    claim = case.claim
    return f"transaction {claim.transaction_id}" if claim.transaction_id else f"invoice {claim.invoice_number}, SKU {claim.sku or 'any'}"


def _date_missing(state: State, case: Case) -> Answer:
    claim, missing = case.claim, []
    if claim.claim_date is None:
        missing.append("Claim Date")
    if case.kind == "ship" and claim.sale_date is None:
        missing.append("Sale Date")
    if case.kind == "mdf" and claim.activity_date is None:
        missing.append("Activity Date")
    return f"without {' and '.join(missing)}" if missing else False


def _in_future(state: State, case: Case) -> Answer:
    day = case.line.invoice_date if case.line else case.day
    return f"{day}" if day is not None and case.claim.claim_date is not None and day > case.claim.claim_date else False


def _outside(state: State, case: Case) -> Answer:
    if case.agreement is None:
        return False
    program = case.agreement.program
    if case.kind == "period":
        if case.period is not None or not (case.claim.period or case.claim_date):
            return False
        return f"no period {case.claim.period}" if case.claim.period else "no period of the program had ended"
    return f"{case.day}" if case.day is not None and not program.starts_on <= case.day <= program.ends_on else False


def _window_passed(state: State, case: Case) -> Answer:
    if case.agreement is None or case.claim_date is None:
        return False
    end = case.day if case.kind == "ship" else case.period.ends_on if case.period else None
    last = end + timedelta(days=case.agreement.program.claim_window_days) if end else None
    return f"it closed on {last}" if last is not None and case.claim_date > last else False


def _currency(state: State, case: Case) -> Answer:
    if case.agreement is None or case.claim.currency in ("", case.agreement.currency):
        return False
    return f"{case.claim.currency}, the program is in {case.agreement.currency}"


def _product(state: State, case: Case) -> Answer:
    if case.agreement is None:
        return False
    program_id = case.agreement.program_id
    if case.kind == "ship":
        return bool(case.claim.sku) and not state.evidence.in_scope(program_id, case.claim.sku)
    if case.line is None or case.placed is None:
        return False
    if case.line.type != "Invoice":
        return f"transaction {case.line.transaction_id} is a {case.line.type}"
    if case.placed.counts:
        return False
    return f"{case.line.sku} on invoice {case.line.invoice_number}" if case.line.sku else True


def _activity(state: State, case: Case) -> Answer:
    include, exclude = state.activities.get(case.claim.program_id, (frozenset(), frozenset()))
    activity = case.claim.activity_type.casefold()
    if case.kind != "mdf" or not ((include and activity not in include) or activity in exclude):
        return False
    return case.claim.activity_type or "no Activity Type"


def _proof(state: State, case: Case) -> Answer:
    return case.kind == "mdf" and case.agreement is not None and case.agreement.program.proof_required and not case.claim.proof_reference


def _no_price(state: State, case: Case) -> Answer:
    if case.kind != "ship" or case.agreement is None or case.claim.sale_date is None or case.price is not None or case.takes_back:
        return False  # a return takes back what was approved then, whatever is agreed now
    return f"{case.claim.sku or 'no SKU'}, {case.claim.end_customer or 'no end customer'}, {case.claim.sale_date}"


def _cost_unknown(state: State, case: Case) -> Answer:
    return case.price is not None and case.cost is None and case.price.mode is not PriceMode.DOWN_BY and not case.takes_back


FACT_CHECKS: tuple[tuple[str, Callable[[State, Case], Answer]], ...] = (
    ("UNKNOWN_PROGRAM", lambda state, case: False if case.known_program else case.claim.program_id or True),
    ("UNKNOWN_DISTRIBUTOR", lambda state, case: False if case.known_distributor else case.claim.distributor_id or True),
    ("AMOUNT_NOT_A_NUMBER", _amount_not_a_number),
    ("NOT_ENROLLED", _not_enrolled),
    ("DUPLICATE", _duplicate),
    ("STALE_RESUBMISSION", _stale),
    ("INVOICE_NOT_FOUND", _not_found),
    ("INVOICE_OF_OTHER_DISTRIBUTOR", lambda state, case: case.other_owner),
    ("DATE_MISSING", _date_missing),
    ("DATE_IN_FUTURE", _in_future),
    ("OUTSIDE_PROGRAM_DATES", _outside),
    ("CLAIM_WINDOW_PASSED", _window_passed),
    ("CURRENCY_MISMATCH", _currency),
    ("PRODUCT_NOT_ELIGIBLE", _product),
    ("ACTIVITY_NOT_ELIGIBLE", _activity),
    ("PROOF_MISSING", _proof),
    ("NO_SPECIAL_PRICE", _no_price),
    ("COST_UNKNOWN", _cost_unknown),
)
if [ORDER[code] for code, _ in FACT_CHECKS] != list(range(LAST_OF_FACTS + 1)):
    raise AssertionError("checks stand in order of precedence, one for each code")
