"""Images for several platforms: where steps run, whose code goes where, and what each image is called."""

import json
import struct
from pathlib import Path

import msgspec
import pytest

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.layout_sink import layout_sink
from assay.adapters.localinputs import FolderInputs
from assay.adapters.spool import FileSpool
from assay.adapters.workshop import FolderWorkshop
from assay.build import builder_parts, canaries, platforms
from assay.build import lock as locks
from assay.build.debian.root import Tree
from assay.build.run import Run
from assay.build.spec_read import read_spec
from assay.flows import build_evidence
from assay.flows import steps as flow
from assay.flows.build import build
from assay.flows.lock import Locking, make_lock
from assay.flows.steps import Stand
from assay.model.errors import UnsupportedError
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS
from assay.model.statement import ResourceDescriptor
from assay.ports.sandbox import Finished
from buildroot import pinned

BOTH = ["linux/amd64", "linux/arm64"]


def elf(machine):
    return b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(44)


class Sandbox:
    """Leaves what it was told to, and runs nothing."""

    def __init__(self, **files):
        self.files = files

    def describe(self):
        return "a fake"

    def filter_digest(self):
        return ""

    def probe(self, command):
        return {one.name: ("closed", "") for one in canaries.CANARIES}

    def run(self, command):
        for name, data in self.files.items() if command.output else ():  # a test of an image leaves nothing
            Path(command.output, name).write_bytes(data)
        return Finished(exit_code=0)


class Stopped:
    def now(self):
        return "2024-01-01T00:00:00Z"


@pytest.fixture
def made(tmp_path, monkeypatch):
    (tmp_path / "k").write_text("keys")
    monkeypatch.setattr(flow, "of_role", lambda *given, **more: Tree(entries=(), skipped=()))
    spool = FileSpool()

    def run(files, *, install=None, tests=(), host="linux/amd64", names=BOTH):
        document = {
            "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
            "platforms": names, "debian": {"d": {"suites": ["bookworm"], "keys": "k"}},
            "toolchains": {"c": {"debian": "d", "packages": ["dash"]}},
            "steps": [{"name": "go", "toolchain": "c", "run": "x", "hardening": "none",
                       "outputs": {name: name for name in files}}],
            "image": {"install": install or [{"from": f"steps.go.{name}", "to": "/o/"} for name in files], "tests": tests},
        }  # fmt: skip
        placed = read_spec(json.dumps(document).encode(), where="assay.yaml")
        store = FolderContentStore(tmp_path / "store")
        inputs = FolderInputs(tmp_path, DEFAULT_LIMITS)
        lock = make_lock(placed, Locking(inputs=inputs, fetcher=None, store=store, limits=DEFAULT_LIMITS))
        lock = pinned(placed.spec, lock, store)
        stand = Stand(sandbox=Sandbox(**files), workshop=FolderWorkshop(DEFAULT_LIMITS), clock=Stopped(), platform=host)
        with store.hold(), layout_sink(tmp_path / "out", DEFAULT_LIMITS) as sink:
            return (
                placed.spec,
                lock,
                build(placed, lock, store, spool, sink, tag="1", limits=DEFAULT_LIMITS, stand=stand),
            )

    yield run
    spool.close()


def labels(built):
    return {str(image.platform): image.label for image in built.images}


def test_what_is_no_code_goes_everywhere_and_is_said_to_come_from_elsewhere(made):
    _, _, built = made({"bundle": b"console.log(1)"})
    assert labels(built) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_code_of_one_platform_is_not_put_into_another(made, tmp_path):
    with pytest.raises(UnsupportedError, match="code of another platform") as caught:
        made({"program": elf(62)})
    assert "step go.program" in caught.value.where
    assert not (tmp_path / "out").exists()


def test_a_step_may_compile_for_each(made):
    install = [
        {"from": "steps.go.amd", "to": "/usr/bin/", "platforms": ["linux/amd64"]},
        {"from": "steps.go.arm", "to": "/usr/bin/", "platforms": ["linux/arm64"]},
    ]
    _, _, built = made({"amd": elf(62), "arm": elf(183)}, install=install)
    assert labels(built) == {"linux/amd64": "native", "linux/arm64": "cross"}
    files = [[item.entry.path for item in tree if item.owner.kind == "step"] for tree in built.trees]
    assert files == [[b"usr/bin/amd"], [b"usr/bin/arm"]]
    only = install[:1]
    assert labels(made({"amd": elf(62), "arm": elf(183)}, install=only)[2])["linux/arm64"] == "assembled"


