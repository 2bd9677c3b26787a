"""A whole world of trust for tests: CA, CT log, TSA and three transparency logs; bundles of every kind, good or twisted.

`make(...)` signs, logs and stamps; each step can be given other values, so that one lie at a time is told and everything
around it is honest. Nothing is random but the keys, made once per process; the clock stands at `NOW`.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import authorities
from assay.formats import bundle, dsse, note, rekor, strictjson, trustroot, tsp
from assay.formats.bundle import InclusionProof, LogEntry, MessageSignature
from assay.formats.note import Checkpoint, NoteSignature
from assay.formats.trustroot import TransparencyLog, TrustedRoot, Validity
from assay.model.digest import Digest
from assay.model.evidence import Evidence
from assay.model.statement import Envelope, Signature
from assay.trust import issue, keyring, merkle, stamp
from assay.trust.expect import Expected, Identity
from assay.trust.keyring import Keyring
from assay.trust.verify import Proof, verify, verify_artifact
from signing import MemorySigner, claim

NOW = authorities.NOW.replace(microsecond=0)
"""When everything happens: leaves are valid from here for ten minutes."""
LOGGED, STAMPED = NOW + timedelta(seconds=5), NOW + timedelta(seconds=6)
LATER = "2026-12-24T00:00:00Z"
"""When it is verified."""
ARTIFACT = b"an artifact\n"
TARGET = Digest.of(ARTIFACT)
WORLD = authorities.world()
OTHER_WORLD = authorities.world()


def _unlisted() -> tuple[bytes, stamp.Authority]:
    root, signer = authorities.p384(), authorities.p256()
    span: dict[str, Any] = {"organization": "other", "start": authorities.START, "end": authorities.END}
    top = issue.root(root, common_name="tsa root", serial=91, below=0, **span)
    made = issue.timestamping(top, root, signer.public_key(), common_name="tsa", serial=92, **span)
    return top, stamp.Authority(certificate=made, signer=signer)


UNLISTED_TSA_ROOT, UNLISTED_TSA = _unlisted()
"""A timestamp authority of another name, which the root does not list."""
IDENTITY = Identity(identity=authorities.SUBJECT.identity, issuer=authorities.ISSUER)
BY_IDENTITY = Expected(identities=(IDENTITY,))
MANAGED, STRANGER = authorities.p256(), authorities.p256()


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A transparency log with its key in memory."""

    origin: str
    base_url: str
    signer: MemorySigner
    key_details: str
    version: int

    @property
    def spki(self) -> bytes:
        return self.signer.public_key()

    @property
    def name(self) -> str:
        return self.origin.partition(" - ")[0]

    @property
    def key_id(self) -> bytes:
        """The whole one: version 2 binds name and Ed25519 key, all others hash the key."""
        if self.version == 2 and self.key_details == "PKIX_ED25519":
            return note.key_id(self.name, note.ED25519, self.spki[-32:])
        return hashlib.sha256(self.spki).digest()

    def listed(self, window: Validity = authorities.WINDOW, **changes: Any) -> TransparencyLog:
        row = TransparencyLog(
            base_url=self.base_url, hash_algorithm="SHA2_256", spki=self.spki, key_details=self.key_details,
            valid_for=window, log_id=self.key_id,
        )  # fmt: skip
        return msgspec.structs.replace(row, **changes)

    def line(self, text: str, **changes: Any) -> NoteSignature:
        row = NoteSignature(self.name, self.key_id[:4], self.signer.sign(text.encode()))
        return msgspec.structs.replace(row, **changes) if changes else row


_P256 = "PKIX_ECDSA_P256_SHA_256"
V2 = Log(
    origin="log-2026.example", base_url="https://log-2026.example", key_details="PKIX_ED25519", version=2,
    signer=MemorySigner(ed25519.Ed25519PrivateKey.generate()),
)  # fmt: skip
V2_ECDSA = Log(
    origin="p256.log.example", base_url="https://p256.log.example", key_details=_P256, version=2,
    signer=authorities.p256(),
)  # fmt: skip
V1 = Log(
    origin="rekor.example - 1193050959916656506", base_url="https://rekor.example", key_details=_P256, version=1,
    signer=authorities.p256(),
)  # fmt: skip
LOGS = (V1, V2, V2_ECDSA)


def roots(**changes: Any) -> TrustedRoot:
    """The world's trusted root."""
    root = msgspec.structs.replace(WORLD.roots(), tlogs=tuple(log.listed() for log in LOGS))
    return msgspec.structs.replace(root, **changes)


