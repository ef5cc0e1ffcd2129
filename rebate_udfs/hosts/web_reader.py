"""Tries to read an uploaded file in a process of its own, with limits on memory and time, and prints what it found as JSON.

    import FILE [PROFILE ...]   an export: the names of the import profiles that it fits
    transactions FILE           a list of transactions: that it can be read

The server reads a file itself only after it came through here: a bomb ends this process, and nothing else.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..parse import CannotRead
from .receive_reader import LARGEST_UNPACKED, MOST_PARTS

SECONDS = 20  # of computing
MEMORY = {"import": 2**30, "transactions": 2 * 2**30}  # bytes of address space; an engine sets much aside and uses little of it
MOST_ROWS = 200_000
ZIP = b"PK\x03\x04"


def limit(memory: int) -> None:
    """No more memory and time than one file may cost."""
    if sys.platform == "win32":  # the parent's clock and the limits on sizes hold there
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_package(path: Path) -> None:
    """Raises CannotRead for a package that unpacks to more than an export holds."""
    with path.open("rb") as file:
        if file.read(4) != ZIP:
            return
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise CannotRead(f"{path.name} is damaged or incomplete.", "Take another copy.") from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise CannotRead(f"{path.name} unpacks to more than {LARGEST_UNPACKED >> 20} MB.", "Send it in smaller parts.")


def profiles(path: Path, own: Sequence[Path]) -> dict[str, Any]:
    """The import profiles that an export fits, those that came with it first."""
    from ..imports import read_profile
    from .import_files import fitting_profiles

    return {"profiles": [profile.name for profile in fitting_profiles(path, [read_profile(file) for file in own])]}


def transactions(path: Path) -> dict[str, Any]:
    """How many rows a list of transactions has. Raises CannotRead for one that has none, or too many."""
    from ..engines import open_engine
    from ..model import Problem
    from ..reconcile_sources import read_source
    from .reading import source_of

    found: list[Problem] = []
    lines = read_source(*source_of(path), open_engine(), found)
    rows = lines.rows_read
    if rows > MOST_ROWS:
        raise CannotRead(f"{path.name} holds {rows:,} rows; here at most {MOST_ROWS:,} are compared.", "Use the command line: rebates reconcile A B")
    return {"rows": rows}


def main() -> int:
    """Print what was found, or {"refused": sentence, "remedy": ...}."""
    verb, path, own = sys.argv[1], Path(sys.argv[2]), [Path(one) for one in sys.argv[3:]]
    limit(MEMORY[verb])
    try:
        check_package(path)
        said = profiles(path, own) if verb == "import" else transactions(path)
    except CannotRead as error:
        said = {"refused": error.sentence, "remedy": error.remedy}
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
