"""YAML from outside, read without surprises: no aliases that expand to gigabytes, no broken characters."""

from __future__ import annotations

import json
from typing import Any

import yaml
from pydantic import ValidationError


class YamlError(ValueError):
    """The text is no YAML that is accepted; the message says why, without the file's name."""


def load(source: str) -> Any:
    """The document that ``source`` holds. Raises ``YamlError``."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            raise YamlError("it uses YAML aliases, which must be written out")
        document = yaml.safe_load(source)
        json.dumps(document, ensure_ascii=False, default=str, skipkeys=True).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise YamlError("it holds characters that are none (lone surrogates)") from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise YamlError(f"it is not valid YAML: {' '.join(str(exc).split())[:300]}") from exc
    except YamlError:
        raise
    except (ValueError, TypeError) as exc:  # a date that does not exist, for example
        raise YamlError(f"it holds a value that can't be: {' '.join(str(exc).split())[:200]}") from exc
    return document


def explain(error: ValidationError) -> str:
    """The faults of a checked mapping, key by key."""
    parts = []
    for fault in error.errors()[:5]:
        key = ".".join(str(part) for part in fault["loc"]) or "the file"
        unknown = fault["type"] == "extra_forbidden"
        parts.append(f"{key!r} is no known key" if unknown else f"{key!r}: {fault['msg']}")
    return "; ".join(parts)
