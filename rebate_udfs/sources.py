"""Transactions from a sheet or from files, brought to one form: a DuckDB view for each source, nothing judged yet.

In such a view `place` and `row` say where a line stands, texts are trimmed and '' for nothing. Each date and each number
has three columns: its value (null when there is none), `<field>_text` with what was typed where the source holds text, and
`<field>_odd`, true where the text is not the plain spelling (a comma, another order of day and month). Numbers keep the
source's type: whole, decimal or double; `whole_sql` and `places_sql` turn them into whole units, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa

from .columns import BY_NAME
from .engines import FILE_KINDS, Engine, EngineError, quoted, scan_sql
from .model import CellError, Problem, Severity
from .money import decimal_of
from .parse import CannotRead, Cell, RawTable, Unreadable, date_of, date_of_text, is_blank, number_of_text, text_of
from .rows import cell_at, data_rows, match_columns, missing_columns, problem

TABLE = BY_NAME["Transactions"]
COLUMNS = {column.field: column for column in TABLE.columns}
TEXTS = tuple(name for name, column in COLUMNS.items() if column.kind in ("id", "text", "choice"))
DATES = tuple(name for name, column in COLUMNS.items() if column.kind == "date")
NUMBERS = ("quantity", "amount")
MOST_PLACES = 9
LARGEST = 10**20  # of whole numbers and decimals that are looked at; 64 bits end before it
SPACES = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
PLAIN_NUMBER = r"'-?\d{1,18}(\.\d{1,9})?'"


@dataclass(slots=True)
class Source:
    """One source as a view of the run's connection."""

    view: str
    is_sheet: bool
    number_kinds: dict[str, str] = field(default_factory=dict)  # field -> whole, decimal or double
    files: tuple[Path, ...] = ()  # Parquet files, which are sealed as files and not row by row


# ---- from a sheet


def from_sheet(raw: RawTable, engine: Engine, problems: list[Problem]) -> Source | None:
    """The rows of the Transactions table; None when a required column is missing."""
    positions = match_columns(raw, TABLE, problems)
    missing = missing_columns(raw, TABLE, positions)
    problems.extend(missing)
    if missing:
        return None
    rows = list(data_rows(raw, TABLE, positions, problems))
    arrays: dict[str, pa.Array] = {"row": pa.array([number for number, _ in rows], pa.int64())}
    kinds = {}
    for name in COLUMNS:
        position = positions.get(name)
        cells = [None] * len(rows) if position is None else [cell_at(row, position) for _, row in rows]
        if name in TEXTS:
            arrays[name] = pa.array(_texts(cells), pa.string())
        elif name in DATES:
            arrays[name], arrays[f"{name}_text"] = _dates(cells, raw.date_1904)
        else:
            arrays[name], arrays[f"{name}_text"], kinds[name] = _numbers(cells)
    table = engine.register(pa.table(arrays), "sheet")
    return Source(_view(engine, f"(SELECT {quoted(raw.place)} AS place, * FROM {table})", kinds), True, kinds)


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [text_of(cell.code if isinstance(cell, CellError) else cell) for cell in cells]


def _dates(cells: Sequence[Cell], date_1904: bool) -> tuple[pa.Array, pa.Array]:
    values: list[date | None] = []
    texts: list[str | None] = []
    for cell in cells:
        value, text = None, None
        if type(cell) is date:
            value = cell
        elif isinstance(cell, datetime):
            value = cell.date()
        elif not is_blank(cell):
            text = cell.code if isinstance(cell, CellError) else text_of(cell)
            if not isinstance(cell, (str, CellError)):
                try:
                    value, text = date_of(cell, date_1904), None
                except Unreadable:
                    value = None
        values.append(value)
        texts.append(text)
    return pa.array(values, pa.date32()), pa.array(texts, pa.string())


def _numbers(cells: Sequence[Cell]) -> tuple[pa.Array, pa.Array, str]:
    texts = [None if type(cell) is float or _is_number(cell) or is_blank(cell) else _spelled(cell) for cell in cells]
    if any(isinstance(cell, Decimal) or (type(cell) is int and abs(cell) > 2**53) for cell in cells):
        exact = [_decimal(cell) if _is_number(cell) else None for cell in cells]
        places = max((max(-int(number.as_tuple().exponent), 0) for number in exact if number is not None), default=0)
        return pa.array(exact, pa.decimal128(38, min(places, 15))), pa.array(texts, pa.string()), "decimal"
    return pa.array([float(cell) if _is_number(cell) else None for cell in cells], pa.float64()), pa.array(texts, pa.string()), "double"


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, float):
        return isfinite(cell)
    if isinstance(cell, Decimal):
        return cell.is_finite() and abs(cell) < LARGEST
    return isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < LARGEST


