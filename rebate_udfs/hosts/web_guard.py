"""What every request passes before anything reads it: who asks, from where, how much; and what every answer carries.

Plain ASGI around the application: host and origin on loopback (another site's page in the same browser must not reach the
server), who asks, kind and size of the body, a time limit for it, security headers, one line of log without table data,
and an error that tells nothing of the inside.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool

from . import web_wire as wire
from .web_access import Access, is_loopback
from .web_uploads import LARGEST_UPLOAD, LONGEST_HEAD

LARGEST_BODY = 8 << 20  # bytes; Excel itself hands over at most 5 MB of arguments
BODY_SECONDS = 60  # in which a body has to arrive
UPLOAD = "/upload/"  # the only path with other bodies than JSON
MOST_UPLOADS = 4  # at once, each with its files in memory; others wait
OFFICE = "https://appsforoffice.microsoft.com"
# Where Excel on the web frames the pane, and what Office.js itself loads and reports to.
FRAMES = ("https://*.officeapps.live.com https://*.office.com https://*.office365.com https://*.office.net https://*.cloud.microsoft "
          "https://*.microsoft.com https://*.sharepoint.com https://*.live.com")  # fmt: skip
POLICY = "; ".join((
    "default-src 'none'", f"script-src 'self' {OFFICE} https://ajax.aspnetcdn.com https://*.cdn.office.net", "style-src 'self'",
    "img-src 'self' data:", "font-src 'self'", f"connect-src 'self' {OFFICE} https://*.officeapps.live.com https://*.events.data.microsoft.com",
    "frame-src https://telemetryservice.firstpartyapps.oaspapps.com https://login.microsoftonline.com",
    f"frame-ancestors 'self' {FRAMES}", "base-uri 'none'", "form-action 'none'", "object-src 'none'",
))  # fmt: skip
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
OPEN_TO_OFFICE = ("/functions.json", "/functions.js", "/icons/")  # Excel on the web fetches these from its own address

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
log = logging.getLogger("rebates.web")


class Disconnected(Exception):
    """The client has gone; nobody waits for an answer."""


class Guard:
    """The application behind its guard."""

    def __init__(self, app: Any, access: Access, *, loopback: bool, tls: bool, largest_body: int = LARGEST_BODY) -> None:
        self.app, self.access, self.loopback, self.tls, self.largest_body = app, access, loopback, tls, largest_body
        self.uploads = asyncio.Semaphore(MOST_UPLOADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        call = _Call(scope, send, self.tls and not self.loopback)
        try:
            try:
                body = await self._admit(scope, receive, call)
            except wire.BadRequest as refusal:
                await call.refuse(refusal)
            else:
                await self.app(scope, _once(body, receive), call.send)
        except Disconnected:
            call.status = 499
        except Exception as error:  # noqa: BLE001 - the last place that can keep the inside from showing
            await call.broken(error)
        finally:
            if call.is_upload:
                self.uploads.release()
            call.log()

    async def _admit(self, scope: Scope, receive: Receive, call: _Call) -> bytes:
        """The body of a request that may be served. Raises BadRequest for all others."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._check_place(scope, headers)
        if scope["method"] in ("GET", "HEAD"):
            return b""
        person = await run_in_threadpool(self.access.person, headers.get("authorization", ""))
        if person is None:
            raise wire.BadRequest(401, "SIGN_IN", "Sign in: open the Rebates task pane and give your token.")
        call.person = person
        scope.setdefault("state", {}).update(person=person, name=self.access.name(person))
        is_upload = scope["path"].startswith(UPLOAD)
        kind = "application/octet-stream" if is_upload else "application/json"
        if headers.get("content-type", "").split(";")[0].strip().lower() != kind:
            raise wire.BadRequest(415, "WRONG_KIND", f"Send {kind}.")
        largest = self.largest_body
        if is_upload:
            largest = LARGEST_UPLOAD + LONGEST_HEAD
            await self._room(call)
        try:
            body = await asyncio.wait_for(self._body(headers, receive, largest), BODY_SECONDS)
        except TimeoutError as error:
            raise wire.BadRequest(408, "TOO_SLOW", f"The body did not arrive within {BODY_SECONDS} seconds.") from error
        call.bytes_in = len(body)
        return body

    async def _room(self, call: _Call) -> None:
        """A place among the uploads. Raises BadRequest (503) where none gets free in time."""
        try:
            await asyncio.wait_for(self.uploads.acquire(), BODY_SECONDS)
        except TimeoutError as error:
            raise wire.BadRequest(503, "BUSY", "The server reads as many files as it can. Try again in a minute.") from error
        call.is_upload = True

    def _check_place(self, scope: Scope, headers: dict[str, str]) -> None:
        """On loopback only this machine's own names: another name here is a site that lures the browser."""
        host = headers.get("host", "")
        if self.loopback and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise wire.BadRequest(421, "WRONG_HOST", "This server answers on this machine only.")
        if scope["method"] in ("GET", "HEAD"):
            return
        origin, scheme = headers.get("origin"), "https" if self.tls else "http"
        if (origin is not None and origin != f"{scheme}://{host}") or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise wire.BadRequest(403, "WRONG_ORIGIN", "Only the add-in's own pages may call this server.")

    async def _body(self, headers: dict[str, str], receive: Receive, largest: int) -> bytes:
        too_large = wire.BadRequest(413, "TOO_LARGE", f"A request holds at most {largest >> 20} MB.")
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > largest:
            raise too_large
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            body += message.get("body", b"")
            if len(body) > largest:
                raise too_large
            if not message.get("more_body"):
                return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """The body again for the application, then whatever the connection says."""
    given = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class _Call:
    """One request on its way: the headers of its answer and its line of log."""

    def __init__(self, scope: Scope, send: Send, strict: bool) -> None:
        self.scope, self._send, self.strict = scope, send, strict  # strict: TLS only from now on; on loopback it would bind other servers too
        self.started, self.status, self.bytes_in, self.bytes_out = time.perf_counter(), 0, 0, 0
        self.person, self.id = "", secrets.token_hex(6)
        self.is_upload = False  # whether it has a place among the uploads

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            path = self.scope["path"]
            extra = HEADERS | ({"strict-transport-security": "max-age=31536000"} if self.strict else {})
            if path.startswith(OPEN_TO_OFFICE):
                extra |= {"access-control-allow-origin": "*"}
            else:
                extra |= {"cross-origin-resource-policy": "same-origin"}
            extra |= {"cache-control": "no-cache" if self.scope["method"] in ("GET", "HEAD") else "no-store"}
            taken = {name.lower() for name, _ in message.get("headers", [])}
            added = [(name.encode(), value.encode()) for name, value in extra.items() if name.encode() not in taken]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        else:
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, refusal: wire.BadRequest) -> None:
        body = wire.dumps({"error": {"code": refusal.code, "message": refusal.message}})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if refusal.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if refusal.status in (408, 413):
            headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def broken(self, error: Exception) -> None:
        """Log where it broke, without values; tell the client only the name under which the log has it."""
        frames = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
        log.error("broken", extra={"fields": {"event": "broken", "id": self.id, "kind": type(error).__name__, "at": frames}})
        if not self.status:
            await self.refuse(wire.BadRequest(500, "INTERNAL", f"Something went wrong on the server; its log names it {self.id}."))

    def log(self) -> None:
        route = self.scope.get("route")
        path = getattr(route, "path", None) or self.scope["path"][:80]
        fields = {"event": "request", "id": self.id, "method": self.scope["method"], "path": path, "status": self.status,
                  "ms": round((time.perf_counter() - self.started) * 1000, 1), "bytes_in": self.bytes_in, "bytes_out": self.bytes_out,
                  "person": self.person}  # fmt: skip
        log.info("request", extra={"fields": fields | self.scope.get("state", {}).get("log", {})})


class JsonLines(logging.Formatter):
    """A line of log as one JSON object; of an exception its kind only, since its text may quote a cell."""

    def format(self, record: logging.LogRecord) -> str:
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": record.levelname.lower()}
        fields = getattr(record, "fields", None)
        row |= fields if fields is not None else {"event": "server", "message": record.getMessage()}
        if record.exc_info and record.exc_info[0]:
            row["kind"] = record.exc_info[0].__name__
        return json.dumps(row, ensure_ascii=True)


def start_logging() -> None:
    """Structured log on standard error, for this server and for uvicorn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("rebates.web", "rebate_udfs", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
