"""What model calls used, each in a row of its own, to sum it over all runs."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_COUNTS = ("requests", "partial_requests", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("graph", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("usd", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_usage"),
    )
    op.create_index("ix_usage_at", "usage", ["at"])


def downgrade() -> None:
    op.drop_table("usage")
