"""The weekly report of a live benchmark: a page, an index of all weeks, and a feed to subscribe to."""
