"""What went into nodes and came out of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_VALUES = ("params", "input", "output")


def upgrade() -> None:
    values = [
        column
        for name in _VALUES
        for column in (
            sa.Column(name, sa.Text(), nullable=True),
            sa.Column(f"{name}_bytes", sa.Integer(), nullable=True),
            sa.Column(f"{name}_digest", sa.String(), nullable=True),
        )
    ]
    op.create_table(
        "node_values",
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        *values,
        sa.Column("child", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("root", "run_id", "node", name="pk_node_values"),
    )


def downgrade() -> None:
    op.drop_table("node_values")
