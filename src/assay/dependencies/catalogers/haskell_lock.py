"""Haskell: `cabal.project.freeze` and `stack.yaml.lock` of a source tree (Cabal User Guide; Stack, "Lock files")."""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, commit, hashes, malformed, packages, table, tables, text
from assay.formats import yamlsubset
from assay.model.inventory import Gap
from assay.model.patterns import lazy

_NAME = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_VERSION = r"[0-9]+(?:\.[0-9]+)*"
_CONSTRAINT = lazy(rf"(?:any\.)?({_NAME}) *== *({_VERSION})")
_FLAGS = lazy(rf"(?:any\.)?{_NAME}(?:\s+(?:[+-]\S+|installed|source|test|bench))+")
_FIELD = lazy(r"^([a-z][a-z-]*):(.*)")
_PINNED = lazy(rf"({_NAME})-({_VERSION})(?:@(?:sha256:([0-9a-f]{{64}})(?:,\d+)?|rev:\d+))?")


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read.

    Raises:
        MalformedError: YAML Stack does not write. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    wrong: list[str] = []
    stack = file.path.endswith(".lock")
    found = packages(file, "hackage", _stack(file, wrong) if stack else _cabal(file, wrong))
    reason = f"{len(wrong)} entries are not as their tool writes them, first {wrong[0][:80]!r}" if wrong else ""
    return Fragment(packages=found, gaps=(Gap("unreadable", file.path, None, reason, "haskell-lock"),) if wrong else ())


def _cabal(file: File, wrong: list[str]) -> Iterator[Locked]:
    """`constraints: any.NAME ==VERSION, NAME +flag, …`: only what is held to one version is locked."""
    field, lines = "", list[str]()
    for line in file.data().decode("utf-8", "replace").replace("\r", "").split("\n"):
        match = _FIELD.match(line)
        if match:
            field = match[1]
            line = match[2]
        if field == "constraints" and not line.lstrip().startswith("--"):
            lines.append(line)
        elif not field and line.strip() and not line.lstrip().startswith("--"):
            wrong.append(line.strip())
    for item in filter(None, (part.strip() for part in " ".join(lines).split(","))):
        match = _CONSTRAINT.fullmatch(item)
        if match:
            yield Locked(name=match[1], version=match[2])
        elif not _FLAGS.fullmatch(item):
            wrong.append(item)


def _stack(file: File, wrong: list[str]) -> Iterator[Locked]:
    """`packages`, each as it was `completed`; a snapshot is named by its digest and lists nothing here."""
    documents = yamlsubset.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes)
    if not documents or not isinstance(documents[0], dict) or "packages" not in documents[0]:
        raise malformed(file, "stack.yaml.lock", "a mapping with `packages` was expected")
    for row in tables(documents[0]["packages"]):
        done = table(row.get("completed"))
        pinned = _PINNED.fullmatch(text(done, "hackage"))
        if pinned:
            yield Locked(name=pinned[1], version=pinned[2], properties=_of_cabal_file(pinned[3]))
        elif text(done, "name") and text(done, "version"):
            yield Locked(
                name=text(done, "name"), version=text(done, "version"), commit=commit(text(done, "commit")),
                hashes=hashes([f"sha256:{text(done, 'sha256')}"]),
                properties=(("hackage:source", "git" if "git" in done else "archive"),),
            )  # fmt: skip
        else:
            wrong.append(str(row))


def _of_cabal_file(digest: str | None) -> tuple[tuple[str, str], ...]:
    """The digest is of the package's `.cabal` file (its revision), not of the package: no hash of what is used."""
    return (("hackage:cabal-file", f"sha256:{digest}"),) if digest else ()


CATALOGUER = Cataloguer(
    name="haskell-lock",
    version=1,
    ecosystem="hackage",
    wants=Wanted(names=frozenset(["cabal.project.freeze", "stack.yaml.lock"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
