"""Cell functions against whole books: every published figure, parts that add up to their figure, and what a cell costs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import cells
import pytest
from cells import handle
from conftest import SHARED, absent
from hypothesis import given
from hypothesis import strategies as st
from smallbooks import raw_book

from rebate_udfs import book as books
from rebate_udfs.allocation import Part, allocated
from rebate_udfs.book import resolve
from rebate_udfs.functions import rebate_accrual, rebate_attainment, rebate_earned, rebate_payable
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.model import CellError

own_session = cells.own_session  # the fixture
BOOKS = SHARED / "cases" / "books"
NAMES = sorted(path.stem for path in BOOKS.glob("book_*.xlsx"))


def test_the_published_books_are_here() -> None:
    if not NAMES:
        absent("the folder ../shared/cases/books is not here: no published book was asked")
    assert len(NAMES) == 16


@pytest.mark.parametrize("name", NAMES)
def test_every_published_figure_is_what_a_cell_shows(name: str) -> None:
    wanted = json.loads((BOOKS / "expected.json").read_text(encoding="utf-8"))[name]
    book = handle(read_book(BOOKS / f"{name}.xlsx")[0])
    accrued: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    by_program: dict[str, Decimal] = defaultdict(Decimal)
    alone = resolve(book)
    assert not isinstance(alone, CellError)
    answers = alone.at()
    assert not isinstance(answers, CellError)
    for row in wanted["attainment"]:
        if answers.is_alone(row["program_id"], row["participant_id"]):  # else the cell adds shares in other figures
            found = rebate_earned(book, row["program_id"], row["participant_id"], row["period"])
            assert found == float(Fraction(row["earned"])), row
    for row in wanted["accruals"]:
        accrued[row["program_id"], row["participant_id"]] += Decimal(row["accrued"])
        by_program[row["program_id"]] += Decimal(row["accrued"])
    for (program, participant), amount in accrued.items():
        if answers.is_alone(program, participant):
            assert rebate_accrual(book, program, participant) == float(amount), (program, participant)
    for program, amount in by_program.items():
        assert rebate_accrual(book, program) == float(amount), program


@pytest.mark.parametrize("name", NAMES)
def test_shares_of_all_branches_add_up_to_every_figure(name: str) -> None:
    book = resolve(handle(read_book(BOOKS / f"{name}.xlsx")[0]))
    assert not isinstance(book, CellError)
    answers = book.at()
    assert not isinstance(answers, CellError)
    checked = 0
    for key, amount in answers.amounts["earned"].items():
        parts = answers.parts.get(key, [])
        split = allocated(amount, parts, 2 if answers.agreements[key[0]].currency != "JPY" else 0)
        row = answers.attainment[key]
        if split is not None:
            checked += 1
            assert sum(split) == amount
            assert all(part == 0 for part, each in zip(split, parts, strict=True) if each.base <= 0)
        assert sum((part.base for part in parts), Fraction(0)) == row.base, key
        tops = {answers.hierarchy.ancestors_on(part.distributor_id, row.period.starts_on)[-1] for part in parts}
        assert all(isinstance(answers.amount("earned", key, top), Decimal) for top in tops)
    assert checked > 0


BASES = st.lists(st.integers(-(10**6), 10**9), min_size=1, max_size=6)


@given(st.integers(-(10**9), 10**12), st.lists(st.tuples(st.sampled_from("abcd"), BASES), min_size=1, max_size=5))
def test_parts_add_up_to_the_figure(cents: int, groups: list[tuple[str, list[int]]]) -> None:
    total = Decimal(cents).scaleb(-2)
    parts = [Part(name, (name, f"over {at}", "TOP"), Fraction(base, 7)) for name, bases in groups for at, base in enumerate(bases)]
    split = allocated(total, parts, 2)
    by_name: dict[str, Fraction] = defaultdict(Fraction)
    for part in parts:
        by_name[part.distributor_id] += part.base
    if split is None:
        assert all(base <= 0 for base in by_name.values())
        return
    assert sum(split) == total
    for name, base in by_name.items():
        share = sum((amount for amount, part in zip(split, parts, strict=True) if part.distributor_id == name), Decimal(0))
        assert share == 0 or base > 0
        whole = sum(max(one, Fraction(0)) for one in by_name.values())
        assert abs(Fraction(share) - Fraction(total) * max(base, Fraction(0)) / whole) < Fraction(1, 100)


def test_equal_bases_give_the_odd_cent_to_the_first_id() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": one, "Parent ID": "TOP"} for one in ("C", "A", "B"))]
    sales = [[date(2026, 1, 5), one, "X", 1, "100.00"] for one in ("C", "A", "B")]
    program = {"Program ID": "P", "Accrual Policy": "Attained", "Reward": "Lump Sum", "Tiers": [[300, 100]]}
    book = handle(raw_book(program, sales, distributors=people))
    assert [rebate_earned(book, "P", one) for one in ("A", "B", "C", "TOP")] == [33.34, 33.33, 33.33, 100.00]


def test_a_branch_that_only_returned_gets_nothing() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": one, "Parent ID": "TOP"} for one in ("A", "B"))]
    sales = [[date(2026, 1, 5), "A", "X", 1, "1,000.00"], [date(2026, 1, 6), "B", "X", -1, "-100.00"]]
    program = {"Program ID": "P", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"]]}
    book = handle(raw_book(program, sales, distributors=people))
    assert [rebate_earned(book, "P", one) for one in ("A", "B", "TOP")] == [9.00, 0.00, 9.00]


def test_a_figure_without_any_base_is_the_participants() -> None:
    people = [{"Distributor ID": "TOP"}, {"Distributor ID": "A", "Parent ID": "TOP"}]
    program = {"Program ID": "P", "Rebate Type": "MDF", "Tiers": [[0, "2 %"]]}
    enrolled = [{"Program ID": "P", "Distributor ID": "TOP", "Budget": 500}]
    book = handle(
        raw_book(program, [[date(2025, 1, 5), "A", "X", 1, "1.00"]], distributors=people, Enrollments=enrolled, settings={"As Of": date(2026, 2, 1)})
    )
    assert [rebate_earned(book, "P", one) for one in ("A", "TOP")] == [0.0, 500.0]


def test_units_are_the_base_of_a_reward_per_unit() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": one, "Parent ID": "TOP"} for one in ("A", "B"))]
    sales = [[date(2026, 1, 5), "A", "X", 30, "10.00"], [date(2026, 1, 6), "B", "X", 10, "990.00"]]
    program = {"Program ID": "P", "Measure": "Units", "Reward": "Per Unit", "Accrual Policy": "Attained", "Tiers": [[0, 1]]}
    book = handle(raw_book(program, sales, distributors=people))
    assert [rebate_earned(book, "P", one) for one in ("A", "B", "TOP")] == [30.0, 10.0, 40.0]


def test_a_converted_line_weighs_what_it_is_worth() -> None:
    people = [{"Distributor ID": "TOP"}, {"Distributor ID": "A", "Parent ID": "TOP"}, {"Distributor ID": "B", "Parent ID": "TOP", "Currency": "EUR"}]
    sales = [[date(2026, 1, 5), "A", "X", 1, "200.00"], [date(2026, 1, 6), "B", "X", 1, "100.00"]]
    rates = [{"Currency": "EUR", "Valid From": date(2026, 1, 1), "Rate": 2}]
    book = handle(
        raw_book({"Program ID": "P", "Accrual Policy": "Attained", "Tiers": [[0, "1 %"]]}, sales, distributors=people, Exchange_Rates=rates)
    )
    assert [rebate_earned(book, "P", one) for one in ("A", "B", "TOP")] == [2.0, 2.0, 4.0]


def test_returns_take_from_the_branch_that_bought() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": one, "Parent ID": "TOP"} for one in ("A", "B"))]
    back = {"Original Transaction ID": "T1", "Type": "Return"}
    sales: list[Any] = [
        [date(2026, 1, 5), "A", "X", 10, "1,000.00"],
        [date(2026, 1, 6), "B", "X", 10, "1,000.00"],
        [date(2026, 3, 1), "A", "X", -5, "-500.00", back],
    ]
    book = handle(
        raw_book({"Program ID": "P", "Accrual Policy": "Attained", "Returns": "Original Period", "Tiers": [[0, "1 %"]]}, sales, distributors=people)
    )
    assert [rebate_earned(book, "P", one) for one in ("A", "B", "TOP")] == [5.0, 10.0, 15.0]


# ---- cost


def test_asking_again_does_not_compute_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet of cells asks one run; time is measured in the benchmarks, here it is only that nothing runs twice."""
    computed: list[Any] = []
    compute = books.run
    monkeypatch.setattr(books, "run", lambda tables, as_of=None: computed.append(as_of) or compute(tables, as_of))
    book = handle(raw_book({"Program ID": "P", "Tiers": [[0, "1 %"]]}, [[date(2026, 1, 5), "A", "X", 1, "200.00"]]))
    for _ in range(3):
        for as_of in ("", "2026-01-31"):
            rebate_earned(book, "P", "A", as_of=as_of)
            rebate_accrual(book, "P", "A", as_of)
            rebate_attainment(book, "P", "A", as_of, "Status")
            rebate_payable(book, "P", "A", as_of)
        rebate_earned(book, "P", "A", as_of="2026-01-05")  # the book's own date, typed
    assert computed == [date(2026, 1, 5), date(2026, 1, 31)]


def test_a_cell_on_a_computed_run_is_quick() -> None:
    people = [{"Distributor ID": "TOP"}, *({"Distributor ID": f"D{at}", "Parent ID": "TOP"} for at in range(200))]
    sales = [[date(2026, 1, 5), f"D{at}", "X", 1, "200.00"] for at in range(200)]
    book = handle(raw_book({"Program ID": "P", "Tiers": [[0, "1 %"]]}, sales, distributors=people))
    rebate_accrual(book, "P", "D0")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        for at in range(200):
            rebate_accrual(book, "P", f"D{at}")
        seconds.append((time.perf_counter() - start) / 200)
    assert min(seconds) < 0.005, "a hundred times the goal: a cell that computes the book is far beyond it"


def test_the_functions_load_without_what_only_a_book_needs() -> None:
    heavy = ("pandas", "duckdb", "polars", "narwhals", "pyarrow", "rebate_udfs.pipeline", "rebate_udfs.tables")
    code = f"import sys, rebate_udfs.calls; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == "[]"
