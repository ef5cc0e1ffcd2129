"""What `pip install .` brings: the package with the folders beside it, found in the wheel as in the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rebate_udfs.assets import FOLDERS, asset

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        package.extractall(folder / "site")
    return folder / "site"


def test_every_file_of_the_folders_beside_the_package_travels(unpacked: Path):
    tracked = subprocess.run(["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    names = tracked or [path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert names
    assert [name for name in names if not (unpacked / "rebate_udfs" / "_assets" / name).is_file()] == []


def test_the_installed_command_finds_them(unpacked: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    code = "from rebate_udfs.assets import asset; print(asset('examples'))"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == unpacked / "rebate_udfs" / "_assets" / "examples"
    told = subprocess.run(
        [sys.executable, "-m", "rebate_udfs.cli", "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("rebates ")
    entry = next(unpacked.glob("*.dist-info")) / "entry_points.txt"
    assert "rebates = rebate_udfs.__main__:main" in entry.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["../secrets", "docs/x", "", "examples/../pyproject.toml"])
def test_nothing_else_is_an_asset(path: str):
    with pytest.raises(ValueError, match="is not in"):
        asset(path)


def test_a_missing_asset_says_what_to_do():
    with pytest.raises(FileNotFoundError, match="install rebate-udfs again"):
        asset("examples/no-such-file")
