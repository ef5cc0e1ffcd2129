"""The actions of the web add-in that ask first, in a real browser against the real server: choose a file, look, agree, and then rows are written.

The workbook is the sample company's in the stand-in for Office.js; statements, exports and the ledger are real.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import web_browser
from returned import CLAIM, fill
from web_browser import Server, pane, serious, server, sheets_of, until

from rebate_udfs import actions, demo
from rebate_udfs.hosts import web_generated
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.statements import make_statements
from rebate_udfs.hosts.template import write_template
from rebate_udfs.ledger import Ledger
from rebate_udfs.ledger_statements import keep_key
from rebate_udfs.model import Tables
from rebate_udfs.pipeline import verdicts
from rebate_udfs.registry import ACTIONS
from rebate_udfs.tables import read

EXPORT = "Transaction ID,Invoice Date,Distributor ID,SKU,Quantity,Amount,Invoice Number\n"
NEW_ROWS = (
    "N-1,2026-05-04,D-1000,{sku},3,37.50,INV-9001\n",
    "N-2,2026-05-05,D-1000,{sku},1,12.50,=1+1\n",
    "007,2026-05-06,D-1000,{sku},2,-25.00,2026-05\n",
)
ASKED = 60_000  # milliseconds
chromium, running, page = web_browser.chromium, web_browser.running, web_browser.page  # fixtures; the server has no ledger


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company with few of its sales, so that a look takes no longer than it must."""
    path, sample = tmp_path_factory.mktemp("book") / "sample.xlsx", dict(demo.sample())
    sample["Transactions"] = sample["Transactions"][-150:]
    write_template(path, sample=sample)
    return path


@pytest.fixture(scope="module")
def sheets(book: Path) -> list[dict[str, Any]]:
    return sheets_of(book)


@pytest.fixture(scope="module")
def tables(book: Path) -> Tables:
    raw, problems = read_book(book)
    return read(raw, problems=problems)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a ledger that holds the books of many companies."""
    return f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"


@pytest.fixture(scope="module")
def keeping(ledger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with that ledger."""
    with server(tmp_path_factory.mktemp("keeping"), ledger=ledger) as found:
        yield found


@pytest.fixture
def own_tables(tables: Tables) -> Tables:
    """The sample company's book under a Book ID of this test's own: nothing of it is in the ledger."""
    return replace(tables, settings=tables.settings.model_copy(update={"book_id": f"B-{uuid4().hex}"}))


@pytest.fixture
def own_sheets(sheets: list[dict[str, Any]], own_tables: Tables) -> list[dict[str, Any]]:
    """The workbook of `own_tables`."""
    found: list[dict[str, Any]] = json.loads(json.dumps(sheets))
    (row,) = (row for sheet in found if sheet["name"] == "Settings" for row in sheet["rows"] if "Book ID" in row)
    row[row.index("Book ID") + 1] = own_tables.settings.book_id
    return found


@pytest.fixture
def books(chromium: Any, keeping: Server, own_sheets: list[dict[str, Any]]) -> Iterator[Any]:
    """The pane over that workbook, at the server with the ledger."""
    with pane(chromium, keeping.url, own_sheets) as found:
        found.url_of_server = keeping.url
        yield found


def begin(page: Any, action: str) -> None:
    """Press a button that stands under All actions."""
    page.click("#action-more")
    page.click(f"#action-{action}")


def choose(page: Any, *files: Path, wait: str = "#task-body h3") -> None:
    page.set_input_files("#file", [str(file) for file in files])
    page.wait_for_selector(f"{wait}, #message.wrong:not([hidden])", timeout=ASKED)


def agree(page: Any) -> str:
    """Press the button that writes; what the pane then says."""
    page.click("#task-write")
    page.wait_for_selector("#message:not([hidden])", timeout=ASKED)
    return str(page.inner_text("#message-text"))


def export_of(folder: Path, sheets: list[dict[str, Any]], rows: tuple[str, ...] = NEW_ROWS, head: str = EXPORT) -> Path:
    path = folder / "May sales.csv"
    sku = column(sheets, "Products", "SKU")[0]
    path.write_text(head + "".join(row.format(sku=sku) for row in rows), encoding="utf-8")
    return path


