"""The journal of accounting periods for other systems: CSV for any ERP, plain text for hledger and for Beancount.

One transaction an entry, debit and credit alike. An entry in another currency than Base Currency carries its total in
Base Currency; a revaluation is in Base Currency alone. Openings that other books have booked are no journal rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from .model import Account, LedgerEntry
from .money import places_of

ROOTS = {  # what kind of account a role is
    "Rebates": "Expenses", "Marketing Expense": "Expenses", "Cost of Sales": "Expenses", "Exchange Difference": "Expenses",
    "Accrued Rebates": "Liabilities", "Accounts Payable": "Liabilities", "Accounts Receivable": "Assets", "Cash": "Assets",
    "Rebates Receivable": "Assets", "Inventory": "Assets",
}  # fmt: skip
HEADERS = ("Date", "Entry ID", "Account", "Cost Center", "Debit", "Credit", "Currency", "Rate", "Base Debit", "Base Credit", "Base Currency",
           "Program ID", "Participant ID", "Figure ID", "Kind", "Reason", "Source")  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def booked(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """The entries that are journal rows."""
    return [entry for entry in entries if entry.debit_account or entry.credit_account]


def journal_csv(entries: Iterable[LedgerEntry], days: Mapping[str, date], base: str) -> str:
    """The journal as CSV, two rows an entry; `days` gives each accounting period's journal date."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADERS)
    for entry in booked(entries):
        amount, in_base = _cents(entry.amount, entry.currency), _cents(entry.base_amount or Decimal(0), base)
        for account, is_debit in ((entry.debit_account, True), (entry.credit_account, False)):
            both = (amount, "") if is_debit else ("", amount)
            both_base = (in_base, "") if is_debit else ("", in_base)
            cells = (
                days[entry.accounting_period].isoformat(), entry.entry_id, account, entry.cost_center, *both, entry.currency, entry.rate or "",
                *both_base, base, entry.program_id, entry.participant_id, entry.figure_id, entry.kind.value, entry.reason, entry.source,
            )  # fmt: skip
            writer.writerow([_safe(cell) for cell in cells])
    return out.getvalue()


def _cents(amount: Decimal, currency: str) -> Decimal:
    """An amount without its sign and with all places of its currency.

    >>> str(_cents(Decimal("-500"), "USD")), str(_cents(Decimal("12"), "JPY"))
    ('500.00', '12')
    """
    places = max(places_of(currency), -int(amount.as_tuple().exponent))
    return abs(amount).quantize(Decimal(1).scaleb(-places))


def _safe(cell: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


class Names:
    """Account names as plain-text ledgers want them: under what kind they are, without signs that they forbid."""

    def __init__(self, accounts: Sequence[Account], clean: Callable[[str], str]) -> None:
        self.roles = {row.account: row.role for row in accounts}
        self.clean = clean
        self.known: dict[str, str] = {}

    def __getitem__(self, account: str) -> str:
        if account not in self.known:
            root = ROOTS.get(self.roles.get(account, account), "Equity")
            name = f"{root}:{self.clean(account)}"
            number = 2
            while name in self.known.values():
                name, number = f"{root}:{self.clean(account)}-{number}", number + 1
            self.known[account] = name
        return self.known[account]


def hledger_name(account: str) -> str:
    """An account as hledger takes it: any text without double blanks, colons and comment signs.

    >>> hledger_name("4010  Rebates: USA")
    '4010 Rebates USA'
    """
    return re.sub(r"\s+", " ", re.sub(r"[:;()\[\]]", " ", account)).strip() or "Unnamed"


def beancount_name(account: str) -> str:
    """An account as Beancount takes it: letters, digits and hyphens, the first one upper case or a digit.

    >>> beancount_name("rebates receivable"), beancount_name("4010.20")
    ('Rebates-receivable', '4010-20')
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", account).strip("-") or "Unnamed"
    return name[0].upper() + name[1:]


def _sides(entry: LedgerEntry, base: str) -> tuple[str, str]:
    """The amounts of the debit and of the credit side as text."""
    size, in_base = _cents(entry.amount, entry.currency), _cents(entry.base_amount if entry.base_amount is not None else entry.amount, base)
    if entry.currency == base or not entry.amount:
        return f"{in_base:f} {base}", f"-{in_base:f} {base}"
    return f"{size:f} {entry.currency} @@ {in_base:f} {base}", f"-{size:f} {entry.currency} @@ {in_base:f} {base}"


def _wanted(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Journal rows that move something."""
    return [entry for entry in booked(entries) if entry.amount or entry.base_amount]


def hledger(entries: Iterable[LedgerEntry], days: Mapping[str, date], base: str, accounts: Sequence[Account]) -> str:
    """The journal for hledger and ledger."""
    names = Names(accounts, hledger_name)
    lines = ["; rebates: one transaction for each entry of the ledger", ""]
    for entry in _wanted(entries):
        debit, credit = _sides(entry, base)
        tags = f"figure:{entry.figure_id}, reason:{_tag(entry.reason)}" + (f", costcenter:{_tag(entry.cost_center)}" if entry.cost_center else "")
        lines.append(
            f"{days[entry.accounting_period]} ({_tag(entry.entry_id)}) {entry.kind.value} {entry.program_id} {entry.participant_id}  ; {tags}"
        )
        lines += [f"    {names[entry.debit_account]}  {debit}", f"    {names[entry.credit_account]}  {credit}", ""]
    return "\n".join(lines)


def _tag(text: str) -> str:
    return re.sub(r"[,;()\n]", " ", text)


def beancount(entries: Iterable[LedgerEntry], days: Mapping[str, date], base: str, accounts: Sequence[Account]) -> str:
    """The journal for Beancount, with the accounts opened."""
    names, wanted = Names(accounts, beancount_name), _wanted(entries)
    body: list[str] = []
    for entry in wanted:
        debit, credit = _sides(entry, base)
        head = f'{days[entry.accounting_period]} * "{_quoted(entry.participant_id)}" "{entry.kind.value} {_quoted(entry.program_id)}"'
        body += [head, f'  entry: "{entry.entry_id}"', f'  figure: "{_quoted(entry.figure_id)}"', f'  reason: "{_quoted(entry.reason)}"']
        body += [f'  costcenter: "{_quoted(entry.cost_center)}"'] if entry.cost_center else []
        body += [f"  {names[entry.debit_account]}  {debit}", f"  {names[entry.credit_account]}  {credit}", ""]
    first = min((days[entry.accounting_period] for entry in wanted), default=date(2000, 1, 1))
    opened = [f"{first} open {name}" for name in sorted(names.known.values())]
    return "\n".join([f'option "operating_currency" "{base}"', "", *opened, "", *body])


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


WRITERS = {"hledger": hledger, "beancount": beancount}
