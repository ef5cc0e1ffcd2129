"""Steps 1 and 2 for a whole book: the frames of every date basis are qualified and measured, and end here as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from .agreements import Agreement
from .exchange import Rates
from .measure import CountedLine, Measured, Sum, counted_lines, hierarchy_currencies, measure
from .model import DateBasis, Tables
from .participants import Hierarchy
from .qualify import Classes, Counting

Key = tuple[str, str, str]  # program id, participant id, period id


@dataclass(frozen=True, slots=True)
class Counted:
    """What the frames gave: sums and walked lines by program, and the rows seen."""

    sums: Mapping[str, Mapping[tuple[str, int], Sequence[Sum]]]
    lines: Mapping[str, Mapping[tuple[str, int], Sequence[CountedLine]]]
    placed: Mapping[Key, int]
    left_out: Mapping[str, Mapping[str, int]]  # rows without a place in time
    read: int


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


