"""Reads one workbook from outside in a process of its own, with limits on memory and time, and prints its cells as JSON.

The parent never opens such a file itself: what a broken or hostile one does to the reader ends with the reader.
"""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MEMORY = 2**30
SECONDS = 9
LARGEST_FILE = 50 * 2**20
LARGEST_UNPACKED = 256 * 2**20
MOST_PARTS = 5_000
MOST_CELLS = 5_000_000
ACTIVE = re.compile(r"vbaProject|vbaData|/embeddings/|/activeX/|/externalLinks/|oleObject|/ctrlProps/", re.IGNORECASE)


class Refused(Exception):
    """A file that is not read: one sentence."""


def limit() -> None:
    """No more memory and time than one file may cost."""
    if sys.platform == "win32":  # the parent's clock and the limits on sizes hold there
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def look_at_package(data: bytes) -> None:
    """Refuse a package that is too large, holds anything active, or XML that declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise Refused("It unpacks to far more than a statement holds.")
            if any(part.flag_bits & 1 for part in parts):
                raise Refused("It is encrypted with a password; remove the password and send it again.")
            active = next((part.filename for part in parts if ACTIVE.search(f"/{part.filename}")), None)
            if active:
                raise Refused(f"It holds something that could run or reach outside ({Path(active).name}): a macro, object or external link.")
            for part in parts:
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    with package.open(part) as stream:
                        start = stream.read(4096)
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start or "<!DOCTYPE".encode("utf-16-le") in start:
                        raise Refused("Its XML declares entities, which no spreadsheet program writes.")
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        zlib.error,
        struct.error,
    ) as error:
        raise Refused("It is damaged or incomplete.") from error


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
                raise Refused("Its sheets reach much further than a statement does.")
            rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
            for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
                for number in range(top + 1, min(bottom + 1, len(rows))):
                    if left < len(rows[number]) and left < len(rows[top]) and not rows[number][left]:
                        rows[number][left] = rows[top][left]
            found[name] = rows
        return found
    except calamine.PasswordError as error:
        raise Refused("It is encrypted with a password; remove the password and send it again.") from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, ValueError, KeyError) as error:
        raise Refused("It is damaged or incomplete.") from error


def _cell(cell: Any) -> Any:
    """A cell as JSON keeps it; days and times as {"d": serial}."""
    if isinstance(cell, datetime):
        moment = cell - datetime(1899, 12, 30)
        return {"d": moment.days + moment.seconds / 86_400}
    if isinstance(cell, date):
        return {"d": (cell - date(1899, 12, 30)).days}
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return cell


def read(path: Path) -> dict[str, list[list[Any]]]:
    """The cells of a file. Raises Refused."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Refused("It is far larger than a statement.")
        data = path.read_bytes()
    except OSError as error:
        raise Refused("It cannot be read.") from error
    if data[:4] == b"PK\x03\x04":
        look_at_package(data)
    elif data[:8] == bytes.fromhex("D0CF11E0A1B11AE1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Refused("It is encrypted with a password; remove the password and send it again.")
        if "_VBA_PROJECT".encode("utf-16-le") in data:
            raise Refused("It holds a macro.")
    else:
        raise Refused("It is not a workbook." if data else "It is empty.")
    return cells(data)


def main() -> int:
    """Print {"sheets": ..} or {"refused": sentence}."""
    limit()
    try:
        answer: dict[str, Any] = {"sheets": read(Path(sys.argv[1]))}
    except Refused as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": "Reading it takes more memory than a statement needs."}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
