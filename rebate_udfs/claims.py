"""Claim validation: every line checked in a fixed order, with all reasons that apply, and paid what the terms give.

Lines go by claim date, claim id and line; what an earlier line was granted is gone for later ones. Final lines (decided
by a person, or posted by a close) draw first. Source: design section 6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, Drawn, Posted, State, participant, participant_in, place_of
from .claim_checks import FACT_CHECKS, signature
from .claim_evidence import normalised
from .claim_grants import beyond, calculated_amount, draw, grant, in_currency, left_for, left_on, open_amount
from .claim_posting import source_of
from .claim_reasons import ORDER, Effect
from .earn import Key
from .model import Claim, Decision, PayClaims, Period, RebateType, SpecialPrice
from .money import amount_text, money
from .participants import EARLIEST, LATEST
from .periods import find_period

NOTHING = Decimal(0)
KEPT = frozenset({"UNKNOWN_PROGRAM", "UNKNOWN_DISTRIBUTOR", "AMOUNT_NOT_A_NUMBER", "DUPLICATE"})  # no decision overrides them


def validate(state: State, claims: Sequence[Claim]) -> list[Case]:
    """All lines in the order of the Claims table, checked and granted; what is stale stands behind its line."""
    cases = _in_order(state, claims)
    if any(case.final for case in cases):  # which line is the earlier of two is asked in the lines' own order
        reserve(state, cases)
        for case in cases:
            check_line(state, case)
        repeats = {id(case.claim): "DUPLICATE" in case.codes for case in cases if case.final}
        state.drawn = Drawn()
        cases = _in_order(state, claims)
        for case in cases:
            case.duplicate = repeats.get(id(case.claim))
        cases.sort(key=lambda case: not case.final)
    reserve(state, cases)
    for case in cases:
        check_line(state, case)
    apply_minimum(cases, state.evidence.as_of)
    stands = {line_key(case.claim): case.claim.row for case in cases if not case.stale}
    return sorted(cases, key=lambda case: (stands[line_key(case.claim)], case.stale, case.claim.row))


def line_key(claim: Claim) -> tuple[str, str, str]:
    """What a claim line is: Distributor ID, Claim ID and Line."""
    return (claim.distributor_id, claim.claim_id, claim.line)


def claimed_amount(case: Case) -> Decimal:
    """What a line asks for; nothing where that is no number."""
    return case.claim.claimed_amount or NOTHING


def reserve(state: State, cases: Iterable[Case]) -> None:
    """What closes have posted on a figure is kept free for those lines while others raise theirs."""
    state.reserved.clear()
    for case in cases:
        if case.posted is not None and case.agreement is not None:
            state.reserved[figure_of(case.agreement, case.posted)] += case.posted.approved


def figure_of(agreement: Agreement, posted: Posted) -> Key:
    """The figure on which a close has posted a line."""
    return (agreement.program_id, posted.participant_id, posted.period)


def _in_order(state: State, claims: Sequence[Claim]) -> list[Case]:
    return sorted(cases_of(state, claims), key=place_of)


def cases_of(state: State, claims: Sequence[Claim]) -> list[Case]:
    """The rows that count, one a line, and the stale ones beside them; rows dated after the as-of date are not looked at."""
    lines: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.claim_date is None or claim.claim_date <= state.evidence.as_of:
            lines[line_key(claim)].append(claim)
    found: list[Case] = []
    for key, rows in lines.items():
        rows = sorted(rows, key=lambda row: row.resubmission)
        first_date = next((row.claim_date for row in rows if row.claim_date), None)
        posted = state.posted.get(source_of(*key))
        counting, final = _counting(state, rows, posted)
        for row in rows:
            later = bool(row.claim_date and counting.claim_date and row.claim_date > counting.claim_date)
            if row is counting:
                found.append(case_of(state, row, first_date))
                found[-1].final, found[-1].posted = final, posted
            elif (final and row.resubmission > counting.resubmission) or (later and row.resubmission < counting.resubmission):
                found.append(case_of(state, row, first_date))
                found[-1].stale = True
    return found


def _counting(state: State, rows: Sequence[Claim], posted: Posted | None) -> tuple[Claim, bool]:
    """The row of a line that counts, and whether it is final: decided, else posted, else the highest Resubmission."""
    decided = [row for row in rows if is_decided(state, row)]
    if decided:  # outranks what a close has posted
        return decided[-1], True
    by_then = [row for row in rows if posted and (row.claim_date or EARLIEST) <= posted.closed_on]
    return (by_then[-1], True) if by_then else (rows[-1], False)


def is_decided(state: State, row: Claim) -> bool:
    """Whether a person's decision stands on a row by the as-of date."""
    return row.decision is not None and (row.decided_on is None or row.decided_on <= state.evidence.as_of)


