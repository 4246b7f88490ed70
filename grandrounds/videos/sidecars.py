"""Which files beside a video belong to it: subtitles and tables of key points, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grandrounds.sources.languages import clean_tag
from grandrounds.videos.values import Sidecars


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


SUBTITLE_ENDINGS = frozenset({".srt", ".vtt"})
POSE_ENDINGS = frozenset({".csv", ".tsv", ".json", ".trc"})
VIDEO_ENDINGS = _words(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .mpe .ts .m2ts .mts .wmv .asf .flv .f4v .ogv .ogg .3gp "
    ".3g2 .vob .mxf .divx .h264 .hevc .ivf"
)

_REGION = re.compile(r"[a-z]{2}|[0-9]{3}|hans|hant")
_PERSON = re.compile(r"(?:person_?|id_?)?[0-9]{1,3}")
_PART = re.compile(r"[._\-\s()\[\]+]+")
_LANGUAGES = {
    "english": "en", "spanish": "es", "french": "fr", "german": "de", "italian": "it", "portuguese": "pt",
    "chinese": "zh", "japanese": "ja", "korean": "ko", "russian": "ru", "turkish": "tr", "polish": "pl",
    "arabic": "ar", "dutch": "nl", "greek": "el", "hebrew": "he", "hindi": "hi", "swedish": "sv",
}  # fmt: skip
# ISO 639-1, and ISO 639-2 where they are used in names of files: other short words are no languages.
_TAGS = _words(
    "aa ab af ak am ar as az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu "
    "hy id is it ja ka kk km kn ko ku ky la lb lo lt lv mk ml mn mr ms mt my nb ne nl nn no pa pl ps pt "
    "ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi zh zu eng spa fre fra ger deu ita por chi "
    "zho jpn kor rus tur pol ara dut nld gre ell heb hin swe dan nor fin ces cze hun ron rum ukr vie "
    "tha ind"
)
_KINDS = _words(
    "sdh cc hi forced auto automatic generated orig original default caption captions subtitle "
    "subtitles sub subs transcript transcription asr whisper text full"
)
_WEAK = frozenset({"forced", "auto", "automatic", "generated", "asr", "whisper"})
_POSE_PARTS = _words(
    "pose poses keypoint keypoints kpts landmarks landmark skeleton joints markers marker points "
    "tracking 2d 3d px m mm body openpose mediapipe blazepose sports2d coco halpe movenet rtmpose "
    "filtered filt person person0 person00 person1 person01 person02 person03 estimation"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffix:
    """What stands in the name of a subtitle file behind the video's: a language tag or nothing, and
    whether it says that a program wrote it, or that it holds only foreign words (``weak``)."""

    language: str = ""
    weak: bool = False


def sidecars(path: Path, listing: Iterable[Path]) -> Sidecars:
    """The files of ``listing`` that belong to the video at ``path``, in order of name.

    A file belongs to the video whose whole name its own begins with (the longest, where several fit),
    followed by nothing but languages and words for its kind: ``talk.srt``, ``talk.en.vtt``,
    ``talk_en.vtt``, ``talk_pose.csv``. Subtitles whose name begins with no video's belong to the only video
    of a folder that has one, when they are all one text (``video.mp4``, ``subtitles_en.vtt``).
    """
    beside = sorted({file for file in listing if file.parent == path.parent and file.name != path.name})
    films = [file for file in beside if file.suffix.casefold() in VIDEO_ENDINGS]
    subtitles = [file for file in beside if file.suffix.casefold() in SUBTITLE_ENDINGS]
    own = [file for file in subtitles if _belongs(path, file, films, _suffix)]
    if not own and not films:
        own = _of_the_only_one(subtitles)
    tables = [file for file in beside if file.suffix.casefold() in POSE_ENDINGS]
    poses = [file for file in tables if _belongs(path, file, films, _pose)]
    return Sidecars(subtitles=tuple(own), poses=tuple(poses))


def suffix_of(path: Path, subtitle: Path) -> Suffix:
    """What the name of a subtitle file says beside the video's name."""
    found = _suffix(path, subtitle)
    if found is None:
        found = _parts_say(_PART.split(subtitle.stem), lenient=True)
    return found or Suffix()


def _suffix(path: Path, subtitle: Path) -> Suffix | None:
    """What stands behind the video's name; ``None`` where that is something else than languages and kinds,
    or the name doesn't begin with the video's."""
    rest = _rest(path, subtitle)
    return None if rest is None else _parts_say(rest, lenient=False)


def _rest(path: Path, file: Path) -> list[str] | None:
    """The words of the file's name behind the video's own."""
    for name in (path.name, path.stem):  # "talk.mp4.srt", "talk.srt"
        if file.stem.casefold().startswith(name.casefold()):
            rest = file.stem[len(name) :]
            if rest and not _PART.match(rest) and not rest.startswith("DLC"):
                continue
            return [part for part in _PART.split(rest) if part]
    return None


def _parts_say(parts: Sequence[str], *, lenient: bool) -> Suffix | None:
    language, weak, known = "", False, True
    for place, part in enumerate(parts):
        word = part.casefold()
        if word in _LANGUAGES:
            language = _LANGUAGES[word]
        elif word in _KINDS and not (word == "hi" and not language):
            weak = weak or word in _WEAK
        elif word in _TAGS:
            language = clean_tag(word) or ""
        elif place and parts[place - 1].casefold() in _TAGS and _REGION.fullmatch(word):
            language = clean_tag(f"{parts[place - 1]}-{word}") or language
        else:
            known = False
    return Suffix(language=language, weak=weak) if known or lenient else None


def _belongs(path: Path, file: Path, films: Iterable[Path], fits: Callable[[Path, Path], object]) -> bool:
    """Whether the file's name fits the video's, and no other video's longer name as well."""
    longer = (film for film in films if len(film.stem) > len(path.stem))
    return fits(path, file) is not None and all(fits(film, file) is None for film in longer)


def _of_the_only_one(subtitles: Sequence[Path]) -> list[Path]:
    """Subtitles of a folder's only video: all of them, when only language and kind tell them apart."""
    bases = set()
    for file in subtitles:
        words = [part.casefold() for part in _PART.split(file.stem) if part]
        bases.add(tuple(word for word in words if word not in _TAGS | _KINDS | _LANGUAGES.keys()))
    return list(subtitles) if len(bases) == 1 else []


def _pose(path: Path, file: Path) -> Suffix | None:
    rest = _rest(path, file)
    if rest is None:
        return None
    if rest and rest[0].startswith("DLC"):  # DeepLabCut adds network, task, date and number of steps
        return Suffix()
    known = all(part.casefold() in _POSE_PARTS or _PERSON.fullmatch(part.casefold()) for part in rest)
    return Suffix() if known else None
