"""What programs other than Volume pay for, in sentences: growth over a baseline, a share, a marketing fund, price support by claim."""

from __future__ import annotations

from fractions import Fraction

from ..model import Program, RebateType, RewardKind, RewardOn
from ..rewards.text import percent_text

GROWN = {  # what the rate is applied to
    RewardOn.INCREMENT: "what {goods} exceed the baseline by",
    RewardOn.OVER_THRESHOLD: "what {goods} exceed the threshold reached by",
    RewardOn.ALL: "all {goods}",
}
BY_CLAIM = (RebateType.MDF, RebateType.SHIP_AND_DEBIT)


def pays_by_type(program: Program, how_often: str, goods: str, focus: str, listed: str, activities: str) -> str:
    """One sentence on what a program pays for; "" for Volume.

    `goods` are the purchases that count, `focus` the range of a mix as " of category X", `listed` the tiers in words,
    `activities` the activity types that a fund pays for, "" for any.
    """
    sum_of = "a sum" if program.reward is RewardKind.LUMP_SUM else ""
    if program.rebate_type is RebateType.GROWTH:
        paid_on = sum_of or f"on {GROWN[program.reward_on or RewardOn.INCREMENT].format(goods=goods)}"
        return f"Pays {paid_on}, {how_often}, by how much you grow over the baseline: {listed}."
    if program.rebate_type is RebateType.MIX:
        paid_on = sum_of or ("on that part" if program.reward_on is RewardOn.FOCUS else f"on all {goods}")
        return f"Pays {paid_on}, {how_often}, for the share{focus} in them: {listed}."
    if program.rebate_type is RebateType.MDF:
        share = percent_text(Fraction(program.participation))
        fund = f"A fund for marketing, {how_often}" + (f": {listed} of {goods}" if listed else "")
        return f"{fund}. It reimburses {share} of what {activities or 'your activities'} cost you, by claim."
    if program.rebate_type is RebateType.SHIP_AND_DEBIT:
        return "Pays you by claim, for each unit sold at an agreed special price, the difference that the agreement names."
    return ""


def claim_sentences(program: Program, settled: str) -> tuple[str, ...]:
    """How a program that pays by claim is claimed and paid; `settled` is " by credit note" and the like."""
    window, due = program.claim_window_days, program.payment_terms_days
    if program.rebate_type is RebateType.MDF:
        proof = "with the reference of a proof, " if program.proof_required else ""
        left = "What is left is carried over to the next period." if program.carry_over else "What is left after that lapses."
        return (
            "Where a budget is agreed with you, the fund is the budget.",
            "The activity must lie within the program's dates and draws on the fund of its own period.",
            f"Claim it, {proof}no later than {window} days after the end of that period. {left}",
            f"An approved claim is paid{settled} {due} days after its date.",
        )
    return (
        "A claim names the invoice, the product, the quantity, the date of sale and the end customer.",
        f"Claim no later than {window} days after the sale, and no more units than you bought.",
        "What your customer returns to you is claimed with a negative quantity.",
        f"An approved claim is paid{settled} {due} days after its date.",
    )
