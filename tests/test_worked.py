"""The published worked cases, and our own: each sum as done on paper, and as the functions give it."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from casebook import on_paper, read_cases
from conftest import SHARED, absent

from rebate_udfs import functions
from rebate_udfs.model import CellError, Facts, Method, Terms, WalkLine
from rebate_udfs.money import money
from rebate_udfs.rewards import LadderRow, read_ladder, reward

WORKED = SHARED / "cases" / "worked.jsonl"
VOLUME = read_cases("volume.yaml")
FUNCTIONS = [(name, case) for name, cases in read_cases("functions.yaml").items() for case in cases]


def published() -> list[Any]:
    if not WORKED.exists():
        return [pytest.param(None, id="absent")]
    cases = [json.loads(line, parse_float=Decimal) for line in WORKED.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [pytest.param(case, id=case["id"]) for case in cases]


def floats(value: Any) -> Any:
    """Numbers as a workbook holds them."""
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("case", published())
@pytest.mark.parametrize("as_cell", [True, False], ids=["floats", "decimals"])
def test_published_case(case: dict[str, Any] | None, as_cell: bool) -> None:
    if case is None:
        absent(f"the published cases are not at {WORKED}")
        return
    args = floats(case["args"]) if as_cell else case["args"]
    kwargs = {name: floats(value) if as_cell else value for name, value in case["kwargs"].items()}
    result = getattr(functions, case["function"].lower())(*args, **kwargs)
    if isinstance(case["expected"], dict):
        assert isinstance(result, CellError) and result.code == case["expected"]["error"], case["note"]
    else:
        assert result == floats(case["expected"]), case["note"] or case["source"]


def volume_id(case: dict[str, Any]) -> str:
    return f"{case['method']}-{case.get('reward', 'Percent')}-{case['ladder']}-{case['measure']}-{case.get('threshold', '')}"


@pytest.mark.parametrize("case", VOLUME["cases"], ids=volume_id)
def test_volume_case(case: dict[str, Any]) -> None:
    options = {name: case[name] for name in ("reward", "base", "threshold") if name in case}
    result = functions.rebate_amount(case["measure"], VOLUME["ladders"][case["ladder"]], case["method"], **options)
    assert money(on_paper(case["working"])) == Decimal(str(case["gives"])), "the case's own sum"
    assert result == case["gives"], case.get("why", case["working"])


def test_every_method_has_ten_cases() -> None:
    for method in Method:
        assert sum(case["method"] == method for case in VOLUME["cases"]) >= 10


@pytest.mark.parametrize(("name", "case"), FUNCTIONS, ids=lambda value: value if isinstance(value, str) else str(value["args"])[:60])
def test_function_case(name: str, case: dict[str, Any]) -> None:
    result = getattr(functions, name.lower())(*case["args"])
    if "error" in case:
        assert isinstance(result, CellError) and result.code == case["error"], (result, case.get("why"))
        assert result.message
    elif "table" in case:
        assert result == case["table"]
    else:
        assert money(on_paper(case["working"])) == money(Fraction(str(case["gives"]))), "the case's own sum"
        assert result == case["gives"], case.get("why", case["working"])


@pytest.mark.parametrize("case", read_cases("walks.yaml")["cases"], ids=lambda case: case["why"][:60])
def test_walk_case(case: dict[str, Any]) -> None:
    terms = Terms(
        method=Method(case.get("method", "Incremental")),
        base_cap=Fraction(case["base_cap"]) if "base_cap" in case else None,
        net_of=Fraction(case.get("net_of", 0)),
    )
    rows = [LadderRow(Fraction(str(t[0])), None if t[1] is None else Fraction(str(t[1])), Fraction(str(t[2])), *t[3:]) for t in case["tiers"]]
    ladder, problems = read_ladder(rows, terms)
    assert ladder, problems
    lines = tuple(WalkLine(str(index), Fraction(units), Fraction(money)) for index, (units, money) in enumerate(case["lines"]))
    facts = Facts(sum((line.measure for line in lines), Fraction(0)), sum((line.base for line in lines), Fraction(0)), lines)
    result = reward(facts, ladder, terms)
    assert result.amount == on_paper(case["working"])
    assert result.amount == sum(step.amount or 0 for step in result.steps)
