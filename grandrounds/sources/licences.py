"""Licences as SPDX ids, read from links or words.

A version is only stated where the document states it: "Creative Commons Attribution License" without
one becomes ``LicenseRef-CC-BY``. Words that promise only "open access" say nothing about the licence.
Where a link and the words beside it disagree, the more restrictive is taken and told in a note.
Sources: the licence names and addresses of creativecommons.org, and the SPDX licence list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "unknown"
PUBLIC_DOMAIN = "LicenseRef-public-domain"

_LINK = re.compile(
    r"creativecommons\.org/(?:licen[sc]es/(?P<terms>by(?:-(?:nc|nd|sa))*|nc(?:-sa|-nd)?|sa|nd)\b(?:/(?P<version>\d\.\d))?(?:/(?P<port>[a-z]{2,4})\b(?!\.))?"
    r"|publicdomain/(?P<domain>zero|mark)|licen[sc]es/(?P<old>publicdomain))",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\bcreative\s*commons\b|\bCC(?:[\s\u2010-\u2015-]+(?=BY\b)|\s*[(\u2013]?\s*(?=BY\b))"
    r"|\bCC0\b|\bCC[- ]zero\b",
    re.IGNORECASE,
)
_NON_COMMERCIAL = re.compile(r"non[\s\u2010-\u2015-]*commercial|\bNC\b", re.IGNORECASE)
_NO_DERIVATIVES = re.compile(r"no[\s\u2010-\u2015-]*deriv|\bND\b", re.IGNORECASE)
_SHARE_ALIKE = re.compile(r"share[\s\u2010-\u2015-]*alike|\bSA\b", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"attribution|\bBY\b")
_VERSION = re.compile(r"(?<![\d.])(?:v(?:ersion)?\.?\s*)?([1-4]\.[05])(?![\d.]*\d)", re.IGNORECASE)
_CC0 = re.compile(r"\bCC0\b|\bCC[- ]zero\b|publicdomain/zero", re.IGNORECASE)
_WAIVER_FOR_DATA = re.compile(
    r"(?:waiver|dedication|CC0|zero)(?:(?!\.\s).){0,250}?\b(?:appl\w+ to|for) the (?:meta)?data",
    re.IGNORECASE,
)
_FREE_OF_RIGHTS = re.compile(
    r"\b(?:is|are|lies|placed|dedicated|made available|work) (?:in|to|into|under) the public domain\b"
    r"|\bpublic domain (?:declaration|dedication|work|in the)|\bfree of all copyright\b"
    r"|\bnot subject to copyright\b|^\s*public[ -]domain\s*$",
    re.IGNORECASE,
)
_NOT_FREE = re.compile(r"\bnot in the public domain\b", re.IGNORECASE)
_LIMITS_USE = re.compile(
    r"non[\s\u2010-\u2015-]*commercial (?:use|purposes|reproduction|distribution|re-?use)", re.IGNORECASE
)
_BOTH_USES = re.compile(
    r"(?<!non)(?<!non-)(?<!non )\bcommercial(?:ly)?\b(?:,| and| or|/| as well as) (?:for )?non",
    re.IGNORECASE,
)
_OTHERS = (
    (re.compile(r"\bopen government licen[cs]e[^.]{0,20}v?3", re.IGNORECASE), "OGL-UK-3.0"),
    (re.compile(r"\bopen government licen[cs]e[^.]{0,20}v?2", re.IGNORECASE), "OGL-UK-2.0"),
)
_VERSIONS = frozenset({"1.0", "2.0", "2.5", "3.0", "4.0"})
# The ported versions that SPDX lists; any other port is named by its version alone.
_PORTS = {
    "CC-BY-2.5": ("AU",),
    "CC-BY-3.0": ("AT", "AU", "DE", "IGO", "NL", "US"),
    "CC-BY-NC-3.0": ("DE",),
    "CC-BY-NC-ND-3.0": ("DE", "IGO"),
    "CC-BY-NC-SA-2.0": ("DE", "FR", "UK"),
    "CC-BY-NC-SA-3.0": ("DE", "IGO"),
    "CC-BY-ND-3.0": ("DE",),
    "CC-BY-SA-2.0": ("UK",),
    "CC-BY-SA-3.0": ("AT", "DE", "IGO"),
}
_SPDX_SHAPE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence: its SPDX id or ``unknown``, the words or link that say so, a note where they disagree."""

    spdx: str = UNKNOWN
    evidence: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Terms:
    """The conditions of a Creative Commons licence, its version and port where stated."""

    non_commercial: bool = False
    no_derivatives: bool = False
    share_alike: bool = False
    version: str = ""
    port: str = ""

    @property
    def weight(self) -> int:
        """More is more restrictive: no derivatives before no commerce before share alike."""
        return 4 * self.no_derivatives + 2 * self.non_commercial + self.share_alike

    @property
    def conditions(self) -> tuple[bool, bool, bool]:
        return (self.non_commercial, self.no_derivatives, self.share_alike)

    def spdx(self) -> str:
        """The id; a ``LicenseRef`` where no version that exists is stated."""
        name = "CC-BY" + "-NC" * self.non_commercial + "-ND" * self.no_derivatives
        name += "-SA" * (self.share_alike and not self.no_derivatives)
        if self.version not in _VERSIONS:
            return f"LicenseRef-{name}"
        versioned = f"{name}-{self.version}"
        port = self.port.upper()
        return f"{versioned}-{port}" if port in _PORTS.get(versioned, ()) else versioned


