"""A workbook on disk, read: its standard tables as they stand there, with sheet, row numbers and error cells.

A table is found by its Excel table name, else by its sheet's name and a row of its headers among the first rows. Reads
.xlsx, .xlsm, .xlsb, .xls and .ods with python-calamine, which is fast and gives error cells as empty: those are looked up
in the file's own XML, and only where a sheet has any.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import python_calamine as calamine

from ..columns import TABLES
from ..describe import Table
from ..model import CellError, Problem, Severity
from ..parse import NOT_CALCULATED, CannotRead, Cell, RawTable, is_blank, is_total, text_of
from ..words import key

HEADER_ROWS = 30  # how far down a header row is looked for
LARGEST_BOOK = 4 * 2**30  # bytes unpacked; a full sheet of a million rows is about 0.8 GiB
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".xltm")
ZIP_MARK, OLE_MARK = b"PK\x03\x04", bytes.fromhex("D0CF11E0A1B11AE1")
CONTENTS = {"xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb", "content.xml": ".ods"}  # a part that tells the kind of a package
MISNAMED = (".xls", ".xlsb", ".ods")  # read by their ending, so the content must be of that kind
RESULT_SHEETS = ("Check", "Attainment", "Accruals", "Payable", "Journal", "Roll-Forward", "Roll-Forward Programs", "Aging", "Payment Timeliness",
                 "Funds", "Claim Check", "Dispute Check", "Program Review", "Dashboard", "Explanation", "Calendar", "Runs")  # fmt: skip


def read_book(path: Path | str) -> tuple[list[RawTable], list[Problem]]:
    """The standard tables of a workbook and what is wrong with the tables as such.

    Sheets and tables of other names, results included, are not looked at. Raises CannotRead with one sentence and a remedy
    for what is no readable workbook: missing, a folder, empty, encrypted, damaged, or another kind of file.
    """
    path = Path(path)
    mark = _recognise(path)
    try:
        with _open(path, mark) as book:
            found, problems = _Book(book, path, mark == ZIP_MARK).tables()
    except calamine.PasswordError as error:
        raise _encrypted(path) from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, zipfile.BadZipFile, KeyError) as error:
        raise _damaged(path) from error
    if not found and not problems:
        remedy = "Start from an empty standard workbook (rebates new BOOK.xlsx) and fill in its sheets."
        raise CannotRead(f"{path.name} holds none of the standard tables (Programs, Tiers, Distributors, ...).", remedy)
    return found, problems


def source_of(path: Path) -> tuple[Sequence[RawTable], Sequence[Path]]:
    """A source of transactions to compare: a workbook's raw tables, or a file or folder to scan. Raises CannotRead as `read_book` does."""
    return (read_book(path)[0], []) if path.suffix.casefold() in WORKBOOKS and not path.is_dir() else ([], [path])


def read_inputs(book: Path | str, transactions: Sequence[Path | str] = ()) -> tuple[list[RawTable], list[Path], list[Problem]]:
    """A workbook and what `--transactions` adds to it, ready for `tables.read`: raw tables, files to scan, problems.

    Of further workbooks only the Transactions table is taken; Parquet and CSV files, folders and globs stay paths. Raises
    CannotRead as `read_book` does, and for a workbook without a Transactions table.
    """
    raw, problems = read_book(book)
    files = []
    for given in map(Path, transactions):
        if given.suffix.casefold() not in WORKBOOKS or given.is_dir():
            files.append(given)
            continue
        tables, found = read_book(given)
        more = [replace(table, place=f"[{given}]{table.place}") for table in tables if table.name == "Transactions"]
        if not more:
            raise CannotRead(f"{given.name} has no table Transactions.", "Name its sheet Transactions, with the headers of the standard workbook.")
        raw += more
        problems += [one for one in found if one.table == "Transactions"]
    return raw, files, problems


def _recognise(path: Path) -> bytes:
    """The first bytes of a file that can be a workbook. Raises CannotRead for all others."""
    name = path.name or str(path.resolve())  # of "." and of a whole drive
    if path.is_dir():
        raise CannotRead(f"{name} is a folder.", "Name the workbook in it.")
    if not path.exists():
        raise CannotRead(f"There is no file {path}.", "Check the name and the folder.")
    try:
        with path.open("rb") as file:
            mark = file.read(8)
            rest = file.read(2**20) if mark == OLE_MARK else b""
    except PermissionError as error:
        raise CannotRead(f"{name} may not be read.", "Ask for the right to read it, or copy it to a folder of your own.") from error
    if not mark:
        raise CannotRead(f"{name} is empty (0 bytes).", "Copy the workbook again; the copy may have been broken off.")
    if mark == OLE_MARK:
        if "EncryptedPackage".encode("utf-16-le") in rest or _has_stream(path, "EncryptedPackage"):
            raise _encrypted(path)
        return OLE_MARK
    if mark.startswith(b"PK"):
        _check_package(path)
        return ZIP_MARK
    if _is_text(path):
        remedy = "Open it in Excel and save it as an Excel workbook (.xlsx), or give it with --transactions as a .csv file."
        raise CannotRead(f"{name} is a text file (such as CSV), not a workbook.", remedy)
    raise CannotRead(f"{name} is not a workbook.", "Save it as an Excel workbook (.xlsx).")


