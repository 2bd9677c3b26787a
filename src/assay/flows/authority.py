"""The embedded authority at work: a certificate for a token, an entry in the log, a timestamp, in this order of steps.

Nothing leaves before what it promises is durable: a certificate once its leaf is in the issuance log, an entry once a
published checkpoint covers it, a timestamp once its second is remembered.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from assay.flows.log import Log, Placed
from assay.formats import authority_answers, authority_requests, note, tsp
from assay.formats.authorityfile import AuthorityFile
from assay.formats.bundle import InclusionProof, LogEntry
from assay.formats.rekor import HASHEDREKORD_V2
from assay.formats.rekor_api import pem
from assay.model.errors import UnsupportedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.decisions import Signer
from assay.ports.logs import DurableFiles
from assay.trust import admit, identity, instances, issue, mint, stamp, token
from assay.trust.tiles import TileTree
from assay.trust.token import Claims

JSON, PEM, TEXT = "application/json", "application/pem-certificate-chain", "text/plain; charset=utf-8"
BYTES, STAMP, SIZE = "application/octet-stream", "application/timestamp-reply", "text/x.tlog.size"
_CHECKPOINT_SECONDS = "no-store"
_TILE_SECONDS = "public, max-age=31536000, immutable"
_TIME_BYTES = 64


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to a client."""

    data: bytes
    media_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = {}


class Refusal(Exception):
    """A "no" with a status that clients act on: 404, 405, 409."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})


class Queue(Protocol):
    """Where entries wait for the batch that makes them durable."""

    def submit(self, item: bytes) -> "Logged":
        """Wait for the entry to be published."""


class Logged(msgspec.Struct, frozen=True):
    """An entry, and the published tree that covers it."""

    placed: Placed
    entry: LogEntry | None
    """None where nobody asks for the proof."""


class Witnessing(Protocol):
    """The witness role."""

    def add_checkpoint(self, data: bytes) -> tuple[int, bytes, str]:
        """Status, body and media type of `POST add-checkpoint`."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority works with."""

    file: AuthorityFile
    identify: Callable[[str], Claims]
    """Judges a token."""
    authority: Signer
    ct: Signer
    timestamps: Signer
    logs: Mapping[str, Log]
    """Every transparency log by its name in the address (`acme-1`), frozen ones too."""
    issuance: Mapping[str, Log]
    entries: Queue
    """Of the newest log."""
    leaves: Queue
    """Of the newest issuance log."""
    memory: DurableFiles
    """Remembers the last second a timestamp named."""
    now: Callable[[], datetime]
    chance: Callable[[int], bytes]
    alone: AbstractContextManager[object]
    """Held while a timestamp is made."""
    witness: Witnessing | None = None
    test_issuer: Signer | None = None
    """Key of the built-in issuer; None everywhere but on loopback."""


