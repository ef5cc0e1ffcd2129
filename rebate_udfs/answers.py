"""A run ready to be asked: what a distributor has earned, accrued or open, whole or its allocated part, in one currency.

A distributor means, where it is the participant, the whole figure; else the allocated shares of the lines that were its own
or its branches' on their date. Everything is looked up in tables made once, so that a sheet of a thousand cells costs little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from .agreements import Agreement, agreements
from .allocation import Key, Part, allocated, parts_of, share
from .exchange import MissingRate, Rates
from .model import Attainment, CellError, Run
from .money import money, places_of
from .participants import Hierarchy, Place
from .periods import find_period

NOT_FOUND = "#N/A"
NOTHING = Decimal(0)
EARNED, ACCRUED, PAYABLE = "earned", "accrued", "payable"


class Answers:
    """The figures of one run by program, distributor and period. Amounts are exact; nothing here is ever written to."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.hierarchy = Hierarchy(run.tables.distributors)
        self.programs = {program.program_id: program for program in run.tables.programs}
        self.agreements: dict[str, Agreement] = {each.program_id: each for each in agreements(run.tables, self.hierarchy)[0]}
        self.attainment: dict[Key, Attainment] = {(each.program_id, each.participant_id, each.period.period_id): each for each in run.attainment}
        self.amounts: dict[str, dict[Key, Decimal]] = {EARNED: {}, ACCRUED: {}, PAYABLE: {}}
        for row in run.attainment:
            self.amounts[EARNED][row.program_id, row.participant_id, row.period.period_id] = row.earned
        for accrual in run.accruals:
            self.amounts[ACCRUED][accrual.program_id, accrual.participant_id, accrual.period.period_id] = accrual.accrued
        for due in run.payable:
            key = (due.program_id, due.participant_id, due.period)
            self.amounts[PAYABLE][key] = self.amounts[PAYABLE].get(key, NOTHING) + due.payable
        self.keys: dict[str, list[Key]] = defaultdict(list)  # by program
        self.own_keys: dict[tuple[str, str], list[Key]] = defaultdict(list)  # by program and participant
        for key in sorted({key for found in self.amounts.values() for key in found}):
            self.keys[key[0]].append(key)
            self.own_keys[key[:2]].append(key)
        self._ids = {one.casefold(): one for one in self.programs}, {one.casefold(): one for one in self.hierarchy.rows}
        self._families: dict[str, frozenset[str]] = {}
        self._members: dict[int, dict[str, list[Place]]] = {}
        self._splits: dict[tuple[str, Key], list[Decimal] | None] = {}

    # ---- what is asked for

    def program_id(self, text: str) -> str | CellError:
        """The program of that id, whatever its case; #N/A for one that the book does not know or cannot compute."""
        found = text if text in self.programs else self._ids[0].get(text.casefold())
        if found is None:
            return CellError(NOT_FOUND, f"the book has no program {text}")
        if found not in self.agreements and self.programs[found].status != "Draft":
            return CellError(NOT_FOUND, f"{found} cannot be computed: REBATE_CHECK says what is wrong with it")
        return found

    def distributor_id(self, text: str) -> str | CellError:
        """The distributor of that id, whatever its case; #N/A for one that the book does not know."""
        found = text if text in self.hierarchy.rows else self._ids[1].get(text.casefold())
        return CellError(NOT_FOUND, f"the book has no distributor {text}") if found is None else found

    def period_ids(self, program_ids: Iterable[str], period: str) -> dict[str, str] | CellError:
        """The id of a period in each program that has it: by its id or a day in it; #N/A where none has it."""
        found = {}
        for program_id in program_ids:
            agreement = self.agreements.get(program_id)
            one = find_period(period, agreement.periods) if agreement else None
            if one is not None:
                found[program_id] = one.period_id
        return found or CellError(NOT_FOUND, f"no program asked for has a period {period}")

    def total(self, kind: str, program_id: str = "", distributor_id: str = "", period: str = "") -> Decimal | CellError:
        """The sum of a kind of amount: in the program's currency, over programs of different ones in Base Currency."""
        wanted = [program_id] if program_id else list(self.agreements)
        periods = self.period_ids(wanted, period) if period else None
        if isinstance(periods, CellError):
            return periods
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for one in wanted if periods is None else periods:
            if (agreement := self.agreements.get(one)) is not None:
                sums[agreement.currency] += self._sum(kind, one, distributor_id, periods[one] if periods else "")
        if program_id or len({each.currency for each in self.agreements.values()}) < 2:
            return sum(sums.values(), NOTHING)
        return self.in_base_currency(sums)

    def in_base_currency(self, sums: Mapping[str, Decimal]) -> Decimal | CellError:
        """Sums by currency added up in Base Currency: each at the as-of rate, rounded once."""
        settings = self.run.tables.settings
        total = Fraction(0)
        for currency, amount in sums.items():
            if not amount:
                continue
            rate = self._rates.in_base(currency, self.run.as_of)
            if isinstance(rate, MissingRate):
                return CellError(NOT_FOUND, f"there is no exchange rate of {rate.currency} on {rate.day}: give one in Exchange Rates")
            total += Fraction(amount) * rate
        return money(total, settings.base_currency, settings.rounding)

    @cached_property
    def _rates(self) -> Rates:
        return Rates(self.run.tables.settings.base_currency, self.run.tables.exchange_rates)

    def _sum(self, kind: str, program_id: str, distributor_id: str, period_id: str) -> Decimal:
        keys = self.keys_of(program_id, distributor_id) if distributor_id else self.keys.get(program_id, ())
        wanted = (key for key in keys if not period_id or key[2] == period_id)
        return sum((self.amount(kind, key, distributor_id) for key in wanted), NOTHING)

    # ---- whose figure it is

    def keys_of(self, program_id: str, distributor_id: str) -> list[Key]:
        """The figures of a program that are a distributor's, as their participant or by a share in them, in order of id."""
        own = self.own_keys.get((program_id, distributor_id), [])
        return own if self.is_alone(program_id, distributor_id) else sorted({*own, *self._shared.get((program_id, distributor_id), ())})

    def amount(self, kind: str, key: Key, distributor_id: str = "") -> Decimal:
        """A figure, whole for its participant (and when no distributor is asked for), else the distributor's share of it."""
        whole = self.amounts[kind].get(key, NOTHING)
        if not whole or not distributor_id or key[1] == distributor_id:
            return whole
        if (kind, key) not in self._splits:
            self._splits[kind, key] = allocated(whole, self.parts.get(key, ()), places_of(self.agreements[key[0]].currency))
        return self._part(whole, self._splits[kind, key], key, distributor_id)

    def split(self, whole: Decimal, key: Key, distributor_id: str, currency: str = "") -> Decimal:
        """A distributor's share of any amount of a figure, in the places of its program's currency when none is given."""
        if key[1] == distributor_id:
            return whole
        places = places_of(currency or self.agreements[key[0]].currency)
        return self._part(whole, allocated(whole, self.parts.get(key, ()), places), key, distributor_id)

    def _part(self, whole: Decimal, split: Sequence[Decimal] | None, key: Key, distributor_id: str) -> Decimal:
        if split is None:  # no base at all: the participant itself
            return whole if distributor_id in self._chain(key) else NOTHING
        return share(split, self.parts[key], distributor_id)

    def is_alone(self, program_id: str, distributor_id: str) -> bool:
        """Whether all lines of a distributor and its branches count for itself as the participant: then no share is needed."""
        agreement = self.agreements.get(program_id)
        if agreement is None:
            return True
        members = self.members(agreement)
        return all(place.participant_id == distributor_id for one in self.family(distributor_id) for place in members.get(one, ()))

    def family(self, distributor_id: str) -> frozenset[str]:
        """The distributor and everybody who was ever below it."""
        if distributor_id not in self._families:
            self._families[distributor_id] = frozenset(self.hierarchy.family(distributor_id))
        return self._families[distributor_id]

    def members(self, agreement: Agreement) -> dict[str, list[Place]]:
        """The places of each distributor in a program, in order of time."""
        found = self._members.get(id(agreement.places))
        if found is None:
            found = {}
            for place in agreement.places:
                found.setdefault(place.distributor_id, []).append(place)
            self._members[id(agreement.places)] = found
        return found

    @cached_property
    def parts(self) -> dict[Key, list[Part]]:
        """The parts of every figure by distributor, found in one pass over the transactions when first needed."""
        return parts_of(self.run, list(self.agreements))

    @cached_property
    def _shared(self) -> dict[tuple[str, str], set[Key]]:
        """The figures in which a distributor has a share without being their participant."""
        found: dict[tuple[str, str], set[Key]] = defaultdict(set)
        for key in (key for keys in self.keys.values() for key in keys):
            chains = [part.chain for part in self.parts.get(key, ())]
            for distributor_id in {one for chain in [*chains, self._chain(key)] for one in chain} - {key[1]}:
                found[key[0], distributor_id].add(key)
        return found

    def _chain(self, key: Key) -> tuple[str, ...]:
        """The participant of a figure and everybody above it on the figure's last day so far."""
        row = self.attainment.get(key)
        return self.hierarchy.ancestors_on(key[1], min(self.run.as_of, row.period.ends_on) if row else self.run.as_of)

    # ---- the row of Attainment that a distributor looks at

    def row(self, program_id: str, distributor_id: str) -> Attainment | CellError | None:
        """The participant's row of the period that holds the as-of date, else of the last one; None where it has none.

        #N/A for a parent of several participants, which has no tier of its own.
        """
        agreement = self.agreements.get(program_id)
        if agreement is None:
            return None
        participant = self._participant(agreement, distributor_id)
        rows = self._rows(program_id, participant)
        if any(row.transactions_used for row in rows):
            return _current(rows, self.run)
        below = {key[1] for key in self.keys.get(program_id, ()) if distributor_id in self._chain(key)} - {distributor_id}
        if participant == distributor_id and below:
            if len(below) == 1 and not rows:
                return _current(self._rows(program_id, below.pop()), self.run)
            names = ", ".join(sorted(below)[:5])
            return CellError(NOT_FOUND, f"{distributor_id} is the parent of several participants of {program_id}: ask for one of {names}")
        return _current(rows, self.run) if rows else None

    def _rows(self, program_id: str, participant_id: str) -> list[Attainment]:
        return [self.attainment[key] for key in self.own_keys.get((program_id, participant_id), ()) if key in self.attainment]

    def _participant(self, agreement: Agreement, distributor_id: str) -> str:
        """Whose figure a distributor's purchases count for: on the as-of date, else at the last place it had with a figure."""
        places = self.members(agreement).get(distributor_id, [])
        begun = [place for place in places if place.starts_on <= self.run.as_of]
        now = [place for place in begun if place.ends_on >= self.run.as_of]
        for place in [*now, *reversed(begun)]:
            if (agreement.program_id, place.participant_id) in self.own_keys:
                return place.participant_id
        return distributor_id


def _current(rows: Sequence[Attainment], run: Run) -> Attainment | None:
    holding = [row for row in rows if row.period.starts_on <= run.as_of <= row.period.ends_on]
    return max(holding or rows, key=lambda row: row.period.starts_on, default=None)
