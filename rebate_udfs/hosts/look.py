"""The look that every workbook of ours shares: palette, number formats, widths, the printed page.

Conventions of financial modelling: inputs blue on soft yellow, results black on white, negative numbers in
parentheses, zero as a dash, never colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

INK, ACCENT, POSITIVE, ATTENTION, PROBLEM = "#1F2937", "#1F6FB2", "#2E7D5B", "#B7791F", "#B3372F"
LINE, INPUT_FILL, BAND, MUTED = "#D5DBE3", "#FFF9E0", "#F5F7FA", "#5B6675"
INPUT_TEXT = "#1F4FD8"  # blue: somebody types here
TAB_INPUT, TAB_REFERENCE, TAB_RESULT, TAB_PROBLEM = ACCENT, "#9AA3AF", POSITIVE, PROBLEM
FONT = {"font_name": "Calibri", "font_size": 11, "font_color": INK}
DATE_FORMAT = "yyyy-mm-dd"
PAPER_A4 = 9
TEXT_LIMIT = 32_767  # characters of a cell
FOOTER_LIMIT = 255  # characters of a page footer
MOST_PLACES = 6
NUMERIC = frozenset({"money", "number", "percent", "integer"})  # kinds of columns that stand on the right


def money_format(places: int) -> str:
    """Thousands separators, negatives in parentheses, zero as a dash.

    >>> money_format(2), money_format(0)
    ('#,##0.00_);(#,##0.00);"-"_)', '#,##0_);(#,##0);"-"_)')
    """
    digits = "#,##0" + ("." + "0" * places if places else "")
    return f'{digits}_);({digits});"-"_)'


def percent_format(places: int) -> str:
    """A percent with that many places.

    >>> percent_format(0), percent_format(2)
    ('0%', '0.00%')
    """
    return f"0{'.' + '0' * places if places else ''}%"


def date_format(wanted: str) -> str:
    """The date format of the Settings, as long as it is one; a text from outside is never a number format as it stands.

    >>> date_format("dd.mm.yyyy"), date_format('"x"0')
    ('dd.mm.yyyy', 'yyyy-mm-dd')
    """
    return wanted.lower() if re.fullmatch(r"[dmyDMY./, -]{6,20}", wanted) else DATE_FORMAT


def places_of(number: int | Decimal | Fraction, most: int = MOST_PLACES) -> int:
    """How many decimal places a number needs, at most `most`.

    >>> places_of(Decimal("1.50")), places_of(Fraction(1, 3), 4), places_of(7)
    (1, 4, 0)
    """
    denominator = Fraction(number).denominator
    return next((places for places in range(most) if 10**places % denominator == 0), most)


def column_places(numbers: Iterable[Any], most: int = MOST_PLACES) -> int:
    """Decimal places for a whole column, so that it aligns: none, or as many as its longest number needs, from two on.

    >>> column_places([1, Decimal("2.5"), None]), column_places([1, 2]), column_places([Fraction(1, 3)])
    (2, 0, 2)
    """
    needed = 0
    for number in numbers:
        if isinstance(number, int | Decimal | Fraction) and not isinstance(number, bool):
            needed = max(needed, places_of(number, most + 1))
            if needed > most:
                return 2  # a computed fraction without end: shown as money is
    return max(needed, 2) if needed else 0


def safe_text(text: str) -> str:
    """A text as a cell can hold it: shortened where it is too long, without halves of characters."""
    if text.isascii() and len(text) <= TEXT_LIMIT:
        return text
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= TEXT_LIMIT else clean[: TEXT_LIMIT - 1] + "…"


def page(sheet: Any, book: str, header_row: int | None, right: str, *, landscape: bool = True) -> None:
    """The printed page: one page wide, header repeated, footer with book, sheet, page, and what `right` says."""
    if landscape:
        sheet.set_landscape()
    sheet.set_paper(PAPER_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.75)
    if header_row is not None:
        sheet.repeat_rows(header_row)
    book, right = (text.replace("&", "&&") for text in (book, right))
    tail = f" · &A&CPage &P of &N&R&8{right}"
    sheet.set_footer(f"&L&8{book[: FOOTER_LIMIT - len(tail) - 6]}{tail}")


def shown_length(value: Any, kind: str, places: int) -> int:
    """How many characters a cell shows, for the width of its column."""
    if value is None:
        return 0
    if isinstance(value, date):
        return 10
    if isinstance(value, bool):
        return 3
    if isinstance(value, int | Decimal | Fraction):
        value = Fraction(value)
        return len(f"{int(abs(value) * (100 if kind == 'percent' else 1)):,}") + (places + 1 if places else 0) + 3
    return max((len(line) for line in str(value).splitlines()), default=0) + 1
