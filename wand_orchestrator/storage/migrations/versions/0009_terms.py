"""The terms of a run in one column, instead of a column each."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TERMS = ("tags", "webhook", "retry_of")
_JSON = " || ',' || ".join(
    f"'\"{name}\":' || COALESCE({name}, '{'[]' if name == 'tags' else 'null'}')" for name in _TERMS
)
_SAID = " OR ".join(f"{name} IS NOT NULL" for name in _TERMS)
_TERM = {"sqlite": "json_extract(terms, '$.{}')", "postgresql": "CAST(terms AS json) ->> '{}'"}


def upgrade() -> None:
    op.add_column("runs", sa.Column("terms", sa.Text(), nullable=True))
    op.execute(f"UPDATE runs SET terms = '{{' || {_JSON} || '}}' WHERE {_SAID}")
    for name in _TERMS:
        op.drop_column("runs", name)


def downgrade() -> None:
    for name in _TERMS:
        op.add_column("runs", sa.Column(name, sa.Text(), nullable=True))
        term = _TERM[op.get_bind().dialect.name].format(name)
        op.execute(f"UPDATE runs SET {name} = {term} WHERE terms IS NOT NULL")
    op.drop_column("runs", "terms")
