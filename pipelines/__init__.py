"""What is built: the Dagster code location."""
