"""Which repository and revision a provenance says it was built from: a row per build type, each says it elsewhere.

A build type nobody knows is read by the general rule: materials that call themselves the source, else every material
out of git. All that is found must then be what was expected, so a type that is not understood can only be too strict.
"""

from collections.abc import Callable, Mapping

from assay.model.provenance import Provenance, Source
from assay.model.statement import ResourceDescriptor

_GIT = "git+"
_COMMITS = ("gitCommit", "sha1")
_Finder = Callable[[Provenance], "Source | None"]


def sources(provenance: Provenance) -> tuple[Source, ...]:
    """Every place where a provenance names its source, what triggered the build first; empty where it names none."""
    finder = next((find for prefix, find in _TRIGGERS if provenance.build_type.startswith(prefix)), None)
    if provenance.version == "v0.2":
        finder = _of_config_source
    if finder is None:
        return _of_materials(provenance)
    trigger = finder(provenance)
    # These builders promise that the first material is the source ("builder-verifier contract" of slsa-verifier).
    first = provenance.resolved_dependencies[:1]
    material = _of_descriptor(first[0]) if first else None
    return tuple(one for one in (trigger, material) if one is not None)


def source(text: str, *, ref: str = "", commit: str = "") -> Source:
    """A source out of the way people and statements spell it.

    >>> source("git+https://github.com/a/b.git@refs/tags/v1")
    Source(repository='https://github.com/a/b', ref='refs/tags/v1', commit='')
    >>> source("github.com/a/b").repository
    'https://github.com/a/b'
    """
    bare = text.removeprefix(_GIT).partition("#")[0].partition("?")[0]
    scheme, separator, rest = bare.partition("://")
    if not separator:
        scheme, rest = "https", bare
    host, _, path = rest.partition("/")
    path, _, named = path.partition("@")
    repository = path.rstrip("/").removesuffix(".git").rstrip("/")
    return Source(
        repository=f"{scheme}://{host.rpartition('@')[2]}/{repository}", ref=ref or named, commit=commit.lower()
    )


def _of_materials(provenance: Provenance) -> tuple[Source, ...]:
    materials = provenance.resolved_dependencies
    called = [one for one in materials if one.annotations.get("role") == "source"]
    wanted = called or [one for one in materials if one.uri.startswith(_GIT)]
    return tuple(found for one in wanted if (found := _of_descriptor(one)) is not None)


def _of_descriptor(one: ResourceDescriptor) -> Source | None:
    if not one.uri:
        return None
    commit = next((one.digest[name] for name in _COMMITS if name in one.digest), "")
    return source(one.uri, commit=commit)


def _of_config_source(provenance: Provenance) -> Source | None:
    return _of_descriptor(provenance.config_source) if provenance.config_source else None


def _of_container_parameters(provenance: Provenance) -> Source | None:
    """slsa-github-generator, container-based: `externalParameters.source` is a descriptor."""
    uri = _text(provenance.external_parameters, "source", "uri")
    return source(uri, commit=_text(provenance.external_parameters, "source", "digest", "sha1")) if uri else None


def _of_github_environment(provenance: Provenance) -> Source | None:
    """slsa-github-generator, delegated: `GITHUB_WORKFLOW_REF` is `owner/repository/path@ref`."""
    place, _, ref = _text(provenance.internal_parameters, "GITHUB_WORKFLOW_REF").partition("@")
    names = place.split("/")
    if len(names) < 3 or not ref:
        return None
    commit = _text(provenance.internal_parameters, "GITHUB_WORKFLOW_SHA")
    return source(f"https://github.com/{names[0]}/{names[1]}", ref=ref, commit=commit)


def _of_github_workflow(provenance: Provenance) -> Source | None:
    """GitHub Actions workflow v1: `externalParameters.workflow`."""
    repository = _text(provenance.external_parameters, "workflow", "repository")
    ref = _text(provenance.external_parameters, "workflow", "ref")
    return source(repository, ref=ref) if repository else None


def _of_gitlab_job(provenance: Provenance) -> Source | None:
    """GitLab job: `externalParameters.source`, and the ref among its variables."""
    project = _text(provenance.external_parameters, "source")
    tag = _text(provenance.external_parameters, "variables", "CI_COMMIT_TAG")
    branch = _text(provenance.external_parameters, "variables", "CI_COMMIT_BRANCH")
    ref = f"refs/tags/{tag}" if tag else f"refs/heads/{branch}" if branch else ""
    return source(project, ref=ref) if project else None


def _of_cloud_build(provenance: Provenance) -> Source | None:
    """Google Cloud Build v1: `externalParameters.buildConfigSource`."""
    repository = _text(provenance.external_parameters, "buildConfigSource", "repository")
    ref = _text(provenance.external_parameters, "buildConfigSource", "ref")
    return source(repository, ref=ref) if repository else None


_TRIGGERS: tuple[tuple[str, _Finder], ...] = (
    ("https://slsa.dev/container-based-build/", _of_container_parameters),
    ("https://github.com/slsa-framework/slsa-github-generator/delegator-generic@", _of_github_environment),
    ("https://actions.github.io/buildtypes/workflow/", _of_github_workflow),
    ("https://slsa-framework.github.io/github-actions-buildtypes/workflow/", _of_github_workflow),
    ("https://gitlab.com/gitlab-org/gitlab-runner/", _of_gitlab_job),
    ("https://docs.gitlab.com/", _of_gitlab_job),
    ("https://cloud.google.com/build/gcb-buildtypes/", _of_cloud_build),
)
"""Build type, by how it begins, to where it names what triggered the build."""


def _text(value: Mapping[str, object], *path: str) -> str:
    """The text at a path of names; empty where there is none."""
    found: object = value
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
