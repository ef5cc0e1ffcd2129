"""Writes a VBA project from the text of its modules, without Excel: what stands in xl/vbaProject.bin.

Only source is written. The version 0xFFFF of the _VBA_PROJECT stream says that there is no compiled code beside it, so Excel
compiles the text when it opens the file. Source: Microsoft, [MS-OVBA] Office VBA File Format Structure; section numbers below.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .vba_compound import compound_file

CODE_PAGE = 1252
ENCODING = f"cp{CODE_PAGE}"
WORKBOOK, SHEET, MODULE, CLASS = "workbook", "sheet", "module", "class"
CLASS_BASE = "{FCFB3D2A-A0FA-1068-A738-08002B3371B5}"
CLASS_TAIL = r"Attribute VB_TemplateDerived = False\nAttribute VB_Customizable = False\n"
BASES = {WORKBOOK: "{00020819-0000-0000-C000-000000000046}", SHEET: "{00020820-0000-0000-C000-000000000046}"}
PROJECT_ID = "{6B1C9C0E-3D0B-4F3E-9A51-52EBA7E50001}"
ENGLISH = 0x0409
CHUNK = 4096  # bytes of text that are compressed together
SHORTEST_COPY = 3
LOOK_BACK = 64  # earlier places that are tried for a copy
NO_CACHE = bytes.fromhex("CC61FFFF000000")
AUTOMATION = r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation"
HOST = "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000"
DOCUMENT_HEAD = """Attribute VB_Name = "{name}"
Attribute VB_Base = "0{base}"
Attribute VB_GlobalNameSpace = False
Attribute VB_Creatable = False
Attribute VB_PredeclaredId = True
Attribute VB_Exposed = True
Attribute VB_TemplateDerived = False
Attribute VB_Customizable = True
"""


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its name: a plain one, a class, or what stands behind the workbook or a sheet."""

    name: str
    kind: str
    source: str

    @property
    def text(self) -> str:
        """The source as the project holds it: attributes first, every line ended by carriage return and line feed."""
        body = re.sub(r"\r\n?|\n", "\n", self.source)
        body = re.sub(r"\AVERSION .*?^END\n", "", body, flags=re.DOTALL | re.MULTILINE)  # only exported files have it
        if self.kind in BASES:
            body = DOCUMENT_HEAD.format(name=self.name, base=BASES[self.kind]) + body
        elif not body.startswith("Attribute VB_Name"):
            body = f'Attribute VB_Name = "{self.name}"\n{body}'
        if self.kind == CLASS:  # an exported class lacks what a project says of it
            body = body.replace("\n", f'\nAttribute VB_Base = "0{CLASS_BASE}"\n', 1)
            body = re.sub(r"^Attribute VB_Exposed = .*\n", r"\g<0>" + CLASS_TAIL, body, count=1, flags=re.MULTILINE)
        return (body if body.endswith("\n") else body + "\n").replace("\n", "\r\n")


def vba_project(name: str, modules: Sequence[Module]) -> bytes:
    """The project as a compound file. Raises ValueError for text that the code page 1252 does not have."""
    streams = {module.name: compress(_encoded(module)) for module in modules}
    streams["dir"] = compress(_directory(name, modules))
    streams["_VBA_PROJECT"] = NO_CACHE
    names = b"".join(module.name.encode(ENCODING) + b"\0" + _wide(module.name) + b"\0\0" for module in modules) + b"\0\0"
    return compound_file({"VBA": streams, "PROJECT": _project(name, modules).encode(ENCODING), "PROJECTwm": names})


def _encoded(module: Module) -> bytes:
    try:
        return module.text.encode(ENCODING)
    except UnicodeEncodeError as error:
        raise ValueError(f"{module.name}: VBA source cannot hold {module.text[error.start]!r}") from error


# ---- the dir stream, 2.3.4.2


def _record(identifier: int, data: bytes = b"") -> bytes:
    return struct.pack("<HI", identifier, len(data)) + data


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def _both(identifier: int, wide_identifier: int, text: str) -> bytes:
    """A text in the code page, and again in UTF-16."""
    return _record(identifier, text.encode(ENCODING)) + _record(wide_identifier, _wide(text))


def _directory(name: str, modules: Sequence[Module]) -> bytes:
    number = struct.Struct("<I").pack
    information = (
        _record(0x01, number(1))  # 32-bit Windows, as every Excel writes
        + _record(0x02, number(ENGLISH))
        + _record(0x14, number(ENGLISH))
        + _record(0x03, struct.pack("<H", CODE_PAGE))
        + _record(0x04, name.encode(ENCODING))
        + _both(0x05, 0x40, "")
        + _record(0x06) + _record(0x3D)  # no help file
        + _record(0x07, number(0))
        + _record(0x08, number(0))
        + struct.pack("<HIIH", 0x09, 4, 1, 1)  # version; its size does not count the minor one
        + _both(0x0C, 0x3C, "")
    )  # fmt: skip
    library = AUTOMATION.encode(ENCODING)
    references = _both(0x16, 0x3E, "stdole") + _record(0x0D, number(len(library)) + library + bytes(6))
    head = _record(0x0F, struct.pack("<H", len(modules))) + _record(0x13, struct.pack("<H", 0xFFFF))
    return information + references + head + b"".join(_module(one) for one in modules) + _record(0x10)


