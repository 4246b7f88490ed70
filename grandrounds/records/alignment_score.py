"""One row of the ``alignment_scores`` table: what a person said of one figure and its caption."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
VERDICTS = (RIGHT, WRONG, UNSURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentScore:
    """``verdict`` says whether the caption is that of the picture. Rows are added, never changed.

    ``pair_sha256`` is the hash of picture and caption together: where either is read otherwise later, the
    ``pair_sha256`` is the hash of picture and caption together: where either is read otherwise later, the
    scorer's verdicts on a pair the last counts. ``scorer`` is a pseudonym, ``sample`` names the draw
    (``n50-seed0``). ``origin`` and ``alignment`` are the figure's when it was drawn.
    """

    score_id: str
    recipe: str
    position: int
    evidence_id: str
    source_id: str
    pair_sha256: str
    verdict: str
    scorer: str
    sample: str
    origin: str
    alignment: float
