"""The sample company of `rebates demo`: Alder & Finch Tools, its distributors, programs and two years of sales.

The same on every machine: drawn with a fixed seed from whole numbers only. On purpose it holds what finance people ask
about first: a branch that moves to another parent, returns and price credits, a quarter that reaches a threshold to the
cent, one that stays just below, and one wrong row (a distributor that does not exist).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from . import demo_types

SampleRows = Sequence[Mapping[str, Any]]  # column header -> what a person would have typed

SEED = 20260531
AS_OF = date(2026, 5, 31)
FIRST_DAY, LAST_DAY = date(2024, 6, 1), AS_OF
TRANSACTIONS = 3000
UNKNOWN_DISTRIBUTOR = "D-9999"  # the one wrong row
CENT = Decimal("0.01")
READ_ME = """This folder was written by `rebates demo`. Nothing in it is real; running the demo again replaces it,
unless you have changed rebates.xlsx.

rebates.xlsx   the workbook of Alder & Finch Tools: what was typed, and the results
               Check         one wrong row on purpose: a sale to a distributor that does not exist
               Attainment    who has reached what; Sonora is three boxes of discs short of its next tier
               Accruals      what the books should hold on 2026-05-31, and the entry that is missing
               Funds         the marketing funds: earned, granted, left
               Claim Check   five claims, each with its answer
               Explanation   how every figure came about
statements     one workbook for each distributor, ready to send, with a table for mail merge and a list of all files
rebates.ledger.sqlite   the key that signs the statements, what they said, and what is posted

