"""What an authority wrote into a certificate beside the identity, by name (Fulcio, oid-info.md)."""

from assay.model.evidence import Signer

_ARC = "1.3.6.1.4.1.57264.1."
_NUMBERS = {
    "githubWorkflowSha": 3,
    "githubWorkflowRepository": 5,
    "githubWorkflowRef": 6,
    "runnerEnvironment": 11,
    "sourceRepositoryURI": 12,
    "sourceRepositoryDigest": 13,
    "sourceRepositoryRef": 14,
}
_OLDER = {
    "sourceRepositoryURI": ("githubWorkflowRepository", "https://github.com/"),
    "sourceRepositoryDigest": ("githubWorkflowSha", ""),
    "sourceRepositoryRef": ("githubWorkflowRef", ""),
}
"""GitHub's own extensions, of certificates issued before the common ones: their name, and what stands before it."""


def extension(signer: Signer, name: str) -> str:
    """The text of an extension, whether the signer lists it by name or by identifier; empty where there is none."""
    for key in (name, f"{_ARC}{_NUMBERS.get(name, 0)}"):
        if text := signer.extensions.get(key, ""):
            return text
    older, prefix = _OLDER.get(name, ("", ""))
    return prefix + text if older and (text := extension(signer, older)) else ""
