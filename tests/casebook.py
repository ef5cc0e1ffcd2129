"""Reads the cases that finance people wrote down, and does their sums as on paper: `5,000 x 2 % + 2,000 x 4 %`."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"


def read_cases(name: str) -> Any:
    return yaml.safe_load((CASES / name).read_text(encoding="utf-8"))


def on_paper(working: str) -> Fraction:
    """The exact result of a sum written with x, %, / and thousands separators."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", working).replace(" %", "/100").replace(" x ", " * ")
    return _value(ast.parse(plain, mode="eval").body, plain)


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(text, node) or "")  # as written: no binary float in between
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text)
    assert isinstance(node, ast.BinOp), text
    left, right = _value(node.left, text), _value(node.right, text)
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    assert isinstance(node.op, (ast.Mult, ast.Div)), text
    return left * right if isinstance(node.op, ast.Mult) else left / right
