"""What the command line prints: aligned tables, money to the right, problems by severity with the cell to look at.

Colour and progress bars only on a terminal; piped output is plain text of one width, so that it can be searched.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .jsonout import decimal_text
from .model import Problem, ResultTable, Run, Severity
from .money import MINOR_UNITS_DEFAULT, places_of
from .report import ColumnPlaces, by_currency, consequence, count, sentence, words

PIPED_WIDTH = 160  # characters; a terminal has its own
PROBLEMS_SHOWN_MAX = 40  # of one severity; the Check sheet lists all
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
WHOLE_MAX = 22  # characters: a narrow column is shown whole or not at all, a wider one wraps between words
GAP = "   "  # between columns
RIGHT = frozenset({"money", "number", "percent", "integer"})
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # text of a workbook must not steer a terminal


class Advance(Protocol):
    """Tells how far a long work has come: done of total."""

    def __call__(self, done: int, total: int) -> None: ...


def console(quiet: bool = False, errors: bool = False) -> Console:
    """Where to print: standard output or standard error, silent when quiet."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, quiet=quiet, width=width, highlight=False, markup=False, emoji=False)


def plain(text: str) -> str:
    """A text of the workbook without the signs that steer a terminal.

    >>> plain("[bold]A\\x1b[2J")
    '[bold]A[2J'
    """
    return CONTROL.sub("", text)


def amount(number: Decimal | Fraction | None, places: int | None = 2) -> str:
    """Money as people read it: thousands, negative in parentheses, zero as a dash; ends in a blank where no parenthesis does.

    >>> amount(Decimal("1234.50")), amount(Decimal("-3")), amount(Decimal(0)), amount(None)
    ('1,234.50 ', '(3.00)', '- ', '')
    """
    if number is None:
        return ""
    if not number:
        return "- "
    size = Decimal(decimal_text(-number if number < 0 else number))
    text = f"{size:,.{places}f}" if places is not None else f"{size:,f}"
    return f"({text})" if number < 0 else f"{text} "


def cell(value: Any, kind: str) -> str:
    """One cell of a result table as text."""
    if value is None or value == "":
        return ""
    if kind == "money":
        return amount(value, _money_places(value))
    if kind == "number":
        return amount(value, _places(Fraction(value)))
    if kind == "percent":
        return f"{Decimal(decimal_text(Fraction(value) * 100)):.2f} %"
    if kind == "integer":
        return f"{value:,}"
    if kind == "link":
        return f"{value[0]}!{value[1]}"
    return plain(str(value))


def _money_places(value: Any) -> int:
    """As many places as an amount has: its currency's, as the tables give it."""
    return max(-int(value.as_tuple().exponent), 0) if isinstance(value, Decimal) else MINOR_UNITS_DEFAULT


