"""Build levels come from rows: each shipped row in its own test, and nothing without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import MalformedError
from assay.model.evidence import Signer
from assay.model.provenance import Provenance
from assay.trust import levels
from provenances import GITHUB, certified

GENERATOR = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/"
WORKFLOW = "https://actions.github.io/buildtypes/workflow/v1"
OWN = "https://github.com/team/app/.github/workflows/release.yml@refs/heads/main"
GITLAB = "https://gitlab.com/team/sub/app//.gitlab-ci.yml@refs/heads/main"
RUNNER_TYPE = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.1.0/PROVENANCE.md"
TEKTON = "https://tekton.dev/chains/v2"

ROWS = {
    "slsa-github-generator": (
        3,
        certified(GENERATOR + "generator_container_slsa3.yml@refs/tags/v2.0.0"),
        GENERATOR + "generator_container_slsa3.yml@refs/tags/v2.0.0",
        "https://github.com/slsa-framework/slsa-github-generator/container@v1",
    ),
    "slsa-github-generator, delegated": (
        3,
        certified(GENERATOR + "delegator_lowperms-generic_slsa3.yml@refs/tags/v1.9.0"),
        GENERATOR + "builder_maven_slsa3.yml@refs/tags/v1.9.0",
        "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0",
    ),
    "github-artifact-attestations": (2, certified(OWN, runnerEnvironment="github-hosted"), OWN, WORKFLOW),
    "github-artifact-attestations, hosted runner": (
        2,
        certified(OWN, runnerEnvironment="github-hosted"),
        "https://github.com/actions/runner/github-hosted",
        "https://github.com/npm/cli/gha/v2",
    ),
    "github-artifact-attestations, own runner": (
        1, certified(OWN, runnerEnvironment="self-hosted"), OWN, WORKFLOW,
    ),
    "gitlab.com": (
        2,
        certified(GITLAB, "https://gitlab.com", runnerEnvironment="gitlab-hosted"),
        "https://gitlab.com/team/sub/app/-/runners/12270831",
        RUNNER_TYPE,
    ),
    "gitlab.com, own runner": (
        1,
        certified(GITLAB, "https://gitlab.com", runnerEnvironment="self-hosted"),
        "https://gitlab.com/team/sub/app/-/runners/7",
        RUNNER_TYPE,
    ),
    "google-cloud-build": (
        3,
        Signer(kind="key", key_id="k", name="google-cloud-build"),
        "https://cloudbuild.googleapis.com/GoogleHostedWorker",
        "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
    ),
    "google-cloud-build, v0.1": (
        3,
        Signer(kind="key", key_id="k", name="google-cloud-build"),
        "https://cloudbuild.googleapis.com/GoogleHostedWorker@v0.3",
        "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1",
    ),
    "tekton-chains": (2, Signer(kind="key", key_id="k", name="tekton-chains"), TEKTON, TEKTON + "/slsa"),
    "workstation": (1, Signer(kind="key", key_id="k", name="me"), "urn:anything", "urn:any"),
}  # fmt: skip


def _of(signer, builder, build_type, rows=None):
    return levels.of(Provenance(builder_id=builder, build_type=build_type), signer, rows)


def test_each_shipped_row_is_here():
    assert set(ROWS) == {row.name for row in levels.shipped()}


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    expected, signer, builder, build_type = ROWS[name]
    found = _of(signer, builder, build_type)
    assert (found.build, found.row) == (expected, name)


@pytest.mark.parametrize("name", [name for name in ROWS if name != "workstation"])
def test_another_signer_reaches_nothing_by_the_same_words(name):
    expected, signer, builder, build_type = ROWS[name]
    strangers = [
        certified("https://github.com/evil/app/.github/workflows/x.yml@refs/heads/main", "https://issuer.test"),
        certified("somebody@example.test", GITHUB),
        certified(signer.identity + "x", "https://issuer.test"),
    ]
    assert [_of(one, builder, build_type).build for one in strangers] == [0, 0, 0]
    assert _of(Signer(kind="self"), builder, build_type).build == 0
    # A key that the caller trusts for something else is worth what any key is.
    assert _of(Signer(kind="key", key_id="z", name="mine"), builder, build_type).build == 1 < max(expected, 2)


@pytest.mark.parametrize("name", [name for name in ROWS if name != "workstation"])
def test_another_builder_or_build_type_is_not_the_rows(name):
    _, signer, builder, build_type = ROWS[name]
    assert _of(signer, builder + "/x", build_type).row != name
    assert _of(signer, builder, build_type + "/x").row != name


@pytest.mark.parametrize(
    ("signer", "builder"),
    [
        (certified(GENERATOR + "generator_generic_slsa3.yml@refs/heads/main"), None),
        (certified("https://github.com/evil/slsa-github-generator/.github/workflows/a_slsa3.yml@refs/tags/v1"), None),
        (certified(OWN, runnerEnvironment="github-hosted"), GENERATOR + "generator_generic_slsa3.yml@refs/tags/v1"),
        (certified(OWN, runnerEnvironment="unheard-of"), None),
        (certified(OWN), None),
    ],
)
@pytest.mark.parametrize("build_type", [ROWS["slsa-github-generator"][3], WORKFLOW])
def test_what_no_row_binds_is_level_zero(signer, builder, build_type):
    found = _of(signer, builder or signer.identity, build_type)
    assert found.build == 0
    assert "no row" in found.why


def test_a_row_of_ones_own_raises_what_it_vouches_for_and_nothing_else():
    mine = levels.read(
        f"""
