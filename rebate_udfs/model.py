"""Every noun of the product, in one place.

    Tables                     one book: what a company typed, checked
      Settings                 the company, its calendar, its rounding
      [Program]                the terms on which a rebate is earned; it has..
        [TierRow]              .. steps, dated
        [Scope]                .. what counts, by role
        [Enrollment]           .. who takes part, when, with which target
      [Distributor] [Product]  who buys what
      Lines                    the transactions, in a frame
      [Forecast] [Baseline] [ExchangeRate] [Payment] [Claim] [Dispute] [Adjustment] [LedgerEntry] ..
    Run                        what a calculation of that book gives
      [Attainment]             one participant in one period of one program; it has..
        Reward                 .. what it earns, as..
          [Step]               .. the arithmetic, line by line: the amount is their sum
      [Accrual]                what the books should hold, and the entry that is missing
      [Payable]                what falls due when, and what of it is open
      [JournalRow]             the entry as accounts see it
      [Problem]                everything wrong, with place and remedy

Money, quantities and rates are `Decimal` as typed and `Fraction` while computing; a float is never
part of a sum. Amounts are in the program's currency, rates are fractions (4 % is 0.04), dates are inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict


class Refused(Exception):
    """A call that cannot be answered as asked: one sentence that says why and what to do."""


# ---- choices: the first value of each is the default, used when the cell or the column is empty


class Perspective(StrEnum):
    MANUFACTURER = "Manufacturer"
    DISTRIBUTOR = "Distributor"


class CalendarKind(StrEnum):
    MONTHLY = "Monthly"
    FOUR_FOUR_FIVE = "4-4-5"
    FOUR_FIVE_FOUR = "4-5-4"
    FIVE_FOUR_FOUR = "5-4-4"


class Weekday(StrEnum):
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"


class YearEndRule(StrEnum):
    NEAREST = "Nearest"
    LAST = "Last"


class Rounding(StrEnum):
    HALF_UP = "Half up"
    HALF_EVEN = "Half even"


class PayClaims(StrEnum):
    LOWER = "Lower"
    CALCULATED = "Calculated"


class RebateType(StrEnum):
    VOLUME = "Volume"
    GROWTH = "Growth"
    MIX = "Mix"
    MDF = "MDF"
    SHIP_AND_DEBIT = "Ship and Debit"


class PeriodKind(StrEnum):
    PROGRAM = "Program"
    MONTH = "Month"
    QUARTER = "Quarter"
    HALF = "Half"
    YEAR = "Year"


class Status(StrEnum):
    ACTIVE = "Active"
    DRAFT = "Draft"
    CLOSED = "Closed"


class MeasureOf(StrEnum):
    AMOUNT = "Amount"
    UNITS = "Units"


class TiersOn(StrEnum):
    MEASURE = "Measure"
    PERCENT_OF_TARGET = "Percent of Target"


class Method(StrEnum):
    RETROSPECTIVE = "Retrospective"
    INCREMENTAL = "Incremental"
    ROLLING = "Rolling"
    TOTAL = "Total"
    LINEAR = "Linear"


class RewardKind(StrEnum):
    PERCENT = "Percent"
    PER_UNIT = "Per Unit"
    LUMP_SUM = "Lump Sum"


class Threshold(StrEnum):
    AT_LEAST = "At Least"
    MORE_THAN = "More Than"


class RewardOn(StrEnum):
    ALL = "All"
    INCREMENT = "Increment"
    OVER_THRESHOLD = "Over Threshold"
    FOCUS = "Focus"


class AggregateBy(StrEnum):
    PARENT = "Parent"
    BRANCH = "Branch"


class DateBasis(StrEnum):
    INVOICE = "Invoice"
    ORDER = "Order"
    SHIP = "Ship"
    POSTED = "Posted"


class Returns(StrEnum):
    DEDUCT = "Deduct"
    IGNORE = "Ignore"
    ORIGINAL_PERIOD = "Original Period"


class AccrualPolicy(StrEnum):
    FORECAST = "Forecast"
    ATTAINED = "Attained"
    MANUAL = "Manual"
    EXPECTED_VALUE = "Expected Value"
    MOST_LIKELY = "Most Likely"


class ForecastMethod(StrEnum):
    RUN_RATE = "Run Rate"
    SEASONAL = "Seasonal"


class AccrualBasis(StrEnum):
    PURCHASES = "Purchases"
    TIME = "Time"


class Presentation(StrEnum):
    CONTRA_REVENUE = "Contra Revenue"
    MARKETING_EXPENSE = "Marketing Expense"
    COST_OF_SALES = "Cost of Sales"


class SettlementBasis(StrEnum):
    CUMULATIVE = "Cumulative"
    SEPARATE = "Separate"


class Settlement(StrEnum):
    CREDIT_NOTE = "Credit Note"
    CHECK = "Check"
    DIRECT_DEPOSIT = "Direct Deposit"


class AppliesTo(StrEnum):
    ALL = "All"
    QUALIFY = "Qualify"
    REWARD = "Reward"
    FOCUS = "Focus"


class ScopeRule(StrEnum):
    INCLUDE = "Include"
    EXCLUDE = "Exclude"


class Dimension(StrEnum):
    SKU = "SKU"
    CATEGORY = "Category"
    BRAND = "Brand"
    DISTRIBUTOR = "Distributor"
    REGION = "Region"
    SEGMENT = "Segment"
    ACTIVITY = "Activity"


class TransactionType(StrEnum):
    INVOICE = "Invoice"
    CREDIT_NOTE = "Credit Note"
    RETURN = "Return"


class PriceMode(StrEnum):
    DOWN_TO = "Down To"
    DOWN_BY = "Down By"
    DOWN_BY_PERCENT = "Down By Percent"
    MARGIN = "Margin"


class Decision(StrEnum):
    APPROVE = "Approve"
    REJECT = "Reject"


class DisputeStatus(StrEnum):
    OPEN = "Open"
    UNDER_REVIEW = "Under Review"
    RESOLVED = "Resolved"


class Resolution(StrEnum):
    ACCEPTED = "Accepted"
    ADJUSTED = "Adjusted"
    REJECTED = "Rejected"


class AdjustmentKind(StrEnum):
    OPENING = "Opening"
    ADJUSTMENT = "Adjustment"
    WRITE_OFF = "Write-Off"
    FORFEIT = "Forfeit"


class EntryKind(StrEnum):
    OPENING = "Opening"
    ACCRUAL = "Accrual"
    TRUE_UP = "True-Up"
    SETTLEMENT = "Settlement"
    FORFEIT = "Forfeit"
    WRITE_OFF = "Write-Off"
    ADJUSTMENT = "Adjustment"
    REVALUATION = "Revaluation"
    REVERSAL = "Reversal"


class Severity(StrEnum):
    ERROR = "Error"  # the rows concerned are left out
    WARNING = "Warning"  # they count, but somebody should look


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, as a value: where, what, and what to do."""

    severity: Severity
    code: str  # UPPER_CASE, stable: tests and documents rely on it
    table: str  # "" when no table is concerned
    row: int | None  # the sheet's own row number, from 1; None for a whole table
    column: str | None
    message: str
    remedy: str
    program_id: str = ""  # when one program's figures are concerned


