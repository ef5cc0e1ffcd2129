"""The lists of a statement: counted lines, excluded lines with the reason, payments and what falls due, and every program's terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from ..model import RebateType
from ..money import places_of
from ..rewards.text import percent_text
from ..statement import CountedLine, ExcludedLine, PeriodStatement, ProgramStatement
from ..statement.in_words import amount_text, date_text, money_text, step_texts
from . import look
from .statement_pen import EXCEL_DAY_ZERO, FORMULA_STARTS, Pen, number_of, with_currency

COUNTED, EXCLUDED, PAYMENTS, PROGRAM = "Counted Transactions", "Excluded Transactions", "Payments", "Program"
NARROW, WIDE, REASON, WIDEST = 11.0, 24.0, 62.0, 46.0
PROGRAM_WIDTHS = (26.0, 15.0, 15.0, 20.0, 15.0, 18.0, 24.0)
PROGRAM_CHARACTERS = 165


class _Column:
    """One column of a list: header, width, how a line's value is written."""

    def __init__(self, header: str, kind: str, width: float, field: str) -> None:
        self.header, self.kind, self.width, self.field = header, kind, width, field


def _line_columns(lines: Sequence[CountedLine] | Sequence[ExcludedLine], with_branch: bool, last: _Column) -> list[_Column]:
    """The columns of a list of transactions; branch and currency only where they differ."""
    currencies = {line.currency for line in lines}
    one = next(iter(currencies)) if len(currencies) == 1 else ""
    columns = [_Column("Program", "text", 14, "program_id")]
    if lines and isinstance(lines[0], CountedLine):
        columns.append(_Column("Period", "text", NARROW, "period_id"))
    if with_branch:
        columns.append(_Column("Branch", "text", 14, "distributor_id"))
    columns += [
        _Column("Invoice Number", "text", 16, "invoice_number"), _Column("Line", "text", 6, "line"),
        _Column("Invoice Date", "date", 12, "invoice_date"),
        _Column("SKU", "text", 14, "sku"), _Column("Product", "text", WIDE, "product_name"), _Column("Type", "text", NARROW, "kind"),
        _Column("Quantity (units)", "number", NARROW, "quantity"), _Column(f"Amount ({one})" if one else "Amount", "money", 15, "amount"),
    ]  # fmt: skip
    if not one and lines:
        columns.append(_Column("Currency", "text", 9, "currency"))
    return [*columns, last]


def write_counted(pen: Pen) -> None:
    """Every line that counts, by program, branch and date."""
    statement = pen.statement
    lines = sorted(statement.counted, key=lambda line: (line.program_id, line.distributor_id != statement.participant_id, line.distributor_id))
    branches = len({line.distributor_id for line in lines}) > 1 or len(statement.members) > 1
    title = f"{len(lines):,} invoice lines count" if lines else "No invoice line counts yet"
    _lines(pen, COUNTED, title, lines, _line_columns(lines, branches, _Column("Counts For", "indent", 17, "counts_for")))


def write_excluded(pen: Pen) -> None:
    """Every line that does not count, and why."""
    statement = pen.statement
    lines = sorted(statement.excluded, key=lambda line: (line.program_id, line.distributor_id != statement.participant_id, line.distributor_id))
    branches = len({line.distributor_id for line in lines}) > 1 or len(statement.members) > 1
    title = f"{len(lines):,} invoice lines do not count, each with its reason" if lines else "Every invoice line counts"
    _lines(pen, EXCLUDED, title, lines, _line_columns(lines, branches, _Column("Why", "indent", REASON, "reason")))


