"""Requirements files that pin: every line one version and its hashes, judged for the image and not for this machine.

pip's documentation, "Requirements File Format" and "Secure installs"; markers: PEP 508.
"""

import re
from collections.abc import Mapping

import msgspec
from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from assay.model.errors import MalformedError

_LINE = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*) ?(?:\[([A-Za-z0-9._, -]*)\] ?)?== ?([A-Za-z0-9.!+_-]+) ?(?:;([^#]*))?", re.ASCII
)
"""A line whose white space is single blanks."""
_MARKER_CHARS = 1000
_HASH = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_LINES_COUNT = 50_000


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """One pinned project."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    hashes: tuple[str, ...]
    """SHA-256 in hexadecimal, sorted; one of them must be met."""
    line: int


def read(text: str, environment: Mapping[str, str], *, where: str) -> tuple[Requirement, ...]:
    """The requirements that hold in an environment.

    Args:
        text: the file's.
        environment: PEP 508 variables of the target.
        where: named in errors.

    Raises:
        MalformedError: a line that is not `name==version --hash=sha256:…`; options, addresses and files are refused.
    """
    found: dict[str, Requirement] = {}
    for number, line in _logical(text, where):
        parts = line.split("--hash")
        match = _LINE.fullmatch(" ".join(parts[0].split()))
        if match is None:
            raise _bad(where, number, f"{line[:80]!r} is not name==version with hashes")
        digests = []
        for part in parts[1:]:
            digest = _HASH.fullmatch(part.lstrip(" =").strip())
            if digest is None:
                raise _bad(where, number, f"{part.strip()[:40]!r} is not a SHA-256")
            digests.append(digest[1])
        if not digests:
            raise _bad(where, number, f"{match[1]} has no hash")
        if match[4] and not _holds(match[4], environment, where, number):
            continue
        name = canonicalize_name(match[1])
        if name in found:
            raise _bad(where, number, f"{name} stands there twice")
        found[name] = Requirement(name=name, version=match[3], hashes=tuple(sorted(digests)), line=number)
    return tuple(found[name] for name in sorted(found))


def _logical(text: str, where: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    joined, start = "", 0
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = re.sub(r"(?:^|\s)#.*", "", raw).rstrip()
        start = start or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        joined += line
        if joined.strip():
            lines.append((start, joined.strip()))
        joined, start = "", 0
        if len(lines) > _LINES_COUNT:
            raise _bad(where, number, f"more than {_LINES_COUNT} requirements")
    if joined.strip():
        lines.append((start, joined.strip()))
    return lines


def _holds(text: str, environment: Mapping[str, str], where: str, line: int) -> bool:
    if len(text) > _MARKER_CHARS:
        raise _bad(where, line, f"a marker of {len(text)} characters")
    try:
        return Marker(text.strip()).evaluate(dict(environment))
    except (InvalidMarker, ValueError, KeyError, RecursionError) as error:
        raise _bad(where, line, f"the marker {text.strip()[:60]!r}: {error}") from error


def environment(python: str, architecture: str) -> dict[str, str]:
    """PEP 508 variables of an image with CPython on Linux.

    Args:
        python: `3.11`.
        architecture: of Debian.
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": MACHINES.get(architecture, architecture),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
        "extra": "",
    }


MACHINES = {
    "amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l", "i386": "i686", "ppc64el": "ppc64le",
    "riscv64": "riscv64", "s390x": "s390x",
}  # fmt: skip
"""Debian architecture → `uname -m`."""


def _bad(where: str, line: int, why: str) -> MalformedError:
    return MalformedError(
        "not a locked requirements file", where=f"{where} line {line}", why=why,
        remedy="write it with `pip-compile --generate-hashes` or `uv pip compile --generate-hashes`",
    )  # fmt: skip
