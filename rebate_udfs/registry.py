"""Each cell function and each ribbon action, described once: names, arguments, help, results.

Everything that a host or a reader needs is generated from here: VBA wrappers, Office.js metadata, the Calc description,
the reference page. The functions themselves are in `functions`, lower case, with the same arguments in the same order;
`calls.call` runs one by name, as hosts do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What an argument is. An id is text or a whole number; a date a serial number (in the workbook's date system) or text
# yyyy-mm-dd; a period an id, a year or a date. Of these three an empty cell is none, also where a host hands it over as 0.
NUMBER, TEXT, RANGE, ID, DATE, PERIOD = "number", "text", "range", "id", "date", "period"
KINDS = (NUMBER, TEXT, RANGE, ID, DATE, PERIOD)
ANY = "number or text"  # a result that depends on an argument
RESULTS = (NUMBER, TEXT, ANY)
CELL, LIKE_ARGUMENTS, SPILLED = "cell", "like the arguments", "spilled"  # the shape of a result; spilled: header row and more
SHAPES = (CELL, LIKE_ARGUMENTS, SPILLED)
HELP_LIMIT = 255  # characters that Excel's function wizard takes


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: `many` means that a range gives a result of its shape; `default` is what an omitted one means."""

    name: str
    kind: str
    help: str
    required: bool = True
    default: str | float | None = None  # None on an optional argument: the help says what stands in for it
    many: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One cell function: `example` is Python, run by the tests, `gives` its result."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    result: str  # one of RESULTS
    shape: str
    example: str
    gives: str
    section: str = "direct"  # direct: ranges in, number out; book: on a handle of REBATE_BOOK

    @property
    def python_name(self) -> str:
        """The function's name in `rebate_udfs.functions`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Action:
    """One ribbon action: the same function of `actions` that the command line's verb calls; without a verb it is a host's own."""

    name: str
    label: str
    help: str
    verb: str = ""


def _number(name: str, text: str, *, many: bool = True) -> Argument:
    return Argument(name, NUMBER, text, many=many)


def _option(name: str, text: str, default: str | float | None, kind: str = TEXT, *, many: bool = False) -> Argument:
    return Argument(name, kind, text, required=False, default=default, many=many)


MEASURE = _number("measure", "What was bought in the period: money or units. A range gives a result of its shape.")
TIERS = Argument(
    "tiers", RANGE, "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent rewards as 4 %, not 4."
)
METHOD = _option("method", "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are accepted.", "Retrospective")
REWARD = _option("reward", "Percent (default), Per Unit or Lump Sum.", "Percent")
THRESHOLD = _option("threshold", "At Least (default): a tier is reached at its From. More Than: only above it.", "At Least")
BASE = _option("base", "What the reward is applied to, when it is not the measure; split over the bands as the measure is.", None, NUMBER, many=True)
RECOGNISED_HELP = "What has been recognised so far; 0 when omitted."


def _direct(name: str, summary: str, arguments: tuple[Argument, ...], example: str, gives: str, result: str = NUMBER) -> Function:
    spreads = any(argument.many for argument in arguments)
    return Function(name, summary, arguments, result, LIKE_ARGUMENTS if spreads else CELL, example, gives)


_DIRECT = (
    _direct(
        "REBATE_TIER",
        "Number of the tier that a measure reaches, 0 for none.",
        (MEASURE, TIERS, THRESHOLD),
        "rebate_tier(12480, [[5000, 0.02], [10001, 0.04], [25001, 0.06]])",
        "2.0",
    ),
    _direct(
        "REBATE_RATE",
        "Reward of the tier that a measure reaches, 0 for none.",
        (MEASURE, TIERS, THRESHOLD),
        "rebate_rate(210000, [[100000, 0.01], [200000, 0.02], [300000, 0.03]])",
        "0.02",
    ),
    _direct(
        "REBATE_AMOUNT",
        "Rebate that a measure earns, rounded to 2 places.",
        (MEASURE, TIERS, METHOD, REWARD, BASE, THRESHOLD),
        'rebate_amount(2000, [[0, 1000, 0.1], [1000, 2500, 0.25]], "Incremental")',
        "350.0",
    ),
    _direct(
        "REBATE_EFFECTIVE_RATE",
        "Unrounded rebate divided by its base, 0 when the base is 0.",
        (MEASURE, TIERS, METHOD, REWARD, BASE, THRESHOLD),
        'rebate_effective_rate(12000, [[5000, 10000, 0.02], [10001, 25000, 0.04]], "Incremental")',
        "0.015",
    ),
    _direct(
        "REBATE_TO_NEXT_TIER",
        "What is missing to the next tier's From, 0 at the top.",
        (MEASURE, TIERS, THRESHOLD),
        "rebate_to_next_tier(12480, [[5000, 0.02], [10001, 0.04], [25001, 0.06]])",
        "12521.0",
    ),
    _direct(
        "REBATE_NEXT_TIER_VALUE",
        "Rebate at the next tier's From minus the rebate here; 0 at the top, negative where the payout falls.",
        (MEASURE, TIERS, METHOD, REWARD, BASE, THRESHOLD),
        "rebate_next_tier_value(8000, [[5000, 0.02], [10000, 0.04]])",
        "240.0",
    ),
    _direct(
        "REBATE_GROWTH",
        "Growth rebate: tiers on (current - baseline) / baseline. #N/A without a baseline above 0.",
        (
            _number("current", "Purchases of this period. A range gives a result of its shape."),
            _number("baseline", "Purchases of the period compared with, above 0. A range gives a result of its shape."),
            TIERS,
            _option(
                "reward_on", "Increment (default): over the baseline. Over Threshold: over the reached tier's From. All: all purchases.", "Increment"
            ),
            METHOD,
            THRESHOLD,
        ),
        "rebate_growth(2350000, 2000000, [[0.1, 0.02], [0.15, 0.03], [0.2, 0.04]])",
        "10500.0",
    ),
    _direct(
        "REBATE_MIX",
        "Mix rebate: tiers on the share of focus items in the total. 0 when the total or the base is 0 or less.",
        (
            _number("focus", "Purchases of the focus items. A range gives a result of its shape."),
            _number("total", "All eligible purchases, the focus items included. A range gives a result of its shape."),
            TIERS,
            _option("base", "What the reward is applied to; the total when omitted.", None, NUMBER, many=True),
            THRESHOLD,
        ),
        "rebate_mix(20000, 100000, [[0.2, 0.02]])",
        "2000.0",
    ),
    _direct(
        "REBATE_MDF",
        "What a market development fund reimburses: cost x participation, at most what is available, never below 0.",
        (
            _number("cost", "What the activity cost. A range gives a result of its shape, each element against the whole fund."),
            _number("participation", "Share of the cost that is reimbursed, 0 to 1: 50 % or 0.5.", many=False),
            _number("available", "What is left in the fund.", many=False),
        ),
        "rebate_mdf(1800, 0.5, 2000)",
        "900.0",
    ),
    _direct(
        "REBATE_SHIP_DEBIT",
        "Claim under a special price: quantity x support a unit, neither below 0.",
        (
            _number("quantity", "Units sold to the end customer. A range gives a result of its shape."),
            _number("cost", "What a unit cost the distributor. A range gives a result of its shape."),
            _number("terms", "By mode: the agreed price, the amount off, the percent off, or the margin kept. A range gives a result of its shape."),
            _option("mode", "Down To (default), Down By, Down By Percent or Margin.", "Down To"),
            _option("sell_price", "Price to the end customer, needed by Margin. A range gives a result of its shape.", None, NUMBER, many=True),
        ),
        "rebate_ship_debit(100, 20, 18)",
        "200.0",
    ),
    _direct(
        "REBATE_ACCRUE",
        "Entry to post: effective rate at the forecast x base to date, rounded, minus what is recognised.",
        (
            _number("base_to_date", "Purchases so far. A range gives a result of its shape."),
            _number("forecast", "Measure expected at period end. A range gives a result of its shape."),
            TIERS,
            METHOD,
            REWARD,
            _option("recognised", RECOGNISED_HELP, 0, NUMBER, many=True),
            _option("forecast_base", "Base expected at period end; the forecast when omitted.", None, NUMBER, many=True),
            THRESHOLD,
        ),
        'rebate_accrue(575, 1200, [[1001, 10]], reward="Per Unit")',
        "5750.0",
    ),
    _direct(
        "REBATE_EXPECTED",
        "Entry to post by expected value: sum(p x reward) / sum(p x forecast) x base to date, rounded, minus what is recognised.",
        (
            _number("base_to_date", "Purchases so far.", many=False),
            Argument("forecasts", RANGE, "Measures that may be reached at period end, one for each scenario."),
            Argument("probabilities", RANGE, "Probability of each scenario: 0 or more, adding to 1."),
            TIERS,
            METHOD,
            REWARD,
            _option("recognised", RECOGNISED_HELP, 0, NUMBER),
            THRESHOLD,
        ),
        "rebate_expected(60000, [[90000], [120000]], [[0.5], [0.5]], [[100000, 0.04]])",
        "1371.43",
    ),
    Function(
        "REBATE_ALLOCATE",
        "Splits a total over a range by weight, so that the rounded parts add up to it.",
        (
            _number("total", "What is to be split; it is rounded to places first.", many=False),
            Argument("weights", RANGE, "A weight for each part; 0 or less or empty gets nothing. The result has the range's shape."),
            _option("places", "Decimal places of the parts, 0 to 15; 2 when omitted.", 2, NUMBER),
        ),
        NUMBER,
        LIKE_ARGUMENTS,
        "rebate_allocate(100, [[1], [1], [1]])",
        "[[33.34], [33.33], [33.33]]",
    ),
    _direct(
        "REBATE_VERSION",
        "Version of the product and of the workbook template it expects.",
        (),
        "rebate_version()",
        "'0.2.0 (template 1)'",
        TEXT,
    ),
)

BOOK = Argument("book", TEXT, "The cell that holds REBATE_BOOK, named Rebates in the template.")
PROGRAM = _option("program", "Program ID; all programs when omitted (of several currencies: the sum in Base Currency).", "", ID)
DISTRIBUTOR = _option("distributor", "Distributor ID; all when omitted. Its own figure, or its share where a parent is measured.", "", ID)
ONE_PROGRAM = Argument("program", ID, "Program ID.")
ONE_DISTRIBUTOR = Argument("distributor", ID, "Distributor ID; a branch is shown the figure of the parent that is measured.")
PERIOD_ASKED = _option("period", "Period such as 2026-Q1 or 2026, or a day in it; all that have begun when omitted.", "", PERIOD)
AS_OF = _option("as_of", "The day up to which to compute; the book's As Of when omitted.", "", DATE)
OPTIONAL_TABLES = {  # in the order of the arguments: what the table is for
    "enrollments": "who takes part in which program", "scopes": "what counts for a program", "settings": "company, calendar, currency, rounding",
    "baselines": "comparison figures of growth programs", "forecasts": "what is expected by the end of a period",
    "exchange_rates": "what a unit of a currency is worth", "claims": "what distributors ask for", "payments": "what was paid and is proposed",
    "disputes": "where a distributor does not agree", "ledger": "what is posted", "special_prices": "agreed prices of ship and debit programs",
    "adjustments": "opening balances and corrections", "accounts": "your account numbers", "control_totals": "what your accounting system reports",
}  # fmt: skip


def _table(name: str, help_text: str, required: bool = True) -> Argument:
    return Argument(name, RANGE, help_text, required)


def _sheet(argument: str) -> str:
    """The Excel table of an argument, as a formula names it."""
    return f"{argument.title()}[#All]"


def _book(name: str, summary: str, arguments: tuple[Argument, ...], example: str, gives: str, result: str = NUMBER, shape: str = CELL) -> Function:
    return Function(name, summary, arguments, result, shape, example, gives, "book")


_BOOK = (
    _book(
        "REBATE_BOOK",
        "The handle of a book: text with counts and a content hash. Give its cell as first argument to the functions on the workbook.",
        (
            _table("programs", "The Programs table with its header row: Programs[#All]."),
            _table("tiers", "The Tiers table with its header row: Tiers[#All]."),
            _table("distributors", "The Distributors table with its header row: Distributors[#All]."),
            _table("products", "The Products table with its header row: Products[#All]."),
            _table("transactions", "The Transactions table with its header row, or text: the path of Parquet or CSV files."),
            *(_table(name, f"{_sheet(name)}: {what}.", required=False) for name, what in OPTIONAL_TABLES.items()),
        ),
        "rebate_book([], [], [], [], []).code",
        "'#VALUE!'",
        TEXT,
    ),
    _book(
        "REBATE_ACCRUAL",
        "What should be recognised by the as-of date, before settlements.",
        (BOOK, PROGRAM, DISTRIBUTOR, AS_OF),
        'rebate_accrual("no handle", "P-100", "NORTH").code',
        "'#VALUE!'",
    ),
    _book(
        "REBATE_EARNED",
        "What was earned by the as-of date.",
        (BOOK, PROGRAM, DISTRIBUTOR, PERIOD_ASKED, AS_OF),
        'rebate_earned("no handle", "P-100", "NORTH", "2026-Q1").code',
        "'#VALUE!'",
    ),
    _book(
        "REBATE_ATTAINMENT",
        "How far a participant has come in a program: its tier, rate, measure, distance to the next tier and more.",
        (
            BOOK,
            ONE_PROGRAM,
            ONE_DISTRIBUTOR,
            AS_OF,
            _option(
                "show",
                "Tier (default), Rate, Measure, Target, Percent, To Next, Next Value, Forecast, Forecast Tier, Accrual Tier or Status.",
                "Tier",
            ),
        ),
        'rebate_attainment("no handle", "P-100", "NORTH", show="Status").code',
        "'#VALUE!'",
        ANY,
    ),
    _book(
        "REBATE_PAYABLE",
        "What is due by the as-of date and not settled, never below 0.",
        (BOOK, PROGRAM, DISTRIBUTOR, AS_OF),
        'rebate_payable("no handle").code',
        "'#VALUE!'",
    ),
    _book(
        "REBATE_CLAIM",
        "How a claim stands: its status, amounts, reasons and what to do. Several lines sum their amounts and show the worst status.",
        (
            BOOK,
            Argument("claim_id", ID, "Claim ID as in the table Claims."),
            _option("show", "Status (default), Claimed, Calculated, Approved, Paid, Reasons or Remedy.", "Status"),
            _option("distributor", "Distributor ID of who sent the claim; needed when two distributors use the same Claim ID.", "", ID),
        ),
        'rebate_claim("no handle", "C-2001", "Approved").code',
        "'#VALUE!'",
        ANY,
    ),
    _book(
        "REBATE_TABLE",
        "A result table with its header row, to spill over the cells below.",
        (
            BOOK,
            Argument("name", TEXT, "Attainment, Accruals, Payable, Journal, Roll-Forward, Claims, Coach or Transactions."),
            PROGRAM,
            DISTRIBUTOR,
            AS_OF,
        ),
        'rebate_table("no handle", "Accruals").code',
        "'#VALUE!'",
        ANY,
        SPILLED,
    ),
    _book(
        "REBATE_EXPLAIN",
        "How a figure came about: step, detail, quantity, rate and amount, to spill; the last row is what REBATE_EARNED gives.",
        (BOOK, ONE_PROGRAM, ONE_DISTRIBUTOR, PERIOD_ASKED, AS_OF),
        'rebate_explain("no handle", "P-100", "NORTH").code',
        "'#VALUE!'",
        ANY,
        SPILLED,
    ),
    _book(
        "REBATE_CHECK",
        "Everything wrong with the book, to spill: severity, code, table, row, column, message and remedy.",
        (BOOK,),
        'rebate_check("no handle").code',
        "'#VALUE!'",
        ANY,
        SPILLED,
    ),
)

_ACTIONS = (
    Action("new_workbook", "New Workbook", "Opens an empty standard workbook.", "new"),
    Action("import_transactions", "Import Transactions", "Appends an export of another system, after a look at what it gives.", "import"),
    Action("check", "Check", "Lists everything in the tables that is wrong or doubtful, each with its place and what to do.", "check"),
    Action("calculate", "Calculate", "Computes attainment, accruals, payables and journal, and writes the result sheets.", "run"),
    Action("validate_claims", "Validate Claims", "Approves, adjusts, holds or rejects every claim line, with all reasons and what to do.", "claims"),
    Action("close_period", "Close Period", "Shows what an accounting period lacks in the ledger, and posts it when you agree.", "close"),
    Action("reconcile", "Reconcile", "Compares Transactions with somebody else's list, with the rebate at stake on each difference.", "reconcile"),
    Action("make_statements", "Make Statements", "Writes one statement workbook for each distributor.", "statements"),
    Action("receive_statements", "Receive Statements", "Reads filled statements and appends their claims and disputes, each only once.", "receive"),
    Action("explain_cell", "Explain Cell", "Shows how the figure in the selected cell was computed, line by line.", "explain"),
    Action("activate_functions", "Activate Functions", "Enters Rebates formulas that came from another program anew, so that they compute here."),
    Action("help", "Help", "Says which version this is, where things are, and where to look next."),
)

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in (*_DIRECT, *_BOOK)}
ACTIONS: Mapping[str, Action] = {action.name: action for action in _ACTIONS}
