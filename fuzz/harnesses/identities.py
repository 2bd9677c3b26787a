"""Certificates, timestamps and identity tokens: what strangers hand to a verifier or to an authority."""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.formats import cms, ct, der, jwt, tsp
from assay.formats.trustroot import CertificateAuthority, TrustedRoot, Validity
from assay.formats.tsp import Request
from assay.model.errors import UntrustedError
from assay.trust import certificate, chain, issue, keyring, stamp, timestamps, token
from assay.trust.token import Issuer

from .shape import Harness, answers

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
SIGNATURE = b"a signature"
ISSUER = Issuer(url="https://issuer.example", kind="email")


class Constant:
    """A signer over a constant key, the same signature for the same bytes."""

    def __init__(self, number: int) -> None:
        self._key = ec.derive_private_key(number, ec.SECP256R1())

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256."""
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class Authority(msgspec.Struct, frozen=True):
    """Certificates and what trusts them."""

    root: bytes
    intermediate: bytes
    leaf: bytes
    tsa: bytes
    roots: TrustedRoot
    token: bytes


@cache
def authority() -> Authority:
    """One authority of constant keys."""
    top, middle, log, client, tsa = map(Constant, range(2, 7))
    common = {"organization": "example", "start": START, "end": END}
    root = issue.root(top, common_name="root", serial=1, **common)
    intermediate = issue.intermediate(root, top, middle.public_key(), common_name="ca", serial=2, **common)
    dated = issue.timestamping(root, top, tsa.public_key(), common_name="tsa", serial=3, **common)
    subject = issue.Subject(
        identity="someone@example.org", identity_kind="email", issuer="https://issuer.example",
        extensions={"buildTrigger": "push"},
    )  # fmt: skip
    leaf = issue.issue(subject, client.public_key(), intermediate, log, middle, now=NOW, serial=4)
    asked = Request(
        hash_algorithm="sha256", imprint=hashlib.sha256(SIGNATURE).digest(), nonce=5, wants_certificate=True
    )
    answer = stamp.stamp(asked, stamp.Authority(certificate=dated, signer=tsa), now=NOW, last=None, serial=6)
    listed = CertificateAuthority(
        organization="", common_name="", uri="", certificates=(dated, root), valid_for=Validity("2026-01-01T00:00:00Z")
    )
    return Authority(root, intermediate, leaf, dated, TrustedRoot(timestamp_authorities=(listed,)), answer.response)


def check_der(data: bytes) -> None:
    """A value is the only spelling of what it says."""
    element = der.one(data, where="x")
    assert der.tlv(element.tag, element.value) == data
    readers = (
        (der.read_integer, der.integer), (der.read_oid, der.oid), (der.read_boolean, der.boolean),
        (der.read_utf8, der.utf8), (der.read_bits, der.bits), (der.read_time, der.time),
    )  # fmt: skip
    for read, write in readers:

        def again(_: bytes, read=read, write=write) -> None:  # type: ignore[no-untyped-def]
            value = read(element, where="x")
            assert read is der.read_time or write(value) == data

        answers(again, b"")
    answers(lambda _: der.children(element, where="x"), b"")


def check_list(data: bytes) -> None:
    """A list of certificate timestamps is written as it was read."""
    assert ct.write_list(ct.read_list(data, where="x")) == data


def check_certificate(data: bytes) -> None:
    """A certificate: its list cut out and put in again, its profile, its words; nobody's path."""
    answers(lambda _: _list_again(data), b"")
    parsed = chain.read(data, where="x")
    answers(lambda _: certificate._profile(parsed, "x"), b"")
    answers(lambda _: certificate._extensions(parsed, "x"), b"")
    try:
        certificate.check(data, (authority().intermediate,), (NOW,), TrustedRoot(), name="x")
    except UntrustedError:
        return
    raise AssertionError("believed by nobody's word")


def _list_again(data: bytes) -> None:
    tbs, value = ct.without_list(data, where="x")
    if value is not None:
        ct.with_list(tbs, ct.read_list(value, where="x"), where="x")


def check_request(data: bytes) -> None:
    """A timestamp request is read as it was written, and always answered."""
    answer = stamp.respond(
        data, stamp.Authority(certificate=authority().tsa, signer=Constant(6)), now=NOW, last=None, serial=7
    )
    tsp.read_response(answer.response, where="y")
    request = tsp.read_request(data, where="x")
    if request.hash_algorithm in cms.HASH_BYTES and not request.has_extensions:
        assert tsp.read_request(tsp.write_request(request), where="y") == request


def check_response(data: bytes) -> None:
    """No timestamp but the one that was made is believed."""
    found = timestamps.check([data], SIGNATURE, authority().roots.timestamp_authorities, name="x")
    assert not found.verified or data == authority().token


