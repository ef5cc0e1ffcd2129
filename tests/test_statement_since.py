"""How earned moved since the last statement: every reason by itself, adding up to the cent; and what of it is paid, lapsed, open, due when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from closebooks import load, sheets
from closebooks import run as rebates
from hypothesis import given, settings
from hypothesis import strategies as st
from statement_runs import sample_run

from rebate_udfs.hosts.statement_forms import READY
from rebate_udfs.hosts.statement_since import CHANGED
from rebate_udfs.hosts.template import write_template
from rebate_udfs.ledger import Ledger, default_url
from rebate_udfs.ledger_statements import told_before
from rebate_udfs.model import Run
from rebate_udfs.pipeline import run as compute
from rebate_udfs.statement import Statement, statements
from rebate_udfs.statement_history import look_back

D = Decimal
LAST, NOW = date(2026, 3, 31), date(2026, 4, 30)
PROGRAM = {"Program ID": "P", "Period": "Year", "Tiers": [[0, "5 %"], ["10,000", "10 %"]]}
SALES: list[list[Any]] = [[date(2026, 1, 10), "A", "F", 1, "4,000", {"Transaction ID": "T1"}], [date(2026, 2, 10), "A", "F", 1, "2,000"]]


def computed(folder: Path, day: date, programs: Any = (PROGRAM,), sales: Any = tuple(SALES), **more: Any) -> Run:
    """A book written, read and computed as of a day."""
    path = folder / "book.xlsx"
    write_template(path, sample=sheets(list(programs), list(sales), **more))
    return compute(load(path), day)


def ledger_in(folder: Path) -> Ledger:
    return Ledger(default_url(folder / "book.xlsx"), "B-TEST")


def told(folder: Path, run: Run, branches: bool = False, keep: bool = True) -> dict[str, Statement]:
    """The statements of a run, compared with those before, and remembered."""
    ledger = ledger_in(folder)
    history = look_back(ledger, run, branches)
    found = {each.participant_id: each for each in statements(run, lambda ids: [], branches, history.since)}
    if keep:
        history.keep(ledger, run)
    check_sums(found.values())
    return found


def check_sums(found: Any) -> None:
    """Before + parts = now, and earned + agreed - paid - lapsed = open, to the cent, of every figure."""
    for statement in found:
        now = {(line.program_id, line.participant_id, line.period_id): line for line in statement.accounts}
        for line in statement.moved:
            assert line.before + sum((amount for _, amount in line.parts), D(0)) == line.now
            account = now.get((line.program_id, line.participant_id, line.period_id))
            assert line.now == (account.earned + account.agreed if account else 0)
        for line in statement.accounts:
            assert line.earned + line.agreed - line.paid - line.lapsed == line.open
        if statement.last_as_of:
            assert sum((line.now for line in statement.moved), D(0)) == sum((line.earned + line.agreed for line in statement.accounts), D(0))


def parts(statement: Statement) -> dict[str, Decimal]:
    """All reasons of a statement's figures."""
    found: dict[str, Decimal] = {}
    for line in statement.moved:
        for words, amount in line.parts:
            found[words] = found.get(words, D(0)) + amount
    return found


MORE = [date(2026, 4, 5), "A", "F", 1, "1,000"]
BACK = [date(2026, 4, 6), "A", "F", -1, "-200", {"Type": "Return"}]
LATE = [date(2026, 3, 5), "A", "F", 1, "600", {"Transaction ID": "late"}]
BACK_LATE = [date(2026, 3, 6), "A", "F", -1, "-100", {"Type": "Return", "Transaction ID": "late return"}]
DISPUTE = {"Dispute ID": "D1", "Opened On": date(2026, 4, 2), "Distributor ID": "A", "Figure ID": "P/A/2026/earned", "Reason": "An amount is wrong",
           "Disputed Amount": "40", "Status": "Resolved", "Resolution": "Accepted", "Resolved On": date(2026, 4, 20)}  # fmt: skip
ADJUSTED = {"Adjustment ID": "X", "Program ID": "P", "Participant ID": "A", "Period": "2026", "Kind": "Adjustment", "Dated On": date(2026, 4, 9),
            "Amount": "7.50", "Reason": "Goodwill"}  # fmt: skip
