"""What the claim and dispute forms of a returned statement say, typed as the rows of the book.

A form may have been sorted, pasted over, merged, lengthened, copied to a second sheet: rows are known by their headers, wherever
these stand. Only the columns of our forms are read, so that a returned file cannot decide a claim or name a bank account. A
row that cannot be taken is a problem with its place; nothing is left out silently.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from typing import Any

from .columns import BY_NAME
from .describe import Column
from .form_cells import form_cell
from .model import Claim, Dispute, Problem, Severity, Tables
from .parse import RawTable, Unreadable, date_of, is_blank, text_of
from .participants import Hierarchy
from .rows import parse_table
from .seal import Rows
from .words import key

CLAIM_HEADERS = (
    "Claim ID", "Line", "Program ID", "Claim Date", "Period", "Invoice Number", "SKU", "Quantity", "Claimed Amount", "Activity Type", "Activity Date",
    "Activity Cost", "Proof Reference", "Sale Date", "End Customer", "Unit Cost", "Sell Price",
)  # fmt: skip
DISPUTE_HEADERS = ("Opened On", "Figure ID", "Invoice Number", "Reason", "Note", "Disputed Amount")
EXAMPLE = "Example, not sent"  # in the form's last column, beside the example
EXAMPLE_FACTS = {  # what the example of a form says, dated as the statement is
    "Claims": {"Claim ID": "C-2001", "Claimed Amount": "1250"}, "Disputes": {"Invoice Number": "INV-10234", "Disputed Amount": "125"},
}  # fmt: skip
CHECK = "Check"  # our own last column, a formula
ASKED_BACK = frozenset(  # what a claim keeps its place without: the line is then held or refused by a code that says what to do
    {"Claim Date", "Activity Date", "Sale Date", "Claimed Amount", "Quantity", "Activity Cost", "Sell Price"}
)


@dataclass(frozen=True, slots=True)
class Form:
    """One of the forms: its table, its headers, and how many of them tell it."""

    table: str
    sheet: str  # as people know it
    headers: tuple[str, ...]
    telling: str  # the header without which it is none
    enough: int
    day: str  # the header of its date


FORMS = (
    Form("Claims", "Claim Form", CLAIM_HEADERS, "Claim ID", 5, "Claim Date"),
    Form("Disputes", "Dispute Form", DISPUTE_HEADERS, "Opened On", 3, "Opened On"),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose statement it is, and its day."""

    participant_id: str
    as_of: date


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A row of a claim form: where it stands, and whether it gave its line."""

    claim: Claim
    sheet: str
    has_line: bool


@dataclass(slots=True)
class Filled:
    """What the forms of one statement say."""

    claims: list[ClaimRow] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left: int = 0  # lines that we had made ready, or that somebody began, without Claim ID and Claim Date: not claimed


def read_forms(sheets: Mapping[str, Rows], participant_id: str, as_of: date, tables: Tables) -> Filled:
    """What the forms say; rows that cannot be taken are problems."""
    found = Filled()
    for form in FORMS:
        places = [(sheet, top) for sheet, rows in sheets.items() for top in _tops(rows, form)]
        if not places:
            message, remedy = f"The {form.sheet} was not found, so nothing was read from it.", "Fill in the form of the statement as it was sent."
            found.problems.append(Problem(Severity.ERROR, "FORM_MISSING", form.sheet, None, None, message, remedy))
        for sheet, top in places:
            end = min((other for name, other in places if name == sheet and other > top), default=len(sheets[sheet]))
            _read(form, sheet, sheets[sheet][:end], top, Sender(participant_id, as_of), found)
    found.disputes = _own(found.disputes, participant_id, tables, found.problems)
    return found


def _tops(rows: Rows, form: Form) -> Iterator[int]:
    """The rows that hold a form's headers."""
    wanted = {key(header) for header in form.headers}
    for number, cells in enumerate(rows):
        said = {key(text_of(cell).rstrip("* ")) for cell in cells if isinstance(cell, str) and cell}
        if key(form.telling) in said and len(said & wanted) >= form.enough:
            yield number


