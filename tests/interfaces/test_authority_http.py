"""The authority's endpoints as clients meet them: what each takes, what each refuses, and with which status."""

import base64
import hashlib
import http.client
import json
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

from assay.formats import dsse, note, tiles
from assay.model.errors import UnavailableError
from running_authority import SIGNER, running
from signing import ED25519, P256, SIGNERS

PLACE = "/api/v2/signingCert"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("authority")) as found:
        yield found


def ask(at, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(at.url.partition("://")[2], timeout=20)
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    connection.request(method, path, body=data, headers={"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, read


def b64(data):
    return base64.b64encode(data).decode()


def csr(key):
    name = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "whoever@else.example")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def certificate_request(key=None):
    pem = csr(key or P256.key).public_bytes(Encoding.PEM)
    return {"certificateSigningRequest": b64(pem)}


def bearer(at):
    return {"Authorization": f"Bearer {at.token()}"}


def entry(signer=P256, *, data=b"logged", details="PKIX_ECDSA_P256_SHA_256", algorithm="sha256"):
    return {
        "hashedRekordRequestV002": {
            "digest": b64(hashlib.new(algorithm, data).digest()),
            "signature": {
                "content": b64(signer.sign(data)),
                "verifier": {"publicKey": {"rawBytes": b64(signer.public_key())}, "keyDetails": details},
            },
        }
    }


ENTRIES = "/log/acme-1/api/v2/log/entries"


def test_a_certificate_is_for_the_token_s_owner_whatever_the_request_says(authority):
    status, _, data = ask(authority, "POST", PLACE, certificate_request(), bearer(authority))
    assert status == 200  # sigstore-go takes nothing else
    chain = json.loads(data)["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    assert len(chain) == 3
    leaf = x509.load_pem_x509_certificate(chain[0].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.RFC822Name(SIGNER)]
    assert not list(leaf.subject)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 600
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(chain[1].encode()))


def test_a_key_with_a_signature_over_the_mail_address_will_do(authority):
    pem = P256.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    asked = {
        "credentials": {"oidcIdentityToken": authority.token()},
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": pem},
            "proofOfPossession": b64(P256.sign(SIGNER.encode())),
        },
    }
    assert ask(authority, "POST", PLACE, asked)[0] == 200
    asked["publicKeyRequest"]["proofOfPossession"] = b64(P256.sign(b"somebody@else.example"))
    status, _, data = ask(authority, "POST", PLACE, asked)
    assert status == 400
    assert json.loads(data)["code"] == 3


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer "}]
)
def test_without_a_token_there_is_no_certificate(authority, header):
    status, _, data = ask(authority, "POST", PLACE, certificate_request(), header)
    assert status in {400, 401}
    assert json.loads(data)["message"]


def test_an_altered_token_is_unauthenticated(authority):
    head, payload, signature = authority.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"email": "ceo@acme.example"}).encode()).rstrip(b"=").decode()
    header = {"Authorization": f"Bearer {head}.{other}.{signature}"}
    status, _, data = ask(authority, "POST", PLACE, certificate_request(), header)
    assert status == 401
    assert b"ceo@acme.example" not in data


def test_a_certificate_request_signed_by_another_key_is_refused(authority):
    der = bytearray(csr(P256.key).public_bytes(Encoding.DER))
    der[-1] ^= 1
    pem = (
        b"-----BEGIN CERTIFICATE REQUEST-----\n"
        + base64.encodebytes(bytes(der))
        + b"-----END CERTIFICATE REQUEST-----\n"
    )
    assert ask(authority, "POST", PLACE, {"certificateSigningRequest": b64(pem)}, bearer(authority))[0] == 400


def test_the_leaf_lies_in_the_issuance_log_before_anybody_has_it(authority):
    before = size_of(authority, "/issuance/acme-1")
    assert ask(authority, "POST", PLACE, certificate_request(), bearer(authority))[0] == 200
    assert size_of(authority, "/issuance/acme-1") == before + 1


def size_of(at, log):
    status, headers, data = ask(at, "GET", f"{log}/checkpoint")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    return note.checkpoint(note.parse(data, where="c").text, where="c").size


def test_what_does_not_lie_there_is_never_promised(authority, monkeypatch):
    from assay.adapters.batcher import Batcher

    def full(self, item):
        raise UnavailableError("no room")

    monkeypatch.setattr(Batcher, "submit", full)
    for path, body, headers in (
        (PLACE, certificate_request(), bearer(authority)), (ENTRIES, entry(data=b"no room"), {})
    ):  # fmt: skip
        assert ask(authority, "POST", path, body, headers)[0] == 503


def test_trust_bundle_and_configuration(authority):
    chains = json.loads(ask(authority, "GET", "/api/v2/trustBundle")[2])["chains"]
    assert len(chains[0]["certificates"]) == 2
    issuers = json.loads(ask(authority, "GET", "/api/v2/configuration")[2])["issuers"]
    assert issuers == [
        {"issuerUrl": authority.issuer, "audience": "sigstore", "challengeClaim": "email", "type": "email"}
    ]


