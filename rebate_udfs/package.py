"""A workbook as the parts of its package: read one by one, changed one by one, saved in one rename.

A library that loads and re-writes a workbook drops what it does not know (pivots, slicers, pictures, threaded
comments, macros). Here every part that nobody asked to change keeps its bytes, and a file is the old one or the
new one whatever happens while it is written. `hosts.patch` puts result sheets in, `hosts.append` adds rows.

Source of the formats: ECMA-376 parts 1 and 2 (SpreadsheetML, Open Packaging Conventions).
"""

from __future__ import annotations

import copy
import os
import posixpath
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from lxml import etree

if sys.platform != "win32":
    import fcntl

SHEET_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE_NS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS_NS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES_NS = "http://schemas.openxmlformats.org/package/2006/content-types"
STRICT_NS = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
CONTENT_TYPES = "[Content_Types].xml"
TEMPORARY_SUFFIX = ".rebates-tmp"
PART_LIMIT = 256 * 2**20  # bytes of one XML part that we are ready to parse
OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
Element = Any  # lxml's elements carry no types of their own


class CannotPatch(ValueError):
    """Why a workbook is left as it is, in one sentence for the person who asked."""


class Relation(NamedTuple):
    """One relationship of a part: `target` is a part name, or as written when it is external."""

    identifier: str
    kind: str  # the last word of its type: worksheet, table, drawing
    target: str
    external: bool


# ---- XML


def tag(name: str, namespace: str = SHEET_NS) -> str:
    """The name that lxml looks for.

    >>> tag("c")
    '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}c'
    """
    return f"{{{namespace}}}{name}"


def parse(data: bytes) -> Element:
    """An XML tree, with entities and the network off. Raises CannotPatch for what is not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise CannotPatch("a part of the workbook is damaged; open it in Excel, let it repair, save, and run again") from error


def dump(root: Element) -> bytes:
    """The bytes of a part."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def rels_name(part: str) -> str:
    """Where a part's relationships stand.

    >>> rels_name("xl/workbook.xml"), rels_name("")
    ('xl/_rels/workbook.xml.rels', '_rels/.rels')
    """
    return posixpath.join(posixpath.dirname(part), "_rels", posixpath.basename(part) + ".rels")


def resolve(part: str, target: str) -> str:
    """The part that a relationship of `part` names.

    >>> resolve("xl/worksheets/sheet1.xml", "../tables/table1.xml"), resolve("xl/workbook.xml", "/xl/styles.xml")
    ('xl/tables/table1.xml', 'xl/styles.xml')
    """
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def is_true(element: Element | None, attribute: str) -> bool:
    """A boolean attribute of an element that may be absent."""
    return element is not None and element.get(attribute) in ("1", "true")


# ---- the package


