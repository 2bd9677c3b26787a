"""What services answer and what signatures rest on: entries, certificates, promises, roots, predicates, Dockerfiles."""

import base64
import json
from collections.abc import Callable, Iterable

from assay.build import dockerfile as importer
from assay.formats import (
    base64text,
    buildkit,
    canonicaljson,
    claims,
    cosign,
    dockerfile,
    dockerwords,
    fulcio,
    idtoken,
    intoto,
    predicate_values,
    predicates,
    rekor,
    rekor_api,
    slsa,
    stracelog,
    strictcheck,
    strictjson,
    trustroot,
)
from assay.formats.rekor_api import Signed
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Evidence, Signer
from assay.model.predicates import TestResult
from assay.model.statement import ResourceDescriptor
from assay.trust import levels, provenance

from .identities import authority
from .shape import Harness, answers, text_of

_DIGEST = Digest("sha256", "0" * 64)
_ABOUT = (ResourceDescriptor(name="x", digest={"sha256": _DIGEST.hex}),)
_TYPES = sorted(predicates.SHORT_NAMES)
_PROVENANCES = (predicates.PROVENANCE, predicates.PROVENANCE_V02)
_ANY = levels.from_objects([{"name": "any", "level": 1, "key": "*", "builder_id": "**"}], where="x")


def check_canonical(data: bytes) -> None:
    """Canonical bytes are JSON, and the canonical bytes of themselves."""
    value = strictjson.loads(data, where="x", limit=1 << 20)
    try:
        written = canonicaljson.dumps(value)
    except ValueError:
        return  # NaN, an infinity, half of a pair: said so by name
    assert canonicaljson.dumps(json.loads(written)) == written


def _refusal(read: Callable[..., object], data: bytes) -> str:
    try:
        read(data, where="x", limit=1 << 20)
    except MalformedError as error:
        return error.line()
    return ""


def check_strict(data: bytes) -> None:
    """What is refused with its values is refused without them, in the same words; a statement in brief is the same."""
    assert _refusal(strictcheck.check, data) == _refusal(strictjson.loads, data)
    whole = intoto.read(data, where="x")
    brief = intoto.read(data, where="x", whole=False)
    assert (brief.subject, brief.predicate_type) == (whole.subject, whole.predicate_type)
    assert (brief.predicate, brief.payload) == ({}, data)


def check_body(data: bytes) -> None:
    """What an entry says it is about has a digest, a signature, and one signer."""
    found = rekor.read(data, where="x")
    assert found.digest
    assert found.signature
    assert bool(found.certificate) != bool(found.spki)


def check_answer(data: bytes) -> None:
    """The first byte says which API answered; an entry has numbers a bundle can hold."""
    for version in (1, 2):

        def read(_: bytes, version: int = version) -> None:
            found = rekor_api.answer(version, data, where="x")
            assert 0 <= found.log_index < 1 << 63

        answers(read, b"")


def check_chain(data: bytes) -> None:
    """An answer holds at least one certificate."""
    assert all(isinstance(one, bytes) for one in fulcio.chain(data, where="x"))


def check_token(data: bytes) -> None:
    """Any three parts; and any claims in the middle one. Errors do not quote the token."""
    middle = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    for text in (text_of(data), f"a.{middle}.b"):

        def read(_: bytes, text: str = text) -> None:
            try:
                idtoken.read(text)
            except MalformedError as error:
                assert len(text) < 20 or text not in error.line()
                raise

        answers(read, b"")


def check_cosign(data: bytes) -> None:
    """A payload, and annotations by their names."""
    answers(lambda _: cosign.read_payload(data, where="x"), b"")
    value = strictjson.loads(data, where="x", limit=1 << 20)
    if isinstance(value, dict):
        cosign.read_proofs({name: text for name, text in value.items() if isinstance(text, str)}, where="x")


