"""Migrations of the review database: small, numbered, only ever added to.

``REVISIONS`` repeats the order of ``versions/`` so that opening an up-to-date database needs no
Alembic (a third of a second to import); a test holds both equal.
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
HEAD = REVISIONS[-1]
