"""Every rule about timestamps, broken one at a time, and what must pass all the same."""

import hashlib
import subprocess
import sys
from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509

from assay.formats import certificates as writing
from assay.formats import cms, der, tsp
from assay.formats.trustroot import Validity
from assay.formats.tsp import Information, Request
from assay.model.errors import UntrustedError
from assay.trust import chain, issue, stamp, timestamps
from assay.trust.timestamps import Times
from authorities import END, NOW, START, number, p256, p384, world
from oidc import rsa_key
from signing import MemorySigner

WORLD = world()
SIGNATURE = b"a signature"
LISTED = WORLD.roots().timestamp_authorities
SECOND = NOW.replace(microsecond=0)


def granted(
    *,
    signature: bytes = SIGNATURE,
    name: str = "sha256",
    authority: stamp.Authority | None = None,
    now: datetime = NOW,
    serial: int = 5,
    with_certificate: bool = False,
) -> bytes:
    imprint = hashlib.new(name, signature).digest()
    request = Request(hash_algorithm=name, imprint=imprint, wants_certificate=with_certificate)
    answer = stamp.stamp(request, authority or WORLD.authority(), now=now, last=None, serial=number(serial))
    assert not answer.refusal
    return answer.response


def check(*tokens: bytes, listed=LISTED, signature: bytes = SIGNATURE) -> Times:
    return timestamps.check(tokens, signature, listed, name="here")


def code(*tokens: bytes, why: str = "", **arguments) -> str:
    """The code of a refusal; `why` is part of the reason, where a second look would refuse for another one."""
    with pytest.raises(UntrustedError, match=why or None) as caught:
        check(*tokens, **arguments)
    assert caught.value.where == "here"
    assert caught.value.why
    assert caught.value.step
    return caught.value.code


@pytest.mark.parametrize("name", sorted(cms.HASH_BYTES))
@pytest.mark.parametrize("with_certificate", [True, False])
def test_a_good_timestamp(name, with_certificate):
    assert check(granted(name=name, with_certificate=with_certificate)) == Times(verified=(SECOND,))


@pytest.mark.parametrize("signer", [p384(), MemorySigner(rsa_key())], ids=["p384", "rsa"])
def test_authorities_with_other_keys(signer):
    made = world(signer)
    token = granted(authority=made.authority())
    assert check(token, listed=made.roots().timestamp_authorities).verified == (SECOND,)


def test_no_timestamp_is_no_error():
    assert check() == Times()


def test_two_of_one_authority_count_and_one_twice_is_refused():
    one, two = granted(serial=5), granted(serial=6)
    assert check(one, two).verified == (SECOND, SECOND)
    assert code(one, two, one) == "TIMESTAMP"
    # The same statement with and without the certificate is one timestamp in two spellings.
    assert code(one, granted(serial=5, with_certificate=True)) == "TIMESTAMP"


def test_too_many():
    assert code(*[granted()] * 33) == "PARSE_LIMIT"


@pytest.mark.parametrize("with_certificate", [True, False])
def test_an_authority_nobody_listed_is_ignored_and_reported(with_certificate):
    other = world()
    token = granted(authority=other.authority(), with_certificate=with_certificate)
    # Its names are the same and its serial number too; the key is another.
    assert code(token) == "TIMESTAMP"
    found = check(token, listed=())
    assert not found.verified
    assert "not listed" in found.ignored[0]
    good = granted(serial=6)
    both = check(token, good, listed=(other.listed(other.tsa, other.tsa_root), *LISTED))
    assert both.verified == (SECOND, SECOND)


def stranger() -> stamp.Authority:
    root, signer = p384(), p256()
    span = {"organization": "stranger", "start": START, "end": END}
    top = issue.root(root, common_name="root", serial=number(1), **span)
    certificate = issue.timestamping(top, root, signer.public_key(), common_name="tsa", serial=number(4), **span)
    return stamp.Authority(certificate=certificate, signer=signer)