def check_values(data: bytes) -> None:
    """The first byte says which type; a value is read again as it was written."""
    value = strictjson.loads(data[1:], where="x", limit=1 << 20)
    if not isinstance(value, dict):
        return
    kind = _TYPES[data[0] % len(_TYPES)]
    found = predicate_values.read(intoto.statement(_ABOUT, kind, value), where="x")
    if not isinstance(found, slsa.Provenance) or found.version != "v0.2":
        again = intoto.statement(_ABOUT, kind, predicate_values.write(found))
        assert predicate_values.read(again, where="y") == found


def check_slsa(data: bytes) -> None:
    """A provenance is judged, whatever it says; nobody's word makes a level above the row's."""
    value = strictjson.loads(data, where="x", limit=1 << 20)
    if not isinstance(value, dict):
        return
    asked = provenance.Expectation(source="github.com/a/b", tag="v1", materials=("*",), parameters={"a.b": "c"})
    for kind in _PROVENANCES:
        evidence = Evidence(statement=intoto.statement(_ABOUT, kind, value), signer=Signer(kind="key", key_id="k"))
        for expected in (provenance.Expectation(), asked):
            try:
                assert provenance.judged(evidence, expected, _ANY).level.build == 1
            except UntrustedError as error:
                assert error.code


def check_bases(data: bytes) -> None:
    """Images among the materials of a provenance are known by their digest, and listed once."""
    value = strictjson.loads(data, where="x", limit=1 << 20)
    if not isinstance(value, dict):
        return
    for kind in _PROVENANCES:
        statement = intoto.statement(_ABOUT, kind, value)
        read = slsa.read(kind, statement.predicate, where="x")
        found = buildkit.images(read.resolved_dependencies, statement.predicate)
        assert len({(one.name, one.digest) for one in found}) == len(found)
        assert all(one.digest.startswith("sha256:") for one in found)


def _bases() -> Iterable[bytes]:
    image = "docker.io/library/python:3.12@sha256:" + "ab" * 32
    step = {"id": "step0", "op": {"Op": {"source": {"identifier": f"docker-image://{image}"}}}}
    layers = {"step0:0": [[{"mediaType": "m", "digest": "sha256:" + "cd" * 32, "size": 1}]]}
    material = {"uri": "pkg:docker/python@3.12?platform=linux%2Famd64", "digest": {"sha256": "ab" * 32}}
    yield strictjson.canonical(
        {
            "builder": {"id": "b"}, "buildType": "https://mobyproject.org/buildkit@v1", "materials": [material],
            "buildConfig": {"llbDefinition": [step]},
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"layers": layers}},
        }
    )  # fmt: skip
    yield strictjson.canonical(
        {
            "buildDefinition": {
                "buildType": "https://b/1", "externalParameters": {}, "resolvedDependencies": [material],
                "internalParameters": {"buildConfig": {"llbDefinition": [step]}},
            },
            "runDetails": {"builder": {"id": "b"}, "metadata": {"buildkit_metadata": {"layers": layers}}},
        }
    )  # fmt: skip


def check_root(data: bytes) -> None:
    """A trusted root is written as it was read, but for the names nobody knows."""
    found = trustroot.read(data, where="x")
    again = trustroot.read(trustroot.write(found), where="y")
    assert (again.tlogs, again.ctlogs) == (found.tlogs, found.ctlogs)
    assert again.certificate_authorities == found.certificate_authorities
    assert again.timestamp_authorities == found.timestamp_authorities


def check_dockerfile(data: bytes) -> None:
    """Instructions stand in order, and each is judged."""
    text = text_of(data)
    for escape in ("\\", "`"):
        words = dockerwords.split(text, escape)
        assert all(words)
        assert all(len(dockerwords.unquoted(word, escape)) <= len(word) for word in words)
    found = dockerfile.read(data, where="x")
    starts = [one.start for one in found.instructions]
    assert starts == sorted(starts)
    assert all(one.start <= one.end for one in found.instructions)
    importer.read(found)


