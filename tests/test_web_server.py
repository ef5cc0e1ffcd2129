"""The web add-in's server as others meet it: who gets in, what is refused and how, and that it shows nothing of its inside and bears a crowd."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from web_browser import PROGRAM, Server, free_port, server, wait_for

from rebate_udfs import demo
from rebate_udfs.actions import Refused
from rebate_udfs.hosts import web_access
from rebate_udfs.hosts.web import check_start, create_app
from rebate_udfs.hosts.web_guard import Guard

TIER = {"name": "REBATE_TIER", "arguments": [12480, [[5000, 0.02], [10001, 0.04]]]}
CALL = {"calls": [TIER]}
ANSWERS = {"answers": [{"value": 2}]}
CONCURRENT = 100
PATIENCE = 60  # seconds: what a busy machine may take
get, post, send = (partial(verb, timeout=PATIENCE) for verb in (httpx.get, httpx.post, httpx.request))
INSIDE = ("Traceback", ".py", "rebate_udfs", "site-packages", "fastapi", "starlette", "uvicorn")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on loopback, as `rebates serve` starts it."""
    with server(tmp_path_factory.mktemp("local")) as running:
        yield running


def tells_nothing(text: str) -> bool:
    """Whether an answer shows nothing of the inside."""
    return not any(word in text for word in INSIDE)


# ---- what it serves


def test_it_says_that_it_lives(local: Server):
    answer = get(f"{local.url}/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/taskpane.html", "/taskpane.css", "/taskpane.js", "/views.js", "/functions.js", "/functions.json", "/icons/16.png",
                                  "/icons/32.png", "/icons/80.png"])  # fmt: skip
def test_the_add_ins_files_are_there_with_the_headers_of_a_careful_server(local: Server, path: str):
    answer = get(f"{local.url}{path}")
    assert answer.status_code == 200
    assert len(answer.content) > 100
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "https://appsforoffice.microsoft.com" in policy and "https://*.officeapps.live.com" in policy
    assert "server" not in answer.headers
    assert ("access-control-allow-origin" in answer.headers) == path.startswith(("/functions.js", "/icons"))


def test_a_call_is_answered(local: Server):
    answer = post(f"{local.url}/call", json=CALL)
    assert (answer.status_code, answer.json()) == (200, ANSWERS)
    assert answer.headers["cache-control"] == "no-store"


# ---- what it refuses


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status"),
    [
        ("POST", "/call", b"{", {}, 400),
        ("POST", "/call", b'{"calls": NaN}', {}, 400),
        ("POST", "/call", b"\xff\xfe", {}, 400),
        ("POST", "/call", b"[" * 200_000, {}, 400),
        ("POST", "/call", b"x" * (9 << 20), {}, 413),
        ("POST", "/call", json.dumps({"calls": [TIER] * 1001}).encode(), {}, 413),
        ("POST", "/call", b"{}", {"content-type": "text/plain"}, 415),
        ("POST", "/call", b"{}", {"origin": "https://evil.example"}, 403),
        ("POST", "/call", b"{}", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", "/call", b"{}", {"host": "evil.example"}, 421),
        ("GET", "/taskpane.html", None, {"host": "evil.example"}, 421),
        ("POST", "/action/nosuch", b"{}", {}, 404),
        ("POST", "/action/check", b"{}", {}, 400),
        ("POST", "/nosuch", b"{}", {}, 404),
        ("GET", "/call", None, {}, 405),
        ("GET", "/../pyproject.toml", None, {}, 404),
        ("GET", "/docs", None, {}, 404),
        ("GET", "/openapi.json", None, {}, 404),
        ("GET", "/icons/17.png", None, {}, 404),
        ("PUT", f"/blocks/{'0' * 64}", b"[[1]]", {}, 422),
        ("POST", "/book", b'{"tables": {"nosuch": {}}}', {}, 400),
        ("POST", "/book", b'{"tables": {"tiers": {"blocks": ["../../x"]}}}', {}, 400),
    ],
)
def test_a_bad_request_has_its_status_and_a_sentence_and_shows_nothing_of_the_inside(
    local: Server, method: str, path: str, content: bytes | None, headers: dict[str, str], status: int
):
    answer = send(method, f"{local.url}{path}", content=content, headers={"content-type": "application/json"} | headers)
    assert answer.status_code == status
    assert tells_nothing(answer.text)
    if answer.headers["content-type"].startswith("application/json"):
        assert answer.json()["error"]["message"].endswith(".")


