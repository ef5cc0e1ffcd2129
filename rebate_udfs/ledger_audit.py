"""Auditing the ledger: is it as it was posted, where does a figure come from, what changed between two runs.

A posted figure is computed again from the inputs that its close has stored, and gives the same cents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from . import audit
from .audit import ExplanationRow
from .claim_posting import claim_entries
from .closing import posted
from .ledger import CLOSE, Act, Ledger, closed_periods
from .ledger_chain import Break, first_break
from .model import LedgerEntry, Refused, RewardKind, Row, Run, Tables
from .money import with_cents
from .pipeline import run as compute
from .stored_inputs import LINES, TABLES, lines_table, restored

ROWS_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class Verified:
    """What the two copies of a ledger are worth: the database's chain, the sheet's own, and whether they agree."""

    entries: int
    database: Break | None
    sheet: Break | None
    difference: str  # "" when the sheet shows the ledger
    last_seal: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing at all is wrong."""
        return self.database is None and self.sheet is None and not self.difference


def verify_sheet(tables: Tables) -> Verified:
    """The chain of a workbook that travels without its database."""
    return Verified(len(tables.ledger), None, first_break(tables.ledger), "", tables.ledger[-1].hash if tables.ledger else "")


def verify(tables: Tables, ledger: Ledger) -> Verified:
    """Both copies, and where they differ first."""
    entries = ledger.entries()
    difference = ""
    sheet = tables.ledger
    for number in range(max(len(entries), len(sheet))):
        ours = entries[number].hash if number < len(entries) else "no entry"
        shown = sheet[number].hash if number < len(sheet) else "no entry"
        if ours != shown:
            name = entries[number].entry_id if number < len(entries) else sheet[number].entry_id
            difference = f"the sheet differs from the database from entry {number + 1} ({name}) on"
            break
    return Verified(len(entries), ledger.verify(), first_break(sheet), difference, entries[-1].hash if entries else "")


@dataclass(frozen=True, slots=True)
class Replayed:
    """One close's part of a figure: what it left recognised, and what the stored inputs give today."""

    act: Act
    entries: tuple[LedgerEntry, ...]
    recognised: Decimal  # by the ledger, up to this close
    accrued: Decimal | None  # computed again; None: the book of then had no such figure
    steps: tuple[ExplanationRow, ...]  # up to what is accrued
    in_percent: bool  # whether their rates are shares

    @property
    def agrees(self) -> bool:
        """Whether the same cents come out."""
        return self.accrued == self.recognised


def show(ledger: Ledger, figure_id: str) -> list[Replayed]:
    """Every close that posted on a figure, computed again. Raises Refused for a figure that the ledger does not have."""
    parts = figure_id.strip().split("/")
    if len(parts) not in (3, 4) or not all(parts):
        raise Refused(f'"{figure_id}" is no figure id; one looks like P-100/NORTH/2026-Q1/accrued.')
    key = (parts[0], parts[1], parts[2])
    entries, acts = ledger.read()
    own = [entry for entry in entries if (entry.program_id, entry.participant_id, entry.earning_period) == key]
    if not own:
        raise Refused(f"The ledger holds nothing on {'/'.join(key)}.")
    found = []
    for act in closed_periods(acts):
        here = tuple(entry for entry in own if act.last_sequence - act.entries < entry.sequence <= act.last_sequence)
        if not here:
            continue
        run = replay(ledger, act)
        accrued = next((with_cents(row.accrued, row.currency) for row in run.accruals if row.figure_id == "/".join((*key, "accrued"))), None)
        recognised = with_cents(posted(entry for entry in own if entry.sequence <= act.last_sequence).recognised[key], here[0].currency)
        in_percent = any(program.program_id == key[0] and program.reward is RewardKind.PERCENT for program in run.tables.programs)
        found.append(Replayed(act, here, recognised, accrued, tuple(audit.explain_accrued(run, *key)), in_percent))
    return found


def replay(ledger: Ledger, act: Act) -> Run:
    """The run of a close from the inputs that it stored."""
    hashes = json.loads(act.manifest)
    return _compute(ledger.entries(), act, restored(hashes, ledger.parts([*hashes.values()])))


