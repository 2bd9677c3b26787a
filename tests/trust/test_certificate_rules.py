"""Every rule about signing certificates, broken one at a time, and what must pass all the same."""

import warnings
from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from assay.formats import certificates as writing
from assay.formats import ct, der
from assay.formats.ct import CertificateTimestamp
from assay.formats.trustroot import Validity
from assay.model.errors import UntrustedError
from assay.trust import certificate, chain, issue
from authorities import END, ISSUER, NOW, START, number, p256, p384, world
from oidc import rsa_key
from signing import MemorySigner

WORLD = world()
ROOTS = WORLD.roots()
TIMES = (NOW,)
EMAIL = x509.RFC822Name("someone@example.org")
NO_USAGE = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
     "encipher_only", "decipher_only"), False,
)  # fmt: skip
SIGNING_USAGE = x509.KeyUsage(digital_signature=True, **NO_USAGE)
ARC = "1.3.6.1.4.1.57264.1."


def name(*texts: str) -> x509.Name:
    kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in zip(kinds, texts, strict=False)])


NOBODY = name()


def words(issuer: str | None = ISSUER, old: str | None = ISSUER, **more: bytes) -> list[x509.UnrecognizedExtension]:
    found = {
        "8": der.utf8(issuer) if issuer is not None else None,
        "1": old.encode() if old is not None else None,
        **more,
    }
    return [
        x509.UnrecognizedExtension(ObjectIdentifier(ARC + n), value) for n, value in found.items() if value is not None
    ]


def built(
    *,
    signer: MemorySigner,
    issuer: bytes,
    spki: bytes,
    subject: x509.Name = NOBODY,
    start: datetime = NOW - timedelta(minutes=5),
    end: datetime = NOW + timedelta(minutes=5),
    serial: int = 99,
    usage: x509.KeyUsage | None = SIGNING_USAGE,
    purposes: list[ObjectIdentifier] | None = None,
    sans: list[x509.GeneralName] | None = None,
    basic: x509.BasicConstraints | None = None,
    extensions: list[x509.ExtensionType] | None = None,
    critical: list[x509.ExtensionType] = [],  # noqa: B006
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A certificate with whatever it is given, by the library's own builder."""
    above = x509.load_der_x509_certificate(issuer)
    purposes = [ExtendedKeyUsageOID.CODE_SIGNING] if purposes is None else purposes
    sans = [EMAIL] if sans is None else sans
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(above.subject).serial_number(serial)
        .not_valid_before(start).not_valid_after(end).public_key(serialization.load_der_public_key(spki))
    )  # fmt: skip
    parts = [
        (usage, True), (x509.ExtendedKeyUsage(purposes) if purposes else None, False), (basic, True),
        (x509.SubjectAlternativeName(sans) if sans else None, True),
        *((one, False) for one in (words() if extensions is None else extensions)), *((one, True) for one in critical),
    ]  # fmt: skip
    for part, is_critical in parts:
        if part is not None:
            builder = builder.add_extension(part, is_critical)
    return builder.sign(signer.key, algorithm or signer.algorithm).public_bytes(Encoding.DER)


def logged(
    data: bytes,
    *,
    signer: MemorySigner = WORLD.ca_signer,
    issuer: bytes = WORLD.ca,
    log: MemorySigner = WORLD.ct_signer,
    at: datetime = NOW,
    extensions: bytes = b"",
    copies: int = 1,
    strangers: int = 0,
    **changes: object,
) -> bytes:
    """The certificate again, with timestamps by the log (and by strangers before it)."""
    tbs, _ = ct.without_list(data, where="x")
    spki = issue.chain.spki(x509.load_der_x509_certificate(issuer))
    made = []
    for one in [p256() for _ in range(strangers)] + [log] * copies:
        ms = int(at.timestamp() * 1000)
        message = ct.signed_bytes(spki, tbs, timestamp_ms=ms, extensions=extensions)
        timestamp = CertificateTimestamp(
            log_id=ct.log_id(one.public_key()), timestamp_ms=ms, extensions=extensions, signature=one.sign(message)
        )
        made.append(msgspec.structs.replace(timestamp, **changes) if one is log else timestamp)
    tbs = ct.with_list(tbs, tuple(made), where="x")
    parsed = x509.load_der_x509_certificate(data)
    return writing.signed(tbs, parsed.signature_algorithm_oid.dotted_string, signer.sign(tbs))


