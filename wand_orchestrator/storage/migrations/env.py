"""Alembic's environment: runs the migrations in the transaction that `storage.migration` has begun."""

from alembic import context

from wand_orchestrator.storage.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
