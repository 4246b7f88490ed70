"""Fictional imaging studies that ship with the package, and the code that made them."""
