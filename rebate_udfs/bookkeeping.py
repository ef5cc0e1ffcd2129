"""Closing the books: preview what a period lacks, post it, propose and approve it, reopen the last one.

An action as those of `actions`: tables and a ledger in, entries and messages out; whoever calls writes the workbook. Apart
from them because a database takes its time to load. Source: domain.md section 5, "Closing".
"""

from __future__ import annotations

import gc
import getpass
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from .claim_posting import claim_entries
from .closing import Posted, drafts, entry_of, key_of, missing, orphans, posted, reversals
from .closing_reasons import reasons_of
from .closing_walk import walk_of
from .control_totals import control_problems
from .ledger import (
    CLOSE,
    PROPOSED,
    PROPOSED_CLOSE,
    PROPOSED_REOPENING,
    REOPENING,
    SQLITE,
    Act,
    Ledger,
    closed_periods,
    default_url,
    first_fault,
    now_utc,
    pending,
)
from .ledger_chain import LEDGER_VARIABLE, NO_ID, Break, first_break
from .model import LedgerEntry, Period, PeriodKind, Problem, Refused, Run, Severity, Tables
from .money import amount_text
from .parse import tidy
from .periods import DAY, accounting_period, calendar_periods
from .pipeline import run as compute
from .pipeline import run_id
from .stored_inputs import Stored, restored, stored

USER_VARIABLE = "REBATES_USER"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a close would post, and what speaks against it; `already` says why there is nothing to post."""

    period: Period
    run: Run | None
    entries: tuple[LedgerEntry, ...]
    problems: tuple[Problem, ...] = ()  # those that stop it
    already: str = ""
    acts: int = 0
    inputs: Stored | None = None
    waiting: Act | None = None  # a proposal of the same


@dataclass(frozen=True, slots=True)
class Done:
    """What an act has done: its record, the entries it posted (none: proposed, or nothing to post), and a sentence."""

    act: Act | None
    entries: tuple[LedgerEntry, ...]
    message: str


def user_name() -> str:
    """Who is at work: REBATES_USER, else the operating system's user."""
    return tidy(os.environ.get(USER_VARIABLE, "")) or getpass.getuser()


def open_ledger(tables: Tables, book_path: str, url: str | None = None) -> Ledger:
    """The ledger of a book: by URL (or REBATES_LEDGER), else the SQLite file beside the workbook.

    Raises Refused for a shared database and a book without Book ID, and for a Ledger sheet that shows another ledger.
    """
    url = url or os.environ.get(LEDGER_VARIABLE)
    if url and not tables.settings.book_id:
        raise Refused("A shared ledger knows books by their Book ID; give this one a Book ID of its own on the sheet Settings.")
    if tables.ledger and not url and not _beside(book_path).exists():  # an empty one beside it would only confuse
        raise _typed(tables) or Refused(
            f"The Ledger sheet holds {len(tables.ledger)} entries, and there is no ledger {_beside(book_path).name} beside the workbook. "
            "Bring the ledger file back to its place, or name the ledger (--ledger URL)."
        )
    ledger = Ledger(url or default_url(book_path), tables.settings.book_id or NO_ID)
    _refuse_another(tables, ledger)
    return ledger


def _beside(book_path: str) -> Path:
    return Path(default_url(book_path).removeprefix(SQLITE))


def _typed(tables: Tables) -> Refused | None:
    """What to say to somebody who has filled in the sheet by hand."""
    if any(row.hash for row in tables.ledger):
        return None
    return Refused(
        f"The Ledger sheet holds {len(tables.ledger)} rows that no close has posted. Take balances of other books over with rows of kind Opening on "
        "the sheet Adjustments, and empty the sheet Ledger."
    )


def read_ledger(tables: Tables, book_path: str, url: str | None = None) -> Ledger:
    """The ledger of a book to look into, whatever its sheet shows; nothing is written. Raises Refused where there is none."""
    url = url or os.environ.get(LEDGER_VARIABLE)
    if not url and not _beside(book_path).exists():
        raise Refused(f"There is no ledger beside {Path(book_path).name}; the first close makes one (rebates close), or name it with --ledger URL.")
    return Ledger(url or default_url(book_path), tables.settings.book_id or NO_ID, read_only=True)