def test_a_stranger_beside_a_listed_one():
    found = check(granted(authority=stranger(), with_certificate=True), granted())
    assert (len(found.verified), len(found.ignored)) == (1, 1)


def test_a_timestamp_over_other_bytes():
    assert code(granted(signature=b"other")) == "TIMESTAMP"


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Validity("2026-11-02T03:04:05Z", "2026-11-02T03:04:05Z"), ""),
        (Validity("2026-11-02T03:04:06Z"), "TIMESTAMP_WINDOW"),
        (Validity("2026-01-01T00:00:00Z", "2026-11-02T03:04:04Z"), "TIMESTAMP_WINDOW"),
        (Validity("2026-01-01T00:00:00Z", "2026-11-02T03:04:04.999Z"), "TIMESTAMP_WINDOW"),
    ],
)
def test_the_window_of_the_authority_is_closed(window, expected):
    listed = (msgspec.structs.replace(LISTED[0], valid_for=window),)
    if expected:
        assert code(granted(), listed=listed) == expected
        assert check(granted(), listed=(*listed, *LISTED)).verified
    else:
        assert check(granted(), listed=listed).verified


def listed_with(end: datetime = END, start: datetime = START, **changes):
    """An authority whose certificate has other extensions or times; its token, and its listed chain."""
    root, signer = p384(), p256()
    span = {"organization": "odd", "start": START, "end": END}
    top = issue.root(root, common_name="root", serial=number(1), **span)
    above = x509.load_der_x509_certificate(top)
    spki = signer.public_key()
    parts = {
        "usage": writing.key_usage(writing.DIGITAL_SIGNATURE),
        "purposes": writing.extended_key_usage(writing.TIME_STAMPING, critical=True),
        "subject": writing.subject_key(spki),
        **changes,
    }
    tbs = writing.tbs(
        serial=number(9), algorithm="1.2.840.10045.4.3.3", issuer=above.subject.public_bytes(), start=start, end=end,
        subject=writing.name("odd", "tsa"), spki=spki, extensions=[part for part in parts.values() if part],
    )  # fmt: skip
    certificate = writing.signed(tbs, "1.2.840.10045.4.3.3", root.sign(tbs))
    return stamp.Authority(certificate=certificate, signer=signer), WORLD.listed(certificate, top)


ODD = {
    "the purpose is not critical": {"purposes": writing.extended_key_usage(writing.TIME_STAMPING)},
    "no purpose": {"purposes": b""},
    "another purpose": {"purposes": writing.extended_key_usage(writing.CODE_SIGNING, critical=True)},
    "two purposes": {
        "purposes": writing.extension(
            writing.EXTENDED_KEY_USAGE,
            der.sequence(der.oid(writing.TIME_STAMPING), der.oid(writing.CODE_SIGNING)),
            critical=True,
        )
    },
    "an authority": {"basic": writing.authority(0)},
    "a key usage that signs nothing": {"usage": writing.key_usage(0x20)},
    "a critical extension nobody knows": {"more": writing.extension("1.2.3", b"", critical=True)},
}


ODD_WHY = {
    "an authority": "a certificate authority's",
    "a key usage that signs nothing": "is no signature",
    "a critical extension nobody knows": "critical extension 1.2.3",
}


def test_a_certificate_of_our_own_making_is_accepted():
    authority, listed = listed_with()
    assert check(granted(authority=authority), listed=(listed,)).verified


@pytest.mark.parametrize("case", ODD)
def test_certificates_that_are_not_for_timestamps(case):
    authority, listed = listed_with(**ODD[case])
    why = ODD_WHY.get(case, "not for timestamps alone")
    assert code(granted(authority=authority), listed=(listed,), why=why) == "TIMESTAMP"


def test_a_chain_that_expired_since_but_held_then():
    authority, listed = listed_with(end=NOW + timedelta(hours=1))
    assert check(granted(authority=authority), listed=(listed,)).verified


