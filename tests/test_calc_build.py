"""The extension for LibreOffice as a file: what is in it, that it follows the registry, and that two builds are equal."""

from __future__ import annotations

import itertools
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import absent, require_soffice

from rebate_udfs.hosts import calc, calc_paths, calc_types
from rebate_udfs.hosts.build_calc import PROTOCOL, SEPARATOR, build_calc, groups, parts
from rebate_udfs.registry import ACTIONS, FUNCTIONS

NAME = "{http://openoffice.org/2001/registry}name"
PACKAGE = Path(__file__).parents[1] / "rebate_udfs"


def test_two_builds_are_equal_byte_for_byte(tmp_path: Path):
    first, second = build_calc(tmp_path / "a"), build_calc(tmp_path / "b")
    assert first.name == "rebates.oxt"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as package:
        names = package.namelist()
        assert names == sorted(names)
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_holds_our_package_as_it_is_and_nothing_compiled():
    found = parts()
    for file in PACKAGE.rglob("*.py"):
        inside = f"pythonpath/rebate_udfs/{file.relative_to(PACKAGE).as_posix()}"
        assert found[inside].decode() == file.read_text(encoding="utf-8"), inside
    assert not [name for name in found if re.search(r"\.(pyc|so|pyd|dll)$|tests/", name)]


def test_every_file_of_the_manifest_is_there_and_every_description_is_xml():
    found = parts()
    manifest = ElementTree.fromstring(found["META-INF/manifest.xml"])
    listed = {value for entry in manifest for key, value in entry.attrib.items() if key.endswith("full-path")}
    assert listed <= found.keys()
    assert {name for name in found if name.endswith((".xcu", ".rdb"))} <= listed
    for name in found:
        if name.endswith((".xml", ".xcu")):
            assert ElementTree.fromstring(found[name]) is not None
    linked = re.findall(r'xlink:href="([^"]+)"', found["description.xml"].decode())
    assert linked and set(linked) <= found.keys()


def test_every_function_is_described_with_its_arguments_in_order():
    tree = ElementTree.fromstring(parts()["CalcAddIns.xcu"])
    described = {
        node.get(NAME): node for node in tree.iter("node") if node.find("prop[@{http://openoffice.org/2001/registry}name='Category']") is not None
    }
    assert list(described) == [calc_types.camel(name) for name in FUNCTIONS]
    for name, function in FUNCTIONS.items():
        node = described[calc_types.camel(name)]
        values = {prop.get(NAME): prop.findtext("value") for prop in node.findall("prop")}
        assert values["DisplayName"] == values["CompatibilityName"] == name
        assert values["Description"] == function.summary
        arguments = [one.get(NAME) for one in node.findall("node/node")]
        assert arguments == [calc_types.camel(argument.name) for argument in function.arguments]


