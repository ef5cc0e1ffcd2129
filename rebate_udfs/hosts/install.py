"""Puts the add-in into Excel's start-up folder, set up for the Python that runs this, and takes it out again.

Excel loads what stands in its start-up folder, which it trusts: no setting has to be changed. On a Mac the script through
which Excel may start Python is installed too. Only an add-in that is recognised as ours is replaced or removed; what is
replaced is kept, and what was there before us is there again afterwards.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..assets import PACKAGE
from .build_xlam import CONFIGURATION, NAME, CannotBuild, xlam, xlwings_file, xlwings_version

WINDOWS, MAC = "win32", "darwin"
STARTUP = {
    WINDOWS: "Microsoft/Excel/XLSTART",  # below %APPDATA%
    MAC: "Library/Group Containers/UBF8T346G9.Office/User Content.localized/Startup.localized/Excel",
}
SCRIPTS = "Library/Application Scripts/com.microsoft.Excel"  # below the Mac's home folder
DLLS = ("xlwings64-{}.dll", "xlwings32-{}.dll")
BOTH_ADDINS = "Load only one of the two add-ins, this one or the web add-in: their functions have the same names."


class CannotInstall(Exception):
    """Nothing was changed: one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Whose Excel it is: the system, the person's folders, and the Python that is to compute."""

    platform: str = sys.platform
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    interpreter: Path = field(default_factory=lambda: Path(sys.executable))

    @property
    def startup(self) -> Path | None:
        """Excel's start-up folder, None where Excel does not run."""
        if self.platform == WINDOWS:
            roaming = self.environment.get("APPDATA")
            return (Path(roaming) if roaming else self.home / "AppData" / "Roaming") / STARTUP[WINDOWS]
        return self.home / STARTUP[MAC] if self.platform == MAC else None

    @property
    def script(self) -> Path | None:
        """The script through which Excel on a Mac starts Python."""
        return self.home / SCRIPTS / f"xlwings-{xlwings_version()}.applescript" if self.platform == MAC else None


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, or on a system without Excel is to be done: files, and sentences for the person."""

    done: bool
    files: tuple[Path, ...]
    messages: tuple[str, ...]


def install(machine: Machine | None = None) -> Report:
    """Build the add-in for a machine and put it where its Excel loads it; elsewhere say what to copy where.

    Raises CannotInstall when a file of that name is not ours or may not be written, CannotBuild without xlwings.
    """
    machine = machine or Machine()
    target = _target(machine)
    if target is None:
        return _elsewhere()
    content, before = xlam(configuration(machine)), target.exists()
    if before:
        _refuse_foreign(target)
    kept = [] if before or machine.script is None else _keep(machine.script, _of_others(machine.script))
    kept += _keep(target, _earlier(target)) if before and target.read_bytes() != content else []
    _put(target, content)
    files, messages = [target], [f"Installed {target}.", *kept, f"Its Python is {machine.interpreter}."]
    if machine.script is not None:
        _put(machine.script, xlwings_file(f"xlwings-{xlwings_version()}.applescript").encode())
        files.append(machine.script)
        messages.append("On a Mac it brings the ribbon; the functions come from the web add-in (rebates serve).")
    elif not _has_dll(machine.interpreter):
        messages.append(f"The DLL of xlwings is not beside {machine.interpreter}: install xlwings for that Python, then install again.")
    messages.append(BOTH_ADDINS)
    messages.append("Next: close Excel and start it again; the tab Rebates is on the right. Undo with: rebates addin uninstall")
    return Report(True, tuple(files), tuple(messages))


def uninstall(machine: Machine | None = None) -> Report:
    """Take out what `install` put there, and put back what it replaced of others. Raises CannotInstall when it is not ours or is in use."""
    machine = machine or Machine()
    target = _target(machine)
    if target is None:
        return Report(False, (), (f"On this system nothing was installed. Where you copied {NAME} to Excel, delete it from the start-up folder.",))
    if not target.is_file():
        return Report(True, (), (f"There is no {target}; nothing was changed.",))
    _refuse_foreign(target)
    _remove(target)
    _earlier(target).unlink(missing_ok=True)
    gone, messages = [target], [f"Removed {target}."]
    if machine.script is not None and machine.script.is_file():
        _remove(machine.script)
        gone.append(machine.script)
        messages.append(f"Removed {machine.script}.")
        if _of_others(machine.script).is_file():
            os.replace(_of_others(machine.script), machine.script)
            messages[-1] = f"Put back the {machine.script} that was there before."
    return Report(True, tuple(gone), (*messages, "Workbooks keep their figures; their formulas compute again once it is installed again."))


def _earlier(target: Path) -> Path:
    """Where an add-in of ours that is replaced is kept: not in the start-up folder, from which Excel opens everything."""
    return target.parent.parent / f"{NAME}.earlier"


def _of_others(script: Path) -> Path:
    """Where a script is kept that was there before us; another tool that uses xlwings may need it."""
    return script.with_name(f"{script.name}.before-rebates")


def _keep(file: Path, backup: Path) -> list[str]:
    """A copy of a file that will be replaced; returns the sentence for the person, if there is such a file."""
    if not file.is_file():
        return []
    _put(backup, file.read_bytes())
    return [f"The {file.name} that was there is kept as {backup}."]


def configuration(machine: Machine) -> dict[str, str]:
    """What the add-in's configuration sheet says of a machine: its Python, and where the package is if not installed there."""
    package = PACKAGE.parent
    installed = package.name in ("site-packages", "dist-packages")
    setting = "INTERPRETER_WIN" if machine.platform == WINDOWS else "INTERPRETER_MAC"
    return {setting: str(machine.interpreter), "PYTHONPATH": "" if installed else str(package)}


