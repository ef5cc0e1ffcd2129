"""What one distributor is told, as a value: its own figures in words and numbers, and nothing that is not its business.

    for statement in statements(run, verdicts): ...

The nouns are in nouns.py, what they say about a program in in_words.py, the exact what-if in whatif.py, and who is told
what in make.py. Writing them as workbooks is a host's duty.
"""

from __future__ import annotations

from .accounts import Account, Figure, accounts_of
from .letter import Letter, letter_of
from .make import Recipient, figures_of_recipients, recipients, statements
from .nouns import (
    AccountLine,
    BranchShare,
    ClaimDue,
    ClaimLine,
    CountedLine,
    DisputeLine,
    DueLine,
    ExcludedLine,
    Moved,
    Movement,
    PaymentLine,
    PeriodStatement,
    Piece,
    ProgramStatement,
    Sender,
    Since,
    Statement,
    StepLine,
    TierLine,
    WhatIf,
)
from .whatif import NotExact, rebate, what_if, with_more

__all__ = [
    "Account",
    "AccountLine",
    "BranchShare",
    "ClaimDue",
    "ClaimLine",
    "CountedLine",
    "DisputeLine",
    "DueLine",
    "ExcludedLine",
    "Figure",
    "Letter",
    "Moved",
    "Movement",
    "NotExact",
    "PaymentLine",
    "PeriodStatement",
    "Piece",
    "ProgramStatement",
    "Recipient",
    "Sender",
    "Since",
    "Statement",
    "StepLine",
    "TierLine",
    "WhatIf",
    "accounts_of",
    "figures_of_recipients",
    "letter_of",
    "rebate",
    "recipients",
    "statements",
    "what_if",
    "with_more",
]
