"""Python's locks: uv, Poetry, PDM, Pipenv, pylock, and requirements files that pin every line.

What each remembers of its manifest: uv the requirements (`metadata.requires-dist`), Poetry, PDM and Pipenv a digest.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import pdm_lock, pipfile_lock, poetry_lock, pylock, pypi_requirements, uv_lock
from assay.dependencies.lockfiles import table, tables, text, texts
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish

_LOCAL = ("editable", "virtual", "directory")
Needs = dict[str, list[tuple[str, str]]]


def catalogue(file: File) -> Fragment:
    """One lock of a Python project.

    Raises:
        MalformedError, UnsupportedError: as the lock's cataloguer.
    """
    base = file.path.rpartition("/")[2]
    if reading.foreign(file.path):
        return Fragment()
    reader = _READERS.get(base)
    if reader is None and base.startswith("pylock."):
        reader = _pylock
    return reading.fragment(reader(file)) if reader is not None else Fragment()


def _uv(file: File) -> Sheet:
    found = reading.entries(file, uv_lock.catalogue)
    lock = reading.toml_table(file)
    needs: Needs = {}
    recorded: list[tuple[str, tuple[Wish, ...]]] = []
    for body in tables(lock.get("package")):
        source = table(body.get("source"))
        kind = next((kind for kind in _LOCAL if isinstance(source.get(kind), str)), "")
        name = reading.spelled("pypi", text(body, "name"))
        _uv_edges(body, "" if kind else name, needs)
        if kind:
            place = reading.folder(str(source[kind]))
            recorded.append((place, reading.bounded(_uv_wishes(table(body.get("metadata"))), file)))
    return Sheet(
        role="lock",
        ecosystem="pypi",
        tool="uv",
        entries=_needing(found, needs),
        recorded=tuple(recorded),
        members=tuple(sorted({place for place, _ in recorded if place})),
    )


def _uv_edges(body: Mapping[str, Any], parent: str, needs: Needs) -> None:
    """Who needs whom under which marker; an extra of a package is a node of its own, `name[extra]`."""
    groups = [(parent, body.get("dependencies"))]
    groups += [(f"{parent}[{extra}]", value) for extra, value in table(body.get("optional-dependencies")).items()]
    groups += [(f"[{group}]", value) for group, value in table(body.get("dev-dependencies")).items()]
    for node, wanted in groups:
        for one in tables(wanted):
            name, marker = reading.spelled("pypi", text(one, "name")), text(one, "marker")
            needs.setdefault(name, []).append((node, marker))
            for extra in texts(one.get("extra")):
                needs.setdefault(f"{name}[{extra}]", []).append((node, marker))


def _needing(found: tuple[Entry, ...], needs: Needs) -> tuple[Entry, ...]:
    """Entries with the edges that lead to them; nodes of extras are entries that no disk can hold (`local`)."""
    named = {entry.name for entry in found}
    more = tuple(
        Entry(node, local=True, grouped=True, needed_by=tuple(sorted(set(edges))))
        for node, edges in sorted(needs.items())
        if node not in named
    )
    with_edges = tuple(
        Entry(
            e.name, e.version, e.hashed, e.local, e.grouped,
            needed_by=tuple(sorted({*e.needed_by, *needs.get(e.name, ())})),
        )
        for e in found
    )  # fmt: skip
    return (*with_edges, *more)


def _uv_wishes(metadata: Mapping[str, Any]) -> Iterator[Wish]:
    yield from _uv_group(metadata.get("requires-dist"), "")
    for group, wanted in table(metadata.get("requires-dev")).items():
        yield from _uv_group(wanted, group)


def _uv_group(wanted: Any, group: str) -> Iterator[Wish]:
    for one in tables(wanted):
        marker = text(one, "marker")
        source = next((kind for kind in ("git", "url", *_LOCAL) if kind in one), "")
        source = "local" if source in _LOCAL else source
        asked = "optional" if "extra ==" in marker else group
        yield Wish(reading.spelled("pypi", text(one, "name")), text(one, "specifier"), source, marker, asked)


def _poetry(file: File) -> Sheet:
    lock = reading.toml_table(file)
    needs: Needs = {}
    for body in tables(lock.get("package")):
        parent = reading.spelled("pypi", text(body, "name"))
        for name, value in table(body.get("dependencies")).items():
            for one in tables(value) if isinstance(value, list) else (table(value),):
                condition = "extra == ''" if one.get("optional") is True else text(one, "markers")
                needs.setdefault(reading.spelled("pypi", name), []).append((parent, condition))
    content = text(table(lock.get("metadata")), "content-hash")
    return Sheet(
        role="lock",
        ecosystem="pypi",
        tool="poetry",
        entries=_needing_known(reading.entries(file, poetry_lock.catalogue), needs),
        contents=(("poetry", content),) if content else (),
    )


def _needing_known(found: tuple[Entry, ...], needs: Needs) -> tuple[Entry, ...]:
    """Entries with their edges; one with a marker of its own is judged by that alone."""
    return tuple(
        e if e.needed_by else Entry(
            e.name, e.version, e.hashed, e.local, e.grouped, needed_by=tuple(sorted(set(needs.get(e.name, ()))))
        )
        for e in found
    )  # fmt: skip


def _pdm(file: File) -> Sheet:
    metadata = table(reading.toml_table(file).get("metadata"))
    kind, _, digest = text(metadata, "content_hash").partition(":")
    return Sheet(
        role="lock",
        ecosystem="pypi",
        tool="pdm",
        entries=reading.entries(file, pdm_lock.catalogue),
        contents=(("pdm", digest),) if kind == "sha256" and digest else (),
    )


def _pipenv(file: File) -> Sheet:
    digest = text(table(table(reading.json_object(file).get("_meta")).get("hash")), "sha256")
    return Sheet(
        role="lock",
        ecosystem="pypi",
        tool="pipenv",
        entries=reading.entries(file, pipfile_lock.catalogue),
        contents=(("pipenv", digest),) if digest else (),
    )


def _pylock(file: File) -> Sheet:
    return Sheet(role="lock", ecosystem="pypi", tool="pylock", entries=reading.entries(file, pylock.catalogue))


_READERS = {
    "uv.lock": _uv,
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
    "pylock.toml": _pylock,
}

_MADE = ("autogenerated by pip-compile", "autogenerated by uv")
_FROM = ("pyproject.toml", "setup.py", "setup.cfg")


def catalogue_requirements(file: File) -> Fragment:
    """One requirements file: a lock where every line pins one version, else a manifest.

    Raises:
        UnsupportedError: as the cataloguer.
    """
    path = file.path
    if reading.foreign(path) or not _is_requirements(path):
        return Fragment()
    found = reading.listed(file, pypi_requirements.catalogue)
    head = [line for line, _ in zip(reading.lines(file), range(12), strict=False) if line.startswith("#")]
    made = any(mark in line for line in head for mark in _MADE)
    pinned = bool(found) and all(package.version for package in found)
    if not found and not made:
        return Fragment()
    if not path.endswith(".in") and (pinned or made or path.endswith(".lock")):
        return reading.fragment(_requirements_lock(file, head, reading.entries(file, pypi_requirements.catalogue)))
    wishes = (
        Wish(
            reading.spelled("pypi", package.name),
            f"=={package.version}" if package.version else facts.get("pypi:requirement", "").replace("any", ""),
            "url" if facts.get("pypi:direct-url") else "",
            facts.get("pypi:markers", ""),
        )
        for package in found
        for facts in [dict(package.properties)]
    )
    return reading.fragment(
        Sheet(role="manifest", ecosystem="pypi", tool="requirements", wishes=reading.bounded(wishes, file))
    )


def _requirements_lock(file: File, head: list[str], found: tuple[Entry, ...]) -> Sheet:
    """pip-tools and uv name their inputs in the header's command, and a `.in` file of the same stem is one too."""
    words = [word.strip("'\"") for line in head for word in line.split()]
    inputs = {word.rpartition("/")[2] for word in words if word.endswith((".in", *_FROM))}
    base = file.path.rpartition("/")[2]
    return Sheet(
        role="lock",
        ecosystem="pypi",
        tool="pip",
        entries=found,
        made_from=tuple(sorted(inputs or {f"{base.rpartition('.')[0]}.in"})),
    )


