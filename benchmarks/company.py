"""A large company drawn at random, the same for the same seed: 2,000 branches under 400 parents, 5,000 SKUs, 300 programs.

The transactions go to Parquet as an ERP would export them; the other tables are sheets as a host reads them.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rebate_udfs.parse import RawTable

SEED = 20260101
BRANCHES, PARENTS, SKUS, CATEGORIES, PROGRAMS = 2_000, 400, 5_000, 40, 300
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)
DAYS = (LAST - FIRST).days + 1
ROW_GROUP = 500_000


def _month(number: int) -> date:
    return date(2025 + number // 12, number % 12 + 1, 1)


def transactions(rows: int, folder: Path) -> Path:
    """The Parquet file with that many transactions, made when it is not there: 3 % returns, prices of about 30 a unit."""
    path = folder / f"transactions_{rows}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(SEED + rows)
    price = np.round(draw.lognormal(3, 1, SKUS) * 100).astype(np.int64)
    branches = pa.array([f"B{number:05d}" for number in range(BRANCHES)])
    skus = pa.array([f"SKU{number:06d}" for number in range(SKUS)])
    part = path.with_suffix(".part")
    writer = None
    for start in range(0, rows, ROW_GROUP):
        many = min(ROW_GROUP, rows - start)
        sku = (draw.zipf(1.3, many) % SKUS).astype(np.int32)
        returned = draw.random(many) < 0.03
        quantity = draw.integers(1, 200, many) * np.where(returned, -1, 1)
        cents = quantity * np.round(price[sku] * draw.uniform(0.9, 1.1, many)).astype(np.int64)
        day = np.datetime64(FIRST) + draw.integers(0, DAYS, many).astype("timedelta64[D]")
        table = pa.table({
            "Transaction ID": pa.array(np.char.add("T", np.arange(start, start + many).astype(str))),
            "Invoice Date": pa.array(day.astype("datetime64[D]")),
            "Distributor ID": pa.DictionaryArray.from_arrays(pa.array(draw.integers(0, BRANCHES, many).astype(np.int32)), branches).cast(pa.string()),
            "SKU": pa.DictionaryArray.from_arrays(pa.array(sku), skus).cast(pa.string()),
            "Quantity": pa.array(quantity),
            "Amount": _decimals(cents),
            "Type": pa.array(np.where(returned, "Return", "Invoice")),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(part, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    assert writer is not None, "a company sells something"
    writer.close()
    part.rename(path)
    return path


def _decimals(cents: np.ndarray) -> pa.Array:
    """Whole cents as decimal(18, 2), without a Python object for each."""
    wide = np.empty((len(cents), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = cents, np.where(cents < 0, -1, 0)
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(wide.tobytes())])


def sheets() -> list[RawTable]:
    """Every table but the transactions: a fifth of the programs enrolls branches, the others parents with all their branches."""
    draw = np.random.default_rng(SEED)
    parent_of = draw.integers(0, PARENTS, BRANCHES)
    distributors = [(f"P{number:04d}", f"Parent {number}", None) for number in range(PARENTS)]
    distributors += [(f"B{number:05d}", f"Branch {number}", f"P{parent_of[number]:04d}") for number in range(BRANCHES)]
    categories = draw.integers(0, CATEGORIES, SKUS)
    products = [(f"SKU{number:06d}", f"CAT{categories[number]:02d}") for number in range(SKUS)]
    programs, tiers, scopes, enrollments = [], [], [], []
    for number in range(PROGRAMS):
        name = f"AGR{number:04d}"
        first = int(draw.integers(0, 13))
        last = min(24, first + int(draw.choice([6, 12, 12, 12, 24])))
        by_branch, excluding = draw.random() < 0.2, draw.random() < 0.2
        method = str(draw.choice(["Retrospective", "Retrospective", "Incremental", "Total", "Linear"]))
        programs.append((name, f"Agreement {number}", "Volume", _month(first), _month(last) - timedelta(days=1) if last < 24 else LAST,
                         str(draw.choice(["Month", "Quarter", "Year"])), method, "Branch" if by_branch else "Parent"))  # fmt: skip
        tiers += [(name, start, reward) for start, reward in ((0, "0.005"), (100_000, "0.01"), (250_000, "0.02"), (1_000_000, "0.03"))]
        picked = draw.choice(CATEGORIES, int(draw.integers(1, 5)) if excluding else int(draw.integers(2, 9)), replace=False)
        scopes += [(name, "Exclude" if excluding else "Include", "Category", f"CAT{category:02d}") for category in picked]
        if by_branch:
            enrollments += [(name, f"B{branch:05d}") for branch in draw.choice(BRANCHES, int(draw.integers(5, 60)), replace=False)]
        else:
            enrollments += [(name, f"P{parent:04d}") for parent in draw.choice(PARENTS, int(draw.integers(4, 30)), replace=False)]
    return [
        _sheet("Settings", ("Setting", "Value"), [("Company", "Large")]),
        _sheet("Programs", ("Program ID", "Program Name", "Rebate Type", "Starts On", "Ends On", "Period", "Method", "Aggregate By"), programs),
        _sheet("Tiers", ("Program ID", "From", "Reward"), [(name, start, Decimal(reward)) for name, start, reward in tiers]),
        _sheet("Scopes", ("Program ID", "Rule", "Dimension", "Value"), scopes),
        _sheet("Enrollments", ("Program ID", "Distributor ID"), enrollments),
        _sheet("Distributors", ("Distributor ID", "Distributor Name", "Parent ID"), distributors),
        _sheet("Products", ("SKU", "Category"), products),
    ]


def _sheet(name: str, headers: tuple[str, ...], rows: list[Any]) -> RawTable:
    return RawTable(name, name, list(headers), 1, [(at, list(row)) for at, row in enumerate(rows, 2)])
