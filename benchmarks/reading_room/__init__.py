"""Fifty readers at the clinicians' page: what ``benchmarks/review.py`` and its short test are made of."""