def test_a_body_that_does_not_say_its_size_is_stopped_at_the_limit(local: Server):
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * (1 << 17)

    try:
        status = post(f"{local.url}/call", content=endless(), headers={"content-type": "application/json"}).status_code
    except (httpx.WriteError, httpx.ReadError):  # it hung up, having read enough
        status = 413
    assert status == 413
    assert get(f"{local.url}/health").status_code == 200


def test_an_unknown_function_is_an_error_in_its_own_cell(local: Server):
    answer = post(f"{local.url}/call", json={"calls": [{"name": "REBATE_NOSUCH", "arguments": []}, TIER]})
    assert answer.status_code == 200
    first, second = answer.json()["answers"]
    assert first["error"]["code"] == "#VALUE!" and "REBATE_NOSUCH" in first["error"]["message"]
    assert second == {"value": 2}


def test_what_breaks_inside_is_logged_without_values_and_told_without_the_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("the price of ACME is 4711")

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=broken_guard), base_url="http://localhost") as client:
            return await client.get("/health")

    guard = create_app(cache=tmp_path)
    broken_guard = Guard(broken, guard.access, loopback=True, tls=False)
    with caplog.at_level("INFO", logger="rebates.web"):
        answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert "4711" not in answer.text and tells_nothing(answer.text)
    logged = [record.fields for record in caplog.records if hasattr(record, "fields")]
    assert any(row["event"] == "broken" and row["kind"] == "ValueError" and row["id"] in answer.text for row in logged)
    assert "4711" not in json.dumps(logged)


# ---- a crowd, and those who go away


def test_a_hundred_clients_at_once_are_all_answered(local: Server):
    body = {"calls": [{"name": "REBATE_TIER", "arguments": [[[number] for number in range(50)], TIER["arguments"][1]]}] * 20}

    def ask(_: int) -> tuple[int, int]:
        answer = post(f"{local.url}/call", json=body)
        return answer.status_code, len(answer.json()["answers"])

    started = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENT) as pool:
        answers = list(pool.map(ask, range(CONCURRENT)))
    print(f"{CONCURRENT} clients, 20 ranges of 50 each: {time.perf_counter() - started:.2f} s")
    assert answers == [(200, 20)] * CONCURRENT


def test_clients_that_go_away_leave_the_server_as_it_was(local: Server):
    parts = urlsplit(local.url)
    body = json.dumps(CALL).encode()
    for sent in (body[:10], body, b""):
        for _ in range(20):
            with socket.create_connection((parts.hostname, parts.port)) as line:
                line.sendall(
                    b"POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + sent
                )
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert tells_nothing(line.recv(2000).decode("latin-1"))
    assert post(f"{local.url}/call", json=CALL).json() == ANSWERS
    assert "Traceback" not in local.logged()


def test_the_log_is_one_object_a_line_and_holds_no_cell(local: Server):
    secret = "Northgate-4711"
    post(f"{local.url}/call", json={"calls": [{"name": "REBATE_TIER", "arguments": [secret, [[0, 1]]]}]})
    rows = [json.loads(line) for line in local.logged().splitlines()]
    mine = [row for row in rows if row.get("path") == "/call" and row.get("calls") == 1]
    assert mine and {"time", "level", "status", "ms", "bytes_in", "bytes_out", "id"} <= set(mine[-1])
    assert secret not in local.logged()


# ---- a book, and a server that is killed


def tables_of_the_sample() -> dict[str, list[list[Any]]]:
    """The sample company's tables as ranges with their header row, dates as serial numbers."""
    sample = demo.sample()
    found = {}
    for name, rows in sample.items():
        headers = list(dict.fromkeys(header for row in rows for header in row))
        found[name] = [headers, *([wire_cell(row.get(header)) for header in headers] for row in rows)]
    return found


def wire_cell(value: Any) -> Any:
    from datetime import date
    from decimal import Decimal

    if isinstance(value, date):
        return (value - date(1899, 12, 30)).days
    return float(value) if isinstance(value, Decimal) else value


