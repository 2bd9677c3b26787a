"""Trusted roots and bodies of log entries: read strictly, bounded, with one of the five errors for everything else."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trustworld as w
from assay.formats import rekor, strictjson, trustroot
from assay.formats.trustroot import Validity
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.limits import Limits
from bundlemutants import mutants
from support import needs_shared, shared

ROOT = trustroot.write(w.roots())


@needs_shared
@pytest.mark.parametrize(
    "name",
    ["public-good-trusted-root.json", "intoto-with-custom-trust-root/trusted_root.json",
     "rekor2-dsse-happy-path/trusted_root.json"],
)  # fmt: skip
def test_real_roots_come_back(name):
    root = trustroot.read(shared("vectors", "sigstore", name).read_bytes(), where=name)
    assert root.tlogs
    assert root.certificate_authorities
    assert trustroot.read(trustroot.write(root), where="again") == root
    assert root.unknown_names == ()


def test_every_mutant_of_a_root_reads_or_is_refused_with_one_of_the_five_errors():
    refused = 0
    for _, _, data in mutants(ROOT):
        try:
            again = trustroot.read(data, where="root")
        except AssayError as error:
            refused += 1
            assert error.why  # noqa: PT017 (each of hundreds)
            continue
        trustroot.write(again)
    assert refused > 300


@given(st.binary(max_size=120))
def test_no_bytes_are_a_root(data):
    with pytest.raises(MalformedError):
        trustroot.read(data, where="root")


def test_a_root_is_bounded():
    with pytest.raises(MalformedError, match="limit 100"):
        trustroot.read(ROOT, where="root", limits=Limits(trust_file_bytes=100))


@pytest.mark.parametrize("media_type", sorted(trustroot.MEDIA_TYPES))
def test_media_types(media_type):
    data = json.loads(ROOT)
    assert trustroot.read(json.dumps({**data, "mediaType": media_type}).encode(), where="root")
    with pytest.raises(MalformedError, match="not known"):
        trustroot.read(json.dumps({**data, "mediaType": media_type + "x"}).encode(), where="root")


def test_a_missing_log_id_is_the_hash_of_the_key():
    data = json.loads(ROOT)
    del data["ctlogs"][0]["logId"]
    assert trustroot.read(json.dumps(data).encode(), where="root").ctlogs == w.roots().ctlogs


@pytest.mark.parametrize(
    ("text", "micro"),
    [("2026-01-02T03:04:05Z", 0), ("2026-01-02T03:04:05.5Z", 500_000), ("2026-01-02T03:04:05.123456789Z", 123_456)],
)
def test_instants(text, micro):
    assert trustroot.instant(text) == datetime(2026, 1, 2, 3, 4, 5, micro, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00", "٢٠٢٦-01-02T03:04:05Z"]
)
def test_no_instants(text):
    with pytest.raises(ValueError, match="not a time"):
        trustroot.instant(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_window_holds_exactly_between_its_ends(at):
    window = Validity("2000-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    assert window.holds(at) == (datetime(2000, 1, 1, tzinfo=UTC) <= at <= datetime(2030, 1, 1, tzinfo=UTC))


MADE = {
    "hashedrekord 0.0.2": w.make(),
    "hashedrekord 0.0.2 by key": w.make(by="key"),
    "hashedrekord 0.0.1": w.make(content="artifact", log=w.V1),
    "dsse 0.0.1": w.make(log=w.V1),
    "intoto 0.0.2": w.make(log=w.V1, kind="intoto"),
}


@pytest.mark.parametrize("kind", MADE)
def test_bodies_say_what_was_logged(kind):
    made = MADE[kind]
    body = rekor.read(made.entries[0].body, where="body")
    assert f"{body.kind} {body.version}" == kind.removesuffix(" by key")
    assert body.signature == made.signature
    assert body.certificate == (made.certificate or b"")
    assert bool(body.spki) == (made.certificate is None)
    assert body.algorithm == "sha256"


@pytest.mark.parametrize("kind", MADE)
def test_every_mutant_of_a_body_reads_or_is_refused(kind):
    refused = 0
    for _, _, data in mutants(MADE[kind].entries[0].body):
        try:
            rekor.read(data, where="body")
        except (MalformedError, UnsupportedError):
            refused += 1
    assert refused > 50


def test_a_version_2_body_is_canonical_and_comes_back():
    body = MADE["hashedrekord 0.0.2"].entries[0].body
    read = rekor.read(body, where="body")
    assert strictjson.canonical(json.loads(body)) == body
    made = rekor.hashedrekord_v2(
        algorithm=read.algorithm, digest=read.digest, signature=read.signature, key_details=read.key_details,
        certificate=read.certificate, spki=read.spki,
    )  # fmt: skip
    assert made == body


def test_intoto_may_hold_the_payload_twice_encoded():
    made = MADE["intoto 0.0.2"]
    value = json.loads(made.entries[0].body)
    payload = made.content.payload
    value["spec"]["content"]["envelope"]["payload"] = base64.b64encode(base64.b64encode(payload)).decode()
    assert rekor.read(json.dumps(value).encode(), where="body").payload == payload


def test_unknown_kinds_are_unsupported():
    with pytest.raises(UnsupportedError, match="alpine"):
        rekor.read(b'{"apiVersion":"0.0.1","kind":"alpine","spec":{}}', where="body")


def test_what_a_promise_signs():
    data = rekor.promised(b"{}", integrated_time=5, log_id=b"\xab", log_index=7)
    assert data == b'{"body":"e30=","integratedTime":5,"logID":"ab","logIndex":7}'
