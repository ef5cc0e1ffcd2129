"""Builds `rebates.oxt`, the extension that LibreOffice Calc installs: functions with help, menu, toolbar, and our package.

Everything in it is written from the registry or copied from the package; two builds are equal byte for byte, on every
system. It is pure Python: duckdb and the other compiled packages stay outside (see calc_paths). Source of the formats:
the LibreOffice Developer's Guide, chapters Extensions, Spreadsheet Add-Ins and Add-Ons.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ..assets import PACKAGE, asset
from ..registry import ACTIONS, FUNCTIONS, Argument, Function
from ..version import VERSION
from .calc_types import camel, idl, methods, type_library
from .vba_ribbon import GROUPS, LAST_GROUP

NAME = "rebates.oxt"
IDENTIFIER = "org.rebates.calc"
FUNCTION_SERVICE = f"{IDENTIFIER}.RebateFunctions"
PROTOCOL = f"{IDENTIFIER}:"
OLDEST_LIBREOFFICE = "7.4"
TITLE = "Rebates"
COMPONENT = "rebates.py"
TYPES = "rebates.rdb"
TEMPLATE, PROFILES = "workbook_templates/rebates.xlsx", "examples/import_profiles"
SEPARATOR = "private:separator"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # equal content gives equal bytes
SPREADSHEETS = "com.sun.star.sheet.SpreadsheetDocument"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONFIGURATION = "application/vnd.sun.star.configuration-data"
CONFIGURATION_FILES = ("CalcAddIns.xcu", "Addons.xcu", "ProtocolHandler.xcu", "Jobs.xcu", "CalcWindowState.xcu")
JOBS = {"Opened": "OnLoad", "Saved": "OnSaveAsDone"}
TOOLBAR = f"{IDENTIFIER}.toolbar"
TOOLBAR_ROW = 5  # below those of Calc


def build_calc(out_dir: Path) -> Path:
    """Write the extension into a folder, which is made where it is missing; returns the file."""
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / NAME
    with zipfile.ZipFile(target, "w") as package:
        for name, data in sorted(parts().items()):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.create_system, info.external_attr = 3, 0o644 << 16  # else the system that builds it shows
            package.writestr(info, data, zipfile.ZIP_STORED)  # what compresses differs from system to system
    return target


def parts() -> dict[str, bytes]:
    """Every file of the extension by its name in it."""
    texts = {
        "META-INF/manifest.xml": manifest(),
        "description.xml": description(),
        "description/description.txt": "Rebate programs in LibreOffice Calc: functions for cells, and a menu that checks, computes and explains.\n",
        "CalcAddIns.xcu": function_help(FUNCTIONS.values()),
        "Addons.xcu": menus(),
        "ProtocolHandler.xcu": protocol_handler(),
        "Jobs.xcu": jobs(),
        "CalcWindowState.xcu": toolbar_state(),
        "functions.json": json.dumps({camel(name): name for name in FUNCTIONS}, indent=1) + "\n",
        "XRebateFunctions.idl": idl(methods()),
    }
    found = {name: text.encode() for name, text in texts.items()}
    found[TYPES] = type_library(methods())
    found[COMPONENT] = _source(asset("addin/calc") / COMPONENT)
    found["icons/rebates.png"] = asset("addin/desktop/icons/rebates.png").read_bytes()
    for file in PACKAGE.rglob("*.py"):
        inside = file.relative_to(PACKAGE)
        if inside.parts[0] != "_assets":
            found[f"pythonpath/rebate_udfs/{inside.as_posix()}"] = _source(file)
    found[f"pythonpath/rebate_udfs/_assets/{TEMPLATE}"] = asset(TEMPLATE).read_bytes()
    for file in asset(PROFILES).glob("*.yaml"):
        found[f"pythonpath/rebate_udfs/_assets/{PROFILES}/{file.name}"] = _source(file)
    return found


def _source(file: Path) -> bytes:
    """A source file with the line ends that every system reads."""
    return file.read_bytes().replace(b"\r\n", b"\n")


def manifest() -> str:
    """Which file is what, for the extension manager."""
    entries = [
        (TYPES, "application/vnd.sun.star.uno-typelibrary;type=RDB"),
        (COMPONENT, "application/vnd.sun.star.uno-component;type=Python"),
        *((name, CONFIGURATION) for name in CONFIGURATION_FILES),
    ]
    lines = "".join(f'  <manifest:file-entry manifest:media-type="{kind}" manifest:full-path="{name}"/>\n' for name, kind in entries)
    return f'{HEAD}<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n{lines}</manifest:manifest>\n'


def description() -> str:
    """What the extension manager shows: name, version, icon, and the oldest LibreOffice it runs in."""
    return f"""{HEAD}<description xmlns="http://openoffice.org/extensions/description/2006" xmlns:xlink="http://www.w3.org/1999/xlink">
  <identifier value="{IDENTIFIER}"/>
  <version value="{VERSION}"/>
  <display-name><name lang="en">{TITLE}</name></display-name>
  <dependencies>
    <l:LibreOffice-minimal-version xmlns:l="http://libreoffice.org/extensions/description/2011"
      xmlns:d="http://openoffice.org/extensions/description/2006" value="{OLDEST_LIBREOFFICE}" d:name="LibreOffice {OLDEST_LIBREOFFICE}"/>
  </dependencies>
  <icon><default xlink:href="icons/rebates.png"/></icon>
  <extension-description><src lang="en" xlink:href="description/description.txt"/></extension-description>
