"""run(): from checked tables to every figure, on one screen; each step is a function of its own module."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from . import version
from .accrue import (
    Expected,
    accrued_to_date,
    booked_in,
    expected,
    forecast_positions,
    forecasts_by_key,
    journal_of,
    manual_facts,
    near_tier,
    recognised,
    tier_at,
)  # fmt: skip
from .agreements import Agreement, agreements
from .earn import Earned, Key, Position, earn
from .exchange import Rates
from .facts import Converter, Slot, facts_of, slots_of
from .measure import CountedLine, Measured, Sum, counted_lines, hierarchy_currencies, measure
from .model import (
    Accrual,
    AccrualPolicy,
    Attainment,
    DateBasis,
    Facts,
    JournalRow,
    Payable,
    Problem,
    ProgramCount,
    RebateType,
    Reward,
    Run,
    Severity,
    Step,
    Tables,
    TiersOn,
)  # fmt: skip
from .money import money
from .participants import Hierarchy
from .qualify import Classes, Counting
from .rewards import compared, in_gap, next_value, on_measure, rate_of, to_next
from .settle import Due, adjusted_of, dues, payable_rows, resolve, settled_of

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the frames gave: sums and walked lines by program, and the rows seen."""

    sums: Mapping[str, Mapping[tuple[str, int], Sequence[Sum]]]
    lines: Mapping[str, Mapping[tuple[str, int], Sequence[CountedLine]]]
    placed: Mapping[Key, int]
    left_out: Mapping[str, Mapping[str, int]]  # rows without a place in time
    read: int


def run(tables: Tables, as_of: date | None = None) -> Run:
    """Compute every program of a book as of a day (default: Settings, else the latest date of usable rows).

    Returns values only: attainment, accruals, payables, journal, problems with place and remedy, and for each program
    rows read = used + excluded by reason. Rows and programs with errors are left out and named; nothing is raised for them.
    """
    day = as_of or book_date(tables)
    hierarchy = Hierarchy(tables.distributors)
    programs, problems = agreements(tables, hierarchy)
    counted = count(tables, programs, hierarchy, day)
    lines = tables.lines
    converter = Converter(
        Rates(tables.settings.base_currency, tables.exchange_rates), lines.amount_places if lines else 0, lines.quantity_places if lines else 0
    )
    slots = [slot for each in programs for slot in slots_of(each, day, counted.sums[each.program_id], counted.lines[each.program_id], {})]
    known = {slot_key(slot): facts_of(slot, converter) for slot in slots}
    facts = {key: pair[0] for key, pair in known.items()}
    rounding = tables.settings.rounding
    earned = earn([position(slot, facts[slot_key(slot)]) for slot in slots], rounding)
    ahead, doubts = look_ahead(tables, programs, slots, facts, day)
    rewards_ahead = earn_ahead(tables, slots, facts, ahead, rounding)
    figure_dues = settlements(slots, converter, earned, tables, day)
    accruals, journal = book(tables, programs, slots, facts, earned, ahead, rewards_ahead, figure_dues, day)
    attainment = tuple(
        attain(slot, known[slot_key(slot)], earned[slot_key(slot)], ahead[slot_key(slot)], counted, tables) for slot in slots
    )
    problems += [*doubts, *converter_problems(converter), *gap_problems(slots, facts)]
    return Run(
        as_of=day,
        run_id=run_id(tables.input_hash, day),
        input_hash=tables.input_hash,
        version=version.VERSION,
        engine=lines.engine if lines else "",
        tables=tables,
        problems=(*tables.problems, *problems),
        attainment=attainment,
        accruals=tuple(accruals),
        payable=tuple(payables(tables, programs, slots, earned, figure_dues, day)),
        journal=tuple(journal),
        counts=tuple(program_count(each, counted, converter, known) for each in programs),
        rows_excluded=lines.rows_excluded if lines else {},
    )


def book_date(tables: Tables) -> date:
    """As Of of the Settings; empty: the latest Invoice Date, Claim Date or Paid On of usable rows, so that a run repeats."""
    if tables.settings.as_of:
        return tables.settings.as_of
    days = [claim.claim_date for claim in tables.claims] + [payment.paid_on for payment in tables.payments]
    days.append(tables.lines.latest_invoice_date if tables.lines else None)
    return max((each for each in days if each), default=date(1900, 1, 1))


