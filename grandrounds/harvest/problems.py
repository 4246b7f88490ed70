"""What can go wrong while harvesting, told apart by what has to follow."""

from __future__ import annotations

from grandrounds.errors import GrandRoundsError


class HarvestError(GrandRoundsError):
    """A feed can't be harvested, or the journal can't be used."""


class FeedError(HarvestError):
    """A feed's answer is not what its protocol says (malformed, a cursor that goes in circles)."""


class UnreachableError(HarvestError):
    """A server did not answer, or asked to be left alone for longer than anybody waits."""


class NotThereError(HarvestError):
    """The server says that there is no such document. ``lasting`` where it says so for good (410)."""

    def __init__(self, what: str, *, remedy: str = "", lasting: bool = False) -> None:
        super().__init__(what, remedy=remedy)
        self.lasting = lasting


class TooLargeError(HarvestError):
    """More bytes than are taken, packed or unpacked."""


class ForbiddenError(HarvestError):
    """An address that is not visited: robots.txt, another scheme, host or network, no contact set."""


class MalformedError(HarvestError):
    """A document that came whole but is not what it should be."""


class CursorLostError(FeedError):
    """The feed no longer knows where a harvest stood, or goes in circles: it is begun anew."""