class Authority:
    """Answers what clients ask; safe for several threads."""

    def __init__(self, parts: Parts, limits: Limits = DEFAULT_LIMITS) -> None:
        self._parts, self._limits = parts, limits
        self._authority = parts.file.authorities[-1]
        self._stamps = stamp.Authority(certificate=parts.file.timestamps[-1].certificates[0], signer=parts.timestamps)
        self._newest = f"{parts.file.name}-{parts.file.logs[-1].number}"
        self._last: datetime | None = None

    def certify(self, data: bytes, bearer: str) -> Answer:
        """`POST /api/v2/signingCert`.

        Raises:
            MalformedError, UnsupportedError: not a request, not a key.
            UntrustedError: the token (step `token`) or the proof of possession does not hold.
            UnavailableError: the issuer's keys or the issuance log cannot be had.
        """
        parts = self._parts
        request = authority_requests.certificate(data, bearer, limits=self._limits)
        who = parts.identify(request.token)
        spki = (
            token.by_request(request.csr)
            if request.csr
            else token.by_signature(request.public_key, request.proof, who.challenge)
        )
        certificates = self._authority.certificates
        prepared = issue.prepare(
            who.subject, spki, certificates[0], now=parts.now(), serial=issue.serial(parts.chance(20))
        )
        parts.leaves.submit(prepared.entry)
        leaf = issue.finish(prepared, parts.ct, parts.authority)
        return Answer(data=authority_answers.certificates((leaf, *certificates)))

    def trust_bundle(self) -> Answer:
        """`GET /api/v2/trustBundle`: every chain, old ones too."""
        return Answer(data=authority_answers.trust_bundle([one.certificates for one in self._parts.file.authorities]))

    def configuration(self) -> Answer:
        """`GET /api/v2/configuration`: whose tokens are taken."""
        rows = [
            {
                "issuerUrl": one.issuer,
                "audience": one.audience,
                "challengeClaim": identity.TEMPLATES[one.kind].challenge.strip("{}"),
                "type": one.kind,
            }
            for one in self._parts.file.issuers
        ]
        return Answer(data=authority_answers.configuration(rows))

    def add(self, name: str, data: bytes) -> Answer:
        """`POST <log>/api/v2/log/entries`: answered once a published checkpoint covers the entry.

        Raises:
            Refusal: 404 no such log, 405 frozen, 409 logged before.
            MalformedError, UntrustedError: not an entry, or its signature does not hold.
            UnavailableError: too many entries wait, the disk is full, too few witnesses answer.
        """
        log = self._log("log", name)
        if name != self._newest or log.frozen:
            raise Refusal(405, "this log is frozen; the signing config names the one that took its place")
        body = admit.admit(authority_requests.entry(data, limits=self._limits))
        try:
            logged = self._parts.entries.submit(body)
        except UnsupportedError as error:
            if log.frozen:  # rotated while it waited
                raise Refusal(405, error.line()) from error
            raise
        if not logged.placed.fresh or logged.entry is None:
            raise Refusal(409, "an equivalent entry exists", {"x-log-index": str(logged.placed.index)})
        return Answer(data=authority_answers.entry(logged.entry), status=201)

    def checkpoint(self, kind: str, name: str) -> Answer:
        """`GET <log>/checkpoint`."""
        data = self._log(kind, name).serve("checkpoint")
        if data is None:
            raise Refusal(404, "no checkpoint")
        return Answer(data=data, media_type=TEXT, headers={"Cache-Control": _CHECKPOINT_SECONDS})

    def tile(self, kind: str, name: str, path: str) -> Answer:
        """`GET <log>/tile/…`."""
        data = self._log(kind, name).serve(f"tile/{path}")
        if data is None:
            raise Refusal(404, "no such tile in the published tree")
        return Answer(data=data, media_type=BYTES, headers={"Cache-Control": _TILE_SECONDS})

    def timestamp(self, data: bytes, *, is_json: bool) -> Answer:
        """`POST /api/v1/timestamp`, asked in DER or in JSON; a refusal is a TimeStampResp too.

        Raises:
            MalformedError: a JSON request that is none.
        """
        asked = _stamp_request(data, self._limits) if is_json else None
        with self._parts.alone:
            last, now = self._last_time(), self._parts.now()
            number = issue.serial(self._parts.chance(20))
            made = (
                stamp.stamp(asked, self._stamps, now=now, last=last, serial=number)
                if asked is not None
                else stamp.respond(data, self._stamps, now=now, last=last, serial=number)
            )
            if made.time is not None and made.time != last:
                self._parts.memory.write({self._stamp_name: made.time.isoformat().encode()})
                self._last = made.time
        if made.refusal:
            is_clock = made.refusal.startswith("timeNotAvailable")
            return Answer(data=made.response, media_type=STAMP, status=503 if is_clock else 400)
        return Answer(data=made.response, media_type=STAMP, status=201)

    def timestamp_chain(self) -> Answer:
        """`GET /api/v1/timestamp/certchain`."""
        chain = self._parts.file.timestamps[-1].certificates
        return Answer(data=b"".join(pem(one) for one in chain), media_type=PEM)

    def cosign(self, data: bytes) -> Answer:
        """`POST /add-checkpoint`: the witness role, where it has been set up."""
        if self._parts.witness is None:
            raise Refusal(404, "this authority is no witness")
        status, body, media_type = self._parts.witness.add_checkpoint(data)
        return Answer(data=body, status=status, media_type=media_type)

    def test_issuer(self, path: str) -> Answer:
        """What the built-in issuer publishes: its discovery document and its keys.

        Raises:
            Refusal: 404, as everywhere where there is none.
        """
        own = self._parts.test_issuer
        issuer = f"{self._parts.file.url}/{mint.PATH}"
        makers = {"discovery": lambda spki: mint.discovery(issuer), "keys": mint.key_set}
        if own is None:
            raise Refusal(404, "there is no built-in issuer here")
        return Answer(data=makers[path](own.public_key()))

    def test_token(self, data: bytes) -> Answer:
        """A token of the built-in issuer: `{"email": …}` → `{"id_token": …}`.

        Raises:
            Refusal: 404, as everywhere where there is none.
            MalformedError: no mail address.
        """
        own = self._parts.test_issuer
        if own is None:
            raise Refusal(404, "there is no built-in issuer here")
        email = authority_requests.email(data, limits=self._limits)
        issuer = f"{self._parts.file.url}/{mint.PATH}"
        return Answer(data=msgspec.json.encode({"id_token": mint.token(own, issuer, email, self._parts.now())}))

    def health(self) -> Answer:
        """`GET /healthz`: the sizes of the newest logs.

        Raises:
            UnavailableError: a log cannot be read.
        """
        number = self._parts.file.ct_logs[-1].number
        newest = {
            "log": self._parts.logs[self._newest],
            "issuance": self._parts.issuance[f"{self._parts.file.name}-{number}"],
        }
        sizes = {kind: note.checkpoint(log.published().text, where=kind).size for kind, log in newest.items()}
        return Answer(data=msgspec.json.encode({"status": "ok", **sizes}))

    @property
    def netloc(self) -> str:
        """Host and port of its address."""
        return self._parts.file.url.partition("://")[2]

    @property
    def _stamp_name(self) -> str:
        return f"last-{self._parts.file.timestamps[-1].number}"

    def _last_time(self) -> datetime | None:
        if self._last is None:
            data = self._parts.memory.read(self._stamp_name, _TIME_BYTES)
            self._last = _time(data) if data is not None else None
        return self._last

    def _log(self, kind: str, name: str) -> Log:
        log = (self._parts.logs if kind == "log" else self._parts.issuance).get(name)
        if log is None:
            raise Refusal(404, "no such log")
        return log


