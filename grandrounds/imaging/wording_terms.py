"""Numbers, names of structures, sides, directions and grades as they stand in running text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

_NUMBER = re.compile(
    # The sign is one only where no number or word stands before it: "30-52" is a range.
    r"(?<![\w.])(?P<sign>[-\u2212])?(?<![A-Za-z_\d.])(?P<digits>\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
    r"(?P<unit>\s?(?:mm3|mm|cm|ml|hu|percent|per cent|degrees?|deg|years?|%|\u00b0))?(?![A-Za-z_])",
    re.IGNORECASE,
)


def _list(words_in_a_row: str) -> list[str]:
    return words_in_a_row.split()


_UNITS = {
    "percent": "%", "per cent": "%", "degree": "deg", "degrees": "deg", "\u00b0": "deg", "year": "years",
}  # fmt: skip
_SPELLED = {
    word: number
    for number, word in enumerate(
        _list("two three four five six seven eight nine ten eleven twelve"), start=2
    )
}
_SPELLED_PATTERN = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b", re.IGNORECASE)
_LEVEL = re.compile(r"(?<!\w)(?P<region>C|Th?|L|S)(?P<number>\d{1,2})(?!\w|\.\d|-weighted)")
_ORDINAL = _list(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
)
_ORDINAL_LEVEL = re.compile(
    rf"\b(?P<ordinal>{'|'.join(_ORDINAL)})\s+(?P<region>cervical|thoracic|lumbar|sacral)\b", re.IGNORECASE
)
_REGION_LETTERS = {"cervical": "C", "thoracic": "T", "lumbar": "L", "sacral": "S"}
_WORD = re.compile(r"[a-z]+")
_GRADE = re.compile(
    r"\b(?:grade|stage)\s+(?:\d+|[ivx]+)\b(?![.,]\d)|\b(?:mild|moderate|severe)\b", re.IGNORECASE
)
_ANATOMY = frozenset(
    _list("""
    abdomen adrenal aneurysm ankle aorta appendix artery atlas atrium axis bladder bowel brain brainstem
    breast bronchus canal cartilage caecum cerebellum cerebrum chest clavicle coccyx colon cord
    diaphragm disc duodenum endplate facet femur fibula gallbladder gluteus gyrus heart hip humerus
    ileum iliopsoas ilium jejunum joint kidney knee lesion liver lobe lung mandible mediastinum
    metastasis muscle myocardium nerve node nodule oesophagus orbit ovary pancreas patella pedicle
    pelvis pericardium pleura portal prostate psoas radius rectum rib sacrum scapula shoulder sinus
    skull spleen sternum stomach testis thalamus thorax thymus thyroid tibia tongue trachea tumour ulna
    ureter urethra uterus vein vena ventricle vessel
    """)
)
_NO_PATIENT = frozenset({"axis", "atlas", "node", "canal", "disc"})
"""Words of ``_ANATOMY`` that are often used of something else; they count where they are new, and need not
be kept."""
_SPELLINGS = {
    "esophagus": "oesophagus", "cecum": "caecum", "tumor": "tumour", "disk": "disc", "disks": "disc",
    "hepatic": "liver", "splenic": "spleen", "renal": "kidney", "pulmonary": "lung", "cardiac": "heart",
    "aortic": "aorta", "pancreatic": "pancreas", "gastric": "stomach", "vertebrae": "vertebra",
    "arteries": "artery", "ovaries": "ovary", "atria": "atrium", "bronchi": "bronchus", "ilia": "ilium",
    "diaphragmatic": "diaphragm", "colonic": "colon", "rectal": "rectum", "tracheal": "trachea",
    "femoral": "femur", "costal": "rib", "cerebral": "brain",
}  # fmt: skip
_SIDES = {"left": "left", "right": "right", "sinistral": "left", "dextral": "right"}
_DIRECTIONS = {
    "above": "above", "superior": "above", "cranial": "above", "cephalad": "above", "over": "above",
    "below": "below", "inferior": "below", "caudal": "below", "beneath": "below", "underneath": "below",
    "anterior": "in front", "ventral": "in front", "front": "in front",
    "posterior": "behind", "dorsal": "behind", "behind": "behind", "back": "behind",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a text and the unit beside it, empty where there is none."""

    value: Decimal
    unit: str = ""

    @classmethod
    def of(cls, number: float, unit: str) -> Quantity:
        """A number of a row."""
        return cls(_plain(Decimal(repr(float(number)))), _unit(unit))

    def __str__(self) -> str:
        return f"{self.value:f}{f' {self.unit}' if self.unit else ''}"


