"""Time: a release cut by date, scores by date, and what models could have seen."""
