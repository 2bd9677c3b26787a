"""An installation of Sigstore in this process, on loopback: certificate authority, logs of both versions, timestamps.

Good: what the real services answer. Bad: `twist` sees each answer before it leaves and may make another of it.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from assay.formats import ct, note, rekor, signingconfig, strictjson, trustroot
from assay.formats.note import Checkpoint, Note
from assay.formats.rekor_api import pem
from assay.formats.signingconfig import Selection, Service, SigningConfig
from assay.formats.tiles import Tile
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot, Validity
from assay.trust import append, issue, merkle, notes, stamp
from logkeys import WITNESSES
from signing import MemorySigner

ISSUER = "https://issuer.example"
IDENTITY = "signer@example.com"
_BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
WINDOW = Validity(_BEGUN.strftime("%Y-%m-%dT%H:%M:%SZ"))


class Reply(msgspec.Struct):
    """What a service is about to answer."""

    path: str
    status: int
    body: bytes
    headers: dict[str, str] = {}


Twist = Callable[[Reply], None]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def token(identity: str = IDENTITY, *, lifetime: float = 600, issuer: str = ISSUER, **claims: object) -> str:
    """A JWT this installation takes; nobody checks its signature here."""
    now = int(datetime.now(UTC).timestamp())
    said = {"iss": issuer, "sub": "1", "aud": "sigstore", "email": identity, "email_verified": True,
            "iat": now, "exp": now + lifetime, **claims}  # fmt: skip
    parts = [json.dumps({"alg": "ES256"}).encode(), json.dumps(said).encode(), b"not looked at"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def p256() -> MemorySigner:
    return MemorySigner(ec.generate_private_key(ec.SECP256R1()))


def chance() -> int:
    return issue.serial(secrets.token_bytes(20))


class Tree:
    """A log's leaves, held in memory."""

    def __init__(self, signer: MemorySigner, origin: str) -> None:
        self.signer, self.origin, self.bodies = signer, origin, [append.genesis(origin)]
        self.cosigners: list[int] = []
        """Which of the tests' witnesses cosign."""

    def add(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies) - 1

    def node(self) -> merkle.Node:
        return merkle.nodes([merkle.leaf_hash(body) for body in self.bodies])

    def checkpoint(self, name: str = "") -> str:
        size = len(self.bodies)
        text = note.checkpoint_text(Checkpoint(self.origin, size, merkle.root(size, self.node())))
        lines = [self._line(text, name or self.origin)]
        now = int(datetime.now(UTC).timestamp())
        lines += [notes.sign(text, f"witness.example/{i}", WITNESSES[i], time=now) for i in self.cosigners]
        return note.write(Note(text, tuple(lines))).decode()

    def _line(self, text: str, name: str) -> note.NoteSignature:
        spki = self.signer.public_key()
        if isinstance(self.signer.key, ed25519.Ed25519PrivateKey):
            return notes.sign(text, name, self.signer)
        return note.NoteSignature(name, hashlib.sha256(spki).digest()[:4], self.signer.sign(text.encode()))

    def root(self) -> bytes:
        return merkle.root(len(self.bodies), self.node())

    def path(self, index: int) -> tuple[bytes, ...]:
        return merkle.inclusion(index, len(self.bodies), self.node())

    def tile(self, path: str) -> bytes | None:
        hashes = [merkle.leaf_hash(body) for body in self.bodies]
        return b"".join(hashes) if path == Tile(0, 0, len(hashes)).path else None


