"""Serving the page with uvicorn, with limits on what one browser may hold."""

from __future__ import annotations

import gc
import socket
import sys
from typing import TYPE_CHECKING

import click

from grandrounds.errors import MissingDependencyError, SettingsError
from grandrounds.lake import Lake
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.settings import WebSettings, is_loopback
from grandrounds.review.web.workers import run_workers

if TYPE_CHECKING:
    import uvicorn

CONNECTIONS = 1000
"""At once; what comes beyond is told to come again."""
_HEADER_BYTES = 32 * 1024
_KEEP_ALIVE, _GOODBYE = 20, 10  # seconds
# Python runs one thread at a time. With many that want to, each waits for its turn after every look at the
# database: at most so many at once, and turns short (seconds), or a page of thirty looks waits thirty times
# 5 ms. Measured with benchmarks/review.py: a third less of the processor for a request.
_THREADS, _SWITCH = 10, 0.0005


def serve(
    store: ReviewStore,
    *,
    lake: Lake,
    settings: WebSettings,
    host: str,
    port: int,
    proxies: str = "",
    workers: int = 1,
) -> None:
    """Serve until interrupted. ``proxies`` are the addresses whose forwarded headers are believed;
    ``workers`` how many processes serve.

    Raises ``MissingDependencyError`` without the extra ``review``, ``SettingsError`` when nothing can
    listen there.
    """
    server = make_server(store, lake=lake, settings=settings, proxies=proxies)
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        found = settings.public or f"http://{shown}:{listener.getsockname()[1]}{settings.prefix}"
        click.echo(f"The clinicians' page is at {found}/ (Ctrl+C ends it).")
        if not settings.https and not is_loopback(host):
            click.echo(
                "Passwords travel in the clear: put a proxy with https before this, and say --https-only.",
                err=True,
            )
        store.close()  # a connection must not be there in two processes

        def work() -> None:
            _make_ready(server)
            server.run(sockets=[listener])

        try:
            if workers > 1:
                run_workers(workers, work)
            else:
                work()
        except KeyboardInterrupt:
            return


def make_server(
    store: ReviewStore, *, lake: Lake, settings: WebSettings, proxies: str = ""
) -> uvicorn.Server:
    """The server, not yet running."""
    try:
        import uvicorn
        from anyio import to_thread

        from grandrounds.review.web.app import create_app
        from grandrounds.review.web.patience import Patient
    except ModuleNotFoundError as exc:
        raise MissingDependencyError(
            f"The clinicians' page needs {exc.name}, which is not installed.",
            remedy='Install it: pip install "grandrounds[review]"',
        ) from exc
    app = create_app(store, lake=lake, settings=settings)

    class Server(uvicorn.Server):
        """One whose requests don't get into each other's way."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Inside the loop, before the first request."""
            to_thread.current_default_thread_limiter().total_tokens = _THREADS
            await super().startup(sockets)

    return Server(
        uvicorn.Config(
            app,
            http=Patient,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,  # addresses hold invitations
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GOODBYE,
            h11_max_incomplete_event_size=_HEADER_BYTES,
        )
    )


def _make_ready(server: uvicorn.Server) -> None:
    from grandrounds.review.web.warming import warm

    warm(server.config.app)  # type: ignore[arg-type]
    # What stands now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as exc:
        raise SettingsError(
            f"Nothing can listen on {host}:{port}: {exc.strerror or exc}.",
            remedy="Give another --port or --host.",
        ) from exc
