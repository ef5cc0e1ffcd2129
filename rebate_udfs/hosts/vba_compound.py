"""Writes a compound file: the file system within a file that holds a VBA project.

Version 3: sectors of 512 bytes; streams below 4,096 bytes live in the mini stream, in sectors of 64. Equal content gives
equal bytes: no time, no class id, no free sector. Source: Microsoft, [MS-CFB] Compound File Binary File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

SECTOR, MINI_SECTOR, MINI_LIMIT = 512, 64, 4096
NUMBERS_A_SECTOR = SECTOR // 4
FREE, END, FAT_SECTOR, NOTHING = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5
BLACK = 1
LONGEST_NAME = 31  # characters
SECTORS_IN_HEADER = 109  # of the allocation table; beyond them a file of 7 MB needs tables that a VBA project never does
MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")

Tree = Mapping[str, "bytes | Tree"]


@dataclass(slots=True)
class _Entry:
    """A line of the directory: a stream, or a storage with the root of the tree of what it holds."""

    name: str
    kind: int
    data: bytes = b""
    left: int = NOTHING
    right: int = NOTHING
    child: int = NOTHING
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le") + b"\0\0"
        head = struct.pack("<64sHBBIII", name, len(name), self.kind, BLACK, self.left, self.right, self.child)
        return head + bytes(16 + 4 + 16) + struct.pack("<IQ", self.start, self.size)


def compound_file(tree: Tree) -> bytes:
    """The file that holds these streams (bytes) and storages (mappings), by their names.

    >>> compound_file({"a": b"text"})[:8] == MAGIC
    True

    Raises ValueError for a name that is too long, and for more content than 109 sectors of allocation table can list.
    """
    return _Writer(tree).written()


class _Writer:
    """One file being written: its directory, its sectors, and which sector follows which."""

    def __init__(self, tree: Tree) -> None:
        self.sectors: list[bytes] = []
        self.following: list[int] = []
        self.mini = bytearray()
        self.mini_following: list[int] = []
        self.entries = [_Entry("Root Entry", ROOT)]
        self.entries[0].child = self._add(tree)

    def _add(self, tree: Tree) -> int:
        """List what a storage holds; returns the root of its tree, which is balanced and so may be all black."""
        places = []
        for name in sorted(tree, key=_order):
            if len(name) > LONGEST_NAME:
                raise ValueError(f"{name}: a name in a compound file has at most {LONGEST_NAME} characters")
            content = tree[name]
            entry = _Entry(name, STREAM, content) if isinstance(content, bytes) else _Entry(name, STORAGE)
            places.append(len(self.entries))
            self.entries.append(entry)
            if not isinstance(content, bytes):
                entry.child = self._add(content)
        return self._balanced(places)

    def _balanced(self, places: list[int]) -> int:
        if not places:
            return NOTHING
        middle = len(places) // 2
        entry = self.entries[places[middle]]
        entry.left, entry.right = self._balanced(places[:middle]), self._balanced(places[middle + 1 :])
        return places[middle]

    def written(self) -> bytes:
        """Header, sectors, allocation table."""
        for entry in self.entries[1:]:
            if entry.kind == STREAM:
                entry.size = len(entry.data)
                entry.start = self._stream(entry.data)
        root = self.entries[0]
        root.size, root.start = len(self.mini), self._chain(bytes(self.mini))
        mini_table = _numbers(self.mini_following)
        mini_start = self._chain(mini_table)
        directory = b"".join(entry.packed() for entry in self.entries)
        empty = _Entry("", 0).packed()[:64] + bytes(2) + bytes(2) + struct.pack("<III", NOTHING, NOTHING, NOTHING) + bytes(48)
        directory += empty * (-len(self.entries) % (SECTOR // len(empty)))
        directory_start = self._chain(directory)
        table_sectors = self._close()
        header = MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        header += struct.pack("<IIIII", 0, len(table_sectors), directory_start, 0, MINI_LIMIT)
        header += struct.pack("<IIII", mini_start, len(mini_table) // SECTOR, END, 0)
        listed = [*table_sectors, *[FREE] * (SECTORS_IN_HEADER - len(table_sectors))]
        return header + struct.pack(f"<{SECTORS_IN_HEADER}I", *listed) + b"".join(self.sectors) + _numbers(self.following)

    def _stream(self, data: bytes) -> int:
        if len(data) >= MINI_LIMIT or not data:
            return self._chain(data)
        start = len(self.mini_following)
        self.mini += data.ljust(_round_up(len(data), MINI_SECTOR), b"\0")
        count = _round_up(len(data), MINI_SECTOR) // MINI_SECTOR
        self.mini_following += [*range(start + 1, start + count), END]
        return start

    def _chain(self, data: bytes) -> int:
        """Put data into sectors, each followed by the next; returns the first of them."""
        if not data:
            return END
        start = len(self.sectors)
        self.sectors += [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        self.following += [*range(start + 1, len(self.sectors)), END]
        return start

    def _close(self) -> list[int]:
        """Add the allocation table's own sectors to it, as many as it then needs; returns their places."""
        count = 1
        while count * NUMBERS_A_SECTOR < len(self.sectors) + count:
            count += 1
        if count > SECTORS_IN_HEADER:
            raise ValueError("this is more than a compound file of one header can list")
        self.following += [FAT_SECTOR] * count
        return list(range(len(self.sectors), len(self.sectors) + count))


def _order(name: str) -> tuple[int, str]:
    """Names stand by length, then by upper case."""
    return len(name.encode("utf-16-le")), name.upper()


def _round_up(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _numbers(numbers: list[int]) -> bytes:
    """Whole sectors of numbers, the rest free."""
    full = [*numbers, *[FREE] * (-len(numbers) % NUMBERS_A_SECTOR)]
    return struct.pack(f"<{len(full)}I", *full)