def run_id(input_hash: str, as_of: date) -> str:
    """The name of a run: the same inputs and day give the same name."""
    return hashlib.sha256(f"{input_hash}|{as_of}|{version.VERSION}".encode()).hexdigest()[:12]


def slot_key(slot: Slot) -> Key:
    return (slot.agreement.program_id, slot.participant_id, slot.period.period_id)


def position(slot: Slot, facts: Facts) -> Position:
    return Position(slot.agreement, slot.participant_id, slot.period, facts)


# ---- steps 1 and 2: the frames


def countings(programs: Sequence[Agreement]) -> list[Counting]:
    """One count for each program; sums are kept apart at settlements that end before their period does."""
    found = []
    for number, agreement in enumerate(programs):
        ends = {period.ends_on for period in agreement.periods}
        cuts = tuple(sorted(each.ends_on for each in agreement.settlements if each.ends_on not in ends))
        if agreement.program.program_cap is not None or cuts:
            cuts = tuple(sorted({each.ends_on for each in agreement.settlements}))
        found.append(Counting(number, agreement.program, "measure", agreement.periods, agreement.places, agreement.scope, cuts))
    return found


def is_multi_currency(tables: Tables, programs: Iterable[Agreement], hierarchy: Hierarchy) -> bool:
    """Whether any program or distributor uses another currency than Base Currency (lines are asked by the count itself)."""
    used = {agreement.currency for agreement in programs} | hierarchy_currencies(hierarchy)
    return bool(used - {tables.settings.base_currency})


def classes_by_basis(tables: Tables, programs: Sequence[Agreement], hierarchy: Hierarchy, as_of: date) -> dict[DateBasis, Classes]:
    """The classes of each date basis that some program uses."""
    rates = Rates(tables.settings.base_currency, tables.exchange_rates).days()
    groups: dict[DateBasis, list[Counting]] = defaultdict(list)
    for counting in countings(programs):
        groups[counting.program.date_basis].append(counting)
    return {basis: Classes(basis, group, hierarchy, tables.products, rates, as_of) for basis, group in groups.items()}


def count(tables: Tables, programs: Sequence[Agreement], hierarchy: Hierarchy, as_of: date) -> Counted:
    """Qualify and measure: sums by program, participant and period, and the lines of programs that walk them."""
    sums: dict[str, dict[tuple[str, int], Sequence[Sum]]] = {each.program_id: {} for each in programs}
    lines: dict[str, dict[tuple[str, int], list[CountedLine]]] = {each.program_id: defaultdict(list) for each in programs}
    placed: dict[Key, int] = {}
    left_out: dict[str, Mapping[str, int]] = {each.program_id: {} for each in programs}
    if tables.lines is None:
        return Counted(sums, lines, placed, left_out, 0)
    multi = is_multi_currency(tables, programs, hierarchy)
    for classes in classes_by_basis(tables, programs, hierarchy, as_of).values():
        found: Measured = measure(tables.lines, classes, multi)
        by_number = {counting.number: programs[counting.number] for counting in classes.countings}
        for (number, participant, period), entries in found.sums.items():
            sums[by_number[number].program_id][participant, period] = entries
        for (number, participant, period), rows in found.placed.items():
            agreement = by_number[number]
            placed[agreement.program_id, participant, agreement.periods[period].period_id] = rows
        for number, reasons in found.reasons.items():
            left_out[by_number[number].program_id] = reasons
        walked = [counting for counting in classes.countings if by_number[counting.number].walks]
        for line in counted_lines(tables.lines, classes, walked, multi):
            lines[by_number[line.counting].program_id][line.participant_id, line.period].append(line)
    read = tables.lines.rows_read - sum(tables.lines.rows_excluded.values())
    return Counted(sums, lines, placed, left_out, read)


# ---- accruals


def look_ahead(
    tables: Tables, programs: Sequence[Agreement], slots: Sequence[Slot], facts: Mapping[Key, Facts], as_of: date
) -> tuple[dict[Key, Expected], list[Problem]]:
    """What is expected at period end for every slot."""
    rows, problems = forecasts_by_key(programs, tables.forecasts)
    ahead: dict[Key, Expected] = {}
    for slot in slots:
        key = slot_key(slot)
        ahead[key], found = expected(slot, facts[key], as_of, rows.get(key, []))
        problems += found
        near = near_tier(slot, ahead[key])
        problems += [near] if near else []
    return ahead, problems


