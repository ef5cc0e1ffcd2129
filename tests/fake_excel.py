"""An Excel for xlwings to talk to where there is none: the COM objects that our host uses, over a grid of cells in memory.

xlwings' own Windows code runs on top of it (`excel_for_windows` stubs pywin32), so names and conversions are xlwings', not ours.
A text written with an apostrophe before it is stored without, any other that begins with = becomes a formula, as in Excel.
"""

from __future__ import annotations

import atexit
import ctypes
import re
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ERROR_NA = -2146826246


class Anything:
    """What a stubbed module answers whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        return Anything()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return Anything()

    def __getitem__(self, key: Any) -> Any:
        return Anything()


class ComError(Exception):
    """Excel's refusal."""


ComError.__name__ = "com_error"


@contextmanager
def excel_for_windows() -> Iterator[Any]:
    """xlwings as it is on Windows, on stubs of pywin32, for as long as the block lasts; gives the module."""
    import asyncio  # noqa: F401  before the platform is said to be another one

    known = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "xlwings"}
    for name in known:
        del sys.modules[name]
    before = {name: getattr(ctypes, name, None) for name in ("windll", "oledll", "PyDLL")}
    stubs = _stubs()
    sys.modules.update(stubs)
    platform, sys.platform = sys.platform, "win32"
    try:
        for name in before:
            setattr(ctypes, name, Anything())
        import xlwings
        import xlwings.com_server
        import xlwings.udfs

        sys.platform = platform
        atexit.unregister(xlwings._xlwindows.cleanup)  # it would look for Excel's processes
        yield xlwings
    finally:
        sys.platform = platform
        for name in [one for one in sys.modules if one.split(".")[0] == "xlwings" or one in stubs]:
            del sys.modules[name]
        sys.modules.update(known)
        for name, value in before.items():
            setattr(ctypes, name, value) if value is not None else delattr(ctypes, name)


def _stubs() -> dict[str, types.ModuleType]:
    classes = {name: type(name, (), {}) for name in ("CDispatch", "CoClassBaseClass", "DispatchBaseClass")}
    contents: dict[str, dict[str, Any]] = {
        "pythoncom": {"TypeIIDs": Anything(), "CoInitialize": lambda: None},
        "pywintypes": {"com_error": ComError, "error": ComError, "TimeType": type("TimeType", (), {}), "IID": str},
        "win32api": {}, "win32con": {}, "win32gui": {}, "win32process": {"GetWindowThreadProcessId": lambda window: (1, 1)},
        "win32timezone": {}, "win32event": {}, "win32com": {"__path__": []},
        "win32com.client": {"Dispatch": lambda one, **named: one, "DispatchEx": Anything(), **classes},
        "win32com.server": {"__path__": []}, "win32com.server.dispatcher": {}, "win32com.server.policy": {},
        "win32com.server.util": {"unwrap": _unwrap, "wrap": lambda one, **named: one},
    }  # fmt: skip
    modules: dict[str, types.ModuleType] = {}
    for name, content in contents.items():
        module = types.ModuleType(name)
        module.__dict__.update(content, __getattr__=lambda asked: Anything())
        modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    return modules


def _unwrap(value: Any) -> Any:
    raise ComError("not one of ours")


def letters(column: int) -> str:
    """The letters of a column, from 1."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def place(address: str) -> tuple[int, int]:
    """Row and column of an address such as B3."""
    found = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", address)
    assert found, address
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column


class Collection:
    """Excel's collections: called with a name or a number from 1."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    @property
    def Count(self) -> int:
        return len(self.items)

    def __call__(self, key: Any) -> Any:
        if isinstance(key, int):
            return self.items[key - 1]
        found = next((one for one in self.items if one.Name.casefold() == str(key).casefold()), None)
        if found is None:
            raise ComError(f"no {key}")
        return found

    Item = __call__

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Application:
    def __init__(self) -> None:
        self.ScreenUpdating, self.DisplayAlerts, self.Calculation, self.StatusBar = True, True, -4105, False
        self.ActiveWindow = types.SimpleNamespace(FreezePanes=False, SplitRow=0, SplitColumn=0, ScrollRow=1, ScrollColumn=1)
        self.Selection: Any = None
        self.added: list[str] = []
        self.Workbooks = types.SimpleNamespace(Add=self.added.append)
        self.Version, self.Hwnd, self.Name = "16.0", 1, "Microsoft Excel"


