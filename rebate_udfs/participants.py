"""Who is measured: parents and branches as dated, enrollments, and the days that belong to a participant.

Source: design words "participant", "enrollment", "distributor"; membership is dated, so a branch can move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from .model import AggregateBy, Distributor, Enrollment, Period, Program

DAY = timedelta(days=1)
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)

Days = tuple[tuple[date, date], ...]  # intervals, inclusive, in order, without overlap


@dataclass(frozen=True, slots=True)
class Place:
    """On these days a distributor's transactions belong to this participant."""

    distributor_id: str
    participant_id: str
    starts_on: date
    ends_on: date


class Hierarchy:
    """Parents and attributes of every distributor on every day.

    On a day that no row of a distributor covers it has no parent, and its other columns are the nearest row's.
    """

    def __init__(self, distributors: Iterable[Distributor]) -> None:
        rows: dict[str, list[Distributor]] = defaultdict(list)
        for row in distributors:
            rows[row.distributor_id].append(row)
        self.rows = {key: tuple(sorted(value, key=lambda r: r.member_from or EARLIEST)) for key, value in sorted(rows.items())}
        self.children: dict[str, set[str]] = defaultdict(set)
        for key, value in self.rows.items():
            for row in value:
                if row.parent_id:
                    self.children[row.parent_id].add(key)
        self._ancestors: dict[tuple[str, date], tuple[str, ...]] = {}
        self._lineages: dict[str, frozenset[str]] = {}
        self._cuts: dict[str, frozenset[date]] = {}

    def row_on(self, distributor_id: str, day: date) -> Distributor | None:
        """The row that covers a day, or None."""
        for row in self.rows.get(distributor_id, ()):
            if (row.member_from or EARLIEST) <= day <= (row.member_to or LATEST):
                return row
        return None

    def attributes_on(self, distributor_id: str, day: date) -> Distributor | None:
        """The row that covers a day, else the nearest one (of two equally near the earlier)."""

        def distance(row: Distributor) -> int:
            first, last = row.member_from or EARLIEST, row.member_to or LATEST
            return max((first - day).days, (day - last).days, 0)

        return min(self.rows.get(distributor_id, ()), key=distance, default=None)

    def ancestors_on(self, distributor_id: str, day: date) -> tuple[str, ...]:
        """The distributor itself, its parent on that day, and so on up to the top."""
        key = (distributor_id, day)
        if key not in self._ancestors:
            chain = [distributor_id]
            while (row := self.row_on(chain[-1], day)) and row.parent_id and row.parent_id not in chain:
                chain.append(row.parent_id)
            self._ancestors[key] = tuple(chain)
        return self._ancestors[key]

    def lineage(self, distributor_id: str) -> frozenset[str]:
        """The distributor and everybody who was ever above it."""
        if distributor_id not in self._lineages:
            found, todo = {distributor_id}, [distributor_id]
            while todo:
                for row in self.rows.get(todo.pop(), ()):
                    if row.parent_id and row.parent_id not in found:
                        found.add(row.parent_id)
                        todo.append(row.parent_id)
            self._lineages[distributor_id] = frozenset(found)
        return self._lineages[distributor_id]

    def family(self, distributor_id: str) -> set[str]:
        """The distributor and everybody who was ever below it."""
        found, todo = {distributor_id}, [distributor_id]
        while todo:
            for child in self.children.get(todo.pop(), ()):
                if child not in found:
                    found.add(child)
                    todo.append(child)
        return found

    def cuts(self, distributor_id: str) -> frozenset[date]:
        """The days on which something about the distributor or somebody above it changes."""
        if distributor_id not in self._cuts:
            found: set[date] = set()
            for member in self.lineage(distributor_id):
                found |= _changes(self.rows.get(member, ()))
            self._cuts[distributor_id] = frozenset(found)
        return self._cuts[distributor_id]