def leaf(**changes) -> bytes:
    """A good leaf but for the changes, logged."""
    chosen = {"signer": WORLD.ca_signer, "issuer": WORLD.ca, "spki": WORLD.client.public_key(), **changes}
    return logged(built(**chosen), signer=chosen["signer"], issuer=chosen["issuer"])


def check(data: bytes, *, roots=ROOTS, times=TIMES, others=()):
    return certificate.check(data, others, times, roots, name="here")


def code(data: bytes, **arguments) -> str:
    with pytest.raises(UntrustedError) as caught:
        check(data, **arguments)
    assert caught.value.where == "here"
    assert caught.value.why
    assert caught.value.step
    return caught.value.code


def test_the_library_builds_what_we_accept():
    found = check(leaf())
    assert (found.identity, found.identity_kind, found.issuer) == ("someone@example.org", "email", ISSUER)
    assert found.spki == WORLD.client.public_key()


@pytest.mark.parametrize(
    ("san", "kind", "identity"),
    [
        (
            x509.UniformResourceIdentifier("https://ci.example/a@refs/heads/main"),
            "uri",
            "https://ci.example/a@refs/heads/main",
        ),
        (x509.OtherName(ObjectIdentifier(ARC + "7"), der.utf8("jané!example.org")), "username", "jané!example.org"),
    ],
)
def test_kinds_of_identities(san, kind, identity):
    found = check(leaf(sans=[san]))
    assert (found.identity_kind, found.identity) == (kind, identity)


PROFILE = {
    "a certificate authority": {"basic": x509.BasicConstraints(ca=True, path_length=None)},
    "no key usage": {"usage": None},
    "another key usage": {"usage": x509.KeyUsage(digital_signature=False, **{**NO_USAGE, "content_commitment": True})},
    "may sign certificates": {"usage": x509.KeyUsage(digital_signature=True, **{**NO_USAGE, "key_cert_sign": True})},
    "no purpose": {"purposes": []},
    "another purpose": {"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]},
    "two purposes": {"purposes": [ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING]},
    "any purpose": {"purposes": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]},
    "no name": {"sans": []},
    "two names": {"sans": [EMAIL, x509.RFC822Name("other@example.org")]},
    "the same name twice": {"sans": [EMAIL, EMAIL]},
    "a host name": {"sans": [x509.DNSName("example.org")]},
    "an empty name": {"sans": [x509.UniformResourceIdentifier("")]},
    "another kind of other name": {"sans": [x509.OtherName(ObjectIdentifier("1.2.3"), der.utf8("x"))]},
    "a user name that is no text": {"sans": [x509.OtherName(ObjectIdentifier(ARC + "7"), der.octets(b"x"))]},
    "an unknown critical extension": {"critical": [x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"")]},
    "a word that is no text": {"extensions": words(**{"9": der.octets(b"x")})},
    "a word with bytes after it": {"extensions": words(**{"12": der.utf8("x") + b"\0"})},
    "a raw word outside UTF-8": {"extensions": words(**{"2": b"\xff"})},
}  # fmt: skip


@pytest.mark.parametrize("case", PROFILE)
def test_the_profile_of_a_leaf(case):
    assert code(leaf(**PROFILE[case])) == "CERT_PROFILE"


@pytest.mark.parametrize(
    ("extensions", "issuer"),
    [(words(old=None), ISSUER), (words(issuer=None), ISSUER), (words("https://a.example", "https://b.example"), None),
     (words(None, None), None), (words("", ""), None), (words(ISSUER + "/", ISSUER), None)],
)  # fmt: skip
def test_the_issuer_comes_in_two_spellings(extensions, issuer):
    if issuer is None:
        assert code(leaf(extensions=extensions)) == "ISSUER"
    else:
        assert check(leaf(extensions=extensions)).issuer == issuer


