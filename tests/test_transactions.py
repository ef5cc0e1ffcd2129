"""Which transactions can be used: every rule of the workbook's description, on every engine, from sheets and from files."""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from books import SOUND, Grid, bent, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from rebate_udfs.engines import ENGINES, open_engine
from rebate_udfs.model import LINE_COLUMNS, CellError, Lines, Tables, TransactionType
from rebate_udfs.parse import CannotRead, RawTable
from rebate_udfs.tables import read
from rebate_udfs.transactions import SHOWN, Known, read_lines

D = date
HEAD = ["Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount", "Type", "Invoice Number", "Order Date", "Currency"]
KNOWN = Known({"NORTH", "SOUTH"}, {"A", "B"}, {"REBATE-CN"}, {"CN-77"})


def line(**cells: Any) -> list[Any]:
    """One sound invoice line of NORTH, with some cells as given."""
    sound = dict(zip(HEAD, ["T1", D(2026, 1, 5), "NORTH", "A", 10, 100.25, "", "IN1", "", ""], strict=True))
    return list((sound | {name.replace("_", " "): value for name, value in cells.items()}).values())


def lines_of(*rows: list[Any], head: list[str] = HEAD, engine: str = "duckdb", known: Known = KNOWN) -> tuple[Lines, list[Any]]:
    problems: list[Any] = []
    table = RawTable("Transactions", "Transactions", list(head), 1, [(number, row) for number, row in enumerate(rows, 2)])
    lines = read_lines([table], [], open_engine(engine), known, problems)
    assert lines is not None
    return lines, problems


def rows_of(lines: Lines) -> list[dict[str, Any]]:
    return sorted(lines.engine_run.collect(lines.frame).to_pylist(), key=lambda one: (one["place"], one["row"]))


def from_files(*paths: Path | str, engine: str = "duckdb", known: Known = KNOWN) -> tuple[Lines, list[Any]]:
    problems: list[Any] = []
    lines = read_lines([], paths, open_engine(engine), known, problems)
    assert lines is not None
    return lines, problems


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_is_whole_numbers_dates_and_texts_without_nulls(engine: str) -> None:
    lines, problems = lines_of(line(), line(Transaction_ID="T2", Quantity=0.5, Amount=3), engine=engine)
    assert problems == [] and (lines.quantity_places, lines.amount_places, lines.rows_read, lines.rows_excluded) == (1, 2, 2, {})
    first, second = rows_of(lines)
    assert list(first) == [name for name, _ in LINE_COLUMNS]
    assert first == {
        "row": 2, "place": "Transactions", "transaction_id": "T1", "invoice_date": D(2026, 1, 5), "order_date": None, "ship_date": None,
        "posted_on": None, "distributor_id": "NORTH", "sku": "A", "quantity": 100, "amount": 10025, "type": "Invoice", "invoice_number": "IN1",
        "line": "", "currency": "", "original_transaction_id": "", "source": "",
    }  # fmt: skip
    assert (second["quantity"], second["amount"]) == (5, 300)
    assert lines.latest_invoice_date == D(2026, 1, 5) and lines.engine == engine


CREDIT = {"Type": "Credit Note"}
EXCLUDED = {  # one thing wrong a row: reason, severity, column
    "unknown distributor": ({"Distributor_ID": "NROTH"}, "UNKNOWN_DISTRIBUTOR", "Distributor ID"),
    "no distributor": ({"Distributor_ID": ""}, "UNKNOWN_DISTRIBUTOR", "Distributor ID"),
    "no date": ({"Invoice_Date": ""}, "NO_DATE", "Invoice Date"),
    "no such date": ({"Invoice_Date": "31.02.2026"}, "NOT_A_DATE", "Invoice Date"),
    "two dates": ({"Invoice_Date": "03/04/2026"}, "NOT_A_DATE", "Invoice Date"),
    "error cell": ({"Invoice_Date": CellError("#REF!", "")}, "NOT_A_DATE", "Invoice Date"),
    "no quantity": ({"Quantity": ""}, "EMPTY_CELL", "Quantity"),
    "no amount": ({"Amount": None}, "EMPTY_CELL", "Amount"),
    "words": ({"Amount": "n/a"}, "NOT_A_NUMBER", "Amount"),
    "#N/A": ({"Quantity": CellError("#N/A", "")}, "NOT_A_NUMBER", "Quantity"),
    "too fine": ({"Amount": Decimal("1.0000000001")}, "TOO_MANY_PLACES", "Amount"),
    "too large": ({"Amount": 1e19}, "NUMBER_TOO_LARGE", "Amount"),
    "far too large": ({"Amount": 10**40}, "NOT_A_NUMBER", "Amount"),
    "positive return": ({"Type": "Return"}, "POSITIVE_RETURN", "Amount"),
    "positive credit note": (CREDIT, "POSITIVE_RETURN", "Amount"),
    "positive credit note without quantity": (CREDIT | {"Quantity": 0}, "POSITIVE_RETURN", "Amount"),
    "opposite signs": ({"Quantity": -1}, "OPPOSITE_SIGNS", "Amount"),
    "opposite signs of a return": ({"Type": "Return", "Quantity": -1}, "OPPOSITE_SIGNS", "Amount"),
    "type": ({"Type": "Gift"}, "BAD_CHOICE", "Type"),
}


