"""A whole round: statements go out, come back filled in by three programs, are received, checked, closed and paid; the next ones answer.

The book has a volume program that asks for claims, a marketing fund, price support and one that pays by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import require_soffice
from returned import by_xml, fill
from typer.testing import CliRunner

from rebate_udfs.cli import app
from rebate_udfs.hosts.ledger_beside import with_ledger_beside
from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.template import write_template
from rebate_udfs.pipeline import run
from rebate_udfs.report_disputes import dispute_rows
from rebate_udfs.tables import read

pytestmark = pytest.mark.slow
YEAR = {"Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Quarter"}
DRIVER = Path(__file__).with_name("calc_driver.py")


def tables() -> dict[str, list[dict[str, Any]]]:
    """Three distributors, four programs, purchases of a first quarter."""
    sales = [
        {"Transaction ID": f"T-{number}", "Invoice Date": date(2026, month, 5), "Distributor ID": who, "SKU": sku, "Quantity": 10, "Amount": amount,
         "Invoice Number": f"INV-{number:04d}", "Line": "1"}
        for number, (month, who, sku, amount) in enumerate(
            [(1, "NORTH", "A", 4000), (2, "NORTH", "B", 3000), (3, "NORTH", "A", 5000), (1, "SOUTH", "A", 2000), (3, "SOUTH", "B", 2000),
             (2, "WEST", "A", 8000), (4, "NORTH", "A", 1000), (4, "SOUTH", "A", 1000), (4, "WEST", "A", 1000)], 1)
    ]  # fmt: skip
    return {
        "Settings": [{"Setting": "Company", "Value": "Loop & Co"}, {"Setting": "Book ID", "Value": "LOOP"}],
        "Programs": [
            {"Program ID": "VOL", "Program Name": "Claimed volume", "Rebate Type": "Volume", **YEAR, "Claim Required": "Yes"},
            {"Program ID": "FUND", "Program Name": "Marketing", "Rebate Type": "MDF", **YEAR, "Participation": Decimal("0.5")},
            {"Program ID": "SHIP", "Program Name": "Price support", "Rebate Type": "Ship and Debit", **YEAR},
            {"Program ID": "AUTO", "Program Name": "Paid by itself", "Rebate Type": "Volume", **YEAR},
        ],
        "Tiers": [
            {"Program ID": "VOL", "From": 0, "Reward": Decimal("0.02")}, {"Program ID": "VOL", "From": 10000, "Reward": Decimal("0.05")},
            {"Program ID": "FUND", "From": 0, "Reward": Decimal("0.02")}, {"Program ID": "AUTO", "From": 0, "Reward": Decimal("0.01")},
        ],
        "Distributors": [{"Distributor ID": one, "Distributor Name": f"{one.title()} Supply"} for one in ("NORTH", "SOUTH", "WEST")],
        "Products": [{"SKU": sku, "Product Name": sku} for sku in "AB"],
        "Special Prices": [{"Program ID": "SHIP", "SKU": "A", "Mode": "Down To", "Terms": 380, "Cost": 400}],
        "Transactions": sales,
    }  # fmt: skip


def typed(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "220"})
    assert done.exit_code in (0, 1) and "Traceback" not in done.output, done.output
    return done.output


def by_office(path: Path, to: Path, sheet: str, cells: Mapping[str, str | float], folder: Path) -> Path:
    """Type into a workbook in a real LibreOffice and save it there."""
    program = Path(require_soffice()).resolve().parent / "soffice.bin"
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = os.pathsep.join(each for each in environment["PATH"].split(os.pathsep) if not each.startswith(sys.prefix))
    commands = [["load", str(path)], *(["put", sheet, cell, value] for cell, value in cells.items()), ["save", str(to)], ["quit"]]
    command = ["/usr/bin/python3", str(DRIVER), str(program), f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    lines = "\n".join(json.dumps(each) for each in commands)
    done = subprocess.run(command, input=lines, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert '"error"' not in done.stdout and to.exists(), done.stdout + done.stderr
    return to


def form_row(path: Path, sheet: str, values: Mapping[str, Any], row: int) -> dict[str, Any]:
    """Cell names of a form's row by its headers."""
    opened = openpyxl.load_workbook(path)[sheet]
    top = next(cells for cells in opened.iter_rows(min_row=1, max_row=20) if str(cells[0].value).rstrip(" *") in ("Claim ID", "Opened On"))
    letters = {str(cell.value).rstrip(" *"): cell.column_letter for cell in top if cell.value}
    return {f"{letters[header]}{top[0].row + row}": value for header, value in values.items()}


def typed_into(book: Path, table: str, key: tuple[str, str], values: Mapping[str, Any]) -> None:
    """What a person types into a row of the book."""
    opened = openpyxl.load_workbook(book)
    sheet = opened[table]
    (top, header) = next((cells[0].row, {str(cell.value).rstrip(" *"): cell.column for cell in cells if cell.value})
                         for cells in sheet.iter_rows(max_row=15) if key[0] in {str(cell.value).rstrip(" *") for cell in cells})  # fmt: skip
    row = next(number for number in range(top + 1, sheet.max_row + 1) if str(sheet.cell(number, header[key[0]]).value) == key[1])
    for name, value in values.items():
        sheet.cell(row, header[name]).value = value
    opened.save(book)


def shown(path: Path, sheet: str) -> list[list[str]]:
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [[str(cell) for cell in row if cell is not None] for row in rows if any(row)]