def _decimal(cell: Any) -> Decimal:
    number = (decimal_of(cell) if isinstance(cell, float) else Decimal(cell)).normalize()
    return number if int(number.as_tuple().exponent) >= -15 else round(number, 15)


def _spelled(cell: Cell) -> str:
    return cell.code if isinstance(cell, CellError) else text_of(cell)


# ---- from files


def from_files(paths: Sequence[str | Path], engine: Engine, problems: list[Problem]) -> list[Source]:
    """Parquet and CSV files, folders of them and globs. Raises CannotRead for a path that leads to none."""
    sources = []
    seen: set[Path] = set()  # a folder and a file in it, or one file given twice, is read once
    for path in paths:
        files = [file for file in _files(Path(path)) if file.resolve() not in seen]
        seen.update(file.resolve() for file in files)
        parquet = [file for file in files if FILE_KINDS[file.suffix.casefold()] == "parquet"]
        if parquet:
            sources.append(_file_source(parquet, engine, problems))
        for file in files:
            if file not in parquet:
                sources.append(_file_source([file], engine, problems))
    return [source for source in sources if source is not None]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.casefold() in FILE_KINDS and file.is_file())
        if not files:
            raise CannotRead(f"The folder {path} holds no Parquet or CSV file.", "Check the folder.")
        return files
    if any(sign in str(path) for sign in "*?[") and not path.exists():
        base = Path(path.anchor) if path.anchor else Path()
        files = sorted(file for file in base.glob(str(path.relative_to(base))) if file.suffix.casefold() in FILE_KINDS and file.is_file())
        if not files:
            raise CannotRead(f"No Parquet or CSV file matches {path}.", "Check the pattern.")
        return files
    if not path.exists():
        raise CannotRead(f"There is no file {path}.", "Check the name and the folder.")
    if path.suffix.casefold() not in FILE_KINDS:
        raise CannotRead(f"{path.name} is no kind of file that transactions can be read from.", "Give a workbook, a Parquet or a CSV file.")
    if path.stat().st_size == 0:
        raise CannotRead(f"{path.name} is empty (0 bytes).", "Copy the file again; the copy may have been broken off.")
    return [path]


def _file_source(files: Sequence[Path], engine: Engine, problems: list[Problem]) -> Source | None:
    scan = scan_sql(files, numbered=True)
    is_csv = scan.startswith("read_csv")
    try:
        described = engine.query(f"DESCRIBE SELECT * FROM {scan}").to_pylist()
    except EngineError as error:
        raise _unreadable(files[0], is_csv) from error
    types = {one["column_name"]: str(one["column_type"]).upper() for one in described}
    headers = [name for name in types if name not in ("filename", "file_row_number")]
    raw = RawTable("Transactions", files[0].name, list(headers), 0)
    positions = match_columns(raw, TABLE, problems)
    missing = missing_columns(raw, TABLE, positions)
    problems.extend(missing)
    if missing:
        return None
    row = "row_number() OVER () + 1" if is_csv else "file_row_number + 1"
    fields, kinds = ["filename AS place", f"CAST({row} AS BIGINT) AS row"], {}
    untidy = _untidy(scan, {name: headers[position] for name, position in positions.items()}, types, engine)
    for name in COLUMNS:
        header = headers[positions[name]] if name in positions else None
        sql, kind = _file_column(name, header, types.get(header or "", ""), name in untidy)
        fields.append(sql)
        if name in NUMBERS:
            kinds[name] = kind
    select = f"SELECT {', '.join(fields)} FROM {scan}"
    try:
        view = engine.create_table(select, "csv") if is_csv else engine.create_view(select, "parquet")
    except EngineError as error:
        raise _unreadable(files[0], is_csv) from error
    return Source(_view(engine, view, kinds), False, kinds, () if is_csv else tuple(files))


def _unreadable(file: Path, is_csv: bool) -> CannotRead:
    if is_csv:
        return CannotRead(f"{file.name} cannot be read as CSV.", "Save it as CSV UTF-8, with one row of headers and as many cells in each row.")
    return CannotRead(f"{file.name} cannot be read as Parquet.", "Export it again, or take another copy.")


def _untidy(scan: str, headers: dict[str, str], types: dict[str, str], engine: Engine) -> set[str]:
    """The text columns in which some text has spaces around it: only those are trimmed, for trimming costs more than adding up."""
    texts = [name for name, header in headers.items() if name in TEXTS and types[header].startswith(("VARCHAR", "ENUM"))]
    if not texts:
        return set()
    tests = [f"count_if({_spaces_around(_named(headers[name]))}) AS {name}" for name in texts]
    counted = engine.query(f"SELECT {', '.join(tests)} FROM {scan}").to_pylist()[0]
    return {name for name in texts if counted[name]}