@pytest.mark.parametrize("kind", EXCLUDED)
def test_a_row_that_cannot_be_used_is_left_out_with_its_reason(kind: str) -> None:
    cells, code, column = EXCLUDED[kind]
    lines, problems = lines_of(line(), line(Transaction_ID="T2", **cells))
    assert lines.rows_excluded == {code: 1} and [one["row"] for one in rows_of(lines)] == [2]
    assert [(one.severity, one.code, one.table, one.row, one.column) for one in problems] == [("Error", code, "Transactions", 3, column)]
    assert problems[0].message.endswith(".") and problems[0].remedy.endswith(".")


COUNTED = {
    "credit note for an amount only": ({"Type": "credit-note", "Quantity": 0, "Amount": -5}, []),
    "return": ({"Type": "Return", "Quantity": -1, "Amount": -5}, []),
    "free goods": ({"Amount": 0}, []),
    "service without units": ({"Quantity": 0}, []),
    "negative invoice": ({"Quantity": -1, "Amount": -5}, ["NEGATIVE_INVOICE"]),
    "unknown sku": ({"SKU": "Z"}, ["UNKNOWN_SKU"]),
    "no id": ({"Transaction_ID": ""}, ["NO_TRANSACTION_ID"]),
    "text number": ({"Amount": " 1,000.50 "}, ["TEXT_NUMBER"]),
    "text date": ({"Invoice_Date": "2026-01-05"}, ["TEXT_DATE"]),
    "bad order date": ({"Order_Date": "soon"}, ["NOT_A_DATE"]),
}


@pytest.mark.parametrize("kind", COUNTED)
def test_a_row_that_counts_with_a_warning_or_none(kind: str) -> None:
    cells, codes = COUNTED[kind]
    lines, problems = lines_of(line(**cells))
    assert lines.rows_excluded == {} and len(rows_of(lines)) == 1
    assert [(one.code, one.severity) for one in problems] == [(code, "Warning") for code in codes]


def test_a_negative_invoice_is_a_return_and_texts_are_what_they_spell() -> None:
    lines, _ = lines_of(line(Quantity="-1", Amount="(5.25)", Invoice_Date="5 Jan 2026", Distributor_ID=" NORTH\u00a0", Currency="eur"))
    [row] = rows_of(lines)
    assert (row["type"], row["quantity"], row["amount"], row["invoice_date"], row["distributor_id"], row["currency"]) == (
        TransactionType.RETURN, -1, -525, D(2026, 1, 5), "NORTH", "EUR",
    )  # fmt: skip


def test_a_credit_note_that_pays_a_rebate_is_left_out_without_an_error() -> None:
    credit = {"Type": "Credit Note", "Quantity": 0, "Amount": -100}
    lines, problems = lines_of(
        line(Transaction_ID="T1", SKU="REBATE-CN", **credit),
        line(Transaction_ID="T2", Invoice_Number="CN-77", **credit),
        line(Transaction_ID="T3", SKU="REBATE-CN", Distributor_ID="?", **credit),
        line(Transaction_ID="T4", SKU="REBATE-CN"),
    )
    assert lines.rows_excluded == {"REBATE_CREDIT": 3} and [one["transaction_id"] for one in rows_of(lines)] == ["T4"]
    assert [one.code for one in problems] == ["UNKNOWN_SKU"]


