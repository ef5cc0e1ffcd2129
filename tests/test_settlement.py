"""What falls due when, and what of it is open: hand-worked cases, and laws that hold whatever was bought and paid."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from drawn import draw_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smallbooks import case_files, computed, differences, earned, payables, read_case


@pytest.mark.parametrize("name", case_files("settlement"))
def test_hand_worked_settlements(name: str) -> None:
    assert differences(read_case("settlement", name)) == []


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 400))
def test_what_is_open_what_is_paid_and_what_is_earned_fit_together(random: object, later: int) -> None:
    """Due adds up to earned once all is over, unless goods came back later; payable and recoverable are never negative, never both above zero."""
    facts = draw_book(random, claims=False)  # type: ignore[arg-type]
    first = computed(**facts)
    paid = []
    for number, row in enumerate(first.payable):
        if row.due > 0:
            part = (row.due * Decimal(random.choice(["0.5", "1", "1.25"]))).quantize(Decimal("0.01"))  # type: ignore[attr-defined]
            paid.append({"Payment ID": f"X{number}", "Program ID": row.program_id, "Participant ID": row.participant_id, "Period": row.period,
                         "Paid On": row.due_on, "Amount": part})  # fmt: skip
    facts["settings"] |= {"As Of": facts["settings"]["As Of"] + timedelta(days=later)}
    found = computed(**facts, Payments=paid)
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in paid:
        if row["Paid On"] <= found.as_of:
            settled[f"{row['Program ID']}/{row['Participant ID']}/{row['Period']}"] += row["Amount"]
    figures = earned(found)
    for figure, rows in payables(found).items():
        payable, recoverable = sum(row.payable for row in rows), sum(row.recoverable for row in rows)
        assert all(row.payable >= 0 and row.recoverable >= 0 and row.lapsed >= 0 for row in rows), figure
        assert payable == 0 or recoverable == 0, figure
        assert sum(row.settled for row in rows) == settled[figure], figure
        assert payable <= max(figures[figure] - settled[figure], Decimal(0)), figure
        assert recoverable == max(settled[figure] + sum(row.lapsed for row in rows) - figures[figure], Decimal(0)), figure
        assert [row.settlement_end for row in rows] == sorted(row.settlement_end for row in rows), figure
    over = {row.program_id for row in found.attainment} - {p["Program ID"] for p in facts["programs"] if p.get("Minimum Payout")}
    for row in found.attainment:
        came_back = any(
            more.get("Type") == "Return" and max(day, more.get("Ship Date", day)) > row.period.ends_on for day, *_, more in facts["purchases"]
        )
        if row.program_id in over and found.as_of >= max(row.period.ends_on, date(2026, 12, 31)) and not came_back:
            figure = row.figure_id.removesuffix("/earned")
            assert sum(each.due for each in payables(found)[figure]) == row.earned, figure
