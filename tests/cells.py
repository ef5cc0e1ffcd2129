"""Ranges as a workbook hands them over to the cell functions, from the small books that tests jot down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rebate_udfs import book as books
from rebate_udfs.book import Session, acting_as
from rebate_udfs.functions import rebate_book
from rebate_udfs.model import CellError
from rebate_udfs.parse import RawTable
from rebate_udfs.ranges import ARGUMENTS

EPOCH = date(1899, 12, 30)
REQUIRED_HEADERS = {
    "tiers": ["Program ID", "From", "Reward"],
    "transactions": ["Transaction ID", "Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount"],
}


@pytest.fixture(autouse=True)
def own_session() -> Iterator[Session]:
    """Every test is a person of its own, without a cache on disk."""
    with acting_as(Session(b"t" * 32)) as session:
        yield session
    books.forget()


def code(result: Any) -> str:
    """The code of an error, which says what is wrong."""
    assert isinstance(result, CellError), result
    assert result.message
    return result.code


def cell(value: Any) -> Any:
    """A value as Excel holds it: numbers are floats, dates serial numbers."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return float((value - EPOCH).days)
    if isinstance(value, Decimal) or type(value) is int:
        return float(value)
    return value


def ranges(raw: Sequence[RawTable]) -> dict[str, list[list[Any]]]:
    """The arguments of REBATE_BOOK for the tables of a book; required ones that are not there have their headers only."""
    by_name = {table.name: table for table in raw}
    found = {
        argument: [list(by_name[name].headers), *([cell(value) for value in cells] for _, cells in by_name[name].rows)]
        for argument, name in ARGUMENTS.items()
        if name in by_name
    }
    return {**{argument: [headers] for argument, headers in REQUIRED_HEADERS.items()}, **found}


def handle(raw: Sequence[RawTable], **replaced: Any) -> str:
    """The handle of a book; `replaced` arguments stand in for its own tables."""
    found = rebate_book(**{**ranges(raw), **replaced})
    assert isinstance(found, str), found
    return found
