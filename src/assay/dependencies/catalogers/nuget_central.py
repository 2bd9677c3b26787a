"""NuGet's central list of versions in a source tree: `Directory.Packages.props`.

NuGet documentation, "Central Package Management"; MSBuild reference, "Item element" and "Property element". The file
says which version a project gets that asks for a package without one, and which packages every project gets
(`GlobalPackageReference`). MSBuild computes: a property that this file sets for sure is put in its place, everything
else that it would compute stays open.
"""

from collections.abc import Mapping
from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.xmlevents import read_xml
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

NAME = "Directory.Packages.props"
"""How the file is called, in this spelling (NuGet documentation: file systems may tell cases apart)."""
_NO_LICENCE = Licence(reason="Directory.Packages.props records no licence")
_ITEMS = frozenset({"packageversion", "globalpackagereference"})
_CONDITIONAL = frozenset({"when", "otherwise", "target"})
_SWITCH = "managepackageversionscentrally"
_VARIABLE = lazy(r"\$\(([A-Za-z_][A-Za-z0-9_.-]{0,199})\)")
_EXACT = lazy(r"\[?([0-9]{1,19}(?:\.[0-9]{1,19}){0,3}(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?)\]?")
_COMPUTED = "$@%*?;"
"""Letters of MSBuild's own that no package's name holds."""
_VERSIONS_COUNT = 100
"""One package under so many conditions: more than any list has."""
_DEPTH = 64
_CHARACTERS = 300


class Central(msgspec.Struct, frozen=True):
    """One package of the list."""

    name: str
    wanted: str = ""
    """The version or range as written, properties of this file in their places; "" = none said."""
    conditional: bool = False
    """A condition of MSBuild decides whether this counts."""
    everywhere: bool = False
    """Every project of the folders below asks for it."""

    @property
    def version(self) -> str:
        """The version that is restored: NuGet takes the lowest that is allowed. "" where this does not tell it.

        >>> [Central("a", text).version for text in ("1.2", "[1.2.3]", "1.*", "$(V)", "[1,2)")]
        ['1.2', '1.2.3', '', '', '']
        """
        exact = _EXACT.fullmatch(self.wanted)
        closed = self.wanted.startswith("[") == self.wanted.endswith("]")
        return exact[1] if exact is not None and closed else ""


class _Item(msgspec.Struct):
    """One element: what it does (`Include`, `Update`, `Remove`), the names it is about, and its version."""

    does: str
    names: str
    version: str
    conditional: bool
    everywhere: bool


def catalogue(file: File) -> Fragment:
    """The packages of one list; in an image it is a wish, and nothing is read.

    Returns:
        A package for each name and version, without a version, weakly, where this file alone does not tell it
        (`nuget:unresolved`); and a gap, for the list is no lock.

    Raises:
        MalformedError: not XML, a document type declaration, or no `Project`. UnsupportedError: more than
            `packages_count`.
    """
    if file.installed:
        return Fragment()
    every, computed = read(file)
    found = {(one.name.lower(), one.version, one.wanted): one for one in every}
    if not (found or computed):
        return Fragment()
    unclear = sum(not one.version for one in found.values())
    why = f"{NAME} is no lock: {len(found)} packages, {unclear} of them without a version here"
    why += f", {computed} names that MSBuild computes" if computed else ""
    why += "; what they need in turn does not stand in it"
    gap = Gap("unsupported", file.path, None, why, "nuget-central")
    return Fragment(packages=tuple(_package(found[key]) for key in sorted(found)), gaps=(gap,))


def _package(one: Central) -> Package:
    facts = {
        "nuget:conditional": "true" if one.conditional else "",
        "nuget:direct": "true" if one.everywhere else "",
        "nuget:unresolved": "" if one.version else one.wanted[:_CHARACTERS] or "no version here",
    }
    return Package(
        ecosystem="nuget",
        name=one.name,
        version=one.version,
        licence=_NO_LICENCE,
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind="lock-file",
        confidence="strong" if one.version and not one.conditional else "weak",
        provides=(f"{one.name}/{one.version}".lower(),) if one.version else (),
    )


