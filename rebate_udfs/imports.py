"""Import profiles: how an export of another system becomes rows of one of our tables.

A profile is a YAML file that a person can read: for each of our columns the source column (or several, joined), a fixed
value, a translation of values, a scale; for the file its decimal sign, its dates, its header row. Nothing is guessed: a
column that nobody mapped and a cell that cannot be read are named, and rows read = rows taken + rows left out with a reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from .columns import BY_NAME
from .describe import Column, Table
from .model import CellError, Problem, ResultColumn, ResultTable, Severity
from .parse import CannotRead, Cell, Unreadable, is_blank, is_total, shown, text_of, value_of
from .words import key

HEADER_ROWS = 30  # how far down a header row is looked for
PREVIEW_ROWS = 20
NUMBERS = ("number", "money", "percent", "integer")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnMapping(_Part):
    """Where one of our columns comes from: source columns, or a constant; then take, values, scale."""

    source: tuple[str, ...] = ()  # headers of the export; several are joined
    joined: str = "-"
    constant: str | int | Decimal | date | None = None
    take: str = ""  # a pattern; its first group (or all that matches) is the value
    values: dict[str, str] = {}  # theirs -> ours; "" stands for an empty cell
    default: str = ""  # for an empty cell
    scale: Decimal | None = None  # a number is multiplied by it: 0.01 for percents written as 4
    dates: str = ""  # as the file's, for this column alone

    @field_validator("source", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("take")
    @classmethod
    def _is_pattern(cls, given: str) -> str:
        try:
            re.compile(given)
        except re.error as error:
            raise ValueError(f"{given!r} is no pattern: {error}") from None
        return given

    @field_validator("values", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        return {text_of(name): text_of(value) for name, value in given.items()} if isinstance(given, Mapping) else given


class FileFormat(_Part):
    """How the export is written. `dates` is a pattern such as %d.%m.%Y; empty: any spelling that has one meaning only."""

    sheet: str = ""  # of a workbook; empty: the first
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    decimal: str = "."
    dates: str = ""
    header_row: int | None = None  # from 1; None: found

    @field_validator("decimal")
    @classmethod
    def _point_or_comma(cls, given: str) -> str:
        if given not in (".", ","):
            raise ValueError("the decimal sign is . or ,")
        return given


class SignRule(_Part):
    """Numbers that the export writes without sign: they are negative where a source column says so."""

    column: str
    negative: tuple[str, ...]
    of: tuple[str, ...] = ("Quantity", "Amount")  # our columns


class Groups(_Part):
    """Exports that write the customer once, above its lines: such a row holds one filled cell only."""

    named: str  # the source column that the mapping may then use
    total: str = "Total"  # how the rows that sum up a group begin


class Profile(_Part):
    """A mapping from one kind of export to one of our tables."""

    name: str
    system: str = ""
    note: str = ""
    table: str = "Transactions"
    file: FileFormat = FileFormat()
    columns: dict[str, ColumnMapping]  # our header -> its source
    signs: SignRule | None = None
    groups: Groups | None = None
    leave_out: dict[str, tuple[str, ...]] = {}  # source column -> values whose rows are none of ours
    ignore: tuple[str, ...] = ()  # source columns that are known and not needed

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        return {name: {"source": one} if isinstance(one, str) else one for name, one in given.items()} if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _names_exist(self) -> Profile:
        if self.table not in BY_NAME or self.table in ("Settings", "Ledger"):
            raise ValueError(f"there is no table {self.table} to import into")
        known = {column.header for column in BY_NAME[self.table].columns}
        unknown = [header for header in self.columns if header not in known]
        if unknown:
            raise ValueError(f"{self.table} has no column {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        missing = [column.header for column in BY_NAME[self.table].columns if column.required and column.header not in self.columns]
        if missing:
            raise ValueError(f"{', '.join(missing)} of {self.table} must be mapped")
        return self

    @property
    def described(self) -> Table:
        """The table that rows go to."""
        return BY_NAME[self.table]

    @property
    def sources(self) -> list[str]:
        """Every source column that is used, in order."""
        used = [name for mapping in self.columns.values() for name in mapping.source]
        used += [self.signs.column] if self.signs else []
        named = {self.groups.named} if self.groups else set()
        return [name for name in dict.fromkeys([*used, *self.leave_out]) if name not in named]


def read_profile(path: str | Path) -> Profile:
    """A profile from its YAML file. Raises CannotRead with what is wrong where."""
    path = Path(path)
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        return Profile.model_validate(given)
    except FileNotFoundError:
        raise CannotRead(f"There is no profile {path}.", "Name a YAML file; examples/import_profiles has some.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CannotRead(f"{path.name} is no YAML: {' '.join(str(error).split())}.", "Mend it, or start from an example.") from None
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'profile'}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors())
        raise CannotRead(f"{path.name} is no import profile: {said}.", "Mend these entries.") from None


def standard_profile(table: str = "Transactions") -> Profile:
    """The profile of a file that has our own headers already.

    >>> sorted(standard_profile("Exchange Rates").columns)
    ['Currency', 'Rate', 'Valid From']
    """
    headers = {column.header: ColumnMapping(source=(column.header,)) for column in BY_NAME[table].columns}
    return Profile(name=f"Our own columns ({table})", table=table, columns=headers)


def fits(profile: Profile, grid: Sequence[Sequence[Cell]]) -> bool:
    """Whether an export has every column that a profile needs: those of required columns, of signs, and of rows to leave out."""
    header_at = _find_header(profile, grid)
    if header_at is None:
        return False
    positions = {key(text_of(cell)): at for at, cell in enumerate(grid[header_at])}
    return not any(problem.severity is Severity.ERROR for problem in _missing(profile, positions, "", header_at + 1))


class _Loader(yaml.SafeLoader):
    """Reads codes such as 007 or 1.10 as they are written, and dates as dates."""


for _tag in ("int", "float", "bool"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: loader.construct_scalar(node))


def profile_text(profile: Profile) -> str:
    """A profile as YAML, without what is the default; reading it gives the same profile."""
    given = profile.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(given, sort_keys=False, allow_unicode=True, width=140)


# ---- from cells to rows


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row as our table takes it, with its row number in the export (from 1)."""

    row: int
    cells: Mapping[str, Any]  # our header -> text, Decimal, date


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export gives: read = rows + what is left out."""

    table: Table
    place: str
    rows: tuple[ImportedRow, ...]
    problems: tuple[Problem, ...]
    unmapped: tuple[str, ...] = ()  # columns of the export that the profile does not name
    left_out: Mapping[str, int] = field(default_factory=dict)  # reason -> rows
    read: int = 0


def read_export(profile: Profile, grid: Sequence[Sequence[Cell]], place: str) -> Imported:
    """The rows of an export (all its cells, from the first row on) under a profile.

    A row with a cell that cannot be read is left out, each such cell named; a required column without a value likewise.
    """
    header_at = _find_header(profile, grid)
    if header_at is None:
        wanted = ", ".join(profile.sources)
        message = f"No row of {place} has the columns of this profile ({wanted})."
        return Imported(profile.described, place, (), (_problem("NO_HEADER_ROW", place, None, None, message, "Choose another profile or file."),))
    headers = [text_of(cell) for cell in grid[header_at]]
    positions = {key(header): at for at, header in reversed(list(enumerate(headers))) if header}
    problems = _missing(profile, positions, place, header_at + 1)
    known = {key(name) for name in (*profile.sources, *profile.ignore)}
    unmapped = tuple(header for header in headers if header and key(header) not in known)
    reading = _Reading(profile, positions, place, problems)
    rows = [] if any(one.severity is Severity.ERROR for one in problems) else list(reading.rows(grid, header_at))
    return Imported(profile.described, place, tuple(rows), tuple(problems), unmapped, dict(reading.left_out), reading.read)


def _find_header(profile: Profile, grid: Sequence[Sequence[Cell]]) -> int | None:
    if profile.file.header_row is not None:
        return profile.file.header_row - 1 if profile.file.header_row <= len(grid) else None
    wanted = {key(name) for name in profile.sources}
    needed = {key(name) for column in profile.described.columns if column.required for name in profile.columns[column.header].source}
    rows = [{key(text_of(cell)) for cell in row} for row in grid[:HEADER_ROWS]]
    best, at = max(((len(wanted & row), -at) for at, row in enumerate(rows)), default=(0, 0))
    return -at if best * 2 > len(wanted) or (best and needed <= rows[-at]) else None


def _missing(profile: Profile, positions: Mapping[str, int], place: str, row: int) -> list[Problem]:
    required = {column.header for column in profile.described.columns if column.required}
    found = []
    for header, mapping in profile.columns.items():
        for name in mapping.source:
            if key(name) not in positions and not (profile.groups and name == profile.groups.named):
                severity = Severity.ERROR if header in required else Severity.WARNING
                message = f'There is no column "{name}", which {header} is read from.'
                found.append(_problem("MISSING_COLUMN", place, row, name, message, "Export it too, or change the profile.", severity))
    others = [profile.signs.column] if profile.signs else []
    for name in (*others, *profile.leave_out):
        if key(name) not in positions:
            message = f'There is no column "{name}", which decides about signs or rows.'
            found.append(_problem("MISSING_COLUMN", place, row, name, message, "Export it too, or change the profile."))
    return found


def _problem(code: str, place: str, row: int | None, column: str | None, message: str, remedy: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(severity, code, place, row, column, message, remedy)


class _Reading:
    """One export being read."""

    def __init__(self, profile: Profile, positions: Mapping[str, int], place: str, problems: list[Problem]) -> None:
        self.profile, self.positions, self.place, self.problems = profile, positions, place, problems
        self.columns = {column.header: column for column in profile.described.columns}
        self.left_out: Counter[str] = Counter()
        self.read, self.group = 0, ""

    def rows(self, grid: Sequence[Sequence[Cell]], header_at: int) -> Iterator[ImportedRow]:
        for number, cells in enumerate(grid[header_at + 1 :], header_at + 2):
            if all(is_blank(cell) for cell in cells):
                continue
            self.read += 1
            if reason := self._reason(cells):
                self.left_out[reason] += 1
                continue
            before = len(self.problems)
            row = {header: value for header in self.profile.columns if (value := self._value(header, cells, number)) is not None}
            if len(self.problems) > before:
                self.left_out["a cell that cannot be read"] += 1
                continue
            yield ImportedRow(number, self._signed(row, cells))

    def _reason(self, cells: Sequence[Cell]) -> str:
        """Why a row is none of ours, in words; it may be the name of the group that follows."""
        filled = [text_of(cell) for cell in cells if not is_blank(cell)]
        groups = self.profile.groups
        if groups and filled[0].casefold().startswith(groups.total.casefold()):
            return "a total"
        if groups and len(filled) == 1:
            self.group = filled[0]
            return f"the name of a {groups.named}"
        if is_total(cells):
            return "a total"
        for name, values in self.profile.leave_out.items():
            if (found := text_of(self._cell(name, cells))) in values:
                return f'the column "{name}" holds "{found}", which the profile leaves out'
        return ""

    def _cell(self, name: str, cells: Sequence[Cell]) -> Cell:
        if self.profile.groups and name == self.profile.groups.named:
            return self.group
        at = self.positions.get(key(name))
        return cells[at] if at is not None and at < len(cells) else None

    def _value(self, header: str, cells: Sequence[Cell], number: int) -> Any:
        """Our value of a cell; None for nothing. What cannot be read becomes a problem with its place."""
        mapping, column = self.profile.columns[header], self.columns[header]
        source = " and ".join(mapping.source) or None
        try:
            value = self._read(mapping, column, cells)
        except Unreadable as error:
            message = f"{error.message} It is read as {header}."
            self.problems.append(_problem(error.code, self.place, number, source, message, error.remedy))
            return None
        if value is None and column.required:
            message = f"{header} is empty, and no row of {self.profile.table} goes without it."
            self.problems.append(_problem("MISSING_VALUE", self.place, number, source, message, "Fill in the cell, or give a default."))
        return value

    def _read(self, mapping: ColumnMapping, column: Column, cells: Sequence[Cell]) -> Any:
        if mapping.constant is not None:
            return value_of(mapping.constant, column)
        given = [self._cell(name, cells) for name in mapping.source]
        cell: Cell = next((one for one in given if isinstance(one, CellError)), None)
        if cell is None:
            cell = given[0] if len(given) == 1 else mapping.joined.join(text_of(one) for one in given if not is_blank(one))
        if mapping.take and not is_blank(cell):
            found = re.search(mapping.take, text_of(cell))
            if found is None:
                raise Unreadable("PATTERN_NOT_FOUND", f"{shown(cell)} is not of the form {mapping.take}.", "Change the cell, or take in the profile.")
            cell = found[1] if found.groups() else found[0]
        if mapping.values:
            text = text_of(cell)
            if text not in mapping.values:
                known = ", ".join(name or "(empty)" for name in mapping.values)
                raise Unreadable("VALUE_NOT_MAPPED", f"{shown(cell)} is none of the values that the profile knows ({known}).", "Add it to values.")
            cell = mapping.values[text]
        if is_blank(cell):
            cell = mapping.default
        return None if is_blank(cell) else self._typed(mapping, column, cell)

    def _typed(self, mapping: ColumnMapping, column: Column, cell: Cell) -> Any:
        if isinstance(cell, str) and column.kind in NUMBERS:
            cell = plain_number(cell, self.profile.file.decimal)
        if isinstance(cell, str) and column.kind == "date" and (pattern := mapping.dates or self.profile.file.dates):
            try:
                cell = datetime.strptime(cell.strip(), pattern).date()
            except ValueError:
                raise Unreadable("NOT_A_DATE", f"{shown(cell)} is not a date of the form {pattern}.", "Correct it, or dates.") from None
        if mapping.scale is not None and column.kind in NUMBERS:
            cell = value_of(cell, NUMBER) * mapping.scale
        return value_of(cell, column)

    def _signed(self, row: dict[str, Any], cells: Sequence[Cell]) -> dict[str, Any]:
        rule = self.profile.signs
        if rule and text_of(self._cell(rule.column, cells)) in rule.negative:
            return {header: -abs(value) if header in rule.of and isinstance(value, Decimal) else value for header, value in row.items()}
        return row


NUMBER = Column("Number", "number", "number", "")


def plain_number(text: str, decimal: str = ".") -> Decimal:
    """The number that a text spells with a known decimal sign. Raises Unreadable.

    The other sign, blanks and ' may stand between thousands; a minus in front or at the end, or brackets.

    >>> [str(plain_number(text, ",")) for text in ("1.234,50", "1234,5-", "(12,00)", "1.234")]
    ['1234.50', '-1234.5', '-12.00', '1234']
    """
    thousands = "." if decimal == "," else ","
    bare = re.sub(r"[\s'\u2019\u00a0\u202f]", "", text.replace("\u2212", "-"))
    found = re.fullmatch(r"(\()?([+-]?)([\d.,]*\d[\d.,]*)(-?)(\))?", bare)
    digits = found[3] if found else ""
    whole, _, rest = digits.partition(decimal)
    grouped = re.fullmatch(rf"\d{{1,3}}(\{thousands}\d{{3}})+|\d*", whole)
    if found is None or not grouped or not re.fullmatch(r"\d*", rest) or bool(found[1]) != bool(found[5]):
        remedy = "Correct the cell, or decimal in the profile."
        raise Unreadable("NOT_A_NUMBER", f'{shown(text)} is not a number with the decimal sign "{decimal}".', remedy)
    number = Decimal(f"{whole.replace(thousands, '') or '0'}.{rest or '0'}" if rest else whole.replace(thousands, ""))
    return -number if (found[2] == "-") ^ bool(found[4]) ^ bool(found[1]) else number


# ---- what would be read


def preview(imported: Imported, most: int = PREVIEW_ROWS) -> tuple[ResultTable, ResultTable]:
    """The first rows that would be read, and everything that was not understood or is left out."""
    headers = [column for column in imported.table.columns if any(column.header in row.cells for row in imported.rows)]
    columns = (ResultColumn("Row", "integer", "row"), *(ResultColumn(column.header, _kind(column), column.field) for column in headers))
    cells = tuple((row.row, *(row.cells.get(column.header) for column in headers)) for row in imported.rows[:most])
    out = sum(imported.left_out.values())
    title = f"{len(imported.rows):,} of {imported.read:,} rows of {imported.place} would go to {imported.table.name}, {out:,} are left out"
    more = (f"The first {most:,} of {len(imported.rows):,} rows are shown.",) if len(imported.rows) > most else ()
    would = ResultTable(imported.table.name, title, columns, cells, more)
    return would, not_understood(imported)


def not_understood(imported: Imported) -> ResultTable:
    """Each unreadable cell, each column that is not mapped, and each reason why rows are left out."""
    columns = (ResultColumn("Where", "text", "place"), ResultColumn("What", "text", "message"), ResultColumn("What To Do", "text", "remedy"))
    rows = [(f"row {one.row}, {one.column}" if one.column else f"row {one.row}" if one.row else imported.place, one.message, one.remedy)
            for one in imported.problems]  # fmt: skip
    rows += [(f"column {name}", "The profile does not name it, so it is not read.", "Map it, or add it to ignore.") for name in imported.unmapped]
    rows += [(imported.place, f"{_count(number, 'row')} left out: {reason}.", "") for reason, number in imported.left_out.items()]
    cells, columns_left = _count(len(imported.problems), "cell or column", "cells or columns"), _count(len(imported.unmapped), "column")
    title = f"{cells} could not be read, {columns_left} not mapped"
    return ResultTable("Not Understood", title if rows else "Everything was understood", columns, tuple(rows))


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _kind(column: Column) -> str:
    return column.kind if column.kind in ("date", "number", "money", "percent", "integer", "id") else "text"
