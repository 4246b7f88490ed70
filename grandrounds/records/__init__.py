"""The rows of every table, as frozen dataclasses: what modules hand to one another."""