def test_repeated_transaction_ids() -> None:
    lines, problems = lines_of(
        line(Transaction_ID="SAME"), line(Transaction_ID="SAME", Amount="100.25"), line(Transaction_ID="SAME"),
        line(Transaction_ID="DIFF"), line(Transaction_ID="DIFF", Amount=1), line(Transaction_ID=""), line(Transaction_ID=""),
    )  # fmt: skip
    assert lines.rows_excluded == {"DUPLICATE_ROW": 2, "DUPLICATE_TRANSACTION": 2}
    assert [one["row"] for one in rows_of(lines)] == [2, 7, 8]
    assert [(one.code, one.row) for one in problems if one.code.startswith("DUPLICATE")] == [
        ("DUPLICATE_TRANSACTION", 5), ("DUPLICATE_TRANSACTION", 6), ("DUPLICATE_ROW", 3), ("DUPLICATE_ROW", 4),
    ]  # fmt: skip


def test_all_problems_of_a_row_are_named() -> None:
    _, problems = lines_of(line(Distributor_ID="?", Quantity="x", Invoice_Date="", SKU="Z"))
    assert {one.code for one in problems} == {"UNKNOWN_DISTRIBUTOR", "NOT_A_NUMBER", "NO_DATE"}


def test_thousands_of_one_problem_are_listed_once_and_counted() -> None:
    lines, problems = lines_of(*(line(Transaction_ID=f"T{number}", SKU="Z") for number in range(SHOWN + 200)))
    assert lines.rows_excluded == {} and len(problems) == SHOWN + 1
    assert problems[-1].row is None and "200 more rows" in problems[-1].message and "(250 in all)" in problems[-1].message


def test_nothing_is_lost() -> None:
    bad = [line(**({"Transaction_ID": f"X{number}"} | cells)) for number, (cells, _, _) in enumerate(EXCLUDED.values())]
    good = [line(**({"Transaction_ID": f"Y{number}"} | cells)) for number, (cells, _) in enumerate(COUNTED.values())]
    lines, _ = lines_of(*bad, *good, line(Transaction_ID="X0"))
    assert lines.rows_read == len(bad) + len(good) + 1 == len(rows_of(lines)) + sum(lines.rows_excluded.values())


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "duckdb"])
def test_every_engine_gives_the_same_lines(name: str) -> None:
    rows = [line(**({"Transaction_ID": f"X{number}"} | cells)) for number, (cells, *_) in enumerate([*EXCLUDED.values(), *COUNTED.values()])]
    ours, theirs = lines_of(*rows), lines_of(*rows, engine=name)
    assert rows_of(ours[0]) == rows_of(theirs[0]) and ours[1] == theirs[1] and ours[0].rows_excluded == theirs[0].rows_excluded


def test_sums_that_other_engines_would_wrap_are_refused_there() -> None:
    large = [line(Transaction_ID=f"T{number}", Amount=4e18, Quantity=1) for number in range(3)]
    assert lines_of(*large)[0].rows_read == 3
    with pytest.raises(CannotRead, match="--engine duckdb"):
        lines_of(*large, engine="polars")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.decimals(min_value=-(10**7), max_value=10**7, places=4), min_size=1, max_size=30))
def test_amounts_are_exact_whatever_cell_they_stand_in(amounts: list[Decimal]) -> None:
    def rows(kind: Any) -> list[list[Any]]:
        return [line(Transaction_ID=f"T{n}", Quantity=-1 if amount < 0 else 1, Amount=kind(amount)) for n, amount in enumerate(amounts)]

    sums = set()
    for kind in (float, str, lambda amount: amount):
        lines, _ = lines_of(*rows(kind))
        sums.add((lines.amount_places, sum(one["amount"] for one in rows_of(lines)), lines.content_hash))
    assert len(sums) == 1
    places, total, _ = sums.pop()
    assert Decimal(total).scaleb(-places) == sum(amounts)
    assert places == max(max(-int(amount.normalize().as_tuple().exponent), 0) for amount in amounts)


def test_noise_of_binary_floats_does_not_add_places() -> None:
    lines, problems = lines_of(line(Amount=0.1 + 0.2), line(Transaction_ID="T2", Amount=1.1 * 3), line(Transaction_ID="T3", Amount=123456789012.34))
    assert problems == [] and lines.amount_places == 2 and [one["amount"] for one in rows_of(lines)] == [30, 330, 12345678901234]


