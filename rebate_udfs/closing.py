"""What a close posts: from the run at a period's last day and what the ledger holds, the entries that are missing.

Every kind is differenced by itself (accrued by figure, settled by payment, lapsed by figure, adjusted by source row), so each
posts once, none undoes another, and a second close finds nothing. Source: domain.md section 5, "Closing" and "Journal".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .accrue import RECOGNISING
from .agreements import Agreement, agreements
from .claim_posting import sentence, source_of
from .closing_accounts import Draft, contra_of, with_accounts
from .exchange import MissingRate, Rates
from .model import Accrual, AdjustmentKind, DisputeStatus, EntryKind, LedgerEntry, Payment, Period, Run
from .money import money
from .participants import Hierarchy
from .settle import dispute_effect, resolve

NOTHING = Decimal(0)
Key = tuple[str, str, str]
REASONS = {AdjustmentKind.OPENING: "OPENING", AdjustmentKind.FORFEIT: "ADJUSTMENT", AdjustmentKind.WRITE_OFF: "ADJUSTMENT",
           AdjustmentKind.ADJUSTMENT: "ADJUSTMENT"}  # fmt: skip
KINDS = {AdjustmentKind.OPENING: EntryKind.OPENING, AdjustmentKind.FORFEIT: EntryKind.FORFEIT, AdjustmentKind.WRITE_OFF: EntryKind.WRITE_OFF,
         AdjustmentKind.ADJUSTMENT: EntryKind.ADJUSTMENT}  # fmt: skip
LAPSED = "LAPSED"


@dataclass(slots=True)
class Posted:
    """What the ledger holds: amounts by figure, kind and source, balances, and what each account has taken."""

    amounts: dict[tuple[Key, EntryKind, str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    recognised: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    balance: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    base: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    contra: dict[tuple[Key, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    currency: dict[Key, str] = field(default_factory=dict)


def code_of(reason: str) -> str:
    """The reason code of an entry, without the sentence that may follow it.

    >>> code_of("REVERSAL (posted too early)")
    'REVERSAL'
    """
    return reason.split(" ", 1)[0]


def posted(ledger: Iterable[LedgerEntry]) -> Posted:
    """The ledger summed once; a Reversal counts as what it reverses."""
    found, origin = Posted(), {}
    for entry in ledger:
        origin[entry.entry_id] = (entry.kind, code_of(entry.reason))
        kind, reason = origin.get(entry.reverses, (entry.kind, "")) if entry.kind is EntryKind.REVERSAL else origin[entry.entry_id]
        key = (entry.program_id, entry.participant_id, entry.earning_period)
        lapsed = LAPSED if kind is EntryKind.FORFEIT and reason == LAPSED else ""
        found.amounts[key, kind, entry.source, lapsed] += entry.amount
        found.balance[key] += entry.amount
        found.base[key] += entry.base_amount if entry.base_amount is not None else entry.amount
        found.currency[key] = entry.currency
        if kind in RECOGNISING:
            found.recognised[key] += entry.amount
        if kind not in (EntryKind.SETTLEMENT, EntryKind.REVALUATION, EntryKind.WRITE_OFF):
            found.contra[key, contra_of(entry)] += entry.amount
    return found


@dataclass(frozen=True, slots=True)
class Missing:
    """What a close finds: the accrual entries still to be split by reason, and all other drafts."""

    accruals: Mapping[Key, Decimal]  # figure -> accrued to date - recognised, without zeros
    others: tuple[Draft, ...]
    openings: Mapping[Key, Decimal]
    programs: Mapping[str, Agreement]


def missing(run: Run, ledger: Posted) -> Missing:
    """Every difference between a run and the ledger, kind by kind; figures that the book no longer has are left alone."""
    programs, _ = agreements(run.tables, Hierarchy(run.tables.distributors))
    keys = {key_of(row): row for row in run.accruals}
    targets = _targets(run, programs)
    others: list[Draft] = []
    openings: dict[Key, Decimal] = defaultdict(Decimal)
    sources = {(key, kind, source, lapsed) for key, kind, source, lapsed in ledger.amounts if kind in DIFFERENCED}
    for key, kind, source, lapsed in sorted(sources | set(targets), key=str):
        if key not in keys:
            continue
        draft = targets.get((key, kind, source, lapsed))
        amount = (draft.amount if draft else NOTHING) - ledger.amounts.get((key, kind, source, lapsed), NOTHING)
        if kind is EntryKind.OPENING:
            openings[key] += amount
        if amount:
            empty = Draft(key, kind, lapsed or ("PAYMENT" if kind is EntryKind.SETTLEMENT else "ADJUSTMENT"), amount, keys[key].currency, source)
            others.append(replace(draft or empty, amount=amount))
    entries = {key: row.accrued - ledger.recognised.get(key, NOTHING) - openings.get(key, NOTHING) for key, row in keys.items()}
    return Missing({key: entry for key, entry in entries.items() if entry}, tuple(others), openings, {each.program_id: each for each in programs})


DIFFERENCED = (EntryKind.OPENING, EntryKind.SETTLEMENT, EntryKind.FORFEIT, EntryKind.WRITE_OFF, EntryKind.ADJUSTMENT)


def key_of(row: Accrual) -> Key:
    """Program, participant and earning period of an accrual."""
    return (row.program_id, row.participant_id, row.period.period_id)


def _targets(run: Run, programs: Sequence[Agreement]) -> dict[tuple[Key, EntryKind, str, str], Draft]:
    """What the ledger should hold of every kind but accruals, by figure and source row."""
    found: dict[tuple[Key, EntryKind, str, str], Draft] = {}
    currency = {each.program_id: each.currency for each in programs}

    def add(draft: Draft) -> None:
        at = (draft.key, draft.kind, draft.source, draft.reason if draft.reason == LAPSED else "")
        before = found.get(at)
        found[at] = replace(draft, amount=draft.amount + before.amount) if before else draft

    opened: dict[Key, date] = {}
    for key, rows in resolve(programs, run.tables.adjustments).items():
        for row in rows:
            if row.dated_on > run.as_of:
                continue
            if row.kind is AdjustmentKind.OPENING:
                opened[key] = max(row.dated_on, opened.get(key, row.dated_on))
            add(Draft(key, KINDS[row.kind], REASONS[row.kind], row.amount, currency[key[0]], row.adjustment_id,
                      booked=row.kind is not AdjustmentKind.OPENING))  # fmt: skip
    for key, payments in resolve(programs, run.tables.payments).items():
        for payment in sorted(payments, key=lambda each: each.paid_on or date.max):
            if payment.paid_on and payment.paid_on <= run.as_of:
                add(_settlement(key, payment, currency[key[0]], payment.paid_on, opened.get(key)))
    for dispute in run.tables.disputes:
        parts = dispute.figure_id.split("/")
        resolved = dispute.status is DisputeStatus.RESOLVED and dispute.resolved_on and dispute.resolved_on <= run.as_of
        if resolved and len(parts) >= 3 and parts[0] in currency and dispute_effect(dispute):
            key = (parts[0], parts[1], parts[2])
            add(Draft(key, EntryKind.ADJUSTMENT, "DISPUTE", dispute_effect(dispute), currency[key[0]], dispute.dispute_id))
    for due in run.payable:
        if due.lapsed:
            add(Draft((due.program_id, due.participant_id, due.period), EntryKind.FORFEIT, LAPSED, -due.lapsed, due.currency))
    return found


def _settlement(key: Key, payment: Payment, currency: str, paid_on: date, opened: date | None) -> Draft:
    """What a payment takes off the balance; one that other books have booked before go-live has no accounts."""
    before = opened is not None and paid_on <= opened
    reason = "OPENING" if before else "PAYMENT"
    return Draft(key, EntryKind.SETTLEMENT, reason, -payment.amount, currency, payment.payment_id, payment.method, paid_on, not before)


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A part of an accrual entry: its kind, its reason, its amount; the parts of a figure add up to its entry."""

    kind: EntryKind
    reason: str
    amount: Decimal


