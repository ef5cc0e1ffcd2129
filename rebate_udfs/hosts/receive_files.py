"""The workbooks of a delivery: a file, a folder with its folders, or a zip; each opened only by a reader that runs apart, with limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..parse import CannotRead
from ..seal import Change, Compared, Returned
from .receive_reader import LARGEST_DELIVERY, MOST_FILES, SUFFIXES

SECONDS = 9
UNPACK_SECONDS = 90
LARGEST_ANSWER = 100 * 2**20
WORKBOOK_PARTS = {"[Content_Types].xml", "content.xml"}  # a zip with one of these is a workbook itself
BUSY = "Reading it takes longer than a statement needs."
TOO_MUCH = "It is damaged, or takes more memory or time than a statement needs."


@dataclass(slots=True)
class Delivery:
    """What there is to read: name and place of each workbook, or why it cannot be read; and the names of files of other kinds."""

    workbooks: list[tuple[str, Path | str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@contextmanager
def delivery(path: Path, leave_out: Sequence[Path] = ()) -> Iterator[Delivery]:
    """The workbooks of a file, a folder (its folders and zips too) or a zip, while they are needed.

    Hidden files, lock files and what `leave_out` names are no part of it. Raises CannotRead for nothing to read, or too much.
    """
    found = Delivery()
    with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
        if path.is_dir():
            for file in sorted(_files(path, {each.resolve() for each in leave_out})):
                _add(found, file, file.relative_to(path).as_posix(), Path(folder))
        elif path.exists():
            _add(found, path, path.name, Path(folder), alone=True)
        else:
            raise CannotRead(f"There is no file or folder {path}.", "Check the name.")
        if len(found.workbooks) > MOST_FILES:
            raise CannotRead(f"{path} holds more than {MOST_FILES:,} workbooks.", "Give the folder of the statements only.")
        if not found.workbooks:
            raise CannotRead(f"There is no workbook in {path}.", "Give a filled statement, or a folder or zip of them.")
        yield found


def _files(folder: Path, leave_out: set[Path]) -> Iterator[Path]:
    """The files of a folder and its folders; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and (Path(place) / name).resolve() not in leave_out]
        for name in names:
            file = Path(place) / name
            if not name.startswith((".", "~$")) and file.resolve() not in leave_out:
                yield file


def _add(found: Delivery, file: Path, name: str, folder: Path, alone: bool = False) -> None:
    suffix = file.suffix.lower()
    if suffix == ".zip":
        _add_zip(found, file, "" if alone else f"{name}/", folder)
    elif suffix in SUFFIXES or alone:
        found.workbooks.append((name, file))
    else:
        found.others.append(name)


def _add_zip(found: Delivery, file: Path, prefix: str, folder: Path) -> None:
    place = Path(tempfile.mkdtemp(dir=folder))
    used = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    said = _ask(["unpack", str(file), str(place), str(LARGEST_DELIVERY - used)], UNPACK_SECONDS)
    if isinstance(said, str) or "refused" in said:
        found.workbooks.append((prefix.rstrip("/") or file.name, said if isinstance(said, str) else str(said["refused"])))
        return
    members = said["members"]
    if any(member["name"] in WORKBOOK_PARTS for member in members):
        found.workbooks.append((prefix.rstrip("/") or file.name, file))
        return
    for member in members:
        name = f"{prefix}{member['name']}"
        if "file" in member or "refused" in member:
            found.workbooks.append((name, place / member["file"] if "file" in member else str(member["refused"])))
        elif member["kind"] == ".zip":
            found.workbooks.append((name, "It is a zip in a zip; unpack it and receive what is in it."))
        else:
            found.others.append(name)


def read_apart(path: Path, passwords: Sequence[str] = ()) -> Returned | str:
    """What a workbook holds, read by a process with limits; a sentence when it is not read. An encrypted one opens with one of the passwords."""
    said = _ask(["read", str(path)], SECONDS, passwords)
    if isinstance(said, str):
        return said
    return str(said["refused"]) if "refused" in said else _back(said["found"])


def _ask(arguments: list[str], seconds: int, passwords: Sequence[str] = ()) -> dict[str, Any] | str:
    """The reader's answer, or a sentence when there is none. Passwords go by its input, where no list of processes shows them."""
    command = [sys.executable, "-m", "rebate_udfs.hosts.receive_reader", *arguments]
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, *sys.path)))}  # it finds what we find, wherever we run
    secret = json.dumps(list(passwords)).encode()
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(command, input=secret, stdout=answer, stderr=subprocess.DEVNULL, timeout=seconds, check=False, env=environment)
        except subprocess.TimeoutExpired:
            return BUSY
        if done.returncode or answer.tell() > LARGEST_ANSWER:
            return TOO_MUCH
        answer.seek(0)
        try:
            found: dict[str, Any] = json.load(answer)
        except ValueError:
            return TOO_MUCH
    return found


def _back(found: dict[str, Any]) -> Returned:
    """The reader's answer as it was before JSON."""
    said = found["compared"]
    compared = Compared(
        tuple(Change(**each) for each in said["changed"]), tuple(Change(**each) for each in said["added"]), tuple(said["moved"]),
        tuple(said["missing"]), said["more"],
    )  # fmt: skip
    sheets = {name: [[_cell(cell) for cell in row] for row in rows] for name, rows in found["sheets"].items()}
    return Returned(tuple(found["seal"]), compared, sheets, tuple(found["notes"]))


def _cell(cell: Any) -> Any:
    """Days come back as days."""
    if not isinstance(cell, dict):
        return cell
    try:
        return datetime(1899, 12, 30) + timedelta(days=cell["d"])
    except (OverflowError, ValueError):
        return cell["d"]