def _spaces_around(column: str) -> str:
    """SQL: whether a text starts or ends with a space of any kind; comparing is several times faster than trimming."""
    text = f"CAST({column} AS VARCHAR)"
    ends = " OR ".join(f"{text} LIKE '%' || chr({code})" for code in (32, 9, 10, 13, 160))
    return f"({text} <> '' AND {text} < '!') OR {text} LIKE chr(160) || '%' OR {ends}"


def _named(header: str) -> str:
    return '"' + header.replace('"', '""') + '"'


def _file_column(name: str, header: str | None, type_name: str, untidy: bool) -> tuple[str, str]:
    """The SQL of one field of a file, and for numbers what kind of number it is."""
    column = _named(header or "")
    is_text = type_name.startswith(("VARCHAR", "ENUM", "BLOB"))
    text = f"nullif(trim(CAST({column} AS VARCHAR), {SPACES}), '')"
    if header is None:
        column, text, is_text = "NULL", "NULL", False
    if name in TEXTS:
        if is_text and not untidy:
            text = f"CAST({column} AS VARCHAR)"
        elif type_name in ("DOUBLE", "FLOAT"):
            text = f"regexp_replace(printf('%.15g', {column}), '\\.0+$', '')"
        return f"{text} AS {name}", ""
    if name in DATES:
        if is_text:
            return f"CAST(NULL AS DATE) AS {name}, {text} AS {name}_text", ""
        if type_name in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER"):
            return f"CAST(NULL AS DATE) AS {name}, CAST({column} AS VARCHAR) AS {name}_text", ""
        return f"CAST({column} AS DATE) AS {name}, CAST(NULL AS VARCHAR) AS {name}_text", ""
    value, kind = _file_number(column, type_name, is_text)
    return f"{value} AS {name}, {text if is_text else 'CAST(NULL AS VARCHAR)'} AS {name}_text", kind


def _file_number(column: str, type_name: str, is_text: bool) -> tuple[str, str]:
    if is_text or column == "NULL":
        return "CAST(NULL AS BIGINT)", "whole"
    if type_name in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({column}) THEN CAST({column} AS DOUBLE) END", "double"
    return column, "decimal" if type_name.startswith("DECIMAL") else "whole"


# ---- one form for both


def _view(engine: Engine, relation: str, kinds: dict[str, str]) -> str:
    """The view in the form that the module's text describes; texts in odd spellings are read once each, by Python."""
    seen = [f"count({name}_text) AS {name}" for name in DATES + NUMBERS]
    nothing = [f"count(*) - count({name}) AS {name}" for name in TEXTS]
    typed = stray = engine.query(f"SELECT {', '.join(seen + nothing)} FROM {relation}").to_pylist()[0]
    fields = ["place", "row", *(f"coalesce({name}, '') AS {name}" if stray[name] else name for name in TEXTS if name != "currency")]
    fields.append("upper(coalesce(currency, '')) AS currency")
    joins = []
    for name in DATES + NUMBERS:
        if not typed[name]:
            fields += [name, f"CAST(NULL AS VARCHAR) AS {name}_text", f"false AS {name}_odd"]
            continue
        is_date = name in DATES
        fast = f"TRY_CAST({name}_text AS DATE)" if is_date else f"TRY_CAST({name}_text AS DECIMAL(38, 9))"
        plain = f"regexp_full_match({name}_text, {_PLAIN_DATE if is_date else PLAIN_NUMBER})"
        spelled = _spellings(engine, relation, name, plain, date_of_any_text if is_date else number_of_text, is_date)
        if not is_date and kinds[name] == "double":  # sheets: a column of numbers with some text between them
            value = f"CAST({name} AS DOUBLE)"
        else:
            value = name
        joins.append(f"LEFT JOIN {spelled} AS {name}_map ON source.{name}_text = {name}_map.spelling")
        text_value = f"CASE WHEN {plain} THEN {fast} ELSE {name}_map.meaning END"
        if is_date:
            fields.append(f"coalesce({value}, {text_value}) AS {name}")
        else:
            fields += [f"{value} AS {name}", f"{text_value} AS {name}_spelled"]
        fields += [f"{name}_text", f"({name}_text IS NOT NULL AND NOT {plain}) AS {name}_odd"]
    for name in NUMBERS:
        if not typed[name]:
            fields.append(f"CAST(NULL AS DECIMAL(38, 9)) AS {name}_spelled")
    return engine.create_view(f"SELECT {', '.join(fields)} FROM {relation} AS source {' '.join(joins)}", "source")


_PLAIN_DATE = r"'\d{4}-\d{2}-\d{2}'"
EXPONENT_LIMIT = 18  # digits before the point: the rest of a decimal(38) is for places


