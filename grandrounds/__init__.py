"""Grand Rounds builds medical AI benchmarks from textbooks, case reports, studies and videos."""

__version__ = "0.1.0"
