"""What the task pane shows of a run, as plain values: health, attainment by program and distributor, whom to coach.

Numbers cross as numbers and are written by the browser in the person's own locale.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from .. import report
from ..model import Attainment, MeasureOf, Problem, Run, Severity

MOST_PROBLEMS = 200
MOST_ROWS = 2_000


def overview(run: Run, places: report.ColumnPlaces) -> dict[str, Any]:
    """Health, attainment and coach list of a run; at most 200 problems and 2,000 rows, the counts are of all."""
    shown = report.check(run, places)
    fields = [column.field for column in shown.columns]
    severities = [problem.severity for problem in run.problems]
    near = report.near_next_tier(run)
    rows = sorted(run.attainment, key=lambda row: (row.program_id, row.period.ends_on < run.as_of, -_way(row), row.participant_id))
    return {
        "as_of": run.as_of.isoformat(),
        "run_id": run.run_id,
        "health": {
            "title": shown.title,
            "errors": severities.count(Severity.ERROR),
            "warnings": severities.count(Severity.WARNING),
            "rows_read": sum(run.tables.rows_read.values()),
            "problems": [_problem(dict(zip(fields, row, strict=True))) for row in shown.rows[:MOST_PROBLEMS]],
        },
        "programs": [{"id": program.program_id, "name": program.program_name} for program in run.tables.programs
                     if any(row.program_id == program.program_id for row in rows)],
        "attainment": [_attainment(run, row) for row in rows[:MOST_ROWS]],
        "attainment_rows": len(rows),
        "coach": [_attainment(run, row) for row in near[:MOST_ROWS]],
    }  # fmt: skip


def _problem(row: dict[str, Any]) -> dict[str, Any]:
    place = row["place"]
    return {
        "severity": row["severity"], "code": row["code"], "message": row["message"], "remedy": row["remedy"], "table": row["table"],
        "row": row["row"], "column": row["column"], "sheet": place[0] if place else None, "cell": place[1] if place else None,
    }  # fmt: skip


def problem(one: Problem, places: report.ColumnPlaces) -> dict[str, Any]:
    """A problem of a file or of the books, with its cell where the workbook has one."""
    place = places.get((one.table, one.column or "")) if one.table else None
    return {
        "severity": one.severity.value, "code": one.code, "message": one.message, "remedy": report.sentence(one.remedy), "table": one.table,
        "row": one.row, "column": one.column, "sheet": place[0] if place and one.row else None,
        "cell": f"{place[1]}{one.row}" if place and one.row else None,
    }  # fmt: skip


def _way(row: Attainment) -> Fraction:
    return report.way_to_next_tier(row) or Fraction(0)


def _attainment(run: Run, row: Attainment) -> dict[str, Any]:
    program = next((one for one in run.tables.programs if one.program_id == row.program_id), None)
    way = report.way_to_next_tier(row)
    return {
        "figure_id": row.figure_id,
        "program": row.program_id,
        "participant": row.participant_id,
        "name": distributor_name(run, row.participant_id),
        "period": row.period.period_id,
        "ends_on": row.period.ends_on.isoformat(),
        "running": row.period.ends_on >= run.as_of,
        "currency": row.currency,
        "unit": "units" if program is not None and program.measure is MeasureOf.UNITS else row.currency,
        "measure": float(row.measure),
        "way": None if way is None else float(way),
        "tier": row.attained_tier,
        "reward": report.reward_words(program, row),
        "to_next": float(row.to_next_tier),
        "next_value": float(row.next_tier_value),
        "earned": float(row.earned),
        "status": row.status,
    }


def distributor_name(run: Run, distributor_id: str) -> str:
    """What a distributor is called on the as-of date, else its id."""
    rows = [row for row in run.tables.distributors if row.distributor_id == distributor_id]
    rows.sort(key=lambda row: not (row.member_from or date.min) <= run.as_of <= (row.member_to or date.max))
    return rows[0].distributor_name if rows else distributor_id


def problems_in_words(problems: tuple[Problem, ...]) -> str:
    """How many of which severity, for a status line.

    >>> problems_in_words(())
    'No problems found.'
    """
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return "No problems found."
    return f"{report.count(errors, 'error')}, {report.count(warnings, 'warning')}."
