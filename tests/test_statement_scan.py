"""Nobody sees anybody else: every part of every statement, and the text of every PDF, searched for what belongs to others.

Two books: the sample company, and Microsoft's Northwind with groups and branches. Statements are made twice, so that what moved
is told too. Searched for: ids, names, invoice numbers and amounts of others that are not the reader's own as well.
"""

from __future__ import annotations

import html
import re
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import require_program, require_soffice
from returned import rebuilt
from smallbooks import computed
from statement_runs import sample_run
from test_northwind import facts as northwind_facts  # noqa: F401 the fixture

from rebate_udfs.hosts.statement_sending import Sending, send
from rebate_udfs.hosts.statements import Made
from rebate_udfs.model import Run
from rebate_udfs.participants import Hierarchy
from rebate_udfs.pipeline import run as compute
from rebate_udfs.pipeline import verdicts

TEXT, ATTRIBUTE, PLAIN = re.compile(r"<([\w:]+)[^<>]*>([^<>]+)<"), re.compile(r"=\"([^\"]*)\""), re.compile(r"-?[\d.]+(?:E-?\d+)?")
NUMBER_CELL = re.compile(r"<c r=\"[A-Z]+\d+\"(?: s=\"\d+\")?(?: t=\"(?:n|str)\")?>(?:<f>.*?</f>)?<v>([^<]*)</v>")
MONEY = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})*\.\d{2}(?![\d])")
TELLING = Decimal(1000)  # smaller amounts, and those without cents, turn up by chance as differences and parts of what is one's own


@dataclass(frozen=True)
class Owned:
    """What belongs to one family."""

    ids: frozenset[str]
    names: frozenset[str]
    invoices: frozenset[str]
    amounts: frozenset[Decimal]
    every_amount: frozenset[Decimal]  # also those that tell nothing, and sums


def owned(run: Run) -> dict[str, Owned]:
    """By top participant: ids and names that were ever its family's, its invoice numbers, its lines' amounts and its figures."""
    hierarchy = Hierarchy(run.tables.distributors)
    tops = {row.participant_id: hierarchy.ancestors_on(row.participant_id, run.as_of)[-1] for row in run.attainment}
    names = {row.distributor_id: {each.distributor_name for each in run.tables.distributors if each.distributor_id == row.distributor_id}
             for row in run.tables.distributors}  # fmt: skip
    found = {}
    for top in sorted(set(tops.values())):
        family = {*hierarchy.family(top), top}
        lines = [line for line in verdicts(run, sorted(family), everything=True) if line.distributor_id in family]
        figures = [row for row in run.attainment if tops[row.participant_id] == top]
        due = [row for row in run.payable if tops.get(row.participant_id) == top]
        money = [*(abs(line.amount) for line in lines), *(row.earned for row in figures), *(row.due for row in due)]
        claims = [amount for row in run.claims if row.distributor_id in family for amount in (row.claimed, row.approved) if amount]
        sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)  # a branch's, a period's, a program's: a sum may equal a stranger's amount
        for line in lines:
            for key in ((line.program_id, line.period, line.distributor_id), (line.program_id, line.period), (line.program_id, "", "")):
                sums[(*key, str(line.counts))] += line.amount
        steps = (number for row in figures for step in row.reward.steps for number in (step.quantity, step.amount) if number is not None)
        claims += [round(Decimal(number.numerator) / number.denominator, 2) for number in steps]  # bands of what is their own
        claims += [round(amount, 2) for amount in sums.values()]
        found[top] = Owned(
            frozenset(family), frozenset(name for one in family for name in names.get(one, ())), frozenset(line.invoice_number for line in lines),
            frozenset(amount for amount in money if telling(amount)), frozenset([*money, *claims]),
        )  # fmt: skip
    return found


def telling(amount: Decimal) -> bool:
    return amount >= TELLING and amount != amount.to_integral_value() and amount == round(amount, 2)


def strings(parts: Iterable[str]) -> Iterator[str]:
    """Every text and attribute of XML parts; values of cells and attributes that are plain numbers are rows, indexes and amounts."""
    for part in parts:
        found = [text for tag, text in TEXT.findall(part) if tag != "v" or not PLAIN.fullmatch(text)]
        found += [text for text in ATTRIBUTE.findall(part) if not PLAIN.fullmatch(text)]
        yield from map(html.unescape, found)


def package(path: Path) -> list[str]:
    """Every part, unpacked; what is no text as its letters."""
    with zipfile.ZipFile(path) as file:
        return [f"<name>{name}</name>" + file.read(name).decode("utf-8", "replace") for name in file.namelist()]