def _read(form: Form, sheet: str, rows: Rows, top: int, sender: Sender, found: Filled) -> None:
    """The rows below one row of headers."""
    wanted = {key(header): header for header in form.headers}
    columns: dict[int, str] = {}
    own: set[int] = set()
    for position, cell in enumerate(rows[top]):
        header = wanted.get(key(text_of(cell).rstrip("* ")))
        if header and header not in columns.values():
            columns[position] = header
        elif not is_blank(cell) and key(text_of(cell)) != key(CHECK):
            own.add(position)
    described = {column.header: column for column in BY_NAME[form.table].columns}
    given = {"Distributor ID": sender.participant_id} | ({"Dispute ID": "-"} if form.table == "Disputes" else {})
    raws: list[tuple[int, list[Any]]] = []
    for number, cells in enumerate(rows[top + 1 :], top + 2):
        values = {header: cells[position] if position < len(cells) else None for position, header in columns.items()}
        if all(is_blank(cell) for cell in values.values()):
            _note_own(sheet, number, cells, found)
            continue
        if _is_example(form, values, sender.as_of):
            continue
        if form.table == "Claims" and is_blank(values.get("Claim ID")) and is_blank(values.get("Claim Date")):
            found.left += 1
            continue
        cleaned = _cleaned(form, sheet, number, values, described, found.problems)
        if cleaned is not None:
            raws.append((number, [*cleaned.values(), *given.values()]))
    headers = [*columns.values(), "Currency"] if form.table == "Claims" else [*columns.values()]
    problems: list[Problem] = []
    parsed = parse_table(RawTable(form.table, sheet, [*headers, *given], top + 1, raws), problems)
    found.problems += [replace(one, table=sheet) for one in problems]
    _note_columns(sheet, rows, top, own, found.problems)
    if form.table == "Claims":
        at = next((at for at, header in enumerate(headers) if header == "Line"), None)
        with_line = {number for number, cells in raws if at is not None and not is_blank(cells[at])}
        found.claims += [ClaimRow(row, sheet, row.row in with_line) for row in parsed.rows]
    else:
        found.disputes += parsed.rows


def _cleaned(
    form: Form, sheet: str, number: int, values: Mapping[str, Any], described: Mapping[str, Column], problems: list[Problem]
) -> dict[str, Any] | None:
    """A row's cells as the table's reader takes them; None for a row that cannot be taken."""
    cleaned: dict[str, Any] = {}
    currencies: set[str] = set()
    for header, cell in values.items():
        cleaned[header] = None
        if is_blank(cell):
            continue
        try:
            cleaned[header], currency = form_cell(cell, described[header])
            currencies |= {currency} - {""}
        except Unreadable as error:
            fatal = header not in ASKED_BACK or form.table != "Claims"
            message = f"{error.message} {'The row was not taken.' if fatal else 'It was taken without it.'}"
            problems.append(Problem(Severity.ERROR if fatal else Severity.WARNING, error.code, sheet, number, header, message, error.remedy))
            if fatal:
                return None
    if len(currencies) > 1:
        message = f"The amounts are in {' and '.join(sorted(currencies))}. The row was not taken."
        problems.append(Problem(Severity.ERROR, "TWO_CURRENCIES", sheet, number, None, message, "Give all amounts of a row in one currency."))
        return None
    return cleaned | ({"Currency": "".join(currencies)} if form.table == "Claims" else {})


def _is_example(form: Form, values: Mapping[str, Any], as_of: date) -> bool:
    """Whether a row is the example that we sent; one that was written over is none, whatever still stands beside it."""
    if any(text_of(values.get(header)) != text for header, text in EXAMPLE_FACTS[form.table].items()):
        return False
    try:
        return date_of(values.get(form.day)) == as_of
    except Unreadable:
        return False


def _note_own(sheet: str, number: int, cells: Sequence[Any], found: Filled) -> None:
    """A row that holds something, but nothing in our columns."""
    said = [text_of(cell) for cell in cells if not is_blank(cell) and text_of(cell) != EXAMPLE]
    if said:
        message = f'"{said[0][:60]}" stands in no column of the form and was not read.'
        remedy = "Write it into a column of the form."
        found.problems.append(Problem(Severity.WARNING, "OUTSIDE_FORM", sheet, number, None, message, remedy))


def _note_columns(sheet: str, rows: Rows, top: int, own: set[int], problems: list[Problem]) -> None:
    """Columns that somebody added: they are kept by nobody, which is said."""
    used = [text_of(rows[top][at]) for at in sorted(own) if any(at < len(cells) and not is_blank(cells[at]) for cells in rows[top + 1 :])]
    if used:
        message = f"{', '.join(used[:5])}: added to the form, and not read."
        remedy = "Use the columns of the form, or write to us."
        problems.append(Problem(Severity.WARNING, "OWN_COLUMN", sheet, top + 1, None, message, remedy))


# ---- disputes