class Book:
    """A workbook; `links` are the files that its formulas look at."""

    def __init__(self, name: str = "book.xlsx", folder: str = "", links: tuple[str, ...] = ()) -> None:
        self.Name, self.Path, self.FullName = name, folder, f"{folder}/{name}" if folder else name
        self.Application = Application()
        self.sheets: list[Sheet] = []
        self.links = list(links)
        self.Date1904 = False

    @property
    def Worksheets(self) -> Any:
        return _Sheets(self)

    Sheets = Worksheets

    @property
    def Names(self) -> Any:
        return Collection([])

    @property
    def ActiveSheet(self) -> Any:
        return self.sheets[0]

    def Activate(self) -> None: ...

    def LinkSources(self, kind: int) -> Any:
        return tuple(self.links) or None

    def BreakLink(self, name: str, kind: int) -> None:
        self.links.remove(name)

    def add(self, name: str, rows: list[list[Any]], table: str = "", at: str = "A1") -> Sheet:
        """A sheet with these cells, as an Excel table where a name is given."""
        sheet = Sheet(self, name)
        top, left = place(at)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.cells[top + number, left + column] = cell
        if table:
            sheet.tables.append(ListObject(table, Range(sheet, top, left, top + len(rows) - 1, left + len(rows[0]) - 1)))
        self.sheets.append(sheet)
        return sheet


class _Sheets(Collection):
    def __init__(self, book: Book) -> None:
        super().__init__(book.sheets)
        self.book = book

    def Add(self, Before: Any = None, After: Any = None) -> Any:
        sheet = Sheet(self.book, f"Sheet{len(self.book.sheets) + 1}")
        self.book.sheets.insert(self.book.sheets.index(After) + 1 if After else self.book.sheets.index(Before), sheet)
        return sheet


class ListObject:
    def __init__(self, name: str, area: Range) -> None:
        self.Name = self.DisplayName = name
        self.Range = area
        self.Parent = area.Worksheet
        self.TableStyle: Any = None
        self.ShowTotals = False

    def Resize(self, area: Range) -> None:
        if area.Row != self.Range.Row or self.Parent.protected:
            raise ComError("the header stays in its row")
        self.Range = area


class Chart:
    """A chart with its series, and whatever else is set on it."""

    def __init__(self) -> None:
        self.series: list[Any] = [types.SimpleNamespace(Name="guessed")]  # Excel takes what is around the selected cell
        self.series[0].Delete = self.series.clear
        self.Legend, self.ChartTitle = types.SimpleNamespace(Position=0), types.SimpleNamespace(Text="")
        self.axes = {1: types.SimpleNamespace(), 2: types.SimpleNamespace()}
        self.group = types.SimpleNamespace()

    def SeriesCollection(self, number: int | None = None) -> Any:
        def add() -> Any:
            labels = types.SimpleNamespace()
            fill = types.SimpleNamespace(Fill=types.SimpleNamespace(ForeColor=types.SimpleNamespace(RGB=0)))
            self.series.append(types.SimpleNamespace(Format=fill, DataLabels=lambda: labels))
            return self.series[-1]

        return self.series[number - 1] if number else types.SimpleNamespace(Count=len(self.series), NewSeries=add)

    def Axes(self, kind: int) -> Any:
        return self.axes[kind]

    def ChartGroups(self, number: int) -> Any:
        return self.group


class ChartObject:
    def __init__(self, sheet: Sheet) -> None:
        self.Name, self.Chart, self.sheet = f"Chart {len(sheet.charts) + 1}", Chart(), sheet

    def Delete(self) -> None:
        self.sheet.charts.remove(self)


class _Tables(Collection):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet.tables)
        self.sheet = sheet

    def Add(self, SourceType: Any = 1, Source: Any = None, LinkSource: Any = None, XlListObjectHasHeaders: Any = 1,
            Destination: Any = None, TableStyleName: Any = None) -> ListObject:  # fmt: skip
        table = ListObject("Table1", Source)
        table.TableStyle = TableStyleName
        self.sheet.tables.append(table)
        return table


