"""Excel on the web, Windows and Mac: the server behind the Office.js add-in (`rebates serve`).

It serves the add-in's files, answers batches of cell functions, keeps the blocks of tables that handles are made of, and
runs the ribbon's actions. On loopback it needs nothing; for others it starts only with TLS and authentication.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from ..actions import Refused
from ..assets import asset
from ..book import Session
from ..cache import Disk, default_folder
from ..version import VERSION
from . import web_actions, web_calls, web_files, web_generated, web_icons
from . import web_wire as wire
from .web_access import Access, Provider, Token, is_loopback, make_token, revoke_tokens, tokens
from .web_blocks import Blocks
from .web_guard import Guard, start_logging
from .web_manifest import manifest
from .web_request import Caller, Desk

__all__ = ["Token", "create_app", "make_token", "manifest", "revoke_tokens", "serve", "tokens"]

HOST, PORT = "127.0.0.1", 8765
MOST_CONNECTIONS = 1024
KEEP_ALIVE = 30  # seconds
CERTIFICATE = (
    "Make a certificate for your own computer, and let the system trust cert.pem: openssl req -x509 -newkey rsa:2048 -nodes -days 365 "
    "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext extendedKeyUsage=serverAuth -keyout key.pem -out cert.pem"
)
STATIC = ("taskpane.html", "taskpane.css", "taskpane.js", "views.js", "tasks.js")


def serve(
    host: str = HOST,
    port: int = PORT,
    data: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    oidc_issuer: str = "",
    oidc_audience: str = "",
    ledger: str = "",
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the add-in until stopped. `data` is the folder below which transactions may be named by path; `ledger` the
    URL of the database in which periods are closed, and which keeps the keys of statements; `ready` is called when nothing
    stands in the way any more.

    Raises Refused, with what to do, when it may not or cannot start: off loopback without TLS or without anybody who
    could sign in, a certificate that is not there, a port that is taken.
    """
    provider = Provider(oidc_issuer, oidc_audience) if oidc_issuer or oidc_audience else None
    check_start(host, cert, key, provider)
    if data is not None and not data.is_dir():
        raise Refused(f"{data} is no folder; name the folder that holds the transactions.")
    if ledger:
        _check_ledger(ledger)
    _check_port(host, port)
    access = Access(required=not is_loopback(host) or provider is not None, provider=provider)
    app = create_app(access, data=data, ledger=ledger, loopback=is_loopback(host), tls=cert is not None)
    start_logging()
    ready()
    uvicorn.run(
        app,
        host=host,
        port=port,
        ssl_certfile=os.fspath(cert) if cert else None,
        ssl_keyfile=os.fspath(key) if key else None,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        limit_concurrency=MOST_CONNECTIONS,
    )


def check_start(host: str, cert: Path | None, key: Path | None, provider: Provider | None) -> None:
    """Raises Refused where a server may not start: what leaves this machine is encrypted, and whoever asks is known."""
    if (cert is None) != (key is None):
        raise Refused("TLS needs both: --cert FILE and --key FILE.")
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise Refused(f"There is no file {path}. {CERTIFICATE}")
    if is_loopback(host):
        return
    if cert is None:
        raise Refused(f"{host} can be reached from other machines, so the server needs TLS: --cert FILE --key FILE. Without it, leave --host away.")
    if provider is None and not tokens():
        raise Refused(f"{host} can be reached from other machines, so people must sign in: make a token first (rebates serve token), "
                      "or name an identity provider (--oidc-issuer URL --oidc-audience ID).")  # fmt: skip


def _check_ledger(url: str) -> None:
    """Raises Refused for a ledger that cannot be opened; it is made, or brought up to date, before the first close asks for it."""
    from ..ledger import CannotOpen, Ledger

    try:
        Ledger(url, "").books()
    except CannotOpen as error:
        raise Refused(str(error)) from error


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise Refused(f"Port {port} of {host} cannot be used ({error.strerror}); choose another with --port.") from error