@dataclass(frozen=True, slots=True)
class CellError:
    """What a cell function gives instead of a number; `code` is one of #VALUE!, #NUM!, #N/A."""

    code: str
    message: str


# ---- rows that a person typed: parsed, checked, then never changed. `row` is the sheet's row number.


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    row: int = 0


class Settings(Row):
    company: str = ""
    book_id: str = ""
    perspective: Perspective = Perspective.MANUFACTURER
    base_currency: str = "USD"
    as_of: date | None = None  # None: the latest date of usable rows
    fiscal_year_start: int = 1  # month, 1 to 12
    calendar: CalendarKind = CalendarKind.MONTHLY
    week_end: Weekday = Weekday.SATURDAY
    year_end_rule: YearEndRule = YearEndRule.NEAREST
    rounding: Rounding = Rounding.HALF_UP
    claim_tolerance_amount: Decimal = Decimal("1.00")
    claim_tolerance_percent: Decimal = Decimal("0.01")
    pay_claims: PayClaims = PayClaims.LOWER
    sold_share: Decimal = Decimal(1)
    rebate_skus: tuple[str, ...] = ()
    accent_color: str = ""
    logo_file: str = ""
    contact: str = ""
    statement_note: str = ""
    date_format: str = "yyyy-mm-dd"
    bank_account: str = ""
    bank_id: str = ""
    approval: bool = False
    template_version: str = ""


