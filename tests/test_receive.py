"""Statements that come back: filled in every way that people fill them, taken once; everything else is set aside with the reason."""

from __future__ import annotations

import faulthandler
import io
import os
import random
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from returned import CLAIM, DISPUTE, Company, by_xml, company, fill, mutated, part_of, rebuilt

from rebate_udfs.claim_reasons import BY_CODE
from rebate_udfs.hosts.receive import receive_statements, set_aside, write_receipts
from rebate_udfs.hosts.receive_reader import Refused, cells, limit, look_at_package, read
from rebate_udfs.ledger import default_url
from rebate_udfs.pipeline import run
from rebate_udfs.receipts import Receipt
from rebate_udfs.seal import Returned

MUTATIONS = int(os.environ.get("REBATES_MUTATIONS", "120"))  # 2,000 before a release


@pytest.fixture
def firm(tmp_path: Path) -> Company:
    return company(tmp_path)


def received(firm: Company, path: Path, **more: bool) -> list[Receipt]:
    return receive_statements(path, firm.book, firm.tables(), **more)


def test_a_filled_statement_is_taken_validated_and_never_twice(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM, {**CLAIM, "Line": "2", "Claimed Amount": 50}], [DISPUTE])
    before = firm.tables()
    (receipt,) = received(firm, path)
    assert receipt.taken and receipt.signed, receipt.reason
    assert (len(receipt.claims), len(receipt.disputes), receipt.known) == (2, 1, 0)
    tables = firm.tables()
    new = tables.claims[len(before.claims) :]
    assert [(claim.claim_id, claim.line, claim.distributor_id, claim.claimed_amount) for claim in new] == [
        ("C-77", "1", firm.participants[0], Decimal(100)), ("C-77", "2", firm.participants[0], Decimal(50)),
    ]  # fmt: skip
    assert [dispute.status.value for dispute in tables.disputes[len(before.disputes) :]] == ["Open"]
    answers = run(tables).claims
    assert {answer.claim_id for answer in answers} >= {"C-77"}
    (text,) = write_receipts(tmp_path / "receipts", [receipt], answers)
    said = text.read_text()
    assert "Claim C-77 line 1: Rejected, USD 0.00 of USD 100.00 approved" in said and "Taken: 2 claim lines and 1 dispute" in said
    (again,) = received(firm, path)
    assert again.taken and again.known == 3 and not again.claims and not again.disputes
    assert len(firm.tables().claims) == len(tables.claims)


def test_a_receipt_says_why_before_what_to_do_and_asks_nothing_where_nothing_is_left(firm: Company, tmp_path: Path) -> None:
    (receipt,) = received(firm, fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM]))
    (sent,) = [each for each in run(firm.tables()).claims if each.claim_id == "C-77"]
    codes = ("FUND_EXHAUSTED", "CLAIMED_TOO_LITTLE")
    remedies, whole = tuple(BY_CODE[code].remedy for code in codes), {"status": "Approved", "approved": Decimal(100), "reasons": codes}

    def told(**changes: Any) -> list[str]:
        (text,) = write_receipts(tmp_path / "receipts", [receipt], [replace(sent, **{"remedies": remedies, **changes})])
        lines = text.read_text().splitlines()
        text.unlink()
        at = next(number for number, line in enumerate(lines) if line.startswith("Claim C-77"))
        return [line for line in lines[at + 1 :] if line.startswith("  ")][:1]

    assert told(**whole, details=("USD 100.00 left", "100.00 against 400.00")) == []  # the fund holds no more
    assert told(**whole, details=("", "USD 40.00 more can be claimed")) == [
        "  Less is claimed than the terms give. Claim the rest in a line of its own."
    ]
    less = {"status": "Adjusted", "approved": Decimal(60), "reasons": codes[:1], "details": ("USD 60.00 left",)}
    assert told(**less) == ["  The fund does not hold enough. Nothing to do: we pay what the fund still holds."]


def test_a_line_that_was_changed_is_a_resubmission(firm: Company, tmp_path: Path) -> None:
    received(firm, fill(firm.statements[0], tmp_path / "one.xlsx", [CLAIM]))
    received(firm, fill(firm.statements[0], tmp_path / "two.xlsx", [{**CLAIM, "Claimed Amount": 90}]))
    sent = [claim for claim in firm.tables().claims if claim.claim_id == "C-77"]
    assert [(claim.resubmission, claim.claimed_amount) for claim in sent] == [(0, Decimal(100)), (1, Decimal(90))]


