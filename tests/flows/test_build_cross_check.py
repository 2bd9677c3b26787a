"""The builder's own account of an image against a scan of it."""

from assay.flows.build_evidence import cross_check
from assay.model.inventory import Component, Licence, Occurrence
from assay.model.tree import OwnedEntry, Owner, TreeEntry


def component(ecosystem, name, version="1", path="", owner=""):
    purl = f"pkg:{ecosystem}/{name}@{version}"
    places = (Occurrence(path, None, "package-metadata"),) if path else ()
    return Component(
        key=purl, purl=purl, ecosystem=ecosystem, name=name, version=version, licence=Licence(reason="x"),
        cataloguer="x", occurrences=places, owner=owner,
    )  # fmt: skip


def laid(path, kind, name):
    return OwnedEntry(TreeEntry(path=path.encode()), Owner(kind, name))


TREE = (laid("usr/bin/app", "step", "compile.program"), laid("app/x.jar", "source", "app"))


def test_what_both_see_needs_no_word():
    own = [component("deb", "libc6"), component("pypi", "zope-interface")]
    found = cross_check(own, [component("deb", "libc6"), component("pypi", "Zope.Interface")], TREE)
    assert (found.unseen_by_scan, found.explained, found.unexpected) == ((), (), ())


def test_what_only_the_builder_knows_is_listed():
    found = cross_check([component("generic", "source-app")], [], TREE)
    assert found.unseen_by_scan == ("generic source-app 1",)
    assert [name for name, why in found.reasons if why] == ["generic source-app 1"]


def test_what_a_step_or_a_source_brought_is_explained():
    scanned = [component("golang", "m", path="usr/bin/app"), component("maven", "j", path="app/x.jar!/META-INF/j")]
    found = cross_check([], scanned, TREE)
    assert found.explained == (("golang m 1", "step compile.program"), ("maven j 1", "source app"))
    assert dict(found.reasons)["maven j 1"] == "it came with that source"
    assert "the lock does not name it" in dict(found.reasons)["golang m 1"]
    assert found.unexpected == ()


def test_what_nobody_laid_is_unexpected():
    scanned = [component("npm", "evil", path="usr/lib/evil/package.json"), component("npm", "nowhere")]
    assert cross_check([], scanned, TREE).unexpected == ("npm evil 1", "npm nowhere 1")


def test_what_belongs_to_a_package_is_that_packages_business():
    assert cross_check([], [component("pypi", "x", path="usr/x", owner="pkg:deb/x@1")], TREE).unexpected == ()


def test_another_version_than_was_laid_is_not_the_same():
    found = cross_check([component("deb", "a", "1")], [component("deb", "a", "2", path="var/x")], TREE)
    assert (found.unseen_by_scan, found.unexpected) == (("deb a 1",), ("deb a 2",))
