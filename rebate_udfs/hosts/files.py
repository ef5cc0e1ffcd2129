"""The results of a run into a workbook on disk: the whole new file or the old one, and nothing of the user's changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..model import Problem, Refused, ResultTable, Run, Severity
from ..package import CannotPatch, check_writable, is_date_1904, open_elsewhere, remove_stale
from .patch import patch
from .sheets import open_book, write_tables


def write_results(
    path: str | os.PathLike[str], run: Run, tables: Iterable[ResultTable], out: str | os.PathLike[str] | None = None
) -> tuple[Problem, ...]:
    """Write result tables as sheets into the workbook `path`, or into a copy of it at `out`.

    Sheets of an earlier run are replaced, every other part keeps its bytes, dates follow the workbook's own date
    system. Killed at any moment it leaves the old file or the new one. Returns what the user should know: an error
    (`WORKBOOK_NOT_WRITTEN`) when nothing was written, a warning (`WORKBOOK_OPEN`) when somebody has the file open.
    """
    target = Path(out or path)
    remove_stale(target)
    holder = open_elsewhere(target)
    try:
        _check(Path(path), target)
        with tempfile.TemporaryDirectory(prefix="rebates-") as folder:
            scratch = Path(folder) / "results.xlsx"
            book = open_book(scratch, run, target.name, date_1904=is_date_1904(path))
            write_tables(book, tuple(tables))
            book.workbook.close()
            patch(path, scratch, target)
    except CannotPatch as refusal:
        return (_problem(Severity.ERROR, "WORKBOOK_NOT_WRITTEN", not_written(target, refusal), "Do that, or choose another file (--out)."),)
    if holder:
        message = f"{target.name} seems to be open {holder}; the results are in the file on disk."
        return (
            _problem(Severity.WARNING, "WORKBOOK_OPEN", message, "Close it there without saving and open it again; saving would undo the results."),
        )
    return ()


def check_target(path: Path, target: Path) -> None:
    """Whether results of the workbook `path` can go to `target`, asked before they are computed. Raises Refused."""
    try:
        _check(path, target)
    except CannotPatch as refusal:
        raise Refused(f"{not_written(target, refusal)} Do that, or choose another file (--out).") from refusal


def _check(path: Path, target: Path) -> None:
    if target.is_dir():
        raise CannotPatch("it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise CannotPatch(f"there is no folder {target.parent}; make it")
    if target.suffix.lower() != path.suffix.lower():
        raise CannotPatch(f"Excel opens it only under the ending {path.suffix}; give it that one")
    check_writable(target)


def not_written(target: Path, refusal: CannotPatch) -> str:
    """What a refusal means for a file: it stays as it is, or is not made."""
    return f"{target.name or target.resolve()} was {'left as it is' if target.is_file() else 'not written'}: {refusal}."


def _problem(severity: Severity, code: str, message: str, remedy: str) -> Problem:
    return Problem(severity, code, "", None, None, message, remedy)
