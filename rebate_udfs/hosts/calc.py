"""LibreOffice Calc calls our cell functions: what its cells become on the way in, and what it shows of the results.

Calc hands a cell over as a number or a text, a range as rows of them, an omitted argument as nothing; an empty cell is the
number 0, within a range an empty text. Errors go back as numbers that are none, with Calc's error code in their low bits.
Source: LibreOffice's addin interface (sc/source/core/tool/addincol.cxx), and what was found by trying.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from .. import calls
from ..book import acting_as, session
from ..model import CellError
from ..registry import CELL, DATE, FUNCTIONS, ID, PERIOD, RANGE, TEXT, Argument, Function
from . import calc_read
from .calc_read import CODES

EPOCH = date(1899, 12, 30)
MOST_CALLS = 50
NO_NUMBER_ZERO = (TEXT, ID, DATE, PERIOD)
Value = Any  # float, str, or rows of them
Rows = tuple[tuple[Any, ...], ...]
SMALL = 200  # cells of a range that is remembered


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a cell made while somebody was listening, and its result."""

    function: str
    arguments: dict[str, Any]
    result: Any

    @property
    def errors(self) -> list[CellError]:
        """The errors in the result, each once."""
        rows = self.result if isinstance(self.result, list) else [[self.result]]
        return list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, CellError)))


listening: deque[Call] | None = None  # Explain Cell has a cell computed anew and listens


def listen(wanted: bool) -> list[Call]:
    """Begin or end listening to calls; at the end the calls that were heard, the first one first."""
    global listening
    heard = list(listening or ())
    listening = deque(maxlen=MOST_CALLS) if wanted else None
    return heard


def error_number(code: str) -> float:
    """An Excel error as the number that Calc shows as one.

    >>> struct.pack("<d", error_number("#N/A")).hex()
    'ff7f00000000f87f'
    """
    return float(struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 | CODES.get(code, CODES["#VALUE!"])))[0])


ERRORS = {name: error_number(name) for name in CODES}


def call(name: str, values: Sequence[Any]) -> Value:
    """The result of a cell function for what Calc handed over.

    >>> call("REBATE_AMOUNT", (2000.0, ((0.0, 1000.0, 0.1), (1000.0, 2500.0, 0.25)), "Incremental"))
    ((350.0,),)
    """
    function = FUNCTIONS[name]
    on_book = function.section == "book" and bool(function.arguments)
    given = taken(function, values[1:] if on_book else values)
    result = _in_document(values[0], name, given) if on_book else calls.call(name, given)
    if listening is not None:
        listening.append(Call(name, dict(zip((argument.name for argument in function.arguments), given, strict=False)), result))
    return shown(function, result)


def _in_document(document: Any, name: str, given: list[Any]) -> Any:
    """A function on the book, with dates counted as the document counts them."""
    try:
        from_1904 = document is not None and calc_read.counts_from_1904(document)
    except calc_read.UnknownDates as error:
        return CellError("#VALUE!", str(error))
    if not from_1904:
        return calls.call(name, given)
    with acting_as(replace(session(), date_1904=True)):
        return calls.call(name, given)


def explain(made: Call, document: Any) -> list[list[Any]] | CellError:
    """The steps of the figure that a call on the book gave, as REBATE_EXPLAIN spills them."""
    given = [made.arguments.get(argument.name, calls.OMITTED) for argument in FUNCTIONS["REBATE_EXPLAIN"].arguments]
    return _in_document(document, "REBATE_EXPLAIN", given)


def taken(function: Function, values: Sequence[Any]) -> list[Any]:
    """The arguments in their order, with `calls.OMITTED` for those that were left out.

    >>> taken(FUNCTIONS["REBATE_TIER"], (5.0, (("From", "Reward"), (0.0, "")), None))
    [5.0, (('From', 'Reward'), (0.0, None)), OMITTED]
    """
    return [_taken(argument, value) for argument, value in zip(function.arguments, values, strict=False)]


def _taken(argument: Argument, value: Any) -> Any:
    if value is None:
        return calls.OMITTED
    if type(value) is float and (value or not _may_be_empty(argument)):
        return value
    if isinstance(value, tuple):
        return _remembered(value) if len(value) * len(value[0]) <= SMALL else _rows(value)
    if hasattr(value, "getDataArray"):
        return calc_read.cells(value)
    if isinstance(value, float):
        return None  # an empty cell: Calc makes it the number 0
    return value


def _may_be_empty(argument: Argument) -> bool:
    """Whether the number 0 stands for an empty cell: where no number is wanted, and for a table of the book that may be left out."""
    return argument.kind in NO_NUMBER_ZERO or (argument.kind == RANGE and not argument.required)


def _rows(value: Rows) -> Rows:
    return tuple(tuple(None if cell == "" else cell for cell in row) for row in value)


@lru_cache(maxsize=256)
def _remembered(value: Rows) -> Rows:
    """A column of a thousand cells names the same few tiers: Calc hands them over again for each."""
    return _rows(value)


def shown(function: Function, result: Any) -> Value:
    """A result as Calc takes it: one value, or rows where the function may give a range.

    >>> shown(FUNCTIONS["REBATE_TIER"], 2.0), shown(FUNCTIONS["REBATE_VERSION"], "1.0")
    (((2.0,),), '1.0')
    """
    if isinstance(result, float):
        return result if function.shape == CELL else ((result,),)
    if function.shape == CELL:
        return _cell(result)
    if not isinstance(result, list):
        return ((_cell(result),),)
    return tuple(tuple(_cell(cell) for cell in row) for row in result)


def _cell(cell: Any) -> float | str:
    if isinstance(cell, CellError):
        return ERRORS.get(cell.code, ERRORS["#VALUE!"])
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, date):
        return float((cell - EPOCH).days)
    return float(cell)
