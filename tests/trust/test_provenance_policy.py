"""What may be asked of a provenance, each field refused by its own name; and what a certificate says against it."""

from typing import Any

import pytest

from assay.formats import predicates
from assay.model.errors import UntrustedError
from assay.model.evidence import Signer
from assay.model.provenance import Provenance, Source
from assay.model.statement import ResourceDescriptor
from assay.trust import levels
from assay.trust.provenance import Expectation, judge, judged
from assay.trust.sources import source, sources
from provenances import GITHUB, certified, signed_by

WORKFLOW = "https://actions.github.io/buildtypes/workflow/v1"
BUILDER = "https://github.com/team/app/.github/workflows/release.yml@refs/tags/v1.2.3"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CERTIFICATE = {
    "runnerEnvironment": "github-hosted",
    "sourceRepositoryURI": "https://github.com/team/app",
    "sourceRepositoryRef": "refs/tags/v1.2.3",
    "sourceRepositoryDigest": COMMIT,
}


def _predicate(**changes: Any) -> dict[str, Any]:
    definition = {
        "buildType": WORKFLOW,
        "externalParameters": {
            "workflow": {"ref": "refs/tags/v1.2.3", "repository": "https://github.com/team/app", "path": "r.yml"},
            "inputs": {"debug": False, "channel": "stable"},
            "dotted.name": "x",
        },
        "resolvedDependencies": [
            {"uri": "git+https://github.com/team/app@refs/tags/v1.2.3", "digest": {"gitCommit": COMMIT}},
            {"uri": "pkg:docker/golang@1.22", "digest": {"sha256": "ab"}},
        ],
        **changes,
    }
    return {"buildDefinition": definition, "runDetails": {"builder": {"id": BUILDER}}}


def _evidence(signer: Signer | None = None, **changes: Any):
    return signed_by(predicates.PROVENANCE, _predicate(**changes), signer or certified(BUILDER, **CERTIFICATE))


GOOD = Expectation(
    builders=(BUILDER.partition("@")[0],),
    build_types=("https://actions.github.io/**",),
    source="github.com/team/app",
    ref="refs/tags/v1.2.3",
    tag="v1.2.3",
    versioned_tag="v1.2",
    commit=COMMIT.upper(),
    parameters={"inputs.channel": "stable", "inputs.debug": "false", "dotted.name": "x"},
    allowed_parameters=("workflow", "inputs", "dotted.name"),
    materials=("git+https://github.com/team/**", "pkg:docker/**"),
    pinned=True,
    level=2,
)


def test_everything_at_once():
    found = judged(_evidence(), GOOD)
    assert [check.step for check in found.checks] == [
        "builder", "build type", "source", "ref", "commit", "certificate", "parameters", "materials", "level",
    ]  # fmt: skip
    assert found.level.build == 2
    assert found.sources[0] == Source(repository="https://github.com/team/app", ref="refs/tags/v1.2.3")


