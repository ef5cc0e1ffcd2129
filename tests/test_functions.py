"""The cell functions as a workbook meets them: ranges, headers, empty cells, errors, and how fast they load."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs import functions, registry
from rebate_udfs.functions import (
    rebate_accrue,
    rebate_allocate,
    rebate_amount,
    rebate_expected,
    rebate_growth,
    rebate_mdf,
    rebate_mix,
    rebate_next_tier_value,
    rebate_rate,
    rebate_ship_debit,
    rebate_tier,
    rebate_to_next_tier,
)  # fmt: skip
from rebate_udfs.model import CellError

TIERS = [[0, 0.1], [1000, 0.25]]
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.decimals(allow_nan=True), st.just(CellError("#REF!", "gone"))
)
CELL_OR_RANGE = st.one_of(ANYTHING, st.lists(st.lists(ANYTHING, max_size=3), max_size=3), st.lists(ANYTHING, max_size=3))


def codes(result: Any) -> Any:
    """A result with errors as their codes."""
    if isinstance(result, list):
        return [codes(item) for item in result]
    return result.code if isinstance(result, CellError) else result


def test_a_range_gives_its_shape_and_a_bad_element_an_error_in_its_place() -> None:
    assert codes(rebate_amount([[100, "x"], [2000, None]], TIERS)) == [[10.0, "#VALUE!"], [500.0, 0.0]]
    assert codes(rebate_amount([[100], [CellError("#DIV/0!", "")]], TIERS)) == [[10.0], ["#DIV/0!"]]
    assert codes(rebate_tier([[math.inf, math.nan, 1000]], TIERS)) == [["#NUM!", "#NUM!", 2.0]]


def test_single_values_and_small_ranges_serve_every_element() -> None:
    assert rebate_amount([[100], [2000]], TIERS, base=10) == [[1.0], [2.5]]
    assert rebate_amount([[100], [2000]], TIERS, base=[[10]]) == [[1.0], [2.5]]
    assert rebate_amount(100, TIERS, base=[[10], [20]]) == [[1.0], [2.0]]
    assert rebate_amount([[100]], TIERS) == [[10.0]], "a 1 x 1 range comes back as one"
    assert rebate_amount([100, 2000], TIERS) == [[10.0, 500.0]], "a list without lists is one row"


def test_ranges_of_different_shapes_are_one_error() -> None:
    assert codes(rebate_amount([[1], [2]], TIERS, base=[[1, 2]])) == "#VALUE!"
    assert codes(rebate_amount([[1], [2, 3]], TIERS)) == "#VALUE!"
    assert codes(rebate_amount([], TIERS)) == "#VALUE!"


def test_a_bad_ladder_or_text_is_one_error_for_the_whole() -> None:
    assert codes(rebate_amount([[1], [2]], [[0, 4]])) == "#VALUE!"
    assert codes(rebate_amount([[1], [2]], TIERS, "sliding")) == "#VALUE!"
    assert codes(rebate_amount([[1], [2]], TIERS, 7)) == "#VALUE!"
    assert codes(rebate_amount([[1], [2]], [[0, CellError("#N/A", "")]])) == "#N/A"
    assert codes(rebate_amount(1, 0.1)) == "#VALUE!"


@pytest.mark.parametrize(
    "tiers",
    [
        [["From", "To", "Reward"], [0, 1000, 0.1], [1000, None, 0.25]],
        [[None, "", "  "], ["From", "To", "Reward"], [0, 1000, 0.1], [None, None, None], [1000, "", 0.25], [None, None, None]],
        [["from (USD)", "reward"], [0, 0.1], [1000, 0.25]],
        ((Decimal(0), Decimal("0.1")), (Decimal(1000), Decimal("0.25"))),
        [[0, 0, 0.1], [1000, 0, 0.25]],
    ],
    ids=["header", "blank rows", "two columns", "decimals", "empty To handed over as 0"],
)
def test_a_tier_range_is_read_as_people_lay_it_out(tiers: Any) -> None:
    assert rebate_amount(2000, tiers, "Incremental") == 350


def test_a_second_row_of_text_is_no_header() -> None:
    assert codes(rebate_amount(1, [["From", "Reward"], ["a", "b"], [0, 0.1]])) == "#VALUE!"


def test_empty_omitted_and_truth() -> None:
    assert rebate_amount(2000, TIERS, None, "", threshold=None) == 500, "an empty text argument means its default"
    assert rebate_amount(2000, TIERS, base=None) == 0, "an empty number argument is 0"
    assert rebate_amount(True, [[1, 0.1]]) == 0.1
    assert codes(rebate_amount("2000", TIERS)) == "#VALUE!"
    assert rebate_amount(2000, TIERS, [["incremental"]]) == 350, "one cell handed over as a range"
    assert codes(rebate_mdf(1, [[0.5, 0.5]], 1)) == "#VALUE!"


def test_names_of_other_systems_are_accepted() -> None:
    for name in ("STEPPED", "graduated", "all-tiers", "non retrospective", "section_prorated"):
        assert rebate_amount(2000, TIERS, name) == 350


def test_binary_noise_does_not_miss_a_threshold() -> None:
    assert rebate_tier(0.1 + 0.2, [[0.3, 0.1]]) == 1
    assert rebate_to_next_tier(1.1 * 3, [[3.3, 0.1], [3.4, 0.2]]) == 0.1
    assert rebate_amount(100.5, [[0, 0.01]]) == 1.01
    assert rebate_amount(Fraction(201, 2), [[0, 0.01]]) == 1.01


def test_results_are_the_nearest_floats() -> None:
    assert rebate_rate(1, [[0, 0.015]]) == 0.015
    assert codes(rebate_tier(10**400, TIERS)) == 2.0
    assert codes(rebate_amount(10**400, TIERS)) == "#NUM!"


def test_each_element_of_a_fund_stands_against_the_whole_of_it() -> None:
    assert rebate_mdf([[1800], [5000], ["x"]], 0.5, 2000)[:2] == [[900.0], [2000.0]]


def test_growth_and_mix_over_ranges() -> None:
    assert codes(rebate_growth([[120], [120]], [[100], [None]], [[0.1, 0.02]])) == [[0.4], ["#N/A"]]
    assert rebate_mix([[20, 10]], 100, [[0.2, 0.02]]) == [[2.0, 0.0]]


def test_ship_and_debit_over_ranges() -> None:
    assert codes(rebate_ship_debit([[100], [1]], 20, [[0.1], [10]], "Down By Percent")) == [[200.0], ["#VALUE!"]]
    assert rebate_ship_debit(1, 1000, 0.25, "margin", [[900, 950]]) == [[325.0, 287.5]]


def test_the_next_tier_under_more_than_is_just_above_its_from() -> None:
    assert rebate_next_tier_value(100, [[100, 0.1]], threshold="More Than") == 10
    assert rebate_to_next_tier(100, [[100, 0.1]], "More Than") == 0


def test_entries_telescope_to_what_is_earned() -> None:
    """OpenMeter's series: 15 units, then one more, then the same again."""
    booked, entries = 0.0, []
    for units in (15, 16, 16):
        entry = rebate_accrue(units, units, [[0, 15, 10], [16, None, 5]], reward="Per Unit", recognised=booked)
        booked += entry
        entries.append(entry)
    assert entries == [150, -70, 0]


