"""Builds `rebates.xlam`, the add-in that Excel on the desktop loads: functions with help, ribbon, configuration. No Excel needed.

    python -m rebate_udfs.hosts.build_xlam DIR          builds it into a folder
    python -m rebate_udfs.hosts.build_xlam --write      writes the generated files under macros/ and addin/desktop/ anew

Nothing is compressed by the system's own library and no time is written, so two builds are equal byte for byte, on every
system. The xlwings module is read from the installed xlwings, with its notices, since it names that version's DLL.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from xml.sax.saxutils import escape

from ..assets import PACKAGE, asset
from . import vba_functions, vba_ribbon
from .vba_project import CLASS, MODULE, SHEET, WORKBOOK, Module, vba_project

NAME = "rebates.xlam"
PROJECT = "Rebates"
CONFIGURATION = "rebates.conf"  # the sheet that xlwings reads, named after its PROJECT_NAME
STATIC = ("RebatesActions", "RebatesCalls", "RebatesDialogs", "RebatesPython")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_NS = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RIBBON_RELATION = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
PROJECT_RELATION = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
SHEET_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# What we change in the xlwings module. A workbook from somebody else must not choose which program is started: xlwings looks
# for a configuration sheet in the active workbook, and for a file beside it, before it looks into the add-in.
CHANGES = (
    ('PROJECT_NAME As String = "myaddin"', 'PROJECT_NAME As String = "rebates"'),
    (
        'If SheetExists(ActiveWorkbook, PROJECT_NAME & ".conf") = True Then',
        "If False Then 'Rebates: a workbook does not configure the add-in",
    ),
    (
        'If source = "" Or source = "directory" Then',
        "If False Then 'Rebates: nor does a file beside a workbook",
    ),
)


class CannotBuild(Exception):
    """The add-in cannot be built: one sentence that says why and what to do."""


def build_xlam(out_dir: Path, configuration: Mapping[str, str] | None = None) -> Path:
    """Write the add-in into a folder, which is made where it is missing; returns the file.

    `configuration` is for the person's machine (see `default_configuration`). Raises CannotBuild without xlwings.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / NAME
    target.write_bytes(xlam(configuration))
    return target