Try: change an amount in Transactions, save, and run `rebates run rebates.xlsx` again.
"""

DISTRIBUTORS = """
D-1000 | Northgate Industrial Supply  |        | Midwest   | Key account
D-1001 | Northgate Chicago            | D-1000 | Midwest   | Branch
D-1002 | Northgate Milwaukee          | D-1000 | Midwest   | Branch
D-1003 | Northgate Omaha              | D-1000 | Midwest   | Branch
D-1100 | Pacific Fastener & Tool      |        | West      | Key account
D-1101 | Pacific Fastener Portland    | D-1100 | West      | Branch
D-1102 | Pacific Fastener Sacramento  | D-1100 | West      | Branch
D-1200 | Gulf Coast Contractors Depot |        | South     | Key account
D-1201 | Gulf Coast Mobile            | D-1200 | South     | Branch
D-1300 | Hudson Valley Hardware       |        | Northeast | Regional
D-1400 | Keystone Builders Supply     |        | Northeast | Regional
D-1500 | Prairie Tool Exchange        |        | Midwest   | Regional
D-1600 | Sonora Trade Supply          |        | West      | Regional
D-1700 | Blue Ridge Tool Company      |        | South     | Regional
D-1800 | Granite State Fasteners      |        | Northeast | Independent
D-1900 | Bayou Hardware Wholesale     |        | South     | Independent
D-2000 | Cascade Workshop Supply      |        | West      | Independent
D-2100 | Lakeshore Industrial         |        | Midwest   | Independent
"""
MOVED, MOVED_ON, MOVED_TO = "D-1003", date(2026, 1, 1), "D-1500"  # Northgate sold its Omaha branch to Prairie
SHARES = {  # of the invoices; parents with branches buy through them only
    "D-1001": 14, "D-1002": 9, "D-1003": 7, "D-1101": 10, "D-1102": 8, "D-1200": 6, "D-1201": 6, "D-1300": 8, "D-1400": 7,
    "D-1500": 6, "D-1600": 5, "D-1700": 5, "D-1800": 3, "D-1900": 3, "D-2000": 2, "D-2100": 1,
}  # fmt: skip

PRODUCTS = """
KD-180  | Kestrel drill driver 18 V            | Drills      | Kestrel | 149.00
KD-185  | Kestrel hammer drill 18 V            | Drills      | Kestrel | 189.00
KD-240  | Kestrel rotary hammer 24 mm          | Drills      | Kestrel | 279.50
KD-320  | Kestrel rotary hammer 32 mm          | Drills      | Kestrel | 419.00
KD-120  | Kestrel impact driver 12 V           | Drills      | Kestrel | 119.90
HD-180  | Harrow drill driver 18 V             | Drills      | Harrow  | 79.90
HD-500  | Harrow bench drill 500 W             | Drills      | Harrow  | 164.00
KS-165  | Kestrel circular saw 165 mm          | Saws        | Kestrel | 219.00
KS-190  | Kestrel circular saw 190 mm          | Saws        | Kestrel | 244.00
KS-305  | Kestrel mitre saw 305 mm             | Saws        | Kestrel | 549.00
KS-100  | Kestrel reciprocating saw            | Saws        | Kestrel | 198.50
HS-190  | Harrow circular saw 190 mm           | Saws        | Harrow  | 94.50
HS-216  | Harrow mitre saw 216 mm              | Saws        | Harrow  | 139.00
HS-650  | Harrow jigsaw 650 W                  | Saws        | Harrow  | 54.90
KG-125  | Kestrel angle grinder 125 mm         | Grinders    | Kestrel | 129.00
KG-230  | Kestrel angle grinder 230 mm         | Grinders    | Kestrel | 184.00
KG-150  | Kestrel bench grinder 150 mm         | Grinders    | Kestrel | 169.00
HG-115  | Harrow angle grinder 115 mm          | Grinders    | Harrow  | 49.90
HG-125  | Harrow angle grinder 125 mm          | Grinders    | Harrow  | 57.50
KB-020  | Kestrel battery 18 V 2.0 Ah          | Batteries   | Kestrel | 49.00
KB-040  | Kestrel battery 18 V 4.0 Ah          | Batteries   | Kestrel | 79.00
KB-060  | Kestrel battery 18 V 6.0 Ah          | Batteries   | Kestrel | 109.00
KB-001  | Kestrel rapid charger                | Batteries   | Kestrel | 64.50
HB-020  | Harrow battery 18 V 2.0 Ah           | Batteries   | Harrow  | 27.90
00417   | Cutting disc 125 mm, box of 25       | Discs       | Alder   | 31.25
00418   | Cutting disc 230 mm, box of 25       | Discs       | Alder   | 58.75
00425   | Grinding disc 125 mm, box of 10      | Discs       | Alder   | 22.40
00430   | Flap disc 125 mm, box of 10          | Discs       | Alder   | 27.95
00441   | Diamond disc 125 mm                  | Discs       | Alder   | 18.35
00442   | Diamond disc 230 mm                  | Discs       | Alder   | 41.60
00510   | Saw blade 190 mm, 48 teeth           | Blades      | Alder   | 24.80
00512   | Saw blade 305 mm, 80 teeth           | Blades      | Alder   | 62.15
00520   | Reciprocating blade set, 20 pieces   | Blades      | Alder   | 33.33
00525   | Jigsaw blade set, 30 pieces          | Blades      | Alder   | 19.99
00610   | Masonry drill bit set, 12 pieces     | Bits        | Alder   | 28.75
00612   | Impact bit set, 40 pieces            | Bits        | Alder   | 34.90
00620   | SDS bit set, 7 pieces                | Bits        | Alder   | 39.45
SL-100  | Summit laser level, cross line       | Measuring   | Summit  | 159.00
SL-360  | Summit laser level, 360 degrees      | Measuring   | Summit  | 329.00
SL-050  | Summit laser distance meter 50 m     | Measuring   | Summit  | 89.00
"""
LAUNCHED = {"SL-100": date(2026, 2, 2), "SL-360": date(2026, 2, 2), "SL-050": date(2026, 2, 2)}

PROGRAMS: SampleRows = (
    {"Program ID": "P-100", "Program Name": "Preferred Partner 2026", "Objective": "Reward the year's purchases", "Rebate Type": "Volume",
     "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Year", "Method": "Retrospective", "Owner": "M. Okafor",
     "Clause": "4.1", "Payment Terms Days": 45},
    {"Program ID": "P-110", "Program Name": "Kestrel Quarterly Ladder", "Objective": "Grow the professional line", "Rebate Type": "Volume",
     "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Quarter", "Method": "Incremental", "Owner": "M. Okafor",
     "Clause": "4.2"},
    {"Program ID": "P-120", "Program Name": "Discs by the Box", "Objective": "Fill the shelf with discs", "Rebate Type": "Volume",
     "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Quarter", "Measure": "Units", "Method": "Rolling",
     "Owner": "J. Lindqvist", "Clause": "4.3", "Accrual Policy": "Attained"},
    {"Program ID": "P-130", "Program Name": "Full Range Half-Year", "Objective": "Buy the whole range, no cliff", "Rebate Type": "Volume",
     "Starts On": date(2025, 7, 1), "Ends On": date(2026, 12, 31), "Period": "Half", "Method": "Linear", "Owner": "J. Lindqvist",
     "Clause": "4.4"},
    {"Program ID": "P-140", "Program Name": "Battery Bonus", "Objective": "One battery more with every tool", "Rebate Type": "Volume",
     "Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31), "Period": "Month", "Measure": "Units", "Method": "Incremental",
     "Reward": "Per Unit", "Aggregate By": "Branch", "Owner": "M. Okafor", "Clause": "4.5", "Payment Terms Days": 15},
    {"Program ID": "P-150", "Program Name": "Summit Launch", "Objective": "Place the laser range", "Rebate Type": "Volume",
     "Starts On": date(2026, 2, 1), "Ends On": date(2026, 7, 31), "Period": "Program", "Method": "Retrospective", "Reward": "Lump Sum",
     "Owner": "J. Lindqvist", "Clause": "4.6", "Accrual Policy": "Forecast"},
)  # fmt: skip

TIERS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {  # From, To, Reward, Pay From First
    "P-100": (("50000", "", "0.02", ""), ("100000", "", "0.03", ""), ("200000", "", "0.045", "")),
    "P-110": (("5000", "10000", "0.02", ""), ("10001", "25000", "0.04", ""), ("25001", "", "0.06", "")),
    "P-120": (("1", "", "0.01", ""), ("100", "", "0.02", ""), ("300", "", "0.03", "")),
    "P-130": (("0", "", "0", ""), ("50000", "", "0.02", ""), ("100000", "", "0.03", ""), ("250000", "", "0.04", "")),
    "P-140": (("10", "", "1.50", ""), ("40", "", "2.00", "Yes")),
    "P-150": (("2500", "", "150", ""), ("6000", "", "500", ""), ("12000", "", "1250", "")),
}
SCOPES = (  # program, applies to, rule, dimension, value
    ("P-100", "All", "Exclude", "Brand", "Harrow"),
    ("P-110", "All", "Include", "Brand", "Kestrel"),
    ("P-110", "All", "Exclude", "Category", "Batteries"),
    ("P-120", "All", "Include", "Category", "Discs"),
    ("P-140", "All", "Include", "Category", "Batteries"),
    ("P-140", "All", "Exclude", "SKU", "KB-001"),
    ("P-150", "All", "Include", "Brand", "Summit"),
)
ENROLLED = {  # a program that is not named here is open to every distributor
    "P-100": ("D-1000", "D-1100", "D-1200", "D-1300", "D-1400", "D-1500", "D-1600", "D-1700"),
    "P-110": ("D-1000", "D-1100", "D-1200", "D-1300", "D-1400", "D-1500", "D-1700"),
    "P-130": ("D-1000", "D-1100", "D-1200", "D-1300", "D-1400", "D-1500", "D-1600", "D-1700", "D-1800", "D-1900", "D-2000", "D-2100"),
}
FORECASTS = (("P-100", "D-1000", "2026", "260000"), ("P-100", "D-1300", "2026", "64000"))
PAID = """
P-130 | 2025-H2 | 2026-01-29 | D-1000 10917.66  D-1100 5623.89  D-1200 2789.29  D-1300 4863.23  D-1500 300.00  D-1600 997.44
P-130 | 2025-H2 | 2026-01-30 | D-1700 2670.17  D-1800 133.20  D-1900 268.74  D-2000 39.11  D-2100 147.39
P-140 | 2026-01 | 2026-02-13 | D-1001 148.00  D-1002 19.50  D-1102 7.50  D-1201 42.00  D-1400 92.00  D-1500 182.00  D-1600 31.50  D-1900 1.50
P-140 | 2026-02 | 2026-03-13 | D-1001 324.00  D-1002 120.00  D-1003 174.00  D-1102 124.00  D-1200 108.00  D-1400 120.00  D-1700 13.50
P-110 | 2026-Q1 | 2026-04-28 | D-1000 1149.51  D-1100 1033.95  D-1200 839.07  D-1500 680.96
"""
"""Credit notes so far: Keystone (D-1400) still waits for two, Hudson Valley got 50.00 too much, Prairie a part."""
ACCOUNTS = (
    ("Rebates", "4090"), ("Accrued Rebates", "2180"), ("Accounts Receivable", "1200"), ("Cash", "1010"), ("Marketing Expense", "6110"),
)  # fmt: skip
"""The general ledger accounts of the sample, by role."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One row of Transactions before it has its ids."""

    day: date
    distributor: str
    sku: str
    quantity: int
    amount: Decimal
    invoice: int
    line: int
    kind: str = "Invoice"
    original: int | None = None  # its place in the list, from 0


