"""Who an article is: identifiers in one spelling, its group, and how to cite it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from grandrounds.fingerprint import sha256_text
from grandrounds.records.parts import Identifier
from grandrounds.text import words

_DOI = re.compile(r"\b(10\.\d{4,9}/\S+)")
_PMCID = re.compile(r"^\s*(?:PMC)?\s*(\d{1,10})(?:\.\d+)?\s*$", re.IGNORECASE)


def clean_doi(text: str) -> str | None:
    """The DOI in ``text`` without address, prefix and closing punctuation; ``None`` when there is none."""
    match = _DOI.search(text)
    return match.group(1).rstrip(".,;)]>\"'") if match else None


def clean_pmcid(text: str) -> str | None:
    """``PMC`` and digits, from ``PMC4735894``, ``4735894`` or ``PMC4735894.1``; ``None`` for others."""
    match = _PMCID.match(text)
    return f"PMC{int(match.group(1))}" if match else None


def article_group(identifiers: Sequence[Identifier], *, title: str, text: str) -> str:
    """The group of an article: by DOI, else PMCID, else PMID, else its title, else its text.

    The same article read from two files gets the same group.
    """
    by_scheme = {identifier.scheme: identifier.value for identifier in reversed(identifiers)}
    if "doi" in by_scheme:
        return f"article:doi:{by_scheme['doi'].casefold()}"
    for scheme in ("pmcid", "pmid"):
        if scheme in by_scheme:
            return f"article:{scheme}:{by_scheme[scheme].casefold()}"
    plain = words(title)
    if len(plain) >= 4:
        return f"article:title:{sha256_text(' '.join(plain))[:16]}"
    return f"article:text:{sha256_text(text)[:16]}"


def cite(
    *,
    authors: Sequence[str],
    title: str,
    journal: str | None,
    published: date | None,
    identifiers: Sequence[Identifier],
) -> str:
    """How to cite an article: "Vijan V, et al. Title. Journal. 2016. doi:10.1155/..."."""
    doi = next((i.value for i in identifiers if i.scheme == "doi"), None)
    pmcid = next((i.value for i in identifiers if i.scheme == "pmcid"), None)
    who = ", ".join(authors) if len(authors) <= 2 else f"{authors[0]}, et al"
    parts = [who, title, journal or "", str(published.year) if published else ""]
    sentences = [part if part[-1] in ".?!" else f"{part}." for part in (p.strip() for p in parts) if part]
    return " ".join(sentences + ([f"doi:{doi}"] if doi else [pmcid] if pmcid else []))
