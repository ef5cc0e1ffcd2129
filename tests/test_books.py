"""Whole workbooks that look like real companies, against what an independent engine in exact fractions gives for them.

The workbooks and their figures stand beside the repository; what counts as agreement is said by the published comparison.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import SHARED, absent

from rebate_udfs.hosts.reading import read_book
from rebate_udfs.jsonout import run_json
from rebate_udfs.pipeline import run
from rebate_udfs.tables import read

BOOKS = SHARED / "cases" / "books"
NAMES = sorted(path.stem for path in BOOKS.glob("book_*.xlsx"))


def published(name: str) -> Any:
    return json.loads((BOOKS / "expected.json").read_text(encoding="utf-8"))[name]


def comparison() -> Callable[[Any, Any], list[tuple[Any, ...]]]:
    spec = importlib.util.spec_from_file_location("compare", BOOKS / "compare.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compare


def computed(name: str, engine: str = "duckdb") -> Any:
    raw, problems = read_book(BOOKS / f"{name}.xlsx")
    return json.loads(run_json(run(read(raw, engine=engine, problems=problems))))


def test_all_published_books_are_compared() -> None:
    if not NAMES:
        absent("the folder ../shared/cases/books is not here: no published book was compared")
    published_names = sorted(json.loads((BOOKS / "expected.json").read_text(encoding="utf-8")))
    assert published_names == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_a_published_book_agrees(name: str) -> None:
    wanted, found = published(name), computed(name)
    assert found["as_of"] == wanted["as_of"]
    figures = comparison()(wanted, found)
    assert len(figures) >= 3 * len(wanted["accruals"])  # nothing compared is nothing shown
    assert [(what, key, want, got) for what, key, want, got, agrees in figures if not agrees] == []


@pytest.mark.parametrize("engine", ["pandas", "polars"])
@pytest.mark.parametrize("name", NAMES[:3] + NAMES[-3:])
def test_other_engines_find_the_same_figures(name: str, engine: str) -> None:
    other, default = computed(name, engine), computed(name)
    assert {key: other[key] for key in ("attainment", "accruals", "payable", "journal")} == {
        key: default[key] for key in ("attainment", "accruals", "payable", "journal")
    }
