"""The cache behind handles: nobody else's, nothing broken, nothing for ever, and shared by processes without a quarrel."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebate_udfs import cache
from rebate_udfs.cache import Disk, Memory, address

ME, YOU = b"m" * 32, b"y" * 32
SECONDS = 60
posix = pytest.mark.skipif(sys.platform == "win32", reason="permission bits are POSIX")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "cache")


def files(disk: Disk) -> list[Path]:
    return sorted(path for path in disk.folder.iterdir() if path.suffix == cache.ENDING)


def test_what_was_written_is_read_by_the_next_process(disk: Disk) -> None:
    disk.write(ME, "table:1", b"content")
    assert Disk(disk.folder).read(ME, "table:1") == b"content"
    assert disk.read(ME, "table:2") is None


def test_another_secret_finds_nothing(disk: Disk) -> None:
    disk.write(ME, "table:1", b"content")
    assert disk.read(YOU, "table:1") is None
    assert address(ME, "x") != address(YOU, "x") != address(YOU, "y")
    assert all("table" not in path.name for path in files(disk)), "a file name says nothing about its content"


def test_another_schema_or_version_is_a_miss(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.write(ME, "table:1", b"content")
    monkeypatch.setattr(cache, "SCHEMA", cache.SCHEMA + 1)
    assert disk.read(ME, "table:1") is None
    monkeypatch.undo()
    monkeypatch.setattr(cache, "VERSION", "99.0")
    assert disk.read(ME, "table:1") is None


@pytest.mark.parametrize("damage", [b"", b"short", None, "flip", "swap"])
def test_a_broken_file_is_a_miss_and_is_written_anew(disk: Disk, damage: bytes | str | None) -> None:
    disk.write(ME, "table:1", b"one" * 1000)
    (path,) = files(disk)
    whole = path.read_bytes()
    if damage == "flip":
        damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    elif damage == "swap":  # a good file in another one's place
        disk.write(ME, "table:2", b"two")
        damaged = next(other for other in files(disk) if other != path).read_bytes()
    else:
        damaged = whole[:100] if damage is None else damage
    assert not isinstance(damaged, str)
    path.write_bytes(damaged)
    assert disk.read(ME, "table:1") is None
    disk.write(ME, "table:1", b"one" * 1000)
    assert disk.read(ME, "table:1") == b"one" * 1000


@posix
def test_only_its_owner_may_look_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o755)
    disk = Disk(folder)
    disk.write(ME, "table:1", b"content")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(files(disk)[0].stat().st_mode) == 0o600
    disk.own_secret()
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "cache", limit=3 * (100 + cache.SEAL_SIZE))
    for number, name in enumerate(("a", "b", "c")):
        disk.write(ME, name, name.encode() * 100)
        os.utime(disk.folder / f"{address(ME, name)}{cache.ENDING}", (number, number))
    assert disk.read(ME, "a") is not None, "a is used now, so b is the oldest"
    disk.write(ME, "d", b"d" * 100)
    assert [name for name in "abcd" if disk.read(ME, name) is not None] == ["a", "c", "d"]


def test_what_a_dead_process_left_is_swept_up(disk: Disk) -> None:
    old, young = disk.folder / f"old{cache.UNFINISHED}", disk.folder / f"young{cache.UNFINISHED}"
    for path, age in ((old, cache.STALE_SECONDS + 60), (young, 0)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    disk.tidy()
    assert not old.exists() and young.exists()


def test_without_a_folder_everything_is_a_miss_and_nothing_fails(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    disk = Disk(blocked / "cache")
    disk.write(ME, "table:1", b"content")
    assert disk.read(ME, "table:1") is None
    assert len(disk.own_secret()) == cache.SECRET_SIZE


def test_the_secret_stays_and_is_one_persons(tmp_path: Path) -> None:
    mine, again, other = Disk(tmp_path / "a").own_secret(), Disk(tmp_path / "a").own_secret(), Disk(tmp_path / "b").own_secret()
    assert mine == again != other and len(mine) == cache.SECRET_SIZE


def test_half_a_secret_is_replaced(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "cache")
    (disk.folder / "secret").write_bytes(b"half")
    assert len(disk.own_secret()) == cache.SECRET_SIZE
    assert disk.own_secret() == Disk(disk.folder).own_secret()


IN_A_PROCESS = """
import sys
from rebate_udfs.cache import Disk
disk, good = Disk(sys.argv[1], limit=20_000), True
secret = disk.own_secret()
for turn in range(60):
    name = f"table:{turn % 7}"
    disk.write(secret, name, name.encode() * 200)
    good = good and disk.read(secret, name) in (name.encode() * 200, None)
print(secret.hex(), good)
"""


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    command, root = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / "cache")], str(Path(__file__).parents[1])
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}) for _ in range(3)]
    found = [one.communicate(timeout=SECONDS)[0].split() for one in started]
    assert len({secret for secret, _ in found}) == 1, "the first one's secret is everybody's"
    assert all(good == "True" for _, good in found)
    assert not list((tmp_path / "cache").glob(f"*{cache.UNFINISHED}"))


def test_memory_keeps_what_was_used_last() -> None:
    memory: Memory[int] = Memory(2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)
    assert memory.get_or_make("d", lambda: 4) == 4 == memory.get("d")


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REBATES_CACHE", str(tmp_path / "mine"))
    assert cache.default_folder() == tmp_path / "mine"
    monkeypatch.delenv("REBATES_CACHE")
    assert "rebates" in cache.default_folder().parts
