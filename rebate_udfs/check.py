"""Checks that need more than one cell: ids that must exist, rows that must not overlap, chains that must not close.

A row with an error is left out, and so is what depends on it, each with its own problem; everything else stays. Where a
program would pay a wrong amount without the row that is left out (a tier, a scope, its only enrollments), the program is
left out as a whole. Source: domain.md section 2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from . import model as m
from .columns import BY_NAME, TABLES
from .describe import Column
from .model import Problem, Severity
from .periods import period_kind
from .rows import ANSWERED_LATER, REFERENCE_KEPT, Parsed, problem

KEYS: dict[str, tuple[str, tuple[str, ...]]] = {  # table -> code, what must not stand twice
    "Programs": ("DUPLICATE_PROGRAM", ("program_id",)),
    "Products": ("DUPLICATE_PRODUCT", ("sku",)),
    "Baselines": ("DUPLICATE_BASELINE", ("program_id", "participant_id", "period")),
    "Forecasts": ("DUPLICATE_FORECAST", ("program_id", "participant_id", "period", "scenario")),
    "Exchange Rates": ("DUPLICATE_RATE", ("currency", "valid_from")),
    "Claims": ("DUPLICATE_CLAIM_ROW", ("distributor_id", "claim_id", "line", "resubmission")),
    "Disputes": ("DUPLICATE_DISPUTE", ("dispute_id",)),
    "Adjustments": ("DUPLICATE_ADJUSTMENT", ("adjustment_id",)),
    "Accounts": ("DUPLICATE_ACCOUNT", ("role", "rebate_type", "program_id")),
    "Control Totals": ("DUPLICATE_CONTROL_TOTAL", ("accounting_period", "source")),
    "Payments": ("", tuple(m.Payment.model_fields.keys() - {"row"})),  # one payment may stand on several rows: only equal ones
}
LENGTH = {m.PeriodKind.MONTH: 1, m.PeriodKind.QUARTER: 3, m.PeriodKind.HALF: 6, m.PeriodKind.YEAR: 12, m.PeriodKind.PROGRAM: 999}
OPEN_START, OPEN_END = date.min, date.max


class Book:
    """The rows of one book while they are checked."""

    def __init__(self, parsed: Mapping[str, Parsed], problems: list[Problem], base_currency: str) -> None:
        self.base_currency = base_currency
        self.rows: dict[str, list[Any]] = {name: list(table.rows) for name, table in parsed.items()}
        self.parsed = parsed
        self.problems = problems
        self.left_out: dict[str, dict[str, int]] = {"Programs": {}, "Distributors": {}}  # id -> row that has an error
        for name, field in (("Programs", "program_id"), ("Distributors", "distributor_id")):
            for values in parsed[name].failed:
                self.left_out[name].setdefault(str(values.get(field, "")), values["row"])

    def say(self, code: str, table: str, row: Any, column: str | None, message: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
        """Note a problem with a row."""
        program = getattr(row, "program_id", "")
        self.problems.append(problem(code, table, row.row, column, message, remedy, severity=severity, program_id=program))

    def reject(self, code: str, table: str, row: Any, column: str | None, message: str, remedy: str) -> None:
        """Note an error and leave the row out."""
        self.say(code, table, row, column, message, remedy)
        self.drop(table, row)

    def drop(self, table: str, row: Any) -> None:
        """Leave a row out."""
        self.rows[table] = [one for one in self.rows[table] if one is not row]
        if table in self.left_out:
            self.left_out[table].setdefault(row.program_id if table == "Programs" else row.distributor_id, row.row)

    def ids(self, table: str) -> set[str]:
        """The ids of the programs or distributors that can be used."""
        field = "program_id" if table == "Programs" else "distributor_id"
        return {getattr(row, field) for row in self.rows[table]}


def check_tables(parsed: Mapping[str, Parsed], problems: list[Problem], base_currency: str = "USD") -> dict[str, list[Any]]:
    """The rows of every table that can be used; what is wrong with the others is added to `problems`.

    `base_currency` is what an empty Currency of a program means.
    """
    book = Book(parsed, problems, base_currency)
    for table, (code, fields) in KEYS.items():
        check_keys(book, table, code, fields)
    check_distributors(book)
    check_programs(book)
    check_enrollments(book)
    while check_references(book) | check_whole_programs(book) | check_net_of(book) | check_tied_programs(book):
        pass
    check_scope_values(book)
    check_special_prices(book)
    check_payments(book)
    check_disputes(book)
    return book.rows


def content(row: m.Row) -> dict[str, Any]:
    """What a row says, wherever it stands."""
    return row.model_dump(exclude={"row"})


def grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Rows by key, in their order."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def keep_one(book: Book, table: str, rows: Sequence[Any]) -> list[Any]:
    """Of rows alike in all columns the first counts; the different ones that are left."""
    kept: list[Any] = []
    for row in rows:
        if any(content(row) == content(other) for other in kept):
            message = f"The row is the same as row {next(o.row for o in kept if content(o) == content(row))}; it counts once."
            book.say("DUPLICATE_ROW", table, row, None, message, "Remove one of the two rows.", Severity.WARNING)
            book.drop(table, row)
        else:
            kept.append(row)
    return kept


def check_keys(book: Book, table: str, code: str, fields: Sequence[str]) -> None:
    """Rows with one key: alike, they count once; else none of them counts, since nobody can tell which is right."""
    headers = [column.header for column in BY_NAME[table].columns if column.field in fields]
    for rows in grouped(book.rows[table], lambda row: tuple(getattr(row, field) for field in fields)).values():
        if len(rows) == 1:
            continue
        kept = keep_one(book, table, rows)
        for row in kept if len(kept) > 1 else ():
            others = ", ".join(str(other.row) for other in kept if other is not row)
            said = " ".join(str(getattr(row, field)) for field in fields if getattr(row, field) not in ("", None))
            message = f"{' and '.join(headers)} {said} stands also in row {others}, with other values, so none of them counts."
            book.reject(code, table, row, headers[0], message, "Keep the right row and remove the other.")


# ---- distributors


def check_distributors(book: Book) -> None:
    """Dates in order, memberships that do not overlap, parents that exist and are nobody's own descendant."""
    table = "Distributors"
    for row in list(book.rows[table]):
        if row.member_from and row.member_to and row.member_to < row.member_from:
            message = f"Member To {row.member_to} is before Member From {row.member_from}."
            book.reject("MEMBERSHIP_ENDS_BEFORE_START", table, row, "Member To", message, "Correct one of the dates.")
    for rows in grouped(book.rows[table], lambda row: row.distributor_id).values():
        kept = keep_one(book, table, rows) if len(rows) > 1 else rows
        for row, other in overlapping(kept, lambda row: (row.member_from, row.member_to)):
            message = f"The dates of {row.distributor_id} overlap with those of row {other.row}, so its parent is not clear."
            book.reject("OVERLAPPING_MEMBERSHIP", table, row, "Member From", message, "End the earlier row the day before the later one starts.")
    _reject_cycles(book)
    changed = True
    while changed:
        known = book.ids(table)
        unknown = [row for row in book.rows[table] if row.parent_id and row.parent_id not in known]
        for row in unknown:
            message = _not_known(book, BY_NAME[table].columns[2], row.parent_id)
            remedy = _remedy(book, BY_NAME[table].columns[2], row.parent_id, "Add the parent to Distributors, or correct the id.")
            book.reject("UNKNOWN_PARENT", table, row, "Parent ID", message, remedy)
        changed = bool(unknown)


