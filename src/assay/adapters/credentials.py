"""Registry credentials as Docker and Podman keep them; each for one authority only.

Read in this order, the first file that knows the authority wins: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG/config.json`,
else `$XDG_RUNTIME_DIR/containers/auth.json`, `~/.docker/config.json`. Within a file: `credHelpers`, then
`credsStore`, then `auths` (docker/cli, "Credential stores").
No value read here appears in an error, a log or a `repr`.
"""

import base64
import binascii
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.artifact.reference import DOCKER_HUB
from assay.formats import strictjson
from assay.model.errors import MalformedError, UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NOT_FOUND = b"credentials not found"
_FIELDS = ("auth", "username", "password", "identitytoken", "registrytoken")
_HUB_NAMES = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)


class Credential:
    """What to show one authority: a name and password, or an identity token, or a registry token.

    A plain class and not a `Struct`, so that printing it shows nothing.
    """

    __slots__ = ("identity_token", "password", "registry_token", "username")

    def __init__(self, username: str = "", password: str = "", identity_token: str = "", registry_token: str = ""):
        self.username, self.password = username, password
        self.identity_token, self.registry_token = identity_token, registry_token

    def __repr__(self) -> str:
        return "Credential(…)"

    def basic(self) -> str:
        """The value of an `Authorization` header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class Credentials:
    """Looks credentials up, lazily: nothing is read before a registry asks.

    Args:
        env: `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `HOME`, and `PATH` for helpers.
        limits: sizes and the helper's time.
    """

    def __init__(self, env: Mapping[str, str], limits: Limits = DEFAULT_LIMITS) -> None:
        self._env, self._limits = env, limits

    def find(self, authority: str, repository: str = "") -> Credential | None:
        """The credential configured for an authority (or for a path under it), or None.

        Raises:
            MalformedError: a configuration file that is not what it should be.
            UsageError: a named file or helper that is not there.
            UnavailableError: a helper that fails or does not answer in time.
        """
        names = _names(authority, repository)
        for path in self._files():
            config = self._read(path)
            found = self._from_helpers(config, authority, str(path)) or _from_auths(config, names, str(path))
            if found is not None:
                return found
        return None

    def _files(self) -> Iterator[Path]:
        named = self._env.get("REGISTRY_AUTH_FILE")
        if named:
            if not Path(named).is_file():
                raise UsageError("no such file", where="REGISTRY_AUTH_FILE", remedy="correct or unset the variable")
            yield Path(named)
        folder, home = self._env.get("DOCKER_CONFIG"), self._env.get("HOME")
        candidates = [Path(folder, "config.json")] if folder else []
        runtime = self._env.get("XDG_RUNTIME_DIR")
        if runtime:
            candidates.append(Path(runtime, "containers", "auth.json"))
        if home and not folder:
            candidates.append(Path(home, ".docker", "config.json"))
        yield from (path for path in candidates if path.is_file())

    def _read(self, path: Path) -> dict[str, Any]:
        limit = self._limits.credential_file_bytes
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise UsageError(
                "cannot read the credentials", where=str(path), why=error.strerror or "", remedy="check its permissions"
            ) from error
        try:
            config = strictjson.loads(data, where=str(path), limit=limit)
        except MalformedError:
            # The parser's own words may quote the file; these do not, and neither does the chain.
            raise _malformed(str(path), "not acceptable JSON") from None
        if not isinstance(config, dict):
            raise _malformed(str(path), "not an object")
        return config

    def _from_helpers(self, config: dict[str, Any], authority: str, where: str) -> Credential | None:
        helpers = config.get("credHelpers") or {}
        if not isinstance(helpers, dict):
            raise _malformed(where, "credHelpers is not an object")
        for name in _names(authority, ""):
            helper = helpers.get(name)
            if helper is not None:
                return self._ask(helper, _server(authority) if name in _HUB_NAMES else name, where)
        store = config.get("credsStore")
        return self._ask(store, _server(authority), where) if store else None

    def _ask(self, helper: object, server: str, where: str) -> Credential | None:
        """Run `docker-credential-HELPER get` (docker/docker-credential-helpers, "Usage")."""
        if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
            raise _malformed(where, "the name of a credential helper is not a name")
        program = f"docker-credential-{helper}"
        try:
            # The name is checked above and looked up in PATH; no shell is involved.
            done = subprocess.run(  # noqa: S603
                [program, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=self._limits.credential_helper_seconds,
                env=dict(self._env),
                check=False,
            )
        except FileNotFoundError as error:
            raise UsageError(
                "the credential helper is not installed", where=where, why=program, remedy="install it or remove it"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _helper_failed(program, type(error).__name__) from None
        if done.returncode != 0:
            if _NOT_FOUND in done.stdout.lower() or _NOT_FOUND in done.stderr.lower():
                return None
            raise _helper_failed(program, f"exit status {done.returncode}")
        return _from_helper(done.stdout, program)


def _from_helper(output: bytes, program: str) -> Credential | None:
    try:
        answer = strictjson.loads(output, where=program, limit=DEFAULT_LIMITS.credential_file_bytes)
    except MalformedError:
        raise _helper_failed(program, "its answer is not JSON") from None
    if not isinstance(answer, dict):
        raise _helper_failed(program, "its answer is not an object")
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _helper_failed(program, "its answer lacks Username or Secret")
    if not secret:
        return None
    return Credential(identity_token=secret) if username == "<token>" else Credential(username, secret)


def _from_auths(config: dict[str, Any], names: tuple[str, ...], where: str) -> Credential | None:
    auths = config.get("auths") or {}
    if not isinstance(auths, dict):
        raise _malformed(where, "auths is not an object")
    by_name = {_stripped(str(key)): value for key, value in auths.items()}
    for name in names:
        entry = by_name.get(_stripped(name))
        if entry is not None:
            found = _from_entry(entry, where)
            if found is not None:
                return found
    return None


def _from_entry(entry: object, where: str) -> Credential | None:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name, ""), str) for name in _FIELDS):
        raise _malformed(where, "an entry of auths is not an object of texts")
    if entry.get("registrytoken"):
        return Credential(registry_token=entry["registrytoken"])
    username, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        username, password = _decode(entry["auth"], where)
    if entry.get("identitytoken"):
        return Credential(username, identity_token=entry["identitytoken"])
    return Credential(username, password) if username else None


def _decode(text: str, where: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _malformed(where, "an auth value is not base64 of name:password") from None
    username, colon, password = pair.partition(":")
    if not colon:
        raise _malformed(where, "an auth value is not base64 of name:password")
    return username, password.rstrip("\0")


def _names(authority: str, repository: str) -> tuple[str, ...]:
    """Keys to look under, narrowest first: containers-auth.json(5) allows `host/path`, Docker the host alone."""
    parts = repository.split("/") if repository else []
    paths = [f"{authority}/{'/'.join(parts[:end])}" for end in range(len(parts), 0, -1)]
    return (*paths, *(_HUB_NAMES if authority == DOCKER_HUB else (authority,)))


def _server(authority: str) -> str:
    return _HUB_NAMES[0] if authority == DOCKER_HUB else authority


def _stripped(key: str) -> str:
    """Old Docker wrote `https://HOST/v1/`; all spellings of one place are one key."""
    key = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return key.removesuffix("/v1").removesuffix("/v2")


def _malformed(where: str, why: str) -> MalformedError:
    return MalformedError("cannot read the credentials", where=where, why=why, remedy="log in again, or correct it")


def _helper_failed(program: str, why: str) -> UnavailableError:
    return UnavailableError("the credential helper failed", where=program, why=why, remedy="run it by hand to see why")
