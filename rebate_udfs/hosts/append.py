"""Rows into an input table of somebody's workbook: two parts change, the sheet's and the table's.

Rows go below the last filled one, into blank rows of the table first; then the table grows, with its filter,
validations and conditional formats. Each new cell has the format of the cell above it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name, xl_range

from ..describe import Table
from ..package import SHEET_NS, CannotPatch, Package, descendants, dump, is_true, tag
from . import look
from .patch import refuse

Element = Any
FIRST_DAY, FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
FORMULA_2010 = "{http://schemas.microsoft.com/office/excel/2006/main}sqref"
NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
MAX_SHEET_ROW = 1_048_576


def append_rows(
    path: str | os.PathLike[str], table: Table, rows: Sequence[Mapping[str, Any]], out_path: str | os.PathLike[str] | None = None
) -> tuple[int, int]:
    """Append rows (column header -> text, int, Decimal, Fraction, date, bool or None) to a table of the workbook.

    Returns the sheet's own numbers of the first and last new row. Raises CannotPatch, with the file as it was, when
    the book has no such Excel table, or something stands below it; ValueError for no rows or an unknown header.
    """
    return append_tables(path, [(table, rows)], out_path)[0]


def append_tables(
    path: str | os.PathLike[str], additions: Sequence[tuple[Table, Sequence[Mapping[str, Any]]]], out_path: str | os.PathLike[str] | None = None
) -> list[tuple[int, int]]:
    """Append rows to several tables of a workbook in one change of the file: all of them are there afterwards, or none.

    Gives and raises what append_rows does, for each table.
    """
    if not additions or not all(rows for _, rows in additions):
        raise ValueError("no rows to append")
    placed = []
    with Package(path) as package:
        office = package.office()
        refuse(package, office)
        base = FIRST_DAY_1904 if is_true(package.tree(office).find(tag("workbookPr")), "date1904") else FIRST_DAY
        for table, rows in additions:
            sheet_part, table_part = _find(package, table)
            job = _Append(package.tree(sheet_part), package.tree(table_part), table, base)
            placed.append(job.run(rows))
            package.changed |= {sheet_part: dump(job.sheet), table_part: dump(job.table)}
        package.save(out_path or path)
    return placed


def _find(package: Package, table: Table) -> tuple[str, str]:
    """The sheet and the table part of an Excel table, known by its name."""
    for rel in package.rels(package.office()):
        if rel.kind != "worksheet":
            continue
        for part in package.rels(rel.target):
            if part.kind == "table" and (package.tree(part.target).get("displayName") or "").casefold() == table.excel_name.casefold():
                return rel.target, part.target
    raise CannotPatch(f"there is no Excel table {table.excel_name} to append to; select the rows of {table.name}, Insert, Table, and name it so")


class _Append:
    """One table being appended to: its sheet, its part, and where it stands (rows and columns from 0)."""

    def __init__(self, sheet: Element, table: Element, described: Table, base: datetime) -> None:
        self.sheet, self.table, self.name, self.base = sheet, table, described.name, base
        first, _, last = table.get("ref").partition(":")
        (self.top, self.left), (self.bottom, self.right) = xl_cell_to_rowcol(first), xl_cell_to_rowcol(last or first)
        if int(table.get("totalsRowCount") or 0):
            raise CannotPatch(f"the table {self.name} has a total row; take it off (Table Design, Total Row) and run again")
        self.columns = {_key(column.get("name")): self.left + index for index, column in enumerate(descendants(table, "tableColumn"))}
        self.formulas = {
            self.left + index: formula.text
            for index, column in enumerate(descendants(table, "tableColumn"))
            if (formula := column.find(tag("calculatedColumnFormula"))) is not None
        }
        self.data = sheet.find(tag("sheetData"))
        self.rows = {int(row.get("r")) - 1: row for row in self.data if row.get("r")}

    def run(self, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
        unknown = {header for row in rows for header in row if _key(header) not in self.columns}
        if unknown:
            raise ValueError(f"{self.name} has no column {', '.join(sorted(unknown))}")
        above = self._last_filled()
        start, end = above + 1, above + len(rows)
        if end >= MAX_SHEET_ROW:
            raise CannotPatch(f"the sheet of {self.name} has no room for {len(rows):,} more rows")
        blocked = next((number for number in range(self.bottom + 1, end + 1) if not self._is_blank(number)), None)
        if blocked is not None:
            raise CannotPatch(f"something stands in row {blocked + 1} below the table {self.name}; move it and run again")
        styles = self._styles(above if above > self.top else start)
        for number, row in enumerate(rows, start=start):
            self._write(number, {self.columns[_key(header)]: value for header, value in row.items()}, styles)
        if end > self.bottom:
            self._grow(end)
        return start + 1, end + 1

    def _last_filled(self) -> int:
        return next((number for number in range(self.bottom, self.top, -1) if not self._is_blank(number, self.formulas)), self.top)

    def _is_blank(self, number: int, leaving_out: Iterable[int] = ()) -> bool:
        """Whether a row holds nothing in the table's columns; a formula that fills down by itself is nothing."""
        row = self.rows.get(number)
        return row is None or all(_is_empty(cell) for column, cell in self._cells(row) if column not in leaving_out)

    def _cells(self, row: Element) -> list[tuple[int, Element]]:
        cells = ((xl_cell_to_rowcol(cell.get("r"))[1], cell) for cell in row)
        return [(column, cell) for column, cell in cells if self.left <= column <= self.right]

    def _styles(self, number: int) -> dict[int, str]:
        row = self.rows.get(number)
        return {} if row is None else {column: cell.get("s") for column, cell in self._cells(row) if cell.get("s")}

    def _write(self, number: int, values: Mapping[int, Any], styles: Mapping[int, str]) -> None:
        row = self._row(number)
        cells = {xl_cell_to_rowcol(cell.get("r"))[1]: cell for cell in row}
        for column in range(self.left, self.right + 1):
            cell = cells.get(column)
            if cell is None:
                cell = cells[column] = row.makeelement(tag("c"), {"r": f"{xl_col_to_name(column)}{number + 1}"})
                if column in styles:
                    cell.set("s", styles[column])
            self._fill(cell, column, values.get(column))
        row[:] = [cells[column] for column in sorted(cells)]
        row.attrib.pop("spans", None)  # a hint only, and now perhaps a wrong one

    def _row(self, number: int) -> Element:
        if number not in self.rows:
            row = self.data.makeelement(tag("row"), {"r": str(number + 1)})
            later = min((other for other in self.rows if other > number), default=None) if number < max(self.rows, default=-1) else None
            if later is None:
                self.data.append(row)
            else:
                self.rows[later].addprevious(row)
            self.rows[number] = row
        return self.rows[number]

    def _fill(self, cell: Element, column: int, value: Any) -> None:
        for child in list(cell):
            cell.remove(child)
        cell.attrib.pop("t", None)
        if value is None or value == "":
            if column in self.formulas:
                _child(cell, "f", self.formulas[column])
        elif isinstance(value, bool):
            _text(cell, "Yes" if value else "No")
        elif isinstance(value, int | Decimal | Fraction):
            _child(cell, "v", repr(float(value)) if isinstance(value, Fraction) else str(value))
        elif isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            days = moment.replace(tzinfo=None) - self.base
            _child(cell, "v", f"{days.days + days.seconds / 86_400:.10g}")
        else:
            _text(cell, look.safe_text(str(value)))

    def _grow(self, end: int) -> None:
        """The table reaches to row `end`, and with it whatever reached to its last row."""
        old, self.bottom = self.bottom, end
        self.table.set("ref", xl_range(self.top, self.left, end, self.right))
        for found in descendants(self.table, "autoFilter"):
            found.set("ref", self._longer(found.get("ref"), old))
        for found in descendants(self.sheet, "dataValidation", "conditionalFormatting"):
            if found.get("sqref"):
                found.set("sqref", self._longer(found.get("sqref"), old))
        for found in self.sheet.iter(FORMULA_2010):
            found.text = self._longer(found.text or "", old)
        dimension = self.sheet.find(tag("dimension"))
        if dimension is not None:
            (top, left), (bottom, right) = _corners(dimension.get("ref"))
            dimension.set("ref", xl_range(min(top, self.top), min(left, self.left), max(bottom, end), max(right, self.right)))

    def _longer(self, ranges: str, old: int) -> str:
        """Ranges that ended with the table in its columns end with it again."""
        parts = []
        for part in ranges.split():
            (top, left), (bottom, right) = _corners(part)
            inside = bottom == old and left <= self.right and right >= self.left
            parts.append(xl_range(top, left, self.bottom, right) if inside else part)
        return " ".join(parts)


def _corners(reference: str) -> tuple[tuple[int, int], tuple[int, int]]:
    first, _, last = reference.replace("$", "").partition(":")
    return xl_cell_to_rowcol(first), xl_cell_to_rowcol(last or first)


def _key(header: str) -> str:
    """Headers are compared without case and spacing."""
    return "".join(header.split()).casefold()


def _is_empty(cell: Element) -> bool:
    if cell.find(tag("f")) is not None:
        return False
    value = cell.find(tag("v"))
    inline = cell.find(tag("is"))
    return (value is None or not (value.text or "").strip()) and (inline is None or not "".join(inline.itertext()).strip())


def _child(cell: Element, name: str, text: str | None) -> Element:
    child = cell.makeelement(f"{{{SHEET_NS}}}{name}")
    child.text = text
    cell.append(child)
    return child


def _text(cell: Element, text: str) -> None:
    """Text inline, so that it is never a formula and the shared strings keep their bytes."""
    cell.set("t", "inlineStr")
    inline = _child(cell, "is", None)
    child = _child(inline, "t", NOT_IN_XML.sub(" ", text))
    child.set(XML_SPACE, "preserve")
