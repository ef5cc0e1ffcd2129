"""A small book for the tests of reading and checking, and one way to bend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from rebate_udfs.parse import RawTable

Grid = list[list[Any]]  # the header row first

SOUND: Mapping[str, Grid] = {
    "Settings": [["Setting", "Value"], ["Company", "Acme"], ["Fiscal Year Start", 1], ["Rebate SKUs", "REBATE-CN"]],
    "Programs": [
        ["Program ID", "Program Name", "Rebate Type", "Starts On", "Ends On", "Period"],
        ["P-1", "Volume rebate", "Volume", date(2026, 1, 1), date(2026, 12, 31), "Quarter"],
        ["P-2", "Second rebate", "Volume", date(2026, 1, 1), date(2026, 12, 31), "Year"],
    ],
    "Tiers": [["Program ID", "From", "Reward"], ["P-1", 0, 0.01], ["P-1", 1000, 0.02], ["P-2", 0, 0.03]],
    "Distributors": [
        ["Distributor ID", "Distributor Name", "Parent ID", "Member From", "Member To"],
        ["TOP", "Top", "", "", ""],
        ["NORTH", "North", "TOP", "", ""],
        ["SOUTH", "South", "", "", ""],
    ],
    "Products": [["SKU", "Category"], ["A", "Cable"], ["B", "Cable"]],
    "Transactions": [
        ["Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount", "Type", "Invoice Number"],
        ["T1", date(2026, 1, 5), "NORTH", "A", 10, 100.25, "", "IN1"],
        ["T2", date(2026, 2, 5), "SOUTH", "B", 5, 50, "Invoice", "IN2"],
        ["T3", date(2026, 3, 5), "NORTH", "A", -1, -10.5, "Return", "IN3"],
    ],
}


def bent(**changes: Grid | None) -> dict[str, Grid]:
    """The sound book with tables replaced or, by None, removed; `Exchange_Rates` names the table Exchange Rates."""
    book = {**SOUND, **{name.replace("_", " "): grid for name, grid in changes.items()}}
    return {name: grid for name, grid in book.items() if grid is not None}


def more(table: str, *rows: Sequence[Any]) -> Grid:
    """A table of the sound book with further rows."""
    return [*SOUND[table], *(list(row) for row in rows)]


def raw(book: Mapping[str, Grid]) -> list[RawTable]:
    """A book as a host hands it over: the header in row 1."""
    return [RawTable(name, name, grid[0], 1, [(number, row) for number, row in enumerate(grid[1:], 2)]) for name, grid in book.items()]


def write(path: Path, book: Mapping[str, Grid], tables: bool = False, **options: Any) -> Path:
    """A book as a workbook on disk, with or without Excel tables."""
    workbook = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd", **options})
    for name, grid in book.items():
        sheet = workbook.add_worksheet(name)
        if tables:
            columns = [{"header": str(header)} for header in grid[0]]
            sheet.add_table(0, 0, max(len(grid) - 1, 1), len(grid[0]) - 1, {"name": name.replace(" ", "_"), "columns": columns})
        for number, row in enumerate(grid):
            for column, cell in enumerate(row):
                if cell == "#N/A":
                    sheet.write_formula(number, column, "=NA()", None, "#N/A")
                elif cell != "":
                    sheet.write(number, column, cell)
    workbook.close()
    return path
