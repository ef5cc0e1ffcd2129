"""What is proposed for payment: what is due and open, oldest first, less what is owed to us, once."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from closebooks import load, run, write_book
from openpyxl import load_workbook
from smallbooks import computed

from rebate_udfs.payments import proposals

D = Decimal
QUARTERLY = {"Program ID": "P", "Period": "Year", "Settlement Period": "Quarter", "Tiers": [["100,000", "5 %"]]}
MONTHLY = {"Program ID": "Q", "Period": "Month", "Tiers": [[0, "1 %"]]}
SALES = [[date(2026, month, 10), "A", "F", 1, amount] for month, amount in ((2, "50,000"), (5, "75,000"), (8, "100,000"), (11, "75,000"))]


def paid(figure: str, amount: str, day: date | None = date(2026, 6, 1), number: str = "X1") -> dict[str, Any]:
    program, participant, period = figure.split("/")
    return {"Payment ID": number, "Program ID": program, "Participant ID": participant, "Period": period, "Paid On": day, "Amount": amount}


def proposed(day: date, programs: list[Mapping[str, Any]], **more: Any) -> list[tuple[str, Decimal, list[tuple[str, Decimal]]]]:
    """Participant, sum, and the parts by figure."""
    found, _ = proposals(computed(programs, SALES, settings={"As Of": day}, **more))
    return [(each.participant_id, each.amount, [("/".join(part.key), part.amount) for part in each.parts]) for each in found]


def test_what_is_due_is_proposed_on_its_day_and_not_before() -> None:
    assert proposed(date(2026, 7, 29), [QUARTERLY]) == []
    assert proposed(date(2026, 7, 30), [QUARTERLY]) == [("A", D(6250), [("P/A/2026", D(6250))])]


def test_what_is_paid_or_under_way_is_not_proposed_again() -> None:
    day = date(2026, 10, 30)
    assert proposed(day, [QUARTERLY], Payments=[paid("P/A/2026", "4,000")])[0][1] == D(7250)
    under_way = [paid("P/A/2026", "4,000"), paid("P/A/2026", "7,000", None, "X2")]
    assert proposed(day, [QUARTERLY], Payments=under_way) == [("A", D(250), [("P/A/2026", D(250))])]
    assert proposed(day, [QUARTERLY], Payments=[paid("P/A/2026", "11,250", None)]) == []


def test_what_is_recoverable_is_set_off_with_a_row_on_each_figure() -> None:
    day, much = date(2026, 7, 30), [paid("Q/A/2026-02", "800")]
    assert proposed(day, [QUARTERLY, MONTHLY], Payments=much) == [
        ("A", D(6700), [("Q/A/2026-05", D(750)), ("P/A/2026", D(6250)), ("Q/A/2026-02", D(-300))]),
    ]  # fmt: skip


def test_an_offset_never_takes_more_than_is_paid_and_goes_oldest_first() -> None:
    day, much = date(2026, 6, 30), [paid("Q/A/2026-02", "1,500"), paid("Q/A/2026-05", "100", date(2026, 6, 1), "X2")]
    (who, amount, parts), = proposed(day, [MONTHLY], Payments=much)  # fmt: skip
    assert (who, amount) == ("A", D(0)) and parts == [("Q/A/2026-05", D(650)), ("Q/A/2026-02", D(-650))]


def test_a_payment_hold_keeps_everything_back_and_says_so() -> None:
    found, held = proposals(
        computed([QUARTERLY], SALES, settings={"As Of": date(2026, 7, 30)}, distributors=[{"Distributor ID": "A", "Payment Hold": "Yes"}])
    )
    assert found == [] and [(each.participant_id, each.amount) for each in held] == [("A", D(6250))]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Three distributors, each paid in its own way."""
    ways = {"C": "Credit Note", "K": "Check", "D": "Direct Deposit"}
    programs = [{**MONTHLY, "Program ID": who, "Settlement": way} for who, way in ways.items()]
    scopes = [{"Program ID": who, "Rule": "Include", "Dimension": "Distributor", "Value": who} for who in ways]
    people = [{"Distributor ID": who, "Distributor Name": f"=Shop {who}", "Bank Account": "1122334", "Bank ID": "121000358"} for who in ways]
    sales = [[date(2026, 2, 10), who, "F", 1, "10,000"] for who in ways]
    settings = {"As Of": date(2026, 4, 30), "Company": "Acme", "Bank Account": "9876543210", "Bank ID": "322271627"}
    return write_book(tmp_path / "book.xlsx", programs, sales, settings=settings, distributors=people, Scopes=scopes)


