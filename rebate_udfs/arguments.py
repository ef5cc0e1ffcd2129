"""What a cell hands to a function, read once for all functions: numbers, texts, ladders, and ranges element by element.

The rules are those of functions.md: an empty cell is 0 for a number and the default for a text, TRUE and FALSE are 1
and 0, text is never a number, an error is passed on, a range gives a result of its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from numbers import Integral
from typing import Any, TypeVar

from .model import CellError, Ladder, Severity, Terms
from .money import exact, scaled
from .rewards import LadderRow, read_ladder
from .words import choice

Kind = TypeVar("Kind", bound=StrEnum)
Grid = list[list[Any]]

VALUE, NUM, NOT_FOUND = "#VALUE!", "#NUM!", "#N/A"
OMITTED = float("nan")  # an object of its own: the default of a number whose absence means something else than 0; known by identity
PLACES = 2  # of an amount
ZERO = Fraction(0)
SINGLE = (float, int, bool, str, type(None), CellError)  # what is surely no range


def number(value: Any, name: str) -> Fraction | CellError:
    """The exact number of a cell: a float is the decimal of its 15 significant digits.

    >>> number(0.1, "rate"), number(None, "rate"), number("7", "rate")
    (Fraction(1, 10), Fraction(0, 1), CellError(code='#VALUE!', message='rate: "7" is text, not a number'))
    """
    if type(value) is float:  # what most cells hold
        return _number(value, name)
    if value is None:
        return ZERO
    if isinstance(value, CellError):
        return value
    if isinstance(value, str):
        return CellError(VALUE, f'{name}: "{value}" is text, not a number')
    if isinstance(value, Integral):  # also True and False
        return Fraction(int(value))
    if not isinstance(value, (float, Decimal, Fraction)):
        return CellError(VALUE, f"{name}: not a number")
    return _number(value, name)


def _number(value: float | Decimal | Fraction, name: str) -> Fraction | CellError:
    try:
        return exact(value)
    except (ValueError, OverflowError):
        return CellError(NUM, f"{name}: not a finite number")


def single(value: Any, name: str) -> Any:
    """The one cell of an argument that takes no range: a 1 x 1 range is its cell, a larger one an error."""
    grid = grid_of(value)
    if grid is None:
        return value
    if len(grid) != 1 or len(grid[0]) != 1:
        return CellError(VALUE, f"{name}: give one cell, not a range")
    return grid[0][0]


def word(kind: type[Kind], value: Any, default: Kind, name: str) -> Kind | CellError:
    """A value of an enumerated text argument, by its own words or another system's; empty means the default."""
    if isinstance(value, str):
        return _word(kind, value, default, name)
    cell = single(value, name)
    if cell is None or isinstance(cell, CellError):
        return default if cell is None else cell
    if not isinstance(cell, str):
        return CellError(VALUE, f"{name}: give one of {', '.join(kind)}")
    return _word(kind, cell, default, name)


@lru_cache(maxsize=512)
def _word(kind: type[Kind], cell: str, default: Kind, name: str) -> Kind | CellError:
    """A thousand cells use the same few words: each is looked up once."""
    if not cell.strip():
        return default
    found = choice(kind, cell)
    return CellError(VALUE, f'{name}: "{cell}" is not one of {", ".join(kind)}') if found is None else found


