"""The runs behind the reasons of a close: the same computation on what was known then, with one thing at a time as it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from .closing_reasons import LATE, RETURN, States, Walk, states_of
from .model import Lines, Run, Tables
from .pipeline import run
from .stored_inputs import LINES, invoices_of, lines_of, lines_table, returns_of

TERMS = ("Settings", "Programs", "Tiers", "Scopes", "Enrollments", "Products", "Baselines", "Special Prices")
STEPS = (  # reason, the tables that then are as they are now
    ("MEMBERSHIP_CHANGE", ("Distributors",)),
    ("TERMS_CHANGE", TERMS),
    ("RATE_CHANGE", ("Exchange Rates",)),
    ("CLAIM", ("Claims", "Payments", "Disputes", "Adjustments")),  # the transactions' steps come before it
)
FIELDS = {"Special Prices": "special_prices", "Exchange Rates": "exchange_rates"}


def walk_of(
    now: Run,
    tables: Tables,
    first_day: date,
    then: Tables | None,
    last_close: date | None,
    changed: frozenset[str],
    states: Callable[[Run], States] = states_of,
) -> Walk:
    """The walk from the last close to `now`, the run of this one.

    `first_day` is the accounting period's, `then` the inputs of the last close, `last_close` its day (None: there was
    none), `changed` the parts of the inputs that differ between the two. `states` says what is looked at: accruals, unless
    statements ask how earned moved.
    """
    bare = replace(tables, ledger=())
    compute = partial(run, for_books=states is states_of)  # accruals alone take half the time
    before = compute(bare, last_close or first_day - timedelta(days=1))
    found, at = states(now), states(before)
    if last_close is None or then is None:
        return Walk(found, at, at, has_history=False)
    rows = lines_table(tables.lines) if tables.lines else None
    without = None
    if rows is not None and tables.lines is not None and _has_returns(rows, last_close, now.as_of):
        places = (tables.lines.quantity_places, tables.lines.amount_places)
        without = states(compute(replace(bare, lines=lines_of(invoices_of(rows, last_close), *places)), now.as_of))
    steps: tuple[tuple[str, States], ...] = ()
    if _touches_the_past(changed, last_close):
        steps = tuple(_steps(then, bare, rows, changed, lambda known: states(compute(known, last_close))))
    reached: States = at
    if "Forecasts" in changed:
        reached = steps[-1][1] if steps else states(compute(replace(bare, forecasts=then.forecasts), last_close))
    return Walk(found, at, reached, steps, without)


def _has_returns(rows: pa.Table, after: date, by: date) -> bool:
    days = returns_of(rows)["invoice_date"]
    return bool(pc.any(pc.and_(pc.greater(days, pa.scalar(after, pa.date32())), pc.less_equal(days, pa.scalar(by, pa.date32())))).as_py())


def _touches_the_past(changed: frozenset[str], last_close: date) -> bool:
    """Whether something that counted at the last close is not as it was then; a later month's transactions are not."""
    months = {name.removeprefix(LINES) for name in changed if name.startswith(LINES)}
    others = {name for name in changed if not name.startswith(LINES)} - {"Accounts", "Control Totals", "Payments", "Forecasts"}
    return bool(others) or any(month == "places" or month <= f"{last_close:%Y-%m}" for month in months)


def _steps(
    then: Tables, now: Tables, rows: pa.Table | None, changed: frozenset[str], stands: Callable[[Tables], States]
) -> Iterator[tuple[str, States]]:
    """The states after each step; `stands` gives those of a book as of the last close's day. Only what changed is computed anew."""
    current = replace(then, ledger=(), claim_entries=now.claim_entries)
    yield "", stands(current)
    for reason, names in STEPS:
        if reason == "CLAIM" and now.lines is not None and rows is not None and any(name.startswith(LINES) for name in changed):
            for line_reason, lines in _line_steps(current, now, rows):
                current = replace(current, lines=lines)
                yield line_reason, stands(current)
        if changed & set(names):
            current = replace(current, **{field: getattr(now, field) for field in map(_field, names)})
            yield reason, stands(current)


def _line_steps(then: Tables, now: Tables, rows: pa.Table) -> Iterator[tuple[str, Lines]]:
    """First the sales as they are now, then the returns too. Amounts are in the finer unit of the two."""
    assert now.lines is not None
    places = (now.lines.quantity_places, now.lines.amount_places)
    old = lines_table(then.lines) if then.lines is not None else None
    same_unit = then.lines is not None and places == (then.lines.quantity_places, then.lines.amount_places)
    if old is not None and same_unit and returns_of(old) != returns_of(rows):
        yield LATE, lines_of(pa.concat_tables([invoices_of(rows), returns_of(old)]), *places)
        yield RETURN, lines_of(rows, *places)
    else:
        yield LATE, lines_of(rows, *places)


def _field(name: str) -> str:
    return FIELDS.get(name, name.lower())