def earn_ahead(
    tables: Tables, slots: Sequence[Slot], facts: Mapping[Key, Facts], ahead: Mapping[Key, Expected], rounding: object
) -> dict[Key, list[Earned]]:
    """The reward at each scenario of every slot, limits included, unrounded sums underneath."""
    rounds = max((len(each.scenarios) for each in ahead.values()), default=1)
    found: dict[Key, list[Earned]] = defaultdict(list)
    for number in range(rounds):
        positions = []
        for slot in slots:
            key = slot_key(slot)
            manual = manual_facts(slot, facts[key]) if slot.agreement.policy is AccrualPolicy.MANUAL and not ahead[key].ended else None
            options = [manual] if manual else forecast_positions(slot, facts[key], ahead[key], tables.settings)
            positions.append(options[min(number, len(options) - 1)])
        for key, each in earn(positions, tables.settings.rounding, rounded=False).items():
            if number < len(ahead[key].scenarios):
                found[key].append(each)
    return found


def book(
    tables: Tables,
    programs: Sequence[Agreement],
    slots: Sequence[Slot],
    facts: Mapping[Key, Facts],
    earned: Mapping[Key, Earned],
    ahead: Mapping[Key, Expected],
    rewards_ahead: Mapping[Key, Sequence[Earned]],
    figure_dues: Mapping[Key, Sequence[Due]],
    as_of: date,
) -> tuple[list[Accrual], list[JournalRow]]:
    """The accrual of every slot, and the entries that the ledger still lacks."""
    before = recognised(programs, tables.ledger, tables.adjustments, as_of, tables.settings)
    accruals: list[Accrual] = []
    journal: list[JournalRow] = []
    for slot in slots:
        key, agreement = slot_key(slot), slot.agreement
        figure = earned[key].figure
        if ahead[key].ended or agreement.policy is AccrualPolicy.ATTAINED:
            words = "The period has ended" if ahead[key].ended else "Accrual Policy Attained"
            steps: tuple[Step, ...] = (Step("Accrued = earned", words, amount=earned[key].reward.amount),)
            accrued = figure
        else:
            exact, steps = accrued_as_planned(slot, facts[key], ahead[key], rewards_ahead[key])
            accrued = money(exact, agreement.currency, tables.settings.rounding)
        floor = min(figure, sum((due.due for due in figure_dues.get(key, ())), Decimal(0)))
        if accrued < floor:
            steps = (*steps, Step("Not below what settlements made due", amount=Fraction(floor) - sum((s.amount or ZERO for s in steps), ZERO)))
            accrued = floor
        entry = accrued - before.get(key, Decimal(0))
        figure_id = "/".join((*key, "accrued"))
        accruals.append(
            Accrual(figure_id, *key[:2], slot.period, agreement.policy.value, figure, accrued, accrued - entry, entry, agreement.currency, steps)
        )
        if entry or tables.ledger:
            resold = booked_in("Cost of Sales", key, tables.ledger, agreement, tables.accounts)
            journal += journal_of(agreement, key, entry, accrued, resold, as_of, tables.settings, tables.accounts)
    return accruals, journal


def accrued_as_planned(slot: Slot, facts: Facts, ahead: Expected, rewards: Sequence[Earned]) -> tuple[Fraction, tuple[Step, ...]]:
    """Accrued to date under a policy that looks ahead; Manual takes the From of its tier as what is expected."""
    if slot.agreement.policy is AccrualPolicy.MANUAL:
        manual = manual_facts(slot, facts)
        measure = manual.facts.measure if manual else facts.measure
        ahead = replace(ahead, scenarios=((ONE, measure),), source=f"the From of manual tier {slot.agreement.program.manual_tier}")
    return accrued_to_date(slot, facts, ahead, rewards)


# ---- settlements


