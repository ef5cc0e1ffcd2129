"""How cells travel between the add-in's JavaScript and Python: JSON with an object for an error, nothing else special.

A cell is null (empty), a number, a truth, a text or `{"error": "#N/A"}`; a range is a list of rows. Results come back the
same way, an error with its message: `{"error": {"code": "#VALUE!", "message": "..."}}`. Dates are serial numbers in the
workbook's own date system.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from ..model import CellError

DAYS_1904 = 1462  # what the same day counts less in the 1904 date system
_EPOCH = date(1899, 12, 30)
EXCEL_ERRORS = ("#VALUE!", "#N/A", "#NUM!", "#DIV/0!", "#REF!", "#NAME?", "#NULL!")


class BadRequest(Exception):
    """A request that cannot be served: its HTTP status, a code for programs and a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def loads(body: bytes) -> Any:
    """The value of a JSON body. Raises BadRequest (400) for what is no strict JSON: NaN, bad UTF-8, nesting without end.

    >>> loads(b'{"a": [1, null]}')
    {'a': [1, None]}
    """
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, "MALFORMED", "The body is not JSON.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def dumps(value: Any) -> bytes:
    """JSON as bytes; raises ValueError for a number that JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def cell(value: Any) -> Any:
    """A cell as it came in. Raises BadRequest for what no cell holds.

    >>> cell(4), cell({"error": "#N/A"})
    (4, CellError(code='#N/A', message='the cell holds #N/A'))
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict) and isinstance(value.get("error"), str):
        code = value["error"] if value["error"] in EXCEL_ERRORS else "#VALUE!"
        return CellError(code, f"the cell holds {code}")
    raise BadRequest(400, "MALFORMED", "A cell is null, a number, a text, true, false or an error.")


def grid(value: Any) -> list[list[Any]]:
    """A range as it came in. Raises BadRequest for what is no list of rows."""
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise BadRequest(400, "MALFORMED", "A range is a list of rows.")
    return [[cell(one) for one in row] for row in value]


def argument(value: Any) -> Any:
    """An argument as it came in: a cell, or a range. A range of one cell stays a range."""
    return grid(value) if isinstance(value, list) else cell(value)


def answer(result: Any, date_1904: bool = False) -> dict[str, Any]:
    """What a function gave, for JSON: `{"value": ...}` or `{"error": ...}`; errors inside a range stay in their place.

    >>> answer(Decimal("4.50")), answer([[1.0, CellError("#N/A", "no such program")]])
    ({'value': 4.5}, {'value': [[1.0, {'error': {'code': '#N/A', 'message': 'no such program'}}]]})
    """
    if isinstance(result, list | tuple):
        rows = [list(row) if isinstance(row, list | tuple) else [row] for row in result]
        return {"value": [[shown(one, date_1904) for one in row] for row in rows]}
    value = shown(result, date_1904)
    return value if isinstance(value, dict) else {"value": value}


def shown(value: Any, date_1904: bool = False) -> Any:
    """A result's cell for JSON: empty is an empty text, a date its serial number."""
    if isinstance(value, CellError):
        return {"error": {"code": value.code, "message": value.message}}
    if value is None:
        return ""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, date):
        return serial(value, date_1904)
    if isinstance(value, float | Decimal | Fraction):
        number = float(value)
        return number if math.isfinite(number) else {"error": {"code": "#NUM!", "message": "the result is not a finite number"}}
    return str(value)


def serial(day: date, date_1904: bool = False) -> int:
    """The serial number of a day.

    >>> serial(date(2026, 3, 31)), serial(date(2026, 3, 31), True)
    (46112, 44650)
    """
    plain = day.date() if isinstance(day, datetime) else day
    return (plain - _EPOCH).days - (DAYS_1904 if date_1904 else 0)
