"""The two forms of a statement: a claim and a dispute, ready to fill, saying at once what is missing.

Their headers are those of the standard workbook's tables Claims and Disputes; the defined names Claim_Form and
Dispute_Form hold header and rows, so that a returned workbook is read without guessing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..model import RebateType
from . import look
from .statement_pen import Pen, number_of

CLAIM, DISPUTE, LISTS = "Claim Form", "Dispute Form", "Lists"
ROWS = 25
HEADER_ROW, EXAMPLE_ROW, FIRST = 3, 4, 5
COMPLETE, READY = "Complete", "Ready: add Claim ID and Claim Date"
SPARE = 10  # empty rows below the lines that are ready
REASONS = (
    "An invoice is missing",
    "A quantity is wrong",
    "An amount is wrong",
    "An invoice should count",
    "The tier is wrong",
    "A payment is missing",
    "Other",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a form."""

    header: str
    width: float
    kind: str  # text, list, date, amount
    hint: str
    example: str | date | int
    required: bool = False
    source: str = ""  # the name of a list


def write_forms(pen: Pen) -> None:
    """Add both forms and the hidden sheet with the lists of their drop-downs."""
    statement = pen.statement
    claim, dispute = pen.sheet(CLAIM, (), look.TAB_INPUT), pen.sheet(DISPUTE, (), look.TAB_INPUT)
    lists = pen.book.add_worksheet(LISTS)
    lists.hide()
    lists.protect()
    programs = statement.programs
    sources = {
        "Programs": tuple(program.program_id for program in programs),
        "Periods": tuple(dict.fromkeys(period for program in programs for period in program.period_ids)),
        "Activities": tuple(dict.fromkeys(activity for program in programs for activity in program.activities)),
        "Figures": tuple(period.figure_id for program in programs for period in program.periods),
        "Reasons": REASONS,
    }
    ranges = {}
    for column, (name, values) in enumerate(sources.items()):
        lists.write_string(0, column, name)
        for row, value in enumerate(values or ("",), 1):
            lists.write_string(row, column, look.safe_text(value))
        letter = chr(ord("A") + column)
        ranges[name] = f"={LISTS}!${letter}$2:${letter}${max(len(values), 1) + 1}"
    fields = _claim_fields(pen)
    either = (
        next(at for at, field in enumerate(fields) if field.header == "Period"),
        next(at for at, f in enumerate(fields) if f.header == "Invoice Number"),
    )
    ready = _ready(pen)
    how = "Fill one row for each claim line and send this workbook back. Columns with * are needed."
    if ready:
        what = f"{len(ready)} lines that you can claim now are" if len(ready) > 1 else "The line that you can claim now is"
        how = f"{what} filled in: add Claim ID and Claim Date to claim, leave the others. {how}"
    _form(pen, claim, ("Claim form", how, "Claim_Form"), fields, ranges, either, ready)
    how = "Tell us what you see differently, one row each, and send this workbook back. Columns with * are needed."
    _form(pen, dispute, ("Dispute form", how, "Dispute_Form"), _dispute_fields(pen), ranges, (1, 2))


def _ready(pen: Pen) -> list[dict[str, Any]]:
    """The lines that can be claimed now, without what only the claimant knows; marketing funds are claimed by activity."""
    return [
        {"Program ID": due.program_id, "Period": due.period_id, "Claimed Amount": due.amount}
        for program in pen.statement.programs
        for due in program.claims_due
        if due.participant_id == pen.statement.participant_id and not due.fund
    ]