def ring(*signers: MemorySigner, **fields: str) -> Keyring:
    rows = (keyring.key(s.public_key(), name=f"key {i}") for i, s in enumerate(signers))
    return Keyring(tuple(msgspec.structs.replace(row, **fields) for row in rows))


BY_KEY = Expected(keys=ring(MANAGED))


def prove(body: bytes, log: Log, *, before: int = 5, after: int = 3, **changes: Any) -> InclusionProof:
    """A proof that the body stands in a tree with this many other leaves, under a checkpoint the log signs.

    Changes: `size`, `index`, `root`, `hashes` of the proof; `text` and `lines` of the checkpoint (a value, or a
    function of the honest one); `extensions` of the checkpoint.
    """
    leaves = [merkle.leaf_hash(b"before %d" % i) for i in range(before)]
    leaves += [merkle.leaf_hash(body), *(merkle.leaf_hash(b"after %d" % i) for i in range(after))]
    node = merkle.nodes(leaves)
    size, top = len(leaves), merkle.root(len(leaves), node)
    text = note.checkpoint_text(Checkpoint(log.origin, size, top, changes.get("extensions", ())))
    text = _changed(text, changes.get("text"))
    lines = _changed((log.line(text),), changes.get("lines"))
    return InclusionProof(
        log_index=changes.get("index", before),
        root_hash=changes.get("root", top),
        tree_size=changes.get("size", size),
        hashes=_changed(merkle.inclusion(before, size, node), changes.get("hashes")),
        checkpoint=f"{text}\n{note.lines(lines)}",
    )


def _changed(value: Any, change: Any) -> Any:
    return value if change is None else change(value) if callable(change) else change


def entry(body: bytes, log: Log, *, proof: InclusionProof | None, **changes: Any) -> LogEntry:
    """The entry of a body: with promise and time where the log is of version 1. `time` dates the promise."""
    value = strictjson.loads(body, where="body", limit=1 << 20)
    index = proof.log_index if proof else 0
    made = LogEntry(
        log_index=index if log.version == 2 else index + 4_000, log_id=log.key_id, kind=value["kind"],
        version=value["apiVersion"], body=body, proof=proof,
    )  # fmt: skip
    if log.version == 1:
        seconds = int(changes.pop("time", LOGGED).timestamp())
        message = rekor.promised(body, integrated_time=seconds, log_id=log.key_id, log_index=made.log_index)
        made = msgspec.structs.replace(made, integrated_time=seconds, promise=log.signer.sign(message))
    return msgspec.structs.replace(made, **changes)


def stamped(
    signature: bytes, *, at: datetime = STAMPED, authority: stamp.Authority | None = None, certificate: bool = True
) -> bytes:
    """A timestamp over a signature; without its certificate only where the asker does not want it."""
    asked = tsp.Request(
        hash_algorithm="sha256", imprint=hashlib.sha256(signature).digest(), wants_certificate=certificate
    )
    authority = authority or WORLD.authority()
    done = stamp.stamp(asked, authority, now=at, last=None, serial=authorities.number(int(at.timestamp())))
    assert not done.refusal
    return done.response


def v1_body(
    kind: str, content: Envelope | MessageSignature, signature: bytes, verifier: str, digest: str = TARGET.hex
) -> bytes:
    """The body a version 1 log writes; `digest` is of what was signed, for `hashedrekord`."""
    pem = bundle.base64text.encode(verifier.encode())
    sig = bundle.base64text.encode(signature)
    if kind == "hashedrekord":
        spec: dict[str, Any] = {
            "data": {"hash": {"algorithm": "sha256", "value": digest}},
            "signature": {"content": sig, "publicKey": {"content": pem}},
        }
    else:
        assert isinstance(content, Envelope)
        hashed = {"algorithm": "sha256", "value": hashlib.sha256(content.payload).hexdigest()}
        spec = {"envelopeHash": hashed, "payloadHash": hashed, "signatures": [{"signature": sig, "verifier": pem}]}
        if kind == "intoto":
            twice = bundle.base64text.encode(sig.encode())
            held = {"payloadType": content.payload_type, "signatures": [{"publicKey": pem, "sig": twice}]}
            spec = {"content": {"envelope": held, "hash": hashed, "payloadHash": hashed}}
    version = "0.0.2" if kind == "intoto" else "0.0.1"
    return strictjson.canonical({"apiVersion": version, "kind": kind, "spec": spec})