def test_the_hash_knows_content_and_not_order() -> None:
    rows = [line(Transaction_ID=f"T{number}", Amount=number + 0.25) for number in range(20)]
    shuffled = random.Random(7).sample(rows, len(rows))
    assert lines_of(*rows)[0].content_hash == lines_of(*shuffled)[0].content_hash
    assert lines_of(*rows)[0].content_hash != lines_of(*rows[1:])[0].content_hash
    assert lines_of(*rows)[0].content_hash != lines_of(*rows[1:], line(Transaction_ID="T0", Amount=0.26))[0].content_hash


# ---- files


def columns(count: int = 3) -> dict[str, list[Any]]:
    return {
        "transaction id": [f"T{number}" for number in range(count)], "INVOICE_DATE": [D(2026, 1, 1 + number % 28) for number in range(count)],
        "Distributor ID": ["NORTH"] * count, "SKU": ["A"] * count, "Quantity": [1] * count, "Amount": [1.25 * number for number in range(count)],
    }  # fmt: skip


DAYS = [D(2026, 1, 1), D(2026, 1, 2), D(2026, 1, 3)]
TYPES = {
    "double": {"Amount": pa.array([0.0, 1.25, 2.5])},
    "decimal": {"Amount": pa.array([Decimal("0.000"), Decimal("1.250"), Decimal("2.500")], pa.decimal128(18, 3))},
    "wide decimal": {"Amount": pa.array([Decimal(0), Decimal("1.25"), Decimal("2.5")], pa.decimal128(38, 9))},
    "text": {"Amount": pa.array(["0", "1.25", "2.5"]), "INVOICE_DATE": pa.array(["2026-01-01", "2026-01-02", "2026-01-03"])},
    "odd text": {"Amount": pa.array(["0", "1,25", "2.50-"]), "INVOICE_DATE": pa.array(["1 Jan 2026", "02.01.2026", "20260103"])},
    "timestamp": {"INVOICE_DATE": pa.array([datetime(2026, 1, 1 + n, 13) for n in range(3)], pa.timestamp("us"))},
    "serial": {"INVOICE_DATE": pa.array([46023, 46024, 46025])},
    "dictionary": {
        "SKU": pa.array(["A", "A", "A"]).dictionary_encode(),
        "Distributor ID": pa.array([" NORTH", "NORTH ", "NORTH"]).dictionary_encode(),
    },
    "integer ids": {"transaction id": pa.array([1, 2, 3])},
    "nulls": {"Type": pa.array([None, "", "invoice"])},
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", TYPES)
def test_parquet_columns_of_every_type_are_understood(tmp_path: Path, kind: str, engine: str) -> None:
    quantities = {"Quantity": pa.array([1, 1, -1])} if kind == "odd text" else {}
    pq.write_table(pa.table(columns() | TYPES[kind] | quantities), tmp_path / "lines.parquet")
    lines, problems = from_files(tmp_path / "lines.parquet", engine=engine)
    rows = rows_of(lines)
    assert [one["invoice_date"] for one in rows] == DAYS and [one["row"] for one in rows] == [1, 2, 3]
    assert [one["amount"] for one in rows] == [0, 125, -250 if kind == "odd text" else 250] and lines.amount_places == 2
    assert {(one["distributor_id"], one["sku"], one["currency"]) for one in rows} == {("NORTH", "A", "")}
    told = {"odd text": {"TEXT_NUMBER", "TEXT_DATE", "NEGATIVE_INVOICE"}, "serial": {"TEXT_DATE"}}
    assert {one.code for one in problems} == told.get(kind, set())


@pytest.mark.parametrize("number", ["12345678901234567.89", "-92233720368547758.07", "0.01"])
def test_decimals_beyond_what_a_double_holds_stay_exact(tmp_path: Path, number: str) -> None:
    amount = Decimal(number)
    cells = {"Amount": pa.array([amount], pa.decimal128(19, 2)), "Quantity": [-1 if amount < 0 else 1]}
    pq.write_table(pa.table(columns(1) | cells), tmp_path / "x.parquet")
    [row] = rows_of(from_files(tmp_path / "x.parquet")[0])
    assert Decimal(row["amount"]).scaleb(-2) == amount


def test_csv_keeps_leading_zeros_and_names_its_lines(tmp_path: Path) -> None:
    text = "Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\n0001,2026-01-01,NORTH,00123,1,1.25\n0002,2026-01-02,NORTH,00123,2,oops\n"
    (tmp_path / "lines.csv").write_text(text)
    lines, problems = from_files(tmp_path / "lines.csv", known=Known({"NORTH"}, {"00123"}))
    assert [(one["transaction_id"], one["sku"], one["amount"], one["row"]) for one in rows_of(lines)] == [("0001", "00123", 125, 2)]
    assert [(one.code, one.row) for one in problems] == [("NOT_A_NUMBER", 3)] and problems[0].table.endswith("lines.csv")


def test_folders_globs_and_files_given_twice(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"part={number}").mkdir()
        table = pa.table(columns(2) | {"transaction id": [f"{number}-1", f"{number}-2"]})
        pq.write_table(table, tmp_path / f"part={number}" / "data.parquet")
    assert from_files(tmp_path)[0].rows_read == 6
    assert from_files(tmp_path / "part=*" / "*.parquet")[0].rows_read == 6
    assert from_files(tmp_path, tmp_path / "part=0" / "data.parquet")[0].rows_read == 6
    assert {one["place"] for one in rows_of(from_files(tmp_path)[0])} == {str(tmp_path / f"part={n}" / "data.parquet") for n in range(3)}


def test_bad_rows_of_a_file_are_named_by_file_and_row(tmp_path: Path) -> None:
    pq.write_table(pa.table(columns() | {"Distributor ID": ["NORTH", "?", None], "Amount": [1.0, float("nan"), 2.0]}), tmp_path / "x.parquet")
    lines, problems = from_files(tmp_path / "x.parquet")
    assert lines.rows_excluded == {"UNKNOWN_DISTRIBUTOR": 2} and len(rows_of(lines)) == 1
    assert [(one.code, one.row) for one in problems] == [("UNKNOWN_DISTRIBUTOR", 2), ("UNKNOWN_DISTRIBUTOR", 3), ("EMPTY_CELL", 2)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("gone.parquet", None, "There is no file"), ("empty.csv", b"", "is empty"), ("x.pdf", b"%PDF", "no kind of file"),
     ("broken.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
     ("latin.csv", "Menge,Größe\n1,2\n".encode("latin-1"), "as CSV"),
     ("*.parquet", None, "No Parquet or CSV file matches")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gets_one_sentence(tmp_path: Path, name: str, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotRead, match=sentence.replace("(", r"\(")):
        from_files(tmp_path / name)


def test_a_parquet_file_damaged_in_the_middle_gets_one_sentence(tmp_path: Path) -> None:
    pq.write_table(pa.table(columns(5000)), tmp_path / "x.parquet", compression="none")
    content = bytearray((tmp_path / "x.parquet").read_bytes())
    content[4:200] = b"\xff" * 196
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(CannotRead, match=r"x\.parquet cannot be read"):
        from_files(tmp_path / "x.parquet")


def test_semicolons_and_a_byte_order_mark_in_csv(tmp_path: Path) -> None:
    text = "\ufeffTransaction ID;Invoice Date;Distributor ID;SKU;Quantity;Amount\r\nT1;05.01.2026;NORTH;A;2;1.234,50\r\n"
    (tmp_path / "lines.csv").write_bytes(text.encode("utf-8"))
    lines, problems = from_files(tmp_path / "lines.csv")
    assert [(one["transaction_id"], one["invoice_date"], one["amount"], lines.amount_places) for one in rows_of(lines)] == [
        ("T1", D(2026, 1, 5), 12345, 1),
    ]  # fmt: skip
    assert {one.code for one in problems} == {"TEXT_DATE", "TEXT_NUMBER"}


def test_files_are_added_to_the_sheet(tmp_path: Path) -> None:
    pq.write_table(pa.table(columns()), tmp_path / "x.parquet")
    pq.write_table(pa.table(columns() | {"transaction id": ["T1", "U1", "U2"]}), tmp_path / "y.parquet")
    grid: Grid = [HEAD, line(Transaction_ID="S1"), line(Transaction_ID="T1", Amount=7)]

    def found(*paths: Path) -> Tables:
        return read(raw(bent(Transactions=grid)), transactions=paths)

    both = found(tmp_path / "x.parquet")
    assert both.lines is not None and both.lines.rows_read == 5 and both.lines.rows_excluded == {"DUPLICATE_TRANSACTION": 2}
    without = read(raw(bent(Transactions=None)), transactions=[tmp_path / "y.parquet"])
    assert without.problems == () and without.lines is not None and without.lines.rows_read == 3
    assert both.input_hash != found(tmp_path / "y.parquet").input_hash != read(raw(SOUND)).input_hash
