"""What a column and a table of the standard workbook are, and one short way to write down each kind of column."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from . import model as m

Kind = Literal["text", "id", "date", "number", "money", "percent", "integer", "choice", "yes_no", "list"]

FORMATS: dict[str, str] = {
    "text": "General", "id": "@", "date": "yyyy-mm-dd", "number": "General", "money": "#,##0.00", "percent": "0.00%",
    "integer": "0", "choice": "General", "yes_no": "General", "list": "@",
}  # fmt: skip
WIDTHS: dict[str, int] = {
    "text": 22, "id": 14, "date": 12, "number": 12, "money": 14, "percent": 11, "integer": 10, "choice": 16, "yes_no": 10, "list": 22,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header as people read it, its field, what may stand in it and one or two sentences of help.

    `default` is what an empty cell means, as a person would type it ('' where empty means nothing or depends on other
    cells, which the hint then says). `low` and `high` are inclusive bounds; `above_zero` excludes zero. `refers_to` is the
    table in which the id must stand. `is_period` marks ids of periods, which Excel likes to turn into dates.
    """

    header: str
    field: str
    kind: Kind
    hint: str
    required: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    number_format: str = ""
    width: int = 0
    enum: type[StrEnum] | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    above_zero: bool = False
    refers_to: str = ""
    is_period: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a sheet of that name holding an Excel table of that name (blanks and hyphens as _)."""

    name: str
    help: str
    columns: tuple[Column, ...]
    row_model: type[m.Row] | None  # None for Settings and Transactions, which are read in their own way
    field: str  # where its rows stand in model.Tables; "" for Transactions and Settings
    optional: bool = False

    @property
    def excel_name(self) -> str:
        """The Excel table's own name: letters, digits and _ only."""
        return self.name.replace(" ", "_").replace("-", "_")


def column(kind: Kind, header: str, hint: str, field: str = "", **more: Any) -> Column:
    """A column of any kind; its field is its header in lower case unless told."""
    more.setdefault("number_format", FORMATS[kind])
    more.setdefault("width", max(WIDTHS[kind], len(header) + 3))
    return Column(header, field or header.lower().replace(" ", "_").replace("-", "_"), kind, hint, **more)


def text_column(header: str, hint: str, **more: Any) -> Column:
    """Words for people; never compared."""
    return column("text", header, hint, **more)


def id_column(header: str, hint: str, **more: Any) -> Column:
    """A code that is compared: kept as text, so that 00123 stays 00123."""
    return column("id", header, hint, **more)


def date_column(header: str, hint: str, **more: Any) -> Column:
    """A day."""
    return column("date", header, hint, **more)


def number_column(header: str, hint: str, **more: Any) -> Column:
    """A plain number: units, a rate, a threshold."""
    return column("number", header, hint, **more)


def money_column(header: str, hint: str, **more: Any) -> Column:
    """An amount in the currency that the table says."""
    return column("money", header, hint, **more)


def share_column(header: str, hint: str, **more: Any) -> Column:
    """A percent from 0 % to 100 %."""
    return column("percent", header, hint, low=Decimal(0), high=Decimal(1), **more)


def integer_column(header: str, hint: str, **more: Any) -> Column:
    """A whole number."""
    return column("integer", header, hint, **more)


def choice_column(header: str, enum: type[StrEnum], hint: str, default: str | None = None, **more: Any) -> Column:
    """A drop-down; an empty cell means the first value unless `default` says otherwise."""
    values = tuple(value.value for value in enum)
    fallback = ("" if more.get("required") else values[0]) if default is None else default
    return column("choice", header, hint, enum=enum, choices=values, default=fallback, **more)


def yes_no_column(header: str, default: str, hint: str, **more: Any) -> Column:
    """Yes or No; the default stands first."""
    return column("yes_no", header, hint, choices=("No", "Yes") if default == "No" else ("Yes", "No"), default=default, **more)