def pem(der: bytes, label: str) -> str:
    text = bundle.base64text.encode(der)
    rows = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{rows}\n-----END {label}-----\n"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Parts of a bundle, to be changed before they are written."""

    content: Envelope | MessageSignature
    certificate: bytes | None = None
    hint: str | None = None
    entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()

    @property
    def signature(self) -> bytes:
        return self.content.signatures[0].sig if isinstance(self.content, Envelope) else self.content.signature

    def data(self) -> bytes:
        return bundle.write(
            self.content, self.hint, certificate=self.certificate, entries=self.entries, timestamps=self.timestamps
        )

    def but(self, **changes: Any) -> "Made":
        return msgspec.structs.replace(self, **changes)


def make(
    *,
    by: str = "certificate",
    content: str = "statement",
    log: Log | None = V2,
    kind: str = "",
    signer: MemorySigner | None = None,
    own: MemorySigner | None = None,
    details: str = _P256,
    hash_name: str = "sha256",
    leaf: bytes | None = None,
    statement: bytes | None = None,
    payload_type: str = dsse.IN_TOTO,
    body: Callable[[bytes], bytes] | None = None,
    proof: dict[str, Any] | None = None,
    logged: dict[str, Any] | None = None,
    stamps: bool | None = None,
    stamp_at: datetime = STAMPED,
) -> Made:
    """A bundle as honest services would have it, but for what is given.

    Args:
        by: `certificate` or `key`.
        content: `statement` or `artifact`.
        log: where it is logged; None for nowhere.
        kind: of a version 1 entry: `hashedrekord`, `dsse` (the usual ones), `intoto`.
        signer: who signs, if not whom certificate or hint name.
        own: another key of the certificate's or the hint's.
        details: how a version 2 log calls that key.
        hash_name: the hash it signs with.
        leaf: another certificate.
        statement: another payload.
        payload_type: of the envelope.
        body: change of the entry's body.
        proof: changes for `prove`.
        logged: changes for `entry`.
        stamps: whether a TSA is asked; by default for version 2 logs and certificates without a log.
        stamp_at: its clock.
    """
    own = own or (WORLD.client if by == "certificate" else MANAGED)
    key = signer or own
    signed: Envelope | MessageSignature
    if content == "statement":
        payload = statement if statement is not None else claim(TARGET).payload
        message = dsse.pae(payload_type, payload)
        signature = key.sign(message)
        signed = Envelope(payload_type=payload_type, payload=payload, signatures=(Signature(signature),))
    else:
        message, signature = ARTIFACT, key.sign(ARTIFACT)
        signed = MessageSignature(signature=signature, algorithm="sha256", digest=bytes.fromhex(TARGET.hex))
    certificate = None
    if by == "certificate":
        certificate = leaf or WORLD.leaf(now=NOW, spki=own.public_key())
    entries: tuple[LogEntry, ...] = ()
    if log is not None:
        if log.version == 2:
            written = rekor.hashedrekord_v2(
                algorithm=hash_name, digest=hashlib.new(hash_name, message).digest(), signature=signature,
                key_details=details,
                certificate=certificate or b"", spki=own.public_key(),
            )  # fmt: skip
        else:
            shown = pem(certificate, "CERTIFICATE") if certificate else pem(own.public_key(), "PUBLIC KEY")
            usual = "dsse" if content == "statement" else "hashedrekord"
            written = v1_body(kind or usual, signed, signature, shown, hashlib.sha256(message).hexdigest())
        written = _changed(written, body)
        fields = {"proof": prove(written, log, **(proof or {})), **(logged or {})}
        entries = (entry(written, log, **fields),)
    wanted = stamps if stamps is not None else (log is None or log.version == 2) and by == "certificate"
    wanted = wanted or (stamps is None and log is not None and log.version == 2)
    return Made(
        content=signed,
        certificate=certificate,
        hint=None if certificate else keyring.key_id(own.public_key()),
        entries=entries,
        timestamps=(stamped(signature, at=stamp_at),) if wanted else (),
    )


def check(
    data: bytes | Made, expected: Expected = BY_IDENTITY, root: TrustedRoot | None = None, target: Any = TARGET
) -> Evidence | Proof:
    """Verify a bundle of either content at `LATER`, under the world's root unless another is given."""
    data = data.data() if isinstance(data, Made) else data
    door = verify_artifact if b'"messageSignature"' in data else verify
    return door(data, target, root or roots(), expected, LATER, name="bundle")


def subject(identity: str, kind: str = "email", **extensions: str) -> issue.Subject:
    return issue.Subject(identity=identity, identity_kind=kind, issuer=authorities.ISSUER, extensions=extensions)  # type: ignore[arg-type]


def again(root: TrustedRoot) -> TrustedRoot:
    """The root as a file would give it back."""
    return trustroot.read(trustroot.write(root), where="root")


def leaf_p384() -> MemorySigner:
    return MemorySigner(ec.generate_private_key(ec.SECP384R1()))
