"""What a package index says of one version: whether its publisher took it back, or advises against it.

PyPI's Simple API in JSON (PEP 691) marks files as yanked (PEP 592), npm's registry marks versions as deprecated, the
sparse index of crates marks them as yanked. This is a word about a package. The `withdrawn` of an OSV record is a word
about an advisory, and has nothing to do with it.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from assay.dependencies.versions import SCHEMES
from assay.formats import strictjson, wire
from assay.model.errors import MalformedError
from assay.model.inventory import Component

_REASON_CHARACTERS = 300
_SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".egg")
UNKNOWN_VERSION = "the index does not have this version"


class IndexForm(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of index."""

    property: str
    """Of a component; `dependencies.suspicion` weighs it."""
    accept: str
    """The form of the answer that is asked for."""
    path: Callable[[str, str], str]
    """Name and version to the path below the index's address."""
    read: Callable[[Any, str, str], str | None]
    """An answer, name and version to the publisher's reason; `true` for none given, empty for not withdrawn, None for a
    version that is not there."""
    lines: bool = False
    """Whether an answer is JSON lines."""


def withdrawn(ecosystem: str, data: bytes, name: str, version: str, *, limit: int) -> str | None:
    """What an answer says of a version, as `IndexForm.read`.

    Raises:
        MalformedError: it is no answer of such an index.
    """
    form, where = FORMS[ecosystem], f"{ecosystem} index, {name}"
    try:
        if form.lines:
            lines = [line for line in data.splitlines() if line.strip()]
            value: Any = [strictjson.loads(line, where=where, limit=limit) for line in lines]
        else:
            value = wire.decode(data, where=where, limit=limit)
        return form.read(value, name, version)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MalformedError("not an answer of a package index", where=where, why=str(error)[:200]) from error


def is_asked_for(component: Component) -> bool:
    """Whether an index may know it: of a known ecosystem, with a version, and not recorded to come from elsewhere."""
    if component.ecosystem not in FORMS or not component.version or component.owner:
        return False
    facts = dict(component.properties)
    return not any(facts.get(f"{component.ecosystem}:{word}") for word in ("direct-url", "registry"))


def _said(value: object) -> str:
    """A reason, or a mere yes, or no."""
    if isinstance(value, str):
        return value.strip()[:_REASON_CHARACTERS]
    return "true" if value else ""


def _pypi(value: Any, name: str, version: str) -> str | None:
    """PEP 592: files are yanked, each by itself; a version is, when all its files are."""
    key = _PEP440.key(version)
    reasons = [
        "true" if said == "" else _said(said)
        for file in value["files"]
        if _is_of(str(file["filename"]), version, key)
        for said in (file.get("yanked", False),)
    ]
    if not reasons:
        return None
    return next((r for r in reasons if r != "true"), "true") if all(reasons) else ""


_PEP440 = SCHEMES["pep440"]


def _is_of(file: str, version: str, key: bytes | None) -> bool:
    if file.endswith(".whl"):
        parts = file.split("-")
        found = parts[1] if len(parts) > 2 else ""
    else:
        ending = next((ending for ending in _SDISTS if file.endswith(ending)), "")
        found = file.removesuffix(ending).rpartition("-")[2] if ending else ""
    return found == version or (key is not None and bool(found) and _PEP440.key(found) == key)


def _npm(value: Any, name: str, version: str) -> str | None:
    if value["version"] != version:
        return None
    return _said(value.get("deprecated", False))


def _cargo(value: Any, name: str, version: str) -> str | None:
    found = [entry for entry in value if entry["vers"] == version]
    return ("true" if found[-1]["yanked"] else "") if found else None


def _cargo_path(name: str, version: str) -> str:
    """Cargo's reference, "Index Format": one, two, three letters, or the first and the second two."""
    low = quote(name.lower(), safe="")
    folders = {1: "1/", 2: "2/", 3: f"3/{low[:1]}/"}.get(len(low), f"{low[:2]}/{low[2:4]}/")
    return folders + low


def _pypi_path(name: str, version: str) -> str:
    """PEP 503: names in their normal form, and a slash."""
    normal = "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)
    return f"{quote(normal, safe='')}/"


FORMS: Mapping[str, IndexForm] = {
    "pypi": IndexForm(
        property="pypi:yanked", accept="application/vnd.pypi.simple.v1+json", path=_pypi_path, read=_pypi
    ),
    "npm": IndexForm(
        property="npm:deprecated", accept="application/json", read=_npm,
        path=lambda name, version: f"{quote(name, safe='@')}/{quote(version, safe='')}",
    ),
    "cargo": IndexForm(property="cargo:yanked", accept="text/plain", path=_cargo_path, read=_cargo, lines=True),
}  # fmt: skip
"""By ecosystem, as components have it. Grow by rows."""
