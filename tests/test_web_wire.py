"""What the web add-in's server makes of requests, without a network: cells, batches, paths, blocks, tables, icons, the manifest."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from rebate_udfs import functions
from rebate_udfs.actions import Refused
from rebate_udfs.book import Session, acting_as
from rebate_udfs.cache import Disk
from rebate_udfs.hosts import web_actions, web_calls, web_generated, web_icons, web_tables
from rebate_udfs.hosts import web_wire as wire
from rebate_udfs.hosts.web_blocks import Blocks
from rebate_udfs.hosts.web_manifest import manifest
from rebate_udfs.hosts.web_request import Caller, Desk
from rebate_udfs.model import ResultColumn
from rebate_udfs.registry import FUNCTIONS

NOBODY = Session(b"nobody")
LADDER = [[5000, 0.02], [10001, 0.04], [25001, 0.06]]


def batch(*calls: tuple[str, list[object]], **more: object) -> list[dict[str, object]]:
    body = json.dumps({"calls": [{"name": name, "arguments": arguments} for name, arguments in calls], **more}).encode()
    return web_calls.batch(body, NOBODY)["answers"]


# ---- cells


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Decimal("3664.54"), 3664.54),
        (Fraction(1, 3), 1 / 3),
        (date(2026, 3, 31), 46112),
        (True, True),
        (None, ""),
        ("2026-03", "2026-03"),
        (float("nan"), {"error": {"code": "#NUM!", "message": "the result is not a finite number"}}),
    ],
)
def test_a_result_crosses_as_a_cell_that_excel_takes(value: object, wanted: object):
    assert wire.shown(value) == wanted


def test_a_day_counts_in_the_workbooks_own_date_system():
    assert wire.serial(date(1904, 1, 1), date_1904=True) == 0
    assert wire.serial(date(2026, 3, 31)) - wire.serial(date(2026, 3, 31), date_1904=True) == 1462


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000, b"1" * 5000])
def test_what_is_no_json_is_a_bad_request_and_nothing_worse(body: bytes):
    with pytest.raises(wire.BadRequest) as refused:
        wire.loads(body)
    assert refused.value.status == 400


# ---- batches


@pytest.mark.parametrize("function", [one for one in FUNCTIONS.values() if one.section == "direct"], ids=lambda function: function.name)
def test_every_function_answers_over_the_wire_as_it_does_in_python(function):
    recorded = []
    call = compile(f"result = {function.example}", function.name, "exec")

    def record(*given: object, **named: object) -> object:
        arguments = [*given, *[None] * (len(function.arguments) - len(given))]
        for name, value in named.items():
            arguments[[argument.name for argument in function.arguments].index(name)] = value
        recorded.append(arguments)
        return getattr(functions, function.python_name)(*given, **named)

    scope = {function.python_name: record}
    exec(call, scope)
    (answer,) = batch((function.name, recorded[0]))
    assert answer == wire.answer(scope["result"])


def test_a_bad_call_has_an_error_in_its_own_place_only():
    answers = batch(
        ("REBATE_TIER", [12480, LADDER]),
        ("REBATE_NOSUCH", [1]),
        ("REBATE_TIER", [{"error": "#DIV/0!"}, LADDER]),
        ("REBATE_TIER", ["7", LADDER]),
        ("REBATE_TIER", [None, LADDER]),
        ("REBATE_TIER", [1, LADDER, None, None, None]),
        ("REBATE_RATE", [12480, [[0, 4]]]),
    )
    assert answers[0] == {"value": 2}
    assert "no function REBATE_NOSUCH" in answers[1]["error"]["message"]
    assert answers[2]["error"]["code"] == "#DIV/0!"
    assert answers[3]["error"] == {"code": "#VALUE!", "message": 'measure: "7" is text, not a number'}
    assert answers[4]["error"]["message"] == "REBATE_TIER needs the argument measure"
    assert "takes 3 arguments, not 5" in answers[5]["error"]["message"]
    assert answers[6] == {"value": 4}


def test_a_range_gives_its_shape_back_with_errors_in_their_place():
    (answer,) = batch(("REBATE_TIER", [[[4999, 5000], ["x", 25001]], LADDER]))
    assert answer["value"][0] == [0, 1]
    assert answer["value"][1][0]["error"]["code"] == "#VALUE!"
    assert answer["value"][1][1] == 3


def test_a_range_of_one_cell_is_a_cell_but_where_a_range_is_wanted():
    one, ladder = batch(("REBATE_TIER", [[[12480]], LADDER, [["More Than"]]]), ("REBATE_ALLOCATE", [10, [[3]]]))
    assert one == {"value": 2}
    assert ladder == {"value": [[10]]}


NO_BATCHES = (
    [],
    {},
    {"calls": 1},
    {"calls": [1]},
    {"calls": [{"name": 1, "arguments": []}]},
    {"calls": [{"name": "REBATE_TIER"}]},
    {"calls": [{"name": "REBATE_TIER", "arguments": [{"x": 1}]}]},
    {"calls": [{"name": "REBATE_TIER", "arguments": [[1]]}]},
)


@pytest.mark.parametrize("request_", NO_BATCHES, ids=json.dumps)
def test_what_is_no_batch_is_a_bad_request(request_: object):
    with pytest.raises(wire.BadRequest) as refused:
        web_calls.batch(json.dumps(request_).encode(), NOBODY)
    assert refused.value.status == 400


def test_a_batch_holds_a_thousand_calls_or_a_megabyte():
    calls = [{"name": "REBATE_VERSION", "arguments": []}]
    assert len(web_calls.batch(json.dumps({"calls": calls * 1000}).encode(), NOBODY)["answers"]) == 1000
    long = {"name": "REBATE_TIER", "arguments": ["x" * (1 << 20), LADDER]}
    assert "error" in batch(("REBATE_TIER", long["arguments"]))[0], "one large call may stand alone"
    for too_much in (calls * 1001, [*calls, long]):
        with pytest.raises(wire.BadRequest) as refused:
            web_calls.batch(json.dumps({"calls": too_much}).encode(), NOBODY)
        assert refused.value.status == 413


# ---- paths to transactions


def book_of(path: object, session: Session) -> dict[str, object]:
    return wire.answer(web_calls.answer("REBATE_BOOK", [[["Program ID"]], [["From"]], [["Parent ID"]], [["SKU"]], path], session))


def test_transactions_are_read_only_below_the_servers_folder(tmp_path: Path):
    data, outside = tmp_path / "data", tmp_path / "outside.csv"
    data.mkdir()
    outside.write_text("x")
    (data / "link.csv").symlink_to(outside)
    for path in ("../outside.csv", str(outside), "link.csv", "*.csv", "deep/../../outside.csv", "a\0b.csv"):
        with acting_as(session := replace(NOBODY, data_folder=data)):
            message = book_of([[path]], session)["error"]["message"]
        assert str(tmp_path) not in message.replace(str(outside) if path == str(outside) else "-", ""), message
    assert "without a folder of data" in book_of("sales.csv", NOBODY)["error"]["message"]
    assert "without a folder of data" in book_of([["sales.csv"]], NOBODY)["error"]["message"]


# ---- blocks


def blocks(folder: Path) -> Blocks:
    return Blocks(Disk(folder))


def named(rows: object) -> tuple[str, bytes]:
    body = json.dumps(rows).encode()
    return hashlib.sha256(body).hexdigest(), body


def test_blocks_outlive_the_server_and_are_each_persons_own(tmp_path: Path):
    digest, body = named([["From", "Reward"], [1, None]])
    first = blocks(tmp_path)
    assert first.missing("anna", [digest, digest]) == [digest]
    first.put("anna", digest, body)
    again = blocks(tmp_path)
    assert again.rows("anna", [digest, digest]) == [["From", "Reward"], [1, None]] * 2
    assert again.missing("boris", [digest]) == [digest]
    assert again.rows("boris", [digest]) is None


def test_a_block_is_what_its_name_says(tmp_path: Path):
    digest, _ = named([[1]])
    with pytest.raises(wire.BadRequest) as refused:
        blocks(tmp_path).put("anna", digest, b"[[2]]")
    assert refused.value.status == 422
    for value in ({"a": 1}, [1], [[{"x": 1}]]):
        with pytest.raises(wire.BadRequest):
            blocks(tmp_path).put("anna", *named(value))


# ---- tables


def test_a_tables_rows_keep_the_numbers_of_the_sheet_and_its_columns_their_letters():
    cells = [["A note above"], ["Program ID", "From", "Reward"], ["P-1", 0, 0.02], [None, "", " "], ["P-1", 100, 0.04]]
    (table,), problems = web_tables.raw_tables([web_tables.Sent("Tiers", "Tiers", 4, 2, False, cells)], False)
    assert not problems
    assert table.headers == [None, None, "Program ID", "From", "Reward"]
    assert [(row, row_cells[2:]) for row, row_cells in table.rows] == [(7, ["P-1", 0, 0.02]), (9, ["P-1", 100, 0.04])]
    assert table.header_row == 6


def test_a_sheet_without_the_headers_of_its_table_is_a_problem_that_says_so():
    found, problems = web_tables.raw_tables([web_tables.Sent("Tiers", "Tiers", 0, 0, False, [["x", "y"], [1, 2]])], False)
    assert not found
    assert [problem.code for problem in problems] == ["MISSING_HEADER"]


def test_money_columns_show_as_many_places_as_their_currency_has():
    yen = web_tables._column(0, ResultColumn("Earned (JPY)", "money", "earned"), [(Decimal("1200"),)], "yyyy-mm-dd")
    dollars = web_tables._column(0, ResultColumn("Earned (USD)", "money", "earned"), [(Decimal("1200.00"),)], "yyyy-mm-dd")
    assert yen["format"] == '#,##0_);(#,##0);"-"_)'
    assert dollars["format"] == '#,##0.00_);(#,##0.00);"-"_)'


def test_an_action_refuses_with_a_sentence_what_it_cannot_do(tmp_path: Path):
    store = blocks(tmp_path)

    def status(name: str, request: object) -> tuple[int, str]:
        with pytest.raises(wire.BadRequest) as refused:
            web_actions.run_action(name, json.dumps(request).encode(), Caller("local", ""), Desk(store))
        return refused.value.status, refused.value.message

    assert status("nosuch", {})[0] == 404
    assert status("check", [])[0] == 400
    assert status("check", {"tables": [{"name": "Tiers"}]})[0] == 400
    assert status("check", {"tables": []}) == (
        422, "This workbook holds none of the standard tables (Programs, Tiers, Distributors, ...). Start with New Workbook.")  # fmt: skip


# ---- what Excel loads


def test_the_metadata_of_every_function_is_what_office_takes():
    described = web_generated.functions_json()
    assert described["allowErrorForDataTypeAny"] is True
    assert [one["id"] for one in described["functions"]] == list(FUNCTIONS)
    for one in described["functions"]:
        assert re.fullmatch(r"[A-Z][A-Z0-9_.]{2,}", one["name"])
        assert 0 < len(one["description"]) <= 255
        optional = [bool(parameter.get("optional")) for parameter in one["parameters"]]
        assert optional == sorted(optional), f"{one['name']}: an optional argument before a required one"
        for parameter in one["parameters"]:
            assert (parameter["type"], parameter["dimensionality"]) == ("any", "matrix")
            assert 0 < len(parameter["description"]) <= 255


@pytest.mark.parametrize("size", web_icons.SIZES)
def test_icons_are_pictures_of_their_size(size: int):
    png = web_icons.icon(size)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (size, size)
    data = png[png.index(b"IDAT") + 4 : -16]
    rows = zlib.decompress(data)
    assert len(rows) == size * (4 * size + 1)
    colors = {rows[row * (4 * size + 1) + 1 + 4 * column :][:3] for row in range(size) for column in range(size)}
    assert bytes(web_icons.ACCENT) in colors and bytes(web_icons.COIN) in colors
    assert png == web_icons.icon.__wrapped__(size)


def manifest_problems(text: str) -> list[str]:
    """What is structurally wrong with a manifest: addresses, resources that are not defined or not used, lengths."""
    root = ElementTree.fromstring(text)
    found, resources = [], {}
    for element in root.iter():
        kind = element.tag.split("}")[1]
        if kind in ("Image", "Url", "String") and element.get("id"):
            name, value = element.get("id"), element.get("DefaultValue")
            found += [f"{name} twice"] if name in resources else []
            resources[name] = (kind, value)
            found += [f"{name} longer than 32"] if len(name) > 32 else []
            found += [f"{name} is not https"] if kind != "String" and not value.startswith("https://") else []
    used = {element.get("resid") for element in root.iter() if element.get("resid")}
    found += [f"{name} is not defined" for name in used - set(resources)] + [f"{name} is not used" for name in set(resources) - used]
    found += [
        f"{name} is a label of more than 125 characters" for name, (_, value) in resources.items() if name.startswith("Label") and len(value) > 125
    ]
    identity = root.find("{*}Id").text
    found += [] if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identity) else [f"{identity} is no id"]
    found += [] if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", root.find("{*}Version").text) else ["no version of four numbers"]
    return found


@pytest.mark.parametrize(("url", "sign_in"), [("https://localhost:8765", ""), ("https://rebates.example.com/excel/", "0f5e-11")])
def test_the_manifest_is_sound_and_all_buttons_are_on_the_ribbon(url: str, sign_in: str):
    text = manifest(url, sign_in)
    assert manifest_problems(text) == []
    root = ElementTree.fromstring(text)
    pressed = {element.text for element in root.iter() if element.tag.endswith("}FunctionName")}
    assert pressed == set(web_generated.buttons()) and "calculate" in pressed
    assert not list(root.iter("{http://schemas.microsoft.com/office/taskpaneappversionoverrides}Namespace")), "no prefix before the functions"
    assert ("WebApplicationInfo" in text) == bool(sign_in)
    order = [element.tag.split("}")[1] for element in root]
    assert order == ["Id", "Version", "ProviderName", "DefaultLocale", "DisplayName", "Description", "IconUrl", "HighResolutionIconUrl", "SupportUrl",
                     "AppDomains", "Hosts", "Requirements", "DefaultSettings", "Permissions", "VersionOverrides"]  # fmt: skip


ORDERS = {  # of the children, as Microsoft documents each element of an add-in only manifest
    "VersionOverrides": ("Description", "Requirements", "Hosts", "Resources", "EquivalentAddins", "WebApplicationInfo"),
    "Host": ("Runtimes", "AllFormFactors", "DesktopFormFactor"),
    "DesktopFormFactor": ("FunctionFile", "GetStarted", "ExtensionPoint"),
    "CustomTab": ("Group", "Label"),
    "Group": ("Label", "Icon", "Control"),
    "Control": ("Label", "Supertip", "Icon", "Action"),
    "Supertip": ("Title", "Description"),
    "Resources": ("Images", "Urls", "ShortStrings", "LongStrings"),
    "WebApplicationInfo": ("Id", "Resource", "Scopes"),
}


@pytest.mark.parametrize("sign_in", ["", "0f5e1111-1111-1111-1111-111111111111"])
def test_the_manifests_elements_stand_in_the_order_and_within_the_limits_that_office_documents(sign_in: str):
    root = ElementTree.fromstring(manifest("https://rebates.example.com", sign_in))
    overrides = root.find("{*}VersionOverrides")
    for element in overrides.iter():
        order = ORDERS.get(element.tag.split("}")[1])
        if order:
            places = [order.index(child.tag.split("}")[1]) for child in element]
            assert places == sorted(places), f"{element.tag}: {[child.tag for child in element]}"
    groups = overrides.findall(".//{*}Group")
    assert [len(group.findall("{*}Control")) for group in groups] == [1, *(len(names) for names in web_generated.groups().values())]
    assert all(1 <= len(group.findall("{*}Control")) <= 6 for group in groups), "a group shows at most six controls"
    for icon in overrides.findall(".//{*}Icon"):
        assert [image.get("size") for image in icon] == ["16", "32", "80"]
    ids = [element.get("id") for element in overrides.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) and all(len(one) <= 125 for one in ids)
    limits = {"ShortStrings": 125, "LongStrings": 250}
    for kind, most in limits.items():
        assert all(0 < len(text.get("DefaultValue")) <= most for text in overrides.find(f".//{{*}}{kind}"))
    assert len(root.find("{*}DisplayName").get("DefaultValue")) <= 125 and len(root.find("{*}Description").get("DefaultValue")) <= 250
    runtime = overrides.find(".//{*}Runtime").get("resid")
    assert {overrides.find(f".//{{*}}{name}").get("resid") for name in ("FunctionFile", "Page/{*}SourceLocation")} == {runtime}, "one runtime for all"


def test_a_manifest_replaces_the_one_of_the_same_address_and_no_other():
    def identity(url: str) -> str:
        return ElementTree.fromstring(manifest(url)).find("{*}Id").text

    assert identity("https://a.example") == identity("https://a.example/")
    assert identity("https://a.example") != identity("https://b.example")


@pytest.mark.parametrize("url", ["http://localhost:8765", "localhost", "https://", "https://a.example/?x=1", "https://u:p@a.example", "javascript:1"])
def test_a_manifest_needs_an_https_address(url: str):
    with pytest.raises(Refused, match="no address for an add-in"):
        manifest(url)


def test_addresses_are_escaped_in_the_manifest():
    assert manifest_problems(manifest("https://a.example/x&y<z")) == []
