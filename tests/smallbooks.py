"""Small books as a person would jot them down, read by the product's own reader: tables of dicts become a checked book.

`purchases` are [date, distributor, SKU, quantity, amount] with whatever else follows as a dict of columns. What is not
named is the default, and a program is a Volume program for everybody from 1 January to 31 December 2026. Where no
distributors or products are given, they are those of the purchases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from rebate_udfs.model import EntryKind, LedgerEntry, Payable, Problem, Run, Tables
from rebate_udfs.parse import RawTable
from rebate_udfs.pipeline import run
from rebate_udfs.tables import read

Rows = Sequence[Mapping[str, Any]]
YEAR = {"Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31)}
PURCHASE = ("Invoice Date", "Distributor ID", "SKU", "Quantity", "Amount")


def number(value: Any) -> Any:
    """`2 %` as a fraction, `30,000` without its comma, all else as it is.

    >>> number("2 %"), number("-30,000.50"), number("NORTH")
    (Decimal('0.02'), Decimal('-30000.50'), 'NORTH')
    """
    if isinstance(value, str) and re.fullmatch(r"-?[\d,]*\.?\d+( %)?", value):
        plain = Decimal(value.replace(",", "").removesuffix(" %"))
        return plain / 100 if value.endswith("%") else plain
    return value


def raw_table(name: str, rows: Rows) -> RawTable:
    """A sheet of that name, its header in row 1."""
    headers = list(dict.fromkeys(header for row in rows for header in row))
    cells = [(at, [number(row.get(header)) for header in headers]) for at, row in enumerate(rows, 2)]
    return RawTable(name, name, headers, 1, cells)


def transactions(purchases: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of Transactions: numbered, and a Return where the amount says so."""
    found = []
    for at, (*cells, last) in enumerate(purchases, 1):
        more, cells = (last, cells) if isinstance(last, Mapping) else ({}, [*cells, last])
        row = dict(zip(PURCHASE, cells, strict=True))
        kind = {"Type": "Return"} if number(row["Amount"]) < 0 or number(row["Quantity"]) < 0 else {}
        found.append({"Transaction ID": f"T{at}", **row, **kind, **more})
    return found


