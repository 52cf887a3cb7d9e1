"""Which run a run goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("retry_of", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "retry_of")
