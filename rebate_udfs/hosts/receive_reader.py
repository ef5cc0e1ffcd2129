"""Reads what came from outside in a process of its own, with limits on memory and time, and prints what it found as JSON.

    read FILE                a workbook: its seal, how the sealed sheets compare with it, and its forms
    unpack ZIP FOLDER BYTES  a zip of workbooks: each member into the folder, by its number

The parent never opens such a file itself: what a broken or hostile one does to the reader ends with the reader. Only values
of cells are read, so that no macro, formula, link, object or embedded file comes any further.
"""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from ..seal import BadSeal, Returned, returned

MEMORY = 2**30
SECONDS = 8
UNPACK_SECONDS = 60
LARGEST_FILE = 50 * 2**20
LARGEST_UNPACKED = 256 * 2**20  # of one workbook
LARGEST_DELIVERY = 2 * 2**30  # of a zip of workbooks
MOST_PARTS = 5_000
END = 65_557  # bytes within which a zip ends with its count of members
MOST_FILES = 10_000
MOST_CELLS = 5_000_000
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
ACTIVE = re.compile(
    r"vbaProject|vbaData|/macrosheets/|/dialogsheets/|/embeddings/|/activeX/|oleObject|/ctrlProps/|/Basic/[^/]+/[^/]+\.xml|/Scripts/", re.IGNORECASE
)
UNREAD = (  # what a package holds besides cells, and what is said of it
    (re.compile(r"/externalLinks/|/connections\.xml|/queryTables/", re.IGNORECASE),
     "It has links to other files; nothing was fetched, the values are those that were saved."),
    (re.compile(r"/(threaded)?comments?\d*\.xml$|/threadedComments/", re.IGNORECASE), "It has comments beside cells, which were not read."),
)  # fmt: skip
PROLOG = 2**16  # bytes before which the first element begins
COMMENT, ELEMENT = re.compile(rb"<!--.*?-->", re.DOTALL), re.compile(rb"<[A-Za-z_]")
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
OLE = bytes.fromhex("D0CF11E0A1B11AE1")
OLE_ACTIVE = {"_VBA_PROJECT": "a macro", "Ole10Native": "an embedded object", "MBD0": "an embedded object"}  # storages of old workbooks
PASSWORD = "It is encrypted with a password; take the password off and send it again, or name your file of passwords (--passwords)."
WRONG_PASSWORD = (
    "It is encrypted with a password that the file of passwords does not hold, or its name does not begin with the Distributor ID; "
    "take the password off, or put the ID first in the file's name."
)
DAMAGED = "It is damaged or incomplete; open it in a spreadsheet program, save it, and send it again."
UNREADABLE = (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, RuntimeError, KeyError, zlib.error, struct.error)


class Refused(Exception):
    """A file that is not read: one sentence."""


def limit(seconds: int = SECONDS) -> None:
    """No more memory and time than one file may cost."""
    if sys.platform == "win32":  # the parent's clock and the limits on sizes hold there
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# ---- one workbook


def entries(end: bytes) -> int:
    """How many members a zip says that it has, from its last bytes; 0 where it does not say. Reading a list of millions takes long."""
    at = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[at + 10 : at + 12], "little") if at >= 0 else 0