class Package:
    """The members of a zip, with what is to be replaced, added and left out. Part names ignore case."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.realpath(path))
        self.zip = _open(self.path)
        self.seen = self.path.stat()
        self.changed: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self._real = {name.lower(): name for name in self.zip.namelist()}

    def __enter__(self) -> Package:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.zip.close()

    def __contains__(self, part: str) -> bool:
        return part in self.changed or (part.lower() in self._real and self.exact(part) not in self.gone)

    def exact(self, part: str) -> str:
        """The member's name as the zip spells it."""
        return self._real.get(part.lower(), part)

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises CannotPatch when it is missing, too large or damaged."""
        if part in self.changed:
            return self.changed[part]
        name = self.exact(part)
        try:
            if self.zip.getinfo(name).file_size > PART_LIMIT:
                raise CannotPatch(f"{part} in the workbook is larger than {PART_LIMIT // 2**20} MB")
            return self.zip.read(name)
        except (KeyError, zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
            raise CannotPatch(f"{part} in the workbook cannot be read; open it in Excel, save, and run again") from error

    def tree(self, part: str) -> Element:
        """A part as an XML tree."""
        return parse(self.read(part))

    def rels(self, part: str) -> list[Relation]:
        """The relationships of a part, none when it has none; "" is the package itself."""
        name = self.exact(rels_name(part))
        if name not in self:
            return []
        return [self._relation(part, entry) for entry in self.tree(name)]

    def _relation(self, part: str, entry: Element) -> Relation:
        external = entry.get("TargetMode") == "External"
        target = entry.get("Target", "")
        kind = entry.get("Type", "").rsplit("/", 1)[-1]
        return Relation(entry.get("Id", ""), kind, target if external else self.exact(resolve(part, target)), external)

    def office(self) -> str:
        """The name of the workbook part. Raises CannotPatch when there is none that we can work on."""
        office = next((rel.target for rel in self.rels("") if rel.kind == "officeDocument"), "xl/workbook.xml")
        if office.endswith(".bin"):
            raise CannotPatch("this is a binary workbook (.xlsb); save it as Excel Workbook (.xlsx)")
        if office not in self:
            raise CannotPatch("this is not an Excel workbook; save it as Excel Workbook (.xlsx)")
        return office

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the package and let it take the place of `path` in one rename; killed at any moment, the old file stands.

        Members that did not change are copied still compressed. Raises CannotPatch when the file is held open
        elsewhere, is read-only, or was saved by somebody while this one was being written.
        """
        target = Path(os.path.realpath(path))
        check_writable(target)
        try:
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=TEMPORARY_SUFFIX, dir=target.parent)
        except OSError as error:
            raise CannotPatch(f"nothing can be written in {target.parent} ({error.strerror})") from error
        try:
            with os.fdopen(handle, "w+b") as file:
                _hold(file.fileno())
                self._write(file)
                file.flush()
                os.fsync(file.fileno())
            self._finish(Path(name), target)
        except OSError as error:
            raise CannotPatch(_held_open(target, error)) from error
        finally:
            Path(name).unlink(missing_ok=True)

    def _write(self, file: Any) -> None:
        rest = dict(self.changed)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            for info in self.zip.infolist():
                if info.filename in rest:
                    _add(out, info.filename, rest.pop(info.filename))
                elif info.filename not in self.gone:
                    _copy_compressed(self.zip, info, out)
            for name, data in rest.items():
                _add(out, name, data)

    def _finish(self, temporary: Path, target: Path) -> None:
        now = self.path.stat()
        if target == self.path and (now.st_mtime_ns, now.st_size) != (self.seen.st_mtime_ns, self.seen.st_size):
            raise CannotPatch(f"{target.name} was saved by somebody while results were being written; run again")
        self.zip.close()  # Windows renames nothing onto a file that we hold open ourselves
        if target.exists():
            shutil.copymode(target, temporary)
        elif sys.platform != "win32":
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
        os.replace(temporary, target)
        if sys.platform != "win32":
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the rename itself must survive a power cut
            finally:
                os.close(folder)


def check_writable(target: Path) -> None:
    """Raises CannotPatch for a file marked read-only, whoever asks: a rename would replace it, and an administrator may write anything."""
    if target.exists() and (not os.access(target, os.W_OK) or not target.stat().st_mode & 0o222):
        raise CannotPatch(f"{target.name} is read-only; take the protection off")


def _open(path: Path) -> zipfile.ZipFile:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head == OLE_MAGIC:
                body = file.read(PART_LIMIT)
                if "EncryptedPackage".encode("utf-16-le") in body:
                    raise CannotPatch("the workbook is encrypted; save a copy without a password")
                raise CannotPatch("this is an old workbook (.xls); save it as Excel Workbook (.xlsx)")
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError) as error:
        raise CannotPatch("this is not an Excel workbook, or only a part of one; save it as Excel Workbook (.xlsx)") from error
    except OSError as error:
        raise CannotPatch(_held_open(path, error)) from error


