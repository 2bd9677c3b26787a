"""Elixir and Erlang: `mix.lock` of a source tree, a map term with one entry a line (`Mix.Dep.Lock`).

Read as text, never evaluated.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, commit, hashes, packages
from assay.model.inventory import Gap
from assay.model.patterns import lazy

_ENTRY = lazy(r'\s*"([^"\\]+)":\s*(\{.*\}),?\s*')
_HEX = lazy(r'\{:hex,\s*:"?([\w.@-]+)"?,\s*"([^"\\]+)",\s*"([0-9a-fA-F]*)"(.*)\}')
_GIT = lazy(r'\{:git,\s*"[^"]*",\s*"([0-9a-f]*)".*\}')
_NEED = lazy(r'\{:"?([\w@.-]+)"?,\s*"[^"]*",\s*\[')
_REPOSITORY = lazy(r'\],\s*"([^"\\]+)"(?:,\s*"([0-9a-fA-F]{64})")?\s*')
_FRAME = lazy(r"\s*(?:%\{|\}|#.*)?\s*")


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read. Lines that are no entries become one gap.

    Raises:
        UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    wrong: list[int] = []
    found = packages(file, "hex", _entries(file.data().decode("utf-8", "replace"), wrong))
    reason = f"{len(wrong)} lines are not as mix writes them, first line {wrong[0]}" if wrong else ""
    return Fragment(packages=found, gaps=(Gap("unreadable", file.path, None, reason, "mix-lock"),) if wrong else ())


def _entries(text: str, wrong: list[int]) -> Iterator[Locked]:
    for number, line in enumerate(text.split("\n"), 1):
        if _FRAME.fullmatch(line):
            continue
        entry = _ENTRY.fullmatch(line)
        locked = _locked(entry[1], entry[2]) if entry else None
        if locked is None:
            wrong.append(number)
        else:
            yield locked


def _locked(application: str, term: str) -> Locked | None:
    """`{:hex, name, version, inner, managers, dependencies, repository, outer}` or `{:git, url, commit, options}`.

    The outer checksum is that of the archive; locks of old tools have the inner one alone, which is of another form.
    """
    if git := _GIT.fullmatch(term):
        return Locked(name=application, commit=commit(git[1]), properties=(("hex:source", "git"),))
    package = _HEX.fullmatch(term)
    if package is None:
        return None
    name, version, _inner, rest = package.groups()
    tail = _REPOSITORY.search(rest[rest.rfind("]") :])
    repository, outer = (tail[1], tail[2] or "") if tail else ("hexpm", "")
    organisation = repository.partition(":")[2]
    return Locked(
        name=name,
        version=version,
        hashes=hashes([f"sha256:{outer}"]),
        depends=tuple(sorted(set(_NEED.findall(rest)))),
        provides=(application,) if application != name else (),
        properties=(("hex:organisation", organisation),) if organisation else (),
    )


CATALOGUER = Cataloguer(
    name="mix-lock",
    version=1,
    ecosystem="hex",
    wants=Wanted(names=frozenset(["mix.lock"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