def test_an_entry_is_answered_once_a_checkpoint_covers_it(authority):
    status, _, data = ask(authority, "POST", ENTRIES, entry(data=b"one"))
    assert status == 201
    found = json.loads(data)
    assert found["logIndex"] == found["inclusionProof"]["logIndex"]
    assert found["kindVersion"] == {"kind": "hashedrekord", "version": "0.0.2"}
    head = note.checkpoint(
        note.parse(found["inclusionProof"]["checkpoint"]["envelope"].encode(), where="c").text, where="c"
    )
    assert int(found["inclusionProof"]["treeSize"]) == head.size > int(found["logIndex"])
    body = base64.b64decode(found["canonicalizedBody"])
    assert json.loads(body)["spec"]["hashedRekordV002"]["data"]["algorithm"] == "SHA2_256"
    status, _, bundle = ask(authority, "GET", f"/log/acme-1/tile/entries/000.p/{head.size}")
    assert status == 200
    assert tiles.entries(bundle, head.size, where="e")[int(found["logIndex"])] == body


def test_the_same_entry_again_names_its_place(authority):
    request = entry(data=b"twice")
    first = json.loads(ask(authority, "POST", ENTRIES, request)[2])["logIndex"]
    status, headers, _ = ask(authority, "POST", ENTRIES, request)
    assert status == 409
    assert headers["x-log-index"] == first


