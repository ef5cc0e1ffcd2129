"""Qualify and measure 300 programs over millions of transactions, against a plain GROUP BY branch, month over the same file.

    python benchmarks/qualify_measure.py [--rows 1000000] [--folder DIR] [--slope] [--profile]

Prints, all from one run: the time of the GROUP BY, of reading and checking, of counting, of the whole run, their ratios,
the memory each adds to a fresh process, counting and the GROUP BY by turns in one process (so that what else runs meanwhile
slows both), and with --slope how the time of a run grows from 10,000 to 1,000,000 rows.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import pstats
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb

from benchmarks import company
from benchmarks.measuring import in_fresh_process, measured, seconds
from rebate_udfs.agreements import agreements
from rebate_udfs.counting import count
from rebate_udfs.model import Tables
from rebate_udfs.participants import Hierarchy
from rebate_udfs.pipeline import book_date, run
from rebate_udfs.tables import read

TRIES = 3
PLAIN = """SELECT "Distributor ID", date_trunc('month', "Invoice Date") AS month, sum("Amount"), sum("Quantity"), count(*)
FROM read_parquet(?) GROUP BY 1, 2"""


def group_by(path: Path) -> int:
    """What is compared with: one GROUP BY, fetched as Arrow."""
    with duckdb.connect() as connection:
        return connection.sql(PLAIN, params=[str(path)]).to_arrow_table().num_rows


def checked(path: Path) -> Tables:
    """The book, read and checked."""
    return read(company.sheets(), transactions=[path])


def counted(tables: Tables) -> int:
    """Steps 1 and 2 of a run: every transaction meets every program."""
    hierarchy = Hierarchy(tables.distributors)
    programs, _ = agreements(tables, hierarchy)
    found = count(tables, programs, hierarchy, book_date(tables))
    return sum(len(sums) for sums in found.sums.values())


def piece(name: str, path: Path) -> dict[str, Any]:
    """One piece of work in this process: what it takes and adds; what comes before it is not in its figures."""
    if name == "group_by":
        group_by(path)  # the file is in the cache of the system for everybody
        return measured(lambda: group_by(path), TRIES)
    if name == "read":
        return measured(lambda: checked(path).lines.rows_read)  # type: ignore[union-attr]
    if name == "all":
        return measured(lambda: len(run(checked(path)).attainment))
    tables = checked(path)
    if name == "count":
        return measured(lambda: counted(tables))
    if name == "turns":
        return {"ratios": sorted(seconds(lambda: counted(tables))[0] / seconds(lambda: group_by(path))[0] for _ in range(TRIES))}
    return measured(lambda: len(run(tables).attainment))


def profile(path: Path, work: Callable[[Tables], object]) -> None:
    """Where the time of a piece of work goes, by function."""
    tables = checked(path)
    watch = cProfile.Profile()
    watch.runcall(work, tables)
    pstats.Stats(watch).sort_stats("cumulative").print_stats(35)


def slope(folder: Path) -> None:
    """How the time of a run grows: 1 is linear, in logarithms from 10,000 to 1,000,000 rows."""
    sizes, times = (10_000, 100_000, 1_000_000), []
    for rows in sizes:
        times.append(in_fresh_process(__file__, ["--rows", str(rows), "--folder", str(folder), "--piece", "all"])["seconds"])
        print(f"reading, checking and running {rows:>9,} rows: {times[-1]:6.2f} s")
    rise = (math.log(times[-1]) - math.log(times[0])) / (math.log(sizes[-1]) - math.log(sizes[0]))
    print(f"slope, log-log, 10 thousand to 1 million: {rise:.2f} (goal: 1.1 or less)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rebates_benchmark")
    parser.add_argument("--slope", action="store_true")
    parser.add_argument("--profile", choices=["count", "run"])
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    given = parser.parse_args()
    path = company.transactions(given.rows, given.folder)
    if given.piece:
        print(json.dumps(piece(given.piece, path)))
        return
    if given.profile:
        profile(path, counted if given.profile == "count" else run)
        return
    names = {"group_by": "GROUP BY branch, month", "read": "read and check", "count": "qualify and measure", "run": "the whole run after reading"}
    found = {name: in_fresh_process(__file__, ["--rows", str(given.rows), "--folder", str(given.folder), "--piece", name]) for name in names}
    base = found["group_by"]["seconds"]
    print(f"{given.rows:,} transactions, {company.PROGRAMS} programs, {path.stat().st_size / 1e6:,.0f} MB Parquet")
    for name, title in names.items():
        one = found[name]
        print(f"{title:30} {one['seconds']:8.2f} s  {one['seconds'] / base:7.1f} x GROUP BY  {one['added_mb']:7.0f} MB added  ({one['result']:,})")
    turns = in_fresh_process(__file__, ["--rows", str(given.rows), "--folder", str(given.folder), "--piece", "turns"])["ratios"]
    print(f"qualify and measure beside GROUP BY, {TRIES} times by turns: {', '.join(f'{ratio:.1f}' for ratio in turns)} x (goal: 4 or less)")
    if given.slope:
        slope(given.folder)


if __name__ == "__main__":
    main()
