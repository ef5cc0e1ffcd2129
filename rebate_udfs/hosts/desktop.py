"""Excel on the desktop calls in here, through xlwings: `answer` for a cell, `act` for a button of the ribbon.

The VBA side (macros/) hands over plain values and takes plain values back. What no cell can hold, the character NUL, marks an
argument that was left out, and an error on its way back: `\\0#N/A\\0why`. A date is a serial number of the workbook's system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .. import book as books
from ..calls import OMITTED, call
from ..model import CellError
from . import desktop_talk, look
from .desktop_calls import remember
from .desktop_cells import cell_of, cells_of, serial
from .desktop_log import log_to_file
from .desktop_talk import Said, Talk

MARK = "\0"  # macros/RebatesCalls.bas


def answer(function: str, values: Sequence[Any], place: str = "", is_1904: bool = False) -> list[list[Any]]:
    """The result of a cell function as rows for VBA; `place` is the address of the cell, empty for a call from elsewhere.

    Never raises for what stands in cells: an error is a value, in its place, with its message.

    >>> answer("REBATE_AMOUNT", (2000.0, ((0.0, 1000.0, 0.1), (1000.0, 2500.0, 0.25)), "Incremental"))
    [[350.0]]
    >>> answer("REBATE_TIER", (-2146826246, ((5000.0, 0.02),)))
    [['\\x00#N/A\\x00the cell holds #N/A']]
    """
    log_to_file()
    given = [taken(value) for value in values or ()]
    session = books.session()
    with books.acting_as(replace(session, date_1904=bool(is_1904)) if session.date_1904 != bool(is_1904) else session):
        result = call(function, given)
    remember(place, function, given)
    rows = result if isinstance(result, list) else [[result]]
    return [[shown(cell, bool(is_1904)) for cell in (row if isinstance(row, list) else [row])] for row in rows]


def taken(value: Any) -> Any:
    """An argument as VBA hands it over: a cell, or rows of them; a line of constants is one row.

    >>> taken(((1.0, None),)), taken((1.0, 2.0)), taken(MARK)
    ([[1.0, None]], [[1.0, 2.0]], OMITTED)
    """
    if isinstance(value, (tuple, list)):
        rows = value if value and isinstance(value[0], (tuple, list)) else (value,)
        return [cells_of(row) for row in rows]
    return OMITTED if value == MARK else cell_of(value)


def shown(value: Any, is_1904: bool = False) -> Any:
    """A result's cell as VBA takes it: a number, a text or a truth; empty is an empty text.

    >>> shown(CellError("#NUM!", "too large")), shown(None), shown(date(2026, 3, 31))
    ('\\x00#NUM!\\x00too large', '', 46112)
    """
    if isinstance(value, CellError):
        return f"{MARK}{value.code}{MARK}{value.message.replace(MARK, '')}"
    if value is None:
        return ""
    if isinstance(value, str):
        return look.safe_text(value.lstrip(MARK))
    if isinstance(value, datetime):
        return serial(value.date(), is_1904)
    if isinstance(value, date):
        return serial(value, is_1904)
    return float(value) if isinstance(value, Decimal) else value


_talks: dict[str, Talk[Said]] = {}  # the one that is under way


def act(action: str, place: str = "", is_1904: bool = False, answer: str = "") -> list[list[str]]:
    """Run a ribbon action on the workbook that is in front, or (action "") go on with the answer to its last question.

    Gives the sentence to show after + (done), * (done, and Undo can take it back) or ! (not done); or after ? a question:
    its kind, words and detail (`desktop_talk.Ask`), divided by the mark. An answer that is the mark alone means cancelled.
    """
    import xlwings

    from . import desktop_actions  # with all that writes: a cell's first answer need not wait for it

    log_to_file()
    if action:
        _talks.clear()  # one that was left alone ends here
        talk, given = desktop_actions.talk(xlwings.Book.caller(), action, place, bool(is_1904)), None
        _talks["now"] = talk
    elif "now" in _talks:
        talk, given = _talks["now"], None if answer == MARK else answer
    else:
        return [["!Excel's part and Python's part of Rebates have lost each other; press the button again."]]
    return [[_step(talk, given)]]


def _step(talk: Talk[Said], given: str | None) -> str:
    """The next question of a talk or its end, as VBA takes it."""
    try:
        ask = talk.send(given)
    except StopIteration as end:
        _talks.clear()
        return _ended(end.value)
    return "?" + MARK.join((ask.kind, desktop_talk.shortened(ask.words), ask.detail))


def _ended(said: Said) -> str:
    sign = "*" if said.undoable else "+" if said.done else "!"
    return sign + desktop_talk.shortened(said.words) if said.words else ""


def act_and_say(action: str, is_1904: bool = False) -> None:
    """Run a ribbon action, ask and show what came of it: on a Mac, where VBA gets no answer."""
    import xlwings

    from . import desktop_actions, desktop_mac

    if not action:
        return  # VBA takes leave of a talk that it has not held
    log_to_file()
    book = xlwings.Book.caller()
    done, said = desktop_actions.run(book, action, "", bool(is_1904), answer=desktop_mac.dialogs(book))
    book.app.status_bar = False
    if said:
        book.app.alert(said, title="Rebates", mode="info" if done else "critical")


def _for_xlwings() -> None:
    """Tell xlwings to hand the arguments over as they come: it would empty error cells and round currencies."""
    try:
        import xlwings
    except ImportError:
        return  # the functions are plain Python without it
    for function in (answer, act):
        for name in function.__code__.co_varnames[: function.__code__.co_argcount]:
            xlwings.arg(name, "raw")(function)
        xlwings.ret("raw")(function)


_for_xlwings()