@lru_cache(maxsize=2048)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of a text in order; digits of names (``L3``) and grades are none, spelled ones are."""
    text = _GRADE.sub(lambda match: " " * len(match.group()), text)
    found: list[tuple[int, Quantity]] = []
    for match in _NUMBER.finditer(text):
        value = Decimal(match["digits"].replace(",", ""))
        found.append(
            (
                match.start(),
                Quantity(_plain(-value if match["sign"] else value), _unit(match["unit"] or "")),
            )
        )
    for match in _SPELLED_PATTERN.finditer(text):
        found.append((match.start(), Quantity(Decimal(_SPELLED[match.group().casefold()]))))
    return tuple(quantity for _, quantity in sorted(found, key=lambda each: each[0]))


@lru_cache(maxsize=2048)
def terms(text: str) -> frozenset[str]:
    """The vertebral levels, structures and sides that a text names, in one spelling each."""
    return named(text) | frozenset(word for word in _words(text) if word in _NO_PATIENT)


@lru_cache(maxsize=2048)
def named(text: str) -> frozenset[str]:
    """Those of ``terms`` that a question about them can't do without."""
    levels = {f"{_region(m['region'])}{int(m['number'])}" for m in _LEVEL.finditer(text)}
    levels |= {
        f"{_REGION_LETTERS[m['region'].casefold()]}{_ORDINAL.index(m['ordinal'].casefold()) + 1}"
        for m in _ORDINAL_LEVEL.finditer(text)
    }
    words = _words(text)
    organs = {word for word in words if word in _ANATOMY and word not in _NO_PATIENT}
    return frozenset(levels | organs | {_SIDES[word] for word in words if word in _SIDES})


@lru_cache(maxsize=2048)
def directions(text: str) -> frozenset[str]:
    """The directions that a text speaks of: above, below, in front, behind."""
    return frozenset(_DIRECTIONS[word] for word in _WORD.findall(text.casefold()) if word in _DIRECTIONS)


def graded(text: str) -> frozenset[str]:
    """The grades that a text speaks of: ``grade 2``, ``mild``."""
    return frozenset(" ".join(match.group().casefold().split()) for match in _GRADE.finditer(text))


@lru_cache(maxsize=2048)
def amount(text: str) -> Quantity | None:
    """The number that a text is, with its unit; ``None`` for a text that is more or something else."""
    match = _NUMBER.fullmatch(text.strip())
    return quantities(text)[0] if match else None


def shown_number(value: float, uncertainty: float | None) -> str:
    """A number with as many decimals as its uncertainty allows, three significant digits without one."""
    if not math.isfinite(value):
        return str(value)
    if uncertainty is not None and uncertainty > 0 and math.isfinite(uncertainty):
        decimals = min(4, max(0, -math.floor(math.log10(uncertainty))))
        return f"{round(value, decimals) + 0.0:.{decimals}f}"
    try:
        return f"{_plain(Decimal(f'{value:.3g}')):f}"
    except InvalidOperation:
        return f"{value:.3g}"


def _words(text: str) -> list[str]:
    """The words of a text, names of structures in the singular and in one spelling."""
    made = []
    for word in _WORD.findall(text.casefold()):
        bare = _SPELLINGS.get(word, word)
        if bare not in _ANATOMY and bare.endswith("s") and _SPELLINGS.get(bare[:-1], bare[:-1]) in _ANATOMY:
            bare = _SPELLINGS.get(bare[:-1], bare[:-1])
        made.append(bare)
    return made


def _region(letters: str) -> str:
    return letters[0].upper()


def _unit(text: str) -> str:
    unit = " ".join(text.casefold().split())
    unit = _UNITS.get(unit, unit)
    return "" if unit == "1" else unit


def _plain(value: Decimal) -> Decimal:
    """Equal numbers spelled the same: 2.50 and 2.5, -0 and 0."""
    made = value.normalize() + 0
    return made.quantize(Decimal(1)) if made == made.to_integral_value() and abs(made) < 10**20 else made