def xlam(configuration: Mapping[str, str] | None = None) -> bytes:
    """The add-in as bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        for name, data in parts({**default_configuration(), **(configuration or {})}).items():
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.create_system, info.external_attr = 3, 0o644 << 16  # else the system that builds it shows
            package.writestr(info, data)
    return packed.getvalue()


def default_configuration() -> dict[str, str]:
    """What the configuration sheet says where nobody has installed the add-in: the Python of the search path.

    One Python process serves cells and buttons (USE UDF SERVER), and never imports from a workbook's folder.
    """
    return {
        "INTERPRETER_WIN": "python",
        "INTERPRETER_MAC": "python3",
        "PYTHONPATH": "",
        "ADD_WORKBOOK_TO_PYTHONPATH": "False",
        "USE UDF SERVER": "True",
        "SHOW CONSOLE": "False",
    }


def modules() -> list[Module]:
    """Every module of the VBA project, in the order in which the editor lists them."""
    return [
        Module("ThisWorkbook", WORKBOOK, _macro("ThisWorkbook.cls")),
        Module("Configuration", SHEET, ""),
        Module("Dictionary", CLASS, xlwings_file("addin/Dictionary.cls")),  # used by the xlwings module on a Mac
        *(Module(name, MODULE, _macro(f"{name}.bas")) for name in STATIC),
        *(Module(name, MODULE, text) for name, text in generated_modules().items()),
        Module("xlwings", MODULE, xlwings_module()),
    ]


def generated_modules() -> dict[str, str]:
    """The modules that are written from the registry, by name."""
    return {
        vba_functions.FUNCTIONS_MODULE: vba_functions.functions_module(),
        vba_functions.HELP_MODULE: vba_functions.help_module(),
        vba_ribbon.RIBBON_MODULE: vba_ribbon.ribbon_module(),
    }


def generated_files() -> dict[str, str]:
    """Every file of the repository that is written from the registry, by its path."""
    return {f"macros/{name}.bas": text for name, text in generated_modules().items()} | {"addin/desktop/ribbon.xml": vba_ribbon.ribbon()}


def _macro(name: str) -> str:
    return asset(f"macros/{name}").read_text(encoding="utf-8")


def xlwings_module() -> str:
    """The VBA of the installed xlwings for add-ins, with our project name and without configuration by workbooks."""
    text = xlwings_file("xlwings_custom_addin.bas")
    for before, after in CHANGES:
        if text.count(before) != 1:
            raise CannotBuild(f"xlwings {xlwings_version()} is not known to Rebates ({before!r} is not in it once); install another version.")
        text = text.replace(before, after)
    return text


def xlwings_file(name: str) -> str:
    """A text file of the installed xlwings. Raises CannotBuild where it is not installed."""
    try:
        found = next((one for one in files("xlwings") or () if one.as_posix() == f"xlwings/{name}"), None)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise CannotBuild('xlwings is not installed for this Python; install it with: pip install "rebate-udfs[desktop]"')
    return Path(str(found.locate())).read_text(encoding="utf-8")


def xlwings_version() -> str:
    """The version of the installed xlwings."""
    return version("xlwings")


# ---- the package around the project


def parts(configuration: Mapping[str, str]) -> dict[str, bytes]:
    """Every part of the add-in by its name."""
    relations = [
        ("officeDocument", f"{OFFICE}/officeDocument", "xl/workbook.xml"),
        ("ribbon", RIBBON_RELATION, "customUI/customUI14.xml"),
    ]
    workbook_relations = [
        ("sheet", f"{OFFICE}/worksheet", "worksheets/sheet1.xml"),
        ("styles", f"{OFFICE}/styles", "styles.xml"),
        ("project", PROJECT_RELATION, "vbaProject.bin"),
    ]
    texts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations(relations),
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr codeName="ThisWorkbook"/>'
        '<bookViews><workbookView visibility="hidden"/></bookViews>'
        f'<sheets><sheet name="{CONFIGURATION}" sheetId="1" r:id="sheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(workbook_relations),
        "xl/worksheets/sheet1.xml": _sheet(configuration),
        "xl/styles.xml": _styles(),
        "customUI/customUI14.xml": vba_ribbon.ribbon(),
        "customUI/_rels/customUI14.xml.rels": _relations([(vba_ribbon.OWN_PICTURE, f"{OFFICE}/image", "images/rebates.png")]),
    }
    data = {name: text.encode() for name, text in texts.items()}
    data["customUI/images/rebates.png"] = asset("addin/desktop/icons/rebates.png").read_bytes()
    try:
        data["xl/vbaProject.bin"] = vba_project(PROJECT, modules())
    except ValueError as error:
        raise CannotBuild(str(error)) from error
    return data


def _content_types() -> str:
    overrides = {
        "/xl/workbook.xml": "application/vnd.ms-excel.addin.macroEnabled.main+xml",
        "/xl/worksheets/sheet1.xml": f"{SHEET_TYPES}.worksheet+xml",
        "/xl/styles.xml": f"{SHEET_TYPES}.styles+xml",
    }
    defaults = {
        "bin": "application/vnd.ms-office.vbaProject",
        "png": "image/png",
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "xml": "application/xml",
    }
    lines = "".join(f'<Default Extension="{ending}" ContentType="{kind}"/>' for ending, kind in defaults.items())
    lines += "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return f'{HEAD}<Types xmlns="{PACKAGE_NS}/content-types">{lines}</Types>'


def _relations(relations: list[tuple[str, str, str]]) -> str:
    lines = "".join(f'<Relationship Id="{name}" Type="{kind}" Target="{target}"/>' for name, kind, target in relations)
    return f'{HEAD}<Relationships xmlns="{PACKAGE_NS}/relationships">{lines}</Relationships>'


def _sheet(configuration: Mapping[str, str]) -> str:
    """The configuration: names in column A, values in column B, all of them text."""
    rows = "".join(
        f'<row r="{number}">{_text(f"A{number}", name)}{_text(f"B{number}", value)}</row>'
        for number, (name, value) in enumerate(configuration.items(), start=1)
    )
    width = '<cols><col min="1" max="1" width="32" customWidth="1"/><col min="2" max="2" width="80" customWidth="1"/></cols>'
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetPr codeName="Configuration"/>{width}<sheetData>{rows}</sheetData></worksheet>'


def _text(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else ""


def _styles() -> str:
    fills = '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    return (
        f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        f'<fills count="2">{fills}</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="1"><xf xfId="0"/></cellXfs></styleSheet>'
    )


def main(arguments: list[str]) -> int:
    """The command of this module; returns its exit status."""
    if arguments == ["--write"]:
        for path, text in generated_files().items():
            (PACKAGE.parent / path).write_text(text, encoding="utf-8", newline="\n")
            print(path)
        return 0
    if len(arguments) != 1:
        print(__doc__)
        return 2
    print(build_xlam(Path(arguments[0])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