class Program(Row):
    program_id: str
    program_name: str
    rebate_type: RebateType
    starts_on: date
    ends_on: date
    objective: str = ""
    supplier: str = ""
    period: PeriodKind = PeriodKind.PROGRAM
    status: Status = Status.ACTIVE
    owner: str = ""
    approved_by: str = ""
    approved_on: date | None = None
    clause: str = ""
    document: str = ""
    measure: MeasureOf = MeasureOf.AMOUNT
    tiers_on: TiersOn = TiersOn.MEASURE
    method: Method = Method.RETROSPECTIVE
    reward: RewardKind = RewardKind.PERCENT
    threshold: Threshold = Threshold.AT_LEAST
    reward_on: RewardOn | None = None  # None: Increment for Growth, else All
    aggregate_by: AggregateBy = AggregateBy.PARENT
    date_basis: DateBasis = DateBasis.INVOICE
    returns: Returns = Returns.DEDUCT
    currency: str = ""  # "": Base Currency
    sequence: int | None = None
    net_of: tuple[str, ...] = ()
    best_of_group: str = ""
    base_cap: Decimal | None = None
    period_cap: Decimal | None = None
    program_cap: Decimal | None = None
    minimum_payout: Decimal | None = None
    accrual_policy: AccrualPolicy | None = None  # None: Attained for Incremental, else Forecast
    forecast_method: ForecastMethod = ForecastMethod.RUN_RATE
    manual_tier: int | None = None
    constraint: Decimal = Decimal(0)
    late_days: int = 0
    expected_claims: Decimal = Decimal(1)
    accrual_basis: AccrualBasis = AccrualBasis.PURCHASES
    presentation: Presentation = Presentation.CONTRA_REVENUE
    settlement_period: PeriodKind | None = None  # None: the same as Period
    settlement_basis: SettlementBasis = SettlementBasis.CUMULATIVE
    settlement: Settlement = Settlement.CREDIT_NOTE
    payment_terms_days: int = 30
    recover: bool = True
    claim_required: bool = False
    claim_window_days: int = 90
    participation: Decimal = Decimal(1)
    proof_required: bool = True
    carry_over: bool = False


class TierRow(Row):
    program_id: str
    starts_at: Decimal  # column From
    ends_at: Decimal | None = None  # column To
    reward: Decimal
    starts_on: date | None = None
    pay_from_first: bool = False


class Scope(Row):
    program_id: str
    applies_to: AppliesTo = AppliesTo.ALL
    rule: ScopeRule
    dimension: Dimension
    value: str


class Enrollment(Row):
    program_id: str
    distributor_id: str
    starts_on: date | None = None
    ends_on: date | None = None
    target: Decimal | None = None
    baseline: Decimal | None = None
    budget: Decimal | None = None


class Distributor(Row):
    distributor_id: str
    distributor_name: str
    parent_id: str = ""
    region: str = ""
    segment: str = ""
    currency: str = ""
    email: str = ""
    member_from: date | None = None
    member_to: date | None = None
    payment_hold: bool = False
    payee: str = ""
    bank_account: str = ""
    bank_id: str = ""


