"""Python's manifests: `pyproject.toml` (PEP 621, PEP 735, Poetry, PDM, uv), `Pipfile`, `setup.cfg`, `setup.py`.

The digest a lock remembers is computed here as its tool does: Poetry's and PDM's are the SHA-256 of a JSON text of the
tables that matter, Pipenv's of `_meta` and the packages (each tool's documentation and observed behaviour; where a tool
of another version takes other tables, the digest is compared with each).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import table, tables, text, texts
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet, Wish

_POETRY_LEGACY = ("dependencies", "source", "extras", "dev-dependencies")
_POETRY_NEW = (*_POETRY_LEGACY, "group")
_POETRY_PROJECT = ("requires-python", "dependencies", "optional-dependencies")
_REQUIREMENT_CHARACTERS = 2_000


def catalogue(file: File) -> Fragment:
    """One manifest of a Python project; nothing for one that names no packages.

    Raises:
        MalformedError: not TOML. UnsupportedError: too many packages.
    """
    if reading.foreign(file.path):
        return Fragment()
    return reading.fragment(_READERS[file.path.rpartition("/")[2]](file))


def _pyproject(file: File) -> Sheet | None:
    document = reading.toml_table(file)
    project, tool = table(document.get("project")), table(document.get("tool"))
    poetry = table(tool.get("poetry"))
    undecided: list[str] = []
    found = reading.bounded(_pyproject_wishes(document, undecided), file)
    if "dependencies" in texts(project.get("dynamic")) and not poetry.get("dependencies"):
        undecided.append("dependencies are dynamic: another file names them")
    if not found and not undecided:
        return None
    return Sheet(
        role="manifest",
        ecosystem="pypi",
        tool="poetry" if poetry else "pyproject",
        wishes=found,
        contents=tuple(sorted({*_poetry_digests(project, document, poetry), *_pdm_digests(project, document, tool)})),
        undecided=tuple(undecided),
    )


def _pyproject_wishes(document: Mapping[str, Any], undecided: list[str]) -> Iterator[Wish]:
    project, tool = table(document.get("project")), table(document.get("tool"))
    sources = {reading.spelled("pypi", name): value for name, value in table(
        table(tool.get("uv")).get("sources")).items()}  # fmt: skip
    named: list[tuple[str, str]] = [(one, "") for one in texts(project.get("dependencies"))]
    for wanted in table(project.get("optional-dependencies")).values():
        named += [(one, "optional") for one in texts(wanted)]
    for group, wanted in table(document.get("dependency-groups")).items():
        named += [(one, group) for one in texts(wanted)]  # an `include-group` names nothing of its own
    for group, wanted in table(table(tool.get("pdm")).get("dev-dependencies")).items():
        named += [(one, group) for one in texts(wanted)]
    named += [(one, "dev") for one in texts(table(tool.get("uv")).get("dev-dependencies"))]
    for line, group in named:
        wish = requirement(line, group)
        if wish is None:
            undecided.append(f"no requirement: {line[:100]!r}")
        elif wish.name in sources:
            yield Wish(wish.name, wish.wanted, _uv_source(sources[wish.name]) or wish.source, wish.marker, group)
        else:
            yield wish
    yield from _poetry_wishes(table(tool.get("poetry")))


def _uv_source(value: Any) -> str:
    body = table(value)
    return (
        "git" if "git" in body else "url" if "url" in body else "local" if body.keys() & {"path", "workspace"} else ""
    )


def requirement(line: str, group: str = "") -> Wish | None:
    """A PEP 508 requirement, or None for what is none."""
    if len(line) > _REQUIREMENT_CHARACTERS:
        return None
    from packaging.requirements import InvalidRequirement, Requirement  # 40 ms: only when needed

    try:
        found = Requirement(line)
        marker = str(found.marker) if found.marker is not None else ""
    except (InvalidRequirement, RecursionError):  # brackets in brackets, as deep as the line is long
        return None
    return Wish(reading.spelled("pypi", found.name), str(found.specifier), "url" if found.url else "", marker, group)


def _poetry_wishes(poetry: Mapping[str, Any]) -> Iterator[Wish]:
    groups = [("", poetry.get("dependencies")), ("dev", poetry.get("dev-dependencies"))]
    groups += [(name, table(body).get("dependencies")) for name, body in table(poetry.get("group")).items()]
    for group, wanted in groups:
        for name, value in table(wanted).items():
            if name.lower() == "python":
                continue
            for one in tables(value) if isinstance(value, list) else (value,):
                yield _poetry_wish(name, one, group)


def _poetry_wish(name: str, value: Any, group: str) -> Wish:
    body = table(value)
    wanted = value if isinstance(value, str) else text(body, "version")
    source = next((kind for kind in ("git", "path", "file", "url") if kind in body), "")
    source = "local" if source in ("path", "file") else source
    marker = text(body, "markers")
    if body.keys() & {"python", "platform"}:
        marker = " ".join(filter(None, (marker, f"python {body.get('python')} platform {body.get('platform')}")))
    optional = "optional" if body.get("optional") is True and not group else group
    return Wish(reading.spelled("pypi", name), wanted.strip(), source, marker[:500], optional)


def _digest(value: Any, **how: Any) -> str:
    try:
        return hashlib.sha256(json.dumps(value, sort_keys=True, **how).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):  # a date of TOML: no tool hashes one either
        return ""


def _poetry_digests(
    project: Mapping[str, Any], document: Mapping[str, Any], poetry: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Of Poetry 1.0 (legacy tables), 1.1 to 1.8 (with groups), 2 (with `project`)."""
    if not poetry and not project:
        return
    legacy = {key: poetry.get(key) for key in _POETRY_LEGACY}
    if poetry.get("group") is not None:
        legacy["group"] = poetry["group"]
    values: list[Any] = [legacy, {key: poetry.get(key) for key in _POETRY_LEGACY}]
    new: dict[str, Any] = {}
    mine = {key: project.get(key) for key in _POETRY_PROJECT if project.get(key) is not None}
    groups = document.get("dependency-groups")
    if mine:
        new["project"] = mine
    if groups is not None:
        new["dependency-groups"] = groups
    tool = dict(legacy)
    values.append({**new, "tool": {"poetry": tool}} if new else tool)
    values.append({**new, "tool": {"poetry": {key: value for key, value in tool.items() if value is not None}}})
    older = {key: value for key, value in new.items() if key != "dependency-groups"}  # before Poetry 2.3
    values.append({**older, "tool": {"poetry": tool}} if older else tool)
    for value in values:
        if found := _digest(value):
            yield "poetry", found


