"""The sample statement that ships beside the templates: what a distributor of the sample company receives.

    python -m rebate_udfs.hosts.statement_sample

builds workbook_templates/statement.xlsx anew, after a change of the sample company or of the statement itself.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ..assets import asset
from ..audit import verdicts
from ..demo import sample
from ..model import Run
from ..pipeline import run
from ..statement import Statement, statements
from ..tables import read
from .reading import read_book
from .statement_book import workbook_bytes
from .statements import write_whole
from .template import write_template

SAMPLE = "statement.xlsx"
FEWEST_LINES = 40  # the sample is the shortest statement that still shows something of everything


def sample_run() -> Run:
    """The sample company, computed from its workbook like any other."""
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "rebates.xlsx"
        write_template(book, sample=sample())
        raw, problems = read_book(book)
        return run(read(raw, problems=problems))


def sample_statement() -> Statement:
    """One statement of the sample company."""
    computed = sample_run()
    told = [one for one in statements(computed, lambda ids: verdicts(computed, ids)) if len(one.counted) >= FEWEST_LINES and one.payments]
    best = min(told, key=lambda one: (-len(one.programs), len(one.counted), one.participant_id))
    return replace(best, run_id="sample")


def build() -> Path:
    """Write the sample statement into its place; gives the path."""
    path = asset("workbook_templates") / SAMPLE
    write_whole(path, workbook_bytes(sample_statement()))
    return path


if __name__ == "__main__":
    print(build())
