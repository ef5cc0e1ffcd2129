"""From a run to one statement a distributor: who gets one, what belongs to it, and what stays out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from ..agreements import terms_of
from ..model import Attainment, Dimension, Payment, Program, Run, Scope, ScopeRule, TiersOn, Verdict
from ..participants import Hierarchy
from ..periods import settlement_periods
from ..rewards import reward
from .accounts import Account, Figure, account_line, accounts_of, claim_text, claims_due, moved
from .answers import claim_line, dispute_line
from .figures import figure
from .in_words import pays_for, terms_of_program, tier_lines, worked_example
from .lines import counted_line, excluded_line, whole_number
from .nouns import ClaimLine, DisputeLine, DueLine, PaymentLine, PeriodStatement, ProgramStatement, Sender, Since, Statement, StepLine

Verdicts = Callable[[Sequence[str]], Iterable[Verdict]]
FAMILIES_AT_A_TIME = 64  # one look at the transactions for so many; bounds the memory that their lines take
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a statement: a top participant, or a branch its own."""

    participant_id: str
    name: str
    top_id: str  # the same as participant_id for a top participant

    @property
    def is_branch(self) -> bool:
        return self.participant_id != self.top_id


def recipients(run: Run, branches: bool = False) -> tuple[Recipient, ...]:
    """Who may get a statement, in order of id: the top of every participant with a figure; with `branches` each member of its family too.

    A branch without a figure or a purchase in any program gets none. Who is whose branch is decided on the as-of date.
    """
    family = _Family(run)
    found = []
    for top in family.tops:
        found.append(Recipient(top, family.name(top), top))
        if branches:
            found += [Recipient(one, family.name(one), top) for one in family.members(top) if one != top]
    return tuple(found)


def figures_of_recipients(run: Run, branches: bool = False) -> dict[str, tuple[Figure, ...]]:
    """Which figures stand on whose statement: a family's on its top's; with `branches` on a branch's own those that are its alone."""
    family = _Family(run)
    found: dict[str, list[Figure]] = {top: [] for top in family.tops}
    for top in family.tops:
        for row in family.figures[top]:
            key = (row.program_id, row.participant_id, row.period.period_id)
            found[top].append(key)
            if branches and row.participant_id != top:
                found.setdefault(row.participant_id, []).append(key)
    return {one: tuple(figures) for one, figures in found.items()}


def statements(run: Run, verdicts: Verdicts, branches: bool = False, since: Mapping[str, Since] | None = None) -> Iterator[Statement]:
    """One statement a top participant, in order of id; with `branches` each branch's own after it.

    `verdicts(participant_ids)` gives how every transaction of those participants and their branches fared, program by
    program; it is asked for some families at a time, and for nothing that was not asked for. A statement holds its
    family's figures, lines and payments only, of programs the family takes part in. `since` is what each participant
    was told last (who is not in it gets the first statement); None where nobody remembers.
    """
    family = _Family(run)
    tops = family.tops
    for at in range(0, len(tops), FAMILIES_AT_A_TIME):
        chunk = tops[at : at + FAMILIES_AT_A_TIME]
        asked = sorted({member for top in chunk for member in family.hierarchy.family(top)} | set(chunk))
        lines: dict[str, list[Verdict]] = {top: [] for top in chunk}
        for verdict in verdicts(asked):
            top = family.owner(verdict)
            if top in lines and verdict.program_id in family.programs[top]:
                lines[top].append(family.with_currency(verdict))
        for top in chunk:
            statement = _statement(run, family, top, lines.pop(top), since)
            yield statement
            if branches:
                yield from _branch_statements(statement, family, since)


