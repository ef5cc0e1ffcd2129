"""The what-if of a statement: what its native formulas say equals what the engine says, to the cent, wherever a cent can be lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs.hosts.statement_whatif import write_plan
from rebate_udfs.model import Facts, Ladder, Method, RebateType, RewardKind, RewardOn, Rounding, Terms, Threshold, WalkLine
from rebate_udfs.money import money, places_of
from rebate_udfs.rewards import LadderRow, read_ladder, reward
from rebate_udfs.statement import NotExact, WhatIf, rebate, what_if, with_more
from rebate_udfs.statement.whatif import EXACT_LIMIT, places_for

SEED = 20260630
POINTS_A_LADDER = 14


@dataclass(frozen=True)
class Case:
    """One participant's situation, and the additional purchases to try, in units of 10^-places."""

    facts: Facts
    ladder: Ladder
    terms: Terms
    unit: str
    currency: str
    rounding: Rounding
    plan: WhatIf

    def engine(self, more: int):
        """What the rule itself gives."""
        earned = reward(with_more(self.facts, Fraction(more, 10**self.plan.places)), self.ladder, self.terms)
        return money(earned.amount, self.currency, self.rounding), earned.tier

    def points(self, random_: random.Random) -> list[int]:
        """Nothing, every threshold with its neighbours, half cents, and some others."""
        starts = {start + shift for start in (piece.starts_at for piece in self.plan.pieces) for shift in (-1, 0, 1)}
        others = {random_.randrange(0, 10 ** random_.randint(1, 9)) for _ in range(4)}
        wanted = sorted({0, *starts, *list(self.half_cents())[:4], *others})
        fitting = [more for more in wanted if 0 <= more <= self.plan.most]
        return fitting if len(fitting) <= POINTS_A_LADDER else sorted(random_.sample(fitting, POINTS_A_LADDER))

    def half_cents(self) -> Iterator[int]:
        """Purchases whose rebate lies exactly between two cents."""
        for piece in self.plan.pieces:
            for more in range(piece.starts_at, piece.starts_at + 2000):
                if 2 * (piece.constant + piece.slope * more + piece.curve * more**2) % (2 * piece.divisor) == piece.divisor and not piece.curve:
                    yield more


def ladder_of(*steps: tuple[str, str | None, str, bool], terms: Terms) -> Ladder:
    """A ladder of (From, To, Reward, Pay From First)."""
    rows = [LadderRow(Fraction(start), None if end is None else Fraction(end), Fraction(pays), first) for start, end, pays, first in steps]
    ladder, problems = read_ladder(rows, terms)
    assert ladder, problems
    return ladder


def case_of(facts: Facts, ladder: Ladder, terms: Terms, unit: str = "USD", currency: str = "USD", rounding: Rounding = Rounding.HALF_UP) -> Case:
    """A case with its plan."""
    return Case(facts, ladder, terms, unit, currency, rounding, what_if(facts, ladder, terms, reward, unit, currency, rounding))