CASES: dict[str, tuple[dict[str, Any], dict[str, Decimal]]] = {
    "nothing": ({}, {}),
    "purchases": ({"sales": [*SALES, MORE]}, {"Purchases": D(50)}),
    "a return": ({"sales": [*SALES, MORE, BACK]}, {"Purchases": D(50), "Returns": D(-10)}),
    "a late invoice": ({"sales": [*SALES, LATE]}, {"Late invoices": D(30)}),
    "a late return": ({"sales": [*SALES, BACK_LATE]}, {"Returns": D(-5)}),
    "both late": ({"sales": [*SALES, LATE, BACK_LATE, MORE]}, {"Late invoices": D(30), "Returns": D(-5), "Purchases": D(50)}),
    "another tier": ({"sales": [*SALES, [date(2026, 4, 7), "A", "F", 1, "4,000"]]}, {"Purchases": D(400), "Another tier": D(300)}),
    "other terms": ({"programs": [{**PROGRAM, "Tiers": [[0, "6 %"], ["10,000", "10 %"]]}]}, {"Terms changed": D(60)}),
    "an answer": ({"Disputes": [DISPUTE]}, {"Answers to disputes": D(40)}),
    "an adjustment": ({"Adjustments": [ADJUSTED], "sales": [*SALES, MORE]}, {"Purchases": D(50), "Adjustments": D("7.50")}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_reason_is_told_with_its_amount(tmp_path: Path, case: str) -> None:
    more, wanted = CASES[case]
    first = told(tmp_path, computed(tmp_path, LAST))["A"]
    assert first.knows_last and first.last_as_of is None and first.moved == ()
    second = told(tmp_path, computed(tmp_path, NOW, **more))["A"]
    assert second.last_as_of == LAST
    assert parts(second) == wanted
    assert [line.before for line in second.moved] == [D(300)]


def test_the_same_day_again_is_not_its_own_predecessor(tmp_path: Path) -> None:
    told(tmp_path, computed(tmp_path, LAST))
    once = told(tmp_path, computed(tmp_path, NOW, sales=[*SALES, MORE]))["A"]
    again = told(tmp_path, computed(tmp_path, NOW, sales=[*SALES, MORE]))["A"]
    assert again == once and again.content_hash == once.content_hash
    corrected = told(tmp_path, computed(tmp_path, NOW, sales=[*SALES, MORE, BACK]))["A"]
    assert corrected.last_as_of == LAST and parts(corrected) == {"Purchases": D(50), "Returns": D(-10)}
    after = told(tmp_path, computed(tmp_path, date(2026, 5, 31), sales=[*SALES, MORE, BACK]))["A"]
    assert (after.last_as_of, [line.before for line in after.moved], parts(after)) == (NOW, [D(340)], {}), "the corrected one counts"


def test_an_earlier_day_is_compared_with_what_was_before_it(tmp_path: Path) -> None:
    told(tmp_path, computed(tmp_path, NOW))
    assert told(tmp_path, computed(tmp_path, LAST))["A"].last_as_of is None


def test_what_is_made_and_not_kept_is_not_remembered(tmp_path: Path) -> None:
    told(tmp_path, computed(tmp_path, LAST), keep=False)
    assert told_before(ledger_in(tmp_path), NOW) == {}
    assert told(tmp_path, computed(tmp_path, NOW))["A"].last_as_of is None


def test_a_branch_that_joins_and_one_that_leaves_are_told(tmp_path: Path) -> None:
    program = {**PROGRAM, "Aggregate By": "Branch"}
    sales = [*SALES, [date(2026, 1, 12), "B", "F", 1, "1,000"], [date(2026, 1, 12), "C", "F", 1, "3,000"]]
    rows = [{"Distributor ID": "A"}, {"Distributor ID": "B", "Parent ID": "A", "Member To": date(2026, 4, 15)},
            {"Distributor ID": "C", "Parent ID": "A", "Member From": date(2026, 4, 16)}]  # fmt: skip
    told(tmp_path, computed(tmp_path, LAST, [program], sales, distributors=rows))
    found = told(tmp_path, computed(tmp_path, NOW, [program], sales, distributors=rows))
    moved = {line.participant_id: (line.before, dict(line.parts), line.now) for line in found["A"].moved}
    assert moved == {
        "A": (D(300), {}, D(300)),
        "B": (D(50), {"Branches": D(-50)}, D(0)),
        "C": (D(0), {"Branches": D(150)}, D(150)),
    }


def test_a_program_that_is_gone_is_told(tmp_path: Path) -> None:
    other = {**PROGRAM, "Program ID": "Q"}
    told(tmp_path, computed(tmp_path, LAST, [PROGRAM, other]))
    found = told(tmp_path, computed(tmp_path, NOW, [PROGRAM]))["A"]
    assert [(line.program_id, line.before, line.parts, line.now) for line in found.moved][1] == ("Q", D(300), (("Terms changed", D(-300)),), D(0))


def test_a_branch_has_its_own_account_where_a_figure_is_its_alone(tmp_path: Path) -> None:
    program = {**PROGRAM, "Aggregate By": "Branch"}
    rows = [{"Distributor ID": "A"}, {"Distributor ID": "B", "Parent ID": "A"}]
    sales = [*SALES, [date(2026, 1, 12), "B", "F", 1, "1,000"]]
    told(tmp_path, computed(tmp_path, LAST, [program], sales, distributors=rows), branches=True)
    more = [*sales, [date(2026, 4, 12), "B", "F", 1, "500"]]
    ledger = ledger_in(tmp_path)
    run = computed(tmp_path, NOW, [program], more, distributors=rows)
    assert {one: len(last.figures) for one, last in look_back(ledger, run, True).since.items()} == {"A": 2, "B": 1}


def test_the_sample_company_adds_up_from_month_to_month(tmp_path: Path) -> None:
    run = sample_run()
    ledger = Ledger(default_url(tmp_path / "book.xlsx"), "B-DEMO")
    seen: set[str] = set()
    for day in (date(2025, 12, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 5, 31)):
        current = compute(run.tables, day)
        history = look_back(ledger, current, True)
        found = list(statements(current, lambda ids: [], True, history.since))
        check_sums(found)
        seen |= {words for each in found for words in parts(each)}
        history.keep(ledger, current)
    assert {"Purchases", "Returns", "Another tier", "Claims"} <= seen


LINE = st.tuples(st.integers(1, 120), st.sampled_from("AB"), st.integers(-3000, 6000).filter(bool))


@settings(max_examples=12, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6), st.lists(LINE, max_size=5), st.sampled_from(["Retrospective", "Incremental"]), st.booleans())
def test_whatever_changes_it_adds_up(tmp_path_factory: pytest.TempPathFactory, old: Any, new: Any, method: str, other_terms: bool) -> None:
    folder = tmp_path_factory.mktemp("moved")

    def lines(facts: Any, mark: str) -> list[list[Any]]:
        return [[date.fromordinal(date(2026, 1, 1).toordinal() + day - 1), who, "F", 1 if amount > 0 else -1, str(amount),
                 {"Transaction ID": f"{mark}{number}", "Type": "Invoice" if amount > 0 else "Return"}]
                for number, (day, who, amount) in enumerate(facts)]  # fmt: skip

    people = [{"Distributor ID": "A"}, {"Distributor ID": "B"}]
    program = {**PROGRAM, "Method": method}
    told(folder, computed(folder, LAST, [program], lines(old, "o"), distributors=people))
    changed = {**program, "Tiers": [[0, "4 %"], ["8,000", "9 %"]]} if other_terms else program
    found = told(folder, computed(folder, NOW, [changed], lines(old[1:], "o") + lines(new, "n"), distributors=people))
    check_sums(found.values())


# ---- paid, lapsed, open, due; claims to make

QUARTERS = {"Program ID": "P", "Period": "Quarter", "Tiers": [[0, "10 %"]], "Payment Terms Days": 30}
CLAIMED = {**QUARTERS, "Claim Required": "Yes", "Claim Window Days": 90}


def test_what_is_open_says_when_it_is_due(tmp_path: Path) -> None:
    paid = {"Payment ID": "1", "Program ID": "P", "Participant ID": "A", "Period": "2026-Q1", "Paid On": date(2026, 4, 20), "Amount": "150"}
    sales = [*SALES, [date(2026, 4, 5), "A", "F", 1, "1,000"]]
    run = computed(tmp_path, NOW, [QUARTERS], sales, Payments=[paid], Disputes=[{**DISPUTE, "Figure ID": "P/A/2026-Q1/earned"}])
    first, second = told(tmp_path, run)["A"].accounts
    assert (first.earned, first.agreed, first.paid, first.open) == (D(600), D(40), D(150), D(490))
    assert first.when == "USD 450.00 due since 2026-04-30, USD 40.00 due on 2026-05-20"
    assert (second.earned, second.open, second.when) == (D(100), D(100), "due on 2026-07-30")
    program = told(tmp_path, run)["A"].programs[0]
    assert (program.earned, program.agreed, program.paid, program.to_come) == (D(700), D(40), D(150), D(590))


def test_what_is_paid_beyond_what_is_owed_is_said(tmp_path: Path) -> None:
    paid = {"Payment ID": "1", "Program ID": "P", "Participant ID": "A", "Period": "2026-Q1", "Paid On": date(2026, 4, 20), "Amount": "700"}
    (account,) = told(tmp_path, computed(tmp_path, NOW, [QUARTERS], Payments=[paid]))["A"].accounts
    assert account.open == D(-100) and account.when.startswith("paid beyond what is owed")


def claim(**more: Any) -> dict[str, Any]:
    said = {"Claim ID": "C1", "Program ID": "P", "Distributor ID": "A", "Claim Date": date(2026, 4, 10), "Period": "2026-Q1", "Claimed Amount": "200"}
    return {**said, **more}


def test_what_to_claim_by_when_or_it_lapses(tmp_path: Path) -> None:
    statement = told(tmp_path, computed(tmp_path, NOW, [CLAIMED]))["A"]
    assert statement.programs[0].claim_text == "Claim USD 600.00 for 2026-Q1 by 2026-06-29 or it lapses."
    assert statement.accounts[0].when == "claim it by 2026-06-29"
    part = told(tmp_path, computed(tmp_path, NOW, [CLAIMED], Claims=[claim()]))["A"]
    assert part.programs[0].claim_text == "Claim USD 400.00 for 2026-Q1 by 2026-06-29 or it lapses."
    assert part.accounts[0].when == "USD 200.00 due on 2026-05-10, USD 400.00 claim it by 2026-06-29"
    all_of_it = told(tmp_path, computed(tmp_path, NOW, [CLAIMED], Claims=[claim(**{"Claimed Amount": "600"})]))["A"]
    assert "or it lapses" not in all_of_it.programs[0].claim_text


def test_what_waits_for_a_held_claim_is_not_what_can_still_be_claimed(tmp_path: Path) -> None:
    run = computed(tmp_path, NOW, [CLAIMED], Claims=[claim(**{"Claim Date": None})])  # without a day it is held
    statement = told(tmp_path, run)["A"]
    assert [line.status for line in statement.claims] == ["Held"]
    assert statement.accounts[0].when == "USD 200.00 waits for your claim that we hold, USD 400.00 claim it by 2026-06-29"
    assert statement.programs[0].claim_text == "Claim USD 400.00 for 2026-Q1 by 2026-06-29 or it lapses."


def test_what_nobody_claimed_has_lapsed(tmp_path: Path) -> None:
    (first, *_) = told(tmp_path, computed(tmp_path, date(2026, 6, 30), [CLAIMED], Claims=[claim()]))["A"].accounts
    assert (first.earned, first.lapsed, first.open, first.when) == (D(600), D(400), D(200), "due since 2026-05-10")


def test_a_running_period_is_claimed_once_it_has_ended(tmp_path: Path) -> None:
    statement = told(tmp_path, computed(tmp_path, date(2026, 2, 28), [CLAIMED]))["A"]
    assert statement.programs[0].claims_due == () and "within 90 days after a period has ended" in statement.programs[0].claim_text
    assert statement.accounts[0].when == "to be claimed once 2026-Q1 has ended"


# ---- on the sheets, through the command line


def rows(path: Path, sheet: str) -> list[list[Any]]:
    """The cells of a sheet."""
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows()]