def drafts(run: Run, ledger: Posted, found: Missing, reasons: Mapping[Key, Sequence[Reasoned]]) -> list[Draft]:
    """All entries of a close with accounts, rates and base amounts, in the order of figures.

    `reasons` holds the parts of every accrual entry. Raises LookupError, naming currency and day, without an exchange rate.
    """
    by_key: dict[Key, list[Draft]] = defaultdict(list)
    accrued = {key_of(row): row for row in run.accruals}
    for draft in found.others:
        by_key[draft.key].append(draft)
    for key, parts in reasons.items():
        by_key[key] += [Draft(key, part.kind, part.reason, part.amount, accrued[key].currency) for part in parts if part.amount]
    for key in ledger.balance:  # a balance in another currency goes to the day's rate, and what was resold moves accounts
        if key in accrued:
            by_key.setdefault(key, [])
    rates = Rates(run.tables.settings.base_currency, run.tables.exchange_rates)
    approved = _approved(run)
    result: list[Draft] = []
    for key in sorted(by_key):
        ordered = sorted(by_key[key], key=lambda draft: ORDER.index(draft.kind))
        agreement = found.programs[key[0]]
        booked = with_accounts(agreement, key, ordered, accrued[key].accrued, approved.get(key, NOTHING), ledger.contra, run.tables)
        result += _in_base(key, agreement, booked, ledger, rates, run)
    return [*result, *_claim_lines(run, accrued)]


