"""The builder's own SBOM: Go modules that went into a program, dependencies that served a step, and what is left out."""

import json

import pytest

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.cross_reasons import why_seen, why_unseen
from assay.build.goprograms import GoProgram, LinkedModule, inspect
from assay.build.spec_read import read_spec
from assay.build.stocktaking import stock
from assay.model.inventory import Component, Occurrence, Relation
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry
from dependencies.programs import elf, inline

SHA = "sha256:" + "a" * 64
FILE = "b" * 64
UUID, YAML = "h1:" + "A" * 43 + "=", "h1:" + "B" * 43 + "="
PROGRAM = "pkg:generic/t-compile-program@1"


def spec(inputs=("sources.app", "dependencies.modules"), dependencies=None) -> specs.Spec:
    document = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": 5,
        "sources": {"app": {"type": "directory", "path": "app"}},
        "debian": {"d": {"suites": ["bookworm"], "keys": "k"}},
        "toolchains": {"go": {"debian": "d", "packages": ["golang-go"]}},
        "dependencies": dependencies or {"modules": {"type": "go", "source": "app"}},
        "steps": [{"name": "compile", "toolchain": "go", "inputs": list(inputs), "run": "x", "outputs": {"program": "*"}}],
        "image": {"install": [{"from": "steps.compile.program", "to": "/usr/bin"}]},
    }  # fmt: skip
    return read_spec(json.dumps(document).encode(), where="assay.yaml").spec


def module(name, version, h1, *, zipped=True) -> locks.GoModule:
    return locks.GoModule(
        module=name, version=version, hash=h1, sha256=SHA, info_sha256=SHA if zipped else None, dependencies="modules"
    )


LOCK = locks.Lock(
    spec=SHA, epoch=5, sources={"app": locks.DirectoryLock(path="app", content=SHA)},
    go=(
        module("github.com/google/uuid", "v1.6.0", UUID), module("gopkg.in/yaml.v3", "v3.0.1", YAML),
        module("only.test/x", "v1.0.0", YAML, zipped=False),
    ),
)  # fmt: skip
TREE = (
    OwnedEntry(TreeEntry(path=b"usr/bin/hello"), Owner("step", "compile.program"), Span(0, 1, FILE)),
    OwnedEntry(TreeEntry(path=b"usr/bin/hello2"), Owner("step", "compile.program"), Span(0, 1, FILE)),
)


def program(*modules: LinkedModule, main="example.org/hello") -> GoProgram:
    return GoProgram(path="bin/hello", sha256=FILE, main=main, release="1.19.8", modules=modules)


def golang(components) -> dict[str, Component]:
    return {one.purl: one for one in components if one.ecosystem == "golang"}


def test_a_module_of_the_lock_that_a_program_names_is_a_component_of_the_image():
    components, relations = stock(spec(), LOCK, TREE, [program(LinkedModule("github.com/google/uuid", "v1.6.0", UUID))])
    found = golang(components)
    assert sorted(found) == ["pkg:golang/github.com/google/uuid@v1.6.0", "pkg:golang/stdlib@1.19.8"]
    uuid = found["pkg:golang/github.com/google/uuid@v1.6.0"]
    assert (uuid.hashes, dict(uuid.properties)) == ((SHA,), {"build:dependencies": "modules", "go:h1": UUID})
    assert uuid.occurrences == (
        Occurrence("usr/bin/hello", None, "build-info"),
        Occurrence("usr/bin/hello2", None, "build-info"),
    )
    for key in found:
        assert {Relation(PROGRAM, "built_from", key), Relation(PROGRAM, "depends_on", key, "runtime")} <= {*relations}


