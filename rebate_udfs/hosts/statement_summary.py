"""Page one of a statement: earned so far, each program in a few lines, the what-if box, and how it was worked out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from ..money import places_of
from ..statement import PeriodStatement, ProgramStatement, Statement, WhatIf
from ..statement.in_words import amount_text, date_text, money_text, step_texts
from . import look
from .statement_answers import in_short
from .statement_lists import PROGRAM
from .statement_pen import Pen, lines_of, number_of, with_currency
from .statement_since import in_short as moved_in_short
from .statement_whatif import write_plan

SHEET, PLAN_SHEET = "Summary", "What-If"
WIDTHS = (44.0, 15.0, 15.0, 15.0, 17.0)
LAST = len(WIDTHS) - 1
PAGE_CHARACTERS = 112  # of a sentence over all columns
NEXT_CHARACTERS, LABEL_CHARACTERS = 66, 46  # of what to buy, and of a label of the what-if
FIGURES_SHOWN = 8  # of one program: more branches than that stand on the sheet Program
ONE_PAGE = 13  # figures that still fit on one page
SHORT = 8  # figures up to which page one shows the arithmetic too
BLOCKS = 20  # squares of a progress bar
LOGO_HEIGHT = 56  # pixels
LOGO_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
AGREED = ("We agree", "Name", "Date")


class Summary:
    """Writes the sheet from top to bottom; `row` is the next free one."""

    def __init__(self, pen: Pen, plans: Any, sheet: Any) -> None:
        self.pen, self.plans, self.sheet, self.statement = pen, plans, sheet, pen.statement
        self.row = 0
        self.inputs: list[str] = []
        self.figures = sum(len(program.current[:FIGURES_SHOWN]) for program in self.statement.programs)

    def write(self) -> None:
        """The whole page."""
        self._head()
        self._large_figure()
        self._programs()
        self._answers()
        self._what_if()
        self._how()
        self._foot()
        self.sheet.fit_to_pages(1, 1 if self.figures <= ONE_PAGE else 0)
        self.sheet.print_area(0, 0, self.row, LAST)
        self.sheet.center_horizontally()

    def _text(self, column: int, text: str, style: str = "text") -> None:
        self.pen.text(self.sheet, self.row, column, text, style)

    def _sentence(self, text: str, style: str) -> None:
        self.pen.across(self.sheet, self.row, (0, LAST), text, style, PAGE_CHARACTERS)
        self.row += 1

    def _head(self) -> None:
        statement = self.statement
        self._logo()
        self._text(0, statement.sender.company or "Rebates", "sender")
        self.sheet.set_row(1, 28)
        self.pen.text(self.sheet, 1, 0, "Rebate statement", "title")
        whose = f" (a branch of {statement.parent_id})" if statement.parent_id else ""
        self.pen.text(self.sheet, 2, 0, f"for {statement.participant_name} ({statement.participant_id}){whose}", "bold")
        dates = statement.sender.date_format
        first = min((p.starts_on for program in statement.programs for p in program.periods), default=statement.as_of)
        period = f"Purchases from {date_text(first, dates)}, as of {date_text(statement.as_of, dates)}"
        self.pen.text(self.sheet, 3, 0, period, "muted")
        self.row = 5

    def _logo(self) -> None:
        """The sender's logo at the right, when Settings name a picture that is there."""
        path = Path(self.statement.sender.logo_file)
        if self.statement.sender.logo_file and path.suffix.lower() in LOGO_KINDS and path.is_file():
            self.sheet.insert_image(0, LAST - 1, str(path), {"x_offset": 4, "y_offset": 4, "object_position": 1, **_scale(path)})

    def _large_figure(self) -> None:
        statement, pen = self.statement, self.pen
        self._text(0, "Earned so far", "large_label")
        self.row += 1
        earned = statement.earned or (("", Decimal(0)),)
        for currency, amount in earned:
            self.sheet.set_row(self.row, 36)
            places = places_of(currency)
            digits = "#,##0" + ("." + "0" * places if places else "")
            self.sheet.write_number(self.row, 0, number_of(amount), pen.style("large", f'"{_letters(currency)} "{digits}'))
            self.row += 1
        left = "; ".join(_left(statement, currency) for currency, _ in statement.earned)
        self._text(0, f"{left}." if left else "You take part in no program yet.", "muted")
        self.row += 1
        if said := moved_in_short(statement):
            self._sentence(said, "wrap")
        self.row += 1

    def _programs(self) -> None:
        self.pen.header(self.sheet, self.row, [("Your programs", False), ("Earned", True), ("Paid", True), ("To come", True), ("Next payment", True)])
        self.row += 1
        for program in self.statement.programs:
            self._program(program)
        self._totals()
        self.row += 1

    def _program(self, program: ProgramStatement) -> None:
        sheet, pen = self.sheet, self.pen
        self._text(0, program.program_name, "bold")
        for column, amount in enumerate((program.earned, program.paid, program.to_come), 1):
            sheet.write_number(self.row, column, number_of(amount), pen.style("number", with_currency(program.currency)))
        if program.next_due_on is not None and program.next_due_on <= self.statement.as_of:
            self._text(LAST, f"since {date_text(program.next_due_on, self.statement.sender.date_format)}", "right")
        else:
            pen.day(sheet, self.row, LAST, program.next_due_on, "date_right")
        self.row += 1
        self._sentence(program.pays_for, "wrap_muted")
        current = program.current
        for period in current[:FIGURES_SHOWN]:
            self._figure(program, period, len(current) > 1)
        if len(current) > FIGURES_SHOWN:
            self._sentence(f"{len(current) - FIGURES_SHOWN} more branches: see the sheet Program.", "muted")
        if program.claim_text:
            self._sentence(program.claim_text, "call")
        self.sheet.set_row(self.row, 7)
        self.row += 1

    def _figure(self, program: ProgramStatement, period: PeriodStatement, named: bool) -> None:
        """Progress bar and words where there are tiers, then what to do."""
        who = f"{period.participant_name}: " if named else ""
        bought = f"{who}{amount_text(period.measure, period.measure_unit)} in {period_words(program, period)}"
        if period.progress is not None:
            address = f"$B${self.row + 1}"
            share = number_of(period.progress)
            filled = int(period.progress * BLOCKS)
            formula = f'=REPT("█",INT({address}*{BLOCKS}+0.000001))&REPT("░",{BLOCKS}-INT({address}*{BLOCKS}+0.000001))'
            self.sheet.write_formula(self.row, 0, formula, self.pen.style("bar"), "█" * filled + "░" * (BLOCKS - filled))
            self.sheet.write_number(self.row, 1, int(share * 100) / 100, self.pen.style("percent", '0%" there"'))
            self._text(2, period.tier_text, "text")
        elif program.tiers:
            self._text(0, "█" * BLOCKS if period.tier else "░" * BLOCKS, "bar")
            self._text(1, period.tier_text, "text")
        self.row += bool(program.tiers)
        style = "call" if period.next_text.startswith("Buy") else "muted"
        if len(period.next_text) > NEXT_CHARACTERS:
            self.pen.across(self.sheet, self.row, (1, LAST), period.next_text, f"wrap_{style}", NEXT_CHARACTERS)
        else:
            self._text(1, period.next_text, style)
        self._text(0, bought, "muted")
        self.row += 1

    def _totals(self) -> None:
        """Totals by currency, only where there is something to add."""
        statement, paid, left = self.statement, dict(self.statement.paid), dict(self.statement.to_come)
        if len(statement.programs) < 2:
            return
        for index, (currency, amount) in enumerate(statement.earned):
            top = "total_label" if index == 0 else "bold"
            self._text(0, f"Total {currency}", top)
            for column, number in enumerate((amount, paid[currency], left[currency]), 1):
                self.sheet.write_number(self.row, column, number_of(number), self.pen.style(top, with_currency(currency)))
            self.sheet.write_blank(self.row, LAST, None, self.pen.style(top))
            self.row += 1

    def _answers(self) -> None:
        """How claims and disputes stand, in one sentence."""
        if said := in_short(self.statement):
            self._sentence(said, "wrap")
            self.row += 1

    def _what_if(self) -> None:
        """The box in which one types planned purchases and sees the rebate."""
        open_ = [(program, period) for program in self.statement.programs for period in program.current[:FIGURES_SHOWN] if period.what_if]
        notes = [f"{program.program_name}: {period.what_if_note}" for program in self.statement.programs
                 for period in program.current[:FIGURES_SHOWN] if period.what_if_note]  # fmt: skip
        self.pen.header(self.sheet, self.row, [("What if you buy more?", False), *(("", True) for _ in range(LAST))], ("heading", "heading"))
        self.row += 1
        if open_:
            names = [("Type what you plan to buy, in the yellow cells", False), ("In addition", True), ("Rebate then", True),
                     ("More than now", True), ("Tier then", True)]  # fmt: skip
            self.pen.header(self.sheet, self.row, names, ("box_head", "box_head_right"))
            self.sheet.set_row(self.row, 18)
            self.row += 1
        plan_row = 0
        for program, period in open_:
            if period.what_if:
                plan_row = self._plan(program, period, period.what_if, plan_row)
        for note in dict.fromkeys(notes):
            self._sentence(note, "box_wrap")
        self.row += 1

    def _plan(self, program: ProgramStatement, period: PeriodStatement, plan: WhatIf, plan_row: int) -> int:
        sheet, pen, row = self.sheet, self.pen, self.row
        title = program.program_name + (f", {period.participant_name}" if len(program.current) > 1 else "") + f", {period_words(program, period)}"
        unit = plan.unit
        label = f"{title} ({unit})"
        self._text(0, label, "box_label")
        sheet.set_row(row, 15.0 * lines_of(label, LABEL_CHARACTERS))
        sheet.write_blank(row, 1, None, pen.style("input_number"))
        cell = f"B{row + 1}"
        self.inputs.append(cell)
        most = plan.most // 10**plan.places
        sheet.data_validation(row, 1, row, 1, {
            "validate": "decimal", "criteria": "between", "minimum": 0, "maximum": most, "input_title": "Planned purchases",
            "input_message": f"What you plan to buy in addition, in {unit}.", "error_title": "Planned purchases",
            "error_message": f"Enter a number from 0 to {most:,}.",
        })  # fmt: skip
        answer = write_plan(self.plans, plan_row, f"{title} ({unit})", plan, f"'{SHEET}'!$B${row + 1}")
        there, earned = f"'{PLAN_SHEET}'!", period.earned
        money = with_currency(period.currency)
        too_much = f'"0 to {most:,}"'
        sheet.write_formula(
            row, 2, f"=IF({there}{answer.valid}=1,{there}{answer.rebate},{too_much})", pen.style("box_bold", money), number_of(earned)
        )
        now = f"{earned}"
        sheet.write_formula(
            row, 3, f'=IF({there}{answer.valid}=1,ROUND({there}{answer.rebate}-{now},{plan.currency_places}),"")', pen.style("box", money), 0
        )
        sheet.write_formula(row, 4, f'=IF({there}{answer.valid}=1,IF({there}{answer.tier}=0,"none yet","Tier "&{there}{answer.tier}),"")',
                            pen.style("box_right"), f"Tier {period.tier}" if period.tier else "none yet")  # fmt: skip
        self.row += 1
        return answer.next_row

    def _how(self) -> None:
        """The arithmetic of the latest figures, a line a step."""
        self.pen.header(self.sheet, self.row, [("How this was worked out", False), *(("", True) for _ in range(LAST))], ("heading", "heading"))
        self.row += 1
        if self.figures > SHORT:
            self._sentence(f"The sheet {PROGRAM} shows the arithmetic of all {self.figures} figures, line by line.", "wrap")
        for program in self.statement.programs if self.figures <= SHORT else ():
            for period in program.current[:FIGURES_SHOWN]:
                who = f", {period.participant_name}" if len(program.current) > 1 else ""
                for index, text in enumerate(step_texts(period, program)):
                    self._sentence(f"{program.program_name}{who}, {period_words(program, period)}: {text}" if index == 0 else f"and {text}", "wrap")
        self.row += 1

    def _foot(self) -> None:
        statement = self.statement
        for column, (label, at) in enumerate(zip(AGREED, (0, 2, 4), strict=True)):
            self._text(at, label + (" (yes, or what is not right)" if column == 0 else ""), "small")
        self.row += 1
        self.sheet.set_row(self.row, 20)
        self.sheet.write_blank(self.row, 0, None, self.pen.style("sign"))
        for column in (2, 3):
            self.sheet.write_blank(self.row, column, None, self.pen.style("sign"))
        self.sheet.write_blank(self.row, 4, None, self.pen.style("sign", self.pen.date_format))
        self.pen.book.define_name("We_Agree", f"='{SHEET}'!$A${self.row + 1}:$E${self.row + 1}")
        self.row += 2
        for text in (statement.sender.note, statement.sender.contact and f"Questions: {statement.sender.contact}"):
            if text:
                self._sentence(text, "wrap_muted")
        self._text(0, f"Statement {statement.statement_id}", "small")