def settlements(
    slots: Sequence[Slot], converter: Converter, earned: Mapping[Key, Earned], tables: Tables, as_of: date
) -> dict[Key, list[Due]]:
    """What fell due at each settlement that has ended: earned with what was known by its last day."""
    wanted: dict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        for settlement in slot.agreement.settlements_of(slot.period):
            if settlement.ends_on <= as_of:
                wanted[settlement.ends_on].append(slot)
    earned_by: dict[Key, dict[date, Decimal]] = defaultdict(dict)
    for day, group in wanted.items():
        early = [slot for slot in group if day < slot.period.ends_on]
        for slot in group:
            if day >= slot.period.ends_on:
                earned_by[slot_key(slot)][day] = earned[slot_key(slot)].figure
        if early:
            positions = [position(slot, facts_of(slot, converter, cut_of(slot, day))[0]) for slot in slots_upto(slots, early, day)]
            found = earn(positions, tables.settings.rounding)
            for slot in early:
                earned_by[slot_key(slot)][day] = found[slot_key(slot)].figure
    return {
        slot_key(slot): dues(slot.agreement, slot_key(slot), slot.period, earned_by[slot_key(slot)], as_of) for slot in slots
    }


def slots_upto(slots: Sequence[Slot], early: Sequence[Slot], day: date) -> list[Slot]:
    """The slots whose figures a settlement's figure can depend on: those of programs tied to it and earlier periods."""
    tied = {slot.agreement.program_id for slot in early}
    return [slot for slot in slots if slot.agreement.program_id in tied and slot.period.starts_on <= day]


def cut_of(slot: Slot, day: date) -> int:
    """The index of the last cut that a day includes."""
    ends = sorted({each.ends_on for each in slot.agreement.settlements})
    return sum(end <= day for end in ends) - 1


def payables(
    tables: Tables, programs: Sequence[Agreement], slots: Sequence[Slot], earned: Mapping[Key, Earned], figure_dues: Mapping[Key, Sequence[Due]], as_of: date
) -> list[Payable]:
    """One row for each figure and settlement that has ended: due, settled, open."""
    payments, adjustments = resolve(programs, tables.payments), resolve(programs, tables.adjustments)
    disputes = defaultdict(list)
    for dispute in tables.disputes:
        disputes[tuple(dispute.figure_id.split("/")[:3])].append(dispute)
    found: list[Payable] = []
    for slot in slots:
        key = slot_key(slot)
        settled = settled_of(payments.get(key, ()), as_of)
        adjusted = adjusted_of(adjustments.get(key, ()), disputes.get(key, ()), as_of)
        found += payable_rows(slot.agreement, figure_dues[key], earned[key].figure, settled, adjusted, as_of)
    return found


# ---- what people see


def attain(slot: Slot, known: tuple[Facts, int], earned: Earned, ahead: Expected, counted: Counted, tables: Tables) -> Attainment:
    """One row of Attainment: the three tiers side by side, the distance to the next one and what reaching it is worth."""
    facts, rows = known
    agreement, key, terms = slot.agreement, slot_key(slot), slot.agreement.terms
    ladder = agreement.ladders[slot.period.period_id]
    tier = tier_at(slot, facts) if rows or facts.budget is None else 0
    tier = tier if rows else 0
    there = forecast_positions(slot, facts, ahead, tables.settings)[0].facts if agreement.policy is not AccrualPolicy.ATTAINED else None
    forecast_tier = tier_at(slot, replace(facts, measure=ahead.measure)) if rows and agreement.program.rebate_type is not RebateType.MIX else tier
    accrual_tier = tier if ahead.ended or there is None else tier_at(slot, there)
    if agreement.policy is AccrualPolicy.MANUAL and not ahead.ended:
        accrual_tier = max(agreement.program.manual_tier or 0, tier)
    worth = next_value(facts, ladder, terms) if ladder else None
    rounding, currency = tables.settings.rounding, agreement.currency
    gain = money(worth[0], currency, rounding) - money(worth[1], currency, rounding) if worth else money(ZERO, currency)
    return Attainment(
        figure_id="/".join((*key, "earned")),
        program_id=key[0],
        participant_id=key[1],
        period=slot.period,
        currency=currency,
        measure=facts.measure,
        percent=compared(facts, terms) if agreement.program.rebate_type is not RebateType.VOLUME or terms.tiers_on is not TiersOn.MEASURE else None,
        target=slot.target,
        baseline=slot.baseline,
        base=facts.base,
        attained_tier=tier,
        accrual_tier=accrual_tier if rows else 0,
        forecast_tier=forecast_tier if rows else 0,
        forecast=ahead.measure,
        to_next_tier=to_next(facts, ladder, terms) if ladder else ZERO,
        next_tier_value=gain,
        rate=rate_of(tier, ladder) if ladder else ZERO,
        earned=earned.figure,
        status=status_of(slot, facts, rows, tier),
        transactions_used=rows,
        transactions_excluded=max(counted.placed.get(key, 0) - rows, 0),
        reward=rounded_reward(earned),
        ladder=on_measure(ladder, facts, terms) if ladder else (),
        measure_unit=unit_of(agreement),
        facts=facts,
    )


