"""Steps 1 and 2 for a whole book: the frames of every date basis are qualified and measured, and end here as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from .agreements import Agreement
from .exchange import Rates
from .measure import CountedLine, Measured, Sum, counted_lines, hierarchy_currencies, measure
from .model import DateBasis, ForecastMethod, RebateType, Settings, Tables
from .participants import EARLIEST, LATEST, Hierarchy, Place, places
from .periods import baseline_periods, year_earlier
from .qualify import Classes, Counting
from .scopes import CommonScope

MEASURE, BASELINE, COMMON = "measure", "baseline", "common with "


@dataclass(frozen=True, slots=True)
class Counted:
    """What the frames gave: sums by program and purpose, walked lines by program, and the rows seen."""

    sums: Mapping[tuple[str, str], Mapping[tuple[str, int], Sequence[Sum]]]
    lines: Mapping[str, Mapping[tuple[str, int], Sequence[CountedLine]]]
    placed: Mapping[str, Mapping[tuple[str, str], int]]  # by program, then (participant, period): all rows of its distributors there
    left_out: Mapping[str, Mapping[str, int]]  # rows without a place in time
    read: int
    cuts: Mapping[str, tuple[date, ...]]
    measured: Mapping[DateBasis, Measured] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)  # program -> the number of its own count

    def cut(self, program_id: str, day: date) -> int:
        """The index of the last cut of a program that a day includes."""
        return sum(end <= day for end in self.cuts[program_id]) - 1

    def of(self, program_id: str, purpose: str = MEASURE) -> Mapping[tuple[str, int], Sequence[Sum]]:
        """The sums of one count by (participant, period index)."""
        return self.sums.get((program_id, purpose), {})


def countings(programs: Sequence[Agreement], tables: Tables, hierarchy: Hierarchy, as_of: date) -> list[Counting]:
    """Every count that a book needs: one for each program, one more for a look at last year, one for each Net Of."""
    found: list[Counting] = []
    cuts = cut_days(programs)
    for agreement in programs:
        own_cuts = cuts[agreement.program_id]
        found.append(Counting(len(found), agreement.program, MEASURE, agreement.periods, agreement.places, agreement.scope, own_cuts))
        program = agreement.program
        if program.rebate_type is RebateType.GROWTH or program.forecast_method is ForecastMethod.SEASONAL:
            found.append(_last_year(len(found), agreement, tables.settings, hierarchy, as_of))
    own = {counting.program.program_id: counting for counting in found if counting.purpose == MEASURE}
    for agreement in programs:
        for other in agreement.net_of:
            if other in own:
                found.append(_common(len(found), own[agreement.program_id], own[other]))
    return found


def cut_days(programs: Sequence[Agreement]) -> dict[str, tuple[date, ...]]:
    """The last days of settlements: sums are kept apart there, for what fell due counts what was known by then.

    Programs tied by Net Of or Best Of Group are cut on the same days, for their figures depend on one another.
    """
    found: dict[str, tuple[date, ...]] = {}
    for cluster in clusters(programs):
        days = tuple(sorted({settlement.ends_on for each in cluster for settlement in each.settlements}))
        found |= {each.program_id: days for each in cluster}
    return found


def clusters(programs: Sequence[Agreement]) -> list[list[Agreement]]:
    """Programs that are tied to one another by Net Of or Best Of Group, directly or through others."""
    ties: dict[str, set[str]] = {each.program_id: {each.program_id} for each in programs}
    for each in programs:
        group = each.program.best_of_group
        mates = {other.program_id for other in programs if group and other.program.best_of_group == group}
        for other_id in (set(each.net_of) & set(ties)) | mates:
            merged = ties[each.program_id] | ties[other_id]
            for member in merged:
                ties[member] = merged
    by_id = {each.program_id: each for each in programs}
    unique = {id(members): members for members in ties.values()}
    return [[by_id[member] for member in sorted(members)] for members in unique.values()]


def _last_year(number: int, agreement: Agreement, settings: Settings, hierarchy: Hierarchy, as_of: date) -> Counting:
    """The same periods one year earlier: the participants as members were then, enrollments of any date."""
    program, found = agreement.program, agreement.places
    if agreement.enrollments:
        rows = [row for own in agreement.enrollments.values() for row in own]
        found = places(program, hierarchy, rows, EARLIEST, LATEST, any_date=True)
    same_day = year_earlier(as_of, settings)
    return Counting(number, program, BASELINE, baseline_periods(program, settings), found, agreement.scope, (same_day,))


def _common(number: int, first: Counting, second: Counting) -> Counting:
    """The lines that count for both of two programs: same participant, same period, in both bases."""
    scope = CommonScope(first.scope, second.scope)  # type: ignore[arg-type]  # both are programs' own
    shared = first.places if first.places is second.places else _intersection(first.places, second.places)
    return Counting(number, first.program, COMMON + second.program.program_id, first.periods, shared, scope, first.cut_days, second)


def _intersection(first: Sequence[Place], second: Sequence[Place]) -> list[Place]:
    others: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in second:
        others[place.distributor_id, place.participant_id].append(place)
    found = []
    for place in first:
        for other in others[place.distributor_id, place.participant_id]:
            starts_on, ends_on = max(place.starts_on, other.starts_on), min(place.ends_on, other.ends_on)
            if starts_on <= ends_on:
                found.append(Place(place.distributor_id, place.participant_id, starts_on, ends_on))
    return found


def is_multi_currency(tables: Tables, programs: Iterable[Agreement], hierarchy: Hierarchy) -> bool:
    """Whether any program or distributor uses another currency than Base Currency (lines are asked by the count itself)."""
    used = {agreement.currency for agreement in programs} | hierarchy_currencies(hierarchy)
    return bool(used - {tables.settings.base_currency})


def classes_by_basis(
    tables: Tables, programs: Sequence[Agreement], hierarchy: Hierarchy, as_of: date, purposes: Sequence[str] = ()
) -> dict[DateBasis, Classes]:
    """The classes of each date basis that some program uses; `purposes`: only counts for these."""
    rates = Rates(tables.settings.base_currency, tables.exchange_rates).days()
    groups: dict[DateBasis, list[Counting]] = defaultdict(list)
    for counting in countings(programs, tables, hierarchy, as_of):
        if not purposes or counting.purpose in purposes:
            groups[counting.program.date_basis].append(counting)
    return {basis: Classes(basis, group, hierarchy, tables.products, rates, as_of) for basis, group in groups.items()}


def count(tables: Tables, programs: Sequence[Agreement], hierarchy: Hierarchy, as_of: date) -> Counted:
    """Qualify and measure: sums by program, participant and period, and the lines of programs that walk them."""
    sums: dict[tuple[str, str], dict[tuple[str, int], Sequence[Sum]]] = defaultdict(dict)
    lines: dict[str, dict[tuple[str, int], list[CountedLine]]] = {each.program_id: defaultdict(list) for each in programs}
    placed: dict[str, dict[tuple[str, str], int]] = {each.program_id: {} for each in programs}
    left_out: dict[str, Mapping[str, int]] = {each.program_id: {} for each in programs}
    if tables.lines is None:
        return Counted(sums, lines, placed, left_out, 0, cut_days(programs))
    multi = is_multi_currency(tables, programs, hierarchy)
    measured: dict[DateBasis, Measured] = {}
    numbers: dict[str, int] = {}
    agreement_of = {each.program_id: each for each in programs}
    for basis, classes in classes_by_basis(tables, programs, hierarchy, as_of).items():
        found = measured[basis] = measure(tables.lines, classes, multi)
        numbered = {counting.number: counting for counting in classes.countings}
        for (number, participant, period), entries in found.sums.items():
            counting = numbered[number]
            sums[counting.program.program_id, counting.purpose][participant, period] = entries
        own = {number: counting for number, counting in numbered.items() if counting.purpose == MEASURE}
        for (number, participant, period), rows in found.placed.items():
            if number in own:
                placed[own[number].program.program_id][participant, own[number].periods[period].period_id] = rows
        for number, counting in own.items():
            left_out[counting.program.program_id] = found.reasons[number]
            numbers[counting.program.program_id] = number
        walked = [counting for counting in own.values() if agreement_of[counting.program.program_id].walks]
        for line in counted_lines(tables.lines, classes, walked, multi):
            lines[numbered[line.counting].program.program_id][line.participant_id, line.period].append(line)
    read = tables.lines.rows_read - sum(tables.lines.rows_excluded.values())
    return Counted(sums, lines, placed, left_out, read, cut_days(programs), measured, numbers)
