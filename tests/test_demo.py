"""The sample company: the same on every machine, and holding what a newcomer should meet."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from rebate_udfs import demo
from rebate_udfs.columns import BY_NAME, SETTINGS
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.model import Run
from rebate_udfs.pipeline import run
from rebate_udfs.tables import read

TRANSACTIONS_SHA256 = "14c9ff3996ba804c166559f0f2f5e7199a8ba6bb8f59ade7a31c732e498d7eac"


@pytest.fixture(scope="module")
def tables() -> dict[str, demo.SampleRows]:
    return demo.sample()


def test_it_is_the_same_every_time(tables):
    assert demo.sample() == tables
    text = "\n".join("|".join(f"{header}={value}" for header, value in sorted(row.items())) for row in tables["Transactions"])
    assert hashlib.sha256(text.encode()).hexdigest() == TRANSACTIONS_SHA256, "on every machine; README and payments rely on it"


def test_it_is_as_large_as_it_says(tables):
    tops = {row["Distributor ID"] for row in tables["Distributors"] if "Parent ID" not in row}
    assert (len(tables["Transactions"]), len(tables["Programs"]), len(tables["Products"]), len(tops)) == (3000, 10, 40, 12)
    days = [row["Invoice Date"] for row in tables["Transactions"]]
    assert days == sorted(days)
    assert (min(days).year, max(days)) == (2024, demo.AS_OF)


def test_every_header_is_one_of_the_standard_workbook(tables):
    for name, rows in tables.items():
        known = {column.header for column in BY_NAME[name].columns}
        assert {header for row in rows for header in row} <= known, name
    assert {row["Setting"] for row in tables["Settings"]} <= {column.header for column in SETTINGS}


def test_required_cells_are_filled_and_amounts_are_whole_cents(tables):
    for name, rows in tables.items():
        required = [column.header for column in BY_NAME[name].columns if column.required and name != "Settings"]
        for row in rows:
            assert all(row.get(header) not in (None, "") for header in required), (name, row)
    for row in tables["Transactions"]:
        assert isinstance(row["Amount"], Decimal)
        assert row["Amount"] == row["Amount"].quantize(demo.CENT)


def test_each_method_is_met_once(tables):
    assert {row["Rebate Type"] for row in tables["Programs"]} == {"Volume", "Growth", "Mix", "MDF", "Ship and Debit"}
    met = {(row["Method"], row.get("Reward", "Percent")) for row in tables["Programs"] if row["Rebate Type"] == "Volume"}
    assert met == {
        ("Retrospective", "Percent"), ("Incremental", "Percent"), ("Rolling", "Percent"), ("Linear", "Percent"),
        ("Incremental", "Per Unit"), ("Retrospective", "Lump Sum"),
    }  # fmt: skip
    assert {row["Period"] for row in tables["Programs"]} == {"Year", "Quarter", "Half", "Month", "Program"}


def test_returns_and_price_credits_take_back_what_was_sold(tables):
    sold = {row["Transaction ID"]: row for row in tables["Transactions"]}
    kinds = Counter(row.get("Type", "Invoice") for row in tables["Transactions"])
    assert kinds["Return"] > 50
    assert kinds["Credit Note"] > 10
    for row in tables["Transactions"]:
        if "Type" in row:
            original = sold[row["Original Transaction ID"]]
            assert row["Amount"] < 0
            assert abs(row["Amount"]) <= original["Amount"]
            assert row["Invoice Date"] > original["Invoice Date"]
            assert (row["SKU"], row["Distributor ID"]) == (original["SKU"], original["Distributor ID"])


def test_exactly_one_row_is_wrong(tables):
    known = {row["Distributor ID"] for row in tables["Distributors"]}
    wrong = [row for row in tables["Transactions"] if row["Distributor ID"] not in known]
    assert [row["Distributor ID"] for row in wrong] == [demo.UNKNOWN_DISTRIBUTOR]
    skus = {row["SKU"] for row in tables["Products"]}
    assert all(row["SKU"] in skus for row in tables["Transactions"])
    assert len({row["Transaction ID"] for row in tables["Transactions"]}) == demo.TRANSACTIONS


def test_one_quarter_hits_its_threshold_to_the_cent_and_one_stays_three_boxes_short(tables):
    product = {row["SKU"]: row for row in tables["Products"]}

    def bought(distributor: str, column: str, brand: str = "", category: str = "", without: str = "") -> Decimal:
        return sum(
            (
                row[column]
                for row in tables["Transactions"]
                if row["Distributor ID"] == distributor and row["Invoice Date"] >= date(2026, 4, 1)
                and brand in ("", product[row["SKU"]]["Brand"]) and category in ("", product[row["SKU"]]["Category"])
                and product[row["SKU"]]["Category"] != without
            ),
            Decimal(0),
        )  # fmt: skip

    assert bought("D-1700", "Amount", brand="Kestrel", without="Batteries") == Decimal("10001.00")
    assert bought("D-1600", "Quantity", category="Discs") == 97


def test_one_branch_moves_to_another_parent(tables):
    rows = [row for row in tables["Distributors"] if row["Distributor ID"] == demo.MOVED]
    assert [row["Parent ID"] for row in rows] == ["D-1000", "D-1500"]
    assert (rows[1]["Member From"] - rows[0]["Member To"]).days == 1


# ---- computed


@pytest.fixture(scope="module")
def computed(tables, tmp_path_factory: pytest.TempPathFactory) -> Run:
    book = tmp_path_factory.mktemp("demo") / "rebates.xlsx"
    write_template(book, sample=tables)
    raw, found = read_book(book)
    return run(read(raw, problems=found))


def test_the_ladder_agrees_with_a_sum_by_hand(tables, computed):
    """2 % of the part from 5,000 to 10,000, 4 % to 25,000, 6 % above, by parent on the invoice's date."""
    product = {row["SKU"]: row for row in tables["Products"]}
    parent = {row["Distributor ID"]: row.get("Parent ID", row["Distributor ID"]) for row in tables["Distributors"]}  # since 2026
    bought: Counter = Counter()
    for row in tables["Transactions"]:
        of = product[row["SKU"]]
        if row["Invoice Date"] >= date(2026, 1, 1) and of["Brand"] == "Kestrel" and of["Category"] != "Batteries":
            quarter = f"2026-Q{(row['Invoice Date'].month + 2) // 3}"
            bought[parent.get(row["Distributor ID"]), quarter] += row["Amount"]

    def ladder(amount: Decimal) -> Decimal:
        bands = ((5000, 10000, "0.02"), (10000, 25000, "0.04"), (25000, 10**9, "0.06"))
        return sum((max(min(amount, Decimal(end)) - start, Decimal(0)) * Decimal(rate) for start, end, rate in bands), Decimal(0))

    figures = {(row.participant_id, row.period.period_id): row for row in computed.attainment if row.program_id == "P-110" and row.facts}
    assert len(figures) >= 14
    for key, row in figures.items():
        assert row.measure == bought[key], key
        assert row.earned == ladder(Decimal(bought[key])).quantize(demo.CENT, ROUND_HALF_UP), key


