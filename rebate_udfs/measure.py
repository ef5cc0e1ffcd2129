"""What each participant did in each period: the cells meet programs, participants and scopes, and are summed.

`qualify` has collapsed the lines to cells of whole numbers and small codes, whatever engine they ran on. From here on
everything is arrays: for each counting the cells of its parties and products are picked out, placed in time and added up.
Single lines of programs that walk them go the same way, so that one decision has one place. What follows is a few
thousand values, exact; rates, currencies and percents are applied to sums, in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .cells import Cells, numbered, sums_by_class
from .model import LineProfile, Lines
from .participants import Hierarchy
from .placing import Crowd, Moments, Placing
from .qualify import LOST, NO_ORIGINAL, Classes, Counting, classify, lines_in, originals, profile

EPOCH, MANY_DAYS = date(1970, 1, 1).toordinal(), 2**30  # dates as days since 1970; later than every date


class Sum(NamedTuple):
    """Lines that agree in everything that a rule may ask: whole numbers in the units of `Lines`."""

    cut: int
    rate_day: date  # a day that decides the exchange rate; date.min when one currency is all there is
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
class Met:
    """Where the cells of one counting go: arrays of one length, `at` the position of the cell. What nobody asks for is not looked up."""

    at: np.ndarray
    row: np.ndarray  # of the crowd
    moment: np.ndarray
    flags: np.ndarray  # bits: 1 in the measure, 2 in the base, 4 in the focus
    crowd: Crowd
    moments: Moments

    @property
    def participant(self) -> np.ndarray:
        return self.crowd.participant[self.row]

    @property
    def home(self) -> np.ndarray:
        return self.crowd.home[self.row]

    @property
    def period(self) -> np.ndarray:
        return self.moments.period[self.moment]

    @property
    def cut(self) -> np.ndarray:
        return self.moments.cut[self.moment]

    @property
    def rate_day(self) -> np.ndarray:
        return self.moments.rate_day[self.moment]

    @property
    def by_original(self) -> np.ndarray:
        return self.moments.by_original[self.moment]

    @property
    def counted_day(self) -> np.ndarray:
        return self.moments.counted_day[self.moment]


def meet(found: Cells, crowd: Crowd, moments: Moments, flags: np.ndarray) -> Met:
    """The cells that count: of the crowd's parties, in products with a flag, on days that belong to party and period.

    `flags` are the bits of each product class (1 qualifies, 2 is in the base, 4 in the focus).
    """
    at, row = found.pick(crowd.party, np.flatnonzero(flags & 3))
    timely = np.flatnonzero((moments.period >= 0)[found.moment[at]])
    at, row = at[timely], row[timely]
    moment = found.moment[at]
    counted, bits = moments.counted_day[moment], flags[found.product[at]] & crowd.flags[row]
    keep = np.flatnonzero((counted >= crowd.first_day[row]) & (counted <= crowd.last_day[row]) & ((bits & 3) > 0))
    return Met(at[keep], row[keep], moment[keep], bits[keep], crowd, moments)


def measure(lines: Lines, classes: Classes, multi_currency: bool) -> Measured:
    """Sum the lines of a book for every counting of one date basis."""
    seen = profile(lines, classes.basis)
    if seen is None or not classes.countings:
        return Measured(reasons={counting.number: {} for counting in classes.countings})
    found, placing = _collapsed(lines, classes, seen, multi_currency or seen.has_currency)
    parties = _by_party(found)
    unknown = _only(found, classes.product_class[""])
    total = Measured(rows=int(found.rows.sum()), undated=seen.undated, returns_alone=seen.returns - _with_originals(found))
    every = np.array([7], np.int64)
    for at, counting in enumerate(classes.countings):
        crowd, flags = placing.crowd_of[counting.number], placing.product_bits(at)
        moments, reasons = placing.moments(counting, found.moments, found.rows_by_moment)
        total.reasons[counting.number] = reasons
        _add_sums(total, counting, found, meet(found, crowd, moments, flags), placing)
        anyone = crowd.anyone()
        _add_placed(total, counting, parties, meet(parties, anyone, moments.of(found.moments, parties.moments), every), placing)
        if counting.scope.needs_products and len(unknown.rows):
            missed = meet(unknown, anyone, moments.of(found.moments, unknown.moments), every)
            if len(missed.at):
                total.unknown_skus[counting.number] = int(unknown.rows[missed.at].sum())
    return total


def _collapsed(lines: Lines, classes: Classes, seen: LineProfile, multi_currency: bool) -> tuple[Cells, Placing]:
    """The cells of one date basis, and the tables that decide about them; with several currencies cells know their first date."""
    original_dates = originals(lines, classes.basis) if seen.has_originals else None
    classified, keys = classify(lines, classes, seen, original_dates)
    days = np.unique(classes.calendar(seen.first, seen.last, original_dates is not None).column("day").to_numpy())
    table = sums_by_class(lines, classified, keys, classes, days, multi_currency)
    return Cells(table, len(classes.product_flags)), Placing(classes, multi_currency)


def meetings(lines: Lines, classes: Classes, multi_currency: bool) -> Iterator[tuple[Counting, Cells, Met, Placing]]:
    """Each counting of one date basis with the cells that count for it, for whoever needs other sums than a rule does."""
    seen = profile(lines, classes.basis)
    if seen is None:
        return
    found, placing = _collapsed(lines, classes, seen, multi_currency or seen.has_currency)
    for at, counting in enumerate(classes.countings):
        moments, _ = placing.moments(counting, found.moments, found.rows_by_moment)
        yield counting, found, meet(found, placing.crowd_of[counting.number], moments, placing.product_bits(at)), placing


def _only(found: Cells, product: int) -> Cells:
    """The cells of one product class, as if there were no other."""
    return _without_products(found, np.flatnonzero(found.product == product))


def _by_party(found: Cells) -> Cells:
    """The rows of every party and moment, products aside."""
    code = found.party.astype(np.int64) * len(found.moments) + found.moment
    unique, at = numbered(code)
    sums = np.bincount(at, weights=found.rows, minlength=len(unique)).astype(np.int64)  # rows are counts: exact as floats
    first = np.zeros(len(unique), np.int64)
    first[at] = np.arange(len(at))
    return _without_products(found, first, sums)


def _without_products(found: Cells, which: np.ndarray, rows: np.ndarray | None = None) -> Cells:
    day, original, returned = found.moments[found.moment[which]].T
    zero = np.zeros(len(which), np.int64)
    table = pa.table({"party": found.party[which], "product": zero, "day": day, "original": original, "returned": returned,
                      "amount": zero, "quantity": zero, "rows": found.rows[which] if rows is None else rows})  # fmt: skip
    return Cells(table, 1)


def _with_originals(found: Cells) -> int:
    """Rows of returns and credit notes whose original is known."""
    return int(found.rows_by_moment[found.moments[:, 1] != NO_ORIGINAL].sum())


def _add_sums(total: Measured, counting: Counting, found: Cells, met: Met, placing: Placing) -> None:
    """Add up what agrees in everything that a rule may ask."""
    if not len(met.at):
        return
    same = np.broadcast_to(np.int64(0), len(met.at))  # one currency is all there is
    money = (met.rate_day, met.home, found.currency[met.at]) if placing.multi_currency else (same, same, same)
    keys = [met.participant, met.period, met.cut - LOST, *money, met.flags]
    code = np.zeros(len(met.at), np.int64)
    for key in keys:
        if key is not same:
            code *= int(key.max()) + 1
            code += key
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(code[order]) != 0))
    at, first = met.at[order], order[starts]
    sums = [np.add.reduceat(values[at], starts).tolist() for values in (found.amount, found.quantity, found.rows)]
    dates = np.where(met.by_original[order], MANY_DAYS, found.first_date[at]) if placing.multi_currency else same
    firsts = np.minimum.reduceat(dates, starts).tolist()
    names, homes, day_starts = placing.participants, placing.currencies, placing.classes.starts
    columns = [key[first].tolist() for key in keys]
    for participant, period, cut, rate_day, home, currency, flags, amount, quantity, rows, first_date in zip(*columns, *sums, firsts, strict=True):
        if cut + LOST == LOST:
            before = total.lost.get(counting.number, Lost(0, 0))
            total.lost[counting.number] = Lost(before.rows + rows, before.amount + amount)
            continue
        rate_date = date.fromordinal(EPOCH + first_date) if placing.multi_currency and first_date < MANY_DAYS else day_starts[rate_day]
        entry = Sum(cut + LOST, rate_date, found.currencies[currency] or homes[home], bool(flags & 1), bool(flags & 2), bool(flags & 4),
                    amount, quantity, rows)  # fmt: skip
        total.sums.setdefault((counting.number, names[participant], period), []).append(entry)


def _add_placed(total: Measured, counting: Counting, parties: Cells, met: Met, placing: Placing) -> None:
    """All rows of the participant's distributors in the period, counted or not."""
    periods = len(counting.periods) + 1
    unique, at = numbered(met.participant * periods + met.period)
    sums = np.bincount(at, weights=parties.rows[met.at], minlength=len(unique)).astype(np.int64)
    for code, rows in zip(unique.tolist(), sums.tolist(), strict=True):
        total.placed[counting.number, placing.participants[code // periods], code % periods] = rows


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
    placing = Placing(classes, multi_currency or seen.has_currency)
    index = {counting.number: at for at, counting in enumerate(classes.countings)}
    flags = {counting.number: placing.product_bits(index[counting.number]) for counting in walked}
    parties = np.unique(np.concatenate([placing.crowd_of[counting.number].party for counting in walked]))
    products = np.flatnonzero(np.bitwise_or.reduce(np.stack(list(flags.values()))) & 3)
    classified, keys = classify(lines, classes, seen, originals(lines, classes.basis) if seen.has_originals else None)
    table = lines.engine_run.collect(lines_in(classified, keys, parties.tolist(), products.tolist()))
    found = Cells(table, len(classes.product_flags))
    rows = table.take(pa.array(found.order)).to_pylist()
    lists: list[CountedLine] = []
    for counting in walked:
        moments, _ = placing.moments(counting, found.moments, found.rows_by_moment)
        met = meet(found, placing.crowd_of[counting.number], moments, flags[counting.number])
        lists += _counted(counting, met, rows, placing)
    return sorted(lists, key=lambda each: (each.counted_on, each.invoice_number, line_order(each.line), each.transaction_id))


def _counted(counting: Counting, met: Met, rows: list[dict[str, Any]], placing: Placing) -> Iterator[CountedLine]:
    columns = (met.at, met.participant, met.period, met.cut, met.rate_day, met.home, met.flags, met.by_original)
    for at, participant, period, cut, rate_day, home, flags, by_original in zip(*(column.tolist() for column in columns), strict=True):
        if cut != LOST:
            row = rows[at]
            yield CountedLine(
                counting.number, placing.participants[participant], period, cut, row["original_date"] if by_original else row["dated"],
                row["invoice_number"], row["line"], row["transaction_id"], row["currency"] or placing.currencies[home],
                (row["original_date"] if by_original else row["dated"]) if placing.multi_currency else placing.classes.starts[rate_day],
                bool(flags & 1), bool(flags & 2), int(row["amount"]), int(row["quantity"]),
            )  # fmt: skip


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
