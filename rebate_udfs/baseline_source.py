"""Where the baseline of a growth figure comes from, in the words of an explanation: source, approver and note."""

from __future__ import annotations

from datetime import date

from .model import Attainment, Baseline, MeasureOf, Program, RebateType, Step, Tables
from .periods import find_period


def baseline_step(row: Attainment, tables: Tables) -> Step | None:
    """The line of an explanation that says what the growth is measured against, who says so and who approved it; None for other types."""
    program = next((one for one in tables.programs if one.program_id == row.program_id), None)
    if program is None or program.rebate_type is not RebateType.GROWTH or row.baseline is None:
        return None
    given = next((one for one in tables.baselines if _counts(one, row, program)), None)
    if given is not None:
        parts = ["the Baselines table"] + [given.source] * bool(given.source) + [f"approved by {given.approved_by}"] * bool(given.approved_by)
        return Step("Baseline", ", ".join(parts + [given.note] * bool(given.note)), quantity=row.baseline)
    own = [one for one in tables.enrollments if (one.program_id, one.distributor_id) == (row.program_id, row.participant_id)]
    touching = [one for one in own if (one.starts_on or date.min) <= row.period.ends_on and (one.ends_on or date.max) >= row.period.starts_on]
    last = max(touching, key=lambda one: one.starts_on or date.min, default=None)
    agreed = last is not None and last.baseline is not None
    return Step("Baseline", "the enrollment" if agreed else "the same period one year earlier", quantity=row.baseline)


def _counts(given: Baseline, row: Attainment, program: Program) -> bool:
    value = given.units if program.measure is MeasureOf.UNITS else given.amount
    same = (given.program_id, given.participant_id) == (row.program_id, row.participant_id)
    return same and value is not None and find_period(given.period, (row.period,)) is not None