class Name:
    def __init__(self, sheet: Sheet, name: str, refers: str) -> None:
        self.Name, self.RefersTo, self.Visible = f"{sheet.Name}!{name}", refers, True


class Sheet:
    def __init__(self, book: Book, name: str) -> None:
        self.Parent, self.Name = book, name
        self.cells: dict[tuple[int, int], Any] = {}
        self.formats: dict[tuple[int, int], str] = {}
        self.validations: dict[tuple[int, int], str] = {}
        self.failing: int | None = None  # writing into this row fails
        self.widths: dict[int, float] = {}
        self.bold: set[tuple[int, int]] = set()
        self.bars: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.tables: list[ListObject] = []
        self.names: list[Name] = []
        self.charts: list[Any] = []
        self.protected = False
        self.active = 0
        self.Tab = types.SimpleNamespace(Color=0)
        self.Hyperlinks = types.SimpleNamespace(Add=lambda anchor, address, target, tip, text: self.links.append((anchor.Address, target)))
        self.Rows = types.SimpleNamespace(Count=1048576)
        self.Application = book.Application

    @property
    def Index(self) -> int:
        return self.Parent.sheets.index(self) + 1

    @property
    def Names(self) -> Any:
        def add(name: str, refers: str) -> Name:
            self.names.append(Name(self, name, refers))
            return self.names[-1]

        found = Collection(self.names)
        found.Add = lambda Name, RefersTo: add(Name, RefersTo)  # type: ignore[attr-defined]
        return found

    @property
    def ListObjects(self) -> Any:
        return _Tables(self)

    def ChartObjects(self) -> Any:
        def add(left: float, top: float, width: float, height: float) -> ChartObject:
            self.charts.append(ChartObject(self))
            return self.charts[-1]

        found = Collection(self.charts)
        found.Add = add  # type: ignore[attr-defined]
        return found

    @property
    def ProtectContents(self) -> bool:
        return self.protected

    def Delete(self) -> None:
        self.Parent.sheets.remove(self)

    def Move(self, Before: Any) -> None:
        self.Parent.sheets.remove(self)
        self.Parent.sheets.insert(self.Parent.sheets.index(Before), self)

    def Activate(self) -> None:
        self.active += 1

    def Select(self, *_: Any) -> None:
        self.active += 1

    def Cells(self, row: int, column: int) -> Range:
        return Range(self, row, column, row, column)

    def Range(self, first: Any, last: Any = None) -> Range:
        if isinstance(first, str):
            if re.fullmatch(r"\d+:\d+", first):
                return Range(self, int(first.split(":")[0]), 1, int(first.split(":")[1]), 16384)
            start, _, end = first.partition(":")
            return Range(self, *place(start), *place(end or start))
        last = last or first
        return Range(self, first.Row, first.Column, last.bottom, last.right)

    @property
    def UsedRange(self) -> Range:
        rows, columns = [row for row, _ in self.cells] or [1], [column for _, column in self.cells] or [1]
        return Range(self, min(rows), min(columns), max(rows), max(columns))

    def rows(self) -> list[list[Any]]:
        """Everything from A1, None for empty."""
        used = self.UsedRange
        return [[self.cells.get((row, column)) for column in range(1, used.right + 1)] for row in range(1, used.bottom + 1)]


