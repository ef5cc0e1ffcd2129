"""Statements ready to send: the table for mail merge, the manifest, passwords, PDFs; the same bytes for the same inputs, also after a stop."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import msoffcrypto
import openpyxl
import pypdf
import pytest
from closebooks import run as rebates
from conftest import require_program, require_soffice
from returned import CLAIM, company, fill, rebuilt
from statement_runs import ROOT, hand_made, sample_run
from test_statements_folder import hashes, many, nothing

from rebate_udfs.hosts import statement_password, statement_pdf
from rebate_udfs.hosts.receive import receive_statements
from rebate_udfs.hosts.statement_password import decrypted, encrypted, read_passwords
from rebate_udfs.hosts.statement_pdf import printed, steady
from rebate_udfs.hosts.statement_sending import COLUMNS, LIST, MAIL_MERGE, Sending, plain, send, write_lists
from rebate_udfs.hosts.statements import UNFINISHED, make_statements
from rebate_udfs.ledger import Ledger, default_url
from rebate_udfs.ledger_statements import told_before
from rebate_udfs.model import Distributor, Refused, Run


def table(folder: Path) -> list[dict[str, str]]:
    """The mail-merge table as a spreadsheet program reads it."""
    with (folder / MAIL_MERGE).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def all_hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if not path.name.startswith(".")}


def passwords_file(path: Path, passwords: Mapping[str, str]) -> Path:
    path.write_text("Distributor ID,Password\n" + "".join(f"{one},{secret}\n" for one, secret in passwords.items()), encoding="utf-8")
    return path


# ---- mail merge and manifest


def test_the_lists_name_every_file_its_hash_and_what_to_do(tmp_path: Path) -> None:
    made = send(sample_run(), tmp_path / "book.xlsx", tmp_path / "out", Sending())
    rows = table(tmp_path / "out")
    assert tuple(rows[0]) == COLUMNS
    assert [row["Distributor ID"] for row in rows] == [one.participant_id for one in made]
    northgate = rows[0]
    assert (northgate["Email"], northgate["As Of"]) == ("purchasing@northgate.example", "2026-05-31")
    assert northgate["Earned"] == "USD 25,539.76" and "by 2026-09-28 or it lapses" in northgate["To Do"]
    manifest = json.loads((tmp_path / "out" / LIST).read_text(encoding="utf-8"))
    there = all_hashes(tmp_path / "out")
    assert (manifest["as_of"], manifest["book_id"], manifest["run_id"]) == ("2026-05-31", "B-DEMO", sample_run().run_id)
    assert {one["file"]: one["sha256"] for one in manifest["statements"]} == {name: mark for name, mark in there.items() if name.endswith(".xlsx")}
    assert {row["File"] for row in rows} == {one["file"] for one in manifest["statements"]}


def test_the_same_inputs_give_the_same_bytes_of_everything(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        send(sample_run(), tmp_path / "book.xlsx", tmp_path / folder, Sending(jobs=1 if folder == "one" else 2))
    assert all_hashes(tmp_path / "one") == all_hashes(tmp_path / "two")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-Dash & Co", "@SUM(A1)", "\tTab", "\rReturn", " =1+1"])
def test_no_cell_of_the_mail_merge_is_a_formula(tmp_path: Path, name: str) -> None:
    run = many(1)
    people = (Distributor(distributor_id="D-0000", distributor_name=name, email=name),)
    run = replace(run, tables=replace(run.tables, distributors=people))
    tmp_path.joinpath("out").mkdir()
    write_lists(tmp_path / "out", run, make_statements(run, tmp_path / "out", verdicts=nothing))
    (row,) = table(tmp_path / "out")
    assert row["Distributor Name"].startswith("'") and row["Email"].startswith("'")
    assert row["Email"].removeprefix("'").strip() == name.strip()


def test_plain_cells_stay_as_they_are() -> None:
    assert [plain(text) for text in ("anna@example.com", "D-1000", "", "USD 1.00")] == ["anna@example.com", "D-1000", "", "USD 1.00"]


# ---- passwords


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no column Distributor ID and no column Password"),
        ("Distributor ID,Secret\nA,x\n", "has no column Password"),
        ("Distributor ID,Password\nA,\n", "row 2: the password of A is empty"),
        ("Distributor ID,Password\nA,x\nA,y\n", "row 3: A stands on two rows"),
        ("Distributor ID,Password\n,x\n", "row 2: Distributor ID is empty"),
        ("Distributor ID,Password\nA, x\n", "begins or ends with a blank"),
        (f"Distributor ID,Password\nA,{'x' * 256}\n", "longer than 255"),
    ],
)
def test_a_file_of_passwords_is_refused_with_its_rows(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=said):
        read_passwords(tmp_path / "p.csv")


def test_a_file_of_passwords_is_read_as_spreadsheets_save_it(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("Password;distributor id\nä,;A\n\nb;B\n", encoding="utf-8-sig")
    assert read_passwords(tmp_path / "p.csv") == {"A": "ä,", "B": "b"}
    (tmp_path / "p.csv").write_bytes("Distributor ID,Password\nA,ä\n".encode("latin-1"))
    with pytest.raises(Refused, match="UTF-8"):
        read_passwords(tmp_path / "p.csv")


def test_who_has_no_password_and_who_is_unknown_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="X-1 is no distributor of the book; D-0001 gets a statement and has no password"):
        make_statements(many(2), tmp_path / "out", verdicts=nothing, passwords={"D-0000": "a", "X-1": "b"})
    assert not (tmp_path / "out").exists()


def test_each_statement_opens_with_its_own_password_only(tmp_path: Path) -> None:
    secrets = {"D-0000": "first secret", "D-0001": "zweites Geheimnis ä"}
    made = make_statements(many(2), tmp_path / "out", verdicts=nothing, passwords=secrets, signing_key=b"k" * 32)
    clear = make_statements(many(2), tmp_path / "clear", verdicts=nothing, signing_key=b"k" * 32)
    for one, open_ in zip(made, clear, strict=True):
        data = one.path.read_bytes()
        assert b"PK\x03\x04" not in data[:8] and b"Dealer" not in data
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
            file.load_key(password=next(secret for who, secret in secrets.items() if who != one.participant_id), verify_password=True)
        assert decrypted(data, [secrets[one.participant_id]]) == open_.path.read_bytes()
        assert one.letter.content == open_.letter.content, "what it says has one hash"


def test_encrypted_ones_are_kept_until_content_or_password_changes(tmp_path: Path) -> None:
    make_statements(many(2), tmp_path, verdicts=nothing, passwords={"D-0000": "a", "D-0001": "b"}, signing_key=b"k" * 32)
    again = make_statements(many(2), tmp_path, verdicts=nothing, passwords={"D-0000": "a", "D-0001": "c"}, signing_key=b"k" * 32)
    assert [one.reused for one in again] == [True, False]
    memory = next(tmp_path.glob(".rebates_statements.json")).read_text()
    assert sha256(b"a").hexdigest()[:16] not in memory, "nothing in the folder helps to guess a password"
    assert [one.reused for one in make_statements(many(2), tmp_path, verdicts=nothing, signing_key=b"k" * 32)] == [False, False]


def test_an_encrypted_statement_comes_back_with_its_password(tmp_path: Path) -> None:
    firm = company(tmp_path)
    secret = {firm.participants[0]: "geheim", firm.participants[1]: "other"}
    filled = fill(firm.statements[0], tmp_path / "filled.xlsx", [CLAIM])
    back = tmp_path / firm.statements[0].name
    back.write_bytes(encrypted(filled.read_bytes(), "geheim"))
    (receipt,) = receive_statements(back, firm.book, firm.tables())
    assert not receipt.taken and "--passwords" in receipt.reason
    (receipt,) = receive_statements(back, firm.book, firm.tables(), passwords={firm.participants[0]: "no", "x": "nor this"})
    assert not receipt.taken and "does not hold" in receipt.reason
    shutil.copy2(back, tmp_path / "renamed.xlsx")
    (receipt,) = receive_statements(tmp_path / "renamed.xlsx", firm.book, firm.tables(), passwords=secret)
    assert receipt.taken and receipt.signed and len(receipt.claims) == 1, "also when its name says nothing"
    told = rebates("receive", str(back), "--book", str(firm.book), "--passwords", str(passwords_file(tmp_path / "p.csv", secret)))
    assert "1 known already" in told


def grown(path: Path) -> bytes:
    """A workbook with a part that unpacks to 300 MB."""
    target = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as package, package.open("xl/worksheets/sheet99.xml", "w") as part:
        for _ in range(300):
            part.write(b" " * 2**20)
    return target.getvalue()


def test_a_damaged_or_hostile_encrypted_file_is_one_sentence(tmp_path: Path) -> None:
    firm = company(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    good = encrypted(firm.statements[0].read_bytes(), "a")
    (folder / "bomb.xlsx").write_bytes(encrypted(grown(firm.statements[0]), "a"))
    (folder / "macro.xlsx").write_bytes(encrypted(rebuilt(firm.statements[0], tmp_path / "m", more={"xl/vbaProject.bin": b"x"}).read_bytes(), "a"))
    (folder / "cut.xlsx").write_bytes(good[: len(good) // 2])
    (folder / "header.xlsx").write_bytes(good[:8] + bytes(600) + "EncryptedPackage".encode("utf-16-le"))
    found = receive_statements(folder, firm.book, firm.tables(), passwords={"A": "a"})
    assert len(found) == 4
    for receipt in found:
        assert not receipt.taken and receipt.reason.endswith(".") and "Traceback" not in receipt.reason, receipt
    assert "macro" in next(receipt.reason for receipt in found if receipt.name == "macro.xlsx")


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msoffcrypto", None)
    with pytest.raises(Refused, match=r"pip install .*passwords"):
        make_statements(many(1), tmp_path / "out", verdicts=nothing, passwords={"D-0000": "a"})
    assert "passwords]" in statement_password.INSTALL


# ---- PDFs


def pages(path: Path, password: str | None = None) -> list[str]:
    """The text of each page, as poppler reads it."""
    secret = ["-upw", password] if password else []
    done = subprocess.run([require_program("pdftotext"), *secret, "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]


@pytest.fixture(scope="module")
def with_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's statements with PDFs."""
    require_soffice()
    folder = tmp_path_factory.mktemp("pdf")
    send(sample_run(), folder / "book.xlsx", folder / "out", Sending(jobs=2, pdf=True))
    return folder