def case_of(state: State, claim: Claim, first_date: date | None) -> Case:
    """A row with its program, the kind of claim it is, and the day and period it is about."""
    agreement = state.evidence.agreements.get(claim.program_id)
    case = Case(claim, first_date, agreement, claim.program_id in state.programs, claim.distributor_id in state.distributors)
    if agreement is None:
        return case
    kind = agreement.program.rebate_type
    if kind is RebateType.MDF:
        case.kind, case.day = "mdf", claim.activity_date
    elif kind is RebateType.SHIP_AND_DEBIT:
        case.kind, case.day = "ship", claim.sale_date
    else:
        case.kind = "invoice" if claim.transaction_id or claim.invoice_number else "period"
    if case.kind == "period":
        case.period = claimed_period(claim, agreement, first_date)
        if case.known_distributor:
            case.participant_id = participant_in(agreement, claim.distributor_id, case.period)
    elif case.day:
        case.period = find_period(case.day.isoformat(), agreement.periods)
        if case.known_distributor:
            case.participant_id = participant(state.evidence.hierarchy, agreement, claim.distributor_id, case.day)
    return case


def claimed_period(claim: Claim, agreement: Agreement, first_date: date | None) -> Period | None:
    """The period claimed; without one the last that ended by the Claim Date."""
    if claim.period:
        return find_period(claim.period, agreement.periods)
    ended = [period for period in agreement.periods if first_date and period.ends_on <= first_date]
    return ended[-1] if ended else None


def check_line(state: State, case: Case) -> None:
    """Give a line its codes, its amounts and its status, and draw what it is granted."""
    if case.agreement and case.known_distributor and case.kind == "invoice":
        find_line(state, case)
    if case.agreement and case.kind == "ship" and case.day:
        find_price(state, case)
    for code, test in FACT_CHECKS:
        if answer := test(state, case):
            case.say(code, answer if isinstance(answer, str) else "")
    if case.stale:  # shown beside the line that counts; it draws nothing
        case.status = Effect.REJECTS.value
        return
    case.calculated = calculated_amount(state, case)
    if not case.stops and case.calculated is not None:
        grant(state, case)
    stopped = case.stops
    if case.posted is not None and case.agreement is not None:
        state.reserved[figure_of(case.agreement, case.posted)] -= case.posted.approved
    if case.posted is not None and not decided_otherwise(case.claim, case.posted):
        stand(state, case, case.posted)
    elif case.final:
        decide(state, case)
    conclude(state, case)
    if case.final and "DUPLICATE" not in case.codes:
        lower = state.settings.pay_claims is PayClaims.LOWER and not case.takes_back
        most = max(claimed_amount(case), case.approved) if lower else case.limited  # an increase needs no new claim
        case.difference = (NOTHING if stopped else min(case.limited, most)) - case.approved


def find_line(state: State, case: Case) -> None:
    """The invoice line claimed: by Transaction ID, else by Invoice Number and SKU, the first with quantity left."""
    claim, evidence = case.claim, state.evidence
    assert case.agreement is not None
    program_id = case.agreement.program_id
    if claim.transaction_id:
        candidates = [claim.transaction_id] if claim.transaction_id in evidence.lines else []
    else:
        candidates = [
            each for each in evidence.by_invoice.get(normalised(claim.invoice_number), ()) if not claim.sku or evidence.lines[each].sku == claim.sku
        ]
    lines = [evidence.lines[each] for each in candidates]
    own = [line for line in lines if evidence.covers(claim.distributor_id, line.distributor_id, line.invoice_date)]
    case.other_owner = bool(lines) and not own
    if not lines:
        return
    eligible = [line for line in own if line.type == "Invoice" and evidence.placed(program_id, line).counts]
    with_left = [line for line in eligible if left_on(state, program_id, line) > 0]
    case.line = (with_left or eligible or own or lines)[0]
    case.placed = evidence.placed(program_id, case.line)
    case.day = case.placed.counted_on
    case.period = find_period(case.day.isoformat(), case.agreement.periods)
    if case.other_owner:  # its dates are still tested, for the one who claims it
        case.participant_id = participant(evidence.hierarchy, case.agreement, claim.distributor_id, case.day)
    else:
        case.participant_id = case.placed.participant_id or participant(evidence.hierarchy, case.agreement, case.line.distributor_id, case.day)


