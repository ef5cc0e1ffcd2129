"""Filled statements from a file, folder or zip into the book: each read apart, judged, appended once, answered by a receipt."""

from __future__ import annotations

import glob
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from hashlib import file_digest
from pathlib import Path, PurePath
from typing import Any

from .. import actions
from ..columns import BY_NAME
from ..model import ClaimResult, Refused, Tables
from ..package import CannotPatch, remove_stale
from ..receipts import Receipt, Sent
from ..receive import MOST_LISTED as MOST_IN_REASON
from ..report_claims import what_to_do, why
from ..report_columns import words
from ..seal import Returned
from .append import append_tables
from .receive_files import delivery, read_apart
from .statement_key import known_key
from .statement_password import likely, require_packages
from .statements import UNFINISHED, safe_name, write_whole

if sys.platform != "win32":
    import fcntl

WAIT = 60  # seconds for somebody else who receives into the same book
MOST_LISTED = 200  # changed cells in a receipt
RECEIVED = ".rebates_received.json"
FILLED = "*.xlsx;*.xlsm;*.ods;*.zip"  # what a dialog offers to choose
IN_A_FOLDER = "Are the filled statements together in a folder? Yes: choose the folder. No: choose the files."


def receive_statements(
    path: Path, book: Path, tables: Tables, *, accept_unsigned: bool = False, jobs: int | None = None, ledger: str | None = None,
    passwords: Mapping[str, str] | None = None,
) -> list[Receipt]:  # fmt: skip
    """Read a file, folder or zip of filled statements and append what is new to the Claims and Disputes of the book, in one step.

    `ledger` names a shared ledger, which keeps the key; without one it is the file beside the book. `passwords`, by
    distributor, open statements that were sent encrypted.
    A file that is not ours, changed, old, broken or dangerous is set aside with the reason, and nothing of it is appended.
    Raises CannotRead when there is nothing to read, CannotPatch when the book cannot be written (it then is as it was).
    """
    registry = Registry(book)
    sent, key = read_statements(path, jobs, (book, received_folder(book)), passwords), known_key(book, tables, ledger)
    received = actions.receive_statements(sent, tables, key, registry.latest(tables), accept_unsigned=accept_unsigned)
    registry.note(received.receipts)  # first: what it says counts only once the book has the rows
    append(book, received.additions)
    return list(received.receipts)


def received_folder(book: Path) -> Path:
    """Where receipts go, and what was set aside."""
    return book.with_name(f"{book.stem} received")


def read_statements(path: Path, jobs: int | None = None, leave_out: Sequence[Path] = (), passwords: Mapping[str, str] | None = None) -> list[Sent]:
    """The files of a delivery, each read apart; files of other kinds are named as such. Raises CannotRead when there is nothing to read."""
    if passwords:
        require_packages()
    with delivery(path, leave_out) as found, ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        others = [Sent(name, "", OTHER_KIND) for name in found.others]
        return [*pool.map(lambda each: _sent(each[0], each[1], passwords or {}), found.workbooks), *others]


OTHER_KIND = "It is no workbook."


def _sent(name: str, place: Path | str, passwords: Mapping[str, str]) -> Sent:
    if isinstance(place, str):
        return Sent(name, "", place)
    found: Returned | str = read_apart(place, likely(PurePath(name).name, passwords))
    try:
        with place.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError:
        return Sent(name, "", "It cannot be read.")
    return Sent(name, digest, found)


def append(book: Path, additions: Sequence[actions.Addition]) -> None:
    """All new rows of a delivery, Claims and Disputes in one change of the book. Raises CannotPatch, with the book as it was."""
    if not additions:
        return
    try:
        append_tables(book, [(BY_NAME[addition.table], addition.rows) for addition in additions])
    except ValueError as error:
        raise CannotPatch(f"a column is missing ({error}); add it and receive again") from error


