"""Claim validation: every line checked in a fixed order, with all reasons that apply, and paid what the terms give.

Lines go by claim date, claim id and line; what an earlier line was granted is gone for later ones. Final lines (decided
by a person) draw first. Source: design section 6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, State, participant, participant_in, place_of
from .claim_checks import FACT_CHECKS
from .claim_evidence import normalised
from .claim_grants import beyond, calculated_amount, fund, grant, left_on, open_amount
from .claim_reasons import ORDER, Effect
from .model import (
    Claim,
    Decision,
    Period,
    PriceMode,
    RebateType,
    SpecialPrice,
)  # fmt: skip
from .participants import EARLIEST, LATEST
from .periods import find_period

NOTHING = Decimal(0)


def validate(state: State, claims: Sequence[Claim]) -> list[Case]:
    """All lines in the order of the Claims table, checked and granted."""
    cases = sorted(cases_of(state, claims), key=place_of)
    for case in [case for case in cases if case.final] + [case for case in cases if not case.final]:
        check_line(state, case)
    apply_minimum(state, cases)
    return sorted(cases, key=lambda case: case.claim.row)


def cases_of(state: State, claims: Sequence[Claim]) -> list[Case]:
    """The rows that count, one a line, and the stale ones beside them."""
    lines: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.claim_date is None or claim.claim_date <= state.evidence.as_of:
            lines[claim.distributor_id, claim.claim_id, claim.line].append(claim)
    found: list[Case] = []
    for rows in lines.values():
        rows = sorted(rows, key=lambda row: row.resubmission)
        decided = [row for row in rows if is_decided(state, row)]
        counting = decided[0] if decided else rows[-1]
        for row in rows:
            case = case_of(state, row, rows[0].claim_date, final=row is counting and bool(decided))
            late = row.claim_date and counting.claim_date and row.claim_date > counting.claim_date
            if row is counting:
                found.append(case)
            elif (decided and row.resubmission > counting.resubmission) or (late and row.resubmission < counting.resubmission):
                case.stale = True
                found.append(case)
    return found


def is_decided(state: State, row: Claim) -> bool:
    return row.decision is not None and (row.decided_on is None or row.decided_on <= state.evidence.as_of)


def case_of(state: State, claim: Claim, first_date: date | None, *, final: bool) -> Case:
    agreement = state.evidence.agreements.get(claim.program_id)
    case = Case(claim, first_date, agreement, claim.distributor_id in state.distributors, final)
    if agreement is None or not case.known_distributor:
        return case
    kind = agreement.program.rebate_type
    case.named = bool(claim.transaction_id or claim.invoice_number)
    if kind is RebateType.MDF:
        case.kind, case.day = "mdf", claim.activity_date
    elif kind is RebateType.SHIP_AND_DEBIT:
        case.kind, case.day = "ship", claim.sale_date
    else:
        case.kind = "invoice" if case.named else "period"
    if case.kind == "period":
        case.period = claimed_period(state, claim, agreement, first_date)
        case.participant_id = participant_in(state, agreement, claim.distributor_id, case.period)
    elif case.kind != "invoice" and case.day:
        case.period = find_period(case.day.isoformat(), agreement.periods)
        case.participant_id = participant(state, agreement, claim.distributor_id, case.day)
    return case


def claimed_period(state: State, claim: Claim, agreement: Agreement, first_date: date | None) -> Period | None:
    """The period claimed; without one the last that ended by the Claim Date."""
    if claim.period:
        return find_period(claim.period, agreement.periods)
    ended = [period for period in agreement.periods if first_date and period.ends_on <= first_date]
    return ended[-1] if ended else None


def check_line(state: State, case: Case) -> None:
    """Give a line its codes, its amounts and its status, and draw what it is granted."""
    if case.agreement and case.known_distributor and case.kind == "invoice":
        find_line(state, case)
    for code, test in FACT_CHECKS:
        if case.stale and code != "STALE_RESUBMISSION":
            continue
        if test(state, case):
            case.codes.append(code)
    if case.kind == "ship" and not {"UNKNOWN_PROGRAM", "UNKNOWN_DISTRIBUTOR", "AMOUNT_NOT_A_NUMBER", "DATE_MISSING"} & set(case.codes):
        find_price(state, case)
    case.codes.sort(key=ORDER.__getitem__)
    case.calculated = None if case.stale else calculated_amount(state, case)
    if case.effect not in (Effect.REJECTS, Effect.HOLDS) and case.calculated is not None:
        grant(state, case)
    if case.final:
        decide(state, case)
    conclude(state, case)


def find_line(state: State, case: Case) -> None:
    """The invoice line claimed: by Transaction ID, else by Invoice Number and SKU, the first with quantity left."""
    claim, evidence = case.claim, state.evidence
    assert case.agreement is not None
    program_id = case.agreement.program_id
    if claim.transaction_id:
        candidates = [claim.transaction_id] if claim.transaction_id in evidence.lines else []
    else:
        candidates = [
            each
            for each in evidence.by_invoice.get(normalised(claim.invoice_number), ())
            if not claim.sku or evidence.lines[each].sku == claim.sku
        ]
    lines = [evidence.lines[each] for each in candidates]
    own = [line for line in lines if evidence.covers(claim.distributor_id, line.distributor_id, line.invoice_date)]
    case.other_owner = bool(lines) and not own
    if not own:
        return
    eligible = [line for line in own if line.type == "Invoice" and evidence.placed(program_id, line).counts]
    with_left = [line for line in eligible if left_on(state, program_id, line) > 0]
    case.line = (with_left or eligible or own)[0]
    case.placed = evidence.placed(program_id, case.line)
    case.day = case.placed.counted_on
    case.participant_id = case.placed.participant_id or participant(state, case.agreement, case.line.distributor_id, case.day)
    case.period = case.agreement.periods[case.placed.period] if case.placed.period is not None else None


def find_price(state: State, case: Case) -> None:
    """The most specific Special Prices row that covers the sale, and the cost it stands on."""
    claim = case.claim
    assert case.agreement is not None
    program_id, day = case.agreement.program_id, claim.sale_date
    assert day is not None
    customer = claim.end_customer.casefold()
    chain = state.evidence.hierarchy.ancestors_on(claim.distributor_id, day)
    fitting = [
        row
        for row in state.prices.get((program_id, claim.sku), ())
        if (not row.end_customer or row.end_customer.casefold() == customer)
        and (not row.distributor_id or row.distributor_id in chain)
        and (row.valid_from or EARLIEST) <= day <= (row.valid_to or LATEST)
    ]
    case.price = max(fitting, key=lambda row: _specific(row, claim.distributor_id), default=None)
    if case.price is None:
        case.codes.append("NO_SPECIAL_PRICE")
        return
    if case.price.cost is not None:
        case.cost = Fraction(case.price.cost)
    elif case.participant_id:
        case.cost = state.evidence.own_price(program_id, case.participant_id, claim.sku, day)
    if case.cost is None and case.price.mode is not PriceMode.DOWN_BY:
        case.codes.append("COST_UNKNOWN")


def _specific(row: SpecialPrice, distributor_id: str) -> tuple[bool, bool, bool]:
    """End Customer first, then Distributor ID (the claimant's own before its parent's), then neither."""
    return (bool(row.end_customer), bool(row.distributor_id), row.distributor_id == distributor_id)


def decide(state: State, case: Case) -> None:
    """A decision overrides every code but unknown ids, no number and duplicate; within what is left unless it says more."""
    claim = case.claim
    kept = {"UNKNOWN_PROGRAM", "UNKNOWN_DISTRIBUTOR", "AMOUNT_NOT_A_NUMBER", "DUPLICATE"} & set(case.codes)
    if kept:
        return
    if case.approved and case.key:
        state.drawn.of_figure[case.key] -= case.approved
    case.approved = NOTHING
    if claim.decision is Decision.REJECT:
        case.status = Effect.REJECTS.value
        return
    wanted = claim.claimed_amount or NOTHING
    if claim.decided_amount is not None:
        case.approved = claim.decided_amount
    elif case.kind == "mdf" and case.key:
        case.approved = min(wanted, fund(state, case))
    elif case.kind in ("invoice", "period") and case.key:
        case.approved = min(wanted, open_amount(state, case.key))
    else:
        case.approved = wanted
    if case.key:
        state.drawn.of_figure[case.key] += case.approved
    case.status = by_amount(state, case)


def conclude(state: State, case: Case) -> None:
    """The status follows the strongest code, else the amounts."""
    case.codes.sort(key=ORDER.__getitem__)
    if not case.status:
        effect = case.effect
        if effect in (Effect.REJECTS, Effect.HOLDS):
            case.status, case.approved = effect.value, NOTHING
        else:
            case.status = by_amount(state, case)
    if not case.stale:
        state.drawn.seen.append(case)


def by_amount(state: State, case: Case) -> str:
    return "Adjusted" if beyond(state, case.claim.claimed_amount or NOTHING, case.approved) else "Approved"


def apply_minimum(state: State, cases: Sequence[Case]) -> None:
    """Below Minimum Payout what was approved waits, with its amount."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for case in cases:
        if case.agreement and case.approved:
            sums[case.agreement.program_id, case.participant_id] += case.approved
    for case in cases:
        lowest = case.agreement.program.minimum_payout if case.agreement else None
        waits = case.agreement and lowest is not None and sums[case.agreement.program_id, case.participant_id] < lowest
        if waits and case.approved > 0 and not case.final:
            case.codes.append("BELOW_MINIMUM")
            case.status = Effect.HOLDS.value
            case.held_amount = case.approved
