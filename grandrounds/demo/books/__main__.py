"""Make the demo books: ``python -m grandrounds.demo.books [FOLDER]``; without a folder, those that ship.

Without a folder the list of what they must give is written, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grandrounds.demo.books.shelf import EXPECTED, FOLDER, expected, write_books
from grandrounds.paths import demo_sources

if len(sys.argv) > 1:
    write_books(Path(sys.argv[1]))
else:
    write_books(demo_sources() / FOLDER)
    (demo_sources().parent / EXPECTED).write_text(expected(), encoding="utf-8")