@contextmanager
def one_at_a_time(book: Path) -> Iterator[None]:
    """Nobody else receives into a book meanwhile, so that two at once do not both find a claim new. Raises Refused after a minute."""
    if sys.platform == "win32":  # a workbook that two write at once is refused when it is saved
        yield
        return
    with book.with_name(f".{book.stem}.rebates_receiving").open("a") as file:
        for _ in range(WAIT * 10):
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(1 / 10)
        else:
            raise Refused(f"Somebody else is receiving into {book.name}; run again when that has ended.")
        remove_stale(book)
        for left in book.parent.glob(f".{glob.escape(book.stem)}{RECEIVED}.*{UNFINISHED}"):  # of a run that was killed
            left.unlink(missing_ok=True)
        yield


# ---- what was received


class Registry:
    """Beside the book: which statements were received and the rows that they brought.

    It tells of each participant the newest one, so that an older one is set aside. What it says of a statement counts only
    while the book has the rows: after a book was restored, or a run was killed, the same files are simply taken again.
    """

    def __init__(self, book: Path) -> None:
        self.path = book.with_name(f".{book.stem}{RECEIVED}")
        self.entries: list[dict[str, Any]] = []
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))["received"]
            self.entries = [_entry(each["participant"], date.fromisoformat(each["as_of"]), each["sha256"], each["rows"]) for each in said]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            if self.path.exists():
                os.replace(self.path, self.path.with_suffix(".damaged"))

    def latest(self, tables: Tables) -> dict[str, date]:
        """Of each participant the day of the newest statement whose rows the book has."""
        there = {_mark("claim", row.distributor_id, row.claim_id, row.line, row.resubmission) for row in tables.claims}
        there |= {_mark("dispute", row.distributor_id, row.dispute_id) for row in tables.disputes}
        found: dict[str, date] = {}
        for entry in self.entries:
            if there.issuperset(entry["rows"]):
                whose, day = entry["participant"], date.fromisoformat(entry["as_of"])
                found[whose] = max(day, found.get(whose, day))
        return found

    def note(self, receipts: Sequence[Receipt]) -> None:
        """Remember what was taken."""
        new = [_entry(receipt.participant_id, receipt.as_of, receipt.sha256, _rows(receipt)) for receipt in receipts
               if receipt.taken and receipt.as_of]  # fmt: skip
        new = [entry for entry in new if entry not in self.entries]
        if new:
            self.entries += new
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}{UNFINISHED}")
            with beside.open("w", encoding="utf-8") as file:
                json.dump({"format": 2, "received": self.entries}, file, indent=0)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)


def _entry(participant_id: str, as_of: date, digest: str, rows: Sequence[str]) -> dict[str, Any]:
    return {"participant": str(participant_id), "as_of": as_of.isoformat(), "sha256": str(digest), "rows": [str(row) for row in rows]}


def _rows(receipt: Receipt) -> list[str]:
    claims = (("claim", row["Distributor ID"], row["Claim ID"], row.get("Line", "1"), row.get("Resubmission", 0)) for row in receipt.claims)
    disputes = (("dispute", row["Distributor ID"], row["Dispute ID"]) for row in receipt.disputes)
    return [_mark(*parts) for parts in (*claims, *disputes)]


def _mark(*parts: Any) -> str:
    return json.dumps([str(part) for part in parts], ensure_ascii=False)


# ---- receipts


def bring_claims(receipts: Sequence[Receipt]) -> bool:
    """Whether claims came in, so that they are to be checked before the receipts are written."""
    return any(receipt.claims for receipt in receipts if receipt.taken)


def answer_senders(book: Path, sources: Sequence[Path], receipts: Sequence[Receipt], answers: Sequence[ClaimResult], company: str) -> Path:
    """Write a receipt for each file, with how its claims stand now, and put aside what was not taken; returns the folder."""
    folder = received_folder(book)
    write_receipts(folder, receipts, answers, company)
    for source in sources:
        set_aside(folder / "set aside", source, receipts)
    return folder


