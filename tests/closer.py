"""A process that closes one period after another, for tests that race two of them or kill one at any moment."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from closebooks import load

from rebate_udfs import bookkeeping
from rebate_udfs.actions import Refused
from rebate_udfs.hosts.ledger_sheet import mirror
from rebate_udfs.ledger import LedgerMoved


def work(book: str, url: str, talk: Connection) -> None:
    """Close every period that comes over the wire, and say what came of it; None is the end."""
    while (period := talk.recv()) is not None:
        talk.send(close(book, url, period, f"user {os.getpid()}"))


def start(book: str, url: str) -> tuple[BaseProcess, Connection]:
    """A process of its own, all its modules loaded, and the wire to it."""
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":
        context.set_forkserver_preload(["closer"])
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(book, url, theirs), daemon=True)
    process.start()
    return process, ours


def close(book: str, url: str, period: str, user: str) -> str:
    """Close one period as the command line does; what came of it in a word and a sentence."""
    tables = load(book)
    ledger = bookkeeping.open_ledger(tables, book, url)
    try:
        made = bookkeeping.preview(tables, period, ledger)
        done = bookkeeping.post(made, ledger, user)
    except (LedgerMoved, Refused) as told:
        return f"told {told}"
    _, problem = mirror(book, tables, ledger.entries())
    return f"{'won' if done.act else 'told'} {done.message}" + (f" {problem.message}" if problem else "")
