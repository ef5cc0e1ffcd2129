"""What the books should hold: published examples, hand-worked cases for every policy, and a journal that always balances."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from drawn import draw_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smallbooks import case_files, computed, differences, read_case

from rebate_udfs.model import Run


@pytest.mark.parametrize("name", case_files("books"))
def test_worked_books(name: str) -> None:
    assert differences(read_case("books", name)) == []


@pytest.mark.parametrize("name", case_files("accrual"))
def test_hand_worked_accruals(name: str) -> None:
    assert differences(read_case("accrual", name)) == []


def unbalanced(found: Run) -> dict[str, Decimal]:
    """Figures whose debits and credits differ."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in found.journal:
        assert line.debit >= 0 and line.credit >= 0 and (line.debit > 0) != (line.credit > 0), f"{line} stands on both sides or on none"
        sums[line.figure_id] += line.debit - line.credit
    return {figure: difference for figure, difference in sums.items() if difference}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.sampled_from(["Manufacturer", "Distributor"]), st.integers(0, 100))
def test_the_journal_balances_in_both_perspectives(random: object, perspective: str, sold_percent: int) -> None:
    facts = draw_book(random)  # type: ignore[arg-type]
    facts["settings"] |= {"Perspective": perspective, "Sold Share": Decimal(sold_percent) / 100}
    found = computed(**facts)
    assert unbalanced(found) == {}
    entries = {row.figure_id: row.true_up for row in found.accruals if row.true_up}
    raised: dict[str, Decimal] = defaultdict(Decimal)
    for line in found.journal:
        if line.account == ("Accrued Rebates" if perspective == "Manufacturer" else "Rebates Receivable"):
            raised[line.figure_id] += line.credit - line.debit if perspective == "Manufacturer" else line.debit - line.credit
    assert dict(raised) == entries


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_steps_add_up_to_every_earned_and_accrued_figure(random: object) -> None:
    found = computed(**draw_book(random))  # type: ignore[arg-type]
    for row in found.attainment:
        assert sum((step.amount for step in row.reward.steps if step.amount is not None), Fraction(0)) == Fraction(row.earned), row.figure_id
    for accrual in found.accruals:
        assert accrual.true_up == accrual.accrued - accrual.recognised
