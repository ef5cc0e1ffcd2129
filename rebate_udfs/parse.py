"""From what stands in a cell to a typed value: the mess of real workbooks, handled on purpose.

A host hands over `RawTable`s. Cells are None, text, numbers, truths, dates or a `CellError`; every function here takes one
cell and gives its value, or raises `Unreadable` with what is wrong and what to do. Empty cells are the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from .describe import Column
from .model import CellError
from .money import decimal_of
from .words import choice, key

Cell = Any  # None, str, float, int, Decimal, bool, date, datetime, CellError


class CannotRead(Exception):
    """A file that cannot be read at all: one sentence, and one on what to do."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


class Unreadable(ValueError):
    """A cell that does not hold what its column wants."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table as a host found it: nothing is interpreted yet. Row numbers are the sheet's own, from 1."""

    name: str  # as in tables.TABLES, or as found
    place: str  # the sheet or file
    headers: list[Cell]
    header_row: int
    rows: list[tuple[int, list[Cell]]] = field(default_factory=list)
    date_1904: bool = False  # what a plain number in a date column counts from
    first_column: int = 0  # where the first header stands on the sheet, from 0


# spaces that are none to str.strip: zero-width ones and the byte order mark
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u2060"))


def tidy(text: str) -> str:
    """A text without the spaces around it, the invisible ones included.

    >>> tidy("  NORTH\\u00a0 ")
    'NORTH'
    """
    return text.translate(_INVISIBLE).strip() if not text.isascii() else text.strip()


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing that can be seen."""
    return cell is None or (isinstance(cell, str) and not tidy(cell))


def is_total(cells: Sequence[Cell]) -> bool:
    """Whether a row is a total: its first filled cell says so.

    >>> is_total(["Total", "", 12.0]), is_total(["", "Grand total:", 3.0]), is_total(["TOTAL-1", "x"])
    (True, True, False)
    """
    first = next((text_of(cell) for cell in cells if not is_blank(cell)), "")
    return bool(re.fullmatch(r"(grand |sub)?total(s)?|sum", first.rstrip(":").casefold()))


def shown(cell: Cell) -> str:
    """A cell as a message quotes it, at most 60 characters.

    >>> shown(4.0), shown(" abc ")
    ('4', '"abc"')
    """
    if isinstance(cell, CellError):
        return cell.code
    text = text_of(cell)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f'"{text}"' if isinstance(cell, str) else text


def text_of(cell: Cell) -> str:
    """A cell as an id or a text: numbers without a tail of zeros, dates as ISO, text as typed but for outer spaces.

    >>> text_of(123.0), text_of("00123"), text_of(1.50), text_of(date(2026, 3, 1))
    ('123', '00123', '1.5', '2026-03-01')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return tidy(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{decimal_of(cell).normalize():f}" if isfinite(cell) else str(cell)
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}" if cell.is_finite() else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED = {  # a point or a comma as the decimal sign, the other one, blanks or ' between thousands
    ".": re.compile(r"(\d{1,3}([, '\u2019\u00a0\u202f]\d{3})+)(\.\d+)?"),
    ",": re.compile(r"(\d{1,3}([. '\u2019\u00a0\u202f]\d{3})+|\d+),(\d+)"),
}
NUMBER_REMEDY = "Enter a number such as 1234.50, without words or signs of currency."


def number_of_text(text: str) -> Decimal | None:
    """The number that a text spells, None when it spells none.

    Takes thousands separators, a comma as decimal sign where nothing else is possible, a minus at the end and brackets
    (as accounting systems export them), and a percent sign. `1,234` is read as one thousand and more.

    >>> [str(number_of_text(t)) for t in ("1,234.50", "1.234,50", "12,5", "(12.50)", "12.50-", "4 %", "1,234")]
    ['1234.50', '1234.50', '12.5', '-12.50', '-12.50', '0.04', '1234']
    >>> number_of_text("12 pcs"), number_of_text("1,23,4"), number_of_text("NaN")
    (None, None, None)
    """
    text = tidy(text).replace("\u2212", "-")
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    elif text.endswith("-") and not text.startswith(("-", "+")):
        text, negative = text[:-1].rstrip(), True
    elif text.startswith(("-", "+")):
        text, negative = text[1:].lstrip(), text[0] == "-"
    if not text or not text[0].isascii() or text[0] in "+-":
        return None
    if not _PLAIN.fullmatch(text):
        if _GROUPED["."].fullmatch(text):
            text = re.sub(r"[^\d.]", "", text)
        elif _GROUPED[","].fullmatch(text):
            text = re.sub(r"[^\d,]", "", text).replace(",", ".")
        else:
            return None
    try:
        number = Decimal(text)
    except InvalidOperation:  # digits of other scripts
        return None
    return (-number if negative else number) / (100 if percent else 1)


