"""Clinicians' decisions: the queue of candidates, the append-only events, the policy that weighs them."""