def test_every_extension_has_a_name():
    assert sorted(certificate.NAMES) == list(range(1, 25))
    texts = {
        n: der.utf8(f"word {n}") if n > 6 else f"word {n}".encode() for n in certificate.NAMES if n not in (1, 7, 8)
    }
    found = check(leaf(extensions=words(**{str(n): value for n, value in texts.items()}))).extensions
    assert {certificate.NAMES[n]: f"word {n}" for n in texts}.items() <= found.items()
    later = check(leaf(extensions=words(**{"25": der.utf8("text"), "26": b"\xff\x00"}))).extensions
    assert (later[ARC + "25"], later[ARC + "26"]) == ("text", "ff00")


def test_times():
    assert check(leaf(), times=(NOW - timedelta(minutes=5) + timedelta(seconds=1), NOW))
    assert code(leaf(), times=()) == "TIME_MISSING"
    assert code(leaf(), times=(NOW, NOW + timedelta(minutes=6))) == "CERT_WINDOW"
    assert code(leaf(), times=(NOW - timedelta(days=300),)) == "CERT_WINDOW"


@pytest.mark.parametrize(("moved", "holds"), [(-1, False), (0, True), (600, True), (600.000001, False)])
def test_the_window_of_the_leaf_is_closed(moved, holds):
    first = NOW.replace(microsecond=0)
    data, times = WORLD.leaf(now=first), (first + timedelta(seconds=moved),)
    if holds:
        assert check(data, times=times)
    else:
        assert code(data, times=times) == "CERT_WINDOW"


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        ("2026-11-02T03:04:05.6789Z", "", True),
        ("2026-01-01T00:00:00Z", "2026-11-02T03:04:05.6789Z", True),
        ("2026-11-02T03:04:06Z", "", False),
        ("2026-01-01T00:00:00Z", "2026-11-02T03:04:05Z", False),
        ("2030-01-01T00:00:00Z", "", False),
    ],
)
def test_windows_of_authority_and_log_are_closed(start, end, holds):
    window = Validity(start, end)
    authority = msgspec.structs.replace(ROOTS.certificate_authorities[0], valid_for=window)
    log = msgspec.structs.replace(ROOTS.ctlogs[0], valid_for=window)
    by_authority = msgspec.structs.replace(ROOTS, certificate_authorities=(authority,))
    by_log = msgspec.structs.replace(ROOTS, ctlogs=(log,))
    data = WORLD.leaf()
    # A timestamp has milliseconds, so the window of the log ends half a millisecond after its own.
    if holds:
        assert check(data, roots=by_authority)
    else:
        assert code(data, roots=by_authority) == "CERT_WINDOW"
        assert code(data, roots=by_log) == "SCT"


