"""Dart and Flutter: `pubspec.lock` of a source tree (Dart documentation, "Package dependencies")."""

from collections.abc import Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, commit, hashes, malformed, packages, table, text
from assay.formats import yamlsubset


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read. What the SDK brings (`source: sdk`) has no version of
    its own and is left out.

    Raises:
        MalformedError: not the YAML that pub writes. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    documents = yamlsubset.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes)
    if not documents:
        return Fragment()
    if not isinstance(documents[0], dict):
        raise malformed(file, "pubspec.lock", "a mapping was expected")
    rows = table(documents[0].get("packages"))
    return Fragment(
        packages=packages(
            file,
            "pub",
            (_locked(name, table(body)) for name, body in rows.items() if table(body).get("source") != "sdk"),
        )
    )


def _locked(name: str, body: Mapping[str, Any]) -> Locked:
    """`dependency` is `direct main`, `direct dev`, `direct overridden` or `transitive`."""
    origin, need, source = table(body.get("description")), text(body, "dependency"), text(body, "source")
    facts = {
        "pub:direct": "true" if need.startswith("direct") else "",
        "pub:indirect": "true" if need == "transitive" else "",
        "pub:source": "" if source == "hosted" else source,
    }
    return Locked(
        name=text(origin, "name") or name,
        version=text(body, "version"),
        hashes=hashes([f"sha256:{text(origin, 'sha256')}"]),
        commit=commit(text(origin, "resolved-ref")),
        groups=frozenset(["dev"]) if need == "direct dev" else frozenset(),
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
    )


CATALOGUER = Cataloguer(
    name="pub-lock",
    version=2,
    ecosystem="pub",
    wants=Wanted(names=frozenset(["pubspec.lock"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
