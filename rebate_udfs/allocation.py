"""What part of a participant's figure belongs to each of its branches: by the base of the lines, so that the parts add up.

Largest remainder on the lines' own base, before limits; a base of 0 or less gets nothing, ties go by Distributor ID, and
without any base the figure stays with the participant itself. Whose branch a line was is decided on the line's own date.
Source: domain.md section 3, step 3, "Allocation".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .agreements import Agreement, agreements
from .counting import MEASURE, classes_by_basis, is_multi_currency
from .exchange import MissingRate, Rates
from .facts import Converter
from .measure import LOST, Placing, eligible, placed_in
from .model import Run, Tables
from .money import allocate
from .participants import EARLIEST, Hierarchy
from .qualify import Classes, cells, classify, originals, profile

ZERO = Fraction(0)
NOTHING = Decimal(0)
INT64_LIMIT = 2**63 - 1
Key = tuple[str, str, str]  # program id, participant id, period id
GROUP = ("counting", "participant", "period", "party", "counted_day", "currency", "home", "rate_day")


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one distributor in one figure while it had the same parents: their base in the program's currency or units."""

    distributor_id: str
    chain: tuple[str, ...]  # the distributor, its parent then, and so on up to the top
    base: Fraction


def parts_of(run: Run, program_ids: Sequence[str]) -> dict[Key, list[Part]]:
    """The parts of every figure of some programs, in order of distributor; a figure without a line in its base is not there."""
    tables = run.tables
    hierarchy = Hierarchy(tables.distributors)
    programs = {each.program_id: each for each in agreements(tables, hierarchy)[0] if each.program_id in set(program_ids)}
    if tables.lines is None or not programs:
        return {}
    found: dict[Key, dict[tuple[str, tuple[str, ...]], Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for key, distributor_id, day, base in _bases(tables, list(programs.values()), hierarchy, run.as_of):
        found[key][distributor_id, hierarchy.ancestors_on(distributor_id, day)] += base
    return {key: [Part(*who, base) for who, base in sorted(parts.items())] for key, parts in found.items()}


def allocated(total: Decimal, parts: Sequence[Part], places: int) -> list[Decimal] | None:
    """What of a figure falls to each part; the amounts add up to it. None where no part has a base: it is the participant's.

    First over the distributors, as a statement shows it, then within a distributor that changed its parent meanwhile.

    >>> north, south = Part("N", ("N", "TOP"), Fraction(2)), Part("S", ("S", "TOP"), Fraction(1))
    >>> [str(amount) for amount in allocated(Decimal("100.00"), [north, south], 2)]
    ['66.67', '33.33']
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for at, part in enumerate(parts):
        groups[part.distributor_id].append(at)
    order = sorted(groups)
    weights = [sum((parts[at].base for at in groups[one]), ZERO) for one in order]
    if not any(weight > 0 for weight in weights):
        return None
    amounts = [NOTHING] * len(parts)
    for one, share in zip(order, allocate(total, weights, places), strict=True):
        members = groups[one]
        own = [parts[at].base for at in members]
        split = allocate(share, own, places) if any(base > 0 for base in own) else [NOTHING] * len(own)
        for at, amount in zip(members, split, strict=True):
            amounts[at] = amount
    return amounts


def _bases(tables: Tables, programs: list[Agreement], hierarchy: Hierarchy, as_of: date) -> Iterator[tuple[Key, str, date, Fraction]]:
    """(figure, distributor, first day of a class of days, base) of all lines that are in a base."""
    lines = tables.lines
    if lines is None:
        return
    by_id = {each.program_id: each for each in programs}
    converter = Converter(Rates(tables.settings.base_currency, tables.exchange_rates), lines.amount_places, lines.quantity_places)
    multi = is_multi_currency(tables, programs, hierarchy)
    for classes in classes_by_basis(tables, programs, hierarchy, as_of, (MEASURE,)).values():
        countings = {counting.number: counting for counting in classes.countings}
        for row in _grouped(tables, classes, multi):
            counting = countings[row["counting"]]
            agreement = by_id[counting.program.program_id]
            factor = converter.factor(agreement, row["currency"], row["rate_day"])
            if isinstance(factor, MissingRate):  # named by the run; such lines are in no figure
                continue
            money, units = row["amount"] * converter.amount_unit * factor, row["quantity"] * converter.quantity_unit
            key = (agreement.program_id, row["participant"], counting.periods[row["period"]].period_id)
            yield key, row["distributor_id"], row["day"], units if agreement.base_in_units else money


def _grouped(tables: Tables, classes: Classes, multi: bool) -> Iterator[dict[str, Any]]:
    """The sums of the lines in a base by figure, distributor and class of days, codes turned back into names."""
    lines = tables.lines
    seen = profile(lines, classes.basis) if lines else None
    if lines is None or seen is None:
        return
    engine = lines.engine_run
    classified, keys = classify(lines, classes, seen, originals(lines, classes.basis) if seen.has_originals else None)
    collapsed = engine.collect(cells(classified, keys))
    placing = Placing(classes, multi or seen.has_currency)
    combinations = collapsed.group_by(["day", "original", "returned"]).aggregate([("rows", "sum")]).to_pylist()
    timings, _ = placing.timings([(row["day"], row["original"], row["returned"], row["rows_sum"]) for row in combinations])
    people = eligible(engine.frame(placing.people()), engine.frame(placing.products()))
    placed = engine.collect(placed_in(engine.frame(collapsed), people, engine.frame(timings)))
    names, homes, starts = list(placing.participants), list(placing.currencies), classes.starts
    for row in _summed(placed.filter(pc.and_(placed.column("in_base"), pc.not_equal(placed.column("cut"), LOST)))):
        yield {
            "counting": row["counting"],
            "participant": names[row["participant"]],
            "period": row["period"],
            "distributor_id": classes.parties[row["party"]],
            "day": max(starts[row["counted_day"]], EARLIEST),
            "currency": row["currency"] or homes[row["home"]],
            "rate_day": starts[row["rate_day"]],
            "amount": int(row["amount_sum"]),
            "quantity": int(row["quantity_sum"]),
        }


def _summed(table: pa.Table) -> list[dict[str, Any]]:
    """One row a group; sums that might not fit in 64 bits are made in decimals."""
    for name in ("amount", "quantity"):
        column = table.column(name)
        largest = max((abs(int(value)) for value in pc.min_max(column).as_py().values() if value is not None), default=0)
        if largest * max(table.num_rows, 1) > INT64_LIMIT or not pa.types.is_int64(column.type):
            table = table.set_column(table.column_names.index(name), name, pc.cast(column, pa.decimal128(38, 0)))
    return table.group_by(list(GROUP)).aggregate([("amount", "sum"), ("quantity", "sum")]).to_pylist()


def share(amounts: Sequence[Decimal], parts: Sequence[Part], distributor_id: str) -> Decimal:
    """What of allocated amounts belongs to a distributor: the parts that were its own or its branches'."""
    return sum((amounts[at] for at, part in enumerate(parts) if distributor_id in part.chain), NOTHING)
