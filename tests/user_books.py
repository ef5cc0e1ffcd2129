"""Workbooks as users have them, made for tests: charts, pictures, comments, macros, parts that nobody knows."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

FOREIGN = {  # parts that no library models: they must come out as they went in
    "xl/pivotTables/pivotTable1.xml": b"<pivotTableDefinition xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' name='P'/>",
    "xl/slicers/slicer1.xml": b"<slicers xmlns='http://schemas.microsoft.com/office/spreadsheetml/2009/9/main'/>",
    "xl/threadedComments/threadedComment1.xml": b"<ThreadedComments xmlns='urn:threadedcomments'/>",
    "customXml/item1.xml": b"<mine>kept</mine>",
    "xl/media/photo.bin": bytes(range(256)) * 40,
}


def png(path: Path) -> Path:
    """A picture of one pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff")) + chunk(b"IEND", b""))
    return path


def user_book(path: Path, *, date_1904: bool = False, macros: bool = False, rows: int = 20) -> Path:
    """A book with two sheets, a table, a chart, a picture, a comment, formulas, names and rules of its own."""
    workbook = xlsxwriter.Workbook(path, {"date_1904": date_1904})
    bold, day = workbook.add_format({"bold": True, "font_color": "red"}), workbook.add_format({"num_format": "dd/mm/yyyy"})
    sheet, other = workbook.add_worksheet("Transactions"), workbook.add_worksheet("My notes")
    sheet.add_table(0, 0, rows, 2, {"name": "Transactions", "columns": [{"header": name} for name in ("Transaction ID", "Amount", "Invoice Date")]})
    for number in range(1, rows + 1):
        sheet.write_string(number, 0, f"T-{number:04d}", bold)
        sheet.write_number(number, 1, number * 10.01)
        sheet.write_datetime(number, 2, datetime(2026, 1, 1 + number % 28), day)
    sheet.write_comment(1, 1, "please check")
    sheet.conditional_format(1, 1, rows, 1, {"type": "cell", "criteria": ">", "value": 100, "format": bold})
    other.write_formula(0, 0, "=SUM(Transactions!B:B)", None, 1)
    other.insert_image("C3", png(path.with_suffix(".png")))
    chart = workbook.add_chart({"type": "line"})
    chart.add_series({"values": f"=Transactions!$B$2:$B${rows + 1}"})
    other.insert_chart("E5", chart)
    workbook.define_name("rate", "='My notes'!$A$1")
    other.repeat_rows(0)
    if macros:
        fake = path.with_suffix(".bin")
        fake.write_bytes(b"not really a macro, but bytes that must stay" * 50)
        workbook.add_vba_project(str(fake))
    workbook.close()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        for name, data in FOREIGN.items():
            package.writestr(name, data)
        package.writestr(
            "xl/calcChain.xml", b"<calcChain xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><c r='A1' i='2'/></calcChain>"
        )
    edit(path, "xl/_rels/workbook.xml.rels", lambda text: text.replace("</Relationships>", CALC_CHAIN + "</Relationships>"))
    return path


CALC_CHAIN = '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain" Target="calcChain.xml"/>'


def result_book(path: Path, rows: int = 12, *, date_1904: bool = False) -> Path:
    """A scratch book with two result sheets: a table, formats, rules, a chart, a link, a formula."""
    workbook = xlsxwriter.Workbook(path, {"date_1904": date_1904})
    money, bad = workbook.add_format({"num_format": "#,##0.00;(#,##0.00)"}), workbook.add_format({"font_color": "#B3372F"})
    sheet, check = workbook.add_worksheet("Attainment"), workbook.add_worksheet("Check")
    sheet.add_table(0, 0, rows, 1, {"name": "Result_Attainment", "columns": [{"header": "Who"}, {"header": "Earned (USD)", "format": money}]})
    for number in range(1, rows + 1):
        sheet.write_string(number, 0, f'<North> & "{number}" =1+1')
        sheet.write_number(number, 1, number * 1.25, money)
    sheet.write_formula(rows + 1, 1, f"=SUBTOTAL(109,B2:B{rows + 1})", money, 1.25 * rows * (rows + 1) / 2)
    sheet.conditional_format(1, 1, rows, 1, {"type": "cell", "criteria": "<", "value": 5, "format": bad})
    sheet.repeat_rows(0)
    chart = workbook.add_chart({"type": "bar"})
    chart.add_series({"values": ["Attainment", 1, 1, rows, 1]})
    sheet.insert_chart("D2", chart)
    check.write_url(0, 0, "internal:'Attainment'!A1", string="see")
    workbook.close()
    return path


def edit(path: Path, part: str, change: Callable[[str], str]) -> None:
    """Change the text of one part of a package."""
    parts = contents(path)
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)


def contents(path: Path) -> dict[str, bytes]:
    """Every part of a package with its bytes."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def values(path: Path, sheet: str) -> list[list[Any]]:
    """The values of a sheet as another reader sees them."""
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()
