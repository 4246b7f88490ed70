"""Gate ``frames``: the pictures of the clip's frames can be seen, are those that were cut, and at least two
are shown.

Of a clip that may not be shown (``index_only``) the pictures are looked at all the same: they lie in the
lake of this machine, and a release only names them. Its items carry the flag ``index_only``.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.parts import Flag

FEWEST = 2
INDEX_ONLY = "index_only"
_NAMED_ONLY = "The licence does not allow to show the frames: they are named by time and hash."


def look(at: Looked) -> Findings:
    """Refuse a row whose pictures are gone, exchanged or fewer than two."""
    if at.clip is None:
        return found(missing(at.revision.evidence_id))
    if at.framed is None:
        return found("The pictures of its frames can't be opened here, so nothing can be checked.")
    shown = {media.sha256 for media in at.revision.media}
    known = {flag.flag for flag in at.revision.quality_flags}
    flagged = at.clip.index_only and INDEX_ONLY not in known
    return found(
        *at.framed.problems,
        f"It shows {len(shown)} frames; a question on a clip needs {FEWEST}."
        if len(shown) < FEWEST
        else None,
        "It is marked as named only, but its clip may be shown."
        if INDEX_ONLY in known and not at.clip.index_only
        else None,
        flags=(Flag(flag=INDEX_ONLY, detail=_NAMED_ONLY),) if flagged else (),
    )


GATE = Gate(name="frames", look=look)
