"""Small runs made by hand, for tests of what is written: figures a person can check at a glance."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from rebate_udfs.model import (
    Accrual,
    Attainment,
    Distributor,
    JournalRow,
    Payable,
    Period,
    Problem,
    Program,
    ProgramCount,
    RebateType,
    Reward,
    Run,
    Settings,
    Severity,
    Step,
    Tables,
    Tier,
)

AS_OF = date(2026, 3, 15)
QUARTER = Period("2026-Q1", date(2026, 1, 1), date(2026, 3, 31))
LADDER = (
    Tier(1, Fraction(5000), Fraction(5000), Fraction(10000), Fraction("0.02")),
    Tier(2, Fraction(10000), Fraction(10000), Fraction(25000), Fraction("0.04")),
    Tier(3, Fraction(25000), Fraction(25000), None, Fraction("0.06")),
)


def program(program_id: str, **more: object) -> Program:
    terms = {"program_name": f"Program {program_id}", "rebate_type": RebateType.VOLUME}
    return Program(program_id=program_id, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), **{**terms, **more})


def attained(program_id: str, participant: str, measure: str, currency: str = "USD") -> Attainment:
    """A quarter on LADDER, retrospective."""
    bought = Fraction(measure)
    tier = sum(bought >= step.reached for step in LADDER)
    rate = LADDER[tier - 1].reward if tier else Fraction(0)
    places = 0 if currency == "JPY" else 2
    earned = Decimal(round(bought * rate * 10**places)).scaleb(-places)
    step = Step(f"Tier {tier}", "the tier reached pays on all purchases", bought, rate, bought * rate)
    return Attainment(
        figure_id=f"{program_id}/{participant}/2026-Q1/earned", program_id=program_id, participant_id=participant, period=QUARTER,
        currency=currency, measure=bought, percent=None, target=None, baseline=None, base=bought, attained_tier=tier,
        accrual_tier=tier, forecast_tier=min(tier + 1, 3), forecast=bought * 90 / 74,
        to_next_tier=LADDER[tier].reached - bought if tier < 3 else Fraction(0),
        next_tier_value=Decimal("123.45") if places else Decimal("123"), rate=rate, earned=earned,
        status="Top Tier" if tier == 3 else "In Tier" if tier else "Below First Tier", transactions_used=12, transactions_excluded=1,
        reward=Reward(bought * rate, tier, (step,)), ladder=LADDER, measure_unit=currency,
    )  # fmt: skip


def accrued(row: Attainment, recognised: str = "0.00") -> Accrual:
    had = Decimal(recognised)
    return Accrual(row.figure_id.replace("earned", "accrued"), row.program_id, row.participant_id, row.period, "Forecast", row.earned, row.earned,
                   had, row.earned - had, row.currency, (Step("Forecast", "run rate", row.base, row.rate, row.base * row.rate),))  # fmt: skip


def owed(row: Attainment) -> Payable:
    none = Decimal("0.00")
    return Payable(row.figure_id.replace("earned", "payable"), row.program_id, row.participant_id, "2026-Q1", QUARTER.ends_on, date(2026, 4, 30),
                   row.earned, none, row.earned, none, none, none, row.currency)  # fmt: skip


def entry(row: Attainment) -> tuple[JournalRow, JournalRow]:
    none = Decimal("0.00")
    common = (row.currency, row.program_id, row.participant_id, row.figure_id)
    return (JournalRow(AS_OF, "Rebates", row.earned, none, *common), JournalRow(AS_OF, "Accrued Rebates", none, row.earned, *common))


def problem(severity: Severity = Severity.ERROR, **more: object) -> Problem:
    given = {"code": "UNKNOWN_DISTRIBUTOR", "table": "Transactions", "row": 17, "column": "Distributor ID",
             "message": "NORTHH is not in Distributors.", "remedy": "Correct it, or add it to Distributors."}  # fmt: skip
    return Problem(severity, **{**given, **more})


def run(*rows: Attainment, problems: tuple[Problem, ...] = (), programs: tuple[Program, ...] = (), **settings: object) -> Run:
    """A run with these attainments and what follows from them."""
    ids = sorted({row.program_id for row in rows})
    known = programs or tuple(program(identifier) for identifier in ids)
    people = sorted({row.participant_id for row in rows})
    distributors = tuple(Distributor(distributor_id=identifier, distributor_name=f"{identifier.title()} Trading") for identifier in people)
    tables = Tables(Settings(**{"company": "Acme & Co", **settings}), programs=known, distributors=distributors, rows_read={"Transactions": 100})
    return Run(
        as_of=AS_OF, run_id="R-7F3A", input_hash="ab" * 32, version="0.1.0", engine="duckdb", tables=tables, problems=problems,
        attainment=rows, accruals=tuple(map(accrued, rows)), payable=tuple(map(owed, rows)),
        journal=tuple(line for row in rows for line in entry(row)),
        counts=tuple(ProgramCount(identifier, 97, 90, {"NOT_ENROLLED": 5, "OUTSIDE_PROGRAM_DATES": 2}) for identifier in ids),
        rows_excluded={"UNKNOWN_DISTRIBUTOR": 3},
    )  # fmt: skip
