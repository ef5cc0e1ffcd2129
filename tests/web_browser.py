"""What the tests of the web add-in share: a real server in a process of its own, a real browser, a workbook in the browser's memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import absent

STUB = Path(__file__).parent / "web" / "office_stub.js"
START_SECONDS = 40
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
SERIOUS = ("serious", "critical")  # to axe-core
PROGRAM = """
import sys
from pathlib import Path
from rebate_udfs.hosts.web import serve
given = dict(part.split("=", 1) for part in sys.argv[1:])
serve(given.get("host", "127.0.0.1"), int(given["port"]), data=Path(given["data"]) if "data" in given else None,
      cert=Path(given["cert"]) if "cert" in given else None, key=Path(given["key"]) if "key" in given else None,
      oidc_issuer=given.get("issuer", ""), oidc_audience=given.get("audience", ""), ledger=given.get("ledger", ""))
"""


def require_chromium() -> str:
    """The path of Chromium, and Playwright beside it; without one of them the test is skipped."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        absent("playwright is not installed (pip install playwright; its own browsers are not needed)")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium is not installed (apt-get install chromium)")
    raise AssertionError("not reached")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server in a process of its own; `url` is where it answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def logged(self) -> str:
        """Everything it has logged so far."""
        return self.log.read_text(encoding="utf-8")


@contextlib.contextmanager
def server(folder: Path, port: int | None = None, wait: bool = True, **options: str) -> Iterator[Server]:
    """A running server with its cache and its tokens in `folder`."""
    port = port or free_port()
    log = folder / f"server-{port}.log"
    (folder / "temporary").mkdir(exist_ok=True)
    own = {"TMPDIR": str(folder / "temporary")}  # what a server leaves behind is seen, and is not another's
    environment = (
        os.environ | own | {"REBATES_CACHE": str(folder / "cache"), "REBATES_CONFIG": str(folder / "config"), "PYTHONDONTWRITEBYTECODE": "1"}
    )
    arguments = [f"port={port}", *(f"{name}={value}" for name, value in options.items())]
    with log.open("ab") as file:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stderr=file, stdout=file, env=environment)
    scheme = "https" if "cert" in options else "http"
    running = Server(process, f"{scheme}://127.0.0.1:{port}", log)
    try:
        if wait:
            wait_for(running)
        yield running
    finally:
        process.kill()
        process.wait()


def wait_for(running: Server) -> None:
    """Until the server answers, or say what it said."""
    import ssl

    trusting = ssl._create_unverified_context()  # a certificate of the test's own
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if running.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{running.url}/health", timeout=5, context=trusting if running.url.startswith("https") else None):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {running.logged()}")


def sheets_of(path: Path) -> list[dict[str, Any]]:
    """A workbook as the stub of Office.js takes it: each sheet's values from A1, and its Excel table."""
    book = openpyxl.load_workbook(path, data_only=True)
    found = []
    for sheet in book.worksheets:
        rows = [[_plain(cell) for cell in row] for row in sheet.iter_rows(min_row=1, min_col=1, values_only=True)]
        table = next(iter(sheet.tables.values()), None)
        excel = None
        if table is not None:
            left, top, right, bottom = openpyxl.utils.range_boundaries(table.ref)
            excel = {"name": table.name, "place": [top - 1, left - 1, bottom - top + 1, right - left + 1]}
        found.append({"name": sheet.title, "table": excel, "rows": rows})
    return found


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime | date):
        plain = cell.date() if isinstance(cell, datetime) else cell
        return (plain - date(1899, 12, 30)).days
    return cell if isinstance(cell, str | int | float | bool | None) else str(cell)


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    path = require_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        chromium.at_rest = {}  # contexts that no pane uses, by how they look
        yield chromium
        chromium.close()


@contextlib.contextmanager
def pane(chromium: Any, url: str, sheets: list[dict[str, Any]], *, locale: str = "en-US", dark: bool = False, width: int = 320, height: int = 800,
         language: str | None = None) -> Iterator[Any]:  # fmt: skip
    """The task pane, loaded from the real server, with the stub in place of Office.js and `sheets` as the workbook. `page.posts` counts requests."""
    at_rest = chromium.at_rest.setdefault((locale, dark, width, height), [])
    if not at_rest:
        look = {"locale": locale, "color_scheme": "dark" if dark else "light", "viewport": {"width": width, "height": height}}
        at_rest.append(chromium.new_context(**look, ignore_https_errors=True))
        at_rest[0].new_page().goto(f"{url}/health")  # stays open: with it the process of the pages does, which takes longest to start
    context = at_rest.pop()
    page = context.new_page()
    page.posts, page.errors = [], []
    page.on("request", lambda request: page.posts.append(request.url) if request.method in ("POST", "PUT") else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if "Content Security Policy" in message.text else None)
    page.route("https://appsforoffice.microsoft.com/**", lambda route: route.fulfill(content_type="text/javascript", body=STUB.read_text("utf-8")))
    page.add_init_script("globalThis.__sheets = " + _json(sheets) + ";" + (f"globalThis.__language = {_json(language)};" if language else ""))
    page.goto(f"{url}/taskpane.html")
    page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    yield page
    errors = page.errors
    page.evaluate("localStorage.clear()")  # all that a pane leaves in its context; that of a test which failed is not used again
    page.close()
    at_rest.append(context)
    assert not errors, f"the page had errors: {errors}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests of a module."""
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a ledger."""
    with server(tmp_path_factory.mktemp("web")) as found:
        yield found


@pytest.fixture
def page(chromium: Any, running: Server, sheets: list[dict[str, Any]]) -> Iterator[Any]:
    """The task pane over the workbook that the module's fixture `sheets` holds."""
    with pane(chromium, running.url, sheets) as found:
        yield found


def until(true: Any, seconds: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def serious(page: Any) -> list[str]:
    """What axe-core finds that keeps people from using the page."""
    try:
        from axe_playwright_python.base import AXE_FILE_PATH
    except ImportError:
        absent("axe-core is not installed (pip install axe-playwright-python)")
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    result = page.evaluate("axe.run()")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in result["violations"] if one["impact"] in SERIOUS for node in one["nodes"]
    ]


def _json(value: Any) -> str:
    import json

    return json.dumps(value).replace("</", "<\\/")
