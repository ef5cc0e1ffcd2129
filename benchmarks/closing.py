"""Closing at scale: two months of a book with N participant-program pairs, and what N ten times as large costs.

Run: python -m benchmarks.closing [PAIRS ...]. Each close is a process of its own: preview, post to SQLite, and the Ledger
sheet, with the memory that reading the book and closing it add. Processor seconds, so that other work does not count.
"""

from __future__ import annotations

import csv
import json
import math
import random
import sys
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measuring import MEGABYTE, in_fresh_process, peak_and_now
from rebate_udfs import bookkeeping
from rebate_udfs.hosts.ledger_sheet import mirror
from rebate_udfs.hosts.reading import read_inputs
from rebate_udfs.hosts.template import write_template
from rebate_udfs.tables import read

PROGRAMS, SEED, SALES_A_MONTH = 10, 1, 2
MONTHS = ("2026-01", "2026-02")


def write_book(path: Path, pairs: int) -> None:
    """Ten yearly programs for everybody, pairs / 10 distributors, two sales a month each in a CSV file beside the workbook."""
    year = {"Rebate Type": "Volume", "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Year"}
    names = [f"D{number:06d}" for number in range(pairs // PROGRAMS)]
    write_template(path, sample={
        "Settings": [{"Setting": "Book ID", "Value": "B-BENCHMARK"}],
        "Programs": [{"Program ID": f"P{at}", "Program Name": f"Program {at}", **year} for at in range(PROGRAMS)],
        "Tiers": [{"Program ID": f"P{at}", "From": start, "Reward": rate} for at in range(PROGRAMS) for start, rate in ((0, 0.01), (5000, 0.02))],
        "Distributors": [{"Distributor ID": name, "Distributor Name": name} for name in names], "Products": [{"SKU": "F"}],
    })  # fmt: skip
    draw = random.Random(SEED)
    with path.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount"])
        for number, (month, name) in enumerate((month, name) for month in (1, 2) for name in names for _ in range(SALES_A_MONTH)):
            out.writerow([f"T{number}", date(2026, month, draw.randint(1, 28)), name, "F", 1, draw.randint(100, 900_000) / 100])


def close(path: Path, month: str) -> dict[str, Any]:
    """Close one month in this process."""
    before, laps = peak_and_now()[1], [time.process_time()]
    raw, files, problems = read_inputs(path, [path.with_suffix(".csv")])
    tables = read(raw, transactions=files, problems=problems)
    ledger = bookkeeping.open_ledger(tables, str(path))
    laps.append(time.process_time())
    made = bookkeeping.preview(tables, month, ledger)
    laps.append(time.process_time())
    done = bookkeeping.post(made, ledger, "benchmark")
    laps.append(time.process_time())
    mirror(path, tables, ledger.entries())
    laps.append(time.process_time())
    seconds = dict(zip(("read", "preview", "post", "sheet"), (end - start for start, end in pairwise(laps)), strict=True))
    return {**seconds, "entries": len(done.entries), "added_mb": (peak_and_now()[0] - before) / MEGABYTE}


def main(sizes: list[int]) -> None:
    """Every size, and the slope between the smallest and the largest."""
    spent = {}
    with tempfile.TemporaryDirectory() as folder:
        for pairs in sizes:
            path = Path(folder) / f"book{pairs}.xlsx"
            write_book(path, pairs)
            for month in MONTHS:
                found = in_fresh_process(__file__, ["one", str(path), month])
                spent[pairs] = found["preview"] + found["post"]
                print(
                    f"{pairs:>9,} pairs {month}: {found['entries']:>9,} entries, preview {found['preview']:6.1f} s, post {found['post']:5.1f} s, "
                    f"sheet {found['sheet']:5.1f} s, {found['added_mb']:6.0f} MB added"
                )
    if len(sizes) > 1:
        slope = math.log(spent[sizes[-1]] / spent[sizes[0]]) / math.log(sizes[-1] / sizes[0])
        print(f"log-log slope of preview and post, second month: {slope:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(close(Path(sys.argv[2]), sys.argv[3])))
    else:
        main([int(text) for text in sys.argv[1:]] or [10_000, 100_000])
