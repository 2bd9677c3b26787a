"""What changed: each kind of change once, ordered by the ecosystem, and nothing between equals."""

import msgspec
import pytest
from hypothesis import given, settings

from assay.dependencies.diff import compare
from assay.dependencies.diff_findings import with_findings
from assay.formats import cyclonedx
from assay.formats import difference as difference_format
from assay.model.difference import Difference, Fact, Setting
from assay.model.digest import Digest
from assay.model.finding import Finding, Suppression
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Distro, Inventory, Licence
from inventories import TIME, TOOL, full, inventories


def package(purl: str, name: str, version: str, *, licence: str = "MIT", **more: object) -> Component:
    kind = purl[4:].partition("/")[0]
    return Component(
        key=more.pop("key", purl), purl=purl, ecosystem=kind, name=name, version=version,  # type: ignore[arg-type]
        licence=Licence(expression=licence), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def deb(name: str, version: str, **more: object) -> Component:
    return package(f"pkg:deb/debian/{name}@{version}?arch=amd64", name, version, **more)  # type: ignore[arg-type]


def stock(*components: Component, **more: object) -> Inventory:
    return Inventory(subject=Subject(name="x"), components=components, **more)  # type: ignore[arg-type]


def kinds(difference: Difference) -> list[tuple[str, str, str, str]]:
    return [(c.kind, c.name, c.old, c.new) for c in difference.packages]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("1.9-1", "1.10-1", "upgraded"),
        ("1:1.0", "2.0", "downgraded"),
        ("1.0~rc1", "1.0", "upgraded"),
    ],
)
def test_versions_are_ordered_as_the_ecosystem_orders_them(old: str, new: str, kind: str) -> None:
    assert kinds(compare(stock(deb("a", old)), stock(deb("a", new)))) == [(kind, "a", old, new)]


def test_versions_nobody_can_order_are_changed() -> None:
    old, new = package("pkg:npm/a@x", "a", "x"), package("pkg:npm/a@y", "a", "y")
    assert kinds(compare(stock(old), stock(new))) == [("changed", "a", "x", "y")]


def test_added_removed_and_several_versions_of_one_name() -> None:
    old = [package(f"pkg:npm/a@{v}", "a", v) for v in ("1.0.0", "2.0.0", "3.0.0")]
    new = [package(f"pkg:npm/a@{v}", "a", v) for v in ("1.0.1", "3.0.0", "2.0.1")]
    assert kinds(compare(stock(*old), stock(*new))) == [
        ("upgraded", "a", "1.0.0", "1.0.1"), ("upgraded", "a", "2.0.0", "2.0.1"),
    ]  # fmt: skip
    assert kinds(compare(stock(*old), stock(new[0]))) == [
        ("added", "a", "", "1.0.1"), ("removed", "a", "1.0.0", ""), ("removed", "a", "2.0.0", ""),
        ("removed", "a", "3.0.0", ""),
    ]  # fmt: skip


def test_another_release_of_the_distribution_is_a_changed_version_not_another_package() -> None:
    new = package("pkg:deb/ubuntu/a@2?arch=arm64", "a", "2")
    assert kinds(compare(stock(deb("a", "1")), stock(new))) == [("upgraded", "a", "1", "2")]


def test_names_are_compared_in_one_spelling() -> None:
    old, new = package("pkg:pypi/jinja2@3.1", "Jinja2", "3.1"), package("pkg:pypi/Jinja2@3.1", "jinja2", "3.1")
    assert compare(stock(old), stock(new)).empty


def test_removed_and_owned_packages_do_not_count() -> None:
    hidden, owned = deb("a", "1", removed_by=1), deb("b", "1", owner="c")
    assert compare(stock(hidden, owned), stock()).packages == ()


def test_licences_content_and_layers_of_what_stayed() -> None:
    old = deb("a", "1", hashes=("sha256:aa", "sha512:cc"), introduced=0)
    new = deb("a", "1", hashes=("sha256:bb", "md5:cc"), introduced=1, licence="GPL-2.0-only")
    found = compare(stock(old), stock(new))
    fact = Fact(ecosystem="deb", name="a", version="1", old="", new="")
    assert found.packages == ()
    assert found.licences == (msgspec.structs.replace(fact, old="MIT", new="GPL-2.0-only"),)
    assert found.content == (msgspec.structs.replace(fact, old="sha256:aa", new="sha256:bb"),)
    assert found.moved == (msgspec.structs.replace(fact, old="0", new="1"),)