def read_licence(*, links: Sequence[str] = (), words: str = "") -> Licence:
    """The licence that ``links`` (strongest first) and ``words`` state together."""
    words = " ".join(words.split())
    waiver = _WAIVER_FOR_DATA.search(words) is not None
    linked = [(link, term) for link in links if (term := _of_link(link)) is not None]
    linked += [
        (m.group(), term) for m in _LINK.finditer(words) if (term := _of_link(m.group())) is not None
    ]
    named = _of_words(words)
    terms = [(link, term) for link, term in linked if isinstance(term, _Terms)]
    if terms:
        return _with_link(terms, named, words)
    domain = [(link, term) for link, term in linked if isinstance(term, str)]
    if named is not None and (waiver or not domain):
        return Licence(spdx=named.spdx(), evidence=_quote(words))
    if domain and not waiver:
        return Licence(spdx=str(domain[0][1]), evidence=domain[0][0].strip())
    return _without_terms(words, waiver)


def from_name(text: str) -> Licence:
    """The licence that a person names in a settings file or a Markdown head.

    SPDX ids are taken as they are; "CC BY 4.0" and links are understood; other words are ``unknown``.
    """
    text = text.strip()
    if text.casefold() in ("", UNKNOWN, "none"):
        return Licence(evidence=text)
    if re.match(r"cc(?:[\s-]*by\b|0|[\s-]zero)", text, re.IGNORECASE):
        text = text.upper().replace("LICENSEREF", "LicenseRef")
    read = read_licence(links=[text] if "/" in text else [], words=text)
    if read.spdx != UNKNOWN and not text.startswith("LicenseRef-"):
        return Licence(spdx=read.spdx if not _is_spdx_cc(text) else text, evidence=text)
    if _SPDX_SHAPE.match(text) and not re.search(r"open-?access", text, re.IGNORECASE):
        return Licence(spdx=text, evidence=text)
    return Licence(evidence=text)


def _is_spdx_cc(text: str) -> bool:
    return re.fullmatch(r"CC-BY(-(NC|ND|SA))*-\d\.\d(-[A-Z]{2,3})?|CC0-1\.0", text) is not None


def _of_link(link: str) -> _Terms | str | None:
    """The terms (or public-domain id) of the first Creative Commons address in ``link``."""
    match = _LINK.search(link)
    if match is None:
        return None
    domain = (match.group("domain") or match.group("old") or "").casefold()
    if domain:
        return "CC0-1.0" if domain == "zero" else PUBLIC_DOMAIN
    parts = match.group("terms").casefold().split("-")
    if "by" not in parts:
        return None  # the licences without attribution of 2002 have long been withdrawn
    return _Terms(
        non_commercial="nc" in parts,
        no_derivatives="nd" in parts,
        share_alike="sa" in parts,
        version=match.group("version") or "",
        port=match.group("port") or "",
    )


