"""Numbers about items and reviewers that gates, review and release share."""
