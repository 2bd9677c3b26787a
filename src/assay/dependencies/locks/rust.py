"""Rust: `Cargo.toml` (The Cargo Book, "Specifying Dependencies"), `Cargo.lock`, and crates vendored beside them."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import cargo_lock
from assay.dependencies.lockfiles import table, text
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish

_GROUPS = {"dependencies": "", "dev-dependencies": "dev", "build-dependencies": "build"}


def catalogue(file: File) -> Fragment:
    """One `Cargo.toml` or `Cargo.lock`; below `vendor`, the crate that lies there.

    Raises:
        MalformedError: not TOML, or a damaged lock.
    """
    directory, _, base = file.path.rpartition("/")
    if reading.foreign(file.path):
        return Fragment()
    if "vendor" in directory.split("/"):
        return reading.fragment(_vendored(file) if base == "Cargo.toml" else None)
    return reading.fragment(_lock(file) if base == "Cargo.lock" else _manifest(file))


def _lock(file: File) -> Sheet:
    found = reading.entries(file, cargo_lock.catalogue)
    return Sheet(role="lock", ecosystem="cargo", tool="cargo", entries=found)


def _vendored(file: File) -> Sheet | None:
    """`cargo vendor` writes each crate to `vendor/NAME` or `vendor/NAME-VERSION`."""
    if file.path.split("/")[-3:-2] != ["vendor"]:
        return None
    package = table(reading.toml_table(file).get("package"))
    name, version = text(package, "name"), text(package, "version")
    if not name or not version:
        return None
    found = (Entry(reading.spelled("cargo", name), version),)
    wishes = reading.bounded(_wishes(reading.toml_table(file)), file)
    return Sheet(
        role="installed", ecosystem="cargo", tool="cargo", entries=found, wishes=wishes, project=("", name, version)
    )


def _manifest(file: File) -> Sheet | None:
    document = reading.toml_table(file)
    found = reading.bounded(_wishes(document), file)
    if not found and "workspace" not in document:
        return None
    package = table(document.get("package"))
    shared = table(table(document.get("workspace")).get("dependencies"))
    recorded = tuple(
        (reading.spelled("cargo", name), (_wish(name, body, {}, "", ""),)) for name, body in shared.items()
    )
    return Sheet(
        role="manifest",
        ecosystem="cargo",
        tool="cargo",
        wishes=found,
        recorded=recorded,
        project=("", text(package, "name"), text(package, "version")),
    )


def _wishes(document: Mapping[str, Any]) -> Iterator[Wish]:
    shared = table(table(document.get("workspace")).get("dependencies"))
    places = [("", document), *((name, table(body)) for name, body in table(document.get("target")).items())]
    for condition, place in places:
        for kind, group in _GROUPS.items():
            for name, value in table(place.get(kind)).items():
                yield _wish(name, value, shared, group, condition)


def _wish(name: str, value: Any, shared: Mapping[str, Any], group: str, condition: str) -> Wish:
    """`package` names the crate of a renamed dependency; `workspace = true` takes the root's line."""
    body = table(value)
    group = group or ("optional" if body.get("optional") is True else "")
    if body.get("workspace") is True:
        if name not in shared:  # the root of the workspace is another file
            return Wish(reading.spelled("cargo", name), "", "workspace", condition, group)
        value, body = shared[name], table(shared[name])
    wanted = value if isinstance(value, str) else text(body, "version")
    source = "git" if "git" in body else "local" if "path" in body else "url" if "registry" in body else ""
    crate = text(body, "package") or name
    return Wish(reading.spelled("cargo", crate), wanted.strip(), source if source != "url" else "", condition, group)


ROW = Cataloguer(
    name="locks-cargo",
    version=2,
    ecosystem="cargo",
    wants=Wanted(names=frozenset(["Cargo.toml", "Cargo.lock"]), limit="toml_bytes"),
    catalogue=catalogue,
)
