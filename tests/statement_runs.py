"""What the tests of statements share: the sample company computed once, and a small family made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from rebate_udfs.audit import verdicts as all_verdicts
from rebate_udfs.hosts import statement_sample
from rebate_udfs.model import (
    Attainment,
    Distributor,
    Facts,
    Payment,
    Period,
    Program,
    Run,
    Scope,
    Settings,
    Step,
    Tables,
    Terms,
    TierRow,
    Verdict,
)
from rebate_udfs.rewards import LadderRow, next_value, read_ladder, reward, to_next
from rebate_udfs.statement import Statement, statements

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 5, 31)
SECOND_QUARTER = Period("2026-Q2", date(2026, 4, 1), date(2026, 6, 30))


sample_run = lru_cache(maxsize=1)(statement_sample.sample_run)


def sample_verdicts(participant_ids):
    """How the lines of some participants of the sample company fared."""
    return all_verdicts(sample_run(), participant_ids)


@lru_cache(maxsize=2)
def sample_statements(branches: bool = False) -> tuple[Statement, ...]:
    """The statements of the sample company."""
    return tuple(statements(sample_run(), sample_verdicts, branches))


# ---- a family by hand: NORTH with branches NORTH-1 and NORTH-2, and SOUTH, which is nobody's business but its own

PROGRAM = Program(
    program_id="P-1", program_name="Units 2026", rebate_type="Volume", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), period="Quarter",
    measure="Units", payment_terms_days=30,
)  # fmt: skip
TIERS = (("5000", "0.02"), ("10001", "0.04"), ("25001", "0.06"))


def attainment(participant_id: str, measure: str, base: str, program: Program = PROGRAM, period: Period = SECOND_QUARTER, **changes) -> Attainment:
    """A figure as the engine would give it."""
    terms = Terms(method=program.method, reward=program.reward, threshold=program.threshold)
    ladder, _ = read_ladder([LadderRow(Fraction(start), None, Fraction(pays)) for start, pays in TIERS], terms)
    facts = Facts(Fraction(measure), Fraction(base), base_is_measure=False)
    earned = reward(facts, ladder, terms)
    worth = next_value(facts, ladder, terms)
    rate = ladder[earned.tier - 1].reward if earned.tier else Fraction(0)
    row = Attainment(
        figure_id=f"{program.program_id}/{participant_id}/{period.period_id}/earned", program_id=program.program_id, participant_id=participant_id,
        period=period, currency="USD", measure=facts.measure, percent=None, target=None, baseline=None, base=facts.base, attained_tier=earned.tier,
        accrual_tier=3, forecast_tier=3, forecast=Fraction(777777), to_next_tier=to_next(facts, ladder, terms),
        next_tier_value=round(Decimal(float(worth[0] - worth[1])), 2) if worth else Decimal(0), rate=rate,
        earned=Decimal(str(round(float(earned.amount), 2))), status="On Track", transactions_used=3, transactions_excluded=1,
        reward=replace(earned, steps=(*earned.steps, Step("Rounding", "once", amount=Fraction(0)))), ladder=ladder, measure_unit="units", facts=facts,
    )  # fmt: skip
    return replace(row, **changes)


def verdict(distributor_id: str, invoice: str, quantity: str, amount: str, participant_id: str = "NORTH", **changes) -> Verdict:
    """A line that counts, unless changed."""
    line = Verdict(
        program_id="P-1", participant_id=participant_id, period="2026-Q2", counts=True, in_measure=True, in_base=True, reason="", reason_text="",
        counted_on=date(2026, 4, 15), transaction_id=f"T-{invoice}", invoice_date=date(2026, 4, 15), invoice_number=invoice, line="1",
        distributor_id=distributor_id, sku="A-1", type="Invoice", quantity=Decimal(quantity), amount=Decimal(amount), currency="USD", row=2,
        place="Transactions",
    )  # fmt: skip
    return replace(line, **changes)


LINES = (
    verdict("NORTH", "INV-1", "5000", "50000.00"),
    verdict("NORTH-1", "INV-2", "2000", "20000.00"),
    verdict("NORTH-2", "INV-3", "480", "4800.00"),
    verdict(
        "NORTH-2",
        "INV-4",
        "10",
        "100.00",
        counts=False,
        in_measure=False,
        in_base=False,
        reason="OUT_OF_SCOPE",
        reason_text="not in the program's scope",
    ),
    verdict("SOUTH", "SECRET-INV", "9000", "90000.00", participant_id="SOUTH"),
)


def hand_made(*rows: Attainment, program: Program = PROGRAM, settings: Settings | None = None) -> Run:
    """A run of the two families."""
    tables = Tables(
        settings=settings or Settings(company="Acme Tools", book_id="B-1", contact="rebates@acme.example", statement_note="Thank you."),
        programs=(program, Program(program_id="P-9", program_name="Hidden deal", rebate_type="Volume", starts_on=AS_OF, ends_on=AS_OF)),
        tiers=tuple(TierRow(program_id="P-1", starts_at=start, reward=pays) for start, pays in TIERS),
        scopes=(
            Scope(program_id="P-1", rule="Exclude", dimension="Distributor", value="SOUTH"),
            Scope(program_id="P-1", rule="Include", dimension="Brand", value="Acme"),
            Scope(program_id="P-1", rule="Include", dimension="Segment", value="Underachievers"),
        ),
        distributors=(
            Distributor(distributor_id="NORTH", distributor_name="Northern Supply"),
            Distributor(distributor_id="NORTH-1", distributor_name="Northern One", parent_id="NORTH"),
            Distributor(distributor_id="NORTH-2", distributor_name="Northern Two", parent_id="NORTH"),
            Distributor(distributor_id="SOUTH", distributor_name="Southern Rival", segment="Underachievers"),
        ),
        payments=(
            Payment(payment_id="1", program_id="P-1", participant_id="NORTH", period="2026-Q1", paid_on=date(2026, 4, 30), amount=Decimal("10.00")),
            Payment(payment_id="2", program_id="P-1", participant_id="NORTH", period="2026-Q1", paid_on=None, amount=Decimal("99.99")),
            Payment(payment_id="3", program_id="P-1", participant_id="SOUTH", period="2026-Q1", paid_on=date(2026, 4, 30), amount=Decimal("88.88")),
        ),
    )  # fmt: skip
    figures = rows or (
        attainment("NORTH", "7480", "74800"),
        attainment("SOUTH", "9000", "90000"),
        attainment("SOUTH", "9000", "90000", replace_id("P-9")),
    )
    return Run(
        as_of=AS_OF, run_id="r1", input_hash="", version="", engine="", tables=tables, problems=(), attainment=figures, accruals=(), payable=(),
        journal=(), counts=(),
    )  # fmt: skip


def replace_id(program_id: str) -> Program:
    """The same program under another id."""
    return PROGRAM.model_copy(update={"program_id": program_id})


def told(run_: Run, lines=LINES, branches: bool = False) -> list[Statement]:
    """Its statements."""
    return list(statements(run_, lambda ids: [line for line in lines if (line.participant_id or line.distributor_id) in ids], branches))
