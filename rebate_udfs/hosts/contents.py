"""What an open workbook holds, the same for Excel on the desktop and LibreOffice: its standard tables, and its ledger's entries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import actions, report
from ..model import Tables
from ..parse import RawTable
from .ledger_beside import with_ledger_beside


@dataclass(frozen=True, slots=True)
class Contents:
    """The standard tables of a workbook: as they stand in it, as they are read, and where their columns are."""

    raw: list[RawTable]
    tables: Tables
    places: report.ColumnPlaces


def contents_of(raw: list[RawTable], tables: Tables, file: Path | None) -> Contents:
    """The tables with the entries of the ledger beside the file; without a file those of the sheet."""
    return Contents(raw, tables if file is None else with_ledger_beside(tables, file), actions.column_places(raw))
