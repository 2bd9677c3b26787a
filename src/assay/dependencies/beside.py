"""Facts that lie beside a package's own record: copyright files, `REQUESTED`, `direct_url.json`, and what the tools of
a distribution record of who asked for a package (apk's `world`, apt's `extended_states`, dnf's reasons).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.cataloger import Sighting
from assay.dependencies.copyrights import with_conclusion
from assay.dependencies.gather import Group
from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.licences import join
from assay.model.inventory import Licence

LICENCE = "licence"
"""Name of a note whose value is a JSON `Licence`; any other note is a property of that name."""
_LICENCE_FILE = "licence:"
"""How the names of notes begin whose value is the JSON `Licence` that one licence file lets one conclude."""
_LICENCE_TEXT = "licence-text:"
"""How the names of notes begin that hold a licence file itself: its path, a NUL, its text in Latin-1."""
_DOCS = "usr/share/doc/"
_OFFERED = ("LICENSE-MIT", "LICENSE-APACHE", "MIT-LICENSE")
"""Files named after their licence."""
_DECODER = msgspec.json.Decoder(Licence)
_WORLD, _EXTENDED_STATES, _REASONS = "etc/apk/world", "var/lib/apt/extended_states", "rpm:reasons"
_ASKED_FOR = frozenset({"user", "external user", "group"})
"""dnf's reasons that are a person's wish."""
_Notes = Mapping[str, Mapping[str, str]]


class Facts:
    """Notes by directory, of the final root and of what layers hid."""

    def __init__(self, sightings: Sequence[Sighting], groups: Sequence[Group]) -> None:
        self._visible: dict[str, dict[str, str]] = {}
        self._hidden: dict[str, dict[str, str]] = {}
        for sighting in sightings:
            table = self._visible if sighting.removed_by is None else self._hidden
            for note in sighting.fragment.notes:
                table.setdefault(note.directory, {})[note.name] = note.value
        self._sources = {_source(group, group.seen[0].package.name) for group in groups if group.ecosystem == "deb"}

    def licence(self, group: Group) -> Licence | None:
        """The licence noted for a component, or None."""
        for directory in self._directories(group):
            notes = self._at(directory, group)
            if LICENCE in notes:
                return _DECODER.decode(notes[LICENCE])
            found = {name: one for name in sorted(notes) if (one := _of_file(name, notes[name])) and one.concluded}
            if found:
                return _together(found)
        return None

    def properties(self, group: Group) -> set[tuple[str, str]]:
        """The other facts noted in the directories of a component's metadata."""
        if group.ecosystem in DISTRIBUTED:
            # Only what is in the final root has a record there; the same tools wrote nothing down about the rest.
            return _ASKED[group.ecosystem](group, self._visible) if group.removed_by is None else set()
        return {
            (name, value)
            for one in group.seen
            for name, value in self._at(one.path.rpartition("/")[0], group).items()
            if name != LICENCE and not name.startswith((_LICENCE_FILE, _LICENCE_TEXT))
        }

    def _at(self, directory: str, group: Group) -> dict[str, str]:
        """A removed package had the notes of its own time, if they are still known."""
        found = self._visible.get(directory)
        if group.removed_by is not None:
            found = self._hidden.get(directory) or found
        return found or {}

    def _directories(self, group: Group) -> Iterator[str]:
        """Where a component's licence may be noted, best first.

        Debian Policy 12.5: a package's documentation directory may be a link to that of a package of the same source
        on which it depends.
        """
        package = group.seen[0].package
        if package.ecosystem != "deb":
            whole = package.ecosystem == "gem"  # its licence files lie in another directory than its specification
            yield from dict.fromkeys(one.path if whole else one.path.rpartition("/")[0] for one in group.seen)
            return
        yield _DOCS + package.name
        for name in package.depends:
            if _source(group, name) in self._sources:
                yield _DOCS + name


def _of_file(name: str, value: str) -> Licence | None:
    """What a note of a licence file lets one conclude; None for another note."""
    if name.startswith(_LICENCE_FILE):
        return _DECODER.decode(value)
    if not name.startswith(_LICENCE_TEXT):
        return None
    path, _, text = value.partition("\0")
    return with_conclusion(Licence(), text.encode("latin-1"), path)


def _together(found: Mapping[str, Licence]) -> Licence:
    """Several licence files of one package: all hold, unless each is named after its licence, as for a choice.

    Then nothing says whether both hold or either.
    """
    first, *_ = found.values()
    expressions = sorted({one.concluded for one in found.values()})
    if len(expressions) == 1:
        return first
    files = [name.partition(":")[2] for name in found]
    if all(name.upper().startswith(_OFFERED) for name in files):
        said = f"{' and '.join(files)} lie side by side: whether both hold or either, nothing says"
        return Licence(reason=said, declared=tuple(expressions))
    return msgspec.structs.replace(first, concluded=join(expressions), confidence="weak")


def _source(group: Group, name: str) -> tuple[str, str]:
    """A binary package's name with the source package of a group."""
    source = group.seen[0].package.source
    return name, source.name if source is not None else ""


def _world(group: Group, notes: _Notes) -> set[tuple[str, str]]:
    """apk-world(5): a package asked for by its name, by what it provides, or through a virtual package."""
    world = notes.get(_WORLD, {})
    for one in group.seen:
        wishes = notes.get(one.path, {})
        for name in (one.package.name, *one.package.provides):
            if name in world or wishes.get(name, "") in world:
                return {("apk:world", "true")}
    return set()


def _automatic(group: Group, notes: _Notes) -> set[tuple[str, str]]:
    """apt-mark(8). apt notes a package for all architectures under the machine's own: any one answers for it."""
    states = notes.get(_EXTENDED_STATES)
    if states is None:
        return set()
    package = group.seen[0].package
    architecture = "" if package.architecture == "all" else package.architecture
    known = f"{package.name}:{architecture}" in states
    return {("deb:auto-installed", "true" if known else "false")}


def _reasons(group: Group, notes: _Notes) -> set[tuple[str, str]]:
    package = group.seen[0].package
    reason = notes.get(_REASONS, {}).get(f"{package.name}.{package.architecture}", "")
    asked = {("rpm:direct", "true")} if reason in _ASKED_FOR else set()
    return asked | {("rpm:reason", reason)} if reason else set()


_ASKED: Mapping[str, Callable[[Group, _Notes], set[tuple[str, str]]]] = {
    "alpm": lambda _group, _notes: set(),  # its own record tells
    "apk": _world,
    "deb": _automatic,
    "ebuild": lambda _group, _notes: set(),
    "rpm": _reasons,
}
"""Who records what was asked for, by ecosystem."""