REFUSED = [
    ("BUILDER_MISMATCH", {"builders": ("https://github.com/team/app/.github/workflows/release",)}),
    ("BUILDER_MISMATCH", {"builders": (BUILDER.replace("v1.2.3", "v1.2.4"),)}),
    ("BUILDER_MISMATCH", {"builders": (BUILDER.upper(),)}),
    ("BUILD_TYPE_MISMATCH", {"build_types": ("https://actions.github.io/*",)}),
    ("SOURCE_MISMATCH", {"source": "github.com/team/ap"}),
    ("SOURCE_MISMATCH", {"source": "github.com/team/app2"}),
    ("SOURCE_MISMATCH", {"source": "github.com/Team/app"}),
    ("SOURCE_MISMATCH", {"source": "https://gitlab.com/team/app"}),
    ("SOURCE_MISMATCH", {"source": "http://github.com/team/app"}),
    ("REF_MISMATCH", {"ref": "refs/tags/v1.2.4"}),
    ("REF_INVALID", {"branch": "main"}),
    ("TAG_MISMATCH", {"tag": "v1.2"}),
    ("VERSIONED_TAG_MISMATCH", {"versioned_tag": "v1.3"}),
    ("VERSIONED_TAG_MISMATCH", {"versioned_tag": "v2"}),
    ("VERSIONED_TAG_MISMATCH", {"versioned_tag": "v1.2.3-rc.1"}),
    ("SEMVER_INVALID", {"versioned_tag": "1.2"}),
    ("SEMVER_INVALID", {"versioned_tag": "v01"}),
    ("COMMIT_MISMATCH", {"commit": "f" * 40}),
    ("PARAMETER_MISMATCH", {"parameters": {"inputs.channel": "beta"}}),
    ("PARAMETER_MISMATCH", {"parameters": {"inputs.absent": ""}}),
    ("PARAMETER_MISMATCH", {"parameters": {"inputs.debug": "False"}}),
    ("PARAMETER_UNKNOWN", {"allowed_parameters": ("workflow", "inputs")}),
    ("MATERIAL_MISMATCH", {"materials": ("git+**",)}),
    ("LEVEL_TOO_LOW", {"level": 3}),
]


@pytest.mark.parametrize(("code", "asked"), REFUSED, ids=lambda v: str(v)[:60])
def test_refusal_names_what_differs(code, asked):
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(), Expectation(**asked))
    assert caught.value.code == code
    assert caught.value.remedy


def test_materials_without_a_digest_are_not_pinned():
    evidence = _evidence(resolvedDependencies=[{"uri": "git+https://github.com/team/app@refs/tags/v1.2.3"}])
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, Expectation(pinned=True))
    assert caught.value.code == "MATERIAL_UNPINNED"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("sourceRepositoryURI", "https://github.com/evil/app"),
        ("sourceRepositoryRef", "refs/heads/main"),
        ("sourceRepositoryDigest", "f" * 40),
    ],
)
def test_a_provenance_that_contradicts_its_certificate_is_refused(word, value):
    """The job writes its own predicate; the authority wrote the certificate."""
    evidence = _evidence(certified(BUILDER, **{**CERTIFICATE, word: value}))
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, Expectation())
    assert caught.value.code == "CERTIFICATE_MISMATCH"


def test_a_foreign_workflow_cannot_use_a_builders_name():
    stranger = certified("https://github.com/evil/app/.github/workflows/x.yml@refs/heads/main", **CERTIFICATE)
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(stranger), Expectation(builders=(BUILDER,)))
    assert caught.value.code == "BUILDER_IDENTITY"


def test_two_different_sources_are_not_the_one_expected():
    evidence = _evidence(resolvedDependencies=[{"uri": "git+https://github.com/evil/app@refs/tags/v1.2.3"}])
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, Expectation(source="github.com/team/app"))
    assert caught.value.code == "SOURCE_MISMATCH"


def test_a_key_of_ones_own_gives_level_one():
    mine = Signer(kind="key", key_id="k", name="me")
    assert judged(_evidence(mine), Expectation()).level.build == 1
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(mine), Expectation(level=2))
    assert caught.value.code == "LEVEL_TOO_LOW"


def test_without_rows_nobody_vouches():
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(), Expectation(), ())
    assert caught.value.code == "BUILDER_MISMATCH"


def test_other_statements_are_no_provenance():
    with pytest.raises(UntrustedError) as caught:
        judge(signed_by(predicates.CYCLONEDX, {}, Signer(kind="key")), Expectation())
    assert caught.value.code == "PREDICATE_TYPE"
    with pytest.raises(UntrustedError) as caught:
        judge(signed_by(predicates.PROVENANCE, {"buildDefinition": 7}, Signer(kind="key")), Expectation())
    assert caught.value.code == "PROVENANCE_FORM"


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        ("v14", "v14.0"), ("v14", "v14.0.0"), ("v13.0.30", "v13"), ("v1.2.3-rc.1", "v1.2"),
        ("v1.2.3-rc.1", "v1.2.3-rc.1"), ("v1.2.3+build", "v1.2.3"),
    ],
)  # fmt: skip
def test_versioned_tags(tag, asked):
    ref = f"refs/tags/{tag}"
    signer = Signer(kind="key", key_id="k")
    evidence = _evidence(
        signer,
        externalParameters={"workflow": {"ref": ref, "repository": "https://github.com/team/app"}},
        resolvedDependencies=[],
    )
    assert judge(evidence, Expectation(versioned_tag=asked))


