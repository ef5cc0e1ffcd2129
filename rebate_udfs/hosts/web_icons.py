"""The add-in's icons, drawn: steps that climb to a tier, and a coin on the top one. PNG by zlib, no picture file needed.

Every size is drawn at four times its size and averaged, so that edges are smooth and two runs give the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

SIZES = (16, 32, 64, 80)
FINE = 4  # sub-pixels a side
Color = tuple[int, int, int]
ACCENT: Color = (0x1F, 0x6F, 0xB2)
COIN: Color = (0xE0, 0x9F, 0x1F)
STEPS = ((0.06, 0.64), (0.37, 0.46), (0.68, 0.28))  # left edge and top of each bar, as shares of the picture
STEP_WIDTH, FLOOR = 0.26, 0.94
COIN_AT, COIN_RADIUS = (0.245, 0.265), 0.19


@lru_cache
def icon(size: int) -> bytes:
    """The icon of a size in pixels as a PNG; ValueError for a size that the manifest does not name.

    >>> icon(16)[:4]
    b'\\x89PNG'
    """
    if size not in SIZES:
        raise ValueError(f"icons are {SIZES} pixels wide")
    rows = b"".join(b"\0" + b"".join(_pixel(column, row, size) for column in range(size)) for row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixel(column: int, row: int, size: int) -> bytes:
    """Red, green, blue and opacity of a pixel, averaged over its sub-pixels."""
    spots = [(column + (x + 0.5) / FINE, row + (y + 0.5) / FINE) for y in range(FINE) for x in range(FINE)]
    found = [color for x, y in spots if (color := _color(x / size, y / size)) is not None]
    if not found:
        return b"\0\0\0\0"
    return bytes(sum(color[index] for color in found) // len(found) for index in range(3)) + bytes([255 * len(found) // len(spots)])


def _color(x: float, y: float) -> Color | None:
    if (x - COIN_AT[0]) ** 2 + (y - COIN_AT[1]) ** 2 <= COIN_RADIUS**2:
        return COIN
    return ACCENT if any(left <= x <= left + STEP_WIDTH and top <= y <= FLOOR for left, top in STEPS) else None
