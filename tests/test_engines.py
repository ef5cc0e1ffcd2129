"""One suite over DuckDB, pandas and Polars: the same figures to the cent, in every order of rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from drawn import draw_book
from smallbooks import book, computed, earned, measured, problem_codes

from rebate_udfs import cells, demo
from rebate_udfs.engines import ENGINES
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.jsonout import run_object
from rebate_udfs.model import RebateType, Run
from rebate_udfs.parse import CannotRead
from rebate_udfs.pipeline import run
from rebate_udfs.tables import read

SEEDS = range(1, 9)
LADDER = [["1,000", "1 %"], ["2,000", "2 %"]]
engines = pytest.mark.parametrize("engine", ENGINES)


def figures(found: Run) -> dict[str, Any]:
    """Everything that a run says in numbers, in an order of its own."""
    return {
        "attainment": sorted((row.figure_id, row.measure, row.base, row.attained_tier, row.earned, row.accrual_tier, row.forecast,
                              row.to_next_tier, row.status, row.transactions_used, row.transactions_excluded) for row in found.attainment),
        "accruals": sorted((row.figure_id, row.accrued, row.recognised, row.true_up) for row in found.accruals),
        "payable": sorted((row.figure_id, row.settlement_end, row.due, row.payable, row.recoverable) for row in found.payable),
        "counts": sorted((row.program_id, row.read, row.used, tuple(sorted(row.excluded.items()))) for row in found.counts),
        "problems": sorted((problem.code, problem.message) for problem in found.problems if problem.row is None),
        "journal": sorted((row.figure_id, row.account, row.debit, row.credit) for row in found.journal),
    }  # fmt: skip


def large_book(seed: int) -> dict[str, Any]:
    return draw_book(Random(seed), programs=5, rows=300)


@pytest.fixture(scope="module")
def by_duckdb() -> dict[int, dict[str, Any]]:
    return {seed: figures(computed(**large_book(seed))) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_all_engines_agree(engine: str, seed: int, by_duckdb: dict[int, dict[str, Any]]) -> None:
    found = computed(**large_book(seed), engine=engine)
    assert figures(found) == by_duckdb[seed]
    assert any(row.earned for row in found.attainment)  # a book on which nobody earns shows nothing


@engines
def test_no_order_of_rows_changes_a_figure(engine: str, by_duckdb: dict[int, dict[str, Any]]) -> None:
    for seed in SEEDS[:4]:
        facts = large_book(seed)
        facts["purchases"] = [[*cells, {**more, "Transaction ID": f"T{at}"}] for at, (*cells, more) in enumerate(facts["purchases"], 1)]
        Random(seed).shuffle(facts["purchases"])
        for name in ("Scopes", "Enrollments", "Exchange_Rates", "distributors", "programs", "products"):
            facts[name] = Random(seed).sample(facts[name], len(facts[name]))
        assert figures(computed(**facts, engine=engine)) == by_duckdb[seed]


def plain_book(seed: int) -> dict[str, Any]:
    """A large book of one currency, in which no return names its original."""
    facts = large_book(seed)
    for table in ("programs", "distributors"):
        facts[table] = [{name: value for name, value in row.items() if name != "Currency"} for row in facts[table]]
    left_out = ("Currency", "Original Transaction ID")
    facts["purchases"] = [[*cells, {name: value for name, value in more.items() if name not in left_out}] for *cells, more in facts["purchases"]]
    return facts


@engines
@pytest.mark.parametrize("seed", SEEDS)
def test_adding_lines_up_and_grouping_them_give_the_same(engine: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are added into a table of all cells where that is small enough; else the engine groups them."""
    tables = []
    added_up = cells._added_up
    monkeypatch.setattr(cells, "_added_up", lambda *given: tables.append(added_up(*given)) or tables[-1])
    added = figures(computed(**plain_book(seed), engine=engine))
    assert tables and all(table.num_rows for table in tables)
    tables.clear()
    monkeypatch.setattr(cells, "FEW_PLACES", 0)
    monkeypatch.setattr(cells, "PLACES_A_LINE", 0)
    assert figures(computed(**plain_book(seed), engine=engine)) == added
    assert tables and not any(tables)
    assert any(earned for _, _, _, _, earned, *_ in added["attainment"])


