"""A run as one JSON object for other programs: `rebates run --json` (functions.md, "Command line").

Amounts, quantities and rates are decimal strings, so that no reader turns them into binary floats; dates are ISO text;
null stands where nothing applies. Names of keys are the fields of `model.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, localcontext
from enum import Enum
from fractions import Fraction
from typing import Any

from .model import Period, Run

SIGNIFICANT_DIGITS = 28  # of a fraction that no decimal spells exactly
KEYS: Mapping[str, tuple[str, ...]] = {
    "problems": ("severity", "code", "table", "row", "column", "message", "remedy"),
    "attainment": (
        "figure_id", "program_id", "participant_id", "period", "currency", "measure", "percent", "target", "baseline", "base",
        "attained_tier", "accrual_tier", "forecast_tier", "forecast", "to_next_tier", "next_tier_value", "earned", "status",
        "transactions_used", "transactions_excluded",
    ),
    "accruals": (
        "figure_id", "program_id", "participant_id", "period", "policy", "earned", "accrued", "recognised", "true_up", "currency",
    ),
    "payable": (
        "figure_id", "program_id", "participant_id", "period", "settlement_end", "due_on", "due", "settled", "payable", "recoverable",
        "carried", "lapsed", "currency",
    ),
    "journal": ("date", "account", "debit", "credit", "currency", "program_id", "participant_id", "figure_id"),
    "claims": ("claim_id", "line", "distributor_id", "status", "claimed", "calculated", "approved", "paid", "reasons"),
}  # fmt: skip


def decimal_text(number: Decimal | Fraction) -> str:
    """A number in plain decimal notation: exact where a decimal can be, else 28 significant digits.

    >>> decimal_text(Decimal("1E+3")), decimal_text(Fraction(107, 40)), decimal_text(Fraction(1, 3))
    ('1000', '2.675', '0.3333333333333333333333333333')
    """
    if isinstance(number, Decimal):
        return format(number if number else number.copy_abs(), "f")  # no negative zero
    rest, places = number.denominator, [0, 0]
    for index, prime in enumerate((2, 5)):
        while rest % prime == 0:
            rest, places[index] = rest // prime, places[index] + 1
    if rest == 1:
        scale = max(places)
        digits = str(abs(number.numerator) * 10**scale // number.denominator).zfill(scale + 1)
        sign = "-" if number < 0 else ""
        return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
    with localcontext(prec=SIGNIFICANT_DIGITS):
        return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


def value(cell: Any) -> Any:
    """What a cell of a run becomes in JSON.

    >>> value(date(2026, 3, 31)), value(Decimal("5.00")), value(""), value(3)
    ('2026-03-31', '5.00', None, 3)
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, Enum):
        return cell.value
    if isinstance(cell, Decimal | Fraction):
        return decimal_text(cell)
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    if isinstance(cell, Period):
        return cell.period_id
    if isinstance(cell, tuple | list):
        return [value(one) for one in cell]
    return cell


def run_object(run: Run) -> dict[str, Any]:
    """The run with exactly the keys that programs rely on."""
    rows: Mapping[str, Iterable[Any]] = {
        "problems": run.problems,
        "attainment": run.attainment,
        "accruals": run.accruals,
        "payable": run.payable,
        "journal": run.journal,
        "claims": run.claims,
    }
    head = {"as_of": run.as_of.isoformat(), "run_id": run.run_id, "input_hash": run.input_hash}
    return head | {name: [{key: value(getattr(row, key)) for key in KEYS[name]} for row in rows[name]] for name in KEYS}


def run_json(run: Run) -> str:
    """The run as JSON text, indented so that two runs can be compared line by line."""
    return json.dumps(run_object(run), indent=1, ensure_ascii=False)
