"""Printed labels of figures and tables, at the head of a caption and in the running text.

``Figure 3.``, ``Fig. 7.2``, ``FIGURE 1-4``, ``Figure S1``, ``Abb. 3``, ``图 2`` and the like. What stands
after the number, and what the line looks like, tells a caption from a sentence that begins with a
reference ("Figure 3 shows ...").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

FIGURE, TABLE, OTHER = "figure", "table", "other"

_FIGURE_WORDS = (
    r"fig(?:ures?|s)?|abb(?:ildung(?:en)?)?|figur(?:a|as|e|en|y)?|figuur|afb(?:eelding)?|ilustraci[oó]n|"
    r"imagen|imagem|immagine|illustration|illus|scheme|schema|sch[eé]ma|exhibit|plates?|photo(?:graph)?|image|graph|"
    r"chart|diagram|ryc(?:ina)?|rys(?:unek)?|obr(?:[aá]zek)?|[sş]ekil|resim|kuva|kuvio|bilde?|"
    r"рис(?:унок|унка|унки|ун|\.)?|мал(?:юнок)?|слика|сл|εικ(?:όνα)?|σχ(?:ήμα)?|slika|hình"
)
_CJK_WORDS = "图|圖|図|그림|插图|附图"
_RTL_WORDS = "الشكل|شكل|صورة|الصورة|איור|תרשים|תמונה"
_TABLE_WORDS = (
    r"tab(?:les?|\.)?|tabelle|tabella|tabla|tabela|tableau|tabell?|taulukko|табл(?:ица)?|πίνακας|"
    r"box|algorithm|listing|panel|appendix|video|movie|audio|equation|case"
)
_CJK_TABLE = "表|표"
_QUALIFIER = r"(?:supplement(?:ary|al)|supp(?:l)?\.?|extended\s+data|online|additional|web|appendix|e)"
_NUMBER = (
    r"(?:[A-Z]{1,2}[.\-\u2010-\u2014]?)?\d{1,4}(?:\s?[.\-\u2010-\u2015·]\s?\d{1,3}){0,3}(?:[a-z](?![a-z]))?"
)
_ROMAN = r"[IVXLC]{1,6}(?![A-Za-z])"
_SEPARATOR = r"[.:：。．|｜—–\-―]|\u2003|\u2002"

_HEAD = re.compile(
    rf"^\s*[\[(▲△◀▶■●►▼◄⯅]?\s*(?P<label>(?P<qualifier>{_QUALIFIER}[\s-]*)?"
    rf"(?:(?P<figure>{_FIGURE_WORDS})(?:\.|\b)|(?P<cjk>{_CJK_WORDS})|(?P<rtl>{_RTL_WORDS})"
    rf"|(?P<table>{_TABLE_WORDS})(?:\.|\b)|(?P<cjk_table>{_CJK_TABLE}))"
    rf"\s{{0,3}}(?:n[o°º]\.?\s{{0,2}})?(?P<number>{_NUMBER}|{_ROMAN}))(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER_FIRST = re.compile(
    r"^\s*(?P<label>(?P<number>\d{1,3})\.\s?(?:ábra|att\.|attēls|pav\.))(?P<rest>.*)$", re.IGNORECASE
)
_AFTER = re.compile(
    rf"^(?P<close>[\])])?\s*(?P<separator>{_SEPARATOR})?(?P<space>\s*)(?P<words>.*)$", re.DOTALL
)
_CONTINUED = re.compile(
    r"^[\s(\[]*(?:continued|cont(?:['’]d|inued)?\.?|fortsetzung|continuación|suite)\b[\])\s.:]*",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"^(?:[,;)]|(?:and|or|to|through|also|is|are|was|were|has|have|had|can|could|may|might|will|would|should|"
    r"shows?|showed|shown|illustrates?|illustrated|depicts?|depicted|presents?|presented|displays?|displayed|"
    r"demonstrates?|demonstrated|gives?|provides?|provided|summari[sz]es?|summari[sz]ed|describes?|described|"
    r"compares?|compared|reveals?|revealed|represents?|represented|contains?|lists?|indicates?|indicated|"
    r"highlights?|details?|outlines?|outlined|plots?|reports?|suggests?|confirms?|in|on|for|of|from|at|by|with|"
    r"below|above|below\.|above\.|which|that|where|we|as|below,|zeigt|zeigen|stellt|ist|und|bis|muestra|"
    r"muestran|presenta|y|e|ilustra|montre|montrent|présente|et|illustre|mostra|mostram|apresenta|pokazuje|"
    r"показ\w+|visar|viser|laat|toont|göster\w*)\b)",
)
_RANGE = re.compile(
    r"^\s?(?:[\u2010-\u2015\-]|and|&|,|to)\s?(?:fig(?:ure)?s?\.?\s?)?[A-Z]?\d", re.IGNORECASE
)
_MAYBE_NUMBER = re.compile(r"\d|[IVXLC]")
_FARTHEST_NUMBER = 60
"""The longest qualifier and word are shorter; most lines have no number so near, which is quickly seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The label at the head of a line: ``kind``, label as printed, ``key`` to compare by, what follows.

    ``offset`` is where the words after label and separator begin in the line. ``separated`` tells that a
    stop, colon or the like follows the number; ``sentence`` that what follows reads like a sentence in
    which the label is the subject. ``continued``: "Figure 3 (continued)".
    """

    kind: str
    label: str
    key: str
    word: str
    words: str
    offset: int
    separated: bool
    sentence: bool
    plural: bool
    continued: bool = False


def head_of(line: str) -> Head | None:
    """The label that ``line`` begins with, or ``None``."""
    if not _MAYBE_NUMBER.search(line, 0, _FARTHEST_NUMBER):
        return None
    text = line[:400]
    match = _HEAD.match(text) or _NUMBER_FIRST.match(text)
    if match is None:
        return None
    groups = match.groupdict()
    kind = TABLE if groups.get("table") or groups.get("cjk_table") else FIGURE
    word = (
        groups.get("figure") or groups.get("table") or groups.get("cjk") or groups.get("rtl") or ""
    ).strip()
    if kind == TABLE and not re.match(
        r"tab|табл|πίν|taul|表|표", (word or groups.get("cjk_table") or ""), re.IGNORECASE
    ):
        kind = OTHER
    number = match.group("number")
    if not number[0].isdigit() and not number.isupper() and not groups.get("qualifier"):
        return None  # "fig in", "plate c": a number in letters is printed in capitals
    if number.isalpha() and (not re.fullmatch(r"[IVXLC]+", number) or word[:1].islower()):
        return None
    rest = match.group("rest")
    wide = any(groups.get(name) for name in ("cjk", "cjk_table", "rtl"))
    if rest[:1].isalnum() and not _is_wide(rest[0]) and not wide:
        return None
    if _RANGE.match(rest) and word.rstrip(".").casefold().endswith("s"):
        return None
    after = _AFTER.match(rest)
    assert after is not None
    words = after.group("words")
    offset = match.start("rest") + after.start("words")
    continued = _CONTINUED.match(words)
    if continued:
        words, offset = words[continued.end() :], offset + continued.end()
    separated = bool(after.group("separator") or after.group("close"))
    label = " ".join(match.group("label").split())
    return Head(
        kind=kind,
        label=label,
        key=key_of(kind, f"{groups.get('qualifier') or ''}{number}"),
        word=word,
        words=words.strip(),
        offset=min(offset, len(line)),
        separated=separated,
        sentence=bool(_VERB.match(words)) or bool(not separated and words[:1].islower()),
        plural=word.casefold().rstrip(".") in ("figures", "figs", "abbildungen", "figuras", "plates"),
        continued=bool(continued),
    )


def key_of(kind: str, number: str) -> str:
    """A label's number for comparing: "S 1", "s1" and "Supplementary 1" are one; dashes are dots."""
    plain = unicodedata.normalize("NFKC", number).casefold()
    plain = re.sub(r"[\u2010-\u2015\-·]", ".", plain)
    plain = re.sub(rf"^{_QUALIFIER}[\s.]*(?=s?\d)", "s", plain)
    plain = re.sub(r"\s+", "", plain)
    plain = re.sub(r"^ss", "s", plain)
    return f"{kind}:{plain}"


def number_of(key: str) -> tuple[float, ...] | None:
    """The numbers of a label's key in order ("figure:7.2" -> (7, 2)), to see a sequence; or ``None``."""
    found = re.findall(r"\d+", key.partition(":")[2])
    return tuple(float(part) for part in found) if found else None


def series_of(key: str) -> str:
    """What is before the digits of a key: figures "1, 2" and "S1, S2" are two series."""
    match = re.match(r"[^\d]*", key)
    return match.group() if match else ""


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