def leaks(texts: Iterable[str], numbers: Iterable[Decimal], own: Owned, others: Iterable[Owned]) -> list[str]:
    """What of others stands in texts and numbers."""
    others = list(others)
    everything = "\n".join(texts)
    words = set(re.findall(r"[^\s,;:()\"'<>/]+", everything))
    found = []
    for other in others:
        found += [one for one in other.ids - own.ids if one in words or (" " in one and one in everything)]
        found += [
            one for one in other.names - own.names - own.ids if one and one in everything and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", everything)
        ]
        found += [one for one in other.invoices - own.invoices if one in words]
    foreign = frozenset().union(*(other.amounts for other in others)) - own.every_amount
    said = {Decimal(text.replace(",", "")) for text in MONEY.findall(everything)} | set(numbers)
    return found + [f"{amount}" for amount in sorted(foreign & said)]


def numbers_of(parts: Iterable[str]) -> set[Decimal]:
    """The numbers in cells, to the cent where they have one."""
    found = set()
    for part in parts:
        for text in NUMBER_CELL.findall(part):
            try:
                number = abs(Decimal(text))
            except ArithmeticError:
                continue
            if number == round(number, 2):
                found.add(number)
    return found


def pdf_text(path: Path) -> str:
    done = subprocess.run([require_program("pdftotext"), "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout


def made_twice(run: Run, before: date, folder: Path, *, branches: bool = False, pdf: bool = True) -> list[Made]:
    """The statements of a run, made after those of an earlier day."""
    send(compute(run.tables, before), folder / "book.xlsx", folder / "out", Sending(jobs=2, branches=branches))
    return send(run, folder / "book.xlsx", folder / "out", Sending(jobs=2, branches=branches, pdf=pdf))


def check_nobody_sees_anybody_else(run: Run, made: list[Made], before: date) -> None:
    """Both days' workbooks and the PDFs."""
    now, hierarchy = owned(run), Hierarchy(run.tables.distributors)
    assert sum(len(one.invoices) for one in now.values()) > 100 and sum(len(one.amounts) for one in now.values()) > 100
    for each in made:
        top = hierarchy.ancestors_on(each.participant_id, run.as_of)[-1]
        others = [other for one, other in now.items() if one != top]
        earlier = each.path.with_name(each.path.name.replace(run.as_of.isoformat(), before.isoformat()))
        for path in (each.path, earlier) if earlier.exists() else (each.path,):  # some had bought nothing by then
            parts = package(path)
            assert any(invoice in "\n".join(parts) for invoice in now[top].invoices) or not now[top].invoices
            assert leaks(strings(parts), numbers_of(parts), now[top], others) == [], path.name
        if each.pdf:
            assert leaks([pdf_text(each.pdf)], (), now[top], others) == [], each.pdf.name


def test_the_sample_companys_distributors_see_their_own_only(tmp_path: Path) -> None:
    require_soffice()
    run, before = sample_run(), date(2026, 3, 31)
    made = made_twice(run, before, tmp_path)
    assert len(made) == 12 and all(each.pdf for each in made)
    check_nobody_sees_anybody_else(run, made, before)
    check_that_a_leak_is_found(run, made, tmp_path)


@pytest.mark.slow
def test_northwinds_customers_see_their_own_only(northwind_facts: dict, tmp_path: Path) -> None:  # noqa: F811 the fixture
    require_soffice()
    run, before = computed(**northwind_facts), date(1997, 9, 30)
    made = made_twice(run, before, tmp_path, branches=True)
    assert len(made) > 60 and all(each.pdf for each in made)
    check_nobody_sees_anybody_else(run, made, before)


def check_that_a_leak_is_found(run: Run, made: list[Made], folder: Path) -> None:
    """One name, id, invoice or amount of somebody else's, wherever in the package, is found."""
    now = owned(run)
    top, other = made[0].participant_id, made[1].participant_id
    own, foreign = now[top], now[other]
    invoice, amount = max(foreign.invoices - own.invoices), max(foreign.amounts - own.every_amount)
    for number, planted in enumerate((f"<t>{other}</t>", f'<a b="{max(foreign.names)}"/>', f"<t>Invoice {invoice}</t>",
                                      f'<c r="A1" s="1"><v>{amount}</v></c>', f"<t>USD {amount:,}</t>")):  # fmt: skip
        path = rebuilt(
            made[0].path,
            folder / f"{number}.xlsx",
            more={"xl/notes.xml": html.escape(planted, False).replace("&lt;", "<").replace("&gt;", ">").encode()},
        )
        parts = package(path)
        assert leaks(strings(parts), numbers_of(parts), own, [foreign]), planted
