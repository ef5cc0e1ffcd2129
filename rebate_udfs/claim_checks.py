"""The checks of facts: each a code and a test, in order of precedence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from .claim_case import Case, State, participant
from .claim_evidence import normalised
from .claim_grants import left_on
from .claim_reasons import LAST_OF_FACTS, ORDER, Effect
from .model import (
    Claim,
    PriceMode,
)  # fmt: skip
from .scopes import PRODUCT_DIMENSIONS, product_values

ZERO, NOTHING = Fraction(0), Decimal(0)


def _usable(case: Case) -> bool:
    return case.agreement is not None and case.known_distributor


def _amount_not_a_number(state: State, case: Case) -> bool:
    claim = case.claim
    needs_quantity = case.kind == "ship" or (case.kind == "invoice")
    margin = [row for row in state.prices.get((claim.program_id, claim.sku), ()) if row.mode is PriceMode.MARGIN]
    return (
        claim.claimed_amount is None
        or (needs_quantity and claim.quantity is None)
        or (case.kind == "mdf" and claim.activity_cost is None)
        or (case.kind == "ship" and bool(margin) and claim.sell_price is None and _only_margin(state, claim))
    )


def _only_margin(state: State, claim: Claim) -> bool:
    return all(row.mode is PriceMode.MARGIN for row in state.prices.get((claim.program_id, claim.sku), ()))


def _not_enrolled(state: State, case: Case) -> bool:
    if not _usable(case) or case.agreement is None:
        return False
    if case.kind == "period":
        return case.period is not None and not case.participant_id
    return case.day is not None and not participant(state, case.agreement, case.claim.distributor_id, case.day) and not case.participant_id


def _duplicate(state: State, case: Case) -> bool:
    if not _usable(case):
        return False
    claim = case.claim
    for before in state.drawn.seen:
        other = before.claim
        if before.status == Effect.REJECTS.value or (other.program_id, other.distributor_id) != (claim.program_id, claim.distributor_id):
            continue
        if _same(case, before):
            left = case.line is not None and left_on(state, claim.program_id, case.line) > 0
            if case.kind == "invoice" and left:
                case.overrides["DUPLICATE"] = Effect.HOLDS
            return True
    return False


def _same(case: Case, before: Case) -> bool:
    """Whether two lines of one program and distributor claim the same."""
    one, two = case.claim, before.claim
    if case.kind == "invoice":
        return case.line is not None and before.line is case.line and one.quantity == two.quantity
    if case.kind == "period":
        return before.kind == "period" and case.period == before.period and one.claimed_amount == two.claimed_amount
    if case.kind == "mdf":
        facts = [(c.activity_type.casefold(), c.activity_date, c.activity_cost, c.proof_reference.casefold()) for c in (one, two)]
    else:
        facts = [(normalised(c.invoice_number), c.sku, c.end_customer.casefold(), c.sale_date, c.quantity) for c in (one, two)]  # type: ignore[misc]
    return facts[0] == facts[1]


def _in_future(state: State, case: Case) -> bool:
    day = case.line.invoice_date if case.line else case.day
    return day is not None and case.claim.claim_date is not None and day > case.claim.claim_date


def _outside(state: State, case: Case) -> bool:
    if not _usable(case) or case.agreement is None:
        return False
    program = case.agreement.program
    if case.kind == "period":
        return case.period is None
    return case.day is not None and not program.starts_on <= case.day <= program.ends_on


def _window_passed(state: State, case: Case) -> bool:
    if case.agreement is None or case.claim_date is None:
        return False
    end = case.day if case.kind == "ship" else case.period.ends_on if case.period else None
    return end is not None and case.claim_date > end + timedelta(days=case.agreement.program.claim_window_days)


def _product(state: State, case: Case) -> bool:
    if case.kind == "ship" and case.agreement is not None:
        classes = state.evidence.countings.get(case.agreement.program_id)
        product = classes[1].products.get(case.claim.sku) if classes else None
        scope = case.agreement.scope.qualify
        return scope.failing(PRODUCT_DIMENSIONS, product_values(case.claim.sku, product)) is not None
    if case.line is None or case.placed is None:
        return False
    timed_out = case.placed.reason in ("OUTSIDE_PROGRAM_DATES", "NOT_ENROLLED", "AFTER_AS_OF")
    return case.line.type != "Invoice" or (not case.placed.counts and not timed_out)


def _activity(state: State, case: Case) -> bool:
    include, exclude = state.activities.get(case.claim.program_id, (frozenset(), frozenset()))
    activity = case.claim.activity_type.casefold()
    return case.kind == "mdf" and ((bool(include) and activity not in include) or activity in exclude)


def _date_missing(state: State, case: Case) -> bool:
    if not _usable(case):
        return False
    return case.claim.claim_date is None or (case.kind in ("mdf", "ship") and case.day is None)


def _currency(state: State, case: Case) -> bool:
    return case.agreement is not None and case.claim.currency not in ("", case.agreement.currency)


def _proof(state: State, case: Case) -> bool:
    return case.kind == "mdf" and case.agreement is not None and case.agreement.program.proof_required and not case.claim.proof_reference


FACT_CHECKS: tuple[tuple[str, Callable[[State, Case], bool]], ...] = (
    ("UNKNOWN_PROGRAM", lambda state, case: case.agreement is None),
    ("UNKNOWN_DISTRIBUTOR", lambda state, case: not case.known_distributor),
    ("AMOUNT_NOT_A_NUMBER", _amount_not_a_number),
    ("NOT_ENROLLED", _not_enrolled),
    ("DUPLICATE", _duplicate),
    ("STALE_RESUBMISSION", lambda state, case: case.stale),
    ("INVOICE_NOT_FOUND", lambda state, case: case.kind == "invoice" and case.line is None and not case.other_owner),
    ("INVOICE_OF_OTHER_DISTRIBUTOR", lambda state, case: case.other_owner),
    ("DATE_MISSING", _date_missing),
    ("DATE_IN_FUTURE", _in_future),
    ("OUTSIDE_PROGRAM_DATES", _outside),
    ("CLAIM_WINDOW_PASSED", _window_passed),
    ("CURRENCY_MISMATCH", _currency),
    ("PRODUCT_NOT_ELIGIBLE", _product),
    ("ACTIVITY_NOT_ELIGIBLE", _activity),
    ("PROOF_MISSING", _proof),
)
if [ORDER[code] for code, _ in FACT_CHECKS] != sorted(ORDER[code] for code, _ in FACT_CHECKS) or ORDER["PROOF_MISSING"] > LAST_OF_FACTS:
    raise AssertionError("checks stand in order of precedence")
