"""The cell functions on a workbook: the first argument is the handle that REBATE_BOOK gives. Thin: `book`, `answers` and `book_tables` do the work.

What they need (Arrow, DuckDB) is loaded with the first call and not with the add-in, which must be there in a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

from .arguments import NUM, VALUE, first_error, single
from .model import CellError
from .words import key

if TYPE_CHECKING:
    from .answers import Answers
    from .book import Book

NO_TABLE: Any = None  # an optional table that is not there
YEARS = range(1900, 2201)
WHOLE_LIMIT = 10**15  # beyond it a cell does not hold every whole number
_PLAIN = frozenset((str, float, int, type(None)))
Table = list[list[Any]]


def rebate_book(
    programs: Table,
    tiers: Table,
    distributors: Table,
    products: Table,
    transactions: Table,
    enrollments: Table = NO_TABLE,
    scopes: Table = NO_TABLE,
    settings: Table = NO_TABLE,
    baselines: Table = NO_TABLE,
    forecasts: Table = NO_TABLE,
    exchange_rates: Table = NO_TABLE,
    claims: Table = NO_TABLE,
    payments: Table = NO_TABLE,
    disputes: Table = NO_TABLE,
    ledger: Table = NO_TABLE,
    special_prices: Table = NO_TABLE,
    adjustments: Table = NO_TABLE,
    accounts: Table = NO_TABLE,
    control_totals: Table = NO_TABLE,
) -> Any:
    """The handle of a book: text with counts and a content hash, which changes exactly when a table or a file does.

    Each argument is a range with its header row; `transactions` may be the path of Parquet or CSV files instead.
    """
    given = dict(locals())
    from .book import open_book

    return open_book(given)


def rebate_accrual(book: str, program: str = "", distributor: str = "", as_of: str = "") -> Any:
    """What should be recognised by the as-of date, before settlements; an omitted program or distributor means all."""
    from .answers import ACCRUED

    return _figure(ACCRUED, book, program, distributor, "", as_of)


def rebate_earned(book: str, program: str = "", distributor: str = "", period: str = "", as_of: str = "") -> Any:
    """What was earned by the as-of date; an omitted period means all that have begun."""
    from .answers import EARNED

    return _figure(EARNED, book, program, distributor, period, as_of)


def rebate_payable(book: str, program: str = "", distributor: str = "", as_of: str = "") -> Any:
    """What is due by the as-of date and not settled, never below 0."""
    from .answers import PAYABLE

    return _figure(PAYABLE, book, program, distributor, "", as_of)


def rebate_attainment(book: str, program: str, distributor: str, as_of: str = "", show: str = "Tier") -> Any:
    """One thing of the participant's row of Attainment: Tier, Rate, Measure, Target, Percent, To Next, Next Value, Forecast, ..

    The row is that of the period that holds the as-of date, else of the last one. #N/A for a parent of several participants.
    """
    found = _open(book)
    text = single(show, "show")
    if isinstance(found, CellError) or isinstance(text, CellError):
        return first_error(found, text)
    from .attained import SHOWN, shown_of

    wanted = SHOWN.get(key(text)) if isinstance(text, str) and text.strip() else "Tier" if text is None or text == "" else None
    if wanted is None:
        return CellError(VALUE, f"show: give one of {', '.join(SHOWN.values())}")

    def compute(answers: Answers, program_id: str, distributor_id: str, period: str) -> Any:
        return shown_of(answers, program_id, distributor_id, wanted)

    return _asked(found, f"attainment {wanted}", program, distributor, "", as_of, compute, needed=True)


def rebate_claim(book: str, claim_id: str, show: str = "Status", distributor: str = "") -> Any:
    """One thing of a claim: Status, Claimed, Calculated, Approved, Paid, Reasons or Remedy.

    Several lines sum their amounts and show the worst status. #N/A for a claim that is not there, #VALUE! when two
    distributors use the id and none is given.
    """
    found, claim, text = _open(book), id_of(claim_id, "claim_id"), single(show, "show")
    if isinstance(found, CellError) or isinstance(claim, CellError) or isinstance(text, CellError):
        return first_error(found, claim, text)
    from .claim_results import SHOWN, claim_value

    names = {key(name): name for name in SHOWN}
    wanted = names.get(key(text)) if isinstance(text, str) and text.strip() else SHOWN[0] if text is None or text == "" else None
    if wanted is None:
        return CellError(VALUE, f"show: give one of {', '.join(SHOWN)}")
    if not claim:
        return CellError(VALUE, "claim_id: give an id")

    def compute(answers: Answers, program_id: str, distributor_id: str, period: str) -> Any:
        return claim_value(answers.run, claim, wanted, distributor_id)

    return _asked(found, f"claim {wanted} {claim}", "", distributor, "", "", compute)


def rebate_table(book: str, name: str, program: str = "", distributor: str = "", as_of: str = "") -> Any:
    """A result table to spill: Attainment, Accruals, Payable, Journal, Roll-Forward, Claims, Coach or Transactions."""
    found = _open(book)
    text = single(name, "name")
    if isinstance(found, CellError) or isinstance(text, CellError):
        return first_error(found, text)
    from .book_tables import NAMES, table

    wanted = next((one for one in NAMES if isinstance(text, str) and key(one) == key(text)), None)
    if wanted is None:
        return CellError(VALUE, f"name: give one of {', '.join(NAMES)}")

    def compute(answers: Answers, program_id: str, distributor_id: str, period: str) -> Any:
        return table(answers, wanted, program_id, distributor_id, _date_1904())

    return _asked(found, "", program, distributor, "", as_of, compute)


def rebate_explain(book: str, program: str, distributor: str, period: str = "", as_of: str = "") -> Any:
    """How a figure came about, to spill: step, detail, quantity, rate, amount; the last row is what REBATE_EARNED gives."""
    found = _open(book)
    if isinstance(found, CellError):
        return found
    from .book_tables import explain

    def compute(answers: Answers, program_id: str, distributor_id: str, wanted: str) -> Any:
        return explain(answers, program_id, distributor_id, wanted, _date_1904())

    return _asked(found, "", program, distributor, period, as_of, compute, needed=True)


def rebate_check(book: str) -> Any:
    """Everything wrong with the book, to spill: severity, code, table, row, column, message, remedy."""
    found = _open(book)
    answers = found if isinstance(found, CellError) else found.at()
    if isinstance(answers, CellError):
        return answers
    from .book_tables import check

    return check(answers, _date_1904())


# ---- from cells to what is asked


def _figure(kind: str, book: Any, program: Any, distributor: Any, period: Any, as_of: Any) -> Any:
    found = _open(book)
    if isinstance(found, CellError):
        return found

    def compute(answers: Answers, program_id: str, distributor_id: str, wanted: str) -> Any:
        return answers.total(kind, program_id, distributor_id, wanted)

    return _asked(found, kind, program, distributor, period, as_of, compute)


def _open(book: Any) -> Book | CellError:
    from .book import resolve

    handle = book if type(book) is str else single(book, "book")
    if isinstance(handle, CellError):
        return handle
    if not isinstance(handle, str):
        return CellError(VALUE, "book: give the cell that holds REBATE_BOOK")
    return resolve(handle)


def _asked(
    book: Book,
    what: str,
    program: Any,
    distributor: Any,
    period: Any,
    as_of: Any,
    compute: Callable[[Answers, str, str, str], Any],
    needed: bool = False,
) -> Any:
    """The answer to a cell; one of `what` (not of a table) is remembered with its arguments, as sheets ask the same again."""
    given = tuple(_plain(each) for each in (program, distributor, period, as_of))
    asked = (what, _date_1904(), *given) if what and all(type(each) in _PLAIN for each in given) else None
    if asked is not None and asked in book.answers:
        return book.answers[asked]
    answer = _computed(book, given, compute, needed)
    return answer if asked is None else book.remember(asked, answer)


def _plain(value: Any) -> Any:
    """A range of one cell as that cell."""
    return single(value, "") if isinstance(value, list) else value


def _computed(book: Book, given: tuple[Any, ...], compute: Callable[[Answers, str, str, str], Any], needed: bool) -> Any:
    program, distributor = id_of(given[0], "program"), id_of(given[1], "distributor")
    period, day = period_of(given[2]), day_of(given[3])
    if isinstance(program, CellError) or isinstance(distributor, CellError) or isinstance(period, CellError) or isinstance(day, CellError):
        return first_error(program, distributor, period, day)
    if needed and not (program and distributor):
        return CellError(VALUE, f"{'distributor' if program else 'program'}: give an id")
    answers = book.at(day)
    if isinstance(answers, CellError):
        return answers
    program_id = answers.program_id(program) if program else ""
    distributor_id = answers.distributor_id(distributor) if distributor else ""
    if isinstance(program_id, CellError) or isinstance(distributor_id, CellError):
        return first_error(program_id, distributor_id)
    with book.lock:
        return _result(compute(answers, program_id, distributor_id, period))


def _result(answer: Any) -> Any:
    """An exact number as the nearest float; texts, tables and errors as they are."""
    if isinstance(answer, (Decimal, Fraction)) or type(answer) is int:
        exact = Fraction(answer)
        return exact.numerator / exact.denominator
    return answer


def _date_1904() -> bool:
    from .book import session

    return session().date_1904


def id_of(value: Any, name: str) -> str | CellError:
    """An id as text: a whole number is its digits, an empty cell (which some hosts hand over as 0) is none.

    >>> id_of(100.0, "program"), id_of(" P-1 ", "program"), id_of(None, "program"), id_of(0.0, "program")
    ('100', 'P-1', '', '')
    """
    cell = single(value, name)
    if cell is None or isinstance(cell, CellError):
        return "" if cell is None else cell
    if isinstance(cell, str):
        return cell.strip()
    whole = _whole(cell)
    return CellError(VALUE, f"{name}: give an id as text or a whole number") if whole is None else str(whole or "")


def period_of(value: Any) -> str | CellError:
    """A period as text: its id, a year, or a day in it (Excel makes a date of 2026-03).

    >>> period_of("2026-Q1"), period_of(2026.0), period_of(46082.0), period_of(date(2026, 3, 1))
    ('2026-Q1', '2026', '2026-03-01', '2026-03-01')
    """
    cell = single(value, "period")
    if cell is None or isinstance(cell, CellError):
        return "" if cell is None else cell
    if isinstance(cell, str):
        return cell.strip()
    if (whole := _whole(cell)) is not None and whole in YEARS:
        return str(whole)
    day = day_of(cell, "period")
    return day if isinstance(day, CellError) else day.isoformat() if day else ""


def day_of(value: Any, name: str = "as_of") -> date | CellError | None:
    """A day: a serial number of the workbook's date system, text yyyy-mm-dd, or a date of Python; an empty cell is none.

    >>> day_of(46112.0), day_of("2026-03-31"), day_of("")
    (datetime.date(2026, 3, 31), datetime.date(2026, 3, 31), None)
    """
    cell = single(value, name)
    if isinstance(cell, str):
        cell = cell.strip() or None
    if cell is None or isinstance(cell, CellError):
        return cell
    if _whole(cell) == 0:  # an empty cell, as some hosts hand it over
        return None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal, str, date, datetime)):
        return CellError(VALUE, f"{name}: give a date")
    if not _finite(cell):
        return CellError(NUM, f"{name}: not a finite number")
    from .parse import Unreadable, date_of

    try:
        return date_of(cell, False if isinstance(cell, (str, date)) else _date_1904())
    except Unreadable as error:
        return CellError(VALUE if isinstance(cell, str) else NUM, f"{name}: {error.message} {error.remedy}")
    except OverflowError:  # a day after 31 December 9999
        return CellError(NUM, f"{name}: there is no such day")


def _whole(cell: Any) -> int | None:
    """The whole number of a cell, None for everything else."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        return None
    if isinstance(cell, int):
        return cell if abs(cell) < WHOLE_LIMIT else None
    return int(cell) if _finite(cell) and -WHOLE_LIMIT < cell < WHOLE_LIMIT and cell == int(cell) else None


def _finite(cell: Any) -> bool:
    return cell.is_finite() if isinstance(cell, Decimal) else not isinstance(cell, float) or isfinite(cell)
