"""``python -m grandrounds``."""

from grandrounds.cli import main

main()
