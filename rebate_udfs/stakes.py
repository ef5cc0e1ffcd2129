"""What a line is worth in rebate: what every figure that it is part of would earn with it, without it, or as another source has it.

Each figure is computed anew by its own rule, so that a tier that a difference reaches or loses counts. What a line adds to
the baseline of a later year is not in it; a figure that another program limits, and one whose rule walks the lines, counts at its effective rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .agreements import Agreement, agreements
from .counting import MEASURE, classes_by_basis
from .exchange import MissingRate, Rates
from .model import Attainment, Facts, Ladder, RebateType, Run
from .money import money
from .participants import Hierarchy
from .qualify import Classes, Counting, verdict
from .rewards import reward

ZERO, NOTHING = Fraction(0), Decimal(0)
Key = tuple[str, str, str]  # program, participant, period


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one source; quantity and amount exact."""

    transaction_id: str
    invoice_date: date
    distributor_id: str
    sku: str
    quantity: Fraction
    amount: Fraction
    type: str
    invoice_number: str
    line: str
    row: int
    currency: str = ""  # "" where the source names none: its distributor's


@dataclass(frozen=True, slots=True)
class Share:
    """What a line adds to a figure."""

    measure: Fraction = ZERO
    base: Fraction = ZERO
    focus: Fraction = ZERO
    focus_base: Fraction = ZERO

    def __add__(self, other: Share) -> Share:
        return Share(self.measure + other.measure, self.base + other.base, self.focus + other.focus, self.focus_base + other.focus_base)

    def __neg__(self) -> Share:
        return Share(-self.measure, -self.base, -self.focus, -self.focus_base)


class Stakes:
    """The figures of a computed book, and what differences in their lines change."""

    def __init__(self, run: Run) -> None:
        self.settings, self.hierarchy = run.tables.settings, Hierarchy(run.tables.distributors)
        self.rates = Rates(self.settings.base_currency, run.tables.exchange_rates)
        self.programs, _ = agreements(run.tables, self.hierarchy)
        self.by_id = {agreement.program_id: agreement for agreement in self.programs}
        self.counts: list[tuple[Counting, Classes]] = [
            (counting, classes)
            for classes in classes_by_basis(run.tables, self.programs, self.hierarchy, run.as_of, (MEASURE,)).values()
            for counting in classes.countings
        ]
        self.figures = {(row.program_id, row.participant_id, row.period.period_id): row for row in run.attainment}

    def shares(self, entry: Entry | None) -> dict[Key, Share]:
        """What a line adds to each figure."""
        found: dict[Key, Share] = {}
        for counting, classes in self.counts if entry else ():
            assert entry is not None
            timing, participant, flags, reason, _ = verdict(
                counting, classes, entry.distributor_id, entry.sku, entry.invoice_date, None, entry.type != "Invoice"
            )
            agreement = self.by_id[counting.program.program_id]
            if reason or timing is None or agreement.program.rebate_type is RebateType.SHIP_AND_DEBIT:  # earned by claims
                continue
            amount = self._in_currency(entry, agreement)
            measured, paid = (entry.quantity if units else amount for units in (agreement.measure_in_units, agreement.base_in_units))
            qualifies, earns, focus = (Fraction(int(flag)) for flag in flags)
            key = (agreement.program_id, participant, counting.periods[timing.period].period_id)
            found[key] = Share(measured * qualifies, paid * earns, measured * focus, paid * focus)
        return found

    def _in_currency(self, entry: Entry, agreement: Agreement) -> Fraction:
        """The line's amount in the program's currency; 0 where no rate is known, as it is then left out of the figure."""
        row = self.hierarchy.attributes_on(entry.distributor_id, entry.invoice_date)
        currency = entry.currency or (row.currency if row else "") or self.settings.base_currency
        factor = self.rates.factor(currency, agreement.currency, entry.invoice_date)
        return ZERO if isinstance(factor, MissingRate) else entry.amount * factor

    def change(self, one: Entry | None, other: Entry | None) -> dict[Key, Share]:
        """What becomes of each figure when the second version of a line takes the place of the first."""
        if other is not None and one is not None and other.distributor_id == "-":
            other = replace(other, distributor_id=one.distributor_id)
        before, after = self.shares(one), self.shares(other)
        found = {key: after.get(key, Share()) + -before.get(key, Share()) for key in {*before, *after}}
        return {key: share for key, share in found.items() if share != Share()}

    def of(self, changes: Iterable[Mapping[Key, Share]]) -> dict[str, Decimal]:
        """What the figures would earn more with these changes, by currency, rounded."""
        whole: dict[Key, Share] = defaultdict(Share)
        for change in changes:
            for key, share in change.items():
                whole[key] += share
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for (program_id, participant_id, period_id), share in whole.items():
            agreement = self.by_id[program_id]
            sums[agreement.currency] += self._more(agreement, self.figures.get((program_id, participant_id, period_id)), period_id, share)
        return {currency: amount for currency, amount in sorted(sums.items()) if amount}

    def _more(self, agreement: Agreement, row: Attainment | None, period_id: str, share: Share) -> Decimal:
        """What one figure would earn more: by its rule and caps, tiers crossed included; where other programs limit it, at its effective rate."""
        ladder, facts = agreement.ladders.get(period_id, ()), row.facts if row else Facts(ZERO, ZERO)
        if not ladder or facts is None:
            return NOTHING
        program, earned = agreement.program, row.earned if row else NOTHING
        now, then = (self._raw(agreement, ladder, each) for each in (facts, _with(facts, share)))
        caps = [cap for cap in (program.period_cap, program.program_cap) if cap is not None]
        if facts.lines is None and not agreement.net_of and not program.best_of_group and (earned == now or (caps and earned < now)):
            held = earned if earned < now else min(caps, default=then)  # at a cap now, or then
            return min(then, held) - earned
        return money(Fraction(earned) / row.base * share.base, agreement.currency) if row and row.base > 0 else NOTHING

    def _raw(self, agreement: Agreement, ladder: Ladder, facts: Facts) -> Decimal:
        return money(reward(facts, ladder, agreement.terms).amount, agreement.currency, self.settings.rounding)


def _with(facts: Facts, share: Share) -> Facts:
    return replace(
        facts, measure=facts.measure + share.measure, base=facts.base + share.base, focus=facts.focus + share.focus,
        focus_base=facts.focus_base + share.focus_base,
    )  # fmt: skip