class Sigstore:
    """The installation; `url` is where it listens."""

    def __init__(self) -> None:
        self.url = ""
        self.twist: Twist = lambda reply: None
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        """Path, headers and body of each request."""
        end = _BEGUN + timedelta(days=3650)
        self._root_key, self.ca_key, self.ct_key = p256(), p256(), p256()
        names = {"organization": "example", "start": _BEGUN, "end": end}
        root = issue.root(self._root_key, common_name="root", serial=chance(), **names)
        self.ca = issue.intermediate(
            root, self._root_key, self.ca_key.public_key(), common_name="ca", serial=chance(), **names
        )
        tsa_root_key, self._tsa_key = p256(), p256()
        tsa_root = issue.root(tsa_root_key, common_name="tsa root", serial=chance(), below=0, **names)
        self._tsa = issue.timestamping(
            tsa_root, tsa_root_key, self._tsa_key.public_key(), common_name="tsa", serial=chance(), **names
        )
        self.roots_of = {"ca": (self.ca, root), "tsa": (self._tsa, tsa_root)}
        self.v2 = Tree(MemorySigner(ed25519.Ed25519PrivateKey.generate()), "")
        self.v1 = Tree(p256(), "log.example - 1234")
        self.known: dict[bytes, int] = {}

    def trusted_root(self) -> TrustedRoot:
        v1 = self.v1.signer.public_key()
        authorities = {
            name: (
                CertificateAuthority(
                    organization="example", common_name=name, uri=self.url, certificates=chain, valid_for=WINDOW
                ),
            )
            for name, chain in self.roots_of.items()
        }
        key = notes.key_of(self.v2.origin, self.v2.signer.public_key(), cosigner=False, where="x")
        return TrustedRoot(
            tlogs=(
                TransparencyLog(
                    base_url="https://log.example", hash_algorithm="SHA2_256", spki=v1,
                    key_details="PKIX_ECDSA_P256_SHA_256", valid_for=WINDOW, log_id=hashlib.sha256(v1).digest(),
                ),
                TransparencyLog(
                    base_url=f"{self.url}/log", hash_algorithm="SHA2_256", spki=self.v2.signer.public_key(),
                    key_details="PKIX_ED25519", valid_for=WINDOW,
                    log_id=note.key_id(self.v2.origin, note.ED25519, key.key),
                ),
            ),
            ctlogs=(
                TransparencyLog(
                    base_url=f"{self.url}/ct", hash_algorithm="SHA2_256", spki=self.ct_key.public_key(),
                    key_details="PKIX_ECDSA_P256_SHA_256", valid_for=WINDOW,
                    log_id=ct.log_id(self.ct_key.public_key()),
                ),
            ),
            certificate_authorities=authorities["ca"],
            timestamp_authorities=authorities["tsa"],
        )  # fmt: skip

    def config(self, version: int = 2, *, timestamps: bool = True) -> SigningConfig:
        def service(path: str, major: int = 1) -> tuple[Service, ...]:
            return (Service(url=f"{self.url}{path}", major_api_version=major, valid_for=WINDOW, operator="example"),)

        return SigningConfig(
            authorities=service(""),
            logs=service("/log" if version == 2 else "", version),
            log_selection=Selection("ANY"),
            timestamps=service("/api/v1/timestamp") if timestamps else (),
            timestamp_selection=Selection("ANY"),
        )

    def write(self, folder: Any, version: int = 2) -> list[str]:
        """Both files, as options of a command."""
        (folder / "root.json").write_bytes(trustroot.write(self.trusted_root()))
        (folder / "config.json").write_bytes(signingconfig.write(self.config(version)))
        return ["--trusted-root", str(folder / "root.json"), "--signing-config", str(folder / "config.json")]

    def certify(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST /api/v2/signingCert"""
        said = headers.get("authorization", "").removeprefix("Bearer ").split(".")
        claims = json.loads(base64.urlsafe_b64decode(said[1] + "=="))
        asked = json.loads(body)
        if "publicKeyRequest" in asked:
            key = load_pem_public_key(asked["publicKeyRequest"]["publicKey"]["content"].encode())
        else:
            request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
            assert request.is_signature_valid
            key = request.public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return self.reply_chain(self.leaf(spki, claims["email"], claims["iss"]))

    def leaf(self, spki: bytes, identity: str = IDENTITY, issuer: str = ISSUER) -> bytes:
        subject = issue.Subject(identity=identity, identity_kind="email", issuer=issuer)
        now = datetime.now(UTC).replace(microsecond=0)
        return issue.issue(subject, spki, self.ca, self.ct_key, self.ca_key, now=now, serial=chance())

    def reply_chain(self, leaf: bytes, name: str = "signedCertificateEmbeddedSct") -> Reply:
        chain = [pem(certificate).decode() for certificate in (leaf, *self.roots_of["ca"])]
        return Reply("", 200, json.dumps({name: {"chain": {"certificates": chain}}}).encode())

    def submit2(self, body: bytes) -> Reply:
        """POST /log/api/v2/log/entries"""
        asked = json.loads(body)["hashedRekordRequestV002"]
        verifier = asked["signature"]["verifier"]
        raw = {kind: base64.b64decode(verifier[kind]["rawBytes"]) for kind in verifier if kind != "keyDetails"}
        algorithm = {"A_384": "sha384", "A_512": "sha512"}.get(verifier["keyDetails"][-5:], "sha256")
        logged = rekor.hashedrekord_v2(
            algorithm=algorithm,
            digest=base64.b64decode(asked["digest"]),
            signature=base64.b64decode(asked["signature"]["content"]),
            key_details=verifier["keyDetails"],
            certificate=raw.get("x509Certificate", b""),
            spki=raw.get("publicKey", b""),
        )
        if logged in self.known:
            return Reply("", 409, b"{}", {"x-log-index": str(self.known[logged])})
        index = self.known[logged] = self.v2.add(logged)
        proof = {
            "logIndex": str(index),
            "rootHash": b64(self.v2.root()),
            "treeSize": str(len(self.v2.bodies)),
            "hashes": [b64(value) for value in self.v2.path(index)],
            "checkpoint": {"envelope": self.v2.checkpoint()},
        }
        answer = {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.trusted_root().tlogs[1].log_id)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": proof,
            "canonicalizedBody": b64(logged),
        }
        return Reply("", 201, json.dumps(answer).encode())

    def submit1(self, body: bytes) -> Reply:
        """POST /api/v1/log/entries"""
        asked = json.loads(body)
        if asked["kind"] == "dsse":
            proposed = asked["spec"]["proposedContent"]
            envelope = json.loads(proposed["envelope"])
            spec: dict[str, Any] = {
                "envelopeHash": _sha256(proposed["envelope"].encode()),
                "payloadHash": _sha256(base64.b64decode(envelope["payload"])),
                "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": proposed["verifiers"][0]}],
            }
        else:
            spec = asked["spec"]
        logged = strictjson.canonical({"apiVersion": "0.0.1", "kind": asked["kind"], "spec": spec})
        uuid = merkle.leaf_hash(logged).hex()
        if logged in self.known:
            return Reply("", 409, b"{}", {"Location": f"/api/v1/log/entries/{uuid}"})
        self.known[logged] = self.v1.add(logged)
        return Reply("", 201, self.entry1(uuid), {"ETag": uuid})  # clients find the entry by it

    def entry1(self, uuid: str) -> bytes:
        index = next(i for i, body in enumerate(self.v1.bodies) if merkle.leaf_hash(body).hex() == uuid)
        logged = self.v1.bodies[index]
        log_id, time = hashlib.sha256(self.v1.signer.public_key()).digest(), int(datetime.now(UTC).timestamp())
        promised = rekor.promised(logged, integrated_time=time, log_id=log_id, log_index=1000 + index)
        proof = {
            "checkpoint": self.v1.checkpoint("log.example"),
            "hashes": [value.hex() for value in self.v1.path(index)],
            "logIndex": index,
            "rootHash": self.v1.root().hex(),
            "treeSize": len(self.v1.bodies),
        }
        entry = {
            "body": b64(logged),
            "integratedTime": time,
            "logID": log_id.hex(),
            "logIndex": 1000 + index,
            "verification": {"inclusionProof": proof, "signedEntryTimestamp": b64(self.v1.signer.sign(promised))},
        }
        return json.dumps({uuid: entry}).encode()

    def stamp(self, body: bytes) -> Reply:
        """POST /api/v1/timestamp"""
        authority = stamp.Authority(certificate=self._tsa, signer=self._tsa_key)
        made = stamp.respond(body, authority, now=datetime.now(UTC), last=None, serial=chance())
        return Reply("", 201, made.response)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        doors = {
            "/api/v2/signingCert": lambda: self.certify(body, headers),
            "/log/api/v2/log/entries": lambda: self.submit2(body),
            "/api/v1/log/entries": lambda: self.submit1(body),
            "/api/v1/timestamp": lambda: self.stamp(body),
        }
        return doors[path]() if path in doors else Reply("", 404, b"")

    def get(self, path: str) -> Reply:
        if path.startswith("/api/v1/log/entries/"):
            return Reply("", 200, self.entry1(path.rpartition("/")[2]))
        name = path.removeprefix("/log/api/v2/")
        found = self.v2.checkpoint().encode() if name == "checkpoint" else self.v2.tile(name)
        return Reply("", 404, b"") if found is None else Reply("", 200, found)


@contextmanager
def sigstore(origin: str = "") -> Iterator[Sigstore]:
    """An installation that listens until the end; the log of version 2 is called `origin`, or by its address."""
    made = Sigstore()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.path, headers, body))
            self._answer(made.post(self.path, body, headers))

        def do_GET(self) -> None:
            made.asked.append((self.path, {}, b""))
            self._answer(made.get(self.path))

        def _answer(self, reply: Reply) -> None:
            reply.path = self.path
            made.twist(reply)
            self.send_response(reply.status)
            kind = "application/json" if reply.body[:1] == b"{" else "application/octet-stream"
            for name, value in {"Content-Type": kind, **reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a client that gave up
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    made.v2 = Tree(made.v2.signer, origin or f"127.0.0.1:{server.server_address[1]}/log")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _sha256(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}
