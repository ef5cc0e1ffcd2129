"""Exports of other systems as plain cells: CSV and text files, and a sheet of a workbook."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import python_calamine as calamine

from ..assets import asset
from ..imports import FileFormat, Profile, fits, read_profile, standard_profile
from ..model import Refused
from ..parse import CannotRead, Cell
from .reading import WORKBOOKS

EXPORTS = "*.csv;*.txt;*.tsv;*.xlsx;*.xlsm;*.xlsb;*.xls;*.ods"  # what a dialog offers to choose
SOURCES = f"{EXPORTS};*.parquet"  # where a list of transactions is wanted
OWN_PROFILES = "import profiles"  # a folder beside the workbook
PROFILES_PAGE = "examples/import_profiles/README.md"
WHICH_PROFILE = "{} can be read in several ways. Which is it?"


def fitting_profiles(path: str | Path, more: Iterable[Profile] = ()) -> list[Profile]:
    """The profiles that an export fits, best first: those given, then those that come with the product, then our own headers.

    A button can so ask "read it as ...?" instead of asking for a profile. Raises CannotRead for a file that no profile can open.
    """
    shipped = [read_profile(file) for file in sorted(asset("examples/import_profiles").glob("*.yaml"))]
    found: list[Profile] = []
    refusal: CannotRead | None = None
    for profile in (*more, *shipped, standard_profile()):
        try:
            cells = read_cells(path, profile.file)
        except CannotRead as error:
            refusal = refusal or error
            continue
        if fits(profile, cells):
            found.append(profile)
    if refusal and not found:
        raise refusal
    return found


def own_profiles(folder: Path) -> list[Profile]:
    """The profiles that somebody keeps beside a workbook of this folder. Raises CannotRead, with the file's name, for one that is wrong."""
    return [read_profile(file) for file in sorted((folder / OWN_PROFILES).glob("*.yaml"))]


def profile_names(profiles: Iterable[Profile]) -> list[str]:
    """What profiles are called where a person chooses one."""
    return [f"{one.name} ({one.system})" if one.system else one.name for one in profiles]


def no_profile(path: Path, book: str, has_own: bool) -> Refused:
    """The refusal of an export that fits no profile, with what to do."""
    return Refused(
        f"{path.name} fits no import profile. Write one for it ({PROFILES_PAGE} says how; start from the nearest example) and put it into "
        f'a folder "{OWN_PROFILES}" beside {book}{"" if has_own else ", which is not there yet"}.'
    )


def read_cells(path: str | Path, form: FileFormat) -> list[list[Cell]]:
    """All cells of an export, row by row from the first. Raises CannotRead with one sentence and a remedy."""
    path = Path(path)
    if not path.is_file():
        raise CannotRead(f"There is no file {path}.", "Check its name.")
    return _workbook(path, form) if path.suffix.casefold() in WORKBOOKS else _text(path, form)


def _text(path: Path, form: FileFormat) -> list[list[Cell]]:
    try:
        with path.open(encoding=form.encoding, newline="") as file:
            return [list(row) for row in csv.reader(file, delimiter="\t" if form.delimiter == "\\t" else form.delimiter)]
    except (UnicodeDecodeError, LookupError):
        remedy = "Say its encoding in the profile, such as cp1252 or utf-16."
        raise CannotRead(f"{path.name} is not written in {form.encoding}.", remedy) from None
    except csv.Error as error:
        raise CannotRead(f"{path.name} is no table of text: {error}.", "Check the delimiter in the profile.") from None


def _workbook(path: Path, form: FileFormat) -> list[list[Cell]]:
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            names = [sheet.name for sheet in book.sheets_metadata if sheet.typ is calamine.SheetTypeEnum.WorkSheet]
            if form.sheet and form.sheet not in names:
                raise CannotRead(f"{path.name} has no sheet {form.sheet}; it has {', '.join(names)}.", "Name one of them in the profile.")
            if not names:
                raise CannotRead(f"{path.name} has no sheet with cells.", "Export it again.")
            return book.get_sheet_by_name(form.sheet or names[0]).to_python(skip_empty_area=False)
    except (calamine.PasswordError, calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError) as error:
        raise CannotRead(f"{path.name} cannot be read as a workbook.", "Open it in Excel, save it anew, and import that.") from error
