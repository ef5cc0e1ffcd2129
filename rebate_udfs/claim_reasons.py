"""The catalogue of reasons why a claim line is not simply approved: codes in order of precedence, with what to do.

Source: design section 6. Every code that applies and can be tested is given up to COST_UNKNOWN; from
QUANTITY_EXCEEDS_INVOICE on none follows a code that rejects or holds. Rejected outranks Held, Held outranks Adjusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a reason does to a claim line."""

    REJECTS = "Rejected"
    HOLDS = "Held"
    ADJUSTS = "Adjusted"


FINAL = "Nothing to do: the line is final."


@dataclass(frozen=True, slots=True)
class ClaimReason:
    """A code, what it does, when it applies, and what a distributor can do about it, in one sentence each."""

    code: str
    effect: Effect
    when: str
    remedy: str
    on_a_new_line: bool = False  # the remedy leaves the line as it is

    def remedy_of(self, is_posted: bool) -> str:
        """What can be done; a line that a close has posted takes no correction any more.

        >>> BY_CODE["PRICE_MISMATCH"].remedy_of(False), BY_CODE["PRICE_MISMATCH"].remedy_of(True)
        ('Use the agreed cost.', 'Nothing to do: the line is final.')
        """
        changes = not self.on_a_new_line and not self.remedy.startswith("Nothing to do:")
        return FINAL if is_posted and changes else self.remedy


REASONS: tuple[ClaimReason, ...] = (
    ClaimReason("UNKNOWN_PROGRAM", Effect.REJECTS, "the program is not known", "Use a program id from your statement."),
    ClaimReason("UNKNOWN_DISTRIBUTOR", Effect.REJECTS, "the distributor is not known", "Use your own distributor id, as on your statement."),
    ClaimReason(
        "AMOUNT_NOT_A_NUMBER",
        Effect.REJECTS,
        "an amount, quantity, cost or price that the claim needs is empty or no number",
        "Fill in the missing figure as a number and send the line again.",
    ),
    ClaimReason(
        "NOT_ENROLLED",
        Effect.REJECTS,
        "the distributor takes no part in the program on that date",
        "Claim only dates on which you take part in the program, or ask us to enroll you.",
    ),
    ClaimReason(
        "DUPLICATE",
        Effect.REJECTS,
        "an earlier line claims the same",
        "Nothing to do if it is the same purchase; if it is another one, name its invoice and line.",
    ),
    ClaimReason(
        "STALE_RESUBMISSION",
        Effect.REJECTS,
        "an older version of the line, or sent after the line was final",
        "Nothing to do: the newest version of the line counts.",
    ),
    ClaimReason("INVOICE_NOT_FOUND", Effect.REJECTS, "no such invoice line is in our books", "Check invoice number and SKU against your statement."),
    ClaimReason(
        "INVOICE_OF_OTHER_DISTRIBUTOR",
        Effect.REJECTS,
        "the invoice was sent to somebody else",
        "Claim only your own invoices and those of your branches.",
    ),
    ClaimReason("DATE_MISSING", Effect.HOLDS, "claim, sale or activity date is missing", "Add the date and send the line again."),
    ClaimReason(
        "DATE_IN_FUTURE",
        Effect.REJECTS,
        "the activity, sale or invoice is dated after the claim",
        "Claim after the sale or activity, with the right dates.",
    ),
    ClaimReason("OUTSIDE_PROGRAM_DATES", Effect.REJECTS, "the date lies outside the program", "Claim only what happened within the program's dates."),
    ClaimReason(
        "CLAIM_WINDOW_PASSED", Effect.HOLDS, "the claim came after the claim window", "Ask your contact whether the claim can still be accepted."
    ),
    ClaimReason("CURRENCY_MISMATCH", Effect.REJECTS, "the claim is in another currency than the program", "Claim in the program's currency."),
    ClaimReason(
        "PRODUCT_NOT_ELIGIBLE", Effect.REJECTS, "the line does not count in the program", "Claim only lines that your statement lists as counted."
    ),
    ClaimReason(
        "ACTIVITY_NOT_ELIGIBLE",
        Effect.REJECTS,
        "the program does not pay for this activity type",
        "Claim only activity types that the program names.",
    ),
    ClaimReason("PROOF_MISSING", Effect.HOLDS, "the proof is missing", "Add the reference of the proof and send the line again."),
    ClaimReason(
        "NO_SPECIAL_PRICE",
        Effect.REJECTS,
        "no special price covers SKU, customer and sale date",
        "Check SKU, end customer and sale date against the agreed prices.",
    ),
    ClaimReason("COST_UNKNOWN", Effect.HOLDS, "our cost of the SKU is not known", "We need the cost first; send us the purchase invoice."),
    ClaimReason(
        "QUANTITY_EXCEEDS_INVOICE",
        Effect.ADJUSTS,
        "more is claimed than the invoice line holds",
        "Claim only the quantity that is left on the invoice line.",
    ),
    ClaimReason(
        "QUANTITY_EXCEEDS_LIMIT",
        Effect.ADJUSTS,
        "more is claimed than the agreement or your purchases allow",
        "Claim only the quantity that is left.",
    ),
    ClaimReason("PRICE_MISMATCH", Effect.ADJUSTS, "the unit cost claimed is not the cost agreed", "Use the agreed cost."),
    ClaimReason("ALREADY_CLAIMED", Effect.REJECTS, "nothing is left to claim", "Nothing to do: it was claimed before."),
    ClaimReason("TIER_NOT_REACHED", Effect.REJECTS, "nothing is earned in that period", "Claim again when a tier is reached."),
    ClaimReason("EXCEEDS_ENTITLEMENT", Effect.ADJUSTS, "more is claimed than is open", "Nothing to do: we pay what is open."),
    ClaimReason("FUND_EXHAUSTED", Effect.ADJUSTS, "the fund does not hold enough", "Nothing to do: we pay what the fund still holds."),
    ClaimReason("CLAIMED_TOO_MUCH", Effect.ADJUSTS, "more is claimed than the terms give", "Nothing to do: we pay what the terms give."),
    ClaimReason(
        "CLAIMED_TOO_LITTLE", Effect.ADJUSTS, "less is claimed than the terms give", "Claim the rest in a line of its own.", on_a_new_line=True
    ),
    ClaimReason("BELOW_MINIMUM", Effect.HOLDS, "the sum is below the program's minimum payout", "Nothing to do: it is paid with your next claims."),
)
BY_CODE = {reason.code: reason for reason in REASONS}
ORDER = {reason.code: at for at, reason in enumerate(REASONS)}
LAST_OF_FACTS = ORDER["COST_UNKNOWN"]  # up to here every code is given; what follows asks for amounts
if len(BY_CODE) != len(REASONS):
    raise AssertionError("a claim reason stands twice")
