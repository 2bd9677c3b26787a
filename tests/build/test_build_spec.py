"""The spec: the published example is read, and each field, broken in turn, is named with its line."""

import copy
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.build import spec as specs
from assay.build import spec_schema, typed
from assay.build.spec_read import canonical, read_spec, spec_digest
from assay.formats import strictyaml
from assay.formats.strictyaml import Scalar, Sequence
from assay.model.errors import MalformedError

HERE = Path(__file__).parent
FULL, REST = (HERE / "spec.full.yaml").read_bytes(), (HERE / "spec.rest.yaml").read_bytes()
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def tree(node):
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [tree(item) for item in node.items]
    return {entry.key.text: tree(entry.value) for entry in node.entries}


def positions(value, steps=()):
    """Every place in a tree, as the keys that lead to it."""
    yield steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from positions(inner, (*steps, key))


def get(value, steps):
    for step in steps:
        value = value[step]
    return value


def edited(value, steps, change):
    value = copy.deepcopy(value)
    parent = get(value, steps[:-1])
    change(parent, steps[-1])
    return json.dumps(value, indent=1).encode()


def spelled(steps):
    text = ""
    for step in steps:
        text = f"{text}[{step}]" if isinstance(step, int) else typed.join(text, step)
    return text


def refused(data):
    with pytest.raises(MalformedError) as caught:
        read_spec(data, where="shop.yaml")
    assert caught.value.exit_code == 65
    assert caught.value.why
    assert caught.value.remedy
    return caught.value


CASES = [(name, tree(strictyaml.load(data, where=name))) for name, data in (("full", FULL), ("rest", REST))]
PLACES = [
    pytest.param(value, steps, id=f"{name}:{spelled(steps)}")
    for name, value in CASES
    for steps in positions(value)
    if steps
]


@pytest.mark.parametrize(("value", "steps"), PLACES)
def test_each_value_of_the_wrong_form_is_named_with_its_line(value, steps):
    wrong = {"WRONG": "x"} if isinstance(get(value, steps), str) else "WRONG"
    data = edited(value, steps, lambda parent, key: parent.__setitem__(key, wrong))
    line = next(number for number, text in enumerate(data.split(b"\n"), 1) if b"WRONG" in text) - isinstance(
        wrong, dict
    )
    where, path = refused(data).where, spelled(steps)
    if path == "epoch" and isinstance(wrong, dict):  # a map is one of its forms
        line, path = line + 1, "epoch.WRONG"
    assert where.startswith(f"shop.yaml:{line}:")
    assert where.endswith(f" {path}")


@pytest.mark.parametrize(
    ("value", "steps"), [case for case in PLACES if isinstance(get(case.values[0], case.values[1]), dict)]
)
def test_an_unknown_key_is_named_with_its_line(value, steps):
    data = edited(value, (*steps, "Wrong_Key"), lambda parent, key: parent.__setitem__(key, "x"))
    fields = steps[-1] in ("env", "labels", "annotations")  # any name is one
    if fields:
        assert read_spec(data, where="shop.yaml")
        return
    line = next(number for number, text in enumerate(data.split(b"\n"), 1) if b"Wrong_Key" in text)
    assert refused(data).where.startswith(f"shop.yaml:{line}:")


REQUIRED = [
    "apiVersion", "kind", "metadata", "epoch", "image", "metadata.name", "metadata.version", "epoch.commit-of", "sources.app.type",
    "sources.app.url", "sources.app.commit", "sources.speed.sha256", "sources.speed.compare-git.url", "sources.speed.compare-git.tag",
    "debian.bookworm.suites", "debian.bookworm.keys", "toolchains.c.debian", "toolchains.c.packages", "dependencies.py.type",
    "dependencies.py.source", "steps[0].name", "steps[0].toolchain", "steps[0].run", "steps[0].outputs", "image.install[0].from",
    "image.install[0].to", "image.accounts.users[0].name", "image.accounts.users[0].uid", "image.tests[0].name", "image.tests[0].run",
]  # fmt: skip


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_required_key_is_named(path):
    (steps,) = (steps for steps in positions(CASES[0][1]) if spelled(steps) == path)
    error = refused(edited(CASES[0][1], steps, lambda parent, key: parent.pop(key)))
    assert str(steps[-1]) in error.remedy
    assert "missing" in error.why


