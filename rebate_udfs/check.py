"""Checks across tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import Problem
from .rows import Parsed


def check_tables(parsed: Mapping[str, Parsed], problems: list[Problem]) -> dict[str, list[Any]]:
    """The rows that can be used."""
    return {name: list(table.rows) for name, table in parsed.items()}
