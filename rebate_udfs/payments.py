"""What to pay now: proposals by distributor from what is due, with what is recoverable set off, oldest first.

A proposal is rows of Payments without Paid On: under way, not settled, and not proposed again. Source: domain.md section 5,
"Settlement". Nothing is proposed while Payment Hold is Yes; an offset is a row + on the one figure and a row - on the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .agreements import Agreement, agreements
from .model import Distributor, Payable, Run, Tables
from .money import with_cents
from .participants import Hierarchy
from .settle import needs_claim, resolve

NOTHING = Decimal(0)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a proposal: what is paid (or, below 0, set off) on one figure."""

    key: Key
    amount: Decimal
    due_on: date
    claim_id: str = ""
    claim_line: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One payment to one distributor: its rows add up to what is paid, which is never below 0."""

    payment_id: str
    participant_id: str
    payee: str
    method: str
    currency: str
    bank_account: str
    bank_id: str
    parts: tuple[Part, ...]

    @property
    def amount(self) -> Decimal:
        """What is paid, after what was set off, with all places of its currency."""
        return with_cents(sum((part.amount for part in self.parts), NOTHING), self.currency)

    @property
    def is_offset(self) -> bool:
        """Whether something recoverable was set off in it."""
        return any(part.amount < 0 for part in self.parts)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What is due and not proposed, with the reason in words."""

    participant_id: str
    currency: str
    amount: Decimal
    why: str


def proposals(run: Run) -> tuple[list[Proposal], list[HeldBack]]:
    """What a run's payables propose, one payment a distributor, currency and method, and what is held back.

    Amounts under way (Payments without Paid On) are taken off first; payables and recoverables go oldest first.
    """
    programs = {each.program_id: each for each in agreements(run.tables, Hierarchy(run.tables.distributors))[0]}
    under_way = _under_way(programs, run.tables)
    due: dict[tuple[str, str], list[Part]] = defaultdict(list)
    owed: dict[tuple[str, str], list[Part]] = defaultdict(list)
    claims = _claims(run, under_way)
    for row in sorted(run.payable, key=lambda each: (each.due_on, each.figure_id, each.settlement_end)):
        key = (row.program_id, row.participant_id, row.period)
        at = (row.participant_id, row.currency)
        if row.payable > 0 and (amount := _less(under_way, (key, 1), row.payable)):
            due[at] += _by_claim(programs[key[0]], key, amount, row, claims)
        if row.recoverable > 0 and (amount := _less(under_way, (key, -1), row.recoverable)):
            owed[at].append(Part(key, amount, row.due_on))
    found: list[Proposal] = []
    held: list[HeldBack] = []
    people = {row.distributor_id: row for row in reversed(run.tables.distributors)} | _current(run)
    for participant, currency in sorted(due):
        parts, person = due[participant, currency], people[participant]
        whole = sum((part.amount for part in parts), NOTHING)
        if person.payment_hold:
            held.append(HeldBack(participant, currency, whole, "Payment Hold is Yes"))
            continue
        found += _paid(parts, owed[participant, currency], person, currency, programs)
    taken = {payment.payment_id for payment in run.tables.payments}
    return list(_named(found, run.as_of, taken)), held


def _current(run: Run) -> dict[str, Distributor]:
    return {
        row.distributor_id: row for row in run.tables.distributors
        if (row.member_from or date.min) <= run.as_of <= (row.member_to or date.max)
    }  # fmt: skip


def _under_way(programs: Mapping[str, Agreement], tables: Tables) -> dict[tuple[Key, int], Decimal]:
    """What is proposed already on each figure: payments (1) and offsets (-1)."""
    found: dict[tuple[Key, int], Decimal] = defaultdict(Decimal)
    for key, rows in resolve(programs.values(), tables.payments).items():
        for row in rows:
            if row.paid_on is None:
                found[key, 1 if row.amount > 0 else -1] += abs(row.amount)
    return found


def _less(under_way: dict[tuple[Key, int], Decimal], at: tuple[Key, int], amount: Decimal) -> Decimal:
    """An amount without what is under way already; that is used up."""
    used = min(under_way.get(at, NOTHING), amount)
    under_way[at] = under_way.get(at, NOTHING) - used
    return amount - used


def _claims(run: Run, under_way: Mapping[tuple[Key, int], Decimal]) -> dict[Key, list[tuple[str, str, Decimal]]]:
    """What of each approved claim line is not paid yet, oldest claim first, by figure."""
    proposed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in run.tables.payments:
        if row.claim_id and row.paid_on is None:
            proposed[row.claim_id, row.claim_line] += row.amount
    found: dict[Key, list[tuple[str, str, Decimal]]] = defaultdict(list)
    for claim in sorted(run.claims, key=lambda each: (each.claim_date or date.max, each.claim_id, each.line)):
        rest = claim.approved - claim.paid - proposed[claim.claim_id, claim.line]
        if rest > 0:
            found[claim.program_id, claim.participant_id, claim.period].append((claim.claim_id, claim.line, rest))
    return found