def create_app(
    access: Access | None = None,
    *,
    data: Path | None = None,
    ledger: str = "",
    loopback: bool = True,
    tls: bool = False,
    cache: Path | None = None,
) -> Guard:
    """The server as an ASGI application, behind its guard."""
    app = FastAPI(title="Rebates", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    access = access or Access(required=False)
    desk = Desk(Blocks(Disk((cache or default_folder()) / "web")), ledger)
    app.add_exception_handler(wire.BadRequest, _refused)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_found)
    _add_files(app, access)
    _add_calls(app, data, desk.blocks)
    _add_actions(app, desk)
    return Guard(app, access, loopback=loopback, tls=tls)


def _json(value: Any, status: int = 200) -> Response:
    return Response(wire.dumps(value), status_code=status, media_type="application/json")


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, wire.BadRequest):
        raise error
    return _json({"error": {"code": error.code, "message": error.message}}, error.status)


def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _json({"error": {"code": "NOT_FOUND" if status == 404 else "WRONG_METHOD", "message": "There is nothing here."}}, status)


def _add_files(app: FastAPI, access: Access) -> None:
    """What Excel and the browser load: nothing in it is anybody's data."""
    script, metadata = web_generated.functions_js(), wire.dumps(web_generated.functions_json())
    folder = asset("addin") / "web"

    @app.get("/health")
    def health() -> Response:
        return _json({"status": "ok", "version": VERSION})

    @app.get("/session")
    def session() -> Response:
        provider = access.provider is not None
        return _json({"sign_in": "provider" if provider else "token" if access.required else "none", "version": VERSION})

    @app.get("/functions.json")
    def functions_json() -> Response:
        return Response(metadata, media_type="application/json")

    @app.get("/functions.js")
    def functions_js() -> Response:
        return Response(script, media_type="text/javascript; charset=utf-8")

    @app.get("/icons/{size}.png")
    def icon(size: int) -> Response:
        if size not in web_icons.SIZES:
            raise wire.BadRequest(404, "NOT_FOUND", "There is no icon of that size.")
        return Response(web_icons.icon(size), media_type="image/png")

    for name in STATIC:
        kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}[name.rsplit(".", 1)[1]]
        _add_file(app, f"/{name}", (folder / name).read_bytes(), f"{kind}; charset=utf-8")


def _add_file(app: FastAPI, path: str, content: bytes, kind: str) -> None:
    @app.get(path)
    def file() -> Response:
        return Response(content, media_type=kind)


def _add_calls(app: FastAPI, data: Path | None, blocks: Blocks) -> None:
    """What works on somebody's data; the guard has seen to who asks. Computing runs in threads, so that others are answered meanwhile."""

    def session(request: Request) -> Session:
        return Session(blocks.secret(request.state.person), blocks.disk, data)

    @app.post("/call")
    async def call(request: Request) -> Response:
        answer = await run_in_threadpool(web_calls.batch, await request.body(), session(request))
        request.state.log = {"calls": len(answer["answers"])}
        return _json(answer)

    @app.put("/blocks/{digest}")
    async def put_block(digest: str, request: Request) -> Response:
        await run_in_threadpool(blocks.put, request.state.person, digest, await request.body())
        return Response(status_code=204)

    @app.post("/book")
    async def book(request: Request) -> Response:
        return _json(await run_in_threadpool(web_calls.book, await request.body(), request.state.person, session(request), blocks))

    @app.post("/blocks")
    async def missing(request: Request) -> Response:
        return _json(await run_in_threadpool(web_calls.missing, await request.body(), request.state.person, blocks))


def _add_actions(app: FastAPI, desk: Desk) -> None:
    """The ribbon's actions, those with files apart: their bodies are no JSON."""

    def caller(request: Request) -> Caller:
        return Caller(request.state.person, request.state.name)

    @app.post("/action/{name}")
    async def action(name: str, request: Request) -> Response:
        return _json(await run_in_threadpool(web_actions.run_action, name, await request.body(), caller(request), desk))

    @app.post("/upload/{name}")
    async def upload(name: str, request: Request) -> Response:
        return _json(await run_in_threadpool(web_files.run_upload, name, await request.body(), caller(request), desk))