def overlapping(rows: Sequence[Any], dates: Callable[[Any], tuple[date | None, date | None]]) -> list[tuple[Any, Any]]:
    """Each row whose dates (inclusive, None for open) overlap with another's, with the first such other."""
    spans = [(dates(row)[0] or OPEN_START, dates(row)[1] or OPEN_END, row) for row in rows]
    found = []
    for start, end, row in spans:
        other = next((other for first, last, other in spans if other is not row and first <= end and start <= last), None)
        if other is not None:
            found.append((row, other))
    return found


def _reject_cycles(book: Book) -> None:
    """Leave out the rows that make somebody its own ancestor on some day."""
    members = grouped((row for row in book.rows["Distributors"] if row.parent_id), lambda row: row.distributor_id)
    suspects = set(members)
    while loose := {one for one in suspects if not any(row.parent_id in suspects for row in members[one])}:
        suspects -= loose
    starts = sorted({row.member_from or OPEN_START for one in suspects for row in members[one]})
    bad: dict[int, tuple[Any, list[str]]] = {}
    for day in starts:
        parent = {one: row for one in suspects for row in members[one] if (row.member_from or OPEN_START) <= day <= (row.member_to or OPEN_END)}
        for one in parent:
            chain = [one]
            while chain[-1] in parent and len(chain) <= len(parent) + 1:
                chain.append(parent[chain[-1]].parent_id)
                if chain[-1] == one:
                    bad.setdefault(id(parent[one]), (parent[one], chain))
                    break
                if chain[-1] in chain[:-1]:
                    break
    for row, chain in sorted(bad.values(), key=lambda found: found[0].row):
        message = f"{row.distributor_id} is its own ancestor: {' > '.join(chain)}."
        book.reject("CYCLIC_PARENT", "Distributors", row, "Parent ID", message, "Correct one Parent ID of this chain.")