def _refuse_another(tables: Tables, ledger: Ledger) -> None:
    """A sheet whose own chain holds and that shows what the database does not have belongs to another ledger; a damaged one is written anew."""
    sheet, known = [row.hash for row in tables.ledger], ledger.hashes()
    if sheet == known[: len(sheet)] or (known and first_break(tables.ledger) is not None):
        return
    if sheet[: len(known)] != known:
        if ledger.verify() is not None:  # the close says what is broken
            return
        at = next(number for number, (ours, shown) in enumerate(zip(known, sheet, strict=False), 1) if ours != shown)
        raise Refused(
            f"The Ledger sheet shows another ledger than {ledger.place}, from entry {at} on: the workbook was closed elsewhere. "
            "Name that ledger (--ledger URL); or, if this one is right, delete the rows of the sheet Ledger, and close again."
        )
    if not known and (typed := _typed(tables)):
        raise typed
    others = [f"Book ID {book}" if book != NO_ID else "a book without Book ID" for book in ledger.books() if book != ledger.book]
    held = f"; it holds {' and '.join(others[:3])}" if others else ""
    raise Refused(
        f"The Ledger sheet holds {len(sheet)} entries, the database {ledger.place} only {len(known)} of this book{held}. "
        "Name the right ledger (--ledger URL), bring the ledger file back to its place beside the workbook, or put the Book ID of then back."
    )


def period_named(text: str, tables: Tables) -> Period:
    """The accounting period of an id, as 2026-03 or 2026-P03. Raises Refused for all else."""
    wanted = text.strip().upper()
    if wanted.isascii() and wanted[:4].isdigit():
        year = int(wanted[:4])
        if 1990 <= year <= 2200:
            for period in calendar_periods(PeriodKind.MONTH, date(year - 1, 12, 1), date(year + 1, 1, 31), tables.settings):
                if period.period_id == wanted:
                    return period
    raise Refused(f'"{text}" is no accounting period; one looks like {accounting_period(date(2026, 3, 15), tables.settings).period_id}.')


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's collector rests: a close makes millions of values, none in cycles, and it would go through them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_uncollected()
def preview(tables: Tables, period_text: str, ledger: Ledger) -> Preview:
    """What closing a period would post. Raises Refused for a period that is not the next one, or without a rate it needs."""
    period = period_named(period_text, tables)
    entries, acts = ledger.read()
    waiting = pending(acts)
    closed = closed_periods(acts)
    if any(act.accounting_period == period.period_id for act in closed):
        act = next(act for act in closed if act.accounting_period == period.period_id)
        return Preview(period, None, (), (), f"{period.period_id} was closed at {act.done_at} by {act.posted_by}: nothing to post.", len(acts))
    if closed:
        following = accounting_period(date.fromisoformat(closed[-1].as_of) + DAY, tables.settings)
        if following.period_id != period.period_id:
            late = "is before it and closed with it" if period.ends_on < following.starts_on else "comes later"
            raise Refused(f"{following.period_id} is the next period to close; {period.period_id} {late}.")
    if waiting and waiting.accounting_period != period.period_id:
        raise Refused(f"{waiting.act} {waiting.accounting_period} (run {waiting.run_id}) waits for approval; approve it first.")
    known = posted(entries)
    bare = replace(tables, ledger=(), claim_entries=claim_entries(entries))
    inputs = stored(bare)
    if closed:
        _refuse_other_books(tables, closed[-1], ledger, inputs)
    run = compute(bare, period.ends_on, for_books=True)
    drafted = _drafted(run, bare, period, known, closed, ledger, inputs)
    problems = (*_stoppers(run, known), *_broken(first_fault(entries, acts)))
    return Preview(period, run, drafted, problems, "", len(acts), inputs, waiting)


