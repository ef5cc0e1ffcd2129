"""One statement as the bytes of a workbook: the same statement gives the same bytes, on any day and any machine."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, time
from functools import cache
from hashlib import sha256
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from ..seal import SEAL, seal
from ..statement import Statement
from . import look
from .statement_answers import write_answers
from .statement_forms import CLAIM, DISPUTE, write_forms
from .statement_lists import write_counted, write_excluded, write_payments, write_programs
from .statement_pen import Pen
from .statement_since import write_changed
from .statement_summary import Summary, hidden_sheet, summary_sheet

IDENTITY = "rebates_identity"  # the custom document property that a returned workbook is known by
LONGEST_PROPERTY = 255
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
FUNCTION = re.compile(r"([\w.]+)\(")


class Sheet(Worksheet):
    """XlsxWriter's sheet, but whether the file spells a function with a prefix is asked once for each function.

    XlsxWriter looks for some thirty functions in every formula, which takes a tenth of the time of a statement.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        plain = all(_is_plain(name, expand_future_functions) for name in FUNCTION.findall(formula))
        if plain and not formula.startswith("{") and not formula.endswith("}"):
            return formula.removeprefix("=")
        return super()._prepare_formula(formula, expand_future_functions)


@cache
def _is_plain(function: str, expand: bool) -> bool:
    return Worksheet()._prepare_formula(f"{function}(", expand) == f"{function}("


class Book(xlsxwriter.Workbook):
    """A workbook of such sheets."""

    worksheet_class = Sheet


def identity(statement: Statement, content: str = "") -> str:
    """Whose statement it is, as of when, and the hash of its content, as short JSON.

    Ids that are too long for a document property are given by their hash.
    """

    content = content or statement.content_hash

    def text(whose: tuple[str, str]) -> str:
        said = {"statement": whose[0], "participant": whose[1], "as_of": statement.as_of.isoformat(), "content": content}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    ids = statement.statement_id, statement.participant_id
    full = text(ids)
    if len(full) <= LONGEST_PROPERTY:
        return full
    return text((_short(ids[0]), _short(ids[1])))


def _short(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def printed_bytes(statement: Statement) -> bytes:
    """The two sheets that are printed, as a workbook of their own: page one and the programs."""
    target = io.BytesIO()
    book = Book(target, OPTIONS)
    _properties(book, statement)
    pen = Pen(book, statement)
    first = summary_sheet(pen)
    write_programs(pen)
    Summary(pen, hidden_sheet(pen), first).write()
    book.close()
    return target.getvalue()


def workbook_bytes(statement: Statement, signing_key: bytes | None = None, content: str = "") -> bytes:
    """The workbook of a statement: page one, what changed, lists, payments, programs and forms, protected but for its inputs.

    With a key it carries the seal that `rebates receive` knows it by. `content` is the statement's content hash where it is known
    already: to hash a long statement takes its time. Raises ValueError for a statement without a program.
    """
    target, content = io.BytesIO(), content or statement.content_hash
    book = Book(target, OPTIONS)
    _properties(book, statement, content)
    pen = Pen(book, statement)
    if not statement.programs:
        raise ValueError(f"{statement.participant_id} takes part in no program")
    first = summary_sheet(pen)
    write_changed(pen)
    write_counted(pen)
    write_excluded(pen)
    write_payments(pen)
    write_answers(pen)
    write_programs(pen)
    write_forms(pen)
    Summary(pen, hidden_sheet(pen), first).write()
    if signing_key is not None:
        _seal(book, statement, signing_key, content)
    book.close()
    return target.getvalue()


def _seal(book: Any, statement: Statement, signing_key: bytes, content: str) -> None:
    """The hidden sheet that says whose it is, and what in it nobody may change: every constant outside input cells and forms."""
    sheets = [sheet for sheet in book.worksheets() if sheet.name not in (CLAIM, DISPUTE)]
    texts = sorted(book.str_table.string_table, key=book.str_table.string_table.__getitem__)
    said = json.dumps({"participant": statement.participant_id, "as_of": statement.as_of.isoformat(), "statement": statement.statement_id,
                       "content": content})  # fmt: skip
    cells = seal(said, ((sheet.name, row, found) for sheet in sheets for row, found in _constants(sheet, texts)), signing_key)
    hidden = book.add_worksheet(SEAL)
    hidden.very_hidden()
    hidden.protect()
    for row, text in enumerate(cells):
        hidden.write_string(row, 0, text)


def _constants(sheet: Any, texts: list[str]) -> Iterator[tuple[int, list[tuple[int, Any]]]]:
    """Rows with their constants: column and value; None for cells that may change: inputs and formulas."""
    for row, cells in sorted(sheet.table.items()):
        found: list[tuple[int, Any]] = []
        for column, cell in sorted(cells.items()):
            kind, style = type(cell).__name__, getattr(cell, "format", None)
            if kind == "Formula" or (style is not None and not style.locked):
                found.append((column, None))
            elif kind == "String":
                found.append((column, texts[cell.string]))
            elif kind == "Number":
                found.append((column, cell.number))
        if found:
            yield row, found


def _properties(book: Any, statement: Statement, content: str = "") -> None:
    name, company = (look.safe_text(text)[:LONGEST_PROPERTY] for text in (statement.participant_name, statement.sender.company))
    book.set_properties({
        "title": f"Rebate statement for {name}", "subject": f"As of {statement.as_of.isoformat()}", "author": company,
        "company": company, "created": datetime.combine(statement.as_of, time()), "comments": "",
    })  # fmt: skip
    book.set_custom_property(IDENTITY, look.safe_text(identity(statement, content)), "text")
