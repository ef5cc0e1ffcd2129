"""How a button talks with the person: Python says what it wants to know, the host asks, Python goes on with the answer.

An action is a generator: it yields an `Ask`, is sent the answer (None: cancelled) and ends with the sentence to show. So an
action reads from top to bottom, and neither VBA nor a Mac's dialogs know what it is about.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

YES, TEXT, FILE, FILES, FOLDER, WAIT = "yes", "text", "file", "files", "folder", "wait"
ANSWERED_YES = "yes"
SECONDS_A_STEP = 0.2  # then Excel gets its turn: it draws, and takes the Escape key
MOST_WORDS = 1000  # characters that VBA's dialogs show
DIVIDER = "\0"  # between several files


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: its kind (above), the words, and for a text what is proposed, for files which kinds of files."""

    kind: str
    words: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an action: whether it was done, the sentence for the person, and whether Undo can take it back."""

    done: bool
    words: str
    undoable: bool = False


class Cancelled(Exception):
    """The person has closed a dialog."""


Answer = str | None
Result = TypeVar("Result")
Talk = Generator[Ask, Answer, Result]


def asked(ask: Ask) -> Talk[str]:
    """The answer to a question. Raises Cancelled where there is none."""
    answer = yield ask
    if answer is None:
        raise Cancelled
    return answer


def agreed(words: str) -> Talk[bool]:
    """Whether the person says yes."""
    answer = yield Ask(YES, words)
    return answer == ANSWERED_YES


def chosen(words: str, names: list[str]) -> Talk[int]:
    """Which of several, from 0; asked again until it is one of them."""
    lines = "\n".join(f"{number}  {name}" for number, name in enumerate(names, 1))
    problem = ""
    while True:
        answer = (yield from asked(Ask(TEXT, f"{problem}{words}\n\n{lines}", "1"))).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(names):
            return int(answer) - 1
        problem = f"Type a number from 1 to {len(names)}.\n\n"


def working(words: str, work: Callable[[], Result], doing: Callable[[], str] | None = None) -> Talk[Result]:
    """Do work that touches no Excel beside it, so that Excel can draw; the status bar says for how long, or what `doing` says.

    Raises Cancelled when the person has pressed Escape; the work then ends unheard.
    """
    pool = ThreadPoolExecutor(1)
    future = pool.submit(contextvars.copy_context().run, work)
    pool.shutdown(wait=False)  # it ends with its only work
    steps = 0
    while wait([future], SECONDS_A_STEP).not_done:
        steps += 1
        seconds = int(steps * SECONDS_A_STEP)
        yield from asked(Ask(WAIT, f"Rebates: {(doing() if doing else '') or f'{words}, {seconds} s'}"))
    return future.result()


def shortened(words: str) -> str:
    """Words as a dialog shows them: whole lines as long as there is room.

    >>> shortened("a\\nb")
    'a\\nb'
    """
    if len(words) <= MOST_WORDS:
        return words
    kept = words[: MOST_WORDS - 4].rpartition("\n")[0] or words[: MOST_WORDS - 4]
    return f"{kept}\n..."


def hold(talk: Talk[Said], answer: Callable[[Ask], Answer]) -> Said:
    """A whole talk with somebody who answers at once."""
    given: Answer = None
    started = False
    try:
        while True:
            ask = talk.send(given) if started else next(talk)
            started, given = True, answer(ask)
    except StopIteration as end:
        said: Said = end.value
        return said