def test_steps_and_tests_run_in_the_first_platform_or_not_at_all(made):
    for host, names in (("linux/arm64", BOTH), ("linux/amd64", BOTH[::-1])):
        with pytest.raises(UnsupportedError, match="does not run the platform's code") as caught:
            made({"a": b"x"}, host=host, names=names)
        assert names[0] in caught.value.why
    assert labels(made({"a": b"x"}, host="linux/arm64", names=BOTH[::-1])[2])["linux/arm64"] == "native"


def test_the_label_follows_from_the_spec_alone(made):
    test = [{"name": "t", "run": ["/x"]}]
    spec, _, _ = made({"a": b"x"}, install=[{"from": "steps.go.a", "to": "/a", "platforms": BOTH[1:]}], tests=test)
    assert platforms.label(spec, "linux/amd64", tested=True) == "native"
    assert platforms.label(spec, "linux/arm64", tested=False) == "cross"


def test_an_sbom_and_a_provenance_name_what_their_platform_takes(made):
    spec, lock, built = made({"a": b"x"})
    digest = "sha256:" + "a" * 64

    def package(architecture):
        return locks.DebianPackage(
            name="libc6", version="1", architecture=architecture, source="glibc", source_version="1", path="p", size=1,
            sha256=digest, index="d/bookworm", roles=("image", "toolchain:c"),
        )  # fmt: skip

    def wheel(name, *own):
        more = {"platforms": own} if own else {}
        return locks.PythonFile(name=name, version="1", file=f"{name}.whl", sha256=digest, dependencies="py", **more)

    index = locks.DebianIndex(
        name="d/bookworm", url="u", suite="bookworm", codename="bookworm", date="", in_release=digest, fingerprints=()
    )
    full = msgspec.structs.replace(
        lock, indexes=(index,), packages=(package("amd64"), package("arm64"), package("all")),
        python=(wheel("any"), wheel("arm", "linux/arm64")),
    )  # fmt: skip
    one = platforms.of_platform(full, "linux/arm64")
    assert [(p.architecture, p.roles) for p in one.packages] == [
        ("amd64", ("toolchain:c",)), ("arm64", ("image", "toolchain:c")), ("all", ("image", "toolchain:c")),
    ]  # fmt: skip
    assert [w.name for w in one.python] == ["any", "arm"]
    purls = {part.purl for part in build_evidence.inventory(spec, full, built, 0, Subject(name="t"), None).components}
    assert "pkg:deb/debian/libc6@1?arch=arm64&distro=debian-12" not in purls
    assert "pkg:deb/debian/libc6@1?arch=amd64&distro=debian-12" in purls
    at = build_evidence.context(spec, full, Run(
        builder_id="b", builder_version={}, invocation_id="i", started_on="", finished_on="", sealed_on="",
        parts=(builder_parts.program("assay", "1", "a" * 64), builder_parts.sandbox("a fake", "b" * 64)),
    ))  # fmt: skip
    whole = build_evidence.statements(at, built, 1, ResourceDescriptor(name="t", digest={"sha256": "0" * 64}))[0]
    names = [part["name"] for part in whole.predicate["buildDefinition"]["resolvedDependencies"]]
    assert ("libc6 1 amd64" in names, "libc6 1 arm64" in names, "arm.whl" in names) == (False, True, True)
    assert whole.predicate["buildDefinition"]["internalParameters"]["assembly"] == "cross"
    parts = whole.predicate["runDetails"]["builder"]["builderDependencies"]
    assert [(part["name"], part.get("digest")) for part in parts] == [
        ("assay", {"dirHash": "a" * 64}), ("gzip", None), ("a", {"sha256": "b" * 64}),
    ]  # fmt: skip
    assert parts[1]["annotations"]["golden"] == full.tools[0].golden
