"""The verbs `rebates addin build | install | uninstall | manifest`: the add-ins for Excel on the desktop, on the web, and for Calc."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .actions import Refused
from .hosts.build_calc import build_calc
from .hosts.build_xlam import CannotBuild, build_xlam
from .hosts.install import CannotInstall, Report, install, uninstall

app = typer.Typer(help="The add-ins: build them, put the one for Excel into place, take it out again.", no_args_is_help=True)
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the files.")]


@app.command("build")
def addin_build(out: Out = Path("rebates-addin")) -> None:
    """Write rebates.xlam for Excel, and rebates.oxt for LibreOffice Calc."""
    print(f"Wrote {build_calc(out)}. LibreOffice installs it by a double click.")
    try:
        made = build_xlam(out)
    except CannotBuild as error:  # the one for LibreOffice needs nothing more and is there already
        raise Refused(f"rebates.xlam was not written: {error}") from error
    print(f"Wrote {made}. Next: rebates addin install puts it into Excel's start-up folder.")


@app.command("install")
def addin_install() -> None:
    """Put rebates.xlam into Excel's start-up folder, set up for this Python."""
    try:
        _tell(install())
    except (CannotBuild, CannotInstall) as error:
        raise Refused(str(error)) from error


@app.command("uninstall")
def addin_uninstall() -> None:
    """Take rebates.xlam out of Excel's start-up folder."""
    try:
        _tell(uninstall())
    except CannotInstall as error:
        raise Refused(str(error)) from error


@app.command("manifest")
def addin_manifest(
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where the server is reached, as https://rebates.example.com", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it into a file instead of printing it.")] = None,
) -> None:
    """Print the manifest by which Excel finds the web add-in."""
    from .hosts.web_manifest import manifest

    text = manifest(url)
    if out is None:
        print(text)
        return
    out.write_text(text, encoding="utf-8")
    print(f"Wrote {out}")


def _tell(report: Report) -> None:
    for message in report.messages:
        print(message)
