"""The add-in goes into Excel's start-up folder and out again, and nothing of anybody else is touched: folders of this test's own."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path

import pytest
from conftest import absent
from typer.testing import CliRunner

from rebate_udfs import cli_addin
from rebate_udfs.hosts import install as installer
from rebate_udfs.hosts.install import CannotInstall, Machine, install, uninstall


@pytest.fixture(autouse=True)
def needs_xlwings() -> None:
    if importlib.util.find_spec("xlwings") is None:
        absent("xlwings is not installed")


def windows(folder: Path) -> Machine:
    roaming = folder / "AppData" / "Roaming"
    return Machine("win32", folder, {"APPDATA": str(roaming)}, Path("C:/Python/python.exe"))


def mac(folder: Path) -> Machine:
    return Machine("darwin", folder, {}, Path("/opt/python/bin/python3"))


def configuration(file: Path) -> str:
    with zipfile.ZipFile(file) as package:
        return package.read("xl/worksheets/sheet1.xml").decode()


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_windows_gets_it_in_xlstart_with_its_python(tmp_path: Path):
    report = install(windows(tmp_path))
    target = tmp_path / "AppData/Roaming/Microsoft/Excel/XLSTART/rebates.xlam"
    assert report.done and report.files == (target,)
    assert everything(tmp_path) == [target.relative_to(tmp_path).as_posix()]  # nothing else: Excel opens every file there
    assert "python.exe" in configuration(target) and str(installer.PACKAGE.parent) in configuration(target)
    said = " ".join(report.messages)
    assert str(target) in said and "start it again" in said and "rebates addin uninstall" in said and "same names" in said
    assert "DLL of xlwings is not beside" in said


def test_the_dll_beside_the_python_is_found(tmp_path: Path):
    python = tmp_path / "env" / "Scripts" / "python.exe"
    python.parent.mkdir(parents=True)
    (tmp_path / "env" / f"xlwings64-{installer.xlwings_version()}.dll").write_bytes(b"")
    machine = Machine("win32", tmp_path, {"APPDATA": str(tmp_path / "roaming")}, python)
    assert not [message for message in install(machine).messages if "DLL" in message]


def test_without_appdata_the_folder_is_the_usual_one(tmp_path: Path):
    machine = Machine("win32", tmp_path, {}, Path("python.exe"))
    assert install(machine).files[0] == tmp_path / "AppData" / "Roaming" / "Microsoft/Excel/XLSTART/rebates.xlam"


def test_a_mac_gets_the_ribbon_and_the_script_that_starts_python(tmp_path: Path):
    report = install(mac(tmp_path))
    target = tmp_path / "Library/Group Containers/UBF8T346G9.Office/User Content.localized/Startup.localized/Excel/rebates.xlam"
    script = tmp_path / f"Library/Application Scripts/com.microsoft.Excel/xlwings-{installer.xlwings_version()}.applescript"
    assert report.files == (target, script) and "VbaHandler" in script.read_text(encoding="utf-8")
    assert "INTERPRETER_MAC" in configuration(target) and "/opt/python/bin/python3" in configuration(target)
    assert any("functions come from the web add-in" in message for message in report.messages)


@pytest.mark.parametrize("machine", [windows, mac])
def test_it_can_be_undone_and_done_again(tmp_path: Path, machine):
    install(machine(tmp_path))
    first = {name: (tmp_path / name).read_bytes() for name in everything(tmp_path)}
    install(machine(tmp_path))
    assert {name: (tmp_path / name).read_bytes() for name in everything(tmp_path)} == first
    report = uninstall(machine(tmp_path))
    assert report.done and everything(tmp_path) == [] and len(report.files) == len(first)
    again = uninstall(machine(tmp_path))
    assert again.done and not again.files and "nothing was changed" in again.messages[0]


@pytest.mark.parametrize("machine", [windows, mac])
def test_an_earlier_version_is_kept_beside_the_start_up_folder_and_goes_with_the_new_one(tmp_path: Path, machine):
    report = install(machine(tmp_path))
    target = report.files[0]
    earlier = installer.xlam({"INTERPRETER_WIN": "an older Python"})
    target.write_bytes(earlier)
    said = " ".join(install(machine(tmp_path)).messages)
    kept = target.parent.parent / "rebates.xlam.earlier"
    assert str(kept) in said and kept.read_bytes() == earlier and target.read_bytes() != earlier
    assert {file.name for file in target.parent.iterdir()} == {"rebates.xlam"}, "Excel opens every file there"
    uninstall(machine(tmp_path))
    assert everything(tmp_path) == []


def test_a_script_of_another_tool_is_there_again_afterwards(tmp_path: Path):
    script = tmp_path / f"Library/Application Scripts/com.microsoft.Excel/xlwings-{installer.xlwings_version()}.applescript"
    script.parent.mkdir(parents=True)
    for theirs in (b"a script of theirs", installer.xlwings_file(script.name).encode()):
        script.write_bytes(theirs)
        assert "is kept as" in " ".join(install(mac(tmp_path)).messages)
        install(mac(tmp_path))  # a second time it is ours that is replaced
        assert script.read_bytes() != b"a script of theirs"
        report = uninstall(mac(tmp_path))
        assert script.read_bytes() == theirs and any("Put back" in message for message in report.messages)
        assert everything(tmp_path) == [script.relative_to(tmp_path).as_posix()]


def test_a_file_of_somebody_else_stays(tmp_path: Path):
    target = tmp_path / "AppData/Roaming/Microsoft/Excel/XLSTART/rebates.xlam"
    target.parent.mkdir(parents=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
    for content in (b"mine", packed.getvalue()):
        target.write_bytes(content)
        for change in (install, uninstall):
            with pytest.raises(CannotInstall, match="was not made by Rebates"):
                change(windows(tmp_path))
        assert target.read_bytes() == content


def test_an_excel_that_is_open_is_named_and_leaves_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def locked(*_: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(installer.os, "replace", locked)
    with pytest.raises(CannotInstall, match="close Excel and try again"):
        install(windows(tmp_path))
    assert everything(tmp_path) == []


def test_elsewhere_it_says_what_to_copy_where(tmp_path: Path):
    machine = Machine("linux", tmp_path, {}, Path("/usr/bin/python3"))
    report = install(machine)
    said = " ".join(report.messages)
    assert not report.done and not report.files and everything(tmp_path) == []
    assert "%APPDATA%\\Microsoft\\Excel\\XLSTART" in said and "Startup.localized/Excel" in said
    assert not uninstall(machine).done


def test_the_manifest_is_printed_for_an_address(tmp_path: Path):
    done = CliRunner().invoke(cli_addin.app, ["manifest", "--url", "https://rebates.example.com", "--out", str(tmp_path / "m.xml")])
    assert done.exit_code == 0, done.output
    assert "https://rebates.example.com" in (tmp_path / "m.xml").read_text(encoding="utf-8")


def test_the_command_builds_both_addins(tmp_path: Path):
    done = CliRunner().invoke(cli_addin.app, ["build", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert "rebates.xlam" in names
    if importlib.util.find_spec("rebate_udfs.hosts.build_calc"):
        assert "rebates.oxt" in names
    assert "rebates addin install" in done.output
