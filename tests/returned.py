"""What the tests of receiving share: the sample company's book with signed statements, and ways to fill one in."""

from __future__ import annotations

import io
import random
import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import openpyxl

from rebate_udfs.demo import sample
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.statement_key import signing_key
from rebate_udfs.hosts.statements import make_statements
from rebate_udfs.hosts.template import write_template
from rebate_udfs.model import Tables
from rebate_udfs.pipeline import run, verdicts
from rebate_udfs.tables import read

CLAIM = {"Claim ID": "C-77", "Line": "1", "Program ID": "P-110", "Claim Date": date(2026, 5, 30), "Period": "2026-Q1", "Claimed Amount": 100}
SALES = 900  # of the sample company, of all its distributors: no test of what comes back needs more of them
DISPUTE = {"Opened On": date(2026, 5, 30), "Invoice Number": "INV-1", "Reason": "An amount is wrong", "Disputed Amount": 12.5}


@dataclass(frozen=True)
class Company:
    """A folder with a book and its statements."""

    book: Path
    statements: tuple[Path, ...]
    participants: tuple[str, ...]

    def tables(self) -> Tables:
        """The book as it is now."""
        raw, problems = read_book(self.book)
        return read(raw, problems=problems)


@lru_cache(maxsize=1)
def made() -> Company:
    """The sample company with a statement for each distributor, signed."""
    folder = Path(mkdtemp(prefix="rebates-test-"))
    book = folder / "rebates.xlsx"
    facts = sample()
    write_template(book, sample={**facts, "Transactions": facts["Transactions"][-SALES:]})
    raw, problems = read_book(book)
    found = run(read(raw, problems=problems))
    done = make_statements(found, folder / "statements", verdicts=lambda ids: verdicts(found, ids), signing_key=signing_key(book, found.tables))
    return Company(book, tuple(one.path for one in done), tuple(one.participant_id for one in done))


def company(folder: Path) -> Company:
    """A copy of it that a test may change."""
    source = made()
    shutil.copytree(source.book.parent, folder / "company")
    book = folder / "company" / source.book.name
    return Company(book, tuple(book.parent / "statements" / path.name for path in source.statements), source.participants)


def fill(path: Path, to: Path, claims: list[Mapping[str, Any]] = [], disputes: list[Mapping[str, Any]] = [], skip: int = 0) -> Path:  # noqa: B006
    """Fill in the forms of a statement as openpyxl saves them, `skip` rows below the first."""
    book = openpyxl.load_workbook(path)
    for name, rows in (("Claim Form", claims), ("Dispute Form", disputes)):
        sheet = book[name]
        top = next(row for row in range(1, 20) if sheet.cell(row, 1).value in ("Claim ID *", "Opened On *"))
        columns = {str(cell.value).rstrip(" *"): cell.column for cell in sheet[top] if cell.value}
        for number, row in enumerate(rows, top + 2 + skip):
            for header, value in row.items():
                sheet.cell(number, columns[header]).value = value
    book.save(to)
    return to


def part_of(path: Path, sheet: str) -> str:
    """The part of a sheet in the package."""
    with zipfile.ZipFile(path) as package:
        book, relations = package.read("xl/workbook.xml").decode(), package.read("xl/_rels/workbook.xml.rels").decode()
    found = re.search(rf'<sheet name="{re.escape(sheet)}"[^>]*r:id="(\w+)"', book)
    assert found
    target = re.search(rf'<Relationship [^>]*Id="{found[1]}"[^>]*Target="([^"]+)"', relations) or re.search(
        rf'<Relationship [^>]*Target="([^"]+)"[^>]*Id="{found[1]}"', relations
    )
    assert target
    return f"xl/{target[1]}"


