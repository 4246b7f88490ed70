"""Figures in books: which picture belongs to which caption, from plain values. Knows no PDF library."""
