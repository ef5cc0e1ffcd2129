"""Handles of books in a real LibreOffice: two documents side by side, a restart, somebody else's handle, one that is no longer kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from books import SOUND, write
from cells import cell as in_cell
from test_calc import Office, office, own_cache, table_rows
from test_desktop_forms import TABLES

from rebate_udfs import book, calls

__all__ = ["office", "own_cache"]  # fixtures
FORMULA = f"=REBATE_BOOK({','.join(f'{name}[[#All]]' for name in TABLES)})"
MORE = {**SOUND, "Transactions": [*SOUND["Transactions"], *([*row[:5], row[5] * 40, *row[6:]] for row in SOUND["Transactions"][1:2])]}
STALE = "REBATE_EARNED gives #VALUE!: this handle is old or somebody else's: press Calculate"
ERROR = ["error", 519, "#VALUE!"]
pytestmark = pytest.mark.slow


def in_python(tables: dict[str, Any]) -> tuple[str, float]:
    """The handle of a book and what it earned."""
    made = calls.call("REBATE_BOOK", [[[None if one == "" else in_cell(one) for one in row] for row in tables[name]] for name in TABLES])
    return made, calls.call("REBATE_EARNED", [made])


def with_formulas(office: Office) -> None:
    """The handle and a figure, on a sheet of their own."""
    office.add_sheet("Analysis")
    office.put("Analysis", "A1", FORMULA)
    office.put("Analysis", "B1", "=REBATE_EARNED($A$1)")


def found(office: Office) -> tuple[Any, Any]:
    return tuple(office.cells("Analysis", "A1:B1")[0])


def kept(office: Office) -> list[Path]:
    """The files in the cache of this LibreOffice, without the secret of its owner."""
    return [path for path in Path(office.environment["REBATES_CACHE"]).iterdir() if path.suffix]


def saved(office: Office, tmp_path: Path) -> Path:
    """The sound book with its formulas, as Calc saves it."""
    office.open(str(write(tmp_path / "sound.xlsx", SOUND, tables=True)))
    with_formulas(office)
    office.save(str(tmp_path / "sound.ods"))
    return tmp_path / "sound.ods"


def test_two_open_documents_have_a_handle_and_figures_of_their_own(office: Office, tmp_path: Path):
    first, second = in_python(SOUND), in_python(MORE)
    assert first[0] != second[0] and first[1] != second[1] > 0
    office.open(str(write(tmp_path / "first.xlsx", SOUND, tables=True)))
    with_formulas(office)
    office.beside(str(write(tmp_path / "second.xlsx", MORE, tables=True)))
    with_formulas(office)
    assert found(office) == second
    office.turn()
    assert found(office) == first
    office.put("Transactions", "F2", 5000.25)
    changed = found(office)
    made = calls.call("REBATE_BOOK", [table_rows(office, name) for name in TABLES])
    assert changed == (made, calls.call("REBATE_EARNED", [made])) != first
    office.turn()
    office.calculate()
    assert found(office) == second
    office.turn()
    office.calculate()
    assert found(office) == changed


def test_after_a_restart_the_figure_comes_from_what_was_kept(office: Office, tmp_path: Path):
    path, wanted = saved(office, tmp_path), in_python(SOUND)
    before = sorted(kept(office))
    assert before
    office.stop()
    office.start()
    office.open("new")
    office.put("Sheet1", "A1", wanted[0])  # the handle as text: this document has no table that could be read
    office.put("Sheet1", "B1", "=REBATE_EARNED(A1)")
    assert office.cells("Sheet1", "B1:B1") == [[wanted[1]]]
    office.open(str(path))
    assert found(office) == wanted
    assert sorted(kept(office)) == before, "nothing new was kept: the tables are those that were there"


def test_a_handle_from_somebody_elses_file_says_to_press_calculate(office: Office, tmp_path: Path):
    office.open("new")
    office.put("Sheet1", "A1", in_python({**SOUND, "Tiers": [*SOUND["Tiers"], ["P-2", 7000, 0.05]]})[0])  # made here, in another cache
    office.put("Sheet1", "B1", "=REBATE_EARNED(A1)")
    assert office.cells("Sheet1", "B1:B1") == [[ERROR]]
    office.select("Sheet1", "B1")
    assert office.run("explain_cell", {"Quiet": True}) == [True, STALE]


def test_pressing_calculate_makes_a_handle_anew_that_is_no_longer_kept(office: Office, tmp_path: Path):
    wanted = in_python(SOUND)
    office.open(str(saved(office, tmp_path)), False)
    office.run("calculate", {"Quiet": True})  # the result sheets are there: new ones alone make Calc compute everything
    assert found(office) == wanted
    office.beside(str(write(tmp_path / "second.xlsx", MORE, tables=True)))
    with_formulas(office)
    for number in range(book.BOOKS_IN_MEMORY + 1):  # as many other books as push the first one out of memory
        office.put("Transactions", "F2", 7000.5 + number)
        assert found(office)[0] != wanted[0]
    for path in kept(office):
        path.unlink()
    office.turn()
    office.put("Analysis", "B1", "=REBATE_EARNED($A$1)")
    assert found(office) == (wanted[0], ERROR)
    office.select("Analysis", "B1")
    assert office.run("explain_cell", {"Quiet": True}) == [True, STALE]
    done, said = office.run("calculate", {"Quiet": True})
    assert done, said
    assert found(office) == wanted