def test_payments_are_what_fell_due_but_for_the_three_that_are_told(computed):
    open_rows = {(row.program_id, row.participant_id, row.period): row.payable for row in computed.payable if row.settled and row.payable}
    assert open_rows == {("P-130", "D-1500", "2025-H2"): Decimal("96.29")}
    too_much = {(row.program_id, row.participant_id): row.recoverable for row in computed.payable if row.recoverable}
    assert too_much == {("P-130", "D-1300"): Decimal("50.00")}
    waiting = {
        (row.program_id, row.period): row.payable for row in computed.payable if row.participant_id == "D-1400" and row.payable and not row.settled
    }
    assert {("P-110", "2026-Q1"), ("P-130", "2025-H2")} <= set(waiting)


def test_the_only_error_is_the_one_on_purpose(computed):
    assert [(one.code, one.table, one.column) for one in computed.problems if one.severity == "Error"] == [
        ("UNKNOWN_DISTRIBUTOR", "Transactions", "Distributor ID")
    ]


def test_claims_meet_every_answer_that_a_newcomer_should_see(computed):
    """Half of 1,800; no proof; an activity not paid for; 4 x (379 - 339); 3 x 175 x 8 %, though 50 was claimed."""
    assert {row.claim_id: (row.status, row.approved) for row in computed.claims} == {
        "MC-001": ("Approved", 900), "MC-002": ("Held", 0), "MC-003": ("Rejected", 0), "SD-001": ("Approved", 160), "SD-002": ("Adjusted", 42),
    }  # fmt: skip


def test_growth_is_against_the_baseline_that_somebody_approved(computed):
    """Northgate without its Omaha branch: the increase over 135,000 at 2 %."""
    row = next(row for row in computed.attainment if row.figure_id == "P-160/D-1000/2026-H1/earned")
    assert (row.baseline, row.attained_tier) == (135000, 1)
    assert row.earned == ((Decimal(row.measure.numerator) / row.measure.denominator - 135000) * Decimal("0.02")).quantize(demo.CENT, ROUND_HALF_UP)


def test_the_mix_is_the_share_of_lasers(tables, computed):
    brand = {row["SKU"]: row["Brand"] for row in tables["Products"]}
    bought: Counter = Counter()
    for row in tables["Transactions"]:
        if row["Distributor ID"] in ("D-1200", "D-1201") and row["Invoice Date"] >= date(2026, 4, 1):
            bought[brand[row["SKU"]] == "Summit"] += row["Amount"]
    found = next(row for row in computed.attainment if row.figure_id == "P-170/D-1200/2026-Q2/earned")
    share = bought[True] / (bought[True] + bought[False])
    assert share >= Decimal("0.08") and found.attained_tier == 2
    assert found.earned == ((bought[True] + bought[False]) * Decimal("0.02")).quantize(demo.CENT, ROUND_HALF_UP)
