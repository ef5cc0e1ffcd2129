"""A program with everything that belongs to it: ladders by date, scope, enrollments, periods, targets.

What cannot be computed is said here, once: a program with an error in its terms gives no figures at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from .model import (
    AccrualPolicy,
    Enrollment,
    Ladder,
    MeasureOf,
    Method,
    Period,
    Problem,
    Program,
    RebateType,
    RewardKind,
    RewardOn,
    Scope,
    Settings,
    Severity,
    Status,
    Tables,
    Terms,
    TierRow,
)  # fmt: skip
from .participants import EARLIEST, LATEST, Hierarchy, Place, places
from .periods import program_periods, settlement_periods
from .rewards.ladder import LadderRow, read_ladder
from .scopes import ProgramScope, program_scope

AVAILABLE = tuple(RebateType)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One program, ready to be computed."""

    program: Program
    currency: str
    terms: Terms
    policy: AccrualPolicy
    periods: tuple[Period, ...]
    settlements: tuple[Period, ...]
    ladders: dict[str, Ladder]  # by period id
    scope: ProgramScope
    enrollments: Mapping[str, Sequence[Enrollment]]  # by distributor; empty: open to every distributor
    places: Sequence[Place]
    own_places: Mapping[str, Sequence[Place]]  # those in which a distributor is its own participant
    net_of: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def program_id(self) -> str:
        return self.program.program_id

    @property
    def walks(self) -> bool:
        """Whether the rule needs the lines: bands of one thing pay on another (design section 4)."""
        program = self.program
        return (
            program.rebate_type is RebateType.VOLUME
            and program.method in (Method.INCREMENTAL, Method.ROLLING)
            and program.reward is not RewardKind.LUMP_SUM
            and not (self.scope.same_base and (program.measure is MeasureOf.UNITS) == self.base_in_units)
        )

    @property
    def on_focus(self) -> bool:
        """Whether only the focus items of a Mix program are rewarded: they are its base then."""
        return self.program.rebate_type is RebateType.MIX and self.terms.reward_on is RewardOn.FOCUS

    @property
    def base_in_units(self) -> bool:
        return self.program.reward is RewardKind.PER_UNIT

    @property
    def measure_in_units(self) -> bool:
        return self.program.measure is MeasureOf.UNITS

    def settlements_of(self, period: Period) -> tuple[Period, ...]:
        """The settlements that end in a period, in order."""
        return tuple(each for each in self.settlements if period.starts_on <= each.ends_on <= period.ends_on)

    def figures(self, participant_id: str, period: Period) -> Enrollment | None:
        """The enrollment row that gives target, baseline and budget: the last of the participant's own that touches the period."""
        own = self.enrollments.get(participant_id, ())
        touching = [row for row in own if (row.starts_on or EARLIEST) <= period.ends_on and (row.ends_on or LATEST) >= period.starts_on]
        return max(touching, key=lambda row: row.starts_on or EARLIEST, default=None)


def policy_of(program: Program) -> AccrualPolicy:
    """Accrual Policy, or its default: Attained for Incremental, else Forecast."""
    if program.accrual_policy:
        return program.accrual_policy
    return AccrualPolicy.ATTAINED if program.method is Method.INCREMENTAL else AccrualPolicy.FORECAST


def terms_of(program: Program) -> Terms:
    """The part of the program that a reward rule reads."""
    default = RewardOn.INCREMENT if program.rebate_type is RebateType.GROWTH else RewardOn.ALL
    return Terms(
        rebate_type=program.rebate_type,
        method=program.method,
        reward=program.reward,
        threshold=program.threshold,
        reward_on=program.reward_on or default,
        tiers_on=program.tiers_on,
        base_cap=None if program.base_cap is None else Fraction(program.base_cap),
    )


def agreements(tables: Tables, hierarchy: Hierarchy) -> tuple[list[Agreement], list[Problem]]:
    """Every Active or Closed program that can be computed, and what is wrong with the others."""
    found: list[Agreement] = []
    problems: list[Problem] = []
    tiers: dict[str, list[TierRow]] = defaultdict(list)
    enrolled: dict[str, list[Enrollment]] = defaultdict(list)
    scopes: dict[str, list[Scope]] = defaultdict(list)
    for tier in tables.tiers:
        tiers[tier.program_id].append(tier)
    for row in tables.enrollments:
        enrolled[row.program_id].append(row)
    for scope in tables.scopes:
        scopes[scope.program_id].append(scope)
    open_places: dict[str, list[Place]] = {}
    for program in tables.programs:
        if program.status is Status.DRAFT:
            continue
        if program.rebate_type not in AVAILABLE:
            problems.append(_not_available(program))
            continue
        own = tiers[program.program_id], enrolled[program.program_id], scopes[program.program_id]
        agreement = _agreement(program, tables.settings, hierarchy, *own, open_places)
        problems += agreement.problems
        if not any(problem.severity is Severity.ERROR for problem in agreement.problems):
            found.append(agreement)
    return found, problems


