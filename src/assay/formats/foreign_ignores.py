"""Other scanners' ignore files to ours: `.trivyignore`, `.trivyignore.yaml`, `.grype.yaml`; with what was lost.

A rule whose restriction ours cannot say is left out and listed, never widened: an ignore that grows in translation
hides what nobody decided to hide. What they do not say and ours needs (a last day, a reason) is filled in and listed.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from assay.formats import ignorefile, yamlsubset
from assay.formats import purl as purls
from assay.formats.yamlsubset import Node
from assay.model.errors import MalformedError
from assay.model.ignore import IgnoreRule
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.purl import Purl

_PLAIN = re.compile(r"(?P<id>\S+)(?P<rest>.*)", re.DOTALL)
_OWN_KINDS = ("AVD-", "DS-", "KSV", "AWS-")
_GRYPE_TYPES: Mapping[str, str] = {
    "deb": "deb", "apk": "apk", "rpm": "rpm", "python": "pypi", "npm": "npm", "gem": "gem", "go-module": "golang",
    "java-archive": "maven", "rust-crate": "cargo", "php-composer": "composer", "dotnet": "nuget",
}  # fmt: skip
_WITHOUT_NAMESPACE = frozenset({"pypi", "gem", "cargo", "nuget"})
"""Types whose package URL is known from the name alone."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of ours, and one line for everything that did not come over as it was."""

    rules: tuple[IgnoreRule, ...]
    losses: tuple[str, ...]


def kind_of(name: str, data: bytes) -> str:
    """`trivy`, `trivy-yaml` or `grype`, by the file's name, else by its content."""
    low = name.lower()
    if "grype" in low:
        return "grype"
    yaml = low.endswith((".yaml", ".yml"))
    if "trivyignore" in low:
        return "trivy-yaml" if yaml else "trivy"
    if re.search(rb"(?m)^ignore:", data):
        return "grype"
    return "trivy-yaml" if re.search(rb"(?m)^vulnerabilities:", data) else "trivy"


def read(data: bytes, name: str, kind: str, *, until: str, limits: Limits = DEFAULT_LIMITS) -> Taken:
    """Read another tool's file.

    Args:
        data: its bytes.
        name: what it is called.
        kind: as `kind_of` says.
        until: last day (`YYYY-MM-DD`) of rules that name none.
        limits: how long it may be, how many rules it may hold.

    Raises:
        MalformedError: not of that form; with the line or entry.
    """
    if len(data) > limits.ignore_file_bytes:
        raise _bad(name, f"{len(data)} bytes, limit {limits.ignore_file_bytes}")
    losses: list[str] = []
    note = _Note(name, until, losses)
    rules = []
    for rule in _READERS[kind](data, name, note):
        rules.append(rule)
        if len(rules) > limits.ignore_rules_count:
            raise _bad(name, f"more than {limits.ignore_rules_count} rules")
    return Taken(rules=tuple(rules), losses=tuple(losses))


class _Note:
    """Fills in what ours needs, and keeps the list of what was lost."""

    def __init__(self, name: str, until: str, losses: list[str]) -> None:
        self._name, self._until, self._losses = name, until, losses

    def lost(self, place: str, what: str) -> None:
        self._losses.append(f"{place}: {what}")

    def rule(self, place: str, *, until: str = "", reason: str = "", **named: str) -> IgnoreRule:
        if not until:
            self.lost(place, f"no last day: set to {self._until}")
        if not reason:
            self.lost(place, "no reason: the file's name stands for one")
        reason = reason or f"taken over from {self._name.rpartition('/')[2]}, which gives no reason"
        return IgnoreRule(until=until or self._until, reason=reason, where=place, **named)


def _trivy(data: bytes, name: str, note: _Note) -> Iterator[IgnoreRule]:
    """One id a line, `exp:2027-01-31` behind it; the comment lines right above are the reason."""
    comment: list[str] = []
    for number, raw in enumerate(_text(data, name).splitlines(), 1):
        line, place = raw.strip(), f"{name}, line {number}"
        if not line or line.startswith("#"):
            comment = [*comment, line.lstrip("# ")] if line else []
            continue
        match = _PLAIN.match(line)
        words = match["rest"].split() if match else []
        identifier = match["id"] if match else line
        until = ""
        for word in words:
            if word.startswith("#"):
                break
            if word.startswith("exp:"):
                until = ignorefile.day(word[4:], place)
            else:
                note.lost(place, f"{word[:60]!a} means nothing to us")
        _, hash_, said = line.partition(" #")
        reason = said.strip() if hash_ else " ".join(filter(None, comment))
        comment = []
        if identifier.startswith(_OWN_KINDS):
            note.lost(place, f"{identifier[:60]!a} is no vulnerability: left out")
            continue
        yield note.rule(place, id=identifier, until=until, reason=reason[:500])


def _trivy_yaml(data: bytes, name: str, note: _Note) -> Iterator[IgnoreRule]:
    """`vulnerabilities:` of `.trivyignore.yaml`: id, paths, purls, expired_at, statement."""
    document = _mapping(data, name)
    for section, entries in document.items():
        if section != "vulnerabilities":
            note.lost(name, f"{section[:60]!a} are no vulnerabilities: {_count(entries)} rules left out")
    for number, entry in enumerate(_list(document.get("vulnerabilities", []), name), 1):
        place = f"{name}, vulnerability {number}"
        facts = _entry(entry, place)
        for key in sorted(facts.keys() - {"id", "paths", "purls", "expired_at", "statement"}):
            note.lost(place, f"{key[:60]!a} means nothing to us: left out")
        identifier, until = _scalar(facts, "id", place), _scalar(facts, "expired_at", place)
        if not identifier:
            raise _bad(place, "no id")
        until = ignorefile.day(until[:10], place) if until else ""
        reason = _scalar(facts, "statement", place)
        purls_ = _texts(facts.get("purls", []), place) or [""]
        paths = _paths(_texts(facts.get("paths", []), place), place, note)
        if len(paths) > 1:
            note.lost(place, "several paths: one rule each, and each fits only packages whose every place it fits")
        for purl in purls_:
            if purl and _unusable(purl):
                note.lost(place, f"{purl[:80]!a} is no package URL: left out")
                continue
            for path in paths:
                yield note.rule(place, id=identifier, purl=purl, path=path, until=until, reason=reason)


