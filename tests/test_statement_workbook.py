"""The workbook a distributor receives: its own data only, text that stays text, inputs that are open and nothing else, cents that agree."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from statement_runs import attainment, hand_made, sample_run, sample_statements, told
from xlsxwriter.worksheet import Worksheet

from rebate_udfs.assets import asset
from rebate_udfs.hosts.statement_answers import ANSWERS
from rebate_udfs.hosts.statement_book import IDENTITY, LONGEST_PROPERTY, Book, Sheet, identity, workbook_bytes
from rebate_udfs.hosts.statement_sample import SAMPLE, sample_statement
from rebate_udfs.model import Settings
from rebate_udfs.participants import Hierarchy
from rebate_udfs.statement import Statement, rebate

SHEETS = ["Summary", "What Changed", "Counted Transactions", "Excluded Transactions", "Payments", "Program", "Claim Form", "Dispute Form", "Lists",
          "What-If"]  # fmt: skip
NATIVE = set("IF AND NOT ROUND INT MIN MAX N MATCH INDEX REPT SUBTOTAL COUNTA".split())  # in Excel 2010, LibreOffice, Google Sheets
NOT_THEIRS = re.compile(r"accru|true-up|recognis|ledger|unit cost|forecast tier|expected claim", re.IGNORECASE)


def parts(content: bytes) -> dict[str, str]:
    """Every part of a package, unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}


