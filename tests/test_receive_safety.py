"""Hostile files: one clear sentence within ten seconds and a gibibyte, and nothing of them comes any further."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pytest
from returned import CLAIM, DISPUTE, Company, company, fill, part_of, rebuilt
from typer.testing import CliRunner

from rebate_udfs.cli import app
from rebate_udfs.hosts.receive import receive_statements
from rebate_udfs.hosts.receive_files import delivery
from rebate_udfs.seal import FORMAT

NS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
SECRET = "=cmd|'/C calc'!A0"
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("hostile"))


def many(path: Path, part: str, chunk: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> Callable[[Path], Path]:
    """The workbook with a part of so many chunks."""

    def make(to: Path) -> Path:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for name in source.namelist():
                if name != part:
                    target.writestr(name, source.read(name))
            with target.open(part, "w") as stream:
                stream.write(head)
                for _ in range(times):
                    stream.write(chunk)
                stream.write(tail)
        return to

    return make


def hostile(good: Path) -> dict[str, Callable[[Path], Path]]:
    """Ways to harm a statement."""
    sheet, cell = part_of(good, "Claim Form"), b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    far = cell + b'<row r="1048576"><c r="%s1048576"><v>1</v></c></row></sheetData>'
    merges = b"<mergeCells>" + b'<mergeCell ref="A1:A1048576"/>' * 20_000 + b"</mergeCells>"

    def part(data: bytes, name: str = sheet) -> Callable[[Path], Path]:
        return lambda to: rebuilt(good, to, {name: data})

    def sealed(content: bytes) -> Callable[[Path], Path]:
        def make(to: Path) -> Path:
            book = openpyxl.load_workbook(good)
            text = FORMAT + base64.b64encode(zlib.compress(content, 9)).decode()
            book["Seal"].delete_rows(3, 90)
            for at in range(0, len(text), 30_000):
                book["Seal"].cell(3 + at // 30_000, 1).value = text[at : at + 30_000]
            book.save(to)
            return to

        return make

    def encrypted(to: Path) -> Path:
        with to.open("wb") as stream:
            msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(good.read_bytes())).encrypt("secret", stream)
        return to

    return {
        "300 MB of spaces": many(good, sheet, b" " * 2**20, 300),
        "200 MB of strings": many(good, "xl/sharedStrings.xml", b"<si><t>abcdefgh</t></si>" * 40_000, 220, b"<sst>", b"</sst>"),
        "entities": part(b'<?xml version="1.0"?>' + LAUGHS + NS + b"</worksheet>"),
        "entities in UTF-16": part(('<?xml version="1.0" encoding="UTF-16"?>' + LAUGHS.decode() + "<worksheet/>").encode("utf-16")),
        "entities after a long comment": part(b"<!--" + b"x" * 9000 + b"-->" + LAUGHS + NS + b"&c;</worksheet>"),
        "a file of the machine": part(b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + NS + b"</worksheet>"),
        "deep nesting": part(NS + b"<sheetData>" + b"<x>" * 2_000_000),
        "a cell far away": part(NS + far % b"XFD" + b"</worksheet>"),
        "a column of merged cells, many times": part(NS + far % b"A" + merges + b"</worksheet>"),
        "a seal that unpacks to 300 MB": sealed(b"0" * 300 * 2**20),
        "a seal of nested lists": sealed(b'{"a":' + b"[" * 5_000_000),
        "encrypted": encrypted,
        "an embedded file": lambda to: rebuilt(good, to, more={"xl/embeddings/Microsoft_Word.docx": b"x"}),
        "a control": lambda to: rebuilt(good, to, more={"xl/activeX/activeX1.bin": b"x"}),
        "a sheet of old macros": lambda to: rebuilt(good, to, more={"xl/macrosheets/sheet1.xml": b"<x/>"}),
    }


READ = """import json, resource, sys, time
from pathlib import Path
from rebate_udfs.hosts.receive_files import read_apart
began = time.monotonic()
found = read_apart(Path(sys.argv[1]))
seconds = time.monotonic() - began
print(json.dumps([found if isinstance(found, str) else "read", seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]))"""


def test_each_is_one_sentence_within_ten_seconds_and_a_gibibyte(firm: Company, tmp_path: Path) -> None:
    """Each is read by a process of its own, so that nothing else is in its memory."""
    for name, make in hostile(firm.statements[0]).items():
        path = make(tmp_path / "hostile.xlsx")
        done = subprocess.run([sys.executable, "-c", READ, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
        said, seconds, memory = json.loads(done.stdout)
        assert said.endswith(".") and ". " not in said, f"{name}: {said}"
        assert seconds < 10, name
        assert memory < 2**30, name


def test_a_zip_of_millions_of_names_and_one_that_fills_the_disk_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wide.zip", "w") as target:
        for number in range(30_000):
            target.writestr(f"{number}.xlsx", b"")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for number in range(44):
            target.writestr(f"{number}.xlsx", bytes(49 * 2**20))
    for name in ("wide.zip", "bomb.zip"):
        began = time.monotonic()
        with delivery(tmp_path / name) as found:
            assert found.workbooks == [(name, "The zip holds far more than statements; send them in several.")]
        assert time.monotonic() - began < 10


def parts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every part of every workbook and every text below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as package:
                yield from ((f"{path.name} {name}", package.read(name).decode("utf-8", "replace")) for name in package.namelist())
        elif path.suffix in (".txt", ".csv"):
            yield path.name, path.read_text(errors="replace")


def test_text_that_looks_like_a_formula_stays_text_wherever_it_comes_to_stand(tmp_path: Path) -> None:
    firm = company(tmp_path)
    path = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM], [DISPUTE])
    book = openpyxl.load_workbook(path)
    for sheet, cells in (("Claim Form", ("A", "F", "G", "M")), ("Dispute Form", ("C", "D", "E"))):
        for letter in cells:
            book[sheet][f"{letter}6"].value = SECRET
            book[sheet][f"{letter}6"].data_type = "s"
    book.save(path)
    (receipt,) = receive_statements(path, firm.book, firm.tables())
    assert receipt.taken and receipt.claims[0]["Claim ID"] == SECRET and receipt.disputes[0]["Reason"] == SECRET
    for arguments in (["run", firm.book], ["statements", firm.book, "--out", tmp_path / "next"], ["receive", path, "--book", firm.book]):
        done = CliRunner().invoke(app, [str(each) for each in arguments])
        assert "Traceback" not in done.output
    found = dict(parts(tmp_path))
    assert sum(SECRET.replace("'", "&apos;") in text or SECRET in text for text in found.values()) > 3  # it is told
    for name, text in found.items():
        assert not re.search(r"<f[ >][^<]*cmd", text) and "ddeLink" not in text, name
        if name.endswith(".csv"):
            assert not re.search(r'(^|[,;])"?=cmd', text, re.MULTILINE), name