def test_outside_the_certificate_of_the_authority():
    # Its clock went on after its certificate ended: the answer is refused, so it is made by hand.
    authority, listed = listed_with(end=NOW - timedelta(days=1))
    assert stamp.stamp(
        Request(hash_algorithm="sha256", imprint=bytes(32)), authority, now=NOW, last=None, serial=1
    ).refusal
    assert code(forged(authority), listed=(listed,), why="is valid from") == "TIMESTAMP"


def forged(authority: stamp.Authority | None = None, **changes) -> bytes:
    """A token signed by the authority's own key, with changed parts."""
    authority = authority or WORLD.authority()
    certificate = x509.load_der_x509_certificate(authority.certificate)
    base = Information(
        policy=stamp.POLICY, hash_algorithm="sha256", imprint=hashlib.sha256(SIGNATURE).digest(), serial=1, time=NOW
    )
    content = changes.pop("content", tsp.write_information(base))
    attributes = changes.pop("attributes", None) or cms.signed_attributes(
        changes.pop("content_digest", hashlib.sha256(content).digest()), NOW,
        changes.pop("certificate_hash", hashlib.sha256(authority.certificate).digest()),
        changes.pop("hash_algorithm", "sha256"),
    )  # fmt: skip
    signature = changes.pop("signature", None) or authority.signer.sign(attributes)
    arguments = {
        "issuer": certificate.issuer.public_bytes(), "serial": certificate.serial_number, "digest_algorithm": "sha256",
        "signature_algorithm": "1.2.840.10045.4.3.2", **changes,
    }  # fmt: skip
    return tsp.write_granted(cms.write(content, attributes, signature, **arguments))


def attributes() -> bytes:
    """The signed attributes of `forged`."""
    imprint = hashlib.sha256(SIGNATURE).digest()
    said = Information(policy=stamp.POLICY, hash_algorithm="sha256", imprint=imprint, serial=1, time=NOW)
    digest = hashlib.sha256(tsp.write_information(said)).digest()
    return cms.signed_attributes(digest, NOW, hashlib.sha256(WORLD.tsa).digest(), "sha256")


def without(kind: str) -> bytes:
    """Signed attributes without one of them."""
    listed = der.children(der.one(attributes(), where="x"), where="x")
    kept = [one.raw for one in listed if der.oid(kind) not in one.raw]
    assert len(kept) == 3
    return der.set_of(kept)


def test_a_token_made_by_hand_is_accepted():
    assert check(forged()).verified == (NOW,)
    assert check(forged(hash_algorithm="sha512", certificate_hash=hashlib.sha512(WORLD.tsa).digest())).verified
    assert check(forged(along=(WORLD.tsa, WORLD.tsa_root))).verified
    assert check(forged(attributes=without(cms.SIGNING_TIME))).verified


FORGED = {
    "bound to another certificate": {"certificate_hash": hashlib.sha256(WORLD.tsa_root).digest()},
    "does not bind its certificate": {"attributes": without(cms.SIGNING_CERTIFICATE_V2)},
    "signed digest is not its content's": {"content_digest": bytes(32)},
    "signature does not hold": {"signature": p256().sign(b"x")},
    "its signature does not hold": {"signature": b"x"},
    "signature does": {"signature": WORLD.tsa_signer.sign(b"x")},
    "signature algorithm is not its key's": {"signature_algorithm": "1.2.840.10045.4.3.3"},
    "signed content type is another": {
        "attributes": der.set_of(
            one.raw.replace(der.oid(cms.ID_DATA_TST), der.oid("1.2.840.113549.1.9.16.1.5"))
            for one in der.children(der.one(attributes(), where="x"), where="x")
        )
    },
}
"""By the reason that is given."""


@pytest.mark.parametrize("why", FORGED)
def test_forgeries(why):
    assert code(forged(**FORGED[why]), why=why) == "TIMESTAMP"


def test_a_token_without_the_wanted_attributes_is_malformed():
    for kind in (cms.CONTENT_TYPE, cms.MESSAGE_DIGEST):
        assert code(forged(attributes=without(kind))) == "PARSE_TIMESTAMP"