def column(sheets: list[dict[str, Any]], name: str, header: str) -> list[Any]:
    sheet = next(one for one in sheets if one["name"] == name)
    top, _, height, _ = sheet["table"]["place"]
    at = sheet["rows"][top].index(header)
    return [sheet["rows"][row][at] for row in range(top + 1, top + height)]


def written(page: Any, name: str) -> list[dict[str, Any]]:
    """The rows of an Excel table that hold something, by header."""
    sheet = page.evaluate("(name) => __sheet(name)", name)
    top, left, height, width = sheet["tables"][0]["place"]
    header = sheet["rows"][top][left : left + width]
    return [
        dict(zip(header, row[left : left + width], strict=False)) for row in sheet["rows"][top + 1 : top + height] if any(cell != "" for cell in row)
    ]


TIGHT = """() => { // the table ends with its last row, as in a book that has been worked in
    const sheet = __book.sheets.find((one) => one.name === "Transactions"), [r, c, h, w] = sheet.tables[0].place;
    const filled = [...sheet.cells].filter(([, cell]) => cell.v !== "").map(([key]) => Number(key.split(",")[0]));
    sheet.tables[0].place = [r, c, Math.max(...filled) - r + 1, w];
}"""


def snapshot(page: Any) -> Any:
    return page.evaluate("JSON.stringify(__book.sheets.map((sheet) => [sheet.name, [...sheet.cells], sheet.tables]))")


# ---- every action is there


def test_every_action_of_the_registry_has_a_button_in_its_group(page: Any):
    page.click("#action-more")
    shown = page.evaluate("[...document.querySelectorAll('#task-body .action')].map((button) => button.id.replace('action-', ''))")
    assert sorted(shown) == sorted(ACTIONS)
    groups = page.evaluate("[...document.querySelectorAll('#task-body h3')].map((one) => one.textContent)")
    assert groups == list(web_generated.groups())
    for name in ACTIONS:
        assert ACTIONS[name].help in page.inner_text("#task-body")


def test_a_ribbon_command_opens_the_task_in_the_pane(page: Any):
    for action in ("import_transactions", "reconcile", "receive_statements", "close_period", "help"):
        page.evaluate("(name) => { __book.shown = false; return __press(name); }", action)
        assert page.inner_text("#task-title") == ACTIONS[action].label
        assert page.is_visible("#task") and not page.is_visible("#tabs") and not page.is_visible("#actions"), "one task at a time"
        assert page.evaluate("__book.shown") is True


# ---- import


