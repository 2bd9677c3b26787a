"""Ground truth: what the Swift package manager resolves, pins and draws as a tree; local repositories stand for remote ones.

Wanted: `swift-package` on the path (Debian 13: `swiftlang`) and `git`; no repository is asked over the network.
"""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from assay.dependencies.catalogers import swift_resolved
from assay.dependencies.locks import swift_versions
from assay.dependencies.versions import SCHEMES
from interop.test_truth_managers import found, needs, say
from interop.test_truth_managers_further import tree, write

pytestmark = pytest.mark.interop
MANIFEST = """// swift-tools-version:5.9
import PackageDescription
let package = Package(name: "{name}", products: [.library(name: "{name}", targets: ["{name}"])],
  dependencies: [{depends}],
  targets: [.target(name: "{name}", dependencies: [{products}])])
"""
HOST = "https://packages.invalid/acme"


def package(root: Path, name: str, depends: dict[str, str]) -> None:
    """A library, and what it depends on: the requirement of each, as a manifest writes it."""
    wanted = ", ".join(f'.package(url: "{HOST}/{other}.git", {rule})' for other, rule in depends.items())
    products = ", ".join(f'.product(name: "{other}", package: "{other}")' for other in depends)
    write(root, {
        "Package.swift": MANIFEST.format(name=name, depends=wanted, products=products),
        f"Sources/{name}/all.swift": "public let here = 1\n",
    })  # fmt: skip


