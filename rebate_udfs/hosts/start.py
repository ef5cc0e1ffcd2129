"""The first sheet of the standard workbook: what it is, what one does with it, and how the book is doing."""

from __future__ import annotations

from typing import Any

from . import look
from .sheets import Book

TITLE = "Rebates: from what was sold to what is owed"
ABOUT = "This workbook holds your rebate programs, your distributors and what they bought. From it follow tiers, accruals, payables and statements."
THREE_THINGS = (
    ("1  Fill in", "Programs, Tiers, Distributors, Products and Transactions are needed; the other blue tabs only where you use them.", "Programs"),
    ("2  Calculate", "rebates run BOOK.xlsx writes the green tabs: Attainment, Accruals, Payable, Journal, Explanation.", "Transactions"),
    ("3  Send", "rebates statements BOOK.xlsx --out FOLDER makes one workbook for each distributor.", "Distributors"),
)
TEN_LINES = (
    "Blue on yellow is yours to fill. A dark header must be filled, a light one may stay empty; click a cell to read what it means.",
    "Write one program a row in Programs, and its steps in Tiers: from which measure which reward is paid.",
    "Type percents as percents: 4%, not 4. Dates look like 2026-03-31, periods like 2026-Q1, 2026-03 or 2026.",
    "List your customers in Distributors. A branch names its parent in Parent ID, and counts together with it.",
    "Paste invoice lines into Transactions, one line a row, net of tax and freight. Returns and credit notes are negative.",
    "Scopes say what counts for a program, Enrollments who takes part. Without rows everything counts and everybody takes part.",
    "Columns may stand in any order and you may add your own; they are kept and ignored.",
    "Check first: rebates check BOOK.xlsx lists everything that is wrong, each with a link to the cell and what to do.",
    "Green tabs but Analysis are written anew by every calculation, blue tabs never. Put notes and charts of yours on tabs of your own.",
    "Every figure has an id, such as P-100/NORTH/2026-Q1/earned; Explanation shows how it came about. Data Dictionary lists every column.",
)
NOT_CHECKED = "Not checked yet: run rebates check BOOK.xlsx"
NOT_RUN = "Not calculated yet: run rebates run BOOK.xlsx"
WIDTHS = (3, 18, 96, 14)


def write_start(book: Book) -> None:
    """Write the sheet Start; its health lines read the result sheets once there are some (INDIRECT: they may be missing)."""
    sheet = book.workbook.add_worksheet("Start")
    for index, width in enumerate(WIDTHS):
        sheet.set_column(index, index, width)
    sheet.hide_gridlines(2)
    sheet.set_row(0, 12)
    sheet.set_row(1, 30)
    sheet.write_string(1, 1, TITLE, book.format(bold=True, font_size=20, valign="vcenter"))
    sheet.write_string(2, 1, ABOUT, book.format(font_color=look.MUTED))
    row = _health(book, sheet, 4)
    row = _things(book, sheet, row + 1)
    _lines(book, sheet, row + 1)
    sheet.set_tab_color(look.INK)
    sheet.activate()
    sheet.set_first_sheet()
    look.page(sheet, book.name, None, "Start")


def _heading(book: Book, sheet: Any, row: int, text: str) -> None:
    style = book.format(bold=True, font_size=12, font_color=look.ACCENT, bottom=2, bottom_color=look.ACCENT)
    sheet.set_row(row, 20)
    for column in (1, 2, 3):
        sheet.write_blank(row, column, None, style)
    sheet.write_string(row, 1, text, style)


def _health(book: Book, sheet: Any, row: int) -> int:
    """How the book is doing, read from the sheet Check: its title, and the line that names run, as-of date and version."""
    _heading(book, sheet, row, "How this book is doing")
    label, value = book.format(bold=True, bottom=1, bottom_color=look.LINE), book.format(bottom=1, bottom_color=look.LINE)
    link = book.format(font_color=look.POSITIVE, underline=1, bottom=1, bottom_color=look.LINE)
    lines = (("Check", "A1", NOT_CHECKED, "Check"), ("Last run", "A2", NOT_RUN, "Check"), ("Nearest tiers", "A1", NOT_RUN, "Attainment"))
    for number, (text, cell, missing, target) in enumerate(lines, start=row + 1):
        sheet.write_string(number, 1, text, label)
        # &"" makes a value of the reference: LibreOffice catches no error of a reference
        sheet.write_formula(number, 2, f'=IFERROR(INDIRECT("{target}!{cell}")&"","{missing}")', value, missing)
        sheet.write_formula(number, 3, f'=IFERROR(IF(INDIRECT("{target}!A1")="","",HYPERLINK("#{target}!A1","Open {target}")),"")', link, "")
    _rule(book, sheet, row + 1)
    return row + 1 + len(lines)


def _rule(book: Book, sheet: Any, row: int) -> None:
    """OK in green, errors in red, warnings in amber: the words say the same."""
    for start, color in (("OK", look.POSITIVE), ("Not", look.ATTENTION)):
        rule = {"type": "text", "criteria": "begins with", "value": start, "format": book.workbook.add_format({"font_color": color, "bold": True})}
        sheet.conditional_format(row, 2, row, 2, rule)
    for word, color in (("no errors", look.ATTENTION), ("error", look.PROBLEM)):
        found = book.workbook.add_format({"font_color": color, "bold": True})
        sheet.conditional_format(row, 2, row, 2, {"type": "text", "criteria": "containing", "value": word, "format": found, "stop_if_true": True})


def _things(book: Book, sheet: Any, row: int) -> int:
    _heading(book, sheet, row, "Three things one does here")
    label, text = book.format(bold=True, bottom=1, bottom_color=look.LINE), book.format(text_wrap=True, bottom=1, bottom_color=look.LINE)
    link = book.format(font_color=look.POSITIVE, underline=1, bottom=1, bottom_color=look.LINE)
    for number, (name, words, target) in enumerate(THREE_THINGS, start=row + 1):
        sheet.write_string(number, 1, name, label)
        sheet.write_string(number, 2, words, text)
        sheet.write_url(number, 3, f"internal:'{target}'!A1", link, target)
    return row + 1 + len(THREE_THINGS)


def _lines(book: Book, sheet: Any, row: int) -> None:
    _heading(book, sheet, row, "How to use it, in ten lines")
    number_style, text = book.format(align="right", font_color=look.MUTED), book.format(align="left", indent=1)
    for number, words in enumerate(TEN_LINES, start=1):
        sheet.write_number(row + number, 1, number, number_style)
        sheet.write_string(row + number, 2, words, text)
