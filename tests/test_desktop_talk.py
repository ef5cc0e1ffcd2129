"""How a button of the desktop talks with the person: while it computes, on a Mac, and how it ends whatever happens."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import desktop_excel
import pytest
from closebooks import sheets
from desktop_excel import excel_book, sheet_of
from test_desktop_books import PROGRAM, SALES, book_of

from rebate_udfs.hosts import desktop, desktop_actions, desktop_mac, desktop_talk
from rebate_udfs.hosts.desktop_talk import WAIT, Ask, Cancelled, Said

press, xlwings, own_machine = desktop_excel.press, desktop_excel.xlwings, desktop_excel.own_machine  # fixtures


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_talk, "SECONDS_A_STEP", 0.01)


# ---- while it computes


def test_long_work_lets_excel_draw_and_says_how_far_it_is():
    go, asked = threading.Event(), list[Ask]()
    talk = desktop_talk.working("computing", lambda: go.wait(10) and 42, lambda: f"part {len(asked)}")
    with pytest.raises(StopIteration) as end:
        asked.append(next(talk))
        while True:
            if len(asked) == 3:
                go.set()
            asked.append(talk.send(""))
    assert end.value.value == 42
    assert {ask.kind for ask in asked} == {WAIT} and asked[1].words == "Rebates: part 1"


def test_what_goes_wrong_beside_excel_goes_on_in_front_of_it():
    talk = desktop_talk.working("computing", lambda: 1 / 0)
    given = None
    with pytest.raises(ZeroDivisionError):
        while talk.send(given):
            given = ""


def test_escape_stops_an_action_and_nothing_is_written(xlwings: Any, own_machine: None, monkeypatch: pytest.MonkeyPatch):
    go = threading.Event()
    original = desktop_actions.actions.calculate
    monkeypatch.setattr(desktop_actions.actions, "calculate", lambda *given: go.wait(10) and original(*given))
    book = book_of(None)
    before = [sheet.Name for sheet in book.sheets]
    xlwings._xlwindows.BOOK_CALLER = book
    waits = []

    def answer(ask: Ask) -> str | None:
        waits.append(ask)
        return None if "computing" in ask.words else ""

    try:
        assert desktop_actions.run(xlwings.Book.caller(), "calculate", windows=True, answer=answer) == (True, "")
    finally:
        go.set()
    assert waits and [sheet.Name for sheet in book.sheets] == before


def test_statements_stop_when_the_person_has_stopped_waiting(tmp_path: Path):
    progress = desktop_actions._Progress()
    progress(1, 9)
    assert progress.words == "statement 1 of 9"
    progress.stopped = True
    with pytest.raises(Cancelled):
        progress(2, 9)


def test_a_dialog_shows_whole_lines_and_says_that_there_is_more():
    shown = desktop_talk.shortened("\n".join(f"line {number} of many" for number in range(200)))
    assert len(shown) <= desktop_talk.MOST_WORDS and shown.endswith(" of many\n...")


# ---- result sheets


def test_a_sheet_on_which_excel_failed_half_way_never_looks_like_a_result(press: Any):
    book = book_of(None)
    assert press(book, "calculate").done
    sheet = sheet_of(book, "Accruals")
    sheet.failing = sheet.tables[0].Range.Row + 1
    done = press(book, "calculate")
    assert not done.done and "failed unexpectedly" in done.said
    assert sheet.cells[1, 1] == "Not finished: press the button again."
    sheet.failing = None
    assert press(book, "calculate").done and str(sheet.cells[1, 1]).startswith("By 2026-02-28")
    assert book.Application.Calculation == -4105 and book.Application.ScreenUpdating


def test_charts_are_drawn_from_the_cells_below_their_table_and_replaced(press: Any):
    other = {**PROGRAM, "Program ID": "Q", "Tiers": [[0, "1 %"], [2000, "3 %"]]}
    book = excel_book(sheets([PROGRAM, other], SALES, settings={"As Of": SALES[1][0]}))
    for _ in range(2):  # the second run takes the chart of the first away
        assert press(book, "calculate").done
        accruals, attainment = sheet_of(book, "Accruals"), sheet_of(book, "Attainment")
        (drawn,) = accruals.charts
        assert accruals.names[0].RefersTo == "=1", "how many charts are ours"
        assert drawn.Chart.ChartTitle.Text == "P · P is 55 % of what should be accrued" and drawn.Chart.ChartType == 57
        earned, accrued = drawn.Chart.series
        assert (earned.Name, accrued.Name) == ("Earned (USD)", "Accrued (USD)")
        assert [row[0] for row in earned.XValues.Value2] == ["P · P", "Q · Q"]
        assert all(isinstance(row[0], float) for row in accrued.Values.Value2)
        assert drawn.Chart.HasLegend and drawn.Chart.axes[1].ReversePlotOrder
        (near,) = attainment.charts[0].Chart.series
        assert near.Name == "Way to Next Tier" and attainment.charts[0].Chart.axes[2].MaximumScale == 1
        assert not attainment.charts[0].Chart.HasLegend, "one series needs none"


# ---- a Mac


@pytest.fixture
def dialogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of osascript: notes how it was called, and answers with what stands in a file."""
    program, folder = tmp_path / "osascript", tmp_path
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/arguments\ncat > {folder}/script\n[ -f {folder}/answer ] || exit 1\ncat {folder}/answer\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return folder