def test_two_statements_through_the_command_line(tmp_path: Path) -> None:
    book, out = tmp_path / "book.xlsx", tmp_path / "out"
    computed(tmp_path, LAST, [CLAIMED])
    rebates("statements", str(book), "--out", str(out), "--as-of", "2026-03-31")
    first = out / "A A 2026-03-31.xlsx"
    assert rows(first, CHANGED)[0][0] == "Your first statement"
    assert "This is your first statement, so there is none to compare it with." in [row[0] for row in rows(first, "Summary")]
    computed(tmp_path, NOW, [CLAIMED], [*SALES, LATE, MORE])
    rebates("statements", str(book), "--out", str(out), "--as-of", "2026-04-30")
    second = out / "A A 2026-04-30.xlsx"
    cells = rows(second, CHANGED)
    header = cells[3][:6]
    assert header == ["Program", "Period", "On 2026-03-31", "Purchases", "Late invoices", "On 2026-04-30"]
    assert cells[4][:6] == ["P P", "2026-Q1", 600, 0, 60, 660] and cells[5][:6] == ["P P", "2026-Q2", 0, 100, 0, 100]
    assert cells[6][:6] == ["Total USD", None, 600, 100, 60, 760]
    said = [row[0] for row in rows(second, "Summary")]
    why = "(purchases USD 100.00, late invoices USD 60.00)"
    assert f"Since the statement of 2026-03-31 you have earned USD 160.00 more {why}. See the sheet What Changed." in said
    assert "Claim USD 660.00 for 2026-Q1 by 2026-06-29 or it lapses." in said
    form = rows(second, "Claim Form")
    ready = dict(zip((str(name).rstrip(" *") for name in form[3]), form[5], strict=True))
    assert [ready[name] for name in ("Claim ID", "Claim Date", "Program ID", "Period", "Claimed Amount")] == [None, None, "P", "2026-Q1", 660]
    assert openpyxl.load_workbook(second, data_only=True)["Claim Form"]["J6"].value == READY
    before = second.read_bytes()
    rebates("statements", str(book), "--out", str(out), "--as-of", "2026-04-30")
    second.unlink()
    rebates("statements", str(book), "--out", str(out), "--as-of", "2026-04-30")
    assert second.read_bytes() == before


