"""Migrations of the ledger: small, numbered, only ever added to.

``REVISIONS`` repeats the order of ``versions/`` so that opening an up-to-date ledger needs no Alembic
(a third of a second to import); a test holds both equal.
"""

REVISIONS = ("0001",)
HEAD = REVISIONS[-1]
VERSION_TABLE = "ledger_version"

#: SQLite's mark of a ledger file: "GRLD".
APPLICATION_ID = 0x47524C44
#: SQLite's ``user_version``. Files of version 1 were made before Alembic; 2 says: see ``VERSION_TABLE``.
USER_VERSION = 2