class Front:
    """A workbook in front on a Mac."""

    class app:
        status_bar: Any = False
        said: list[tuple[Any, ...]] = []

        @classmethod
        def alert(cls, words: str, title: str, buttons: str) -> str:
            cls.said.append((words, title, buttons))
            return "yes"


def test_a_mac_asks_by_dialogs_of_its_own(dialogs: Path):
    answer = desktop_mac.dialogs(Front)
    assert answer(Ask("yes", "Post them?")) == "yes" and Front.app.said == [("Post them?", "Rebates", "yes_no")]
    assert answer(Ask(WAIT, "Rebates: computing, 2 s")) == "" and Front.app.status_bar == "Rebates: computing, 2 s"
    (dialogs / "answer").write_text("2026-02\n")
    words = 'Which "period"?\n& do shell script "rm"'
    assert answer(Ask("text", words, "2026-01")) == "2026-02"
    assert (dialogs / "arguments").read_text() == f"-\n{words}\n2026-01\n"
    assert "rm" not in (dialogs / "script").read_text(), "words are never part of the program"
    (dialogs / "answer").write_text("/a/one.xlsx\n/a/two.xlsx\n")
    assert answer(Ask("files", "Which?")) == "/a/one.xlsx\0/a/two.xlsx"
    assert answer(Ask("file", "Which?", "*.csv")) == "/a/one.xlsx\n/a/two.xlsx"
    (dialogs / "answer").unlink()
    assert answer(Ask("folder", "Where?")) is None, "Cancel"


def test_a_mac_without_its_dialogs_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "osascript"
    program.write_text("#!/bin/sh\necho 'not allowed' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(desktop_mac, "OSASCRIPT", str(program))
    with pytest.raises(OSError, match="not allowed"):
        desktop_mac.dialogs(Front)(Ask("folder", "Where?"))


def test_a_whole_close_on_a_mac(xlwings: Any, own_machine: None, dialogs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "books"
    folder.mkdir()
    book = book_of(folder)
    xlwings._xlwindows.BOOK_CALLER = book
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(xlwings.App, "alert", lambda self, words, title="", buttons="", mode="": said.append((words, mode)) or "yes")
    (dialogs / "answer").write_text("2026-01\n")
    desktop.act_and_say("close_period")
    assert said[0][0].startswith("1 entry to post for 2026-01") and said[1][1] == "info"
    assert said[1][0].startswith("2026-01 is closed with 1 entry") and not book.Application.StatusBar
    desktop.act_and_say("")
    assert len(said) == 2, "a talk that was ended by VBA says nothing"


def test_every_end_of_a_talk_is_a_sentence_for_vba():
    assert desktop._ended(Said(True, "done", undoable=True)) == "*done"
    assert desktop._ended(Said(True, "done")) == "+done"
    assert desktop._ended(Said(False, "refused")) == "!refused"
    assert desktop._ended(Said(True, "")) == ""
