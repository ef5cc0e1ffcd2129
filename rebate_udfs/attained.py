"""What a cell may show of a row of Attainment, also where there is no row yet: nothing bought is 0, not an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .answers import NOT_FOUND, Answers
from .model import Attainment, CellError, Facts, RebateType, TiersOn
from .rewards import to_next
from .words import key

Shown = str | int | Decimal | Fraction | CellError | None
ZERO = Fraction(0)
NOT_STARTED, NO_PURCHASES, NO_BASELINE, NO_TARGET = "Not Started", "No Purchases", "No Baseline", "No Target"

ROW: Mapping[str, Callable[[Attainment], Shown]] = {
    "Tier": lambda row: row.attained_tier,
    "Rate": lambda row: row.rate,
    "Measure": lambda row: row.measure,
    "Target": lambda row: row.target,
    "Percent": lambda row: row.percent,
    "To Next": lambda row: row.to_next_tier,
    "Next Value": lambda row: row.next_tier_value,
    "Forecast": lambda row: row.forecast,
    "Forecast Tier": lambda row: row.forecast_tier,
    "Accrual Tier": lambda row: row.accrual_tier,
    "Status": lambda row: row.status,
}
SHOWN = {key(name): name for name in ROW}  # as typed -> the name; in the order of functions.md


def shown_of(answers: Answers, program_id: str, distributor_id: str, name: str) -> Shown:
    """One thing of the row that a distributor looks at; #N/A where the row has no such figure (no target, no baseline)."""
    row = answers.row(program_id, distributor_id)
    if isinstance(row, CellError):
        return row
    value = ROW[name](row) if row is not None else _without_row(answers, program_id, distributor_id, name)
    return CellError(NOT_FOUND, f"{distributor_id} has no {name.lower()} in {program_id}") if value is None else value


def _without_row(answers: Answers, program_id: str, distributor_id: str, name: str) -> Shown:
    """Nothing has been counted: zero throughout, with the whole way to the first tier before it."""
    agreement = answers.agreements.get(program_id)
    if name == "Status":
        return _status(answers, agreement, distributor_id)
    if name in ("Target", "Percent"):
        return None
    if name == "To Next" and agreement is not None and agreement.program.rebate_type is RebateType.VOLUME:
        begun = [period for period in agreement.periods if period.starts_on <= answers.run.as_of] or list(agreement.periods[:1])
        ladder = agreement.ladders[begun[-1].period_id] if begun else ()
        if ladder and agreement.terms.tiers_on is TiersOn.MEASURE:
            return to_next(Facts(ZERO, ZERO, base_is_measure=True), ladder, agreement.terms)
    return 0


def _status(answers: Answers, agreement: Agreement | None, distributor_id: str) -> str:
    """The first that applies of those that a missing row can have."""
    if agreement is None or not any(period.starts_on <= answers.run.as_of for period in agreement.periods):
        return NOT_STARTED
    places = answers.members(agreement).get(distributor_id, [])
    if places and all(place.starts_on > answers.run.as_of for place in places):
        return NOT_STARTED
    if agreement.program.rebate_type is RebateType.GROWTH:
        return NO_BASELINE
    return NO_TARGET if agreement.terms.tiers_on is TiersOn.PERCENT_OF_TARGET else NO_PURCHASES