def _encrypted(path: Path) -> CannotRead:
    remedy = "Open it in Excel, remove the password (File, Info, Protect Workbook) and save it."
    return CannotRead(f"{path.name} is encrypted with a password.", remedy)


def _damaged(path: Path) -> CannotRead:
    return CannotRead(f"{path.name} is damaged or incomplete.", "Open it in Excel and let Excel repair it, or take another copy.")


def _has_stream(path: Path, name: str) -> bool:
    return name.encode("utf-16-le") in path.read_bytes() if path.stat().st_size < LARGEST_BOOK else False


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def _check_package(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            size = sum(info.file_size for info in package.infolist())
            encrypted = any(info.flag_bits & 1 for info in package.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _damaged(path) from error
    if encrypted:
        raise _encrypted(path)
    if size > LARGEST_BOOK:
        raise CannotRead(f"{path.name} unpacks to {size // 2**20:,} MiB, more than a workbook can hold.", "Check where the file comes from.")
    if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & {name.lstrip("/") for name in names}:
        raise CannotRead(f"{path.name} is a package without a workbook in it.", "Save it as an Excel workbook (.xlsx).")
    ending = next((ending for part, ending in CONTENTS.items() if part in {name.lstrip("/") for name in names}), "")
    if path.suffix.lower() in set(MISNAMED) - {ending}:
        raise CannotRead(f"{path.name} is an {ending} by its content.", f"Rename it to {path.stem}{ending}.")


def _open(path: Path, mark: bytes) -> Any:
    if mark == ZIP_MARK:
        try:
            return calamine.CalamineWorkbook.from_path(str(path), load_tables=True)
        except calamine.TablesNotSupported:  # .xlsb and .ods
            pass
    return calamine.CalamineWorkbook.from_path(str(path))


class _Book:
    """One open workbook: which sheet holds which table."""

    def __init__(self, book: Any, path: Path, is_package: bool) -> None:
        self.book = book
        self.path = path
        self.is_package = is_package
        self.problems: list[Problem] = []
        self.sheets = {sheet.name: sheet for sheet in book.sheets_metadata if sheet.typ is calamine.SheetTypeEnum.WorkSheet}
        self.cells: dict[str, list[list[Cell]]] = {}
        self.merged: dict[str, list[Any]] = {}  # by sheet: corners of merged cells, from 0
        self.parts = _sheet_parts(path) if is_package else {}
        self.date_1904 = _is_1904(path) if is_package else False

    def tables(self) -> tuple[list[RawTable], list[Problem]]:
        """Every standard table that is there, in the order of the description."""
        by_table_name = self._excel_tables()
        by_sheet_name: dict[str, list[str]] = {}
        for name in self.sheets:
            by_sheet_name.setdefault(key(name), []).append(name)
        found: list[RawTable] = []
        for table in TABLES:
            excel = by_table_name.get(key(table.excel_name))
            sheets = by_sheet_name.get(key(table.name), [])
            if len(sheets) > 1 and excel is None:
                message = f"There are {len(sheets)} sheets for {table.name}: {', '.join(sheets)}. Only the first is read."
                self._warn("DUPLICATE_TABLE", table.name, None, message, "Keep one of them, or rename the others.")
            if excel is not None:
                found.append(self._from_excel_table(table, excel))
            elif sheets and (raw := self._from_sheet(table, sheets[0])) is not None:
                found.append(raw)
        return found, self.problems

    def _warn(self, code: str, table: str, row: int | None, message: str, remedy: str, severity: Severity = Severity.WARNING) -> None:
        self.problems.append(Problem(severity, code, table, row, None, message, remedy))

    def _excel_tables(self) -> dict[str, Any]:
        try:
            names = self.book.table_names
        except (calamine.TablesNotLoaded, calamine.TablesNotSupported):
            return {}
        wanted = {key(table.excel_name) for table in TABLES}
        return {key(name): self.book.get_table_by_name(name) for name in names if key(name) in wanted}

    def _rows(self, sheet: str) -> list[list[Cell]]:
        """A sheet's cells from A1, error cells put back in."""
        if sheet not in self.cells:
            found = self.book.get_sheet_by_name(sheet)  # parses the sheet: once is enough
            rows = found.to_python(skip_empty_area=False)
            self.merged[sheet] = found.merged_cell_ranges or []
            for row, column, code in _error_cells(self.path, self.parts.get(sheet, "")):
                if row < len(rows) and column < len(rows[row]):
                    rows[row][column] = CellError(code, f"The cell holds {code}.")
            self.cells[sheet] = rows
        return self.cells[sheet]

    def _from_excel_table(self, table: Table, excel: Any) -> RawTable:
        rows = self._rows(excel.sheet)
        (top, left), (bottom, right) = excel.start, excel.end
        headers = list(excel.columns)
        data = [(number + 1, rows[number][left : right + 1]) for number in range(top, min(bottom + 1, len(rows)))]
        below = [(number + 1, rows[number][left : right + 1]) for number in range(bottom + 1, len(rows))]
        self._look_below(table, excel.sheet, below)
        return RawTable(table.name, excel.sheet, headers, top, _filled(data), self.date_1904, left)

    def _look_below(self, table: Table, sheet: str, below: list[tuple[int, list[Cell]]]) -> None:
        """Rows typed below an Excel table that did not grow with them; a total row ends them."""
        first = next(iter(_filled(below)), None)
        if first is None or first[0] != below[0][0] or is_blank(first[1][0]) or is_total(first[1]):
            return
        message = f"The rows from {first[0]} on stand below the table {table.excel_name} on sheet {sheet} and are not part of it."
        self._warn("ROWS_BELOW_TABLE", table.name, first[0], message, "Drag the table's lower right corner down over them.")

    def _from_sheet(self, table: Table, name: str) -> RawTable | None:
        rows = self._rows(name)
        if not any(not is_blank(cell) for row in rows for cell in row):
            return None
        merged = self.merged[name]
        header_row = find_header_row(table, rows[:HEADER_ROWS], merged)
        if header_row is None:
            message = f"Sheet {name} has no row with the headers of {table.name} ({', '.join(c.header for c in table.columns if c.required)})."
            self._warn("MISSING_HEADER", table.name, None, message, "Put the headers into one row above the data.", Severity.ERROR)
            return None
        headers = _merged_headers(rows, header_row, merged)
        data = [(number + 1, rows[number]) for number in range(header_row + 1, len(rows))]
        return RawTable(table.name, name, headers, header_row + 1, _filled(data), self.date_1904)


def _filled(rows: list[tuple[int, list[Cell]]]) -> list[tuple[int, list[Cell]]]:
    """The rows that are not blank."""
    return [row for row in rows if (row[1] and row[1][0] and row[1][0] != " ") or any(not is_blank(cell) for cell in row[1])]


def find_header_row(table: Table, rows: Sequence[Sequence[Cell]], merged: Sequence[Any] = ()) -> int | None:
    """The row (from 0) with the most headers of a table, the lowest of several; None when none has at least two of them."""
    known = {key(column.header) for column in table.columns}
    best, found = 2, None
    for number in range(len(rows)):
        headers = _merged_headers(rows, number, merged)
        matches = len({key(text_of(cell)) for cell in headers} & known)
        if matches >= best:
            best, found = max(matches, best), number
    return found


def _merged_headers(rows: Sequence[Sequence[Cell]], number: int, merged: Sequence[Any]) -> list[Cell]:
    """The headers of a row; a header merged downwards into it from rows above counts for its first column."""
    headers = list(rows[number])
    for (top, left), (bottom, _right) in merged:
        if top < number <= bottom and left < len(headers) and is_blank(headers[left]):
            headers[left] = rows[top][left]
    return headers


# ---- what calamine does not say, from the package itself


def _sheet_parts(path: Path) -> dict[str, str]:
    """Sheet name -> its part in the package; empty for packages that are not Open XML."""
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            return {}
        relations = package.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        book = package.read("xl/workbook.xml").decode("utf-8", "replace")
    targets = {}
    for element in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", relations):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', element))
        target = attributes.get("Target", "")
        targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    parts = {}
    for element in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        name, relation = re.search(r'\bname="([^"]*)"', element), re.search(r'\b\w+:id="([^"]*)"', element)
        if name and relation and targets.get(relation[1]) in names:
            parts[_unescape(name[1])] = targets[relation[1]]
    return parts


def _unescape(text: str) -> str:
    for code, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(code, sign)
    return text


def _is_1904(path: Path) -> bool:
    with zipfile.ZipFile(path) as package:
        if "xl/workbook.xml" not in package.namelist():
            return False
        found = re.search(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=\"(1|true)\"", package.read("xl/workbook.xml"))
        return found is not None


_ERROR_CELL = re.compile(rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:(?!</c>).)*?<v>([^<]{1,20})</v>', re.DOTALL)


_NO_RESULT = re.compile(rb'<c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*><f\b[^>]*>[^<]*</f>(?:<v></v>|<v ?/>)?</c>')


def _error_cells(path: Path, part: str) -> Iterator[tuple[int, int, str]]:
    """Row and column (from 0) and code of a sheet's error cells, which calamine hands out as empty."""
    if not part:
        return
    with zipfile.ZipFile(path) as package:
        xml = package.read(part)
    if b't="e"' in xml:
        for found in _ERROR_CELL.finditer(xml):
            yield int(found[2]) - 1, _column_number(found[1].decode()), found[3].decode("utf-8", "replace")
    if b"</f>" in xml:
        for found in _NO_RESULT.finditer(xml):
            yield int(found[2]) - 1, _column_number(found[1].decode()), NOT_CALCULATED


def _column_number(letters: str) -> int:
    """A column from 0.

    >>> _column_number("A"), _column_number("AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
