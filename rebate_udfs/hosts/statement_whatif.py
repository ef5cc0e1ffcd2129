"""The what-if as native formulas: whole numbers only, so that a sheet of binary floats gives the engine's cents.

Formulas use ROUND, INT, INDEX, MATCH, IF, MIN, MAX, N and AND: Excel 2010 and later, LibreOffice and Google Sheets alike.
Every helper cell has its label beside it. A long multiplication goes some digits of the planned purchases at a time,
like on paper, so that no product outgrows what a cell holds exactly (statement/whatif.py gives the bounds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..statement import Piece, WhatIf
from ..statement.whatif import steps_for
from . import look

COLUMNS = ("Planned from", "Tier", "Divisor", "Sum, whole", "Sum, rest", "Slope, whole", "Slope, rest", "Curve, whole", "Curve, rest")
FIRST_COLUMN = 3  # the table of pieces stands right of the labelled cells
LABEL, VALUE = 0, 1


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a what-if gives its results: addresses on its own sheet, and the first row below it."""

    valid: str
    rebate: str
    tier: str
    next_row: int


@dataclass(frozen=True, slots=True)
class _Cell:
    at: str
    value: Any  # as it stands with nothing planned, for readers that do not calculate


def write_plan(sheet: Any, row: int, title: str, plan: WhatIf, input_cell: str) -> Answer:
    """Write one what-if from `row` down; `input_cell` is where a person types the planned purchases."""
    return _Writer(sheet, row, title, plan, input_cell).write()


