"""A cell that somebody typed into a form of ours: amounts and days in the spellings of many countries, and never a guess between two.

`parse` reads the book's own tables, where 1,234 is one thousand and more. A form comes from anywhere: there 1,234 may be a
little more than one, so it is asked back. What a number is in is kept: a claim in EUR is not one in USD.
"""

from __future__ import annotations

import re
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from .describe import Column
from .parse import Unreadable, date_of, number_of_text, shown, tidy

SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "$": "", "US$": "USD", "C$": "CAD", "A$": "AUD"}  # a bare $ is the program's own
CURRENCY = r"US\$|C\$|A\$|[€£¥₹$]|[A-Za-z]{3}(?![A-Za-z])"
WITH_CURRENCY = re.compile(rf"(?P<open>\()?(?P<sign>[-+\u2212]?)\s*(?P<before>{CURRENCY})?\s*(?P<number>.*?)\s*(?P<after>{CURRENCY})?(?P<close>\))?")
UNCLEAR = re.compile(r"[-+(\u2212]?[1-9]\d{0,2}[.,]\d{3}\)?-?")
GROUPS = re.compile(r"\d{1,3}(?:(?P<sign>[.,])\d{3})(?:(?P=sign)\d{3})+")
DASH_FOR_CENTS = re.compile(r"[.,]\s?[-\u2013\u2014]+$")
ERRORS = {"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "Err:502", "Err:504", "Err:508", "Err:519", "Err:522"}
SHORTENED = 10**15  # from here on a spreadsheet keeps no longer all digits of a number
NUMBERS = ("number", "money", "integer")
CODES = frozenset(  # ISO 4217, so that "12 pcs" is no money
    "AED ARS AUD BAM BDT BGN BHD BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DOP DZD EGP EUR GBP GEL GHS GTQ HKD HNL HUF IDR ILS INR ISK JOD JPY KES "
    "KRW KWD KZT LBP LKR MAD MDL MKD MXN MYR NGN NIO NOK NZD OMR PAB PEN PHP PKR PLN PYG QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD TZS UAH UGX "
    "USD UYU UZS VND XAF XOF ZAR".split()
)


def amount_of_text(text: str) -> tuple[Decimal, str]:
    """The number that a text spells and the currency it names, "" for none. Raises Unreadable for none, or two.

    >>> amount_of_text("1.234,50 EUR"), amount_of_text("$ 1,250.50"), amount_of_text("(50)"), amount_of_text("50,-")
    ((Decimal('1234.50'), 'EUR'), (Decimal('1250.50'), ''), (Decimal('-50'), ''), (Decimal('50'), ''))
    """
    found = WITH_CURRENCY.fullmatch(tidy(text))
    assert found is not None  # every text matches
    number = DASH_FOR_CENTS.sub("", found["number"]).strip()
    bare = f"{found['open'] or ''}{found['sign']}{number}{found['close'] or ''}"
    currencies = {SIGNS.get(name, name.upper()) for name in (found["before"], found["after"]) if name} - {""}
    if UNCLEAR.fullmatch(bare):
        low, high = number.replace(",", "."), re.sub("[.,]", "", number)
        message = f"{shown(text)} could be {high.strip('()-')} or {low.strip('()-')}."
        raise Unreadable("AMOUNT_UNCLEAR", message, "Enter a number without thousands separators, or with two decimal places.")
    if GROUPS.fullmatch(number):
        bare = bare.replace(number, re.sub("[.,]", "", number))
    value = None if bare.endswith("%") else number_of_text(bare)
    if value is None or len(currencies) > 1 or not currencies <= CODES:
        raise Unreadable("NOT_A_NUMBER", f"{shown(text)} is not an amount.", "Enter a number such as 1234.50, without words.")
    return value, "".join(currencies)


def form_cell(cell: Any, column: Column) -> tuple[Any, str]:
    """A cell of a form as its column's reader takes it, and the currency that it names. Raises Unreadable."""
    if isinstance(cell, str) and tidy(cell) in ERRORS:
        raise Unreadable("CELL_ERROR", f"The cell holds {tidy(cell)}.", "Correct the formula, or clear the cell.")
    if column.kind in NUMBERS:
        if isinstance(cell, datetime):
            message = f"{shown(cell)} is a date; the spreadsheet took a number for one."
            raise Unreadable("NOT_A_NUMBER", message, "Set the cell's format to Number and enter the number again.")
        amount, currency = amount_of_text(cell) if isinstance(cell, str) else (cell, "")
        if currency and column.kind != "money":
            raise Unreadable("NOT_A_NUMBER", f"{shown(cell)} is an amount of money.", f"Enter the {column.header.lower()} as a plain number.")
        return amount, currency
    if column.kind == "date":
        return date_of(cell), ""
    if column.kind == "id" and isinstance(cell, float) and abs(cell) >= SHORTENED:
        message = f"{column.header} has more digits than a spreadsheet keeps in a number."
        raise Unreadable("DIGITS_LOST", message, "Set the cell's format to Text and enter it again.")
    if column.kind == "id" and isinstance(cell, datetime) and not column.is_period and cell.time() == time():
        message = f"{shown(cell)}: the spreadsheet made a date of it."
        raise Unreadable("BECAME_A_DATE", message, "Set the cell's format to Text and enter it again.")
    return cell, ""
