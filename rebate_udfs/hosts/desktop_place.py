"""Where a button of Excel on the desktop was pressed: the workbook, its tables, its file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model import Refused
from ..tables import read
from .contents import Contents, contents_of
from .desktop_read import read_tables
from .desktop_talk import Talk, working

WINDOWS = sys.platform == "win32"


@dataclass(frozen=True, slots=True)
class Place:
    """The workbook, the address of the selected cell, the workbook's date system."""

    book: Any
    cell: str
    is_1904: bool
    windows: bool = WINDOWS

    @property
    def name(self) -> str:
        """The workbook's name."""
        return str(self.book.name)


def contents(place: Place, *, as_shown: bool = False) -> Talk[Contents]:
    """The tables of the open workbook, with the entries of its ledger unless those of the sheet are asked for.

    Raises Refused where it holds none.
    """
    raw, problems = read_tables(place.book, place.is_1904, place.windows)
    if not raw:
        raise Refused("This workbook holds none of the standard tables (Programs, Tiers, Distributors, ...). Begin with New Workbook.")
    tables = yield from working("reading the tables", lambda: read(raw, problems=problems))
    return contents_of(raw, tables, None if as_shown else _file(place.book))


def unchanged(place: Place, before: Contents) -> bool:
    """Whether the tables still say what they said."""
    return read_tables(place.book, place.is_1904, place.windows)[0] == before.raw


def saved_file(place: Place, purpose: str) -> Path:
    """The workbook's file on this computer. Raises Refused, naming the purpose, for one that was never saved or lives elsewhere."""
    file = _file(place.book)
    if file is None:
        raise Refused(f"Save the workbook in a folder of this computer first: {purpose}.")
    return file


def _file(book: Any) -> Path | None:
    path = Path(book.fullname)
    here = "://" not in str(book.fullname) and path.parent != Path() and path.parent.is_dir()
    return path if here else None