SPELLINGS = {
    "https://github.com/a/b": "https://github.com/a/b",
    "github.com/a/b": "https://github.com/a/b",
    "git+https://github.com/a/b.git@refs/heads/x": "https://github.com/a/b",
    "git+https://github.com/a/b/": "https://github.com/a/b",
    "git+ssh://git@host.test/a/b@refs/heads/x": "ssh://host.test/a/b",
    "https://user:word@host.test/a/b?x=1#y": "https://host.test/a/b",
    "": "https:///",
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_repositories_are_compared_in_one_spelling(text):
    assert source(text).repository == SPELLINGS[text]


TYPES: dict[str, tuple[Provenance, tuple[Source, ...]]] = {
    "gitlab": (
        Provenance(
            builder_id="b",
            build_type="https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.0.0/PROVENANCE.md",
            external_parameters={"source": "https://gitlab.com/t/a", "variables": {"CI_COMMIT_TAG": "v1"}},
            resolved_dependencies=(ResourceDescriptor(uri="https://gitlab.com/t/a", digest={"gitCommit": "C0"}),),
        ),
        (
            Source(repository="https://gitlab.com/t/a", ref="refs/tags/v1"),
            Source(repository="https://gitlab.com/t/a", commit="c0"),
        ),
    ),
    "cloud build": (
        Provenance(
            builder_id="b",
            build_type="https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
            external_parameters={
                "buildConfigSource": {"repository": "git+https://github.com/t/a", "ref": "refs/heads/main"}
            },
        ),
        (Source(repository="https://github.com/t/a", ref="refs/heads/main"),),
    ),
    "v0.2": (
        Provenance(
            version="v0.2",
            builder_id="b",
            build_type="urn:any",
            config_source=ResourceDescriptor(uri="git+https://github.com/t/a@refs/heads/main", digest={"sha1": "c0"}),
        ),
        (Source(repository="https://github.com/t/a", ref="refs/heads/main", commit="c0"),),
    ),
    "an unknown type names every git material": (
        Provenance(
            builder_id="b",
            build_type="urn:unknown",
            resolved_dependencies=(
                ResourceDescriptor(uri="pkg:npm/x@1"),
                ResourceDescriptor(uri="git+https://a.test/x"),
                ResourceDescriptor(uri="git+https://a.test/y"),
            ),
        ),
        (Source(repository="https://a.test/x"), Source(repository="https://a.test/y")),
    ),
    "an unknown type that names its source": (
        Provenance(
            builder_id="b",
            build_type="urn:unknown",
            resolved_dependencies=(
                ResourceDescriptor(uri="git+https://a.test/x", annotations={"role": "source"}),
                ResourceDescriptor(uri="git+https://a.test/y"),
            ),
        ),
        (Source(repository="https://a.test/x"),),
    ),
    "hostile forms name nothing": (
        Provenance(builder_id="b", build_type=WORKFLOW, external_parameters={"workflow": [{"repository": 7}]}),
        (),
    ),
}


@pytest.mark.parametrize("name", TYPES)
def test_where_a_build_type_names_its_source(name):
    provenance, expected = TYPES[name]
    assert sources(provenance) == expected


def test_issuer_matters():
    other = certified(BUILDER, "https://evil.test", **CERTIFICATE)
    assert levels.of(judged(_evidence(), Expectation()).provenance, other).build == 0
    assert other.issuer != GITHUB