def _left(statement: Statement, currency: str) -> str:
    """What of it is paid and what is to come; what was agreed beside it, and what has lapsed, where there is any."""
    paid, agreed, lapsed, left = (dict(each)[currency] for each in (statement.paid, statement.agreed, statement.lapsed, statement.to_come))
    also = [f"{money_text(agreed, currency)} was agreed beside it"] if agreed else []
    also += [f"{money_text(lapsed, currency)} has lapsed"] if lapsed else []
    last = f"{money_text(left, currency)} is to come" if left >= 0 else f"{money_text(-left, currency)} is paid beyond what is owed"
    return ", ".join([f"{money_text(paid, currency)} of it is paid" if left >= 0 else f"{money_text(paid, currency)} is paid", *also, last])


def period_words(program: ProgramStatement, period: PeriodStatement) -> str:
    """A period as a distributor reads it: one that lasts as long as its program has the program's id."""
    return "the whole program" if period.period_id == program.program_id else period.period_id


def _letters(currency: str) -> str:
    return "".join(character for character in currency if character.isalnum())


def _scale(path: Path) -> dict[str, Any]:
    """How much to shrink a PNG so that it stands in the page's head; other kinds keep their size."""
    data = path.read_bytes()[:24]
    height = int.from_bytes(data[20:24], "big") if data[:8] == b"\x89PNG\r\n\x1a\n" else 0
    factor = min(1.0, LOGO_HEIGHT / height) if height else 1.0
    return {"x_scale": factor, "y_scale": factor}


def summary_sheet(pen: Pen) -> Any:
    """The empty first sheet, on which a reader opens the workbook."""
    sheet = pen.sheet(SHEET, WIDTHS, look.TAB_RESULT, landscape=False)
    sheet.activate()
    return sheet


def hidden_sheet(pen: Pen) -> Any:
    """The empty sheet for the arithmetic of the what-if: hidden, labelled, protected."""
    sheet = pen.book.add_worksheet(PLAN_SHEET)
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 12, 16)
    sheet.hide()
    sheet.protect()
    return sheet