class Product(Row):
    sku: str
    product_name: str = ""
    category: str = ""
    brand: str = ""
    unit_cost: Decimal | None = None
    list_price: Decimal | None = None
    launched_on: date | None = None


class Baseline(Row):
    program_id: str
    participant_id: str
    period: str
    amount: Decimal | None = None
    units: Decimal | None = None
    source: str = ""
    approved_by: str = ""
    note: str = ""


class Forecast(Row):
    program_id: str
    participant_id: str
    period: str
    measure: Decimal
    probability: Decimal | None = None
    scenario: str = ""


class ExchangeRate(Row):
    currency: str
    valid_from: date
    rate: Decimal  # one unit of currency in Base Currency


class SpecialPrice(Row):
    program_id: str
    sku: str
    distributor_id: str = ""
    end_customer: str = ""
    mode: PriceMode
    terms: Decimal
    cost: Decimal | None = None
    maximum_quantity: Decimal | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Claim(Row):
    claim_id: str
    line: str = "1"
    resubmission: int = 0
    program_id: str
    distributor_id: str
    claim_date: date | None = None
    invoice_number: str = ""
    transaction_id: str = ""
    sku: str = ""
    quantity: Decimal | None = None
    claimed_amount: Decimal | None = None
    currency: str = ""
    period: str = ""
    activity_type: str = ""
    activity_date: date | None = None
    activity_cost: Decimal | None = None
    proof_reference: str = ""
    sale_date: date | None = None
    end_customer: str = ""
    unit_cost: Decimal | None = None
    sell_price: Decimal | None = None
    decision: Decision | None = None
    decided_amount: Decimal | None = None
    decided_by: str = ""
    decided_on: date | None = None
    decision_note: str = ""


class Payment(Row):
    payment_id: str
    program_id: str
    participant_id: str
    period: str
    claim_id: str = ""
    claim_line: str = ""
    due_on: date | None = None
    paid_on: date | None = None  # None: a proposal under way, not settled
    amount: Decimal
    currency: str = ""
    method: str = ""
    reference: str = ""


class Dispute(Row):
    dispute_id: str
    opened_on: date
    distributor_id: str
    figure_id: str = ""
    invoice_number: str = ""
    reason: str
    disputed_amount: Decimal | None = None
    status: DisputeStatus = DisputeStatus.OPEN
    resolution: Resolution | None = None
    resolved_on: date | None = None
    adjusted_amount: Decimal | None = None
    answer: str = ""
    note: str = ""


class Adjustment(Row):
    adjustment_id: str
    program_id: str
    participant_id: str
    period: str
    kind: AdjustmentKind
    dated_on: date
    amount: Decimal
    reason: str
    approved_by: str = ""


class Account(Row):
    role: str
    account: str
    cost_center: str = ""
    rebate_type: RebateType | None = None
    program_id: str = ""


class ControlTotal(Row):
    accounting_period: str
    source: str = ""
    amount: Decimal
    rows: int | None = None


class LedgerEntry(Row):
    sequence: int
    entry_id: str = ""
    run_id: str = ""
    posted_on: datetime | date | None = None
    posted_by: str = ""
    approved_by: str = ""
    accounting_period: str
    figure_id: str = ""
    program_id: str
    participant_id: str
    earning_period: str
    kind: EntryKind
    reason: str = ""
    debit_account: str = ""
    credit_account: str = ""
    cost_center: str = ""
    amount: Decimal
    currency: str = ""
    rate: Decimal | None = None
    base_amount: Decimal | None = None
    source: str = ""
    reverses: str = ""
    input_hash: str = ""
    version: str = ""
    previous_hash: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class LineProfile:
    """What the usable transactions hold by one date basis, so that work that no line needs is not done."""

    first: date
    last: date
    returns: int  # lines that are no invoices
    has_originals: bool  # some return names its original
    has_currency: bool
    undated: int  # lines without a date of the basis: their Invoice Date counts