def grid_of(value: Any) -> Grid | None:
    """A range as a list of rows, None for a single cell; a list without lists is one row; arrays of numpy count as lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return None
    if any(isinstance(row, (list, tuple)) for row in value):
        return [list(row) if isinstance(row, (list, tuple)) else [row] for row in value]
    return [list(value)]


def first_error(*values: Any) -> CellError | None:
    """The first of the values that is an error."""
    return next((value for value in values if isinstance(value, CellError)), None)


def each(compute: Callable[..., Fraction | CellError], names: tuple[str, ...], *values: Any) -> Any:
    """`compute` of the numbers of every element: one result for single cells, else a grid of the ranges' common shape.

    Single values and 1 x 1 ranges serve every element; a bad element gives its error in its own place only.

    >>> each(lambda a, b: a + b, ("a", "b"), [[1, 2], [3, "x"]], 10)
    [[11.0, 12.0], [13.0, CellError(code='#VALUE!', message='a: "x" is text, not a number')]]
    """
    if all(type(value) in SINGLE for value in values):
        return _element(compute, names, values)
    grids = [grid_of(value) for value in values]
    shapes: set[tuple[int, int]] = set()
    for name, grid in zip(names, grids, strict=True):
        if grid is not None:
            if not grid or not grid[0] or any(len(row) != len(grid[0]) for row in grid):
                return CellError(VALUE, f"{name}: the range is empty or not a rectangle")
            shapes.add((len(grid), len(grid[0])))
    if not shapes:
        return _element(compute, names, values)
    large = shapes - {(1, 1)}
    if len(large) > 1:
        return CellError(VALUE, "the ranges given have different shapes")
    rows, columns = next(iter(large), (1, 1))
    readers = [_reader(value, grid) for value, grid in zip(values, grids, strict=True)]
    return [[_element(compute, names, [read(row, column) for read in readers]) for column in range(columns)] for row in range(rows)]


def _reader(value: Any, grid: Grid | None) -> Callable[[int, int], Any]:
    if grid is None:
        return lambda row, column: value
    if len(grid) == 1 and len(grid[0]) == 1:
        return lambda row, column: grid[0][0]
    return lambda row, column: grid[row][column]


def _element(compute: Callable[..., Fraction | CellError], names: tuple[str, ...], cells: Iterable[Any]) -> float | CellError:
    numbers = []
    for name, cell in zip(names, cells, strict=True):
        found = cell if cell is OMITTED else number(cell, name)
        if isinstance(found, CellError):
            return found
        numbers.append(found)
    return shown(compute(*numbers))


def shown(result: Fraction | CellError) -> float | CellError:
    """The float nearest to an exact result."""
    if isinstance(result, CellError):
        return result
    try:
        return result.numerator / result.denominator
    except OverflowError:
        return CellError(NUM, "the result is too large for a cell")


def amount(value: Fraction, places: int = PLACES) -> Fraction:
    """An amount rounded half up, away from zero, to 2 places.

    >>> amount(Fraction("2.675"))
    Fraction(67, 25)
    """
    return Fraction(scaled(value, places), 10**places)


def frozen(cells: Any) -> Any:
    """A range as something that can be looked up: a tuple of rows; what is no list of rows as it is.

    >>> frozen([[0, 0.1], [1000, 0.25]]), frozen("a text")
    (((0, 0.1), (1000, 0.25)), 'a text')
    """
    if isinstance(cells, list) and all(isinstance(row, (list, tuple)) for row in cells):
        return tuple(map(tuple, cells))
    return cells


def ladder_of(tiers: Any, terms: Terms) -> Ladder | CellError:
    """The ladder of a range with From and Reward, or From, To and Reward; a first row with text in From is its header.

    >>> ladder_of([["From", "Reward"], [0, 4]], Terms())
    CellError(code='#VALUE!', message='tiers, row 2: a reward of 4 means 400 % of purchases; enter 4 %, not 4')
    """
    grid = grid_of(tiers)
    if grid is None:
        return tiers if isinstance(tiers, CellError) else CellError(VALUE, "tiers: give a range with From and Reward, or From, To and Reward")
    try:
        return _remembered(tuple(map(tuple, grid)), terms)
    except TypeError:  # a cell that cannot be looked up: read as it stands
        return _read(grid, terms)


@lru_cache(maxsize=256)
def _remembered(grid: tuple[tuple[Any, ...], ...], terms: Terms) -> Ladder | CellError:
    """A column of a thousand cells names the same range: its ladder is read once."""
    return _read(grid, terms)


def _read(grid: Sequence[Sequence[Any]], terms: Terms) -> Ladder | CellError:
    rows = [(place, row) for place, row in enumerate(grid, start=1) if not all(_blank(cell) for cell in row)]
    if rows and isinstance(rows[0][1][0], str) and not _blank(rows[0][1][0]):
        rows = rows[1:]
    read: list[LadderRow] = []
    for place, row in rows:
        tier = _tier(row, place)
        if isinstance(tier, CellError):
            return tier
        read.append(tier)
    ladder, problems = read_ladder(read, terms)
    wrong = next((problem for problem in problems if problem.severity is Severity.ERROR), None)
    if wrong is None:
        return ladder
    where = "tiers" if wrong.index is None else f"tiers, row {read[wrong.index].row}"
    return CellError(VALUE, f"{where}: {wrong.message}; {wrong.remedy}")


def _tier(row: Sequence[Any], place: int) -> LadderRow | CellError:
    name = f"tiers, row {place}"
    if len(row) not in (2, 3):
        return CellError(VALUE, f"{name}: give two columns (From, Reward) or three (From, To, Reward)")
    cells = [None if _blank(cell) else number(cell, name) for cell in row]
    error = first_error(*cells)
    if error is not None:
        return error
    starts_at, ends_at, reward = (cells[0], None, cells[1]) if len(cells) == 2 else (cells[0], cells[1], cells[2])
    return LadderRow(_fraction(starts_at), _fraction(ends_at) or None, _fraction(reward), row=place)  # hosts hand an empty To over as 0


def _fraction(cell: Fraction | CellError | None) -> Fraction | None:
    return cell if isinstance(cell, Fraction) else None


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
