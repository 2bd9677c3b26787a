"""Package URLs: text to `Purl` and back (ECMA-427, package-url/purl-spec), with each type's own normalisation."""

import re
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

import msgspec

from assay.model.errors import MalformedError
from assay.model.purl import Purl

_TYPE = re.compile(r"[a-z][a-z0-9.-]*", re.ASCII)
_KEY = re.compile(r"[a-z][a-z0-9._-]*", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSAFE = re.compile(r"[^A-Za-z0-9._~:-]").search
"""purl-spec, "Character encoding": unreserved characters and the colon stay, everything else is percent-encoded."""
_UNSAFE_PATH = re.compile(r"[^A-Za-z0-9._~:/-]").search
_ESCAPES = {code: f"%{code:02X}" for code in range(128) if _UNSAFE(chr(code))}


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a type's definition says beyond the common rules."""

    lower_namespace: bool = False
    lower_name: bool = False
    lower_version: bool = False
    dashes: bool = False
    """`_` in the name is written `-`."""
    no_namespace: bool = False
    needs_namespace: bool = False


_COMMON = _Rule()
_LOWER = _Rule(lower_namespace=True, lower_name=True)

# purl-spec, types/*-definition.json. A namespace is asked for only where a purl without one names nothing; for deb,
# rpm, apk and golang (`pkg:golang/stdlib`) tools in use leave it out, and refusing them would lose the package.
_RULES: dict[str, _Rule] = {
    "alpm": _LOWER,
    "apk": _LOWER,
    "bitbucket": _LOWER,
    "bitnami": _Rule(lower_name=True),
    "cargo": _Rule(no_namespace=True),
    "composer": _LOWER,
    "deb": _LOWER,
    "gem": _Rule(no_namespace=True),
    "github": _LOWER,
    "gitlab": _LOWER,
    "hex": _LOWER,
    "huggingface": _Rule(lower_version=True),
    "luarocks": _Rule(lower_namespace=True, lower_name=True, lower_version=True),
    "maven": _Rule(needs_namespace=True),
    "oci": _Rule(lower_name=True, lower_version=True, no_namespace=True),
    "pub": _Rule(lower_name=True, no_namespace=True),
    "pypi": _Rule(lower_name=True, lower_version=True, dashes=True, no_namespace=True),
    "qpkg": _Rule(lower_namespace=True),
    "rpm": _Rule(lower_namespace=True),
}


def parse(text: str, *, where: str = "") -> Purl:
    """Read a package URL; the result is normalised, so `to_string(parse(text))` is the canonical form.

    Args:
        text: the package URL.
        where: named in errors.

    Raises:
        MalformedError: no scheme, type or name; a bad type, qualifier key or escape; a namespace where none may be.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() != "pkg":
        raise _bad(text, where, "does not begin with pkg:")
    if "%" in rest and _BAD_ESCAPE.search(rest):
        raise _bad(text, where, "has a % that is no escape")
    rest, _, subpath = rest.partition("#")
    rest, _, qualifiers = rest.partition("?")
    kind, slash, rest = rest.lstrip("/").partition("/")
    if not slash:
        raise _bad(text, where, "has no type")
    rest, version = _split_version(rest.strip("/"))
    namespace, _, name = rest.rpartition("/")
    segments = [_decode(s) for s in namespace.split("/") if s]
    if any("/" in s for s in segments):
        raise _bad(text, where, "has an escaped slash in its namespace")
    return normalise(
        Purl(
            kind.lower(),
            "/".join(segments),
            _decode(name),
            _decode(version),
            _parse_qualifiers(qualifiers, text, where) if qualifiers else (),
            "/".join(_decode(s) for s in subpath.split("/") if s) if subpath else "",
        ),
        where=where,
    )


def to_string(purl: Purl) -> str:
    """The canonical text of a package URL; parts are normalised first.

    Raises:
        MalformedError: no type or name, a bad type or qualifier key, a namespace where none may be.
    """
    purl = normalise(purl)
    text = f"pkg:{purl.type}/{_path(purl.namespace)}/" if purl.namespace else f"pkg:{purl.type}/"
    text += _encode(purl.name)
    if purl.version:
        text += "@" + _encode(purl.version)
    if purl.qualifiers:
        text += _qualifier_text(purl.qualifiers)
    return f"{text}#{_path(purl.subpath)}" if purl.subpath else text


def normalise(purl: Purl, *, where: str = "") -> Purl:
    """The canonical value: type rules applied, qualifiers lower-cased, sorted and without empty ones.

    Raises:
        MalformedError: as `to_string`.
    """
    kind, namespace, name, version = purl.type, purl.namespace, purl.name, purl.version
    if not _valid_type(kind):
        kind = kind.lower()
        if not _valid_type(kind):
            raise _bad(str(purl), where, f"has a bad type {kind[:50]!r}")
    rule = _RULES.get(kind, _COMMON)
    if namespace:
        if rule.no_namespace:
            raise _bad(str(purl), where, f"has a namespace, which {kind} has not")
        if "//" in namespace or namespace[0] == "/" or namespace[-1] == "/":
            namespace = "/".join(s for s in namespace.split("/") if s)
        namespace = namespace.lower() if rule.lower_namespace else namespace
    elif rule.needs_namespace:
        raise _bad(str(purl), where, f"has no namespace, which {kind} needs")
    if not name:
        raise _bad(str(purl), where, "has no name")
    name = name.lower() if rule.lower_name else name
    name = name.replace("_", "-") if rule.dashes else name
    version = version.lower() if rule.lower_version else version
    qualifiers = _qualifiers(purl.qualifiers, where) if purl.qualifiers else ()
    subpath = "/".join(s for s in purl.subpath.split("/") if s not in {"", ".", ".."}) if purl.subpath else ""
    return Purl(kind, namespace, name, version, qualifiers, subpath)


@lru_cache(maxsize=1024)  # an image's components share a few sets of qualifiers (architecture, distribution)
def _qualifiers(pairs: tuple[tuple[str, str], ...], where: str) -> tuple[tuple[str, str], ...]:
    """purl-spec, "Qualifiers": keys are unique, lower case, sorted; a pair with an empty value does not exist."""
    found: dict[str, str] = {}
    for key, value in pairs:
        lower = key if _valid_key(key) else key.lower()
        if not _valid_key(lower):
            raise _bad("", where, f"has a bad qualifier key {key[:50]!r}")
        if lower in found:
            raise _bad("", where, f"has the qualifier {lower[:50]!r} twice")
        if value:
            found[lower] = value
    return tuple(sorted(found.items()))


@lru_cache(maxsize=1024)
def _qualifier_text(pairs: tuple[tuple[str, str], ...]) -> str:
    return "?" + "&".join([f"{key}={_encode(value)}" for key, value in pairs])


def _parse_qualifiers(text: str, whole: str, where: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for pair in text.split("&"):
        key, equals, value = pair.partition("=")
        if not equals:
            raise _bad(whole, where, f"has a qualifier without value {pair[:50]!r}")
        pairs.append((key, _decode(value)))
    return tuple(pairs)


def _split_version(rest: str) -> tuple[str, str]:
    """The last `@` divides, unless it begins a path segment that goes on (an npm scope written bare: `@babel/core`)."""
    at = rest.rfind("@")
    if at < 0 or ((at == 0 or rest[at - 1] == "/") and "/" in rest[at:]):
        return rest, ""
    return rest[:at], rest[at + 1 :]


@lru_cache(maxsize=256)
def _valid_type(text: str) -> bool:
    return _TYPE.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _valid_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def _encode(text: str) -> str:
    if _UNSAFE(text) is None:
        return text
    if text.isascii():
        return text.translate(_ESCAPES)
    try:
        return quote(text, safe=":", errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise _bad(text, "", "has a lone surrogate") from error


def _path(text: str) -> str:
    if _UNSAFE_PATH(text) is None:
        return text
    return "/".join([_encode(segment) for segment in text.split("/")])


def _decode(text: str) -> str:
    """Percent-decoded; bytes outside UTF-8 become surrogate escapes, which `_encode` writes back."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise _bad(text, "", "has a lone surrogate") from error


def _bad(text: str, where: str, why: str) -> MalformedError:
    place = " ".join(filter(None, (where, ascii(text[:200]) if text else "")))
    return MalformedError("not a package URL", where=place, why=why, remedy="expected pkg:type/namespace/name@version")
