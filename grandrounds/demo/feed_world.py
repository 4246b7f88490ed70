"""A small world of journals: fictional articles that appear, change and are retracted by a script.

The demo and the tests harvest it through ``feed_answers`` (in this process, or over a socket), or as a
drop folder. It has a clock that is set from outside, and knows nothing of who asks.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldArticle:
    """One article. ``number`` makes its PMCID (``PMC`` + number) and DOI; ``licence`` is what records say,
    ``licence_words`` what the full text says (empty: a sentence that names the licence).

    ``sections`` are (title, text). ``jats`` replaces the made full text by given bytes.
    """

    number: int
    title: str
    sections: tuple[tuple[str, str], ...] = ()
    first_public: date
    revised: date | None = None
    licence: str = "cc by"
    licence_words: str = ""
    language: str = "en"
    article_type: str = "case-report"
    related: tuple[tuple[str, str], ...] = ()
    figures: Mapping[str, bytes] = field(default_factory=dict)
    doi_stem: str = "10.5555/world"
    retracted: bool = False
    jats: bytes = b""

    @property
    def pmcid(self) -> str:
        """``PMC`` and the number."""
        return f"PMC{self.number}"

    @property
    def doi(self) -> str:
        """The article's DOI."""
        return f"{self.doi_stem}.{self.number}"

    def full_text(self) -> bytes:
        """The article as JATS."""
        return self.jats or _jats(self)

    def front(self) -> bytes:
        """The article's front matter alone, as OAI-PMH lists it."""
        return _jats(self, body=False)

    def archive(self) -> bytes:
        """The figures as a zip; always the same bytes."""
        held = BytesIO()
        with zipfile.ZipFile(held, "w") as made:
            for name, data in sorted(self.figures.items()):
                made.writestr(zipfile.ZipInfo(name, date_time=_DAY_OF_ZIP), data)
        return held.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An article as it is at the world's moment; ``changed`` is the moment of its last change."""

    article: WorldArticle
    changed: datetime
    deleted: bool = False


class FeedWorld:
    """The script, and the clock ``now`` (aware) up to which it was played."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._script: list[tuple[datetime, int, dict[str, Any] | WorldArticle | None]] = []

    def publish(self, at: datetime, article: WorldArticle) -> None:
        """From ``at`` on feeds list ``article``; late where its ``first_public`` lies before."""
        self._script.append((at, article.number, article))

    def revise(self, at: datetime, number: int, **changes: Any) -> None:
        """At ``at`` fields of an article change, and it is listed anew."""
        self._script.append((at, number, {"revised": at.date(), **changes}))

    def relicense(self, at: datetime, number: int, licence: str, words: str = "") -> None:
        """At ``at`` an article stands under another licence."""
        self.revise(at, number, licence=licence, licence_words=words)

    def retract(self, at: datetime, number: int, *, notice: int = 0) -> None:
        """At ``at`` an article is retracted; ``notice`` is the number of the notice that says so.

        With a notice alone (a negative number) the article's own record stays as it was.
        """
        if notice >= 0:
            self.revise(at, number, retracted=True)
        if notice:
            self.publish(
                at,
                WorldArticle(
                    number=abs(notice),
                    title="Retraction of an earlier report",
                    sections=(("Notice", "The article was retracted at the request of its authors."),),
                    first_public=at.date(),
                    article_type="retraction",
                    related=(("retracted-article", self._doi(number)),),
                ),
            )

    def remove(self, at: datetime, number: int) -> None:
        """At ``at`` an article is gone."""
        self._script.append((at, number, None))

    def states(self) -> tuple[State, ...]:
        """What there is at the world's moment, deleted articles too, by last change, then by number."""
        found: dict[int, State] = {}
        for at, number, change in sorted(self._script, key=lambda entry: entry[0]):
            if at > self.now:
                break
            before = found.get(number)
            if isinstance(change, WorldArticle):
                found[number] = State(article=change, changed=at)
            elif before is not None:
                article = replace(before.article, **change) if change else before.article
                found[number] = State(article=article, changed=at, deleted=change is None)
        return tuple(sorted(found.values(), key=lambda state: (state.changed, state.article.number)))

    def find(self, name: str) -> State | None:
        """The article with this number, PMCID or DOI."""
        for state in self.states():
            if name in (str(state.article.number), state.article.pmcid, state.article.doi):
                return state
        return None

    def drop(self, folder: Path) -> None:
        """Make ``folder`` hold what there is: one XML an article, its figures beside it."""
        wanted: dict[str, bytes] = {}
        for state in self.states():
            if not state.deleted:
                place = state.article.pmcid
                wanted[f"{place}/{place}.xml"] = state.article.full_text()
                wanted.update({f"{place}/{name}": data for name, data in state.article.figures.items()})
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
        for name, data in wanted.items():
            path = folder / name
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def _doi(self, number: int) -> str:
        for _, known, change in self._script:
            if known == number and isinstance(change, WorldArticle):
                return change.doi
        return f"10.5555/world.{number}"


_SENTENCES = {
    "cc by": "This is an open access article under the Creative Commons Attribution License 4.0.",
    "cc by-nc": "This article is under the Creative Commons Attribution-NonCommercial License 4.0.",
    "cc by-nd": "This article is under the Creative Commons Attribution-NoDerivatives License 4.0.",
    "cc0": "The authors dedicate this work to the public domain (CC0).",
}


def _jats(article: WorldArticle, *, body: bool = True) -> bytes:
    words = article.licence_words or _SENTENCES.get(article.licence, article.licence)
    related = "".join(
        f"<related-article related-article-type={quoteattr(kind)} ext-link-type='doi' "
        f"xlink:href={quoteattr(doi)}/>"
        for kind, doi in article.related
    )
    if article.retracted:
        related += (
            "<related-article related-article-type='retraction-forward' ext-link-type='doi' "
            f"xlink:href={quoteattr(article.doi + '.r')}/>"
        )
    day = article.first_public
    text = "".join(
        f"<sec><title>{escape(title)}</title><p>{escape(words_)}</p></sec>"
        for title, words_ in article.sections
    )
    pictures = "".join(
        f"<fig id='f{number}'><label>Figure {number}</label>"
        "<caption><p>A finding of this case.</p></caption>"
        f"<graphic xlink:href={quoteattr(name.rpartition('.')[0])}/></fig>"
        for number, name in enumerate(sorted(article.figures), start=1)
    )
    title = escape(("RETRACTED: " if article.retracted else "") + article.title)
    made = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<article xmlns:xlink='http://www.w3.org/1999/xlink' "
        f"article-type={quoteattr(article.article_type)} xml:lang={quoteattr(article.language)}><front>"
        "<journal-meta><journal-title-group><journal-title>Journal of Made-up Cases</journal-title>"
        "</journal-title-group></journal-meta><article-meta>"
        f"<article-id pub-id-type='pmcid'>{article.pmcid}</article-id>"
        f"<article-id pub-id-type='doi'>{escape(article.doi)}</article-id>"
        f"<title-group><article-title>{title}</article-title></title-group>"
        f"<pub-date pub-type='epub'><day>{day.day}</day><month>{day.month}</month>"
        f"<year>{day.year}</year></pub-date>"
        f"<permissions><license><license-p>{escape(words)}</license-p></license></permissions>{related}"
        "</article-meta></front>" + (f"<body>{text}{pictures}</body>" if body else "") + "</article>\n"
    )
    return made.encode("utf-8")
