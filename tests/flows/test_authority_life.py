"""An authority's instances: windows are closed and never deleted, names of logs are never used twice."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.flows import authority_life
from assay.flows.authority_life import Wish
from assay.formats import authorityfile, signingconfig, trustroot
from assay.formats.authorityfile import Issuer
from assay.formats.trustroot import instant
from assay.model.errors import AssayError, MalformedError, UsageError
from assay.trust import instances
from signing import ED25519, MemorySigner

NOW = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)
WISH = Wish(name="acme", url="https://sign.acme.example", organization="Acme",
            issuers=(Issuer(issuer="https://login.acme.example", kind="email"),))  # fmt: skip
ALL = authority_life.ROLES


class Keys:
    """Keys in memory; one of each kind, for making them is slow."""

    made: dict = {}

    def make(self, name, kind):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        curves = {"ecdsa-p256": (ec.SECP256R1, hashes.SHA256), "ecdsa-p384": (ec.SECP384R1, hashes.SHA384)}
        if kind not in self.made:
            curve = curves.get(kind)
            self.made[kind] = MemorySigner(ec.generate_private_key(curve[0]()), curve[1]()) if curve else ED25519
        return f"{name}.key", self.made[kind]


def chance(count):
    return b"\x07" * count


def begun(**changes):
    return authority_life.begin(msgspec.structs.replace(WISH, **changes), Keys(), NOW, chance)


def rotated(file, roles=ALL, at=NOW, **more):
    return authority_life.rotate(file, roles, Keys(), at, chance, **more)


def test_what_is_written_is_read():
    file = rotated(begun(witness_logs="log x\n", test_issuer=False), at=NOW + timedelta(days=1))
    assert authorityfile.read(authorityfile.write(file), where="a") == file
    assert file.witness is not None


def test_a_rotation_closes_what_was_and_begins_the_next():
    file = rotated(begun(), at=NOW + timedelta(days=30))
    root = trustroot.read(trustroot.write(instances.trusted_root(file)), where="r")
    for kind in (root.tlogs, root.ctlogs, root.certificate_authorities, root.timestamp_authorities):
        old, new = kind
        assert instant(old.valid_for.end) > instant(new.valid_for.start)  # no second belongs to neither
        assert not new.valid_for.end
    config = signingconfig.read(signingconfig.write(instances.signing_config(file)), where="c")
    assert [log.url for log in config.logs] == ["https://sign.acme.example/log/acme-2"]
    assert config.timestamps[0].url == "https://sign.acme.example/api/v1/timestamp"
    assert config.authorities[0].url == "https://sign.acme.example"


def test_a_certificate_s_life_outlasts_its_authority_s_rotation():
    file = rotated(begun(), at=NOW + timedelta(days=30))
    end = instant(file.authorities[0].valid_for.end)
    assert end >= NOW.replace(microsecond=0) + timedelta(days=30, minutes=10)


def test_what_a_thief_may_have_signed_is_believed_no_more():
    later = NOW + timedelta(days=30)
    file = rotated(begun(), ["log"], later, stolen="2026-01-20T00:00:00Z")
    assert file.logs[0].valid_for.end == "2026-01-20T00:00:00Z"
    assert not file.authorities[0].valid_for.end
    for time in ("2025-12-31T00:00:00Z", "2027-01-01T00:00:00Z", "yesterday"):
        with pytest.raises(UsageError):
            rotated(begun(), ["log"], later, stolen=time)


@given(st.lists(st.sampled_from(["", "log-2.acme.example", "log-3.acme.example", "sign.acme.example"]), max_size=6))
@settings(max_examples=30, deadline=None)
def test_no_origin_is_ever_used_twice(hosts):
    file = begun()
    for host in hosts:
        file = rotated(file, ["log"], log_host=host)
    origins = [one.origin for one in file.logs]
    assert len(set(origins)) == len(origins)
    assert len({one.url for one in file.logs}) == len(origins)
    for one in file.logs:  # sigstore-js looks for the name inside the address
        assert one.origin in one.url


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": "a/b"}, {"name": "ä"}, {"name": "x" * 61}, {"organization": ""}, {"organization": "a\n"},
        {"url": "sign.acme.example"}, {"url": "https://x/y"}, {"url": "https://x?y"}, {"url": "ftp://x"}, {"url": "https://"},
        {"url": "https://Sign.acme.example"}, {"issuers": ()}, {"log_host": "a b"}, {"log_host": "A"}, {"log_host": "a/b"},
        {"issuers": (Issuer(issuer="http://login.acme.example", kind="email"),)},
        {"issuers": (Issuer(issuer="https://login.acme.example", kind="username"),)},
        {"test_issuer": True},  # it is for loopback alone
    ],
)  # fmt: skip
def test_what_makes_no_authority_is_refused(changes):
    with pytest.raises(UsageError):
        begun(**changes)


@pytest.mark.parametrize("roles", [[], ["root"], ["log", "x"]])
def test_only_what_there_is_can_be_rotated(roles):
    with pytest.raises(UsageError):
        rotated(begun(), roles)


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"colour": 1}, {"logs": []}, {"logs": None}, {"authorities": [{"number": 2}]}, {"name": 1},
     {"issuers": [{"issuer": "x"}]}],
)  # fmt: skip
def test_other_files_are_malformed(change):
    value = msgspec.json.decode(authorityfile.write(begun())) | change
    with pytest.raises(MalformedError):
        authorityfile.read(msgspec.json.encode(value), where="a")


def test_two_logs_of_one_origin_are_malformed():
    file = rotated(begun(), ["log"])
    same = msgspec.structs.replace(file.logs[1], origin=file.logs[0].origin)
    data = authorityfile.write(msgspec.structs.replace(file, logs=(file.logs[0], same)))
    with pytest.raises(MalformedError):
        authorityfile.read(data, where="a")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 200])
def test_hostile_files_end_in_an_error_of_ours(data):
    with pytest.raises(AssayError):
        authorityfile.read(data, where="a")
