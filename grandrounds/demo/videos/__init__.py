"""Fictional films that ship with the package, and the code that makes them."""