def test_the_older_form_for_envelopes_is_logged_as_the_hash_of_what_was_signed(authority):
    payload = b'{"_type":"https://in-toto.io/Statement/v1"}'
    envelope = {
        "payload": b64(payload), "payloadType": dsse.IN_TOTO,
        "signatures": [{"sig": b64(P256.sign(dsse.pae(dsse.IN_TOTO, payload))), "keyid": ""}],
    }  # fmt: skip
    verifier = {"publicKey": {"rawBytes": b64(P256.public_key())}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    status, _, data = ask(
        authority, "POST", ENTRIES, {"dsseRequestV002": {"envelope": envelope, "verifiers": [verifier]}}
    )
    assert status == 201
    record = json.loads(base64.b64decode(json.loads(data)["canonicalizedBody"]))["spec"]["hashedRekordV002"]
    assert base64.b64decode(record["data"]["digest"]) == hashlib.sha256(dsse.pae(dsse.IN_TOTO, payload)).digest()


def test_a_large_envelope_in_the_older_form_leaves_only_its_hash(authority):
    payload = b'{"_type":"https://in-toto.io/Statement/v1","x":"' + b"x" * 3_000_000 + b'"}'
    envelope = {
        "payload": b64(payload), "payloadType": dsse.IN_TOTO,
        "signatures": [{"sig": b64(P256.sign(dsse.pae(dsse.IN_TOTO, payload)))}],
    }  # fmt: skip
    verifier = {"publicKey": {"rawBytes": b64(P256.public_key())}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    status, _, data = ask(
        authority, "POST", ENTRIES, {"dsseRequestV002": {"envelope": envelope, "verifiers": [verifier]}}
    )
    assert status == 201
    assert len(data) < 5_000
    assert ask(authority, "POST", ENTRIES, b"x" * (17 << 20))[0] == 413


@pytest.mark.parametrize(
    ("signer", "details", "algorithm"),
    [("p384", "PKIX_ECDSA_P384_SHA_384", "sha384"), ("p521", "PKIX_ECDSA_P521_SHA_512", "sha512"),
     ("rsa2048", "PKIX_RSA_PKCS1V15_2048_SHA256", "sha256")],
)  # fmt: skip
def test_other_keys_are_logged_by_their_own_hash(authority, signer, details, algorithm):
    request = entry(SIGNERS[signer], data=b"other keys", details=details, algorithm=algorithm)
    assert ask(authority, "POST", ENTRIES, request)[0] == 201


def changed(path, value):
    request = entry(data=b"hostile")
    place = request["hashedRekordRequestV002"]
    *way, last = path
    for name in way:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return request


@pytest.mark.parametrize(
    "request_body",
    [
        b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100, {"hashedRekordRequestV002": {}, "dsseRequestV002": {}},
        changed(["digest"], b64(b"x" * 32)),  # the signature is of another digest
        changed(["digest"], b64(b"short")),
        changed(["digest"], None),
        changed(["signature", "content"], b64(b"no signature")),
        changed(["signature", "content"], "not base64!"),
        changed(["signature", "verifier", "keyDetails"], "PKIX_ECDSA_P384_SHA_384"),
        changed(["signature", "verifier", "keyDetails"], "PKIX_ED25519"),
        changed(["signature", "verifier", "publicKey"], None),
        changed(["signature", "verifier", "publicKey", "rawBytes"], b64(b"no key")),
        changed(["signature", "verifier", "x509Certificate"], {"rawBytes": b64(b"both")}),
        entry(ED25519, details="PKIX_ED25519"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_not_logged(authority, request_body):
    before = size_of(authority, "/log/acme-1")
    status, _, data = ask(authority, "POST", ENTRIES, request_body)
    assert status == 400
    assert json.loads(data)["message"]
    assert size_of(authority, "/log/acme-1") == before


@pytest.mark.parametrize(
    "path",
    ["/", "/log/other-1/checkpoint", "/log/acme-2/checkpoint", "/log/acme-1/tile/0/999", "/log/acme-1/tile/../intent",
     "/log/acme-1/tile/0/000.p/300", "/log/acme-1/tile/x", "/log/acme-1/intent", "/issuance/acme-9/checkpoint",
     "/log/acme-1/tile/%2e%2e%2f%2e%2e%2fkeys/log-1.key", "/authority.json", "/keys/log-1.key"],
)  # fmt: skip
def test_nothing_else_is_served(authority, path):
    assert ask(authority, "GET", path)[0] == 404


def test_logs_are_read_under_both_addresses(authority):
    assert (
        ask(authority, "GET", "/log/acme-1/api/v2/checkpoint")[2] == ask(authority, "GET", "/log/acme-1/checkpoint")[2]
    )
    size = size_of(authority, "/log/acme-1")
    status, headers, tile = ask(authority, "GET", f"/log/acme-1/api/v2/tile/0/000.p/{size}")
    assert status == 200
    assert "immutable" in headers["cache-control"]
    assert len(tile) == 32 * size


def test_a_timestamp_is_asked_in_der_or_in_json(authority):
    request = TimestampRequestBuilder().data(b"signature").nonce(nonce=True).build()
    headers = {"Content-Type": "application/timestamp-query"}
    status, found, data = ask(authority, "POST", "/api/v1/timestamp", request.as_bytes(), headers)
    assert (status, found["content-type"]) == (201, "application/timestamp-reply")
    assert decode_timestamp_response(data).tst_info.nonce == request.nonce
    asked = {
        "artifactHash": b64(hashlib.sha256(b"s").digest()),
        "hashAlgorithm": "sha256",
        "nonce": 7,
        "certificates": True,
    }
    status, _, data = ask(authority, "POST", "/api/v1/timestamp", asked)
    assert status == 201
    stamped = decode_timestamp_response(data)
    assert stamped.tst_info.nonce == 7
    assert stamped.tst_info.message_imprint.message == hashlib.sha256(b"s").digest()
    certificates = ask(authority, "GET", "/api/v1/timestamp/certchain")[2]
    assert len(x509.load_pem_x509_certificates(certificates)) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"nothing", "application/timestamp-query"), (b"", "application/timestamp-query"),
        (b"{}", "application/json"), (b'{"artifactHash":"AA==","hashAlgorithm":"sha256"}', "application/json"),
        (b'{"artifactHash":"AA==","hashAlgorithm":"md5"}', "application/json"),
    ],
)  # fmt: skip
def test_what_is_no_wish_for_a_timestamp_is_refused(authority, body, kind):
    assert ask(authority, "POST", "/api/v1/timestamp", body, {"Content-Type": kind})[0] == 400


def test_long_requests_are_cut_off(authority):
    assert ask(authority, "POST", PLACE, b"x" * 70_000, bearer(authority))[0] == 413
    assert ask(authority, "POST", "/api/v1/timestamp", b"x" * 70_000)[0] == 413


def test_its_health(authority):
    status, _, data = ask(authority, "GET", "/healthz")
    assert status == 200
    assert json.loads(data)["log"] == size_of(authority, "/log/acme-1")


def test_it_is_no_witness_unless_set_up(authority):
    assert ask(authority, "POST", "/add-checkpoint", b"old 0\n\n")[0] == 404


def test_many_at_once_share_batches_and_each_gets_an_index_of_its_own(authority):
    before, answers = size_of(authority, "/log/acme-1"), []

    def send(number):
        answers.append(ask(authority, "POST", ENTRIES, entry(data=f"at once {number}".encode())))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _, _ in answers} == {201}
    assert len({json.loads(data)["logIndex"] for _, _, data in answers}) == 40
    assert size_of(authority, "/log/acme-1") == before + 40


def test_who_asks_too_often_waits():
    from assay.interfaces.authority.rates import Rates

    clock = [0.0]
    rates = Rates(2.0, 3, lambda: clock[0])
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 0]
    assert rates.wait("a") == pytest.approx(0.5)
    assert rates.wait("b") == 0
    clock[0] = 0.5
    assert rates.wait("a") == 0
    assert rates.wait("a") > 0
    for number in range(20_000):
        rates.wait(str(number))
    assert len(rates._buckets) <= 10_000


def test_the_interface_says_429_and_when_to_come_back(tmp_path):
    from running_authority import made, serving

    made(tmp_path / "a")
    with serving(tmp_path / "a", per_second=0.5, burst=2) as at:
        statuses = [ask(at, "POST", ENTRIES, b"{}") for _ in range(3)]
        assert [status for status, _, _ in statuses] == [400, 400, 429]
        assert int(statuses[2][1]["retry-after"]) >= 1
        assert ask(at, "GET", "/log/acme-1/checkpoint")[0] == 200  # readers are not counted
