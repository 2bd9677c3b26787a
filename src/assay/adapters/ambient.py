"""OIDC tokens of the machine a job runs on; implements `ports.sigstore.IdentityTokens`.

Where each comes from is documented by its maker; nothing is asked that the environment does not name. A token is never
part of an error, a log or a command line.

| where | how |
| --- | --- |
| anywhere | `SIGSTORE_ID_TOKEN`: a JWT (what GitLab's `id_tokens:` sets) |
| a mounted file | `/var/run/sigstore/cosign/oidc-token` (a projected Kubernetes or SPIFFE token) |
| GitHub Actions, Forgejo | `ACTIONS_ID_TOKEN_REQUEST_URL` and `…_TOKEN`: asked over HTTPS |
| Buildkite | `buildkite-agent oidc request-token` |
| CircleCI | `circleci run oidc get` |
| Google Cloud | the metadata server |
"""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from assay.adapters.http import Answer, Http, Request
from assay.formats import strictjson
from assay.model.errors import MalformedError, UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits

VARIABLE = "SIGSTORE_ID_TOKEN"
MOUNTED = Path("/var/run/sigstore/cosign/oidc-token")
_PRODUCT = Path("/sys/class/dmi/id/product_name")
METADATA = "metadata.google.internal"
"""Google's metadata server; it speaks plain HTTP, inside the machine."""
_OK = 200
_REMEDY = "see the job's settings for OIDC tokens, or give one with --identity-token"


class GivenToken:
    """A token somebody handed over."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, audience: str) -> str:
        """It, whatever its audience."""
        return self._token


class AmbientTokens:
    """The first source of the table that this machine has."""

    def __init__(
        self,
        http: Http,
        env: Mapping[str, str],
        *,
        mounted: Path = MOUNTED,
        product: Path = _PRODUCT,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Nothing is asked yet.

        Args:
            http: the client; its `insecure` must hold the metadata server where that is to be asked.
            env: the environment, also of the programs that are run.
            mounted: the file of a projected token.
            product: the file that says whose machine this is.
            limits: bounds on answers and on the time of a program.
        """
        self._http, self._env, self._mounted, self._product, self._limits = http, env, mounted, product, limits

    def token(self, audience: str) -> str:
        """A fresh token; see the port.

        Raises:
            UsageError: this machine has none.
            UntrustedError: `TOKEN`: the job may not have one.
            UnavailableError: whoever should issue it does not.
        """
        sources: tuple[Callable[[str], str | None], ...] = (
            self._variable, self._file, self._github, self._buildkite, self._circleci, self._google,
        )  # fmt: skip
        for source in sources:
            if found := source(audience):
                return found.strip()
        raise UsageError(
            "no identity token",
            why="this machine offers none that is known here",
            remedy=f"give one with --identity-token or {VARIABLE}, or sign with --key",
        )

    def _variable(self, audience: str) -> str | None:
        return self._env.get(VARIABLE)

    def _file(self, audience: str) -> str | None:
        try:
            with self._mounted.open("rb") as file:
                data = file.read(self._limits.token_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failed(str(self._mounted), type(error).__name__) from error
        return data.decode("ascii", "replace")

    def _github(self, audience: str) -> str | None:
        """GitHub documentation, "OpenID Connect reference", "Methods for requesting the OIDC token"."""
        if not self._env.get("GITHUB_ACTIONS"):
            return None
        url, bearer = (self._env.get(f"ACTIONS_ID_TOKEN_REQUEST_{part}", "") for part in ("URL", "TOKEN"))
        if not url or not bearer:
            raise UntrustedError(
                "this job may not ask for an identity token",
                where="GitHub Actions",
                why="ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set",
                remedy="give the job the permission id-token: write",
                code="TOKEN",
                step="sign",
            )
        parts = urlsplit(url)
        query = urlencode({**dict(parse_qsl(parts.query)), "audience": audience})
        request = Request(
            method="GET", url=urlunsplit(parts._replace(query=query)), credentials={"Authorization": f"Bearer {bearer}"}
        )
        answer = self._asked(request, "GitHub Actions")
        try:
            value = strictjson.loads(answer.body, where="GitHub Actions", limit=self._limits.token_bytes)
        except MalformedError:
            raise _failed("GitHub Actions", "the answer is not JSON") from None
        found = value.get("value") if isinstance(value, dict) else None
        if not isinstance(found, str):
            raise _failed("GitHub Actions", "the answer holds no token")
        return found

    def _buildkite(self, audience: str) -> str | None:
        """Buildkite documentation, `buildkite-agent oidc`."""
        if not self._env.get("BUILDKITE"):
            return None
        return self._run(["buildkite-agent", "oidc", "request-token", "--audience", audience], "Buildkite")

    def _circleci(self, audience: str) -> str | None:
        """CircleCI documentation, "Using OpenID Connect tokens in jobs", custom claims."""
        if not self._env.get("CIRCLECI"):
            return None
        claims = strictjson.canonical({"aud": audience}).decode()
        return self._run(["circleci", "run", "oidc", "get", "--root-issuer", "--claims", claims], "CircleCI")

    def _google(self, audience: str) -> str | None:
        """Google Cloud documentation, "Verify a virtual machine's identity"."""
        host = self._env.get("GCE_METADATA_HOST")
        if not host and not self._is_google():
            return None
        url = (
            f"http://{host or METADATA}/computeMetadata/v1/instance/service-accounts/default/identity"
            f"?audience={quote(audience, safe='')}&format=full"
        )
        answer = self._asked(Request(method="GET", url=url, headers={"Metadata-Flavor": "Google"}), "Google Cloud")
        return answer.body.decode("ascii", "replace")

    def _is_google(self) -> bool:
        try:
            with self._product.open("rb") as file:
                return file.read(100).strip() in {b"Google", b"Google Compute Engine"}
        except OSError:
            return False

    def _asked(self, request: Request, who: str) -> Answer:
        answer = self._http.send(request, limit=self._limits.token_bytes)
        if answer.status != _OK:
            raise _failed(who, f"status {answer.status}")
        return answer

    def _run(self, words: Sequence[str], who: str) -> str:
        try:
            # The words are constants but for the audience, which is ours; the name is looked up in PATH, no shell.
            done = subprocess.run(  # noqa: S603
                words, capture_output=True, env=dict(self._env), check=False,
                timeout=self._limits.credential_helper_seconds,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(who, f"{words[0]}: {type(error).__name__}") from None
        if done.returncode != 0 or len(done.stdout) > self._limits.token_bytes:
            raise _failed(who, f"{words[0]}: exit status {done.returncode}")
        return done.stdout.decode("ascii", "replace")


def _failed(who: str, why: str) -> UnavailableError:
    return UnavailableError("no identity token could be had", where=who, why=why, remedy=_REMEDY)
