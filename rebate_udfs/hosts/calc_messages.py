"""What a person is told in LibreOffice: a box after a command, a bar above a document. Without a window nothing is shown.

Imports nothing of Rebates, for it also tells that Rebates cannot start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLE = "Rebates"
QUIET = "Quiet"  # an argument of a command: say nothing, for macros
EXCEL_FILES, KNOWS_NAMES = (".xlsx", ".xlsm"), (24, 2)  # from this LibreOffice on
OTHER_NAMES = (
    "Save this workbook as .ods, or update LibreOffice.\n\n"
    "Before LibreOffice 24.2 a file for Excel gets the formulas of Rebates under names that Excel does not know. "
    "In one that is saved already, the button Activate Functions of Rebates in Excel mends them."
)
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


def warn_of_names(context: Any, document: Any) -> None:
    """Show above a file for Excel that an older LibreOffice saves our functions in it under names that Excel does not know."""
    if str(document.URL).lower().endswith(EXCEL_FILES) and version(context) < KNOWS_NAMES:
        banner(document, OTHER_NAMES)


def version(context: Any) -> tuple[int, ...]:
    """The version of LibreOffice: (25, 2)."""
    import uno

    path = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    path.Name, path.Value = "nodepath", "/org.openoffice.Setup/Product"
    provider = context.ServiceManager.createInstanceWithContext("com.sun.star.configuration.ConfigurationProvider", context)
    product = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", (path,))
    return tuple(int(part) for part in product.getByName("ooSetupVersion").split("."))


def banner(document: Any, text: str) -> None:
    """Show a text above a document until somebody closes it."""
    from com.sun.star.frame.InfobarType import WARNING

    controller = document.getCurrentController()
    if controller is None or not hasattr(controller, "appendInfobar") or controller.hasInfobar(TITLE):
        return
    first, _, rest = text.partition("\n\n")
    controller.appendInfobar(TITLE, first, rest, WARNING, (), True)
