"""Dialogs on a Mac, where VBA gets no answers from Python: questions by Excel's alert, files and texts by the system's own dialogs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

from .desktop_talk import ANSWERED_YES, DIVIDER, FILE, FILES, FOLDER, TEXT, WAIT, YES, Answer, Ask

OSASCRIPT = "osascript"
CANCELLED = 1  # its status when the person presses Cancel
SCRIPTS = {  # AppleScript: the words are item 1, the detail item 2
    TEXT: 'text returned of (display dialog (item 1 of argv) default answer (item 2 of argv) with title "Rebates")',
    FILE: "POSIX path of (choose file with prompt (item 1 of argv))",
    FOLDER: "POSIX path of (choose folder with prompt (item 1 of argv))",
}
SEVERAL = """set chosen to choose file with prompt (item 1 of argv) with multiple selections allowed
set found to {}
repeat with one in chosen
set end of found to POSIX path of one
end repeat
set text item delimiters to linefeed
found as text"""


def dialogs(book: Any) -> Callable[[Ask], Answer]:
    """What answers the questions of a talk about an xlwings book."""

    def answer(ask: Ask) -> Answer:
        if ask.kind == WAIT:
            book.app.status_bar = ask.words
            return ""
        if ask.kind == YES:
            return ANSWERED_YES if book.app.alert(ask.words, title="Rebates", buttons="yes_no") == "yes" else "no"
        given = _asked(SEVERAL if ask.kind == FILES else SCRIPTS[ask.kind], ask)
        return DIVIDER.join(given.split("\n")) if given is not None and ask.kind == FILES else given

    return answer


def _asked(script: str, ask: Ask) -> Answer:
    """What the person has chosen or typed, None for Cancel. The words are arguments, so that none of them is ever code."""
    program = f"on run argv\nactivate\n{script}\nend run"
    done = subprocess.run([OSASCRIPT, "-", ask.words, ask.detail], input=program, capture_output=True, text=True, check=False)
    if done.returncode == CANCELLED:
        return None
    if done.returncode:
        raise OSError(done.returncode, done.stderr.strip() or "the dialog could not be shown", OSASCRIPT)
    return done.stdout.removesuffix("\n")