class _Family:
    """Who belongs to whom on the as-of date, and which figures are whose."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.hierarchy = Hierarchy(run.tables.distributors)
        self.products = {product.sku: product for product in run.tables.products}
        self.figures: dict[str, list[Attainment]] = defaultdict(list)
        self.programs: dict[str, set[str]] = defaultdict(set)
        for row in run.attainment:
            if row.period.starts_on > run.as_of:
                continue
            top = self.top(row.participant_id)
            self.figures[top].append(row)
            self.programs[top].add(row.program_id)
        self.tops = sorted(self.figures)
        self.accounts = accounts_of(run)

    def rows_of_program(self, program_id: str, top: str) -> list[Attainment]:
        """The figures of a family in one program, in time order."""
        return sorted((row for row in self.figures[top] if row.program_id == program_id), key=lambda row: (row.period.starts_on, row.participant_id))

    def accounts_of_program(self, program_id: str, top: str) -> list[Account]:
        """Their accounts."""
        keys = ((row.program_id, row.participant_id, row.period.period_id) for row in self.rows_of_program(program_id, top))
        return [self.accounts[key] for key in keys if key in self.accounts]

    def top(self, distributor_id: str, day: date | None = None) -> str:
        """The topmost parent on a day, the as-of date when none is given."""
        return self.hierarchy.ancestors_on(distributor_id, day or self.run.as_of)[-1]

    def owner(self, verdict: Verdict) -> str:
        """Whose line it is: its participant's family, or its distributor's on the day that counts."""
        if verdict.participant_id:
            return self.top(verdict.participant_id)
        return self.top(verdict.distributor_id, verdict.counted_on or verdict.invoice_date)

    def with_currency(self, verdict: Verdict) -> Verdict:
        """A transaction's currency is its own, else its distributor's, else Base Currency."""
        if verdict.currency:
            return verdict
        row = self.hierarchy.attributes_on(verdict.distributor_id, verdict.invoice_date)
        return replace(verdict, currency=(row.currency if row else "") or self.run.tables.settings.base_currency)

    def name(self, distributor_id: str) -> str:
        row = self.hierarchy.attributes_on(distributor_id, self.run.as_of)
        return row.distributor_name if row and row.distributor_name else distributor_id

    def members(self, top: str) -> list[str]:
        """The family on the as-of date, the top first."""
        below = {one for one in self.hierarchy.family(top) if self.top(one) == top}
        return [top, *sorted(below - {top})]


def _statement(run: Run, family: _Family, top: str, lines: list[Verdict], since: Mapping[str, Since] | None) -> Statement:
    settings = run.tables.settings
    lines.sort(key=lambda v: (v.program_id, v.period, v.invoice_date, v.invoice_number, whole_number(v.line), v.line, v.transaction_id, v.row))
    products = family.products
    members = family.members(top)
    names = {one: family.name(one) for one in {*members, *(line.distributor_id for line in lines if line.counts)}}
    own = family.programs[top]
    paid = [row for row in run.tables.payments if _is_paid(row, run.as_of) and row.program_id in own and family.top(row.participant_id) == top]
    programs = tuple(_program(run, family, program, top, lines, paid, names) for program in run.tables.programs if program.program_id in own)
    currency = {program.program_id: program.currency for program in programs}
    accounts = [account for program in programs for account in family.accounts_of_program(program.program_id, top)]
    last = since.get(top) if since else None
    return Statement(
        statement_id=f"{settings.book_id or 'BOOK'}/{top}/{run.as_of.isoformat()}",
        participant_id=top,
        participant_name=family.name(top),
        as_of=run.as_of,
        run_id=run.run_id,
        sender=Sender(settings.company, settings.contact, settings.statement_note, settings.accent_color, settings.logo_file, settings.date_format),
        programs=programs,
        counted=tuple(counted_line(line, products.get(line.sku)) for line in lines if line.counts),
        excluded=tuple(excluded_line(line, products.get(line.sku)) for line in lines if not line.counts),
        payments=tuple(
            PaymentLine(row.paid_on, row.program_id, row.participant_id, row.period, row.method, row.reference, row.amount, currency[row.program_id])
            for row in sorted(paid, key=lambda row: (row.paid_on or date.min, row.program_id, row.payment_id, row.row))
            if row.paid_on
        ),
        members=tuple((one, family.name(one)) for one in members),
        claims=tuple(_claims(run, family, top)),
        disputes=tuple(_disputes(run, family, top, currency, {line.invoice_number for line in lines})),
        accounts=tuple(account_line(account, run.as_of, settings.date_format) for account in accounts),
        moved=moved([_key(account) for account in accounts], last.figures) if last else (),
        last_as_of=last.as_of if last else None,
        knows_last=since is not None,
    )


def _key(account: Account) -> Figure:
    return (account.row.program_id, account.row.participant_id, account.row.period.period_id)


def _claims(run: Run, family: _Family, top: str) -> Iterator[ClaimLine]:
    """The family's claim lines, as the Claims table has them: of its figures, else of those who sent them."""
    sent = {claim.row: claim for claim in run.tables.claims if claim.row}
    for row in run.claims:
        whose = family.top(row.participant_id) if row.participant_id else family.top(row.distributor_id, row.claim_date)
        if whose == top:
            yield claim_line(row, sent.get(row.row), run.as_of)


