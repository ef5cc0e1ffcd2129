"""Two lists of the same sales: what agrees is counted, what differs is named with the rebate at stake, nothing is dropped."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smallbooks import raw_book, raw_table, transactions

from rebate_udfs.engines import open_engine
from rebate_udfs.model import Run
from rebate_udfs.parse import CannotRead
from rebate_udfs.pipeline import run
from rebate_udfs.reconcile import Match, Reconciliation, reconcile, table
from rebate_udfs.reconcile_sources import read_source
from rebate_udfs.stakes import Stakes
from rebate_udfs.tables import read

OURS = [
    [date(2026, 1, 5), "A", "S", 10, 1000, {"Invoice Number": "INV-001", "Line": "1"}],
    [date(2026, 1, 6), "A", "S", 20, 2000, {"Invoice Number": "INV-002", "Line": "1"}],
    [date(2026, 1, 7), "A", "S", 30, 3000, {"Invoice Number": "INV-003", "Line": "1"}],
    [date(2026, 1, 8), "A", "S", 40, 4000, {"Invoice Number": "INV-004", "Line": "1"}],
    [date(2026, 1, 9), "A", "S", 50, 5000],
]


def compared(ours: Any, theirs: Any, stakes: bool = False) -> Reconciliation:
    engine = open_engine("duckdb")
    problems: list[Any] = []
    first, second = (read_source([raw_table("Transactions", rows)], [], engine, problems) for rows in (ours, theirs))
    assert problems == []
    priced = None
    if stakes:
        book = raw_book({"Program ID": "P", "Period": "Year", "Tiers": [[0, "5 %"]]}, OURS, settings={"As Of": date(2026, 12, 31)})
        priced = Stakes(run(read(book)))
    return reconcile(first, second, priced)


def test_every_kind_of_difference_is_found_with_what_it_costs() -> None:
    theirs = [dict(row) for row in transactions(OURS)]
    for row in theirs:
        row["Transaction ID"] = f"X-{row['Transaction ID']}"  # the distributor's own numbers
    theirs[0]["Invoice Number"] = "inv 1"  # spelled otherwise
    theirs[1]["Quantity"], theirs[1]["Amount"] = 25, 2500
    theirs[2]["Invoice Date"] = date(2026, 1, 17)
    theirs[3]["SKU"] = "T"
    theirs[3]["Invoice Number"] = ""
    theirs[4]["Invoice Date"] = date(2026, 1, 12)
    theirs.append({**theirs[0], "Transaction ID": "X-9", "Invoice Number": "INV-009", "Amount": 700})
    found = compared(transactions(OURS), theirs, stakes=True)
    assert found.matched == 1
    said = {(each.first or each.second).invoice_number or "none": each for each in found.differences}  # type: ignore[union-attr]
    assert [finding.value for finding in said["INV-002"].findings] == ["quantity", "amount"]
    assert said["INV-002"].at_stake == {"USD": Decimal("25.00")}  # 5 % of 500
    assert [finding.value for finding in said["INV-003"].findings] == ["date"] and said["INV-003"].at_stake == {}
    assert [finding.value for finding in said["INV-004"].findings] == ["SKU"] and said["INV-004"].match is Match.NEAREST
    assert [finding.value for finding in said["none"].findings] == ["date"] and said["none"].match is Match.NEAREST
    assert [finding.value for finding in said["INV-009"].findings] == ["missing in the first"]
    assert said["INV-009"].at_stake == {"USD": Decimal("35.00")}


def test_a_list_without_ids_can_be_compared() -> None:
    theirs = [{name: value for name, value in row.items() if name not in ("Transaction ID", "Distributor ID")} for row in transactions(OURS)]
    found = compared(transactions(OURS), theirs)
    assert (found.matched, found.differences) == (5, ())


def test_files_are_compared_like_sheets(tmp_path: Path) -> None:
    rows = transactions(OURS)
    path = tmp_path / "theirs.csv"
    header = list(rows[0])
    path.write_text("\n".join(",".join(str(row.get(name, "")) for name in header) for row in ({name: name for name in header}, *rows[:-1])))
    engine = open_engine("duckdb")
    found = reconcile(read_source([raw_table("Transactions", rows)], [], engine, []), read_source([], [path], engine, []))
    assert found.matched == 4
    assert [each.findings[0].value for each in found.differences] == ["missing in the second"]
    shown = table(found, ("ours", "theirs"))
    assert len(shown.rows) == 1 and len(shown.rows[0]) == len(shown.columns)
    assert shown.title == "4 lines agree, 1 differ or are missing"


LADDER = {"Program ID": "P", "Period": "Year", "Tiers": [[0, "2 %"], [15000, "4 %"]]}
BANDS = {"Program ID": "I", "Period": "Year", "Method": "Incremental", "Tiers": [[0, "1 %"], [14000, "5 %"]]}


@pytest.mark.parametrize("at", range(5))
def test_what_is_at_stake_is_what_the_book_would_earn_more(at: int) -> None:
    """Each difference alone, and all together, against a book in which the second's version stands in the first's place."""
    theirs = [dict(row) for row in transactions(OURS)]
    theirs[0]["Amount"] = 1500  # 15,500: the next tier is reached
    theirs[1]["Quantity"], theirs[1]["Amount"] = 2, 150
    theirs[2]["Invoice Date"] = date(2027, 1, 7)  # outside the year
    theirs[3]["Amount"] = 3990
    changed = [dict(row) for row in transactions(OURS)]
    changed[at] = theirs[at]

    def earned(rows: Any) -> Decimal:
        raws = raw_book([LADDER, BANDS], [], settings={"As Of": date(2026, 12, 31)}, distributors=["A"], products=["S"])
        return sum((row.earned for row in run(read([*raws, raw_table("Transactions", rows)])).attainment), Decimal(0))

    engine = open_engine("duckdb")
    raws = raw_book([LADDER, BANDS], OURS, settings={"As Of": date(2026, 12, 31)})
    stakes = Stakes(run(read(raws)))
    first, second = (read_source([raw_table("Transactions", rows)], [], engine, []) for rows in (transactions(OURS), changed))
    more = earned(changed) - earned(transactions(OURS))
    assert reconcile(first, second, stakes).at_stake == ({"USD": more} if more else {})
    second = read_source([raw_table("Transactions", theirs)], [], engine, [])
    assert reconcile(first, second, stakes).at_stake == {"USD": earned(theirs) - earned(transactions(OURS))}


KINDS = [
    {"Program ID": "R", "Period": "Quarter", "Tiers": [[0, "1 %"], [5000, "3 %"], [9000, "5 %"]]}, BANDS,
    {"Program ID": "U", "Period": "Half", "Measure": "Units", "Reward": "Per Unit", "Tiers": [[0, "0.1"], [300, "0.25"]]},
    {"Program ID": "X", "Period": "Year", "Rebate Type": "Mix", "Tiers": [["0.2", "1 %"], ["0.5", "2 %"]]},
    {"Program ID": "C", "Period": "Year", "Period Cap": 400, "Tiers": [[0, "2 %"]]},
    {"Program ID": "E", "Period": "Year", "Currency": "EUR", "Tiers": [[0, "2 %"], [10000, "3 %"]]},
    {"Program ID": "M", "Period": "Half", "Rebate Type": "MDF", "Tiers": [[0, "1 %"]]},
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_what_is_at_stake_agrees_with_another_run_for_every_kind_of_program(seed: int) -> None:
    draw = random.Random(seed)
    sales = [
        [date(2026, 1, 1) + timedelta(days=draw.randrange(364)), draw.choice("AB"), draw.choice("FG"), draw.randint(1, 40), draw.randint(50, 2000)]
        for _ in range(24)
    ]
    ours, theirs = transactions(sales), [dict(row) for row in transactions(sales)]
    at = draw.randrange(24)
    if seed % 3 == 0:
        theirs[at]["Amount"] += draw.randint(500, 3000)
    elif seed % 3 == 1:
        theirs[at]["Quantity"] += draw.randint(50, 200)
    else:
        theirs.pop(at)

    def computed(rows: Any) -> Run:
        tables = {"Scopes": [{"Program ID": "X", "Applies To": "Focus", "Rule": "Include", "Dimension": "SKU", "Value": "F"}],
                  "Exchange Rates": [{"Currency": "EUR", "Valid From": date(2026, 1, 1), "Rate": "1.1"}]}  # fmt: skip
        raws = raw_book(KINDS, [], distributors=["A", "B"], products=["F", "G"], settings={"As Of": date(2026, 12, 31)}, **tables)
        return run(read([*raws, raw_table("Transactions", rows)]))

    def earned(found: Run) -> Counter[str]:
        sums: Counter[str] = Counter()
        for row in found.attainment:
            sums[row.currency] += row.earned  # type: ignore[assignment]
        return sums

    before, after, engine = computed(ours), computed(theirs), open_engine("duckdb")
    first, second = (read_source([raw_table("Transactions", rows)], [], engine, []) for rows in (ours, theirs))
    more = {currency: amount - earned(before)[currency] for currency, amount in earned(after).items()}
    assert reconcile(first, second, Stakes(before)).at_stake == {currency: amount for currency, amount in more.items() if amount}


def test_a_list_in_the_spelling_of_another_country_is_compared(tmp_path: Path) -> None:
    rows = transactions([[date(2026, 1, day), "A", "S", 10, 1234.5, {"Invoice Number": f"INV-{day}"}] for day in range(1, 29)])
    engine = open_engine("duckdb")
    ours = read_source([raw_table("Transactions", rows)], [], engine, [])
    for name, sign, day, amount in (("german", ";", "%d.%m.%Y", "1.234,50"), ("american", ",", "%m/%d/%Y", '"1,234.50"')):
        path = tmp_path / f"{name}.csv"
        lines = [sign.join((amount, row["Invoice Date"].strftime(day), "S", row["Invoice Number"], "10")) for row in reversed(rows)]
        path.write_text("\n".join([sign.join(("Amount", "Invoice Date", "SKU", "Invoice Number", "Quantity")), *lines]))
        problems: list[Any] = []
        found = reconcile(ours, read_source([], [path], engine, problems))
        assert (found.matched, found.differences, problems) == (28, (), []), name


def test_a_list_that_lacks_a_column_says_which(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("Invoice Date,SKU,Pieces\n2026-01-05,S,3\n")
    with pytest.raises(CannotRead, match="no column Quantity"):
        read_source([], [path], open_engine("duckdb"), [])


line = st.tuples(st.integers(1, 28), st.sampled_from("ST"), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["", "INV-1", "inv 001", "INV-2"]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(line, min_size=1, max_size=8), st.lists(line, min_size=1, max_size=8))
def test_no_line_is_dropped_or_counted_twice(ours: list[Any], theirs: list[Any]) -> None:
    def rows(lines: list[Any], prefix: str) -> list[dict[str, Any]]:
        facts = [[date(2026, 1, day), "A", sku, quantity, amount * 10, {"Invoice Number": number}] for day, sku, quantity, amount, number in lines]
        return [{**row, "Transaction ID": prefix + row["Transaction ID"][1:]} for row in transactions(facts)]

    found = compared(rows(ours, "T"), rows(theirs, "T" if len(ours) % 2 else "X"))
    first = [each.first.transaction_id for each in found.differences if each.first]
    second = [each.second.transaction_id for each in found.differences if each.second]
    assert len(set(first)) == len(first) and len(first) + found.matched == len(ours)
    assert len(set(second)) == len(second) and len(second) + found.matched == len(theirs)
