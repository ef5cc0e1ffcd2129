"""The web add-in in a real browser against the real server: functions, handles, actions, and the task pane by mouse, keyboard and screen reader.

Only Office.js itself is a stub (tests/web/office_stub.js), with a workbook in memory; it is as strict as Excel about loading
before reading, about texts that look like formulas, and about how much one answer may hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import web_browser
from web_browser import Server, pane, serious, server, sheets_of, until

from rebate_udfs import demo, functions
from rebate_udfs.calls import OMITTED, call
from rebate_udfs.hosts import web_wire as wire
from rebate_udfs.hosts.template import write_template
from rebate_udfs.registry import FUNCTIONS

CELLS = 1000
LADDER = [["From", "Reward"], [5000, 0.02], [10001, 0.04], [25001, 0.06]]
BOOK_TABLES = ("Programs", "Tiers", "Distributors", "Products", "Transactions", "Enrollments", "Scopes", "Settings")
chromium, running, page = web_browser.chromium, web_browser.running, web_browser.page  # fixtures


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The sample company's workbook, as Excel would hold it."""
    path = tmp_path_factory.mktemp("book") / "sample.xlsx"
    write_template(path, sample=demo.sample())
    return sheets_of(path)


@pytest.fixture
def bare(chromium: Any, running: Server) -> Iterator[Any]:
    """The add-in over an empty workbook."""
    with pane(chromium, running.url, [{"name": "Sheet1", "table": None, "rows": []}]) as found:
        yield found


def calculate(page: Any, name: str, arguments: list[Any], address: str = "Sheet1!B2", addresses: list[str] | None = None) -> dict[str, Any]:
    """What Excel shows in a cell with this formula."""
    return page.evaluate("([name, given, address, where]) => __calculate(name, given, address, where)", [name, arguments, address, addresses or []])


def python(name: str, arguments: list[Any]) -> dict[str, Any]:
    """What Python says to the same, as Excel would show it: a matrix, an empty cell of a range as 0."""
    given = [OMITTED if one is None else excel(one) for one in arguments]
    answer = wire.answer(call(name, given))
    if "error" in answer:
        return {"error": answer["error"]["code"], "message": message(answer["error"])}
    value = answer["value"] if isinstance(answer["value"], list) else [[answer["value"]]]
    return {"value": [[{"error": cell["error"]["code"], "message": message(cell["error"])} if isinstance(cell, dict) else cell for cell in row]
                      for row in value]}  # fmt: skip


def message(error: dict[str, str]) -> str:
    """Excel shows messages with #VALUE! and #N/A only."""
    return error["message"] if error["code"] in ("#VALUE!", "#N/A") else ""


def excel(value: Any) -> Any:
    if isinstance(value, list):
        return [[excel(cell) for cell in row] for row in value]
    return wire.cell(value) if value is not None else 0


# ---- every function


