"""What a recipe sets for gates that have more than a limit or two."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field

from grandrounds.needs import Strict


class ContaminationLimits(Strict):
    """What items are held against before anybody reads them, and from where on one counts as a copy."""

    folder: str = Field(default="", description="Folder of public benchmarks; empty compares with none.")
    releases: bool = Field(
        default=False, description="Flag items that a release of another recipe here asks already."
    )
    action: Literal["refuse", "flag"] = Field(
        default="refuse", description="What becomes of copies of public benchmarks."
    )
    share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.5, description="Share of a text's runs of 13 words in one document."
    )
    span: int = Field(default=50, ge=13, description="Words in a row.")
    words: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.8, description="Share of a text's words, in any order."
    )

    @property
    def wanted(self) -> bool:
        """Whether anything is compared."""
        return bool(self.folder or self.releases)

    def written(self) -> dict[str, Any]:
        """As a release keeps it: of the folder its name alone, for the rest is of this machine."""
        return self.model_dump(mode="json") | {"folder": PurePath(self.folder).name}