def put_book(url: str, tables: dict[str, list[list[Any]]], headers: dict[str, str] | None = None) -> tuple[str, int]:
    """The handle of a book, and how many blocks had to be sent for it."""
    import hashlib

    bodies, request = {}, {}
    for name, rows in tables.items():
        body = json.dumps(rows).encode()
        bodies[hashlib.sha256(body).hexdigest()] = body
        request[name.lower().replace(" ", "_")] = {"blocks": [hashlib.sha256(body).hexdigest()]}
    sent = 0
    for _ in range(3):
        answer = post(f"{url}/book", json={"tables": request}, headers=headers).json()
        if "missing" not in answer:
            return answer["answer"]["value"], sent
        for digest in answer["missing"]:
            kept = send("PUT", f"{url}/blocks/{digest}", content=bodies[digest], headers={"content-type": "application/json"} | (headers or {}))
            assert kept.status_code == 204
            sent += 1
    raise AssertionError("the server asks for the same blocks again and again")


def test_a_handle_and_its_tables_survive_kill_and_restart(tmp_path: Path):
    tables = tables_of_the_sample()
    ask = {"calls": [{"name": "REBATE_EARNED", "arguments": ["", "P-100"]}, {"name": "REBATE_CHECK", "arguments": [""]}]}
    port = free_port()
    with server(tmp_path, port) as first:
        handle, sent = put_book(first.url, tables)
        assert sent == len(tables)
        again, sent = put_book(first.url, tables)
        assert (again, sent) == (handle, 0), "tables that the server has are not sent again"
        for call in ask["calls"]:
            call["arguments"][0] = handle
        before = post(f"{first.url}/call", json=ask).json()
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        with pytest.raises(httpx.TransportError):
            post(f"{first.url}/call", json=ask)
        with server(tmp_path, port) as second:
            assert post(f"{second.url}/call", json=ask).json() == before
            assert put_book(second.url, tables) == (handle, 0)
            tables["Tiers"][1][1] += 1
            changed, sent = put_book(second.url, tables)
            assert changed != handle and sent == 1, "one changed table is one block"
    assert before["answers"][0]["value"] > 0
    assert not list((tmp_path / "cache" / "web").glob("*.unfinished"))
    assert stat.S_IMODE((tmp_path / "cache" / "web").stat().st_mode) == 0o700


def test_several_servers_with_one_cache_answer_for_each_other(tmp_path: Path):
    tables = tables_of_the_sample()
    with server(tmp_path) as one, server(tmp_path) as other:
        handle, _ = put_book(one.url, tables)
        assert put_book(other.url, tables) == (handle, 0), "what one was sent the other has"
        ask = {"calls": [{"name": "REBATE_EARNED", "arguments": [handle, "P-100"]}]}
        assert post(f"{other.url}/call", json=ask).json() == post(f"{one.url}/call", json=ask).json()


# ---- who gets in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_off_loopback_it_starts_only_with_tls_and_somebody_who_may_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]
):
    monkeypatch.setenv("REBATES_CONFIG", str(tmp_path))
    cert, key = certificate
    provider = web_access.Provider("https://login.example/v2.0", "app")
    check_start("127.0.0.1", None, None, None)
    check_start("::1", None, None, None)
    with pytest.raises(Refused, match="needs TLS"):
        check_start("0.0.0.0", None, None, provider)
    with pytest.raises(Refused, match="must sign in"):
        check_start("0.0.0.0", cert, key, None)
    with pytest.raises(Refused, match="needs both"):
        check_start("0.0.0.0", cert, None, provider)
    with pytest.raises(Refused, match="There is no file"):
        check_start("0.0.0.0", cert, tmp_path / "none.pem", provider)
    check_start("0.0.0.0", cert, key, provider)
    web_access.make_token("anna")
    check_start("0.0.0.0", cert, key, None)


