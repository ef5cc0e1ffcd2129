"""The cell functions on a workbook, as an analyst types them: figures, shares of branches, periods, currencies, errors."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import cells
import pytest
from cells import code, handle
from hypothesis import given, settings
from hypothesis import strategies as st
from smallbooks import raw_book

from rebate_udfs import book as books
from rebate_udfs import registry
from rebate_udfs.book import Session, acting_as
from rebate_udfs.calls import OMITTED, call
from rebate_udfs.functions import (
    rebate_accrual,
    rebate_attainment,
    rebate_check,
    rebate_earned,
    rebate_explain,
    rebate_payable,
    rebate_table,
)  # fmt: skip
from rebate_udfs.model import CellError

own_session = cells.own_session  # the fixture
GROUP = [
    {"Distributor ID": "TOP"},
    {"Distributor ID": "NORTH", "Parent ID": "TOP"},
    {"Distributor ID": "SOUTH", "Parent ID": "TOP"},
    {"Distributor ID": "ALONE"},
    {"Distributor ID": "IDLE"},
]
SALES = [
    [date(2026, 1, 10), "NORTH", "A", 10, "1,000.00"],
    [date(2026, 2, 10), "SOUTH", "A", 5, "500.00"],
    [date(2026, 2, 20), "TOP", "B", 5, "500.01"],
    [date(2026, 4, 10), "NORTH", "A", 30, "3,000.00"],
    [date(2026, 4, 15), "ALONE", "A", 20, "2,000.00"],
]
PARENT = {"Program ID": "P-1", "Period": "Quarter", "Accrual Policy": "Attained", "Tiers": [[1000, "2 %"], [3000, "4 %"]]}
BRANCH = {"Program ID": "P-2", "Period": "Quarter", "Aggregate By": "Branch", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"]]}
LATER = {"Program ID": "P-3", "Starts On": date(2027, 1, 1), "Ends On": date(2027, 12, 31), "Tiers": [[0, "1 %"]]}
DRAFT = {"Program ID": "P-4", "Status": "Draft", "Tiers": [[0, "1 %"]]}
WRONG = {"Program ID": "P-5", "Tiers": [[0, 4]]}
SETTINGS = {"As Of": date(2026, 4, 30)}


@pytest.fixture
def book() -> str:
    return handle(raw_book([PARENT, BRANCH, LATER, DRAFT, WRONG], SALES, distributors=GROUP, settings=SETTINGS))


# ---- whose figure


def test_a_participant_has_its_whole_figure_and_a_branch_its_share(book: str) -> None:
    # quarter 1: 2,000.01 x 2 % = 40.00; by base: NORTH 1,000.00, SOUTH 500.00, TOP's own 500.01
    assert rebate_earned(book, "P-1", "TOP", "2026-Q1") == 40.00
    assert rebate_earned(book, "P-1", "NORTH", "2026-Q1") == 20.00
    assert rebate_earned(book, "P-1", "SOUTH", "2026-Q1") == 10.00
    # quarter 2: 3,000.00 x 4 %, all of it NORTH's
    assert rebate_earned(book, "P-1", "TOP", "2026-Q2") == rebate_earned(book, "P-1", "NORTH", "2026-Q2") == 120.00
    assert rebate_earned(book, "P-1", "NORTH") == rebate_accrual(book, "P-1", "NORTH") == 140.00


def test_omitted_means_all(book: str) -> None:
    # P-1: 40.00 + 120.00 + 2,000.00 x 2 %; P-2: 1 % of every branch's quarter
    assert rebate_earned(book, "P-1") == 200.00
    assert rebate_earned(book, "P-2") == 70.00
    assert rebate_earned(book) == rebate_accrual(book) == rebate_accrual(book, None, "") == 270.00
    assert rebate_earned(book, "", "ALONE") == rebate_earned(book, distributor="ALONE") == 60.00
    assert rebate_earned(book, period="2026-Q2") == 120.00 + 40.00 + 30.00 + 20.00


def test_a_parent_of_participants_has_the_sum_of_their_figures(book: str) -> None:
    assert rebate_earned(book, "P-2", "TOP") == 50.00
    assert rebate_earned(book, "P-2", "NORTH") == 40.00
    assert code(rebate_attainment(book, "P-1", "NOBODY")) == "#N/A"


def test_several_participants_have_no_tier_together() -> None:
    sales = [row for row in SALES if row[1] != "TOP"]
    book = handle(raw_book(BRANCH, sales, distributors=GROUP, settings=SETTINGS))
    assert code(rebate_attainment(book, "P-2", "TOP")) == "#N/A"
    assert rebate_attainment(book, "P-2", "NORTH") == 1.0


def test_a_branch_that_moves_takes_its_lines_along_by_date() -> None:
    moved = [
        {"Distributor ID": "OLD"},
        {"Distributor ID": "NEW"},
        {"Distributor ID": "B", "Parent ID": "OLD", "Member To": date(2026, 2, 28)},
        {"Distributor ID": "B", "Parent ID": "NEW", "Member From": date(2026, 3, 1)},
    ]
    sales = [[date(2026, 1, 5), "B", "A", 1, "100.00"], [date(2026, 1, 6), "OLD", "A", 1, "300.00"], [date(2026, 3, 5), "B", "A", 1, "200.00"]]
    year = {"Program ID": "P", "Period": "Year", "Accrual Policy": "Attained", "Tiers": [[0, "10 %"]]}
    by_parent = handle(raw_book(year, sales, distributors=moved, settings=SETTINGS))
    assert [rebate_earned(by_parent, "P", one) for one in ("OLD", "NEW", "B")] == [40.00, 20.00, 30.00]
    by_branch = handle(raw_book({**year, "Aggregate By": "Branch"}, sales, distributors=moved, settings=SETTINGS))
    assert [rebate_earned(by_branch, "P", one) for one in ("OLD", "NEW", "B")] == [40.00, 20.00, 30.00]


# ---- what a cell may ask for


def test_attainment_shows_each_thing(book: str) -> None:
    shown = {name: rebate_attainment(book, "P-1", "TOP", show=name) for name in
             ("Tier", "Rate", "Measure", "To Next", "Next Value", "Forecast", "Forecast Tier", "Accrual Tier", "Status")}  # fmt: skip
    assert shown == {
        "Tier": 2.0, "Rate": 0.04, "Measure": 3000.0, "To Next": 0.0, "Next Value": 0.0, "Forecast": 3000 * 91 / 30, "Forecast Tier": 2.0,
        "Accrual Tier": 2.0, "Status": "Top Tier",
    }  # fmt: skip
    assert rebate_attainment(book, "P-1", "SOUTH", show="measure") == 3000.0, "a branch looks at its participant's row"
    assert rebate_attainment(book, "P-1", "ALONE", show="to-next") == 1000.0
    assert rebate_attainment(book, "P-1", "ALONE", show="NEXT_VALUE") == 80.0
    assert rebate_attainment(book, "P-1", "TOP", "2026-03-31", "Tier") == 1.0
    assert code(rebate_attainment(book, "P-1", "TOP", show="Target")) == "#N/A"
    assert code(rebate_attainment(book, "P-1", "TOP", show="Mood")) == "#VALUE!"
    assert code(rebate_attainment(book, "", "TOP")) == code(rebate_attainment(book, "P-1", None)) == "#VALUE!"


def test_target_and_percent_of_target() -> None:
    program = {"Program ID": "P", "Period": "Quarter", "Tiers On": "Percent of Target", "Tiers": [["90 %", "2 %"], [1, "3 %"]]}
    enrolled = [{"Program ID": "P", "Distributor ID": "TOP", "Target": 4000}]
    book = handle(raw_book(program, SALES, distributors=GROUP, settings=SETTINGS, Enrollments=enrolled))
    assert rebate_attainment(book, "P", "TOP", show="Target") == 4000.0
    assert rebate_attainment(book, "P", "TOP", show="Percent") == 0.75
    assert rebate_attainment(book, "P", "TOP", show="To Next") == 600.0
    assert rebate_attainment(book, "P", "IDLE", show="Status") == "No Target"


def test_a_known_pair_without_purchases_is_zero_and_an_unknown_id_is_not(book: str) -> None:
    assert rebate_earned(book, "P-1", "IDLE") == rebate_accrual(book, "P-1", "IDLE") == rebate_payable(book, "P-1", "IDLE") == 0.0
    assert rebate_attainment(book, "P-1", "IDLE") == 0.0
    assert rebate_attainment(book, "P-1", "IDLE", show="To Next") == 1000.0
    assert rebate_attainment(book, "P-1", "IDLE", show="Status") == "No Purchases"
    assert rebate_attainment(book, "P-3", "TOP", show="Status") == "Not Started"
    assert rebate_attainment(book, "P-3", "TOP") == rebate_earned(book, "P-3") == rebate_earned(book, "P-4") == 0.0
    for result in (
        rebate_earned(book, "P-9"),
        rebate_earned(book, "P-1", "NORTHH"),
        rebate_accrual(book, "", "NORTHH"),
        rebate_table(book, "Coach", "P-9"),
    ):
        assert code(result) == "#N/A"


def test_a_program_that_cannot_be_computed_is_no_zero(book: str) -> None:
    assert code(rebate_earned(book, "P-5")) == code(rebate_attainment(book, "P-5", "TOP")) == "#N/A"
    assert any(row[1] for row in rebate_check(book)[1:] if "P-5" in row[5])


@pytest.mark.parametrize("period", ["2026-Q1", "2026-q1", " 2026-Q1 ", "2026-02-10", date(2026, 3, 31), 46082.0, [[46082.0]]])
def test_a_period_is_an_id_or_a_day_in_it(book: str, period: Any) -> None:
    assert rebate_earned(book, "P-1", "TOP", period) == 40.00


def test_years_and_periods_that_nobody_has(book: str) -> None:
    yearly = handle(raw_book({**PARENT, "Period": "Year"}, SALES, distributors=GROUP, settings=SETTINGS))
    assert (
        rebate_earned(yearly, "P-1", "TOP", 2026.0)
        == rebate_earned(yearly, "P-1", "TOP", "2026")
        == rebate_earned(yearly, "P-1", "TOP", 2026)
        == 200.00
    )
    assert code(rebate_earned(book, "P-1", "TOP", 2026)) == code(rebate_earned(book, "P-1", "TOP", "2026-H1")) == "#N/A"
    assert rebate_earned(book, "P-1", "TOP", "2026-Q4") == 0.0, "a period that has not begun"
    assert code(rebate_earned(book, "P-1", "TOP", 5.0)) == "#NUM!"


@pytest.mark.parametrize("as_of", ["2026-03-31", 46112.0, 46112, Decimal(46112), date(2026, 3, 31), [["2026-03-31"]]])
def test_an_as_of_date_is_a_serial_number_a_text_or_a_date(book: str, as_of: Any) -> None:
    assert rebate_earned(book, "P-1", "TOP", as_of=as_of) == rebate_accrual(book, "P-1", "TOP", as_of) == 40.00


def test_a_bad_date_is_an_error(book: str) -> None:
    assert code(rebate_accrual(book, as_of="last Friday")) == code(rebate_accrual(book, as_of=True)) == "#VALUE!"
    assert code(rebate_accrual(book, as_of=12.0)) == code(rebate_accrual(book, as_of=math.inf)) == "#NUM!"
    assert code(rebate_accrual(book, as_of=CellError("#REF!", "gone"))) == "#REF!"


def test_a_workbook_that_counts_days_from_1904_gets_and_gives_such_days(book: str, own_session: Session) -> None:
    with acting_as(Session(own_session.secret, date_1904=True)):
        assert rebate_earned(book, "P-1", "TOP", as_of=44650.0) == 40.00
        ends = [row[5] for row in rebate_table(book, "Attainment", "P-1", "TOP")[1:]]
        assert ends == [44650.0, 44741.0]


def test_ids_may_be_whole_numbers_and_of_any_case() -> None:
    sales = [[date(2026, 1, 10), "100", "A", 1, "1,000.00"], [date(2026, 1, 11), "No 12", "A", 1, "500.00"]]
    book = handle(raw_book({"Program ID": "7", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"]]}, sales))
    assert rebate_earned(book, 7.0, 100.0) == rebate_earned(book, 7, "100") == rebate_earned(book, "7", [[100]]) == 10.0
    assert rebate_earned(book, "7", "no 12 ") == 5.0
    assert code(rebate_earned(book, "7", 12)) == code(rebate_earned(book, "7", "0100")) == "#N/A"
    assert code(rebate_earned(book, 7.5)) == code(rebate_earned(book, True)) == "#VALUE!"
    group = handle(raw_book(PARENT, SALES, distributors=GROUP))
    assert rebate_earned(group, "p-1", "top", "2026-Q1") == 40.00


# ---- currencies


def test_programs_of_different_currencies_add_up_in_base_currency() -> None:
    programs = [{**PARENT, "Tiers": [[0, "1 %"]]}, {**PARENT, "Program ID": "P-E", "Currency": "EUR", "Tiers": [[0, "1 %"]]}]
    rates = [{"Currency": "EUR", "Valid From": date(2026, 1, 1), "Rate": "1.1"}, {"Currency": "EUR", "Valid From": date(2026, 4, 30), "Rate": "1.25"}]
    sales = [[date(2026, 1, 10), "ALONE", "A", 1, "1,100.00"]]
    book = handle(raw_book(programs, sales, distributors=GROUP, settings=SETTINGS, Exchange_Rates=rates))
    assert rebate_earned(book, "P-E", "ALONE") == 10.00, "a program's own figure is in its own currency"
    assert rebate_earned(book, "", "ALONE") == 11.00 + 10.00 * 1.25, "a total is at the as-of rate"
    assert rebate_earned(book, as_of="2026-04-29") == 11.00 + 10.00 * 1.1


def test_without_a_rate_there_is_no_total() -> None:
    programs = [{**PARENT, "Tiers": [[0, "1 %"]]}, {**PARENT, "Program ID": "P-E", "Currency": "EUR", "Tiers": [[0, "1 %"]]}]
    sales = [[date(2026, 1, 10), "ALONE", "A", 1, "1,000.00", {"Currency": "EUR"}]]
    rates = [{"Currency": "USD", "Valid From": date(2026, 1, 1), "Rate": 1}]
    book = handle(raw_book(programs, sales, distributors=GROUP, settings=SETTINGS, Exchange_Rates=rates))
    assert rebate_earned(book, "P-E") == 10.00
    assert code(rebate_earned(book)) == "#N/A"


# ---- payable


def test_payable_is_what_is_due_and_not_settled() -> None:
    paid = [{"Payment ID": "1", "Program ID": "P-1", "Participant ID": "TOP", "Period": "2026-Q1", "Paid On": date(2026, 4, 30), "Amount": "15.00"}]
    book = handle(raw_book(PARENT, SALES, distributors=GROUP, settings=SETTINGS, Payments=paid))
    assert rebate_payable(book, "P-1", "TOP", "2026-04-29") == 0.0, "30 days after the quarter"
    assert rebate_payable(book, "P-1", "TOP") == rebate_payable(book) == 25.00
    assert [rebate_payable(book, "P-1", one) for one in ("NORTH", "SOUTH")] == [12.50, 6.25]


# ---- spilled results


def test_tables_have_a_header_and_at_least_one_row(book: str) -> None:
    for name in ("Attainment", "Accruals", "Payable", "Journal", "Coach", "Transactions"):
        for program, distributor in (("", ""), ("P-1", ""), ("P-1", "NORTH"), ("", "TOP"), ("P-3", "IDLE")):
            grid = rebate_table(book, name, program, distributor)
            assert len(grid) >= 2 and {len(row) for row in grid} == {len(grid[0])}
            assert all(isinstance(cell, str) for cell in grid[0])
            assert all(isinstance(cell, (str, float)) for row in grid for cell in row)
    assert rebate_table(book, "accruals", "P-3", "IDLE")[1][0] == "nothing to show"
    assert code(rebate_table(book, "Roll-Backward")) == code(rebate_table(book, None)) == code(rebate_table(book, 7)) == "#VALUE!"


def column(grid: list[list[Any]], header: str) -> list[Any]:
    at = next(at for at, name in enumerate(grid[0]) if name.split(" (")[0] == header)
    return [row[at] for row in grid[1:]]


def test_a_table_of_a_branch_holds_its_shares(book: str) -> None:
    whole, north, south = (rebate_table(book, "Accruals", "P-1", one) for one in ("TOP", "NORTH", "SOUTH"))
    assert column(whole, "Accrued") == [40.00, 120.00]
    assert column(north, "Accrued") == [20.00, 120.00]
    assert column(south, "Accrued") == [10.00], "it bought nothing in the second quarter"
    assert column(rebate_table(book, "Attainment", "P-1", "SOUTH"), "Measure") == [2000.01], "a tier is the participant's"
    journal = rebate_table(book, "Journal", "P-1", "NORTH")
    assert sum(column(journal, "Debit")) == sum(column(journal, "Credit")) == 140.00


def test_transactions_say_what_counts_and_why_not(book: str) -> None:
    lines = rebate_table(book, "Transactions", "P-1", "TOP")
    assert column(lines, "Distributor ID") == ["NORTH", "SOUTH", "TOP", "NORTH"]
    assert set(column(lines, "Counts")) == {"Yes"}
    assert column(lines, "Invoice Date")[0] == 46032.0
    assert column(rebate_table(book, "Transactions", "P-1", "SOUTH"), "Transaction ID") == ["T2"]


def test_coach_lists_who_is_near_the_next_tier() -> None:
    sales = [[date(2026, 4, 10), "ALONE", "A", 1, "2,900.00"], [date(2026, 4, 10), "TOP", "A", 1, "2,000.00"]]
    grid = rebate_table(handle(raw_book(PARENT, sales, distributors=GROUP, settings=SETTINGS)), "Coach")
    assert column(grid, "Participant ID") == ["ALONE"] and column(grid, "To Next Tier") == [100.0]


@pytest.mark.parametrize("arguments", [("TOP", ""), ("TOP", "2026-Q1"), ("NORTH", ""), ("NORTH", "2026-Q1"), ("IDLE", ""), ("TOP", "2026-Q4")])
def test_the_last_row_of_an_explanation_is_the_figure(book: str, arguments: tuple[str, str]) -> None:
    grid = rebate_explain(book, "P-1", *arguments)
    assert grid[0] == ["Step", "Detail", "Quantity", "Rate", "Amount"]
    assert grid[-1][4] == rebate_earned(book, "P-1", *arguments)


def test_check_lists_problems_with_place_and_remedy() -> None:
    sales = [*SALES, [date(2026, 4, 20), "NOBODY", "A", 1, "1.00"]]
    grid = rebate_check(handle(raw_book(PARENT, sales, distributors=GROUP, products=["A"], settings=SETTINGS)))
    assert grid[0] == ["Severity", "Code", "Table", "Row", "Column", "Message", "Remedy"]
    assert grid[1][:5] == ["Error", "UNKNOWN_DISTRIBUTOR", "Transactions", 7.0, "Distributor ID"] and grid[1][5] and grid[1][6]
    assert [row[0] for row in grid[1:]] == sorted(row[0] for row in grid[1:])
    clean = rebate_check(handle(raw_book(PARENT, SALES, distributors=GROUP, settings=SETTINGS)))
    assert clean[1] == ["nothing to show", "", "", "", "", "", ""]


# ---- calls by name, as hosts make them


def test_a_call_takes_omitted_arguments_in_the_middle(book: str) -> None:
    assert call("REBATE_EARNED", [book, OMITTED, "ALONE"]) == call("rebate_earned", [book, "", "ALONE"]) == 60.00
    assert call("REBATE_EARNED", [book, "P-1", "TOP", OMITTED, "2026-03-31"]) == 40.00
    assert code(call("REBATE_NOTHING", [])) == code(call("REBATE_CHECK", [])) == code(call("REBATE_CHECK", [book, 1])) == "#VALUE!"


def test_what_nobody_foresaw_is_an_error_and_in_the_log(book: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret path")

    monkeypatch.setattr(books.Book, "at", broken)
    failed = call("REBATE_CHECK", [book])
    assert code(failed) == "#VALUE!" and "secret" not in failed.message
    assert "a secret path" in caplog.text


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.decimals(allow_nan=True), st.dates(),
    st.just(CellError("#REF!", "gone")), st.lists(st.lists(st.floats(), max_size=2), max_size=2), st.sampled_from(["P-1", "TOP", "2026-Q1", "Tier"]),
)  # fmt: skip
ON_BOOK = sorted(name for name, entry in registry.FUNCTIONS.items() if entry.section == "book")
BOOK: list[str] = []


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(ON_BOOK), st.lists(ANYTHING, max_size=6), st.booleans())
def test_no_argument_ever_raises(name: str, values: list[Any], with_book: bool) -> None:
    with acting_as(Session(b"h" * 32)):
        if not BOOK:
            BOOK.append(handle(raw_book(PARENT, SALES, distributors=GROUP, settings=SETTINGS)))
        wanted = registry.FUNCTIONS[name].arguments
        first = [BOOK[0]] if with_book and name != "REBATE_BOOK" else []
        cells = [*first, *values, *[None] * sum(argument.required for argument in wanted)][: max(len(values), sum(a.required for a in wanted))]
        result = call(name, cells[: len(wanted)])
    assert "failed unexpectedly" not in getattr(result, "message", ""), result
    for row in result if isinstance(result, list) else [[result]]:
        for one in row:
            assert isinstance(one, (float, str, CellError))
            assert not isinstance(one, float) or math.isfinite(one)


def test_every_kind_of_argument_is_known_to_hosts() -> None:
    assert {argument.kind for entry in registry.FUNCTIONS.values() for argument in entry.arguments} <= set(registry.KINDS)
    table = registry.FUNCTIONS["REBATE_BOOK"].arguments
    assert [argument.name for argument in table if argument.required] == ["programs", "tiers", "distributors", "products", "transactions"]
    assert len(table) == 19 and Path(__file__).exists()