def test_overlapping_and_future_windows():
    authority, log = ROOTS.certificate_authorities[0], ROOTS.ctlogs[0]
    windows = (
        Validity("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        Validity("2040-01-01T00:00:00Z"),
        authority.valid_for,
    )
    roots = msgspec.structs.replace(
        ROOTS,
        certificate_authorities=tuple(msgspec.structs.replace(authority, valid_for=one) for one in windows),
        ctlogs=tuple(msgspec.structs.replace(log, valid_for=one) for one in windows),
    )
    assert check(WORLD.leaf(), roots=roots)


def expired(signer: MemorySigner) -> tuple[bytes, bytes]:
    """An intermediate that ended before the leaf did."""
    data = built(
        signer=WORLD.ca_signer, issuer=WORLD.ca, spki=signer.public_key(), subject=name("x", "y"), start=START,
        end=NOW - timedelta(days=1), basic=x509.BasicConstraints(ca=True, path_length=0),
        usage=x509.KeyUsage(digital_signature=False, **{**NO_USAGE, "key_cert_sign": True}), sans=[], extensions=[],
    )  # fmt: skip
    return data, leaf(signer=signer, issuer=data)


AUTHORITY = {"digital_signature": False, **NO_USAGE, "key_cert_sign": True}


class Tree(msgspec.Struct):
    """root → (middle) → leaf with changed authorities, and the roots that list them."""

    root: bytes
    middle: bytes
    leaf: bytes

    def roots(self, *listed: bytes):
        return msgspec.structs.replace(ROOTS, certificate_authorities=(WORLD.listed(*listed),))


def tree(root: dict | None = None, middle: dict | None = None, algorithm: hashes.HashAlgorithm | None = None) -> Tree:
    root_signer, middle_signer = p384(), p384()
    common = {"start": START, "end": END, "usage": x509.KeyUsage(**AUTHORITY), "sans": [], "extensions": []}
    subject = name("t", "root")
    # Self-issued: the builder takes the issuer's name from a certificate, so one is made to have it.
    namesake = issue.root(root_signer, organization="t", common_name="root", start=START, end=END, serial=number(1))
    top = built(**{
        "signer": root_signer, "issuer": namesake, "spki": root_signer.public_key(), "subject": subject, "purposes": [],
        "basic": x509.BasicConstraints(ca=True, path_length=None), **common, **(root or {}),
    })  # fmt: skip
    under = built(**{
        "signer": root_signer, "issuer": top, "spki": middle_signer.public_key(), "subject": name("t", "middle"),
        "basic": x509.BasicConstraints(ca=True, path_length=0), **common, **(middle or {}), "algorithm": algorithm,
    })  # fmt: skip
    return Tree(top, under, leaf(signer=middle_signer, issuer=under))


def test_a_tree_of_the_builder_is_accepted_listed_or_brought_along():
    made = tree()
    assert check(made.leaf, roots=made.roots(made.middle, made.root))
    assert check(made.leaf, roots=made.roots(made.root), others=(made.middle,))
    assert check(made.leaf, roots=made.roots(made.middle, made.root), others=(WORLD.ca, made.middle, made.root))
    assert check(made.leaf, roots=made.roots(made.middle))  # alone in its list it is the anchor


CHAINS = {
    "the root is no authority": {"root": {"basic": None}},
    "the root has too short a path": {"root": {"basic": x509.BasicConstraints(ca=True, path_length=0)}},
    "the root may not sign certificates": {"root": {"usage": SIGNING_USAGE}},
    "the root is for other purposes": {"root": {"purposes": [ExtendedKeyUsageOID.TIME_STAMPING]}},
    "the intermediate is no authority": {"middle": {"basic": x509.BasicConstraints(ca=False, path_length=None)}},
    "the intermediate says nothing": {"middle": {"basic": None}},
    "the intermediate may not sign certificates": {"middle": {"usage": SIGNING_USAGE}},
    "the intermediate has no key usage": {"middle": {"usage": None}},
    "the intermediate is for timestamps": {"middle": {"purposes": [ExtendedKeyUsageOID.TIME_STAMPING]}},
    "a critical extension nobody knows": {
        "middle": {"critical": [x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"")]}
    },
    "name constraints": {
        "middle": {"extensions": [x509.NameConstraints([x509.RFC822Name("example.org")], None)]}
    },
    "another key identifier": {
        "middle": {"extensions": [x509.AuthorityKeyIdentifier(bytes(20), None, None)]},
        "root": {"extensions": [x509.SubjectKeyIdentifier(b"\1" * 20)]},
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_constraints_of_authorities(case):
    made = tree(**CHAINS[case])
    assert code(made.leaf, roots=made.roots(made.middle, made.root)) == "CERT_CHAIN"


def test_any_purpose_and_none_leave_code_signing_open():
    for purposes in ([], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]):
        made = tree(middle={"purposes": purposes})
        assert check(made.leaf, roots=made.roots(made.middle, made.root))


def test_a_key_identifier_of_an_issuer_that_says_none_is_no_obstacle():
    made = tree(middle={"extensions": [x509.AuthorityKeyIdentifier(bytes(20), None, None)]})
    assert check(made.leaf, roots=made.roots(made.middle, made.root))


def test_an_expired_authority():
    for part in ("root", "middle"):
        made = tree(**{part: {"end": NOW - timedelta(days=1)}})
        assert code(made.leaf, roots=made.roots(made.middle, made.root)) == "CERT_WINDOW"


def test_a_longer_path_than_the_intermediate_allows():
    signer = p384()
    below, data = expired(signer)
    assert code(data, others=(below,)) == "CERT_CHAIN"


def test_a_leaf_does_not_make_leaves():
    signer = MemorySigner(WORLD.client.key)
    above = WORLD.leaf()
    data = leaf(signer=signer, issuer=above)
    assert code(data, others=(above,)) == "CERT_CHAIN"


def test_an_intermediate_is_no_leaf():
    assert code(WORLD.ca) == "CERT_PROFILE"


def test_another_authority_of_the_same_names():
    other = world()
    assert code(other.leaf()) == "CERT_CHAIN"
    assert code(other.leaf(), others=(other.ca, other.ca_root)) == "CERT_CHAIN"
    both = msgspec.structs.replace(
        ROOTS, certificate_authorities=(*other.roots().certificate_authorities, *ROOTS.certificate_authorities)
    )
    assert check(WORLD.leaf(), roots=both)


def test_many_authorities_of_one_name_end_the_search():
    crowd = tuple(world().ca for _ in range(3)) * 3
    assert check(WORLD.leaf(), others=crowd)


def test_certificates_that_all_issued_one_another_end_the_search(monkeypatch):
    signer = p384()
    span = {"organization": "t", "common_name": "clique", "start": START, "end": END}
    clique = [issue.root(signer, serial=number(n), below=9, **span) for n in range(9)]
    asked = []
    may_issue = chain._may_issue
    monkeypatch.setattr(chain, "_may_issue", lambda *words: asked.append(1) or may_issue(*words))
    assert code(leaf(signer=signer, issuer=clique[0]), others=clique) == "CERT_CHAIN"
    assert len(asked) < 1_000


def test_a_weak_signature_of_an_authority():
    made = tree(algorithm=hashes.SHA224())
    assert code(made.leaf, roots=made.roots(made.middle, made.root)) == "CERT_CHAIN"


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x00", WORLD.leaf() + b"\0", WORLD.leaf()[:-1], b"-----BEGIN CERTIFICATE-----"]
)
def test_bytes_that_are_no_certificate(data):
    assert code(data) == "PARSE_CERTIFICATE"
    assert code(WORLD.leaf(), others=(data,)) == "PARSE_CERTIFICATE"


