"""The queue as a reader meets it: one item at a time, kept for them, decided, undone, put off."""
