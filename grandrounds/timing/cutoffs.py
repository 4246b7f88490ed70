"""Until when models were trained: a table that whoever evaluates writes, with where each date is from.

    models:
      NAME:
        cutoff: 2031-04-30          last day that may be in what it was trained on
        source: where that is said
        aliases: [OTHER-NAME]       what results files call it

No table comes with the package: dates that makers give change, and a wrong one proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grandrounds.errors import TimingError

_LARGEST = 4 * 1024 * 1024


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cutoff: date
    source: str = Field(min_length=3)
    aliases: tuple[str, ...] = ()


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, _Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """The last day that may be in a model's training data, and who says so."""

    model: str
    day: date
    source: str


def read_cutoffs(path: Path) -> dict[str, Cutoff]:
    """The table at ``path``, by every name of a model in lower case. Raises ``TimingError``."""
    try:
        if path.stat().st_size > _LARGEST:
            raise TimingError(f"{path} is larger than {_LARGEST} bytes, which no table of models is.")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise TimingError(
            f"The table of models' cut-offs {path} can't be read: {exc.strerror or exc}.",
            remedy="GRANDROUNDS_CUTOFFS or --cutoffs names it; docs/time.md shows the format.",
        ) from exc
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        raise TimingError(f"{path} is not valid YAML: {exc}") from exc
    try:
        table = _Table.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise TimingError(
            f"{path}: {where}: {first['msg']}.", remedy="docs/time.md shows the format."
        ) from exc
    found: dict[str, Cutoff] = {}
    for name, model in table.models.items():
        for spelling in (name, *model.aliases):
            key = spelling.casefold()
            if key in found:
                raise TimingError(f"{path} names the model {spelling!r} twice.", remedy="Keep one of them.")
            found[key] = Cutoff(model=name, day=model.cutoff, source=model.source)
    return found
