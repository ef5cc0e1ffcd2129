"""The engines that the frames run on: DuckDB by default, pandas and Polars by choice. The only importer of them.

What a frame may do is what all three do alike (architecture.md, "Engines: what was found by trying"): integers only,
equi-joins, keys without nulls. Frames are lazy; `collect` is the one edge back to values. Files are always read by
DuckDB, whatever the run computes on: it reads folders and globs, and needs no more memory than the result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

EngineError = duckdb.Error  # whatever a file or a query can fail with
INT64_LIMIT = 2**63 - 1
BATCH = 100_000  # rows that are handed over at once
FILE_KINDS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".txt": "csv", ".tsv": "csv"}


class Engine:
    """One run on DuckDB: its own connection, the tables it knows, and the way back to values."""

    name = "duckdb"
    wide_sums = True  # sums are 128 bits wide; the other engines wrap round at 64 bits without a word

    def __init__(self) -> None:
        self.connection = duckdb.connect()  # one a run: the default connection is shared by the whole process
        self._folder = tempfile.TemporaryDirectory(prefix="rebates_")
        self.connection.execute(f"SET temp_directory = {quoted(self._folder.name)}")
        self.connection.execute("SET TimeZone = 'UTC'")
        self._names = 0

    def new_name(self, stem: str) -> str:
        """A name that no other table or view of this run has."""
        self._names += 1
        return f"{stem}_{self._names}"

    def register(self, table: pa.Table, stem: str = "arrow") -> str:
        """Make an Arrow table known to SQL; the name it got."""
        name = self.new_name(stem)
        self.connection.register(name, table)
        return name

    def create_view(self, sql: str, stem: str = "view") -> str:
        """Give a query a name; nothing is computed yet."""
        name = self.new_name(stem)
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {sql}")
        return name

    def create_table(self, sql: str, stem: str = "kept") -> str:
        """Compute a query once and keep it as a compressed file of this run; the view that reads it."""
        path = quoted(str(Path(self._folder.name) / f"{self.new_name(stem)}.parquet"))
        self.connection.execute(f"COPY ({sql}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
        return self.create_view(f"SELECT * FROM read_parquet({path})", stem)

    def query(self, sql: str) -> pa.Table:
        """The rows of a query, integers as int64."""
        return plain(self.connection.sql(sql).to_arrow_table())

    def scan(self, paths: Sequence[Path | str]) -> nw.LazyFrame[Any]:
        """A lazy frame over Parquet or CSV files, folders or globs of one kind."""
        return self.from_sql(f"SELECT * FROM {scan_sql(paths)}")

    def frame(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table, for as many queries as wanted."""
        return nw.from_native(self.connection.table(self.register(table)))

    def from_sql(self, sql: str) -> nw.LazyFrame[Any]:
        """A lazy frame over a query of this run's tables; engines other than DuckDB compute it here, once."""
        return nw.from_native(self.connection.table(self.create_view(sql)))

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """The rows of a frame as an Arrow table; integers are int64, wider sums decimal(38, 0)."""
        return plain(frame.collect().to_arrow())

    def batches(self, frame: nw.LazyFrame[Any]) -> Iterable[pa.RecordBatch]:
        """The rows of a frame piece by piece, in any order: millions of them need no memory at once."""
        return frame.to_native().to_arrow_reader(BATCH)

    def close(self) -> None:
        """Let go of what the run holds, its temporary files included."""
        self.connection.close()
        self._folder.cleanup()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class PandasEngine(Engine):
    """Computes on pandas with Arrow-backed columns: exact integers, real dates, no NaN for text."""

    name = "pandas"
    wide_sums = False

    def frame(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table."""
        import pandas as pd  # costs 0.4 s: only where it is asked for

        frame: nw.DataFrame[Any] = nw.from_native(table.to_pandas(types_mapper=pd.ArrowDtype))
        return frame.lazy()

    def from_sql(self, sql: str) -> nw.LazyFrame[Any]:
        """A frame over the rows of a query, computed once."""
        return self.frame(self.query(sql))

    def batches(self, frame: nw.LazyFrame[Any]) -> Iterable[pa.RecordBatch]:
        """The rows of a frame, which are in memory."""
        return self.collect(frame).to_batches()


class PolarsEngine(Engine):
    """Computes on Polars, lazily."""

    name = "polars"
    wide_sums = False

    def frame(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table."""
        import polars as pl

        return nw.from_native(pl.DataFrame(pl.from_arrow(table)).lazy())

    def from_sql(self, sql: str) -> nw.LazyFrame[Any]:
        """A frame over the rows of a query, computed once."""
        return self.frame(self.query(sql))

    def batches(self, frame: nw.LazyFrame[Any]) -> Iterable[pa.RecordBatch]:
        """The rows of a frame, which are in memory."""
        return self.collect(frame).to_batches()


ENGINES: dict[str, Callable[[], Engine]] = {"duckdb": Engine, "pandas": PandasEngine, "polars": PolarsEngine}


def open_engine(name: str = "duckdb") -> Engine:
    """An engine for one run. Raises ValueError, naming the choices, when there is none of that name."""
    if name not in ENGINES:
        raise ValueError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    return ENGINES[name]()


def quoted(text: str) -> str:
    """A text as an SQL literal.

    >>> quoted("O'Neil")
    "'O''Neil'"
    """
    return "'" + text.replace("'", "''") + "'"


def scan_sql(paths: Sequence[Path | str], numbered: bool = False) -> str:
    """The SQL that reads Parquet or CSV files; every CSV cell stays the text that it is, so that 00123 keeps its zeros.

    `numbered` adds `filename`, and for Parquet `file_row_number` (from 0). Raises ValueError when the kinds differ.
    """
    kinds = {FILE_KINDS.get(Path(str(path)).suffix.casefold(), "") for path in paths}
    listed = "[" + ", ".join(quoted(str(path)) for path in paths) + "]"
    if kinds == {"parquet"}:
        more = ", filename = true, file_row_number = true" if numbered else ""
        return f"read_parquet({listed}, union_by_name = true, hive_partitioning = false{more})"
    if kinds == {"csv"}:
        return f"read_csv({listed}, all_varchar = true, header = true, union_by_name = true{', filename = true' if numbered else ''})"
    raise ValueError("Files must be all Parquet or all CSV.")


def plain(table: pa.Table) -> pa.Table:
    """An Arrow table in plain types: whole numbers int64 where they fit, text string, no dictionaries.

    DuckDB hands sums out as decimal(38, 0), Polars counts as uint32: both become int64.
    """
    columns = [_plain_column(column) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_column(pc.cast(column, kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_integer(kind) and kind != pa.int64():
        return pc.cast(column, pa.int64())
    if pa.types.is_decimal(kind) and kind.scale == 0 and _fits(column):
        return pc.cast(column, pa.int64())
    return column


def _fits(column: pa.ChunkedArray) -> bool:
    bounds = pc.min_max(column).as_py()
    return bounds["min"] is None or (bounds["min"] >= -INT64_LIMIT and bounds["max"] <= INT64_LIMIT)
