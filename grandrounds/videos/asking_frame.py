"""Of which frame is this said? Asked where words name what the other frames' words don't."""

from __future__ import annotations

from grandrounds.fingerprint import unit_interval
from grandrounds.records.clip import ClipRow
from grandrounds.videos.asking_cues import said, tellings_of
from grandrounds.videos.asking_values import (
    FRAME,
    WORDS,
    Asked,
    NotAsked,
    fewer,
    in_time,
    offered,
    too_few,
)
from grandrounds.videos.wording import frame_label, frame_question, listed, named, quoted


def frame_of(row: ClipRow, options: int) -> Asked | NotAsked:
    """The question for the frame that words belong to, with at most ``options`` options."""
    found = tellings_of(row)
    if isinstance(found, NotAsked):
        return found
    tellings, places = found
    telling = min(
        tellings, key=lambda each: (unit_interval(row.evidence_id, FRAME, str(each.cue)), each.cue)
    )
    others = [place for place in places if place != telling.place]
    ranked = sorted(others, key=lambda at: (unit_interval(row.evidence_id, FRAME, "option", str(at)), at))
    wrong = tuple(sorted(ranked[: options - 1]))
    if too_few(len(wrong) + 1, options):
        return NotAsked(f"only {len(places)} frames have words of their own")
    needed = tuple(sorted((telling.place, *wrong)))
    answer = frame_label(telling.place)
    return Asked(
        task=FRAME,
        basis=WORDS,
        question=frame_question(telling.words),
        keep=(quoted(telling.words),),
        answer=answer,
        wrong=offered(
            tuple(map(frame_label, wrong)), references=tuple(f"frame {place + 1}" for place in wrong)
        ),
        known_wrong=frozenset(map(frame_label, others)),
        shown=in_time(row),
        decisive=(telling.place,),
        needed=needed,
        cues=(telling.cue,),
        reasoning=(
            *(
                f"{named(frame_label(place), row.frames[place].seconds)}: "
                f"here {_said_at(row, place, telling.cue)} is said."
                for place in needed
            ),
            f"Only the words at {answer} name {listed(tuple(map(quoted, telling.names)))}.",
        ),
        few=fewer(len(wrong) + 1, options, what="no more frames have words of their own"),
    )


def _said_at(row: ClipRow, place: int, cue: int) -> str:
    """What is said of the frame at ``place``; of several cues the asked one, else the first."""
    own = [number for number, each in enumerate(row.cues) if each.stressed == place]
    return quoted(said(row, row.cues[cue if cue in own else own[0]]))
