"""First tables: graphs, runs, events, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)
_SERIOUS = sa.text("level IN ('warning', 'error')")


def upgrade() -> None:
    _create_graphs()
    _create_runs()
    _create_events()
    _create_idempotency_keys()


def downgrade() -> None:
    for table in ("idempotency_keys", "events", "runs", "graphs"):
        op.drop_table(table)


def _create_graphs() -> None:
    op.create_table(
        "graphs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_graphs"),
        sa.UniqueConstraint("name", "version", name="uq_graphs_name_version"),
    )
    op.create_index("ix_graphs_created_at_id", "graphs", ["created_at", "id"])
    op.create_index("ix_graphs_name_created_at_id", "graphs", ["name", "created_at", "id"])
    op.create_index("ix_graphs_name_sha256_version", "graphs", ["name", "sha256", "version"])


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("graph_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["graph_id"], ["graphs.id"], name="fk_runs_graph_id"),
    )
    op.create_index("ix_runs_created_at_id", "runs", ["created_at", "id"])
    op.create_index("ix_runs_status_created_at_id", "runs", ["status", "created_at", "id"])
    op.create_index("ix_runs_graph_id_created_at_id", "runs", ["graph_id", "created_at", "id"])
    op.create_index("ix_runs_name_created_at_id", "runs", ["name", "created_at", "id"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ts", _MOMENT, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_events_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_events_run_id_node_seq", "events", ["run_id", "node", "seq"])
    op.create_index("ix_events_serious", "events", ["run_id", "seq"], sqlite_where=_SERIOUS, postgresql_where=_SERIOUS)


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name="fk_idempotency_keys_run_id",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_idempotency_keys_run_id", "idempotency_keys", ["run_id"])
