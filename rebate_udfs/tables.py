"""The standard workbook: its description, and from raw tables to one checked book (`model.Tables`).

What a host hands over is `RawTable`s (sheets) and paths (transactions in files); what comes back holds every row that can
be used, and a problem for everything that is wrong: all of it, with place and remedy. `columns` describes the workbook,
`parse` reads a cell, `rows` a row, `check` compares tables with one another, `transactions` checks millions of lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .check import check_tables
from .columns import BY_NAME, SETTINGS, TABLES
from .describe import Column, Table
from .engines import open_engine
from .model import Problem, Settings, Tables
from .parse import CannotRead, RawTable
from .rows import Parsed, parse_settings, parse_table, problem
from .transactions import Known, read_lines

__all__ = ["BY_NAME", "SETTINGS", "TABLES", "CannotRead", "Column", "RawTable", "Table", "read"]

SPECIAL = ("Settings", "Transactions")


def read(
    raw: Sequence[RawTable],
    *,
    engine: str = "duckdb",
    transactions: Sequence[str | Path] = (),
    as_of: date | None = None,
    problems: Sequence[Problem] = (),
) -> Tables:
    """One book from its raw tables and files of transactions, checked.

    `engine` is one of engines.ENGINES; `transactions` are Parquet or CSV files, folders or globs, added to the Transactions
    tables (there may be several, from several workbooks). `as_of` overrides the setting As Of. `problems` found before
    (by a host) go first. Raises CannotRead when a file cannot be read, ValueError for an unknown engine.
    """
    found = list(problems)
    run = open_engine(engine)
    by_name = {table.name: table for table in reversed(raw)}
    settings = parse_settings(by_name.get("Settings"), found)
    if as_of is not None:
        settings = settings.model_copy(update={"as_of": as_of})
    _note_missing(by_name, bool(transactions), found)
    parsed = {name: parse_table(by_name[name], found) if name in by_name else Parsed(BY_NAME[name]) for name in BY_NAME if name not in SPECIAL}
    read_rows = {name: table.read for name, table in parsed.items() if name in by_name}
    rows = check_tables(parsed, found, settings.base_currency)
    known = Known(
        distributors={one.distributor_id for one in rows["Distributors"]},
        skus={one.sku for one in rows["Products"]},
        rebate_skus=settings.rebate_skus,
        references={one.reference for one in rows["Payments"] if one.reference},
    )
    lines = read_lines([table for table in raw if table.name == "Transactions"], transactions, run, known, found)
    if lines is not None:
        read_rows["Transactions"] = lines.rows_read
    return Tables(
        settings=settings,
        lines=lines,
        problems=tuple(found),
        input_hash=input_hash(settings, rows, lines.content_hash if lines else ""),
        rows_read=read_rows,
        **{BY_NAME[name].field: tuple(rows[name]) for name in parsed},
    )


def _note_missing(by_name: Mapping[str, RawTable], has_files: bool, problems: list[Problem]) -> None:
    for table in TABLES:
        if table.name in by_name or table.optional or (table.name == "Transactions" and has_files):
            continue
        if any(one.table == table.name and one.code == "MISSING_HEADER" for one in problems):
            continue
        message = f"There is no table {table.name} ({table.help[0].lower()}{table.help[1:].rstrip('.')})."
        remedy = f"Add a sheet named {table.name} with the headers {', '.join(c.header for c in table.columns if c.required)}."
        problems.append(problem("MISSING_TABLE", table.name, None, None, message, remedy))


def input_hash(settings: Settings, rows: Mapping[str, Sequence[Any]], lines: str) -> str:
    """SHA-256 over the content of all rows that can move a figure; the order of rows and their formatting do not matter."""
    digest = hashlib.sha256(f"Transactions:{lines}\n".encode())
    for name, found in sorted({**rows, "Settings": [settings]}.items()):
        for text in sorted(_canonical(row) for row in found):
            digest.update(f"{name}:{text}\n".encode())
    return digest.hexdigest()


def _canonical(row: Any) -> str:
    values = row.model_dump(exclude={"row"})
    return repr(sorted((name, _plain(value)) for name, value in values.items() if value not in (None, "", ())))


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value)