def test_a_pdf_shows_page_one_and_each_program_on_a_page(with_pdf: Path) -> None:
    rows = table(with_pdf / "out")
    assert {row["PDF"] for row in rows} == {path.name for path in (with_pdf / "out").glob("*.pdf")}
    for row in rows:
        found = pages(with_pdf / "out" / row["PDF"])
        book = openpyxl.load_workbook(with_pdf / "out" / row["File"])
        programs = [cell.value for cell in book["Program"]["A"] if isinstance(cell.value, str) and cell.font.size == 16]
        assert row["Earned"] in found[0] and "Rebate statement" in found[0] and row["Distributor Name"] in found[0]
        assert len(found) == 1 + len(programs), row["PDF"]
        assert all(program in page for program, page in zip(programs, found[1:], strict=True))
        assert not any("Claim form" in page or "invoice lines count" in page for page in found)


def test_pdfs_are_kept_remade_when_harmed_and_the_same_each_time(with_pdf: Path) -> None:
    out = with_pdf / "out"
    before = all_hashes(out)
    manifest = json.loads((out / LIST).read_text(encoding="utf-8"))
    assert {one["pdf"]: one["pdf_sha256"] for one in manifest["statements"]} == {name: mark for name, mark in before.items() if name.endswith(".pdf")}
    first = min(out.glob("*.pdf"))
    stamp = {path: path.stat().st_mtime_ns for path in out.glob("*.pdf")}
    first.write_bytes(b"harmed")
    send(sample_run(), with_pdf / "book.xlsx", out, Sending(pdf=True))
    assert all_hashes(out) == before, "printed again it has the same bytes"
    assert [path for path in stamp if path.stat().st_mtime_ns != stamp[path]] == [first]