# ---- programs


def check_programs(book: Book) -> None:
    """What one program says must fit together."""
    table = "Programs"
    for row in list(book.rows[table]):
        if row.ends_on < row.starts_on:
            message = f"The program ends on {row.ends_on}, before it starts on {row.starts_on}."
            book.reject("PROGRAM_ENDS_BEFORE_START", table, row, "Ends On", message, "Correct Starts On or Ends On.")
        elif row.accrual_policy is m.AccrualPolicy.MANUAL and row.manual_tier is None:
            message = "Accrual Policy is Manual, but Manual Tier is empty."
            book.reject("MANUAL_TIER_MISSING", table, row, "Manual Tier", message, "Enter the number of the tier, or choose another policy.")
        elif row.settlement_period is not None and LENGTH[row.settlement_period] > LENGTH[row.period]:
            message = f"Settlement Period {row.settlement_period} is longer than the Period {row.period}."
            book.reject("SETTLEMENT_LONGER_THAN_PERIOD", table, row, "Settlement Period", message, f"Choose {row.period} or shorter.")
        elif row.presentation is not m.Presentation.CONTRA_REVENUE and row.rebate_type is not m.RebateType.MDF:
            message = f"{row.presentation} is unusual for {row.rebate_type}: a rebate lowers revenue unless the customer sells a distinct service."
            book.say("PRESENTATION", table, row, "Presentation", message, "Choose Contra Revenue, or have it approved.", Severity.WARNING)


def check_net_of(book: Book) -> bool:
    """Net Of names programs that exist and never leads back; True when a program had to be left out."""
    programs = {row.program_id: row for row in book.rows["Programs"]}
    before = len(programs)
    for row in list(programs.values()):
        for name in row.net_of:
            if name not in programs:
                message = f"Net Of: {_not_known(book, _PROGRAM_ID, name)}"
                remedy = _remedy(book, _PROGRAM_ID, name, "Correct the id, or remove it from Net Of.")
                book.reject("UNKNOWN_PROGRAM", "Programs", row, "Net Of", message, remedy)
                break
        else:
            if chain := _chain_back(row.program_id, programs):
                message = f"Net Of leads back to the program itself: {' > '.join(chain)}."
                book.reject("NET_OF_CYCLE", "Programs", row, "Net Of", message, "Remove one link of this chain.")
    return len(book.rows["Programs"]) != before


def check_tied_programs(book: Book) -> bool:
    """Programs tied by Net Of or Best Of Group have the same periods, participants and currency; True when one had to be left out.

    With Net Of the program that names the other cannot be computed; of a group nobody can tell which is right, so none is.
    Drafts tie nobody. Source: domain.md section 3, step 4.
    """
    programs = {row.program_id: row for row in book.rows["Programs"] if row.status is not m.Status.DRAFT}
    pairs = [(row, programs[name], False) for row in programs.values() for name in row.net_of if name in programs]
    groups = grouped((row for row in programs.values() if row.best_of_group), lambda row: row.best_of_group)
    pairs += [(row, other, True) for rows in groups.values() for row in rows for other in rows if row is not other]
    rejected: set[str] = set()
    for row, other, is_group in pairs:
        differing = _differing(row, other, book.base_currency)
        if differing and row.program_id not in rejected:
            what = "Best Of Group" if is_group else "Net Of"
            message = f"{row.program_id} and {other.program_id} are tied by {what}, but differ in {' and '.join(differing)}."
            remedy = f"Give both the same {' and '.join(differing)}, or take {other.program_id} out of {what}."
            book.reject("TIED_PROGRAMS_DIFFER", "Programs", row, what, message, remedy)
            rejected.add(row.program_id)
    return bool(rejected)


