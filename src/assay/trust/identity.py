"""How the claims of a token become an identity: one row for each kind of issuer, grow by rows.

The rows follow Fulcio's (config/identity/config.yaml), so that certificates of ours and theirs say the same.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from assay.trust.certificate import IdentityKind

_HOLE = re.compile(r"\{([A-Za-z0-9_.:/-]{1,100})\}", re.ASCII)
_TEXT_CHARACTERS = 2_048


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of issuer.

    `{claim}` stands for a claim, `{a/b}` for `b` inside `a`; `{url}` and `{domain}` are settings and never claims.
    """

    identity: str
    identity_kind: IdentityKind
    challenge: str = "{sub}"
    """What a client signs to show that the key is its own."""
    words: Mapping[str, str] = {}
    """Extensions of the certificate, by name; one that needs an absent claim is left out."""
    url: str = ""
    """Where the service lives, unless the settings say otherwise."""
    verified: str = ""
    """A claim that must be `true`."""
    needs_domain: bool = False
    prefix: str = ""
    """What the identity must begin with."""


GITHUB = Template(
    identity="{url}/{job_workflow_ref}",
    identity_kind="uri",
    url="https://github.com",
    words={
        "githubWorkflowTrigger": "{event_name}",
        "githubWorkflowSha": "{sha}",
        "githubWorkflowName": "{workflow}",
        "githubWorkflowRepository": "{repository}",
        "githubWorkflowRef": "{ref}",
        "buildSignerURI": "{url}/{job_workflow_ref}",
        "buildSignerDigest": "{job_workflow_sha}",
        "runnerEnvironment": "{runner_environment}",
        "sourceRepositoryURI": "{url}/{repository}",
        "sourceRepositoryDigest": "{sha}",
        "sourceRepositoryRef": "{ref}",
        "sourceRepositoryIdentifier": "{repository_id}",
        "sourceRepositoryOwnerURI": "{url}/{repository_owner}",
        "sourceRepositoryOwnerIdentifier": "{repository_owner_id}",
        "buildConfigURI": "{url}/{workflow_ref}",
        "buildConfigDigest": "{workflow_sha}",
        "buildTrigger": "{event_name}",
        "runInvocationURI": "{url}/{repository}/actions/runs/{run_id}/attempts/{run_attempt}",
        "sourceRepositoryVisibilityAtSigning": "{repository_visibility}",
        "deploymentEnvironment": "{environment}",
    },
)
GITLAB = Template(
    identity="https://{ci_config_ref_uri}",
    identity_kind="uri",
    url="https://gitlab.com",
    words={
        "buildSignerURI": "https://{ci_config_ref_uri}",
        "buildSignerDigest": "{ci_config_sha}",
        "runnerEnvironment": "{runner_environment}",
        "sourceRepositoryURI": "{url}/{project_path}",
        "sourceRepositoryDigest": "{sha}",
        "sourceRepositoryRef": "{ref_path}",
        "sourceRepositoryIdentifier": "{project_id}",
        "sourceRepositoryOwnerURI": "{url}/{namespace_path}",
        "sourceRepositoryOwnerIdentifier": "{namespace_id}",
        "buildConfigURI": "https://{ci_config_ref_uri}",
        "buildConfigDigest": "{ci_config_sha}",
        "buildTrigger": "{pipeline_source}",
        "runInvocationURI": "{url}/{project_path}/-/jobs/{job_id}",
        "sourceRepositoryVisibilityAtSigning": "{project_visibility}",
        "deploymentEnvironment": "{environment}",
    },
)
BUILDKITE = Template(
    identity="{url}/{organization_slug}/{pipeline_slug}",
    identity_kind="uri",
    url="https://buildkite.com",
    words={
        "runInvocationURI": "{url}/{organization_slug}/{pipeline_slug}/builds/{build_number}#{job_id}",
        "runnerEnvironment": "{runner_environment}",
        "sourceRepositoryDigest": "{build_commit}",
        "buildTrigger": "{build_source}",
    },
)
CIRCLECI = Template(
    identity="{url}/projects/{oidc.circleci.com/project-id}/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}",
    identity_kind="uri",
    url="https://circleci.com/api/v2",
    words={
        "buildConfigURI": "{url}/pipeline/{oidc.circleci.com/pipeline-id}/config",
        "buildSignerURI": "{url}/projects/{oidc.circleci.com/project-id}"
        "/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}",
        "runInvocationURI": "https://app.circleci.com/workflow/{oidc.circleci.com/workflow-id}"
        "/job/{oidc.circleci.com/job-id}",
        "sourceRepositoryRef": "{oidc.circleci.com/vcs-ref}",
        "sourceRepositoryURI": "{oidc.circleci.com/vcs-origin}",
    },
)
CODEFRESH = Template(
    identity="{url}/{account_name}/{pipeline_name}:{account_id}/{pipeline_id}",
    identity_kind="uri",
    url="https://g.codefresh.io",
    words={
        "buildConfigURI": "{url}/api/pipelines/{pipeline_id}",
        "buildSignerURI": "{url}/build/{workflow_id}",
        "runInvocationURI": "{url}/build/{workflow_id}",
        "runnerEnvironment": "{runner_environment}",
        "sourceRepositoryRef": "{scm_ref}",
        "sourceRepositoryURI": "{scm_repo_url}",
    },
)
KUBERNETES = Template(
    identity="https://kubernetes.io/namespaces/{kubernetes.io/namespace}"
    "/serviceaccounts/{kubernetes.io/serviceaccount/name}",
    identity_kind="uri",
)
TEMPLATES: Mapping[str, Template] = {
    "email": Template(identity="{email}", identity_kind="email", challenge="{email}", verified="email_verified"),
    "uri": Template(identity="{sub}", identity_kind="uri", needs_domain=True, prefix="{domain}/"),
    "username": Template(identity="{sub}!{domain}", identity_kind="username", needs_domain=True),
    "spiffe": Template(identity="{sub}", identity_kind="uri", needs_domain=True, prefix="spiffe://{domain}/"),
    "github": GITHUB,
    "gitlab": GITLAB,
    "buildkite": BUILDKITE,
    "circleci": CIRCLECI,
    "codefresh": CODEFRESH,
    "kubernetes": KUBERNETES,
}
"""Kinds of issuers by name."""


def fill(template: str, claims: Mapping[str, Any], settings: Mapping[str, str]) -> str | None:
    """The text with every hole filled; None where a claim is absent, empty, no text or number, or not printable."""
    parts: list[str] = []
    at = 0
    for hole in _HOLE.finditer(template):
        value = settings[hole[1]] if hole[1] in settings else _claim(claims, hole[1])
        if not value:
            return None
        parts += [template[at : hole.start()], value]
        at = hole.end()
    text = "".join(parts) + template[at:]
    return text if text and len(text) <= _TEXT_CHARACTERS and text.isprintable() else None


def is_template(text: str) -> bool:
    """Whether every brace of a text belongs to a hole."""
    rest = _HOLE.sub("", text)
    return bool(text) and "{" not in rest and "}" not in rest


def _claim(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim by name, or by path where no claim has the name itself."""
    value: Any = claims.get(name)
    if value is None and "/" in name:
        value = claims
        for step in name.split("/"):
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)[: _TEXT_CHARACTERS + 1] if value != "" else None
