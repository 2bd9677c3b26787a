"""What the user names: a target's scheme and place, or an image reference, in one spelling only.

`parse_target` is pure: whether a path exists is asked of the caller. The reference grammar is the one of the OCI
distribution-spec 1.1 ("Pulling manifests") with Docker's rules for the implied authority and the implied `library/`.
"""

import re
from collections.abc import Callable
from typing import Literal, NoReturn, TypeAlias

import msgspec

from assay.model.digest import Digest
from assay.model.errors import MalformedError, UsageError
from assay.model.patterns import lazy

Scheme: TypeAlias = Literal[
    "registry", "oci-dir", "oci-archive", "docker-archive", "docker", "podman", "dir", "rootfs", "sbom", "file"
]  # fmt: skip
Exists: TypeAlias = Callable[[str], bool]

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"
STANDARD_INPUT = "-"

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_AUTHORITY = lazy(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::([1-9][0-9]{{0,4}}))?", re.ASCII)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = lazy(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = lazy(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_SHORT_ID = lazy(r"(?:sha256:)?[0-9a-f]{12,64}", re.ASCII)
_IMAGE_ID = lazy(r"[0-9a-f]{64}", re.ASCII)
_NAME_CHARACTERS = 255
_TEXT_CHARACTERS = 8_192

_TAGGED: dict[str, Scheme] = {
    "oci-dir": "oci-dir",
    "oci-archive": "oci-archive",
    "docker-archive": "docker-archive",
}
_ENGINES: dict[str, Scheme] = {"docker": "docker", "podman": "podman"}
_UNTAGGED: dict[str, Scheme] = {"dir": "dir", "rootfs": "rootfs", "sbom": "sbom"}