def _changes(rows: Sequence[Distributor]) -> set[date]:
    cuts = {row.member_from for row in rows if row.member_from} | {row.member_to + DAY for row in rows if row.member_to and row.member_to < LATEST}
    for before, after in pairwise(rows):  # in a gap the nearest row's columns count
        if before.member_to and after.member_from and after.member_from > before.member_to + DAY:
            gap = (after.member_from - before.member_to).days
            cuts.add(before.member_to + (gap // 2 + 1) * DAY)
    return cuts


def _covers(row: Enrollment, day: date) -> bool:
    return (row.starts_on or EARLIEST) <= day <= (row.ends_on or LATEST)


def places(
    program: Program, hierarchy: Hierarchy, enrollments: Sequence[Enrollment], first: date, last: date, *, any_date: bool = False
) -> list[Place]:
    """Every distributor's participant, day by day as intervals, from `first` to `last`.

    `enrollments` are this program's; none means that it is open to every distributor. With `any_date` the
    dates of enrollments do not matter (a growth baseline looks back to before them).
    """
    by_distributor: dict[str, list[Enrollment]] = defaultdict(list)
    for row in enrollments:
        by_distributor[row.distributor_id].append(row)
    members: set[str] = set(hierarchy.rows) if not enrollments else set()
    for distributor_id in by_distributor:
        members |= hierarchy.family(distributor_id)
    always = {key for key, rows in by_distributor.items() if any_date or any(_covers(row, first) and _covers(row, last) for row in rows)}
    edges = {key: {day for row in rows for day in (row.starts_on or EARLIEST, (row.ends_on or LATEST - DAY) + DAY)}
             for key, rows in by_distributor.items() if key not in always}  # fmt: skip
    found: list[Place] = []
    for member in sorted(members):
        cuts = hierarchy.cuts(member)
        if edges:
            cuts = cuts.union(*(edges[above] for above in hierarchy.lineage(member) if above in edges))
        found += _member_places(program, member, hierarchy, by_distributor, always, cuts, (first, last))
    return found


def _member_places(
    program: Program,
    member: str,
    hierarchy: Hierarchy,
    enrolled: dict[str, list[Enrollment]],
    always: set[str],
    cuts: Iterable[date],
    window: tuple[date, date],
) -> list[Place]:
    """The places of one distributor; `always` are those enrolled on every day of the window."""
    first, last = window
    starts = [first, *sorted([cut for cut in cuts if first < cut <= last])]
    found: list[Place] = []
    for at, starts_on in enumerate(starts):
        ends_on = starts[at + 1] - DAY if at + 1 < len(starts) else last
        chain = hierarchy.ancestors_on(member, starts_on)
        if enrolled:
            chain = tuple([a for a in chain if a in always or (a in enrolled and any(_covers(row, starts_on) for row in enrolled[a]))])
            if not chain:
                continue
        participant = member if program.aggregate_by is AggregateBy.BRANCH else chain[-1]
        if found and found[-1].participant_id == participant and found[-1].ends_on + DAY == starts_on:
            found[-1] = Place(member, participant, found[-1].starts_on, ends_on)
        else:
            found.append(Place(member, participant, starts_on, ends_on))
    return found


def participant_days(program: Program, period: Period, own_places: Sequence[Place], own_enrollments: Sequence[Enrollment]) -> Days:
    """The days of a period that are an enrolled participant's: run rate, elapsed share and the end of the accrual use them.

    Aggregate By Parent: the days of its own enrollments, also those on which a higher ancestor is enrolled.
    Aggregate By Branch: the days on which it or an ancestor is enrolled, which are its own places.
    """
    if program.aggregate_by is AggregateBy.BRANCH:
        spans = [(place.starts_on, place.ends_on) for place in own_places]
    else:
        spans = [(row.starts_on or EARLIEST, row.ends_on or LATEST) for row in own_enrollments]
    return merged((max(a, period.starts_on), min(b, period.ends_on)) for a, b in spans)


def merged(spans: Iterable[tuple[date, date]]) -> Days:
    """Intervals in order, empty ones dropped, touching ones joined."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(span for span in spans if span[0] <= span[1]):
        if found and first <= found[-1][1] + DAY:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def days_until(days: Days, until: date) -> int:
    """How many of the days lie on or before `until`.

    >>> days_until(((date(2026, 1, 1), date(2026, 1, 10)),), date(2026, 1, 4))
    4
    """
    return sum((min(last, until) - first).days + 1 for first, last in days if first <= until)
