"""The documents of payment proposals: a workbook for each credit note, check or remittance, and files for banks.

CSV for any accounting system always; ISO 20022 pain.001 (sepaxml) for direct deposits in euro, and NACHA (carta-ach) for
those in US dollars, where these libraries are installed (extra `payments`) and the bank columns are filled.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ..model import Settings, Tables
from ..money import places_of
from ..payments import CSV_HEADERS, Proposal, csv_rows
from .payment_document import payment_document

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_payment_files(folder: Path, found: Sequence[Proposal], tables: Tables, day: date) -> tuple[list[Path], list[str]]:
    """Write every file of a proposal; documents and CSV are the same again. Returns them, and what could not be made and why."""
    settings, programs = tables.settings, {row.program_id: row.program_name for row in tables.programs}
    folder.mkdir(parents=True, exist_ok=True)
    made = [_save(folder / "payments.csv", _csv(found))]
    for each in found:
        made.append(_save(folder / f"{_file_name(each)}.xlsx", payment_document(each, settings, programs, day)))
    notes: list[str] = []
    for currency, name, write in (("EUR", "pain001.xml", _pain001), ("USD", "nacha.txt", _nacha)):
        deposits = [each for each in found if each.method == "Direct Deposit" and each.currency == currency and each.amount > 0]
        ready, note = _with_bank(deposits, settings, name)
        notes += [note] if note else []
        if ready:
            content, note = write(ready, settings, day)
            made += [_save(folder / name, content)] if content else []
            notes += [note] if note else []
    return made, notes


def _save(path: Path, content: str | bytes) -> Path:
    """A whole file or none."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".rebates-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return path


def _csv(found: Sequence[Proposal]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADERS)
    amounts = {CSV_HEADERS.index("Amount"), CSV_HEADERS.index("Part Amount")}
    for row in csv_rows(found):
        writer.writerow([f"'{cell}" if at not in amounts and cell.startswith(FORMULA) else cell for at, cell in enumerate(row)])
    return out.getvalue()


def _file_name(each: Proposal) -> str:
    kind = each.method.lower().replace(" ", "-")
    return f"{kind}-{each.payment_id}-{re.sub(r'[^A-Za-z0-9_-]+', '_', each.participant_id)}"


def _with_bank(found: Sequence[Proposal], settings: Settings, name: str) -> tuple[list[Proposal], str]:
    """The deposits that a bank file can hold, and in a sentence which it cannot, and why."""
    if found and not (settings.bank_account and settings.bank_id):
        return [], f"no {name}: Bank Account and Bank ID are missing on the sheet Settings"
    ready = [each for each in found if each.bank_account and each.bank_id]
    missing = [each.participant_id for each in found if each not in ready]
    note = f"{name} leaves out {', '.join(missing)}: Bank Account or Bank ID is missing on the sheet Distributors" if missing else ""
    return ready, note


def _pain001(found: Sequence[Proposal], settings: Settings, day: date) -> tuple[bytes, str]:
    """ISO 20022 pain.001.001.03, one batch."""
    try:
        from sepaxml import SepaTransfer
        from sepaxml.validation import ValidationError
    except ImportError:
        return b"", "no pain.001: install rebate-udfs[payments]"
    own = {"name": settings.company or "Company", "IBAN": settings.bank_account, "BIC": settings.bank_id, "batch": True, "currency": "EUR"}
    transfer = SepaTransfer(own, clean=True)
    for each in found:
        cents = int(each.amount.scaleb(places_of("EUR")))
        transfer.add_payment({"name": each.payee, "IBAN": each.bank_account, "BIC": each.bank_id, "amount": cents, "execution_date": day,
                              "description": each.payment_id, "endtoend_id": each.payment_id})  # fmt: skip
    try:
        return transfer.export(validate=True), ""
    except ValidationError as error:
        return b"", f"no pain.001: an IBAN, BIC or name is not as the standard wants it ({str(error).splitlines()[0]})"


def _nacha(found: Sequence[Proposal], settings: Settings, day: date) -> tuple[str, str]:
    """A NACHA file of credits to corporate accounts (CCD)."""
    wrong = [each.participant_id for each in found if not re.fullmatch(r"\d{9}", each.bank_id)]
    if wrong or not re.fullmatch(r"\d{9}", settings.bank_id):
        return "", f"no NACHA file: a routing number (Bank ID) has nine digits; see {', '.join(wrong) or 'Settings'}"
    try:
        from ach.builder import AchFile
        from ach.data_types import AchError
    except ImportError:
        return "", "no NACHA file: install rebate-udfs[payments]"
    name = _plain(settings.company or "Company")[:23]
    about = {"immediate_dest": settings.bank_id, "immediate_org": settings.bank_account[:10], "immediate_dest_name": "BANK",
             "immediate_org_name": name, "company_id": settings.bank_account[:10]}  # fmt: skip
    rows = [{"type": "22", "routing_number": each.bank_id, "account_number": each.bank_account, "amount": str(each.amount),
             "name": _plain(each.payee), "id_number": each.payment_id.replace("-", "")[:15]} for each in found]  # fmt: skip
    try:
        file = AchFile("A", about)
        file.add_batch("CCD", rows, credits=True, debits=False, eff_ent_date=day, entry_desc="REBATE")
    except AchError as error:
        return "", f"no NACHA file: a bank column is not as the standard wants it ({error})"
    return file.render_to_string(), ""


def _plain(text: str) -> str:
    """A name in the letters that a NACHA file may hold."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9 .&-]+", " ", letters).strip() or "PAYEE"
