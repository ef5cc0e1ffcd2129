"""Writes the ribbon of Excel on the desktop from the registry: the tab Rebates, and the Sub that each of its buttons calls.

An action that the registry gains gets a button and a Sub by itself; where it stands and its picture are listed here.
Source of the format: Microsoft, [MS-CUSTOMUI2] (customUI of 2009/07, Office 2010 and newer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from ..registry import ACTIONS
from .vba_functions import WRITTEN

RIBBON_MODULE = "RebatesRibbon"
NAMESPACE = "http://schemas.microsoft.com/office/2009/07/customui"
TAB = "Rebates"
OWN_PICTURE = "rebates"  # addin/desktop/icons/rebates.png, by its relationship
GROUPS = {
    "Workbook": ("new_workbook", "import_transactions", "check"),
    "Figures": ("calculate", "validate_claims", "close_period", "reconcile"),
    "Distributors": ("make_statements", "receive_statements"),
    "Understand": ("explain_cell", "program_review", "dashboard"),
    "Rebates": ("activate_functions", "help"),
}
LAST_GROUP = "Understand"  # where an action that is not listed above stands
LARGE = frozenset({"check", "calculate", "make_statements", "explain_cell"})
PICTURES = {  # Office's own
    "new_workbook": "FileNew", "import_transactions": "GetExternalDataFromText", "check": "ErrorChecking", "validate_claims": "DataValidation",
    "close_period": "Lock", "reconcile": "Consolidate", "make_statements": "FileSendAsAttachment", "receive_statements": "FileOpen",
    "explain_cell": "TracePrecedents", "program_review": "ReviewTrackChanges", "dashboard": "ChartInsert", "activate_functions": "FunctionWizard",
    "help": "Help",
}  # fmt: skip
ANY_PICTURE = "FunctionsRecentlyUsedInsertGallery"


@dataclass(frozen=True, slots=True)
class Button:
    """A button of the tab: the action it runs, and what it says."""

    action: str
    label: str
    help: str

    @property
    def callback(self) -> str:
        """The Sub that it calls.

        >>> Button("make_statements", "", "").callback
        'RebatesOnMakeStatements'
        """
        return "RebatesOn" + "".join(word.capitalize() for word in self.action.split("_"))


def buttons() -> dict[str, Button]:
    """Every button by its action."""
    return {name: Button(name, action.label, action.help) for name, action in ACTIONS.items()}


def ribbon() -> str:
    """The customUI part."""
    groups = "".join(_group(name, members) for name, members in _grouped(buttons()).items() if members)
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- {WRITTEN.removeprefix("' ").replace("--write", "with the option write")} -->
<customUI xmlns="{NAMESPACE}">
  <ribbon>
    <tabs>
      <tab id="rebates" label="{TAB}" keytip="R">
{groups}      </tab>
    </tabs>
  </ribbon>
</customUI>
"""


def _grouped(found: Mapping[str, Button]) -> dict[str, list[Button]]:
    grouped = {group: [found[name] for name in names if name in found] for group, names in GROUPS.items()}
    placed = {name for names in GROUPS.values() for name in names}
    grouped[LAST_GROUP] += [button for name, button in found.items() if name not in placed]
    return grouped


def _group(name: str, members: list[Button]) -> str:
    inside = "".join(f"          {_button(button)}\n" for button in members)
    return f'        <group id="rebates_{name.lower()}" label={quoteattr(name)}>\n{inside}        </group>\n'


def _button(button: Button) -> str:
    size = "large" if button.action in LARGE else "normal"
    picture = f'image="{OWN_PICTURE}"' if button.action == "calculate" else f'imageMso="{PICTURES.get(button.action, ANY_PICTURE)}"'
    label = quoteattr(button.label)
    return (
        f'<button id="rebates_{button.action}" label={label} size="{size}" {picture} onAction="{button.callback}" '
        f"screentip={label} supertip={quoteattr(button.help)}/>"
    )


def ribbon_module() -> str:
    """The module with the Sub of each button; `control` is late bound, so that no reference to Office is needed."""
    subs = "\n".join(
        f'Public Sub {button.callback}(ByVal control As Object)\n    RebatesRun "{button.action}"\nEnd Sub\n' for button in buttons().values()
    )
    return f"""Attribute VB_Name = "{RIBBON_MODULE}"
Option Explicit
{WRITTEN}
' What the buttons of the tab Rebates call.

{subs}"""