def test_the_two_examples_use_every_field():
    used = set()

    def walk(value):
        if isinstance(value, msgspec.Struct):
            for field in msgspec.structs.fields(value):
                inner = getattr(value, field.name)
                if field.required or inner != field.default:
                    used.add((type(value).__name__, field.name))
                walk(inner)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ():
            walk(item)

    for data in (FULL, REST):
        walk(read_spec(data, where="x").spec)
    every = {
        (struct.__name__, name)
        for struct in vars(specs).values()
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and not struct.__name__.startswith("_")
        for name in struct.__struct_fields__
    }
    at_their_default = {
        ("PipDependencies", "file"), ("GoDependencies", "file"), ("NpmDependencies", "scripts"), ("Debian", "origin"),
        ("StepLimits", "seconds"), ("StepLimits", "memory_mib"), ("Layers", "budget"), ("Layers", "compression"),
        ("Rebuild", "on_difference"),
    }  # fmt: skip
    assert every - used == at_their_default


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"{commit-of: app}", b"{commit-of: speed}", r"epoch.commit-of\).*no git source 'speed'"),
        (b"    url: https://example.org/speed-2.1.5.tar.gz\n", b"", r"sources.speed\).*neither `url` nor `path`"),
        (b"speed-2.1.5.tar.gz\n", b"speed-2.1.5.tar.gz\n    path: x\n", "both `url` and `path`"),
        (b"c: {debian: bookworm", b"c: {debian: trixie", r"toolchains.c.debian\).*no Debian archive 'trixie'. known: bookworm"),
        (b"  debian: bookworm\n  packages", b"  packages", r"image.packages\).*no archive"),
        (b"  debian: bookworm\n  packages", b"  debian: sid\n  packages", r"image.debian\)"),
        (b"{type: pip, source: app", b"{type: pip, source: ape", r"dependencies.py.source\)"),
        (b"toolchain: c\n", b"toolchain: d\n", r"steps\[0\].toolchain\)"),
        (b"[sources.speed]", b"[sources.sped]", r"steps\[0\].inputs\[0\]\).*known: app, speed"),
        (b"[sources.speed]", b"[steps.speed-wheel.wheel]", "no earlier step's output"),
        (b"[sources.speed]", b"[elsewhere]", "names nothing"),
        (b"    toolchain: c\n", b"    toolchain: c\n    env: {PATH: /x}\n", r"steps\[0\].env.PATH\).*fixed value"),
        (b"from: steps.speed-wheel.wheel", b"from: steps.speed-wheel.wool", r"install\[1\].from\)"),
        (b"from: dependencies.web,", b"from: dependencies.net,", r"install\[2\].from\)"),
        (b"{from: sources.app,", b"{from: sources.app, as: wheel,", r"install\[3\].as\)"),
        (b"run-as: app", b"run-as: ape", r"run-as\).*no user 'ape'"),
        (b"run-as: app", b"run-as: app:data", "no group 'data'"),
        (b"home: /home/app}", b"home: /home/app}, {name: app, uid: 5}", r"users\[1\].name\).*there already"),
        (b"home: /home/app}", b"home: /home/app}, {name: b, uid: 65532}", r"users\[1\].uid\)"),
        (b"uid: 65532", b"uid: 0", r"users\[0\].uid\)"),
        (b"tzdata]\n  strip", b"tzdata, netbase]\n  strip", r"image.packages\[5\]\).*'netbase' is there already"),
        (b"keys: keys/debian.gpg", b"keys: keys/debian.gpg, mirrors: {sid: 'https://x/'}", "no suite 'sid'"),
        (b"keys/release.asc", b"../release.asc", "signed-by"),
        (b"to: /app/lib}", b"to: /app/../lib}", r"install\[0\].to"),
        (b"to: /app/lib}", b"to: app/lib}", r"install\[0\].to"),
        (b"https://example.org/shop", b"https://user:pass@example.org/shop", "sources.app.url"),
        (b"home: /home/app", b"home: '/home/app:/bin/sh'", r"users\[0\].home"),
        (b"budget: 5", b"budget: 0", "0 is out of bounds"),
        (b"budget: 5", b"budget: 0x5", "no whole number"),
        (b"budget: 5", b"budget: " + b"9" * 40, "no whole number"),
        (b"version: 1.4.2", b"version: ", "found nothing"),
        (b"outputs: {wheel: \"*.whl\"}", b"outputs: {}", "0 entries, at least 1"),
        (b"kind: Image", b"kind: Picture", "write one of Image"),
        (b"[linux/amd64]", b"[linux/amd64, linux/aarch64]", r"s.yaml:\d+:\d+ \(?platforms\[1\]\)?.*did you mean linux/arm64"),
        (b"[linux/amd64]", b"[linux/armhf]", "did you mean linux/arm/v7"),
        (b"[linux/amd64]", b"[linux/riscv46]", "did you mean linux/riscv64"),
        (b"[linux/amd64]", b"[linux/zzz]", "choose among 386, amd64"),
        (b"path: src, to: /app}", b"path: src, to: /app, platforms: [linux/aarch64]}", r"install\[3\].platforms\[0\]"),
        (b"  layers:", b"  annotations: {org.opencontainers.image.licence: MIT}\n  layers:", "mean org.opencontainers.image.licenses"),
        (b"  layers:", b"  annotations: {org.opencontainers.zzz: x}\n  layers:", "a name under your own domain"),
        (b"  layers:", b"  annotations: {org.opencontainers.image.created: x}\n  layers:", "set `epoch`"),
        (b"  layers:", b"  annotations: {org.opencontainers.image.ref.name: x}\n  layers:", "give it to --output"),
        (b"  layers:", b"  annotations: {a b: x}\n  layers:", "under your own domain, turned round"),
        (b"  layers:", b"  annotations: {a: [x]}\n  layers:", "expected a text"),
        (b"v1\n", b"v2\n", "apiVersion.*write one of assay.build/v1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named(old, new, says):
    assert old in FULL
    with pytest.raises(MalformedError, match=says):
        read_spec(FULL.replace(old, new, 1), where="s.yaml")


def test_the_schema_accepts_both_examples_and_refuses_unknown_keys():
    schema = spec_schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for data in (FULL, REST):
        document = yaml.safe_load(data)
        assert list(validator.iter_errors(document)) == []
        assert list(validator.iter_errors(document | {"network": True}))


def test_the_digest_knows_the_meaning_and_not_the_layout():
    first = read_spec(FULL, where="a").spec
    other = read_spec(json.dumps(CASES[0][1]).encode(), where="b").spec
    assert canonical(first) == canonical(other)
    written = FULL.replace(b"uid: 65532", b"uid: 65532, shell: /usr/sbin/nologin")
    assert spec_digest(read_spec(written, where="c").spec) == spec_digest(first)
    assert spec_digest(read_spec(FULL.replace(b"65532", b"65533"), where="d").spec) != spec_digest(first)


def test_a_spec_without_annotations_keeps_its_digest():
    without = read_spec(FULL, where="a").spec
    assert b"annotations" not in canonical(without)
    assert spec_digest(read_spec(FULL.replace(b"  layers:", b"  annotations: {}\n  layers:"), where="b").spec) == (
        spec_digest(without)
    )
    more = FULL.replace(b"  layers:", b"  annotations: {x.y: 3.10}\n  layers:")
    assert read_spec(more, where="c").spec.image.annotations == {"x.y": "3.10"}


def test_canonical_form_is_read_again_as_the_same_spec():
    for data in (FULL, REST):
        spec = read_spec(data, where="a").spec
        assert read_spec(canonical(spec), where="b").spec == spec


@given(
    st.recursive(
        st.text("ab-./0", max_size=4),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["apiVersion", "kind", "metadata", "epoch", "image", "steps", "sources", "name", "type", "a"]
                ),
                x,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_tree_is_refused_with_a_place(value):
    with pytest.raises(MalformedError) as caught:
        read_spec(json.dumps(value).encode(), where="s.yaml")
    assert caught.value.where.startswith("s.yaml:1:")


def test_the_published_schema_is_that_of_the_structs():
    published = Path(__file__).parents[2] / "docs" / "reference" / "build.schema.json"
    assert json.loads(published.read_bytes()) == json.loads(json.dumps(spec_schema.schema())), "run `make docs`"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("config: {ports: [65536]}", "a number from 1 to 65535"),
        ("config: {ports: [65536/tcp]}", "One port from 1 to 65535"),
        ("config: {ports: [80-90]}", "One port from 1 to 65535"),
        ("packages: [libc6=2.36]", "its version stands in the lock"),
        ("install: [{from: app, to: /}]", "sources.X, dependencies.X and steps.X.OUTPUT"),
        ("install: [{from: sources.app, to: /}]", "there is no source 'app'"),
        ("install: [{from: dependencies.py, to: /}]", "there is no dependencies called 'py'"),
        ("config: {working-dir: app}", "An absolute path"),
    ],
)
def test_a_remedy_says_what_fits(line, says):
    head = "apiVersion: assay.build/v1\nkind: Image\nmetadata: {name: t, version: '1'}\nepoch: 0\nimage:\n  "
    with pytest.raises(MalformedError, match=r"assay\.yaml:6:") as caught:
        read_spec((head + line + "\n").encode(), where="assay.yaml")
    assert says in caught.value.line()


def test_the_last_port_is_one():
    text = b"apiVersion: assay.build/v1\nkind: Image\nmetadata: {name: t, version: '1'}\nepoch: 0\n"
    spec = read_spec(text + b"image: {config: {ports: [1, 65535, 65535/udp]}}\n", where="assay.yaml").spec
    assert spec.image.config.ports == (1, 65535, "65535/udp")
