"""Which transactions count for which program: lines are grouped into classes that no program tells apart.

To a program that does not look at single lines, two lines are one when their distributor, product class, day
class and currency agree. So millions of lines are summed first (one GROUP BY) and only the small result meets
programs, scopes and enrollments. `classify` and `grouped` are narwhals expressions and run on every engine;
`verdict` says of one line what the same tables say of millions, in words.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import narwhals as nw
import pyarrow as pa

from .model import DateBasis, LineProfile, Lines, Period, Product, Program, Returns, line_profile
from .participants import Hierarchy, Place
from .scopes import PARTY_DIMENSIONS, PRODUCT_DIMENSIONS, CommonScope, Flags, ProgramScope, party_values, product_classes, product_values

DAY = timedelta(days=1)
NO_ORIGINAL = -1
LOST = -1  # the cut of returns that came too late to be deducted
DATE_COLUMN = {
    DateBasis.INVOICE: "invoice_date", DateBasis.ORDER: "order_date", DateBasis.SHIP: "ship_date", DateBasis.POSTED: "posted_on",
}  # fmt: skip
ALL_TRUE: Flags = (True, True, True)

REASONS = {  # why a usable line does not count for a program, in order of precedence
    "AFTER_AS_OF": "dated after the as-of date",
    "RETURN_IGNORED": "returns do not count in this program",
    "RETURN_AFTER_CLAIM_WINDOW": "returned after the program's last day and its claim window",
    "OUTSIDE_PROGRAM_DATES": "outside the program's dates",
    "NOT_ENROLLED": "the distributor takes no part in the program on that date",
    "SKU_NOT_IN_PRODUCTS": "the SKU is not in the Products table, so its category and brand are unknown",
    "OUT_OF_SCOPE": "not in the program's scope",
    "NO_EXCHANGE_RATE": "no exchange rate on that date",
}


@dataclass(frozen=True, slots=True)
class Counting:
    """One count of transactions: whose, when and which. A program needs one, a growth baseline another."""

    number: int
    program: Program
    purpose: str  # "measure", "baseline", ..
    periods: tuple[Period, ...]
    places: Sequence[Place]
    scope: ProgramScope | CommonScope
    cut_days: tuple[date, ...] = ()  # last days of settlements before the period's end: sums are kept apart there
    other: Counting | None = None  # Net Of: a second program that must count the line as well, in the same period

    def period_at(self, day: date) -> int | None:
        """The index of the period that holds a day."""
        at = bisect_right(self.periods, day, key=lambda period: period.starts_on) - 1
        return at if at >= 0 and day <= self.periods[at].ends_on else None

    def boundaries(self) -> set[date]:
        """Days on which something changes for this count."""
        found = {period.starts_on for period in self.periods} | {period.ends_on + DAY for period in self.periods}
        found |= {day + DAY for day in self.cut_days}
        return found | {place.starts_on for place in self.places} | {place.ends_on + DAY for place in self.places}

    def windows(self) -> set[date]:
        """Days on which something changes for returns that name their original, and for nothing else."""
        if self.program.returns is not Returns.DEDUCT:
            return set()
        window = (self.program.claim_window_days + 1) * DAY
        return {period.ends_on + window for period in self.periods} | {self.program.ends_on + DAY}


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a line's date puts it: the day that counts, its period, and the settlement by which it was known."""

    counted_on: date
    period: int
    cut: int
    by_original: bool
    lost: bool = False  # a return of a counted line that came after the claim window: shown, never deducted


def timing(counting: Counting, day: date, original_day: date | None, is_return: bool) -> Timing | str:
    """Place a line in time, or give the reason why it has no place; with a second program both must place it alike."""
    found = _timing(counting, day, original_day, is_return)
    if counting.other is None or isinstance(found, str):
        return found
    second = _timing(counting.other, day, original_day, is_return)
    if isinstance(second, str) or second.period != found.period:
        return "OUTSIDE_PROGRAM_DATES"
    return found


def _timing(counting: Counting, day: date, original_day: date | None, is_return: bool) -> Timing | str:
    """Place a line in time for one program.

    `day` is the line's own date by Date Basis (not after the as-of date), `original_day` that of its Original
    Transaction ID where it is known. Rules: Returns (design step "Measure").
    """
    program = counting.program
    counted_on, by_original = day, False
    if is_return and program.returns is Returns.IGNORE:
        return "RETURN_IGNORED"
    if is_return and original_day is not None:
        if program.returns is Returns.ORIGINAL_PERIOD:
            counted_on, by_original = original_day, True
        elif day > program.ends_on and (period := counting.period_at(original_day)) is not None:
            if day > counting.periods[period].ends_on + program.claim_window_days * DAY:
                return Timing(original_day, period, LOST, True, lost=True)
            counted_on, by_original = original_day, True
    at = counting.period_at(counted_on)
    if at is None:
        return "OUTSIDE_PROGRAM_DATES"
    return Timing(counted_on, at, bisect_left(counting.cut_days, day), by_original)


