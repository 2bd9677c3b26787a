"""Tokens and keys as they are read: one spelling, nothing quoted, any bytes answered."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import jwt
from assay.model.errors import MalformedError
from assay.trust import keyring
from oidc import TokenMaker, b64url

MAKER = TokenMaker("https://issuer.example")
TOKEN = MAKER.token({"iss": "x", "secret": "s3cr3t"})


def test_a_token_is_taken_apart():
    found = jwt.read(TOKEN)
    assert (found.algorithm, found.key_id, found.claims) == ("ES256", "key-1", {"iss": "x", "secret": "s3cr3t"})
    assert found.signed == TOKEN.rpartition(".")[0].encode()
    assert len(found.signature) == 64


def part(value: object) -> str:
    return b64url(json.dumps(value).encode())


HEAD, BODY, SIGN = TOKEN.split(".")
TWICE = b'{"secret":"s3cr3t","secret":2}'
DEEP = b'{"a":' + b"[" * 9 + b"]" * 9 + b"}"
BAD = {
    "empty": "",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{TOKEN}.{SIGN}",
    "no signature": f"{HEAD}.{BODY}.",
    "encrypted": ".".join([HEAD] * 5),
    "padding": f"{HEAD}.{BODY}.{SIGN}==",
    "other alphabet": f"{HEAD}.{BODY}.{'/' * 86}",
    "stray bits": f"{HEAD}.{BODY}.{SIGN[:-1]}{'B' if SIGN[-1] != 'B' else 'C'}",
    "white space": f"{HEAD}.{BODY}.{SIGN}\n",
    "other letters": f"{HEAD}.{BODY}.{'é' * 86}",
    "header no object": f"{part([])}.{BODY}.{SIGN}",
    "header without alg": f"{part({'kid': 'x'})}.{BODY}.{SIGN}",
    "alg no text": f"{part({'alg': 5})}.{BODY}.{SIGN}",
    "kid no text": f"{part({'alg': 'ES256', 'kid': 5})}.{BODY}.{SIGN}",
    "critical header": f"{part({'alg': 'ES256', 'crit': ['b64']})}.{BODY}.{SIGN}",
    "unencoded payload": f"{part({'alg': 'ES256', 'b64': False})}.{BODY}.{SIGN}",
    "claims no object": f"{HEAD}.{part('s3cr3t')}.{SIGN}",
    "claims twice": f"{HEAD}.{b64url(TWICE)}.{SIGN}",
    "claims deep": f"{HEAD}.{b64url(DEEP)}.{SIGN}",
    "long": f"{HEAD}.{'A' * 70_000}.{SIGN}",
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_token_is_refused_without_a_quote(case):
    with pytest.raises(MalformedError) as caught:
        jwt.read(BAD[case])
    assert "s3cr3t" not in caught.value.line()
    assert caught.value.__cause__ is None
    assert caught.value.why


@given(st.text(alphabet="eyJ0.-_{}AZ", max_size=80))
def test_any_text_is_answered(text):
    with contextlib.suppress(MalformedError):
        jwt.read(text)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384"])
def test_keys_are_read(algorithm):
    maker = TokenMaker("x", algorithm)
    (found,) = jwt.read_keys(maker.jwks(), where="x")
    assert (found.key_id, found.algorithm) == ("key-1", algorithm)
    loaded = keyring.load(found.spki, where="x")
    assert loaded.public_numbers() == maker.key.public_key().public_numbers()
    assert keyring.key(found.spki, name="x").spki == found.spki  # the canonical spelling


def keys(*changes: dict) -> bytes:
    return json.dumps({"keys": [{**MAKER.jwk(), **change} for change in changes]}).encode()


def test_keys_for_other_things_are_left_out():
    others = [
        {"use": "enc"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "oct"},
        {"crv": "P-521"},
        {"kty": ["EC"]},
        {"kty": None},
    ]
    assert jwt.read_keys(keys(*others), where="x") == ()
    assert len(jwt.read_keys(keys(*others, {}), where="x")) == 1
    without_use = {name: value for name, value in MAKER.jwk().items() if name not in {"use", "alg"}}
    (found,) = jwt.read_keys(json.dumps({"keys": [without_use]}).encode(), where="x")
    assert found.algorithm == ""


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[1]}', keys({"x": "AA"}), keys({"x": ""}), keys({"x": "=="}), keys({"x": 5}),
        keys({"kid": 5}), keys({"kty": "RSA"}), keys(*[{}] * 101),
    ],
)  # fmt: skip
def test_damaged_keys_are_refused(data):
    with pytest.raises(MalformedError):
        jwt.read_keys(data, where="x")


@given(st.binary(max_size=100))
def test_any_document_is_answered(data):
    for read in (jwt.read_keys, jwt.read_discovery):
        with contextlib.suppress(MalformedError):
            read(data, where="x")


def test_the_two_alphabets_of_base64_do_not_mix():
    assert base64.b64decode("+/+/") == base64.urlsafe_b64decode("-_-_")
    with pytest.raises(MalformedError):
        jwt.read(f"{HEAD}.{BODY}.{'+/' * 43}")
