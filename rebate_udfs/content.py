"""A table as found, as sealed bytes and back: what a handle stands for, and what the cache keeps.

The bytes are Arrow IPC (never pickle): one column for each header that the standard workbook knows, in its order, so that
neither the order nor the spelling of headers matters, and columns of the user's own do not. A column of one kind of cell is
numbers or texts; a mixed one is texts with a letter before each that says what the cell was. Rows keep their places:
problems name them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any

import pyarrow as pa

from .columns import BY_NAME
from .model import CellError
from .parse import Cell, RawTable, is_blank, text_of
from .words import key

EXACT_WHOLE = 10**15  # whole numbers below it are the same as floats at 15 significant digits
NUMBERS, TEXTS, MIXED = "numbers", "texts", "mixed"


def seal(raw: RawTable) -> bytes:
    """The content of a table as bytes: equal bytes for equal content, in whatever order its columns stand."""
    known = {key(column.header): (at, column.header) for at, column in enumerate(BY_NAME[raw.name].columns)}
    found = []
    for position, header in enumerate(raw.headers):
        described = known.get(key(text_of(header).rstrip("*")))
        if described is not None:
            found.append((*described, position))
    found.sort()
    rows = raw.rows
    while rows and all(is_blank(cell) for cell in rows[-1][1]):
        rows = rows[:-1]
    arrays, fields = [], []
    for _, header, position in found:
        array, kind = _column([cells[position] if position < len(cells) else None for _, cells in rows])
        arrays.append(array)
        fields.append(pa.field(header, array.type, metadata={"cells": kind}))
    about = {"name": raw.name, "place": raw.place, "header_row": str(raw.header_row), "date_1904": str(int(raw.date_1904))}
    numbers = pa.array([number for number, _ in rows], pa.int32())
    schema = pa.schema([pa.field("row", pa.int32()), *fields], metadata=about)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([numbers, *arrays], schema=schema))
    return sink.getvalue().to_pybytes()


def unseal(data: bytes) -> RawTable:
    """The table of sealed bytes, as it was found. Raises ValueError for bytes that are none (pyarrow's errors are such)."""
    table = pa.ipc.open_stream(data).read_all()
    about = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
    if "name" not in about:
        raise ValueError("these bytes are no table")
    columns = []
    for position in range(1, table.num_columns):
        kind = (table.schema.field(position).metadata or {})[b"cells"].decode()
        values = table.column(position).to_pylist()
        columns.append([None if text is None else _READ[text[0]](text[1:]) for text in values] if kind == MIXED else values)
    headers: list[Cell] = table.column_names[1:]
    cells = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table.num_rows)]
    rows = list(zip(table.column(0).to_pylist(), cells, strict=True))
    return RawTable(about["name"], about["place"], headers, int(about["header_row"]), rows, about["date_1904"] == "1")


def content_hash(parts: Mapping[str, str]) -> str:
    """SHA-256 over the hashes of a book's tables and files, by name."""
    return hashlib.sha256("\n".join(f"{name}={mark}" for name, mark in sorted(parts.items())).encode()).hexdigest()


def _column(cells: Sequence[Cell]) -> tuple[pa.Array, str]:
    kinds = {type(cell) for cell in cells}
    if kinds <= {float, type(None)}:
        return pa.array(cells, pa.float64()), NUMBERS
    if kinds <= {str, type(None)}:
        return pa.array([cell or None for cell in cells], pa.string()), TEXTS
    plain = [float(cell) if type(cell) is int and abs(cell) < EXACT_WHOLE else cell for cell in cells]
    plain = [None if cell == "" else cell for cell in plain] if str in kinds else plain
    if {type(cell) for cell in plain} <= {float, type(None)}:
        return pa.array(plain, pa.float64()), NUMBERS
    return pa.array([None if cell is None else _spelled(cell) for cell in plain], pa.string()), MIXED


def _spelled(cell: Any) -> str:
    """A cell as a letter and a text from which it can be read back."""
    if isinstance(cell, str):
        return f"s{cell}"
    if isinstance(cell, bool):
        return f"b{int(cell)}"
    if isinstance(cell, float):
        return f"n{float(cell)!r}"
    if isinstance(cell, Integral):
        return f"i{int(cell)}"
    if isinstance(cell, Decimal):
        return f"d{cell}"
    if isinstance(cell, datetime):
        return f"t{cell.isoformat()}"
    if isinstance(cell, date):
        return f"y{cell.isoformat()}"
    if isinstance(cell, CellError):
        return f"e{cell.code}\n{cell.message}"
    return f"s{cell}"  # what no host hands over counts as the text that it shows


_READ: Mapping[str, Callable[[str], Cell]] = {
    "s": str,
    "b": lambda text: text == "1",
    "n": float,
    "i": int,
    "d": Decimal,
    "t": datetime.fromisoformat,
    "y": date.fromisoformat,
    "e": lambda text: CellError(*text.split("\n", 1)),
}
