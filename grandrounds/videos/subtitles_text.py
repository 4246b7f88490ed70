"""From the bytes of a subtitle file to what is said: encodings, markup, and lines without either.

Markup of both formats is taken out by one set of rules, since files mix them: HTML-like tags (``<i>``,
``<font ...>``, WebVTT's ``<v Speaker>``, ``<c.class>`` and time stamps), the braces of SubStation Alpha
(``{\\an8}``), and character references.
"""

from __future__ import annotations

import codecs
import html
import re

from grandrounds.errors import SourceError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What editors of a language saved before UTF-8; files without a language are mostly Western.
_CODE_PAGES = {
    "ru": "cp1251", "uk": "cp1251", "bg": "cp1251", "sr": "cp1251", "mk": "cp1251", "be": "cp1251",
    "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "sl": "cp1250",
    "hr": "cp1250", "ro": "cp1250",
    "el": "cp1253", "tr": "cp1254", "he": "cp1255", "ar": "cp1256", "fa": "cp1256", "et": "cp1257",
    "lv": "cp1257", "lt": "cp1257", "vi": "cp1258", "th": "cp874",
    "ja": "cp932", "ko": "cp949", "zh": "gb18030",
}  # fmt: skip
_WESTERN = "cp1252"
_SAMPLE = 4096

_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Nothing to be seen: marks of direction, joiners without width, soft hyphens, byte order marks.
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BREAK = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:i|b|u|s|em|strong|font|span|p|div|c|v|lang|ruby|rt|rp|sub|sup|big|small|tt|strike)"
    r"(?:[.\s/][^<>]{0,500})?>",
    re.IGNORECASE,
)
# A tag of WebVTT is anything behind "<"; "HR < 60" and "<=5" are meant as they stand.
_ANY_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]{0,500}|/|)>")
_STAMP = re.compile(r"<[0-9]{1,5}:[0-9:.,]{2,20}>")
_BRACES = re.compile(r"\{[\\=][^{}]{0,500}\}|\{[ybiusYBIUSfFcCsSpP]:[^{}]{0,100}\}")
_ASS_SPACE = re.compile(r"\\[Nnh]")
_DRAWING = re.compile(r"\{[^{}]{0,500}\\p[1-9][^{}]{0,500}\}")


def decoded(data: bytes, *, language: str = "") -> tuple[str, str]:
    """The text of a subtitle file, and a note where its encoding had to be guessed.

    A byte order mark decides, then whether it is sound UTF-8, then zero bytes (UTF-16), then the code page
    that was common for ``language`` (a tag; Western where it is empty or has none). Raises ``SourceError``
    for bytes that are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace"), ""
    wide = _wide(data)
    if wide:
        return data.decode(wide, errors="replace"), f"The text was read as {wide.upper()}."
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as exc:
        if exc.start >= len(data) - 4 and exc.start > 64:  # cut within a character
            return data[: exc.start].decode("utf-8"), ""
    if data[:_SAMPLE].count(0) > 8:
        raise SourceError("It holds no text.", remedy="Look at the file: subtitles are text.")
    page = _CODE_PAGES.get(language.partition("-")[0].casefold(), _WESTERN)
    try:
        return data.decode(page), f"The text is not UTF-8; it was read as {page}."
    except UnicodeDecodeError:
        return data.decode(
            page, errors="replace"
        ), f"The text is not UTF-8; it was read as {page}, with gaps."


def lines_of(text: str) -> list[str]:
    """The lines of ``text``, whatever ends them, without characters that control something. A zero byte
    becomes U+FFFD, as WebVTT says."""
    return _LINE_END.split(_CONTROLS.sub("", text.replace("\0", "\ufffd")))


def without_markup(text: str, *, any_tag: bool = False) -> str:
    """One line of a cue as it is read: without tags and braces, references resolved, spaces made one.

    ``any_tag``: every ``<...>`` that could be a tag is one, as in WebVTT; else only those known by name.
    """
    if "{" in text:
        if _DRAWING.search(text):
            return ""
        text = _BRACES.sub("", text)
    if "\\" in text:
        text = _ASS_SPACE.sub(" ", text)
    if "<" in text:
        text = _STAMP.sub("", _BREAK.sub(" ", text))
        text = (_ANY_TAG if any_tag else _TAG).sub("", text)
    if "&" in text:
        text = html.unescape(text)
    return " ".join((text if text.isascii() else _UNSEEN.sub("", text)).split())


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: Latin text has a zero in every second byte."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half < 8:
        return ""
    if sample[1::2].count(0) > 0.4 * half and sample[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.4 * half and sample[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return ""
