"""Millions of lines as cells: one for each combination of classes that no program tells apart, with sums and row counts.

Where the classes make a table that fits into memory, the lines are added into it as they come from the engine: a GROUP BY of as
many cells spends most of its time and memory on finding each line's cell. Both give the same cells, which a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from .model import Lines
from .qualify import NO_ORIGINAL, Classes, grouped

COUNTED_CODES = 2**24  # codes up to here are numbered by counting them
SAFE_SUM = 2**62  # beyond it sums leave 64 bits and go on as Python's whole numbers
FEW_PLACES, MOST_PLACES = 2**16, 2**24  # of the table that lines are added into: 20 bytes each
MOST_LINES = 2**31 - 1  # that a place can count
ONE = np.int32(1)  # of the type of what it is added to, which is thirty times faster
PLACES_A_LINE = 8  # a table with many more places than lines takes longer to look through than it saves


class Cells:
    """Cells (or single lines) as arrays, in order of party and product, so that any pair of them is one slice."""

    def __init__(self, table: pa.Table, products: int) -> None:
        self.products = max(products, 1)
        defaults = {"party": 0, "product": 0, "day": 0, "original": NO_ORIGINAL, "returned": 0, "rows": 1}
        columns = {name: _codes(table, name, default) for name, default in defaults.items()}
        code = columns["party"].astype(np.int64) * self.products + columns["product"]
        self.order = np.argsort(code, kind="stable")
        sort: Any = self.order if (np.diff(code) < 0).any() else slice(None)  # what is in order needs no copy
        code = code[sort]
        self.starts = np.flatnonzero(np.append(True, np.diff(code) != 0)) if len(code) else np.empty(0, np.int64)
        self.codes, self.ends = code[self.starts], np.append(self.starts[1:], len(code))
        self.amount, self.quantity = (_exact(table, name)[sort] for name in ("amount", "quantity"))
        self.moments, at = _moments(columns["day"], columns["original"], columns["returned"])
        self.moment = at[sort]
        self.party, self.product, self.rows = (columns[name][sort] for name in ("party", "product", "rows"))
        self.currencies, currency = _text_codes(table, "currency")
        self.currency = currency[sort]
        self.first_date = _codes(table, "dated", 0)[sort]  # days since 1970-01-01

    @cached_property
    def rows_by_moment(self) -> np.ndarray:
        """How many rows each (day, original, returned) holds."""
        return np.bincount(self.moment, weights=self.rows, minlength=len(self.moments)).astype(np.int64)

    def pick(self, party: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The positions of all cells of some parties in some products, and for each the index of its party in `party`."""
        wanted = (party.astype(np.int64)[:, None] * self.products + products[None, :]).ravel()
        at = np.searchsorted(self.codes, wanted)
        at[at == len(self.codes)] = 0
        hit = np.flatnonzero(self.codes[at] == wanted) if len(self.codes) else np.empty(0, np.int64)
        starts, lengths = self.starts[at[hit]], (self.ends - self.starts)[at[hit]]
        offsets = np.repeat(starts - np.append(0, np.cumsum(lengths)[:-1]), lengths) if len(hit) else np.empty(0, np.int64)
        return offsets + np.arange(lengths.sum()), np.repeat(hit // max(len(products), 1), lengths)


def sums_by_class(lines: Lines, classified: Any, keys: Sequence[str], classes: Classes, days: np.ndarray, dated: bool) -> pa.Table:
    """The signed sums and row counts of every combination of classes that occurs; with `dated` also the first date of each.

    `days` are the day classes of the lines.
    """
    found = None if dated else _added_up(lines, classified, keys, classes, days)
    return lines.engine_run.collect(grouped(classified, keys, dated)) if found is None else found


def _added_up(lines: Lines, classified: Any, keys: Sequence[str], classes: Classes, days: np.ndarray) -> pa.Table | None:
    """The same out of a table with a place for every combination; None where it would be too large, or a sum might leave 64 bits."""
    sizes = {"party": len(classes.parties), "product": len(classes.product_flags), "returned": 2, "day": len(days)}  # returns are few: apart
    if not sizes.keys() >= set(keys):
        return None
    keys = [name for name in sizes if name in keys]
    shape = [sizes[name] for name in keys]
    number = np.zeros(len(classes.starts), np.int64)
    number[days] = np.arange(len(days))
    if prod(shape) > max(FEW_PLACES, min(MOST_PLACES, PLACES_A_LINE * lines.rows_read)) or lines.rows_read > MOST_LINES:
        return None
    rows, sums = np.zeros(prod(shape), np.int32), {name: np.zeros(prod(shape), np.int64) for name in ("amount", "quantity")}
    most = dict.fromkeys(sums, 0)
    for batch in lines.engine_run.batches(classified.select(*keys, *sums)):
        at = np.zeros(len(batch), np.int64)
        for name in keys:
            at *= sizes[name]
            code = batch.column(name).to_numpy()
            at += number[code] if name == "day" else code
        np.add.at(rows, at, ONE)
        for name, total in sums.items():
            values = batch.column(name).to_numpy()
            most[name] += len(values) * max(int(values.max(initial=0)), -int(values.min(initial=0)))
            if most[name] >= SAFE_SUM:
                return None
            np.add.at(total, at, values)
    filled = np.flatnonzero(rows)
    codes = dict(zip(keys, np.unravel_index(filled, shape), strict=True))
    codes["day"] = days[codes["day"]]
    return pa.table({name: code.astype(np.int32) for name, code in codes.items()} | {name: total[filled] for name, total in sums.items()}
                    | {"rows": rows[filled].astype(np.int64)})  # fmt: skip


def _codes(table: pa.Table, name: str, default: int) -> np.ndarray:
    """A column of small whole numbers (dates as days); the same number throughout where there is no such column."""
    if name not in table.column_names:
        return np.broadcast_to(np.int64(default), len(table))
    column = table.column(name)
    return (column.cast(pa.int32()) if pa.types.is_date(column.type) else column).to_numpy()


def _exact(table: pa.Table, name: str) -> np.ndarray:
    """Whole numbers as int64, or as Python's own where a sum of them could leave 64 bits."""
    column = table.column(name)
    if pa.types.is_integer(column.type):
        values = column.to_numpy()
        if np.abs(values.astype(np.float64)).sum() < SAFE_SUM:
            return values
    return np.array([int(value) for value in column.to_pylist()], dtype=object)


def _text_codes(table: pa.Table, name: str) -> tuple[list[str], np.ndarray]:
    if not len(table) or name not in table.column_names:
        return [""], np.broadcast_to(np.int64(0), len(table))
    found = table.column(name).combine_chunks().dictionary_encode()
    found = found.chunk(0) if isinstance(found, pa.ChunkedArray) and found.num_chunks else found
    return found.dictionary.to_pylist(), found.indices.to_numpy().astype(np.int64)


def _moments(day: np.ndarray, original: np.ndarray, returned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The combinations of day class, original's day class and returned that occur, and which one each cell has."""
    width = int(max(day.max(initial=0), original.max(initial=0))) + 2
    code = (day.astype(np.int64) * width + original - NO_ORIGINAL) * 2 + returned
    unique, at = numbered(code)
    return np.stack([unique // 2 // width, unique // 2 % width + NO_ORIGINAL, unique % 2], 1), at


def numbered(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct codes in order and each one's number; small codes by counting, which needs no sort."""
    if not len(code) or code.max() > COUNTED_CODES:
        unique, at = np.unique(code, return_inverse=True)
        return unique, at.reshape(-1)
    unique = np.flatnonzero(np.bincount(code))
    number = np.zeros(int(code.max()) + 1, np.int32)
    number[unique] = np.arange(len(unique), dtype=np.int32)
    return unique, number[code]
