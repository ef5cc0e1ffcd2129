"""Many statements into a folder: several at a time, each whole or not there, and none made twice.

A small file beside them remembers, for each workbook, the hash of what it says and of its bytes; after a kill the next
call keeps what is complete and current and makes the rest.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from ..model import Run, Verdict
from ..statement import Letter, Recipient, Since, Statement, letter_of, recipients, statements
from ..version import VERSION
from .statement_book import printed_bytes, workbook_bytes
from .statement_password import check_passwords, encrypted, encrypted_pdf, mark, require_packages
from .statement_pdf import printed, soffice

MANIFEST = ".rebates_statements.json"
PDF = ".pdf"
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
    letter: Letter
    pdf: Path | None = None
    pdf_sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the manifest remembers of a file."""

    participant_id: str
    content: str  # hash of what it says and of the version that wrote it
    sha256: str  # hash of its bytes


@dataclass(frozen=True, slots=True)
class Wishes:
    """How statements are to be made."""

    signing_key: bytes | None = None
    passwords: Mapping[str, str] | None = None  # by participant; None: not encrypted
    pdf: bool = False


def make_statements(
    run: Run,
    out_dir: Path,
    *,
    jobs: int | None = 1,
    verdicts: Callable[[Sequence[str]], Iterable[Verdict]],
    progress: Callable[[int, int], object] | None = None,
    branches: bool = False,
    signing_key: bytes | None = None,
    passwords: Mapping[str, str] | None = None,
    pdf: bool = False,
    since: Mapping[str, Since] | None = None,
    written: Callable[[], object] | None = None,
) -> list[Made]:
    """One workbook a top participant into `out_dir`, with `branches` one for each branch too; in order of participant.

    `jobs` is the number of processes, None one for each processor. `progress(done, total)` is called after each.
    Every file is written beside its place and moved there, so a kill leaves the old one, the new one or none. Files of
    participants that are no longer there are left alone.
    With a key each is signed, so that it can be received. `passwords` (one for each) encrypts it, `pdf` prints it too, `since`
    is what each was told last, `written()` is called when all workbooks are there, before PDFs are printed. Raises OSError
    where the folder cannot be written, Refused where passwords or LibreOffice are missing.
    """
    wishes = Wishes(signing_key, passwords, pdf)
    to_tell = recipients(run, branches)
    program = soffice() if pdf else ""
    if passwords is not None:
        require_packages(pdf)
        check_passwords(passwords, [one.participant_id for one in to_tell], {row.distributor_id for row in run.tables.distributors})
    out_dir.mkdir(parents=True, exist_ok=True)
    for left in out_dir.glob(f"*{UNFINISHED}"):
        left.unlink(missing_ok=True)
    folder = _Folder(out_dir, wishes)
    made: dict[int, Made] = {}
    workers = jobs or os.cpu_count() or 1
    told = statements(run, verdicts, branches, since)
    with TemporaryDirectory(prefix="rebates-") as pages, _pool(workers if len(to_tell) >= FEWEST_FOR_PROCESSES else 1) as pool:
        for index, each in _made(told, file_names(to_tell, run.as_of), folder, pool, workers, Path(pages)):
            made[index] = each
            if progress:
                progress(len(made), len(to_tell))
        if written:
            written()
        if pdf:
            made = _with_pages(made, folder, Path(pages), program, workers)
    return [made[index] for index in sorted(made)]