def _places(number: Fraction) -> int:
    """Decimal places worth showing: none for whole numbers, else 2 to 4."""
    return next((places for places in (0, 2, 3) if (number * 10**places).denominator == 1), 4)


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers of different length, with blanks behind so that their decimal points stand in one line.

    >>> aligned(["97 ", "(0.0044)", "27.77 "])
    ['97      ', '(0.0044)', '27.77   ']
    """
    wholes = [re.match(r"[^. )]*", text) for text in texts]
    tails = [text[whole.end() if whole else 0 :] for text, whole in zip(texts, wholes, strict=True)]
    widest = max(map(len, tails), default=0)
    return [text + " " * (widest - len(tail)) for text, tail in zip(texts, tails, strict=True)]


def grid(headers: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], total_rows: int = 0, whole: int = 0) -> Table:
    """A table without lines but one under the header; True puts a column to the right; the last `total_rows` are bold.

    Columns of numbers are never broken, nor those of at most `whole` characters.
    """
    cells = [list(row) for row in rows]
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for at, (header, right) in enumerate(headers):
        widest = max([len(header), *(len(row[at]) for row in cells)])
        width = widest if right else 0
        made.add_column(header.rjust(width), no_wrap=right or widest <= whole, overflow="fold")
        for row in cells:  # padded here: a column justified by rich loses the blank that stands for a parenthesis
            row[at] = row[at].rjust(width)
    for number, row in enumerate(cells):
        made.add_row(*row, style="bold" if number >= len(cells) - total_rows else None)
    return made


def result(table: ResultTable, whole: int = 0) -> Table:
    """A result table; columns that are empty throughout are left away, and those of at most `whole` characters are not broken."""
    shown = [at for at in range(len(table.columns)) if not table.rows or any(row[at] not in (None, "") for row in table.rows)]
    headers = [(plain(table.columns[at].header), table.columns[at].kind in RIGHT) for at in shown]
    return grid(headers, zip(*(_texts(table, at) for at in shown), strict=True), whole=whole)


def _texts(table: ResultTable, at: int) -> list[str]:
    """The cells of a column as text; amounts of currencies with other places have their points in one line, as all numbers have."""
    kind = table.columns[at].kind
    texts = [cell(row[at], kind) for row in table.rows]
    mixed = kind == "money" and len({_money_places(row[at]) for row in table.rows if row[at]}) > 1
    return aligned(texts) if mixed or kind == "number" else texts


def fitting(table: ResultTable, width: int, least: Sequence[str] = ()) -> tuple[Table, tuple[str, ...]]:
    """A table as so many characters hold it without breaking a header, and the headers of the columns left away for that.

    Columns whose field starts with a word of `least` go first, in that order, then the last ones.
    """
    needs = {}
    for at, column in enumerate(table.columns):
        texts = _texts(table, at)
        widest = max([len(column.header), *map(len, texts)])
        if any(texts):
            needs[at] = (widest if column.kind in RIGHT else min(widest, WHOLE_MAX)) + len(GAP)
    named = [at for word in least for at in needs if table.columns[at].field.startswith(word)]
    kept = dict(needs)
    for at in dict.fromkeys([*named, *reversed(needs)]):
        if sum(kept.values()) - len(GAP) <= width or len(kept) == 1:
            break
        del kept[at]
    columns, rows = tuple(table.columns[at] for at in kept), tuple(tuple(row[at] for at in kept) for row in table.rows)
    return result(ResultTable(table.name, table.title, columns, rows), WHOLE_MAX), tuple(table.columns[at].header for at in needs if at not in kept)


def address(problem: Problem, places: ColumnPlaces) -> str:
    """Where a problem is, as one types it into Excel's name box: Transactions!C17; the row where the column is not known."""
    if not problem.table:
        return "the workbook"
    place = places.get((problem.table, problem.column or ""))
    sheet = place[0] if place else problem.table
    if problem.row is None:
        return f"{sheet}, column {problem.column}" if problem.column else sheet
    return f"{_quoted(sheet)}!{place[1]}{problem.row}" if place else f"{sheet}, row {problem.row}" + (f", {problem.column}" if problem.column else "")


def _quoted(sheet: str) -> str:
    return f"'{sheet}'" if re.search(r"\W", sheet) else sheet


def print_problems(out: Console, problems: Sequence[Problem], places: ColumnPlaces) -> None:
    """All problems, errors first, each with its cell, what is wrong and what to do."""
    if not problems:
        out.print("OK: nothing is wrong with what was typed.")
        return
    for severity in Severity:
        some = [problem for problem in problems if problem.severity is severity]
        if not some:
            continue
        follows = consequence(some) if severity is Severity.ERROR else "these rows count, somebody should look"
        out.print(Text.assemble((count(len(some), severity.value.lower()), f"bold {COLOURS[severity]}"), f": {follows}"))
        headers = [(header, False) for header in ("Where", "What is wrong", "What to do", "Code")]
        cells = ((address(problem, places), problem.message, sentence(problem.remedy), problem.code) for problem in some[:PROBLEMS_SHOWN_MAX])
        out.print(grid(headers, ([plain(text) for text in row] for row in cells)))
        if len(some) > PROBLEMS_SHOWN_MAX:
            out.print(f"… and {len(some) - PROBLEMS_SHOWN_MAX:,} more; the Check sheet lists all of them.")
        out.print()


def errors_in_short(problems: Sequence[Problem]) -> str:
    """How many errors there are and what follows from them, for a verb that does not list them."""
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    return f"{count(len(errors), 'error')}: {consequence(errors)}"


