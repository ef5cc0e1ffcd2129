"""A thousand cells with our functions beside a thousand native formulas in a real LibreOffice: time of one hard recalculation, and ratios.

Run as `python -m benchmarks.calc_cells`; the extension is built and installed for a LibreOffice of the benchmark's own.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CELLS, TRIES = 1000, 5
LADDER = [[0, 0.01], [5000, 0.02], [10000, 0.04]]  # in A1:B3
FORMULAS = {  # what each stands for: the formula; {0} is the measure
    "native": "={0}*VLOOKUP({0},$A$1:$B$3,2)",
    "REBATE_AMOUNT": "=REBATE_AMOUNT({0},$A$1:$B$3)",
    "REBATE_AMOUNT, all arguments": '=REBATE_AMOUNT({0},$A$1:$B$3,"Incremental","Percent",{0},"At Least")',
    "REBATE_TIER": "=REBATE_TIER({0},$A$1:$B$3)",
    "REBATE_NEXT_TIER_VALUE": "=REBATE_NEXT_TIER_VALUE({0},$A$1:$B$3)",
    "REBATE_MDF": "=REBATE_MDF({0},0.5,2000)",
}


def microseconds(office: Any, formula: str, cells: int = CELLS, tries: int = TRIES) -> float:
    """The fastest of several recalculations of so many cells with a formula, for each cell."""
    office.open("new")
    for row, (start, reward) in enumerate(LADDER, start=1):
        office.put("Sheet1", f"A{row}", start)
        office.put("Sheet1", f"B{row}", reward)
    for row in range(1, cells + 1):
        office.put("Sheet1", f"D{row}", formula.format(row * 17))
    return min(office.calculate() for _ in range(tries)) / cells * 1e6


def main() -> None:
    """Print the time of a cell for each formula, and how many native formulas it takes."""
    sys.path.insert(0, str(ROOT / "tests"))
    from test_calc import Office, programs

    python, program = programs()
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        office = Office(python, program, Path(folder), {"REBATES_PYTHONPATH": sysconfig.get_path("purelib")}).start()
        try:
            taken = {name: microseconds(office, text) for name, text in FORMULAS.items()}
        finally:
            office.stop()
    print(f"{CELLS:,} cells each, fastest of {TRIES} recalculations, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name, each in taken.items():
        print(f"{name:32}{each:8.0f} us a cell{each / taken['native']:8.1f} x native")


if __name__ == "__main__":
    main()
