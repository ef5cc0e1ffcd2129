"""Where the folders beside the package are: in a checkout, or inside an installed wheel.

The wheel carries them as `rebate_udfs/_assets/` (see pyproject.toml).
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
FOLDERS = ("addin", "examples", "macros", "workbook_templates")


def asset(path: str) -> Path:
    """The file or folder `path` of one of `FOLDERS`, with forward slashes.

    >>> asset("examples").name
    'examples'

    Raises FileNotFoundError when the installation lacks it, ValueError for a path outside those folders.
    """
    parts = Path(path).parts
    if not parts or parts[0] not in FOLDERS or ".." in parts:
        raise ValueError(f"{path} is not in {', '.join(FOLDERS)}")
    checkout = PACKAGE.parent
    root = checkout if (checkout / "pyproject.toml").is_file() else PACKAGE / "_assets"
    found = root.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"this installation lacks {path}; install rebate-udfs again")
    return found