def random_case(random_: random.Random) -> Case | None:
    """Any ladder that a company might write, with printed To gaps, lump sums, per-unit rewards, odd rates and odd prices."""
    method, kind = random_.choice(list(Method)), random_.choice(list(RewardKind))
    if kind is RewardKind.LUMP_SUM and method in (Method.ROLLING, Method.LINEAR):
        method = Method.TOTAL
    cap = Fraction(random_.randrange(1, 10**6), 100) if random_.random() < 0.2 else None
    terms = Terms(method=method, reward=kind, threshold=random_.choice(list(Threshold)), base_cap=cap)
    unit = random_.choice(["USD", "units"])
    step = random_.choice([Fraction(1, 100), Fraction(1), Fraction(50)]) if unit == "USD" else Fraction(1)
    froms = sorted({random_.randrange(0, 20000) * step for _ in range(random_.randint(1, 4))})
    apart = all(later - one > 2 for one, later in pairwise(froms))
    gaps = terms.threshold is Threshold.AT_LEAST and random_.random() < 0.4 and apart
    rows = []
    for index, start in enumerate(froms):
        quantum = Fraction(1, 100) if any(number.denominator > 1 for number in froms) else Fraction(1)
        to = froms[index + 1] - quantum if gaps and index + 1 < len(froms) else None
        pays = Fraction(random_.randrange(1, 4999), 10000) if kind is RewardKind.PERCENT else Fraction(random_.randrange(1, 99999), 1000)
        first = method is Method.INCREMENTAL and kind is not RewardKind.LUMP_SUM and random_.random() < 0.2
        rows.append(LadderRow(start, to, pays, first))
    ladder, _ = read_ladder(rows, terms)
    if not ladder:
        return None
    measure = random_.randrange(0, 25000) * step + random_.choice([0, step * 3])
    same = random_.random() < 0.5
    base = measure if same else Fraction(random_.randrange(1, 10**7), 100)
    facts = Facts(measure=measure, base=base, base_is_measure=same)
    try:
        return case_of(facts, ladder, terms, unit, random_.choice(["USD", "USD", "JPY", "KWD"]), random_.choice(list(Rounding)))
    except NotExact as reason:
        assert str(reason).endswith((".", "forecast."))
        return None


def known_cases() -> Iterator[Case]:
    """Situations in which binary floats, sloppy thresholds or a second copy of the rule go wrong."""
    retrospective, incremental = Terms(), Terms(method=Method.INCREMENTAL)
    three = ladder_of(("5000", None, "0.02", False), ("10001", None, "0.04", False), ("25001", None, "0.06", False), terms=retrospective)
    yield case_of(Facts(Fraction(7480), Fraction("93512.35"), base_is_measure=False), three, retrospective, "units")
    cents = ladder_of(("0", None, "0.5", False), terms=retrospective)  # half of 5.35 is 2.675, which no float is
    yield case_of(Facts(Fraction("5.35"), Fraction("5.35"), base_is_measure=True), cents, retrospective)
    yield case_of(Facts(Fraction("5.35"), Fraction("5.35"), base_is_measure=True), cents, retrospective, rounding=Rounding.HALF_EVEN)
    bands = ladder_of(("0", "999.99", "0.1", False), ("1000", None, "0.25", False), terms=incremental)
    yield case_of(Facts(Fraction("999.98"), Fraction("999.98"), base_is_measure=True), bands, incremental)
    linear = Terms(method=Method.LINEAR)
    slope = ladder_of(("0", None, "0", False), ("1000", None, "0.02", False), ("2000", None, "0.04", False), terms=linear)
    yield case_of(Facts(Fraction("999.99"), Fraction("1234.56"), base_is_measure=False), slope, linear)
    above = Terms(threshold=Threshold.MORE_THAN)
    yield case_of(Facts(Fraction("99.99"), Fraction("99.99"), base_is_measure=True), ladder_of(("100", None, "0.0333", False), terms=above), above)
    walk = tuple(
        WalkLine(str(number), Fraction(units), Fraction(price)) for number, (units, price) in enumerate([(13, "39.99"), (3, "10"), (7, "12.34")])
    )
    steps = ladder_of(("0", None, "0.1", False), ("15", None, "0.2", False), ("40", None, "0.3", False), terms=incremental)
    yield case_of(Facts(Fraction(23), Fraction("62.33"), lines=walk, base_is_measure=False), steps, incremental, "units")
    growth = Terms(rebate_type=RebateType.GROWTH, reward_on=RewardOn.INCREMENT)
    on_growth = ladder_of(("0.1", None, "0.02", False), ("0.15", None, "0.03", False), ("0.2", None, "0.04", False), terms=growth)
    bought = Facts(Fraction(2_050_000), Fraction(2_050_000), baseline=Fraction(2_000_000), base_is_measure=True)
    yield case_of(bought, on_growth, growth)
    large = Facts(Fraction("98765432.10"), Fraction("12345678.91"), base_is_measure=False)
    yield case_of(large, ladder_of(("0", None, "0.0125", False), ("99000000", None, "0.0175", False), terms=retrospective), retrospective)


