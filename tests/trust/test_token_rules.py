"""Identity tokens: what is believed, every rule broken once, and what each kind of issuer's claims become."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import jwt
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.trust import certificate, identity, issue, token
from assay.trust.identity import Template
from assay.trust.token import Issuer
from authorities import NOW, p256, world
from oidc import TokenMaker, b64url, rsa_key
from signing import MemorySigner

URL = "https://issuer.example"
AT = int(NOW.timestamp())
MAKERS = {name: TokenMaker(URL, name) for name in ("RS256", "ES256", "ES384")}
MAKER = MAKERS["ES256"]
EMAIL = Issuer(url=URL, kind="email")


def judge(text: str, issuer: Issuer = EMAIL, maker: TokenMaker = MAKER, now: datetime = NOW, keys: bytes = b""):
    def keys_of(asked: str, key_id: str):
        assert asked == issuer.url
        return jwt.read_keys(keys or maker.jwks(), where="x")

    return token.judge(text, [Issuer(url="https://first.example", kind="email"), issuer], keys_of, now)


def code(text: str, *arguments, **keywords) -> str:
    with pytest.raises(UntrustedError) as caught:
        judge(text, *arguments, **keywords)
    assert caught.value.step == "token"
    assert "someone" not in caught.value.line()
    return caught.value.code


@pytest.mark.parametrize("name", MAKERS)
def test_a_token_is_believed(name):
    maker = MAKERS[name]
    found = judge(maker.email(AT), maker=maker)
    assert found.subject == issue.Subject(
        identity="someone@example.org", identity_kind="email", issuer=URL, extensions={"tokenSubject": "someone"}
    )
    assert found.challenge == "someone@example.org"
    assert found.expires == datetime.fromtimestamp(AT + 300, UTC)
    assert not found.is_single_use


def test_a_token_becomes_a_certificate():
    made = world()
    data = made.leaf(judge(MAKER.email(AT)).subject)
    found = certificate.check(data, (), (NOW,), made.roots(), name="x")
    assert (found.identity, found.issuer) == ("someone@example.org", URL)
    assert found.extensions["tokenSubject"] == "someone"


def test_audiences():
    assert judge(MAKER.email(AT, aud=["other", "sigstore"]))
    for audience in ("other", ["other"], [], None, {"sigstore": 1}, ["sigstore "], 5):
        assert code(MAKER.email(AT, aud=audience)) == "TOKEN_AUDIENCE"
    assert code(MAKER.email(AT), msgspec.structs.replace(EMAIL, audience="mine")) == "TOKEN_AUDIENCE"


@pytest.mark.parametrize("issuer", [URL + "/", URL.upper(), "https://other.example", None, 5, [URL]])
def test_issuers_are_compared_letter_by_letter(issuer):
    assert code(MAKER.email(AT, iss=issuer)) == "TOKEN_ISSUER"


@pytest.mark.parametrize(
    ("claims", "holds"),
    [
        ({"exp": AT - 59}, True),
        ({"exp": AT - 60}, False),
        ({"exp": AT - 3600, "iat": AT - 7200}, False),
        ({"iat": AT + 60}, True),
        ({"iat": AT + 62}, False),
        ({"nbf": AT + 60}, True),
        ({"nbf": AT + 62}, False),
        ({"exp": AT + 300.5, "iat": AT - 0.5}, True),
        ({"exp": None}, False),
        ({"exp": "soon"}, False),
        ({"exp": True}, False),
        ({"exp": -1}, False),
        ({"exp": 1e300}, False),
        ({"exp": 10**30}, False),
        ({"iat": None}, False),
        ({"iat": True}, False),
        ({"nbf": -1}, False),
        ({"nbf": None}, False),
    ],
)
def test_times_have_sixty_seconds_of_skew(claims, holds):
    if holds:
        assert judge(MAKER.email(AT, **claims))
    else:
        assert code(MAKER.email(AT, **claims)) == "TOKEN_TIME"


def test_claims_that_must_be_there():
    told = {"iss": URL, "aud": "sigstore", "sub": "someone", "email": "a@b.example", "email_verified": True,
            "iat": AT, "exp": AT + 300}  # fmt: skip
    assert judge(MAKER.token(told))
    for name in told:
        refused = code(MAKER.token({key: value for key, value in told.items() if key != name}))
        assert refused == {
            "iss": "TOKEN_ISSUER",
            "aud": "TOKEN_AUDIENCE",
            "iat": "TOKEN_TIME",
            "exp": "TOKEN_TIME",
        }.get(name, "TOKEN_IDENTITY")


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_an_address_must_be_verified(verified):
    assert code(MAKER.email(AT, email_verified=verified)) == "TOKEN_IDENTITY"


@pytest.mark.parametrize(
    "address", ["", "someone", "@example.org", "someone@", "a@b@c", "a b@c", "é@example.org", "a\n@b", 5, None, ["a@b"]]
)
def test_addresses_that_are_none(address):
    assert code(MAKER.email(AT, address=address)) == "TOKEN_IDENTITY"


# Signatures.


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "PS256", "ES512", "EdDSA", "RS512", "", "es256"]
)
def test_algorithms_that_are_not_on_the_list(algorithm):
    assert code(MAKER.token({"iss": URL}, alg=algorithm)) == "TOKEN_ALGORITHM"


def test_no_signature_by_the_public_key_as_a_secret():
    import hmac

    claims = json.loads(json.dumps({"iss": URL, "aud": "sigstore"}))
    parts = f"{b64url(json.dumps({'alg': 'HS256'}).encode())}.{b64url(json.dumps(claims).encode())}"
    (key,) = jwt.read_keys(MAKER.jwks(), where="x")
    forged = f"{parts}.{b64url(hmac.digest(key.spki, parts.encode(), 'sha256'))}"
    assert code(forged) == "TOKEN_ALGORITHM"


def test_another_key_of_the_same_name():
    other = TokenMaker(URL)
    assert code(other.email(AT)) == "TOKEN_SIGNATURE"


def test_a_key_of_another_kind_or_name():
    assert code(MAKERS["RS256"].email(AT)) == "TOKEN_KEY"
    assert code(MAKERS["ES384"].email(AT)) == "TOKEN_KEY"
    assert code(TokenMaker(URL, key_id="key-2").email(AT)) == "TOKEN_KEY"
    assert code(MAKER.email(AT), keys=b'{"keys":[]}') == "TOKEN_KEY"
    weak = {**MAKER.jwk(), "x": b64url(bytes(32)), "y": b64url(bytes(32))}  # no point of the curve
    assert code(MAKER.email(AT), keys=json.dumps({"keys": [weak]}).encode()) == "TOKEN_KEY"
    named = {**MAKER.jwk(), "alg": "ES384"}
    assert code(MAKER.email(AT), keys=json.dumps({"keys": [named]}).encode()) == "TOKEN_KEY"


def test_a_token_without_a_key_id_is_tried_with_every_fitting_key():
    others = [TokenMaker(URL, key_id=f"k{n}").jwk() for n in range(3)]
    keys = json.dumps({"keys": [*others, MAKER.jwk()]}).encode()
    told = {"iss": URL, "aud": "sigstore", "sub": "x", "email": "a@b.example", "email_verified": True,
            "iat": AT, "exp": AT + 300}  # fmt: skip
    assert judge(MAKER.token(told, kid=""), keys=keys)
    assert code(TokenMaker(URL).token(told, kid=""), keys=keys) == "TOKEN_SIGNATURE"


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_changed_letter_is_refused(place):
    text = MAKER.email(AT)
    place %= len(text)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises((UntrustedError, MalformedError)):
        judge(changed)


def test_signatures_of_another_length():
    text = MAKER.email(AT)
    signed, _, signature = text.rpartition(".")
    raw = jwt.read(text).signature
    for forged in (raw[:32] + b"\0" + raw[32:], raw[:-1], raw + b"\0", bytes(64), b"\0" + raw, raw[:32]):
        assert code(f"{signed}.{b64url(forged)}") == "TOKEN_SIGNATURE"
    assert signature


@pytest.mark.parametrize("name", MAKERS)
def test_another_library_writes_what_we_believe_and_believes_what_we_write(name):
    theirs = pytest.importorskip("jwt")
    maker = MAKERS[name]
    claims = {"iss": URL, "aud": "sigstore", "sub": "x", "email": "a@b.example", "email_verified": True,
              "iat": AT, "exp": AT + 300}  # fmt: skip
    assert judge(theirs.encode(claims, maker.key, algorithm=name, headers={"kid": "key-1"}), maker=maker)
    key = theirs.PyJWK.from_dict(maker.jwk())
    options = {"verify_exp": False, "verify_iat": False}
    found = theirs.decode(maker.token(claims), key, algorithms=[name], audience="sigstore", issuer=URL, options=options)
    assert found == claims


# Kinds of issuers.

GITHUB = {
    "job_workflow_ref": "o/r/.github/workflows/b.yml@refs/heads/main", "job_workflow_sha": "c" * 40, "event_name": "push",
    "sha": "a" * 40, "workflow": "build", "repository": "o/r", "ref": "refs/heads/main", "runner_environment": "github-hosted",
    "repository_id": "12", "repository_owner": "o", "repository_owner_id": "34",
    "workflow_ref": "o/r/.github/workflows/t.yml@refs/heads/main", "workflow_sha": "b" * 40, "run_id": "56",
    "run_attempt": "1", "repository_visibility": "public",
}  # fmt: skip
GITLAB = {
    "ci_config_ref_uri": "gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main", "ci_config_sha": "c" * 40,
    "runner_environment": "gitlab-hosted", "project_path": "g/p", "sha": "a" * 40, "ref": "main", "ref_path": "refs/heads/main",
    "project_id": "12", "namespace_path": "g", "namespace_id": "34", "pipeline_source": "push", "job_id": "56",
    "project_visibility": "private",
}  # fmt: skip
BUILDKITE = {
    "organization_slug": "acme",
    "pipeline_slug": "p",
    "build_number": 7,
    "job_id": "j-1",
    "build_commit": "a" * 40,
}
CIRCLECI = {
    f"oidc.circleci.com/{name}": text
    for name, text in {
        "project-id": "p-1", "pipeline-definition-id": "d-1", "pipeline-id": "l-1", "workflow-id": "w-1", "job-id": "j-1",
        "vcs-ref": "refs/heads/main", "vcs-origin": "github.com/o/r",
    }.items()
}  # fmt: skip
CODEFRESH = {"account_name": "acme", "pipeline_name": "a/b", "account_id": "1", "pipeline_id": "2", "workflow_id": "w"}
KUBERNETES = {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "signer"}}}
KINDS = {
    "github": (Issuer(url=URL, kind="github"), GITHUB, "uri", "https://github.com/o/r/.github/workflows/b.yml@refs/heads/main"),
    "github elsewhere": (
        Issuer(url=URL, kind="github", url_of_service="https://git.example"), GITHUB, "uri",
        "https://git.example/o/r/.github/workflows/b.yml@refs/heads/main",
    ),
    "gitlab": (Issuer(url=URL, kind="gitlab"), GITLAB, "uri", "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"),
    "buildkite": (Issuer(url=URL, kind="buildkite"), BUILDKITE, "uri", "https://buildkite.com/acme/p"),
    "circleci": (
        Issuer(url=URL, kind="circleci"), CIRCLECI, "uri", "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-1",
    ),
    "codefresh": (
        Issuer(url=URL, kind="codefresh"), CODEFRESH, "uri", "https://g.codefresh.io/acme/a/b:1/2",
    ),
    "kubernetes": (
        Issuer(url=URL, kind="kubernetes"), KUBERNETES, "uri",
        "https://kubernetes.io/namespaces/prod/serviceaccounts/signer",
    ),
    "spiffe": (
        Issuer(url=URL, kind="spiffe", domain="acme.example"), {"sub": "spiffe://acme.example/ns/a"}, "uri",
        "spiffe://acme.example/ns/a",
    ),
    "uri": (
        Issuer(url=URL, kind="uri", domain="https://acme.example"), {"sub": "https://acme.example/jané".replace("é", "e")},
        "uri", "https://acme.example/jane",
    ),
    "username": (Issuer(url=URL, kind="username", domain="acme.example"), {"sub": "jané"}, "username", "jané!acme.example"),
    "custom": (
        Issuer(url=URL, kind="custom", template=Template(
            identity="https://ci.example/{project}", identity_kind="uri", words={"buildTrigger": "{why}"})),
        {"project": "p", "why": "push"}, "uri", "https://ci.example/p",
    ),
}  # fmt: skip


def told(claims: dict, **more) -> str:
    return MAKER.token({"iss": URL, "aud": "sigstore", "sub": "subject", "iat": AT, "exp": AT + 300, **claims, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_what_claims_become(kind):
    issuer, claims, identity_kind, name = KINDS[kind]
    found = judge(told(claims), token.check_issuer(issuer))
    assert (found.subject.identity_kind, found.subject.identity) == (identity_kind, name)
    assert found.challenge == claims.get("sub", "subject")
    made = world().leaf(found.subject)
    assert made


def test_every_word_of_github_and_gitlab():
    words = judge(told(GITHUB), KINDS["github"][0]).subject.extensions
    assert words == {
        "githubWorkflowTrigger": "push", "githubWorkflowSha": "a" * 40, "githubWorkflowName": "build",
        "githubWorkflowRepository": "o/r", "githubWorkflowRef": "refs/heads/main",
        "buildSignerURI": "https://github.com/o/r/.github/workflows/b.yml@refs/heads/main",
        "buildSignerDigest": "c" * 40, "runnerEnvironment": "github-hosted",
        "sourceRepositoryURI": "https://github.com/o/r", "sourceRepositoryDigest": "a" * 40,
        "sourceRepositoryRef": "refs/heads/main", "sourceRepositoryIdentifier": "12",
        "sourceRepositoryOwnerURI": "https://github.com/o", "sourceRepositoryOwnerIdentifier": "34",
        "buildConfigURI": "https://github.com/o/r/.github/workflows/t.yml@refs/heads/main",
        "buildConfigDigest": "b" * 40, "buildTrigger": "push",
        "runInvocationURI": "https://github.com/o/r/actions/runs/56/attempts/1",
        "sourceRepositoryVisibilityAtSigning": "public", "tokenSubject": "subject",
    }  # fmt: skip
    assert (
        judge(told(GITHUB, environment="prod"), KINDS["github"][0]).subject.extensions["deploymentEnvironment"]
        == "prod"
    )
    words = judge(told(GITLAB), KINDS["gitlab"][0]).subject.extensions
    assert words["runInvocationURI"] == "https://gitlab.com/g/p/-/jobs/56"
    assert words["sourceRepositoryRef"] == "refs/heads/main"
    words = judge(told(CIRCLECI), KINDS["circleci"][0]).subject.extensions
    assert words["runInvocationURI"] == "https://app.circleci.com/workflow/w-1/job/j-1"
    words = judge(told(CODEFRESH), KINDS["codefresh"][0]).subject.extensions
    assert words["buildConfigURI"] == "https://g.codefresh.io/api/pipelines/2"
    assert "sourceRepositoryRef" not in words
    words = judge(told(BUILDKITE), KINDS["buildkite"][0]).subject.extensions
    assert words["runInvocationURI"] == "https://buildkite.com/acme/p/builds/7#j-1"


def test_every_template_names_known_extensions():
    known = set(certificate.NAMES.values())
    for name, template in identity.TEMPLATES.items():
        assert set(template.words) <= known, name
        assert all(map(identity.is_template, (template.identity, template.challenge, *template.words.values())))


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("github", {**GITHUB, "job_workflow_ref": None}),
        ("github", {**GITHUB, "job_workflow_ref": "a b"}),
        ("github", {**GITHUB, "job_workflow_ref": "a\u202eb"}),
        ("github", {**GITHUB, "job_workflow_ref": True}),
        ("github", {**GITHUB, "job_workflow_ref": "x" * 3_000}),
        ("spiffe", {"sub": "spiffe://acme.example.evil.example/x"}),
        ("spiffe", {"sub": "spiffe://acme.example"}),
        ("uri", {"sub": "https://acme.example.evil.example/x"}),
        ("uri", {"sub": "http://acme.example/x"}),
        ("username", {"sub": "a@b"}),
        ("username", {"sub": "a!b"}),
        ("username", {"sub": ""}),
        ("kubernetes", {"kubernetes.io": "x"}),
        ("kubernetes", {"kubernetes.io": {"namespace": {}}}),
    ],
)
def test_subjects_that_do_not_fit(kind, claims):
    assert code(told(claims), KINDS[kind][0]) == "TOKEN_IDENTITY"


def test_settings_are_never_claims():
    issuer = Issuer(url=URL, kind="custom", template=Template(identity="{url}/{project}", identity_kind="uri"))
    assert code(told({"url": "https://evil.example", "project": "p"}), issuer) == "TOKEN_IDENTITY"


def test_an_issuer_may_vouch_for_another():
    issuer = msgspec.structs.replace(EMAIL, issuer_claim="federated_claims/connector_id")
    text = MAKER.email(AT, federated_claims={"connector_id": "https://accounts.example"})
    assert judge(text, issuer).subject.issuer == "https://accounts.example"
    assert code(MAKER.email(AT), issuer) == "TOKEN_IDENTITY"


@pytest.mark.parametrize(
    "issuer",
    [
        Issuer(url="http://issuer.example", kind="email"),
        Issuer(url="ftp://issuer.example", kind="email"),
        Issuer(url="https://", kind="email"),
        Issuer(url="https://user@issuer.example", kind="email"),
        Issuer(url="https://issuer.example?x", kind="email"),
        Issuer(url="https://issuer.example#x", kind="email"),
        Issuer(url="http://127.0.0.1.evil.example", kind="email"),
        Issuer(url="https://[", kind="email"),
        Issuer(url="https://issuer.example\n", kind="email"),
        Issuer(url=" https://issuer.example", kind="email"),
        Issuer(url=URL, kind="invented"),
        Issuer(url=URL, kind="custom"),
        Issuer(url=URL, kind="username"),
        Issuer(url=URL, kind="spiffe"),
        Issuer(url=URL, kind="uri", domain="acme.example"),
        Issuer(url=URL, kind="uri", domain="http://acme.example"),
        Issuer(url=URL, kind="uri", domain="https://acme.example/"),
        Issuer(url=URL, kind="custom", template=Template(identity="{a", identity_kind="uri")),
        Issuer(url=URL, kind="custom", template=Template(identity="{}", identity_kind="uri")),
        Issuer(url=URL, kind="custom", template=Template(identity="", identity_kind="uri")),
    ],
)
def test_settings_of_issuers_that_make_no_sense(issuer):
    with pytest.raises(UsageError):
        token.check_issuer(issuer)


@pytest.mark.parametrize(
    "url", ["https://issuer.example/a", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"]
)
def test_addresses_of_issuers(url):
    assert token.check_issuer(Issuer(url=url, kind="email"))


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3))
def test_any_template_is_filled_or_not(template, claims):
    found = identity.fill(template, claims, {})
    assert found is None or found.isprintable()


# Whose key it is.

CLIENT = p256()


def request(signer: MemorySigner = CLIENT, **names: str) -> bytes:
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, text) for text in names.values()]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    algorithm = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer.key, algorithm).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    "signer",
    [
        CLIENT,
        MemorySigner(rsa_key()),
        MemorySigner(ec.generate_private_key(ec.SECP384R1())),
    ],
)
def test_a_certificate_request_shows_whose_key_it_is(signer):
    assert token.by_request(request(signer)) == signer.public_key()
    der = x509.load_pem_x509_csr(request(signer, name="ignored")).public_bytes(Encoding.DER)
    assert token.by_request(der) == signer.public_key()


def test_certificate_requests_that_show_nothing():
    der = bytearray(x509.load_pem_x509_csr(request()).public_bytes(Encoding.DER))
    der[-3] ^= 1
    with pytest.raises(UntrustedError) as caught:
        token.by_request(bytes(der))
    assert caught.value.code == "POSSESSION"
    for data in (b"", b"hello", request()[:-40], b"-----BEGIN CERTIFICATE REQUEST-----\n", CLIENT.public_key()):
        with pytest.raises(MalformedError):
            token.by_request(data)


def test_a_signature_over_the_challenge_shows_whose_key_it_is():
    claims = judge(MAKER.email(AT))
    proof = CLIENT.sign(claims.challenge.encode())
    assert token.by_signature(CLIENT.public_key(), proof, claims.challenge) == CLIENT.public_key()
    for changed in ({"proof": CLIENT.sign(b"someone")}, {"public_key": p256().public_key()}, {"proof": b""}):
        arguments = {"public_key": CLIENT.public_key(), "proof": proof, "challenge": claims.challenge, **changed}
        with pytest.raises(UntrustedError) as caught:
            token.by_signature(**arguments)
        assert caught.value.code == "POSSESSION"
    with pytest.raises((MalformedError, UnsupportedError)):
        token.by_signature(b"hello", proof, claims.challenge)


def test_a_token_may_be_used_again_unless_its_issuer_says_no():
    once = msgspec.structs.replace(EMAIL, is_single_use=True)
    text = MAKER.email(AT)
    for issuer, refused in ((EMAIL, False), (once, True)):
        claims = judge(text, issuer)
        token.check_unused(claims, set())
        seen = {judge(text, issuer).fingerprint}
        if refused:
            with pytest.raises(UntrustedError) as caught:
                token.check_unused(claims, seen)
            assert caught.value.code == "TOKEN_USED"
        else:
            token.check_unused(claims, seen)


def test_a_second_signature_over_the_same_claims_is_the_same_token():
    text = MAKER.email(AT)
    signed = text.rpartition(".")[0]
    again = f"{signed}.{b64url(MAKER.sign(signed.encode()))}"
    assert again != text
    assert judge(again).fingerprint == judge(text).fingerprint
    assert judge(MAKER.email(AT + 1), now=NOW + timedelta(seconds=1)).fingerprint != judge(text).fingerprint
