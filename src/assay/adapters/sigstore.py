"""Opens the services of a signing config over HTTP; implements `ports.sigstore.Services`."""

import secrets

from assay.adapters.ephemeral import EphemeralKeyPair
from assay.adapters.http import Http
from assay.adapters.sigstore_fulcio import Fulcio
from assay.adapters.sigstore_rekor import RekorV1, RekorV2
from assay.adapters.sigstore_tsa import Timestamps

_TILED = 2


class SigstoreServices:
    """All services through one client, so that connections are used again. Close it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def key(self) -> EphemeralKeyPair:
        """See the port."""
        return EphemeralKeyPair()

    def nonce(self) -> int:
        """See the port."""
        return secrets.randbits(64)

    def authority(self, url: str) -> Fulcio:
        """See the port."""
        return Fulcio(self._http, url)

    def log(self, url: str, version: int) -> RekorV1 | RekorV2:
        """See the port."""
        return RekorV2(self._http, url) if version >= _TILED else RekorV1(self._http, url)

    def timestamps(self, url: str) -> Timestamps:
        """See the port."""
        return Timestamps(self._http, url)

    def close(self) -> None:
        """Close the client."""
        self._http.close()
