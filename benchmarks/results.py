"""Result sheets into a workbook of 100,000 rows in 15 columns: patching its package against loading and saving it with openpyxl.

python benchmarks/results.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import openpyxl

from benchmarks import reading
from benchmarks.measuring import in_fresh_process, measured
from rebate_udfs.hosts.files import write_results
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.pipeline import run
from rebate_udfs.report import report
from rebate_udfs.tables import read

COLUMNS = 15


def patched(path: Path) -> dict[str, float]:
    """Compute, then write; only the writing is measured."""
    tables, problems = read_book(path)
    found = run(read(tables, problems=problems))
    sheets = report(found)
    target = path.with_name("patched.xlsx")
    shutil.copy(path, target)
    figures = measured(lambda: len(write_results(target, found, sheets)))
    if figures["result"]:
        raise SystemExit("the results were not written")
    return figures


def loaded(path: Path) -> dict[str, float]:
    """What is compared with: openpyxl reads all of it and writes all of it, with no result at all."""

    def load_and_save() -> int:
        book = openpyxl.load_workbook(path)
        book.save(path.with_name("saved.xlsx"))
        return 0

    return measured(load_and_save)


PIECES = {"patched": patched, "loaded": loaded}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.piece:
        print(json.dumps(PIECES[given.piece](given.book)))
        return
    with tempfile.TemporaryDirectory() as folder:
        book = reading.workbook(given.rows, Path(folder) / "book.xlsx", extra=COLUMNS - len(reading.HEADERS))
        print(f"{given.rows:,} x {COLUMNS} cells, {book.stat().st_size / 1e6:.1f} MB")
        found = {name: in_fresh_process(__file__, ["--piece", name, "--book", str(book)]) for name in PIECES}
    ours, theirs = found["patched"], found["loaded"]
    print(f"result sheets into the workbook    {ours['seconds']:6.2f} s  {ours['added_mb']:6.0f} MB added (goal: 1 s)")
    print(f"openpyxl load and save             {theirs['seconds']:6.2f} s  {theirs['added_mb']:6.0f} MB added")
    print(f"ratio                              {theirs['seconds'] / ours['seconds']:6.1f} x (goal: 20 x)")


if __name__ == "__main__":
    main()
