"""What each participant did in each period: the cells meet programs, participants and scopes, and are summed.

The frame ends here. What follows is a few thousand values, exact; rates, currencies and percents are applied
to sums, in Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pyarrow as pa

from .model import Lines, Returns
from .participants import Hierarchy, Place
from .qualify import ALL_TRUE, LOST, NO_ORIGINAL, Classes, Counting, Timing, cells, classify, originals, profile, timing, with_defaults
from .scopes import PARTY_DIMENSIONS, Flags, party_values

DAY = timedelta(days=1)
GROUP = ("counting", "participant", "period", "cut", "rate_day", "currency", "home", "in_measure", "in_base", "in_focus")


class Sum(NamedTuple):
    """Lines that agree in everything that a rule may ask: whole numbers in the units of `Lines`."""

    cut: int
    rate_day: date  # decides the exchange rate; date.min when one currency is all there is
    currency: str
    in_measure: bool
    in_base: bool
    in_focus: bool
    amount: int
    quantity: int
    rows: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Returns of counted lines that came after the claim window: rows, and the amount as invoiced in units of `Lines`."""

    rows: int
    amount: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The sums of one date basis by (counting number, participant, period index), and the rows seen there.

    `placed` are all rows of the participant's distributors in the period, counted or not; `reasons` says for
    each counting how many rows were left out before a participant was asked for.
    """

    sums: dict[tuple[int, str, int], list[Sum]] = field(default_factory=dict)
    placed: dict[tuple[int, str, int], int] = field(default_factory=dict)
    reasons: dict[int, dict[str, int]] = field(default_factory=dict)
    rows: int = 0
    lost: dict[int, Lost] = field(default_factory=dict)
    unknown_skus: dict[int, int] = field(default_factory=dict)  # rows that a scope on category or brand could not decide
    undated: int = 0
    returns_alone: int = 0  # returns and credit notes without a known original


@dataclass(frozen=True, slots=True)
class Crowd:
    """Distributors with their participant and what the party dimensions allow, shared by programs that agree in it."""

    number: int
    rows: list[tuple[int, int, int, int, int, Flags]]  # party, first day class, last day class, participant, home currency, flags


class Placing:
    """The tables that decide, once for a date basis: who belongs to whom, which product counts, when."""

    def __init__(self, classes: Classes, multi_currency: bool) -> None:
        self.classes, self.multi_currency = classes, multi_currency
        self.participants: dict[str, int] = {}
        self.currencies: dict[str, int] = {"": 0}
        self._crowds: dict[Any, Crowd] = {}
        self.crowd_of = {counting.number: self._crowd(counting) for counting in classes.countings}

    def _crowd(self, counting: Counting) -> Crowd:
        scope = counting.scope if counting.scope.uses_parties else None
        key = (id(counting.places), id(counting.scope) if scope else 0)
        if key not in self._crowds:
            rows = [row for place in counting.places for row in self._pieces(place, counting, scope is not None)]
            self._crowds[key] = Crowd(len(self._crowds), rows)
        return self._crowds[key]

    def _pieces(self, place: Place, counting: Counting, by_party: bool) -> Iterator[tuple[int, int, int, int, int, Flags]]:
        """A place, cut where the distributor's own attributes change."""
        hierarchy, classes = self.classes.hierarchy, self.classes
        cuts: list[date] = []
        if by_party or self.multi_currency:
            cuts = sorted(cut for cut in hierarchy.cuts(place.distributor_id) if place.starts_on < cut <= place.ends_on)
        starts = [place.starts_on, *cuts]
        party = classes.party_code[place.distributor_id]
        participant = self.participants.setdefault(place.participant_id, len(self.participants))
        for at, first in enumerate(starts):
            last = starts[at + 1] - DAY if at + 1 < len(starts) else place.ends_on
            flags = counting.scope.flags(PARTY_DIMENSIONS, party_values(place.distributor_id, first, hierarchy)) if by_party else ALL_TRUE
            yield party, classes.day_class(first), classes.day_class(last), participant, self._home(place.distributor_id, first), flags

    def _home(self, distributor_id: str, day: date) -> int:
        row = self.classes.hierarchy.attributes_on(distributor_id, day) if self.multi_currency else None
        return self.currencies.setdefault(row.currency if row else "", len(self.currencies))

    def people(self) -> pa.Table:
        """crowd, party, first_day, last_day, participant, home, three flags."""
        crowds = list(self._crowds.values())
        numbers = np.concatenate([np.empty(0, np.int32), *(np.full(len(crowd.rows), crowd.number, np.int32) for crowd in crowds)])
        rows = [row for crowd in crowds for row in crowd.rows]
        columns = {name: pa.array([row[at] for row in rows], pa.int32())
                   for at, name in enumerate(("party", "first_day", "last_day", "participant", "home"))}  # fmt: skip
        flags = {name: pa.array([row[5][at] for row in rows], pa.bool_()) for at, name in enumerate(("party_q", "party_r", "party_f"))}
        return pa.table({"crowd": pa.array(numbers, pa.int32())} | columns | flags)

    def products(self) -> pa.Table:
        """counting, crowd, product class, three flags; product classes out of every scope are left out."""
        rows = [
            (counting.number, self.crowd_of[counting.number].number, product, *flags[at])
            for at, counting in enumerate(self.classes.countings)
            for product, flags in enumerate(self.classes.product_flags)
            if flags[at][0] or flags[at][1]
        ]
        names = ("counting", "crowd", "product", "product_q", "product_r", "product_f")
        return pa.table({name: pa.array([row[at] for row in rows], pa.int32() if at < 3 else pa.bool_()) for at, name in enumerate(names)})

    def timings(self, combinations: Sequence[tuple[int, int, int, int]]) -> tuple[pa.Table, dict[int, dict[str, int]]]:
        """counting x (day, original, returned) -> the day class that counts, period, cut, rate day; and who has none.

        `combinations` are (day, original, returned, rows) as they occur.
        """
        left_out: dict[int, dict[str, int]] = {}
        found: list[np.ndarray] = [np.empty((0, 9), np.int32)]
        table = np.array(combinations, np.int64).reshape(-1, 4)
        for counting in self.classes.countings:
            columns, left_out[counting.number] = self._timings_of(counting, table)
            found.append(columns)
        rows = np.concatenate(found)
        names = ("counting", "day", "original", "returned", "counted_day", "period", "cut", "rate_day", "by_original")
        return pa.table({name: pa.array(rows[:, at]) for at, name in enumerate(names)}), left_out

    def _timings_of(self, counting: Counting, table: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
        """The rows of one counting: plain lines all at once, returns with a known original one by one."""
        reasons: dict[str, int] = defaultdict(int)
        day, original, returned, rows = table.T
        late = day >= self.classes.late
        reasons["AFTER_AS_OF"] += int(rows[late].sum())
        both = (counting, counting.other) if counting.other else (counting,)  # Net Of: a line must count for both
        ignored = ~late & (returned == 1) & any(each.program.returns is Returns.IGNORE for each in both)
        reasons["RETURN_IGNORED"] += int(rows[ignored].sum())
        alone = ~late & ~ignored & (original == NO_ORIGINAL)
        period, cut = self._by_day(counting)
        outside = alone & (period[day] < 0)
        reasons["OUTSIDE_PROGRAM_DATES"] += int(rows[outside].sum())
        at = np.flatnonzero(alone & ~outside)
        columns = [np.full(at.size, counting.number), day[at], original[at], returned[at], day[at], period[day[at]], cut[day[at]],
                   day[at] if self.multi_currency else np.zeros(at.size), np.zeros(at.size)]  # fmt: skip
        found = [np.stack(columns, 1).astype(np.int32)] if at.size else []
        for which in np.flatnonzero(~late & ~ignored & (original != NO_ORIGINAL)):
            found.append(self._timing_row(counting, table[which], reasons))
        return np.concatenate([np.empty((0, 9), np.int32), *found]), {reason: count for reason, count in reasons.items() if count}

    def _by_day(self, counting: Counting) -> tuple[np.ndarray, np.ndarray]:
        """For each day class its period (-1: none) and its cut, for a line that counts on its own day."""
        starts = np.array([start.toordinal() for start in self.classes.starts])
        firsts = np.array([period.starts_on.toordinal() for period in counting.periods])
        lasts = np.array([period.ends_on.toordinal() for period in counting.periods])
        period = np.searchsorted(firsts, starts, side="right") - 1
        period = np.where((period >= 0) & (starts <= lasts[period]), period, -1)
        cuts = np.searchsorted(np.array([each.toordinal() for each in counting.cut_days]), starts, side="left")
        if counting.other is not None:  # Net Of: both programs must put the line into the same period
            period = np.where(period == self._by_day(counting.other)[0], period, -1)
        return period, cuts

    def _timing_row(self, counting: Counting, row: np.ndarray, reasons: dict[str, int]) -> np.ndarray:
        day, original, returned, rows = (int(value) for value in row)
        placed: Timing | str = timing(counting, self.classes.starts[day], self.classes.starts[original], bool(returned))
        if isinstance(placed, str):
            reasons[placed] += rows
            return np.empty((0, 9), np.int32)
        counted = original if placed.by_original else day
        rate_day = counted if self.multi_currency else 0
        return np.array([[counting.number, day, original, returned, counted, placed.period, placed.cut, rate_day, placed.by_original]], np.int32)


def eligible(people: Any, products: Any) -> Any:
    """Which (party, product class) counts for which counting, in which role, on which days."""
    both = people.join(products, on="crowd", how="inner")
    both = both.with_columns(
        in_measure=nw.col("product_q") & nw.col("party_q"),
        in_base=nw.col("product_r") & nw.col("party_r"),
        in_focus=nw.col("product_f") & nw.col("party_f"),
    ).filter(nw.col("in_measure") | nw.col("in_base"))
    return both.select("counting", "party", "product", "first_day", "last_day", "participant", "home", "in_measure", "in_base", "in_focus")


def placed_in(frame: Any, people: Any, timings: Any) -> Any:
    """Rows with party, product and time meet who counts where: the join that decides, filtered by date."""
    on = [name for name in ("party", "product") if name in people.collect_schema().names() and name in frame.collect_schema().names()]
    joined = frame.join(people, on=on, how="inner").join(timings, on=["counting", "day", "original", "returned"], how="inner")
    return joined.filter(nw.col("counted_day") >= nw.col("first_day"), nw.col("counted_day") <= nw.col("last_day"))


def measure(lines: Lines, classes: Classes, multi_currency: bool) -> Measured:
    """Sum the lines of a book for every counting of one date basis."""
    seen = profile(lines, classes.basis)
    if seen is None or not classes.countings:
        return Measured(reasons={counting.number: {} for counting in classes.countings})
    engine = lines.engine_run
    classified, keys = classify(lines, classes, seen, originals(lines, classes.basis) if seen.has_originals else None)
    collapsed = engine.frame(engine.collect(cells(classified, keys)))
    placing = Placing(classes, multi_currency or seen.has_currency)
    combinations = engine.collect(collapsed.group_by("day", "original", "returned").agg(nw.col("rows").sum())).to_pylist()
    timings, left_out = placing.timings([(row["day"], row["original"], row["returned"], row["rows"]) for row in combinations])
    people, times = engine.frame(placing.people()), engine.frame(timings)
    grouped = placed_in(collapsed, eligible(people, engine.frame(placing.products())), times)
    sums = engine.collect(grouped.group_by(*GROUP).agg(nw.col("amount").sum(), nw.col("quantity").sum(), nw.col("rows").sum()))
    everyone = people.join(engine.frame(_countings(placing)), on="crowd", how="inner").select(
        "counting", "party", "first_day", "last_day", "participant"
    )
    by_party = collapsed.group_by("party", "day", "original", "returned").agg(nw.col("rows").sum())
    placed = engine.collect(placed_in(by_party, everyone, times).group_by("counting", "participant", "period").agg(nw.col("rows").sum()))
    found = _values(placing, sums, placed, left_out, sum(row["rows"] for row in combinations))
    alone = sum(row["rows"] for row in combinations if row["returned"] and row["original"] == NO_ORIGINAL)
    unknown = _unknown_skus(collapsed, everyone, times, classes, engine)
    return replace(found, undated=seen.undated, returns_alone=alone, unknown_skus=unknown)


def _unknown_skus(collapsed: Any, everyone: Any, times: Any, classes: Classes, engine: Any) -> dict[int, int]:
    """How many rows of SKUs that are missing from Products a scope on category or brand could not decide, by counting."""
    asking = [counting.number for counting in classes.countings if counting.scope.needs_products]
    unknown = engine.collect(collapsed.filter(nw.col("product") == classes.product_class[""])) if asking else None
    if unknown is None or not unknown.num_rows:
        return {}
    rows = placed_in(engine.frame(unknown), everyone, times).filter(nw.col("counting").is_in(asking))
    return dict(_rows(engine.collect(rows.group_by("counting").agg(nw.col("rows").sum())), ("counting", "rows")))


def _countings(placing: Placing) -> pa.Table:
    pairs = [(number, crowd.number) for number, crowd in placing.crowd_of.items()]
    return pa.table({"counting": pa.array([p[0] for p in pairs], pa.int32()), "crowd": pa.array([p[1] for p in pairs], pa.int32())})


def _values(placing: Placing, sums: pa.Table, placed: pa.Table, left_out: dict[int, dict[str, int]], rows: int) -> Measured:
    """Codes back to names: the end of the frame."""
    names, homes, starts = list(placing.participants), list(placing.currencies), placing.classes.starts
    found: dict[tuple[int, str, int], list[Sum]] = defaultdict(list)
    lost: dict[int, Lost] = {}
    for counting, participant, period, cut, rate_day, currency, home, q, r, f, amount, quantity, count in _rows(
        sums, (*GROUP, "amount", "quantity", "rows")
    ):
        if cut == LOST:
            before = lost.get(counting, Lost(0, 0))
            lost[counting] = Lost(before.rows + int(count), before.amount + int(amount))
            continue
        entry = Sum(cut, starts[rate_day], currency or homes[home], q, r, f, int(amount), int(quantity), count)
        found[counting, names[participant], period].append(entry)
    at = {(counting, names[participant], period): int(count)
          for counting, participant, period, count in _rows(placed, ("counting", "participant", "period", "rows"))}  # fmt: skip
    return Measured(dict(found), at, left_out, rows, lost)


def _rows(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A line of a program that walks its lines, with everything that decides its place in the walk."""

    counting: int
    participant_id: str
    period: int
    cut: int
    counted_on: date
    invoice_number: str
    line: str
    transaction_id: str
    currency: str
    rate_day: date
    in_measure: bool
    in_base: bool
    amount: int
    quantity: int


def counted_lines(lines: Lines, classes: Classes, walked: Sequence[Counting], multi_currency: bool) -> list[CountedLine]:
    """The counted lines of the programs that walk them, in walking order: date, invoice, line, transaction id."""
    seen = profile(lines, classes.basis) if walked else None
    if seen is None:
        return []
    engine = lines.engine_run
    classified, keys = classify(lines, classes, seen, originals(lines, classes.basis) if seen.has_originals else None)
    frame = with_defaults(classified, keys)
    placing = Placing(classes, multi_currency or seen.has_currency)
    numbers = [counting.number for counting in walked]
    combinations = engine.collect(frame.group_by("day", "original", "returned").agg(nw.len().alias("rows"))).to_pylist()
    timings, _ = placing.timings([(row["day"], row["original"], row["returned"], row["rows"]) for row in combinations])
    people = eligible(engine.frame(placing.people()), engine.frame(placing.products()).filter(nw.col("counting").is_in(numbers)))
    dates = ["dated"] + (["original_date"] if "original" in keys else [])
    columns = ["counting", "participant", "period", "cut", "invoice_number", "line", "transaction_id", "currency", "home", "rate_day",
               "in_measure", "in_base", "amount", "quantity", "by_original", *dates]  # fmt: skip
    table = engine.collect(placed_in(frame, people, engine.frame(timings)).filter(nw.col("cut") != LOST).select(*columns))
    names, homes, starts = list(placing.participants), list(placing.currencies), placing.classes.starts
    found = [
        CountedLine(
            row["counting"], names[row["participant"]], row["period"], row["cut"],
            row["original_date"] if row["by_original"] else row["dated"],
            row["invoice_number"], row["line"], row["transaction_id"], row["currency"] or homes[row["home"]], starts[row["rate_day"]],
            row["in_measure"], row["in_base"], int(row["amount"]), int(row["quantity"]),
        )
        for row in table.to_pylist()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each.counted_on, each.invoice_number, line_order(each.line), each.transaction_id))


def line_order(line: str) -> tuple[int, int, str]:
    """Empty first, then numbers by size, then words.

    >>> sorted(["10", "b", "", "9"], key=line_order)
    ['', '9', '10', 'b']
    """
    text = line.strip()
    if not text:
        return (0, 0, "")
    return (1, int(text), "") if text.isdecimal() else (2, 0, text)


def hierarchy_currencies(hierarchy: Hierarchy) -> set[str]:
    """Every currency that a distributor row names."""
    return {row.currency for rows in hierarchy.rows.values() for row in rows if row.currency}