def print_run(out: Console, run: Run) -> None:
    """What a run found: figures by program, and for each program rows read = used + excluded."""
    names = {program.program_id: program.program_name for program in run.tables.programs}
    out.print(Text.assemble((plain(run.tables.settings.company) or "Rebates", "bold"), f", as of {run.as_of.isoformat()}, run {run.run_id}"))
    out.print()
    out.print(_by_program(run, names))
    out.print()
    out.print(_rows_by_program(run, names))
    before = ", ".join(f"{_words(reason)} {number:,}" for reason, number in sorted(run.rows_excluded.items()))
    read = run.tables.lines.rows_read if run.tables.lines else run.tables.rows_read.get("Transactions", 0)
    usable = read - sum(run.rows_excluded.values())
    out.print(
        f"{count(read, 'transaction row')} = {usable:,} usable + {read - usable:,} left out before any program looked"
        + (f" ({before})" if before else "")
    )
    out.print()


FIGURES = ("earned", "accrued", "true_up", "payable")


def _by_program(run: Run, names: Mapping[str, str]) -> Table:
    """Sums of each program; below them the total of each currency."""
    figures: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    participants: dict[str, set[str]] = defaultdict(set)
    for row in run.attainment:
        participants[row.program_id].add(row.participant_id)
        figures[row.program_id, row.currency]["earned"] += row.earned
    for accrual in run.accruals:
        figures[accrual.program_id, accrual.currency]["accrued"] += accrual.accrued
        figures[accrual.program_id, accrual.currency]["true_up"] += accrual.true_up
    for due in run.payable:
        figures[due.program_id, due.currency]["payable"] += due.payable
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (_, currency), sums in figures.items():
        for name in FIGURES:
            totals[currency][name] += sums[name]
    rows = [
        [plain(program), plain(names.get(program, "")), f"{len(participants[program]):,}", currency, *_sums(sums, currency)]
        for (program, currency), sums in sorted(figures.items())
    ]
    rows += [["Total", "", "", currency, *_sums(sums, currency)] for currency, sums in sorted(totals.items())]
    titles = ("Participants", "Currency", "Earned", "Accrued", "To post", "Payable")
    headers = [("Program", False), ("Name", False), *((title, title != "Currency") for title in titles)]
    return grid(headers, rows, total_rows=len(totals))


def _sums(sums: Mapping[str, Decimal], currency: str) -> list[str]:
    return [amount(sums[name], places_of(currency)) for name in FIGURES]


def _rows_by_program(run: Run, names: Mapping[str, str]) -> Table:
    rows = []
    for row in run.counts:
        reasons = ", ".join(f"{_words(reason)} {number:,}" for reason, number in sorted(row.excluded.items()) if number)
        excluded = sum(row.excluded.values())
        rows.append([plain(row.program_id), plain(names.get(row.program_id, "")), f"{row.read:,}", f"{row.used:,}", f"{excluded:,}", reasons])
    headers = (("Program", False), ("Name", False), ("Rows read", True), ("= used", True), ("+ excluded", True), ("because", False))
    return grid(headers, rows)


def _words(code: str) -> str:
    """A reason code as words.

    >>> _words("NOT_ENROLLED")
    'not enrolled'
    """
    return code.replace("_", " ").lower()


def headline(run: Run) -> str:
    """The run in one sentence."""
    earned = words(by_currency((row.currency, row.earned) for row in run.attainment))
    accrued = words(by_currency((row.currency, row.accrued) for row in run.accruals))
    return f"As of {run.as_of.isoformat()}: {earned} earned, {accrued} accrued."


@contextmanager
def working(out: Console, title: str) -> Iterator[None]:
    """A sign of life while the block runs, for work whose length is not known; nothing where `out` is no terminal or is quiet."""
    if not out.is_terminal or out.quiet:
        yield
        return
    with out.status(title):
        yield


@contextmanager
def progress(out: Console, title: str) -> Iterator[Advance]:
    """A progress bar while the block runs; nothing where `out` is no terminal or is quiet."""
    if not out.is_terminal or out.quiet:
        yield lambda done, total: None
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=out, transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
