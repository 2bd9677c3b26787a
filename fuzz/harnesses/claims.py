"""Signed claims, image documents, and what an operator hands in: predicates, manifests, keys, credentials."""

import base64
from collections.abc import Iterable
from typing import Any

from assay.adapters import credentials, http_errors, http_urls, registry_auth
from assay.artifact import image, reference
from assay.formats import base64text, bundle, dsse, image_facts, intoto, oci, strictjson, vsa, vulns
from assay.model.limits import DEFAULT_LIMITS
from assay.policy import metadata
from assay.trust import keyring

from .shape import Harness, answers, text_of


def check_dsse(data: bytes) -> None:
    """An envelope is written and read again, signatures and all."""
    envelope = dsse.read(data, where="x", limit=1 << 20)
    assert dsse.read(dsse.write(envelope), where="y", limit=1 << 20) == envelope
    dsse.pae(envelope.payload_type, envelope.payload)


def check_intoto(data: bytes) -> None:
    """A statement keeps its bytes; its predicate is read as each kind."""
    statement = intoto.read(data, where="x")
    assert statement.payload == data


def check_predicates(data: bytes) -> None:
    """One JSON object as each predicate."""
    value = strictjson.loads(data, where="x", limit=1 << 20)
    if isinstance(value, dict):
        for read in (vulns.read, vsa.read, image_facts.read):
            answers(lambda _, read=read: read(value, where="x"), b"")  # type: ignore[misc]


def check_base64(data: bytes) -> None:
    """The text is the only spelling of its bytes."""
    text = text_of(data)
    assert base64text.encode(base64text.decode(text, where="x")) == text


def check_oci(data: bytes) -> None:
    """The first byte says which media type was announced; empty is one of them."""
    if not data:
        return
    kinds = ("", *sorted(oci.MANIFESTS | oci.INDEXES))
    parsed = oci.parse(data[1:], kinds[data[0] % len(kinds)], where="x", limits=DEFAULT_LIMITS)
    listed = parsed.layers if isinstance(parsed, oci.Manifest) else parsed.manifests
    for one in listed:
        assert one.size >= 0
        assert oci.descriptor(oci.descriptor_to_dict(one), where="y") == one


def check_docker_archive(data: bytes) -> None:
    """`manifest.json` of an image archive; an entry is written and read again."""
    for entry in oci.parse_docker_archive(data, where="x", limits=DEFAULT_LIMITS):
        again: Any = oci.archive_entry_to_dict(entry)
        assert oci.archive_entry(again, where="y", limits=DEFAULT_LIMITS) == entry


def _absent(_: str) -> bool:
    return False


def check_reference(data: bytes) -> None:
    """A reference that is read can be asked of a registry."""
    text = text_of(data)
    answers(lambda _: reference.parse_target(text, _absent), b"")
    target = reference.parse_reference(text)
    assert target.selector
    assert not any(ord(letter) < 33 for letter in target.repository)


def check_platform(data: bytes) -> None:
    """`os/architecture/variant`."""
    image.parse_platform(text_of(data))


def check_challenge(data: bytes) -> None:
    """`WWW-Authenticate`."""
    found = registry_auth.parse_challenge(data.decode("latin-1"))
    assert found is None or found.scheme in {"bearer", "basic"}


def check_urls(data: bytes) -> None:
    """Addresses a server gives, and `Retry-After`."""
    first, _, second = data.decode("latin-1").partition("\n")
    answers(lambda _: http_urls.check_url(first, ()), b"")
    answers(lambda _: http_urls.origin(first), b"")
    answers(lambda _: http_urls.next_url("https://r.example/v2/", second), b"")
    answers(lambda _: http_urls.check_url(http_urls.next_url("https://r.example/v2/", second), ()), b"")
    seconds = http_errors.retry_after({"retry-after": second})
    assert seconds is None or seconds >= 0
    http_errors.clean(first)


def check_credentials(data: bytes) -> None:
    """A credentials file, and a helper's answer."""
    answers(lambda _: credentials._from_helper(data, "x"), b"")
    config = strictjson.loads(data, where="x", limit=1 << 20)
    if isinstance(config, dict):
        found = credentials._from_auths(config, credentials._names("r.example", "a/b"), "x")
        if found is not None:
            found.basic()


def _credentials() -> Iterable[bytes]:
    pair = base64.b64encode(b"name:word").decode()
    yield b'{"auths": {"r.example": {"auth": "%s"}}, "credHelpers": {"a": "b"}}' % pair.encode()
    yield b'{"auths": {"https://r.example/v1/": {"username": "a", "password": "b", "identitytoken": "t"}}}'
    yield b'{"Username": "<token>", "Secret": "s"}'


def _urls() -> Iterable[bytes]:
    yield b"https://r.example:5000/v2/\n/v2/x?y=1#z"
    yield b"http://127.0.0.1/\nhttp://other.example/"
    yield b"https://u@[::1]:99999/\nSun, 06 Nov 1994 08:49:37 GMT"


HARNESSES = (
    Harness(name="dsse", check=check_dsse, doors=(dsse.read,)),
    Harness(name="bundle", check=lambda data: bundle.read(data, where="x"), doors=(bundle.read,), bytes_limit=8192),
    Harness(name="in-toto", check=check_intoto, doors=(intoto.read,)),
    Harness(name="predicates", check=check_predicates, doors=(vulns.read, vsa.read, image_facts.read)),
    Harness(name="base64", check=check_base64, doors=(base64text.decode,), bytes_limit=256),
    Harness(name="oci-manifest", check=check_oci, doors=(oci.parse,), bytes_limit=8192),
    Harness(
        name="oci-config", doors=(oci.parse_config,), bytes_limit=8192,
        check=lambda data: oci.parse_config(data, where="x", limits=DEFAULT_LIMITS),
    ),
    Harness(name="docker-archive", check=check_docker_archive, doors=(oci.parse_docker_archive,)),
    Harness(
        name="reference", check=check_reference, doors=(reference.parse_reference, reference.parse_target),
        bytes_limit=512,
    ),
    Harness(name="platform", check=check_platform, doors=(image.parse_platform,), bytes_limit=128),
    Harness(name="challenge", check=check_challenge, doors=(registry_auth.parse_challenge,), bytes_limit=9000),
    Harness(
        name="http-address", check=check_urls, doors=(http_urls.check_url, http_errors.retry_after), seeds=_urls,
        bytes_limit=512,
    ),
    Harness(
        name="credentials", check=check_credentials, doors=(credentials._from_auths,), seeds=_credentials,
        bytes_limit=1024,
    ),
    Harness(
        name="public-key", check=lambda data: keyring.key(data, name="x"), doors=(keyring.key,), bytes_limit=1024,
    ),
    Harness(
        name="policy-metadata", check=lambda data: metadata.rule("x", data.decode("utf-8", "replace")),
        doors=(metadata.rule,),
    ),
)  # fmt: skip
"""Rows of the table."""
