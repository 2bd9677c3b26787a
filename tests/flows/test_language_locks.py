"""Language dependencies pinned into a lock and laid from it: one changed byte, or one missing hash, stops it."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from contextlib import nullcontext

import msgspec
import pytest

from assay.adapters.localinputs import FolderInputs
from assay.adapters.spool import FileSpool
from assay.build import lock as locks
from assay.build.platforms import of_platform
from assay.build.spec_read import read_spec
from assay.flows.collect_languages import trees
from assay.flows.lock import Locking, make_lock
from assay.flows.lock_languages import Languages, lock_languages
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from assay.ports.packages import Wheel
from fakes.contentstore import MemoryContentStore

INFO = "x-1.dist-info"


def wheel(code=b"a = 1\n"):
    files = {"x.py": code, f"{INFO}/METADATA": b"Name: x\n", f"{INFO}/WHEEL": b""}
    record = "".join(
        f"{p},sha256={base64.urlsafe_b64encode(hashlib.sha256(d).digest()).rstrip(b'=').decode()},{len(d)}\n"
        for p, d in files.items()
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in {**files, f"{INFO}/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


def tarball():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in (("package/package.json", b'{"name":"a","bin":"cli.js"}'), ("package/cli.js", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def h1(files):
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def module():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m.org/A@v1.0.0/a.go"), b"package a\n")
    return out.getvalue()


WHEEL, TARBALL, MODULE, MOD = wheel(), tarball(), module(), b"module m.org/A\n"
GO_SUM = f"m.org/A v1.0.0 {h1({'m.org/A@v1.0.0/a.go': b'package a' + bytes([10])})}\nm.org/A v1.0.0/go.mod {h1({'go.mod': MOD})}\n"
PIP = f"x==1 --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()} --hash=sha256:{'0' * 64}\n"
NPM = {
    "lockfileVersion": 3,
    "packages": {
        f"node_modules/{name}": {
            "version": "1.0.0", "integrity": "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode(),
        } for name in ("a", "b")
    },
}  # fmt: skip


class Clients:
    """The machine's own clients: what they bring is checked, whatever they say."""

    def __init__(self, *wheels):
        self.brought, self.asked = wheels or (Wheel(file="x-1-py3-none-any.whl", data=WHEEL),), []

    def wheels(self, lines, *, python, machine, glibc, pure):
        self.asked.append((tuple(lines), python, machine, glibc, pure))
        return self.brought

    def registry(self):
        return "https://npm.test/r"

    def proxy(self):
        return "https://go.test"


class Mirror:
    def __init__(self):
        base = "https://go.test/m.org/!a/@v/v1.0.0"
        self.answers = {f"{base}.zip": MODULE, f"{base}.mod": MOD, f"{base}.info": b'{"Version":"v1.0.0"}'}
        self.answers |= {f"https://npm.test/r/{name}/-/{name}-1.0.0.tgz": TARBALL for name in ("a", "b")}

    def fetch(self, url, limit):
        if url not in self.answers:
            raise UnavailableError("no such file", where=url)
        return nullcontext(iter([self.answers[url]]))