def _module(module: Module) -> bytes:
    kind = 0x21 if module.kind == MODULE else 0x22
    return (
        _both(0x19, 0x47, module.name)
        + _both(0x1A, 0x32, module.name)  # the stream's name
        + _both(0x1C, 0x48, "")
        + _record(0x31, bytes(4))  # the text starts the stream: no compiled code before it
        + _record(0x1E, bytes(4))
        + _record(0x2C, struct.pack("<H", 0xFFFF))
        + _record(kind)
        + _record(0x2B)
    )


# ---- the PROJECT stream, 2.3.1


def _project(name: str, modules: Sequence[Module]) -> str:
    words = {WORKBOOK: "Document={}/&H00000000", SHEET: "Document={}/&H00000000", CLASS: "Class={}", MODULE: "Module={}"}
    lines = [
        f'ID="{PROJECT_ID}"',
        *(words[module.kind].format(module.name) for module in modules),
        f'Name="{name}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        f'CMG="{encrypt(bytes(4), 0x5D)}"',  # nobody is kept from seeing it
        f'DPB="{encrypt(bytes(1), 0x5F)}"',  # no password
        f'GC="{encrypt(bytes([0xFF]), 0x5B)}"',  # visible
        "",
        "[Host Extender Info]",
        HOST,
        "",
        "[Workspace]",
        *(f"{module.name}=0, 0, 0, 0, C" for module in modules),
    ]
    return "".join(line + "\r\n" for line in lines)


def encrypt(data: bytes, seed: int) -> str:
    """Data as the PROJECT stream hides it, in hexadecimal digits; 2.4.3.2. `seed` is a byte of our choice, always the same.

    >>> encrypt(bytes(1), 0x5F)[:4]
    '5F5D'
    """
    key = sum(PROJECT_ID.encode("ascii")) & 0xFF
    hidden = [seed, seed ^ 2, seed ^ key]
    plain, last, before = key, hidden[2], hidden[1]
    ignored = bytes([0x07]) * ((seed & 6) // 2)
    for byte in ignored + struct.pack("<I", len(data)) + data:
        secret = byte ^ ((before + plain) & 0xFF)
        hidden.append(secret)
        plain, last, before = byte, secret, last
    return bytes(hidden).hex().upper()


# ---- compression, 2.4.1


def compress(data: bytes) -> bytes:
    """Data in chunks of 4,096 bytes, each with copies of what stood before in it.

    >>> compress(b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa").hex()[:24]  # 3.2.3 of the specification
    '012fb0002361616162636465'
    """
    return b"\x01" + b"".join(_chunk(data[at : at + CHUNK]) for at in range(0, len(data), CHUNK))


def _chunk(chunk: bytes) -> bytes:
    body = bytearray()
    seen: dict[bytes, list[int]] = {}
    at = 0
    while at < len(chunk):
        flags = len(body)
        body.append(0)
        for bit in range(8):
            if at >= len(chunk):
                break
            length, offset = _copy(chunk, at, seen)
            if length:
                body += _token(at, length, offset)
                body[flags] |= 1 << bit
            else:
                length = 1
                body.append(chunk[at])
            for place in range(at, at + length):
                seen.setdefault(chunk[place : place + SHORTEST_COPY], []).append(place)
            at += length
    if len(body) >= CHUNK:  # longer than it was, which text never is: as it is, filled up
        return struct.pack("<H", (CHUNK - 1) | 0x3000) + chunk.ljust(CHUNK, b"\0")
    return struct.pack("<H", (len(body) - 1) | 0xB000) + bytes(body)


def _offset_bits(at: int) -> int:
    """How many bits of a copy token say how far back it starts: fewer where there is less behind."""
    return max(4, (at - 1).bit_length())


def _copy(chunk: bytes, at: int, seen: dict[bytes, list[int]]) -> tuple[int, int]:
    """The longest earlier piece of the chunk that stands here again: its length and how far back it is; 0 for none."""
    longest = min((0xFFFF >> _offset_bits(at)) + SHORTEST_COPY, len(chunk) - at)
    best = 0, 0
    if longest < SHORTEST_COPY:
        return best
    for start in reversed(seen.get(chunk[at : at + SHORTEST_COPY], ())[-LOOK_BACK:]):
        length = SHORTEST_COPY
        while length < longest and chunk[start + length] == chunk[at + length]:
            length += 1
        if length > best[0]:
            best = length, at - start
        if length == longest:
            break
    return best


def _token(at: int, length: int, offset: int) -> bytes:
    return struct.pack("<H", ((offset - 1) << (16 - _offset_bits(at))) | (length - SHORTEST_COPY))
