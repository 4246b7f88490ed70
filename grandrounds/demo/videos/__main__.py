"""Make the demo films: ``python -m grandrounds.demo.videos [FOLDER]``; without a folder, those that ship.

Without a folder the list of what must come of them is written, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grandrounds.demo.videos.shelf import EXPECTED, FOLDER, expected, write_films
from grandrounds.paths import demo_sources

if len(sys.argv) > 1:
    write_films(Path(sys.argv[1]))
else:
    write_films(demo_sources() / FOLDER)
    (demo_sources().parent / EXPECTED).write_text(expected(), encoding="utf-8")
