"""What a command in LibreOffice asks: yes or no, a text, one of several, a file, a folder. Macros answer by options, and are never asked.

A macro gives Quiet; then an answer that it does not give is a refusal which names the option to give.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..model import Refused
from .calc_messages import QUIET, TITLE, shortened
from .calc_place import Place, path_of

YES = "Yes"  # the option that agrees
ACCEPTED = 1  # com.sun.star.ui.dialogs.ExecutableDialogResults.OK
POSITION = 3  # com.sun.star.awt.PosSize.POS
ALL_FILES = ("All files", "*.*")
WIDTH, LINE, MARGIN, BUTTON = 260, 10, 6, 14  # of a dialog, in its own units
CHARACTERS_A_LINE = 62


def agreed(place: Place, question: str) -> bool:
    """Whether the person, or the macro by its option Yes, agrees."""
    if place.given.get(YES):
        return True
    window = _window(place)
    if window is None:
        return False
    from com.sun.star.awt.MessageBoxButtons import BUTTONS_YES_NO
    from com.sun.star.awt.MessageBoxType import QUERYBOX

    box = window.getToolkit().createMessageBox(window, QUERYBOX, BUTTONS_YES_NO, TITLE, shortened(question))
    answer = box.execute()
    box.dispose()
    return bool(answer == 2)  # com.sun.star.awt.MessageBoxResults.YES


def text(place: Place, option: str, question: str, proposed: str = "") -> str:
    """A text: the option, else what the person types, else (for a macro) what is proposed. Raises Refused on Cancel."""
    if place.option(option) or _window(place) is None:
        return place.option(option) or proposed
    dialog = _dialog(place, question, "Edit", Text=proposed)
    return str(_answer(dialog, "Text")).strip()


def choice(place: Place, option: str, question: str, names: Sequence[str]) -> int:
    """Which of several, from 0: the option names one, else the person chooses. Raises Refused on Cancel, or where a macro names none."""
    if len(names) == 1:
        return 0
    if place.option(option):
        found = [at for at, name in enumerate(names) if name.casefold().startswith(place.option(option).casefold())]
        if not found:
            raise Refused(f"{option}: {place.option(option)} is none of {', '.join(names)}.")
        return found[0]
    if _window(place) is None:
        raise Refused(f"{question} Give the option {option}: {', '.join(names)}.")
    dialog = _dialog(place, question, "ListBox", StringItemList=tuple(names), SelectedItems=(0,), Dropdown=True)
    return int(_answer(dialog, "SelectedItems")[0])


def files(place: Place, option: str, title: str, patterns: str, *, many: bool = False) -> list[Path]:
    """Files: the option's path, else those that the person chooses. Raises Refused where none is chosen."""
    if place.option(option):
        return [Path(place.option(option))]
    _refuse_silence(place, option)
    picker = place.service("com.sun.star.ui.dialogs.FilePicker")
    picker.setTitle(title)
    picker.setMultiSelectionMode(many)
    for name, pattern in ((f"{title} ({patterns.replace(';', ', ')})", patterns), ALL_FILES):
        picker.appendFilter(name, pattern)
    _begin_beside(place, picker)
    if picker.execute() != ACCEPTED:
        raise Refused("No file was chosen; nothing was written.")
    return [path_of(url) for url in picker.getSelectedFiles()]


def folder(place: Place, option: str, title: str) -> Path:
    """A folder: the option's path, else the one that the person chooses. Raises Refused where none is chosen."""
    if place.option(option):
        return Path(place.option(option))
    _refuse_silence(place, option)
    picker = place.service("com.sun.star.ui.dialogs.FolderPicker")
    picker.setTitle(title)
    _begin_beside(place, picker)
    if picker.execute() != ACCEPTED:
        raise Refused("No folder was chosen; nothing was written.")
    return path_of(picker.getDirectory())


def _begin_beside(place: Place, picker: Any) -> None:
    """What people look for is most often in the document's folder."""
    if place.file is not None:
        picker.setDisplayDirectory(place.file.parent.as_uri())


def _refuse_silence(place: Place, option: str) -> None:
    if _window(place) is None:
        raise Refused(f"Give the option {option}: there is nobody to ask.")


def _window(place: Place) -> Any:
    """The window to ask in front of; None where nobody is asked."""
    window = place.frame.getContainerWindow() if place.frame is not None else None
    return None if window is None or place.given.get(QUIET) or not window.isVisible() else window


def _dialog(place: Place, question: str, kind: str, **field: Any) -> Any:
    """A dialog with a question, one field, and the buttons OK and Cancel."""
    model = place.service("com.sun.star.awt.UnoControlDialogModel")
    lines = sum(1 + len(line) // CHARACTERS_A_LINE for line in question.split("\n"))
    below = MARGIN + lines * LINE + MARGIN
    height = below + BUTTON + MARGIN + BUTTON + MARGIN
    _set(model, Title=TITLE, Width=WIDTH, Height=height)
    inside = WIDTH - 2 * MARGIN
    _add(model, "FixedText", "question", (MARGIN, MARGIN, inside, lines * LINE), Label=question, MultiLine=True)
    _add(model, kind, "field", (MARGIN, below, inside, BUTTON), TabIndex=0, **field)
    buttons, wide = below + BUTTON + MARGIN, 50
    _add(model, "Button", "ok", (WIDTH - 2 * (wide + MARGIN), buttons, wide, BUTTON), Label="OK", PushButtonType=1, DefaultButton=True, TabIndex=1)
    _add(model, "Button", "cancel", (WIDTH - wide - MARGIN, buttons, wide, BUTTON), Label="Cancel", PushButtonType=2, TabIndex=2)
    dialog = place.service("com.sun.star.awt.UnoControlDialog")
    dialog.setModel(model)
    window = place.frame.getContainerWindow()
    dialog.createPeer(place.service("com.sun.star.awt.Toolkit"), window)
    outer, inner = window.getPosSize(), dialog.getPosSize()
    dialog.setPosSize((outer.Width - inner.Width) // 2, (outer.Height - inner.Height) // 2, 0, 0, POSITION)
    return dialog


def _answer(dialog: Any, name: str) -> Any:
    """A property of a dialog's field after OK. Raises Refused after Cancel."""
    try:
        if dialog.execute() != 1:
            raise Refused("Cancelled; nothing was written.")
        return dialog.getModel().getByName("field").getPropertyValue(name)
    finally:
        dialog.dispose()


def _add(model: Any, kind: str, name: str, area: tuple[int, int, int, int], **properties: Any) -> None:
    control = model.createInstance(f"com.sun.star.awt.UnoControl{kind}Model")
    left, top, width, height = area
    _set(control, Name=name, PositionX=left, PositionY=top, Width=width, Height=height, **properties)
    model.insertByName(name, control)


def _set(target: Any, **properties: Any) -> None:
    for name, value in properties.items():
        target.setPropertyValue(name, value)
