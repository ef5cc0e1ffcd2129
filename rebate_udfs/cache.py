"""What handles resolve from: values in memory, and sealed bytes in a folder that only one person may read.

On disk a piece of content stands under the HMAC of its address (content, schema, product version) with the secret of its
person or session, so nobody else's handle finds it; a second HMAC over the bytes tells a broken or foreign file, which is a
miss. Files appear whole (temp file, rename), so several processes may share a folder; the least recently used go first.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Generic, TypeVar

from .version import VERSION

SCHEMA = 1  # of what is stored: a change makes every older file a miss
LIMIT = 2 * 2**30  # bytes in a folder
SEAL_SIZE = hashlib.sha256().digest_size
SECRET_SIZE = 32
STALE_SECONDS = 3600  # a temp file that old belongs to a process that died
ENDING, UNFINISHED = ".sealed", ".unfinished"

log = logging.getLogger(__name__)
Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The values used last, at most `size` of them; safe for several threads.

    >>> memory = Memory(2)
    >>> for name in "abc":
    ...     memory.put(name, name.upper())
    >>> memory.get("a"), memory.get("c")
    (None, 'C')
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = RLock()

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, None when it is not (or no longer) there."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value; the one that was not asked for longest goes."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self.size:
                self._values.popitem(last=False)

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made once also when several threads ask at the same time."""
        with self._lock:
            value = self.get(key)
            if value is None:
                value = make()
                self.put(key, value)
            return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


def address(secret: bytes, content: str) -> str:
    """Where a piece of content stands for the holder of a secret, in this schema and version of the product.

    >>> address(b"mine", "Tiers:ab12") == address(b"yours", "Tiers:ab12")
    False
    """
    return hmac.new(secret, f"{content}|{SCHEMA}|{VERSION}".encode(), hashlib.sha256).hexdigest()


class Disk:
    """Sealed bytes by content in one folder (mode 0700), never more than `limit` bytes for long.

    A folder that cannot be used (read-only, somebody else's) makes every look-up a miss and every write a no-op, with a
    line in the log: a cache may be absent, results do not depend on it.
    """

    def __init__(self, folder: Path | str, limit: int = LIMIT) -> None:
        self.folder, self.limit = Path(folder), limit
        self.usable = _private(self.folder)

    def read(self, secret: bytes, content: str) -> bytes | None:
        """The bytes of a piece of content, None when they are not there or not as they were written."""
        if not self.usable:
            return None
        path = self._path(secret, content)
        try:
            found = path.read_bytes()
        except OSError:
            return None
        seal, data = found[:SEAL_SIZE], found[SEAL_SIZE:]
        if not hmac.compare_digest(seal, _seal(secret, content, data)):
            log.warning("a broken file in the cache is ignored: %s", path.name)
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)  # used now: the last to go
        return data

    def write(self, secret: bytes, content: str, data: bytes) -> None:
        """Keep the bytes of a piece of content; what was not used longest goes when the folder grows too large."""
        path = self._path(secret, content)
        if not self.usable or path.exists():
            return
        try:
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=UNFINISHED)
            with os.fdopen(handle, "wb") as file:
                file.write(_seal(secret, content, data))
                file.write(data)
            os.replace(temporary, path)
        except OSError as error:
            log.warning("nothing can be kept in the cache folder: %s", error.strerror)
            return
        self.tidy()

    def tidy(self) -> None:
        """Remove what dead processes left, and the least recently used files above the limit."""
        kept: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            try:
                status = path.stat()
            except OSError:  # another process has just removed it
                continue
            if path.suffix == UNFINISHED and time.time() - status.st_mtime > STALE_SECONDS:
                _remove(path)
            elif path.suffix == ENDING:
                kept.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self.limit:
                break
            _remove(path)
            total -= size

    def own_secret(self) -> bytes:
        """The secret of the person whose folder this is: made once, kept in the folder, the same in every process.

        Without a usable folder it lives as long as the process.
        """
        path = self.folder / "secret"
        if not self.usable:
            return secrets.token_bytes(SECRET_SIZE)
        try:
            if (found := _whole_secret(path)) is None:
                found = _make_secret(path)
        except OSError as error:
            log.warning("the cache folder holds no secret: %s", error.strerror)
            self.usable = False
            return secrets.token_bytes(SECRET_SIZE)
        return found

    def _path(self, secret: bytes, content: str) -> Path:
        return self.folder / f"{address(secret, content)}{ENDING}"


def default_folder() -> Path:
    """The person's cache folder of this machine; REBATES_CACHE names another one."""
    if chosen := os.environ.get("REBATES_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "rebates" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rebates"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rebates"


def _seal(secret: bytes, content: str, data: bytes) -> bytes:
    """Binds the bytes to the holder of the secret and to the content they are asked for."""
    mark = hmac.new(secret, content.encode() + b"\0", hashlib.sha256)
    mark.update(data)
    return mark.digest()


def _private(folder: Path) -> bool:
    """Make the folder, for its owner only; False when that cannot be had."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid"):
            if folder.stat().st_uid != os.getuid():
                log.warning("the cache folder belongs to somebody else and is not used")
                return False
            folder.chmod(0o700)
    except OSError as error:
        log.warning("there is no cache folder: %s", error.strerror)
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _whole_secret(path: Path) -> bytes | None:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    return found if len(found) == SECRET_SIZE else None


def _make_secret(path: Path) -> bytes:
    """A new secret in place, unless another process was first: then that one's."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)  # mode 0600
    made = secrets.token_bytes(SECRET_SIZE)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    if path.exists() and _whole_secret(path) is None:  # broken off: what it sealed is lost anyway
        _remove(path)
    try:
        os.link(temporary, path)  # fails where there is one already, so that the first one wins
    except FileExistsError:
        return _whole_secret(path) or made
    except OSError:  # a file system without links
        os.replace(temporary, path)
        return made
    finally:
        _remove(Path(temporary))
    return made


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
