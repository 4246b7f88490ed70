"""The queue as files of other programs, and decisions made in them back in, by the guards of any import."""
