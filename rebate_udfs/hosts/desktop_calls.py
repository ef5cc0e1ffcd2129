"""What the cells of Excel asked for when they were last computed, for Explain Cell."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from ..registry import FUNCTIONS

EXPLAINABLE = ("program", "distributor", "period")
MOST_CALLS = 20_000  # cells whose call is remembered


@dataclass(frozen=True, slots=True)
class Call:
    """What a cell asked for when it was last computed: text arguments by name."""

    function: str
    texts: dict[str, str]


_calls: OrderedDict[str, Call] = OrderedDict()


def remember(place: str, function: str, given: list[Any]) -> None:
    """Keep what a cell asked for, where it names a program and a distributor."""
    if not place or function not in FUNCTIONS:
        return
    named = zip(FUNCTIONS[function].arguments, given, strict=False)
    texts = {argument.name: value for argument, value in named if argument.name in EXPLAINABLE and isinstance(value, str)}
    _calls.pop(place, None)
    _calls[place] = Call(function, texts)
    if len(_calls) > MOST_CALLS:
        _calls.popitem(last=False)


def called(place: str) -> Call | None:
    """What the cell at an address asked for when it was last computed."""
    return _calls.get(place)
