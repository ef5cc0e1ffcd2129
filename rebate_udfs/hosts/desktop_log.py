"""The log of Excel on the desktop: what nobody foresaw, without data of the workbook."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ..cache import default_folder

LOG_BYTES = 1 << 20

log = logging.getLogger("rebate_udfs")


def log_file() -> Path:
    """Where this host writes what nobody foresaw; without data of the workbook."""
    return default_folder().parent / "rebates-excel.log"


def log_to_file() -> None:
    """From the first call on, once; where the folder takes no file, the console has to do."""
    if log.handlers:
        return
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(log_file(), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