def find_price(state: State, case: Case) -> None:
    """The most specific Special Prices row that covers the sale, and the cost: the row's, else the participant's own last price."""
    claim, day = case.claim, case.day
    assert case.agreement is not None and day is not None
    program_id, customer = case.agreement.program_id, claim.end_customer.casefold()
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
        return
    if case.price.cost is not None:
        case.cost = Fraction(case.price.cost)
    elif case.participant_id:
        _, line = state.evidence.bought(program_id, case.participant_id, claim.sku, day)
        amount = in_currency(state, case.agreement, line) if line else None
        case.cost = amount / line.quantity if line and amount is not None else None


def _specific(row: SpecialPrice, distributor_id: str) -> tuple[bool, bool, bool]:
    """End Customer first, then Distributor ID (the claimant's own before its parent's), then neither."""
    return (bool(row.end_customer), bool(row.distributor_id), row.distributor_id == distributor_id)


def decide(state: State, case: Case) -> None:
    """A decision overrides every code but unknown ids, no number and duplicate; within what is left unless it says more."""
    claim = case.claim
    kept = [code for code in case.codes if code in KEPT]
    by = f"decided by {claim.decided_by or 'a person'}" + (f" on {claim.decided_on}" if claim.decided_on else "")
    if claim.decision is Decision.REJECT:
        case.codes, case.approved, case.granted_quantity = kept, NOTHING, Fraction(0)
        case.status = Effect.REJECTS.value
    elif kept:
        case.codes = kept
        return
    else:
        if case.key is None:
            place_by_decision(state, case)
        wanted = claimed_amount(case)
        most, quantity = left_for(state, case)
        within = max(min(wanted, NOTHING), most) if case.takes_back else min(max(wanted, NOTHING), most)
        case.approved = within if claim.decided_amount is None else claim.decided_amount
        case.granted_quantity = quantity
        if case.codes:
            by += f", in place of {', '.join(case.codes)}"
        case.codes = []
        case.status = by_amount(state, case)
    case.details["DECISION"] = by


def place_by_decision(state: State, case: Case) -> None:
    """The figure on which a line that has none of its own is paid when a person approves it: the claimant's, at the Claim Date."""
    assert case.agreement is not None
    claim, periods = case.claim, case.agreement.periods
    day = case.claim_date or state.evidence.as_of
    begun = [period for period in periods if period.starts_on <= day]
    case.period = case.period or (begun or periods)[-1 if begun else 0]
    own = participant(state.evidence.hierarchy, case.agreement, claim.distributor_id, day)
    case.participant_id = case.participant_id or own or participant_in(case.agreement, claim.distributor_id, case.period) or claim.distributor_id
    case.unplaced = True


def decided_otherwise(claim: Claim, posted: Posted) -> bool:
    """Whether a person's decision says something else than what a close has posted, or came after it."""
    if claim.decision is None:
        return False
    later = claim.decided_on is not None and claim.decided_on > posted.closed_on
    return later or claim.decision is Decision.REJECT or claim.decided_amount is not None


