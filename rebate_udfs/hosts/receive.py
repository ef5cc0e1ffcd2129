"""Filled statements from a file, folder or zip into the book: each read apart, judged, appended once, answered by a receipt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import actions
from ..columns import BY_NAME
from ..model import ClaimResult, Tables
from ..package import CannotPatch
from ..parse import CannotRead
from ..receipts import Receipt, Sent
from .append import append_rows
from .statement_key import known_key

SECONDS = 10
MOST_FILES = 10_000
LARGEST_ANSWER = 300 * 2**20
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


def receive_statements(
    path: Path, book: Path, tables: Tables, *, accept_unsigned: bool = False, jobs: int | None = None, ledger: str | None = None
) -> list[Receipt]:
    """Read a file, folder or zip of filled statements and append what is new to the Claims and Disputes of the book.

    `ledger` names a shared ledger, which keeps the key; without one it is the file beside the book.

    A file that is not ours, changed, old, broken or dangerous is set aside with the reason, and nothing of it is appended.
    Raises CannotRead when there is nothing to read, CannotPatch when the book cannot be written (it then is as it was).
    """
    registry = Registry(book)
    sent, key = read_statements(path, jobs), known_key(book, tables, ledger)
    received = actions.receive_statements(sent, tables, key, registry.latest, accept_unsigned=accept_unsigned)
    append(book, received.additions)
    registry.note(received.receipts)
    return list(received.receipts)


def read_statements(path: Path, jobs: int | None = None) -> list[Sent]:
    """The files of a delivery, each read apart. Raises CannotRead when there is nothing to read."""
    with files_of(path) as found, ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        grids = pool.map(lambda pair: read_apart(pair[1]), found)
        return [_sent(name, file, grid) for (name, file), grid in zip(found, grids, strict=True)]


def _sent(name: str, file: Path, grid: Mapping[str, Any] | str) -> Sent:
    try:
        return Sent(name, sha256(file.read_bytes()).hexdigest(), grid)
    except OSError:
        return Sent(name, "", "It cannot be read.")


def append(book: Path, additions: Sequence[actions.Addition]) -> None:
    """All new rows of a delivery, one change of the book for each table."""
    for addition in additions:
        try:
            append_rows(book, BY_NAME[addition.table], addition.rows)
        except ValueError as error:
            raise CannotPatch(f"the sheet {addition.table} lacks a column ({error}); add it and receive again") from error


# ---- reading, apart


def read_apart(path: Path) -> Mapping[str, Any] | str:
    """The cells of a file, read by a process with limits; a sentence when it is not read."""
    command = [sys.executable, "-m", "rebate_udfs.hosts.receive_reader", str(path)]
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))}
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(command, stdout=answer, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False, env=environment)
        except subprocess.TimeoutExpired:
            return "Reading it takes longer than a statement needs."
        if done.returncode or answer.tell() > LARGEST_ANSWER:
            return "It is damaged, or takes more memory or time than a statement needs."
        answer.seek(0)
        try:
            said = json.load(answer)
        except ValueError:
            return "It is damaged."
    if "refused" in said:
        return str(said["refused"])
    return {name: [[_back(cell) for cell in row] for row in rows] for name, rows in said["sheets"].items()}


def _back(cell: Any) -> Any:
    """A cell as it was before JSON: days come back as days."""
    if not isinstance(cell, dict):
        return cell
    try:
        return datetime(1899, 12, 30) + timedelta(days=cell["d"])
    except (OverflowError, ValueError):
        return cell["d"]


@contextmanager
def files_of(path: Path) -> Iterator[list[tuple[str, Path]]]:
    """The workbooks of a file, folder or zip: name and place. A zip is unpacked apart, each member by its number."""
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith((".", "~$")))
        yield [(each.name, each) for each in found if each.suffix.lower() in SUFFIXES or not each.suffix][:MOST_FILES]
        return
    if not path.exists():
        raise CannotRead(f"There is no file or folder {path}.", "Check the name.")
    if not _is_plain_zip(path):
        yield [(path.name, path)]
        return
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder, zipfile.ZipFile(path) as archive:
        found_ = []
        members = [each for each in archive.infolist() if not each.is_dir() and Path(each.filename).suffix.lower() in SUFFIXES]
        for number, member in enumerate(members[:MOST_FILES]):
            place = Path(folder) / f"{number}{Path(member.filename).suffix.lower()}"
            place.write_bytes(_member(archive, member))
            found_.append((Path(member.filename).name, place))
        yield found_


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member of the zip, nothing where it is broken or too large: it is then set aside as empty."""
    from .receive_reader import LARGEST_FILE

    try:
        with archive.open(member) as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError, zlib.error):
        return b""
    return data if len(data) <= LARGEST_FILE else b""