def test_the_program_was_generated_from_its_source():
    _, relations = stock(spec(), LOCK, TREE, [program()])
    assert Relation(PROGRAM, "built_from", "pkg:generic/source-app@1") in relations


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        (LinkedModule("github.com/google/uuid", "v1.6.0", UUID), True),
        (LinkedModule("github.com/google/uuid", "v1.6.0"), True),  # no sum is told of a vendored one
        (LinkedModule("github.com/google/uuid", "v1.6.0", YAML), False),  # another content under the same name
        (LinkedModule("github.com/google/uuid", "v1.6.1", UUID), False),
        (LinkedModule("only.test/x", "v1.0.0"), False),  # its go.mod alone is locked
    ],
)
def test_only_what_the_lock_pins_is_vouched_for(told, counts):
    components, _ = stock(spec(), LOCK, TREE, [program(told)])
    assert len(golang(components)) == 1 + counts


def test_of_a_program_that_does_not_tell_every_module_it_was_given_may_be_inside():
    components, relations = stock(spec(), LOCK, TREE)
    found = golang(components)
    assert sorted(found) == ["pkg:golang/github.com/google/uuid@v1.6.0", "pkg:golang/gopkg.in/yaml.v3@v3.0.1"]
    assert all(dict(one.properties)["build:linked"] == "unknown" and not one.occurrences for one in found.values())
    assert {Relation(PROGRAM, "depends_on", key, "build") for key in found} <= {*relations}


def test_wheels_count_where_a_step_was_given_them_and_not_where_nobody_was():
    lock = locks.Lock(
        spec=SHA, epoch=5,
        python=(locks.PythonFile(name="x", version="1", file="x-1-py3-none-any.whl", sha256=SHA, dependencies="py"),),
    )  # fmt: skip
    wanted = {"py": {"type": "pip", "source": "app"}}
    components, relations = stock(spec(("dependencies.py",), wanted), lock, TREE)
    assert Relation(PROGRAM, "depends_on", "pkg:pypi/x@1", "build") in relations
    assert [one.key for one in stock(spec((), wanted), lock, TREE)[0]] == [PROGRAM]
    assert "pkg:pypi/x@1" in [one.key for one in components]


def test_programs_are_told_by_their_own_build_information():
    text = f"path\texample.org/hello\nmod\texample.org/hello\t(devel)\t\ndep\ta.org/x\tv1.0.0\t{UUID}\n"
    text += f"dep\tb.org/y\tv2.0.0\n=>\t./y\t\t\ndep\tc.org/z\tv1.0.0\n=>\td.org/z\tv1.1.0\t{YAML}\n"
    data = elf(inline("go1.22.1", text))
    (one,) = inspect([("bin/x", FILE, [data]), ("doc", FILE, [b"text"]), ("none", FILE, [])])
    assert (one.path, one.main, one.release) == ("bin/x", "example.org/hello", "1.22.1")
    assert one.modules == (
        LinkedModule("a.org/x", "v1.0.0", UUID),
        LinkedModule("b.org/y", "", ""),  # a folder: whatever lay there
        LinkedModule("d.org/z", "v1.1.0", YAML),
    )


def test_a_forged_program_is_none():
    assert inspect([("x", FILE, [b"\x7fELF" + bytes(10)])]) == ()


def part(ecosystem, name, *, path=""):
    places = (Occurrence(path, None, "x"),) if path else ()
    return Component(key="k", purl="p", ecosystem=ecosystem, name=name, version="1", occurrences=places)


def test_every_difference_between_the_two_accounts_has_its_reason():
    known = [program(LinkedModule("vendored.org/x", "v1"))]
    step = ("step compile.program",)
    assert "own module" in why_seen(part("golang", "example.org/hello"), step, known)
    assert "does not pin" in why_seen(part("golang", "vendored.org/x"), step, known)
    assert why_seen(part("npm", "x"), ("dependency web",), ()) == "it came inside of a locked dependency"
    assert why_seen(part("npm", "x"), ("package a", "source b"), ()).count(";") == 1
    assert "no package of any ecosystem" in why_unseen(part("generic", "source-app"))
    assert "no record of it was laid" in why_unseen(part("pypi", "x"))
    assert "not read" in why_unseen(part("pypi", "x", path="app/METADATA"))