def read(file: File) -> tuple[tuple[Central, ...], int]:
    """What the list says in the end, and how many names only MSBuild could tell; nothing where it is switched off.

    Raises:
        MalformedError: not XML, a document type declaration, or no `Project`. UnsupportedError: more than
            `packages_count`.
    """
    items, known = _parse(file)
    if known.get(_SWITCH, "").lower() == "false":
        return (), 0
    found: dict[str, list[Central]] = {}
    count = computed = 0
    for item in items:
        for written in filter(None, map(str.strip, item.names.split(";"))):
            name = _filled(written, known)
            count += 1
            if count > file.limits.packages_count:
                raise UnsupportedError("the list has too many entries", where=file.path, why=f"limit {count - 1}")
            if len(name) > _CHARACTERS or any(letter in name for letter in _COMPUTED):
                computed += 1
                continue
            one = Central(name, _filled(item.version, known), item.conditional, item.everywhere)
            found[name.lower()] = _applied(item.does, one, found.get(name.lower(), []))
            if len(found[name.lower()]) > _VERSIONS_COUNT:
                raise UnsupportedError(
                    f"the list has too many versions of {name[:100]}", where=file.path, why=f"limit {_VERSIONS_COUNT}"
                )
    return tuple(one for name in sorted(found) for one in found[name]), computed


def _applied(does: str, one: Central, before: list[Central]) -> list[Central]:
    """What is known of a name after one more element speaks of it."""
    if does == "Remove":
        return [msgspec.structs.replace(old, conditional=True) for old in before] if one.conditional else []
    if one in before:
        return before
    if does == "Update" and not one.conditional:
        updated = [msgspec.structs.replace(old, wanted=one.wanted or old.wanted) for old in before] or [one]
        return list(dict.fromkeys(updated))
    return [*before, one]


def _filled(text: str, known: Mapping[str, str]) -> str:
    """The text with the properties that are known; others stay as they are written, and so does what grows too long."""
    if "$(" not in text or len(text) > _CHARACTERS:
        return text
    made: str = _VARIABLE.sub(lambda match: known.get(match[1].lower(), match[0]), text)
    return made if len(made) <= _CHARACTERS else text


def _parse(file: File) -> tuple[list[_Item], dict[str, str]]:
    """Items in their order, and the properties that are set for sure; no recursion, no document type.

    MSBuild sets all properties before it looks at items; a file that is imported may set any anew.
    """
    items: list[_Item] = []
    known: dict[str, str] = {}
    stack: list[str] = []
    conditions: list[bool] = []
    text: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if len(stack) == _DEPTH:
            raise _bad(file, f"nested deeper than {_DEPTH}")
        name = tag.rpartition(":")[2].lower()
        if not stack and name != "project":
            raise _bad(file, "its root is no `Project`")
        conditions.append("Condition" in attributes or name in _CONDITIONAL)
        stack.append(name)
        text.clear()
        does = next((word for word in ("Include", "Update", "Remove") if attributes.get(word)), "")
        if name in _ITEMS and does:
            if len(items) == file.limits.packages_count:
                raise UnsupportedError("the list has too many entries", where=file.path, why=f"limit {len(items)}")
            version = attributes.get("Version", "").strip()
            items.append(_Item(does, attributes[does], version, any(conditions), name != "packageversion"))
        elif name == "import":
            known.clear()

    def end(_tag: str) -> None:
        name, above = stack[-1], stack[-2] if len(stack) > 1 else ""
        value = "".join(text).strip()
        if name == "version" and above in _ITEMS and items:
            items[-1].version = value
        elif above == "propertygroup":
            made = _filled(value, known)
            if any(conditions) or "$(" in made or len(made) > _CHARACTERS:
                known.pop(name, None)
            else:
                known[name] = made
        stack.pop()
        conditions.pop()
        text.clear()

    read_xml(file.data(), partial(_bad, file), start=start, end=end, text=text.append)
    return items, known


def _bad(file: File, why: str) -> MalformedError:
    return MalformedError(f"not a {NAME}", where=file.path, why=why, remedy="open it with its own tool")


CATALOGUER = Cataloguer(
    name="nuget-central",
    version=1,
    ecosystem="nuget",
    wants=Wanted(names=frozenset([NAME]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