def all_cases() -> list[Case]:
    random_ = random.Random(SEED)
    return [*known_cases(), *(found for _ in range(90) if (found := random_case(random_)))]


def test_the_pieces_say_what_the_rule_says():
    random_ = random.Random(SEED)
    cases = all_cases()
    assert len(cases) > 60
    for case in cases:
        for more in case.points(random_):
            assert rebate(case.plan, more) == case.engine(more), (case, more)


@given(st.integers(0, 10**9), st.integers(1, 10**8), st.integers(1, 9999), st.integers(1, 10**7))
def test_any_purchase_below_the_limit_is_exact(measure: int, base: int, rate: int, more: int):
    ladder = ladder_of(("0", None, f"{rate / 20000:.5f}", False), terms=Terms())
    try:
        case = case_of(Facts(Fraction(measure, 100), Fraction(base, 100), base_is_measure=False), ladder, Terms())
    except NotExact as reason:
        assert "no purchases" in str(reason) if measure == 0 else "too large" in str(reason)
        return
    more = min(more, case.plan.most)
    assert rebate(case.plan, more) == case.engine(more)
    assert all(piece.divisor * 20 <= EXACT_LIMIT for piece in case.plan.pieces)


def test_more_than_is_planned_for_in_a_sheet_is_refused_in_words():
    walk = tuple(WalkLine(str(number), Fraction(1), Fraction(number, 7)) for number in range(1, 900))
    terms = Terms(method=Method.INCREMENTAL)
    ladder = ladder_of(("0", None, "0.1", False), ("2000", None, "0.2", False), terms=terms)
    base = sum((line.base for line in walk), Fraction(0))
    with pytest.raises(NotExact, match="line by line"):
        what_if(Facts(Fraction(899), base, lines=walk), ladder, terms, reward, "units", "USD", Rounding.HALF_UP)
    with pytest.raises(NotExact, match="no purchases yet"):
        what_if(Facts(Fraction(0), Fraction(5), base_is_measure=False), ladder, terms, reward, "units", "USD", Rounding.HALF_UP)


def test_units_are_planned_as_they_were_bought():
    assert [places_for(Fraction(text), "units") for text in ("12", "2.5", "0.125")] == [0, 1, 3]
    assert places_for(Fraction(12), "KWD") == places_of("KWD") == 3


def test_libreoffice_computes_the_same_cents(tmp_path: Path, recalculated: Callable[..., Path]):
    random_ = random.Random(SEED)
    book = xlsxwriter.Workbook(tmp_path / "plans.xlsx")
    answers, inputs, sheet = book.add_worksheet("Answers"), book.add_worksheet("Inputs"), book.add_worksheet("Plans")
    expected, row = [], 0
    for number, case in enumerate(all_cases()):
        for more in case.points(random_):
            at = len(expected)
            inputs.write_number(at, 0, float(Fraction(more, 10**case.plan.places)))
            answer = write_plan(sheet, row, f"case {number}", case.plan, f"Inputs!$A${at + 1}")
            for column, cell in enumerate((answer.rebate, answer.tier, answer.valid)):
                answers.write_formula(at, column, f"=Plans!{cell}", None, -1)
            expected.append((case, more, *case.engine(more)))
            row = answer.next_row
    book.close()
    found = openpyxl.load_workbook(recalculated(tmp_path / "plans.xlsx"), data_only=True)["Answers"]
    wrong = []
    for at, (case, more, earned, tier) in enumerate(expected, 1):
        said = tuple(found.cell(at, column).value for column in (1, 2, 3))
        if said != (pytest.approx(float(earned), abs=1e-9), tier, 1):
            wrong.append(f"Answers!A{at}: expected {earned} (tier {tier}), got {said} for {more} more in {case.terms}")
    assert len(expected) > 700
    assert not wrong, "\n".join(wrong[:5]) + f"\n.. {len(wrong)} of {len(expected)}"