def _held_open(path: Path, error: OSError) -> str:
    """What went wrong with a file, in words; Windows refuses to rename onto one that a program holds open."""
    if isinstance(error, PermissionError):
        holder = open_elsewhere(path)
        return f"{path.name} is open {holder or 'in another program'}; close it there and run again"
    if isinstance(error, FileNotFoundError):
        return f"{path.name} is not there"
    return f"{path.name} could not be read or written ({error.strerror or error})"


def _add(out: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # a fixed date: equal content gives equal bytes
    out.writestr(info, data, zipfile.ZIP_DEFLATED, compresslevel=6)


def _copy_compressed(source: zipfile.ZipFile, info: zipfile.ZipInfo, out: zipfile.ZipFile) -> None:
    """Copy a member without unpacking it: its bytes stay, and a large data sheet costs no time."""
    stream, target = source.fp, out.fp
    assert stream is not None and target is not None
    stream.seek(info.header_offset + 26)  # the local header's own lengths: its extra field may differ from the directory's
    name_length, extra_length = (int.from_bytes(stream.read(2), "little") for _ in range(2))
    stream.seek(info.header_offset + 30 + name_length + extra_length)
    new = copy.copy(info)
    new.flag_bits &= ~8  # sizes stand in the header, no data descriptor follows
    new.extra = b""
    new.header_offset = target.tell()
    target.write(new.FileHeader())
    left = info.compress_size
    while left > 0:
        block = stream.read(min(left, 2**20))
        if not block:
            raise CannotPatch("the workbook is cut off; get a whole copy of it")
        target.write(block)
        left -= len(block)
    out.start_dir = target.tell()
    out.filelist.append(new)
    out.NameToInfo[new.filename] = new
    out._didModify = True  # type: ignore[attr-defined]


# ---- other programs and earlier runs


def _hold(descriptor: int) -> None:
    """Lock our temporary file while we write it, so that another run does not take it for a stale one."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # a file system without locks: nobody else can find it unlocked either
            return


def remove_stale(path: str | os.PathLike[str]) -> list[Path]:
    """Delete the temporary files of runs of this workbook that were killed; returns what was deleted."""
    target = Path(os.path.realpath(path))
    removed = []
    for found in target.parent.glob(f".{_escape(target.name)}.*{TEMPORARY_SUFFIX}"):
        try:
            with found.open("rb") as file:
                if sys.platform != "win32":
                    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.unlink()
        except OSError:  # held by a run that is alive (Windows does not delete open files)
            continue
        removed.append(found)
    return removed


def _escape(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def open_elsewhere(path: str | os.PathLike[str]) -> str:
    """Who has the workbook open, by the lock files of Excel and LibreOffice: "in Excel by Ann", "" for nobody.

    Sources: Excel's owner file ~$NAME (length byte and name, 54 bytes; then the same in UTF-16), LibreOffice's
    .~lock.NAME# (comma-separated, the name first). A crash can leave one behind, so it is a warning, no refusal.
    """
    target = Path(path)
    for name in (f"~${target.name}", f"~${target.name[2:]}"):  # Excel cuts two letters off long names
        try:
            data = (target.parent / name).read_bytes()
        except OSError:
            continue
        who = data[1 : 1 + data[0]].decode("latin-1").strip("\x00 ") if data else ""
        return f"in Excel by {who}" if who.isprintable() and who else "in Excel"
    try:
        text = (target.parent / f".~lock.{target.name}#").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    who = next((part.strip() for part in text.strip(";\n").split(",")[:2] if part.strip()), "")
    return f"in LibreOffice by {who}" if who.isprintable() and who else "in LibreOffice"


def is_date_1904(path: str | os.PathLike[str]) -> bool:
    """Whether dates of the workbook count from 1904 (an old Mac setting) instead of 1900."""
    with Package(path) as package:
        return is_true(package.tree(package.office()).find(tag("workbookPr")), "date1904")


def descendants(root: Element, *names: str) -> Iterator[Element]:
    """All elements with one of the names, in document order."""
    return root.iter(*(tag(name) for name in names))