def rounded_reward(earned: Earned) -> Reward:
    """The reward with the one rounding as its last step, so that the steps add up to the figure."""
    difference = Fraction(earned.figure) - earned.reward.amount
    if not difference:
        return earned.reward
    steps = (*earned.reward.steps, Step("Rounding", f"once, to {earned.figure}", amount=difference))
    return Reward(Fraction(earned.figure), earned.reward.tier, steps)


def unit_of(agreement: Agreement) -> str:
    """What the measure is counted in."""
    return "units" if agreement.measure_in_units else agreement.currency


def status_of(slot: Slot, facts: Facts, rows: int, tier: int) -> str:
    """The first that applies: No Baseline, No Target, No Purchases, Below First Tier, In Tier, Top Tier."""
    agreement = slot.agreement
    if agreement.program.rebate_type is RebateType.GROWTH and (facts.baseline is None or facts.baseline <= 0):
        return "No Baseline"
    if agreement.terms.tiers_on is TiersOn.PERCENT_OF_TARGET and (facts.target is None or facts.target <= 0):
        return "No Target"
    if not rows:
        return "No Purchases"
    if not tier:
        return "Below First Tier"
    return "Top Tier" if tier == len(agreement.ladders[slot.period.period_id]) else "In Tier"


def program_count(agreement: Agreement, counted: Counted, converter: Converter, known: Mapping[Key, tuple[Facts, int]]) -> ProgramCount:
    """rows read = used + excluded by reason, for one program."""
    program_id = agreement.program_id
    used = sum(each.rows for entries in counted.sums[program_id].values() for each in entries)
    no_rate = sum(rows for (program, _), rows in converter.missing.items() if program == program_id)
    in_place = sum(rows for key, rows in counted.placed.items() if key[0] == program_id)
    excluded = dict(counted.left_out.get(program_id, {}))
    not_enrolled = counted.read - sum(excluded.values()) - in_place
    for reason, rows in (("NOT_ENROLLED", not_enrolled), ("OUT_OF_SCOPE", in_place - used), ("NO_EXCHANGE_RATE", no_rate)):
        if rows:
            excluded[reason] = rows
    return ProgramCount(program_id, counted.read, used - no_rate, excluded)


def converter_problems(converter: Converter) -> list[Problem]:
    """A missing rate is an error naming currency and date."""
    found = []
    for (program_id, missing), rows in sorted(converter.missing.items(), key=lambda item: (item[0][0], item[0][1].currency, item[0][1].day)):
        message = f"{program_id}: no exchange rate of {missing.currency} is valid on {missing.day}; {rows} transactions are left out"
        remedy = f"give a row in Exchange Rates for {missing.currency} with Valid From on or before {missing.day}"
        found.append(Problem(Severity.ERROR, "NO_EXCHANGE_RATE", "Exchange Rates", None, "Rate", message, remedy, program_id))
    return found


def gap_problems(slots: Sequence[Slot], facts: Mapping[Key, Facts]) -> list[Problem]:
    """A measure between a printed To and the next From belongs to the lower tier, with a warning."""
    found = []
    for slot in slots:
        at = compared(facts[slot_key(slot)], slot.agreement.terms)
        if at is not None and in_gap(at, slot.agreement.ladders[slot.period.period_id]):
            program_id = slot.agreement.program_id
            message = f"{program_id}: the measure of {slot.participant_id} in {slot.period.period_id} lies between a tier's To and the next From"
            remedy = "it earns by the lower tier; write the same number in To and the next From if that is not meant"
            found.append(Problem(Severity.WARNING, "BOUNDARY_GAP", "Tiers", None, "To", message, remedy, program_id))
    return found
