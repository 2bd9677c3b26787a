"""Requirements files of a source tree: what pip is told to install.

pip documentation, "Requirements File Format"; PEP 508 (requirements), PEP 440 (`==`, `===`). Only `==` and `===`
without a wildcard fix a version. Any other range leaves the version open: the component bears none, and its
property `pypi:requirement` says what was asked for. What this reader does not follow is a gap with its line:
included files, variables, URLs without a project name, lines pip would refuse.

Where pip-compile or uv noted who asked for a line (`# via`), that is read: edges, and `pypi:direct` for what the
project asks for itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import hashed, url_commit
from assay.dependencies.names import canonical_name
from assay.dependencies.requirement_marks import PROJECT, asked_by
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, GapKind, Licence
from assay.model.patterns import lazy

_NAMES = frozenset(
    [
        "requirements.txt", "requirements-dev.txt", "requirements_dev.txt", "requirements-test.txt",
        "requirements_test.txt", "requirements-prod.txt", "requirements-docs.txt", "dev-requirements.txt",
        "test-requirements.txt", "dev_requirements.txt", "test_requirements.txt", "requirements.lock",
        "requirements-dev.lock",
    ]
)  # fmt: skip
_NAME = lazy(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*(?:\[([^\]]*)\])?[ \t]*")
_CLAUSE = lazy(r"(===|==|~=|!=|<=|>=|<|>)[ \t]*([^\s,;()]+)")
_OPTIONS = lazy(r"(?:^|[ \t])(?:--?[A-Za-z])")
_HASH = lazy(r"--hash(?:[ \t]+|=)(\S*)")
_COMMENT = lazy(r"(?:^|[ \t])#.*")
_VARIABLE = lazy(r"\$\{[A-Z0-9_]+\}")
_WHEEL = lazy(r"([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([^-]+)(?:-[0-9][^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_EDITABLE = ("-e", "--editable")
_LONG_OPTION = lazy(r"--[^ \t=]*")
_PLACES = ("-f ", "-i ")
"""Where to look for packages: names none."""
_INCLUDES = {"-r": "file", "--requirement": "file", "-c": "constraints", "--constraint": "constraints"}
_LINE_CHARACTERS = 65_536
_NO_LICENCE = Licence(reason="a requirements file records no licence")


class _Line(NamedTuple):
    """A logical line (continued lines joined, comments gone), and the number of its first physical one."""

    number: int
    text: str


def catalogue(file: File) -> Fragment:
    """One requirements file of a source tree. In an image it says what somebody wanted, not what is there: nothing.

    Raises:
        UnsupportedError: more lines that name a package than `packages_count`, or gaps than `gaps_count`.
    """
    if file.installed:
        return Fragment()
    packages: dict[tuple[str, str, tuple[tuple[str, str], ...]], Package] = {}
    gaps: list[Gap] = []
    content = file.data().decode("utf-8", "replace").removeprefix("\ufeff")
    for line in _lines(content):
        found = _read(line, file)
        for one in found:
            if isinstance(one, Gap):
                gaps.append(one)
            else:
                packages.setdefault((one.purl_name, one.version, one.properties), one)
        if len(packages) > file.limits.packages_count or len(gaps) > file.limits.gaps_count:
            raise UnsupportedError("the requirements file has too many lines", where=file.path)
    marks = asked_by(content.splitlines()) if "# via" in content else {}
    named = packages.values()
    return Fragment(packages=tuple(_marked(named, marks) if marks else named), gaps=tuple(gaps))


def _marked(packages: Iterable[Package], marks: Mapping[str, Set[str]]) -> Iterator[Package]:
    """The packages with what their marks say: who asks for whom, and for whom the project asks."""
    needs: dict[str, set[str]] = {}
    for package in packages:
        for asker in marks.get(package.purl_name, ()):
            needs.setdefault(asker, set()).add(_exactly(package))
    asked = needs.pop(PROJECT, set())
    for package in packages:
        record = {("pypi:direct", "true")} if _exactly(package) in asked else set[tuple[str, str]]()
        yield msgspec.structs.replace(
            package,
            properties=tuple(sorted({*package.properties, *record})),
            depends=tuple(sorted(needs.get(package.purl_name, ()))),
            provides=(_exactly(package),),
        )


def _exactly(package: Package) -> str:
    """Name and version: other files of the tree may hold another one."""
    return f"{package.purl_name}/{package.version}"


def _lines(text: str) -> Iterator[_Line]:
    """Logical lines: a comment line inside a continued one ends it, as in pip."""
    parts: list[str] = []
    begun = 0
    for number, physical in enumerate(text.splitlines(), 1):
        comment = physical.lstrip().startswith("#")
        begun = number if not parts else begun
        if physical.endswith("\\") and not comment:
            parts.append(physical[:-1] + " ")
            continue
        parts.append("" if comment else physical)
        yield from _whole(begun, parts)
        parts = []
    yield from _whole(begun, parts)


def _whole(number: int, parts: list[str]) -> Iterator[_Line]:
    joined = _COMMENT.sub("", "".join(parts)).strip()
    if joined:
        yield _Line(number, joined)


def _read(line: _Line, file: File) -> Iterator[Package | Gap]:
    """What one line says; every line says something."""
    option, value = _option(line.text)
    if len(line.text) > _LINE_CHARACTERS:
        yield _gap(line, file, f"a line of {len(line.text)} characters", "limit")
    elif option in _INCLUDES:
        yield from _included(line, file, _INCLUDES[option], value)
    elif option in _EDITABLE:
        yield _located(value, line, file)
    elif option:
        if not option.startswith("--") and not line.text.startswith(_PLACES):
            yield _gap(line, file, "an option pip does not know")
    elif _VARIABLE.search(line.text):
        yield _gap(line, file, "a variable of the environment stands in it")
    else:
        yield from _requirement(line, file)


def _option(text: str) -> tuple[str, str]:
    """Option and value: `--name=value`, `--name value`, `-n value`, `-nvalue`; nothing for a line without option."""
    if text.startswith("--"):
        match = _LONG_OPTION.match(text)
        return (match[0], text[match.end() + 1 :].strip()) if match else (text, "")
    return (text[:2], text[2:].strip()) if text.startswith("-") else ("", "")


def _included(line: _Line, file: File, kind: str, target: str) -> Iterator[Gap]:
    """An included file of a name that is wanted anyway is read by itself; constraints install nothing."""
    target = target.strip()
    if kind == "file" and target.rpartition("/")[2] in _NAMES and "://" not in target:
        return
    what = "the requirements" if kind == "file" else "the constraints"
    yield _gap(line, file, f"{what} in {_public(target)[:200]} were not followed", "skipped")


def _requirement(line: _Line, file: File) -> Iterator[Package | Gap]:
    match = _NAME.match(line.text)
    if match is None or line.text[match.end() :].startswith(("/", ":", "\\", "+")):  # `git+https:`
        yield _located(line.text, line, file)
        return
    rest = line.text[match.end() :]
    if rest.startswith("@"):
        yield from _direct(match, rest[1:].strip(), line, file)
        return
    options = _OPTIONS.search(rest)
    specifier, _, marker = (rest[: options.start()] if options else rest).partition(";")
    clauses = _clauses(specifier)
    if clauses is None:
        archive = line.text.split()[0].endswith((".whl", ".zip", ".gz", ".bz2"))
        yield _located(line.text, line, file) if archive else _gap(line, file, "no requirement pip would accept")
        return
    digests = _HASH.findall(rest[options.start() :] if options else "")
    yield from _package(match, clauses, marker, digests, line, file)


def _clauses(specifier: str) -> list[tuple[str, str]] | None:
    """Operator and version of each clause; None for what is no specifier."""
    bare = specifier.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    found: list[tuple[str, str]] = []
    for clause in bare.split(",") if bare else ():
        match = _CLAUSE.fullmatch(clause.strip())
        if match is None:
            return None
        found.append((match[1], match[2]))
    return found


def _package(
    match: re.Match[str], clauses: list[tuple[str, str]], marker: str, digests: list[str], line: _Line, file: File
) -> Iterator[Package | Gap]:
    fixed = {version for operator, version in clauses if operator in ("==", "===") and "*" not in version}
    properties = {"pypi:markers": marker.strip()[:500], "pypi:extras": _extras(match)}
    if len(fixed) != 1:
        fixed = set()
        properties["pypi:requirement"] = ",".join(operator + version for operator, version in clauses)[:500] or "any"
    hashes = {value for digest in digests if (value := hashed(digest))}
    if len(hashes) < len(set(digests)):
        yield _gap(line, file, "a --hash that is no digest")
    yield _draft(match[1], "".join(fixed), properties, tuple(sorted(hashes)))


def _direct(match: re.Match[str], rest: str, line: _Line, file: File) -> Iterator[Package | Gap]:
    """PEP 508 direct reference, `name @ url`: the version stands in a wheel's name, or nowhere."""
    url = rest.split(maxsplit=1)[0] if rest else ""
    if not url or "==" in url:
        yield _gap(line, file, "no requirement pip would accept")
        return
    wheel = _wheel(url)
    properties = {"pypi:direct-url": _public(url), "pypi:extras": _extras(match), "pypi:commit": url_commit(url)}
    yield _draft(match[1], wheel[1] if wheel else "", properties, _fragment_hash(url))


