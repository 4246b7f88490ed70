"""Who speaks is nobody's business: names of speakers, and sounds that are described, go out of the words.

A label before a colon ("JOHN:", "Dr. Smith:") is a name unless its words are known: a list of what to keep
beats a list of names. Where people say who they are ("my name is ...", "I'm Dr. ..."), ``[name]`` stands
instead. What sounds in brackets ("[music]", "(applause)") and songs between notes are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from grandrounds.deidentify.words import plain_words

NAMELESS = "[name]"


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


_ROLES = _words(
    "dr doctor doc prof professor mr mrs ms miss sir nurse sister patient client therapist "
    "physiotherapist physio physician surgeon speaker interviewer interviewee narrator narration "
    "voiceover presenter host guest man woman male female boy girl child mother father mum mom dad "
    "student teacher instructor trainer coach examiner moderator announcer reporter audience all both "
    "voice actor participant subject resident consultant paramedic midwife"
)
_TITLES = "Dr|Prof|Professor|Doctor|Mr|Mrs|Ms|Miss|Nurse|Sister|Sir|Dame"
_TITLE_WORDS = tuple(_TITLES.split("|"))
# Words that stand before a colon and are no names, beside those of descriptions of studies.
_KEPT = _words(
    "note notes step steps phase part stage tip tips warning caution example question answer position "
    "exercise exercises figure result results finding findings first second third fourth fifth sixth "
    "last next finally remember important summary conclusion introduction objective objectives goal "
    "goals aim equipment procedure technique test tests sign signs symptom symptoms treatment diagnosis "
    "indication indications contraindication contraindications repetition repetitions set sets start "
    "end begin stop also thus time view level grade type class case history examination inspection "
    "palpation percussion auscultation flexion extension rotation abduction adduction pronation "
    "supination swing stance gait balance strength and or of the a an in on to is are was not for with "
    "from by this that these those here there now so then what why how when where who which one two "
    "three four five six seven eight nine ten monday tuesday wednesday thursday friday saturday sunday "
    "january february march april june july august september october november december it we you they "
    "he she i"
)
_MEDICAL_END = re.compile(
    r"(?:itis|osis|oma|pathy|tomy|ectomy|scopy|gram|graphy|plasty|algia|emia|aemia|uria|plegia|paresis|paresia"
    r"|kinesia|pnea|pnoea|phasia|phagia|taxia|trophy|thesia|penia|cardia|thermia|lexia|tion|sion|ment|ness"
    r"|ity|ing|ism|ics|logy|ance|ence|ics|sis|tonia|tropia|stasis|genesis|ectasia|ation|ology)s?$"
)
_LEAD = re.compile(r"^(?:\s*(?:>{1,4}|[-\u2013\u2014\u2022*]{1,2}(?=\s|\w)))+\s*")
_LABEL = re.compile(
    r"^(?P<label>[^\W_][^:\[\]\n]{0,45}?)(?:\s?\([^()]{0,30}\))?\s?:(?=\s|$|[\"\u201c(\[])\s*", re.UNICODE
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_SQUARE = re.compile(r"\[[^\[\]]{0,200}\]|\u3010[^\u3010\u3011]{0,200}\u3011")
_ROUND = re.compile(r"\(([^()]{1,80})\)|\*([^*\s][^*]{0,40})\*")
_SONG = re.compile("[\u2669-\u266c]")
_SOUNDS = _words(
    "music musical applause applauds laughter laughs laughing laugh coughs coughing cough sighs sighing "
    "sigh cheering cheers silence inaudible indistinct unintelligible crosstalk beep beeps beeping "
    "ringing rings clicking clicks groans groaning gasps chuckles chuckling sniffs sniffling footsteps "
    "whispers whispering instrumental upbeat singing sings static foreign humming buzzing knocking "
    "clapping claps whoosh ding bell chime chimes grunts grunting screams screaming crying cries "
    "sneezes clears"
)
_NAME = r"[A-Z\u00c0-\u00de][\w'\u2019-]*\.?"
_NAMES = rf"{_NAME}(?:\s+(?:(?:van|von|de|del|della|der|den|la|le|bin|al|ter|dos)\s+){{0,2}}{_NAME}){{0,3}}"
_TITLED = re.compile(rf"\b((?:{_TITLES})\.?)\s+({_NAMES})")
_SAID = re.compile(
    r"\b((?:my name(?:'s|\u2019s| is)|i am called|i'm called|they call me)\s+)"
    r"((?!\[)[^\W\d_][\w'\u2019.-]*(?:\s+[^\W\d_][\w'\u2019.-]*){0,3})",
    re.IGNORECASE,
)
_I_AM = re.compile(rf"\b((?:I'm|I\u2019m|I am|This is|this is)\s+)({_NAME}\s+{_NAMES})")
_NO_NAME = _words(
    "and i a an the from at in of to for with today here your welcome we will who is am so we're i'm im "
    "as on but this that"
)


def labels(lines: Iterable[str]) -> Counter[str]:
    """How often each label stands before a colon, in lower case."""
    found: Counter[str] = Counter()
    for line in lines:
        if ":" in line:
            label = _LABEL.match(_LEAD.sub("", line))
            if label:
                found[label["label"].casefold()] += 1
    return found


def spoken(lines: Sequence[str], *, known: Counter[str] | None = None) -> str:
    """What is said in a cue, as one line, from its ``lines`` without markup; empty where only sounds are.

    ``known`` are the ``labels`` of the whole file: a word that stands before colons again and again is
    somebody's name, though it might be a term.
    """
    text = "\n".join(line for line in lines if not _SONG.search(line))
    if "[" in text or "\u3010" in text:
        text = _SQUARE.sub(" ", text)
    if "(" in text or "*" in text:
        text = _ROUND.sub(_round, text)
    said = " ".join(_without_label(line, known or Counter()) for line in text.split("\n"))
    return " ".join(_without_names(said).split())


def _round(match: re.Match[str]) -> str:
    inside = match[1] or match[2]
    words = [word.casefold() for word in _WORD.findall(inside)]
    if len(words) <= 6 and any(word in _SOUNDS for word in words):
        return " "
    return match[0]


def _without_label(line: str, known: Counter[str]) -> str:
    bare = _LEAD.sub("", line)
    while ":" in bare:
        label = _LABEL.match(bare)
        if label is None or not _is_name(label["label"], known):
            break
        bare = bare[label.end() :]
    return bare


def _is_name(label: str, known: Counter[str]) -> bool:
    """Whether a label before a colon says who speaks."""
    words = _WORD.findall(label)
    if not words or len(words) > 5:
        return False
    folded = [word.casefold() for word in words]
    strange = [word for word in folded if word not in _kept() and not word.isdigit()]
    roles = [word for word in folded if word in _ROLES]
    if roles:
        return not any(word in _kept() for word in folded if word not in _ROLES)
    if not strange or any(word.isdigit() for word in folded):
        return False
    if not all(
        word[0].isupper() or word.casefold() in ("van", "von", "de", "del", "der") for word in words
    ):
        return False
    if len(strange) < len(folded) and not all(word.isupper() for word in words):
        return False
    if len(words) > 1:
        return not any(_MEDICAL_END.search(word) for word in strange if len(word) > 6)
    single = strange[0]
    return known[label.casefold()] > 1 or not (len(single) > 5 and _MEDICAL_END.search(single))


def _without_names(text: str) -> str:
    """What is meant by names goes; each pattern is only tried where a word of it stands."""
    if any(title in text for title in _TITLE_WORDS):
        text = _TITLED.sub(_titled, text)
    lower = text.casefold()
    if " name" in lower or "call" in lower:
        text = _SAID.sub(_introduced, text)
    if "I" in text or "his is" in text:
        text = _I_AM.sub(_presented, text)
    return text


def _titled(match: re.Match[str]) -> str:
    first = _WORD.findall(match[2])[:1]
    if not first or (first[0].casefold() in _kept() or first[0].casefold() in _ROLES):
        return match[0]
    return f"{match[1]} {NAMELESS}"


def _introduced(match: re.Match[str]) -> str:
    """Automatic captions have no capitals: a name then ends at the first word that can't belong to one."""
    words = match[2].split()
    count = 0
    for word in words:
        if word.strip(".").casefold() in _NO_NAME or count == 3:
            break
        count += 1
        if word.endswith(".") and len(word) > 3:
            break
    if not count:
        return match[0]
    stop = "." if words[count - 1].endswith(".") and len(words[count - 1]) > 3 else ""
    return " ".join([f"{match[1]}{NAMELESS}{stop}", *words[count:]])


def _presented(match: re.Match[str]) -> str:
    words = [word.casefold() for word in _WORD.findall(match[2])]
    if any(word in _kept() or _MEDICAL_END.search(word) for word in words):
        return match[0]
    return f"{match[1]}{NAMELESS}"


@cache
def _kept() -> frozenset[str]:
    return _KEPT | plain_words()
