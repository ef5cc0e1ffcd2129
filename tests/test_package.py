"""A package is read and saved whatever wrote it, and refuses what would eat the machine."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from user_books import contents, digest, user_book

from rebate_udfs import package
from rebate_udfs.package import CannotPatch, Package, is_date_1904


class Stream(io.RawIOBase):
    """A file that cannot be searched: zip writers then put sizes behind the data."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self.file.write(data)

    def close(self) -> None:
        self.file.close()
        super().close()


def streamed(path: Path) -> None:
    parts = contents(path)
    with Stream(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts.items():
            out.writestr(name, data)


def stored(path: Path) -> None:
    parts = contents(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        out.mkdir("xl/")
        for name, data in parts.items():
            out.writestr(name, data)
        out.comment = b"made by something else"


def with_extra_fields(path: Path) -> None:
    parts = contents(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            info.extra = b"UT\x05\x00\x03\x00\x00\x00\x00"
            with out.open(info, "w", force_zip64=True) as member:
                member.write(data)


def with_text_around(path: Path) -> None:
    path.write_bytes(b"#!stub\n" + path.read_bytes())


@pytest.mark.parametrize("rewritten", [streamed, stored, with_extra_fields, with_text_around])
def test_any_writers_zip_is_copied_member_by_member(tmp_path: Path, rewritten):
    book = user_book(tmp_path / "book.xlsx", rows=200)
    rewritten(book)
    before = contents(book)
    with Package(book) as opened:
        opened.changed["xl/workbook.xml"] = before["xl/workbook.xml"] + b"\n"
        opened.changed["new.bin"] = b"new"
        opened.gone.add("xl/calcChain.xml")
        opened.save(book)
    after = contents(book)
    assert after.pop("new.bin") == b"new"
    assert after.pop("xl/workbook.xml") == before.pop("xl/workbook.xml") + b"\n"
    before.pop("xl/calcChain.xml")
    assert after == before
    with zipfile.ZipFile(book) as zipped:
        assert zipped.testzip() is None


def test_the_same_change_gives_the_same_bytes(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx")
    made = []
    for number in range(2):
        with Package(book) as opened:
            opened.changed["new.bin"] = b"new"
            opened.save(tmp_path / f"{number}.xlsx")
        made.append(digest(tmp_path / f"{number}.xlsx"))
    assert made[0] == made[1]


def test_a_part_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = user_book(tmp_path / "book.xlsx")
    monkeypatch.setattr(package, "PART_LIMIT", 100)
    with Package(book) as opened, pytest.raises(CannotPatch, match="larger than"):
        opened.tree("xl/workbook.xml")


def test_entities_are_not_followed(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    bomb = f'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY f SYSTEM "file://{secret}">]><a>&f;&b;</a>'.encode()
    assert b"secret" not in package.dump(package.parse(bomb)).split(b"]>")[-1]


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx")
    with Package(book) as opened, pytest.raises(CannotPatch, match="nothing can be written"):
        opened.save(tmp_path / "missing" / "out.xlsx")


def test_the_date_system_is_known(tmp_path: Path):
    assert not is_date_1904(user_book(tmp_path / "a.xlsx"))
    assert is_date_1904(user_book(tmp_path / "b.xlsx", date_1904=True))


def test_names_of_parts_ignore_case(tmp_path: Path):
    book = user_book(tmp_path / "book.xlsx")
    with Package(book) as opened:
        assert "XL/Workbook.xml" in opened
        assert opened.read("XL/Workbook.xml") == opened.read("xl/workbook.xml")
        assert "xl/none.xml" not in opened
