"""Writes docs/functions.md, the reference of the cell functions, from the registry.

python -m rebate_udfs.reference
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from .registry import DATE, FUNCTIONS, ID, LIKE_ARGUMENTS, NUMBER, PERIOD, RANGE, SPILLED, TEXT, Argument, Function

HANDLE = "Rebates"  # the name of the cell with REBATE_BOOK
NO_HANDLE = "no handle"  # what the registry's examples, which run without a book, give instead
KINDS = {NUMBER: "number", TEXT: "text", RANGE: "range", ID: "id", DATE: "date", PERIOD: "period"}
HEAD = """# The cell functions

Each works in Excel on Windows (desktop or web add-in), in Excel on the web and on a Mac (web add-in), and in LibreOffice Calc. In Python
they are lower case, in `rebate_udfs.functions`, with the same arguments. The function wizard shows the same help: this page is made from
what the add-ins are made from, by `python -m rebate_udfs.reference`.

- An argument in [brackets] may be left out. One marked * may be a range: the result has the range's shape.
- `tiers` is a range with From and Reward, or From, To and Reward. Four percent is 4 % or 0.04; 4 is refused.
- A date is a date cell, or text such as "2026-03-31". A period is text such as "2026-Q1", or a day in it.
- #VALUE! is an argument of the wrong kind, #NUM! a number out of range, #N/A something not found. Where only the code shows, select the
  cell and press *Explain Cell*: it says what is wrong.
- LibreOffice may separate arguments with a semicolon: `=REBATE_MDF(1800; 0.5; 2000)`.
"""
DIRECT = """## On numbers and ranges

These need no workbook of rebates: give them a number and a range of tiers.
"""
ON_BOOK = f"""## On the workbook

First make a *handle*: `=REBATE_BOOK(...)` in one cell, with your tables. Give that cell the name `{HANDLE}`: all others take it as their
first argument. Leave no table out that you use: without Scopes everything counts, without Enrollments everybody takes part.

When you change a table, the handle changes, and every figure with it. A figure whose handle is old or somebody else's says so: press
*Activate Functions* (on the web, enter the handle's formula again); the handle and the figures are computed anew.
"""


def functions_page() -> str:
    """The page docs/functions.md: every function with what it is for, its arguments with their help, and an example."""
    parts = [HEAD, _contents()]
    for heading, section in ((DIRECT, "direct"), (ON_BOOK, "book")):
        parts.append(heading)
        parts += [_function(one) for one in FUNCTIONS.values() if one.section == section]
    return "\n".join(parts)


def _contents() -> str:
    rows = [f"| [{one.name}](#{one.name.lower()}) | {_cell(one.summary)} |" for one in FUNCTIONS.values()]
    return "\n".join(("| function | gives |", "|---|---|", *rows, ""))


def _function(function: Function) -> str:
    lines = [f"### {function.name}", "", function.summary, "", f"`{signature(function)}`", ""]
    if function.arguments:
        lines += ["| argument | kind | what |", "|---|---|---|"]
        lines += [f"| {_name(one)} | {KINDS[one.kind]} | {_cell(one.help)} |" for one in function.arguments]
        lines.append("")
    if shape := _shape(function):
        lines += [shape, ""]
    lines += [f"Example: `{formula(function)}`" + (f" gives {_given(function.gives)}" if function.section == "direct" else ""), ""]
    return "\n".join(lines)


def _shape(function: Function) -> str:
    if function.shape == SPILLED:
        return "The result fills the cells below and to the right; leave them empty."
    starred = [one.name for one in function.arguments if one.many]
    if function.shape == LIKE_ARGUMENTS and not starred:
        return "The result has the shape of the range."
    return ""


def signature(function: Function) -> str:
    """A function as one types it.

    >>> signature(FUNCTIONS["REBATE_ALLOCATE"])
    'REBATE_ALLOCATE(total, weights, [places])'
    """
    return f"{function.name}({', '.join(_name(one) for one in function.arguments)})"


def _name(argument: Argument) -> str:
    name = argument.name + ("*" if argument.many else "")
    return name if argument.required else f"[{name}]"


def formula(function: Function) -> str:
    """The example of a function as a formula of a cell.

    >>> formula(FUNCTIONS["REBATE_MIX"])
    '=REBATE_MIX(20000, 100000, {0.2,0.02})'
    >>> formula(FUNCTIONS["REBATE_PAYABLE"])
    '=REBATE_PAYABLE(Rebates)'
    """
    if function.name == "REBATE_BOOK":
        given = [f"{one.name.title()}[#All]" for one in function.arguments]  # all: one that is left out counts as empty
    else:
        given = _in_order(_call(function.example), function.arguments)
    return f"={function.name}({', '.join(given)})"


def _call(example: str) -> ast.Call:
    """The call that an example consists of, without the attribute that a test looks at."""
    found = ast.parse(example, mode="eval").body
    found = found.value if isinstance(found, ast.Attribute) else found
    if not isinstance(found, ast.Call):
        raise ValueError(f"{example} is no call")
    return found


def _in_order(call: ast.Call, arguments: Sequence[Argument]) -> list[str]:
    """What a call gives, each in its place; an argument that is left out in between is empty."""
    given = {one.name: value for one, value in zip(arguments, call.args, strict=False)}
    given |= {str(word.arg): word.value for word in call.keywords}
    last = max((at for at, one in enumerate(arguments) if one.name in given), default=-1)
    return [_constant(ast.literal_eval(given[one.name])) if one.name in given else "" for one in arguments[: last + 1]]


def _constant(value: object) -> str:
    """A value as a formula spells it.

    >>> _constant([[1000, 0.5], [2000, "x"]])
    '{1000,0.5;2000,"x"}'
    """
    if isinstance(value, list):
        return "{" + ";".join(",".join(_constant(cell) for cell in row) for row in value) + "}"
    if isinstance(value, str):
        return HANDLE if value == NO_HANDLE else '"' + value.replace('"', '""') + '"'
    return str(value)


def _given(gives: str) -> str:
    """A result as a cell shows it.

    >>> _given("[[33.34], [33.33]]"), _given("2.0"), _given("'0.1.0'")
    ('33.34, 33.33', '2', '"0.1.0"')
    """
    value = ast.literal_eval(gives)
    cells = [cell for row in value for cell in row] if isinstance(value, list) else [value]
    return ", ".join(f'"{cell}"' if isinstance(cell, str) else f"{cell:.15g}" for cell in cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page."""
    page = Path(__file__).parents[1] / "docs" / "functions.md"
    page.write_text(functions_page(), encoding="utf-8", newline="\n")
    print(f"Wrote {page}")


if __name__ == "__main__":
    main()