def _pdm_digests(
    project: Mapping[str, Any], document: Mapping[str, Any], tool: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    pdm = table(tool.get("pdm"))
    value = {
        "sources": pdm.get("source", []),
        "dependencies": project.get("dependencies", []),
        "dev-dependencies": pdm.get("dev-dependencies", {}),
        "optional-dependencies": project.get("optional-dependencies", {}),
        "requires-python": project.get("requires-python", ""),
        "resolution": pdm.get("resolution", {}),
    }
    if document.get("dependency-groups"):
        value["dependency-groups"] = document["dependency-groups"]
        value["dev-dependencies"] = {**document["dependency-groups"], **table(value["dev-dependencies"])}
    if found := _digest(value):
        yield "pdm", found
    overrides = table(pdm.get("resolution")).get("overrides", {})
    older = {key: value[key] for key in value if key not in ("resolution", "dependency-groups")}
    if found := _digest(older | {"overrides": overrides}):
        yield "pdm", found


_PIPFILE_OWN = frozenset({"source", "requires", "scripts", "pipenv", "pipfile", "build-system", "dev-packages",
                          "packages", "python"})  # fmt: skip


def _pipfile(file: File) -> Sheet | None:
    document = reading.toml_table(file)
    groups = {"packages": "", "dev-packages": "dev"}
    groups |= {name: name for name, body in document.items() if name not in _PIPFILE_OWN and isinstance(body, dict)}
    found = reading.bounded(
        (
            _poetry_wish(name, value, group)
            for key, group in groups.items()
            for name, value in table(document.get(key)).items()
        ),
        file,
    )
    if not found:
        return None
    meta: dict[str, Any] = {
        "_meta": {"sources": document.get("source", []), "requires": document.get("requires", {})},
        "default": document.get("packages", {}),
        "develop": document.get("dev-packages", {}),
    }
    meta |= {name: document[name] for name in groups if name not in ("packages", "dev-packages")}
    digest = _digest(meta, separators=(",", ":"))
    return Sheet(
        role="manifest",
        ecosystem="pypi",
        tool="pipenv",
        wishes=found,
        contents=(("pipenv", digest),) if digest else (),
    )


def _setup_cfg(file: File) -> Sheet | None:
    """`install_requires` of `[options]`, one a line below its name."""
    section, inside = "", False
    wishes: list[Wish] = []
    undecided: list[str] = []
    for line in reading.lines(file):
        bare = line.strip()
        if bare.startswith("["):
            section, inside = bare, False
        elif section == "[options]" and line[:1] not in (" ", "\t", "") and bare:
            key, _, bare = bare.partition("=")
            inside = key.strip() == "install_requires"
        if inside and bare.strip() and not bare.startswith(("#", ";", "[")):
            wish = requirement(bare.strip())
            if wish is not None:
                wishes.append(wish)
            else:
                undecided.append(f"no requirement: {bare.strip()[:100]!r}")
    if not wishes and not undecided:
        return None
    return Sheet(
        role="manifest",
        ecosystem="pypi",
        tool="setuptools",
        wishes=reading.bounded(wishes, file),
        undecided=tuple(undecided[:20]),
    )


def _setup_py(file: File) -> Sheet | None:
    """A program: what it asks for is known when it runs, and it is not run here."""
    if b"install_requires" not in file.data():
        return None
    return Sheet(role="manifest", ecosystem="pypi", tool="setuptools", undecided=("setup.py is a program",))


_READERS = {
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
}
ROW = Cataloguer(
    name="locks-python-manifest",
    version=1,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(_READERS), limit="metadata_bytes"),
    catalogue=catalogue,
)
