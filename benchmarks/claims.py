"""Claims at scale: 10,000 claim lines against 1,000,000 transactions, beside the main rules written by hand in pandas.

Run: python -m benchmarks.claims [ROWS] [CLAIMS]. The pandas version finds lines by normalised invoice number and SKU,
checks owner, dates, window, duplicates and quantity, and gives the amount; codes, funds, special prices, decisions and
remedies are only in ours. Both run on the same table in memory, in one process each.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.measuring import in_fresh_process, measured
from rebate_udfs import model as m
from rebate_udfs.engines import ENGINES
from rebate_udfs.pipeline import run

DISTRIBUTORS, SKUS, SEED = 500, 2_000, 7
FIRST, WINDOW = date(2026, 1, 1), 90


def drawn(rows: int, claims: int) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Invoice lines of a year, and claims on them as people spell them: a tenth twice, a tenth unknown, some too much."""
    draw = np.random.default_rng(SEED)
    days = np.sort(draw.integers(0, 365, rows))
    table = pa.table({
        "transaction_id": [f"T{number}" for number in range(rows)], "invoice_number": [f"INV-{number // 3:07d}" for number in range(rows)],
        "line": [str(number % 3 + 1) for number in range(rows)],
        "invoice_date": pa.array([FIRST + timedelta(days=int(day)) for day in days], pa.date32()),
        "distributor_id": [f"D{number // 3 % DISTRIBUTORS:04d}" for number in range(rows)],
        "sku": [f"S{number:05d}" for number in draw.integers(0, SKUS, rows)],
        "quantity": draw.integers(1, 50, rows) * 100, "amount": draw.integers(100, 900_000, rows),
    })  # fmt: skip
    picked = draw.integers(0, rows, claims)
    found = []
    for number, at in enumerate(picked.tolist()):
        source = table.slice(at if number % 10 else int(picked[max(number - 5, 0)]), 1).to_pylist()[0]
        name = source["invoice_number"] if number % 3 else f"inv {int(source['invoice_number'][4:])}"
        found.append({
            "claim_id": f"C{number:06d}", "program_id": "P", "distributor_id": source["distributor_id"], "row": number + 2,
            "claim_date": source["invoice_date"] + timedelta(days=number % 200), "sku": source["sku"],
            "invoice_number": name if number % 11 else f"X{number}", "quantity": source["quantity"] // 100 + number % 7 // 6,
            "claimed_amount": round(source["amount"] / 100 * 0.05, 2),
        })  # fmt: skip
    return table, found


def tables(table: pa.Table, claims: list[dict[str, Any]]) -> m.Tables:
    """The book of these facts: one program by quarters, 5 % of everything, claims required."""
    rows, engine = table.num_rows, ENGINES["duckdb"]()
    empty = {"int": pa.array(range(2, rows + 2), pa.int64()), "text": pa.array([""] * rows), "date": pa.nulls(rows, pa.date32())}
    columns = {name: table.column(name) if name in table.column_names else empty[kind] for name, kind in m.LINE_COLUMNS}
    columns["type"] = pa.array(["Invoice"] * rows)
    lines = m.Lines(engine.frame(pa.table(columns)), 2, 2, rows, {}, date(2026, 12, 31), "x", "duckdb", engine)
    program = m.Program(program_id="P", program_name="P", rebate_type=m.RebateType.VOLUME, starts_on=FIRST, ends_on=date(2026, 12, 31),
                        period=m.PeriodKind.QUARTER, claim_required=True)  # fmt: skip
    return m.Tables(
        settings=m.Settings(as_of=date(2027, 6, 30)), programs=(program,), tiers=(m.TierRow(program_id="P", starts_at=0, reward="0.05"),),
        distributors=tuple(m.Distributor(distributor_id=f"D{n:04d}", distributor_name="D") for n in range(DISTRIBUTORS)),
        products=tuple(m.Product(sku=f"S{n:05d}") for n in range(SKUS)), lines=lines, claims=tuple(m.Claim(**row) for row in claims), input_hash="x",
    )  # fmt: skip


def by_pandas(table: pa.Table, claims: list[dict[str, Any]]) -> int:
    """The main rules as an analyst would write them."""
    import pandas as pd

    lines, asked = table.to_pandas(), pd.DataFrame(claims)
    for frame in (lines, asked):
        plain = frame["invoice_number"].str.lower().str.replace(r"[\W_]", "", regex=True)
        frame["invoice"] = plain.str.replace(r"(?<![0-9])0+(?=[0-9])", "", regex=True)
    lines["period"] = pd.to_datetime(lines["invoice_date"]).dt.to_period("Q")
    earned = (lines.groupby(["distributor_id", "period"])["amount"].sum() / 100 * 0.05).round(2).rename("earned")
    lines = lines.drop_duplicates(["invoice", "sku"])
    asked = asked.sort_values(["claim_date", "claim_id"]).merge(lines, on=["invoice", "sku"], how="left", suffixes=("", "_line"))
    asked = asked.join(earned, on=["distributor_id_line", "period"])
    code = pd.Series("", index=asked.index)
    code[asked["transaction_id"].isna()] = "INVOICE_NOT_FOUND"
    code[(code == "") & (asked["distributor_id"] != asked["distributor_id_line"])] = "INVOICE_OF_OTHER_DISTRIBUTOR"
    code[(code == "") & (pd.to_datetime(asked["claim_date"]) > asked["period"].dt.end_time + pd.Timedelta(days=WINDOW))] = "CLAIM_WINDOW_PASSED"
    code[(code == "") & asked.duplicated(["distributor_id", "transaction_id", "quantity"])] = "DUPLICATE"
    open_ = asked[code == ""].copy()
    open_["left"] = open_["quantity_line"] / 100 - (open_.groupby("transaction_id")["quantity"].cumsum() - open_["quantity"])
    granted = open_[["quantity", "left"]].min(axis=1).clip(lower=0)
    amount = (granted / (open_["quantity_line"] / 100) * open_["amount"] / 100 * 0.05).round(2)
    open_["approved"] = pd.concat([amount, open_["claimed_amount"]], axis=1).min(axis=1)
    return int((open_["approved"] > 0).sum())


def work(which: str, rows: int, claims: int) -> None:
    """One of the pieces, in a process of its own; prints what it took."""
    table, asked = drawn(rows, claims)
    if which == "pandas":
        found = measured(lambda: by_pandas(table, asked))
    else:
        book = tables(table, asked if which == "claims" else [])
        found = measured(lambda: sum(each.approved > 0 for each in run(book).claims))
    print(json.dumps(found))


def main() -> None:
    """Print seconds and memory: the run with claims, the run without, and pandas."""
    rows, claims = (int(text) for text in (*sys.argv[1:], "1000000", "10000")[:2]) if len(sys.argv) != 2 else (int(sys.argv[1]), 10_000)
    found = {which: in_fresh_process(__file__, [which, str(rows), str(claims)]) for which in ("claims", "without", "pandas")}
    ours = found["claims"]["seconds"] - found["without"]["seconds"]
    for which, each in found.items():
        print(f"{which:8} {each['seconds']:6.2f} s {each['added_mb']:7.0f} MB added, {each['result']:,} paid")
    print(f"claims alone {ours:.2f} s: {ours / found['pandas']['seconds']:.2f} x pandas ({claims:,} claims, {rows:,} transactions)")


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ("claims", "without", "pandas"):
        work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
