"""The claims of a book, validated: results for people, and what they do to the figures they draw on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .claim_case import Case, Entitlements, State, activities_of, participant, place_of
from .claim_evidence import gather
from .claim_grants import funds_of, rewarded_base
from .claim_posting import posted_lines
from .claim_reasons import BY_CODE, Effect
from .claims import effective_day, validate
from .earn import Earned, Key
from .exchange import MissingRate, Rates
from .facts import Slot
from .known import Known
from .model import CellError, ClaimResult, Decision, Payment, Problem, RebateType, Reward, Run, Severity, SpecialPrice, Status, Step, Tables
from .money import money
from .participants import EARLIEST, Hierarchy
from .periods import find_period
from .settle import Granted, claims_close

NOTHING, ZERO = Decimal(0), Fraction(0)
NO_PURCHASES = Earned(Reward(ZERO, 0, (Step("No purchases", "nothing is earned", amount=ZERO),)), NOTHING)


def claims_of(
    tables: Tables,
    programs: Sequence[Agreement],
    known: Known,
    earned: Mapping[Key, Earned],
    adjusted: Mapping[Key, Decimal],
    payments: Mapping[Key, Sequence[Payment]],
    as_of: date,
) -> list[Case]:
    """Every claim line of a book, checked and granted, in the order of the Claims table.

    Lines that a close has posted are known from the ledger, or, where a close looks at a book without it, from its claim entries.
    """
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
            bases={key: rewarded_base(known.slots[key].agreement, facts) for key, facts in known.facts.items()},
            adjusted=adjusted,
            paid_without_claim=paid,
        ),
        settings=tables.settings,
        programs=frozenset(row.program_id for row in tables.programs if row.status is not Status.DRAFT),
        distributors=frozenset(row.distributor_id for row in tables.distributors),
        activities=activities_of(tables.scopes),
        prices=prices,
        rates=Rates(tables.settings.base_currency, tables.exchange_rates),
        posted=posted_lines((*tables.claim_entries, *tables.ledger), tables.settings, as_of),
    )
    return validate(state, tables.claims)


def claimed_slots(tables: Tables, programs: Sequence[Agreement], hierarchy: Hierarchy, as_of: date) -> dict[str, set[tuple[str, int]]]:
    """Participants and periods (by their place) that ship-and-debit claims are about: they have a row also without purchases."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    supported = {each.program_id: each for each in programs if each.program.rebate_type is RebateType.SHIP_AND_DEBIT}
    known_distributors = set(hierarchy.rows)
    for claim in tables.claims:
        agreement = supported.get(claim.program_id)
        if agreement is None or claim.sale_date is None or claim.sale_date > as_of or claim.distributor_id not in known_distributors:
            continue
        period = find_period(claim.sale_date.isoformat(), agreement.periods)
        measured = participant(hierarchy, agreement, claim.distributor_id, claim.sale_date)
        if period and measured:
            found[claim.program_id].add((measured, agreement.periods.index(period)))
    return found


def slots_by_decision(known: Known, cases: Sequence[Case]) -> list[Slot]:
    """Figures that have a row only because a person has approved a claim that belongs to none: it must be accrued and paid."""
    found: dict[Key, Slot] = {}
    for case in cases:
        for key in case.draws:
            if key not in known.slots and case.agreement is not None and (period := find_period(key[2], case.agreement.periods)):
                found[key] = Slot(case.agreement, key[1], period, (), (), ((period.starts_on, period.ends_on),), None, None, None)
    return list(found.values())


def granted_by_key(cases: Sequence[Case]) -> dict[Key, Granted]:
    """What claims have been granted, by the figure they draw on."""
    found: dict[Key, Granted] = defaultdict(Granted)
    for case in cases:
        if case.key is None or case.agreement is None or case.stale:
            continue
        held = case.status == Effect.HOLDS.value and not (case.waits or case.lapses)
        for key in funds_of(case) if held else ():  # nothing of them lapses while a claim that came in time is held
            period = find_period(key[2], case.agreement.periods)
            if case.claim_date is None or (period and case.claim_date <= claims_close(case.agreement, period)):
                found[key] = replace(found[key], held=True)
        for key, amount in case.draws.items():
            before = found[key]
            if case.waits:
                found[key] = replace(before, carried=before.carried + amount)
            elif case.lapses:
                found[key] = replace(before, lapsed=before.lapsed + amount)
            else:
                found[key] = replace(before, amounts=(*before.amounts, (_due_on(case, case.agreement), amount)))
    return found