def _refuse_other_books(tables: Tables, last: Act, ledger: Ledger, inputs: Stored) -> None:
    """Whose books they are, and in which currency, stays as it was: amounts posted so far would mean something else."""
    mark = json.loads(last.manifest).get("Settings", "")
    if mark == inputs.hashes["Settings"]:
        return
    then, now = restored({"Settings": mark}, ledger.parts([mark])).settings, tables.settings
    for name, before, after in (("Base Currency", then.base_currency, now.base_currency), ("Perspective", then.perspective, now.perspective)):
        if before != after:
            raise Refused(
                f"{name} was {before} when {last.accounting_period} was closed, and is {after} now: set it back, or begin a book of its own "
                "with a new Book ID, its balances taken over with rows of kind Opening."
            )


def _drafted(
    run: Run, tables: Tables, period: Period, known: Posted, closed: Sequence[Act], ledger: Ledger, inputs: Stored
) -> tuple[LedgerEntry, ...]:
    found = missing(run, known)
    reasons = {}
    if found.accruals:
        last = closed[-1] if closed else None
        hashes = json.loads(last.manifest) if last else {}
        names = {name for name in {*hashes, *inputs.hashes} if hashes.get(name) != inputs.hashes.get(name)}
        then = restored(hashes, ledger.parts([*hashes.values()])) if last and names else tables if last else None
        day = date.fromisoformat(last.as_of) if last else None
        walk = walk_of(run, tables, period.starts_on, then, day, frozenset(names))
        recognised = {key: known.recognised.get(key, 0) + found.openings.get(key, 0) for key in found.accruals}
        reasons = reasons_of(found.accruals, recognised, walk, found.programs, tables.settings.rounding)  # type: ignore[arg-type]
    try:
        return tuple(entry_of(draft, period) for draft in drafts(run, known, found, reasons))
    except LookupError as error:
        raise Refused(f"{period.period_id} cannot be closed: {error.args[0]}.") from error


def _stoppers(run: Run, known: Posted) -> list[Problem]:
    """What stops a close: errors on rows of figures to be posted, control totals, balances without a figure."""
    posting = {key_of(row)[0] for row in run.accruals}
    draft = {program.program_id for program in run.tables.programs if program.status.value == "Draft"}
    found = [
        problem for problem in run.problems
        if problem.severity is Severity.ERROR and (problem.program_id in posting or problem.program_id not in draft)
    ]  # fmt: skip
    if not any(problem.code == "CONTROL_TOTAL" for problem in found):
        found += control_problems(run.tables, run.as_of)
    for key, balance, currency in orphans(run, known):
        message = f"the ledger holds {amount_text(balance, currency)} on {'/'.join(key)}, a figure that the book no longer has"
        remedy = "bring the figure back (program, participant, period), or write the balance off with a row in Adjustments"
        found.append(Problem(Severity.ERROR, "ORPHAN_BALANCE", "Ledger", None, "Figure ID", message, remedy, key[0]))
    return found


def _broken(broken: Break | None) -> list[Problem]:
    if broken is None:
        return []
    remedy = "find out who changed it (rebates audit verify), and restore the ledger from a backup"
    return [Problem(Severity.ERROR, "BROKEN_CHAIN", "Ledger", None, None, f"the ledger's chain is broken at {broken}", remedy)]


@_uncollected()
def post(made: Preview, ledger: Ledger, user: str, accepted: str = "") -> Done:
    """Post a preview, or propose it where approval is on; an empty close is posted too, so that the period is closed.

    Raises Refused for problems that nobody has accepted, LedgerMoved when somebody else was first.
    """
    if made.already or made.run is None or made.inputs is None:
        return Done(None, (), made.already)
    accepted = " ".join(tidy(accepted).split())
    if made.problems and not accepted:
        raise Refused(f"{made.period.period_id} is not closed: {made.problems[0].message} ({len(made.problems)} in all; see the list).")
    entries = made.entries
    if accepted and made.problems:
        entries = tuple(entry.model_copy(update={"reason": f"{entry.reason} (errors accepted: {accepted})"}) for entry in entries)
    settings = made.run.tables.settings
    mark = made.inputs.input_hash
    name = run_id(mark, made.run.as_of)
    act = _act(CLOSE, made.period, name, mark, made.run.version, user, accepted, made.inputs.manifest)
    if not settings.approval:
        act, posted_entries = ledger.post(act, entries, made.inputs.parts, made.acts)
        return Done(act, tuple(posted_entries), f"{made.period.period_id} is closed with {_count(posted_entries)}, run {act.run_id}.")
    waiting = made.waiting
    if waiting and waiting.act == PROPOSED_CLOSE and waiting.run_id == name:
        return Done(None, (), _waits(waiting))
    act = replace(act, act=PROPOSED_CLOSE, drafts=_lines(entries))
    act, _ = ledger.post(act, (), made.inputs.parts, made.acts)
    return Done(act, (), _waits(act))