_FOREIGN = {
    "docker://": "write registry:NAME",
    "oci://": "write registry:NAME",
    "http://": "write registry:NAME, without a URL's scheme",
    "https://": "write registry:NAME, without a URL's scheme",
    "file://": "write the path alone, or oci-dir:, oci-archive:, docker-archive:, dir:, sbom: and the path",
    "containers-storage:": "write podman:NAME, or export the image, e.g. podman save --format oci-archive",
    "docker-daemon:": "write docker:NAME",
}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a command works on.

    `location` is the path of a local form (`-` is standard input), or `authority/repository` of a registry.
    `tag` and `digest` choose in it; where both are given the digest wins. A registry target always has one of them.
    Scheme `file` means a plain file whose form (archive or SBOM) is found by its content.
    """

    scheme: Scheme
    location: str
    tag: str = ""
    digest: Digest | None = None
    authority: str = ""
    repository: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        scheme = "" if self.scheme in {"registry", "file"} else f"{self.scheme}:"
        return f"{scheme}{self.location}{tag}{digest}"

    @property
    def selector(self) -> str:
        """What a registry is asked for: the digest if there is one, else the tag."""
        return str(self.digest) if self.digest else self.tag


def parse_target(text: str, exists: Exists) -> Target:
    """Read a target as the command line gives it.

    Args:
        text: `SCHEME:REST`, a path, an image reference, or `-`.
        exists: whether a path exists on this machine; asked about prefixes of `text` only.

    Returns:
        The target. Without a scheme it is a registry reference unless the path exists.

    Raises:
        UsageError: it fits no form, or a named path does not exist.

    >>> str(parse_target("debian:12", lambda path: False))
    'docker.io/library/debian:12'
    >>> parse_target("oci-dir:images/debian:latest", lambda path: path == "images/debian").tag
    'latest'
    """
    _refuse_tricks(text)
    if text == STANDARD_INPUT:
        return Target(scheme="sbom", location=STANDARD_INPUT)
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "registry":
        return parse_reference(rest)
    if colon and scheme in _ENGINES and not rest.startswith("//"):
        return _engine(_ENGINES[scheme], rest)
    if colon and scheme in _UNTAGGED:
        return _untagged(_UNTAGGED[scheme], rest, exists)
    if colon and scheme in _TAGGED:
        return _tagged(_TAGGED[scheme], rest, exists)
    return _bare(text, exists)


def parse_reference(text: str) -> Target:
    """Read an image reference, `[AUTHORITY/]REPOSITORY[:TAG][@DIGEST]`.

    Raises:
        UsageError: not a reference; the message says which part is wrong.

    >>> parse_reference("localhost:5000/a/b").location
    'localhost:5000/a/b'
    """
    _refuse_tricks(text)
    name, at, digest_text = text.partition("@")
    digest = _digest(digest_text, text) if at else None
    name, tag = _split_tag(name)
    if tag and not _TAG.fullmatch(tag):
        _refuse(text, f"{tag!r} is not a tag", "a tag is at most 128 letters, digits, '_', '.' and '-'")
    authority, repository = _split_authority(name, text)
    if name == "sha256" and _IMAGE_ID.fullmatch(tag):
        _refuse(text, "a digest alone names no repository", "write REPOSITORY@sha256:…")
    location = f"{authority}/{repository}"
    tag = tag or ("" if digest else DEFAULT_TAG)
    return Target(
        scheme="registry", location=location, tag=tag, digest=digest, authority=authority, repository=repository
    )


def _bare(text: str, exists: Exists) -> Target:
    if exists(text):
        return Target(scheme=_form(text, exists), location=text)
    for prefix, remedy in _FOREIGN.items():
        if text.startswith(prefix):
            _refuse(text, f"{prefix} is not a scheme of this program", remedy)
    if text.startswith(("/", "./", "../", "~")) or text in {".", ".."}:
        path, tag, digest = _split_path(text, exists)
        return Target(scheme=_form(path, exists), location=path, tag=tag, digest=digest)
    return parse_reference(text)


def _form(path: str, exists: Exists) -> Scheme:
    """What a path is: `PATH/.` exists for a directory only, so `exists` is all that has to be asked."""
    if not exists(f"{path}/."):
        return "file"
    return "oci-dir" if exists(f"{path}/oci-layout") else "dir"


def _engine(scheme: Scheme, name: str) -> Target:
    """An image of a local engine, by its name there or by its id."""
    if not name:
        _refuse(f"{scheme}:", "no image is given", f"write {scheme}:NAME")
    if _SHORT_ID.fullmatch(name) is None:
        parse_reference(name)
    return Target(scheme=scheme, location=name)


def full_name(name: str) -> str:
    """What a local engine is asked for: an id as it is, a name with its tag or digest.

    >>> full_name("acme/shop"), full_name("localhost:5000/shop"), full_name("0123456789ab")
    ('acme/shop:latest', 'localhost:5000/shop:latest', '0123456789ab')
    """
    if _SHORT_ID.fullmatch(name) or "@" in name or _split_tag(name)[1]:
        return name
    return f"{name}:{DEFAULT_TAG}"


def _untagged(scheme: Scheme, path: str, exists: Exists) -> Target:
    if not path:
        _refuse(f"{scheme}:", "no path is given", f"write {scheme}:PATH")
    if not (scheme == "sbom" and path == STANDARD_INPUT) and not exists(path):
        raise _missing(path)
    return Target(scheme=scheme, location=path)


def _tagged(scheme: Scheme, rest: str, exists: Exists) -> Target:
    if not rest:
        _refuse(f"{scheme}:", "no path is given", f"write {scheme}:PATH[:TAG][@DIGEST]")
    path, tag, digest = _split_path(rest, exists)
    return Target(scheme=scheme, location=path, tag=tag, digest=digest)


def _split_path(text: str, exists: Exists) -> tuple[str, str, Digest | None]:
    """`PATH[:TAG][@DIGEST]`, where the longest prefix that exists is the path (a path may hold `:` and `@`).

    The tag of an archive may itself be a reference (`debian:12`), so it is only barred from being empty.
    """
    if exists(text):
        return text, "", None
    before, at, after = text.rpartition("@")
    digest: Digest | None = None
    if at and re.match(r"sha\d+:", after):
        digest, text = _digest(after, text), before
        if exists(text):
            return text, "", digest
    end = text.rfind(":")
    while end > 0:
        if exists(text[:end]):
            tag = text[end + 1 :]
            if not tag:
                _refuse(text, "an empty tag", "leave the colon away")
            return text[:end], tag, digest
        end = text.rfind(":", 0, end)
    raise _missing(text)


def _split_tag(name: str) -> tuple[str, str]:
    head, colon, tail = name.rpartition(":")
    if not colon or "/" in tail:
        return name, ""
    return head, tail or ":"


def _split_authority(name: str, text: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or any(mark in first for mark in ".:[") or first != first.lower()):
        authority, repository = first, rest
    else:
        authority, repository = DOCKER_HUB, name
    _check_authority(authority, text)
    if authority == "index.docker.io":
        authority = DOCKER_HUB
    if authority == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    _check_repository(repository, authority, text)
    return authority, repository


def _check_authority(authority: str, text: str) -> None:
    if authority != authority.lower():
        _refuse(text, f"upper case in the registry's name {authority!r}", f"write {authority.lower()!r}")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or int(match[1] or 1) > 65_535:
        _refuse(text, f"{authority!r} is not the name of a registry", "write HOST or HOST:PORT")


def _check_repository(repository: str, authority: str, text: str) -> None:
    if repository != repository.lower():
        _refuse(text, "upper case in the repository's name", f"registries know lower case only: {repository.lower()!r}")
    if not _REPOSITORY.fullmatch(repository):
        _refuse(
            text,
            f"{repository!r} is neither the name of a repository nor an existing path",
            "a name is lower-case letters and digits, joined by '.', '_', '-', in parts joined by '/'",
        )
    if len(authority) + 1 + len(repository) > _NAME_CHARACTERS:
        _refuse(text, f"the name is longer than {_NAME_CHARACTERS} characters", "shorten it")
    if _IMAGE_ID.fullmatch(repository.removeprefix("library/")):
        _refuse(text, "this is the id of a local image, not a name", "write REPOSITORY@sha256:…")


def _digest(digest_text: str, text: str) -> Digest:
    try:
        return Digest.parse(digest_text)
    except MalformedError as error:
        raise UsageError(
            "not a digest", where=_short(text), why=repr(digest_text[:100]), remedy="write @sha256: and 64 hex digits"
        ) from error


def _refuse_tricks(text: str) -> None:
    if not text:
        _refuse(text, "it is empty", "name an image, a path, or - for standard input")
    if len(text) > _TEXT_CHARACTERS:
        _refuse(text, f"longer than {_TEXT_CHARACTERS} characters", "name an image or a path")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        _refuse(text, "it holds control characters", "name an image or a path")


def _missing(path: str) -> UsageError:
    return UsageError("no such file or folder", where=_short(path), remedy="check the path")


def _refuse(text: str, why: str, remedy: str) -> NoReturn:
    raise UsageError("cannot read the target", where=_short(text), why=why, remedy=remedy)


def _short(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:200])