def committed(log: Log, file: AuthorityFile, *, proofs: bool) -> Callable[[Sequence[bytes]], Sequence[Logged]]:
    """What a queue does with a batch for a log: publish it, and make each entry's answer."""
    spki = (file.logs if proofs else file.ct_logs)[-1].spki
    log_id = instances.log_id(log.origin, spki)

    def commit(bodies: Sequence[bytes]) -> Sequence[Logged]:
        done = log.append(bodies)
        if not proofs:
            return [Logged(placed, None) for placed in done.placed]
        text = note.write(done.checkpoint).decode()
        return [
            Logged(placed, _entry(placed.index, body, log_id, done.tree, done.head.root, text))
            for placed, body in zip(done.placed, bodies, strict=True)
        ]

    return commit


def _entry(index: int, body: bytes, log_id: bytes, tree: TileTree, root: bytes, checkpoint: str) -> LogEntry:
    kind, version = HASHEDREKORD_V2
    proof = InclusionProof(
        log_index=index, root_hash=root, tree_size=tree.size, hashes=tree.inclusion(index), checkpoint=checkpoint
    )
    return LogEntry(log_index=index, log_id=log_id, kind=kind, version=version, body=body, proof=proof)


def _stamp_request(data: bytes, limits: Limits) -> tsp.Request:
    asked = authority_requests.timestamp(data, limits=limits)
    return tsp.Request(
        hash_algorithm=asked.algorithm, imprint=asked.digest, nonce=asked.nonce, wants_certificate=asked.certificates
    )


def _time(data: bytes) -> datetime:
    try:
        return datetime.fromisoformat(data.decode("ascii"))
    except ValueError as error:
        raise UntrustedError(
            "the timestamp authority does not go on",
            why="what it remembers of its last timestamp cannot be read",
            remedy="bring back its newest copy, or rotate it",
            code="TIMESTAMP",
            step="stamp",
        ) from error
