"""What statements keep beside the ledger: the key that signs those of a book, and what the last ones said.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make both tables. Rows are only ever added, so that a role that may read and insert can make statements."""
    op.create_table(
        "statement_keys", sa.Column("book", sa.Text, primary_key=True), sa.Column("key", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_table(
        "statements_told", sa.Column("book", sa.Text, primary_key=True), sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("as_of", sa.Text, primary_key=True), sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("run_id", "version", "made_at", "inputs", "figures")),
    )  # fmt: skip


def downgrade() -> None:
    """Take them away: statements signed before are then read as unverified."""
    op.drop_table("statements_told")
    op.drop_table("statement_keys")
