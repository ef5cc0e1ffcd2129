"""Laws that hold for every book: what people take for granted of a rebate, whatever was bought and in whatever order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from drawn import draw_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smallbooks import accrued, book, computed, earned, measured, number, payables, posted

from rebate_udfs.model import Run
from rebate_udfs.pipeline import run

randoms = st.randoms(use_true_random=False)
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def figures(found: Run) -> dict[str, Any]:
    """What a distributor and the books see, figure by figure."""
    dues = {figure: [(row.settlement_end, row.due) for row in rows] for figure, rows in payables(found).items()}
    return {"earned": earned(found), "measure": measured(found), "accrued": accrued(found), "due": dues}


def named(purchases: list[list[Any]]) -> list[list[Any]]:
    """Every purchase with the id that it would get from its place."""
    return [[*cells, {**more, "Transaction ID": f"T{at}"}] for at, (*cells, more) in enumerate(purchases, 1)]


@few
@given(randoms)
def test_the_order_of_rows_changes_nothing(random: Random) -> None:
    facts = draw_book(random)
    before = figures(computed(**facts))
    facts["purchases"] = named(facts["purchases"])
    random.shuffle(facts["purchases"])
    assert figures(computed(**facts)) == before


@few
@given(randoms, st.sampled_from([Fraction(1, 2), Fraction(1, 5), Fraction(3, 4)]))
def test_a_line_split_in_two_changes_nothing(random: Random, share: Fraction) -> None:
    """The same invoice in two lines of the same product on the same day is the same purchase (a return names one of them)."""
    facts = draw_book(random)
    for program in facts["programs"]:
        program["Returns"] = "Deduct" if program["Returns"] == "Original Period" else program["Returns"]
    for row in facts["purchases"]:
        row[5].pop("Original Transaction ID", None)
    before = figures(computed(**facts))
    split = named(facts["purchases"])
    at = random.randrange(len(split))
    day, buyer, sku, quantity, amount, more = split[at]
    part = Decimal(share.numerator) / Decimal(share.denominator)
    first, second = (quantity * part, amount * part), (quantity * (1 - part), amount * (1 - part))
    kind = {"Type": "Return"} if amount < 0 or quantity < 0 else {}
    split[at : at + 1] = [[day, buyer, sku, *first, more | kind], [day, buyer, sku, *second, more | kind | {"Transaction ID": f"T{at + 1}b"}]]
    facts["purchases"] = split
    assert figures(computed(**facts)) == before


@few
@given(randoms, st.integers(0, 60), st.sampled_from(["Retrospective", "Total", "Linear", "Incremental", "Rolling"]))
def test_a_line_taken_back_whole_leaves_the_figure_as_without_both(random: Random, later: int, method: str) -> None:
    facts = draw_book(random, claims=False)
    for program in facts["programs"]:
        program |= {"Returns": "Original Period", "Method": method, "Measure": "Amount", "Reward": "Percent",
                    "Tiers": [[100, "1 %"], [1000, "2 %"]], "Accrual Policy": "Attained"}  # fmt: skip
    facts["settings"]["As Of"] = date(2027, 1, 31)
    facts["purchases"] = named(facts["purchases"])
    without = computed(**facts)
    bought = date(2026, 3, 5)
    extra = {"Invoice Number": "INV-extra", "Transaction ID": "X1"}
    back = {"Invoice Number": "CN-extra", "Transaction ID": "X2", "Original Transaction ID": "X1"}
    facts["purchases"] += [
        [bought, "B2", "S1", Decimal(7), Decimal("777.77"), extra],
        [bought + timedelta(days=later), "B2", "S1", Decimal(-7), Decimal("-777.77"), back],
    ]
    with_both = computed(**facts)
    nothing = Decimal(0)
    before, after = earned(without), earned(with_both)
    assert {figure: after.get(figure, nothing) for figure in before | after} == {figure: before.get(figure, nothing) for figure in before | after}
    assert {figure: measure for figure, measure in measured(with_both).items() if measure} == {
        figure: measure for figure, measure in measured(without).items() if measure
    }


@few
@given(randoms)
def test_every_row_is_used_or_excluded_with_a_reason(random: Random) -> None:
    facts = draw_book(random)
    facts["purchases"] += [
        [date(2026, 2, 1), "B1", "S1", 1, 100, {"Distributor ID": "NOBODY"}],
        [date(2026, 2, 1), "B1", "S1", 1, -100, {"Type": "Invoice"}],
        [date(2026, 2, 1), "B1", "S1", 1, 100, {"Type": "Return"}],
        [None, "B1", "S1", 1, 100, {}],
    ]
    found = computed(**facts)
    assert sum(found.rows_excluded.values()) == 4
    used: dict[str, int] = defaultdict(int)
    for row in found.attainment:
        used[row.program_id] += row.transactions_used
    for count in found.counts:
        assert count.read == len(facts["purchases"]) - 4
        assert count.read == count.used + sum(count.excluded.values())
        assert all(rows > 0 for rows in count.excluded.values())
        assert used[count.program_id] == count.used


@few
@given(randoms, st.lists(st.integers(1, 120), min_size=2, max_size=4))
def test_entries_add_up_to_what_is_accrued_at_the_end(random: Random, steps: list[int]) -> None:
    """Close after close, each entry is a difference: together they are the accrual, and a second run has nothing to post."""
    facts = draw_book(random)
    day, posts, ledger = date(2026, 1, 15), defaultdict(Decimal), ()
    found = None
    for step in steps:
        day += timedelta(days=step)
        tables = replace(book(**facts | {"settings": {"As Of": day}}), ledger=ledger)
        found = run(tables)
        for row in found.accruals:
            posts[row.figure_id] += row.true_up
        ledger = posted(tables, found, f"{day:%Y-%m}").ledger
        again = run(replace(tables, ledger=ledger))
        assert [row for row in again.accruals if row.true_up] == []
        assert again.journal == ()
    assert found is not None
    at_the_end = {row.figure_id: row.accrued for row in found.accruals if row.accrued}
    shown = {row.figure_id for row in found.accruals}
    assert {figure: amount for figure, amount in posts.items() if amount and figure in shown} == at_the_end


@few
@given(randoms)
def test_once_a_period_has_ended_accrued_is_earned(random: Random) -> None:
    facts = draw_book(random, claims=False)
    facts["settings"]["As Of"] = date(2026, 12, 31) + timedelta(days=random.randrange(90))
    found = computed(**facts)
    assert accrued(found) == earned(found)


@few
@given(randoms, st.integers(0, 3))
def test_caps_are_never_exceeded(random: Random, which: int) -> None:
    facts = draw_book(random)
    for program in facts["programs"]:
        program |= {"Period Cap": 30, "Program Cap": 70, "Accrual Policy": "Forecast"} if which else {"Program Cap": 45}
    found = computed(**facts)
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in found.attainment:
        totals[row.program_id, row.participant_id] += row.earned
        assert not which or row.earned <= 30, row.figure_id
    assert all(total <= (70 if which else 45) for total in totals.values())
    assert not which or all(row.accrued <= 30 for row in found.accruals)


NET = {"Period": "Quarter", "Aggregate By": "Parent", "Returns": "Deduct"}


@few
@given(randoms, st.sampled_from(["Retrospective", "Linear", "Total"]))
def test_net_of_takes_off_no_more_and_no_less_than_was_earned_on_the_same_lines(random: Random, method: str) -> None:
    """Two programs on the same lines: 10 % of the second base is gone for every cent that the first one earned."""
    purchases = draw_book(random, rows=15)["purchases"]
    for row in purchases:
        row[5].pop("Currency", None)
    first = {**NET, "Program ID": "A", "Sequence": 1, "Method": method, "Tiers": [[0, "2 %"], [1000, "4 %"]]}
    second = {**NET, "Program ID": "B", "Sequence": 2, "Net Of": "A", "Tiers": [[0, "10 %"]]}
    found = computed([first, second], purchases, settings={"As Of": date(2027, 1, 15)})
    figure = earned(found)
    for row in found.attainment:
        if row.program_id == "B" and row.base > 0:
            from_first = Fraction(figure[f"A/{row.participant_id}/{row.period.period_id}"])
            assert abs((row.base - from_first) / 10 - Fraction(row.earned)) <= Fraction(5, 1000), row.figure_id


@few
@given(randoms, st.sampled_from(["Amount", "Units"]), st.decimals("0.01", "5000", places=2))
def test_more_purchases_never_earn_less_on_an_incremental_ladder(random: Random, measure: str, more: Decimal) -> None:
    facts = draw_book(random, rows=10)
    facts["programs"] = [
        {"Program ID": "P", "Method": "Incremental", "Measure": measure, "Reward": random.choice(["Percent", "Per Unit"]),
         "Tiers": [[0, "1 %"], [50, "3 %"], [900, "5 %"]], "Period": "Quarter", "Aggregate By": "Branch"},
    ]  # fmt: skip
    facts |= {"Scopes": [], "Enrollments": [], "settings": {"As Of": date(2027, 1, 15)}}
    facts["purchases"] = [row for row in facts["purchases"] if row[4] >= 0 and row[3] >= 0]
    before = earned(computed(**facts)) if facts["purchases"] else {}
    after = earned(computed(**{**facts, "purchases": [*facts["purchases"], [date(2026, 2, 14), "ALONE", "S1", more, more, {}]]}))
    assert all(after[figure] >= amount for figure, amount in before.items())


@few
@given(st.integers(1, 300), st.integers(0, 900), st.sampled_from(["Retrospective", "Total"]), st.booleans())
def test_growth_paid_on_all_purchases_is_never_less_than_on_the_increment(before: int, now: int, method: str, in_units: bool) -> None:
    common = {"Rebate Type": "Growth", "Period": "Year", "Method": method, "Measure": "Units" if in_units else "Amount",
              "Tiers": [["5 %", "1 %"], ["20 %", "3 %"]]}  # fmt: skip
    sales = [[date(2025, 5, 5), "A", "F", before, before * 10], [date(2026, 5, 5), "A", "F", now + 1, (now + 1) * 10]]
    found = computed(
        [
            {**common, "Program ID": name, "Reward On": name}
            for name in ("All", "Increment", "Over Threshold")
            if (name, method) != ("Over Threshold", "Total")
        ],
        sales,
        settings={"As Of": date(2026, 12, 31)},
    )
    figure = {row.program_id: row.earned for row in found.attainment}
    assert figure["All"] >= figure["Increment"] >= figure.get("Over Threshold", Decimal(0)) >= 0
    assert (figure["All"] > 0) == (number(now + 1) >= Fraction(21, 20) * before)
