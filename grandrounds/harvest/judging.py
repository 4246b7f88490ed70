"""What becomes of one record: refused by what it says, or fetched, read as readers will, and judged.

The order is by cost: nothing is fetched that its record already rules out.
"""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.harvest import licensing
from grandrounds.harvest.feed import FeedRecord, Related
from grandrounds.harvest.known import Known, of_record, with_text
from grandrounds.harvest.relations import article_in, is_notice, is_withdrawn, related_of
from grandrounds.harvest.settings import FeedSettings
from grandrounds.licences import UNKNOWN
from grandrounds.sources import kinds
from grandrounds.sources.article import Article
from grandrounds.sources.case_report import CaseReportReader
from grandrounds.sources.languages import clean_tag

RETRACTED, REMOVED, LICENCE, LANGUAGE, NOT_A_CASE = (
    "retracted",
    "removed",
    "licence",
    "language",
    "not_a_case",
)
TOO_LARGE, MALFORMED, GONE, FORBIDDEN, UNREACHABLE = (
    "too_large",
    "malformed",
    "gone",
    "forbidden",
    "unreachable",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether to go on (``reason`` empty), or why not; ``licence`` and ``known`` as far as that is."""

    reason: str = ""
    detail: str = ""
    licence: str = UNKNOWN
    known: Known


def judge_record(record: FeedRecord, settings: FeedSettings) -> Judgement:
    """What the record alone decides."""
    known = of_record(record)
    if record.gone:
        return Judgement(reason=REMOVED, detail="The feed says that it was deleted.", known=known)
    ruling = licensing.by_record(record.licence, settings)
    refused = _refusal(known, settings, retracted=record.retracted, said_language=bool(known.language))
    if refused:
        return Judgement(reason=refused[0], detail=refused[1], licence=ruling.licence, known=known)
    if not ruling.admitted:
        return Judgement(reason=LICENCE, detail=ruling.why, licence=ruling.licence, known=known)
    return Judgement(licence=ruling.licence, known=known)


def judge_text(
    record: FeedRecord, data: bytes, *, licence: str, settings: FeedSettings, notes: tuple[str, ...] = ()
) -> Judgement:
    """What the full text decides, when its record was admitted under ``licence``."""
    kind = kinds.recognise_head(data[: kinds.HEAD_BYTES], size=len(data))
    if kind not in kinds.CASE_KINDS:
        reason = MALFORMED if kind in (kinds.EMPTY, kinds.HTML, kinds.XML, kinds.OTHER) else NOT_A_CASE
        detail = f"The full text is of the kind {kind}, which no reader of cases takes."
        return Judgement(reason=reason, detail=detail, licence=licence, known=of_record(record))
    reading = CaseReportReader().read(data, kind=kind)
    if reading.article is None:
        return Judgement(reason=MALFORMED, detail=reading.failure, licence=licence, known=of_record(record))
    article = reading.article
    related = _related(data) if kind == kinds.JATS else ()
    known = with_text(record, article, related=related, notes=notes)
    ruling = licensing.by_text(
        licence, spdx=article.licence, evidence=article.licence_evidence, settings=settings
    )
    withdrawn = is_withdrawn(article_type=known.article_type, title=article.title, related=known.related)
    refused = _refusal(known, settings, retracted=withdrawn, said_language=True) or _stranger(
        record, article
    )
    if refused:
        return Judgement(reason=refused[0], detail=refused[1], licence=ruling.licence, known=known)
    if not ruling.admitted:
        return Judgement(reason=LICENCE, detail=ruling.why, licence=ruling.licence, known=known)
    return Judgement(licence=ruling.licence, known=known)


def _refusal(
    known: Known, settings: FeedSettings, *, retracted: bool, said_language: bool
) -> tuple[str, str] | None:
    if is_notice(known.article_type):
        return NOT_A_CASE, f"It is a notice about another article ({known.article_type})."
    if retracted:
        return RETRACTED, "It was retracted."
    wanted = {clean_tag(tag) for tag in settings.languages}
    if wanted and said_language and known.language not in wanted:
        return LANGUAGE, f"Its language is {known.language or 'not known'}."
    types = {name.casefold() for name in settings.article_types}
    if types and known.article_type and known.article_type.casefold() not in types:
        return NOT_A_CASE, f"Its type is {known.article_type}."
    return None


def _stranger(record: FeedRecord, article: Article) -> tuple[str, str] | None:
    """A text that names itself otherwise than its record is not that record's."""
    for scheme in ("doi", "pmcid"):
        said = {i.value.casefold() for i in record.identifiers if i.scheme == scheme}
        found = {i.value.casefold() for i in article.identifiers if i.scheme == scheme}
        if said and found and not said & found:
            return (
                MALFORMED,
                f"The full text is of {', '.join(sorted(found))}, not of {', '.join(sorted(said))}.",
            )
    return None


def _related(data: bytes) -> tuple[Related, ...]:
    from grandrounds.sources.xml_safety import parse

    article = article_in(parse(data).root)
    return related_of(article) if article is not None else ()
