"""Result sheets into somebody's workbook: the sheets of a scratch book are moved over, part by part.

XlsxWriter makes the scratch book. Parts of the user's book that change, and why:

    [Content_Types].xml, xl/_rels/workbook.xml.rels   new parts must be declared
    xl/workbook.xml    <sheet>; a hidden name by which we know our sheets again; recalculation on opening, since
                       stored results of formulas that look at our sheets are stale
    xl/styles.xml      formats are appended and equal ones used again; none is renumbered
    xl/calcChain.xml   dropped: an entry for a cell without a formula is a repair prompt; Excel builds it anew

Not touched: shared strings (our text is inline), other sheets, tables, charts, pivots, slicers, comments,
pictures, macros, custom XML.
"""

from __future__ import annotations

import copy
import os
import posixpath
import re
from typing import Any

from ..package import CONTENT_TYPES, OFFICE_NS, RELS_NS, TYPES_NS, CannotPatch, Package, descendants, dump, is_true, parse, rels_name, resolve, tag
from .styles import MINIMAL_STYLES, STYLES_TYPE, merge_styles

MARK = "_rebates_result"  # hidden, sheet-scoped: Excel keeps names when it saves, but renames parts
PREFIX = "rebates_"  # of our part names, so that they never meet the user's
STRICT_NS = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
OWN_KINDS = {"drawing", "chart", "table", "chartStyle", "chartColorStyle", "chartUserShapes", "printerSettings", "hyperlink", "image"}
WORDS = {
    "pivotTable": "a pivot table",
    "comments": "a comment",
    "threadedComment": "a comment",
    "vmlDrawing": "a comment or a form control",
    "slicer": "a slicer",
    "oleObject": "an embedded object",
}
DEFAULT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "vml": "application/vnd.openxmlformats-officedocument.vmlDrawing"}
# XlsxWriter's own spelling of rows, cells and shared strings: the scratch book is always its work
CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"(?: s="([0-9]+)")?(?: t="s"><v>([0-9]+)</v></c>)?')
ROW_FORMAT = re.compile(rb'(<row r="[0-9]+"[^>]*?) s="([0-9]+)"')
STRING = re.compile(rb"<si>(.*?)</si>", re.DOTALL)
Element = Any


def patch(user_path: str | os.PathLike[str], scratch_path: str | os.PathLike[str], out_path: str | os.PathLike[str] | None = None) -> None:
    """Move every sheet of the scratch book into the user's book; a sheet of ours with the same name is replaced in its place.

    Writes to `out_path`, else to the user's file, in one rename. Raises CannotPatch, with the file as it was, for a
    workbook that is signed, encrypted, protected in its structure or Strict Open XML, that has a sheet of the
    same name which is not ours, or where a pivot, comment or slicer of the user's stands on a sheet of ours.
    """
    with Package(user_path) as user, Package(scratch_path) as scratch:
        _Patch(user, scratch).run()
        user.save(out_path or user_path)