def _own(disputes: Sequence[Dispute], participant_id: str, tables: Tables, problems: list[Problem]) -> list[Dispute]:
    """The disputes about figures and invoices of the reader's, each with a name of its own."""
    family = Hierarchy(tables.distributors).family(participant_id)
    kept = []
    for dispute in disputes:
        parts = dispute.figure_id.split("/")
        if not dispute.figure_id and not dispute.invoice_number:
            message, remedy = "It names neither a figure nor an invoice.", "Choose a figure from the list, or name an invoice."
            problems.append(Problem(Severity.ERROR, "DISPUTE_WITHOUT_SUBJECT", "Dispute Form", dispute.row, "Figure ID", message, remedy))
        elif dispute.figure_id and (len(parts) < 3 or parts[1] not in family):
            message, remedy = f"{dispute.figure_id} is no figure of this statement.", "Choose a figure from the list, or name an invoice."
            problems.append(Problem(Severity.ERROR, "FIGURE_OF_ANOTHER", "Dispute Form", dispute.row, "Figure ID", message, remedy))
        else:
            kept.append(dispute.model_copy(update={"dispute_id": dispute_id(dispute)}))
    return kept


def dispute_id(dispute: Dispute, again: int = 0) -> str:
    """A name for a dispute that a form sent, the same whenever it is sent; `again` counts how often it was resolved before."""
    facts = (dispute.distributor_id, dispute.figure_id, dispute.invoice_number.casefold(), key(dispute.reason), dispute.disputed_amount)
    name = f"DS-{hashlib.sha256(repr(facts).encode('utf-8', 'backslashreplace')).hexdigest()[:10].upper()}"
    return f"{name}-{again + 1}" if again else name


# ---- lines of a claim


def numbered(filled: Filled, book: Sequence[Claim]) -> list[Claim]:
    """The claims with a line each: rows of one claim that give none are its lines, in order, and what the book has of them keeps its line.

    Two rows that give one line and differ are both left out, as is a changed row without a line where the book has several
    that it may be: neither is guessed.
    """
    known: dict[str, list[Claim]] = defaultdict(list)
    for claim in book:
        known[claim.claim_id].append(claim)
    groups: dict[str, list[ClaimRow]] = defaultdict(list)
    for row in filled.claims:
        groups[row.claim.claim_id].append(row)
    return [claim for claim_id, rows in groups.items() for claim in _lines(rows, known[claim_id], filled.problems)]


def _lines(rows: Sequence[ClaimRow], known: Sequence[Claim], problems: list[Problem]) -> Iterator[Claim]:
    by_line: dict[str, list[ClaimRow]] = defaultdict(list)
    for row in rows:
        if row.has_line:
            by_line[row.claim.line].append(row)
    for line, alike in by_line.items():
        if len({claim_facts(row.claim) for row in alike}) > 1:
            numbers = " and ".join(str(row.claim.row) for row in alike)
            message = f"Claim {alike[0].claim.claim_id} line {line} stands in rows {numbers} with different facts. None of them was taken."
            problems.append(_problem(alike[-1], "LINE_TWICE", message, "Give each row its own line."))
        else:
            yield alike[0].claim
    yield from _silent_lines([row for row in rows if not row.has_line], [row for row in known if row.line not in by_line], set(by_line), problems)


def _silent_lines(silent: Sequence[ClaimRow], known: Sequence[Claim], taken: set[str], problems: list[Problem]) -> Iterator[Claim]:
    """Rows without a line: known ones keep theirs, changed ones take those that are left, new ones the next numbers."""
    lines = list(dict.fromkeys(claim.line for claim in known))
    rest, seen = [], set[Any]()
    for row in silent:
        facts = claim_facts(row.claim, with_line=False)
        if facts in seen:
            message, remedy = f"The row of claim {row.claim.claim_id} stands twice; it was taken once.", "Give each its line if both count."
            problems.append(_problem(row, "ROW_TWICE", message, remedy, Severity.WARNING))
            continue
        seen.add(facts)
        same = next((claim for claim in known if claim.line in lines and claim_facts(claim, with_line=False) == facts), None)
        if same is None:
            rest.append(row)
        else:
            lines.remove(same.line)
            yield row.claim.model_copy(update={"line": same.line})
    if rest and len(lines) > len(rest):
        for row in rest:
            message = f"Claim {row.claim.claim_id} has lines {', '.join(lines)} already; which one this row changes is not said. It was not taken."
            problems.append(_problem(row, "LINE_UNCLEAR", message, "Fill in Line."))
        return
    used = taken | {claim.line for claim in known}
    free = (str(number) for number in count(1) if str(number) not in used)
    for at, row in enumerate(rest):
        yield row.claim.model_copy(update={"line": lines[at] if at < len(lines) else next(free)})


def _problem(row: ClaimRow, code: str, message: str, remedy: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(severity, code, row.sheet, row.claim.row, "Line", message, remedy)


def claim_facts(claim: Claim, with_line: bool = True) -> tuple[Any, ...]:
    """What a distributor says of a line; our own columns and the resubmission's number apart."""
    return tuple(getattr(claim, name) for name in FIELDS if with_line or name != "line")


FIELDS = tuple(column.field for column in BY_NAME["Claims"].columns if column.header in (*CLAIM_HEADERS, "Currency"))
