"""A small Debian archive: packages written byte by byte, their index, their suite; and stand-ins for apt and gpgv."""

import gzip
import hashlib
import io
import lzma
import tarfile
from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec
from backports import zstd

from assay.adapters.spool import FileSpool
from assay.build.debian.unpack import unpack
from assay.model.errors import UnavailableError
from assay.ports.packages import Resolved, SignedText

MIRROR = "http://mirror.test/debian"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
DATE = datetime(2024, 5, 30, 12, tzinfo=UTC)
COMPRESS = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a package's tree; `kind` as tarfile has it."""

    data: bytes = b""
    mode: int = 0o644
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    uid: int = 0
    gid: int = 0


def folder(mode=0o755, gid=0):
    return File(kind=tarfile.DIRTYPE, mode=mode, gid=gid)


def tar(files):
    """A tar as dpkg-deb makes it: names begin with `./`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, file in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.type, info.mode, info.linkname, info.mtime = file.kind, file.mode, file.link, 1_600_000_000
            info.uid, info.gid, info.size = file.uid, file.gid, len(file.data)
            archive.addfile(info, io.BytesIO(file.data))
    return out.getvalue()


def ar(*members):
    """An archive of (name, content)."""
    parts = [b"!<arch>\n"]
    for name, data in members:
        parts.append(
            f"{name:<16}{1:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        )
    return b"".join(parts)


def control(name, version="1.0-1", architecture="amd64", **fields):
    lines = {"Package": name, "Version": version, "Architecture": architecture, **fields}
    return "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in lines.items()).encode()


def deb(name, version="1.0-1", architecture="amd64", files=None, scripts=None, form=".xz", text=None, **fields):
    """The bytes of a package."""
    inside = {"control": File(data=text if text is not None else control(name, version, architecture, **fields))}
    inside |= {script: File(data=body.encode(), mode=0o755) for script, body in (scripts or {}).items()}
    pack = COMPRESS[form]
    return ar(
        ("debian-binary", b"2.0\n"),
        (f"control.tar{form}", pack(tar(inside))),
        (f"data.tar{form}", pack(tar(files or {}))),
    )


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A package as an index lists it."""

    name: str
    version: str
    data: bytes
    architecture: str = "amd64"
    more: str = ""

    @property
    def path(self):
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"

    def stanza(self):
        return (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.architecture}\n{self.more}"
            f"Filename: {self.path}\nSize: {len(self.data)}\nSHA256: {hashlib.sha256(self.data).hexdigest()}\n"
        )


def packed(name, version="1.0-1", architecture="amd64", more="", **given):
    return Packed(
        name=name, version=version, architecture=architecture, more=more, data=deb(name, version, architecture, **given)
    )


def release_text(files, *, codename="bookworm", origin="Debian", date=DATE, until=None, by_hash=False, suite="stable"):
    lines = [
        f"Origin: {origin}",
        f"Suite: {suite}",
        f"Codename: {codename}",
        f"Date: {format_datetime(date, usegmt=True)}",
    ]
    lines += [f"Valid-Until: {format_datetime(until, usegmt=True)}"] if until else []
    lines += ["Acquire-By-Hash: yes"] if by_hash else []
    lines += ["SHA256:", *(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}" for path, data in files.items())]
    return "\n".join(lines) + "\n"


class Archive:
    """One suite of a mirror; what `answers` holds may be changed to make the mirror lie."""

    def __init__(self, *packages, form=".xz", **release):
        self.packages = packages
        text = "\n".join(one.stanza() for one in packages).encode()
        path = f"main/binary-amd64/Packages{form}"
        self.index = f"{MIRROR}/dists/bookworm/{path}"
        index = COMPRESS[form](text)
        self.release = release_text({path: index, "main/binary-all/Release": b""}, **release)
        self.answers = {f"{MIRROR}/dists/bookworm/InRelease": self.release.encode(), self.index: index}
        digest = hashlib.sha256(index).hexdigest()
        self.answers[f"{MIRROR}/dists/bookworm/main/binary-amd64/by-hash/SHA256/{digest}"] = index
        for one in packages:
            self.answers[f"{MIRROR}/{one.path.replace('%', '%25').replace('~', '%7E')}"] = one.data
            self.answers[f"{MIRROR}/{one.path.replace('%', '%25')}"] = one.data
        self.asked = []

    def fetch(self, url, limit):
        """The `Fetcher` port."""
        self.asked.append(url)
        if url not in self.answers:
            raise UnavailableError("no such file", where=url)
        return nullcontext(iter([self.answers[url]]))


class Believing:
    """A `SignedTextVerifier` that finds every signature good; who really checks is tested with gpgv itself."""

    def verify(self, data, keyring, *, where):
        assert keyring == b"the keys"
        return SignedText(text=data, fingerprints=("A" * 40,))


class Naming:
    """A `Resolver` that answers what it is told, or every package whose name is asked for."""

    def __init__(self, *answer):
        self.answer, self.asked = answer, []

    def resolve(self, indexes, wanted, architecture):
        self.asked.append((tuple(wanted), architecture))
        return self.answer or tuple(Resolved(name, "1.0-1") for name in wanted)


class Nowhere:
    """`PackageSources` of a machine without apt."""

    def mirror(self, suite, origin):
        return None


class Keys:
    """`LocalInputs` with a keyring."""

    def file(self, path):
        return nullcontext(iter([b"the keys"]))


def unpacked(spool, data, name, version="1.0-1", architecture="amd64", strip=()):
    return unpack(
        [data], name=name, version=version, architecture=architecture, spool=spool.add, strip=strip, where=name
    )


def shown(entries):
    """path → (kind, mode, link or owner)."""
    return {item.entry.path.decode("utf-8", "surrogateescape"): item for item in entries}


def room():
    return FileSpool()