def look_at_package(data: bytes) -> tuple[str, ...]:
    """Refuse a package that is too large, holds anything active, or XML that declares entities; gives what is left unread."""
    if entries(data[-END:]) > MOST_PARTS:
        raise Refused("It unpacks to far more than a statement holds.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise Refused("It unpacks to far more than a statement holds.")
            if any(part.flag_bits & 1 for part in parts):
                raise Refused(PASSWORD)
            active = next((part.filename for part in parts if ACTIVE.search(f"/{part.filename}")), None)
            if active:
                name = PurePosixPath(active).name
                raise Refused(f"It holds a macro or an embedded object ({name}); save it as a workbook without (.xlsx) and send it again.")
            for part in parts:
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    _look_at_xml(package, part)
            return tuple(said for pattern, said in UNREAD if any(pattern.search(f"/{part.filename}") for part in parts))
    except UNREADABLE as error:
        raise Refused(DAMAGED) from error


def _look_at_xml(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse declarations before the first element, in any encoding, and a part in which no element begins within reason."""
    with package.open(part) as stream:
        start = COMMENT.sub(b"", stream.read(PROLOG).replace(b"\0", b""))
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Refused("Its XML declares entities, which no spreadsheet program writes.")
    if start and not ELEMENT.search(start):
        raise Refused(DAMAGED)


def cells(data: bytes) -> dict[str, list[list[Any]]]:
    """Every sheet as rows of plain cells from A1; a value of merged cells stands in all their rows."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = {}
        count = 0
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            count += (sheet.total_height or 0) * (sheet.total_width or 0)
            if count > MOST_CELLS:
                raise Refused("Its sheets reach much further than a statement does; delete what stands far below or beside, and send it again.")
            rows = sheet.to_python(skip_empty_area=False)
            for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
                for number in range(top + 1, min(bottom + 1, len(rows))):
                    if left < len(rows[number]) and left < len(rows[top]) and not rows[number][left]:
                        rows[number][left] = rows[top][left]
            found[name] = rows
        return found
    except calamine.PasswordError as error:
        raise Refused(PASSWORD) from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, ValueError, KeyError, OverflowError) as error:
        raise Refused(DAMAGED) from error


def read(path: Path, passwords: Sequence[str] = ()) -> Returned:
    """What a file holds; an encrypted one opens with one of the passwords. Raises Refused."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Refused("It is far larger than a statement.")
        data = path.read_bytes()
    except OSError as error:
        raise Refused("It cannot be read.") from error
    notes: tuple[str, ...] = ()
    if data[:8] == OLE and ENCRYPTED in data:
        data = _opened(data, passwords)
    if data[:4] == b"PK\x03\x04":
        notes = look_at_package(data)
    elif data[:8] == OLE:
        active = next((what for name, what in OLE_ACTIVE.items() if name.encode("utf-16-le") in data), None)
        if active:
            raise Refused(f"It holds {active}; save it as a workbook without (.xlsx) and send it again.")
    else:
        raise Refused("It is not a workbook." if data else "It is empty.")
    try:
        return returned(cells(data), notes)
    except BadSeal as error:
        raise Refused(str(error)) from error


def _opened(data: bytes, passwords: Sequence[str]) -> bytes:
    """The workbook inside an encrypted one; one that is encrypted twice is not ours."""
    from .statement_password import WrongPassword, decrypted

    if not passwords:
        raise Refused(PASSWORD)
    try:
        found = decrypted(data, passwords)
    except WrongPassword as error:
        raise Refused(WRONG_PASSWORD) from error
    except ValueError as error:
        raise Refused(DAMAGED) from error
    if found[:4] != b"PK\x03\x04":
        raise Refused(DAMAGED)
    if len(found) > LARGEST_FILE:
        raise Refused("It is far larger than a statement.")
    return found


def plain_json(cell: Any) -> Any:
    """A cell as JSON keeps it; days and times as {"d": serial}."""
    if isinstance(cell, datetime):
        moment = cell - datetime(1899, 12, 30)
        return {"d": moment.days + moment.seconds / 86_400}
    if isinstance(cell, date):
        return {"d": (cell - date(1899, 12, 30)).days}
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    raise TypeError(type(cell).__name__)


# ---- a zip of workbooks


def unpack(path: Path, folder: Path, room: int = LARGEST_DELIVERY) -> Iterator[dict[str, Any]]:
    """Put each workbook of a zip into a folder, by its number; gives the name of each, and why one was not. Raises Refused."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - END))
            if entries(stream.read()) > 2 * MOST_FILES:
                raise Refused("The zip holds far more than statements; send them in several.")
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_hidden(each.filename)]
            if len(members) > MOST_FILES or sum(each.file_size for each in members) > room:
                raise Refused("The zip holds far more than statements; send them in several.")
            for number, member in enumerate(members):
                suffix = PurePosixPath(member.filename).suffix.lower()
                found: dict[str, Any] = {"name": member.filename.replace("\\", "/"), "kind": suffix}
                if suffix in SUFFIXES:
                    found |= _member(archive, member, folder / f"{number}{suffix}")
                yield found
    except UNREADABLE as error:
        raise Refused("The zip is damaged or incomplete.") from error


def _is_hidden(name: str) -> bool:
    """Whether a member is a program's own: macOS adds such, and Office while a file is open."""
    return any(part.startswith((".", "~$", "__MACOSX")) for part in PurePosixPath(name).parts)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> dict[str, str]:
    if member.flag_bits & 1:
        return {"refused": "The zip is encrypted with a password; send it without."}
    if member.file_size > LARGEST_FILE:
        return {"refused": "It is far larger than a statement."}
    try:
        with archive.open(member) as stream:
            place.write_bytes(stream.read(LARGEST_FILE + 1))
    except UNREADABLE:
        return {"refused": DAMAGED}
    return {"file": place.name}


def main() -> int:
    """Print {"found": ..}, {"members": ..} or {"refused": sentence}."""
    verb, path = sys.argv[1], Path(sys.argv[2])
    limit(SECONDS if verb == "read" else UNPACK_SECONDS)
    try:
        if verb == "read":
            found = read(path, json.loads(sys.stdin.read() or "[]"))
            text = json.dumps({"found": asdict(found)}, default=plain_json)
        else:
            text = json.dumps({"members": list(unpack(path, Path(sys.argv[3]), int(sys.argv[4])))})
    except Refused as error:
        text = json.dumps({"refused": str(error)})
    except (MemoryError, RecursionError):
        text = json.dumps({"refused": "Reading it takes more memory than a statement needs."})
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
