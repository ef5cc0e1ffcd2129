"""Files sent to the web add-in's server, well meant or not: right status, one sentence, nothing of the inside shown, nothing left behind."""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_web_server import tells_nothing
from web_browser import Server, server, sheets_of

from rebate_udfs import demo
from rebate_udfs.hosts.template import write_template
from rebate_udfs.hosts.web_uploads import LARGEST_UPLOAD, MOST_FILES, plain_name

PATIENCE = 120
BYTES = {"content-type": "application/octet-stream"}
SALES = b"Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount\nN-1,2026-05-04,D-1000,X,1,5\n"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("local")) as running:
        yield running


@pytest.fixture(scope="module")
def tables(local: Server, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The sample company's tables with few sales, sent to the server block by block as the add-in does."""
    import hashlib

    path, sample = tmp_path_factory.mktemp("book") / "sample.xlsx", dict(demo.sample())
    sample["Transactions"] = sample["Transactions"][-50:]
    write_template(path, sample=sample)
    found = []
    for sheet in sheets_of(path):
        if sheet["table"] is None:
            continue
        top, left, height, width = sheet["table"]["place"]
        body = json.dumps([[None if cell == "" else cell for cell in row[left : left + width]] for row in sheet["rows"][top : top + height]]).encode()
        digest = hashlib.sha256(body).hexdigest()
        answer = httpx.put(f"{local.url}/blocks/{digest}", content=body, headers={"content-type": "application/json"}, timeout=PATIENCE)
        assert answer.status_code == 204
        found.append({"name": sheet["name"], "sheet": sheet["name"], "row": top, "column": left, "is_table": True, "blocks": [digest]})
    return found


def upload(local: Server, action: str, tables: list[dict[str, Any]], files: Sequence[tuple[str, bytes]], **options: str) -> httpx.Response:
    """What the add-in sends: a line of JSON, then the bytes."""
    head = {"tables": tables, "options": options, "files": [{"name": name, "size": len(content)} for name, content in files]}
    body = json.dumps(head).encode() + b"\n" + b"".join(content for _, content in files)
    return httpx.post(f"{local.url}/upload/{action}", content=body, headers=BYTES, timeout=PATIENCE)


def left_behind(local: Server) -> list[str]:
    """The folders of uploads among the server's temporary files."""
    return [name for name in os.listdir(local.log.parent / "temporary") if name.startswith("rebates-upload-")]


@cache
def bomb(size: int = 1 << 29) -> bytes:
    """A small workbook that says it unpacks to half a gigabyte, and does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        with package.open("xl/workbook.xml", "w", force_zip64=True) as part:
            for _ in range(size >> 24):
                part.write(bytes(1 << 24))
    return packed.getvalue()


def lying(good: bytes) -> bytes:
    """A zip whose list of members names sizes that are not true."""
    at = good.rindex(b"PK\x01\x02")
    return good[: at + 24] + struct.pack("<I", 10) + good[at + 28 :]


def png() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(4000))


def test_what_is_well_made_is_answered_and_nothing_is_left(local: Server, tables: list[dict[str, Any]]):
    before = left_behind(local)
    answer = upload(local, "import_transactions", tables, [("../../May.csv", SALES)])
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["target"], said["profile"]) == ("Transactions", "Our own columns (Transactions)")
    assert said["additions"][0]["rows"] == [["N-1", 46146, "D-1000", "X", 1, 5]]
    assert "May.csv" in said["tables"][0]["title"] and ".." not in said["tables"][0]["title"]
    assert tells_nothing(answer.text) and tempfile.gettempdir() not in answer.text
    assert left_behind(local) == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", BYTES, 400),
        (b"{}", BYTES, 400),
        (b"{}\n", BYTES, 400),
        (b'{"files": []}\n', BYTES, 400),
        (b'{"files": [{"name": "a.csv"}]}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": 4}]}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": -1}]}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": true}]}\na', BYTES, 400),
        (b'{"files": [{"name": 7, "size": 3}]}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": 3}], "tables": 7}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": 3}], "tables": [], "options": {"profile": 7}}\nabc', BYTES, 400),
        (b'{"files": [{"name": "a.csv", "size": 3}], "tables": []}\nabc', BYTES, 422),
        (b"[" * 200_000 + b"\n", BYTES, 400),
        (b"\xff\xfe\n", BYTES, 400),
        (b'{"files": []}\n', {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b'{"files": []}\n', {"content-type": "text/plain"}, 415),
        (b'{"files": []}\n', {"content-type": "application/json"}, 415),
        (b'{"files": []}\n', BYTES | {"origin": "https://evil.example"}, 403),
        (b'{"files": []}\n', BYTES | {"sec-fetch-site": "cross-site"}, 403),
        (b'{"files": []}\n', BYTES | {"host": "evil.example"}, 421),
    ],
)
def test_a_bad_upload_has_its_status_and_a_sentence(local: Server, body: bytes, headers: dict[str, str], status: int):
    answer = httpx.post(f"{local.url}/upload/import_transactions", content=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    assert tells_nothing(answer.text) and answer.json()["error"]["message"].endswith(".")


def test_only_actions_that_read_files_take_any(local: Server):
    for action in ("check", "close_period", "nosuch"):
        assert httpx.post(f"{local.url}/upload/{action}", content=b"{}\n", headers=BYTES, timeout=PATIENCE).status_code == 404


def test_more_than_a_hundred_files_or_too_many_bytes_are_refused(local: Server, tables: list[dict[str, Any]]):
    assert upload(local, "receive_statements", tables, [("a.xlsx", b"x")] * (MOST_FILES + 1)).status_code == 413
    large = b"x" * (LARGEST_UPLOAD + (5 << 20))
    try:
        status = upload(local, "import_transactions", tables, [("large.csv", large)]).status_code
    except (httpx.WriteError, httpx.ReadError):  # it hung up, having read enough
        status = 413
    assert status == 413


def test_a_hundred_files_are_each_answered(local: Server, tables: list[dict[str, Any]]):
    names = ["../../../etc/passwd", "..\\..\\x.xlsx", "CON.xlsx", "a\x00b.xlsx", "same.xlsx", "same.xlsx", ".hidden.xlsx", "~$lock.xlsx"]
    files = [(names[at] if at < len(names) else f"{at}.xlsx", b"not a workbook") for at in range(20)]
    answer = upload(local, "receive_statements", tables, files)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["aside"] == len(said["tables"][0]["rows"]) and len(said["tables"][0]["rows"]) >= len(files) - 1
    assert tells_nothing(answer.text) and tempfile.gettempdir() not in answer.text and "etc/" not in answer.text


@pytest.mark.parametrize("action", ["import_transactions", "reconcile", "receive_statements"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("bomb.xlsx", bomb),
        ("lying.xlsx", lambda: lying(bomb(1 << 25))),
        ("picture.xlsx", png),
        ("empty.xlsx", bytes),
        ("empty.csv", bytes),
        ("nul.csv", lambda: bytes(1 << 20)),
        ("cut.xlsx", lambda: bomb(1 << 24)[:3000]),
        ("table.parquet", lambda: b"PAR1" + bytes(2000) + b"PAR1"),
        ("wide.csv", lambda: b",".join([b"x"] * 300_000) + b"\n"),
        ("script.exe", lambda: b"MZ" + bytes(500)),
        ("letters.csv", lambda: "Ünïcödé;\u202e\n".encode("utf-16")),
    ],
)
def test_a_hostile_file_ends_with_one_sentence_soon(local: Server, tables: list[dict[str, Any]], action: str, name: str, make: Any):
    started, before = time.monotonic(), left_behind(local)
    answer = upload(local, action, tables, [(name, make())])
    assert answer.status_code in (200, 422), answer.text  # 200: a receipt that says why it was set aside
    if answer.status_code == 200:
        assert action != "import_transactions" and not answer.json()["additions"]
    else:
        assert len(answer.json()["error"]["message"]) > 20
    assert tells_nothing(answer.text.replace(name, "")) and tempfile.gettempdir() not in answer.text
    assert time.monotonic() - started < 90, "the limits end it, also on a busy machine"
    assert left_behind(local) == before
    assert httpx.get(f"{local.url}/health", timeout=PATIENCE).status_code == 200


def test_a_profile_that_is_no_profile_is_said(local: Server, tables: list[dict[str, Any]]):
    laughs = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%s]\n" % (one, one, b",".join([b"*%c" % (one - 1)] * 9)) for one in b"bcdefghi")
    for content in (b"%%%", b"columns: 7\n", laughs):
        answer = upload(local, "import_transactions", tables, [("May.csv", SALES), ("own.yaml", content)])
        assert answer.status_code == 422, content[:20]
        assert "own.yaml" in answer.json()["error"]["message"]
        assert tells_nothing(answer.text) and tempfile.gettempdir() not in answer.text


def test_a_crowd_is_answered_and_a_client_that_goes_away_leaves_its_place(local: Server):
    """More than are read at once: the others wait; a broken upload does not keep its place."""
    import socket
    from urllib.parse import urlsplit

    where = urlsplit(local.url)
    for _ in range(6):
        with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as lost:
            head = (
                f"POST /upload/reconcile HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/octet-stream\r\nContent-Length: 999999\r\n\r\n"
            )
            lost.sendall(head.encode() + b"{")
    body = b'{"tables":[],"files":[{"name":"a.csv","size":3}]}\nabc'

    def one(_: int) -> int:
        return httpx.post(f"{local.url}/upload/import_transactions", content=body, headers=BYTES, timeout=PATIENCE).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(one, range(40))) == {422}


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\May.XLSX", "May.xlsx"), ("a/b/..", "statement"), ("[a]{b}*.csv", "(a)(b)-.csv"), ("", "statement"),
     ("x" * 500 + ".csv", None), ("a\nb.csv", "a b.csv"), ("nul.csv", "_nul.csv"), (".csv", "csv")],
)  # fmt: skip
def test_a_name_is_only_the_last_part_of_a_path(name: str, kept: str | None):
    found = plain_name(name)
    assert found == kept if kept is not None else len(found) < 120
    assert Path(found).name == found and not set(found) & set("/\\[]{}*?")
