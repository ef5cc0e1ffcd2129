"""The data dictionary: every table and column of the standard workbook, as rows, as a sheet and as a page of the docs."""

from __future__ import annotations

from collections.abc import Iterator

from ..columns import SETTINGS, TABLES
from ..describe import Column, Table

KINDS = {
    "text": "text",
    "id": "id (text)",
    "date": "date",
    "number": "number",
    "money": "amount",
    "percent": "percent",
    "integer": "whole number",
    "choice": "choice",
    "yes_no": "Yes or No",
    "list": "list, separated by commas",
}
HEADERS = ("Table", "Column", "Required", "Kind", "Choices", "Empty Means", "Help")


def dictionary_rows() -> Iterator[tuple[str, ...]]:
    """One row a column, as `HEADERS`; the rows of Settings stand in for its two columns.

    >>> next(row for row in dictionary_rows() if row[:2] == ("Tiers", "Pay From First"))[2:6]
    ('', 'Yes or No', 'No | Yes', 'No')
    """
    for table in TABLES:
        for column in columns_of(table):
            required = "yes" if column.required else ""
            yield table.name, column.header, required, KINDS[column.kind], " | ".join(column.choices), column.default, column.hint


def columns_of(table: Table) -> tuple[Column, ...]:
    """What a person fills in: the columns of a table, of Settings its rows."""
    return SETTINGS if table.name == "Settings" else table.columns


def hint_of(column: Column) -> str:
    """The help of a column as one text: whether it is required, what it is, and what an empty cell means."""
    parts = ["Required." if column.required else "", column.hint]
    if column.default and "Empty:" not in column.hint:
        parts.append(f"Empty means {column.default}.")
    return " ".join(part for part in parts if part)


def dictionary_page() -> str:
    """The page docs/data-dictionary.md."""
    lines = [
        "# Data dictionary",
        "",
        "Every table of the standard workbook, one a sheet. Columns may stand in any order; columns that are not listed here are kept",
        "and ignored. This page and the sheet Data Dictionary of the workbook are made from one description: `python -m rebate_udfs.hosts.template`.",
    ]
    for table in TABLES:
        lines += ["", f"## {table.name}", "", table.help + (" This table may be absent." if table.optional else "")]
        first = "Setting" if table.name == "Settings" else "Column"
        lines += ["", f"| {first} | Required | Kind | Choices | Empty means | Help |", "|---|---|---|---|---|---|"]
        for column in columns_of(table):
            cells = (column.header, "yes" if column.required else "", KINDS[column.kind], ", ".join(column.choices), column.default, column.hint)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