def test_what_is_proposed_of_periods_that_are_not_over_is_said_before_it(tmp_path: Path) -> None:
    sales = [*SALES[:2], [date(2026, 6, 10), "A", "F", 1, "9,000"]]
    path = write_book(tmp_path / "book.xlsx", [MONTHLY], sales, settings={"As Of": date(2026, 6, 12)})
    said = run("pay", str(path), "--out", str(tmp_path / "later"), "--due", "2026-08-31")
    assert "1 of the 3 figures proposed belongs to periods that end after 2026-06-12" in said
    assert said.index("1 of the 3") < said.index("PAY-2026")
    path = write_book(tmp_path / "over.xlsx", [MONTHLY], SALES[:2], settings={"As Of": date(2026, 5, 31)})
    said = run("pay", str(path), "--out", str(tmp_path / "over"), "--due", "2026-08-31")  # later, and both months are over
    assert "PAY-2026" in said and "end after" not in said


def test_pay_writes_rows_and_documents_once(book: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("pay", str(book), "--out", str(out))
    assert [(row.program_id, row.paid_on, row.amount, row.method) for row in load(book).payments] == [
        ("C", None, D(100), "Credit Note"), ("D", None, D(100), "Direct Deposit"), ("K", None, D(100), "Check"),
    ]  # fmt: skip
    assert "Nothing is due" in run("pay", str(book), "--out", str(tmp_path / "again"))
    names = sorted(path.name.split("-")[0] for path in out.iterdir())
    assert names == ["check", "credit", "direct", "nacha.txt", "payments.csv"]
    rows = list(csv.DictReader((out / "payments.csv").open(encoding="utf-8")))
    assert [(row["Participant ID"], row["Amount"], row["Method"]) for row in rows] == [
        ("C", "100.00", "Credit Note"), ("D", "100.00", "Direct Deposit"), ("K", "100.00", "Check")]  # fmt: skip
    assert all(row["Payee"].startswith("'=") for row in rows), "a name never becomes a formula"
    note = load_workbook(next(out.glob("credit-note-*.xlsx")))["Credit Note"]
    cells = [cell.value for row in note.iter_rows() for cell in row]
    assert "Acme" in cells and D(str(next(cell for cell in cells if isinstance(cell, int | float)))) == 100
    assert not any(cell.data_type == "f" and "Shop" in str(cell.value) for row in note.iter_rows() for cell in row)


def test_the_bank_file_credits_each_account(book: Path, tmp_path: Path) -> None:
    run("pay", str(book), "--out", str(tmp_path / "out"))
    lines = (tmp_path / "out" / "nacha.txt").read_text(encoding="utf-8").split("\n")
    assert {len(line.rstrip("\r")) for line in lines if line.strip()} == {94} and len([line for line in lines if line.strip()]) % 10 == 0
    entry = next(line for line in lines if line.startswith("6"))
    assert entry[1:3] == "22" and entry[3:12] == "121000358" and int(entry[29:39]) == 10000


def test_deposits_in_euro_are_an_iso_20022_file(tmp_path: Path) -> None:
    book = write_book(
        tmp_path / "book.xlsx", [{**MONTHLY, "Settlement": "Direct Deposit"}], [[date(2026, 2, 10), "A", "F", 1, "12,345"]],
        settings={"As Of": date(2026, 4, 30), "Base Currency": "EUR", "Company": "Acme", "Bank Account": "DE87200500001234567890",
                  "Bank ID": "HASPDEHHXXX"},
        distributors=[{"Distributor ID": "A", "Bank Account": "NL50BANK1234567890", "Bank ID": "BANKNL2A"}],
    )  # fmt: skip
    run("pay", str(book), "--out", str(tmp_path / "out"))
    tree = ElementTree.parse(tmp_path / "out" / "pain001.xml")
    found = {node.tag.rpartition("}")[2]: node.text for node in tree.iter()}
    assert found["InstdAmt"] == "123.45" and found["CtrlSum"] == "123.45" and found["NbOfTxs"] == "1"
    assert [node.text for node in tree.iter() if node.tag.endswith("IBAN")] == ["DE87200500001234567890", "NL50BANK1234567890"]


def test_the_iso_20022_file_keeps_to_its_schema(tmp_path: Path) -> None:
    """Names as people have them; judged by the published schema, read by a library that did not write it."""
    import sepaxml
    import xmlschema

    people = [{"Distributor ID": who, "Distributor Name": name, "Bank Account": "NL50BANK1234567890", "Bank ID": "BANKNL2A"}
              for who, name in (("A", "Söhne & Co. <Ø> " * 9), ("B", "株式会社"), ("C", "=1+1"))]  # fmt: skip
    book = write_book(
        tmp_path / "book.xlsx", [{**MONTHLY, "Settlement": "Direct Deposit"}], [[date(2026, 2, 10), who, "F", 1, "12,345"] for who in "ABC"],
        settings={"As Of": date(2026, 4, 30), "Base Currency": "EUR", "Company": "Alder & Finch", "Bank Account": "DE87200500001234567890",
                  "Bank ID": "HASPDEHHXXX"}, distributors=people,
    )  # fmt: skip
    run("pay", str(book), "--out", str(tmp_path / "out"))
    schema = xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.03.xsd")
    schema.validate(tmp_path / "out" / "pain001.xml")
    sums = {node.text for node in ElementTree.parse(tmp_path / "out" / "pain001.xml").iter() if node.tag.endswith("CtrlSum")}
    assert sums == {"370.35"}


def test_the_control_records_of_a_bank_file_add_up(tmp_path: Path) -> None:
    """By the rules of NACHA, computed here: lengths, blocks of ten, hash over routing numbers, counts and credits."""
    people = [{"Distributor ID": who, "Bank Account": f"12345{who}", "Bank ID": routing} for who, routing in (("A", "121000358"), ("B", "322271627"))]
    sales = [[date(2026, 2, 10), "A", "F", 1, "12,345.60"], [date(2026, 2, 10), "B", "F", 1, "999,999"]]
    settings = {"As Of": date(2026, 4, 30), "Company": "Alder & Finch", "Bank Account": "9876543210", "Bank ID": "322271627"}
    book = write_book(tmp_path / "book.xlsx", [{**MONTHLY, "Settlement": "Direct Deposit"}], sales, settings=settings, distributors=people)
    run("pay", str(book), "--out", str(tmp_path / "out"))
    records = (tmp_path / "out" / "nacha.txt").read_text(encoding="ascii").splitlines()
    assert {len(record) for record in records} == {94} and len(records) % 10 == 0
    details = [record for record in records if record[0] == "6"]
    batch, file = (next(record for record in records if record[0] == kind) for kind in "89")
    marks = f"{sum(int(record[3:11]) for record in details) % 10**10:010}"
    assert [int(record[29:39]) for record in details] == [12346, 1000000 - 1]
    assert (batch[4:10], batch[10:20], batch[20:32], batch[32:44]) == ("000002", marks, "0" * 12, f"{1012345:012}")
    assert (file[1:7], file[7:13], file[13:21], file[21:31], file[31:43], file[43:55]) == (
        "000001", f"{len(records) // 10:06}", "00000002", marks, "0" * 12, f"{1012345:012}")  # fmt: skip


def test_who_has_no_bank_columns_is_left_out_of_the_bank_file_and_named(tmp_path: Path) -> None:
    people = [{"Distributor ID": "A", "Bank Account": "12345", "Bank ID": "121000358"}, {"Distributor ID": "B"}]
    sales = [[date(2026, 2, 10), who, "F", 1, "10,000"] for who in "AB"]
    settings = {"As Of": date(2026, 4, 30), "Company": "Acme", "Bank Account": "9876543210", "Bank ID": "322271627"}
    book = write_book(tmp_path / "book.xlsx", [{**MONTHLY, "Settlement": "Direct Deposit"}], sales, settings=settings, distributors=people)
    assert "nacha.txt leaves out B" in run("pay", str(book), "--out", str(tmp_path / "out"))
    details = [line for line in (tmp_path / "out" / "nacha.txt").read_text(encoding="ascii").splitlines() if line[0] == "6"]
    assert len(details) == 1 and "12345" in details[0]


def test_a_credit_note_says_what_was_set_off_and_adds_up_as_a_number(tmp_path: Path) -> None:
    programs = [{**QUARTERLY, "Program Name": "Yearly"}, {**MONTHLY, "Program Name": "Monthly"}]
    book = write_book(tmp_path / "book.xlsx", programs, SALES, settings={"As Of": date(2026, 7, 30), "Contact": "books@acme.example"},
                      Payments=[paid("Q/A/2026-02", "800")])  # fmt: skip
    run("pay", str(book), "--out", str(tmp_path / "out"))
    sheet = load_workbook(next((tmp_path / "out").glob("credit-note-*.xlsx")), data_only=True)["Credit Note"]
    cells = [[cell.value for cell in row if cell.value not in (None, "")] for row in sheet.iter_rows()]
    assert ["We credit USD 6,700.00 to your account with us."] in cells and ["Questions: books@acme.example"] in cells
    rows = [row for row in cells if len(row) == 5 and row[0] != "Program"]
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("Monthly (Q)", "2026-05", "Rebate", 750), ("Yearly (P)", "2026", "Rebate", 6250),
        ("Monthly (Q)", "2026-02", "Set off: paid too much", -300),
    ]  # fmt: skip
    assert ["Total", 6700] in cells and sum(row[4] for row in rows) == 6700