def test_an_export_is_shown_first_and_appended_when_agreed(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    page.evaluate(TIGHT)
    before = snapshot(page)
    rows_before = len(written(page, "Transactions"))
    begin(page, "import_transactions")
    assert "at most 32 MB" in page.inner_text("#file-limit") and "not kept" in page.inner_text("#file-limit"), (
        "limits are said before anything is sent"
    )
    choose(page, export_of(tmp_path, sheets))
    assert "3 rows of 3" in page.inner_text("#task-body")
    assert "Excel's Undo does not take it back" in page.inner_text(".undo")
    assert snapshot(page) == before, "looking writes nothing"
    said = agree(page)
    last = rows_before + 2  # of the sheet: the header stands in row 1
    assert said == f"3 rows appended to Transactions: rows {last} to {last + 2}. To take them back, delete these rows."
    found = written(page, "Transactions")
    assert len(found) == rows_before + 3
    assert page.evaluate("__sheet('Transactions').tables[0].place[2]") == rows_before + 4, "the Excel table has grown"
    assert [row["Transaction ID"] for row in found[-3:]] == ["N-1", "N-2", "007"], "ids stay texts"
    assert [row["Invoice Number"] for row in found[-3:]] == ["INV-9001", "=1+1", "2026-05"], "a text becomes neither formula nor date"
    assert [row["Amount"] for row in found[-3:]] == [37.5, 12.5, -25]
    assert found[-1]["Invoice Date"] == 46148, "a day is a day, not a text"
    sheet = page.evaluate("__sheet('Transactions')")
    assert not sheet["formulas"], "no formula came in"
    assert page.evaluate("document.activeElement.id") == "tab-health"


def test_empty_rows_at_the_end_of_a_table_are_filled_first(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    place, rows = page.evaluate("__sheet('Transactions').tables[0].place"), len(written(page, "Transactions"))
    assert place[2] > rows + 4, "the template has room"
    begin(page, "import_transactions")
    choose(page, export_of(tmp_path, sheets))
    assert f"rows {rows + 2} to {rows + 4}" in agree(page)
    assert page.evaluate("__sheet('Transactions').tables[0].place") == place


def test_the_same_export_again_brings_nothing(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    path = export_of(tmp_path, sheets)
    for wanted in ("3 rows of 3", "no rows of 3"):
        begin(page, "import_transactions")
        choose(page, path)
        assert wanted in page.inner_text("#task-body").lower()
        if page.is_visible("#task-write"):
            agree(page)
    assert "nothing to append" in page.inner_text("#task-body")
    assert "3 rows of May sales.csv are in the book already." in page.inner_text("#task-body")


def test_what_is_not_understood_is_listed_and_left_out(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    begin(page, "import_transactions")
    choose(page, export_of(tmp_path, sheets, (*NEW_ROWS, "N-9,soon,D-1000,X,1,5,INV-9\n")))
    shown = page.inner_text("#task-body")
    assert "3 rows of 4" in shown and '"soon" is not a date' in page.inner_text("#task-body .card.error")


def test_columns_of_ones_own_and_their_formulas_are_left_alone(chromium: Any, running: Server, sheets: list[dict[str, Any]], tmp_path: Path):
    with pane(chromium, running.url, sheets) as page:
        page.evaluate(TIGHT)
        page.evaluate("""() => {
            const sheet = __book.sheets.find((one) => one.name === "Transactions"), [r, c, h, w] = sheet.tables[0].place;
            sheet.cells.set(`${r},${c + w}`, { v: "Margin", f: "", format: "General", style: {} });
            for (let y = r + 1; y < r + h; y++) sheet.cells.set(`${y},${c + w}`, { v: 1, f: "=[@Amount]*0.2", format: "0.00", style: {} });
            sheet.tables[0].place = [r, c, h, w + 1];
            const date = [...Array(w).keys()].find((x) => sheet.cells.get(`${r},${c + x}`).v === "Invoice Date");
            for (let y = r + 1; y < r + h; y++) sheet.cells.get(`${y},${c + date}`).format = "dd.mm.yyyy";
        }""")
        begin(page, "import_transactions")
        choose(page, export_of(tmp_path, sheets))
        agree(page)
        sheet = page.evaluate("__sheet('Transactions')")
        top, left, height, width = sheet["tables"][0]["place"]
        formulas, formats, header = dict(sheet["formulas"]), dict(sheet["formats"]), sheet["rows"][top]
        assert [formulas[f"{row},{left + width - 1}"] for row in range(top + height - 3, top + height)] == ["=[@Amount]*0.2"] * 3
        assert formats[f"{top + height - 1},{header.index('Invoice Date')}"] == "dd.mm.yyyy", "the column's own format goes on"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("sheet.cells.set(`${r + h + 1},${c}`, { v: 'Total', f: '', format: 'General', style: {} })", "Something stands in row"),
        ("sheet.tables[0].totals = true", "has a total row"),
        ("sheet.tables.pop()", "no Excel table to append to"),
        ("globalThis.__api = 1.12", "too old to make a table longer"),
        ("[...sheet.cells.values()].find((cell) => cell.v === 'Invoice Number').v = 'Beleg'", "has no column Invoice Number"),
    ],
)
def test_where_rows_cannot_stand_nothing_is_written_and_the_reason_is_said(
    page: Any, sheets: list[dict[str, Any]], tmp_path: Path, change: str, said: str
):
    page.evaluate(TIGHT)
    page.evaluate(f"() => {{ const sheet = __book.sheets.find((one) => one.name === 'Transactions'), [r, c, h] = sheet.tables[0].place; {change}; }}")
    before = snapshot(page)
    begin(page, "import_transactions")
    choose(page, export_of(tmp_path, sheets))
    assert said in agree(page)
    assert "Nothing was written" in page.inner_text("#message-text")
    assert snapshot(page) == before


def test_a_workbook_that_changes_after_the_look_is_looked_at_again(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    begin(page, "import_transactions")
    choose(page, export_of(tmp_path, sheets))
    page.evaluate("""() => {
        const sheet = __book.sheets.find((one) => one.name === "Transactions");
        const header = [...sheet.cells].find(([, cell]) => cell.v === "Transaction ID")[0].split(",");
        sheet.cells.get(`${Number(header[0]) + 1},${header[1]}`).v = "N-1";
    }""")
    assert "has changed since you looked" in agree(page)
    assert "N-2" not in str(written(page, "Transactions")[-3:])
    assert page.is_visible("#task")


def test_of_several_profiles_that_fit_one_is_chosen(page: Any, tmp_path: Path):
    profiles = {name: tmp_path / f"{name}.yaml" for name in ("gross", "net")}
    for name, path in profiles.items():
        path.write_text(f"name: {name}\ntable: Transactions\ncolumns:\n  Transaction ID: Beleg\n  Invoice Date: Tag\n  Distributor ID: Kunde\n"
                        f"  SKU: Artikel\n  Quantity: Menge\n  Amount: {name.title()}\n", encoding="utf-8")  # fmt: skip
    export = tmp_path / "sales.csv"
    export.write_text("Beleg,Tag,Kunde,Artikel,Menge,Gross,Net\nB-1,2026-05-04,D-1000,X,1,119.00,100.00\n", encoding="utf-8")
    begin(page, "import_transactions")
    choose(page, export, *profiles.values())
    assert page.evaluate("[...document.querySelector('#profile').options].map((one) => one.value)") == ["gross", "net"]
    page.select_option("#profile", "net")
    until(lambda: "100.00" in page.inner_text("#task-body"))
    agree(page)
    assert written(page, "Transactions")[-1]["Amount"] == 100


def test_headers_that_nobody_knows_are_told_with_a_way_on(page: Any, tmp_path: Path):
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    begin(page, "import_transactions")
    choose(page, strange)
    assert "fit no import profile" in page.inner_text("#message-text") and "YAML" in page.inner_text("#message-text")


def test_too_much_is_refused_before_anything_is_sent(page: Any, tmp_path: Path):
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate((32 << 20) + 1)
    begin(page, "import_transactions")
    page.posts.clear()
    choose(page, large)
    assert "at most 32 MB" in page.inner_text("#message-text") and not page.posts
    begin_again = [tmp_path / f"{number}.xlsx" for number in range(101)]
    for path in begin_again:
        path.write_bytes(b"")
    page.click("#task-back")
    begin(page, "receive_statements")
    choose(page, *begin_again)
    assert "101 files; at most 100" in page.inner_text("#message-text") and not page.posts


def test_a_file_can_be_dropped(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    text = export_of(tmp_path, sheets).read_text(encoding="utf-8")
    begin(page, "import_transactions")
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.csv"));
            document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    page.wait_for_selector("#task-write", timeout=ASKED)
    assert "dropped.csv" in page.inner_text("#task-body")


def test_a_long_look_can_be_cancelled(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    before = snapshot(page)
    page.route("**/upload/**", lambda route: None)  # never answered
    begin(page, "import_transactions")
    page.set_input_files("#file", str(export_of(tmp_path, sheets)))
    page.wait_for_selector("#cancel:visible")
    assert page.is_disabled("#task-back") or page.is_visible("#working"), "it can be seen to run"
    page.click("#cancel")
    page.wait_for_selector("#message:not([hidden])")
    assert page.inner_text("#message-text") == "Cancelled. Nothing was written."
    assert not page.is_visible("#working") and snapshot(page) == before


def test_the_import_is_used_by_keyboard_alone(page: Any, sheets: list[dict[str, Any]], tmp_path: Path):
    page.on("filechooser", lambda _: None)  # from now on, as the browser takes a moment until it hands over what asks for a file
    page.focus("#action-more")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "task-title", "the focus goes to what is new"
    tab_to(page, "action-import_transactions")
    page.keyboard.press("Enter")
    tab_to(page, "file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(str(export_of(tmp_path, sheets)))
    page.wait_for_selector("#task-write", timeout=ASKED)
    assert "3 rows of 3" in page.inner_text("#announcer"), "a screen reader is told what was found"
    tab_to(page, "task-write")
    page.keyboard.press("Enter")
    page.wait_for_selector("#message:not([hidden])", timeout=ASKED)
    assert "3 rows appended" in page.inner_text("#announcer")
    begin(page, "help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#task") and page.evaluate("document.activeElement.id") == "action-more"


def tab_to(page: Any, wanted: str) -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {wanted}")


# ---- reconcile


def test_two_sources_are_compared_and_the_differences_written_as_a_sheet(page: Any, book: Path, tmp_path: Path):
    other = openpyxl.load_workbook(book)
    sheet = other["Transactions"]
    header = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(5, header["Amount"]).value = float(sheet.cell(5, header["Amount"]).value) + 100
    changed = str(sheet.cell(5, header["Transaction ID"]).value)
    path = tmp_path / "theirs.xlsx"
    other.save(path)
    before = page.evaluate("__book.sheets.map((sheet) => sheet.name)")
    begin(page, "reconcile")
    choose(page, path)
    assert re.search(r"[12] (line )?differ", page.inner_text("#task-body")), page.inner_text("#task-body")[:300]
    assert page.evaluate("__book.sheets.map((sheet) => sheet.name)") == before
    assert "Excel's Undo does not take it back" in page.inner_text(".undo")
    assert agree(page) == "Sheet Reconciliation written."
    found = page.evaluate("__sheet('Reconciliation')")
    assert changed in str(found["rows"])
    assert found["tables"][0]["name"] == "Result_Reconciliation"


# ---- statements


def filled(tables: Tables, folder: Path, key: bytes | None) -> Path:
    """A statement as a distributor sends it back, with one claim."""
    run = actions.make_statements(tables).run
    made = make_statements(run, folder, verdicts=lambda ids: verdicts(run, ids), signing_key=key)
    return fill(made[0].path, folder / "filled.xlsx", [CLAIM])


def test_statements_made_on_a_server_with_a_ledger_are_signed_and_come_back(books: Any, ledger: str, own_tables: Tables, tmp_path: Path):
    key = keep_key(Ledger(ledger, own_tables.settings.book_id))
    path = filled(own_tables, tmp_path / "out", key)
    claims_before = len([row for row in written(books, "Claims") if row["Claim ID"]])
    begin(books, "receive_statements")
    choose(books, path, wait=".card")
    shown = books.inner_text("#task-body")
    assert "1 file taken: 1 claim line" in shown and "not verified" not in shown
    assert "1 row appended to Claims" in agree(books)
    rows = [row for row in written(books, "Claims") if row["Claim ID"]]
    assert len(rows) == claims_before + 1
    assert (rows[-1]["Claim ID"], rows[-1]["Claimed Amount"], rows[-1]["Claim Date"]) == ("C-77", 100, 46172)
    begin(books, "receive_statements")
    choose(books, path, wait=".card")
    assert "1 known already" in books.inner_text("#task-body") and not books.is_visible("#task-write")


def test_a_server_without_a_ledger_takes_statements_as_unverified_only_when_told(page: Any, tables: Tables, tmp_path: Path):
    path = filled(tables, tmp_path / "out", b"a key that this server does not have")
    begin(page, "receive_statements")
    choose(page, path, wait=".card")
    assert "set aside" in page.inner_text("#task-body").lower() and "This server has no ledger" in page.inner_text("#task-body")
    page.check("#unsigned")
    page.wait_for_selector("#task-write", timeout=ASKED)
    assert "Taken, not verified" in page.inner_text("#task-body")


def test_the_statements_say_whether_they_are_signed(books: Any, tmp_path: Path):
    import zipfile

    books.click("#action-more")
    with books.expect_download(timeout=120_000) as download:
        books.click("#action-make_statements")
    download.value.save_as(tmp_path / "statements.zip")
    books.wait_for_selector("#message:not([hidden])")
    assert "signed with the key of this server's ledger" in books.inner_text("#message-text")
    with zipfile.ZipFile(tmp_path / "statements.zip") as package:
        package.extractall(tmp_path / "made")
    one = next(iter(sorted((tmp_path / "made").glob("*.xlsx"))))
    begin(books, "receive_statements")
    choose(books, one, wait=".card")
    assert "1 file taken" in books.inner_text("#task-body"), "what was made here is verified here"


# ---- claims


def test_claims_are_validated_onto_their_sheet(page: Any):
    page.evaluate("() => { Rebates.run('validate_claims'); }")
    page.wait_for_selector("#confirm[open]")
    assert "Claim Check" in page.inner_text("#confirm-text") and "Excel's Undo does not take it back" in page.inner_text("#confirm-text")
    page.click("#confirm-yes")
    page.wait_for_selector("#message:not([hidden])", timeout=ASKED)
    header = page.evaluate("__sheet('Claim Check')")
    top = header["tables"][0]["place"][0]
    assert {"Claim ID", "Status"} <= set(header["rows"][top])


# ---- closing


def test_without_a_ledger_the_pane_says_how_to_close(page: Any):
    begin(page, "close_period")
    page.wait_for_selector("#message.wrong:not([hidden])", timeout=ASKED)
    assert "rebates serve --ledger URL" in page.inner_text("#message-text") and "rebates close BOOK PERIOD" in page.inner_text("#message-text")


def test_a_period_is_shown_then_posted_under_a_name_and_stands_on_the_sheet(books: Any, ledger: str, own_tables: Tables):
    before = snapshot(books)
    begin(books, "close_period")
    books.wait_for_selector("#task-write", timeout=ASKED)
    shown = books.inner_text("#task-body")
    assert "entries to post for 2026-05" in shown and "P-100" in shown and "True-Up, purchases" in shown
    assert books.input_value("#period") == "2026-05", "the next one is offered"
    assert snapshot(books) == before and not Ledger(ledger, own_tables.settings.book_id).entries()
    assert "There is no distributor" in shown, "what stops it is listed"
    books.click("#task-write")
    assert "Say why" in books.inner_text("#message-text") and not Ledger(ledger, own_tables.settings.book_id).entries(), "errors want a reason"
    books.fill("#reason", "the sale of D-9999 is not ours")
    said = agree(books)
    entries = Ledger(ledger, own_tables.settings.book_id).entries()
    assert entries and "2026-05 is closed with" in said and "appended to Ledger" in said
    act = Ledger(ledger, own_tables.settings.book_id).acts()[-1]
    assert act.posted_by and act.note == "the sale of D-9999 is not ours"
    rows = written(books, "Ledger")
    assert [row["Hash"] for row in rows] == [entry.hash for entry in entries]
    assert sum(Decimal(str(row["Amount"])) for row in rows) == sum(entry.amount for entry in entries)
    begin(books, "close_period")
    books.wait_for_selector("#task-body h3", timeout=ASKED)
    assert books.input_value("#period") == "2026-06"


def test_of_two_people_who_close_at_once_one_wins_and_the_other_is_told(
    chromium: Any, books: Any, ledger: str, own_sheets: list[dict[str, Any]], own_tables: Tables
):
    with pane(chromium, books.url_of_server, own_sheets) as other:
        for one in (books, other):
            begin(one, "close_period")
            one.wait_for_selector("#task-write", timeout=ASKED)
            one.fill("#reason", "known")
        for one in (books, other):
            one.click("#task-write")
        for one in (books, other):
            one.wait_for_selector("#message:not([hidden])", timeout=ASKED)
        said = [one.inner_text("#message-text") for one in (books, other)]
    assert sum("is closed with" in text for text in said) == 1 or "was closed at" in " ".join(said)
    kept = Ledger(ledger, own_tables.settings.book_id)
    assert len({entry.hash for entry in kept.entries()}) == len(kept.entries())
    assert len([act for act in kept.acts() if act.act == "Close"]) == 1, said


def test_tables_that_moved_after_the_look_post_nothing(books: Any, ledger: str, own_tables: Tables):
    begin(books, "close_period")
    books.wait_for_selector("#task-write", timeout=ASKED)
    books.fill("#reason", "known")
    books.evaluate("""() => {
        const sheet = __book.sheets.find((one) => one.name === "Transactions");
        const [r, c] = [...sheet.cells].find(([, cell]) => cell.v === "Amount")[0].split(",").map(Number);
        sheet.cells.get(`${r + 1},${c}`).v += 1000;
    }""")
    assert "The tables have changed since you looked; nothing was posted." in agree(books)
    assert not Ledger(ledger, own_tables.settings.book_id).entries()


def test_a_sheet_that_is_behind_the_ledger_is_brought_up_to_date(
    chromium: Any, books: Any, ledger: str, own_sheets: list[dict[str, Any]], own_tables: Tables
):
    begin(books, "close_period")
    books.wait_for_selector("#task-write", timeout=ASKED)
    books.fill("#reason", "known")
    agree(books)
    entries = Ledger(ledger, own_tables.settings.book_id).entries()
    with pane(chromium, books.url_of_server, own_sheets) as colleague:
        begin(colleague, "close_period")
        colleague.wait_for_selector("#task-body h3", timeout=ASKED)
        colleague.fill("#period", "2026-05")
        colleague.click("#period-form button")
        colleague.wait_for_selector("#task-body >> text=was closed at", timeout=ASKED)
        assert "was closed at" in colleague.inner_text("#task-body")
        assert f"{len(entries):,} rows appended to Ledger" in agree(colleague)
        assert [row["Hash"] for row in written(colleague, "Ledger")] == [entry.hash for entry in entries]


def test_figures_use_the_ledger_also_where_the_sheet_is_behind(chromium: Any, books: Any, own_sheets: list[dict[str, Any]], own_tables: Tables):
    """What was recognised is what the server's ledger holds: else the entry to post would be shown as missing again."""
    begin(books, "close_period")
    books.wait_for_selector("#task-write", timeout=ASKED)
    books.fill("#reason", "known")
    agree(books)
    with pane(chromium, books.url_of_server, own_sheets) as colleague:
        colleague.click("#action-calculate")
        colleague.click("#confirm-yes")
        colleague.wait_for_selector("#message:not([hidden])", timeout=ASKED)
        rows = written(colleague, "Accruals")
        assert rows and all(float(row["True-Up (USD)"]) == 0 for row in rows), "everything is recognised"
        assert "LEDGER_NOT_MIRRORED" in {row["Code"] for row in written(colleague, "Check")}


# ---- results with a chart, and a closer look


def test_a_chart_is_drawn_with_its_finding_as_title(page: Any):
    page.click("#action-calculate")
    page.click("#confirm-yes")
    page.wait_for_selector("#message:not([hidden])", timeout=ASKED)
    charts = {name: page.evaluate("(name) => __sheet(name)?.charts ?? []", name) for name in ("Attainment", "Accruals")}
    assert all(len(found) == 1 for found in charts.values()), charts
    for name, (chart,) in charts.items():
        sheet = page.evaluate("(name) => __sheet(name)", name)
        assert chart["title"]["text"] and chart["legend"]["visible"] == (len(chart["series"]) > 1)
        for series in chart["series"]:
            row, at, height, _ = series["values"]
            assert height == series["categories"][2] and all(isinstance(sheet["rows"][row + one][at], int | float) for one in range(height))
            assert series["name"] and series["color"].startswith("#") and series["hasDataLabels"]
        table_end = sheet["tables"][0]["place"][0] + sheet["tables"][0]["place"][2]
        assert chart["position"][0][0] > table_end, "below the table"
    page.click("#action-calculate")
    page.wait_for_selector("#working", state="hidden", timeout=ASKED)
    assert len(page.evaluate("__sheet('Attainment').charts")) == 1, "drawn again, not twice"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_accessibility_check_finds_nothing_serious_in_any_task(
    chromium: Any, keeping: Server, own_sheets: list[dict[str, Any]], own_tables: Tables, tmp_path: Path, dark: bool
):
    statement = filled(own_tables, tmp_path / "out", None)
    export = export_of(tmp_path, own_sheets, (*NEW_ROWS, "N-9,soon,D-1000,X,1,5,INV-9\n"))
    with pane(chromium, keeping.url, own_sheets, dark=dark) as page:
        found: dict[str, list[str]] = {}

        def look(name: str) -> None:
            found[name] = serious(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{name} is wider than the pane"

        page.click("#action-more")
        look("menu")
        page.click("#action-help")
        look("help")
        page.click("#task-back")
        steps: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("import_transactions", lambda: choose(page, export)),
            ("reconcile", lambda: choose(page, export)),
            ("receive_statements", lambda: choose(page, statement, wait=".card")),
            ("close_period", lambda: page.wait_for_selector("#task-write", timeout=ASKED)),
        )
        for action, step in steps:
            begin(page, action)
            if action != "close_period":
                look(f"{action}, choosing")
            step()
            look(action)
            page.click("#task-back")
    assert {view: problems for view, problems in found.items() if problems} == {}