def number_of(cell: Cell) -> Decimal:
    """A cell's number, exactly as it is shown; floats are read at 15 significant digits. Raises Unreadable.

    >>> number_of(0.1 + 0.2), number_of(" 1,000 ")
    (Decimal('0.3'), Decimal('1000'))
    """
    if isinstance(cell, str):
        number = number_of_text(cell)
        if number is not None:
            return number
    elif isinstance(cell, float):
        if isfinite(cell):
            return decimal_of(cell)
    elif isinstance(cell, Decimal):
        if cell.is_finite():
            return cell
    elif isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    raise Unreadable("NOT_A_NUMBER", f"{shown(cell)} is not a number.", NUMBER_REMEDY)


EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
LAST_SERIAL = 2958465  # 31 December 9999
FIRST_SERIAL = 2201  # below it a number is rather a year or a count than a day before 1906
DATE_REMEDY = "Enter a date such as 2026-03-31."
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?: 0?0:00(:00)?)?")
_NAMED = (re.compile(r"(\d{1,2})[ .-]+([A-Za-z]{3,9})[ .,-]+(\d{4})"), re.compile(r"([A-Za-z]{3,9})[ .]+(\d{1,2}),? +(\d{4})"))


def date_of_text(text: str) -> date | None:
    """The date that a text spells, None when it spells none or could be two.

    >>> [str(date_of_text(t)) for t in ("2026-03-31", "31.03.2026", "03/31/2026", "31 Mar 2026", "20260331", "2026-03-31 00:00:00")]
    ['2026-03-31', '2026-03-31', '2026-03-31', '2026-03-31', '2026-03-31', '2026-03-31']
    >>> date_of_text("04/03/2026") is None  # April or March
    True
    """
    text = tidy(text)
    try:
        if found := _ISO.fullmatch(text):
            return date(int(found[1]), int(found[3]), int(found[4]))
        if found := _COMPACT.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _NUMERIC.fullmatch(text):
            return _day_of_numbers(int(found[1]), int(found[3]), int(found[4]), found[2])
        if found := _NAMED[0].fullmatch(text):
            return date(int(found[3]), _month(found[2]), int(found[1]))
        if found := _NAMED[1].fullmatch(text):
            return date(int(found[3]), _month(found[1]), int(found[2]))
    except ValueError:  # no such day
        return None
    return None


def _day_of_numbers(first: int, second: int, year: int, sign: str) -> date | None:
    """Points mean day first, everywhere; with other signs only a day above 12 tells which one it is."""
    if sign == "." or first > 12 or first == second:
        return date(year, second, first)
    return date(year, first, second) if second > 12 else None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].casefold()) + 1