class _Patch:
    """One patch under way: the trees of the user's book that change, and what was moved."""

    def __init__(self, user: Package, scratch: Package) -> None:
        self.user, self.scratch = user, scratch
        self.office = user.office()
        refuse(user, self.office)
        self.book = user.tree(self.office)
        if is_true(self.book.find(tag("workbookProtection")), "lockStructure"):
            raise CannotPatch("the structure of the workbook is protected; take the protection off (Review, Protect Workbook) and run again")
        self.rels_part = user.exact(rels_name(self.office))
        self.relations, self.types = user.tree(self.rels_part), user.tree(CONTENT_TYPES)
        self.sheets = self.book.find(tag("sheets"))
        self.names = _names(self.book)
        self.part_of = {rel.identifier: rel.target for rel in user.rels(self.office)}
        self.scratch_types = {entry.get("PartName"): entry.get("ContentType") for entry in scratch.tree(CONTENT_TYPES) if entry.get("PartName")}
        self.scratch_book = scratch.tree("xl/workbook.xml")
        self.moved: dict[str, str] = {}

    def run(self) -> None:
        if is_true(self.book.find(tag("workbookPr")), "date1904") != is_true(self.scratch_book.find(tag("workbookPr")), "date1904"):
            raise CannotPatch("the result sheets must count dates as the workbook does (date_1904)")
        places = self._places()
        for place in places.values():
            if place is not None:
                self._drop_sheet(place)
        self.taken = {name.lower() for name in self.user.zip.namelist() if name not in self.user.gone}
        self.table_ids, self.table_names = self._tables()
        self._styles()
        self.strings = self._strings()
        targets = {rel.identifier: rel.target for rel in self.scratch.rels("xl/workbook.xml")}
        for number, sheet in enumerate(self.scratch_book.find(tag("sheets"))):
            part = targets[sheet.get(tag("id", OFFICE_NS))]
            new, found = self._move(part), places[sheet.get("name")]
            place = self._append(sheet.get("name"), new) if found is None else self._replace(found, new)
            self._mark(place).text = str(_drawn(self.scratch, part))
            self._name(number, place)
        self._finish()

    def _places(self) -> dict[str, int | None]:
        """Where each scratch sheet goes: over the sheet of ours that has its name, else (None) behind the last."""
        position = {sheet.get("name").casefold(): index for index, sheet in enumerate(self.sheets)}
        ours = {int(name.get("localSheetId", -1)) for name in self.names if name.get("name") == MARK}
        places = {}
        for sheet in self.scratch_book.find(tag("sheets")):
            place = position.get(sheet.get("name").casefold())
            if place is not None and place not in ours:
                raise CannotPatch(f"there is already a sheet {sheet.get('name')!r} that was not made by a calculation; rename it and run again")
            places[sheet.get("name")] = place
        return places

    def _drop_sheet(self, place: int) -> None:
        part = self.part_of[self.sheets[place].get(tag("id", OFFICE_NS))]
        if _drawn(self.user, part) > int(self._mark(place).text or 0):
            raise CannotPatch(
                f"you have put a chart or a picture on the sheet {self.sheets[place].get('name')!r}, which is written anew; "
                "move it to a sheet of your own and run again"
            )
        self._drop(part)

    def _mark(self, place: int) -> Element:
        """The hidden name of a sheet of ours; its value is how many charts and pictures we put there."""
        return next(name for name in self.names if name.get("name") == MARK and name.get("localSheetId") == str(place))

    def _drop(self, part: str) -> None:
        """Leave out a part of ours and what only it uses; what a user put on it is a refusal, never a loss."""
        for rel in self.user.rels(part):
            if rel.kind not in OWN_KINDS:
                what = WORDS.get(rel.kind, f"something ({rel.kind})")
                raise CannotPatch(f"you have put {what} on a result sheet, which is written anew; move it to a sheet of your own and run again")
            if not rel.external and "/media/" not in rel.target:
                self._drop(rel.target)
        for name in (part, rels_name(part)):
            if self.user.exact(name) in self.user.zip.NameToInfo:
                self.user.gone.add(self.user.exact(name))
        for entry in self.types.findall(tag("Override", TYPES_NS)):
            if entry.get("PartName", "").lower() == "/" + part.lower():
                self.types.remove(entry)

    def _tables(self) -> tuple[set[int], set[str]]:
        """Ids and names of the tables that stay, and the defined names: a table of ours may have none of them."""
        ids, names = {0}, {name.get("name", "").casefold() for name in self.names}
        for name in self.user.zip.namelist():
            if "/tables/" in name and name.endswith(".xml") and name not in self.user.gone:
                root = self.user.tree(name)
                ids.add(int(root.get("id", 0)))
                names.add((root.get("displayName") or root.get("name") or "").casefold())
        return ids, names

    def _styles(self) -> None:
        part = next((rel.target for rel in self.user.rels(self.office) if rel.kind == "styles"), "")
        if part not in self.user:  # a workbook need not have one
            part = posixpath.join(posixpath.dirname(self.office), "styles.xml")
            self.user.changed[part] = MINIMAL_STYLES
            self._relate("styles", part)
            self._declare(part, STYLES_TYPE)
        root = self.user.tree(part)
        self.formats, self.rules = merge_styles(root, self.scratch.tree("xl/styles.xml"))
        self.user.changed[part] = dump(root)

    def _strings(self) -> list[bytes]:
        if "xl/sharedStrings.xml" not in self.scratch:
            return []
        return STRING.findall(self.scratch.read("xl/sharedStrings.xml"))

    def _move(self, part: str) -> str:
        """Copy a scratch part and what it uses under a new name, which is returned."""
        if part in self.moved:
            return self.moved[part]
        new = self.moved[part] = self._fresh(part)
        data = self.scratch.read(part)
        if "/worksheets/" in part:
            data = self._sheet(data)
        elif "/tables/" in part:
            data = self._table(data)
        self.user.changed[new] = data
        if rels_name(part) in self.scratch:
            root = self.scratch.tree(rels_name(part))
            for entry in root:
                if entry.get("TargetMode") != "External":
                    entry.set("Target", "/" + self._move(resolve(part, entry.get("Target"))))
            self.user.changed[rels_name(new)] = dump(root)
        if "/" + part in self.scratch_types:
            self._declare(new, self.scratch_types["/" + part])
        return new

    def _fresh(self, part: str) -> str:
        folder, base = posixpath.split(part)
        name, count = posixpath.join(folder, PREFIX + base), 1
        while name.lower() in self.taken:
            count += 1
            name = posixpath.join(folder, f"{PREFIX}{count}_{base}")
        self.taken.add(name.lower())
        return name

    def _sheet(self, data: bytes) -> bytes:
        """A sheet with the user's format numbers and its text inline; its cells as bytes, since there may be many."""
        before, opened, rest = data.partition(b"<sheetData>")
        cells, closed, after = rest.partition(b"</sheetData>")
        root = parse(before + b"<sheetData/>" + after if opened else data)
        for column in descendants(root, "col"):
            if column.get("style"):
                column.set("style", str(self.formats[int(column.get("style"))]))
        for rule in descendants(root, "cfRule"):
            if rule.get("dxfId"):
                rule.set("dxfId", str(self.rules[int(rule.get("dxfId"))]))
        for view in descendants(root, "sheetView"):
            view.attrib.pop("tabSelected", None)  # two selected sheets are a group: typing would hit both
        rows = ROW_FORMAT.sub(lambda found: b'%s s="%d"' % (found[1], self.formats[int(found[2])]), CELL.sub(self._cell, cells))
        return dump(root).replace(b"<sheetData/>", opened + rows + closed, 1) if opened else dump(root)

    def _cell(self, found: re.Match[bytes]) -> bytes:
        place, number, text = found.groups()
        style = b' s="%d"' % self.formats[int(number)] if number else b""
        if text is None:
            return b'<c r="%s"%s' % (place, style)
        return b'<c r="%s"%s t="inlineStr"><is>%s</is></c>' % (place, style, self.strings[int(text)])

    def _table(self, data: bytes) -> bytes:
        root = parse(data)
        name = root.get("displayName", "")
        if name.casefold() in self.table_names:
            raise CannotPatch(
                f"the workbook has a table or a name {name!r} of its own, perhaps on a result sheet that was renamed; "
                "rename that table (Table Design) and run again"
            )
        self.table_names.add(name.casefold())
        number = max(self.table_ids) + 1
        self.table_ids.add(number)
        root.set("id", str(number))
        for column in descendants(root, "tableColumn"):
            for attribute in ("dataDxfId", "headerRowDxfId", "totalsRowDxfId"):
                if column.get(attribute):
                    column.set(attribute, str(self.rules[int(column.get(attribute))]))
        return dump(root)

    def _append(self, name: str, part: str) -> int:
        """Ours go last, so that no number of a sheet that names are scoped to moves."""
        identifier = self._relate("worksheet", part)
        number = max((int(sheet.get("sheetId")) for sheet in self.sheets), default=0) + 1
        entry = self.sheets.makeelement(tag("sheet"), {"name": name, "sheetId": str(number), tag("id", OFFICE_NS): identifier})
        self.sheets.append(entry)
        place = len(self.sheets) - 1
        mark = self.names.makeelement(tag("definedName"), {"name": MARK, "localSheetId": str(place), "hidden": "1"})
        self.names.append(mark)
        return place

    def _replace(self, place: int, part: str) -> int:
        identifier = self.sheets[place].get(tag("id", OFFICE_NS))
        next(entry for entry in self.relations if entry.get("Id") == identifier).set("Target", "/" + part)
        return place

    def _name(self, number: int, place: int) -> None:
        """Print titles, print area and filter travel with their sheet."""
        for name in [name for name in self.names if name.get("localSheetId") == str(place) and name.get("name", "").startswith("_xlnm.")]:
            self.names.remove(name)
        for name in reversed(list(descendants(self.scratch_book, "definedName"))):
            if name.get("localSheetId") == str(number):
                moved = copy.deepcopy(name)
                moved.set("localSheetId", str(place))
                self._mark(place).addnext(moved)  # always there, so that equal runs give equal bytes

    def _relate(self, kind: str, part: str) -> str:
        used = {entry.get("Id") for entry in self.relations}
        identifier = next(name for count in range(1, len(used) + 2) if (name := f"rIdRebates{count}") not in used)
        attributes = {"Id": identifier, "Type": f"{OFFICE_NS}/{kind}", "Target": "/" + part}
        self.relations.append(self.relations.makeelement(tag("Relationship", RELS_NS), attributes))
        return identifier

    def _declare(self, part: str, content_type: str) -> None:
        attributes = {"PartName": "/" + part, "ContentType": content_type}
        self.types.append(self.types.makeelement(tag("Override", TYPES_NS), attributes))

    def _finish(self) -> None:
        for entry in [entry for entry in self.relations if entry.get("Type", "").endswith("/calcChain")]:
            self._drop(self.user.exact(resolve(self.office, entry.get("Target"))))
            self.relations.remove(entry)
        calculation = self.book.find(tag("calcPr"))
        if calculation is None:
            calculation = self.book.makeelement(tag("calcPr"))
            self.names.addnext(calculation)
        calculation.set("fullCalcOnLoad", "1")
        declared = {entry.get("Extension", "").lower() for entry in self.types}
        for extension, content_type in DEFAULT_TYPES.items():
            if extension not in declared and any(name.endswith("." + extension) for name in self.user.changed):
                attributes = {"Extension": extension, "ContentType": content_type}
                self.types.insert(0, self.types.makeelement(tag("Default", TYPES_NS), attributes))
        self.user.changed |= {self.office: dump(self.book), self.rels_part: dump(self.relations), self.user.exact(CONTENT_TYPES): dump(self.types)}


def _drawn(package: Package, part: str) -> int:
    """How many charts, pictures and shapes stand on a sheet."""
    drawings = [rel.target for rel in package.rels(part) if rel.kind == "drawing" and not rel.external]
    return sum(sum(1 for child in package.tree(drawing) if str(child.tag).endswith("Anchor")) for drawing in drawings)


def refuse(user: Package, office: str) -> None:
    """Raise CannotPatch for a workbook that no part of may be changed: signed, or Strict Open XML."""
    if any(name.lower().startswith("_xmlsignatures/") for name in user.zip.namelist()):
        raise CannotPatch("the workbook is signed, and a change would break the signature; save a copy without it or give another file with --out")
    if STRICT_NS in user.read(office)[:4000]:
        raise CannotPatch("the workbook is saved as Strict Open XML; save it as Excel Workbook (.xlsx)")


def _names(book: Element) -> Element:
    """The <definedNames> of a workbook, made in its place when there are none (their order is fixed by the schema)."""
    names = book.find(tag("definedNames"))
    if names is None:
        names = book.makeelement(tag("definedNames"))
        before = [found for name in ("sheets", "functionGroups", "externalReferences") for found in book.findall(tag(name))]
        before[-1].addnext(names)
    return names
