"""Why a figure is what it is: every line that counted or did not, and the steps from them to the rounded amount.

The explanation is the computation's own: the steps are those that made the amount, and their sum is the figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .agreements import agreements
from .baseline_source import baseline_step
from .counting import MEASURE, classes_by_basis
from .earn import Key
from .model import Accrual, Attainment, Run, Step, Verdict
from .participants import Hierarchy, Place
from .qualify import DATE_COLUMN, REASONS, Classes, Counting, lines_of, originals, profile, verdict

ACCRUED = "Accrued to date"
UNTIMED = ("AFTER_AS_OF", "OUTSIDE_PROGRAM_DATES")


@dataclass(frozen=True, slots=True)
class ExplanationRow:
    """One row of an explanation; `amount` is None where the row only says something."""

    step: str
    detail: str
    quantity: Fraction | None = None
    rate: Fraction | None = None
    amount: Fraction | None = None


def verdicts(run: Run, participant_ids: Iterable[str] | None = None, *, everything: bool = False) -> Iterator[Verdict]:
    """What each program says of each transaction of some participants (None: of all), in row order.

    Lines dated outside a program's dates or after the as-of date are left out unless `everything` is asked for.
    A program in which none of the participants takes part says nothing.
    """
    tables = run.tables
    if tables.lines is None:
        return
    hierarchy = Hierarchy(tables.distributors)
    programs, _ = agreements(tables, hierarchy)
    wanted = None if participant_ids is None else set(participant_ids)
    parties = {party for program in programs for party in _parties(program.places, wanted)}
    for basis, classes in classes_by_basis(tables, programs, hierarchy, run.as_of, (MEASURE,)).items():
        members = {counting.number: _members(counting, wanted) for counting in classes.countings}
        for row, original in _lines(run, classes, parties):
            day = row[DATE_COLUMN[basis]] or row["invoice_date"]
            for counting in classes.countings:
                participant = members[counting.number].get(row["distributor_id"])
                if participant is not None:
                    found = _verdict(run, counting, classes, row, day, original, participant)
                    if (everything or found.reason not in UNTIMED) and (wanted is None or found.participant_id in wanted):
                        yield found


def _parties(places: Sequence[Place], wanted: set[str] | None) -> set[str]:
    return {place.distributor_id for place in places if wanted is None or place.participant_id in wanted}


def _members(counting: Counting, wanted: set[str] | None) -> dict[str, str]:
    """Each distributor's participant in a count: the last one, for lines on days on which it has none."""
    return {place.distributor_id: place.participant_id for place in counting.places if wanted is None or place.participant_id in wanted}


def _lines(run: Run, classes: Classes, parties: set[str]) -> Iterator[tuple[dict[str, Any], date | None]]:
    """The lines of some distributors with the date of their original, in the order of the source."""
    lines = run.tables.lines
    seen = profile(lines, classes.basis) if lines else None
    if lines is None or seen is None:
        return
    known: dict[str, date] = {}
    if seen.has_originals and (table := originals(lines, classes.basis)) is not None:
        known = {row["original_transaction_id"]: row["original_date"] for row in table.to_pylist()}
    for row in lines_of(lines, parties):
        yield row, known.get(row["original_transaction_id"]) if row["type"] != "Invoice" else None


def _verdict(run: Run, counting: Counting, classes: Classes, row: dict[str, Any], day: date, original: date | None, participant: str) -> Verdict:
    lines = run.tables.lines
    quantity_places, amount_places = (lines.quantity_places, lines.amount_places) if lines else (0, 0)
    placed, found, flags, reason, words = verdict(counting, classes, row["distributor_id"], row["sku"], day, original, row["type"] != "Invoice")
    return Verdict(
        program_id=counting.program.program_id,
        participant_id=found or participant,
        period=counting.periods[placed.period].period_id if placed else "",
        counts=not reason,
        in_measure=flags[0],
        in_base=flags[1],
        reason=reason,
        reason_text=words,
        counted_on=placed.counted_on if placed else day,
        transaction_id=row["transaction_id"],
        invoice_date=row["invoice_date"],
        invoice_number=row["invoice_number"],
        line=row["line"],
        distributor_id=row["distributor_id"],
        sku=row["sku"],
        type=row["type"],
        quantity=Decimal(int(row["quantity"])).scaleb(-quantity_places),
        amount=Decimal(int(row["amount"])).scaleb(-amount_places),
        currency=row["currency"],
        row=row["row"],
        place=row["place"],
    )


