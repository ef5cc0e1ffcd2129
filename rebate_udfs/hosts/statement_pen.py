"""What every sheet of a statement is written with: named formats, text that stays text, sheets that are protected but for their inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..money import places_of
from ..statement import Statement
from . import look

EXCEL_DAY_ZERO = date(1899, 12, 30)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
READABLE = {  # what a reader may still do on a protected sheet
    "select_locked_cells": True, "select_unlocked_cells": True, "format_columns": True, "format_rows": True, "sort": True, "autofilter": True,
}  # fmt: skip
TINT = 0.88  # how far a soft fill is from its colour towards white
DARK_ENOUGH = 150  # brightness (0 to 255) above which a company's colour is too pale for text
TOP = {"valign": "top"}
HEAD = {"bold": True, "text_wrap": True, "bottom": 1, "bottom_color": look.INK, "bg_color": look.BAND, "valign": "bottom"}
STYLES: dict[str, dict[str, Any]] = {
    "text": {**TOP}, "muted": {"font_color": look.MUTED, **TOP}, "small": {"font_color": look.MUTED, "font_size": 9, **TOP},
    "wrap": {"text_wrap": True, **TOP}, "wrap_muted": {"text_wrap": True, "font_color": look.MUTED, **TOP}, "bold": {"bold": True, **TOP},
    "wrap_indent": {"text_wrap": True, "indent": 1, **TOP},
    "title": {"bold": True, "font_size": 20}, "sheet_title": {"bold": True, "font_size": 16}, "sender": {"bold": True, "font_color": "accent"},
    "heading": {"bold": True, "font_size": 12, "font_color": "accent", "bottom": 1, "bottom_color": "accent"},
    "large_label": {"font_color": look.MUTED, "font_size": 11}, "bar": {"font_color": "accent", "font_size": 12, "valign": "vcenter"},
    "call": {"bold": True, "font_color": look.POSITIVE, **TOP}, "wrap_call": {"bold": True, "text_wrap": True, "font_color": look.POSITIVE, **TOP},
    "header": HEAD,
    "header_right": {**HEAD, "align": "right", "indent": 1}, "header_indent": {**HEAD, "indent": 1}, "indent": {"indent": 1, **TOP},
    "example_indent": {"italic": True, "font_color": look.MUTED, "bg_color": look.BAND, "indent": 1},
    "date": {"num_format": "date", "align": "left", **TOP}, "date_right": {"num_format": "date", "align": "right", **TOP},
    "number": {"num_format": "#,##0.######", **TOP},
    "integer": {"num_format": look.money_format(0), **TOP}, "percent": {"num_format": "0%", "align": "left", "valign": "vcenter"},
    "rate": {"num_format": "0.00####%", **TOP}, "exact": {"num_format": "#,##0.00####", **TOP},
    "total_label": {"bold": True, "top": 1, **TOP}, "input": {"input": True}, "input_date": {"input": True, "num_format": "date", "align": "left"},
    "input_number": {"input": True, "num_format": "#,##0.######"}, "input_wrap": {"input": True, "text_wrap": True, "valign": "top"},
    "example": {"italic": True, "font_color": look.MUTED, "bg_color": look.BAND}, "example_number": {
        "italic": True, "font_color": look.MUTED, "bg_color": look.BAND, "num_format": "#,##0.00"},
    "example_date": {"italic": True, "font_color": look.MUTED, "bg_color": look.BAND, "num_format": "date", "align": "left"},
    "large": {"bold": True, "font_size": 28, "font_color": "accent", "align": "left"},
    "box_bold": {"bg_color": "tint", "bold": True, **TOP}, "box_right": {"bg_color": "tint", "align": "right", **TOP},
    "text_right": {"align": "right", **TOP}, "bold_right": {"bold": True, "align": "right", **TOP}, "right": {"align": "right", **TOP},
    "input_text": {"input": True, "num_format": "@"},
    "box": {"bg_color": "tint", **TOP}, "box_label": {"bg_color": "tint", "text_wrap": True, **TOP},
    "box_head": {"bg_color": "tint", "bold": True, "text_wrap": True, "valign": "bottom"},
    "box_head_right": {"bg_color": "tint", "bold": True, "text_wrap": True, "valign": "bottom", "align": "right", "indent": 1},
    "box_wrap": {"bg_color": "tint", "text_wrap": True, "font_color": look.MUTED, **TOP}, "sign": {"input": True, "bottom": 1},
}  # fmt: skip


class Pen:
    """Writes one statement's workbook: formats are made when first used, and equal ones once."""

    def __init__(self, book: Any, statement: Statement) -> None:
        self.book, self.statement = book, statement
        self.accent = accent_of(statement.sender.accent_color)
        self.date_format = look.date_format(statement.sender.date_format)
        self._formats: dict[tuple[str, str, bool], Any] = {}

    def style(self, name: str, number: str = "", quoted: bool = False) -> Any:
        """The named format, with a number format of its own if given; `quoted` marks a text that looks like a formula."""
        key = (name, number, quoted)
        if key not in self._formats:
            wanted: dict[str, Any] = {**look.FONT, "valign": "vcenter", **STYLES[name]}
            if number:
                wanted["num_format"] = number
            if "indent" in wanted:  # cells indent only what is aligned to a side
                wanted.setdefault("align", "left")
            if wanted.pop("input", False):
                wanted |= {"locked": False, "bg_color": look.INPUT_FILL, "font_color": look.INPUT_TEXT, "border": 1, "border_color": look.LINE}
            for where in ("font_color", "bottom_color", "bg_color"):
                wanted[where] = {"accent": self.accent, "tint": tint(self.accent)}.get(wanted.get(where, ""), wanted.get(where))
            if wanted.get("num_format") == "date":
                wanted["num_format"] = self.date_format
            if quoted:
                wanted["quote_prefix"] = True
            self._formats[key] = self.book.add_format({name: value for name, value in wanted.items() if value is not None})
        return self._formats[key]

    def money(self, currency: str, name: str = "number") -> Any:
        """A money format with the places of the currency."""
        return self.style(name, look.money_format(places_of(currency)))

    def text(self, sheet: Any, row: int, column: int, text: str, name: str = "text") -> None:
        """A text as text, whatever it begins with."""
        clean = look.safe_text(text)
        sheet.write_string(row, column, clean, self.style(name, quoted=clean.startswith(FORMULA_STARTS)))

    def across(self, sheet: Any, row: int, columns: tuple[int, int], text: str, name: str, width: int) -> None:
        """A sentence over several columns, its row high enough for all of it; `width` is that of the columns in characters."""
        clean = look.safe_text(text)
        sheet.merge_range(row, columns[0], row, columns[1], "", self.style(name))
        self.text(sheet, row, columns[0], clean, name)
        sheet.set_row(row, 15.0 * lines_of(clean, width))

    def day(self, sheet: Any, row: int, column: int, day: date | None, name: str = "date") -> None:
        """A date as a date; nothing for none."""
        if day is None:
            sheet.write_blank(row, column, None, self.style(name))
        else:
            sheet.write_number(row, column, (day - EXCEL_DAY_ZERO).days, self.style(name))

    def header(self, sheet: Any, row: int, names: Sequence[tuple[str, bool]], styles: tuple[str, str] = ("header", "header_right")) -> None:
        """One row of headers; the flag says that the column holds numbers."""
        for column, (name, right) in enumerate(names):
            self.text(sheet, row, column, name, styles[right])

    def sheet(self, name: str, widths: Iterable[float], tab: str, *, landscape: bool = True, header_row: int | None = None) -> Any:
        """A new sheet: gridlines off, widths, printed page, protected except its inputs."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_tab_color(tab)
        statement = self.statement
        right = f"as of {statement.as_of.isoformat()}, run {statement.run_id}"
        look.page(sheet, look.safe_text(statement.participant_name), header_row, right, landscape=landscape)
        if header_row is not None:
            sheet.freeze_panes(header_row + 1, 0)
        sheet.protect("", READABLE)
        return sheet


def number_of(value: Decimal | Fraction | int) -> float:
    """A number as a cell holds it: the nearest double."""
    return float(value)


def with_currency(currency: str) -> str:
    """A money format with its currency in the cell: programs of several currencies stand in one column.

    >>> with_currency("USD")
    '"USD "#,##0.00_);("USD "#,##0.00);"-"_)'
    """
    code = "".join(character for character in currency if character.isalnum())
    digits = "#,##0" + ("." + "0" * places_of(currency) if places_of(currency) else "")
    return f'"{code} "{digits}_);("{code} "{digits});"-"_)'


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a column of that many characters.

    >>> lines_of("a" * 90, 40), lines_of("", 40)
    (3, 1)
    """
    return max(1, sum(-(-max(len(line), 1) // width) for line in text.split("\n")))


def accent_of(wanted: str) -> str:
    """The sender's colour when it is one and dark enough to read, else ours.

    >>> accent_of("#0A3D62"), accent_of("red"), accent_of("#FFFF00")
    ('#0A3D62', '#1F6FB2', '#1F6FB2')
    """
    if not re.fullmatch(r"#?[0-9A-Fa-f]{6}", wanted):
        return look.ACCENT
    colour = "#" + wanted.lstrip("#").upper()
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return colour if (299 * red + 587 * green + 114 * blue) / 1000 <= DARK_ENOUGH else look.ACCENT


def tint(colour: str) -> str:
    """A soft fill of a colour.

    >>> tint("#1F6FB2")
    '#E4EDF5'
    """
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{int(part + (255 - part) * TINT):02X}" for part in parts)


__all__ = ["Pen", "accent_of", "lines_of", "number_of", "tint", "with_currency"]