def test_expected_value_takes_one_scenario_as_a_forecast() -> None:
    tiers = [[100000, 0.04]]
    assert rebate_expected(60000, 120000, 1, tiers) == rebate_accrue(60000, 120000, tiers)


@given(st.integers(-(10**9), 10**9), st.lists(st.lists(st.integers(-5, 100), min_size=2, max_size=2), min_size=1, max_size=6), st.integers(0, 4))
def test_parts_add_up_to_the_total(total: int, weights: list[list[int]], places: int) -> None:
    result = rebate_allocate(total, weights, places)
    if all(weight <= 0 for row in weights for weight in row) and total:
        assert codes(result) == "#NUM!"
        return
    assert sum(Fraction(str(part)) for row in result for part in row) == total
    for row, shares in zip(result, weights, strict=True):
        assert all(part == 0 for part, weight in zip(row, shares, strict=True) if weight <= 0)


DIRECT = sorted(name for name, entry in registry.FUNCTIONS.items() if entry.section == "direct")


@given(st.sampled_from(DIRECT), st.lists(CELL_OR_RANGE, max_size=9))
def test_no_argument_ever_raises(name: str, values: list[Any]) -> None:
    function = getattr(functions, name.lower())
    wanted = registry.FUNCTIONS[name].arguments
    required = sum(argument.required for argument in wanted)
    given_values = (values + [None] * required)[: max(required, min(len(values), len(wanted)))]
    result = function(*given_values)
    for row in result if isinstance(result, list) else [[result]]:
        for cell in row:
            assert isinstance(cell, (float, CellError)) or name == "REBATE_VERSION"
            assert not isinstance(cell, float) or math.isfinite(cell)