def test_names_hold_no_underscore_and_the_library_follows_the_registry():
    methods = {method.name: method for method in calc_types.methods()}
    assert len(methods) == len(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        method = methods[calc_types.camel(name)]
        visible = [argument for _, argument in method.arguments if argument != calc_types.CALLER]
        assert visible == [calc_types.camel(argument.name) for argument in function.arguments]
        assert "_" not in method.name + "".join(visible)
    tables = [kind for kind, _ in methods["rebateBook"].arguments]
    assert tables[1:6] == [calc_types.CELL_RANGE] * 5  # a required table may hold an error cell
    assert set(tables[6:]) == {calc_types.ANY}


def test_the_type_library_is_what_the_compiler_of_libreoffice_writes(tmp_path: Path):
    program = Path(require_soffice()).resolve().parent
    compiler = program.parent / "sdk" / "bin" / "unoidl-write"
    if not compiler.is_file():
        absent("unoidl-write (libreoffice-dev) is not installed")
    source, target = tmp_path / "types.idl", tmp_path / "types.rdb"
    source.write_bytes(parts()["XRebateFunctions.idl"])
    known = [str(program / "types.rdb"), str(program / "types" / "offapi.rdb")]
    subprocess.run(["timeout", "-k", "5", "60", str(compiler), *known, str(source), str(target)], check=True, capture_output=True)
    compiled = target.read_bytes()
    remark = re.search(rb"\*\* Created by (.*?) \*\*", compiled)
    assert remark is not None
    assert calc_types.type_library(calc_types.methods(), remark[1].decode()) == compiled


def test_menu_and_toolbar_name_commands_of_the_registry():
    addons = parts()["Addons.xcu"].decode()
    urls = set(re.findall(rf"{re.escape(PROTOCOL)}(\w+)", addons))
    assert urls == set(ACTIONS)
    assert sorted(name for names in groups().values() for name in names) == sorted(ACTIONS), "each once, in a group"
    for action in ACTIONS.values():
        assert f">{action.label}<" in addons


def test_menu_and_toolbar_stand_in_the_order_of_the_ribbon():
    """LibreOffice orders entries by the length of their names before the alphabet."""
    addons = ElementTree.fromstring(parts()["Addons.xcu"])
    for place in ("Submenu", f"{PROTOCOL.removesuffix(':')}.toolbar"):
        (holder,) = (node for node in addons.iter("node") if node.get(NAME) == place)
        entries = [(node.get(NAME), node.findtext("prop/value")) for node in holder]
        shown = [url for _, url in sorted(entries, key=lambda entry: (len(entry[0]), entry[0]))]
        wanted = [[f"{PROTOCOL}{name}" for name in names] for names in groups().values()]
        assert [list(part) for line, part in itertools.groupby(shown, lambda url: url == SEPARATOR) if not line] == wanted
    state = parts()["CalcWindowState.xcu"].decode()
    assert "addon_org.rebates.calc.toolbar" in state and ">Rebates<" in state, "else LibreOffice calls it Add-On 1 and lets it float"


def test_errors_are_numbers_with_the_code_of_calc():
    for code, number in (("#VALUE!", 519), ("#NUM!", 503), ("#N/A", 32767)):
        bits = struct.unpack("<Q", struct.pack("<d", calc.error_number(code)))[0]
        assert bits & 0xFFFF == number
        assert calc.error_number(code) != calc.error_number(code)  # not a number


# ---- where packages are


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Settings of a person of the test's own."""
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "settings"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv(calc_paths.VARIABLE, raising=False)
    return tmp_path


def test_folders_come_from_the_environment_then_from_the_settings_file(settings: Path, monkeypatch: pytest.MonkeyPatch):
    assert calc_paths.folders() == []
    file = calc_paths.remember(settings / "packages")
    assert file == calc_paths.settings_file()
    monkeypatch.setenv(calc_paths.VARIABLE, str(settings / "first"))
    assert calc_paths.folders() == [settings / "first", settings / "packages"]


def test_an_environment_means_its_packages(settings: Path):
    made = settings / "venv"
    made.mkdir()
    (made / "pyvenv.cfg").write_text("", encoding="utf-8")
    calc_paths.remember(made)
    (found,) = calc_paths.folders()
    assert found.name == "site-packages" and found.is_relative_to(made)


def test_named_folders_are_searched_before_the_system_and_after_our_own(settings: Path, monkeypatch: pytest.MonkeyPatch):
    packages = settings / "packages"
    packages.mkdir()
    (packages / "only_here.py").write_text("", encoding="utf-8")
    calc_paths.remember(packages)
    own = str(settings / "pythonpath")
    monkeypatch.setattr(sys, "path", [own, *sys.path])
    calc_paths.prepare()
    assert sys.path[:2] == [own, str(packages)]


def test_what_is_missing_is_named_with_what_to_do(settings: Path, monkeypatch: pytest.MonkeyPatch):
    assert calc_paths.complaint() == ""
    monkeypatch.setattr(calc_paths, "PACKAGES", (("no_such_package", "no-such-package"),))
    calc_paths.remember(settings / "gone")
    said = calc_paths.complaint()
    assert "no-such-package" in said and str(settings / "gone") in said
    assert "pip install rebate-udfs" in said and str(calc_paths.settings_file()) in said
    monkeypatch.setattr(calc_paths, "OLDEST_PYTHON", (99, 0))
    assert "Python 99.0 or later" in calc_paths.complaint()
