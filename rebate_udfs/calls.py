"""A cell function called by name, as every host calls: arguments as the cells hold them, an answer or an error, never an exception."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from . import functions
from .arguments import VALUE
from .model import CellError
from .registry import FUNCTIONS


class _Omitted:
    """An argument that was left out, in the middle of others: =REBATE_EARNED(Rebates,,"NORTH")."""

    def __repr__(self) -> str:
        return "OMITTED"


OMITTED = _Omitted()
log = logging.getLogger(__name__)


def call(name: str, arguments: Sequence[Any]) -> Any:
    """The value or grid of a cell function, or a CellError; `OMITTED` stands for an argument that was left out.

    Whatever goes wrong is a #VALUE! with a sentence; what nobody foresaw is written to the log with its trace, and the
    cell says no more than that: a cell may be on somebody else's screen.

    >>> call("rebate_amount", [2000, [[0, 0.1], [1000, 0.25]], "Incremental"])
    350.0
    >>> call("REBATE_AMOUNT", [2000, [[0, 0.1]], OMITTED, OMITTED, OMITTED, "at least"])
    200.0
    >>> call("REBATE_AMOUNT", [2000])
    CellError(code='#VALUE!', message='REBATE_AMOUNT needs the argument tiers')
    """
    described = FUNCTIONS.get(name.upper())
    if described is None:
        return CellError(VALUE, f"there is no function {name}")
    if len(arguments) > len(described.arguments):
        return CellError(VALUE, f"{described.name} takes {len(described.arguments)} arguments, not {len(arguments)}")
    given = {argument.name: value for argument, value in zip(described.arguments, arguments, strict=False) if value is not OMITTED}
    missing = next((argument.name for argument in described.arguments if argument.required and argument.name not in given), None)
    if missing is not None:
        return CellError(VALUE, f"{described.name} needs the argument {missing}")
    try:
        return getattr(functions, described.python_name)(**given)
    except Exception:
        log.exception("%s failed", described.name)
        return CellError(VALUE, f"{described.name} failed unexpectedly; the log says more")
