"""The commands Import Transactions and Reconcile in LibreOffice: files of other systems and other people.

Options for macros: File, Profile (the beginning of its name), Yes (append without asking).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .. import actions, report
from ..imports import Profile, read_profile
from ..model import Refused
from ..parse import CannotRead, RawTable
from . import calc_talk
from .calc_append import append
from .calc_messages import TITLE
from .calc_place import Place, Progress, contents
from .calc_read import read_document
from .calc_write import write_tables
from .import_files import fitting_profiles, read_cells
from .reading import WORKBOOKS, read_book

EXPORTS = "*.csv;*.txt;*.tsv;*.xlsx;*.xlsm;*.xlsb;*.xls;*.ods"
SOURCES = f"{EXPORTS};*.parquet"
PREVIEW = "Import Preview"  # the sheet
OWN_PROFILES = "import profiles"  # a folder beside the document
PROFILES_PAGE = "examples/import_profiles/README.md"


def import_transactions(place: Place) -> str:
    """Shows on a sheet what an export gives, asks, and appends its new rows to their table."""
    before = contents(place)
    (path,) = calc_talk.files(place, "File", "The export of the other system", EXPORTS)
    with Progress(place, 3) as begin:
        begin(f"looking at {path.name}")
        profile = _profile(place, path)
        begin(f"reading {path.name}")
        outcome = actions.import_transactions(profile, read_cells(path, profile.file), path.name, before.raw)
        begin("writing the preview")
        would, not_understood = outcome.tables
        shown = (replace(would, name=PREVIEW), not_understood)
        write_tables(place.document, None, shown, f"{TITLE}: {PREVIEW}", settings=before.tables.settings)
    told = "\n".join((f"Read as {profile.name}.", *(f"{table.title}." for table in shown), *outcome.messages))
    if not outcome.rows:
        return f"{told}\n\nNothing is to be appended."
    many = report.count(len(outcome.rows), "row")
    question = f"{told}\n\nThe sheet {PREVIEW} shows them. Append {many} to the table {profile.table}? Undo takes them out again."
    if not calc_talk.agreed(place, question):
        return f"{told}\n\nNothing was appended."
    if read_document(place.document)[0] != before.raw:
        raise Refused("The tables have changed since you looked; nothing was appended. Press the button again.")
    (done,) = append(place.document, outcome.additions, f"{TITLE}: Import Transactions")
    return f"{told}\n\n{many} appended to {profile.table}: {done.words}. Next: Check."


def _profile(place: Place, path: Path) -> Profile:
    """The profile that an export is read by: the only one that fits, else the person's choice."""
    own = _own_profiles(place)
    fitting = fitting_profiles(path, own)
    if not fitting:
        raise Refused(
            f"{path.name} fits no import profile. Write one for it ({PROFILES_PAGE} says how; start from the nearest example) and put it into "
            f'a folder "{OWN_PROFILES}" beside this document{"" if own else ", which is not there yet"}.'
        )
    names = [f"{one.name} ({one.system})" if one.system else one.name for one in fitting]
    return fitting[calc_talk.choice(place, "Profile", f"{path.name} can be read in several ways. Which is it?", names)]


def _own_profiles(place: Place) -> list[Profile]:
    """The profiles in a folder beside the document. Raises CannotRead, with the file's name, for one that is wrong."""
    found = place.file.parent / OWN_PROFILES if place.file is not None else None
    return [read_profile(file) for file in sorted(found.glob("*.yaml"))] if found is not None and found.is_dir() else []


def reconcile(place: Place) -> str:
    """Writes how the transactions of the document differ from somebody else's list, with the rebate at stake."""
    ours = contents(place)
    (path,) = calc_talk.files(place, "File", "The list to compare with", SOURCES)
    with Progress(place, 2) as begin:
        begin(f"comparing with {path.name}")
        found = actions.reconcile((ours.raw, []), _source(path), ours.tables, (place.name, path.name))
        begin("writing the differences")
        write_tables(place.document, None, found.tables, f"{TITLE}: Reconcile", settings=ours.tables.settings)
    table = found.tables[0]
    wrong = f"{report.count(len(found.problems), 'row')} could not be compared as it stands: {found.problems[0].message}" if found.problems else ""
    return "\n".join(filter(None, (f"{table.title}.", *table.notes, wrong)))


def _source(path: Path) -> tuple[list[RawTable], list[Path]]:
    """A workbook's raw tables, or a file to scan."""
    if not path.exists():
        raise CannotRead(f"There is no file {path}.", "Choose it again.")
    return (read_book(path)[0], []) if path.suffix.lower() in WORKBOOKS else ([], [path])