@engines
def test_a_product_without_a_brand_is_of_no_brand(engine: str) -> None:
    """An empty cell is neither the excluded brand nor one of the included ones; an SKU that nobody knows is no error elsewhere."""
    sales = [["2026-01-05", "A", sku, 1, amount] for sku, amount in (("S1", 1000), ("S3", 200), ("S9", 30))]
    scopes = {"OUT": ("Exclude", "Brand", "acme"), "IN": ("Include", "Brand", "ACME"), "NOT": ("Exclude", "SKU", "S1")}
    found = computed(
        [{"Program ID": name, "Tiers": [[0, "1 %"]]} for name in scopes],
        [[date.fromisoformat(day), *rest] for day, *rest in sales],
        products=[{"SKU": "S1", "Brand": "Acme"}, {"SKU": "S3", "Brand": None}],
        engine=engine,
        Scopes=[{"Program ID": name, "Rule": rule, "Dimension": of, "Value": value} for name, (rule, of, value) in scopes.items()],
    )
    assert measured(found) == {"OUT/A/OUT": 200, "IN/A/IN": 1000, "NOT/A/NOT": 230}
    assert "UNKNOWN_SKU" in problem_codes(found)


@engines
@pytest.mark.parametrize("cents", [1, 3, 7])
def test_a_sum_that_equals_a_threshold_reaches_it(engine: str, cents: int) -> None:
    """1,000.00 out of many odd amounts of cents: sums of binary floats miss it."""
    amounts = [Decimal(cents) / 100 + Decimal(at) / 10 for at in range(120)]
    amounts.append(Decimal(1000) - sum(amounts))
    sales = [[date(2026, 1, 1 + at % 28), "A", "F", 1, amount, {"Type": None}] for at, amount in enumerate(amounts)]
    found = computed({"Program ID": "P", "Tiers": LADDER}, sales, engine=engine)
    assert (measured(found), earned(found)) == ({"P/A/P": 1000}, {"P/A/P": Decimal("10.00")})
    short = computed({"Program ID": "P", "Tiers": LADDER}, [*sales, [date(2026, 2, 1), "A", "F", -1, "-0.01"]], engine=engine)
    assert earned(short) == {"P/A/P": Decimal("0.00")}


LARGE = Decimal("46116860184273879.04")  # 2^62 cents: two of them are beyond 64 bits
LARGE_SALES = [[date(2026, 1, 1 + at), "A", "F", 1, LARGE] for at in range(4)]


def test_sums_beyond_64_bits_are_exact_on_duckdb() -> None:
    found = computed({"Program ID": "P", "Tiers": [[0, "1 %"]]}, [*LARGE_SALES, [date(2026, 2, 1), "A", "F", 1, "0.07"]])
    assert measured(found) == {"P/A/P": Fraction(4 * LARGE + Decimal("0.07"))}
    assert earned(found) == {"P/A/P": Decimal("1844674407370955.16")}  # 184,467,440,737,095,516.23 x 1 %


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_sums_beyond_64_bits_are_refused_elsewhere(engine: str) -> None:
    """They would wrap round without a word, so the reader says which engine can."""
    with pytest.raises(CannotRead, match="(?i)duckdb"):
        run(book({"Program ID": "P", "Tiers": [[0, "1 %"]]}, LARGE_SALES, engine=engine))


@pytest.fixture(scope="module")
def sample_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company has a program of every type, with claims."""
    path = tmp_path_factory.mktemp("sample") / "rebates.xlsx"
    write_template(path, sample=demo.sample())
    return path


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_every_type_of_rebate_gives_the_same_cents(engine: str, sample_company: Path) -> None:
    raw, problems = read_book(sample_company)
    first, second = (run_object(run(read(raw, engine=name, problems=problems))) for name in ("duckdb", engine))
    types = {program.rebate_type for program in read(raw).programs}
    assert types == set(RebateType)
    for table in ("attainment", "accruals", "payable", "journal", "claims"):
        assert first[table] == second[table], table
        assert first[table], f"{table} has rows to compare"
