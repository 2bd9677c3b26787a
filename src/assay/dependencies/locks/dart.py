"""Dart: `pubspec.yaml` and `pubspec.lock` (Dart documentation, "Package dependencies")."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import pub_lock
from assay.dependencies.lockfiles import table, text
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet, Wish
from assay.formats import yamlsubset

_GROUPS = (("dependencies", ""), ("dev_dependencies", "dev"))


def catalogue(file: File) -> Fragment:
    """One manifest or lock.

    Raises:
        MalformedError, UnsupportedError: not the YAML these tools write, or more packages than any project has.
    """
    if reading.foreign(file.path) or ".pub-cache" in file.path.split("/"):
        return Fragment()
    if file.path.endswith(".lock"):
        entries = reading.entries(file, pub_lock.CATALOGUER.catalogue)
        return reading.fragment(Sheet(role="lock", ecosystem="pub", tool="pub", entries=entries))
    documents = yamlsubset.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes)
    found = reading.bounded(_wishes(table(documents[0] if documents else None)), file)
    return reading.fragment(Sheet(role="manifest", ecosystem="pub", tool="pub", wishes=found) if found else None)


def _wishes(document: Mapping[str, Any]) -> Iterator[Wish]:
    """What the SDK brings is not locked with a version; an override stands in for the constraint."""
    overridden = table(document.get("dependency_overrides"))
    for key, group in _GROUPS:
        for name, body in table(document.get(key)).items():
            fields = table(body)
            if "sdk" in fields:
                continue
            source = next((word for word in ("git", "path") if word in fields), "")
            wanted = text(fields, "version") if fields else body if isinstance(body, str) else ""
            hosted = table(fields.get("hosted"))
            real = text(hosted, "name") or name
            if name in overridden:
                wanted = ""
            yield Wish(real, wanted.strip(), source={"path": "local"}.get(source, source), group=group)


ROW = Cataloguer(
    name="locks-pub",
    version=1,
    ecosystem="pub",
    wants=Wanted(names=frozenset(["pubspec.yaml", "pubspec.lock"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
