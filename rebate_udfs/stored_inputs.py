"""What a close has read, kept so that it can be computed again: each table as text, the transactions by month.

Parts are named by their hash, so that what did not change between two closes is kept once. Row numbers of the sheet are
not kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import model as m
from .engines import open_engine

LINES = "Transactions "  # a part of them is named "Transactions 2026-03"
TABLES: Mapping[str, tuple[str, type[m.Row]]] = {
    "Programs": ("programs", m.Program), "Tiers": ("tiers", m.TierRow), "Scopes": ("scopes", m.Scope),
    "Enrollments": ("enrollments", m.Enrollment), "Distributors": ("distributors", m.Distributor), "Products": ("products", m.Product),
    "Baselines": ("baselines", m.Baseline), "Forecasts": ("forecasts", m.Forecast), "Exchange Rates": ("exchange_rates", m.ExchangeRate),
    "Special Prices": ("special_prices", m.SpecialPrice), "Claims": ("claims", m.Claim), "Payments": ("payments", m.Payment),
    "Disputes": ("disputes", m.Dispute), "Adjustments": ("adjustments", m.Adjustment), "Accounts": ("accounts", m.Account),
    "Control Totals": ("control_totals", m.ControlTotal),
}  # fmt: skip
DROPPED = ("row", "place")


@dataclass(frozen=True, slots=True)
class Stored:
    """The inputs of one close: the hash of every part, and the parts themselves, compressed."""

    hashes: Mapping[str, str]  # part name -> SHA-256
    parts: Mapping[str, bytes]  # hash -> content

    @property
    def input_hash(self) -> str:
        """One hash over all parts: what entries carry as their Input Hash."""
        return input_hash(self.hashes)

    @property
    def manifest(self) -> str:
        """The names and hashes as text."""
        return json.dumps(dict(sorted(self.hashes.items())))


def input_hash(hashes: Mapping[str, str]) -> str:
    """SHA-256 over the hashes of all parts by name; the ledger itself is no input of it."""
    return hashlib.sha256("\n".join(f"{name}={mark}" for name, mark in sorted(hashes.items())).encode()).hexdigest()


def stored(tables: m.Tables) -> Stored:
    """Everything of a book that can move a figure, in parts."""
    raw: dict[str, bytes] = {"Settings": _json([tables.settings.model_copy(update={"as_of": None})])}
    raw |= {name: content for name, (field, _) in TABLES.items() if (content := _json(getattr(tables, field)))}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()}
    parts = {hashes[name]: zlib.compress(content) for name, content in raw.items()}
    if tables.lines is not None:
        about = f"{tables.lines.quantity_places} {tables.lines.amount_places}".encode()
        hashes[f"{LINES}places"] = hashlib.sha256(about).hexdigest()
        parts[hashes[f"{LINES}places"]] = zlib.compress(about)
        for month, rows in _months(lines_table(tables.lines)):
            content = _parquet(rows)
            name = f"{LINES}{month}"
            hashes[name] = hashlib.sha256(content).hexdigest()
            parts[hashes[name]] = content
    return Stored(hashes, parts)


def _json(rows: Any) -> bytes:
    """In the order of the sheet, for ladders and ties go by it."""
    return "\n".join(row.model_dump_json(exclude={"row"}, exclude_defaults=True) for row in rows).encode()


def lines_table(lines: m.Lines) -> pa.Table:
    """The usable transactions as an Arrow table in one order, without the sheet's row numbers."""
    table = open_engine().collect(lines.frame)
    names = [name for name, _ in m.LINE_COLUMNS if name not in DROPPED]
    return table.select(names).sort_by([(name, "ascending") for name in ("invoice_date", "transaction_id", "invoice_number", "line")])


def _months(table: pa.Table) -> list[tuple[str, pa.Table]]:
    month = pc.strftime(pc.cast(table["invoice_date"], pa.timestamp("s")), "%Y-%m")
    return [(name, table.filter(pc.equal(month, name))) for name in sorted(pc.unique(month).to_pylist())]


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), out, compression="zstd")
    return out.getvalue()


def restored(hashes: Mapping[str, str], parts: Mapping[str, bytes], ledger: tuple[m.LedgerEntry, ...] = ()) -> m.Tables:
    """The book as it was read then; problems are not kept, for rows with errors are not in it."""
    texts = {name: zlib.decompress(parts[mark]) for name, mark in hashes.items() if not name.startswith(LINES)}
    found: dict[str, Any] = {
        field: tuple(row_model.model_validate_json(line) for line in texts.get(name, b"").splitlines() if line)
        for name, (field, row_model) in TABLES.items()
    }
    months = [pq.read_table(io.BytesIO(parts[mark])) for name, mark in sorted(hashes.items()) if name.startswith(LINES) and "places" not in name]
    lines = None
    if f"{LINES}places" in hashes:
        quantity, amount = zlib.decompress(parts[hashes[f"{LINES}places"]]).split()
        lines = lines_of(pa.concat_tables(months), int(quantity), int(amount)) if months else None
    mark = input_hash(hashes)
    return m.Tables(m.Settings.model_validate_json(texts["Settings"] or b"{}"), lines=lines, ledger=ledger, input_hash=mark, **found)


def lines_of(table: pa.Table, quantity_places: int, amount_places: int) -> m.Lines:
    """Transactions from an Arrow table of `lines_table`, numbered anew."""
    engine = open_engine()
    count = table.num_rows
    numbered = table.append_column("row", pa.array(range(2, count + 2), pa.int64()))
    numbered = numbered.append_column("place", pa.array(["Transactions"] * count, pa.string()))
    frame = engine.frame(numbered.select([name for name, _ in m.LINE_COLUMNS]))
    latest: date | None = pc.max(table["invoice_date"]).as_py() if count else None
    return m.Lines(frame, quantity_places, amount_places, count, {}, latest, "", engine.name, engine)


def invoices_of(table: pa.Table, after: date | None = None) -> pa.Table:
    """The transactions without returns and credit notes; with `after` only those dated later are left out."""
    keep = pc.equal(table["type"], m.TransactionType.INVOICE.value)
    if after is not None:
        keep = pc.or_(keep, pc.less_equal(table["invoice_date"], pa.scalar(after, pa.date32())))
    return table.filter(keep)


def returns_of(table: pa.Table) -> pa.Table:
    """The returns and credit notes alone."""
    return table.filter(pc.not_equal(table["type"], m.TransactionType.INVOICE.value))
