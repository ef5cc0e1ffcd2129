"""What each participant earns in each period, with every limit in its order, from facts to the rounded figure.

The same function answers for what has happened, for a settlement's last day and for a forecast: only the facts differ.
Order (design step "Limit"): base cap, Net Of, Best Of Group, period cap, program cap; each is a step of the explanation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement
from .model import Facts, Period, Reward, Rounding
from .money import money
from .rewards import period_cap, program_cap, reward
from .rewards.limits import limit_to

ZERO = Fraction(0)
Key = tuple[str, str, str]  # program id, participant id, period id


@dataclass(frozen=True, slots=True)
class Position:
    """One participant in one period of one program, with its facts."""

    agreement: Agreement
    participant_id: str
    period: Period
    facts: Facts

    @property
    def key(self) -> Key:
        return (self.agreement.program_id, self.participant_id, self.period.period_id)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a position earns: `reward` with all limits as steps, `figure` rounded once to the currency's minor unit."""

    reward: Reward
    figure: Decimal


CommonShare = Callable[[Key, str], Fraction]  # (position, other program) -> the part of the other's base on common lines


def no_common_share(key: Key, other: str) -> Fraction:
    """For books without Net Of."""
    return ZERO


def in_order(agreements: Iterable[Agreement]) -> list[list[Agreement]]:
    """Programs in the order in which they are computed: groups decide together, Net Of comes after what it is net of."""
    groups: dict[str, list[Agreement]] = defaultdict(list)
    for agreement in agreements:
        group = agreement.program.best_of_group
        groups[f"group {group}" if group else f"program {agreement.program_id}"].append(agreement)
    unit_of = {agreement.program_id: name for name, members in groups.items() for agreement in members}
    waiting = {
        name: {unit_of[other] for member in members for other in member.net_of if other in unit_of} - {name} for name, members in groups.items()
    }

    def rank(name: str) -> tuple[float, str]:
        return min(sequence_of(member) for member in groups[name])

    ordered: list[list[Agreement]] = []
    while waiting:
        ready = sorted((name for name, needs in waiting.items() if not needs & set(waiting)), key=rank)
        if not ready:  # a cycle over groups: reading has refused cycles of Net Of itself
            ready = sorted(waiting, key=rank)[:1]
        for name in ready[:1]:
            ordered.append(sorted(groups[name], key=sequence_of))
            del waiting[name]
    return ordered


def sequence_of(agreement: Agreement) -> tuple[float, str]:
    """Lower Sequence first, an empty one last, then Program ID."""
    sequence = agreement.program.sequence
    return (float("inf") if sequence is None else sequence, agreement.program_id)


def earn(
    positions: Sequence[Position], rounding: Rounding, *, common_share: CommonShare = no_common_share, rounded: bool = True
) -> dict[Key, Earned]:
    """What every position earns, limits included.

    With `rounded` Net Of takes off the rounded figures of earlier programs (what has happened), without it their
    unrounded rewards (a forecast).
    """
    by_program: dict[str, list[Position]] = defaultdict(list)
    for position in positions:
        by_program[position.agreement.program_id].append(position)
    found: dict[Key, Earned] = {}
    units = in_order({position.agreement.program_id: position.agreement for position in positions}.values())
    for unit in units:
        raw = {position.key: _raw(position, found, common_share, rounded) for agreement in unit for position in by_program[agreement.program_id]}
        if len(unit) > 1:
            raw = _best_of(unit, raw)
        for agreement in unit:
            _cap(agreement, by_program[agreement.program_id], raw, rounding, found)
    return found


def _raw(position: Position, found: Mapping[Key, Earned], common_share: CommonShare, rounded: bool) -> Reward:
    """The reward with base cap and Net Of, before the programs compete and the caps bite."""
    agreement = position.agreement
    terms, ladder = agreement.terms, agreement.ladders[position.period.period_id]
    if not ladder:
        return Reward(ZERO, 0)
    if agreement.net_of:
        total = ZERO
        for other in agreement.net_of:
            earned = found.get((other, position.participant_id, slot_of(agreement, position.period.period_id) or other))
            if earned is not None:
                amount = Fraction(earned.figure) if rounded else earned.reward.amount
                total += amount * common_share(position.key, other)
        terms = replace(terms, net_of=total)
    return reward(position.facts, ladder, terms)


def _best_of(unit: Sequence[Agreement], raw: Mapping[Key, Reward]) -> dict[Key, Reward]:
    """Of the programs of one group only the one that earns a participant most in a period pays; ties go to the first in order."""
    best: dict[tuple[str, str], tuple[Fraction, str]] = {}
    for agreement in unit:
        for (program_id, participant_id, period_id), each in raw.items():
            if program_id != agreement.program_id:
                continue
            slot = (participant_id, slot_of(agreement, period_id))
            if slot not in best or each.amount > best[slot][0]:
                best[slot] = (each.amount, program_id)
    programs = {agreement.program_id: agreement for agreement in unit}
    found: dict[Key, Reward] = {}
    for key, each in raw.items():
        winner = best[key[1], slot_of(programs[key[0]], key[2])][1]
        group = programs[key[0]].program.best_of_group
        found[key] = each if winner == key[0] else limit_to(each, ZERO, "Best Of Group", f"of group {group} {winner} pays")
    return found


def slot_of(agreement: Agreement, period_id: str) -> str:
    """What makes periods of two programs the same: their id, and for Period = Program their (equal) dates."""
    return "" if period_id == agreement.program_id else period_id


def _cap(agreement: Agreement, positions: Sequence[Position], raw: Mapping[Key, Reward], rounding: Rounding, found: dict[Key, Earned]) -> None:
    """Period cap, then program cap over the periods in time order, then the one rounding."""
    program = agreement.program
    period_limit = None if program.period_cap is None else Fraction(program.period_cap)
    program_limit = None if program.program_cap is None else Fraction(program.program_cap)
    used: dict[str, Fraction] = defaultdict(Fraction)
    order = {period.period_id: at for at, period in enumerate(agreement.periods)}
    for position in sorted(positions, key=lambda each: order[each.period.period_id]):
        each = program_cap(period_cap(raw[position.key], period_limit), program_limit, used[position.participant_id])
        figure = money(each.amount, agreement.currency, rounding)
        used[position.participant_id] += Fraction(figure)
        found[position.key] = Earned(each, figure)
