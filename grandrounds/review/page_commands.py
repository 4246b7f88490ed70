"""``grandrounds review serve``, ``add-user`` and ``invite``: the clinicians' page and who may use it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grandrounds.review.store import ReviewStore
    from grandrounds.settings import Settings

# The same words as people.roles; importing that here would load the database's library.
_ROLES = ("reviewer", "adjudicator", "lead", "observer")
_BY_COMMAND = "command-line"


@click.command(short_help="Serve the clinicians' page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8300, show_default=True, type=click.IntRange(0, 65535))
@click.option("--public-url", metavar="URL", help="What browsers call the page (GRANDROUNDS_PAGE_URL).")
@click.option("--prefix", metavar="PATH", help='Path that a proxy puts before each address ("/review").')
@click.option("--https-only", is_flag=True, help="Browsers come by https: cookies are sent that way only.")
@click.option("--behind-proxy", metavar="ADDRESSES", help="Proxies whose X-Forwarded headers are believed.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that serve; 2 where there are two cores.",
)
def serve(
    *,
    host: str,
    port: int,
    public_url: str | None,
    prefix: str | None,
    https_only: bool,
    behind_proxy: str | None,
    workers: int | None,
) -> None:
    """Serve the page where readers, adjudicators and leads work, until interrupted.

    The page speaks plain HTTP. For anybody beyond this machine put a proxy before it that speaks https, and
    name the address that browsers use with --public-url.

    \b
    Examples:
      grandrounds review serve
      grandrounds review serve --public-url https://review.example.org/rounds --behind-proxy 127.0.0.1
    """
    from grandrounds.lake import Lake
    from grandrounds.review.web.serve import serve as serve_page
    from grandrounds.review.web.settings import web_settings
    from grandrounds.review.web.workers import default_workers

    found = _settings({"GRANDROUNDS_PAGE_URL": public_url})
    given = web_settings(found, prefix=prefix, https_only=https_only, host=host)
    with _store(found) as store:
        serve_page(
            store,
            lake=Lake(found.lake_url.value),
            settings=given,
            host=host,
            port=port,
            proxies=behind_proxy or "",
            workers=workers or default_workers(),
        )


@click.command("add-user", short_help="Make an account for the page.")
@click.argument("name")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), default=("reviewer",))
@click.option("--specialty", "specialties", multiple=True, help="May be given more than once.")
@click.option("--years", type=int, help="Of practice.")
@click.option("--language", type=click.Choice(("en", "zh")), default="en", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Take the password's line from standard input.")
@click.option("--subject", help="What the login provider calls this person; then no password is asked.")
def add_user(
    *,
    name: str,
    roles: tuple[str, ...],
    specialties: tuple[str, ...],
    years: int | None,
    language: str,
    password_stdin: bool,
    subject: str | None,
) -> None:
    """Make the account NAME, a pseudonym such as reviewer-a: never a name or an address.

    The password is asked for, twice, and not shown. The first account should be a lead, who invites the
    others from the page.

    \b
    Example:
      grandrounds review add-user lead-a --role lead
    """
    from grandrounds.errors import ReviewError, SettingsError
    from grandrounds.review.people.accounts import Accounts, Login
    from grandrounds.review.people.passwords import fault_in_password
    from grandrounds.review.web.words import Words

    found = _settings({})
    password: str | None = None
    login: Login | None = None
    if subject:
        if not found.oidc_issuer.value:
            raise SettingsError("No login provider is set up.", remedy="Set GRANDROUNDS_OIDC_ISSUER.")
        login = Login(issuer=found.oidc_issuer.value, subject=subject)
    else:
        password = _password(from_stdin=password_stdin)
        fault = fault_in_password(password, name=name)
        if fault:
            raise ReviewError(Words("en")(fault), remedy="Length is what counts: a few words do.")
    with _store(found) as store:
        account = Accounts(store.database).add(
            name,
            roles=roles,
            specialties=specialties,
            years=years,
            language=language,
            password=password,
            login=login,
        )
    click.echo(f"{account.name} may sign in: {', '.join(sorted(account.roles))}.")


@click.command(short_help="Make a link by which somebody makes their own account.")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), default=("reviewer",))
@click.option("--specialty", "specialties", multiple=True, help="May be given more than once.")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 30), help="How long it can be used."
)
@click.option("--new-password-for", metavar="NAME", help="For an account that is there, instead.")
@click.option("--public-url", metavar="URL", help="What browsers call the page (GRANDROUNDS_PAGE_URL).")
def invite(
    *,
    roles: tuple[str, ...],
    specialties: tuple[str, ...],
    days: int,
    new_password_for: str | None,
    public_url: str | None,
) -> None:
    """Print a link that makes one account, once. Send it to one person, by a way that is theirs alone.

    \b
    Example:
      grandrounds review invite --role reviewer --specialty cardiology
    """
    from datetime import timedelta

    from grandrounds.review.people.invitations import Invitations

    found = _settings({"GRANDROUNDS_PAGE_URL": public_url})
    with _store(found) as store:
        invitations, lasts = Invitations(store.database), timedelta(days=days)
        if new_password_for:
            token = invitations.new_password_for(new_password_for, by=_BY_COMMAND, lasts=lasts)
        else:
            token = invitations.invite(roles=roles, specialties=specialties, by=_BY_COMMAND, lasts=lasts)
    base = found.page_url.value or "http://127.0.0.1:8300"
    click.echo(f"{base}/invitation/{token}")
    click.echo(f"It can be used once, within {days} days. It is not shown again.", err=True)


COMMANDS = (serve, add_user, invite)


def _settings(flags: dict[str, str | None]) -> Settings:
    from grandrounds.settings import resolve

    return resolve(flags)


def _store(found: Settings) -> ReviewStore:
    from grandrounds.review.store import ReviewStore

    return ReviewStore(found.review_url.value)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