def _not_available(program: Program) -> Problem:
    message = f"{program.program_id}: rebate type {program.rebate_type} is not computed by this version"
    remedy = "set Status to Draft, or keep computing this program outside until the type is available; no figure is given for it"
    return Problem(Severity.ERROR, "TYPE_NOT_AVAILABLE", "Programs", program.row or None, "Rebate Type", message, remedy, program.program_id)


def _agreement(
    program: Program,
    settings: Settings,
    hierarchy: Hierarchy,
    tiers: list[TierRow],
    enrolled: list[Enrollment],
    scopes: list[Scope],
    open_places: dict[str, list[Place]],
) -> Agreement:
    terms = terms_of(program)
    periods = program_periods(program, settings)
    ladders, problems = _ladders(program, terms, tiers, periods)
    problems += _term_problems(program)
    if enrolled:
        found: Sequence[Place] = places(program, hierarchy, enrolled, program.starts_on, program.ends_on)
    else:  # the same for every open program: its dates come with its periods
        if program.aggregate_by not in open_places:
            open_places[program.aggregate_by] = places(program, hierarchy, (), EARLIEST, LATEST)
        found = open_places[program.aggregate_by]
    by_distributor: dict[str, list[Enrollment]] = defaultdict(list)
    for row in enrolled:
        by_distributor[row.distributor_id].append(row)
    own: dict[str, list[Place]] = defaultdict(list)
    for place in found if enrolled else ():
        if place.distributor_id == place.participant_id:
            own[place.distributor_id].append(place)
    return Agreement(
        program=program,
        currency=program.currency or settings.base_currency,
        terms=terms,
        policy=policy_of(program),
        periods=periods,
        settlements=settlement_periods(program, settings),
        ladders=ladders,
        scope=program_scope(program, scopes),
        enrollments=by_distributor,
        places=found,
        own_places=own,
        net_of=program.net_of,
        problems=tuple(problems),
    )


def _ladders(program: Program, terms: Terms, tiers: list[TierRow], periods: Iterable[Period]) -> tuple[dict[str, Ladder], list[Problem]]:
    """The ladder of each period: the rows with the latest Starts On not after the period's first day."""
    by_start: dict[date, list[TierRow]] = defaultdict(list)
    for tier in tiers:
        by_start[tier.starts_on or EARLIEST].append(tier)
    read: dict[date, Ladder] = {}
    problems: list[Problem] = []
    for starts_on, rows in sorted(by_start.items()) or [(EARLIEST, [])]:
        read[starts_on], found = read_ladder([_ladder_row(row) for row in rows], terms)
        for each in found:
            at = rows[each.index] if each.index is not None else None
            place = ("Tiers", at.row, each.column) if at else ("Programs", program.row, each.column)
            message = f"{program.program_id}: {each.message}"
            problems.append(Problem(each.severity, each.code, place[0], place[1] or None, place[2], message, each.remedy, program.program_id))
    ladders: dict[str, Ladder] = {}
    for period in periods:
        start = max((s for s in read if s <= period.starts_on), default=None)
        ladders[period.period_id] = read[start] if start is not None else ()
        if start is None:
            message = f"{program.program_id}: no tier is in force on {period.starts_on}, the first day of {period.period_id}; nothing is earned in it"
            remedy = "give a tier with an earlier Starts On, or with none"
            problems.append(Problem(Severity.WARNING, "NO_TIERS_IN_FORCE", "Tiers", None, "Starts On", message, remedy, program.program_id))
    return ladders, problems


def _ladder_row(row: TierRow) -> LadderRow:
    return LadderRow(
        Fraction(row.starts_at), None if row.ends_at is None else Fraction(row.ends_at), Fraction(row.reward), row.pay_from_first, row.row
    )


def _term_problems(program: Program) -> Iterator[Problem]:
    """Terms that contradict each other beyond the ladder."""

    def error(code: str, column: str, message: str, remedy: str) -> Problem:
        return Problem(Severity.ERROR, code, "Programs", program.row or None, column, f"{program.program_id}: {message}", remedy, program.program_id)

    if program.net_of and program.reward is not RewardKind.PERCENT:
        yield error("NET_OF_NOT_PERCENT", "Net Of", f"Net Of works with Percent rewards only, this one is {program.reward}", "clear Net Of")
    movable = program.method in (Method.RETROSPECTIVE, Method.TOTAL) or program.reward is RewardKind.LUMP_SUM
    if program.constraint > 0 and (not movable or policy_of(program) is AccrualPolicy.MANUAL):
        yield error("CONSTRAINT_NOT_ALLOWED", "Constraint", "a Constraint moves only the tier of Retrospective, Total and Lump Sum", "set it to 0 %")
    if policy_of(program) is AccrualPolicy.MANUAL and program.manual_tier is None:
        yield error("MANUAL_TIER_MISSING", "Manual Tier", "Accrual Policy Manual needs the number of the tier", "give Manual Tier")
    if policy_of(program) is AccrualPolicy.MANUAL and program.reward_on is RewardOn.OVER_THRESHOLD:
        yield error("MANUAL_OVER_THRESHOLD", "Accrual Policy", "Manual does not work with Reward On Over Threshold", "choose another Accrual Policy")