class Classes:
    """The classes of one date basis: codes for distributors, product classes, day classes."""

    def __init__(
        self, basis: DateBasis, countings: Sequence[Counting], hierarchy: Hierarchy, products: Iterable[Product], extra_days: set[date], as_of: date
    ) -> None:
        self.basis, self.countings, self.hierarchy, self.as_of = basis, tuple(countings), hierarchy, as_of
        self.products = {product.sku: product for product in products}
        days = extra_days | {as_of + DAY}
        for places in {id(counting.places): counting for counting in countings}.values():
            days |= {place.starts_on for place in places.places} | {place.ends_on + DAY for place in places.places}
        for counting in countings:
            days |= counting.boundaries()
        for party in hierarchy.rows:
            days |= hierarchy.cuts(party)
        self.without_windows = [date.min, *sorted(days)]
        self.starts = [date.min, *sorted(days.union(*(counting.windows() for counting in countings)))]
        self.parties = list(hierarchy.rows)
        self.party_code = {party: code for code, party in enumerate(self.parties)}
        named = {value for counting in countings for each in counting.scope.lists for lists in (each.include, each.exclude)
                 for values in lists.values() for value in values}  # fmt: skip
        skus = [*self.products, *sorted(named - set(self.products)), ""]  # "" stands for every other unknown SKU
        self.product_class, self.product_flags = product_classes(skus, self.products, [counting.scope for counting in countings])

    def day_class(self, day: date) -> int:
        return bisect_right(self.starts, day) - 1

    @cached_property
    def late(self) -> int:
        """The first day class after the as-of date."""
        return self.day_class(self.as_of + DAY)

    def calendar(self, first: date, last: date, has_originals: bool) -> pa.Table:
        """Each day from `first` to `last` with its class; days that only claim windows part have one where no line names an original."""
        days = [first + n * DAY for n in range((last - first).days + 1)]
        starts = days if has_originals else [self.without_windows[bisect_right(self.without_windows, day) - 1] for day in days]
        return pa.table({"day_date": pa.array(days, pa.date32()), "day": pa.array([self.day_class(start) for start in starts], pa.int32())})

    def party_table(self) -> pa.Table:
        return pa.table({"distributor_id": pa.array(self.parties, pa.string()), "party": pa.array(range(len(self.parties)), pa.int32())})

    def product_table(self) -> pa.Table:
        known = [(sku, number) for sku, number in self.product_class.items() if sku]
        return pa.table({"sku": pa.array([k[0] for k in known], pa.string()), "product": pa.array([k[1] for k in known], pa.int32())})


def originals(lines: Lines, basis: DateBasis) -> Any:
    """The returns' originals with their dates, or None where no line names one: transaction id -> date by basis."""
    engine, column = lines.engine_run, DATE_COLUMN[basis]
    wanted = lines.frame.filter(nw.col("type") != "Invoice", nw.col("original_transaction_id") != "").select(
        wanted_id=nw.col("original_transaction_id")
    )
    wanted = engine.frame(engine.collect(wanted.unique()))
    found = lines.frame.select("transaction_id", dated=nw.coalesce(nw.col(column), nw.col("invoice_date"))).join(
        wanted, left_on="transaction_id", right_on="wanted_id", how="inner"
    )
    table = engine.collect(found.select(original_transaction_id=nw.col("transaction_id"), original_date=nw.col("dated")))
    return table if table.num_rows else None


def profile(lines: Lines, basis: DateBasis) -> LineProfile | None:
    """The span of dates by `basis`, and which columns matter: known since reading, else one pass over the lines. None without lines."""
    if DATE_COLUMN[basis] in lines.profiles:
        return lines.profiles[DATE_COLUMN[basis]]
    dated = nw.coalesce(nw.col(DATE_COLUMN[basis]), nw.col("invoice_date"))
    found = lines.engine_run.collect(
        lines.frame.select(
            first=dated.min(), last=dated.max(), returns=(nw.col("type") != "Invoice").sum(), originals=nw.col("original_transaction_id").max(),
            currency=nw.col("currency").max(), undated=nw.col(DATE_COLUMN[basis]).is_null().sum(),
        )
    ).to_pylist()[0]  # fmt: skip
    return line_profile(found["first"], found["last"], found["returns"], found["originals"], found["currency"], found["undated"])