def check_jwt(data: bytes) -> None:
    """A token is taken apart and put together; none is believed."""
    text = data.decode("latin-1")
    parsed = jwt.read(text)
    encoded = base64.urlsafe_b64encode(parsed.signature).rstrip(b"=")
    assert parsed.signed + b"." + encoded == text.encode("ascii")
    key = jwt.JsonKey(key_id=parsed.key_id, algorithm="", spki=Constant(8).public_key())
    try:
        token.judge(text, [ISSUER], lambda *_: [key], NOW)
    except UntrustedError:
        return
    raise AssertionError("believed by nobody's word")


def check_claims(data: bytes) -> None:
    """Any claims of a listed issuer become an identity of its kind, or are refused."""
    head = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"x"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    parsed = jwt.read(f"{head}.{body}.AAAA")
    for kind in ("email", "github", "gitlab", "kubernetes", "spiffe", "uri", "username"):
        issuer = Issuer(
            url="https://issuer.example", kind=kind, domain="https://a.example" if kind == "uri" else "a.example"
        )

        def claims(_: bytes, issuer: Issuer = issuer) -> None:
            expires = token._time(parsed.claims, NOW)
            found = token._claims(parsed, issuer, expires).subject
            assert found.identity.isprintable()
            assert found.identity_kind == "username" or found.identity.isascii()

        answers(claims, b"")


def check_keys(data: bytes) -> None:
    """A set of keys; each is loaded, or said to be none. A discovery document."""
    answers(lambda _: jwt.read_discovery(data, where="x"), b"")
    for key in jwt.read_keys(data, where="x"):
        answers(lambda _, key=key: keyring.load(key.spki, where="y"), b"")  # type: ignore[misc]


def _certificates() -> Iterable[bytes]:
    made = authority()
    yield from (made.root, made.intermediate, made.leaf, made.tsa)


def _lists() -> Iterable[bytes]:
    yield ct.without_list(authority().leaf, where="x")[1] or b""


def _requests() -> Iterable[bytes]:
    for name, size in cms.HASH_BYTES.items():
        yield tsp.write_request(Request(hash_algorithm=name, imprint=bytes(size), nonce=1, wants_certificate=True))


def _responses() -> Iterable[bytes]:
    yield authority().token
    yield tsp.write_rejection("badAlg", "no")


def _claims() -> Iterable[bytes]:
    base = {"iss": "https://issuer.example", "aud": "sigstore", "sub": "s", "iat": 1793588645, "exp": 1793588945}
    yield json.dumps({**base, "email": "a@b.example", "email_verified": True}).encode()
    yield json.dumps({**base, "sub": "spiffe://a.example/x", "job_workflow_ref": "o/r/b.yml@main"}).encode()
    yield json.dumps({**base, "sub": "https://a.example/x", "ci_config_ref_uri": "g.example/p//c@main"}).encode()
    yield json.dumps({**base, "kubernetes.io": {"namespace": "n", "serviceaccount": {"name": "a"}}}).encode()


def _tokens() -> Iterable[bytes]:
    for claims in _claims():
        parts = (b'{"alg":"ES256","kid":"x"}', claims, bytes(64))
        yield b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def _keys() -> Iterable[bytes]:
    numbers = ec.derive_private_key(8, ec.SECP256R1()).public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (numbers.x, numbers.y))
    elliptic = {"kty": "EC", "kid": "a", "use": "sig", "alg": "ES256", "crv": "P-256", "x": x, "y": y}
    yield json.dumps({"keys": [elliptic, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "oct"}]}).encode()
    yield b'{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/keys"}'


HARNESSES = (
    Harness(name="der", check=check_der, doors=(der.one,), seeds=_certificates),
    Harness(name="certificate-timestamps", check=check_list, doors=(ct.read_list,), seeds=_lists),
    Harness(name="certificate", check=check_certificate, doors=(chain.read, certificate.check), seeds=_certificates),
    Harness(
        name="timestamp-request", check=check_request, doors=(tsp.read_request,), seeds=_requests, bytes_limit=1024
    ),
    Harness(
        name="timestamp", check=check_response, doors=(tsp.read_response, cms.read, timestamps.check), seeds=_responses,
    ),
    Harness(name="identity-token", check=check_jwt, doors=(jwt.read, token.judge), seeds=_tokens),
    Harness(name="identity-claims", check=check_claims, doors=(token._claims,), seeds=_claims, bytes_limit=2048),
    Harness(name="issuer-keys", check=check_keys, doors=(jwt.read_keys, jwt.read_discovery), seeds=_keys),
)  # fmt: skip
"""Rows of the table."""
