"""The rules as a finance person reads them: small books with the sum beside each figure, run from the sheets to the figures.

A file of `cases/rules` is one rule. `given` is what its cases have in common, a case says what is different, what it
`gives`, and the `working`: the same figure as one would do it on paper. Both are tested, the working against the figure
and the figure against the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from casebook import on_paper
from smallbooks import book, case_files, differences, number, read_case

from rebate_udfs.allocation import allocated, parts_of, share
from rebate_udfs.pipeline import run

ON_PAPER = re.compile(r"[\d.,()x/%+ -]*\d[\d.,()x/%+ -]*")
ENGINE = "polars"  # the quickest on a handful of rows; that all engines find the same is tested in test_pipeline_laws.py
MISSING: dict[tuple[str, str], str] = {}
YEAR_END = date(2026, 12, 31)
MONEY = ("earned", "accrued", "approved", "due", "open", "payable", "lapsed", "carried", "measure", "recoverable")
ATTAINED = {"to next tier": "to_next_tier", "next tier adds": "next_tier_value", "used": "transactions_used"}


def cases(marked: bool = True) -> Iterator[Any]:
    for name in case_files("rules"):
        written = read_case("rules", name)
        for case in written["cases"]:
            reason = MISSING.get((name, case["case"]))
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason and marked else []
            yield pytest.param(written.get("given", {}), case, id=f"{name}: {case['case']}", marks=marks)


def exact(cell: Any) -> Any:
    """A figure as written: a number, a sum on paper, or words."""
    if isinstance(cell, list):
        return [exact(one) for one in cell]
    plain = number(cell)
    return on_paper(plain) if isinstance(plain, str) and ON_PAPER.fullmatch(plain) else plain


def rounded(amount: Fraction, places: int) -> Decimal:
    """Half up to so many decimals, away from zero."""
    units = abs(amount) * 10**places
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Decimal(-whole if amount < 0 else whole).scaleb(-places)


def whole_case(given: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """What is given and what the case changes of it, as one book with its figures at each date."""
    first = {"Program ID": "P", "Period": "Year", **given.get("program", {}), **case.get("program", {})}
    more = case.get("programs", given.get("programs", ()))
    steps = [case, *case.get("then", ())]
    return {
        "programs": [first, *({"Period": "Year", **row} for row in more)],
        "purchases": case.get("purchases", given.get("purchases", ())),
        "distributors": case.get("distributors", given.get("distributors", ())),
        "settings": {**given.get("settings", {}), **case.get("settings", {})},
        "tables": {**given.get("tables", {}), **case.get("tables", {})},
        "expected": [
            {
                "as of": step.get("as of", given.get("as of", YEAR_END)),
                "figures": {figure: _plain(wanted) for figure, wanted in figures(given, step).items()},
                "tables": step.get("tables", {}),
                "problems": step.get("problems", ()),
                "no problems": step.get("no problems", ()),
                **({"post": step["post"]} if "post" in step else {}),
            }
            for step in steps
        ],
    }


def figures(given: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """What is expected, by figure; where no figure is named it is the one of the rule's `figure`."""
    gives = step.get("gives", {})
    if any("/" in str(name) for name in gives):
        return dict(gives)
    return {step.get("figure", given.get("figure", "P/A/2026")): gives} if gives else {}


def _plain(wanted: Any) -> Any:
    if isinstance(wanted, str):
        return wanted
    return {name: exact(cell) for name, cell in wanted.items() if name not in ATTAINED}


@pytest.mark.parametrize(("given", "case"), cases())
def test_the_figure_is_the_one_written_down(given: Mapping[str, Any], case: Mapping[str, Any]) -> None:
    whole = whole_case(given, case)
    assert differences(whole, ENGINE) == []
    for step, expected in zip([case, *case.get("then", ())], whole["expected"], strict=True):
        wanted = {figure: figures_of for figure, figures_of in figures(given, step).items() if isinstance(figures_of, Mapping)}
        if step.keys() & {"claims", "says", "shares"} or any(ATTAINED.keys() & one.keys() for one in wanted.values()):
            _claims_and_words(whole, expected, step, wanted)


def _claims_and_words(whole: Mapping[str, Any], expected: Mapping[str, Any], step: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    tables = {**whole["tables"], **expected["tables"]}
    settings = {**whole["settings"], "As Of": expected["as of"]}
    more = {name.replace(" ", "_"): rows for name, rows in tables.items()}
    found = run(book(whole["programs"], whole["purchases"], distributors=whole["distributors"], settings=settings, engine=ENGINE, **more))
    for name, claim in step.get("claims", {}).items():
        row = next(row for row in found.claims if name in (row.claim_id, f"{row.claim_id}-{row.line}"))
        got = {what: list(row.reasons) if what == "reasons" else getattr(row, what) for what in claim}
        assert got == {what: exact(cell) for what, cell in claim.items()}, name
    for figure, wanted_shares in step.get("shares", {}).items():
        parts = parts_of(found, [figure.split("/")[0]]).get(tuple(figure.split("/")), [])
        total = next(row.earned for row in found.attainment if row.figure_id == f"{figure}/earned")
        amounts = allocated(total, parts, step.get("places", 2))
        got = "the participant itself" if amounts is None else {who: share(amounts, parts, who) for who in wanted_shares}
        assert got == (wanted_shares if isinstance(wanted_shares, str) else {who: exact(cell) for who, cell in wanted_shares.items()})
    said = " ".join(f"{problem.message} {problem.remedy}" for problem in found.problems)
    assert [words for words in step.get("says", ()) if words not in said] == [], said
    for figure, figures_of in wanted.items():
        row = next(row for row in found.attainment if row.figure_id == f"{figure}/earned")
        for what in ATTAINED.keys() & figures_of.keys():
            assert getattr(row, ATTAINED[what]) == exact(figures_of[what]), what


@pytest.mark.parametrize(("given", "case"), cases(marked=False))
def test_the_sum_beside_it_gives_the_same(given: Mapping[str, Any], case: Mapping[str, Any]) -> None:
    for step in [case, *case.get("then", ())]:
        working = step.get("working")
        if not working:
            assert not step.get("gives") or step.get("why"), "a figure needs its sum or its reason beside it"
            continue
        first = next(iter(figures(given, step).values())) if "gives" in step else next(iter(step["claims"].values()))
        name = next(name for name in first if name in MONEY)
        sums, written = (working, first[name]) if isinstance(working, list) else ([working], [first[name]])
        got = [rounded(on_paper(each), case.get("places", 2)) for each in sums]
        assert got == [exact(each) for each in written]


def test_every_rule_has_ten_cases_at_least() -> None:
    few = {name: len(read_case("rules", name)["cases"]) for name in case_files("rules")}
    assert {name: count for name, count in few.items() if count < 10} == {}