def _disputes(run: Run, family: _Family, top: str, currencies: dict[str, str], invoices: set[str]) -> Iterator[DisputeLine]:
    """The family's disputes opened so far, in order of time."""
    rows = [row for row in run.tables.disputes if row.opened_on <= run.as_of and family.top(row.distributor_id, row.opened_on) == top]
    for row in sorted(rows, key=lambda row: (row.opened_on, row.dispute_id)):
        yield dispute_line(row, run.as_of, lambda participant: family.top(participant) == top, invoices, currencies)


def _is_paid(row: Payment, as_of: date) -> bool:
    return row.paid_on is not None and row.paid_on <= as_of


def _program(
    run: Run, family: _Family, program: Program, top: str, lines: list[Verdict], paid: list[Payment], names: dict[str, str]
) -> ProgramStatement:
    settings = run.tables.settings
    rows = family.rows_of_program(program.program_id, top)
    by_figure: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for line in lines:
        if line.counts and line.program_id == program.program_id:
            by_figure[line.participant_id, line.period].append(line)
    last = rows[-1]
    unit, currency = ("units" if last.measure_unit == "units" else last.currency), last.currency
    scopes = _own_scopes(run.tables.scopes, program.program_id)
    periods = tuple(
        figure(
            row,
            program,
            settings,
            run.as_of,
            by_figure[row.participant_id, row.period.period_id],
            names | {row.participant_id: family.name(row.participant_id)},
        )
        for row in rows
    )
    due = _due(run, family, program.program_id, top)
    accounts = family.accounts_of_program(program.program_id, top)
    to_claim = claims_due(accounts, run.as_of)
    return ProgramStatement(
        program_id=program.program_id,
        program_name=program.program_name,
        rebate_type=program.rebate_type,
        reward=program.reward,
        currency=currency,
        starts_on=program.starts_on,
        ends_on=program.ends_on,
        pays_for=pays_for(program, last.ladder, scopes, unit, currency),
        terms=terms_of_program(program, last.ladder, scopes, unit, currency, settings.date_format),
        tiers=tier_lines(last.ladder, program, unit, currency),
        example=worked_example(program, last.ladder, replace(terms_of(program), tiers_on=TiersOn.MEASURE), reward, unit, currency, last.baseline),
        periods=periods,
        due=due,
        earned=sum((row.earned for row in rows), NOTHING),
        paid=sum((row.amount for row in paid if row.program_id == program.program_id), NOTHING),
        next_due_on=_next_due(run, program, due),
        claim_text=claim_text(to_claim, accounts, settings.date_format),
        period_ids=tuple(dict.fromkeys(period.period_id for period in periods)),
        activities=_activities(scopes),
        agreed=sum((account.agreed for account in accounts), NOTHING),
        lapsed=sum((account.lapsed for account in accounts), NOTHING),
        claims_due=to_claim,
    )


def _activities(scopes: Iterable[Scope]) -> tuple[str, ...]:
    """What a marketing fund pays for."""
    return tuple(row.value for row in scopes if row.dimension is Dimension.ACTIVITY and row.rule is ScopeRule.INCLUDE)


def _own_scopes(scopes: Iterable[Scope], program_id: str) -> list[Scope]:
    """What a program says of products and activities; rows on distributors, regions and segments are about others too."""
    parties = (Dimension.DISTRIBUTOR, Dimension.REGION, Dimension.SEGMENT)
    return [row for row in scopes if row.program_id == program_id and row.dimension not in parties]


def _due(run: Run, family: _Family, program_id: str, top: str) -> tuple[DueLine, ...]:
    rows = [row for row in run.payable if row.program_id == program_id and family.top(row.participant_id) == top]
    rows.sort(key=lambda row: (row.settlement_end, row.period, row.participant_id))
    return tuple(
        DueLine(
            row.participant_id,
            row.period,
            row.settlement_end,
            row.due_on,
            row.due,
            row.settled,
            row.payable,
            row.carried,
            row.lapsed,
            row.recoverable,
        )
        for row in rows
    )


