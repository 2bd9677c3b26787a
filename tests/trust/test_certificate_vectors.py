"""Real certificates and timestamps of the shared vectors, under the roots they belong to."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from assay.formats import trustroot
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import UntrustedError
from assay.trust import certificate, timestamps
from support import needs_shared, shared

pytestmark = needs_shared
ISSUER = "https://token.actions.githubusercontent.com"
BEACON = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
GOOD = (
    "happy-path-intoto-in-dsse-v3", "happy-path-v0.1", "happy-path-v0.2", "happy-path-v0.3-new-mediaType",
    "intoto-with-custom-trust-root", "rekor2-checkpoint-cosigned", "rekor2-dsse-happy-path", "rekor2-happy-path",
    "rekor2-timestamp-with-embedded-cert",
)  # fmt: skip
STAMPED = tuple(name for name in GOOD if name.startswith(("rekor2", "intoto-with")))


class Case(msgspec.Struct):
    leaf: bytes
    others: list[bytes]
    signature: bytes
    tokens: list[bytes]
    promised: list[datetime]
    roots: TrustedRoot


def case(folder: Path, path: Path) -> Case:
    bundle = json.loads(path.read_bytes())
    material = bundle["verificationMaterial"]
    chain = (material.get("x509CertificateChain") or {"certificates": [material.get("certificate")]})["certificates"]
    signature = bundle.get("messageSignature") or {"signature": bundle["dsseEnvelope"]["signatures"][0]["sig"]}
    stamps = (material.get("timestampVerificationData") or {}).get("rfc3161Timestamps") or []
    own = folder / "trusted_root.json"
    root = own if own.exists() else shared("vectors", "sigstore", "public-good-trusted-root.json")
    return Case(
        leaf=base64.b64decode(chain[0]["rawBytes"]),
        others=[base64.b64decode(one["rawBytes"]) for one in chain[1:]],
        signature=base64.b64decode(signature["signature"]),
        tokens=[base64.b64decode(one["signedTimestamp"]) for one in stamps],
        promised=[
            datetime.fromtimestamp(int(entry["integratedTime"]), UTC)
            for entry in material["tlogEntries"]
            if entry.get("integratedTime")
        ],
        roots=trustroot.read(root.read_bytes(), where="root"),
    )


def sigstore(name: str) -> Case:
    folder = shared("vectors", "sigstore", name)
    return case(folder, folder / "bundle.sigstore.json")


def leaf(one: Case, **changes):
    stamped = timestamps.check(one.tokens, one.signature, one.roots.timestamp_authorities, name="here").verified
    times = changes.pop("times", (*stamped, *one.promised))
    return certificate.check(one.leaf, one.others, times, msgspec.structs.replace(one.roots, **changes), name="here")


def refused(action) -> str:
    with pytest.raises(UntrustedError) as caught:
        action()
    assert caught.value.step
    assert caught.value.why
    return caught.value.code


@pytest.mark.parametrize("name", GOOD)
def test_a_real_certificate_is_believed(name):
    found = leaf(sigstore(name))
    assert (found.identity, found.identity_kind, found.issuer) == (BEACON, "uri", ISSUER)
    assert found.extensions["issuer" if "issuer" in found.extensions else "issuerV1"] == ISSUER


def test_the_words_of_the_issuer_come_by_name():
    words = leaf(sigstore("rekor2-happy-path")).extensions
    assert words["buildTrigger"] == "workflow_dispatch"
    assert words["sourceRepositoryURI"].startswith("https://github.com/sigstore-conformance/")
    assert words["runInvocationURI"].startswith(words["sourceRepositoryURI"] + "/actions/runs/")
    assert list(words) == sorted(words)


def test_the_certificates_of_the_provenance_vectors_are_believed():
    folder = shared("vectors", "slsa", "bundles")
    seen = 0
    for path in sorted(folder.glob("*/*.slsa")):
        assert leaf(case(path.parent, path)).issuer == ISSUER
        seen += 1
    assert seen >= 9


def test_a_certificate_logged_elsewhere_is_refused():
    assert refused(lambda: leaf(sigstore("invalid-ct-key_fail"))) == "SCT"


def test_no_time_is_no_proof():
    assert refused(lambda: leaf(sigstore("rekor2-no-timestamp_fail"))) == "TIME_MISSING"


@pytest.mark.parametrize("name", STAMPED)
def test_a_real_timestamp_is_believed(name):
    one = sigstore(name)
    found = timestamps.check(one.tokens, one.signature, one.roots.timestamp_authorities, name="here")
    assert len(found.verified) == len(one.tokens) == 1
    assert not found.ignored


@pytest.mark.parametrize("name", STAMPED)
def test_a_timestamp_of_nobody_listed_is_ignored_and_reported(name):
    one = sigstore(name)
    found = timestamps.check(one.tokens, one.signature, (), name="here")
    assert not found.verified
    assert len(found.ignored) == 1


def test_a_timestamp_over_other_bytes_is_refused():
    one = sigstore("rekor2-happy-path")
    authorities = one.roots.timestamp_authorities
    assert refused(lambda: timestamps.check(one.tokens, one.signature + b"x", authorities, name="here")) == "TIMESTAMP"
    assert refused(lambda: timestamps.check(one.tokens * 2, one.signature, authorities, name="here")) == "TIMESTAMP"


def test_the_certificate_holds_from_its_first_second_to_its_last():
    one = sigstore("happy-path-v0.3-new-mediaType")
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(one.leaf)
    start, end = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    for time in (start, end):
        assert leaf(one, times=(time,))
    for time in (start - timedelta(microseconds=1), end + timedelta(microseconds=1)):
        assert refused(lambda time=time: leaf(one, times=(start, time))) == "CERT_WINDOW"


def test_the_authority_must_be_trusted_at_the_time():
    one = sigstore("happy-path-v0.3-new-mediaType")
    authority = one.roots.certificate_authorities[-1]
    window = trustroot.Validity("2022-04-13T20:06:15Z", "2022-04-14T00:00:00Z")
    closed = (msgspec.structs.replace(authority, valid_for=window),)
    assert refused(lambda: leaf(one, certificate_authorities=closed)) == "CERT_WINDOW"
    assert refused(lambda: leaf(one, certificate_authorities=())) == "CERT_CHAIN"
    assert leaf(one, certificate_authorities=(*closed, authority))


def test_a_listed_intermediate_is_no_anchor():
    one = sigstore("happy-path-v0.3-new-mediaType")
    authority = one.roots.certificate_authorities[-1]
    elsewhere = one.roots.certificate_authorities[0].certificates[0]
    cut = (msgspec.structs.replace(authority, certificates=(authority.certificates[0], elsewhere)),)
    assert refused(lambda: leaf(one, certificate_authorities=cut)) == "CERT_CHAIN"


@pytest.mark.parametrize("place", range(0, 900, 23))
def test_a_changed_octet_is_refused(place):
    one = sigstore("rekor2-happy-path")
    changed = bytearray(one.leaf)
    changed[place % len(changed)] ^= 1
    times = timestamps.check(one.tokens, one.signature, one.roots.timestamp_authorities, name="here").verified
    code = refused(lambda: certificate.check(bytes(changed), (), times, one.roots, name="here"))
    assert code in {"PARSE_CERTIFICATE", "CERT_CHAIN", "CERT_WINDOW"}


@pytest.mark.parametrize("place", range(0, 700, 17))
def test_a_changed_octet_of_a_timestamp_is_refused_or_makes_it_a_strangers(place):
    one = sigstore("rekor2-timestamp-with-embedded-cert")
    token = bytearray(one.tokens[0])
    token[place % len(token)] ^= 1
    codes = {"PARSE_TIMESTAMP", "PARSE_CERTIFICATE", "TIMESTAMP"}
    try:
        found = timestamps.check([bytes(token)], one.signature, one.roots.timestamp_authorities, name="here")
    except UntrustedError as error:
        code = error.code
    else:
        code = "TIMESTAMP" if not found.verified else "believed"
    assert code in codes
