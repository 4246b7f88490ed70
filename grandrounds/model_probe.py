"""Whether the models that are configured can be asked: what ``doctor`` says of each."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping

from grandrounds.errors import ModelError
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.models import ModelEntry, backend_of, endpoint_of, key_of, load_models
from grandrounds.settings import Settings

_PATIENCE_SECONDS = 5.0
_MOST_BYTES = 4 * 1024 * 1024


def models(settings: Settings) -> Mapping[str, ModelEntry]:
    """The models that may be asked, by name; none when the settings name one without an address."""
    found = load_models(settings)
    live = backend_of(settings) == "live"
    return {name: entry for name, entry in found.items() if entry.base_url or entry.where or not live}


def probe(entry: ModelEntry, settings: Settings) -> str:
    """Whether the endpoint of ``entry`` answers, in words. Its key is sent to that address, nowhere else.

    Raises ``SettingsError`` for an entry that can't be used, ``ModelError`` when nothing answers.
    """
    backend = backend_of(settings)
    if backend != "live":
        return f"{entry.model}, by the backend {backend}: no endpoint is asked"
    return probe_endpoint(endpoint_of(entry, api_key=key_of(entry, settings, os.environ)), entry.model)


def probe_endpoint(endpoint: Endpoint, model: str) -> str:
    """Whether ``endpoint`` answers and offers ``model``, in words. Raises ``ModelError`` when none does."""
    url = f"{endpoint.base_url}/models"
    place = "local, protected evidence may go there" if endpoint.local else "not local"
    try:
        status, body = _get(url, endpoint)
    except urllib.error.HTTPError as exc:
        if exc.code in {401, 403}:
            raise ModelError(
                f"{url} refuses the key ({exc.code}).", remedy=f"Check {endpoint.key_setting}."
            ) from exc
        return f"{url} answers {exc.code} ({place})"  # many servers have no list of models
    except (OSError, http.client.HTTPException, ValueError) as exc:
        reason = getattr(exc, "reason", exc)
        why = getattr(reason, "strerror", None) or reason
        raise ModelError(
            f"Nothing usable answers at {url} ({why}).",
            remedy=f"Check {endpoint.address_setting}, start the server there, or unset it.",
        ) from exc
    return f"{url} answers {status} ({place}){_offered(model, body)}"


def _get(url: str, endpoint: Endpoint) -> tuple[int, bytes]:
    request = urllib.request.Request(url)  # noqa: S310  (http(s) only, checked by the endpoint)
    if endpoint.api_key:
        request.add_header("Authorization", f"Bearer {endpoint.api_key}")
    proxy = endpoint.proxy
    proxies = {url.partition(":")[0]: proxy} if proxy else {}
    opener = urllib.request.build_opener(_StayHere, urllib.request.ProxyHandler(proxies))
    with opener.open(request, timeout=_PATIENCE_SECONDS) as response:
        return response.status, response.read(_MOST_BYTES)


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another address."""

    def redirect_request(self, *_: object) -> None:
        """Follow none: the answer is then the redirect itself, an error."""
        return


def _offered(model: str, body: bytes) -> str:
    """A remark when the endpoint lists its models and this one is not among them."""
    try:
        offered = [each["id"] for each in json.loads(body)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return "" if model in offered else f", but its list has no model {model!r}"
