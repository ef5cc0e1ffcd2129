"""What is doubtful about a run although it was computed: lines that fell back, came late or could not be decided; rows that name no figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from .agreements import Agreement
from .counting import Counted
from .facts import Slot
from .model import Adjustment, DateBasis, Dispute, Payment, Problem, Returns, Severity, Tables
from .periods import find_period

BASIS_COLUMN = {DateBasis.ORDER: "Order Date", DateBasis.SHIP: "Ship Date", DateBasis.POSTED: "Posted On"}


def line_doubts(tables: Tables, programs: Sequence[Agreement], counted: Counted) -> Iterator[Problem]:
    """What the lines themselves leave open, counted by program or date basis."""
    for basis, measured in counted.measured.items():
        users = [each for each in programs if each.program.date_basis is basis]
        if measured.undated and basis in BASIS_COLUMN:
            column = BASIS_COLUMN[basis]
            message = f"{measured.undated:,} transactions have no {column}; {_ids(users)} count them on their Invoice Date"
            yield _warning("DATE_BASIS_EMPTY", "Transactions", column, message, f"fill in {column}, or set Date Basis to Invoice")
        by_original = [each for each in users if each.program.returns is Returns.ORIGINAL_PERIOD]
        if measured.returns_alone and by_original:
            message = f"{measured.returns_alone:,} returns and credit notes name no known original; {_ids(by_original)} count them on their own date"
            yield _warning("RETURN_WITHOUT_ORIGINAL", "Transactions", "Original Transaction ID", message, "give the Transaction ID of the sale")
    for each in programs:
        measured_ = counted.measured.get(each.program.date_basis)
        number = counted.numbers.get(each.program_id, -1)
        if measured_ is None:
            continue
        if number in measured_.lost and tables.lines:
            lost = measured_.lost[number]
            money = Decimal(lost.amount).scaleb(-tables.lines.amount_places)
            message = f"{each.program_id}: {lost.rows:,} returns of counted sales came after the claim window; {money:,} as invoiced is not deducted"
            yield _warning("RETURN_AFTER_CLAIM_WINDOW", "Transactions", "Invoice Date", message, "adjust the figure by hand if it is material", each)
        if measured_.unknown_skus.get(number):
            rows = measured_.unknown_skus[number]
            message = f"{each.program_id}: {rows:,} transactions have an SKU without a product (category and brand unknown) and are left out"
            remedy = "add the SKU to Products"
            yield Problem(Severity.ERROR, "SKU_NOT_IN_PRODUCTS", "Transactions", None, "SKU", message, remedy, each.program_id)


def _ids(programs: Sequence[Agreement]) -> str:
    return ", ".join(sorted(each.program_id for each in programs))


def _warning(code: str, table: str, column: str, message: str, remedy: str, agreement: Agreement | None = None) -> Problem:
    return Problem(Severity.WARNING, code, table, None, column, message, remedy, agreement.program_id if agreement else "")


def part_periods(slots: Iterable[Slot]) -> Iterator[Problem]:
    """An enrollment that covers less than a period: the accrual knows it, thresholds are not prorated."""
    for slot in slots:
        days = sum((last - first).days + 1 for first, last in slot.days)
        if slot.agreement.enrollments and days < slot.period.days:
            agreement = slot.agreement
            figures = agreement.figures(slot.participant_id, slot.period)
            message = f"{agreement.program_id}: {slot.participant_id} takes part on {days} of the {slot.period.days} days of {slot.period.period_id}"
            remedy = "thresholds are those of the whole period; change them or the dates if that is not meant"
            row = figures.row if figures else None
            code, table = "ENROLLMENT_PART_OF_PERIOD", "Enrollments"
            yield Problem(Severity.WARNING, code, table, row or None, "Starts On", message, remedy, agreement.program_id)


def unknown_figures(programs: Sequence[Agreement], slots: Iterable[Slot], tables: Tables, as_of: date) -> Iterator[Problem]:
    """Payments, adjustments and disputes on a figure that the book does not have: they would be lost."""
    known = {each.program_id: each for each in programs}
    keys = {(slot.agreement.program_id, slot.participant_id, slot.period.period_id) for slot in slots}
    drafted = {program.program_id for program in tables.programs} - set(known)
    rows: list[tuple[str, Payment | Adjustment]] = [("Payments", row) for row in tables.payments]
    rows += [("Adjustments", row) for row in tables.adjustments]
    for table, row in rows:
        agreement = known.get(row.program_id)
        dated_on = row.paid_on if isinstance(row, Payment) else row.dated_on
        if dated_on and dated_on > as_of:
            continue  # not looked at yet
        if agreement is None:
            if row.program_id in drafted:
                yield _unknown(table, row.row, "Program ID", f"{row.program_id} is not computed, so the row has no figure", row.program_id)
            continue
        period = find_period(row.period, agreement.periods)
        if period and period.starts_on > as_of:
            continue  # it has no figure yet
        if period is None or (row.program_id, row.participant_id, period.period_id) not in keys:
            figure = f"{row.program_id}/{row.participant_id}/{period.period_id if period else row.period}"
            yield _unknown(table, row.row, "Period" if period is None else "Participant ID", f"there is no figure {figure}", row.program_id)
    for dispute in tables.disputes:
        if dispute.figure_id and tuple(dispute.figure_id.split("/")[:3]) not in keys:
            yield _dispute(dispute)


def _unknown(table: str, row: int, column: str, message: str, program_id: str) -> Problem:
    remedy = "use program, participant and period as they stand on the Attainment sheet"
    return Problem(Severity.ERROR, "UNKNOWN_FIGURE", table, row or None, column, f"{message}; the row counts nowhere", remedy, program_id)


def _dispute(dispute: Dispute) -> Problem:
    return _unknown("Disputes", dispute.row, "Figure ID", f"there is no figure {dispute.figure_id}", dispute.figure_id.split("/")[0])