def test_a_certificate_of_version_1():
    fields = der.children(der.one(ct.without_list(WORLD.ca, where="x")[0], where="x"), where="x")
    tbs = der.sequence(*(one.raw for one in fields[1:-1]))  # neither a version nor extensions
    data = writing.signed(tbs, "1.2.840.10045.4.3.3", WORLD.ca_signer.sign(tbs))
    assert x509.load_der_x509_certificate(data).version is x509.Version.v1
    assert code(data) == "PARSE_CERTIFICATE"


def test_a_serial_number_is_positive_and_nobody_warns():
    spki = issue.chain.spki(x509.load_der_x509_certificate(WORLD.ca))
    arguments = {"algorithm": "1.2.840.10045.4.3.3", "issuer": writing.name("example", "intermediate"), "start": NOW,
                 "end": NOW, "subject": writing.name(), "spki": spki, "extensions": []}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for serial in (0, -1):
            tbs = writing.tbs(serial=serial, **arguments)
            assert code(writing.signed(tbs, "1.2.840.10045.4.3.3", WORLD.ca_signer.sign(tbs))) == "PARSE_CERTIFICATE"


BARE = built(signer=WORLD.ca_signer, issuer=WORLD.ca, spki=WORLD.client.public_key())


def test_timestamps_with_extensions_are_signed_with_them():
    assert check(logged(BARE, extensions=b"\x00\x01\x02"))
    assert code(logged(BARE, extensions=b"\x00\x01\x02", signature=b"x")) == "SCT"
    (plain,) = ct.read_list(ct.without_list(logged(BARE), where="x")[1], where="x")
    assert check(logged(BARE, signature=plain.signature))
    assert code(logged(BARE, extensions=b"\x00", signature=plain.signature)) == "SCT"


def test_timestamps_of_strangers_do_no_harm_and_no_good():
    assert check(logged(BARE, strangers=2))
    assert code(logged(BARE, strangers=1, copies=0)) == "SCT"
    assert check(logged(BARE, copies=2))


