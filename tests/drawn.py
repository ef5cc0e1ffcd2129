"""Books drawn at random that look like real ones: moves, returns, several currencies, empty brands, unknown SKUs, scopes.

`random` is a random.Random: seeded, or Hypothesis's own, so that a failing book is made small. What comes back are the
arguments of smallbooks.book.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

FIRST = date(2025, 1, 1)
METHODS = ("Retrospective", "Incremental", "Rolling", "Total", "Linear")
PRODUCTS = [
    {"SKU": "S1", "Category": "Cable", "Brand": "Acme"}, {"SKU": "S2", "Category": "Cable", "Brand": "Bolt"},
    {"SKU": "S3", "Category": "Pipe"}, {"SKU": "S4", "Brand": "Acme"}, {"SKU": "S5"},
]  # fmt: skip
SOLD = ["S1", "S2", "S3", "S4", "S5", "S9"]  # S9 is not in Products
RATES = [
    {"Currency": "EUR", "Valid From": date(2024, 1, 1), "Rate": "1.1"}, {"Currency": "EUR", "Valid From": date(2026, 2, 1), "Rate": "1.07"},
    {"Currency": "JPY", "Valid From": date(2024, 1, 1), "Rate": "0.0065"},
]  # fmt: skip
DISTRIBUTORS = [
    {"Distributor ID": "NORTH", "Region": "N"}, {"Distributor ID": "SOUTH", "Region": "S", "Currency": "EUR"},
    {"Distributor ID": "B1", "Parent ID": "NORTH", "Region": "N", "Segment": "Retail"},
    {"Distributor ID": "B2", "Parent ID": "NORTH", "Region": "N", "Member To": date(2026, 3, 31)},
    {"Distributor ID": "B2", "Parent ID": "SOUTH", "Region": "S", "Member From": date(2026, 4, 1)},
    {"Distributor ID": "B3", "Parent ID": "B1", "Region": "n", "Currency": "JPY"}, {"Distributor ID": "ALONE", "Segment": "Retail"},
]  # fmt: skip
BUYERS = ["NORTH", "SOUTH", "B1", "B2", "B3", "ALONE"]


def draw_ladder(random: Random, reward: str) -> list[list[Any]]:
    """Two or three ascending tiers; amounts hit thresholds now and then because both are round."""
    starts = sorted(random.sample([0, 100, 500, 1000, 2500, 5000], random.choice([2, 3])))
    rewards = {"Percent": ["1 %", "2.5 %", "4 %"], "Per Unit": ["0.10", "0.25", "0.5"], "Lump Sum": ["50", "120", "300"]}[reward]
    return [[start, rewards[at]] for at, start in enumerate(starts)]


def draw_program(random: Random, number: int, claims: bool) -> dict[str, Any]:
    """The terms of a Volume program."""
    method = random.choice(METHODS)
    reward = "Percent" if method in ("Rolling", "Linear") else random.choice(["Percent", "Percent", "Per Unit", "Lump Sum"])
    found: dict[str, Any] = {
        "Program ID": f"P{number}", "Method": method, "Reward": reward, "Tiers": draw_ladder(random, reward), "Starts On": date(2026, 1, 1),
        "Ends On": random.choice([date(2026, 12, 31), date(2026, 8, 15)]),
        "Period": random.choice(["Program", "Month", "Quarter", "Half", "Year"]), "Measure": random.choice(["Amount", "Amount", "Units"]),
        "Aggregate By": random.choice(["Parent", "Parent", "Branch"]), "Returns": random.choice(["Deduct", "Ignore", "Original Period"]),
        "Threshold": random.choice(["At Least", "More Than"]), "Date Basis": random.choice(["Invoice", "Invoice", "Ship", "Order"]),
        "Currency": random.choice(["USD", "USD", "EUR", "JPY"]), "Accrual Policy": random.choice(["Forecast", "Attained"]),
    }  # fmt: skip
    if random.random() < 0.3:
        found["Period Cap"] = random.choice([100, 40])
    if random.random() < 0.3:
        found["Base Cap"] = random.choice([600, 3000])
    if random.random() < 0.2:
        found["Program Cap"] = random.choice([60, 150])
    if found["Period"] == "Year" and random.random() < 0.7:
        found["Settlement Period"] = random.choice(["Month", "Quarter"])
    if claims and random.random() < 0.1:
        found["Claim Required"] = "Yes"
    return found


def draw_scopes(random: Random, program_id: str) -> list[dict[str, Any]]:
    """Include and exclude rows of one program; most have none or one."""
    choices = [
        ("Include", "Category", "cable"), ("Exclude", "Brand", "Acme"), ("Exclude", "Brand", "Bolt"), ("Include", "SKU", "S3"),
        ("Exclude", "SKU", "S9"), ("Include", "Region", "N"), ("Exclude", "Segment", "retail"), ("Exclude", "Distributor", "B1"),
    ]  # fmt: skip
    picked = random.sample(choices, random.choice([0, 0, 1, 1, 2]))
    return [
        {
            "Program ID": program_id,
            "Applies To": random.choice(["All", "All", "Qualify", "Reward"]),
            "Rule": rule,
            "Dimension": dimension,
            "Value": value,
        }
        for rule, dimension, value in picked
    ]


def draw_enrollments(random: Random, program_id: str) -> list[dict[str, Any]]:
    """Half of the programs are open; in others a parent, a branch and somebody alone take part, one for some months."""
    if random.random() < 0.5:
        return []
    found: list[dict[str, Any]] = [{"Program ID": program_id, "Distributor ID": name} for name in random.sample(BUYERS, random.choice([2, 3]))]
    found[0] |= {"Starts On": date(2026, 2, 10), "Ends On": random.choice([None, date(2026, 7, 31)])}
    return found


def draw_purchases(random: Random, rows: int) -> list[list[Any]]:
    """Invoice lines with fractions of cents and units, returns with and without a known original, dates that are missing."""
    found: list[list[Any]] = []
    for _ in range(rows):
        day = FIRST + timedelta(days=random.randrange(700))
        if random.random() < 0.7:
            day = date(2026, 1, 1) + timedelta(days=random.randrange(300))
        quantity = random.choice([Decimal(1), Decimal(5), Decimal("2.5"), Decimal(100)])
        amount = random.choice([Decimal(100), Decimal(500), Decimal("0.05"), Decimal("33.335"), Decimal("1249.99"), Decimal(0)])
        more: dict[str, Any] = {"Invoice Number": f"INV-{random.randrange(40):03d}", "Line": random.choice([None, "1", "2", "10"])}
        if random.random() < 0.3:
            more["Currency"] = random.choice(["USD", "EUR", "JPY"])
        if random.random() < 0.6:
            more |= {"Ship Date": day + timedelta(days=random.randrange(9)), "Order Date": day - timedelta(days=random.randrange(20))}
        buyer, sku = random.choice(BUYERS), random.choice(SOLD)
        if found and random.random() < 0.2:
            at = random.randrange(len(found))
            original = found[at]
            buyer, sku, quantity, amount = original[1], original[2], -abs(original[3]), -abs(original[4])
            more |= {"Type": "Return", "Original Transaction ID": random.choice([f"T{at + 1}", f"T{at + 1}", "T-lost", None])}
            bought = max(original[0], *(original[5].get(name, original[0]) for name in ("Ship Date", "Order Date")))
            day = max(day, bought)  # nothing comes back before it was bought, by no date
            more |= {name: max(more[name], bought) for name in ("Ship Date", "Order Date") if name in more}
        found.append([day, buyer, sku, quantity, amount, more])
    return found


def draw_book(random: Random, *, programs: int | None = None, rows: int | None = None, claims: bool = True) -> dict[str, Any]:
    """A whole book: the arguments of smallbooks.book."""
    ids = range(1, (programs or random.choice([1, 2, 3])) + 1)
    terms = [draw_program(random, number, claims) for number in ids]
    return {
        "programs": terms,
        "purchases": draw_purchases(random, rows or random.randrange(1, 25)),
        "distributors": DISTRIBUTORS,
        "products": PRODUCTS,
        "settings": {"As Of": date(2026, 1, 20) + timedelta(days=random.randrange(400))},
        "Scopes": [row for each in terms for row in draw_scopes(random, each["Program ID"])],
        "Enrollments": [row for each in terms for row in draw_enrollments(random, each["Program ID"])],
        "Exchange_Rates": RATES,
    }
