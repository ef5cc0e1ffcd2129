"""The charts of the result tables: few, each of a short list, each titled with its finding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .model import Chart, ResultTable

SHOWN = 10  # rows of a list
NEAREST_FIELDS = (
    "program_id", "program_name", "participant_id", "participant_name", "period", "period_ends_on", "way_to_next_tier", "to_next_tier",
    "currency", "next_tier_value",
)  # fmt: skip
PROGRAM_FIELDS = ("program_id", "program_name", "earned", "accrued")


def nearest(table: ResultTable, as_of: date, finding: str = "") -> Chart | None:
    """Who is nearest to the next tier: of an Attainment table the rows whose period still runs, nearest first; None where nobody is on the way.

    `finding` is the title where the table has one about it, else the nearest is named.
    """
    at = _positions(table)
    on_the_way = (row for row in table.rows if row[at["period_ends_on"]] >= as_of and 0 < (row[at["way_to_next_tier"]] or 0) < 1)
    near = sorted(on_the_way, key=lambda row: -row[at["way_to_next_tier"]])[:SHOWN]
    if not near:
        return None
    fields = tuple(field for field in NEAREST_FIELDS if field in at)
    labels = tuple(f"{row[at['participant_name']] or row[at['participant_id']]} · {row[at['program_id']]}" for row in near)
    title = finding or f"{labels[0]} is nearest to the next tier: {float(near[0][at['way_to_next_tier']] * 100):.1f} % of the way"
    rows = tuple(tuple(row[at[field]] for field in fields) for row in near)
    return Chart(title, "Nearest to the next tier", fields, rows, labels, ("way_to_next_tier",), axis_end=Fraction(1))


def accrued_by_program(table: ResultTable) -> Chart | None:
    """What was earned and what should be accrued, by program, of an Accruals table, most accrued first.

    None for money of several currencies, which no axis can hold, and for less than two programs.
    """
    at = _positions(table)
    if "currency" in at:
        return None
    sums = _sums(table.rows, at)
    if len(sums) < 2:
        return None
    most = sorted(sums, key=lambda row: -row[3])[:SHOWN]
    total = sum((row[3] for row in sums), Decimal(0))
    heading = "Earned and accrued by program" + (f": the {SHOWN} largest of {len(sums):,}" if len(sums) > SHOWN else "")
    labels = tuple(f"{name or program_id} · {program_id}" for program_id, name, *_ in most)
    adds_up = total > 0 and min(row[3] for row in sums) >= 0
    title = f"{labels[0]} is {most[0][3] * 100 / total:.0f} % of what should be accrued" if adds_up else table.title
    return Chart(title, heading, PROGRAM_FIELDS, tuple(most), labels, ("earned", "accrued"))


def _positions(table: ResultTable) -> dict[str, int]:
    return {column.field: index for index, column in enumerate(table.columns)}


def _sums(rows: Iterable[tuple[Any, ...]], at: dict[str, int]) -> list[tuple[Any, ...]]:
    """Id, name, earned and accrued of each program, in the order of the table."""
    sums: dict[str, tuple[str, Decimal, Decimal]] = {}
    for row in rows:
        program_id = row[at["program_id"]]
        _, earned, accrued = sums.get(program_id, ("", Decimal(0), Decimal(0)))
        sums[program_id] = (row[at["program_name"]], earned + row[at["earned"]], accrued + row[at["accrued"]])
    return [(program_id, *found) for program_id, found in sums.items()]
