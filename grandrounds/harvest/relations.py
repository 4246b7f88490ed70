"""What JATS says of other articles: retractions, corrections, concerns; and the pictures it names.

Source of the names: the JATS tag library's lists for ``article-type`` and ``related-article-type``,
and those that PubMed Central adds (``retraction-forward``, ``correction-forward``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grandrounds.harvest.feed import CONCERN, CORRECTED_BY, CORRECTS, RETRACTED_BY, RETRACTS, Related
from grandrounds.harvest.known import identifier
from grandrounds.sources.formulas import local_name

_HREF = "{http://www.w3.org/1999/xlink}href"
_RELATIONS = {
    "retracted-article": RETRACTS,
    "partial-retraction": RETRACTS,
    "retraction-forward": RETRACTED_BY,
    "retraction": RETRACTED_BY,
    "retraction-notice": RETRACTED_BY,
    "corrected-article": CORRECTS,
    "correction-forward": CORRECTED_BY,
    "correction": CORRECTED_BY,
    "erratum": CORRECTED_BY,
    "object-of-concern": CONCERN,
    "expression-of-concern": CONCERN,
    "concern-forward": CONCERN,
}
NOTICES = frozenset(
    {
        "retraction", "partial-retraction", "correction", "erratum", "corrigendum", "addendum",
        "expression-of-concern", "retraction of publication", "published erratum",
    }
)  # fmt: skip
"""Article types of notices about other articles: never cases."""

_WITHDRAWN_TYPES = frozenset({"retracted-article", "retracted publication", "withdrawn-article"})
_WITHDRAWN_TITLE = re.compile(
    r"^\W*(?:retracted|withdrawn)(?: article)?\s*[:\])\u2013\u2014]", re.IGNORECASE
)


def is_withdrawn(*, article_type: str, title: str, related: tuple[Related, ...]) -> bool:
    """Whether an article says of itself that it was retracted."""
    return (
        article_type.casefold() in _WITHDRAWN_TYPES
        or _WITHDRAWN_TITLE.match(title) is not None
        or any(relation.relation == RETRACTED_BY for relation in related)
    )


def is_notice(article_type: str) -> bool:
    """Whether an article of this type only speaks of another."""
    return article_type.casefold() in NOTICES


def related_of(article: Any) -> tuple[Related, ...]:
    """The relations that a JATS ``article`` states in its front matter."""
    return tuple(dict.fromkeys(_relations(article)))


def graphics_of(article: Any) -> tuple[str, ...]:
    """The names of pictures that a JATS ``article`` mentions."""
    names = (
        element.get(_HREF) or ""
        for element in article.iter()
        if local_name(element) in ("graphic", "inline-graphic")
    )
    return tuple(dict.fromkeys(name for name in names if name))


def article_in(root: Any) -> Any:
    """The first ``article`` at or below ``root``; ``None`` where there is none."""
    return next((element for element in root.iter() if local_name(element) == "article"), None)


def _relations(article: Any) -> Iterator[Related]:
    notice = article.get("article-type", "").casefold() in ("retraction", "partial-retraction")
    for element in article.iter():
        if local_name(element) not in ("related-article", "related-object"):
            continue
        if any(
            local_name(above) in ("back", "body", "sub-article", "response")
            for above in element.iterancestors()
        ):
            continue
        said = (element.get("related-article-type") or element.get("document-type") or "").casefold()
        relation = _RELATIONS.get(said) or (RETRACTS if notice else "")
        # PMC writes a PubMed id as the volume's `vol`/`page` too; only plain identifiers are taken.
        scheme = element.get("ext-link-type") or element.get("document-id-type") or ""
        value = element.get(_HREF) or element.get("document-id") or "".join(element.itertext())
        found = identifier(scheme, value) or identifier("doi", value)
        if relation and found is not None:
            yield Related(relation=relation, scheme=found.scheme, value=found.value)
