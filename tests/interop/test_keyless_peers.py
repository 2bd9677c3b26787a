"""Keyless signing both ways with real peers: cosign verifies and signs, rekor-tiles logs, Fulcio certifies."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.adapters.ambient import GivenToken
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import KeylessMaker
from assay.flows.loggedkey import LoggedKeyMaker
from assay.flows.publishing import Instance
from assay.formats import bundle as bundles
from assay.formats import ct, der, note, rekor, rekor_api
from assay.formats.rekor_api import Signed
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.trust.expect import Expected, Identity
from assay.trust.verify import verify, verify_artifact
from fakes.sigstore import IDENTITY, ISSUER, WINDOW, Sigstore, sigstore, token
from gotools import FULCIO, REKOR, go_tool
from signing import NOW, OTHER, SIGNERS, claim

COSIGN = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
needs_cosign = pytest.mark.skipif(COSIGN is None, reason="no cosign on this machine (PATH or ASSAY_COSIGN)")
pytestmark = pytest.mark.interop
BLOB = b"an artifact\n"
TARGET = Digest.of(BLOB)
WHO = Expected(identities=(Identity(identity=IDENTITY, issuer=ISSUER),))
_PATIENCE_SECONDS = 30


def maker(roots: TrustedRoot, config, jwt: str = "") -> KeylessMaker:
    return KeylessMaker(
        Instance(config=config, roots=roots), SigstoreServices(Http()), GivenToken(jwt or token()), WallClock()
    )


def cosign(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "COSIGN_PASSWORD": ""}
    return subprocess.run([str(COSIGN), *words], cwd=folder, env=environment, capture_output=True, timeout=60)


def check(folder: Path, command: str, *words: str, identity: str = IDENTITY) -> subprocess.CompletedProcess[bytes]:
    whom = ("--certificate-identity", identity, "--certificate-oidc-issuer", ISSUER)
    return cosign(folder, command, "--trusted-root", "root.json", *whom, "--use-signed-timestamps", *words, "blob")


@pytest.fixture
def place() -> Iterator[Sigstore]:
    # cosign 3 (sigstore-go 1.2) takes the bare host name of `baseUrl` for the origin of a version 2 log.
    with sigstore(origin="127.0.0.1") as running:
        yield running


@needs_cosign
@pytest.mark.parametrize("version", [1, 2])
def test_cosign_verifies_ours(place, tmp_path, version):
    (tmp_path / "blob").write_bytes(BLOB)
    place.write(tmp_path, version)
    who = maker(place.trusted_root(), place.config(version))
    (tmp_path / "blob.json").write_bytes(who.artifact(TARGET))
    (tmp_path / "claim.json").write_bytes(who.bundle(claim(TARGET), TARGET))
    blob, statement = ("--bundle", "blob.json"), ("--bundle", "claim.json", "--type", "urn:test:1")
    good = check(tmp_path, "verify-blob", *blob)
    assert good.returncode == 0, good.stderr
    good = check(tmp_path, "verify-blob-attestation", *statement)
    assert good.returncode == 0, good.stderr
    assert check(tmp_path, "verify-blob", *blob, identity="other@example.com").returncode != 0
    (tmp_path / "blob").write_bytes(b"another\n")
    assert check(tmp_path, "verify-blob", *blob).returncode != 0
    assert check(tmp_path, "verify-blob-attestation", *statement).returncode != 0


@needs_cosign
@pytest.mark.parametrize("version", [1, 2])
def test_we_verify_what_cosign_signs(place, tmp_path, version):
    (tmp_path / "blob").write_bytes(BLOB)
    place.write(tmp_path, version)
    (tmp_path / "token").write_text(token())  # cosign takes a token by itself only where it is signed with RS256
    services = ("--signing-config", "config.json", "--trusted-root", "root.json", "--identity-token", "token")
    done = cosign(tmp_path, "sign-blob", *services, "--bundle", "theirs.json", "--yes", "blob")
    assert done.returncode == 0, done.stderr
    proof = verify_artifact(
        (tmp_path / "theirs.json").read_bytes(), TARGET, place.trusted_root(), WHO, NOW, name="theirs"
    )
    assert proof.signer.identity == IDENTITY


@needs_cosign
@pytest.mark.parametrize("version", [1, 2])
def test_we_ask_a_log_what_cosign_asks_it(place, tmp_path, version):
    """There is no small version 1 server to try: so its requests are compared with cosign's, name by name."""
    (tmp_path / "blob").write_bytes(BLOB)
    (tmp_path / "predicate.json").write_text('{"a":1}')
    (tmp_path / "token").write_text(token())
    place.write(tmp_path, version)
    services = ("--signing-config", "config.json", "--trusted-root", "root.json", "--identity-token", "token", "--yes")
    statement = ("--predicate", "predicate.json", "--type", "urn:test:1")
    for words in (("sign-blob", *services), ("attest-blob", *services, *statement)):
        done = cosign(tmp_path, *words, "--bundle", f"{words[0]}.json", "blob")
        assert done.returncode == 0, done.stderr
    who = maker(place.trusted_root(), place.config(version))
    who.artifact(TARGET)
    who.bundle(claim(TARGET), TARGET)
    theirs, stated, ours, ours_stated = (shape(body) for path, _, body in place.asked if path.endswith("/log/entries"))
    assert theirs == ours
    assert stated == ours_stated
    evidence = verify(
        (tmp_path / "attest-blob.json").read_bytes(), TARGET, place.trusted_root(), WHO, NOW, name="theirs"
    )
    assert evidence.statement.predicate == {"a": 1}


