"""Where a command was given in LibreOffice: the document, its window and file, its tables, and the command's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from ..model import Refused
from ..tables import read
from .calc_messages import TITLE
from .calc_read import read_document
from .contents import Contents, contents_of


@dataclass(frozen=True, slots=True)
class Place:
    """The document and its window, and the command's options."""

    context: Any
    frame: Any
    document: Any
    given: Mapping[str, Any]

    @property
    def as_of(self) -> date | None:
        """The day to compute up to, where the command names one."""
        text = self.option("AsOf")
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise Refused(f"AsOf: {text} is no date; write it as 2026-03-31.") from error

    def option(self, name: str) -> str:
        """An option of the command as text, empty where it is not given."""
        return str(self.given.get(name, "")).strip()

    @property
    def name(self) -> str:
        """The document's name."""
        return str(self.document.getTitle())

    @property
    def file(self) -> Path | None:
        """The document's file on this computer, None where it has none yet."""
        url = str(self.document.URL)
        return path_of(url) if url.startswith("file:") else None

    def service(self, name: str) -> Any:
        """A service of LibreOffice's."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)


def contents(place: Place, *, as_shown: bool = False) -> Contents:
    """The tables of the document, with the entries of its ledger unless those of the sheet are asked for.

    Raises Refused where it holds none.
    """
    raw, problems = read_document(place.document)
    if not raw and not problems:
        raise Refused("This document holds none of the standard tables (Programs, Tiers, Distributors, ...). Begin with New Workbook.")
    tables = read(raw, as_of=place.as_of, problems=problems)
    return contents_of(raw, tables, None if as_shown else place.file)


def saved_file(place: Place, purpose: str) -> Path:
    """The document's file. Raises Refused, naming the purpose, for a document that has none."""
    if place.file is None:
        raise Refused(f"Save the document in a folder of this computer first: {purpose}.")
    return place.file


def path_of(url: str) -> Path:
    """The path of a file's URL."""
    return Path(url2pathname(unquote(urlparse(url).path)))


class Progress:
    """The status bar of the window while a command works: call it with the words of each step as it begins.

    A class and no generator, as `calc_write.OneStep` is.
    """

    def __init__(self, place: Place, steps: int) -> None:
        self.indicator, self.steps, self.done = place.frame.createStatusIndicator(), steps, 0

    def __enter__(self) -> Progress:
        self.indicator.start(TITLE, self.steps)
        return self

    def __call__(self, words: str) -> None:
        self.indicator.setText(f"{TITLE}: {words}")
        self.indicator.setValue(self.done)
        self.done += 1

    def __exit__(self, *failure: object) -> None:
        self.indicator.end()
