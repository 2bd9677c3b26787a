"""Signing configs and client trust configs: read as published, written so that foreign clients read them."""

import json

import pytest

from assay.formats import signingconfig, trustroot
from assay.formats.signingconfig import ClientTrustConfig, Selection, Service, SigningConfig
from assay.formats.trustroot import TrustedRoot, Validity
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError
from support import ROOT

SERVICE = Service(
    url="https://sign.example/log/a-2", major_api_version=2, valid_for=Validity("2026-01-02T03:04:05Z"), operator="a"
)
CONFIG = SigningConfig(
    authorities=(Service(url="https://sign.example", major_api_version=1, valid_for=Validity("2026-01-02T03:04:05Z")),),
    logs=(SERVICE,),
    timestamps=(
        Service(
            url="https://sign.example/api/v1/timestamp",
            major_api_version=1,
            valid_for=Validity("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z"),
            operator="a",
        ),
    ),
    timestamp_selection=Selection("EXACT", 1),
)
PUBLIC = ROOT / "src/assay/trust/public"


def wire(**changes):
    value = json.loads(signingconfig.write(CONFIG)) | changes
    return json.dumps(value).encode()


def test_what_is_written_is_read():
    assert signingconfig.read(signingconfig.write(CONFIG), where="c") == CONFIG


def test_both_halves_travel_together():
    both = ClientTrustConfig(TrustedRoot(), CONFIG)
    assert signingconfig.read_client(signingconfig.write_client(both), where="c") == both


@pytest.mark.parametrize("instance", ["production", "staging"])
def test_the_published_ones_are_read_and_come_back_with_the_same_services(instance):
    data = (PUBLIC / instance / "signing_config.json").read_bytes()
    config = signingconfig.read(data, where=instance)
    assert config.authorities
    assert config.logs
    assert json.loads(signingconfig.write(config)) == json.loads(data)


def test_a_foreign_client_reads_what_we_write():
    from sigstore.models import ClientTrustConfig as Foreign

    root = trustroot.read((PUBLIC / "production/trusted_root.json").read_bytes(), where="r")
    foreign = Foreign.from_json(signingconfig.write_client(ClientTrustConfig(root, CONFIG)).decode())
    assert [log.url for log in foreign.signing_config._tlogs] == [SERVICE.url]
    assert [tsa.url for tsa in foreign.signing_config._tsas] == ["https://sign.example/api/v1/timestamp"]


def test_unknown_names_are_ignored():
    assert signingconfig.read(wire(colour="blue"), where="c") == CONFIG


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.1+json"}, UnsupportedError),
        ({"mediaType": None}, UnsupportedError),
        ({"caUrls": "https://sign.example"}, MalformedError),
        ({"caUrls": [{"url": "file:///etc", "majorApiVersion": 1, "validFor": {"start": "2026-01-02T03:04:05Z"}}]}, MalformedError),
        ({"caUrls": [{"url": "https://a", "majorApiVersion": 0, "validFor": {"start": "2026-01-02T03:04:05Z"}}]}, MalformedError),
        ({"caUrls": [{"url": "https://a", "majorApiVersion": 1, "validFor": {"start": ""}}]}, UntrustedError),
        ({"caUrls": [{"url": "https://a", "majorApiVersion": 1}]}, MalformedError),
        ({"rekorTlogConfig": {"selector": "SOME"}}, MalformedError),
        ({"rekorTlogConfig": {"selector": "EXACT"}}, MalformedError),
        ({"tsaConfig": {"selector": "EXACT", "count": 0}}, MalformedError),
    ],
)  # fmt: skip
def test_other_forms_are_refused(changes, error):
    with pytest.raises(error):
        signingconfig.read(wire(**changes), where="c")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"trustedRoot":{},"signingConfig":{}}', b"{" * 100, b"\xff", b'"x"']
)
def test_hostile_client_configs_end_in_an_error_of_ours(data):
    with pytest.raises(AssayError):
        signingconfig.read_client(data, where="c")
