"""How long it takes to sign keylessly at an authority of ours, on loopback, against sigstore-python at the same one.

Each is a whole ceremony: token, certificate, timestamp, log entry on disk, and of ours the verification of the result.
"""

import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from assay.adapters.ambient import GivenToken
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import KeylessMaker
from assay.flows.publishing import Instance
from assay.formats import signingconfig
from assay.model.digest import Digest
from measure import Row, missing

ROUNDS = 40
START = "start an authority, to its first answer: wall, s"
SIGN = "sign keylessly over loopback: ms"
AGAINST = "sign keylessly over loopback, verified: time / sigstore-python, not verified"
_ARTIFACT = b"an artifact"
_PATIENCE_SECONDS = 30


class Running(NamedTuple):
    """An authority that serves; `start_seconds` from the process's start to its first answer."""

    url: str
    config: bytes
    start_seconds: float

    def token(self) -> str:
        """Of its built-in issuer."""
        asked = json.dumps({"email": "bench@example.com"}).encode()
        with urllib.request.urlopen(f"{self.url}/test-issuer/token", asked, timeout=10) as answer:
            return str(json.load(answer)["id_token"])


def rows() -> list[Row]:
    """What, measured, bar; not measured where the authority's libraries are not installed."""
    if find_spec("litestar") is None or find_spec("uvicorn") is None:
        why = "the authority's libraries (litestar, uvicorn) are not installed"
        return [missing(what, bar, why) for what, bar in ((START, 2), (SIGN, 80), (AGAINST, 2))]
    with _authority() as at:
        signers = {"assay": _ours(at)} | ({"sigstore-python": _theirs(at)} if find_spec("sigstore") else {})
        spent: dict[str, list[float]] = {label: [] for label in signers}
        for _ in range(ROUNDS):
            for label, sign in signers.items():
                begun = time.perf_counter()
                sign()
                spent[label].append((time.perf_counter() - begun) * 1000)
        medians = {label: statistics.median(times) for label, times in spent.items()}
        found = [
            Row(START, at.start_seconds, 2.0),
            Row(SIGN, medians["assay"], 80.0),
        ]
        if "sigstore-python" in medians:
            # What we make we verify as a stranger would; sigstore-python hands it out as it is.
            found.append(Row(AGAINST, medians["assay"] / medians["sigstore-python"], 2.0))
        else:
            found.append(missing(AGAINST, 2.0, "sigstore-python is not installed"))
        return found


def _ours(at: Running) -> Callable[[], object]:
    client = signingconfig.read_client(at.config, where="client config")
    instance = Instance(config=client.signing_config, roots=client.trusted_root)
    services, digest = SigstoreServices(Http()), Digest.of(_ARTIFACT)
    return lambda: KeylessMaker(instance, services, GivenToken(at.token()), WallClock()).artifact(digest)


def _theirs(at: Running) -> Callable[[], object]:
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken
    from sigstore.sign import SigningContext

    context = SigningContext.from_trust_config(ClientTrustConfig.from_json(at.config.decode()))

    def sign() -> object:
        with context.signer(IdentityToken(at.token())) as signer:
            return signer.sign_artifact(_ARTIFACT)

    return sign


@contextmanager
def _authority() -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-authority-"))
    url, assay = f"http://127.0.0.1:{port}", [sys.executable, "-m", "assay", "authority"]
    options = ["--name", "bench", "--url", url, "--test-issuer", "--no-passphrase"]
    quick = ["--rate", "100000", "--burst", "100000"]
    subprocess.run([*assay, "init", str(folder / "authority"), *options], check=True, capture_output=True)
    begun = time.perf_counter()
    serving = subprocess.Popen([*assay, "serve", str(folder / "authority"), "--port", str(port), "-q", *quick])
    try:
        while not _answers(f"{url}/healthz"):
            if serving.poll() is not None or time.perf_counter() > begun + _PATIENCE_SECONDS:
                raise RuntimeError("the authority does not serve")
            time.sleep(0.005)
        start = time.perf_counter() - begun
        config = (folder / "authority" / "public" / "client_trust_config.json").read_bytes()
        yield Running(url, config, start)
    finally:
        serving.terminate()
        serving.wait()
        shutil.rmtree(folder)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.URLError:
        return False
    return True


if __name__ == "__main__":
    for row in rows():
        print(row)
