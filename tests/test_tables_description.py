"""The description of the workbook and the nouns of the model are one thing: they must agree, column by column."""

from __future__ import annotations

import pytest

from rebate_udfs import model
from rebate_udfs.columns import BY_NAME, SETTINGS, TABLES
from rebate_udfs.describe import FORMATS, Column, Table
from rebate_udfs.words import choice

TYPED = [table for table in TABLES if table.row_model is not None]


@pytest.mark.parametrize("table", TYPED, ids=lambda table: table.name)
def test_columns_are_the_fields_of_the_row(table: Table) -> None:
    assert table.row_model is not None
    fields = table.row_model.model_fields
    assert {column.field for column in table.columns} == set(fields) - {"row"}
    required = {column.field for column in table.columns if column.required}
    assert {name for name, field in fields.items() if field.is_required()} <= required


def test_settings_are_the_fields_of_settings() -> None:
    assert {column.field for column in SETTINGS} == set(model.Settings.model_fields) - {"row"}


def test_transaction_columns_are_the_line_columns() -> None:
    fields = {column.field for column in BY_NAME["Transactions"].columns}
    assert fields | {"row", "place"} == {name for name, _ in model.LINE_COLUMNS}


def test_every_row_of_tables_has_its_place_in_the_book() -> None:
    assert {table.field for table in TYPED} <= set(model.Tables.__dataclass_fields__)


ALL_COLUMNS = [(table.name, column) for table in TABLES for column in table.columns] + [("Settings", column) for column in SETTINGS]


@pytest.mark.parametrize(("table", "column"), ALL_COLUMNS, ids=lambda value: getattr(value, "header", value))
def test_a_person_can_read_every_column(table: str, column: Column) -> None:
    assert 1 <= len(column.hint) <= 255, "Excel shows at most 255 characters in an input message"
    assert len(column.header) <= 32, "Excel shows at most 32 characters in the title of an input message"
    assert column.hint.endswith(".") or column.hint.endswith("...")
    assert column.kind in FORMATS and column.number_format and column.width >= 10
    assert (column.kind in ("choice", "yes_no")) == bool(column.choices)
    assert not (column.required and column.default)
    if column.enum and column.default:
        assert choice(column.enum, column.default) is not None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_are_what_excel_takes(table: Table) -> None:
    assert len(table.name) <= 31
    assert table.excel_name.replace("_", "").isalnum()
    headers = [column.header.casefold() for column in table.columns]
    assert len(headers) == len(set(headers))
