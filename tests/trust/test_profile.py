"""Trust profiles: read strictly, expired ones refuse, and only the current owners bring in the next version."""

import json

import msgspec
import pytest

from assay.formats import trustprofile, trustroot
from assay.formats.trustprofile import Owners, Profile, SignerRow
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.trust import dsse, keyring, profile
from support import ROOT

NOW = "2026-02-01T00:00:00Z"
ROOTS = trustroot.read((ROOT / "src/assay/trust/public/production/trusted_root.json").read_bytes(), where="r")


class Person:  # a `Signer`
    """An owner with a key in memory."""

    def __init__(self, name):
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec

        self.key = ec.generate_private_key(ec.SECP256R1())
        pem = self.key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
        self.row = profile.row_of(keyring.key(pem, name=name), pem=pem)

    def public_key(self):
        from cryptography.hazmat.primitives import serialization as s

        return self.key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def bundle(self, data):
        return dsse.sign(profile.statement(data), self)


ANNA, BERT, CARL = Person("anna"), Person("bert"), Person("carl")
CURRENT = Profile(
    name="acme",
    mode="private",
    version=3,
    expires="2026-06-01T00:00:00Z",
    trusted_root=ROOTS,
    keys=(ANNA.row,),
    signers=(SignerRow(identity="release@acme.example", issuer="https://login.acme.example"),),
    owners=Owners(threshold=2, keys=(ANNA.row, BERT.row, CARL.row)),
)
replace = msgspec.structs.replace


def following(**changes):
    return trustprofile.write(replace(CURRENT, **({"version": 4} | changes)))


def test_what_is_written_is_read():
    assert trustprofile.read(trustprofile.write(CURRENT), where="t") == CURRENT


def test_it_says_whom_to_believe():
    trust = profile.use(CURRENT, NOW)
    assert trust.roots == ROOTS
    assert trust.expected.keys.keys[0].owner == "anna"
    assert trust.expected.identities[0].identity == "release@acme.example"
    assert not trust.expected.legacy.cosign_v2


def test_past_its_end_everything_is_refused():
    profile.use(CURRENT, CURRENT.expires)
    with pytest.raises(UntrustedError) as caught:
        profile.use(CURRENT, "2026-06-01T00:00:01Z")
    assert caught.value.code == "TRUST_EXPIRED"


def test_enough_owners_bring_in_the_next_version():
    data = following(signers=())
    assert profile.update(CURRENT, data, [ANNA.bundle(data), CARL.bundle(data)], NOW).version == 4


def test_an_expired_profile_is_left_by_an_update():
    data = following(expires="2027-01-01T00:00:00Z")
    assert profile.update(CURRENT, data, [ANNA.bundle(data), CARL.bundle(data)], "2026-12-01T00:00:00Z").version == 4


MALLORY = Person("anna")


def refused(data, people, now=NOW, current=CURRENT):
    with pytest.raises(UntrustedError) as caught:
        profile.update(current, data, [person.bundle(data) for person in people], now)
    return caught.value.code


def test_one_owner_twice_is_one():
    assert refused(following(), [ANNA, ANNA]) == "TRUST_OWNERS"


def test_a_stranger_of_the_same_name_does_not_count():
    assert refused(following(), [BERT, MALLORY]) == "TRUST_OWNERS"


def test_owners_of_the_next_version_do_not_let_themselves_in():
    data = following(owners=Owners(threshold=1, keys=(MALLORY.row,)))
    assert refused(data, [MALLORY]) == "TRUST_OWNERS"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_version_that_is_not_higher_is_refused(version):
    assert refused(following(version=version), [ANNA, BERT]) == "TRUST_VERSION"


def test_another_profile_is_refused():
    assert refused(following(name="umbrella"), [ANNA, BERT]) == "TRUST_VERSION"


def test_the_next_version_must_not_have_expired():
    assert refused(following(expires="2026-01-31T00:00:00Z"), [ANNA, BERT]) == "TRUST_EXPIRED"


def test_a_revoked_owner_counts_no_more():
    lost = replace(ANNA.row, revoked_since="2026-01-01T00:00:00Z", revoked_reason="lost")
    current = replace(CURRENT, owners=Owners(threshold=2, keys=(lost, BERT.row, CARL.row)))
    assert refused(following(), [ANNA, BERT], current=current) == "TRUST_OWNERS"


def test_a_signature_over_another_file_or_of_another_kind_does_not_count():
    from assay.formats import intoto, predicates
    from assay.model.digest import Digest
    from assay.model.statement import ResourceDescriptor

    data, other = following(), following(signers=())
    digest = Digest.of(data)
    image = intoto.statement(
        [ResourceDescriptor(name="x", digest={digest.algorithm: digest.hex})], predicates.ADVISORIES, {}
    )
    with pytest.raises(UntrustedError) as caught:
        profile.update(CURRENT, data, [ANNA.bundle(other), BERT.bundle(data), dsse.sign(image, CARL)], NOW)
    assert caught.value.code == "TRUST_OWNERS"


def test_without_owners_nothing_updates():
    assert refused(following(), [ANNA], current=replace(CURRENT, owners=Owners())) == "TRUST_OWNERS"


def test_a_row_under_another_key_s_id_is_refused():
    row = replace(ANNA.row, key_id=BERT.row.key_id)
    with pytest.raises(UntrustedError) as caught:
        profile.use(replace(CURRENT, keys=(row,)), NOW)
    assert caught.value.code == "TRUST_FORM"


def test_it_says_plainly_whom_an_authority_makes_you_trust():
    assert any("moves trust to its operator" in note for note in profile.notes(CURRENT))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0}, {"version": -1}, {"version": 1.5}, {"version": "4"}, {"mode": "open"}, {"name": " "}, {"name": None},
        {"expires": "tomorrow"}, {"expires": "2026-06-01"}, {"trustedRoot": None}, {"mode": "key", "keys": []},
        {"colour": "blue"}, {"owners": {"threshold": 0}}, {"owners": {"threshold": 4, "keys": []}}, {"require": {"log": "no"}},
        {"require": {"timestampsCount": -1}}, {"keys": [{"keyId": "x"}]}, {"signers": [{"identity": "a"}]}, {"legacy": True},
    ],
)  # fmt: skip
def test_other_forms_are_malformed(change):
    value = json.loads(trustprofile.write(CURRENT)) | change
    with pytest.raises(MalformedError):
        trustprofile.read(json.dumps(value).encode(), where="t")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff\xfe", b'{"name":"a","name":"a"}', b"[" * 200])
def test_hostile_profiles_end_in_an_error_of_ours(data):
    with pytest.raises(AssayError):
        trustprofile.read(data, where="t")


def test_unknown_names_of_the_root_are_kept_to_be_told():
    value = json.loads(trustprofile.write(CURRENT))
    value["trustedRoot"]["colour"] = "blue"
    assert trustprofile.read(json.dumps(value).encode(), where="t").trusted_root.unknown_names == ("colour",)


def test_a_profile_of_keys_alone_needs_no_root():
    alone = Profile(name="k", mode="key", version=1, keys=(ANNA.row,))
    assert profile.use(trustprofile.read(trustprofile.write(alone), where="t"), NOW).roots is None
    assert TrustedRoot() != ROOTS
