"""What a person is told in LibreOffice: a box after a command, a bar above a document. Without a window nothing is shown.

Imports nothing of Rebates, for it also tells that Rebates cannot start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLE = "Rebates"
QUIET = "Quiet"  # an argument of a command: say nothing, for macros
LONGEST = 1800  # characters of a box; the sheet Check says the rest


def say(frame: Any, text: str, given: Mapping[str, Any], *, failed: bool = False) -> str:
    """Show a text in a box before a document's window and return it; macros ask for quiet, hidden documents have none."""
    window = frame.getContainerWindow() if frame is not None else None
    if window is None or given.get(QUIET) or not window.isVisible():
        return text
    from com.sun.star.awt.MessageBoxButtons import BUTTONS_OK
    from com.sun.star.awt.MessageBoxType import INFOBOX, WARNINGBOX

    box = window.getToolkit().createMessageBox(window, WARNINGBOX if failed else INFOBOX, BUTTONS_OK, TITLE, shortened(text))
    box.execute()
    box.dispose()
    return text


def shortened(text: str) -> str:
    """A text as a box has room for it."""
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def banner(document: Any, text: str) -> None:
    """Show a text above a document until somebody closes it."""
    from com.sun.star.frame.InfobarType import WARNING

    controller = document.getCurrentController()
    if controller is None or not hasattr(controller, "appendInfobar") or controller.hasInfobar(TITLE):
        return
    first, _, rest = text.partition("\n\n")
    controller.appendInfobar(TITLE, first, rest, WARNING, (), True)
