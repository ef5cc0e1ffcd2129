"""Filled statements from a file, folder or zip into the book: each read apart, judged, appended once, answered by a receipt."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..columns import BY_NAME
from ..model import ClaimResult, Problem, Tables
from ..package import CannotPatch
from ..parse import CannotRead
from ..receive import Received, SetAside, receive
from .append import append_rows

SECONDS = 10
MOST_FILES = 10_000
LARGEST_ANSWER = 300 * 2**20
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


@dataclass(slots=True)
class Receipt:
    """What became of one file."""

    name: str
    sha256: str
    taken: bool
    reason: str = ""  # why it was set aside
    participant_id: str = ""
    as_of: date | None = None
    signed: bool = False
    claims: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    problems: list[Problem] = field(default_factory=list)


def signing_key(book: Path | str) -> bytes:
    """The key that signs the statements of a book: 32 random bytes in a file beside it that only its owner may read.

    Raises OSError where it can be neither read nor made.
    """
    path = key_path(book)
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = secrets.token_bytes(32)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".key-", delete=False) as beside:  # made for the owner alone
            beside.write(found)
        try:
            os.link(beside.name, path)
        except FileExistsError:  # somebody else was first
            found = path.read_bytes()
        except OSError:  # no links on this file system
            os.replace(beside.name, path)
        Path(beside.name).unlink(missing_ok=True)
    return found


def key_path(book: Path | str) -> Path:
    """Where the key of a book lies."""
    book = Path(book)
    return book.with_name(f".{book.stem}.rebates_key")


def known_key(book: Path | str) -> bytes | None:
    """The key of a book, None where it has none yet."""
    path = key_path(book)
    return path.read_bytes() if path.exists() else None


def receive_statements(path: Path, book: Path, tables: Tables, *, accept_unsigned: bool = False, jobs: int | None = None) -> list[Receipt]:
    """Read a file, folder or zip of filled statements and append what is new to the Claims and Disputes of the book.

    A file that is not ours, changed, old, broken or dangerous is set aside with the reason, and nothing of it is appended.
    Raises CannotRead when there is nothing to read, CannotPatch when the book cannot be written (it then is as it was).
    """
    registry = _Registry(book)
    key = known_key(book)
    receipts: list[Receipt] = []
    with files_of(path) as found, ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for (name, file), grid in zip(found, pool.map(lambda pair: read_apart(pair[1]), found), strict=True):
            receipts.append(_judge(name, file, grid, tables, key, accept_unsigned, registry.latest))
            if receipts[-1].taken:
                tables = _with(tables, receipts[-1])
    append(book, receipts)
    registry.note(receipts)
    return receipts


def _judge(
    name: str, file: Path, grid: Mapping[str, Any] | str, tables: Tables, key: bytes | None, accept_unsigned: bool, latest: dict[str, date]
) -> Receipt:
    try:
        receipt = Receipt(name, sha256(file.read_bytes()).hexdigest(), False)
    except OSError:
        return Receipt(name, "", False, "It cannot be read.")
    if isinstance(grid, str):
        receipt.reason = grid
        return receipt
    try:
        found: Received = receive(grid, tables, key, accept_unsigned, latest)
    except SetAside as refusal:
        receipt.reason = str(refusal)
        return receipt
    receipt.taken, receipt.signed = True, found.signed
    receipt.participant_id, receipt.as_of = found.identity.participant_id, found.identity.as_of
    receipt.claims, receipt.disputes, receipt.known, receipt.problems = found.claims, found.disputes, found.known, found.problems
    latest[receipt.participant_id] = found.identity.as_of
    return receipt


def _with(tables: Tables, receipt: Receipt) -> Tables:
    """The book as it will be, so that two files of one delivery do not bring the same twice."""
    from dataclasses import replace

    fields = {name: {column.header: column.field for column in BY_NAME[name].columns} for name in ("Claims", "Disputes")}
    models = {"Claims": BY_NAME["Claims"].row_model, "Disputes": BY_NAME["Disputes"].row_model}
    more: dict[str, list[Any]] = {"Claims": [], "Disputes": []}
    for name, rows in (("Claims", receipt.claims), ("Disputes", receipt.disputes)):
        model = models[name]
        assert model is not None
        more[name] = [model(**{fields[name][header]: value for header, value in row.items()}) for row in rows]
    return replace(tables, claims=(*tables.claims, *more["Claims"]), disputes=(*tables.disputes, *more["Disputes"]))


def append(book: Path, receipts: Sequence[Receipt]) -> None:
    """All new rows of a delivery, one change of the book for each table."""
    for name, rows in (
        ("Claims", [row for receipt in receipts for row in receipt.claims]),
        ("Disputes", [row for receipt in receipts for row in receipt.disputes]),
    ):
        if not rows:
            continue
        try:
            append_rows(book, BY_NAME[name], rows)
        except ValueError as error:
            raise CannotPatch(f"the sheet {name} lacks a column ({error}); add it and receive again") from error


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


class _Registry:
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