def shape(data: bytes) -> object:
    """A JSON value with its names, and its short texts; longer ones are signatures and digests."""

    def of(value: object) -> object:
        if isinstance(value, dict):
            return {name: of(child) for name, child in value.items() if child is not None}
        if isinstance(value, list):
            return [of(child) for child in value]
        return value if len(str(value)) < 30 else _inside(str(value))

    return of(json.loads(data))


def _inside(text: str) -> object:
    """An envelope travels as text: what it holds counts, not how it is spaced; a certificate as PEM in base64."""
    if text.startswith("{"):
        return sorted(json.loads(text))
    try:
        return "PEM" if base64.b64decode(text).startswith(b"-----BEGIN CERTIFICATE-----\n") else "text"
    except ValueError:
        return "text"


@needs_cosign
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])  # cosign 3.1.3 takes SHA-256 for keys of every size
def test_cosign_verifies_a_logged_key(place, tmp_path, version, kind):
    (tmp_path / "blob").write_bytes(BLOB)
    place.write(tmp_path, version)
    instance = Instance(config=place.config(version), roots=place.trusted_root())
    made = LoggedKeyMaker(SIGNERS[kind], instance, SigstoreServices(Http()), WallClock()).bundle(claim(TARGET), TARGET)
    (tmp_path / "claim.json").write_bytes(made)
    (tmp_path / "key.pub").write_bytes(rekor_api.pem(SIGNERS[kind].public_key(), "PUBLIC KEY"))
    (tmp_path / "other.pub").write_bytes(rekor_api.pem(OTHER.public_key(), "PUBLIC KEY"))
    words = ["--bundle", "claim.json", "--trusted-root", "root.json", "--type", "urn:test:1", "--use-signed-timestamps"]
    good = cosign(tmp_path, "verify-blob-attestation", "--key", "key.pub", *words, "blob")
    assert good.returncode == 0, good.stderr
    assert cosign(tmp_path, "verify-blob-attestation", "--key", "other.pub", *words, "blob").returncode != 0