def stand(state: State, case: Case, posted: Posted) -> None:
    """A posted line stays as it was posted, on its figure; only a higher effective rate adds its increase."""
    assert case.agreement is not None
    case.period = find_period(posted.period, case.agreement.periods) or case.period
    case.participant_id = posted.participant_id or case.participant_id
    calculated, increase = posted.calculated, NOTHING
    if case.kind == "invoice" and case.calculated is not None and case.key is not None and posted.approved > 0:
        currency, rounding = case.agreement.currency, state.settings.rounding
        now = money(case.calculated, currency, rounding)
        if now > posted.calculated > 0:
            raised = money(Fraction(posted.approved) * Fraction(now) / Fraction(posted.calculated), currency, rounding)
            room = open_amount(state, case.key) - posted.approved - state.reserved[case.key]
            calculated, increase = now, max(min(raised - posted.approved, room), NOTHING)
    case.calculated, case.approved, case.granted_quantity = Fraction(calculated), posted.approved + increase, posted.quantity
    case.codes = list(posted.codes)
    case.details = {"DECISION": f"posted by the close of {posted.closed_on}"}
    case.status = by_amount(state, case)


def conclude(state: State, case: Case) -> None:
    """The status follows the strongest code, else the amounts; what was approved is drawn."""
    case.codes.sort(key=ORDER.__getitem__)
    if not case.status:
        effect = case.effect
        if effect in (Effect.REJECTS, Effect.HOLDS):
            case.status = effect.value
        elif case.agreement is None:  # its terms have an error of ours: no claim is refused for that
            case.status = Effect.HOLDS.value
        else:
            case.status = by_amount(state, case)
    if case.status in (Effect.REJECTS.value, Effect.HOLDS.value):
        case.approved, case.granted_quantity = NOTHING, Fraction(0)
    else:
        draw(state, case)
    if (sign := signature(case)) is not None:
        state.drawn.seen[sign].append(case)


def by_amount(state: State, case: Case) -> str:
    """Approved when claimed and approved differ by no more than the tolerance, else Adjusted."""
    return "Adjusted" if beyond(state, case.claim.claimed_amount or NOTHING, case.approved) else "Approved"


def effective_day(case: Case) -> date | None:
    """From when Payment Terms Days count: the Claim Date; Volume, Growth and Mix not before the settlement's end."""
    claimed_on, settlement = case.claim.claim_date or case.claim_date, settlement_of(case)
    if case.kind in ("mdf", "ship") or settlement is None:
        return claimed_on
    return max(claimed_on, settlement.ends_on) if claimed_on else settlement.ends_on


def settlement_of(case: Case) -> Period | None:
    """The settlement that a line belongs to: by its invoice, activity or sale date, a Period claim by its Claim Date; else the period's last."""
    if case.agreement is None or case.period is None:
        return None
    day = case.claim_date if case.kind == "period" else case.day
    settlements = case.agreement.settlements_of(case.period)
    return next((each for each in settlements if day and each.ends_on >= day), settlements[-1] if settlements else case.period)


def apply_minimum(cases: Sequence[Case], as_of: date) -> None:
    """Below Minimum Payout what was approved waits with its amount, settlement by settlement, for each participant in a program.

    What is still below it at the program's last settlement lapses on that one's due date; a sum below 0 is not tested.
    A decided line is paid, and counts in the sum.
    """
    pots: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.agreement and case.agreement.program.minimum_payout is not None and case.approved:
            pots[case.agreement.program_id, case.participant_id].append(case)
    for group in pots.values():
        agreement = group[0].agreement
        assert agreement is not None and agreement.program.minimum_payout is not None
        _apply(agreement, agreement.program.minimum_payout, group, as_of)


def _apply(agreement: Agreement, minimum: Decimal, group: Sequence[Case], as_of: date) -> None:
    by_settlement: dict[date, list[Case]] = defaultdict(list)
    for case in group:
        settlement = settlement_of(case)
        by_settlement[settlement.ends_on if settlement else agreement.program.ends_on].append(case)
    terms = timedelta(days=agreement.program.payment_terms_days)
    waiting: list[Case] = []
    for _, own in sorted(by_settlement.items()):
        waiting += own
        if 0 <= sum((case.approved for case in waiting), NOTHING) < minimum:
            continue
        due_on = max((effective_day(case) or agreement.program.ends_on) + terms for case in own)
        for case in waiting:
            case.released_on = due_on if case not in own else None
        waiting = []
    lapsed = agreement.settlements[-1].ends_on + terms <= as_of
    for case in waiting:
        if not case.final:
            case.say("BELOW_MINIMUM", f"the minimum is {amount_text(minimum, agreement.currency)}")
            case.status, case.waits, case.lapses = Effect.HOLDS.value, not lapsed, lapsed
