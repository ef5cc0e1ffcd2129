"""The verbs `rebates serve` and `rebates serve token`: the server behind the add-in for Excel on the web, Windows and Mac."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from .actions import Refused

app = typer.Typer(help="Serve the add-in for Excel on the web, Windows and Mac.", invoke_without_command=True)
NEEDED = ("fastapi", "uvicorn", "jwt")
ADVICE = 'The server needs more than the workbook does; install it with: pip install "rebate-udfs[web]"'


def _ready() -> None:
    if any(find_spec(name) is None for name in NEEDED):
        raise Refused(ADVICE)


@app.callback()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; off this machine it needs --cert, --key and tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8765,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder below which a workbook may name files of transactions.")] = None,
    cert: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate, as PEM.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key, as PEM.")] = None,
    oidc_issuer: Annotated[str, typer.Option(metavar="URL", help="OpenID Connect: who signs people in, as Entra ID.")] = "",
    oidc_audience: Annotated[str, typer.Option(metavar="ID", help="OpenID Connect: the id of this application there.")] = "",
    ledger: Annotated[
        str, typer.Option(metavar="URL", help="The PostgreSQL ledger in which periods are closed.", envvar="REBATES_LEDGER", show_default=False)
    ] = "",
) -> None:
    """Serve the add-in until you stop it with Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    _ready()
    from .hosts import web

    scheme = "https" if cert else "http"
    said = f"Serving on {scheme}://{host}:{port}. Stop with Ctrl-C. Next: rebates addin manifest --url https://... for Excel."
    web.serve(host, port, data, cert, key, oidc_issuer, oidc_audience, ledger, ready=lambda: print(said, flush=True))


@app.command("token")
def token(
    person: Annotated[str, typer.Argument(help="The person or system that the token is for.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is valid.")] = 90,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take away every token of that person instead.")] = False,
) -> None:
    """Make a token that signs a person in; it is shown once."""
    _ready()
    from .hosts import web_access

    if revoke:
        gone = web_access.revoke_tokens(person)
        print(f"{gone} token{'' if gone == 1 else 's'} of {person} taken away.")
        return
    print(web_access.make_token(person, days))
    print(f"This is shown once. It signs {person} in for {days} days; rebates serve token {person} --revoke takes it away.")