def test_a_twin_of_the_certificate_does_not_stand_in():
    twin = x509.load_der_x509_certificate(WORLD.tsa)
    tbs = twin.tbs_certificate_bytes
    other = writing.signed(tbs, "1.2.840.10045.4.3.3", p384().sign(tbs))
    assert other != WORLD.tsa
    assert code(forged(along=(other,)), why="two certificates of one issuer") == "TIMESTAMP"
    assert code(forged(along=(WORLD.tsa, other)), why="two certificates of one issuer") == "TIMESTAMP"
    namesake = WORLD.leaf(serial=number(4))  # the same serial number by another issuer
    assert check(forged(along=(WORLD.tsa, namesake))).verified


def test_damaged_certificates_beside_a_token():
    assert code(forged(along=(der.sequence(der.null()),))) == "PARSE_CERTIFICATE"


def test_a_list_may_begin_with_the_authority_that_issued_the_certificate():
    listed = (WORLD.listed(WORLD.tsa_root),)
    assert check(granted(with_certificate=True), listed=listed).verified == (SECOND,)
    assert check(granted(with_certificate=False), listed=listed).ignored
    assert code(forged(along=(WORLD.tsa,), signature=b"x"), listed=listed) == "TIMESTAMP"
    assert check(granted(with_certificate=True), listed=(WORLD.listed(WORLD.ca_root),)).ignored
    assert check(granted(with_certificate=True), listed=(WORLD.listed(WORLD.ca, WORLD.ca_root),)).ignored


def test_the_certificate_alone_is_no_anchor():
    assert code(granted(), listed=(WORLD.listed(WORLD.tsa),)) == "TIMESTAMP"
    assert code(granted(), listed=(WORLD.listed(WORLD.tsa, WORLD.ca_root),)) == "TIMESTAMP"


def test_weak_hashes_and_unknown_extensions():
    weak = Information(policy=stamp.POLICY, hash_algorithm="sha256", imprint=bytes(32), serial=1, time=NOW)
    content = tsp.write_information(weak).replace(
        cms.algorithm("sha256"), der.sequence(der.oid("2.16.840.1.101.3.4.2.4"))
    )
    assert code(forged(content=content), why="weak hash") == "TIMESTAMP"
    good = msgspec.structs.replace(weak, imprint=hashlib.sha256(SIGNATURE).digest())
    for critical, holds in ((True, False), (False, True)):
        extension = der.sequence(der.oid("1.2.3"), der.boolean(True) if critical else b"", der.octets(b""))
        content = der.sequence(der.one(tsp.write_information(good), where="x").value, der.context(1, extension))
        if holds:
            assert check(forged(content=content)).verified
        else:
            assert code(forged(content=content), why="unknown critical extension") == "TIMESTAMP"


@pytest.mark.parametrize("data", [b"", b"\x30\x00", granted()[:-1], granted() + b"\0", b"hello"])
def test_bytes_that_are_no_timestamp(data):
    assert code(data) == "PARSE_TIMESTAMP"


def test_a_rejection_is_no_timestamp():
    assert code(tsp.write_rejection("badAlg", "no"), why="was not granted") == "TIMESTAMP"
    token = granted()
    modified = der.sequence(der.sequence(der.integer(1)), token[token.index(der.oid(cms.ID_SIGNED_DATA)) - 4 :])
    assert tsp.read_response(modified, where="x").status == 1
    assert code(modified, why="was not granted") == "TIMESTAMP"


def test_listed_windows_do_not_hide_a_broken_chain():
    listed = (WORLD.listed(), *LISTED)
    assert check(granted(), listed=listed).verified
    assert chain.text(SECOND) == "2026-11-02T03:04:05Z"


def test_the_library_for_timestamps_is_loaded_only_for_timestamps():
    text = (
        "import sys; from assay.trust import certificate, timestamps; timestamps.check((), b'', (), name='x');"
        "print([m for m in ('rfc3161_client', 'cryptography') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
