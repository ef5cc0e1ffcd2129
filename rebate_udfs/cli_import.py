"""The command line's verb `import`: exports of other systems into the standard tables. Registered by `cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import actions, imports, report, terminal
from .hosts.append import append_rows
from .hosts.import_files import read_cells
from .hosts.reading import read_book
from .hosts.rows_below import rows_in_words
from .model import ResultTable
from .package import CannotPatch
from .terminal import plain

PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="The export: CSV, text or a workbook.", show_default=False)]
ProfileOption = Annotated[
    Path, typer.Option("--profile", metavar="FILE", help="The import profile (YAML): which column is which.", show_default=False)
]
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", metavar="BOOK", help="Append the rows to this workbook. [default: only show what would be read]", show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def register(app: typer.Typer) -> None:
    """Give the command line its verb `import`."""

    @app.command("import")
    def import_export(path: PathArgument, profile: ProfileOption, into: IntoOption = None, quiet: Quiet = False) -> None:
        """Read an export of another system by a profile: a preview, or with --into rows appended to a workbook."""
        raise typer.Exit(_import(path, profile, into, quiet))


def _import(path: Path, profile_path: Path, into: Path | None, quiet: bool) -> int:
    out = terminal.console(quiet)
    profile = imports.read_profile(profile_path)
    book = read_book(into)[0] if into else []
    outcome = actions.import_transactions(profile, read_cells(path, profile.file), path.name, book)
    would, not_understood = outcome.tables
    _show(out, would)
    if not_understood.rows:
        _show(out, not_understood)
    for message in outcome.messages:
        out.print(plain(message), soft_wrap=True)
    if into is None:
        out.print(f"Nothing is written. Next: rebates import {plain(str(path))} --profile {plain(str(profile_path))} --into BOOK", soft_wrap=True)
    elif outcome.rows:
        _append(outcome, profile, into, out)
    else:
        out.print(f"Nothing is to be appended to {plain(str(into))}.", soft_wrap=True)
    return 1 if outcome.has_errors else 0


def _append(outcome: actions.ImportOutcome, profile: imports.Profile, into: Path, out: terminal.Console) -> None:
    try:
        first, last = append_rows(into, profile.described, [row.cells for row in outcome.rows])
    except CannotPatch as error:
        raise actions.Refused(f"{into} is as it was: {error}.") from error
    except ValueError as error:  # a column that the profile gives and the book has not
        raise actions.Refused(f"{into} is as it was: {error}; add the column, or take it out of the profile.") from error
    out.print(
        f"{report.count(len(outcome.rows), 'row')} appended to {profile.table} of {plain(str(into))}: {rows_in_words(first, last)}.", soft_wrap=True
    )
    out.print(f"Next: rebates check {plain(str(into))}", soft_wrap=True)


def _show(out: terminal.Console, table: ResultTable) -> None:
    out.print(plain(table.title), soft_wrap=True)
    if table.rows:
        out.print(terminal.result(table))
    for note in table.notes:
        out.print(plain(note), soft_wrap=True)
