"""What a build reads: specs, locks, and the archives its inputs come in."""

import base64
import io
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assay.build import gomodules, lock, npmtree, requirements, spec_read, typed, wheel
from assay.build.debian import deb, index, paths, release, scripts
from assay.formats import allowedsigners, ar, sourcearchive, sshsig, strictyaml, tarread, tarwrite, unpack, zipread
from assay.formats.chunks import ChunkView
from assay.formats.strictyaml import Mapping, Node, Scalar
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import Owner, Span, TreeEntry

from .archives import pieces
from .shape import Harness, text_of

_OWNER = Owner("dependency", "x")

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


def _source(chunked: Iterable[bytes]) -> list[tuple[TreeEntry, bytes]]:
    return [(entry, b"".join(content)) for entry, content in sourcearchive.read(chunked, DEFAULT_LIMITS, where="x")]


def check_source(data: bytes) -> None:
    """How the bytes are cut changes nothing, whatever kind of archive they are."""
    whole, cut = _outcome(_source, data)
    assert whole == cut


def check_source_zip(data: bytes) -> None:
    """Paths lead nowhere and stand once; what we read, the standard library reads the same, or refuses."""
    view = ChunkView(pieces(data), where="x")
    found = [
        (entry, entry.link or b"".join(content))
        for entry, content in zipread.read(view, DEFAULT_LIMITS, where="x", limit=1 << 20)
    ]
    assert len({entry.path for entry, _ in found}) == len(found)
    assert not any(entry.path.startswith(b"/") or b".." in entry.path.split(b"/") for entry, _ in found)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            theirs = [archive.read(info) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, zlib.error):
        return
    assert theirs == [content for _, content in found]


def _zips() -> list[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, content in (("a/", 0o40755, b""), ("a/b", 0o100755, b"text" * 9), ("l", 0o120777, b"a/b")):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED if len(content) > 9 else zipfile.ZIP_STORED)
    return [out.getvalue()]


def check_signature(data: bytes) -> None:
    """What was read says itself again."""
    found = sshsig.read(data, where="x")
    fields = (found.key, found.namespace.encode(), found.reserved, found.hash_algorithm.encode())
    inner = sshsig.packed(found.algorithm.encode()) + sshsig.packed(found.value) + found.rest
    blob = b"SSHSIG\0\0\0\1" + b"".join(map(sshsig.packed, (*fields, inner)))
    assert blob == base64.b64decode(b"".join(data.split(b"-----")[2].split()))
    assert found.signed_data(b"").startswith(b"SSHSIG")


def check_signers(data: bytes) -> None:
    """Nobody is allowed without a key of the kind it says; a window begins before it ends."""
    for one in allowedsigners.read(data, where="x"):
        assert one.principals
        assert one.key.startswith(sshsig.packed(one.key_type.encode()))
        assert None in (one.valid_after, one.valid_before) or (one.valid_after or 0) < (one.valid_before or 0)
        one.signs("git")


def _signatures() -> list[bytes]:
    fields = (b"key", b"git", b"", b"sha512", sshsig.packed(b"ssh-ed25519") + sshsig.packed(bytes(64)))
    text = base64.b64encode(b"SSHSIG\0\0\0\1" + b"".join(map(sshsig.packed, fields)))
    return [b"-----BEGIN SSH SIGNATURE-----\n" + text + b"\n-----END SSH SIGNATURE-----\n"]


def _signers() -> list[bytes]:
    key = base64.b64encode(sshsig.packed(b"ssh-ed25519") + sshsig.packed(bytes(32)))
    options = b'namespaces="git",valid-after="20240102Z",valid-before="202403041530"'
    return [b"a,b " + options + b" ssh-ed25519 " + key + b' c\n"d e" cert-authority ssh-ed25519 ' + key + b"\n"]


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


def check_release(data: bytes) -> None:
    """Every file has a digest and a size that is a number of bytes; dates are UTC."""
    found = release.read(text_of(data), "x")
    assert found.date.utcoffset() is not None
    assert all(len(one.sha256) == 64 and one.size >= 0 for one in found.files.values())


def check_index(data: bytes) -> None:
    """No path of the pool climbs."""
    for stanza in index.read([text_of(data)], "x").values():
        assert not stanza.path.startswith("/")
        assert ".." not in stanza.path.split("/")


def _deb(chunked: Iterable[bytes]) -> tuple[object, object]:
    taken: list[object] = []
    control = deb.read(
        chunked, where="x", take=lambda _, found: taken.extend((entry, b"".join(content)) for entry, content in found)
    )
    return control, taken


def check_deb(data: bytes) -> None:
    """How the bytes are cut changes nothing."""
    whole, cut = _outcome(_deb, data)
    assert whole == cut


def check_script(data: bytes) -> None:
    """Links and targets are plain absolute paths, and the best of each link is one of its wishes."""
    wishes = scripts.alternatives(text_of(data))
    assert all(one.link.startswith("/") and one.target.startswith("/") for one in wishes)
    assert scripts.chosen(wishes).items() <= {(one.link, one.target) for one in wishes}
    assert paths.merged(paths.merged(data)) == paths.merged(data)


