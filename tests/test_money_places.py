"""Money is shown with all places of its currency, also where somebody typed fewer and sums have lost their zeros."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from closebooks import ledger_of, load, rebates, run, write_book

from rebate_udfs import actions, terminal
from rebate_udfs.hosts import web_tables
from rebate_udfs.model import ResultColumn, ResultTable, Run
from rebate_udfs.money import places_of
from rebate_udfs.pipeline import run as compute
from rebate_udfs.reconcile import Difference, Entry, Match, Reconciliation, table
from rebate_udfs.report import report

D = Decimal
CURRENCIES = ("USD", "JPY", "KWD")  # two, no and three places
PROGRAMS = [{"Program ID": f"P-{one}", "Period": "Quarter", "Currency": one, "Accrual Policy": "Attained", "Payment Terms Days": 10,
             "Tiers": [[0, "1 %"]]} for one in CURRENCIES]  # fmt: skip
RATES = [{"Currency": "JPY", "Valid From": date(2026, 1, 1), "Rate": "0.01"}, {"Currency": "KWD", "Valid From": date(2026, 1, 1), "Rate": "3"}]
SALES = [[date(2026, 1, 10), "A", "F", 1, "100,000", {"Currency": one}] for one in CURRENCIES]
KINDS = ("Adjustment", "Write-Off", "Opening")
TYPED = "1507.5"  # as a cell has it: a number keeps no zeros behind the point


def figure(currency: str) -> dict[str, Any]:
    return {"Program ID": f"P-{currency}", "Participant ID": "A", "Period": "2026-Q1"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Amounts of all kinds with fewer places than their currency has; yen are whole."""
    adjusted = [
        {**figure(one), "Adjustment ID": f"{kind} {one}", "Kind": kind, "Dated On": date(2026, 1, 20), "Reason": "agreed",
         "Amount": "-7" if one == "JPY" else f"-{TYPED}"}
        for one in CURRENCIES for kind in KINDS
    ]  # fmt: skip
    paid = [{**figure(one), "Payment ID": f"X-{one}", "Paid On": date(2026, 1, 25), "Amount": "5" if one == "JPY" else "10.5"} for one in CURRENCIES]
    disputed = [
        {"Dispute ID": f"D-{one}", "Opened On": date(2026, 1, 22), "Distributor ID": "A", "Figure ID": f"P-{one}/A/2026-Q1/earned", "Reason": "less",
         "Disputed Amount": "5" if one == "JPY" else "0.5"}
        for one in CURRENCIES
    ]  # fmt: skip
    tables = {"Adjustments": adjusted, "Payments": paid, "Disputes": disputed, "Exchange Rates": RATES}
    return write_book(tmp_path / "book.xlsx", PROGRAMS, SALES, settings={"As Of": date(2026, 4, 30)}, **tables)


def short(found: ResultTable) -> Iterator[str]:
    """Cells of money with fewer places than their currency; a column is in the currency of its header, else of its row."""
    at = next((index for index, column in enumerate(found.columns) if column.field == "currency"), None)
    for row in found.rows:
        for cell, column in zip(row, found.columns, strict=True):
            if column.kind != "money" or not isinstance(cell, Decimal):
                continue
            named = [one for one in CURRENCIES if f"({one})" in column.header]
            currency = named[0] if named else "USD" if column.field == "base_amount" else row[at] if at is not None else ""
            assert currency, f"{found.name}: nobody knows the currency of {column.header}"
            if -int(cell.as_tuple().exponent) < places_of(currency):
                yield f"{found.name}, {column.header}: {currency} {cell}"


def test_every_result_sheet_shows_whole_money(book: Path) -> None:
    found: Run = compute(load(book))
    tables = report(found)
    assert {"Accruals", "Payable", "Aging", "Journal", "Dispute Check"} <= {one.name for one in tables}
    assert [line for one in tables for line in short(one)] == []


def test_what_a_close_would_post_shows_whole_money_in_its_currency_and_in_base_currency(book: Path) -> None:
    closing = actions.close_period(load(book), "2026-01", ledger_of(book))
    (totals,) = closing.tables
    amounts = {(row[1], row[5]): (str(row[4]), str(row[6])) for row in totals.rows}
    assert amounts["Adjustment", "USD"] == ("-1507.50", "-1507.50")
    assert amounts["Adjustment", "KWD"] == ("-1507.500", "-4522.50")
    assert amounts["Adjustment", "JPY"] == ("-7", "-0.07")
    assert list(short(totals)) == []


def test_the_terminal_shows_it_so(book: Path) -> None:
    done = rebates("close", book, "2026-01", input_text="n\n")
    (line,) = [line for line in done.stdout.splitlines() if "P-USD" in line and "Write-Off" in line]
    assert line.count("(1,507.50)") == 2, done.stdout
    assert "(1,507.500)" in done.stdout and "(7)" in done.stdout
    shown = run("run", str(book), "--out", str(book.with_name("out.xlsx")))
    figures = next(line for line in shown.splitlines() if line.startswith("P-KWD"))
    assert "1,336.667" in figures, "thousandths of a dinar"


def test_so_does_the_task_pane_also_where_no_row_has_its_zeros(tmp_path: Path) -> None:
    typed = [{**figure("USD"), "Adjustment ID": "J", "Kind": "Write-Off", "Dated On": date(2026, 1, 20), "Reason": "agreed", "Amount": f"-{TYPED}"}]
    book = write_book(
        tmp_path / "book.xlsx", PROGRAMS[:1], [[date(2026, 1, 10), "A", "F", 1, 0]], settings={"As Of": date(2026, 1, 31)}, Adjustments=typed
    )
    (totals,) = actions.close_period(load(book), "2026-01", ledger_of(book)).tables
    formats = {one["field"]: one["format"] for one in web_tables.result(totals, None)["columns"]}
    assert formats["amount"] == formats["base_amount"] == '#,##0.00_);(#,##0.00);"-"_)'


def test_the_transactions_of_an_explanation_and_its_title(book: Path) -> None:
    lines, steps = actions.explain(load(book), "P-KWD", "A").tables
    assert list(short(lines)) == [] and lines.rows
    assert steps.title == "P-KWD/A/2026-Q1/earned: KWD 1,336.667 earned, 1,336.667 accrued"


def test_money_at_stake_is_whole() -> None:
    entry = Entry("T1", date(2026, 1, 10), "A", "F", Fraction(1), Fraction(100), "Invoice", "INV-1", "1", 2)
    found = table(Reconciliation(0, (Difference(entry, None, Match.NONE, (), {"USD": D("1.5")}),), (1, 0), {"USD": D("1.5")}), ("a", "b"))
    assert found.notes[-1] == "All differences together: USD 1.50." and str(found.rows[0][-1]) == "1.50"


def test_the_points_of_currencies_with_other_places_stand_in_one_line() -> None:
    columns = (ResultColumn("Amount", "money", "amount"), ResultColumn("Currency", "text", "currency"))
    rows = ((D("-1507.50"), "USD"), (D("12"), "JPY"), (D("1.250"), "KWD"))
    printed = terminal.console()
    with printed.capture() as capture:
        printed.print(terminal.result(ResultTable("", "", columns, rows)))
    usd, jpy, kwd = (next(line for line in capture.get().splitlines() if one in line) for one in CURRENCIES)
    assert usd.index(".") == kwd.index(".") == jpy.index("12") + 2
    assert "(1,507.50)" in usd and "1.250 " in kwd