def _due_on(case: Case, agreement: Agreement) -> date:
    """Payment Terms Days after the Claim Date; Volume, Growth and Mix not before the settlement's own due date.

    What had waited below Minimum Payout falls due with what lifted it over.
    """
    assert case.period is not None
    return case.released_on or (effective_day(case) or case.period.ends_on) + timedelta(days=agreement.program.payment_terms_days)


def ship_and_debit(known: Known, earned: Mapping[Key, Earned], cases: Sequence[Case]) -> dict[Key, Earned]:
    """Ship and Debit earns its approved claim lines, in the period of their Sale Date; a figure that only a claim gives earns nothing else."""
    found = {key: earned.get(key, NO_PURCHASES) for key in known.slots}
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
            found[key] = Earned(Reward(Fraction(figure), found[key].reward.tier, steps), figure)
    return found


def held_by_key(cases: Sequence[Case]) -> dict[Key, Fraction]:
    """What held ship-and-debit lines would give: it is accrued, not earned."""
    found: dict[Key, Fraction] = defaultdict(Fraction)
    for case in cases:
        if case.kind == "ship" and case.key and case.status == Effect.HOLDS.value and case.calculated and not (case.approved or case.stale):
            found[case.key] += case.calculated
    return found


def results(cases: Sequence[Case], payments: Sequence[Payment], tables: Tables, as_of: date) -> list[ClaimResult]:
    """Cases as people read them, with what has been paid on each line."""
    whole: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    by_line: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for payment in payments:
        if payment.claim_id and payment.paid_on and payment.paid_on <= as_of:
            claim = (payment.program_id, payment.participant_id, payment.claim_id)
            if payment.claim_line:
                by_line[(*claim, payment.claim_line)] += payment.amount
            else:
                whole[claim] += payment.amount
    paid: dict[int, Decimal] = {}
    shown = sorted((case for case in cases if not case.stale), key=place_of)
    last = {(case.claim.program_id, case.participant_id, case.claim.claim_id): case for case in shown}
    for case in shown:  # what is paid for all lines of a claim goes to them in their order
        claim = (case.claim.program_id, case.participant_id, case.claim.claim_id)
        own, rest = by_line.pop((*claim, case.claim.line), NOTHING), whole[claim]
        part = rest if case is last[claim] else min(max(case.approved - own, NOTHING), rest) if rest > 0 else NOTHING
        whole[claim] -= part
        paid[id(case)] = own + part
    return [replace(_result(case, tables), paid=paid.get(id(case), NOTHING)) for case in cases]


def _result(case: Case, tables: Tables) -> ClaimResult:
    claim, currency = case.claim, case.agreement.currency if case.agreement else tables.settings.base_currency
    details = [case.details.get(code, "") for code in case.codes]
    if "DECISION" in case.details:
        details.append(case.details["DECISION"])
    if case.known_program and case.agreement is None:
        details.append(f"the terms of {claim.program_id} have an error; it is looked at when they are mended")
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
        remedies=tuple(BY_CODE[code].remedy_of(case.posted is not None and not case.stale) for code in case.codes),
        currency=currency,
        claim_date=case.claim_date,
        carried=case.approved if case.waits else NOTHING,
        note=claim.decision_note,
        row=claim.row,
        details=tuple(details),
        quantity=case.granted_quantity,
        difference=case.difference,
        posted=case.posted.approved if case.posted else None,
    )


