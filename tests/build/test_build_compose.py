"""One tree from many owners: one owner an entry, disagreement refused, order and times tell nothing."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build.compose import PARENTS, compose
from assay.build.layering import plan
from assay.build.spec import Layers
from assay.formats import tarwrite
from assay.model.errors import MalformedError
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

A, B, APP = Owner("package", "a"), Owner("package", "b"), Owner("source", "app")
EPOCH = 1000


def file(path, owner=A, content="x", **facts):
    return OwnedEntry(TreeEntry(path=path, size=len(content), **facts), owner, Span(0, len(content), content))


def folder(path, owner=A, **facts):
    return OwnedEntry(TreeEntry(path=path, kind="directory", **({"mode": 0o755} | facts)), owner)


def link(path, target, owner=A, kind="hardlink"):
    return OwnedEntry(TreeEntry(path=path, kind=kind, link=target), owner)


def paths(tree):
    return [item.entry.path for item in tree]


def test_folders_nobody_brought_are_made_up_and_owned_by_a_rule():
    tree = compose([file(b"usr/bin/x")], epoch=EPOCH)
    assert paths(tree) == [b"usr", b"usr/bin", b"usr/bin/x"]
    assert [item.owner for item in tree] == [PARENTS, PARENTS, A]
    assert {item.entry.mode for item in tree[:2]} == {0o755}


def test_times_are_at_most_the_epoch_and_folders_have_it():
    tree = compose(
        [folder(b"d", mtime=5), file(b"d/old", mtime=5), file(b"d/new", mtime=5000), file(b"d/odd", mtime=-3)],
        epoch=EPOCH,
    )
    assert [item.entry.mtime for item in tree] == [EPOCH, EPOCH, 0, 5]


def test_a_package_that_leaves_changes_no_folder_of_another():
    both = compose([folder(b"usr", A, mtime=1), folder(b"usr", B, mtime=2), file(b"usr/a", A)], epoch=EPOCH)
    one = compose([folder(b"usr", A, mtime=1), file(b"usr/a", A)], epoch=EPOCH)
    assert both == one


def test_the_root_is_the_runtimes():
    assert compose([folder(b"")], epoch=EPOCH) == ()


def test_the_very_same_file_of_two_owners_is_one():
    tree = compose([file(b"f", B, mtime=2), file(b"f", A, mtime=1)], epoch=EPOCH)
    assert [(item.owner, item.entry.mtime) for item in tree] == [(A, 1)]


@pytest.mark.parametrize(
    "other",
    [
        file(b"f", B, content="y"),
        file(b"f", B, mode=0o600),
        file(b"f", B, uid=1),
        folder(b"f", B),
        link(b"f", b"g", B, "symlink"),
    ],
)
def test_owners_that_disagree_are_refused_by_name(other):
    with pytest.raises(MalformedError, match=r"/f\): package a has a file .*, package b") as caught:
        compose([file(b"f"), other], epoch=EPOCH)
    assert caught.value.exit_code == 65


def test_folders_that_disagree_are_refused():
    with pytest.raises(MalformedError, match="2775"):
        compose([folder(b"var/local", A, mode=0o2775), folder(b"var/local", B)], epoch=EPOCH)


@pytest.mark.parametrize("way", [file(b"a/b"), link(b"a/b", b"/etc", kind="symlink")])
def test_a_path_through_a_file_or_link_is_refused(way):
    with pytest.raises(MalformedError, match=r"no folder \(/a/b\)"):
        compose([way, file(b"a/b/c")], epoch=EPOCH)


def test_the_first_path_of_a_linked_file_is_the_file():
    tree = compose([file(b"z", mode=0o755), link(b"m", b"z"), link(b"a", b"z")], epoch=EPOCH)
    assert [(i.entry.path, i.entry.kind, i.entry.link, i.entry.mode) for i in tree] == [
        (b"a", "file", b"", 0o755), (b"m", "hardlink", b"a", 0o755), (b"z", "hardlink", b"a", 0o755),
    ]  # fmt: skip
    assert [item.span is not None for item in tree] == [True, False, False]


def test_a_link_across_owners_becomes_a_file():
    tree = compose([file(b"a", A), link(b"b", b"a", B), link(b"c", b"a", B)], epoch=EPOCH)
    assert [(i.entry.path, i.entry.kind, i.entry.link) for i in tree] == [
        (b"a", "file", b""), (b"b", "file", b""), (b"c", "hardlink", b"b"),
    ]  # fmt: skip
    assert tree[1].span == tree[0].span


@pytest.mark.parametrize("target", [b"gone", b"d"])
def test_a_link_to_nothing_is_refused(target):
    with pytest.raises(MalformedError, match="hard link to nothing"):
        compose([folder(b"d"), link(b"a", target)], epoch=EPOCH)


names = st.sampled_from([b"a", b"a-b", b"a/x", b"a/y/z", b"b", b"c/d", b"e"])


@given(st.lists(st.tuples(names, st.sampled_from([A, B, APP]), st.integers(0, 2000)), max_size=8), st.randoms())
def test_order_does_not_show_and_every_layer_can_be_written(items, chance):
    unique = {(path, owner): file(path, owner, mtime=time) for path, owner, time in items if path != b"a"}
    shuffled = list(unique.values())
    chance.shuffle(shuffled)
    tree = compose(unique.values(), epoch=EPOCH)
    assert tree == compose(shuffled, epoch=EPOCH)
    for budget in (1, 2, 5):
        layers = plan(tree, Layers(budget=budget))
        assert len(layers) <= budget
        for layer in layers:
            content = ((item.entry, [b"x" * item.entry.size]) for item in layer.entries)
            assert b"".join(tarwrite.write(content))
        owned = [item for layer in layers for item in layer.entries if item.entry.kind != "directory"]
        assert sorted(paths(owned)) == [item.entry.path for item in tree if item.entry.kind != "directory"]


def layered(entries, **wanted):
    return [(layer.name, paths(layer.entries)) for layer in plan(compose(entries, epoch=EPOCH), Layers(**wanted))]


ENTRIES = [
    file(b"usr/lib/a", A, "x" * 50), file(b"usr/lib/b", B, "x" * 50), file(b"app/main", APP), folder(b"srv", APP),
    file(b"app/lib/dep", Owner("dependency", "py"), "xx"), file(b"app/lib/step", Owner("step", "w.wheel"), "xxx"),
    file(b"etc/passwd", Owner("rule", "accounts")),
]  # fmt: skip


def test_layers_by_origin_from_what_changes_least():
    assert layered(ENTRIES) == [
        ("packages", [b"usr", b"usr/lib", b"usr/lib/a", b"usr/lib/b"]),
        ("dependency py", [b"app", b"app/lib", b"app/lib/dep"]),
        ("step w.wheel", [b"app", b"app/lib", b"app/lib/step"]),
        ("source app", [b"app", b"app/main", b"srv"]),
        ("rules", [b"etc", b"etc/passwd"]),
    ]


def test_over_the_budget_the_smallest_neighbours_join():
    assert [name for name, _ in layered(ENTRIES, budget=3)] == [
        "packages",
        "dependency py, step w.wheel",
        "source app, rules",
    ]
    assert [name for name, _ in layered(ENTRIES, budget=1)] == [
        "packages, dependency py, step w.wheel, source app, rules"
    ]


def test_a_single_layer():
    ((name, found),) = layered(ENTRIES, by="single")
    assert name == "everything"
    assert found == paths(compose(ENTRIES, epoch=EPOCH))


def test_folders_alone_are_a_layer():
    assert layered([folder(b"a/b", Owner("rule", "accounts"))]) == [("rules", [b"a", b"a/b"])]
    assert layered([]) == []


def test_a_change_in_one_origin_leaves_the_others_layers():
    before, after = (
        {layer.name: layer.entries for layer in plan(compose(entries, epoch=EPOCH), Layers())}
        for entries in (ENTRIES, [*ENTRIES, file(b"app/new", APP)])
    )
    assert {name for name in before if before[name] != after[name]} == {"source app"}


def test_many_entries_in_random_order_give_one_tree():
    entries = [file(b"d%d/f%d" % (number % 7, number), A if number % 2 else B) for number in range(300)]
    want = compose(entries, epoch=EPOCH)
    random.Random(4).shuffle(entries)
    assert compose(entries, epoch=EPOCH) == want
    assert msgspec.structs.astuple(want[0].entry)