def test_filled_by_editing_the_xml(firm: Company, tmp_path: Path) -> None:
    cells_ = {"A6": "C-88", "C6": "P-110", "D6": "2026-05-30", "E6": "2026-Q1", "I6": "1,250.50"}
    (receipt,) = received(firm, by_xml(firm.statements[0], tmp_path / "x.xlsx", "Claim Form", cells_))
    assert receipt.taken, receipt.reason
    assert receipt.claims[0]["Claimed Amount"] == Decimal("1250.50") and receipt.claims[0]["Claim Date"] == date(2026, 5, 30)


def test_sorted_merged_lengthened_and_pasted_over(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "long.xlsx", [{**CLAIM, "Line": str(number)} for number in range(1, 41)], skip=3)
    book = openpyxl.load_workbook(path)
    sheet = book["Claim Form"]
    sheet.insert_cols(1)  # moves every column
    sheet.merge_cells("B9:B10")  # one claim id over two rows
    book["Claim Form"].data_validations.dataValidation = []
    book.save(path)
    (receipt,) = received(firm, path)
    assert receipt.taken, receipt.reason
    assert len(receipt.claims) == 40


def test_a_returned_file_cannot_decide_its_own_claim(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "sly.xlsx", [CLAIM])
    book = openpyxl.load_workbook(path)
    sheet = book["Claim Form"]
    for at, (header, value) in enumerate(
        (("Decision", "Approve"), ("Decided Amount", 9999), ("Distributor ID", "D-1700"), ("Bank Account", "X")), 30
    ):
        sheet.cell(4, at).value, sheet.cell(6, at).value = header, value
    book.save(path)
    (receipt,) = received(firm, path)
    assert receipt.taken and set(receipt.claims[0]) <= {*CLAIM, "Distributor ID", "Resubmission"}
    assert any("Decided Amount" in problem.message for problem in receipt.problems)
    assert receipt.claims[0]["Distributor ID"] == firm.participants[0]


def test_what_is_changed_outside_input_cells_is_named(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "altered.xlsx", [CLAIM])
    book = openpyxl.load_workbook(path)
    name = next(each for each in book.sheetnames if "nvoice" in each or "ounted" in each)
    cell = next(cell for row in book[name].iter_rows() for cell in row if isinstance(cell.value, (int, float)))
    cell.value += 1
    book.save(path)
    (receipt,) = received(firm, path)
    assert not receipt.taken and f"{name} {cell.coordinate} was" in receipt.reason
    assert not any(claim.claim_id == "C-77" for claim in firm.tables().claims)
    set_aside(tmp_path / "aside", path, [receipt])
    assert (tmp_path / "aside" / "altered.xlsx").exists()


def test_a_statement_of_another_book_is_read_only_when_that_is_said(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "foreign.xlsx", [CLAIM])
    Path(default_url(firm.book).removeprefix("sqlite:///")).unlink()
    (receipt,) = received(firm, path)
    assert not receipt.taken and "signature" in receipt.reason
    (receipt,) = received(firm, path, accept_unsigned=True)
    assert receipt.taken and not receipt.signed and len(receipt.claims) == 1


def test_a_seal_of_ones_own_is_no_seal(firm: Company, tmp_path: Path) -> None:
    path = fill(firm.statements[0], tmp_path / "forged.xlsx", [CLAIM])
    book = openpyxl.load_workbook(path)
    seal = book["Seal"]
    seal["A1"].value = seal["A1"].value.replace(firm.participants[0], firm.participants[1])
    book.save(path)
    (receipt,) = received(firm, path)
    assert not receipt.taken and "signature" in receipt.reason