def _located(place: str, line: _Line, file: File) -> Package | Gap:
    """A path or URL: a wheel's name tells project and version, `#egg=` the project; anything else is a gap."""
    url = place.split(maxsplit=1)[0] if place else ""
    properties = {"pypi:direct-url": _public(url), "pypi:commit": url_commit(url)} if "://" in url else {}
    if wheel := _wheel(url):
        return _draft(wheel[0], wheel[1], properties, _fragment_hash(url))
    egg = re.search(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)", url)
    if egg is not None:
        return _draft(egg[1].rstrip("._-"), "", properties, _fragment_hash(url))
    if re.match(r"(?:[A-Za-z+]+://|file:|\.{0,2}/)|\.{1,2}$", url) or url.endswith((".zip", ".gz", ".bz2", ".whl")):
        return _gap(line, file, "a path or URL that names no project", "skipped")
    return _gap(line, file, "no requirement pip would accept")


def _wheel(url: str) -> tuple[str, str] | None:
    """Project and version of a wheel's file name (binary distribution format); an escaped `_` stays in the name."""
    base = unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])
    match = _WHEEL.fullmatch(base) if len(base) < 500 else None
    return (match[1], match[2].replace("_", "-")) if match else None


def _fragment_hash(url: str) -> tuple[str, ...]:
    found = hashed(url.partition("#")[2].partition("&")[0].replace("=", ":"))
    return (found,) if found else ()


def _extras(match: re.Match[str]) -> str:
    return ",".join(sorted(filter(None, (extra.strip() for extra in (match[2] or "").split(",")))))[:500]


def _public(url: str) -> str:
    """The URL without user and password: a report never repeats them."""
    try:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))[:500]
    except ValueError:
        return "(no URL)"


def _draft(name: str, version: str, properties: dict[str, str], hashes: tuple[str, ...]) -> Package:
    purl_name = canonical_name("PyPI", name)
    return Package(
        ecosystem="pypi",
        name=name,
        version=version,
        purl_name=purl_name,
        licence=_NO_LICENCE,
        hashes=hashes,
        properties=tuple(sorted((key, value) for key, value in properties.items() if value)),
        kind="lock-file",
        confidence="strong" if version else "weak",
    )


def _gap(line: _Line, file: File, reason: str, kind: GapKind = "unreadable") -> Gap:
    return Gap(kind, file.path, None, f"line {line.number}: {reason}", "pypi-requirements")


CATALOGUER = Cataloguer(
    name="pypi-requirements",
    version=4,
    ecosystem="pypi",
    wants=Wanted(names=_NAMES, limit="metadata_bytes"),
    catalogue=catalogue,
)
