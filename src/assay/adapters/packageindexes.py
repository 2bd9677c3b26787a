"""The package indexes this machine's own pip, npm and cargo use; implements `ports.indexes.PackageIndexes`.

Addresses come from the clients' own configuration, so that a mirror is asked where a mirror is used. A user name and
password in an address go to that index alone and are never shown.
"""

import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from assay.adapters.clients import Clients
from assay.adapters.http import Http, Request
from assay.formats import toml
from assay.model.errors import AssayError, UnavailableError

_PIP, _CRATES = "https://pypi.org/simple", "sparse+https://index.crates.io/"
"""Where pip and cargo ask when nothing is configured."""
_PIP_KEY = "global.index-url="
_SECONDS = 60
_CONFIG_BYTES = 1 << 20
_REPLACEMENTS_COUNT = 8
_GONE = frozenset({404, 410})


class HostIndexes:
    """Asks over HTTP.

    Args:
        http: the client; its own bounds of time hold.
        env: where `PIP_INDEX_URL`, `CARGO_HOME`, `HOME` are read.
        addresses: instead of the clients' words, by ecosystem.
    """

    def __init__(self, http: Http, env: Mapping[str, str], addresses: Mapping[str, str] | None = None) -> None:
        self._http, self._env = http, env
        self._places: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._given = addresses or {}
        self._lock = threading.Lock()
        self._finders: dict[str, Callable[[], str]] = {
            "pypi": self._pip, "npm": lambda: Clients().registry(), "cargo": self._cargo,
        }  # fmt: skip

    def address(self, ecosystem: str) -> str:
        """Where the index lies, without credentials and without a slash at its end."""
        return self._place(ecosystem)[0]

    def ask(self, ecosystem: str, path: str, accept: str, limit: int) -> bytes | None:
        """What lies at a path; None for 404 and 410."""
        address, credentials = self._place(ecosystem)
        request = Request(method="GET", url=f"{address}/{path}", headers={"Accept": accept}, credentials=credentials)
        answer = self._http.send(request, limit=limit)
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            raise UnavailableError("the index gives no answer", where=address, why=f"status {answer.status}")
        return answer.body

    def _place(self, ecosystem: str) -> tuple[str, Mapping[str, str]]:
        with self._lock:
            if ecosystem not in self._places:
                self._places[ecosystem] = _parted(self._given.get(ecosystem) or self._finders[ecosystem]())
            return self._places[ecosystem]

    def _pip(self) -> str:
        """`PIP_INDEX_URL`, else what `pip config` says, else pip's own default."""
        if self._env.get("PIP_INDEX_URL"):
            return self._env["PIP_INDEX_URL"]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True,
                errors="replace", timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL, env=dict(self._env),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError("pip does not run", why=str(error)) from error
        told = [line.partition("=")[2].strip("'\"") for line in done.stdout.splitlines() if line.startswith(_PIP_KEY)]
        return told[-1] if told else _PIP

    def _cargo(self) -> str:
        """The sparse index by cargo's own `config.toml`, replacements of the source followed (cargo's reference)."""
        home = Path(self._env.get("CARGO_HOME") or Path(self._env.get("HOME", "/"), ".cargo"))
        sources = _sources(home)
        name = "crates-io"
        for _ in range(_REPLACEMENTS_COUNT):
            source = sources.get(name)
            following = source.get("replace-with") if isinstance(source, dict) else None
            if not isinstance(following, str):
                break
            name = following
        source = sources.get(name)
        registry = source.get("registry") if isinstance(source, dict) else None
        if registry is None and name != "crates-io":
            raise UnavailableError("cargo's source is no registry", why=name[:100], remedy="ask without cargo")
        text = registry if isinstance(registry, str) else _CRATES
        if not text.startswith("sparse+"):
            raise UnavailableError("cargo's registry has no sparse index", remedy="ask without cargo")
        return text.removeprefix("sparse+")


def _sources(home: Path) -> Mapping[str, object]:
    for name in ("config.toml", "config"):
        try:
            with (home / name).open("rb") as file:
                value = toml.loads(file.read(_CONFIG_BYTES), where=name, limit=_CONFIG_BYTES).get("source")
        except OSError:
            continue
        except AssayError as error:
            raise UnavailableError("cargo's configuration cannot be read", where=name, why=error.why) from error
        return value if isinstance(value, dict) else {}
    return {}


def _parted(text: str) -> tuple[str, Mapping[str, str]]:
    """The address without user and password, and those as a header (RFC 7617)."""
    try:
        parts = urlsplit(text.strip())
        user, password, port = parts.username, parts.password, parts.port
    except ValueError as error:
        raise UnavailableError("the address of an index is none") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UnavailableError("the address of an index is none", why=f"scheme {parts.scheme[:20]!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = urlunsplit((parts.scheme, f"{host}:{port}" if port else host, parts.path.rstrip("/"), "", ""))
    if user is None:
        return address, {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return address, {"Authorization": f"Basic {b64encode(pair).decode()}"}