def _differing(row: m.Program, other: m.Program, base_currency: str) -> list[str]:
    """In what two tied programs differ, as the columns are called."""
    found = []
    if period_kind(row) is not period_kind(other):
        found.append("Period")
    elif period_kind(row) is m.PeriodKind.PROGRAM and (row.starts_on, row.ends_on) != (other.starts_on, other.ends_on):
        found.append("dates")
    if row.aggregate_by is not other.aggregate_by:
        found.append("Aggregate By")
    if (row.currency or base_currency) != (other.currency or base_currency):
        found.append("Currency")
    return found


def _chain_back(start: str, programs: Mapping[str, Any]) -> list[str]:
    """A chain of Net Of from a program to itself; empty when there is none."""
    stack, seen = [[start]], set()
    while stack:
        chain = stack.pop()
        for name in programs[chain[-1]].net_of if chain[-1] in programs else ():
            if name == start:
                return [*chain, name]
            if name not in seen:
                seen.add(name)
                stack.append([*chain, name])
    return []


def check_whole_programs(book: Book) -> bool:
    """A program without one of its tiers or scopes, or without all its enrollments, would pay a wrong amount: it is left out."""
    rejected = False
    for row in list(book.rows["Programs"]):
        for table in ("Tiers", "Scopes"):
            lost = [values["row"] for values in book.parsed[table].failed if values.get("program_id") == row.program_id]
            if lost:
                message = f"Row {lost[0]} of {table} cannot be used, and without it the program would be computed wrongly."
                book.reject("PROGRAM_INCOMPLETE", "Programs", row, "Program ID", message, f"Correct that row of {table}.")
                rejected = True
                break
        else:
            typed = [values["row"] for values in book.parsed["Enrollments"].failed if values.get("program_id") == row.program_id]
            typed += [one.row for one in book.parsed["Enrollments"].rows if one.program_id == row.program_id]
            if typed and not any(one.program_id == row.program_id for one in book.rows["Enrollments"]):
                message = "None of its enrollments can be used, and without them the program would be open to everyone."
                book.reject("PROGRAM_INCOMPLETE", "Programs", row, "Program ID", message, f"Correct row {typed[0]} of Enrollments.")
                rejected = True
    return rejected


def check_enrollments(book: Book) -> None:
    """Dates in order, and no overlap within one program and distributor."""
    table = "Enrollments"
    for row in list(book.rows[table]):
        if row.starts_on and row.ends_on and row.ends_on < row.starts_on:
            message = f"The enrollment ends on {row.ends_on}, before it starts on {row.starts_on}."
            book.reject("ENROLLMENT_ENDS_BEFORE_START", table, row, "Ends On", message, "Correct one of the dates.")
    for rows in grouped(book.rows[table], lambda row: (row.program_id, row.distributor_id)).values():
        kept = keep_one(book, table, rows) if len(rows) > 1 else rows
        for row, other in overlapping(kept, lambda row: (row.starts_on, row.ends_on)):
            message = f"The enrollment of {row.distributor_id} in {row.program_id} overlaps with row {other.row}."
            book.reject("OVERLAPPING_ENROLLMENT", table, row, "Starts On", message, "End the earlier row the day before the later one starts.")


# ---- ids that must exist


_PROGRAM_ID = BY_NAME["Tiers"].columns[0]


def _not_known(book: Book, column: Column, value: str) -> str:
    row = book.left_out[column.refers_to].get(value)
    word = "program" if column.refers_to == "Programs" else "distributor"
    if row is not None:
        return f'{word.capitalize()} "{value}" is left out because of an error (row {row} of {column.refers_to}).'
    return f'There is no {word} "{value}" in {column.refers_to}.'


def _remedy(book: Book, column: Column, value: str, otherwise: str) -> str:
    """What to do about an id that is not known: where its own row has an error, that row is to be mended, not this one."""
    row = book.left_out[column.refers_to].get(value)
    return f"Mend row {row} of {column.refers_to}." if row is not None else otherwise


def check_references(book: Book) -> bool:
    """Every program and distributor that a row names must be one that can be used; True when a row was left out."""
    rejected = False
    for table in TABLES:
        if table.row_model is None or table.name == "Distributors":
            continue
        for column in (column for column in table.columns if column.refers_to):
            known = book.ids(column.refers_to)
            code = "UNKNOWN_PROGRAM" if column.refers_to == "Programs" else "UNKNOWN_DISTRIBUTOR"
            for row in [row for row in book.rows[table.name] if getattr(row, column.field) and getattr(row, column.field) not in known]:
                value = getattr(row, column.field)
                message, remedy = _not_known(book, column, value), _remedy(book, column, value, f"Add it to {column.refers_to}, or correct the id.")
                if table.name in ANSWERED_LATER:
                    _say_once(book, code, table.name, row, column.header, message, remedy)
                elif table.name not in REFERENCE_KEPT:
                    book.reject(code, table.name, row, column.header, message, remedy)
                    rejected = True
    return rejected