def test_a_pdf_has_the_password_of_its_statement(tmp_path: Path) -> None:
    require_soffice()
    (made,) = make_statements(many(1), tmp_path, verdicts=nothing, passwords={"D-0000": "geheim"}, pdf=True, signing_key=b"k" * 32)
    assert made.pdf is not None and pypdf.PdfReader(made.pdf).is_encrypted
    assert b"Dealer" not in made.pdf.read_bytes()
    assert "Dealer D-0000" in pages(made.pdf, "geheim")[0]


def test_without_libreoffice_it_says_what_to_install_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_pdf, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="install it .*leave --pdf out"):
        make_statements(many(1), tmp_path / "out", verdicts=nothing, pdf=True)
    assert not (tmp_path / "out").exists()


def running(mark: Path) -> list[str]:
    """Processes whose command names a path."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(mark).encode() in command:
            found.append(process.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system has no /proc")
def test_a_libreoffice_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "soffice"
    hanging.write_text(f'#!/bin/sh\nsh -c "sleep 600 # {tmp_path}" "{tmp_path}" &\nwait\n', encoding="utf-8")
    hanging.chmod(0o755)
    monkeypatch.setattr(statement_pdf, "START_SECONDS", 1)
    monkeypatch.setattr(statement_pdf, "SECONDS_EACH", 0)
    started = time.monotonic()
    with pytest.raises(Refused, match="did not print within 1 seconds"):
        printed([tmp_path / "a.xlsx"], [sample_run().as_of], str(hanging))
    assert time.monotonic() - started < 20
    deadline = time.monotonic() + 5
    while running(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running(tmp_path) == []


def test_a_libreoffice_that_fails_is_one_sentence_and_the_workbooks_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "bin" / "soffice"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\necho no display\nexit 1\n", encoding="utf-8")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Refused, match=r"printed 0 of 2 statements as PDF \(no display\)"):
        make_statements(many(2), tmp_path / "out", verdicts=nothing, pdf=True)
    assert len(hashes(tmp_path / "out")) == 2


def test_what_was_written_is_remembered_also_where_printing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "bin" / "soffice"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Refused, match="printed 0 of 12"):
        send(sample_run(), tmp_path / "book.xlsx", tmp_path / "out", Sending(pdf=True))
    told = told_before(Ledger(default_url(tmp_path / "book.xlsx"), "B-DEMO"), date(2026, 6, 30))
    assert len(told) == 12 and {one.as_of for one in told.values()} == {sample_run().as_of}


def test_only_the_moment_of_printing_is_taken_out_of_a_pdf() -> None:
    day = sample_run().as_of
    one, two = (
        b"%PDF<</CreationDate(D:2026112807" + moment + b"Z')>>\n/ID [ <" + mark + b">\n<" + mark + b"> ]\n/DocChecksum /" + mark + b"\n>>"
        for moment, mark in ((b"1608", b"A" * 32), (b"1611", b"B" * 32))
    )
    assert one != two and steady(one, day) == steady(two, day) and len(steady(one, day)) == len(one)
    assert b"D:20260531000000Z'" in steady(one, day)
    assert steady(one.replace(b"%PDF", b"%PDG"), day) != steady(one, day)


# ---- a stop and going on

STOPPED = """
import sys
from pathlib import Path
from statement_runs import sample_run
from rebate_udfs.hosts.statement_sending import Sending, send
if __name__ == "__main__":
    send(sample_run(), Path(sys.argv[1]) / "book.xlsx", Path(sys.argv[1]) / "out", Sending(jobs=2))
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")
def test_after_a_kill_the_next_call_gives_what_one_without_would_have(tmp_path: Path) -> None:
    import signal

    send(sample_run(), tmp_path / "book.xlsx", tmp_path / "whole", Sending())
    shutil.copy2(tmp_path / "book.ledger.sqlite", tmp_path / "kept.sqlite")
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    started = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment, start_new_session=True)
    deadline = time.monotonic() + 120
    while started.poll() is None and len(list((tmp_path / "out").glob("*.xlsx"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    made = send(sample_run(), tmp_path / "book.xlsx", tmp_path / "out", Sending())
    assert all_hashes(tmp_path / "out") == all_hashes(tmp_path / "whole")
    assert any(one.reused for one in made)
    assert not list((tmp_path / "out").glob(f".*{UNFINISHED}"))


def test_a_company_of_nobody_gets_empty_lists(tmp_path: Path) -> None:
    nobody: Run = replace(hand_made(), attainment=())
    assert send(nobody, tmp_path / "book.xlsx", tmp_path / "out", Sending()) == []
    assert table(tmp_path / "out") == [] and json.loads((tmp_path / "out" / LIST).read_text())["statements"] == []
