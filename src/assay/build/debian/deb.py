"""One `.deb`: its members, its control data, and its files as entries (deb(5)). Nothing in it is ever run."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

import msgspec

from assay.formats import ar, deb822, tarread
from assay.formats.unpack import unpack
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tree import TreeEntry

_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_CONTROL_FIELDS = frozenset(
    {"package", "version", "architecture", "source", "replaces", "depends", "pre-depends", "provides"}
)
_FORMAT = b"2.0\n"
_CONTROL_BYTES = 8 << 20
_HEAD_BYTES = 6
_MAGIC: Mapping[str, bytes] = {"": b"", ".gz": b"\x1f\x8b", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd"}
"""What the name of a member says of its compression, and how that begins (deb(5))."""
_SCRIPT_CHARS = 1 << 18
"""How much of a postinst is looked through for alternatives."""
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
Entries = Iterator[tuple[TreeEntry, Iterator[bytes]]]


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What a package says of itself."""

    name: str
    version: str
    architecture: str
    replaces: str = ""
    depends: str = ""
    pre_depends: str = ""
    provides: str = ""
    text: str = ""
    """The control file, as it is."""
    scripts: Mapping[str, str] = {}
    """Maintainer script → its SHA-256."""
    postinst: str = ""
    """Text of that script: only its plain `update-alternatives` lines are ever looked at."""
    conffiles: tuple[str, ...] = ()


def read(
    chunks: Iterable[bytes], *, where: str, take: Callable[[Control, Entries], None], limits: Limits = DEFAULT_LIMITS
) -> Control:
    """Read a package in one pass.

    Args:
        chunks: the file.
        where: named in errors.
        take: is handed what the package says of itself and the entries of its tree, to be read at once.
        limits: on sizes and counts.

    Raises:
        MalformedError: not a package of format 2.0, or a member missing, twice or of another name.
        UnsupportedError: an unknown compression, or more than a limit.
    """
    control: Control | None = None
    seen: list[str] = []
    for member, content in ar.members(chunks, where=where, limit=limits.build_input_bytes, count=3):
        seen.append(member.name)
        if len(seen) == 1:
            _version(member.name, content, where)
        elif len(seen) == 2 and member.name.startswith("control.tar"):
            plain = _inflated(member.name, content, "control.tar", where, limits, _CONTROL_BYTES)
            control = _control(plain, where, limits)
            _to_the_end(plain)
        elif len(seen) == 3 and member.name.startswith("data.tar") and control is not None:
            plain = _inflated(member.name, content, "data.tar", where, limits, limits.build_input_bytes)
            take(control, tarread.read(plain, limits, where=where))
            _to_the_end(plain)
        else:
            raise _bad(where, f"the member {member.name!r} is not expected there")
    if control is None or len(seen) != 3:
        raise _bad(where, f"its members are {', '.join(seen) or 'none'}")
    return control


def check(control: Control, *, name: str, version: str, architecture: str, where: str) -> None:
    """Whether a package is the one its pin names.

    Raises:
        UntrustedError: another name, version or architecture.
    """
    found = (control.name, control.version, control.architecture)
    if found != (name, version, architecture):
        raise UntrustedError(
            "the package is another one than its pin says",
            where=where,
            why=f"it is {' '.join(found)}, pinned was {name} {version} {architecture}",
            remedy="lock again",
        )


def _version(name: str, content: Iterator[bytes], where: str) -> None:
    data = b""
    for piece in content:
        data += piece
        if len(data) > len(_FORMAT):
            break
    if name != "debian-binary" or data != _FORMAT:
        raise _bad(where, f"it begins with {name!r}, version {data[:8]!r}")


def _control(plain: Iterator[bytes], where: str, limits: Limits) -> Control:
    files: dict[str, bytes] = {}
    for entry, content in tarread.read(plain, limits, where=where):
        if entry.kind == "file":
            path = entry.path.decode("utf-8", "replace")
            if path in files:
                raise _bad(where, f"its control archive holds {path[:60]!r} twice")
            files[path] = b"".join(content)
    text = files.get("control", b"").decode("utf-8", "replace")
    records = list(deb822.paragraphs(text, _CONTROL_FIELDS))
    fields = records[0] if len(records) == 1 else None
    if fields is None or not {"package", "version", "architecture"} <= fields.keys():
        raise _bad(where, "its control file names no package, version and architecture")
    if not _PACKAGE.fullmatch(fields["package"]):
        raise _bad(where, f"its control file names the package {fields['package'][:60]!r}")
    return Control(
        name=fields["package"],
        version=fields["version"],
        architecture=fields["architecture"],
        replaces=fields.get("replaces", ""),
        depends=fields.get("depends", ""),
        pre_depends=fields.get("pre-depends", ""),
        provides=fields.get("provides", ""),
        text=text,
        scripts={name: f"sha256:{hashlib.sha256(files[name]).hexdigest()}" for name in _SCRIPTS if name in files},
        postinst=files.get("postinst", b"")[:_SCRIPT_CHARS].decode("utf-8", "replace"),
        conffiles=tuple(files.get("conffiles", b"").decode("utf-8", "replace").split("\n")[:-1]),
    )


def _inflated(
    member: str, content: Iterator[bytes], stem: str, where: str, limits: Limits, limit: int
) -> Iterator[bytes]:
    """A member's bytes without their compression, counted; its name and its first bytes agree on what that is."""
    form = member.removeprefix(stem)
    if form not in _MAGIC:
        raise UnsupportedError(
            "the package is compressed in an unknown way", where=where, why=member,
            remedy="gzip, xz, zstd and none are read",
        )  # fmt: skip
    head = b""
    while len(head) < _HEAD_BYTES and (more := next(content, None)) is not None:
        head += more
    found = next((name for name, magic in _MAGIC.items() if magic and head.startswith(magic)), "")
    if found != form:
        raise _bad(where, f"{member} begins with {head[:_HEAD_BYTES].hex() or 'nothing'}")
    yield from unpack(chain((head,), content), limits, where=f"{where}: {member}", limit=limit)


def _to_the_end(plain: Iterator[bytes]) -> None:
    """Behind a tar's end come zeros, and the compression's own checks."""
    for _ in plain:
        pass


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a Debian package", where=where, why=why, remedy="fetch it again")