def write_receipts(folder: Path, receipts: Sequence[Receipt], answers: Sequence[ClaimResult] = (), company: str = "") -> list[Path]:
    """A receipt for each workbook into a folder, as a text that can be mailed as it is: what was taken, how each claim line
    stands and what to mend, or why nothing was taken. None takes the place of another."""
    folder.mkdir(parents=True, exist_ok=True)
    by_line = {(each.distributor_id, each.claim_id, each.line): each for each in answers if "STALE_RESUBMISSION" not in each.reasons}
    written = []
    for receipt in receipts:
        if receipt.reason == OTHER_KIND:
            continue
        stem = f"{safe_name(Path(receipt.name.replace('/', ' - ')).stem)} {receipt.sha256[:8] or 'unread'} receipt"
        content = ("\n".join(_one_line(line) for line in _lines(receipt, by_line, company)) + "\n").encode("utf-8", "replace")
        path, number = folder / f"{stem}.txt", 1
        while path.exists() and path.read_bytes() != content:
            number += 1
            path = folder / f"{stem} {number}.txt"
        write_whole(path, content)
        written.append(path)
    return written


def _one_line(text: str) -> str:
    """A line that stays one, whatever a cell held."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _lines(receipt: Receipt, answers: Mapping[tuple[str, str, str], ClaimResult], company: str) -> Iterator[str]:
    yield f"Receipt for {receipt.name}" + (f" from {company}" if company else "")
    if receipt.sha256:
        yield f"SHA-256 {receipt.sha256}"
    yield ""
    if not receipt.taken:
        yield f"Nothing was taken from this file. {receipt.reason}"
        if len(receipt.changes) > MOST_IN_REASON:
            yield from (f"  {change}" for change in receipt.changes[:MOST_LISTED])
        return
    yield f"Statement of {receipt.participant_id} as of {receipt.as_of}" + ("" if receipt.signed else ", not verified")
    claims, disputes = actions.report.count(len(receipt.claims), "claim line"), actions.report.count(len(receipt.disputes), "dispute")
    yield f"Taken: {claims} and {disputes}. Known already: {receipt.known}."
    for row in receipt.claims:
        answer = answers.get((receipt.participant_id, str(row["Claim ID"]), str(row.get("Line", "1"))))
        said = _standing(answer, str(row.get("Currency") or answer.currency)) if answer else "not looked at yet"
        yield f"Claim {row['Claim ID']} line {row.get('Line', '1')}: {said}"
        if answer and (told := " ".join(filter(None, (why(answer), what_to_do(answer))))):
            yield f"  {told}"
    for row in receipt.disputes:
        yield f"Dispute {row['Dispute ID']} about {row.get('Figure ID') or row.get('Invoice Number')}: open, we will answer"
    if receipt.problems or receipt.notes:
        yield ""
        yield "Please look at:"
    for problem in receipt.problems:
        place = f"{problem.table} row {problem.row}" if problem.row else problem.table
        yield f"  {place}{f', {problem.column}' if problem.column else ''}: {problem.message} {problem.remedy}"
    yield from (f"  {note}" for note in receipt.notes[:MOST_LISTED])


def _standing(answer: ClaimResult, claimed_in: str) -> str:
    """How a claim line stands: its status, what is approved, and of what."""
    claimed = "" if answer.claimed is None else f" of {words({claimed_in: answer.claimed})}"
    return f"{answer.status}, {words({answer.currency: answer.approved})}{claimed} approved"


def set_aside(folder: Path, source: Path, receipts: Sequence[Receipt]) -> None:
    """Copies of the files that were not taken, for a person to look at; a zip's stay in the zip."""
    for receipt in receipts:
        file = source / receipt.name if source.is_dir() else source
        if not receipt.taken and receipt.reason != OTHER_KIND and file.is_file() and (source.is_dir() or file.name == receipt.name):
            folder.mkdir(parents=True, exist_ok=True)
            name = Path(receipt.name.replace("/", " - "))
            suffix = name.suffix.lower() if name.suffix[1:].isalnum() and name.suffix.isascii() else ""
            shutil.copyfile(file, folder / f"{safe_name(name.stem)}{suffix}")
