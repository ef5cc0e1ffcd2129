"""LibreOffice runs the VBA of a workbook: opens it with macros, computes it, prints the cells of column D as JSON,
first as they are and then with 1 in E1, which says that a function wizard is open; and what is said after a press of Check.

Run by a Python that has `uno`: python3 vba_office.py SOFFICE PROFILE WORKBOOK ROWS
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SECONDS = 90
ALWAYS = 4  # com.sun.star.document.MacroExecMode.ALWAYS_EXECUTE_NO_WARN


def main(program: str, profile: str, workbook: str, rows: int) -> None:
    import uno

    def option(name: str, value: Any) -> Any:
        made = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        made.Name, made.Value = name, value
        return made

    pipe = f"rebates_vba_{os.getpid()}"
    command = ["timeout", "-k", "5", str(SECONDS), program, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore",
               "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;"]  # fmt: skip
    office = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    context, until = None, time.monotonic() + SECONDS
    while context is None:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except uno.getClass("com.sun.star.connection.NoConnectException"):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    try:
        options = (option("Hidden", False), option("MacroExecutionMode", ALWAYS))
        document = desktop.loadComponentFromURL(Path(workbook).as_uri(), "_blank", 0, options)
        sheet = document.Sheets.getByIndex(0)
        shown = []
        for in_wizard in (0, 1):
            sheet.getCellByPosition(4, 0).Value = in_wizard
            document.calculateAll()
            shown.append([sheet.getCellByPosition(3, row).String for row in range(rows)])
        print(json.dumps([*shown, pressed(document, sheet)]))
        document.close(True)
    finally:
        desktop.terminate()
        office.wait(30)


def pressed(document: Any, sheet: Any) -> str:
    """What is said after a button of the ribbon was pressed, which the module in the dialogs' place writes into F1."""
    place = "vnd.sun.star.script:Rebates.Told.Press?language=Basic&location=document"
    document.getScriptProvider().getScript(place).invoke((), (), ())
    return str(sheet.getCellByPosition(5, 0).String)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
