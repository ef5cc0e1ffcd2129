"""Writes the VBA of the cell functions from the registry: a wrapper for each, and its help for Excel's function wizard.

    python -m rebate_udfs.hosts.build_xlam --write      writes macros/ and addin/desktop/ribbon.xml anew

A wrapper hands its arguments to `RebatesAnswer` (macros/RebatesCalls.bas) as plain values. On a Mac the functions are left
out: there they come from the web add-in, whose names they would cover. A line of VBA holds 1,023 characters.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ..registry import FUNCTIONS, Argument, Function

FUNCTIONS_MODULE, HELP_MODULE = "RebatesFunctions", "RebatesHelp"
LONGEST_LINE, MOST_CONTINUATIONS = 1023, 24
WIDTH = 118  # where our own lines break
REGISTERING = """Private Sub StartHelp(ByVal arguments As Long)
    ReDim texts(0 To arguments)
    told = 0
End Sub

Private Sub Tell(ByVal text As String)
    told = told + 1
    texts(told) = text
End Sub

' Without arguments there is nothing to describe but the function itself; of others the first text stands at 1.
Private Sub Register(ByVal functionName As String, ByVal summary As String)
    Dim arguments() As Variant, place As Long, qualified As String
    qualified = "'" & ThisWorkbook.Name & "'!" & functionName
    If told = 0 Then
        Application.MacroOptions Macro:=qualified, Description:=summary, Category:="Rebates"
        Exit Sub
    End If
    ReDim arguments(1 To told)
    For place = 1 To told
        arguments(place) = texts(place)
    Next place
    Application.MacroOptions Macro:=qualified, Description:=summary, Category:="Rebates", ArgumentDescriptions:=arguments
End Sub
"""
WRITTEN = "' Written from rebate_udfs/registry.py by: python -m rebate_udfs.hosts.build_xlam --write"


def functions_module(functions: Iterable[Function] = FUNCTIONS.values()) -> str:
    """The module of wrappers, one for each function."""
    wrappers = "\n".join(_wrapper(function) for function in functions)
    return f"""Attribute VB_Name = "{FUNCTIONS_MODULE}"
Option Explicit
{WRITTEN}
' The functions that cells call. On a Mac they come from the web add-in, whose names these would cover.

#If Not Mac Then

{wrappers}
#End If
"""


def _wrapper(function: Function) -> str:
    name = function.name
    signature = _broken(f"Public Function {name}(", [_parameter(one) for one in function.arguments], ") As Variant")
    values = _broken(f'    {name} = RebatesAnswer("{name}", Array(', [f"RebatesTaken({argument.name})" for argument in function.arguments], "))")
    return f"""{signature}
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
{values}
    Exit Function
failed:
    {name} = RebatesFailed("", Err.Description)
End Function
"""


def _parameter(argument: Argument) -> str:
    return f"{'' if argument.required else 'Optional '}{argument.name} As Variant"


def _broken(head: str, items: list[str], tail: str) -> str:
    """A list of items after a head, broken into lines with VBA's sign of continuation.

    >>> _broken("f(", ["a", "b"], ")")
    'f(a, b)'
    """
    whole = head + ", ".join(items) + tail
    if len(whole) <= WIDTH:
        return whole
    indent = "    " + " " * (len(head) - len(head.lstrip()))
    return head + " _\n" + " _\n".join(_filled(items, indent)) + tail


def _filled(items: list[str], indent: str) -> list[str]:
    lines, line = [], indent
    for number, item in enumerate(items):
        piece = item + ("," if number < len(items) - 1 else "")
        if line.strip() and len(line) + 1 + len(piece) > WIDTH:
            lines.append(line)
            line = indent
        line += piece if line == indent else f" {piece}"
    return [*lines, line]


def help_module(functions: Iterable[Function] = FUNCTIONS.values()) -> str:
    """The module that tells Excel's function wizard what each function and each argument is for."""
    found = list(functions)
    calls = "".join(f"    Describe_{function.name}\n" for function in found)
    bodies = "\n".join(_description(function) for function in found)
    return f"""Attribute VB_Name = "{HELP_MODULE}"
Option Explicit
Option Private Module
{WRITTEN}
' What Excel's function wizard says of each function and argument.

Private texts() As Variant
Private told As Long

#If Not Mac Then

' Excel takes descriptions for an add-in only while it counts as a workbook.
Public Sub RebatesDescribe()
    On Error GoTo done
    Application.ScreenUpdating = False
    ThisWorkbook.IsAddin = False
{calls}done:
    ThisWorkbook.IsAddin = True
    Application.ScreenUpdating = True
End Sub

{bodies}
#End If

{REGISTERING}"""


def _description(function: Function) -> str:
    lines = "".join(f"    Tell {literal(argument.help)}\n" for argument in function.arguments)
    return f"""Private Sub Describe_{function.name}()
    StartHelp {len(function.arguments)}
{lines}    Register "{function.name}", {literal(function.summary)}
End Sub
"""


def literal(text: str) -> str:
    """A text as VBA source; a long one in pieces on lines of their own.

    >>> literal('say "no" twice')
    '"say ""no"" twice"'
    """
    pieces = textwrap.wrap(text, WIDTH - 20, drop_whitespace=False, break_on_hyphens=False) or [""]
    return " & _\n        ".join('"' + piece.replace('"', '""') + '"' for piece in pieces)