def _is_plain_zip(path: Path) -> bool:
    """Whether a file is a zip of workbooks and not a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return False
    parts = {"[Content_Types].xml", "content.xml", "xl/workbook.xml"}
    return not parts & set(names) and any(Path(name).suffix.lower() in SUFFIXES for name in names)


# ---- what was received


class Registry:
    """Beside the book: of each participant the newest statement received, so that an older one is set aside."""

    def __init__(self, book: Path) -> None:
        self.path = book.with_name(f".{book.stem}.rebates_received.json")
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))
            self.latest = {str(name): date.fromisoformat(day) for name, day in said["latest"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.latest = {}

    def note(self, receipts: Sequence[Receipt]) -> None:
        if any(receipt.taken for receipt in receipts):
            beside = self.path.with_suffix(".tmp")
            beside.write_text(json.dumps({"latest": {name: day.isoformat() for name, day in sorted(self.latest.items())}}), encoding="utf-8")
            os.replace(beside, self.path)


def write_receipts(folder: Path, receipts: Sequence[Receipt], answers: Sequence[ClaimResult] = ()) -> list[Path]:
    """A receipt for each file into a folder, as text: what was taken and what each claim line got, or why it was set aside."""
    folder.mkdir(parents=True, exist_ok=True)
    by_line = {(each.distributor_id, each.claim_id, each.line): each for each in answers if "STALE_RESUBMISSION" not in each.reasons}
    written = []
    for receipt in receipts:
        path = folder / f"{Path(receipt.name).stem} {receipt.sha256[:8]} receipt.txt"
        path.write_text("\n".join(_lines(receipt, by_line)) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _lines(receipt: Receipt, answers: Mapping[tuple[str, str, str], ClaimResult]) -> Iterator[str]:
    yield f"{receipt.name} (SHA-256 {receipt.sha256})"
    if not receipt.taken:
        yield f"Set aside: {receipt.reason} Nothing was taken from it."
        return
    yield f"Statement of {receipt.participant_id} as of {receipt.as_of}" + ("" if receipt.signed else ", not verified")
    yield f"{len(receipt.claims)} claim lines and {len(receipt.disputes)} disputes were taken; {receipt.known} were known already."
    for row in receipt.claims:
        answer = answers.get((receipt.participant_id, str(row["Claim ID"]), str(row.get("Line", "1"))))
        said = f"{answer.status}, {answer.currency} {answer.approved:,}" if answer else "not looked at yet"
        yield f"Claim {row['Claim ID']} line {row.get('Line', '1')}: {said}"
        if answer and answer.remedies:
            yield f"  {' '.join(dict.fromkeys(answer.remedies))}"
    for row in receipt.disputes:
        yield f"Dispute {row['Dispute ID']}: open"
    for problem in receipt.problems:
        yield f"{problem.table} row {problem.row}, {problem.column}: {problem.message} {problem.remedy}"


def set_aside(folder: Path, source: Path, receipts: Sequence[Receipt]) -> None:
    """Copies of the files that were not taken, for a person to look at; a zip's stay in the zip."""
    for receipt in receipts:
        file = source if source.is_file() else source / receipt.name
        if not receipt.taken and file.is_file() and file.name == receipt.name:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, folder / receipt.name)
