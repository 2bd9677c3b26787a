"""What a build reads: specs, locks, and the archives its inputs come in."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assay.build import lock, spec_read, typed
from assay.formats import ar, strictyaml, tarread, tarwrite, unpack
from assay.formats.strictyaml import Mapping, Node, Scalar
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import TreeEntry

from .archives import pieces
from .shape import Harness

_EXAMPLES = Path(__file__).resolve().parents[2] / "tests" / "build"


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield from _nodes(entry.key)
            yield from _nodes(entry.value)
    elif not isinstance(node, Scalar):
        for item in node.items:
            yield from _nodes(item)


def check_yaml(data: bytes) -> None:
    """Every place lies in the text; keys differ; 32 levels are the most."""
    lines = data.decode("utf-8", "replace").count("\n") + data.count(b"\r") + data.count(b"\xc2\x85") + 1
    lines += data.count(b"\xe2\x80\xa8") + data.count(b"\xe2\x80\xa9")
    for node in _nodes(strictyaml.load(data, where="x")):
        assert 1 <= node.mark.line <= lines + 1
        assert node.mark.column >= 1
        if isinstance(node, Mapping):
            keys = [entry.key.text for entry in node.entries]
            assert len(set(keys)) == len(keys)


def check_spec(data: bytes) -> None:
    """The canonical form is read as the same spec."""
    spec = spec_read.read_spec(data, where="x").spec
    assert spec_read.read_spec(spec_read.canonical(spec), where="x").spec == spec


def check_lock(data: bytes) -> None:
    """A lock that is read has the bytes it would be written with, and no difference to itself."""
    found = lock.read(data, where="x")
    assert lock.write(found) == data
    assert lock.difference(found, found) == ()


def _outcome(read: Callable[[Iterable[bytes]], object], data: bytes) -> tuple[object, object]:
    """What was read, and the kind of the error, whole and in pieces."""

    def once(chunked: Iterable[bytes]) -> object:
        try:
            return read(chunked)
        except AssayError as error:
            return type(error).__name__

    return once([data] if data else []), once(pieces(data, 77))


def _tar(chunked: Iterable[bytes]) -> list[tuple[TreeEntry, bytes]]:
    return [(entry, b"".join(content)) for entry, content in tarread.read(chunked, DEFAULT_LIMITS, where="x")]


def check_tar(data: bytes) -> None:
    """How the bytes are cut changes nothing; paths lead nowhere; what our writer takes is read back the same."""
    whole, cut = _outcome(_tar, data)
    assert whole == cut
    found = _tar([data])
    for entry, content in found:
        assert len(content) == entry.size
        assert not entry.path.startswith(b"/")
        assert b".." not in entry.path.split(b"/")
    try:
        written = b"".join(tarwrite.write((entry, [content]) for entry, content in found))
    except AssayError:
        return
    assert [entry for entry, _ in _tar([written])] == [entry for entry, _ in found]


def check_ar(data: bytes) -> None:
    """How the bytes are cut changes nothing."""
    whole, cut = _outcome(
        lambda chunked: [(m, b"".join(c)) for m, c in ar.members(chunked, where="x", limit=1 << 20)], data
    )
    assert whole == cut


def check_unpack(data: bytes) -> None:
    """How the bytes are cut changes nothing."""
    whole, cut = _outcome(lambda c: b"".join(unpack.unpack(c, DEFAULT_LIMITS, where="x", limit=1 << 20)), data)
    assert whole == cut


def _specs() -> Iterable[bytes]:
    return [path.read_bytes() for path in sorted(_EXAMPLES.glob("spec.*.yaml"))]


def _locks() -> Iterable[bytes]:
    empty = lock.Lock(spec="sha256:" + "0" * 64, epoch=0)
    full = lock.Lock(
        spec="sha256:" + "0" * 64, epoch=1, keys={"k": "sha256:" + "1" * 64},
        sources={"a": lock.DirectoryLock(path="a", content="sha256:" + "2" * 64)},
    )  # fmt: skip
    return [lock.write(empty), lock.write(full)]


def _tars() -> Iterable[bytes]:
    entries = (
        TreeEntry(path=b"a", kind="directory", mode=0o755),
        TreeEntry(path=b"a/\xff", size=1, xattrs=((b"user.x", b"1"),)),
        TreeEntry(path=b"b", kind="symlink", link=b"a"),
    )
    return [b"".join(tarwrite.write((entry, itertools.repeat(b"x", entry.size)) for entry in entries))]


HARNESSES = (
    Harness(name="build-yaml", check=check_yaml, doors=(strictyaml.load,), seeds=_specs),
    Harness(
        name="build-spec", check=check_spec, doors=(spec_read.read_spec, typed.convert), bytes_limit=8192, seeds=_specs
    ),
    Harness(name="build-lock", check=check_lock, doors=(lock.read,), seeds=_locks),
    Harness(name="build-tar", check=check_tar, doors=(tarread.read,), seeds=_tars),
    Harness(name="build-ar", check=check_ar, doors=(ar.members,), seeds=lambda: [ar.MAGIC]),
    Harness(name="build-unpack", check=check_unpack, doors=(unpack.unpack,)),
)
