"""Rubrics of open consultations: what marks an answer, who marks, and what the marks come to.

``matching`` reads what a text says of a term, ``judge`` holds the contract of judges and the rule judge,
``model_judge`` asks a model, ``score`` adds up, ``controls`` makes the answers whose worth is known,
``dialogue`` tells findings only when they are asked for, ``grade`` marks the responses to a release.
"""
