"""The model stage spread over a Ray cluster: blocks of requests out, answers back, one ledger for all."""