def _lines(pen: Pen, name: str, title: str, lines: Sequence[Any], columns: list[_Column]) -> None:
    header_row, first = 2, 3
    sheet = pen.sheet(name, (_width(column, lines) for column in columns), look.TAB_REFERENCE, header_row=header_row)
    pen.text(sheet, 0, 0, title, "sheet_title")
    for at, column in enumerate(columns):
        style = {"number": "header_right", "money": "header_right", "indent": "header_indent"}.get(column.kind, "header")
        pen.text(sheet, header_row, at, column.header, style)
    places = max((places_of(line.currency) for line in lines), default=2)
    styles = {"text": pen.style("text"), "indent": pen.style("indent")}
    day, money = pen.style("date"), pen.style("number", look.money_format(places))
    number = pen.style("number", look.money_format(look.column_places((line.quantity for line in lines), 4)))
    fields = attrgetter(*(column.field for column in columns))
    kinds = [column.kind for column in columns]
    for row, line in enumerate(lines, first):
        for at, (kind, value) in enumerate(zip(kinds, fields(line), strict=True)):
            if kind in styles:
                if clean := look.safe_text(value):
                    sheet.write_string(row, at, clean, pen.style(kind, quoted=True) if clean.startswith(FORMULA_STARTS) else styles[kind])
            elif kind == "date":
                sheet.write_number(row, at, (value - EXCEL_DAY_ZERO).days, day)
            else:
                sheet.write_number(row, at, number_of(value), money if kind == "money" else number)
    if lines:
        _line_totals(pen, sheet, first, lines, columns, (number, money))
        sheet.autofilter(header_row, 0, first + len(lines) - 1, len(columns) - 1)


def _width(column: _Column, lines: Sequence[Any]) -> float:
    """As wide as its longest text, from the usual width up to a bound."""
    if column.kind != "text":
        return column.width
    return min(max(column.width, max((len(getattr(line, column.field)) for line in lines), default=0) + 2.0), WIDEST)


def _line_totals(pen: Pen, sheet: Any, first: int, lines: Sequence[Any], columns: list[_Column], formats: tuple[Any, Any]) -> None:
    """The totals of the rows that a filter shows; amounts of several currencies are not added up."""
    row = first + len(lines)
    pen.text(sheet, row, 0, "Total shown", "total_label")
    one_currency = len({line.currency for line in lines}) == 1
    for at, column in enumerate(columns[1:], 1):
        if column.kind == "number" or (column.kind == "money" and one_currency):
            letter = chr(ord("A") + at)
            total = sum((getattr(line, column.field) for line in lines), Decimal(0))
            style = pen.style("total_label", (formats[1] if column.kind == "money" else formats[0]).num_format)
            sheet.write_formula(row, at, f"=SUBTOTAL(109,{letter}{first + 1}:{letter}{row})", style, number_of(total))
        else:
            sheet.write_blank(row, at, None, pen.style("total_label"))


def write_payments(pen: Pen) -> None:
    """What was paid, and what falls due when."""
    statement = pen.statement
    sheet = pen.sheet(PAYMENTS, (14, 16, 16, 16, 16, 20, 16, 16, 16, 16), look.TAB_REFERENCE)
    pen.text(sheet, 0, 0, "Payments so far" if statement.payments else "No payment so far", "sheet_title")
    row = 2
    if statement.payments:
        names = ("Paid On", "Program", "Participant", "Period", "Method", "Reference")
        pen.header(sheet, row, [*((name, False) for name in names), ("Amount", True)])
        for line in statement.payments:
            row += 1
            pen.day(sheet, row, 0, line.paid_on)
            for column, text in enumerate((line.program_id, line.participant_id, line.period_id, line.method, line.reference), 1):
                pen.text(sheet, row, column, text)
            sheet.write_number(row, 6, number_of(line.amount), pen.style("number", with_currency(line.currency)))
        row = _totals(pen, sheet, row + 1, 6, [(line.currency, (line.amount,)) for line in statement.payments]) + 1
    _due(pen, sheet, row)


