"""What happens to a signature before it leaves: timestamp authorities date it and a log makes it public.

What a service answers is judged before the next one is asked, so that nothing false becomes public.
"""

import hashlib

import msgspec

from assay.flows.logproof import proven
from assay.formats import rekor_api, tsp
from assay.formats.bundle import LogEntry
from assay.formats.rekor_api import Signed
from assay.formats.signingconfig import Service, SigningConfig
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope
from assay.ports.sigstore import Services
from assay.ports.world import Clock
from assay.trust import timestamps
from assay.trust.expect import Require
from assay.trust.services import Chosen, choose


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One installation of Sigstore: where to sign, and by what the result is verified."""

    config: SigningConfig
    roots: TrustedRoot
    require: Require = Require()
    """How well what is made here must be proven."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What others said of a signature."""

    entry: LogEntry
    timestamps: tuple[bytes, ...]
    """DER TimeStampResp, one of each chosen authority."""


class Publisher:
    """Dates and logs signatures at an installation."""

    def __init__(
        self, instance: Instance, services: Services, clock: Clock, *, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._instance, self._services, self._clock, self._limits = instance, services, clock, limits

    def chosen(self) -> Chosen:
        """The services to use now; errors as `trust.services.choose`."""
        return choose(self._instance.config, self._clock.now())

    def publish(self, chosen: Chosen, signed: Signed, envelope: Envelope | None = None) -> Published:
        """Have a signature dated, then logged.

        Args:
            chosen: as `chosen` said.
            signed: the signature, over what and by whom.
            envelope: where it is an envelope that was signed.

        Raises:
            UntrustedError, UnavailableError, UnsupportedError, MalformedError: a service refused, does not answer, is
                none, or answers what does not verify; `code` and `step` name the check.
        """
        tokens = self._stamped(chosen, signed.signature)
        request = rekor_api.request(chosen.log.major_api_version, signed, envelope)
        return Published(entry=self._logged(chosen.log, request, signed), timestamps=tokens)

    def _stamped(self, chosen: Chosen, signature: bytes) -> tuple[bytes, ...]:
        """A timestamp of every chosen authority, each judged."""
        tokens = tuple(self._stamp(service, signature) for service in chosen.timestamps)
        authorities = self._instance.roots.timestamp_authorities
        times = timestamps.check(tokens, signature, authorities, name="timestamps just made")
        if times.ignored:
            raise _no("the trusted root does not list the timestamp authority", times.ignored[0])
        return tokens

    def _stamp(self, service: Service, signature: bytes) -> bytes:
        nonce = self._services.nonce()
        imprint = hashlib.sha256(signature).digest()
        asked = tsp.Request(hash_algorithm="sha256", imprint=imprint, nonce=nonce, wants_certificate=True)
        answer = self._services.timestamps(service.url).stamp(tsp.write_request(asked))
        response = tsp.read_response(answer, where=service.url)
        if response.token is None:
            raise _no("the timestamp authority refuses", f"status {response.status}")
        if response.token.information.nonce != nonce:
            raise _no("the timestamp answers another question", "it holds another nonce")
        return answer

    def _logged(self, service: Service, request: bytes, signed: Signed) -> LogEntry:
        """The entry, whether the log answers with it or says where it lies already."""
        log = self._services.log(service.url, service.major_api_version)
        said = log.submit(request)
        if said.index is None:
            return rekor_api.answer(service.major_api_version, said.answer, where=service.url, limits=self._limits)
        body = rekor_api.body(signed)
        return proven(log, said.index, body, self._instance.roots, where=service.url, limits=self._limits)


def _no(what: str, why: str) -> UntrustedError:
    return UntrustedError(
        what, why=why, remedy="check signing config and trusted root", code="TIMESTAMP", step="timestamps"
    )
