"""The seal of a statement: what was sent, signed, so that whatever somebody changed afterwards is found with what it was and what it is.

It stands on a hidden sheet: identity, signature (HMAC-SHA-256 over identity and content), then the content, packed. Content is
every constant that nobody may change, and which cells are free: inputs, and formulas, whose results are computed anew.
Source: design section 7. Needs nothing but the standard library, since the reader of returned files starts for each file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

SEAL = "Seal"  # the hidden sheet
FORMAT = "2:"
CHUNK = 30_000  # characters of one cell
LARGEST_CONTENT = 64 * 2**20  # unpacked, so that no seal is a bomb
MOST_LISTED = 1_000  # changed cells, and added ones
MOST_FORM_CELLS = 2_000_000
LONGEST_CELL = 32_767
TELLING = ("claimid", "openedon")  # a header without which a sheet holds no form
MOST_MASKS = 200  # patterns of filled columns in one sheet that are looked for elsewhere
EPOCH = date(1899, 12, 30)

Rows = Sequence[Sequence[Any]]  # the cells of a sheet, from A1
Line = tuple[int, dict[int, str], set[int]]  # row, its constants by column, its free columns


class BadSeal(Exception):
    """A workbook without a seal, or whose seal says nothing: one sentence."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that is not as it was sent; `was` is empty for what was added to a blank one."""

    sheet: str
    cell: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.sheet} {self.cell} was {_quoted(self.was)}, is {_quoted(self.now)}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of the sealed sheets."""

    changed: tuple[Change, ...] = ()
    added: tuple[Change, ...] = ()  # to blank cells: a remark, a column of one's own
    moved: tuple[str, ...] = ()  # sheets whose rows stand in another order, unchanged
    missing: tuple[str, ...] = ()  # sheets
    more: int = 0  # changed cells beyond those listed


@dataclass(frozen=True, slots=True)
class Returned:
    """A workbook that came back: its seal, how the sealed sheets compare with it, and the cells of the sheets that may hold a form."""

    seal: tuple[str, ...]
    compared: Compared
    sheets: Mapping[str, Rows]
    notes: tuple[str, ...] = ()  # what was left unread


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"' if text else "empty"


def plain(cell: Any) -> str:
    """A cell as every program that saves a workbook keeps it: numbers at 15 digits, days as their number, text without extra spaces.

    >>> plain(1.0), plain(" a  b "), plain(date(2026, 1, 1)), plain(None)
    ('1', 'a b', '46023', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, datetime):
        moment = cell - datetime(EPOCH.year, EPOCH.month, EPOCH.day)
        return f"{moment.days + moment.seconds / 86_400:.10g}"
    if isinstance(cell, date):
        return str((cell - EPOCH).days)
    if isinstance(cell, (int, float, Decimal)):
        return f"{float(cell):.15g}"
    return " ".join(str(cell).replace("_x000D_", " ").split())


# ---- made


def seal(identity: str, rows: Iterable[tuple[str, int, Sequence[tuple[int, Any]]]], signing_key: bytes) -> list[str]:
    """The cells of the hidden sheet, from (sheet, row, [(column, constant)]); a constant that is None marks a free cell."""
    listed: dict[str, list[Any]] = {}
    kinds: dict[tuple[int, ...], int] = {}  # rows alike: the columns of their constants, and of their free cells as ~column
    for sheet, row, cells in rows:
        columns = tuple(~column if cell is None else column for column, cell in cells)
        listed.setdefault(sheet, []).append([row, kinds.setdefault(columns, len(kinds)), *(cell for _, cell in cells if cell is not None)])
    text = json.dumps({"kinds": list(kinds), "sheets": listed}, separators=(",", ":"), ensure_ascii=True, default=float)
    content = FORMAT + base64.b64encode(zlib.compress(text.encode(), 3)).decode()
    return [identity, signature(identity, content, signing_key), *(content[at : at + CHUNK] for at in range(0, len(content), CHUNK))]


def signature(identity: str, content: str, signing_key: bytes) -> str:
    """HMAC-SHA-256 over identity and content."""
    return hmac.new(signing_key, f"{identity}\n{content}".encode("utf-8", "backslashreplace"), hashlib.sha256).hexdigest()


# ---- read


def parts_of(cells: Sequence[str]) -> tuple[str, str, str]:
    """Identity, signature and content from the cells of the hidden sheet. Raises BadSeal."""
    if len(cells) < 3:
        raise BadSeal("It is not a statement of ours: it carries no seal.")
    return cells[0], cells[1], "".join(cells[2:])


