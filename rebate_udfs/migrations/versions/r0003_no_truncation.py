"""PostgreSQL refuses to empty the ledger's tables too: TRUNCATE runs past triggers on rows.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

KEPT = ("ledger_entries", "ledger_acts", "ledger_inputs")


def upgrade() -> None:
    """A trigger for the statement beside the one for rows; SQLite knows no TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        for table in KEPT:
            op.execute(f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()")


def downgrade() -> None:
    """Refused: what is posted stays."""
    raise RuntimeError("the ledger is append-only and cannot be taken back")
