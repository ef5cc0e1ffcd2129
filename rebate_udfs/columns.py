"""The standard workbook, described once: every table, every column, what it may hold and what it means.

The reader, the checks, the error texts, the template and the data dictionary are all made from this description
(source: domain.md section 2). `TABLES` is in the order in which a person fills them; `SETTINGS` describes the rows of
the two-column table Settings. A column's `field` is the name in the row model (`model.LINE_COLUMNS` for Transactions).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import model as m
from .describe import Column, Table, column
from .describe import choice_column as _choice
from .describe import date_column as _date
from .describe import id_column as _id
from .describe import integer_column as _integer
from .describe import money_column as _money
from .describe import number_column as _number
from .describe import share_column as _share
from .describe import text_column as _text
from .describe import yes_no_column as _yes_no


def _program(required: bool = True) -> Column:
    return _id("Program ID", "The program's id, as in Programs.", required=required, refers_to="Programs")


def _distributor(required: bool = True, hint: str = "The distributor's id, as in Distributors.") -> Column:
    return _id("Distributor ID", hint, required=required, refers_to="Distributors")


def _participant() -> Column:
    return _id("Participant ID", "Who is measured: the enrolled distributor, or its top parent.", required=True, refers_to="Distributors")


def _period(hint: str, header: str = "Period", required: bool = True) -> Column:
    return _id(header, hint, required=required, is_period=True)


NOT_NEGATIVE: dict[str, Any] = {"low": Decimal(0)}
CURRENCY_HINT = "Three letters such as USD (ISO 4217)."

SETTINGS: tuple[Column, ...] = (
    _text("Company", "Your company's name, as it stands on statements."),
    _id("Book ID", "The book's own mark, made once. Leave it as it is."),
    _choice("Perspective", m.Perspective, "Whose books these are: Manufacturer owes rebates, Distributor receives them."),
    _id("Base Currency", CURRENCY_HINT + " The currency of your books.", default="USD"),
    _date("As Of", "The day up to which to compute. Empty: the latest date in the transactions, claims and payments."),
    _integer("Fiscal Year Start", "The month in which the fiscal year starts, 1 to 12.", default="1", low=Decimal(1), high=Decimal(12)),
    _choice("Calendar", m.CalendarKind, "Monthly for calendar months; 4-4-5, 4-5-4 or 5-4-4 for weeks."),
    _choice("Week End", m.Weekday, "The last day of the week. Only for calendars of weeks."),
    _choice("Year End Rule", m.YearEndRule, "Whether the year of weeks ends on the nearest or the last such day."),
    _choice("Rounding", m.Rounding, "How a figure is rounded to the cent. Half up means away from zero."),
    _money("Claim Tolerance Amount", "A claim off by no more than this amount and the percent below is approved.", default="1.00", **NOT_NEGATIVE),
    _share("Claim Tolerance Percent", "A claim off by no more than this percent and the amount above is approved.", default="1%"),
    _choice("Pay Claims", m.PayClaims, "Lower: never more than was claimed. Calculated: what the terms give."),
    _share("Sold Share", "The part of purchases already resold, for a distributor's own books.", default="100%"),
    column("list", "Rebate SKUs", "SKUs that stand for paid rebates on credit notes, separated by commas. Such rows are left out."),
    _text("Accent Color", "The statements' color, such as #1F4E79."),
    _text("Logo File", "A picture file for the statements, beside this workbook."),
    _text("Contact", "Whom a distributor should ask: name, phone, e-mail."),
    _text("Statement Note", "A sentence that every statement shows."),
    _text("Date Format", "How dates look on statements, such as yyyy-mm-dd or dd.mm.yyyy.", default="yyyy-mm-dd"),
    _id("Bank Account", "Your own account, for payment files."),
    _id("Bank ID", "Your own bank's code (BIC or routing number), for payment files."),
    _yes_no("Approval", "No", "Yes: whoever prepares a close may not approve it."),
    _id("Template Version", "The version this workbook was made with. Leave it as it is."),
)

_SETTINGS_TABLE = (
    _text("Setting", "The setting's name, as listed in the help.", required=True, width=26),
    _text("Value", "What you choose for it. Empty means the default.", width=34),
)

_PROGRAMS = (
    _id("Program ID", "A short id of your own, such as P-100. Every program once.", required=True),
    _text("Program Name", "The name that distributors know.", required=True, width=30),
    _text("Objective", "What the program is meant to achieve."),
    _text("Supplier", "Who pays the rebate. Only for a distributor's books."),
    _choice("Rebate Type", m.RebateType, "What is rewarded: volume, growth, product mix, marketing, or ship and debit claims.", required=True),
    _date("Starts On", "The first day of the program.", required=True),
    _date("Ends On", "The last day of the program, included.", required=True),
    _choice("Period", m.PeriodKind, "How often purchases start again from zero. Program: once, over all its days."),
    _choice("Status", m.Status, "A Draft is listed and not computed."),
    _text("Owner", "Who answers for the program."),
    _text("Approved By", "Who approved the terms."),
    _date("Approved On", "When the terms were approved."),
    _text("Clause", "The clause of the agreement."),
    _text("Document", "Where the signed agreement is."),
    _choice("Measure", m.MeasureOf, "What is compared with the tiers: net amount or units."),
    _choice("Tiers On", m.TiersOn, "Percent of Target: tiers are fractions of the enrollment's target."),
    _choice("Method", m.Method, "Retrospective: the tier reached pays on all purchases. Incremental: each band pays its own rate."),
    _choice("Reward", m.RewardKind, "What the tier's Reward is: a percent, an amount per unit, or a sum."),
    _choice("Threshold", m.Threshold, "At Least: reached at From. More Than: reached above it."),
    _choice("Reward On", m.RewardOn, "What the reward is applied to. Empty: Increment for Growth, else All.", default=""),
    _choice("Aggregate By", m.AggregateBy, "Parent: branches count together. Branch: each counts alone."),
    _choice("Date Basis", m.DateBasis, "Which date of a transaction decides."),
    _choice("Returns", m.Returns, "Deduct returns in their own period, ignore them, or deduct them where they were bought."),
    _id("Currency", CURRENCY_HINT + " Empty: Base Currency. All money in the terms is in it."),
    _integer("Sequence", "The order among programs that depend on each other; empty comes last."),
    column("list", "Net Of", "Ids of programs whose rebate comes off the base first, separated by commas."),
    _id("Best Of Group", "Programs with the same word here compete: only the best one pays."),
    _money("Base Cap", "The most purchases that earn a reward, for each participant and period.", **NOT_NEGATIVE),
    _money("Period Cap", "The most a participant can earn in a period.", **NOT_NEGATIVE),
    _money("Program Cap", "The most a participant can earn over the whole program.", **NOT_NEGATIVE),
    _money("Minimum Payout", "Smaller sums are carried to the next settlement.", **NOT_NEGATIVE),
    _choice("Accrual Policy", m.AccrualPolicy, "Which tier the books expect. Empty: Attained for Incremental, else Forecast.", default=""),
    _choice("Forecast Method", m.ForecastMethod, "How to expect the period's end when Forecasts has no row."),
    _integer("Manual Tier", "The number of the tier to accrue at, from 1. Only for Accrual Policy Manual.", low=Decimal(1)),
    _share("Constraint", "How far the forecast is moved to be careful, such as 5 %.", default="0%"),
    _integer("Late Days", "Days to wait for late invoices before a period counts as ended.", default="0", **NOT_NEGATIVE),
    _share("Expected Claims", "The share of the rebate that will be claimed, where claims are required.", default="100%"),
    _choice("Accrual Basis", m.AccrualBasis, "For Lump Sum: spread with purchases or with time."),
    _choice("Presentation", m.Presentation, "Where the rebate stands in the profit and loss account."),
    _choice("Settlement Period", m.PeriodKind, "How often it is paid. Empty: as Period. Not longer than the Period.", default=""),
    _choice("Settlement Basis", m.SettlementBasis, "Cumulative: what is earned so far less what fell due before. Separate: each by itself."),
    _choice("Settlement", m.Settlement, "How it is paid."),
    _integer("Payment Terms Days", "Days from the settlement period's end until it is due.", default="30", **NOT_NEGATIVE),
    _yes_no("Recover", "Yes", "Yes: what was paid too much is taken back from later payments."),
    _yes_no("Claim Required", "No", "Yes: only what is claimed is paid."),
    _integer("Claim Window Days", "Days after the period in which it can be claimed.", default="90", **NOT_NEGATIVE),
    _share("Participation", "Marketing programs: the share of the cost that is reimbursed.", default="100%"),
    _yes_no("Proof Required", "Yes", "Marketing programs: Yes, if a claim needs a proof."),
    _yes_no("Carry Over", "No", "Marketing programs: Yes, if what is left may be used in later periods."),
)

_TIERS = (
    _program(),
    _number("From", "The measure at which this tier is reached (a fraction such as 10 % for growth, mix or percent of target).",
            field="starts_at", required=True),
    _number("To", "Where the tier ends; may stay empty.", field="ends_at"),
    _number("Reward", "Percent (enter 4%), amount per unit, or sum, as the program's Reward says.", required=True),
    _date("Starts On", "These tiers hold for periods that start on this day or later. Empty: from the beginning."),
    _yes_no("Pay From First", "No", "Yes: once reached, this reward counts from the first unit. Only with Method Incremental."),
)  # fmt: skip

_SCOPES = (
    _program(),
    _choice("Applies To", m.AppliesTo, "Qualify: what is measured. Reward: what is paid on. Focus: what a mix is about. All: each of them."),
    _choice("Rule", m.ScopeRule, "Include these only, or exclude these.", required=True),
    _choice("Dimension", m.Dimension, "What the value is.", required=True),
    _id("Value", "The SKU, category, brand, distributor (with its branches), region, segment or activity type.", required=True, width=22),
)

_ENROLLMENTS = (
    _program(),
    _distributor(hint="The distributor who takes part; its branches take part with it."),
    _date("Starts On", "The first day. Empty: the program's."),
    _date("Ends On", "The last day, included. Empty: the program's."),
    _number("Target", "What each period's measure should reach, for Percent of Target."),
    _number("Baseline", "The comparison figure of each period, for Growth."),
    _money("Budget", "Marketing programs: the fund of each period.", **NOT_NEGATIVE),
)

_DISTRIBUTORS = (
    _id("Distributor ID", "Your customer number. Several rows of one id only with dates that do not overlap.", required=True),
    _text("Distributor Name", "The customer's name.", required=True, width=30),
    _id("Parent ID", "The distributor that this one is a branch of.", refers_to="Distributors"),
    _id("Region", "For scopes and reports."),
    _id("Segment", "For scopes and reports."),
    _id("Currency", CURRENCY_HINT + " The currency of its invoices, where they name none."),
    _text("Email", "Where its statement goes."),
    _date("Member From", "The first day on which this row holds. Empty: from the beginning."),
    _date("Member To", "The last day on which this row holds, included. Empty: without end."),
    _yes_no("Payment Hold", "No", "Yes: nothing is proposed for payment."),
    _text("Payee", "Who is paid, if somebody else."),
    _id("Bank Account", "For payment files only.", width=24),
    _id("Bank ID", "The bank's code (BIC or routing number), for payment files only."),
)

_PRODUCTS = (
    _id("SKU", "The article number.", required=True),
    _text("Product Name", "What it is called.", width=30),
    _id("Category", "For scopes and reports."),
    _id("Brand", "For scopes and reports."),
    _money("Unit Cost", "Your cost of one unit.", **NOT_NEGATIVE),
    _money("List Price", "The price of one unit before discounts.", **NOT_NEGATIVE),
    _date("Launched On", "The first day on sale."),
)

_TRANSACTIONS = (
    _id("Transaction ID", "One id for each invoice line. No id twice.", required=True),
    _date("Invoice Date", "The date of the invoice.", required=True),
    _distributor(hint="Who bought it, as in Distributors."),
    _id("SKU", "What was bought, as in Products.", required=True),
    _number("Quantity", "Units; negative for returns and credit notes.", required=True),
    _money("Amount", "Net of tax and freight; negative for returns and credit notes.", required=True),
    _choice("Type", m.TransactionType, "What the row is. Empty: an invoice."),
    _id("Invoice Number", "As printed on the invoice."),
    _id("Line", "The line of the invoice."),
    _date("Order Date", "When it was ordered, for programs by order date."),
    _date("Ship Date", "When it was shipped, for programs by ship date."),
    _date("Posted On", "When it was booked, for programs by posting date."),
    _id("Currency", CURRENCY_HINT + " Empty: the distributor's, else Base Currency."),
    _id("Original Transaction ID", "For returns and credit notes: the line that they take back."),
    _text("Source", "Which system it came from."),
)

_BASELINES = (
    _program(),
    _participant(),
    _period("The program's period that this is the baseline for, such as 2026-Q1."),
    _money("Amount", "The comparison purchases, where the program measures amount."),
    _number("Units", "The comparison units, where the program measures units."),
    _text("Source", "Where the figure comes from."),
    _text("Approved By", "Who approved it."),
    _text("Note", "Why it is what it is."),
)

_FORECASTS = (
    _program(),
    _participant(),
    _period("The program's period, such as 2026-Q1."),
    _number("Measure", "What is expected by the period's end (for Mix the share).", required=True),
    _share("Probability", "How likely this scenario is; those of one period add up to 100 %."),
    _id("Scenario", "A name for the scenario. Empty: the forecast itself."),
)

_EXCHANGE_RATES = (
    _id("Currency", CURRENCY_HINT, required=True),
    _date("Valid From", "The first day of this rate; it holds until the next one.", required=True),
    _number("Rate", "What one unit of the currency is worth in Base Currency.", required=True, above_zero=True),
)

_SPECIAL_PRICES = (
    _program(),
    _id("SKU", "The article.", required=True),
    _distributor(required=False, hint="Only for this distributor. Empty: for all."),
    _text("End Customer", "Only for this end customer. Empty: for all."),
    _choice("Mode", m.PriceMode, "How the support is found: down to a price, by an amount, by a percent, or to keep a margin.", required=True),
    _number("Terms", "The price, amount, percent or margin.", required=True, **NOT_NEGATIVE),
    _money("Cost", "The distributor's cost. Empty: its own last invoice price.", **NOT_NEGATIVE),
    _number("Maximum Quantity", "The most units over all claims.", **NOT_NEGATIVE),
    _date("Valid From", "The first day. Empty: the program's."),
    _date("Valid To", "The last day, included. Empty: the program's."),
)

_CLAIMS = (
    _id("Claim ID", "The distributor's own number of the claim.", required=True),
    _id("Line", "The line of the claim.", default="1"),
    _integer("Resubmission", "0 for the first time, then 1, 2, ...", default="0", **NOT_NEGATIVE),
    _program(),
    _distributor(hint="Who claims, as in Distributors."),
    _date("Claim Date", "The date of the claim.", required=True),
    _id("Invoice Number", "The invoice that is claimed on."),
    _id("Transaction ID", "Our id of the invoice line, where it is known."),
    _id("SKU", "The article that is claimed on."),
    _number("Quantity", "The units that are claimed."),
    _money("Claimed Amount", "What the distributor asks for.", required=True),
    _id("Currency", CURRENCY_HINT + " Empty: the program's."),
    _period("The period claimed for, where no invoice is named.", required=False),
    _text("Activity Type", "Marketing programs: what was done."),
    _date("Activity Date", "Marketing programs: when it was done."),
    _money("Activity Cost", "Marketing programs: what it cost."),
    _text("Proof Reference", "Marketing programs: where the proof is."),
    _date("Sale Date", "Ship and debit: when it was resold."),
    _text("End Customer", "Ship and debit: to whom it was resold."),
    _money("Unit Cost", "Ship and debit: what one unit had cost."),
    _money("Sell Price", "Ship and debit: what one unit was resold for."),
    _choice("Decision", m.Decision, "Your decision, where you do not follow the calculation.", default=""),
    _money("Decided Amount", "The amount approved by decision."),
    _text("Decided By", "Who decided."),
    _date("Decided On", "When it was decided."),
    _text("Decision Note", "Why; the distributor sees it."),
)

_PAYMENTS = (
    _id("Payment ID", "Your number of the payment.", required=True),
    _program(),
    _participant(),
    _period("The period in which it was earned, such as 2026-Q1."),
    _id("Claim ID", "The claim that is paid, where it is one."),
    _id("Claim Line", "The line of the claim. Empty: all its lines."),
    _date("Due On", "When it falls due."),
    _date("Paid On", "When it was paid. Empty: proposed, not paid."),
    _money("Amount", "What was paid; negative for what was voided, repaid or offset.", required=True),
    _id("Currency", CURRENCY_HINT + " Empty: the program's."),
    column("choice", "Method", "How it was paid. Empty: as the program's Settlement.",
            choices=("Credit Note", "Check", "Direct Deposit", "Deduction")),
    _id("Reference", "The credit note's or the transfer's number."),
)  # fmt: skip

_DISPUTES = (
    _id("Dispute ID", "Your number of the dispute.", required=True),
    _date("Opened On", "When it came in.", required=True),
    _distributor(),
    _id("Figure ID", "The figure in question, as on the statement.", width=34),
    _id("Invoice Number", "The invoice in question, where it is one."),
    _text("Reason", "What the distributor says.", required=True),
    _money("Disputed Amount", "The difference asked for; positive is more for the distributor."),
    _choice("Status", m.DisputeStatus, "Where it stands."),
    _choice("Resolution", m.Resolution, "How it ended. Needed once Status is Resolved.", default=""),
    _date("Resolved On", "When it ended."),
    _money("Adjusted Amount", "The difference agreed on; positive is more for the distributor."),
    _text("Answer", "Your answer; the distributor sees it."),
    _text("Note", "Your own note; nobody else sees it."),
)

_ADJUSTMENTS = (
    _id("Adjustment ID", "Your number of the adjustment.", required=True),
    _program(),
    _participant(),
    _period("The period of the figure, such as 2026-Q1."),
    _choice("Kind", m.AdjustmentKind, "Opening: what other books have recognised already. The others change the balance.", required=True),
    _date("Dated On", "The day it belongs to.", required=True),
    _money("Amount", "Positive raises the accrued balance.", required=True),
    _text("Reason", "Why.", required=True),
    _text("Approved By", "Who approved it."),
)

ROLES = ("Rebates", "Marketing Expense", "Cost of Sales", "Accrued Rebates", "Accounts Receivable", "Accounts Payable", "Cash",
         "Rebates Receivable", "Inventory", "Exchange Difference")  # fmt: skip

_ACCOUNTS = (
    column("choice", "Role", "What the account is for.", choices=ROLES, required=True, width=22),
    _id("Account", "Your account's number or name.", required=True),
    _id("Cost Center", "The cost center to book to."),
    _choice("Rebate Type", m.RebateType, "Only for this type. Empty: for all.", default=""),
    _program(required=False),
)

_CONTROL_TOTALS = (
    _period("The month, such as 2026-03.", header="Accounting Period"),
    _text("Source", "Which system the total comes from."),
    _money("Amount", "The total by invoice date, in Base Currency.", required=True),
    _integer("Rows", "How many rows the system reports.", **NOT_NEGATIVE),
)

_LEDGER = (
    _integer("Sequence", "Written by Close Period.", required=True),
    _id("Entry ID", "Written by Close Period."),
    _id("Run ID", "The calculation that the entry comes from."),
    _date("Posted On", "When it was posted."),
    _text("Posted By", "Who posted it."),
    _text("Approved By", "Who approved it."),
    _period("The month that it is booked in.", header="Accounting Period"),
    _id("Figure ID", "The figure that it books.", width=34),
    _id("Program ID", "The program.", required=True),
    _id("Participant ID", "The participant.", required=True),
    _period("The period in which it was earned.", header="Earning Period"),
    _choice("Kind", m.EntryKind, "What the entry is.", required=True),
    _text("Reason", "Why there is a difference."),
    _id("Debit Account", "The account debited."),
    _id("Credit Account", "The account credited."),
    _id("Cost Center", "The cost center."),
    _money("Amount", "Positive raises the accrued balance.", required=True),
    _id("Currency", "The program's currency."),
    _number("Rate", "The exchange rate to Base Currency."),
    _money("Base Amount", "The amount in Base Currency."),
    _id("Source", "The payment, claim, dispute or adjustment behind it."),
    _id("Reverses", "The entry that it takes back."),
    _id("Input Hash", "What the calculation read."),
    _id("Version", "The product's version."),
    _id("Previous Hash", "The hash of the entry before."),
    _id("Hash", "The seal of this entry."),
)

TABLES: tuple[Table, ...] = (
    Table("Settings", "Your company, its calendar and its rounding.", _SETTINGS_TABLE, None, "", True),
    Table("Programs", "One row for each rebate program: what earns, how it is limited, accrued and paid.", _PROGRAMS, m.Program, "programs"),
    Table("Tiers", "The steps of each program: from which measure which reward is paid.", _TIERS, m.TierRow, "tiers"),
    Table("Scopes", "What counts for a program. Without rows everything counts.", _SCOPES, m.Scope, "scopes", True),
    Table("Enrollments", "Who takes part in which program. A program without rows is open to everyone.", _ENROLLMENTS, m.Enrollment,
          "enrollments", True),
    Table("Distributors", "Your customers, with parents and branches.", _DISTRIBUTORS, m.Distributor, "distributors"),
    Table("Products", "What you sell.", _PRODUCTS, m.Product, "products"),
    Table("Transactions", "Invoice lines, credit notes and returns, net of tax and freight.", _TRANSACTIONS, None, ""),
    Table("Baselines", "Comparison figures of growth programs.", _BASELINES, m.Baseline, "baselines", True),
    Table("Forecasts", "What is expected by the end of a period.", _FORECASTS, m.Forecast, "forecasts", True),
    Table("Exchange Rates", "What one unit of a currency is worth in Base Currency.", _EXCHANGE_RATES, m.ExchangeRate, "exchange_rates", True),
    Table("Special Prices", "Agreed prices for ship and debit programs.", _SPECIAL_PRICES, m.SpecialPrice, "special_prices", True),
    Table("Claims", "What distributors ask for.", _CLAIMS, m.Claim, "claims", True),
    Table("Payments", "What was paid or credited, and what is proposed.", _PAYMENTS, m.Payment, "payments", True),
    Table("Disputes", "Where a distributor does not agree.", _DISPUTES, m.Dispute, "disputes", True),
    Table("Adjustments", "Opening balances and corrections by hand.", _ADJUSTMENTS, m.Adjustment, "adjustments", True),
    Table("Accounts", "Your account numbers. Without rows the role is the account.", _ACCOUNTS, m.Account, "accounts", True),
    Table("Control Totals", "What your accounting system reports, to compare with the transactions.", _CONTROL_TOTALS, m.ControlTotal,
          "control_totals", True),
    Table("Ledger", "What is posted. Written by Close Period; do not type here.", _LEDGER, m.LedgerEntry, "ledger", True),
)  # fmt: skip

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
