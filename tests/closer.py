"""A process that closes one period after another, for tests that race two of them or kill one at any moment.

    python closer.py BOOK LEDGER-URL PERIOD...     closes each period; with a line on standard input before each, when told to wait

Prints one line a period: what came of it. Starts when a line arrives on standard input, so that all its modules are loaded.
"""

from __future__ import annotations

import os
import sys

from closebooks import load

from rebate_udfs import bookkeeping
from rebate_udfs.actions import Refused
from rebate_udfs.hosts.ledger_sheet import mirror
from rebate_udfs.ledger import LedgerMoved


def main() -> None:
    book, url, *periods = sys.argv[1:]
    url = "" if url == "-" else url
    user = f"user {os.getpid()}"
    bookkeeping.open_ledger(load(book), book, url)
    print("ready", flush=True)
    for period in periods:
        if not sys.stdin.readline():
            return
        print(close(book, url, period, user), flush=True)


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


if __name__ == "__main__":
    main()