def tiers(program_id: str, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of Tiers: [From, Reward], or [From, To, Reward] with a column dict after it where needed."""
    found = []
    for cells in rows:
        more = cells[-1] if isinstance(cells[-1], Mapping) else {}
        plain = [cell for cell in cells if not isinstance(cell, Mapping)]
        start, end, reward = plain if len(plain) == 3 else (plain[0], None, plain[1])
        found.append({"Program ID": program_id, "From": start, "To": end, "Reward": reward, **more})
    return found


def raw_book(
    programs: Rows | Mapping[str, Any],
    purchases: Iterable[Sequence[Any]] = (),
    *,
    distributors: Iterable[str | Mapping[str, Any]] = (),
    products: Iterable[str | Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    **tables: Rows,
) -> list[RawTable]:
    """The sheets of a book; `Tiers` of a program may stand in the program itself. Other tables by name, blanks as _."""
    rows = [programs] if isinstance(programs, Mapping) else programs
    sales = transactions(purchases)
    people = [{"Distributor ID": one} if isinstance(one, str) else one for one in distributors]
    people = people or [{"Distributor ID": one} for one in dict.fromkeys(row["Distributor ID"] for row in sales)]
    goods = [{"SKU": one} if isinstance(one, str) else one for one in products]
    goods = goods or [{"SKU": one} for one in dict.fromkeys(row["SKU"] for row in sales)]
    sheets: dict[str, Rows] = {
        "Settings": [{"Setting": name, "Value": value} for name, value in (settings or {}).items()],
        "Programs": [
            {"Program Name": row["Program ID"], "Rebate Type": "Volume", **YEAR, **{name: cell for name, cell in row.items() if name != "Tiers"}}
            for row in rows
        ],
        "Tiers": [tier for row in rows for tier in tiers(row["Program ID"], row.get("Tiers", ()))],
        "Distributors": [{"Distributor Name": one["Distributor ID"], **one} for one in people],
        "Products": goods,
        "Transactions": sales,
        **{name.replace("_", " "): given for name, given in tables.items()},
    }
    return [raw_table(name, given) for name, given in sheets.items() if given]


def book(*args: Any, engine: str = "duckdb", as_of: date | None = None, **more: Any) -> Tables:
    """A checked book of these facts."""
    return read(raw_book(*args, **more), engine=engine, as_of=as_of)


def computed(*args: Any, **more: Any) -> Run:
    """The run of a book of these facts."""
    return run(book(*args, **more))


def earned(found: Run) -> dict[str, Decimal]:
    """What every figure earned, by program/participant/period."""
    return {row.figure_id.removesuffix("/earned"): row.earned for row in found.attainment}


def accrued(found: Run) -> dict[str, Decimal]:
    """What every figure accrued, by program/participant/period."""
    return {row.figure_id.removesuffix("/accrued"): row.accrued for row in found.accruals}


def measured(found: Run) -> dict[str, Fraction]:
    """Every measure, by program/participant/period."""
    return {row.figure_id.removesuffix("/earned"): row.measure for row in found.attainment}


def payables(found: Run) -> dict[str, list[Payable]]:
    """The settlements of every figure, by program/participant/period, oldest first."""
    by_figure: dict[str, list[Payable]] = {}
    for row in found.payable:
        by_figure.setdefault(row.figure_id.removesuffix("/payable"), []).append(row)
    return by_figure


def problem_codes(found: Run) -> set[str]:
    """The codes of everything that is wrong."""
    return {problem.code for problem in found.problems}


def errors(found: Run | Tables) -> list[Problem]:
    """Everything wrong that is an error."""
    return [problem for problem in found.problems if problem.severity.value == "Error"]


def posted(tables: Tables, found: Run, accounting_period: str) -> Tables:
    """The same book after every entry of a run has gone into the Ledger, as a close does."""
    rows = list(tables.ledger)
    for accrual in found.accruals:
        if accrual.true_up:
            rows.append(
                LedgerEntry(
                    sequence=len(rows) + 1, entry_id=f"E{len(rows) + 1}", accounting_period=accounting_period, program_id=accrual.program_id,
                    participant_id=accrual.participant_id, earning_period=accrual.period.period_id, kind=EntryKind.ACCRUAL,
                    figure_id=accrual.figure_id, amount=accrual.true_up, currency=accrual.currency,
                )
            )  # fmt: skip
    return replace(tables, ledger=tuple(rows))


# ---- books written down as YAML: facts, and the figures that follow at each as-of date

CASES = Path(__file__).parent / "cases"
FIGURES = {  # what a case may name of a figure, and where it stands in the run
    "earned": ("attainment", "earned"), "measure": ("attainment", "measure"), "base": ("attainment", "base"), "percent": ("attainment", "percent"),
    "baseline": ("attainment", "baseline"), "forecast": ("attainment", "forecast"), "tier": ("attainment", "attained_tier"),
    "accrual tier": ("attainment", "accrual_tier"), "forecast tier": ("attainment", "forecast_tier"), "status": ("attainment", "status"),
    "accrued": ("accruals", "accrued"), "recognised": ("accruals", "recognised"), "entry": ("accruals", "true_up"),
}  # fmt: skip
SETTLED = {"due": "due", "open": "payable", "carried": "carried", "due on": "due_on"}  # by settlement, oldest first
TOTALS = ("payable", "settled", "recoverable", "lapsed")  # over all settlements of the figure


def case_files(folder: str) -> list[str]:
    """The cases of one folder."""
    return sorted(path.stem for path in (CASES / folder).glob("*.yaml"))


def read_case(folder: str, name: str) -> dict[str, Any]:
    """A case as written: dates are dates, all other numbers exact decimals."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))  # type: ignore[arg-type]
    with (CASES / folder / f"{name}.yaml").open(encoding="utf-8") as text:
        return yaml.load(text, Loader)


def differences(case: Mapping[str, Any], engine: str = "duckdb") -> list[str]:
    """Run a case at each of its as-of dates: what differs from what was written down, in words; [] when all agrees."""
    ledger: tuple[LedgerEntry, ...] = ()
    wrong: list[str] = []
    for step in case["expected"]:
        more = {**case.get("tables", {}), **step.get("tables", {})}
        settings = {**case.get("settings", {}), **step.get("settings", {}), "As Of": step["as of"]}
        tables = book(case["programs"], case.get("purchases", ()), distributors=case.get("distributors", ()), settings=settings, engine=engine,
                      **{name.replace(" ", "_"): rows for name, rows in more.items()})  # fmt: skip
        tables = replace(tables, ledger=tables.ledger or ledger)
        found = run(tables)
        wrong += [f"{step['as of']}: {line}" for line in _step_differences(step, found)]
        if "post" in step:
            ledger = posted(tables, found, step["post"]).ledger
    return wrong


def _step_differences(step: Mapping[str, Any], found: Run) -> Iterator[str]:
    codes, by_figure = problem_codes(found), payables(found)
    yield from (f"no problem {code}, but {sorted(codes)}" for code in step.get("problems", ()) if code not in codes)
    yield from (f"problem {code}" for code in step.get("no problems", ()) if code in codes)
    if bool(errors(found)) != bool(step.get("errors") or any(_is_error(found, code) for code in step.get("problems", ()))):
        yield f"errors: {[(problem.code, problem.message) for problem in errors(found)]}"
    for figure, wanted in step["figures"].items():
        rows = {kind: next((row for row in getattr(found, kind) if row.figure_id.rsplit("/", 1)[0] == figure), None)
                for kind in ("attainment", "accruals")}  # fmt: skip
        if wanted == "absent":
            if rows["attainment"] or rows["accruals"] or figure in by_figure:
                yield f"{figure} has a row: {rows['attainment']}"
            continue
        for what, want in wanted.items():
            got = _figure(what, figure, rows, by_figure.get(figure, []))
            if got != want:
                yield f"{figure} {what}: {want} is written down, {got} computed"
    if "journal" in step:
        sides: dict[str, Decimal] = {}
        for line in found.journal:
            sides[line.account] = sides.get(line.account, Decimal(0)) + line.debit - line.credit
        if sides != step["journal"]:
            yield f"journal: {step['journal']} is written down, {sides} computed"


def _is_error(found: Run, code: str) -> bool:
    return any(problem.code == code for problem in errors(found))


def _figure(what: str, figure: str, rows: Mapping[str, Any], settlements: Sequence[Payable]) -> Any:
    if what in FIGURES:
        kind, name = FIGURES[what]
        return getattr(rows[kind], name) if rows[kind] else f"no row {figure}"
    if what in SETTLED:
        return [getattr(row, SETTLED[what]) for row in settlements]
    assert what in TOTALS, f"a case may not name {what}"
    return sum((getattr(row, what) for row in settlements), Decimal(0))