def _made(
    told: Iterable[Statement], names: dict[str, str], folder: _Folder, pool: ProcessPoolExecutor | None, workers: int, pages: Path
) -> Iterator[tuple[int, Made]]:
    """Each statement made or found, with its place in the order, as it is ready; a few are under way at once."""
    under_way: dict[Future[str], tuple[int, Path, str, Letter]] = {}  # place, file, content, what its letter says

    def ready() -> Iterator[tuple[int, Made]]:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            index, path, content, letter = under_way.pop(future)
            yield index, folder.remember(path, content, letter, future.result())

    for index, statement in enumerate(told):
        letter = letter_of(statement)
        path, content = folder.path / names[letter.participant_id], folder.content(letter)
        if folder.wishes.pdf and not folder.current(path.with_suffix(PDF), letter, content):
            write_whole(pages / f"{index}.xlsx", printed_bytes(statement), durable=False)
        if known := folder.current(path, letter, content):
            yield index, known
        elif pool is None:
            yield index, folder.remember(path, content, letter, write_statement(statement, path, *folder.secrets(letter), letter.content))
        else:
            under_way[pool.submit(write_statement, statement, path, *folder.secrets(letter), letter.content)] = (index, path, content, letter)
            if len(under_way) >= workers * AHEAD:
                yield from ready()
    while under_way:
        yield from ready()


def _with_pages(made: dict[int, Made], folder: _Folder, pages: Path, program: str, jobs: int) -> dict[int, Made]:
    """The same with a PDF each: printed, or found complete and current."""
    found = {}
    wanted = [index for index in sorted(made) if (pages / f"{index}.xlsx").exists()]
    printed_ = printed([pages / f"{index}.xlsx" for index in wanted], [made[index].letter.as_of for index in wanted], program, jobs)
    new = dict(zip(wanted, printed_, strict=True))
    for index, each in made.items():
        path, content = each.path.with_suffix(PDF), folder.content(each.letter)
        if index in new:
            _, password = folder.secrets(each.letter)
            data = new[index] if password is None else encrypted_pdf(new[index], password)
            write_whole(path, data)
            digest = folder.remember(path, content, each.letter, sha256(data).hexdigest()).sha256
        else:
            digest = folder.known[path.name].sha256
        found[index] = replace(each, pdf=path, pdf_sha256=digest)
    return found


def write_statement(statement: Statement, path: Path, signing_key: bytes | None = None, password: str | None = None, content_hash: str = "") -> str:
    """Write one workbook whole or not at all, encrypted when there is a password; gives the SHA-256 of its bytes.

    Raises OSError when it cannot be written, also when the file is open in a program that locks it.
    """
    content = workbook_bytes(statement, signing_key, content_hash)
    if password is not None:
        content = encrypted(content, password)
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
    """The folder, what its manifest remembers, and how its statements are made."""

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self.path, self.wishes = path, wishes
        self.secret = wishes.signing_key or secrets.token_bytes(32)  # without a key of the book encrypted files are made anew
        self.signed = f" {sha256(wishes.signing_key).hexdigest()[:8]}" if wishes.signing_key else ""
        self.known: dict[str, _Known] = _read_manifest(path / MANIFEST)

    def secrets(self, letter: Letter) -> tuple[bytes | None, str | None]:
        """The key and the password of a statement."""
        passwords = self.wishes.passwords
        return self.wishes.signing_key, None if passwords is None else passwords[letter.participant_id]

    def content(self, letter: Letter) -> str:
        """What a file says, who signed it and whether the password is another, as a short text."""
        _, password = self.secrets(letter)
        return f"{VERSION} {letter.content}{self.signed}" + ("" if password is None else f" {mark(password, self.secret)}")

    def current(self, path: Path, letter: Letter, content: str) -> Made | None:
        """The file when it is there, unharmed, and says what it would say if made now."""
        known = self.known.get(path.name)
        if known is None or (known.participant_id, known.content) != (letter.participant_id, content):
            return None
        try:
            found = sha256(path.read_bytes()).hexdigest()
        except OSError:
            return None
        return Made(path, letter.participant_id, found, reused=True, letter=letter) if found == known.sha256 else None

    def remember(self, path: Path, content: str, letter: Letter, digest: str) -> Made:
        """Note a finished file at once, so that a kill loses nothing that was done."""
        self.known[path.name] = _Known(letter.participant_id, content, digest)
        files = {key: asdict(value) for key, value in sorted(self.known.items())}
        text = json.dumps({"format": 1, "files": files}, ensure_ascii=False, indent=0)
        write_whole(self.path / MANIFEST, text.encode(), durable=False)
        return Made(path, letter.participant_id, digest, reused=False, letter=letter)


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
