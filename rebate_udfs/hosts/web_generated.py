"""What Excel loads that is made from the registry: the metadata of the cell functions, and the script that binds them.

Every parameter is a matrix of any type: Excel then calls once for a range and spills the result, and hands over errors,
texts and numbers as they are. The empty namespace of the manifest gives `=REBATE_AMOUNT()` without a prefix.
"""

from __future__ import annotations

import json
from typing import Any

from ..assets import asset
from ..registry import ACTIONS, FUNCTIONS, Argument, Function
from ..tables import TABLES
from ..version import VERSION
from . import web_actions, web_files
from .vba_ribbon import GROUPS, LAST_GROUP
from .web_calls import BOOK, MOST_BYTES, MOST_CALLS
from .web_uploads import LARGEST_UPLOAD, MOST_FILES

BLOCK_CELLS = 20_000
IN_THE_BROWSER = ("activate_functions", "help")  # actions that need no server
HEADED = ("bridge.js", "workbook.js", "append.js", "book.js")  # what the shared runtime needs, with or without the pane


def functions_json() -> dict[str, Any]:
    """The metadata of all cell functions in the form that Office asks for."""
    return {"allowErrorForDataTypeAny": True, "functions": [_function(function) for function in FUNCTIONS.values()]}


def _function(function: Function) -> dict[str, Any]:
    options = {"requiresAddress": True} | ({"requiresParameterAddresses": True} if function.name == BOOK else {})
    return {
        "id": function.name,
        "name": function.name,
        "description": function.summary,
        "result": {"type": "any", "dimensionality": "matrix"},
        "parameters": [_parameter(argument) for argument in function.arguments],
        "options": options,
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    optional = {} if argument.required else {"optional": True}
    return {"name": argument.name, "description": argument.help, "type": "any", "dimensionality": "matrix"} | optional


def buttons() -> dict[str, tuple[str, str]]:
    """The ribbon's actions that this host offers: name -> label and help, in the order of the registry."""
    offered = {*web_actions.ACTIONS, web_actions.NEW_WORKBOOK, *web_files.UPLOADS, *IN_THE_BROWSER}
    return {name: (action.label, action.help) for name, action in ACTIONS.items() if name in offered}


def groups() -> dict[str, list[str]]:
    """The actions as the ribbon and the pane part them: the same groups as in Excel on the desktop; what is in none stands in the last but one."""
    named = {name for names in GROUPS.values() for name in names}
    offered = buttons()
    found = {group: [name for name in names if name in offered] for group, names in GROUPS.items()}
    found[LAST_GROUP] += [name for name in offered if name not in named]
    return {group: names for group, names in found.items() if names}


def functions_js() -> str:
    """The script of the shared runtime: the bridge, then what it binds."""
    described = {
        "version": VERSION,
        "functions": {name: [argument.name for argument in function.arguments] for name, function in FUNCTIONS.items()},
        "book": BOOK,
        "tables": [{"name": table.name, "table": table.excel_name} for table in TABLES],
        "actions": {name: {"label": label, "help": text} for name, (label, text) in buttons().items()},
        "groups": groups(),
        "help": f"Rebates {VERSION}",
        "limits": {"files": MOST_FILES, "fileBytes": LARGEST_UPLOAD, "calls": MOST_CALLS, "bytes": MOST_BYTES - 1024, "cells": BLOCK_CELLS},
    }
    scripts = [(asset("addin") / "web" / name).read_text(encoding="utf-8") for name in HEADED]
    return "\n".join([*scripts, f"Rebates.start({json.dumps(described, ensure_ascii=True)});", ""])