def content_of(text: str) -> dict[str, list[Line]]:
    """What was sent, sheet by sheet. Raises BadSeal."""
    try:
        if not text.startswith(FORMAT):
            raise BadSeal("Its seal was made by another version; send the distributor a new statement.")
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text.removeprefix(FORMAT), validate=True), LARGEST_CONTENT)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise BadSeal("Its seal is cut off.")
        said = json.loads(data)
        return {str(sheet): [_line(entry, said["kinds"]) for entry in rows] for sheet, rows in said["sheets"].items()}
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError, zlib.error, RecursionError) as error:
        raise BadSeal("Its seal is damaged.") from error


def _line(entry: Sequence[Any], kinds: Sequence[Sequence[int]]) -> Line:
    row, columns, cells = int(entry[0]), kinds[entry[1]], entry[2:]
    constants = zip([column for column in columns if column >= 0], cells, strict=True)
    return row, {column: plain(cell) for column, cell in constants}, {~column for column in columns if column < 0}


def returned(grid: Mapping[str, Rows], notes: Iterable[str] = ()) -> Returned:
    """What came back, from a workbook's cells by sheet, from A1. Raises BadSeal."""
    cells = tuple(text for row in grid.get(SEAL, ()) if row and (text := str(row[0] or "").strip()))
    content = content_of(parts_of(cells)[2])
    own = {name: rows for name, rows in grid.items() if name not in content and name != SEAL}
    forms = {name: rows for name, rows in own.items() if _may_be_a_form(rows)}
    if sum(len(row) for rows in forms.values() for row in rows) > MOST_FORM_CELLS:
        raise BadSeal("Its forms hold far more than a statement's.")
    if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for rows in forms.values() for row in rows for cell in row):
        raise BadSeal("A cell of its forms holds more than a spreadsheet program can write.")
    unread = [f"The sheet {name} is none of ours and was not read." for name, rows in own.items() if name not in forms and any(map(any, rows))]
    return Returned(cells, compare(grid, content), forms, (*notes, *unread))


def _may_be_a_form(rows: Rows) -> bool:
    return any("".join(cell.split()).rstrip("*").casefold() in TELLING for row in rows for cell in row if isinstance(cell, str) and len(cell) < 40)


def compare(grid: Mapping[str, Rows], content: Mapping[str, Sequence[Line]]) -> Compared:
    """What of the sealed sheets is not as it was sent. Rows that only stand elsewhere, as after sorting, are moved and not changed."""
    changed: list[Change] = []
    added: list[Change] = []
    moved, missing = [], []
    for sheet, lines in content.items():
        rows = grid.get(sheet)
        if rows is None:
            missing.append(sheet)
            continue
        elsewhere = _compare_sheet(sheet, rows, lines, changed)
        if elsewhere:
            moved.append(sheet)
        else:
            added += _added(sheet, rows, lines)
    more = max(0, len(changed) - MOST_LISTED)
    return Compared(tuple(changed[:MOST_LISTED]), tuple(added[:MOST_LISTED]), tuple(moved), tuple(missing), more)


def _compare_sheet(sheet: str, rows: Rows, lines: Sequence[Line], changed: list[Change]) -> int:
    """Note the changed cells of a sheet; gives how many of its rows stand elsewhere."""
    off = [(row, constants) for row, constants, _ in lines if any(_at(rows, row, column) != text for column, text in constants.items())]
    if not off:
        return 0
    in_place = {row for row, constants, _ in lines if constants} - {row for row, _ in off}
    loose = [number for number in range(len(rows)) if number not in in_place]
    pools: dict[tuple[int, ...], Counter[tuple[str, ...]]] = {}
    elsewhere = 0
    for row, constants in off:
        columns = tuple(constants)
        if columns not in pools and len(pools) < MOST_MASKS:
            pools[columns] = Counter(tuple(_at(rows, number, column) for column in columns) for number in loose)
        wanted = tuple(constants.values())
        if pools.get(columns, Counter())[wanted] > 0:
            pools[columns][wanted] -= 1
            elsewhere += 1
            continue
        for column, text in constants.items():
            if (now := _at(rows, row, column)) != text:
                changed.append(Change(sheet, cell_name(row, column), text, now))
    return elsewhere


def _added(sheet: str, rows: Rows, lines: Sequence[Line]) -> Iterator[Change]:
    """What stands in cells that were sent blank."""
    ours = {(row, column) for row, constants, free in lines for column in (*constants, *free)}
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell not in (None, "") and (row, column) not in ours and (text := plain(cell)):
                yield Change(sheet, cell_name(row, column), "", text)


def _at(rows: Rows, row: int, column: int) -> str:
    cells = rows[row] if row < len(rows) else ()
    return plain(cells[column]) if column < len(cells) else ""


def cell_name(row: int, column: int) -> str:
    """The name of a cell, row and column counted from 0.

    >>> cell_name(0, 0), cell_name(11, 27)
    ('A1', 'AB12')
    """
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