def line_profile(first: date | None, last: date | None, returns: int, originals: object, currency: object, undated: int) -> LineProfile | None:
    """A profile out of what a query found; None where it found no line."""
    if first is None or last is None:
        return None
    return LineProfile(first, last, int(returns), bool(returns and originals), bool(currency), int(undated))


@dataclass(frozen=True, slots=True)
class Lines:
    """The usable transactions, canonical, in whatever frame the engine runs on.

    `frame` is a narwhals LazyFrame with the columns of `LINE_COLUMNS`; `quantity` and `amount` are
    whole numbers in units of 10^-quantity_places and 10^-amount_places. Text columns hold '' for
    nothing, dates null.
    """

    frame: Any
    quantity_places: int
    amount_places: int
    rows_read: int
    rows_excluded: Mapping[str, int]  # reason code -> rows, every one of which has a Problem or a note
    latest_invoice_date: date | None
    content_hash: str  # of the usable and excluded content, order of rows aside
    engine: str = "duckdb"
    engine_run: Any = None  # the run's engine: frames of one engine can be joined with one another
    profiles: Mapping[str, LineProfile | None] = field(default_factory=dict)  # by column of a date, as far as they are known


LINE_COLUMNS = (  # name, kind; `row` is the source's row number, `place` its table, file or sheet
    ("row", "int"), ("place", "text"), ("transaction_id", "text"), ("invoice_date", "date"), ("order_date", "date"),
    ("ship_date", "date"), ("posted_on", "date"), ("distributor_id", "text"), ("sku", "text"), ("quantity", "int"),
    ("amount", "int"), ("type", "text"), ("invoice_number", "text"), ("line", "text"), ("currency", "text"),
    ("original_transaction_id", "text"), ("source", "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tables:
    """One book, parsed and checked. Rows with an error are not in it; `problems` names them."""

    settings: Settings
    programs: tuple[Program, ...] = ()
    tiers: tuple[TierRow, ...] = ()
    scopes: tuple[Scope, ...] = ()
    enrollments: tuple[Enrollment, ...] = ()
    distributors: tuple[Distributor, ...] = ()
    products: tuple[Product, ...] = ()
    lines: Lines | None = None
    baselines: tuple[Baseline, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    exchange_rates: tuple[ExchangeRate, ...] = ()
    special_prices: tuple[SpecialPrice, ...] = ()
    claims: tuple[Claim, ...] = ()
    payments: tuple[Payment, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    accounts: tuple[Account, ...] = ()
    control_totals: tuple[ControlTotal, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    claim_entries: tuple[LedgerEntry, ...] = ()  # those that make claim lines final, where the ledger itself is left out
    problems: tuple[Problem, ...] = ()
    input_hash: str = ""  # SHA-256 of everything that can move a figure
    rows_read: Mapping[str, int] = field(default_factory=dict)  # table -> rows


# ---- periods and ladders


@dataclass(frozen=True, slots=True)
class Period:
    period_id: str  # 2026-03, 2026-P03, 2026-Q1, 2026-H1, 2026, or the program's id
    starts_on: date
    ends_on: date  # inclusive

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a ladder, after the gap rule: `reached` is the From, `ends_at` where its band breaks."""

    number: int  # from 1
    reached: Fraction  # the measure at which it is reached (money, units, or a fraction of target, growth or share)
    starts_at: Fraction  # where its band begins: the previous tier's break, or its own From
    ends_at: Fraction | None  # where its band breaks; None for the last
    reward: Fraction
    pay_from_first: bool = False


Ladder = tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class WalkLine:
    """A transaction as a walk needs it, already in walking order."""

    transaction_id: str
    measure: Fraction  # 0 when outside the Qualify scope
    base: Fraction  # 0 when outside the Reward scope


@dataclass(frozen=True, slots=True)
class Facts:
    """What one participant did in one period, as a rule sees it. All figures unrounded."""

    measure: Fraction
    base: Fraction
    lines: tuple[WalkLine, ...] | None = None  # only where the rule walks the lines
    target: Fraction | None = None
    baseline: Fraction | None = None
    focus: Fraction = Fraction(0)  # the measure of the Focus scope
    focus_base: Fraction = Fraction(0)
    budget: Fraction | None = None
    lines_factor: Fraction = Fraction(1)  # a forecast: every line's measure and base count this many times
    base_is_measure: bool | None = None  # one and the same figure, whatever its value; None: when the two are equal
    tier_measure: Fraction | None = None  # a Constraint: the tier (and only the tier) is found at this measure (Mix: focus)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of arithmetic. `quantity` x `rate` = `amount` where all three are given."""

    label: str
    detail: str = ""
    quantity: Fraction | None = None
    rate: Fraction | None = None
    amount: Fraction | None = None  # None: a line that says something and adds nothing


@dataclass(frozen=True, slots=True)
class Reward:
    """What a rule gives: unrounded, with its steps; the amount is the sum of their amounts."""

    amount: Fraction
    tier: int  # 0 for none
    steps: tuple[Step, ...] = ()

    @property
    def rate(self) -> Fraction | None:
        return next((step.rate for step in reversed(self.steps) if step.rate is not None), None)


# ---- results


@dataclass(frozen=True, slots=True)
class Attainment:
    figure_id: str  # PROGRAM/PARTICIPANT/PERIOD/earned
    program_id: str
    participant_id: str
    period: Period  # clipped to the program (not to the enrollment)
    currency: str
    measure: Fraction
    percent: Fraction | None  # of target; growth: the growth, mix: the share
    target: Fraction | None
    baseline: Fraction | None
    base: Fraction  # before limits
    attained_tier: int
    accrual_tier: int
    forecast_tier: int
    forecast: Fraction | None
    to_next_tier: Fraction  # 0 at the top
    next_tier_value: Decimal
    rate: Fraction  # reward of the attained tier, 0 for none
    earned: Decimal
    status: str
    transactions_used: int
    transactions_excluded: int
    reward: Reward
    ladder: Ladder = ()  # on the measure: thresholds as money, units, growth or share
    measure_unit: str = ""  # the currency, "units", or "%"
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Accrual:
    figure_id: str  # PROGRAM/PARTICIPANT/PERIOD/accrued
    program_id: str
    participant_id: str
    period: Period
    policy: str
    earned: Decimal
    accrued: Decimal
    recognised: Decimal
    true_up: Decimal
    currency: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Payable:
    figure_id: str  # PROGRAM/PARTICIPANT/PERIOD/payable
    program_id: str
    participant_id: str
    period: str
    settlement_end: date
    due_on: date
    due: Decimal
    settled: Decimal
    payable: Decimal
    recoverable: Decimal
    carried: Decimal
    lapsed: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    date: date
    account: str
    debit: Decimal
    credit: Decimal
    currency: str
    program_id: str
    participant_id: str
    figure_id: str
    kind: str = ""
    cost_center: str = ""


@dataclass(frozen=True, slots=True)
class ProgramCount:
    """rows read = used + the sum of excluded, for one program."""

    program_id: str
    read: int
    used: int
    excluded: Mapping[str, int]  # reason code -> rows


@dataclass(frozen=True, slots=True)
class Verdict:
    """One transaction as one program sees it."""

    program_id: str
    participant_id: str  # "" when it has none
    period: str  # "" when it lies in none
    counts: bool  # in the measure or in the base
    in_measure: bool
    in_base: bool
    reason: str  # "" when it counts, else a code of qualify.REASONS
    reason_text: str  # the sentence for people
    counted_on: date | None  # the date that decided
    transaction_id: str
    invoice_date: date
    invoice_number: str
    line: str
    distributor_id: str
    sku: str
    type: str
    quantity: Decimal
    amount: Decimal
    currency: str
    row: int
    place: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """One claim line after validation: what was asked, what the terms give, what is paid, and why."""

    claim_id: str
    line: str
    distributor_id: str
    program_id: str
    participant_id: str  # "" where nobody is measured
    period: str  # the earning period, "" where there is none
    status: str  # Approved, Adjusted, Rejected, Held
    claimed: Decimal | None
    calculated: Decimal | None  # for the whole of what is claimed, before limits
    approved: Decimal
    paid: Decimal
    reasons: tuple[str, ...]  # codes in order of precedence
    remedies: tuple[str, ...]  # one sentence each
    currency: str
    claim_date: date | None
    carried: Decimal = Decimal(0)  # approved but below Minimum Payout: it waits
    note: str = ""  # our answer to the distributor
    row: int = 0
    details: tuple[str, ...] = ()  # what was found, in words: one for each reason ("" where it says all), then a decision
    quantity: Fraction = Fraction(0)  # approved
    difference: Decimal = Decimal(0)  # of a final line: what the terms would give today, less what stands
    posted: Decimal | None = None  # approved when a close made the line final


@dataclass(frozen=True, slots=True)
class Run:
    """One calculation of one book: values only, so that every host and every report says the same."""

    as_of: date
    run_id: str
    input_hash: str
    version: str
    engine: str
    tables: Tables
    problems: tuple[Problem, ...]
    attainment: tuple[Attainment, ...]
    accruals: tuple[Accrual, ...]
    payable: tuple[Payable, ...]
    journal: tuple[JournalRow, ...]
    counts: tuple[ProgramCount, ...]
    rows_excluded: Mapping[str, int] = field(default_factory=dict)  # before any program looked
    claims: tuple[ClaimResult, ...] = ()
    standings: Mapping[tuple[str, str, str], tuple[Fraction, int]] = field(default_factory=dict)  # figure -> measure, accrual tier; for a close only


# ---- what a rule needs to know of its program, and what a host writes


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a program that a reward rule reads; the cell functions make one from their arguments."""

    rebate_type: RebateType = RebateType.VOLUME
    method: Method = Method.RETROSPECTIVE
    reward: RewardKind = RewardKind.PERCENT
    threshold: Threshold = Threshold.AT_LEAST
    reward_on: RewardOn = RewardOn.ALL
    tiers_on: TiersOn = TiersOn.MEASURE
    base_cap: Fraction | None = None
    net_of: Fraction = Fraction(0)  # what earlier programs earned on the same transactions


@dataclass(frozen=True, slots=True)
class ResultColumn:
    header: str  # as people read it, with its unit: "Earned (USD)"
    kind: str  # text, id, date, money, number, percent, integer, yes_no, link
    field: str  # the key in --json and in REBATE_TABLE
    total: bool = False
    bar: bool = False  # a data bar: attainment


@dataclass(frozen=True, slots=True)
class Chart:
    """A short list below its table and the native chart of it: a list of its own, so that it stays true when the table is sorted.

    Each column of the list stands under the table's column of that field; the chart stands under the list, over its labels.
    """

    title: str  # the finding, in words
    heading: str  # what the list shows
    fields: tuple[str, ...]  # the table's columns that the list repeats
    rows: tuple[tuple[Any, ...], ...]  # of those columns, the first to be seen on top
    labels: tuple[str, ...]  # what each row is called beside its bar
    values: tuple[str, ...]  # which of the fields are drawn; one has no legend
    kind: str = "bar"  # bars from left to right, one row of them below the other
    axis_end: Fraction | None = None  # where the axis ends; None: where the longest bar does


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table that a host writes: one row a tuple, cells are str, int, Decimal, Fraction, date, bool or None."""

    name: str  # sheet name: Check, Attainment, Accruals, ..
    title: str  # the finding, in words
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    chart: Chart | None = None  # for hosts that can draw one
