"""What a statement says of programs other than Volume: the part that is paid on, the share, the fund, the claim."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F
from typing import Any

import pytest

from rebate_udfs.model import Program, Scope, Tier
from rebate_udfs.statement.in_words import pays_for, terms_of_program

LADDER = (Tier(1, F("0.1"), F("0.1"), F("0.2"), F("0.02")), Tier(2, F("0.2"), F("0.2"), None, F("0.03")))
NEW = Scope(program_id="P", applies_to="Focus", rule="Include", dimension="Category", value="Lasers")


def program(kind: str, **more: Any) -> Program:
    return Program(
        program_id="P", program_name="x", rebate_type=kind, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), period="Quarter", **more
    )


@pytest.mark.parametrize(
    ("reward_on", "part"),
    [
        (None, "on what your purchases exceed the baseline by"), ("All", "on all your purchases"),
        ("Over Threshold", "on what your purchases exceed the threshold reached by"),
    ],
)  # fmt: skip
def test_growth_says_what_it_is_paid_on(reward_on: str | None, part: str) -> None:
    said = pays_for(program("Growth", reward_on=reward_on), LADDER, (), "USD", "USD")
    assert said == f"Pays {part}, each quarter, by how much you grow over the baseline: 2 % from 10 % growth and 3 % from 20 % growth."


def test_growth_over_the_baseline_never_promises_everything() -> None:
    part, whole = (terms_of_program(program("Growth", reward_on=on), LADDER, (), "USD", "USD", "yyyy-mm-dd") for on in (None, "All"))
    assert "The rate of the highest tier you reach applies to all of that part." in part
    assert any("everything" in line for line in whole)


def test_a_mix_names_its_range() -> None:
    said = pays_for(program("Mix"), LADDER[:1], (NEW,), "USD", "USD")
    assert said == "Pays on all your purchases, each quarter, for the share of category Lasers in them: 2 % from a share of 10 %."
    assert "on that part" in pays_for(program("Mix", reward_on="Focus"), LADDER[:1], (NEW,), "USD", "USD")


def test_a_fund_says_what_it_reimburses_and_until_when() -> None:
    fairs = Scope(program_id="P", rule="Include", dimension="Activity", value="Fair")
    whole = (Tier(1, F(0), F(0), None, F("0.02")),)
    given = program("MDF", participation="0.5", claim_window_days=60)
    said = pays_for(given, whole, (fairs,), "USD", "USD")
    assert said == "A fund for marketing, each quarter: 2 % of your purchases. It reimburses 50 % of what Fair cost you, by claim."
    terms = " ".join(terms_of_program(given, whole, (fairs,), "USD", "USD", "yyyy-mm-dd"))
    assert "no later than 60 days after the end of that period. What is left after that lapses." in terms
    assert "carried over" in " ".join(terms_of_program(program("MDF", carry_over=True), whole, (), "USD", "USD", "yyyy-mm-dd"))


def test_ship_and_debit_promises_no_rate_on_purchases() -> None:
    said = pays_for(program("Ship and Debit"), (), (), "USD", "USD")
    assert said.startswith("Pays you by claim, for each unit sold at an agreed special price")
    terms = terms_of_program(program("Ship and Debit", payment_terms_days=15), LADDER, (), "USD", "USD", "yyyy-mm-dd")
    assert "An approved claim is paid by credit note 15 days after its date." in terms
    assert not any("tier" in line for line in terms)  # tiers of such a program are our own accrual rate
