"""Container images that source files name (`FROM`, `docker://`): a package URL of type docker, pinned or not.

The familiar form of Docker's reference grammar (distribution/reference): `[REGISTRY/]PATH[:TAG][@DIGEST]`.
"""

from assay.dependencies.cataloger import Package
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_NAME = lazy(r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._/]|__|-{1,100})[a-z0-9]+)*")
_TAG = lazy(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = lazy(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NO_LICENCE = Licence(reason="a name of an image records no licence")
_REFERENCE_CHARACTERS = 1_000


def image_package(reference: str, properties: dict[str, str]) -> Package | None:
    """The image as a package, or None for a text that names none.

    Its version is the digest where one pins it, else the tag, which may mean another image tomorrow.

    Args:
        reference: as it is written.
        properties: what else is known of it.
    """
    if len(reference) > _REFERENCE_CHARACTERS:
        return None
    rest, at, digest = reference.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    name, tag = (rest[:colon], rest[colon + 1 :]) if colon >= 0 else (rest, "")
    if not _NAME.fullmatch(name) or (at and not _DIGEST.fullmatch(digest)) or (colon >= 0 and not _TAG.fullmatch(tag)):
        return None
    registry, path = _parted(name)
    namespace, _, base = path.rpartition("/")
    properties = properties | {"docker:pinned": "true" if digest else "false"}
    if tag or not digest:
        properties["docker:tag"] = tag or "latest"
    return Package(
        ecosystem="docker",
        name=name,
        version=digest or tag or "latest",
        namespace=namespace,
        purl_name=base,
        qualifiers=(("repository_url", registry),) if registry else (),
        licence=_NO_LICENCE,
        properties=tuple(sorted((key, value) for key, value in properties.items() if value)),
        kind="lock-file",
        confidence="strong" if digest else "weak",
    )


def _parted(name: str) -> tuple[str, str]:
    """Registry and path: a first part is a registry if it could be no folder of the usual one."""
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return "", name.removeprefix("library/")
    if first in ("docker.io", "index.docker.io"):
        return "", rest.removeprefix("library/")
    return first, rest
