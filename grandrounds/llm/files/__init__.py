"""Requests out as files, answers back: OpenAI Batch JSONL, for whatever reads it.

``lines`` is one line of either kind, ``shards`` writes an export, ``manifest`` says what is in it,
``exported`` finds its requests again, ``answers`` brings answers into the ledger, ``register`` remembers
the exports.
"""