FORMS: list[tuple[str, list[Any]]] = [
    ("REBATE_TIER", [12480, LADDER]),
    ("REBATE_TIER", [12480, LADDER, "more than"]),
    ("REBATE_TIER", [[[4999, 5000], [None, "x"]], LADDER]),
    ("REBATE_TIER", [True, [[1, 0.1]]]),
    ("REBATE_TIER", ["12480", LADDER]),
    ("REBATE_TIER", ["12480,5", LADDER]),
    ("REBATE_TIER", [{"error": "#DIV/0!"}, LADDER]),
    ("REBATE_TIER", [12480, [[5000, 0.02], [4000, 0.03]]]),
    ("REBATE_RATE", [[[210000], [50]], [[100000, 0.01], [200000, 0.02]]]),
    ("REBATE_AMOUNT", [2000, [[0, 1000, 0.1], [1000, 2500, 0.25]], "Incremental"]),
    ("REBATE_AMOUNT", [2000, [[0, 1000, 0.1], [1000, None, 0.25]], None, None, [[1000], [3000]]]),
    ("REBATE_AMOUNT", [2000, [[0, 4]]]),
    ("REBATE_AMOUNT", [[[1], [2]], LADDER, None, None, [[1, 2]]]),
    ("REBATE_EFFECTIVE_RATE", [12000, [[5000, 10000, 0.02], [10001, 25000, 0.04]], "graduated"]),
    ("REBATE_TO_NEXT_TIER", [[[12480, 1, 999999]], LADDER]),
    ("REBATE_NEXT_TIER_VALUE", [8000, [[5000, 0.02], [10000, 0.04]]]),
    ("REBATE_GROWTH", [2350000, 2000000, [[0.1, 0.02], [0.15, 0.03], [0.2, 0.04]]]),
    ("REBATE_GROWTH", [[[1], [2]], [[0], [1]], [[0.1, 0.02]]]),
    ("REBATE_MIX", [20000, 100000, [[0.2, 0.02]]]),
    ("REBATE_MDF", [[[1800], [5000], [None]], 0.5, 2000]),
    ("REBATE_MDF", [1800, 2, 2000]),
    ("REBATE_SHIP_DEBIT", [100, 20, 18]),
    ("REBATE_SHIP_DEBIT", [1, 1000, 0.25, "Margin", 900]),
    ("REBATE_SHIP_DEBIT", [1, 1000, 0.25, "Margin"]),
    ("REBATE_ACCRUE", [575, 1200, [[1001, 10]], None, "Per Unit"]),
    ("REBATE_EXPECTED", [60000, [[90000], [120000]], [[0.5], [0.5]], [[100000, 0.04]]]),
    ("REBATE_EXPECTED", [60000, [[90000], [120000]], [[0.5], [0.6]], [[100000, 0.04]]]),
    ("REBATE_ALLOCATE", [100, [[1], [1], [1]]]),
    ("REBATE_ALLOCATE", [100, [[0, None]]]),
    ("REBATE_VERSION", []),
]