def _by_claim(agreement: Agreement, key: Key, amount: Decimal, row: Payable, claims: Mapping[Key, list[tuple[str, str, Decimal]]]) -> Iterator[Part]:
    """What is due on a figure, one part for each claim line that it pays."""
    lines = claims.get(key, []) if needs_claim(agreement) else []
    while lines and amount > 0:
        claim_id, line, rest = lines.pop(0)
        part = min(rest, amount)
        amount -= part
        if rest > part:
            lines.insert(0, (claim_id, line, rest - part))
        yield Part(key, part, row.due_on, claim_id, line)
    if amount > 0:
        yield Part(key, amount, row.due_on)


def _paid(
    due: Sequence[Part], owed: Sequence[Part], person: Distributor, currency: str, programs: Mapping[str, Agreement]
) -> Iterator[Proposal]:  # fmt: skip
    """The payments to one distributor: by method, what is owed to us set off against the oldest."""
    by_method: dict[str, list[Part]] = defaultdict(list)
    for part in due:
        by_method[programs[part.key[0]].program.settlement.value].append(part)
    open_ = list(owed)
    for method, parts in by_method.items():
        left = sum((part.amount for part in parts), NOTHING)
        offsets: list[Part] = []
        while open_ and left > 0:
            part = open_.pop(0)
            size = min(part.amount, left)
            left -= size
            offsets.append(replace(part, amount=-size))
            if part.amount > size:
                open_.insert(0, replace(part, amount=part.amount - size))
        payee = person.payee or person.distributor_name
        yield Proposal("", person.distributor_id, payee, method, currency, person.bank_account, person.bank_id, (*parts, *offsets))


def _named(found: Iterable[Proposal], day: date, taken: set[str]) -> Iterator[Proposal]:
    """Payment IDs that no other payment has: the day and a number."""
    number = 0
    for each in found:
        number += 1
        while f"PAY-{day:%Y%m%d}-{number:03d}" in taken:
            number += 1
        yield replace(each, payment_id=f"PAY-{day:%Y%m%d}-{number:03d}")


def not_over(found: Iterable[Proposal], run: Run, known: date) -> str:
    """In a sentence or two, how many figures are proposed whose settlement was not over on the last day that the book knows.

    Only `rebates pay --due` with a later day proposes them; "" where there are none.
    """
    open_ = {(row.program_id, row.participant_id, row.period, row.due_on) for row in run.payable if row.settlement_end > known}
    parts = [part for each in found for part in each.parts if part.amount > 0]
    early = {part.key for part in parts if part.due_on > known and (*part.key, part.due_on) in open_}
    if not early:
        return ""
    whole = len({part.key for part in parts})
    return (
        f"{len(early):,} of the {whole:,} figure{'' if whole == 1 else 's'} proposed {'belongs' if len(early) == 1 else 'belong'} "
        f"to periods that end after {known}, "
        "the last day that this book knows (As Of on the sheet Settings, or the last transaction): they hold only what was bought until then. "
        "Pay them when their periods are over and all transactions are in, or delete their rows in Payments."
    )


def payment_rows(found: Iterable[Proposal]) -> list[dict[str, object]]:
    """The rows of Payments, by column header, that a proposal stands for."""
    return [
        {
            "Payment ID": each.payment_id, "Program ID": part.key[0], "Participant ID": part.key[1], "Period": part.key[2],
            "Claim ID": part.claim_id, "Claim Line": part.claim_line, "Due On": part.due_on, "Amount": part.amount,
            "Currency": each.currency, "Method": each.method, "Reference": each.payment_id,
        }
        for each in found
        for part in each.parts
    ]  # fmt: skip


CSV_HEADERS = ("Payment ID", "Participant ID", "Payee", "Method", "Currency", "Amount", "Due On", "Bank Account", "Bank ID", "Program ID", "Period",
               "Claim ID", "Claim Line", "Part Amount")  # fmt: skip


def csv_rows(found: Iterable[Proposal]) -> list[tuple[str, ...]]:
    """One row for each part, for any accounting system; the payment's own sum stands on each."""
    return [
        (each.payment_id, each.participant_id, each.payee, each.method, each.currency, str(each.amount), part.due_on.isoformat(), each.bank_account,
         each.bank_id, part.key[0], part.key[2], part.claim_id, part.claim_line, str(with_cents(part.amount, each.currency)))
        for each in found
        for part in each.parts
    ]  # fmt: skip