def claim_problems(cases: Sequence[Case], tables: Tables) -> Iterator[Problem]:
    """What is wrong about claims beyond their own codes: decided amounts without a decision, payments of two claims at once."""
    for claim in tables.claims:
        if claim.decided_amount is not None and claim.decision is not Decision.APPROVE:
            message = f"{claim.claim_id} line {claim.line} has a Decided Amount without the Decision Approve; it is ignored"
            remedy = "set Decision to Approve, or clear Decided Amount"
            place = ("Claims", claim.row or None, "Decided Amount")
            yield Problem(Severity.WARNING, "DECIDED_AMOUNT_IGNORED", *place, message, remedy, claim.program_id)
    claimants: dict[tuple[str, str], set[tuple[str, date]]] = defaultdict(set)
    for case in cases:
        claimants[case.claim.program_id, case.claim.claim_id].add((case.claim.distributor_id, case.claim_date or EARLIEST))
    hierarchy = Hierarchy(tables.distributors)
    for payment in tables.payments:
        sent = claimants.get((payment.program_id, payment.claim_id), set()) if payment.claim_id else set()
        found = {distributor for distributor, day in sent if payment.participant_id in hierarchy.ancestors_on(distributor, day)}
        if len(found) > 1:
            message = f"{payment.payment_id} pays claim {payment.claim_id}, which {' and '.join(sorted(found))} have both sent"
            place = ("Payments", payment.row or None, "Claim ID")
            yield Problem(Severity.ERROR, "PAYMENT_OF_TWO_CLAIMS", *place, message, "give the two claims ids of their own", payment.program_id)


SHOWN = ("Status", "Claimed", "Calculated", "Approved", "Paid", "Reasons", "Remedy")
WORST = ("Rejected", "Held", "Adjusted", "Approved")


def claim_value(run: Run, claim_id: str, show: str = "Status", distributor: str = "") -> Decimal | str | CellError:
    """What REBATE_CLAIM gives: one fact of a claim; several lines sum their amounts and show the worst status.

    An id is found as it is written, else whatever its case. Rows that a newer one supersedes are left out. Lines of programs
    of several currencies add up in Base Currency. #N/A for a claim that is not there, #VALUE! for another `show`, or when two
    distributors use the id and none is given. Source: functions.md.
    """
    wanted = next((name for name in SHOWN if name.casefold() == show.strip().casefold()), None)
    if wanted is None:
        return CellError("#VALUE!", f"show: one of {', '.join(SHOWN)}")
    current = [row for row in run.claims if distributor in ("", row.distributor_id) and "STALE_RESUBMISSION" not in row.reasons]
    rows = [row for row in current if row.claim_id == claim_id] or [row for row in current if row.claim_id.casefold() == claim_id.casefold()]
    if not rows:
        return CellError("#N/A", f"no claim {claim_id}" + (f" of {distributor}" if distributor else ""))
    whose = sorted({row.distributor_id for row in rows})
    if len(whose) > 1:
        return CellError("#VALUE!", f"{' and '.join(whose)} both use the claim id {claim_id}: give distributor")
    if wanted == "Status":
        return min((row.status for row in rows), key=WORST.index)
    if wanted in ("Reasons", "Remedy"):
        said = [text for row in rows for text in (row.reasons if wanted == "Reasons" else row.remedies)]
        return (", " if wanted == "Reasons" else " ").join(dict.fromkeys(said))
    amounts = [(row.currency, amount) for row in rows if (amount := getattr(row, wanted.casefold())) is not None]
    return _added_up(amounts, run) if len({currency for currency, _ in amounts}) > 1 else sum((amount for _, amount in amounts), NOTHING)


def _added_up(amounts: Sequence[tuple[str, Decimal]], run: Run) -> Decimal | CellError:
    """Amounts of several currencies in Base Currency, at the as-of rate, rounded once."""
    settings, total = run.tables.settings, ZERO
    rates = Rates(settings.base_currency, run.tables.exchange_rates)
    for currency, amount in amounts:
        rate = rates.in_base(currency, run.as_of)
        if isinstance(rate, MissingRate):
            return CellError("#N/A", f"there is no exchange rate of {rate.currency} on {rate.day}: give one in Exchange Rates")
        total += Fraction(amount) * rate
    return money(total, settings.base_currency, settings.rounding)
