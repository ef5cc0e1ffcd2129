"""Tables that are about no run, such as the differences of two sources, into a workbook of their own to send."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import xlsxwriter

from ..model import ResultTable
from .sheets import Book, write_tables

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_comparison(path: Path, tables: Iterable[ResultTable]) -> None:
    """Write a new workbook, whole or not at all. Raises OSError when it cannot be written."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".rebates-") as folder:
        scratch = Path(folder) / "comparison.xlsx"
        workbook = xlsxwriter.Workbook(os.fspath(scratch), OPTIONS)
        workbook.set_properties({"created": datetime(2000, 1, 1), "title": "Rebates"})
        write_tables(Book(workbook, path.name, "", ""), tuple(tables))
        workbook.close()
        os.replace(scratch, path)
