"""Bad rows are named with place and remedy and left out; everything else is computed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from books import SOUND, Grid, bent, more, raw

from rebate_udfs.model import Problem, Severity, Tables
from rebate_udfs.tables import read

D = date
PROGRAM = ["Program ID", "Program Name", "Rebate Type", "Starts On", "Ends On", "Period"]


def book(**changes: Grid | None) -> Tables:
    return read(raw(bent(**changes)))


def places(tables: Tables) -> list[tuple[str, str, int | None, str | None]]:
    return [(one.code, one.table, one.row, one.column) for one in tables.problems]


def program(**terms: Any) -> Grid:
    """The Programs table with one program P-1 of the given terms, beside P-2."""
    first = dict(zip(PROGRAM, SOUND["Programs"][1], strict=True)) | {name.replace("_", " "): value for name, value in terms.items()}
    return [list(first), list(first.values()), [*SOUND["Programs"][2], *[""] * (len(first) - len(PROGRAM))]]


def test_a_sound_book_has_no_problems() -> None:
    assert book().problems == ()


@pytest.mark.parametrize("name", ["Programs", "Tiers", "Distributors", "Products", "Transactions"])
def test_a_missing_table_is_named_with_its_headers(name: str) -> None:
    found = [one for one in book(**{name: None}).problems if one.code == "MISSING_TABLE"]
    assert [one.table for one in found] == [name]
    assert f"sheet named {name} with the headers {SOUND[name][0][0]}" in found[0].remedy


def test_tables_that_may_be_absent_are_not_missed() -> None:
    assert book(Settings=None).problems == ()


def test_a_missing_column_is_named_and_nothing_of_the_table_used() -> None:
    found = book(Tiers=[["Program ID", "From"], ["P-1", 0], ["P-2", 0]])
    assert ("MISSING_COLUMN", "Tiers", 1, "Reward") in places(found)
    assert found.tiers == () and found.programs == (), "a program without its ladder is not computed"


def test_a_missing_column_of_transactions_is_named() -> None:
    found = book(Transactions=[["Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity"]])
    assert places(found) == [("MISSING_COLUMN", "Transactions", 1, "Amount")] and found.lines is None


def test_a_second_column_of_one_name_is_named_and_the_first_read() -> None:
    found = book(Products=[["SKU", "Category", "category "], ["A", "Cable", "x"], ["B", "Cable", ""]])
    assert places(found) == [("DUPLICATE_COLUMN", "Products", 1, "Category")] and found.products[0].category == "Cable"


@pytest.mark.parametrize(
    ("terms", "code", "column"),
    [({"Starts_On": D(2027, 1, 1)}, "PROGRAM_ENDS_BEFORE_START", "Ends On"),
     ({"Accrual_Policy": "Manual"}, "MANUAL_TIER_MISSING", "Manual Tier"),
     ({"Settlement_Period": "Year"}, "SETTLEMENT_LONGER_THAN_PERIOD", "Settlement Period"),
     ({"Net_Of": "P-9"}, "UNKNOWN_PROGRAM", "Net Of"),
     ({"Net_Of": "P-1"}, "NET_OF_CYCLE", "Net Of"),
     ({"Ends_On": ""}, "EMPTY_CELL", "Ends On"),
     ({"Ends_On": "soon"}, "NOT_A_DATE", "Ends On"),
     ({"Method": "sliding"}, "BAD_CHOICE", "Method"),
     ({"Period_Cap": "lots"}, "NOT_A_NUMBER", "Period Cap"),
     ({"Late_Days": -3}, "OUT_OF_RANGE", "Late Days"),
     ({"Currency": "Dollars"}, "BAD_CURRENCY", "Currency")],
)  # fmt: skip
def test_a_program_that_cannot_be_used_is_left_out_with_what_depends_on_it(terms: dict[str, Any], code: str, column: str) -> None:
    found = book(Programs=program(**terms))
    assert places(found)[0] == (code, "Programs", 2, column)
    assert [one.program_id for one in found.programs] == ["P-2"] and [one.program_id for one in found.tiers] == ["P-2"]
    dependent = [one for one in found.problems if one.table == "Tiers"]
    assert [(one.code, one.row) for one in dependent] == [("UNKNOWN_PROGRAM", 2), ("UNKNOWN_PROGRAM", 3)]
    assert "left out because of an error (row 2 of Programs)" in dependent[0].message


def test_other_rebate_types_and_presentations_are_read() -> None:
    found = book(Programs=program(Rebate_Type="ship-and-debit", Presentation="Cost of Sales"))
    assert [(one.code, one.severity) for one in found.problems] == [("PRESENTATION", Severity.WARNING)]
    assert found.programs[0].rebate_type == "Ship and Debit"


def test_one_program_id_twice() -> None:
    same, other = SOUND["Programs"][1], [*SOUND["Programs"][1][:5], "Month"]
    assert places(book(Programs=more("Programs", same))) == [("DUPLICATE_ROW", "Programs", 4, None)]
    found = book(Programs=more("Programs", other))
    assert places(found)[:2] == [("DUPLICATE_PROGRAM", "Programs", 2, "Program ID"), ("DUPLICATE_PROGRAM", "Programs", 4, "Program ID")]
    assert [one.program_id for one in found.programs] == ["P-2"]


def test_net_of_in_a_circle_names_the_chain() -> None:
    grid = program(Net_Of="P-2")
    grid[2] = [*SOUND["Programs"][2], "P-1"]
    found = book(Programs=grid)
    assert "P-1 > P-2 > P-1" in next(one.message for one in found.problems if one.code == "NET_OF_CYCLE")
    assert found.programs == ()


def test_a_tier_that_cannot_be_read_takes_its_program_with_it() -> None:
    found = book(Tiers=[["Program ID", "From", "Reward"], ["P-1", 0, 0.01], ["P-1", "many", 0.02], ["P-2", 0, 0.03]])
    assert ("NOT_A_NUMBER", "Tiers", 3, "From") in places(found) and ("PROGRAM_INCOMPLETE", "Programs", 2, "Program ID") in places(found)
    assert [one.program_id for one in found.programs] == ["P-2"]


def test_a_program_never_becomes_open_to_everyone_by_a_typing_error() -> None:
    found = book(Enrollments=[["Program ID", "Distributor ID"], ["P-1", "NROTH"], ["P-2", "NORTH"], ["P-2", "SUOTH"]])
    assert ("UNKNOWN_DISTRIBUTOR", "Enrollments", 2, "Distributor ID") in places(found)
    assert [one.program_id for one in found.programs] == ["P-2"]
    assert [(one.program_id, one.distributor_id) for one in found.enrollments] == [("P-2", "NORTH")]


def test_overlapping_enrollments() -> None:
    head = ["Program ID", "Distributor ID", "Starts On", "Ends On"]
    apart = [head, ["P-1", "NORTH", "", D(2026, 3, 31)], ["P-1", "NORTH", D(2026, 4, 1), ""], ["P-1", "SOUTH", "", ""]]
    assert book(Enrollments=apart).problems == ()
    found = book(Enrollments=[*apart, ["P-1", "NORTH", D(2026, 3, 31), D(2026, 3, 31)]])
    assert [(one.code, one.row) for one in found.problems] == [("OVERLAPPING_ENROLLMENT", 2), ("OVERLAPPING_ENROLLMENT", 5)]
    assert [one.row for one in found.enrollments] == [3, 4]


def test_overlapping_memberships_and_a_branch_that_moves() -> None:
    moved = [SOUND["Distributors"][0], ["TOP", "Top", "", "", ""], ["SOUTH", "South", "", "", ""],
             ["NORTH", "North", "TOP", "", D(2026, 3, 31)], ["NORTH", "North", "SOUTH", D(2026, 4, 1), ""]]  # fmt: skip
    assert book(Distributors=moved).problems == ()
    moved[4][3] = D(2026, 3, 31)
    found = book(Distributors=moved)
    assert [(one.code, one.row) for one in found.problems if one.table == "Distributors"] == [
        ("OVERLAPPING_MEMBERSHIP", 4),
        ("OVERLAPPING_MEMBERSHIP", 5),
    ]
    assert found.lines is not None and found.lines.rows_excluded == {"UNKNOWN_DISTRIBUTOR": 2}


def test_cyclic_parents_name_the_chain() -> None:
    head = SOUND["Distributors"][0]
    grid = [head, ["TOP", "Top", "NORTH", "", ""], ["NORTH", "North", "TOP", "", ""], ["SOUTH", "South", "", "", ""]]
    found = book(Distributors=grid)
    cyclic = [one for one in found.problems if one.code == "CYCLIC_PARENT"]
    assert [one.row for one in cyclic] == [2, 3] and "TOP > NORTH > TOP" in cyclic[0].message
    assert [one.distributor_id for one in found.distributors] == ["SOUTH"]


def test_parents_that_change_places_over_time_are_no_cycle() -> None:
    head = SOUND["Distributors"][0]
    grid = [head, ["TOP", "Top", "NORTH", D(2027, 1, 1), ""], ["TOP", "Top", "", "", D(2026, 12, 31)],
            ["NORTH", "North", "TOP", "", D(2026, 12, 31)], ["NORTH", "North", "", D(2027, 1, 1), ""], ["SOUTH", "South", "", "", ""]]  # fmt: skip
    assert book(Distributors=grid).problems == ()


def test_an_unknown_parent() -> None:
    found = book(Distributors=[*SOUND["Distributors"], ["EAST", "East", "NOBODY", "", ""], ["FAR", "Far", "EAST", "", ""]])
    assert [(one.code, one.row) for one in found.problems] == [("UNKNOWN_PARENT", 5), ("UNKNOWN_PARENT", 6)]
    assert 'There is no distributor "NOBODY"' in found.problems[0].message


@pytest.mark.parametrize(
    ("table", "grid", "expected"),
    [("Exchange_Rates", [["Currency", "Valid From", "Rate"], ["EUR", D(2026, 1, 1), 1.1], ["EUR", D(2026, 1, 1), 1.2]], ["DUPLICATE_RATE"] * 2),
     ("Forecasts", [["Program ID", "Participant ID", "Period", "Measure"], ["P-1", "TOP", "2026-Q1", 1], ["P-1", "TOP", "2026-Q1", 2]],
      ["DUPLICATE_FORECAST"] * 2),
     ("Baselines", [["Program ID", "Participant ID", "Period", "Amount"], ["P-1", "TOP", 2026, 1], ["P-1", "TOP", "2026", 2]],
      ["DUPLICATE_BASELINE"] * 2),
     ("Forecasts", [["Program ID", "Participant ID", "Period", "Measure"], ["P-8", "TOP", "2026-Q1", 1]], ["UNKNOWN_PROGRAM"]),
     ("Scopes", [["Program ID", "Rule", "Dimension", "Value"], ["P-1", "Include", "Brand", "Nobody"]], ["UNKNOWN_SCOPE_VALUE"]),
     ("Disputes", [["Dispute ID", "Opened On", "Distributor ID", "Reason"], ["1", D(2026, 1, 1), "TOP", "why"]], ["DISPUTE_WITHOUT_SUBJECT"]),
     ("Disputes", [["Dispute ID", "Opened On", "Distributor ID", "Invoice Number", "Reason", "Status", "Resolution", "Resolved On"],
                   ["1", D(2026, 3, 2), "TOP", "I-1", "why", "Resolved", "Rejected", D(2026, 3, 1)],
                   ["2", D(2026, 3, 2), "TOP", "I-2", "why", "Resolved", "Rejected", D(2026, 3, 2)]], ["RESOLVED_BEFORE_OPENED"]),
     ("Special_Prices", [["Program ID", "SKU", "Mode", "Terms"], ["P-1", "A", "Down To", 5], ["P-1", "A", "Down To", 6]],
      ["SPECIAL_PRICE_CLASH"] * 2)],
)  # fmt: skip
def test_what_must_not_stand_twice_or_names_what_is_not_there(table: str, grid: Grid, expected: list[str]) -> None:
    assert [one.code for one in book(**{table: grid}).problems] == expected


PAYMENTS = ["Payment ID", "Program ID", "Participant ID", "Period", "Amount", "Reference", "Paid On"]


def test_payments_alike_count_once_and_one_under_two_ids_is_asked_about() -> None:
    first = ["1", "P-1", "TOP", "2026-Q1", 100, "CN-1", D(2026, 4, 1)]
    found = book(Payments=[PAYMENTS, first, first, ["2", *first[1:]]])
    assert [(one.code, one.severity) for one in found.problems] == [
        ("DUPLICATE_ROW", "Warning"),
        ("PAID_TWICE", "Warning"),
        ("PAID_TWICE", "Warning"),
    ]
    assert [one.payment_id for one in found.payments] == ["1", "2"]


def test_a_claim_stays_whatever_is_wrong_with_it_and_is_answered_later() -> None:
    head = ["Claim ID", "Program ID", "Distributor ID", "Claim Date", "Claimed Amount"]
    found = book(Claims=[head, ["1", "P-9", "TOP", D(2026, 4, 1), 5], ["2", "P-1", "TOP", "", "much"], ["", "P-1", "TOP", "", 1]])
    assert [(one.claim_id, one.claimed_amount) for one in found.claims] == [("1", 5), ("2", None)]
    severities = {(one.row, one.code): one.severity for one in found.problems}
    assert severities == {(2, "UNKNOWN_PROGRAM"): "Warning", (3, "NOT_A_NUMBER"): "Warning", (4, "EMPTY_CELL"): "Error"}


@pytest.mark.parametrize(
    ("setting", "value", "code", "severity"),
    [("Fiscal Year Start", 13, "OUT_OF_RANGE", "Error"), ("Fiscal Year Start", "July", "NOT_A_NUMBER", "Error"),
     ("Calendar", "Weekly", "BAD_CHOICE", "Error"), ("Favorite Color", "red", "UNKNOWN_SETTING", "Warning"),
     ("Base Currency", "Euro", "BAD_CURRENCY", "Error"), ("Company", "Again", "DUPLICATE_SETTING", "Error"), ("As Of", "??", "NOT_A_DATE", "Error")],
)  # fmt: skip
def test_settings_out_of_bounds_keep_their_default(setting: str, value: Any, code: str, severity: str) -> None:
    found = book(Settings=[["Setting", "Value"], ["Company", "Acme"], [setting, value]])
    [problem] = found.problems
    assert (problem.code, problem.severity, problem.row) == (code, severity, 3)
    assert found.settings.fiscal_year_start == 1 and found.settings.base_currency == "USD" and found.settings.company == "Acme"


def test_settings_are_typed() -> None:
    grid = [["Setting", "Value"], ["as of", D(2026, 3, 31)], ["FISCAL YEAR START", "7"], ["Calendar", "4-4-5"], ["Rebate SKUs", "R1; R2"],
            ["Approval", "yes"], ["Claim Tolerance Percent", "2 %"], ["Base Currency", "eur"]]  # fmt: skip
    settings = book(Settings=grid).settings
    assert (settings.as_of, settings.fiscal_year_start, settings.calendar, settings.rebate_skus) == (D(2026, 3, 31), 7, "4-4-5", ("R1", "R2"))
    assert settings.approval is True and str(settings.claim_tolerance_percent) == "0.02" and settings.base_currency == "EUR"
    assert read(raw(bent(Settings=grid)), as_of=D(2026, 1, 31)).settings.as_of == D(2026, 1, 31)


def test_every_problem_says_where_and_what_to_do() -> None:
    found = book(Programs=program(Method="x", Late_Days="y"), Distributors=[*SOUND["Distributors"], ["EAST", "", "NOBODY", "", ""]])
    assert {"Method", "Late Days"} <= {one.column for one in found.problems}, "all problems of a row, not the first"

    def complete(one: Problem) -> bool:
        return bool(one.code.isupper() and one.table and one.row and one.message.endswith(".") and one.remedy.endswith((".", "!")))

    assert all(complete(one) for one in found.problems)


def test_the_input_hash_is_of_content_and_not_of_looks() -> None:
    plain = book().input_hash
    turned = {name: [grid[0], *reversed(grid[1:])] for name, grid in SOUND.items()}
    assert read(raw(turned)).input_hash == plain
    assert book(Tiers=[["Reward", "PROGRAM ID", "From"], ["1%", " P-1", "0.0"], [0.02, "P-1", "1,000"], [0.03, "P-2", 0]]).input_hash == plain
    assert book(Tiers=more("Tiers", ["P-2", 500, 0.04])).input_hash != plain
    changed = [*SOUND["Transactions"][:-1], [*SOUND["Transactions"][-1][:5], -10.51, "Return", "IN3"]]
    assert book(Transactions=changed).input_hash != plain
