"""Programs that came without a package manager: ELF package notes, classifiers, and a gap for what nobody can name.

What an OS package owns, or another cataloguer names, is not reported again: `assemble` sets these findings aside
(`dependencies.claims`), since only there all layers and databases are known.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.classifiers import Classifiers, Found, builtin
from assay.formats.chunks import ChunkView
from assay.formats.elfnotes import ElfFacts, read_elf
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence

_BY = "binaries"
_NO_LICENCE = Licence(reason="a program records no licence")
_TEXTS = frozenset({"OTP_VERSION", "VERSION", "release", "version.php"})
"""Text files that name a runtime or a program: of Erlang/OTP, Go's own folder, a Java runtime's, WordPress."""
_RELEASE_BYTES, _BUILDER_BYTES = 1 << 16, 80
_TYPES = frozenset({"deb", "rpm", "apk", "alpm"})


class _Note(msgspec.Struct, frozen=True, rename="camel"):
    """systemd, "Package Metadata for Executable Files", the fields that identify."""

    name: str
    version: str
    type: str = ""
    os: str = ""
    os_version: str = ""
    architecture: str = ""
    os_cpe: str = ""


_NOTE = msgspec.json.Decoder(_Note)
Rows = tuple[Cataloguer, Cataloguer]


def catalogue(file: File, rules: Classifiers | None = None) -> Fragment:
    """An ELF program or library; `rules` are the usual ones where none are given.

    Returns:
        The package its note names, else what a classifier recognises, else for a program a gap `unknown-program`; a
        packed one is such a gap too, a library as well.

    Raises:
        MalformedError: damaged headers, or a note that is not as systemd defines it.
    """
    view = file.view
    facts = read_elf(view)
    if facts is None:
        return Fragment()
    if facts.package:
        return Fragment(packages=(_noted(facts, file.path),))
    if facts.packed:
        reason = "packed by UPX: what is inside cannot be read until `upx -d` unpacks it"
        return Fragment(gaps=(Gap("unknown-program", file.path, None, reason, _BY),))
    base = file.path.rpartition("/")[2]
    rules = rules or builtin()
    found = rules.classify(base, view)
    if found is not None:
        return Fragment(packages=(_classified(found, facts.build_id),))
    if facts.program and ".so" not in base:
        return Fragment(gaps=(_unknown(file.path, base, facts, rules),))
    return Fragment()


def catalogue_text(file: File, rules: Classifiers | None = None) -> Fragment:
    """A file such as `release` or `VERSION` that names a runtime; nothing for any other of that name."""
    view = file.view
    found = (rules or builtin()).classify(file.path.rpartition("/")[2], view, text=True)
    if found is None:
        return Fragment()
    builder = _builder(view) if found.rule.name == "java" else ""
    return Fragment(packages=(_classified(found, "", builder),))


def _builder(view: ChunkView) -> str:
    """`IMPLEMENTOR="Eclipse Adoptium"`: who built a Java runtime, and answers for its fixes."""
    for line in view.read(0, min(view.size, _RELEASE_BYTES)).splitlines():
        if line.startswith(b'IMPLEMENTOR="'):
            return line[13:].partition(b'"')[0][:_BUILDER_BYTES].decode("utf-8", "replace").strip()
    return ""


def _classified(found: Found, build_id: str, builder: str = "") -> Package:
    purl = found.purl
    properties = {
        "classifier": found.rule.name,
        "cpe": found.cpe,
        "elf:build-id": build_id,
        "java:implementor": builder,
    }
    return Package(
        ecosystem=purl.type,
        name=f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name,
        version=purl.version,
        namespace=purl.namespace,
        purl_name=purl.name,
        licence=_NO_LICENCE,
        properties=_filled(properties),
        kind="classifier",
        confidence=found.rule.confidence,
    )


def _noted(facts: ElfFacts, path: str) -> Package:
    try:
        note = _NOTE.decode(facts.package)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("not a package metadata note", where=path, why=str(error)) from error
    known = note.type in _TYPES and bool(note.os)
    distro = "-".join(filter(None, (note.os, note.os_version)))
    properties = {"elf:build-id": facts.build_id, "elf:os": distro, "elf:os-cpe": note.os_cpe, "elf:type": note.type}
    return Package(
        ecosystem=note.type if known else "generic",
        name=note.name,
        version=note.version,
        namespace=note.os if known else "",
        qualifiers=(("distro", distro),) if known else (),
        architecture=note.architecture if known else "",
        licence=_NO_LICENCE,
        properties=_filled(properties),
        kind="elf-note",
        confidence="strong",
    )


def _unknown(path: str, base: str, facts: ElfFacts, rules: Classifiers) -> Gap:
    alike = rules.named(base, text=False)
    reason = f"a program that looks like {alike[0][0].name} by its name" if alike else "a program without identity"
    build = f" (build-id {facts.build_id[:40]})" if facts.build_id else ""
    return Gap("unknown-program", path, None, f"{reason}: no version or package is recorded in it{build}", _BY)


def _filled(properties: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in properties.items() if value))


def _rows(
    programs: Callable[[File], Fragment], texts: Callable[[File], Fragment], names: frozenset[str], by: str
) -> Rows:
    return (
        Cataloguer(
            name="binaries",
            version=3,
            ecosystem="generic",
            wants=Wanted(magic=frozenset([b"\x7fELF"]), limit="program_bytes"),
            catalogue=programs,
            configuration=by,
            prepare=builtin,
        ),
        Cataloguer(
            name="runtimes",
            version=3,
            ecosystem="generic",
            wants=Wanted(names=names, limit="metadata_bytes"),
            catalogue=texts,
            configuration=by,
        ),
    )


ROWS = _rows(catalogue, catalogue_text, _TEXTS, "")


def rows_with(rules: Classifiers, digest: str) -> Rows:
    """The rows with other rules than the usual ones; `digest` stands for them in the layer cache's key."""
    names = _TEXTS.union(*(rule.files for rule in rules.rules if rule.text))
    return _rows(partial(catalogue, rules=rules), partial(catalogue_text, rules=rules), names, digest)