def test_a_folder_and_a_zip_are_taken_file_by_file(firm: Company, tmp_path: Path) -> None:
    folder = tmp_path / "back"
    folder.mkdir()
    for number in range(3):
        fill(firm.statements[number], folder / f"{number}.xlsx", [{**CLAIM, "Claim ID": f"C-{number}"}])
    (folder / "letter.xlsx").write_bytes(b"Dear all")
    found = received(firm, folder)
    assert [(receipt.name, receipt.taken) for receipt in found] == [("0.xlsx", True), ("1.xlsx", True), ("2.xlsx", True), ("letter.xlsx", False)]
    with zipfile.ZipFile(tmp_path / "back.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"mail/{file.name}")
    again = received(firm, tmp_path / "back.zip")
    assert sum(receipt.known for receipt in again) == 3 and not any(receipt.claims for receipt in again)


def bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/workbook.xml", "<workbook/>")
        with package.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(300):
                part.write(b" " * 2**20)
    return held.getvalue()


def test_hostile_files_give_one_clear_error(firm: Company, tmp_path: Path) -> None:
    good = firm.statements[0]
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet>&a;</worksheet>'
    sheet = part_of(good, "Claim Form")
    far = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>' \
          b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'  # fmt: skip
    files = {
        "bomb.xlsx": bomb(), "empty.xlsx": b"", "text.xlsx": b"a,b\n1,2", "cut.xlsx": good.read_bytes()[:3000],
        "entity.xlsx": rebuilt(good, tmp_path / "1", {sheet: entity}).read_bytes(),
        "macro.xlsx": rebuilt(good, tmp_path / "2", more={"xl/vbaProject.bin": b"x"}).read_bytes(),
        "object.xlsx": rebuilt(good, tmp_path / "3", more={"xl/embeddings/oleObject1.bin": b"x"}).read_bytes(),
        "far.xlsx": rebuilt(good, tmp_path / "4", {sheet: far}).read_bytes(),
        "locked.xlsx": bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    }  # fmt: skip
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    before = firm.book.read_bytes()
    found = {receipt.name: receipt for receipt in received(firm, folder)}
    assert set(found) == set(files)
    for name, receipt in found.items():
        assert not receipt.taken and receipt.reason and "Traceback" not in receipt.reason, name
    assert "password" in found["locked.xlsx"].reason and "macro" in found["macro.xlsx"].reason
    assert firm.book.read_bytes() == before


def outcome(path: Path) -> str:
    """What the reader makes of a file in a process of its own, as it always has one: read, refused, or killed by its limits."""
    child = os.fork()
    if not child:
        status = 9
        faulthandler.disable()  # what a killed reader says is nobody's concern
        try:
            limit()
            status = 0 if isinstance(read(path), Returned) else 9
        except Refused as refusal:
            status = 1 if str(refusal).endswith((".", "link.")) else 9
        except MemoryError:
            status = 2
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return "killed"
    return {0: "read", 1: "refused", 2: "killed"}.get(os.WEXITSTATUS(ended), "traceback")


def test_mutated_workbooks_end_in_values_or_in_one_sentence(firm: Company, tmp_path: Path) -> None:
    good = fill(firm.statements[0], tmp_path / "good.xlsx", [CLAIM]).read_bytes()
    draw, path = random.Random(5), tmp_path / "mutated.xlsx"
    found: dict[str, int] = {"read": 0, "refused": 0, "killed": 0, "traceback": 0}
    for _ in range(MUTATIONS):
        path.write_bytes(mutated(good, draw))
        found[outcome(path)] += 1
    assert found["read"] and found["refused"] and not found["traceback"], found


def test_nothing_is_appended_from_a_mutated_workbook_that_failed(firm: Company, tmp_path: Path) -> None:
    good = fill(firm.statements[0], tmp_path / "good.xlsx", [CLAIM]).read_bytes()
    draw, folder = random.Random(6), tmp_path / "back"
    folder.mkdir()
    for number in range(MUTATIONS // 5):
        (folder / f"{number:04}.xlsx").write_bytes(mutated(good, draw))
    before = len(firm.tables().claims)
    receipts = received(firm, folder)
    assert len(receipts) == MUTATIONS // 5
    for receipt in receipts:
        assert receipt.taken or (receipt.reason.endswith(".") and not receipt.claims and not receipt.disputes), receipt
    claims = firm.tables().claims[before:]
    assert {(claim.claim_id, claim.program_id) for claim in claims} <= {("C-77", "P-110")}
    assert len(claims) == sum(len(receipt.claims) for receipt in receipts if receipt.taken)


def test_the_reader_gives_what_was_written(firm: Company) -> None:
    data = firm.statements[0].read_bytes()
    look_at_package(data)
    assert "Seal" in cells(data)
