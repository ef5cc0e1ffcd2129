"""The sheet that says what has changed: how earned moved since the last statement, and what of it is paid, lapsed, open and due when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..statement import AccountLine, Moved, Statement
from ..statement.accounts import REASONS
from ..statement.in_words import date_text, money_text
from . import look
from .statement_pen import Pen, number_of, with_currency

CHANGED = "What Changed"
NAME, AMOUNT, WIDEST = 14.0, 16.0, 44.0
ONE_PAGE = 48  # rows that still fit on one page
MOST_PARTS_IN_WORDS = 4
FIRST = "This is your first statement, so there is none to compare it with."


def in_short(statement: Statement) -> str:
    """How earned moved, in one sentence for page one; nothing where earlier statements are not remembered."""
    if not statement.knows_last:
        return ""
    if statement.last_as_of is None:
        return FIRST
    day = date_text(statement.last_as_of, statement.sender.date_format)
    sentences = []
    for currency in dict.fromkeys(line.currency for line in statement.moved):
        lines = [line for line in statement.moved if line.currency == currency]
        change = sum((line.now - line.before for line in lines), Decimal(0))
        parts = sorted(_sums(lines).items(), key=lambda pair: -abs(pair[1]))
        if parts:
            said = ", ".join(f"{words.lower()} {money_text(amount, currency)}" for words, amount in parts[:MOST_PARTS_IN_WORDS])
            sentences.append(f"{money_text(abs(change), currency)} {'more' if change >= 0 else 'less'} ({said})")
    if not sentences:
        return f"Nothing has moved since the statement of {day}."
    return f"Since the statement of {day} you have earned {' and '.join(sentences)}. See the sheet {CHANGED}."


def _sums(lines: Iterable[Moved]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in lines:
        for words, amount in line.parts:
            found[words] = found.get(words, Decimal(0)) + amount
    return {words: amount for words, amount in found.items() if amount}


def write_changed(pen: Pen) -> None:
    """Both tables; no sheet where nothing is remembered and nothing was earned."""
    statement = pen.statement
    accounts = [line for line in statement.accounts if line.earned or line.agreed or line.paid or line.lapsed]
    if not accounts and not statement.moved:
        return
    reasons = [words for words in dict.fromkeys(REASONS.values()) if any(words in dict(line.parts) for line in statement.moved)]
    branches = len({*(line.participant_id for line in statement.accounts), *(line.participant_id for line in statement.moved)}) > 1
    when = -(-max((len(line.when) for line in accounts), default=0) // int(AMOUNT))  # columns that the words beside the amounts take
    amounts = 3 + any(line.agreed for line in accounts) + any(line.lapsed for line in accounts)
    width = 2 + branches + max(len(reasons) + 2 if statement.moved else 0, amounts + when, 6)
    names = {program.program_id: f"{program.program_id} {program.program_name}" for program in statement.programs}
    first = min(max(map(len, names.values()), default=0) + 2.0, WIDEST)
    sheet = pen.sheet(CHANGED, (first, *(NAME if column < 2 + branches else AMOUNT for column in range(1, width))), look.TAB_RESULT)
    row = _moved(pen, sheet, reasons, branches, names) if statement.knows_last else 0
    last = _accounts(pen, sheet, row, accounts, branches, width, names)
    sheet.print_area(0, 0, last, width - 1)
    sheet.fit_to_pages(1, 1 if last <= ONE_PAGE else 0)


def _moved(pen: Pen, sheet: Any, reasons: Sequence[str], branches: bool, names: Mapping[str, str]) -> int:
    """From the last statement to this one, a row a figure; gives the row after it."""
    statement = pen.statement
    if statement.last_as_of is None:
        pen.text(sheet, 0, 0, "Your first statement", "sheet_title")
        pen.text(sheet, 1, 0, f"{FIRST} The next one says here what has changed since, and why.", "muted")
        return 3
    then, now = (date_text(day, statement.sender.date_format) for day in (statement.last_as_of, statement.as_of))
    pen.text(sheet, 0, 0, f"How your rebate moved since {then}", "sheet_title")
    if not statement.moved:
        pen.text(sheet, 1, 0, f"Nothing was earned by {then}, and nothing since.", "muted")
        return 3
    also = any(line.agreed for line in statement.accounts)
    said = "Each row adds up from left to right." + (" Answers to disputes and adjustments are part of the amounts." if also else "")
    pen.text(sheet, 1, 0, said, "muted")
    header = [("Program", False), ("Period", False), *([("Account", False)] if branches else ()), (f"On {then}", True),
              *((words, True) for words in reasons), (f"On {now}", True)]  # fmt: skip
    pen.header(sheet, 3, header)
    row = 4
    for line in statement.moved:
        parts = dict(line.parts)
        _row(pen, sheet, row, (names.get(line.program_id, line.program_id), line.period_id, *([line.participant_id] if branches else ())),
             (line.before, *(parts.get(words, Decimal(0)) for words in reasons), line.now), line.currency)  # fmt: skip
        row += 1
    by_currency = [
        (currency, (sum((line.before for line in lines), Decimal(0)), *(_sums(lines).get(words, Decimal(0)) for words in reasons),
                    sum((line.now for line in lines), Decimal(0))))
        for currency, lines in _by_currency(statement.moved)
    ]  # fmt: skip
    return _totals(pen, sheet, row, by_currency, 2 + branches) + 1


def _accounts(pen: Pen, sheet: Any, row: int, lines: Sequence[AccountLine], branches: bool, width: int, names: Mapping[str, str]) -> int:
    """What became of each figure, a row each; gives the last row."""
    pen.text(sheet, row, 0, "What of it is paid, and when the rest is due", "sheet_title")
    row += 2
    if not lines:
        pen.text(sheet, row, 0, "Nothing is earned yet.", "muted")
        return row
    agreed, lapsed = any(line.agreed for line in lines), any(line.lapsed for line in lines)
    shown = ("Earned", *(["Agreed in Answers"] if agreed else ()), "Paid", *(["Lapsed"] if lapsed else ()), "Open")
    header = [("Program", False), ("Period", False), *([("Account", False)] if branches else ()), *((name, True) for name in shown)]
    pen.header(sheet, row, header)
    for column in range(len(header), width):
        pen.text(sheet, row, column, "When" if column == len(header) else "", "header_indent")

    def amounts(line: AccountLine) -> tuple[Decimal, ...]:
        return (line.earned, *([line.agreed] if agreed else ()), line.paid, *([line.lapsed] if lapsed else ()), line.open)

    for line in lines:
        row += 1
        _row(
            pen,
            sheet,
            row,
            (names.get(line.program_id, line.program_id), line.period_id, *([line.participant_id] if branches else ())),
            amounts(line),
            line.currency,
        )
        pen.text(sheet, row, len(header), line.when, "indent")
    sums = [(currency, tuple(sum(column, Decimal(0)) for column in zip(*map(amounts, own), strict=True))) for currency, own in _by_currency(lines)]
    return _totals(pen, sheet, row + 1, sums, 2 + branches) - 1


def _row(pen: Pen, sheet: Any, row: int, names: Sequence[str], amounts: Sequence[Decimal], currency: str) -> None:
    money = pen.style("number", with_currency(currency))
    for column, text in enumerate(names):
        pen.text(sheet, row, column, text)
    for column, amount in enumerate(amounts, len(names)):
        sheet.write_number(row, column, number_of(amount), money)


def _totals(pen: Pen, sheet: Any, row: int, sums: Iterable[tuple[str, Sequence[Decimal]]], names: int) -> int:
    """A total for each currency, below a line; gives the row after them."""
    for number, (currency, amounts) in enumerate(sums):
        style = "bold" if number else "total_label"
        pen.text(sheet, row, 0, f"Total {currency}", style)
        for column in range(1, names):
            sheet.write_blank(row, column, None, pen.style(style))
        for column, amount in enumerate(amounts, names):
            sheet.write_number(row, column, number_of(amount), pen.style(style, with_currency(currency)))
        row += 1
    return row


def _by_currency(lines: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    return [(currency, [line for line in lines if line.currency == currency]) for currency in dict.fromkeys(line.currency for line in lines)]
