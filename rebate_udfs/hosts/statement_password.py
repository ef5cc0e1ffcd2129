"""Passwords on statements: a file of them read and checked, workbooks and PDFs encrypted, and a workbook opened again.

Office's own encryption (ECMA-376 agile, AES-256) by msoffcrypto-tool, PDFs by pypdf (AES-256). Both draw random salts, so an
encrypted file has other bytes each time; what it says has the same hash.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..model import Refused
from ..words import key

ID, PASSWORD = "Distributor ID", "Password"
LONGEST = 255  # characters of a password that Excel takes
MOST_LISTED = 5
MOST_TRIED = 40  # passwords for one returned file: each costs a tenth of a second
INSTALL = 'Passwords need two more packages: pip install "rebate-udfs[passwords]".'


class WrongPassword(Exception):
    """None of the passwords opens a file."""


def read_passwords(path: Path) -> dict[str, str]:
    """Distributor ID -> password, from a CSV file with these two headers. Raises Refused, naming every row that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} is not saved as UTF-8; save it as CSV UTF-8.") from error
    first = text.splitlines()[0] if text.strip() else ""
    rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count)))
    headers = [key(cell) for cell in rows[0]] if rows else []
    missing = [name for name in (ID, PASSWORD) if key(name) not in headers]
    if missing:
        raise Refused(f"{path.name} has no column {' and no column '.join(missing)}; its first row must be: {ID},{PASSWORD}")
    at, secret = headers.index(key(ID)), headers.index(key(PASSWORD))
    found: dict[str, str] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [*row, *[""] * len(headers)]
        one, password = cells[at].strip(), cells[secret]
        problem = _problem(one, password, found)
        if problem:
            wrong.append(f"row {number}: {problem}")
        found.setdefault(one, password)
    _refuse(f"{path.name} cannot be used", wrong)
    return found


def _problem(one: str, password: str, before: Mapping[str, str]) -> str:
    if not one:
        return f"{ID} is empty"
    if one in before:
        return f"{one} stands on two rows"
    if not password.strip():
        return f"the password of {one} is empty"
    if password != password.strip():
        return f"the password of {one} begins or ends with a blank"
    return f"the password of {one} is longer than {LONGEST} characters" if len(password) > LONGEST else ""


def check_passwords(passwords: Mapping[str, str], recipients: Iterable[str], known: Collection[str]) -> None:
    """Whether everybody who gets a statement has a password, and every row is about somebody. Raises Refused."""
    wrong = [f"{one} is no distributor of the book" for one in passwords if one not in known]
    wrong += [f"{one} gets a statement and has no password" for one in recipients if one not in passwords]
    _refuse("The passwords do not fit the book", wrong)


def _refuse(what: str, wrong: Sequence[str]) -> None:
    if wrong:
        more = f"; and {len(wrong) - MOST_LISTED} more" if len(wrong) > MOST_LISTED else ""
        raise Refused(f"{what}: {'; '.join(wrong[:MOST_LISTED])}{more}.")


def require_packages(pdf: bool = False) -> None:
    """Whether the packages are here, those for PDFs only where PDFs are wanted. Raises Refused with how to install them."""
    for name in ("msoffcrypto", "cryptography", *(("pypdf",) if pdf else ())):
        _library(name)


def _library(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise Refused(INSTALL) from error


def mark(password: str, secret: bytes) -> str:
    """A few letters that change with the password and tell nothing of it to who lacks the key of the book."""
    return hmac.new(secret, b"password\n" + password.encode("utf-8", "backslashreplace"), sha256).hexdigest()[:16]


def encrypted(content: bytes, password: str) -> bytes:
    """A workbook that opens with the password only."""
    _library("msoffcrypto")
    from msoffcrypto.format.ooxml import OOXMLFile

    target = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt(password, target)
    return target.getvalue()


def encrypted_pdf(content: bytes, password: str) -> bytes:
    """A PDF that opens with the password only."""
    pypdf = _library("pypdf")
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(content)))
    writer.encrypt(password, algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def likely(name: str, passwords: Mapping[str, str]) -> list[str]:
    """The passwords to try on a returned file: of whose id its name begins with first, the longest first; then some of the others."""
    plain = name.casefold()
    own = sorted((one for one in passwords if plain.startswith(one.casefold())), key=lambda one: (-len(one), one))
    ordered = [*own, *(one for one in passwords if one not in set(own))]
    return list(dict.fromkeys(passwords[one] for one in ordered))[:MOST_TRIED]


def decrypted(data: bytes, passwords: Iterable[str]) -> bytes:
    """The workbook inside an encrypted one. Raises WrongPassword, Refused without the package, ValueError for a damaged file."""
    _library("msoffcrypto")
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError
    from msoffcrypto.format.ooxml import OOXMLFile

    for password in passwords:
        try:
            file = OOXMLFile(io.BytesIO(data))
            file.load_key(password=password, verify_password=True)
            target = io.BytesIO()
            file.decrypt(target)
            return target.getvalue()
        except InvalidKeyError:
            continue
        except (DecryptionError, FileFormatError, ParseError, OSError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError("damaged") from error
    raise WrongPassword


__all__ = ["WrongPassword", "check_passwords", "decrypted", "encrypted", "encrypted_pdf", "likely", "mark", "read_passwords", "require_packages"]
