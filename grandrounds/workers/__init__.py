"""Processes that may die: what reads hostile files does it in one, within its time and memory."""
