"""Where the command `rebates` starts, before anything is loaded: Ctrl-C in the first second ends as it does later."""

from __future__ import annotations

import sys

STOPPED = 130  # exit status of a program that was interrupted: 128 + SIGINT
SENTENCE = "rebates: Stopped. What was finished is kept; run it again to go on."


def main() -> None:
    """Load the command line and run it."""
    try:
        from .cli import main as run  # here, since loading takes longer than many a command

        run()
    except KeyboardInterrupt:
        print(SENTENCE, file=sys.stderr)
        raise SystemExit(STOPPED) from None


if __name__ == "__main__":
    main()
