"""Fictional case reports that ship with the package, and the code that drew their pictures."""