def filled_in(sent: Mapping[str, Path], back: Path, folder: Path) -> None:
    """By a program that writes whole workbooks, by LibreOffice, and by an edit of the XML."""
    back.mkdir()
    claims = [
        {"Claim ID": "N-1", "Program ID": "VOL", "Claim Date": date(2026, 4, 18), "Period": "2026-Q1", "Claimed Amount": 600},
        {"Claim ID": "N-2", "Program ID": "FUND", "Claim Date": date(2026, 4, 18), "Activity Type": "Fair", "Activity Date": date(2026, 3, 10),
         "Activity Cost": 300, "Proof Reference": "photo 7", "Claimed Amount": 150},
    ]  # fmt: skip
    figure = "AUTO/NORTH/2026-Q1/earned"
    dispute = {"Opened On": date(2026, 4, 18), "Figure ID": figure, "Reason": "An invoice is missing", "Disputed Amount": 40}
    fill(sent["NORTH"], back / "north.xlsx", claims, [dispute], skip=10)
    south = {"Claim ID": "S-1", "Program ID": "SHIP", "Claim Date": "2026-04-18", "SKU": "A", "Quantity": 5.0, "Claimed Amount": 100.0,
             "Sale Date": "2026-03-20", "Invoice Number": "own 77"}  # fmt: skip
    by_office(sent["SOUTH"], back / "south.ods", "Claim Form", form_row(sent["SOUTH"], "Claim Form", south, 12), folder)
    west = {"Claim ID": "W-1", "Program ID": "VOL", "Claim Date": "18.04.2026", "Period": "2026-Q1", "Claimed Amount": "160,00"}
    by_xml(sent["WEST"], back / "west.xlsx", "Claim Form", form_row(sent["WEST"], "Claim Form", west, 12))


def test_a_round_from_statement_to_the_answer_on_the_next(tmp_path: Path, recalculated: Callable[..., Path]) -> None:
    book = tmp_path / "loop.xlsx"
    write_template(book, sample=tables())
    typed("statements", book, "--out", tmp_path / "first", "--as-of", "2026-04-20")
    sent = {path.name.split()[0]: path for path in (tmp_path / "first").glob("*.xlsx")}
    assert set(sent) >= {"NORTH", "SOUTH", "WEST"}
    back = tmp_path / "back"
    filled_in(sent, back, tmp_path)
    said = typed("receive", back, "--book", book)
    assert "north.xlsx: 2 claim lines, 1 dispute" in said and "south.ods: 1 claim line" in said and "west.xlsx: 1 claim line" in said, said
    assert "3 known already" in typed("receive", back / "north.xlsx", "--book", book)

    # checked: what each line gets, and what somebody decides about the dispute
    answers = {row.claim_id: row for row in run(_book(book), as_of=date(2026, 4, 30)).claims}
    assert {name: (str(row.status), row.approved) for name, row in answers.items()} == {
        "N-1": ("Approved", Decimal("600.00")), "N-2": ("Approved", Decimal("150.00")), "S-1": ("Approved", Decimal("100.00")),
        "W-1": ("Approved", Decimal("160.00")),
    }, [(row.claim_id, row.reasons) for row in answers.values()]  # fmt: skip
    (opened,) = _book(book).disputes
    assert str(opened.status) == "Open"
    answer = {"Status": "Resolved", "Resolution": "Adjusted", "Resolved On": date(2026, 4, 28), "Adjusted Amount": 25, "Answer": "One of two counts."}
    typed_into(book, "Disputes", ("Dispute ID", opened.dispute_id), answer)

    # closed and paid: the dispute with its own reason, the claims as payments
    typed("close", book, "2026-04", "--yes")
    entries = _book(book).ledger
    assert [(row.reason, row.amount, row.source) for row in entries if row.reason == "DISPUTE"] == [("DISPUTE", Decimal(25), opened.dispute_id)]
    posted = sum(row.amount for row in entries if row.participant_id == "NORTH" and row.program_id == "AUTO")
    assert posted == Decimal("155.00")  # of the first quarter 120, of April 10, and 25 for the dispute
    typed("pay", book, "--due", "2026-05-31", "--out", tmp_path / "paid")
    proposed = [row for row in _book(book).payments if row.participant_id == "NORTH" and row.program_id == "VOL"]
    assert [row.amount for row in proposed] == [Decimal("600.00")]
    typed_into(book, "Payments", ("Payment ID", proposed[0].payment_id), {"Paid On": date(2026, 5, 20)})

    typed("statements", book, "--out", tmp_path / "second", "--as-of", "2026-05-31")
    north = next((tmp_path / "second").glob("NORTH*.xlsx"))
    answers_are_told(north)
    typed("run", book, "--as-of", "2026-05-31")
    (row,) = dispute_rows(run(_book(book), as_of=date(2026, 5, 31)))
    assert (row.status, row.days, row.effect, row.posted) == ("Resolved", 10, Decimal(25), Decimal(25))
    assert "1 resolved, in 10 days on average; USD 25.00 agreed" in " ".join(map(" ".join, shown(book, "Dispute Check")))
    for path in (book, north, back / "west.xlsx", *sorted((tmp_path / "paid").rglob("*.xlsx"))[:1]):
        assert recalculated(path).exists(), path


def answers_are_told(statement: Path) -> None:
    """The next statement says how claims and dispute stand, and what was paid; nothing of others."""
    rows = shown(statement, "Claims and Disputes")
    assert any(row[0] == "N-1" and "Approved" in row for row in rows)
    assert any("Resolved: Adjusted" in row and "One of two counts." in row for row in rows)
    assert any("600" in " ".join(row) and "VOL" in row for row in shown(statement, "Payments"))
    assert not any("W-1" in " ".join(row) or "S-1" in " ".join(row) for row in rows)


def _book(path: Path) -> Any:
    raw, problems = read_book(path)
    return with_ledger_beside(read(raw, problems=problems), path)
