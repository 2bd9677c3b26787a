"""Go modules by go.sum: as the module proxy serves them, so that `go` finds them in a folder and needs no network.

Go modules reference, "go.sum files", "GOPROXY protocol", "Module cache".
"""

import base64
import hashlib
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator

import msgspec

from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import Limits

_LINE = re.compile(r"(\S+) (v[^\s/]+)(/go\.mod)? (h1:[A-Za-z0-9+/]{43}=)", re.ASCII)
_MODULE = re.compile(r"[A-Za-z0-9._~/-]{1,300}", re.ASCII)
_LINES_COUNT = 50_000


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """One module version of go.sum."""

    path: str
    version: str
    hash: str = ""
    """`h1:…` of its zip; empty where go.sum pins its go.mod alone."""
    mod_hash: str = ""
    """`h1:…` of its go.mod."""


def read(text: str, *, where: str) -> tuple[Module, ...]:
    """Every module of a go.sum.

    Raises:
        MalformedError: a line that is none, or two hashes for one thing.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not _MODULE.fullmatch(match[1]) or number > _LINES_COUNT:
            raise _bad(where, number, f"{line[:80]!r} is not module, version and hash")
        entry = found.setdefault((match[1], match[2]), {})
        key = "mod" if match[3] else "zip"
        if entry.setdefault(key, match[4]) != match[4]:
            raise _bad(where, number, f"{match[1]} {match[2]} has two hashes")
    return tuple(
        Module(path=path, version=version, hash=entry.get("zip", ""), mod_hash=entry.get("mod", ""))
        for (path, version), entry in sorted(found.items())
    )


def escaped(text: str) -> str:
    """A path or version as the proxy has it: capitals as `!` and the small letter.

    >>> escaped("github.com/Azure/go")
    'github.com/!azure/go'
    """
    return re.sub(r"[A-Z]", lambda match: "!" + match[0].lower(), text)


def check_zip(data: bytes, module: Module, limits: Limits) -> None:
    """Whether a module's zip is the one go.sum pins (golang.org/x/mod/sumdb/dirhash, Hash1).

    Raises:
        UntrustedError: another. MalformedError: no zip, or one that inflates beyond its limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.filename)
            names = [info.filename for info in infos]
            if len(set(names)) != len(names) or any("\n" in name for name in names):
                raise _bad(module.path, 0, "a name twice, or over two lines")
            if sum(info.file_size for info in infos) > limits.archive_inflated_bytes:
                raise _bad(module.path, 0, "it inflates beyond its limit")
            lines = [f"{hashlib.sha256(archive.read(info)).hexdigest()}  {info.filename}\n" for info in infos]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, zlib.error,
            lzma.LZMAError) as error:  # fmt: skip
        raise _bad(module.path, 0, str(error)) from error
    _same("".join(lines), module.hash, module)


def check_mod(data: bytes, module: Module) -> None:
    """Whether a go.mod is the one go.sum pins.

    Raises:
        UntrustedError: another.
    """
    _same(f"{hashlib.sha256(data).hexdigest()}  go.mod\n", module.mod_hash, module)


def _same(text: str, told: str, module: Module) -> None:
    found = "h1:" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    if found != told:
        raise UntrustedError(
            "a Go module is another one than go.sum says", where=f"{module.path} {module.version}",
            why=f"{found}, go.sum has {told}", remedy="look at the proxy, and at go.sum",
        )  # fmt: skip


def places(module: Module) -> Iterator[tuple[str, str]]:
    """(kind, path below a proxy's address) of what is asked for."""
    base = f"{escaped(module.path)}/@v/{escaped(module.version)}"
    if module.hash:
        yield "zip", f"{base}.zip"
        yield "info", f"{base}.info"
    yield "mod", f"{base}.mod"


def _bad(where: str, line: int, why: str) -> MalformedError:
    place = f"{where} line {line}" if line else where
    return MalformedError("not an acceptable Go module", where=place, why=why, remedy="run `go mod tidy`")
