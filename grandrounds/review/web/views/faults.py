"""Why something can't be stored, in the page's words and at the field it is about.

The rules stand in ``review.edits`` and ``review.checks`` and speak English; here their sentences are known
by how they begin. One that is not known is shown as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grandrounds.review.web.words import Words

_SENTENCES = (
    ("answer", "computed", r"The answer is computed from the volume"),
    ("answer", "computed_clip", r"The answer is computed from the clip"),
    ("answer", "computed_caption", r"The answer is computed from the caption"),
    ("option", "computed_options", r"The options are computed"),
    ("question", "words", r"The words must keep to what was measured: (?P<found>the question .+)\.$"),
    ("rationale", "words", r"The words must keep to what was measured: (?P<found>.+)\.$"),
    ("", "long", r"(?P<what>.+) is (?P<found>[\d,]+) characters long; the limit is (?P<most>[\d,]+)"),
    ("", "character", r"(?P<what>.+) holds the character (?P<found>U\+[0-9A-F]+)"),
    ("", "empty", r"(?P<what>The edited \w+) has no words"),
    ("question", "short_question", r"The edited question is shorter than (?P<least>\d+)"),
    ("aliases", "many_aliases", r"The edited answer_aliases are more than (?P<most>\d+)"),
    ("option", "no_options", r"The item is an open question"),
    ("option", "option_count", r"The item has (?P<wanted>\d+) options, the edit gives (?P<given>\d+)"),
    ("option", "same_options", r"Two of the edited options are the same: (?P<option>.+)\.$"),
    ("answer", "answer_no_option", r"The answer (?P<answer>.+) is not among the options"),
    ("aliases", "old_aliases", r"The answer is another one, but its aliases"),
    ("aliases", "option_is_alias", r"The option (?P<option>.+) is also an alias of the answer"),
    ("answer", "stem_names", r"The stem names (?P<name>.+), so the edited item"),
    ("question", "edited_question_names", r"The edited question names the answer \((?P<name>.+)\)"),
    ("answer", "question_names", r"The question names (?P<name>.+), so the edited item"),
    ("", "nothing", r"The edits change nothing|The decision is 'edit', but there are no edits"),
    ("", "decided", r".+ has already decided '(?P<decision>\w+)' on this item"),
    ("", "decided_so", r".+ has already decided so on this item, with other"),
    ("", "read_before", r".+ read this item as a reviewer"),
    ("reason", "many_reasons", r"There are (?P<found>\d+) reasons; the limit is (?P<most>\d+)"),
    ("", "gone", r"This item is no longer yours"),
    ("", "newer", r"This item was changed in another window"),
    ("", "no_undo", r"There is no decision of yours to undo|.+ has no decision on this item to withdraw"),
    ("", "nothing_given", r"You gave back no such item"),
    ("", "given_gone", r"Others have this item by now"),
    ("", "undone_gone", r"The decision is withdrawn; the item is asked no more"),
)
_KNOWN = tuple((field, key, re.compile(pattern, re.DOTALL)) for field, key, pattern in _SENTENCES)
KEYS = tuple(dict.fromkeys(f"fault.{key}" for _, key, _ in _SENTENCES))
"""The keys of the words for them."""
_FIELDS = {"question": "question", "options": "option", "answer": "answer", "rationale": "rationale"}
_FIELDS |= {"answer_aliases": "aliases"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``words`` for the reader; ``field`` is the name of the form's field, or empty; ``key`` names the
    words, empty where they are the rule's own."""

    words: str
    field: str = ""
    key: str = ""


def fault(sentence: str, t: Words) -> Fault:
    """What ``sentence`` (of a rule) says, in the page's language."""
    for field, key, pattern in _KNOWN:
        match = pattern.match(sentence)
        if match:
            values = {name: _bare(value) for name, value in match.groupdict().items()}
            about = field or _field(values.get("what", ""))
            if "what" in values:
                values["what"] = t(f"field.{about or 'words'}")
            return Fault(words=t(f"fault.{key}", **values), field=about, key=key)
    return Fault(words=sentence)


def _field(what: str) -> str:
    if what == "The comment":
        return "comment"
    if what == "A reason":
        return "reason"
    return _FIELDS.get(what.removeprefix("The edited "), "")


def _bare(value: str) -> str:
    """Without the quotes that ``repr`` puts around a text."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
