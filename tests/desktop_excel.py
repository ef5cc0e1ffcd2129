"""What the tests of Excel on the desktop share: xlwings' Windows code on a grid in memory, a workbook of it, a button pressed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import absent
from fake_excel import Book, Sheet, excel_for_windows

from rebate_udfs.hosts import desktop, desktop_actions
from rebate_udfs.hosts.desktop_talk import WAIT, Ask
from rebate_udfs.tables import BY_NAME


@pytest.fixture(scope="module")
def xlwings() -> Iterator[Any]:
    if importlib.util.find_spec("xlwings") is None:
        absent("xlwings is not installed")
    with excel_for_windows() as found:
        desktop._for_xlwings()
        yield found


@pytest.fixture
def own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, a ledger and a user that are this test's own."""
    monkeypatch.setenv("REBATES_CACHE", str(tmp_path / "cache" / "books"))
    monkeypatch.delenv("REBATES_LEDGER", raising=False)
    monkeypatch.setenv("REBATES_USER", "anna")


def in_cells(rows: list[list[Any]]) -> list[list[Any]]:
    """A table as Value2 gives it: numbers as floats, dates as serial numbers, empty cells as None."""

    def cell(value: Any) -> Any:
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            return float((value - date(1899, 12, 30)).days)
        return float(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value or None

    return [[cell(value) for value in row] for row in rows]


def excel_book(tables: Mapping[str, list[dict[str, Any]]], folder: Path | None = None, name: str = "book.xlsx") -> Book:
    """A workbook with the standard tables of these rows; with a folder it is one that was saved there."""
    book = Book(name, folder=str(folder) if folder else "")
    if folder:
        (folder / name).write_bytes(b"what Excel holds open")
    for table, rows in tables.items():
        described = BY_NAME[table]
        headers = [column.header for column in described.columns] if table != "Settings" else ["Setting", "Value"]
        grid = [headers, *([row.get(header) for header in headers] for row in rows)]
        sheet = book.add(table, in_cells(grid if rows else [*grid, [None] * len(headers)]), described.excel_name)
        for at, column in enumerate(described.columns if table != "Settings" else (), 1):
            for row in range(2, len(grid) + 1):
                sheet.formats[row, at] = column.number_format
    return book


@dataclass
class Person:
    """Who sits before the screen: what is answered to each kind of question, in turn, and everything that was asked."""

    answers: dict[str, list[str | None]] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)

    def __call__(self, ask: Ask) -> str | None:
        if ask.kind == WAIT:
            return ""
        self.asked.append(ask)
        waiting = self.answers.get(ask.kind)
        assert waiting, f"nobody expected the question {ask}"
        return waiting.pop(0)

    @property
    def words(self) -> str:
        """All that was asked."""
        return "\n".join(ask.words for ask in self.asked)


@dataclass(frozen=True)
class Pressed:
    """What came of a button."""

    done: bool
    said: str
    person: Person


@pytest.fixture
def press(xlwings: Any, own_machine: None) -> Any:
    """A button of the ribbon, pressed in a workbook (on a Mac without `windows`) by somebody who gives these answers."""

    def run(book: Book, action: str, is_1904: bool = False, windows: bool = True, **answers: list[str | None]) -> Pressed:
        xlwings._xlwindows.BOOK_CALLER = book
        person = Person(answers)
        done, said = desktop_actions.run(xlwings.Book.caller(), action, "", is_1904, windows=windows, answer=person)
        return Pressed(done, said, person)

    return run


def act(xlwings: Any, book: Book, action: str, answer: str = "") -> str:
    """What VBA does: begins an action or answers, and goes on while Python only wants to be asked again."""
    server = xlwings.com_server.XLPython()
    said = server.CallUDF("rebate_udfs.hosts.desktop", "act", (action, "", False, answer), book)
    while said.startswith("?wait\0"):
        said = server.CallUDF("rebate_udfs.hosts.desktop", "act", ("", "", False, ""), book)
    return str(said)


def sheet_of(book: Book, name: str) -> Sheet:
    """A sheet by its name."""
    return next(one for one in book.sheets if one.Name == name)


def rows_of(book: Book, name: str) -> list[dict[str, Any]]:
    """The rows of a standard table, by header, without empty cells."""
    (table,) = sheet_of(book, name).tables
    header, *rows = table.Range.Value2
    return [{name: cell for name, cell in zip(header, row, strict=True) if cell is not None} for row in rows]


def grids(book: Book) -> dict[str, Any]:
    """Everything in a workbook: cells and formats of each sheet, and where its tables end."""
    return {one.Name: (dict(one.cells), dict(one.formats), [(table.Name, table.Range.Address) for table in one.tables]) for one in book.sheets}