def _next_due(run: Run, program: Program, due: Sequence[DueLine]) -> date | None:
    """When money comes next: what is open and due first, else the settlement that is running now."""
    waiting = [row.due_on for row in due if row.open > 0 or (row.due_on > run.as_of and row.due > row.paid)]
    if waiting:
        return min(waiting)
    running = next((period.ends_on for period in settlement_periods(program, run.tables.settings) if period.ends_on >= run.as_of), None)
    return None if running is None else running + timedelta(days=program.payment_terms_days)


# ---- a branch's own statement


def _branch_statements(whole: Statement, family: _Family, since: Mapping[str, Since] | None) -> Iterator[Statement]:
    for branch, name in whole.members[1:]:
        programs = tuple(found for program in whole.programs if (found := _branch_program(program, branch, name, whole)))
        if not programs:
            continue  # nothing was bought here in any program: there is nothing to state
        own = {program.program_id for program in programs}
        last = since.get(branch) if since else None
        accounts = tuple(line for line in whole.accounts if line.participant_id == branch)
        yield replace(
            whole,
            statement_id=f"{whole.statement_id.split('/')[0]}/{branch}/{whole.as_of.isoformat()}",
            participant_id=branch,
            participant_name=name,
            programs=programs,
            members=((branch, name),),
            parent_id=whole.participant_id,
            counted=tuple(line for line in whole.counted if line.distributor_id == branch and line.program_id in own),
            excluded=tuple(line for line in whole.excluded if line.distributor_id == branch and line.program_id in own),
            payments=tuple(line for line in whole.payments if line.participant_id == branch and line.program_id in own),
            claims=tuple(line for line in whole.claims if line.distributor_id == branch),
            disputes=tuple(line for line in whole.disputes if line.distributor_id == branch),
            accounts=accounts,
            moved=moved([(line.program_id, line.participant_id, line.period_id) for line in accounts], last.figures) if last else (),
            last_as_of=last.as_of if last else None,
            knows_last=whole.knows_last and bool(accounts),
        )


def _branch_program(program: ProgramStatement, branch: str, name: str, whole: Statement) -> ProgramStatement | None:
    """A program as one branch sees it: its own figures, or its part of what the family reached together."""
    periods = tuple(found for period in program.periods if (found := _branch_period(period, branch, name, whole.participant_name)))
    if not periods:
        return None
    due = tuple(row for row in program.due if row.participant_id == branch)
    accounts = [line for line in whole.accounts if (line.program_id, line.participant_id) == (program.program_id, branch)]
    alone = all(period.participant_id == branch for period in program.periods if period.figure_id in {p.figure_id for p in periods})
    return replace(
        program,
        periods=periods,
        due=due,
        earned=sum((period.earned for period in periods), NOTHING),
        paid=sum((row.paid for row in due), NOTHING),
        next_due_on=program.next_due_on if alone else None,
        claim_text=program.claim_text if alone else "",
        agreed=sum((line.agreed for line in accounts), NOTHING),
        lapsed=sum((line.lapsed for line in accounts), NOTHING),
        claims_due=tuple(each for each in program.claims_due if each.participant_id == branch),
    )


def _branch_period(period: PeriodStatement, branch: str, name: str, top_name: str) -> PeriodStatement | None:
    if period.participant_id == branch:
        return period
    share = next((share for share in period.branches if share.distributor_id == branch), None)
    if share is None:
        return None
    bought = share.quantity if period.measure_unit == "units" else share.amount
    step = StepLine(
        "Your part", f"of what you and {top_name} earned together, by purchases", None, None, None if share.earned is None else Fraction(share.earned)
    )
    return replace(
        period,
        participant_id=branch,
        participant_name=name,
        measure=Fraction(bought),
        percent=None,
        target=None,
        baseline=None,
        progress=None,
        next_text="",
        earned=share.earned or NOTHING,
        steps=(step,),
        what_if=None,
        branches=(),
        what_if_note=f"Tiers are reached together with {top_name}, whose statement shows what more purchases would earn.",
    )
