"""What the benchmarks share: the time of the best of several tries, and the memory that a piece of work adds to a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MEGABYTE = 1024


def peak_and_now() -> tuple[int, int]:
    """The most and the present resident memory of this process in kilobytes (Linux)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(lines["VmHWM"].split()[0]), int(lines["VmRSS"].split()[0])


def seconds(work: Callable[[], object], tries: int = 1) -> tuple[float, Any]:
    """The time of the fastest of several tries, and what the last one gave."""
    best, result = float("inf"), None
    for _ in range(tries):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return best, result


def measured(work: Callable[[], object], tries: int = 1) -> dict[str, Any]:
    """Seconds and added peak memory of a piece of work in this process, which should be fresh."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak of imports
    before = peak_and_now()[1]
    best, result = seconds(work, tries)
    return {"seconds": best, "added_mb": (peak_and_now()[0] - before) / MEGABYTE, "result": result}


def in_fresh_process(script: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Run a script that prints one JSON object as its last line, in a process of its own."""
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(script).name} {' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])
