"""Result sheets go into a user's workbook; nothing else in it may change, and no moment of dying may harm it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import openpyxl
import pytest
from user_books import FOREIGN, contents, digest, edit, png, result_book, user_book, values

from rebate_udfs import package
from rebate_udfs.hosts.patch import MARK, patch
from rebate_udfs.package import CannotPatch, open_elsewhere, remove_stale

TOUCHED = {"[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/styles.xml"}
ROOT = Path(__file__).parents[1]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return user_book(tmp_path / "book.xlsx")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return result_book(tmp_path / "results.xlsx")


@pytest.mark.parametrize("options", [{}, {"macros": True}, {"date_1904": True}], ids=["plain", "macros", "1904"])
def test_every_part_that_is_not_ours_keeps_its_bytes(tmp_path: Path, options: dict[str, bool]):
    book = user_book(tmp_path / ("book.xlsm" if options.get("macros") else "book.xlsx"), **options)
    before = contents(book)
    patch(book, result_book(tmp_path / "results.xlsx", date_1904=options.get("date_1904", False)))
    after = contents(book)
    assert {name for name in before if before[name] != after.get(name)} == TOUCHED | {"xl/calcChain.xml"}
    assert "xl/calcChain.xml" not in after  # Excel builds it anew; an old one is a repair prompt
    assert all(after[name] == data for name, data in FOREIGN.items())
    assert all("rebates_" in name for name in set(after) - set(before))


def test_the_sheets_are_there_and_other_readers_see_the_same_inputs(book: Path, results: Path):
    inputs, notes = values(book, "Transactions"), values(book, "My notes")
    patch(book, results)
    assert values(book, "Transactions") == inputs
    assert values(book, "My notes") == notes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = openpyxl.load_workbook(book)
    assert found.sheetnames == ["Transactions", "My notes", "Attainment", "Check"]
    assert found["Attainment"]["A2"].value == '<North> & "1" =1+1'
    assert found["Attainment"]["A2"].data_type == "s"
    assert found["Attainment"]["B2"].number_format == "#,##0.00;(#,##0.00)"
    assert found["Attainment"].print_title_rows == "$1:$1"
    assert found["My notes"].print_title_rows == "$1:$1"
    assert list(found["Attainment"].tables) == ["Result_Attainment"]
    ids = [table.id for sheet in found for table in sheet.tables.values()]
    assert len(ids) == len(set(ids))
    assert [sheet.title for sheet in found if sheet.sheet_view.tabSelected] == ["Transactions"]


def test_a_second_run_replaces_the_first_and_a_third_changes_nothing(book: Path, results: Path, tmp_path: Path):
    patch(book, results)
    first = digest(book)
    patch(book, result_book(tmp_path / "fewer.xlsx", rows=3))
    assert len(values(book, "Attainment")) == 5
    patch(book, results)
    assert digest(book) == first, "formats or names pile up with every run"


def test_a_result_sheet_that_somebody_moved_is_found_again(book: Path, results: Path):
    patch(book, results)
    edit(book, "xl/workbook.xml", lambda text: text.replace('name="Check"', 'name="check"'))
    patch(book, results)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert openpyxl.load_workbook(book).sheetnames == ["Transactions", "My notes", "Attainment", "check"]


def test_another_file_can_take_the_results(book: Path, results: Path, tmp_path: Path):
    before = digest(book)
    patch(book, results, tmp_path / "out.xlsx")
    assert digest(book) == before
    assert len(values(tmp_path / "out.xlsx", "Attainment")) == 14


# ---- what is refused, with the file as it was


def strict(path: Path) -> None:
    old, new = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
    edit(path, "xl/workbook.xml", lambda text: text.replace(old, new))


def protect(path: Path) -> None:
    edit(path, "xl/workbook.xml", lambda text: text.replace("<bookViews>", '<workbookProtection lockStructure="1"/><bookViews>'))


def sign(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr("_xmlsignatures/origin.sigs", b"")


def foreign_sheet(path: Path) -> None:
    edit(path, "xl/workbook.xml", lambda text: text.replace('name="My notes"', 'name="CHECK"'))


def foreign_table(path: Path) -> None:
    edit(path, "xl/tables/table1.xml", lambda text: text.replace('displayName="Transactions"', 'displayName="result_attainment"'))


def encrypt(path: Path) -> None:
    path.write_bytes(package.OLE_MAGIC + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600)


def old_format(path: Path) -> None:
    path.write_bytes(package.OLE_MAGIC + b"\0" * 600 + "Workbook".encode("utf-16-le"))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def bad_xml(path: Path) -> None:
    edit(path, "xl/styles.xml", lambda text: text[: len(text) // 2])


def no_workbook(path: Path) -> None:
    edit(path, "_rels/.rels", lambda text: text.replace("xl/workbook.xml", "word/document.xml"))


REFUSED = [
    (sign, "signed"), (encrypt, "encrypted"), (old_format, r"\.xls\)"), (protect, "structure"), (strict, "Strict Open XML"),
    (foreign_sheet, "'Check'"), (foreign_table, "table or a name"), (cut_off, "only a part"), (bad_xml, "damaged"),
    (no_workbook, "not an Excel workbook"), (lambda path: path.write_bytes(b""), "or only a part of one"),
    (lambda path: path.write_text("a,b\n1,2\n"), "save it as Excel Workbook"),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_kept_is_refused_with_a_sentence(book: Path, results: Path, harm, words: str):
    harm(book)
    before = digest(book)
    with pytest.raises(CannotPatch, match=words):
        patch(book, results)
    assert digest(book) == before
    assert not list(book.parent.glob(f".*{package.TEMPORARY_SUFFIX}"))


RELATION = '<Relationship Id="rId77" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="../{kind}1.xml"/>'


@pytest.mark.parametrize(("kind", "words"), [("pivotTable", "a pivot table"), ("comments", "a comment"), ("slicer", "a slicer")])
def test_what_a_user_put_on_a_result_sheet_is_never_lost(book: Path, results: Path, kind: str, words: str):
    patch(book, results)
    added = RELATION.format(kind=kind)
    edit(book, "xl/worksheets/_rels/rebates_sheet1.xml.rels", lambda text: text.replace("</Relationships>", added + "</Relationships>"))
    before = digest(book)
    with pytest.raises(CannotPatch, match=words):
        patch(book, results)
    assert digest(book) == before


def test_a_picture_on_a_result_sheet_is_never_lost(book: Path, results: Path):
    patch(book, results)

    def doubled(text: str) -> str:
        start, end = text.index("<xdr:twoCellAnchor"), text.index("</xdr:twoCellAnchor>") + len("</xdr:twoCellAnchor>")
        return text[:end] + text[start:end] + text[end:]

    edit(book, "xl/drawings/rebates_drawing1.xml", doubled)
    with pytest.raises(CannotPatch, match="a chart or a picture"):
        patch(book, results)


def test_dates_follow_the_books_own_system(tmp_path: Path, results: Path):
    book = user_book(tmp_path / "mac.xlsx", date_1904=True)
    with pytest.raises(CannotPatch, match="date_1904"):
        patch(book, results)


def test_a_book_without_styles_gets_some(tmp_path: Path, book: Path, results: Path):
    edit(book, "xl/_rels/workbook.xml.rels", lambda text: "".join(part + ">" for part in text.split(">")[:-1] if "/styles" not in part))
    patch(book, results)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert openpyxl.load_workbook(book)["Attainment"]["B2"].number_format == "#,##0.00;(#,##0.00)"


# ---- files, people and other programs


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path, book: Path, results: Path):
    link = tmp_path / "link.xlsx"
    link.symlink_to(book)
    book.chmod(0o640)
    patch(link, results)
    assert link.is_symlink()
    assert book.stat().st_mode & 0o777 == 0o640
    assert len(values(book, "Attainment")) == 14


def test_a_file_held_open_names_who_holds_it(book: Path, results: Path, monkeypatch: pytest.MonkeyPatch):
    def held(source: object, target: object) -> None:
        raise PermissionError(13, "Access is denied")

    owner = b"\x03Ann" + b" " * 51
    (book.parent / "~$book.xlsx").write_bytes(owner)
    monkeypatch.setattr(package.os, "replace", held)
    before = digest(book)
    with pytest.raises(CannotPatch, match=r"book\.xlsx is open in Excel by Ann; close it"):
        patch(book, results)
    assert digest(book) == before
    assert not list(book.parent.glob(f".*{package.TEMPORARY_SUFFIX}"))


def test_lock_files_of_excel_and_libreoffice_are_understood(tmp_path: Path):
    book = tmp_path / "book.xlsx"
    assert open_elsewhere(book) == ""
    (tmp_path / ".~lock.book.xlsx#").write_text(",bob,desk,23.11.2026 15:00,file:///x;", encoding="utf-8")
    assert open_elsewhere(book) == "in LibreOffice by bob"
    (tmp_path / "~$book.xlsx").write_bytes(b"")
    assert open_elsewhere(book) == "in Excel"


def test_what_somebody_saves_meanwhile_is_not_overwritten(book: Path, results: Path):
    with package.Package(book) as opened:
        time.sleep(0.01)
        book.write_bytes(book.read_bytes() + b" ")
        before = digest(book)
        with pytest.raises(CannotPatch, match="saved by somebody"):
            opened.save(book)
    assert digest(book) == before


def test_temporary_files_of_killed_runs_go_and_those_of_living_ones_stay(book: Path):
    stale = book.parent / f".book.xlsx.dead{package.TEMPORARY_SUFFIX}"
    other = book.parent / f".other.xlsx.dead{package.TEMPORARY_SUFFIX}"
    stale.write_bytes(b"half"), other.write_bytes(b"half")
    alive = book.parent / f".book.xlsx.alive{package.TEMPORARY_SUFFIX}"
    with alive.open("wb") as file:
        package._hold(file.fileno())
        assert remove_stale(book) == [stale]
    assert alive.exists()
    assert other.exists()


KILLED = """
import sys
from rebate_udfs.hosts.patch import patch
print("ready", flush=True)
for turn in range(1000):
    patch(sys.argv[1], sys.argv[2 + turn % 2])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX")
def test_killed_at_any_moment_the_book_is_an_old_or_a_new_one(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx", rows=3000)
    few, many = result_book(tmp_path / "few.xlsx", rows=5), result_book(tmp_path / "many.xlsx", rows=900)
    patch(book, few)
    inputs, whole = values(book, "Transactions"), set()
    for scratch in (many, few):
        patch(book, scratch)
        whole.add(digest(book))
    generator = random.Random(7)
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, book, few, many], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(generator.random() * 0.08)
            child.send_signal(signal.SIGKILL)
        assert digest(book) in whole
        assert values(book, "Transactions") == inputs
    remove_stale(book)
    assert not list(tmp_path.glob(f".*{package.TEMPORARY_SUFFIX}"))


def test_the_mark_counts_what_we_drew(book: Path, results: Path):
    patch(book, results)
    text = contents(book)["xl/workbook.xml"].decode()
    marks = [part.split(">")[1].split("<")[0] for part in text.split("<definedName ") if MARK in part]
    assert marks == ["1", "0"]
    assert png(book.with_name("p.png")).stat().st_size > 50
