"""What each participant was told last, and how every figure has moved since: the walk between two closes, looking at earned.

Apart from `statement`, which is values only, because the ledger's database remembers. Source: domain.md section 7.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .agreements import agreements
from .closing import key_of
from .closing_reasons import State, States, reasons_of
from .closing_walk import walk_of
from .ledger import Ledger
from .ledger_statements import Amounts, Told, manifest_hash, manifest_of, remember, told_before
from .model import AccrualPolicy, Run, Tables
from .money import money
from .participants import Hierarchy
from .statement import Account, Figure, Movement, Since, accounts_of, figures_of_recipients
from .stored_inputs import Stored, restored, stored

NOTHING = Amounts()
MEMBERSHIP, TERMS, DISPUTE, ADJUSTMENT = "MEMBERSHIP_CHANGE", "TERMS_CHANGE", "DISPUTE", "ADJUSTMENT"


@dataclass(frozen=True, slots=True)
class History:
    """What the statements of a run are compared with, and what is to be remembered of them once they are made."""

    since: Mapping[str, Since]  # participant -> what it was told last
    told: tuple[Told, ...]
    inputs: Stored

    def keep(self, ledger: Ledger, run: Run) -> None:
        """Remember what the statements said; made again for the same day they take the place of those of before."""
        remember(ledger, self.told, self.inputs, run.run_id, run.version)


def look_back(ledger: Ledger, run: Run, branches: bool = False) -> History:
    """What a ledger remembers of the statements before a run's day, and the figures of its own statements."""
    inputs, before = stored(replace(run.tables, ledger=())), told_before(ledger, run.as_of)
    recipients, accounts = figures_of_recipients(run, branches), accounts_of(run)
    walks: dict[tuple[date, str], _Walked] = {}
    since = {}
    for one, figures in recipients.items():
        if last := before.get(one):
            key = (last.as_of, last.inputs)
            if key not in walks:
                walks[key] = _Walked(ledger, run, inputs, last)
            since[one] = Since(last.as_of, walks[key].movements(figures, last, accounts))
    mark = manifest_hash(inputs)
    told = tuple(Told(one, run.as_of, mark, {key: _amounts(accounts, key) for key in figures}) for one, figures in recipients.items())
    return History(since, told, inputs)


def _amounts(accounts: Mapping[Figure, Account], key: Figure) -> Amounts:
    account = accounts.get(key)
    return Amounts(account.row.earned, account.answered, account.adjusted) if account else NOTHING


class _Walked:
    """The walk from one earlier run to this one, shared by all who were told something then."""

    def __init__(self, ledger: Ledger, run: Run, inputs: Stored, last: Told) -> None:
        hashes = manifest_of(ledger, last.inputs)
        changed = frozenset(name for name in {*hashes, *inputs.hashes} if hashes.get(name) != inputs.hashes.get(name))
        now = _by_what_is_attained(run.tables)
        then = _by_what_is_attained(restored(hashes, ledger.parts([*hashes.values()]))) if changed else now
        self.walk = walk_of(run, now, last.as_of, then, last.as_of, changed, earned_states)
        self.programs = {each.program_id: each for each in agreements(now, Hierarchy(now.distributors))[0]}
        self.rounding = run.tables.settings.rounding

    def movements(self, figures: Sequence[Figure], last: Told, accounts: Mapping[Figure, Account]) -> dict[Figure, Movement]:
        """How the figures of one participant moved, those that it has no more included."""
        found = {key: self._movement(key, last.figures.get(key), accounts[key]) for key in figures if key in accounts}
        gone = (key for key in last.figures if key not in found)
        return found | {key: self._gone(key, last.figures[key]) for key in gone}

    def _movement(self, key: Figure, told: Amounts | None, account: Account) -> Movement:
        before, earned = told or NOTHING, account.row.earned
        parts: dict[str, Decimal] = defaultdict(Decimal)
        recognised = before.earned
        if told is None:  # what somebody else was told of it came with who joined
            recognised = money(self._then().get(key, State()).accrued, account.row.currency, self.rounding)
            parts[MEMBERSHIP] += recognised
        for part in reasons_of({key: earned - recognised}, {key: recognised}, self.walk, self.programs, self.rounding)[key]:
            parts[part.reason] += part.amount
        parts[DISPUTE] += account.answered - before.answered
        parts[ADJUSTMENT] += account.adjusted - before.adjusted
        return Movement(account.row.currency, before.total, _without_nothing(parts), earned + account.agreed)

    def _gone(self, key: Figure, told: Amounts) -> Movement:
        """A figure of before that stands on this statement no more: with a branch that left, or with the terms."""
        why = MEMBERSHIP if key in self.walk.now else TERMS
        parts = {why: -told.earned, DISPUTE: -told.answered, ADJUSTMENT: -told.adjusted}
        program = self.programs.get(key[0])
        return Movement(program.currency if program else "", told.total, _without_nothing(parts), Decimal(0))

    def _then(self) -> States:
        """The figures as they were computed then."""
        return self.walk.steps[0][1] if self.walk.steps else self.walk.before


def _without_nothing(parts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {reason: amount for reason, amount in parts.items() if amount}


def _by_what_is_attained(tables: Tables) -> Tables:
    """The book without its forecasts: what has been earned looks at nothing but what has happened."""
    change = {"accrual_policy": AccrualPolicy.ATTAINED, "manual_tier": None, "constraint": Decimal(0)}
    return replace(tables, ledger=(), programs=tuple(program.model_copy(update=change) for program in tables.programs))


def earned_states(run: Run) -> dict[Figure, State]:
    """Where every figure of a run stands: earned, not accrued."""
    if run.attainment:
        return {(row.program_id, row.participant_id, row.period.period_id): State(Fraction(row.earned), row.measure, row.attained_tier)
                for row in run.attainment}  # fmt: skip
    return {key_of(row): State(Fraction(row.earned), *run.standings[key_of(row)]) for row in run.accruals}
