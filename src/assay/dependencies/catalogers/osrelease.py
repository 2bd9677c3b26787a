"""Which distribution this is (os-release(5))."""

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Wanted
from assay.model.errors import MalformedError
from assay.model.inventory import Distro


def catalogue(file: File) -> Fragment:
    """The distribution's identity; a file without any assignment says nothing.

    Raises:
        MalformedError: text, but not one assignment in it.
    """
    lines = file.data().decode("utf-8", "replace").splitlines()
    values: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            values[name] = _unquote(value)
    if not values:
        if any(line.strip() and not line.lstrip().startswith("#") for line in lines):
            raise MalformedError("not an os-release file", where=file.path, why="no assignment")
        return Fragment()
    name = values.get("NAME", "")
    return Fragment(
        notes=(Note(file.path, "os-release:name", name),) if name else (),
        distro=Distro(
            id=values.get("ID", "").lower(),
            version_id=values.get("VERSION_ID", ""),
            codename=values.get("VERSION_CODENAME", "") or values.get("UBUNTU_CODENAME", ""),
            name=values.get("PRETTY_NAME", "") or values.get("NAME", ""),
            id_like=tuple(values.get("ID_LIKE", "").lower().split()),
        ),
    )


def _unquote(value: str) -> str:
    """Shell quoting as os-release(5) allows it: one pair of quotes, backslash before `$ " \\ backtick`."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        inner = value[1:-1]
        return inner if value[0] == "'" else _unescape(inner)
    return _unescape(value)


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    out: list[str] = []
    escaped = False
    for letter in value:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        out.append(letter)
        escaped = False
    return "".join(out)


ROW = Cataloguer(
    name="os-release",
    version=2,
    ecosystem="",
    wants=Wanted(paths=frozenset({"etc/os-release", "usr/lib/os-release"}), limit="metadata_bytes"),
    catalogue=catalogue,
)