def layer(index: int, content: str, by: str = "") -> Layer:
    return Layer(index=index, diff_id=Digest("sha256", content * 64), created_by=by)


def test_a_layer_pushed_up_by_a_new_one_below_moves_nothing() -> None:
    old = stock(deb("a", "1", introduced=1), layers=(layer(0, "0", "base"), layer(1, "1", "RUN a")))
    new = stock(
        deb("a", "1", introduced=2), layers=(layer(0, "0", "base"), layer(1, "3", "RUN b"), layer(2, "2", "RUN a"))
    )
    found = compare(old, new)
    assert found.moved == ()
    assert found.shared_layers == 1
    assert [(c.kind, c.index, c.created_by) for c in found.layers] == [
        ("removed", 1, "RUN a"), ("added", 1, "RUN b"), ("added", 2, "RUN a"),
    ]  # fmt: skip


def test_distribution_and_config() -> None:
    old = stock(distro=Distro(id="debian", version_id="12", name="D"), properties=(("config.user", "0"), ("l", "1")))
    new = stock(distro=Distro(id="debian", version_id="13"), properties=(("config.user", "9"),))
    found = compare(old, new)
    assert found.distro == (Setting(name="distro.version_id", old="12", new="13"),)
    assert found.config == (Setting(name="config.user", old="0", new="9"), Setting(name="l", old="1", new=None))
    assert compare(old, stock(distro=old.distro)).config == ()  # an SBOM says nothing about a config


def finding(identifier: str, component: Component, **more: object) -> Finding:
    return Finding(
        id=identifier, component=component.key, purl=component.purl, name=component.name, version=component.version,
        advisory=identifier, feed="f", matched_name="", matched_version="", matched_range="", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_findings_come_and_go_with_their_reason() -> None:
    a1, a2, b, c = deb("a", "1"), deb("a", "2"), deb("b", "1"), deb("c", "1")
    old, new = stock(a1, b), stock(a2, b, c)
    vex = Suppression(by="x", status="not_affected")
    before = [finding("CVE-1", a1), finding("CVE-2", b), finding("CVE-3", b, status="undetermined")]
    after = [
        finding("CVE-4", a2, severity="high"), finding("CVE-2", b, suppressed=vex), finding("CVE-3", b),
        finding("CVE-5", c, severity="critical"), finding("CVE-6", c, status="not_affected"),
    ]  # fmt: skip
    found = with_findings(compare(old, new), (old, before), (new, after))
    assert [(f.id, f.because) for f in found.introduced] == [
        ("CVE-5", "package added"), ("CVE-4", "version"), ("CVE-3", "evidence"),
    ]  # fmt: skip
    assert [(f.id, f.because) for f in found.fixed] == [("CVE-1", "version"), ("CVE-2", "evidence")]
    assert with_findings(compare(old, stock()), (old, before), (stock(), [])).fixed[0].because == "package removed"


@settings(max_examples=60, deadline=None)
@given(inventories())
def test_equals_differ_in_nothing(inventory: Inventory) -> None:
    found = compare(inventory, inventory)
    assert found.empty
    assert found.moved == found.packages == ()


@settings(max_examples=60, deadline=None)
@given(inventories(), inventories())
def test_turned_round_what_was_added_was_removed(a: Inventory, b: Inventory) -> None:
    turned = {"added": "removed", "removed": "added", "upgraded": "downgraded", "downgraded": "upgraded"}
    there, back = compare(a, b), compare(b, a)
    assert sorted((turned.get(c.kind, c.kind), c.ecosystem, c.new, c.old) for c in there.packages) == sorted(
        (c.kind, c.ecosystem, c.old, c.new) for c in back.packages
    )
    assert difference_format.write(there) == difference_format.write(compare(a, b))


def test_an_image_and_its_sbom_do_not_differ() -> None:
    again = cyclonedx.read(cyclonedx.write(full(), tool=TOOL, timestamp=TIME), "x")
    assert compare(full(), again).empty