class _Writer:
    def __init__(self, sheet: Any, row: int, title: str, plan: WhatIf, input_cell: str) -> None:
        self.sheet, self.first, self.title, self.plan, self.input_cell = sheet, row, title, plan, input_cell
        self.row = row + 2
        self.start = plan.pieces[0]
        self.digit, self.steps = steps_for(plan.pieces, plan.most) or (1, 0)

    def write(self) -> Answer:
        """The table of pieces, then the labelled cells from the planned purchases to the rebate."""
        plan = self.plan
        self.sheet.write_string(self.first, LABEL, look.safe_text(f"What-if: {self.title}"))
        self._table()
        planned = self._cell(
            f"Planned, in units of {10**-plan.places if plan.places else 1:g}", f"=ROUND(N({self.input_cell})*{10**plan.places},0)", 0
        )
        valid = self._cell("Between 0 and what is computed exactly (1 = yes)", f"=IF(AND({planned.at}>=0,{planned.at}<={plan.most}),1,0)", 1)
        x = self._cell("The same, limited to that", f"=MIN(MAX({planned.at},0),{plan.most})", 0)
        found = self._cell("Row of the table", f"=MATCH({x.at},{self._range(0)},1)", 1)
        tier, divisor, *parts = (self._looked_up(at, found) for at in range(1, len(COLUMNS)))
        whole, rest = self._sum(x, divisor, parts)
        amount, value = self._rounded(whole, rest, divisor)
        scale, unit = 10**plan.currency_places, f"{amount.at}/{10**plan.currency_places}"
        limit = "" if plan.cap is None else f"{plan.cap}"
        shown = float(min(value / scale, float(plan.cap))) if plan.cap is not None else value / scale
        rebate = self._cell("Rebate" + (", limited by the cap" if limit else ""), f"=MIN({unit},{limit})" if limit else f"={unit}", shown)
        return Answer(valid.at, rebate.at, tier.at, max(self.row, self.first + 3 + len(plan.pieces)) + 1)

    def _table(self) -> None:
        for column, name in enumerate(COLUMNS):
            self.sheet.write_string(self.first + 1, FIRST_COLUMN + column, name)
        for row, piece in enumerate(self.plan.pieces, self.first + 2):
            for column, number in enumerate(_row(piece)):
                self.sheet.write_number(row, FIRST_COLUMN + column, number)

    def _range(self, column: int) -> str:
        letter = chr(ord("A") + FIRST_COLUMN + column)
        return f"${letter}${self.first + 3}:${letter}${self.first + 2 + len(self.plan.pieces)}"

    def _cell(self, label: str, formula: str, value: float) -> _Cell:
        self.sheet.write_string(self.row, LABEL, label)
        self.sheet.write_formula(self.row, VALUE, formula, None, value)
        self.row += 1
        return _Cell(f"$B${self.row}", value)

    def _looked_up(self, column: int, found: _Cell) -> _Cell:
        return self._cell(COLUMNS[column], f"=INDEX({self._range(column)},{found.at})", _row(self.start)[column])

    def _sum(self, x: _Cell, divisor: _Cell, parts: list[_Cell]) -> tuple[_Cell, _Cell]:
        """(sum + slope * x + curve * x * x) / divisor as a whole number and a rest."""
        sum_whole, sum_rest, slope_whole, slope_rest, curve_whole, curve_rest = parts
        digits = self._digits(x)
        if any(piece.curve for piece in self.plan.pieces):
            whole, slope_rest = self._product("slope", curve_rest, slope_rest, divisor, digits)
            value = slope_whole.value + whole.value
            slope_whole = self._cell("Slope there, whole", f"={slope_whole.at}+{x.at}*{curve_whole.at}+{whole.at}", value)
        whole, rest = self._product("rebate", slope_rest, sum_rest, divisor, digits)
        total = self._cell("Rebate in the smallest coin, whole", f"={sum_whole.at}+{x.at}*{slope_whole.at}+{whole.at}", sum_whole.value + whole.value)
        return total, rest

    def _digits(self, x: _Cell) -> list[_Cell]:
        """x in groups of digits, the highest first; x itself where one multiplication stays exact."""
        if self.steps == 1:
            return [x]
        found: list[_Cell] = []
        above: _Cell | None = None
        for power in range(self.steps - 1, -1, -1):
            high = self._cell(f"Planned / {self.digit**power}, whole", f"=INT({x.at}/{self.digit**power})", 0)
            digit = high if above is None else self._cell("Its last digits", f"={high.at}-{self.digit}*{above.at}", 0)
            found.append(digit)
            above = high
        return found

    def _product(self, what: str, factor: _Cell, add: _Cell, divisor: _Cell, digits: list[_Cell]) -> tuple[_Cell, _Cell]:
        """(factor * x + add) / divisor as a whole number and a rest."""
        whole = rest = None
        for index, digit in enumerate(digits):
            carried = "" if rest is None else f"{self.digit}*{rest.at}+"
            plus, value = (f"+{add.at}", add.value) if index == len(digits) - 1 else ("", 0)
            product = self._cell(f"Product for the {what}", f"={carried}{digit.at}*{factor.at}{plus}", value)
            times = self._cell("Divisor goes into it", f"=INT({product.at}/{divisor.at})", value // divisor.value)
            rest = self._cell("Rest", f"={product.at}-{times.at}*{divisor.at}", value % divisor.value)
            whole = times if whole is None else self._cell("Whole so far", f"={self.digit}*{whole.at}+{times.at}", times.value)
        if whole is None or rest is None:
            raise AssertionError("a product has at least one step")
        return whole, rest

    def _rounded(self, whole: _Cell, rest: _Cell, divisor: _Cell) -> tuple[_Cell, int]:
        """Rounded once: at the half up, or to the even one where Settings say so."""
        tie = f"{whole.at}-2*INT({whole.at}/2)" if self.plan.half_even else "1"
        twice = 2 * rest.value
        up = 1 if twice > divisor.value else (whole.value % 2 if self.plan.half_even else 1) if twice == divisor.value else 0
        value = whole.value + up
        formula = f"={whole.at}+IF(2*{rest.at}>{divisor.at},1,IF(2*{rest.at}={divisor.at},{tie},0))"
        return self._cell("Rebate in the smallest coin, rounded", formula, value), value


def _row(piece: Piece) -> tuple[int, ...]:
    """A piece as whole numbers and rests; rests are never negative."""
    parts = (part for number in (piece.constant, piece.slope, piece.curve) for part in divmod(number, piece.divisor))
    return (piece.starts_at, piece.tier, piece.divisor, *parts)
