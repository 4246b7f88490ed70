"""Brings a ledger to this version with Alembic. Imported only when there is something to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from grandrounds.llm.ledger.migrations import HEAD


def upgrade(dialect: str, connect: Callable[[], Any], *, begin: str, revision: str = HEAD) -> None:
    """Run the migrations that are due, in one transaction that the statement ``begin`` opens.

    ``dialect`` is SQLAlchemy's name for the driver that ``connect`` connects with; ``begin`` must keep
    other migrations out. Errors of the driver are raised as they are.
    """
    engine = create_engine(f"{dialect}://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with engine.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except DBAPIError as exc:
        raise (exc.orig or exc) from exc
    finally:
        engine.dispose()
