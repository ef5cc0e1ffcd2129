"""What tests share: the data beside the repository, LibreOffice, and the rule that continuous integration skips nothing by accident."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
REQUIRE_ALL = os.environ.get("REBATES_REQUIRE_ALL", "") not in ("", "0")  # set by .ci/run
SOFFICE_SECONDS = 180
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def absent(what: str) -> None:
    """Skip with a reason; where REBATES_REQUIRE_ALL is set, fail: there nothing may be missing."""
    if REQUIRE_ALL:
        pytest.fail(f"{what}, and REBATES_REQUIRE_ALL is set")
    pytest.skip(what)


def require_program(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    for name in names:
        if found := shutil.which(name):
            return found
    absent(f"{' or '.join(names)} is not installed")
    raise AssertionError("not reached")


def require_soffice() -> str:
    """The path of LibreOffice, headless."""
    return require_program("soffice", "libreoffice")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published cases and sample data beside the repository; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with the published cases is not here")
    return SHARED


@pytest.fixture(scope="session")
def office_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LibreOffice profile of this test session's own, told to compute every formula anew instead of trusting the saved values."""
    profile = tmp_path_factory.mktemp("office")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, encoding="utf-8")
    return profile


@pytest.fixture
def recalculated(office_profile: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function: `recalculated(path, to="xlsx")` gives the workbook as LibreOffice computes and saves it, or its pages as "pdf"."""
    soffice = require_soffice()

    def convert(path: Path, to: str = "xlsx") -> Path:
        folder = tmp_path / f"recalculated_{to}"
        folder.mkdir(exist_ok=True)
        command = [soffice, f"-env:UserInstallation=file://{office_profile}", "--headless", "--convert-to", to, "--outdir", str(folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SOFFICE_SECONDS, check=False)
        made = folder / f"{path.stem}.{to.split(':')[0]}"
        assert made.is_file(), f"LibreOffice could not convert {path.name}: {done.stdout}{done.stderr}"
        return made

    return convert
