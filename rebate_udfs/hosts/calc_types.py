"""The interface that LibreOffice calls our cell functions by: as IDL to read, and compiled to the type library it loads.

LibreOffice finds a function's arguments by reflection over a binary type library. The library is written here, byte for
byte as `unoidl-write` of the LibreOffice SDK compiles the IDL (a test compares them), so the extension is built on any
system and follows the registry. Source of the format: the comment "New format" in LibreOffice's unoidlprovider.cxx.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from ..registry import CELL, FUNCTIONS, RANGE, Argument, Function

MODULES = ("org", "rebates", "calc")
INTERFACE = "XRebateFunctions"
BASE = "com.sun.star.uno.XInterface"
ANY, ROWS = "any", "sequence< sequence< any > >"
CELL_RANGE, DOCUMENT = "com.sun.star.table.XCellRange", "com.sun.star.beans.XPropertySet"
CALLER = "caller"  # Calc fills an argument of type XPropertySet with the document, and shows it to nobody
MAGIC = b"UNOIDL\xff\x00"
MODULE_KIND, INTERFACE_KIND, DIRECTION_IN = 0, 5, 0
SEEN = 0x80000000  # marks the place of a text that stands in the file already
WRITTEN_BY = "Rebates"


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the interface: its name without underscores, and the type and name of each argument."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    result: str = ANY


def camel(name: str) -> str:
    """A name as UNO takes it: identifiers there hold no underscore.

    >>> camel("REBATE_TO_NEXT_TIER"), camel("base_to_date")
    ('rebateToNextTier', 'baseToDate')
    """
    first, *rest = name.lower().split("_")
    return first + "".join(word.title() for word in rest)


def argument_type(function: Function, argument: Argument) -> str:
    """The type that Calc converts an argument to.

    A required table of the book is a reference: an error cell within a converted range would end the call before ours
    begins, in a reference it is a row's problem. All else may be a cell, a range, an inline array or omitted.
    """
    return CELL_RANGE if function.section == "book" and argument.kind == RANGE and argument.required else ANY


def method_of(function: Function) -> Method:
    """The method of a cell function; functions on the book are told the document, for its date system.

    Calc spreads only rows over cells that are declared as rows: what may be a range is always one, also of one cell.
    """
    given = tuple((argument_type(function, argument), camel(argument.name)) for argument in function.arguments)
    hidden = ((DOCUMENT, CALLER),) if function.section == "book" and given else ()
    return Method(camel(function.name), (*hidden, *given), ANY if function.shape == CELL else ROWS)


def methods(functions: Iterable[Function] = FUNCTIONS.values()) -> tuple[Method, ...]:
    """The methods of all cell functions, in the order of the registry."""
    return tuple(method_of(function) for function in functions)


def idl(found: Iterable[Method]) -> str:
    """The interface as the SDK's compiler reads it.

    >>> idl([Method("rebateTier", (("any", "measure"),))]).splitlines()[2]
    '  any rebateTier( [in] any measure );'
    """
    lines = ["// The cell functions as LibreOffice calls them. Generated from the registry.", f"{_opened()} interface {INTERFACE} {{"]
    for method in found:
        given = ", ".join(f"[in] {kind.replace('.', '::')} {name}" for kind, name in method.arguments)
        lines.append(f"  {method.result} {method.name}({f' {given} ' if given else ''});")
    return "\n".join([*lines, "};" + " };" * len(MODULES), ""])


def _opened() -> str:
    return " ".join(f"module {name} {{" for name in MODULES)


def type_library(found: Iterable[Method], written_by: str = WRITTEN_BY) -> bytes:
    """The compiled interface; `written_by` is the remark at its head.

    >>> type_library([Method("rebateVersion", ())])[:7]
    b'UNOIDL\\xff'
    """
    file = _File()
    file.data += MAGIC + bytes(8)  # where the outermost map stands and how many entries it has: filled in at the end
    file.data += f"\0** Created by {written_by} **\0".encode()
    entry = file.interface(tuple(found))
    name = file.name(INTERFACE)
    for module in reversed(MODULES):
        inner = (name, entry)
        entry = file.place()
        file.data += struct.pack("<BI", MODULE_KIND, 1) + struct.pack("<II", *inner)
        name = file.name(module)
    file.data[8:16] = struct.pack("<II", file.place(), 1)
    return bytes(file.data + struct.pack("<II", name, entry))


def _binary(kind: str) -> str:
    """A type as the library spells it: a sequence is a pair of brackets before its element."""
    return "[][]any" if kind == ROWS else kind


class _File:
    """The bytes so far, and where each text stands in them."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.texts: dict[str, int] = {}

    def place(self) -> int:
        return len(self.data)

    def text(self, text: str) -> None:
        """A text with its length; the second time its place."""
        if text in self.texts:
            self.number(self.texts[text] | SEEN)
            return
        self.texts[text] = self.place()
        self.number(len(text))
        self.data += text.encode("ascii")

    def name(self, text: str) -> int:
        """A name that a map points at; returns its place."""
        at = self.place()
        self.data += text.encode("ascii") + b"\0"
        return at

    def number(self, value: int) -> None:
        self.data += struct.pack("<I", value)

    def interface(self, found: tuple[Method, ...]) -> int:
        """The interface with its one base, no optional bases, no attributes, and the methods; returns its place."""
        at = self.place()
        self.data.append(INTERFACE_KIND)
        self.number(1)
        self.text(BASE)
        for count in (0, 0, len(found)):
            self.number(count)
        for method in found:
            self._method(method)
        return at

    def _method(self, method: Method) -> None:
        self.text(method.name)
        self.text(_binary(method.result))
        self.number(len(method.arguments))
        for kind, name in method.arguments:
            self.data.append(DIRECTION_IN)
            self.text(name)
            self.text(_binary(kind))
        self.number(0)  # exceptions
