"""Which accounts an entry debits and credits, in the manufacturer's books and in the distributor's.

A row of the ledger has one debit and one credit account; a second account is a second row. Source: domain.md section 5, "Journal".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .accrue import EXPENSE_ROLE, account_of
from .agreements import Agreement
from .model import EntryKind, LedgerEntry, Perspective, RebateType, Tables
from .money import money

NOTHING = Decimal(0)
Key = tuple[str, str, str]
BY_CREDIT = ("Credit Note", "Deduction")
BALANCE = {Perspective.MANUFACTURER: "Accrued Rebates", Perspective.DISTRIBUTOR: "Rebates Receivable"}
AS_ACCRUED = (EntryKind.ACCRUAL, EntryKind.TRUE_UP, EntryKind.ADJUSTMENT, EntryKind.FORFEIT)


@dataclass(frozen=True, slots=True)
class Sides:
    """The booked sides of an entry; empty where other books have booked it."""

    debit: str = ""
    credit: str = ""
    cost_center: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is posted: what it books on which figure and why; accounts and base amount come last."""

    key: Key
    kind: EntryKind
    reason: str
    amount: Decimal  # positive raises the accrued balance
    currency: str
    source: str = ""
    method: str = ""  # of a settlement
    day: date | None = None  # whose rate counts; None: the journal date
    booked: bool = True  # False: other books have booked it, no accounts
    sides: Sides = Sides()
    rate: Fraction | None = None
    base_amount: Decimal | None = None


def contra_of(entry: LedgerEntry) -> str:
    """The account against which a balance was booked: the manufacturer's raises credit the balance, the distributor's debit it.

    Known from the entry alone: both account names are kept, and the one that is not the balance's is told by the caller's
    sums, which only ask for accounts of expense.
    """
    return f"{entry.debit_account}\n{entry.credit_account}" if entry.amount >= 0 else f"{entry.credit_account}\n{entry.debit_account}"


class _Chart:
    """The accounts of one program."""

    def __init__(self, agreement: Agreement, tables: Tables) -> None:
        self.program, self.tables = agreement.program, tables
        self.perspective = tables.settings.perspective
        self.balance = self.account(BALANCE[self.perspective])

    def account(self, role: str) -> tuple[str, str]:
        return account_of(role, self.program.program_id, self.program.rebate_type, self.tables.accounts)

    def sides(self, role: str, raises: bool) -> Sides:
        """The sides of an entry against a role; a manufacturer's raise credits the balance, a distributor's debits it."""
        contra, center = self.account(role)
        center = center or self.balance[1]
        debit, credit = contra, self.balance[0]
        if raises != (self.perspective is Perspective.MANUFACTURER):
            debit, credit = credit, debit
        return Sides(debit, credit, center)

    def mark(self, role: str) -> str:
        """How `contra_of` names entries against a role, as they raise the balance."""
        sides = self.sides(role, True)
        return f"{sides.debit}\n{sides.credit}"

    def as_accrued(self) -> tuple[str, str | None]:
        """The role that takes accruals, and the one that takes what the first does not."""
        if self.perspective is Perspective.MANUFACTURER:
            first = EXPENSE_ROLE[self.program.presentation]
            return (first, "Rebates") if self.program.rebate_type is RebateType.MDF and first != "Rebates" else (first, None)
        kinds = {RebateType.MDF: "Marketing Expense", RebateType.SHIP_AND_DEBIT: "Cost of Sales"}
        found = kinds.get(self.program.rebate_type)
        return (found, None) if found else ("Cost of Sales", "Inventory")

    def other(self, draft: Draft) -> str:
        """The role of an entry that is not booked as accruals are."""
        if draft.kind is EntryKind.REVALUATION:
            return "Exchange Difference"
        if draft.kind is EntryKind.SETTLEMENT:
            method = draft.method or self.program.settlement.value
            credit = "Accounts Receivable" if self.perspective is Perspective.MANUFACTURER else "Accounts Payable"
            return credit if method in BY_CREDIT else "Cash"
        return "Cost of Sales" if self.perspective is Perspective.DISTRIBUTOR else self.as_accrued()[0]


def with_accounts(
    agreement: Agreement,
    key: Key,
    drafts: Sequence[Draft],
    accrued: Decimal,
    approved: Decimal,
    taken: Mapping[tuple[Key, str], Decimal],
    tables: Tables,
) -> list[Draft]:
    """The drafts of one figure with their accounts; one that two accounts share becomes two.

    Where accruals go to two accounts, the first holds to date: in the distributor's books accrued x Sold Share (Cost of
    Sales; the rest is Inventory), for a manufacturer's MDF fund what is approved (the rest Rebates). `taken` is what the
    ledger has booked against each account; what the drafts cannot carry moves between the two by a pair of rows.
    """  # fmt: skip
    chart = _Chart(agreement, tables)
    first, second = chart.as_accrued()
    found: list[Draft] = []
    if second is None:
        open_part = NOTHING
    else:
        open_part = _to_date(agreement, drafts, accrued, approved, taken, key, chart, tables) - taken.get((key, chart.mark(first)), NOTHING)
    for draft in drafts:
        if not draft.booked:
            found.append(draft)
        elif draft.kind not in AS_ACCRUED or second is None:
            role = first if draft.kind in AS_ACCRUED else chart.other(draft)
            found.append(replace(draft, sides=chart.sides(role, draft.amount > 0)))
        else:
            low, high = sorted((NOTHING, draft.amount))
            part = min(max(open_part, low), high)
            open_part -= part
            parts = ((first, part), (second, draft.amount - part))
            found += [replace(draft, amount=amount, sides=chart.sides(role, amount > 0)) for role, amount in parts if amount]
    if second is not None and open_part:
        found += _moved(chart, key, agreement.currency, first, second, open_part)
    return found


def _moved(chart: _Chart, key: Key, currency: str, first: str, second: str, amount: Decimal) -> list[Draft]:
    """What goes from the second account to the first, through the balance: two rows that add up to nothing."""
    reason = "CLAIM" if chart.perspective is Perspective.MANUFACTURER else "TERMS_CHANGE"
    pair = ((first, amount), (second, -amount))
    return [Draft(key, EntryKind.TRUE_UP, reason, part, currency, sides=chart.sides(role, part > 0)) for role, part in pair]


def _to_date(
    agreement: Agreement,
    drafts: Sequence[Draft],
    accrued: Decimal,
    approved: Decimal,
    taken: Mapping[tuple[Key, str], Decimal],
    key: Key,
    chart: _Chart,
    tables: Tables,
) -> Decimal:
    """What the first of two accounts should hold by now."""  # fmt: skip
    if chart.perspective is Perspective.MANUFACTURER:
        return min(approved, accrued)
    first, second = chart.as_accrued()
    held = sum((taken.get((key, chart.mark(role)), NOTHING) for role in (first, second or first)), NOTHING)
    whole = held + sum((draft.amount for draft in drafts if draft.booked and draft.kind in AS_ACCRUED), NOTHING)
    return money(Fraction(whole) * Fraction(tables.settings.sold_share), agreement.currency, tables.settings.rounding)
