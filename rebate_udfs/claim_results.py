"""The claims of a book, validated: results for people, and what they do to the figures they draw on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, Entitlements, State, activities_of
from .claim_evidence import gather
from .claim_reasons import BY_CODE
from .claims import validate
from .earn import Earned, Key
from .exchange import Rates
from .known import Known
from .model import ClaimResult, Payment, Reward, SpecialPrice, Step, Tables
from .money import money
from .rewards import compared, tier_of
from .settle import Granted

NOTHING, ZERO = Decimal(0), Fraction(0)


def claims_of(
    tables: Tables,
    programs: Sequence[Agreement],
    known: Known,
    earned: Mapping[Key, Earned],
    adjusted: Mapping[Key, Decimal],
    payments: Mapping[Key, Sequence[Payment]],
    as_of: date,
) -> list[Case]:
    """Every claim line of a book, checked and granted, in the order of the Claims table."""
    if not tables.claims:
        return []
    paid = {
        key: sum((row.amount for row in rows if not row.claim_id and row.paid_on and row.paid_on <= as_of), NOTHING) for key, rows in payments.items()
    }
    prices: dict[tuple[str, str], list[SpecialPrice]] = defaultdict(list)
    for price in tables.special_prices:
        prices[price.program_id, price.sku].append(price)
    state = State(
        evidence=gather(tables, programs, tables.claims, as_of),
        entitlements=Entitlements(
            earned=earned,
            bases={key: facts.base for key, facts in known.facts.items()},
            tiers={key: _tier(known, key) for key in known.facts},
            adjusted=adjusted,
            paid_without_claim=paid,
        ),
        settings=tables.settings,
        distributors=frozenset(row.distributor_id for row in tables.distributors),
        activities=activities_of(tables.scopes),
        prices=prices,
        rates=Rates(tables.settings.base_currency, tables.exchange_rates),
    )
    return validate(state, tables.claims)


def _tier(known: Known, key: Key) -> int:
    slot, facts = known.slots[key], known.facts[key]
    position = compared(facts, slot.agreement.terms)
    ladder = slot.agreement.ladders[slot.period.period_id]
    return 0 if position is None else tier_of(position, ladder, slot.agreement.terms.threshold)


def granted_by_key(cases: Sequence[Case]) -> dict[Key, Granted]:
    """What claims have been granted, by the figure they draw on."""
    found: dict[Key, Granted] = defaultdict(Granted)
    for case in cases:
        if case.key is None or case.agreement is None:
            continue
        before = found[case.key]
        waits = "BELOW_MINIMUM" in case.codes
        due_on = _due_on(case, case.agreement)
        amounts = before.amounts if waits or not case.approved else (*before.amounts, (due_on, case.approved))
        carried = before.carried + (case.approved if waits else NOTHING)
        found[case.key] = Granted(amounts, carried, before.held or (case.status == "Held" and not waits))
    return found


def _due_on(case: Case, agreement: Agreement) -> date:
    """Payment Terms Days after the Claim Date; Volume, Growth and Mix not before the settlement's own due date."""
    terms = timedelta(days=agreement.program.payment_terms_days)
    claimed_on = case.claim_date or case.claim.claim_date
    assert case.period is not None
    ends_on = case.period.ends_on + terms
    if claimed_on is None:
        return ends_on
    return claimed_on + terms if case.kind in ("mdf", "ship") else max(claimed_on + terms, ends_on)


def ship_and_debit(known: Known, earned: Mapping[Key, Earned], cases: Sequence[Case]) -> dict[Key, Earned]:
    """Ship and Debit earns its approved claim lines, in the period of their Sale Date."""
    found = dict(earned)
    lines: dict[Key, list[Case]] = defaultdict(list)
    for case in cases:
        if case.kind == "ship" and case.key and case.approved:
            lines[case.key].append(case)
    for key, slot in known.slots.items():
        if slot.agreement.program.rebate_type.value == "Ship and Debit":
            steps = tuple(
                Step(f"Claim {case.claim.claim_id} line {case.claim.line}", "approved", amount=Fraction(case.approved)) for case in lines[key]
            )
            total = sum((case.approved for case in lines[key]), NOTHING)
            figure = money(Fraction(total), slot.agreement.currency)
            steps = steps or (Step("No claims", "nothing is approved yet", amount=ZERO),)
            found[key] = Earned(Reward(Fraction(figure), earned[key].reward.tier, steps), figure)
    return found


def held_by_key(cases: Sequence[Case]) -> dict[Key, Fraction]:
    """What held ship-and-debit lines would give: it is accrued, not earned."""
    found: dict[Key, Fraction] = defaultdict(Fraction)
    for case in cases:
        if case.kind == "ship" and case.key and case.status == "Held" and case.calculated:
            found[case.key] += case.calculated
    return found


def results(cases: Sequence[Case], payments: Sequence[Payment], tables: Tables, as_of: date) -> list[ClaimResult]:
    """Cases as people read them, with what has been paid on each line."""
    found = [_result(case, tables) for case in cases]
    whole: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    by_line: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for payment in payments:
        if payment.claim_id and payment.paid_on and payment.paid_on <= as_of:
            if payment.claim_line:
                by_line[payment.program_id, payment.claim_id, payment.claim_line] += payment.amount
            else:
                whole[payment.program_id, payment.claim_id] += payment.amount
    for at, each in enumerate(found):
        paid = by_line.pop((each.program_id, each.claim_id, each.line), NOTHING)
        part = min(max(each.approved - paid, NOTHING), whole[each.program_id, each.claim_id])
        whole[each.program_id, each.claim_id] -= part
        found[at] = replace(each, paid=paid + part)
    return found


def _result(case: Case, tables: Tables) -> ClaimResult:
    claim, currency = case.claim, case.agreement.currency if case.agreement else tables.settings.base_currency
    waits = "BELOW_MINIMUM" in case.codes
    return ClaimResult(
        claim_id=claim.claim_id,
        line=claim.line,
        distributor_id=claim.distributor_id,
        program_id=claim.program_id,
        participant_id=case.participant_id,
        period=case.period.period_id if case.period else "",
        status=case.status,
        claimed=claim.claimed_amount,
        calculated=None if case.calculated is None else money(case.calculated, currency, tables.settings.rounding),
        approved=case.approved,
        paid=NOTHING,
        reasons=tuple(case.codes),
        remedies=tuple(BY_CODE[code].remedy for code in case.codes),
        currency=currency,
        claim_date=case.claim_date,
        carried=case.approved if waits else NOTHING,
        note=claim.decision_note,
        row=claim.row,
    )


