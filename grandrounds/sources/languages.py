"""Language tags: as the document says, checked against its commonest words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0400-\u04ff]"), "ru"),
    (re.compile("[\u0370-\u03ff]{3}"), "el"),
)
# Words that are common in one of these languages and rare in the others.
_COMMON = {
    "en": "the of and was with were that which had this have from her his been are she",
    "es": "el los las con una fue por para del como que se paciente presenta su al más",
    "fr": "les des une est dans avec était pour par sur qui patient du été cette nous",
    "de": "der die und mit das wurde bei eine den nicht von ist wir auf nach zu dem",
    "it": "il della con che una per è stato del gli nella di paziente sono alla dei",
    "pt": "o os com uma foi para do da que não dos em paciente ao mais pela",
}
_LISTS = {tag: frozenset(words.split()) for tag, words in _COMMON.items()}
_THREE_LETTERS = {
    "eng": "en", "spa": "es", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de", "ita": "it", "por": "pt",
    "chi": "zh", "zho": "zh", "jpn": "ja", "kor": "ko", "rus": "ru", "tur": "tr", "pol": "pl", "ara": "ar",
}  # fmt: skip
_TAG = re.compile(r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")


def clean_tag(said: str) -> str | None:
    """A BCP 47 tag from what a document says (``EN``, ``eng``, ``en_US``); ``None`` when it is none."""
    tag = said.strip().replace("_", "-").casefold()
    if not _TAG.match(tag):
        return None
    first, _, rest = tag.partition("-")
    short = _THREE_LETTERS.get(first, first)
    return f"{short}-{rest.upper() if len(rest) == 2 else rest}" if rest else short


def guess(text: str) -> str | None:
    """The language of ``text`` where its script or commonest words leave no doubt, else ``None``."""
    sample = text[:20_000]
    letters = sum(char.isalpha() for char in sample)
    if letters < 40:
        return None
    for pattern, tag in _SCRIPTS:
        if sum(len(match) for match in pattern.findall(sample)) > 0.15 * letters:
            return tag
    words = [word.casefold() for word in _WORD.findall(sample)]
    counts = sorted(
        ((sum(word in known for word in words), tag) for tag, known in _LISTS.items()), reverse=True
    )
    best, second = counts[0], counts[1]
    if best[0] >= 5 and best[0] >= 0.08 * len(words) and best[0] >= 2 * second[0]:
        return best[1]
    return None


def decide(said: str | None, text: str, notes: list[str], *, default: str) -> str:
    """The language of an article: as said, unless its words clearly speak another.

    ``default`` is what the format means by silence ("en" in JATS); it gives way to clear words too.
    """
    tag = clean_tag(said) if said else None
    if said and tag is None:
        notes.append(f"The language {said[:20]!r} is no language tag.")
    seen = guess(text)
    if tag is None:
        return seen or default
    if seen is not None and seen != tag.split("-")[0] and len(text) >= 400:
        notes.append(f"The file says its language is {tag}, but its words are {seen}.")
        return seen
    return tag
