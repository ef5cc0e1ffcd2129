"""What one distributor is told, as a value: its own figures in words and numbers, and nothing that is not its business.

    for statement in statements(run, verdicts): ...

The nouns are in nouns.py, what they say about a program in in_words.py, the exact what-if in whatif.py, and who is told
what in make.py. Writing them as workbooks is a host's duty.
"""

from __future__ import annotations

from .make import Recipient, recipients, statements
from .nouns import (
    BranchShare,
    ClaimLine,
    CountedLine,
    DisputeLine,
    DueLine,
    ExcludedLine,
    PaymentLine,
    PeriodStatement,
    Piece,
    ProgramStatement,
    Sender,
    Statement,
    StepLine,
    TierLine,
    WhatIf,
)
from .whatif import NotExact, rebate, what_if, with_more

__all__ = [
    "BranchShare",
    "ClaimLine",
    "CountedLine",
    "DisputeLine",
    "DueLine",
    "ExcludedLine",
    "NotExact",
    "PaymentLine",
    "PeriodStatement",
    "Piece",
    "ProgramStatement",
    "Recipient",
    "Sender",
    "Statement",
    "StepLine",
    "TierLine",
    "WhatIf",
    "rebate",
    "recipients",
    "statements",
    "what_if",
    "with_more",
]