def _totals(pen: Pen, sheet: Any, row: int, first: int, amounts: Sequence[tuple[str, Sequence[Decimal]]]) -> int:
    """The sums of columns from `first` on, a row for each currency; gives the row after them."""
    for number, currency in enumerate(dict.fromkeys(currency for currency, _ in amounts)):
        style = "bold" if number else "total_label"
        pen.text(sheet, row, 0, f"Total {currency}", style)
        for column in range(1, first):
            sheet.write_blank(row, column, None, pen.style(style))
        for column, parts in enumerate(zip(*(own for one, own in amounts if one == currency), strict=True), first):
            sheet.write_number(row, column, number_of(sum(parts, Decimal(0))), pen.style(style, with_currency(currency)))
        row += 1
    return row


def _due(pen: Pen, sheet: Any, row: int) -> None:
    """What each settlement makes due, below the payments."""
    due = [(program, line) for program in pen.statement.programs for line in program.due]
    pen.text(sheet, row, 0, "What falls due" if due else "Nothing has fallen due yet", "sheet_title")
    if not due:
        pen.text(sheet, row + 1, 0, "No settlement has ended yet; page one says when the next payment is due.", "muted")
        return
    more = any(line.lapsed or line.owed_back for _, line in due)
    shown = ("Due", "Paid", "Open", "Carried", *(("Lapsed", "To Be Returned") if more else ()))
    row += 2
    pen.header(sheet, row, [*((name, False) for name in ("Due On", "Program", "Participant", "Period")), *((name, True) for name in shown)])
    amounts = []
    for program, owed in sorted(due, key=lambda pair: pair[1].due_on):
        row += 1
        money = pen.style("number", with_currency(program.currency))
        pen.day(sheet, row, 0, owed.due_on)
        for column, text in enumerate((program.program_id, owed.participant_id, owed.period_id), 1):
            pen.text(sheet, row, column, text)
        own = (owed.due, owed.paid, owed.open, owed.carried, owed.lapsed, owed.owed_back)[: len(shown)]
        for column, amount in enumerate(own, 4):
            sheet.write_number(row, column, number_of(amount), money)
        amounts.append((program.currency, own))
    _totals(pen, sheet, row + 1, 4, amounts)


# ---- the programs, a printed page each


def write_programs(pen: Pen) -> None:
    """Every program with its terms, a worked example, the figures of each period and how they were worked out."""
    sheet = pen.sheet(PROGRAM, PROGRAM_WIDTHS, look.TAB_REFERENCE, landscape=False)
    page, breaks = _ProgramPage(pen, sheet), []
    for program in pen.statement.programs:
        if page.row:
            breaks.append(page.row)
        page.write(program)
    sheet.set_h_pagebreaks(breaks)
    sheet.center_horizontally()