class Range:
    """An area of a sheet. CLSID and _oleobj_ are how xlwings tells a range from a value."""

    def __init__(self, sheet: Sheet, top: int, left: int, bottom: int, right: int) -> None:
        self.Worksheet = self.Parent = sheet
        self.Row, self.Column, self.bottom, self.right = top, left, bottom, right
        self.Application = sheet.Application
        self.HasArray = self.HasSpill = False
        self.Areas = Collection([self])

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(row, column) for row in range(self.Row, self.bottom + 1) for column in range(self.Column, self.right + 1)]

    @property
    def Rows(self) -> Any:
        return types.SimpleNamespace(Count=self.bottom - self.Row + 1)

    @property
    def Columns(self) -> Any:
        return types.SimpleNamespace(Count=self.right - self.Column + 1)

    @property
    def Count(self) -> int:
        return len(self.places)

    def Cells(self, row: int, column: int) -> Range:
        return Range(self.Worksheet, self.Row + row - 1, self.Column + column - 1, self.Row + row - 1, self.Column + column - 1)

    def __call__(self, row: int, column: int = 1) -> Range:
        return self.Cells(row, column)

    Item = __call__

    @property
    def Address(self) -> str:
        return self.GetAddress()

    def GetAddress(self, row: bool = True, column: bool = True, style: int = 1, external: bool = False) -> str:
        ends = ((self.Row, self.Column), (self.bottom, self.right))
        parts = [f"{'$' if column else ''}{letters(one)}{'$' if row else ''}{number}" for number, one in ends]
        return parts[0] if parts[0] == parts[1] else ":".join(parts)

    @property
    def Value2(self) -> Any:
        across = range(self.Column, self.right + 1)
        rows = tuple(tuple(self.Worksheet.cells.get((row, column)) for column in across) for row in range(self.Row, self.bottom + 1))
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows

    @property
    def Value(self) -> Any:
        return self.Value2

    @Value.setter
    def Value(self, data: Any) -> None:
        if self.Worksheet.protected or (self.Worksheet.failing or 0) in range(self.Row, self.bottom + 1):
            raise ComError("protected")
        rows = data if isinstance(data, (list, tuple)) else [[data] * (self.right - self.Column + 1)] * (self.bottom - self.Row + 1)
        for row, cells in zip(range(self.Row, self.bottom + 1), rows, strict=True):
            for column, cell in zip(range(self.Column, self.right + 1), cells, strict=True):
                self.Worksheet.cells.pop((row, column), None)
                if cell not in (None, ""):
                    text = isinstance(cell, str) and cell.startswith("'")
                    self.Worksheet.cells[row, column] = cell[1:] if text else cell

    Formula = Formula2 = Value

    @property
    def NumberFormat(self) -> str:
        return self.Worksheet.formats.get((self.Row, self.Column), "General")

    @NumberFormat.setter
    def NumberFormat(self, text: str) -> None:
        self.Worksheet.formats.update(dict.fromkeys(self.places, text))

    @property
    def ColumnWidth(self) -> float:
        return self.Worksheet.widths.get(self.Column, 8.43)

    @ColumnWidth.setter
    def ColumnWidth(self, width: float) -> None:
        self.Worksheet.widths[self.Column] = width

    @property
    def Font(self) -> Any:
        area = self

        class Font:
            def __setattr__(self, name: str, value: Any) -> None:
                assert name == "Bold"
                area.Worksheet.bold.update(area.places)

        return Font()

    @property
    def FormatConditions(self) -> Any:
        bar = types.SimpleNamespace(
            MinPoint=types.SimpleNamespace(Modify=lambda kind, value: None), MaxPoint=types.SimpleNamespace(Modify=lambda kind, value: None),
            BarColor=types.SimpleNamespace(Color=0), BarFillType=1,
        )  # fmt: skip

        def add() -> Any:
            self.Worksheet.bars.append(self.Address)
            return bar

        return types.SimpleNamespace(Delete=lambda: None, AddDatabar=add)

    Left = Top = 10.0

    def Copy(self, Destination: Range) -> None:
        """Down: values, formulas (as they are, unlike Excel, which moves their references), formats, validations."""
        sheet = self.Worksheet
        for row, column in Destination.places:
            source = self.Row, self.Column + column - Destination.Column
            for kept in (sheet.cells, sheet.formats, sheet.validations):
                kept.pop((row, column), None)
                if source in kept:
                    kept[row, column] = kept[source]

    def ClearContents(self) -> None:
        for one in self.places:
            self.Worksheet.cells.pop(one, None)

    def Clear(self) -> None:
        for one in self.places if self.Count < 100_000 else list(self.Worksheet.cells):
            self.Worksheet.cells.pop(one, None)
            self.Worksheet.formats.pop(one, None)
            self.Worksheet.validations.pop(one, None)

    def Insert(self, Shift: Any = None, CopyOrigin: Any = None) -> None:
        sheet, by = self.Worksheet, self.bottom - self.Row + 1
        sheet.cells = {(row + by if row >= self.Row else row, column): cell for (row, column), cell in sheet.cells.items()}
        for table in sheet.tables:
            if table.Range.Row >= self.Row:
                table.Range.Row, table.Range.bottom = table.Range.Row + by, table.Range.bottom + by