class Bench:
    def __init__(self, folder):
        self.folder, self.store, self.mirror, self.clients = folder, MemoryContentStore(), Mirror(), Clients()
        (folder / "app").mkdir()
        self.write("requirements.txt", PIP)
        self.write("package-lock.json", json.dumps(NPM))
        self.write("go.sum", GO_SUM)

    def write(self, name, text):
        (self.folder / "app" / name).write_text(text)

    def lock(self, **given):
        document = {
            "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
            "sources": {"app": {"type": "directory", "path": "app"}},
            "debian": {"d": {"suites": ["bookworm"], "keys": "k"}},
            "dependencies": {
                "py": {"type": "pip", "source": "app"}, "web": {"type": "npm", "source": "app"}, "go": {"type": "go", "source": "app"},
            },
            "image": {"debian": "d"},
        } | given  # fmt: skip
        placed = read_spec(json.dumps(document).encode(), where="assay.yaml")
        inputs = FolderInputs(self.folder, DEFAULT_LIMITS)
        alone = msgspec.structs.replace(placed, spec=msgspec.structs.replace(placed.spec, debian={}, dependencies={}))
        at = Locking(inputs=inputs, fetcher=self.mirror, store=self.store, limits=DEFAULT_LIMITS)
        sources = make_lock(alone, at).sources
        tools = Languages(clients=self.clients, fetcher=self.mirror, store=self.store, limits=DEFAULT_LIMITS)
        found = lock_languages(placed, tools, sources)
        return locks.Lock(spec="sha256:" + "0" * 64, epoch=5, python=found.python, npm=found.npm, go=found.go)

    def trees(self, lock):
        spool = FileSpool()
        try:
            return {
                name: {
                    item.entry.path.decode(): b"".join(spool.read(item.span)) if item.span else item.entry.link
                    for item in entries
                }
                for name, entries in trees(lock, self.store, spool, DEFAULT_LIMITS).items()
            }
        finally:
            spool.close()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_everything_is_pinned_and_laid_from_the_store_alone(bench):
    lock = bench.lock()
    bench.mirror.answers.clear()
    found = bench.trees(locks.read(locks.write(lock), where="x"))
    assert set(found["py"]) == {"x.py", f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD"}
    assert set(found["web"]) == {
        "a/package.json", "a/cli.js", "b/package.json", "b/cli.js", ".bin/a",
    }  # fmt: skip
    assert found["web"][".bin/a"] == b"../a/cli.js", "the first of two packages has the program"
    assert found["go"] == {
        "m.org/!a/@v/v1.0.0.zip": MODULE, "m.org/!a/@v/v1.0.0.mod": MOD, "m.org/!a/@v/v1.0.0.info": b'{"Version":"v1.0.0"}',
    }  # fmt: skip
    ((lines, python, machine, glibc, pure),) = bench.clients.asked
    assert (python, machine, glibc, pure) == ("3.11", "x86_64", "2.36", True)
    assert lines[0].startswith("x==1 --hash=sha256:")


def test_wheels_are_chosen_for_the_image(bench):
    bench.lock(platforms=["linux/arm64"], debian={"d": {"suites": ["trixie"], "keys": "k"}})
    assert bench.clients.asked[0][1:4] == ("3.13", "aarch64", "2.41")


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (
            lambda b: setattr(b, "clients", Clients(Wheel(file="x-1-py3-none-any.whl", data=WHEEL + b"!"))),
            UntrustedError,
        ),
        (lambda b: b.mirror.answers.update({"https://npm.test/r/a/-/a-1.0.0.tgz": TARBALL + b"!"}), UntrustedError),
        (lambda b: b.mirror.answers.update({"https://go.test/m.org/!a/@v/v1.0.0.zip": WHEEL}), UntrustedError),
        (lambda b: b.mirror.answers.update({"https://go.test/m.org/!a/@v/v1.0.0.zip": b"no zip"}), MalformedError),
        (lambda b: b.mirror.answers.update({"https://go.test/m.org/!a/@v/v1.0.0.mod": MOD + b"!"}), UntrustedError),
        (lambda b: b.mirror.answers.pop("https://go.test/m.org/!a/@v/v1.0.0.mod"), UnavailableError),
        (lambda b: b.write("requirements.txt", "x==1\n"), MalformedError),
        (lambda b: b.write("requirements.txt", "x>=1\n"), MalformedError),
        (lambda b: b.write("package-lock.json", json.dumps({"lockfileVersion": 1})), MalformedError),
        (lambda b: b.write("package-lock.json", "{"), MalformedError),
        (lambda b: b.write("go.sum", "nonsense"), MalformedError),
        (lambda b: (b.folder / "app" / "go.sum").unlink(), UsageError),
    ],
)
def test_a_changed_byte_or_a_missing_hash_stops_it(bench, harm, error):
    harm(bench)
    with pytest.raises(error):
        bench.lock()