class _ProgramPage:
    """Writes programs one below the other; `row` is the next free one."""

    def __init__(self, pen: Pen, sheet: Any) -> None:
        self.pen, self.sheet, self.row = pen, sheet, 0
        self.dates = pen.statement.sender.date_format

    def write(self, program: ProgramStatement) -> None:
        """One program."""
        self.sheet.set_row(self.row, 24)
        self._text(0, f"{program.program_name} ({program.program_id})", "sheet_title")
        self.row += 1
        self._sentences([program.pays_for], "wrap_muted")
        self._heading("The terms")
        self._sentences(program.terms, "wrap")
        self._tiers(program)
        if program.example:
            self._heading("A worked example")
            self._sentences(program.example, "wrap")
        self._periods(program)
        self._steps(program)
        self._branches(program)
        self.row += 1

    def _text(self, column: int, text: str, style: str = "text") -> None:
        self.pen.text(self.sheet, self.row, column, text, style)

    def _heading(self, text: str) -> None:
        self.row += 1
        self.pen.header(self.sheet, self.row, [(text, False), *(("", False) for _ in PROGRAM_WIDTHS[1:])], ("heading", "heading"))
        self.row += 1

    def _sentences(self, texts: Iterable[str], style: str) -> None:
        for text in texts:
            self.pen.across(self.sheet, self.row, (0, len(PROGRAM_WIDTHS) - 1), text, style, PROGRAM_CHARACTERS)
            self.row += 1

    def _tiers(self, program: ProgramStatement) -> None:
        if not program.tiers:
            return
        self._heading("The tiers")
        self.pen.header(self.sheet, self.row, [("Tier", False), ("Reached", False), ("", False), ("To", False), ("Reward", True)])
        current = {period.tier for period in program.current}
        for tier in program.tiers:
            self.row += 1
            style = "bold" if tier.number in current else "text"
            mark = " (you are here)" if tier.number in current and len(program.current) == 1 else ""
            self._text(0, f"Tier {tier.number}{mark}", style)
            self._text(1, tier.from_text, style)
            self._text(3, tier.to_text, style)
            self._text(4, tier.reward_text, style + "_right")
        self.row += 1

    def _periods(self, program: ProgramStatement) -> None:
        self._heading("Your figures")
        goal = "Baseline" if program.rebate_type is RebateType.GROWTH else "Target"
        has_goal = any(period.baseline is not None or period.target is not None for period in program.periods)
        names = [("Period", False), ("From", False), ("To", False), ("Purchases", True), (goal if has_goal else "", True), ("Earned", True)]
        self.pen.header(self.sheet, self.row, names)
        self._text(len(names), "Tier", "header_indent")
        for period in program.periods:
            self.row += 1
            self._period(period, len({each.participant_id for each in program.periods}) > 1)
        self.row += 1

    def _period(self, period: PeriodStatement, named: bool) -> None:
        self._text(0, period.period_id + (f", {period.participant_name}" if named else ""))
        self.pen.day(self.sheet, self.row, 1, period.starts_on)
        self.pen.day(self.sheet, self.row, 2, period.ends_on)
        share = f" ({percent_text(round(period.percent, 4))})" if period.percent is not None else ""
        self._text(3, amount_text(period.measure, period.measure_unit) + share, "right")
        goal = period.baseline if period.baseline is not None else period.target
        self._text(4, amount_text(goal, period.measure_unit) if goal is not None else "", "right")
        self.sheet.write_number(self.row, 5, number_of(period.earned), self.pen.style("number", with_currency(period.currency)))
        self._text(6, period.tier_text.replace(" reached", "") if period.tier else period.tier_text, "indent")

    def _steps(self, program: ProgramStatement) -> None:
        self._heading("How it was worked out")
        several = len({each.participant_id for each in program.periods}) > 1
        for period in program.periods:
            which = period.period_id + (f", {period.participant_name}" if several else "")
            self._sentences((f"{which}: {text}" for text in step_texts(period, program)), "wrap")
            ended = f"ended {date_text(period.ends_on, self.dates)}" if period.ended else "so far"
            self._sentences(
                [f"{period.period_id}, {ended}: {money_text(period.earned, period.currency)} earned. Figure {period.figure_id}"], "wrap_muted"
            )

    def _branches(self, program: ProgramStatement) -> None:
        if not any(period.branches for period in program.periods):
            return
        self._heading("By branch")
        self.pen.header(self.sheet, self.row, [("Branch", False), ("Period", False), ("Lines", True), ("Quantity (units)", True),
                                               ("Amount", True), ("Its Part", True)])  # fmt: skip
        self._text(6, "Name", "header_indent")
        money = self.pen.style("number", with_currency(program.currency))
        for period in program.periods:
            for share in period.branches:
                self.row += 1
                self._text(0, share.distributor_id)
                self._text(1, period.period_id)
                self.sheet.write_number(self.row, 2, share.lines, self.pen.style("integer"))
                self.sheet.write_number(self.row, 3, number_of(share.quantity), self.pen.style("number"))
                self.sheet.write_number(self.row, 4, number_of(share.amount), self.pen.money(program.currency))
                if share.earned is not None:
                    self.sheet.write_number(self.row, 5, number_of(share.earned), money)
                self._text(6, share.distributor_name, "indent")
        self.row += 1
