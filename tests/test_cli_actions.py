"""The actions behind buttons and verbs: the same function whoever calls, and one sentence for what cannot be answered."""

from __future__ import annotations

import inspect
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from closebooks import load, write_book

from rebate_udfs import actions, demo
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.ledger import Ledger, default_url
from rebate_udfs.model import Tables
from rebate_udfs.registry import ACTIONS
from rebate_udfs.tables import read


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    book = tmp_path_factory.mktemp("book") / "rebates.xlsx"
    write_template(book, sample=demo.sample())
    raw, found = read_book(book)
    return read(raw, problems=found)


@pytest.mark.parametrize("name", sorted(name for name, action in ACTIONS.items() if action.verb))
def test_every_button_has_its_function(name: str):
    assert inspect.isfunction(getattr(actions, name))


def test_check_shows_the_same_problems_as_calculate(tables):
    checked, calculated = actions.check(tables), actions.calculate(tables)
    assert checked.problems == calculated.problems
    assert [table.name for table in checked.tables] == ["Check"]
    assert checked.has_errors
    assert {table.name for table in calculated.tables} >= {"Check", "Attainment", "Accruals", "Payable", "Journal", "Explanation", "Runs"}


def test_an_explanation_adds_up_to_the_figure_it_is_about(tables):
    outcome = actions.explain(tables, "P-130", "D-1000")
    steps = [table for table in outcome.tables if table.name == "Explanation"]
    assert [table.title.split(":")[0] for table in steps] == ["P-130/D-1000/2025-H2/earned", "P-130/D-1000/2026-H1/earned"]
    for table in steps:
        names = [row[0] for row in table.rows]
        at = names.index("Earned")
        parts = [row[4] for row in table.rows[:at] if row[4] is not None]
        assert sum(parts) == table.rows[at][4]


def test_the_lines_of_an_explanation_are_the_lines_of_the_figure(tables):
    outcome = actions.explain(tables, "P-110", "D-1700", "2026-Q2")
    lines = outcome.tables[0]
    counted = [row for row in lines.rows if row[9] == "Yes"]
    assert sum((row[7] for row in counted), Decimal(0)) == Decimal("10001.00")
    assert all(row[10] for row in lines.rows if row[9] == "No"), "each line left out has its reason"


def test_a_figure_id_of_any_kind_leads_to_its_explanation(tables):
    wanted = actions.explain(tables, "P-110", "D-1700", "2026-Q2").tables
    assert actions.explain_cell(tables, "P-110/D-1700/2026-Q2/earned").tables == wanted
    assert actions.explain_cell(tables, " P-110/D-1700/2026-Q2/accrued ").tables == wanted


@pytest.mark.parametrize("text", ["", "12.50", "P-110/D-1700", "P-110//2026-Q2/earned"])
def test_another_text_is_no_figure(tables, text):
    with pytest.raises(actions.Refused, match="is no figure id"):
        actions.explain_cell(tables, text)


def test_a_distributor_without_a_figure_is_told_who_has_one(tables):
    with pytest.raises(actions.Refused, match=r"D-2100 has no figure in P-110 by 2026-05-31; D-1000, "):
        actions.explain(tables, "P-110", "D-2100")


def test_every_top_participant_gets_a_statement_and_branches_where_asked(tables):
    tops = actions.make_statements(tables).tables[0]
    assert len(tops.rows) == 12
    assert tops.rows[0] == ("D-1000", "Northgate Industrial Supply")
    everyone = actions.make_statements(tables, branches=True).tables[0].rows
    assert {"D-1001", "D-1003"} <= {row[0] for row in everyone}


def test_the_empty_workbook_is_where_a_host_finds_it():
    path = actions.new_workbook()
    assert path.read_bytes().startswith(b"PK")
    assert isinstance(path, Path)


def test_columns_are_found_where_they_stand():
    assert [actions.column_letters(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


# ---- the books, from an open workbook: look, agree, post


@pytest.fixture
def month(tmp_path: Path) -> tuple[Tables, Ledger]:
    sales = [("2026-01-10", "A", "S", 1, 1000), ("2026-02-10", "A", "S", 1, 500)]
    path = write_book(tmp_path / "book.xlsx", [{"Program ID": "P", "Tiers": [(0, "0.02")]}], sales, settings={"As Of": "2026-02-28"})
    return load(path), Ledger(default_url(path), "B-TEST")


def test_a_period_is_looked_at_before_it_is_posted(month: tuple[Tables, Ledger]):
    tables, ledger = month
    closing = actions.close_period(tables, "", ledger)
    assert (closing.period, closing.entries, closing.done) == ("2026-02", 2, False)
    assert [row[1:5] for row in closing.tables[0].rows] == [
        ("Accrual", "PURCHASES", 1, Decimal("10.00")),
        ("True-Up", "PURCHASES", 1, Decimal("20.00")),
    ]
    assert ledger.entries() == ()
    done = actions.post_period(closing, tables, ledger, "Ann", agreed=closing.run_id)
    assert done.done and "2026-02 is closed with 2 entries" in done.messages[0]
    rows = actions.ledger_rows(tables, ledger)
    assert [(one.table, len(one.rows), one.rows[0]["Posted By"], one.rows[0]["Amount"]) for one in rows] == [("Ledger", 2, "Ann", Decimal("10.00"))]
    assert actions.period_to_close(tables, ledger) == "2026-03"
    again = actions.close_period(tables, "2026-02", ledger)
    assert again.done and "nothing to post" in again.messages[0]


def test_what_was_agreed_to_is_what_is_posted(month: tuple[Tables, Ledger]):
    tables, ledger = month
    closing = actions.close_period(tables, "2026-02", ledger)
    with pytest.raises(actions.Refused, match="changed since you looked"):
        actions.post_period(closing, tables, ledger, "Ann", agreed="another run")
    assert ledger.entries() == ()


def test_a_ledger_sheet_that_shows_something_else_is_not_added_to(month: tuple[Tables, Ledger]):
    tables, ledger = month
    actions.post_period(actions.close_period(tables, "2026-02", ledger), tables, ledger, "Ann")
    other = replace(tables, ledger=(ledger.entries()[0].model_copy(update={"hash": "0" * 64}),))
    with pytest.raises(actions.Refused, match="delete the rows of its table"):
        actions.ledger_rows(other, ledger)
