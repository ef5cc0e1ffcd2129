"""The standard tables of a workbook that is open in Excel: by the name of the Excel table, else by the sheet and its headers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..columns import TABLES
from ..describe import Table
from ..model import Problem
from ..parse import RawTable
from ..words import key
from .desktop_cells import rows_of
from .web_tables import Sent, raw_tables

WINDOWS = sys.platform == "win32"


def read_tables(book: Any, is_1904: bool, windows: bool = WINDOWS) -> tuple[list[RawTable], list[Problem]]:
    """Every standard table of an xlwings book, and what is wrong with them as such; rows carry the sheet's own numbers."""
    by_name = {key(table.name): (sheet, table) for sheet in book.sheets for table in sheet.tables}
    by_sheet = {key(sheet.name): sheet for sheet in book.sheets}
    sent = [found for described in TABLES for found in _find(described, by_name, by_sheet, windows)]
    return raw_tables(sent, is_1904)


def _find(described: Table, by_name: dict[str, Any], by_sheet: dict[str, Any], windows: bool) -> Iterator[Sent]:
    found = by_name.get(key(described.excel_name))
    if found is not None:
        sheet, table = found
        yield _sent(described, sheet, table.range, True, windows)
        return
    sheet = by_sheet.get(key(described.name))
    if sheet is not None:
        yield _sent(described, sheet, sheet.used_range, False, windows)


def _sent(described: Table, sheet: Any, area: Any, is_table: bool, windows: bool) -> Sent:
    return Sent(described.name, sheet.name, area.row - 1, area.column - 1, is_table, rows_of(area, windows))