def _act(act: str, period: Period, name: str, mark: str, version: str, user: str, note: str, manifest: str) -> Act:
    return Act(
        number=0, close_sequence=0, entries=0, last_sequence=0, act=act, accounting_period=period.period_id, as_of=period.ends_on.isoformat(),
        run_id=name, input_hash=mark, version=version, posted_by=user, approved_by="", role="", done_at=now_utc(), note=note,
        manifest=manifest, drafts="", last_hash="",
    )  # fmt: skip


def _lines(entries: Sequence[LedgerEntry]) -> str:
    return "\n".join(entry.model_dump_json(exclude_defaults=True) for entry in entries)


def _waits(act: Act) -> str:
    what = act.act.removeprefix("Proposed ").lower()
    return f"The {what} of {act.accounting_period} waits for approval by somebody other than {act.posted_by}: rebates approve BOOK {act.run_id}"


def _count(entries: Sequence[LedgerEntry]) -> str:
    return f"{len(entries):,} {'entry' if len(entries) == 1 else 'entries'}" if entries else "no entries"


def approve(ledger: Ledger, name: str, user: str) -> Done:
    """Post what somebody else has proposed, named by its run id. Raises Refused for the proposer, for another run, and when nothing waits."""
    acts = ledger.acts()
    waiting = pending(acts)
    if waiting is None:
        raise Refused("Nothing waits for approval.")
    if waiting.run_id != name.strip():
        raise Refused(f"Run {name} does not wait for approval; {waiting.run_id} does ({waiting.act} {waiting.accounting_period}).")
    if waiting.posted_by.casefold() == user.casefold():
        raise Refused(f"{user} has proposed it; somebody else must approve it.")
    if waiting.role and waiting.role == ledger.role():
        raise Refused(f"The database role {waiting.role} has proposed it; another role must approve it (--ledger with another user).")
    entries = [LedgerEntry.model_validate_json(line) for line in waiting.drafts.splitlines()]
    act = replace(waiting, act=PROPOSED[waiting.act], approved_by=user, done_at=now_utc(), drafts="")
    act, made = ledger.post(act, entries, {}, len(acts))
    return Done(act, tuple(made), f"{act.act} {act.accounting_period} approved by {user}: {_count(made)} posted.")


def reopen(tables: Tables, ledger: Ledger, period_text: str, reason: str, user: str) -> Done:
    """Take back the last close by reversing entries. Raises Refused for any other period, or without a reason."""
    period, reason = period_named(period_text, tables), " ".join(tidy(reason).split())
    if not reason:
        raise Refused("Reopening needs a reason; it stands on every reversing entry (--reason TEXT).")
    entries, acts = ledger.read()
    closed = closed_periods(acts)
    if pending(acts):
        raise Refused(_waits(acts[-1]))
    if not closed:
        raise Refused("No period is closed.")
    last = closed[-1]
    if last.accounting_period != period.period_id:
        raise Refused(
            f"Only the last closed period reopens, {last.accounting_period}; what belongs to {period.period_id} is caught up in the open one."
        )
    taken_back = [entry for entry in entries if last.last_sequence - last.entries < entry.sequence <= last.last_sequence]
    back = reversals(taken_back, reason)
    act = _act(REOPENING, period, last.run_id, last.input_hash, last.version, user, reason, last.manifest)
    if tables.settings.approval:
        act, _ = ledger.post(replace(act, act=PROPOSED_REOPENING, drafts=_lines(back)), (), {}, len(acts))
        return Done(act, (), _waits(act))
    act, made = ledger.post(act, back, {}, len(acts))
    return Done(act, tuple(made), f"{period.period_id} is open again: {_count(made)} take back what its close had posted.")
