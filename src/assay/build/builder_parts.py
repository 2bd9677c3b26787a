"""What the builder itself consists of, as SLSA tells it (provenance v1, `runDetails.builder.builderDependencies`).

A digest is told where it is known, and none where it is not: nobody guesses what made an image.
"""

from collections.abc import Iterable

from assay.build.lock import ShapingTool
from assay.model.statement import ResourceDescriptor

PROGRAM, COMPRESSOR, SANDBOX = "builder", "compressor", "sandbox"
"""`annotations.role` of each kind of part."""
_TAR = "tar"
"""A row of the lock that is the builder's own code."""


def program(name: str, version: str, files_digest: str) -> ResourceDescriptor:
    """The builder's own distribution.

    Args:
        name: of it, as installers know it.
        version: its own.
        files_digest: hexadecimal `dirHash` (in-toto digest set v1) of its installed files; empty where unknown.
    """
    return ResourceDescriptor(
        name=name,
        uri=f"pkg:pypi/{name}@{version}",
        digest={"dirHash": files_digest} if files_digest else {},
        annotations={"role": PROGRAM, "version": version},
    )


def compressors(tools: Iterable[ShapingTool]) -> tuple[ResourceDescriptor, ...]:
    """What compressed the layers. The golden digest is of what it makes, so it is no digest of the library."""
    return tuple(
        ResourceDescriptor(
            name=tool.name,
            annotations={
                "role": COMPRESSOR,
                "version": tool.version,
                **({"golden": str(tool.golden)} if tool.golden else {}),
            },
        )
        for tool in sorted(tools, key=lambda tool: tool.name)
        if tool.name != _TAR
    )


def sandbox(described: str, digest: str = "") -> ResourceDescriptor:
    """What sealed a step.

    Args:
        described: program and version, as the sandbox says them itself.
        digest: hexadecimal SHA-256 of the program's file; empty where it is not known.
    """
    name, _, version = described.partition(" ")
    return ResourceDescriptor(
        name=name,
        digest={"sha256": digest} if digest else {},
        annotations={"role": SANDBOX, **({"version": version} if version else {})},
    )


def sandboxes(
    described: Iterable[str], here: Iterable[ResourceDescriptor], *, elsewhere: bool
) -> tuple[ResourceDescriptor, ...]:
    """The sandboxes some steps ran in, sorted; with the digest of the one that is here, where it is that very one.

    Args:
        described: each step's own.
        here: parts of the builder that are known with their digests.
        elsewhere: whether the steps ran in another build: then nobody knows what was there.
    """
    known = {} if elsewhere else {part.name: part for part in here if part.annotations.get("role") == SANDBOX}
    found = []
    for text in sorted(set(described)):
        told = sandbox(text)
        same = known.get(told.name)
        found.append(same if same is not None and same.annotations == told.annotations else told)
    return tuple(found)
