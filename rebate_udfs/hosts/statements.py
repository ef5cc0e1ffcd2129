"""Many statements into a folder: several at a time, each whole or not there, and none made twice.

A small file beside them remembers, for each workbook, the hash of what it says and of its bytes; after a kill the next
call keeps what is complete and current and makes the rest.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from ..model import Run, Verdict
from ..statement import Recipient, Statement, recipients, statements
from ..version import VERSION
from .statement_book import workbook_bytes

MANIFEST = ".rebates_statements.json"
UNFINISHED = ".rebates_tmp"  # suffix of what is being written
LONGEST_NAME = 100  # bytes of a file's stem: whole paths stay below what Windows and mail programs accept
RESERVED = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *(f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³")})
FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
AHEAD = 4  # statements that wait for each process, so that none idles and memory stays small
FEWEST_FOR_PROCESSES = 8  # below that, starting a process takes longer than it saves


@dataclass(frozen=True, slots=True)
class Made:
    """One statement in the folder; `reused` when it was there already, complete and current."""

    path: Path
    participant_id: str
    sha256: str
    reused: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What the manifest remembers of a file."""

    participant_id: str
    content: str  # hash of what it says and of the version that wrote it
    sha256: str  # hash of its bytes


def make_statements(
    run: Run,
    out_dir: Path,
    *,
    jobs: int | None = 1,
    verdicts: Callable[[Sequence[str]], Iterable[Verdict]],
    progress: Callable[[int, int], object] | None = None,
    branches: bool = False,
    signing_key: bytes | None = None,
) -> list[Made]:
    """One workbook a top participant into `out_dir`, with `branches` one for each branch too; in order of participant.

    `jobs` is the number of processes, None one for each processor. `progress(done, total)` is called after each.
    Every file is written beside its place and moved there, so a kill leaves the old one, the new one or none. Files of
    participants that are no longer there are left alone.
    With a key each is signed, so that it can be received. Raises OSError where the folder cannot be written.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    for left in out_dir.glob(f"*{UNFINISHED}"):
        left.unlink(missing_ok=True)
    to_tell = recipients(run, branches)
    names = file_names(to_tell, run.as_of)
    folder = _Folder(out_dir, signing_key)
    made: dict[int, Made] = {}
    workers = jobs or os.cpu_count() or 1
    with _pool(workers if len(to_tell) >= FEWEST_FOR_PROCESSES else 1) as pool:
        for index, each in _made(statements(run, verdicts, branches), names, folder, pool, workers):
            made[index] = each
            if progress:
                progress(len(made), len(to_tell))
    return [made[index] for index in sorted(made)]


def _made(
    told: Iterable[Statement], names: dict[str, str], folder: _Folder, pool: ProcessPoolExecutor | None, workers: int
) -> Iterator[tuple[int, Made]]:
    """Each statement made or found, with its place in the order, as it is ready; a few are under way at once."""
    under_way: dict[Future[str], tuple[int, str, str, str]] = {}  # place, file, content, participant

    def ready() -> Iterator[tuple[int, Made]]:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            index, name, content, participant_id = under_way.pop(future)
            yield index, folder.remember(name, content, participant_id, future.result())

    for index, statement in enumerate(told):
        participant_id = statement.participant_id
        name, content = names[participant_id], f"{VERSION} {statement.content_hash}{folder.signed}"
        if known := folder.current(name, participant_id, content):
            yield index, known
        elif pool is None:
            yield index, folder.remember(name, content, participant_id, write_statement(statement, folder.path / name, folder.signing_key))
        else:
            future = pool.submit(write_statement, statement, folder.path / name, folder.signing_key)
            under_way[future] = (index, name, content, participant_id)
            if len(under_way) >= workers * AHEAD:
                yield from ready()
    while under_way:
        yield from ready()


def write_statement(statement: Statement, path: Path, signing_key: bytes | None = None) -> str:
    """Write one workbook whole or not at all; gives the SHA-256 of its bytes.

    Raises OSError when it cannot be written, also when the file is open in a program that locks it.
    """
    content = workbook_bytes(statement, signing_key)
    write_whole(path, content)
    return sha256(content).hexdigest()


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Bytes into a file beside its place, onto the disk, then into its place."""
    beside = path.with_name(f".{sha256(path.name.encode()).hexdigest()[:16]}-{os.getpid()}{UNFINISHED}")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OSError(error.errno, f"{path.name} could not be written; close it where it is open ({error.strerror})") from error


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes for the work, or none for one worker; started afresh, never forked from a process that has threads."""
    if workers <= 1:
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Folder:
    """The folder and what its manifest remembers."""

    def __init__(self, path: Path, signing_key: bytes | None = None) -> None:
        self.path, self.signing_key = path, signing_key
        self.signed = f" {sha256(signing_key).hexdigest()[:8]}" if signing_key else ""
        self.known: dict[str, _Known] = _read_manifest(path / MANIFEST)

    def current(self, name: str, participant_id: str, content: str) -> Made | None:
        """The file when it is there, unharmed, and says what it would say if made now."""
        known, path = self.known.get(name), self.path / name
        if known is None or (known.participant_id, known.content) != (participant_id, content):
            return None
        try:
            found = sha256(path.read_bytes()).hexdigest()
        except OSError:
            return None
        return Made(path, participant_id, found, reused=True) if found == known.sha256 else None

    def remember(self, name: str, content: str, participant_id: str, digest: str) -> Made:
        """Note a finished file at once, so that a kill loses nothing that was done."""
        self.known[name] = _Known(participant_id, content, digest)
        files = {key: asdict(value) for key, value in sorted(self.known.items())}
        text = json.dumps({"format": 1, "files": files}, ensure_ascii=False, indent=0)
        write_whole(self.path / MANIFEST, text.encode(), durable=False)
        return Made(self.path / name, participant_id, digest, reused=False)


def _read_manifest(path: Path) -> dict[str, _Known]:
    """What was made before; nothing when the file is missing or is not ours."""
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(name): _Known(str(row["participant_id"]), str(row["content"]), str(row["sha256"])) for name, row in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


# ---- names of files


def file_names(to_tell: Sequence[Recipient], as_of: date) -> dict[str, str]:
    """A file name for each participant, safe on every system and different for each, whatever ids and names hold.

    >>> file_names([Recipient("NORTH", "Northern / Supply", "NORTH")], date(2026, 6, 30))
    {'NORTH': 'NORTH Northern - Supply 2026-06-30.xlsx'}
    """
    stems = {one.participant_id: f"{safe_name(f'{one.participant_id} {one.name}')} {as_of.isoformat()}" for one in to_tell}
    taken: dict[str, list[str]] = {}
    for participant_id, stem in stems.items():
        taken.setdefault(_folded(stem), []).append(participant_id)
    for same in taken.values():
        if len(same) > 1:  # the id's hash parts them, the same way on every run
            for participant_id in same:
                stems[participant_id] += f" {sha256(participant_id.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"
    return {participant_id: f"{stem}.xlsx" for participant_id, stem in stems.items()}


def _folded(text: str) -> str:
    """A name as the least particular file system compares it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def safe_name(text: str) -> str:
    """A text as part of a file name: no separators, no invisible or control characters, no name that Windows keeps for itself.

    >>> safe_name("../etc/passwd"), safe_name("con"), safe_name(" .. "), safe_name("a:b?")
    ('-etc-passwd', '_con', 'statement', 'a-b-')
    """
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    visible = "".join(
        " " if character.isspace() else character for character in whole if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    clean = " ".join(FORBIDDEN.sub("-", visible).split()).lstrip("~$. ")
    while len(clean.encode()) > LONGEST_NAME:
        clean = clean[:-1]
    clean = clean.rstrip(". ") or "statement"
    return f"_{clean}" if clean.split(".")[0].strip().upper() in RESERVED else clean