# ---- the registry, from which the hosts and the reference are made


@pytest.mark.parametrize("entry", registry.FUNCTIONS.values(), ids=lambda entry: entry.name)
def test_a_described_function_is_the_one_that_runs(entry: registry.Function) -> None:
    parameters = list(inspect.signature(getattr(functions, entry.python_name)).parameters.values())
    assert [parameter.name for parameter in parameters] == [argument.name for argument in entry.arguments]
    portable = {"number": "float int", "text": "str", "range": "list[list[Any]] Table", "id": "str", "date": "str", "period": "str"}
    for parameter, argument in zip(parameters, entry.arguments, strict=True):
        assert parameter.annotation in portable[argument.kind].split(), (entry.name, parameter)
        assert (parameter.default is inspect.Parameter.empty) == argument.required
        if not argument.required and argument.default is not None:
            assert parameter.default == argument.default


@pytest.mark.parametrize("entry", registry.FUNCTIONS.values(), ids=lambda entry: entry.name)
def test_a_description_fits_every_host(entry: registry.Function) -> None:
    assert entry.name.startswith("REBATE_") and entry.name == entry.name.upper()
    assert 1 <= len(entry.summary) <= registry.HELP_LIMIT
    assert entry.shape in registry.SHAPES and entry.result in registry.RESULTS and entry.section in ("direct", "book")
    required = [argument.required for argument in entry.arguments]
    assert required == sorted(required, reverse=True), "optional arguments come last"
    for argument in entry.arguments:
        assert argument.kind in registry.KINDS and 1 <= len(argument.help) <= registry.HELP_LIMIT
        assert argument.name.isidentifier() and argument.name == argument.name.lower()
        assert argument.required is (argument.default is None) or not argument.required
        assert not argument.many or argument.kind == registry.NUMBER


@pytest.mark.parametrize("entry", registry.FUNCTIONS.values(), ids=lambda entry: entry.name)
def test_the_example_gives_what_it_says(entry: registry.Function) -> None:
    assert repr(eval(entry.example, vars(functions))) == entry.gives


def test_every_function_is_described() -> None:
    written = {name.upper() for name, value in vars(functions).items() if name.startswith("rebate_") and inspect.isfunction(value)}
    assert written == set(registry.FUNCTIONS)


def test_actions_are_described() -> None:
    for action in registry.ACTIONS.values():
        assert action.name.isidentifier() and action.label
        assert 1 <= len(action.help) <= registry.HELP_LIMIT


def test_functions_load_without_frames() -> None:
    """A fresh interpreter in a workbook must not wait for pandas or a database."""
    heavy = ("pandas", "duckdb", "polars", "narwhals", "pyarrow", "sqlalchemy")
    code = f"import sys, rebate_udfs.functions; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == "[]"