def _grype(data: bytes, name: str, note: _Note) -> Iterator[IgnoreRule]:
    """`ignore:` of `.grype.yaml`: vulnerability, package, reason; whatever else restricts a rule takes it out."""
    document = _mapping(data, name)
    for section in document:
        if section != "ignore":
            note.lost(name, f"the setting {section[:60]!a} is not taken over")
    for number, entry in enumerate(_list(document.get("ignore", []), name), 1):
        place = f"{name}, rule {number}"
        facts = _entry(entry, place)
        package = facts.get("package", {}) or {}
        if not isinstance(package, dict):
            raise _bad(place, "package is no mapping")
        narrower = sorted(
            (facts.keys() - {"vulnerability", "package", "reason", "include-aliases"})
            | {f"package.{key}" for key in package.keys() - {"name", "version", "type", "location", "language"}}
        )
        identifier = _scalar(facts, "vulnerability", place)
        purl = _package_url(package, place)
        if purl is None:
            narrower.append("package.name without a type that says its package URL")
        if narrower:
            note.lost(place, f"{', '.join(n[:60] for n in narrower)} cannot be said here: rule left out")
            continue
        location = _scalar(package, "location", place)
        if not (path := _path(location)) and location:
            note.lost(place, f"{location[:80]!a} {_NARROW}: rule left out")
            continue
        if not (identifier or purl) and ignorefile.is_everywhere(path):
            note.lost(place, "it would ignore everything: rule left out")
            continue
        if identifier and facts.get("include-aliases") != "true":
            note.lost(place, "here an id also fits by its aliases")
        yield note.rule(place, id=identifier, purl=purl or "", path=path, reason=_scalar(facts, "reason", place))


_NARROW = "has wildcards that stop at a slash, which ours do not"


def _path(glob: str) -> str:
    """Their glob as ours, in which `*` crosses slashes as their `**` does; empty where ours would fit more."""
    bare = glob.replace("**", "")
    return "" if any(c in bare for c in "*?[{\\") else glob.replace("**", "*")


def _paths(globs: list[str], place: str, note: _Note) -> list[str]:
    """Those that can be said; one empty text where none was asked for."""
    found = []
    for glob in globs:
        if path := _path(glob):
            found.append(path)
        else:
            note.lost(place, f"{glob[:80]!a} {_NARROW}: left out")
    return found if globs else [""]


def _package_url(package: Mapping[str, Node], place: str) -> str | None:
    """The package URL a package rule means; "" for none asked for, None where the name alone does not give it."""
    name, version, kind = (_scalar(package, key, place) for key in ("name", "version", "type"))
    if not name:
        return None if version or kind or package.get("language") else ""
    purl_type = _GRYPE_TYPES.get(kind, "")
    if purl_type == "npm" and name.startswith("@") and "/" in name:
        namespace, _, name = name.partition("/")
        return purls.to_string(Purl("npm", namespace, name, version))
    if purl_type == "golang" and "/" in name:
        namespace, _, name = name.rpartition("/")
        return purls.to_string(Purl("golang", namespace, name, version))
    if purl_type in _WITHOUT_NAMESPACE or purl_type == "npm":
        return purls.to_string(purls.normalise(Purl(purl_type, "", name, version), where=place))
    return None


_READERS: Mapping[str, Callable[[bytes, str, _Note], Iterator[IgnoreRule]]] = {
    "trivy": _trivy,
    "trivy-yaml": _trivy_yaml,
    "grype": _grype,
}
KINDS = tuple(_READERS)


def _unusable(purl: str) -> bool:
    try:
        purls.parse(purl)
    except MalformedError:
        return True
    return False


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _bad(name, f"not UTF-8 at byte {error.start}") from error


def _mapping(data: bytes, name: str) -> dict[str, Node]:
    documents = yamlsubset.loads(data, where=name, limit=DEFAULT_LIMITS.ignore_file_bytes)
    first = documents[0] if documents else {}
    if len(documents) > 1 or not isinstance(first, dict):
        raise _bad(name, "not one mapping")
    return first


def _list(node: Node, place: str) -> list[Node]:
    if node == "":
        return []
    if not isinstance(node, list):
        raise _bad(place, "not a list of rules")
    return node


def _entry(node: Node, place: str) -> dict[str, Node]:
    if not isinstance(node, dict):
        raise _bad(place, "not a mapping")
    return node


def _scalar(facts: Mapping[str, Node], key: str, place: str) -> str:
    value = facts.get(key, "")
    if not isinstance(value, str):
        raise _bad(place, f"{key} is no text")
    return value


def _texts(node: Node, place: str) -> list[str]:
    found = [text for text in _list(node, place) if isinstance(text, str)]
    if len(found) != len(_list(node, place)):
        raise _bad(place, "a list that holds more than texts")
    return found


def _count(node: Node) -> int:
    return len(node) if isinstance(node, (list, dict)) else 0


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an ignore file of Trivy or Grype", where=where, why=why, remedy="see --from")
