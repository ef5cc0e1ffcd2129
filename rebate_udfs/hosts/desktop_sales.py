"""The buttons Import Transactions and Reconcile in Excel on the desktop: files of other systems and other people."""

from __future__ import annotations

from pathlib import Path

from .. import actions, report
from ..imports import Profile
from ..model import Refused
from .desktop_append import append
from .desktop_place import Place, contents, unchanged
from .desktop_talk import FILE, Ask, Said, Talk, agreed, asked, chosen, shortened, working
from .desktop_undo import remember
from .desktop_write import write_results, write_stacked
from .import_files import EXPORTS, SOURCES, WHICH_PROFILE, fitting_profiles, no_profile, own_profiles, profile_names, read_cells
from .reading import source_of

PREVIEW = "Import Preview"  # the sheet
UNDO = "Undo takes it back as long as you change nothing else."


def import_transactions(place: Place) -> Talk[Said]:
    """Shows on a sheet what an export gives, asks, and appends its new rows to their table."""
    before = yield from contents(place)
    path = Path((yield from asked(Ask(FILE, "The export of the other system", EXPORTS))))
    own = own_profiles(Path(str(place.book.fullname)).parent)
    fitting = yield from working(f"looking at {path.name}", lambda: fitting_profiles(path, own))
    profile = yield from _profile(path, fitting, own)
    outcome = yield from working(
        f"reading {path.name}", lambda: actions.import_transactions(profile, read_cells(path, profile.file), path.name, before.raw)
    )
    write_stacked(place.book, PREVIEW, None, outcome.tables, place.is_1904, place.windows, before.tables.settings)
    told = "\n".join((f"Read as {profile.name}.", *(f"{table.title}." for table in outcome.tables), *outcome.messages))
    if not outcome.rows:
        return Said(True, f"{told}\n\nNothing is to be appended.")
    many = report.count(len(outcome.rows), "row")
    if not (yield from agreed(shortened(f"{told}\n\nThe sheet {PREVIEW} shows them. Append {many} to the table {profile.table}? {UNDO}"))):
        return Said(True, "Nothing was appended.")
    if not unchanged(place, before):
        raise Refused("The tables have changed since you looked; nothing was appended. Press the button again.")
    done = append(place.book, outcome.additions, place.is_1904, place.windows)
    remember(place, done)
    return Said(True, f"{many} appended to {profile.table}: {done[0].words}. Next: Check.", undoable=True)


def _profile(path: Path, fitting: list[Profile], own: list[Profile]) -> Talk[Profile]:
    """The profile that an export is read by: the only one that fits, else the person's choice."""
    if not fitting:
        raise no_profile(path, "this workbook", bool(own))
    if len(fitting) == 1:
        return fitting[0]
    return fitting[(yield from chosen(WHICH_PROFILE.format(path.name), profile_names(fitting)))]


def reconcile(place: Place) -> Talk[Said]:
    """Writes how the transactions of the workbook differ from somebody else's list, with the rebate at stake."""
    ours = yield from contents(place)
    path = Path((yield from asked(Ask(FILE, "The list to compare with", SOURCES))))
    found = yield from working(
        f"comparing with {path.name}",
        lambda: actions.reconcile((ours.raw, []), source_of(path), ours.tables, (place.name, path.name)),
    )
    write_results(place.book, None, found.tables, place.is_1904, place.windows, ours.tables.settings)
    problems = (
        f"\n{report.count(len(found.problems), 'row')} could not be compared as it stands: {found.problems[0].message}" if found.problems else ""
    )
    return Said(True, shortened("\n".join((f"{found.tables[0].title}.", *found.tables[0].notes)) + problems))
