"""A PostgreSQL server of a test's own, on loopback, thrown away afterwards: Debian's package, run as the user postgres."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import absent


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, or where Debian puts it, the newest version."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a running server; the test is skipped where PostgreSQL is not installed."""
    folder = programs()
    if folder is None:
        absent("PostgreSQL is not installed (Debian: postgresql)")
        return
    home = Path(tempfile.mkdtemp(prefix="rebates-pg-"))
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(home, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*command: object) -> None:
        done = subprocess.run([*as_postgres, *map(str, command)], capture_output=True, text=True, check=False, cwd=home)
        assert done.returncode == 0, done.stdout + done.stderr

    data = home / "data"
    call(folder / "initdb", "-D", data, "-U", "rebates", "--auth=trust", "--no-sync")
    call(folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", f"-h 127.0.0.1 -p {port} -k {home}", "start")
    try:
        yield f"postgresql://rebates@127.0.0.1:{port}/postgres"
    finally:
        call(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)
