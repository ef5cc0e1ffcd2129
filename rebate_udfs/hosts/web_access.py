"""Who may use the server: bearer tokens, of which only hashes are kept, and OpenID Connect for Entra ID.

A token is 256 random bits, so a plain SHA-256 of it cannot be turned back. The file of tokens is the owner's alone (0600)
and is read again when it changes, so a token that is taken away stops working at once. Tokens of an identity provider are
checked by PyJWT: signature with the provider's published keys, issuer, audience and times.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from ..actions import Refused

DAYS_VALID = 90
PREFIX = "rebates_"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
NAMES = ("preferred_username", "upn", "email", "name")  # claims, the first that is there
LEEWAY = 60  # seconds that two clocks may differ
ASK_AGAIN = 60  # seconds before a key that the provider does not know is asked for again
PATIENCE = 10  # seconds for the provider's answer


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the file keeps it: not the token, its hash."""

    person: str
    hash: str
    made_at: str
    expires_at: str  # ISO, UTC


def is_loopback(host: str) -> bool:
    """Whether a host is this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def config_folder() -> Path:
    """Where the file of tokens is: REBATES_CONFIG, else the user's own folder for settings."""
    if given := os.environ.get("REBATES_CONFIG"):
        return Path(given)
    base = os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "rebates"


def make_token(person: str, days: int = DAYS_VALID, folder: Path | None = None) -> str:
    """A new token for a person, shown once and kept as a hash; valid for `days` (1 to 3,650).

    Raises Refused for a person without a name or a time out of bounds.
    """
    if not person.strip() or len(person) > 100 or not person.isprintable():
        raise Refused("Name the person or system that the token is for, in at most 100 characters.")
    if not 1 <= days <= 3650:
        raise Refused("A token is valid for 1 to 3,650 days.")
    token = PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    made = Token(person.strip(), _hash(token), _iso(now), _iso(now + timedelta(days=days)))
    kept = [one for one in tokens(folder) if one.expires_at > _iso(now)]
    _write([*kept, made], folder)
    return token


def tokens(folder: Path | None = None) -> list[Token]:
    """The tokens of the file, the expired ones too."""
    path = (folder or config_folder()) / "tokens.json"
    if not path.is_file():
        return []
    try:
        return [Token(**one) for one in json.loads(path.read_text(encoding="utf-8"))["tokens"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path} is damaged; remove it and make new tokens.") from error


def revoke_tokens(person: str, folder: Path | None = None) -> int:
    """Take away every token of a person; how many there were."""
    found = tokens(folder)
    kept = [one for one in found if one.person != person]
    if len(kept) != len(found):
        _write(kept, folder)
    return len(found) - len(kept)


def _write(kept: list[Token], folder: Path | None) -> None:
    folder = folder or config_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=folder, suffix=".tmp")  # 0600 from the first byte
    rows = [{name: getattr(one, name) for name in Token.__slots__} for one in kept]
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"tokens": rows}, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, folder / "tokens.json")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Access:
    """Answers who sends a request: `person(authorization)`, None for nobody."""

    def __init__(self, required: bool, folder: Path | None = None, provider: Provider | None = None) -> None:
        self.required = required
        self.provider = provider
        self._folder = folder or config_folder()
        self._read: tuple[int, list[Token]] = (-1, [])

    def person(self, authorization: str) -> str | None:
        """Whom an Authorization header stands for; "local" where nobody has to say."""
        if not self.required:
            return "local"
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer" or not credential:
            return None
        if credential.startswith(PREFIX):
            return self._by_token(credential)
        return self.provider.person(credential) if self.provider else None

    def name(self, person: str) -> str:
        """What the books call a person: whom the token was made for, or how the provider names them; empty for this machine's own user."""
        kind, _, name = person.partition(":")
        if kind == "oidc" and self.provider:
            return self.provider.names.get(name, name)
        return name

    def _by_token(self, credential: str) -> str | None:
        given, now, found = _hash(credential), _iso(datetime.now(UTC)), None
        for one in self._tokens():  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(one.hash, given) and one.expires_at > now:
                found = f"token:{one.person}"
        return found

    def _tokens(self) -> list[Token]:
        try:
            stamp = (self._folder / "tokens.json").stat().st_mtime_ns
        except OSError:
            return []
        if stamp != self._read[0]:
            self._read = stamp, tokens(self._folder)
        return self._read[1]


class Provider:
    """An identity provider: its issuer, and the audience that tokens must be for."""

    def __init__(self, issuer: str, audience: str) -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise Refused("The issuer of OpenID Connect is an https address, as in https://login.microsoftonline.com/TENANT/v2.0")
        if not audience:
            raise Refused("Say whom tokens must be for: --oidc-audience, the application's id.")
        self.issuer, self.audience = issuer, audience
        self._client: Any = None
        self._asked_at = 0.0
        self.names: dict[str, str] = {}  # how each person who came was named last

    def person(self, credential: str) -> str | None:
        """The person a token stands for, None when it does not hold."""
        import jwt

        try:
            key = self._key(jwt.get_unverified_header(credential).get("kid"))
            if key is None:
                return None
            claims = jwt.decode(credential, key, algorithms=list(ALGORITHMS), audience=self.audience, issuer=self.issuer, leeway=LEEWAY,
                                options={"require": ["exp", "iss", "aud", "sub"]})  # fmt: skip
        except (jwt.PyJWTError, OSError, ValueError):
            return None
        who = str(claims.get("oid") or claims["sub"])
        named = next((one for claim in NAMES if isinstance(one := claims.get(claim), str) and one.isprintable() and one.strip()), who)
        self.names[who] = named.strip()[:100]
        return f"oidc:{who}"

    def _key(self, kid: str | None) -> Any:
        """The provider's key of that id; an unknown id asks the provider again, at most once a minute."""
        found = self._known(kid, refresh=False)
        if found is None and time.monotonic() - self._asked_at > ASK_AGAIN:
            self._asked_at = time.monotonic()
            found = self._known(kid, refresh=True)
        return found

    def _known(self, kid: str | None, refresh: bool) -> Any:
        import jwt

        if self._client is None:
            self._client = jwt.PyJWKClient(self._keys_url(), timeout=PATIENCE)
        for key in self._client.get_signing_keys(refresh=refresh):
            if key.key_id == kid:
                return key.key
        return None

    def _keys_url(self) -> str:
        with urlopen(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", timeout=PATIENCE) as response:
            described = json.loads(response.read(1 << 20))
        if described.get("issuer") != self.issuer:
            raise ValueError("the provider names another issuer")
        return str(described["jwks_uri"])