def test_a_refused_start_ends_with_a_sentence_and_listens_nowhere(tmp_path: Path):
    port = free_port()
    environment = os.environ | {"REBATES_CONFIG": str(tmp_path), "REBATES_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"port={port}", "host=0.0.0.0"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode != 0 and "needs TLS" in done.stderr
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_tokens_are_kept_as_hashes_for_their_owner_only_and_end(tmp_path: Path):
    token = web_access.make_token("anna", days=1, folder=tmp_path)
    path = tmp_path / "tokens.json"
    assert token not in path.read_text() and token.removeprefix(web_access.PREFIX) not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    access = web_access.Access(required=True, folder=tmp_path)
    assert access.person(f"Bearer {token}") == "token:anna"
    for wrong in ("", "Bearer", "Bearer ", f"Basic {token}", f"Bearer {token}x", f"Bearer {web_access.PREFIX}", "Bearer a.b.c", token):
        assert access.person(wrong) is None, wrong
    rows = json.loads(path.read_text())
    rows["tokens"][0]["expires_at"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(rows))
    assert access.person(f"Bearer {token}") is None, "a token that has ended"
    other = web_access.make_token("boris", folder=tmp_path)
    assert access.person(f"Bearer {other}") == "token:boris"
    assert web_access.revoke_tokens("boris", tmp_path) == 1
    assert access.person(f"Bearer {other}") is None, "a token that was taken away works no longer, without a restart"


@pytest.mark.parametrize(("person", "days"), [("", 1), ("x" * 101, 1), ("a\nb", 1), ("anna", 0), ("anna", 4000)])
def test_a_token_needs_a_person_and_an_end(tmp_path: Path, person: str, days: int):
    with pytest.raises(Refused):
        web_access.make_token(person, days, tmp_path)


def test_off_loopback_everything_but_the_add_ins_files_wants_a_token_and_handles_are_each_persons_own(tmp_path: Path, certificate: tuple[Path, Path]):
    anna, boris = (web_access.make_token(person, folder=tmp_path / "config") for person in ("anna", "boris"))
    cert, key = certificate
    port = free_port()
    with (
        server(tmp_path, port, host="0.0.0.0", cert=str(cert), key=str(key)) as running,
        httpx.Client(verify=False, base_url=running.url, timeout=PATIENCE) as client,
    ):
        assert client.get("/taskpane.html").status_code == 200
        assert client.get("/session").json()["sign_in"] == "token"
        for path in ("/call", "/book", "/action/check"):
            for authorization in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {anna}x"}):
                refused = client.post(path, json=CALL, headers=authorization)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == "Bearer"
                assert tells_nothing(refused.text)
        answer = client.post("/call", json=CALL, headers={"authorization": f"Bearer {anna}"})
        assert answer.json() == ANSWERS
        assert "max-age" in answer.headers["strict-transport-security"]
        until = time.monotonic() + PATIENCE  # the line is written after the answer was sent
        while '"person": "token:anna"' not in (said := running.logged()) and time.monotonic() < until:
            time.sleep(0.05)
        assert anna not in said and '"person": "token:anna"' in said
        check_handles_are_private(client, anna, boris)


def check_handles_are_private(client: httpx.Client, anna: str, boris: str) -> None:
    import hashlib

    def ask(token: str, path: str, body: Any) -> Any:
        return client.post(path, json=body, headers={"authorization": f"Bearer {token}"}).json()

    tables = {name.lower().replace(" ", "_"): json.dumps(rows).encode() for name, rows in tables_of_the_sample().items()}
    request = {"tables": {name: {"blocks": [hashlib.sha256(body).hexdigest()]} for name, body in tables.items()}}
    for digest in ask(anna, "/book", request)["missing"]:
        body = next(one for one in tables.values() if hashlib.sha256(one).hexdigest() == digest)
        client.put(f"/blocks/{digest}", content=body, headers={"authorization": f"Bearer {anna}", "content-type": "application/json"})
    handle = ask(anna, "/book", request)["answer"]["value"]
    earned = {"calls": [{"name": "REBATE_EARNED", "arguments": [handle]}]}
    assert ask(anna, "/call", earned)["answers"][0]["value"] > 0
    assert ask(boris, "/call", earned)["answers"][0]["error"]["code"] == "#VALUE!", "another person's handle"
    assert "missing" in ask(boris, "/book", request), "another person's tables"


# ---- an identity provider


class Issuer:
    """An identity provider on this machine: its description, its keys, and tokens signed by it."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked, self.kid = 0, "one"
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(provider.key.public_key())) | {
                    "kid": provider.kid,
                    "use": "sig",
                    "alg": "RS256",
                }
                found = {"issuer": provider.url, "jwks_uri": f"{provider.url}/keys"} if "well-known" in self.path else {"keys": [public]}
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, key: Any = None, kid: str = "", algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": self.url, "aud": "app-1", "sub": "s", "oid": "anna", "exp": now + 600, "iat": now} | claims
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key or self.key, algorithm=algorithm, headers={"kid": kid or self.kid})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()


def test_a_token_of_the_identity_provider_lets_its_person_in(issuer: Issuer):
    provider = web_access.Provider(issuer.url, "app-1")
    assert provider.person(issuer.token()) == "oidc:anna"
    assert provider.person(issuer.token(oid=None, sub="s-1")) == "oidc:s-1"


def test_the_books_name_a_person_as_the_provider_or_the_token_does(issuer: Issuer, tmp_path: Path):
    access = web_access.Access(required=True, folder=tmp_path, provider=web_access.Provider(issuer.url, "app-1"))
    assert access.name("token:Anna Ash") == "Anna Ash"
    person = access.person(f"Bearer {issuer.token(preferred_username='anna@example.com', name='Anna')}")
    assert person and access.name(person) == "anna@example.com"
    assert access.name("local") == "", "on this machine it is the system's user"


def test_a_key_that_the_provider_changes_is_fetched_and_the_old_one_holds_no_more():
    issuer = Issuer()
    provider = web_access.Provider(issuer.url, "app-1")
    old = issuer.token()
    assert provider.person(old) == "oidc:anna"
    issuer.key, issuer.kid = rsa.generate_private_key(public_exponent=65537, key_size=2048), "two"
    assert provider.person(issuer.token()) == "oidc:anna"
    assert provider.person(old) is None
    issuer.server.shutdown()


def test_no_other_token_does(issuer: Issuer):
    provider = web_access.Provider(issuer.url, "app-1")
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = int(time.time())
    wrong = {
        "ended": issuer.token(exp=now - 3600),
        "not yet": issuer.token(nbf=now + 3600),
        "for somebody else": issuer.token(aud="app-2"),
        "of somebody else": issuer.token(iss="https://evil.example"),
        "without an end": issuer.token(exp=None),
        "signed by a stranger": issuer.token(key=stranger),
        "an unknown key": issuer.token(kid="two"),
        "signed with a word": issuer.token(key="secret-secret-secret-secret-secret", algorithm="HS256"),
        "not signed": jwt.encode({"iss": issuer.url, "aud": "app-1", "sub": "s", "exp": now + 600}, None, algorithm="none", headers={"kid": "one"}),
        "no token": "abc",
    }
    assert {name: provider.person(token) for name, token in wrong.items()} == dict.fromkeys(wrong)


def test_unknown_keys_do_not_make_the_server_ask_the_provider_again_and_again(issuer: Issuer):
    provider = web_access.Provider(issuer.url, "app-1")
    provider.person(issuer.token())
    asked = issuer.asked
    for number in range(20):
        assert provider.person(issuer.token(kid=f"unknown-{number}")) is None
    assert issuer.asked <= asked + 1


def test_an_issuer_is_named_by_https():
    with pytest.raises(Refused, match="https"):
        web_access.Provider("http://login.example", "app")
    with pytest.raises(Refused, match="audience"):
        web_access.Provider("https://login.example", "")


def test_with_a_provider_also_loopback_asks_who_it_is(tmp_path: Path, issuer: Issuer):
    with server(tmp_path, issuer=issuer.url, audience="app-1") as running:
        assert get(f"{running.url}/session").json()["sign_in"] == "provider"
        assert post(f"{running.url}/call", json=CALL).status_code == 401
        assert post(f"{running.url}/call", json=CALL, headers={"authorization": f"Bearer {issuer.token()}"}).json() == ANSWERS


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path, local: Server):
    port = urlsplit(local.url).port
    assert port is not None
    with server(tmp_path, port, wait=False) as second:
        assert second.process.wait(timeout=40) != 0
        assert "choose another with --port" in second.logged()
    wait_for(local)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
