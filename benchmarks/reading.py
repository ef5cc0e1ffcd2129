"""Reading a workbook of 100,000 transactions in ten columns: the product's reader against raw python-calamine.

    python benchmarks/reading.py [--rows 100000]

Raw calamine only turns the cells of the sheet into Python values; the reader finds tables, headers and errors as well.
`checked` goes on to a checked book.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.measuring import in_fresh_process, measured
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.tables import read

TRIES = 3
HEADERS = ("Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount", "Type", "Invoice Number", "Line", "Currency")
SHEETS = {
    "Programs": [
        ("Program ID", "Program Name", "Rebate Type", "Starts On", "Ends On"),
        ("P", "Volume", "Volume", date(2026, 1, 1), date(2026, 12, 31)),
    ],
    "Tiers": [("Program ID", "From", "Reward"), ("P", 0, 0.01), ("P", 100_000, 0.02)],
    "Distributors": [("Distributor ID", "Distributor Name"), *((f"D-{number:03d}", f"Distributor {number}") for number in range(100))],
    "Products": [("SKU", "Product Name"), *((f"SKU-{number:03d}", f"Product {number}") for number in range(500))],
}


def workbook(rows: int, path: Path, extra: int = 0) -> Path:
    """A standard workbook with that many transactions, and `extra` columns of the company's own."""
    draw = Random(rows)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, cells in SHEETS.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(cells):
                for column, value in enumerate(row):
                    sheet.write_datetime(at, column, value, day) if isinstance(value, date) else sheet.write(at, column, value)
        sheet = book.add_worksheet("Transactions")
        sheet.write_row(0, 0, (*HEADERS, *(f"Own {number}" for number in range(extra))))
        for at in range(1, rows + 1):
            sheet.write_string(at, 0, f"T{at:07d}")
            sheet.write_datetime(at, 1, date(2026, 1, 1) + timedelta(days=draw.randrange(365)), day)  # type: ignore[arg-type]
            sheet.write_string(at, 2, f"D-{draw.randrange(100):03d}")
            sheet.write_string(at, 3, f"SKU-{draw.randrange(500):03d}")
            sheet.write_number(at, 4, draw.randrange(1, 200))
            sheet.write_number(at, 5, draw.randrange(1, 1_000_000) / 100)
            sheet.write_string(at, 6, "Invoice")
            sheet.write_string(at, 7, f"INV-{at // 5:06d}")
            sheet.write_number(at, 8, at % 5 + 1)
            sheet.write_string(at, 9, "USD")
            for column in range(extra):
                sheet.write_number(at, len(HEADERS) + column, draw.randrange(10_000) / 100)
    return path


def raw(path: Path) -> int:
    """What is compared with: every sheet as lists of Python values."""
    book = CalamineWorkbook.from_path(str(path))
    return sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)


def checked(path: Path) -> int:
    """From the file to a checked book."""
    tables, problems = read_book(path)
    return len(read(tables, problems=problems).rows_read)


PIECES = {"raw": raw, "reader": lambda path: len(read_book(path)[0]), "checked": checked}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.piece:
        print(json.dumps(measured(lambda: PIECES[given.piece](given.book), TRIES)))
        return
    with tempfile.TemporaryDirectory() as folder:
        book = workbook(given.rows, Path(folder) / "book.xlsx")
        print(f"{given.rows:,} x {len(HEADERS)} cells, {book.stat().st_size / 1e6:.1f} MB")
        found = {name: in_fresh_process(__file__, ["--piece", name, "--book", str(book)]) for name in PIECES}
    base = found["raw"]["seconds"]
    for name, title in (("raw", "raw calamine"), ("reader", "the product's reader (goal: 1.5 x)"), ("checked", "read and checked")):
        print(f"{title:36} {found[name]['seconds']:6.2f} s  {found[name]['seconds'] / base:5.2f} x  {found[name]['added_mb']:6.0f} MB added")


if __name__ == "__main__":
    main()