def test_a_line_that_is_ready_is_claimed_by_id_and_date_and_not_without(tmp_path: Path) -> None:
    book, out = tmp_path / "book.xlsx", tmp_path / "out"
    computed(tmp_path, NOW, [CLAIMED])
    rebates("statements", str(book), "--out", str(out), "--as-of", "2026-04-30")
    sent = out / "A A 2026-04-30.xlsx"
    told_ = rebates("receive", str(sent), "--book", str(book))
    assert "no claim lines" in told_ and load(book).claims == ()
    filled = openpyxl.load_workbook(sent)
    filled["Claim Form"]["A6"], filled["Claim Form"]["D6"] = "C-1", date(2026, 5, 2)
    filled.save(tmp_path / "filled.xlsx")
    assert "1 claim line" in rebates("receive", str(tmp_path / "filled.xlsx"), "--book", str(book))
    (taken,) = load(book).claims
    assert (taken.claim_id, taken.period, taken.claimed_amount) == ("C-1", "2026-Q1", D(600))
    (answer,) = compute(load(book), date(2026, 5, 2)).claims
    assert (answer.status, answer.approved) == ("Approved", D(600))


def test_without_a_memory_nothing_is_said_about_earlier_ones() -> None:
    found = next(iter(statements(sample_run(), lambda ids: [])))
    assert not found.knows_last and found.moved == () and replace(found, knows_last=True).content_hash != found.content_hash
