"""The reader of case reports: bytes in, an article or a reason why not out. It never raises."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import code_fingerprint
from grandrounds.sources import kinds
from grandrounds.sources.article import Article

NAME = "case_report"
VERSION = "1.0.0"
"""Raised by hand when the meaning of what is read changes; changed code is noticed anyway."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one file: an ``article``, or the ``failure`` that a person can act on.

    ``lasting`` says whether reading the same bytes again would end the same way; a failure for
    want of time or memory is not lasting, and is not remembered.
    """

    article: Article | None = None
    failure: str = ""
    lasting: bool = True


class CaseReportReader:
    """Reads case reports of all kinds in ``kinds.CASE_KINDS``."""

    name = NAME
    kinds = kinds.CASE_KINDS

    @property
    def version(self) -> str:
        """The version that is stored beside what was read: by hand, and by code."""
        code = code_fingerprint(
            "grandrounds.sources",
            "grandrounds.text",
            "grandrounds.records.case",
            "grandrounds.records.parts",
            "grandrounds.fingerprint",
        )
        return f"{VERSION}+{code}"

    def read(self, data: bytes, *, kind: str) -> Reading:
        """The reading of a file's bytes. Whatever goes wrong becomes a ``failure`` with a remedy."""
        try:
            return Reading(article=_parser(kind)(data))
        except GrandRoundsError as exc:
            return Reading(failure=str(exc), lasting="seconds" not in exc.what)
        except RecursionError:
            return Reading(
                failure="The file is nested too deeply to be read. Look at it: it may be made to do harm."
            )
        except MemoryError:
            return Reading(
                failure="There was not enough memory to read the file. Free some and run again.",
                lasting=False,
            )
        except Exception as exc:  # noqa: BLE001 - one odd file must not end the run; the row says what happened
            _log.debug("the reader failed", exc_info=True)
            return Reading(
                failure=f"The reader failed on this file ({type(exc).__name__}: {str(exc)[:200]}). "
                "Please report it with the file; the others were read."
            )


def _parser(kind: str) -> Callable[[bytes], Article]:
    if kind == kinds.JATS:
        from grandrounds.sources.jats import read_jats

        return read_jats
    from grandrounds.sources.markdown import read_markdown, read_plain_text

    return read_markdown if kind == kinds.CASE_MARKDOWN else read_plain_text
