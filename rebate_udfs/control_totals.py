"""What the accounting system reports for a month against the transactions of that month: a difference stops a close.

By Invoice Date, in Base Currency, each transaction at the rate of its day. Source: domain.md section 2, "Control Totals".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .exchange import MissingRate, Rates
from .model import ControlTotal, Problem, Severity, Tables
from .money import amount_text, money, with_cents
from .periods import accounting_period
from .stored_inputs import lines_table

CODE = "CONTROL_TOTAL"


def control_problems(tables: Tables, by: date | None = None) -> Iterator[Problem]:
    """An error for each control total that the transactions do not give; `by`: only of periods begun by a day."""
    if not tables.control_totals or tables.lines is None:
        return
    amounts, rows = _sums(tables)
    current = accounting_period(by, tables.settings).period_id if by else None
    for total in tables.control_totals:
        if current is not None and total.accounting_period > current:
            continue
        at = (total.accounting_period, total.source)
        yield from _compare(total, amounts.get(at, Fraction(0)), rows.get(at, 0), tables)


def _compare(total: ControlTotal, amount: Fraction, rows: int, tables: Tables) -> Iterator[Problem]:
    currency = tables.settings.base_currency
    ours = money(amount, currency, tables.settings.rounding)
    remedy = "import what is missing, or correct the control total; the transactions left out are on the sheet Check"
    whose = f"{total.accounting_period}" + (f" from {total.source}" if total.source else "")
    if ours != total.amount:
        message = (
            f"{whose}: the transactions add up to {amount_text(ours, currency)}, the control total is {with_cents(total.amount, currency):,} "
            f"(difference {with_cents(ours - total.amount, currency):,})"
        )
        yield Problem(Severity.ERROR, CODE, "Control Totals", total.row or None, "Amount", message, remedy)
    if total.rows is not None and rows != total.rows:
        message = f"{whose}: there are {rows:,} transactions, the control total says {total.rows:,}"
        yield Problem(Severity.ERROR, CODE, "Control Totals", total.row or None, "Rows", message, remedy)


def _sums(tables: Tables) -> tuple[dict[tuple[str, str], Fraction], dict[tuple[str, str], int]]:
    """Amount in Base Currency and rows by accounting period and source; source "" holds all of them."""
    assert tables.lines is not None
    rates = Rates(tables.settings.base_currency, tables.exchange_rates)
    unit = Fraction(1, 10**tables.lines.amount_places)
    own = {row.distributor_id: row.currency for row in tables.distributors if row.currency}
    keys = ["invoice_date", "currency", "distributor_id", "source"]
    table = lines_table(tables.lines).group_by(keys).aggregate([("amount", "sum"), ("amount", "count")])
    amounts: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    rows: dict[tuple[str, str], int] = defaultdict(int)
    periods: dict[date, str] = {}
    for row in table.to_pylist():
        day = row["invoice_date"]
        if day not in periods:
            periods[day] = accounting_period(day, tables.settings).period_id
        currency = row["currency"] or own.get(row["distributor_id"], "") or tables.settings.base_currency
        rate = rates.in_base(currency, day)
        amount = Fraction(0) if isinstance(rate, MissingRate) else Fraction(Decimal(row["amount_sum"])) * unit * rate
        for source in {"", row["source"] or ""}:
            amounts[periods[day], source] += amount
            rows[periods[day], source] += row["amount_count"]
    return amounts, rows
