"""Base images whose content is a set of Debian packages, so that a spec can name the packages instead."""

import re

import msgspec

_RELEASES = {
    "10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky", "latest": "", "stable": "",
}  # fmt: skip
_CODENAMES = ("buster", "bullseye", "bookworm", "trixie", "forky", "sid")
PYTHONS = {"buster": "3.7", "bullseye": "3.9", "bookworm": "3.11", "trixie": "3.13"}
"""The Python of each Debian release."""
NODES = {"bookworm": "18", "trixie": "20"}
"""The Node.js of each Debian release, major version."""
GOES = {"bullseye": "1.15", "bookworm": "1.19", "trixie": "1.24"}
"""The Go of each Debian release."""
_DISTROLESS = re.compile(r"gcr\.io/distroless/([a-z0-9]+)-debian(\d+)", re.ASCII)
_FOREIGN = frozenset(
    {"alpine", "busybox", "ubuntu", "fedora", "centos", "amazonlinux", "rockylinux", "almalinux", "oraclelinux", "ubi8",
     "ubi9", "ubi-minimal", "archlinux", "leap", "photon", "wolfi-base"}
)  # fmt: skip
COMMON = ("base-files", "ca-certificates", "netbase", "tzdata")
_STATIC = ("base-files", "ca-certificates", "netbase", "tzdata")
_BASE = (*_STATIC, "libc6", "libssl3")
_CC = (*_BASE, "libgcc-s1", "libgomp1", "libstdc++6")
DISTROLESS = {"static": _STATIC, "base": _BASE, "cc": _CC, "python3": (*_CC, "python3"), "nodejs18": (*_CC, "nodejs")}
"""Kind of a distroless image → its packages."""
_REGISTRY = re.compile(r"\A(?:docker\.io/|index\.docker\.io/)?(?:library/)?", re.ASCII)


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What a known base stands for; `why` where it is not known enough."""

    distribution: str = ""
    packages: tuple[str, ...] = ()
    python: str = ""
    env: dict[str, str] = {}
    user: str = ""
    """Whom it runs as; empty for root."""
    users: tuple[tuple[str, int, str], ...] = ()
    """Name, number and home of the users it brings."""
    why: str = ""


def base(reference: str) -> Base:
    """What packages an image reference of a `FROM` stands for.

    >>> base("python:3.11-slim-bookworm").packages[-1]
    'python3'
    >>> base("alpine:3.20").why
    'the base alpine:3.20 is no Debian: name the packages your program needs'
    """
    name = _REGISTRY.sub("", reference.partition("@")[0], count=1)
    repository, _, tag = name.partition(":")
    if repository == "scratch":
        return Base()
    release = _release(tag)
    if repository == "debian":
        if release:
            return Base(distribution=release, packages=COMMON)
        return Base(why=f"{reference} does not say which release of Debian it is")
    if repository == "python":
        return _language(reference, tag, release, "python3", "Python", PYTHONS)
    if repository == "node":
        return _language(reference, tag, release, "nodejs", "Node.js", NODES)
    if repository == "golang":
        return _language(reference, tag, release, "golang-go", "Go", GOES)
    if match := _DISTROLESS.fullmatch(repository):
        return _distroless(reference, match[1], match[2], tag)
    if repository.rpartition("/")[2] in _FOREIGN or "alpine" in tag:
        return Base(why=f"the base {reference} is no Debian: name the packages your program needs")
    return Base(why=f"what {reference} holds is not known: name the packages your program needs")


def _distroless(reference: str, kind: str, number: str, tag: str) -> Base:
    """Images of the distroless project: they are sets of Debian packages, with a user `nonroot`."""
    release, words = _RELEASES.get(number, ""), tag.split("-")
    if kind not in DISTROLESS or not release or "debug" in words:
        return Base(why=f"what {reference} holds is not known: name the packages your program needs")
    return Base(
        distribution=release,
        packages=DISTROLESS[kind],
        python=PYTHONS[release] if kind == "python3" else "",
        user="nonroot" if words[0] == "nonroot" else "",
        users=(("nonroot", 65532, "/home/nonroot"),),
    )


def _release(tag: str) -> str:
    parts = tag.split("-")
    for part in parts:
        if part in _CODENAMES:
            return part
    return _RELEASES.get(parts[0].split(".")[0], "")


def _language(reference: str, tag: str, release: str, package: str, language: str, versions: dict[str, str]) -> Base:
    """A language's official image: the package of the Debian release that has the same version."""
    if "alpine" in tag or "windows" in tag:
        return Base(why=f"the base {reference} is no Debian: name the packages your program needs")
    wanted = tag.split("-", maxsplit=1)[0]
    parts = 1 if language == "Node.js" else 2
    short = ".".join(wanted.split(".")[:parts])
    named = next((part for part in tag.split("-") if part in _CODENAMES), "")
    for codename in [named] if named else list(versions):
        if versions.get(codename) == short:
            python = short if language == "Python" else ""
            more = ("gcc", "libc6-dev") if language == "Go" else ()
            return Base(distribution=codename, packages=(*COMMON, package, *more), python=python)
    where = f"Debian {named} brings another" if named else "no Debian release brings it"
    there = ", ".join(f"{codename} has {version}" for codename, version in versions.items())
    return Base(why=f"{language} {wanted or 'of an unnamed version'}: {where} ({there})")
