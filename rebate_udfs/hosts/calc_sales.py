"""The commands Import Transactions and Reconcile in LibreOffice: files of other systems and other people.

Options for macros: File, Profile (the beginning of its name), Yes (append without asking).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .. import actions, report
from ..imports import Profile
from ..model import Refused
from . import calc_talk
from .calc_append import append
from .calc_messages import TITLE
from .calc_place import Place, Progress, contents
from .calc_read import read_document
from .calc_write import write_tables
from .import_files import EXPORTS, SOURCES, WHICH_PROFILE, fitting_profiles, no_profile, own_profiles, profile_names, read_cells
from .reading import source_of

PREVIEW = "Import Preview"  # the sheet


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
    own = own_profiles(place.file.parent) if place.file is not None else []
    fitting = fitting_profiles(path, own)
    if not fitting:
        raise no_profile(path, "this document", bool(own))
    return fitting[calc_talk.choice(place, "Profile", WHICH_PROFILE.format(path.name), profile_names(fitting))]


def reconcile(place: Place) -> str:
    """Writes how the transactions of the document differ from somebody else's list, with the rebate at stake."""
    ours = contents(place)
    (path,) = calc_talk.files(place, "File", "The list to compare with", SOURCES)
    with Progress(place, 2) as begin:
        begin(f"comparing with {path.name}")
        found = actions.reconcile((ours.raw, []), source_of(path), ours.tables, (place.name, path.name))
        begin("writing the differences")
        write_tables(place.document, None, found.tables, f"{TITLE}: Reconcile", settings=ours.tables.settings)
    table = found.tables[0]
    wrong = f"{report.count(len(found.problems), 'row')} could not be compared as it stands: {found.problems[0].message}" if found.problems else ""
    return "\n".join(filter(None, (f"{table.title}.", *table.notes, wrong)))