@pytest.mark.parametrize(("name", "arguments"), FORMS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_direct_function_gives_in_the_browser_what_it_gives_in_python(bare_page: Any, name: str, arguments: list[Any]):
    assert calculate(bare_page, name, arguments) == python(name, arguments)


@pytest.fixture(scope="module")
def bare_page(chromium: Any, running: Server) -> Iterator[Any]:
    with pane(chromium, running.url, [{"name": "Sheet1", "table": None, "rows": []}]) as found:
        yield found


def test_every_function_of_the_registry_is_tried_in_the_browser():
    tried = {name for name, _ in FORMS} | {name for name, _ in BOOK_FORMS} | {"REBATE_BOOK"}
    assert tried >= set(FUNCTIONS), f"not tried: {set(FUNCTIONS) - tried}"


def test_a_thousand_cells_at_once_take_a_handful_of_requests(bare_page: Any):
    before = len(bare_page.posts)
    found = bare_page.evaluate(
        """async (cells) => {
            const start = performance.now();
            const ladder = [[5000, 0.02], [10001, 0.04], [25001, 0.06]];
            const cell = (_, i) => __calculate("REBATE_AMOUNT", [i * 40, ladder], "Sheet1!A" + (i + 1));
            const all = await Promise.all(Array.from({ length: cells }, cell));
            return [performance.now() - start, all.map((one) => one.value?.[0][0])];
        }""",
        CELLS,
    )
    milliseconds, values = found
    posts = len(bare_page.posts) - before
    print(f"{CELLS:,} cells at once: {milliseconds / 1000:.3f} s in {posts} requests")
    assert values == [functions.rebate_amount(number * 40, LADDER[1:]) for number in range(CELLS)]
    assert posts <= 5


def test_more_than_a_request_may_hold_is_parted(bare_page: Any):
    before = len(bare_page.posts)
    values = bare_page.evaluate(
        """async () => {
            const wide = Array.from({ length: 2000 }, (_, i) => [i + 0.123456789]);
            const all = await Promise.all(Array.from({ length: 60 }, (_, i) => __calculate("REBATE_ALLOCATE", [i, wide, 2])));
            return all.map((one) => one.value.flat().reduce((sum, part) => sum + Math.round(part * 100), 0) / 100);
        }"""
    )
    assert values == list(range(60))
    assert 2 <= len(bare_page.posts) - before <= 6


def test_a_server_that_does_not_answer_gives_a_value_error_that_says_so(bare: Any):
    bare.route("**/call", lambda route: route.abort())
    answer = calculate(bare, "REBATE_TIER", [1, LADDER])
    assert answer["error"] == "#VALUE!", "never #N/A, which IFNA would turn into a zero"
    assert "does not answer" in answer["message"]
    assert sum(url.endswith("/call") for url in bare.posts) == 2, "tried once again, and no more"


@pytest.mark.parametrize(("locale", "shown"), [("en-US", "USD 1,794.37"), ("de-DE", "USD 1.794,37")])
def test_numbers_are_written_as_the_person_writes_them_and_read_as_numbers(
    chromium: Any, running: Server, sheets: list[dict[str, Any]], locale: str, shown: str
):
    with pane(chromium, running.url, sheets, locale=locale) as page:
        assert calculate(page, "REBATE_AMOUNT", [1234.5, [[0.5, 0.1]]]) == {"value": [[123.45]]}
        page.click("#tab-attainment")
        assert shown in page.inner_text("#view-attainment")


# ---- the book


BOOK_FORMS: list[tuple[str, list[Any]]] = [
    ("REBATE_ACCRUAL", ["P-100"]),
    ("REBATE_ACCRUAL", ["P-100", "D-1000"]),
    ("REBATE_ACCRUAL", ["P-100", "D-1000", 46112]),
    ("REBATE_ACCRUAL", []),
    ("REBATE_ACCRUAL", ["P-999"]),
    ("REBATE_EARNED", ["P-100", "D-1000", "2026"]),
    ("REBATE_EARNED", [None, "D-1000", 2026]),
    ("REBATE_EARNED", ["P-100", "D-1000", None, "2026-03-31"]),
    ("REBATE_EARNED", ["P-100", "D-1000", None, "soon"]),
    ("REBATE_ATTAINMENT", ["P-100", "D-1000"]),
    ("REBATE_ATTAINMENT", ["P-100", "D-1000", None, "Status"]),
    ("REBATE_ATTAINMENT", ["P-100", "D-1000", 46112, "To Next"]),
    ("REBATE_PAYABLE", []),
    ("REBATE_CLAIM", ["MC-001"]),
    ("REBATE_CLAIM", ["MC-001", "Approved"]),
    ("REBATE_CLAIM", ["NO-SUCH-CLAIM"]),
    ("REBATE_TABLE", ["Coach"]),
    ("REBATE_TABLE", ["Accruals", "P-100"]),
    ("REBATE_EXPLAIN", ["P-100", "D-1000"]),
    ("REBATE_CHECK", []),
]


def place_of(sheet: dict[str, Any]) -> str:
    """The address of a sheet's Excel table, as Excel names it."""
    top, left, height, width = sheet["table"]["place"]
    letters = [chr(65 + at) if at < 26 else chr(64 + at // 26) + chr(65 + at % 26) for at in (left, left + width - 1)]
    name = sheet["name"] if sheet["name"].isalnum() else f"'{sheet['name']}'"
    return f"{name}!{letters[0]}{top + 1}:{letters[1]}{top + height}"


def open_book(page: Any, sheets: list[dict[str, Any]], address: str = "Sheet1!A1") -> dict[str, Any]:
    """`=REBATE_BOOK(Programs[#All], ...)` in a cell: Excel hands over addresses, the values themselves do not matter."""
    names = [argument.name for argument in FUNCTIONS["REBATE_BOOK"].arguments]
    arguments, addresses = [None] * len(names), [None] * len(names)
    for sheet in sheets:
        if sheet["table"] and sheet["name"] in BOOK_TABLES:
            at = names.index(sheet["name"].lower().replace(" ", "_"))
            arguments[at], addresses[at] = [["only", "a"], ["trigger", 0]], place_of(sheet)
    return calculate(page, "REBATE_BOOK", arguments, address, addresses)


def test_the_functions_on_a_book_give_in_the_browser_what_they_give_in_python(page: Any, sheets: list[dict[str, Any]]):
    handle = open_book(page, sheets)["value"][0][0]
    assert "transactions #" in handle
    tables = {sheet["name"].lower().replace(" ", "_"): python_range(sheet) for sheet in sheets if sheet["table"] and sheet["name"] in BOOK_TABLES}
    own = call("REBATE_BOOK", [tables.get(argument.name, OMITTED) for argument in FUNCTIONS["REBATE_BOOK"].arguments])
    assert own == handle, "the same tables are the same book"
    for name, arguments in BOOK_FORMS:
        assert calculate(page, name, [handle, *arguments]) == python(name, [handle, *arguments]), f"{name} {arguments}"


def python_range(sheet: dict[str, Any]) -> list[list[Any]]:
    top, left, height, width = sheet["table"]["place"]
    rows = [row[left : left + width] for row in sheet["rows"][top : top + height]]
    return [[None if cell == "" else cell for cell in row] for row in rows]


def test_a_book_sends_only_what_has_changed_and_notes_its_cell(page: Any, sheets: list[dict[str, Any]]):
    first = open_book(page, sheets)
    page.posts.clear()
    assert open_book(page, sheets) == first
    assert [url.rsplit("/", 1)[1] for url in page.posts] == ["book"], "nothing is sent again"
    row, column = changed_cell(sheets)
    page.evaluate("([r, c]) => { __book.sheets.find((one) => one.name === 'Transactions').cells.get(`${r},${c}`).v += 1; }", [row, column])
    page.posts.clear()
    assert open_book(page, sheets) != first
    assert sum("/blocks/" in url for url in page.posts) == 1, "one block of one table"
    assert page.evaluate("[...__book.settings]") == [["rebates.handles", ["Sheet1!A1"]]]
    assert page.evaluate("__book.startup") == "Load"


def changed_cell(sheets: list[dict[str, Any]]) -> tuple[int, int]:
    sheet = next(one for one in sheets if one["name"] == "Transactions")
    top, left, _, _ = sheet["table"]["place"]
    return top + 5, left + sheet["rows"][top].index("Amount")


def test_a_wrong_table_is_named_in_the_cell(page: Any, sheets: list[dict[str, Any]]):
    swapped = [dict(sheet) for sheet in sheets]
    by_name = {sheet["name"]: sheet for sheet in swapped}
    by_name["Tiers"]["name"], by_name["Products"]["name"] = "Products", "Tiers"
    names = {"Products": place_of(by_name["Tiers"] | {"name": "Tiers"}), "Tiers": place_of(by_name["Products"] | {"name": "Products"})}
    arguments = [argument.name for argument in FUNCTIONS["REBATE_BOOK"].arguments]
    where = [
        names.get(name.capitalize()) or (place_of(by_name[name.capitalize()]) if name.capitalize() in by_name else None) for name in arguments[:5]
    ]
    answer = calculate(page, "REBATE_BOOK", [[["x", "y"]]] * 5, "Sheet1!A1", where)
    assert answer["error"] == "#VALUE!"
    assert "Products" in answer["message"] and "Tiers" in answer["message"]


def test_a_path_of_transactions_needs_a_server_with_data(bare: Any):
    given = [[["Program ID", "x"]], [["From", "x"]], [["Parent ID", "x"]], [["SKU", "x"]], "../../etc/passwd"]
    answer = calculate(bare, "REBATE_BOOK", given)
    assert answer["error"] == "#VALUE!" and "without a folder of data" in answer["message"]


def test_on_opening_the_handles_cells_are_entered_again(page: Any):
    page.evaluate("""async () => {
        const cell = { v: "Rebates: old", f: '=REBATE_BOOK(Programs[#All])', format: "General", style: {} };
        __book.sheets[0].cells.set("0,30", cell);
        __book.sheets[0].cells.set("1,30", { v: 1, f: "=1+1", format: "General", style: {} });
        __book.settings.set("rebates.handles", [`${__book.sheets[0].name}!AE1`, `${__book.sheets[0].name}!AE2`, "Gone!A1"]);
        __book.entered = 0;
    }""")
    assert page.evaluate("Rebates.recalculateHandles()") == 1
    assert page.evaluate("__book.entered") == 1


# ---- actions


def test_calculate_reads_the_tables_and_writes_the_result_sheets(page: Any):
    page.click("#action-calculate")
    assert "Excel's Undo does not take it back" in page.inner_text("#confirm-text")
    page.click("#confirm-yes")
    page.wait_for_selector("#message:not([hidden])")
    assert "sheets written" in page.inner_text("#message-text")
    written = page.evaluate("__sheet('Attainment')")
    table = written["tables"][0]
    top, _, height, width = table["place"]
    header, first = written["rows"][top], written["rows"][top + 1]
    assert (table["name"], table["style"]) == ("Result_Attainment", "TableStyleLight1")
    assert written["freeze"][0] == top + 1 and written["tab"] == "#2E7D5B"
    assert len(written["widths"]) == width and all(width > 30 for width in written["widths"].values())
    row = dict(zip(header, first, strict=True))
    assert row["Figure ID"] == "P-100/D-1000/2026/earned"
    assert row["Period"] == "2026", "a period stays a text and does not become a date"
    earned = page.evaluate("async () => (await Rebates.call('REBATE_VERSION', [])).value")
    assert earned == functions.rebate_version()
    formats = dict(written["formats"])
    assert formats[f"{top + 1},{header.index('Earned (USD)')}"] == '#,##0.00_);(#,##0.00);"-"_)'
    assert formats[f"{top + 1},{header.index('Figure ID')}"] == "@"
    total = dict(written["formulas"])[f"{top + height},{header.index('Earned (USD)')}"]
    assert total.startswith("=SUBTOTAL(109,")
    sums = sum(Decimal(str(line[header.index("Earned (USD)")])) for line in written["rows"][top + 1 : top + height])
    assert sums > 0
    assert written["bars"] and page.evaluate("__sheet('Check')")["links"][0][1].startswith("'")


def test_writing_again_replaces_our_sheets_and_never_touches_anothers(page: Any):
    for _ in range(2):
        page.evaluate("() => { Rebates.run('check'); }")  # not awaited: it asks first
        page.wait_for_selector("#confirm-yes:visible, #working:not([hidden])")
        if page.is_visible("#confirm-yes"):
            page.click("#confirm-yes")
        page.wait_for_selector("#message:not([hidden])")
    names = page.evaluate("__book.sheets.map((sheet) => sheet.name)")
    assert names.count("Check") == 1
    assert len(page.evaluate("__sheet('Check')")["tables"]) == 1
    page.evaluate("() => { __book.sheets.find((sheet) => sheet.name === 'Check').names.clear(); }")
    before = page.evaluate("JSON.stringify(__sheet('Check'))")
    page.click("#action-check")
    page.wait_for_selector("#message.wrong:not([hidden])")
    assert "is not one of ours" in page.inner_text("#message-text")
    assert page.evaluate("JSON.stringify(__sheet('Check'))") == before


def test_a_text_from_outside_becomes_neither_formula_nor_markup(chromium: Any, running: Server, sheets: list[dict[str, Any]]):
    evil = '=HYPERLINK("https://evil.example","x")<img src=x onerror=alert(1)>'
    poisoned = json.loads(json.dumps(sheets))
    distributors = next(sheet for sheet in poisoned if sheet["name"] == "Distributors")
    header = distributors["rows"][distributors["table"]["place"][0]]
    for row in distributors["rows"][distributors["table"]["place"][0] + 1 :]:
        row[header.index("Distributor Name")] = evil
    with pane(chromium, running.url, poisoned) as page:
        page.click("#tab-attainment")
        assert evil in page.inner_text("#view-attainment")
        assert page.locator("#view-attainment img").count() == 0
        page.click("#action-calculate")
        page.click("#confirm-yes")
        page.wait_for_selector("#message:not([hidden])")
        written = page.evaluate("__sheet('Attainment')")
        assert any(evil in row for row in written["rows"])
        assert all(formula.startswith("=SUBTOTAL") for _, formula in written["formulas"])


def test_statements_come_as_one_file_to_save(page: Any, tmp_path: Path):
    import zipfile

    page.click("#action-more")
    with page.expect_download(timeout=120_000) as download:
        page.click("#action-make_statements")
    target = tmp_path / "statements.zip"
    download.value.save_as(target)
    with zipfile.ZipFile(target) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert len(names) > 5 and {name for name in names if not name.endswith(".xlsx")} == {"mail merge.csv", "manifest.json"}
    page.wait_for_selector("#message:not([hidden])")
    assert "no seal, as this server has no ledger" in page.inner_text("#message-text")


def test_a_new_workbook_is_opened_from_the_template(page: Any):
    page.evaluate("__press('new_workbook')")
    (made,) = page.evaluate("__book.made")
    assert made.startswith("UEsDB"), "a workbook is a zip"


def test_a_ribbon_button_shows_the_pane_and_does_what_the_panes_button_does(page: Any):
    page.evaluate("() => { globalThis.done = false; __press('check').then(() => { globalThis.done = true; }); }")
    page.click("#confirm-yes")
    page.wait_for_selector("#message:not([hidden])")
    assert page.evaluate("__book.shown") is True
    assert page.evaluate("__sheet('Check') !== null")
    assert page.evaluate("async () => { for (let i = 0; i < 50 && !done; i++) await new Promise((go) => setTimeout(go, 20)); return done; }")


def test_formulas_of_other_hosts_are_entered_under_their_plain_name(bare: Any):
    spelled = ["=_xldudf_REBATE_TIER(A1,B1:C3)", "='C:\\x\\rebates.xlam'!REBATE_RATE(1,A1:B2)", "=[1]!REBATE_TIER(1,A1:B2)+1", "=SUM(A1)"]
    bare.evaluate("(all) => all.forEach((f, i) => __book.sheets[0].cells.set(`${i},0`, { v: 0, f, format: 'General', style: {} }))", spelled)
    assert bare.evaluate("Rebates.activateFunctions()") == 3
    formulas = dict(bare.evaluate("__sheet('Sheet1').formulas"))
    assert [formulas[f"{row},0"] for row in range(4)] == ["=REBATE_TIER(A1,B1:C3)", "=REBATE_RATE(1,A1:B2)", "=REBATE_TIER(1,A1:B2)+1", "=SUM(A1)"]


# ---- the task pane


def test_the_health_of_the_workbook_leads_to_the_cell(page: Any):
    assert "1 error" in page.inner_text("#view-health")
    assert 'There is no distributor "D-9999"' in page.inner_text("#view-health")
    page.click("#view-health .card.error button")
    until(lambda: page.evaluate("__book.selected.length") == 1)
    assert page.evaluate("__book.selected[0]").startswith("Transactions!")


def test_a_result_cell_is_explained_step_by_step(page: Any):
    page.click("#action-calculate")
    page.click("#confirm-yes")
    page.wait_for_selector("#message:not([hidden])")
    page.evaluate("__select('Attainment', 4, 3)")
    page.click("#tab-cell")
    page.wait_for_selector("#view-cell .steps", timeout=60_000)
    text = page.inner_text("#view-cell")
    assert "P-100/D-1000/2026/earned" in text and "Counted transactions" in text and "3,400.22" in text


def test_a_formulas_cell_shows_its_arguments_its_steps_and_its_error(page: Any, sheets: list[dict[str, Any]]):
    name = sheets[0]["name"]
    handle = open_book(page, sheets)["value"][0][0]
    calculate(page, "REBATE_EARNED", [handle, "P-100", "D-1000"], f"{name}!C3")
    calculate(page, "REBATE_MDF", [1800, 2, 2000], f"{name}!C4")
    page.click("#tab-cell")
    page.evaluate(f"__select({json.dumps(name)}, 2, 2)")
    page.wait_for_selector("#view-cell .steps >> text=Counted transactions", timeout=60_000)
    page.evaluate(f"__select({json.dumps(name)}, 3, 2)")
    page.wait_for_selector("#view-cell .card.error")
    assert "give a share from 0 to 1" in page.inner_text("#view-cell"), "what Excel cannot show with #NUM! is said here"


def test_the_pane_is_used_by_keyboard_alone(page: Any):
    page.focus("#tab-health")
    for view in ("cell", "attainment", "coach", "health"):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{view}"
        assert page.is_visible(f"#view-{view}")
    page.keyboard.press("End")
    assert page.is_visible("#view-coach") and not page.is_visible("#view-health")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "view-coach"
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "action-check":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm[open]")
    assert page.evaluate("document.activeElement.id") == "confirm-yes"
    page.keyboard.press("Escape")
    assert not page.is_visible("#confirm") and page.evaluate("__sheet('Check')") is None, "Escape writes nothing"
    page.focus("#action-check")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#message:not([hidden])")
    assert page.evaluate("__sheet('Check') !== null")
    assert page.evaluate("document.activeElement.id") == "action-check", "the focus comes back"
    assert "Sheet Check written" in page.inner_text("#announcer"), "a screen reader is told"


def test_work_shows_that_it_runs(page: Any):
    held: list[Any] = []
    page.route("**/action/overview", lambda route: held.append(route))  # held back until it was looked at
    page.click("#refresh")
    page.wait_for_selector("#working:not([hidden])")
    assert page.is_disabled("#action-calculate")
    for _ in range(400):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
    page.wait_for_selector("#working", state="hidden")
    assert page.is_enabled("#action-calculate")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_accessibility_check_finds_nothing_serious_in_any_view(
    chromium: Any, running: Server, sheets: list[dict[str, Any]], dark: bool, tmp_path: Path
):
    with pane(chromium, running.url, sheets, dark=dark) as page:
        found = {}
        for view in ("health", "attainment", "coach", "cell"):
            page.click(f"#tab-{view}")
            found[view] = serious(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{view} is wider than the pane"
            assert page.screenshot(path=tmp_path / f"{view}.png")
        page.click("#tab-coach")
        page.click("#view-coach .card button")
        page.wait_for_selector("#view-cell .steps")
        found["explained"] = serious(page)
        page.click("#action-calculate")
        found["confirm"] = serious(page)
    assert {view: problems for view, problems in found.items() if problems} == {}


def test_the_accessibility_check_would_find_a_button_without_a_name(bare: Any):
    bare.evaluate("() => { document.querySelector('#actions').append(document.createElement('button')); }")
    assert any(one.startswith("button-name") for one in serious(bare))


def test_an_empty_workbook_is_told_where_to_start(bare: Any):
    assert "none of the standard tables" in bare.inner_text("#message-text")
    assert "New Workbook" in bare.inner_text("#message-text")


# ---- signing in


def test_without_a_token_the_pane_asks_for_one_and_a_wrong_one_is_told(chromium: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    from rebate_udfs.hosts.web_access import make_token

    token = make_token("anna", folder=tmp_path / "config")
    cert, key = self_signed(tmp_path)
    with server(tmp_path, host="0.0.0.0", cert=str(cert), key=str(key)) as running, pane(chromium, running.url, sheets) as page:
        assert page.is_visible("#sign-in")
        answer = calculate(page, "REBATE_VERSION", [])
        assert (answer["error"], "Sign in" in answer["message"]) == ("#VALUE!", True)
        page.fill("#token", "rebates_wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#message.wrong:not([hidden])")
        assert page.is_visible("#sign-in")
        page.fill("#token", token)
        page.keyboard.press("Enter")
        page.wait_for_selector("#view-health .counts", timeout=60_000)
        assert calculate(page, "REBATE_VERSION", []) == {"value": [[functions.rebate_version()]]}
        assert token not in running.logged()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"