def check_trace(data: bytes) -> None:
    """How a tracer's log is cut changes nothing; what is missing is said."""
    found = []
    for step in (len(data) or 1, 7):
        reader = stracelog.Reader("x", "files")
        for at in range(0, len(data), step):
            reader.feed(data[at : at + step])
        found.append(reader.finish())
    assert found[0] == found[1]
    assert (found[0].state == "complete") != bool(found[0].detail)


def _bodies() -> Iterable[bytes]:
    made = authority()
    for one in (Signed(digest=bytes(32), signature=b"s", certificate=made.leaf), _bare()):
        yield rekor_api.body(one)
        value = json.loads(rekor_api.request(1, one))
        yield json.dumps(value).encode()


def _bare() -> Signed:
    from .identities import Constant

    return Signed(digest=bytes(32), signature=b"s", spki=Constant(8).public_key())


def _answers() -> Iterable[bytes]:
    body = base64text.encode(rekor_api.body(_bare()))
    proof = {"logIndex": "0", "rootHash": base64text.encode(bytes(32)), "treeSize": "1", "hashes": []}
    yield json.dumps(
        {
            "logIndex": "0", "logId": {"keyId": base64text.encode(bytes(32))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": {**proof, "checkpoint": {"envelope": "a\n1\nx\n"}}, "canonicalizedBody": body,
        }
    ).encode()  # fmt: skip
    older = {"logIndex": 0, "rootHash": "00" * 32, "treeSize": 1, "hashes": [], "checkpoint": "a\n1\nx\n"}
    entry = {
        "body": body, "integratedTime": 1, "logID": "00" * 32, "logIndex": 5,
        "verification": {"inclusionProof": older, "signedEntryTimestamp": "AAAA"},
    }  # fmt: skip
    yield json.dumps({"00" * 40: entry}).encode()


def _pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"


def _chains() -> Iterable[bytes]:
    made = authority()
    chain = {"certificates": [_pem(made.leaf), _pem(made.intermediate)]}
    yield json.dumps({"signedCertificateEmbeddedSct": {"chain": chain}}).encode()
    yield json.dumps({"signedCertificateDetachedSct": {"chain": chain}}).encode()


def _tokens() -> Iterable[bytes]:
    yield b'{"iss":"https://issuer.example","exp":1793588945}'
    yield b'{"iss":"x","exp":1e300}'
    yield b"YQ.eyJpc3MiOiJ4IiwiZXhwIjoxfQ.YQ"


def _cosign() -> Iterable[bytes]:
    yield cosign.write_payload(_DIGEST, "r.example/a")
    payload = {"body": base64text.encode(b'{"kind":"a","apiVersion":"b"}'), "integratedTime": 1, "logIndex": 2}
    bundle = {"SignedEntryTimestamp": "AAAA", "Payload": {**payload, "logID": "00" * 32}}
    yield json.dumps(
        {
            cosign.SIGNATURE: "AAAA", cosign.CERTIFICATE: _pem(authority().leaf), cosign.BUNDLE: json.dumps(bundle),
            cosign.TIMESTAMP: '{"SignedRFC3161Timestamp":"AAAA"}',
        }
    ).encode()  # fmt: skip


def _values() -> Iterable[bytes]:
    test = claims.write(TestResult(result="PASSED", configuration=_ABOUT))
    number = _TYPES.index(predicates.TEST_RESULT)
    yield bytes([number]) + strictjson.canonical(test)
    yield bytes([_TYPES.index(predicates.RELEASE)]) + b'{"purl":"pkg:a/b","releaseId":"x"}'
    monitor = b'{"monitor":{"type":"a"},"monitoredProcess":{"hostID":"h"},"monitorLog":{"process":[]}}'
    yield bytes([_TYPES.index(predicates.RUNTIME_TRACE)]) + monitor


def _provenances() -> Iterable[bytes]:
    git = "git+https://github.com/a/b@refs/tags/v1"
    material = {"uri": git, "digest": {"gitCommit": "c0"}}
    yield strictjson.canonical(
        {
            "buildDefinition": {
                "buildType": "https://b/1", "externalParameters": {"a": {"b": "c"}, "source": git},
                "resolvedDependencies": [material],
            },
            "runDetails": {"builder": {"id": "b"}, "metadata": {"startedOn": "2026-01-02T03:04:05Z"}},
        }
    )  # fmt: skip
    yield strictjson.canonical(
        {
            "builder": {"id": "b"}, "buildType": "https://b/1", "materials": [material],
            "invocation": {"configSource": {**material, "entryPoint": "e"}, "parameters": {}, "environment": {}},
        }
    )  # fmt: skip


_DOCKERFILE = b"""# escape=`
FROM --platform=$BUILDPLATFORM a:1@sha256:x AS b
ARG X=1 Y
ENV A="b c" D=e` f
RUN --mount=type=cache,target=/x <<EOF cat >/y && `
  apt-get update
a
EOF
COPY --from=b --chown=1 ["a b", "/c"]
ONBUILD HEALTHCHECK --interval=5s CMD ["x"]
"""

_TRACE = b"""10 execve("/usr/bin/bwrap", ["bwrap"], 0x1 /* 0 vars */) = 0
12 execve("/bin/sh", ["/bin/sh"], 0x1 /* 3 vars */) = 0
12 openat(AT_FDCWD</build>, "/lib/\\303.so", O_RDONLY) = 3</usr/lib/x> <unfinished ...>
12 <... openat resumed> ) = 3</usr/lib/x>
12 clone(child_stack=NULL) = 9 /* 13 in strace's PID NS */
13 connect(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("1.1.1.1")}, 16) = -1 EPERM
12 +++ exited with 0 +++
"""

HARNESSES = (
    Harness(
        name="canonical-json", check=check_canonical, doors=(canonicaljson.dumps,),
        seeds=lambda: (b'{"\\ud83d\\ude00":1e-7,"\\uffff":[9.0,1e21,-0.0,123456789012345678901]}',),
    ),
    Harness(
        name="json-check", check=check_strict, doors=(strictcheck.check, intoto.read),
        seeds=lambda: (intoto.statement(_ABOUT, "urn:x:1", {"a": [1.5, {"b": None}]}).payload, b'{"a":1,"a":2}'),
    ),
    Harness(name="entry-body", check=check_body, doors=(rekor.read,), seeds=_bodies, bytes_limit=8192),
    Harness(name="log-answer", check=check_answer, doors=(rekor_api.answer,), seeds=_answers, bytes_limit=8192),
    Harness(name="authority-chain", check=check_chain, doors=(fulcio.chain,), seeds=_chains, bytes_limit=8192),
    Harness(name="token-claims", check=check_token, doors=(idtoken.read,), seeds=_tokens),
    Harness(name="cosign", check=check_cosign, doors=(cosign.read_payload, cosign.read_proofs), seeds=_cosign),
    Harness(
        name="predicate-values", check=check_values, doors=(predicate_values.read, claims.read), seeds=_values,
    ),
    Harness(name="provenance", check=check_slsa, doors=(slsa.read, provenance.judged), seeds=_provenances),
    Harness(name="base-provenance", check=check_bases, doors=(buildkit.images,), seeds=_bases),
    Harness(
        name="trusted-root", check=check_root, doors=(trustroot.read,), bytes_limit=8192,
        seeds=lambda: (trustroot.write(authority().roots),),
    ),
    Harness(
        name="dockerfile", check=check_dockerfile, doors=(dockerfile.read, dockerwords.split, importer.read),
        seeds=lambda: (_DOCKERFILE,),
    ),
    Harness(name="tracer-log", check=check_trace, doors=(stracelog.Reader,), seeds=lambda: (_TRACE,)),
)  # fmt: skip
"""Rows of the table."""
