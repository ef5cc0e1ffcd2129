"""The same frame on every engine gives the same values, with plain whole numbers at the edge."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebate_udfs.engines import ENGINES, Engine, open_engine, plain

TABLE = pa.table({"who": ["N", "S", "N"], "cents": [10, -5, 2**53 + 1], "on": [date(2026, 1, 1), None, date(2026, 1, 2)]})


@pytest.mark.parametrize("name", ENGINES)
def test_sums_are_whole_and_equal_on_every_engine(name: str) -> None:
    with open_engine(name) as engine:
        frame = engine.frame(TABLE)
        for _ in range(2):  # a frame serves several queries
            rows = engine.collect(frame.group_by("who").agg(nw.col("cents").sum(), nw.len().alias("rows")).sort("who"))
            assert rows.to_pylist() == [{"who": "N", "cents": 2**53 + 11, "rows": 2}, {"who": "S", "cents": -5, "rows": 1}]
            assert rows.schema.types == [pa.string(), pa.int64(), pa.int64()]


@pytest.mark.parametrize("name", ENGINES)
def test_frames_of_one_engine_can_be_joined(name: str) -> None:
    with open_engine(name) as engine:
        joined = engine.frame(TABLE).join(engine.frame(pa.table({"who": ["N"], "parent": ["TOP"]})), on="who", how="inner")
        assert engine.collect(joined.select("parent", "cents").sort("cents")).to_pydict() == {"parent": ["TOP", "TOP"], "cents": [10, 2**53 + 1]}


@pytest.mark.parametrize("name", ENGINES)
def test_files_can_be_scanned(name: str, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("id,amount\n00123,1.50\n")
    with open_engine(name) as engine:
        assert engine.collect(engine.scan([tmp_path / "a.parquet"]).select(nw.col("cents").sum())).to_pylist() == [{"cents": 2**53 + 6}]
        assert engine.collect(engine.scan([tmp_path / "a.csv"])).to_pylist() == [{"id": "00123", "amount": "1.50"}]


def test_sums_beyond_64_bits_stay_exact_on_duckdb() -> None:
    with open_engine() as engine:
        total = engine.collect(engine.frame(pa.table({"x": [2**62] * 4})).select(nw.col("x").sum()))
    assert total.to_pylist() == [{"x": Decimal(2**64)}]


def test_two_runs_do_not_share_tables() -> None:
    with Engine() as first, Engine() as second:
        first.register(TABLE, "mine")
        assert first.query("SELECT view_name FROM duckdb_views() WHERE NOT internal")["view_name"].to_pylist() == ["mine_1"]
        assert second.query("SELECT view_name FROM duckdb_views() WHERE NOT internal")["view_name"].to_pylist() == []


def test_an_unknown_engine_names_the_choices() -> None:
    with pytest.raises(ValueError, match="duckdb, pandas, polars"):
        open_engine("abacus")


def test_dictionaries_and_small_integers_become_plain() -> None:
    column = pa.chunked_array([pa.array(["a", "b", "a"]).dictionary_encode()])
    table = plain(pa.table({"text": column, "count": pa.array([1, 2, 3], pa.uint32())}))
    assert table.schema.types == [pa.string(), pa.int64()]
