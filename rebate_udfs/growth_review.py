"""Whether history has ever seen the growth that a program requires, a question of its owner before launch.

The program is replayed one year earlier, on the same scope and participants, and its first threshold compared with how
much they grew then. Source: domain.md section 8, "a required growth far above history".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from .model import Enrollment, Problem, Program, RebateType, RewardOn, Severity, Status, Tables, TierRow, TiersOn
from .periods import year_earlier
from .pipeline import run
from .rewards.text import number_text

FAR_ABOVE = Fraction(10, 100)  # growth required beyond the growth there was, in points, and at least twice as much


@dataclass(frozen=True, slots=True)
class GrowthHistory:
    """How the participants of a growth program grew in the year before it, all together and one by one."""

    program_id: str
    required: Fraction  # the lowest From
    growth: Fraction  # of all participants with a baseline, together
    participants: int
    reached: int  # of them, those who grew by what is required


def growth_history(tables: Tables) -> list[GrowthHistory]:
    """The history of every Active growth program whose transactions reach back two years; others have none."""
    found = []
    for program in tables.programs:
        starts = [row.starts_at for row in tables.tiers if row.program_id == program.program_id]
        if program.rebate_type is not RebateType.GROWTH or program.status is not Status.ACTIVE or not starts:
            continue
        earlier = _one_year_earlier(tables, program, min(starts))
        sums: dict[str, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
        for row in run(earlier, earlier.settings.as_of).attainment:
            if row.baseline is not None and row.baseline > 0:
                bought, before = sums[row.participant_id]
                sums[row.participant_id] = (bought + row.measure, before + row.baseline)
        if sums:
            bought, before = (sum((pair[at] for pair in sums.values()), Fraction(0)) for at in (0, 1))
            required = Fraction(min(starts))
            reached = sum(now >= then * (1 + required) for now, then in sums.values())
            found.append(GrowthHistory(program.program_id, required, (bought - before) / before, len(sums), reached))
    return found


def required_growth(tables: Tables) -> list[Problem]:
    """A warning for each growth program whose first threshold is far above what its participants have shown."""
    rows = {program.program_id: program.row for program in tables.programs}
    found = []
    for history in growth_history(tables):
        if history.required > max(history.growth + FAR_ABOVE, 2 * history.growth):
            message = (
                f"{history.program_id} pays from {_percent(history.required)} growth, but the year before its {history.participants} participants "
                f"grew by {_percent(history.growth)} together, and {history.reached} of them by that much."
            )
            remedy = "Lower the first threshold, or make sure that the growth can be reached."
            row = rows[history.program_id] or None
            found.append(Problem(Severity.WARNING, "REQUIRED_GROWTH", "Programs", row, "Program ID", message, remedy, history.program_id))
    return found


def _one_year_earlier(tables: Tables, program: Program, threshold: Decimal) -> Tables:
    """A book with this program alone, as it would have been one year earlier: its first threshold, nobody's dates, no limits."""
    settings = tables.settings
    first, last = (year_earlier(day, settings) for day in (program.starts_on, program.ends_on))
    then = Program(
        program_id=program.program_id, program_name=program.program_name, rebate_type=RebateType.GROWTH, starts_on=first, ends_on=last,
        period=program.period, measure=program.measure, tiers_on=TiersOn.MEASURE, reward_on=RewardOn.ALL, aggregate_by=program.aggregate_by,
        date_basis=program.date_basis, returns=program.returns, currency=program.currency,
    )  # fmt: skip
    people = {row.distributor_id for row in tables.enrollments if row.program_id == program.program_id}
    return replace(
        tables,
        settings=settings.model_copy(update={"as_of": last}),
        programs=(then,),
        tiers=(TierRow(program_id=program.program_id, starts_at=threshold, reward=Decimal("0.01")),),
        scopes=tuple(row for row in tables.scopes if row.program_id == program.program_id),
        enrollments=tuple(Enrollment(program_id=program.program_id, distributor_id=one) for one in sorted(people)),
        baselines=(), forecasts=(), special_prices=(), claims=(), payments=(), disputes=(), adjustments=(), ledger=(), problems=(),
    )  # fmt: skip


def _percent(share: Fraction) -> str:
    return f"{number_text(round(share * 100, 1))} %"