# --- rekor-tiles ------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def process(words: list[str], folder: Path, url: str) -> Iterator[None]:
    """Run a server until the end; it listens once `url` answers anything."""
    with (folder / "server.log").open("wb") as log:
        running = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not _answers(url):
            if running.poll() is not None or time.monotonic() > end:
                pytest.fail(f"{words[0]} does not start: {(folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        running.kill()
        running.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def handler(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server in this process; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


@contextmanager
def front(writer: str, storage: Path) -> Iterator[str]:
    """One address for a log: writes go to the server, reads come from its folder, as a site's proxy would do it."""

    class Front(Quiet):
        def do_POST(self) -> None:
            request = urllib.request.Request(writer + self.path, self.body(), {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=40) as answer:
                    self.answer(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, error.read(), x_log_index=error.headers.get("x-log-index", ""))

        def do_GET(self) -> None:
            path = storage / self.path.removeprefix("/api/v2/")
            self.answer(200, path.read_bytes()) if path.is_file() else self.answer(404, b"")

    with handler(Front) as url:
        yield url


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_rekor_tiles_logs_what_we_sign(tmp_path, kind):
    program = go_tool(*REKOR)
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    port, storage = free_port(), tmp_path / "log"
    storage.mkdir()
    words = [
        str(program), "serve", "--hostname", "127.0.0.1", "--signer-filepath", str(tmp_path / "key.pem"),
        "--storage-dir", str(storage), "--http-port", str(port), "--grpc-port", str(free_port()),
        "--http-metrics-port", str(free_port()), "--checkpoint-interval", "100ms", "--persistent-antispam",
    ]  # fmt: skip
    with (
        sigstore() as place,
        process(words, tmp_path, f"http://127.0.0.1:{port}/healthz"),
        front(f"http://127.0.0.1:{port}", storage) as url,
    ):
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        raw = spki[-32:] if kind == "ed25519" else b""
        full = note.key_id("127.0.0.1", note.ED25519, raw) if raw else hashlib.sha256(spki).digest()
        log = TransparencyLog(
            base_url="https://127.0.0.1", hash_algorithm="SHA2_256", spki=spki, valid_for=WINDOW, log_id=full,
            key_details="PKIX_ED25519" if raw else "PKIX_ECDSA_P256_SHA_256",
        )  # fmt: skip
        here = msgspec.structs.replace(log, base_url=url)
        roots = msgspec.structs.replace(place.trusted_root(), tlogs=(log, here))
        config = place.config()
        config = msgspec.structs.replace(config, logs=(msgspec.structs.replace(config.logs[0], url=url),))
        who = maker(roots, config)
        made = who.artifact(TARGET)
        verify_artifact(made, TARGET, roots, WHO, NOW, name="b")
        stated = who.bundle(claim(TARGET), TARGET)
        assert verify(stated, TARGET, roots, WHO, NOW, name="b").log
        # The same entry again: the log says 409 and where it lies, and the proof made from its tiles verifies too.
        read = bundles.read(made, where="b")
        entry = rekor.read(read.entries[0].body, where="b")
        request = rekor_api.request(
            2, Signed(digest=entry.digest, signature=entry.signature, certificate=entry.certificate)
        )
        again = SigstoreServices(Http()).log(url, 2).submit(request)
        assert again.index == read.entries[0].log_index
        from assay.flows.logproof import proven

        proof = proven(SigstoreServices(Http()).log(url, 2), again.index, read.entries[0].body, roots, where=url)
        remade = bundles.write(read.message, certificate=read.certificate, entries=(proof,), timestamps=read.timestamps)
        verify_artifact(remade, TARGET, roots, WHO, NOW, name="b")


# --- Fulcio -----------------------------------------------------------------------------------------------------


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Issuer:
    """An OIDC issuer with one ES256 key, and a certificate transparency log beside it."""

    def __init__(self) -> None:
        self.key, self.log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.url, self.forges = "", False

    def token(self) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.url, "sub": "1", "aud": "sigstore", "email": IDENTITY, "email_verified": True,
                  "iat": now, "exp": now + 300}  # fmt: skip
        head = {"alg": "ES256", "kid": "1", "typ": "JWT"}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def documents(self) -> dict[str, object]:
        numbers = self.key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
               "x": encoded(numbers.x.to_bytes(32, "big")), "y": encoded(numbers.y.to_bytes(32, "big"))}  # fmt: skip
        discovery = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", "authorization_endpoint": f"{self.url}/a",
                     "token_endpoint": f"{self.url}/t", "response_types_supported": ["code"],
                     "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}  # fmt: skip
        return {"/.well-known/openid-configuration": discovery, "/keys": {"keys": [jwk]}}

    def spki(self) -> bytes:
        return self.log.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def promise(self, chain: list[str]) -> dict[str, object]:
        """RFC 6962 §4.2, add-pre-chain."""
        precertificate, issuer = (base64.b64decode(text) for text in chain[:2])
        above = x509.load_der_x509_certificate(issuer).public_key()
        spki = above.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        now = int(datetime.now(UTC).timestamp() * 1000)
        signed = ct.signed_bytes(spki, without_poison(precertificate), timestamp_ms=now + self.forges)
        signature = self.log.sign(signed, ec.ECDSA(hashes.SHA256()))
        vector = b"\x04\x03" + len(signature).to_bytes(2, "big") + signature
        return {
            "sct_version": 0, "timestamp": now, "extensions": "",
            "id": base64.b64encode(ct.log_id(self.spki())).decode(), "signature": base64.b64encode(vector).decode(),
        }  # fmt: skip


def without_poison(precertificate: bytes) -> bytes:
    """A TBSCertificate without the critical poison extension (RFC 6962 §3.1)."""
    tbs = der.open_(der.one(precertificate, where="x"), where="x").take()
    *fields, extensions = der.children(tbs, where="x")
    kept = [
        extension.raw
        for extension in der.children(der.one(extensions.value, where="x"), where="x")
        if der.read_oid(der.children(extension, where="x")[0], where="x") != "1.3.6.1.4.1.11129.2.4.3"
    ]
    return der.sequence(*(field.raw for field in fields), der.tlv(0xA3, der.sequence(*kept)))


@contextmanager
def issuer() -> Iterator[Issuer]:
    made = Issuer()

    class Handler(Quiet):
        def do_GET(self) -> None:
            found = made.documents().get(self.path)
            self.answer(404 if found is None else 200, json.dumps(found).encode(), Content_Type="application/json")

        def do_POST(self) -> None:
            promise = made.promise(json.loads(self.body())["chain"])
            self.answer(200, json.dumps(promise).encode(), Content_Type="application/json")

    with handler(Handler) as url:
        made.url = url
        yield made


@contextmanager
def fulcio(folder: Path, place: Sigstore, oidc: Issuer, *words: str) -> Iterator[str]:
    """Over the installation's own intermediate: the throw-away one it can make has a name outside RFC 5280."""
    program, port = go_tool(*FULCIO), free_port()
    (folder / "ca.pem").write_bytes(b"".join(rekor_api.pem(certificate) for certificate in place.roots_of["ca"]))
    (folder / "ca.key").write_bytes(
        place.ca_key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    issuers = {oidc.url: {"IssuerURL": oidc.url, "ClientID": "sigstore", "Type": "email"}}
    (folder / "fulcio.json").write_text(json.dumps({"OIDCIssuers": issuers}))
    command = [
        str(program), "serve", "--ca", "fileca", "--fileca-watch=false",
        "--fileca-cert", str(folder / "ca.pem"), "--fileca-key", str(folder / "ca.key"), "--fileca-key-passwd", "secret",
        "--config-path", str(folder / "fulcio.json"), "--host",
        "127.0.0.1", "--port", str(port), "--grpc-host", "127.0.0.1", "--grpc-port", str(free_port()),
        "--metrics-port", str(free_port()), "--legacy-unix-domain-socket", str(folder / "legacy"), *words,
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with process(command, folder, f"{url}/healthz"):
        yield url


def certified_by(url: str, place: Sigstore, oidc: Issuer) -> tuple[TrustedRoot, object]:
    """Root and config of an installation whose authority is the one at `url`."""
    with urllib.request.urlopen(f"{url}/api/v2/trustBundle", timeout=10) as answer:
        (chain,) = json.loads(answer.read())["chains"]
    certificates = tuple(
        x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER) for text in chain["certificates"]
    )
    authority = CertificateAuthority(
        organization="", common_name="", uri=url, certificates=certificates, valid_for=WINDOW
    )
    log = TransparencyLog(
        base_url=oidc.url, hash_algorithm="SHA2_256", spki=oidc.spki(), valid_for=WINDOW,
        log_id=ct.log_id(oidc.spki()), key_details="PKIX_ECDSA_P256_SHA_256",
    )  # fmt: skip
    roots = msgspec.structs.replace(place.trusted_root(), certificate_authorities=(authority,), ctlogs=(log,))
    config = place.config()
    return roots, msgspec.structs.replace(
        config, authorities=(msgspec.structs.replace(config.authorities[0], url=url),)
    )


def test_fulcio_certifies_us(tmp_path):
    with sigstore() as place, issuer() as oidc, fulcio(tmp_path, place, oidc, "--ct-log-url", oidc.url) as url:
        roots, config = certified_by(url, place, oidc)
        who = Expected(identities=(Identity(identity=IDENTITY, issuer=oidc.url),))
        made = maker(roots, config, oidc.token()).bundle(claim(TARGET), TARGET)
        assert verify(made, TARGET, roots, who, NOW, name="b").signer.issuer == oidc.url
        with pytest.raises(UntrustedError) as caught:
            maker(roots, config, token(issuer=oidc.url)).bundle(claim(TARGET), TARGET)
        assert caught.value.code in {"TOKEN", "SERVICE_REFUSED"}
        oidc.forges = True
        with pytest.raises(AssayError):
            maker(roots, config, oidc.token()).bundle(claim(TARGET), TARGET)


def test_a_fulcio_without_a_certificate_log_is_refused(tmp_path):
    with sigstore() as place, issuer() as oidc, fulcio(tmp_path, place, oidc, "--ct-log-url", "") as url:
        roots, config = certified_by(url, place, oidc)
        with pytest.raises(UntrustedError) as caught:
            maker(roots, config, oidc.token()).bundle(claim(TARGET), TARGET)
        assert caught.value.code == "SCT"
