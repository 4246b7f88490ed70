"""The tables of the harvest journal. Rows are only ever added; triggers refuse everything else."""

from __future__ import annotations

VERSION = 1

_TABLES = {
    "harvests": """
        id INTEGER PRIMARY KEY, feed TEXT NOT NULL, started_at TEXT NOT NULL, since TEXT, until TEXT,
        cursor TEXT NOT NULL""",
    "pages": """
        id INTEGER PRIMARY KEY, harvest INTEGER NOT NULL REFERENCES harvests(id), at TEXT NOT NULL,
        cursor TEXT NOT NULL, last INTEGER NOT NULL, records INTEGER NOT NULL""",
    "troubles": """
        id INTEGER PRIMARY KEY, harvest INTEGER NOT NULL REFERENCES harvests(id), at TEXT NOT NULL,
        cursor TEXT NOT NULL, abandoned INTEGER NOT NULL, detail TEXT NOT NULL""",
    "listed": """
        harvest INTEGER NOT NULL REFERENCES harvests(id), record_id TEXT NOT NULL,
        PRIMARY KEY (harvest, record_id)""",
    "staged": """
        harvest INTEGER NOT NULL REFERENCES harvests(id), record_id TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        files TEXT NOT NULL, notes TEXT NOT NULL, PRIMARY KEY (harvest, record_id, fingerprint)""",
    "versions": """
        id INTEGER PRIMARY KEY, harvest INTEGER NOT NULL REFERENCES harvests(id), feed TEXT NOT NULL,
        record_id TEXT NOT NULL, fingerprint TEXT NOT NULL, seen_at TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('taken', 'refused', 'later')),
        reason TEXT NOT NULL, detail TEXT NOT NULL, licence TEXT NOT NULL, record TEXT NOT NULL,
        known TEXT NOT NULL""",
    "files": """
        version INTEGER NOT NULL REFERENCES versions(id), name TEXT NOT NULL, role TEXT NOT NULL,
        sha256 TEXT NOT NULL CHECK (length(sha256) = 64), bytes INTEGER NOT NULL,
        PRIMARY KEY (version, name)""",
}
_INDEXES = (
    "CREATE INDEX versions_of ON versions (feed, record_id, id)",
    "CREATE INDEX versions_when ON versions (seen_at)",
    "CREATE INDEX pages_of ON pages (harvest)",
)


def statements() -> tuple[str, ...]:
    """What makes an empty journal."""
    made = [f"CREATE TABLE {name} ({columns})" for name, columns in _TABLES.items()]
    for name in _TABLES:
        for change in ("UPDATE", "DELETE"):
            made.append(
                f"CREATE TRIGGER {name}_no_{change.lower()} BEFORE {change} ON {name} "
                "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            )
    return (*made, *_INDEXES, f"PRAGMA user_version = {VERSION}")