def explain(run: Run, program_id: str, participant_id: str, period: str | None = None) -> list[ExplanationRow]:
    """The explanation of what a participant earned in a period (None: the one that holds the as-of date, else the last).

    From the counted and excluded transactions through tier and bands to the rounded figure; then the accrual. Empty
    when the book has no such figure.
    """
    found = attainment_of(run, program_id, participant_id, period)
    if found is None:
        return []
    accrual = next((each for each in run.accruals if _key(each) == _key(found)), None)
    rows = [ExplanationRow("Figure", found.figure_id)]
    rows += _transaction_rows(run, found)
    rows += _measure_rows(found)
    source = baseline_step(found, run.tables)
    rows += [_step_row(step) for step in ((source, *found.reward.steps) if source else found.reward.steps)]
    rows.append(ExplanationRow("Earned", f"{found.figure_id}: {found.currency} {found.earned:,}", amount=Fraction(found.earned)))
    if accrual:
        rows += _accrual_rows(accrual)
    return rows


def explain_earned(run: Run, program_id: str, participant_id: str, period: str | None = None) -> list[ExplanationRow]:
    """The same up to the earned figure, which is the last row."""
    rows = explain(run, program_id, participant_id, period)
    ends = [at for at, row in enumerate(rows) if row.step == "Earned"]
    return rows[: ends[0] + 1] if ends else rows


def explain_accrued(run: Run, program_id: str, participant_id: str, period: str) -> list[ExplanationRow]:
    """The same up to what is accrued: without what a ledger holds of it, which a run of stored inputs does not know."""
    rows = explain(run, program_id, participant_id, period)
    ends = [at for at, row in enumerate(rows) if row.step == ACCRUED]
    return rows[: ends[0] + 1] if ends else rows


def attainment_of(run: Run, program_id: str, participant_id: str, period: str | None = None) -> Attainment | None:
    """The row of a figure: by period id or a day in it; None: the period that holds the as-of date, else the last."""
    rows = [each for each in run.attainment if (each.program_id, each.participant_id) == (program_id, participant_id)]
    if period:
        wanted = period.strip().casefold()
        return next((each for each in rows if each.period.period_id.casefold() == wanted or _holds(each, wanted)), None)
    current = [each for each in rows if each.period.starts_on <= run.as_of <= each.period.ends_on]
    return max(current or rows, key=lambda each: each.period.starts_on, default=None)


def _holds(row: Attainment, day: str) -> bool:
    return len(day) == 10 and f"{row.period.starts_on}" <= day <= f"{row.period.ends_on}"


def _key(row: Attainment | Accrual) -> Key:
    return (row.program_id, row.participant_id, row.period.period_id)


def _transaction_rows(run: Run, found: Attainment) -> Iterator[ExplanationRow]:
    """How many transactions counted, and how many did not, by reason."""
    counted: list[Verdict] = []
    left_out: dict[str, list[Verdict]] = defaultdict(list)
    for each in verdicts(run, [found.participant_id]):
        if each.program_id == found.program_id and each.period == found.period.period_id:
            if each.counts:
                counted.append(each)
            else:
                left_out[each.reason].append(each)
    units = sum((Fraction(each.quantity) for each in counted), Fraction(0))
    money = sum((Fraction(each.amount) for each in counted), Fraction(0))
    yield ExplanationRow("Counted transactions", f"{len(counted)} lines, {_number(units)} units, {_money(money)} as invoiced", units)
    for reason, lines in sorted(left_out.items()):
        total = sum((Fraction(each.amount) for each in lines), Fraction(0))
        yield ExplanationRow("Excluded transactions", f"{len(lines)} lines, {_money(total)} as invoiced: {REASONS[reason]}")


def _measure_rows(found: Attainment) -> Iterator[ExplanationRow]:
    yield ExplanationRow("Measure", f"what is compared with the tiers, in {found.measure_unit}", found.measure)
    if found.baseline is not None:
        yield ExplanationRow("Baseline", "what growth is measured from", found.baseline)
    if found.target is not None:
        yield ExplanationRow("Target", "what the tiers are a share of", found.target)
    if found.base != found.measure:
        yield ExplanationRow("Base", "what the reward is applied to", found.base)
    tier = f"tier {found.attained_tier} of {len(found.ladder)}" if found.ladder else "no tier is in force"
    yield ExplanationRow("Tier", f"{tier}: {found.status}", rate=found.rate or None)


def _step_row(step: Step) -> ExplanationRow:
    return ExplanationRow(step.label, step.detail, step.quantity, step.rate, step.amount)


def _accrual_rows(accrual: Accrual) -> Iterator[ExplanationRow]:
    yield ExplanationRow("Accrual", f"{accrual.figure_id}, policy {accrual.policy}")
    yield from (_step_row(step) for step in accrual.steps)
    yield ExplanationRow(ACCRUED, accrual.currency, amount=Fraction(accrual.accrued))
    yield ExplanationRow("Recognised", "what the ledger holds", amount=Fraction(accrual.recognised))
    yield ExplanationRow("True-up", "accrued - recognised: the entry that is missing", amount=Fraction(accrual.true_up))


def _number(value: Fraction) -> str:
    shown = f"{Decimal(value.numerator) / Decimal(value.denominator):,.2f}"
    return shown.removesuffix(".00")


def _money(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):,.2f}"
