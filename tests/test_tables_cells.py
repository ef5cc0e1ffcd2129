"""What people type into cells, and what it means."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebate_udfs.columns import BY_NAME, SETTINGS
from rebate_udfs.model import CellError, Method, Settings
from rebate_udfs.parse import EPOCH_1900, EPOCH_1904, Unreadable, date_of, date_of_text, is_blank, number_of, number_of_text, text_of, value_of

COLUMNS = {(table.name, column.header): column for table in BY_NAME.values() for column in table.columns}
cents = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
days = st.dates(date(1906, 1, 10), date(2200, 12, 31))


@given(cents)
def test_an_amount_is_the_same_however_it_is_spelled(amount: Decimal) -> None:
    plain = f"{amount:f}"
    assert number_of(float(amount)) == amount or abs(amount) >= Decimal(10) ** 13
    assert number_of(plain) == amount
    assert number_of(f"  {amount:,}\u00a0") == amount
    assert number_of(f"{amount:,}".replace(",", "\u00a0")) == amount
    if abs(amount) < 1000 or plain.count(".") == 1:
        swapped = f"{amount:,}".translate(str.maketrans(",.", ".,"))
        assert number_of(swapped) == amount
    if amount < 0:
        assert number_of(f"({plain[1:]})") == number_of(f"{plain[1:]}-") == amount


@given(st.text(max_size=12))
def test_no_text_breaks_the_readers(text: str) -> None:
    number, day = number_of_text(text), date_of_text(text)
    assert number is None or number.is_finite()
    assert day is None or isinstance(day, date)
    assert text_of(text) == text_of(text_of(text))


@given(days)
def test_a_date_is_the_same_however_it_is_spelled(day: date) -> None:
    spelled = [f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%d.%m.%Y}", f"{day:%d %b %Y}", f"{day:%B} {day.day}, {day.year}", f"{day:%Y%m%d}"]
    assert {date_of(text) for text in spelled} == {day}
    assert date_of(datetime(day.year, day.month, day.day, 23, 59)) == day
    assert date_of(float((day - EPOCH_1900).days)) == day
    if (day - EPOCH_1904).days > 2201:
        assert date_of((day - EPOCH_1904).days, date_1904=True) == day
    assert date_of(int(f"{day:%Y%m%d}")) == day
    if day.day > 12:
        assert date_of(f"{day:%m/%d/%Y}") == date_of(f"{day:%d/%m/%Y}") == day


def test_a_time_of_day_in_a_serial_number_is_cut_off() -> None:
    assert date_of(46112.75) == EPOCH_1900 + timedelta(46112) == date(2026, 3, 31)


@pytest.mark.parametrize("cell", ["04/03/2026", "31.02.2026", "soon", 2026, 12, True, "2026-13-01", 3e9])
def test_what_is_no_date_or_two_is_refused(cell: object) -> None:
    with pytest.raises(Unreadable) as refused:
        date_of(cell)
    assert refused.value.code == "NOT_A_DATE" and "2026-03-31" in refused.value.remedy


@pytest.mark.parametrize("cell", ["ten", "n/a", "", "1.2.3", "12 pcs", "1,2,3", "--1", True, float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_refused(cell: object) -> None:
    with pytest.raises(Unreadable, match="is not a number"):
        number_of(cell)


def test_noise_of_binary_floats_is_read_as_what_excel_shows() -> None:
    assert number_of(0.1 + 0.2) == Decimal("0.3")
    assert number_of(1.1 * 3) == Decimal("3.3")


def test_codes_that_look_like_numbers_stay_what_they_are() -> None:
    assert [text_of(cell) for cell in ("00123", 123, 123.0, " 00123\u00a0", Decimal("123.0"), 1e15)] == [
        "00123", "123", "123", "00123", "123", "1000000000000000",
    ]  # fmt: skip


def test_invisible_cells_are_blank() -> None:
    assert all(is_blank(cell) for cell in (None, "", "  ", "\u00a0", "\u200b", "\t\n"))
    assert not any(is_blank(cell) for cell in (0, 0.0, False, "0"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("lago volume", Method.RETROSPECTIVE), ("TOP_TIER", Method.RETROSPECTIVE), ("back to first dollar", Method.RETROSPECTIVE),
     ("Section-Total", Method.RETROSPECTIVE), ("cumulative", Method.RETROSPECTIVE), ("stepped", Method.INCREMENTAL),
     ("section_prorated", Method.INCREMENTAL), ("ALL_TIERS", Method.INCREMENTAL), ("non-retrospective", Method.INCREMENTAL),
     ("marginal", Method.INCREMENTAL), ("GRADUATED", Method.INCREMENTAL), (" rolling ", Method.ROLLING), ("total", Method.TOTAL)],
)  # fmt: skip
def test_names_of_other_systems_are_understood(typed: str, meant: Method) -> None:
    assert value_of(typed, COLUMNS["Programs", "Method"]) is meant


@pytest.mark.parametrize(
    ("table", "header", "cell", "code"),
    [("Programs", "Method", "sliding", "BAD_CHOICE"), ("Programs", "Recover", "maybe", "BAD_CHOICE"),
     ("Programs", "Late Days", 1.5, "NOT_WHOLE"),
     ("Programs", "Period Cap", -1, "OUT_OF_RANGE"), ("Programs", "Participation", 50, "OUT_OF_RANGE"),
     ("Programs", "Currency", "Dollar", "BAD_CURRENCY"),
     ("Exchange Rates", "Rate", 0, "OUT_OF_RANGE"), ("Tiers", "From", CellError("#N/A", ""), "CELL_ERROR"), ("Claims", "Decision", "x", "BAD_CHOICE"),
     ("Payments", "Method", "Barter", "BAD_CHOICE"), ("Accounts", "Role", "Petty", "BAD_CHOICE")],
)  # fmt: skip
def test_a_bad_cell_says_what_is_wrong_and_what_to_do(table: str, header: str, cell: object, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        value_of(cell, COLUMNS[table, header])
    assert refused.value.code == code
    assert refused.value.message.endswith(".") and refused.value.remedy.endswith(".")
    if code == "BAD_CHOICE" and header != "Recover":
        assert all(one in refused.value.remedy for one in COLUMNS[table, header].choices)


def test_a_percent_of_50_is_told_to_be_typed_as_a_percent() -> None:
    with pytest.raises(Unreadable) as refused:
        value_of(50.0, COLUMNS["Programs", "Participation"])
    assert "such as 4 %, not 4" in refused.value.remedy


@pytest.mark.parametrize(("cell", "meant"), [("Yes", True), ("y", True), (True, True), (1.0, True), ("NO", False), (False, False), (0, False)])
def test_yes_and_no_in_many_spellings(cell: object, meant: bool) -> None:
    assert value_of(cell, COLUMNS["Programs", "Recover"]) is meant


@pytest.mark.parametrize(
    ("cell", "meant"), [("2026-Q1", "2026-Q1"), (2026.0, "2026"), (datetime(2026, 3, 1), "2026-03-01"), (date(2026, 3, 1), "2026-03-01")]
)
def test_a_period_that_excel_turned_into_a_date_stays_its_day(cell: object, meant: str) -> None:
    assert value_of(cell, COLUMNS["Payments", "Period"]) == meant


def test_the_defaults_in_the_help_are_the_defaults_of_the_model() -> None:
    nothing = {"", None, False}
    for table in BY_NAME.values():
        for column in table.columns:
            if table.row_model is None or column.required:
                continue
            default = table.row_model.model_fields[column.field].default
            meant = value_of(column.default, column) if column.default else None
            assert meant == default or (not column.default and default in (*nothing, ())), (table.name, column.header)
    for column in SETTINGS:
        default = Settings.model_fields[column.field].default
        assert (value_of(column.default, column) if column.default else default) == default, column.header
