"""Rust: the crates a program was built from, as cargo-auditable writes them into it (`.dep-v0`)."""

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.formats.auditdata import Crate, read_audit_data
from assay.formats.executable import PROGRAM_MAGIC
from assay.model.inventory import Licence

_NO_LICENCE = Licence(reason="the list of crates in a program records no licence")
_REGISTRY = "crates.io"


def catalogue(file: File) -> Fragment:
    """A program; nothing for one that carries no list of crates.

    Returns:
        The crates in the order of the list. A crate is `certain` when it came from the registry; of one that came from
        elsewhere (a folder, a repository) only the name and version are known, not that it is what the registry has.

    Raises:
        MalformedError: a list that is there and cannot be read.
    """
    crates = read_audit_data(file.view, file.limits)
    if crates is None:
        return Fragment()
    root = next((index for index, crate in enumerate(crates) if crate.root), None)
    return Fragment(packages=tuple(_package(index, crates, root) for index, crate in enumerate(crates)))


def _package(index: int, crates: tuple[Crate, ...], root: int | None) -> Package:
    """One crate; edges name crate *and* version, for a program may hold two versions of one."""
    crate = crates[index]
    facts = {
        "cargo:root": "true" if crate.root else "",
        "cargo:build": "true" if crate.kind == "build" else "",
        "cargo:source": "" if crate.source == _REGISTRY else crate.source,
    }
    return Package(
        ecosystem="cargo",
        name=crate.name,
        version=crate.version,
        licence=_NO_LICENCE,
        properties=tuple((name, value) for name, value in sorted(facts.items()) if value),
        kind="build-info",
        confidence="certain" if crate.source == _REGISTRY else "strong",
        parent=None if index == root else root,
        depends=tuple(sorted({_exact(crates[other]) for other in crate.dependencies})),
        scope="runtime",
        scoped=tuple(sorted({(_exact(crates[n]), "build") for n in crate.dependencies if crates[n].kind == "build"})),
        provides=(_exact(crate),),
    )


def _exact(crate: Crate) -> str:
    return f"{crate.name} {crate.version}"


CATALOGUER = Cataloguer(
    name="rust",
    version=3,
    ecosystem="cargo",
    wants=Wanted(magic=PROGRAM_MAGIC, limit="program_bytes"),
    catalogue=catalogue,
)