def _claim_fields(pen: Pen) -> list[Field]:
    """What a claim needs, by the kinds of programs there are."""
    statement = pen.statement
    program = statement.programs[0]
    kinds = {each.rebate_type for each in statement.programs}
    period = program.period_ids[-1] if program.period_ids else program.program_id
    fields = [
        Field("Claim ID", 14, "text", "Your own number of this claim.", "C-2001", True),
        Field("Line", 6, "text", "1, 2, .. when a claim has several lines.", "1"),
        Field("Program ID", 14, "list", "Choose the program.", program.program_id, True, "Programs"),
        Field("Claim Date", 13, "date", "The day of your claim.", statement.as_of, True),
        Field("Period", 13, "list", "The period you claim, or leave it and give an invoice.", period, False, "Periods"),
        Field("Invoice Number", 16, "text", "Our invoice, when you claim a single line.", ""),
        Field("SKU", 14, "text", "The product on that invoice.", ""),
        Field("Quantity", 11, "amount", "The quantity you claim for.", ""),
        Field("Claimed Amount", 20, "amount", f"In the program's currency, for example {program.currency}.", 1250, True),
    ]
    if RebateType.MDF in kinds:
        fields += [
            Field("Activity Type", 16, "list", "Choose what you did.", "", False, "Activities"),
            Field("Activity Date", 13, "date", "The day of the activity.", ""),
            Field("Activity Cost", 15, "amount", "What it cost in all.", ""),
            Field("Proof Reference", 18, "text", "Invoice or photo that proves it.", ""),
        ]
    if RebateType.SHIP_AND_DEBIT in kinds:
        fields += [
            Field("Sale Date", 13, "date", "When you sold it.", ""),
            Field("End Customer", 18, "text", "To whom you sold it.", ""),
            Field("Unit Cost", 12, "amount", "What you paid a unit.", ""),
            Field("Sell Price", 12, "amount", "What you sold a unit for.", ""),
        ]
    return fields


def _dispute_fields(pen: Pen) -> list[Field]:
    statement = pen.statement
    figure = statement.programs[0].periods[-1].figure_id
    return [
        Field("Opened On", 13, "date", "Today.", statement.as_of, True),
        Field("Figure ID", 34, "list", "Choose the figure, or leave it and give an invoice.", figure, False, "Figures"),
        Field("Invoice Number", 16, "text", "The invoice it is about.", "INV-10234"),
        Field("Reason", 26, "list", "Choose the reason, or write your own.", REASONS[0], True, "Reasons"),
        Field("Note", 44, "text", "What you see and where.", "Invoice of 12 March is not in the list of counted lines"),
        Field("Disputed Amount", 20, "amount", "What you expect in addition to our figure.", 125),
    ]


def _form(
    pen: Pen, sheet: Any, said: tuple[str, str, str], fields: list[Field], ranges: dict[str, str], either: tuple[int, int],
    ready: Sequence[Mapping[str, Any]] = (),
) -> None:  # fmt: skip
    """Title, how to, header, an example, input rows (those that are ready first) with a check at the end of each."""
    title, how, name = said
    check, rows = len(fields), max(ROWS, len(ready) + SPARE)
    pen.text(sheet, 0, 0, title, "sheet_title")
    pen.text(sheet, 1, 0, how, "muted")
    sheet.freeze_panes(EXAMPLE_ROW, 0)
    sheet.repeat_rows(HEADER_ROW)
    for at, field in enumerate(fields):
        sheet.set_column(at, at, field.width)
        pen.text(sheet, HEADER_ROW, at, field.header + (" *" if field.required else ""), "header_right" if field.kind == "amount" else "header")
        _example(pen, sheet, at, field)
        _inputs(pen, sheet, at, field, ranges, rows, [row.get(field.header) for row in ready])
    sheet.set_column(check, check, 34)
    pen.text(sheet, HEADER_ROW, check, "Check", "header_indent")
    pen.text(sheet, EXAMPLE_ROW, check, "Example, not sent", "example_indent")
    for row in range(FIRST, FIRST + rows):
        sheet.write_formula(row, check, _check(fields, row, either), pen.style("indent"), READY if row < FIRST + len(ready) else "")
    _warnings(pen, sheet, fields, check, rows)
    last = chr(ord("A") + check)
    pen.book.define_name(name, f"='{sheet.name}'!$A${HEADER_ROW + 1}:${last}${FIRST + rows}")


def _example(pen: Pen, sheet: Any, at: int, field: Field) -> None:
    if isinstance(field.example, date):
        pen.day(sheet, EXAMPLE_ROW, at, field.example, "example_date")
    elif isinstance(field.example, int):
        sheet.write_number(EXAMPLE_ROW, at, field.example, pen.style("example_number"))
    else:
        pen.text(sheet, EXAMPLE_ROW, at, field.example, "example")


