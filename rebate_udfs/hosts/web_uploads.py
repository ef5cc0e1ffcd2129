"""Files that a person chose in the task pane: on one request with the question, in a folder of their own while it is answered, then gone.

The body is one line of JSON, which names each file and its size, then their bytes one after another. A name is only ever
shown or used as the last part of a path, whatever it holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..parse import CannotRead
from . import web_wire as wire
from .statements import safe_name
from .web_reader import SECONDS

LARGEST_UPLOAD = 32 << 20  # bytes of all files of a request
MOST_FILES = 100
LONGEST_HEAD = 4 << 20  # bytes of the line of JSON
LONGEST_NAME = 200
PATIENCE = SECONDS + 5  # seconds by the clock; the reader itself counts its computing
NO_PATTERN = str.maketrans("[]{}*?", "()()--")
TOO_MUCH = "It is damaged, or takes more memory or time than this server gives it."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: the last part of its name, and its bytes."""

    name: str
    content: bytes


def parted(body: bytes) -> tuple[dict[str, Any], list[Upload]]:
    """The question and the files of an upload. Raises BadRequest for a body that is not made so (400), or has too many files (413)."""
    head, mark, _ = body[:LONGEST_HEAD].partition(b"\n")
    asked = wire.loads(head) if mark else None
    files = asked.get("files") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or not isinstance(files, list) or not files or not all(_is_file(one) for one in files):
        raise wire.BadRequest(400, "MALFORMED", "An upload is a line of JSON with the names and sizes of its files, then their bytes.")
    if len(files) > MOST_FILES:
        raise wire.BadRequest(413, "TOO_LARGE", f"Send at most {MOST_FILES} files at once.")
    if sum(one["size"] for one in files) != len(body) - len(head) - 1:
        raise wire.BadRequest(400, "MALFORMED", "The files are not as long as the upload says.")
    found, at = [], len(head) + 1
    for one in files:
        found.append(Upload(plain_name(one["name"]), body[at : at + one["size"]]))
        at += one["size"]
    return asked, found


def _is_file(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("name"), str) and type(one.get("size")) is int and one["size"] >= 0


def plain_name(name: str) -> str:
    """The last part of a name, such as any computer takes for a file of its own and no program for a pattern.

    >>> plain_name("../../etc/passwd"), plain_name("C:\\\\books\\\\May [2].XLSX"), plain_name("..")
    ('passwd', 'May (2).xlsx', 'statement')
    """
    last = PurePosixPath(name[-LONGEST_NAME:].replace("\\", "/")).name
    stem, suffix = os.path.splitext(last.translate(NO_PATTERN))
    return safe_name(stem) + (suffix.lower() if suffix.isascii() and suffix[1:].isalnum() else "")


@contextmanager
def on_disk(files: Sequence[Upload]) -> Iterator[list[Path]]:
    """The files in a folder that only this process may look into, removed whatever happens; of two with one name the later is numbered."""
    with tempfile.TemporaryDirectory(prefix="rebates-upload-") as folder:
        paths: list[Path] = []
        for one in files:
            path, number = Path(folder) / one.name, 1
            while path in paths:
                number += 1
                path = Path(folder) / f"{Path(one.name).stem} ({number}){Path(one.name).suffix}"
            path.write_bytes(one.content)
            paths.append(path)
        yield paths


def look_apart(verb: str, path: Path, more: Sequence[Path] = ()) -> dict[str, Any]:
    """What a process with limits on memory and time finds in a file: if that comes through, the file may be read here.

    Raises CannotRead with its sentence, or for a file that it did not get through.
    """
    command = [
        sys.executable,
        "-m",
        "rebate_udfs.hosts.web_reader",
        verb,
        *(one.name for one in (path, *more)),
    ]  # names only, so that no answer shows the folder
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))}
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, env=environment, cwd=path.parent)
        said: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise CannotRead(f"{path.name} cannot be read. {TOO_MUCH}", "Send it in smaller parts.") from error
    if "refused" in said:
        raise CannotRead(str(said["refused"]), str(said.get("remedy", "")))
    return said
