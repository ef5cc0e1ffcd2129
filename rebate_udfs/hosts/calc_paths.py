"""Where LibreOffice's Python finds the packages that Rebates needs, and what to say when it does not.

The extension carries Rebates itself, but not compiled packages such as duckdb: those belong to one version of Python and
one system. They are looked for in what LibreOffice's Python has, in the folders of the environment variable
REBATES_PYTHONPATH, and in those listed in a settings file. Imports nothing but the standard library, and runs on any Python
that LibreOffice may bring, for this is what speaks when everything else is missing.
"""

from __future__ import annotations

import importlib.util
import os
import site
import sys
from pathlib import Path

VARIABLE = "REBATES_PYTHONPATH"
SETTINGS_FILE = "calc-pythonpath.txt"  # one folder a line
OLDEST_PYTHON = (3, 11)
PACKAGES = (  # import name, name to install
    ("pydantic", "pydantic"),
    ("narwhals", "narwhals"),
    ("duckdb", "duckdb"),
    ("pyarrow", "pyarrow"),
    ("python_calamine", "python-calamine"),
    ("xlsxwriter", "XlsxWriter"),
    ("lxml", "lxml"),
)
NAMES = {"sqlalchemy": "SQLAlchemy", "yaml": "PyYAML"}  # of commands only: module, name to install where it is another


def settings_folder() -> Path:
    """Where Rebates keeps what it should remember for this person on this system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "rebates"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "rebates"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "rebates"


def settings_file() -> Path:
    """The file that lists folders with packages, one a line."""
    return settings_folder() / SETTINGS_FILE


def packages_in(folder: Path) -> Path:
    """The folder with packages: of a virtual environment its site-packages, else the folder itself."""
    if not (folder / "pyvenv.cfg").is_file():
        return folder
    if sys.platform == "win32":
        return folder / "Lib" / "site-packages"
    return folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def folders() -> list[Path]:
    """The folders that were named, the environment variable's first."""
    named = [one for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one.strip()]
    file = settings_file()
    if file.is_file():
        named += [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    return [packages_in(Path(one).expanduser()) for one in named]


def remember(folder: Path) -> Path:
    """Write a folder with packages into the settings file, in place of what stood there; returns the file."""
    file = settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{folder}\n", encoding="utf-8")
    return file


def prepare() -> None:
    """Let imports find the named folders before the system's packages, which are often older, and after our own."""
    for folder in reversed(folders()):
        if not folder.is_dir() or str(folder) in sys.path:
            continue
        before = list(sys.path)
        site.addsitedir(str(folder))  # also what .pth files in it name
        added = [one for one in sys.path if one not in before]
        own = 1 if before and before[0].endswith("pythonpath") else 0
        sys.path[:] = before[:own] + added + before[own:]


def missing() -> list[str]:
    """The packages, by the name to install, that imports do not find."""
    return [name for module, name in PACKAGES if importlib.util.find_spec(module) is None]


def complaint(lacking: str = "") -> str:
    """What keeps Rebates from running in this LibreOffice and what to do about it; empty when nothing does.

    `lacking` is a module that a command did not find, beside those without which nothing runs.
    """
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return f"Rebates needs Python {wanted} or later; this LibreOffice brings {version}. Install a newer LibreOffice."
    absent = missing()
    if lacking:
        absent.append(NAMES.get(lacking.partition(".")[0], lacking))
    if not absent:
        return ""
    lost = [str(folder) for folder in folders() if not folder.is_dir()]
    gone = f" (named, but not there: {', '.join(lost)})" if lost else ""
    return (
        f"Rebates needs packages that LibreOffice's Python {version} does not find: {', '.join(absent)}{gone}.\n\n"
        f"1. Make an environment with Python {version}: python{version} -m venv rebates-packages\n"
        "2. Install into it: rebates-packages/bin/pip install rebate-udfs (Windows: rebates-packages\\Scripts\\pip)\n"
        f"3. Write its folder into {settings_file()} (or into the environment variable {VARIABLE})\n"
        "4. Start LibreOffice again"
    )