def date_of(cell: Cell, date_1904: bool = False) -> date:
    """A cell's day: a date, a serial number of the book's date system, or text. Times are cut off. Raises Unreadable.

    >>> date_of(46112.0), date_of("2026-03-31"), date_of(44650, date_1904=True)
    (datetime.date(2026, 3, 31), datetime.date(2026, 3, 31), datetime.date(2026, 3, 31))
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        found = date_of_text(cell)
        if found is not None:
            return found
        if _NUMERIC.fullmatch(tidy(cell)):
            raise Unreadable("NOT_A_DATE", f"{shown(cell)} could be two dates, or none.", DATE_REMEDY)
    elif isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        if FIRST_SERIAL <= cell <= LAST_SERIAL:
            return (EPOCH_1904 if date_1904 else EPOCH_1900) + timedelta(days=int(cell))
        if cell > LAST_SERIAL and cell == int(cell) and (found := date_of_text(str(int(cell)))):
            return found
    raise Unreadable("NOT_A_DATE", f"{shown(cell)} is not a date.", DATE_REMEDY)


def period_of(cell: Cell) -> str:
    """A period's id as text. What Excel turned into a date stays its day, for whoever knows the calendar.

    >>> period_of("2026-Q1"), period_of(2026.0), period_of(datetime(2026, 3, 1))
    ('2026-Q1', '2026', '2026-03-01')
    """
    return cell.date().isoformat() if isinstance(cell, datetime) else text_of(cell)


def choice_of(cell: Cell, column: Column) -> Any:
    """The value of an enumerated column. Raises Unreadable with the list of choices."""
    text = text_of(cell)
    value: str | None
    if column.enum is not None:
        value = choice(column.enum, text)
    else:
        value = next((one for one in column.choices if key(one) == key(text)), None)
    if value is None:
        raise Unreadable("BAD_CHOICE", f"{shown(cell)} is not a choice for {column.header}.", f"Choose one of: {', '.join(column.choices)}.")
    return value


_TRUTHS = {"yes": True, "y": True, "true": True, "1": True, "x": True, "no": False, "n": False, "false": False, "0": False}


def yes_no_of(cell: Cell, column: Column) -> bool:
    """Yes or No, also as TRUE, FALSE, 1, 0, Y, N, x. Raises Unreadable."""
    truth = _TRUTHS.get(key(text_of(cell)))
    if truth is None:
        raise Unreadable("BAD_CHOICE", f"{shown(cell)} is not a choice for {column.header}.", "Choose Yes or No.")
    return truth


def list_of(cell: Cell) -> tuple[str, ...]:
    """A list in one cell, separated by commas, semicolons or line breaks; each item once.

    >>> list_of("P-1, P-2;P-1"), list_of(100.0)
    (('P-1', 'P-2'), ('100',))
    """
    items = (tidy(item) for item in re.split(r"[,;\n]", text_of(cell)))
    return tuple(dict.fromkeys(item for item in items if item))


def integer_of(cell: Cell) -> int:
    """A whole number. Raises Unreadable."""
    number = number_of(cell)
    if number != number.to_integral_value():
        raise Unreadable("NOT_WHOLE", f"{shown(cell)} is not a whole number.", "Enter a whole number.")
    return int(number)


NOT_CALCULATED = "a formula without a result"  # written by a program that does not calculate
RECALCULATE = "Open the workbook in Excel and save it, so that its formulas have results."


def value_of(cell: Cell, column: Column, date_1904: bool = False) -> Any:
    """What a cell that is not blank means in its column. Raises Unreadable with what is wrong and what to do."""
    if isinstance(cell, CellError):
        remedy = RECALCULATE if cell.code == NOT_CALCULATED else "Correct the formula, or clear the cell."
        raise Unreadable("CELL_ERROR", f"The cell holds {cell.code}.", remedy)
    if column.kind == "date":
        return date_of(cell, date_1904)
    if column.kind in ("number", "money", "percent"):
        return _bounded(number_of(cell), cell, column)
    if column.kind == "integer":
        return int(_bounded(Decimal(integer_of(cell)), cell, column))
    if column.kind == "choice":
        return choice_of(cell, column)
    if column.kind == "yes_no":
        return yes_no_of(cell, column)
    if column.kind == "list":
        return list_of(cell)
    if column.is_period:
        return period_of(cell)
    return _code_of(cell, column) if column.header.endswith("Currency") else text_of(cell)


def _code_of(cell: Cell, column: Column) -> str:
    code = text_of(cell).upper()
    if not re.fullmatch("[A-Z]{3}", code):
        remedy = "Enter the three letters of the currency, such as USD."
        raise Unreadable("BAD_CURRENCY", f"{shown(cell)} is not a currency code.", remedy)
    return code


def _bounded(number: Decimal, cell: Cell, column: Column) -> Decimal:
    low, high = column.low, column.high
    if column.above_zero and number <= 0:
        raise Unreadable("OUT_OF_RANGE", f"{shown(cell)} is not above 0.", "Enter a number above 0.")
    if low is not None and high is None and number < low:
        raise Unreadable("OUT_OF_RANGE", f"{shown(cell)} is below {low}.", f"Enter {low} or more.")
    if low is not None and high is not None and not low <= number <= high:
        if column.kind == "percent":
            remedy = f"Enter a percent from 0 % to 100 %{', such as 4 %, not 4' if number > 1 else ''}."
        else:
            remedy = f"Enter a number from {low} to {high}."
        raise Unreadable("OUT_OF_RANGE", f"{shown(cell)} is out of range.", remedy)
    return number