def _claim_lines(run: Run, accrued: Mapping[Key, Accrual]) -> list[Draft]:
    """An entry for every claim line that is approved and due, or has risen since: it books nothing and makes the line final."""
    found = []
    for row in run.claims:
        key = (row.program_id, row.participant_id, row.period)
        if row.approved and not row.carried and row.approved != row.posted and key in accrued and row.status in ("Approved", "Adjusted"):
            source = source_of(row.distributor_id, row.claim_id, row.line)
            found.append(Draft(key, EntryKind.TRUE_UP, sentence(row), NOTHING, row.currency, source, booked=False, base_amount=NOTHING))
    return sorted(found, key=lambda draft: draft.source)


ORDER = (EntryKind.OPENING, EntryKind.ACCRUAL, EntryKind.TRUE_UP, EntryKind.ADJUSTMENT, EntryKind.FORFEIT, EntryKind.WRITE_OFF,
         EntryKind.SETTLEMENT, EntryKind.REVALUATION, EntryKind.REVERSAL)  # fmt: skip


def _approved(run: Run) -> dict[Key, Decimal]:
    """What claims have been approved on each figure."""
    found: dict[Key, Decimal] = defaultdict(Decimal)
    for claim in run.claims:
        found[claim.program_id, claim.participant_id, claim.period] += claim.approved
    return found


def _in_base(key: Key, agreement: Agreement, booked: Sequence[Draft], ledger: Posted, rates: Rates, run: Run) -> list[Draft]:
    """Entries in Base Currency at the rate of their day, and the revaluation of what is then left of the balance."""
    base, settings = rates.base_currency, run.tables.settings
    found: list[Draft] = []
    for draft in booked:
        rate = _rate(rates, agreement.currency, draft.day or run.as_of)
        found.append(replace(draft, rate=rate, base_amount=money(Fraction(draft.amount) * rate, base, settings.rounding)))
    if agreement.currency == base:
        return found
    rate = _rate(rates, agreement.currency, run.as_of)
    balance = ledger.balance.get(key, NOTHING) + sum((draft.amount for draft in found), NOTHING)
    held = ledger.base.get(key, NOTHING) + sum((draft.base_amount or NOTHING for draft in found), NOTHING)
    difference = money(Fraction(balance) * rate, base, settings.rounding) - held
    if difference:
        draft = Draft(key, EntryKind.REVALUATION, "RATE_CHANGE", difference, agreement.currency)
        (sided,) = with_accounts(agreement, key, [draft], NOTHING, NOTHING, {}, run.tables)
        found.append(replace(sided, amount=NOTHING, rate=rate, base_amount=difference))
    return found


def _rate(rates: Rates, currency: str, day: date) -> Fraction:
    rate = rates.in_base(currency, day)
    if isinstance(rate, MissingRate):
        raise LookupError(f"there is no rate of {rate.currency} for {rate.day}; add it to Exchange Rates")
    return rate


def entry_of(draft: Draft, accounting: Period, **more: object) -> LedgerEntry:
    """A draft as the ledger holds it, not yet numbered and sealed."""
    rate = None if draft.rate is None else Decimal(draft.rate.numerator) / Decimal(draft.rate.denominator)
    return LedgerEntry(
        sequence=0, accounting_period=accounting.period_id, figure_id="/".join((*draft.key, FIGURE.get(draft.kind, "payable"))),
        program_id=draft.key[0], participant_id=draft.key[1], earning_period=draft.key[2], kind=draft.kind, reason=draft.reason,
        debit_account=draft.sides.debit, credit_account=draft.sides.credit, cost_center=draft.sides.cost_center, amount=draft.amount,
        currency=draft.currency, rate=rate, base_amount=draft.base_amount, source=draft.source, **more,
    )  # fmt: skip


FIGURE = {EntryKind.OPENING: "accrued", EntryKind.ACCRUAL: "accrued", EntryKind.TRUE_UP: "accrued", EntryKind.REVALUATION: "accrued"}


def reversals(entries: Sequence[LedgerEntry], reason: str) -> list[LedgerEntry]:
    """The entries that take back those of a close, last first: sides exchanged, amounts with the other sign."""
    return [
        entry.model_copy(
            update={"kind": EntryKind.REVERSAL, "reason": f"REVERSAL ({reason})", "amount": -entry.amount, "reverses": entry.entry_id,
                    "base_amount": None if entry.base_amount is None else -entry.base_amount, "debit_account": entry.credit_account,
                    "credit_account": entry.debit_account}
        )
        for entry in reversed(entries)
    ]  # fmt: skip


def orphans(run: Run, ledger: Posted) -> list[tuple[Key, Decimal, str]]:
    """Balances of figures that the book no longer has."""
    known = {key_of(row) for row in run.accruals}
    return [(key, balance, ledger.currency[key]) for key, balance in sorted(ledger.balance.items()) if balance and key not in known]