</description>
"""


# ---- configuration


def _data(name: str, package: str, body: str) -> str:
    spaces = 'xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    return f'{HEAD}<oor:component-data {spaces} oor:name="{name}" oor:package="{package}">\n{body}</oor:component-data>\n'


def _node(name: str, inner: str, *, new: bool = True) -> str:
    operation = ' oor:op="replace"' if new else ""
    return f"<node oor:name={quoteattr(name)}{operation}>{inner}</node>\n"


def _prop(name: str, value: str, *, spoken: bool = False) -> str:
    language = ' xml:lang="en-US"' if spoken else ""
    return f'<prop oor:name="{name}" oor:type="xs:string"><value{language}>{escape(value)}</value></prop>'


def _typed(name: str, kind: str, value: str) -> str:
    return f'<prop oor:name="{name}" oor:type="xs:{kind}"><value>{value}</value></prop>'


def function_help(functions: Iterable[Function]) -> str:
    """Names, help and argument help of the function wizard, and the name by which Excel's files know each function."""
    described = "".join(_node(camel(function.name), _function(function)) for function in functions)
    service = _node(FUNCTION_SERVICE, _node("AddInFunctions", described, new=False))
    return _data("CalcAddIns", "org.openoffice.Office", _node("AddInInfo", service, new=False))


def _function(function: Function) -> str:
    arguments = "".join(
        _node(camel(one.name), _prop("DisplayName", one.name, spoken=True) + _prop("Description", argument_help(one), spoken=True))
        for one in function.arguments
    )
    return (
        _prop("DisplayName", function.name, spoken=True)
        + _prop("Description", function.summary, spoken=True)
        + _prop("Category", "Add-In")
        + _prop("CompatibilityName", function.name, spoken=True)
        + _node("Parameters", arguments, new=False)
    )


def argument_help(argument: Argument) -> str:
    """An argument's help; Calc calls every argument optional, so the help says which are not.

    >>> argument_help(Argument("places", "number", "Decimal places."))
    'Required. Decimal places.'
    """
    return f"Required. {argument.help}" if argument.required else argument.help


def groups() -> dict[str, list[str]]:
    """The actions as the ribbon of Excel parts them; one that stands in none is in the group that helps to understand."""
    named = {name for names in GROUPS.values() for name in names}
    found = {group: [name for name in names if name in ACTIONS] for group, names in GROUPS.items()}
    found[LAST_GROUP] += [name for name in ACTIONS if name not in named]
    return {group: names for group, names in found.items() if names}


def menus() -> str:
    """The menu Rebates and the toolbar Rebates, both in groups with a line between them, shown in spreadsheets only."""
    popup = _prop("Title", TITLE, spoken=True) + _prop("Context", SPREADSHEETS) + _node("Submenu", _entries(), new=False)
    body = _node("OfficeMenuBar", _node(f"{IDENTIFIER}.menu", popup), new=False) + _node("OfficeToolBar", _node(TOOLBAR, _entries()), new=False)
    return _data("Addons", "org.openoffice.Office", _node("AddonUI", body, new=False))


def _entries() -> str:
    """All actions in their order. LibreOffice orders entries by the length of their names, then by the alphabet: so all are of one length."""
    entries: list[str] = []
    for names in groups().values():
        if entries:
            entries.append(_prop("URL", SEPARATOR))
        entries += map(_command, names)
    return "".join(_node(f"e{at:02}", entry) for at, entry in enumerate(entries))


def _command(name: str) -> str:
    label = ACTIONS[name].label
    return _prop("URL", PROTOCOL + name) + _prop("Title", label, spoken=True) + _prop("Target", "_self") + _prop("Context", SPREADSHEETS)


def toolbar_state() -> str:
    """The toolbar's name, and its place until a person moves it: below Calc's own."""
    bar = (
        _prop("UIName", TITLE, spoken=True)
        + _typed("Docked", "boolean", "true")
        + _typed("Visible", "boolean", "true")
        + _typed("DockingArea", "int", "0")
        + _prop("DockPos", f"0,{TOOLBAR_ROW}")
        + _typed("Style", "int", "1")  # words, no pictures
    )
    state = _node(f"private:resource/toolbar/addon_{TOOLBAR}", bar)
    return _data("CalcWindowState", "org.openoffice.Office.UI", _node("UIElements", _node("States", state, new=False), new=False))


def protocol_handler() -> str:
    """Who answers the menu's commands."""
    patterns = f'<prop oor:name="Protocols" oor:type="oor:string-list"><value>{PROTOCOL}*</value></prop>'
    return _data("ProtocolHandler", "org.openoffice.Office", _node("HandlerSet", _node(f"{IDENTIFIER}.Actions", patterns), new=False))


def jobs() -> str:
    """What runs when a document is opened, and when it is saved under another name."""
    services = "".join(_node(name, _prop("Service", f"{IDENTIFIER}.{name}")) for name in JOBS)
    events = "".join(_node(event, _node("JobList", _node(name, ""), new=False)) for name, event in JOBS.items())
    return _data("Jobs", "org.openoffice.Office", _node("Jobs", services, new=False) + _node("Events", events, new=False))