def _of_words(words: str) -> _Terms | None:
    """The terms that the words name; of several, the most restrictive."""
    found: list[_Terms] = []
    for match in _NAME.finditer(words):
        phrase = _phrase(words, match)
        if not _ATTRIBUTION.search(phrase.replace("Attribution", "attribution")):
            continue
        version = _VERSION.search(phrase)
        found.append(
            _Terms(
                non_commercial=_NON_COMMERCIAL.search(phrase) is not None,
                no_derivatives=_NO_DERIVATIVES.search(phrase) is not None,
                share_alike=_SHARE_ALIKE.search(phrase) is not None,
                version=version.group(1) if version else "",
            )
        )
    if not found:
        return None
    strictest = max(found, key=lambda terms: (terms.weight, terms.version))
    if not strictest.version:
        same = [t.version for t in found if t.conditions == strictest.conditions and t.version]
        strictest = _Terms(*strictest.conditions, version=same[0]) if same else strictest
    if not strictest.non_commercial and _LIMITS_USE.search(words) and not _BOTH_USES.search(words):
        strictest = _Terms(True, strictest.no_derivatives, strictest.share_alike, strictest.version)
    return strictest


def _phrase(words: str, name: re.Match[str]) -> str:
    """The licence's name that begins at ``name``: up to the sentence's verb, at most 160 characters."""
    phrase = words[name.start() : name.start() + 160]
    other = _NAME.search(phrase, len(name.group()))
    # "... License (CC BY 4.0)" names one licence twice: read both names together.
    limit = len(phrase)
    if other and not re.search(r"[(,:]\s*$", phrase[: other.start()]):
        limit = other.start()
    stop = re.search(
        r"\b(?:which|that|permits?|permitting|provided|allows?|to view|unless|if you|and your|waiver)\b"
        r"|\.\s",
        phrase,
    )
    return phrase[: min(limit, stop.start() if stop else limit)]


def _with_link(terms: Sequence[tuple[str, _Terms]], named: _Terms | None, words: str) -> Licence:
    link, first = max(terms, key=lambda entry: entry[1].weight)
    note = ""
    if len({term.conditions for _, term in terms}) > 1:
        note = "Several licences are linked; the most restrictive was taken."
    if not first.version:
        version = next((t.version for _, t in terms if t.version and t.conditions == first.conditions), "")
        if not version and named is not None and named.conditions == first.conditions:
            version = named.version
        first = _Terms(*first.conditions, version=version, port=first.port)
    if named is not None and named.weight > first.weight:
        version = named.version or first.version
        return Licence(
            spdx=_Terms(*named.conditions, version=version).spdx(),
            evidence=_quote(words),
            note=f"The licence's words are stricter than its link ({link.strip()}); the words were taken.",
        )
    if named is not None and named.conditions != first.conditions:
        note = note or "The licence's link is stricter than its words; the link was taken."
    return Licence(spdx=first.spdx(), evidence=link.strip(), note=note)


def _without_terms(words: str, waiver: bool) -> Licence:
    if _CC0.search(words) and not waiver:
        return Licence(spdx="CC0-1.0", evidence=_quote(words))
    for pattern, spdx in _OTHERS:
        if pattern.search(words):
            return Licence(spdx=spdx, evidence=_quote(words))
    if _FREE_OF_RIGHTS.search(words) and not _NOT_FREE.search(words) and not waiver:
        return Licence(spdx=PUBLIC_DOMAIN, evidence=_quote(words))
    return Licence(evidence=_quote(words))


def _quote(words: str) -> str:
    """The words that are kept as evidence; a licence statement fits, a whole article does not."""
    return words if len(words) <= 600 else words[:599].rsplit(" ", 1)[0] + "\u2026"
