"""How Alembic runs here: always on the connection it is given, inside that connection's transaction.

The caller holds the lock and commits, so a killed migration leaves the version before.
"""

from alembic import context

from grandrounds.llm.ledger.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