def check_requirements(data: bytes) -> None:
    """Every project has a hash, and none stands there twice."""
    found = requirements.read(text_of(data), requirements.environment("3.11", "amd64"), where="x")
    assert all(one.hashes for one in found)
    assert len({one.name for one in found}) == len(found)


def check_npm(data: bytes) -> None:
    """No folder climbs out of node_modules."""
    for one in npmtree.read(data, architecture="amd64", dev=True, where="x", limits=DEFAULT_LIMITS):
        assert one.place.startswith("node_modules/")
        assert not {"", ".", "..", ".bin"} & set(one.place.split("/"))


def _spool(chunks: Iterable[bytes]) -> Span:
    return Span(0, sum(map(len, chunks)), "0" * 64)


def check_tarball(data: bytes) -> None:
    """Nothing leads out of the package's folder but the links of its programs."""
    for item in npmtree.lay([data], "node_modules/a", owner=_OWNER, spool=_spool, limits=DEFAULT_LIMITS, where="x"):
        assert item.entry.path.startswith((b"a/", b".bin/"))
        assert b".." not in item.entry.path.split(b"/")


def check_go_sum(data: bytes) -> None:
    """Places below a proxy stay below it."""
    for module in gomodules.read(text_of(data), where="x"):
        assert module.hash or module.mod_hash
        assert all("/@v/v" in place for _, place in gomodules.places(module))


def check_go_zip(data: bytes) -> None:
    """Never the zip of a hash nobody has."""
    gomodules.check_zip(data, gomodules.Module(path="x", version="v1", hash="h1:"), DEFAULT_LIMITS)
    raise AssertionError("believed")


def check_wheel(data: bytes) -> None:
    """No path leads out."""
    for item in wheel.lay(data, "x-1-py3-none-any.whl", owner=_OWNER, spool=_spool, limits=DEFAULT_LIMITS):
        assert all(part not in (b"", b".", b"..") for part in item.entry.path.split(b"/"))


_RELEASE = b"Origin: o\nCodename: c\nDate: Thu, 30 May 2024 12:00:00 UTC\nSHA256:\n " + b"a" * 64 + b" 1 x\n"
_STANZA = b"Package: xx\nVersion: 1:1~a-1\nFilename: pool/x\nSize: 1\nSHA256: " + b"a" * 64 + b"\n"
_PINNED = b'a[b]==1 ; python_version < "4" --hash=sha256:' + b"a" * 64 + b"\n"
_PACKAGES = (
    b'{"lockfileVersion":3,"packages":{"node_modules/@s/a":{"version":"1","os":["!win32"],"integrity":"sha512-'
    + b"a" * 86
    + b'=="}}}'
)
_SUM = b"a.b/C v1.0.0/go.mod h1:" + b"a" * 43 + b"=\n"
_SCRIPT = b"V=1\nupdate-alternatives --install /a a /b-$V 5 --slave /c c /d\n"


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
    Harness(name="build-source", check=check_source, doors=(sourcearchive.read,), seeds=lambda: [*_tars(), *_zips()]),
    Harness(name="build-zip", check=check_source_zip, doors=(zipread.read,), bytes_limit=8192, seeds=_zips),
    Harness(name="ssh-signature", check=check_signature, doors=(sshsig.read,), seeds=_signatures),
    Harness(name="allowed-signers", check=check_signers, doors=(allowedsigners.read,), seeds=_signers),
    Harness(name="build-ar", check=check_ar, doors=(ar.members,), seeds=lambda: [ar.MAGIC]),
    Harness(name="build-unpack", check=check_unpack, doors=(unpack.unpack,)),
    Harness(name="build-release", check=check_release, doors=(release.read,), seeds=lambda: [_RELEASE]),
    Harness(name="build-index", check=check_index, doors=(index.read,), seeds=lambda: [_STANZA]),
    Harness(name="build-deb", check=check_deb, doors=(deb.read,), seeds=lambda: [ar.MAGIC]),
    Harness(name="build-script", check=check_script, doors=(scripts.alternatives,), seeds=lambda: [_SCRIPT]),
    Harness(name="build-requirements", check=check_requirements, doors=(requirements.read,), seeds=lambda: [_PINNED]),
    Harness(name="build-npm-lock", check=check_npm, doors=(npmtree.read,), seeds=lambda: [_PACKAGES]),
    Harness(name="build-npm-tarball", check=check_tarball, doors=(npmtree.lay,)),
    Harness(name="build-go-sum", check=check_go_sum, doors=(gomodules.read,), seeds=lambda: [_SUM]),
    Harness(
        name="build-go-zip", check=check_go_zip, doors=(gomodules.check_zip,), seeds=lambda: [b"PK\x05\x06" + bytes(18)]
    ),
    Harness(name="build-wheel", check=check_wheel, doors=(wheel.lay,), seeds=lambda: [b"PK\x05\x06" + bytes(18)]),
)