def test_without_bank_columns_there_is_no_bank_file_and_a_sentence_says_why(tmp_path: Path) -> None:
    path = write_book(tmp_path / "book.xlsx", [{**MONTHLY, "Settlement": "Direct Deposit"}], SALES, settings={"As Of": date(2026, 4, 30)})
    assert "Bank Account and Bank ID are missing" in run("pay", str(path), "--out", str(tmp_path / "out"))
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".csv", ".xlsx"]


SHOWN = {"Claim ID": "B", "Program ID": "F", "Distributor ID": "A", "Claim Date": date(2026, 1, 20), "Activity Type": "Show", "Proof Reference": "R",
         "Activity Date": date(2026, 1, 15), "Activity Cost": 15, "Claimed Amount": 15}  # fmt: skip
FUND = {"Program ID": "F", "Rebate Type": "MDF", "Period": "Month", "Payment Terms Days": 0, "Claim Window Days": 10, "Tiers": [[0, "2 %"]]}
BOUGHT = [date(2026, 1, 10), "A", "S", 10, 1000]  # a fund of 20.00
BACK = [date(2026, 2, 20), "A", "S", -5, -500, {"Type": "Return", "Original Transaction ID": "T1"}]


@pytest.fixture
def behind(tmp_path: Path) -> tuple[Path, str]:
    """A colleague's copy of a book, whose sheet Ledger does not know of the close in the shared ledger, and that ledger."""
    ledger = f"sqlite:///{tmp_path / 'shared.db'}"
    first = write_book(tmp_path / "first.xlsx", [FUND], [BOUGHT], Claims=[SHOWN])
    run("close", str(first), "2026-01", "--yes", "--ledger", ledger)
    program = {**FUND, "Returns": "Original Period"}
    return write_book(tmp_path / "copy.xlsx", [program], [BOUGHT, BACK], Claims=[SHOWN], settings={"As Of": date(2026, 3, 31)}), ledger


