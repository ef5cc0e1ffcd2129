"""Statements that were filled in and saved by other programs, in other formats, or moved about: taken, or set aside with what to do."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from conftest import ROOT, require_soffice
from returned import CLAIM, DISPUTE, Company, as_google_saves, company, fill, rebuilt

from rebate_udfs.hosts.receive import Registry, one_at_a_time, receive_statements, write_receipts
from rebate_udfs.hosts.receive_files import read_apart
from rebate_udfs.model import Refused
from rebate_udfs.package import CannotPatch
from rebate_udfs.parse import CannotRead
from rebate_udfs.receipts import Receipt

FORMATS = ("xlsx:Calc MS Excel 2007 XML", "ods:calc8", "xls:MS Excel 97")


@pytest.fixture
def firm(tmp_path: Path) -> Company:
    return company(tmp_path)


def received(firm: Company, path: Path, **more: bool) -> list[Receipt]:
    return receive_statements(path, firm.book, firm.tables(), **more)


def test_what_another_program_saved_in_any_format_is_taken_unchanged(firm: Company, office_profile: Path, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM], [DISPUTE])
    folder = tmp_path / "back"
    for each in FORMATS:
        command = [require_soffice(), f"-env:UserInstallation=file://{office_profile}", "--headless", "--convert-to", each, "--outdir", str(folder)]
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=180, check=False)
        assert (folder / f"filled.{each.split(':')[0]}").exists(), done.stderr
    as_google_saves(path, folder / "online.xlsx")
    receipts = received(firm, folder)
    assert [receipt.name for receipt in receipts] == ["filled.ods", "filled.xls", "filled.xlsx", "online.xlsx"]
    assert all(receipt.taken and receipt.signed and not receipt.problems and not receipt.notes for receipt in receipts), receipts
    assert sorted((len(receipt.claims), len(receipt.disputes), receipt.known) for receipt in receipts) == [(0, 0, 2), (0, 0, 2), (0, 0, 2), (1, 1, 0)]


def test_sorted_lists_and_remarks_are_no_changes_but_are_said(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "x.xlsx", [CLAIM])
    book = openpyxl.load_workbook(path)
    sheet = book["Excluded Transactions"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=20, max_row=40)]
    for at, row in enumerate(reversed(rows), 20):
        for column, value in enumerate(row, 1):
            sheet.cell(at, column).value = value
    book["Counted Transactions"]["Z9"].value = "=HYPERLINK(1)"
    book["Summary"]["P4"].value = "this is wrong"
    book["Claim Form"].row_dimensions[6].hidden = True
    book["Claim Form"]["C6"].comment = openpyxl.comments.Comment("as agreed by phone", "Ann")
    book["Claim Form"].auto_filter.ref = "A4:N30"
    book.create_sheet("Our notes")["B2"].value = "see mail"
    book.save(path)
    (receipt,) = received(firm, path)
    assert receipt.taken and len(receipt.claims) == 1, receipt.reason
    said = " ".join(receipt.notes)
    assert "Summary P4 was empty" in said and "The rows of Excluded Transactions stand in another order" in said and "The sheet Our notes" in said
    assert "comments beside cells, which were not read" in said


def test_every_changed_cell_is_named_with_what_it_was_and_is(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "altered.xlsx", [CLAIM])
    book = openpyxl.load_workbook(path)
    sheet = book["Counted Transactions"]
    place = next(cell for row in sheet.iter_rows(min_row=5) for cell in row if isinstance(cell.value, (int, float)) and cell.value > 10)
    was, place.value = place.value, 99999
    sheet.insert_rows(3)  # everything below has moved, and only one cell has changed
    del book["Payments"]
    book.save(path)
    (receipt,) = received(firm, path)
    assert not receipt.taken and "the sheet Payments is missing" in receipt.reason
    row = place.row - 1  # where it was when the statement was sent
    assert any(change.cell == f"{place.column_letter}{row}" and change.was == f"{was:.15g}" for change in receipt.changes), receipt.changes
    (text,) = write_receipts(tmp_path / "receipts", [receipt])
    assert f'{place.column_letter}{row} was "{was:.15g}"' in text.read_text()


def test_a_folder_with_folders_and_zips_is_read_and_other_files_are_named(firm: Company, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    (folder / "north" / "may").mkdir(parents=True)
    fill(firm.statements[0], folder / "north" / "may" / "a.xlsx", [CLAIM])
    fill(firm.statements[1], tmp_path / "b.xlsx", [{**CLAIM, "Claim ID": "C-2"}])
    shutil.make_archive(str(folder / "south"), "zip", tmp_path, "b.xlsx")
    shutil.make_archive(str(tmp_path / "deep"), "zip", folder, "south.zip")
    shutil.move(tmp_path / "deep.zip", folder / "deep.zip")
    (folder / "letter.pdf").write_bytes(b"%PDF")
    (folder / "~$a.xlsx").write_bytes(b"lock")
    found = {receipt.name: receipt for receipt in received(firm, folder)}
    assert [name for name, receipt in found.items() if receipt.taken] == ["north/may/a.xlsx", "south.zip/b.xlsx"]
    assert found["letter.pdf"].reason == "It is no workbook." and "zip in a zip" in found["deep.zip/south.zip"].reason
    assert len(found) == 4
    (tmp_path / "letters").mkdir()
    (folder / "letter.pdf").rename(tmp_path / "letters" / "letter.pdf")
    with pytest.raises(CannotRead, match="no workbook"):
        received(firm, tmp_path / "letters")


def test_an_older_statement_is_set_aside_while_the_book_has_the_newer_one(firm: Company, tmp_path: Path) -> None:
    newer = fill(firm.statements[0], tmp_path / "newer.xlsx", [CLAIM])
    kept = firm.book.read_bytes()
    assert received(firm, newer)[0].taken
    registry = Registry(firm.book)
    assert registry.latest(firm.tables()) == {firm.participants[0]: registry.latest(firm.tables())[firm.participants[0]]}
    registry.entries[0]["as_of"] = "2026-12-31"  # as if a later one had come in
    registry.path.write_text(registry.path.read_text().replace("2026-05-31", "2026-12-31"))
    (receipt,) = received(firm, newer)
    assert not receipt.taken and "as of 2026-12-31 has been received already" in receipt.reason
    firm.book.write_bytes(kept)  # the book comes back from a backup: nothing was received yet
    assert received(firm, newer)[0].claims
    Registry(firm.book).path.write_text("{")
    (again,) = received(firm, newer)
    assert again.taken and again.known == 1 and Registry(firm.book).path.with_suffix(".damaged").exists()


def test_claims_and_disputes_of_a_delivery_go_in_together_or_not_at_all(firm: Company, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(firm.book)
    bottom = book["Disputes"].tables["Disputes"].ref.split(":")[1]
    last = int("".join(filter(str.isdigit, bottom)))
    book["Disputes"].cell(last + 1, 1).value = "a remark of ours"
    for row in range(5, last + 1):
        book["Disputes"].cell(row, 1).value = book["Disputes"].cell(row, 1).value or f"D-{row}"
    book.save(firm.book)
    before = firm.book.read_bytes()
    path = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM], [DISPUTE])
    with pytest.raises(CannotPatch, match="below the table Disputes"):
        received(firm, path)
    assert firm.book.read_bytes() == before


def test_nobody_receives_into_a_book_at_the_same_time(firm: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebate_udfs.hosts.receive.WAIT", 1)
    with one_at_a_time(firm.book), pytest.raises(Refused, match="Somebody else"), one_at_a_time(firm.book):
        raise AssertionError("two at once")
    with one_at_a_time(firm.book):
        assert firm.book.exists()


def test_a_link_to_another_workbook_brings_its_saved_value_and_nothing_else(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM])
    linked = rebuilt(path, tmp_path / "linked.xlsx", more={"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
    found = read_apart(linked)
    assert not isinstance(found, str) and "nothing was fetched" in found.notes[0]
    (receipt,) = received(firm, linked)
    assert receipt.taken and len(receipt.claims) == 1


@pytest.mark.slow
def test_killed_at_any_moment_a_delivery_is_taken_whole_or_not_and_in_the_end_once(firm: Company, tmp_path: Path) -> None:
    folder, draw = tmp_path / "back", random.Random(4)
    folder.mkdir()
    for number in range(2):
        fill(firm.statements[number], folder / f"{number}.xlsx", [{**CLAIM, "Claim ID": f"C-{number}"}], [DISPUTE])
    command = [sys.executable, "-m", "rebate_udfs.cli", "receive", str(folder), "--book", str(firm.book)]
    before, kept = len(firm.tables().claims), sorted(path.name for path in firm.book.parent.iterdir())
    for wait in (0.0, 0.01, draw.uniform(1, 4), draw.uniform(1, 4)):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        seen = firm.book.stat().st_mtime_ns
        while wait < 1 and process.poll() is None and firm.book.stat().st_mtime_ns == seen and not list(firm.book.parent.glob(".rebates.xlsx.*")):
            time.sleep(0.001)  # until the workbook is being written
        time.sleep(wait)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        tables = firm.tables()
        assert (len(tables.claims) - before, len(tables.disputes)) in ((0, 0), (2, 2))
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    tables = firm.tables()
    assert (len(tables.claims) - before, len(tables.disputes)) == (2, 2)
    new = {path.name for path in firm.book.parent.iterdir()} - {*kept, "rebates received"}
    assert new <= {".rebates.rebates_received.json", ".rebates.rebates_receiving"}, new  # nothing half-written is left
