"""Cell formats of one workbook into another: appended, never renumbered, equal ones used again.

Without that a re-run would swell the user's file a little each time, and a renumbered format would change cells
that are not ours. Source: ECMA-376 part 1, 18.8 (styles).
"""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from ..package import SHEET_NS, tag

STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
GROUPS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors", "extLst")
FIRST_OWN_FORMAT = 164  # number formats below are built in
MINIMAL_STYLES = f"""<styleSheet xmlns="{SHEET_NS}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf xfId="0"/></cellXfs></styleSheet>""".encode()
Element = Any


def merge_styles(user: Element, ours: Element) -> tuple[list[int], list[int]]:
    """Append the formats of `ours` to the style sheet `user`, in place.

    Returns for each of our cell formats, and for each of our formats of rules and tables, its number in `user`.
    Number 0 stays the user's Normal.
    """
    numbers = _number_formats(user, ours)
    indexes = {
        attribute: _append(user, name, _children(ours, name))
        for attribute, name in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders"))
    }
    cells = []
    for original in _children(ours, "cellXfs"):
        cell = copy.deepcopy(original)
        cell.set("xfId", "0")
        cell.set("numFmtId", numbers.get(cell.get("numFmtId"), cell.get("numFmtId", "0")))
        for attribute, index in indexes.items():
            cell.set(attribute, str(index[int(cell.get(attribute, 0))]))
        cells.append(cell)
    rules = [copy.deepcopy(rule) for rule in _children(ours, "dxfs")]
    for rule in rules:
        for number in rule.iter(tag("numFmt")):
            number.set("numFmtId", numbers.get(number.get("numFmtId"), number.get("numFmtId")))
    return [0, *_append(user, "cellXfs", cells[1:])], _append(user, "dxfs", rules)


def _children(root: Element, name: str) -> list[Element]:
    group = root.find(tag(name))
    return [] if group is None else [child for child in group if isinstance(child.tag, str)]


def _group(root: Element, name: str) -> Element:
    """The group of that name, made in its place when it is missing (their order is fixed by the schema)."""
    group = root.find(tag(name))
    if group is None:
        group = root.makeelement(tag(name))
        later = [found for after in GROUPS[GROUPS.index(name) + 1 :] if (found := root.find(tag(after))) is not None]
        if later:
            later[0].addprevious(group)
        else:
            root.append(group)
    return group


def _key(element: Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def _append(user: Element, name: str, elements: list[Element]) -> list[int]:
    """The numbers of `elements` in the user's group, equal ones found, others appended."""
    if not elements:
        return []
    group = _group(user, name)
    have: dict[bytes, int] = {}
    for index, element in enumerate(_children(user, name)):
        have.setdefault(_key(element), index)
    count, numbers = len(_children(user, name)), []
    for element in elements:
        key = _key(element)
        if key not in have:
            have[key] = count
            count += 1
            group.append(copy.deepcopy(element))
        numbers.append(have[key])
    group.set("count", str(count))
    return numbers


def _number_formats(user: Element, ours: Element) -> dict[str, str]:
    """Our number formats by their id there; codes that the user has already keep the user's id."""
    codes = {child.get("formatCode"): int(child.get("numFmtId")) for child in _children(user, "numFmts")}
    numbers = {}
    for child in _children(ours, "numFmts"):
        code = child.get("formatCode")
        if code not in codes:
            codes[code] = max([FIRST_OWN_FORMAT - 1, *codes.values()]) + 1
            group = _group(user, "numFmts")
            group.append(group.makeelement(tag("numFmt"), {"numFmtId": str(codes[code]), "formatCode": code}))
            group.set("count", str(len(group)))
        numbers[child.get("numFmtId")] = str(codes[code])
    return numbers