def _inputs(pen: Pen, sheet: Any, at: int, field: Field, ranges: dict[str, str], rows: int, ready: Sequence[Any]) -> None:
    """The input cells of a column, the first with what is ready, each with its drop-down or rule and a hint."""
    style = pen.style({"date": "input_date", "amount": "input_number", "text": "input_text", "list": "input_text"}[field.kind])
    for row in range(FIRST, FIRST + rows):
        value = ready[row - FIRST] if row < FIRST + len(ready) else None
        if value is None:
            sheet.write_blank(row, at, None, style)
        elif field.kind == "amount":
            sheet.write_number(row, at, number_of(value), pen.style("input_number", "#,##0.00"))
        else:
            pen.text(sheet, row, at, value, "input_text")
    rule: dict[str, Any] = {"input_title": field.header, "input_message": field.hint, "error_title": field.header}
    if field.kind == "list":
        free = field.source in ("Reasons",)
        rule |= {
            "validate": "list",
            "source": ranges[field.source],
            "error_message": "Choose from the list.",
            "error_type": "warning" if free else "stop",
        }
    elif field.kind == "date":
        rule |= {"validate": "date", "criteria": ">", "value": date(2000, 1, 1), "error_message": "Enter a date."}
    elif field.kind == "amount":
        rule |= {"validate": "decimal", "criteria": "between", "minimum": -(10**12), "maximum": 10**12, "error_message": "Enter a number."}
    else:
        rule |= {"validate": "length", "criteria": "<=", "value": 200, "error_message": "Keep it below 200 characters."}
    sheet.data_validation(FIRST, at, FIRST + rows - 1, at, rule)


def _check(fields: list[Field], row: int, either: tuple[int, int]) -> str:
    """Says what is missing in a row that was begun."""
    number = row + 1
    cells = [f"{chr(ord('A') + at)}{number}" for at in range(len(fields))]
    missing = [f'IF({cells[at]}="","{field.header} is missing",' for at, field in enumerate(fields) if field.required]
    first, second = (cells[at] for at in either)
    one_of = f'IF(AND({first}="",{second}=""),"Give a {fields[either[0]].header} or an {fields[either[1]].header}","{COMPLETE}")'
    begun = f'IF({_prepared(fields, number)},"{READY}",' if _claims(fields) else "("
    return f'=IF(COUNTA({cells[0]}:{cells[-1]})=0,"",{begun}{"".join(missing)}{one_of}{")" * len(missing)}))'


def _claims(fields: list[Field]) -> bool:
    """Whether it is the claim form: only there we fill in rows."""
    return fields[0].header == "Claim ID"


def _prepared(fields: list[Field], number: int) -> str:
    """The condition that nobody has claimed a row yet that we filled in."""
    names = [field.header for field in fields]
    identity, day = (f"${chr(ord('A') + names.index(name))}{number}" for name in ("Claim ID", "Claim Date"))
    return f'AND({identity}="",{day}="")'


def _warnings(pen: Pen, sheet: Any, fields: list[Field], check: int, rows: int) -> None:
    """Colours beside the words: needed cells of a begun row that are empty, and the check itself."""
    last_input, last = chr(ord("A") + check - 1), FIRST + rows
    gap = pen.book.add_format({"bg_color": "#FBE3E0", "border": 1, "border_color": look.PROBLEM})
    for at, field in enumerate(fields):
        if field.required:
            letter = chr(ord("A") + at)
            begun = f",NOT({_prepared(fields, FIRST + 1)})" if _claims(fields) else ""
            rule = f'=AND(COUNTA($A{FIRST + 1}:${last_input}{FIRST + 1})>0,{letter}{FIRST + 1}=""{begun})'
            sheet.conditional_format(FIRST, at, last - 1, at, {"type": "formula", "criteria": rule, "format": gap})
    letter = chr(ord("A") + check)
    good = pen.book.add_format({"font_color": look.POSITIVE, "bold": True})
    bad = pen.book.add_format({"font_color": look.PROBLEM, "bold": True})
    waits = pen.book.add_format({"font_color": look.ATTENTION, "bold": True})
    cell = f"${letter}{FIRST + 1}"
    sheet.conditional_format(
        FIRST, check, last - 1, check, {"type": "formula", "criteria": f'={cell}="{READY}"', "format": waits, "stop_if_true": True}
    )
    sheet.conditional_format(FIRST, check, last - 1, check, {"type": "formula", "criteria": f'={cell}="{COMPLETE}"', "format": good})
    sheet.conditional_format(FIRST, check, last - 1, check, {"type": "formula", "criteria": f'={cell}<>""', "format": bad})
