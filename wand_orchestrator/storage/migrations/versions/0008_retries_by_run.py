"""The run that a run goes on from, to find its retries by."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_RETRIES = sa.text("retried_run IS NOT NULL")
_RUN_ID = {"sqlite": "json_extract(retry_of, '$.run_id')", "postgresql": "CAST(retry_of AS json) ->> 'run_id'"}


def upgrade() -> None:
    op.add_column("runs", sa.Column("retried_run", sa.String(), nullable=True))
    op.execute(f"UPDATE runs SET retried_run = {_RUN_ID[op.get_bind().dialect.name]} WHERE retry_of IS NOT NULL")
    op.create_index(
        "ix_runs_retried_run_created_at_id",
        "runs",
        ["retried_run", "created_at", "id"],
        sqlite_where=_RETRIES,
        postgresql_where=_RETRIES,
    )


def downgrade() -> None:
    op.drop_index("ix_runs_retried_run_created_at_id", "runs")
    op.drop_column("runs", "retried_run")
