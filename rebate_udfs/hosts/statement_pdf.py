"""PDFs by LibreOffice: many workbooks a call, apart from the user's own LibreOffice, ended when it takes too long.

The same workbook gives the same bytes with the same LibreOffice: the moment of printing is replaced by the day of the statement.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

from ..model import Refused

NAMES = ("soffice", "libreoffice", "soffice.com")
PLACES = (
    "/usr/bin/soffice", "/usr/lib/libreoffice/program/soffice", "/opt/libreoffice/program/soffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice", r"C:\Program Files\LibreOffice\program\soffice.com",
)  # fmt: skip
INSTALL = (
    "PDFs are printed by LibreOffice, which was not found: install it (libreoffice.org; Debian and Ubuntu: apt install libreoffice-calc), "
    "put soffice on the path, or leave --pdf out."
)
AT_ONCE = 25  # workbooks that one call prints
START_SECONDS, SECONDS_EACH = 90, 20
CLEARED = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")  # LibreOffice brings a Python of its own
FILTER = 'pdf:calc_pdf_Export:{"ExportBookmarks":{"type":"boolean","value":"false"}}'
MOMENT = re.compile(rb"/CreationDate\(D:\d{14}(?:Z|[+-]\d\d)'?(?:\d\d')?\)")
MARKS = re.compile(rb"(?<=/ID \[ <)[0-9A-F]{32}|(?<=>\n<)[0-9A-F]{32}(?=> \])|(?<=/DocChecksum /)[0-9A-F]{32}")


def soffice() -> str:
    """Where LibreOffice is. Raises Refused with what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    found = found or next((place for place in PLACES if Path(place).is_file()), None)
    if found is None:
        raise Refused(INSTALL)
    return found


def printed(
    workbooks: Sequence[Path], days: Sequence[date], program: str, jobs: int = 1, progress: Callable[[int], object] | None = None
) -> list[bytes]:
    """The pages of workbooks as PDFs, in their order; `days` are what the PDFs say as their day of creation.

    `jobs` is how many LibreOffices print at once. Raises Refused where one fails or takes too long.
    """
    size = max(1, min(AT_ONCE, -(-len(workbooks) // jobs)))
    chunks = [workbooks[at : at + size] for at in range(0, len(workbooks), size)]
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        found: list[bytes] = []
        for pages in pool.map(lambda chunk: _print(chunk, program), chunks):
            found += pages
            if progress:
                progress(len(found))
    return [steady(content, day) for content, day in zip(found, days, strict=True)]


def _print(workbooks: Sequence[Path], program: str) -> list[bytes]:
    """One call of LibreOffice with a profile of its own, which goes with it."""
    with tempfile.TemporaryDirectory(prefix="rebates-pdf-") as folder:
        profile, out = Path(folder) / "profile", Path(folder) / "out"
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck", "--convert-to", FILTER,
                   "--outdir", str(out), *map(str, workbooks)]  # fmt: skip
        said = _run(command, START_SECONDS + SECONDS_EACH * len(workbooks))
        made = [out / f"{path.stem}.pdf" for path in workbooks]
        if missing := [path.stem for path in made if not path.is_file()]:
            raise Refused(f"LibreOffice printed {len(made) - len(missing)} of {len(made)} statements as PDF ({said or 'it gave no reason'}). {AGAIN}")
        return [path.read_bytes() for path in made]


AGAIN = "The workbooks are there; run it again for the PDFs, or leave --pdf out."


def _run(command: Sequence[str], seconds: float) -> str:
    """Run it in a process group of its own, so that nothing of it is left when it ends or is ended; gives its last words."""
    environment = {name: value for name, value in os.environ.items() if name not in CLEARED}
    if active := os.environ.get("VIRTUAL_ENV"):
        environment["PATH"] = os.pathsep.join(part for part in environment.get("PATH", "").split(os.pathsep) if not part.startswith(active))
    started = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, start_new_session=True
    )
    try:
        output, _ = started.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Refused(f"LibreOffice did not print within {seconds:.0f} seconds and was ended. {AGAIN}") from error
    finally:
        _end(started)
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _end(started: subprocess.Popen[bytes]) -> None:
    """End what is left of a process and of its children."""
    if sys.platform == "win32":
        if started.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(started.pid)], capture_output=True, check=False)
    else:
        try:
            os.killpg(started.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # all of it has ended
            return
    started.wait()


def steady(content: bytes, day: date) -> bytes:
    """The PDF without the moment of printing: its date is the statement's, its marks follow from its content."""
    dated = MOMENT.sub(lambda found: f"/CreationDate(D:{day:%Y%m%d}000000Z')".encode().ljust(len(found.group())), content)
    bare = MARKS.sub(b"0" * 32, dated)
    mark = sha256(bare).hexdigest()[:32].upper().encode()
    return MARKS.sub(mark, dated)