def _say_once(book: Book, code: str, table: str, row: Any, column: str, message: str, remedy: str) -> None:
    if not any((one.code, one.table, one.row, one.column) == (code, table, row.row, column) for one in book.problems):
        book.say(code, table, row, column, message, remedy, Severity.WARNING)


def check_scope_values(book: Book) -> None:
    """A scope that names what nobody has matches nothing: usually a typing error."""
    products, distributors = book.rows["Products"], book.rows["Distributors"]
    values = {
        m.Dimension.SKU: {row.sku for row in products},
        m.Dimension.CATEGORY: {row.category for row in products},
        m.Dimension.BRAND: {row.brand for row in products},
        m.Dimension.DISTRIBUTOR: {row.distributor_id for row in distributors},
        m.Dimension.REGION: {row.region for row in distributors},
        m.Dimension.SEGMENT: {row.segment for row in distributors},
    }
    for row in book.rows["Scopes"]:
        if row.dimension in values and row.value not in values[row.dimension]:
            message = f'No {"product" if row.dimension in list(values)[:3] else "distributor"} has the {row.dimension} "{row.value}".'
            book.say("UNKNOWN_SCOPE_VALUE", "Scopes", row, "Value", message, "Check its spelling, capitals included.", Severity.WARNING)


# ---- single tables


def check_special_prices(book: Book) -> None:
    """Dates in order; of two rows that match alike nobody can tell which price counts."""
    table = "Special Prices"
    for row in list(book.rows[table]):
        if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
            message = f"Valid To {row.valid_to} is before Valid From {row.valid_from}."
            book.reject("PRICE_ENDS_BEFORE_START", table, row, "Valid To", message, "Correct one of the dates.")
    for rows in grouped(book.rows[table], lambda row: (row.program_id, row.sku, row.distributor_id, row.end_customer)).values():
        kept = keep_one(book, table, rows) if len(rows) > 1 else rows
        for row, other in overlapping(kept, lambda row: (row.valid_from, row.valid_to)):
            message = f"The price matches the same claims as row {other.row}."
            book.reject("SPECIAL_PRICE_CLASH", table, row, "SKU", message, "Let their dates not overlap, or name an end customer.")


def check_payments(book: Book) -> None:
    """One participant, amount and reference under two payment ids looks like one payment booked twice."""
    with_reference = [row for row in book.rows["Payments"] if row.reference]
    for rows in grouped(with_reference, lambda row: (row.participant_id, row.amount, row.reference)).values():
        payments = list(dict.fromkeys(row.payment_id for row in rows))
        for row in rows if len(payments) > 1 else ():
            message = f"{row.participant_id}, {row.amount:,} and reference {row.reference} stand under {' and '.join(payments)}."
            book.say("PAID_TWICE", "Payments", row, "Reference", message, "Remove one of them if it is the same payment.", Severity.WARNING)


def check_disputes(book: Book) -> None:
    """A dispute names what it is about, and a resolved one how it ended, not before it was opened."""
    table = "Disputes"
    for row in list(book.rows[table]):
        if not row.figure_id and not row.invoice_number:
            message, remedy = "The dispute names neither a figure nor an invoice.", "Fill in Figure ID or Invoice Number."
            book.reject("DISPUTE_WITHOUT_SUBJECT", table, row, "Figure ID", message, remedy)
        elif row.status is m.DisputeStatus.RESOLVED and row.resolution is None:
            message, remedy = "The dispute is resolved, but how is not said.", "Choose a Resolution, or another Status."
            book.reject("RESOLUTION_MISSING", table, row, "Resolution", message, remedy)
        elif row.resolution in (m.Resolution.ACCEPTED, m.Resolution.ADJUSTED) and not row.figure_id:
            message, remedy = "The dispute changes a figure, but names none.", "Fill in Figure ID as it stands on the statement."
            book.reject("DISPUTE_WITHOUT_FIGURE", table, row, "Figure ID", message, remedy)
        elif row.resolved_on is not None and row.resolved_on < row.opened_on:
            message = f"The dispute was resolved on {row.resolved_on}, before it was opened on {row.opened_on}."
            book.reject("RESOLVED_BEFORE_OPENED", table, row, "Resolved On", message, "Correct Resolved On, or Opened On.")