def _target(machine: Machine) -> Path | None:
    return machine.startup / NAME if machine.startup is not None else None


def _elsewhere() -> Report:
    windows, mac = STARTUP[WINDOWS].replace("/", "\\"), STARTUP[MAC]
    return Report(False, (), (
        "Excel does not run on this system; nothing was changed.",
        "On the computer with Excel, install this package and call: rebates addin install",
        f"Or build it here (rebates addin build) and copy {NAME} there: on Windows to %APPDATA%\\{windows}, on a Mac to ~/{mac}.",
        "A copied add-in starts the Python of the search path; its configuration sheet names another one.",
    ))  # fmt: skip


def _has_dll(interpreter: Path) -> bool:
    """Whether the DLL stands where the xlwings VBA looks: beside the interpreter, or one folder up."""
    names = [name.format(xlwings_version()) for name in DLLS]
    return any((folder / name).is_file() for folder in (interpreter.parent, interpreter.parent.parent) for name in names)


def _put(target: Path, content: bytes) -> None:
    """A file with this content, whole or not at all; made outside the start-up folder, from which Excel opens everything."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix="rebates-", dir=target.parent.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(temporary, target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CannotInstall(_in_use(target)) from error


def _remove(file: Path) -> None:
    try:
        file.unlink()
    except OSError as error:
        raise CannotInstall(_in_use(file)) from error


def _in_use(file: Path) -> str:
    return f"{file} may not be written: close Excel and try again."


def _refuse_foreign(file: Path) -> None:
    if not is_ours(file.read_bytes()):
        raise CannotInstall(f"{file} was not made by Rebates; move it away and try again.")


def is_ours(content: bytes) -> bool:
    """Whether a file is an add-in that this module made, of whatever version.

    >>> is_ours(b"text")
    False
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            book = package.read("xl/workbook.xml")
            return "xl/vbaProject.bin" in package.namelist() and f'name="{CONFIGURATION}"'.encode() in book
    except (zipfile.BadZipFile, KeyError):
        return False


__all__ = ["BOTH_ADDINS", "CannotBuild", "CannotInstall", "Machine", "Report", "configuration", "install", "is_ours", "uninstall"]
