"""The blocks of tables that the add-in has sent: known by the SHA-256 of their bytes, private to each person.

A table travels as blocks of some 20,000 cells, so that after a change only the blocks that hold it travel again. A block
that is missing (thrown out, or lost with the machine) is asked for again; nothing else depends on it being kept.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from ..cache import Disk, Memory
from . import web_wire as wire

KEPT_IN_MEMORY = 64  # blocks, of some 1 MB each at most: what one request asks for and sends


class Blocks:
    """Blocks by person and content: in memory, then sealed on disk, where several servers may share them."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._secret = disk.own_secret()
        self._memory: Memory[bytes] = Memory(KEPT_IN_MEMORY)

    def secret(self, person: str) -> bytes:
        """What seals a person's content: nobody else's request finds it."""
        return hmac.new(self._secret, person.encode(), hashlib.sha256).digest()

    def get(self, person: str, digest: str) -> bytes | None:
        """A block's bytes, None when this person has to send it."""
        found = self._memory.get((person, digest))
        if found is None and (found := self.disk.read(self.secret(person), f"block:{digest}")) is not None:
            self._memory.put((person, digest), found)
        return found

    def put(self, person: str, digest: str, body: bytes) -> None:
        """Keep a block. Raises BadRequest when the bytes are not what the name says, or are no range."""
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), digest):
            raise wire.BadRequest(422, "WRONG_HASH", "The body is not the block that its name says.")
        wire.grid(wire.loads(body))
        self._memory.put((person, digest), body)
        self.disk.write(self.secret(person), f"block:{digest}", body)

    def missing(self, person: str, digests: Iterable[str]) -> list[str]:
        """The blocks that this person has to send, each once."""
        return [digest for digest in dict.fromkeys(digests) if self.get(person, digest) is None]

    def rows(self, person: str, digests: Iterable[str]) -> list[list[Any]] | None:
        """The rows of a table from its blocks in order; None when one is missing."""
        rows: list[list[Any]] = []
        for digest in digests:
            body = self.get(person, digest)
            if body is None:
                return None
            rows += wire.grid(wire.loads(body))
        return rows
