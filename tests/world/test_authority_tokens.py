"""Whose tokens count: another issuer's, found through discovery over HTTP; and tokens that count once."""

import base64
import http.client
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import TimestampRequestBuilder

from assay import bootstrap
from assay.formats.authorityfile import Issuer
from running_authority import SIGNER, made, serving
from signing import P256


def post(at, path, body, headers):
    with closing(http.client.HTTPConnection(at.url.partition("://")[2], timeout=20)) as connection:
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def certified(at, token):
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(P256.key, hashes.SHA256())
    body = json.dumps({"certificateSigningRequest": base64.b64encode(csr.public_bytes(Encoding.PEM)).decode()})
    return post(at, "/api/v2/signingCert", body, {"Authorization": f"Bearer {token}"})


def change(folder, **changes):
    bootstrap.configure_authority(str(folder), lambda file: msgspec.structs.replace(file, **changes), b"", {})


def leaf(data):
    chain = json.loads(data)["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    return x509.load_pem_x509_certificate(chain[0].encode())


def test_an_issuer_is_found_by_discovery_and_only_listed_ones_count(tmp_path):
    made(tmp_path / "issuer", name="login")
    made(tmp_path / "authority")
    with serving(tmp_path / "issuer") as login:
        change(tmp_path / "authority", issuers=(Issuer(issuer=login.issuer, kind="email"),))
        with serving(tmp_path / "authority") as at:
            status, data = certified(at, login.token())
            assert status == 200
            name = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
            assert leaf(data).extensions.get_extension_for_oid(name).value.value == login.issuer.encode()
            assert certified(at, at.token())[0] == 401  # its own is not on the list any more
            assert certified(login, login.token())[0] == 200


def test_an_issuer_that_does_not_answer_is_no_reason_to_believe(tmp_path):
    made(tmp_path / "issuer", name="login")
    made(tmp_path / "authority")
    with serving(tmp_path / "issuer") as login:
        token, issuer = login.token(), login.issuer
    change(tmp_path / "authority", issuers=(Issuer(issuer=issuer, kind="email"),))
    with serving(tmp_path / "authority") as at:
        assert certified(at, token)[0] == 503


def test_a_token_of_a_single_use_issuer_counts_once(tmp_path):
    made(tmp_path / "a")
    file = bootstrap.read_authority(str(tmp_path / "a"))
    change(tmp_path / "a", issuers=tuple(msgspec.structs.replace(one, single_use=True) for one in file.issuers))
    with serving(tmp_path / "a") as at:
        token = at.token()
        assert certified(at, token)[0] == 200
        status, data = certified(at, token)
        assert status == 401
        assert SIGNER.encode() not in data
        assert certified(at, at.token("other@acme.example"))[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", ""])
def test_the_built_in_issuer_answers_under_its_own_name_only(tmp_path, host):
    made(tmp_path / "a")
    with serving(tmp_path / "a") as at:
        assert post(at, "/test-issuer/token", b'{"email":"a@b.example"}', {"Host": host})[0] in {400, 404}


def test_a_clock_set_back_gets_no_timestamp_across_restarts(tmp_path):
    made(tmp_path / "a")
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    (tmp_path / "a/keys/memory/last-1").write_text(ahead.isoformat())
    request = TimestampRequestBuilder().data(b"signature").build().as_bytes()
    with serving(tmp_path / "a") as at:
        assert post(at, "/api/v1/timestamp", request, {"Content-Type": "application/timestamp-query"})[0] == 503
    (tmp_path / "a/keys/memory/last-1").write_text("damaged")
    with serving(tmp_path / "a") as at:
        assert post(at, "/api/v1/timestamp", request, {"Content-Type": "application/timestamp-query"})[0] >= 400