[[builder]]
name = "our builder"
issuer = "{GITHUB}"
identity = "https://github.com/team/builders/.github/workflows/image.yml@refs/tags/*"
builder_id = "{{identity}}"
build_types = ["{WORKFLOW}"]
level = 3
operator = "github.com"
runner = "github-hosted"
""".encode(),
        where="mine",
    )
    rows = (*levels.shipped(), *mine)
    identity = "https://github.com/team/builders/.github/workflows/image.yml@refs/tags/v1"
    hosted = certified(identity, runnerEnvironment="github-hosted")
    assert _of(hosted, identity, WORKFLOW, rows).build == 3
    assert _of(certified(OWN, runnerEnvironment="github-hosted"), OWN, WORKFLOW, rows).build == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('builder_id = "x"\nlevel = 1', "either a key or an issuer"),
        ('key = "a"\nissuer = "i"\nidentity = "j"\nbuilder_id = "x"\nlevel = 1', "either a key or an issuer"),
        ('issuer = "i"\nbuilder_id = "x"\nlevel = 1', "belong together"),
        ('key = "*"\nbuilder_id = "x"\nlevel = 2\noperator = "o"', "any key"),
        ('key = "a"\nbuilder_id = "x"\nlevel = 2', "operates"),
        ('key = "a"\nbuilder_id = "x"\nlevel = 4', "level"),
        ('key = "a"\nbuilder_id = ""\nlevel = 1', "builder_id"),
        ('key = "a"\nbuilder_id = "x"\nlevel = 1\ncolour = "red"', "colour"),
    ],
)
def test_rows_that_say_too_little_or_too_much_are_refused(row, why):
    with pytest.raises(MalformedError, match=why):
        levels.read(f'[[builder]]\nname = "r"\n{row}\n'.encode(), where="rows")


def test_two_rows_of_one_name_are_refused():
    row = '[[builder]]\nname = "r"\nkey = "a"\nbuilder_id = "x"\nlevel = 1\n'
    with pytest.raises(MalformedError, match="two rows"):
        levels.read((row * 2).encode(), where="rows")


def test_reproduced_needs_two_operators():
    github = _of(*ROWS["slsa-github-generator"][1:])
    google = _of(*ROWS["google-cloud-build"][1:])
    own = _of(*ROWS["workstation"][1:])
    assert levels.independent([github, github, own]) == 1
    assert levels.independent([github, google]) == 2
    assert levels.independent([own, own]) == 0


_LETTERS = st.text("ab/*", max_size=8)


@given(_LETTERS, st.text("ab/", max_size=10))
def test_globs_mean_what_the_plain_recursion_means(pattern, text):
    assert levels.glob(pattern, text) == _plainly(pattern, text)


def _plainly(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern.startswith("**"):
        return any(_plainly(pattern[2:], text[i:]) for i in range(len(text) + 1))
    if pattern.startswith("*"):
        ends = [i for i in range(len(text) + 1) if "/" not in text[:i]]
        return any(_plainly(pattern[1:], text[i:]) for i in ends)
    return text[:1] == pattern[0] and _plainly(pattern[1:], text[1:])


def test_a_hostile_text_costs_little():
    assert not levels.glob("*a" * 50 + "b", "a" * 4_000)
    assert not levels.glob("**", "a" * 5_000_000)
