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

import xlsxwriter

from ..model import Settings
from ..money import places_of
from ..payments import CSV_HEADERS, Proposal, csv_rows

TITLES = {"Credit Note": "Credit Note", "Check": "Remittance Advice, Check", "Direct Deposit": "Remittance Advice, Direct Deposit"}
HEADERS = ("Program", "Period", "Claim", "Due On", "Amount")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_payment_files(folder: Path, found: Sequence[Proposal], settings: Settings, day: date) -> tuple[list[Path], list[str]]:
    """Write every file of a proposal; the same proposal writes the same files. Returns them, and what could not be made and why."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [_save(folder / "payments.csv", _csv(found))]
    for each in found:
        made.append(_document(folder / f"{_file_name(each)}.xlsx", each, settings, day))
    notes: list[str] = []
    for currency, name, write in (("EUR", "pain001.xml", _pain001), ("USD", "nacha.txt", _nacha)):
        deposits = [each for each in found if each.method == "Direct Deposit" and each.currency == currency and each.amount > 0]
        if deposits:
            content, note = write(deposits, settings, day)
            made += [_save(folder / name, content)] if content else []
            notes += [note] if note else []
    return made, notes


def _save(path: Path, content: str | bytes) -> Path:
    """A whole file or none."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".rebates-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
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


def _document(path: Path, each: Proposal, settings: Settings, day: date) -> Path:
    """One page: who pays whom, for what, and the sum."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    places = places_of(each.currency)
    shape = "#,##0" + ("." + "0" * places if places else "")
    money = book.add_format({"num_format": f"{shape};[Red]({shape})"})
    dated, bold = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}), book.add_format({"bold": True})
    title, head = book.add_format({"bold": True, "font_size": 18}), book.add_format({"bold": True, "bottom": 1})
    total = book.add_format({"bold": True, "top": 1, "num_format": shape})
    sheet = book.add_worksheet(each.method)
    sheet.set_column(0, 3, 18)
    sheet.set_column(4, 4, 18)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, TITLES.get(each.method, each.method), title)
    facts = (
        ("Number", each.payment_id),
        ("From", settings.company),
        ("To", each.payee),
        ("Customer", each.participant_id),
        ("Currency", each.currency),
    )
    for row, (name, value) in enumerate(facts, 2):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value)
    sheet.write_string(7, 0, "Date", bold)
    sheet.write_datetime(7, 1, day, dated)
    for column, header in enumerate(HEADERS):
        sheet.write_string(9, column, header, head)
    row = 10
    for row, part in enumerate(each.parts, 10):
        what = part.claim_id + (f" line {part.claim_line}" if part.claim_line else "")
        sheet.write_string(row, 0, part.key[0])
        sheet.write_string(row, 1, part.key[2])
        sheet.write_string(row, 2, what or ("set off" if part.amount < 0 else ""))
        sheet.write_datetime(row, 3, part.due_on, dated)
        sheet.write_number(row, 4, part.amount, money)
    sheet.write_string(row + 1, 0, "Total", bold)
    sheet.write_formula(row + 1, 4, f"=SUM(E11:E{row + 1})", total, str(each.amount))
    book.close()
    return _save(path, data.getvalue())


def _without_bank(found: Sequence[Proposal], settings: Settings) -> str:
    missing = [each.participant_id for each in found if not (each.bank_account and each.bank_id)]
    if not (settings.bank_account and settings.bank_id):
        return "no bank file: Bank Account and Bank ID are missing on the sheet Settings"
    return f"no bank file: Bank Account or Bank ID is missing for {', '.join(missing)}" if missing else ""


def _pain001(found: Sequence[Proposal], settings: Settings, day: date) -> tuple[bytes, str]:
    """ISO 20022 pain.001.001.03, one batch."""
    if note := _without_bank(found, settings):
        return b"", note
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
    if note := _without_bank(found, settings):
        return "", note
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