class World:
    """Repositories in a folder that git takes for those of a host, and the manager's answers about them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own = {
            "HOME": str(root), "GIT_CONFIG_GLOBAL": str(root / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        write(root, {"gitconfig": (
            f'[url "file://{root}/remote/"]\n\tinsteadOf = {HOST}/\n[user]\n\temail = a@example.org\n\tname = a\n'
            '[safe]\n\tdirectory = *\n[protocol "file"]\n\tallow = always\n'
        )})  # fmt: skip

    def publish(self, name: str, tags: dict[str, dict[str, str]]) -> None:
        """A repository whose tags are releases, each with its own dependencies."""
        place = self.root / f"remote/{name}.git"
        place.mkdir(parents=True)
        say("git", "init", "-q", "-b", "main", ".", where=place, **self.own)
        for tag, depends in tags.items():
            package(place, name, depends)
            say("git", "add", ".", where=place, **self.own)
            say("git", "commit", "-q", "--allow-empty", "-m", tag, where=place, **self.own)
            say("git", "tag", tag, where=place, **self.own)

    def swift(self, *words: str) -> str:
        return say("swift-package", "--disable-sandbox", *words, where=self.root / "app", **self.own)


def drawn(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((node["identity"], other["identity"]) for other in node["dependencies"])
    yield from chain.from_iterable(drawn(other) for other in node["dependencies"])


@needs("git")
@needs("swift-package")
def test_a_resolved_file_agrees_with_swift(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.publish("third", {"0.9.0": {}, "0.9.4": {}, "0.10.0": {}})
    world.publish("second", {"v1.0.0": {}, "v1.4.2": {"third": '.upToNextMinor(from: "0.9.1")'}, "v2.0.0-beta.1": {}})
    world.publish("first", {"1.2.3": {"second": 'from: "1.0.0"'}, "1.3.0": {"second": 'from: "1.0.0"'}})
    world.publish("branched", {"0.0.1": {}})
    package(tmp_path / "app", "app", {"first": '"1.2.0"..<"1.3.0"', "branched": 'branch: "main"'})
    world.swift("resolve")
    told = json.loads(world.swift("show-dependencies", "--format", "json"))
    assert set(drawn(told)) == {("app", "first"), ("first", "second"), ("second", "third"), ("app", "branched")}
    pins = json.loads((tmp_path / "app/Package.resolved").read_text())["pins"]
    truth = {(pin["identity"], pin["state"].get("version", "")) for pin in pins}
    assert truth == {("first", "1.2.3"), ("second", "1.4.2"), ("third", "0.9.4"), ("branched", "")}
    said = found(swift_resolved.CATALOGUER, [tmp_path / "app"], installed=False)
    assert said == {(f"packages.invalid/acme/{name}", version) for name, version in truth}
    (state,) = tree(tmp_path / "app").locks
    assert (state.manifest, state.with_manifest, state.hashed) == ("Package.swift", "yes", "all")
    package(tmp_path / "app", "app", {"first": '.upToNextMinor(from: "1.3.0")', "branched": 'branch: "main"'})
    assert [state.with_manifest for state in tree(tmp_path / "app").locks] == ["no"]


TAGS = (
    "0.9.0", "1.0.0-alpha", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1", "1.1.0-rc.1", "1.1.0", "1.9.9", "2.0.0-alpha",
    "2.0.0-beta", "2.0.0", "2.0.1-dev", "2.1.0", "3.0.0-pre", "10.0.0",
)  # fmt: skip
RULES = {
    'from: "1.0.0"': "^1.0.0",
    'from: "1.0.0-beta.2"': "^1.0.0-beta.2",
    'from: "0.9.0"': "^0.9.0",
    'from: "2.0.0-alpha"': "^2.0.0-alpha",
    '.upToNextMinor(from: "1.0.0")': "~1.0.0",
    '.upToNextMinor(from: "1.0.0-alpha")': "~1.0.0-alpha",
    '.upToNextMinor(from: "2.0.0")': "~2.0.0",
    'exact: "1.1.0-rc.1"': "=1.1.0-rc.1",
    'exact: "1.0.0"': "=1.0.0",
    '"1.0.0"..<"2.0.0"': "1.0.0..<2.0.0",
    '"1.0.0"..<"2.0.0-beta"': "1.0.0..<2.0.0-beta",
    '"1.0.0"..."2.0.0"': "1.0.0...2.0.0",
    '"1.0.0-alpha"..."2.0.0-beta"': "1.0.0-alpha...2.0.0-beta",
    '"0.9.0"..."2.0.0-alpha"': "0.9.0...2.0.0-alpha",
    '"1.0.0-alpha"..."1.0.0"': "1.0.0-alpha...1.0.0",
    '"1.0.0-alpha"..<"1.0.0"': "1.0.0-alpha..<1.0.0",
    '"2.0.1-dev"..<"3.0.0"': "2.0.1-dev..<3.0.0",
    '"1.2.0"..."1.9.0"': "1.2.0...1.9.0",
}


@needs("git")
@needs("swift-package")
def test_requirements_take_what_swift_takes(tmp_path: Path) -> None:
    """One repository for each requirement, all with the same tags: the manager takes the highest that is allowed.

    A requirement that nothing satisfies would fail the whole; we say ourselves which these are, and they are asked alone.
    """
    highest: dict[str, str] = {}
    for rule, ours in RULES.items():
        for tag in TAGS:
            best = highest.get(rule)
            if swift_versions.allows(ours, tag) and (best is None or SCHEMES["semver"].compare(tag, best) == 1):
                highest[rule] = tag
    impossible = set(RULES) - set(highest)
    assert impossible == {'"1.2.0"..."1.9.0"', '"1.0.0-alpha"..<"1.0.0"'}
    world = World(tmp_path)
    names = {rule: f"p{index}" for index, rule in enumerate(RULES)}
    for name in names.values():
        world.publish(name, {tag: {} for tag in TAGS})
    package(tmp_path / "app", "app", {names[rule]: rule for rule in highest})
    world.swift("resolve")
    pins = json.loads((tmp_path / "app/Package.resolved").read_text())["pins"]
    told = {pin["identity"]: pin["state"]["version"] for pin in pins}
    assert {rule: told[names[rule]] for rule in highest} == highest
    lock = {state.with_manifest for state in tree(tmp_path / "app").locks}
    assert lock == {"yes"}
    for rule in impossible:
        package(tmp_path / "app", "app", {names[rule]: rule})
        (tmp_path / "app/Package.resolved").unlink(missing_ok=True)
        with pytest.raises(pytest.skip.Exception, match="no versions"):
            world.swift("resolve")
