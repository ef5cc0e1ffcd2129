"""One page for each payment: a credit note, or the advice that goes with a check or a transfer."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import xlsxwriter

from ..model import Settings
from ..money import places_of
from ..payments import Part, Proposal
from . import look
from .statement_pen import accent_of

TITLES = {"Credit Note": "Credit Note", "Check": "Remittance Advice", "Direct Deposit": "Remittance Advice"}
COLUMNS = (("Program", 34), ("Period", 13), ("What It Is", 26), ("Due On", 13), ("Amount", 17))
MADE = datetime(2000, 1, 1)  # so that the same proposal is the same file
SHOWN_DIGITS = 4  # of a bank account


def payment_document(each: Proposal, settings: Settings, programs: Mapping[str, str], day: date) -> bytes:
    """A workbook of one page: who pays whom, how, for what, and the sum. `programs` are names by Program ID."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties({"created": MADE, "title": f"{TITLES.get(each.method, each.method)} {each.payment_id}", "author": settings.company})
    _Page(book, each, settings, programs).write(day)
    book.close()
    return data.getvalue()


class _Page:
    """The page being written, row by row."""

    def __init__(self, book: Any, each: Proposal, settings: Settings, programs: Mapping[str, str]) -> None:
        self.book, self.each, self.settings, self.programs = book, each, settings, programs
        self.accent, self.row = accent_of(settings.accent_color), 0
        self.sheet = book.add_worksheet(each.method or "Payment")

    def format(self, **properties: Any) -> Any:
        return self.book.add_format({**look.FONT, "valign": "top", **properties})

    def text(self, column: int, text: str, **properties: Any) -> None:
        self.sheet.write_string(self.row, column, look.safe_text(text), self.format(**properties))

    def write(self, day: date) -> None:
        sheet, each = self.sheet, self.each
        for column, (_, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width)
        sheet.hide_gridlines(2)
        look.page(sheet, f"{self.settings.company} · {each.payment_id}", None, f"Customer {each.participant_id}", landscape=True)
        self.text(0, self.settings.company, bold=True, font_color=self.accent)
        self.row += 1
        sheet.set_row(self.row, 30)
        self.text(0, TITLES.get(each.method, each.method), bold=True, font_size=20, valign="vcenter")
        self.row += 2
        dated = self.format(num_format=look.date_format(self.settings.date_format), align="left")
        for name, value in (("Number", each.payment_id), ("Date", day), ("To", each.payee), ("Customer", each.participant_id)):
            self.text(0, name, font_color=look.MUTED)
            if isinstance(value, date):
                sheet.write_datetime(self.row, 1, datetime(value.year, value.month, value.day), dated)
            else:
                self.text(1, value, bold=name == "To")
            self.row += 1
        self.row += 1
        self.text(0, _sentence(each), font_size=12, bold=True)
        self.row += 2
        self._parts()
        self._closing()

    def _parts(self) -> None:
        head = {"bold": True, "bg_color": look.BAND, "bottom": 2, "bottom_color": self.accent}
        for column, (header, _) in enumerate(COLUMNS):
            is_amount = column == len(COLUMNS) - 1
            self.text(column, f"{header} ({self.each.currency})" if is_amount else header, **head, align="right" if is_amount else "left")
        line = {"bottom": 1, "bottom_color": look.LINE}
        money = look.money_format(places_of(self.each.currency))
        amount = self.format(num_format=money, **line)
        dated = self.format(num_format=look.date_format(self.settings.date_format), align="left", **line)
        first = self.row + 1
        for part in self.each.parts:
            self.row += 1
            name = self.programs.get(part.key[0], "")
            self.text(0, f"{name} ({part.key[0]})" if name and name != part.key[0] else part.key[0], text_wrap=True, **line)
            self.text(1, part.key[2], **line)
            self.text(2, _what(part), text_wrap=True, **line)
            self.sheet.write_datetime(self.row, 3, datetime(part.due_on.year, part.due_on.month, part.due_on.day), dated)
            self.sheet.write_number(self.row, 4, float(part.amount), amount)
        self.row += 1
        last = len(COLUMNS) - 1
        for column in range(len(COLUMNS)):
            self.text(column, "Total" if column == 0 else "", bold=True, top=1, top_color=look.INK)
        total = self.format(bold=True, top=1, top_color=look.INK, num_format=money)
        self.sheet.write_formula(self.row, last, f"=SUM(E{first + 1}:E{self.row})", total, float(self.each.amount))

    def _closing(self) -> None:
        self.row += 2
        for text in (OFFSET if self.each.is_offset else "", f"Questions: {self.settings.contact}" if self.settings.contact else ""):
            if text:
                self.text(0, text, font_color=look.MUTED)
                self.row += 1


OFFSET = "What is set off had been paid before and was not earned in the end, for example because of returns."


def _sentence(each: Proposal) -> str:
    """What happens, in words."""
    sum_ = f"{each.currency} {each.amount:,.{places_of(each.currency)}f}"
    if not each.amount:
        return "What is due and what is set off come to nothing: nothing is paid."
    if each.method == "Credit Note":
        return f"We credit {sum_} to your account with us."
    if each.method == "Check":
        return f"A check over {sum_} is made out to {each.payee}."
    account = each.bank_account[-SHOWN_DIGITS:]
    return f"We transfer {sum_}" + (f" to your account ending in {account}." if account else " to your account.")


def _what(part: Part) -> str:
    """What one row pays: a claim, a rebate, or (below 0) what is taken off."""
    if part.amount < 0:
        return "Set off: paid too much"
    return f"Claim {part.claim_id}" + (f", line {part.claim_line}" if part.claim_line else "") if part.claim_id else "Rebate"
