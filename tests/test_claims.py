"""Claims: each answered with every reason that applies, in order, and paid what the terms give and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from claim_ladders import CATALOGUE, LADDERS, catalogue, rungs
from smallbooks import PURCHASE, case_files, computed, earned, payables, problem_codes, read_case, transactions

from rebate_udfs.claim_evidence import normalised
from rebate_udfs.claim_reasons import BY_CODE, ORDER, REASONS
from rebate_udfs.model import ClaimResult, Run

CASES = [name for name in case_files("claims") if not name.startswith("ladder")]


def name_of(each: ClaimResult, taken: Mapping[str, Any]) -> str:
    """How a case names a line: its claim, its line when it is not 1, who sent it where two did, and whether it is stale."""
    name = each.claim_id if each.line == "1" else f"{each.claim_id}/{each.line}"
    if each.reasons[:1] == ("STALE_RESUBMISSION",):
        return f"{name} stale"
    return f"{each.distributor_id} {name}" if f"{each.distributor_id} {name}" in taken else name


def differences(step: Mapping[str, Any], found: Run) -> Iterator[str]:
    """What a run says otherwise than was written down."""
    answers = {name_of(each, step["claims"]): each for each in found.claims}
    if set(answers) != set(step["claims"]):
        yield f"claims answered: {sorted(answers)}, written down: {sorted(step['claims'])}"
    for name in set(answers) & set(step["claims"]):
        wanted = {"reasons": [], **step["claims"][name]}
        if step["claims"][name].keys() == {"status"}:
            wanted.pop("reasons")
        for what, want in wanted.items():
            got = getattr(answers[name], what)
            if (list(got) if what == "reasons" else got) != want:
                yield f"{name} {what}: {want} is written down, {got} computed"
    for figure, want in step.get("earned", {}).items():
        if earned(found)[figure] != want:
            yield f"{figure} earned {earned(found)[figure]}, not {want}"
    for figure, want in step.get("lapsed", {}).items():
        got = sum((row.lapsed for row in payables(found).get(figure, ())), Decimal(0))
        if got != want:
            yield f"{figure} lapsed {got}, not {want}"
    for figure, want in step.get("due", {}).items():
        got = [[row.due_on, row.due] for row in payables(found)[figure]]
        if got != want:
            yield f"{figure} due {got}, not {want}"
    yield from (f"no problem {code}" for code in step.get("problems", ()) if code not in problem_codes(found))


@pytest.mark.parametrize(
    ("name", "engine"), [*((name, "duckdb") for name in CASES), ("parts_and_duplicates", "polars"), ("special_prices", "pandas")]
)
def test_claims_written_down_by_hand(name: str, engine: str) -> None:
    case = read_case("claims", name)
    for step in case["expected"]:
        tables = {**case.get("tables", {}), **step.get("tables", {})}
        settings = {**case.get("settings", {}), **step.get("settings", {}), "As Of": step["as of"]}
        found = computed(case["programs"], case["purchases"], distributors=case.get("distributors", ()), settings=settings, engine=engine,
                         **{table.replace(" ", "_"): rows for table, rows in tables.items()})  # fmt: skip
        assert list(differences(step, found)) == [], step["as of"]


@pytest.mark.parametrize(("at", "name"), list(enumerate(CASES)))
def test_the_order_of_rows_and_the_engine_change_no_answer(at: int, name: str) -> None:
    case, random = read_case("claims", name), Random(at)
    step = case["expected"][-1]
    tables = {**case.get("tables", {}), **step.get("tables", {})}
    settings = {**case.get("settings", {}), **step.get("settings", {}), "As Of": step["as of"]}
    sales = [[*(row[column] for column in PURCHASE), row] for row in transactions(case["purchases"])]  # each keeps its Transaction ID
    shuffled = {table: random.sample(rows, len(rows)) for table, rows in tables.items()}
    engine = ("pandas", "polars", "duckdb")[at % 3]
    found = computed(case["programs"], random.sample(sales, len(sales)), distributors=case.get("distributors", ()), settings=settings,
                     engine=engine, **{table.replace(" ", "_"): rows for table, rows in shuffled.items()})  # fmt: skip
    assert list(differences(step, found)) == []


@pytest.mark.parametrize("name", LADDERS)
def test_each_repair_mends_exactly_what_the_line_was_refused_for(name: str) -> None:
    tries = list(rungs(name))
    for at, rung in enumerate(tries):
        assert rung.result.reasons == rung.codes, f"try {at}: {rung.result}"  # all that apply, in order
        assert rung.result.status == rung.status, f"try {at}: {rung.result}"
        if rung.status in ("Rejected", "Held") and "BELOW_MINIMUM" not in rung.result.reasons:
            assert rung.result.approved == 0
        if at and tries[at - 1].code != rung.code:
            assert tries[at - 1].code not in rung.result.reasons, "the repair did not mend it"
        positions = [ORDER[code] for code in rung.result.reasons]
        assert positions == sorted(positions), "in order of precedence"
        assert rung.result.remedies == tuple(BY_CODE[code].remedy for code in rung.result.reasons)
    assert tries[-1].result.approved == read_case("claims", name)["approved"]


def test_the_ladders_meet_every_reason() -> None:
    refused_for = {rung.code for name in LADDERS for rung in rungs(name) if rung.code}
    assert refused_for == set(BY_CODE)  # each is once the reason that is mended


def test_the_catalogue_of_reasons_is_what_the_code_says() -> None:
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue(), "run: python tests/claim_ladders.py"


def test_a_remedy_is_one_sentence_that_a_distributor_understands() -> None:
    for reason in REASONS:
        assert reason.remedy.endswith(".") and reason.remedy.count(". ") == 0, reason.code
        assert len(reason.remedy) <= 120, reason.code
        assert "_" not in reason.remedy, reason.code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("INV-00123", "inv 123", True), ("RE/2026-0001", "re 2026 0001", True), ("A0", "a", False), ("1000", "100", False),
        ("Ä-1", "ä1", True), ("Ä-1", "Ö-1", False), ("INV_007", "inv7", True), ("100", "0100", True),
    ],
)  # fmt: skip
def test_two_spellings_of_one_invoice_number(one: str, other: str, same: bool) -> None:
    assert (normalised(one) == normalised(other)) is same


def test_a_program_with_an_error_of_ours_refuses_no_claim() -> None:
    claim = {"Claim ID": "C", "Program ID": "P", "Distributor ID": "A", "Claim Date": "2026-05-01", "Period": "2026-Q1", "Claimed Amount": 5}
    found = computed({"Program ID": "P", "Period": "Quarter", "Claim Required": "Yes", "Tiers": [[100, "5 %"], [50, "2 %"]]},
                     [["2026-01-10", "A", "S", 10, 1000]], settings={"As Of": "2026-06-30"}, Claims=[claim])  # fmt: skip
    assert [(each.status, each.reasons) for each in found.claims] == [("Held", ())]
    assert "mended" in found.claims[0].details[0]
