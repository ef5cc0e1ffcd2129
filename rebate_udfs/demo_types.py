"""The sample company's programs of the other types: growth, mix, a marketing fund with claims, price support by claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

SampleRows = Sequence[Mapping[str, Any]]  # column header -> what a person would have typed

YEAR = {"Starts On": date(2026, 1, 1), "Ends On": date(2026, 12, 31)}
PROGRAMS: SampleRows = (
    {"Program ID": "P-160", "Program Name": "Grow With Us", "Objective": "Buy more than last year", "Rebate Type": "Growth", **YEAR, "Period": "Half",
     "Method": "Retrospective", "Owner": "M. Okafor", "Clause": "5.1"},
    {"Program ID": "P-170", "Program Name": "Summit on the Shelf", "Objective": "Lasers as a part of the range", "Rebate Type": "Mix",
     "Starts On": date(2026, 4, 1), "Ends On": date(2026, 12, 31), "Period": "Quarter", "Method": "Retrospective", "Owner": "J. Lindqvist",
     "Clause": "5.2"},
    {"Program ID": "P-180", "Program Name": "Local Marketing Fund", "Objective": "Fairs and radio near the branches", "Rebate Type": "MDF", **YEAR,
     "Period": "Half", "Method": "Retrospective", "Participation": Decimal("0.5"), "Owner": "J. Lindqvist", "Clause": "5.3"},
    {"Program ID": "P-190", "Program Name": "Jobsite Prices", "Objective": "Win large building sites", "Rebate Type": "Ship and Debit", **YEAR,
     "Period": "Quarter", "Method": "Retrospective", "Owner": "M. Okafor", "Clause": "5.4", "Claim Window Days": 45},
)  # fmt: skip
TIERS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {  # From, To, Reward, Pay From First
    "P-160": (("0.05", "", "0.02", ""), ("0.15", "", "0.03", "")),
    "P-170": (("0.03", "", "0.01", ""), ("0.08", "", "0.02", "")),
    "P-180": (("0", "", "0.01", ""),),
}
SCOPES = (  # program, applies to, rule, dimension, value
    ("P-170", "Focus", "Include", "Brand", "Summit"),
    ("P-180", "All", "Include", "Activity", "Fair"),
    ("P-180", "All", "Include", "Activity", "Radio"),
    ("P-180", "All", "Exclude", "Brand", "Harrow"),
)
ENROLLED = {
    "P-160": ("D-1000", "D-1100", "D-1300", "D-1400"),
    "P-170": ("D-1000", "D-1100", "D-1200", "D-1300", "D-1400", "D-1500"),
    "P-180": ("D-1000", "D-1100", "D-1200"),
    "P-190": ("D-1100", "D-1300"),
}
BASELINES: SampleRows = (
    {"Program ID": "P-160", "Participant ID": "D-1000", "Period": "2026-H1", "Amount": Decimal("135000"), "Source": "ERP 2025 without Omaha",
     "Approved By": "M. Okafor", "Note": "the branch was sold to Prairie"},
)  # fmt: skip
SPECIAL_PRICES: SampleRows = (
    {"Program ID": "P-190", "SKU": "KD-320", "End Customer": "Meridian Build", "Mode": "Down To", "Terms": Decimal("339"), "Cost": Decimal("379"),
     "Maximum Quantity": 60, "Valid From": date(2026, 1, 1), "Valid To": date(2026, 6, 30)},
    {"Program ID": "P-190", "SKU": "KD-185", "Mode": "Down By Percent", "Terms": Decimal("0.08"), "Cost": Decimal("175")},
)  # fmt: skip


def _activity(number: int, who: str, day: date, kind: str, cost: int, proof: str) -> dict[str, Any]:
    row = {"Claim ID": f"MC-{number:03d}", "Program ID": "P-180", "Distributor ID": who, "Claim Date": date(2026, day.month + 1, 5),
           "Activity Type": kind, "Activity Date": day, "Activity Cost": cost, "Claimed Amount": Decimal(cost) / 2}  # fmt: skip
    return {**row, "Proof Reference": proof} if proof else row


def _sale(number: int, who: str, day: date, sku: str, quantity: int, customer: str, claimed: str) -> dict[str, Any]:
    return {"Claim ID": f"SD-{number:03d}", "Program ID": "P-190", "Distributor ID": who, "Claim Date": date(2026, day.month + 1, 2), "SKU": sku,
            "Quantity": quantity, "Sale Date": day, "End Customer": customer, "Invoice Number": f"{who}-{number}",
            "Claimed Amount": Decimal(claimed)}  # fmt: skip


CLAIMS: SampleRows = (
    _activity(1, "D-1000", date(2026, 3, 12), "Fair", 1800, "Fair invoice 4471"),
    _activity(2, "D-1100", date(2026, 3, 20), "Radio", 900, ""),
    _activity(3, "D-1200", date(2026, 4, 9), "Leaflets", 400, "Printer 118"),
    _sale(1, "D-1100", date(2026, 3, 18), "KD-320", 4, "Meridian Build", "160"),
    _sale(2, "D-1300", date(2026, 4, 8), "KD-185", 3, "", "50"),
)
"""One fair with its proof, one without, an activity that the fund does not pay for; two sales, the second claimed too high."""