def test_a_claim_that_was_posted_in_the_shared_ledger_is_paid_as_posted(behind: tuple[Path, str], tmp_path: Path) -> None:
    path, ledger = behind
    said = run("pay", str(path), "--out", str(tmp_path / "out"), "--ledger", ledger)
    assert "the figures use the ledger's" in " ".join(said.split())
    assert [row.amount for row in load(path).payments] == [D(15)]


def test_without_the_ledger_the_same_copy_would_pay_less(behind: tuple[Path, str], tmp_path: Path) -> None:
    path, _ = behind
    run("pay", str(path), "--out", str(tmp_path / "out"))
    assert [row.amount for row in load(path).payments] == [D(10)]


def test_nothing_is_proposed_by_a_ledger_that_cannot_be_relied_on(behind: tuple[Path, str], tmp_path: Path) -> None:
    path, _ = behind
    said = run("pay", str(path), "--out", str(tmp_path / "out"), "--ledger", f"sqlite:///{tmp_path / 'nowhere' / 'gone.db'}", status=2)
    assert "Nothing was proposed" in said and not load(path).payments and not (tmp_path / "out").exists()
    bare = write_book(tmp_path / "bare.xlsx", [MONTHLY], SALES, settings={"Book ID": ""})
    assert "Book ID" in run("pay", str(bare), "--out", str(tmp_path / "out"), "--ledger", f"sqlite:///{tmp_path / 'shared.db'}", status=2)


def test_amounts_in_the_payment_list_have_all_places_of_their_currency(tmp_path: Path) -> None:
    owed = {"Adjustment ID": "J", "Program ID": "Q", "Participant ID": "A", "Period": "2026-02", "Kind": "Adjustment", "Dated On": date(2026, 2, 20),
            "Amount": "7.5", "Reason": "agreed"}  # fmt: skip
    path = write_book(tmp_path / "book.xlsx", [MONTHLY], SALES[:1], settings={"As Of": date(2026, 6, 30)}, Adjustments=[owed])
    assert "507.50" in run("pay", str(path), "--out", str(tmp_path / "out"))
    (listed,) = csv.DictReader((tmp_path / "out" / "payments.csv").open(encoding="utf-8"))
    assert (listed["Amount"], listed["Part Amount"]) == ("507.50", "507.50")