def _spellings(engine: Engine, relation: str, name: str, plain: str, read: Callable[[str], Any], is_date: bool) -> str:
    """A table from every odd spelling in a column to what it means, null where it means nothing."""
    found = engine.query(f"SELECT DISTINCT {name}_text AS spelling FROM {relation} WHERE {name}_text IS NOT NULL AND NOT {plain}")
    spellings = found["spelling"].to_pylist()
    meanings = [read(spelling) for spelling in spellings]
    if is_date:
        kind: pa.DataType = pa.date32()
    else:
        kind = pa.decimal128(38, 18)
        meanings = [number if number is not None and _fits(number) else None for number in meanings]
    return engine.register(pa.table({"spelling": pa.array(spellings, pa.string()), "meaning": pa.array(meanings, kind)}), "spellings")


def _fits(number: Decimal) -> bool:
    return number.adjusted() < EXPONENT_LIMIT and int(number.as_tuple().exponent) >= -EXPONENT_LIMIT


def date_of_any_text(text: str) -> date | None:
    """A date spelled as text, or a serial number that a file holds in place of one."""
    found = date_of_text(text)
    if found is None and (number := number_of_text(text)) is not None:
        try:
            return date_of(number)
        except Unreadable:
            return None
    return found


def places_sql(name: str, kind: str) -> str:
    """SQL: the decimal places that a number needs, 10 when more than 9 are needed, 0 for none."""
    steps = {
        "double": lambda p: f"abs({name}) < 1e{15 - p} AND round({name} * 1e{p}) / 1e{p} = {name}",
        "decimal": lambda p: f"round({name}, {p}) = {name}",
        "whole": lambda p: "true",
    }
    fast = " ".join(f"WHEN {steps[kind](p)} THEN {p}" for p in range(1 if kind == "whole" else MOST_PLACES + 1))
    slow = f"TRY_CAST(printf('%.15g', {name}) AS DECIMAL(38, 18))" if kind == "double" else "NULL"
    noisy = " ".join(f"WHEN round({slow}, {p}) = {slow} THEN {p}" for p in range(MOST_PLACES + 1)) if kind == "double" else ""
    spelled = " ".join(f"WHEN round({name}_spelled, {p}) = {name}_spelled THEN {p}" for p in range(MOST_PLACES + 1))
    return (
        f"CASE WHEN {name} IS NULL AND {name}_spelled IS NULL THEN 0 WHEN {name} IS NULL THEN CASE {spelled} ELSE 10 END {fast} {noisy} ELSE 10 END"
    )


def clean_sql(name: str, kind: str, places: int) -> str:
    """SQL: whether a number is one of so many places beyond doubt, which makes it whole by the short way."""
    if kind == "whole":
        return f"{name} IS NOT NULL"
    if kind == "decimal":  # up to 15 digits a double holds it, and doubles multiply several times faster than wide decimals
        return f"(abs(CAST({name} AS DOUBLE)) < 1e{15 - places} AND round({name}, {places}) = {name})"
    return f"(abs({name}) < 1e{15 - places} AND round({name} * 1e{places}) / 1e{places} = {name})"


def short_sql(name: str, kind: str, places: int) -> str:
    """SQL: a clean number as a whole count of 10^-places."""
    if kind == "whole":
        return f"TRY(CAST(CAST({name} AS HUGEINT) * {10**places} AS BIGINT))" if places else f"TRY(CAST({name} AS BIGINT))"
    return f"CAST(round(CAST({name} AS DOUBLE) * 1e{places}) AS BIGINT)"


def whole_sql(name: str, kind: str, places: int) -> str:
    """SQL: any number as a whole count of 10^-places, null when it is none or does not fit in 64 bits."""
    unit = 10**places
    spelled = f"TRY(CAST(CAST(round({name}_spelled, {places}) AS DECIMAL(38, 18)) * {unit} AS BIGINT))"
    shown = f"TRY_CAST(printf('%.15g', {name}) AS DECIMAL(38, 18))"  # as Excel shows it
    long = {
        "double": f"WHEN {name} IS NOT NULL THEN TRY(CAST(round({shown}, {places}) * {unit} AS BIGINT))",
        "decimal": f"WHEN {name} IS NOT NULL THEN TRY(CAST(CAST(round({name}, {places}) AS DECIMAL(38, {places})) * {unit} AS BIGINT))",
        "whole": "",
    }
    return f"CASE WHEN {clean_sql(name, kind, places)} THEN {short_sql(name, kind, places)} {long[kind]} ELSE {spelled} END"


def warning(code: str, place: str, row: int | None, column: str | None, message: str, remedy: str) -> Problem:
    """A problem that leaves the row in."""
    return problem(code, place, row, column, message, remedy, severity=Severity.WARNING)