def _compute(entries: Sequence[LedgerEntry], act: Act, tables: Tables) -> Run:
    """A close's run; the claim lines that were final by then stay as they were."""
    final = claim_entries(entry for entry in entries if entry.sequence <= act.last_sequence - act.entries)
    return compute(replace(tables, claim_entries=final), _day(act))


def _day(act: Act) -> date:
    return date.fromisoformat(act.as_of)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between the inputs of two runs: the table, and what came, went or changed."""

    table: str
    what: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two closes side by side: which inputs changed, and what every figure did."""

    first: Act
    second: Act
    changes: tuple[Change, ...]
    figures: tuple[tuple[str, Decimal | None, Decimal | None], ...]  # figure id, accrued then, accrued now


def diff(ledger: Ledger, first: str, second: str) -> Compared:
    """What changed between two runs, and what that did. Raises Refused for a run that the ledger does not have."""
    acts = ledger.acts()
    one, two = _act(acts, first), _act(acts, second)
    hashes = [json.loads(act.manifest) for act in (one, two)]
    parts = ledger.parts(list({mark for each in hashes for mark in each.values()}))
    tables = [restored(each, parts) for each in hashes]
    names = {name for name in {*hashes[0], *hashes[1]} if hashes[0].get(name) != hashes[1].get(name)}
    changes = tuple(_changes(tables[0], tables[1], names))
    entries = ledger.entries()
    runs = [_compute(entries, act, table) for table, act in zip(tables, (one, two), strict=True)]
    accrued = [{row.figure_id: with_cents(row.accrued, row.currency) for row in run.accruals} for run in runs]
    moved = [(figure, accrued[0].get(figure), accrued[1].get(figure)) for figure in sorted({*accrued[0], *accrued[1]})]
    return Compared(one, two, changes, tuple(row for row in moved if row[1] != row[2]))


def _act(acts: Sequence[Act], run_id: str) -> Act:
    found = next((act for act in reversed(acts) if act.run_id == run_id.strip()), None)
    if found is None:
        known = ", ".join(f"{act.run_id} ({act.accounting_period})" for act in acts if act.act == CLOSE)
        raise Refused(f"The ledger has no run {run_id}; it has {known or 'none'}.")
    return found


def _changes(then: Tables, now: Tables, names: set[str]) -> Iterator[Change]:
    """Table by table: rows that came and went, by their content."""
    for name in ("Settings", *TABLES):
        if name not in names:
            continue
        if name == "Settings":
            before, after = then.settings.model_dump(), now.settings.model_dump()
            for setting in before:
                if before[setting] != after[setting] and setting not in ("row", "as_of"):
                    yield Change(name, f"{setting.replace('_', ' ').title()}: {before[setting]} became {after[setting]}")
            continue
        field = TABLES[name][0]
        yield from _rows(name, [_words(row) for row in getattr(then, field)], [_words(row) for row in getattr(now, field)])
    if any(name.startswith(LINES) for name in names):
        yield from _rows("Transactions", _lines(then), _lines(now))


def _rows(name: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    gone, come = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    for what, rows in (("no longer", gone), ("new", come)):
        for row in rows[:ROWS_SHOWN_MAX]:
            yield Change(name, f"{what}: {row}")
        if len(rows) > ROWS_SHOWN_MAX:
            yield Change(name, f"{what}: {len(rows) - ROWS_SHOWN_MAX:,} rows more")


def _words(row: Row) -> str:
    values = row.model_dump(exclude={"row"}, exclude_defaults=True)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


def _lines(tables: Tables) -> list[str]:
    if tables.lines is None:
        return []
    found = []
    for row in lines_table(tables.lines).to_pylist():
        amount = Decimal(row["amount"]).scaleb(-tables.lines.amount_places)
        quantity = Decimal(row["quantity"]).scaleb(-tables.lines.quantity_places)
        found.append(f"{row['transaction_id']} of {row['invoice_date']}, {row['distributor_id']}, {row['sku']}, {quantity:f} units, {amount:,.2f}")
    return found