def _is_named(base: str) -> bool:
    """PEP 751, "File Name": `pylock.NAME.toml`; the one without a name is read with the other locks."""
    return base.startswith("pylock.") and base not in _READERS


def _is_requirements(path: str) -> bool:
    directory, _, base = path.rpartition("/")
    return "requirements" in base or directory.rpartition("/")[2] == "requirements"


ROW = Cataloguer(
    name="locks-python",
    version=1,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(_READERS), limit="lock_file_bytes"),
    catalogue=catalogue,
)
NAMED = Cataloguer(
    name="locks-pylock",
    version=2,
    ecosystem="pypi",
    wants=Wanted(suffixes=frozenset([".toml"]), limit="lock_file_bytes"),
    catalogue=lambda file: catalogue(file) if _is_named(file.path.rpartition("/")[2]) else Fragment(),
)
_STEMS = ("requirements", "requirements-dev", "requirements_dev", "requirements-test", "requirements_test",
          "requirements-prod", "requirements-docs", "dev-requirements", "test-requirements", "dev_requirements",
          "test_requirements")  # fmt: skip
REQUIREMENTS = Cataloguer(
    name="locks-requirements",
    version=1,
    ecosystem="pypi",
    wants=Wanted(
        names=frozenset(f"{stem}{suffix}" for stem in _STEMS for suffix in (".txt", ".in", ".lock")),
        limit="metadata_bytes",
    ),
    catalogue=catalogue_requirements,
)
FOLDER = Cataloguer(
    name="locks-requirements-folder",
    version=1,
    ecosystem="pypi",
    wants=Wanted(
        suffixes=frozenset([".txt", ".in", ".lock"]), folders=frozenset(["requirements"]), limit="metadata_bytes"
    ),
    catalogue=catalogue_requirements,
)