def rebuilt(path: Path, to: Path, changes: Mapping[str, bytes | None] = {}, more: Mapping[str, bytes] = {}) -> Path:
    """The package with parts replaced, removed (None) or added."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = changes.get(name, source.read(name)) if name in changes else source.read(name)
            if data is not None:
                target.writestr(name, data)
        for name, data in more.items():
            target.writestr(name, data)
    return to


def by_xml(path: Path, to: Path, sheet: str, cells: Mapping[str, str]) -> Path:
    """Write texts into blank cells of a sheet by editing its XML, as a careless program would."""
    name = part_of(path, sheet)
    with zipfile.ZipFile(path) as package:
        xml = package.read(name).decode()
    for place, text in cells.items():
        xml, count = re.subn(rf'<c r="{place}"([^>]*?)/>', rf'<c r="{place}"\1 t="inlineStr"><is><t>{text}</t></is></c>', xml)
        assert count == 1, place
    return rebuilt(path, to, {name: xml.encode()})


def as_google_saves(path: Path, to: Path) -> Path:
    """The package as an online spreadsheet exports it: no properties, no dimensions, no protection; sheets padded, each with an empty drawing."""
    changes: dict[str, bytes | None] = {}
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            text = package.read(name).decode() if name.endswith((".xml", ".rels")) else ""
            if name.startswith("docProps/") or name == "xl/calcChain.xml":
                changes[name] = None
            elif name == "[Content_Types].xml":
                changes[name] = re.sub(r'<Override PartName="/(docProps|xl/calcChain)[^>]*/>', "", text).encode()
            elif name == "_rels/.rels":
                changes[name] = re.sub(r'<Relationship [^>]*Target="docProps/[^>]*/>', "", text).encode()
            elif name == "xl/workbook.xml":
                changes[name] = text.replace('state="veryHidden"', 'state="hidden"').encode()
            elif name.startswith("xl/worksheets/sheet"):
                text = re.sub(r"<dimension [^>]*/>|<sheetProtection [^>]*/>|<pageSetup [^>]*/>| spans=\"[^\"]*\"", "", text)
                last = max((int(row) for row in re.findall(r'<row r="(\d+)"', text)), default=0)
                padding = "".join(f'<row r="{row}" ht="15.75" customHeight="1"/>' for row in range(last + 1, 1001))
                changes[name] = text.replace("</sheetData>", f"{padding}</sheetData>").encode()
    return rebuilt(path, to, changes)


HARM = (b"<", b"&#0;", b"]]>", b'"', b"9" * 400, b"<c r='ZZZZ9'/>", b"<x>" * 2000, b"\xff\xfe", b"-1", b"NaN", b"&undefined;")
NUMBER, VALUE, EMPTY = re.compile(rb"\d+"), re.compile(rb'\w+="([^"]*)"'), re.compile(rb"<[^/!?][^>]*/>")


def mutated(good: bytes, draw: random.Random) -> bytes:
    """One workbook harmed: bytes flipped, blocks copied, cut, parts removed, renamed or exchanged, XML altered, the zip rebuilt."""
    kind, data = draw.randrange(7), bytearray(good)
    if kind == 0:
        for _ in range(draw.randrange(1, 30)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        return bytes(data)
    if kind == 1:
        return bytes(data[: draw.randrange(len(data))])
    if kind == 2:
        at, other, length = draw.randrange(len(data)), draw.randrange(len(data)), draw.randrange(1, 3000)
        data[at : at + length] = data[other : other + length]
        return bytes(data)
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(held, "w", draw.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as target:
        names = source.namelist()
        harmed = set(draw.sample(names, draw.choice([1, 1, 2])))
        for name in draw.sample(names, len(names)):
            part, called = source.read(name), name
            if name in harmed:
                if kind == 3:
                    continue
                if kind == 4:
                    called = draw.choice([name.upper(), f"../{name}", name.replace("/", "\\"), "x" * 300])
                elif kind == 5:
                    part = source.read(draw.choice(names))
                else:
                    part = _altered(part, draw)
            target.writestr(called, part)
    return held.getvalue()


def _altered(part: bytes, draw: random.Random) -> bytes:
    """XML with something in it changed."""
    kind = draw.randrange(6)
    if kind == 0:
        at = draw.randrange(len(part) + 1)
        return part[:at] + draw.choice(HARM) + part[at + draw.randrange(1, 40) :]
    if kind == 1:
        return part.decode("utf-8", "replace").encode(draw.choice(["utf-16", "latin-1"]), "replace")
    if kind == 2:
        return b'<!DOCTYPE a [<!ENTITY b "c">]>' + part
    pattern, new = ((NUMBER, (b"0", b"-1", b"99999999999", b"")), (VALUE, (b"s", b"e", b"XFD9999999", b"rId999")), (EMPTY, (b"",)))[kind - 3]
    found = [each.span(each.re.groups) for each in pattern.finditer(part)]
    if not found:
        return part
    start, end = draw.choice(found)
    return part[:start] + draw.choice(new) + part[end:]
