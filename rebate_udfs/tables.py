"""The standard workbook: its description, and from raw tables to typed, checked rows."""

from __future__ import annotations

from .columns import BY_NAME, SETTINGS, TABLES
from .describe import Column, Table

__all__ = ["BY_NAME", "SETTINGS", "TABLES", "Column", "Table"]
