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
COMMON = ("base-files", "ca-certificates", "netbase", "tzdata")
_REGISTRY = re.compile(r"\A(?:docker\.io/|index\.docker\.io/)?(?:library/)?", re.ASCII)


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What a known base stands for; `why` where it is not known enough."""

    distribution: str = ""
    packages: tuple[str, ...] = ()
    python: str = ""
    env: dict[str, str] = {}
    why: str = ""


def base(reference: str) -> Base:
    """What packages an image reference of a `FROM` stands for.

    >>> base("python:3.11-slim-bookworm").packages[-1]
    'python3'
    >>> base("alpine:3.20").why
    'the base alpine:3.20 is no Debian: name the packages your program needs'
    """
    name, _, digest = reference.partition("@")
    name = _REGISTRY.sub("", name, count=1)
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
    if digest and not tag:
        return Base(why=f"what {reference} holds is not known: name the packages your program needs")
    return Base(why=f"the base {reference} is no Debian: name the packages your program needs")


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
    parts = 2 if language == "Python" else 1
    short = ".".join(wanted.split(".")[:parts])
    named = next((part for part in tag.split("-") if part in _CODENAMES), "")
    for codename in [named] if named else list(versions):
        if versions.get(codename) == short:
            python = short if language == "Python" else ""
            return Base(distribution=codename, packages=(*COMMON, package), python=python)
    where = f"Debian {named} brings another" if named else "no Debian release brings it"
    return Base(why=f"{language} {wanted or 'of an unnamed version'}: {where}")