BOTH = ["linux/amd64", "linux/arm64"]


def test_what_all_platforms_take_is_locked_once(bench):
    lock = bench.lock(platforms=BOTH)
    assert locks.read(locks.write(lock), where="x") == locks.ordered(lock)
    assert lock == bench.lock()
    assert b"platforms" not in locks.write(lock)
    assert len(bench.clients.asked) == 2, "one question for both, one for the single platform"


def test_each_platform_has_the_files_that_are_for_it(bench):
    class Native(Clients):
        def wheels(self, lines, *, python, machine, glibc, pure):
            super().wheels(lines, python=python, machine=machine, glibc=glibc, pure=pure)
            return (Wheel(file=f"x-1-cp311-cp311-manylinux_2_28_{machine}.whl", data=natives[machine]),)

    natives = {"x86_64": WHEEL, "aarch64": wheel(b"a = 2\n")}
    hashes = " ".join(f"--hash=sha256:{hashlib.sha256(data).hexdigest()}" for data in natives.values())
    bench.write("requirements.txt", f"x==1 {hashes}\n")
    packages = json.loads(json.dumps(NPM))
    packages["packages"]["node_modules/a"] |= {"cpu": ["x64"], "optional": True}
    bench.write("package-lock.json", json.dumps(packages))
    bench.clients = Native()
    py = {"py": {"type": "pip", "source": "app", "native": "wheels"}, "web": {"type": "npm", "source": "app"}}
    lock = locks.read(locks.write(bench.lock(platforms=BOTH, dependencies=py)), where="x")
    assert [(one.file[-11:], one.platforms) for one in lock.python] == [
        ("aarch64.whl", ("linux/arm64",)), ("_x86_64.whl", ("linux/amd64",)),
    ]  # fmt: skip
    assert [(one.path, one.platforms) for one in lock.npm] == [
        ("node_modules/a", ("linux/amd64",)), ("node_modules/b", msgspec.UNSET),
    ]  # fmt: skip
    amd, arm = (bench.trees(of_platform(lock, platform)) for platform in BOTH)
    assert (amd["py"]["x.py"], arm["py"]["x.py"]) == (b"a = 1\n", b"a = 2\n")
    assert ("a/cli.js" in amd["web"], "a/cli.js" in arm["web"], "b/cli.js" in arm["web"]) == (True, False, True)


def test_markers_are_judged_for_each_platform(bench):
    bench.write("requirements.txt", PIP.replace(" --hash", ' ; platform_machine == "aarch64" --hash', 1))
    bench.clients.wheels = lambda lines, **_: bench.clients.brought if lines else ()
    lock = bench.lock(platforms=BOTH)
    assert [one.platforms for one in lock.python] == [("linux/arm64",)]


def test_two_contents_by_one_name_are_refused(bench):
    other = wheel(b"a = 2\n")
    bench.write("requirements.txt", PIP.rstrip() + f" --hash=sha256:{hashlib.sha256(other).hexdigest()}\n")
    bench.clients.wheels = lambda lines, *, machine, **_: (
        Wheel(file="x-1-py3-none-any.whl", data=WHEEL if machine == "x86_64" else other),
    )
    py = {"py": {"type": "pip", "source": "app", "native": "wheels"}}
    with pytest.raises(UntrustedError, match="two contents"):
        bench.lock(platforms=BOTH, dependencies=py)


def test_an_unknown_platform_and_an_unknown_python_are_refused(bench):
    with pytest.raises(UnsupportedError, match="no packages are known"):
        bench.lock(platforms=["linux/loong64"])
    with pytest.raises(UsageError, match="which Python"):
        bench.lock(debian={"d": {"suites": ["sid"], "keys": "k"}})


def test_what_rots_in_the_store_is_not_laid(bench):
    lock = bench.lock()
    bench.store.held[Digest.parse(lock.npm[0].sha256)] = TARBALL[:-1] + b"!"
    with pytest.raises((UntrustedError, MalformedError)):
        bench.trees(lock)
