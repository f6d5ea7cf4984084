"""The keys by which clients of the service are known: whose each is, what it may do, and how much of it.

A key is a secret of 256 random bits, so its SHA-256 is kept and not a slow hash: there is nothing to guess, and every
request would pay for the slowness. Counting requests against the limits belongs to `serving`.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from credit_platform.errors import SettingsError
from credit_platform.lake.files import one_at_a_time, whole_file
from credit_platform.lake.layout import Layout

Role = Literal["score", "read"]
ROLES: tuple[Role, ...] = get_args(Role)
_LONGEST = 60


@dataclass(frozen=True)
class ApiKey:
    """One key as it is kept.

    Attributes:
        owner: whose it is; one key each.
        role: `score` may do everything, `read` may ask for schema, metadata and metrics alone.
        sha256: of the key.
        created: when it was made, UTC.
        requests_per_second: how many requests it may send; None for any number.
        records_per_minute: how many records it may have scored; None for any number.
    """

    owner: str
    role: Role
    sha256: str
    created: str
    requests_per_second: float | None = None
    records_per_minute: int | None = None

    def is_of(self, token: str) -> bool:
        """Whether a client that shows this secret has the key."""
        return hmac.compare_digest(self.sha256, _sha256(token))


@dataclass(frozen=True)
class ApiKeyFile:
    """The keys of one data folder."""

    layout: Layout

    def keys(self) -> tuple[ApiKey, ...]:
        """Every key, in the order in which they were made.

        Raises:
            SettingsError: the file is not as it was written.
        """
        file = self.layout.api_keys()
        if not file.is_file():
            return ()
        try:
            return tuple(ApiKey(**key) for key in json.loads(file.read_bytes())["keys"])
        except (ValueError, KeyError, TypeError) as error:
            fix = f"Restore {file} from a backup, or remove it and make the keys anew."
            raise SettingsError(name=str(file), reason="it is not a list of keys", fix=fix) from error

    def state(self) -> tuple[int, int] | None:
        """What changes when the keys do; None without keys."""
        file = self.layout.api_keys()
        try:
            about = file.stat()
        except FileNotFoundError:
            return None
        return about.st_mtime_ns, about.st_ino

    def add(
        self,
        owner: str,
        *,
        role: Role,
        requests_per_second: float | None = None,
        records_per_minute: int | None = None,
    ) -> str:
        """Make a key and keep its hash; the secret, which is known nowhere else.

        Raises:
            SettingsError: the owner has a key, the name cannot be logged, or a limit is not a positive number.
        """
        if not (0 < len(owner) <= _LONGEST and owner.isprintable()):
            reason = f"a name has 1 to {_LONGEST} printable characters"
            raise SettingsError(name="NAME", reason=reason, fix="Choose another.")
        if any(
            limit is not None and not 0 < limit < float("inf") for limit in (requests_per_second, records_per_minute)
        ):
            raise SettingsError(name="limit", reason="it is not a number above 0", fix="Leave it out for none.")
        secret = f"cp_{secrets.token_urlsafe(32)}"
        created = datetime.now(tz=UTC).isoformat(timespec="seconds")
        with one_at_a_time(self.layout.api_keys()):
            keys = self.keys()
            if any(key.owner == owner for key in keys):
                fix = f"Revoke it first (credit-platform serve-key revoke {owner!r}), or choose another name."
                raise SettingsError(name=owner, reason="it has a key already", fix=fix)
            made = ApiKey(owner, role, _sha256(secret), created, requests_per_second, records_per_minute)
            self._write((*keys, made))
        return secret

    def revoke(self, owner: str) -> None:
        """Have a key refused from now on.

        Raises:
            SettingsError: nobody of the name has one.
        """
        with one_at_a_time(self.layout.api_keys()):
            keys = self.keys()
            kept = [key for key in keys if key.owner != owner]
            if len(kept) == len(keys):
                raise SettingsError(
                    name=owner, reason="it has no key", fix="`credit-platform serve-key list` names all."
                )
            # A file without keys stays, and a service without keys does not become an open one by a revocation.
            self._write(kept)

    def _write(self, keys: Sequence[ApiKey]) -> None:
        with whole_file(self.layout.api_keys(), is_private=True) as part:
            part.write_text(json.dumps({"keys": [asdict(key) for key in keys]}, indent=1), encoding="utf-8")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
