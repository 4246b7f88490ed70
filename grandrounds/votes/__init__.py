"""Votes: a panel of models answers every item, with its evidence and without."""