def classify(lines: Lines, classes: Classes, seen: LineProfile, original_dates: Any = None) -> tuple[Any, list[str]]:
    """Add the class columns to the lines: party, product, day, and where they matter returned, original, currency.

    Returns the frame and the names of the class columns that are in it. Lines of distributors that are not in
    the book do not exist here (reading has left them out).
    """
    engine, unknown = lines.engine_run, classes.product_class[""]
    calendar = classes.calendar(seen.first, seen.last, original_dates is not None)
    frame = lines.frame.with_columns(dated=nw.coalesce(nw.col(DATE_COLUMN[classes.basis]), nw.col("invoice_date")))
    frame = frame.join(engine.frame(calendar), left_on="dated", right_on="day_date", how="inner")
    frame = frame.join(engine.frame(classes.party_table()), on="distributor_id", how="inner")
    frame = frame.join(engine.frame(classes.product_table()), on="sku", how="left").with_columns(product=nw.col("product").fill_null(unknown))
    keys = ["party", "product", "day"]
    ignoring = any(each.program.returns is Returns.IGNORE for counting in classes.countings for each in (counting, counting.other) if each)
    if seen.returns and (ignoring or original_dates is not None):  # else a return counts as any line of its day does
        frame = frame.with_columns(returned=nw.when(nw.col("type") != "Invoice").then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int32))
        keys.append("returned")
    if original_dates is not None:
        days = engine.frame(calendar.rename_columns(["original_day_date", "original"]))
        frame = frame.join(engine.frame(original_dates), on="original_transaction_id", how="left")
        frame = frame.join(days, left_on="original_date", right_on="original_day_date", how="left")
        known = (nw.col("returned") == 1) & ~nw.col("original").is_null()
        frame = frame.with_columns(original=nw.when(known).then(nw.col("original")).otherwise(nw.lit(NO_ORIGINAL)).cast(nw.Int32))
        keys.append("original")
    if seen.has_currency:
        keys.append("currency")
    return frame, keys


def lines_of(lines: Lines, distributor_ids: Iterable[str]) -> list[dict[str, Any]]:
    """The lines of some distributors as rows, in the order of the source."""
    frame = lines.frame.filter(nw.col("distributor_id").is_in(sorted(distributor_ids)))
    rows: list[dict[str, Any]] = lines.engine_run.collect(frame).to_pylist()
    return sorted(rows, key=lambda row: (row["place"], row["row"]))


def grouped(frame: Any, keys: Sequence[str], dated: bool = False) -> Any:
    """One GROUP BY: signed sums and row counts of every combination of classes; with `dated` also the first date of each."""
    first = [nw.col("dated").min()] if dated else []
    return frame.group_by(*keys).agg(nw.col("amount").sum(), nw.col("quantity").sum(), nw.len().alias("rows"), *first)


def lines_in(frame: Any, keys: Sequence[str], parties: Sequence[int], products: Sequence[int]) -> Any:
    """The classified lines of some parties and product classes, with the columns that a walk needs."""
    dates = ["dated", *(["original_date"] if "original" in keys else [])]
    names = [*(name for name in keys if name != "currency"), "currency", "amount", "quantity", "invoice_number", "line", "transaction_id", *dates]
    return frame.filter(nw.col("party").is_in(parties), nw.col("product").is_in(products)).select(*names)


def verdict(
    counting: Counting, classes: Classes, distributor_id: str, sku: str, day: date, original_day: date | None, is_return: bool
) -> tuple[Timing | None, str, Flags, str, str]:
    """What one program says of one line: (timing, participant, flags, reason code, reason in words).

    The reason is "" when the line counts in the measure or in the base.
    """
    none: Flags = (False, False, False)
    if day > classes.as_of:
        return None, "", none, "AFTER_AS_OF", REASONS["AFTER_AS_OF"]
    placed = timing(counting, day, original_day, is_return)
    if isinstance(placed, str):
        return None, "", none, placed, REASONS[placed]
    place = next((p for p in _places_of(counting, distributor_id) if p.starts_on <= placed.counted_on <= p.ends_on), None)
    if place is None:
        return placed, "", none, "NOT_ENROLLED", REASONS["NOT_ENROLLED"]
    product = classes.products.get(sku)
    if product is None and counting.scope.needs_products:
        return placed, place.participant_id, none, "SKU_NOT_IN_PRODUCTS", REASONS["SKU_NOT_IN_PRODUCTS"]
    values = product_values(sku, product) | party_values(distributor_id, placed.counted_on, classes.hierarchy)
    dimensions = PRODUCT_DIMENSIONS + PARTY_DIMENSIONS
    flags = counting.scope.flags(dimensions, values)
    if placed.lost and (flags[0] or flags[1]):
        return placed, place.participant_id, none, "RETURN_AFTER_CLAIM_WINDOW", REASONS["RETURN_AFTER_CLAIM_WINDOW"]
    if flags[0] or flags[1]:
        return placed, place.participant_id, flags, "", ""
    failing = counting.scope.qualify.failing(dimensions, values)
    own = ", ".join(sorted(values.get(failing, frozenset()))) if failing else ""
    words = f"{REASONS['OUT_OF_SCOPE']}: {failing.value} {own or 'empty'}" if failing else REASONS["OUT_OF_SCOPE"]
    return placed, place.participant_id, none, "OUT_OF_SCOPE", words


def _places_of(counting: Counting, distributor_id: str) -> list[Place]:
    """The places of one distributor (they are in order of distributor)."""
    at = bisect_left(counting.places, distributor_id, key=lambda place: place.distributor_id)
    found = []
    while at < len(counting.places) and counting.places[at].distributor_id == distributor_id:
        found.append(counting.places[at])
        at += 1
    return found