def sample() -> dict[str, SampleRows]:
    """Every table of the sample company: table name -> rows by column header, as a person would have typed them.

    >>> tables = sample()
    >>> len(tables["Transactions"]), len(tables["Programs"]), len(tables["Products"])
    (3000, 10, 40)
    """
    return {
        "Settings": _settings(),
        "Programs": (*PROGRAMS, *demo_types.PROGRAMS),
        "Tiers": [
            _typed({"Program ID": program, "From": Decimal(start), "To": end and Decimal(end), "Reward": Decimal(reward), "Pay From First": first})
            for program, rows in {**TIERS, **demo_types.TIERS}.items()
            for start, end, reward, first in rows
        ],
        "Scopes": [dict(zip(("Program ID", "Applies To", "Rule", "Dimension", "Value"), row, strict=True)) for row in (*SCOPES, *demo_types.SCOPES)],
        "Enrollments": [
            {"Program ID": program, "Distributor ID": one} for program, ids in {**ENROLLED, **demo_types.ENROLLED}.items() for one in ids
        ],
        "Distributors": _distributors(),
        "Products": _products(),
        "Transactions": _transactions(),
        "Forecasts": [
            {"Program ID": program, "Participant ID": who, "Period": period, "Measure": Decimal(measure)}
            for program, who, period, measure in FORECASTS
        ],
        "Baselines": demo_types.BASELINES,
        "Special Prices": demo_types.SPECIAL_PRICES,
        "Claims": demo_types.CLAIMS,
        "Payments": _payments(),
        "Accounts": [{"Role": role, "Account": account} for role, account in ACCOUNTS],
    }


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without its empty cells."""
    return {header: value for header, value in row.items() if value not in ("", None)}


def _table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


def _settings() -> SampleRows:
    values = {
        "Company": "Alder & Finch Tools",
        "Book ID": "B-DEMO",
        "Perspective": "Manufacturer",
        "Base Currency": "USD",
        "As Of": AS_OF,
        "Contact": "Rebate desk, rebates@alderfinch.example, +1 555 0142",
        "Statement Note": "Thank you for building with Alder & Finch.",
    }
    return [{"Setting": name, "Value": value} for name, value in values.items()]


def _distributors() -> SampleRows:
    rows = []
    for one, name, parent, region, segment in _table(DISTRIBUTORS):
        row = {"Distributor ID": one, "Distributor Name": name, "Parent ID": parent, "Region": region, "Segment": segment}
        row["Email"] = f"purchasing@{name.split()[0].lower()}.example"
        if one != MOVED:
            rows.append(_typed(row))
            continue
        rows.append(_typed({**row, "Member To": MOVED_ON - timedelta(days=1)}))
        rows.append(_typed({**row, "Distributor Name": "Prairie Omaha", "Parent ID": MOVED_TO, "Member From": MOVED_ON}))
    return rows


def _products() -> SampleRows:
    return [
        _typed({
            "SKU": sku, "Product Name": name, "Category": category, "Brand": brand, "List Price": Decimal(price),
            "Unit Cost": (Decimal(price) * Decimal("0.52")).quantize(CENT, ROUND_HALF_UP), "Launched On": LAUNCHED.get(sku),
        })
        for sku, name, category, brand, price in _table(PRODUCTS)
    ]  # fmt: skip


class _Draw:
    """Whole numbers from a seed, the same on every machine and every version of Python."""

    def __init__(self, seed: int) -> None:
        self._bits = Random(seed)

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        return self._bits.getrandbits(32) % bound

    def weighted(self, weights: Mapping[str, int]) -> str:
        """A key, as often as its weight says."""
        at = self.below(sum(weights.values()))
        for name, weight in weights.items():
            at -= weight
            if at < 0:
                return name
        raise AssertionError("weights are above 0")


def _sales(draw: _Draw, wanted: int) -> Iterator[Sale]:
    """Invoices of one to four lines, day by day, until `wanted` lines are there."""
    prices = {sku: Decimal(price) for sku, _, _, _, price in _table(PRODUCTS)}
    days = (LAST_DAY - FIRST_DAY).days
    dated = sorted(draw.below(days + 1) for _ in range(wanted))
    at = 0
    for invoice in range(wanted):
        day = FIRST_DAY + timedelta(days=dated[at])
        distributor = draw.weighted(SHARES)
        discount = Decimal(100 - draw.below(4) * 5) / 100  # negotiated with the order
        on_sale = {sku: 3 if price < 60 else 2 for sku, price in prices.items() if LAUNCHED.get(sku, day) <= day}
        for line in range(1 + draw.below(4)):
            sku = draw.weighted(on_sale)
            quantity = 1 + draw.below(60 if prices[sku] < 60 else 20)
            yield Sale(day, distributor, sku, quantity, (prices[sku] * discount * quantity).quantize(CENT, ROUND_HALF_UP), invoice, line + 1)
            at += 1
            if at == wanted:
                return


def _taken_back(draw: _Draw, sales: Sequence[Sale]) -> Iterator[Sale]:
    """Every 33rd line or so comes back in part within weeks; every 90th gets a price credit without goods."""
    for place, sale in enumerate(sales):
        lot = draw.below(100)
        day = sale.day + timedelta(days=5 + draw.below(30))
        if day > LAST_DAY or lot > 3:
            continue
        if lot == 0:
            amount = (sale.amount / 20).quantize(CENT, ROUND_HALF_UP)
            yield replace(sale, day=day, quantity=0, amount=-amount, kind="Credit Note", original=place)
        else:
            quantity = 1 + draw.below(sale.quantity)
            amount = (sale.amount * quantity / sale.quantity).quantize(CENT, ROUND_HALF_UP)
            yield replace(sale, day=day, quantity=-quantity, amount=-amount, kind="Return", original=place)


def _aimed(sales: Sequence[Sale]) -> Iterator[Sale]:
    """Blue Ridge reaches the second Kestrel step of the quarter to the cent; Sonora stays three boxes of discs below 100."""
    quarter = date(2026, 4, 1)
    kestrel = {sku: Decimal(price) for sku, _, category, brand, price in _table(PRODUCTS) if brand == "Kestrel" and category != "Batteries"}
    discs = {sku for sku, _, category, _, _ in _table(PRODUCTS) if category == "Discs"}
    bought = sum((sale.amount for sale in sales if sale.distributor == "D-1700" and sale.day >= quarter and sale.sku in kestrel), Decimal(0))
    missing = Decimal(10001) - bought
    quantity = int(missing / kestrel["KD-320"]) + 1
    yield Sale(date(2026, 5, 22), "D-1700", "KD-320", quantity, missing, len(sales), 1)
    boxes = sum(sale.quantity for sale in sales if sale.distributor == "D-1600" and sale.day >= quarter and sale.sku in discs)
    yield Sale(date(2026, 5, 27), "D-1600", "00417", 97 - boxes, Decimal("29.50") * (97 - boxes), len(sales) + 1, 1)


def _transactions() -> SampleRows:
    """3,000 rows in the order of their dates; one of them names a distributor that does not exist."""
    draw = _Draw(SEED)
    invoices = list(_sales(draw, TRANSACTIONS - 110))
    wrong = Sale(LAST_DAY - timedelta(days=1), UNKNOWN_DISTRIBUTOR, "KB-040", 6, Decimal("450.30"), len(invoices) + 5, 1)
    taken_back = list(_taken_back(draw, invoices))[: TRANSACTIONS - len(invoices) - 3]
    known = [*invoices, *taken_back]
    rows = [*known, *_aimed(known), wrong]
    order = sorted(range(len(rows)), key=lambda place: (rows[place].day, rows[place].invoice, place))
    ids = {place: f"T-{number:05d}" for number, place in enumerate(order, 1)}
    numbers: dict[tuple[str, int], str] = {}
    typed = []
    for place in order:
        sale = rows[place]
        mark = "INV" if sale.kind == "Invoice" else "CN"
        key = (mark, sale.invoice if sale.kind == "Invoice" else place)
        numbers.setdefault(key, f"{mark}-{sale.day.year}-{len(numbers) + 1:05d}")
        typed.append(_typed({
            "Transaction ID": ids[place], "Invoice Date": sale.day, "Distributor ID": sale.distributor, "SKU": sale.sku,
            "Quantity": sale.quantity, "Amount": sale.amount, "Type": "" if sale.kind == "Invoice" else sale.kind,
            "Invoice Number": numbers[key], "Line": str(sale.line if sale.kind == "Invoice" else 1),
            "Original Transaction ID": "" if sale.original is None else ids[sale.original], "Source": "ERP",
        }))  # fmt: skip
    return typed


def _payments() -> SampleRows:
    """What was credited so far, a reference for each credit note."""
    return [
        {"Payment ID": f"PAY-{number:03d}", "Program ID": program, "Participant ID": participant, "Period": period,
         "Paid On": date.fromisoformat(paid), "Amount": Decimal(amount), "Method": "Credit Note", "Reference": f"RC-2026-{number:03d}"}
        for number, (program, period, paid, participant, amount) in enumerate(_paid(), 1)
    ]  # fmt: skip


def _paid() -> Iterator[tuple[str, str, str, str, str]]:
    for line in PAID.strip().splitlines():
        program, period, paid, *amounts = line.replace("|", " ").split()
        for participant, amount in zip(amounts[::2], amounts[1::2], strict=True):
            yield program, period, paid, participant, amount