SCTS = {
    "the signature of another log": {"log": p256()},
    "another time": {"timestamp_ms": int(NOW.timestamp() * 1000) + 1},
    "before the window": {"at": START - timedelta(days=1)},
    "beyond all time": {"timestamp_ms": (1 << 64) - 1},
    "another hash": {"hash_algorithm": 5},
    "another kind of signature": {"signature_algorithm": 1},
    "no signature": {"signature": b""},
    "another issuer": {"issuer": WORLD.ca_root},
}


@pytest.mark.parametrize("case", SCTS)
def test_a_timestamp_that_does_not_hold(case):
    assert code(logged(BARE, **SCTS[case])) == "SCT"


def test_one_listed_log_that_fails_refuses_though_another_holds():
    other = p256()
    spki = other.public_key()
    second = msgspec.structs.replace(ROOTS.ctlogs[0], spki=spki, log_id=ct.log_id(spki))
    roots = msgspec.structs.replace(ROOTS, ctlogs=(*ROOTS.ctlogs, second))
    tbs, _ = ct.without_list(BARE, where="x")
    ca = issue.chain.spki(x509.load_der_x509_certificate(WORLD.ca))
    ms = int(NOW.timestamp() * 1000)
    message = ct.signed_bytes(ca, tbs, timestamp_ms=ms)
    good = CertificateTimestamp(log_id=ROOTS.ctlogs[0].log_id, timestamp_ms=ms, signature=WORLD.ct_signer.sign(message))
    for signature, holds in ((other.sign(message), True), (other.sign(b"x"), False)):
        two = (good, CertificateTimestamp(log_id=second.log_id, timestamp_ms=ms, signature=signature))
        whole = ct.with_list(tbs, two, where="x")
        data = writing.signed(whole, "1.2.840.10045.4.3.3", WORLD.ca_signer.sign(whole))
        if holds:
            assert check(data, roots=roots)
        else:
            assert code(data, roots=roots) == "SCT"


def test_no_timestamp_and_no_log():
    assert code(BARE) == "SCT"
    assert code(WORLD.leaf(), roots=msgspec.structs.replace(ROOTS, ctlogs=())) == "SCT"


@pytest.mark.parametrize("details", ["PKIX_ECDSA_P384_SHA_384", "PKIX_ED25519", "", "PKIX_RSA_PKCS1V15_2048_SHA256"])
def test_a_log_whose_key_is_announced_as_another_kind(details):
    log = msgspec.structs.replace(ROOTS.ctlogs[0], key_details=details)
    assert code(WORLD.leaf(), roots=msgspec.structs.replace(ROOTS, ctlogs=(log,))) == "SCT"


@pytest.mark.parametrize("bare", [True, False])
def test_a_log_with_an_rsa_key(bare):
    key = rsa_key()
    signer = MemorySigner(key)
    spki = signer.public_key()
    listed = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1) if bare else spki
    log = msgspec.structs.replace(
        ROOTS.ctlogs[0], spki=listed, log_id=ct.log_id(spki),
        key_details="PKCS1_RSA_PKCS1V5" if bare else "PKIX_RSA_PKCS1V15_2048_SHA256",
    )  # fmt: skip
    roots = msgspec.structs.replace(ROOTS, ctlogs=(log,))
    assert check(logged(BARE, log=signer, signature_algorithm=1), roots=roots)
    assert code(logged(BARE, log=signer), roots=roots) == "SCT"


def test_a_timestamp_authority_signs_no_code():
    roots = msgspec.structs.replace(ROOTS, certificate_authorities=ROOTS.timestamp_authorities)
    assert code(WORLD.leaf(), roots=roots) == "CERT_CHAIN"


@pytest.mark.parametrize(
    "client",
    [MemorySigner(ec.generate_private_key(ec.SECP521R1())), MemorySigner(rsa_key()),
     MemorySigner(ed25519.Ed25519PrivateKey.generate())],
    ids=["p521", "rsa", "ed25519"],
)  # fmt: skip
def test_keys_of_other_kinds(client):
    assert check(leaf(spki=client.public_key())).spki == client.public_key()
