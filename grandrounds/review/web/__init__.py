"""The clinicians' page: a small server over the review database and the lake; no model, no Dagster."""
