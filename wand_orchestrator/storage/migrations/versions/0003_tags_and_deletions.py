"""Tags, child runs kept out of lists, and what is left to do for deleted runs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)
_STARTED = sa.text("part_of IS NULL")
_PARTS = sa.text("part_of IS NOT NULL")
_LISTED = (["created_at", "id"], *([column, "created_at", "id"] for column in ("status", "graph_id", "name")))


def upgrade() -> None:
    op.add_column("runs", sa.Column("part_of", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("tags", sa.Text(), nullable=True))
    for columns in _LISTED:
        op.drop_index(_name(columns), "runs")
        _create_index(columns, _STARTED)
    _create_index(["part_of", "created_at", "id"], _PARTS)
    _create_run_tags()
    _create_deletions()


def downgrade() -> None:
    op.drop_table("deletions")
    op.drop_table("run_tags")
    op.drop_index("ix_runs_part_of_created_at_id", "runs")
    for columns in _LISTED:
        op.drop_index(_name(columns), "runs")
        op.create_index(_name(columns), "runs", columns)
    op.drop_column("runs", "tags")
    op.drop_column("runs", "part_of")


def _name(columns: list[str]) -> str:
    return f"ix_runs_{'_'.join(columns)}"


def _create_index(columns: list[str], which: sa.TextClause) -> None:
    op.create_index(_name(columns), "runs", columns, sqlite_where=which, postgresql_where=which)


def _create_run_tags() -> None:
    op.create_table(
        "run_tags",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "tag", name="pk_run_tags"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_tags_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_run_tags_tag_created_at_run_id", "run_tags", ["tag", "created_at", "run_id"])


def _create_deletions() -> None:
    op.create_table(
        "deletions",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=False),
        sa.Column("cleaned_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_deletions"),
    )
    op.create_index("ix_deletions_cleaned_at_deleted_at", "deletions", ["cleaned_at", "deleted_at"])