def opened(content: bytes, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


@pytest.fixture(scope="module")
def workbooks() -> dict[str, bytes]:
    """The workbook of every distributor of the sample company."""
    return {statement.participant_id: workbook_bytes(statement) for statement in sample_statements()}


def test_no_byte_of_another_distributor_is_in_any_part(workbooks: dict[str, bytes]):
    families = {statement.participant_id: statement.members for statement in sample_statements()}
    own_invoices = {
        statement.participant_id: {line.invoice_number for line in (*statement.counted, *statement.excluded)} for statement in sample_statements()
    }
    hierarchy = Hierarchy(sample_run().tables.distributors)
    assert len(workbooks) > 5
    for participant_id, content in workbooks.items():
        ever = hierarchy.family(participant_id)  # a branch that moved away was theirs until then
        foreign = {text for other, members in families.items() if other != participant_id for pair in members if pair[0] not in ever for text in pair}
        foreign |= {number for other, numbers in own_invoices.items() if other != participant_id for number in numbers - own_invoices[participant_id]}
        everything = "\n".join(parts(content).values())
        words = set(re.findall(r"[\w-]+", everything))
        found = [text for text in foreign if (text in words if re.fullmatch(r"[\w-]+", text) else text.replace("&", "&amp;") in everything)]
        assert not found, f"{participant_id} shows {found[:5]}"


def test_every_byte_is_as_xlsxwriter_writes_it(workbooks: dict[str, bytes], monkeypatch: pytest.MonkeyPatch):
    """Our sheet asks less often which functions the file spells with a prefix; its answers are the same."""
    with monkeypatch.context() as plain:
        plain.setattr(Book, "worksheet_class", Worksheet)
        assert {statement.participant_id: workbook_bytes(statement) for statement in sample_statements()} == workbooks
    formulas = ["=SUM(A1)", "{=SUM(A1:A2)}", "=LET(a,1,a)", "=IF(A1,XLOOKUP(1,A:A,B:B),1)", "=STDEV.S(A1:A9)", "=_xlfn.STDEV.S(A1)", "=A1&{1,2}",
                '="LET("&A1', "=-SINGLE(A1)", "=(A1)"]  # fmt: skip
    for expand in (False, True):
        for formula in formulas:
            assert Sheet()._prepare_formula(formula, expand) == Worksheet()._prepare_formula(formula, expand)


def test_nothing_that_is_only_our_business_is_in_any_part(workbooks: dict[str, bytes]):
    for participant_id, content in workbooks.items():
        for name, text in parts(content).items():
            asked = text.replace(">Unit Cost<", "><")  # a column of the claim form: what the distributor itself paid
            found = NOT_THEIRS.search(re.sub(r"<[^>]*>", " ", asked))
            assert not found, f"{participant_id}, {name}: {found and found.group()}"


def test_a_reader_sees_the_sheets_in_order_and_no_macro_or_link(workbooks: dict[str, bytes]):
    for content in workbooks.values():
        names = re.findall(r'<sheet name="([^"]*)"', parts(content)["xl/workbook.xml"])
        assert [name for name in names if name != ANSWERS] == SHEETS
        assert ANSWERS not in names or names.index(ANSWERS) == SHEETS.index("Payments") + 1
        assert not [name for name in parts(content) if "vba" in name.lower() or "externalLink" in name or "embeddings" in name]


def test_only_input_cells_are_open(workbooks: dict[str, bytes]):
    book = opened(list(workbooks.values())[-1])
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
    for sheet in book:
        unlocked = [cell for row in sheet.iter_rows() for cell in row if not cell.protection.locked]
        assert all(cell.value is None and cell.fill.fgColor.rgb == "FFFFF9E0" for cell in unlocked), sheet.title
        assert bool(unlocked) == (sheet.title in ("Summary", "Claim Form", "Dispute Form")), sheet.title
    assert {sheet.title for sheet in book if sheet.sheet_state == "hidden"} == {"Lists", "What-If"}
    assert {"Claim_Form", "Dispute_Form", "We_Agree"} <= set(book.defined_names)


def test_formulas_work_in_every_spreadsheet_since_2010(workbooks: dict[str, bytes]):
    for content in list(workbooks.values())[-3:]:
        for sheet in opened(content):
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        used = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", re.sub(r'"[^"]*"', "", cell.value)))
                        assert used <= NATIVE, f"{sheet.title}!{cell.coordinate}: {used - NATIVE}"


def test_the_same_statement_gives_the_same_bytes():
    statement = sample_statements()[0]
    assert workbook_bytes(statement) == workbook_bytes(statement)
    assert workbook_bytes(statement) != workbook_bytes(replace(statement, counted=statement.counted[1:]))


def test_it_carries_whose_it_is_and_what_it_says():
    statement = sample_statements()[0]
    said = json.loads({one.name: one.value for one in opened(workbook_bytes(statement)).custom_doc_props.props}[IDENTITY])
    assert said == {
        "statement": statement.statement_id, "participant": statement.participant_id, "as_of": "2026-05-31", "content": statement.content_hash,
    }  # fmt: skip
    assert len(identity(replace(statement, participant_id="Ä" * 300))) <= LONGEST_PROPERTY


TRICKS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "=cmd|' /C calc'!A0",
    "<b>&amp;",
    "_x0041_",
    "a\x00b\x1f",
    "\ud800",
    "x" * 40000,
    "https://example.com",
)


def tricked(trick: str) -> Statement:
    """A statement in which everything that comes from outside is a trick."""
    settings = Settings(company=trick, contact=trick, statement_note=trick, logo_file=trick, accent_color=trick, date_format="yyyy-mm-dd")
    statement = told(hand_made(settings=settings))[0]
    line = replace(statement.counted[0], invoice_number=trick, sku=trick, product_name=trick, line=trick, kind=trick)
    program = replace(statement.programs[0], program_name=trick, terms=(trick,), activities=(trick,))
    return replace(statement, participant_name=trick, counted=(line,), programs=(program,), excluded=(replace(statement.excluded[0], reason=trick),))


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: repr(trick[:12]))
def test_text_from_outside_never_becomes_a_formula_or_breaks_the_file(trick: str):
    book = opened(workbook_bytes(tricked(trick)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert cells
    assert not [cell.coordinate for cell in cells if trick in str(cell.value) and trick.startswith(("=", "+", "-", "@")) and len(trick) > 2]
    assert all(not cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row)
    found = book["Counted Transactions"]["D4"].value or ""
    assert found[:3] == trick.replace("\ud800", "?").replace("\x00", "_x0000_")[:3] or "_x00" in found


def test_a_date_format_from_outside_is_a_date_format_or_ours():
    statement = told(hand_made(settings=Settings(date_format='"0"')))[0]
    formats = {
        cell.number_format
        for sheet in opened(workbook_bytes(statement))
        for row in sheet.iter_rows()
        for cell in row
        if getattr(cell, "is_date", False)
    }
    assert formats == {"yyyy-mm-dd"}


def test_totals_and_the_large_figure_are_numbers():
    statement = told(hand_made())[0]
    sheet = opened(workbook_bytes(statement))["Summary"]
    large = next(row[0] for row in sheet.iter_rows(max_col=1) if row[0].font.sz == 28)
    assert (large.value, large.number_format) == (1496, '"USD "#,##0.00')


def test_a_statement_without_a_program_is_refused():
    with pytest.raises(ValueError, match="no program"):
        workbook_bytes(replace(told(hand_made())[0], programs=()))


def test_the_summary_prints_on_one_page(workbooks: dict[str, bytes]):
    for content in list(workbooks.values())[-3:]:
        sheet = opened(content)["Summary"]
        assert sheet.page_setup.orientation == "portrait"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) in ((1, None), (1, 1)), "one page"


def test_a_period_as_long_as_its_program_is_called_so_and_not_by_our_id(workbooks: dict[str, bytes]):
    said = [str(cell.value) for row in opened(workbooks["D-1600"])["Summary"].iter_rows() for cell in row if cell.value]
    assert "USD 838.95 in the whole program" in said
    assert "Summit Launch, the whole program (USD)" in said
    assert not [text for text in said if "P-150" in text]


def test_the_sample_is_up_to_date():
    path = asset("workbook_templates") / SAMPLE
    fresh, kept = opened(workbook_bytes(sample_statement())), openpyxl.load_workbook(path)
    for sheet in fresh:
        different = [
            f"{sheet.title}!{cell.coordinate}: expected {cell.value!r}, got {kept[sheet.title][cell.coordinate].value!r}"
            for row in sheet.iter_rows() for cell in row if cell.value != kept[sheet.title][cell.coordinate].value
        ]  # fmt: skip
        assert not different, f"python -m rebate_udfs.hosts.statement_sample\n{different[:3]}"


# ---- recalculated by a real spreadsheet


def planned(statement: Statement, per_unit: Fraction) -> tuple[bytes, list[tuple[int, Decimal, int]]]:
    """The workbook with every what-if cell filled in, and what should stand beside it: row, rebate, tier."""
    book = opened(workbook_bytes(statement))
    sheet = book["Summary"]
    plans = [(period.what_if, period) for program in statement.programs for period in program.current if period.what_if]
    inputs = [cell for row in sheet.iter_rows(min_col=2, max_col=2) for cell in row if not cell.protection.locked]
    assert len(inputs) == len(plans)
    expected = []
    for cell, (plan, _) in zip(inputs, plans, strict=True):
        more = min(plan.most, int(per_unit * plan.pieces[-1].starts_at) + 1)
        cell.value = float(Fraction(more, 10**plan.places))
        expected.append((cell.row, *rebate(plan, more)))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue(), expected


def test_what_is_typed_into_page_one_gives_the_engines_cents(tmp_path: Path, recalculated: Callable[..., Path]):
    statement = max(sample_statements(), key=lambda one: len(one.programs))
    content, expected = planned(statement, Fraction(11, 10))
    (tmp_path / "planned.xlsx").write_bytes(content)
    sheet = openpyxl.load_workbook(recalculated(tmp_path / "planned.xlsx"), data_only=True)["Summary"]
    assert expected
    for row, earned, tier in expected:
        assert sheet.cell(row, 3).value == pytest.approx(float(earned), abs=1e-9), f"Summary!C{row}"
        assert sheet.cell(row, 5).value == (f"Tier {tier}" if tier else "none yet"), f"Summary!E{row}"


def test_saved_values_are_those_a_spreadsheet_computes(tmp_path: Path, recalculated: Callable[..., Path]):
    statement = max(sample_statements(), key=lambda one: len(one.programs))
    content = workbook_bytes(statement)
    (tmp_path / "fresh.xlsx").write_bytes(content)
    computed, saved = openpyxl.load_workbook(recalculated(tmp_path / "fresh.xlsx"), data_only=True), opened(content, data_only=True)
    formulas, wrong = opened(content), []
    for sheet in formulas:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
            said, found = saved[sheet.title][cell.coordinate].value, computed[sheet.title][cell.coordinate].value
            same = said == found or (said or "") == (found or "") or (isinstance(said, int | float) and said == pytest.approx(found, abs=1e-9))
            if not same:
                wrong.append(f"{sheet.title}!{cell.coordinate}: saved {said!r}, computed {found!r}")
    assert not wrong, wrong[:5]


def test_a_form_says_what_is_missing(tmp_path: Path, recalculated: Callable[..., Path]):
    book = opened(workbook_bytes(told(hand_made())[0]))
    claim, dispute = book["Claim Form"], book["Dispute Form"]
    for column, value in enumerate(["C-1", 1, "P-1", date(2026, 5, 1), "2026-Q2", None, None, None, 12.5], 1):
        claim.cell(6, column).value = value
    claim["A7"] = "C-2"
    for column, value in ((1, "C-3"), (3, "P-1"), (4, date(2026, 5, 1)), (9, 5)):
        claim.cell(8, column).value = value
    dispute["A6"] = date(2026, 5, 1)
    book.save(tmp_path / "filled.xlsx")
    found = openpyxl.load_workbook(recalculated(tmp_path / "filled.xlsx"), data_only=True)
    assert [found["Claim Form"].cell(row, 10).value or "" for row in range(6, 10)] == [
        "Complete", "Program ID is missing", "Give a Period or an Invoice Number", "",
    ]  # fmt: skip
    assert found["Dispute Form"]["G6"].value == "Reason is missing"


def test_the_sample_run_is_what_is_stated(workbooks: dict[str, bytes]):
    assert sample_run().run_id
    assert attainment("NORTH", "7480", "74800").earned == Decimal("1496.0")
    assert set(workbooks) == {statement.participant_id for statement in sample_statements()}
