"""Who is told of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("webhook", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "webhook")
