"""Options that several verbs of the command line share: a day, and the engine that sums the transactions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from importlib.util import find_spec

import typer

from .model import Refused


class Engine(StrEnum):
    """What sums the transactions; all give the same cents."""

    DUCKDB = "duckdb"
    PANDAS = "pandas"
    POLARS = "polars"


def day(text: str) -> date:
    """A day as 2026-03-31; anything else is refused with an example, in the words of the call (status 2).

    >>> day("2026-03-31")
    datetime.date(2026, 3, 31)
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a date. Enter a date such as 2026-03-31.') from None


def check_engine(engine: Engine) -> None:
    """Raises Refused for an engine whose package is not installed, before a book is read for nothing."""
    if find_spec(engine.value) is None:
        raise Refused(f'{engine.value.capitalize()} is not installed. Install it with pip install ".[{engine.value}]", or leave --engine away.')
