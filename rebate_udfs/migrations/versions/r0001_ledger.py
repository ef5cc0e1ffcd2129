"""The ledger: entries, the acts that posted them, and the inputs that they were computed from. Nothing is ever changed in it.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

KEPT = ("ledger_entries", "ledger_acts", "ledger_inputs")
SQLITE = "CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
REFUSE = (
    "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END; $$ LANGUAGE plpgsql"
)
POSTGRES = "CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"


def upgrade() -> None:
    """Make the three tables, and have the database itself refuse changes."""
    text = [sa.Column(name, sa.Text, nullable=False) for name in (
        "entry_id", "run_id", "posted_on", "posted_by", "approved_by", "accounting_period", "figure_id", "program_id", "participant_id",
        "earning_period", "kind", "reason", "debit_account", "credit_account", "cost_center", "amount", "currency", "rate", "base_amount",
        "source", "reverses", "input_hash", "version", "previous_hash", "hash")]  # fmt: skip
    op.create_table(
        "ledger_entries", sa.Column("book", sa.Text, primary_key=True), sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        *text, sa.UniqueConstraint("book", "entry_id"),
    )  # fmt: skip
    acts = [sa.Column(name, sa.Text, nullable=False) for name in (
        "act", "accounting_period", "as_of", "run_id", "input_hash", "version", "posted_by", "approved_by", "role", "done_at", "note", "manifest",
        "drafts", "last_hash", "previous_hash", "hash")]  # fmt: skip
    numbers = [sa.Column(name, sa.Integer, nullable=False) for name in ("close_sequence", "entries", "last_sequence")]
    op.create_table(
        "ledger_acts", sa.Column("book", sa.Text, primary_key=True), sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *numbers, *acts, sa.UniqueConstraint("book", "accounting_period", "close_sequence"),
    )  # fmt: skip
    op.create_table("ledger_inputs", sa.Column("hash", sa.Text, primary_key=True), sa.Column("content", sa.LargeBinary, nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            op.execute(SQLITE.format(table=table, verb="UPDATE"))
            op.execute(SQLITE.format(table=table, verb="DELETE"))
    else:
        op.execute(REFUSE)
        for table in KEPT:
            op.execute(POSTGRES.format(table=table))


def downgrade() -> None:
    """Refused: what is posted stays."""
    raise RuntimeError("the ledger is append-only and cannot be taken back")
