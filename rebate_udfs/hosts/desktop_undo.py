"""Undo after rows were appended: the last append to a workbook, as long as nobody has changed its rows."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Refused
from .desktop_append import Appended, take_back
from .desktop_place import Place
from .desktop_talk import Said

_last: dict[str, tuple[Appended, ...]] = {}


def remember(place: Place, done: Sequence[Appended]) -> None:
    """What Undo would take back."""
    _last[place.name] = tuple(done)


def undo(place: Place) -> Said:
    """Take out what was appended last. Raises Refused where there is nothing, or the rows were changed."""
    done = _last.get(place.name)
    if not done:
        raise Refused("There is nothing of Rebates to undo in this workbook.")
    take_back(place.book, done, place.windows)
    del _last[place.name]
    return Said(True, "Taken out again: " + ", ".join(f"{one.words} of {one.table}" for one in done) + ".")
